//! VolumeZone: a bound volume whose labels name zones or regions is used there only.
//!
//! The drivers of Azure say it by node affinity instead, which is VolumeBinding's; only volumes written by hand carry such labels.

use super::{Filter, Plugin, PreFilter, Scope};
use crate::catalog::ZONE_LABELS;
use crate::cluster::NodeInfo;
use crate::placement::{ClusterEvent, Code, Cycle, Reason, Rejection};

/// The plugin's name.
pub const NAME: &str = "VolumeZone";

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: NAME, pre_filter, scope: Scope::Pods, hint };

struct VolumeZone<'a>(Vec<&'a (Box<str>, Vec<Box<str>>)>);

/// Upstream asks more closely which claims and volumes changed; here a pod is tried once too often instead.
fn hint(_: &Cycle<'_>, event: &ClusterEvent<'_>) -> bool {
    matches!(event, ClusterEvent::NodeAdded(_))
}

fn pre_filter<'a>(cycle: &Cycle<'a>) -> PreFilter<'a> {
    let bound = cycle.pod.claims.iter().filter_map(|claim| claim.volume.as_ref());
    let zones: Vec<_> = bound.flat_map(|volume| &volume.zones).collect();
    if zones.is_empty() { PreFilter::Skip } else { PreFilter::Each(Box::new(VolumeZone(zones))) }
}

impl<'a> Filter<'a> for VolumeZone<'a> {
    fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        // A node that says nothing of zones is in a cluster without any.
        let is_placed =
            ZONE_LABELS.iter().any(|(now, once)| [now, once].iter().any(|key| node.labels.contains_key(**key)));
        let admits = |(key, values): &&(Box<str>, Vec<Box<str>>)| {
            node.labels.get(&**key).is_some_and(|value| values.iter().any(|one| **one == **value))
        };
        if !is_placed || self.0.iter().all(admits) {
            return Ok(());
        }
        let reasons = vec![Reason::NoVolumeZone];
        Err(Rejection { plugin: NAME, code: Code::UnschedulableAndUnresolvable, reasons })
    }
}
