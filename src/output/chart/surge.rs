//! What surge buys and costs: the duration of an upgrade, extra dollars, vCPUs and addresses, and disruption, against `maxSurge`.

use super::frame::{BOTTOM, Frame, LEFT, RIGHT, page};
use super::scale::{Scale, Tick};
use super::select::seeds_words;
use super::sketch::{Anchor, Pixel, Sketch, Stroke};
use super::theme::{Colour, INK, PALETTE, TICK};
use super::{Picture, footer};
use crate::experiment::{ExperimentResult, Statistics};
use crate::observe::{FITS_WINDOW, RunResult};
use crate::output::headline::{FAILED, REFUSED};
use crate::output::number::{dollars, seconds, short};

/// The swept key.
const KEY: &str = "maxSurge";

/// One column of every panel: a value of `maxSurge` with the runs under it.
struct Step<'a> {
    surge: &'a str,
    runs: &'a [RunResult],
}

/// One quantity: its title and how a run gives it.
struct Panel {
    title: &'static str,
    value: fn(&RunResult) -> f64,
    /// Yes or no in each run, drawn as the share of runs in percent.
    is_outcome: bool,
}

impl Panel {
    const fn amount(title: &'static str, value: fn(&RunResult) -> f64) -> Self {
        Self { title, value, is_outcome: false }
    }

    const fn outcome(title: &'static str, value: fn(&RunResult) -> f64) -> Self {
        Self { title, value, is_outcome: true }
    }

    /// The mean of a step, and the ends of its band: the 5 and the 95 % quantile over the seeds, or the 95 % confidence interval of a
    /// share of runs.
    fn of(&self, step: &Step<'_>) -> (f64, [f64; 2]) {
        let values: Vec<f64> = step.runs.iter().map(self.value).collect();
        if self.is_outcome {
            let Statistics { mean, ci95: (low, high), .. } = Statistics::of_outcomes(&values);
            return (mean * 100.0, [low * 100.0, high * 100.0]);
        }
        let Statistics { mean, p5, p95, .. } = Statistics::of(&values);
        (mean, [p5, p95])
    }
}

const DURATION: Panel = Panel::amount("Duration if it succeeds, minutes", |run| metric(run, "upgrade_seconds") / 60.0);
const FITS: Panel = Panel::outcome("Done in its window, % of runs", |run| metric(run, FITS_WINDOW));
const ENDS_WELL: Panel = Panel::outcome("Ends well, % of runs", |run| f64::from(u8::from(!is_troubled(run))));
const COST: Panel = Panel::amount("Extra cost, USD", |run| metric(run, "surge_cost_usd"));
const VCPUS: Panel = Panel::amount("Extra vCPUs at the peak", |run| metric(run, "surge_vcpus_peak"));
const ADDRESSES: Panel = Panel::amount("Addresses at the peak", addresses);
const HELD: Panel = Panel::amount("Pods held by budgets, pod-minutes", held);

/// Draws it.
pub(super) fn draw(result: &ExperimentResult) -> Result<Picture, String> {
    let steps = steps(result);
    if steps.len() < 2 {
        return Err("the scenario does not sweep maxSurge alone".to_owned());
    }
    let is_upgraded = |run: &RunResult| metric(run, "upgrade_seconds") > 0.0 || is_troubled(run);
    if !steps.iter().flat_map(|step| step.runs).any(is_upgraded) {
        return Err("nothing is upgraded".to_owned());
    }
    let has_window = steps.iter().any(|step| FITS.of(step).0.is_finite());
    let outcome = if has_window { FITS } else { ENDS_WELL };
    let title = title(&steps, &outcome);
    let seeds = seeds_words(result);
    let caption = format!(
        "What more surge buys and costs. Dots are means over {seeds}, bands go from the 5 to the 95 % quantile; the band of a share of \
         runs is its 95 % confidence interval. Extra cost and vCPUs are those of the surge nodes; addresses are those of the fullest subnet; a pod is held while a disruption budget refuses its eviction."
    );
    let mut sketch = Sketch::default();
    let subtitle = format!("Mean and 5–95 % over {seeds}; for the share of runs its 95 % confidence interval");
    page(&mut sketch, &title, &subtitle, &footer(result));
    for (index, panel) in [DURATION, outcome, COST, VCPUS, ADDRESSES, HELD].iter().enumerate() {
        draw_panel(&mut sketch, panel, &steps, index);
    }
    Ok(Picture { title, caption, sketch })
}

