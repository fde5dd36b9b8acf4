//! A scenario's network beside another model: addresses, blocks and routes, what breaks, and how long the reimage takes.

use super::sizes::Model;
use crate::catalog::limits;
use crate::kernel::{SimDuration, SimTime};
use crate::output::number::grouped;
use crate::preflight::address_plan::{most_nodes, smallest_pod_cidr, smallest_prefix};
use crate::preflight::{Course, window_length};
use crate::scenario::plan::{Controller, NetworkChange, OperationKind, OperationPlan, Plan, PoolPlan};
use serde::Serialize;
use std::io::{self, Write};
use std::sync::Arc;

/// A figure under both models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// What it is.
    pub what: &'static str,
    /// Under the present model.
    pub now: String,
    /// Under the other.
    pub then: String,
}

/// Something that changes besides figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consequence {
    /// What.
    pub what: String,
    /// Where it is documented: file and date.
    pub source: &'static str,
}

/// The comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Migration {
    /// The present model.
    pub from: &'static str,
    /// The other.
    pub to: &'static str,
    /// Figures.
    pub figures: Vec<Figure>,
    /// What breaks, and what has to be done.
    pub consequences: Vec<Consequence>,
}

const UPDATE: &str = "azure-aks-docs, update-azure-cni.md, 2024-11-26";
const RETIREMENT: &str = "azure-aks-docs, includes/kubenet-retirement.md, 2026-01-14";
const KUBENET: &str = "azure-aks-docs, configure-kubenet.md, 2026-04-16";
const OVERLAY: &str = "azure-aks-docs, concepts-network-azure-cni-overlay.md, 2026-07-31";
const PLANNING: &str = "azure-aks-docs, concepts-network-ip-address-planning.md, 2026-04-16";
const POD_SUBNET: &str = "azure-aks-docs, concepts-network-azure-cni-pod-subnet.md, 2024-05-21";
const STATIC: &str = "azure-aks-docs, configure-azure-cni-static-block-allocation.md, 2024-03-18";

/// Compares a plan's network, which is `from`, with another.
#[must_use]
pub fn compare(plan: &Plan, from: Model, to: Model) -> Migration {
    Migration {
        from: from.name(),
        to: to.name(),
        figures: figures(plan, from, to),
        consequences: consequences(plan, from, to),
    }
}

/// The pools of VMs with the most nodes that each may have, and the surge that comes on top.
fn pools(plan: &Plan) -> impl Iterator<Item = (&PoolPlan, u32)> {
    plan.cluster.pools.iter().enumerate().filter(|(_, pool)| !pool.is_brought()).map(|(index, pool)| {
        let nodes = most_nodes(plan, index);
        (pool, nodes + pool.upgrade.most_extra(nodes))
    })
}

fn figures(plan: &Plan, from: Model, to: Model) -> Vec<Figure> {
    let nodes: u32 = pools(plan).map(|(_, nodes)| nodes).sum();
    let of_pods = |model: Model| pools(plan).map(|(pool, nodes)| model.addresses(nodes, pool.max_pods)).sum::<u64>();
    let own = |model: Model| if model == Model::NodeSubnet { of_pods(model) } else { u64::from(nodes) };
    let in_subnets = |model: Model| {
        let addresses = own(model);
        format!("{} (a /{})", grouped(addresses as f64, 0), smallest_prefix(addresses, None))
    };
    let for_pods = |model: Model| match model {
        Model::NodeSubnet => "in the nodes' subnet".to_owned(),
        Model::PodSubnet | Model::StaticBlock => {
            let allocation =
                (model == Model::StaticBlock).then_some(crate::scenario::plan::PodIpAllocation::StaticBlock);
            let addresses = of_pods(model);
            format!("{} of a pod subnet (a /{})", grouped(addresses as f64, 0), smallest_prefix(addresses, allocation))
        }
        Model::Kubenet | Model::Overlay => {
            format!("{nodes} /24s of a pod CIDR (a /{}), none of the network", smallest_pod_cidr(u64::from(nodes)))
        }
    };
    let blocks = plan.cluster.network.pod_cidr.map_or(1 << 8, limits::pod_blocks);
    let room = |model: Model| match model {
        Model::Kubenet => format!("{}, for routes and /24s", blocks.min(plan.cluster.network.routes_per_table)),
        Model::Overlay => format!("{}, for /24s", blocks.min(limits::NODES_PER_CLUSTER)),
        Model::NodeSubnet | Model::PodSubnet | Model::StaticBlock => "as the subnets allow".to_owned(),
    };
    let routes = |model: Model| if model == Model::Kubenet { nodes.to_string() } else { "0".to_owned() };
    let default = |model: Model| match model {
        Model::Kubenet => limits::DEFAULT_MAX_PODS_KUBENET,
        Model::NodeSubnet => limits::DEFAULT_MAX_PODS_NODE_SUBNET,
        Model::PodSubnet | Model::StaticBlock => limits::DEFAULT_MAX_PODS_POD_SUBNET,
        Model::Overlay => limits::DEFAULT_MAX_PODS_OVERLAY,
    };
    let figure = |what, of: &dyn Fn(Model) -> String| Figure { what, now: of(from), then: of(to) };
    vec![
        figure("nodes at most, with the surge of every pool", &|_| nodes.to_string()),
        figure("addresses of the nodes' subnets", &in_subnets),
        figure("addresses for pods", &for_pods),
        figure("routes in the route table", &routes),
        figure("room for nodes", &room),
        figure("maxPods of a new pool, default", &|model| default(model).to_string()),
    ]
}

