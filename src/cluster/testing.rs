//! A small hand-made world for unit tests of processes, with a stand-in for the machines and for the drains.

use super::{
    BootStage, Ctx, DrainOutcome, Event, Fact, Node, NodeFailure, NodeId, NodeInfo, NodePhase, NodeTimes, PodId,
    PodPhase, PoolId, STAGES, SubnetId, WorkloadId, World,
};
use crate::kernel::{Dist, FutureEvents, Id, SimDuration, SimTime};
use crate::scenario::plan::{
    AccessPlan, Behaviour, BudgetPlan, BudgetRule, ClusterCharges, ClusterPlan, Controller, IntOrPercent,
    LabelSelector, NetworkModel, NetworkPlan, OperationKind, OperationPlan, OutboundPlan, Plan, PodTemplate, PoolMode,
    PoolPlan, PrincipalPlan, ScaleSetPlan, SubnetPlan, UpgradeSettings, WorkloadPlan,
};
use crate::units::{Bytes, MilliCpu, Resources, UsdPerHour};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) use catalogue::{version, vm_size};

/// How long the stand-in for the machines takes to boot, to reimage and to delete a node.
pub(crate) const MACHINE_DELAY: SimDuration = SimDuration::from_secs(60);

/// A plan of one day in July 2026, when AKS offers 1.34 to 1.36, without warm-up, on version 1.34, with these pools and nothing else.
pub(crate) fn plan(pools: Vec<PoolPlan>) -> Plan {
    Plan {
        start: "2026-07-01T00:00:00[UTC]".parse().expect("a moment"),
        duration: SimDuration::from_hours(24),
        warmup: SimDuration::ZERO,
        cluster: cluster(pools),
        workloads: Vec::new(),
        budgets: Vec::new(),
        claims: Vec::new(),
        services: Vec::new(),
        api_usage: Vec::new(),
        operations: Vec::new(),
        quota: crate::scenario::plan::QuotaPlan::default(),
        faults: Vec::new(),
        maintenance: crate::scenario::plan::MaintenancePlan::default(),
        access: AccessPlan::default(),
        timings: catalogue::timings(),
    }
}

fn cluster(pools: Vec<PoolPlan>) -> ClusterPlan {
    ClusterPlan {
        resource_group: "group".into(),
        name: "test".into(),
        node_resource_group: "MC_group_test_eastus".into(),
        location: catalogue::REGION,
        tier: catalogue::TIER,
        scaling: None,
        long_term_support: false,
        version: version(34),
        network: NetworkPlan {
            model: NetworkModel::AzureOverlay,
            pod_cidr: Some("10.244.0.0/16".parse().expect("a prefix")),
            routes_per_table: 400,
            size_check: crate::scenario::plan::SubnetSizeCheck::default(),
            private_cluster: false,
            service_cidr: "10.0.0.0/16".parse().expect("a prefix"),
            dns_service_ip: "10.0.0.10".parse().expect("an address"),
            outbound: OutboundPlan::load_balancer(1),
            own_vnet: None,
        },
        subnets: vec![SubnetPlan { name: "nodes".into(), prefix: "10.224.0.0/24".parse().expect("a prefix") }],
        pools,
        brought: Vec::new(),
        system_workloads: true,
        scale_in: crate::scenario::plan::ScaleInPolicy::default(),
        conflicts: crate::scenario::plan::Conflicts::default(),
        autoscaler: catalogue::autoscaler(),
        scheduler: crate::scenario::plan::SchedulerPlan::default(),
        charges: ClusterCharges::default(),
    }
}

