//! The CSV files: summary, runs, time series and the detail of the seeds that keep it. See `docs/metrics.md` for the metrics.

use super::headline::sweep_text;
use super::{OutputError, file, number};
use crate::experiment::{ExperimentResult, SummaryRow};
use crate::observe::{Detail, RunResult};
use indexmap::IndexSet;
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;

/// The columns that tell which run a row is of.
const RUN: [&str; 3] = ["variant", "sweep", "seed"];

/// Columns of `summary.csv`.
const SUMMARY: &[&str] =
    &["variant", "sweep", "metric", "minus", "mean", "stddev", "ci95_low", "ci95_high", "p5", "p50", "p95", "n"];
/// Columns of `nodes.csv` after those of the run.
const NODES: &[&str] = &[
    "node",
    "pool",
    "vm_size",
    "zone",
    "surge",
    "version",
    "requested_s",
    "request_accepted_s",
    "vm_provisioned_s",
    "os_booted_s",
    "bootstrapped_s",
    "runtime_started_s",
    "kubelet_started_s",
    "registered_s",
    "network_ready_s",
    "untainted_s",
    "ready_s",
    "removed_s",
    "reason",
];
/// Columns of `pods.csv` after those of the run.
const PODS: &[&str] = &[
    "namespace",
    "pod",
    "workload",
    "node",
    "created_s",
    "scheduled_s",
    "pulled_s",
    "started_s",
    "ready_s",
    "ended_s",
    "pending_reason",
];
/// Columns of `ip_usage.csv` after those of the run.
const ADDRESSES: &[&str] = &["subnet", "time_s", "used", "usable", "node", "change"];
/// Columns of `node_activity.csv` after those of the run.
const ACTIVITIES: &[&str] = &["node", "pool", "activity", "from_s", "to_s", "held_by"];
/// Columns of `operations.csv` after those of the run.
const OPERATIONS: &[&str] =
    &["operation", "asked_s", "asked_by", "answer", "code", "message", "ended_s", "outcome", "window_closes_s"];
/// Columns of `cost.csv` after those of the run.
const COSTS: &[&str] = &["pool", "meter", "hours", "usd_per_hour", "usd", "idle_share"];

/// Writes every CSV file into `dir`, which must exist, and returns their names.
///
/// # Errors
/// When a file cannot be written.
pub fn write_all(result: &ExperimentResult, dir: &Path) -> Result<Vec<&'static str>, OutputError> {
    type Content = fn(&ExperimentResult, &mut dyn Write) -> io::Result<()>;
    let files: [(&'static str, Content); 9] = [
        ("summary.csv", write_summary),
        ("runs.csv", write_runs),
        ("timeseries.csv", write_series),
        ("nodes.csv", |result, out| write_detail(result, out, NODES, |detail| &detail.nodes)),
        ("pods.csv", |result, out| write_detail(result, out, PODS, |detail| &detail.pods)),
        ("ip_usage.csv", |result, out| write_detail(result, out, ADDRESSES, |detail| &detail.addresses)),
        ("node_activity.csv", |result, out| write_detail(result, out, ACTIVITIES, |detail| &detail.activities)),
        ("operations.csv", |result, out| write_detail(result, out, OPERATIONS, |detail| &detail.operations)),
        ("cost.csv", |result, out| write_detail(result, out, COSTS, |detail| &detail.costs)),
    ];
    for (name, content) in files {
        file::write(dir, name, |out| content(result, out))?;
    }
    Ok(files.map(|(name, _)| name).into())
}

/// Writes the rows of `summary.csv`.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_summary(result: &ExperimentResult, out: &mut dyn Write) -> io::Result<()> {
    write_rows(out, SUMMARY, result.summary.iter().map(|row: &SummaryRow| cells(row, SUMMARY)))
}

/// One row for every run with every metric; a metric that a run does not have is an empty cell.
fn write_runs(result: &ExperimentResult, out: &mut dyn Write) -> io::Result<()> {
    let metrics: IndexSet<&str> =
        runs(result).flat_map(|(_, run)| run.metrics.iter().map(|(name, _)| name.as_str())).collect();
    let counted = metrics.contains("events");
    let count = if counted { None } else { Some("events") };
    let header: Vec<&str> =
        RUN.into_iter().chain(metrics.iter().copied()).chain(count).chain(["fingerprint"]).collect();
    let rows = runs(result).map(|(first, run)| {
        let values = metrics.iter().map(|name| run.metric(name).map_or_else(String::new, number::plain));
        let count = (!counted).then(|| run.events.to_string());
        let fingerprint = format!("{:016x}", run.fingerprint);
        first.into_iter().chain(values).chain(count).chain([fingerprint]).collect()
    });
    write_rows(out, &header, rows)
}

