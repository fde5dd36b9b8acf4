//! Pod disruption budgets from their Kubernetes type.

use super::fault::Faults;
use super::selector;
use crate::scenario::plan::{BudgetRule, IntOrPercent, LabelSelector};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// What a budget protects and how.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    /// The pods; `None` without a selector, which in policy/v1 means none at all.
    pub selector: Option<LabelSelector>,
    /// The rule.
    pub rule: BudgetRule,
    /// Fields in use that have no effect yet.
    pub not_simulated: Vec<&'static str>,
}

/// Converts a budget; `None` after a fault that leaves no rule.
pub(super) fn convert(budget: &PodDisruptionBudget, faults: &mut Faults) -> Option<Budget> {
    let spec = budget.spec.clone().unwrap_or_default();
    let selector = spec.selector.map(|selector| selector::label_selector(&selector, "/spec/selector", faults));
    let rule = match (&spec.min_available, &spec.max_unavailable) {
        (Some(value), None) => int_or_percent(value, "/spec/minAvailable", faults).map(BudgetRule::MinAvailable),
        (None, Some(value)) => int_or_percent(value, "/spec/maxUnavailable", faults).map(BudgetRule::MaxUnavailable),
        (found, _) => {
            let found = if found.is_some() { "both minAvailable and maxUnavailable" } else { "no rule" };
            faults.push("/spec", "manifest::budget", found, "either minAvailable or maxUnavailable");
            None
        }
    };
    let always = spec.unhealthy_pod_eviction_policy.as_deref() == Some("AlwaysAllow");
    let not_simulated = if always { vec!["unhealthyPodEvictionPolicy"] } else { Vec::new() };
    Some(Budget { selector, rule: rule?, not_simulated })
}

fn int_or_percent(value: &IntOrString, at: &str, faults: &mut Faults) -> Option<IntOrPercent> {
    let read = match value {
        IntOrString::Int(count) => u32::try_from(*count).ok().map(IntOrPercent::Int),
        IntOrString::String(text) => {
            let percent = text.strip_suffix('%').and_then(|number| number.parse().ok());
            percent.filter(|percent| *percent <= 100).map(IntOrPercent::Percent)
        }
    };
    if read.is_none() {
        let found = match value {
            IntOrString::Int(count) => count.to_string(),
            IntOrString::String(text) => format!("\"{text}\""),
        };
        faults.push(at, "manifest::budget", found, "a number of pods of at least 0, or a share such as 50%");
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::manifest::object;
    use serde_json::{Value, json};

    fn read(spec: Value) -> (Option<Budget>, Vec<String>) {
        let mut faults = Faults::default();
        let budget = object::read(&json!({"metadata": {"name": "b"}, "spec": spec}), &mut faults).unwrap();
        let budget = convert(&budget, &mut faults);
        (budget, faults.0.iter().map(|f| format!("{}: {}", f.pointer, f.found)).collect())
    }

    #[test]
    fn a_rule_is_a_count_or_a_share() {
        for (spec, rule) in [
            (json!({"minAvailable": 1}), BudgetRule::MinAvailable(IntOrPercent::Int(1))),
            (json!({"minAvailable": "50%"}), BudgetRule::MinAvailable(IntOrPercent::Percent(50))),
            (json!({"maxUnavailable": 0}), BudgetRule::MaxUnavailable(IntOrPercent::Int(0))),
        ] {
            assert_eq!(read(spec).0.unwrap().rule, rule);
        }
    }

    #[test]
    fn an_empty_selector_covers_every_pod_and_a_missing_one_none() {
        assert_eq!(
            read(json!({"minAvailable": 1, "selector": {}})).0.unwrap().selector,
            Some(LabelSelector::default())
        );
        assert_eq!(read(json!({"minAvailable": 1})).0.unwrap().selector, None);
    }

    #[test]
    fn a_rule_that_is_none_is_a_fault() {
        for (spec, fault) in [
            (json!({}), "/spec: no rule"),
            (json!({"minAvailable": 1, "maxUnavailable": 1}), "/spec: both minAvailable and maxUnavailable"),
            (json!({"minAvailable": -1}), "/spec/minAvailable: -1"),
            (json!({"maxUnavailable": "150%"}), "/spec/maxUnavailable: \"150%\""),
            (json!({"maxUnavailable": "some"}), "/spec/maxUnavailable: \"some\""),
        ] {
            assert_eq!(read(spec).1, [fault]);
        }
    }
}
