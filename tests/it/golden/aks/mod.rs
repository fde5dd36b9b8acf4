//! Worked examples of Microsoft's documentation and API specification: what AKS does with given settings.
//!
//! The examples in `tests/golden/aks-vectors.json` always run; more of them run from the folder that `AKSIM_GOLDEN` names, or from
//! `../shared/golden` where that is there: every `*.json` that is a list of the same format. What an example expects is computed from
//! the library or read off a simulation, never from the example.

mod access;
mod catalogue;
mod errors;
mod lab;
mod lifecycle;
mod maintenance;
mod network;
mod outbound;
mod pools;
mod surge;
mod tally;
mod trace;
mod upgrades;
mod versions;

use super::{folder, folder_files, root, stated};
use serde_json::Value;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tally::{Outcome, Tally};

const BEGIN: &str = "<!-- Microsoft's examples in the repository: UPDATE_CONFORMANCE=1 cargo test golden -->\n";

/// What the simulator makes of the input of an example.
enum Answer {
    /// This.
    Is(Value),
    /// One of these: the first by default, the others by a choice of the scenario or under what the example leaves open.
    OneOf(Vec<(Value, &'static str)>),
    /// Nothing, for this reason.
    NotModelled(&'static str),
}

/// Computes what the examples of one topic expect.
type Topic = fn(&Value) -> Answer;

/// Keys whose lists have no order.
const SETS: [&str; 4] = ["actions", "kubectl", "overlaps", "reserved"];

fn topic(name: &str) -> Topic {
    let areas =
        [access::topic, catalogue::topic, errors::topic, lifecycle::topic, network::topic, pools::topic, surge::topic];
    let more = [maintenance::topic, outbound::topic, trace::topic, upgrades::topic, versions::topic];
    areas
        .into_iter()
        .chain(more)
        .find_map(|area| area(name))
        .unwrap_or(|_| Answer::NotModelled("no such thing in the simulator"))
}

fn run(vector: &Value) -> Outcome {
    let name = vector["topic"].as_str().expect("an example has a topic");
    let expected = trace::comparable(name, &vector["expected"]);
    // An input that a topic cannot read fails its own example only.
    let Ok(answer) = catch_unwind(|| topic(name)(&vector["input"])) else {
        return Outcome::Failed("panicked, see above".to_owned());
    };
    match answer {
        Answer::NotModelled(reason) => Outcome::NotModelled(reason),
        Answer::Is(found) => differences(&found, &expected).map_or(Outcome::Passed, Outcome::Failed),
        Answer::OneOf(answers) => {
            let (default, _) = answers.first().expect("there is an answer");
            match differences(default, &expected) {
                None => Outcome::Passed,
                Some(difference) => {
                    let other = answers.iter().find(|(answer, _)| differences(answer, &expected).is_none());
                    other.map_or(Outcome::Failed(difference), |(_, choice)| Outcome::ByChoice(choice))
                }
            }
        }
    }
}

/// What differs in the keys that are expected; `None` when nothing does.
fn differences(found: &Value, expected: &Value) -> Option<String> {
    let expected = expected.as_object().expect("what is expected has keys");
    let differs = |(key, wanted): (&String, &Value)| match found.get(key) {
        None => Some(format!("{key}: no answer, expected {wanted}")),
        Some(value) if alike(value, wanted, SETS.contains(&key.as_str())) => None,
        Some(value) => Some(format!("{key}: found {value}, expected {wanted}")),
    };
    let all: Vec<String> = expected.iter().filter_map(differs).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Numbers are alike however they are written; sets in any order.
fn alike(found: &Value, expected: &Value, set: bool) -> bool {
    match (found, expected) {
        (Value::Number(found), Value::Number(expected)) => found.as_f64() == expected.as_f64(),
        (Value::Array(found), Value::Array(expected)) => {
            let sorted = |list: &[Value]| {
                let mut list = list.to_vec();
                if set {
                    list.sort_by_key(ToString::to_string);
                }
                list
            };
            let (found, expected) = (sorted(found), sorted(expected));
            found.len() == expected.len() && found.iter().zip(&expected).all(|(one, other)| alike(one, other, set))
        }
        (Value::Object(found), Value::Object(expected)) => {
            found.len() == expected.len()
                && found.iter().all(|(key, value)| expected.get(key).is_some_and(|other| alike(value, other, set)))
        }
        _ => found == expected,
    }
}

/// Runs the examples of a file; `None` when it is of another format.
fn run_file(path: &Path) -> Option<Tally> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: Value = serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let vectors = file.as_array()?;
    let is_example = |vector: &Value| ["id", "topic", "input", "expected"].iter().all(|key| vector.get(key).is_some());
    if vectors.is_empty() || !vectors.iter().all(is_example) {
        return None;
    }
    let mut tally = Tally::default();
    for vector in vectors {
        tally.add(vector["topic"].as_str().expect("a text"), vector["id"].as_str().unwrap_or("?"), run(vector));
    }
    Some(tally)
}

/// The examples in the repository, run once however many tests ask.
fn own() -> &'static Tally {
    static OWN: OnceLock<Tally> = OnceLock::new();
    OWN.get_or_init(|| run_file(&own_file()).expect("the repository has examples"))
}

fn own_file() -> PathBuf {
    root().join("tests/golden/aks-vectors.json")
}

#[test]
fn microsofts_examples_in_the_repository_pass_and_the_document_says_so() {
    let tally = own();
    tally.expect();
    stated(BEGIN, &tally.tables());
}

#[test]
fn microsofts_examples_of_the_named_folder_pass() {
    let Some(folder) = folder() else {
        eprintln!("skipped: AKSIM_GOLDEN names no folder, and ../shared/golden is not there");
        return;
    };
    let known = fs::read(own_file()).expect("the repository has examples");
    for file in folder_files(&folder, &[".json"]) {
        if fs::read(&file).is_ok_and(|bytes| bytes == known) {
            println!("{}, the same as in the repository:", file.display());
            own().expect();
        } else if let Some(tally) = run_file(&file) {
            println!("{}:", file.display());
            tally.expect();
        }
    }
}

#[test]
fn a_wrong_value_a_missing_key_and_a_wrong_order_are_differences() {
    use serde_json::json;
    let differs = |found: Value, expected: Value| differences(&found, &expected).is_some();
    assert!(!differs(json!({"a": 1, "b": 2}), json!({"a": 1.0})));
    assert!(differs(json!({"a": 1}), json!({"a": 2})) && differs(json!({"b": 1}), json!({"a": 1})));
    assert!(differs(json!({"order": [1, 2]}), json!({"order": [2, 1]})));
    assert!(!differs(json!({"reserved": ["a", "b"]}), json!({"reserved": ["b", "a"]})));
    assert!(differs(json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 1}})));
}
