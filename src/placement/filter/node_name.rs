//! NodeName: a pod whose manifest names a node runs there or nowhere.
//!
//! A real pod with `spec.nodeName` does not pass the scheduler at all: its kubelet takes it, or refuses it. Here the other filters
//! hold for it too.

use super::{Filter, Plugin, PreFilter, Scope};
use crate::cluster::NodeInfo;
use crate::placement::{ClusterEvent, Code, Cycle, Reason, Rejection};

/// The plugin's name.
pub const NAME: &str = "NodeName";

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: NAME, pre_filter, scope: Scope::Node, hint };

struct NodeName<'a>(&'a str);

fn pre_filter<'a>(cycle: &Cycle<'a>) -> PreFilter<'a> {
    cycle.template().node_name.as_deref().map_or(PreFilter::Skip, |name| PreFilter::Each(Box::new(NodeName(name))))
}

/// The node has come. Before there were hints, any change of a node.
fn hint(cycle: &Cycle<'_>, event: &ClusterEvent<'_>) -> bool {
    match event {
        ClusterEvent::NodeAdded(_) => true,
        ClusterEvent::NodeUncordoned(_) => !cycle.rules.queueing_hints,
        ClusterEvent::NodeDeleted(_) | ClusterEvent::PodBound(_) | ClusterEvent::PodEnded(_) => false,
    }
}

impl<'a> Filter<'a> for NodeName<'a> {
    fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        if *node.name == *self.0 {
            return Ok(());
        }
        Err(Rejection { plugin: NAME, code: Code::UnschedulableAndUnresolvable, reasons: vec![Reason::NodeName] })
    }
}
