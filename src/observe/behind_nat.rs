//! Pods whose address is hidden behind that of their node: those on nodes that have a block of the pod CIDR.

use super::window::Window;
use crate::cluster::{PodId, World};
use std::collections::BTreeSet;

/// Which they are, and how many there were at most.
#[derive(Clone, Debug)]
pub(super) struct BehindNat {
    window: Window,
    pods: BTreeSet<PodId>,
    /// The most at once in the measured time.
    pub peak: usize,
}

impl BehindNat {
    /// None yet.
    pub fn new(window: Window) -> Self {
        Self { window, pods: BTreeSet::new(), peak: 0 }
    }

    /// The pod was bound to its node. One in the node's own network has the node's address itself.
    pub fn on_bound(&mut self, world: &World, pod: PodId) {
        let has_block = world.pods[pod].node.is_some_and(|node| world.nodes[node].addresses.block.is_some());
        if has_block && !world.template(pod).host_network {
            self.pods.insert(pod);
            self.note(world);
        }
    }

    /// The pod ended.
    pub fn on_ended(&mut self, world: &World, pod: PodId) {
        if self.pods.remove(&pod) {
            self.note(world);
        }
    }

    fn note(&mut self, world: &World) {
        let now = self.pods.len();
        self.peak = if world.clock < self.window.from { now } else { self.peak.max(now) };
    }
}
