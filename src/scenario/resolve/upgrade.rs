//! How a pool is upgraded: the settings of both strategies.

use super::Resolver;
use super::pool::Context;
use crate::kernel::SimDuration;
use crate::scenario::plan::{
    BlueGreenSettings, IntOrPercent, UndrainableNodes, UpgradeChange, UpgradeSettings, UpgradeStrategy,
};
use crate::scenario::spec::{BlueGreenSettingsSpec, UpgradeSettingsSpec};
use std::ops::RangeInclusive;

/// Resolves the settings of a pool; `None` when a word in them means nothing.
pub(super) fn settings(context: &mut Context<'_, '_>, spot: bool) -> Option<UpgradeSettings> {
    let nothing = UpgradeSettingsSpec::default();
    let written = context.pool.upgrade_settings.as_ref().unwrap_or(&nothing);
    let strategy = strategy(context, spot);
    let change = change(context.resolver, context.pointer, written)?;
    let settings = UpgradeSettings { strategy: strategy?, ..change.applied(UpgradeSettings::default()) };
    if settings.strategy != UpgradeStrategy::Rolling {
        ignored_by_blue_green(context, written);
    } else if is_zero(settings.max_surge) && is_zero(settings.max_unavailable) {
        let remedy = "write at least 1 for one of them";
        let found = "maxSurge and maxUnavailable are both 0";
        context.error("upgradeSettings", "scenario::upgrade_settings", found, remedy);
    }
    Some(settings)
}

/// Resolves what is written of the settings under `pointer`; `None` when a word in it means nothing.
///
/// Sources of the ranges: API specification of 2025-05-01; azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29, and
/// blue-green-node-pool-upgrade.md, 2024-11-06.
pub(super) fn change(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    written: &UpgradeSettingsSpec,
) -> Option<UpgradeChange> {
    let at = |key: &str| format!("{pointer}/upgradeSettings/{key}");
    let drain_timeout = minutes(
        resolver,
        &at("drainTimeoutInMinutes"),
        "scenario::drain_timeout",
        written.drain_timeout_in_minutes,
        1..=1440,
    );
    let soak = minutes(
        resolver,
        &at("nodeSoakDurationInMinutes"),
        "scenario::soak",
        written.node_soak_duration_in_minutes,
        0..=30,
    );
    let undrainable = undrainable(resolver, pointer, written);
    let max_blocked = written.max_blocked_nodes.map(|blocked| blocked.0);
    if max_blocked.is_some() && undrainable.is_some_and(|nodes| nodes != Some(UndrainableNodes::Cordon)) {
        resolver.note(&at("maxBlockedNodes"), "scenario::upgrade_settings", "has no effect without Cordon");
    }
    Some(UpgradeChange {
        max_surge: written.max_surge.map(|surge| surge.0),
        max_unavailable: written.max_unavailable.map(|unavailable| unavailable.0),
        drain_timeout,
        soak,
        undrainable: undrainable?,
        max_blocked,
    })
}

fn is_zero(value: IntOrPercent) -> bool {
    matches!(value, IntOrPercent::Int(0) | IntOrPercent::Percent(0))
}

/// A number of minutes of the range; what is outside of it is an error.
fn minutes(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    code: &'static str,
    written: Option<u32>,
    range: RangeInclusive<u32>,
) -> Option<SimDuration> {
    let found = written?;
    if !range.contains(&found) {
        let remedy = format!("write {} to {}", range.start(), range.end());
        resolver.error(pointer, code, format!("found {found}"), remedy);
    }
    Some(SimDuration::from_mins(u64::from(found)))
}

