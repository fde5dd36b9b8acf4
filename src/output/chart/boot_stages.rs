//! Where the time goes between the request for a node and its first pod.

use super::frame::{BOTTOM, Frame, RIGHT, TOP, page};
use super::scale::Scale;
use super::select::{seeds_words, sorted};
use super::sketch::{Anchor, Sketch, Stroke, text_width};
use super::theme::{Colour, INK, LABEL, MARGIN, MUTED, PALETTE, TICK};
use super::{Picture, footer};
use crate::cluster::{BootStage, STAGES};
use crate::experiment::ExperimentResult;
use crate::observe::quantile;
use crate::output::number::{grouped, seconds};

/// A row of the chart, in seconds.
struct Row {
    label: &'static str,
    start: f64,
    median: f64,
    p95: f64,
    colour: Colour,
}

/// Draws it.
pub(super) fn draw(result: &ExperimentResult) -> Result<Picture, String> {
    let boots: Vec<&[f64]> =
        result.points.iter().flat_map(|point| &point.runs).flat_map(|run| &run.boots).map(Vec::as_slice).collect();
    if boots.is_empty() {
        return Err("no node booted during the simulation".to_owned());
    }
    let rows = rows(&boots);
    let total = rows.last().expect("the last row is the total");
    let title = format!("A new node takes pods after {}, 95 % within {}", seconds(total.median), seconds(total.p95));
    let count = format!("{} boots in {}", grouped(boots.len() as f64, 0), seeds_words(result));
    let caption = format!(
        "Stages from the request for a node until pods may be bound to it, over {count} of all variants. Bars are medians, placed one \
         after the other; the thin line ends at the 95 % quantile of the stage. The last bar is the whole boot, whose quantiles \
         are not the sums of the stages'."
    );
    let mut sketch = Sketch::default();
    let subtitle = format!("Stages of a boot over {count}; bar: median, thin line: to the 95 % quantile");
    page(&mut sketch, &title, &subtitle, &footer(result));
    draw_rows(&mut sketch, &rows);
    Ok(Picture { title, caption, sketch })
}

fn rows(boots: &[&[f64]]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut start = 0.0;
    for (index, stage) in STAGES.iter().enumerate() {
        let spans = sorted(boots.iter().filter_map(|boot| boot.get(index).copied()));
        let (median, p95) = (quantile(&spans, 0.5), quantile(&spans, 0.95));
        if p95 > 0.0 {
            rows.push(Row { label: label(*stage), start, median, p95, colour: PALETTE[0] });
            start += median;
        }
    }
    let all = sorted(boots.iter().map(|boot| boot.iter().sum::<f64>()));
    let (median, p95) = (quantile(&all, 0.5), quantile(&all, 0.95));
    rows.push(Row { label: "Whole boot", start: 0.0, median, p95, colour: PALETTE[2] });
    rows
}

const fn label(stage: BootStage) -> &'static str {
    match stage {
        BootStage::RequestAccepted => "Request accepted by Azure",
        BootStage::VmProvisioned => "VM allocated and provisioned",
        BootStage::OsBooted => "Operating system booted",
        BootStage::Bootstrapped => "Bootstrapped (script extension)",
        BootStage::RuntimeStarted => "Container runtime started",
        BootStage::KubeletStarted => "kubelet started",
        BootStage::Registered => "Node registered",
        BootStage::NetworkReady => "CNI and DaemonSets ready",
        BootStage::Untainted => "Start-up taints removed",
    }
}

fn draw_rows(sketch: &mut Sketch, rows: &[Row]) {
    const VALUE: f64 = 210.0;
    let widest = rows.iter().map(|row| text_width(row.label, LABEL, true)).fold(0.0, f64::max);
    let most = rows.iter().map(|row| row.start + row.p95).fold(0.0, f64::max);
    let top = TOP - 50.0;
    let height = (BOTTOM - top) / rows.len() as f64;
    let x = Scale::from_zero(most, 8, false);
    let frame =
        Frame { left: MARGIN + widest + 24.0, top, right: RIGHT - VALUE, bottom: BOTTOM, x, y: Scale::percent() };
    frame.draw_x_grid(sketch);
    for (index, row) in rows.iter().enumerate() {
        let middle = top + height * (index as f64 + 0.5);
        let half = (height * 0.32).min(26.0);
        let [left, right, end] =
            [row.start, row.start + row.median, row.start + row.p95].map(|value| frame.at(value, 0.0).0);
        sketch.rectangle((left, middle - half), (right.max(left + 2.0), middle + half), row.colour, 1.0);
        sketch.line(&[(right, middle), (end, middle)], Stroke::solid(INK, 2.5));
        sketch.line(&[(end, middle - half * 0.5), (end, middle + half * 0.5)], Stroke::solid(INK, 2.5));
        sketch.bold((frame.left - 16.0, middle + LABEL * 0.36), Anchor::End, LABEL, INK, row.label);
        draw_value(sketch, row, (end + 14.0, middle + LABEL * 0.36));
    }
    frame.draw_x_axis(sketch, "seconds since the request");
}

fn draw_value(sketch: &mut Sketch, row: &Row, (x, y): (f64, f64)) {
    let median = seconds(row.median);
    let after = x + text_width(&median, LABEL, true) + 10.0;
    let p95 = format!("p95 {}", seconds(row.p95));
    sketch.rectangle(
        (x - 6.0, y - LABEL),
        (after + text_width(&p95, TICK, false) + 6.0, y + 8.0),
        super::theme::PAPER,
        0.85,
    );
    sketch.bold((x, y), Anchor::Start, LABEL, INK, median);
    sketch.text((after, y), Anchor::Start, TICK, MUTED, p95);
}
