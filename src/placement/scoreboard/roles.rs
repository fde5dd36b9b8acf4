//! What a row's counters are for: the verdicts and scores of topology spread and inter-pod affinity over kinds of nodes.

use super::counter::{Counter, Grain};
use crate::cluster::{NodeInfo, WorkloadId};
use crate::kernel::Id;
use crate::placement::filter::inter_pod_affinity::matches_all;
use crate::placement::filter::pod_topology_spread::is_within_skew;
use crate::placement::score::{inter_pod_affinity, pod_topology_spread};
use crate::placement::spread::{Constraint, Constraints, HOSTNAME};
use crate::placement::{Cycle, PodView};
use crate::scenario::plan::PodTemplate;
use indexmap::IndexMap;
use std::ops::Range;

/// With more domains than this nodes are told apart by the counts in their domains.
const FEW_DOMAINS: usize = 64;

/// The counters of a row by what they are for, as indexes into its list of counters.
#[derive(Debug, Default)]
pub(super) struct Roles {
    /// Hard constraints in their order, each with its counter. Constraints on one key share a counter.
    hard: Vec<(Skew, usize)>,
    /// Soft constraints in their order.
    soft: Vec<(Skew, usize)>,
    /// Nodes that lack a label of the soft constraints score like any other.
    soft_by_default: bool,
    /// Pods that match all required affinity terms, by key.
    affinity: Vec<usize>,
    /// The pod would itself match them.
    matches_itself: bool,
    /// Pods that match required anti-affinity terms, by key.
    anti: Vec<usize>,
    /// Pods whose required anti-affinity is against this one, by key.
    existing_anti: Vec<usize>,
    /// Pods that the pod prefers or that prefer it, by key.
    preference: Vec<usize>,
}

/// The numbers of a spread constraint.
#[derive(Clone, Copy, Debug)]
struct Skew {
    max_skew: u32,
    min_domains: u32,
    counts_itself: bool,
    by_host: bool,
}

/// The nodes that a row's decision is about, by kind, and one by one where that is not enough.
pub(super) struct Feasible<'a> {
    /// Kinds with the number of feasible nodes of each, none of them 0, and the numbers of the counters of each.
    pub kinds: &'a [(usize, u32)],
    /// Positions among which they are.
    pub window: &'a [Range<usize>; 2],
    /// The kind of the node at a position, if that is feasible.
    pub kind_at: &'a dyn Fn(usize) -> Option<usize>,
}

/// The spread constraints of a pod.
pub(super) struct Spread<'a> {
    hard: Constraints<'a>,
    soft: Constraints<'a>,
}

impl<'a> Spread<'a> {
    /// Those of the cycle's pod.
    pub fn of(cycle: &Cycle<'a>) -> Self {
        Self { hard: Constraints::of(cycle, true), soft: Constraints::of(cycle, false) }
    }
}

impl Roles {
    /// The roles and the counters that a pod of the cycle needs. `domains` tells how many values a label has over all nodes.
    pub fn of(cycle: &Cycle<'_>, mut domains: impl FnMut(&str) -> usize) -> (Self, Vec<Counter>) {
        let mut roles = Self::default();
        let mut counters = Vec::new();
        let mut grain = |key: &str| {
            if key == HOSTNAME || domains(key) > FEW_DOMAINS { Grain::Count } else { Grain::Domain }
        };
        roles.add_spread(cycle, &mut counters, &mut grain);
        roles.add_affinity(cycle, &mut counters, &mut grain);
        (roles, counters)
    }

