//! Charts: what a run found, each on a 16:9 canvas that can go on a slide, as SVG and as PNG.
//!
//! Every chart is a function from the result to a [`Picture`], a list of marks with its title and caption; [`draw_all`] writes them.
//! A chart whose data do not exist is left out, with its reason.

mod boot_stages;
mod cost;
mod cpu_credits;
mod frame;
mod ip_usage;
mod nodes_and_pods;
mod pending_time;
mod render;
mod scale;
mod select;
mod sketch;
mod theme;
mod tradeoff;

use crate::experiment::ExperimentResult;
use crate::output::{OutputError, file};
use rayon::prelude::*;
use sketch::Sketch;
use std::path::Path;

pub use theme::{REGULAR, SEMIBOLD};

/// A chart that was written.
#[derive(Clone, Debug)]
pub struct ChartFile {
    /// Its name, such as `ip_usage`: the files are `<name>.svg` and `<name>.png`.
    pub name: &'static str,
    /// What it says.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// The SVG document.
    pub svg: String,
}

/// A chart that could not be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub name: &'static str,
    /// Why.
    pub reason: String,
}

/// What [`draw_all`] did.
#[derive(Clone, Debug, Default)]
pub struct Charts {
    /// Charts written, in the order of the report.
    pub files: Vec<ChartFile>,
    /// Charts without data.
    pub left_out: Vec<LeftOut>,
}

/// A finished chart before it is written.
#[derive(Clone, Debug)]
struct Picture {
    title: String,
    caption: String,
    sketch: Sketch,
}

type Draw = fn(&ExperimentResult) -> Result<Picture, String>;

/// Every chart, the answer first.
const CHARTS: [(&str, Draw); 7] = [
    ("cost", cost::draw),
    ("tradeoff", tradeoff::draw),
    ("cpu_credits", cpu_credits::draw),
    ("pending_time", pending_time::draw),
    ("nodes_and_pods", nodes_and_pods::draw),
    ("ip_usage", ip_usage::draw),
    ("boot_stages", boot_stages::draw),
];

/// Draws every chart that the result has data for into `dir`, which must exist, and removes those of an earlier run that it has not.
///
/// # Errors
/// When a file cannot be written.
pub fn draw_all(result: &ExperimentResult, dir: &Path) -> Result<Charts, OutputError> {
    let drawn: Vec<Result<ChartFile, LeftOut>> =
        CHARTS.par_iter().map(|(name, draw)| draw_one(name, *draw, result, dir)).collect::<Result<_, _>>()?;
    let mut charts = Charts::default();
    for chart in drawn {
        match chart {
            Ok(file) => charts.files.push(file),
            Err(left_out) => charts.left_out.push(left_out),
        }
    }
    Ok(charts)
}

fn draw_one(
    name: &'static str,
    draw: Draw,
    result: &ExperimentResult,
    dir: &Path,
) -> Result<Result<ChartFile, LeftOut>, OutputError> {
    let (svg_name, png_name) = (format!("{name}.svg"), format!("{name}.png"));
    match draw(result) {
        Ok(Picture { title, caption, sketch }) => {
            let svg = render::svg(sketch.marks())?;
            file::write(dir, &svg_name, |out| out.write_all(svg.as_bytes()))?;
            file::write_by_path(dir, &png_name, |path| render::png(sketch.marks(), path))?;
            Ok(Ok(ChartFile { name, title, caption, svg }))
        }
        Err(reason) => {
            file::remove(dir, &svg_name)?;
            file::remove(dir, &png_name)?;
            Ok(Err(LeftOut { name, reason }))
        }
    }
}

/// The line of provenance at the foot of every chart.
fn footer(result: &ExperimentResult) -> String {
    let study = &result.study;
    let (hash, version) = (study.hash.get(..12).unwrap_or(&study.hash), env!("CARGO_PKG_VERSION"));
    format!("simulated with aksim {version} · {} · scenario {hash} · {}", study.name, select::seeds_words(result))
}

/// Hours of the longest plan and of its warm-up.
fn hours(shown: &[select::Shown<'_>]) -> (f64, f64) {
    let longest = shown.iter().map(|variant| &variant.point.plan).max_by_key(|plan| plan.duration);
    longest.map_or((1.0, 0.0), |plan| (plan.duration.as_hours_f64(), plan.warmup.as_hours_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn every_chart_is_drawn_but_the_one_that_needs_a_sweep() {
        let dir = std::path::PathBuf::from("/tmp/charts/two");
        std::fs::create_dir_all(&dir).unwrap();
        draw_all(&sample::two_variants(40), &dir).unwrap();
        let dir = std::path::PathBuf::from("/tmp/charts/sweep");
        std::fs::create_dir_all(&dir).unwrap();
        draw_all(&sample::sweep(&[3, 4, 5, 6, 8], 20), &dir).unwrap();
    }
}
