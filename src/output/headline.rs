//! The answer in words and the rows that table, charts and report share: one place that decides what is said, and how surely.

use super::merit::Merits;
use crate::experiment::{ExperimentResult, SummaryRow, Verdict};
use crate::observe::FITS_WINDOW;
use crate::output::number::{decimals_for, dollars, grouped, plain, seconds, short};
use crate::scenario::plan::Point;
use std::collections::{BTreeMap, BTreeSet};

/// Cost per month, the metric that points are compared by first.
pub const COST: &str = "cost_month_usd";
/// CPU demand not served, in percent.
pub const UNSERVED: &str = "cpu_unserved_percent";
/// Hours of nodes without credits that wanted more than their baseline.
pub const THROTTLED: &str = "throttled_node_hours";
/// 95 % quantile of the time that pods wait for a node.
pub const PENDING: &str = "pod_pending_seconds.p95";

/// CPU demand; zero where no workload has any.
pub const DEMAND: &str = "cpu_demand_core_hours";

const ALL_SERVED: &str = "serves all CPU demand";

/// A difference in waiting that is worth a word, in seconds.
const WAIT_WORTH_TELLING: f64 = 30.0;

/// What may go wrong with operations: the metric, and what one and what several of them are called.
const TROUBLES: [(&str, &str, &str); 4] = [
    ("pods_unscheduled", "pod without a node in the end", "pods without a node in the end"),
    (FAILED, "failed operation", "failed operations"),
    (REFUSED, "refused operation", "refused operations"),
    ("budgets_violated", "violated budget", "violated budgets"),
];

/// The share of connections to the internet that found no source port.
pub const UNCONNECTED: &str = "snat.failed_percent";
/// Operations that were accepted and failed.
pub const FAILED: &str = "operations_failed";
/// Operations that were refused.
pub const REFUSED: &str = "operations_refused";

/// Points whose troubles are told one by one.
const MOST_TOLD: usize = 3;

/// `path=value` pairs joined by `;`: how files name a sweep point.
#[must_use]
pub fn sweep_text(point: &Point) -> String {
    point.sweep.iter().map(|(path, value)| format!("{path}={value}")).collect::<Vec<_>>().join(";")
}

/// The summary, found by name.
#[derive(Clone, Debug)]
pub struct Figures<'a> {
    rows: BTreeMap<(&'a str, &'a str, &'a str, &'a str), &'a SummaryRow>,
}

impl<'a> Figures<'a> {
    /// Indexes the summary of a result.
    #[must_use]
    pub fn new(result: &'a ExperimentResult) -> Self {
        let key =
            |row: &'a SummaryRow| (row.variant.as_str(), row.sweep.as_str(), row.metric.as_str(), row.minus.as_str());
        Self { rows: result.summary.iter().map(|row| (key(row), row)).collect() }
    }

    /// The metric itself at a point; `None` where the point has no value of it.
    #[must_use]
    pub fn level(&self, point: &Point, metric: &str) -> Option<&'a SummaryRow> {
        self.find(point, metric, "")
    }

    /// The metric's paired difference, the point's variant minus `baseline`.
    #[must_use]
    pub fn difference(&self, point: &Point, metric: &str, baseline: &str) -> Option<&'a SummaryRow> {
        self.find(point, metric, baseline)
    }

    fn find(&self, point: &Point, metric: &str, minus: &str) -> Option<&'a SummaryRow> {
        let sweep = sweep_text(point);
        self.rows.get(&(&point.variant, &sweep, metric, minus)).copied().filter(|row| row.mean.is_finite())
    }
}

/// True when a row's interval says something: more than one seed, and finite ends.
#[must_use]
pub fn has_interval(row: &SummaryRow) -> bool {
    row.n > 1 && row.ci95_low.is_finite() && row.ci95_high.is_finite()
}

/// Half the width of the interval, zero where there is none.
#[must_use]
pub fn half_width(row: &SummaryRow) -> f64 {
    if has_interval(row) { (row.ci95_high - row.ci95_low) / 2.0 } else { 0.0 }
}

