//! What the next node of a pool will look like, DaemonSet pods included.
//!
//! Source: cluster-autoscaler 1.31-1.37, node templates. A pool's nodes are all alike here, so an example node and the pool's
//! plan say the same. Not modelled: the Azure provider's template for a pool without nodes, which takes the whole capacity for
//! allocatable and so promises more than the node will have.

use super::snapshot::fits;
use crate::cluster::{NodeInfo, PoolId, World};
use crate::scenario::plan::Controller;
use crate::units::{Bytes, MilliCpu, Resources};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The label of a node's own name.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// The label of a node's zone.
const ZONE: &str = "topology.kubernetes.io/zone";

/// A new node of the pool with the pods that every such node carries.
pub(super) fn node_info(world: &World, pool: PoolId) -> NodeInfo {
    let plan = world.pool_plan(pool);
    let name = format!("template-{}", plan.name);
    let mut info = NodeInfo {
        labels: Arc::new(labels(world, pool, &name)),
        name: name.into(),
        taints: plan.taints.clone(),
        unschedulable: false,
        allocatable: plan.allocatable.clone(),
        requested: Resources::default(),
        nonzero_cpu: MilliCpu::ZERO,
        nonzero_memory: Bytes::ZERO,
        host_ports: Vec::new(),
    };
    for workload in &world.plan.workloads {
        if matches!(workload.controller, Controller::DaemonSet) && fits(&workload.template, &info) {
            info.add(&workload.template);
        }
    }
    info
}

/// The labels of the first Ready node of the pool under another name; without one, those of the plan in its first zone.
fn labels(world: &World, pool: PoolId, name: &str) -> BTreeMap<String, String> {
    let plan = world.pool_plan(pool);
    let example = world.members(pool).find(|node| world.nodes[*node].is_ready());
    let mut labels = match example {
        Some(node) => BTreeMap::clone(&world.nodes[node].info.labels),
        None => {
            let mut labels = plan.labels.clone();
            if let Some(zone) = plan.zones.first() {
                labels.insert(ZONE.to_owned(), format!("{}-{zone}", world.plan.cluster.location.name()));
            }
            labels
        }
    };
    labels.insert(HOSTNAME.to_owned(), name.to_owned());
    labels
}