/// The samples of the runs that keep their detail.
fn write_series(result: &ExperimentResult, out: &mut dyn Write) -> io::Result<()> {
    let kept = || runs(result).filter(|(_, run)| run.detail.is_some());
    let columns: IndexSet<&str> =
        kept().flat_map(|(_, run)| run.series.columns.iter().map(|(name, _)| name.as_str())).collect();
    let header: Vec<&str> = RUN.into_iter().chain(["hours"]).chain(columns.iter().copied()).collect();
    let rows = kept().flat_map(|(first, run)| {
        let series: Vec<Option<&[f64]>> = columns.iter().map(|name| run.series.column(name)).collect();
        run.series.hours.iter().enumerate().map(move |(row, hours)| {
            let values =
                series.iter().map(|column| column.map_or_else(String::new, |values| number::plain(values[row])));
            first.iter().cloned().chain([number::plain(*hours)]).chain(values).collect()
        })
    });
    write_rows(out, &header, rows)
}

/// The rows of one detail file, run by run.
fn write_detail<'a, T: Serialize + 'a>(
    result: &'a ExperimentResult,
    out: &mut dyn Write,
    columns: &[&str],
    rows: impl Fn(&'a Detail) -> &'a Vec<T>,
) -> io::Result<()> {
    let header: Vec<&str> = RUN.iter().chain(columns).copied().collect();
    let kept = runs(result).filter_map(|(first, run)| Some((first, run.detail.as_ref()?)));
    let rows = kept.flat_map(|(first, detail)| {
        rows(detail).iter().map(move |row| first.iter().cloned().chain(cells(row, columns)).collect())
    });
    write_rows(out, &header, rows)
}

/// Every run with its first cells, point by point, seed by seed.
fn runs(result: &ExperimentResult) -> impl Iterator<Item = ([String; 3], &RunResult)> {
    result.points.iter().flat_map(|point| {
        let named = &result.study.points[point.point];
        let sweep = sweep_text(named);
        point.runs.iter().map(move |run| ([named.variant.clone(), sweep.clone(), run.seed.to_string()], run))
    })
}

fn write_rows(out: &mut dyn Write, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(header)?;
    for row in rows {
        csv.write_record(row)?;
    }
    csv.flush()
}

/// The fields of a row as text, numbers as [`number::plain`] writes them.
///
/// # Panics
/// When the fields are not the columns: the header would be wrong.
fn cells<T: Serialize>(row: &T, columns: &[&str]) -> Vec<String> {
    let value = serde_json::to_value(row).expect("a row of plain fields can be a JSON value");
    let fields = value.as_object().expect("a row is a struct");
    assert!(fields.keys().eq(columns), "the fields are {:?}, the columns {columns:?}", fields.keys());
    fields.values().map(cell).collect()
}

fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) if number.is_f64() => number::plain(number.as_f64().unwrap_or(f64::NAN)),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    fn lines(
        content: fn(&ExperimentResult, &mut dyn Write) -> io::Result<()>,
        result: &ExperimentResult,
    ) -> Vec<String> {
        let mut bytes = Vec::new();
        content(result, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_file_has_its_header_and_a_row_for_each_thing() {
        let result = sample::two_variants(3);
        let dir = tempfile::tempdir().unwrap();
        let names = write_all(&result, dir.path()).unwrap();
        let rows = |name: &str| {
            let mut reader = csv::Reader::from_path(dir.path().join(name)).unwrap();
            let first = reader.headers().unwrap().iter().take(3).map(str::to_owned).collect::<Vec<_>>().join(" ");
            (first, reader.records().map(Result::unwrap).count())
        };
        let expected = [
            ("summary.csv", "variant sweep metric", 36),
            ("runs.csv", "variant sweep seed", 6),
            ("timeseries.csv", "variant sweep seed", 2 * 337),
            ("nodes.csv", "variant sweep seed", 4),
            ("pods.csv", "variant sweep seed", 2),
            ("ip_usage.csv", "variant sweep seed", 2),
            ("node_activity.csv", "variant sweep seed", 8),
            ("operations.csv", "variant sweep seed", 2),
            ("cost.csv", "variant sweep seed", 2),
        ];
        assert_eq!(names, expected.map(|(name, ..)| name));
        for (name, header, count) in expected {
            assert_eq!(rows(name), (header.to_owned(), count), "{name}");
        }
    }

    #[test]
    fn a_run_is_a_row_with_every_metric_and_an_empty_cell_for_a_missing_value() {
        let lines = lines(write_runs, &sample::sweep(&[3, 4], 2));
        assert!(lines[0].starts_with("variant,sweep,seed,cost_month_usd,"), "{}", lines[0]);
        assert!(lines[0].ends_with(",node_ready_seconds.p95,events,fingerprint"), "{}", lines[0]);
        assert!(lines[2].starts_with("D-series,cluster.agentPoolProfiles[apps].maxCount=3,2,"), "{}", lines[2]);
        assert!(lines[2].contains(",93,0,,120002,"), "{}", lines[2]);
    }

    #[test]
    fn numbers_in_files_are_free_of_floating_point_noise() {
        let pods =
            lines(|result, out| write_detail(result, out, PODS, |detail| &detail.pods), &sample::two_variants(1));
        assert_eq!(
            pods[1],
            "D-series,,1,default,store-front-5d9c7b8f6d-x2x7k,Deployment/store-front,aks-apps-12345678-vmss000000,0.3,0.5,9,10,20,,\
             0/2 nodes are available: 2 Insufficient cpu."
        );
    }
}
