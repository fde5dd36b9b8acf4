//! The JSON Schema of the scenario file, from the types that read it.

use super::spec::ScenarioSpec;
use serde_json::Value;
use std::sync::OnceLock;

/// The JSON Schema of a scenario file: editors complete and check with it.
pub fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| schemars::schema_for!(ScenarioSpec).into())
}

/// The keys that the mapping at a JSON pointer of a scenario may have; none where any key is allowed.
pub(super) fn known_keys(pointer: &str) -> Vec<&'static str> {
    let mut here = definition(schema());
    for token in pointer.split('/').skip(1) {
        let is_index = token.bytes().all(|byte| byte.is_ascii_digit());
        here = definition(if is_index { &here["items"] } else { &here["properties"][token] });
    }
    here["properties"].as_object().map(|keys| keys.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// What a schema refers to, the case that the value is absent left aside.
fn definition(schema_of_value: &'static Value) -> &'static Value {
    if let Some(name) = schema_of_value["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
        return definition(&schema()["$defs"][name]);
    }
    let cases = schema_of_value["anyOf"].as_array().into_iter().flatten();
    let mut present = cases.filter(|case| case["type"] != "null");
    match (present.next(), present.next()) {
        (Some(only), None) => definition(only),
        _ => schema_of_value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_every_mapping_are_known() {
        for (pointer, key) in [
            ("", "cluster"),
            ("/cluster/autoScalerProfile", "scan-interval"),
            ("/cluster/agentPoolProfiles/3/upgradeSettings", "maxSurge"),
            ("/operations/0/upgrade", "nodeImageOnly"),
        ] {
            assert!(known_keys(pointer).contains(&key), "{key} in {pointer}");
        }
        for pointer in ["/cluster/agentPoolProfiles/0/nodeLabels", "/sweep", "/workloads/manifests/0", "/nowhere/at/all"] {
            assert!(known_keys(pointer).is_empty(), "{pointer}");
        }
    }

    /// `UPDATE_SCHEMA=1 cargo test schema` writes the file anew.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable asks for the file to be written, and changes no result"
    )]
    fn the_committed_schema_is_the_one_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scenario.schema.json");
        let text = serde_json::to_string_pretty(schema()).unwrap() + "\n";
        if std::env::var("UPDATE_SCHEMA").is_ok() {
            std::fs::write(path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == text, "docs/scenario.schema.json is out of date: UPDATE_SCHEMA=1 cargo test schema");
    }
}
