//! How long a pod that could not be scheduled is held back.

use super::Failures;
use crate::cluster::World;
use crate::kernel::{SimDuration, SimTime};

const SECOND: SimDuration = SimDuration::from_secs(1);

/// The rules of the backoff queue, which differ between versions.
///
/// Source: kube-scheduler 1.31 to 1.36. Virtual time zero counts as a whole second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffRules {
    /// From 1.33: an idle scheduler takes pods out of backoff early, and backoff ends in windows of whole seconds.
    pub windows: bool,
    /// From 1.34: errors are counted apart, and forgotten when a plugin rejects the pod.
    pub two_counters: bool,
    /// After the first failure (`podInitialBackoffSeconds`).
    pub initial: SimDuration,
    /// At most (`podMaxBackoffSeconds`); zero for no backoff at all.
    pub longest: SimDuration,
}

impl BackoffRules {
    /// The rules of the world's control plane.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let profile = &world.plan.cluster.scheduler;
        Self {
            windows: world.version.minor >= 33,
            two_counters: world.version.minor >= 34,
            initial: profile.initial_backoff,
            longest: profile.max_backoff,
        }
    }

    /// When the backoff after these failures, the last at `failed`, ends; from 1.33 cut to a whole second.
    #[must_use]
    pub fn expiry(self, failed: SimTime, failures: Failures) -> SimTime {
        let counted = match failures {
            Failures { errors, .. } if self.two_counters && errors > 0 => errors,
            Failures { rejections, .. } if self.two_counters => rejections,
            Failures { errors, rejections } => errors + rejections,
        };
        let end = failed + self.backoff(counted);
        if self.windows { whole_second(end) } else { end }
    }

    /// True while a pod with this expiry is held back.
    #[must_use]
    pub fn is_backing_off(self, expiry: SimTime, now: SimTime) -> bool {
        let held = if self.windows { expiry >= whole_second(now) } else { expiry > now };
        held && !self.longest.is_zero()
    }

    /// The whole second at which the flush of the backoff queue finds the pod no longer held back.
    #[must_use]
    pub fn release(self, expiry: SimTime) -> SimTime {
        let second = whole_second(expiry);
        if !self.windows && second == expiry { second } else { second + SECOND }
    }

    /// The initial time, doubled with each further failure up to the longest: 1, 2, 4, 8, 10, 10, … seconds by default.
    fn backoff(self, failures: u32) -> SimDuration {
        let mut backoff = self.initial.min(self.longest);
        for _ in 1..failures {
            if backoff == self.longest || backoff.is_zero() {
                break;
            }
            backoff = backoff.times(2).min(self.longest);
        }
        backoff
    }
}

fn whole_second(at: SimTime) -> SimTime {
    SimTime::from_micros(at.micros() - at.micros() % SECOND.micros())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NEW, OLD};
    use super::*;

    const ONCE: Failures = Failures { rejections: 1, errors: 0 };

    fn at(millis: u64) -> SimTime {
        SimTime::after_start(SimDuration::from_millis(millis))
    }

    fn seconds(rules: BackoffRules) -> Vec<u64> {
        (1..=7).map(|n| rules.backoff(n).micros() / 1_000_000).collect()
    }

    #[test]
    fn backoff_doubles_from_the_initial_time_to_the_longest() {
        assert_eq!(seconds(OLD), [1, 2, 4, 8, 10, 10, 10]);
        assert_eq!(OLD.backoff(u32::MAX), OLD.longest);
        let (initial, longest) = (SimDuration::from_secs(3), SimDuration::from_secs(60));
        assert_eq!(seconds(BackoffRules { initial, longest, ..NEW }), [3, 6, 12, 24, 48, 60, 60]);
    }

    #[test]
    fn without_a_longest_time_nothing_is_held_back() {
        let rules = BackoffRules { longest: SimDuration::ZERO, ..NEW };
        assert!(!rules.is_backing_off(rules.expiry(at(100_300), ONCE), at(100_300)));
    }

    #[test]
    fn from_1_34_errors_count_apart() {
        let failures = Failures { rejections: 3, errors: 1 };
        assert_eq!(OLD.expiry(at(0), failures), at(8000), "the fourth failure");
        assert_eq!(NEW.expiry(at(0), failures), at(1000), "the first error");
        assert_eq!(NEW.expiry(at(0), Failures { errors: 0, ..failures }), at(4000), "the third rejection");
    }

    #[test]
    fn until_1_32_a_pod_leaves_backoff_at_the_first_whole_second_not_before_its_expiry() {
        for (failed, released) in [(100_300, 102_000), (100_000, 101_000), (100_999, 102_000)] {
            let expiry = OLD.expiry(at(failed), ONCE);
            assert_eq!(OLD.release(expiry), at(released));
            assert!(!OLD.is_backing_off(expiry, at(released)));
        }
        assert!(!OLD.is_backing_off(OLD.expiry(at(100_300), ONCE), at(101_300)));
    }

    #[test]
    fn from_1_33_backoff_ends_after_the_window_of_its_whole_second() {
        let expiry = NEW.expiry(at(100_300), ONCE);
        assert_eq!(expiry, at(101_000));
        assert!(NEW.is_backing_off(expiry, at(101_900)));
        assert!(!NEW.is_backing_off(expiry, at(102_000)));
        assert_eq!(NEW.release(expiry), at(102_000));
    }
}
