//! `aksim inventory`: what a deployment creates in its resource groups, and what each resource costs a month.

use super::{INVALID, PointArguments, ScenarioArguments, Silent, load};
use crate::catalog::Catalog;
use crate::kernel::{SimDuration, SimTime};
use crate::observe::inventory::{self, Inventory};
use crate::output::{inventory as output, table::Look};
use crate::scenario::plan::Plan;
use crate::simulation::Simulation;
use anyhow::{Result, bail};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// What `inventory` takes.
#[derive(Debug, clap::Args)]
pub struct InventoryArguments {
    /// The scenario file; `-` reads it from standard input.
    scenario_file: PathBuf,
    #[command(flatten)]
    point: PointArguments,
    /// The moment, as virtual time since the start, such as 2d; the scenario's end at most.
    #[arg(long, value_parser = SimDuration::parse, default_value = "0")]
    at: SimDuration,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    scenario: ScenarioArguments,
}

/// The forms of an inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A block for each resource group, for people; more than eight parts of one resource share a row.
    Table,
    /// One object with the resource groups, their sums and the notes.
    Json,
    /// A row for each resource.
    Csv,
}

/// Simulates one replication through the moment and prints what there is.
pub fn run(arguments: &InventoryArguments) -> Result<ExitCode> {
    let Some(loaded) = load(&arguments.scenario_file, &arguments.scenario) else {
        return Ok(ExitCode::from(INVALID));
    };
    let study = loaded.study;
    let (point, seed) = arguments.point.choose(&study)?;
    let end = point.plan.duration;
    if arguments.at > end {
        bail!("--at {}: the scenario ends at {end}, write that or less", arguments.at);
    }
    let mut simulation = Simulation::new(&point.plan, seed);
    simulation.run_through(SimTime::after_start(arguments.at), &mut Silent);
    let found = inventory::inventory(simulation.world());
    let mut bytes = Vec::new();
    match arguments.format {
        Format::Table => {
            let title = format!("{}, {}, seed {seed}", study.name, point.label());
            writeln!(bytes, "{title}, at {}\n", moment(&point.plan, &found))?;
            bytes.extend(output::render(&found, Look::of_stdout().fitted).as_bytes());
            if !found.groups.is_empty() {
                writeln!(bytes, "{}", about_prices())?;
            }
        }
        Format::Json => output::write_json(&found, &mut bytes)?,
        Format::Csv => output::write_csv(&found, &mut bytes)?,
    }
    match io::stdout().write_all(&bytes) {
        // A reader that closed its end (`| head`) has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// The moment as virtual time and as the clock on the wall showed it.
fn moment(plan: &Plan, inventory: &Inventory) -> String {
    let since_start = inventory.at.since(SimTime::ZERO);
    let clock = plan.start.checked_add(jiff::SignedDuration::from_micros(since_start.micros().cast_signed()));
    match clock {
        Ok(clock) => format!("{since_start} ({})", clock.strftime("%Y-%m-%d %H:%M %Z")),
        Err(_) => since_start.to_string(),
    }
}

fn about_prices() -> String {
    format!(
        "Prices as the scenario sets them, otherwise list prices at most as new as {}, without tax; a month is 730 h. Traffic \
         and operations of disks are left out.",
        Catalog::get().price_date()
    )
}
