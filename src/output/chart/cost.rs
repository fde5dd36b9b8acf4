//! Cost per month of every point, split by meter, with the interval of the total.

use super::frame::{BOTTOM, Frame, RIGHT, TOP, page};
use super::scale::Scale;
use super::select::seeds_words;
use super::sketch::{Anchor, Sketch, Stroke, cut_to, text_width};
use super::theme::{Colour, INK, LABEL, MARGIN, MUTED, PALETTE, PAPER, TICK};
use super::{Picture, footer};
use crate::experiment::{ExperimentResult, SummaryRow};
use crate::output::headline::{COST, Figures, cost_title, half_width, has_interval};
use crate::output::number::{decimals_for, dollars};
use crate::scenario::plan::Point;

/// Bars that stay legible.
const BARS: usize = 14;

/// Metric, legend, colour of the bar and of text upon it.
const METERS: [(&str, &str, Colour, Colour); 3] = [
    ("cost_vm_month_usd", "virtual machines", PALETTE[0], PAPER),
    ("cost_os_disk_month_usd", "OS disks", PALETTE[4], INK),
    ("cost_cluster_month_usd", "cluster: tier, load balancer, public addresses", PALETTE[5], INK),
];

/// A point's bar.
struct Bar<'a> {
    label: String,
    total: &'a SummaryRow,
    parts: [f64; METERS.len()],
}

/// Draws it.
pub(super) fn draw(result: &ExperimentResult) -> Result<Picture, String> {
    let figures = Figures::new(result);
    let mut bars: Vec<Bar<'_>> = result.study.points.iter().filter_map(|point| bar(point, &figures)).collect();
    let all = bars.len();
    if all == 0 {
        return Err("no point has a cost".to_owned());
    }
    if bars.iter().all(|bar| bar.total.mean == 0.0) {
        return Err("nothing has a price".to_owned());
    }
    bars.sort_by(|a, b| a.total.mean.total_cmp(&b.total.mean));
    bars.truncate(BARS);
    let title = cost_title(result);
    let seeds = seeds_words(result);
    let caption = format!(
        "Mean cost of a month of 730 hours over {seeds}, split by what is metered. The whisker is the 95 % confidence interval of the \
         total (Student's t)."
    );
    let mut sketch = Sketch::default();
    let some = if all > BARS { format!(" · the {BARS} cheapest of {all}") } else { String::new() };
    let subtitle =
        format!("USD per month of 730 h, mean over {seeds}; whisker: 95 % confidence interval of the total{some}");
    page(&mut sketch, &title, &subtitle, &footer(result));
    draw_key(&mut sketch);
    draw_bars(&mut sketch, &bars);
    Ok(Picture { title, caption, sketch })
}

fn bar<'a>(point: &Point, figures: &Figures<'a>) -> Option<Bar<'a>> {
    let total = figures.level(point, COST)?;
    let part = |metric: &str| figures.level(point, metric).map_or(0.0, |row| row.mean);
    Some(Bar { label: point.label(), total, parts: METERS.map(|(metric, ..)| part(metric)) })
}

fn draw_key(sketch: &mut Sketch) {
    let mut left = MARGIN;
    for (_, label, colour, _) in METERS {
        sketch.rectangle((left, 138.0), (left + 30.0, 160.0), colour, 1.0);
        sketch.text((left + 42.0, 157.0), Anchor::Start, LABEL, INK, label);
        left += 42.0 + text_width(label, LABEL, false) + 40.0;
    }
}

