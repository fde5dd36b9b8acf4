//! What the tests of several files need: upstream's own cases, and a bare node.
//!
//! Left out of the file are cases about what does not exist here: init containers (a pod's request comes ready-made),
//! pods that outlive their grace, mirror pods, and taking a pool out of its backoff by hand.

use crate::cluster::NodeInfo;
use crate::units::Resources;
use std::collections::BTreeMap;

/// A case of upstream's unit tests.
pub(super) struct Case {
    /// Its id in the file.
    pub(super) id: String,
    /// What goes in.
    pub(super) input: serde_json::Value,
    /// What must come out.
    pub(super) expect: serde_json::Value,
}

/// The cases of a kind; at least one. Source: kubernetes/autoscaler unit tests, named in the file.
pub(super) fn cases(kind: &str) -> Vec<Case> {
    let text = include_str!("../../../tests/golden/k8s-cases-autoscaler.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let of_kind = file["cases"].as_array().unwrap().iter().filter(|case| case["kind"] == kind);
    let cases: Vec<_> = of_kind
        .map(|case| Case {
            id: case["id"].as_str().unwrap().to_owned(),
            input: case["input"].clone(),
            expect: case["expect"].clone(),
        })
        .collect();
    assert!(!cases.is_empty(), "no case of kind {kind}");
    cases
}

/// A node with nothing on it.
pub(super) fn node(name: &str, allocatable: Resources) -> NodeInfo {
    NodeInfo::new(name, BTreeMap::new(), Vec::new(), allocatable)
}
