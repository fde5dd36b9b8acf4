//! The summary on the terminal: the answer in a sentence, one row a point, paired differences, objectives.

use super::blockers::blockers;
use super::headline::{
    COST, DEMAND, FAILED, Figures, PENDING, REFUSED, THROTTLED, UNCONNECTED, UNSERVED, answer, half_width,
    has_interval, is_significant, verdict_line,
};
use super::number::{decimals_for, dollars, grouped, short};
use super::operation_errors::operation_errors;
use crate::experiment::{ExperimentResult, SummaryRow};
use crate::kernel::{SimDuration, SimTime};
use crate::observe::FITS_WINDOW;
use crate::scenario::plan::{BASE, OperationKind, Plan, Point, UpgradeChannel};
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use std::io::{self, IsTerminal, Write};

/// Lines above, below the header and below; none between rows.
pub(super) const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// A shorter run is no good measure of a month when operations happen in it.
const SHORT_RUN: SimDuration = SimDuration::from_hours(7 * 24);

/// Duration of the longest change of the network.
const NETWORK_UPDATE: &str = "network_update_seconds";

/// Duration of the longest upgrade.
const UPGRADE: &str = "upgrade_seconds";

/// Duration of the longest migration from pool to pool.
const MIGRATION: &str = "migration_seconds";

/// Spot nodes that Azure took back.
const EVICTED: &str = "spot_evictions";

/// More points, or verdicts, than this are told in short.
const MANY: usize = 12;

/// How the table is to look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Bold type by terminal escapes; off for `NO_COLOR` and where nobody looks.
    pub styled: bool,
    /// Fitted to the width of the terminal instead of as wide as it wants.
    pub fitted: bool,
}

impl Look {
    /// Styled and fitted on a terminal, plain in a pipe; never styled where the environment says `NO_COLOR` (no-color.org).
    #[must_use]
    pub fn of_stdout() -> Self {
        let terminal = io::stdout().is_terminal();
        let colourless = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { styled: terminal && !colourless, fitted: terminal }
    }
}

/// A quantity that has a column in the table and a line among the differences.
struct Quantity {
    metric: String,
    heading: &'static str,
    /// How a difference reads, given the formatted number.
    unit: &'static str,
    show: fn(f64, usize) -> String,
    decimals: usize,
}

/// The quantities that decide, in the order of the questions they answer; those that only some scenarios have where they do.
fn quantities(result: &ExperimentResult) -> Vec<Quantity> {
    let quantity = |metric: &str, heading, unit, show, decimals| Quantity {
        metric: metric.to_owned(),
        heading,
        unit,
        show,
        decimals,
    };
    let happens = |metric: &str| result.summary.iter().any(|row| row.metric == metric && row.mean > 0.0);
    let is_told = |metric: &str| result.summary.iter().any(|row| row.metric == metric && row.n > 0);
    let demand_is_known = result.summary.iter().any(|row| row.metric == DEMAND);
    let has_burstable = result.study.points.iter().any(|point| point.plan.has_burstable_pool());
    let cpu = " percentage points of CPU demand not served";
    let ports = " percentage points of connections without a port";
    let lost = " percentage points of pods saved at evictions";
    let chosen = [
        (true, quantity(COST, "$/month", "/month", dollars, 2)),
        (happens(DEMAND) || !demand_is_known, quantity(UNSERVED, "CPU not\nserved %", cpu, grouped, 2)),
        (happens(UNCONNECTED), quantity(UNCONNECTED, "connections\nfailed %", ports, grouped, 2)),
        (has_burstable, quantity(THROTTLED, "throttled\nh", " h throttled at zero credits", grouped, 1)),
        (true, quantity(PENDING, "pending\np95 s", " s pending p95", grouped, 1)),
        (happens(UPGRADE), quantity(UPGRADE, "upgrade\ns", " s upgrade", grouped, 0)),
        (is_told(FITS_WINDOW), quantity(FITS_WINDOW, "P(fits\nwindow)", " probability to fit the window", grouped, 2)),
        (happens(MIGRATION), quantity(MIGRATION, "migration\ns", " s migration", grouped, 0)),
        (
            happens(NETWORK_UPDATE),
            quantity(NETWORK_UPDATE, "network\nchange s", " s change of the network", grouped, 0),
        ),
        (happens(EVICTED), quantity(EVICTED, "nodes\nevicted", " nodes evicted", grouped, 1)),
        (happens(EVICTED), quantity("spot_pods_saved_percent", "their pods\nsaved %", lost, grouped, 1)),
        (happens("node_failures"), quantity("node_failures", "node\nfailures", " node failures", grouped, 1)),
        (true, quantity("nodes_mean", "nodes\nmean", " nodes on average", grouped, 2)),
    ];
    chosen.into_iter().filter(|(wanted, _)| *wanted).map(|(_, quantity)| quantity).collect()
}

