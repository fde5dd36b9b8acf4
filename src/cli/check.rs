//! `aksim check`: validate scenarios without running them.

use super::{INVALID, ScenarioArguments, load};
use anyhow::Result;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `check` takes.
#[derive(Debug, clap::Args)]
pub struct CheckArguments {
    /// Scenario files; `-` reads one from standard input.
    #[arg(required = true)]
    scenarios: Vec<PathBuf>,
    #[command(flatten)]
    scenario: ScenarioArguments,
}

/// Checks every scenario, and says of each that it is valid or what is wrong.
pub fn run(arguments: &CheckArguments) -> Result<ExitCode> {
    // Whoever checks wants to know what is ignored.
    let scenario = ScenarioArguments {
        verbose: !arguments.scenario.quiet,
        sets: arguments.scenario.sets.clone(),
        ..arguments.scenario
    };
    let mut invalid = false;
    for path in &arguments.scenarios {
        match load(path, &scenario) {
            Some(loaded) => {
                let study = &loaded.study;
                println!(
                    "{}: valid: {} points × {} seeds, {} of virtual time each",
                    path.display(),
                    study.points.len(),
                    study.seeds.count,
                    study.points[0].plan.duration
                );
            }
            None => invalid = true,
        }
    }
    Ok(ExitCode::from(if invalid { INVALID } else { 0 }))
}
