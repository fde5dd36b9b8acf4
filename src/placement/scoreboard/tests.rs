//! The scoreboard decides as the reference does: random clusters, pods and changes, both asked at every step.

use super::*;
use crate::catalog::KubernetesVersion;
use crate::cluster::NodeInfo;
use crate::kernel::{Stream, Streams};
use crate::placement::reference;
use crate::placement::spread::HOSTNAME;
use crate::scenario::plan::{
    AddedAffinity, FitArgs, HostPort, LabelSelector, NodeSelectorTerm, Operator, PodAffinity, PodAffinityTerm,
    Requirement, ScoringStrategy, SpreadDefaults, Taint, TaintEffect, Toleration, TopologySpreadConstraint,
};
use crate::units::{Bytes, MilliCpu, Resources};
use std::collections::BTreeMap;

/// Random cases of the identity: the number that the project promises.
const CASES: u64 = 10_000;

/// A cluster with what the scheduler knows of it, in the reference's way and in the scoreboard's.
struct Case {
    draws: Stream,
    templates: Vec<PodTemplate>,
    profile: SchedulerPlan,
    rules: Rules,
    nodes: Vec<NodeInfo>,
    /// Bound pods: node, workload, terminating.
    pods: Vec<(usize, WorkloadId, bool)>,
    order: Vec<NodeId>,
    start: usize,
    board: Scoreboard,
    /// Decisions: with a node, with one drawn out of several, without one, and those that did not look at every node.
    seen: [usize; 4],
}

fn one_of<T: Clone>(draws: &mut Stream, list: &[T]) -> T {
    list[draws.below(list.len() as u64) as usize].clone()
}

fn requirement(key: &str, operator: Operator, value: &str) -> Requirement {
    Requirement { key: key.into(), operator, values: vec![value.into()] }
}

fn selector(draws: &mut Stream) -> Option<LabelSelector> {
    let requirement = |value: &str| LabelSelector { requirements: vec![requirement("app", Operator::In, value)] };
    match draws.below(10) {
        0 => None,
        1 => Some(LabelSelector::default()),
        _ => Some(requirement(one_of(draws, &["a", "b", "c"]))),
    }
}

fn term(draws: &mut Stream) -> PodAffinityTerm {
    PodAffinityTerm {
        topology_key: one_of(draws, &[HOSTNAME, "topology.kubernetes.io/zone", "rack", "shelf", "odd"]).into(),
        selector: selector(draws),
        namespaces: one_of(draws, &[None, Some(vec!["default".into()]), Some(vec!["other".into()])]),
    }
}

fn node_term(draws: &mut Stream) -> NodeSelectorTerm {
    let rack = one_of(draws, &["r0", "r1", "r2"]);
    let operator = one_of(draws, &[Operator::In, Operator::NotIn]);
    NodeSelectorTerm { expressions: vec![requirement("rack", operator, rack)], fields: Vec::new() }
}

fn constraint(draws: &mut Stream) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew: 1 + draws.below(3) as u32,
        topology_key: one_of(draws, &[HOSTNAME, "topology.kubernetes.io/zone", "rack", "shelf"]).into(),
        hard: draws.chance(0.5),
        selector: selector(draws),
        min_domains: one_of(draws, &[1, 1, 2, 4]),
        honors_affinity: draws.chance(0.7),
        honors_taints: draws.chance(0.3),
    }
}

/// Up to `most` things, none of them with probability `1 - chance`.
fn some<T>(draws: &mut Stream, chance: f64, most: u64, make: impl Fn(&mut Stream) -> T) -> Vec<T> {
    if !draws.chance(chance) {
        return Vec::new();
    }
    (0..=draws.below(most)).map(|_| make(draws)).collect()
}

