//! How many addresses a plan may need at most, range by range, by Microsoft's formula.
//!
//! Source: azure-aks-docs, concepts-network-ip-address-planning.md, 2026-04-16: nodes, as many as there may be, and the surge of an upgrade
//! in every pool, each with what a node of the model takes.

use crate::catalog::{limits, pod_subnet};
use crate::scenario::plan::{FrontEnd, NetworkModel, OperationKind, Plan, PodIpAllocation, PoolPlan, front_ends};
use ipnet::Ipv4Net;

/// A subnet, or the pod CIDR, and what may be needed of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangePlan {
    /// Such as `subnet nodes`, or `pod CIDR`.
    pub name: String,
    /// The stem of its metrics, such as `subnet.nodes`.
    pub metric: String,
    /// Its prefix.
    pub prefix: Ipv4Net,
    /// What is counted: `addresses`, or `/24 blocks`.
    pub unit: &'static str,
    /// How many there are to hand out.
    pub usable: u32,
    /// Who takes them.
    pub holders: Vec<String>,
    /// How many may be needed at most.
    pub worst: u64,
    /// How that comes about.
    pub formula: String,
    /// The longest prefix that has room for so many.
    pub safe_prefix: u8,
}

/// Every subnet that something is in, then the pod CIDR.
#[must_use]
pub fn ranges(plan: &Plan) -> Vec<RangePlan> {
    let cluster = &plan.cluster;
    let subnets = (0..cluster.subnets.len()).filter_map(|index| subnet(plan, index));
    subnets.chain(pod_cidr(plan)).collect()
}

/// The most nodes that the pool has without surge: its autoscaler's most, its count, or what an operation scales it to.
#[must_use]
pub fn most_nodes(plan: &Plan, pool: usize) -> u32 {
    let of = &plan.cluster.pools[pool];
    let asked = plan.operations.iter().filter_map(|operation| match &operation.kind {
        OperationKind::Scale { pool: scaled, count } if *scaled == pool => Some(*count),
        OperationKind::UpdatePool {
            pool: updated,
            change: crate::scenario::plan::PoolChange::Autoscaling(Some(range)),
        } if *updated == pool => Some(range.max),
        _ => None,
    });
    asked.chain([of.count, of.autoscaling.map_or(0, |range| range.max)]).max().unwrap_or(0)
}

/// The longest prefix of a subnet that can hand out so many addresses in the units of its purpose.
#[must_use]
pub fn smallest_prefix(addresses: u64, allocation: Option<PodIpAllocation>) -> u8 {
    let reserved = match allocation {
        Some(PodIpAllocation::StaticBlock) => 2 * pod_subnet::BLOCK - limits::RESERVED_ADDRESSES,
        Some(PodIpAllocation::DynamicIndividual) | None => 0,
    };
    limits::smallest_prefix(u32::try_from(addresses + u64::from(reserved)).unwrap_or(u32::MAX))
}

/// The longest prefix of a pod CIDR with so many /24s.
#[must_use]
pub fn smallest_pod_cidr(blocks: u64) -> u8 {
    let bits = blocks.max(1).next_power_of_two().trailing_zeros();
    limits::NODE_BLOCK_PREFIX.saturating_sub(u8::try_from(bits).unwrap_or(u8::MAX))
}

fn subnet(plan: &Plan, index: usize) -> Option<RangePlan> {
    let cluster = &plan.cluster;
    let (mut terms, mut holders, mut worst) = (Vec::new(), Vec::new(), 0);
    for (pool, of) in cluster.pools.iter().enumerate() {
        let need = of.node_need(cluster.network.model, index).most;
        let Some(scale_set) = of.scale_set.as_ref().filter(|_| need > 0) else { continue };
        let (nodes, surge) = with_surge(plan, pool);
        worst += u64::from(nodes + surge) * u64::from(need);
        let whose = if scale_set.subnet == index { "pool" } else { "pods of pool" };
        holders.push(format!("{whose} {}", of.name));
        terms.push(term(nodes, surge, &each(of, cluster.network.model, scale_set.subnet == index, need)));
    }
    if cluster.private_endpoint_subnet() == Some(index) {
        holders.push("private endpoint".to_owned());
    }
    holders.extend(front_ends_in(plan, index));
    let others = plan.other_addresses(index);
    if others > 0 {
        worst += u64::from(others);
        terms.push(others.to_string());
    }
    let subnet = &cluster.subnets[index];
    (worst > 0).then(|| RangePlan {
        name: format!("subnet {}", subnet.name),
        metric: format!("subnet.{}", subnet.name),
        prefix: subnet.prefix,
        unit: "addresses",
        usable: cluster.usable_addresses(index),
        holders,
        worst,
        formula: terms.join(" + "),
        safe_prefix: smallest_prefix(worst, cluster.pod_allocation(index)),
    })
}

/// The Services that hold an address of the subnet.
fn front_ends_in(plan: &Plan, index: usize) -> impl Iterator<Item = String> {
    let is_here =
        move |front_end: &FrontEnd| matches!(front_end, FrontEnd::Internal { subnet, .. } if *subnet == index);
    let here = front_ends(&plan.services).into_iter().filter(move |(front_end, _)| is_here(front_end));
    here.flat_map(|(_, services)| services).map(|service| format!("Service {}/{}", service.namespace, service.name))
}

