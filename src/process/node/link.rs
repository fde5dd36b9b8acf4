//! A link whose rate is shared evenly by the transfers on it, each of which has a cap of its own.
//!
//! A transfer gets the smaller of its cap and the fair share: the link's rate divided by the number of transfers. What a capped
//! one leaves is not given to others. Every transfer that gets the fair share progresses alike, so one running volume tells how far
//! each of them is, and a change costs the logarithm of their number. Progress is counted in integers, bytes times
//! microseconds per second, and comes out the same everywhere.

use crate::kernel::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Bytes times a million: what a rate of one byte per second carries in a microsecond is one.
type Volume = u128;

/// One byte in the unit of progress.
const BYTE: Volume = 1_000_000;

/// Names a transfer. Transfers that complete together do so in the order of their numbers.
pub type TransferId = u32;

/// A link and the transfers on it.
#[derive(Clone, Debug)]
pub struct Link {
    /// Bytes per second.
    rate: u64,
    now: SimTime,
    /// What a transfer at the fair share would have carried from the beginning until now.
    carried: Volume,
    transfers: BTreeMap<TransferId, Transfer>,
    /// Every transfer by its cap: which ones change sides when the fair share does.
    by_cap: BTreeSet<(u64, TransferId)>,
    /// Transfers at the fair share, by what will have been carried when they complete.
    fair: BTreeSet<(Volume, TransferId)>,
    /// Transfers at their cap, by the moment at which they complete.
    capped: BTreeSet<(SimTime, TransferId)>,
}

#[derive(Clone, Copy, Debug)]
struct Transfer {
    /// Bytes per second.
    cap: u64,
    progress: Progress,
}

#[derive(Clone, Copy, Debug)]
enum Progress {
    /// At the fair share, complete when so much has been carried.
    Fair(Volume),
    /// At the cap since this moment, when so much was left.
    Capped(SimTime, Volume),
}

impl Link {
    /// An idle link of this rate in bytes per second.
    pub const fn new(rate: u64) -> Self {
        Self {
            rate,
            now: SimTime::ZERO,
            carried: 0,
            transfers: BTreeMap::new(),
            by_cap: BTreeSet::new(),
            fair: BTreeSet::new(),
            capped: BTreeSet::new(),
        }
    }

    /// Lets time pass. No transfer may complete on the way, but at `now` itself any may.
    pub fn advance(&mut self, now: SimTime) {
        let span = now.since(self.now).micros();
        self.carried += Volume::from(self.fair_share()) * Volume::from(span);
        self.now = now;
    }

    /// Begins a transfer of so many bytes.
    pub fn insert(&mut self, id: TransferId, bytes: u64, cap: u64) {
        let before = self.fair_share();
        self.add(id, Volume::from(bytes.max(1)) * BYTE, cap.max(1));
        self.change_sides(before);
    }

    /// Ends a transfer, complete or not.
    pub fn remove(&mut self, id: TransferId) {
        let before = self.fair_share();
        self.take(id);
        self.change_sides(before);
    }

    /// Gives a transfer another cap in bytes per second.
    pub fn set_cap(&mut self, id: TransferId, cap: u64) {
        let cap = cap.max(1);
        if self.transfers[&id].cap != cap {
            let left = self.take(id);
            self.add(id, left, cap);
        }
    }

    /// Gives the link another rate in bytes per second.
    pub fn set_rate(&mut self, rate: u64) {
        let before = self.fair_share();
        self.rate = rate;
        self.change_sides(before);
    }

    /// The next transfer to complete and the moment at which it does, if nothing changes.
    pub fn next(&self) -> Option<(SimTime, TransferId)> {
        let fair = self.fair.first().map(|(target, id)| {
            let left = target.saturating_sub(self.carried);
            (end(self.now, left, self.fair_share()), *id)
        });
        fair.into_iter().chain(self.capped.first().copied()).min()
    }

    /// The transfers that are complete, in the order of their numbers.
    pub fn complete(&self) -> Vec<TransferId> {
        let fair = self.fair.iter().take_while(|(target, _)| *target <= self.carried).map(|(_, id)| *id);
        let capped = self.capped.iter().take_while(|(at, _)| *at <= self.now).map(|(_, id)| *id);
        let mut complete: Vec<TransferId> = fair.chain(capped).collect();
        complete.sort_unstable();
        complete
    }

    /// Bytes per second for a transfer whose cap does not hold it back.
    fn fair_share(&self) -> u64 {
        (self.rate / (self.transfers.len() as u64).max(1)).max(1)
    }

