//! How a value becomes a spec: every fault is collected with its place, what was found, and what to write.

use super::SeedsSpec;
use crate::scenario::diagnostic::suggestion;
use crate::scenario::document::escape;
use deserr::{DeserializeError, Deserr, ErrorKind, IntoValue, Map, MergeWithError, Value, ValueKind, ValuePointerRef};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;
use std::collections::{BTreeMap, btree_map};
use std::ops::{ControlFlow, Deref};

/// Code of a key that must be there.
pub const MISSING: &str = "scenario::missing";
/// Code of a key that nobody knows.
pub const UNKNOWN_KEY: &str = "scenario::unknown_key";

/// One thing that is wrong in the form of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, as a JSON pointer.
    pub pointer: String,
    /// True when the key is at fault and not the value.
    pub on_key: bool,
    /// A stable name.
    pub code: &'static str,
    /// What was found.
    pub found: String,
    /// What to write instead.
    pub remedy: String,
}

/// Everything that is wrong in the form of a value.
#[derive(Clone, Debug, Default)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// A single fault of the value at `location`.
    pub fn one(location: ValuePointerRef<'_>, code: &'static str, found: String, remedy: String) -> Self {
        Self(vec![Fault { pointer: pointer(location), on_key: false, code, found, remedy }])
    }

    /// The fault of finding a value of the wrong kind.
    pub fn kind<V: IntoValue>(location: ValuePointerRef<'_>, value: &Value<V>, remedy: &str) -> Self {
        Self::one(location, "scenario::type", format!("found {}", describe(value)), format!("write {remedy}"))
    }
}

/// The JSON pointer of a location.
fn pointer(location: ValuePointerRef<'_>) -> String {
    match location {
        ValuePointerRef::Origin => String::new(),
        ValuePointerRef::Key { key, prev } => format!("{}/{}", pointer(*prev), escape(key)),
        ValuePointerRef::Index { index, prev } => format!("{}/{index}", pointer(*prev)),
    }
}

/// A value in a few words, such as `"lots"` or `a list`.
pub(super) fn describe<V: IntoValue>(value: &Value<V>) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::NegativeInteger(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::String(text) => format!("\"{text}\""),
        Value::Sequence(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
    }
}

fn kind_name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Null => "null",
        ValueKind::Boolean => "true or false",
        ValueKind::Integer => "a whole number of at least 0",
        ValueKind::NegativeInteger => "a negative whole number",
        ValueKind::Float => "a number",
        ValueKind::String => "text",
        ValueKind::Sequence => "a list",
        ValueKind::Map => "a mapping",
    }
}

/// Kinds of values in words, the most general of several number kinds only.
fn kinds(accepted: &[ValueKind]) -> String {
    let mut kinds = accepted.to_vec();
    if kinds.contains(&ValueKind::Float) {
        kinds.retain(|kind| !matches!(kind, ValueKind::Integer | ValueKind::NegativeInteger));
    }
    kinds.iter().map(|kind| kind_name(*kind)).collect::<Vec<_>>().join(" or ")
}

/// Options of `az aks` and arguments of Terraform's `azurerm_kubernetes_cluster`, without hyphens and underscores, and what the API calls
/// them.
const OTHER_NAMES: [(&str, &str); 20] = [
    ("clustername", "name"),
    ("nodepoolname", "name"),
    ("region", "location"),
    ("defaultnodepool", "agentPoolProfiles"),
    ("nodepools", "agentPoolProfiles"),
    ("nodecount", "count"),
    ("nodevmsize", "vmSize"),
    ("nodeosdisksize", "osDiskSizeGB"),
    ("nodeosdisktype", "osDiskType"),
    ("zones", "availabilityZones"),
    ("labels", "nodeLabels"),
    ("taints", "nodeTaints"),
    ("priority", "scaleSetPriority"),
    ("evictionpolicy", "scaleSetEvictionPolicy"),
    ("enableclusterautoscaler", "enableAutoScaling"),
    ("autoscalingenabled", "enableAutoScaling"),
    ("orchestratorversion", "kubernetesVersion"),
    ("draintimeout", "drainTimeoutInMinutes"),
    ("nodesoakduration", "nodeSoakDurationInMinutes"),
    ("tier", "sku"),
];

/// What a key of another tool is called here.
fn known_as<'a>(key: &str, accepted: &[&'a str]) -> Option<&'a str> {
    let plain = key.replace(['-', '_'], "");
    let (_, meant) = OTHER_NAMES.iter().find(|(other, _)| other.eq_ignore_ascii_case(&plain))?;
    accepted.iter().copied().find(|known| known == meant)
}

