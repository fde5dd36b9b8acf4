//! The upgrade of a small pool, step by step and pod by pod.
//!
//! Which of the nodes that are open a pod goes to is the scheduler's choice, and the page says nothing of how it comes to its own. So
//! the scheduler gets no preferences here and draws among all nodes, and the page's run has to be among those that are drawn. What must
//! hold in every run: the steps and their order, where pods may go, and the versions in the end.

use super::Answer;
use super::lab::Scenario;
use aksim::cluster::{Event, Fact, NodeId, Observer, OperationState, World};
use aksim::kernel::EventKey;
use aksim::simulation::Simulation;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Runs that are tried. The page's is one of about 85, whatever the pods are called.
const SEEDS: u64 = 600;

pub fn topic(name: &str) -> Option<super::Topic> {
    (name == "upgrade-trace").then_some(trace as super::Topic)
}

/// What the example expects in the form in which runs are told. Of the page's last list only the versions are taken: it contradicts
/// the moves before it, as the example's note says.
pub fn comparable(topic: &str, expected: &Value) -> Value {
    if topic != "upgrade-trace" {
        return expected.clone();
    }
    let mut steps = Vec::new();
    let mut told = Map::new();
    for step in expected["steps"].as_array().into_iter().flatten() {
        let text = step["do"].as_str().expect("a step says what is done").replace(", ", " ").replace("and ", "");
        let mut words: Vec<&str> = text.split(' ').filter(|word| *word != "surge").collect();
        let node = words.pop().expect("a step names a node");
        steps.extend(words.into_iter().map(|verb| format!("{verb} {node}")));
        if !step["moves"].is_null() {
            told.insert(format!("moves from {node}"), step["moves"].clone());
        }
        if !step["state"].is_null() {
            told.insert(format!("state when {node} is reimaged"), step["state"].clone());
        }
    }
    told.insert("steps".to_owned(), json!(steps));
    told.insert("finalVersions".to_owned(), expected["finalVersions"].clone());
    Value::Object(told)
}

/// One run as it is told, with the letters of the pods not given yet.
#[derive(Default)]
struct Story {
    steps: Vec<String>,
    /// Where each pod is, and from where to where it moves.
    places: BTreeMap<String, NodeId>,
    start: BTreeMap<String, NodeId>,
    moves: BTreeMap<NodeId, BTreeMap<String, NodeId>>,
    states: BTreeMap<NodeId, BTreeMap<String, NodeId>>,
    draining: Option<NodeId>,
}

fn node_name(world: &World, node: NodeId) -> String {
    let state = &world.nodes[node];
    if state.surge { "S".to_owned() } else { format!("N{}", state.instance + 1) }
}

impl Observer for Story {
    fn after_event(&mut self, _: EventKey, _: Event, facts: &[Fact], world: &World) {
        let step = |verb: &str, node| format!("{verb} {}", node_name(world, node));
        for fact in facts {
            match *fact {
                Fact::NodeRequested(node) if world.nodes[node].surge => self.steps.push(step("add", node)),
                Fact::NodeCordoned(node) => {
                    self.draining = Some(node);
                    self.steps.push(step("cordon", node));
                }
                Fact::NodeDrained(node, true) => self.steps.push(step("drain", node)),
                Fact::NodeReimaged(node) => {
                    self.steps.push(step("reimage", node));
                    self.states.insert(node, self.places.clone());
                }
                Fact::NodeDeleted(node) => self.steps.push(step("delete", node)),
                Fact::PodScheduled(pod) => {
                    let node = world.pods[pod].node.expect("a scheduled pod has a node");
                    let name = world.workload_plan(world.pods[pod].workload).name.clone();
                    self.places.insert(name.clone(), node);
                    match self.draining {
                        None => drop(self.start.insert(name, node)),
                        Some(from) => drop(self.moves.entry(from).or_default().insert(name, node)),
                    }
                }
                _ => {}
            }
        }
    }
}

