//! Operations: what is asked, of which pool, when.

use super::access::Access;
use super::pool::{self, Written};
use super::{Resolver, network_change, upgrade};
use crate::catalog::{Catalog, Month, Support, limits};
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::plan::{
    AutoscalingRange, EtagCondition, OperationKind, OperationPlan, PoolChange, PoolMode, ReadCall, ScaleDownMode,
    SettingsChange, UpgradeChange,
};
use crate::scenario::spec::{
    ClusterSpec, MigrateSpec, OperationSpec, ScenarioSpec, UpdatePoolSpec, UpgradeSpec, Version,
};
use jiff::{ToSpan, Zoned};

/// More often than this nothing is asked by one line.
const MOST_REPEATS: u32 = 100_000;

/// The keys of which an operation has exactly one.
const KINDS: &str = "scale, upgrade, rollback, addPool, deletePool, updatePool, updateNetwork, stopPool, startPool, migrate, create, stop, start, show, list or abort";

/// Resolves all operations, sorted by time. Pools are looked up as they are written, so that an operation can be checked when
/// something else about its pool is wrong; sorted by name they have the indexes of the plan.
pub(super) fn resolve(
    resolver: &mut Resolver<'_>,
    spec: &ScenarioSpec,
    access: &Access,
    start: &Zoned,
) -> Vec<OperationPlan> {
    let mut pools = pool::written(spec);
    pools.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
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
        let as_at = format!("{pointer}/as");
        let asked_by = written.asked_by.as_ref().map(|name| access.asker(resolver, &as_at, name)).transpose();
        let kind = (Context { resolver, pointer: &pointer, cluster: &spec.cluster, pools: &pools }).kind(written);
        if let (Some(kind), Ok(asked_by)) = (kind, asked_by) {
            if let Some(asker) = asked_by {
                access.foretell(resolver, &as_at, asker, &kind, spec.cluster.kubernetes_version.0);
            }
            warn_of_calendar(resolver, &pointer, spec, start, written);
            let condition = condition(resolver, &pointer, written);
            let first = SimTime::after_start(written.at.0);
            let end = SimTime::after_start(spec.duration.0);
            let left = spec.duration.0.saturating_sub(written.at.0);
            let (every, times) = repeats(resolver, &pointer, written, &kind, left);
            let moments =
                (0..times).map(|time| first + every.times(time.into())).filter(|at| *at < end || *at == first);
            operations.extend(moments.map(|at| OperationPlan { at, kind: kind.clone(), asked_by, condition }));
        }
    }
    warn_of_starts(resolver, spec, start);
    operations.sort_by_key(|operation| operation.at);
    let rests =
        |operation: &OperationPlan| matches!(operation.kind, OperationKind::CreateCluster | OperationKind::StopCluster);
    if spec.workloads.as_ref().is_some_and(|workloads| workloads.trace.is_some()) && operations.iter().any(rests) {
        let found = "a trace plays on while there is no API server";
        resolver.error("/workloads/trace", "scenario::trace", found, "remove it, or the operations create and stop");
    }
    let create = |operation: &OperationPlan| operation.kind == OperationKind::CreateCluster;
    if operations.iter().skip(1).any(create) {
        let remedy = "write it once, and every other operation later";
        resolver.error("/operations", "scenario::create", "create is not the first operation", remedy);
    }
    operations
}

/// How often the operation is asked, and the time in between; `left` is what is left of the scenario from the first time on.
fn repeats(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    written: &OperationSpec,
    kind: &OperationKind,
    left: SimDuration,
) -> (SimDuration, u32) {
    let once = (SimDuration::ZERO, 1);
    match (written.every, written.times) {
        (None, None) => once,
        (Some(every), times) if !every.0.is_zero() && times != Some(0) => {
            let until_the_end = u32::try_from(left.micros().div_ceil(every.0.micros())).unwrap_or(u32::MAX);
            let times = times.map_or(until_the_end, |times| times.min(until_the_end)).max(1);
            match kind {
                OperationKind::CreateCluster
                | OperationKind::Upgrade { version: Some(_), .. }
                | OperationKind::Rollback { .. }
                | OperationKind::AddPool { .. }
                | OperationKind::DeletePool { .. }
                | OperationKind::UpdateNetwork(_)
                | OperationKind::Migrate { .. } => {
                    let remedy = "remove every and times, or write the other times as operations of their own";
                    let found = "an operation that there is nothing to do for again";
                    resolver.error(&format!("{pointer}/every"), "scenario::repeat", found, remedy);
                    once
                }
                _ if times > MOST_REPEATS => {
                    let found = format!("the operation is asked {times} times");
                    let remedy = format!("write a longer every, or at most times: {MOST_REPEATS}");
                    resolver.error(&format!("{pointer}/every"), "scenario::repeat", found, remedy);
                    once
                }
                _ => (every.0, times),
            }
        }
        _ => {
            let remedy = "write every: 7d, or every: 1s with times: 600";
            resolver.error(pointer, "scenario::repeat", "found times without every, or one of them is 0", remedy);
            once
        }
    }
}

