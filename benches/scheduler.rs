//! Pod placement: the scheduler's everyday path (the scoreboard) beside the plain reference, one thread, in binds per second.
//!
//! Work of one element: take in what changed since the last pod, decide by every filter and score plugin of the default profile of
//! Kubernetes 1.34, draw among equally good nodes from a stream of the pod's name, and count the pod in on its node. Queue, events and
//! observation are left out, as they are in the figures of the real scheduler's code. Nodes are of three sizes and in three zones. A
//! pod has one of fifty templates (or the one), which differ in requests; once sixty pods a node run, the oldest ends for each one
//! that comes, so that clusters of every size take any number of pods.
//!
//! - `place/NODES/PODS/TEMPLATES`: adaptive sampling, as kube-scheduler does by default.
//! - `place-all/…`: every node scored (`percentageOfNodesToScore: 100`).
//! - `…/fifty-spread`: the pods carry the system default spread constraints, as those of a Deployment do.
//! - `reference/…`, `reference-all/…`: the reference does the same work on fewer pods, in a cluster that holds half of the others.
//! - `openb`: the OpenB trace of Alibaba's GPU cluster, as a whole simulation, when its files lie beside the checkout.

use aksim::catalog::KubernetesVersion;
use aksim::cluster::{NodeChange, NodeId, NodeInfo, WorkloadId};
use aksim::kernel::{Id, Streams};
use aksim::placement::scoreboard::{Scoreboard, Surroundings};
use aksim::placement::{Cycle, PodView, Rules, reference};
use aksim::scenario::plan::{LabelSelector, Operator, PodTemplate, Requirement, SchedulerPlan};
use aksim::units::{Bytes, MilliCpu, Resources};
use aksim::{scenario, simulation};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

const RULES: Rules = Rules::of(KubernetesVersion::minor(34));

/// Pods that run on a node, on average, before old ones end.
const PODS_PER_NODE: usize = 60;

/// Pods that the reference places for its figure.
const REFERENCE_PODS: usize = 200;

/// A cluster under placement.
#[derive(Clone)]
struct Cluster {
    templates: Vec<PodTemplate>,
    profile: SchedulerPlan,
    nodes: Vec<NodeInfo>,
    order: Vec<NodeId>,
    names: Vec<String>,
    running: VecDeque<(NodeId, WorkloadId)>,
    changes: Vec<NodeChange>,
    streams: Streams,
    start: usize,
}

impl Cluster {
    fn new(nodes: usize, pods: usize, templates: usize, spread: bool, percentage: u32) -> Self {
        let profile = SchedulerPlan { percentage_of_nodes_to_score: percentage, ..SchedulerPlan::default() };
        Self {
            templates: (0..templates).map(|number| template(number, spread)).collect(),
            profile,
            nodes: (0..nodes).map(node).collect(),
            order: (0..nodes).map(NodeId::from_index).collect(),
            names: (0..pods).map(|number| format!("web-5d7f9c6b8-{number:06}")).collect(),
            running: VecDeque::new(),
            changes: Vec::new(),
            streams: Streams::new(1),
            start: 0,
        }
    }

