//! How large a subnet must be: nodes × maxPods, for each surge, by Microsoft's formula.

use crate::catalog::{limits, pod_subnet};
use crate::output::number::grouped;
use crate::preflight::address_plan::{smallest_pod_cidr, smallest_prefix};
use crate::scenario::plan::{IntOrPercent, NetworkModel, PodIpAllocation};
use serde::Serialize;
use std::io::{self, Write};

/// A network model as far as sizes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// kubenet: pods have a /24 of the pod CIDR a node, and a node a route.
    Kubenet,
    /// Azure CNI node subnet: pods have addresses of the nodes' subnet.
    NodeSubnet,
    /// Azure CNI pod subnet with batches.
    PodSubnet,
    /// Azure CNI pod subnet with static blocks.
    StaticBlock,
    /// Azure CNI Overlay: pods have a /24 of the pod CIDR a node.
    Overlay,
}

impl Model {
    /// The model of a cluster.
    #[must_use]
    pub fn of(network: NetworkModel, allocation: Option<PodIpAllocation>) -> Self {
        match (network, allocation) {
            (NetworkModel::Kubenet, _) => Self::Kubenet,
            (NetworkModel::AzureNodeSubnet, _) => Self::NodeSubnet,
            (NetworkModel::AzurePodSubnet, Some(PodIpAllocation::StaticBlock)) => Self::StaticBlock,
            (NetworkModel::AzurePodSubnet, _) => Self::PodSubnet,
            (NetworkModel::AzureOverlay, _) => Self::Overlay,
        }
    }

    /// What Microsoft's pages call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kubenet => "kubenet",
            Self::NodeSubnet => "Azure CNI node subnet",
            Self::PodSubnet => "Azure CNI pod subnet, dynamic",
            Self::StaticBlock => "Azure CNI pod subnet, static blocks",
            Self::Overlay => "Azure CNI Overlay",
        }
    }

    /// The range whose size the pods decide.
    #[must_use]
    pub const fn range(self) -> &'static str {
        match self {
            Self::NodeSubnet => "subnet of the nodes",
            Self::PodSubnet | Self::StaticBlock => "subnet of the pods",
            Self::Kubenet | Self::Overlay => "pod CIDR",
        }
    }

    const fn has_pod_cidr(self) -> bool {
        matches!(self, Self::Kubenet | Self::Overlay)
    }

    /// Addresses of that range that so many nodes take.
    #[must_use]
    pub fn addresses(self, nodes: u32, max_pods: u32) -> u64 {
        let each = match self {
            Self::NodeSubnet => 1 + max_pods,
            Self::PodSubnet => pod_subnet::wanted(max_pods, max_pods),
            Self::StaticBlock => pod_subnet::blocks(max_pods) * pod_subnet::BLOCK,
            Self::Kubenet | Self::Overlay => 1 << (32 - limits::NODE_BLOCK_PREFIX),
        };
        u64::from(nodes) * u64::from(each)
    }

    /// The longest prefix of that range with room for so many nodes.
    #[must_use]
    pub fn prefix(self, nodes: u32, max_pods: u32) -> u8 {
        let allocation = (self == Self::StaticBlock).then_some(PodIpAllocation::StaticBlock);
        match self {
            Self::Kubenet | Self::Overlay => smallest_pod_cidr(u64::from(nodes)),
            _ => smallest_prefix(self.addresses(nodes, max_pods), allocation),
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The network model.
    pub model: Model,
    /// Routes of a route table, with kubenet.
    pub routes: u32,
    /// Nodes, surge nodes left out.
    pub nodes: Vec<u32>,
    /// Most pods a node.
    pub max_pods: Vec<u32>,
    /// maxSurge, as written and as read.
    pub surge: Vec<(String, IntOrPercent)>,
}

/// One size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Nodes, surge nodes left out.
    pub nodes: u32,
    /// Most pods a node.
    pub max_pods: u32,
    /// maxSurge.
    pub max_surge: String,
    /// Surge nodes.
    pub surge_nodes: u32,
    /// Addresses of the range that the pods decide.
    pub addresses: u64,
    /// Its longest prefix.
    pub prefix: u8,
    /// The longest prefix of the nodes' subnet.
    pub node_subnet_prefix: u8,
    /// What makes it impossible, or nothing.
    pub limit: String,
}

