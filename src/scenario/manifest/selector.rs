//! Label selectors, node affinity and tolerations from their Kubernetes types, with the API server's checks.

use super::fault::{Faults, join};
use crate::kernel::SimDuration;
use crate::scenario::plan;
use crate::scenario::plan::{NodeSelectorTerm, Operator, Requirement, TaintEffect, Toleration};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

const OPERATORS: [(&str, Operator); 6] = [
    ("In", Operator::In),
    ("NotIn", Operator::NotIn),
    ("Exists", Operator::Exists),
    ("DoesNotExist", Operator::DoesNotExist),
    ("Gt", Operator::Gt),
    ("Lt", Operator::Lt),
];

const EFFECTS: [(&str, TaintEffect); 3] = [
    ("NoSchedule", TaintEffect::NoSchedule),
    ("PreferNoSchedule", TaintEffect::PreferNoSchedule),
    ("NoExecute", TaintEffect::NoExecute),
];

/// A selector of pods. `at` is its JSON pointer.
pub(super) fn label_selector(selector: &LabelSelector, at: &str, faults: &mut Faults) -> plan::LabelSelector {
    let labels = selector.match_labels.iter().flatten().map(|(key, value)| Requirement {
        key: key.as_str().into(),
        operator: Operator::In,
        values: vec![value.as_str().into()],
    });
    let mut requirements: Vec<Requirement> = labels.collect();
    for (index, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let at = format!("{at}/matchExpressions/{index}");
        let values = expression.values.as_deref().unwrap_or_default();
        // Label selectors know no comparison; node selectors do.
        let known = &OPERATORS[..4];
        requirements.extend(requirement(&expression.key, &expression.operator, values, known, &at, faults));
    }
    plan::LabelSelector { requirements }
}