    fn add_spread(&mut self, cycle: &Cycle<'_>, counters: &mut Vec<Counter>, grain: &mut impl FnMut(&str) -> Grain) {
        let pod = cycle.template();
        let weights = |constraint: &Constraint<'_>| {
            let worth = |other: &PodTemplate| i64::from(constraint.counts(pod, other));
            over_workloads(cycle, worth)
        };
        for constraint in Constraints::of(cycle, true).list {
            let shared = self.hard.iter().map(|(_, counter)| *counter).find(|at| *counters[*at].key == *constraint.key);
            let at = shared.unwrap_or_else(|| {
                let mut counter = Counter::new(constraint.key, Vec::new(), grain(constraint.key));
                counter.skips_terminating = true;
                counters.push(counter);
                counters.len() - 1
            });
            counters[at].weights.push(weights(&constraint));
            self.hard.push((Skew::of(&constraint, pod), at));
        }
        let soft = Constraints::of(cycle, false);
        self.soft_by_default = soft.by_default;
        for constraint in &soft.list {
            let by_host = constraint.key == HOSTNAME;
            let grain = if by_host { Grain::Node } else { grain(constraint.key) };
            let mut counter = Counter::new(constraint.key, vec![weights(constraint)], grain);
            counter.skips_terminating = true;
            counter.takes_missing = soft.by_default && !by_host;
            counters.push(counter);
            self.soft.push((Skew::of(constraint, pod), counters.len() - 1));
        }
    }

    fn add_affinity(&mut self, cycle: &Cycle<'_>, counters: &mut Vec<Counter>, grain: &mut impl FnMut(&str) -> Grain) {
        let pod = cycle.template();
        let own = &pod.pod_affinity;
        self.matches_itself = matches_all(&own.required, pod);
        let (mut affinity, mut anti) = (ByKey::default(), ByKey::default());
        let (mut existing_anti, mut preference) = (ByKey::default(), ByKey::default());
        for term in &own.required {
            affinity.keep(&term.topology_key);
        }
        for workload in 0..cycle.templates.workloads() {
            let other = template(cycle, workload);
            if matches_all(&own.required, other) {
                own.required.iter().for_each(|term| affinity.add(&term.topology_key, workload, 1));
            }
            for term in own.required_anti.iter().filter(|term| term.matches(other)) {
                anti.add(&term.topology_key, workload, 1);
            }
            for term in other.pod_affinity.required_anti.iter().filter(|term| term.matches(pod)) {
                existing_anti.add(&term.topology_key, workload, 1);
            }
            for (key, weight) in inter_pod_affinity::weights(cycle, other) {
                preference.add(key, workload, weight);
            }
        }
        let workloads = cycle.templates.workloads();
        let mut take = |by_key: ByKey<'_>| by_key.into_counters(workloads, counters, &mut *grain);
        self.affinity = take(affinity);
        self.anti = take(anti);
        self.existing_anti = take(existing_anti);
        self.preference = take(preference);
    }

    /// Finds out in which way a node counts for each counter; 0 for not at all.
    pub fn ways(&self, spread: &Spread<'_>, pod: &PodView<'_>, node: &NodeInfo, ways: &mut [u8]) {
        ways.fill(1);
        if !self.hard.is_empty() {
            let has_all = spread.hard.has_all_keys(node);
            self.hard.iter().for_each(|(_, at)| ways[*at] = 0);
            for (number, (constraint, (_, at))) in spread.hard.list.iter().zip(&self.hard).enumerate() {
                if has_all && constraint.counts_node(pod, node) {
                    // The last constraint on a key that counts the node decides.
                    let earlier = self.hard[..number].iter().filter(|(_, other)| other == at).count();
                    ways[*at] = u8::try_from(earlier + 1).expect("a pod has few constraints");
                }
            }
        }
        if !self.soft.is_empty() {
            let has_all = spread.soft.by_default || spread.soft.has_all_keys(node);
            for (constraint, (skew, at)) in spread.soft.list.iter().zip(&self.soft) {
                ways[*at] = u8::from(skew.by_host || (has_all && constraint.counts_node(pod, node)));
            }
        }
    }

    /// True when some verdict depends on other nodes.
    pub fn filters(&self) -> bool {
        !(self.hard.is_empty() && self.affinity.is_empty() && self.anti.is_empty() && self.existing_anti.is_empty())
    }

    /// True when nodes of the kind with these numbers of the counters pass.
    pub fn admits(&self, counters: &[Counter], numbers: impl Fn(usize) -> [i64; 2]) -> bool {
        let there = |at: usize| counters[at].there(numbers(at));
        let within = |(skew, at): &(Skew, usize)| {
            let Some(there) = there(*at) else { return false };
            counters[*at].fewest().is_none_or(|(fewest, domains)| {
                let fewest = if domains < skew.min_domains as usize { 0 } else { fewest };
                is_within_skew(there, fewest, skew.counts_itself, skew.max_skew)
            })
        };
        let free_of = |list: &[usize]| list.iter().all(|at| there(*at).unwrap_or(0) == 0);
        let has_company = || {
            self.affinity.iter().all(|at| there(*at).is_some())
                && (self.affinity.iter().all(|at| there(*at).is_some_and(|count| count > 0))
                    || (self.matches_itself && self.affinity.iter().all(|at| counters[*at].total() == 0)))
        };
        self.hard.iter().all(within)
            && (self.affinity.is_empty() || has_company())
            && free_of(&self.anti)
            && free_of(&self.existing_anti)
    }

    /// PodTopologySpread's scores by kind, in the order of the feasible kinds; `None` without soft constraints.
    pub fn spread_scores(
        &self,
        counters: &[Counter],
        feasible: &Feasible<'_>,
        numbers: impl Fn(usize, usize) -> [i64; 2],
    ) -> Option<Vec<i64>> {
        if self.soft.is_empty() {
            return None;
        }
        let there = |kind, at: usize| counters[at].there(numbers(kind, at));
        let is_ignored =
            |kind: usize| !self.soft_by_default && self.soft.iter().any(|(_, at)| there(kind, *at).is_none());
        let scored: Vec<(usize, u32)> = feasible.kinds.iter().copied().filter(|(kind, _)| !is_ignored(*kind)).collect();
        let hosts = scored.iter().map(|(_, nodes)| *nodes as usize).sum();
        let weights: Vec<f64> = self
            .soft
            .iter()
            .map(|(skew, at)| match (skew.by_host, counters[*at].grain) {
                (true, _) => hosts,
                (false, Grain::Count) => {
                    let positions = feasible.window.iter().flat_map(Clone::clone);
                    let is_scored = |kind: usize| !is_ignored(kind);
                    let scored = positions.filter(|position| (feasible.kind_at)(*position).is_some_and(is_scored));
                    domains_at(&counters[*at], scored)
                }
                (false, _) => domains_of(&counters[*at], scored.iter().map(|(kind, _)| numbers(*kind, *at)[0])),
            })
            .map(pod_topology_spread::weight)
            .collect();
        let raw = |kind| {
            let each = self.soft.iter().zip(&weights);
            let scores = each.filter_map(|((skew, at), weight)| {
                Some(pod_topology_spread::constraint_score(there(kind, *at)?, skew.max_skew, *weight))
            });
            pod_topology_spread::rounded(scores.sum())
        };
        let raws: Vec<Option<i64>> =
            feasible.kinds.iter().map(|(kind, _)| (!is_ignored(*kind)).then(|| raw(*kind))).collect();
        let lowest = raws.iter().flatten().min().copied().unwrap_or(0);
        let highest = raws.iter().flatten().max().copied().unwrap_or(0);
        let normalized = |raw| pod_topology_spread::normalized(raw, lowest, highest);
        Some(raws.into_iter().map(|raw| raw.map_or(0, normalized)).collect())
    }

    /// InterPodAffinity's scores by kind, in the order of the feasible kinds; `None` when nobody prefers anything.
    pub fn affinity_scores(
        &self,
        counters: &[Counter],
        feasible: &Feasible<'_>,
        numbers: impl Fn(usize, usize) -> [i64; 2],
    ) -> Option<Vec<i64>> {
        if self.preference.is_empty() {
            return None;
        }
        let raw =
            |kind| -> i64 { self.preference.iter().filter_map(|at| counters[*at].there(numbers(kind, *at))).sum() };
        let raws: Vec<i64> = feasible.kinds.iter().map(|(kind, _)| raw(*kind)).collect();
        let (lowest, highest) = (*raws.iter().min()?, *raws.iter().max()?);
        Some(raws.iter().map(|raw| inter_pod_affinity::normalized(*raw, lowest, highest)).collect())
    }
}

