//! Subnets of pods: which pools have one, and what they may share.
//!
//! Sources: azure-aks-docs, concepts-network-azure-cni-pod-subnet.md, 2024-05-21, and configure-azure-cni-static-block-allocation.md,
//! 2024-03-18.

use super::Resolver;
use super::pool::{Context, Written};
use crate::catalog::pod_subnet::{BLOCK_MINOR, LARGEST_BLOCK_SUBNET};
use crate::scenario::plan::{NetworkModel, PodIpAllocation, PodSubnet, PoolPlan, SubnetPlan};

/// The subnet of the pool's pods; `None` inside when they have none of their own, `None` outside when something is wrong.
pub(super) fn resolve(context: &mut Context<'_, '_>) -> Option<Option<PodSubnet>> {
    let mode = context.pool.pod_ip_allocation_mode.as_deref();
    let pointer = format!("{}/podIPAllocationMode", context.pointer);
    let code = "scenario::pod_ip_allocation_mode";
    let Some(written) = &context.pool.pod_subnet_id else {
        if let Some(mode) = mode {
            let found = format!("found {mode} without a pod subnet");
            context.resolver.error(&pointer, code, found, "write podSubnetID, or remove it");
        }
        return Some(None);
    };
    let subnet = context.subnet_named("podSubnetID", written);
    let allocation = match mode {
        None => Some(PodIpAllocation::DynamicIndividual),
        Some(mode) => context.resolver.choice(&pointer, code, mode, &PodIpAllocation::ALL),
    };
    Some(Some(PodSubnet { subnet: subnet?, allocation: allocation? }))
}

/// All pools have a pod subnet or none; one subnet has one allocation mode, and no VM shares it.
pub(super) fn check(
    resolver: &mut Resolver<'_>,
    written: &[Written<'_>],
    pools: &[PoolPlan],
    model: NetworkModel,
    subnets: &[SubnetPlan],
) {
    if model != NetworkModel::AzurePodSubnet {
        return;
    }
    let with_plan = written.iter().filter_map(|written| {
        let pool = pools.iter().find(|pool| pool.name == written.spec.name)?;
        Some((written.pointer.as_str(), pool, pool.scale_set.as_ref()?))
    });
    let all: Vec<_> = with_plan.collect();
    for (pointer, pool, scale_set) in &all {
        let mut error = |key: &str, code, found: String, remedy: &str| {
            resolver.error(&format!("{pointer}/{key}"), code, found, remedy);
        };
        let Some(pods) = scale_set.pod_subnet else {
            let found = "is missing, and another pool has it".to_owned();
            error("podSubnetID", "scenario::pod_subnet", found, "give all pools a pod subnet, or none");
            continue;
        };
        let SubnetPlan { name, prefix } = &subnets[pods.subnet];
        if all.iter().any(|(_, _, other)| other.subnet == pods.subnet) {
            let found = format!("subnet {name} is a subnet of nodes");
            let remedy = "write a subnet that only pods use, and the nodes' in vnetSubnetID";
            error("podSubnetID", "scenario::pod_subnet", found, remedy);
        }
        let others = all.iter().filter_map(|(_, _, other)| other.pod_subnet);
        if others.clone().any(|other| other.subnet == pods.subnet && other.allocation != pods.allocation) {
            let found = format!("subnet {name} has another allocation mode for another pool");
            let remedy = "write the same mode for all pools of a pod subnet, or another subnet";
            error("podIPAllocationMode", "scenario::pod_ip_allocation_mode", found, remedy);
        }
        if pods.allocation == PodIpAllocation::StaticBlock {
            if prefix.prefix_len() < LARGEST_BLOCK_SUBNET {
                let found = format!("subnet {name} is a /{}", prefix.prefix_len());
                error("podSubnetID", "scenario::pod_subnet", found, "write a subnet of /12 or smaller");
            }
            if pool.version.minor < BLOCK_MINOR {
                let found = format!("StaticBlock with Kubernetes {}", pool.version);
                let remedy = "write 1.28 or newer, or DynamicIndividual";
                error("podIPAllocationMode", "scenario::pod_ip_allocation_mode", found, remedy);
            }
        }
    }
}