/// True when the interval of a difference does not include zero.
#[must_use]
pub fn is_significant(row: &SummaryRow) -> bool {
    has_interval(row) && (row.ci95_low > 0.0 || row.ci95_high < 0.0)
}

/// The most important result in one or two sentences.
#[must_use]
pub fn answer(result: &ExperimentResult) -> String {
    let figures = Figures::new(result);
    let points = &result.study.points;
    let compared = match (points.as_slice(), &result.study.baseline) {
        ([a, b], Some(baseline)) if a.sweep == b.sweep => Some(if a.variant == *baseline { (b, a) } else { (a, b) }),
        _ => None,
    };
    let mut first = match (compared, points.as_slice()) {
        (Some((other, base)), _) => compare(&figures, other, base),
        (None, [only]) => one_point(&figures, only),
        _ if fits_somewhere(&figures, points) => most_likely_to_fit(&figures, points),
        _ => cheapest(result, &figures),
    };
    if let Some(trouble) = trouble(points, &figures) {
        first = format!("{first} {trouble}");
    }
    match objectives(&result.verdicts) {
        Some(objectives) => format!("{first} {objectives}"),
        None => first,
    }
}

/// How much is said in charts' titles: what [`answer`] says about cost, without its interval.
#[must_use]
pub fn cost_title(result: &ExperimentResult) -> String {
    let figures = Figures::new(result);
    let points = &result.study.points;
    if let ([a, b], Some(baseline)) = (points.as_slice(), &result.study.baseline) {
        let (other, base) = if a.variant == *baseline { (b, a) } else { (a, b) };
        if let Some(row) = figures.difference(other, COST, &base.variant).filter(|row| is_significant(row)) {
            let amount = dollars(row.mean.abs(), decimals_for(half_width(row), 2));
            return format!("{} costs {amount} a month {} than {}", other.variant, than(row.mean), base.variant);
        }
    }
    let merits = Merits::of(result, &figures);
    match merits.lowest_cost(result, &figures) {
        Some((point, row)) if points.len() > 1 => {
            let point = &points[point];
            // A cheaper point may starve its pods, or lose operations.
            let all_serve = (0..points.len()).all(|point| merits.serves(point));
            let some_serve = (0..points.len()).any(|point| merits.serves(point));
            let among = if all_serve || !some_serve { "" } else { " that does its work" };
            format!("{} is the cheapest{among}: {} a month", point.label(), dollars(row.mean, 0))
        }
        Some((_, row)) => format!("The cluster costs {} a month", dollars(row.mean, 0)),
        None => "Cost per month".to_owned(),
    }
}

/// The interval of a row in words, such as `95 % CI 33.1 to 35.3, 100 seeds`.
#[must_use]
pub fn interval_words(row: &SummaryRow, show: impl Fn(f64) -> String) -> String {
    if !has_interval(row) {
        return "one seed, so no interval".to_owned();
    }
    if row.ci95_low == row.ci95_high {
        return format!("the same in all {} seeds", row.n);
    }
    format!("95 % CI {} to {}, {} seeds", show(row.ci95_low), show(row.ci95_high), row.n)
}

fn than(difference: f64) -> &'static str {
    if difference < 0.0 { "less" } else { "more" }
}

