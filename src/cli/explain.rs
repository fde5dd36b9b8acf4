//! `aksim explain`: one replication, told as a log of what happened.

use super::{INVALID, ScenarioArguments, load};
use crate::cluster::{Event, Fact, Observer, OperationState, PodId, World};
use crate::kernel::{EventKey, SimDuration, SimTime};
use crate::scenario::plan::Point;
use crate::simulation::Simulation;
use anyhow::{Result, bail};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// What `explain` takes.
#[derive(Debug, clap::Args)]
pub struct ExplainArguments {
    /// The scenario file; `-` reads it from standard input.
    scenario_file: PathBuf,
    /// Variant to simulate [default: the first]
    #[arg(long)]
    variant: Option<String>,
    /// Seed [default: the scenario's first]
    #[arg(long)]
    seed: Option<u64>,
    /// Only what concerns pods whose name begins so.
    #[arg(long)]
    pod: Option<String>,
    /// Only what concerns nodes whose name begins so.
    #[arg(long)]
    node: Option<String>,
    /// Print nothing before this much virtual time, such as 2d.
    #[arg(long, value_parser = SimDuration::parse, default_value = "0")]
    from: SimDuration,
    /// Stop at this much virtual time [default: the scenario's duration]
    #[arg(long, value_parser = SimDuration::parse)]
    until: Option<SimDuration>,
    #[command(flatten)]
    scenario: ScenarioArguments,
}

/// Simulates one replication and prints its facts.
pub fn run(arguments: &ExplainArguments) -> Result<ExitCode> {
    let Some(loaded) = load(&arguments.scenario_file, &arguments.scenario) else {
        return Ok(ExitCode::from(INVALID));
    };
    let study = loaded.study;
    let point = match &arguments.variant {
        None => &study.points[0],
        Some(name) => match study.points.iter().find(|point| point.variant == *name) {
            Some(point) => point,
            None => bail!("no variant {name:?}; there are {}", variants(&study.points)),
        },
    };
    let mut simulation = Simulation::new(&point.plan, arguments.seed.unwrap_or(study.seeds.first));
    let mut log = Log { out: BufWriter::new(std::io::stdout().lock()), arguments, broken: None };
    simulation.run(&mut log);
    log.out.flush()?;
    match log.broken {
        // A reader that closed its end (`| head`) has seen enough.
        Some(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn variants(points: &[Point]) -> String {
    let mut names: Vec<&str> = points.iter().map(|point| point.variant.as_str()).collect();
    names.dedup();
    names.join(", ")
}

/// Prints facts as they happen.
struct Log<'a, W: Write> {
    out: W,
    arguments: &'a ExplainArguments,
    broken: Option<std::io::Error>,
}

impl<W: Write> Observer for Log<'_, W> {
    fn after_event(&mut self, key: EventKey, _: Event, facts: &[Fact], world: &World) {
        let (from, until) = (self.arguments.from, self.arguments.until.unwrap_or(world.plan.duration));
        if key.at < SimTime::after_start(from) || key.at > SimTime::after_start(until) || self.broken.is_some() {
            return;
        }
        for fact in facts {
            if !self.concerns(*fact, world) {
                continue;
            }
            if let Err(error) = writeln!(self.out, "{} {}", stamp(key.at), sentence(*fact, world)) {
                self.broken = Some(error);
                return;
            }
        }
    }
}

impl<W: Write> Log<'_, W> {
    fn concerns(&self, fact: Fact, world: &World) -> bool {
        let (pod, node) = subjects(fact, world);
        let matches = |wanted: &Option<String>, name: Option<&str>| {
            wanted.as_ref().is_none_or(|prefix| name.is_some_and(|name| name.starts_with(prefix.as_str())))
        };
        matches(&self.arguments.pod, pod) && matches(&self.arguments.node, node)
    }
}

/// The pod and the node that a fact is about.
fn subjects(fact: Fact, world: &World) -> (Option<&str>, Option<&str>) {
    let of_pod = |pod: PodId| {
        let state = &world.pods[pod];
        (Some(state.name.as_str()), state.node.map(|node| &*world.nodes[node].info.name))
    };
    match fact {
        Fact::PodCreated(pod)
        | Fact::PodUnschedulable(pod)
        | Fact::PodScheduled(pod)
        | Fact::PodPulled(pod)
        | Fact::PodReady(pod)
        | Fact::PodDeleted(pod)
        | Fact::PodEnded(pod)
        | Fact::EvictionRefused(pod, _)
        | Fact::PodEvicted(pod)
        | Fact::PodPreempted(pod, _) => of_pod(pod),
        Fact::NodeRequested(node)
        | Fact::StageEnded(node, ..)
        | Fact::NodeReady(node)
        | Fact::NodeFailed(node, _)
        | Fact::NodeCordoned(node)
        | Fact::NodeDrained(node, _)
        | Fact::NodeReimaged(node)
        | Fact::NodeDeleted(node)
        | Fact::AddressesChanged(_, node)
        | Fact::ScaledDown(node) => (None, Some(&world.nodes[node].info.name)),
        Fact::ScaledUp(..) | Fact::OperationChanged(_) => (None, None),
    }
}

