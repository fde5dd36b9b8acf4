//! Which Kubernetes versions AKS offers to the cluster.

use super::World;
use crate::catalog::{Catalog, KubernetesVersion, Month, Support};
use jiff::ToSpan;

impl World {
    /// The month of the calendar that it is.
    #[must_use]
    pub fn month(&self) -> Month {
        let start = &self.plan.start;
        let micros = i64::try_from(self.clock.micros()).ok();
        // A moment beyond the calendar of dates lies after everything that AKS's calendar knows.
        let moment = micros.and_then(|micros| start.checked_add(micros.microseconds()).ok());
        Month::of(moment.as_ref().unwrap_or(start))
    }

    /// True when the cluster may have the version: by AKS's calendar, or because the scenario says that it is available. Of a minor
    /// version whose patches the scenario names no others are there.
    #[must_use]
    pub fn offers(&self, version: KubernetesVersion) -> bool {
        let maintenance = &self.plan.maintenance;
        let by_calendar = Catalog::get().support(version, self.month()).is_offered(self.plan.cluster.long_term_support);
        if !maintenance.available_is_written {
            return by_calendar;
        }
        let of_minor = || maintenance.available.iter().filter(|available| available.version.minor == version.minor);
        let is_it = |available: KubernetesVersion| version.patch.is_none() || available.patch == version.patch;
        let patches_are_named =
            version.patch.is_some() && of_minor().any(|available| available.version.patch.is_some());
        (by_calendar && !patches_are_named)
            || of_minor().any(|available| available.from <= self.clock && is_it(available.version))
    }

    /// The version that a cluster on an unsupported one may jump to with all of its pools: the oldest supported one.
    ///
    /// Source: azure-aks-docs, supported-kubernetes-versions.md, 2026-08-05.
    #[must_use]
    pub fn recovery_version(&self) -> Option<KubernetesVersion> {
        let (catalog, month) = (Catalog::get(), self.month());
        let unsupported = matches!(catalog.support(self.version, month), Support::LongTerm | Support::Ended);
        catalog.oldest_supported(month).filter(|_| unsupported && !self.plan.cluster.long_term_support)
    }
}
