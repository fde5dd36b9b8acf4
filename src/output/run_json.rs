//! `run.json`: what a result depends on, what came out in one line, and how long it took. Only `timing` differs between equal runs.

use super::{OutputError, RunInfo, file};
use crate::catalog::Catalog;
use crate::experiment::ExperimentResult;
use crate::output::headline::sweep_text;
use serde::Serialize;
use std::path::Path;
use xxhash_rust::xxh3::Xxh3;

/// Fingerprints written for each point; the combined hash covers all of them.
const FINGERPRINTS: usize = 8;

/// The document.
#[derive(Clone, Debug, Serialize)]
struct Document<'a> {
    aksim: &'static str,
    scenario: Scenario<'a>,
    catalogue_date: &'static str,
    seeds: Seeds,
    command: &'a str,
    runs: usize,
    events: u64,
    /// Hash over the fingerprints of all runs, point by point, seed by seed.
    fingerprint: String,
    points: Vec<PointSummary<'a>>,
    timing: Timing,
}

#[derive(Clone, Debug, Serialize)]
struct Scenario<'a> {
    name: &'a str,
    hash: &'a str,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Seeds {
    first: u64,
    count: u64,
}

#[derive(Clone, Debug, Serialize)]
struct PointSummary<'a> {
    variant: &'a str,
    sweep: String,
    runs: usize,
    events: u64,
    fingerprint: String,
    first_fingerprints: Vec<String>,
}

/// What depends on the machine.
#[derive(Clone, Copy, Debug, Serialize)]
struct Timing {
    wall_seconds: f64,
    threads: usize,
    events_per_second: u64,
}

/// Writes `run.json` into `dir`, which must exist.
///
/// # Errors
/// When it cannot be written.
pub fn write(result: &ExperimentResult, dir: &Path, info: &RunInfo) -> Result<(), OutputError> {
    let document = document(result, info);
    file::write(dir, "run.json", |out| {
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    })
}

/// Hash over the fingerprints of all runs, as it stands in `run.json`.
#[must_use]
pub fn fingerprint(result: &ExperimentResult) -> String {
    combined(result.points.iter().flat_map(|point| &point.runs).map(|run| run.fingerprint))
}

fn document<'a>(result: &'a ExperimentResult, info: &'a RunInfo) -> Document<'a> {
    let study = &result.study;
    let events: u64 = result.points.iter().flat_map(|point| &point.runs).map(|run| run.events).sum();
    let wall_seconds = info.elapsed.as_secs_f64();
    let points = result.points.iter().map(|point| {
        let prints = || point.runs.iter().map(|run| run.fingerprint);
        PointSummary {
            variant: &study.points[point.point].variant,
            sweep: sweep_text(&study.points[point.point]),
            runs: point.runs.len(),
            events: point.runs.iter().map(|run| run.events).sum(),
            fingerprint: combined(prints()),
            first_fingerprints: prints().take(FINGERPRINTS).map(hexadecimal).collect(),
        }
    });
    Document {
        aksim: env!("CARGO_PKG_VERSION"),
        scenario: Scenario { name: &study.name, hash: &study.hash },
        catalogue_date: Catalog::get().price_date(),
        seeds: Seeds { first: study.seeds.first, count: study.seeds.count },
        command: &info.command,
        runs: result.points.iter().map(|point| point.runs.len()).sum(),
        events,
        fingerprint: fingerprint(result),
        points: points.collect(),
        timing: Timing {
            wall_seconds: (wall_seconds * 1e3).round() / 1e3,
            threads: info.threads,
            events_per_second: if wall_seconds > 0.0 { (events as f64 / wall_seconds) as u64 } else { 0 },
        },
    }
}

fn combined(fingerprints: impl Iterator<Item = u64>) -> String {
    let mut hash = Xxh3::new();
    fingerprints.for_each(|fingerprint| hash.update(&fingerprint.to_le_bytes()));
    hexadecimal(hash.digest())
}

fn hexadecimal(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}
