//! What an upgrade waits for, what stops it, and the blue-green strategy.

use super::Answer;
use super::lab::{SYSTEM, Scenario, largest, smallest};
use aksim::catalog::limits;
use aksim::cluster::{Fact, OperationState};
use aksim::kernel::SimDuration;
use aksim::scenario::plan::{IntOrPercent, UpgradeSettings, UpgradeStrategy};
use serde_json::{Value, json};

pub fn topic(name: &str) -> Option<super::Topic> {
    Some(match name {
        "upgrade-timers" => timers,
        "upgrade-preconditions" => preconditions,
        "pdb" => budget,
        "blue-green" => blue_green,
        _ => return None,
    })
}

fn settings(pool: &str) -> UpgradeSettings {
    let plan = Scenario::apps(&format!("count: 3{pool}")).plan();
    plan.cluster.pools.iter().find(|pool| pool.name == "apps").expect("the pool is there").upgrade
}

fn in_minutes(duration: SimDuration) -> u64 {
    duration.micros() / 60_000_000
}

/// A setting in minutes: its default, and the least and the most that is taken.
fn range(default: SimDuration, code: &str, pool: impl Fn(u64) -> String) -> Value {
    let default = in_minutes(default);
    let takes = |minutes: u64| Scenario::apps(&format!("count: 3{}", pool(minutes))).takes(code);
    json!({"default": default, "min": smallest(0, default, takes), "max": largest(default, 100_000, takes)})
}

fn timers(_: &Value) -> Answer {
    let default = settings("");
    let of = |key: &'static str| move |minutes: u64| format!(", upgradeSettings: {{{key}: {minutes}}}");
    Answer::Is(json!({
        "drainTimeoutMinutes": range(default.drain_timeout, "scenario::drain_timeout", of("drainTimeoutInMinutes")),
        "nodeSoakMinutes": range(default.soak, "scenario::soak", of("nodeSoakDurationInMinutes")),
    }))
}

/// A cluster of so many nodes is asked to upgrade.
fn preconditions(input: &Value) -> Answer {
    let nodes = input["clusterNodes"].as_u64().expect("a number of nodes");
    let ask = |nodes: u64| {
        let mut pools = vec![SYSTEM.to_owned()];
        let mut left = nodes - 1;
        while left > 0 {
            // Room for surge nodes in every scale set, so that only the size of the cluster can be in the way.
            let count = left.min(900);
            pools.push(format!(
                "name: apps{}, vmSize: Standard_D4s_v5, count: {count}, upgradeSettings: {{maxSurge: 1}}",
                pools.len()
            ));
            left -= count;
        }
        Scenario::new(&pools.iter().map(String::as_str).collect::<Vec<_>>())
            .cluster("networkProfile: {podCidr: 64.0.0.0/10}")
            .cluster("vnet: {subnets: [{name: nodes, addressPrefix: 10.224.0.0/16}]}")
            .operation("at: 1s, upgrade: {kubernetesVersion: \"1.35\"}")
            .answer()
    };
    let answer = ask(nodes);
    let below = answer.as_ref().err().and_then(|(_, message)| {
        let rest = message.split("below ").nth(1)?;
        rest.split(' ').next()?.parse::<u64>().ok()
    });
    if let Some(below) = below {
        assert_eq!(below, u64::from(limits::UPGRADABLE_NODES));
        assert_eq!(ask(below - 1), Ok(()), "once it is smaller, it is upgraded");
    }
    Answer::Is(json!({"upgradeAllowed": answer.is_ok(), "scaleBelowFirst": below}))
}

/// A budget that allows so many disruptions of three pods, and an upgrade.
fn budget(input: &Value) -> Answer {
    let allowed = input["allowedDisruptions"].as_u64().expect("a number");
    let run = Scenario::apps("count: 2, upgradeSettings: {drainTimeoutInMinutes: 5}")
        .deployment("web", 3, "cpu: 100m")
        .manifest(&format!(
            "apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {{name: web}}, spec: {{minAvailable: {}, selector: \
             {{matchLabels: {{app: web}}}}}}",
            3u64.saturating_sub(allowed)
        ))
        .operation("at: 1h, upgrade: {kubernetesVersion: \"1.35\"}")
        .lasting("12h")
        .run();
    let held = run.facts.iter().any(|(_, fact)| matches!(fact, Fact::EvictionRefused(..)));
    let undrained = run.facts.iter().any(|(_, fact)| matches!(fact, Fact::NodeDrained(_, false)));
    let failed = matches!(run.operation(0), OperationState::Failed(_));
    Answer::Is(json!({"canBlockNodeDrain": held && undrained && failed}))
}

fn blue_green(_: &Value) -> Answer {
    let strategy = |written: &str| settings(&format!(", upgradeStrategy: BlueGreen{written}")).strategy;
    let UpgradeStrategy::BlueGreen(default) = strategy("") else {
        panic!("the strategy is blue-green");
    };
    let IntOrPercent::Percent(percent) = default.drain_batch else {
        panic!("{:?}", default.drain_batch);
    };
    let of = |key: &'static str| {
        move |minutes: u64| format!(", upgradeStrategy: BlueGreen, upgradeSettingsBlueGreen: {{{key}: {minutes}}}")
    };
    let ranged = |default, key| range(default, "scenario::blue_green", of(key));
    let (rounding, share) = batches(percent);
    Answer::Is(json!({
        "drainBatchSize": format!("{percent}%"),
        "drainBatchRounding": rounding,
        "drainBatchPercentOf": share,
        "drainTimeoutInMinutes": ranged(default.drain_timeout, "drainTimeoutInMinutes"),
        "batchSoakDurationInMinutes": ranged(default.batch_soak, "batchSoakDurationInMinutes"),
        "finalSoakDurationInMinutes": ranged(default.final_soak, "finalSoakDurationInMinutes"),
    }))
}

/// How the batches of fifteen nodes are rounded, and of which number they are a share: of the blue nodes at the start every batch is as
/// large as the first, of those that are left they become smaller.
fn batches(percent: u32) -> (&'static str, &'static str) {
    const NODES: usize = 15;
    let run = Scenario::apps(&format!("count: {NODES}, upgradeStrategy: BlueGreen"))
        .operation("at: 1h, upgrade: {kubernetesVersion: \"1.35\", pools: [apps]}")
        .lasting("48h")
        .run();
    assert_eq!(*run.operation(0), OperationState::Succeeded);
    let pool = run.pool("apps");
    let blue = |node| run.world().nodes[node].pool == pool && run.world().nodes[node].instance < NODES as u32;
    // Drains less than the soak apart belong to one batch.
    let soak = SimDuration::from_mins(10);
    let (mut sizes, mut last): (Vec<usize>, _) = (Vec::new(), None);
    for (at, fact) in &run.facts {
        if let Fact::NodeDrained(node, _) = fact
            && blue(*node)
        {
            match (sizes.last_mut(), last) {
                (Some(size), Some(before)) if at.since(before) < soak => *size += 1,
                _ => sizes.push(1),
            }
            last = Some(*at);
        }
    }
    assert_eq!(sizes.iter().sum::<usize>(), NODES, "{sizes:?}");
    let exact = NODES * percent as usize;
    let rounding = match sizes[0] * 100 {
        size if size > exact => "up",
        size if size < exact => "down",
        _ => "none",
    };
    let alike = sizes[..sizes.len() - 1].iter().all(|size| *size == sizes[0]);
    (rounding, if alike { "blue nodes at start" } else { "blue nodes that are left" })
}
