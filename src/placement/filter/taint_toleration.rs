//! TaintToleration: nodes with a NoSchedule or NoExecute taint take only pods that tolerate it.

use super::{Filter, Plugin, PreFilter, Scope};
use crate::cluster::NodeInfo;
use crate::placement::{ClusterEvent, Code, Cycle, PodView, Reason, Rejection};
use crate::scenario::plan::{Taint, TaintEffect};

/// The plugin's name.
pub const NAME: &str = "TaintToleration";

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: NAME, pre_filter, scope: Scope::Node, hint };

struct TaintToleration<'a>(PodView<'a>);

fn pre_filter<'a>(cycle: &Cycle<'a>) -> PreFilter<'a> {
    PreFilter::Each(Box::new(TaintToleration(cycle.pod)))
}

/// A node whose taints the pod tolerates. Being uncordoned takes a taint off a node, so that counts too.
fn hint(cycle: &Cycle<'_>, event: &ClusterEvent<'_>) -> bool {
    event.new_node().is_some_and(|node| !cycle.rules.queueing_hints || untolerated(&cycle.pod, node).is_none())
}

impl<'a> Filter<'a> for TaintToleration<'a> {
    fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        match untolerated(&self.0, node) {
            None => Ok(()),
            Some(taint) => Err(Rejection {
                plugin: NAME,
                code: Code::UnschedulableAndUnresolvable,
                reasons: vec![Reason::UntoleratedTaint { key: &taint.key, value: &taint.value }],
            }),
        }
    }
}

/// The first taint of the node that keeps the pod away.
#[must_use]
pub fn untolerated<'n>(pod: &PodView<'_>, node: &'n NodeInfo) -> Option<&'n Taint> {
    node.taints.iter().find(|taint| taint.effect != TaintEffect::PreferNoSchedule && !pod.tolerates(taint))
}
