//! Pods that were promised a node by preemption and wait until its victims are gone.
//!
//! The promise stands in the pod, where the autoscaler sees it too; here is the list of the pods that have one, nearly always empty.

use super::node_tree::NodeTree;
use crate::cluster::{NodeId, PodId, WorkloadId, World};
use crate::placement::reference::Nominated;
use std::collections::BTreeSet;

/// The pods that were promised a node.
#[derive(Debug, Default)]
pub struct Nominations(BTreeSet<PodId>);

impl Nominations {
    /// Promises the node to the pod, whatever it was promised before.
    pub fn promise(&mut self, world: &mut World, pod: PodId, node: NodeId) {
        world.pods[pod].nominated = Some(node);
        self.0.insert(pod);
    }

    /// Takes the promise back.
    pub fn clear(&mut self, world: &mut World, pod: PodId) {
        if self.0.remove(&pod) {
            world.pods[pod].nominated = None;
        }
    }

    /// Takes the promise of the node back from pods of a lower priority: somebody more important comes.
    pub fn clear_lesser(&mut self, world: &mut World, node: NodeId, priority: i32) {
        let lesser = |pod: &PodId| world.pods[*pod].nominated == Some(node) && world.template(*pod).priority < priority;
        for pod in self.0.iter().copied().filter(lesser).collect::<Vec<_>>() {
            self.clear(world, pod);
        }
    }

    /// The workloads of the pods that were promised the node and that `pod` must give way to: those at least as important.
    #[must_use]
    pub fn on(&self, world: &World, node: NodeId, pod: PodId) -> Vec<WorkloadId> {
        let counts = |other: &PodId| world.pods[*other].nominated == Some(node) && goes_before(world, *other, pod);
        self.0.iter().copied().filter(counts).map(|other| world.pods[other].workload).collect()
    }

    /// Each node that was promised to pods that `pod` must give way to, with those pods on it.
    #[must_use]
    pub fn before(&self, world: &World, pod: PodId, tree: &NodeTree) -> Vec<Nominated> {
        let others = self.0.iter().filter(|other| goes_before(world, **other, pod));
        let nodes: BTreeSet<NodeId> = others.filter_map(|other| world.pods[*other].nominated).collect();
        let crowded = |node: NodeId| {
            let position = tree.position(node)?;
            let mut with_pods = world.nodes[node].info.clone();
            for workload in self.on(world, node, pod) {
                with_pods.add(workload, &world.workload_plan(workload).template);
            }
            Some(Nominated { position, with_pods })
        };
        nodes.into_iter().filter_map(crowded).collect()
    }
}

fn goes_before(world: &World, other: PodId, pod: PodId) -> bool {
    other != pod && world.template(other).priority >= world.template(pod).priority
}
