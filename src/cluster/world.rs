//! The world: every table, and the changes that keep several of them in step.

use super::addresses;
use super::node::{QUARANTINED, UPGRADE_STATUS};
use super::{
    AddressHolder, Budget, BudgetId, Claims, Ctx, Drain, Event, Fact, FaultState, InternalFrontEnd, Node, NodeFailure,
    NodeId, NodePhase, Operation, OperationId, Outbound, Pod, PodAddress, PodClaims, PodDraws, PodId, PodPhase,
    PodRange, PodSteps, PodTimes, Pool, PoolHistory, PoolId, PowerState, ProvisioningState, Refusal, Spans, Subnet,
    SubnetId, Templates, Workload, WorkloadId,
};
use crate::catalog::{DISK_ZONE, KubernetesVersion};
use crate::kernel::{Id, SimTime, Streams, Table};
use crate::scenario::plan::{
    self, ClusterPlan, Controller, FrontEnd, NetworkModel, OperationKind, Plan, PodTemplate, PoolPlan, ScaleDownMode,
    ServicePlan, Taint, WorkloadPlan, generated_suffix, template_hash,
};
use crate::units::{Bytes, CoreSeconds, MilliCpu};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that exists in one replication.
#[derive(Debug)]
pub struct World {
    /// What was asked for.
    pub plan: Arc<Plan>,
    /// The simulation clock.
    pub clock: SimTime,
    /// The random streams of this replication.
    pub streams: Streams,
    /// What the last operation on the cluster itself left it in: `Succeeded`, `Canceled` or `Failed`.
    pub state: ProvisioningState,
    /// When the cluster's eTag last changed.
    pub etag: SimTime,
    /// Whether the cluster runs.
    pub power: PowerState,
    /// When it was created; time zero for one that exists from the start.
    pub created: SimTime,
    /// When the control plane was deallocated: it is not billed then.
    pub off: Spans,
    /// Version of the control plane.
    pub version: KubernetesVersion,
    /// Node pools, in the plan's order.
    pub pools: Table<PoolId, Pool>,
    /// Instances, gone ones among them.
    pub nodes: Table<NodeId, Node>,
    /// Instances that are not gone, in order of birth.
    pub live_nodes: Vec<NodeId>,
    /// Workloads, in the plan's order.
    pub workloads: Table<WorkloadId, Workload>,
    /// Pods, gone ones among them.
    pub pods: Table<PodId, Pod>,
    /// Disruption budgets, in the plan's order.
    pub budgets: Table<BudgetId, Budget>,
    /// Subnets, in the plan's order.
    pub subnets: Table<SubnetId, Subnet>,
    /// Claims for persistent volumes.
    pub claims: Claims,
    /// What is going wrong.
    pub faults: FaultState,
    /// The last refusal for lack of quota of each pool that ever got one.
    pub quota_refusals: BTreeMap<PoolId, Refusal>,
    /// The network model.
    pub network: NetworkModel,
    /// The pod CIDR and who holds which part of it; `None` where pods take addresses of a subnet.
    pub pod_range: Option<PodRange>,
    /// A former pod CIDR, of which nodes that are not reimaged yet hold blocks.
    pub left_range: Option<PodRange>,
    /// Nodes that ports to the internet are for: those that hold an address.
    pub backends: u32,
    /// Connections to the internet.
    pub outbound: Outbound,
    /// Front ends of internal load balancers, in the order of the plan's Services.
    pub front_ends: Vec<InternalFrontEnd>,
    /// The last drain of each node that was ever drained.
    pub drains: BTreeMap<NodeId, Drain>,
    /// Operations, in the plan's order.
    pub operations: Table<OperationId, Operation>,
    /// CPU of the whole cluster.
    pub cpu: CpuLedger,
    /// What changed since CPU was last shared. When there is anything, a settlement is scheduled for the end of this instant.
    pub cpu_changes: Vec<CpuChange>,
    /// What changed about nodes since the scheduler last looked.
    pub node_changes: Vec<NodeChange>,
}

/// What changed about a node in the eyes of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeChange {
    /// A pod of the workload was bound to it, began to terminate, or is gone.
    Pods(NodeId, WorkloadId),
    /// Its images.
    Images(NodeId),
    /// Anything else: it came or went, became Ready or not, was cordoned or uncordoned.
    Node(NodeId),
}

