//! How long pods wait for a node: the share of pods bound within a time.

use super::frame::{BOTTOM, Frame, LEFT, RIGHT, legend, page};
use super::scale::Scale;
use super::select::{Shown, left_out_words, seeds_words, shown, sorted};
use super::sketch::{Sketch, Stroke};
use super::theme::{MUTED, PAPER};
use super::{Picture, footer};
use crate::experiment::ExperimentResult;
use crate::observe::quantile;
use crate::output::headline::{Figures, PENDING};
use crate::output::number::{grouped, seconds};

/// Points of a curve.
const STEPS: usize = 400;

/// Draws it.
pub(super) fn draw(result: &ExperimentResult) -> Result<Picture, String> {
    let shown: Vec<Shown<'_>> = shown(result, 6);
    let waits: Vec<Vec<f64>> = shown
        .iter()
        .map(|variant| sorted(variant.runs.iter().flat_map(|run| run.pending_seconds.iter().copied())))
        .collect();
    let pods: usize = waits.iter().map(Vec::len).sum();
    if pods == 0 {
        return Err("no application pod was created after the warm-up".to_owned());
    }
    let figures = Figures::new(result);
    let p95: Vec<Option<f64>> = shown
        .iter()
        .zip(&waits)
        .map(|(variant, waits)| Some(figures.level(variant.point, PENDING).filter(|_| !waits.is_empty())?.mean))
        .collect();
    let title = title(&shown, &p95);
    let count = format!("{} pods in {}", grouped(pods as f64, 0), seeds_words(result));
    let caption = format!(
        "Share of application pods created after the warm-up that were bound to a node within the time on the horizontal axis, over \
         {count}. A pod that was never bound counts with the time it had waited at the end. The dot \
         is the time within which 95 % of a run's pods are bound, mean over the seeds, as in the tables."
    );
    let mut sketch = Sketch::default();
    let left_out = left_out_words(result, shown.len());
    let subtitle =
        format!("Share of application pods bound within a time, {count}; dot: 95 %, mean over seeds{left_out}");
    page(&mut sketch, &title, &subtitle, &footer(result));
    let top = legend(&mut sketch, &with_p95(&shown, &p95));
    draw_curves(&mut sketch, &shown, &waits, &p95, top);
    Ok(Picture { title, caption, sketch })
}

/// The variants as the legend tells them: with the 95 % quantile.
fn with_p95<'a>(shown: &[Shown<'a>], p95: &[Option<f64>]) -> Vec<Shown<'a>> {
    let label = |variant: &Shown<'a>, p95: &Option<f64>| match p95 {
        Some(p95) => format!("{}: 95 % in {}", variant.label, seconds(*p95)),
        None => variant.label.clone(),
    };
    shown.iter().zip(p95).map(|(variant, p95)| Shown { label: label(variant, p95), ..variant.clone() }).collect()
}

fn title(shown: &[Shown<'_>], p95: &[Option<f64>]) -> String {
    let words: Vec<String> = p95.iter().flatten().map(|p95| seconds(*p95)).collect();
    match (shown, words.as_slice()) {
        ([_], [p95]) => format!("95 % of pods have a node within {p95}"),
        ([a, b], [of_a, of_b]) if of_a == of_b => {
            format!("95 % of pods have a node within {of_a}, with {} as with {}", b.label, a.label)
        }
        ([a, b], [of_a, of_b]) => {
            format!("95 % of pods have a node within {of_a} ({}) and {of_b} ({})", a.label, b.label)
        }
        _ => "Time that pods wait for a node".to_owned(),
    }
}

fn draw_curves(sketch: &mut Sketch, shown: &[Shown<'_>], waits: &[Vec<f64>], p95: &[Option<f64>], top: f64) {
    let finite = || waits.iter().filter(|waits| !waits.is_empty());
    let least = finite().map(|waits| quantile(waits, 0.005)).fold(f64::INFINITY, f64::min);
    let most = finite().map(|waits| quantile(waits, 1.0)).fold(0.1, f64::max);
    let x = Scale::log_seconds(least.max(0.01), most);
    let frame = Frame { left: LEFT, top, right: RIGHT, bottom: BOTTOM, x, y: Scale::percent() };
    frame.draw_x_grid(sketch);
    frame.draw_y_axis(sketch, "Share of pods bound");
    let guide = [frame.at(frame.x.from, 95.0), frame.at(frame.x.to, 95.0)];
    sketch.line(&guide, Stroke { colour: MUTED, width: 1.5, dash: &[6.0, 6.0] });
    for (variant, waits) in shown.iter().zip(waits).filter(|(_, waits)| !waits.is_empty()) {
        let shares: Vec<f64> = (0..=STEPS).map(|step| step as f64 / STEPS as f64).collect();
        let times: Vec<f64> = shares.iter().map(|share| quantile(waits, *share)).collect();
        let percents: Vec<f64> = shares.iter().map(|share| 100.0 * share).collect();
        frame.curve(sketch, &times, &percents, variant.stroke());
    }
    draw_p95(sketch, &frame, shown, p95);
    frame.draw_x_axis(sketch, "time from creation to binding");
}

/// Marks the time within which 95 % of pods have a node, mean over the seeds.
fn draw_p95(sketch: &mut Sketch, frame: &Frame, shown: &[Shown<'_>], p95: &[Option<f64>]) {
    for (variant, p95) in shown.iter().zip(p95) {
        let Some(p95) = p95 else {
            continue;
        };
        let at = frame.at(*p95, 95.0);
        sketch.dot(at, 10.0, PAPER);
        sketch.dot(at, 7.5, variant.colour);
    }
}
