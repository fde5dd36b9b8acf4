//! Scale-up: which pods want nodes, which pools would help, and the one that is asked.
//!
//! Source: cluster-autoscaler 1.31-1.37, `core/static_autoscaler.go` and `core/scaleup`. Not modelled: balancing between
//! similar pools, limits on the cluster's total of nodes, cores and memory, and group health.

use super::estimator::{Estimator, PodGroup};
use super::expander::ExpansionOption;
use super::fitting::Fitting;
use super::grid::Due;
use super::snapshot::{Snapshot, pod_view};
use super::template;
use crate::cluster::{NodeId, PodId, PoolId, World};
use crate::kernel::SimDuration;
use crate::scenario::plan::Controller;
use crate::units::{Bytes, MilliCpu, Resources};

/// Pods of a lower priority trigger no scale-up. Source: flag `expendable-pods-priority-cutoff`; azure-aks-docs,
/// cluster-autoscaler-overview.md, 2024-01-05.
const PRIORITY_CUTOFF: i32 = -10;

/// A burst whose oldest pod is younger waits for the next scan. Source: `unschedulablePodTimeBuffer`.
const BURST: SimDuration = SimDuration::from_secs(2);

/// Most nodes asked for at once. Source: flag `max-nodes-per-scaleup`.
const MOST_NODES: u32 = 1000;

/// What the pending pods call for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// No pod is without room.
    Nothing,
    /// All pods are so new that more of their burst may follow.
    Wait,
    /// Nodes of one of these pools; of none when no pool helps.
    Options(Vec<ExpansionOption>),
}

/// The pods that the scheduler tried and found no node for, in the order of workloads and births. Pods that were promised a node
/// will be scheduled, and gated ones do not want one yet.
pub(super) fn unschedulable_pods(world: &World) -> Vec<PodId> {
    let mut pods = Vec::new();
    for (_, workload) in world.workloads.iter() {
        let plan = &world.plan.workloads[workload.plan];
        let wants_nodes = plan.template.priority >= PRIORITY_CUTOFF && !plan.template.gated;
        if wants_nodes && !matches!(plan.controller, Controller::DaemonSet) {
            let waiting = |pod: &PodId| {
                world.pods[*pod].is_pending()
                    && world.pods[*pod].unschedulable.is_some()
                    && promised_node(world, *pod).is_none()
            };
            pods.extend(workload.pods.iter().copied().filter(waiting));
        }
    }
    pods
}

/// The node that the pending pod was promised, if it is there.
pub(super) fn promised_node(world: &World, pod: PodId) -> Option<NodeId> {
    let node = world.pods[pod].nominated.filter(|_| world.pods[pod].is_pending())?;
    super::snapshot::takes_pods(world, node).then_some(node)
}

/// What the pods without room call for. `due` learns when pods that are too young will count, and pools that are left alone.
pub(super) fn need(world: &World, snapshot: &Snapshot, pods: &[PodId], pools: &[OpenPool], due: &mut Due) -> Need {
    let delay = world.plan.cluster.autoscaler.new_pod_scale_up_delay;
    let mut old_enough = Vec::with_capacity(pods.len());
    for pod in pods {
        let counts_after = world.pods[*pod].times.created + delay;
        if delay.is_zero() || counts_after < world.clock {
            old_enough.push(*pod);
        } else {
            due.after(counts_after);
        }
    }
    let Some(oldest) = old_enough.iter().map(|pod| world.pods[*pod].times.created).min() else {
        return Need::Nothing;
    };
    if oldest + BURST > world.clock {
        return Need::Wait;
    }
    let (fitting, existing) = (Fitting::of(world), snapshot.infos());
    let groups = alike(world, &old_enough);
    let options = pools.iter().filter_map(|open| {
        let template = template::node_info(world, open.pool);
        let limit = open.room.min(MOST_NODES);
        let estimator = Estimator {
            fitting: &fitting,
            existing: &existing,
            template: &template,
            limit,
            minor: world.version.minor,
        };
        option(world, open.pool, &estimator, &groups)
    });
    Need::Options(options.collect())
}

/// A pool that may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenPool {
    /// The pool.
    pub(super) pool: PoolId,
    /// Nodes until its maximum.
    pub(super) room: u32,
}

/// Pods of one controller with the same volumes are alike and stand for each other. Groups come in the order of their first pods.
fn alike<'a>(world: &'a World, pods: &[PodId]) -> Vec<PodGroup<'a>> {
    let mut groups: Vec<PodGroup<'a>> = Vec::new();
    for pod in pods {
        let (workload, view) = (world.pods[*pod].workload, pod_view(world, *pod));
        let same = |group: &&mut PodGroup<'_>| group.workload == workload && group.pod.claims.ids == view.claims.ids;
        // Pods come sorted by priority and workload, so the group is the last one, or nearly.
        match groups.iter_mut().rev().find(same) {
            Some(group) => group.count += 1,
            None => groups.push(PodGroup { workload, pod: view, count: 1 }),
        }
    }
    groups
}

/// What nodes of this pool would do for the pods; `None` when nothing.
fn option(world: &World, pool: PoolId, estimator: &Estimator<'_>, groups: &[PodGroup<'_>]) -> Option<ExpansionOption> {
    let groups: Vec<_> = groups.iter().filter(|group| estimator.would_help(group)).copied().collect();
    let estimate = estimator.estimate(&groups);
    let requests = |of: fn(&Resources) -> u64| -> u64 {
        groups
            .iter()
            .zip(&estimate.placed)
            .map(|(group, count)| of(&group.pod.template.requests) * u64::from(*count))
            .sum()
    };
    let vm = world.pool_plan(pool).scale_set.as_ref()?.vm;
    (estimate.nodes > 0).then(|| ExpansionOption {
        pool,
        nodes: estimate.nodes,
        pods: estimate.placed.iter().sum(),
        cpu: MilliCpu::from_millis(requests(|one| one.cpu.millis())),
        memory: Bytes::new(requests(|one| one.memory.get())),
        node_cpu: MilliCpu::from_cores(vm.vcpus),
        node_memory: vm.memory,
    })
}
