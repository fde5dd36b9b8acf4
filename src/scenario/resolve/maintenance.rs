//! Auto-upgrade channels, the versions they may take, and the windows of planned maintenance.

use super::Resolver;
use crate::catalog::{Catalog, KubernetesVersion, Month};
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::plan::{
    AvailableVersion, MaintenanceConfiguration, MaintenancePlan, NodeOsChannel, Recurrence, Recurring, UpgradeChannel,
    Window,
};
use crate::scenario::spec::{
    MaintenanceConfigurationSpec, MaintenanceScheduleSpec, MaintenanceWindowSpec, ScenarioSpec,
};
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan, Zoned};
use std::ops::RangeInclusive;

const CODE: &str = "scenario::maintenance";
const AT: &str = "/cluster/maintenanceConfigurations";
const CHANNELS_AT: &str = "/cluster/autoUpgradeProfile";

/// Ranges of the API specification of 2025-05-01.
const HOURS: RangeInclusive<u32> = 4..=24;
const DEFAULT_HOURS: u32 = 24;
const DAYS: RangeInclusive<u32> = 1..=7;
const WEEKS: RangeInclusive<u32> = 1..=4;
const MONTHS: RangeInclusive<u32> = 1..=6;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("Monday", Weekday::Monday),
    ("Tuesday", Weekday::Tuesday),
    ("Wednesday", Weekday::Wednesday),
    ("Thursday", Weekday::Thursday),
    ("Friday", Weekday::Friday),
    ("Saturday", Weekday::Saturday),
    ("Sunday", Weekday::Sunday),
];

/// Resolves all of it for a run that begins at `start`.
pub(super) fn resolve(
    resolver: &mut Resolver<'_>,
    spec: &ScenarioSpec,
    start: &Zoned,
    duration: SimDuration,
) -> MaintenancePlan {
    let (channel, node_os_channel, of_images) = channels(resolver, spec);
    let mut plan = MaintenancePlan {
        channel,
        node_os_channel,
        available: available(resolver, spec, start, duration),
        available_is_written: spec.available_versions.is_some(),
        ..MaintenancePlan::default()
    };
    if channel != UpgradeChannel::None && !plan.available_is_written {
        warn_of_calendar(resolver, start, duration);
    }
    let Some(written) = &spec.cluster.maintenance_configurations else {
        return plan;
    };
    let mut windows = |name: &str, written: &Option<MaintenanceConfigurationSpec>| {
        let configuration = (Context { resolver, start }).configuration(name, written.as_ref()?);
        Some(in_the_run(&configuration, start, duration))
    };
    plan.auto_upgrade = windows("aksManagedAutoUpgradeSchedule", &written.aks_managed_auto_upgrade_schedule);
    plan.node_os = windows("aksManagedNodeOSUpgradeSchedule", &written.aks_managed_node_os_upgrade_schedule);
    plan.default = windows("default", &written.default);
    if of_images && plan.node_os.is_none() {
        plan.node_os = plan.auto_upgrade.clone(); // The channel node-image is one of the cluster and keeps to its schedule.
    }
    plan
}