fn template(draws: &mut Stream) -> PodTemplate {
    let (cpu, memory) = (one_of(draws, &[0, 50, 300, 700, 2000]), one_of(draws, &[0, 64, 500, 900]));
    let gpus = if draws.chance(0.1) { 1 } else { 0 };
    let toleration = |key: &str| Toleration { key: Some(key.into()), value: None, effect: None, lasts: None };
    PodTemplate {
        namespace: one_of(draws, &["default", "default", "other"]).into(),
        labels: [("app".to_owned(), one_of(draws, &["a", "b", "c"]).to_owned())].into(),
        requests: Resources {
            cpu: MilliCpu::from_millis(cpu),
            memory: Bytes::from_mib(memory),
            pods: 1,
            extended: if gpus > 0 { [("nvidia.com/gpu".into(), gpus)].into() } else { BTreeMap::new() },
            ..Resources::default()
        },
        nonzero_cpu: MilliCpu::from_millis(if cpu == 0 { 100 } else { cpu }),
        nonzero_memory: Bytes::from_mib(if memory == 0 { 200 } else { memory }),
        required_affinity: draws.chance(0.2).then(|| vec![node_term(draws)]),
        preferred_affinity: some(draws, 0.2, 2, |draws| (1 + draws.below(100) as i64, node_term(draws))),
        pod_affinity: PodAffinity {
            required: some(draws, 0.15, 2, term),
            required_anti: some(draws, 0.15, 2, term),
            preferred: some(draws, 0.2, 2, |draws| (one_of(draws, &[-70, -1, 1, 30, 100]), term(draws))),
        },
        topology_spread: some(draws, 0.3, 3, constraint),
        default_spread: if draws.chance(0.5) { selector(draws) } else { None },
        tolerations: if draws.chance(0.3) { vec![toleration("hard")] } else { Vec::new() },
        host_ports: some(draws, 0.1, 1, |_| HostPort { ip: "0.0.0.0".into(), protocol: "TCP".into(), port: 80 }),
        container_images: some(draws, 0.4, 3, |draws| one_of(draws, &["a:1", "b:1", "c:1"]).into()),
        ..PodTemplate::default()
    }
}

fn node(draws: &mut Stream, number: usize) -> NodeInfo {
    let name = format!("n{number}");
    let mut labels: BTreeMap<String, String> = [(HOSTNAME.to_owned(), name.clone())].into();
    // Large clusters have so many shelves that nodes are told apart by what is counted there.
    labels.insert("shelf".to_owned(), format!("s{}", number % 90));
    if draws.chance(0.9) {
        labels.insert("topology.kubernetes.io/zone".to_owned(), one_of(draws, &["z0", "z1", "z2"]).to_owned());
    }
    if draws.chance(0.8) {
        labels.insert("rack".to_owned(), one_of(draws, &["r0", "r1", "r2", ""]).to_owned());
    }
    let effects = [TaintEffect::NoSchedule, TaintEffect::PreferNoSchedule, TaintEffect::NoExecute];
    let taint = |draws: &mut Stream| Taint {
        key: one_of(draws, &["hard", "soft"]).into(),
        value: "".into(),
        effect: one_of(draws, &effects),
    };
    let allocatable = Resources {
        cpu: MilliCpu::from_millis(one_of(draws, &[0, 1900, 3860])),
        memory: Bytes::from_mib(one_of(draws, &[2000, 4000, 4001])),
        pods: one_of(draws, &[3, 10, 110]),
        extended: if draws.chance(0.3) { [("nvidia.com/gpu".into(), 2)].into() } else { BTreeMap::new() },
        ..Resources::default()
    };
    let taints = some(draws, 0.25, 2, taint);
    let mut node = NodeInfo::new(&name, labels, taints, allocatable);
    for image in some(draws, 0.5, 3, |draws| one_of(draws, &["a:1", "b:1", "c:1"])) {
        node.images.insert(image.into(), Bytes::from_mib(one_of(draws, &[10, 300, 900])));
    }
    node
}

