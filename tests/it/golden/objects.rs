//! The short objects of `k8s-cases.json` as the plugins know them.

use super::json::{entries, given, labels, list, text};
use super::scene::Scene;
use aksim::cluster::NodeInfo;
use aksim::scenario::plan::{
    AddedAffinity, LabelSelector, NodeSelectorTerm, Operator, PodTemplate, Requirement, SchedulerPlan, SpreadDefaults,
    Taint, TaintEffect, Toleration, TopologySpreadConstraint,
};
use aksim::units::{Bytes, MilliCpu, Resources};
use serde_json::Value;
use std::collections::BTreeMap;

const DEFAULT_CPU: u64 = 100;
const DEFAULT_MEMORY: u64 = 200 * 1024 * 1024;

/// Amounts by resource name.
type Amounts = BTreeMap<String, u64>;

/// The scene of a case's input.
pub fn scene(input: &Value) -> Scene {
    let nodes = list(&input["nodes"]).iter().map(node).collect();
    let mut scene = Scene::new(template(&input["pod"], input), nodes);
    scene.profile = profile(&input["config"]);
    for pod in list(&input["existing_pods"]) {
        let terminating = pod["terminating"].as_bool().unwrap_or(false);
        scene.run(template(pod, input), pod["node"].as_str().unwrap_or_default(), terminating);
    }
    scene
}

fn profile(config: &Value) -> SchedulerPlan {
    let mut profile = SchedulerPlan::default();
    if let Some(resources) = config["resources"].as_array() {
        let name = |resource: &Value| text(&resource["name"]).into();
        profile.fit.resources =
            resources.iter().filter_map(|resource| Some((name(resource), resource["weight"].as_u64()?))).collect();
        profile.balanced_resources = resources.iter().map(name).collect();
    }
    let names = |key: &str| list(&config[key]).iter().map(|name| text(name).into()).collect();
    profile.fit.ignored_resources = names("ignored_resources");
    profile.fit.ignored_resource_groups = names("ignored_resource_groups");
    let (required, preferred) = node_affinity(&config["added_affinity"]);
    profile.added_affinity = AddedAffinity { required, preferred };
    if config["defaulting"] == "List" {
        let constraints = list(&config["default_constraints"]).iter();
        profile.spread_defaults = SpreadDefaults::List(
            constraints.map(|constraint| spread_constraint(constraint, &BTreeMap::new(), true)).collect(),
        );
    }
    profile
}

fn node(node: &Value) -> NodeInfo {
    let taints = list(&node["taints"]).iter().map(taint).collect();
    let allocatable = resources(&amounts(&node["allocatable"]));
    let mut info = NodeInfo::new(text(&node["name"]), labels(&node["labels"]), taints, allocatable);
    for image in list(&node["images"]) {
        let size = Bytes::new(image["size_bytes"].as_u64().expect("a size"));
        info.images.extend(list(&image["names"]).iter().map(|name| (text(name).into(), size)));
    }
    info
}

fn template(pod: &Value, input: &Value) -> PodTemplate {
    let pod_level = input["config"]["pod_level_resources"].as_bool().unwrap_or(true);
    let requests = pod_requests(pod, pod_level, Clone::clone);
    let nonzero = pod_requests(pod, pod_level, |container| {
        let mut filled = container.clone();
        filled.entry("cpu".to_owned()).or_insert(DEFAULT_CPU);
        filled.entry("memory".to_owned()).or_insert(DEFAULT_MEMORY);
        filled
    });
    let nonzero_of = |resource: &str| nonzero.get(resource).copied().unwrap_or(0);
    let (required_affinity, preferred_affinity) = node_affinity(&pod["node_affinity"]);
    let own_labels = labels(&pod["labels"]);
    let match_label_keys = input["config"]["match_label_keys_enabled"].as_bool().unwrap_or(true);
    let spread = list(&pod["topology_spread"]).iter();
    PodTemplate {
        namespace: namespace(pod).into(),
        requests: Resources { pods: 1, ..resources(&requests) },
        nonzero_cpu: MilliCpu::from_millis(nonzero_of("cpu")),
        nonzero_memory: Bytes::new(nonzero_of("memory")),
        node_selector: labels(&pod["node_selector"]),
        required_affinity,
        preferred_affinity,
        topology_spread: spread.map(|one| spread_constraint(one, &own_labels, match_label_keys)).collect(),
        default_spread: default_spread(pod, &own_labels, list(&input["services"])),
        tolerations: list(&pod["tolerations"]).iter().map(toleration).collect(),
        container_images: containers(pod)
            .filter_map(|container| container["image"].as_str())
            .map(|image| super::objects_v1::normalized_image(image).as_str().into())
            .collect(),
        labels: own_labels,
        ..PodTemplate::default()
    }
}