/// The two channels, and whether the cluster's is `node-image`.
fn channels(resolver: &mut Resolver<'_>, spec: &ScenarioSpec) -> (UpgradeChannel, NodeOsChannel, bool) {
    let Some(written) = &spec.cluster.auto_upgrade_profile else {
        return (UpgradeChannel::None, NodeOsChannel::None, false);
    };
    let cluster = [
        ("none", Some(UpgradeChannel::None)),
        ("patch", Some(UpgradeChannel::Patch)),
        ("stable", Some(UpgradeChannel::Stable)),
        ("rapid", Some(UpgradeChannel::Rapid)),
        ("node-image", None),
    ];
    let node_os = [
        ("None", NodeOsChannel::None),
        ("Unmanaged", NodeOsChannel::Unmanaged),
        ("SecurityPatch", NodeOsChannel::SecurityPatch),
        ("NodeImage", NodeOsChannel::NodeImage),
    ];
    let chosen = written.upgrade_channel.as_deref();
    let chosen = chosen.and_then(|text| {
        resolver.choice(&format!("{CHANNELS_AT}/upgradeChannel"), "scenario::channel", text, &cluster)
    });
    let node_os_at = format!("{CHANNELS_AT}/nodeOSUpgradeChannel");
    let of_nodes = written.node_os_upgrade_channel.as_deref();
    let of_nodes = of_nodes.and_then(|text| resolver.choice(&node_os_at, "scenario::channel", text, &node_os));
    // Source: azure-aks-docs, auto-upgrade-node-os-image.md, 2026-06-26.
    if chosen == Some(None) {
        if of_nodes.is_some_and(|of_nodes| of_nodes != NodeOsChannel::NodeImage) {
            let found = "the channel node-image of the cluster sets it to NodeImage";
            resolver.error(&node_os_at, "scenario::channel", found, "write NodeImage, or another upgradeChannel");
        }
        return (UpgradeChannel::None, NodeOsChannel::NodeImage, true);
    }
    if let Some(NodeOsChannel::Unmanaged | NodeOsChannel::SecurityPatch) = of_nodes {
        resolver.note(&node_os_at, "scenario::not_simulated", "patches of running nodes are not simulated");
    }
    (chosen.flatten().unwrap_or_default(), of_nodes.unwrap_or_default(), false)
}

/// A channel does not take versions that AKS's calendar does not know yet.
fn warn_of_calendar(resolver: &mut Resolver<'_>, start: &Zoned, duration: SimDuration) {
    let end = i64::try_from(duration.micros()).ok().and_then(|micros| start.checked_add(micros.microseconds()).ok());
    let (Some(last), Some(end)) = (Catalog::get().releases().last(), end.as_ref().map(Month::of)) else {
        return;
    };
    if last.ga < end {
        let (version, comes) = (last.version, last.ga);
        let found = format!("the run reaches to {end}, and AKS's calendar ends with {version}, which comes in {comes}");
        let remedy = "write availableVersions with what is to come";
        resolver.warn(&format!("{CHANNELS_AT}/upgradeChannel"), "scenario::version_calendar", found, remedy);
    }
}

/// The versions on offer by the moment from which on: as written, else those of AKS's calendar, from the first day of their month in
/// UTC on. A cluster whose version names no patch has the latest of those on offer at the start.
fn available(
    resolver: &mut Resolver<'_>,
    spec: &ScenarioSpec,
    start: &Zoned,
    duration: SimDuration,
) -> Vec<AvailableVersion> {
    let cluster = spec.cluster.kubernetes_version.0;
    let mut versions: Vec<AvailableVersion> = match &spec.available_versions {
        Some(written) => written
            .iter()
            .enumerate()
            .map(|(index, written)| {
                let at = written.at.map_or(SimDuration::ZERO, |at| at.0);
                if at >= duration && !duration.is_zero() {
                    let pointer = format!("/availableVersions/{index}/at");
                    let found = format!("{at} lies after the end of the scenario");
                    resolver.error(
                        &pointer,
                        "scenario::available_versions",
                        found,
                        format!("write less than {duration}"),
                    );
                }
                AvailableVersion { version: written.version.0, from: SimTime::after_start(at) }
            })
            .collect(),
        None => of_the_calendar(start),
    };
    let has_already = |version: KubernetesVersion| cluster.patch.is_none() && version.minor == cluster.minor;
    let fixed = |version: &AvailableVersion| version.from == SimTime::ZERO && has_already(version.version);
    for version in versions.iter_mut().filter(|version| fixed(version)) {
        version.version = cluster;
    }
    versions.sort_by_key(|version| (version.from, version.version));
    versions
}

