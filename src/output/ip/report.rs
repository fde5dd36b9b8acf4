//! Every range of addresses: what the plan may need by Microsoft's formula, what the simulation used, and what to make of it.

use crate::experiment::{ExperimentResult, PointResult, Statistics};
use crate::kernel::SimDuration;
use crate::output::number::{grouped, short};
use crate::preflight::Verdict;
use crate::preflight::address_plan::{self, RangePlan};
use crate::scenario::plan::Point;
use serde::Serialize;
use std::io::{self, Write};

/// A range at one point of the study.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The point: variant and sweep values.
    pub point: String,
    /// Such as `subnet nodes`, or `pod CIDR`.
    pub range: String,
    /// Its prefix.
    pub prefix: String,
    /// What is counted: `addresses`, or `/24 blocks`.
    pub unit: &'static str,
    /// How many there are to hand out.
    pub usable: u32,
    /// Who takes them.
    pub holders: String,
    /// Microsoft's formula with the plan's numbers.
    pub formula: String,
    /// What it comes to.
    pub worst_case: u64,
    /// Mean over the seeds of the most in use at once.
    pub peak_mean: f64,
    /// Lower end of its 95 % confidence interval.
    pub peak_ci95_low: f64,
    /// Upper end.
    pub peak_ci95_high: f64,
    /// The most in use at once in any seed.
    pub peak_max: f64,
    /// Mean over the seeds of what is not exceeded for 95 % of the time.
    pub p95_mean: f64,
    /// Seeds in which it ran out.
    pub exhausted_seeds: usize,
    /// Seeds.
    pub seeds: usize,
    /// When it first ran out in any seed, in seconds since the start.
    pub first_exhaustion_s: Option<f64>,
    /// The longest prefix with room for the worst case.
    pub safe_prefix: u8,
    /// The longest prefix with room for the most that was in use in any seed.
    pub simulated_prefix: u8,
    /// What it comes to.
    pub verdict: Verdict,
    /// Why, and what to do.
    pub reason: String,
}

/// The rows of all points.
#[must_use]
pub fn rows(result: &ExperimentResult) -> Vec<Row> {
    let of = |point: &PointResult| {
        let asked = &result.study.points[point.point];
        address_plan::ranges(&asked.plan).into_iter().map(|range| row(asked, point, &range)).collect::<Vec<_>>()
    };
    result.points.iter().flat_map(of).collect()
}

fn row(point: &Point, result: &PointResult, range: &RangePlan) -> Row {
    let figure = |name: &str| {
        let metric = format!("{}.{name}", range.metric);
        result.runs.iter().filter_map(|run| run.metric(&metric)).collect::<Vec<f64>>()
    };
    let is_cidr = range.metric == "pod_cidr";
    let (peaks, p95) = match is_cidr {
        true => (figure("peak_blocks"), figure("p95_blocks")),
        false => (figure("peak_used"), figure("p95_used")),
    };
    let exhausted_seeds = figure("exhaustions").iter().filter(|count| **count > 0.0).count();
    let first = figure("first_exhaustion_seconds").into_iter().filter(|at| !at.is_nan()).reduce(f64::min);
    let (peak, peak_max) = (Statistics::of(&peaks), peaks.iter().copied().fold(0.0, f64::max));
    let simulated_prefix = if is_cidr {
        address_plan::smallest_pod_cidr(peak_max as u64)
    } else {
        let subnet =
            point.plan.cluster.subnets.iter().position(|subnet| range.name == format!("subnet {}", subnet.name));
        address_plan::smallest_prefix(
            peak_max as u64,
            subnet.and_then(|index| point.plan.cluster.pod_allocation(index)),
        )
    };
    let (verdict, reason) = judge(range, exhausted_seeds, result.runs.len(), first);
    Row {
        point: point.label(),
        range: range.name.clone(),
        prefix: range.prefix.to_string(),
        unit: range.unit,
        usable: range.usable,
        holders: range.holders.join(", "),
        formula: range.formula.clone(),
        worst_case: range.worst,
        peak_mean: peak.mean,
        peak_ci95_low: peak.ci95.0,
        peak_ci95_high: peak.ci95.1,
        peak_max,
        p95_mean: Statistics::of(&p95).mean,
        exhausted_seeds,
        seeds: result.runs.len(),
        first_exhaustion_s: first,
        safe_prefix: range.safe_prefix,
        simulated_prefix,
        verdict,
        reason,
    }
}

fn judge(range: &RangePlan, exhausted: usize, seeds: usize, first: Option<f64>) -> (Verdict, String) {
    let remedy = if range.metric == "pod_cidr" {
        format!("build the cluster with a podCidr of /{} or larger, or grow that of an overlay", range.safe_prefix)
    } else {
        format!("new pools in a subnet of /{} or larger: that of a pool never changes", range.safe_prefix)
    };
    if let Some(first) = first {
        let at = SimDuration::from_secs(first as u64);
        return (Verdict::Fail, format!("runs out after {at} in {exhausted} of {seeds} seeds → {remedy}"));
    }
    if range.worst > u64::from(range.usable) {
        let reason = format!("{} more than there are, should it come to that", range.worst - u64::from(range.usable));
        return (Verdict::Risk, format!("{reason} → {remedy}"));
    }
    let left = 100 * (u64::from(range.usable) - range.worst) / u64::from(range.usable.max(1));
    (Verdict::Pass, format!("{left} % left in the worst case"))
}

/// A table for people. With `fitted` as wide as the terminal.
#[must_use]
pub fn render(rows: &[Row], fitted: bool) -> String {
    let mut table = super::table(fitted);
    let several = rows.iter().any(|row| row.point != rows[0].point);
    let heads = ["range", "usable", "worst case by Microsoft's formula", "simulated\npeak", "p95", "safe\nprefix"];
    table.set_header(several.then_some("point").into_iter().chain(heads).chain(["verdict, reason → remedy"]));
    for row in rows {
        let counted = if row.unit == "addresses" { "" } else { " /24s" };
        let spread = (row.peak_ci95_high - row.peak_ci95_low) / 2.0;
        let peak = if spread > 0.0 {
            format!(
                "{} ± {}\nmost {}",
                short(row.peak_mean),
                short((spread * 10.0).round() / 10.0),
                short(row.peak_max)
            )
        } else {
            short(row.peak_mean)
        };
        let cells = [
            format!("{}\n{}\n{}", row.range, row.prefix, row.holders),
            format!("{}{counted}", grouped(f64::from(row.usable), 0)),
            format!("{}\n= {}", row.formula, grouped(row.worst_case as f64, 0)),
            peak,
            short((row.p95_mean * 10.0).round() / 10.0),
            format!("/{}", row.safe_prefix),
            format!("{}: {}", row.verdict.name(), row.reason),
        ];
        table.add_row(several.then(|| row.point.clone()).into_iter().chain(cells));
    }
    let [fail, risk, pass] = [Verdict::Fail, Verdict::Risk, Verdict::Pass]
        .map(|verdict| rows.iter().filter(|row| row.verdict == verdict).count());
    format!("{}\n{fail} FAIL, {risk} RISK, {pass} PASS\n", table.trim_fmt())
}

/// Writes an array with an object for each range.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_json(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, rows)?;
    writeln!(out)
}

/// Writes a row for each range.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_csv(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    for row in rows {
        csv.serialize(row)?;
    }
    csv.flush()
}