impl DeserializeError for Faults {
    fn error<V: IntoValue>(
        found: Option<Self>,
        error: ErrorKind<'_, V>,
        location: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let mut faults = found.unwrap_or_default();
        let here = pointer(location);
        faults.0.push(match error {
            ErrorKind::IncorrectValueKind { actual, accepted } => Fault {
                pointer: here,
                on_key: false,
                code: "scenario::type",
                found: format!("found {}", describe(&actual)),
                remedy: format!("write {}", kinds(accepted)),
            },
            ErrorKind::MissingField { field } => Fault {
                pointer: format!("{here}/{}", escape(field)),
                on_key: true,
                code: MISSING,
                found: "is missing".to_owned(),
                remedy: format!("add {field}"),
            },
            ErrorKind::UnknownKey { key, accepted } => Fault {
                pointer: format!("{here}/{}", escape(key)),
                on_key: true,
                code: UNKNOWN_KEY,
                found: format!("unknown key {key}"),
                remedy: match known_as(key, accepted) {
                    Some(meant) => format!("did you mean {meant}?"),
                    None => suggestion(key, accepted),
                },
            },
            ErrorKind::UnknownValue { value, accepted } => Fault {
                pointer: here,
                on_key: false,
                code: "scenario::value",
                found: format!("found \"{value}\""),
                remedy: suggestion(value, accepted),
            },
            ErrorKind::BadSequenceLen { expected, .. } => Fault {
                pointer: here,
                on_key: false,
                code: "scenario::length",
                found: "found a list of another length".to_owned(),
                remedy: format!("write {expected} elements"),
            },
            ErrorKind::Unexpected { msg } => {
                Fault { pointer: here, on_key: false, code: "scenario::value", found: msg, remedy: String::new() }
            }
        });
        ControlFlow::Continue(faults)
    }
}

impl MergeWithError<Faults> for Faults {
    fn merge(found: Option<Self>, mut other: Faults, _: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut faults = found.unwrap_or_default();
        faults.0.append(&mut other.0);
        ControlFlow::Continue(faults)
    }
}

/// A mapping whose keys the scenario chooses. `deserr` 0.6's own reading of maps forgets the faults of their values.
#[derive(Clone, Debug, PartialEq)]
pub struct Entries<T>(pub BTreeMap<String, T>);

impl<T> Deref for Entries<T> {
    type Target = BTreeMap<String, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a Entries<T> {
    type Item = (&'a String, &'a T);
    type IntoIter = btree_map::Iter<'a, String, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Deserr<Faults>> Deserr<Faults> for Entries<T> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let map = match value {
            Value::Map(map) => map,
            other => return Err(Faults::kind(location, &other, "a mapping")),
        };
        let (mut entries, mut faults) = (BTreeMap::new(), Faults::default());
        for (key, value) in map.into_iter() {
            match T::deserialize_from_value(value.into_value(), location.push_key(&key)) {
                Ok(value) => _ = entries.insert(key, value),
                Err(mut found) => faults.0.append(&mut found.0),
            }
        }
        if faults.0.is_empty() { Ok(Self(entries)) } else { Err(faults) }
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        BTreeMap::<String, T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, T>::json_schema(generator)
    }
}

/// More replications tell nothing new, and no memory holds their results.
const MOST_SEEDS: u64 = 1_000_000;

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct SeedRange {
    first: u64,
    count: u64,
}

impl Deserr<Faults> for SeedsSpec {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef<'_>) -> Result<Self, Faults> {
        const REMEDY: &str = "a number of seeds, or {first: 1, count: 100}";
        let seeds = match value {
            Value::Integer(count) => Self { first: 1, count },
            Value::Map(_) => {
                let range = SeedRange::deserialize_from_value(value, location)?;
                Self { first: range.first, count: range.count }
            }
            other => return Err(Faults::kind(location, &other, REMEDY)),
        };
        let fault = |found: String, remedy: String| Err(Faults::one(location, "scenario::seeds", found, remedy));
        if seeds.count == 0 {
            return fault("found 0 seeds".to_owned(), "write at least 1".to_owned());
        }
        if seeds.count > MOST_SEEDS || seeds.first.checked_add(seeds.count).is_none() {
            let found = format!("found {} seeds from {} on", seeds.count, seeds.first);
            return fault(found, format!("write at most {MOST_SEEDS}, from a smaller first one on"));
        }
        Ok(seeds)
    }
}

impl JsonSchema for SeedsSpec {
    fn schema_name() -> Cow<'static, str> {
        "Seeds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number of seeds, or the first seed and a count.",
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {
                    "type": "object",
                    "properties": {"first": {"type": "integer", "minimum": 0}, "count": {"type": "integer", "minimum": 1}},
                    "required": ["first", "count"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
