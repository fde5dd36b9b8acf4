//! The furniture of a chart: title, legend, footer, and panels with axes.

use super::scale::{Scale, time_unit};
use super::select::{Band, Shown};
use super::sketch::{Anchor, Pixel, Sketch, Stroke, cut_to, text_width};
use super::theme::{
    self, AXIS, Colour, FOOTER, GRID, HEIGHT, INK, LABEL, MARGIN, MUTED, SHADE, SUBTITLE, TICK, TITLE, WIDTH,
};

/// Top of the space for panels, below title, subtitle and legend.
pub const TOP: f64 = 214.0;
/// Bottom of that space; tick labels and axis title go below it.
pub const BOTTOM: f64 = HEIGHT - 114.0;
/// Left end of panels: room for tick labels.
pub const LEFT: f64 = MARGIN + 56.0;
/// Right end of panels.
pub const RIGHT: f64 = WIDTH - MARGIN;

/// Writes title, subtitle and footer.
pub fn page(sketch: &mut Sketch, title: &str, subtitle: &str, footer: &str) {
    let room = WIDTH - 2.0 * MARGIN;
    let size = (TITLE * room / text_width(title, TITLE, true)).clamp(28.0, TITLE);
    sketch.bold((MARGIN, 72.0), Anchor::Start, size, INK, cut_to(title, size, true, room));
    sketch.text((MARGIN, 112.0), Anchor::Start, SUBTITLE, MUTED, cut_to(subtitle, SUBTITLE, false, room));
    sketch.text((MARGIN, HEIGHT - 20.0), Anchor::Start, FOOTER, MUTED, footer);
}

/// Writes the legend of variants below the subtitle, in columns where one line has no room for it, and returns the top of the space
/// that is left for panels.
pub fn legend(sketch: &mut Sketch, shown: &[Shown<'_>]) -> f64 {
    const SAMPLE: f64 = 64.0;
    const GAP: f64 = 36.0;
    const ROW: f64 = 34.0;
    const MOST_ROWS: usize = 3;
    let widths: Vec<f64> = shown.iter().map(|variant| SAMPLE + text_width(&variant.label, LABEL, true) + GAP).collect();
    let room = RIGHT - MARGIN + GAP;
    let is_line = widths.iter().sum::<f64>() <= room;
    let widest = widths.iter().copied().fold(1.0, f64::max);
    let fitting = (room / widest) as usize;
    let columns = if is_line { shown.len() } else { fitting.max(shown.len().div_ceil(MOST_ROWS)) }.max(1);
    let cell = if is_line { widest } else { widest.min(room / columns as f64) };
    let mut left = MARGIN;
    for (index, variant) in shown.iter().enumerate() {
        if index % columns == 0 {
            left = MARGIN;
        }
        let middle = 149.0 + ROW * (index / columns) as f64;
        let label = cut_to(&variant.label, LABEL, true, cell - SAMPLE - GAP + 1.0);
        sketch.line(&[(left, middle), (left + SAMPLE - 12.0, middle)], Stroke { width: 5.0, ..variant.stroke() });
        sketch.bold((left + SAMPLE, middle + 8.0), Anchor::Start, LABEL, INK, label);
        left += if is_line { widths[index] } else { cell };
    }
    TOP + ROW * shown.len().div_ceil(columns).saturating_sub(1) as f64
}

/// A panel: a rectangle of the canvas with two scales.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Left end.
    pub left: f64,
    /// Top.
    pub top: f64,
    /// Right end.
    pub right: f64,
    /// Bottom.
    pub bottom: f64,
    /// Horizontal scale.
    pub x: Scale,
    /// Vertical scale.
    pub y: Scale,
}