/// What becomes of nodes that cannot be drained, where anything is said of it; `None` when a word in it means nothing.
fn undrainable(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    written: &UpgradeSettingsSpec,
) -> Option<Option<UndrainableNodes>> {
    let at = |key: &str| format!("{pointer}/upgradeSettings/{key}");
    let outcomes = [("Uncordon", UndrainableNodes::Uncordon), ("Replace", UndrainableNodes::Replace)];
    let outcome = written.schedule_outcome.as_deref();
    let schedule = match outcome {
        None => Some(UndrainableNodes::Uncordon),
        Some(text) => resolver.choice(&at("scheduleOutcome"), "scenario::schedule_outcome", text, &outcomes),
    };
    let chosen = match written.undrainable_node_behavior.as_deref() {
        None => outcome.and(Some(schedule?)),
        Some(text) => {
            let known = [("Schedule", schedule), ("Cordon", Some(UndrainableNodes::Cordon))];
            Some(resolver.choice(&at("undrainableNodeBehavior"), "scenario::undrainable", text, &known)??)
        }
    };
    if chosen == Some(UndrainableNodes::Cordon) && outcome.is_some() {
        let found = "has no effect with Cordon: it says what Schedule means";
        resolver.note(&at("scheduleOutcome"), "scenario::upgrade_settings", found);
    }
    Some(chosen)
}

fn strategy(context: &mut Context<'_, '_>, spot: bool) -> Option<UpgradeStrategy> {
    let pointer = format!("{}/upgradeStrategy", context.pointer);
    let blue_green = match context.pool.upgrade_strategy.as_deref() {
        None => false,
        Some(text) => {
            let known = [("Rolling", false), ("BlueGreen", true)];
            context.resolver.choice(&pointer, "scenario::upgrade_strategy", text, &known)?
        }
    };
    let written = context.pool.upgrade_settings_blue_green.as_ref();
    if !blue_green {
        if written.is_some() {
            let found = "has no effect with the strategy Rolling";
            context.note("upgradeSettingsBlueGreen", "scenario::upgrade_settings", found);
        }
        return Some(UpgradeStrategy::Rolling);
    }
    if spot {
        let found = "found BlueGreen, but an upgrade adds no nodes to a spot pool";
        context.error("upgradeStrategy", "scenario::upgrade_strategy", found, "write Rolling");
    }
    let nothing = BlueGreenSettingsSpec::default();
    Some(UpgradeStrategy::BlueGreen(blue_green_settings(context, written.unwrap_or(&nothing))))
}

fn blue_green_settings(context: &mut Context<'_, '_>, written: &BlueGreenSettingsSpec) -> BlueGreenSettings {
    const CODE: &str = "scenario::blue_green";
    let default = BlueGreenSettings::default();
    let at = |key: &str| format!("upgradeSettingsBlueGreen/{key}");
    let drain_batch = written.drain_batch_size.map_or(default.drain_batch, |size| size.0);
    if is_zero(drain_batch) {
        context.error(&at("drainBatchSize"), CODE, "found 0", "write at least 1 or 1%");
    }
    let pointer = context.pointer;
    let mut minutes = |key: &str, written, default, range| {
        minutes(context.resolver, &format!("{pointer}/{}", at(key)), CODE, written, range).unwrap_or(default)
    };
    BlueGreenSettings {
        drain_batch,
        drain_timeout: minutes(
            "drainTimeoutInMinutes",
            written.drain_timeout_in_minutes,
            default.drain_timeout,
            1..=1440,
        ),
        batch_soak: minutes(
            "batchSoakDurationInMinutes",
            written.batch_soak_duration_in_minutes,
            default.batch_soak,
            0..=1440,
        ),
        final_soak: minutes(
            "finalSoakDurationInMinutes",
            written.final_soak_duration_in_minutes,
            default.final_soak,
            0..=10_080,
        ),
    }
}

/// Blue-green upgrades know neither unavailable nor undrainable nodes, and have a drain timeout of their own.
/// Source: azure-aks-docs, blue-green-node-pool-upgrade.md, 2024-11-06.
fn ignored_by_blue_green(context: &mut Context<'_, '_>, written: &UpgradeSettingsSpec) {
    let found = [
        ("maxSurge", written.max_surge.is_some()),
        ("maxUnavailable", written.max_unavailable.is_some()),
        ("nodeSoakDurationInMinutes", written.node_soak_duration_in_minutes.is_some()),
        ("undrainableNodeBehavior", written.undrainable_node_behavior.is_some()),
        ("maxBlockedNodes", written.max_blocked_nodes.is_some()),
        ("scheduleOutcome", written.schedule_outcome.is_some()),
    ];
    for (key, _) in found.into_iter().filter(|(_, written)| *written) {
        let field = format!("upgradeSettings/{key}");
        context.note(&field, "scenario::upgrade_settings", "has no effect with the strategy BlueGreen");
    }
}
