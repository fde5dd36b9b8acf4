//! PodTopologySpread's score: the fewer matching pods the domains of the soft constraints have, the better.

use super::{MAX_NODE_SCORE, Plugin, Score};
use crate::cluster::NodeInfo;
use crate::placement::Cycle;
use crate::placement::spread::{Constraint, Constraints, HOSTNAME};
use std::collections::{BTreeMap, BTreeSet};

/// The plugin.
pub const PLUGIN: Plugin =
    Plugin { name: "PodTopologySpread", weight: 2, is_skipped: |_| false, score: Score::Cluster(score) };

/// Normalised scores; `None` for a pod without soft constraints.
fn score<'a>(cycle: &Cycle<'a>, nodes: &[&'a NodeInfo]) -> Option<Vec<i64>> {
    let constraints = Constraints::of(cycle, false);
    if constraints.list.is_empty() {
        return None;
    }
    // Nodes that lack a label of the pod's own constraints score 0. The default constraints are more lenient.
    let is_ignored = |node: &NodeInfo| !constraints.by_default && !constraints.has_all_keys(node);
    let scored: Vec<&NodeInfo> = nodes.iter().copied().filter(|node| !is_ignored(node)).collect();
    let weights: Vec<f64> =
        constraints.list.iter().map(|constraint| weight(domains(constraint, &scored, scored.len()))).collect();
    let counts: Vec<BTreeMap<&str, i64>> =
        constraints.list.iter().map(|constraint| pods_by_domain(cycle, &constraints, constraint)).collect();
    let raw = |node: &NodeInfo| {
        let each = constraints.list.iter().zip(&weights).zip(&counts);
        let there = each.filter_map(|((constraint, weight), counts)| {
            let value = node.labels.get(constraint.key)?;
            let count = match constraint.key {
                HOSTNAME => constraint.matching_pods(cycle.template(), node, cycle.templates),
                _ => counts.get(value.as_str()).copied().unwrap_or(0),
            };
            Some(constraint_score(count, constraint.max_skew, *weight))
        });
        rounded(there.sum())
    };
    let raw: Vec<Option<i64>> = nodes.iter().map(|node| (!is_ignored(node)).then(|| raw(node))).collect();
    let (lowest, highest) = (raw.iter().flatten().min().copied(), raw.iter().flatten().max().copied());
    let normalized = |raw: i64| normalized(raw, lowest.unwrap_or(0), highest.unwrap_or(0));
    Some(raw.into_iter().map(|raw| raw.map_or(0, normalized)).collect())
}

/// The number of domains among the nodes that are scored; hosts are counted as nodes. A missing label is a domain of its own.
fn domains(constraint: &Constraint<'_>, scored: &[&NodeInfo], hosts: usize) -> usize {
    match constraint.key {
        HOSTNAME => hosts,
        key => scored.iter().map(|node| node.labels.get(key).map_or("", String::as_str)).collect::<BTreeSet<_>>().len(),
    }
}

/// Matching pods by the value of the constraint's label, over all nodes that count.
fn pods_by_domain<'a>(
    cycle: &Cycle<'a>,
    constraints: &Constraints<'a>,
    constraint: &Constraint<'a>,
) -> BTreeMap<&'a str, i64> {
    let mut counts = BTreeMap::new();
    let counted = |node: &&NodeInfo| {
        (constraints.by_default || constraints.has_all_keys(node)) && constraint.counts_node(&cycle.pod, node)
    };
    if constraint.key == HOSTNAME {
        return counts; // Pods of a host are counted on the host itself.
    }
    for node in cycle.nodes.iter().copied().filter(counted) {
        let value = node.labels.get(constraint.key).map_or("", String::as_str);
        *counts.entry(value).or_default() += constraint.matching_pods(cycle.template(), node, cycle.templates);
    }
    counts
}

/// The weight of a constraint with so many domains: the more there are, the more a pod in one of them counts.
#[must_use]
pub fn weight(domains: usize) -> f64 {
    libm::log((domains + 2) as f64)
}

/// What a constraint adds to the raw score of a node whose domain has `count` matching pods.
#[must_use]
pub fn constraint_score(count: i64, max_skew: u32, weight: f64) -> f64 {
    count as f64 * weight + (f64::from(max_skew) - 1.0)
}

/// The raw score as an integer, halves away from zero.
#[must_use]
pub fn rounded(raw: f64) -> i64 {
    raw.round() as i64
}

/// 100 for the node with the lowest raw score; all are 100 when there is nothing to tell them apart.
#[must_use]
pub const fn normalized(raw: i64, lowest: i64, highest: i64) -> i64 {
    if highest == 0 { MAX_NODE_SCORE } else { MAX_NODE_SCORE * (highest + lowest - raw) / highest }
}
