//! NodeVolumeLimits: a VM takes so many data disks, and each disk counts once however many pods use it.
//!
//! Not modelled: disks of pods that are gone and that are still being detached.

use super::{Filter, Plugin, PreFilter, Scope};
use crate::cluster::{ClaimId, NodeInfo, PodClaims};
use crate::placement::{ClusterEvent, Code, Cycle, Reason, Rejection};
use std::collections::BTreeSet;

/// The plugin's name.
pub const NAME: &str = "NodeVolumeLimits";

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: NAME, pre_filter, scope: Scope::Pods, hint };

struct NodeVolumeLimits<'a> {
    pod: PodClaims<'a>,
    /// The pod's claims whose volumes are disks.
    disks: BTreeSet<ClaimId>,
}

/// Upstream asks more closely which claims and volumes changed; here a pod is tried once too often instead.
fn hint(_: &Cycle<'_>, event: &ClusterEvent<'_>) -> bool {
    matches!(event, ClusterEvent::NodeAdded(_) | ClusterEvent::PodEnded(_))
}

fn pre_filter<'a>(cycle: &Cycle<'a>) -> PreFilter<'a> {
    let pod = cycle.pod.claims;
    let disks: BTreeSet<ClaimId> = pod.ids.iter().copied().filter(|id| is_disk(pod, *id)).collect();
    if disks.is_empty() { PreFilter::Skip } else { PreFilter::Each(Box::new(NodeVolumeLimits { pod, disks })) }
}

fn is_disk(claims: PodClaims<'_>, id: ClaimId) -> bool {
    claims.get(id).is_some_and(|claim| claim.plan.is_disk())
}

impl<'a> Filter<'a> for NodeVolumeLimits<'a> {
    fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        let Some(most) = node.max_data_disks else { return Ok(()) };
        let attached = node.claims.keys().filter(|id| is_disk(self.pod, **id)).count();
        let new = self.disks.iter().filter(|id| !node.claims.contains_key(id)).count();
        // A pod whose disks are all there already is welcome even on a node with too many.
        if new == 0 || attached + new <= most as usize {
            return Ok(());
        }
        Err(Rejection { plugin: NAME, code: Code::Unschedulable, reasons: vec![Reason::MaxVolumeCount] })
    }
}
