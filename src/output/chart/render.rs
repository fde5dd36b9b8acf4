//! From marks to files: one painter for plotters' SVG and bitmap backends.
//!
//! Both are painted at twice the size. The SVG keeps it as its coordinate system, because plotters' coordinates are whole
//! numbers; the bitmap is averaged down, which smooths every edge.

use super::sketch::{Anchor, EM, Mark, Pixel, Text};
use super::theme::{self, HEIGHT, WIDTH};
use crate::output::OutputError;
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, FontStyle, IntoTextStyle, ShapeStyle, TextStyle};
use std::path::Path;

/// Painted pixels per canvas unit and direction.
const SCALE: usize = 2;

/// The marks as an SVG document with a viewBox, sized 1600 × 900.
///
/// # Errors
/// When plotters fails, which it does not in memory.
pub fn svg(marks: &[Mark]) -> Result<String, OutputError> {
    let mut document = String::new();
    // Plotters' SVG text hangs 0.76 em below its top.
    paint(
        marks,
        SVGBackend::with_string(&mut document, painted_size()),
        Style { baseline: 0.76 / 1.24, round_joints: false },
    )?;
    let (wide, high) = painted_size();
    let painted = format!("width=\"{wide}\" height=\"{high}\"");
    Ok(document.replacen(&painted, &format!("width=\"{WIDTH}\" height=\"{HEIGHT}\""), 1))
}

/// Writes the marks as a PNG of 1600 × 900 pixels. The path must end in `.png`.
///
/// # Errors
/// When the file cannot be written.
pub fn png(marks: &[Mark], path: &Path) -> Result<(), OutputError> {
    let (wide, high) = painted_size();
    let mut painted = vec![0; wide as usize * high as usize * 3];
    // Plotters' bitmap text stands half its size below its top.
    paint(marks, BitMapBackend::with_buffer(&mut painted, (wide, high)), Style { baseline: 0.5, round_joints: true })?;
    let small = averaged(&painted, wide as usize);
    let mut file = BitMapBackend::new(path, (WIDTH as u32, HEIGHT as u32));
    file.blit_bitmap((0, 0), (WIDTH as u32, HEIGHT as u32), &small).map_err(OutputError::drawing)?;
    file.present().map_err(OutputError::drawing)
}

/// Where the backends differ.
#[derive(Clone, Copy)]
struct Style {
    /// Distance of a text's baseline from its top, in plotters' font sizes.
    baseline: f64,
    /// True where the backend's thick lines have spikes at sharp corners: pieces with round joints replace them.
    round_joints: bool,
}

fn painted_size() -> (u32, u32) {
    ((WIDTH as usize * SCALE) as u32, (HEIGHT as usize * SCALE) as u32)
}

fn paint<B: DrawingBackend>(marks: &[Mark], mut backend: B, style: Style) -> Result<(), OutputError> {
    theme::register_fonts();
    let (wide, high) = painted_size();
    let paper = ShapeStyle::from(&theme::PAPER).filled();
    backend.draw_rect((0, 0), (wide as i32, high as i32), &paper, true).map_err(OutputError::drawing)?;
    for mark in marks {
        paint_mark(mark, &mut backend, style)?;
    }
    backend.present().map_err(OutputError::drawing)
}

type Painted = Result<(), OutputError>;

fn paint_mark<B: DrawingBackend>(mark: &Mark, backend: &mut B, style: Style) -> Painted {
    match mark {
        Mark::Line { points, colour, width } if style.round_joints => {
            let colour = ShapeStyle::from(colour).filled();
            points.windows(2).try_for_each(|pair| paint_stroke(pair[0], pair[1], *width, &colour, backend))?;
            paint_joints(points, *width, &colour, backend)
        }
        Mark::Line { points, colour, width } => {
            let pen = ShapeStyle::from(colour).stroke_width((width * SCALE as f64).round() as u32);
            backend.draw_path(points.iter().map(|point| pixel(*point)), &pen).map_err(OutputError::drawing)
        }
        Mark::Area { points, colour, opacity } => backend
            .fill_polygon(points.iter().map(|point| pixel(*point)), &colour.mix(*opacity).filled())
            .map_err(OutputError::drawing),
        Mark::Dot { at, radius, colour } => {
            let radius = (radius * SCALE as f64).round() as u32;
            backend
                .draw_circle(pixel(*at), radius, &ShapeStyle::from(colour).filled(), true)
                .map_err(OutputError::drawing)
        }
        Mark::Text(text) => paint_text(text, backend, style),
    }
}