fn compare(figures: &Figures<'_>, other: &Point, base: &Point) -> String {
    let Some(row) = figures.difference(other, COST, &base.variant) else {
        return one_point(figures, other);
    };
    let decimals = decimals_for(half_width(row), 2);
    let (variant, baseline) = (&other.variant, &base.variant);
    let cost = if !has_interval(row) || is_significant(row) {
        let sign = row.mean.signum();
        let (low, high) = if sign < 0.0 { (-row.ci95_high, -row.ci95_low) } else { (row.ci95_low, row.ci95_high) };
        let positive = SummaryRow { ci95_low: low, ci95_high: high, ..row.clone() };
        let interval = interval_words(&positive, |value| grouped(value, decimals));
        let amount = dollars(row.mean.abs(), decimals);
        format!("{variant} costs {amount}/month {} than {baseline} ({interval})", than(row.mean))
    } else if row.mean == 0.0 && row.stddev == 0.0 {
        format!("{variant} costs as much as {baseline} (the same in all {} seeds)", row.n)
    } else {
        let interval = interval_words(row, |value| dollars(value, decimals));
        let difference = dollars(row.mean, decimals);
        format!(
            "{variant} and {baseline} do not differ clearly in cost: the difference is {difference}/month ({interval})"
        )
    };
    let service = match (service(figures, other), service(figures, base)) {
        (Some(other), Some(base)) if other == base && other == ALL_SERVED => "; both serve all CPU demand".to_owned(),
        (Some(other), Some(base)) => format!("; {variant} {other}, {baseline} {base}"),
        _ => String::new(),
    };
    let waits = match (figures.level(other, PENDING), figures.level(base, PENDING)) {
        (Some(other), Some(base)) if (other.mean - base.mean).abs() >= WAIT_WORTH_TELLING => {
            format!(
                "; 95 % of pods wait at most {} for a node with {variant}, {} with {baseline}",
                seconds(other.mean),
                seconds(base.mean)
            )
        }
        _ => String::new(),
    };
    format!("{cost}{service}{waits}.")
}

fn one_point(figures: &Figures<'_>, point: &Point) -> String {
    let cost = figures.level(point, COST).map(|row| format!("costs {}", cost_words(row)));
    let parts: Vec<String> = cost.into_iter().chain(service(figures, point)).collect();
    format!("The cluster {}.", if parts.is_empty() { "was simulated".to_owned() } else { parts.join(" and ") })
}

fn cost_words(row: &SummaryRow) -> String {
    let decimals = decimals_for(half_width(row), 2);
    let interval = interval_words(row, |value| grouped(value, decimals));
    format!("{}/month ({interval})", dollars(row.mean, decimals))
}

fn cheapest(result: &ExperimentResult, figures: &Figures<'_>) -> String {
    let count = result.study.points.len();
    let merits = Merits::of(result, figures);
    let Some((point, row)) = merits.lowest_cost(result, figures) else {
        return format!("{count} points were simulated.");
    };
    let point = &result.study.points[point];
    let serving = (0..count).filter(|point| merits.serves(*point)).count();
    let mut text = match serving {
        0 => format!(
            "None of {count} is among the best in everything ({}). The cheapest is {}",
            merits.words(true),
            point.label()
        ),
        all if all == count => format!("Cheapest of {count} is {}", point.label()),
        1 => format!("Only {} of {count} {},", point.label(), merits.words(true)),
        some => format!("Cheapest of the {some} of {count} that {} is {}", merits.words(false), point.label()),
    };
    text.push_str(&format!(" at {}", cost_words(row)));
    if let Some(service) = service(figures, point) {
        text.push_str(&format!("; it {service}"));
    }
    if let Some(pending) = figures.level(point, PENDING) {
        text.push_str(&format!(", and 95 % of its pods wait at most {} for a node", seconds(pending.mean)));
    }
    text + "."
}

/// True when upgrades have a window, and the points do not agree on whether they fit.
fn fits_somewhere(figures: &Figures<'_>, points: &[Point]) -> bool {
    let share = |point| figures.level(point, FITS_WINDOW).map(|row| row.mean);
    points.iter().any(|point| share(point).is_some()) && points.iter().any(|point| share(point) != share(&points[0]))
}

