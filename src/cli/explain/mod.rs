//! `aksim explain`: one replication, told as a log of what happened, or as the scheduler's view of one pod at one moment.

mod decision;
mod log;
mod pods;

use super::{INVALID, PointArguments, ScenarioArguments, Silent, load};
use crate::kernel::{SimDuration, SimTime};
use crate::simulation::Simulation;
use anyhow::Result;
use log::Log;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// What `explain` takes.
#[derive(Debug, clap::Args)]
pub struct ExplainArguments {
    /// The scenario file; `-` reads it from standard input.
    scenario_file: PathBuf,
    #[command(flatten)]
    point: PointArguments,
    /// Only what concerns pods whose name begins so; with --at the pod of this name or of the only name that begins so.
    #[arg(long)]
    pod: Option<String>,
    /// Only what concerns nodes whose name begins so.
    #[arg(long)]
    node: Option<String>,
    /// Instead of the log: what the scheduler makes of the pod after this much virtual time, node by node.
    #[arg(long, value_parser = SimDuration::parse, requires = "pod", conflicts_with_all = ["node", "from", "until"])]
    at: Option<SimDuration>,
    /// Print nothing before this much virtual time, such as 2d.
    #[arg(long, value_parser = SimDuration::parse, default_value = "0")]
    from: SimDuration,
    /// Stop at this much virtual time [default: the scenario's duration]
    #[arg(long, value_parser = SimDuration::parse)]
    until: Option<SimDuration>,
    #[command(flatten)]
    scenario: ScenarioArguments,
}

/// Simulates one replication and prints its facts, or the decision on a pod.
pub fn run(arguments: &ExplainArguments) -> Result<ExitCode> {
    let Some(loaded) = load(&arguments.scenario_file, &arguments.scenario) else {
        return Ok(ExitCode::from(INVALID));
    };
    let study = loaded.study;
    let (point, seed) = arguments.point.choose(&study)?;
    let mut simulation = Simulation::new(&point.plan, seed);
    match (arguments.at, &arguments.pod) {
        (Some(at), Some(name)) => decide(&mut simulation, name, at),
        _ => tell(&mut simulation, arguments),
    }
}

/// Prints what happens, and at the end what keeps the pods asked for pending.
fn tell(simulation: &mut Simulation, arguments: &ExplainArguments) -> Result<ExitCode> {
    let mut log = Log { out: BufWriter::new(io::stdout().lock()), arguments, broken: None };
    match arguments.until {
        Some(until) => simulation.run_through(SimTime::after_start(until), &mut log),
        None => simulation.run(&mut log),
    }
    let world = simulation.world();
    let unknown = arguments.pod.as_ref().and_then(|prefix| pods::unknown(world, prefix));
    let unknown = unknown.or_else(|| arguments.node.as_ref().and_then(|prefix| pods::unknown_node(world, prefix)));
    if let Some(problem) = unknown {
        eprintln!("error: {problem}");
        return Ok(ExitCode::from(INVALID));
    }
    if let (Some(prefix), None) = (&arguments.pod, &log.broken) {
        for pending in pods::pending(world, prefix) {
            let end = write!(log.out, "\n{}", decision::explain(world, pending.pod, pending.others));
            log.broken = log.broken.or(end.err());
        }
    }
    match log.broken.or(log.out.flush().err()) {
        // A reader that closed its end (`| head`) has seen enough.
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Prints what the scheduler makes of the pod after so much virtual time.
fn decide(simulation: &mut Simulation, name: &str, at: SimDuration) -> Result<ExitCode> {
    simulation.run_through(SimTime::after_start(at), &mut Silent);
    let world = simulation.world();
    match pods::find(world, name) {
        Ok(pod) => {
            io::stdout().write_all(decision::explain(world, pod, 0).as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problem) => {
            eprintln!("error: {problem}");
            Ok(ExitCode::from(INVALID))
        }
    }
}
