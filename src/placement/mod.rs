//! Where a pod may run and where it runs best: kube-scheduler's filter and score plugins as pure functions.
//!
//! They look at a [`Cycle`] and at nothing else, so that the scheduler, the autoscaler's simulated placement and the preflight check
//! decide alike. One plugin a file, named as in kube-scheduler; a plugin touches its file and one list ([`filter::PLUGINS`] or
//! [`score::PLUGINS`]). [`mod@reference`] runs them plainly; the [`Scoreboard`] comes to the same decisions faster.
//! Source: kube-scheduler's default profile, Kubernetes 1.31 to 1.36. Not modelled: schedulers' extenders, dynamic resources.

mod change;
mod cycle;
pub mod filter;
pub mod reference;
mod rejection;
mod rules;
pub mod score;
pub mod scoreboard;
pub mod spread;

pub use change::ClusterEvent;
pub use cycle::Cycle;
pub use rejection::{Code, Reason, Rejection, Tally, pre_filter_error};
pub use rules::Rules;
pub use scoreboard::Scoreboard;

use crate::cluster::{NOT_READY, NodeInfo, PodClaims, UNREACHABLE};
use crate::scenario::plan::{PodTemplate, Taint, TaintEffect};

/// A pod as the plugins see it.
#[derive(Clone, Copy, Debug)]
pub struct PodView<'a> {
    /// What every pod of its controller looks like.
    pub template: &'a PodTemplate,
    /// Name of the only node it may run on: a DaemonSet's pod.
    pub pinned: Option<&'a str>,
    /// The claims of its volumes; none for a pod that does not exist yet.
    pub claims: PodClaims<'a>,
}

/// Taints that the DaemonSet controller has its pods tolerate, whatever their template says.
///
/// Source: Kubernetes documentation, "DaemonSet", taints and tolerations, 1.34. `not-ready:NoSchedule` is our simplification: the real
/// controller creates the pod only when that taint is gone or tolerated, here it is created and bound when the node registers.
const DAEMON_TOLERATIONS: [(&str, TaintEffect); 7] = [
    (NOT_READY, TaintEffect::NoSchedule),
    (NOT_READY, TaintEffect::NoExecute),
    (UNREACHABLE, TaintEffect::NoExecute),
    ("node.kubernetes.io/disk-pressure", TaintEffect::NoSchedule),
    ("node.kubernetes.io/memory-pressure", TaintEffect::NoSchedule),
    ("node.kubernetes.io/pid-pressure", TaintEffect::NoSchedule),
    ("node.kubernetes.io/unschedulable", TaintEffect::NoSchedule),
];

/// The taint that pods on the node's own network tolerate besides, when a DaemonSet controls them.
const NETWORK_UNAVAILABLE: &str = "node.kubernetes.io/network-unavailable";

impl<'a> PodView<'a> {
    /// A pod of the template that may run anywhere.
    #[must_use]
    pub const fn of(template: &'a PodTemplate) -> Self {
        Self { template, pinned: None, claims: PodClaims::NONE }
    }

    /// True when the pod tolerates the taint.
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.template.tolerations.iter().any(|toleration| toleration.tolerates(taint))
            || (self.pinned.is_some() && self.tolerates_as_daemon(taint))
    }

    fn tolerates_as_daemon(&self, taint: &Taint) -> bool {
        DAEMON_TOLERATIONS.iter().any(|(key, effect)| *taint.key == **key && taint.effect == *effect)
            || (self.template.host_network
                && *taint.key == *NETWORK_UNAVAILABLE
                && taint.effect == TaintEffect::NoSchedule)
    }
}

