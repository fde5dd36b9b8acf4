//! What of a pool an operation can change without other nodes: its mode, its scale-down mode and how it is upgraded.

use super::{IntOrPercent, PoolMode, PoolPlan, ScaleDownMode, UndrainableNodes, UpgradeSettings};
use crate::kernel::SimDuration;

/// The label that says the mode of a node's pool. Source: azure-aks-docs, use-system-pools.md, 2026-04-30.
pub const MODE_LABEL: &str = "kubernetes.azure.com/mode";

/// The settings as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// System or User.
    pub mode: PoolMode,
    /// What becomes of nodes that are scaled in.
    pub scale_down_mode: ScaleDownMode,
    /// How the pool is upgraded.
    pub upgrade: UpgradeSettings,
}

/// Other values for some of the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// Another mode.
    pub mode: Option<PoolMode>,
    /// Another scale-down mode.
    pub scale_down_mode: Option<ScaleDownMode>,
    /// Other upgrade settings.
    pub upgrade: UpgradeChange,
}

/// Other values for some of the upgrade settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpgradeChange {
    /// `maxSurge`
    pub max_surge: Option<IntOrPercent>,
    /// `maxUnavailable`
    pub max_unavailable: Option<IntOrPercent>,
    /// `drainTimeoutInMinutes`
    pub drain_timeout: Option<SimDuration>,
    /// `nodeSoakDurationInMinutes`
    pub soak: Option<SimDuration>,
    /// `undrainableNodeBehavior`
    pub undrainable: Option<UndrainableNodes>,
    /// `maxBlockedNodes`
    pub max_blocked: Option<IntOrPercent>,
}

impl UpgradeChange {
    /// The settings after it: what it does not name stays.
    #[must_use]
    pub fn applied(self, to: UpgradeSettings) -> UpgradeSettings {
        UpgradeSettings {
            max_surge: self.max_surge.unwrap_or(to.max_surge),
            max_unavailable: self.max_unavailable.unwrap_or(to.max_unavailable),
            drain_timeout: self.drain_timeout.unwrap_or(to.drain_timeout),
            soak: self.soak.unwrap_or(to.soak),
            undrainable: self.undrainable.unwrap_or(to.undrainable),
            max_blocked: self.max_blocked.or(to.max_blocked),
            strategy: to.strategy,
        }
    }
}

impl SettingsChange {
    /// The settings after it: what it does not name stays.
    #[must_use]
    pub fn applied(self, to: PoolSettings) -> PoolSettings {
        PoolSettings {
            mode: self.mode.unwrap_or(to.mode),
            scale_down_mode: self.scale_down_mode.unwrap_or(to.scale_down_mode),
            upgrade: self.upgrade.applied(to.upgrade),
        }
    }

    /// The names of what it changes, as in the API.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let named = [
            ("mode", self.mode.is_some()),
            ("scaleDownMode", self.scale_down_mode.is_some()),
            ("upgradeSettings", self.upgrade != UpgradeChange::default()),
        ];
        named.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }
}

impl PoolPlan {
    /// The settings that an operation can change.
    #[must_use]
    pub const fn settings(&self) -> PoolSettings {
        PoolSettings { mode: self.mode, scale_down_mode: self.scale_down_mode, upgrade: self.upgrade }
    }

    /// The plan with other settings.
    #[must_use]
    pub fn with(&self, settings: PoolSettings) -> Self {
        let PoolSettings { mode, scale_down_mode, upgrade } = settings;
        let mut labels = self.labels.clone();
        if let Some(label) = labels.get_mut(MODE_LABEL) {
            *label = mode.name().to_ascii_lowercase();
        }
        Self { mode, scale_down_mode, upgrade, labels, ..self.clone() }
    }
}
