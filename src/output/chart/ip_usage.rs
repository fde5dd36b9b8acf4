//! Addresses in use over time, subnet by subnet, against what the subnet can hand out.

use super::frame::{BOTTOM, Frame, LEFT, RIGHT, legend, page, time_title};
use super::scale::Scale;
use super::select::{Band, Shown, band, left_out_words, operation_marks, seeds_words, shown};
use super::sketch::{Anchor, Sketch};
use super::theme::{LABEL, MUTED};
use super::{Picture, footer, hours};
use crate::experiment::ExperimentResult;
use crate::observe::POD_CIDR_BLOCKS;
use crate::output::number::{grouped, short};
use crate::scenario::plan::Plan;

/// Panels that fit.
const PANELS: usize = 2;

/// One subnet, or the pod CIDR, with the bands of all variants.
struct Panel {
    /// Such as `Subnet nodes`.
    what: String,
    /// What is counted: `addresses`, or the blocks of a pod CIDR.
    unit: &'static str,
    /// What there is to hand out, the least first, and the variants that have so much where they differ.
    limits: Vec<(f64, String)>,
    bands: Vec<Band>,
    /// Most in use in any run, and what there was in the variant that came closest to its limit.
    fullest: (f64, f64),
    /// Which variant that is, where there are several and it is not like the others.
    fullest_of: Option<String>,
    /// Most in use in any run of all variants.
    most: f64,
}

/// Draws it.
pub(super) fn draw(result: &ExperimentResult) -> Result<Picture, String> {
    let shown = shown(result, 6);
    let mut panels = panels(&shown);
    panels.sort_by(|a, b| share(b).total_cmp(&share(a)));
    let subnets = panels.len();
    panels.truncate(PANELS);
    let Some(fullest) = panels.first() else {
        return Err("no subnet has a column of addresses in use".to_owned());
    };
    let title = title(fullest);
    let some =
        if subnets > panels.len() { format!("the {PANELS} fullest of {subnets} ranges, ") } else { String::new() };
    let caption = format!(
        "Addresses taken from each subnet by nodes (and by pods, where the network model gives them subnet addresses), and the /24s that \
         nodes hold of a pod CIDR: {some}median and 5 to 95 % band over {}. The limit is the size of the subnet less the five addresses \
         that Azure keeps. Vertical lines are operations.",
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
    let Panel { what, unit, fullest: (peak, usable), fullest_of, .. } = fullest;
    let what = fullest_of.as_ref().map_or_else(|| what.clone(), |of| format!("{of}: {}", lower_first(what)));
    if peak >= usable {
        return format!("{what} runs full: all {} usable {unit} are taken", grouped(*usable, 0));
    }
    let share = short((1000.0 * peak / usable).round() / 10.0);
    format!("{what} peaks at {} of {} usable {unit} ({share} %)", grouped(*peak, 0), grouped(*usable, 0))
}

/// `subnet nodes` of `Subnet nodes`; `Pod CIDR` becomes `pod CIDR`.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

/// The share that is in use at the fullest.
fn share(panel: &Panel) -> f64 {
    let (peak, usable) = panel.fullest;
    peak / usable
}

fn panels(shown: &[Shown<'_>]) -> Vec<Panel> {
    let Some(first) = shown.first() else {
        return Vec::new();
    };
    let panel = |what: String, unit: &'static str, column: &str, limit: &dyn Fn(&Plan) -> Option<u32>| {
        let bands = shown.iter().map(|variant| band(variant.runs, column)).collect::<Option<Vec<_>>>()?;
        let peak = |variant: &Shown<'_>| {
            variant.runs.iter().filter_map(|run| run.series.column(column)).flatten().copied().fold(0.0, f64::max)
        };
        let limit = |variant: &Shown<'_>| limit(&variant.point.plan).map(f64::from);
        let peaks: Vec<(f64, f64)> =
            shown.iter().filter_map(|variant| Some((peak(variant), limit(variant)?))).collect();
        let fullest = *peaks.iter().max_by(|(a, of_a), (b, of_b)| (a / of_a).total_cmp(&(b / of_b)))?;
        let is_alike = peaks.iter().all(|other| *other == fullest);
        let with_limit = shown.iter().filter(|variant| limit(variant).is_some());
        let fullest_of = with_limit.zip(&peaks).find(|(_, peaks)| **peaks == fullest).filter(|_| !is_alike);
        let fullest_of = fullest_of.map(|(variant, _)| variant.label.clone());
        let most = peaks.iter().map(|(peak, _)| *peak).fold(0.0, f64::max);
        let mut limits: Vec<f64> = peaks.iter().map(|(_, limit)| *limit).collect();
        limits.sort_by(f64::total_cmp);
        limits.dedup();
        let several = limits.len() > 1;
        let of = |value: f64| {
            let those = shown.iter().filter(|variant| several && limit(variant) == Some(value));
            those.map(|variant| variant.label.as_str()).collect::<Vec<_>>().join(", ")
        };
        let limits: Vec<(f64, String)> = limits.into_iter().map(|value| (value, of(value))).collect();
        (most > 0.0).then_some(Panel { what, unit, limits, bands, fullest, fullest_of, most })
    };
    let cluster = &first.point.plan.cluster;
    let subnets = cluster.subnets.iter().filter_map(|subnet| {
        let limit = |plan: &Plan| {
            let cluster = &plan.cluster;
            let index = cluster.subnets.iter().position(|other| other.name == subnet.name)?;
            Some(cluster.usable_addresses(index))
        };
        panel(format!("Subnet {}", subnet.name), "addresses", &format!("ip_used.{}", subnet.name), &limit)
    });
    let range = panel("Pod CIDR".to_owned(), "/24 blocks", POD_CIDR_BLOCKS, &Plan::pod_cidr_room);
    subnets.chain(range).collect()
}

