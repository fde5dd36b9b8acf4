//! vCPU quota: what the cluster's VMs count for, and whether more of them fit.
//!
//! A regular VM counts for its family and for the region, and must fit both; a spot VM counts for the spot quota alone. Every VM counts
//! from the request for it until it is gone, deallocated ones too. Sources: azure-docs, quotas.md, 2023-02-15, and spot-vms.md,
//! 2020-10-05. Not modelled: what else the subscription runs in the region, the quota of the number of VMs, and a quota of
//! zero for a family that was never asked for.

use super::{NodePhase, PoolId, Refusal, World};
use crate::scenario::plan::PoolPlan;
use std::collections::BTreeMap;

/// Azure's code of a request beyond a quota. Source: support articles for AKS, quota-exceeded-error.md, 2024-09-16.
pub const QUOTA_EXCEEDED: &str = "QuotaExceeded";

/// vCPUs that count for each quota.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuotaUse {
    /// Regular vCPUs of all families together.
    pub regional: u32,
    /// Regular vCPUs by family.
    pub families: BTreeMap<&'static str, u32>,
    /// Spot vCPUs of all families together.
    pub spot: u32,
}

impl QuotaUse {
    /// Counts so many VMs of the pool in.
    fn add(&mut self, pool: &PoolPlan, nodes: u32) {
        let Some(scale_set) = &pool.scale_set else {
            return; // Nodes that were brought along are not Azure's.
        };
        let vcpus = scale_set.vm.vcpus * nodes;
        if pool.spot {
            self.spot += vcpus;
        } else {
            self.regional += vcpus;
            *self.families.entry(scale_set.vm.quota_family()).or_insert(0) += vcpus;
        }
    }
}

impl World {
    /// What the VMs that exist count for.
    #[must_use]
    pub fn quota_use(&self) -> QuotaUse {
        let mut nodes: BTreeMap<PoolId, u32> = BTreeMap::new();
        for node in self.live_nodes.iter().map(|node| &self.nodes[*node]) {
            if node.times.deleted.is_none() && !matches!(node.phase, NodePhase::Failed(_)) {
                *nodes.entry(node.pool).or_insert(0) += 1;
            }
        }
        let mut in_use = QuotaUse::default();
        for (pool, nodes) in nodes {
            in_use.add(self.pool_plan(pool), nodes);
        }
        in_use
    }

    /// The refusal of so many more VMs of the pool when one of the quotas has no room for all of them; `None` when they fit.
    ///
    /// Azure looks at a request as a whole: its message says how much was asked for in addition.
    /// Source of code and form: support articles for AKS, quota-exceeded-error.md, 2024-09-16; the parentheses at the end are ours.
    #[must_use]
    pub fn quota_shortfall(&self, pool: PoolId, nodes: u32) -> Option<Refusal> {
        let quota = &self.plan.quota;
        if nodes == 0 || quota.is_unlimited() {
            return None;
        }
        let in_use = self.quota_use();
        let mut asked = QuotaUse::default();
        asked.add(self.pool_plan(pool), nodes);
        let family = |(family, limit): (&&'static str, &u32)| {
            let of = |counted: &QuotaUse| counted.families.get(family).copied().unwrap_or(0);
            (*family, *limit, of(&in_use), of(&asked))
        };
        let regional = quota.regional.map(|limit| ("regional vCPUs", limit, in_use.regional, asked.regional));
        let spot = quota.spot.map(|limit| ("spot vCPUs", limit, in_use.spot, asked.spot));
        let mut checks = quota.families.iter().map(family).chain(regional).chain(spot);
        let (name, limit, used, more) = checks.find(|(_, limit, used, more)| *more > 0 && used + more > *limit)?;
        let message = format!(
            "Operation results in exceeding quota limits of Core. Maximum allowed: {limit}, Current in use: {used}, \
             Additional requested: {more} ({name})"
        );
        Some(Refusal { code: QUOTA_EXCEEDED, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{Bench, plan, pool};
    use crate::kernel::{Id, SimTime};
    use crate::scenario::plan::{PoolPlan, QuotaPlan};

    const FAMILY: &str = "standardDSv5Family";

    /// Three regular and two spot nodes of two vCPUs each.
    fn bench(quota: QuotaPlan) -> Bench {
        let mut plan = plan(vec![pool("apps", 3), PoolPlan { spot: true, ..pool("spot", 2) }]);
        plan.quota = quota;
        Bench::new(plan)
    }

    fn shortfall(quota: QuotaPlan, pool: usize, nodes: u32) -> Option<String> {
        bench(quota).world.quota_shortfall(PoolId::from_index(pool), nodes).map(|refusal| refusal.message)
    }

    #[test]
    fn a_regular_vm_must_fit_its_family_and_the_region_and_a_spot_vm_only_the_spot_quota() {
        let family = |limit| QuotaPlan { families: [(FAMILY, limit)].into(), ..QuotaPlan::default() };
        let regional = |limit| QuotaPlan { regional: Some(limit), ..QuotaPlan::default() };
        let spot = |limit| QuotaPlan { spot: Some(limit), ..QuotaPlan::default() };
        let expected = |name| {
            let message = "Operation results in exceeding quota limits of Core. Maximum allowed: 9, Current in use: 6, \
                           Additional requested: 4";
            Some(format!("{message} ({name})"))
        };
        assert_eq!(shortfall(family(9), 0, 2), expected(FAMILY));
        assert_eq!(shortfall(family(9), 0, 1), None);
        assert_eq!(shortfall(regional(9), 0, 2), expected("regional vCPUs"));
        assert_eq!(shortfall(regional(0), 1, 5), None);
        assert_eq!(shortfall(family(0), 1, 5), None);
        assert_eq!(shortfall(spot(6), 1, 1), None);
        assert!(shortfall(spot(6), 1, 2).is_some_and(|message| message.contains("Current in use: 4")));
        assert_eq!(shortfall(spot(0), 0, 100), None);
        assert_eq!(shortfall(QuotaPlan::default(), 0, 1000), None);
        assert_eq!(shortfall(regional(0), 0, 0), None);
    }

    #[test]
    fn a_vm_counts_from_the_request_until_it_is_gone() {
        let mut bench = bench(QuotaPlan::default());
        let node = super::super::testing::create_node(&mut bench.world, PoolId::from_index(0), false);
        assert_eq!(bench.world.quota_use().regional, 8);
        bench.world.set_phase(node, NodePhase::Deleting);
        assert_eq!(bench.world.quota_use().regional, 8);
        bench.world.nodes[node].times.deleted = Some(SimTime::ZERO);
        assert_eq!(bench.world.quota_use(), QuotaUse { regional: 6, families: [(FAMILY, 6)].into(), spot: 4 });
    }
}
