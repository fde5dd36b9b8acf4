//! Which node a pod gets, or why none: the scoreboard's answer where it knows the pod, the reference's otherwise.

use super::node_tree::NodeTree;
use crate::cluster::{NodeChange, NodeId, NodeInfo, PodId, WorkloadId, World};
use crate::kernel::Id;
use crate::placement::filter::{Filters, Scope, node_affinity};
use crate::placement::reference::{self, Nominated, Unschedulable};
use crate::placement::scoreboard::{Scoreboard, Surroundings};
use crate::placement::spread::Constraints;
use crate::placement::{Cycle, PodView, Rules, Tally};
use crate::scenario::plan::WorkloadPlan;
use std::collections::BTreeMap;

/// Debug builds ask the reference too, at every decision in clusters of up to so many nodes.
const CHECKED_NODES: usize = 200;

/// The part of the scheduler that knows nodes.
#[derive(Debug)]
pub struct Decider {
    tree: NodeTree,
    scoreboard: Scoreboard,
    /// The place in the order of nodes where the next search starts.
    next_start: usize,
    /// What is to be known of each workload.
    traits: Vec<Traits>,
    /// Why pods of a workload found no node, and the number of changes at which they did not.
    failures: BTreeMap<WorkloadId, (u64, Unschedulable)>,
}

/// What decides how the pods of a workload are decided about.
#[derive(Clone, Copy, Debug)]
struct Traits {
    /// The scoreboard knows such pods.
    on_scoreboard: bool,
    /// Where pods of other nodes are decides about such a pod.
    looks_around: bool,
}

impl Decider {
    /// A decider that has not looked at the world yet.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let traits = world.workloads.ids().map(|workload| Traits {
            on_scoreboard: Scoreboard::knows(&world.workload_plan(workload).template),
            looks_around: looks_around(world, workload),
        });
        Self {
            tree: NodeTree::default(),
            scoreboard: Scoreboard::default(),
            next_start: 0,
            traits: traits.collect(),
            failures: BTreeMap::new(),
        }
    }

    /// The nodes that the scheduler knows.
    #[must_use]
    pub const fn tree(&self) -> &NodeTree {
        &self.tree
    }

    /// Takes in what changed about nodes since the last time.
    pub fn take_in_changes(&mut self, world: &mut World) {
        let mut changes = std::mem::take(&mut world.node_changes);
        let may_be_listed = changes.iter().any(|change| matches!(change, NodeChange::Node(_)));
        if may_be_listed && self.tree.update(world) {
            self.scoreboard.set_order(self.tree.order(), &world.nodes);
            self.failures.clear();
        }
        for change in changes.drain(..) {
            self.scoreboard.note(change, &world.nodes);
        }
        world.node_changes = changes;
    }

    /// The node for the pod. Each of several equally good ones is as likely as the other.
    ///
    /// # Errors
    /// Why there is none.
    pub fn decide(&mut self, world: &World, pod: PodId, nominated: &[Nominated]) -> Result<NodeId, Unschedulable> {
        let traits = self.traits[world.pods[pod].workload.index()];
        match world.pods[pod].pinned {
            Some(node) if nominated.is_empty() && !traits.looks_around => self.decide_pinned(world, pod, node),
            None if nominated.is_empty() && traits.on_scoreboard => self.decide_on_scoreboard(world, pod),
            _ => self.decide_by_reference(world, pod, nominated),
        }
    }

    fn decide_on_scoreboard(&mut self, world: &World, pod: PodId) -> Result<NodeId, Unschedulable> {
        let around = Surroundings {
            nodes: &world.nodes,
            templates: &world.plan.workloads,
            profile: &world.plan.cluster.scheduler,
            rules: Rules::of(world.version),
        };
        let workload = world.pods[pod].workload;
        let start = self.next_start;
        let found = self.scoreboard.decide(workload, &around, start, |ties| draw(world, pod, ties));
        self.go_past(found.examined);
        if cfg!(debug_assertions) && self.tree.order().len() <= CHECKED_NODES {
            let expected = self.ask_reference(world, pod, start, &[]);
            let position = expected.outcome.as_ref().ok().map(|tied| choose(world, pod, tied));
            assert_eq!((found.position, found.examined), (position, expected.examined), "{}", world.pods[pod].name);
            if let Err(why) = expected.outcome {
                assert_eq!(self.why_none(world, pod), why, "{}", world.pods[pod].name);
            }
        }
        match found.position {
            Some(position) => Ok(self.tree.order()[position]),
            None => Err(self.why_none(world, pod)),
        }
    }

    /// The reference's reason why no node will do for such a pod, which stays the same while nothing changes.
    fn why_none(&mut self, world: &World, pod: PodId) -> Unschedulable {
        let (workload, changes) = (world.pods[pod].workload, self.scoreboard.changes());
        if let Some((at, why)) = self.failures.get(&workload)
            && *at == changes
        {
            return why.clone();
        }
        let outcome = self.ask_reference(world, pod, self.next_start, &[]).outcome;
        let why = outcome.err().unwrap_or_else(|| panic!("{} has a node after all", world.pods[pod].name));
        self.failures.insert(workload, (changes, why.clone()));
        why
    }

    /// A DaemonSet's pod has one node to go to, and none other has to be looked at.
    fn decide_pinned(&mut self, world: &World, pod: PodId, node: NodeId) -> Result<NodeId, Unschedulable> {
        let start = self.next_start;
        let decision = self.look_at_one_node(world, pod, node);
        if cfg!(debug_assertions) && self.tree.order().len() <= CHECKED_NODES {
            let expected = self.ask_reference(world, pod, start, &[]);
            let outcome = expected.outcome.map(|tied| self.tree.order()[choose(world, pod, &tied)]);
            assert_eq!(decision, outcome, "{}", world.pods[pod].name);
        }
        decision
    }

    fn look_at_one_node(&mut self, world: &World, pod: PodId, node: NodeId) -> Result<NodeId, Unschedulable> {
        let all = self.tree.order().len();
        if all == 0 {
            return self.decide_by_reference(world, pod, &[]);
        }
        let mut tally = Tally::default();
        let is_known = self.scoreboard.position(node).is_some();
        if is_known {
            self.go_past(1);
            let cycle = cycle(world, pod, &[]);
            let filters = Filters::prepare_those(&cycle, |plugin| plugin.scope != Scope::Cluster);
            let verdict = match &filters {
                Ok(filters) => filters.filter(&world.nodes[node].info),
                Err(rejection) => Err(rejection.clone()),
            };
            match verdict {
                Ok(()) => return Ok(node),
                Err(rejection) => tally.add(&rejection),
            }
        }
        let looked_at = usize::from(is_known);
        if looked_at < all {
            tally.plugins.insert(node_affinity::NAME);
        }
        Err(Unschedulable { message: tally.sentence(all, looked_at), plugins: tally.plugins })
    }

    fn decide_by_reference(
        &mut self,
        world: &World,
        pod: PodId,
        nominated: &[Nominated],
    ) -> Result<NodeId, Unschedulable> {
        let decision = self.ask_reference(world, pod, self.next_start, nominated);
        self.go_past(decision.examined);
        decision.outcome.map(|tied| self.tree.order()[choose(world, pod, &tied)])
    }

    fn ask_reference(&self, world: &World, pod: PodId, start: usize, nominated: &[Nominated]) -> reference::Decision {
        let infos: Vec<&NodeInfo> = self.tree.order().iter().map(|node| &world.nodes[*node].info).collect();
        reference::decide(&cycle(world, pod, &infos), start, nominated)
    }

    fn go_past(&mut self, examined: usize) {
        self.next_start = (self.next_start + examined) % self.tree.order().len().max(1);
    }
}