fn profile(draws: &mut Stream) -> SchedulerPlan {
    let shape = ScoringStrategy::RequestedToCapacityRatio(vec![(0, 10), (60, 3), (100, 0)]);
    let strategy = one_of(draws, &[ScoringStrategy::LeastAllocated, ScoringStrategy::MostAllocated, shape]);
    let usual = SchedulerPlan::default();
    if draws.chance(0.6) {
        let spread_defaults = one_of(draws, &[SpreadDefaults::System, SpreadDefaults::Aks]);
        return SchedulerPlan { spread_defaults, ..usual };
    }
    SchedulerPlan {
        percentage_of_nodes_to_score: one_of(draws, &[0, 40, 100]),
        fit: FitArgs {
            strategy,
            resources: vec![("cpu".into(), 2), ("nvidia.com/gpu".into(), 5)],
            ..FitArgs::default()
        },
        balanced_resources: vec!["cpu".into(), "memory".into(), "nvidia.com/gpu".into()],
        added_affinity: AddedAffinity { required: None, preferred: some(draws, 0.3, 1, |draws| (7, node_term(draws))) },
        hard_pod_affinity_weight: one_of(draws, &[0, 1, 50]),
        spread_defaults: SpreadDefaults::List(some(draws, 0.7, 2, constraint)),
        ..usual
    }
}