/// One paired difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What is subtracted from what, such as `B-series − D-series, maxCount=5`.
    pub pair: String,
    /// The mean difference with its unit.
    pub mean: String,
    /// The 95 % confidence interval, empty with one seed.
    pub interval: String,
    /// What to make of it: `clear`, `may be chance`, `one seed` or `none`.
    pub reading: &'static str,
}

/// The whole summary, ready to print.
#[must_use]
pub fn render(result: &ExperimentResult, look: Look) -> String {
    let mut text = format!("{}\n\n{}\n", bold(&answer(result), look), table(result, look).trim_fmt());
    let differences = differences(result);
    if let Some(baseline) = result.study.baseline.as_ref().filter(|_| !differences.is_empty()) {
        text.push_str(&format!("\nPaired differences from {baseline}, seed by seed:\n"));
        for Difference { pair, mean, interval, reading } in &differences {
            let interval = if interval.is_empty() { String::new() } else { format!(" [{interval}]") };
            let doubt = if *reading == "may be chance" { "  may be chance" } else { "" };
            text.push_str(&format!("  {pair}: {mean}{interval}{doubt}\n"));
        }
    }
    for note in notes(result) {
        text.push_str(&format!("\n{note}\n"));
    }
    let errors = operation_errors(result);
    if !errors.is_empty() {
        text.push_str("\nOperations that failed or were refused, at the point where that happened in most runs:\n");
        text.push_str(&super::operation_errors::lines(&errors));
    }
    let blockers = blockers(result);
    if !blockers.is_empty() {
        text.push_str("\nDrains were held longest by these budgets, in pod-time of a run where it is longest:\n");
        text.push_str(&super::blockers::lines(&blockers));
    }
    if !result.verdicts.is_empty() {
        text.push_str("\nObjectives:\n");
        text.push_str(&objectives(result));
    }
    text
}

/// The part of a run that metrics are taken from.
fn measured(plan: &Plan) -> SimDuration {
    SimTime::after_start(plan.duration).since(SimTime::after_start(plan.warmup))
}

/// What is to be known about the columns.
#[must_use]
pub fn notes(result: &ExperimentResult) -> Vec<String> {
    let timed = [UPGRADE, MIGRATION, NETWORK_UPDATE];
    let happens = |metrics: &[&str]| {
        result
            .summary
            .iter()
            .any(|row| row.minus.is_empty() && row.mean > 0.0 && metrics.contains(&row.metric.as_str()))
    };
    let successes = (happens(&timed) && happens(&[FAILED, "operations_canceled"]))
        .then(|| "Durations of upgrades and the like are of those that succeeded.".to_owned());
    let scaling = Some(scaling_note(result)).filter(|note| !note.is_empty());
    scaling.into_iter().chain(successes).collect()
}

/// What a monthly price means where operations happen in a run that is much shorter than a month.
fn scaling_note(result: &ExperimentResult) -> String {
    let asked = result.study.points.iter().filter(|point| !point.plan.operations.is_empty());
    let Some(span) = asked.map(|point| measured(&point.plan)).min() else {
        return String::new();
    };
    if span >= SHORT_RUN {
        return String::new();
    }
    format!(
        "$/month is what {span} cost, scaled to a month of 730 h: what happens once counts as if it went on. cost_total_usd in \
         summary.csv is the run's own bill."
    )
}

/// Headings of columns that hold words; all others hold numbers.
pub const WORDS: [&str; 2] = ["variant", "sweep point"];

/// Headings of [`rows`], broken into lines where that keeps the table narrow.
#[must_use]
pub fn headings(result: &ExperimentResult) -> Vec<&'static str> {
    let has_sweep = result.study.points.iter().any(|point| !point.sweep.is_empty());
    let sweep = has_sweep.then_some("sweep point");
    let quantities = quantities(result).into_iter().map(|quantity| quantity.heading);
    let outcomes = has_operations(result).then_some("operations\nok/failed/refused");
    let last = outcomes.into_iter().chain(["nodes\npeak", "peak IPs\nused / usable"]);
    let variant = has_variants(result).then_some("variant");
    variant.into_iter().chain(sweep).chain(quantities).chain(last).collect()
}

