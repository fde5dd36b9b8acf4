//! When the loop runs, and the moments it waits for while nothing else happens.

use crate::kernel::{SimDuration, SimTime};

/// The instants at which the loop runs: `phase`, `phase + interval`, `phase + 2 interval`, …
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    phase: SimDuration,
    interval: SimDuration,
}

impl Grid {
    /// The grid with this phase (less than the interval) and interval.
    ///
    /// # Panics
    /// When the interval is zero.
    pub(super) fn new(phase: SimDuration, interval: SimDuration) -> Self {
        assert!(!interval.is_zero(), "the autoscaler's scan interval is zero");
        Self { phase, interval }
    }

    /// The first instant that is not before `time`.
    pub(super) fn at_or_after(&self, time: SimTime) -> SimTime {
        let steps = time.saturating_since(SimTime::after_start(self.phase)).micros().div_ceil(self.interval.micros());
        SimTime::after_start(self.phase) + self.interval.times(steps)
    }

    /// The first instant after `time`.
    pub(super) fn after(&self, time: SimTime) -> SimTime {
        self.at_or_after(time + SimDuration::from_micros(1))
    }

    /// `span` rounded up to whole intervals, at least one.
    pub(super) fn round_up(&self, span: SimDuration) -> SimDuration {
        self.interval.times(span.micros().div_ceil(self.interval.micros()).max(1))
    }
}

/// The earliest instant of the grid at which a scan of an unchanged world may decide otherwise than the one at `now`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    grid: Grid,
    now: SimTime,
    earliest: Option<SimTime>,
}

impl Due {
    /// Nothing is waited for.
    pub(super) fn new(grid: Grid, now: SimTime) -> Self {
        Self { grid, now, earliest: None }
    }

    /// The next scan is due at once, because this one changed something.
    pub(super) fn next(&mut self) {
        self.after(self.now);
    }

    /// Something is so from `time` on. What is so already has been seen by this scan and is not waited for.
    pub(super) fn from(&mut self, time: SimTime) {
        if time > self.now {
            self.wait_for(self.grid.at_or_after(time));
        }
    }

    /// Something is so strictly after `time`.
    pub(super) fn after(&mut self, time: SimTime) {
        if time >= self.now {
            self.wait_for(self.grid.after(time));
        }
    }

    /// The instant waited for.
    pub(super) fn earliest(&self) -> Option<SimTime> {
        self.earliest
    }

    fn wait_for(&mut self, at: SimTime) {
        self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid::new(SimDuration::from_secs(3), SimDuration::from_secs(10))
    }

    fn at(secs: u64) -> SimTime {
        SimTime::after_start(SimDuration::from_secs(secs))
    }

    #[test]
    fn instants_lie_an_interval_apart_from_the_phase_on() {
        for (time, not_before, after) in [(0, 3, 3), (3, 3, 13), (4, 13, 13), (13, 13, 23)] {
            assert_eq!(grid().at_or_after(at(time)), at(not_before), "at or after {time}");
            assert_eq!(grid().after(at(time)), at(after), "after {time}");
        }
    }

    #[test]
    fn a_strict_bound_on_the_grid_waits_one_interval_more() {
        let mut due = Due::new(grid(), at(3));
        due.after(at(603));
        assert_eq!(due.earliest(), Some(at(613)));
        due.from(at(603));
        assert_eq!(due.earliest(), Some(at(603)));
    }

    #[test]
    fn what_is_so_already_is_not_waited_for() {
        let mut due = Due::new(grid(), at(13));
        due.from(at(13));
        due.after(at(12));
        assert_eq!(due.earliest(), None);
        due.next();
        assert_eq!(due.earliest(), Some(at(23)));
    }
}
