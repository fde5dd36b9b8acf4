//! ImageLocality: nodes that have the pod's images already are better, large images that many nodes have above all.

use super::{MAX_NODE_SCORE, Plugin, Score};
use crate::cluster::NodeInfo;
use crate::placement::Cycle;
use crate::units::Bytes;

/// The plugin.
pub const PLUGIN: Plugin =
    Plugin { name: "ImageLocality", weight: 1, is_skipped: |_| false, score: Score::Cluster(score) };

/// Sums of image sizes up to this count as nothing.
const MIN_THRESHOLD: i64 = 23 * 1024 * 1024;

/// For each container, what sums of image sizes are counted up to.
const MAX_CONTAINER_THRESHOLD: i64 = 1000 * 1024 * 1024;

/// Scores by the images of all containers, init containers among them. They are not normalised.
fn score<'a>(cycle: &Cycle<'a>, nodes: &[&'a NodeInfo]) -> Option<Vec<i64>> {
    let containers = &cycle.template().container_images;
    let states: Vec<ImageState> = containers.iter().map(|image| ImageState::of(cycle.nodes, image)).collect();
    let sum = |node: &NodeInfo| {
        let present = containers.iter().zip(&states).filter(|(image, _)| node.reported_image(image).is_some());
        present.map(|(_, state)| state.spread_size(cycle.nodes.len())).sum()
    };
    Some(nodes.iter().map(|node| threshold_score(sum(node), containers.len())).collect())
}

/// An image over all nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageState {
    /// Its size as the first node reports it that has it.
    pub size: Bytes,
    /// How many nodes have it.
    pub nodes: usize,
}

impl ImageState {
    fn of(nodes: &[&NodeInfo], image: &str) -> Self {
        let mut sizes = nodes.iter().filter_map(|node| node.reported_image(image));
        let first = sizes.next();
        Self { size: first.unwrap_or_default(), nodes: usize::from(first.is_some()) + sizes.count() }
    }

    /// The size, less where fewer of all nodes have it, lest everything gathers on the first node.
    #[must_use]
    pub fn spread_size(&self, all_nodes: usize) -> i64 {
        (self.size.get() as f64 * (self.nodes as f64 / all_nodes as f64)) as i64
    }
}

/// The score of a sum of spread sizes for a pod of so many containers.
#[must_use]
pub fn threshold_score(sum: i64, containers: usize) -> i64 {
    let most = MAX_CONTAINER_THRESHOLD * i64::try_from(containers).expect("a pod has few containers");
    if most <= MIN_THRESHOLD {
        return 0; // A pod without containers.
    }
    MAX_NODE_SCORE * (sum.clamp(MIN_THRESHOLD, most) - MIN_THRESHOLD) / (most - MIN_THRESHOLD)
}
