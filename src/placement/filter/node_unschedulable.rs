//! NodeUnschedulable: cordoned nodes take no pods, but for those that tolerate it.

use super::{Filter, Plugin, PreFilter, Scope};
use crate::cluster::NodeInfo;
use crate::placement::{ClusterEvent, Code, Cycle, PodView, Reason, Rejection};
use crate::scenario::plan::{Taint, TaintEffect};

/// The plugin's name.
pub const NAME: &str = "NodeUnschedulable";

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: NAME, pre_filter, scope: Scope::Node, hint };

struct NodeUnschedulable<'a>(PodView<'a>);

fn pre_filter<'a>(cycle: &Cycle<'a>) -> PreFilter<'a> {
    PreFilter::Each(Box::new(NodeUnschedulable(cycle.pod)))
}

/// A node that takes pods now.
fn hint(_: &Cycle<'_>, event: &ClusterEvent<'_>) -> bool {
    event.new_node().is_some_and(|node| !node.unschedulable)
}

impl<'a> Filter<'a> for NodeUnschedulable<'a> {
    fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        if !node.unschedulable || self.0.tolerates(&cordon_taint()) {
            return Ok(());
        }
        Err(Rejection { plugin: NAME, code: Code::UnschedulableAndUnresolvable, reasons: vec![Reason::Unschedulable] })
    }
}

/// The taint that stands for `spec.unschedulable`.
fn cordon_taint() -> Taint {
    Taint { key: "node.kubernetes.io/unschedulable".into(), value: "".into(), effect: TaintEffect::NoSchedule }
}
