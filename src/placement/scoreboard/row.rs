//! What is remembered of every node for the pods of one workload.

use super::amounts::{PlainPod, node_score};
use super::counter::Counter;
use super::images::Images;
use super::journal::Journal;
use super::kinds::Kinds;
use super::pick;
use super::roles::{Feasible, Roles, Spread};
use super::{Board, UNKNOWN, number};
use crate::cluster::{NodeChange, NodeId, NodeInfo};
use crate::kernel::Id;
use crate::placement::Cycle;
use crate::placement::filter::{Filters, Scope};
use crate::placement::reference::feasible_nodes_to_find;
use crate::placement::score::{self, Score};
use crate::placement::scoreboard::Found;
use fixedbitset::FixedBitSet;
use std::ops::Range;
use std::sync::Arc;

/// A kind begins with the raw numbers of the plugins that normalise one, in their order: so many.
const RAWS: usize = {
    let (mut count, mut plugin) = (0, 0);
    while plugin < score::PLUGINS.len() {
        count += matches!(score::PLUGINS[plugin].score, Score::Normalized { .. }) as usize;
        plugin += 1;
    }
    count
};
/// The images of nodes of the kind come next.
const IMAGES: usize = RAWS;
/// Two numbers for each counter follow.
const COUNTERS: usize = IMAGES + 1;

/// The local rank of a node that is not feasible.
const INFEASIBLE: u8 = 0;

/// The nodes in the eyes of one workload's pods.
#[derive(Debug)]
pub(super) struct Row {
    /// The order of the nodes that the columns are in.
    order: Arc<[NodeId]>,
    /// Number of the first change that is not taken in.
    seen: u64,
    plain: Option<PlainPod>,
    /// Nodes whose labels, taints and state let such pods in, by position. One bit a node, lest every change misses the cache.
    admits: FixedBitSet,
    /// The rank of each node by the weighted scores of the plugins that look at the node alone, by position: one more than their sum,
    /// or [`INFEASIBLE`].
    local: Vec<u8>,
    kinds: Kinds,
    counters: Vec<Counter>,
    roles: Roles,
    /// Workloads whose pods some counter counts.
    counted: Vec<bool>,
    images: Images,
    scratch: Scratch,
}

/// Lists that are filled anew at every use, kept for their memory.
#[derive(Debug, Default)]
struct Scratch {
    /// Positions whose kind may have changed.
    changed: Vec<u32>,
    numbers: Vec<i64>,
    /// Whether nodes of each kind pass.
    admits: Vec<bool>,
    /// How many feasible nodes of each kind the search met.
    nodes: Vec<u32>,
    /// What nodes of each kind score besides the local score.
    bonus: Vec<i16>,
    /// The rank of each node that the search went past by its total score.
    totals: Vec<u16>,
}

impl Row {
    /// A row that has taken in everything before change number `seen`.
    pub fn new(board: &Board<'_>, cycle: &Cycle<'_>, seen: u64, domains: impl FnMut(&str) -> usize) -> Self {
        let nodes = board.order.len();
        let (roles, mut counters) = Roles::of(cycle, domains);
        counters.iter_mut().for_each(|counter| counter.resize(nodes));
        let counted = |workload| counters.iter().any(|counter| counter.concerns(workload));
        let mut row = Self {
            order: Arc::clone(board.order),
            seen,
            plain: PlainPod::of(cycle),
            admits: FixedBitSet::with_capacity(nodes),
            local: vec![INFEASIBLE; nodes],
            kinds: Kinds::new(nodes),
            counted: (0..cycle.templates.workloads()).map(counted).collect(),
            counters,
            roles,
            images: Images::new(&cycle.template().container_images),
            scratch: Scratch::default(),
        };
        row.take_in_nodes(board, cycle, 0..nodes);
        row.scratch.changed.clear();
        row.images.refresh(board, &row.kinds, IMAGES);
        row
    }

