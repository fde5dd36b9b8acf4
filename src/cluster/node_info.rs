//! What kube-scheduler knows of a node ("NodeInfo"): the part that filters and scores look at.
//!
//! It stands apart from the rest of a node so that the autoscaler can place pods on copies and on nodes that do not exist yet.

use super::claim::disk_zone;
use super::{ClaimId, Node, NodeId, WorkloadId};
use crate::catalog::{DISK_ZONE, Region};
use crate::kernel::{Id, Table};
use crate::scenario::plan::{HostPort, PodTemplate, PoolPlan, Taint, TaintEffect, WorkloadPlan};
use crate::units::{Bytes, MilliCpu, Resources};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Key of the taint on a node whose Ready condition is not true.
pub const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// Key of the taints on a node that was not heard of for so long that its Ready condition is unknown.
pub const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// Most images that a kubelet reports in the status of its node (`nodeStatusMaxImages`, Kubernetes 1.31 to 1.36).
const REPORTED_IMAGES: usize = 50;

/// Pod templates by the workload whose pods they make.
pub trait Templates {
    /// The template of the workload's pods.
    fn template(&self, workload: WorkloadId) -> &PodTemplate;
    /// The number of workloads; their ids are those below it.
    fn workloads(&self) -> usize;
}

/// What the scheduler knows of the nodes, by id.
pub trait NodeInfos {
    /// The node.
    fn info(&self, node: NodeId) -> &NodeInfo;
}

impl NodeInfos for Table<NodeId, Node> {
    fn info(&self, node: NodeId) -> &NodeInfo {
        &self[node].info
    }
}

impl NodeInfos for Vec<NodeInfo> {
    fn info(&self, node: NodeId) -> &NodeInfo {
        &self[node.index()]
    }
}

impl Templates for Vec<PodTemplate> {
    fn template(&self, workload: WorkloadId) -> &PodTemplate {
        &self[workload.index()]
    }

    fn workloads(&self) -> usize {
        self.len()
    }
}

impl Templates for Vec<WorkloadPlan> {
    fn template(&self, workload: WorkloadId) -> &PodTemplate {
        &self[workload.index()].template
    }

    fn workloads(&self) -> usize {
        self.len()
    }
}

/// The pods of one workload on a node. They are all alike to the scheduler, but for their termination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodGroup {
    /// Whose pods.
    pub workload: WorkloadId,
    /// How many, terminating ones among them.
    pub pods: u32,
    /// How many of them are terminating.
    pub terminating: u32,
}

/// A node as the scheduler sees it.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    /// Node name.
    pub name: Arc<str>,
    /// Labels, host name and zone among them.
    pub labels: Arc<BTreeMap<String, String>>,
    /// The pool's taints, then those put on it since.
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
    /// The pods bound to it, by workload, in no order that means anything.
    pub pods: Vec<PodGroup>,
    /// The claims that pods on it use, with the number of those pods.
    pub claims: BTreeMap<ClaimId, u32>,
    /// How many data disks the VM takes; `None` for any number.
    pub max_data_disks: Option<u32>,
    /// Images on its disk with their sizes.
    pub images: BTreeMap<Arc<str>, Bytes>,
}

impl NodeInfo {
    /// A node on which nothing runs.
    #[must_use]
    pub fn new(name: &str, labels: BTreeMap<String, String>, taints: Vec<Taint>, allocatable: Resources) -> Self {
        Self {
            name: name.into(),
            labels: labels.into(),
            taints,
            unschedulable: false,
            allocatable,
            requested: Resources::default(),
            nonzero_cpu: MilliCpu::ZERO,
            nonzero_memory: Bytes::ZERO,
            host_ports: Vec::new(),
            pods: Vec::new(),
            claims: BTreeMap::new(),
            max_data_disks: None,
            images: BTreeMap::new(),
        }
    }

    /// A node of the pool on which nothing runs, with the labels of its name and zone.
    #[must_use]
    pub fn unused(pool: &PoolPlan, name: &str, zone: Option<u8>, location: Region) -> Self {
        // Without zones Azure labels a node with its fault domain; all of a pool's nodes count as one domain here.
        let disk_zone = disk_zone(zone, location);
        let zone = zone.map_or_else(|| "0".to_owned(), |zone| format!("{location}-{zone}"));
        let mut labels = pool.labels.clone();
        labels.insert("kubernetes.io/hostname".to_owned(), name.to_owned());
        labels.insert("topology.kubernetes.io/zone".to_owned(), zone);
        labels.insert(DISK_ZONE.to_owned(), disk_zone);
        let unused = Self::new(name, labels, pool.taints.clone(), pool.allocatable.clone());
        Self { max_data_disks: pool.scale_set.as_ref().map(|scale_set| scale_set.vm.max_data_disks), ..unused }
    }

