//! CPU demand against CPU served, and below it the credits of burstable nodes that explain the difference.

use super::frame::{BOTTOM, Frame, LEFT, RIGHT, TOP, page, time_title};
use super::scale::Scale;
use super::select::{Shown, band, left_out_words, mean, seeds_words, shown};
use super::sketch::{Anchor, Pixel, Sketch, Stroke, cut_to, text_width};
use super::theme::{ALARM, INK, LABEL, MARGIN, MUTED, TICK};
use super::{Picture, footer, hours};
use crate::experiment::ExperimentResult;
use crate::output::headline::{Figures, UNSERVED, percent, served};

/// Panels side by side that stay legible.
const COLUMNS: usize = 3;

/// Demand and supply of a point, means over the seeds.
struct Load {
    hours: Vec<f64>,
    demand: Vec<f64>,
    served: Vec<f64>,
}

/// Draws it.
pub(super) fn draw(result: &ExperimentResult) -> Result<Picture, String> {
    let shown = shown(result, COLUMNS);
    let loads: Vec<Load> = shown.iter().map(load).collect::<Option<_>>().unwrap_or_default();
    if !loads.iter().any(|load| load.demand.iter().any(|cores| *cores > 0.0)) {
        return Err("no workload has a CPU demand".to_owned());
    }
    let title = title(result, &shown);
    let seeds = seeds_words(result);
    let burstable = shown.iter().any(|variant| variant.point.plan.has_burstable_pool());
    let (of_credits, credits) = if burstable {
        (
            " Below, the credits in the banks of burstable nodes in percent of full banks, median and 5 to 95 % band over the seeds.",
            "; credits, median and 5–95 %",
        )
    } else {
        ("", "")
    };
    let caption = format!(
        "CPU that the workloads wanted against CPU that they got, means over {seeds}; the space between the two is demand not \
         served.{of_credits}"
    );
    let mut sketch = Sketch::default();
    let left_out = left_out_words(result, shown.len());
    let subtitle = format!("CPU demand and CPU served, mean over {seeds}{credits}{left_out}");
    page(&mut sketch, &title, &subtitle, &footer(result));
    draw_key(&mut sketch, &shown);
    draw_columns(&mut sketch, &shown, &loads, &Figures::new(result));
    Ok(Picture { title, caption, sketch })
}

fn load(variant: &Shown<'_>) -> Option<Load> {
    let (hours, demand) = mean(variant.runs, "cpu_demand_cores")?;
    let (_, served) = mean(variant.runs, "cpu_served_cores")?;
    Some(Load { hours, demand, served })
}