/// Where upgrades most often fit their window, the cheaper point when several do as often.
fn most_likely_to_fit(figures: &Figures<'_>, points: &[Point]) -> String {
    let rows = || points.iter().filter_map(|point| Some((point, figures.level(point, FITS_WINDOW)?)));
    let cost = |point: &Point| figures.level(point, COST).map_or(f64::INFINITY, |row| row.mean);
    let best =
        rows().min_by(|(a, row_a), (b, row_b)| row_b.mean.total_cmp(&row_a.mean).then(cost(a).total_cmp(&cost(b))));
    let (point, row) = best.expect("some point has a share");
    let share = |value: f64| format!("{} %", grouped(value * 100.0, 0));
    let as_likely = rows().filter(|(_, other)| other.mean == row.mean).count();
    let among = match as_likely {
        1 => format!("Most likely of {} to fit its maintenance window is {}", points.len(), point.label()),
        several => format!(
            "{several} of {} are most likely to fit their maintenance window, the cheapest of them is {}",
            points.len(),
            point.label()
        ),
    };
    let mut text = format!("{among}: {} of runs ({})", share(row.mean), interval_words(row, share));
    if let Some(upgrade) = figures.level(point, "upgrade_seconds") {
        text.push_str(&format!("; its upgrade takes {}", seconds(upgrade.mean)));
    }
    let surge = figures.level(point, "surge_cost_usd").filter(|surge| surge.mean > 0.0);
    if let Some(surge) = surge {
        text.push_str(&format!(", and its surge nodes cost {}", dollars(surge.mean, 2)));
    }
    text + "."
}

/// What happens to the CPU demand of a point; `None` where its workloads have none.
fn service(figures: &Figures<'_>, point: &Point) -> Option<String> {
    let has_demand = figures.level(point, DEMAND).is_none_or(|row| row.mean > 0.0);
    figures.level(point, UNSERVED).filter(|_| has_demand).map(|row| served(row.mean))
}

/// What happens to the CPU demand, as the second half of a sentence.
#[must_use]
pub fn served(unserved_percent: f64) -> String {
    match percent(unserved_percent).as_str() {
        "0 %" => ALL_SERVED.to_owned(),
        share => format!("leaves {share} of CPU demand unserved"),
    }
}

/// A small percentage with two significant digits.
#[must_use]
pub fn percent(value: f64) -> String {
    match value {
        0.0 => "0 %".to_owned(),
        _ if !value.is_finite() => "–".to_owned(),
        _ if value.abs() < 0.01 => "< 0.01 %".to_owned(),
        _ if value.abs() < 1.0 => format!("{} %", grouped(value, 2)),
        _ => format!("{} %", grouped(value, 1)),
    }
}

/// What goes wrong with operations and connections and where, per run; `None` when nothing does.
fn trouble(points: &[Point], figures: &Figures<'_>) -> Option<String> {
    let of_point = |point: &Point| {
        let told = TROUBLES.iter().filter_map(|(metric, one, several)| {
            let mean = figures.level(point, metric).map(|row| row.mean).filter(|mean| *mean > 0.0)?;
            let amount = if mean < 0.01 { "< 0.01".to_owned() } else { short((mean * 100.0).round() / 100.0) };
            Some(format!("{amount} {}", if mean == 1.0 { one } else { several }))
        });
        let connections = figures.level(point, UNCONNECTED).map(|row| row.mean).filter(|mean| *mean > 0.0);
        let connections =
            connections.map(|share| format!("{} of its connections without a source port", percent(share)));
        let told: Vec<String> = told.chain(connections).collect();
        (!told.is_empty()).then(|| (point.label(), told.join(", ")))
    };
    let troubled: Vec<(String, String)> = points.iter().filter_map(of_point).collect();
    match &troubled[..] {
        [] => None,
        some if some.len() <= MOST_TOLD => {
            let told: Vec<String> = some.iter().map(|(point, words)| format!("{point} has {words}")).collect();
            Some(format!("In an average run {}.", told.join("; ")))
        }
        some => {
            let unconnected = |point: &Point| figures.level(point, UNCONNECTED).is_some_and(|row| row.mean > 0.0);
            let what = if points.iter().any(unconnected) {
                "Operations fail or are refused, or connections fail,"
            } else {
                "Operations fail or are refused"
            };
            Some(format!("{what} at {} of {} points.", some.len(), points.len()))
        }
    }
}