/// `2d 03:04:05.678`
fn stamp(at: SimTime) -> String {
    let millis = at.micros() / 1000;
    let (days, rest) = (millis / 86_400_000, millis % 86_400_000);
    let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{days}d {hours:02}:{minutes:02}:{seconds:02}.{:03}", rest % 1000)
}

fn sentence(fact: Fact, world: &World) -> String {
    let pod = |pod: PodId| {
        format!("pod {}/{}", world.workload_plan(world.pods[pod].workload).namespace, world.pods[pod].name)
    };
    let node = |node| format!("node {}", world.nodes[node].info.name);
    match fact {
        Fact::PodCreated(id) => format!("{} created", pod(id)),
        Fact::PodUnschedulable(id) => {
            format!("{} pending: {}", pod(id), world.pods[id].unschedulable.as_deref().unwrap_or("bound meanwhile"))
        }
        Fact::PodScheduled(id) => {
            let host = world.pods[id].node.map_or("no node", |host| &*world.nodes[host].info.name);
            format!("{} bound to {host}", pod(id))
        }
        Fact::PodPulled(id) => format!("{} has its images", pod(id)),
        Fact::PodReady(id) => format!("{} ready", pod(id)),
        Fact::PodDeleted(id) => format!("{} deleted, begins to terminate", pod(id)),
        Fact::PodEnded(id) => format!("{} ended ({:?})", pod(id), world.pods[id].phase),
        Fact::EvictionRefused(id, budget) => {
            format!(
                "{} not evicted: disruption budget {} allows none",
                pod(id),
                world.plan.budgets[world.budgets[budget].plan].name
            )
        }
        Fact::PodEvicted(id) => format!("{} evicted", pod(id)),
        Fact::PodPreempted(id, by) => format!("{} preempted: makes room for {}", pod(id), pod(by)),
        Fact::NodeRequested(id) => {
            format!("{} requested{}", node(id), if world.nodes[id].surge { " (surge)" } else { "" })
        }
        Fact::StageEnded(id, stage, took) => format!("{} {} after {:.1}s", node(id), stage.name(), took.as_secs_f64()),
        Fact::NodeReady(id) => format!("{} ready, Kubernetes {}", node(id), world.nodes[id].version),
        Fact::NodeFailed(id, failure) => format!("{} failed: {}", node(id), failure.code()),
        Fact::NodeCordoned(id) => format!("{} cordoned", node(id)),
        Fact::NodeDrained(id, true) => format!("{} drained", node(id)),
        Fact::NodeDrained(id, false) => format!("{} not drained before the timeout", node(id)),
        Fact::NodeReimaged(id) => format!("{} reimaged", node(id)),
        Fact::NodeDeleted(id) => format!("{} deleted", node(id)),
        Fact::AddressesChanged(subnet, id) => {
            let name = &world.plan.cluster.subnets[crate::kernel::Id::index(subnet)].name;
            let state = &world.subnets[subnet];
            format!("subnet {name}: {} of {} addresses used ({})", state.used(), state.usable(), node(id))
        }
        Fact::ScaledUp(pool, count) => format!("autoscaler raises pool {} by {count}", world.pool_plan(pool).name),
        Fact::ScaledDown(id) => format!("autoscaler removes {}", node(id)),
        Fact::OperationChanged(id) => {
            let operation = &world.operations[id];
            let asked = world.plan.operations[operation.plan].kind.describe(&world.plan);
            match &operation.state {
                OperationState::Planned => format!("operation {asked}: planned"),
                OperationState::Running => format!("operation {asked}: accepted"),
                OperationState::Succeeded => format!("operation {asked}: succeeded"),
                OperationState::Refused(why) => format!("operation {asked}: refused, {}: {}", why.code, why.message),
                OperationState::Failed(why) => format!("operation {asked}: failed, {}: {}", why.code, why.message),
            }
        }
    }
}
