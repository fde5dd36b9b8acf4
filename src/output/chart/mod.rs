//! Charts: what a run found, each on a 16:9 canvas that can go on a slide, as SVG and as PNG.
//!
//! Every chart is a function from the result to a `Picture`, a list of marks with its title and caption; [`draw_all`] writes them.
//! A chart whose data do not exist is left out, with its reason.

mod boot_stages;
mod cost;
mod cpu_credits;
mod frame;
mod ip_usage;
mod nodes_and_pods;
mod outbound;
mod pending_time;
mod render;
mod scale;
mod select;
mod sizes;
mod sketch;
mod surge;
mod theme;
mod tradeoff;
mod upgrade_gantt;

use crate::experiment::ExperimentResult;
use crate::output::{OutputError, file};
use rayon::prelude::*;
use sketch::Sketch;
use std::path::Path;

pub use sizes::draw_sizes;
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
const CHARTS: [(&str, Draw); 10] = [
    ("cost", cost::draw),
    ("tradeoff", tradeoff::draw),
    ("surge", surge::draw),
    ("upgrade_gantt", upgrade_gantt::draw),
    ("cpu_credits", cpu_credits::draw),
    ("pending_time", pending_time::draw),
    ("nodes_and_pods", nodes_and_pods::draw),
    ("ip_usage", ip_usage::draw),
    ("outbound", outbound::draw),
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
    use crate::observe::FITS_WINDOW;
    use crate::output::sample;

    fn drawn(result: &ExperimentResult) -> (tempfile::TempDir, Charts) {
        let dir = tempfile::tempdir().unwrap();
        let charts = draw_all(result, dir.path()).unwrap();
        (dir, charts)
    }

    fn svg<'a>(charts: &'a Charts, name: &str) -> &'a str {
        &charts.files.iter().find(|chart| chart.name == name).unwrap_or_else(|| panic!("no chart {name}")).svg
    }

    #[test]
    fn every_chart_is_drawn_but_those_that_need_a_sweep() {
        let (dir, charts) = drawn(&sample::two_variants(3));
        assert_eq!(charts.files.len(), CHARTS.len() - 2);
        let left_out = |name, reason: &str| LeftOut { name, reason: reason.to_owned() };
        let surge = left_out("surge", "the scenario does not sweep maxSurge alone");
        assert_eq!(charts.left_out, [left_out("tradeoff", "the scenario has no sweep"), surge]);
        for chart in &charts.files {
            assert!(chart.svg.contains(&chart.title), "{} lacks its title {}", chart.name, chart.title);
            assert!(chart.svg.contains("scenario 3f2a9c01d4e5"), "{} lacks its provenance", chart.name);
            let png = std::fs::read(dir.path().join(format!("{}.png", chart.name))).unwrap();
            assert!(png.starts_with(b"\x89PNG"), "{}", chart.name);
        }
    }

    #[test]
    fn charts_carry_units_limits_and_the_names_of_variants() {
        let (_dir, charts) = drawn(&sample::two_variants(3));
        let words = [
            ("ip_usage", "251 usable"),
            ("ip_usage", "days since the start"),
            ("outbound", "Every connection to the internet finds a source port"),
            ("outbound", "all ports in use"),
            ("cpu_credits", "CPU, cores"),
            ("cpu_credits", "no burstable nodes, no credits"),
            ("cost", "USD per month"),
            ("boot_stages", "seconds since the request"),
            ("pending_time", "time from creation to binding"),
            ("nodes_and_pods", "B-series"),
        ];
        for (name, words) in words {
            assert!(svg(&charts, name).contains(words), "{name} lacks {words:?}");
        }
    }

    #[test]
    fn a_sweep_gets_a_picture_of_cost_against_waiting() {
        let (_dir, charts) = drawn(&sample::sweep(&[3, 4, 5], 3));
        let left_out: Vec<&str> = charts.left_out.iter().map(|chart| chart.name).collect();
        assert_eq!(left_out, ["surge"]);
        assert!(svg(&charts, "tradeoff").contains("maxCount=4"));
    }

    #[test]
    fn a_sweep_of_surge_gets_a_picture_of_what_it_buys_and_costs() {
        let mut result = sample::sweep(&[1, 2, 4], 3);
        for (_, value) in
            std::sync::Arc::make_mut(&mut result.study).points.iter_mut().flat_map(|point| &mut point.sweep)
        {
            *value = format!("{value}0%");
        }
        for point in &mut std::sync::Arc::make_mut(&mut result.study).points {
            point.sweep[0].0 = "cluster.agentPoolProfiles[apps].upgradeSettings.maxSurge".to_owned();
        }
        for (index, run) in result.points.iter_mut().flat_map(|point| &mut point.runs).enumerate() {
            for (name, value) in [("upgrade_seconds", 7200.0), ("surge_cost_usd", 1.5), ("surge_vcpus_peak", 8.0)] {
                run.metrics.push((name.to_owned(), value + index as f64));
            }
            run.metrics.push(("evictions".to_owned(), 40.0));
            run.metrics.push(("operations_failed".to_owned(), 0.0));
            run.metrics.push(("budget.shop/web.held_seconds".to_owned(), 600.0));
        }
        let (_dir, charts) = drawn(&result);
        let svg = svg(&charts, "surge");
        for words in ["Duration if it succeeds", "10%", "Pods held by budgets", "instead of 2 h with 10%", "Ends well"]
        {
            assert!(svg.contains(words), "{words}");
        }
        for (index, run) in result.points.iter_mut().flat_map(|point| &mut point.runs).enumerate() {
            run.metrics.push((FITS_WINDOW.to_owned(), f64::from(u8::from(index != 2))));
        }
        let (_dir, charts) = drawn(&result);
        let svg = self::svg(&charts, "surge");
        for words in ["Done in its window", "maxSurge 20%: 100 % of upgrades are done in their window (10%: 67 %)"] {
            assert!(svg.contains(words), "{words}: {svg}");
        }
        // With the last surge no upgrade succeeds, so none has a duration.
        for run in &mut result.points[2].runs {
            run.metrics.iter_mut().filter(|(name, _)| name == "upgrade_seconds").for_each(|metric| metric.1 = f64::NAN);
        }
        let (_dir, charts) = drawn(&result);
        assert!(!self::svg(&charts, "surge").contains("NaN"));
        for run in result.points.iter_mut().flat_map(|point| &mut point.runs) {
            run.metrics.iter_mut().filter(|(name, _)| name == FITS_WINDOW).for_each(|metric| metric.1 = 0.0);
        }
        let (_dir, charts) = drawn(&result);
        assert!(self::svg(&charts, "surge").contains("No upgrade is done in its window"));
    }

    #[test]
    fn the_gantt_chart_shows_the_window_and_says_by_how_much_an_upgrade_misses_it() {
        for (closes, title) in
            [(345_660.0, "60 s of them after its window"), (345_900.0, "3 min before its window closes")]
        {
            let mut result = sample::two_variants(1);
            let details =
                result.points.iter_mut().flat_map(|point| &mut point.runs).filter_map(|run| run.detail.as_mut());
            for operation in details.flat_map(|detail| &mut detail.operations) {
                operation.window_closes_s = Some(closes);
            }
            let (_dir, charts) = drawn(&result);
            let svg = svg(&charts, "upgrade_gantt");
            assert!(svg.contains(title) && svg.contains("the window closes"), "{svg}");
        }
    }

    #[test]
    fn a_chart_without_data_is_left_out_and_an_old_one_is_removed() {
        let mut result = sample::two_variants(2);
        let dir = tempfile::tempdir().unwrap();
        draw_all(&result, dir.path()).unwrap();
        for run in result.points.iter_mut().flat_map(|point| &mut point.runs) {
            run.boots.clear();
            run.pending_seconds.clear();
        }
        let charts = draw_all(&result, dir.path()).unwrap();
        let names: Vec<&str> = charts.left_out.iter().map(|chart| chart.name).collect();
        assert_eq!(names, ["tradeoff", "surge", "pending_time", "boot_stages"]);
        assert!(!dir.path().join("boot_stages.png").exists());
    }

    #[test]
    fn costs_of_nothing_and_waits_that_hardly_differ_get_no_picture() {
        let mut result = sample::sweep(&[3, 4], 3);
        for row in result.summary.iter_mut().filter(|row| row.minus.is_empty()) {
            match row.metric.as_str() {
                "cost_month_usd" => row.mean = 0.0,
                "pod_pending_seconds.p95" => (row.mean, row.ci95_low, row.ci95_high) = (0.74, 0.7, 0.78),
                _ => {}
            }
        }
        let (_dir, charts) = drawn(&result);
        let reason = |name| charts.left_out.iter().find(|chart| chart.name == name).map(|chart| chart.reason.as_str());
        assert_eq!(reason("cost"), Some("nothing has a price"));
        assert_eq!(reason("tradeoff"), Some("pods wait about as long at every point"));
    }

    #[test]
    fn one_seed_and_one_point_are_enough() {
        let mut result = sample::two_variants(1);
        result.points.truncate(1);
        let study = std::sync::Arc::make_mut(&mut result.study);
        study.points.truncate(1);
        study.baseline = None;
        let (_dir, charts) = drawn(&result);
        assert_eq!(charts.files.len(), CHARTS.len() - 2);
    }
}
