//! CPU in Kubernetes' unit, the thousandth of a core, and work done in core-microseconds.

use super::quantity;
use crate::kernel::SimDuration;

/// An amount of CPU in millicores: 1000 is one vCPU, as in a Kubernetes quantity `1000m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct MilliCpu(u64);

quantity!(MilliCpu, u64);

impl MilliCpu {
    /// So many thousandths of a core.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// So many whole cores.
    ///
    /// # Panics
    /// When the number of millicores exceeds 64 bits.
    #[must_use]
    pub const fn from_cores(cores: u32) -> Self {
        Self(cores as u64 * 1000)
    }

    /// Thousandths of a core.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Cores as a float, for statistics and charts.
    #[must_use]
    pub fn as_cores(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The CPU work of holding this rate for `span`.
    #[must_use]
    pub fn over(self, span: SimDuration) -> CoreSeconds {
        CoreSeconds(u128::from(self.0) * u128::from(span.micros()))
    }
}

impl std::fmt::Display for MilliCpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_multiple_of(1000) { write!(f, "{}", self.0 / 1000) } else { write!(f, "{}m", self.0) }
    }
}

/// CPU work: an integer number of millicore-microseconds, shown in core-seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CoreSeconds(u128);

quantity!(CoreSeconds, u128);

impl CoreSeconds {
    /// Core-seconds as a float, for statistics.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_core_for_two_seconds_is_two_core_seconds() {
        let work = MilliCpu::from_cores(1).over(SimDuration::from_secs(2));
        assert_eq!(work.as_f64(), 2.0);
    }

    #[test]
    fn whole_cores_print_without_the_suffix() {
        assert_eq!(MilliCpu::from_millis(2000).to_string(), "2");
        assert_eq!(MilliCpu::from_millis(250).to_string(), "250m");
    }
}