fn namespace(pod: &Value) -> &str {
    pod["namespace"].as_str().unwrap_or("default")
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    list(&pod["init_containers"]).iter().chain(list(&pod["containers"]))
}

/// The pod's request: containers, sidecars and init containers by kube-scheduler's formula, pod-level requests, overhead.
fn pod_requests(pod: &Value, pod_level: bool, of_container: impl Fn(&Amounts) -> Amounts) -> Amounts {
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
    if pod_level {
        main.extend(amounts(&pod["pod_requests"]));
    }
    add(&mut main, &amounts(&pod["overhead"]));
    main
}

fn add(sum: &mut Amounts, other: &Amounts) {
    for (resource, amount) in other {
        *sum.entry(resource.clone()).or_default() += amount;
    }
}

fn amounts(value: &Value) -> Amounts {
    entries(value).map(|(key, value)| (key.clone(), value.as_u64().expect("an amount"))).collect()
}

fn resources(amounts: &Amounts) -> Resources {
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

/// Required terms, `None` when absent, and preferred ones.
fn node_affinity(affinity: &Value) -> (Option<Vec<NodeSelectorTerm>>, Vec<(i64, NodeSelectorTerm)>) {
    let required = &affinity["required"];
    let required = (!required.is_null()).then(|| list(&required["terms"]).iter().map(term).collect());
    let weighted = |one: &Value| (one["weight"].as_i64().expect("a weight"), term(&one["term"]));
    (required, list(&affinity["preferred"]).iter().map(weighted).collect())
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

fn spread_constraint(
    constraint: &Value,
    labels: &BTreeMap<String, String>,
    match_label_keys: bool,
) -> TopologySpreadConstraint {
    let number = |key: &str, otherwise: u64| {
        u32::try_from(constraint[key].as_u64().unwrap_or(otherwise)).expect("a small number")
    };
    let selector = &constraint["selector"];
    let selector = (!selector.is_null()).then(|| {
        let exists = list(&selector["exists"]).iter().map(|key| Requirement {
            key: text(key).into(),
            operator: Operator::Exists,
            values: Vec::new(),
        });
        let keys = list(&constraint["match_label_keys"]).iter().filter(|_| match_label_keys);
        let own = keys.filter_map(|key| labels.get_key_value(text(key))).map(equality);
        LabelSelector { requirements: exists.chain(own).collect() }
    });
    TopologySpreadConstraint {
        max_skew: number("max_skew", 1),
        topology_key: text(&constraint["topology_key"]).into(),
        hard: constraint["when"] == "DoNotSchedule",
        selector,
        min_domains: number("min_domains", 1),
        honors_affinity: constraint["node_affinity_policy"] != "Ignore",
        honors_taints: constraint["node_taints_policy"] == "Honor",
    }
}

/// What the services that select the pod select, all together.
fn default_spread(pod: &Value, labels: &BTreeMap<String, String>, services: &[Value]) -> Option<LabelSelector> {
    let mut requirements = Vec::new();
    for service in services {
        let selector = super::json::labels(&service["selector"]);
        let here = given(service, "namespace").is_none_or(|there| there == namespace(pod));
        if here && selector.iter().all(|(key, value)| labels.get(key) == Some(value)) {
            requirements.extend(selector.iter().map(equality));
        }
    }
    (!requirements.is_empty()).then_some(LabelSelector { requirements })
}

fn equality((key, value): (&String, &String)) -> Requirement {
    Requirement { key: key.as_str().into(), operator: Operator::In, values: vec![value.as_str().into()] }
}

/// A taint; the words are those of the Kubernetes API.
pub fn taint(taint: &Value) -> Taint {
    Taint {
        key: text(&taint["key"]).into(),
        value: taint["value"].as_str().unwrap_or("").into(),
        effect: effect(text(&taint["effect"])),
    }
}

fn toleration(toleration: &Value) -> Toleration {
    Toleration {
        key: given(toleration, "key").map(Into::into),
        value: (given(toleration, "operator") != Some("Exists"))
            .then(|| given(toleration, "value").unwrap_or("").into()),
        effect: given(toleration, "effect").map(effect),
        lasts: None,
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
