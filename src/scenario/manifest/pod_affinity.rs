//! Pod affinity and anti-affinity from their Kubernetes types, with the API server's checks.

use super::fault::{Faults, join};
use super::inventory::is_label;
use super::neighbours::Neighbours;
use super::{label_keys, selector};
use crate::scenario::plan::{LabelSelector, Operator, PodAffinity, PodAffinityTerm};
use k8s_openapi::api::core::v1 as core;
use std::collections::{BTreeMap, BTreeSet};

/// What the terms of a pod depend on besides themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct TermContext<'a> {
    /// Namespace of the pod.
    pub namespace: &'a str,
    /// Labels of the pod.
    pub labels: &'a BTreeMap<String, String>,
    /// Namespaces with their labels.
    pub neighbours: &'a Neighbours,
    /// True where the API server knows `matchLabelKeys` here: from Kubernetes 1.31 on.
    pub label_keys: bool,
}

/// Reads both kinds. `at` is the JSON pointer of `affinity`.
pub(super) fn pod_affinity(
    affinity: &core::Affinity,
    context: TermContext<'_>,
    at: &str,
    faults: &mut Faults,
) -> PodAffinity {
    let mut read = PodAffinity::default();
    if let Some(beside) = &affinity.pod_affinity {
        let at = join(at, "podAffinity");
        let (required, preferred) = (
            &beside.required_during_scheduling_ignored_during_execution,
            &beside.preferred_during_scheduling_ignored_during_execution,
        );
        read.required = required_terms(required.iter().flatten(), context, &at, faults);
        read.preferred.extend(preferred_terms(preferred.iter().flatten(), context, &at, faults));
    }
    if let Some(away) = &affinity.pod_anti_affinity {
        let at = join(at, "podAntiAffinity");
        let (required, preferred) = (
            &away.required_during_scheduling_ignored_during_execution,
            &away.preferred_during_scheduling_ignored_during_execution,
        );
        read.required_anti = required_terms(required.iter().flatten(), context, &at, faults);
        let preferred = preferred_terms(preferred.iter().flatten(), context, &at, faults);
        read.preferred.extend(preferred.into_iter().map(|(weight, term)| (-weight, term)));
    }
    read
}

fn required_terms<'a>(
    terms: impl Iterator<Item = &'a core::PodAffinityTerm>,
    context: TermContext<'_>,
    at: &str,
    faults: &mut Faults,
) -> Vec<PodAffinityTerm> {
    let at = join(at, "requiredDuringSchedulingIgnoredDuringExecution");
    terms.enumerate().map(|(index, one)| term(one, context, &format!("{at}/{index}"), faults)).collect()
}

fn preferred_terms<'a>(
    terms: impl Iterator<Item = &'a core::WeightedPodAffinityTerm>,
    context: TermContext<'_>,
    at: &str,
    faults: &mut Faults,
) -> Vec<(i64, PodAffinityTerm)> {
    let at = join(at, "preferredDuringSchedulingIgnoredDuringExecution");
    let read = terms.enumerate().map(|(index, one)| {
        let at = format!("{at}/{index}");
        if !(1..=100).contains(&one.weight) {
            faults.push(join(&at, "weight"), "manifest::range", one.weight.to_string(), "a weight from 1 to 100");
        }
        (i64::from(one.weight), term(&one.pod_affinity_term, context, &join(&at, "podAffinityTerm"), faults))
    });
    read.collect()
}

fn term(written: &core::PodAffinityTerm, context: TermContext<'_>, at: &str, faults: &mut Faults) -> PodAffinityTerm {
    if written.topology_key.is_empty() {
        faults.push(join(at, "topologyKey"), "manifest::required", "nothing", "the label of nodes that makes domains");
    }
    let at_selector = join(at, "labelSelector");
    let mut labels = written.label_selector.as_ref().map(|one| selector::label_selector(one, &at_selector, faults));
    if context.label_keys {
        work_in_keys(written, context.labels, &mut labels, at, faults);
    }
    PodAffinityTerm {
        topology_key: written.topology_key.as_str().into(),
        selector: labels,
        namespaces: namespaces(written, context, at, faults),
    }
}

fn work_in_keys(
    written: &core::PodAffinityTerm,
    labels: &BTreeMap<String, String>,
    selector: &mut Option<LabelSelector>,
    at: &str,
    faults: &mut Faults,
) {
    let same = written.match_label_keys.as_deref().unwrap_or_default();
    let different = written.mismatch_label_keys.as_deref().unwrap_or_default();
    label_keys::merge(same, Operator::In, labels, selector, &join(at, "matchLabelKeys"), faults);
    label_keys::merge(different, Operator::NotIn, labels, selector, &join(at, "mismatchLabelKeys"), faults);
}

