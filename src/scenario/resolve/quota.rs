//! Quota: the families that the scenario's pools count for.

use super::Resolver;
use crate::catalog::Catalog;
use crate::scenario::plan::QuotaPlan;
use crate::scenario::spec::ScenarioSpec;
use std::collections::BTreeMap;

/// Resolves `quota:`. A family that no pool counts for limits nothing, and is more likely a slip than a wish: an error.
pub fn resolve(resolver: &mut Resolver<'_>, spec: &ScenarioSpec) -> QuotaPlan {
    let Some(written) = &spec.quota else {
        return QuotaPlan::default();
    };
    let sizes = spec.cluster.pools().iter().filter_map(|pool| Catalog::get().vm_size(&pool.vm_size));
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
    QuotaPlan { regional: written.regional_vcpus, families, spot: written.spot_vcpus }
}
