//! The heat map of subnet sizes: nodes × maxPods, a panel for each surge.

use super::frame::{BOTTOM, page};
use super::render;
use super::sketch::{Anchor, Sketch, text_width};
use super::theme::{ALARM, Colour, INK, LABEL, MARGIN, MUTED, PAPER, TICK, WIDTH};
use crate::output::ip::sizes::{self, Grid, Model, Size};
use crate::output::{OutputError, file};
use plotters::style::RGBColor;
use std::path::Path;

/// Panels that fit; of more the first ones are drawn.
const PANELS: usize = 3;
/// Where panels begin.
const TOP: f64 = 240.0;
/// From dark to light: one colour for every bit of a prefix. Blues of equal steps in lightness.
const SHADES: [Colour; 9] = [
    RGBColor(0x08, 0x30, 0x6B),
    RGBColor(0x08, 0x51, 0x9C),
    RGBColor(0x21, 0x71, 0xB5),
    RGBColor(0x42, 0x92, 0xC6),
    RGBColor(0x6B, 0xAE, 0xD6),
    RGBColor(0x9E, 0xCA, 0xE1),
    RGBColor(0xC6, 0xDB, 0xEF),
    RGBColor(0xDE, 0xEB, 0xF7),
    RGBColor(0xF7, 0xFB, 0xFF),
];
/// Shades from which on dark text is read better than light.
const LIGHT: usize = 4;

/// Writes `ip_table.csv`, `ip_table.svg` and `ip_table.png` into the folder, and says so.
///
/// # Errors
/// When a file cannot be written.
pub fn draw_sizes(grid: &Grid, folder: &Path) -> Result<String, OutputError> {
    std::fs::create_dir_all(folder).map_err(|source| OutputError::Write { path: folder.to_owned(), source })?;
    file::write(folder, "ip_table.csv", |out| sizes::write_csv(grid, out))?;
    let sketch = sketch(grid);
    let svg = render::svg(sketch.marks())?;
    file::write(folder, "ip_table.svg", |out| out.write_all(svg.as_bytes()))?;
    file::write_by_path(folder, "ip_table.png", |path| render::png(sketch.marks(), path))?;
    Ok(format!("ip_table.csv, ip_table.svg and ip_table.png in {}", folder.display()))
}

fn sketch(grid: &Grid) -> Sketch {
    let model = grid.model;
    let all = grid.sizes();
    let range = (all.iter().map(|size| size.prefix).min(), all.iter().map(|size| size.prefix).max());
    let title = match range {
        (Some(least), Some(most)) if least < most => {
            format!("From a /{most} to a /{least}: the {} of {}", model.range(), model.name())
        }
        (Some(least), _) => format!("A /{least}: the {} of {}", model.range(), model.name()),
        _ => model.name().to_owned(),
    };
    let mut sketch = Sketch::default();
    let besides = if model == Model::NodeSubnet { "" } else { "; the nodes' own subnet comes on top" };
    let subtitle = format!("Longest prefix with room for (nodes + surge) × what a node takes{besides}");
    let footer =
        format!("aksim {} · Microsoft's formula, Azure's five addresses in the prefix", env!("CARGO_PKG_VERSION"));
    page(&mut sketch, &title, &subtitle, &footer);
    let panels = grid.surge.len().min(PANELS);
    let gap = 40.0;
    let width = (WIDTH - 2.0 * MARGIN - gap * (panels as f64 - 1.0)) / panels as f64;
    for (index, surge) in grid.surge.iter().take(PANELS).enumerate() {
        let left = MARGIN + index as f64 * (width + gap);
        panel(&mut sketch, grid, surge, (left, left + width), range.0.unwrap_or(0), index == 0);
    }
    if all.iter().any(|size| !size.limit.is_empty()) {
        let mut limits: Vec<&str> =
            all.iter().map(|size| size.limit.as_str()).filter(|limit| !limit.is_empty()).collect();
        limits.sort_unstable();
        limits.dedup();
        let at = (WIDTH - MARGIN, BOTTOM + 70.0);
        sketch.text(at, Anchor::End, TICK, ALARM, format!("! {}", limits.join("; ")));
    }
    sketch
}

fn panel(
    sketch: &mut Sketch,
    grid: &Grid,
    surge: &(String, crate::scenario::plan::IntOrPercent),
    (left, right): (f64, f64),
    least: u8,
    first: bool,
) {
    let names = 64.0;
    let (rows, columns) = (grid.nodes.len() as f64, grid.max_pods.len() as f64);
    let (height, width) = ((BOTTOM - TOP) / rows, (right - left - names) / columns);
    sketch.bold((left, TOP - 56.0), Anchor::Start, LABEL, INK, format!("maxSurge {}", surge.0));
    let words = if first { "nodes ↓   maxPods →" } else { "" };
    sketch.text((left + names, TOP - 56.0 + 26.0), Anchor::Start, TICK, MUTED, words);
    for (column, pods) in grid.max_pods.iter().enumerate() {
        let x = left + names + (column as f64 + 0.5) * width;
        sketch.text((x, BOTTOM + 30.0), Anchor::Middle, TICK, MUTED, pods.to_string());
    }
    for (row, nodes) in grid.nodes.iter().enumerate() {
        let top = TOP + row as f64 * height;
        sketch.text((left + names - 12.0, top + height / 2.0 + 7.0), Anchor::End, TICK, MUTED, nodes.to_string());
        for (column, pods) in grid.max_pods.iter().enumerate() {
            let x = left + names + column as f64 * width;
            cell(sketch, &grid.size(*nodes, *pods, surge), (x, top), (width, height), least);
        }
    }
}

fn cell(sketch: &mut Sketch, size: &Size, (x, y): (f64, f64), (width, height): (f64, f64), least: u8) {
    let shade = usize::from(size.prefix - least).min(SHADES.len() - 1);
    sketch.rectangle((x + 1.5, y + 1.5), (x + width - 1.5, y + height - 1.5), SHADES[shade], 1.0);
    let colour = if shade >= LIGHT { INK } else { PAPER };
    let mark = if size.limit.is_empty() { "" } else { " !" };
    let words = format!("/{}{mark}", size.prefix);
    if text_width(&words, TICK, true) + 4.0 < width && height > TICK {
        sketch.bold((x + width / 2.0, y + height / 2.0 + 7.0), Anchor::Middle, TICK, colour, words);
    }
}
