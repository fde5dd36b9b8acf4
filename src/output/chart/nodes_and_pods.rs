//! Nodes and application pods over time.

use super::frame::{BOTTOM, Frame, LEFT, RIGHT, legend, page, time_title};
use super::scale::Scale;
use super::select::{Band, Shown, band, left_out_words, seeds_words, shown};
use super::sketch::Sketch;
use super::{Picture, footer, hours};
use crate::experiment::ExperimentResult;
use crate::output::headline::Figures;
use crate::output::number::grouped;

/// Column, title of its axis, share of the height.
const PANELS: [(&str, &str, f64); 3] = [
    ("nodes_total", "Nodes", 0.4),
    ("pods_ready", "Application pods ready", 0.34),
    ("pods_pending", "Application pods waiting for a node", 0.26),
];

/// Draws it.
pub(super) fn draw(result: &ExperimentResult) -> Result<Picture, String> {
    let shown = shown(result, 6);
    let rows: Vec<Vec<Band>> = PANELS
        .iter()
        .map(|(column, ..)| shown.iter().map(|variant| band(variant.runs, column)).collect::<Option<Vec<_>>>())
        .collect::<Option<_>>()
        .filter(|_| !shown.is_empty())
        .ok_or("no run has a time series")?;
    let title = title(result, &shown);
    let seeds = seeds_words(result);
    let caption = format!(
        "Nodes that exist and are billed, application pods that are ready, and application pods without a node: median and 5 to 95 % \
         band over {seeds}. What AKS installs itself is left out of the pods."
    );
    let mut sketch = Sketch::default();
    let subtitle =
        format!("Median and 5–95 % over {seeds}; AKS's own pods left out{}", left_out_words(result, shown.len()));
    page(&mut sketch, &title, &subtitle, &footer(result));
    let top = legend(&mut sketch, &shown);
    draw_panels(&mut sketch, &rows, &shown, top);
    Ok(Picture { title, caption, sketch })
}

fn title(result: &ExperimentResult, shown: &[Shown<'_>]) -> String {
    let figures = Figures::new(result);
    let mean = |variant: &Shown<'_>| Some(grouped(figures.level(variant.point, "nodes_mean")?.mean, 1));
    match shown {
        [only] => mean(only).map(|nodes| format!("The cluster runs {nodes} nodes on average")),
        [a, b] => mean(a).zip(mean(b)).map(|(nodes_a, nodes_b)| match nodes_a == nodes_b {
            true => format!("{} and {} both run {nodes_a} nodes on average", a.label, b.label),
            false => format!("{} runs {nodes_a} nodes on average, {} {nodes_b}", a.label, b.label),
        }),
        _ => None,
    }
    .unwrap_or_else(|| "Nodes and pods over time".to_owned())
}

fn draw_panels(sketch: &mut Sketch, rows: &[Vec<Band>], shown: &[Shown<'_>], mut top: f64) {
    const GAP: f64 = 54.0;
    let (all_hours, warmup) = hours(shown);
    let room = BOTTOM - top - GAP * (PANELS.len() as f64 - 1.0);
    for (index, ((_, axis, share), bands)) in PANELS.iter().zip(rows).enumerate() {
        let most = bands.iter().map(Band::most).fold(0.0, f64::max);
        let (x, y) = (Scale::time(all_hours), Scale::from_zero(most * 1.05, 3, true));
        let frame = Frame { left: LEFT, top, right: RIGHT, bottom: top + room * share, x, y };
        frame.shade_warmup(sketch, warmup, index == 0);
        frame.draw_y_axis(sketch, axis);
        bands.iter().zip(shown).for_each(|(band, variant)| frame.band(sketch, band, variant));
        if index + 1 == PANELS.len() {
            frame.draw_x_axis(sketch, &time_title(all_hours));
        } else {
            frame.draw_base(sketch);
        }
        top = frame.bottom + GAP;
    }
}