/// What changed about the demand for CPU or who serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpuChange {
    /// A workload's demand.
    Demand(WorkloadId),
    /// Whether a pod serves.
    Pod(PodId),
    /// What a node can give.
    Node(NodeId),
}

/// CPU demanded and served over the whole cluster.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuLedger {
    /// When the work was last brought up to date.
    pub settled: SimTime,
    /// Demand at the moment.
    pub wanted: MilliCpu,
    /// What of it is served.
    pub served: MilliCpu,
    /// Demand so far.
    pub wanted_work: CoreSeconds,
    /// Work served so far.
    pub served_work: CoreSeconds,
}

impl World {
    /// The world of a plan before anything exists in it but pools, controllers, budgets and subnets.
    #[must_use]
    pub fn new(plan: Arc<Plan>, seed: u64) -> Self {
        let pools = plan.cluster.pools.iter().enumerate().map(|(index, pool)| Pool {
            plan: index,
            changed: None,
            exists: pool.from_start,
            stopped: false,
            autoscaling: pool.autoscaling.filter(|_| pool.from_start),
            target: if pool.from_start { pool.count } else { 0 },
            surge: 0,
            version: pool.version,
            next_instance: 0,
            batches: 0,
            etag: SimTime::ZERO,
            state: ProvisioningState::Succeeded,
            broken: None,
            missing: 0,
            upgrade: None,
            history: PoolHistory::New,
            image_as_of: SimTime::ZERO,
        });
        let workloads = plan.workloads.iter().enumerate().map(|(index, workload)| Workload {
            plan: index,
            replicas: match &workload.controller {
                Controller::Deployment { replicas, .. }
                | Controller::ReplicaSet { replicas }
                | Controller::StatefulSet { replicas, .. } => *replicas,
                Controller::Pod => 1,
                Controller::DaemonSet | Controller::Job(_) | Controller::CronJob { .. } | Controller::Trace { .. } => 0,
            },
            ..Workload::default()
        });
        let planned = plan.operations.iter().cloned().enumerate();
        let operations = planned.map(|(index, request)| Operation::new(request, index.to_string(), None));
        let streams = Streams::new(seed);
        let network = &plan.cluster.network;
        let created_later = plan.operations.iter().any(|operation| operation.kind == OperationKind::CreateCluster);
        Self {
            clock: SimTime::ZERO,
            claims: Claims::of(&plan, &streams),
            streams,
            state: ProvisioningState::Succeeded,
            etag: SimTime::ZERO,
            power: if created_later { PowerState::Absent } else { PowerState::Running },
            created: if created_later { SimTime::after_start(plan.duration) } else { SimTime::ZERO },
            off: Spans::default(),
            version: plan.cluster.version,
            pools: pools.collect(),
            nodes: Table::default(),
            live_nodes: Vec::new(),
            workloads: workloads.collect(),
            pods: Table::default(),
            budgets: (0..plan.budgets.len())
                .map(|index| Budget { plan: index, workloads: covered_by(&plan, index) })
                .collect(),
            subnets: subnets(&plan.cluster),
            faults: FaultState::default(),
            quota_refusals: BTreeMap::new(),
            network: network.model,
            pod_range: network.pod_cidr.map(|cidr| {
                PodRange::new(cidr, (network.model == NetworkModel::Kubenet).then_some(network.routes_per_table))
            }),
            left_range: None,
            backends: 0,
            outbound: Outbound::new(&plan),
            front_ends: front_ends(&plan.services),
            drains: BTreeMap::new(),
            operations: operations.collect(),
            cpu: CpuLedger::default(),
            cpu_changes: Vec::new(),
            node_changes: Vec::new(),
            plan,
        }
    }

    /// The plan of a pool.
    #[must_use]
    pub fn pool_plan(&self, pool: PoolId) -> &PoolPlan {
        let state = &self.pools[pool];
        state.changed.as_deref().unwrap_or(&self.plan.cluster.pools[state.plan])
    }

    /// The plan of a workload.
    #[must_use]
    pub fn workload_plan(&self, workload: WorkloadId) -> &WorkloadPlan {
        &self.plan.workloads[self.workloads[workload].plan]
    }

    /// The template of a pod.
    #[must_use]
    pub fn template(&self, pod: PodId) -> &PodTemplate {
        &self.workload_plan(self.pods[pod].workload).template
    }

