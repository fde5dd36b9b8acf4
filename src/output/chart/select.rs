//! What a chart shows: which points, in which colours, and what the seeds say at every sample.

use super::sketch::Stroke;
use super::theme::{Colour, DASHES, PALETTE};
use crate::experiment::ExperimentResult;
use crate::observe::RunResult;
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
/// some spread evenly over a single variant's sweep.
#[must_use]
pub fn shown(result: &ExperimentResult, most: usize) -> Vec<Shown<'_>> {
    let points = &result.study.points;
    let most = most.min(PALETTE.len());
    let mut firsts: Vec<usize> = (0..points.len()).collect();
    firsts.dedup_by_key(|index| &points[*index].variant);
    let chosen: Vec<usize> = if points.len() <= most {
        (0..points.len()).collect()
    } else if firsts.len() > 1 {
        firsts.into_iter().take(most).collect()
    } else {
        (0..most).map(|index| index * (points.len() - 1) / (most - 1).max(1)).collect()
    };
    let runs =
        |index: usize| result.points.iter().find(|point| point.point == index).map_or(&[][..], |point| &point.runs);
    let looks = chosen.iter().enumerate().map(|(look, index)| Shown {
        label: points[*index].label(),
        point: &points[*index],
        runs: runs(*index),
        colour: PALETTE[look],
        dash: DASHES[look],
    });
    looks.filter(|shown| !shown.runs.is_empty()).collect()
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

/// The quantile of sorted values, on straight lines between order statistics (type 7 of Hyndman and Fan); NaN without values.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = share * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}
