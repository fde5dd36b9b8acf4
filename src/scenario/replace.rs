//! Values that replace others: `set:` of a variant, `sweep:`, and `--set` on the command line.

use super::diagnostic::suggestion;
use super::document::{Document, SourceFile, Span, escape, path_of};
use super::normalise::plain;
use super::schema::known_keys;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A value that could not be set: what was found, and what to write.
pub type SetError = (String, String);

/// Sets the value at a path such as `cluster.agentPoolProfiles[apps].vmSize`. What stands there from now on has its place at
/// `span` of `origin`.
///
/// A mapping on the way that is not written is made when the scenario may have it, so that `cluster.autoScalerProfile.expander`
/// can be set where there is no profile.
///
/// # Errors
/// The path names nothing.
pub fn set(
    document: &mut Document,
    path: &str,
    value: Value,
    origin: &Arc<SourceFile>,
    span: Span,
) -> Result<(), SetError> {
    let steps = parse(path)?;
    let Some((last, steps)) = steps.split_last() else {
        return Err((
            "found an empty path".to_owned(),
            "write a path such as cluster.agentPoolProfiles[apps].count".to_owned(),
        ));
    };
    let mut pointer = String::new();
    let mut here = &mut document.value;
    for step in steps {
        here = descend(here, step, &mut pointer)?;
    }
    match last {
        Step::Key(key) => {
            let map = here.as_object_mut().ok_or_else(|| not_a_mapping(&pointer))?;
            let known = known_keys(&pointer);
            let key = match existing_key(map, &known, key) {
                Some(key) => key,
                // Where any key is allowed, such as in nodeLabels or a manifest, a new one is made.
                None if known.is_empty() => key.clone(),
                None => return Err(no_such_key(map, &known, key, &pointer)),
            };
            pointer.push_str(&format!("/{}", escape(&key)));
            map.insert(key, value);
        }
        Step::Element(_) => *descend(here, last, &mut pointer)? = value,
    }
    document.relocate(&pointer, origin, span);
    Ok(())
}

enum Step {
    Key(String),
    Element(String),
}

fn parse(path: &str) -> Result<Vec<Step>, SetError> {
    let bad = || {
        (format!("found the path \"{path}\""), "write a path such as cluster.agentPoolProfiles[apps].count".to_owned())
    };
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let end = inside.find(']').ok_or_else(bad)?;
            steps.push(Step::Element(inside[..end].to_owned()));
            rest = &inside[end + 1..];
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err(bad());
            }
            steps.push(Step::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    Ok(steps)
}

fn descend<'a>(here: &'a mut Value, step: &Step, pointer: &mut String) -> Result<&'a mut Value, SetError> {
    match step {
        Step::Key(key) => {
            let map = here.as_object_mut().ok_or_else(|| not_a_mapping(pointer))?;
            let known = known_keys(pointer);
            let key = existing_key(map, &known, key).ok_or_else(|| no_such_key(map, &known, key, pointer))?;
            let below = format!("{pointer}/{}", escape(&key));
            if !map.contains_key(&key) && known_keys(&below).is_empty() {
                return Err((format!("no {key} in {}", shown(pointer)), format!("write {key} first, then set a part of it")));
            }
            *pointer = below;
            Ok(map.entry(key).or_insert_with(|| Value::Object(Map::new())))
        }
        Step::Element(name) => {
            let items = here
                .as_array_mut()
                .ok_or_else(|| (format!("{} is not a list", shown(pointer)), "leave out the brackets".to_owned()))?;
            let index = element(items, name).ok_or_else(|| no_such_element(items, name, pointer))?;
            pointer.push_str(&format!("/{index}"));
            Ok(&mut items[index])
        }
    }
}

/// The key as the mapping has it, or may have it, in any casing.
fn existing_key(map: &Map<String, Value>, known: &[&str], key: &str) -> Option<String> {
    if map.contains_key(key) {
        return Some(key.to_owned());
    }
    let mut keys = map.keys().map(String::as_str).chain(known.iter().copied());
    keys.find(|known| plain(known) == plain(key)).map(str::to_owned)
}

