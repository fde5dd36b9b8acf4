//! Every published scenario runs, at a small size, and its results are remembered.

use aksim::experiment::{self, ExperimentResult, RunOptions};
use aksim::scenario;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The scenario with three seeds.
fn run(path: &Path, threads: usize) -> ExperimentResult {
    let sets = [("seeds".to_owned(), "3".to_owned())];
    let loaded = match scenario::load(path, &sets) {
        Ok(loaded) => loaded,
        Err(problems) => panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    };
    let options = RunOptions { threads, ..RunOptions::default() };
    experiment::run(&Arc::new(loaded.study), &options).expect("a pool of threads can be made")
}

/// What a reader of the snapshot can judge: the headline metrics, and the fingerprint of the first seed.
fn digest(result: &ExperimentResult) -> String {
    const METRICS: [&str; 9] = [
        "cost_month_usd",
        "cpu_unserved_percent",
        "throttled_node_hours",
        "pod_pending_seconds.p95",
        "pods_created",
        "pods_unscheduled",
        "nodes_peak",
        "nodes_failed",
        "upgrade_seconds",
    ];
    let mut lines = String::new();
    for point in &result.points {
        let label = result.study.points[point.point].label();
        let first = &point.runs[0];
        lines.push_str(&format!("{label}: {} events, fingerprint {:016x}\n", first.events, first.fingerprint));
        for metric in METRICS {
            let values: Vec<String> = point
                .runs
                .iter()
                .map(|run| run.metric(metric).map_or_else(|| "-".to_owned(), |v| format!("{v:.3}")))
                .collect();
            lines.push_str(&format!("  {metric}: {}\n", values.join(" ")));
        }
    }
    lines
}

fn scenarios() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("scenarios")).expect("the scenarios can be listed");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "yaml"));
    files.sort();
    files
}

#[test]
fn every_scenario_runs_and_gives_what_it_gave() {
    let files = scenarios();
    assert!(files.len() >= 7, "{files:?}");
    for file in files {
        let name = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        insta::with_settings!({ description => "three seeds; explain a change in the commit" }, {
            insta::assert_snapshot!(name, digest(&run(&file, 2)));
        });
    }
}

/// What a metric of a variant is to be in every seed.
type Promise = (&'static str, &'static str, fn(f64) -> bool);

/// The scenarios of upgrades keep what their comments promise.
#[test]
fn the_scenarios_of_upgrades_show_what_they_say() {
    let check = |name: &str, expected: &[Promise]| {
        let result = run(&root().join(format!("scenarios/{name}.yaml")), 2);
        for (variant, metric, holds) in expected {
            let point = result.points.iter().find(|point| result.study.points[point.point].variant == *variant);
            for run in &point.expect("the variant exists").runs {
                let value = run.metric(metric).expect("the metric exists");
                assert!(holds(value), "{name}, {variant}, seed {}: {metric} is {value}", run.seed);
            }
        }
    };
    check(
        "stuck-drain",
        &[
            ("schedule", "operations_failed", |n| n == 1.0),
            ("schedule", "budgets_violated", |n| n == 0.0),
            ("schedule", "upgrade_seconds", f64::is_nan),
            ("schedule-replaces", "operations_succeeded", |n| n == 1.0),
            ("schedule-replaces", "budgets_violated", |n| n >= 1.0),
            ("force", "operations_succeeded", |n| n == 1.0),
            ("force", "budgets_violated", |n| n >= 1.0),
            ("force", "drains_timed_out", |n| n == 0.0),
        ],
    );
    check(
        "quarantine",
        &[
            ("cordon", "operations_failed", |n| n == 1.0),
            ("cordon", "operations_succeeded", |n| n == 1.0),
            ("cordon", "nodes_peak", |n| n == 7.0),
            ("cordon", "budgets_violated", |n| n == 1.0),
            ("schedule", "operations_failed", |n| n == 1.0),
            ("schedule", "budgets_violated", |n| n == 0.0),
        ],
    );
    check(
        "blue-green",
        &[
            ("blue-green", "operations_succeeded", |n| n == 1.0),
            ("blue-green", "operations_refused", |n| n == 1.0),
            ("blue-green", "nodes_peak", |n| n == 14.0),
            ("rolled back in time", "operations_canceled", |n| n == 1.0),
            ("rolled back in time", "operations_succeeded", |n| n == 1.0),
            ("rolling", "operations_succeeded", |n| n == 2.0),
            ("rolling", "nodes_peak", |n| n == 9.0),
            ("no-room", "operations_refused", |n| n >= 1.0),
            ("no-room", "nodes_peak", |n| n == 8.0),
        ],
    );
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let file = root().join("scenarios/quickstart.yaml");
    let one = digest(&run(&file, 1));
    for threads in [2, 8] {
        assert_eq!(one, digest(&run(&file, threads)), "{threads} threads");
    }
}