/// `1,019 usable`, and of which variants.
fn words(limit: f64, of: &str) -> String {
    let usable = format!("{} usable", grouped(limit, 0));
    if of.is_empty() { usable } else { format!("{usable} ({of})") }
}

fn draw_panels(sketch: &mut Sketch, panels: &[Panel], shown: &[Shown<'_>], first: f64) {
    const GAP: f64 = 74.0;
    let (all_hours, warmup) = hours(shown);
    let marks = operation_marks(shown);
    let height = (BOTTOM - first - GAP * (panels.len() as f64 - 1.0)) / panels.len() as f64;
    for (index, panel) in panels.iter().enumerate() {
        let top = first + index as f64 * (height + GAP);
        // A limit far above the curves would press them to the base line, so it is told instead of drawn.
        let fits = |limit: f64| panel.most > 0.3 * limit;
        let told: Vec<(f64, String)> = panel.limits.iter().map(|(limit, of)| (*limit, words(*limit, of))).collect();
        let (drawn, above): (Vec<_>, Vec<_>) = told.into_iter().partition(|(limit, _)| fits(*limit));
        let most = drawn.iter().map(|(limit, _)| limit * 1.05).fold(panel.most * 1.2, f64::max);
        let (x, y) = (Scale::time(all_hours), Scale::from_zero(most, 5, true));
        let frame = Frame { left: LEFT, top, right: RIGHT, bottom: top + height, x, y };
        frame.shade_warmup(sketch, warmup, index == 0);
        frame.draw_y_axis(sketch, &format!("{}: {} in use", panel.what, panel.unit));
        frame.marks(sketch, &marks, index == 0);
        panel.bands.iter().zip(shown).for_each(|(band, variant)| frame.band(sketch, band, variant));
        frame.limits(sketch, &drawn);
        if !above.is_empty() {
            let above: Vec<String> = above.into_iter().map(|(_, words)| words).collect();
            let at = (frame.right, frame.top - 16.0);
            sketch.text(at, Anchor::End, LABEL, MUTED, format!("limit far above this scale: {} ↑", above.join(", ")));
        }
        let last = index + 1 == panels.len();
        frame.draw_x_axis(sketch, if last { time_title(all_hours) } else { String::new() }.as_str());
    }
}