/// A User pool without zones and autoscaler, upgraded with one surge node; change what a test is about.
pub(crate) fn pool(name: &str, count: u32) -> PoolPlan {
    PoolPlan {
        name: name.into(),
        mode: PoolMode::User,
        scale_set: Some(ScaleSetPlan {
            vm: vm_size(),
            os_disk: catalogue::os_disk(),
            subnet: 0,
            pod_subnet: None,
            vm_price: UsdPerHour::default(),
            os_disk_price: UsdPerHour::default(),
        }),
        from_start: true,
        count,
        scale_down_mode: crate::scenario::plan::ScaleDownMode::Delete,
        autoscaling: None,
        max_pods: 110,
        labels: BTreeMap::new(),
        taints: Vec::new(),
        zones: Vec::new(),
        spot: false,
        eviction: crate::catalog::SpotEvictionPolicy::default(),
        version: version(34),
        upgrade: UpgradeSettings { max_surge: IntOrPercent::Int(1), ..UpgradeSettings::default() },
        allocatable: Resources {
            cpu: MilliCpu::from_millis(1900),
            memory: Bytes::from_gib(6),
            pods: 110,
            ..Resources::default()
        },
    }
}

/// A workload of the default namespace whose pods carry the label `app=<name>` and request 100m and 128 MiB.
pub(crate) fn workload(name: &str, controller: Controller) -> WorkloadPlan {
    let labels: BTreeMap<String, String> = [("app".to_owned(), name.to_owned())].into();
    WorkloadPlan {
        namespace: "default".into(),
        name: name.into(),
        controller,
        template: PodTemplate {
            labels,
            requests: Resources {
                cpu: MilliCpu::from_millis(100),
                memory: Bytes::from_mib(128),
                pods: 1,
                ..Resources::default()
            },
            nonzero_cpu: MilliCpu::from_millis(100),
            nonzero_memory: Bytes::from_mib(128),
            grace: SimDuration::from_secs(30),
            ..PodTemplate::default()
        },
        behaviour: Behaviour { demand: None, startup: Dist::Constant(0.0), run_time: None, outbound: Vec::new() },
        system: false,
    }
}

/// A Deployment, see [`workload`].
pub(crate) fn deployment(name: &str, replicas: u32) -> WorkloadPlan {
    workload(name, Controller::Deployment { replicas, ladder: None })
}

/// A budget over every pod of the default namespace.
pub(crate) fn budget(rule: BudgetRule) -> BudgetPlan {
    BudgetPlan { namespace: "default".into(), name: "budget".into(), selector: LabelSelector::default(), rule }
}

/// Operations, all to be asked at the start.
pub(crate) fn operations(kinds: Vec<OperationKind>) -> Vec<OperationPlan> {
    kinds.into_iter().map(|kind| OperationPlan { at: SimTime::ZERO, kind, asked_by: None, condition: None }).collect()
}

/// A principal with these of Azure's roles and without bindings.
pub(crate) fn principal(name: &str, roles: &[&str]) -> PrincipalPlan {
    let roles = roles.iter().map(|role| catalogue::role(role)).collect();
    PrincipalPlan { name: name.into(), roles, bindings: Vec::new() }
}

/// A world with its future event list and the facts stated so far, each with its time.
pub(crate) struct Bench {
    pub world: World,
    pub events: FutureEvents<Event>,
    pub facts: Vec<(SimTime, Fact)>,
    /// Nodes whose drain the stand-in lets time out.
    pub undrainable: BTreeSet<NodeId>,
    /// How many more instances the subnet has room for, for the stand-in.
    pub room: u32,
}

impl Bench {
    /// The world of the plan with every pool's nodes Ready.
    pub fn new(plan: Plan) -> Self {
        let mut bench = Self {
            world: World::new(Arc::new(plan), 1),
            events: FutureEvents::default(),
            facts: Vec::new(),
            undrainable: BTreeSet::new(),
            room: u32::MAX,
        };
        for pool in bench.world.pools.ids() {
            for _ in 0..bench.world.pools[pool].target {
                let node = create_node(&mut bench.world, pool, false);
                become_ready(&mut bench.world, node);
            }
        }
        bench
    }

