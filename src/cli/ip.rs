//! `aksim ip`: how many addresses a scenario needs, in theory and in the simulation; how large subnets must be; another network model.

use super::{INVALID, OBJECTIVE_BROKEN, ScenarioArguments, load};
use crate::experiment::{self, RunOptions};
use crate::output::chart::draw_sizes;
use crate::output::ip::migration::{self, Migration};
use crate::output::ip::report;
use crate::output::ip::sizes::{self, Grid, Model};
use crate::output::{TableFormat, table::Look};
use crate::preflight::Verdict;
use crate::scenario::plan::{IntOrPercent, Point};
use anyhow::{Context, Result, anyhow, bail};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// What `ip` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 nothing runs out; 1 failure; 2 usage or an invalid scenario; 3 a range of addresses FAILs."
)]
pub struct IpArguments {
    /// The scenario file; `-` reads it from standard input.
    scenario_file: PathBuf,
    /// Print how large the subnet must be instead, for ranges of nodes, maxPods and surge, such as
    /// `nodes=10..200,maxPods=30..110,surge=1,10%,33%`; a range may have a step (`10..200:20`).
    #[arg(long, value_name = "RANGES", conflicts_with = "as_network")]
    table: Option<String>,
    /// Compare with another network model instead: what breaks, addresses, routes, how long the reimage takes.
    #[arg(long, value_enum)]
    as_network: Option<Network>,
    /// The model of the table [default: the scenario's]
    #[arg(long, value_enum, requires = "table")]
    network: Option<Network>,
    /// Number of seeds, instead of the scenario's.
    #[arg(long)]
    seeds: Option<u64>,
    /// Folder for `ip_table.csv` and the chart of the table.
    #[arg(short, long, requires = "table")]
    out: Option<PathBuf>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    format: TableFormat,
    #[command(flatten)]
    scenario: ScenarioArguments,
}

/// Network models by the names that the command line has for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Network {
    /// Nodes have addresses of the network, pods of a pod CIDR, with a route for each node.
    Kubenet,
    /// Azure CNI node subnet: pods have addresses of the nodes' subnet.
    Azure,
    /// Azure CNI Overlay: pods have addresses of a pod CIDR.
    Overlay,
    /// Azure CNI pod subnet, dynamic: batches of a subnet of pods.
    PodSubnet,
    /// Azure CNI pod subnet, static blocks.
    StaticBlock,
}

impl Network {
    const fn model(self) -> Model {
        match self {
            Self::Kubenet => Model::Kubenet,
            Self::Azure => Model::NodeSubnet,
            Self::Overlay => Model::Overlay,
            Self::PodSubnet => Model::PodSubnet,
            Self::StaticBlock => Model::StaticBlock,
        }
    }
}

/// Prints what was asked for.
pub fn run(arguments: &IpArguments) -> Result<ExitCode> {
    let mut scenario = ScenarioArguments { sets: arguments.scenario.sets.clone(), ..arguments.scenario };
    scenario.sets.extend(arguments.seeds.map(|seeds| ("seeds".to_owned(), seeds.to_string())));
    let Some(loaded) = load(&arguments.scenario_file, &scenario) else {
        return Ok(ExitCode::from(INVALID));
    };
    let study = Arc::new(loaded.study);
    let fitted = Look::of_stdout().fitted;
    let mut bytes = Vec::new();
    let mut fails = false;
    if let Some(ranges) = &arguments.table {
        let point = study.points.first().context("a study has a point")?;
        let grid = match grid(ranges, point, arguments.network) {
            Ok(grid) => grid,
            Err(problem) => {
                eprintln!("error: --table {ranges}: {problem}");
                return Ok(ExitCode::from(INVALID));
            }
        };
        match arguments.format {
            TableFormat::Table => bytes.extend(sizes::render(&grid, fitted).as_bytes()),
            TableFormat::Json => sizes::write_json(&grid, &mut bytes)?,
            TableFormat::Csv => sizes::write_csv(&grid, &mut bytes)?,
        }
        if let Some(folder) = &arguments.out {
            let written = draw_sizes(&grid, folder).with_context(|| format!("writing to {}", folder.display()))?;
            if !arguments.scenario.quiet {
                eprintln!("{written}");
            }
        }
    } else if let Some(network) = arguments.as_network {
        let compared: Vec<(String, Migration)> = study
            .points
            .iter()
            .map(|point| (point.label(), migration::compare(&point.plan, model_of(point), network.model())))
            .collect();
        match arguments.format {
            TableFormat::Table => {
                for (label, migration) in &compared {
                    if compared.len() > 1 {
                        writeln!(bytes, "{label}")?;
                    }
                    writeln!(bytes, "{}", migration::render(migration, fitted))?;
                }
            }
            TableFormat::Json => migration::write_json(&compared, &mut bytes)?,
            TableFormat::Csv => migration::write_csv(&compared, &mut bytes)?,
        }
    } else {
        let result = experiment::run(&study, &RunOptions { keep_detail: 0, ..RunOptions::default() })?;
        let rows = report::rows(&result);
        if rows.is_empty() {
            bail!("the scenario has no subnet of its own: its nodes are brought along");
        }
        fails = rows.iter().any(|row| row.verdict == Verdict::Fail);
        match arguments.format {
            TableFormat::Table => bytes.extend(report::render(&rows, fitted).as_bytes()),
            TableFormat::Json => report::write_json(&rows, &mut bytes)?,
            TableFormat::Csv => report::write_csv(&rows, &mut bytes)?,
        }
    }
    match io::stdout().write_all(&bytes) {
        // A reader that closed its end (`| head`) has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::from(if fails { OBJECTIVE_BROKEN } else { 0 })),
    }
}

