//! Which version follows which, and when.

use super::Answer;
use super::lab::{Scenario, largest};
use aksim::catalog::{Catalog, KubernetesVersion, Month, SUPPORTED_AFTER_RELEASE_DAYS, Support};
use aksim::cluster::OperationState;
use aksim::kernel::{SimDuration, SimTime};
use serde_json::{Value, json};

pub fn topic(name: &str) -> Option<super::Topic> {
    Some(match name {
        "version-path" => path,
        "version-skew" => skew,
        "version-window" => window,
        "version-calendar" => calendar,
        "node-pool-rollback" => rollback,
        _ => return None,
    })
}

fn version(text: &str) -> KubernetesVersion {
    let first = text.split(' ').next().unwrap_or("");
    first.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Every month of the calendar.
fn months() -> Vec<Month> {
    (2023..2030).flat_map(|year| (1..=12).map(move |month| Month { year, month })).collect()
}

/// Where a cluster comes from and what it may have.
#[derive(Clone, Copy)]
struct Cluster {
    month: Month,
    from: KubernetesVersion,
    long_term: bool,
}

impl Cluster {
    fn upgrade(self, to: KubernetesVersion, more: &str) -> Result<(), (String, String)> {
        let Month { year, month } = self.month;
        let mut scenario = Scenario::apps("count: 1")
            .version(&self.from.to_string())
            .start(&format!("{year}-{month:02}-15T00:00:00Z"))
            .operation(&format!("at: 1h, upgrade: {{kubernetesVersion: \"{to}\"{more}}}"));
        if self.long_term {
            scenario = scenario.cluster("sku: {tier: Premium}").cluster("supportPlan: AKSLongTermSupport");
        }
        scenario.answer()
    }

    /// The versions on the way, of which each is what AKS offers next.
    fn path(self, to: KubernetesVersion) -> Vec<String> {
        let mut path = vec![self.from.to_string()];
        let mut at = self;
        while at.from < to && path.len() < 10 {
            at.from = match at.upgrade(to, "") {
                Ok(()) => to,
                Err((_, message)) => {
                    let offered =
                        message.split("Available upgrades: [").nth(1).and_then(|rest| rest.split([']', ',']).next());
                    match offered.and_then(|text| text.parse().ok()) {
                        Some(next) => next,
                        None => return path,
                    }
                }
            };
            path.push(at.from.to_string());
        }
        path
    }
}

fn path(input: &Value) -> Answer {
    if !input["current"].is_null() {
        return available_upgrades(version(input["current"].as_str().expect("a version")));
    }
    let (from, to) = (input["from"].as_str().expect("a version"), input["to"].as_str().expect("a version"));
    let long_term = from.ends_with("LTS") && !from.ends_with("non-LTS");
    let unsupported = from.contains("unsupported");
    let (start, end) = (version(from), version(to));
    let catalog = Catalog::get();
    let fits = |month: &Month| {
        let (before, after) = (catalog.support(start, *month), catalog.support(end, *month));
        match (long_term, unsupported) {
            (true, _) => before == Support::LongTerm && matches!(after, Support::Community | Support::LongTerm),
            (_, true) => {
                matches!(before, Support::LongTerm | Support::Ended)
                    && catalog.oldest_supported(*month).is_some_and(|oldest| oldest.minor == end.minor)
            }
            _ => before == Support::Community && after == Support::Community,
        }
    };
    // Versions before the calendar's begin were offered together in its first month, for all that is known.
    let first = Month { year: 2023, month: 6 };
    let month = months().into_iter().find(fits).unwrap_or(first);
    let cluster = Cluster { month, from: start, long_term };
    let direct = cluster.upgrade(end, "");
    let skips = end.minor > start.minor + 1;
    Answer::Is(json!({
        "allowed": direct.is_ok(),
        "allowedDirect": direct.is_ok(),
        "code": direct.as_ref().err().map(|(code, _)| code.clone()),
        "path": cluster.path(end),
        "support": match (direct.is_ok(), skips, catalog.support(start, month)) {
            (true, true, Support::LongTerm | Support::Ended) if !long_term => "unsupported recovery path",
            (true, ..) => "supported",
            (false, ..) => "refused",
        },
        "controlPlaneOnly": cluster.upgrade(end, ", controlPlaneOnly: true").is_ok(),
    }))
}

/// The patch versions that AKS had on offer in the middle of May 2024, when the newest of 1.28 was the example's: by the dates in Azure/AKS,
/// CHANGELOG.md at 001f065, 1.29.4 came with the release of 2024-04-28, 1.28.9 with that of 2024-05-13, 1.27.13 and the preview of 1.30
/// in June.
fn available_upgrades(from: KubernetesVersion) -> Answer {
    let offered = ["1.27.9", "1.28.5", "1.28.9", "1.29.2", "1.29.4"];
    let later = ["1.27.13", "1.28.10", "1.29.5", "1.30.0"];
    let available: Vec<String> = offered.iter().map(|version| format!("{{version: \"{version}\"}}")).collect();
    let mut scenario = Scenario::apps("count: 1").version(&from.to_string()).start("2024-05-20T00:00:00Z");
    scenario.sections = format!("availableVersions: [{}]\n", available.join(", "));
    let upgrade =
        |to: &str| scenario.clone().operation(&format!("at: 1h, upgrade: {{kubernetesVersion: \"{to}\"}}")).answer();
    let upgrades: Vec<&str> = offered.into_iter().chain(later).filter(|to| upgrade(to).is_ok()).collect();
    Answer::Is(json!({"upgrades": upgrades}))
}

fn skew(input: &Value) -> Answer {
    if let Some(server) = input["kubeApiServer"].as_str() {
        let kubectl = version(server).kubectl_versions().map(|version| version.to_string());
        return Answer::Is(json!({"kubectl": kubectl}));
    }
    let (pool, control_plane) =
        (input["nodePool"].as_str().expect("a version"), input["controlPlane"].as_str().expect("a version"));
    let target = version(control_plane);
    let before = KubernetesVersion::minor(target.minor - 1);
    let month = months().into_iter().find(|month| Catalog::get().support(target, *month) == Support::Community);
    let Month { year, month } = month.expect("the version is on the calendar");
    let answer = Scenario::apps(&format!("count: 1, orchestratorVersion: \"{pool}\""))
        .version(&before.to_string())
        .start(&format!("{year}-{month:02}-15T00:00:00Z"))
        .operation(&format!("at: 1h, upgrade: {{kubernetesVersion: \"{control_plane}\", controlPlaneOnly: true}}"))
        .answer();
    Answer::Is(json!({"allowed": answer.is_ok(), "code": answer.err().map(|(code, _)| code)}))
}

fn window(input: &Value) -> Answer {
    let leaves = version(input["released"].as_str().expect("a version")).replaces().to_string();
    let known =
        input["supportedBefore"].as_array().is_some_and(|list| list.iter().any(|other| *other == leaves.as_str()));
    assert!(known, "{leaves} was not supported");
    Answer::Is(json!({"leavesSupport": leaves, "afterDays": SUPPORTED_AFTER_RELEASE_DAYS}))
}

fn calendar(input: &Value) -> Answer {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let wanted = version(input["version"].as_str().expect("a version"));
    let Some(release) = Catalog::get().releases().iter().find(|release| release.version == wanted) else {
        return Answer::NotModelled("a version that is not on the calendar");
    };
    let text = |month: Month| format!("{} {}", NAMES[usize::from(month.month.unsigned_abs()) - 1], month.year);
    Answer::Is(json!({
        "preview": text(release.preview),
        "aksGA": text(release.ga),
        "endOfLife": text(release.end_of_life),
        "ltsEnd": text(release.lts_end_of_life),
    }))
}

/// The whole days after an upgrade for which a roll-back is taken: one that is asked for a minute later is refused.
fn rollback(_: &Value) -> Answer {
    let upgrade = Scenario::apps("count: 1").operation("at: 1h, upgrade: {kubernetesVersion: \"1.35\", pools: [apps]}");
    let run = upgrade.run_until(SimTime::after_start(SimDuration::from_hours(24)), 1);
    assert_eq!(*run.operation(0), OperationState::Succeeded);
    let ended = run.world().operations.iter().find_map(|(_, operation)| operation.ended).expect("the upgrade ended");
    let seconds = |days: u64| ended.micros() / 1_000_000 + days * 24 * 3600;
    let taken = |at: u64| upgrade.clone().operation(&format!("at: {at}s, rollback: {{pool: apps}}")).answer().is_ok();
    let days = largest(1, 20, |days| taken(seconds(days))).expect("a roll-back is taken after a day");
    assert!(!taken(seconds(days) + 60));
    Answer::Is(json!({"daysAfterUpgrade": days}))
}