    /// Lets `handler` act on the world at its present time.
    pub fn act<R>(&mut self, handler: impl FnOnce(&mut World, &mut Ctx<'_>) -> R) -> R {
        let mut facts = Vec::new();
        let now = self.world.clock;
        let result = handler(&mut self.world, &mut Ctx::new(now, &mut self.events, &mut facts));
        self.facts.extend(facts.into_iter().map(|fact| (now, fact)));
        result
    }

    /// Handles every event before `end` (exclusive), and puts the clock there.
    pub fn run(&mut self, end: SimDuration, mut handler: impl FnMut(&mut World, Event, &mut Ctx<'_>)) {
        let end = SimTime::after_start(end);
        while let Some((key, event)) = self.events.pop_before(end) {
            self.world.clock = key.at;
            self.act(|world, ctx| handler(world, event, ctx));
        }
        self.world.clock = end;
    }

    /// As [`Bench::run`], with the stand-in for machines and drains ahead of `handler`: a node boots, is reimaged and is deleted
    /// in [`MACHINE_DELAY`]; a drain ends at once, unless the node is among the undrainable ones.
    pub fn run_with_machines(&mut self, end: SimDuration, mut handler: impl FnMut(&mut World, Event, &mut Ctx<'_>)) {
        let undrainable = self.undrainable.clone();
        let mut room = self.room;
        self.run(end, |world, event, ctx| {
            stand_in(world, event, &undrainable, &mut room, ctx);
            handler(world, event, ctx);
        });
        self.room = room;
    }

    /// A Ready pod of the workload, bound to the node.
    pub fn ready_pod(&mut self, workload: usize, node: NodeId) -> PodId {
        let pod = self.act(|world, ctx| {
            let pod = world.create_pod(WorkloadId::from_index(workload), 0, None, ctx);
            world.bind(pod, node, ctx);
            pod
        });
        self.world.pods[pod].phase = PodPhase::Ready;
        pod
    }

    /// The nodes that the facts name, in order, by the names of the pool's instances (`0`, `1`, …).
    pub fn instances(&self, of: impl Fn(&Fact) -> Option<NodeId>) -> Vec<u32> {
        self.facts.iter().filter_map(|(_, fact)| of(fact)).map(|node| self.world.nodes[node].instance).collect()
    }
}

/// A member of the pool in the first stage of its boot.
pub(crate) fn create_node(world: &mut World, pool: PoolId, surge: bool) -> NodeId {
    let instance = world.pools[pool].next_instance;
    world.pools[pool].next_instance += 1;
    let plan = world.pool_plan(pool);
    let zones = &plan.zones;
    let zone = (!zones.is_empty()).then(|| zones[instance as usize % zones.len()]);
    let name = format!("aks-{}-00000000-vmss{instance:06}", plan.name);
    let mut info = NodeInfo::unused(plan, &name, zone, world.plan.cluster.location);
    info.set_ready(false);
    let node = world.nodes.push(Node {
        info,
        pool,
        instance,
        zone,
        phase: NodePhase::Booting(BootStage::RequestAccepted),
        surge,
        version: world.pools[pool].version,
        pods: Vec::new(),
        pinned: Vec::new(),
        reimage_due: false,
        replaced: false,
        stage_ends: SimTime::ZERO,
        boot: [SimDuration::ZERO; STAGES.len()],
        reimage_delay: MACHINE_DELAY,
        delete_delay: MACHINE_DELAY,
        addresses: super::NodeAddresses::default(),
        cpu_used: MilliCpu::ZERO,
        cpu_wanted: MilliCpu::ZERO,
        credits: None,
        times: NodeTimes { requested: world.clock, started: world.clock, ..NodeTimes::default() },
    });
    world.live_nodes.push(node);
    node
}

fn become_ready(world: &mut World, node: NodeId) {
    let now = world.clock;
    let version = world.pools[world.nodes[node].pool].version;
    let state = &mut world.nodes[node];
    if state.phase == NodePhase::Reimaging {
        state.version = version;
    }
    state.info.unschedulable = false;
    state.addresses.own = Some(0x0ae0_0004); // 10.224.0.4
    state.times.allocated.get_or_insert(now);
    state.times.registered.get_or_insert(now);
    state.times.ready.get_or_insert(now);
    world.set_phase(node, NodePhase::Ready);
}

/// What the node and the drain process would do, in the simplest way.
fn stand_in(world: &mut World, event: Event, undrainable: &BTreeSet<NodeId>, room: &mut u32, ctx: &mut Ctx<'_>) {
    match event {
        Event::ReconcilePool(pool) => {
            for surge in [false, true] {
                let present = world.members(pool).filter(|node| world.nodes[*node].surge == surge).count();
                let wanted = if surge { world.pools[pool].surge } else { world.pools[pool].target };
                for _ in present..wanted as usize {
                    let node = create_node(world, pool, surge);
                    ctx.after(SimDuration::from_secs(1), Event::AttachNic(node));
                }
            }
        }
        Event::AttachNic(node) if *room == 0 => {
            world.set_phase(node, NodePhase::Failed(NodeFailure::SubnetIsFull(SubnetId::from_index(0))));
            ctx.soon(Event::NodeFailed(node));
        }
        Event::AttachNic(node) => {
            *room -= 1;
            world.nodes[node].addresses.own = Some(0x0ae0_0004); // 10.224.0.4
            ctx.after(MACHINE_DELAY, Event::NodeReady(node));
        }
        Event::NodeReady(node) if world.nodes[node].is_member() => become_ready(world, node),
        Event::NodeFailed(node) => {
            world.live_nodes.retain(|other| *other != node);
            let (pool, surge) = (world.nodes[node].pool, world.nodes[node].surge);
            world.pools[pool].target -= u32::from(!surge);
        }
        Event::ReimageNode(node) => {
            world.set_phase(node, NodePhase::Reimaging);
            ctx.observe(Fact::NodeReimaged(node));
            ctx.after(MACHINE_DELAY, Event::NodeReady(node));
        }
        Event::DeleteNode(node) => {
            world.set_phase(node, NodePhase::Deleting);
            ctx.after(MACHINE_DELAY, Event::NodeDeleted(node));
        }
        Event::NodeDeleted(node) => {
            world.set_phase(node, NodePhase::Deleted);
            world.live_nodes.retain(|other| *other != node);
            ctx.observe(Fact::NodeDeleted(node));
        }
        Event::StartDrain(node) if !undrainable.contains(&node) => {
            end_drain(world, node, DrainOutcome::Drained, ctx);
        }
        Event::DrainTimeout(node) if world.is_draining(node) => end_drain(world, node, DrainOutcome::TimedOut, ctx),
        _ => {}
    }
}

fn end_drain(world: &mut World, node: NodeId, outcome: DrainOutcome, ctx: &mut Ctx<'_>) {
    world.drains.get_mut(&node).expect("a drain was asked for").outcome = Some(outcome);
    ctx.soon(Event::DrainEnded(node));
}

/// The parts of a plan that come from the catalogue.
mod catalogue {
    use crate::catalog::{
        AutoscalerProfile, AzureRole, Catalog, KubernetesVersion, OsDisk, Region, Setup, Tier, Timings, VmSize,
    };
    use crate::kernel::Dist;

    /// Version 1.`minor`.
    pub(crate) const fn version(minor: u32) -> KubernetesVersion {
        KubernetesVersion::minor(minor)
    }

    /// Two vCPUs, not burstable.
    pub(crate) fn vm_size() -> &'static VmSize {
        Catalog::get().vm_size("Standard_D2s_v5").expect("a size of the catalogue")
    }

    pub(super) fn role(name: &str) -> &'static AzureRole {
        AzureRole::find(name).expect("a built-in role")
    }

    pub(super) fn os_disk() -> OsDisk {
        OsDisk::choose(vm_size(), None, None).expect("a default for every size")
    }

    /// The catalogue's, but every cordon and every eviction call alike, so that nodes and pods keep their order.
    pub(super) fn timings() -> Timings {
        Timings {
            cordon: Dist::Constant(0.1),
            eviction_call: Dist::Constant(0.1),
            ..Timings::defaults(Setup::of(version(34)))
        }
    }

    pub(super) const REGION: Region = Region::EastUs;

    pub(super) const TIER: Tier = Tier::Standard;

    pub(super) fn autoscaler() -> AutoscalerProfile {
        AutoscalerProfile::default()
    }
}
