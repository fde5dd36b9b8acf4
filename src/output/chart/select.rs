//! What a chart shows: which points, in which colours, and what the seeds say at every sample.

use super::sketch::Stroke;
use super::theme::{Colour, DASHES, PALETTE};
use crate::experiment::ExperimentResult;
use crate::kernel::{SimDuration, SimTime};
use crate::observe::{RunResult, quantile};
use crate::output::headline::Figures;
use crate::output::merit::Merits;
use crate::scenario::plan::Point;

/// A point with its looks.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    /// What it is called in the legend.
    pub label: String,
    /// The point.
    pub point: &'a Point,
    /// Its replications.
    pub runs: &'a [RunResult],
    /// Its colour.
    pub colour: Colour,
    /// Its dash pattern.
    pub dash: &'static [f64],
}

impl Shown<'_> {
    /// The stroke of its curves.
    #[must_use]
    pub fn stroke(&self) -> Stroke {
        Stroke { colour: self.colour, width: 3.5, dash: self.dash }
    }
}

/// The points of a chart with room for `most` (at most six): all of them if they fit, otherwise each variant's first sweep point, or
/// some spread evenly over a single variant's sweep; the baseline and the cheapest point that serves its demand always.
#[must_use]
pub fn shown(result: &ExperimentResult, most: usize) -> Vec<Shown<'_>> {
    let points = &result.study.points;
    let most = most.min(PALETTE.len());
    let mut firsts: Vec<usize> = (0..points.len()).collect();
    firsts.dedup_by_key(|index| &points[*index].variant);
    let mut chosen: Vec<usize> = if points.len() <= most {
        (0..points.len()).collect()
    } else if firsts.len() > 1 {
        firsts.into_iter().take(most).collect()
    } else {
        (0..most).map(|index| index * (points.len() - 1) / (most - 1).max(1)).collect()
    };
    include(&mut chosen, [baseline(result), cheapest(result)]);
    let with_variant = chosen.iter().any(|index| points[*index].variant != points[chosen[0]].variant);
    let runs =
        |index: usize| result.points.iter().find(|point| point.point == index).map_or(&[][..], |point| &point.runs);
    let looks = chosen.iter().enumerate().map(|(look, index)| Shown {
        label: label(&points[*index], with_variant),
        point: &points[*index],
        runs: runs(*index),
        colour: PALETTE[look],
        dash: DASHES[look],
    });
    looks.filter(|shown| !shown.runs.is_empty()).collect()
}

/// Puts the wanted points among the chosen, in place of the last ones that nobody wants.
fn include(chosen: &mut [usize], wanted: [Option<usize>; 2]) {
    for index in wanted.into_iter().flatten().filter(|index| !chosen.contains(index)).collect::<Vec<_>>() {
        if let Some(place) = chosen.iter_mut().rev().find(|other| !wanted.contains(&Some(**other))) {
            *place = index;
        }
    }
    chosen.sort_unstable();
}

/// The first point of the baseline.
fn baseline(result: &ExperimentResult) -> Option<usize> {
    let name = result.study.baseline.as_ref()?;
    result.study.points.iter().position(|point| point.variant == *name)
}

/// The cheapest point that does its work.
fn cheapest(result: &ExperimentResult) -> Option<usize> {
    let figures = Figures::new(result);
    Merits::of(result, &figures).lowest_cost(result, &figures).map(|(point, _)| point)
}

/// What a point is called in a chart: without its variant where all have the same and the sweep tells them apart.
fn label(point: &Point, with_variant: bool) -> String {
    match sweep_words(point) {
        words if words.is_empty() => point.variant.clone(),
        words if with_variant => format!("{}, {words}", point.variant),
        words => words,
    }
}

/// The swept values of a point; a VM size needs neither its key nor what all VM sizes begin with.
#[must_use]
pub fn sweep_words(point: &Point) -> String {
    let word = |(path, value): &(String, String)| match value.strip_prefix("Standard_") {
        Some(size) => size.to_owned(),
        None => format!("{}={value}", path.rsplit('.').next().unwrap_or(path)),
    };
    point.sweep.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// What a subtitle adds when not every point is shown; empty otherwise.
#[must_use]
pub fn left_out_words(result: &ExperimentResult, shown: usize) -> String {
    let all = result.study.points.len();
    if shown < all { format!(" · {shown} of {all} points shown") } else { String::new() }
}

/// The number of seeds in words.
#[must_use]
pub fn seeds_words(result: &ExperimentResult) -> String {
    match result.study.seeds.count {
        1 => "1 seed".to_owned(),
        count => format!("{count} seeds"),
    }
}

/// A column over the seeds: median and 5 to 95 % at every sample.
#[derive(Clone, Debug)]
pub struct Band {
    /// Hours since the start.
    pub hours: Vec<f64>,
    /// 5 % quantile over the seeds.
    pub low: Vec<f64>,
    /// Median.
    pub median: Vec<f64>,
    /// 95 % quantile.
    pub high: Vec<f64>,
}

impl Band {
    /// The largest value, zero without any.
    #[must_use]
    pub fn most(&self) -> f64 {
        self.high.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max)
    }
}

