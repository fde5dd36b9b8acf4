//! The cluster as a whole: its tier, its size, stopping and starting, and how often it may be asked.

use super::Answer;
use super::lab::{SYSTEM, Scenario, largest, minutes, smallest};
use aksim::catalog::{Inflight, ScalingSize, Tier, auto_repair, limits};
use aksim::cluster::{Fact, OperationState};
use aksim::kernel::{SimDuration, SimTime};
use aksim::process::control_plane::etag::{self, Method};
use aksim::scenario::plan::EtagCondition;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub fn topic(name: &str) -> Option<super::Topic> {
    Some(match name {
        "pricing-tier" => tier,
        "scale-limits" => scale,
        "stop-start" => stop_start,
        "api-throttling" => throttling,
        "node-auto-repair" => auto_repair,
        "deprecated-api" => deprecated_api,
        "control-plane-scaling" => scaling,
        "api-server" => api_server,
        "etag" => etag,
        "hpa" => |_| Answer::NotModelled("the horizontal pod autoscaler"),
        "coredns-vpa" => |_| Answer::NotModelled("the vertical pod autoscaler"),
        "nap-disruption-budget" => |_| Answer::NotModelled("node auto-provisioning"),
        "overprovisioning" => |_| Answer::NotModelled("a rule of thumb for spare capacity"),
        "node-provisioning-time" => |_| {
            Answer::NotModelled(
                "two to five minutes for a node, without a share of nodes; docs/limits.md says what is found here",
            )
        },
        _ => return None,
    })
}

/// A control plane of a fixed size: its limits, and the durations that its scenarios draw from.
fn scaling(input: &Value) -> Answer {
    let size = input["scalingSize"].as_str().expect("a size");
    let profile = format!("controlPlaneScalingProfile: {{scalingSize: {size}}}");
    let plan = Scenario::apps("count: 1").cluster(&profile).plan();
    let scaling = plan.cluster.scaling.expect("a size");
    let (parts, gib) = ScalingSize::ETCD;
    // The mean of a cycle, from its quantiles.
    let cycles = (0..10_000).map(|i| plan.timings.scheduling_cycle.quantile((f64::from(i) + 0.5) / 10_000.0));
    let cycle = cycles.sum::<f64>() / 10_000.0;
    Answer::Is(json!({
        "apiConcurrency": scaling.inflight(),
        "podsScheduledPerSecond": cycle.recip().round() as u64,
        "etcdPartitions": parts,
        "gibPerPartition": gib,
        "createMinutesApprox": (plan.timings.cluster_create.quantile(0.5) / 60.0).round() as u64,
    }))
}

fn api_server(_: &Value) -> Answer {
    let Inflight { read_only, mutating } = Scenario::apps("count: 1").plan().cluster.tier.inflight();
    Answer::Is(json!({"readOnly": read_only, "mutating": mutating, "total": read_only + mutating}))
}

/// When AKS acts on a node that fails, from a simulation in which every action helps nobody; what it does, from the catalogue.
fn auto_repair(_: &Value) -> Answer {
    let run = |symptom: &str, by_reboot: &str| {
        let mut scenario = Scenario::apps("count: 1").lasting("8h");
        let fault = format!("nodeFailure: {{pool: apps, nodes: 1, symptom: {symptom}, byReboot: {by_reboot}");
        scenario.sections = format!(
            "faults:\n  - {{at: 1h, {fault}, byReimage: 0%, byRedeploy: 0%}}}}\ntiming: {{repair_reboot: 0.001, reimage: 1, repair_redeploy: 1}}\n"
        );
        scenario.run()
    };
    // A reboot that takes no time and always helps tells when it began.
    let repaired = |symptom: &str| {
        let facts = run(symptom, "100%").facts;
        let repaired = facts.iter().find(|(_, fact)| matches!(fact, Fact::NodeRepaired(_)));
        let began = repaired.expect("a reboot helps").0.since(minutes(60));
        (began.as_secs_f64() / 60.0).floor()
    };
    let never = run("Silent", "0%").facts.iter().any(|(_, fact)| matches!(fact, Fact::NodeRepaired(_)));
    assert!(!never, "no action helps");
    let words = |windows| auto_repair::sequence(windows).iter().map(|action| action.name()).collect::<Vec<_>>();
    let in_minutes = |span: SimDuration| span.micros() / 60_000_000;
    Answer::Is(json!({
        "notReadyWindowMinutes": in_minutes(auto_repair::NOT_READY_WINDOW),
        "noStatusMinutes": repaired("Silent"),
        "unhealthyBeforeActionMinutes": repaired("NotReady"),
        "sequenceLinux": words(false),
        "sequenceWindows": words(true),
        "maxSequences": auto_repair::SEQUENCES,
        "totalMaxMinutes": in_minutes(auto_repair::LONGEST),
    }))
}

