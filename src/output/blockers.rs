//! Which disruption budgets hold drains: the ranking that an operator reads before an upgrade.

use super::number::{seconds, short};
use crate::experiment::{ExperimentResult, SummaryRow};
use std::collections::BTreeMap;

/// Budgets told; the whole list stands in `summary.csv`.
const MOST: usize = 5;

/// A drain that is held for less, in all, is not held up.
const SECONDS_WORTH_TELLING: f64 = 60.0;

/// A budget that held drains, at the point where it held them longest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// `namespace/name`.
    pub budget: String,
    /// Time for which it kept pods, of all pods together: the mean over the seeds.
    pub held: String,
    /// Drains that ended while it kept a pod: the mean over the seeds; empty when none did.
    pub timed_out: String,
    /// Variant and sweep values.
    pub point: String,
}

/// The budgets that held drains longest, the worst first; none when no drain was held up.
#[must_use]
pub fn blockers(result: &ExperimentResult) -> Vec<Blocker> {
    let mut worst: BTreeMap<&str, &SummaryRow> = BTreeMap::new();
    for row in result.summary.iter().filter(|row| row.minus.is_empty() && row.mean >= SECONDS_WORTH_TELLING) {
        let name = row.metric.strip_prefix("budget.").and_then(|rest| rest.strip_suffix(".held_seconds"));
        if let Some(name) = name {
            let worst = worst.entry(name).or_insert(row);
            if row.mean > worst.mean {
                *worst = row;
            }
        }
    }
    let mut ranked: Vec<(&str, &SummaryRow)> = worst.into_iter().collect();
    ranked.sort_by(|(_, a), (_, b)| b.mean.total_cmp(&a.mean));
    ranked.into_iter().take(MOST).map(|(name, row)| blocker(result, name, row)).collect()
}

fn blocker(result: &ExperimentResult, name: &str, held: &SummaryRow) -> Blocker {
    let metric = format!("budget.{name}.drains_timed_out");
    let same = |row: &&SummaryRow| {
        row.metric == metric && row.minus.is_empty() && row.variant == held.variant && row.sweep == held.sweep
    };
    let timed_out = result.summary.iter().find(same).map_or(0.0, |row| row.mean);
    let is_there = |point: &&crate::scenario::plan::Point| {
        point.variant == held.variant && super::headline::sweep_text(point) == held.sweep
    };
    let point = result.study.points.iter().find(is_there);
    Blocker {
        budget: name.to_owned(),
        held: seconds(held.mean),
        timed_out: if timed_out > 0.0 { short(timed_out) } else { String::new() },
        point: point.map(crate::scenario::plan::Point::label).unwrap_or_default(),
    }
}

/// The ranking as lines of text.
#[must_use]
pub fn lines(blockers: &[Blocker]) -> String {
    let width = blockers.iter().map(|blocker| blocker.budget.chars().count()).max().unwrap_or(0);
    let line = |Blocker { budget, held, timed_out, point }: &Blocker| {
        let ends = if timed_out.is_empty() { String::new() } else { format!(", {timed_out} drains out of time") };
        format!("  {budget:width$}  {held}{ends}  ({point})\n")
    };
    blockers.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn budgets_are_ranked_by_the_time_for_which_they_hold_pods() {
        let mut result = sample::two_variants(2);
        assert_eq!(blockers(&result), []);
        let template = result.summary[0].clone();
        let mut add = |variant: &str, metric: &str, mean: f64| {
            let (variant, metric) = (variant.to_owned(), format!("budget.{metric}"));
            result.summary.push(SummaryRow { variant, metric, mean, minus: String::new(), ..template.clone() });
        };
        add("D-series", "shop/web.held_seconds", 90.0);
        add("B-series", "shop/web.held_seconds", 130.0);
        add("B-series", "shop/web.drains_timed_out", 1.5);
        add("D-series", "shop/cache.held_seconds", 600.0);
        add("D-series", "shop/quiet.held_seconds", 0.0);
        assert_eq!(
            lines(&blockers(&result)),
            "  shop/cache  10 min  (D-series)\n  shop/web    2 min 10 s, 1.5 drains out of time  (B-series)\n"
        );
    }
}
