//! The simulation clock's two types: an instant and a span, both in integer microseconds.

use std::fmt;

/// A span of virtual time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimDuration(u64);

/// An instant of virtual time: microseconds since the start of the scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(u64);

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// So many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000)
    }

    /// So many seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000_000)
    }

    /// So many minutes.
    #[must_use]
    pub const fn from_mins(mins: u64) -> Self {
        Self::from_secs(mins * 60)
    }

    /// So many hours.
    #[must_use]
    pub const fn from_hours(hours: u64) -> Self {
        Self::from_mins(hours * 60)
    }

    /// Rounds a drawn number of seconds to the nearest microsecond; anything below zero or not a number becomes zero.
    #[must_use]
    pub fn from_secs_f64(secs: f64) -> Self {
        if secs > 0.0 { Self((secs * 1e6).round_ties_even() as u64) } else { Self::ZERO }
    }

    /// Microseconds.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Seconds as a float, for statistics.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Hours as a float, for statistics.
    #[must_use]
    pub fn as_hours_f64(self) -> f64 {
        self.0 as f64 / 3.6e9
    }

    /// True for no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `self - other`, or zero when `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The span `times` over.
    ///
    /// # Panics
    /// On overflow.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self(self.0.checked_mul(times).expect("a span of virtual time fits 64 bits"))
    }

    /// Parses `90s`, `10m`, `2h`, `7d`, `250ms`, or several of them in falling order (`1h30m`); a bare `0` is zero.
    ///
    /// # Errors
    /// [`ParseDurationError`] when the text has no unit, another unit, a sign, or does not fit.
    pub fn parse(text: &str) -> Result<Self, ParseDurationError> {
        const UNITS: [(&str, u64); 5] =
            [("ms", 1_000), ("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)];
        let bad = || ParseDurationError(text.to_owned());
        if text == "0" {
            return Ok(Self::ZERO);
        }
        let mut rest = text;
        let mut total = 0u64;
        let mut last_unit = u64::MAX;
        if rest.is_empty() {
            return Err(bad());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
            let number = &rest[..digits];
            rest = &rest[digits..];
            let (name, micros) = UNITS.into_iter().find(|(name, _)| rest.starts_with(name)).ok_or_else(bad)?;
            if micros >= last_unit {
                return Err(bad());
            }
            last_unit = micros;
            rest = &rest[name.len()..];
            let part = match number.parse::<u64>() {
                Ok(whole) => whole.checked_mul(micros).ok_or_else(bad)?,
                Err(_) => {
                    let fraction = number.parse::<f64>().ok().filter(|f| f.is_finite() && *f < 1e9).ok_or_else(bad)?;
                    (fraction * micros as f64).round_ties_even() as u64
                }
            };
            total = total.checked_add(part).ok_or_else(bad)?;
        }
        Ok(Self(total))
    }
}

/// A text that is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a duration; write a number with a unit, such as 90s, 10m, 2h or 7d")]
pub struct ParseDurationError(String);

impl SimTime {
    /// The start of the scenario.
    pub const ZERO: Self = Self(0);
    /// Later than every event.
    pub const MAX: Self = Self(u64::MAX);

    /// The instant so many microseconds after the start.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The instant `span` after the start.
    #[must_use]
    pub const fn after_start(span: SimDuration) -> Self {
        Self(span.0)
    }

    /// Microseconds since the start.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Seconds since the start as a float, for statistics.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The span from `earlier` to here.
    ///
    /// # Panics
    /// When `earlier` lies in the future: the caller mixed up two instants.
    #[must_use]
    pub fn since(self, earlier: Self) -> SimDuration {
        assert!(earlier <= self, "{earlier:?} is later than {self:?}");
        SimDuration(self.0 - earlier.0)
    }

    /// The span from `earlier` to here, or zero when `earlier` lies in the future.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<SimDuration> for SimTime {
    type Output = Self;
    fn add(self, span: SimDuration) -> Self {
        Self(self.0.checked_add(span.0).expect("virtual time fits 64 bits"))
    }
}

impl std::ops::Add for SimDuration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect("a span of virtual time fits 64 bits"))
    }
}

impl std::ops::AddAssign for SimDuration {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl fmt::Display for SimDuration {
    /// The largest two units that say it: `7d`, `1h30m`, `42.5s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0 / 1_000_000;
        let (d, h, m, s) = (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60, secs % 60);
        match (d, h, m) {
            (0, 0, 0) if self.0.is_multiple_of(1_000_000) => write!(f, "{s}s"),
            (0, 0, 0) => write!(f, "{:.3}s", self.as_secs_f64()),
            (0, 0, m) if s == 0 => write!(f, "{m}m"),
            (0, 0, m) => write!(f, "{m}m{s}s"),
            (0, h, 0) => write!(f, "{h}h"),
            (0, h, m) => write!(f, "{h}h{m}m"),
            (d, 0, _) => write!(f, "{d}d"),
            (d, h, _) => write!(f, "{d}d{h}h"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_kubernetes_and_az_write_them() {
        for (text, secs) in [
            ("90s", 90.0),
            ("10m", 600.0),
            ("1h30m", 5400.0),
            ("7d", 604_800.0),
            ("250ms", 0.25),
            ("0", 0.0),
            ("1.5h", 5400.0),
        ] {
            assert_eq!(SimDuration::parse(text).unwrap().as_secs_f64(), secs, "{text}");
        }
    }

    #[test]
    fn a_duration_without_unit_or_with_a_sign_is_refused() {
        for text in ["", "90", "-5m", "5 m", "m", "1m1h", "1y", "1..5s"] {
            assert!(SimDuration::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_print_their_two_largest_units() {
        for (secs, text) in [(42, "42s"), (90, "1m30s"), (5400, "1h30m"), (604_800, "7d"), (90_000, "1d1h")] {
            assert_eq!(SimDuration::from_secs(secs).to_string(), text);
        }
    }
}
