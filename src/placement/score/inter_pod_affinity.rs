//! InterPodAffinity's score: preferred affinity and anti-affinity of the pod, and what the pods that run think of it.

use super::{MAX_NODE_SCORE, Plugin, Score};
use crate::cluster::NodeInfo;
use crate::placement::Cycle;
use crate::scenario::plan::PodTemplate;
use std::collections::BTreeMap;

/// The plugin.
pub const PLUGIN: Plugin =
    Plugin { name: "InterPodAffinity", weight: 2, is_skipped: |_| false, score: Score::Cluster(score) };

/// Normalised scores: 0 for the node with the lowest sum, 100 for the highest; `None` when no term matches any pod.
fn score<'a>(cycle: &Cycle<'a>, nodes: &[&'a NodeInfo]) -> Option<Vec<i64>> {
    let mut sums: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for node in cycle.nodes {
        for group in &node.pods {
            for (key, weight) in weights(cycle, cycle.templates.template(group.workload)) {
                if let Some(value) = node.labels.get(key) {
                    *sums.entry(key).or_default().entry(value).or_default() += weight * i64::from(group.pods);
                }
            }
        }
    }
    if sums.is_empty() {
        return None;
    }
    let raw = |node: &NodeInfo| -> i64 {
        let values = sums.iter().filter_map(|(key, sums)| sums.get(node.labels.get(*key)?.as_str()));
        values.sum()
    };
    let raw: Vec<i64> = nodes.iter().map(|node| raw(node)).collect();
    let (lowest, highest) = (raw.iter().min()?, raw.iter().max()?);
    Some(raw.iter().map(|raw| normalized(*raw, *lowest, *highest)).collect())
}

/// The share of the way from the lowest to the highest sum in percent. Equal sums are all 0.
#[must_use]
pub fn normalized(raw: i64, lowest: i64, highest: i64) -> i64 {
    if highest <= lowest {
        return 0;
    }
    (MAX_NODE_SCORE as f64 * ((raw - lowest) as f64 / (highest - lowest) as f64)) as i64
}

/// What a pod of `other` that runs is worth to the nodes that share each topology key with its own.
pub fn weights<'t>(cycle: &Cycle<'t>, other: &'t PodTemplate) -> impl Iterator<Item = (&'t str, i64)> {
    let pod = cycle.template();
    let own = pod.pod_affinity.preferred.iter().filter(|(_, term)| term.matches(other));
    let theirs = other.pod_affinity.preferred.iter().filter(|(_, term)| term.matches(pod));
    let required = other.pod_affinity.required.iter().filter(|term| term.matches(pod));
    let hard = cycle.profile.hard_pod_affinity_weight;
    own.chain(theirs)
        .map(|(weight, term)| (&*term.topology_key, *weight))
        .chain(required.map(move |term| (&*term.topology_key, hard)))
        .filter(|(_, weight)| *weight != 0)
}
