//! kube-scheduler's scheduling queue: pods ready to be tried, pods held back after a failure, and pods that wait for a change.
//!
//! Time-driven moves are made when the queue is next looked at, which nothing can tell from their real moment; [`next_pop`] and
//! [`next_flush`] say when that has to be. Source: kube-scheduler 1.31 to 1.36, internal scheduling queue.
//!
//! [`next_pop`]: SchedulingQueue::next_pop
//! [`next_flush`]: SchedulingQueue::next_flush

mod backoff;
mod waiting;

pub use backoff::BackoffRules;
pub use waiting::Kind;

use crate::cluster::PodId;
use crate::kernel::{SimDuration, SimTime};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use waiting::WaitingPods;

/// Pods that nothing woke are tried again after this long (podMaxInUnschedulablePodsDuration).
const LONGEST_WAIT: SimDuration = SimDuration::from_mins(5);

/// How often kube-scheduler looks for such pods.
const LEFTOVER_TICK: SimDuration = SimDuration::from_secs(30);

/// How often a pod was tried in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failures {
    /// Plugins rejected it.
    pub rejections: u32,
    /// No plugin did, and yet there was no node: an error to kube-scheduler. From 1.34 a rejection has them forgotten.
    pub errors: u32,
}

/// A pod in the queue. The order is the active queue's: priority, then time; equal times go by birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueuedPod {
    priority: Reverse<i32>,
    /// When it entered the queue, or last failed.
    timestamp: SimTime,
    /// The pod.
    pub pod: PodId,
    /// Its failures, which decide how long it is held back.
    pub failures: Failures,
    /// How often it was tried in vain, also before a counter was set back.
    pub attempts: u32,
    /// True when its last failure was an error: an idle scheduler does not take it out of backoff early.
    failed_by_error: bool,
}

/// The scheduling queue.
#[derive(Debug, Default)]
pub struct SchedulingQueue {
    /// Pods that the scheduler will learn of, by the moment at which it does.
    arriving: BTreeSet<(SimTime, QueuedPod)>,
    active: BTreeSet<QueuedPod>,
    /// Pods held back, by the expiry of their backoff.
    backoff: BTreeSet<(SimTime, QueuedPod)>,
    /// Pods that wait for a change.
    unschedulable: WaitingPods,
}

impl SchedulingQueue {
    /// A new pod, of which the scheduler learns at `seen`.
    pub fn add(&mut self, pod: PodId, priority: i32, seen: SimTime) {
        let queued = QueuedPod {
            priority: Reverse(priority),
            timestamp: seen,
            pod,
            failures: Failures::default(),
            attempts: 0,
            failed_by_error: false,
        };
        self.arriving.insert((seen, queued));
    }

    /// Takes the pod to try next, if there is one.
    pub fn pop(&mut self, now: SimTime, rules: BackoffRules) -> Option<QueuedPod> {
        self.flush(now, rules);
        self.active.pop_first().or_else(|| self.pop_early(rules))
    }

    /// From 1.33 an idle scheduler does not wait for the end of a backoff.
    fn pop_early(&mut self, rules: BackoffRules) -> Option<QueuedPod> {
        let first = self.backoff.iter().find(|(_, queued)| rules.windows && !queued.failed_by_error).copied()?;
        self.backoff.remove(&first);
        Some(first.1)
    }

    /// Puts a pod back that was tried at `now` in vain. It waits for a change; one that no plugin rejected is only held back.
    pub fn reject(&mut self, queued: QueuedPod, kind: Kind, now: SimTime, rules: BackoffRules) {
        let error = kind.rejected_by.is_empty();
        let before = queued.failures;
        let failures = match (error, rules.two_counters) {
            (true, _) => Failures { errors: before.errors + 1, ..before },
            (false, true) => Failures { rejections: before.rejections + 1, errors: 0 },
            (false, false) => Failures { rejections: before.rejections + 1, ..before },
        };
        let failed =
            QueuedPod { timestamp: now, failures, attempts: queued.attempts + 1, failed_by_error: error, ..queued };
        // Without backoff kube-scheduler would try a pod in error again and again; here it waits for a change like the others.
        if error && !rules.longest.is_zero() {
            self.backoff.insert((rules.expiry(now, failures), failed));
        } else {
            self.unschedulable.insert(kind, failed);
        }
    }

    /// Has those waiting pods tried again for whose kind `helps` holds: the change may have made room for them.
    pub fn wake(&mut self, now: SimTime, rules: BackoffRules, helps: impl Fn(&Kind) -> bool) {
        for queued in self.unschedulable.take(helps) {
            self.requeue(queued, now, rules);
        }
    }

