//! When AKS may upgrade by itself: planned-maintenance configurations as a calendar, and the windows that they open in a run.
//!
//! Source: azure-aks-docs, planned-maintenance.md, 2025-12-19, and the API specification of 2025-05-01. Assumptions: a month that
//! is too short for its day of the month has the window on its last day; months are counted from the first one with a window on or
//! after the start date; a window that meets dates on which maintenance is not allowed is cut and not dropped.

use super::{NodeOsChannel, OperationKind, UpgradeChannel};
use crate::catalog::KubernetesVersion;
use crate::kernel::SimTime;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// What AKS does by itself to the cluster, and when it may.
#[derive(Clone, Debug, Default)]
pub struct MaintenancePlan {
    /// What the cluster's Kubernetes version follows.
    pub channel: UpgradeChannel,
    /// What the node images follow.
    pub node_os_channel: NodeOsChannel,
    /// Versions that AKS offers in general availability, sorted by the moment from which on.
    pub available: Vec<AvailableVersion>,
    /// True when the scenario says which these are, and it is not AKS's calendar that does.
    pub available_is_written: bool,
    /// Windows of `aksManagedAutoUpgradeSchedule`, sorted; `None` without such a configuration, when any time will do.
    pub auto_upgrade: Option<Vec<Window>>,
    /// The same of `aksManagedNodeOSUpgradeSchedule`.
    pub node_os: Option<Vec<Window>>,
    /// The same of `default`, which is meant for AKS's own releases; these are not simulated.
    pub default: Option<Vec<Window>>,
}

/// A Kubernetes version that AKS offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvailableVersion {
    /// The version.
    pub version: KubernetesVersion,
    /// From when on.
    pub from: SimTime,
}

/// A time in which maintenance may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window<T = SimTime> {
    /// Its first moment; the start of the scenario for one that was open then.
    pub opens: T,
    /// The first moment after it; it may lie behind the horizon.
    pub closes: T,
}

/// Which of the two kinds of upgrade AKS does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AutoUpgrade {
    /// Of the Kubernetes version.
    Cluster,
    /// Of the node image.
    NodeOs,
}

impl MaintenancePlan {
    /// The windows in which AKS begins upgrades of the kind; `None` when it may at any time.
    #[must_use]
    pub fn windows_of(&self, kind: AutoUpgrade) -> Option<&[Window]> {
        match kind {
            AutoUpgrade::Cluster => self.auto_upgrade.as_deref(),
            AutoUpgrade::NodeOs => self.node_os.as_deref(),
        }
    }

    /// The window in which AKS may begin an upgrade of the kind at `at`; `None` outside of windows and without a schedule.
    #[must_use]
    pub fn open_window(&self, kind: AutoUpgrade, at: SimTime) -> Option<Window> {
        self.windows_of(kind)?.iter().find(|window| window.contains(at)).copied()
    }

    /// The window that an upgrade which somebody asks for at `at` belongs to: of the configuration for such
    /// upgrades, or else of the next more general one. `None` outside of windows, and for what is no upgrade.
    #[must_use]
    pub fn window_at(&self, at: SimTime, operation: &OperationKind) -> Option<Window> {
        let OperationKind::Upgrade { version, .. } = operation else {
            return None;
        };
        let of_images = self.node_os.as_ref().filter(|_| version.is_none());
        let windows = of_images.or(self.auto_upgrade.as_ref()).or(self.default.as_ref())?;
        windows.iter().find(|window| window.contains(at)).copied()
    }

    /// True when AKS does upgrades of the kind by itself.
    #[must_use]
    pub fn has_channel(&self, kind: AutoUpgrade) -> bool {
        match kind {
            AutoUpgrade::Cluster => self.channel != UpgradeChannel::None,
            AutoUpgrade::NodeOs => self.node_os_channel == NodeOsChannel::NodeImage,
        }
    }

    /// True when some configuration opens windows.
    #[must_use]
    pub const fn has_windows(&self) -> bool {
        self.auto_upgrade.is_some() || self.node_os.is_some() || self.default.is_some()
    }
}

impl<T: Ord + Copy> Window<T> {
    /// True while it is open.
    #[must_use]
    pub fn contains(&self, at: T) -> bool {
        self.opens <= at && at < self.closes
    }
}

/// One maintenance configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaintenanceConfiguration {
    /// What opens windows; windows that touch are one.
    pub recurring: Vec<Recurring>,
    /// Times in which none is open.
    pub not_allowed: Vec<Window<Timestamp>>,
}

/// A window that comes again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurring {
    /// On which days.
    pub recurrence: Recurrence,
    /// No window opens before this day.
    pub from: Date,
    /// When it opens.
    pub start: Time,
    /// The offset from UTC of days and times. It does not change in summer.
    pub offset: Offset,
    /// How many hours it is open.
    pub hours: i64,
}

