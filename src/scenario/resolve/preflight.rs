//! What is wrong whatever happens: more nodes than the tier supports, pods that fit no node. What operations meet is the preflight's.

use super::Resolver;
use crate::scenario::plan::{ClusterPlan, PoolPlan, WorkloadPlan};

/// Warns about what will go wrong when every pool is as large as it may become.
pub fn check(resolver: &mut Resolver<'_>, cluster: &ClusterPlan, workloads: &[WorkloadPlan]) {
    sizes(resolver, cluster, workloads);
    let nodes: u32 = scale_sets(cluster).map(most_nodes).sum();
    if nodes > cluster.tier.max_nodes() {
        let found =
            format!("up to {nodes} nodes, but the {} tier supports {}", cluster.tier.name(), cluster.tier.max_nodes());
        resolver.warn("/cluster/sku", "scenario::tier_nodes", found, "choose the Standard tier");
    } else if let Some(least) = cluster.tier.recommended_below().filter(|least| nodes >= *least) {
        let tier = cluster.tier.name();
        let found = format!("up to {nodes} nodes, but the {tier} tier is meant for fewer than {least}");
        resolver.warn("/cluster/sku", "scenario::tier_recommended", found, "choose the Standard tier for production");
    }
}

/// The pools that Azure makes, the only ones that its limits are about.
fn scale_sets(cluster: &ClusterPlan) -> impl Iterator<Item = &PoolPlan> {
    cluster.pools.iter().filter(|pool| !pool.is_brought())
}

/// The most nodes of a pool.
fn most_nodes(pool: &PoolPlan) -> u32 {
    pool.autoscaling.map_or(pool.count, |range| range.max.max(pool.count))
}

/// Pods that fit no empty node of any pool stay pending for ever.
fn sizes(resolver: &mut Resolver<'_>, cluster: &ClusterPlan, workloads: &[WorkloadPlan]) {
    for workload in workloads.iter().filter(|workload| !workload.system) {
        let fits = |pool: &PoolPlan| workload.template.requests.fits_in(&pool.allocatable);
        if !cluster.pools.iter().any(fits) {
            let found = format!("{} fits no empty node of any pool", workload.key());
            resolver.warn("/workloads", "scenario::pod_too_large", found, "request less, or add larger nodes");
        }
    }
}
