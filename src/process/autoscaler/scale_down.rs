//! Scale-down: which nodes are unneeded, since when, and which of them go now.
//!
//! Source: cluster-autoscaler 1.31-1.37, `core/scaledown`. Not modelled: unready nodes as candidates, soft taints, and the
//! delay after a failed scale-down (only a failure to taint starts it, and tainting does not fail here).

use super::fitting::Fitting;
use super::grid::{Due, Grid};
use super::removal::{self, Disruptions, Effort};
use super::snapshot::{Snapshot, SnapshotNode, takes_pods};
use super::utilization::utilization;
use crate::catalog::AutoscalerProfile;
use crate::cluster::{NodeId, NodeInfo, PodId, PoolId, ProvisioningState, World};
use crate::kernel::{SimDuration, SimTime};
use crate::units::Resources;
use std::collections::BTreeMap;

/// A node that could not be removed is not looked at again for so long. Source: flag `unremovable-node-recheck-timeout`.
const RECHECK: SimDuration = SimDuration::from_mins(5);

/// Nodes drained at a time. Source: flag `max-drain-parallelism`.
const DRAINS: usize = 1;

/// What the loop remembers of nodes between its scans.
#[derive(Clone, Debug, Default)]
pub(super) struct ScaleDown {
    unneeded: BTreeMap<NodeId, Unneeded>,
    /// Candidates that could not be removed, with the time of that verdict. A node that was no candidate since has none.
    unremovable: BTreeMap<NodeId, SimTime>,
}

/// A node that is not needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unneeded {
    since: SimTime,
    effort: Effort,
}

/// When actions of the loop last happened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastActions {
    /// The scan that last decided to scale up.
    pub(super) scale_up: Option<SimTime>,
    /// The scan that last began a removal.
    pub(super) removal: Option<SimTime>,
}

impl LastActions {
    /// From when on nodes may be removed again.
    pub(super) fn scale_down_opens(self, profile: &AutoscalerProfile) -> SimTime {
        let added = self.scale_up.map(|at| at + profile.scale_down_delay_after_add);
        let deleted = self.removal.map(|at| at + profile.scale_down_delay_after_delete);
        added.max(deleted).unwrap_or(SimTime::ZERO)
    }
}

/// True when some node might be unneeded: the cheap question that lets most scans end at once.
pub(super) fn has_candidates(world: &World, pools: &[PoolId]) -> bool {
    pools.iter().any(|pool| may_shrink(world, *pool))
        && world.live_nodes.iter().any(|node| {
            let state = &world.nodes[*node];
            is_candidate(world, pools, *node) && is_idle(world, &state.info, &state.pods)
        })
}

impl ScaleDown {
    /// Forgets everything that is timed.
    pub(super) fn forget(&mut self) {
        self.unneeded.clear();
    }

    /// Judges every candidate anew on the snapshot, which keeps the simulated moves. True when the set of unneeded nodes changed.
    pub(super) fn update(
        &mut self,
        world: &World,
        snapshot: &mut Snapshot,
        pools: &[PoolId],
        grid: &Grid,
        due: &mut Due,
    ) -> bool {
        let fitting = Fitting::of(world);
        let mut disruptions = Disruptions::of(world);
        let most = self.most_unneeded(world);
        let mut unneeded = BTreeMap::new();
        let mut verdicts = BTreeMap::new();
        for (index, node) in self.candidates(world, snapshot, pools, &disruptions) {
            if unneeded.len() >= most {
                break;
            }
            if let Some(verdict) = self.standing_verdict(node, world.clock, grid) {
                due.from(verdict + grid.round_up(RECHECK));
                verdicts.insert(node, verdict);
                continue;
            }
            match removal::simulate(world, &fitting, snapshot, index, &mut disruptions) {
                Ok(effort) => {
                    let since = self.unneeded.get(&node).map_or(world.clock, |known| known.since);
                    unneeded.insert(node, Unneeded { since, effort });
                }
                Err(blocked) => {
                    verdicts.insert(node, world.clock);
                    if let Some(until) = blocked.until() {
                        due.from(next_verdict(world.clock, until, grid));
                    }
                }
            }
        }
        let changed = unneeded != self.unneeded;
        self.unneeded = unneeded;
        self.unremovable = verdicts;
        changed
    }

    /// The nodes to remove now, empty ones first. `leaving` are the removals in progress; `due` learns when the next timer ends.
    pub(super) fn removals(
        &self,
        world: &World,
        last: LastActions,
        leaving: &BTreeMap<NodeId, Effort>,
        due: &mut Due,
    ) -> Vec<(NodeId, Effort)> {
        let profile = &world.plan.cluster.autoscaler;
        let open_from = last.scale_down_opens(profile);
        let mut ripe = Vec::new();
        for (node, unneeded) in &self.unneeded {
            let ripe_after = unneeded.since + profile.scale_down_unneeded_time;
            // Without an unneeded time a node is ripe at once; with one it must be over, not just reached.
            let is_ripe = profile.scale_down_unneeded_time.is_zero() || ripe_after < world.clock;
            if is_ripe && open_from <= world.clock {
                ripe.push((*node, unneeded.effort));
            } else if open_from > ripe_after {
                due.from(open_from);
            } else {
                due.after(ripe_after);
            }
        }
        ripe.sort_by_key(|(node, effort)| (*effort, *node));
        within_bounds(world, ripe, leaving)
    }

