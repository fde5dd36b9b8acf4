//! The filter plugins in kube-scheduler's order.
//!
//! A plugin looks at the whole cycle once (PreFilter) and then at one node after the other (Filter). It touches its own file and
//! the list [`PLUGINS`].

pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_name;
pub mod node_ports;
pub mod node_resources_fit;
pub mod node_unschedulable;
pub mod node_volume_limits;
pub mod pod_topology_spread;
pub mod taint_toleration;
pub mod volume_binding;
pub mod volume_restrictions;
#[cfg(test)]
mod volume_tests;
pub mod volume_zone;

use super::reference::RejectedBy;
use super::{ClusterEvent, Code, Cycle, Reason, Rejection};
use crate::cluster::NodeInfo;
use std::collections::BTreeSet;

/// A filter plugin of the profile.
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// kube-scheduler's name of it.
    pub name: &'static str,
    /// Looks at the cycle once, before the nodes.
    pub pre_filter: for<'a> fn(&Cycle<'a>) -> PreFilter<'a>,
    /// What the verdict on a node depends on, and so how long it holds.
    pub scope: Scope,
    /// Whether the change may let a pod run that the plugin rejected: kube-scheduler's registered events and queueing hints. The
    /// cycle is the pod's and has no nodes.
    pub hint: for<'a> fn(&Cycle<'a>, &ClusterEvent<'_>) -> bool,
}

/// What a filter plugin's verdict on a node depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// On the labels, taints and state of the node.
    Node,
    /// On the pods that run there, too.
    Pods,
    /// On the pods of all nodes.
    Cluster,
}

/// What a plugin makes of the cycle.
pub enum PreFilter<'a> {
    /// It has nothing against any node.
    Skip,
    /// No node will do.
    Reject(Rejection<'a>),
    /// It will look at each node.
    Each(Box<dyn Filter<'a> + 'a>),
    /// Only nodes of these names are worth looking at, and it will look at those.
    Among(BTreeSet<&'a str>, Box<dyn Filter<'a> + 'a>),
}

/// A plugin that looks at one node after the other.
pub trait Filter<'a> {
    /// Whether the pod may run on the node.
    ///
    /// # Errors
    /// Why not.
    fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>>;

    /// A node is now as `new` instead of `old`: other pods run on it. Plugins that count pods over all nodes count anew.
    fn replace(&mut self, _old: &NodeInfo, _new: &NodeInfo) {}
}

/// The filter plugins in the order in which they run.
pub const PLUGINS: [Plugin; 12] = [
    node_unschedulable::PLUGIN,
    node_name::PLUGIN,
    taint_toleration::PLUGIN,
    node_affinity::PLUGIN,
    node_ports::PLUGIN,
    node_resources_fit::PLUGIN,
    volume_restrictions::PLUGIN,
    node_volume_limits::PLUGIN,
    volume_binding::PLUGIN,
    volume_zone::PLUGIN,
    pod_topology_spread::PLUGIN,
    inter_pod_affinity::PLUGIN,
];

/// Whether the change may let the pod of the cycle run, which these plugins rejected. A pod that no plugin rejected is always let.
#[must_use]
pub fn may_help(cycle: &Cycle<'_>, rejected_by: &RejectedBy, event: &ClusterEvent<'_>) -> bool {
    let mut concerned = PLUGINS.iter().filter(|plugin| rejected_by.contains(plugin.name));
    rejected_by.is_empty() || concerned.any(|plugin| (plugin.hint)(cycle, event))
}

/// The filters of one cycle, ready to look at nodes.
pub struct Filters<'a> {
    names: Option<BTreeSet<&'a str>>,
    filters: Vec<Box<dyn Filter<'a> + 'a>>,
}

impl<'a> Filters<'a> {
    /// Lets every plugin look at the cycle.
    ///
    /// # Errors
    /// When a plugin rejects all nodes at once.
    pub fn prepare(cycle: &Cycle<'a>) -> Result<Self, Rejection<'a>> {
        Self::prepare_those(cycle, |_| true)
    }

    /// As [`Self::prepare`], with some of the plugins only.
    ///
    /// # Errors
    /// When a plugin rejects all nodes at once.
    pub fn prepare_those(cycle: &Cycle<'a>, wanted: impl Fn(&Plugin) -> bool) -> Result<Self, Rejection<'a>> {
        let mut prepared = Self { names: None, filters: Vec::with_capacity(PLUGINS.len()) };
        for plugin in PLUGINS.iter().filter(|plugin| wanted(plugin)) {
            match (plugin.pre_filter)(cycle) {
                PreFilter::Skip => {}
                PreFilter::Reject(rejection) => return Err(rejection),
                PreFilter::Each(filter) => prepared.filters.push(filter),
                PreFilter::Among(names, filter) => {
                    prepared.filters.push(filter);
                    prepared.names = Some(names);
                }
            }
        }
        Ok(prepared)
    }

    /// The names of the only nodes worth looking at; `None` for all.
    #[must_use]
    pub const fn names(&self) -> Option<&BTreeSet<&'a str>> {
        self.names.as_ref()
    }

    /// Runs the plugins on the node until one rejects it.
    ///
    /// # Errors
    /// The first plugin's [`Rejection`].
    pub fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        if self.names.as_ref().is_some_and(|names| !names.contains(&*node.name)) {
            return Err(Rejection {
                plugin: node_affinity::NAME,
                code: Code::UnschedulableAndUnresolvable,
                reasons: vec![Reason::NotInNodeSet],
            });
        }
        self.filters.iter().try_for_each(|filter| filter.filter(node))
    }

    /// A node is now as `new` instead of `old`.
    pub fn replace(&mut self, old: &NodeInfo, new: &NodeInfo) {
        for filter in &mut self.filters {
            filter.replace(old, new);
        }
    }
}
