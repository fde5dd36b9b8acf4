//! Why a node was turned down, and the sentence that kubectl shows when all of them were.

use std::collections::BTreeMap;
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
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unschedulable => f.write_str("node(s) were unschedulable"),
            Self::UntoleratedTaint { key, value } => write!(f, "node(s) had untolerated taint {{{key}: {value}}}"),
            Self::NodeAffinity => f.write_str("node(s) didn't match Pod's node affinity/selector"),
            Self::NotInNodeSet => f.write_str("node(s) didn't satisfy plugin(s) [NodeAffinity]"),
            Self::TermsConflict => f.write_str("pod affinity terms conflict"),
            Self::HostPorts => f.write_str("node(s) didn't have free ports for the requested pod ports"),
            Self::TooManyPods => f.write_str("Too many pods"),
            Self::Insufficient(resource) => write!(f, "Insufficient {resource}"),
        }
    }
}

/// kubectl's sentence for a pod that fits none of `nodes` nodes: each reason with its number of nodes, sorted as text.
///
/// Nodes without a rejection were left out by PreFilter. The clause on preemption that kubectl appends is not written.
#[must_use]
pub fn fit_error(nodes: usize, rejections: &[Rejection<'_>]) -> String {
    let mut counts: BTreeMap<Reason<'_>, usize> = BTreeMap::new();
    for reason in rejections.iter().flat_map(|rejection| &rejection.reasons) {
        *counts.entry(*reason).or_default() += 1;
    }
    if rejections.len() < nodes {
        *counts.entry(Reason::NotInNodeSet).or_default() += nodes - rejections.len();
    }
    let mut texts: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    texts.sort_unstable();
    format!("0/{nodes} nodes are available: {}.", texts.join(", "))
}

/// kubectl's sentence for a pod that PreFilter rejected for all nodes at once.
#[must_use]
pub fn pre_filter_error(nodes: usize, reason: Reason<'_>) -> String {
    format!("0/{nodes} nodes are available: {reason}.")
}

#[cfg(test)]
mod tests {
    use super::*;

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
