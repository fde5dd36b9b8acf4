//! The images of a row's pods: which nodes have which, as bits of one number.

use super::Board;
use super::kinds::Kinds;
use crate::cluster::NodeInfo;
use crate::placement::score::image_locality::{ImageState, threshold_score};
use std::sync::Arc;

/// Pods with more containers than there are bits are decided about by the reference.
pub(super) const MOST_CONTAINERS: usize = 63;

/// The images of a workload's pods.
#[derive(Debug)]
pub(super) struct Images {
    /// One a container, as ImageLocality names them.
    names: Vec<Arc<str>>,
    /// What each counts on a node that has it.
    spread_sizes: Vec<i64>,
    /// True when nodes or their images changed since these were computed.
    is_stale: bool,
}

impl Images {
    /// Those of a pod with these containers.
    pub fn new(containers: &[Arc<str>]) -> Self {
        Self { names: containers.to_vec(), spread_sizes: vec![0; containers.len()], is_stale: true }
    }

    /// Which of the images the node has.
    pub fn on(&self, node: &NodeInfo) -> i64 {
        let present = |name: &Arc<str>| !node.images.is_empty() && node.reported_image(name).is_some();
        let bits = self.names.iter().enumerate().filter(|(_, name)| present(name));
        bits.map(|(bit, _)| 1 << bit).sum()
    }

    /// Nodes or their images changed.
    pub const fn expire(&mut self) {
        self.is_stale = true;
    }

    /// Computes anew what each image counts. `number` is which of a kind's numbers tells the images.
    pub fn refresh(&mut self, board: &Board<'_>, kinds: &Kinds, number: usize) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        for (bit, name) in self.names.iter().enumerate() {
            let has = |kind: usize| kinds.numbers(kind)[number] >> bit & 1 == 1;
            let nodes = kinds.live().filter(|kind| has(*kind)).map(|kind| kinds.population(kind) as usize).sum();
            let first = (nodes > 0).then(|| kinds.column().iter().position(|kind| has(*kind as usize))).flatten();
            let size = first.and_then(|position| board.around.nodes.info(board.order[position]).reported_image(name));
            let state = ImageState { size: size.unwrap_or_default(), nodes };
            self.spread_sizes[bit] = state.spread_size(board.order.len());
        }
    }

    /// The score of nodes that have these images.
    pub fn score(&self, images: i64) -> i64 {
        let present = self.spread_sizes.iter().enumerate().filter(|(bit, _)| images >> bit & 1 == 1);
        threshold_score(present.map(|(_, size)| size).sum(), self.names.len())
    }
}
