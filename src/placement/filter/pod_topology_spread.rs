//! PodTopologySpread: the pod may not make the domains of a hard constraint differ too much.

use super::{Filter, Plugin, PreFilter, Scope};
use crate::cluster::{NodeInfo, Templates};
use crate::placement::spread::{Constraint, Constraints};
use crate::placement::{ClusterEvent, Code, Cycle, PodView, Reason, Rejection};
use std::collections::BTreeMap;

/// The plugin's name.
pub const NAME: &str = "PodTopologySpread";

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: NAME, pre_filter, scope: Scope::Cluster, hint };

struct PodTopologySpread<'a> {
    pod: PodView<'a>,
    templates: &'a dyn Templates,
    constraints: Constraints<'a>,
    /// Matching pods by key and value. Two constraints on one key share their counts, as in kube-scheduler.
    domains: BTreeMap<&'a str, BTreeMap<&'a str, i64>>,
}

fn pre_filter<'a>(cycle: &Cycle<'a>) -> PreFilter<'a> {
    let constraints = Constraints::of(cycle, true);
    if constraints.list.is_empty() {
        return PreFilter::Skip;
    }
    let mut plugin =
        PodTopologySpread { pod: cycle.pod, templates: cycle.templates, constraints, domains: BTreeMap::new() };
    for node in cycle.nodes {
        for (constraint, count) in plugin.counts_of(node) {
            let value = &node.labels[constraint.key];
            *plugin.domains.entry(constraint.key).or_default().entry(value).or_default() += count;
        }
    }
    PreFilter::Each(Box::new(plugin))
}

/// A node that counts came or goes, or the number of pods that count changed.
fn hint(cycle: &Cycle<'_>, event: &ClusterEvent<'_>) -> bool {
    let closely = cycle.rules.queueing_hints;
    let pod = cycle.template();
    match event {
        ClusterEvent::NodeAdded(node) | ClusterEvent::NodeUncordoned(node) => {
            !closely || Constraints::of(cycle, true).has_all_keys(node)
        }
        ClusterEvent::NodeDeleted(node) => closely && Constraints::of(cycle, true).has_all_keys(node),
        ClusterEvent::PodBound(other) if !closely => other.namespace == pod.namespace,
        ClusterEvent::PodEnded(_) if !closely => true,
        ClusterEvent::PodBound(other) | ClusterEvent::PodEnded(other) => {
            let counts = |constraint: &Constraint<'_>| constraint.selects(pod, other);
            Constraints::of(cycle, true).list.iter().any(counts)
        }
    }
}

impl<'a> PodTopologySpread<'a> {
    /// What the node adds to its domain of each key: the count of the last constraint on that key for which it counts.
    fn counts_of(&self, node: &NodeInfo) -> Vec<(Constraint<'a>, i64)> {
        let mut counts: Vec<(Constraint<'a>, i64)> = Vec::new();
        if !self.constraints.has_all_keys(node) {
            return counts;
        }
        for constraint in self.constraints.list.iter().filter(|one| one.counts_node(&self.pod, node)) {
            let count = constraint.matching_pods(self.pod.template, node, self.templates);
            match counts.iter_mut().find(|(other, _)| other.key == constraint.key) {
                Some(earlier) => *earlier = (*constraint, count),
                None => counts.push((*constraint, count)),
            }
        }
        counts
    }

    fn check(&self, constraint: &Constraint<'_>, node: &NodeInfo) -> Result<(), (Code, Reason<'static>)> {
        let Some(value) = node.labels.get(constraint.key) else {
            return Err((Code::UnschedulableAndUnresolvable, Reason::MissingTopologyLabel));
        };
        let Some(domains) = self.domains.get(constraint.key) else {
            return Ok(()); // No node counts, so there is nothing to differ from.
        };
        let there = domains.get(value.as_str()).copied().unwrap_or(0);
        let fewest = domains.values().copied().min().unwrap_or(0);
        // With fewer domains than there must be the emptiest counts as empty.
        let fewest = if domains.len() < constraint.min_domains as usize { 0 } else { fewest };
        if is_within_skew(there, fewest, constraint.matches_itself(self.pod.template), constraint.max_skew) {
            return Ok(());
        }
        Err((Code::Unschedulable, Reason::TopologySpread))
    }
}

/// True when a pod more in a domain of `there` pods keeps within `max_skew` of the emptiest domain.
#[must_use]
pub const fn is_within_skew(there: i64, fewest: i64, counts_itself: bool, max_skew: u32) -> bool {
    there + counts_itself as i64 - fewest <= max_skew as i64
}

impl<'a> Filter<'a> for PodTopologySpread<'a> {
    fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        let verdict = self.constraints.list.iter().try_for_each(|constraint| self.check(constraint, node));
        verdict.map_err(|(code, reason)| Rejection { plugin: NAME, code, reasons: vec![reason] })
    }

    fn replace(&mut self, old: &NodeInfo, new: &NodeInfo) {
        for (node, sign) in [(old, -1), (new, 1)] {
            for (constraint, count) in self.counts_of(node) {
                let domains = self.domains.get_mut(constraint.key).expect("a node that counts made its domain");
                *domains.get_mut(node.labels[constraint.key].as_str()).expect("as above") += sign * count;
            }
        }
    }
}