/// Every file of a folder and of the folders in it, by relative name.
fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the results can be listed") {
        let path = entry.expect("an entry can be read").path();
        let name = PathBuf::from(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            files.extend(files_below(&path).into_iter().map(|(below, bytes)| (name.join(below), bytes)));
        } else {
            files.insert(name, fs::read(&path).expect("a result can be read"));
        }
    }
    files
}

#[test]
fn every_file_has_the_same_bytes_at_any_number_of_threads() {
    let write = |threads: &str| {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let results = folder.path().join("results");
        let status = Command::new(env!("CARGO_BIN_EXE_aksim"))
            .current_dir(root())
            .args(["run", "scenarios/quickstart.yaml", "--seeds", "3", "--quiet", "--threads", threads, "--out"])
            .arg(&results)
            .output()
            .expect("aksim can be started")
            .status;
        assert!(status.success(), "{threads} threads: {status}");
        let mut files = files_below(&results);
        let run = files.remove(Path::new("run.json")).expect("run.json is written");
        let mut run: serde_json::Value = serde_json::from_slice(&run).expect("run.json is JSON");
        run.as_object_mut().expect("run.json is an object").remove("timing").expect("run.json has its timing apart");
        (files, run)
    };
    let (one, two) = (write("1"), write("2"));
    assert!(one.0.len() > 15, "{:?}", one.0.keys());
    assert_eq!(one.0.keys().collect::<Vec<_>>(), two.0.keys().collect::<Vec<_>>());
    for (name, bytes) in &one.0 {
        assert!(two.0[name] == *bytes, "{} differs", name.display());
    }
    assert_eq!(one.1, two.1);
}

/// Microsoft's own demo application, unchanged. Its files may not be copied here, so the test looks for them beside the checkout.
#[test]
fn the_aks_store_demo_runs_unchanged() {
    let real = root().join("../shared/real");
    if !real.join("aks-store-quickstart.yaml").exists() {
        eprintln!("skipped: the manifests of the AKS store demo are not beside the checkout");
        return;
    }
    for name in ["aks-store-quickstart", "aks-store-all-in-one"] {
        let manifest = real.join(format!("{name}.yaml"));
        let text = format!(
            "apiVersion: aksim/v1\nname: {name}\nduration: 2h\nseeds: 3\ncluster:\n  name: store\n  location: eastus\n  \
             kubernetesVersion: \"1.34\"\n  agentPoolProfiles:\n    - {{name: system, vmSize: Standard_D2s_v5, count: 2}}\n    \
             - {{name: apps, vmSize: Standard_D2s_v5, count: 2}}\nworkloads:\n  manifests: [{}]\n",
            manifest.display()
        );
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("store.yaml");
        fs::write(&file, text).expect("a temporary file can be written");
        let result = run(&file, 2);
        for run in &result.points[0].runs {
            assert_eq!(run.metric("pods_unscheduled"), Some(0.0), "{name}");
            assert!(run.metric("pods_created").is_some_and(|pods| pods >= 4.0), "{name}");
            assert!(run.metric("pod_ready_seconds.p50").is_some_and(|seconds| seconds > 1.0), "{name}");
        }
    }
}
