//! Nodes and pods that are read from CSV files: which file, and which of its columns says what.

use super::{Entries, Faults};
use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// A list of nodes: a CSV file with a row for each.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeListSpec {
    /// Path of the file, relative to the scenario.
    pub file: String,
    /// Which column says what, where the file has other headings than the defaults.
    #[deserr(default)]
    pub columns: Option<NodeColumnsSpec>,
}

/// The columns of a list of nodes. Amounts are what a node can give to pods (`allocatable`).
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeColumnsSpec {
    /// Node name; `name` unless given.
    #[deserr(default)]
    pub name: Option<ColumnSpec>,
    /// CPU, such as 32 or 31800m; `cpu` unless given.
    #[deserr(default)]
    pub cpu: Option<ColumnSpec>,
    /// Memory, such as 256Gi; `memory` unless given.
    #[deserr(default)]
    pub memory: Option<ColumnSpec>,
    /// Ephemeral storage, such as 100Gi; `ephemeralStorage` unless given, none without such a column.
    #[deserr(default)]
    pub ephemeral_storage: Option<ColumnSpec>,
    /// Most pods; `pods` unless given, 110 without such a column or in an empty cell.
    #[deserr(default)]
    pub pods: Option<ColumnSpec>,
    /// Extended resources: for each its column, such as `nvidia.com/gpu: gpu`.
    #[deserr(default)]
    pub extended: Option<Entries<ColumnSpec>>,
    /// Labels: for each its column, such as `model: model`. An empty cell is no label.
    #[deserr(default)]
    pub labels: Option<Entries<ColumnSpec>>,
}

/// A trace of pods: a CSV file with a row for each.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct TraceSpec {
    /// Path of the file, relative to the scenario.
    pub file: String,
    /// Which column says what, where the file has other headings than the defaults.
    #[deserr(default)]
    pub columns: Option<PodColumnsSpec>,
}

/// The columns of a trace of pods. Amounts are requests; an empty cell requests nothing.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodColumnsSpec {
    /// Pod name; `name` unless given.
    #[deserr(default)]
    pub name: Option<ColumnSpec>,
    /// Namespace; `namespace` unless given, `default` without such a column or in an empty cell.
    #[deserr(default)]
    pub namespace: Option<ColumnSpec>,
    /// CPU, such as 2 or 250m; `cpu` unless given.
    #[deserr(default)]
    pub cpu: Option<ColumnSpec>,
    /// Memory, such as 512Mi; `memory` unless given.
    #[deserr(default)]
    pub memory: Option<ColumnSpec>,
    /// Ephemeral storage, such as 1Gi; `ephemeralStorage` unless given, none without such a column.
    #[deserr(default)]
    pub ephemeral_storage: Option<ColumnSpec>,
    /// Extended resources: for each its column, such as `nvidia.com/gpu: num_gpu`.
    #[deserr(default)]
    pub extended: Option<Entries<ColumnSpec>>,
    /// When the pod is created: seconds from the start, 90s, or 2026-03-02T00:00:00Z; `created` unless given.
    #[deserr(default)]
    pub created: Option<ColumnSpec>,
    /// When it is deleted, in the same forms; `deleted` unless given. Without such a column, or in an empty cell, it stays.
    #[deserr(default)]
    pub deleted: Option<ColumnSpec>,
    /// Priority, a whole number; `priority` unless given, 0 without such a column or in an empty cell.
    #[deserr(default)]
    pub priority: Option<ColumnSpec>,
    /// Labels that the pod's node must carry: for each its column. An empty cell asks for nothing.
    #[deserr(default)]
    pub node_selector: Option<Entries<ColumnSpec>>,
}

/// A column by its heading, with the unit of its cells where they are bare numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The heading.
    pub column: String,
    /// What is to be read behind every number, such as `m` (millicores), `Mi` or `h`; empty unless given.
    pub unit: String,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ColumnWithUnit {
    column: String,
    #[deserr(default)]
    unit: Option<String>,
}

impl Deserr<Faults> for ColumnSpec {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef<'_>) -> Result<Self, Faults> {
        match value {
            Value::String(column) => Ok(Self { column, unit: String::new() }),
            Value::Map(_) => {
                let ColumnWithUnit { column, unit } = ColumnWithUnit::deserialize_from_value(value, location)?;
                Ok(Self { column, unit: unit.unwrap_or_default() })
            }
            other => Err(Faults::kind(location, &other, "the heading of a column, or {column: cpu_milli, unit: m}")),
        }
    }
}

impl JsonSchema for ColumnSpec {
    fn schema_name() -> Cow<'static, str> {
        "Column".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The heading of a column, or {column, unit} where its cells are bare numbers of that unit.",
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"column": {"type": "string"}, "unit": {"type": "string"}},
                    "required": ["column"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
