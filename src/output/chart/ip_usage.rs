//! Addresses in use over time, subnet by subnet, against what the subnet can hand out.

use super::frame::{BOTTOM, Frame, LEFT, RIGHT, legend, page, time_title};
use super::scale::Scale;
use super::select::{Band, Shown, band, left_out_words, seeds_words, shown};
use super::sketch::{Anchor, Sketch};
use super::theme::{LABEL, MUTED};
use super::{Picture, footer, hours};
use crate::catalog::limits::usable_addresses;
use crate::experiment::ExperimentResult;
use crate::output::number::{grouped, short};

/// Panels that fit.
const PANELS: usize = 2;

/// One subnet with the bands of all variants.
struct Panel {
    subnet: String,
    usable: f64,
    bands: Vec<Band>,
    /// Most addresses in use in any run.
    peak: f64,
}

/// Draws it.
pub(super) fn draw(result: &ExperimentResult) -> Result<Picture, String> {
    let shown = shown(result, 6);
    let mut panels = panels(&shown);
    panels.sort_by(|a, b| (b.peak / b.usable).total_cmp(&(a.peak / a.usable)));
    let subnets = panels.len();
    panels.truncate(PANELS);
    let Some(fullest) = panels.first() else {
        return Err("no subnet has a column of addresses in use".to_owned());
    };
    let title = title(fullest);
    let some =
        if subnets > panels.len() { format!("the {PANELS} fullest of {subnets} subnets, ") } else { String::new() };
    let caption = format!(
        "Addresses taken from each subnet by nodes (and by pods, where the network model gives them subnet addresses): {some}median and \
         5 to 95 % band over {}. The limit is the size of the subnet less the five addresses that Azure keeps.",
        seeds_words(result)
    );
    let mut sketch = Sketch::default();
    let subtitle = format!(
        "Addresses in use: {some}median and 5–95 % over {}{}",
        seeds_words(result),
        left_out_words(result, shown.len())
    );
    page(&mut sketch, &title, &subtitle, &footer(result));
    let top = legend(&mut sketch, &shown);
    draw_panels(&mut sketch, &panels, &shown, top);
    Ok(Picture { title, caption, sketch })
}

fn title(fullest: &Panel) -> String {
    let Panel { subnet, usable, peak, .. } = fullest;
    if peak >= usable {
        return format!("Subnet {subnet} runs full: all {} usable addresses are taken", grouped(*usable, 0));
    }
    let share = short((1000.0 * peak / usable).round() / 10.0);
    format!("Subnet {subnet} peaks at {} of {} usable addresses ({share} %)", grouped(*peak, 0), grouped(*usable, 0))
}

fn panels(shown: &[Shown<'_>]) -> Vec<Panel> {
    let Some(first) = shown.first() else {
        return Vec::new();
    };
    let panel = |subnet: &crate::scenario::plan::SubnetPlan| {
        let column = format!("ip_used.{}", subnet.name);
        let bands = shown.iter().map(|variant| band(variant.runs, &column)).collect::<Option<Vec<_>>>()?;
        let used = shown.iter().flat_map(|variant| variant.runs).filter_map(|run| run.series.column(&column)).flatten();
        let peak = used.copied().fold(0.0, f64::max);
        (peak > 0.0).then(|| Panel {
            subnet: subnet.name.clone(),
            usable: f64::from(usable_addresses(subnet.prefix)),
            bands,
            peak,
        })
    };
    first.point.plan.cluster.subnets.iter().filter_map(panel).collect()
}

fn draw_panels(sketch: &mut Sketch, panels: &[Panel], shown: &[Shown<'_>], first: f64) {
    const GAP: f64 = 74.0;
    let (all_hours, warmup) = hours(shown);
    let height = (BOTTOM - first - GAP * (panels.len() as f64 - 1.0)) / panels.len() as f64;
    for (index, panel) in panels.iter().enumerate() {
        let top = first + index as f64 * (height + GAP);
        // A limit far above the curves would press them to the base line, so it is told instead of drawn.
        let limit_fits = panel.peak > 0.3 * panel.usable;
        let most = if limit_fits { panel.usable * 1.05 } else { panel.peak * 1.2 };
        let (x, y) = (Scale::time(all_hours), Scale::from_zero(most, 5, true));
        let frame = Frame { left: LEFT, top, right: RIGHT, bottom: top + height, x, y };
        frame.shade_warmup(sketch, warmup, index == 0);
        frame.draw_y_axis(sketch, &format!("Subnet {}: addresses in use", panel.subnet));
        panel.bands.iter().zip(shown).for_each(|(band, variant)| frame.band(sketch, band, variant));
        let limit = format!("{} usable", grouped(panel.usable, 0));
        if limit_fits {
            frame.limit(sketch, panel.usable, &limit);
        } else {
            let at = (frame.right, frame.top - 16.0);
            sketch.text(at, Anchor::End, LABEL, MUTED, format!("limit far above this scale: {limit} ↑"));
        }
        let last = index + 1 == panels.len();
        frame.draw_x_axis(sketch, if last { time_title(all_hours) } else { String::new() }.as_str());
    }
}