/// Whether the objectives hold, and at how many points; `None` without objectives.
fn objectives(verdicts: &[Verdict]) -> Option<String> {
    let texts: BTreeSet<&str> = verdicts.iter().map(|verdict| verdict.expectation.text.as_str()).collect();
    let points: BTreeSet<usize> = verdicts.iter().map(|verdict| verdict.point).collect();
    let broken = verdicts.iter().filter(|verdict| !verdict.holds);
    let broken_texts: BTreeSet<&str> = broken.clone().map(|verdict| verdict.expectation.text.as_str()).collect();
    let broken_at = broken.map(|verdict| verdict.point).collect::<BTreeSet<_>>().len();
    let (count, of) = (texts.len(), points.len());
    let everywhere = if of == 1 { String::new() } else { format!(" at all {of} points") };
    let there = if of == 1 { String::new() } else { format!(" at {broken_at} of {of} points") };
    match (count, broken_texts.len()) {
        (0, _) => None,
        (1, 0) => Some(format!("The objective holds{everywhere}.")),
        (1, _) => Some(format!("The objective is broken{there}.")),
        (_, 0) => Some(format!("All {count} objectives hold{everywhere}.")),
        (_, 1) => Some(format!("1 of {count} objectives is broken{there}.")),
        (_, broken) => Some(format!("{broken} of {count} objectives are broken{there}.")),
    }
}

/// One line on an objective: whether it holds, where, and with which value.
#[must_use]
pub fn verdict_line(result: &ExperimentResult, verdict: &Verdict) -> String {
    let sign = if verdict.holds { "✓ holds " } else { "✗ broken" };
    let point = result.study.points[verdict.point].label();
    format!("{sign}  {}  ({point}: {})", verdict.expectation.text, verdict_value(verdict))
}

