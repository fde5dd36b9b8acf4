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

    /// For each point whether it does about as well as the best one.
    fn passes(&self, figures: &Figures<'_>, points: &[Point]) -> Vec<bool> {
        let lacks: Vec<Option<f64>> = points.iter().map(|point| self.lack(figures, point)).collect();
        let least = lacks.iter().flatten().copied().min_by(f64::total_cmp).unwrap_or(0.0);
        lacks.into_iter().map(|lack| lack.is_none_or(|lack| lack <= least + self.tolerance)).collect()
    }
}

/// How the points of a result do.
pub(in crate::output) struct Merits {
    /// What those do that pass, several of them and one, and which points do, criterion by criterion.
    passes: Vec<([&'static str; 2], Vec<bool>)>,
}

impl Merits {
    /// Judges every point.
    pub(in crate::output) fn of(result: &ExperimentResult, figures: &Figures<'_>) -> Self {
        let points = &result.study.points;
        let mut broken = vec![0u32; points.len()];
        for verdict in result.verdicts.iter().filter(|verdict| !verdict.holds) {
            if let Some(count) = broken.get_mut(verdict.point) {
                *count += 1;
            }
        }
        let least = broken.iter().copied().min().unwrap_or(0);
        let objectives = broken.into_iter().map(|count| count <= least).collect();
        let mut passes: Vec<_> =
            CRITERIA.iter().map(|criterion| (criterion.words, criterion.passes(figures, points))).collect();
        passes.push((["meet the objectives best", "meets the objectives best"], objectives));
        Self { passes }
    }

    /// True when the point meets every criterion, and objectives as well as any other.
    pub(in crate::output) fn serves(&self, point: usize) -> bool {
        self.passes.iter().all(|(_, passes)| passes[point])
    }

    /// What those points do that serve, as the criteria say that some point misses: `serve their CPU demand and lose the fewest
    /// operations`, or of `one` alone.
    pub(in crate::output) fn words(&self, one: bool) -> String {
        let missed = self.passes.iter().filter(|(_, passes)| passes.contains(&false));
        let words: Vec<&str> = missed.map(|(words, _)| words[usize::from(one)]).collect();
        match words.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }

    /// The cheapest point among those that serve, by its place. Where none meets every criterion, the cheapest of all.
    pub(in crate::output) fn lowest_cost<'a>(
        &self,
        result: &'a ExperimentResult,
        figures: &Figures<'a>,
    ) -> Option<(usize, &'a SummaryRow)> {
        let points = 0..result.study.points.len();
        let none_serves = !points.clone().any(|point| self.serves(point));
        let candidates = points.filter(|point| none_serves || self.serves(*point));
        let costs = candidates.filter_map(|point| Some((point, figures.level(&result.study.points[point], COST)?)));
        costs.min_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean))
    }
}