/// Those of some version that the model tells apart.
fn any_rules(draws: &mut Stream) -> Rules {
    Rules::of(KubernetesVersion::minor(31 + draws.below(6) as u32))
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut draws = Streams::new(seed).stream("test", "scoreboard");
        let templates: Vec<PodTemplate> = (0..2 + draws.below(4)).map(|_| template(&mut draws)).collect();
        // One in twenty-five is so large that the search stops early.
        let count = if seed.is_multiple_of(25) { 100 + draws.below(150) } else { 1 + draws.below(12) };
        let nodes: Vec<NodeInfo> = (0..count as usize).map(|number| node(&mut draws, number)).collect();
        let profile = profile(&mut draws);
        let rules = any_rules(&mut draws);
        let order = (0..nodes.len()).map(NodeId::from_index).collect();
        let mut case = Self {
            draws,
            templates,
            profile,
            rules,
            nodes,
            pods: Vec::new(),
            order,
            start: 0,
            board: Scoreboard::default(),
            seen: [0; 4],
        };
        case.board.set_order(&case.order, &case.nodes);
        case
    }

    fn step(&mut self) {
        match self.draws.below(20) {
            0..=11 => self.schedule(),
            12 | 13 if !self.pods.is_empty() => self.end_pod(),
            14 if !self.pods.is_empty() => self.terminate_pod(),
            15 => self.change_node(|draws, node| node.unschedulable = draws.chance(0.3)),
            16 => self.change_node(|draws, node| node.set_ready(draws.chance(0.7))),
            17 => self.add_image(),
            18 => self.change_order(),
            19 if self.draws.chance(0.2) => self.rules = any_rules(&mut self.draws),
            _ => self.schedule(),
        }
    }

    fn schedule(&mut self) {
        let workload = WorkloadId::from_index(self.draws.below(self.templates.len() as u64) as usize);
        let template = &self.templates[workload.index()];
        assert!(Scoreboard::knows(template));
        let infos: Vec<&NodeInfo> = self.order.iter().map(|node| &self.nodes[node.index()]).collect();
        let cycle = Cycle {
            pod: PodView::of(template),
            nodes: &infos,
            templates: &self.templates,
            profile: &self.profile,
            rules: self.rules,
        };
        let expected = reference::decide(&cycle, self.start, &[]);
        let around =
            Surroundings { nodes: &self.nodes, templates: &self.templates, profile: &self.profile, rules: self.rules };
        let (number, mut ties) = (self.draws.below(1 << 20) as usize, 1);
        let found = self.board.decide(workload, &around, self.start, |count| {
            ties = count;
            number % count
        });
        let position = expected.outcome.as_ref().ok().map(|tied| {
            assert_eq!(ties, tied.len(), "equally good nodes");
            tied[if ties > 1 { number % ties } else { 0 }]
        });
        assert_eq!(found, Found { position, examined: expected.examined });
        self.start = (self.start + found.examined) % self.order.len().max(1);
        let kinds = [position.is_some(), ties > 1, position.is_none(), found.examined < self.order.len()];
        self.seen.iter_mut().zip(kinds).for_each(|(seen, is)| *seen += usize::from(is));
        if let Some(position) = position {
            let node = self.order[position];
            self.nodes[node.index()].add(workload, &self.templates[workload.index()]);
            self.pods.push((node.index(), workload, false));
            self.board.note(NodeChange::Pods(node, workload), &self.nodes);
        }
    }

    fn end_pod(&mut self) {
        let chosen = self.draws.below(self.pods.len() as u64) as usize;
        let (node, workload, terminating) = self.pods.swap_remove(chosen);
        self.nodes[node].remove(workload, &self.templates[workload.index()], terminating);
        self.board.note(NodeChange::Pods(NodeId::from_index(node), workload), &self.nodes);
    }

    fn terminate_pod(&mut self) {
        let chosen = self.draws.below(self.pods.len() as u64) as usize;
        let (node, workload, terminating) = &mut self.pods[chosen];
        if !std::mem::replace(terminating, true) {
            self.nodes[*node].terminate(*workload);
            self.board.note(NodeChange::Pods(NodeId::from_index(*node), *workload), &self.nodes);
        }
    }

    fn change_node(&mut self, change: impl Fn(&mut Stream, &mut NodeInfo)) {
        let node = self.draws.below(self.nodes.len() as u64) as usize;
        change(&mut self.draws, &mut self.nodes[node]);
        self.board.note(NodeChange::Node(NodeId::from_index(node)), &self.nodes);
    }

    fn add_image(&mut self) {
        let node = self.draws.below(self.nodes.len() as u64) as usize;
        let image = one_of(&mut self.draws, &["a:1", "b:1", "c:1"]);
        self.nodes[node].images.insert(image.into(), Bytes::from_mib(300));
        self.board.note(NodeChange::Images(NodeId::from_index(node)), &self.nodes);
    }

    /// A node comes or goes; a new one may come in the midst of the others, as the node tree has it.
    fn change_order(&mut self) {
        let gone: Vec<NodeId> =
            (0..self.nodes.len()).map(NodeId::from_index).filter(|node| !self.order.contains(node)).collect();
        if gone.is_empty() || self.draws.chance(0.5) {
            let at = self.draws.below(self.order.len().max(1) as u64) as usize;
            if at < self.order.len() {
                self.order.remove(at);
            }
        } else {
            let node = one_of(&mut self.draws, &gone);
            let at = self.draws.below(self.order.len() as u64 + 1) as usize;
            self.order.insert(at, node);
        }
        self.board.set_order(&self.order, &self.nodes);
    }
}

#[test]
fn the_scoreboard_decides_as_the_reference_in_ten_thousand_random_cases() {
    let mut seen = [0; 4];
    for seed in 0..CASES {
        let case = std::panic::catch_unwind(|| {
            let mut case = Case::new(seed);
            (0..12).for_each(|_| case.step());
            case.seen
        });
        let of_case = case.unwrap_or_else(|_| panic!("the case of seed {seed} differs, see above"));
        seen.iter_mut().zip(of_case).for_each(|(seen, more)| *seen += more);
    }
    println!("with a node {}, drawn {}, without a node {}, stopped early {}", seen[0], seen[1], seen[2], seen[3]);
    // The cases must have something of everything, or agreement would mean little.
    assert!(seen.iter().zip([20_000, 5_000, 10_000, 500]).all(|(seen, least)| *seen >= least), "{seen:?}");
}