fn no_such_key(map: &Map<String, Value>, known: &[&str], key: &str, pointer: &str) -> SetError {
    let mut keys: Vec<&str> = map.keys().map(String::as_str).collect();
    keys.extend(known.iter().copied().filter(|known| !map.contains_key(*known)));
    (format!("no {key} in {}", shown(pointer)), suggestion(key, &keys))
}

/// The element of this name, or at this index.
fn element(items: &[Value], name: &str) -> Option<usize> {
    let is_named = |item: &Value| item.get("name").and_then(Value::as_str) == Some(name);
    items.iter().position(is_named).or_else(|| name.parse().ok().filter(|index| *index < items.len()))
}

fn no_such_element(items: &[Value], name: &str, pointer: &str) -> SetError {
    let names: Vec<&str> = items.iter().filter_map(|item| item.get("name")?.as_str()).collect();
    let remedy =
        if names.is_empty() { format!("write an index below {}", items.len()) } else { suggestion(name, &names) };
    (format!("no {name} in {}", shown(pointer)), remedy)
}

fn not_a_mapping(pointer: &str) -> SetError {
    (format!("{} is not a mapping", shown(pointer)), "end the path there".to_owned())
}

fn shown(pointer: &str) -> String {
    if pointer.is_empty() { "the scenario".to_owned() } else { path_of(pointer) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        let file = Arc::new(SourceFile { path: "test.yaml".into(), text: text.into() });
        Document::parse_all(&file).unwrap().remove(0)
    }

    const POOLS: &str = "cluster:\n  agentPoolProfiles:\n    - {name: apps, count: 1}\n    - {name: batch, count: 1}\n";

    fn replace(document: &mut Document, path: &str, value: impl Into<Value>) -> Result<(), SetError> {
        let origin = Arc::new(SourceFile { path: format!("--set {path}"), text: String::new() });
        set(document, path, value.into(), &origin, Span::default())
    }

    #[test]
    fn values_are_set_by_name_and_by_index() {
        let mut document = document(POOLS);
        replace(&mut document, "cluster.agentPoolProfiles[batch].count", 5).unwrap();
        replace(&mut document, "cluster.agentPoolProfiles[0].vmsize", "D").unwrap();
        let pools = &document.value["cluster"]["agentPoolProfiles"];
        assert_eq!((&pools[1]["count"], &pools[0]["vmSize"]), (&5.into(), &"D".into()));
        assert_eq!(document.origin("/cluster/agentPoolProfiles/1/count").path, "--set cluster.agentPoolProfiles[batch].count");
        assert_eq!(document.origin("/cluster/agentPoolProfiles/0/count").path, "test.yaml");
    }

    #[test]
    fn a_mapping_that_the_scenario_may_have_is_made() {
        let mut document = document(POOLS);
        replace(&mut document, "cluster.autoScalerProfile.expander", "random").unwrap();
        replace(&mut document, "cluster.agentPoolProfiles[apps].upgradeSettings.maxSurge", "33%").unwrap();
        replace(&mut document, "cluster.agentPoolProfiles[apps].nodeLabels", Value::Object(Map::new())).unwrap();
        replace(&mut document, "cluster.agentPoolProfiles[apps].nodeLabels.team", "a").unwrap();
        assert_eq!(document.value["cluster"]["autoScalerProfile"]["expander"], "random");
        assert_eq!(document.value["cluster"]["agentPoolProfiles"][0]["upgradeSettings"]["maxSurge"], "33%");
        assert_eq!(document.value["cluster"]["agentPoolProfiles"][0]["nodeLabels"]["team"], "a");
    }

    #[test]
    fn a_path_that_names_nothing_says_what_there_is() {
        let mut document = document(POOLS);
        let mut error = |path: &str| replace(&mut document, path, 1).unwrap_err();
        assert_eq!(error("clusters.agentPoolProfiles[apps].count").1, "did you mean cluster?");
        assert_eq!(error("cluster.agentPoolProfiles[web].count").1, "write one of apps, batch");
        assert_eq!(error("cluster.agentPoolProfiles[app].count").1, "did you mean apps?");
        assert_eq!(error("cluster.agentPoolProfiles[apps].vmSizes").1, "did you mean vmSize?");
        assert_eq!(error("cluster.agentPoolProfiles[apps].count.x").1, "end the path there");
        assert!(error("cluster[apps").0.contains("cluster[apps"));
    }
}
