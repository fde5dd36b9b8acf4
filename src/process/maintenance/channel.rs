//! What the channels want, and when they look: pure functions, which the preflight asks too.

use crate::catalog::KubernetesVersion;
use crate::cluster::{PoolId, ProvisioningState, World};
use crate::kernel::{Id, SimDuration, SimTime};
use crate::scenario::plan::{AutoUpgrade, OperationKind, Plan, UpgradeChannel};

/// From one node image to the next. Source: azure-aks-docs, auto-upgrade-node-os-image.md, 2026-06-26.
const IMAGE_INTERVAL: SimDuration = SimDuration::from_hours(7 * 24);

/// The node images that come, one a week.
#[derive(Clone, Copy, Debug)]
pub struct NodeImages {
    first: SimTime,
}

impl NodeImages {
    /// The first image that is newer than what nodes have at the start comes at a drawn moment of the first week.
    #[must_use]
    pub(super) fn drawn(world: &World) -> Self {
        let phase = world.streams.stream("auto_upgrade", "node images").uniform();
        Self { first: SimTime::after_start(SimDuration::from_secs_f64(phase * IMAGE_INTERVAL.as_secs_f64())) }
    }

    /// It comes right after the start.
    #[must_use]
    pub const fn as_early_as_possible() -> Self {
        Self { first: SimTime::from_micros(1) }
    }

    /// When the latest one came; `None` while it is that of the start.
    fn latest(self, now: SimTime) -> Option<SimTime> {
        let since = (self.first <= now).then(|| now.since(self.first))?;
        Some(self.first + IMAGE_INTERVAL.times(since.micros() / IMAGE_INTERVAL.micros()))
    }
}

/// The moments at which the windows of the channel's schedule open; none without a channel that does anything.
#[must_use]
pub fn openings(plan: &Plan, of: AutoUpgrade) -> Vec<SimTime> {
    let windows = plan.maintenance.windows_of(of).filter(|_| plan.maintenance.has_channel(of));
    windows.into_iter().flatten().map(|window| window.opens).collect()
}

/// The moments at which something new comes that the channel may want.
#[must_use]
pub fn novelties(plan: &Plan, images: NodeImages, of: AutoUpgrade) -> Vec<SimTime> {
    if !plan.maintenance.has_channel(of) {
        return Vec::new();
    }
    let end = SimTime::after_start(plan.duration);
    match of {
        AutoUpgrade::Cluster => {
            let moments = plan.maintenance.available.iter().map(|available| available.from);
            let mut moments: Vec<SimTime> = moments.filter(|from| *from < end).collect();
            moments.dedup();
            moments
        }
        AutoUpgrade::NodeOs => {
            let next = |image: &SimTime| Some(*image + IMAGE_INTERVAL);
            std::iter::successors(Some(images.first), next).take_while(|image| *image < end).collect()
        }
    }
}

/// The upgrade that the channel wants now; `None` when everything is as it should be.
#[must_use]
pub fn wanted(world: &World, images: NodeImages, of: AutoUpgrade) -> Option<OperationKind> {
    if !world.plan.maintenance.has_channel(of) {
        return None;
    }
    let behind = |is_behind: &dyn Fn(PoolId) -> bool| -> Vec<usize> {
        let pools = world.pools.ids().filter(|pool| world.pools[*pool].exists && !world.pool_plan(*pool).is_brought());
        pools.filter(|pool| is_behind(*pool)).map(PoolId::index).collect()
    };
    let upgrade = |version, pools| OperationKind::Upgrade { version, pools, force: false, whole_cluster: false };
    match of {
        AutoUpgrade::Cluster => {
            let available = world.plan.maintenance.available.iter().filter(|available| available.from <= world.clock);
            let available: Vec<KubernetesVersion> = available.map(|available| available.version).collect();
            // An upgrade that failed is tried again; nothing newer is to be had before whatever failed is repaired.
            let version = next_version(world, &available).filter(|_| !has_failed(world));
            let wanted = version.unwrap_or(world.version);
            let pools = behind(&|pool| world.is_behind(pool, wanted));
            let nothing = version.is_none() && pools.is_empty();
            (!nothing).then(|| upgrade(Some(wanted), pools))
        }
        AutoUpgrade::NodeOs => {
            let image = images.latest(world.clock)?;
            let pools = behind(&|pool| world.pools[pool].image_as_of < image);
            (!pools.is_empty()).then(|| upgrade(None, pools))
        }
    }
}

fn has_failed(world: &World) -> bool {
    let mut pools = world.pools.iter().filter(|(_, pool)| pool.exists);
    world.state == ProvisioningState::Failed || pools.any(|(_, pool)| pool.state == ProvisioningState::Failed)
}

/// The version that the channel takes the cluster to next, of those that AKS offers. A cluster that has fallen so far behind that the
/// next minor version is not offered any more goes to the oldest supported one.
///
/// Source: azure-aks-docs, supported-kubernetes-versions.md, 2026-08-05, by which AKS upgrades such clusters so; that it is the channel
/// which does, as soon as it may, is an assumption.
fn next_version(world: &World, available: &[KubernetesVersion]) -> Option<KubernetesVersion> {
    let channel = world.plan.maintenance.channel;
    let next = channel.target(world.version, available).filter(|version| world.offers(*version));
    let is_available = |oldest: &KubernetesVersion| available.iter().any(|version| version.minor == oldest.minor);
    let recovers = matches!(channel, UpgradeChannel::Stable | UpgradeChannel::Rapid);
    next.or_else(|| world.recovery_version().filter(|oldest| recovers && is_available(oldest)))
}