/// The value that an objective was held against, to three decimals.
#[must_use]
pub fn verdict_value(verdict: &Verdict) -> String {
    let mean = verdict.value.filter(|value| value.is_finite());
    mean.map_or_else(|| "no value".to_owned(), |value| format!("mean {}", plain((value * 1e3).round() / 1e3)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;
    use crate::scenario::plan::Study;
    use std::sync::Arc;

    /// Sets the paired difference of the cost and returns the answer.
    fn answer_with(mean: f64, low: f64, high: f64, n: u64) -> String {
        let mut result = sample::two_variants(2);
        result.verdicts.clear();
        for row in result.summary.iter_mut().filter(|row| row.metric == COST && !row.minus.is_empty()) {
            *row = SummaryRow { mean, ci95_low: low, ci95_high: high, n, ..row.clone() };
        }
        result.summary.retain(|row| row.metric != UNSERVED);
        answer(&result)
    }

    #[test]
    fn the_answer_says_no_more_than_the_interval_allows() {
        let cases = [
            (
                -34.2,
                -35.3,
                -33.1,
                100,
                "B-series costs $34.2/month less than D-series (95 % CI 33.1 to 35.3, 100 seeds).",
            ),
            (34.2, 33.1, 35.3, 100, "B-series costs $34.2/month more than D-series (95 % CI 33.1 to 35.3, 100 seeds)."),
            (
                -0.4,
                -1.25,
                0.45,
                100,
                "B-series and D-series do not differ clearly in cost: the difference is −$0.40/month \
                 (95 % CI −$1.25 to $0.45, 100 seeds).",
            ),
            (-34.2, -34.2, -34.2, 1, "B-series costs $34.2/month less than D-series (one seed, so no interval)."),
            (-34.25, -34.25, -34.25, 100, "B-series costs $34.2/month less than D-series (the same in all 100 seeds)."),
        ];
        for (mean, low, high, n, expected) in cases {
            assert_eq!(answer_with(mean, low, high, n), expected);
        }
    }

    #[test]
    fn a_sweep_is_answered_by_its_cheapest_point_and_its_objectives() {
        let answer = answer(&sample::sweep(&[3, 8], 4));
        let start = "Only D-series, maxCount=8 of 4 serves its CPU demand and meets the objectives best, at $6";
        assert!(answer.starts_with(start), "{answer}");
        assert!(answer.ends_with("The objective is broken at 2 of 4 points."), "{answer}");
    }

    #[test]
    fn a_point_whose_operation_fails_is_not_the_cheapest_and_is_named() {
        let mut result = sample::two_variants(2);
        result.verdicts.clear();
        result.study = Arc::new(Study { baseline: None, ..(*result.study).clone() });
        let cheaper = result.summary.iter().filter(|row| row.minus.is_empty() && row.metric == COST);
        let cheaper = cheaper.min_by(|a, b| a.mean.total_cmp(&b.mean)).expect("a row").variant.clone();
        for variant in ["B-series", "D-series"] {
            let mean = f64::from(u8::from(variant == cheaper));
            let row = result.summary.iter().find(|row| row.variant == variant).expect("a row").clone();
            result.summary.push(SummaryRow { metric: FAILED.to_owned(), minus: String::new(), mean, ..row });
        }
        result.summary.retain(|row| row.metric != UNSERVED);
        let answer = answer(&result);
        assert!(answer.starts_with("Only ") && !answer.starts_with(&format!("Only {cheaper}")), "{answer}");
        assert!(answer.ends_with(&format!("In an average run {cheaper} has 1 failed operation.")), "{answer}");
    }

    /// The result with a row of this metric at every point, its means in their order.
    fn with(mut result: ExperimentResult, metric: &str, means: &[f64]) -> ExperimentResult {
        let costs: Vec<SummaryRow> =
            result.summary.iter().filter(|row| row.metric == COST && row.minus.is_empty()).cloned().collect();
        result.summary.retain(|row| row.metric != metric);
        for (row, mean) in costs.into_iter().zip(means) {
            result.summary.push(SummaryRow { metric: metric.to_owned(), mean: *mean, ..row });
        }
        result
    }

    #[test]
    fn a_cheaper_point_that_leaves_pods_without_a_node_is_no_answer() {
        let mut result = with(sample::sweep(&[3, 8], 4), UNSERVED, &[0.0; 4]);
        result.verdicts.clear();
        let answer = answer(&with(result, "pods_unscheduled", &[2.0, 0.0, 2.0, 0.0]));
        let start = "Cheapest of the 2 of 4 that find nodes for their pods is B-series, maxCount=8 at $";
        assert!(answer.starts_with(start), "{answer}");
        assert!(answer.contains("D-series, maxCount=3 has 2 pods without a node in the end"), "{answer}");
    }

    #[test]
    fn nothing_is_said_of_demand_where_there_is_none() {
        let result = with(sample::two_variants(4), UNSERVED, &[0.0; 2]);
        assert!(answer(&result).contains("both serve all CPU demand"));
        assert!(!answer(&with(result, DEMAND, &[0.0; 2])).contains("CPU demand"));
    }

    #[test]
    fn a_sweep_of_upgrades_with_a_window_is_answered_by_the_point_that_fits_most_often() {
        let mut result = sample::sweep(&[3, 8], 4);
        result.verdicts.clear();
        let level = result.summary.iter().filter(|row| row.metric == COST && row.minus.is_empty()).cloned();
        let rows: Vec<SummaryRow> = level.collect();
        for (index, row) in rows.into_iter().enumerate() {
            let (mean, ci95_low, ci95_high, n) = if index == 2 { (0.95, 0.9, 0.99, 100) } else { (0.5, 0.4, 0.6, 100) };
            result.summary.push(SummaryRow { metric: FITS_WINDOW.to_owned(), mean, ci95_low, ci95_high, n, ..row });
        }
        let expected = "Most likely of 4 to fit its maintenance window is B-series, maxCount=3: 95 % of runs \
                        (95 % CI 90 % to 99 %, 100 seeds).";
        assert_eq!(answer(&result), expected);
    }

    #[test]
    fn demand_not_served_is_told_with_the_digits_that_matter() {
        let cases = [(0.0, "0 %"), (0.004, "< 0.01 %"), (0.83, "0.83 %"), (7.04, "7.0 %"), (f64::NAN, "–")];
        for (value, expected) in cases {
            assert_eq!(percent(value), expected);
        }
    }
}
