//! Azure's error codes, each from an operation that meets the error.

use super::Answer;
use super::lab::Scenario;
use serde_json::{Value, json};

pub fn topic(name: &str) -> Option<super::Topic> {
    (name == "error-code").then_some(code as super::Topic)
}

/// Of 251 addresses the two nodes leave 182: enough for the pods of six more, as AKS counts, and not for the nodes themselves.
fn full_subnet() -> Scenario {
    let system = "name: system, mode: System, vmSize: Standard_D4s_v5, count: 1, maxPods: 37";
    Scenario::new(&[system, "name: apps, vmSize: Standard_D4s_v5, count: 1, maxPods: 30"])
        .cluster("networkProfile: {networkPlugin: azure}")
        .subnet("10.224.0.0/24")
        .operation("at: 1h, scale: {pool: apps, count: 7}")
}

fn in_progress() -> Scenario {
    Scenario::apps("count: 1")
        .operation("at: 1h, scale: {pool: apps, count: 3}")
        .operation("at: 3601s, scale: {pool: apps, count: 4}")
}

fn on_the_cluster() -> Scenario {
    Scenario::apps("count: 1")
        .operation("at: 1h, upgrade: {kubernetesVersion: \"1.35\"}")
        .operation("at: 3601s, scale: {pool: apps, count: 4}")
}

fn deletion() -> Scenario {
    Scenario::apps("count: 1")
        .operation("at: 1h, scale: {pool: apps, count: 3}")
        .operation("at: 3601s, deletePool: {pool: apps}")
}

/// A pool that grows while its VM size is not to be had.
fn without_capacity(zones: &str, fault: &str) -> Scenario {
    let mut scenario = Scenario::apps(&format!("count: 1{zones}")).operation("at: 1h, scale: {pool: apps, count: 2}");
    scenario.sections = format!("faults:\n  - {{at: 30m, allocationFailure: {{vmSize: Standard_D4s_v5{fault}}}}}\n");
    scenario
}

/// A subscription that may have as many clusters as it has.
fn one_cluster_too_many() -> Scenario {
    let mut scenario = Scenario::apps("count: 1").operation("at: 1h, create: {}");
    scenario.sections = "quota: {managedClusters: 100, otherManagedClusters: 100}\n".to_owned();
    scenario
}

/// A cluster that is created, or stopped and started, while the region has no control planes.
fn without_control_planes(operation: &str) -> Scenario {
    let mut scenario = Scenario::apps("count: 1");
    if operation.starts_with("start") {
        scenario = scenario.operation("at: 1h, stop: {}");
    }
    scenario = scenario.operation(&format!("at: 4h, {operation}"));
    scenario.sections = "faults:\n  - {at: 3h, controlPlaneCapacity: {}}\n".to_owned();
    scenario
}

/// The message with a sign in place of each number, or of what stands for one.
fn without_numbers(message: &str) -> String {
    let mut plain = String::new();
    for part in message.replace("%d", "0").chars() {
        match part {
            '0'..='9' if plain.ends_with('#') => {}
            '0'..='9' => plain.push('#'),
            other => plain.push(other),
        }
    }
    plain
}

/// The only error of a run, and its message.
fn only_error(scenario: &Scenario) -> (&'static str, String) {
    let mut errors = scenario.clone().lasting("8h").run().errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

fn code(input: &Value) -> Answer {
    if let Some(part) = input["messageContains"].as_str() {
        let all = [full_subnet(), in_progress(), on_the_cluster(), deletion(), one_cluster_too_many()]
            .map(|scenario| only_error(&scenario));
        return match all.iter().find(|(_, message)| without_numbers(message).contains(&without_numbers(part))) {
            Some((code, _)) => Answer::Is(json!({"code": code})),
            None => Answer::Is(json!({})),
        };
    }
    let condition = input["condition"].as_str().expect("a condition");
    if condition.contains("another operation in progress") {
        let (code, _) = only_error(&in_progress());
        assert_eq!(only_error(&on_the_cluster()).0, code, "on a pool and on the cluster");
        Answer::Is(json!({"code": code}))
    } else if condition.contains("delete replaced") {
        Answer::Is(json!({"code": only_error(&deletion()).0}))
    } else if condition.starts_with("no capacity") {
        // Without a word about the code: it follows from what runs out.
        let (zones, fault) =
            if condition.contains("zone") { (", availabilityZones: [\"1\"]", ", zone: 1") } else { ("", "") };
        Answer::Is(json!({"code": only_error(&without_capacity(zones, fault)).0}))
    } else if condition.contains("control-plane capacity") {
        let code = |operation: &str| only_error(&without_control_planes(operation)).0;
        assert_eq!(code("create: {}"), code("start: {}"), "on create and on start");
        Answer::Is(json!({"code": code("create: {}")}))
    } else {
        Answer::NotModelled("a condition that the simulator does not know")
    }
}
