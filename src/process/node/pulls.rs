//! Image pulls: every pull in progress shares the bandwidth of its node and of the registry.
//!
//! A pull first connects, then receives bytes. Its share is the smaller of its node's rate divided by the node's pulls and of the
//! registry's rate divided by all pulls. Shares change only when a pull begins or ends, so progress is brought up to
//! date then; it is counted in integers, bytes times microseconds per second, and comes out the same everywhere.

use crate::cluster::{NodeId, PodId};
use crate::kernel::{SimDuration, SimTime};
use crate::units::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A pull in progress, or waiting for its turn.
#[derive(Clone, Debug)]
struct Pull {
    node: NodeId,
    image: Arc<str>,
    size: Bytes,
    /// Pods that wait for the image; the first one asked.
    waiting: Vec<PodId>,
    stage: Stage,
    /// Bytes still to come, times a million.
    left: u64,
    /// What the node can receive, in bytes per second.
    node_rate: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Another pull of the node goes first (serial pulls).
    Queued,
    /// Bytes begin to come at this moment.
    Connecting(SimTime),
    Receiving,
}

/// All pulls of the cluster, in the order in which they were asked.
#[derive(Clone, Debug)]
pub struct Pulls {
    pulls: Vec<Pull>,
    registry_rate: u64,
    settled: SimTime,
}

/// An image that is on a node's disk now.
pub struct Pulled {
    /// The node.
    pub node: NodeId,
    /// The image.
    pub image: Arc<str>,
    /// Its compressed size.
    pub size: Bytes,
    /// The pods that waited for it.
    pub waiting: Vec<PodId>,
}

/// What a pod asks for.
pub struct Request {
    /// The node that pulls.
    pub node: NodeId,
    /// The image.
    pub image: Arc<str>,
    /// Its compressed size.
    pub size: Bytes,
    /// The pod that needs it.
    pub pod: PodId,
    /// Time until bytes come.
    pub overhead: SimDuration,
    /// What the node can receive, in bytes per second.
    pub node_rate: u64,
    /// True when the node pulls one image at a time.
    pub serial: bool,
}

impl Pulls {
    /// No pulls yet, from a registry that sends so many bytes per second in all.
    pub const fn new(registry_rate: u64) -> Self {
        Self { pulls: Vec::new(), registry_rate, settled: SimTime::ZERO }
    }

    /// Starts a pull, or joins one of the same image on the same node.
    pub fn request(&mut self, now: SimTime, request: Request) {
        self.settle(now);
        let same_node = |pull: &Pull| pull.node == request.node;
        if let Some(pull) = self.pulls.iter_mut().find(|pull| same_node(pull) && pull.image == request.image) {
            pull.waiting.push(request.pod);
            return;
        }
        let queued = request.serial && self.pulls.iter().any(same_node);
        self.pulls.push(Pull {
            node: request.node,
            image: request.image,
            size: request.size,
            waiting: vec![request.pod],
            stage: if queued { Stage::Queued } else { Stage::Connecting(now + request.overhead) },
            left: request.size.get().max(1).saturating_mul(1_000_000),
            node_rate: request.node_rate.max(1),
        });
    }

    /// Forgets the pulls of a node that is gone.
    pub fn forget(&mut self, now: SimTime, node: NodeId) {
        self.settle(now);
        self.pulls.retain(|pull| pull.node != node);
    }

    /// Takes out every pull that is complete at `now`, in the order in which they were asked.
    pub fn complete(&mut self, now: SimTime) -> Vec<Pulled> {
        self.settle(now);
        let mut done = Vec::new();
        self.pulls.retain_mut(|pull| {
            let complete = pull.stage == Stage::Receiving && pull.left == 0;
            if complete {
                let (image, waiting) = (Arc::clone(&pull.image), std::mem::take(&mut pull.waiting));
                done.push(Pulled { node: pull.node, image, size: pull.size, waiting });
            }
            !complete
        });
        for Pulled { node, .. } in &done {
            if let Some(next) = self.pulls.iter_mut().find(|pull| pull.node == *node)
                && next.stage == Stage::Queued
            {
                next.stage = Stage::Receiving; // Connected while it waited.
            }
        }
        done
    }

    /// True when the pod waits for a pull.
    pub fn is_waiting(&self, pod: PodId) -> bool {
        self.pulls.iter().any(|pull| pull.waiting.contains(&pod))
    }