impl Grid {
    /// The size for one combination.
    #[must_use]
    pub fn size(&self, nodes: u32, max_pods: u32, (written, surge): &(String, IntOrPercent)) -> Size {
        let surge_nodes = surge.of_rounded_up(nodes).min(nodes);
        let all = nodes + surge_nodes;
        let addresses = self.model.addresses(all, max_pods);
        let in_vnet = u64::from(all) + if self.model.has_pod_cidr() { 0 } else { addresses };
        let limit = if self.model == Model::Kubenet && all > self.routes {
            format!("more than {} routes", self.routes)
        } else if all > limits::NODES_PER_CLUSTER {
            format!("more than {} nodes", limits::NODES_PER_CLUSTER)
        } else if in_vnet > u64::from(limits::ADDRESSES_PER_VNET) {
            format!("more than the {} addresses of a network", limits::ADDRESSES_PER_VNET)
        } else {
            String::new()
        };
        let own = if self.model == Model::NodeSubnet { addresses } else { u64::from(all) };
        Size {
            nodes,
            max_pods,
            max_surge: written.clone(),
            surge_nodes,
            addresses,
            prefix: self.model.prefix(all, max_pods),
            node_subnet_prefix: smallest_prefix(own, None),
            limit,
        }
    }

    /// All sizes, surge by surge, nodes by nodes.
    #[must_use]
    pub fn sizes(&self) -> Vec<Size> {
        let mut sizes = Vec::new();
        for surge in &self.surge {
            for nodes in &self.nodes {
                sizes.extend(self.max_pods.iter().map(|pods| self.size(*nodes, *pods, surge)));
            }
        }
        sizes
    }
}

/// A matrix for each surge, for people. With `fitted` as wide as the terminal.
#[must_use]
pub fn render(grid: &Grid, fitted: bool) -> String {
    let model = grid.model;
    let mut out = format!("{}: the longest prefix of the {} (addresses)\n", model.name(), model.range());
    let mut limits = Vec::new();
    for surge in &grid.surge {
        let mut table = super::table(fitted);
        let pods = grid.max_pods.iter().map(|pods| format!("maxPods {pods}"));
        let besides = (model != Model::NodeSubnet).then(|| "nodes' subnet".to_owned());
        table.set_header(["nodes".to_owned()].into_iter().chain(pods).chain(besides.clone()));
        for nodes in &grid.nodes {
            let row: Vec<Size> = grid.max_pods.iter().map(|pods| grid.size(*nodes, *pods, surge)).collect();
            let own = row.first().map_or(0, |size| size.node_subnet_prefix);
            let cells = row.iter().map(|size| {
                let mark = if size.limit.is_empty() { "" } else { " !" };
                format!("/{} ({}){mark}", size.prefix, grouped(size.addresses as f64, 0))
            });
            let cells: Vec<String> = cells.collect();
            limits.extend(row.into_iter().map(|size| size.limit).filter(|limit| !limit.is_empty()));
            table.add_row(
                [nodes.to_string()].into_iter().chain(cells).chain(besides.as_ref().map(|_| format!("/{own}"))),
            );
        }
        out.push_str(&format!("\nmaxSurge {}\n{}\n", surge.0, table.trim_fmt()));
    }
    limits.sort();
    limits.dedup();
    if !limits.is_empty() {
        out.push_str(&format!("\n! {}\n", limits.join("; ")));
    }
    out.push_str(
        "\nFormula: (nodes + surge) × what a node takes; Azure's five addresses of a subnet are in the prefix.\n",
    );
    out
}

/// Writes an array with an object for each size.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_json(grid: &Grid, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &grid.sizes())?;
    writeln!(out)
}

/// Writes a row for each size.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_csv(grid: &Grid, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    for size in grid.sizes() {
        csv.serialize(size)?;
    }
    csv.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_microsofts() {
        assert_eq!(Model::NodeSubnet.addresses(51, 30), 1581);
        assert_eq!(Model::NodeSubnet.prefix(51, 30), 21);
        assert_eq!(Model::NodeSubnet.prefix(61, 30), 21);
        assert_eq!(Model::Overlay.prefix(256, 250), 16);
        assert_eq!(Model::Overlay.prefix(257, 250), 15);
        assert_eq!(Model::StaticBlock.addresses(1, 32), 48);
        assert_eq!(Model::PodSubnet.addresses(1, 32), 32);
    }

    #[test]
    fn what_no_network_holds_is_said() {
        let grid = Grid {
            model: Model::NodeSubnet,
            routes: 400,
            nodes: vec![50, 600],
            max_pods: vec![30, 110],
            surge: vec![("33%".to_owned(), IntOrPercent::Percent(33))],
        };
        let sizes = grid.sizes();
        assert_eq!((sizes[0].surge_nodes, sizes[0].addresses), (17, 2077));
        assert!(sizes[..3].iter().all(|size| size.limit.is_empty()));
        assert_eq!(sizes[3].limit, "more than the 65536 addresses of a network");
        let kubenet = Grid { model: Model::Kubenet, ..grid };
        assert_eq!(kubenet.sizes()[3].limit, "more than 400 routes");
    }
}
