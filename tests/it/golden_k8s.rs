//! kube-scheduler's own test cases for the plugins that exist here: facts transcribed from its table tests, each with its source.

use aksim::catalog::KubernetesVersion;
use aksim::cluster::NodeInfo;
use aksim::placement::filter::node_resources_fit::Insufficient;
use aksim::placement::filter::{Target, node_affinity, node_resources_fit, taint_toleration};
use aksim::placement::score::{self, Resource, least_allocated, node_resources_balanced_allocation};
use aksim::placement::{Code, PodView, Rejection, Rules};
use aksim::scenario::plan::{NodeSelectorTerm, Operator, PodTemplate, Requirement, Taint, TaintEffect, Toleration};
use aksim::units::{Bytes, MilliCpu, Resources};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Cases that the crate has no counterpart for, with the reason.
const SKIPPED: [(&str, &str); 3] = [
    ("least-11", "resource weights are not configurable, so none is refused"),
    ("least-12", "resource weights are not configurable, so none is refused"),
    ("least-13", "resource weights are not configurable, so none is refused"),
];

const DEFAULT_CPU: u64 = 100;
const DEFAULT_MEMORY: u64 = 200 * 1024 * 1024;

/// Amounts by resource name.
type Amounts = BTreeMap<String, u64>;

#[test]
fn kube_schedulers_own_cases_agree() {
    let file: Value = serde_json::from_str(include_str!("../golden/k8s-cases.json")).expect("the cases are JSON");
    let (mut tally, mut failures) = (BTreeMap::<&str, [usize; 3]>::new(), Vec::new());
    for case in list(&file["cases"]) {
        let counts = tally.entry(text(&case["kind"])).or_default();
        if let Some((id, reason)) = SKIPPED.iter().find(|(id, _)| *id == case["id"]) {
            println!("skipped {id}: {reason}");
            counts[2] += 1;
            continue;
        }
        match check(case) {
            Ok(()) => counts[0] += 1,
            Err(difference) => {
                counts[1] += 1;
                failures.push(format!("{} ({}): {difference}", case["id"], case["source"]["name"]));
            }
        }
    }
    for (kind, [passed, failed, skipped]) in &tally {
        println!("{kind:28} passed {passed:3}  failed {failed:3}  skipped {skipped:3}");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let run: usize = tally.values().map(|counts| counts[0]).sum();
    assert_eq!(run, 89, "cases that agree");
}

/// Runs one case; the error says what differs.
fn check(case: &Value) -> Result<(), String> {
    let (input, expect) = (&case["input"], &case["expect"]);
    let pod = template(&input["pod"], &input["config"]);
    let nodes: Vec<NodeInfo> = list(&input["nodes"]).iter().map(|node| node_info(node, input)).collect();
    let pod = &PodView::of(&pod);
    match text(&case["kind"]) {
        "score_least_allocated" => least_allocated_case(pod, &nodes, input, expect),
        "score_balanced_allocation" => balanced_allocation_case(pod, &nodes, input, expect),
        "score_taint_toleration" => scores_case(score::taint_toleration::score, pod, &nodes, expect),
        "score_node_affinity" => scores_case(score::node_affinity::score, pod, &nodes, expect),
        "filter_taint_toleration" => statuses_case(taint_toleration::filter, pod, &nodes, expect),
        "filter_node_affinity" => node_affinity_case(pod, &nodes, input, expect),
        "filter_node_resources_fit" => fit_case(pod, &nodes, expect),
        other => Err(format!("unknown kind {other}")),
    }
}

fn least_allocated_case(pod: &PodView<'_>, nodes: &[NodeInfo], input: &Value, expect: &Value) -> Result<(), String> {
    let resources = resources(&input["config"]);
    let scores: Vec<i64> =
        nodes.iter().map(|node| least_allocated::node_score(pod.template, node, &resources)).collect();
    same_scores(Some(&scores), nodes, expect)
}

fn balanced_allocation_case(
    pod: &PodView<'_>,
    nodes: &[NodeInfo],
    input: &Value,
    expect: &Value,
) -> Result<(), String> {
    let rules = rules(if input["config"]["formula"] == "delta" { 36 } else { 35 });
    let infos: Vec<&NodeInfo> = nodes.iter().collect();
    let scores =
        node_resources_balanced_allocation::score_resources(pod.template, &infos, &resources(&input["config"]), &rules);
    same_scores(scores.as_deref(), nodes, expect)
}

fn scores_case(
    plugin: fn(&PodView<'_>, &[&NodeInfo], &Rules) -> Option<Vec<i64>>,
    pod: &PodView<'_>,
    nodes: &[NodeInfo],
    expect: &Value,
) -> Result<(), String> {
    let infos: Vec<&NodeInfo> = nodes.iter().collect();
    same_scores(plugin(pod, &infos, &rules(35)).as_deref(), nodes, expect)
}

/// A skipped plugin adds nothing to any node, as scores of 0 do.
fn same_scores(scores: Option<&[i64]>, nodes: &[NodeInfo], expect: &Value) -> Result<(), String> {
    if expect["prescore"] == "Skip" {
        return same(&scores.is_none(), &true, "skipped");
    }
    for (index, node) in nodes.iter().enumerate() {
        let expected = expect["scores"][&*node.name].as_i64();
        same(&Some(scores.map_or(0, |scores| scores[index])), &expected, &node.name)?;
    }
    Ok(())
}

fn statuses_case(
    plugin: aksim::placement::filter::Filter,
    pod: &PodView<'_>,
    nodes: &[NodeInfo],
    expect: &Value,
) -> Result<(), String> {
    for node in nodes {
        let verdict = plugin(pod, &Target { node, condition_taints: &[] }, &rules(33));
        same(&status(&verdict), &text(&expect["status"][&*node.name]), &node.name)?;
    }
    Ok(())
}

fn node_affinity_case(pod: &PodView<'_>, nodes: &[NodeInfo], input: &Value, expect: &Value) -> Result<(), String> {
    let names = node_affinity::node_names(pod);
    match text(&expect["prefilter"]) {
        "UnschedulableAndUnresolvable" => return same(&names.map(|names| names.is_empty()), &Some(true), "prefilter"),
        "Success" | "Skip" | "not-run" => same(&names, &None, "prefilter")?,
        restricted => {
            let expected = restricted.strip_prefix("nodes:").expect("nodes:a,b").split(',').collect();
            same(&names, &Some(expected), "prefilter")?;
        }
    }
    // The plugin's argument addedAffinity, which has no counterpart, is one more condition on the node.
    let added = &input["config"]["added_affinity"]["required"]["terms"];
    for node in nodes {
        let verdict = node_affinity::filter(pod, &Target { node, condition_taints: &[] }, &rules(35));
        let admitted =
            added.is_null() || list(added).iter().any(|added| node_affinity::term_matches(&term(added), node));
        let status = if admitted { status(&verdict) } else { Code::UnschedulableAndUnresolvable.name() };
        same(&status, &text(&expect["status"][&*node.name]), &node.name)?;
    }
    Ok(())
}

fn fit_case(pod: &PodView<'_>, nodes: &[NodeInfo], expect: &Value) -> Result<(), String> {
    let [node] = nodes else { return Err("one node expected".to_owned()) };
    let found = node_resources_fit::insufficient(pod.template, node);
    let expected: Vec<_> = list(&expect["insufficient"])
        .iter()
        .zip(&found)
        .map(|(missing, found)| {
            // The cases give no amounts for pods.
            let amount = |key: &str, otherwise| missing[key].as_u64().unwrap_or(otherwise);
            Insufficient {
                resource: text(&missing["resource"]),
                requested: amount("requested", found.requested),
                used: amount("used", found.used),
                capacity: amount("capacity", found.capacity),
            }
        })
        .collect();
    same(&found.len(), &list(&expect["insufficient"]).len(), "resources that do not suffice")?;
    same(&found, &expected, "insufficient")?;
    statuses_case(node_resources_fit::filter, pod, nodes, expect)
}

/// The rules of Kubernetes 1.`minor`.
fn rules(minor: u32) -> Rules {
    Rules::of(KubernetesVersion::minor(minor))
}

fn same<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T, what: &str) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:?}, expected {expected:?}")) }
}

