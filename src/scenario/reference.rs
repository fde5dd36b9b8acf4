//! The scenario file explained key by key, as Markdown: the schema for human eyes.

use super::schema::schema;
use serde_json::{Map, Value};
use std::collections::VecDeque;

const HEAD: &str = "# The scenario file\n\n\
    Made from the types that read it: `aksim schema --markdown` prints it, `aksim schema` the JSON Schema that editors complete and check\n\
    with. Keys are optional unless they are marked **required**; keys that are not listed are errors.\n";

/// Where a mapping stands in the file, and its schema.
struct Section {
    path: String,
    schema: &'static Value,
}

/// The whole reference.
#[must_use]
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    let mut words: Vec<&str> = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    let mut sections = VecDeque::from([Section { path: String::new(), schema: schema() }]);
    // Depth first: what a key leads to follows it closely.
    while let Some(Section { path, schema }) = sections.pop_front() {
        let title = if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
        text.push_str(&format!("\n## {title}\n\n"));
        if !path.is_empty() {
            text.push_str(&format!("{}\n\n", line(description(schema))));
        }
        let mut below = Vec::new();
        for case in cases(schema) {
            if let Some(properties) = case["properties"].as_object() {
                text.push_str(&table(case, properties));
                for (key, value) in properties {
                    below.extend(referred(&join(&path, key), value));
                }
            }
        }
        for (path, name) in below.into_iter().rev() {
            let schema = &self::schema()["$defs"][name];
            if is_mapping(schema) {
                if !told.contains(&name) {
                    told.push(name);
                    sections.push_front(Section { path, schema });
                }
            } else if !words.contains(&name) {
                words.push(name);
            }
        }
    }
    text.push_str("\n## Values\n\n| word above | what to write |\n|---|---|\n");
    words.sort_unstable();
    for name in words {
        text.push_str(&format!("| {} | {} |\n", word(name), value_words(&schema()["$defs"][name])));
    }
    text
}

/// The alternatives of a schema, or itself.
fn cases(schema: &'static Value) -> Vec<&'static Value> {
    match schema["oneOf"].as_array() {
        Some(cases) => cases.iter().collect(),
        None => vec![schema],
    }
}

fn is_mapping(schema: &'static Value) -> bool {
    cases(schema).iter().any(|case| case["properties"].is_object())
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn description(schema: &Value) -> &str {
    schema["description"].as_str().unwrap_or_default()
}

/// A text as one line of a table.
fn line(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

fn table(schema: &Value, properties: &Map<String, Value>) -> String {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut text = String::from("| key | value | meaning |\n|---|---|---|\n");
    for (key, value) in properties {
        let mark = if required.contains(&key.as_str()) { " **required**" } else { "" };
        text.push_str(&format!("| `{key}`{mark} | {} | {} |\n", type_words(value), line(description(value))));
    }
    text
}

/// The definitions that a value refers to, each with the path that leads there.
fn referred(path: &str, value: &'static Value) -> Vec<(String, &'static str)> {
    if let Some(name) = reference_name(value) {
        return vec![(path.to_owned(), name)];
    }
    let cases = ["anyOf", "oneOf"].into_iter().flat_map(|key| value[key].as_array().into_iter().flatten());
    let mut found: Vec<(String, &'static str)> = cases.flat_map(|case| referred(path, case)).collect();
    if value["items"].is_object() {
        found.extend(referred(&format!("{path}[]"), &value["items"]));
    }
    if value["additionalProperties"].is_object() {
        found.extend(referred(&format!("{path}.*"), &value["additionalProperties"]));
    }
    found
}

fn reference_name(value: &'static Value) -> Option<&'static str> {
    value["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/"))
}

/// What kind of value it is, in a few words.
fn type_words(value: &Value) -> String {
    if let Some(name) = value["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
        let definition = &schema()["$defs"][name];
        return if is_mapping(definition) || name == "NothingSpec" { "mapping".to_owned() } else { word(name) };
    }
    if let Some(constant) = value["const"].as_str() {
        return format!("`{constant}`");
    }
    let cases = value["anyOf"].as_array().into_iter().flatten().filter(|case| case["type"] != "null");
    let words: Vec<String> = cases.map(type_words).collect();
    if !words.is_empty() {
        return words.join(" or ");
    }
    let types = value["type"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let types: Vec<&str> = types.chain(value["type"].as_str()).filter(|kind| *kind != "null").collect();
    let words = types.iter().map(|kind| match *kind {
        "array" => format!("list of {}", type_words(&value["items"])),
        "object" if value["additionalProperties"].is_object() => {
            format!("mapping of {}", type_words(&value["additionalProperties"]))
        }
        "object" => "mapping".to_owned(),
        "boolean" => "true or false".to_owned(),
        "string" => "text".to_owned(),
        other => other.to_owned(),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "anything".to_owned() } else { words.join(" or ") }
}

/// The name of a kind of value, as it is told: `int or percent` of `IntOrPercentText`.
fn word(name: &str) -> String {
    let mut word = String::new();
    let name = ["Spec", "Text"].into_iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    for letter in name.chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push(' ');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

/// What a value that is no mapping may be.
fn value_words(schema: &'static Value) -> String {
    let constants = cases(schema).into_iter().filter_map(|case| {
        let constant = case["const"].as_str()?;
        let meaning = description(case);
        Some(if meaning.is_empty() { format!("`{constant}`") } else { format!("`{constant}`: {}", line(meaning)) })
    });
    let constants: Vec<String> = constants.collect();
    let listed = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let listed = listed.map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" or ");
    let said = [line(description(schema)), constants.join(" "), listed];
    let said: Vec<String> = said.into_iter().filter(|part| !part.is_empty()).collect();
    if said.is_empty() { type_words(schema) } else { said.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_SCHEMA=1 cargo test reference` writes the file anew.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable asks for the file to be written, and changes no result"
    )]
    fn the_committed_reference_is_the_one_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scenario.md");
        let text = reference();
        if std::env::var("UPDATE_SCHEMA").is_ok() {
            std::fs::write(path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == text, "docs/scenario.md is out of date: UPDATE_SCHEMA=1 cargo test reference");
    }

    #[test]
    fn every_mapping_has_its_section_and_every_key_its_row() {
        let text = reference();
        for part in [
            "## `cluster.agentPoolProfiles[]`",
            "| `at` **required** | duration |",
            "## `operations[].updatePool`",
            "| `meanTimeBetween` | duration |",
            "| duration | Write a duration such as 90s",
        ] {
            assert!(text.contains(part), "no {part}");
        }
        let keys =
            schema()["$defs"].as_object().unwrap().values().filter_map(|schema| schema["properties"].as_object());
        for key in keys.flat_map(Map::keys) {
            assert!(text.contains(&format!("| `{key}`")) || text.contains(key), "nothing of {key}");
        }
    }
}
