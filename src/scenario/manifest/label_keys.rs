//! `matchLabelKeys` and `mismatchLabelKeys`: labels of the pod itself that become requirements on others.

use super::fault::{Faults, join};
use crate::scenario::plan::{LabelSelector, Operator, Requirement};
use std::collections::BTreeMap;

/// The code of the faults found here.
pub(super) const CODE: &str = "manifest::label_keys";

/// Adds to the selector, for every key, that a pod has (or with `NotIn` has not) the value that this pod has. Keys that this pod
/// lacks are left out. `at` is the JSON pointer of the list of keys.
///
/// Source: Kubernetes API reference, PodAffinityTerm and TopologySpreadConstraint: the API server works the keys into the
/// selector, and refuses them without a selector or when the selector speaks of the key already.
pub(super) fn merge(
    keys: &[String],
    operator: Operator,
    labels: &BTreeMap<String, String>,
    selector: &mut Option<LabelSelector>,
    at: &str,
    faults: &mut Faults,
) {
    let Some(selector) = selector.as_mut().filter(|_| !keys.is_empty()) else {
        if !keys.is_empty() {
            faults.push(at, CODE, "keys without a labelSelector", "a labelSelector beside them");
        }
        return;
    };
    for (index, key) in keys.iter().enumerate() {
        let value = labels.get(key).map(String::as_str);
        let requirement =
            value.map(|value| Requirement { key: key.as_str().into(), operator, values: vec![value.into()] });
        // A pod that comes from a cluster has the very requirement already.
        let others = selector.requirements.iter().filter(|one| *one.key == **key && Some(*one) != requirement.as_ref());
        if others.count() > 0 {
            let found = format!("\"{key}\", which the selector speaks of already");
            faults.push(join(at, &index.to_string()), CODE, found, "the key in one of the two places");
        }
        if let Some(requirement) = requirement.filter(|one| !selector.requirements.contains(one)) {
            selector.requirements.push(requirement);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::manifest::neighbours::equality;

    fn check(keys: &[&str], operator: Operator, mut selector: Option<LabelSelector>, expected: &str) {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let labels = [("hash".to_owned(), "1".to_owned()), ("app".to_owned(), "web".to_owned())].into();
        let mut faults = Faults::default();
        merge(&keys, operator, &labels, &mut selector, "/keys", &mut faults);
        let requirements = selector.iter().flat_map(|selector| &selector.requirements);
        let mut said: Vec<String> =
            requirements.map(|one| format!("{} {:?} {}", one.key, one.operator, one.values.join(","))).collect();
        said.extend(faults.0.iter().map(|fault| format!("{}: {}", fault.pointer, fault.found)));
        assert_eq!(said.join("; "), expected, "{keys:?}");
    }

    fn app(value: &str) -> Option<LabelSelector> {
        Some(LabelSelector { requirements: vec![equality("app", value)] })
    }

    #[test]
    fn keys_become_requirements_with_the_pods_own_values() {
        check(&["hash"], Operator::In, app("web"), "app In web; hash In 1");
        check(&["hash", "absent"], Operator::NotIn, Some(LabelSelector::default()), "hash NotIn 1");
        check(&["app"], Operator::In, app("web"), "app In web");
        check(&[], Operator::In, None, "");
    }

    #[test]
    fn keys_without_or_against_a_selector_are_refused() {
        check(&["hash"], Operator::In, None, "/keys: keys without a labelSelector");
        check(
            &["hash", "app"],
            Operator::In,
            app("db"),
            "app In db; hash In 1; app In web; /keys/1: \"app\", which the selector speaks of already",
        );
    }
}
