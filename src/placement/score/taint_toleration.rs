//! TaintToleration's score: the fewer PreferNoSchedule taints that the pod does not tolerate, the better.

use super::{Plugin, Score};
use crate::cluster::NodeInfo;
use crate::placement::Cycle;
use crate::scenario::plan::TaintEffect;

/// The plugin.
pub const PLUGIN: Plugin = Plugin {
    name: "TaintToleration",
    weight: 3,
    is_skipped: |_| false,
    score: Score::Normalized { raw: intolerable, reverse: true },
};

/// The number of soft taints of the node that the pod does not tolerate.
fn intolerable(cycle: &Cycle<'_>, node: &NodeInfo) -> i64 {
    let soft = node.taints.iter().filter(|taint| taint.effect == TaintEffect::PreferNoSchedule);
    soft.map(|taint| i64::from(!cycle.pod.tolerates(taint))).sum()
}
