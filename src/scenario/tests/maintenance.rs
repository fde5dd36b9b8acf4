//! Maintenance in scenarios: what `az` prints is read, and what it means.

use super::{CLUSTER, HEAD, errors, lines, read};
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::plan::{MaintenancePlan, NodeOsChannel, UpgradeChannel, Window};

fn maintenance(text: &str) -> MaintenancePlan {
    let loaded = read(&format!("{HEAD}{CLUSTER}{text}"));
    loaded.study.points[0].plan.maintenance.clone()
}

fn hours(opens: u64, closes: u64) -> Window {
    let at = |hour| SimTime::after_start(SimDuration::from_hours(hour));
    Window { opens: at(opens), closes: at(closes) }
}

#[test]
fn without_a_word_about_it_nothing_is_upgraded_by_itself() {
    let plan = maintenance("");
    assert_eq!((plan.channel, plan.node_os_channel), (UpgradeChannel::None, NodeOsChannel::None));
    assert!(!plan.has_windows());
}

/// The scenario begins on Monday, 2026-03-02. Hours of the week: API specification of 2025-05-01.
#[test]
fn hours_of_the_week_are_in_utc() {
    let default = "  maintenanceConfigurations: {default: {timeInWeek: [{day: Tuesday, hourSlots: [0, 1]}]}}\n";
    assert_eq!(maintenance(default).default, Some(vec![hours(24, 26)]));
}

#[test]
fn a_configuration_is_read_as_az_prints_it_and_lasts_a_day_by_default() {
    let text = "  maintenanceConfigurations:
    aksManagedNodeOsUpgradeSchedule:
      id: /subscriptions/0/maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule
      name: aksManagedNodeOSUpgradeSchedule
      resourceGroup: group
      notAllowedTime: null
      timeInWeek: null
      maintenanceWindow:
        notAllowedDates: [{start: 2026-03-03, end: 2026-03-03}]
        schedule: {absoluteMonthly: null, daily: {intervalDays: 1}, relativeMonthly: null, weekly: null}
        startTime: '20:00'
        utcOffset: '+02:00'
";
    let loaded = read(&format!("{HEAD}{CLUSTER}{text}"));
    assert!(lines(&loaded.warnings).iter().all(|line| line.contains("read-only")), "{:?}", lines(&loaded.warnings));
    let plan = &loaded.study.points[0].plan.maintenance;
    // The window of Sunday is open at the start and touches that of Monday, which ends at midnight at +02:00; then again from Wednesday on, which at that offset begins at 22:00 UTC; the window
    // of Wednesday opens after the two days of the scenario.
    assert_eq!(plan.node_os, Some(vec![hours(0, 22), hours(46, 66)]));
}

#[test]
fn a_window_that_crosses_midnight_is_open_on_the_first_morning_unless_days_are_left_out() {
    let windows = |days: u32| {
        let window =
            format!("{{schedule: {{daily: {{intervalDays: {days}}}}}, durationHours: 4, startTime: \"22:00\"}}");
        let text = format!(
            "  maintenanceConfigurations: {{aksManagedAutoUpgradeSchedule: {{maintenanceWindow: {window}}}}}\n"
        );
        maintenance(&text).auto_upgrade
    };
    assert_eq!(windows(1), Some(vec![hours(0, 2), hours(22, 26), hours(46, 50)]));
    assert_eq!(windows(2), Some(vec![hours(22, 26)]));
}

#[test]
fn time_without_maintenance_ends_after_it_begins() {
    let time = "notAllowedTime: [{start: \"2026-03-04T00:00:00Z\", end: \"2026-03-03T00:00:00Z\"}]";
    let default = format!("{{timeInWeek: [{{day: Tuesday, hourSlots: [0]}}], {time}}}");
    let found = errors(&format!("{HEAD}{CLUSTER}  maintenanceConfigurations: {{default: {default}}}\n"), &[]);
    assert!(
        matches!(&found[..], [error] if error.contains("notAllowedTime") && error.contains("lies before")),
        "{found:?}"
    );
}

#[test]
fn a_channel_whose_run_reaches_beyond_the_calendar_wants_to_know_what_comes() {
    let warnings = |start: &str, more: &str| {
        let text =
            format!("{HEAD}start: {start}T00:00:00Z\n{CLUSTER}  autoUpgradeProfile: {{upgradeChannel: rapid}}\n{more}");
        lines(&read(&text).warnings).iter().filter(|line| line.contains("calendar ends with")).count()
    };
    assert_eq!(warnings("2026-03-02", ""), 0);
    assert_eq!(warnings("2027-03-02", ""), 1);
    assert_eq!(warnings("2027-03-02", "availableVersions: [{version: \"1.38\"}]\n"), 0);
}

#[test]
fn the_channel_of_node_images_keeps_to_the_schedule_of_the_cluster() {
    let weekly = "{schedule: {weekly: {dayOfWeek: Tuesday, intervalWeeks: 1}}, durationHours: 4, startTime: \"02:00\"}";
    let plan = maintenance(&format!(
        "  autoUpgradeProfile: {{upgradeChannel: node-image}}\n  maintenanceConfigurations: {{aksManagedAutoUpgradeSchedule: {{maintenanceWindow: {weekly}}}}}\n"
    ));
    assert_eq!((plan.channel, plan.node_os_channel), (UpgradeChannel::None, NodeOsChannel::NodeImage));
    assert_eq!(plan.node_os, Some(vec![hours(26, 30)]));
}
