//! What a case puts before the plugins: nodes, what runs on them, a pod and the scheduler's configuration.

use aksim::catalog::KubernetesVersion;
use aksim::cluster::{NodeInfo, WorkloadId};
use aksim::kernel::Id;
use aksim::placement::{Cycle, PodView, Rules};
use aksim::scenario::plan::{PodTemplate, SchedulerPlan};

/// One scheduling cycle with everything that it looks at.
pub struct Scene {
    pub pod: PodTemplate,
    pub nodes: Vec<NodeInfo>,
    pub profile: SchedulerPlan,
    /// The templates of the pods that run, a workload each.
    templates: Vec<PodTemplate>,
}

impl Scene {
    /// A pod and nodes on which nothing runs, with the default configuration.
    pub fn new(pod: PodTemplate, nodes: Vec<NodeInfo>) -> Self {
        Self { pod, nodes, profile: SchedulerPlan::default(), templates: Vec::new() }
    }

    /// Has a pod run on the node; on one that does not exist it runs nowhere.
    pub fn run(&mut self, template: PodTemplate, node: &str, terminating: bool) {
        let workload = WorkloadId::from_index(self.templates.len());
        if let Some(node) = self.nodes.iter_mut().find(|one| *one.name == *node) {
            node.add(workload, &template);
            if terminating {
                node.terminate(workload);
            }
        }
        self.templates.push(template);
    }

    /// What `look` finds in the cycle by the rules of Kubernetes 1.`minor`.
    pub fn look<R>(&self, minor: u32, look: impl FnOnce(&Cycle<'_>) -> R) -> R {
        let nodes: Vec<&NodeInfo> = self.nodes.iter().collect();
        look(&Cycle {
            pod: PodView::of(&self.pod),
            nodes: &nodes,
            templates: &self.templates,
            profile: &self.profile,
            rules: Rules::of(KubernetesVersion::minor(minor)),
        })
    }
}