    /// The claims of a pod.
    #[must_use]
    pub fn claims(&self, pod: PodId) -> PodClaims<'_> {
        self.claims.view(&self.pods[pod].claims)
    }

    /// True while the cluster autoscaler manages the pool.
    #[must_use]
    pub fn is_autoscaled(&self, pool: PoolId) -> bool {
        let state = &self.pools[pool];
        state.autoscaling.is_some() && !state.stopped && self.is_running()
    }

    /// The instances that count towards the size of the pool, in order of birth.
    pub fn members(&self, pool: PoolId) -> impl Iterator<Item = NodeId> {
        self.live_nodes
            .iter()
            .copied()
            .filter(move |node| self.nodes[*node].pool == pool && self.nodes[*node].is_member())
    }

    /// True when the pool, or a node of it that an upgrade did not get to or could not drain, has an older version than this one.
    ///
    /// Surge nodes that are left over are no concern: the next upgrade takes them away.
    #[must_use]
    pub fn is_behind(&self, pool: PoolId, version: KubernetesVersion) -> bool {
        let is_old = |node: NodeId| !self.nodes[node].surge && self.nodes[node].version < version;
        self.pools[pool].version < version || self.members(pool).any(is_old)
    }

    /// The nodes whose Node object exists, in order of birth.
    pub fn registered_nodes(&self) -> impl Iterator<Item = NodeId> {
        self.live_nodes.iter().copied().filter(|node| self.nodes[*node].is_registered())
    }

    /// True when the pod is controlled by a DaemonSet.
    #[must_use]
    pub fn is_daemon(&self, pod: PodId) -> bool {
        matches!(self.workload_plan(self.pods[pod].workload).controller, Controller::DaemonSet)
    }

    /// Creates a pod of the workload, with its durations drawn from the stream of its name.
    pub fn create_pod(
        &mut self,
        workload: WorkloadId,
        ordinal: u32,
        pinned: Option<NodeId>,
        ctx: &mut Ctx<'_>,
    ) -> PodId {
        let plan = Arc::clone(&self.plan);
        let of = &plan.workloads[self.workloads[workload].plan];
        let birth = self.workloads[workload].births;
        self.workloads[workload].births += 1;
        // A DaemonSet's pod is named after its node: which node was served first must not change its draws.
        // A trace's pod has its own name, whatever other pods there are of its shape.
        let identity = match (pinned, &of.controller) {
            (Some(node), _) => format!("{}/{}/{birth}", of.key(), self.nodes[node].info.name),
            (None, Controller::Trace { pods }) => format!("Trace/{}/{}", of.namespace, pods[ordinal as usize].name),
            (None, _) => format!("{}/{birth}", of.key()),
        };
        let name = pod_name(of, ordinal, &identity);
        let claims = self.claims_of_new_pod(workload, ordinal, &name);
        let pod = self.pods.push(Pod {
            name,
            workload,
            ordinal,
            pinned,
            claims,
            phase: PodPhase::Pending,
            node: None,
            cpu: None,
            times: PodTimes { created: ctx.now, ..PodTimes::default() },
            draws: draw_pod(&plan, of, &self.streams, &identity),
            steps: PodSteps::default(),
            address: PodAddress::None,
            unschedulable: None,
            nominated: None,
            preempted: false,
        });
        self.workloads[workload].pods.push(pod);
        if let Some(node) = pinned {
            self.nodes[node].pinned.push(pod);
        }
        ctx.observe(Fact::PodCreated(pod));
        ctx.soon(Event::PodCreated(pod));
        pod
    }

    /// Binds the pod to the node: the node's resources are taken from this moment on.
    ///
    /// # Panics
    /// When the pod is not pending or the node has not enough left: the scheduler decided on a stale picture.
    pub fn bind(&mut self, pod: PodId, node: NodeId, ctx: &mut Ctx<'_>) {
        assert!(self.pods[pod].is_pending(), "{} is bound while {:?}", self.pods[pod].name, self.pods[pod].phase);
        let plan = Arc::clone(&self.plan);
        let workload = self.pods[pod].workload;
        let template = plan.workloads.template(workload);
        let host = &mut self.nodes[node];
        host.info.add(workload, template);
        let claims = &self.pods[pod].claims;
        host.info.mount(claims);
        self.claims.provide(claims, host.info.labels.get(DISK_ZONE).map_or("", String::as_str));
        self.node_changes.push(NodeChange::Pods(node, workload));
        let info = &host.info;
        assert!(info.requested.fits_in(&info.allocatable), "{} does not fit on {}", self.pods[pod].name, info.name);
        host.pods.push(pod);
        let pod_state = &mut self.pods[pod];
        pod_state.node = Some(node);
        pod_state.phase = PodPhase::Creating;
        pod_state.unschedulable = None;
        pod_state.times.scheduled = Some(ctx.now);
        ctx.observe(Fact::PodScheduled(pod));
        ctx.soon(Event::PodBound(pod));
    }

    /// Asks for the deletion of the pod. A pending pod is gone at once; a bound one begins to terminate.
    pub fn delete_pod(&mut self, pod: PodId, ctx: &mut Ctx<'_>) {
        let state = &mut self.pods[pod];
        if state.times.deleted.is_some() || state.phase == PodPhase::Gone {
            return;
        }
        state.times.deleted = Some(ctx.now);
        ctx.observe(Fact::PodDeleted(pod));
        if let (Some(node), false) = (state.node, state.phase == PodPhase::Succeeded) {
            self.terminate_on(node, pod);
            ctx.soon(Event::PodDeleted(pod));
        } else {
            ctx.soon(Event::PodGone(pod));
        }
        let workload = self.pods[pod].workload;
        ctx.soon(Event::ReconcileWorkload(workload));
        self.serving_changed(pod, ctx);
    }

    /// The pod ended with `phase` (`Succeeded` or `Gone`): its node gets its resources back.
    ///
    /// # Panics
    /// When `phase` is not terminal.
    pub fn end_pod(&mut self, pod: PodId, phase: PodPhase, ctx: &mut Ctx<'_>) {
        let was_terminal = self.pods[pod].is_terminal();
        self.pods[pod].phase = phase;
        assert!(self.pods[pod].is_terminal(), "{phase:?} is not an end");
        if phase == PodPhase::Gone {
            self.forget(pod);
            if let Some(node) = self.pods[pod].pinned {
                self.nodes[node].pinned.retain(|other| *other != pod);
            }
        }
        if was_terminal {
            return;
        }
        self.pods[pod].times.ended = Some(ctx.now);
        if let Some(node) = self.pods[pod].node {
            self.release(pod, node);
            self.give_up_address(pod, ctx);
        }
        ctx.observe(Fact::PodEnded(pod));
        self.serving_changed(pod, ctx);
    }

    /// Takes the pod off its workload's list, where it is found by its birth.
    pub fn forget(&mut self, pod: PodId) {
        let pods = &mut self.workloads[self.pods[pod].workload].pods;
        if let Ok(index) = pods.binary_search(&pod) {
            pods.remove(index);
        }
    }

    /// The node left the API: the pod on it is lost and about to be gone.
    pub fn lose_pod(&mut self, pod: PodId, ctx: &mut Ctx<'_>) {
        if self.pods[pod].times.deleted.is_none() {
            self.pods[pod].times.deleted = Some(ctx.now);
            ctx.observe(Fact::PodDeleted(pod));
            if let Some(node) = self.pods[pod].node {
                self.terminate_on(node, pod);
            }
            self.serving_changed(pod, ctx);
        }
        ctx.soon(Event::PodGone(pod));
    }

    fn terminate_on(&mut self, node: NodeId, pod: PodId) {
        let workload = self.pods[pod].workload;
        self.nodes[node].info.terminate(workload);
        self.node_changes.push(NodeChange::Pods(node, workload));
    }

    fn release(&mut self, pod: PodId, node: NodeId) {
        let plan = Arc::clone(&self.plan);
        let workload = self.pods[pod].workload;
        let terminating = self.pods[pod].times.deleted.is_some();
        let host = &mut self.nodes[node];
        host.info.remove(workload, plan.workloads.template(workload), terminating);
        host.info.unmount(&self.pods[pod].claims);
        host.pods.retain(|other| *other != pod);
        self.node_changes.push(NodeChange::Pods(node, workload));
    }

    /// Moves the node on in its life. While it is not Ready it carries the taint that the node lifecycle controller puts on it.
    pub fn set_phase(&mut self, node: NodeId, phase: NodePhase) {
        self.nodes[node].phase = phase;
        match phase {
            NodePhase::NotReady => self.nodes[node].info.set_unreachable(),
            _ => self.nodes[node].info.set_ready(phase == NodePhase::Ready),
        }
        self.node_changes.push(NodeChange::Node(node));
    }

    /// The instance cannot be had: it counts no more, and [`Event::NodeFailed`] tells those who wait for it.
    pub fn fail_node(&mut self, node: NodeId, failure: NodeFailure, ctx: &mut Ctx<'_>) {
        self.set_phase(node, NodePhase::Failed(failure));
        ctx.observe(Fact::NodeFailed(node, failure));
        ctx.soon(Event::NodeFailed(node));
    }

    /// An image arrived on the disk of the node.
    pub fn add_image(&mut self, node: NodeId, image: Arc<str>, size: Bytes) {
        self.nodes[node].info.images.insert(image, size);
        self.node_changes.push(NodeChange::Images(node));
    }

    /// The disk of the node is new: no image is on it.
    pub fn clear_images(&mut self, node: NodeId) {
        self.nodes[node].info.images.clear();
        self.node_changes.push(NodeChange::Images(node));
    }

    /// Puts a taint on the node.
    pub fn add_taint(&mut self, node: NodeId, taint: Taint) {
        self.nodes[node].info.taints.push(taint);
        self.node_changes.push(NodeChange::Node(node));
    }

    /// Takes the taints of this key off the node.
    pub fn remove_taint(&mut self, node: NodeId, key: &str) {
        self.nodes[node].info.taints.retain(|taint| *taint.key != *key);
        self.node_changes.push(NodeChange::Node(node));
    }

    /// Marks the node as one that an upgrade could not drain, or takes the mark off.
    pub fn set_quarantined(&mut self, node: NodeId, quarantined: bool, ctx: &mut Ctx<'_>) {
        if self.nodes[node].is_quarantined() == quarantined {
            return;
        }
        let labels = Arc::make_mut(&mut self.nodes[node].info.labels);
        if quarantined {
            labels.insert(UPGRADE_STATUS.to_owned(), QUARANTINED.to_owned());
            ctx.observe(Fact::NodeQuarantined(node));
        } else {
            labels.remove(UPGRADE_STATUS);
            self.nodes[node].replaced = false;
        }
        self.node_changes.push(NodeChange::Node(node));
    }

    /// Gives the node object a label.
    pub fn set_label(&mut self, node: NodeId, key: &str, value: &str) {
        let labels = Arc::make_mut(&mut self.nodes[node].info.labels);
        labels.insert(key.to_owned(), value.to_owned());
        self.node_changes.push(NodeChange::Node(node));
    }

    /// Has the node scaled in: its VM is deallocated where the pool's scale-down mode says so and it was in service, else deleted.
    pub fn scale_in(&self, node: NodeId, ctx: &mut Ctx<'_>) {
        let state = &self.nodes[node];
        let keeps = self.pool_plan(state.pool).scale_down_mode == ScaleDownMode::Deallocate;
        let event = if keeps && state.is_ready() && !self.is_down(node) && !state.surge {
            Event::DeallocateNode(node)
        } else {
            Event::DeleteNode(node)
        };
        ctx.soon(event);
    }

    /// Gives the node the taints of its pool, and that of a node that is not Ready while it is not: others were put on the node object
    /// that it had before.
    pub fn restore_taints(&mut self, node: NodeId) {
        let taints = self.pool_plan(self.nodes[node].pool).taints.clone();
        let state = &mut self.nodes[node];
        state.info.taints = taints;
        state.info.set_ready(state.phase == NodePhase::Ready);
        self.node_changes.push(NodeChange::Node(node));
    }

    /// Cordons or uncordons the node.
    pub fn set_cordoned(&mut self, node: NodeId, cordoned: bool, ctx: &mut Ctx<'_>) {
        let was_cordoned = std::mem::replace(&mut self.nodes[node].info.unschedulable, cordoned);
        self.node_changes.push(NodeChange::Node(node));
        match (was_cordoned, cordoned) {
            (false, true) => ctx.observe(Fact::NodeCordoned(node)),
            (true, false) => ctx.soon(Event::NodeUncordoned(node)),
            (false, false) | (true, true) => {}
        }
    }

    /// The pod began or ceased to serve: CPU is shared anew, and connections are counted anew, where such pods want any.
    pub fn serving_changed(&mut self, pod: PodId, ctx: &mut Ctx<'_>) {
        if let Some(node) = self.pods[pod].node {
            self.outbound_changed(node, ctx);
        }
        if self.workload_plan(self.pods[pod].workload).behaviour.demand.is_some() {
            self.cpu_changed(CpuChange::Pod(pod), ctx);
        }
    }

    /// Has CPU shared anew at the end of this instant.
    pub fn cpu_changed(&mut self, change: CpuChange, ctx: &mut Ctx<'_>) {
        if self.cpu_changes.is_empty() {
            ctx.soon(Event::SettleCpu);
        }
        self.cpu_changes.push(change);
    }
}