/// What stands in the way of an upgrade, by trying.
fn deprecated_api(_: &Value) -> Answer {
    // An API that was used from the start until so many minutes before the upgrade, which is asked for so many minutes after a full hour.
    let blocks = |until: u64, asked: u64, verb: &str, operation: &str, from: &str, removed: &str| {
        let mut scenario = Scenario::apps("count: 1").version(from).lasting("3d");
        scenario.sections = format!(
            "workloads:\n  apiUsage: [{{apiVersion: example/v1beta1, verb: {verb}, removedIn: \"{removed}\", until: {until}m}}]\n"
        );
        let offered = ["1.25", "1.26", "1.27"].map(|version| format!("{{version: \"{version}\"}}")).join(", ");
        scenario.sections.push_str(&format!("availableVersions: [{offered}]\n"));
        let answer = scenario.operation(&format!("at: {asked}m, {operation}")).answer();
        answer.err().is_some_and(|(code, message)| {
            assert!(
                code == "ValidationError" && message.starts_with("UpgradeBlockedOnDeprecatedAPIUsage"),
                "{message}"
            );
            true
        })
    };
    const TWO_DAYS: u64 = 48 * 60;
    let upgrade = "upgrade: {kubernetesVersion: \"1.35\"}";
    let is_seen =
        |ago: u64, asked: u64| blocks(TWO_DAYS + asked - ago, TWO_DAYS + asked, "update", upgrade, "1.34", "1.35");
    let lookback = largest(1, 20, |hours| is_seen(hours * 60 - 1, 0)).expect("a use of a minute ago is seen");
    // With an upgrade asked for later, the same use is forgotten when the next hour begins.
    let until = TWO_DAYS - lookback * 60 + 1;
    let forgotten = smallest(0, 240, |asked| !blocks(until, TWO_DAYS + asked, "update", upgrade, "1.34", "1.35"));
    let to = |minor: u64| {
        let operation = format!("upgrade: {{kubernetesVersion: \"1.{minor}\"}}");
        blocks(TWO_DAYS, TWO_DAYS, "update", &operation, &format!("1.{}", minor - 1), &format!("1.{minor}"))
    };
    let image = "upgrade: {nodeImageOnly: true}";
    let reads = ["get", "list", "watch"].iter().all(|verb| !blocks(TWO_DAYS, TWO_DAYS, verb, upgrade, "1.34", "1.35"));
    Answer::Is(json!({
        "lookbackHours": lookback,
        "recordedEveryHours": forgotten / 60,
        "targetVersionAtLeast": format!("1.{}", smallest(25, 27, to)),
        "minorUpgradesOnly": !blocks(TWO_DAYS, TWO_DAYS, "update", image, "1.34", "1.35"),
        "readVerbsIgnored": reads,
    }))
}

/// Pools of so many nodes in all.
fn pools(nodes: u64) -> Vec<String> {
    let mut pools = vec![SYSTEM.to_owned()];
    let mut left = nodes - 1;
    while left > 0 {
        let count = left.min(u64::from(limits::NODES_PER_POOL));
        pools.push(format!("name: apps{}, vmSize: Standard_D4s_v5, count: {count}", pools.len()));
        left -= count;
    }
    pools
}

fn of_size(nodes: u64) -> Scenario {
    let pools = pools(nodes);
    Scenario::new(&pools.iter().map(String::as_str).collect::<Vec<_>>())
        .cluster("networkProfile: {podCidr: 64.0.0.0/10}")
}

fn tier(input: &Value) -> Answer {
    let Some(name) = input["tier"].as_str() else {
        return Answer::NotModelled("Automatic clusters");
    };
    let tier: Tier = name.parse().expect("a tier");
    let sized = |nodes: u64| of_size(nodes).cluster(&format!("sku: {{tier: {name}}}"));
    let most = largest(1, 10_000, |nodes| !sized(nodes).warns("scenario::tier_nodes"));
    let recommended = smallest(1, 9_999, |nodes| {
        sized(nodes).warns("scenario::tier_recommended") || sized(nodes).warns("scenario::tier_nodes")
    });
    Answer::Is(json!({
        "maxNodes": most,
        "recommendedBelowNodes": tier.recommended_below().map(|_| recommended),
        "uptimeSla": tier.uptime_sla(input["availabilityZones"] == true),
    }))
}

