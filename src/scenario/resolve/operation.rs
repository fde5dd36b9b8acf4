//! Operations: which pool, which version, when.

use super::Resolver;
use crate::catalog::{Catalog, Month, Support};
use crate::kernel::SimTime;
use crate::scenario::plan::{OperationKind, OperationPlan};
use crate::scenario::spec::{AgentPoolSpec, OperationSpec, ScenarioSpec, UpgradeSpec, Version};
use jiff::{ToSpan, Zoned};

/// Resolves all operations, sorted by time. Pools are looked up as they are written, so that an operation can be checked when
/// something else about its pool is wrong; sorted by name they have the indexes of the plan.
pub fn resolve(resolver: &mut Resolver<'_>, spec: &ScenarioSpec, start: &Zoned) -> Vec<OperationPlan> {
    let mut pools: Vec<&AgentPoolSpec> = spec.cluster.pools().iter().collect();
    pools.sort_by(|a, b| a.name.cmp(&b.name));
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
            warn_of_calendar(resolver, &pointer, spec, start, written);
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
    match (&written.scale, &written.upgrade, &written.rollback) {
        (Some(scale), None, None) => {
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
        (None, Some(upgrade), None) => upgrade_of(resolver, &format!("{pointer}/upgrade"), upgrade, pools),
        (None, None, Some(rollback)) => {
            let pool = find_pool(resolver, &format!("{pointer}/rollback/pool"), &rollback.pool, pools)?;
            Some(OperationKind::Rollback { pool })
        }
        _ => {
            resolver.error(
                pointer,
                "scenario::operation",
                "found not exactly one operation",
                "write one of scale, upgrade and rollback",
            );
            None
        }
    }
}

/// AKS will refuse an upgrade to a version that its calendar does not offer at the time.
fn warn_of_calendar(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    spec: &ScenarioSpec,
    start: &Zoned,
    written: &OperationSpec,
) {
    let version = written.upgrade.as_ref().and_then(|upgrade| upgrade.kubernetes_version);
    let moment = i64::try_from(written.at.0.micros()).ok().and_then(|at| start.checked_add(at.microseconds()).ok());
    let (Some(Version(version)), Some(moment)) = (version, moment) else {
        return;
    };
    let month = Month::of(&moment);
    let long_term =
        spec.cluster.support_plan.as_deref().is_some_and(|plan| plan.eq_ignore_ascii_case("AKSLongTermSupport"));
    let support = Catalog::get().support(version, month);
    if version > spec.cluster.kubernetes_version.0 && !support.is_offered(long_term) {
        let found = match support {
            Support::LongTerm => {
                format!("{version} has only long-term support in {month}: AKS will refuse the upgrade")
            }
            _ => format!("AKS does not offer {version} in {month}, and will refuse the upgrade"),
        };
        let remedy = "choose another version or start, or supportPlan: AKSLongTermSupport where that is what it has";
        resolver.warn(&format!("{pointer}/upgrade/kubernetesVersion"), "scenario::version_calendar", found, remedy);
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
    let control_plane_only = written.control_plane_only.unwrap_or(false);
    if control_plane_only && (image_only || written.pools.as_ref().is_some_and(|pools| !pools.is_empty())) {
        resolver.error(
            &format!("{pointer}/controlPlaneOnly"),
            "scenario::upgrade",
            "the control plane has no node image, and no pool goes with it",
            "remove controlPlaneOnly, or pools and nodeImageOnly",
        );
        return None;
    }
    let chosen = match &written.pools {
        _ if control_plane_only => Some(Vec::new()),
        None => Some((0..pools.len()).collect()),
        Some(names) => {
            let find =
                |(index, name): (usize, &String)| find_pool(resolver, &format!("{pointer}/pools/{index}"), name, pools);
            names.iter().enumerate().map(find).collect::<Option<Vec<_>>>()
        }
    };
    Some(OperationKind::Upgrade { version, pools: chosen?, force: written.force.unwrap_or(false) })
}

fn find_pool(resolver: &mut Resolver<'_>, pointer: &str, name: &str, pools: &[&AgentPoolSpec]) -> Option<usize> {
    let found = pools.iter().position(|pool| pool.name == name);
    if found.is_none() {
        let names: Vec<&str> = pools.iter().map(|pool| pool.name.as_str()).collect();
        resolver.unknown(pointer, "scenario::unknown_pool", format!("no pool {name}"), name, &names);
    }
    found
}