    /// The next moment at which a pull connects or completes, with the pod that waits for it; `None` without pulls.
    pub fn next_change(&self) -> Option<(SimTime, PodId)> {
        let change = |(pull, share): (&Pull, u64)| match pull.stage {
            Stage::Queued => None,
            Stage::Connecting(at) => Some((at, pull.waiting[0])),
            Stage::Receiving => {
                let micros = pull.left.div_ceil(share);
                Some((self.settled + SimDuration::from_micros(micros), pull.waiting[0]))
            }
        };
        self.pulls.iter().zip(self.shares()).filter_map(change).min()
    }

    /// Bytes per second that each pull gets if it receives, in the order of the pulls.
    fn shares(&self) -> Vec<u64> {
        let mut receiving: BTreeMap<NodeId, u64> = BTreeMap::new();
        for pull in self.pulls.iter().filter(|pull| pull.stage == Stage::Receiving) {
            *receiving.entry(pull.node).or_default() += 1;
        }
        let all = receiving.values().sum::<u64>().max(1);
        let share = |pull: &Pull| {
            let here = receiving.get(&pull.node).copied().unwrap_or(1);
            (pull.node_rate / here).min(self.registry_rate / all).max(1)
        };
        self.pulls.iter().map(share).collect()
    }

    /// Counts the bytes that came since the last change, and lets connected pulls receive.
    fn settle(&mut self, now: SimTime) {
        let span = now.since(self.settled).micros();
        let shares = self.shares();
        for (pull, share) in self.pulls.iter_mut().zip(shares) {
            match pull.stage {
                Stage::Receiving => pull.left = pull.left.saturating_sub(share.saturating_mul(span)),
                Stage::Connecting(at) if at <= now => pull.stage = Stage::Receiving,
                Stage::Connecting(_) | Stage::Queued => {}
            }
        }
        self.settled = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    const MB: u64 = 1_000_000;

    fn request(node: usize, image: &str, pod: usize, serial: bool) -> Request {
        Request {
            node: NodeId::from_index(node),
            image: image.into(),
            size: Bytes::new(100 * MB),
            pod: PodId::from_index(pod),
            overhead: SimDuration::ZERO,
            node_rate: 20 * MB,
            serial,
        }
    }

    /// Runs all pulls to their end and returns (pod index, second of completion).
    fn finish(mut pulls: Pulls) -> Vec<(usize, f64)> {
        let mut done = Vec::new();
        while let Some((at, _)) = pulls.next_change() {
            for Pulled { waiting: pods, .. } in pulls.complete(at) {
                done.extend(pods.iter().map(|pod| (pod.index(), at.as_secs_f64())));
            }
        }
        done
    }

    #[test]
    fn two_pulls_share_their_node() {
        let mut pulls = Pulls::new(1000 * MB);
        pulls.request(SimTime::ZERO, request(0, "a", 0, false));
        pulls.request(SimTime::ZERO, request(0, "b", 1, false));
        assert_eq!(finish(pulls), [(0, 10.0), (1, 10.0)]);
    }

    #[test]
    fn serial_pulls_follow_one_another() {
        let mut pulls = Pulls::new(1000 * MB);
        pulls.request(SimTime::ZERO, request(0, "a", 0, true));
        pulls.request(SimTime::ZERO, request(0, "b", 1, true));
        assert_eq!(finish(pulls), [(0, 5.0), (1, 10.0)]);
    }

    #[test]
    fn the_registry_is_shared_by_all_nodes() {
        let mut pulls = Pulls::new(20 * MB);
        pulls.request(SimTime::ZERO, request(0, "a", 0, false));
        pulls.request(SimTime::ZERO, request(1, "a", 1, false));
        assert_eq!(finish(pulls), [(0, 10.0), (1, 10.0)]);
    }

    #[test]
    fn the_same_image_is_pulled_once_per_node() {
        let mut pulls = Pulls::new(1000 * MB);
        pulls.request(SimTime::ZERO, request(0, "a", 0, false));
        pulls.request(SimTime::ZERO, request(0, "a", 1, false));
        assert_eq!(finish(pulls), [(0, 5.0), (1, 5.0)]);
    }

    #[test]
    fn a_late_pull_slows_the_first_only_from_then_on() {
        let mut pulls = Pulls::new(1000 * MB);
        pulls.request(SimTime::ZERO, request(0, "a", 0, false));
        assert!(pulls.complete(SimTime::ZERO).is_empty());
        pulls.request(SimTime::after_start(SimDuration::from_secs(2)), request(0, "b", 1, false));
        // 40 MB in two seconds, then 60 MB at half speed; the other then has 40 MB left at full speed.
        assert_eq!(finish(pulls), [(0, 8.0), (1, 10.0)]);
    }
}
