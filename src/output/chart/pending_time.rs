//! How long pods wait for a node: the share of pods bound within a time.

use super::frame::{BOTTOM, Frame, LEFT, RIGHT, TOP, legend, page};
use super::scale::Scale;
use super::select::{Shown, left_out_words, quantile, seeds_words, shown, sorted};
use super::sketch::{Anchor, Sketch, Stroke};
use super::theme::{LABEL, MUTED, PAPER};
use super::{Picture, footer};
use crate::experiment::ExperimentResult;
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
    let title = title(&shown, &waits);
    let count = format!("{} pods in {}", grouped(pods as f64, 0), seeds_words(result));
    let caption = format!(
        "Share of application pods created after the warm-up that were bound to a node within the time on the horizontal axis, over \
         {count}. A pod that was never bound counts with the time it had waited at the end."
    );
    let mut sketch = Sketch::default();
    let left_out = left_out_words(result, shown.len());
    let subtitle = format!("Share of application pods bound to a node within a time, {count}; dot: 95 %{left_out}");
    page(&mut sketch, &title, &subtitle, &footer(result));
    legend(&mut sketch, &shown);
    draw_curves(&mut sketch, &shown, &waits);
    Ok(Picture { title, caption, sketch })
}

fn title(shown: &[Shown<'_>], waits: &[Vec<f64>]) -> String {
    let p95 = |index: usize| seconds(quantile(&waits[index], 0.95));
    match shown {
        [_] => format!("95 % of pods have a node within {}", p95(0)),
        [a, b] if p95(0) == p95(1) => {
            format!("95 % of pods have a node within {}, with {} as with {}", p95(0), b.label, a.label)
        }
        [a, b] => format!("95 % of pods have a node within {} ({}) and {} ({})", p95(0), a.label, p95(1), b.label),
        _ => "Time that pods wait for a node".to_owned(),
    }
}

fn draw_curves(sketch: &mut Sketch, shown: &[Shown<'_>], waits: &[Vec<f64>]) {
    let finite = || waits.iter().filter(|waits| !waits.is_empty());
    let least = finite().map(|waits| quantile(waits, 0.005)).fold(f64::INFINITY, f64::min);
    let most = finite().map(|waits| quantile(waits, 1.0)).fold(0.1, f64::max);
    let x = Scale::log_seconds(least.max(0.01), most);
    let frame = Frame { left: LEFT, top: TOP, right: RIGHT, bottom: BOTTOM, x, y: Scale::percent() };
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
    draw_p95(sketch, &frame, shown, waits);
    frame.draw_x_axis(sketch, "time from creation to binding");
}

/// Marks every variant's 95 % quantile, and lists them at the lower right, where no curve of this kind can be in the way.
fn draw_p95(sketch: &mut Sketch, frame: &Frame, shown: &[Shown<'_>], waits: &[Vec<f64>]) {
    let all = shown.iter().zip(waits).filter(|(_, waits)| !waits.is_empty());
    let mut marks: Vec<(f64, &Shown<'_>)> = all.map(|(variant, waits)| (quantile(waits, 0.95), variant)).collect();
    marks.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (line, (p95, variant)) in marks.iter().enumerate() {
        let (x, y) = frame.at(*p95, 95.0);
        sketch.dot((x, y), 10.0, PAPER);
        sketch.dot((x, y), 7.5, variant.colour);
        let label = format!("{}: 95 % within {}", variant.label, seconds(*p95));
        let at = (frame.right - 12.0, frame.bottom - 24.0 - 36.0 * line as f64);
        sketch.text_on_paper(at, Anchor::End, LABEL, variant.colour, &label);
    }
}
