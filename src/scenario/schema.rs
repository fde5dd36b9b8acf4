//! The JSON Schema of the scenario file, from the types that read it.

use super::spec::ScenarioSpec;
use serde_json::Value;
use std::sync::OnceLock;

/// The JSON Schema of a scenario file: editors complete and check with it.
pub fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| schemars::schema_for!(ScenarioSpec).into())
}

#[cfg(test)]
mod tests {
    use super::*;

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
