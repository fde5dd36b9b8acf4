//! The scheduler's everyday path: what it remembers of every node for the pods of every workload.
//!
//! Pods of one workload are alike, so they share a row: for each node the verdict and the score that the node alone decides,
//! and a *kind*, which stands for all that the scores and verdicts over several nodes depend on. A bind changes one node; each row
//! takes such changes in when its workload is next scheduled. A decision then runs over two columns of small numbers instead of over
//! nodes and plugins, and whatever is normalised or counted over many nodes is computed once a kind. Decisions are those of
//! [`reference::decide`](super::reference::decide), to the node.

mod amounts;
mod counter;
mod images;
mod journal;
mod kinds;
mod pick;
mod roles;
mod row;
#[cfg(test)]
mod tests;

use super::filter::node_affinity;
use super::{Cycle, PodView, Rules};
use crate::cluster::{NodeChange, NodeId, NodeInfos, Templates, WorkloadId};
use crate::kernel::Id;
use crate::scenario::plan::{PodTemplate, SchedulerPlan};
use amounts::NodeAmounts;
use journal::Journal;
use row::Row;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Position of a node that the scheduler does not know.
const UNKNOWN: u32 = u32::MAX;

/// What the pods of a workload are scheduled by besides what the scoreboard remembers.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The nodes.
    pub nodes: &'a dyn NodeInfos,
    /// The templates of all pods.
    pub templates: &'a dyn Templates,
    /// The scheduler's configuration.
    pub profile: &'a SchedulerPlan,
    /// What the version decides.
    pub rules: Rules,
}

/// A node for a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its position in the order of the search; `None` when no node is feasible.
    pub position: Option<usize>,
    /// Nodes that the search went past: the next one starts so much further.
    pub examined: usize,
}

/// Verdicts and scores of every node for the pods of every workload that was scheduled.
#[derive(Debug, Default)]
pub struct Scoreboard {
    /// The nodes in the order of the search.
    order: Arc<[NodeId]>,
    /// The position of each node in that order, by id.
    positions: Vec<u32>,
    /// What the nodes have and what is taken of it, by position.
    amounts: Vec<NodeAmounts>,
    /// What changed lately, for rows that have not taken it in.
    journal: Journal,
    /// A row for each workload that was scheduled.
    rows: Vec<Option<Box<Row>>>,
    /// The number of values of labels that counters are about.
    domains: BTreeMap<Box<str>, usize>,
    /// The rules that the rows were made by.
    rules: Rules,
}

/// What a row is brought up to date from.
#[derive(Clone, Copy)]
struct Board<'a> {
    order: &'a Arc<[NodeId]>,
    positions: &'a [u32],
    amounts: &'a [NodeAmounts],
    around: &'a Surroundings<'a>,
}

impl Scoreboard {
    /// True for pods that the scoreboard can decide about. The others need the reference: pods held to certain nodes by name, of
    /// which few are looked at anyway, and pods with volumes, which are not alike.
    #[must_use]
    pub fn knows(template: &PodTemplate) -> bool {
        template.claims.is_empty()
            && node_affinity::node_names(&PodView::of(template)).is_none()
            && template.container_images.len() <= images::MOST_CONTAINERS
    }

    /// The nodes and their order are these from now on.
    pub fn set_order(&mut self, order: &[NodeId], nodes: &dyn NodeInfos) {
        let known = std::mem::replace(&mut self.order, order.into());
        for node in known.iter() {
            self.positions[node.index()] = UNKNOWN;
        }
        for (position, node) in order.iter().enumerate() {
            if self.positions.len() <= node.index() {
                self.positions.resize(node.index() + 1, UNKNOWN);
            }
            self.positions[node.index()] = number(position);
        }
        self.domains.clear();
        self.amounts = order.iter().map(|node| NodeAmounts::of(nodes.info(*node))).collect();
        // A node that comes back is another than it was: nobody noted what changed meanwhile.
        let known: BTreeSet<NodeId> = known.iter().copied().collect();
        for node in order.iter().filter(|node| !known.contains(node)) {
            self.journal.push(NodeChange::Node(*node), order.len());
        }
    }

    /// Something about a node changed.
    pub fn note(&mut self, change: NodeChange, nodes: &dyn NodeInfos) {
        let (NodeChange::Pods(node, _) | NodeChange::Images(node) | NodeChange::Node(node)) = change;
        if let Some(position) = self.position(node) {
            self.amounts[position] = NodeAmounts::of(nodes.info(node));
            self.journal.push(change, self.order.len());
        }
    }

    /// The position of the node in the order of the search; `None` for one that the scheduler does not know.
    #[must_use]
    pub fn position(&self, node: NodeId) -> Option<usize> {
        position(&self.positions, node)
    }

    /// How many changes of nodes there were: while this and the order stay the same, so does what is decided.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.journal.end()
    }

    /// Looks for a node for a pod of the workload, beginning at number `start` of the order. `draw` picks one of so many equally good
    /// ones.
    pub fn decide(
        &mut self,
        workload: WorkloadId,
        around: &Surroundings<'_>,
        start: usize,
        draw: impl FnOnce(usize) -> usize,
    ) -> Found {
        if self.rules != around.rules {
            self.rules = around.rules;
            self.rows.clear();
        }
        if self.order.is_empty() {
            return Found { position: None, examined: 0 };
        }
        let index = workload.index();
        if self.rows.len() <= index {
            self.rows.resize_with(index + 1, || None);
        }
        let board = Board { order: &self.order, positions: &self.positions, amounts: &self.amounts, around };
        let cycle = board.cycle(workload);
        let slot = &mut self.rows[index];
        if !slot.as_mut().is_some_and(|row| row.catch_up(&board, &cycle, &self.journal)) {
            let domains = |key: &str| *self.domains.entry(key.into()).or_insert_with(|| board.domains(key));
            *slot = Some(Box::new(Row::new(&board, &cycle, self.journal.end(), domains)));
        }
        let row = slot.as_mut().expect("a row was made where there was none");
        row.decide(&cycle, start, draw)
    }
}

impl<'a> Board<'a> {
    /// The cycle of a pod of the workload, as far as plugins need it that look at single nodes.
    fn cycle(&self, workload: WorkloadId) -> Cycle<'a> {
        let Surroundings { templates, profile, rules, .. } = *self.around;
        Cycle { pod: PodView::of(templates.template(workload)), nodes: &[], templates, profile, rules }
    }

    fn position(&self, node: NodeId) -> Option<usize> {
        position(self.positions, node)
    }

    /// The number of values that a label has.
    fn domains(&self, key: &str) -> usize {
        let values = self.order.iter().filter_map(|node| self.around.nodes.info(*node).labels.get(key));
        values.collect::<BTreeSet<_>>().len()
    }
}

fn position(positions: &[u32], node: NodeId) -> Option<usize> {
    let position = positions.get(node.index()).copied().filter(|position| *position != UNKNOWN);
    position.map(|position| position as usize)
}

/// A position as columns of them hold it.
fn number(position: usize) -> u32 {
    u32::try_from(position).expect("a cluster has fewer than 2^32 nodes")
}
