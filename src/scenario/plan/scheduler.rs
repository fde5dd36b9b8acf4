//! kube-scheduler's configuration: its only profile, in the words of `kubescheduler.config.k8s.io/v1`.

use super::{NodeSelectorTerm, TopologySpreadConstraint};
use crate::kernel::SimDuration;

/// The scheduler's configuration; the default is Kubernetes' own.
///
/// Source of the defaults: kube-scheduler 1.31 to 1.36, `KubeSchedulerConfiguration` v1.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerPlan {
    /// `percentageOfNodesToScore`: how many percent of the nodes a search for feasible ones may stop at; 0 for the adaptive formula.
    pub percentage_of_nodes_to_score: u32,
    /// `podInitialBackoffSeconds`
    pub initial_backoff: SimDuration,
    /// `podMaxBackoffSeconds`
    pub max_backoff: SimDuration,
    /// Arguments of NodeResourcesFit.
    pub fit: FitArgs,
    /// Resources of NodeResourcesBalancedAllocation, by name; their weights do not matter.
    pub balanced_resources: Vec<Box<str>>,
    /// `addedAffinity` of NodeAffinity: one more condition on every node.
    pub added_affinity: AddedAffinity,
    /// `hardPodAffinityWeight` of InterPodAffinity: what a required term of a pod that runs is worth to one that it matches.
    pub hard_pod_affinity_weight: i64,
    /// Default constraints of PodTopologySpread.
    pub spread_defaults: SpreadDefaults,
}

/// `NodeResourcesFitArgs`
#[derive(Clone, Debug, PartialEq)]
pub struct FitArgs {
    /// Which nodes are better.
    pub strategy: ScoringStrategy,
    /// The resources looked at, with their weights from 1 to 100.
    pub resources: Vec<(Box<str>, u64)>,
    /// Extended resources that the filter does not look at.
    pub ignored_resources: Vec<Box<str>>,
    /// Groups, such as `example.com`, of extended resources that the filter does not look at.
    pub ignored_resource_groups: Vec<Box<str>>,
}

/// The type of a `scoringStrategy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScoringStrategy {
    /// The emptier the better.
    LeastAllocated,
    /// The fuller the better.
    MostAllocated,
    /// The score by utilization in percent, in straight lines between the points (utilization, score 0 to 10), rising.
    RequestedToCapacityRatio(Vec<(i64, i64)>),
}

/// `addedAffinity`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddedAffinity {
    /// Required terms, of which one must match; `None` when absent.
    pub required: Option<Vec<NodeSelectorTerm>>,
    /// Preferred terms with their weights.
    pub preferred: Vec<(i64, NodeSelectorTerm)>,
}

/// Which constraints spread a pod that has none of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpreadDefaults {
    /// Kubernetes' own: at most 3 apart between hosts, 5 between zones, if it can be had.
    System,
    /// AKS's: from 1.33 on at most 1 apart between zones, if it can be had; Kubernetes' own before.
    ///
    /// Source: azure-aks-docs, reliability-zone-resiliency-recommendations.md, 2026-06-05. kube-scheduler takes either its own
    /// constraints or a list, so the list is taken to replace them, the spreading over hosts among it.
    Aks,
    /// These; their selectors are the pod's own.
    List(Vec<TopologySpreadConstraint>),
}

impl Default for SchedulerPlan {
    fn default() -> Self {
        Self {
            percentage_of_nodes_to_score: 0,
            initial_backoff: SimDuration::from_secs(1),
            max_backoff: SimDuration::from_secs(10),
            fit: FitArgs::default(),
            balanced_resources: vec!["cpu".into(), "memory".into()],
            added_affinity: AddedAffinity::default(),
            hard_pod_affinity_weight: 1,
            spread_defaults: SpreadDefaults::System,
        }
    }
}

impl Default for FitArgs {
    fn default() -> Self {
        Self {
            strategy: ScoringStrategy::LeastAllocated,
            resources: vec![("cpu".into(), 1), ("memory".into(), 1)],
            ignored_resources: Vec::new(),
            ignored_resource_groups: Vec::new(),
        }
    }
}
