//! What AKS upgrades by itself, and when it may.

use super::Answer;
use super::lab::Scenario;
use aksim::catalog::KubernetesVersion;
use aksim::scenario::plan::{Plan, UpgradeChannel, Window};
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

pub fn topic(name: &str) -> Option<super::Topic> {
    Some(match name {
        "auto-upgrade-channel" => channel,
        "maintenance-window" => window,
        _ => return None,
    })
}

const CHANNELS: [(&str, UpgradeChannel); 4] = [
    ("none", UpgradeChannel::None),
    ("patch", UpgradeChannel::Patch),
    ("stable", UpgradeChannel::Stable),
    ("rapid", UpgradeChannel::Rapid),
];

/// Every upgrade until the channel that the scenario gets is content.
fn channel(input: &Value) -> Answer {
    let scenario = Scenario::apps("count: 1");
    let written = match input["channel"].as_str() {
        None => scenario,
        Some("node-image") => return Answer::NotModelled("a list of node images"),
        Some(channel) => scenario.cluster(&format!("autoUpgradeProfile: {{upgradeChannel: {channel}}}")),
    };
    let channel = written.plan().maintenance.channel;
    let name = CHANNELS.into_iter().find(|(_, other)| *other == channel).map(|(name, _)| name);
    let version = |value: &Value| -> Option<KubernetesVersion> { value.as_str()?.parse().ok() };
    let available: Vec<KubernetesVersion> =
        input["available"].as_array().into_iter().flatten().filter_map(version).collect();
    let mut path = Vec::new();
    let mut current = version(&input["current"]);
    while let Some(next) = current.and_then(|current| channel.target(current, &available)) {
        path.push(next.to_string());
        current = Some(next);
    }
    Answer::Is(json!({"channel": name, "path": path}))
}

/// The moments of a window.
fn moments(plan: &Plan, window: Window) -> [Timestamp; 2] {
    [window.opens, window.closes].map(|at| {
        let micros = i64::try_from(at.micros()).expect("a moment");
        plan.start.timestamp().checked_add(micros.microseconds()).expect("a moment")
    })
}

/// `-04:00`.
fn offset_of(text: &str) -> Offset {
    let (hours, minutes) = text.trim_start_matches(['+', '-']).split_once(':').expect("an offset");
    let number = |text: &str| text.parse::<i32>().expect("an offset");
    let seconds = (number(hours) * 60 + number(minutes)) * 60;
    Offset::from_seconds(if text.starts_with('-') { -seconds } else { seconds }).expect("an offset")
}

fn text(moment: Timestamp, offset: Offset, format: &str) -> String {
    offset.to_datetime(moment).strftime(format).to_string()
}

fn scheduled(schedule: &str, start: &str, hours: u64, offset: &str, more: &str) -> Scenario {
    Scenario::apps("count: 1").cluster(&format!(
        "maintenanceConfigurations: {{aksManagedAutoUpgradeSchedule: {{maintenanceWindow: {{schedule: {schedule}, startTime: \
         \"{start}\", durationHours: {hours}, utcOffset: \"{offset}\"{more}}}}}}}"
    ))
}

fn window(input: &Value) -> Answer {
    const CLOCK: &str = "%H:%M";
    let given = |key: &str| input[key].as_str();
    let offset = offset_of(given("utcOffset").unwrap_or("+00:00"));
    if let Some(slots) = input["hourSlots"].as_array() {
        let slots: Vec<String> = slots.iter().map(ToString::to_string).collect();
        let plan = Scenario::apps("count: 1")
            .cluster(&format!(
                "maintenanceConfigurations: {{default: {{timeInWeek: [{{day: Monday, hourSlots: [{}]}}]}}}}",
                slots.join(", ")
            ))
            .plan();
        let windows = plan.maintenance.default.as_deref().unwrap_or_default();
        let [opens, closes] = moments(&plan, windows[0]).map(|moment| text(moment, Offset::UTC, CLOCK));
        return Answer::Is(json!({"fromUtc": opens, "toUtc": closes}));
    }
    let blocked = &input["notAllowedDates"];
    if let (Some(start), Some(end)) = (blocked["start"].as_str(), blocked["end"].as_str()) {
        // Windows that are open all the time but on these dates.
        let days = format!(", notAllowedDates: [{{start: {start}, end: {end}}}]");
        let first: jiff::civil::Date = start.parse().expect("a date");
        let before = first.checked_sub(10.days()).expect("a date");
        let plan = scheduled("{daily: {intervalDays: 1}}", "00:00", 24, given("utcOffset").unwrap_or("+00:00"), &days)
            .start(&format!("{before}T00:00:00Z"))
            .lasting("60d")
            .plan();
        let windows = plan.maintenance.auto_upgrade.as_deref().unwrap_or_default();
        let [one, other] = windows else {
            panic!("{windows:?}");
        };
        let utc = |moment| text(moment, Offset::UTC, "%Y-%m-%dT%H:%M");
        let ([_, from], [to, _]) = (moments(&plan, *one), moments(&plan, *other));
        return Answer::Is(json!({"blockedFromUtc": utc(from), "blockedToUtc": utc(to)}));
    }
    let schedule = match given("schedule") {
        Some("Weekly") => {
            format!("{{weekly: {{dayOfWeek: {}, intervalWeeks: 1}}}}", given("dayOfWeek").expect("a day"))
        }
        Some("Daily") => "{daily: {intervalDays: 1}}".to_owned(),
        _ => return Answer::NotModelled("a schedule that this test does not write"),
    };
    let hours = input["durationHours"].as_u64().expect("hours");
    let plan =
        scheduled(&schedule, given("startTime").expect("a time"), hours, given("utcOffset").unwrap_or("+00:00"), "")
            .plan();
    let windows = plan.maintenance.auto_upgrade.as_deref().unwrap_or_default();
    assert!(windows.len() > 2, "a window every week");
    for window in windows {
        let [opens, _] = moments(&plan, *window);
        assert!(given("dayOfWeek").is_none_or(|day| text(opens, offset, "%A") == day), "{opens}");
    }
    let [from, to] = moments(&plan, windows[0]).map(|moment| text(moment, offset, CLOCK));
    Answer::Is(json!({"from": from, "to": to}))
}
