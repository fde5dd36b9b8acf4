//! Quota: the families that the scenario's pools count for.

use super::{Resolver, pool};
use crate::catalog::Catalog;
use crate::scenario::plan::{ClusterPlan, PoolPlan, QuotaPlan};
use crate::scenario::spec::ScenarioSpec;
use std::collections::BTreeMap;

/// Resolves `quota:`. A family that no pool counts for limits nothing, and is more likely a slip than a wish: an error.
pub fn resolve(resolver: &mut Resolver<'_>, spec: &ScenarioSpec) -> QuotaPlan {
    let Some(written) = &spec.quota else {
        return QuotaPlan::default();
    };
    let pools = pool::written(spec);
    let sizes = pools.iter().filter_map(|pool| Catalog::get().vm_size(&pool.spec.vm_size));
    let mut known: Vec<&'static str> = sizes.map(|size| size.quota_family()).collect();
    known.sort_unstable();
    known.dedup();
    let mut families = BTreeMap::new();
    for (name, limit) in written.families.iter().flatten() {
        match known.iter().find(|family| family.eq_ignore_ascii_case(name)) {
            Some(family) => _ = families.insert(*family, *limit),
            None => {
                let found = format!("no node pool counts for a family {name}");
                resolver.unknown(&format!("/quota/families/{name}"), "scenario::quota_family", found, name, &known);
            }
        }
    }
    if written.managed_clusters.is_some() && !spec.operations.iter().flatten().any(|one| one.create.is_some()) {
        let note = "has no effect: the cluster exists, and no operation creates it";
        resolver.note("/quota/managedClusters", "scenario::quota", note);
    }
    QuotaPlan {
        regional: written.regional_vcpus,
        families,
        spot: written.spot_vcpus,
        managed_clusters: written.managed_clusters,
        other_managed_clusters: written.other_managed_clusters.unwrap_or(0),
    }
}

/// Warns of a quota that the nodes of the start are beyond already: they are there, and nothing can be added.
pub fn check(resolver: &mut Resolver<'_>, cluster: &ClusterPlan, quota: &QuotaPlan) {
    let vcpus = |counts: &dyn Fn(&PoolPlan, &str) -> bool| {
        let at_start = cluster.pools.iter().filter(|pool| pool.from_start);
        let scale_sets = at_start.filter_map(|pool| Some((pool, pool.scale_set.as_ref()?.vm)));
        let counted = scale_sets.filter(|(pool, vm)| counts(pool, vm.quota_family()));
        counted.map(|(pool, vm)| pool.count * vm.vcpus).sum::<u32>()
    };
    let mut warn = |pointer: &str, limit: u32, used: u32| {
        if used > limit {
            let found = format!("the nodes of the start have {used} vCPUs");
            resolver.warn(pointer, "scenario::quota", found, "expect every request for more to be refused");
        }
    };
    if let Some(limit) = quota.regional {
        warn("/quota/regionalVCPUs", limit, vcpus(&|pool, _| !pool.spot));
    }
    if let Some(limit) = quota.spot {
        warn("/quota/spotVCPUs", limit, vcpus(&|pool, _| pool.spot));
    }
    for (family, limit) in &quota.families {
        warn(&format!("/quota/families/{family}"), *limit, vcpus(&|pool, of| !pool.spot && of == *family));
    }
}