    /// Takes in what changed since the row was last used. False when it is better made anew.
    pub fn catch_up(&mut self, board: &Board<'_>, cycle: &Cycle<'_>, journal: &Journal) -> bool {
        let Some(changes) = journal.since(self.seen) else { return false };
        if self.kinds.len() > 4 * board.order.len() + 1024 {
            return false; // Most of them are of no node any more.
        }
        if !Arc::ptr_eq(&self.order, board.order) {
            self.rearrange(board, cycle);
        }
        let mut of_pods = None;
        for change in changes {
            let (NodeChange::Pods(node, _) | NodeChange::Images(node) | NodeChange::Node(node)) = change;
            let Some(position) = board.position(node) else { continue };
            match change {
                NodeChange::Pods(_, workload) => {
                    self.local[position] = self.local_score(board, cycle, position, &mut of_pods);
                    if self.counted[workload.index()] {
                        self.recount(position, board.around.nodes.info(node));
                    }
                }
                NodeChange::Images(_) => self.see_images(position, board.around.nodes.info(node)),
                NodeChange::Node(_) => {
                    self.take_in_nodes(board, cycle, [position]);
                    self.sort_changed();
                }
            }
        }
        self.seen = journal.end();
        self.images.refresh(board, &self.kinds, IMAGES);
        true
    }