/// One straight piece of a thick line.
fn paint_stroke<B: DrawingBackend>(from: Pixel, to: Pixel, width: f64, pen: &ShapeStyle, backend: &mut B) -> Painted {
    let half = width / 2.0;
    let length = libm::hypot(to.0 - from.0, to.1 - from.1).max(1e-9);
    let (dx, dy) = ((to.0 - from.0) / length * half, (to.1 - from.1) / length * half);
    if from.0 == to.0 || from.1 == to.1 {
        let (left, right) = (from.0.min(to.0) - dy.abs(), from.0.max(to.0) + dy.abs());
        let (top, bottom) = (from.1.min(to.1) - dx.abs(), from.1.max(to.1) + dx.abs());
        backend
            .draw_rect(pixel((left, top)), less_one(pixel((right, bottom))), pen, true)
            .map_err(OutputError::drawing)?;
    } else {
        let corners =
            [(from.0 - dy, from.1 + dx), (from.0 + dy, from.1 - dx), (to.0 + dy, to.1 - dx), (to.0 - dy, to.1 + dx)];
        backend.fill_polygon(corners.map(pixel), pen).map_err(OutputError::drawing)?;
    }
    Ok(())
}

/// Fills the notches between the straight pieces of a thick line.
fn paint_joints<B: DrawingBackend>(points: &[Pixel], width: f64, pen: &ShapeStyle, backend: &mut B) -> Painted {
    // Plotters' circle of radius r is 2 r + 1 pixels wide.
    let radius = ((width * SCALE as f64 - 1.0) / 2.0).floor() as u32;
    let inner = points.get(1..points.len() - 1).unwrap_or_default();
    let mut corners = inner.iter().filter(|_| radius > 1);
    corners.try_for_each(|corner| backend.draw_circle(pixel(*corner), radius, pen, true).map_err(OutputError::drawing))
}

fn paint_text<B: DrawingBackend>(text: &Text, backend: &mut B, style: Style) -> Painted {
    let weight = if text.bold { FontStyle::Bold } else { FontStyle::Normal };
    let size = text.size * EM * SCALE as f64;
    let anchor = match text.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let words: TextStyle<'_> =
        (FontFamily::Name(theme::FAMILY), size, weight, &text.colour).into_text_style(&painted_size());
    let (x, y) = pixel(text.at);
    let top = y - (style.baseline * size).round() as i32;
    backend.draw_text(&text.words, &words.pos(Pos::new(anchor, VPos::Top)), (x, top)).map_err(OutputError::drawing)
}

fn pixel((x, y): Pixel) -> (i32, i32) {
    ((x * SCALE as f64).round() as i32, (y * SCALE as f64).round() as i32)
}

/// Plotters fills a rectangle including its lower right corner.
fn less_one((x, y): (i32, i32)) -> (i32, i32) {
    (x - 1, y - 1)
}

/// Averages squares of `SCALE` × `SCALE` pixels of 8-bit RGB.
fn averaged(painted: &[u8], wide: usize) -> Vec<u8> {
    let (columns, rows) = (wide / SCALE, painted.len() / 3 / wide / SCALE);
    let mut small = Vec::with_capacity(columns * rows * 3);
    for row in 0..rows {
        for column in 0..columns {
            for channel in 0..3 {
                let at = |dy: usize, dx: usize| {
                    usize::from(painted[((row * SCALE + dy) * wide + column * SCALE + dx) * 3 + channel])
                };
                let sum: usize = (0..SCALE * SCALE).map(|index| at(index / SCALE, index % SCALE)).sum();
                small.push(((sum + SCALE * SCALE / 2) / (SCALE * SCALE)) as u8);
            }
        }
    }
    small
}
