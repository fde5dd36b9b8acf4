//! InterPodAffinity: required affinity and anti-affinity to other pods, in both directions.

use super::{Filter, Plugin, PreFilter, Scope};
use crate::cluster::{NodeInfo, PodGroup, Templates};
use crate::placement::{ClusterEvent, Code, Cycle, Reason, Rejection};
use crate::scenario::plan::{PodAffinityTerm, PodTemplate};
use std::collections::BTreeMap;

/// The plugin's name.
pub const NAME: &str = "InterPodAffinity";

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: NAME, pre_filter, scope: Scope::Cluster, hint };

/// Counts by topology key and value.
#[derive(Default)]
struct Counts<'a>(BTreeMap<&'a str, BTreeMap<Box<str>, i64>>);

impl<'a> Counts<'a> {
    fn add(&mut self, key: &'a str, value: &str, count: i64) {
        let values = self.0.entry(key).or_default();
        match values.get_mut(value) {
            Some(sum) => *sum += count,
            None => {
                values.insert(value.into(), count);
            }
        }
    }

    fn at(&self, key: &str, node: &NodeInfo) -> i64 {
        let value = node.labels.get(key).and_then(|value| self.0.get(key)?.get(value.as_str()));
        value.copied().unwrap_or(0)
    }

    fn is_empty(&self) -> bool {
        self.0.values().all(|values| values.values().all(|count| *count == 0))
    }
}

struct InterPodAffinity<'a> {
    pod: &'a PodTemplate,
    templates: &'a dyn Templates,
    /// Pods that run and whose required anti-affinity is against this pod, by each such term.
    existing_anti: Counts<'a>,
    /// Pods that match all of this pod's required affinity terms.
    affinity: Counts<'a>,
    /// Pods that match one of its required anti-affinity terms, by each such term.
    anti: Counts<'a>,
}

fn pre_filter<'a>(cycle: &Cycle<'a>) -> PreFilter<'a> {
    let mut plugin = InterPodAffinity {
        pod: cycle.template(),
        templates: cycle.templates,
        existing_anti: Counts::default(),
        affinity: Counts::default(),
        anti: Counts::default(),
    };
    for node in cycle.nodes {
        plugin.count(node, 1);
    }
    let own = &plugin.pod.pod_affinity;
    if plugin.existing_anti.is_empty() && own.required.is_empty() && own.required_anti.is_empty() {
        return PreFilter::Skip;
    }
    PreFilter::Each(Box::new(plugin))
}

/// A node has come in a domain that a term is about, a pod that all terms want, or one is gone that all terms must avoid.
///
/// As in kube-scheduler 1.32 and 1.35, a pod kept away by the anti-affinity of *another* is not woken when that other goes: it
/// waits until it is left over. Before there were hints every end of a pod woke it.
fn hint(cycle: &Cycle<'_>, event: &ClusterEvent<'_>) -> bool {
    let closely = cycle.rules.queueing_hints;
    let own = &cycle.template().pod_affinity;
    match event {
        ClusterEvent::NodeAdded(node) | ClusterEvent::NodeUncordoned(node) => {
            let mut terms = own.required.iter().chain(&own.required_anti);
            !closely || terms.any(|term| node.labels.contains_key(&*term.topology_key))
        }
        ClusterEvent::NodeDeleted(_) => false,
        ClusterEvent::PodBound(other) if closely => matches_all(&own.required, other),
        ClusterEvent::PodBound(other) => own.required.iter().any(|term| term.matches(other)),
        ClusterEvent::PodEnded(other) => !closely || matches_all(&own.required_anti, other),
    }
}

impl<'a> InterPodAffinity<'a> {
    fn count(&mut self, node: &NodeInfo, sign: i64) {
        for group in &node.pods {
            self.count_group(node, *group, sign);
        }
    }

    /// Terminating pods count: they are there until they are gone.
    fn count_group(&mut self, node: &NodeInfo, group: PodGroup, sign: i64) {
        let other: &'a PodTemplate = self.templates.template(group.workload);
        let pods = sign * i64::from(group.pods);
        let add = |counts: &mut Counts<'a>, term: &'a PodAffinityTerm| {
            if let Some(value) = node.labels.get(&*term.topology_key) {
                counts.add(&term.topology_key, value, pods);
            }
        };
        for term in other.pod_affinity.required_anti.iter().filter(|term| term.matches(self.pod)) {
            add(&mut self.existing_anti, term);
        }
        let own = &self.pod.pod_affinity;
        if matches_all(&own.required, other) {
            own.required.iter().for_each(|term| add(&mut self.affinity, term));
        }
        for term in own.required_anti.iter().filter(|term| term.matches(other)) {
            add(&mut self.anti, term);
        }
    }

    fn has_company(&self, node: &NodeInfo) -> bool {
        let terms = &self.pod.pod_affinity.required;
        if !terms.iter().all(|term| node.labels.contains_key(&*term.topology_key)) {
            return false;
        }
        // The first pod of a group that wants to be together has nobody to join.
        terms.iter().all(|term| self.affinity.at(&term.topology_key, node) > 0)
            || (self.affinity.is_empty() && matches_all(terms, self.pod))
    }
}

/// True when a pod of the template matches every term, and there is one.
#[must_use]
pub fn matches_all(terms: &[PodAffinityTerm], other: &PodTemplate) -> bool {
    !terms.is_empty() && terms.iter().all(|term| term.matches(other))
}

impl<'a> Filter<'a> for InterPodAffinity<'a> {
    fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        let reject = |code, reason| Err(Rejection { plugin: NAME, code, reasons: vec![reason] });
        let own = &self.pod.pod_affinity;
        if !own.required.is_empty() && !self.has_company(node) {
            return reject(Code::UnschedulableAndUnresolvable, Reason::PodAffinity);
        }
        if own.required_anti.iter().any(|term| self.anti.at(&term.topology_key, node) > 0) {
            return reject(Code::Unschedulable, Reason::PodAntiAffinity);
        }
        if self.existing_anti.0.keys().any(|key| self.existing_anti.at(key, node) > 0) {
            return reject(Code::Unschedulable, Reason::ExistingAntiAffinity);
        }
        Ok(())
    }

    fn replace(&mut self, old: &NodeInfo, new: &NodeInfo) {
        self.count(old, -1);
        self.count(new, 1);
    }
}