    /// Looks for a node, beginning at number `start`. `draw` picks one of so many equally good ones.
    pub fn decide(&mut self, cycle: &Cycle<'_>, start: usize, draw: impl FnOnce(usize) -> usize) -> Found {
        let nodes = self.order.len();
        let wanted = feasible_nodes_to_find(nodes, cycle.profile.percentage_of_nodes_to_score);
        let start = start % nodes;
        let only = {
            let mut live = self.kinds.live();
            live.next().filter(|_| live.next().is_none())
        };
        if let Some(kind) = only {
            if !self.admits(kind) {
                return Found { position: None, examined: nodes };
            }
            // Where all nodes are of one kind whatever the kind decides is the same for all.
            let (position, examined) = pick::best(&self.local, start, wanted, draw);
            return Found { position, examined };
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let examined = self.search(start, wanted, &mut scratch);
        let window = [start..nodes.min(start + examined), 0..(start + examined).saturating_sub(nodes)];
        self.fill_bonus(cycle, &window, &mut scratch);
        self.fill_totals(&window, &mut scratch);
        let (best, _) = pick::best(&scratch.totals, 0, usize::MAX, draw);
        self.scratch = scratch;
        Found { position: best.map(|index| (start + index) % nodes), examined }
    }

    /// Finds out which kinds pass, and how many feasible nodes of each the search meets until it has enough. Returns how many nodes it
    /// goes past.
    fn search(&self, start: usize, wanted: usize, scratch: &mut Scratch) -> usize {
        let live = |kind| self.kinds.population(kind) > 0;
        scratch.admits.clear();
        scratch.admits.extend((0..self.kinds.len()).map(|kind| live(kind) && self.admits(kind)));
        scratch.nodes.clear();
        scratch.nodes.resize(self.kinds.len(), 0);
        let (mut found, mut examined) = (0, 0);
        for part in [start..self.local.len(), 0..start] {
            for (local, kind) in self.local[part.clone()].iter().zip(&self.kinds.column()[part]) {
                let kind = *kind as usize;
                if *local > INFEASIBLE && scratch.admits[kind] {
                    if found == wanted {
                        return examined;
                    }
                    found += 1;
                    scratch.nodes[kind] += 1;
                }
                examined += 1;
            }
        }
        examined
    }

    /// The rank of each node of the window by its total score.
    fn fill_totals(&self, window: &[Range<usize>; 2], scratch: &mut Scratch) {
        scratch.totals.clear();
        let (bonus, totals) = (&scratch.bonus, &mut scratch.totals);
        for part in window {
            let nodes = self.local[part.clone()].iter().zip(&self.kinds.column()[part.clone()]);
            // The bonus of a kind that does not pass is so low that no total rises above it.
            totals.extend(nodes.map(|(local, kind)| match *local {
                INFEASIBLE => 0,
                local => (i16::from(local) + bonus[*kind as usize]).max(0).cast_unsigned(),
            }));
        }
    }

    /// What each kind of feasible nodes scores besides the local score.
    fn fill_bonus(&self, cycle: &Cycle<'_>, window: &[Range<usize>; 2], scratch: &mut Scratch) {
        let kinds: Vec<(usize, u32)> =
            scratch.nodes.iter().copied().enumerate().filter(|(_, nodes)| *nodes > 0).collect();
        scratch.bonus.clear();
        scratch.bonus.extend(scratch.admits.iter().map(|admits| if *admits { 0 } else { i16::MIN / 2 }));
        let mut give = |kind: usize, score: i64| {
            scratch.bonus[kind] += i16::try_from(score).expect("a weighted score is small");
        };
        for (number, (plugin, reverse)) in normalizing(cycle).enumerate() {
            let Some(plugin) = plugin else { continue };
            let raw = |kind: usize| self.kinds.numbers(kind)[number];
            let largest = kinds.iter().map(|(kind, _)| raw(*kind)).max().unwrap_or(0);
            for (kind, _) in &kinds {
                give(*kind, plugin.weight * score::normalized(raw(*kind), largest, reverse));
            }
        }
        for (kind, _) in &kinds {
            let images = self.kinds.numbers(*kind)[IMAGES];
            give(*kind, score::image_locality::PLUGIN.weight * self.images.score(images));
        }
        let is_feasible = |position: usize| {
            let kind = self.kinds.column()[position] as usize;
            (self.local[position] > INFEASIBLE && scratch.admits[kind]).then_some(kind)
        };
        let feasible = Feasible { kinds: &kinds, window, kind_at: &is_feasible };
        let numbers = |kind, counter| self.numbers(kind, counter);
        let spread = self.roles.spread_scores(&self.counters, &feasible, numbers);
        let affinity = self.roles.affinity_scores(&self.counters, &feasible, numbers);
        let (spread_weight, affinity_weight) =
            (score::pod_topology_spread::PLUGIN.weight, score::inter_pod_affinity::PLUGIN.weight);
        for (weight, scores) in [(spread_weight, spread), (affinity_weight, affinity)] {
            for ((kind, _), score) in kinds.iter().zip(scores.iter().flatten()) {
                give(*kind, weight * score);
            }
        }
    }

    fn admits(&self, kind: usize) -> bool {
        !self.roles.filters() || self.roles.admits(&self.counters, |counter| self.numbers(kind, counter))
    }

    /// The numbers of a counter in a kind.
    fn numbers(&self, kind: usize, counter: usize) -> [i64; 2] {
        let at = COUNTERS + 2 * counter;
        let numbers = self.kinds.numbers(kind);
        [numbers[at], numbers[at + 1]]
    }

    /// Takes in everything about the nodes at these positions.
    fn take_in_nodes(
        &mut self,
        board: &Board<'_>,
        cycle: &Cycle<'_>,
        positions: impl IntoIterator<Item = usize> + Clone,
    ) {
        let of_node = Filters::prepare_those(cycle, |plugin| plugin.scope == Scope::Node).ok();
        let mut of_pods = None;
        let (spread, mut ways) = (Spread::of(cycle), vec![0; self.counters.len()]);
        for position in positions.clone() {
            let node = board.around.nodes.info(board.order[position]);
            let admits = of_node.as_ref().is_some_and(|filters| filters.filter(node).is_ok());
            self.admits.set(position, admits);
            self.local[position] = self.local_score(board, cycle, position, &mut of_pods);
            if !self.counters.is_empty() {
                self.roles.ways(&spread, &cycle.pod, node, &mut ways);
                for (counter, way) in self.counters.iter_mut().zip(&ways) {
                    counter.place(position, node, *way, &mut self.scratch.changed);
                }
            }
        }
        let normalizing: Vec<_> = normalizing(cycle).collect();
        for position in positions {
            let node = board.around.nodes.info(board.order[position]);
            let mut numbers = std::mem::take(&mut self.scratch.numbers);
            numbers.clear();
            numbers.extend(normalizing.iter().map(|(plugin, _)| plugin.map_or(0, |plugin| raw(plugin, cycle, node))));
            numbers.push(self.images.on(node));
            numbers.extend(self.counters.iter().flat_map(|counter| counter.numbers(position)));
            self.kinds.set(position, &numbers);
            self.scratch.numbers = numbers;
        }
        self.images.expire();
    }

    fn recount(&mut self, position: usize, node: &NodeInfo) {
        for counter in &mut self.counters {
            counter.recount(position, node, &mut self.scratch.changed);
        }
        self.sort_changed();
    }

    /// Gives the nodes whose counts changed the kinds that they are of now. All of them have a kind.
    fn sort_changed(&mut self) {
        let mut changed = std::mem::take(&mut self.scratch.changed);
        changed.sort_unstable();
        changed.dedup();
        for position in changed.drain(..) {
            let position = position as usize;
            self.reconsider(position, |numbers, counters| {
                for (counter, numbers) in counters.iter().zip(numbers[COUNTERS..].chunks_exact_mut(2)) {
                    numbers.copy_from_slice(&counter.numbers(position));
                }
            });
        }
        self.scratch.changed = changed;
    }

    fn see_images(&mut self, position: usize, node: &NodeInfo) {
        let images = self.images.on(node);
        self.reconsider(position, |numbers, _| numbers[IMAGES] = images);
        self.images.expire();
    }

    /// Gives a node the kind that differs from its own by `change`.
    fn reconsider(&mut self, position: usize, change: impl FnOnce(&mut [i64], &[Counter])) {
        let kind = self.kinds.column()[position];
        let mut numbers = std::mem::take(&mut self.scratch.numbers);
        numbers.clear();
        numbers.extend_from_slice(self.kinds.numbers(kind as usize));
        change(&mut numbers, &self.counters);
        self.kinds.set(position, &numbers);
        self.scratch.numbers = numbers;
    }

    /// The verdict and score that the node alone decides. `of_pods` keeps the filters between calls.
    #[inline]
    fn local_score<'c>(
        &self,
        board: &Board<'_>,
        cycle: &Cycle<'c>,
        position: usize,
        of_pods: &mut Option<Filters<'c>>,
    ) -> u8 {
        if !self.admits.contains(position) {
            return INFEASIBLE;
        }
        match self.plain.as_ref().and_then(|plain| plain.score(&board.amounts[position])) {
            Some(score) => score.map_or(INFEASIBLE, |score| score + 1),
            None => plugins_score(board, cycle, position, of_pods),
        }
    }

