//! Cost against waiting: which points of a sweep are worth a look.

use super::frame::{BOTTOM, Frame, LEFT, RIGHT, TOP, page};
use super::scale::Scale;
use super::select::{seeds_words, sweep_words};
use super::sketch::{Anchor, Pixel, Sketch, Stroke, cut_to, text_width};
use super::theme::{Colour, INK, LABEL, MARGIN, MUTED, PALETTE, TICK};
use super::{Picture, footer};
use crate::experiment::{ExperimentResult, SummaryRow};
use crate::output::headline::{COST, Figures, PENDING, has_interval};
use crate::output::number::dollars;

/// A point of the sweep.
struct Spot<'a> {
    label: String,
    variant: usize,
    cost: &'a SummaryRow,
    pending: &'a SummaryRow,
    best: bool,
}

/// Left, top, right and bottom.
type Area = [f64; 4];

/// Draws it.
pub(super) fn draw(result: &ExperimentResult) -> Result<Picture, String> {
    let points = &result.study.points;
    if points.iter().all(|point| point.sweep.is_empty()) {
        return Err("the scenario has no sweep".to_owned());
    }
    let mut variants: Vec<&str> = points.iter().map(|point| point.variant.as_str()).collect();
    variants.dedup();
    let spots = spots(result, &variants);
    if spots.len() < 2 {
        return Err("fewer than two points have both a cost and a pending time".to_owned());
    }
    if !spots.iter().any(|slow| spots.iter().any(|quick| is_quicker(quick, slow))) {
        return Err("pods wait about as long at every point".to_owned());
    }
    let best = spots.iter().filter(|spot| spot.best).count();
    let title = match best {
        1 => "One point is both the cheapest and the quickest".to_owned(),
        _ => format!("{best} of {} points are worth a look: cheaper only by waiting longer", spots.len()),
    };
    let seeds = seeds_words(result);
    let caption = format!(
        "Each mark is a point of the sweep: mean cost of a month against the mean of the 95 % quantile of pending time, with 95 % \
         confidence intervals over {seeds} where they are wider than the mark. The line joins the Pareto front: points that are quicker \
         than every cheaper one, by more than a second and the intervals."
    );
    let mut sketch = Sketch::default();
    let subtitle = format!("Mean over {seeds}, crosses: 95 % confidence intervals, line: Pareto front");
    page(&mut sketch, &title, &subtitle, &footer(result));
    if variants.len() > 1 {
        draw_key(&mut sketch, &variants);
    }
    draw_spots(&mut sketch, &spots);
    Ok(Picture { title, caption, sketch })
}

fn spots<'a>(result: &'a ExperimentResult, variants: &[&str]) -> Vec<Spot<'a>> {
    let figures = Figures::new(result);
    let spot = |point: &'a crate::scenario::plan::Point| {
        Some(Spot {
            label: sweep_words(point),
            variant: variants.iter().position(|variant| *variant == point.variant)?,
            cost: figures.level(point, COST)?,
            pending: figures.level(point, PENDING)?,
            best: false,
        })
    };
    let mut spots: Vec<Spot<'_>> = result.study.points.iter().filter_map(spot).collect();
    spots.sort_by(|a, b| a.cost.mean.total_cmp(&b.cost.mean).then(a.pending.mean.total_cmp(&b.pending.mean)));
    let mut quickest: Option<usize> = None;
    for index in 0..spots.len() {
        if quickest.is_none_or(|quickest| is_quicker(&spots[index], &spots[quickest])) {
            spots[index].best = true;
            quickest = Some(index);
        }
    }
    spots
}

/// True when the pods of one point wait less than those of another by more than a second, and their intervals do not overlap.
fn is_quicker(quick: &Spot<'_>, slow: &Spot<'_>) -> bool {
    slow.pending.mean - quick.pending.mean > 1.0 && ends(slow.pending)[0] > ends(quick.pending)[1]
}

fn colour(variant: usize) -> Colour {
    PALETTE[variant % PALETTE.len()]
}