/// The runs with two pods on each node at the start, told with every way of giving their letters.
fn trace(input: &Value) -> Answer {
    let nodes: Vec<(&String, Vec<&str>)> = input["nodes"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, pods)| (name, pods.as_array().into_iter().flatten().filter_map(Value::as_str).collect()))
        .collect();
    let surge = input["maxSurge"].as_u64().expect("a surge");
    let letters: Vec<&str> = nodes.iter().flat_map(|(_, pods)| pods.iter().copied()).collect();
    let version = |key: &str| input[key].as_str().expect("a version").to_owned();
    let mut scenario = Scenario::new(&[&format!(
        "name: apps, mode: System, vmSize: Standard_D4s_v5, count: {}, upgradeSettings: {{maxSurge: {surge}}}",
        nodes.len()
    )])
    .version(&version("from"))
    .start("2025-01-15T00:00:00Z")
    .lasting("12h")
    .operation(&format!("at: 1h, upgrade: {{kubernetesVersion: \"{}\"}}", version("to")));
    for letter in &letters {
        scenario = scenario.deployment(&format!("pod-{}", letter.to_lowercase()), 1, "cpu: 100m, memory: 100Mi");
    }
    scenario.sections =
        "scheduler:\n  pluginConfig:\n    - name: NodeResourcesFit\n      args: {scoringStrategy: {type: \
                         RequestedToCapacityRatio, resources: [{name: cpu}], requestedToCapacityRatio: {shape: \
                         [{utilization: 0, score: 5}, {utilization: 100, score: 5}]}}}\n    - name: \
                         NodeResourcesBalancedAllocation\n      args: {resources: [{name: cpu, weight: 1}]}\n"
            .to_owned();
    let plan = scenario.plan();
    let mut answers: BTreeSet<String> = BTreeSet::new();
    let mut orders: BTreeSet<Vec<String>> = BTreeSet::new();
    for seed in 1..=SEEDS {
        let mut simulation = Simulation::new(&plan, seed);
        let mut story = Story::default();
        simulation.run(&mut story);
        let world = simulation.world();
        assert!(world.operations.iter().all(|(_, operation)| operation.state == OperationState::Succeeded));
        orders.insert(story.steps.clone());
        for names in labellings(world, &story, &nodes) {
            answers.insert(told(world, &story, &names).to_string());
        }
    }
    assert_eq!(orders.len(), 1, "the steps are the same whatever the scheduler chooses: {orders:?}");
    let parse = |text: String| (serde_json::from_str(&text).expect("it was JSON"), CHOSEN);
    let mut answers: Vec<(Value, &'static str)> = answers.into_iter().map(parse).collect();
    if answers.is_empty() {
        answers.push((json!({}), CHOSEN));
    }
    Answer::OneOf(answers)
}

const CHOSEN: &str =
    "in some runs: which open node a pod goes to is the scheduler's choice, and the page does not say how it is made";

/// Every way of giving the letters of a node to the pods that start there; none when their numbers differ.
fn labellings(world: &World, story: &Story, nodes: &[(&String, Vec<&str>)]) -> Vec<BTreeMap<String, String>> {
    let mut all = vec![BTreeMap::new()];
    for (node, letters) in nodes {
        let pods: Vec<&String> =
            story.start.iter().filter(|(_, at)| node_name(world, **at) == **node).map(|(pod, _)| pod).collect();
        if pods.len() != letters.len() {
            return Vec::new();
        }
        let ways = permutations(letters.len());
        all = all
            .into_iter()
            .flat_map(|names: BTreeMap<String, String>| {
                ways.iter()
                    .map({
                        let (pods, letters) = (&pods, letters);
                        move |way| {
                            let more = way.iter().zip(pods).map(|(at, pod)| ((*pod).clone(), letters[*at].to_owned()));
                            names.clone().into_iter().chain(more).collect()
                        }
                    })
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    all
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    (0..count).fold(vec![Vec::new()], |all, next| {
        let insert = |one: Vec<usize>| {
            (0..=one.len()).map(move |at| {
                let mut longer = one.clone();
                longer.insert(at, next);
                longer
            })
        };
        all.into_iter().flat_map(insert).collect()
    })
}

fn told(world: &World, story: &Story, names: &BTreeMap<String, String>) -> Value {
    let mut told = Map::new();
    for (node, moves) in &story.moves {
        let moves: Map<String, Value> =
            sorted(moves.iter().map(|(pod, to)| (names[pod].clone(), json!(node_name(world, *to)))));
        told.insert(format!("moves from {}", node_name(world, *node)), Value::Object(moves));
    }
    for (node, places) in &story.states {
        let on = |node: NodeId| {
            let here = places.iter().filter(|(_, at)| **at == node).map(|(pod, _)| names[pod].clone());
            let mut here: Vec<String> = here.collect();
            here.sort();
            json!(here)
        };
        let state = sorted(world.nodes.ids().map(|node| (node_name(world, node), on(node))));
        told.insert(format!("state when {} is reimaged", node_name(world, *node)), Value::Object(state));
    }
    told.insert("steps".to_owned(), json!(story.steps));
    let versions =
        world.live_nodes.iter().map(|node| (node_name(world, *node), json!(world.nodes[*node].version.to_string())));
    told.insert("finalVersions".to_owned(), Value::Object(sorted(versions)));
    Value::Object(told)
}

fn sorted(entries: impl Iterator<Item = (String, Value)>) -> Map<String, Value> {
    entries.collect::<BTreeMap<_, _>>().into_iter().collect()
}
