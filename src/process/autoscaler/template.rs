//! What the next node of a pool will look like, DaemonSet pods included.
//!
//! Source: cluster-autoscaler 1.31-1.37, node templates. A pool's nodes are all alike here, so an example node and the pool's
//! plan say the same. Not modelled: the Azure provider's template for a pool without nodes, which takes the whole capacity for
//! allocatable and so promises more than the node will have.

use super::fitting::Fitting;
use crate::cluster::{NodeInfo, PoolId, World};
use crate::placement::PodView;
use crate::placement::spread::HOSTNAME;
use crate::scenario::plan::Controller;
use std::sync::Arc;

/// A new node of the pool with the pods that every such node carries.
pub(super) fn node_info(world: &World, pool: PoolId) -> NodeInfo {
    let plan = world.pool_plan(pool);
    let name = format!("template-{}", plan.name);
    // The zone of the first Ready node, as upstream takes the labels of a real node where there is one.
    let example = world.members(pool).find(|node| world.nodes[*node].is_ready());
    let zone = example.map_or(plan.zones.first().copied(), |node| world.nodes[node].zone);
    let mut info = NodeInfo::unused(plan, &name, zone, world.plan.cluster.location);
    let fitting = Fitting::of(world);
    for workload in world.workloads.ids() {
        let plan = world.workload_plan(workload);
        if matches!(plan.controller, Controller::DaemonSet) && fitting.fits_alone(PodView::of(&plan.template), &info) {
            info.add(workload, &plan.template);
        }
    }
    info
}

/// A node like the template, of its own name and host name: pods that look at each other must tell the nodes apart.
pub(super) fn named(template: &NodeInfo, name: &str) -> NodeInfo {
    let mut node = NodeInfo { name: name.into(), ..template.clone() };
    Arc::make_mut(&mut node.labels).insert(HOSTNAME.to_owned(), name.to_owned());
    node
}
