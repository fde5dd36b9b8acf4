//! What was done to nodes and how long it took: surge, cordon, drain, soak, reimage, deletion, and the budgets that held a drain.

use super::result::ActivityRow;
use super::window::Window;
use crate::catalog::KubernetesVersion;
use crate::cluster::{BudgetId, Event, Fact, NodeId, NodePhase, PodId, ProvisioningState, World};
use crate::kernel::{Id, SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};

/// What was done to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Activity {
    /// A node that an operation adds for good boots.
    Boot,
    /// A surge node boots.
    SurgeBoot,
    /// A surge node is in service.
    Surge,
    /// The node takes no pods and is not being drained.
    Cordon,
    /// Its pods are being evicted.
    Drain,
    /// A disruption budget refuses the eviction of one of its pods.
    Held,
    /// It is drained, and waits for its reimage or deletion.
    Soak,
    /// Its disk is being replaced, until it is Ready again.
    Reimage,
    /// Its VM is being deallocated.
    Deallocate,
    /// Its VM is being deleted.
    Delete,
}

impl Activity {
    /// Its name in `node_activity.csv`.
    const fn name(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::SurgeBoot => "surge_boot",
            Self::Surge => "surge",
            Self::Cordon => "cordon",
            Self::Drain => "drain",
            Self::Held => "held",
            Self::Soak => "soak",
            Self::Reimage => "reimage",
            Self::Deallocate => "deallocate",
            Self::Delete => "delete",
        }
    }
}

/// What a budget did to drains.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Blocker {
    /// Time for which it kept pods from leaving, of all pods together.
    pub held: SimDuration,
    /// Drains that ended while it kept a pod.
    pub timed_out: u64,
}

/// The activities of a run. Rows are kept only where detail is.
#[derive(Clone, Debug)]
pub(super) struct Activities {
    window: Window,
    rows: Option<Vec<ActivityRow>>,
    open: BTreeMap<(NodeId, Activity), (SimTime, Option<BudgetId>)>,
    /// Pods whose eviction is refused, since when and by which budget.
    held: BTreeMap<PodId, (SimTime, BudgetId)>,
    blockers: Vec<Blocker>,
    /// Version of the control plane so far.
    version: KubernetesVersion,
}

impl Activities {
    /// Nothing seen yet.
    pub fn new(world: &World, window: Window, detail: bool) -> Self {
        let blockers = vec![Blocker::default(); world.budgets.len()];
        Self {
            window,
            rows: detail.then(Vec::new),
            open: BTreeMap::new(),
            held: BTreeMap::new(),
            blockers,
            version: world.version,
        }
    }

    /// What the budget did.
    pub fn blocker(&self, budget: BudgetId) -> Blocker {
        self.blockers[budget.index()]
    }

    /// An event was handled.
    pub fn on_event(&mut self, event: Event, world: &World) {
        match event {
            Event::OperationStep(operation) if world.version != self.version => {
                self.version = world.version;
                self.control_plane_upgraded(world.operations[operation].asked, world);
            }
            Event::StartDrain(node) if world.drains.contains_key(&node) => {
                self.close(node, Activity::Cordon, world);
                self.close(node, Activity::Surge, world);
                // A drain that found no pod has ended within its first event.
                if world.is_draining(node) {
                    self.begin(node, Activity::Drain, world);
                }
            }
            Event::ReimageNode(node) if world.nodes[node].phase == NodePhase::Reimaging => {
                self.close_all(node, world);
                self.begin(node, Activity::Reimage, world);
            }
            Event::DeleteNode(node) | Event::DeallocateNode(node)
                if matches!(world.nodes[node].phase, NodePhase::Deleting | NodePhase::Deallocating) =>
            {
                self.close_all(node, world);
                let keeps = world.nodes[node].phase == NodePhase::Deallocating;
                self.begin(node, if keeps { Activity::Deallocate } else { Activity::Delete }, world);
            }
            Event::NodeUncordoned(node) => {
                self.close(node, Activity::Cordon, world);
                self.close(node, Activity::Soak, world);
            }
            _ => {}
        }
    }

    /// Something happened.
    pub fn on_fact(&mut self, fact: Fact, world: &World) {
        match fact {
            Fact::NodeRequested(node) if world.nodes[node].surge => self.begin(node, Activity::SurgeBoot, world),
            // What the autoscaler adds is no operation's.
            Fact::NodeRequested(node) if is_busy(world, node) => self.begin(node, Activity::Boot, world),
            Fact::NodeReady(node) => {
                self.close(node, Activity::Boot, world);
                self.close(node, Activity::SurgeBoot, world);
                self.close(node, Activity::Reimage, world);
                if world.nodes[node].surge {
                    self.begin(node, Activity::Surge, world);
                }
            }
            Fact::NodeCordoned(node) => {
                self.close(node, Activity::Surge, world);
                self.begin(node, Activity::Cordon, world);
            }
            Fact::EvictionRefused(pod, budget) => self.on_refused(pod, budget, world),
            Fact::PodDeleted(pod) | Fact::PodEnded(pod) => self.on_released(pod, world),
            Fact::NodeDrained(node, in_time) => self.on_drained(node, in_time, world),
            Fact::DrainCanceled(node) => {
                self.release_all(node, world);
                self.close(node, Activity::Drain, world);
            }
            Fact::NodeDeleted(node) | Fact::NodeDeallocated(node) | Fact::NodeFailed(node, _) => {
                self.close_all(node, world);
            }
            _ => {}
        }
    }