impl Skew {
    fn of(constraint: &Constraint<'_>, pod: &PodTemplate) -> Self {
        Self {
            max_skew: constraint.max_skew,
            min_domains: constraint.min_domains,
            counts_itself: constraint.matches_itself(pod),
            by_host: constraint.key == HOSTNAME,
        }
    }
}

/// Weights of workloads by topology key.
#[derive(Default)]
struct ByKey<'a>(IndexMap<&'a str, Vec<(usize, i64)>>);

impl<'a> ByKey<'a> {
    fn keep(&mut self, key: &'a str) {
        self.0.entry(key).or_default();
    }

    fn add(&mut self, key: &'a str, workload: usize, weight: i64) {
        self.0.entry(key).or_default().push((workload, weight));
    }

    fn into_counters(
        self,
        workloads: usize,
        counters: &mut Vec<Counter>,
        mut grain: impl FnMut(&str) -> Grain,
    ) -> Vec<usize> {
        let first = counters.len();
        counters.extend(self.0.into_iter().map(|(key, list)| {
            let mut weights = vec![0; workloads];
            list.into_iter().for_each(|(workload, weight)| weights[workload] += weight);
            Counter::new(key, vec![weights], grain(key))
        }));
        (first..counters.len()).collect()
    }
}

fn template<'a>(cycle: &Cycle<'a>, workload: usize) -> &'a PodTemplate {
    cycle.templates.template(WorkloadId::from_index(workload))
}

fn over_workloads(cycle: &Cycle<'_>, worth: impl Fn(&PodTemplate) -> i64) -> Vec<i64> {
    (0..cycle.templates.workloads()).map(|workload| worth(template(cycle, workload))).collect()
}

/// The number of different domains in a list of them.
fn domains_of(counter: &Counter, places: impl Iterator<Item = i64>) -> usize {
    let mut seen = vec![false; counter.domains()];
    places.filter_map(Counter::domain_of).for_each(|domain| seen[domain] = true);
    seen.into_iter().filter(|seen| *seen).count()
}

/// The number of different domains that the nodes at these positions are in.
fn domains_at(counter: &Counter, positions: impl Iterator<Item = usize>) -> usize {
    let mut seen = vec![false; counter.domains()];
    let domains = positions.filter_map(|position| counter.domain_at(position));
    domains.for_each(|domain| seen[domain as usize] = true);
    seen.into_iter().filter(|seen| *seen).count()
}
