//! Changes of the cluster's network: a larger pod CIDR, and Azure CNI Overlay in place of kubenet or of node subnet.
//!
//! A change of the model reimages the nodes of all pools at the same time, each pool as its upgrade settings say. Sources: azure-aks-docs,
//! update-azure-cni.md, 2024-11-26, and azure-cni-overlay-pod-expand.md, 2024-08-16, which reimages nothing.

use super::{ControlPlane, Progress, Then, upgrade};
use crate::cluster::{
    Broken, Ctx, Event, OperationId, OperationState, PoolId, ProvisioningState, Refusal, UpgradeOutcome,
    UpgradePurpose, UpgradeRequest, World,
};
use crate::scenario::plan::{NetworkChange, NetworkModel};
use ipnet::Ipv4Net;

/// Begins: the control plane takes its time first.
pub(super) fn update(world: &mut World, change: NetworkChange, operation: OperationId, ctx: &mut Ctx<'_>) -> Progress {
    let name = format!("update/{}", world.operations[operation].name);
    let delay = world.plan.timings.cluster_update.draw(&mut world.streams.stream("operation", &name));
    ctx.after(delay, Event::OperationStep(operation));
    Progress::Waiting(Then::ChangeNetwork(change))
}

impl ControlPlane {
    /// The change holds from now on; with another model, all pools are reimaged.
    pub(super) fn change_network(
        &mut self,
        world: &mut World,
        operation: OperationId,
        change: NetworkChange,
        ctx: &mut Ctx<'_>,
    ) {
        let cidr = match change {
            NetworkChange::PodCidr(cidr) => {
                world.pod_range.as_mut().expect("an overlay has a pod CIDR").grow(cidr);
                self.end(world, operation, OperationState::Succeeded, ctx);
                return;
            }
            NetworkChange::Overlay(cidr) => cidr,
        };
        world.become_overlay(cidr);
        let pools: Vec<PoolId> = world
            .pools
            .ids()
            .filter(|pool| world.pools[*pool].exists && !world.pool_plan(*pool).is_brought())
            .collect();
        let running = self.running.get_mut(&operation).expect("an operation that goes on is in progress");
        running.busy.clone_from(&pools);
        running.progress = Progress::Reimaging { pools: pools.clone(), failure: None };
        for pool in pools {
            let request = UpgradeRequest { version: None, force: false, purpose: UpgradePurpose::Network };
            upgrade::start_pool(world, pool, request, operation, ctx);
        }
        ctx.soon(Event::OperationStep(operation)); // Perhaps there is no pool.
    }

    /// A pool answered: the operation ends with the last one.
    pub(super) fn on_pool_reimaged(&mut self, world: &mut World, operation: OperationId, ctx: &mut Ctx<'_>) {
        let running = self.running.get_mut(&operation).expect("an operation that is looked at is in progress");
        let Progress::Reimaging { pools, failure } = &mut running.progress else {
            return;
        };
        pools.retain(|pool| {
            let row = world.pools[*pool].upgrade.as_ref();
            let Some((outcome, began)) = row.and_then(|row| Some((row.outcome.clone()?, row.began))) else {
                return true;
            };
            let state = &mut world.pools[*pool];
            state.upgrade = None;
            let ended = match outcome {
                UpgradeOutcome::Succeeded => {
                    state.image_as_of = began;
                    ProvisioningState::Succeeded
                }
                UpgradeOutcome::Failed(reason) | UpgradeOutcome::Canceled(reason) => {
                    failure.get_or_insert(reason);
                    ProvisioningState::Failed
                }
            };
            state.settle(Some(Broken::Network), ended);
            false
        });
        if pools.is_empty() {
            let failure = failure.take();
            running.busy.clear(); // Each pool has its own state.
            self.end(world, operation, failure.map_or(OperationState::Succeeded, OperationState::Failed), ctx);
        }
    }
}

/// The former pod CIDR, while nodes still have blocks of it.
fn left(world: &World) -> Option<Ipv4Net> {
    world.left_range.as_ref().filter(|range| range.used() > 0).map(|range| range.cidr)
}

/// Refuses a change that the cluster cannot have. The codes are not documented, nor are the sentences.
pub(super) fn is_possible(world: &World, change: NetworkChange) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal { code: "InvalidParameter", message });
    let present = world.pod_range.as_ref().map(|range| range.cidr);
    match (change, world.network) {
        (NetworkChange::PodCidr(cidr), NetworkModel::AzureOverlay) => match present {
            _ if left(world).is_some_and(|left| cidr.contains(&left)) => {
                refuse(format!("{cidr} contains the former pod CIDR, which nodes still use"))
            }
            Some(present) if cidr.contains(&present) && cidr != present => Ok(()),
            Some(present) => refuse(format!(
                "the pod CIDR {present} can only be changed to a larger range that contains it, which {cidr} does not"
            )),
            None => refuse("the cluster has no pod CIDR".to_owned()),
        },
        (NetworkChange::PodCidr(_), model) => {
            refuse(format!("the pod CIDR of a cluster with {} cannot be changed", model.name()))
        }
        (NetworkChange::Overlay(cidr), NetworkModel::Kubenet | NetworkModel::AzureNodeSubnet) => {
            match present.filter(|present| present.contains(&cidr) && *present != cidr) {
                Some(present) => {
                    refuse(format!("{cidr} is a part of the present pod CIDR {present}, which nodes still use"))
                }
                None => Ok(()),
            }
        }
        (NetworkChange::Overlay(_), NetworkModel::AzurePodSubnet) => {
            refuse("a cluster whose pods have a subnet cannot be changed to Azure CNI Overlay".to_owned())
        }
        // The same change again goes on with the nodes that the first one left.
        (NetworkChange::Overlay(cidr), NetworkModel::AzureOverlay) => {
            let is_left = world.live_nodes.iter().any(|node| world.has_former_network(*node));
            if is_left && present == Some(cidr) {
                return Ok(());
            }
            refuse("the cluster has Azure CNI Overlay already".to_owned())
        }
    }
}