    /// Pods come in no order of their templates, always the same one.
    fn workload(&self, pod: usize) -> WorkloadId {
        let mixed = (pod as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        WorkloadId::from_index(mixed as usize % self.templates.len())
    }

    fn draw(&self, pod: usize, ties: usize) -> usize {
        self.streams.stream("select-host", &self.names[pod]).below(ties as u64) as usize
    }

    fn bind(&mut self, node: NodeId, workload: WorkloadId) {
        self.nodes[node.index()].add(workload, &self.templates[workload.index()]);
        self.changes.push(NodeChange::Pods(node, workload));
        self.running.push_back((node, workload));
        if self.running.len() > PODS_PER_NODE * self.nodes.len() {
            let (node, workload) = self.running.pop_front().expect("pods run");
            self.nodes[node.index()].remove(workload, &self.templates[workload.index()], false);
            self.changes.push(NodeChange::Pods(node, workload));
        }
    }

    fn place(&mut self, pods: std::ops::Range<usize>, board: &mut Scoreboard) {
        for pod in pods {
            for change in self.changes.drain(..) {
                board.note(change, &self.nodes);
            }
            let workload = self.workload(pod);
            let around =
                Surroundings { nodes: &self.nodes, templates: &self.templates, profile: &self.profile, rules: RULES };
            let found = board.decide(workload, &around, self.start, |ties| self.draw(pod, ties));
            self.start = (self.start + found.examined) % self.nodes.len();
            self.bind(self.order[found.position.expect("the cluster has room")], workload);
        }
    }

    fn place_by_reference(&mut self, pods: std::ops::Range<usize>) {
        for pod in pods {
            let workload = self.workload(pod);
            let infos: Vec<&NodeInfo> = self.nodes.iter().collect();
            let cycle = Cycle {
                pod: PodView::of(&self.templates[workload.index()]),
                nodes: &infos,
                templates: &self.templates,
                profile: &self.profile,
                rules: RULES,
            };
            let decision = reference::decide(&cycle, self.start, &[]);
            let tied = decision.outcome.expect("the cluster has room");
            let position = if tied.len() > 1 { tied[self.draw(pod, tied.len())] } else { tied[0] };
            self.start = (self.start + decision.examined) % self.nodes.len();
            self.bind(self.order[position], workload);
        }
    }

    fn board(&self) -> Scoreboard {
        let mut board = Scoreboard::default();
        board.set_order(&self.order, &self.nodes);
        board
    }
}

/// Nodes with 4, 8 or 16 cores, in three zones.
fn node(number: usize) -> NodeInfo {
    let cores = [4, 8, 16][number % 3];
    let name = format!("aks-apps-12345678-vmss{number:06}");
    let labels: BTreeMap<String, String> = [
        ("kubernetes.io/hostname".to_owned(), name.clone()),
        ("topology.kubernetes.io/zone".to_owned(), format!("eastus-{}", number / 3 % 3 + 1)),
        ("topology.kubernetes.io/region".to_owned(), "eastus".to_owned()),
    ]
    .into();
    let allocatable = Resources {
        cpu: MilliCpu::from_millis(cores * 1000 - 140),
        memory: Bytes::from_mib(cores * 4096 - 1800),
        ephemeral: Bytes::from_gib(100),
        pods: 250,
        ..Resources::default()
    };
    NodeInfo::new(&name, labels, Vec::new(), allocatable)
}

fn template(number: usize, spread: bool) -> PodTemplate {
    let cpu = MilliCpu::from_millis(20 + 3 * (number as u64 % 25));
    let memory = Bytes::from_mib(64 + 16 * (number as u64 % 7));
    let app = format!("app-{number}");
    let requirement = Requirement { key: "app".into(), operator: Operator::In, values: vec![app.as_str().into()] };
    PodTemplate {
        namespace: "default".into(),
        labels: [("app".to_owned(), app)].into(),
        requests: Resources { cpu, memory, pods: 1, ..Resources::default() },
        nonzero_cpu: cpu,
        nonzero_memory: memory,
        default_spread: spread.then(|| LabelSelector { requirements: vec![requirement] }),
        ..PodTemplate::default()
    }
}

fn place(criterion: &mut Criterion) {
    for (prefix, percentage) in [("place", 0), ("place-all", 100)] {
        let mut group = criterion.benchmark_group(prefix);
        group.sample_size(10);
        for nodes in [100, 1_000, 5_000] {
            for pods in [10_000, 100_000] {
                for (name, templates, spread) in CASES {
                    let cluster = Cluster::new(nodes, pods, templates, spread, percentage);
                    group.throughput(Throughput::Elements(pods as u64));
                    group.bench_function(format!("{nodes}/{pods}/{name}"), |bencher| {
                        let set_up = || (cluster.clone(), cluster.board());
                        bencher.iter_batched(
                            set_up,
                            |(mut cluster, mut board)| {
                                cluster.place(0..pods, &mut board);
                                (cluster, board)
                            },
                            BatchSize::PerIteration,
                        );
                    });
                }
            }
        }
        group.finish();
    }
}

const CASES: [(&str, usize, bool); 4] =
    [("one", 1, false), ("fifty", 50, false), ("one-spread", 1, true), ("fifty-spread", 50, true)];

fn by_reference(criterion: &mut Criterion) {
    for (prefix, percentage) in [("reference", 0), ("reference-all", 100)] {
        let mut group = criterion.benchmark_group(prefix);
        group.sample_size(10);
        for nodes in [100, 1_000, 5_000] {
            for pods in [10_000, 100_000] {
                for (name, templates, spread) in CASES {
                    group.throughput(Throughput::Elements(REFERENCE_PODS as u64));
                    group.bench_function(format!("{nodes}/{pods}/{name}"), |bencher| {
                        let mut cluster = Cluster::new(nodes, pods, templates, spread, percentage);
                        let mut board = cluster.board();
                        cluster.place(0..pods / 2, &mut board);
                        bencher.iter_batched(
                            || cluster.clone(),
                            |mut cluster| {
                                cluster.place_by_reference(pods / 2..pods / 2 + REFERENCE_PODS);
                                cluster
                            },
                            BatchSize::PerIteration,
                        );
                    });
                }
            }
        }
        group.finish();
    }
}

/// The whole simulation of the trace, queue and events and all: 8,152 pods on 1,523 nodes over 149 days.
fn openb(criterion: &mut Criterion) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join("../shared/real/openb_pod_list_default.csv").exists() {
        println!("openb: skipped, the trace is not beside the checkout");
        return;
    }
    let loaded = scenario::load(&root.join("benches/openb.yaml"), &[]).expect("the trace can be read");
    let plan = &loaded.study.points[0].plan;
    let mut group = criterion.benchmark_group("openb");
    group.sample_size(10);
    group.throughput(Throughput::Elements(8_152));
    group.bench_function("replay", |bencher| bencher.iter(|| simulation::replicate(plan, 1, false)));
    group.finish();
}

criterion_group!(benches, place, by_reference, openb);
criterion_main!(benches);
