//! NodeUnschedulable: cordoned nodes take no pods, but for those that tolerate it.

use super::Target;
use crate::placement::{Code, PodView, Reason, Rejection, Rules};
use crate::scenario::plan::{Taint, TaintEffect};

/// The plugin's name.
pub const NAME: &str = "NodeUnschedulable";

/// Rejects a cordoned node.
///
/// # Errors
/// When the node is cordoned and the pod does not tolerate that.
pub fn filter<'a>(pod: &PodView<'a>, target: &Target<'a>, _: &Rules) -> Result<(), Rejection<'a>> {
    if !target.node.unschedulable || pod.tolerates(&cordon_taint()) {
        return Ok(());
    }
    Err(Rejection { plugin: NAME, code: Code::UnschedulableAndUnresolvable, reasons: vec![Reason::Unschedulable] })
}

/// The taint that stands for `spec.unschedulable`.
fn cordon_taint() -> Taint {
    Taint { key: "node.kubernetes.io/unschedulable".into(), value: "".into(), effect: TaintEffect::NoSchedule }
}
