//! Parts of the scheduler's configuration that have the types of pods: read by the same code.

use super::fault::Faults;
use super::{object, problem, selector, topology_spread};
use crate::scenario::plan::{AddedAffinity, TopologySpreadConstraint};
use crate::scenario::{Document, Problems};
use k8s_openapi::api::core::v1 as core;
use serde_json::Value;
use std::collections::BTreeMap;

/// `addedAffinity` of NodeAffinity. `at` is its JSON pointer in the scenario.
pub fn added_affinity(value: &Value, at: &str, scenario: &Document, problems: &mut Problems) -> AddedAffinity {
    let mut faults = Faults::default();
    let written = object::read::<core::NodeAffinity>(value, &mut faults);
    let read = written.map(|affinity| selector::node_affinity(&affinity, "", &mut faults));
    report(&faults, at, scenario, problems);
    let (required, preferred) = read.unwrap_or_default();
    AddedAffinity { required, preferred }
}

/// `defaultConstraints` of PodTopologySpread: none has a selector, since each pod's own is used. `at` is the list's JSON pointer
/// in the scenario.
pub fn default_constraints(
    list: &[Value],
    at: &str,
    scenario: &Document,
    problems: &mut Problems,
) -> Vec<TopologySpreadConstraint> {
    let mut typed: Vec<core::TopologySpreadConstraint> = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let mut faults = Faults::default();
        if let Some(mut constraint) = object::read::<core::TopologySpreadConstraint>(value, &mut faults) {
            if constraint.label_selector.take().is_some() {
                faults.push("/labelSelector", "scenario::scheduler", "a selector", "none: each pod's own is used");
            }
            if constraint.match_label_keys.take().is_some() {
                faults.push("/matchLabelKeys", "scenario::scheduler", "keys", "none: each pod's own selector is used");
            }
            typed.push(constraint);
        }
        report(&faults, &format!("{at}/{index}"), scenario, problems);
    }
    if typed.len() < list.len() {
        return Vec::new(); // The indexes of those that were read would be wrong.
    }
    let mut faults = Faults::default();
    let constraints = topology_spread::constraints(&typed, &BTreeMap::new(), "", &mut faults);
    report(&faults, at, scenario, problems);
    constraints
}

fn report(faults: &Faults, at: &str, scenario: &Document, problems: &mut Problems) {
    for fault in &faults.0 {
        let mut fault = fault.clone();
        fault.pointer.insert_str(0, at);
        problems.push(problem(&fault, scenario));
    }
}
