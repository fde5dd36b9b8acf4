//! What claims for persistent volumes were provided with: disks, and storage accounts of shares and containers.
//!
//! Volumes that the manifests name exist already, wherever the customer put them, and are left out.

use super::{Resource, count, name};
use crate::catalog::{BLOB_DRIVER, DISK_DRIVER, DISK_ZONE, FILE_DRIVER, Ssd};
use crate::cluster::{Claim, ClaimId, PodPhase, World};
use crate::scenario::plan::{ClaimKind, ClaimPlan, Volume};
use crate::units::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// Disks in the order of their claims, then storage accounts.
///
/// Both stand in the node resource group unless a storage class says another, which is not modelled. Sources: azure-aks-docs,
/// delete-cluster.md, 2024-04-16; azurefile-csi-driver and blob-csi-driver, docs/driver-parameters (an account for each type, made when
/// there is none).
pub(super) fn resources(world: &World, notes: &mut Vec<String>) -> Vec<Resource> {
    let used = used_claims(world);
    let exists = |id: ClaimId, claim: &Claim| {
        let is_there = claim.plan.kind != ClaimKind::Ephemeral || used.contains(&id);
        is_there && claim.volume.is_some() && claim.plan.volume.is_none()
    };
    let provided = world.claims.iter().filter(|(id, claim)| exists(*id, claim)).map(|(_, claim)| claim);
    let mut disks = Vec::new();
    let mut accounts: BTreeMap<(&str, &str), Vec<&Claim>> = BTreeMap::new();
    let mut others: BTreeMap<&str, usize> = BTreeMap::new();
    for claim in provided {
        let sku = claim.plan.sku.as_deref().unwrap_or_default();
        match claim.plan.driver.as_deref() {
            Some(DISK_DRIVER) => disks.push(disk(claim, sku)),
            Some(driver @ (FILE_DRIVER | BLOB_DRIVER)) => accounts.entry((driver, sku)).or_default().push(claim),
            Some(driver) => *others.entry(driver).or_default() += 1,
            None => {} // Nobody provides it.
        }
    }
    for (driver, number) in others {
        notes.push(format!("What {driver} made for {} is not known.", count(number, "claim")));
    }
    let key = format!("{}/{}", world.plan.cluster.resource_group, world.plan.cluster.name);
    disks.extend(accounts.into_iter().map(|((driver, sku), claims)| account(driver, sku, &claims, &key)));
    disks
}

/// The claims of pods that are not gone: those of ephemeral volumes go with their pod.
fn used_claims(world: &World) -> BTreeSet<ClaimId> {
    let pods = world.pods.iter().filter(|(_, pod)| pod.phase != PodPhase::Gone);
    pods.flat_map(|(_, pod)| pod.claims.iter().copied()).collect()
}

/// A disk bears the name of the volume, `pvc-` with the claim's UID. Source: azuredisk-csi-driver, `CreateVolume`.
fn disk(claim: &Claim, sku: &str) -> Resource {
    let ClaimPlan { namespace, size, price, .. } = &*claim.plan;
    let mut details = format!("claim {namespace}/{}, {}, {sku}", claim.name, gib(*size));
    if let (Some(_), Some(tier)) = (price, Ssd::of_sku(sku).and_then(|kind| kind.tier(*size))) {
        details.push_str(&format!(", {tier}"));
    }
    if let Some(zone) = claim.volume.as_ref().and_then(zone) {
        details.push_str(&format!(", zone {zone}"));
    }
    let name = format!("pvc-{}", name::uuid(&format!("claim {namespace}/{}", claim.name)));
    let resource = Resource::free("Microsoft.Compute/disks", name, details).priced(*price);
    match (price, Ssd::of_sku(sku)) {
        (None, _) if size.is_zero() => resource.noted("not priced: the claim asks for no size"),
        (None, _) => resource.noted(format!("not priced: no price of {sku} is known")),
        (Some(_), Some(Ssd::Standard)) => resource.noted("operations are billed on top; not in the cost of a run"),
        (Some(_), _) => resource.noted("not in the cost of a run"),
    }
}

/// Disks are made in whole GiB. Source: azuredisk-csi-driver, `CreateVolume`.
fn gib(size: Bytes) -> String {
    format!("{} GiB", size.get().div_ceil(Bytes::from_gib(1).get()))
}

/// The zone that a local disk is tied to, `None` for one that is not.
fn zone(volume: &Volume) -> Option<&str> {
    let requirements = volume.affinity.iter().flatten().flat_map(|term| &term.expressions);
    let zones = requirements.filter(|one| &*one.key == DISK_ZONE).flat_map(|one| &one.values);
    zones.map(|zone| &**zone).find(|zone| !zone.is_empty())
}

fn account(driver: &str, sku: &str, claims: &[&Claim], cluster: &str) -> Resource {
    let (prefix, thing) = if driver == FILE_DRIVER { ("f", "file share") } else { ("fuse", "blob container") };
    let size = claims.iter().map(|claim| claim.plan.size).sum();
    let details = format!("{sku}, {}, {} asked for", count(claims.len(), thing), gib(size));
    let name = name::storage_account(prefix, &format!("{driver} {sku} of {cluster}"));
    let resource = Resource::free("Microsoft.Storage/storageAccounts", name, details);
    resource.priced(None).noted("not priced: no prices of shares and containers are known")
}
