//! Pools that failed to grow are left alone for a while, longer each time.
//!
//! Source: cluster-autoscaler 1.31-1.37, `utils/backoff/exponential_backoff.go`.

use crate::kernel::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// First wait. Source: flag `initial-node-group-backoff-duration`, cluster-autoscaler 1.31-1.37.
const INITIAL: SimDuration = SimDuration::from_mins(5);

/// Longest wait. Source: flag `max-node-group-backoff-duration`; AKS documents the same 30 minutes
/// (azure-aks-docs, cluster-autoscaler-overview.md, 2024-01-05).
const LONGEST: SimDuration = SimDuration::from_mins(30);

/// A pool without failure for so long starts afresh. Source: flag `node-group-backoff-reset-timeout`.
const RESET: SimDuration = SimDuration::from_hours(3);

/// Exponential backoff by key.
#[derive(Clone, Debug)]
pub(super) struct Backoff<K> {
    initial: SimDuration,
    longest: SimDuration,
    reset: SimDuration,
    entries: BTreeMap<K, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    wait: SimDuration,
    until: SimTime,
    failed: SimTime,
}

impl<K: Ord> Default for Backoff<K> {
    /// The autoscaler's own durations.
    fn default() -> Self {
        Self { initial: INITIAL, longest: LONGEST, reset: RESET, entries: BTreeMap::new() }
    }
}

impl<K: Ord> Backoff<K> {
    /// Counts a failure. A failure during the wait does not lengthen it, but begins it anew. A success resets nothing.
    pub(super) fn fail(&mut self, key: K, now: SimTime) {
        self.entries.retain(|_, entry| entry.failed + self.reset >= now);
        let wait = match self.entries.get(&key) {
            None => self.initial,
            Some(entry) if entry.until >= now => entry.wait,
            Some(entry) => (entry.wait + entry.wait).min(self.longest),
        };
        self.entries.insert(key, Entry { wait, until: now + wait, failed: now });
    }

    /// Forgets the keys that are not wanted any more.
    pub(super) fn retain(&mut self, wanted: impl Fn(&K) -> bool) {
        self.entries.retain(|key, _| wanted(key));
    }

    /// The last moment at which the key is still backed off; `None` when it is not.
    pub(super) fn until(&self, key: &K, now: SimTime) -> Option<SimTime> {
        self.entries.get(key).map(|entry| entry.until).filter(|until| *until >= now)
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;

    fn at(millis: u64) -> SimTime {
        SimTime::after_start(SimDuration::from_millis(millis))
    }

    #[test]
    fn upstream_cases_of_exponential_backoff_hold() {
        for case in golden::cases("ca_backoff") {
            let number = |key: &str| case.input["config"][key].as_u64().unwrap();
            let millis = |key: &str| SimDuration::from_millis(number(key));
            let mut backoff = Backoff {
                initial: millis("initial_ms"),
                longest: millis("max_ms"),
                reset: millis("reset_ms"),
                entries: BTreeMap::new(),
            };
            for op in case.input["ops"].as_array().unwrap() {
                let now = at(op["t"].as_u64().unwrap());
                match (op["fail"].as_str(), op["check"].as_str()) {
                    (Some(group), _) => backoff.fail(group, now),
                    (_, Some(group)) => {
                        let backed_off = op["backed_off"].as_bool().unwrap();
                        assert_eq!(backoff.until(&group, now).is_some(), backed_off, "{} {op}", case.id);
                    }
                    _ => panic!("{}: unknown operation {op}", case.id),
                }
            }
        }
    }

    #[test]
    fn waits_double_from_five_to_thirty_minutes_and_start_afresh_after_three_hours() {
        let minutes = |minutes: u64| SimTime::after_start(SimDuration::from_mins(minutes));
        let mut backoff = Backoff::default();
        // (minute of the failure, minute until which the pool is left alone)
        for (failed, until) in [(0, 5), (6, 16), (17, 37), (38, 68), (69, 99), (69 + 181, 69 + 186)] {
            backoff.fail("apps", minutes(failed));
            assert_eq!(backoff.until(&"apps", minutes(failed)), Some(minutes(until)), "failed at {failed}");
        }
    }
}
