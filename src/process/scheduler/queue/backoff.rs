//! How long a pod that could not be scheduled is held back.

use crate::catalog::KubernetesVersion;
use crate::kernel::{SimDuration, SimTime};

const INITIAL: SimDuration = SimDuration::from_secs(1);
const LONGEST: SimDuration = SimDuration::from_secs(10);
const SECOND: SimDuration = SimDuration::from_secs(1);

/// The rules of the backoff queue, which differ between versions.
///
/// Source: kube-scheduler 1.31 to 1.36, podInitialBackoffSeconds 1, podMaxBackoffSeconds 10. Virtual time zero counts as a whole second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffRules {
    /// From 1.33: an idle scheduler takes pods out of backoff early, and backoff ends in windows of whole seconds.
    pub windows: bool,
}

impl BackoffRules {
    /// The rules of a control plane of this version.
    #[must_use]
    pub const fn of(version: KubernetesVersion) -> Self {
        Self { windows: version.minor >= 33 }
    }

    /// When the backoff after the `failures`-th failure at `failed` ends; from 1.33 cut to a whole second.
    #[must_use]
    pub fn expiry(self, failed: SimTime, failures: u32) -> SimTime {
        let end = failed + backoff(failures);
        if self.windows { whole_second(end) } else { end }
    }

    /// True while a pod with this expiry is held back.
    #[must_use]
    pub fn is_backing_off(self, expiry: SimTime, now: SimTime) -> bool {
        if self.windows { expiry >= whole_second(now) } else { expiry > now }
    }

    /// The whole second at which the flush of the backoff queue finds the pod no longer held back.
    #[must_use]
    pub fn release(self, expiry: SimTime) -> SimTime {
        let second = whole_second(expiry);
        if !self.windows && second == expiry { second } else { second + SECOND }
    }
}

/// 1, 2, 4, 8, 10, 10, … seconds.
fn backoff(failures: u32) -> SimDuration {
    let doublings = failures.saturating_sub(1).min(4);
    INITIAL.times(1 << doublings).min(LONGEST)
}

fn whole_second(at: SimTime) -> SimTime {
    SimTime::from_micros(at.micros() - at.micros() % SECOND.micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: BackoffRules = BackoffRules { windows: false };
    const NEW: BackoffRules = BackoffRules { windows: true };

    fn at(millis: u64) -> SimTime {
        SimTime::after_start(SimDuration::from_millis(millis))
    }

    #[test]
    fn backoff_doubles_from_one_second_to_ten() {
        let seconds: Vec<u64> = (1..=7).map(|n| backoff(n).micros() / 1_000_000).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 10, 10, 10]);
        assert_eq!(backoff(u32::MAX), LONGEST);
    }

    #[test]
    fn until_1_32_a_pod_leaves_backoff_at_the_first_whole_second_not_before_its_expiry() {
        for (failed, released) in [(100_300, 102_000), (100_000, 101_000), (100_999, 102_000)] {
            let expiry = OLD.expiry(at(failed), 1);
            assert_eq!(OLD.release(expiry), at(released));
            assert!(!OLD.is_backing_off(expiry, at(released)));
        }
        assert!(!OLD.is_backing_off(OLD.expiry(at(100_300), 1), at(101_300)));
    }

    #[test]
    fn from_1_33_backoff_ends_after_the_window_of_its_whole_second() {
        let expiry = NEW.expiry(at(100_300), 1);
        assert_eq!(expiry, at(101_000));
        assert!(NEW.is_backing_off(expiry, at(101_900)));
        assert!(!NEW.is_backing_off(expiry, at(102_000)));
        assert_eq!(NEW.release(expiry), at(102_000));
    }
}