impl Frame {
    /// Where a pair of values stands.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> Pixel {
        let right = self.left + (self.right - self.left) * self.x.share(x);
        (right, self.bottom - (self.bottom - self.top) * self.y.share(y))
    }

    /// Horizontal grid lines with their labels, and the title of the vertical axis above the panel.
    pub fn draw_y_axis(&self, sketch: &mut Sketch, title: &str) {
        for tick in &self.y.ticks {
            let (_, y) = self.at(self.x.from, tick.value);
            sketch.line(&[(self.left, y), (self.right, y)], Stroke::solid(GRID, 1.5));
            sketch.text((self.left - 12.0, y + TICK * 0.36), Anchor::End, TICK, MUTED, tick.label.as_str());
        }
        sketch.bold((self.left, self.top - 16.0), Anchor::Start, TICK, INK, title);
    }

    /// Vertical grid lines, the base line and tick labels; the axis title too unless it is empty.
    pub fn draw_x_axis(&self, sketch: &mut Sketch, title: &str) {
        for tick in &self.x.ticks {
            let (x, _) = self.at(tick.value, self.y.from);
            sketch.line(&[(x, self.bottom), (x, self.bottom + 7.0)], Stroke::solid(AXIS, 2.0));
            sketch.text((x, self.bottom + 30.0), Anchor::Middle, TICK, MUTED, tick.label.as_str());
        }
        self.draw_base(sketch);
        let middle = (self.left + self.right) / 2.0;
        sketch.text((middle, self.bottom + 60.0), Anchor::Middle, TICK, MUTED, title);
    }

    /// The base line alone.
    pub fn draw_base(&self, sketch: &mut Sketch) {
        sketch.line(&[(self.left, self.bottom), (self.right, self.bottom)], Stroke::solid(AXIS, 2.0));
    }

    /// Vertical grid lines at the ticks.
    pub fn draw_x_grid(&self, sketch: &mut Sketch) {
        for tick in &self.x.ticks {
            let (x, _) = self.at(tick.value, self.y.from);
            sketch.line(&[(x, self.top), (x, self.bottom)], Stroke::solid(GRID, 1.5));
        }
    }

    /// Shades the warm-up, if there is one; drawn first, so that everything lies upon it.
    pub fn shade_warmup(&self, sketch: &mut Sketch, hours: f64, labelled: bool) {
        if hours <= 0.0 {
            return;
        }
        let (right, _) = self.at(hours, self.y.from);
        sketch.rectangle((self.left, self.top), (right, self.bottom), SHADE, 1.0);
        let size = TICK - 1.0;
        let fits = |label: &&str| text_width(label, size, false) + 16.0 < right - self.left;
        if let Some(label) = ["warm-up, not counted", "warm-up"].into_iter().find(fits).filter(|_| labelled) {
            sketch.text((self.left + 8.0, self.top + 26.0), Anchor::Start, size, MUTED, label);
        }
    }

    /// Vertical lines at moments, in hours, each with its word at the top where there is room.
    pub fn marks(&self, sketch: &mut Sketch, marks: &[(f64, String)], labelled: bool) {
        let mut free = self.left;
        for (hours, label) in marks {
            let (x, _) = self.at(*hours, self.y.from);
            sketch.line(&[(x, self.top), (x, self.bottom)], Stroke { colour: MUTED, width: 2.0, dash: &[3.0, 6.0] });
            let width = text_width(label, TICK, false) + 12.0;
            if labelled && x >= free && x + width < self.right {
                sketch.text_on_paper((x + 6.0, self.top + 22.0), Anchor::Start, TICK, MUTED, label);
                free = x + width;
            }
        }
    }

    /// A curve.
    pub fn curve(&self, sketch: &mut Sketch, xs: &[f64], ys: &[f64], stroke: Stroke) {
        let points: Vec<Pixel> = xs.iter().zip(ys).map(|(x, y)| self.at(*x, *y)).collect();
        sketch.line(&points, stroke);
    }

    /// The space between two curves; parts where a value is missing are left out.
    pub fn between(&self, sketch: &mut Sketch, xs: &[f64], low: &[f64], high: &[f64], colour: Colour, opacity: f64) {
        let rows: Vec<(f64, f64, f64)> =
            xs.iter().zip(low).zip(high).map(|((x, low), high)| (*x, *low, *high)).collect();
        for part in rows.split(|(_, low, high)| !low.is_finite() || !high.is_finite()).filter(|part| part.len() > 1) {
            let there = part.iter().map(|(x, _, high)| self.at(*x, *high));
            let back = part.iter().rev().map(|(x, low, _)| self.at(*x, *low));
            sketch.area(there.chain(back).collect(), colour, opacity);
        }
    }

    /// A median with its band.
    pub fn band(&self, sketch: &mut Sketch, band: &Band, variant: &Shown<'_>) {
        self.between(sketch, &band.hours, &band.low, &band.high, variant.colour, 0.16);
        self.curve(sketch, &band.hours, &band.median, variant.stroke());
    }

    /// Lines at values that nothing can exceed, with what they are; the words lie above all of the lines.
    pub fn limits(&self, sketch: &mut Sketch, limits: &[(f64, String)]) {
        for (value, _) in limits {
            let (left, y) = self.at(self.x.from, *value);
            sketch.line(&[(left, y), (self.right, y)], Stroke { colour: theme::ALARM, width: 3.0, dash: &[12.0, 7.0] });
        }
        for (value, label) in limits {
            let (_, y) = self.at(self.x.from, *value);
            sketch.text_on_paper((self.right - 8.0, y - 10.0), Anchor::End, LABEL, theme::ALARM, label);
        }
    }
}

/// Title of a time axis of this many hours.
#[must_use]
pub fn time_title(hours: f64) -> String {
    format!("{} since the start", time_unit(hours))
}
