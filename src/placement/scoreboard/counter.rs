//! Pods counted by topology domain: what topology spread and inter-pod affinity look at, kept up to date node by node.

use super::{UNKNOWN, number};
use crate::cluster::{NodeInfo, PodGroup};
use crate::kernel::Id;
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeMap;

/// How finely nodes are told apart by a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    /// By the count on the node itself, whatever domain it is in.
    Node,
    /// By their domain: there are few.
    Domain,
    /// By the count in their domain: there are many domains, most of them alike.
    Count,
}

/// Pods, each worth a weight, counted over the domains of one label.
#[derive(Debug)]
pub(super) struct Counter {
    /// The label whose values make the domains.
    pub key: Box<str>,
    /// What a pod of each workload is worth, by workload, in each of the ways in which a node may count (from 1).
    pub weights: Vec<Vec<i64>>,
    /// Terminating pods do not count.
    pub skips_terminating: bool,
    /// Nodes without the label make a domain of their own, as if it were empty.
    pub takes_missing: bool,
    /// How finely nodes are told apart.
    pub grain: Grain,
    values: IndexSet<Box<str>, FxBuildHasher>,
    nodes: Vec<Place>,
    domains: Vec<Domain>,
    /// How many domains that count have each sum, for [`Grain::Count`].
    sums: BTreeMap<i64, u32>,
    total: i64,
}

/// What a node adds.
#[derive(Clone, Copy, Debug)]
struct Place {
    domain: u32,
    has_label: bool,
    /// In which way it counts; 0 for not at all.
    way: u8,
    count: i64,
}

const NOWHERE: Place = Place { domain: UNKNOWN, has_label: false, way: 0, count: 0 };

#[derive(Clone, Debug, Default)]
struct Domain {
    sum: i64,
    /// Nodes in it that count.
    counting: u32,
    /// Positions of all nodes in it, for [`Grain::Count`].
    members: Vec<u32>,
}

impl Counter {
    /// A counter that has not seen a node yet.
    pub fn new(key: &str, weights: Vec<Vec<i64>>, grain: Grain) -> Self {
        Self {
            key: key.into(),
            weights,
            skips_terminating: false,
            takes_missing: false,
            grain,
            values: IndexSet::default(),
            nodes: Vec::new(),
            domains: Vec::new(),
            sums: BTreeMap::new(),
            total: 0,
        }
    }

    /// True when pods of the workload are worth something.
    pub fn concerns(&self, workload: usize) -> bool {
        self.weights.iter().any(|weights| weights[workload] != 0)
    }

    /// Makes room for so many nodes.
    pub fn resize(&mut self, nodes: usize) {
        self.nodes.resize(nodes, NOWHERE);
    }

    /// The number of domains seen.
    pub fn domains(&self) -> usize {
        self.domains.len()
    }

    /// The node at the position is as `node` and counts in this `way`. Positions whose count may differ now go to `changed`.
    pub fn place(&mut self, position: usize, node: &NodeInfo, way: u8, changed: &mut Vec<u32>) {
        let label = node.labels.get(&*self.key);
        let value = label.map(String::as_str).or(self.takes_missing.then_some(""));
        let domain = value.map_or(UNKNOWN, |value| self.domain(value));
        let place = Place { domain, has_label: label.is_some(), way, count: self.count(node, way) };
        let before = self.nodes[position];
        if before.domain != domain && self.grain == Grain::Count {
            let number = number(position);
            if before.domain != UNKNOWN {
                self.domains[before.domain as usize].members.retain(|member| *member != number);
            }
            if domain != UNKNOWN {
                self.domains[domain as usize].members.push(number);
            }
        }
        self.put(position, place, changed);
    }

    /// The pods on the node at the position are others now.
    pub fn recount(&mut self, position: usize, node: &NodeInfo, changed: &mut Vec<u32>) {
        let place = self.nodes[position];
        self.put(position, Place { count: self.count(node, place.way), ..place }, changed);
    }

    fn put(&mut self, position: usize, place: Place, changed: &mut Vec<u32>) {
        let before = std::mem::replace(&mut self.nodes[position], place);
        changed.push(number(position));
        let same = before.domain == place.domain && (before.way > 0) == (place.way > 0) && before.count == place.count;
        if !same {
            self.adjust(before, -1, changed);
            self.adjust(place, 1, changed);
        }
    }