/// The band of a column; `None` where a run has no such column or no sample.
#[must_use]
pub fn band(runs: &[RunResult], column: &str) -> Option<Band> {
    let (hours, samples) = samples(runs, column)?;
    let at = |share: f64| samples.iter().map(|values| quantile(values, share)).collect();
    Some(Band { hours, low: at(0.05), median: at(0.5), high: at(0.95) })
}

/// The mean of a column over the seeds at every sample.
#[must_use]
pub fn mean(runs: &[RunResult], column: &str) -> Option<(Vec<f64>, Vec<f64>)> {
    let (hours, samples) = samples(runs, column)?;
    Some((hours, samples.iter().map(|values| values.iter().sum::<f64>() / values.len() as f64).collect()))
}

/// What is asked for in all variants alike, and when, in hours.
#[must_use]
pub fn operation_marks(shown: &[Shown<'_>]) -> Vec<(f64, String)> {
    let Some(first) = shown.first() else {
        return Vec::new();
    };
    let plan = &first.point.plan;
    let everywhere = |at: SimDuration| -> bool {
        shown
            .iter()
            .all(|other| other.point.plan.operations.iter().any(|operation| operation.at == SimTime::after_start(at)))
    };
    let asked = plan.operations.iter().map(|operation| (operation.at.since(SimTime::ZERO), operation));
    let asked = asked.filter(|(at, _)| everywhere(*at));
    asked.map(|(at, operation)| (at.as_secs_f64() / 3600.0, operation.kind.describe(plan))).collect()
}

/// For every sample the values of all seeds, sorted, without what is not a number.
fn samples(runs: &[RunResult], column: &str) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
    let columns: Vec<&[f64]> = runs.iter().map(|run| run.series.column(column)).collect::<Option<_>>()?;
    let rows = columns.iter().map(|values| values.len()).min().filter(|rows| *rows > 1)?;
    let at = |row: usize| sorted(columns.iter().map(|values| values[row]));
    Some((runs[0].series.hours[..rows].to_vec(), (0..rows).map(at).collect()))
}

/// The finite values, rising.
#[must_use]
pub fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::headline::COST;
    use crate::output::sample;

    #[test]
    fn the_baseline_and_the_cheapest_point_are_always_shown() {
        let mut result = sample::two_variants(2);
        let study = std::sync::Arc::make_mut(&mut result.study);
        for (name, of) in [("C", 0), ("D", 0), ("E", 1)] {
            study.points.push(Point { variant: name.to_owned(), ..study.points[of].clone() });
        }
        study.baseline = Some("D".to_owned());
        for index in 2..5 {
            let runs = result.points[0].runs.clone();
            result.points.push(crate::experiment::PointResult { point: index, runs });
        }
        let costs = result.summary.iter().filter(|row| row.metric == COST && row.minus.is_empty()).cloned();
        let row = costs.into_iter().next().unwrap();
        result.summary.push(crate::experiment::SummaryRow { variant: "E".to_owned(), mean: 0.5, ..row });
        let labels: Vec<String> = shown(&result, 3).into_iter().map(|shown| shown.label).collect();
        assert_eq!(labels, ["D-series", "D", "E"]);
    }

    #[test]
    fn a_label_leaves_out_what_all_points_share() {
        let mut result = sample::sweep(&[3, 4], 1);
        let study = std::sync::Arc::make_mut(&mut result.study);
        study.points[1].sweep.insert(0, ("cluster.vmSize".to_owned(), "Standard_D4s_v5".to_owned()));
        assert_eq!(shown(&result, 6)[1].label, "D-series, D4s_v5, maxCount=4");
        let study = std::sync::Arc::make_mut(&mut result.study);
        study.points.truncate(2);
        assert_eq!(shown(&result, 6)[1].label, "D4s_v5, maxCount=4");
    }
}
