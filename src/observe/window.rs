//! The time that statistics cover.

use crate::kernel::SimTime;
use crate::scenario::plan::Plan;
use crate::units::HOURS_PER_MONTH;

/// From the end of the warm-up to the horizon, the horizon itself left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// End of the warm-up.
    pub from: SimTime,
    /// Horizon.
    pub to: SimTime,
}

impl Window {
    /// The measured time of a plan.
    ///
    /// # Panics
    /// When the warm-up leaves nothing to measure: a plan is checked for that.
    pub fn measured(plan: &Plan) -> Self {
        assert!(plan.warmup < plan.duration, "a warm-up of {} in a run of {}", plan.warmup, plan.duration);
        Self { from: SimTime::after_start(plan.warmup), to: SimTime::after_start(plan.duration) }
    }

    /// True for a moment that counts.
    pub fn contains(self, at: SimTime) -> bool {
        self.from <= at && at < self.to
    }

    /// Its length in hours.
    pub fn hours(self) -> f64 {
        self.to.since(self.from).as_hours_f64()
    }

    /// How many times it fits into a billing month.
    pub fn per_month(self) -> f64 {
        HOURS_PER_MONTH as f64 / self.hours()
    }
}