fn draw_bars(sketch: &mut Sketch, bars: &[Bar<'_>]) {
    const VALUE: f64 = 190.0;
    let widest = bars.iter().map(|bar| text_width(&bar.label, LABEL, true)).fold(0.0, f64::max).min(420.0);
    let most = bars.iter().map(|bar| bar.total.mean.max(bar.total.ci95_high)).fold(0.0, f64::max);
    let x = Scale::from_zero(most, 6, false).with_labels(|value| dollars(value, if most < 5.0 { 1 } else { 0 }));
    let widest_interval = bars.iter().map(|bar| half_width(bar.total)).fold(0.0, f64::max);
    let decimals = decimals_for(widest_interval, 2);
    let y = Scale::from_zero(1.0, 1, false);
    let row = ((BOTTOM - TOP + 20.0) / bars.len() as f64).min(270.0);
    let bottom = TOP - 20.0 + row * bars.len() as f64;
    let frame = Frame { left: MARGIN + widest + 24.0, top: TOP - 20.0, right: RIGHT - VALUE, bottom, x, y };
    frame.draw_x_grid(sketch);
    for (index, bar) in bars.iter().enumerate() {
        let middle = frame.top + row * (index as f64 + 0.5);
        let label = cut_to(&bar.label, LABEL, true, widest);
        sketch.bold((frame.left - 16.0, middle + LABEL * 0.36), Anchor::End, LABEL, INK, label);
        draw_bar(sketch, &frame, bar, middle, (row * 0.31).min(62.0), decimals);
    }
    frame.draw_x_axis(sketch, "USD per month");
}

fn draw_bar(sketch: &mut Sketch, frame: &Frame, bar: &Bar<'_>, middle: f64, half: f64, decimals: usize) {
    let mut from = 0.0;
    for (value, (_, _, colour, ink)) in bar.parts.iter().zip(METERS) {
        let (left, right) = (frame.at(from, 0.0).0, frame.at(from + value, 0.0).0);
        sketch.rectangle((left, middle - half), (right, middle + half), colour, 1.0);
        let label = dollars(*value, 0);
        if half > 14.0 && text_width(&label, TICK, true) + 20.0 < right - left {
            sketch.bold(((left + right) / 2.0, middle + TICK * 0.36), Anchor::Middle, TICK, ink, label);
        }
        from += value;
    }
    let (low, high) = if has_interval(bar.total) { (bar.total.ci95_low, bar.total.ci95_high) } else { (from, from) };
    let (left, right) = (frame.at(low, 0.0).0, frame.at(high, 0.0).0);
    if has_interval(bar.total) {
        draw_whisker(sketch, left, right, middle, half.min(14.0));
    }
    draw_value(sketch, bar.total, (right + 16.0, middle), half, decimals);
}

/// A whisker with caps; where the caps would touch, one bar as wide as the interval.
fn draw_whisker(sketch: &mut Sketch, left: f64, right: f64, middle: f64, cap: f64) {
    if right - left < 8.0 {
        let (centre, half) = ((left + right) / 2.0, ((right - left) / 2.0).max(1.25));
        return sketch.rectangle((centre - half, middle - cap), (centre + half, middle + cap), INK, 1.0);
    }
    let pen = Stroke::solid(INK, 2.5);
    sketch.line(&[(left, middle), (right, middle)], pen);
    [left, right].into_iter().for_each(|x| sketch.line(&[(x, middle - cap), (x, middle + cap)], pen));
}

fn draw_value(sketch: &mut Sketch, total: &SummaryRow, (x, middle): (f64, f64), half: f64, decimals: usize) {
    let mean = dollars(total.mean, decimals);
    let interval = format!("± {}", dollars(half_width(total), decimals));
    if half < 22.0 || !has_interval(total) {
        sketch.bold((x, middle + LABEL * 0.36), Anchor::Start, LABEL, INK, mean.as_str());
        if has_interval(total) {
            let after = x + text_width(&mean, LABEL, true) + 10.0;
            sketch.text((after, middle + TICK * 0.36), Anchor::Start, TICK, MUTED, interval);
        }
        return;
    }
    sketch.bold((x, middle - 2.0), Anchor::Start, LABEL + 4.0, INK, mean);
    sketch.text((x, middle + TICK + 4.0), Anchor::Start, TICK, MUTED, interval);
}