/// Whether the DaemonSet controller would create the pod for the node: selector, affinity and taints, not resources.
///
/// The template's own required affinity is looked at; the term that pins the pod takes its place only once it is created.
#[must_use]
pub fn daemon_should_run(pod: &PodView<'_>, node: &NodeInfo) -> bool {
    let repels = |taint: &Taint| taint.effect != TaintEffect::PreferNoSchedule && !pod.tolerates(taint);
    filter::node_affinity::template_matches(pod.template, node) && !node.taints.iter().any(repels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::KubernetesVersion;
    use crate::cluster::WorkloadId;
    use crate::kernel::Id;
    use crate::scenario::plan::{HostPort, SchedulerPlan, Toleration};
    use crate::units::{Bytes, MilliCpu, Resources};
    use filter::Filters;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn node(name: &str, allocatable: Resources) -> NodeInfo {
        NodeInfo::new(name, BTreeMap::new(), Vec::new(), allocatable)
    }

    fn resources(cpu: u64, memory: u64, pods: u32, gpus: u64) -> Resources {
        Resources {
            cpu: MilliCpu::from_millis(cpu),
            memory: Bytes::from_mib(memory),
            ephemeral: Bytes::ZERO,
            pods,
            extended: [("nvidia.com/gpu".into(), gpus)].into(),
        }
    }

    fn taint(key: &str, effect: TaintEffect) -> Taint {
        Taint { key: key.into(), value: "".into(), effect }
    }

    /// What `look` finds in the cycle of a pod of Kubernetes 1.`minor` over the nodes.
    fn in_cycle<R>(minor: u32, pod: PodView<'_>, nodes: &[&NodeInfo], look: impl Fn(&Cycle<'_>) -> R) -> R {
        let (templates, profile) = (vec![pod.template.clone()], SchedulerPlan::default());
        let rules = Rules::of(KubernetesVersion::minor(minor));
        look(&Cycle { pod, nodes, templates: &templates, profile: &profile, rules })
    }

    fn code(minor: u32, pod: &PodTemplate, node: &NodeInfo) -> Option<Code> {
        in_cycle(minor, PodView::of(pod), &[node], |cycle| {
            Filters::prepare(cycle).ok()?.filter(node).err().map(|rejection| rejection.code)
        })
    }

    /// The sentence for one node.
    fn reason(pod: &PodTemplate, node: &NodeInfo) -> String {
        in_cycle(34, PodView::of(pod), &[node], |cycle| {
            reference::decide(cycle, 0, &[]).outcome.map_or_else(|why| why.message, |_| "fits".to_owned())
        })
    }

    #[test]
    fn the_first_plugin_in_kube_schedulers_order_gives_the_reason() {
        let port = HostPort { ip: "0.0.0.0".into(), protocol: "TCP".into(), port: 80 };
        let mut node = node("a", resources(1000, 1024, 0, 0));
        node.unschedulable = true;
        node.taints = vec![taint("soft", TaintEffect::PreferNoSchedule), taint("hard", TaintEffect::NoExecute)];
        node.host_ports = vec![port.clone()];
        let template = PodTemplate {
            requests: resources(2000, 1, 1, 0),
            node_selector: [("disk".to_owned(), "ssd".to_owned())].into(),
            host_ports: vec![port],
            ..PodTemplate::default()
        };
        let mut seen = Vec::new();
        seen.push(reason(&template, &node));
        node.unschedulable = false;
        seen.push(reason(&template, &node));
        node.taints.pop();
        seen.push(reason(&template, &node));
        node.labels = Arc::new([("disk".to_owned(), "ssd".to_owned())].into());
        seen.push(reason(&template, &node));
        node.host_ports.clear();
        seen.push(reason(&template, &node));
        assert_eq!(
            seen,
            [
                "0/1 nodes are available: 1 node(s) were unschedulable.",
                "0/1 nodes are available: 1 node(s) had untolerated taint {hard: }.",
                "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
                "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
                "0/1 nodes are available: 1 Insufficient cpu, 1 Too many pods.",
            ]
        );
    }

    #[test]
    fn a_request_beyond_the_whole_node_is_unresolvable_from_1_34() {
        let (node, mut full) = (node("a", resources(1000, 1024, 10, 0)), node("b", resources(1000, 1024, 10, 0)));
        full.requested = resources(900, 0, 1, 0);
        for (minor, cpu, node, expected) in [
            (33, 1001, &node, Code::Unschedulable),
            (34, 1001, &node, Code::UnschedulableAndUnresolvable),
            (34, 101, &full, Code::Unschedulable),
        ] {
            let template = PodTemplate { requests: resources(cpu, 1, 1, 0), ..PodTemplate::default() };
            assert_eq!(code(minor, &template, node), Some(expected), "1.{minor}, {cpu}m");
        }
    }

    #[test]
    fn the_weighted_total_is_the_documented_example() {
        let size = |cpu| Resources {
            cpu: MilliCpu::from_millis(cpu),
            memory: Bytes::new(10_000_000_000),
            pods: 110,
            ..Resources::default()
        };
        let (small, large) = (node("small", size(4000)), node("large", size(6000)));
        let (cpu, memory) = (MilliCpu::from_millis(3000), Bytes::new(5_000_000_000));
        let template = PodTemplate {
            requests: Resources { cpu, memory, pods: 1, ..Resources::default() },
            nonzero_cpu: cpu,
            nonzero_memory: memory,
            ..PodTemplate::default()
        };
        for (minor, totals) in [(35, [424, 450]), (36, [405, 425])] {
            let nodes = [&small, &large];
            let found = in_cycle(minor, PodView::of(&template), &nodes, |cycle| score::score(cycle, cycle.nodes));
            assert_eq!(found, totals, "1.{minor}");
        }
    }

    #[test]
    fn a_daemon_runs_on_cordoned_nodes_but_not_on_those_it_does_not_tolerate_or_select() {
        let template = PodTemplate::default();
        let pod = PodView { pinned: Some("a"), ..PodView::of(&template) };
        let mut node = node("a", Resources::default());
        node.unschedulable = true;
        assert!(daemon_should_run(&pod, &node));
        node.taints = vec![taint("dedicated", TaintEffect::NoSchedule)];
        assert!(!daemon_should_run(&pod, &node));
        let everything = Toleration { key: None, value: None, effect: None, lasts: None };
        let tolerant = PodTemplate { tolerations: vec![everything], ..PodTemplate::default() };
        assert!(daemon_should_run(&PodView { template: &tolerant, ..pod }, &node));
        let choosy = PodTemplate { required_affinity: Some(Vec::new()), ..tolerant };
        assert!(!daemon_should_run(&PodView { template: &choosy, ..pod }, &node));
    }

    proptest! {
        #[test]
        fn pods_that_pass_the_filters_never_overfill_a_node(
            sizes in prop::collection::vec((500u64..8000, 512u64..16384, 1u32..12, 0u64..4), 1..4),
            pods in prop::collection::vec((0u64..3000, 0u64..4096, 0u64..2), 1..60),
        ) {
            let mut nodes: Vec<NodeInfo> = sizes
                .iter()
                .map(|(cpu, memory, pods, gpus)| node("n", resources(*cpu, *memory, *pods, *gpus)))
                .collect();
            for (cpu, memory, gpus) in pods {
                let requests = resources(cpu, memory, 1, gpus);
                let template = PodTemplate {
                    nonzero_cpu: requests.cpu,
                    nonzero_memory: requests.memory,
                    requests,
                    ..PodTemplate::default()
                };
                let infos: Vec<&NodeInfo> = nodes.iter().collect();
                let decision = in_cycle(34, PodView::of(&template), &infos, |cycle| reference::decide(cycle, 0, &[]));
                if let Ok(tied) = decision.outcome {
                    nodes[tied[0]].add(WorkloadId::from_index(0), &template);
                }
                for node in &nodes {
                    prop_assert!(node.requested.fits_in(&node.allocatable), "{node:?}");
                }
            }
        }
    }
}
