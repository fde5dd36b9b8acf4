//! What one scheduling cycle decides on: the pod, the nodes, the configuration.

use super::{PodView, Rules};
use crate::cluster::{NodeInfo, Templates};
use crate::scenario::plan::{PodTemplate, SchedulerPlan};

/// One scheduling cycle.
#[derive(Clone, Copy)]
pub struct Cycle<'a> {
    /// The pod.
    pub pod: PodView<'a>,
    /// Every node, in the order in which the scheduler keeps them.
    pub nodes: &'a [&'a NodeInfo],
    /// The templates of the pods that run on the nodes.
    pub templates: &'a dyn Templates,
    /// The scheduler's configuration.
    pub profile: &'a SchedulerPlan,
    /// What the version decides.
    pub rules: Rules,
}

impl<'a> Cycle<'a> {
    /// The template of the pod.
    #[must_use]
    pub const fn template(&self) -> &'a PodTemplate {
        self.pod.template
    }
}
