//! The credit bank of a burstable (B-series) VM.
//!
//! One credit is one vCPU at 100 % for one minute. The VM earns at its baseline and spends what it uses; with credits in the bank
//! it may use every vCPU, with none it is held to the baseline. Between two changes of load the bank moves linearly, so it
//! is brought up to date only when the load changes and when it reaches zero.
//! Source: azure-compute-docs, b-series-cpu-credit-model.md, 2025-01-31.

use crate::kernel::{SimDuration, SimTime};
use crate::units::MilliCpu;

/// One credit in the bank's own unit, the 60th of a millicore-microsecond: an hourly earning is then a whole number.
const CREDIT: u128 = 60 * 60_000_000 * 1000;

/// Initial credits for each vCPU.
const INITIAL_CREDITS_PER_VCPU: u32 = 30;

/// The bank holds this many hours of idle earning.
const CAPACITY_HOURS: u32 = 24;

/// A credit bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credits {
    bank: u128,
    credits_per_hour: u32,
    vcpus: u32,
    load: MilliCpu,
    throttled: bool,
    settled: SimTime,
    turn: u32,
    empty_for: SimDuration,
}

impl Credits {
    /// The bank of a VM that starts at `now`, with its initial credits.
    #[must_use]
    pub fn at_first_start(vcpus: u32, credits_per_hour: u32, now: SimTime) -> Self {
        Self {
            bank: u128::from(INITIAL_CREDITS_PER_VCPU * vcpus) * CREDIT,
            credits_per_hour,
            vcpus,
            load: MilliCpu::ZERO,
            throttled: false,
            settled: now,
            turn: 0,
            empty_for: SimDuration::ZERO,
        }
    }

    /// Credits in the bank at the last settlement.
    #[must_use]
    pub fn credits(&self) -> f64 {
        self.bank as f64 / CREDIT as f64
    }

    /// Credits in the bank as a share of the most it can hold, 0 to 1.
    #[must_use]
    pub fn fill(&self) -> f64 {
        self.bank as f64 / self.capacity() as f64
    }

    /// The bank at the last settlement in percent of what it can hold.
    #[must_use]
    pub fn percent(&self) -> f64 {
        100.0 * self.bank as f64 / self.capacity() as f64
    }

    /// The CPU that the VM may always use, rounded down to a millicore.
    #[must_use]
    pub fn baseline(&self) -> MilliCpu {
        MilliCpu::from_millis(u64::from(self.credits_per_hour) * 1000 / 60)
    }

    /// True while the VM is held to its baseline although it wants more.
    #[must_use]
    pub const fn is_throttled(&self) -> bool {
        self.throttled
    }

    /// Time spent throttled up to the last settlement.
    #[must_use]
    pub const fn time_throttled(&self) -> SimDuration {
        self.empty_for
    }

    /// The number of the present load: a turn planned under another number is stale.
    #[must_use]
    pub const fn turn(&self) -> u32 {
        self.turn
    }

    /// Brings the bank up to `now` under the load that held since the last settlement.
    ///
    /// # Panics
    /// When `now` lies before the last settlement.
    pub fn settle(&mut self, now: SimTime) {
        let span = now.since(self.settled);
        self.settled = now;
        if self.throttled {
            self.empty_for += span;
            return;
        }
        let micros = u128::from(span.micros());
        let (earned, spent) = (self.earning() * micros, self.spending() * micros);
        self.bank = (self.bank + earned).saturating_sub(spent).min(self.capacity());
    }

    /// The bank as it is at `now`, which must not lie before the last settlement.
    #[must_use]
    pub fn at(&self, now: SimTime) -> Self {
        let mut settled = self.clone();
        settled.settle(now);
        settled
    }

    /// Settles, and takes `wanted` as the load from `now` on. Returns the CPU that the VM gets: all of it, up to every vCPU,
    /// or the baseline while the bank is empty.
    pub fn set_load(&mut self, now: SimTime, wanted: MilliCpu) -> MilliCpu {
        self.settle(now);
        self.turn += 1;
        let wanted = wanted.min(MilliCpu::from_cores(self.vcpus));
        self.throttled = self.bank == 0 && wanted > self.baseline();
        self.load = if self.throttled { self.baseline() } else { wanted };
        self.load
    }

    /// How long the present load can go on until the bank is empty; `None` when it does not fall.
    #[must_use]
    pub fn until_empty(&self) -> Option<SimDuration> {
        if self.throttled || self.spending() <= self.earning() {
            return None;
        }
        // Rounded up, so that the bank is empty at that moment and not a fraction of a microsecond later.
        let micros = self.bank.div_ceil(self.spending() - self.earning());
        Some(SimDuration::from_micros(u64::try_from(micros).expect("a bank empties within 64 bits of microseconds")))
    }