    /// Drops a pod that no longer needs a node.
    pub fn remove(&mut self, pod: PodId) {
        self.arriving.retain(|(_, queued)| queued.pod != pod);
        self.active.retain(|queued| queued.pod != pod);
        self.backoff.retain(|(_, queued)| queued.pod != pod);
        self.unschedulable.remove(pod);
    }

    /// Makes the moves that time alone brings about: arrivals, ends of backoff, pods left over too long.
    pub fn flush(&mut self, now: SimTime, rules: BackoffRules) {
        while self.arriving.first().is_some_and(|(seen, _)| *seen <= now) {
            self.active.extend(self.arriving.pop_first().map(|(_, queued)| queued));
        }
        while self.backoff.first().is_some_and(|(expiry, _)| rules.release(*expiry) <= now) {
            self.active.extend(self.backoff.pop_first().map(|(_, queued)| queued));
        }
        while self.unschedulable.oldest().is_some_and(|failed| leftover_due(failed) <= now)
            && let Some(queued) = self.unschedulable.take_oldest()
        {
            self.requeue(queued, now, rules);
        }
    }

    /// The earliest moment, not before `now`, at which there is a pod to try if nothing else happens; `None` for pods that only
    /// [`next_flush`](Self::next_flush) brings back.
    #[must_use]
    pub fn next_pop(&self, now: SimTime, rules: BackoffRules) -> Option<SimTime> {
        let early = || rules.windows && self.backoff.iter().any(|(_, queued)| !queued.failed_by_error);
        if !self.active.is_empty() || early() {
            return Some(now);
        }
        self.arriving.first().map(|(seen, _)| (*seen).max(now))
    }

    /// The earliest moment at which a backoff ends or a pod has been left over too long.
    #[must_use]
    pub fn next_flush(&self, rules: BackoffRules) -> Option<SimTime> {
        let backoff = self.backoff.first().map(|(expiry, _)| rules.release(*expiry));
        let left_over = self.unschedulable.oldest().map(leftover_due);
        [backoff, left_over].into_iter().flatten().min()
    }

    fn requeue(&mut self, queued: QueuedPod, now: SimTime, rules: BackoffRules) {
        let expiry = rules.expiry(queued.timestamp, queued.failures);
        if rules.is_backing_off(expiry, now) {
            self.backoff.insert((expiry, queued));
        } else {
            self.active.insert(queued);
        }
    }
}

