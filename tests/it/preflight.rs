//! `aksim check`: what it foretells, in each of its forms, and how it exits.

use aksim::experiment::{self, RunOptions};
use aksim::preflight::{self, Course, Verdict, window_length};
use aksim::scenario;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

fn check(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aksim"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .arg("check")
        .args(arguments)
        .output()
        .expect("aksim can be started")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn a_shop_whose_upgrade_is_held_fails_with_reasons_and_remedies() {
    let output = check(&["tests/preflight/held.yaml"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!(text(&output));
}

#[test]
fn an_upgrade_with_room_passes_and_rows_that_differ_name_their_points() {
    let output = check(&["scenarios/upgrade-surge.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!(text(&output));
}

#[test]
fn quiet_leaves_out_what_passes() {
    let said = text(&check(&["scenarios/quickstart.yaml", "--quiet"]));
    assert!(said.contains("0 FAIL, 0 RISK") && !said.contains("subnet-space"), "{said}");
}

#[test]
fn the_forms_agree_and_an_invalid_scenario_exits_with_two_beside_one_that_fails() {
    let held = "tests/preflight/held.yaml";
    let output = check(&[held, "scenarios/quickstart.yaml", "--format", "json"]);
    let json: Value = serde_json::from_str(&text(&output)).expect("JSON");
    assert_eq!(output.status.code(), Some(3));
    let checks = |index: usize| json[index]["checks"].as_array().expect("checks").len();
    let csv = text(&check(&[held, "scenarios/quickstart.yaml", "--format", "csv"]));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("a record")).collect();
    assert_eq!(records.len(), checks(0) + checks(1));
    assert!(records.iter().all(|record| (&record[3] == "PASS") == record[5].is_empty()), "{csv}");
    assert_eq!(json[0]["checks"][0]["verdict"], records[0][3]);
    let output = check(&[held, "tests/broken/bad-max-surge.yaml"]);
    assert_eq!(output.status.code(), Some(2));
}

/// With one surge node and with six: the simulated mean is near the estimate, and no run is shorter than the lower bound.
#[test]
fn the_estimated_duration_of_an_upgrade_is_near_the_simulated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/upgrade-surge.yaml");
    let loaded = scenario::load(&path, &[("seeds".to_owned(), "12".to_owned())]).expect("a valid scenario");
    let study = Arc::new(loaded.study);
    let result = experiment::run(&study, &RunOptions::default()).expect("the run ends");
    let simulated: Vec<_> = result.summary.iter().filter(|row| row.metric == "upgrade_seconds").collect();
    assert_eq!(simulated.len(), study.points.len());
    for (point, found) in study.points.iter().zip(simulated) {
        let course = Course::of(&point.plan);
        let (estimate, _) = window_length::time(&course, &course.steps[0]).expect("an upgrade has a duration");
        let label = point.label();
        let ratio = estimate.mean / found.mean;
        assert!(
            (0.8..1.25).contains(&ratio),
            "{label}: {:.0} s estimated, {:.0} s simulated",
            estimate.mean,
            found.mean
        );
        assert!(estimate.least < found.p5, "{label}: {:.0} s at least, {:.0} s simulated", estimate.least, found.p5);
        assert!(estimate.p95() > found.p50, "{label}");
    }
}

/// Of forty nodes whose search pods go one at a time: where drains are foretold to be in time they nearly always are, and where they
/// are a risk more than one run in twenty loses one.
#[test]
fn a_foretold_risk_of_drains_that_take_too_long_is_one_in_the_simulation() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/upgrade-plan.yaml");
    let loaded = scenario::load(&path, &[("seeds".to_owned(), "20".to_owned())]).expect("a valid scenario");
    let study = Arc::new(loaded.study);
    let result = experiment::run(&study, &RunOptions::default()).expect("the run ends");
    let mut verdicts = Vec::new();
    for (point, found) in study.points.iter().zip(&result.points) {
        let late = found.runs.iter().filter(|run| run.metric("drains_timed_out").is_some_and(|drains| drains > 0.0));
        let share = late.count() as f64 / found.runs.len() as f64;
        let rows = preflight::check(&point.plan);
        let verdict = rows.iter().filter(|row| row.check == "drain-timeout").map(|row| row.verdict).max();
        assert_eq!(verdict == Some(Verdict::Risk), share > 0.05, "{}: {verdict:?}, but {share} of runs", point.label());
        verdicts.push(verdict);
    }
    assert!(verdicts.contains(&Some(Verdict::Pass)) && verdicts.contains(&Some(Verdict::Risk)), "{verdicts:?}");
}

#[test]
fn an_objective_about_an_unknown_metric_is_an_error_before_anything_runs() {
    let output = check(&["scenarios/quickstart.yaml", "--set", "expect=[pod_pending.p95 <= 1]"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("unknown metric pod_pending.p95, did you mean pod_pending_seconds.p95?"), "{said}");
}