    /// The rows in order of their beginning, those still open cut at the horizon.
    pub fn take_rows(&mut self, world: &World) -> Vec<ActivityRow> {
        let open: Vec<(NodeId, Activity)> = self.open.keys().copied().collect();
        for (node, activity) in open {
            self.close(node, activity, world);
        }
        let mut rows = self.rows.take().unwrap_or_default();
        rows.sort_by(|a, b| a.from_s.total_cmp(&b.from_s).then_with(|| a.node.cmp(&b.node)));
        rows
    }

    /// Counts what still holds a drain at the horizon.
    pub fn finish(&mut self, world: &World) {
        for pod in self.held.keys().copied().collect::<Vec<_>>() {
            self.on_released(pod, world);
        }
    }

    /// The control plane has another version: it was being upgraded since the operation was asked for.
    fn control_plane_upgraded(&mut self, since: Option<SimTime>, world: &World) {
        if let (Some(rows), Some(since)) = (&mut self.rows, since) {
            rows.push(ActivityRow {
                node: "control plane".to_owned(),
                pool: String::new(),
                activity: "control_plane".to_owned(),
                from_s: since.as_secs_f64(),
                to_s: world.clock.as_secs_f64(),
                held_by: String::new(),
            });
        }
    }

    fn on_refused(&mut self, pod: PodId, budget: BudgetId, world: &World) {
        self.held.entry(pod).or_insert((world.clock, budget));
        if let Some(node) = world.pods[pod].node {
            self.open.entry((node, Activity::Held)).or_insert((world.clock, Some(budget)));
        }
    }

    fn on_released(&mut self, pod: PodId, world: &World) {
        let Some((since, budget)) = self.held.remove(&pod) else {
            return;
        };
        self.blockers[budget.index()].held += world.clock.saturating_since(since.max(self.window.from));
        if let Some(node) = world.pods[pod].node
            && !self.held.keys().any(|other| world.pods[*other].node == Some(node))
        {
            self.close(node, Activity::Held, world);
        }
    }

    fn on_drained(&mut self, node: NodeId, in_time: bool, world: &World) {
        self.close(node, Activity::Cordon, world);
        self.close(node, Activity::Drain, world);
        if in_time {
            self.begin(node, Activity::Soak, world);
            return;
        }
        let budgets = self.release_all(node, world);
        if self.window.contains(world.clock) {
            budgets.iter().for_each(|budget| self.blockers[budget.index()].timed_out += 1);
        }
    }

    /// Nobody asks for the eviction of the node's pods any more. Returns the budgets that held them.
    fn release_all(&mut self, node: NodeId, world: &World) -> BTreeSet<BudgetId> {
        let held: Vec<PodId> = self.held.keys().copied().filter(|pod| world.pods[*pod].node == Some(node)).collect();
        let budgets = held.iter().map(|pod| self.held[pod].1).collect();
        held.into_iter().for_each(|pod| self.on_released(pod, world));
        budgets
    }

    fn begin(&mut self, node: NodeId, activity: Activity, world: &World) {
        self.open.entry((node, activity)).or_insert((world.clock, None));
    }

    fn close_all(&mut self, node: NodeId, world: &World) {
        let range = (node, Activity::Boot)..=(node, Activity::Delete);
        for (_, activity) in self.open.range(range).map(|(key, _)| *key).collect::<Vec<_>>() {
            self.close(node, activity, world);
        }
    }

    fn close(&mut self, node: NodeId, activity: Activity, world: &World) {
        let Some((from, budget)) = self.open.remove(&(node, activity)) else {
            return;
        };
        let state = &world.nodes[node];
        // An extra node that stays is none any more.
        let kept = state.times.kept.filter(|_| activity == Activity::Surge);
        let to = kept.map_or(world.clock, |kept| kept.min(world.clock));
        if let (Some(rows), true) = (&mut self.rows, from < to) {
            let budget = budget.map(|budget| &world.plan.budgets[world.budgets[budget].plan]);
            rows.push(ActivityRow {
                node: state.info.name.to_string(),
                pool: world.pool_plan(state.pool).name.clone(),
                activity: activity.name().to_owned(),
                from_s: from.as_secs_f64(),
                to_s: to.as_secs_f64(),
                held_by: budget.map(|budget| format!("{}/{}", budget.namespace, budget.name)).unwrap_or_default(),
            });
        }
    }
}

/// True while an operation is in progress on the node's pool that brings its nodes, and not the autoscaler.
fn is_busy(world: &World, node: NodeId) -> bool {
    let pool = world.nodes[node].pool;
    match world.pools[pool].state {
        ProvisioningState::Creating => true,
        ProvisioningState::Succeeded | ProvisioningState::Failed | ProvisioningState::Canceled => false,
        _ => !world.is_autoscaled(pool),
    }
}
