//! Whether the scheduler would put a pod on a node of the snapshot: its own filters, on the loop's copies.
//!
//! Most pods look at one node at a time, and then the cheap plugins that look at nothing else suffice. A pod that keeps to or away
//! from other pods, that is spread, that has volumes, or that other pods keep away from, needs every node in the picture.
//! Source: cluster-autoscaler 1.31-1.37, `simulator/predicatechecker`: upstream always runs the default scheduler's filters over
//! the whole snapshot.

use crate::cluster::{NodeInfo, Templates, World};
use crate::placement::filter::{Filters, Scope};
use crate::placement::spread::Constraints;
use crate::placement::{Cycle, PodView, Rules};
use crate::scenario::plan::{PodAffinityTerm, SchedulerPlan, WorkloadPlan};

/// The scheduler as the loop imagines it.
pub(super) struct Fitting<'a> {
    templates: &'a dyn Templates,
    profile: &'a SchedulerPlan,
    rules: Rules,
    /// The required anti-affinity of all workloads: the pods that some other pod may keep away.
    repelling: Vec<&'a PodAffinityTerm>,
}

impl<'a> Fitting<'a> {
    /// The scheduler of this world.
    pub(super) fn of(world: &'a World) -> Self {
        Self::new(&world.plan.workloads, &world.plan.cluster.scheduler, Rules::of(world.version))
    }

    /// A scheduler of this configuration for pods of these workloads.
    pub(super) fn new(workloads: &'a Vec<WorkloadPlan>, profile: &'a SchedulerPlan, rules: Rules) -> Self {
        let repelling = workloads.iter().flat_map(|workload| &workload.template.pod_affinity.required_anti).collect();
        Self { templates: workloads, profile, rules, repelling }
    }

    /// True when the pod's place depends on what runs on other nodes.
    pub(super) fn looks_around(&self, pod: PodView<'_>) -> bool {
        let affinity = &pod.template.pod_affinity;
        !pod.template.claims.is_empty()
            || !affinity.required.is_empty()
            || !affinity.required_anti.is_empty()
            || self.repelling.iter().any(|term| term.matches(pod.template))
            || !Constraints::of(&self.cycle(pod, &[]), true).list.is_empty()
    }

    /// The filters of the pod among these nodes, which nobody but a pod that looks around needs; `None` when they reject all.
    pub(super) fn filters<'n>(&'n self, pod: PodView<'n>, nodes: &'n [&'n NodeInfo]) -> Option<Filters<'n>> {
        let whole = self.looks_around(pod);
        Filters::prepare_those(&self.cycle(pod, nodes), |plugin| whole || plugin.scope != Scope::Cluster).ok()
    }

    /// True when the pod passes the scheduler's filters on the node, as far as the node alone decides.
    pub(super) fn fits_alone(&self, pod: PodView<'_>, node: &NodeInfo) -> bool {
        let filters = Filters::prepare_those(&self.cycle(pod, &[]), |plugin| plugin.scope != Scope::Cluster);
        filters.is_ok_and(|filters| filters.filter(node).is_ok())
    }

    fn cycle<'n>(&'n self, pod: PodView<'n>, nodes: &'n [&'n NodeInfo]) -> Cycle<'n> {
        Cycle { pod, nodes, templates: self.templates, profile: self.profile, rules: self.rules }
    }
}