    fn capacity(&self) -> u128 {
        u128::from(CAPACITY_HOURS * self.credits_per_hour) * CREDIT
    }

    /// Bank units earned in a microsecond.
    fn earning(&self) -> u128 {
        u128::from(self.credits_per_hour) * 1000
    }

    /// Bank units spent in a microsecond.
    fn spending(&self) -> u128 {
        u128::from(self.load.millis()) * 60
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a bank through (hours, cores used) and returns the credits after each.
    fn run(vcpus: u32, credits_per_hour: u32, days: &[(u64, f64)]) -> Vec<f64> {
        let mut now = SimTime::ZERO;
        let mut bank = Credits::at_first_start(vcpus, credits_per_hour, now);
        days.iter()
            .map(|(hours, cores)| {
                bank.set_load(now, MilliCpu::from_millis((cores * 1000.0) as u64));
                now = now + SimDuration::from_hours(*hours);
                bank.settle(now);
                bank.credits()
            })
            .collect()
    }

    /// azure-docs, sizes-b-series-burstable.md, 2020-02: twenty hours at 10 %, then four at 60 % of one vCPU.
    #[test]
    fn b1ms_banks_120_credits_in_a_quiet_day_and_spends_96_at_the_peak() {
        assert_eq!(run(1, 12, &[(20, 0.1), (4, 0.6)]), [150.0, 54.0]);
    }

    /// The same page's day of a B16ms, step by step.
    #[test]
    fn b16ms_follows_the_documented_day() {
        let day = [(6, 0.0), (1, 2.7), (2, 12.8), (1, 1.0), (1, 0.5)];
        assert_eq!(run(16, 162, &day), [1452.0, 1452.0, 240.0, 342.0, 474.0]);
        let full = run(16, 162, &[(7, 0.0), (1, 16.0)]);
        assert_eq!(full[1] - full[0], -798.0);
    }

    /// azure-compute-docs, b-series-cpu-credit-model.md, 2025-01-31: B2ts_v2 at 10 % and B32as_v2 at 60 %.
    #[test]
    fn rates_per_minute_follow_the_documented_formula() {
        let b2ts = run(2, 24, &[(1, 0.2)]);
        assert!((b2ts[0] - 60.0 - 0.2 * 60.0).abs() < 1e-9);
        let b32as = run(32, 768, &[(1, 0.0), (1, 19.2)]);
        assert!((b32as[1] - b32as[0] + 6.4 * 60.0).abs() < 1e-9);
    }

    #[test]
    fn a_full_bank_lasts_as_long_as_the_table_says() {
        // (vCPUs, credits an hour, minutes from full, minutes from the initial credits)
        for (vcpus, rate, full, initial) in
            [(2, 36, 617, 43), (4, 54, 418, 39), (2, 48, 960, 50), (2, 36, 617, 43), (2, 24, 360, 38)]
        {
            let mut bank = Credits::at_first_start(vcpus, rate, SimTime::ZERO);
            bank.set_load(SimTime::ZERO, MilliCpu::from_cores(vcpus));
            let minutes = |bank: &Credits| (bank.until_empty().unwrap().as_secs_f64() / 60.0).round() as u64;
            assert_eq!(minutes(&bank), initial, "{vcpus} vCPUs");
            bank.set_load(SimTime::ZERO, MilliCpu::ZERO);
            let later = SimTime::after_start(SimDuration::from_hours(48));
            bank.set_load(later, MilliCpu::from_cores(vcpus));
            assert_eq!(minutes(&bank), full, "{vcpus} vCPUs");
        }
    }

    #[test]
    fn an_empty_bank_holds_the_vm_to_its_baseline_until_demand_falls() {
        let mut bank = Credits::at_first_start(2, 36, SimTime::ZERO);
        bank.set_load(SimTime::ZERO, MilliCpu::from_cores(2));
        let empty = SimTime::ZERO + bank.until_empty().unwrap();
        assert_eq!(bank.set_load(empty, MilliCpu::from_cores(2)), MilliCpu::from_millis(600));
        assert!(bank.is_throttled() && bank.until_empty().is_none());
        let later = empty + SimDuration::from_hours(1);
        assert_eq!(bank.set_load(later, MilliCpu::from_millis(100)), MilliCpu::from_millis(100));
        assert_eq!(bank.time_throttled(), SimDuration::from_hours(1));
        let rested = later + SimDuration::from_mins(10);
        assert_eq!(bank.set_load(rested, MilliCpu::from_cores(2)), MilliCpu::from_cores(2));
        assert!((bank.credits() - 5.0).abs() < 1e-9);
    }

    #[test]
    fn earnings_beyond_a_day_are_lost() {
        assert_eq!(run(4, 54, &[(100, 0.0)]), [1296.0]);
    }
}
