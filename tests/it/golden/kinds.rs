//! One check for each kind of case that is the scheduler's.

use super::json::{entries, list, text};
use super::objects::scene;
use super::objects_v1::normalized_image;
use super::scene::Scene;
use aksim::cluster::NodeInfo;
use aksim::placement::filter::node_resources_fit::{self, Insufficient};
use aksim::placement::filter::{self, PreFilter, node_affinity, pod_topology_spread, taint_toleration};
use aksim::placement::score::{self, node_resources_balanced_allocation};
use aksim::placement::{Cycle, Rejection};
use aksim::scenario::check_weights;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Debug;

/// A version by whose rules a case is judged that holds for all of them.
const ANY: u32 = 35;

/// The last version in which too little of a resource is always `Unschedulable`, as the cases have it.
const BEFORE_UNRESOLVABLE_FIT: u32 = 33;

/// Runs one case; the error says what differs. `None` for a kind that is not the scheduler's.
pub fn check(case: &Value) -> Option<Result<(), String>> {
    let (input, expect) = (&case["input"], &case["expect"]);
    let scores = |plugin: score::Plugin| scores_case(plugin, &scene(input), input, expect);
    let verdicts = |plugin: filter::Plugin| verdicts_case(plugin, ANY, &scene(input), expect);
    Some(match text(&case["kind"]) {
        "score_least_allocated" if !expect["config_invalid"].is_null() => refused_weights(input, expect),
        "score_least_allocated" => scores(score::node_resources_fit::PLUGIN),
        "score_balanced_allocation" => balanced_allocation_case(input, expect),
        "score_taint_toleration" => scores(score::taint_toleration::PLUGIN),
        "score_node_affinity" => scores(score::node_affinity::PLUGIN),
        "score_image_locality" => scores(score::image_locality::PLUGIN),
        "score_pod_topology_spread" => scores(score::pod_topology_spread::PLUGIN),
        "normalize_image_name" => {
            same(&normalized_image(text(&input["image"])), &text(&expect["image"]).into(), "name")
        }
        "filter_taint_toleration" => verdicts(taint_toleration::PLUGIN),
        "filter_pod_topology_spread" => verdicts(pod_topology_spread::PLUGIN),
        "filter_node_affinity" => node_affinity_case(&scene(input), expect),
        "filter_node_resources_fit" => fit_case(&scene(input), expect),
        _ => return None,
    })
}

/// A configuration with such weights is refused, with the place of the wrong one.
fn refused_weights(input: &Value, expect: &Value) -> Result<(), String> {
    let weight = |resource: &Value| (text(&resource["name"]).into(), resource["weight"].as_i64().expect("a weight"));
    let weights: Vec<(Box<str>, i64)> = list(&input["config"]["resources"]).iter().map(weight).collect();
    same(&check_weights(&weights).err().as_deref(), &expect["config_invalid"].as_str(), "refused weight")
}

fn balanced_allocation_case(input: &Value, expect: &Value) -> Result<(), String> {
    let scene = scene(input);
    let minor = if input["config"]["formula"] == "delta" { 36 } else { 35 };
    let plugin = node_resources_balanced_allocation::PLUGIN;
    // Some of upstream's tests score without asking PreScore first.
    let plugin = match expect["prescore"].as_str() {
        Some("not-run") => score::Plugin { is_skipped: |_| false, ..plugin },
        _ => plugin,
    };
    let scores = scene.look(minor, |cycle| plugin.run(cycle, cycle.nodes));
    same_scores(scores.as_deref(), &names(&scene.nodes), expect)
}

/// The scores of one plugin for the `candidates` of the case, or for all nodes.
fn scores_case(plugin: score::Plugin, scene: &Scene, input: &Value, expect: &Value) -> Result<(), String> {
    let candidates: BTreeSet<&str> = list(&input["candidates"]).iter().map(text).collect();
    let is_candidate = |node: &NodeInfo| input["candidates"].is_null() || candidates.contains(&*node.name);
    scene.look(ANY, |cycle| {
        let nodes: Vec<&NodeInfo> = cycle.nodes.iter().copied().filter(|node| is_candidate(node)).collect();
        let names: Vec<&str> = nodes.iter().map(|node| &*node.name).collect();
        same_scores(plugin.run(cycle, &nodes).as_deref(), &names, expect)
    })
}

