//! Why a node was turned down, and the sentence that kubectl shows when all of them were.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A plugin's verdict against a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection<'a> {
    /// The plugin that rejected.
    pub plugin: &'static str,
    /// Whether removing pods from the node could help.
    pub code: Code,
    /// The reasons, in the order in which the plugin found them; at least one.
    pub reasons: Vec<Reason<'a>>,
}

/// Whether preemption could make room on a node that was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The node is unsuitable as it is now.
    Unschedulable,
    /// Removing pods from the node would not help.
    UnschedulableAndUnresolvable,
}

impl Code {
    /// kube-scheduler's name of the code.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unschedulable => "Unschedulable",
            Self::UnschedulableAndUnresolvable => "UnschedulableAndUnresolvable",
        }
    }
}

/// One reason; displayed in kubectl's words.
/// Source of the wording: kube-scheduler 1.34.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason<'a> {
    /// The node is cordoned.
    Unschedulable,
    /// The pod does not tolerate this taint.
    UntoleratedTaint {
        /// Key of the taint.
        key: &'a str,
        /// Its value, empty for none.
        value: &'a str,
    },
    /// Node selector or required node affinity does not match.
    NodeAffinity,
    /// The affinity that the scheduler's configuration adds does not match.
    AddedAffinity,
    /// The pod names another node.
    NodeName,
    /// The pod may only run on nodes of other names.
    NotInNodeSet,
    /// The pod's terms name no node together.
    TermsConflict,
    /// A host port is taken.
    HostPorts,
    /// The node runs as many pods as it may.
    TooManyPods,
    /// Too little of this resource is left.
    Insufficient(&'a str),
    /// The pod names a claim that does not exist.
    ClaimNotFound(&'a str),
    /// Another pod uses a claim that is for one pod only.
    ClaimInUse,
    /// The VM takes no further data disk.
    MaxVolumeCount,
    /// A claim that waits for no pod has no volume.
    UnboundImmediateClaims,
    /// A volume cannot be attached to the node.
    VolumeNodeAffinity,
    /// A volume cannot be provided for the node.
    NoVolumeToBind,
    /// A volume is labelled with another zone.
    NoVolumeZone,
    /// The node lacks a label that a spread constraint is about.
    MissingTopologyLabel,
    /// The pod would make the domains differ too much.
    TopologySpread,
    /// No pod that the pod must run beside is in the node's domain.
    PodAffinity,
    /// A pod that the pod must stay away from is in the node's domain.
    PodAntiAffinity,
    /// A pod in the node's domain must stay away from this pod.
    ExistingAntiAffinity,
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unschedulable => f.write_str("node(s) were unschedulable"),
            Self::UntoleratedTaint { key, value } => write!(f, "node(s) had untolerated taint {{{key}: {value}}}"),
            Self::NodeAffinity => f.write_str("node(s) didn't match Pod's node affinity/selector"),
            Self::AddedAffinity => f.write_str("node(s) didn't match scheduler-enforced node affinity"),
            Self::NodeName => f.write_str("node(s) didn't match the requested node name"),
            Self::NotInNodeSet => f.write_str("node(s) didn't satisfy plugin(s) [NodeAffinity]"),
            Self::TermsConflict => f.write_str("pod affinity terms conflict"),
            Self::HostPorts => f.write_str("node(s) didn't have free ports for the requested pod ports"),
            Self::TooManyPods => f.write_str("Too many pods"),
            Self::Insufficient(resource) => write!(f, "Insufficient {resource}"),
            Self::ClaimNotFound(name) => write!(f, "persistentvolumeclaim \"{name}\" not found"),
            Self::ClaimInUse => f.write_str(
                "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
            ),
            Self::MaxVolumeCount => f.write_str("node(s) exceed max volume count"),
            Self::UnboundImmediateClaims => f.write_str("pod has unbound immediate PersistentVolumeClaims"),
            Self::VolumeNodeAffinity => f.write_str("node(s) had volume node affinity conflict"),
            Self::NoVolumeToBind => f.write_str("node(s) didn't find available persistent volumes to bind"),
            Self::NoVolumeZone => f.write_str("node(s) had no available volume zone"),
            Self::MissingTopologyLabel => {
                f.write_str("node(s) didn't match pod topology spread constraints (missing required label)")
            }
            Self::TopologySpread => f.write_str("node(s) didn't match pod topology spread constraints"),
            Self::PodAffinity => f.write_str("node(s) didn't match pod affinity rules"),
            Self::PodAntiAffinity => f.write_str("node(s) didn't match pod anti-affinity rules"),
            Self::ExistingAntiAffinity => f.write_str("node(s) didn't satisfy existing pods anti-affinity rules"),
        }
    }
}

