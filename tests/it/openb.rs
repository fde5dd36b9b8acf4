//! The OpenB trace of Alibaba (1,523 nodes, 8,152 pods, 149 days) replayed, and whether every pod that could be placed was.
//!
//! Its files may not be copied here, so the test looks for them beside the checkout.

use aksim::cluster::{Event, Fact, NodeId, Observer, PodId, World};
use aksim::kernel::{EventKey, SimDuration, SimTime};
use aksim::scenario;
use aksim::simulation::Simulation;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const SCENARIO: &str = r#"
apiVersion: aksim/v1
name: openb
duration: 12902960s
cluster:
  name: openb
  location: eastus
  kubernetesVersion: "1.34"
  nodes:
    file: NODES
    columns:
      name: sn
      cpu: {column: cpu_milli, unit: m}
      memory: {column: memory_mib, unit: Mi}
      extended: {nvidia.com/gpu: gpu}
      labels: {model: model}
workloads:
  trace:
    file: PODS
    columns:
      cpu: {column: cpu_milli, unit: m}
      memory: {column: memory_mib, unit: Mi}
      extended: {nvidia.com/gpu: num_gpu}
      created: creation_time
      deleted: deletion_time
"#;

/// How long a pod may wait although a node has room: the scheduler learns of a pod, tries others first, and leaves a rejected
/// one alone for up to ten seconds.
const PATIENCE: SimDuration = SimDuration::from_secs(30);

/// Watches a replay and holds it to this property: **a pod is rejected only when no node has room for it, and a pod never waits
/// longer than [`PATIENCE`] while the same node has room for it.**
#[derive(Default)]
struct Watch {
    events: u64,
    created: usize,
    scheduled: usize,
    rejections: usize,
    /// Pods that wait and were not tried yet, with their creation.
    untried: BTreeMap<PodId, SimTime>,
    /// Pods that wait and were rejected.
    rejected: BTreeSet<PodId>,
    /// Since when a node has had room for a rejected pod.
    room: BTreeMap<(PodId, NodeId), SimTime>,
}

fn has_room(world: &World, pod: PodId, node: NodeId) -> bool {
    let info = &world.nodes[node].info;
    let mut requested = info.requested.clone();
    requested.add(&world.template(pod).requests);
    requested.fits_in(&info.allocatable)
}

impl Watch {
    fn forget(&mut self, pod: PodId) {
        self.untried.remove(&pod);
        if self.rejected.remove(&pod) {
            self.room.retain(|(waiting, _), _| *waiting != pod);
        }
    }

    fn on_fact(&mut self, fact: Fact, world: &World) {
        let now = world.clock;
        match fact {
            Fact::PodCreated(pod) => {
                self.created += 1;
                self.untried.insert(pod, now);
            }
            Fact::PodUnschedulable(pod) => {
                self.rejections += 1;
                let roomy = world.live_nodes.iter().find(|node| has_room(world, pod, **node));
                assert!(roomy.is_none(), "{} is rejected at {now:?} and fits {roomy:?}", world.pods[pod].name);
                self.forget(pod);
                self.rejected.insert(pod);
            }
            Fact::PodScheduled(pod) => {
                self.scheduled += 1;
                self.forget(pod);
                let node = world.pods[pod].node.expect("a scheduled pod is bound");
                self.room.retain(|(waiting, roomy), _| *roomy != node || has_room(world, *waiting, node));
            }
            Fact::PodDeleted(pod) => self.forget(pod),
            Fact::PodEnded(pod) => {
                if let Some(node) = world.pods[pod].node {
                    for waiting in self.rejected.iter().filter(|waiting| has_room(world, **waiting, node)) {
                        self.room.entry((*waiting, node)).or_insert(now);
                    }
                }
            }
            _ => {}
        }
    }

    fn check(&self, world: &World) {
        let late = |since: &SimTime| world.clock > *since + PATIENCE;
        if let Some((pod, since)) = self.untried.iter().find(|(_, since)| late(since)) {
            panic!("{} waits untried since {since:?}", world.pods[*pod].name);
        }
        if let Some(((pod, node), since)) = self.room.iter().find(|(_, since)| late(since)) {
            panic!(
                "{} waits although {} has room since {since:?}",
                world.pods[*pod].name, world.nodes[*node].info.name
            );
        }
    }
}

impl Observer for Watch {
    fn after_event(&mut self, _: EventKey, _: Event, facts: &[Fact], world: &World) {
        self.events += 1;
        self.check(world);
        for fact in facts {
            self.on_fact(*fact, world);
        }
    }
}

/// Replays the pods of the trace on a list of nodes, watching, and checks the end too: who still waits fits on no node.
fn replay(nodes: &Path, pods: &Path) -> Watch {
    let text = SCENARIO.replace("NODES", &nodes.display().to_string()).replace("PODS", &pods.display().to_string());
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("openb.yaml");
    fs::write(&file, text).expect("a temporary file can be written");
    let loaded = scenario::load(&file, &[]).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    let plan = &loaded.study.points[0].plan;
    assert_eq!(plan.workloads.len(), 112, "shapes of pods");
    let mut simulation = Simulation::new(plan, 1);
    let mut watch = Watch::default();
    simulation.run(&mut watch);
    let world = simulation.world();
    let waiting = || watch.rejected.iter().chain(watch.untried.keys());
    let placeable = |pod: &PodId| world.live_nodes.iter().any(|node| has_room(world, *pod, *node));
    let left: Vec<&str> = waiting().filter(|pod| placeable(pod)).map(|pod| &*world.pods[*pod].name).collect();
    assert!(left.is_empty(), "{left:?} wait at the end although a node has room");
    eprintln!(
        "{} nodes: {} events, {} pods created, {} scheduled, {} rejections, {} wait at the end",
        world.live_nodes.len(),
        watch.events,
        watch.created,
        watch.scheduled,
        watch.rejections,
        waiting().count()
    );
    watch
}

/// The node list and the pods, if they are there.
fn trace() -> Option<(PathBuf, PathBuf)> {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real");
    let files = (real.join("openb_node_list_all_node.csv"), real.join("openb_pod_list_default.csv"));
    if files.0.exists() && files.1.exists() {
        return Some(files);
    }
    eprintln!("skipped: the OpenB trace is not beside the checkout");
    None
}

#[test]
fn every_pod_of_the_openb_trace_that_can_be_placed_is_placed() {
    let Some((nodes, pods)) = trace() else {
        return;
    };
    let watch = replay(&nodes, &pods);
    // At most 56 of its pods live at once: the whole cluster has room for each, but for the one that goes as it comes.
    assert_eq!((watch.created, watch.scheduled, watch.rejections), (8152, 8151, 0));
}

/// Every 150th node is too small a cluster: now pods wait, and must wait no longer than they have to.
#[test]
fn the_pods_of_the_openb_trace_wait_no_longer_than_they_must_on_a_cluster_that_is_too_small() {
    let Some((nodes, pods)) = trace() else {
        return;
    };
    let all = fs::read_to_string(nodes).expect("the node list can be read");
    let some = all.lines().enumerate().filter(|(line, _)| line % 150 == 0).map(|(_, node)| format!("{node}\n"));
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let few = folder.path().join("nodes.csv");
    fs::write(&few, some.collect::<String>()).expect("a temporary file can be written");
    let watch = replay(&few, &pods);
    assert_eq!(watch.created, 8152);
    assert!(watch.rejections > 0, "the cluster is large enough");
}