fn consequences(plan: &Plan, from: Model, to: Model) -> Vec<Consequence> {
    let mut all = Vec::new();
    let mut say = |what: String, source: &'static str| all.push(Consequence { what, source });
    if from == to {
        return all;
    }
    if to == Model::Kubenet {
        say(
            "kubenet retires on 31 March 2028, and no cluster is migrated to it: it takes a new cluster".to_owned(),
            RETIREMENT,
        );
    }
    if from == Model::Kubenet {
        say("kubenet retires on 31 March 2028: until then the cluster has to leave it".to_owned(), RETIREMENT);
        say(
            "the cluster's route table is not needed any more, and a subnet may hold several clusters".to_owned(),
            KUBENET,
        );
    }
    match (from, to) {
        (Model::Kubenet | Model::NodeSubnet, Model::Overlay) => {
            say(
                "in place, by az aks update --network-plugin azure --network-plugin-mode overlay; there is no way back"
                    .to_owned(),
                UPDATE,
            );
            let (nodes, mean, p95) = reimage(plan);
            let pods = application_pods(plan);
            say(
                format!(
                    "all pools are reimaged at the same time, each with the surge of its upgrade settings: {nodes} nodes in about {mean} (in one \
                     case of twenty {p95} or more), and all {pods} application pods move, budgets permitting"
                ),
                UPDATE,
            );
            if from == Model::NodeSubnet {
                say("pods lose addresses of the network: what reaches them by address goes through the node's, or a Service".to_owned(), OVERLAY);
            }
            say("maxPods of the pools stays as it is".to_owned(), PLANNING);
        }
        (Model::Overlay, _) => {
            say("an overlay cluster does not change its network again: it takes a new cluster".to_owned(), UPDATE);
        }
        (_, Model::PodSubnet | Model::StaticBlock) => {
            say(
                "pod subnets are set when a pool is made: new pools take over, or a new cluster from kubenet"
                    .to_owned(),
                POD_SUBNET,
            );
            say("the pod subnet holds pods only, in one allocation mode".to_owned(), POD_SUBNET);
            if to == Model::StaticBlock {
                say("it needs Kubernetes 1.28, and wastes least with a maxPods of 16 N − 1".to_owned(), STATIC);
            }
        }
        (_, Model::NodeSubnet) => {
            say(
                "it takes a new cluster, or new pools without pod subnet for all of those with one".to_owned(),
                PLANNING,
            );
        }
        _ => {}
    }
    all
}

/// The nodes that there are, and how long the preflight takes the change for: on average and in one case of twenty.
fn reimage(plan: &Plan) -> (u32, SimDuration, SimDuration) {
    let pools = plan.cluster.pools.iter().filter(|pool| pool.from_start && !pool.is_brought());
    let nodes: u32 = pools.map(|pool| pool.count).sum();
    let mut changed = plan.clone();
    let default = || limits::DEFAULT_POD_CIDR.parse().expect("the default is a range");
    let change = NetworkChange::Overlay(plan.cluster.network.pod_cidr.unwrap_or_else(default));
    let (at, asked_by) = (SimTime::ZERO, None);
    changed.operations =
        vec![OperationPlan { at, kind: OperationKind::UpdateNetwork(change), asked_by, condition: None }];
    let changed = Arc::new(changed);
    let course = Course::of(&changed);
    let step = course.steps.iter().find(|step| matches!(step.kind, OperationKind::UpdateNetwork(_)));
    let time = step.and_then(|step| window_length::time(&course, step)).map(|(time, _)| time).unwrap_or_default();
    let span = |seconds: f64| SimDuration::from_secs(seconds.round() as u64);
    (nodes, span(time.mean), span(time.p95()))
}

/// Pods that the manifests ask for at the start, AKS's own left out.
fn application_pods(plan: &Plan) -> u32 {
    let replicas = |controller: &Controller| match controller {
        Controller::Deployment { replicas, .. }
        | Controller::ReplicaSet { replicas }
        | Controller::StatefulSet { replicas, .. } => *replicas,
        Controller::Pod => 1,
        Controller::DaemonSet | Controller::Job(_) | Controller::CronJob { .. } | Controller::Trace { .. } => 0,
    };
    plan.workloads.iter().filter(|workload| !workload.system).map(|workload| replicas(&workload.controller)).sum()
}

/// Two tables for people. With `fitted` as wide as the terminal.
#[must_use]
pub fn render(migration: &Migration, fitted: bool) -> String {
    let mut table = super::table(fitted);
    table.set_header(["", migration.from, migration.to]);
    for figure in &migration.figures {
        table.add_row([figure.what, &figure.now, &figure.then]);
    }
    let mut out = format!("{}\n", table.trim_fmt());
    if migration.consequences.is_empty() {
        return out + "\nThe scenario has this model already.\n";
    }
    let mut table = super::table(fitted);
    table.set_header(["what changes", "source"]);
    for consequence in &migration.consequences {
        table.add_row([consequence.what.as_str(), consequence.source]);
    }
    out.push_str(&format!("\n{}\n", table.trim_fmt()));
    out
}

/// Writes one object.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_json(migrations: &[(String, Migration)], out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Labelled<'a> {
        point: &'a str,
        #[serde(flatten)]
        migration: &'a Migration,
    }
    let all: Vec<_> = migrations.iter().map(|(point, migration)| Labelled { point, migration }).collect();
    serde_json::to_writer_pretty(&mut *out, &all)?;
    writeln!(out)
}

/// Writes a row for each figure and each consequence.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_csv(migrations: &[(String, Migration)], out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["point", "what", "now", "then", "source"])?;
    for (point, migration) in migrations {
        for figure in &migration.figures {
            csv.write_record([point, figure.what, &figure.now, &figure.then, ""])?;
        }
        for consequence in &migration.consequences {
            csv.write_record([point, &consequence.what, "", "", consequence.source])?;
        }
    }
    csv.flush()
}
