//! A level that changes in steps, summed over time.

use crate::kernel::SimTime;

/// The integral over time of a whole number that holds from one change to the next, from a given moment on.
#[derive(Clone, Debug)]
pub(super) struct Integral {
    /// Up to when `total` counts. It begins at the first moment that matters, so that what was before adds nothing.
    counted_to: SimTime,
    level: u64,
    total: u128,
}

impl Integral {
    /// The integral from `from` on of a level that is zero so far.
    pub const fn new(from: SimTime) -> Self {
        Self { counted_to: from, level: 0, total: 0 }
    }

    /// The level is `level` from `now` on.
    pub fn set(&mut self, now: SimTime, level: u64) {
        self.total = self.until(now);
        self.counted_to = self.counted_to.max(now);
        self.level = level;
    }

    /// The integral up to `now`, in units of the level times microseconds.
    pub fn until(&self, now: SimTime) -> u128 {
        self.total + u128::from(self.level) * u128::from(now.saturating_since(self.counted_to).micros())
    }

    /// The integral up to `now`, in units of the level times hours.
    pub fn hours_until(&self, now: SimTime) -> f64 {
        self.until(now) as f64 / 3.6e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_time_from_the_start_of_the_window_counts() {
        let at = SimTime::from_micros;
        let mut level = Integral::new(at(10));
        level.set(at(0), 7);
        level.set(at(4), 2);
        level.set(at(13), 5);
        assert_eq!(level.until(at(13)), 3 * 2);
        assert_eq!(level.until(at(20)), 3 * 2 + 7 * 5);
    }
}
