//! How many nodes an upgrade adds, and how many it takes out of service.

use super::Answer;
use super::lab::{Run, Scenario, largest, minutes, smallest};
use aksim::cluster::{Fact, OperationState};
use aksim::scenario::plan::IntOrPercent;
use serde_json::{Value, json};

const UPGRADE: &str = "at: 1h, upgrade: {kubernetesVersion: \"1.35\", pools: [apps]}";

pub fn topic(name: &str) -> Option<super::Topic> {
    Some(match name {
        "max-surge" => max_surge,
        "max-unavailable" => max_unavailable,
        "surge-availability" => availability,
        _ => return None,
    })
}

/// A pool of so many nodes with these settings, upgraded after an hour.
fn upgraded(nodes: u32, settings: &str) -> Scenario {
    Scenario::apps(&format!("count: {nodes}, {settings}")).operation(UPGRADE).lasting("30h")
}

/// The surge nodes that the upgrade of a pool of so many nodes gets.
fn surge_nodes(nodes: u32, settings: &str) -> usize {
    let run = upgraded(nodes, settings).run();
    assert_eq!(*run.operation(0), OperationState::Succeeded);
    run.added("apps", nodes)
}

fn max_surge(input: &Value) -> Answer {
    if let (Some(pools), Some(nodes)) = (input["pools"].as_u64(), input["nodesPerPool"].as_u64()) {
        return several_pools(pools, u32::try_from(nodes).expect("a number"), &input["maxSurge"]);
    }
    match input["condition"].as_str() {
        Some("maxSurge above number of nodes to upgrade") => {
            let capped = [(3, 8), (5, 50)].iter().all(|(nodes, surge)| {
                surge_nodes(*nodes, &format!("upgradeSettings: {{maxSurge: {surge}}}")) == *nodes as usize
            });
            return Answer::Is(json!({"surgeNodes": if capped { "number of nodes to upgrade" } else { "maxSurge" }}));
        }
        Some("pool size + surge above 1000") => return above_the_scale_set(),
        Some(other) => panic!("no such condition: {other}"),
        None => {}
    }
    if input["fullSurgePossible"] == false {
        return Answer::Is(json!({"fallbackSurge": fallback(input["poolVersion"].as_str().expect("a version"))}));
    }
    let Some(written) = input["maxSurge"].as_str() else {
        return default_surge();
    };
    let settings = format!("upgradeSettings: {{maxSurge: {written}}}");
    let Some(percent) = written.strip_suffix('%') else {
        return Answer::Is(json!({"surgeNodes": surge_nodes(12, &settings)}));
    };
    let percent: usize = percent.parse().expect("a percentage");
    let near = |nodes: &u32| (surge_nodes(*nodes, &settings) * 100).abs_diff(*nodes as usize * percent) < 100;
    let exact = [10, 20].iter().all(near);
    let share = if percent == 50 { "half".to_owned() } else { format!("{percent}%") };
    let odd = surge_nodes(7, &settings) * 100;
    let rounding = match odd {
        odd if odd > 7 * percent => "up",
        odd if odd < 7 * percent => "down",
        _ => "none",
    };
    let share = if exact { format!("{share} of current node count") } else { "?".to_owned() };
    Answer::Is(json!({"surgeNodes": share, "rounding": rounding}))
}

/// All pools of a cluster, one of them its system pool, upgraded by one operation.
fn several_pools(pools: u64, nodes: u32, surge: &Value) -> Answer {
    let surge = surge.as_str().expect("a surge");
    let pool = |index: u64| {
        let mode = if index == 0 { "System" } else { "User" };
        format!(
            "name: pool{index}, mode: {mode}, vmSize: Standard_D4s_v5, count: {nodes}, upgradeSettings: {{maxSurge: {surge}}}"
        )
    };
    let all: Vec<String> = (0..pools).map(pool).collect();
    let scenario = Scenario::new(&all.iter().map(String::as_str).collect::<Vec<_>>()).lasting("30h");
    let run = scenario.operation("at: 1h, upgrade: {kubernetesVersion: \"1.35\"}").run();
    assert_eq!(*run.operation(0), OperationState::Succeeded);
    let added: Vec<usize> = (0..pools).map(|index| run.added(&format!("pool{index}"), nodes)).collect();
    assert!(added.iter().all(|one| *one == added[0]), "{added:?}");
    Answer::Is(json!({
        "totalNodes": run.world().live_nodes.len(),
        "surgePerPool": added[0],
        "extraNodesTotal": added.iter().sum::<usize>(),
    }))
}

/// Two pages disagree: 10 % of the nodes (the API specification) and one node.
fn default_surge() -> Answer {
    const NODES: u32 = 20;
    let of = |settings: &str| {
        let plan = upgraded(NODES, settings).plan();
        let written = plan.cluster.pools.iter().find(|pool| pool.name == "apps").expect("the pool").upgrade.max_surge;
        let text = match written {
            IntOrPercent::Int(nodes) => nodes.to_string(),
            IntOrPercent::Percent(percent) => format!("{percent}%"),
        };
        json!({"maxSurge": text, "surgeNodes": surge_nodes(NODES, settings)})
    };
    let one = "with `upgradeSettings: {maxSurge: 1}`; the default is 10 %, as in the API specification";
    Answer::OneOf(vec![(of("osDiskType: Managed"), ""), (of("upgradeSettings: {maxSurge: 1}"), one)])
}