fn status(verdict: &Result<(), Rejection<'_>>) -> &'static str {
    verdict.as_ref().map_or_else(|rejection| rejection.code.name(), |()| "Success")
}

fn node_info(node: &Value, input: &Value) -> NodeInfo {
    let name = text(&node["name"]);
    let mut info = NodeInfo {
        name: name.into(),
        labels: Arc::new(labels(&node["labels"])),
        taints: list(&node["taints"]).iter().map(taint).collect(),
        unschedulable: false,
        allocatable: to_resources(&amounts(&node["allocatable"])),
        requested: Resources::default(),
        nonzero_cpu: MilliCpu::ZERO,
        nonzero_memory: Bytes::ZERO,
        host_ports: Vec::new(),
    };
    for pod in list(&input["existing_pods"]).iter().filter(|pod| pod["node"] == name) {
        info.add(&template(pod, &Value::Null));
    }
    info
}

fn template(pod: &Value, config: &Value) -> PodTemplate {
    let mut requests = pod_requests(pod, |container| container.clone());
    for ignored in list(&config["ignored_resources"]) {
        requests.remove(text(ignored));
    }
    let nonzero = pod_requests(pod, |container| {
        let mut filled = container.clone();
        filled.entry("cpu".to_owned()).or_insert(DEFAULT_CPU);
        filled.entry("memory".to_owned()).or_insert(DEFAULT_MEMORY);
        filled
    });
    let required = &pod["node_affinity"]["required"];
    let nonzero_of = |resource: &str| nonzero.get(resource).copied().unwrap_or(0);
    PodTemplate {
        requests: Resources { pods: 1, ..to_resources(&requests) },
        nonzero_cpu: MilliCpu::from_millis(nonzero_of("cpu")),
        nonzero_memory: Bytes::new(nonzero_of("memory")),
        node_selector: labels(&pod["node_selector"]),
        required_affinity: (!required.is_null()).then(|| list(&required["terms"]).iter().map(term).collect()),
        preferred_affinity: list(&pod["node_affinity"]["preferred"])
            .iter()
            .map(|preferred| (preferred["weight"].as_i64().expect("a weight"), term(&preferred["term"])))
            .collect(),
        tolerations: list(&pod["tolerations"]).iter().map(toleration).collect(),
        ..PodTemplate::default()
    }
}

/// The pod's request: containers, sidecars and init containers by kube-scheduler's formula, pod-level requests, overhead.
fn pod_requests(pod: &Value, of_container: impl Fn(&Amounts) -> Amounts) -> Amounts {
    let (mut main, mut sidecars, mut init_peak) = (Amounts::new(), Amounts::new(), Amounts::new());
    for container in list(&pod["containers"]) {
        add(&mut main, &of_container(&amounts(&container["requests"])));
    }
    for container in list(&pod["init_containers"]) {
        let mut used = of_container(&amounts(&container["requests"]));
        if container["restart_policy"] == "Always" {
            add(&mut sidecars, &used);
            used = sidecars.clone();
        } else {
            add(&mut used, &sidecars);
        }
        for (resource, amount) in used {
            let peak = init_peak.entry(resource).or_default();
            *peak = amount.max(*peak);
        }
    }
    add(&mut main, &sidecars);
    for (resource, amount) in init_peak {
        let total = main.entry(resource).or_default();
        *total = amount.max(*total);
    }
    main.extend(amounts(&pod["pod_requests"]));
    add(&mut main, &amounts(&pod["overhead"]));
    main
}

fn add(sum: &mut Amounts, other: &Amounts) {
    for (resource, amount) in other {
        *sum.entry(resource.clone()).or_default() += amount;
    }
}

fn to_resources(amounts: &Amounts) -> Resources {
    let mut resources = Resources::default();
    for (name, amount) in amounts {
        match name.as_str() {
            "cpu" => resources.cpu = MilliCpu::from_millis(*amount),
            "memory" => resources.memory = Bytes::new(*amount),
            "ephemeral-storage" => resources.ephemeral = Bytes::new(*amount),
            "pods" => resources.pods = u32::try_from(*amount).expect("a number of pods"),
            extended => {
                resources.extended.insert(extended.into(), *amount);
            }
        }
    }
    resources
}

fn resources(config: &Value) -> Vec<(Resource<'_>, u64)> {
    let resource = |name| match name {
        "cpu" => Resource::Cpu,
        "memory" => Resource::Memory,
        extended => Resource::Extended(extended),
    };
    list(&config["resources"])
        .iter()
        .map(|entry| (resource(text(&entry["name"])), entry["weight"].as_u64().expect("a weight")))
        .collect()
}

fn term(term: &Value) -> NodeSelectorTerm {
    let requirements = |key: &str| list(&term[key]).iter().map(requirement).collect();
    NodeSelectorTerm { expressions: requirements("match_expressions"), fields: requirements("match_fields") }
}

fn requirement(requirement: &Value) -> Requirement {
    Requirement {
        key: text(&requirement["key"]).into(),
        operator: match text(&requirement["op"]) {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            "Gt" => Operator::Gt,
            "Lt" => Operator::Lt,
            other => panic!("operator {other}"),
        },
        values: list(&requirement["values"]).iter().map(|value| text(value).into()).collect(),
    }
}

fn taint(taint: &Value) -> Taint {
    Taint {
        key: text(&taint["key"]).into(),
        value: taint["value"].as_str().unwrap_or("").into(),
        effect: effect(text(&taint["effect"])),
    }
}

fn toleration(toleration: &Value) -> Toleration {
    let given = |key: &str| toleration[key].as_str().filter(|value| !value.is_empty());
    Toleration {
        key: given("key").map(Into::into),
        value: (given("operator") != Some("Exists")).then(|| given("value").unwrap_or("").into()),
        effect: given("effect").map(effect),
    }
}

fn effect(effect: &str) -> TaintEffect {
    match effect {
        "NoSchedule" => TaintEffect::NoSchedule,
        "PreferNoSchedule" => TaintEffect::PreferNoSchedule,
        "NoExecute" => TaintEffect::NoExecute,
        other => panic!("effect {other}"),
    }
}

/// The elements of a list; none for an absent one.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text"))
}

fn labels(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    pairs.map(|(key, value)| (key.clone(), text(value).to_owned())).collect()
}

fn amounts(value: &Value) -> Amounts {
    let pairs = value.as_object().into_iter().flatten();
    pairs.map(|(key, value)| (key.clone(), value.as_u64().expect("an amount"))).collect()
}