fn pod_cidr(plan: &Plan) -> Option<RangePlan> {
    let cluster = &plan.cluster;
    let (prefix, model) = plan.last_network();
    let prefix = prefix?;
    let pools: Vec<usize> = (0..cluster.pools.len()).filter(|pool| !cluster.pools[*pool].is_brought()).collect();
    let counts: Vec<(u32, u32)> = pools.iter().map(|pool| with_surge(plan, *pool)).collect();
    let worst = counts.iter().map(|(nodes, surge)| u64::from(nodes + surge)).sum();
    let routes = if model == NetworkModel::Kubenet { " and a route each" } else { "" };
    Some(RangePlan {
        name: "pod CIDR".to_owned(),
        metric: "pod_cidr".to_owned(),
        prefix,
        unit: "/24 blocks",
        usable: plan.pod_cidr_room()?,
        holders: vec![format!("every node, one{routes}")],
        worst,
        formula: counts.iter().map(|(nodes, surge)| term(*nodes, *surge, "")).collect::<Vec<_>>().join(" + "),
        safe_prefix: smallest_pod_cidr(worst),
    })
}

/// The most nodes of the pool, and the most that an upgrade adds then.
fn with_surge(plan: &Plan, pool: usize) -> (u32, u32) {
    let nodes = most_nodes(plan, pool);
    (nodes, plan.cluster.pools[pool].upgrade.most_extra(nodes))
}

/// What a node takes, in the words of the formula; empty for one address.
fn each(pool: &PoolPlan, model: NetworkModel, of_nodes: bool, need: u32) -> String {
    match (model, of_nodes) {
        (NetworkModel::AzureNodeSubnet, true) => format!("(1 + {})", pool.max_pods),
        _ if need == 1 => String::new(),
        _ => need.to_string(),
    }
}

/// `(50 + 1) × (1 + 30)`, as short as it may be.
fn term(nodes: u32, surge: u32, each: &str) -> String {
    let nodes = match (surge, each.is_empty()) {
        (0, _) => nodes.to_string(),
        (surge, true) => format!("{nodes} + {surge}"),
        (surge, false) => format!("({nodes} + {surge})"),
    };
    if each.is_empty() { nodes } else { format!("{nodes} × {each}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{plan, pool};
    use crate::scenario::plan::{IntOrPercent, PodSubnet, SubnetPlan};

    fn flat(pools: Vec<PoolPlan>) -> Plan {
        let mut plan = plan(pools);
        plan.cluster.network.model = NetworkModel::AzureNodeSubnet;
        plan.cluster.network.pod_cidr = None;
        plan
    }

    /// Microsoft's own example, concepts-network-ip-address-planning.md, 2026-04-16.
    #[test]
    fn fifty_nodes_of_thirty_pods_need_a_slash_21() {
        let ranges = ranges(&flat(vec![PoolPlan { max_pods: 30, ..pool("apps", 50) }]));
        let [nodes] = &ranges[..] else { panic!("{ranges:?}") };
        assert_eq!((nodes.worst, nodes.safe_prefix, nodes.formula.as_str()), (1581, 21, "(50 + 1) × (1 + 30)"));
    }

    /// Azure/AKS issue 1795, 2020-08-13.
    #[test]
    fn every_pool_has_its_surge() {
        let pools =
            vec![PoolPlan { max_pods: 30, ..pool("apps", 2) }, PoolPlan { max_pods: 60, ..pool("internal", 2) }];
        let ranges = ranges(&flat(pools));
        assert_eq!((ranges[0].worst, ranges[0].usable), (276, 251));
    }

    #[test]
    fn an_overlay_needs_a_block_for_every_node_there_may_be() {
        let mut plan = plan(vec![pool("apps", 3)]);
        plan.cluster.pools[0].upgrade.max_surge = IntOrPercent::Percent(50);
        let scaled = OperationKind::Scale { pool: 0, count: 10 };
        plan.operations = vec![crate::scenario::plan::OperationPlan {
            at: crate::kernel::SimTime::ZERO,
            kind: scaled,
            asked_by: None,
            condition: None,
        }];
        let ranges = ranges(&plan);
        assert_eq!(ranges.iter().map(|range| range.worst).collect::<Vec<_>>(), [15, 15]);
        assert_eq!((ranges[1].safe_prefix, ranges[1].usable, ranges[1].formula.as_str()), (20, 256, "10 + 5"));
    }

    #[test]
    fn static_blocks_lose_the_ends_of_their_subnet() {
        let mut plan = plan(vec![PoolPlan { max_pods: 32, ..pool("apps", 4) }]);
        plan.cluster.network.model = NetworkModel::AzurePodSubnet;
        plan.cluster.network.pod_cidr = None;
        plan.cluster.subnets.push(SubnetPlan { name: "pods".into(), prefix: "10.225.0.0/24".parse().unwrap() });
        let pods = PodSubnet { subnet: 1, allocation: PodIpAllocation::StaticBlock };
        plan.cluster.pools[0].scale_set.as_mut().unwrap().pod_subnet = Some(pods);
        let ranges = ranges(&plan);
        // Five nodes of three blocks are 240 addresses, and a /24 has 14 blocks to give.
        assert_eq!((ranges[1].worst, ranges[1].usable, ranges[1].safe_prefix), (240, 224, 23));
    }
}