/// The subnets, with the private endpoint of the API server in that of the first pool.
/// Source: azure-aks-docs, private-clusters.md, 2026-08-05. A subnet without room for it is for the preflight to find.
fn subnets(cluster: &ClusterPlan) -> Table<SubnetId, Subnet> {
    let all = cluster.subnets.iter().enumerate();
    let mut subnets: Table<SubnetId, Subnet> =
        all.map(|(index, subnet)| Subnet::new(subnet.prefix, addresses::purpose(cluster, index))).collect();
    if let Some(first) = cluster.private_endpoint_subnet() {
        let _ = subnets[SubnetId::from_index(first)].take(SimTime::ZERO, 1, AddressHolder::PrivateEndpoint);
    }
    subnets
}

/// The front ends that take an address of a subnet.
fn front_ends(services: &[ServicePlan]) -> Vec<InternalFrontEnd> {
    let all = plan::front_ends(services).into_iter();
    let internal = all.filter_map(|(front_end, services)| {
        let FrontEnd::Internal { subnet, .. } = front_end else { return None };
        let names: Vec<String> = services.iter().map(|one| format!("{}/{}", one.namespace, one.name)).collect();
        Some(InternalFrontEnd { subnet: *subnet, services: names.join(", "), address: None, tries: 0 })
    });
    internal.collect()
}