/// One row a point, formatted: means, with `±` half the 95 % confidence interval where it is not negligible.
#[must_use]
pub fn rows(result: &ExperimentResult) -> Vec<Vec<String>> {
    let figures = Figures::new(result);
    let has_sweep = result.study.points.iter().any(|point| !point.sweep.is_empty());
    let quantities: Vec<Quantity> =
        quantities(result).into_iter().map(|quantity| rounded(quantity, result, &figures)).collect();
    let row = |point: &Point| {
        let sweep = has_sweep.then(|| {
            let values = point.sweep.iter().map(|(path, value)| format!("{}={value}", last_key(path)));
            values.collect::<Vec<_>>().join(", ")
        });
        let quantities = quantities.iter().map(|quantity| {
            let row = figures.level(point, &quantity.metric);
            row.map_or_else(|| without_value(point, &figures, quantity), |row| level(row, quantity))
        });
        let peak = figures.level(point, "nodes_peak").map_or_else(|| "–".to_owned(), |row| grouped(row.mean, 1));
        let variant = has_variants(result).then(|| point.variant.clone());
        let first = variant.into_iter().chain(sweep);
        let outcomes = has_operations(result).then(|| outcomes(point, &figures));
        first.chain(quantities).chain(outcomes).chain([peak, fullest_subnet(point, &figures)]).collect()
    };
    result.study.points.iter().map(row).collect()
}

/// Paired differences of every point from the baseline at the same sweep point; those that are zero in every seed are left out
/// unless it is the cost. Where there are many points, only the cost.
#[must_use]
pub fn differences(result: &ExperimentResult) -> Vec<Difference> {
    let Some(baseline) = &result.study.baseline else {
        return Vec::new();
    };
    let figures = Figures::new(result);
    let mut differences = Vec::new();
    let few = result.study.points.len() <= MANY;
    for point in &result.study.points {
        for quantity in quantities(result).into_iter().filter(|quantity| few || quantity.metric == COST) {
            let row = figures.difference(point, &quantity.metric, baseline);
            let told = row.filter(|row| quantity.metric == COST || !is_nothing(row, &quantity));
            differences.extend(told.map(|row| difference(point, baseline, row, &quantity)));
        }
    }
    differences
}

/// Writes the summary rows as a JSON array.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_json(result: &ExperimentResult, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &result.summary)?;
    writeln!(out)
}

/// One line for each verdict; where there are many, the broken ones and the number of the others.
fn objectives(result: &ExperimentResult) -> String {
    let few = result.verdicts.len() <= MANY;
    let told: Vec<_> = result.verdicts.iter().filter(|verdict| few || !verdict.holds).collect();
    let mut text: String = told.iter().map(|verdict| format!("  {}\n", verdict_line(result, verdict))).collect();
    match result.verdicts.len() - told.len() {
        0 => {}
        others => text.push_str(&format!("  ✓ holds   at {others} more\n")),
    }
    text
}

