//! Whether AKS sees enough addresses before it begins with something that brings nodes.
//!
//! Sources: support articles for AKS, insufficientsubnetsize-error-advanced-networking.md, 2025-02-20; the form of the message, and
//! that of a pod CIDR every pool's largest size counts with its surge: Azure/AKS-Construction issue 701, 2024-06-11, and Azure/AKS
//! issue 4467, 2024-08-08.

use crate::catalog::limits::{NODE_BLOCK_PREFIX, pod_blocks};
use crate::cluster::{NodeId, NodePhase, PoolId, Refusal, World};
use crate::kernel::Id;
use crate::scenario::plan::{AutoscalingRange, NetworkModel, SubnetPlan, SubnetSizeCheck};
use ipnet::Ipv4Net;

/// Nodes that come to a pool, and how large it may be then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    /// The pool.
    pub pool: PoolId,
    /// Nodes that the operation itself brings.
    pub new: u32,
    /// Nodes that the pool has afterwards, at most.
    pub nodes: u32,
    /// Its autoscaler's bounds afterwards.
    pub autoscaling: Option<AutoscalingRange>,
}

impl Growth {
    /// The pool gets new nodes for a time, or for good, and keeps its bounds.
    pub(super) fn of(world: &World, pool: PoolId, new: u32, nodes: u32) -> Self {
        Self { pool, new, nodes, autoscaling: world.pools[pool].autoscaling }
    }

    /// The pool comes into being as it is planned.
    pub(super) fn coming(world: &World, pool: PoolId) -> Self {
        let plan = world.pool_plan(pool);
        Self { pool, new: plan.count, nodes: plan.count, autoscaling: plan.autoscaling }
    }

    /// Instances of all pools at their largest, those that grow as they will be. Deallocated ones are among them.
    pub(super) fn instances_of_all(world: &World, growths: &[Self]) -> u32 {
        let sum = |(id, pool): (PoolId, &crate::cluster::Pool)| {
            let grows = growths.iter().find(|growth| growth.pool == id).copied();
            let stays = || (pool.exists).then(|| Self::of(world, id, 0, pool.target));
            let most = grows.or_else(stays).filter(|_| !world.pool_plan(id).is_brought()).map_or(0, Self::most);
            let is_there = |node: &&NodeId| {
                let node = &world.nodes[**node];
                node.pool == id && node.phase != NodePhase::Deleting && node.addresses.own.is_some()
            };
            let present = world.live_nodes.iter().filter(is_there).count();
            most.max(u32::try_from(present).expect("a scale set has at most 1000 instances"))
        };
        world.pools.iter().map(sum).sum()
    }

    fn most(self) -> u32 {
        self.autoscaling.map_or(self.nodes, |range| range.max.max(self.nodes))
    }
}

/// Refuses what would take more addresses of a subnet than AKS sees there, with nodes of this network model.
pub(super) fn within_subnets(world: &World, growths: &[Growth], model: NetworkModel) -> Result<(), Refusal> {
    for (id, subnet) in world.subnets.iter() {
        let (asked, available) = match world.plan.cluster.network.size_check {
            SubnetSizeCheck::Operation => {
                let counted = |growth: &Growth| {
                    let plan = world.pool_plan(growth.pool);
                    plan.counted_by_aks(model, id.index(), growth.new, growth.autoscaling)
                };
                let brings = growths.iter().any(|growth| growth.new > 0);
                let asked = growths.iter().filter_map(counted).map(u64::from).sum();
                (if brings { asked } else { 0 }, subnet.usable() - subnet.used())
            }
            SubnetSizeCheck::AllPools => {
                let each = |pool| u64::from(world.pool_plan(pool).node_need(model, id.index()).most);
                let concerned = growths.iter().any(|growth| each(growth.pool) > 0);
                (if concerned { at_most(world, growths, each) } else { 0 }, subnet.usable())
            }
        };
        let SubnetPlan { name, prefix } = &world.plan.cluster.subnets[id.index()];
        within(asked, available, &prefix.to_string(), name)?;
    }
    Ok(())
}

/// Refuses what could leave nodes without a block of the pod CIDR, should every pool become as large as it may be.
pub(super) fn within_pod_cidr(world: &World, growths: &[Growth]) -> Result<(), Refusal> {
    match &world.pod_range {
        Some(range) if world.network == NetworkModel::AzureOverlay => within_blocks(world, growths, range.cidr),
        _ => Ok(()),
    }
}

/// The same of an overlay with this pod CIDR.
pub(super) fn within_blocks(world: &World, growths: &[Growth], cidr: Ipv4Net) -> Result<(), Refusal> {
    let block = 1u32 << (32 - NODE_BLOCK_PREFIX);
    let asked = at_most(world, growths, |_| 1) * u64::from(block);
    within(asked, pod_blocks(cidr) * block, &cidr.to_string(), "networkProfile.podCIDR")
}

/// What all pools take at their largest and with the surge of each, those that grow as they will be.
fn at_most(world: &World, growths: &[Growth], each: impl Fn(PoolId) -> u64) -> u64 {
    let sum = |(id, pool): (PoolId, &crate::cluster::Pool)| {
        let grows = growths.iter().find(|growth| growth.pool == id).copied();
        let stays = || (pool.exists).then(|| Growth::of(world, id, 0, pool.target));
        let plan = world.pool_plan(id);
        let nodes = grows.or_else(stays).filter(|_| !plan.is_brought()).map_or(0, Growth::most);
        u64::from(nodes + plan.upgrade.most_extra(nodes)) * each(id)
    };
    world.pools.iter().map(sum).sum()
}

fn within(asked: u64, available: u32, cidr: &str, name: &str) -> Result<(), Refusal> {
    if asked <= u64::from(available) {
        return Ok(());
    }
    let message = format!(
        "Pre-allocated IPs {asked} exceeds IPs available {available} in Subnet Cidr {cidr}, Subnet Name {name}. \
         Of a pool with the cluster autoscaler its maxCount is counted"
    );
    Err(Refusal { code: "InsufficientSubnetSize", message })
}
