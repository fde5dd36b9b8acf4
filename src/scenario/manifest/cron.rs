//! A CronJob's schedule as moments of virtual time.

use crate::kernel::{SimDuration, SimTime};
use cronexpr::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions, parse_crontab_with};
use jiff::{SignedDuration, Timestamp};

/// Shorthands that the CronJob controller knows (Kubernetes documentation, "CronJob", schedule syntax).
const SHORTHANDS: [(&str, &str); 6] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// A schedule with its time zone.
pub(super) struct Schedule(Crontab);

impl Schedule {
    /// Reads a schedule of five fields. Without a time zone it is UTC, that of AKS's control plane.
    ///
    /// # Errors
    /// What is wrong with the schedule, as a fragment.
    pub fn parse(schedule: &str, time_zone: Option<&str>) -> Result<Self, String> {
        let written = schedule.trim();
        let shorthand = SHORTHANDS.into_iter().chain([("@midnight", "0 0 * * *")]).find(|(name, _)| *name == written);
        let expression = shorthand.map_or(written, |(_, expression)| expression);
        let fields: Vec<&str> = expression.split_whitespace().collect();
        // The crate takes a sixth field for a time zone and knows extensions that Kubernetes refuses.
        let [_, _, day, _, weekday] = fields[..] else {
            return Err(format!("{} fields", fields.len()));
        };
        if day.contains(['L', 'W', '#']) || weekday.contains('#') || weekday.split(',').any(|one| one.ends_with('L')) {
            return Err("an extension that Kubernetes does not know".to_owned());
        }
        let zoned = format!("{} {}", fields.join(" ").replace('?', "*"), time_zone.unwrap_or("UTC"));
        let mut options = ParseOptions::default();
        options.fallback_timezone_option = FallbackTimezoneOption::None;
        parse_crontab_with(&zoned, options).map(Self).map_err(|error| reason(&error.to_string()))
    }

    /// Every moment of the schedule from `start` for `span`, the end excluded.
    pub fn fires(&self, start: Timestamp, span: SimDuration) -> Vec<SimTime> {
        let micros = i64::try_from(span.micros()).unwrap_or(i64::MAX);
        // The iterator leaves its starting point out, and a schedule has whole minutes.
        let before = start.saturating_sub(SignedDuration::from_micros(1)).unwrap_or(start);
        let Ok(times) = self.0.iter_after(MakeTimestamp(before)) else { return Vec::new() };
        let since = |time: Timestamp| time.as_microsecond() - start.as_microsecond();
        let offsets = times.map_while(Result::ok).map(|time| since(time.timestamp()));
        offsets
            .take_while(|offset| *offset < micros)
            .filter_map(|offset| u64::try_from(offset).ok())
            .map(SimTime::from_micros)
            .collect()
    }
}

/// The last line of the crate's message, which draws the expression above it.
fn reason(message: &str) -> String {
    let line = message.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("no schedule");
    line.trim_start_matches(['^', '|', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schedule: &str, zone: Option<&str>, start: &str, span: SimDuration, expected_minutes: &[u64]) {
        let start: Timestamp = start.parse().unwrap();
        let fires = Schedule::parse(schedule, zone).unwrap().fires(start, span);
        let minutes: Vec<u64> = fires.iter().map(|at| at.micros() / 60_000_000).collect();
        assert_eq!(minutes, expected_minutes, "{schedule} {zone:?}");
    }

    #[test]
    fn schedules_fire_from_the_start_to_before_the_end() {
        let (start, day) = ("2026-03-02T00:00:00Z", SimDuration::from_hours(24));
        check("0 */6 * * *", None, start, day, &[0, 360, 720, 1080]);
        check("30 2 * * *", Some("America/New_York"), start, day, &[450]);
        check("@hourly", None, "2026-03-02T00:30:00Z", SimDuration::from_hours(3), &[30, 90, 150]);
        check("0 9 * * MON", None, start, SimDuration::from_hours(24 * 8), &[540, 540 + 7 * 1440]);
        check("0 0 31 2 *", None, start, day, &[]);
    }

    #[test]
    fn an_hour_that_does_not_exist_is_not_invented() {
        // Clocks in New York went from 02:00 to 03:00 on 2026-03-08.
        let start = "2026-03-08T05:00:00Z";
        let fires = Schedule::parse("0 3 * * *", Some("America/New_York")).unwrap();
        let fires = fires.fires(start.parse().unwrap(), SimDuration::from_hours(24));
        assert_eq!(fires, [SimTime::after_start(SimDuration::from_hours(2))]);
    }

    #[test]
    fn what_is_no_kubernetes_schedule_is_refused() {
        for (schedule, zone) in [
            ("", None),
            ("* * * *", None),
            ("61 * * * *", None),
            ("0 0 * * * UTC", None),
            ("0 0 L * *", None),
            ("0 0 * * 1#2", None),
            ("@every 1h", None),
            ("* * * * *", Some("Mars/Olympus")),
        ] {
            assert!(Schedule::parse(schedule, zone).is_err(), "{schedule} {zone:?}");
        }
    }
}