/// The workloads whose pods a budget covers.
fn covered_by(plan: &Plan, budget: usize) -> Vec<WorkloadId> {
    let budget = &plan.budgets[budget];
    let covers = |workload: &WorkloadPlan| {
        workload.namespace == budget.namespace && budget.selector.matches(&workload.template.labels)
    };
    let covered = plan.workloads.iter().enumerate().filter(|(_, workload)| covers(workload));
    covered.map(|(index, _)| WorkloadId::from_index(index)).collect()
}

/// A pod's name as its controller makes it. The random parts come from a hash of the pod's identity.
fn pod_name(workload: &WorkloadPlan, ordinal: u32, identity: &str) -> String {
    let name = &workload.name;
    let suffix = generated_suffix(identity, 5);
    match &workload.controller {
        Controller::Pod => name.clone(),
        Controller::Trace { pods } => pods[ordinal as usize].name.to_string(),
        Controller::StatefulSet { .. } => format!("{name}-{ordinal}"),
        Controller::Deployment { .. } => format!("{name}-{}-{suffix}", template_hash(&workload.key())),
        Controller::ReplicaSet { .. } | Controller::DaemonSet | Controller::Job(_) | Controller::CronJob { .. } => {
            format!("{name}-{suffix}")
        }
    }
}

fn draw_pod(plan: &Plan, workload: &WorkloadPlan, streams: &Streams, identity: &str) -> PodDraws {
    let stream = &mut streams.stream("pod", identity);
    let timings = &plan.timings;
    let sandbox = timings.pod_sandbox_cni.draw(stream);
    let start = timings.pod_create_start.draw(stream);
    let startup = workload.behaviour.startup.draw(stream);
    let probe_phase = stream.uniform();
    let exit = timings.termination.draw(stream).min(workload.template.grace);
    let removal = timings.pod_removal.draw(stream);
    let pull_overhead = timings.pull_overhead.draw(stream);
    let run = workload.behaviour.run_time.as_ref().map(|run| run.draw(stream)).unwrap_or_default();
    PodDraws { sandbox, start, startup, probe_phase, run, exit: exit + removal, pull_overhead }
}
