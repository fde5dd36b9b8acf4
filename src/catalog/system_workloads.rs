//! The pods that AKS puts on a new cluster.
//!
//! Requests and limits come from Microsoft's documentation or from the published listing of a real node, as each row says. CPU used
//! is what clusters without load showed in `kubectl top` (SupportArticles-docs, identify-memory-saturation-aks.md, 2026-07-22;
//! konnectivity-agent: github.com/Azure/AKS-Construction/issues/442, 2022-10-27). The CPU used by azure-cns and the sizes of all
//! images are assumptions.

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
    /// Memory limit; `None` without.
    pub memory_limit: Option<Bytes>,
    /// CPU that each pod uses in an idle cluster.
    pub cpu_used: MilliCpu,
    /// Compressed size of its image, an assumption throughout; the node image carries those of DaemonSets.
    pub image: Bytes,
    /// True when its pods use the node's address and need none of their own.
    pub host_network: bool,
    /// Name of its priority class; for the Deployments an assumption.
    pub priority_class: String,
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
    /// The value of the priority class, which Kubernetes fixes for both of its own.
    #[must_use]
    pub fn priority(&self) -> i32 {
        if self.priority_class == "system-node-critical" { 2_000_001_000 } else { 2_000_000_000 }
    }

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
    /// With Azure CNI Overlay and pod subnets, where azure-cns hands out the pods' addresses. On an Azure CNI node subnet that is done by
    /// a plain binary (`ipam: azure-vnet-ipam` in the CNI configuration of such a node published in September 2024).
    Overlay,
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
    memory_limit_mi: Option<u64>,
    cpu_used_m: u64,
    image_mb: u64,
    host_network: bool,
    priority_class: String,
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
        memory_limit: row.memory_limit_mi.map(Bytes::from_mib),
        cpu_used: MilliCpu::from_millis(row.cpu_used_m),
        image: Bytes::new(row.image_mb * 1_000_000),
        host_network: row.host_network,
        priority_class: row.priority_class,
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

    fn on_one_node(plugins: &[Plugins], daemons_only: bool) -> (u64, Bytes, u32) {
        let (mut cpu, mut memory, mut pods) = (MilliCpu::ZERO, Bytes::ZERO, 0);
        for workload in load().iter().filter(|workload| plugins.contains(&workload.plugins)) {
            let count = match workload.controller {
                SystemController::DaemonSet => 1,
                SystemController::Deployment { .. } if daemons_only => 0,
                SystemController::Deployment { replicas, .. } => replicas,
            };
            for _ in 0..count {
                cpu += workload.cpu_request;
                memory += workload.memory_request;
            }
            pods += count;
        }
        (cpu.millis(), memory, pods)
    }

    /// A public listing of a lone Standard_E4s_v3 with Kubernetes 1.30.7 and Overlay, 2025-02-21, less the user's two pods.
    #[test]
    fn a_lone_overlay_node_carries_what_its_published_listing_shows() {
        assert_eq!(on_one_node(&[Plugins::All, Plugins::Overlay], false), (922, Bytes::from_mib(928), 13));
    }

    /// SupportArticles-docs, identify-memory-saturation-aks.md, 2026-07-22: 310 m and 220 Mi without add-ons.
    #[test]
    fn every_node_carries_five_daemon_sets() {
        assert_eq!(on_one_node(&[Plugins::All], true), (310, Bytes::from_mib(220), 5));
    }

    #[test]
    fn no_limit_is_below_its_request_and_every_class_is_one_of_kubernetes_own() {
        for workload in load() {
            let name = &workload.name;
            assert!(workload.cpu_limit.is_none_or(|limit| limit >= workload.cpu_request), "{name}");
            assert!(workload.memory_limit.is_none_or(|limit| limit >= workload.memory_request), "{name}");
            assert!(
                ["system-node-critical", "system-cluster-critical"].contains(&workload.priority_class.as_str()),
                "{name}"
            );
            assert!(!workload.host_network || workload.controller == SystemController::DaemonSet, "{name}");
        }
    }
}