fn draw_key(sketch: &mut Sketch, variants: &[&str]) {
    let mut left = MARGIN + 10.0;
    for (index, variant) in variants.iter().enumerate() {
        let label = cut_to(variant, LABEL, true, 300.0);
        mark(sketch, (left, 149.0), index, 9.0);
        sketch.bold((left + 22.0, 157.0), Anchor::Start, LABEL, INK, label.as_str());
        left += 22.0 + text_width(&label, LABEL, true) + 44.0;
    }
}

/// A variant's mark: colour and shape differ.
fn mark(sketch: &mut Sketch, (x, y): Pixel, variant: usize, size: f64) {
    let diamond = |r: f64| vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)];
    let triangle = |r: f64| vec![(x, y - r), (x + r, y + 0.8 * r), (x - r, y + 0.8 * r)];
    let square = |r: f64| vec![(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)];
    match variant % 4 {
        0 => sketch.dot((x, y), size, colour(variant)),
        1 => sketch.area(square(size * 0.9), colour(variant), 1.0),
        2 => sketch.area(triangle(size * 1.15), colour(variant), 1.0),
        _ => sketch.area(diamond(size * 1.2), colour(variant), 1.0),
    }
}

fn draw_spots(sketch: &mut Sketch, spots: &[Spot<'_>]) {
    let costs = || spots.iter().flat_map(|spot| ends(spot.cost));
    let (least, most) = (costs().fold(f64::INFINITY, f64::min), costs().fold(0.0, f64::max));
    let slowest = spots.iter().flat_map(|spot| ends(spot.pending)).fold(0.0, f64::max);
    let x = Scale::around(least, most, 7).with_labels(|value| dollars(value, if most < 20.0 { 1 } else { 0 }));
    let y = Scale::from_zero(slowest * 1.05, 5, false);
    let frame = Frame { left: LEFT, top: TOP, right: RIGHT, bottom: BOTTOM, x, y };
    frame.draw_x_grid(sketch);
    frame.draw_y_axis(sketch, "Pending time, 95 % quantile, seconds");
    let front: Vec<&Spot<'_>> = spots.iter().filter(|spot| spot.best).collect();
    let line: Vec<Pixel> = front.iter().map(|spot| frame.at(spot.cost.mean, spot.pending.mean)).collect();
    sketch.line(&line, Stroke { colour: MUTED, width: 2.0, dash: &[8.0, 6.0] });
    spots.iter().for_each(|spot| draw_spot(sketch, &frame, spot));
    draw_labels(sketch, &frame, spots, &line);
    frame.draw_x_axis(sketch, "cost, USD per month");
}

fn ends(row: &SummaryRow) -> [f64; 2] {
    if has_interval(row) { [row.ci95_low, row.ci95_high] } else { [row.mean, row.mean] }
}

fn draw_spot(sketch: &mut Sketch, frame: &Frame, spot: &Spot<'_>) {
    let pen = Stroke::solid(colour(spot.variant), 2.5);
    let [cheap, dear] = ends(spot.cost).map(|cost| frame.at(cost, spot.pending.mean));
    let [quick, slow] = ends(spot.pending).map(|pending| frame.at(spot.cost.mean, pending.max(0.0)));
    sketch.line(&[cheap, dear], pen);
    sketch.line(&[quick, slow], pen);
    mark(sketch, frame.at(spot.cost.mean, spot.pending.mean), spot.variant, if spot.best { 10.0 } else { 7.0 });
}

/// Labels beside the marks, those on the front first; one that finds no free place is left out. Points at the same place share one.
fn draw_labels(sketch: &mut Sketch, frame: &Frame, spots: &[Spot<'_>], front: &[Pixel]) {
    let place = |spot: &Spot<'_>| frame.at(spot.cost.mean, spot.pending.mean);
    let mut taken: Vec<Area> = spots.iter().flat_map(|spot| mark_areas(frame, spot)).collect();
    let on_line = on_line(front);
    let mut labelled: Vec<Pixel> = Vec::new();
    let mut order: Vec<&Spot<'_>> = spots.iter().collect();
    order.sort_by_key(|spot| !spot.best);
    for spot in order {
        let (x, y) = place(spot);
        let is_here = |(left, top): Pixel| (left - x).abs() < 3.0 && (top - y).abs() < 3.0;
        if labelled.iter().copied().any(is_here) {
            continue;
        }
        labelled.push((x, y));
        let label = match spots.iter().filter(|other| is_here(place(other))).count() {
            1 => spot.label.clone(),
            several => format!("{} and {} more", spot.label, several - 1),
        };
        let boxes = places(frame, (x, y), text_width(&label, TICK, spot.best), spot.best);
        let is_free = |place: &&Area| taken.iter().all(|other| !overlap(place, other));
        let is_off_line = |place: &&Area| on_line.iter().all(|other| !overlap(place, other));
        // Better on the line than nowhere.
        let best = boxes.iter().filter(is_free).find(is_off_line).or_else(|| boxes.iter().find(is_free));
        if let Some([left, top, right, bottom]) = best.copied() {
            taken.push([left - 10.0, top, right + 10.0, bottom]);
            let at = (left, bottom - 5.0);
            if spot.best {
                sketch.bold(at, Anchor::Start, TICK, INK, label);
            } else {
                sketch.text(at, Anchor::Start, TICK, MUTED, label);
            }
        }
    }
}

/// Where a label of this width may stand beside its mark, best place first.
fn places(frame: &Frame, (x, y): Pixel, width: f64, best: bool) -> Vec<Area> {
    let down = y + TICK * 0.36;
    let end = frame.right + 38.0 - width;
    let centred = (x - width / 2.0).min(end);
    let beside = [(x + 18.0, down), (x - 18.0 - width, down), (centred, y - 20.0), (centred, y + 36.0)];
    let (left, right) = (x - 14.0 - width, x + 14.0);
    let tilted = [(right, y - 16.0), (right, y + 32.0), (left, y - 16.0), (left, y + 32.0)];
    let far = [(end.min(right), y - 20.0), (centred, y - 46.0), (left, y - 46.0), (right, y - 46.0)];
    // The front runs down to the right, so its own labels stand above it.
    let near = if best { [tilted, beside] } else { [beside, tilted] };
    let places = near.into_iter().flatten().chain(far);
    let is_inside = |place: &Area| {
        place[0] > frame.left && place[2] < frame.right + 40.0 && place[1] > frame.top - 40.0 && place[3] < frame.bottom
    };
    places.map(|(left, base)| [left, base - TICK, left + width, base + 5.0]).filter(is_inside).collect()
}

/// A spot's mark and the two bars of its cross.
fn mark_areas(frame: &Frame, spot: &Spot<'_>) -> [Area; 3] {
    let (cost, pending) = (spot.cost.mean, spot.pending.mean);
    let [cheap, dear] = ends(spot.cost).map(|cost| frame.at(cost, pending));
    let [quick, slow] = ends(spot.pending).map(|pending| frame.at(cost, pending.max(0.0)));
    [around(frame.at(cost, pending), 11.0), [cheap.0, cheap.1, dear.0, dear.1], [slow.0, slow.1, quick.0, quick.1]]
}

/// Small boxes along a line.
fn on_line(points: &[Pixel]) -> Vec<Area> {
    const STEPS: usize = 100;
    let along = |pair: &[Pixel], step: usize| {
        let share = step as f64 / STEPS as f64;
        (pair[0].0 + (pair[1].0 - pair[0].0) * share, pair[0].1 + (pair[1].1 - pair[0].1) * share)
    };
    points.windows(2).flat_map(|pair| (0..=STEPS).map(move |step| around(along(pair, step), 3.0))).collect()
}

fn around((x, y): Pixel, r: f64) -> Area {
    [x - r, y - r, x + r, y + r]
}

fn overlap(a: &Area, b: &Area) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}