fn model_of(point: &Point) -> Model {
    let cluster = &point.plan.cluster;
    let allocation = (0..cluster.subnets.len()).find_map(|subnet| cluster.pod_allocation(subnet));
    Model::of(cluster.network.model, allocation)
}

/// Reads the ranges of a table. What is left out is as in the scenario's first user pool.
fn grid(text: &str, point: &Point, network: Option<Network>) -> Result<Grid> {
    let cluster = &point.plan.cluster;
    let pool = cluster.pools.iter().find(|pool| !pool.is_brought()).context("the scenario has no pool of VMs")?;
    let mut grid = Grid {
        model: network.map_or_else(|| model_of(point), Network::model),
        routes: cluster.network.routes_per_table,
        nodes: Vec::new(),
        max_pods: Vec::new(),
        surge: Vec::new(),
    };
    let mut key = "";
    for part in text.split(',').map(str::trim) {
        let value = match part.split_once('=') {
            Some((name, value)) => {
                key = name.trim();
                value.trim()
            }
            None => part,
        };
        match key {
            "nodes" => grid.nodes.extend(range(value, 1, 5000)?),
            "maxPods" => grid.max_pods.extend(range(value, 10, 250)?),
            "surge" => grid.surge.push((value.to_owned(), surge(value)?)),
            "" => bail!("found \"{part}\", write nodes=, maxPods= or surge= before it"),
            other => bail!("found \"{other}\", write nodes, maxPods or surge"),
        }
    }
    if grid.nodes.is_empty() {
        grid.nodes = range("10..100:10", 1, 5000)?;
    }
    if grid.max_pods.is_empty() {
        grid.max_pods.push(pool.max_pods);
    }
    if grid.surge.is_empty() {
        grid.surge.push(("1".to_owned(), IntOrPercent::Int(1)));
    }
    for list in [&mut grid.nodes, &mut grid.max_pods] {
        list.sort_unstable();
        list.dedup();
    }
    Ok(grid)
}

/// Rows or columns that a range without a step has at most.
const STEPS: u32 = 12;

/// `30`, `10..200` (in round steps) or `10..200:20`, with both ends.
fn range(text: &str, least: u32, most: u32) -> Result<Vec<u32>> {
    let number = |text: &str| {
        let found: u32 =
            text.parse().map_err(|_| anyhow!("found \"{text}\", write a number or a range such as 10..200"))?;
        if (least..=most).contains(&found) { Ok(found) } else { bail!("found {found}, write {least} to {most}") }
    };
    let Some((from, rest)) = text.split_once("..") else {
        return Ok(vec![number(text)?]);
    };
    let (to, step) = rest.split_once(':').map_or((rest, None), |(to, step)| (to, Some(step)));
    let (from, to) = (number(from)?, number(to)?);
    if from > to {
        bail!("found {text}, write the smaller number first");
    }
    let step = match step {
        Some(step) => step
            .parse()
            .ok()
            .filter(|step| *step > 0)
            .with_context(|| format!("found a step of \"{step}\", write a number"))?,
        None => {
            let wanted = (to - from).div_ceil(STEPS - 1).max(1);
            let steps = [1, 2, 5].into_iter().flat_map(|digit| [1, 10, 100, 1000].map(|power| digit * power));
            steps.filter(|step| *step >= wanted).min().unwrap_or(wanted)
        }
    };
    // Round numbers between the ends.
    let first = (from / step + 1) * step;
    Ok([from].into_iter().chain((first..to).step_by(step as usize)).chain((to > from).then_some(to)).collect())
}

/// `1` or `33%`.
fn surge(text: &str) -> Result<IntOrPercent> {
    let (number, percent) = text.strip_suffix('%').map_or((text, false), |number| (number, true));
    let number: u32 = number
        .parse()
        .map_err(|_| anyhow!("found a surge of \"{text}\", write a number of nodes, or a share such as 33%"))?;
    Ok(if percent { IntOrPercent::Percent(number) } else { IntOrPercent::Int(number) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_both_ends_and_round_steps() {
        assert_eq!(range("10..200", 1, 5000).unwrap(), [10, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200]);
        assert_eq!(range("30..110:40", 10, 250).unwrap(), [30, 40, 80, 110]);
        assert_eq!(range("7..7", 1, 10).unwrap(), [7]);
        assert_eq!(range("7", 1, 10).unwrap(), [7]);
        for (text, said) in [("x", "found \"x\""), ("9..3", "smaller"), ("1..9:0", "step"), ("300", "write 10 to 250")]
        {
            let error =
                range(text, if text == "300" { 10 } else { 1 }, if text == "300" { 250 } else { 10 }).unwrap_err();
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn a_surge_is_a_number_or_a_share() {
        assert_eq!(surge("1").unwrap(), IntOrPercent::Int(1));
        assert_eq!(surge("33%").unwrap(), IntOrPercent::Percent(33));
        assert!(surge("a third").unwrap_err().to_string().contains("33%"));
    }
}
