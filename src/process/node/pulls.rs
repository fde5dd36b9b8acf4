//! Image pulls: every pull in progress shares the bandwidth of its node and of the registry.
//!
//! A pull first connects, then receives bytes. Its share is the smaller of its node's rate divided by the node's pulls and of the
//! registry's rate divided by all pulls.

use super::link::{Link, TransferId};
use crate::cluster::{NodeId, PodId};
use crate::kernel::{SimDuration, SimTime};
use crate::units::Bytes;
use std::collections::{BTreeMap, BTreeSet};
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

/// All pulls of the cluster, numbered in the order in which they were asked.
#[derive(Clone, Debug)]
pub struct Pulls {
    pulls: BTreeMap<TransferId, Pull>,
    next: TransferId,
    by_node: BTreeMap<NodeId, Vec<TransferId>>,
    waiting: BTreeSet<PodId>,
    connecting: BTreeSet<(SimTime, TransferId)>,
    registry: Link,
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
        Self {
            pulls: BTreeMap::new(),
            next: 0,
            by_node: BTreeMap::new(),
            waiting: BTreeSet::new(),
            connecting: BTreeSet::new(),
            registry: Link::new(registry_rate),
        }
    }

    /// Starts a pull, or joins one of the same image on the same node.
    pub fn request(&mut self, now: SimTime, request: Request) {
        self.advance(now);
        self.waiting.insert(request.pod);
        let here = self.by_node.entry(request.node).or_default();
        if let Some(same) = here.iter().find(|pull| self.pulls[pull].image == request.image) {
            self.pulls.get_mut(same).expect("a node's pull exists").waiting.push(request.pod);
            return;
        }
        let id = self.next;
        self.next += 1;
        let stage = if request.serial && !here.is_empty() {
            Stage::Queued
        } else {
            self.connecting.insert((now + request.overhead, id));
            Stage::Connecting(now + request.overhead)
        };
        here.push(id);
        let Request { node, image, size, pod, node_rate, .. } = request;
        self.pulls.insert(id, Pull { node, image, size, waiting: vec![pod], stage, node_rate });
    }

    /// The registry sends so many bytes per second in all from now on.
    pub fn set_registry_rate(&mut self, now: SimTime, rate: u64) {
        self.advance(now);
        self.registry.set_rate(rate);
    }

    /// Forgets the pulls of a node that is gone.
    pub fn forget(&mut self, now: SimTime, node: NodeId) {
        self.advance(now);
        for id in self.by_node.get(&node).cloned().unwrap_or_default() {
            self.take(id);
        }
    }

    /// Takes out every pull that is complete at `now`, in the order in which they were asked.
    pub fn complete(&mut self, now: SimTime) -> Vec<Pulled> {
        self.advance(now);
        let done: Vec<Pulled> = self
            .registry
            .complete()
            .into_iter()
            .map(|id| self.take(id))
            .map(|Pull { node, image, size, waiting, .. }| Pulled { node, image, size, waiting })
            .collect();
        for Pulled { node, .. } in &done {
            if let Some(next) = self.by_node.get(node).map(|here| here[0])
                && self.pulls[&next].stage == Stage::Queued
            {
                self.receive(next); // Connected while it waited.
            }
        }
        done
    }

    /// True when the pod waits for a pull.
    pub fn is_waiting(&self, pod: PodId) -> bool {
        self.waiting.contains(&pod)
    }

    /// The next moment at which a pull connects or completes, with the pod that asked for it; `None` without pulls.
    pub fn next_change(&self) -> Option<(SimTime, PodId)> {
        let change = self.connecting.first().copied().into_iter().chain(self.registry.next()).min();
        change.map(|(at, id)| (at, self.pulls[&id].waiting[0]))
    }

    /// Lets bytes come until `now`, and lets pulls receive that have connected by then.
    fn advance(&mut self, now: SimTime) {
        self.registry.advance(now);
        while let Some((at, id)) = self.connecting.first().copied()
            && at <= now
        {
            self.connecting.pop_first();
            self.receive(id);
        }
    }

    fn receive(&mut self, id: TransferId) {
        let pull = self.pulls.get_mut(&id).expect("a pull that connects exists");
        pull.stage = Stage::Receiving;
        let (node, size, rate) = (pull.node, pull.size.get(), pull.node_rate);
        self.registry.insert(id, size, rate);
        self.share_node(node);
    }

    /// Takes out a pull, and leaves its share to the others.
    fn take(&mut self, id: TransferId) -> Pull {
        let pull = self.pulls.remove(&id).expect("a pull that ends exists");
        for pod in &pull.waiting {
            self.waiting.remove(pod);
        }
        let here = self.by_node.get_mut(&pull.node).expect("a node with pulls has a list of them");
        here.retain(|other| *other != id);
        if here.is_empty() {
            self.by_node.remove(&pull.node);
        }
        match pull.stage {
            Stage::Queued => {}
            Stage::Connecting(at) => {
                self.connecting.remove(&(at, id));
            }
            Stage::Receiving => {
                self.registry.remove(id);
                self.share_node(pull.node);
            }
        }
        pull
    }

    /// Caps every pull of the node at its part of the node's rate.
    fn share_node(&mut self, node: NodeId) {
        let here = self.by_node.get(&node).map_or(&[][..], Vec::as_slice);
        let receiving = || here.iter().filter(|id| self.pulls[id].stage == Stage::Receiving);
        let count = receiving().count() as u64;
        for id in receiving() {
            self.registry.set_cap(*id, self.pulls[id].node_rate / count);
        }
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
    fn a_registry_that_slows_down_slows_pulls_in_progress() {
        let mut pulls = Pulls::new(u64::MAX);
        pulls.request(SimTime::ZERO, request(0, "a", 0, false));
        assert!(pulls.complete(SimTime::ZERO).is_empty());
        pulls.set_registry_rate(SimTime::after_start(SimDuration::from_secs(2)), 5 * MB);
        // 40 MB in two seconds, 20 MB in the four that it is slow, and the rest at the node's rate again.
        pulls.set_registry_rate(SimTime::after_start(SimDuration::from_secs(6)), u64::MAX);
        assert_eq!(finish(pulls), [(0, 8.0)]);
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
