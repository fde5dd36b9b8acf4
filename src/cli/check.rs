//! `aksim check`: validate scenarios and foretell what their operations meet, without running them.

use super::{INVALID, OBJECTIVE_BROKEN, ScenarioArguments, load};
use crate::output::preflight::{self as output, Preflight};
use crate::output::{TableFormat, table::Look};
use crate::preflight::{self, Verdict};
use crate::scenario::plan::Study;
use anyhow::Result;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `check` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 valid, and no check FAILs; 1 failure; 2 usage or an invalid scenario; 3 a check FAILs."
)]
pub struct CheckArguments {
    /// Scenario files; `-` reads one from standard input.
    #[arg(required = true)]
    scenarios: Vec<PathBuf>,
    /// What is printed; with --quiet the table leaves out what passes.
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    format: TableFormat,
    #[command(flatten)]
    scenario: ScenarioArguments,
}

/// Checks every scenario: what is wrong with it, or what each of its operations will meet.
pub fn run(arguments: &CheckArguments) -> Result<ExitCode> {
    // Whoever checks wants to know what is ignored.
    let scenario = ScenarioArguments {
        verbose: !arguments.scenario.quiet,
        sets: arguments.scenario.sets.clone(),
        ..arguments.scenario
    };
    let mut invalid = false;
    let mut preflights = Vec::new();
    let mut bytes = Vec::new();
    for path in &arguments.scenarios {
        let Some(loaded) = load(path, &scenario) else {
            invalid = true;
            continue;
        };
        let study = &loaded.study;
        let found = Preflight {
            scenario: study.name.clone(),
            points: study.points.len(),
            checks: preflight::check_points(&study.points),
        };
        if arguments.format == TableFormat::Table {
            let least = if arguments.scenario.quiet { Verdict::Risk } else { Verdict::Pass };
            let separator = if bytes.is_empty() { "" } else { "\n" };
            writeln!(bytes, "{separator}{}", valid(path, study))?;
            bytes.extend(output::render(&found, least, Look::of_stdout().fitted).as_bytes());
        }
        preflights.push(found);
    }
    match arguments.format {
        TableFormat::Table => {}
        TableFormat::Json => output::write_json(&preflights, &mut bytes)?,
        TableFormat::Csv => output::write_csv(&preflights, &mut bytes)?,
    }
    match io::stdout().write_all(&bytes) {
        // A reader that closed its end (`| head`) has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    // A FAIL is an answer, as a broken objective is, and no failure of the check.
    let fails = preflights.iter().any(|found| found.count(Verdict::Fail) > 0);
    Ok(ExitCode::from(if invalid {
        INVALID
    } else if fails {
        OBJECTIVE_BROKEN
    } else {
        0
    }))
}

fn valid(path: &Path, study: &Study) -> String {
    format!(
        "{}: valid: {} points × {} seeds, {} of virtual time each",
        path.display(),
        study.points.len(),
        study.seeds.count,
        study.points[0].plan.duration
    )
}