/// The required terms (`None` when absent) and the preferred ones with their weights. `at` points to `nodeAffinity`.
pub(super) fn node_affinity(
    affinity: &core::NodeAffinity,
    at: &str,
    faults: &mut Faults,
) -> (Option<Vec<NodeSelectorTerm>>, Vec<(i64, NodeSelectorTerm)>) {
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref().map(|selector| {
        let at = format!("{at}/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
        if selector.node_selector_terms.is_empty() {
            faults.push(&at, "manifest::required", "no term", "at least one term");
        }
        let terms = selector.node_selector_terms.iter().enumerate();
        terms.map(|(index, term)| node_selector_term(term, &format!("{at}/{index}"), faults)).collect()
    });
    let preferred = affinity.preferred_during_scheduling_ignored_during_execution.iter().flatten().enumerate();
    let preferred = preferred.map(|(index, term)| {
        let at = format!("{at}/preferredDuringSchedulingIgnoredDuringExecution/{index}");
        if !(1..=100).contains(&term.weight) {
            faults.push(join(&at, "weight"), "manifest::range", term.weight.to_string(), "a weight from 1 to 100");
        }
        (i64::from(term.weight), node_selector_term(&term.preference, &join(&at, "preference"), faults))
    });
    let preferred = preferred.collect();
    (required, preferred)
}

fn node_selector_term(term: &core::NodeSelectorTerm, at: &str, faults: &mut Faults) -> NodeSelectorTerm {
    let mut read =
        |list: &Option<Vec<core::NodeSelectorRequirement>>, name: &str, known: &[(&'static str, Operator)]| {
            let each = list.iter().flatten().enumerate();
            each.filter_map(|(index, one)| {
                let values = one.values.as_deref().unwrap_or_default();
                requirement(&one.key, &one.operator, values, known, &format!("{at}/{name}/{index}"), faults)
            })
            .collect()
        };
    let expressions = read(&term.match_expressions, "matchExpressions", &OPERATORS);
    // The API server knows one field, metadata.name, and two operators for it.
    let fields: Vec<Requirement> = read(&term.match_fields, "matchFields", &OPERATORS[..2]);
    for (index, field) in fields.iter().enumerate().filter(|(_, field)| *field.key != *"metadata.name") {
        let pointer = format!("{at}/matchFields/{index}/key");
        faults.push(pointer, "manifest::value", format!("\"{}\"", field.key), "metadata.name");
    }
    NodeSelectorTerm { expressions, fields }
}

fn requirement(
    key: &str,
    operator: &str,
    values: &[String],
    known: &[(&'static str, Operator)],
    at: &str,
    faults: &mut Faults,
) -> Option<Requirement> {
    let operator = one_of(operator, known, &join(at, "operator"), faults)?;
    if key.is_empty() {
        faults.push(join(at, "key"), "manifest::required", "nothing", "the key of a label");
    }
    let (right, rule) = match operator {
        Operator::In | Operator::NotIn => (!values.is_empty(), "at least one value"),
        Operator::Exists | Operator::DoesNotExist => (values.is_empty(), "no values beside this operator"),
        Operator::Gt | Operator::Lt => {
            (matches!(values, [one] if one.parse::<i64>().is_ok()), "exactly one integer, in quotes")
        }
    };
    if !right {
        faults.push(join(at, "values"), "manifest::value", format!("{values:?}"), rule);
    }
    Some(Requirement { key: key.into(), operator, values: values.iter().map(|value| value.as_str().into()).collect() })
}

/// The meaning of a word from a fixed list, or a fault that names the list.
pub(super) fn one_of<T: Copy>(word: &str, known: &[(&'static str, T)], at: &str, faults: &mut Faults) -> Option<T> {
    if let Some((_, meaning)) = known.iter().find(|(name, _)| *name == word) {
        return Some(*meaning);
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    faults.unknown(at, "manifest::value", ("unknown word", word), names.iter().copied(), &names.join(" or "));
    None
}

/// A pod's tolerations as written. `at` is the list's JSON pointer.
pub(super) fn tolerations(list: &[core::Toleration], at: &str, faults: &mut Faults) -> Vec<Toleration> {
    let each = list.iter().enumerate();
    each.filter_map(|(index, written)| toleration(written, &format!("{at}/{index}"), faults)).collect()
}

fn toleration(written: &core::Toleration, at: &str, faults: &mut Faults) -> Option<Toleration> {
    let text = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
    let operator = text(&written.operator).unwrap_or_else(|| "Equal".to_owned());
    let exists = one_of(&operator, &[("Equal", false), ("Exists", true)], &join(at, "operator"), faults)?;
    let key = text(&written.key);
    if key.is_none() && !exists {
        faults.push(join(at, "key"), "manifest::required", "nothing", "a key, or operator: Exists for all taints");
    }
    if exists && text(&written.value).is_some() {
        faults.push(join(at, "value"), "manifest::value", "a value beside Exists", "operator: Equal, or no value");
    }
    let effect = match text(&written.effect) {
        Some(effect) => Some(one_of(&effect, &EFFECTS, &join(at, "effect"), faults)?),
        None => None,
    };
    let value = (!exists).then(|| written.value.clone().unwrap_or_default().into());
    // Zero and less mean at once, as the API documents it.
    let lasts = written.toleration_seconds.map(|seconds| SimDuration::from_secs(seconds.max(0).unsigned_abs()));
    Some(Toleration { key: key.map(Into::into), value, effect, lasts })
}

/// What the DaemonSet controller adds to the tolerations of its pods (Kubernetes documentation, "DaemonSet", taints and
/// tolerations): nodes that are not ready, unreachable, under pressure or cordoned, and without network for `hostNetwork`.
pub(super) fn daemon_set_tolerations(host_network: bool) -> Vec<Toleration> {
    let mut taints = vec![
        ("not-ready", TaintEffect::NoExecute),
        ("unreachable", TaintEffect::NoExecute),
        ("disk-pressure", TaintEffect::NoSchedule),
        ("memory-pressure", TaintEffect::NoSchedule),
        ("pid-pressure", TaintEffect::NoSchedule),
        ("unschedulable", TaintEffect::NoSchedule),
    ];
    if host_network {
        taints.push(("network-unavailable", TaintEffect::NoSchedule));
    }
    let toleration = |(name, effect)| Toleration {
        key: Some(format!("node.kubernetes.io/{name}").into()),
        value: None,
        effect: Some(effect),
        lasts: None,
    };
    taints.into_iter().map(toleration).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::plan::Taint;
    use serde_json::{Value, json};

    fn check(tolerations_written: Value, taint: (&str, &str, TaintEffect), tolerated: bool) {
        let mut faults = Faults::default();
        let list: Vec<core::Toleration> = serde_json::from_value(tolerations_written.clone()).unwrap();
        let read = tolerations(&list, "", &mut faults);
        assert_eq!(faults, Faults::default());
        let taint = Taint { key: taint.0.into(), value: taint.1.into(), effect: taint.2 };
        assert_eq!(read.iter().any(|t| t.tolerates(&taint)), tolerated, "{tolerations_written} against {taint:?}");
    }

    #[test]
    fn tolerations_mean_what_kubernetes_means() {
        use TaintEffect::{NoExecute, NoSchedule};
        let spot = ("kubernetes.azure.com/scalesetpriority", "spot", NoSchedule);
        let key = "kubernetes.azure.com/scalesetpriority";
        check(json!([]), spot, false);
        check(json!([{"key": key, "value": "spot"}]), spot, true);
        check(json!([{"key": key, "value": "regular"}]), spot, false);
        check(json!([{"key": key}]), spot, false);
        check(json!([{"key": key, "operator": "Exists"}]), spot, true);
        check(json!([{"key": key, "operator": "Exists", "effect": "NoExecute"}]), spot, false);
        check(json!([{"operator": "Exists"}]), spot, true);
        check(json!([{"key": "a", "value": ""}]), ("a", "", NoExecute), true);
    }

    #[test]
    fn wrong_words_and_missing_operands_are_faults() {
        let mut faults = Faults::default();
        let list: Vec<core::Toleration> = serde_json::from_value(json!([
            {"key": "a", "operator": "Exist"}, {"key": "a", "effect": "NoScheduling"}, {"operator": "Equal"},
            {"key": "a", "operator": "Exists", "value": "b"},
        ]))
        .unwrap();
        tolerations(&list, "/t", &mut faults);
        let affinity =
            serde_json::from_value(json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "a", "operator": "In"}, {"key": "a", "operator": "Gt", "values": ["x"]}],
             "matchFields": [{"key": "metadata.uid", "operator": "In", "values": ["x"]}]}]},
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 0, "preference": {}}]}))
            .unwrap();
        node_affinity(&affinity, "", &mut faults);
        let selector =
            serde_json::from_value(json!({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}));
        label_selector(&selector.unwrap(), "/s", &mut faults);
        let pointers: Vec<&str> = faults.0.iter().map(|fault| fault.pointer.as_str()).collect();
        let required = "/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0";
        assert_eq!(
            pointers,
            [
                "/t/0/operator",
                "/t/1/effect",
                "/t/2/key",
                "/t/3/value",
                &format!("{required}/matchExpressions/0/values"),
                &format!("{required}/matchExpressions/1/values"),
                &format!("{required}/matchFields/0/key"),
                "/preferredDuringSchedulingIgnoredDuringExecution/0/weight",
                "/s/matchExpressions/0/operator",
            ]
        );
    }
}
