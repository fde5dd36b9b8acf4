//! Operations: which pool, which version, when.

use super::Resolver;
use crate::kernel::SimTime;
use crate::scenario::plan::{OperationKind, OperationPlan};
use crate::scenario::spec::{AgentPoolSpec, OperationSpec, ScenarioSpec, UpgradeSpec};

/// Resolves all operations, sorted by time. Pools are looked up as they are written, so that an operation can be checked when
/// something else about its pool is wrong; sorted by name they have the indexes of the plan.
pub fn resolve(resolver: &mut Resolver<'_>, spec: &ScenarioSpec) -> Vec<OperationPlan> {
    let pools = pools_by_name(spec);
    let mut operations = Vec::new();
    for (index, written) in spec.operations.iter().flatten().enumerate() {
        let pointer = format!("/operations/{index}");
        if written.at.0 >= spec.duration.0 {
            let found = format!("{} lies after the end of the scenario", written.at.0);
            resolver.error(
                &format!("{pointer}/at"),
                "scenario::operation_at",
                found,
                format!("write less than {}", spec.duration.0),
            );
        }
        if pools.is_empty() && spec.cluster.nodes.is_some() {
            let remedy =
                "remove it, or add agentPoolProfiles: nodes that are brought along are neither scaled nor upgraded";
            resolver.error(&pointer, "scenario::brought_nodes", "found an operation, but no node pool", remedy);
            continue;
        }
        if let Some(kind) = kind(resolver, &pointer, written, &pools) {
            operations.push(OperationPlan { at: SimTime::after_start(written.at.0), kind });
        }
    }
    operations.sort_by_key(|operation| operation.at);
    operations
}

fn kind(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    written: &OperationSpec,
    pools: &[&AgentPoolSpec],
) -> Option<OperationKind> {
    match (&written.scale, &written.upgrade) {
        (Some(scale), None) => {
            let pool = find_pool(resolver, &format!("{pointer}/scale/pool"), &scale.pool, pools)?;
            if pools[pool].enable_auto_scaling == Some(true) {
                let found = format!("the autoscaler manages pool {}: AKS will refuse to scale it", scale.pool);
                resolver.warn(
                    &format!("{pointer}/scale"),
                    "scenario::scale_autoscaled",
                    found,
                    "change minCount and maxCount instead",
                );
            }
            Some(OperationKind::Scale { pool, count: scale.count })
        }
        (None, Some(upgrade)) => upgrade_of(resolver, &format!("{pointer}/upgrade"), upgrade, pools),
        _ => {
            resolver.error(
                pointer,
                "scenario::operation",
                "found not exactly one operation",
                "write either scale or upgrade",
            );
            None
        }
    }
}

fn upgrade_of(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    written: &UpgradeSpec,
    pools: &[&AgentPoolSpec],
) -> Option<OperationKind> {
    let image_only = written.node_image_only.unwrap_or(false);
    let version = written.kubernetes_version.map(|version| version.0);
    if image_only == version.is_some() {
        let remedy = "write kubernetesVersion: \"1.35\", or nodeImageOnly: true";
        resolver.error(
            pointer,
            "scenario::upgrade",
            "found not exactly one of kubernetesVersion and nodeImageOnly",
            remedy,
        );
        return None;
    }
    let chosen = match &written.pools {
        None => Some((0..pools.len()).collect()),
        Some(names) => {
            let find =
                |(index, name): (usize, &String)| find_pool(resolver, &format!("{pointer}/pools/{index}"), name, pools);
            names.iter().enumerate().map(find).collect::<Option<Vec<_>>>()
        }
    };
    Some(OperationKind::Upgrade { version, pools: chosen? })
}

/// The pools as they are written, in the plan's order.
pub(super) fn pools_by_name(spec: &ScenarioSpec) -> Vec<&AgentPoolSpec> {
    let mut pools: Vec<&AgentPoolSpec> = spec.cluster.pools().iter().collect();
    pools.sort_by(|a, b| a.name.cmp(&b.name));
    pools
}

/// The pool of this name; an unknown one is an error.
pub(super) fn find_pool(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    name: &str,
    pools: &[&AgentPoolSpec],
) -> Option<usize> {
    let found = pools.iter().position(|pool| pool.name == name);
    if found.is_none() {
        let names: Vec<&str> = pools.iter().map(|pool| pool.name.as_str()).collect();
        resolver.unknown(pointer, "scenario::unknown_pool", format!("no pool {name}"), name, &names);
    }
    found
}
