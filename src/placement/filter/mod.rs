//! The filter plugins in kube-scheduler's order.
//!
//! NodeName, which stands between NodeUnschedulable and TaintToleration, has no file: a pod with `spec.nodeName` never reaches the
//! scheduler, and a DaemonSet's pod is held to its node by node affinity.

pub mod node_affinity;
pub mod node_ports;
pub mod node_resources_fit;
pub mod node_unschedulable;
pub mod taint_toleration;

use super::{PodView, Rejection, Rules};
use crate::cluster::NodeInfo;
use crate::scenario::plan::Taint;

/// A node to filter.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The node.
    pub node: &'a NodeInfo,
    /// Taints that the node carries because of its condition, besides its own.
    pub condition_taints: &'a [Taint],
}

/// A filter plugin.
pub type Filter = for<'a> fn(&PodView<'a>, &Target<'a>, &Rules) -> Result<(), Rejection<'a>>;

/// The filter plugins in the order in which they run.
pub const PLUGINS: [Filter; 5] = [
    node_unschedulable::filter,
    taint_toleration::filter,
    node_affinity::filter,
    node_ports::filter,
    node_resources_fit::filter,
];

/// Runs the filter plugins on the node until one rejects it. PreFilter's node names are the caller's to look at.
///
/// # Errors
/// The first plugin's [`Rejection`].
pub fn run<'a>(pod: &PodView<'a>, target: &Target<'a>, rules: &Rules) -> Result<(), Rejection<'a>> {
    PLUGINS.iter().try_for_each(|plugin| plugin(pod, target, rules))
}