/// The condition on the eTag, as `--if-match` and `--if-none-match` of `az aks` say it.
fn condition(resolver: &mut Resolver<'_>, pointer: &str, written: &OperationSpec) -> Option<EtagCondition> {
    match (written.if_match.as_deref(), written.if_none_match.as_deref()) {
        (None, None) => None,
        (Some("*"), None) => Some(EtagCondition::Exists),
        (None, Some("*")) => Some(EtagCondition::IsMissing),
        (Some(text), None) => match SimDuration::parse(text) {
            Ok(read) if read <= written.at.0 => Some(EtagCondition::UnchangedSince(SimTime::after_start(read))),
            _ => {
                let remedy = "write \"*\", or when the eTag was read, such as 2h, not after the operation";
                let found = format!("found \"{text}\"");
                resolver.error(&format!("{pointer}/ifMatch"), "scenario::etag", found, remedy);
                None
            }
        },
        _ => {
            let remedy = "write ifMatch, or ifNoneMatch: \"*\"";
            resolver.error(pointer, "scenario::etag", "found no condition that AKS knows", remedy);
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
    let mut available = spec.available_versions.iter().flatten();
    if available.any(|other| other.version.0 == version && other.at.is_none_or(|from| from.0 <= written.at.0)) {
        return;
    }
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

/// A cluster that was stopped is started neither at once nor after too long.
/// Source: azure-aks-docs, start-stop-cluster.md, 2026-07-21.
fn warn_of_starts(resolver: &mut Resolver<'_>, spec: &ScenarioSpec, start: &Zoned) {
    let written = || spec.operations.iter().flatten().enumerate();
    let moment = |at: SimDuration| start.checked_add(i64::try_from(at.micros()).ok()?.microseconds()).ok();
    for (index, operation) in written().filter(|(_, operation)| operation.start.is_some()) {
        let at = operation.at.0;
        let stops = written().filter(|(_, other)| other.stop.is_some() && other.at.0 < at).map(|(_, stop)| stop.at.0);
        let Some(stop) = stops.max() else {
            continue;
        };
        let pointer = format!("/operations/{index}/at");
        let (least, better) = limits::WAIT_AFTER_STOP_MINUTES;
        let waited = at.saturating_sub(stop);
        if waited < SimDuration::from_mins(better) {
            let found = format!("{waited} after the stop");
            let remedy = format!("wait {least} to {better} minutes after a stop has ended");
            if waited < SimDuration::from_mins(least) {
                resolver.warn(&pointer, "scenario::start_wait", found, remedy);
            } else {
                resolver.note(&pointer, "scenario::start_wait", format!("{found}: {remedy}"));
            }
        }
        let kept = moment(stop).and_then(|stop| stop.checked_add(limits::STOPPED_STATE_MONTHS.months()).ok());
        if kept.zip(moment(at)).is_some_and(|(kept, started)| started > kept) {
            let months = limits::STOPPED_STATE_MONTHS;
            let found = format!("more than {months} months after the stop");
            let remedy = "start it earlier: AKS keeps the state of a stopped cluster no longer";
            resolver.warn(&pointer, "scenario::stopped_state", found, remedy);
        }
    }
}

/// One operation and where it stands.
struct Context<'a, 'b> {
    resolver: &'a mut Resolver<'b>,
    pointer: &'a str,
    cluster: &'a ClusterSpec,
    pools: &'a [Written<'a>],
}

impl Context<'_, '_> {
    fn kind(&mut self, written: &OperationSpec) -> Option<OperationKind> {
        let mut kinds = Vec::new();
        let mut add = |kind: Option<Option<OperationKind>>| kinds.extend(kind);
        add(written.create.as_ref().map(|_| Some(OperationKind::CreateCluster)));
        add(written.stop.as_ref().map(|_| Some(OperationKind::StopCluster)));
        add(written.start.as_ref().map(|_| Some(OperationKind::StartCluster)));
        add(written.scale.as_ref().map(|scale| {
            let pool = self.pool("scale", &scale.pool)?;
            self.warn_of_large_step(pool, scale.count);
            Some(OperationKind::Scale { pool, count: scale.count })
        }));
        add(written.upgrade.as_ref().map(|upgrade| self.upgrade(upgrade)));
        add(written.add_pool.as_ref().map(|added| {
            let version = added.orchestrator_version.map(|version| version.0);
            Some(OperationKind::AddPool { pool: self.find(&added.name)?, version })
        }));
        add(written.delete_pool.as_ref().map(|of| {
            let pool = self.pool("deletePool", &of.pool)?;
            Some(OperationKind::DeletePool { pool })
        }));
        add(written.update_pool.as_ref().map(|update| self.update(update)));
        add(written.update_network.as_ref().map(|update| {
            let pointer = format!("{}/updateNetwork", self.pointer);
            network_change::resolve(self.resolver, &pointer, self.cluster, update).map(OperationKind::UpdateNetwork)
        }));
        add(written.show.as_ref().map(|_| Some(OperationKind::Read(ReadCall::Show))));
        add(written.list.as_ref().map(|list| {
            let scope = list.scope.as_deref().unwrap_or(ReadCall::SCOPES[0].0);
            let pointer = format!("{}/list/scope", self.pointer);
            self.resolver.choice(&pointer, "scenario::list", scope, &ReadCall::SCOPES).map(OperationKind::Read)
        }));
        add(written.stop_pool.as_ref().map(|of| {
            let pool = self.pool("stopPool", &of.pool)?;
            Some(OperationKind::StopPool { pool })
        }));
        add(written.start_pool.as_ref().map(|of| {
            let pool = self.pool("startPool", &of.pool)?;
            Some(OperationKind::StartPool { pool })
        }));
        add(written.abort.as_ref().map(|abort| {
            let pool = match &abort.pool {
                None => None,
                Some(name) => Some(self.pool("abort", name)?),
            };
            Some(OperationKind::Abort { pool })
        }));
        add(written.rollback.as_ref().map(|of| {
            let pool = self.pool("rollback", &of.pool)?;
            Some(OperationKind::Rollback { pool })
        }));
        add(written.migrate.as_ref().map(|migrate| self.migrate(migrate)));
        if kinds.len() != 1 {
            let remedy = format!("write one of {KINDS}");
            self.resolver.error(self.pointer, "scenario::operation", "found not exactly one operation", remedy);
            return None;
        }
        kinds.remove(0)
    }

    /// Above a thousand nodes Microsoft advises to scale in steps. Source: best-practices-performance-scale-large.md, 2026-06-05. The nodes
    /// counted are those of the pools as they are written.
    fn warn_of_large_step(&mut self, pool: usize, count: u32) {
        let nodes = |index: usize| self.pools[index].spec.count.unwrap_or(1);
        let others: u32 = (0..self.pools.len()).filter(|other| *other != pool).map(nodes).sum();
        let step = count.saturating_sub(nodes(pool));
        let ((least, most), (wait, longest)) = (limits::SCALE_STEP_NODES, limits::SCALE_STEP_WAIT_MINUTES);
        if others.saturating_add(count) > limits::STEPWISE_NODES && step > most {
            let found = format!("{step} nodes at once");
            let remedy = format!(
                "above {} nodes scale by {least} to {most} and wait {wait} to {longest} minutes",
                limits::STEPWISE_NODES
            );
            self.warn("scale/count", "scenario::scale_step", &found, &remedy);
        }
    }

    fn upgrade(&mut self, written: &UpgradeSpec) -> Option<OperationKind> {
        let image_only = written.node_image_only.unwrap_or(false);
        let version = written.kubernetes_version.map(|version| version.0);
        if image_only == version.is_some() {
            let found = "found not exactly one of kubernetesVersion and nodeImageOnly";
            self.error(
                "upgrade",
                "scenario::upgrade",
                found,
                "write kubernetesVersion: \"1.35\", or nodeImageOnly: true",
            );
            return None;
        }
        let control_plane_only = written.control_plane_only.unwrap_or(false);
        if control_plane_only && (image_only || written.pools.as_ref().is_some_and(|pools| !pools.is_empty())) {
            let found = "the control plane has no node image, and no pool goes with it";
            let remedy = "remove controlPlaneOnly, or pools and nodeImageOnly";
            self.error("upgrade/controlPlaneOnly", "scenario::upgrade", found, remedy);
            return None;
        }
        let chosen = match &written.pools {
            _ if control_plane_only => Some(Vec::new()),
            None => Some((0..self.pools.len()).collect()),
            Some(names) => {
                let find = |(index, name): (usize, &String)| self.pool_at(&format!("upgrade/pools/{index}"), name);
                names.iter().enumerate().map(find).collect::<Option<Vec<_>>>()
            }
        };
        Some(OperationKind::Upgrade {
            version,
            pools: chosen?,
            force: written.force.unwrap_or(false),
            whole_cluster: written.pools.is_none() && !control_plane_only,
        })
    }

    /// One change. Settings that can never change are passed on: AKS refuses them, and the scenario shows how.
    fn update(&mut self, written: &UpdatePoolSpec) -> Option<OperationKind> {
        let pool = self.pool("updatePool", &written.pool)?;
        let immutable = [
            ("vmSize", written.vm_size.is_some()),
            ("availabilityZones", written.availability_zones.is_some()),
            ("maxPods", written.max_pods.is_some()),
            ("osDiskSizeGB", written.os_disk_size_gb.is_some()),
            ("osDiskType", written.os_disk_type.is_some()),
            ("scaleSetPriority", written.scale_set_priority.is_some()),
            ("scaleSetEvictionPolicy", written.scale_set_eviction_policy.is_some()),
            ("spotMaxPrice", written.spot_max_price.is_some()),
        ];
        let bounds = (written.min_count, written.max_count);
        let autoscales = written.enable_auto_scaling.is_some() || bounds != (None, None);
        let settings =
            written.mode.is_some() || written.scale_down_mode.is_some() || written.upgrade_settings.is_some();
        let change = match immutable.iter().find(|(_, given)| *given) {
            Some((setting, _)) => {
                let remedy = "migrate to a new pool instead";
                self.warn(&format!("updatePool/{setting}"), "scenario::immutable", "AKS will refuse it", remedy);
                PoolChange::Immutable(setting)
            }
            None if settings && autoscales => {
                let found = "found settings of the autoscaler and others";
                self.error("updatePool", "scenario::update_pool", found, "write two operations");
                return None;
            }
            None if settings => PoolChange::Settings(self.settings(written)?),
            None => match (written.enable_auto_scaling, bounds) {
                (Some(true) | None, (Some(min), Some(max))) if min <= max => {
                    PoolChange::Autoscaling(Some(AutoscalingRange { min, max }))
                }
                (Some(false), (None, None)) => PoolChange::Autoscaling(None),
                _ => {
                    let remedy = "write enableAutoScaling: true with minCount and maxCount, enableAutoScaling: false alone, or one of \
                                  mode, scaleDownMode and upgradeSettings";
                    self.error("updatePool", "scenario::update_pool", "found no change that AKS knows", remedy);
                    return None;
                }
            },
        };
        Some(OperationKind::UpdatePool { pool, change })
    }

    fn settings(&mut self, written: &UpdatePoolSpec) -> Option<SettingsChange> {
        let pointer = format!("{}/updatePool", self.pointer);
        let modes = [("System", PoolMode::System), ("User", PoolMode::User)];
        let mode = written
            .mode
            .as_deref()
            .map(|text| self.resolver.choice(&format!("{pointer}/mode"), "scenario::mode", text, &modes));
        let scale_down_mode = written.scale_down_mode.as_deref().map(|text| {
            let pointer = format!("{pointer}/scaleDownMode");
            self.resolver.choice(&pointer, "scenario::scale_down_mode", text, &ScaleDownMode::ALL)
        });
        let upgrade = match &written.upgrade_settings {
            Some(written) => upgrade::change(self.resolver, &pointer, written)?,
            None => UpgradeChange::default(),
        };
        if mode == Some(None) || scale_down_mode == Some(None) {
            return None;
        }
        Some(SettingsChange { mode: mode.flatten(), scale_down_mode: scale_down_mode.flatten(), upgrade })
    }

    fn migrate(&mut self, written: &MigrateSpec) -> Option<OperationKind> {
        let from = self.pool("migrate", &written.pool)?;
        let Some(to) = self.find(&written.to.name) else {
            let remedy = "add the pool first, or choose one that exists then";
            self.error("migrate/pool", "scenario::unknown_pool", "the pool does not exist at that moment", remedy);
            return None;
        };
        Some(OperationKind::Migrate { from, to, drain_timeout: written.drain_timeout.map(|timeout| timeout.0) })
    }

    /// The index of the pool named under the `pool` key of the operation.
    fn pool(&mut self, key: &str, name: &str) -> Option<usize> {
        self.pool_at(&format!("{key}/pool"), name)
    }

    fn pool_at(&mut self, field: &str, name: &str) -> Option<usize> {
        let found = self.find(name);
        if found.is_none() {
            let names: Vec<&str> = self.pools.iter().map(|pool| pool.spec.name.as_str()).collect();
            let pointer = format!("{}/{field}", self.pointer);
            self.resolver.unknown(&pointer, "scenario::unknown_pool", format!("no pool {name}"), name, &names);
        }
        found
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.pools.iter().position(|pool| pool.spec.name == name)
    }

    fn error(&mut self, field: &str, code: &'static str, found: &str, remedy: &str) {
        self.resolver.error(&format!("{}/{field}", self.pointer), code, found, remedy);
    }

    fn warn(&mut self, field: &str, code: &'static str, found: &str, remedy: &str) {
        self.resolver.warn(&format!("{}/{field}", self.pointer), code, found, remedy);
    }
}
