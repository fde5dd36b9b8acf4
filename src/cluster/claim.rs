//! PersistentVolumeClaims: which exist, which pods use them, and the volumes that they are bound to.
//!
//! Not modelled: the time that providing, attaching and detaching take; deletion of claims; a pod that waits on its node for a disk
//! that another node still has.

use super::{ClaimId, WorkloadId, World};
use crate::catalog::DISK_ZONE;
use crate::kernel::{Streams, Table};
use crate::scenario::plan::{ClaimKind, ClaimPlan, Plan, Volume, WorkloadPlan};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A claim.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its own name, which for a template is that of the plan with what it is for.
    pub name: Box<str>,
    /// What it asks for.
    pub plan: Arc<ClaimPlan>,
    /// The volume that it is bound to, if it is.
    pub volume: Option<Volume>,
}

/// All claims.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    table: Table<ClaimId, Claim>,
    /// Those that outlive a pod, by namespace and name.
    by_name: BTreeMap<(Box<str>, String), ClaimId>,
}

impl Claims {
    /// The claims that the manifests define.
    #[must_use]
    pub(super) fn of(plan: &Plan, streams: &Streams) -> Self {
        let mut claims = Self::default();
        for claim in plan.claims.iter().filter(|claim| claim.kind == ClaimKind::Claim) {
            claims.named(claim, claim.name.to_string(), plan, streams);
        }
        claims
    }

    /// The claims of a new pod, in the order of its template; those that are its own are made.
    pub(super) fn of_pod(
        &mut self,
        plan: &Plan,
        workload: &WorkloadPlan,
        ordinal: u32,
        pod: &str,
        streams: &Streams,
    ) -> Box<[ClaimId]> {
        let claims = workload.template.claims.iter().filter_map(|claim| Some(&plan.claims[claim.claim?]));
        let claims = claims.map(|claim| match claim.kind {
            ClaimKind::Claim => self.named(claim, claim.name.to_string(), plan, streams),
            ClaimKind::Template => {
                self.named(claim, format!("{}-{}-{ordinal}", claim.name, workload.name), plan, streams)
            }
            ClaimKind::Ephemeral => self.add(claim, &format!("{pod}-{}", claim.name), plan, streams),
        });
        claims.collect()
    }

    /// All claims, in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = (ClaimId, &Claim)> {
        self.table.iter()
    }

    /// The claims with these ids.
    #[must_use]
    pub const fn view<'a>(&'a self, ids: &'a [ClaimId]) -> PodClaims<'a> {
        PodClaims { ids, claims: Some(self) }
    }

    /// The pod that uses these claims comes to a node in this zone: volumes that waited for it are provided there.
    pub(super) fn provide(&mut self, ids: &[ClaimId], zone: &str) {
        for id in ids {
            let claim = &mut self.table[*id];
            claim.volume.get_or_insert_with(|| provided(&claim.plan, zone));
        }
    }

    /// The claim of this name, which is made unless it exists.
    fn named(&mut self, plan: &Arc<ClaimPlan>, name: String, of: &Plan, streams: &Streams) -> ClaimId {
        let key = (plan.namespace.clone(), name);
        if let Some(id) = self.by_name.get(&key) {
            return *id;
        }
        let id = self.add(plan, &key.1, of, streams);
        self.by_name.insert(key, id);
        id
    }

    fn add(&mut self, plan: &Arc<ClaimPlan>, name: &str, of: &Plan, streams: &Streams) -> ClaimId {
        let volume = plan.volume.clone().or_else(|| provided_at_once(plan, name, of, streams));
        self.table.push(Claim { name: name.into(), plan: Arc::clone(plan), volume })
    }
}

impl std::ops::Index<ClaimId> for Claims {
    type Output = Claim;
    fn index(&self, id: ClaimId) -> &Claim {
        &self.table[id]
    }
}

/// The claims of one pod.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodClaims<'a> {
    /// Their ids, in the order of the pod's template.
    pub ids: &'a [ClaimId],
    claims: Option<&'a Claims>,
}

impl<'a> PodClaims<'a> {
    /// No claims.
    pub const NONE: PodClaims<'static> = PodClaims { ids: &[], claims: None };

    /// The claims.
    pub fn iter(self) -> impl Iterator<Item = &'a Claim> {
        self.ids.iter().filter_map(move |id| self.get(*id))
    }

    /// Any claim of the world; `None` only when there are none at all.
    #[must_use]
    pub fn get(self, id: ClaimId) -> Option<&'a Claim> {
        self.claims.map(|claims| &claims[id])
    }
}

impl World {
    /// Makes or finds the claims of a new pod of the workload.
    pub(super) fn claims_of_new_pod(&mut self, workload: WorkloadId, ordinal: u32, name: &str) -> Box<[ClaimId]> {
        let plan = Arc::clone(&self.plan);
        let of = &plan.workloads[self.workloads[workload].plan];
        self.claims.of_pod(&plan, of, ordinal, name, &self.streams)
    }
}

/// The volume that is provided for a node in this zone.
fn provided(plan: &ClaimPlan, zone: &str) -> Volume {
    if plan.zonal { Volume::in_zone(zone) } else { Volume::default() }
}

/// The volume of a claim that waits for nobody: the zone is drawn among those of the pools that its class allows.
fn provided_at_once(plan: &ClaimPlan, name: &str, of: &Plan, streams: &Streams) -> Option<Volume> {
    if plan.waits_for_consumer || plan.driver.is_none() {
        return None;
    }
    let zones: Vec<String> = zones(of).into_iter().filter(|zone| allows(plan, zone)).collect();
    let identity = format!("{}/{name}", plan.namespace);
    let choice = streams.stream("claim zone", &identity).below(zones.len().max(1) as u64);
    zones.get(usize::try_from(choice).ok()?).map(|zone| provided(plan, zone))
}

/// The zones of all pools, as their nodes are labelled for disks.
fn zones(plan: &Plan) -> BTreeSet<String> {
    let location = plan.cluster.location;
    let of_pool = |zones: &[u8]| -> Vec<String> {
        match zones {
            [] => vec![disk_zone(None, location)],
            zones => zones.iter().map(|zone| disk_zone(Some(*zone), location)).collect(),
        }
    };
    plan.cluster.pools.iter().flat_map(|pool| of_pool(&pool.zones)).collect()
}

/// The value of the label [`DISK_ZONE`] on a node of the zone.
pub(super) fn disk_zone(zone: Option<u8>, location: crate::catalog::Region) -> String {
    zone.map_or_else(String::new, |zone| format!("{location}-{zone}"))
}

/// True when the class provides volumes in the zone.
fn allows(plan: &ClaimPlan, zone: &str) -> bool {
    let of = |key: &str| [DISK_ZONE, "topology.kubernetes.io/zone"].contains(&key).then_some(zone);
    plan.allowed.is_empty()
        || plan.allowed.iter().any(|term| term.expressions.iter().all(|one| one.matches(of(&one.key))))
}
