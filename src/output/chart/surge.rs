//! What surge buys and costs: the duration of an upgrade, extra dollars, vCPUs and addresses, and disruption, against `maxSurge`.

use super::frame::{BOTTOM, Frame, LEFT, RIGHT, page};
use super::scale::{Scale, Tick};
use super::select::{quantile, seeds_words, sorted};
use super::sketch::{Anchor, Pixel, Sketch, Stroke};
use super::theme::{Colour, INK, PALETTE, TICK};
use super::{Picture, footer};
use crate::experiment::ExperimentResult;
use crate::observe::RunResult;
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
}

const PANELS: [Panel; 6] = [
    Panel { title: "Duration of the upgrade, minutes", value: |run| metric(run, "upgrade_seconds") / 60.0 },
    Panel { title: "Extra cost, USD", value: |run| metric(run, "surge_cost_usd") },
    Panel { title: "Extra vCPUs at the peak", value: |run| metric(run, "surge_vcpus_peak") },
    Panel { title: "Addresses at the peak", value: addresses },
    Panel { title: "Pods evicted", value: |run| metric(run, "evictions") },
    Panel { title: "Pods held by budgets, pod-minutes", value: held },
];

/// Draws it.
pub(super) fn draw(result: &ExperimentResult) -> Result<Picture, String> {
    let steps = steps(result);
    if steps.len() < 2 {
        return Err("the scenario does not sweep maxSurge alone".to_owned());
    }
    let duration = |step: &Step<'_>| mean(step, PANELS[0].value);
    if steps.iter().any(|step| duration(step) <= 0.0) {
        return Err("nothing is upgraded".to_owned());
    }
    let (first, last) = (&steps[0], &steps[steps.len() - 1]);
    let more = |panel: &Panel| mean(last, panel.value) - mean(first, panel.value);
    let title = format!(
        "maxSurge {} upgrades in {} instead of {} with {}, for {} vCPUs and {} more",
        last.surge,
        seconds(duration(last).round() * 60.0),
        seconds(duration(first).round() * 60.0),
        first.surge,
        short(more(&PANELS[2])),
        dollars(more(&PANELS[1]), 2),
    );
    let seeds = seeds_words(result);
    let caption = format!(
        "What more surge buys and costs. Dots are means over {seeds}, bands go from the 5 to the 95 % quantile. Extra cost and vCPUs are \
         those of the surge nodes; addresses are those of the fullest subnet; a pod is held while a disruption budget refuses its eviction."
    );
    let mut sketch = Sketch::default();
    page(&mut sketch, &title, &format!("Against maxSurge: mean and 5–95 % over {seeds}"), &footer(result));
    for (index, panel) in PANELS.iter().enumerate() {
        draw_panel(&mut sketch, panel, &steps, index);
    }
    Ok(Picture { title, caption, sketch })
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

fn mean(step: &Step<'_>, value: fn(&RunResult) -> f64) -> f64 {
    let values = sorted(step.runs.iter().map(value));
    values.iter().sum::<f64>() / values.len() as f64
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
    let ends: Vec<[f64; 2]> = steps.iter().map(|step| band(step, panel.value)).collect();
    let most = ends.iter().map(|[_, high]| *high).fold(0.0, f64::max);
    let ticks =
        steps.iter().enumerate().map(|(index, step)| Tick { value: index as f64, label: step.surge.to_owned() });
    let x = Scale { from: -0.4, to: steps.len() as f64 - 0.6, logarithmic: false, ticks: ticks.collect() };
    let y = Scale::from_zero(most * 1.12, 4, false);
    let frame = Frame { left, top, right: left + width, bottom: top + height, x, y };
    let colour = PALETTE[index % PALETTE.len()];
    frame.draw_y_axis(sketch, panel.title);
    draw_band(sketch, &frame, &ends, colour);
    let points: Vec<Pixel> =
        steps.iter().enumerate().map(|(index, step)| frame.at(index as f64, mean(step, panel.value))).collect();
    sketch.line(&points, Stroke::solid(colour, 3.0));
    for (at, step) in points.iter().zip(steps) {
        sketch.dot(*at, 6.5, colour);
        let words = short(mean(step, panel.value));
        sketch.bold((at.0, at.1 - 16.0), Anchor::Middle, TICK - 1.0, INK, words);
    }
    frame.draw_x_axis(sketch, if row == 1 { KEY } else { "" });
}

/// The 5 and the 95 % quantile over the seeds.
fn band(step: &Step<'_>, value: fn(&RunResult) -> f64) -> [f64; 2] {
    let values = sorted(step.runs.iter().map(value));
    [quantile(&values, 0.05), quantile(&values, 0.95)]
}

fn draw_band(sketch: &mut Sketch, frame: &Frame, ends: &[[f64; 2]], colour: Colour) {
    let xs: Vec<f64> = (0..ends.len()).map(|index| index as f64).collect();
    let low: Vec<f64> = ends.iter().map(|[low, _]| *low).collect();
    let high: Vec<f64> = ends.iter().map(|[_, high]| *high).collect();
    frame.between(sketch, &xs, &low, &high, colour, 0.18);
}