/// A skipped plugin adds nothing to any node, as scores of 0 do.
fn same_scores(scores: Option<&[i64]>, nodes: &[&str], expect: &Value) -> Result<(), String> {
    if expect["prescore"] == "Skip" {
        return same(&scores.is_none(), &true, "skipped");
    }
    let given: BTreeSet<&str> = entries(&expect["scores"]).map(|(name, _)| name.as_str()).collect();
    same(&nodes.iter().copied().collect(), &given, "nodes with a score")?;
    for (index, node) in nodes.iter().enumerate() {
        let expected = expect["scores"][*node].as_i64();
        same(&Some(scores.map_or(0, |scores| scores[index])), &expected, node)?;
    }
    Ok(())
}

/// What one filter plugin alone says about each node.
fn verdicts_case(plugin: filter::Plugin, minor: u32, scene: &Scene, expect: &Value) -> Result<(), String> {
    scene.look(minor, |cycle| match (plugin.pre_filter)(cycle) {
        PreFilter::Skip => same_verdicts(cycle, |_| Ok(()), expect),
        PreFilter::Reject(rejection) => same_verdicts(cycle, |_| Err(rejection.clone()), expect),
        PreFilter::Each(filter) | PreFilter::Among(_, filter) => {
            same_verdicts(cycle, |node| filter.filter(node), expect)
        }
    })
}

fn same_verdicts<'n>(
    cycle: &Cycle<'n>,
    verdict: impl Fn(&'n NodeInfo) -> Result<(), Rejection<'n>>,
    expect: &Value,
) -> Result<(), String> {
    for node in cycle.nodes {
        let found = verdict(node).map_or_else(|rejection| rejection.code.name(), |()| "Success");
        same(&found, &text(&expect["status"][&*node.name]), &node.name)?;
    }
    Ok(())
}

fn node_affinity_case(scene: &Scene, expect: &Value) -> Result<(), String> {
    let pre_filter = scene.look(ANY, |cycle| match (node_affinity::PLUGIN.pre_filter)(cycle) {
        PreFilter::Skip => "Skip".to_owned(),
        PreFilter::Reject(rejection) => rejection.code.name().to_owned(),
        PreFilter::Each(_) => "Success".to_owned(),
        PreFilter::Among(names, _) => format!("nodes:{}", names.into_iter().collect::<Vec<_>>().join(",")),
    });
    match text(&expect["prefilter"]) {
        "not-run" => {}
        expected => same(&pre_filter.as_str(), &expected, "prefilter")?,
    }
    if expect["status"].is_null() {
        return Ok(()); // PreFilter has rejected the pod, or left it at that.
    }
    verdicts_case(node_affinity::PLUGIN, ANY, scene, expect)
}

fn fit_case(scene: &Scene, expect: &Value) -> Result<(), String> {
    let [node] = &scene.nodes[..] else { return Err("one node expected".to_owned()) };
    let found = node_resources_fit::insufficient(&scene.pod, node, &scene.profile.fit);
    let missing = list(&expect["insufficient"]);
    same(&found.len(), &missing.len(), "resources that do not suffice")?;
    for (missing, found) in missing.iter().zip(&found) {
        // The cases give no amounts for pods.
        let amount = |key: &str, otherwise| missing[key].as_u64().unwrap_or(otherwise);
        let expected = Insufficient {
            resource: text(&missing["resource"]),
            requested: amount("requested", found.requested),
            used: amount("used", found.used),
            capacity: amount("capacity", found.capacity),
        };
        same(found, &expected, "insufficient")?;
    }
    verdicts_case(node_resources_fit::PLUGIN, BEFORE_UNRESOLVABLE_FIT, scene, expect)
}

fn names(nodes: &[NodeInfo]) -> Vec<&str> {
    nodes.iter().map(|node| &*node.name).collect()
}

fn same<T: PartialEq + Debug>(found: &T, expected: &T, what: &str) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:?}, expected {expected:?}")) }
}
