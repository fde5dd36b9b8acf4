//! How a pool is upgraded: the settings of both strategies.

use super::pool::Context;
use crate::kernel::SimDuration;
use crate::scenario::plan::{BlueGreenSettings, IntOrPercent, UndrainableNodes, UpgradeSettings, UpgradeStrategy};
use crate::scenario::spec::{BlueGreenSettingsSpec, UpgradeSettingsSpec};
use std::ops::RangeInclusive;

/// Resolves the settings of a pool; `None` when a word in them means nothing.
///
/// Sources of the ranges: API specification of 2025-05-01; azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29, and
/// blue-green-node-pool-upgrade.md, 2024-11-06.
pub(super) fn settings(context: &mut Context<'_, '_>, spot: bool) -> Option<UpgradeSettings> {
    let default = UpgradeSettings::default();
    let nothing = UpgradeSettingsSpec::default();
    let written = context.pool.upgrade_settings.as_ref().unwrap_or(&nothing);
    let max_surge = written.max_surge.map_or(default.max_surge, |surge| surge.0);
    let max_unavailable = written.max_unavailable.map_or(default.max_unavailable, |unavailable| unavailable.0);
    let strategy = strategy(context, spot);
    if is_zero(max_surge) && is_zero(max_unavailable) && strategy == Some(UpgradeStrategy::Rolling) {
        let remedy = "write at least 1 for one of them";
        context.error(
            "upgradeSettings",
            "scenario::upgrade_settings",
            "maxSurge and maxUnavailable are both 0",
            remedy,
        );
    }
    let at = |key: &str| format!("upgradeSettings/{key}");
    let drain_timeout = minutes(
        context,
        &at("drainTimeoutInMinutes"),
        "scenario::drain_timeout",
        written.drain_timeout_in_minutes,
        default.drain_timeout,
        1..=1440,
    );
    let soak = minutes(
        context,
        &at("nodeSoakDurationInMinutes"),
        "scenario::soak",
        written.node_soak_duration_in_minutes,
        default.soak,
        0..=30,
    );
    let undrainable = undrainable(context, written);
    let max_blocked = written.max_blocked_nodes.map(|blocked| blocked.0);
    if max_blocked.is_some() && undrainable.is_some_and(|nodes| nodes != UndrainableNodes::Cordon) {
        context.note(&at("maxBlockedNodes"), "scenario::upgrade_settings", "has no effect without Cordon");
    }
    if strategy.is_some_and(|strategy| strategy != UpgradeStrategy::Rolling) {
        ignored_by_blue_green(context, written);
    }
    Some(UpgradeSettings {
        max_surge,
        max_unavailable,
        drain_timeout,
        soak,
        undrainable: undrainable?,
        max_blocked,
        strategy: strategy?,
    })
}

fn is_zero(value: IntOrPercent) -> bool {
    matches!(value, IntOrPercent::Int(0) | IntOrPercent::Percent(0))
}

/// A number of minutes of the range; what is outside of it is an error.
fn minutes(
    context: &mut Context<'_, '_>,
    field: &str,
    code: &'static str,
    written: Option<u32>,
    default: SimDuration,
    range: RangeInclusive<u32>,
) -> SimDuration {
    let Some(found) = written else {
        return default;
    };
    if !range.contains(&found) {
        let remedy = format!("write {} to {}", range.start(), range.end());
        context.error(field, code, format!("found {found}"), remedy);
    }
    SimDuration::from_mins(u64::from(found))
}

fn undrainable(context: &mut Context<'_, '_>, written: &UpgradeSettingsSpec) -> Option<UndrainableNodes> {
    let at = |context: &Context<'_, '_>, key: &str| format!("{}/upgradeSettings/{key}", context.pointer);
    let schedule = match &written.schedule_outcome {
        None => Some(UndrainableNodes::Uncordon),
        Some(text) => {
            let pointer = at(context, "scheduleOutcome");
            let known = [("Uncordon", UndrainableNodes::Uncordon), ("Replace", UndrainableNodes::Replace)];
            context.resolver.choice(&pointer, "scenario::schedule_outcome", text, &known)
        }
    };
    let chosen = match &written.undrainable_node_behavior {
        None => schedule,
        Some(text) => {
            let pointer = at(context, "undrainableNodeBehavior");
            let known = [("Schedule", schedule), ("Cordon", Some(UndrainableNodes::Cordon))];
            context.resolver.choice(&pointer, "scenario::undrainable", text, &known).flatten()
        }
    };
    if chosen == Some(UndrainableNodes::Cordon) && written.schedule_outcome.is_some() {
        let found = "has no effect with Cordon: it says what Schedule means";
        context.note("upgradeSettings/scheduleOutcome", "scenario::upgrade_settings", found);
    }
    chosen
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
    let mut minutes = |key: &str, written, default, range| minutes(context, &at(key), CODE, written, default, range);
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
