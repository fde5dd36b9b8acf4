//! `aksim run`: simulate, compare, write.

use super::{INVALID, OBJECTIVE_BROKEN, ScenarioArguments, load};
use crate::experiment::{self, RunOptions};
use crate::output::{self, RunInfo, TableFormat};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// What `run` takes.
#[derive(Debug, clap::Args)]
pub struct RunArguments {
    /// Scenario files; `-` reads one from standard input.
    #[arg(required = true)]
    scenarios: Vec<PathBuf>,
    /// Folder for the results, of several scenarios a folder in it for each [default: results/<scenario>]
    #[arg(short, long)]
    out: Option<PathBuf>,
    /// Number of seeds, instead of the scenario's.
    #[arg(long)]
    seeds: Option<u64>,
    /// Number of threads [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    format: TableFormat,
    /// Seeds whose rows go into the detail files (nodes.csv, pods.csv, …).
    #[arg(long, default_value_t = 1)]
    detail: usize,
    #[command(flatten)]
    scenario: ScenarioArguments,
}

/// Runs every scenario. An invalid one is reported and the others still run.
pub fn run(arguments: &RunArguments) -> Result<ExitCode> {
    let mut worst = 0;
    for path in &arguments.scenarios {
        worst = worst.max(run_one(arguments, path)?);
    }
    Ok(ExitCode::from(worst))
}

fn run_one(arguments: &RunArguments, path: &Path) -> Result<u8> {
    let mut scenario = ScenarioArguments { sets: arguments.scenario.sets.clone(), ..arguments.scenario };
    scenario.sets.extend(arguments.seeds.map(|seeds| ("seeds".to_owned(), seeds.to_string())));
    let Some(loaded) = load(path, &scenario) else {
        return Ok(INVALID);
    };
    let study = Arc::new(loaded.study);
    let threads =
        arguments.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    #[expect(
        clippy::disallowed_types,
        reason = "how long the run took is told to the user and stands in run.json's timing only"
    )]
    let started = std::time::Instant::now();
    let bar = progress_bar(arguments.scenario.quiet);
    let progress = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let options = RunOptions { threads, keep_detail: arguments.detail, progress: &progress };
    let result = experiment::run(&study, &options)?;
    bar.finish_and_clear();
    let elapsed = started.elapsed();
    print!("{}", output::render(&result, arguments.format)?);
    // Several scenarios do not overwrite each other.
    let folder = match &arguments.out {
        Some(folder) if arguments.scenarios.len() == 1 => folder.clone(),
        Some(folder) => folder.join(&study.name),
        None => Path::new("results").join(&study.name),
    };
    let info = RunInfo { command: command_line(arguments, path), threads, elapsed };
    let written = output::write_all(&result, &folder, &info)
        .with_context(|| format!("writing results to {}", folder.display()))?;
    if !arguments.scenario.quiet {
        eprintln!("{written}");
    }
    let broken = result.verdicts.iter().any(|verdict| !verdict.holds);
    Ok(if broken { OBJECTIVE_BROKEN } else { 0 })
}

/// A bar on standard error, only when that is a terminal and quiet was not asked for.
fn progress_bar(quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, target).with_style(style)
}

/// The command that repeats this run, whatever the number of threads was.
fn command_line(arguments: &RunArguments, path: &Path) -> String {
    let mut line = format!("aksim run {}", path.display());
    for (key, value) in &arguments.scenario.sets {
        line.push_str(&format!(" --set '{key}={value}'"));
    }
    if let Some(seeds) = arguments.seeds {
        line.push_str(&format!(" --seeds {seeds}"));
    }
    if arguments.detail != 1 {
        line.push_str(&format!(" --detail {}", arguments.detail));
    }
    line
}
