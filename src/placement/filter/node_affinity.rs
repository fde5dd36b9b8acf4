//! NodeAffinity: node selector and required node affinity, by labels and by node name.
//!
//! A DaemonSet's pod is held to its node here, as in Kubernetes: its controller replaces the required terms by one that
//! names the node.

use super::{Filter, Plugin, PreFilter, Scope};
use crate::cluster::NodeInfo;
use crate::placement::{ClusterEvent, Code, Cycle, PodView, Reason, Rejection};
use crate::scenario::plan::{NodeSelectorTerm, Operator, PodTemplate, Requirement};
use std::collections::BTreeSet;

/// The plugin's name.
pub const NAME: &str = "NodeAffinity";

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: NAME, pre_filter, scope: Scope::Node, hint };

/// The only field that a term can name.
const NODE_NAME: &str = "metadata.name";

struct NodeAffinity<'a> {
    pod: PodView<'a>,
    /// Terms that the scheduler's configuration adds, of which one must match.
    added: Option<&'a [NodeSelectorTerm]>,
}

fn pre_filter<'a>(cycle: &Cycle<'a>) -> PreFilter<'a> {
    let template = cycle.template();
    let added = cycle.profile.added_affinity.required.as_deref();
    let unconditional =
        cycle.pod.pinned.is_none() && template.node_selector.is_empty() && template.required_affinity.is_none();
    if unconditional && added.is_none() {
        return PreFilter::Skip;
    }
    let filter = Box::new(NodeAffinity { pod: cycle.pod, added });
    match node_names(&cycle.pod) {
        None => PreFilter::Each(filter),
        Some(names) if names.is_empty() => PreFilter::Reject(rejection(Reason::TermsConflict)),
        Some(names) => PreFilter::Among(names, filter),
    }
}

/// A node that the pod's selector and affinity admit. Before there were hints, any change of a node.
fn hint(cycle: &Cycle<'_>, event: &ClusterEvent<'_>) -> bool {
    match event {
        ClusterEvent::NodeAdded(node) => !cycle.rules.queueing_hints || admits(&cycle.pod, node),
        ClusterEvent::NodeUncordoned(_) => !cycle.rules.queueing_hints,
        ClusterEvent::NodeDeleted(_) | ClusterEvent::PodBound(_) | ClusterEvent::PodEnded(_) => false,
    }
}

impl<'a> Filter<'a> for NodeAffinity<'a> {
    fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        if self.added.is_some_and(|terms| !terms.iter().any(|term| term_matches(term, node))) {
            return Err(rejection(Reason::AddedAffinity));
        }
        if admits(&self.pod, node) { Ok(()) } else { Err(rejection(Reason::NodeAffinity)) }
    }
}

fn rejection(reason: Reason<'_>) -> Rejection<'_> {
    Rejection { plugin: NAME, code: Code::UnschedulableAndUnresolvable, reasons: vec![reason] }
}

/// True when the pod's node selector and required affinity admit the node.
#[must_use]
pub fn admits(pod: &PodView<'_>, node: &NodeInfo) -> bool {
    match pod.pinned {
        Some(name) => *node.name == *name && matches_selector(pod.template, node),
        None => template_matches(pod.template, node),
    }
}

/// PreFilter: the names of the only nodes worth looking at; `None` for all. An empty set means that the terms conflict.
#[must_use]
pub fn node_names<'a>(pod: &PodView<'a>) -> Option<BTreeSet<&'a str>> {
    if let Some(name) = pod.pinned {
        return Some(BTreeSet::from([name]));
    }
    let terms = pod.template.required_affinity.as_ref()?;
    if terms.is_empty() {
        return None;
    }
    let named = terms.iter().map(names_in_term).collect::<Option<Vec<_>>>()?;
    Some(named.into_iter().flatten().collect())
}

/// True when node selector and required affinity of the template match the node.
#[must_use]
pub fn template_matches(pod: &PodTemplate, node: &NodeInfo) -> bool {
    let required = pod.required_affinity.as_ref();
    matches_selector(pod, node) && required.is_none_or(|terms| terms.iter().any(|term| term_matches(term, node)))
}

/// True when all requirements of the term hold on the node. A term without any, or with a malformed one, matches nothing.
#[must_use]
pub fn term_matches(term: &NodeSelectorTerm, node: &NodeInfo) -> bool {
    let label = |requirement: &Requirement| {
        requirement.matches(node.labels.get(&*requirement.key).map(String::as_str)) && is_well_formed(requirement)
    };
    !(term.expressions.is_empty() && term.fields.is_empty())
        && term.expressions.iter().all(label)
        && term.fields.iter().all(|requirement| field_matches(requirement, &node.name))
}

/// The names that all `metadata.name In` requirements of the term share; `None` when it has no such requirement.
fn names_in_term(term: &NodeSelectorTerm) -> Option<BTreeSet<&str>> {
    let named = term.fields.iter().filter(|field| *field.key == *NODE_NAME && field.operator == Operator::In);
    named
        .map(|field| field.values.iter().map(|value| &**value).collect::<BTreeSet<_>>())
        .reduce(|shared, names| shared.intersection(&names).copied().collect())
}

fn matches_selector(pod: &PodTemplate, node: &NodeInfo) -> bool {
    pod.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value))
}

fn field_matches(requirement: &Requirement, name: &str) -> bool {
    *requirement.key == *NODE_NAME
        && requirement.values.len() == 1
        && matches!(requirement.operator, Operator::In | Operator::NotIn)
        && requirement.matches(Some(name))
}

/// True when every operand is a legal label value; otherwise kube-scheduler drops the whole term.
fn is_well_formed(requirement: &Requirement) -> bool {
    requirement.values.iter().all(|value| is_label_value(value))
}

/// True for at most 63 letters, digits, `-`, `_` and `.`, a letter or digit at either end; an empty value is legal.
fn is_label_value(value: &str) -> bool {
    let bytes = value.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    bytes.len() <= 63
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && ends.iter().flatten().all(|b| b.is_ascii_alphanumeric())
}
