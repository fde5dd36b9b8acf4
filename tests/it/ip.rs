//! `aksim ip`: the plan beside the simulation, sizes, another network model.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn ip(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aksim"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(["ip", "scenarios/subnet-exhaustion-on-upgrade.yaml", "--quiet"])
        .args(arguments)
        .output()
        .expect("aksim can be started")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_plan_stands_beside_the_simulation() {
    let output = ip(&["--seeds", "2", "--format", "json"]);
    assert_eq!(output.status.code(), Some(3), "one variant runs out");
    let rows: Vec<Value> = serde_json::from_str(&text(&output)).expect("JSON");
    let of = |point: &str| rows.iter().find(|row| row["point"] == point).expect("the point is there");
    let reported = of("as-reported");
    assert_eq!((&reported["worst_case"], &reported["usable"]), (&Value::from(276), &Value::from(251)));
    assert_eq!((&reported["verdict"], &reported["peak_max"]), (&Value::from("RISK"), &Value::from(184.0)));
    assert_eq!(of("documented")["peak_max"], 245.0);
    let short = of("one-short");
    assert_eq!((&short["verdict"], &short["exhausted_seeds"]), (&Value::from("FAIL"), &Value::from(2)));
    assert!(short["first_exhaustion_s"].as_f64().is_some_and(|at| at > 3600.0), "{short}");
    assert_eq!(of("overlay")["verdict"], "PASS");
}

#[test]
fn the_table_is_microsofts_formula_and_is_drawn() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let out = folder.path().to_str().expect("UTF-8");
    let output = ip(&["--table", "nodes=50,maxPods=30..110:40,surge=1,33%", "--format", "csv", "--out", out]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text(&output).contains("50,30,1,1,1581,21,21,"), "{}", text(&output));
    for file in ["ip_table.csv", "ip_table.svg", "ip_table.png"] {
        assert!(folder.path().join(file).exists(), "{file}");
    }
    let wrong = ip(&["--table", "nodes=1..x"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("found \"x\""));
}

#[test]
fn another_model_has_its_figures_and_its_price() {
    let output = ip(&["--as-network", "overlay", "--set", "cluster.networkProfile.networkPlugin=kubenet"]);
    assert!(!output.status.success(), "kubenet has no overlay mode in the last variant");
    let output = text(&ip(&["--as-network", "overlay"]));
    for words in ["276 (a /23)", "6 (a /28)", "there is no way back", "budgets permitting"] {
        assert!(output.contains(words), "{words}: {output}");
    }
}
