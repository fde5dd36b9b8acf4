//! Short ways into JSON values that the cases are known to have.

use serde_json::Value;
use std::collections::BTreeMap;

/// The elements of a list; none for an absent one.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text"))
}

/// A text that is there and not empty.
pub fn given<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value[key].as_str().filter(|text| !text.is_empty())
}

/// The entries of an object; none for an absent one.
pub fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Texts by name.
pub fn labels(value: &Value) -> BTreeMap<String, String> {
    entries(value).map(|(key, value)| (key.clone(), text(value).to_owned())).collect()
}