fn table(result: &ExperimentResult, look: Look) -> Table {
    let headings = headings(result);
    let texts = headings.iter().filter(|heading| WORDS.contains(heading)).count();
    let mut table = Table::new();
    table.load_style(STYLE);
    if look.fitted {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    if look.styled {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.set_header(headings.iter().map(|heading| Cell::new(heading).add_attribute(Attribute::Bold)));
    for row in rows(result) {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(texts) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The quantity with decimals that suit the widest interval among the points, so that its column lines up.
fn rounded(quantity: Quantity, result: &ExperimentResult, figures: &Figures<'_>) -> Quantity {
    let rows = result.study.points.iter().filter_map(|point| figures.level(point, &quantity.metric));
    let widest = rows.map(half_width).fold(0.0, f64::max);
    Quantity { decimals: decimals_for(widest, quantity.decimals), ..quantity }
}

/// What stands in place of a value: why an upgrade has none.
fn without_value(point: &Point, figures: &Figures<'_>, quantity: &Quantity) -> String {
    let happens = |metric: &str| figures.level(point, metric).is_some_and(|row| row.mean > 0.0);
    let asks = |metric: &str| {
        point.plan.operations.iter().any(|operation| {
            matches!(
                (&operation.kind, metric),
                (OperationKind::Upgrade { .. } | OperationKind::Rollback { .. }, UPGRADE | FITS_WINDOW)
                    | (OperationKind::Migrate { .. }, MIGRATION)
                    | (OperationKind::UpdateNetwork(_), NETWORK_UPDATE)
            )
        })
    };
    let channel = point.plan.maintenance.channel != UpgradeChannel::None;
    let is_of_upgrade =
        asks(&quantity.metric) || (channel && [UPGRADE, FITS_WINDOW].contains(&quantity.metric.as_str()));
    let word = match () {
        () if is_of_upgrade && happens(FAILED) => "failed",
        () if is_of_upgrade && happens(REFUSED) => "refused",
        () if is_of_upgrade && happens("operations_canceled") => "canceled",
        () => "–",
    };
    word.to_owned()
}

fn level(row: &SummaryRow, quantity: &Quantity) -> String {
    let (half, decimals) = (half_width(row), quantity.decimals);
    let mean = (quantity.show)(row.mean, decimals);
    // A bare number of dollars: the heading has the unit.
    let mean = mean.replace('$', "");
    if quantity.metric == FITS_WINDOW && has_interval(row) {
        let [low, high] = [row.ci95_low, row.ci95_high].map(|end| grouped(end, quantity.decimals));
        return format!("{mean}\u{a0}({low}–{high})"); // It is not in the middle of its interval.
    }
    if has_interval(row) && half > 0.0 { format!("{mean}\u{a0}±\u{a0}{}", grouped(half, decimals)) } else { mean }
}

/// True for a difference that reads as zero, and its interval too.
fn is_nothing(row: &SummaryRow, quantity: &Quantity) -> bool {
    let decimals = decimals_for(half_width(row), quantity.decimals);
    let zero = grouped(0.0, decimals);
    [row.mean, row.ci95_low, row.ci95_high].iter().all(|value| grouped(value.abs(), decimals) == zero)
}

fn difference(point: &Point, baseline: &str, row: &SummaryRow, quantity: &Quantity) -> Difference {
    let decimals = decimals_for(half_width(row), quantity.decimals);
    let values = point.sweep.iter().map(|(path, value)| format!(", {}={value}", last_key(path)));
    let show = |value: f64| (quantity.show)(value, decimals);
    let sign = if row.mean > 0.0 { "+" } else { "" };
    let interval = format!("{}, {}", grouped(row.ci95_low, decimals), grouped(row.ci95_high, decimals));
    Difference {
        pair: format!("{} − {baseline}{}", point.variant, values.collect::<String>()),
        mean: format!("{sign}{}{}", show(row.mean), quantity.unit),
        interval: if has_interval(row) { interval } else { String::new() },
        reading: match row {
            row if row.mean == 0.0 && row.stddev == 0.0 => "none",
            row if !has_interval(row) => "one seed",
            row if is_significant(row) => "clear",
            _ => "may be chance",
        },
    }
}

/// True unless one scenario, as it stands, is swept.
fn has_variants(result: &ExperimentResult) -> bool {
    result.study.points.iter().any(|point| point.variant != BASE || point.sweep.is_empty())
}

/// True when operations are asked for at some point.
fn has_operations(result: &ExperimentResult) -> bool {
    let asked = ["operations_succeeded", FAILED, REFUSED];
    result.summary.iter().any(|row| row.mean > 0.0 && asked.contains(&row.metric.as_str()))
}

/// How many operations end well, fail and are refused in an average run; and how many are canceled, where that happens.
fn outcomes(point: &Point, figures: &Figures<'_>) -> String {
    let mean = |metric: &str| figures.level(point, metric).map_or(0.0, |row| row.mean);
    let told = ["operations_succeeded", FAILED, REFUSED].map(|metric| hundredths(mean(metric))).join(" / ");
    match mean("operations_canceled") {
        0.0 => told,
        canceled => format!("{told}, {} canceled", hundredths(canceled)),
    }
}

/// A count per run, to two decimals where it is no whole number.
fn hundredths(mean: f64) -> String {
    short((mean * 100.0).round() / 100.0)
}

/// Peak and usable addresses of the subnet with the largest share in use.
fn fullest_subnet(point: &Point, figures: &Figures<'_>) -> String {
    let cluster = &point.plan.cluster;
    let used = cluster.subnets.iter().enumerate().filter_map(|(index, subnet)| {
        let row = figures.level(point, &format!("subnet.{}.peak_used", subnet.name))?;
        Some((row.mean, cluster.usable_addresses(index)))
    });
    let fullest = used.max_by(|(a, of_a), (b, of_b)| (a / f64::from(*of_a)).total_cmp(&(b / f64::from(*of_b))));
    fullest
        .map_or_else(|| "–".to_owned(), |(used, usable)| format!("{} / {}", short(used), grouped(f64::from(usable), 0)))
}

fn last_key(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn bold(text: &str, look: Look) -> String {
    if look.styled { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn the_terminal_gets_answer_table_differences_and_objectives() {
        insta::assert_snapshot!(render(&sample::two_variants(20), Look::default()), @r"
        B-series costs $61.38/month less than D-series (95 % CI 61.19 to 61.57, 20 seeds); B-series leaves 7.0 % of CPU demand unserved, D-series serves all CPU demand. The objective holds at all 2 points.

        ──────────────────────────────────────────────────────────────────────────────────────────────────────
         variant        $/month       CPU not   throttled       pending         nodes   nodes        peak IPs
                                     served %           h         p95 s          mean    peak   used / usable
        ──────────────────────────────────────────────────────────────────────────────────────────────────────
         D-series   576.4 ± 1.4          0.00         0.0   108.5 ± 3.1   3.64 ± 0.13     6.0       186 / 251
         B-series   515.0 ± 1.2   7.02 ± 0.08   6.8 ± 1.9   108.5 ± 3.1   3.64 ± 0.13     6.0       186 / 251
        ──────────────────────────────────────────────────────────────────────────────────────────────────────

        Paired differences from D-series, seed by seed:
          B-series − D-series: −$61.38/month [−61.57, −61.19]
          B-series − D-series: +7.02 percentage points of CPU demand not served [6.94, 7.11]
          B-series − D-series: +6.8 h throttled at zero credits [4.8, 8.7]

        Objectives:
          ✓ holds   pod_pending_seconds.p95 <= 112  (D-series: mean 108.456)
          ✓ holds   pod_pending_seconds.p95 <= 112  (B-series: mean 108.456)
        ");
    }

    #[test]
    fn a_sweep_has_a_column_for_its_points() {
        insta::assert_snapshot!(render(&sample::sweep(&[3, 8], 5), Look::default()), @r"
        Only D-series, maxCount=8 of 4 serves its CPU demand and meets the objectives best, at $621.8/month (95 % CI 619.1 to 624.6, 5 seeds); it serves all CPU demand, and 95 % of its pods wait at most 93 s for a node. The objective is broken at 2 of 4 points.

        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         variant    sweep point       $/month       CPU not   throttled       pending         nodes   nodes        peak IPs
                                                   served %           h         p95 s          mean    peak   used / usable
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         D-series   maxCount=3    511.8 ± 2.7          0.00         0.0   176.3 ± 8.1   3.70 ± 0.32     3.0        93 / 251
         D-series   maxCount=8    621.8 ± 2.7          0.00         0.0    92.9 ± 8.1   3.70 ± 0.32     6.0       186 / 251
         B-series   maxCount=3    459.5 ± 2.4   7.07 ± 0.11   9.4 ± 1.6   176.3 ± 8.1   3.70 ± 0.32     3.0        93 / 251
         B-series   maxCount=8    554.1 ± 2.4   7.07 ± 0.11   9.4 ± 1.6    92.9 ± 8.1   3.70 ± 0.32     6.0       186 / 251
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

        Paired differences from D-series, seed by seed:
          B-series − D-series, maxCount=3: −$52.34/month [−52.73, −51.96]
          B-series − D-series, maxCount=3: +7.07 percentage points of CPU demand not served [6.96, 7.17]
          B-series − D-series, maxCount=3: +9.4 h throttled at zero credits [7.8, 11.0]
          B-series − D-series, maxCount=8: −$67.74/month [−68.13, −67.36]
          B-series − D-series, maxCount=8: +7.07 percentage points of CPU demand not served [6.96, 7.17]
          B-series − D-series, maxCount=8: +9.4 h throttled at zero credits [7.8, 11.0]

        Objectives:
          ✗ broken  pod_pending_seconds.p95 <= 112  (D-series, maxCount=3: mean 176.279)
          ✓ holds   pod_pending_seconds.p95 <= 112  (D-series, maxCount=8: mean 92.945)
          ✗ broken  pod_pending_seconds.p95 <= 112  (B-series, maxCount=3: mean 176.279)
          ✓ holds   pod_pending_seconds.p95 <= 112  (B-series, maxCount=8: mean 92.945)
        ");
    }

    #[test]
    fn one_seed_has_no_interval_and_says_so() {
        let text = render(&sample::two_variants(1), Look::default());
        assert!(text.contains("one seed, so no interval") && !text.contains('±'), "{text}");
    }

    #[test]
    fn only_a_styled_table_has_escapes() {
        let result = sample::two_variants(2);
        let escapes = |look| render(&result, look).contains('\u{1b}');
        assert!(escapes(Look { styled: true, fitted: false }) && !escapes(Look::default()));
    }

    #[test]
    fn json_has_the_rows_of_the_summary() {
        let result = sample::two_variants(2);
        let mut bytes = Vec::new();
        write_json(&result, &mut bytes).unwrap();
        let rows: Vec<serde_json::Value> = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(rows.len(), result.summary.len());
        assert_eq!((rows[0]["metric"].as_str(), rows[0]["n"].as_u64()), (Some("cost_month_usd"), Some(2)));
    }
}