/// The days on which a window opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recurrence {
    /// Every so many days.
    Daily {
        /// Days from one to the next.
        days: i64,
    },
    /// On a day of every so many weeks.
    Weekly {
        /// Weeks from one to the next.
        weeks: i64,
        /// The day.
        day: Weekday,
    },
    /// On a date of every so many months.
    AbsoluteMonthly {
        /// Months from one to the next.
        months: i32,
        /// The date, 1 to 31.
        day: i8,
    },
    /// On such a weekday of every so many months.
    RelativeMonthly {
        /// Months from one to the next.
        months: i32,
        /// Which of the month's: 1 to 4, or -1 for the last.
        index: i8,
        /// The day.
        day: Weekday,
    },
}

impl MaintenanceConfiguration {
    /// The windows that are open at some time from `from` to before `to`, in their order. Windows that touch are one, as far as they
    /// open before `to`.
    #[must_use]
    pub fn windows(&self, from: Timestamp, to: Timestamp) -> Vec<Window<Timestamp>> {
        let mut windows: Vec<Window<Timestamp>> =
            self.recurring.iter().flat_map(|recurring| recurring.windows(to)).collect();
        windows.sort();
        let mut joined: Vec<Window<Timestamp>> = Vec::new();
        for window in windows {
            match joined.last_mut().filter(|last| window.opens <= last.closes) {
                Some(last) => last.closes = last.closes.max(window.closes),
                None => joined.push(window),
            }
        }
        for blocked in &self.not_allowed {
            joined = joined.into_iter().flat_map(|window| without(window, *blocked)).collect();
        }
        joined.retain(|window| window.opens < to && window.closes > from);
        joined
    }
}

/// What is left of a window without the blocked time: nothing, one part or two.
fn without(window: Window<Timestamp>, blocked: Window<Timestamp>) -> impl Iterator<Item = Window<Timestamp>> {
    let before = Window { opens: window.opens, closes: window.closes.min(blocked.opens) };
    let after = Window { opens: window.opens.max(blocked.closes), closes: window.closes };
    [before, after].into_iter().filter(|part| part.opens < part.closes)
}

impl Recurrence {
    /// True when no day, week or month is left out.
    #[must_use]
    pub const fn comes_every_time(&self) -> bool {
        match self {
            Self::Daily { days } => *days == 1,
            Self::Weekly { weeks, .. } => *weeks == 1,
            Self::AbsoluteMonthly { months, .. } | Self::RelativeMonthly { months, .. } => *months == 1,
        }
    }
}

impl Recurring {
    /// Its windows that open before `to`.
    fn windows(&self, to: Timestamp) -> impl Iterator<Item = Window<Timestamp>> {
        let length = SignedDuration::from_hours(self.hours);
        let opens = |date: Date| self.offset.to_timestamp(date.to_datetime(self.start)).ok();
        let window = move |opens: Timestamp| Some(Window { opens, closes: opens.checked_add(length).ok()? });
        let days = (0..).map_while(|number| self.occurrence(number));
        days.map_while(opens).take_while(move |opens| *opens < to).map_while(window)
    }

    /// The day of the so-manieth window, counted from zero; `None` at the end of the calendar.
    fn occurrence(&self, number: i32) -> Option<Date> {
        match self.recurrence {
            Recurrence::Daily { days } => self.from.checked_add((i64::from(number) * days).days()).ok(),
            Recurrence::Weekly { weeks, day } => {
                let first = self.from.checked_add(i64::from(self.from.weekday().until(day)).days()).ok()?;
                first.checked_add((i64::from(number) * weeks).weeks()).ok()
            }
            Recurrence::AbsoluteMonthly { months, day } => {
                self.monthly(number * months, |month| month.with().day(day.min(month.days_in_month())).build().ok())
            }
            Recurrence::RelativeMonthly { months, index, day } => {
                self.monthly(number * months, |month| month.nth_weekday_of_month(index, day).ok())
            }
        }
    }

