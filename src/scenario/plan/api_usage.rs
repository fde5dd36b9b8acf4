//! Uses of deprecated APIs.

use crate::catalog::KubernetesVersion;
use crate::catalog::api_removal::{FIRST_TARGET, LOOKBACK, READ_VERBS, RECORDED_EVERY};
use crate::kernel::SimTime;

/// Somebody uses a deprecated API for a time, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUsage {
    /// Group and version, such as `flowcontrol.apiserver.k8s.io/v1beta3`.
    pub api: String,
    /// What is done with it.
    pub verb: &'static str,
    /// The version in which it is gone.
    pub removed_in: KubernetesVersion,
    /// From when on.
    pub from: SimTime,
    /// Until when.
    pub until: SimTime,
}

impl ApiUsage {
    /// True when it stands in the way of an upgrade from one minor version to another that is asked for now.
    ///
    /// Uses are recorded by the hour, and the records of the last twelve hours count.
    #[must_use]
    pub fn blocks(&self, from: KubernetesVersion, to: KubernetesVersion, now: SimTime) -> bool {
        let is_looked_at = to.minor > from.minor && to >= FIRST_TARGET && !READ_VERBS.contains(&self.verb);
        let hour = |moment: SimTime| moment.micros() / RECORDED_EVERY.micros();
        let hours = LOOKBACK.micros() / RECORDED_EVERY.micros();
        // The last record is of the hour in which the use ended; one that ended with an hour is of the hour before.
        let last = hour(SimTime::from_micros(self.until.min(now).micros().saturating_sub(1)));
        let is_recorded = self.from < now && last + hours >= hour(now);
        is_looked_at && self.removed_in <= to && self.removed_in > from && is_recorded
    }
}
