//! `report.html`: one self-contained file to hand to a colleague: verdict, tables, charts, assumptions with sources, the command to
//! repeat it. It holds no time of day and no duration of the run, so the same inputs give the same bytes.

mod assumptions;

use super::blockers::{Blocker, blockers};
use super::chart::{Charts, REGULAR, SEMIBOLD};
use super::operation_errors::{ErrorLine, operation_errors};
use super::{OutputError, RunInfo, file, headline, number, run_json, table};
use crate::catalog::Catalog;
use crate::experiment::{ExperimentResult, Verdict};
use askama::Template;
use assumptions::{PriceLine, SizeLine, StageLine, SystemLine};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;

/// What a reader should know is missing; the whole list stands in `docs/limits.md`.
const LIMITS: [&str; 6] = [
    "Memory is reserved by requests but its use is not simulated: nothing is killed for lack of memory.",
    "CPU is shared among pods; cache, memory bandwidth, disk and network throughput are not.",
    "Traffic between zones and to the internet, monitoring, support and tax are not billed.",
    "Persistent volumes take no time to attach, and their price is not in the bill.",
    "The Horizontal and the Vertical Pod Autoscaler, and rollouts of a changed template.",
    "Requests of users: demand is CPU over time, not latency or errors.",
];

/// Everything that the template shows.
#[derive(Template)]
#[template(path = "report.html")]
struct Report<'a> {
    name: &'a str,
    description: &'a str,
    answer: String,
    objectives: Vec<Objective<'a>>,
    several_points: bool,
    headings: Vec<String>,
    /// Leading columns that hold words.
    words: usize,
    rows: Vec<Vec<String>>,
    notes: String,
    baseline: &'a str,
    differences: Vec<table::Difference>,
    operation_errors: Vec<ErrorLine>,
    blockers: Vec<Blocker>,
    charts: &'a Charts,
    prices: Vec<PriceLine>,
    sizes: Vec<SizeLine>,
    stages: Vec<StageLine>,
    system_workloads: Vec<SystemLine>,
    limits: &'static [&'static str],
    version: &'static str,
    hash: &'a str,
    catalogue_date: &'static str,
    seeds: String,
    seed_range: String,
    runs: String,
    events: String,
    span: String,
    fingerprint: String,
    command: &'a str,
    regular: String,
    semibold: String,
}

/// A verdict on an objective.
struct Objective<'a> {
    text: &'a str,
    point: String,
    value: String,
    holds: bool,
}

/// Writes `report.html` into `dir`, which must exist.
///
/// # Errors
/// When it cannot be written.
pub fn write(result: &ExperimentResult, dir: &Path, info: &RunInfo, charts: &Charts) -> Result<(), OutputError> {
    let html = html(result, info, charts)?;
    file::write(dir, "report.html", |out| out.write_all(html.as_bytes()))
}

/// The report as text.
///
/// # Errors
/// When the template cannot be filled in.
pub fn html(result: &ExperimentResult, info: &RunInfo, charts: &Charts) -> Result<String, OutputError> {
    let study = &result.study;
    let headings = table::headings(result);
    let events: u64 = result.points.iter().flat_map(|point| &point.runs).map(|run| run.events).sum();
    let (first, count) = (study.seeds.first, study.seeds.count);
    let report = Report {
        name: &study.name,
        description: study.description.trim(),
        answer: headline::answer(result),
        objectives: result.verdicts.iter().map(|verdict| objective(result, verdict)).collect(),
        several_points: study.points.len() > 1,
        words: headings.iter().filter(|heading| table::WORDS.contains(heading)).count(),
        headings: headings.into_iter().map(|heading| heading.replace('\n', " ")).collect(),
        rows: table::rows(result),
        notes: table::notes(result).join(" "),
        baseline: study.baseline.as_deref().unwrap_or_default(),
        differences: table::differences(result),
        operation_errors: operation_errors(result),
        blockers: blockers(result),
        charts,
        prices: assumptions::prices(study),
        sizes: assumptions::sizes(study),
        stages: assumptions::stages(study),
        system_workloads: assumptions::system_workloads(study),
        limits: &LIMITS,
        version: env!("CARGO_PKG_VERSION"),
        hash: &study.hash,
        catalogue_date: Catalog::get().price_date(),
        seeds: if count == 1 { "one seed".to_owned() } else { format!("{count} seeds") },
        seed_range: if count == 1 { first.to_string() } else { format!("{first} to {}", first + count - 1) },
        runs: runs(result),
        events: number::grouped(events as f64, 0),
        span: span(result),
        fingerprint: run_json::fingerprint(result),
        command: &info.command,
        regular: STANDARD.encode(REGULAR),
        semibold: STANDARD.encode(SEMIBOLD),
    };
    Ok(report.render()?)
}

fn objective<'a>(result: &'a ExperimentResult, verdict: &'a Verdict) -> Objective<'a> {
    Objective {
        text: &verdict.expectation.text,
        point: result.study.points[verdict.point].label(),
        value: headline::verdict_value(verdict),
        holds: verdict.holds,
    }
}

fn runs(result: &ExperimentResult) -> String {
    let runs: usize = result.points.iter().map(|point| point.runs.len()).sum();
    let runs = number::grouped(runs as f64, 0);
    match result.points.len() {
        1 => runs,
        points => format!("{runs} ({points} points × {} seeds)", result.study.seeds.count),
    }
}

fn span(result: &ExperimentResult) -> String {
    let Some(point) = result.study.points.first() else {
        return "nothing".to_owned();
    };
    let plan = &point.plan;
    let start = plan.start.strftime("%Y-%m-%d %H:%M %Z");
    if plan.warmup.is_zero() {
        return format!("{} from {start}", plan.duration);
    }
    format!("{} from {start}, the first {} of it a warm-up that does not count", plan.duration, plan.warmup)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{chart, sample};
    use std::time::Duration;

    fn report(result: &ExperimentResult) -> String {
        let dir = tempfile::tempdir().unwrap();
        let charts = chart::draw_all(result, dir.path()).unwrap();
        let info = RunInfo { command: "aksim run 'a&b.yaml'".to_owned(), threads: 2, elapsed: Duration::from_secs(9) };
        html(result, &info, &charts).unwrap()
    }

    #[test]
    fn names_from_the_scenario_cannot_become_markup() {
        let mut result = sample::two_variants(2);
        let study = std::sync::Arc::make_mut(&mut result.study);
        study.name = "<script>alert(1)</script>".to_owned();
        study.points[1].variant = "B<i>series</i>".to_owned();
        let html = report(&result);
        assert!(!html.contains("<script") && !html.contains("<i>"));
        assert!(html.contains("B&#60;i&#62;series&#60;/i&#62;") && html.contains("B&lt;i&gt;series&lt;/i&gt;"));
        assert!(html.contains("aksim run &#39;a&#38;b.yaml&#39;"));
    }

    #[test]
    fn the_report_is_one_file_that_answers_first() {
        let html = report(&sample::two_variants(3));
        assert!(!html.contains("src=\"") && !html.contains("href=\"") && !html.contains("<link"));
        assert_eq!(html.matches("<svg").count(), 8);
        let place = |words: &str| html.find(words).unwrap_or_else(|| panic!("the report lacks {words:?}"));
        let order = [
            "B-series costs $61",
            "pod_pending_seconds.p95 &#60;= 112",
            "Paired differences from D-series",
            "<svg",
            "Standard_B4ms in eastus, pay as you go",
            "vm_provision",
            "What is not modelled",
            "How to repeat it",
        ];
        assert!(order.map(place).is_sorted(), "{:?}", order.map(place));
    }
}