fn of_the_calendar(start: &Zoned) -> Vec<AvailableVersion> {
    let first_day = |month: Month| {
        let day = Date::new(month.year, month.month, 1).expect("a month of the calendar has a first day");
        day.to_zoned(TimeZone::UTC).expect("midnight exists in UTC").timestamp()
    };
    let releases = Catalog::get().releases().iter();
    let version = |release: &crate::catalog::Release| AvailableVersion {
        version: release.version,
        from: since(start, first_day(release.ga)),
    };
    releases.map(version).collect()
}

/// The windows that are open at some time of the run, in virtual time.
fn in_the_run(configuration: &MaintenanceConfiguration, start: &Zoned, duration: SimDuration) -> Vec<Window> {
    let micros = i64::try_from(duration.micros()).unwrap_or(i64::MAX);
    let end = start.timestamp().checked_add(micros.microseconds()).unwrap_or(Timestamp::MAX);
    let windows = configuration.windows(start.timestamp(), end);
    windows
        .into_iter()
        .map(|window| Window { opens: since(start, window.opens), closes: since(start, window.closes) })
        .collect()
}

/// The moment in virtual time; the start for what lies before it.
fn since(start: &Zoned, moment: Timestamp) -> SimTime {
    let micros = moment.as_microsecond() - start.timestamp().as_microsecond();
    SimTime::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// Reading of one configuration.
struct Context<'a, 'b> {
    resolver: &'a mut Resolver<'b>,
    start: &'a Zoned,
}

impl Context<'_, '_> {
    fn configuration(&mut self, name: &str, written: &MaintenanceConfigurationSpec) -> MaintenanceConfiguration {
        let at = format!("{AT}/{name}");
        match (&written.maintenance_window, &written.time_in_week) {
            (Some(window), None) => {
                if name == "default" && window.schedule.weekly.is_none() {
                    let found = "default has no weekly schedule, and knows no other";
                    self.error(&format!("{at}/maintenanceWindow/schedule"), found, "write weekly: {…}");
                }
                self.window(&format!("{at}/maintenanceWindow"), window)
            }
            (None, Some(_)) if name == "default" => self.time_in_week(&at, written),
            _ => {
                let remedy = if name == "default" {
                    "write maintenanceWindow, or timeInWeek"
                } else {
                    "write maintenanceWindow"
                };
                self.error(&at, "found not exactly one window", remedy);
                MaintenanceConfiguration::default()
            }
        }
    }

    fn window(&mut self, at: &str, written: &MaintenanceWindowSpec) -> MaintenanceConfiguration {
        let hours = written.duration_hours.unwrap_or(DEFAULT_HOURS);
        self.in_range(&format!("{at}/durationHours"), hours, HOURS);
        let offset = match &written.utc_offset {
            None => Some(Offset::UTC),
            Some(text) => self.offset(&format!("{at}/utcOffset"), text),
        };
        let offset = offset.unwrap_or(Offset::UTC);
        let from = written.start_date.as_ref().and_then(|text| self.date(&format!("{at}/startDate"), text));
        let mut not_allowed = Vec::new();
        for (index, span) in written.not_allowed_dates.iter().flatten().enumerate() {
            let at = format!("{at}/notAllowedDates/{index}");
            let (first, last) =
                (self.date(&format!("{at}/start"), &span.start), self.date(&format!("{at}/end"), &span.end));
            if let (Some(first), Some(last)) = (first, last) {
                if last < first {
                    self.error(
                        &at,
                        "the end lies before the start",
                        "write the first day as start and the last as end",
                    );
                }
                not_allowed.extend(days(first, last, offset));
            }
        }
        let Some(recurrence) = self.recurrence(&format!("{at}/schedule"), &written.schedule) else {
            return MaintenanceConfiguration::default();
        };
        let from = from.unwrap_or_else(|| {
            let today = offset.to_datetime(self.start.timestamp()).date();
            // One that comes every time came yesterday too, and may be open still.
            if recurrence.comes_every_time() { today.yesterday().unwrap_or(today) } else { today }
        });
        let minutes = written.start_time.0.micros() / 60_000_000;
        let part = |value: u64| i8::try_from(value).expect("a time of day has fewer than 60 hours and minutes");
        let start = Time::constant(part(minutes / 60), part(minutes % 60), 0, 0);
        let recurring = Recurring { recurrence, from, start, offset, hours: i64::from(hours) };
        MaintenanceConfiguration { recurring: vec![recurring], not_allowed }
    }

    fn recurrence(&mut self, at: &str, written: &MaintenanceScheduleSpec) -> Option<Recurrence> {
        let mut kinds = Vec::new();
        if let Some(daily) = &written.daily {
            self.in_range(&format!("{at}/daily/intervalDays"), daily.interval_days, DAYS);
            kinds.push(Some(Recurrence::Daily { days: i64::from(daily.interval_days.max(1)) }));
        }
        if let Some(weekly) = &written.weekly {
            self.in_range(&format!("{at}/weekly/intervalWeeks"), weekly.interval_weeks, WEEKS);
            let day = self.weekday(&format!("{at}/weekly/dayOfWeek"), &weekly.day_of_week);
            kinds.push(day.map(|day| Recurrence::Weekly { weeks: i64::from(weekly.interval_weeks.max(1)), day }));
        }
        if let Some(monthly) = &written.absolute_monthly {
            let months = self.months(&format!("{at}/absoluteMonthly/intervalMonths"), monthly.interval_months);
            self.in_range(&format!("{at}/absoluteMonthly/dayOfMonth"), monthly.day_of_month, 1..=31);
            let day = i8::try_from(monthly.day_of_month.clamp(1, 31)).expect("a date has two digits");
            kinds.push(Some(Recurrence::AbsoluteMonthly { months, day }));
        }
        if let Some(monthly) = &written.relative_monthly {
            let months = self.months(&format!("{at}/relativeMonthly/intervalMonths"), monthly.interval_months);
            let indexes = [("First", 1), ("Second", 2), ("Third", 3), ("Fourth", 4), ("Last", -1)];
            let index_at = format!("{at}/relativeMonthly/weekIndex");
            let index = self.resolver.choice(&index_at, CODE, &monthly.week_index, &indexes);
            let day = self.weekday(&format!("{at}/relativeMonthly/dayOfWeek"), &monthly.day_of_week);
            let both = index.zip(day);
            kinds.push(both.map(|(index, day)| Recurrence::RelativeMonthly { months, index, day }));
        }
        if kinds.len() != 1 {
            let remedy = "write one of daily, weekly, absoluteMonthly and relativeMonthly";
            self.error(at, "found not exactly one schedule", remedy);
            return None;
        }
        kinds.remove(0)
    }

    /// The older form: hours of the week, in UTC.
    fn time_in_week(&mut self, at: &str, written: &MaintenanceConfigurationSpec) -> MaintenanceConfiguration {
        let mut configuration = MaintenanceConfiguration::default();
        // A day earlier, so that a window that is open at midnight is known from its beginning.
        let today = Offset::UTC.to_datetime(self.start.timestamp()).date();
        let from = today.yesterday().unwrap_or(today);
        for (index, of_day) in written.time_in_week.iter().flatten().enumerate() {
            let at = format!("{at}/timeInWeek/{index}");
            let Some(day) = self.weekday(&format!("{at}/day"), &of_day.day) else {
                continue;
            };
            for (slot, hour) in of_day.hour_slots.iter().enumerate() {
                self.in_range(&format!("{at}/hourSlots/{slot}"), *hour, 0..=23);
                let hour = i8::try_from((*hour).min(23)).expect("an hour has two digits");
                configuration.recurring.push(Recurring {
                    recurrence: Recurrence::Weekly { weeks: 1, day },
                    from,
                    start: Time::constant(hour, 0, 0, 0),
                    offset: Offset::UTC,
                    hours: 1,
                });
            }
        }
        for (index, span) in written.not_allowed_time.iter().flatten().enumerate() {
            let at = format!("{at}/notAllowedTime/{index}");
            let mut moment = |key: &str, text: &str| {
                let moment = text.parse::<Timestamp>().ok();
                if moment.is_none() {
                    let found = format!("found \"{text}\"");
                    self.error(&format!("{at}/{key}"), found, "write a moment such as 2026-12-23T00:00:00Z");
                }
                moment
            };
            if let (Some(opens), Some(closes)) = (moment("start", &span.start), moment("end", &span.end)) {
                if closes < opens {
                    let remedy = "write the first moment as start and the last as end";
                    self.error(&at, "the end lies before the start", remedy);
                }
                configuration.not_allowed.push(Window { opens, closes });
            }
        }
        configuration
    }

    fn months(&mut self, at: &str, months: u32) -> i32 {
        self.in_range(at, months, MONTHS);
        i32::try_from(months.clamp(*MONTHS.start(), *MONTHS.end())).expect("a number of months has one digit")
    }

    fn weekday(&mut self, at: &str, text: &str) -> Option<Weekday> {
        self.resolver.choice(at, CODE, text, &WEEKDAYS)
    }

    fn date(&mut self, at: &str, text: &str) -> Option<Date> {
        let date = text.parse().ok();
        if date.is_none() {
            self.error(at, format!("found \"{text}\""), "write a day such as 2026-03-07");
        }
        date
    }

    /// `+02:00`, `-04:00`.
    fn offset(&mut self, at: &str, text: &str) -> Option<Offset> {
        let parse = || {
            let (sign, rest) = match text.split_at_checked(1)? {
                ("+", rest) => (1, rest),
                ("-", rest) => (-1, rest),
                _ => return None,
            };
            let (hours, minutes) = rest.split_once(':')?;
            let two_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = |text: &str| text.parse::<i32>().ok().filter(|_| two_digits(text));
            let (hours, minutes) = (number(hours)?, number(minutes)?);
            let fits = (0..=14).contains(&hours) && (0..60).contains(&minutes);
            fits.then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())?
        };
        let offset = parse();
        if offset.is_none() {
            self.error(at, format!("found \"{text}\""), "write an offset from UTC in quotes, such as \"-04:00\"");
        }
        offset
    }

    fn in_range(&mut self, at: &str, value: u32, range: RangeInclusive<u32>) {
        if !range.contains(&value) {
            let remedy = format!("write {} to {}", range.start(), range.end());
            self.error(at, format!("found {value}"), &remedy);
        }
    }

    fn error(&mut self, at: &str, found: impl Into<String>, remedy: &str) {
        self.resolver.error(at, CODE, found, remedy);
    }
}

