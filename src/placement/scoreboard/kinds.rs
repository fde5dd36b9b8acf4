//! Kinds: nodes between which the scores and verdicts over several nodes make no difference.
//!
//! A kind is a list of numbers. What they mean is the row's affair; here they only have to be equal.

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

/// The kind of each node, and how many nodes are of each kind.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    known: IndexSet<Box<[i64]>, FxBuildHasher>,
    population: Vec<u32>,
    /// By position.
    column: Vec<u32>,
}

/// The kind of a node that has none yet.
const NONE: u32 = u32::MAX;

impl Kinds {
    /// For so many nodes, none of which has a kind yet.
    pub fn new(nodes: usize) -> Self {
        Self { column: vec![NONE; nodes], ..Self::default() }
    }

    /// The node at this position is of the kind with these numbers.
    pub fn set(&mut self, position: usize, numbers: &[i64]) {
        let kind = self.known.get_index_of(numbers).unwrap_or_else(|| {
            self.population.push(0);
            self.known.insert_full(numbers.into()).0
        });
        self.population[kind] += 1;
        let before = std::mem::replace(&mut self.column[position], u32::try_from(kind).expect("kinds are few"));
        if before != NONE {
            self.population[before as usize] -= 1;
        }
    }

    /// The kind of each node, by position.
    pub fn column(&self) -> &[u32] {
        &self.column
    }

    /// The numbers of a kind.
    pub fn numbers(&self, kind: usize) -> &[i64] {
        &self.known[kind]
    }

    /// The number of kinds, those without nodes among them.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// The number of nodes of a kind.
    pub fn population(&self, kind: usize) -> u32 {
        self.population[kind]
    }

    /// Kinds that some node is of.
    pub fn live(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|kind| self.population[*kind] > 0)
    }

    /// The node that was at position `from(p)`, if at any, is at `p` now.
    pub fn rearrange(&mut self, nodes: usize, from: impl Fn(usize) -> Option<usize>) {
        let kind_of = |position| from(position).map_or(NONE, |before| self.column[before]);
        self.column = (0..nodes).map(kind_of).collect();
        self.population.fill(0);
        for kind in self.column.iter().filter(|kind| **kind != NONE) {
            self.population[*kind as usize] += 1;
        }
    }
}
