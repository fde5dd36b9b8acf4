//! The future event list: what will happen, in a total order.

use super::SimTime;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// The place of an event in the total order: time, then class, then the sequence in which events were scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    /// When it happens.
    pub at: SimTime,
    /// The rank among events of one instant; smaller goes first.
    pub class: u8,
    /// The number of events scheduled before it in this run.
    pub sequence: u64,
}

/// Events that have not happened yet. An event is never removed: whoever handles it sees that it has become stale.
#[derive(Debug)]
pub struct FutureEvents<E> {
    heap: BinaryHeap<Entry<E>>,
    sequence: u64,
}

#[derive(Debug)]
struct Entry<E> {
    key: EventKey,
    event: E,
}

impl<E> Default for FutureEvents<E> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), sequence: 0 }
    }
}

impl<E> FutureEvents<E> {
    /// Schedules `event`; of two events with the same time and class, the one scheduled first happens first.
    pub fn schedule(&mut self, at: SimTime, class: u8, event: E) {
        let key = EventKey { at, class, sequence: self.sequence };
        self.sequence += 1;
        self.heap.push(Entry { key, event });
    }

    /// Takes the earliest event before `end` (exclusive), or `None` when there is none.
    pub fn pop_before(&mut self, end: SimTime) -> Option<(EventKey, E)> {
        if self.heap.peek()?.key.at >= end {
            return None;
        }
        self.heap.pop().map(|entry| (entry.key, entry.event))
    }

    /// The number of events waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// True when nothing is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

// `BinaryHeap` is a max-heap, so the earliest key is the greatest entry. Only the key takes part: the event need not be ordered.
impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.cmp(&self.key)
    }
}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<E> Eq for Entry<E> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(mut events: FutureEvents<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| events.pop_before(SimTime::MAX).map(|(_, event)| event)).collect()
    }

    #[test]
    fn events_come_by_time_then_class_then_sequence() {
        let mut events = FutureEvents::default();
        let at = SimTime::from_micros;
        events.schedule(at(2), 0, "later");
        events.schedule(at(1), 9, "control");
        events.schedule(at(1), 0, "first of its class");
        events.schedule(at(1), 0, "second of its class");
        assert_eq!(drain(events), ["first of its class", "second of its class", "control", "later"]);
    }

    #[test]
    fn the_horizon_is_exclusive() {
        let mut events = FutureEvents::default();
        events.schedule(SimTime::from_micros(5), 0, ());
        assert!(events.pop_before(SimTime::from_micros(5)).is_none());
        assert!(events.pop_before(SimTime::from_micros(6)).is_some());
    }

    proptest::proptest! {
        #[test]
        fn keys_never_go_back(times in proptest::collection::vec((0u64..50, 0u8..3), 0..200)) {
            let mut events = FutureEvents::default();
            for (at, class) in &times {
                events.schedule(SimTime::from_micros(*at), *class, ());
            }
            let keys: Vec<_> = std::iter::from_fn(|| events.pop_before(SimTime::MAX).map(|(key, ())| key)).collect();
            assert_eq!(keys.len(), times.len());
            assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
