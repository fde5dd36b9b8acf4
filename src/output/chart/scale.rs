//! Scales: where a value stands on an axis, and which values get a tick.

use crate::output::number;

/// A value with its label on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where it stands.
    pub value: f64,
    /// What is written there.
    pub label: String,
}

/// A linear or logarithmic scale from `from` to `to`.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Lower end.
    pub from: f64,
    /// Upper end.
    pub to: f64,
    /// True for a logarithmic one.
    pub logarithmic: bool,
    /// The ticks.
    pub ticks: Vec<Tick>,
}

impl Scale {
    /// From zero to a little above `most`, about `wanted` ticks, whole numbers only when `whole`.
    #[must_use]
    pub fn from_zero(most: f64, wanted: usize, whole: bool) -> Self {
        let most = if most > 0.0 { most } else { 1.0 };
        let step = nice_step(most / wanted as f64, whole);
        let steps = (most / step).ceil();
        Self { from: 0.0, to: steps * step, logarithmic: false, ticks: ticks(0.0, step, steps as usize) }
    }

    /// From a round value below `least` to one above `most`.
    #[must_use]
    pub fn around(least: f64, most: f64, wanted: usize) -> Self {
        let span = (most - least).max(most.abs() * 1e-3).max(1e-9);
        let step = nice_step(span / wanted as f64, false);
        let from = (least / step).floor() * step;
        let steps = ((most - from) / step).ceil().max(1.0);
        Self { from, to: from + steps * step, logarithmic: false, ticks: ticks(from, step, steps as usize) }
    }

    /// Percent from 0 to 100.
    #[must_use]
    pub fn percent() -> Self {
        let ticks = [0.0, 25.0, 50.0, 75.0, 100.0].map(|value| Tick { value, label: format!("{value} %") });
        Self { from: 0.0, to: 100.0, logarithmic: false, ticks: ticks.into() }
    }

    /// Hours from 0 to `hours`, ticked at round hours, or at whole days from three days on. See [`time_unit`].
    #[must_use]
    pub fn time(hours: f64) -> Self {
        let (unit, steps): (f64, &[f64]) = match time_unit(hours) {
            "hours" => (1.0, &[0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0]),
            _ => (24.0, &[1.0, 2.0, 5.0, 7.0, 14.0, 28.0, 91.0]),
        };
        let step = steps.iter().copied().find(|step| hours / (step * unit) <= 12.0).unwrap_or(365.0);
        let count = (hours / (step * unit) + 1e-9).floor() as usize;
        let tick = |index| Tick { value: index as f64 * step * unit, label: number::short(index as f64 * step) };
        Self { from: 0.0, to: hours, logarithmic: false, ticks: (0..=count).map(tick).collect() }
    }

    /// Seconds on a logarithmic scale, ticked at spans that people know.
    #[must_use]
    pub fn log_seconds(least: f64, most: f64) -> Self {
        const KNOWN: [(f64, &str); 14] = [
            (0.01, "10 ms"),
            (0.1, "100 ms"),
            (1.0, "1 s"),
            (3.0, "3 s"),
            (10.0, "10 s"),
            (30.0, "30 s"),
            (60.0, "1 min"),
            (120.0, "2 min"),
            (300.0, "5 min"),
            (600.0, "10 min"),
            (1800.0, "30 min"),
            (3600.0, "1 h"),
            (21600.0, "6 h"),
            (86400.0, "1 d"),
        ];
        let from = KNOWN.iter().rev().map(|(value, _)| *value).find(|value| *value <= least).unwrap_or(0.01);
        let to = KNOWN.iter().map(|(value, _)| *value).find(|value| *value >= most).unwrap_or(most);
        let ticks = KNOWN.iter().filter(|(value, _)| from <= *value && *value <= to);
        let ticks = ticks.map(|(value, label)| Tick { value: *value, label: (*label).to_owned() }).collect();
        Self { from, to: to.max(from * 10.0), logarithmic: true, ticks }
    }

    /// Puts a unit behind every label.
    #[must_use]
    pub fn with_labels(mut self, label: impl Fn(f64) -> String) -> Self {
        for tick in &mut self.ticks {
            tick.label = label(tick.value);
        }
        self
    }

    /// Where a value stands, 0 at the lower end and 1 at the upper; a value below the ends stands at the lower end of a log scale.
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        if self.logarithmic {
            libm::log(value.max(self.from) / self.from) / libm::log(self.to / self.from)
        } else {
            (value - self.from) / (self.to - self.from)
        }
    }
}

/// The unit of a time axis of this many hours: `hours` or `days`.
#[must_use]
pub fn time_unit(hours: f64) -> &'static str {
    if hours < 72.0 { "hours" } else { "days" }
}

fn ticks(from: f64, step: f64, steps: usize) -> Vec<Tick> {
    let decimals = (0..6).find(|decimals| is_whole(step * f64::from(10_u32.pow(*decimals)))).unwrap_or(6) as usize;
    let at = |index| from + index as f64 * step;
    (0..=steps).map(|index| Tick { value: at(index), label: number::grouped(at(index), decimals) }).collect()
}

fn is_whole(value: f64) -> bool {
    (value - value.round()).abs() < 1e-6
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `least`; only whole numbers when `whole`.
fn nice_step(least: f64, whole: bool) -> f64 {
    let least = if whole { least.max(1.0) } else { least };
    let power = libm::pow(10.0, libm::floor(libm::log10(least)));
    let factors: &[f64] = if whole { &[1.0, 2.0, 5.0, 10.0] } else { &[1.0, 2.0, 2.5, 5.0, 10.0] };
    factors.iter().map(|factor| factor * power).find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<&str> {
        scale.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(&Scale::from_zero(251.0, 5, true)), ["0", "100", "200", "300"]);
        assert_eq!(labels(&Scale::from_zero(1.7, 4, false)), ["0.0", "0.5", "1.0", "1.5", "2.0"]);
        assert_eq!(labels(&Scale::from_zero(2.0, 5, true)), ["0", "1", "2"]);
        assert_eq!(labels(&Scale::around(402.0, 431.0, 4)), ["400", "410", "420", "430", "440"]);
    }

    #[test]
    fn time_is_told_in_hours_up_to_three_days_and_then_in_days() {
        assert_eq!(labels(&Scale::time(168.0)), ["0", "1", "2", "3", "4", "5", "6", "7"]);
        assert_eq!(
            labels(&Scale::time(24.0)),
            ["0", "2", "4", "6", "8", "10", "12", "14", "16", "18", "20", "22", "24"]
        );
        assert_eq!(time_unit(48.0), "hours");
    }

    #[test]
    fn a_logarithmic_scale_has_equal_steps_for_equal_factors() {
        let scale = Scale::log_seconds(1.2, 90.0);
        assert_eq!((scale.from, scale.to), (1.0, 120.0));
        let (a, b, c) = (scale.share(1.0), scale.share(10.0), scale.share(100.0));
        assert!(((b - a) - (c - b)).abs() < 1e-12);
    }
}
