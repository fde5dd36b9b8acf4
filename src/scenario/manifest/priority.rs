//! Priority classes: what a pod that names one inherits.

use super::fault::{Faults, join};
use super::selector;
use k8s_openapi::api::core::v1::PodSpec;
use std::collections::BTreeMap;

/// The priority classes that every cluster has (Kubernetes documentation, "Guaranteed Scheduling For Critical Add-On Pods").
const SYSTEM_CLASSES: [(&str, i32); 2] =
    [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

/// What a class says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Class {
    /// The priority.
    pub value: i32,
    /// True for `preemptionPolicy: Never`.
    pub never_preempts: bool,
}

/// The classes by name.
#[derive(Clone, Debug)]
pub(super) struct PriorityClasses {
    by_name: BTreeMap<String, Class>,
    default: Class,
}

impl Default for PriorityClasses {
    fn default() -> Self {
        let class = |(name, value): (&str, i32)| (name.to_owned(), Class { value, never_preempts: false });
        Self { by_name: SYSTEM_CLASSES.map(class).into(), default: Class::default() }
    }
}

impl PriorityClasses {
    /// Adds a class; with `global_default` it is that of pods which name none.
    pub fn add(&mut self, name: &str, class: Class, global_default: bool) {
        self.by_name.insert(name.to_owned(), class);
        if global_default {
            self.default = class;
        }
    }

    /// Priority and preemption policy of a pod: its own policy goes before its class's.
    pub fn of(&self, spec: &PodSpec, at: &str, faults: &mut Faults) -> Class {
        let class = self.named(spec.priority_class_name.as_deref(), at, faults);
        let own = preemption_policy(spec.preemption_policy.as_deref(), at, faults);
        Class { never_preempts: own.unwrap_or(class.never_preempts), ..class }
    }

    fn named(&self, class: Option<&str>, at: &str, faults: &mut Faults) -> Class {
        let Some(class) = class.filter(|class| !class.is_empty()) else { return self.default };
        self.by_name.get(class).copied().unwrap_or_else(|| {
            let names = self.by_name.keys().map(String::as_str);
            let otherwise = "a PriorityClass that the manifests define";
            let pointer = join(at, "priorityClassName");
            faults.unknown(pointer, "manifest::priority_class", ("unknown class", class), names, otherwise);
            self.default
        })
    }
}

/// True for `Never`; `None` when nothing is written, or after a fault.
pub(super) fn preemption_policy(written: Option<&str>, at: &str, faults: &mut Faults) -> Option<bool> {
    let policies = [("PreemptLowerPriority", false), ("Never", true)];
    selector::one_of(written?, &policies, &join(at, "preemptionPolicy"), faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(class: Option<&str>, own: Option<&str>, expected: (i32, bool), fault: Option<&str>) {
        let mut classes = PriorityClasses::default();
        classes.add("polite", Class { value: 7, never_preempts: true }, false);
        classes.add("usual", Class { value: 1, never_preempts: false }, true);
        let spec = PodSpec {
            priority_class_name: class.map(str::to_owned),
            preemption_policy: own.map(str::to_owned),
            ..PodSpec::default()
        };
        let mut faults = Faults::default();
        let found = classes.of(&spec, "/spec", &mut faults);
        assert_eq!((found.value, found.never_preempts), expected, "{class:?} {own:?}");
        assert_eq!(faults.0.first().map(|fault| fault.pointer.as_str()), fault, "{class:?} {own:?}");
    }

    #[test]
    fn a_pods_own_policy_goes_before_its_classs() {
        check(None, None, (1, false), None);
        check(Some("polite"), None, (7, true), None);
        check(Some("polite"), Some("PreemptLowerPriority"), (7, false), None);
        check(Some("system-node-critical"), Some("Never"), (2_000_001_000, true), None);
    }

    #[test]
    fn unknown_classes_and_policies_are_faults() {
        check(Some("polit"), None, (1, false), Some("/spec/priorityClassName"));
        check(None, Some("never"), (1, false), Some("/spec/preemptionPolicy"));
    }
}
