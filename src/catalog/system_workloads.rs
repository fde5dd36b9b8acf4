//! The pods that AKS puts on a new cluster.

use super::Basis;
use crate::units::{Bytes, MilliCpu};
use serde::Deserialize;

const DATA: &str = include_str!("data/system-workloads.csv");

/// A workload that AKS installs in `kube-system`.
#[derive(Clone, Debug, PartialEq)]
pub struct SystemWorkload {
    /// Object name.
    pub name: String,
    /// DaemonSet or Deployment.
    pub controller: SystemController,
    /// With which network plugins it is installed.
    pub plugins: Plugins,
    /// CPU request.
    pub cpu_request: MilliCpu,
    /// CPU limit; `None` without.
    pub cpu_limit: Option<MilliCpu>,
    /// Memory request.
    pub memory_request: Bytes,
    /// CPU that each pod uses, an assumption throughout.
    pub cpu_used: MilliCpu,
    /// Compressed size of its image, an assumption throughout; the node image carries those of DaemonSets.
    pub image: Bytes,
    /// True when a disruption budget keeps one pod available.
    pub has_budget: bool,
    /// How well requests and limits are founded.
    pub basis: Basis,
    /// Where they come from.
    pub source: String,
}

/// The controller of a system workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemController {
    /// One pod a node.
    DaemonSet,
    /// So many pods.
    Deployment {
        /// Replicas of a small cluster.
        replicas: u32,
        /// True when replicas follow the size of the cluster by CoreDNS's ladder.
        ladder: bool,
    },
}

impl SystemWorkload {
    /// Cores to replicas of CoreDNS. Source: azure-aks-docs, coredns-autoscale.md, 2025-09-08.
    pub const CORES_LADDER: [(u32, u32); 4] = [(1, 2), (512, 3), (1024, 4), (2048, 5)];
    /// Nodes to replicas of CoreDNS. Same source.
    pub const NODES_LADDER: [(u32, u32); 4] = [(1, 2), (8, 3), (16, 4), (32, 5)];
}

/// With which network plugins a system workload is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plugins {
    /// With all of them.
    All,
    /// With Azure CNI in any mode.
    Azure,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    controller: String,
    replicas: u32,
    plugins: Plugins,
    cpu_request_m: u64,
    cpu_limit_m: Option<u64>,
    memory_request_mi: u64,
    cpu_used_m: u64,
    image_mb: u64,
    budget: bool,
    basis: Basis,
    source: String,
}

/// Reads the embedded file.
pub(super) fn load() -> Vec<SystemWorkload> {
    let mut reader = csv::Reader::from_reader(DATA.as_bytes());
    let rows =
        reader.deserialize::<Row>().map(|row| row.unwrap_or_else(|error| panic!("system-workloads.csv: {error}")));
    rows.map(workload).collect()
}

fn workload(row: Row) -> SystemWorkload {
    let controller = match row.controller.as_str() {
        "DaemonSet" => SystemController::DaemonSet,
        "Deployment" => SystemController::Deployment { replicas: row.replicas, ladder: false },
        "Ladder" => SystemController::Deployment { replicas: row.replicas, ladder: true },
        other => panic!("system-workloads.csv: unknown controller {other}"),
    };
    SystemWorkload {
        name: row.name,
        controller,
        plugins: row.plugins,
        cpu_request: MilliCpu::from_millis(row.cpu_request_m),
        cpu_limit: row.cpu_limit_m.map(MilliCpu::from_millis),
        memory_request: Bytes::from_mib(row.memory_request_mi),
        cpu_used: MilliCpu::from_millis(row.cpu_used_m),
        image: Bytes::new(row.image_mb * 1_000_000),
        has_budget: row.budget,
        basis: row.basis,
        source: row.source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coredns_has_its_documented_requests() {
        let all = load();
        let coredns = all.iter().find(|workload| workload.name == "coredns").unwrap();
        assert_eq!(coredns.cpu_request, MilliCpu::from_millis(100));
        assert_eq!(coredns.cpu_limit, Some(MilliCpu::from_cores(3)));
        assert_eq!(coredns.memory_request, Bytes::from_mib(70));
        assert!(coredns.has_budget && all.iter().all(|workload| !workload.source.is_empty()));
    }
}
