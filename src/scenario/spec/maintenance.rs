//! Auto-upgrade channels and planned maintenance as they are written: in the words of `az aks show` and
//! `az aks maintenanceconfiguration show`.

use super::scalar::{ClockTime, Duration};
use super::{Faults, Version};
use deserr::Deserr;
use schemars::JsonSchema;

/// What AKS upgrades by itself.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct AutoUpgradeProfileSpec {
    /// What the Kubernetes version follows: none, patch, stable, rapid or node-image; none unless given.
    #[deserr(default)]
    pub upgrade_channel: Option<String>,
    /// What the node images follow: None, Unmanaged, SecurityPatch or NodeImage; None unless given, where a new cluster in Azure has
    /// NodeImage.
    #[deserr(default, rename = "nodeOSUpgradeChannel")]
    #[schemars(rename = "nodeOSUpgradeChannel")]
    pub node_os_upgrade_channel: Option<String>,
}

/// A Kubernetes version that AKS begins to offer. Where patches of a minor version are named, it has no others.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct AvailableVersionSpec {
    /// The version, in quotes.
    pub version: Version,
    /// From when on, from the start of the scenario; from the start unless given.
    #[deserr(default)]
    pub at: Option<Duration>,
}

/// When AKS may do what by itself. Without the configuration for it: at any time.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaintenanceConfigurationsSpec {
    /// For upgrades of the Kubernetes version.
    #[deserr(default)]
    pub aks_managed_auto_upgrade_schedule: Option<MaintenanceConfigurationSpec>,
    /// For upgrades of the node image.
    #[deserr(default, rename = "aksManagedNodeOSUpgradeSchedule")]
    #[schemars(rename = "aksManagedNodeOSUpgradeSchedule")]
    pub aks_managed_node_os_upgrade_schedule: Option<MaintenanceConfigurationSpec>,
    /// For AKS's own releases, which are not simulated; upgrades asked by hand are measured against it when there is no other.
    #[deserr(default)]
    pub default: Option<MaintenanceConfigurationSpec>,
}

/// One configuration: `maintenanceWindow`, or in `default` also the older `timeInWeek`.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaintenanceConfigurationSpec {
    /// The window.
    #[deserr(default)]
    pub maintenance_window: Option<MaintenanceWindowSpec>,
    /// Hours of the week in UTC, in `default` only.
    #[deserr(default)]
    pub time_in_week: Option<Vec<TimeInWeekSpec>>,
    /// Times in which nothing is done, with `timeInWeek`.
    #[deserr(default)]
    pub not_allowed_time: Option<Vec<TimeSpanSpec>>,
}

/// A window that comes again and again.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaintenanceWindowSpec {
    /// On which days: exactly one of `daily`, `weekly`, `absoluteMonthly` and `relativeMonthly`.
    pub schedule: MaintenanceScheduleSpec,
    /// How long it is open, 4 to 24; 24 unless given.
    #[deserr(default)]
    pub duration_hours: Option<u32>,
    /// When it opens, such as "02:00".
    pub start_time: ClockTime,
    /// Offset from UTC of all days and times here, such as "-04:00"; "+00:00" unless given.
    #[deserr(default)]
    pub utc_offset: Option<String>,
    /// The first day with a window, such as 2026-03-07; the scenario's first day unless given.
    #[deserr(default)]
    pub start_date: Option<String>,
    /// Days without maintenance, first and last included.
    #[deserr(default)]
    pub not_allowed_dates: Option<Vec<DateSpanSpec>>,
}

/// On which days a window opens.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaintenanceScheduleSpec {
    /// Every so many days.
    #[deserr(default)]
    pub daily: Option<DailySpec>,
    /// On a day of every so many weeks.
    #[deserr(default)]
    pub weekly: Option<WeeklySpec>,
    /// On a date of every so many months.
    #[deserr(default)]
    pub absolute_monthly: Option<AbsoluteMonthlySpec>,
    /// On such a weekday of every so many months.
    #[deserr(default)]
    pub relative_monthly: Option<RelativeMonthlySpec>,
}

/// Every so many days.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct DailySpec {
    /// Days from one window to the next, 1 to 7.
    pub interval_days: u32,
}

/// On a day of every so many weeks.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct WeeklySpec {
    /// Weeks from one window to the next, 1 to 4.
    pub interval_weeks: u32,
    /// Monday to Sunday.
    pub day_of_week: String,
}

/// On a date of every so many months.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct AbsoluteMonthlySpec {
    /// Months from one window to the next, 1 to 6.
    pub interval_months: u32,
    /// The date, 1 to 31.
    pub day_of_month: u32,
}

/// On such a weekday of every so many months.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct RelativeMonthlySpec {
    /// Months from one window to the next, 1 to 6.
    pub interval_months: u32,
    /// First, Second, Third, Fourth or Last.
    pub week_index: String,
    /// Monday to Sunday.
    pub day_of_week: String,
}

/// Days, first and last included.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct DateSpanSpec {
    /// First day, such as 2026-12-23.
    pub start: String,
    /// Last day.
    pub end: String,
}

/// Hours of a day of the week, in UTC.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct TimeInWeekSpec {
    /// Monday to Sunday.
    pub day: String,
    /// Hours of the day in which maintenance may be, 0 to 23: 1 is the hour from 01:00 to 02:00.
    pub hour_slots: Vec<u32>,
}

/// A span of time.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct TimeSpanSpec {
    /// First moment, such as 2026-12-23T00:00:00Z.
    pub start: String,
    /// First moment after it.
    pub end: String,
}