    fn adjust(&mut self, place: Place, sign: i64, changed: &mut Vec<u32>) {
        if place.domain == UNKNOWN || place.way == 0 {
            return;
        }
        let domain = &mut self.domains[place.domain as usize];
        let before = (domain.counting > 0).then_some(domain.sum);
        domain.sum += sign * place.count;
        domain.counting = if sign > 0 { domain.counting + 1 } else { domain.counting - 1 };
        let after = (domain.counting > 0).then_some(domain.sum);
        self.total += sign * place.count;
        if self.grain == Grain::Count {
            changed.extend(&domain.members);
            for (sum, sign) in [(before, -1), (after, 1)] {
                let Some(sum) = sum else { continue };
                let many = self.sums.entry(sum).or_default();
                *many = many.checked_add_signed(sign).expect("a sum that goes was there");
                if *many == 0 {
                    self.sums.remove(&sum);
                }
            }
        }
    }

    fn domain(&mut self, value: &str) -> u32 {
        let index = self.values.get_index_of(value).unwrap_or_else(|| {
            self.domains.push(Domain::default());
            self.values.insert_full(value.into()).0
        });
        u32::try_from(index).expect("domains are 32-bit")
    }

    /// What the pods on the node are worth when it counts in this way.
    fn count(&self, node: &NodeInfo, way: u8) -> i64 {
        let Some(weights) = usize::from(way).checked_sub(1).map(|way| &self.weights[way]) else { return 0 };
        let pods = |group: &PodGroup| {
            let skipped = if self.skips_terminating { group.terminating } else { 0 };
            weights[group.workload.index()] * i64::from(group.pods - skipped)
        };
        node.pods.iter().map(pods).sum()
    }

    /// Two numbers that tell nodes apart: which domain, or whether in any, and a count.
    pub fn numbers(&self, position: usize) -> [i64; 2] {
        let place = self.nodes[position];
        match self.grain {
            Grain::Node => [i64::from(place.has_label), place.count],
            Grain::Count if place.domain == UNKNOWN => [0, 0],
            Grain::Count => [i64::from(place.has_label), self.domains[place.domain as usize].sum],
            Grain::Domain if place.domain == UNKNOWN => [-1, 0],
            Grain::Domain => [2 * i64::from(place.domain) + i64::from(place.has_label), 0],
        }
    }

    /// The count in the domain of nodes with these numbers; `None` for nodes without the label.
    pub fn there(&self, [place, count]: [i64; 2]) -> Option<i64> {
        match self.grain {
            Grain::Node | Grain::Count => (place == 1).then_some(count),
            Grain::Domain => (place >= 0 && place % 2 == 1).then(|| self.domains[Self::index(place)].sum),
        }
    }

    /// The domain of nodes with these numbers, for [`Grain::Domain`]. A missing label may be one.
    pub fn domain_of(place: i64) -> Option<usize> {
        (place >= 0).then(|| Self::index(place))
    }

    fn index(place: i64) -> usize {
        usize::try_from(place / 2).expect("a place that is not negative")
    }

    /// The domain of the node at the position, if it is in one.
    pub fn domain_at(&self, position: usize) -> Option<u32> {
        Some(self.nodes[position].domain).filter(|domain| *domain != UNKNOWN)
    }

    /// The least count of all domains that count, and their number; `None` when none does.
    pub fn fewest(&self) -> Option<(i64, usize)> {
        if self.grain == Grain::Count {
            let number = self.sums.values().sum::<u32>() as usize;
            return self.sums.first_key_value().map(|(fewest, _)| (*fewest, number));
        }
        let counting = self.domains.iter().filter(|domain| domain.counting > 0);
        counting.clone().map(|domain| domain.sum).min().map(|fewest| (fewest, counting.count()))
    }

    /// The count over all domains.
    pub const fn total(&self) -> i64 {
        self.total
    }

    /// The node that was at position `from(p)`, if at any, is at `p` now. New nodes are still to be placed.
    pub fn rearrange(&mut self, nodes: usize, from: impl Fn(usize) -> Option<usize>) {
        let places = std::mem::take(&mut self.nodes);
        self.nodes = (0..nodes).map(|position| from(position).map_or(NOWHERE, |before| places[before])).collect();
        self.domains.fill(Domain::default());
        self.sums.clear();
        self.total = 0;
        let mut changed = Vec::new();
        for position in 0..nodes {
            let place = self.nodes[position];
            if place.domain != UNKNOWN && self.grain == Grain::Count {
                self.domains[place.domain as usize].members.push(number(position));
            }
            self.adjust(place, 1, &mut changed);
            changed.clear();
        }
    }
}