    /// The same node, as large and as labelled, without its pods.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let empty = Self::new(&self.name, BTreeMap::new(), self.taints.clone(), self.allocatable.clone());
        Self {
            labels: Arc::clone(&self.labels),
            unschedulable: self.unschedulable,
            max_data_disks: self.max_data_disks,
            ..empty
        }
    }

    /// Counts a pod of this workload in.
    pub fn add(&mut self, workload: WorkloadId, pod: &PodTemplate) {
        self.requested.add(&pod.requests);
        self.nonzero_cpu += pod.nonzero_cpu;
        self.nonzero_memory += pod.nonzero_memory;
        self.host_ports.extend(pod.host_ports.iter().cloned());
        match self.pods.iter_mut().find(|group| group.workload == workload) {
            Some(group) => group.pods += 1,
            None => self.pods.push(PodGroup { workload, pods: 1, terminating: 0 }),
        }
    }

    /// Counts in that a pod on the node uses these claims.
    pub fn mount(&mut self, claims: &[ClaimId]) {
        for claim in claims {
            *self.claims.entry(*claim).or_insert(0) += 1;
        }
    }

    /// Counts out that a pod on the node used these claims.
    ///
    /// # Panics
    /// When that was not counted in.
    pub fn unmount(&mut self, claims: &[ClaimId]) {
        for claim in claims {
            let users = self.claims.get_mut(claim).expect("a bound pod's claims are counted on its node");
            *users -= 1;
            if *users == 0 {
                self.claims.remove(claim);
            }
        }
    }

    /// A pod of this workload that was counted in begins to terminate.
    ///
    /// # Panics
    /// When no such pod was counted in.
    pub fn terminate(&mut self, workload: WorkloadId) {
        let at = self.group_of(workload);
        let group = &mut self.pods[at];
        group.terminating += 1;
        assert!(group.terminating <= group.pods, "more pods of {workload:?} terminate on {} than run", self.name);
    }

    /// Counts a pod of this workload out.
    ///
    /// # Panics
    /// When no such pod was counted in.
    pub fn remove(&mut self, workload: WorkloadId, pod: &PodTemplate, terminating: bool) {
        self.requested.sub(&pod.requests);
        self.nonzero_cpu -= pod.nonzero_cpu;
        self.nonzero_memory -= pod.nonzero_memory;
        for port in &pod.host_ports {
            let held =
                self.host_ports.iter().position(|other| other == port).expect("a bound pod holds its host ports");
            self.host_ports.swap_remove(held);
        }
        let at = self.group_of(workload);
        let group = &mut self.pods[at];
        group.pods -= 1;
        group.terminating -= u32::from(terminating);
        if group.pods == 0 {
            self.pods.swap_remove(at);
        }
    }

    /// Puts the taint of a node that is not Ready on it, or takes it off.
    pub fn set_ready(&mut self, ready: bool) {
        self.taints.retain(|taint| *taint.key != *NOT_READY && *taint.key != *UNREACHABLE);
        if !ready {
            self.taints.push(Taint { key: NOT_READY.into(), value: "".into(), effect: TaintEffect::NoSchedule });
        }
    }

    /// Puts the taints of a node that was not heard of on it, in place of any other of its readiness.
    pub fn set_unreachable(&mut self) {
        self.set_ready(true);
        for effect in [TaintEffect::NoSchedule, TaintEffect::NoExecute] {
            self.taints.push(Taint { key: UNREACHABLE.into(), value: "".into(), effect });
        }
    }

    /// The size of the image as the kubelet reports it; `None` when it is absent or not among the largest, which are reported.
    #[must_use]
    pub fn reported_image(&self, name: &str) -> Option<Bytes> {
        let size = *self.images.get(name)?;
        if self.images.len() <= REPORTED_IMAGES {
            return Some(size);
        }
        let goes_before = |(other, bytes): &(&Arc<str>, &Bytes)| (**bytes, name) > (size, &***other);
        (self.images.iter().filter(goes_before).count() < REPORTED_IMAGES).then_some(size)
    }

    fn group_of(&self, workload: WorkloadId) -> usize {
        let found = self.pods.iter().position(|group| group.workload == workload);
        found.unwrap_or_else(|| panic!("no pod of {workload:?} was counted in on {}", self.name))
    }
}
