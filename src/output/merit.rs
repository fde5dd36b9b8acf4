//! Which points do their work: a cluster that starves its pods, loses its operations or breaks its objectives is no bargain.

use super::headline::{COST, FAILED, Figures, PENDING, REFUSED, UNCONNECTED, UNSERVED};
use crate::experiment::{ExperimentResult, SummaryRow};
use crate::scenario::plan::Point;

/// Something that a point has to do about as well as the best one.
struct Criterion {
    /// What counts against it, in sum.
    metrics: &'static [&'static str],
    /// How much more of it than at the best point is no matter.
    tolerance: f64,
    /// What those do that pass, several of them and one.
    words: [&'static str; 2],
}

const CRITERIA: [Criterion; 6] = [
    Criterion { metrics: &[UNSERVED], tolerance: 1.0, words: ["serve their CPU demand", "serves its CPU demand"] },
    Criterion {
        metrics: &["pods_unscheduled"],
        tolerance: 0.5,
        words: ["find nodes for their pods", "finds nodes for its pods"],
    },
    Criterion {
        metrics: &[PENDING],
        tolerance: 300.0,
        words: ["find nodes for pods about as soon as any", "finds nodes for pods about as soon as any"],
    },
    Criterion { metrics: &[UNCONNECTED], tolerance: 0.1, words: ["open their connections", "opens its connections"] },
    Criterion {
        metrics: &[FAILED, REFUSED],
        tolerance: 0.0,
        words: ["lose the fewest operations", "loses the fewest operations"],
    },
    Criterion {
        metrics: &["budgets_violated"],
        tolerance: 0.0,
        words: ["violate the fewest budgets", "violates the fewest budgets"],
    },
];

impl Criterion {
    /// What counts against the point; `None` where nothing was measured.
    fn lack(&self, figures: &Figures<'_>, point: &Point) -> Option<f64> {
        let values: Vec<f64> =
            self.metrics.iter().filter_map(|metric| Some(figures.level(point, metric)?.mean)).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }

    fn passes(&self, result: &ExperimentResult, figures: &Figures<'_>, point: &Point) -> bool {
        let lacks = result.study.points.iter().filter_map(|point| self.lack(figures, point));
        match (self.lack(figures, point), lacks.min_by(f64::total_cmp)) {
            (Some(lack), Some(least)) => lack <= least + self.tolerance,
            _ => true,
        }
    }
}

/// Objectives that the point breaks.
fn broken(result: &ExperimentResult, point: &Point) -> usize {
    let is_it = |index: usize| result.study.points.get(index).is_some_and(|other| std::ptr::eq(other, point));
    result.verdicts.iter().filter(|verdict| !verdict.holds && is_it(verdict.point)).count()
}

/// True when no other point breaks fewer objectives.
fn meets_objectives(result: &ExperimentResult, point: &Point) -> bool {
    let least = result.study.points.iter().map(|point| broken(result, point)).min();
    least.is_none_or(|least| broken(result, point) <= least)
}

/// True when the point meets every criterion, and objectives as well as any other.
pub(in crate::output) fn serves(result: &ExperimentResult, figures: &Figures<'_>, point: &Point) -> bool {
    CRITERIA.iter().all(|criterion| criterion.passes(result, figures, point)) && meets_objectives(result, point)
}

/// What those points do that serve, as the criteria say that some point misses: `serve their CPU demand and lose the fewest operations`,
/// or of `one` alone.
pub(in crate::output) fn words(result: &ExperimentResult, figures: &Figures<'_>, one: bool) -> String {
    let is_missed =
        |criterion: &&Criterion| result.study.points.iter().any(|point| !criterion.passes(result, figures, point));
    let mut words: Vec<&str> = CRITERIA.iter().filter(is_missed).map(|found| found.words[usize::from(one)]).collect();
    if result.study.points.iter().any(|point| !meets_objectives(result, point)) {
        words.push(if one { "meets the objectives best" } else { "meet the objectives best" });
    }
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The cheapest point among those that serve. Where none meets every criterion, the cheapest of all.
pub(in crate::output) fn lowest_cost<'a>(
    result: &'a ExperimentResult,
    figures: &Figures<'a>,
) -> Option<(&'a Point, &'a SummaryRow)> {
    let points = &result.study.points;
    let none_serves = !points.iter().any(|point| serves(result, figures, point));
    let candidates = points.iter().filter(|point| none_serves || serves(result, figures, point));
    let costs = candidates.filter_map(|point| Some((point, figures.level(point, COST)?)));
    costs.min_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean))
}
