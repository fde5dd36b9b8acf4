//! Changes of the cluster that may let a pod run which was rejected before.

use crate::cluster::NodeInfo;
use crate::scenario::plan::PodTemplate;

/// A change of the cluster, as the plugins hear of it. Labels and requests of pods and nodes never change here.
#[derive(Clone, Copy, Debug)]
pub enum ClusterEvent<'a> {
    /// The node came: it has become Ready.
    NodeAdded(&'a NodeInfo),
    /// The node was uncordoned.
    NodeUncordoned(&'a NodeInfo),
    /// The node is leaving the API.
    NodeDeleted(&'a NodeInfo),
    /// A pod of this template was bound to a node.
    PodBound(&'a PodTemplate),
    /// A pod of this template that was bound to a node has ended.
    PodEnded(&'a PodTemplate),
}

impl<'a> ClusterEvent<'a> {
    /// The node that takes pods now, when it is about one.
    #[must_use]
    pub const fn new_node(&self) -> Option<&'a NodeInfo> {
        match self {
            Self::NodeAdded(node) | Self::NodeUncordoned(node) => Some(node),
            Self::NodeDeleted(_) | Self::PodBound(_) | Self::PodEnded(_) => None,
        }
    }
}