    /// Brings the columns into the board's order of nodes. Nodes that are new are taken in.
    fn rearrange(&mut self, board: &Board<'_>, cycle: &Cycle<'_>) {
        let last = self.order.iter().chain(board.order.iter()).map(|node| node.index()).max().unwrap_or(0);
        let mut before = vec![UNKNOWN; last + 1];
        for (position, node) in self.order.iter().enumerate() {
            before[node.index()] = number(position);
        }
        let from = |position: usize| {
            let before = before[board.order[position].index()];
            (before != UNKNOWN).then_some(before as usize)
        };
        let nodes = board.order.len();
        let admitted = (0..nodes).filter(|position| from(*position).is_some_and(|at| self.admits.contains(at)));
        let mut admits = FixedBitSet::with_capacity(nodes);
        admits.extend(admitted);
        self.admits = admits;
        self.local = (0..nodes).map(|position| from(position).map_or(INFEASIBLE, |at| self.local[at])).collect();
        self.kinds.rearrange(nodes, from);
        self.counters.iter_mut().for_each(|counter| counter.rearrange(nodes, from));
        self.order = Arc::clone(board.order);
        let (old, new): (Vec<usize>, Vec<usize>) = (0..nodes).partition(|position| from(*position).is_some());
        // Counts of domains fell with the nodes that left.
        if !self.counters.is_empty() {
            self.scratch.changed.extend(old.into_iter().map(number));
            self.sort_changed();
        }
        self.take_in_nodes(board, cycle, new);
        self.sort_changed();
    }
}

/// The verdict and score of the plugins that look at one node and its pods.
fn plugins_score<'c>(board: &Board<'_>, cycle: &Cycle<'c>, position: usize, of_pods: &mut Option<Filters<'c>>) -> u8 {
    let node = board.around.nodes.info(board.order[position]);
    let filters = of_pods.get_or_insert_with(|| {
        let prepared = Filters::prepare_those(cycle, |plugin| plugin.scope == Scope::Pods);
        prepared.unwrap_or_else(|_| panic!("filters that look at single nodes do not reject all of them"))
    });
    if filters.filter(node).is_err() {
        return INFEASIBLE;
    }
    u8::try_from(node_score(cycle, node) + 1).expect("the plugins that look at single nodes give at most 254 together")
}

/// The plugins that normalise a raw number of the node, `None` for one that has nothing to say about the pod; and whether the
/// largest scores least.
fn normalizing(cycle: &Cycle<'_>) -> impl Iterator<Item = (Option<&'static score::Plugin>, bool)> {
    score::PLUGINS.iter().filter_map(|plugin| match plugin.score {
        Score::Normalized { reverse, .. } => Some(((!(plugin.is_skipped)(cycle)).then_some(plugin), reverse)),
        Score::Node(_) | Score::Cluster(_) => None,
    })
}

fn raw(plugin: &score::Plugin, cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
    match plugin.score {
        Score::Normalized { raw, .. } => raw(cycle, node),
        Score::Node(_) | Score::Cluster(_) => 0,
    }
}