/// The cycle of a pod over these nodes.
#[must_use]
pub fn cycle<'a>(world: &'a World, pod: PodId, nodes: &'a [&'a NodeInfo]) -> Cycle<'a> {
    let claims = world.claims(pod);
    let of_workload = cycle_of(world, world.pods[pod].workload, world.pods[pod].pinned, nodes);
    Cycle { pod: PodView { claims, ..of_workload.pod }, ..of_workload }
}

/// The cycle of a pod of the workload, held to a node when it is a DaemonSet's, over these nodes.
#[must_use]
pub fn cycle_of<'a>(
    world: &'a World,
    workload: WorkloadId,
    pinned: Option<NodeId>,
    nodes: &'a [&'a NodeInfo],
) -> Cycle<'a> {
    let pinned = pinned.map(|node| &*world.nodes[node].info.name);
    Cycle {
        pod: PodView { pinned, ..PodView::of(&world.workload_plan(workload).template) },
        nodes,
        templates: &world.plan.workloads,
        profile: &world.plan.cluster.scheduler,
        rules: Rules::of(world.version),
    }
}

/// True when a filter that looks at the pods of all nodes has something to say about pods of the workload.
fn looks_around(world: &World, workload: WorkloadId) -> bool {
    let cycle = cycle_of(world, workload, None, &[]);
    let template = cycle.template();
    let keeps_away =
        |other: &WorkloadPlan| other.template.pod_affinity.required_anti.iter().any(|term| term.matches(template));
    !Constraints::of(&cycle, true).list.is_empty()
        || !template.claims.is_empty()
        || !template.pod_affinity.required.is_empty()
        || !template.pod_affinity.required_anti.is_empty()
        || world.plan.workloads.iter().any(keeps_away)
}

/// The position that the pod gets of these, which are equally good.
fn choose(world: &World, pod: PodId, tied: &[usize]) -> usize {
    if let [only] = tied { *only } else { tied[draw(world, pod, tied.len())] }
}

/// Which of so many equally good nodes the pod gets.
fn draw(world: &World, pod: PodId, ties: usize) -> usize {
    // A stream of the pod's own: another policy's ties do not shift this pod's draw.
    let choice = world.streams.stream("select-host", &world.pods[pod].name).below(ties as u64);
    usize::try_from(choice).expect("an index below a length fits")
}