    /// The candidates with their places in the snapshot: empty nodes first, then those unneeded already, then the others.
    fn candidates(
        &self,
        world: &World,
        snapshot: &Snapshot,
        pools: &[PoolId],
        disruptions: &Disruptions,
    ) -> Vec<(usize, NodeId)> {
        let eligible = |(index, copy): (usize, &SnapshotNode)| {
            let node = copy.node?;
            (is_candidate(world, pools, node) && is_idle(world, &copy.info, &copy.pods)).then_some((index, node))
        };
        let mut candidates: Vec<_> = snapshot.nodes.iter().enumerate().filter_map(eligible).collect();
        candidates.sort_by_cached_key(|(index, node)| {
            let to_move = removal::pods_to_move(world, &snapshot.nodes[*index].pods, disruptions);
            let is_empty = to_move.is_ok_and(|pods| pods.is_empty());
            (!is_empty, !self.unneeded.contains_key(node), *node)
        });
        candidates
    }

    /// Upstream bounds how fast the set grows, so that a scan stays short.
    fn most_unneeded(&self, world: &World) -> usize {
        let profile = &world.plan.cluster.autoscaler;
        let interval = profile.scan_interval.micros();
        let scans = profile.scale_down_unneeded_time.micros().max(interval) / interval;
        let batch = profile.max_empty_bulk_delete as usize;
        let scans = usize::try_from(scans).unwrap_or(usize::MAX);
        (self.unneeded.len() + 2 * batch).min(batch.saturating_mul(scans).saturating_add(batch))
    }

    /// The time of the last verdict that the node cannot go, while that verdict stands.
    ///
    /// A loop that scans at every instant of the grid would have repeated the verdict whenever it expired, with the same result
    /// as long as the world did not change; those repetitions are counted in.
    fn standing_verdict(&self, node: NodeId, now: SimTime, grid: &Grid) -> Option<SimTime> {
        let first = *self.unremovable.get(&node)?;
        let period = grid.round_up(RECHECK);
        let last = first + period.times(now.since(first).micros() / period.micros());
        (last < now).then_some(last)
    }
}

/// The first verdict at or after `time` when one is given at `verdict` and repeated as it expires.
fn next_verdict(verdict: SimTime, time: SimTime, grid: &Grid) -> SimTime {
    let period = grid.round_up(RECHECK);
    verdict + period.times(time.saturating_since(verdict).micros().div_ceil(period.micros()))
}

/// True when the pool is larger than its minimum and is not being upgraded.
///
/// Assumption: AKS forbids scale-down of the nodes of a pool that it is upgrading.
fn may_shrink(world: &World, pool: PoolId) -> bool {
    let range = world.pools[pool].autoscaling;
    world.pools[pool].state != ProvisioningState::Upgrading
        && range.is_some_and(|range| world.pools[pool].target > range.min)
}

fn is_candidate(world: &World, pools: &[PoolId], node: NodeId) -> bool {
    let state = &world.nodes[node];
    !state.surge && pools.contains(&state.pool) && may_shrink(world, state.pool) && takes_pods(world, node)
}

/// True when the node is used no more than the profile's threshold.
fn is_idle(world: &World, node: &NodeInfo, pods: &[PodId]) -> bool {
    let profile = &world.plan.cluster.autoscaler;
    let mut left_out = Resources::default();
    if profile.ignore_daemonsets_utilization {
        for pod in pods.iter().filter(|pod| world.is_daemon(**pod)) {
            left_out.add(&world.template(*pod).requests);
        }
    }
    utilization(node, &left_out).is_some_and(|share| share <= profile.scale_down_utilization_threshold)
}

/// Those of the ripe nodes that may go together: down to each pool's minimum, within what is removed and drained at a time.
fn within_bounds(
    world: &World,
    ripe: Vec<(NodeId, Effort)>,
    leaving: &BTreeMap<NodeId, Effort>,
) -> Vec<(NodeId, Effort)> {
    let mut sizes: BTreeMap<PoolId, u32> = world.pools.iter().map(|(pool, state)| (pool, state.target)).collect();
    for node in leaving.keys() {
        let size = sizes.get_mut(&world.nodes[*node].pool).expect("every pool has a size");
        *size = size.saturating_sub(1);
    }
    let mut slots = (world.plan.cluster.autoscaler.max_empty_bulk_delete as usize).saturating_sub(leaving.len());
    let mut drains = DRAINS.saturating_sub(leaving.values().filter(|effort| **effort != Effort::Empty).count());
    let mut chosen = Vec::new();
    for (node, effort) in ripe {
        let pool = world.nodes[node].pool;
        let min = world.pools[pool].autoscaling.map_or(0, |range| range.min);
        let size = sizes.get_mut(&pool).expect("every pool has a size");
        if *size <= min || slots == 0 || effort != Effort::Empty && drains == 0 {
            continue;
        }
        *size -= 1;
        slots -= 1;
        drains -= usize::from(effort != Effort::Empty);
        chosen.push((node, effort));
    }
    chosen
}