/// A pool that would be too large with its surge nodes is refused, and stays what it is.
fn above_the_scale_set() -> Answer {
    const SURGE: u64 = 2;
    let of = |nodes: u64| {
        Scenario::apps(&format!("count: {nodes}, upgradeSettings: {{maxSurge: {SURGE}}}"))
            .cluster("networkProfile: {podCidr: 64.0.0.0/10}")
            .operation(UPGRADE)
    };
    let most = largest(990, 1000, |nodes| of(nodes).answer().is_ok()).expect("smaller pools are upgraded");
    let run = of(most + 1).run_until(minutes(120), 1);
    let refused = matches!(run.operation(0), OperationState::Refused(_));
    let untouched = run.world().nodes.iter().all(|(_, node)| node.version == run.world().version)
        && run.world().nodes.ids().count() as u64 == most + 2
        && !run.facts.iter().any(|(_, fact)| matches!(fact, Fact::NodeCordoned(_) | Fact::NodeReimaged(_)));
    Answer::Is(json!({
        "accepted": !refused,
        "vmssInstanceLimit": most + SURGE,
        "when": if refused && untouched { "before the upgrade starts" } else { "during the upgrade" },
    }))
}

/// A pool that wants three surge nodes in a subnet that has one address left.
fn wanting(version: &str, next: &str) -> Run {
    // Eleven addresses can be used: one for the system node, nine for the pool.
    Scenario::apps("count: 9, upgradeSettings: {maxSurge: 3}")
        .version(version)
        .subnet("10.224.0.0/28")
        .lasting("30h")
        .operation(&format!("at: 1h, upgrade: {{kubernetesVersion: \"{next}\", pools: [apps]}}"))
        .run()
}

/// The surge with which the upgrade of a pool of this version goes on; 0 when it fails.
fn fallback(version: &str) -> usize {
    let first: aksim::catalog::KubernetesVersion =
        version.split(' ').next().and_then(|word| word.parse().ok()).expect("a version");
    let run = wanting(&first.to_string(), &format!("1.{}", first.minor + 1));
    let before = wanting("1.34", "1.35");
    let refused = matches!(before.operation(0), OperationState::Refused(why) if why.code == "InsufficientSubnetSize");
    assert!(refused, "before 1.35 there is no second attempt");
    if *run.operation(0) == OperationState::Succeeded { run.added_ready("apps", 9) } else { 0 }
}

fn max_unavailable(_: &Value) -> Answer {
    let plan = upgraded(4, "osDiskType: Managed").plan();
    let default = plan.cluster.pools.iter().find(|pool| pool.name == "apps").expect("the pool").upgrade.max_unavailable;
    let IntOrPercent::Int(default) = default else {
        panic!("{default:?}");
    };
    let takes = |surge: u64| {
        let settings = format!("upgradeSettings: {{maxSurge: {surge}, maxUnavailable: {default}}}");
        upgraded(4, &settings).takes("scenario::upgrade_settings")
    };
    let system = |settings: &str| {
        let pool =
            format!("name: apps, mode: System, vmSize: Standard_D4s_v5, count: 3, upgradeSettings: {{{settings}}}");
        Scenario::new(&[&pool]).operation(UPGRADE).answer().is_ok()
    };
    assert!(system("maxSurge: 1"));
    Answer::Is(json!({
        "maxUnavailable": default,
        "requiresMaxSurgeAbove": smallest(0, 10, takes) - 1,
        "allowedOnSystemPool": system("maxSurge: 0, maxUnavailable: 1"),
    }))
}

/// The most nodes of the pool that are cordoned at a time.
fn drained_at_once(run: &Run) -> usize {
    let (mut cordoned, mut most) = (0usize, 0);
    for (_, fact) in &run.facts {
        match fact {
            Fact::NodeCordoned(_) => cordoned += 1,
            Fact::NodeReimaged(_) | Fact::NodeDeleted(_) => cordoned = cordoned.saturating_sub(1),
            _ => {}
        }
        most = most.max(cordoned);
    }
    most
}

/// An upgrade in a subnet with room for exactly so many surge nodes, or with as much room as it likes.
fn availability(input: &Value) -> Answer {
    let number = |key: &str| input[key].as_u64();
    let (surge, unavailable) = (number("maxSurge").unwrap_or(1), number("maxUnavailable").unwrap_or(0));
    let settings = format!("upgradeSettings: {{maxSurge: {surge}, maxUnavailable: {unavailable}}}");
    // A /27 has 27 addresses to hand out, of which the system node takes one.
    let obtainable = number("surgeNodesObtainable");
    let nodes = obtainable.map_or(12, |room| 26 - u32::try_from(room).expect("a number").min(20));
    let scenario = upgraded(nodes, &settings);
    let run = if obtainable.is_some() { scenario.subnet("10.224.0.0/27") } else { scenario }.run();
    Answer::Is(json!({
        "result": if *run.operation(0) == OperationState::Succeeded { "upgrade runs" } else { "upgrade fails" },
        "surgeNodes": run.added_ready("apps", nodes),
        "nodesDrainedAtOnce": drained_at_once(&run),
    }))
}