/// Whole days in an offset, the last one included. Source: the API specification of 2025-05-01.
fn days(first: Date, last: Date, offset: Offset) -> Option<Window<Timestamp>> {
    let midnight = |day: Date| offset.to_timestamp(day.to_datetime(Time::midnight())).ok();
    Some(Window { opens: midnight(first)?, closes: midnight(last.tomorrow().ok()?)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the API specification of 2025-05-01.
    #[test]
    fn days_without_maintenance_are_whole_days_of_the_offset() {
        let days = days("2022-12-23".parse().unwrap(), "2023-01-03".parse().unwrap(), Offset::constant(2));
        let expected =
            Window { opens: "2022-12-22T22:00:00Z".parse().unwrap(), closes: "2023-01-03T22:00:00Z".parse().unwrap() };
        assert_eq!(days, Some(expected));
    }

    /// azure-aks-docs, supported-kubernetes-versions.md, 2026-08-05.
    #[test]
    fn a_version_of_the_calendar_is_on_offer_from_its_month_on() {
        let versions = of_the_calendar(&"2026-03-02T00:00:00[UTC]".parse().unwrap());
        let from = |minor| versions.iter().find(|version| version.version.minor == minor).unwrap().from;
        assert_eq!(from(35), SimTime::ZERO);
        assert_eq!(from(36), SimTime::after_start(SimDuration::from_hours(24 * 91)));
    }
}