/// The namespaces of the pods that a term is about; `None` for all.
///
/// Source: Kubernetes API reference, PodAffinityTerm: the union of those listed and those selected; with neither the pod's own;
/// an empty selector selects all.
fn namespaces(
    written: &core::PodAffinityTerm,
    context: TermContext<'_>,
    at: &str,
    faults: &mut Faults,
) -> Option<Vec<Box<str>>> {
    let listed = written.namespaces.as_deref().unwrap_or_default();
    for (index, name) in listed.iter().enumerate().filter(|(_, name)| !is_label(name)) {
        let pointer = format!("{at}/namespaces/{index}");
        faults.push(pointer, "manifest::name", format!("\"{name}\""), "the name of a namespace");
    }
    let mut names: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    match &written.namespace_selector {
        Some(selector) => {
            let selector = selector::label_selector(selector, &join(at, "namespaceSelector"), faults);
            if selector.requirements.is_empty() {
                return None;
            }
            names.extend(context.neighbours.namespaces_with(&selector));
        }
        None if listed.is_empty() => _ = names.insert(context.namespace),
        None => {}
    }
    Some(names.into_iter().map(Into::into).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(affinity: Value, label_keys: bool) -> (PodAffinity, Vec<String>) {
        let mut neighbours = Neighbours::default();
        neighbours.add_namespace("shop", None);
        neighbours.add_namespace("bank", Some(&json!({"metadata": {"labels": {"team": "money"}}})));
        let labels = [("app".to_owned(), "web".to_owned()), ("pod-template-hash".to_owned(), "x".to_owned())].into();
        let context = TermContext { namespace: "shop", labels: &labels, neighbours: &neighbours, label_keys };
        let mut faults = Faults::default();
        let affinity = pod_affinity(&serde_json::from_value(affinity).unwrap(), context, "/a", &mut faults);
        (affinity, faults.0.iter().map(|fault| format!("{}: {}", fault.pointer, fault.found)).collect())
    }

    fn required(mut term: Value) -> PodAffinityTerm {
        term["topologyKey"] = json!("zone");
        let affinity = json!({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}});
        let (mut affinity, faults) = read(affinity, true);
        assert_eq!(faults, Vec::<String>::new());
        affinity.required.remove(0)
    }

    #[test]
    fn terms_are_told_apart_and_anti_affinity_weighs_below_zero() {
        let term = |key: &str| json!({"topologyKey": key, "labelSelector": {"matchLabels": {"app": "web"}}});
        let kind = |key: &str, weight: i32| {
            json!({"requiredDuringSchedulingIgnoredDuringExecution": [term(key)],
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": weight, "podAffinityTerm": term(key)}]})
        };
        let (affinity, faults) =
            read(json!({"podAffinity": kind("zone", 7), "podAntiAffinity": kind("host", 100)}), true);
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!((&*affinity.required[0].topology_key, &*affinity.required_anti[0].topology_key), ("zone", "host"));
        let weights: Vec<_> = affinity.preferred.iter().map(|(weight, term)| (*weight, &*term.topology_key)).collect();
        assert_eq!(weights, [(7, "zone"), (-100, "host")]);
    }

    #[test]
    fn namespaces_are_those_listed_and_those_selected_or_the_pods_own() {
        for (term, expected) in [
            (json!({}), Some(vec!["shop"])),
            (json!({"namespaces": ["b", "a"]}), Some(vec!["a", "b"])),
            (json!({"namespaceSelector": {}}), None),
            (json!({"namespaces": ["a"], "namespaceSelector": {}}), None),
            (json!({"namespaceSelector": {"matchLabels": {"team": "money"}}}), Some(vec!["bank"])),
            (
                json!({"namespaces": ["a"], "namespaceSelector": {"matchLabels": {"team": "money"}}}),
                Some(vec!["a", "bank"]),
            ),
            (json!({"namespaceSelector": {"matchLabels": {"team": "none"}}}), Some(vec![])),
            (
                json!({"namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In",
                    "values": ["shop"]}]}}),
                Some(vec!["shop"]),
            ),
        ] {
            let found = required(term.clone()).namespaces;
            let found = found.as_ref().map(|names| names.iter().map(|name| &**name).collect::<Vec<_>>());
            assert_eq!(found, expected, "{term}");
        }
    }

    #[test]
    fn label_keys_count_where_the_api_server_knows_them() {
        let term = json!({"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}},
            "matchLabelKeys": ["pod-template-hash"]});
        let affinity = json!({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}});
        for (known, requirements) in [(true, 2), (false, 1)] {
            let (affinity, _) = read(affinity.clone(), known);
            assert_eq!(affinity.required[0].selector.as_ref().unwrap().requirements.len(), requirements);
        }
    }

    #[test]
    fn a_missing_selector_matches_no_pod_and_an_empty_one_every_pod() {
        assert_eq!(required(json!({})).selector, None);
        assert_eq!(required(json!({"labelSelector": {}})).selector, Some(LabelSelector::default()));
    }

    #[test]
    fn what_the_api_server_refuses_is_refused() {
        let (_, faults) = read(
            json!({"podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["Up"]}],
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 0, "podAffinityTerm": {"topologyKey": "a"}}]}}),
            true,
        );
        assert_eq!(
            faults,
            [
                "/a/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/0/topologyKey: nothing",
                "/a/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/0/namespaces/0: \"Up\"",
                "/a/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/weight: 0",
            ]
        );
    }
}
