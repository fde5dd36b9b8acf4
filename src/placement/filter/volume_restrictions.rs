//! VolumeRestrictions: a claim with the access mode ReadWriteOncePod is used by one pod only, wherever that runs.
//!
//! Not modelled: disks named in pods themselves, which AKS no longer supports.

use super::{Filter, Plugin, PreFilter, Scope};
use crate::cluster::{ClaimId, NodeInfo};
use crate::placement::{ClusterEvent, Code, Cycle, Reason, Rejection};

/// The plugin's name.
pub const NAME: &str = "VolumeRestrictions";

/// The plugin. It counts users of claims over all nodes.
pub const PLUGIN: Plugin = Plugin { name: NAME, pre_filter, scope: Scope::Cluster, hint };

struct VolumeRestrictions {
    /// The pod's claims that are for one pod only.
    claims: Vec<ClaimId>,
    /// Pods that use one of them.
    users: u32,
}

/// Being the first plugin to look at claims, it is the one to miss them.
/// Upstream asks more closely which claims and volumes changed; here a pod is tried once too often instead.
fn hint(_: &Cycle<'_>, event: &ClusterEvent<'_>) -> bool {
    matches!(event, ClusterEvent::PodEnded(_))
}

fn pre_filter<'a>(cycle: &Cycle<'a>) -> PreFilter<'a> {
    if let Some(missing) = cycle.template().claims.iter().find(|claim| claim.claim.is_none()) {
        return PreFilter::Reject(Rejection {
            plugin: NAME,
            code: Code::UnschedulableAndUnresolvable,
            reasons: vec![Reason::ClaimNotFound(&missing.name)],
        });
    }
    let pod = cycle.pod.claims;
    let for_one_pod = |id: &ClaimId| pod.get(*id).is_some_and(|claim| claim.plan.one_pod);
    let claims: Vec<ClaimId> = pod.ids.iter().copied().filter(for_one_pod).collect();
    if claims.is_empty() {
        return PreFilter::Skip;
    }
    let mut plugin = VolumeRestrictions { claims, users: 0 };
    plugin.users = cycle.nodes.iter().map(|node| plugin.users_on(node)).sum();
    PreFilter::Each(Box::new(plugin))
}

impl VolumeRestrictions {
    fn users_on(&self, node: &NodeInfo) -> u32 {
        self.claims.iter().filter_map(|claim| node.claims.get(claim)).sum()
    }
}

impl<'a> Filter<'a> for VolumeRestrictions {
    fn filter<'n>(&'n self, _: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        if self.users == 0 {
            return Ok(());
        }
        Err(Rejection { plugin: NAME, code: Code::Unschedulable, reasons: vec![Reason::ClaimInUse] })
    }

    fn replace(&mut self, old: &NodeInfo, new: &NodeInfo) {
        self.users = self.users + self.users_on(new) - self.users_on(old);
    }
}
