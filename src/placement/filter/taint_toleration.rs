//! TaintToleration: nodes with a NoSchedule or NoExecute taint take only pods that tolerate it.

use super::Target;
use crate::placement::{Code, PodView, Reason, Rejection, Rules};
use crate::scenario::plan::TaintEffect;

/// The plugin's name.
pub const NAME: &str = "TaintToleration";

/// Rejects a node for its first taint that the pod does not tolerate; taints by condition come last.
///
/// # Errors
/// When a NoSchedule or NoExecute taint is not tolerated.
pub fn filter<'a>(pod: &PodView<'a>, target: &Target<'a>, _: &Rules) -> Result<(), Rejection<'a>> {
    let mut repelling = target
        .node
        .taints
        .iter()
        .chain(target.condition_taints)
        .filter(|taint| taint.effect != TaintEffect::PreferNoSchedule);
    match repelling.find(|taint| !pod.tolerates(taint)) {
        None => Ok(()),
        Some(taint) => Err(Rejection {
            plugin: NAME,
            code: Code::UnschedulableAndUnresolvable,
            reasons: vec![Reason::UntoleratedTaint { key: &taint.key, value: &taint.value }],
        }),
    }
}