/// Rejections of one pod, counted by reason.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    reasons: BTreeMap<String, usize>,
    /// The plugins that rejected.
    pub plugins: BTreeSet<&'static str>,
}

impl Tally {
    /// Counts a rejection.
    pub fn add(&mut self, rejection: &Rejection<'_>) {
        self.plugins.insert(rejection.plugin);
        for reason in &rejection.reasons {
            *self.reasons.entry(reason.to_string()).or_default() += 1;
        }
    }

    /// kubectl's sentence for a pod that fits none of `nodes` nodes, `rejected` of which were looked at: each reason with its number
    /// of nodes, sorted as text. PreFilter left out the others.
    ///
    /// The clause on preemption that kubectl appends is not written.
    #[must_use]
    pub fn sentence(&self, nodes: usize, rejected: usize) -> String {
        let mut reasons = self.reasons.clone();
        if rejected < nodes {
            *reasons.entry(Reason::NotInNodeSet.to_string()).or_default() += nodes - rejected;
        }
        let mut texts: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        texts.sort_unstable();
        format!("0/{nodes} nodes are available: {}.", texts.join(", "))
    }
}

/// kubectl's sentence for a pod that PreFilter rejected for all nodes at once.
#[must_use]
pub fn pre_filter_error(nodes: usize, rejection: &Rejection<'_>) -> String {
    let reasons: Vec<String> = rejection.reasons.iter().map(ToString::to_string).collect();
    format!("0/{nodes} nodes are available: {}.", reasons.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit_error(nodes: usize, rejections: &[Rejection<'_>]) -> String {
        let mut tally = Tally::default();
        rejections.iter().for_each(|rejection| tally.add(rejection));
        tally.sentence(nodes, rejections.len())
    }

    fn rejection<'a>(reasons: &[Reason<'a>]) -> Rejection<'a> {
        Rejection { plugin: "Test", code: Code::Unschedulable, reasons: reasons.to_vec() }
    }

    #[test]
    fn the_sentence_counts_reasons_and_sorts_them_as_text() {
        let cpu = || rejection(&[Reason::TooManyPods, Reason::Insufficient("cpu")]);
        let taint = || rejection(&[Reason::UntoleratedTaint { key: "CriticalAddonsOnly", value: "true" }]);
        let mut rejections = vec![taint(), cpu(), taint(), cpu(), cpu()];
        assert_eq!(
            fit_error(5, &rejections),
            "0/5 nodes are available: 2 node(s) had untolerated taint {CriticalAddonsOnly: true}, \
             3 Insufficient cpu, 3 Too many pods."
        );
        rejections.extend((0..7).map(|_| rejection(&[Reason::Unschedulable])));
        assert_eq!(
            fit_error(22, &rejections),
            "0/22 nodes are available: 10 node(s) didn't satisfy plugin(s) [NodeAffinity], \
             2 node(s) had untolerated taint {CriticalAddonsOnly: true}, 3 Insufficient cpu, 3 Too many pods, \
             7 node(s) were unschedulable."
        );
    }
}
