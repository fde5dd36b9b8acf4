//! The command line: clap types, one subcommand a file.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 failure, 2 usage or invalid scenario,
//! 3 an objective under `expect:` is broken, or a check of the preflight fails.

mod check;
mod explain;
mod init;
mod inventory;
mod ip;
mod run;
mod schema;
mod vm;

use crate::cluster::{Event, Fact, Observer, World};
use crate::experiment::unknown_metrics;
use crate::kernel::EventKey;
use crate::scenario::plan::{Point, Study};
use crate::scenario::{self, Loaded, Problems, did_you_mean};
use anyhow::{Result, bail};
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

/// Exit code of a failure that is not the input's fault.
pub const FAILURE: u8 = 1;
/// Exit code of wrong usage or an invalid scenario.
pub const INVALID: u8 = 2;
/// Exit code when an objective is broken, or a check of the preflight fails.
pub const OBJECTIVE_BROKEN: u8 = 3;

/// Rehearse an AKS cluster before you pay for it.
#[derive(Debug, Parser)]
#[command(name = "aksim", version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulate every variant × sweep point × seed; print the comparison, write CSV, charts and a report.
    Run(run::RunArguments),
    /// Validate, and foretell what operations will meet: budgets, quota, addresses, versions, time.
    Check(check::CheckArguments),
    /// Simulate one seed and print what happened, event by event.
    Explain(explain::ExplainArguments),
    /// What the deployment creates in its two resource groups, and what each resource costs a month.
    Inventory(inventory::InventoryArguments),
    /// How many addresses the scenario needs, in theory and simulated; how large subnets must be; another network model.
    Ip(ip::IpArguments),
    /// What the catalogue knows of VM sizes, credits and prices.
    #[command(subcommand)]
    Vm(vm::VmCommand),
    /// Write a commented starter scenario.
    Init(init::InitArguments),
    /// Explain every key of the scenario file: as JSON Schema, or to read.
    Schema(schema::SchemaArguments),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Parses the arguments and carries out the command.
///
/// # Errors
/// What went wrong, when it is neither usage nor the scenario's fault.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<ExitCode> {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(answer) => {
            answer.print()?;
            return Ok(ExitCode::from(if answer.use_stderr() { INVALID } else { 0 }));
        }
    };
    match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Inventory(arguments) => inventory::run(&arguments),
        Command::Ip(arguments) => ip::run(&arguments),
        Command::Vm(command) => vm::run(&command),
        Command::Init(arguments) => init::run(&arguments),
        Command::Schema(arguments) => schema::run(arguments),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "aksim", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What every subcommand that reads a scenario takes.
#[derive(Debug, clap::Args)]
struct ScenarioArguments {
    /// Replace a value of the scenario, such as `seeds=10` or `cluster.agentPoolProfiles[apps].count=3`; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = parse_set)]
    sets: Vec<(String, String)>,
    /// Say less: warnings and notes are left out.
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more: notes are printed too, with the lines they are about.
    #[arg(short, long)]
    verbose: bool,
}

fn parse_set(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.is_empty() => Ok((path.to_owned(), value.to_owned())),
        _ => Err("write PATH=VALUE, such as seeds=10".to_owned()),
    }
}

/// Which replication a subcommand that simulates only one is about.
#[derive(Debug, clap::Args)]
struct PointArguments {
    /// Variant to simulate [default: the first]
    #[arg(long)]
    variant: Option<String>,
    /// Seed [default: the scenario's first]
    #[arg(long)]
    seed: Option<u64>,
}

impl PointArguments {
    /// The variant at its first sweep point, and the seed.
    ///
    /// # Errors
    /// When there is no such variant.
    fn choose<'a>(&self, study: &'a Study) -> Result<(&'a Point, u64)> {
        let seed = self.seed.unwrap_or(study.seeds.first);
        let Some(name) = &self.variant else {
            return Ok((&study.points[0], seed));
        };
        match study.points.iter().find(|point| point.variant == *name) {
            Some(point) => Ok((point, seed)),
            None => bail!("no variant {name:?}; there are {}", variants(&study.points)),
        }
    }
}

fn variants(points: &[Point]) -> String {
    let mut names: Vec<&str> = points.iter().map(|point| point.variant.as_str()).collect();
    names.dedup();
    names.join(", ")
}

/// Sees everything and says nothing.
struct Silent;

impl Observer for Silent {
    fn after_event(&mut self, _: EventKey, _: Event, _: &[Fact], _: &World) {}
}

/// Loads a scenario and prints what there is to say about it; `None` when it cannot be run.
fn load(scenario: &std::path::Path, arguments: &ScenarioArguments) -> Option<Loaded> {
    match scenario::load(scenario, &arguments.sets) {
        Ok(loaded) => {
            print_problems(&loaded.warnings, arguments);
            knows_its_metrics(scenario, &loaded.study).then_some(loaded)
        }
        Err(problems) => {
            print_problems(&problems, arguments);
            None
        }
    }
}

/// Says which objectives are about metrics that there are not.
fn knows_its_metrics(scenario: &std::path::Path, study: &Study) -> bool {
    let (unknown, known) = unknown_metrics(study);
    for metric in &unknown {
        let remedy = match did_you_mean(metric, known.iter().map(String::as_str)) {
            Some(known) => format!("did you mean {known}?"),
            None => "docs/metrics.md lists them".to_owned(),
        };
        eprintln!("error: {}: expect: unknown metric {metric}, {remedy} [scenario::metric]", scenario.display());
    }
    unknown.is_empty()
}

fn print_problems(problems: &Problems, arguments: &ScenarioArguments) {
    let snippets = arguments.verbose || (problems.has_errors() && std::io::stderr().is_terminal());
    for problem in problems.iter() {
        let hidden = match problem.severity {
            scenario::Severity::Error => false,
            scenario::Severity::Warning => arguments.quiet,
            scenario::Severity::Note => !arguments.verbose,
        };
        if !hidden {
            eprintln!("{}", problem.render(snippets));
        }
    }
}
