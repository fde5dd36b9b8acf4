//! DefaultPreemption: a pod that fits nowhere may take the place of less important ones.
//!
//! Source: kube-scheduler 1.31 to 1.36. From 1.33 the victims are deleted by a goroutine while the scheduler goes on; here they are
//! deleted at the instant of the decision in every version. A pod's start time is here the moment at which it was bound.

mod choice;
mod dry_run;
#[cfg(test)]
mod tests;

use super::decide::cycle;
use super::node_tree::NodeTree;
use super::nominations::Nominations;
use crate::cluster::{BudgetId, NodeId, NodeInfo, PodId, World};
use crate::kernel::Id;
use crate::placement::Code;
use crate::placement::filter::Filters;
use choice::choose;
use dry_run::{Allowance, Candidate, DryRun, Place, RunningPod};

pub use dry_run::verdict;

/// At least so many candidates are looked for (`minCandidateNodesAbsolute`).
const MIN_CANDIDATES: usize = 100;

/// At least so many percent of the nodes are looked for (`minCandidateNodesPercentage`).
const MIN_CANDIDATES_PERCENT: usize = 10;

/// What comes of preemption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The pod may not preempt, or its victims are about to go: what it was promised stays.
    Wait,
    /// No node could be made to fit; what it was promised is void.
    Hopeless,
    /// These pods are to go from the node, the most important first.
    Take {
        /// The node.
        node: NodeId,
        /// The pods.
        victims: Vec<PodId>,
    },
}

/// What the pod, which the filters rejected on every node, may do to get a place. `attempt` names the draw of the first node.
#[must_use]
pub fn decide(world: &World, pod: PodId, tree: &NodeTree, nominations: &Nominations, attempt: u32) -> Outcome {
    if world.template(pod).never_preempts {
        return Outcome::Wait;
    }
    if !has_lesser_pods(world, pod) {
        return Outcome::Hopeless;
    }
    let infos: Vec<&NodeInfo> = tree.order().iter().map(|node| &world.nodes[*node].info).collect();
    let cycle = cycle(world, pod, &infos);
    let Ok(mut filters) = Filters::prepare(&cycle) else {
        return Outcome::Hopeless; // A plugin rejected every node at once, whatever runs there.
    };
    let mut resolvable = Vec::new();
    for (position, node) in tree.order().iter().enumerate() {
        let promised = nominations.on(world, *node, pod);
        if verdict(&mut filters, cycle.templates, infos[position], &promised) == Err(Code::Unschedulable) {
            resolvable.push(position);
        }
    }
    if let Some(position) = world.pods[pod].nominated.and_then(|node| tree.position(node))
        && resolvable.contains(&position)
        && awaits_victims(world, pod, tree.order()[position])
    {
        return Outcome::Wait;
    }
    let first = first_candidate(world, pod, resolvable.len(), attempt);
    resolvable.rotate_left(first);
    let place = |position: usize| {
        let node = tree.order()[position];
        Place { position, pods: lesser_pods(world, pod, node), promised: nominations.on(world, node, pod) }
    };
    let dry_run = DryRun { cycle: &cycle, filters, allowance: allowance(world) };
    match choose(candidates(dry_run, resolvable.into_iter().map(place))) {
        None => Outcome::Hopeless,
        Some(Candidate { position, victims, .. }) => {
            Outcome::Take { node: tree.order()[position], victims: victims.iter().map(|victim| victim.pod).collect() }
        }
    }
}

/// Tries place after place until there are enough candidates, one of which violates no budget.
fn candidates(mut dry_run: DryRun<'_, '_>, places: impl ExactSizeIterator<Item = Place>) -> Vec<Candidate> {
    let wanted = candidates_to_find(places.len());
    let mut found: Vec<Candidate> = Vec::new();
    for place in places {
        found.extend(dry_run.on(&place));
        if found.len() >= wanted && found.iter().any(|candidate| candidate.violations == 0) {
            break;
        }
    }
    found
}

/// How many candidates are enough among so many nodes.
fn candidates_to_find(nodes: usize) -> usize {
    (nodes * MIN_CANDIDATES_PERCENT / 100).max(MIN_CANDIDATES).min(nodes)
}

/// With which of the nodes the search begins.
fn first_candidate(world: &World, pod: PodId, nodes: usize, attempt: u32) -> usize {
    if nodes < 2 {
        return 0;
    }
    // A stream of the pod and its attempt: another policy's preemptions do not shift this draw.
    let stream = &mut world.streams.stream("preemption-offset", &format!("{}/{attempt}", world.pods[pod].name));
    usize::try_from(stream.below(nodes as u64)).expect("an index below a length fits")
}

/// True when any pod in the cluster is less important and bound: otherwise there is nothing to gain.
fn has_lesser_pods(world: &World, pod: PodId) -> bool {
    let priority = world.template(pod).priority;
    let is_lesser = |plan: usize| world.plan.workloads[plan].template.priority < priority;
    let mut lesser = world.workloads.iter().map(|(_, workload)| workload).filter(|workload| is_lesser(workload.plan));
    lesser.any(|workload| workload.pods.iter().any(|pod| world.pods[*pod].node.is_some()))
}

/// The pods on the node that are less important than `pod`.
fn lesser_pods(world: &World, pod: PodId, node: NodeId) -> Vec<RunningPod> {
    let priority = world.template(pod).priority;
    let running = |other: &PodId| RunningPod {
        pod: *other,
        workload: world.pods[*other].workload,
        priority: world.template(*other).priority,
        started: world.pods[*other].times.scheduled.unwrap_or(world.clock),
        terminating: world.pods[*other].times.deleted.is_some(),
    };
    world.nodes[node].pods.iter().map(running).filter(|other| other.priority < priority).collect()
}

/// True when a less important pod that was preempted is still going from the node.
fn awaits_victims(world: &World, pod: PodId, node: NodeId) -> bool {
    let is_going = |other: &RunningPod| other.terminating && world.pods[other.pod].preempted;
    lesser_pods(world, pod, node).iter().any(is_going)
}

/// What the disruption budgets allow at the moment. Pods without labels and budgets that select everything are none of their business.
fn allowance(world: &World) -> Allowance {
    let mut allowance = Allowance::default();
    for budget in world.budgets.ids() {
        let state = &world.budgets[budget];
        if world.plan.budgets[state.plan].selector.requirements.is_empty() {
            continue;
        }
        let labelled = |workload: &&_| !world.workload_plan(**workload).template.labels.is_empty();
        let covered: Vec<_> = state.workloads.iter().filter(labelled).copied().collect();
        allowance.add(BudgetId::index(budget), world.budget_status(budget).disruptions_allowed, &covered);
    }
    allowance
}
