//! Topology spread constraints from their Kubernetes type, with the API server's checks.

use super::fault::{Faults, join};
use super::{label_keys, selector};
use crate::scenario::plan::{Operator, TopologySpreadConstraint};
use k8s_openapi::api::core::v1 as core;
use std::collections::{BTreeMap, BTreeSet};

const HARD: [(&str, bool); 2] = [("DoNotSchedule", true), ("ScheduleAnyway", false)];
const HONOR: [(&str, bool); 2] = [("Honor", true), ("Ignore", false)];

/// Reads a pod's constraints. `labels` are the pod's own; `at` is the JSON pointer of the list.
pub(super) fn constraints(
    list: &[core::TopologySpreadConstraint],
    labels: &BTreeMap<String, String>,
    at: &str,
    faults: &mut Faults,
) -> Vec<TopologySpreadConstraint> {
    let mut seen = BTreeSet::new();
    let mut read = Vec::new();
    for (index, written) in list.iter().enumerate() {
        let at = format!("{at}/{index}");
        if !seen.insert((&written.topology_key, &written.when_unsatisfiable)) {
            let found = format!("a second constraint on {} with {}", written.topology_key, written.when_unsatisfiable);
            faults.push(&at, "manifest::duplicate", found, "one constraint for each topologyKey and whenUnsatisfiable");
        }
        read.extend(constraint(written, labels, &at, faults));
    }
    read
}

/// One constraint; `None` after a fault that leaves it without a meaning.
fn constraint(
    written: &core::TopologySpreadConstraint,
    labels: &BTreeMap<String, String>,
    at: &str,
    faults: &mut Faults,
) -> Option<TopologySpreadConstraint> {
    if written.topology_key.is_empty() {
        faults.push(join(at, "topologyKey"), "manifest::required", "nothing", "the label of nodes that makes domains");
    }
    let at_selector = join(at, "labelSelector");
    let mut selector = written.label_selector.as_ref().map(|one| selector::label_selector(one, &at_selector, faults));
    let keys = written.match_label_keys.as_deref().unwrap_or_default();
    label_keys::merge(keys, Operator::In, labels, &mut selector, &join(at, "matchLabelKeys"), faults);
    let max_skew = at_least_one(written.max_skew, &join(at, "maxSkew"), faults);
    let hard = selector::one_of(&written.when_unsatisfiable, &HARD, &join(at, "whenUnsatisfiable"), faults);
    let min_domains = min_domains(written.min_domains, hard, &join(at, "minDomains"), faults);
    let mut policy = |word: &Option<String>, default: bool, name: &str| match word {
        Some(word) => selector::one_of(word, &HONOR, &join(at, name), faults),
        None => Some(default),
    };
    let honors_affinity = policy(&written.node_affinity_policy, true, "nodeAffinityPolicy");
    let honors_taints = policy(&written.node_taints_policy, false, "nodeTaintsPolicy");
    Some(TopologySpreadConstraint {
        max_skew: max_skew?,
        topology_key: written.topology_key.as_str().into(),
        hard: hard?,
        selector,
        min_domains,
        honors_affinity: honors_affinity?,
        honors_taints: honors_taints?,
    })
}

/// `minDomains`, 1 where none is given, which only a hard constraint may give.
fn min_domains(written: Option<i32>, hard: Option<bool>, at: &str, faults: &mut Faults) -> u32 {
    let Some(count) = written else { return 1 };
    if hard == Some(false) {
        faults.push(at, "manifest::value", "minDomains beside ScheduleAnyway", "it beside DoNotSchedule only");
    }
    at_least_one(count, at, faults).unwrap_or(1)
}

fn at_least_one(count: i32, at: &str, faults: &mut Faults) -> Option<u32> {
    let read = u32::try_from(count).ok().filter(|count| *count > 0);
    if read.is_none() {
        faults.push(at, "manifest::range", count.to_string(), "a whole number of at least 1");
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::plan::LabelSelector;
    use serde_json::{Value, json};

    fn read(list: Value) -> (Vec<TopologySpreadConstraint>, Vec<String>) {
        let labels = [("app".to_owned(), "web".to_owned()), ("hash".to_owned(), "x".to_owned())].into();
        let mut faults = Faults::default();
        let list: Vec<core::TopologySpreadConstraint> = serde_json::from_value(list).unwrap();
        let read = constraints(&list, &labels, "/t", &mut faults);
        (read, faults.0.iter().map(|fault| format!("{}: {}", fault.pointer, fault.found)).collect())
    }

    #[test]
    fn a_constraint_has_kubernetes_defaults() {
        let written = json!([{"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}]);
        let expected = TopologySpreadConstraint {
            max_skew: 2,
            topology_key: "zone".into(),
            hard: true,
            selector: None,
            min_domains: 1,
            honors_affinity: true,
            honors_taints: false,
        };
        assert_eq!(read(written), (vec![expected], Vec::new()));
    }

    #[test]
    fn every_field_is_read() {
        let (read, faults) = read(json!([
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {},
                "nodeAffinityPolicy": "Ignore", "nodeTaintsPolicy": "Honor"},
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "minDomains": 3,
                "labelSelector": {"matchLabels": {"app": "web"}}, "matchLabelKeys": ["hash", "absent"]},
        ]));
        assert_eq!(faults, Vec::<String>::new());
        assert!(!read[0].hard && !read[0].honors_affinity && read[0].honors_taints);
        assert_eq!(read[0].selector, Some(LabelSelector::default()));
        assert_eq!(read[1].min_domains, 3);
        assert_eq!(read[1].selector.as_ref().unwrap().requirements.len(), 2);
    }

    #[test]
    fn what_the_api_server_refuses_is_refused() {
        let (_, faults) = read(json!([
            {"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": "DoNotSchedul"},
            {"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 2, "matchLabelKeys": ["app"]},
            {"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway"},
            {"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule", "minDomains": 0, "nodeTaintsPolicy": "No"},
        ]));
        assert_eq!(
            faults,
            [
                "/t/0/topologyKey: nothing",
                "/t/0/maxSkew: 0",
                "/t/0/whenUnsatisfiable: unknown word \"DoNotSchedul\"",
                "/t/1/matchLabelKeys: keys without a labelSelector",
                "/t/1/minDomains: minDomains beside ScheduleAnyway",
                "/t/2: a second constraint on a with ScheduleAnyway",
                "/t/3/minDomains: 0",
                "/t/3/nodeTaintsPolicy: unknown word \"No\"",
            ]
        );
    }
}