/// The first tick at which a pod that failed then has waited longer than it may.
fn leftover_due(failed: SimTime) -> SimTime {
    let limit = (failed + LONGEST_WAIT).micros();
    SimTime::from_micros(limit - limit % LEFTOVER_TICK.micros()) + LEFTOVER_TICK
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::WorkloadId;
    use crate::kernel::Id;

    /// The default configuration under the rules of 1.31.
    pub(super) const OLD: BackoffRules = BackoffRules {
        windows: false,
        two_counters: false,
        initial: SimDuration::from_secs(1),
        longest: SimDuration::from_secs(10),
    };
    /// The same under those of 1.34.
    pub(super) const NEW: BackoffRules = BackoffRules { windows: true, two_counters: true, ..OLD };

    fn at(millis: u64) -> SimTime {
        SimTime::after_start(SimDuration::from_millis(millis))
    }

    fn pod(index: usize) -> PodId {
        PodId::from_index(index)
    }

    fn pods_in_order(queue: &mut SchedulingQueue, now: SimTime) -> Vec<usize> {
        std::iter::from_fn(|| queue.pop(now, OLD)).map(|queued| queued.pod.index()).collect()
    }

    /// Pods of the first workload that the plugins rejected.
    fn kind(plugins: &[&'static str]) -> Kind {
        let rejected_by = plugins.iter().copied().collect();
        Kind { workload: WorkloadId::from_index(0), pinned: None, rejected_by }
    }

    /// A queue in which pod 0 was rejected at `failed`.
    fn with_rejected(failed: SimTime, plugin: &'static str) -> SchedulingQueue {
        let mut queue = SchedulingQueue::default();
        queue.add(pod(0), 0, failed);
        let queued = queue.pop(failed, OLD).unwrap();
        queue.reject(queued, kind(&[plugin]), failed, OLD);
        queue
    }

    #[test]
    fn higher_priority_goes_first_then_the_earlier_pod() {
        let mut queue = SchedulingQueue::default();
        for (index, priority, seen) in [(0, 0, 30), (1, 0, 10), (2, 2_000_000_000, 40), (3, -5, 0)] {
            queue.add(pod(index), priority, at(seen));
        }
        assert_eq!(pods_in_order(&mut queue, at(50)), [2, 1, 0, 3]);
    }

    #[test]
    fn a_pod_is_not_tried_before_the_scheduler_learns_of_it() {
        let mut queue = SchedulingQueue::default();
        queue.add(pod(0), 0, at(50));
        assert_eq!(queue.next_pop(at(0), OLD), Some(at(50)));
        assert!(queue.pop(at(49), OLD).is_none());
        assert!(queue.pop(at(50), OLD).is_some());
    }

    #[test]
    fn a_failed_pod_goes_behind_those_that_arrived_before_it_failed() {
        let mut queue = SchedulingQueue::default();
        queue.add(pod(0), 0, at(0));
        let first = queue.pop(at(5000), OLD).unwrap();
        queue.reject(first, kind(&["NodeResourcesFit"]), at(5000), OLD);
        queue.add(pod(1), 0, at(4000));
        queue.wake(at(7000), OLD, |_| true);
        assert_eq!(pods_in_order(&mut queue, at(7000)), [1, 0]);
    }

    #[test]
    fn a_rejected_pod_waits_for_a_change_that_its_plugins_care_about() {
        let mut queue = with_rejected(at(1000), "NodeAffinity");
        queue.wake(at(5000), OLD, |kind| kind.rejected_by.contains("NodeResourcesFit"));
        assert_eq!(queue.next_pop(at(5000), OLD), None);
        queue.wake(at(5000), OLD, |kind| kind.rejected_by.contains("NodeAffinity"));
        assert_eq!(queue.next_pop(at(5000), OLD), Some(at(5000)));
    }

    #[test]
    fn a_pod_woken_in_backoff_waits_until_1_32_and_goes_at_once_from_1_33_when_nothing_else_does() {
        let mut queue = with_rejected(at(100_300), "NodeResourcesFit");
        queue.wake(at(100_500), OLD, |_| true);
        assert_eq!((queue.next_pop(at(100_500), OLD), queue.next_flush(OLD)), (None, Some(at(102_000))));
        assert!(queue.pop(at(101_999), OLD).is_none());
        assert!(queue.pop(at(102_000), OLD).is_some());

        let mut queue = with_rejected(at(100_300), "NodeResourcesFit");
        queue.wake(at(100_500), NEW, |_| true);
        queue.add(pod(1), -1, at(100_500));
        assert_eq!(queue.pop(at(100_500), NEW).unwrap().pod, pod(1));
        assert_eq!(queue.pop(at(100_500), NEW).unwrap().pod, pod(0));
    }

    #[test]
    fn a_pod_that_nothing_woke_is_tried_again_at_the_first_half_minute_after_five_minutes() {
        for (failed, due) in [(10_000, 330_000), (0, 330_000), (30_001, 360_000)] {
            let mut queue = with_rejected(at(failed), "NodeResourcesFit");
            assert_eq!(queue.next_flush(OLD), Some(at(due)));
            assert!(queue.pop(at(due - 1), OLD).is_none());
            assert!(queue.pop(at(due), OLD).is_some());
        }
    }

    #[test]
    fn a_pod_that_no_plugin_rejected_is_only_held_back_and_not_taken_early() {
        for (rules, released) in [(OLD, 2000), (NEW, 3000)] {
            let mut queue = SchedulingQueue::default();
            queue.add(pod(0), 0, at(1000));
            let queued = queue.pop(at(1000), rules).unwrap();
            queue.reject(queued, kind(&[]), at(1000), rules);
            assert_eq!((queue.next_pop(at(1000), rules), queue.next_flush(rules)), (None, Some(at(released))));
            assert!(queue.pop(at(released - 1), rules).is_none());
            assert!(queue.pop(at(released), rules).is_some());
        }
    }

    #[test]
    fn a_change_is_held_against_each_kind_of_pods_once() {
        let mut queue = SchedulingQueue::default();
        for index in 0..1000 {
            queue.add(pod(index), 0, at(0));
            let queued = queue.pop(at(0), OLD).unwrap();
            queue.reject(queued, kind(&["NodeResourcesFit"]), at(0), OLD);
        }
        let asked = std::cell::Cell::new(0);
        queue.wake(at(5000), OLD, |_| {
            asked.set(asked.get() + 1);
            true
        });
        assert_eq!((asked.get(), pods_in_order(&mut queue, at(5000)).len()), (1, 1000));
    }

    #[test]
    fn a_removed_pod_is_nowhere() {
        let mut queue = with_rejected(at(0), "NodeResourcesFit");
        queue.add(pod(1), 0, at(0));
        queue.remove(pod(0));
        queue.remove(pod(1));
        assert_eq!((queue.next_pop(at(0), NEW), queue.next_flush(NEW)), (None, None));
    }
}
