//! `aksim inventory`: what a deployment creates, in each of its forms.

use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn inventory(scenario: &str, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_aksim"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(["inventory", scenario, "--quiet"])
        .args(arguments)
        .output()
        .expect("aksim can be started");
    assert!(output.status.success(), "{scenario}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_moment_beyond_the_end_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_aksim"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(["inventory", "scenarios/quickstart.yaml", "--quiet", "--at", "5000d"])
        .output()
        .expect("aksim can be started");
    assert!(!output.status.success() && output.stdout.is_empty());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("--at 5000d: the scenario ends at"), "{said}");
}

#[test]
fn the_quickstart_fills_two_resource_groups() {
    insta::assert_snapshot!(inventory("scenarios/quickstart.yaml", &[]));
}

#[test]
fn every_instance_is_named_after_its_scale_set_and_the_forms_agree_on_the_total() {
    // At a quarter past two at night the report's nodes are there.
    let text = inventory("scenarios/quickstart.yaml", &["--at", "135m", "--format", "json"]);
    let json: Value = serde_json::from_str(&text).expect("JSON");
    let rows = json["resource_groups"]
        .as_array()
        .expect("groups")
        .iter()
        .flat_map(|group| group["resources"].as_array().expect("resources"));
    let rows: Vec<&Value> = rows.collect();
    let of_kind = |kind: &str| rows.iter().filter(|row| row["type"] == kind).copied().collect::<Vec<_>>();
    let sets = of_kind("Microsoft.Compute/virtualMachineScaleSets");
    let instances = of_kind("Microsoft.Compute/virtualMachineScaleSets/virtualMachines");
    assert!(sets.len() == 2 && instances.len() > 4, "{text}");
    for instance in instances {
        let set = instance["part_of"].as_str().expect("a scale set");
        assert!(sets.iter().any(|row| row["name"] == set), "{set}");
        assert!(instance["name"].as_str().is_some_and(|name| name.starts_with(set)), "{instance}");
    }
    let csv = inventory("scenarios/quickstart.yaml", &["--at", "135m", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("a record")).collect();
    assert_eq!(records.len(), rows.len());
    let sum: f64 = records.iter().map(|record| record[5].parse::<f64>().expect("every row has a price")).sum();
    let total = json["usd_per_month"].as_f64().expect("a total");
    assert!((sum - total).abs() < 1e-6, "{sum} {total}");
}

#[test]
fn variants_and_seeds_are_chosen_as_for_explain() {
    let overlay = inventory("scenarios/kubenet-vs-cni.yaml", &["--variant", "overlay", "--seed", "7"]);
    assert!(overlay.starts_with("kubenet-vs-cni, overlay, seed 7, at 0s"), "{overlay}");
    assert!(!overlay.contains("routeTables"), "{overlay}");
    assert!(inventory("scenarios/kubenet-vs-cni.yaml", &[]).contains("routetable"));
}

#[test]
fn a_cluster_of_own_machines_creates_nothing() {
    let text = inventory("scenarios/trace-replay.yaml", &[]);
    assert!(text.contains("Total: $0.00 a month") && text.contains("no resource group is filled"), "{text}");
}