fn title(result: &ExperimentResult, shown: &[Shown<'_>]) -> String {
    let figures = Figures::new(result);
    let share = |variant: &Shown<'_>| Some(figures.level(variant.point, UNSERVED)?.mean);
    match shown {
        [only] => share(only).map(|share| format!("The cluster {}", served(share))),
        [a, b] => share(a).zip(share(b)).map(|(share_a, share_b)| match (percent(share_a), percent(share_b)) {
            (a_text, b_text) if a_text == "0 %" && b_text == "0 %" => {
                format!("{} and {} serve all CPU demand", a.label, b.label)
            }
            (a_text, b_text) => format!("{} {}, {} {}", b.label, all_but(&b_text), a.label, of_it(&a_text)),
        }),
        _ => None,
    }
    .unwrap_or_else(|| "CPU demand against CPU served".to_owned())
}

fn all_but(unserved: &str) -> String {
    match unserved {
        "0 %" => "serves all CPU demand".to_owned(),
        share => format!("serves all but {share} of CPU demand"),
    }
}

fn of_it(unserved: &str) -> String {
    match unserved {
        "0 %" => "all of it".to_owned(),
        share => format!("all but {share}"),
    }
}

fn draw_key(sketch: &mut Sketch, shown: &[Shown<'_>]) {
    let mut left = MARGIN;
    let mut word = |sketch: &mut Sketch, label: &str, sample: &dyn Fn(&mut Sketch, Pixel)| {
        sample(sketch, (left, 149.0));
        sketch.text((left + 56.0, 157.0), Anchor::Start, LABEL, INK, label);
        left += 56.0 + text_width(label, LABEL, false) + 40.0;
    };
    word(sketch, "demand", &|sketch, (x, y)| sketch.line(&[(x, y), (x + 44.0, y)], demand_stroke()));
    word(sketch, "served", &|sketch, (x, y)| {
        let part = 44.0 / shown.len() as f64;
        for (index, variant) in shown.iter().enumerate() {
            let left = x + part * index as f64;
            sketch.line(&[(left, y), (left + part, y)], Stroke::solid(variant.colour, 5.0));
        }
    });
    word(sketch, "not served", &|sketch, (x, y)| sketch.rectangle((x, y - 11.0), (x + 44.0, y + 11.0), ALARM, 0.45));
}

const fn demand_stroke() -> Stroke {
    Stroke::solid(MUTED, 2.5)
}

fn draw_columns(sketch: &mut Sketch, shown: &[Shown<'_>], loads: &[Load], figures: &Figures<'_>) {
    const GAP: f64 = 90.0;
    let (all_hours, warmup) = hours(shown);
    let most = loads.iter().flat_map(|load| load.demand.iter().chain(&load.served)).copied().fold(0.0, f64::max);
    let credits: Vec<_> = shown.iter().map(|variant| band(variant.runs, "credits_percent")).collect();
    let burstable = credits.iter().any(Option::is_some);
    let upper = TOP + 34.0;
    let middle = if burstable { upper + (BOTTOM - upper) * 0.56 } else { BOTTOM };
    let width = (RIGHT - LEFT - GAP * (shown.len() as f64 - 1.0)) / shown.len() as f64;
    for (index, (variant, load)) in shown.iter().zip(loads).enumerate() {
        let left = LEFT + index as f64 * (width + GAP);
        let heading = cut_to(&variant.label, LABEL + 2.0, true, width);
        sketch.bold((left, TOP - 12.0), Anchor::Start, LABEL + 2.0, variant.colour, heading);
        if let Some(row) = figures.level(variant.point, UNSERVED) {
            let share = format!("{} not served", percent(row.mean));
            let colour = if row.mean > 0.0 { ALARM } else { MUTED };
            sketch.bold((left + width, upper - 16.0), Anchor::End, TICK, colour, share);
        }
        let (x, y) = (Scale::time(all_hours), Scale::from_zero(most * 1.05, 5, false));
        let frame = Frame { left, top: upper, right: left + width, bottom: middle, x, y };
        draw_load(sketch, &frame, load, variant, warmup);
        let last = if burstable {
            let lower = Frame { top: middle + 62.0, bottom: BOTTOM, y: Scale::percent(), ..frame };
            draw_credits(sketch, &lower, credits[index].as_ref(), variant, warmup);
            lower
        } else {
            frame
        };
        last.draw_x_axis(sketch, &time_title(all_hours));
    }
}

fn draw_load(sketch: &mut Sketch, frame: &Frame, load: &Load, variant: &Shown<'_>, warmup: f64) {
    frame.shade_warmup(sketch, warmup, true);
    frame.draw_y_axis(sketch, "CPU, cores");
    frame.between(sketch, &load.hours, &load.served, &load.demand, ALARM, 0.45);
    frame.curve(sketch, &load.hours, &load.demand, demand_stroke());
    frame.curve(sketch, &load.hours, &load.served, Stroke::solid(variant.colour, 3.5));
    frame.draw_base(sketch);
}

fn draw_credits(
    sketch: &mut Sketch,
    frame: &Frame,
    credits: Option<&super::select::Band>,
    variant: &Shown<'_>,
    warmup: f64,
) {
    let Some(credits) = credits else {
        let at = ((frame.left + frame.right) / 2.0, (frame.top + frame.bottom) / 2.0);
        frame.draw_y_axis(sketch, "Credits in the bank");
        sketch.text_on_paper(at, Anchor::Middle, LABEL, MUTED, "no burstable nodes, no credits");
        return;
    };
    frame.shade_warmup(sketch, warmup, false);
    frame.draw_y_axis(sketch, "Credits in the bank");
    frame.between(sketch, &credits.hours, &credits.low, &credits.high, variant.colour, 0.16);
    frame.curve(sketch, &credits.hours, &credits.median, Stroke::solid(variant.colour, 3.5));
}
