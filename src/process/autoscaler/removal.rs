//! Could this node go? Its pods must be allowed to move, and every one of them must fit elsewhere.
//!
//! Source: cluster-autoscaler 1.31-1.37, `simulator/cluster.go` and `simulator/drainability/rules`. Not modelled: mirror
//! pods, annotation `safe-to-evict-local-volumes`, `on-completion`, and controllers outside Kubernetes' own kinds.

use super::fitting::Fitting;
use super::snapshot::{Search, Snapshot};
use crate::cluster::{BudgetId, PodId, World};
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::plan::Controller;
use std::collections::BTreeMap;

/// From Kubernetes 1.33 on, a kube-system pod keeps its node only for so long. Source: flag `blocking-system-pod-timeout`.
const SYSTEM_POD_BLOCKS: SimDuration = SimDuration::from_hours(1);

/// The minor version from which on kube-system pods block for a time only.
const SYSTEM_PODS_AGE_SINCE: u32 = 33;

/// The minor version from which on a node whose removal is tried stays in the picture, empty, so that its topology domain counts.
const EMPTIED_NODE_STAYS_SINCE: u32 = 32;

/// What removing a node takes, in the order in which nodes are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effort {
    /// No pod has to move.
    Empty,
    /// Pods have to move.
    Drain,
    /// Pods have to move, and a budget does not let them go all at once.
    RiskyDrain,
}

/// Why a node has to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    /// Nothing would recreate this pod.
    NotReplicated(PodId),
    /// A kube-system pod without a budget keeps its node; until then, if it does so for a time only.
    SystemPod(PodId, Option<SimTime>),
    /// The pod says that it is not safe to evict.
    NotSafeToEvict(PodId),
    /// The pod has data on the node.
    LocalStorage(PodId),
    /// The budget of the pod allows no disruption.
    Budget(PodId, BudgetId),
    /// The pod fits on no other node.
    NoPlace(PodId),
}

impl Blocked {
    /// When the verdict changes by itself.
    pub(super) fn until(self) -> Option<SimTime> {
        match self {
            Self::SystemPod(_, until) => until,
            _ => None,
        }
    }
}

/// Disruptions that the budgets still allow in this scan.
#[derive(Clone, Debug)]
pub(super) struct Disruptions(BTreeMap<BudgetId, i64>);

impl Disruptions {
    /// What every budget allows now.
    pub(super) fn of(world: &World) -> Self {
        let allowed = |budget| i64::from(world.budget_status(budget).disruptions_allowed);
        Self(world.budgets.ids().map(|budget| (budget, allowed(budget))).collect())
    }

    /// Takes the pods' disruptions off. True when the budgets let them all go at once.
    fn charge(&mut self, world: &World, pods: &[PodId]) -> bool {
        let mut at_once = true;
        for pod in pods {
            for budget in world.budgets_of(*pod) {
                let left = self.0.get_mut(&budget).expect("budgets are all counted at the start of the scan");
                *left -= 1;
                at_once &= *left >= 0;
            }
        }
        at_once
    }
}

/// Tries to remove the node at `index` of the snapshot. When that works the pods stay where they were placed and the node takes
/// none any more; otherwise the snapshot is as before.
///
/// # Errors
/// [`Blocked`] names the first pod that stands in the way.
pub(super) fn simulate(
    world: &World,
    fitting: &Fitting<'_>,
    snapshot: &mut Snapshot,
    index: usize,
    disruptions: &mut Disruptions,
) -> Result<Effort, Blocked> {
    let pods = pods_to_move(world, &snapshot.nodes[index].pods, disruptions)?;
    let node = &mut snapshot.nodes[index];
    node.removed = world.version.minor < EMPTIED_NODE_STAYS_SINCE;
    let emptied = node.info.emptied();
    let full = std::mem::replace(&mut node.info, emptied);
    if let Err(blocked) = place_elsewhere(world, fitting, snapshot, index, &pods) {
        let node = &mut snapshot.nodes[index];
        (node.info, node.removed) = (full, false);
        return Err(blocked);
    }
    snapshot.nodes[index].removed = true;
    let at_once = disruptions.charge(world, &pods);
    Ok(match (pods.is_empty(), at_once) {
        (true, _) => Effort::Empty,
        (false, true) => Effort::Drain,
        (false, false) => Effort::RiskyDrain,
    })
}

/// Puts every pod on some other real node, or none of them.
///
/// # Errors
/// [`Blocked`] names the first pod without a place.
fn place_elsewhere(
    world: &World,
    fitting: &Fitting<'_>,
    snapshot: &mut Snapshot,
    index: usize,
    pods: &[PodId],
) -> Result<(), Blocked> {
    let (mut search, mut placed) = (Search::default(), Vec::with_capacity(pods.len()));
    for pod in pods {
        let takes = |at: usize| at != index && !snapshot.nodes[at].removed && snapshot.nodes[at].node.is_some();
        let Some(at) = search.find(fitting, world, snapshot, *pod, takes) else {
            for (pod, at) in placed.into_iter().rev() {
                snapshot.take_back(world, pod, at);
            }
            return Err(Blocked::NoPlace(*pod));
        };
        snapshot.put(world, *pod, at);
        placed.push((*pod, at));
    }
    Ok(())
}

/// The pods that would have to move.
///
/// # Errors
/// [`Blocked`] names the first pod that stands in the way.
pub(super) fn pods_to_move(world: &World, pods: &[PodId], disruptions: &Disruptions) -> Result<Vec<PodId>, Blocked> {
    let mut moving = Vec::new();
    for pod in pods.iter().copied().filter(|pod| !world.is_daemon(*pod)) {
        if let Some(blocked) = blocks(world, pod, disruptions) {
            return Err(blocked);
        }
        moving.push(pod);
    }
    Ok(moving)
}

/// The rule by which the pod keeps its node, if one does. The first decisive rule wins, in upstream's order.
fn blocks(world: &World, pod: PodId, disruptions: &Disruptions) -> Option<Blocked> {
    let plan = world.workload_plan(world.pods[pod].workload);
    let profile = &world.plan.cluster.autoscaler;
    if plan.template.safe_to_evict == Some(true) {
        return None;
    }
    if matches!(plan.controller, Controller::Pod | Controller::Trace { .. }) {
        return Some(Blocked::NotReplicated(pod));
    }
    if profile.skip_nodes_with_system_pods && plan.namespace == "kube-system" && world.budgets_of(pod).next().is_none()
    {
        let until =
            (world.version.minor >= SYSTEM_PODS_AGE_SINCE).then(|| world.pods[pod].times.created + SYSTEM_POD_BLOCKS);
        // A system pod that has blocked for its time passes every later rule too.
        return until.is_none_or(|until| until > world.clock).then_some(Blocked::SystemPod(pod, until));
    }
    if plan.template.safe_to_evict == Some(false) {
        return Some(Blocked::NotSafeToEvict(pod));
    }
    if profile.skip_nodes_with_local_storage && plan.template.local_storage {
        return Some(Blocked::LocalStorage(pod));
    }
    world.budgets_of(pod).find(|budget| disruptions.0[budget] < 1).map(|budget| Blocked::Budget(pod, budget))
}