    fn add(&mut self, id: TransferId, left: Volume, cap: u64) {
        // The fair share counts the new one: on which side it stands is known after that.
        self.transfers.insert(id, Transfer { cap, progress: Progress::Capped(self.now, left) });
        self.by_cap.insert((cap, id));
        let progress = if cap > self.fair_share() {
            self.fair.insert((self.carried + left, id));
            Progress::Fair(self.carried + left)
        } else {
            self.capped.insert((end(self.now, left, cap), id));
            Progress::Capped(self.now, left)
        };
        self.transfers.insert(id, Transfer { cap, progress });
    }

    /// Takes the transfer off the link and returns what is left of it.
    fn take(&mut self, id: TransferId) -> Volume {
        let transfer = self.transfers.remove(&id).expect("a transfer that changes is on the link");
        self.by_cap.remove(&(transfer.cap, id));
        match transfer.progress {
            Progress::Fair(target) => {
                self.fair.remove(&(target, id));
                target.saturating_sub(self.carried)
            }
            Progress::Capped(since, left) => {
                self.capped.remove(&(end(since, left, transfer.cap), id));
                left.saturating_sub(Volume::from(transfer.cap) * Volume::from(self.now.since(since).micros()))
            }
        }
    }

    /// After the fair share changed: lets the transfers whose cap lies between the old and the new one change sides.
    fn change_sides(&mut self, before: u64) {
        let after = self.fair_share();
        let between = (
            Bound::Excluded((before.min(after), TransferId::MAX)),
            Bound::Included((before.max(after), TransferId::MAX)),
        );
        let changing: Vec<(u64, TransferId)> =
            if before == after { Vec::new() } else { self.by_cap.range(between).copied().collect() };
        for (cap, id) in changing {
            let left = self.take(id);
            self.add(id, left, cap);
        }
    }
}

/// The moment at which so much is carried at this rate.
fn end(since: SimTime, left: Volume, rate: u64) -> SimTime {
    let micros = left.div_ceil(Volume::from(rate));
    since + SimDuration::from_micros(u64::try_from(micros).expect("a transfer ends within 64 bits of microseconds"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    /// Transfers as (id, volume left, cap), each brought up to date at every change.
    struct Plain {
        rate: u64,
        now: SimTime,
        transfers: Vec<(TransferId, Volume, u64)>,
    }

    impl Plain {
        fn share(&self, cap: u64) -> Volume {
            Volume::from(cap.min(self.rate / self.transfers.len() as u64))
        }

        fn advance(&mut self, now: SimTime) {
            let span = Volume::from(now.since(self.now).micros());
            let shares: Vec<Volume> = self.transfers.iter().map(|(_, _, cap)| self.share(*cap)).collect();
            for ((_, left, _), share) in self.transfers.iter_mut().zip(shares) {
                *left = left.saturating_sub(share * span);
            }
            self.now = now;
        }

        fn next(&self) -> Option<SimTime> {
            let micros = self.transfers.iter().map(|(_, left, cap)| left.div_ceil(self.share(*cap)));
            micros.min().map(|micros| self.now + SimDuration::from_micros(u64::try_from(micros).unwrap()))
        }
    }

    #[test]
    fn transfers_end_when_plain_counting_says_so() {
        let mut draws = Streams::new(7).stream("test", "link");
        let mut plain = Plain { rate: 1_000_000, now: SimTime::ZERO, transfers: Vec::new() };
        let mut link = Link::new(plain.rate);
        let mut completed = 0;
        for id in 0..3000 {
            let soon = link.now + SimDuration::from_micros(draws.below(2_000_000));
            let now = link.next().map_or(soon, |(at, _)| at.min(soon));
            assert_eq!(link.next().map(|(at, _)| at), plain.next());
            link.advance(now);
            plain.advance(now);
            let done: Vec<TransferId> =
                plain.transfers.iter().filter(|(_, left, _)| *left == 0).map(|(id, ..)| *id).collect();
            assert_eq!(link.complete(), done);
            completed += done.len();
            for id in done {
                link.remove(id);
            }
            plain.transfers.retain(|(_, left, _)| *left > 0);
            let other = (!plain.transfers.is_empty()).then(|| draws.below(plain.transfers.len() as u64) as usize);
            match (draws.below(8), other) {
                (0, Some(other)) => link.remove(plain.transfers.remove(other).0),
                (1, Some(other)) => {
                    let cap = 1 + draws.below(400_000);
                    plain.transfers[other].2 = cap;
                    link.set_cap(plain.transfers[other].0, cap);
                }
                _ if plain.transfers.len() < 12 => {
                    let (bytes, cap) = (1 + draws.below(900_000), 1 + draws.below(400_000));
                    plain.transfers.push((id, Volume::from(bytes) * BYTE, cap));
                    link.insert(id, bytes, cap);
                }
                _ => {}
            }
        }
        assert!(completed > 500, "{completed} transfers completed");
    }
}
