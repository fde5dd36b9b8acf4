//! VolumeBinding: a bound volume must be attachable to the node, and one that waits must be providable there.
//!
//! Not modelled: matching unbound claims with existing volumes that do not name them, storage capacity, and its score.

use super::{Filter, Plugin, PreFilter, Scope, node_affinity};
use crate::cluster::{NodeInfo, PodClaims};
use crate::placement::{ClusterEvent, Code, Cycle, Reason, Rejection};
use crate::scenario::plan::{ClaimPlan, Volume};

/// The plugin's name.
pub const NAME: &str = "VolumeBinding";

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: NAME, pre_filter, scope: Scope::Pods, hint };

struct VolumeBinding<'a>(PodClaims<'a>);

/// Upstream asks more closely which claims and volumes changed; here a pod is tried once too often instead.
fn hint(_: &Cycle<'_>, event: &ClusterEvent<'_>) -> bool {
    matches!(event, ClusterEvent::NodeAdded(_))
}

fn pre_filter<'a>(cycle: &Cycle<'a>) -> PreFilter<'a> {
    let claims = cycle.pod.claims;
    if claims.ids.is_empty() {
        return PreFilter::Skip;
    }
    if claims.iter().any(|claim| claim.volume.is_none() && !claim.plan.waits_for_consumer) {
        return PreFilter::Reject(rejection(vec![Reason::UnboundImmediateClaims]));
    }
    PreFilter::Each(Box::new(VolumeBinding(claims)))
}

impl<'a> Filter<'a> for VolumeBinding<'a> {
    fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        let mut reasons = Vec::new();
        if !self.0.iter().filter_map(|claim| claim.volume.as_ref()).all(|volume| attaches(volume, node)) {
            reasons.push(Reason::VolumeNodeAffinity);
        }
        if !self.0.iter().filter(|claim| claim.volume.is_none()).all(|claim| is_providable(&claim.plan, node)) {
            reasons.push(Reason::NoVolumeToBind);
        }
        if reasons.is_empty() { Ok(()) } else { Err(rejection(reasons)) }
    }
}

/// True when the node affinity of the volume admits the node.
fn attaches(volume: &Volume, node: &NodeInfo) -> bool {
    let admits = |terms: &Vec<_>| terms.iter().any(|term| node_affinity::term_matches(term, node));
    volume.affinity.as_ref().is_none_or(admits)
}

/// True when the class of the claim provides volumes for pods on the node.
fn is_providable(claim: &ClaimPlan, node: &NodeInfo) -> bool {
    claim.driver.is_some()
        && (claim.allowed.is_empty() || claim.allowed.iter().any(|term| node_affinity::term_matches(term, node)))
}

fn rejection(reasons: Vec<Reason<'_>>) -> Rejection<'_> {
    Rejection { plugin: NAME, code: Code::UnschedulableAndUnresolvable, reasons }
}
