//! Where a pod may run and where it runs best: kube-scheduler's filter and score plugins as pure functions.
//!
//! They look at a [`NodeInfo`] and a pod's template and at nothing else, so that the scheduler, the autoscaler's simulated
//! placement and the preflight check decide alike. One plugin a file, named as in kube-scheduler; a plugin touches its file and
//! one list ([`filter::PLUGINS`] or [`score::PLUGINS`]).
//! Source: kube-scheduler's default profile, Kubernetes 1.31 to 1.36. Not modelled: topology spread, inter-pod affinity, volumes,
//! image locality, preemption, schedulers' extenders.

pub mod filter;
mod rejection;
mod rules;
pub mod score;

pub use rejection::{Code, Reason, Rejection, fit_error, pre_filter_error};
pub use rules::Rules;
pub use score::{PluginScores, score, score_by_plugin};

use crate::cluster::NodeInfo;
use crate::scenario::plan::{PodTemplate, Taint, TaintEffect};
use filter::Target;

/// A pod as the plugins see it.
#[derive(Clone, Copy, Debug)]
pub struct PodView<'a> {
    /// What every pod of its controller looks like.
    pub template: &'a PodTemplate,
    /// Name of the only node it may run on: a DaemonSet's pod.
    pub pinned: Option<&'a str>,
}

/// Taints that the DaemonSet controller has its pods tolerate, whatever their template says.
///
/// Source: Kubernetes documentation, "DaemonSet", taints and tolerations, 1.34. `not-ready:NoSchedule` is our simplification: the real
/// controller creates the pod only when that taint is gone or tolerated, here it is created and bound when the node registers.
const DAEMON_TOLERATIONS: [(&str, TaintEffect); 7] = [
    (NOT_READY, TaintEffect::NoSchedule),
    (NOT_READY, TaintEffect::NoExecute),
    ("node.kubernetes.io/unreachable", TaintEffect::NoExecute),
    ("node.kubernetes.io/disk-pressure", TaintEffect::NoSchedule),
    ("node.kubernetes.io/memory-pressure", TaintEffect::NoSchedule),
    ("node.kubernetes.io/pid-pressure", TaintEffect::NoSchedule),
    ("node.kubernetes.io/unschedulable", TaintEffect::NoSchedule),
];

/// The taint that pods on the node's own network tolerate besides, when a DaemonSet controls them.
const NETWORK_UNAVAILABLE: &str = "node.kubernetes.io/network-unavailable";

/// Key of the taint on a node whose Ready condition is not true.
pub const NOT_READY: &str = "node.kubernetes.io/not-ready";

impl<'a> PodView<'a> {
    /// A pod of the template that may run anywhere.
    #[must_use]
    pub const fn of(template: &'a PodTemplate) -> Self {
        Self { template, pinned: None }
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

/// Whether the pod may run on the node as it is now: PreFilter and every filter plugin, in kube-scheduler's order.
///
/// # Errors
/// The first plugin's [`Rejection`].
pub fn filter<'a>(pod: &PodView<'a>, node: &'a NodeInfo, rules: &Rules) -> Result<(), Rejection<'a>> {
    if filter::node_affinity::node_names(pod).is_some_and(|names| !names.contains(&*node.name)) {
        return Err(Rejection {
            plugin: filter::node_affinity::NAME,
            code: Code::UnschedulableAndUnresolvable,
            reasons: vec![Reason::NotInNodeSet],
        });
    }
    filter::run(pod, &Target { node, condition_taints: &[] }, rules)
}

/// Whether the DaemonSet controller would create the pod for the node: selector, affinity and taints, not resources.
///
/// The template's own required affinity is looked at; the term that pins the pod takes its place only once it is created.
#[must_use]
pub fn daemon_should_run(pod: &PodView<'_>, node: &NodeInfo) -> bool {
    let repels = |taint: &Taint| taint.effect != TaintEffect::PreferNoSchedule && !pod.tolerates(taint);
    filter::node_affinity::template_matches(pod.template, node) && !node.taints.iter().any(repels)
}
