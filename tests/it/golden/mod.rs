//! Agreement with kube-scheduler: its own test cases, and what a real one answered for random clusters. Microsoft's examples of AKS have
//! a room of their own, `aks`.
//!
//! The cases in `tests/golden` always run. More of them run from the folder that the environment variable `AKSIM_GOLDEN` names, or
//! from `../shared/golden` where that is there: `*.json` in the format of `k8s-cases.json`, `*.jsonl.gz` in that of the answers.
//! `AKSIM_GOLDEN=dir cargo test golden -- --nocapture` prints the agreement. See docs/conformance.md.

mod agreement;
mod aks;
mod answers;
mod json;
mod kinds;
mod objects;
mod objects_v1;
mod scene;

use agreement::{Agreement, plugins};
use flate2::read::GzDecoder;
use json::{list, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const DOCUMENT: &str = "docs/conformance.md";
const BEGIN: &str = "<!-- the agreement of the cases in the repository: UPDATE_CONFORMANCE=1 cargo test golden -->\n";
const END: &str = "<!-- end -->\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn own_cases() -> [PathBuf; 2] {
    ["k8s-cases.json", "kube-scheduler-1.34.1.jsonl.gz"].map(|name| root().join("tests/golden").join(name))
}

/// The folder with further cases.
fn folder() -> Option<PathBuf> {
    let beside = root().join("../shared/golden");
    std::env::var_os("AKSIM_GOLDEN").map(PathBuf::from).or_else(|| beside.is_dir().then_some(beside))
}

/// The files of a folder whose names end like that, sorted.
fn folder_files(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    files.retain(|path| ends.iter().any(|end| path.to_string_lossy().ends_with(end)));
    files.sort();
    files
}

/// Runs the cases of a file; false when it is of another format.
fn run_file(path: &Path, agreement: &mut Agreement) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(".jsonl.gz") {
        answers_in(path).iter().for_each(|case| answers::compare(case, agreement));
        return true;
    }
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: Value = serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let cases = file.get("cases").map(list).unwrap_or_default();
    for case in cases {
        let kind = text(&case["kind"]);
        match kinds::check(case) {
            Some(outcome) => {
                agreement.case(kind, &format!("{} ({})", case["id"], case["source"]["name"]), outcome);
            }
            None => *agreement.elsewhere.entry(kind.to_owned()).or_default() += 1,
        }
    }
    !cases.is_empty()
}

/// The cases of a file of answers.
fn answers_in(path: &Path) -> Vec<Value> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    let parse = |line: String| serde_json::from_str(&line).expect("a line is JSON");
    lines.map(|line| line.expect("a line can be read")).filter(|line| !line.is_empty()).map(parse).collect()
}

fn run_own_cases() -> Agreement {
    let mut agreement = Agreement::default();
    for path in own_cases() {
        assert!(run_file(&path, &mut agreement), "{} has no cases", path.display());
    }
    agreement
}

fn expect_agreement(agreement: &Agreement) {
    println!("{}", agreement.tables());
    for (kind, count) in &agreement.elsewhere {
        println!("{count} of kind {kind} are not for this test");
    }
    let (shown, failures) = (40, &agreement.failures);
    let first: Vec<&str> = failures.iter().take(shown).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} differences, the first of them:\n{}", failures.len(), first.join("\n"));
}

#[test]
fn the_cases_in_the_repository_agree() {
    let agreement = run_own_cases();
    expect_agreement(&agreement);
    assert_eq!(agreement.elsewhere, BTreeMap::new());
}

#[test]
fn the_cases_of_the_named_folder_agree() {
    let Some(folder) = folder() else {
        eprintln!("skipped: AKSIM_GOLDEN names no folder, and ../shared/golden is not there");
        return;
    };
    let mut agreement = Agreement::default();
    for file in &folder_files(&folder, &[".json", ".jsonl.gz"]) {
        let kind = if run_file(file, &mut agreement) { "cases" } else { "no cases of this format" };
        println!("{}: {kind}", file.display());
    }
    expect_agreement(&agreement);
}

/// A pod that names its node is not scheduled, and the pods of the cases have no volumes.
const WITHOUT_CASES: [&str; 5] = ["NodeName", "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone"];

/// The rule by which they were chosen is in docs/conformance.md.
#[test]
fn the_answers_in_the_repository_cover_every_feature_and_plugin() {
    let mut features: BTreeSet<String> = BTreeSet::new();
    let mut told_by: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let cases = answers_in(&own_cases()[1]);
    for case in &cases {
        features.extend(list(&case["features"]).iter().map(|feature| text(feature).to_owned()));
        for (name, node) in json::entries(&case["answer"]["nodes"]) {
            let scored = json::entries(&node["scores"]).map(|(plugin, _)| plugin.as_str());
            for plugin in scored.chain(node["plugin"].as_str()) {
                told_by.entry(plugin.to_owned()).or_default().insert(format!("{} {name}", case["id"]));
            }
        }
    }
    assert_eq!(features.len(), 20, "{features:?}");
    for plugin in plugins().into_iter().filter(|plugin| !WITHOUT_CASES.contains(plugin)) {
        let nodes = told_by.get(plugin).map_or(0, BTreeSet::len);
        assert!(nodes >= 3, "{plugin} speaks of {nodes} nodes");
    }
}

#[test]
fn the_document_states_the_agreement() {
    stated(BEGIN, &run_own_cases().tables());
}

/// Holds the document to what stands behind the mark, or writes it there.
fn stated(begin: &str, tables: &str) {
    static DOCUMENT_LOCK: Mutex<()> = Mutex::new(());
    let _alone = DOCUMENT_LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let path = root().join(DOCUMENT);
    let document = fs::read_to_string(&path).expect("the document can be read");
    let (before, rest) = document.split_once(begin).expect("the document has the place of the tables");
    let (_, after) = rest.split_once(END).expect("the place of the tables has an end");
    let true_document = format!("{before}{begin}\n{tables}\n{END}{after}");
    if std::env::var_os("UPDATE_CONFORMANCE").is_some() {
        fs::write(&path, &true_document).expect("the document can be written");
    }
    let stated = fs::read_to_string(&path).expect("the document can be read");
    assert!(stated == true_document, "{DOCUMENT} is out of date: UPDATE_CONFORMANCE=1 cargo test golden");
}
