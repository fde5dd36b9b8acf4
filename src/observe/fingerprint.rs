//! A run in one number: two runs with the same fingerprint went through the same events.

use crate::cluster::Event;
use crate::kernel::EventKey;
use xxhash_rust::xxh3::Xxh3Default;

/// Bytes of one event: time, class, sequence and the three numbers of [`Event::code`].
const RECORD: usize = 8 + 1 + 8 + 3 * 4;

/// A hash (XXH3, 64 bits) over the key and content of every event, in their order.
#[derive(Clone, Default)]
pub(super) struct Fingerprint(Xxh3Default);

impl Fingerprint {
    /// Takes in one event.
    pub fn add(&mut self, key: EventKey, event: Event) {
        let mut record = [0; RECORD];
        record[..8].copy_from_slice(&key.at.micros().to_le_bytes());
        record[8] = key.class;
        record[9..17].copy_from_slice(&key.sequence.to_le_bytes());
        for (number, place) in event.code().into_iter().zip(record[17..].chunks_exact_mut(4)) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        self.0.update(&record);
    }

    /// The hash so far.
    pub fn digest(&self) -> u64 {
        self.0.digest()
    }
}

// By hand, since the hash's state is 500 bytes that say nothing.
impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fingerprint({:016x})", self.digest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{NodeId, PodId};
    use crate::kernel::{Id, SimTime};

    fn print(events: &[(u64, u64, Event)]) -> u64 {
        let mut print = Fingerprint::default();
        for (at, sequence, event) in events {
            let at = SimTime::from_micros(*at);
            print.add(EventKey { at, class: event.class() as u8, sequence: *sequence }, *event);
        }
        print.digest()
    }

    #[test]
    fn whatever_changes_in_an_event_changes_the_fingerprint() {
        let node = NodeId::from_index;
        let base = print(&[(5, 0, Event::NodeReady(node(1))), (9, 1, Event::Sample)]);
        assert_eq!(base, print(&[(5, 0, Event::NodeReady(node(1))), (9, 1, Event::Sample)]));
        for changed in [
            print(&[(6, 0, Event::NodeReady(node(1))), (9, 1, Event::Sample)]),
            print(&[(5, 2, Event::NodeReady(node(1))), (9, 1, Event::Sample)]),
            print(&[(5, 0, Event::NodeReady(node(2))), (9, 1, Event::Sample)]),
            print(&[(5, 0, Event::PodReady(PodId::from_index(1))), (9, 1, Event::Sample)]),
            print(&[(5, 0, Event::NodeReady(node(1)))]),
            print(&[(9, 1, Event::Sample), (5, 0, Event::NodeReady(node(1)))]),
        ] {
            assert_ne!(base, changed);
        }
        assert_ne!(print(&[(5, 0, Event::CreditsTurn(node(1), 1))]), print(&[(5, 0, Event::CreditsTurn(node(1), 2))]));
    }

    /// The layout of a record is part of the result: a changed value here is a changed fingerprint of every run.
    #[test]
    fn the_fingerprint_of_nothing_is_xxh3s() {
        assert_eq!(print(&[]), 0x2d06_8005_38d3_94c2);
    }
}
