//! What can be said before anything is simulated: does the worst case fit the subnet and the pod CIDR, does every pod fit a node?

use super::Resolver;
use crate::catalog::limits;
use crate::scenario::plan::{ClusterPlan, NetworkModel, PoolPlan, ScaleSetPlan, WorkloadPlan};

/// Warns about what will go wrong when every pool is as large as it may become.
pub fn check(resolver: &mut Resolver<'_>, cluster: &ClusterPlan, workloads: &[WorkloadPlan]) {
    subnets(resolver, cluster);
    pod_blocks(resolver, cluster);
    sizes(resolver, cluster, workloads);
    let nodes: u32 = scale_sets(cluster).map(|(pool, _)| worst_case(pool).0).sum();
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
fn scale_sets(cluster: &ClusterPlan) -> impl Iterator<Item = (&PoolPlan, &ScaleSetPlan)> {
    cluster.pools.iter().filter_map(|pool| Some((pool, pool.scale_set.as_ref()?)))
}

/// The most nodes of a pool, and its surge nodes during an upgrade then.
fn worst_case(pool: &PoolPlan) -> (u32, u32) {
    let nodes = pool.autoscaling.map_or(pool.count, |range| range.max.max(pool.count));
    (nodes, pool.upgrade.most_extra(nodes))
}

fn subnets(resolver: &mut Resolver<'_>, cluster: &ClusterPlan) {
    for (index, subnet) in cluster.subnets.iter().enumerate() {
        let addresses = |pool: &PoolPlan| {
            let (nodes, surge) = worst_case(pool);
            let pods = if cluster.network.model == NetworkModel::AzureNodeSubnet { pool.max_pods } else { 0 };
            limits::node_subnet_addresses(nodes, surge, pods)
        };
        let needed: u32 =
            scale_sets(cluster).filter(|(_, set)| set.subnet == index).map(|(pool, _)| addresses(pool)).sum();
        let usable = limits::usable_addresses(subnet.prefix);
        if needed > usable {
            let found = format!(
                "pools at their largest, upgraded with surge, need {needed} addresses of subnet {}, which has {usable}",
                subnet.name
            );
            let remedy = format!("a /{} would do", limits::smallest_prefix(needed));
            resolver.warn("/cluster/vnet", "scenario::subnet_worst_case", found, remedy);
        }
    }
}

fn pod_blocks(resolver: &mut Resolver<'_>, cluster: &ClusterPlan) {
    let Some(pod_cidr) = cluster.network.pod_cidr else {
        return;
    };
    let needed: u32 = scale_sets(cluster).map(|(pool, _)| worst_case(pool)).map(|(nodes, surge)| nodes + surge).sum();
    let blocks = limits::pod_blocks(pod_cidr);
    let room = if cluster.network.model == NetworkModel::Kubenet { blocks.min(limits::KUBENET_ROUTES) } else { blocks };
    if needed > room {
        let found =
            format!("pools at their largest, upgraded with surge, are {needed} nodes; {pod_cidr} has room for {room}");
        resolver.warn(
            "/cluster/networkProfile/podCidr",
            "scenario::pod_cidr_worst_case",
            found,
            "write a larger range",
        );
    }
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