    /// The day that `day_of` finds in the month so many months after the first month that has one on or after the start date.
    fn monthly(&self, months: i32, day_of: impl Fn(Date) -> Option<Date>) -> Option<Date> {
        let first = self.from.first_of_month();
        let late = i32::from(day_of(first)? < self.from);
        day_of(first.checked_add((late + months).months()).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recurring(recurrence: Recurrence, from: &str, start: &str, offset_hours: i8, hours: i64) -> Recurring {
        let offset = Offset::constant(offset_hours);
        Recurring { recurrence, from: from.parse().unwrap(), start: start.parse().unwrap(), offset, hours }
    }

    fn span(from: &str, to: &str) -> Window<Timestamp> {
        Window { opens: from.parse().unwrap(), closes: to.parse().unwrap() }
    }

    /// Windows from March to the end of August 2026, at most `expected` ones compared.
    fn check(recurring: Vec<Recurring>, not_allowed: Vec<Window<Timestamp>>, expected: &[(&str, &str)]) {
        let configuration = MaintenanceConfiguration { recurring, not_allowed };
        let season = span("2026-03-02T00:00:00Z", "2026-09-01T00:00:00Z");
        let found: Vec<Window<Timestamp>> =
            configuration.windows(season.opens, season.closes).into_iter().take(expected.len()).collect();
        let expected: Vec<Window<Timestamp>> = expected.iter().map(|(from, to)| span(from, to)).collect();
        assert_eq!(found, expected);
    }

    /// azure-aks-docs, planned-maintenance.md, 2025-12-19: Mondays from 01:00 to 05:00, and Saturdays from 02:00 to 06:00 at -04:00.
    #[test]
    fn a_weekly_window_opens_on_its_day_in_its_offset() {
        let monday = Recurrence::Weekly { weeks: 1, day: Weekday::Monday };
        let windows =
            [("2026-03-02T01:00:00Z", "2026-03-02T05:00:00Z"), ("2026-03-09T01:00:00Z", "2026-03-09T05:00:00Z")];
        check(vec![recurring(monday, "2026-03-02", "01:00", 0, 4)], vec![], &windows);
        let saturday = Recurrence::Weekly { weeks: 1, day: Weekday::Saturday };
        let windows = [("2026-03-07T06:00:00Z", "2026-03-07T10:00:00Z")];
        check(vec![recurring(saturday, "2026-03-02", "02:00", -4, 4)], vec![], &windows);
    }

    #[test]
    fn intervals_are_counted_from_the_first_window_on_or_after_the_start_date() {
        let fortnight = Recurrence::Weekly { weeks: 2, day: Weekday::Friday };
        let windows =
            [("2026-03-06T00:00:00Z", "2026-03-06T08:00:00Z"), ("2026-03-20T00:00:00Z", "2026-03-20T08:00:00Z")];
        check(vec![recurring(fortnight, "2026-02-18", "00:00", 0, 8)], vec![], &windows);
        let days = Recurrence::Daily { days: 3 };
        let windows =
            [("2026-03-04T22:00:00Z", "2026-03-05T02:00:00Z"), ("2026-03-07T22:00:00Z", "2026-03-08T02:00:00Z")];
        check(vec![recurring(days, "2026-03-04", "22:00", 0, 4)], vec![], &windows);
    }

    #[test]
    fn monthly_windows_open_on_a_date_or_on_a_weekday() {
        let first = Recurrence::AbsoluteMonthly { months: 3, day: 1 };
        let windows =
            [("2026-04-01T17:00:00Z", "2026-04-01T21:00:00Z"), ("2026-07-01T17:00:00Z", "2026-07-01T21:00:00Z")];
        check(vec![recurring(first, "2026-03-02", "09:00", -8, 4)], vec![], &windows);
        let last_day = Recurrence::AbsoluteMonthly { months: 1, day: 31 };
        let windows =
            [("2026-03-31T00:00:00Z", "2026-03-31T04:00:00Z"), ("2026-04-30T00:00:00Z", "2026-04-30T04:00:00Z")];
        check(vec![recurring(last_day, "2026-03-02", "00:00", 0, 4)], vec![], &windows);
        let last_monday = Recurrence::RelativeMonthly { months: 2, index: -1, day: Weekday::Monday };
        let windows =
            [("2026-03-30T00:00:00Z", "2026-03-30T04:00:00Z"), ("2026-05-25T00:00:00Z", "2026-05-25T04:00:00Z")];
        check(vec![recurring(last_monday, "2026-03-02", "00:00", 0, 4)], vec![], &windows);
        let first_monday = Recurrence::RelativeMonthly { months: 1, index: 1, day: Weekday::Monday };
        let windows =
            [("2026-04-06T00:00:00Z", "2026-04-06T04:00:00Z"), ("2026-05-04T00:00:00Z", "2026-05-04T04:00:00Z")];
        check(vec![recurring(first_monday, "2026-03-03", "00:00", 0, 4)], vec![], &windows);
    }

    #[test]
    fn a_window_that_meets_blocked_time_is_cut_and_windows_that_touch_are_one() {
        let daily = Recurrence::Daily { days: 1 };
        let blocked = span("2026-03-03T23:00:00Z", "2026-03-05T01:00:00Z");
        let windows = [
            ("2026-03-02T22:00:00Z", "2026-03-03T02:00:00Z"),
            ("2026-03-03T22:00:00Z", "2026-03-03T23:00:00Z"),
            ("2026-03-05T01:00:00Z", "2026-03-05T02:00:00Z"),
        ];
        check(vec![recurring(daily, "2026-03-02", "22:00", 0, 4)], vec![blocked], &windows);
        let sunday = Recurrence::Weekly { weeks: 1, day: Weekday::Sunday };
        let slots = [0, 1].map(|hour| recurring(sunday, "2026-03-02", &format!("{hour:02}:00"), 0, 1));
        check(slots.into(), vec![], &[("2026-03-08T00:00:00Z", "2026-03-08T02:00:00Z")]);
    }

    #[test]
    fn only_windows_open_in_the_time_asked_for_are_given() {
        let daily = recurring(Recurrence::Daily { days: 1 }, "2026-03-01", "22:00", 0, 4);
        let configuration = MaintenanceConfiguration { recurring: vec![daily], not_allowed: vec![] };
        let day = span("2026-03-03T01:00:00Z", "2026-03-03T22:00:00Z");
        let found = configuration.windows(day.opens, day.closes);
        assert_eq!(found, [span("2026-03-02T22:00:00Z", "2026-03-03T02:00:00Z")]);
    }
}
