//! What kube-scheduler knows of a node ("NodeInfo"): the part that filters and scores look at.
//!
//! It stands apart from the rest of a node so that the autoscaler can place pods on copies and on nodes that do not exist yet.

use crate::catalog::Region;
use crate::scenario::plan::{HostPort, PodTemplate, PoolPlan, Taint};
use crate::units::{Bytes, MilliCpu, Resources};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A node as the scheduler sees it.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    /// Node name.
    pub name: Arc<str>,
    /// Labels, host name and zone among them.
    pub labels: Arc<BTreeMap<String, String>>,
    /// The pool's taints and those put on it since.
    pub taints: Vec<Taint>,
    /// `spec.unschedulable`: the node is cordoned.
    pub unschedulable: bool,
    /// What it can give to pods.
    pub allocatable: Resources,
    /// Sum of the requests of the pods bound to it.
    pub requested: Resources,
    /// CPU requested, with kube-scheduler's default where a pod requests none, for scoring only.
    pub nonzero_cpu: MilliCpu,
    /// Memory requested, with kube-scheduler's default where a pod requests none, for scoring only.
    pub nonzero_memory: Bytes,
    /// Host ports in use.
    pub host_ports: Vec<HostPort>,
}

impl NodeInfo {
    /// A node of the pool on which nothing runs, with the labels of its name and zone.
    #[must_use]
    pub fn unused(pool: &PoolPlan, name: &str, zone: Option<u8>, location: Region) -> Self {
        // Without zones Azure labels a node with its fault domain; all of a pool's nodes count as one domain here.
        let zone = zone.map_or_else(|| "0".to_owned(), |zone| format!("{location}-{zone}"));
        let mut labels = pool.labels.clone();
        labels.insert("kubernetes.io/hostname".to_owned(), name.to_owned());
        labels.insert("topology.kubernetes.io/zone".to_owned(), zone);
        Self {
            name: name.into(),
            labels: labels.into(),
            taints: pool.taints.clone(),
            unschedulable: false,
            allocatable: pool.allocatable.clone(),
            requested: Resources::default(),
            nonzero_cpu: MilliCpu::ZERO,
            nonzero_memory: Bytes::ZERO,
            host_ports: Vec::new(),
        }
    }

    /// Counts a pod of this template in.
    pub fn add(&mut self, pod: &PodTemplate) {
        self.requested.add(&pod.requests);
        self.nonzero_cpu += pod.nonzero_cpu;
        self.nonzero_memory += pod.nonzero_memory;
        self.host_ports.extend(pod.host_ports.iter().cloned());
    }

    /// Counts a pod of this template out.
    ///
    /// # Panics
    /// When no such pod was counted in.
    pub fn remove(&mut self, pod: &PodTemplate) {
        self.requested.sub(&pod.requests);
        self.nonzero_cpu -= pod.nonzero_cpu;
        self.nonzero_memory -= pod.nonzero_memory;
        for port in &pod.host_ports {
            let held =
                self.host_ports.iter().position(|other| other == port).expect("a bound pod holds its host ports");
            self.host_ports.swap_remove(held);
        }
    }
}
