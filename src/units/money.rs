//! US dollars: prices per hour in integer micro-dollars, amounts exact until they are shown.

use crate::kernel::SimDuration;

/// Hours in a billing month, Azure's own convention.
pub const HOURS_PER_MONTH: u64 = 730;

/// A price in micro-dollars per hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsdPerHour(u64);

impl UsdPerHour {
    /// Free of charge.
    pub const ZERO: Self = Self(0);

    /// So many micro-dollars per hour.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Rounds a list price in dollars per hour to the nearest micro-dollar (half to even); `None` unless finite and >= 0.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        (dollars.is_finite() && dollars >= 0.0).then(|| Self((dollars * 1e6).round_ties_even() as u64))
    }

    /// A list price per month, spread over [`HOURS_PER_MONTH`].
    #[must_use]
    pub fn from_dollars_per_month(dollars: f64) -> Option<Self> {
        Self::from_dollars(dollars / HOURS_PER_MONTH as f64)
    }

    /// Micro-dollars per hour.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Dollars per hour as a float, for tables and charts.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Dollars for a month of 730 h, as a float, for tables.
    #[must_use]
    pub fn per_month(self) -> f64 {
        self.as_f64() * HOURS_PER_MONTH as f64
    }

    /// What it comes to over a month of 730 h, exactly.
    #[must_use]
    pub fn monthly(self) -> Usd {
        self.over(SimDuration::from_hours(HOURS_PER_MONTH))
    }

    /// The price with a share taken off, `percent` being 0 to 100, rounded half to even.
    #[must_use]
    pub fn discounted(self, percent: f64) -> Self {
        Self((self.0 as f64 * (1.0 - percent / 100.0)).round_ties_even().max(0.0) as u64)
    }

    /// The price of so many.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self(self.0 * u64::from(count))
    }

    /// What this price comes to over `span`, exactly.
    #[must_use]
    pub fn over(self, span: SimDuration) -> Usd {
        Usd(u128::from(self.0) * u128::from(span.micros()))
    }
}

impl std::ops::AddAssign for UsdPerHour {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

/// An amount of money as an exact integer (micro-dollars per hour times microseconds), rounded only when it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(u128);

super::quantity!(Usd, u128);

impl Usd {
    /// Dollars as a float, for statistics and tables.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        // micro-dollars/hour x microseconds: 3.6e9 microseconds an hour, 1e6 micro-dollars a dollar.
        self.0 as f64 / 3.6e15
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_at_a_list_price_costs_the_list_price() {
        let price = UsdPerHour::from_dollars(0.192).unwrap();
        assert!((price.over(SimDuration::from_hours(1)).as_f64() - 0.192).abs() < 1e-12);
    }

    #[test]
    fn a_month_is_730_hours() {
        let disk = UsdPerHour::from_dollars_per_month(19.71).unwrap();
        assert_eq!(disk.micros(), 27_000);
        assert!((disk.per_month() - 19.71).abs() < 1e-9);
    }
}
