//! Who may ask for what: a refused operation is foretold by `aksim check`, changes nothing, and stands in `operations.csv`.

use std::path::Path;
use std::process::{Command, Output};

fn aksim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aksim"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(arguments)
        .output()
        .expect("aksim can be started")
}

#[test]
fn check_foretells_who_will_be_refused_and_what_would_help() {
    let output = aksim(&["check", "scenarios/access.yaml"]);
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(3), "{said}");
    let row = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(row.contains("AuthorizationFailed") && row.contains("1 FAIL"), "{row}");
    let warning = "bob will be refused: Microsoft.ContainerService/managedClusters/agentPools/write is missing";
    assert!(said.contains(warning) && !said.contains("alice will be refused"), "{said}");
    assert!(said.contains("give the role Azure Kubernetes Service Contributor Role"), "{said}");
}

#[test]
fn a_refused_operation_has_its_asker_its_code_and_the_missing_action_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let results = folder.path().join("results");
    let out = results.to_str().expect("a path in UTF-8");
    let output = aksim(&["run", "scenarios/access.yaml", "--seeds", "1", "--quiet", "--out", out]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = |name: &str| -> Vec<csv::StringRecord> {
        let mut reader = csv::Reader::from_path(results.join(name)).expect("the file is written");
        let header = reader.headers().expect("a header").clone();
        std::iter::once(header).chain(reader.records().map(|row| row.expect("a row"))).collect()
    };
    let operations = rows("operations.csv");
    let cells: Vec<Vec<&str>> = operations.iter().map(|row| row.iter().skip(3).take(6).collect()).collect();
    let message = "The client 'bob' does not have authorization to perform action \
                   'Microsoft.ContainerService/managedClusters/agentPools/write' over scope \
                   '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/demo/providers/\
                   Microsoft.ContainerService/managedClusters/access/agentPools/batch' or the scope is invalid.";
    assert_eq!(
        cells,
        [
            ["operation", "asked_s", "asked_by", "answer", "code", "message"],
            ["scale batch to 6", "1800", "alice", "Accepted", "", ""],
            ["scale batch to 6", "1800", "bob", "Refused", "AuthorizationFailed", message],
        ]
    );
    let nodes = rows("nodes.csv");
    let batch = |variant: &str| nodes.iter().filter(|row| &row[0] == variant && &row[4] == "batch").count();
    assert_eq!((batch("alice is on call"), batch("bob is on call")), (6, 2));
}