/// What the ends of the sweep differ in; where they differ in how often the upgrade ends as it should, which surge is best at that.
fn title(steps: &[Step<'_>], outcome: &Panel) -> String {
    let shares: Vec<f64> = steps.iter().map(|step| outcome.of(step).0).collect();
    let highest = shares.iter().copied().fold(0.0, f64::max);
    let (first, last) = (&steps[0], &steps[steps.len() - 1]);
    let is_window = outcome.title == FITS.title;
    if highest == 0.0 {
        let words = if is_window { "is done in its window" } else { "ends well" };
        return format!("No upgrade {words}, whatever maxSurge is");
    }
    if let Some(best) =
        shares.iter().position(|share| *share == highest).filter(|_| shares.iter().any(|share| *share < highest))
    {
        let words = if is_window { "are done in their window" } else { "end well" };
        let step = &steps[best];
        let other = if best == 0 { last } else { first };
        let (share, of_other) = (short(highest.round()), short(outcome.of(other).0.round()));
        return format!("maxSurge {}: {share} % of upgrades {words} ({}: {of_other} %)", step.surge, other.surge);
    }
    let more = |panel: &Panel| panel.of(last).0 - panel.of(first).0;
    let (of_first, of_last) = (DURATION.of(first).0, DURATION.of(last).0);
    if !of_first.is_finite() || !of_last.is_finite() {
        return "What more surge buys and costs".to_owned();
    }
    let duration = |minutes: f64| seconds(minutes.round() * 60.0);
    format!(
        "maxSurge {} upgrades in {} instead of {} with {}, for {} vCPUs and {} more",
        last.surge,
        duration(of_last),
        duration(of_first),
        first.surge,
        short(more(&VCPUS)),
        dollars(more(&COST), 2),
    )
}

/// The points of the first variant, where the sweep is one of `maxSurge` and nothing else.
fn steps(result: &ExperimentResult) -> Vec<Step<'_>> {
    let variant = result.study.points.first().map(|point| point.variant.as_str());
    let step = |index: usize| {
        let point = &result.study.points[index];
        let [(path, surge)] = point.sweep.as_slice() else {
            return None;
        };
        let is_surge = path.rsplit('.').next() == Some(KEY) && Some(point.variant.as_str()) == variant;
        let runs = result.points.iter().find(|point| point.point == index).map(|point| point.runs.as_slice())?;
        (is_surge && !runs.is_empty()).then_some(Step { surge, runs })
    };
    (0..result.study.points.len()).filter_map(step).collect()
}

/// True when an operation was refused, failed or was canceled.
fn is_troubled(run: &RunResult) -> bool {
    [FAILED, REFUSED, "operations_canceled"].iter().any(|name| metric(run, name) > 0.0)
}

fn metric(run: &RunResult, name: &str) -> f64 {
    run.metric(name).unwrap_or(f64::NAN)
}

/// The most addresses in use in the fullest subnet.
fn addresses(run: &RunResult) -> f64 {
    largest(run, |name| name.starts_with("subnet.") && name.ends_with(".peak_used"))
}

/// The time for which budgets kept pods from leaving, in pod-minutes.
fn held(run: &RunResult) -> f64 {
    let of_budget = |(name, _): &&(String, f64)| name.starts_with("budget.") && name.ends_with(".held_seconds");
    run.metrics.iter().filter(of_budget).map(|(_, value)| value / 60.0).sum()
}

fn largest(run: &RunResult, wanted: impl Fn(&str) -> bool) -> f64 {
    run.metrics.iter().filter(|(name, _)| wanted(name)).map(|(_, value)| *value).fold(0.0, f64::max)
}

fn draw_panel(sketch: &mut Sketch, panel: &Panel, steps: &[Step<'_>], index: usize) {
    const COLUMNS: usize = 3;
    const GAP: f64 = 84.0;
    let (column, row) = (index % COLUMNS, index / COLUMNS);
    let width = (RIGHT - LEFT - GAP * (COLUMNS - 1) as f64) / COLUMNS as f64;
    let left = LEFT + column as f64 * (width + GAP);
    let (first, gap) = (190.0, 104.0);
    let height = (BOTTOM - first - gap) / 2.0;
    let top = first + row as f64 * (height + gap);
    let (means, ends): (Vec<f64>, Vec<[f64; 2]>) = steps.iter().map(|step| panel.of(step)).unzip();
    let most = ends.iter().map(|[_, high]| *high).fold(0.0, f64::max);
    let ticks =
        steps.iter().enumerate().map(|(index, step)| Tick { value: index as f64, label: step.surge.to_owned() });
    let x = Scale { from: -0.4, to: steps.len() as f64 - 0.6, logarithmic: false, ticks: ticks.collect() };
    let y = if panel.is_outcome {
        Scale { to: 120.0, ..Scale::from_zero(100.0, 4, false) } // Room for labels, but no more than all runs.
    } else {
        Scale::from_zero(most * 1.12, 4, false)
    };
    let frame = Frame { left, top, right: left + width, bottom: top + height, x, y };
    let colour = PALETTE[index % PALETTE.len()];
    frame.draw_y_axis(sketch, panel.title);
    draw_band(sketch, &frame, &ends, colour);
    let points: Vec<Pixel> = means.iter().enumerate().map(|(index, mean)| frame.at(index as f64, *mean)).collect();
    sketch.line(&points, Stroke::solid(colour, 3.0));
    // A step in which no run has a value is a gap.
    for (at, mean) in points.iter().zip(means).filter(|(_, mean)| mean.is_finite()) {
        sketch.dot(*at, 6.5, colour);
        sketch.bold((at.0, at.1 - 16.0), Anchor::Middle, TICK - 1.0, INK, short(mean));
    }
    frame.draw_x_axis(sketch, if row == 1 { KEY } else { "" });
}

fn draw_band(sketch: &mut Sketch, frame: &Frame, ends: &[[f64; 2]], colour: Colour) {
    let xs: Vec<f64> = (0..ends.len()).map(|index| index as f64).collect();
    let low: Vec<f64> = ends.iter().map(|[low, _]| *low).collect();
    let high: Vec<f64> = ends.iter().map(|[_, high]| *high).collect();
    frame.between(sketch, &xs, &low, &high, colour, 0.18);
}
