//! Numbered slots, each with its holder: addresses of a subnet, or blocks of a range.

use crate::kernel::{SimDuration, SimTime};
use std::collections::{BTreeSet, VecDeque};

/// A row of slots. The lowest free one is handed out first, and one that was released cannot be taken again at once.
#[derive(Clone, Debug)]
pub struct Slots<H> {
    first: u32,
    end: u32,
    /// Who holds the slots from `first` on, as far as any was ever held.
    held: Vec<Option<H>>,
    /// Slots that were held before and are free.
    free: BTreeSet<u32>,
    /// Slots that were released, each with the moment from which on it is free, in the order of these.
    cooling: VecDeque<(SimTime, u32)>,
}

impl<H: Copy + PartialEq> Slots<H> {
    /// The slots `first` to `end`, the latter not among them; all free.
    #[must_use]
    pub const fn new(first: u32, end: u32) -> Self {
        Self { first, end, held: Vec::new(), free: BTreeSet::new(), cooling: VecDeque::new() }
    }

    /// How many slots there are.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.end.saturating_sub(self.first)
    }

    /// How many slots are held, or were released a moment ago.
    #[must_use]
    pub fn used(&self) -> u32 {
        self.ever() - count(self.free.len())
    }

    /// How many slots were released and cannot be taken yet.
    #[must_use]
    pub fn cooling(&self) -> u32 {
        count(self.cooling.len())
    }

    /// How many slots can be taken now.
    pub fn free(&mut self, now: SimTime) -> u32 {
        while let Some((at, slot)) = self.cooling.front().copied()
            && at <= now
        {
            self.cooling.pop_front();
            self.free.insert(slot);
        }
        self.len() - self.used()
    }

    /// Takes the lowest free slot; `None` when there is none.
    pub fn take(&mut self, now: SimTime, holder: H) -> Option<u32> {
        if self.free(now) == 0 {
            return None;
        }
        let slot = self.free.pop_first().unwrap_or_else(|| {
            self.held.push(None);
            self.first + self.ever() - 1
        });
        *self.holder_mut(slot) = Some(holder);
        Some(slot)
    }

    /// Gives back a slot, to be taken again after the delay.
    ///
    /// # Panics
    /// When somebody else holds it, or nobody, or when a longer delay was given before.
    pub fn release(&mut self, now: SimTime, slot: u32, holder: H, delay: SimDuration) {
        let held = self.holder_mut(slot).take();
        assert!(held == Some(holder), "slot {slot} is given back by who holds it, once");
        let at = now + delay;
        if delay == SimDuration::ZERO {
            self.free.insert(slot);
        } else {
            assert!(self.cooling.back().is_none_or(|(last, _)| *last <= at), "all delays of a row are alike");
            self.cooling.push_back((at, slot));
        }
    }

    /// Adds slots at both ends: from now on they are `first` to `end`.
    ///
    /// # Panics
    /// When that leaves out slots that there were.
    pub fn grow(&mut self, first: u32, end: u32) {
        assert!(first <= self.first && self.end <= end, "a row of slots never shrinks");
        let below = (self.first - first) as usize;
        self.held.splice(0..0, std::iter::repeat_n(None, below));
        self.free.extend(first..self.first);
        (self.first, self.end) = (first, end);
    }

    /// Every slot that is held, with its holder, from the lowest on.
    pub fn iter(&self) -> impl Iterator<Item = (u32, H)> {
        (self.first..).zip(&self.held).filter_map(|(slot, holder)| Some((slot, (*holder)?)))
    }

    fn ever(&self) -> u32 {
        count(self.held.len())
    }

    fn holder_mut(&mut self, slot: u32) -> &mut Option<H> {
        &mut self.held[(slot - self.first) as usize]
    }
}

pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).expect("there are 32-bit numbers of addresses")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: SimDuration = SimDuration::from_secs(5);

    #[test]
    fn the_lowest_free_slot_is_taken_first() {
        let mut slots = Slots::new(4, 8);
        let now = SimTime::ZERO;
        assert_eq!((0..5).map(|n| slots.take(now, n)).collect::<Vec<_>>(), [Some(4), Some(5), Some(6), Some(7), None]);
        slots.release(now, 6, 2, SimDuration::ZERO);
        slots.release(now, 5, 1, SimDuration::ZERO);
        assert_eq!((slots.used(), slots.free(now), slots.take(now, 9)), (2, 2, Some(5)));
        assert_eq!(slots.iter().collect::<Vec<_>>(), [(4, 0), (5, 9), (7, 3)]);
    }

    #[test]
    fn a_released_slot_is_free_after_its_delay() {
        let mut slots = Slots::new(0, 1);
        assert_eq!(slots.take(SimTime::ZERO, 'a'), Some(0));
        slots.release(SimTime::ZERO, 0, 'a', DELAY);
        assert_eq!((slots.used(), slots.cooling(), slots.take(SimTime::ZERO, 'b')), (1, 1, None));
        assert_eq!(slots.take(SimTime::ZERO + DELAY, 'b'), Some(0));
        assert_eq!((slots.used(), slots.cooling()), (1, 0));
    }

    #[test]
    #[should_panic(expected = "given back by who holds it")]
    fn nobody_gives_back_what_another_holds() {
        let mut slots = Slots::new(0, 4);
        let slot = slots.take(SimTime::ZERO, 'a').unwrap();
        slots.release(SimTime::ZERO, slot, 'b', DELAY);
    }

    #[test]
    fn a_row_grows() {
        let mut slots = Slots::new(1, 2);
        let now = SimTime::ZERO;
        assert_eq!((slots.take(now, 1), slots.take(now, 2)), (Some(1), None));
        slots.grow(0, 3);
        assert_eq!((slots.used(), slots.free(now)), (1, 2));
        assert_eq!([2, 3, 4].map(|holder| slots.take(now, holder)), [Some(0), Some(2), None]);
        assert_eq!(slots.iter().collect::<Vec<_>>(), [(0, 2), (1, 1), (2, 3)]);
    }
}