fn scale(input: &Value) -> Answer {
    if let Some(nodes) = input["clusterNodes"].as_u64() {
        let small = u32::try_from(nodes).expect("a number of nodes");
        return Answer::Is(json!({
            "userPoolsAtLeast": limits::pools_for(small),
            "batchNodes": limits::scale_step(small),
        }));
    }
    // The largest step in a large cluster of which nothing is said; a small cluster may take any.
    let above = input["nodesAbove"].as_u64().expect("a number of nodes");
    let step = |before: u64, step: u64| {
        let scenario = Scenario::new(&[
            SYSTEM,
            &format!("name: big, vmSize: Standard_D4s_v5, count: {before}"),
            "name: apps, vmSize: Standard_D4s_v5, count: 1",
        ]);
        scenario.operation(&format!("at: 1h, scale: {{pool: apps, count: {}}}", step + 1)).warns("scenario::scale_step")
    };
    let most = largest(1, 999, |nodes| !step(above, nodes)).expect("a step of one node is fine");
    assert!(!step(1, 900), "a small cluster is not told to take steps");
    let ((least, most_advised), wait) = (limits::SCALE_STEP_NODES, limits::SCALE_STEP_WAIT_MINUTES);
    assert_eq!(most, u64::from(most_advised));
    Answer::Is(json!({"batchNodes": [u64::from(least), most], "waitMinutes": wait}))
}

fn stop_start(_: &Value) -> Answer {
    let stops = |nodes: u64| of_size(nodes).operation("at: 1h, stop: {}").answer().is_ok();
    let start = |at: &str| {
        Scenario::apps("count: 1")
            .lasting("2000d")
            .operation("at: 1h, stop: {}")
            .operation(&format!("at: {at}, start: {{}}"))
    };
    let after = |minutes: u64| start(&format!("{}m", 60 + minutes));
    let least = smallest(1, 60, |minutes| !after(minutes).warns("scenario::start_wait"));
    let better = smallest(1, 60, |minutes| !after(minutes).notes("scenario::start_wait"));
    let stopped: jiff::Zoned = "2026-07-01T01:00:00[UTC]".parse().expect("a moment");
    let kept = |months: u64| {
        let months = i32::try_from(months).expect("some months");
        let back = stopped.checked_add(jiff::ToSpan::months(months)).expect("a moment");
        let hours = back.timestamp().duration_since(stopped.timestamp()).as_hours();
        !start(&format!("{}h", hours + 1)).warns("scenario::stopped_state")
    };
    Answer::Is(json!({
        "notUsableAboveNodes": largest(1, 300, stops),
        "statePreservedMonths": largest(1, 36, kept),
        "waitBeforeStartMinutes": [least, better],
    }))
}

/// As many calls as a bucket may hold at once, then one every second: which of them are throttled.
fn throttling(input: &Value) -> Answer {
    let (call, scope) = match input["api"].as_str().expect("a call") {
        "PUT AgentPool" => ("scale: {pool: apps, count: 2}", "agentPool"),
        "PUT ManagedCluster" => ("upgrade: {kubernetesVersion: \"1.35\"}", "managedCluster"),
        "GET ManagedCluster" => ("show: {}", "managedCluster"),
        "LIST ManagedClusters" if input["scope"] == "subscription" => ("list: {scope: Subscription}", "subscription"),
        "LIST ManagedClusters" => ("list: {scope: ResourceGroup}", "resourceGroup"),
        _ => return Answer::NotModelled("calls that do not occur"),
    };
    if input["scope"] != scope {
        return Answer::NotModelled("buckets of whole subscriptions and resource groups");
    }
    const AT_ONCE: usize = 600;
    const SECONDS: usize = 200;
    let mut scenario = Scenario::apps("count: 1").lasting("2h");
    for second in [0; AT_ONCE].into_iter().chain(1..=SECONDS) {
        scenario = scenario.operation(&format!("at: {}s, {call}", 60 + second));
    }
    let taken: Vec<bool> = scenario
        .run()
        .operations()
        .iter()
        .map(|state| !matches!(state, OperationState::Refused(refusal) if refusal.code == "Throttled"))
        .collect();
    let bucket = taken[..AT_ONCE].iter().filter(|taken| **taken).count();
    let later: Vec<usize> = (1..=SECONDS).filter(|second| taken[AT_ONCE + second - 1]).collect();
    let gap = later.windows(2).map(|pair| pair[1] - pair[0]).min().expect("two more calls are taken");
    let per = match gap {
        1 => "second",
        60 => "minute",
        _ => "?",
    };
    Answer::Is(json!({"bucket": bucket, "refill": 1, "per": per}))
}

/// What a request under a condition is answered, of a resource that is missing and of one that exists, as it was read or changed since.
fn etag(input: &Value) -> Answer {
    let method = match input["method"].as_str() {
        Some("PUT") => Method::Put,
        Some("PATCH") => Method::Patch,
        _ => Method::Delete,
    };
    let condition = match input["header"].as_str() {
        Some("if-match *") => Some(EtagCondition::Exists),
        Some("if-match value") => Some(EtagCondition::UnchangedSince(SimTime::ZERO)),
        Some("if-none-match *") => Some(EtagCondition::IsMissing),
        _ => None,
    };
    let answer = |exists, changed| etag::status(method, condition, exists, changed);
    let exists: BTreeSet<u16> = [false, true].map(|changed| answer(true, changed)).into();
    Answer::Is(json!({"resourceMissing": answer(false, false), "resourceExists": exists}))
}
