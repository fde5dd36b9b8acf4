//! Source ports in use over time where most of them are, and connections that find none.

use super::frame::{BOTTOM, Frame, LEFT, RIGHT, legend, page, time_title};
use super::scale::Scale;
use super::select::{Band, Shown, band, left_out_words, operation_marks, seeds_words, shown};
use super::sketch::Sketch;
use super::{Picture, footer, hours};
use crate::experiment::ExperimentResult;
use crate::observe::{PORTS_BUSY, PORTS_FAILING};
use crate::output::headline::{Figures, UNCONNECTED, percent};

/// Draws it.
pub(super) fn draw(result: &ExperimentResult) -> Result<Picture, String> {
    let shown = shown(result, 6);
    let bands = |column: &str| shown.iter().map(|variant| band(variant.runs, column)).collect::<Option<Vec<Band>>>();
    let (Some(busy), Some(failing)) = (bands(PORTS_BUSY), bands(PORTS_FAILING)) else {
        return Err("no workload opens connections to the internet".to_owned());
    };
    let title = title(result, &shown);
    let seeds = seeds_words(result);
    let caption = format!(
        "Above, the share of the source ports in use for the destination with most connections, at the node with most of them or at the \
         NAT gateway; below, new connections that find no port: median and 5 to 95 % band over {seeds}. Vertical lines are operations."
    );
    let mut sketch = Sketch::default();
    let left_out = left_out_words(result, shown.len());
    let subtitle =
        format!("Source ports in use, and connections that find none: median and 5–95 % over {seeds}{left_out}");
    page(&mut sketch, &title, &subtitle, &footer(result));
    let top = legend(&mut sketch, &shown);
    let panels = [("Busiest ports: % in use", busy, Some(100.0)), ("Connections that fail, per second", failing, None)];
    draw_panels(&mut sketch, &panels, &shown, top);
    Ok(Picture { title, caption, sketch })
}

fn title(result: &ExperimentResult, shown: &[Shown<'_>]) -> String {
    let figures = Figures::new(result);
    let share = |variant: &Shown<'_>| Some((figures.level(variant.point, UNCONNECTED)?.mean, variant.label.clone()));
    let shares: Vec<(f64, String)> = shown.iter().filter_map(share).collect();
    let worst = shares.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    match worst.filter(|(share, _)| *share > 0.0) {
        None => "Every connection to the internet finds a source port".to_owned(),
        Some((share, _)) if shown.len() == 1 => {
            format!("{} of the connections to the internet find no source port", percent(*share))
        }
        Some((share, label)) => format!("{} of the connections of {label} find no source port", percent(*share)),
    }
}

fn draw_panels(sketch: &mut Sketch, panels: &[(&str, Vec<Band>, Option<f64>)], shown: &[Shown<'_>], first: f64) {
    const GAP: f64 = 74.0;
    let (all_hours, warmup) = hours(shown);
    let marks = operation_marks(shown);
    let height = (BOTTOM - first - GAP * (panels.len() as f64 - 1.0)) / panels.len() as f64;
    for (index, (what, bands, limit)) in panels.iter().enumerate() {
        let top = first + index as f64 * (height + GAP);
        let most = bands.iter().map(Band::most).chain(*limit).fold(0.0, f64::max);
        let (x, y) = (Scale::time(all_hours), Scale::from_zero(most.max(1.0) * 1.05, 5, false));
        let frame = Frame { left: LEFT, top, right: RIGHT, bottom: top + height, x, y };
        frame.shade_warmup(sketch, warmup, index == 0);
        frame.draw_y_axis(sketch, what);
        frame.marks(sketch, &marks, index == 0);
        bands.iter().zip(shown).for_each(|(band, variant)| frame.band(sketch, band, variant));
        if let Some(limit) = limit {
            frame.limits(sketch, &[(*limit, "all ports in use".to_owned())]);
        }
        let last = index + 1 == panels.len();
        frame.draw_x_axis(sketch, if last { time_title(all_hours) } else { String::new() }.as_str());
    }
}
