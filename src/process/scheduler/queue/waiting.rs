//! Pods that no node would take and that wait for a change, by what they have in common.
//!
//! Pods of one workload that the same plugins rejected are woken by the same changes, so a change is held against each kind of pods
//! once, however many of them wait.

use super::QueuedPod;
use crate::cluster::{NodeId, PodId, WorkloadId};
use crate::kernel::SimTime;
use crate::placement::reference::RejectedBy;
use std::collections::BTreeMap;

/// Pods that the same changes wake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Whose pods.
    pub workload: WorkloadId,
    /// The node of a DaemonSet's pod.
    pub pinned: Option<NodeId>,
    /// The plugins that rejected them when they were last tried.
    pub rejected_by: RejectedBy,
}

/// The waiting pods.
#[derive(Debug, Default)]
pub struct WaitingPods {
    kinds: BTreeMap<Kind, BTreeMap<PodId, QueuedPod>>,
    /// The same pods by the moment of their last failure.
    by_time: BTreeMap<(SimTime, PodId), Kind>,
}

impl WaitingPods {
    /// Adds a pod, which failed at its timestamp.
    pub fn insert(&mut self, kind: Kind, queued: QueuedPod) {
        self.by_time.insert((queued.timestamp, queued.pod), kind.clone());
        self.kinds.entry(kind).or_default().insert(queued.pod, queued);
    }

    /// Takes the pods of those kinds for which `is_woken` holds.
    pub fn take(&mut self, is_woken: impl Fn(&Kind) -> bool) -> Vec<QueuedPod> {
        let woken = self.kinds.extract_if(.., |kind, _| is_woken(kind));
        let pods: Vec<QueuedPod> = woken.flat_map(|(_, pods)| pods.into_values()).collect();
        for queued in &pods {
            self.by_time.remove(&(queued.timestamp, queued.pod));
        }
        pods
    }

    /// The moment at which the pod failed that waits longest.
    #[must_use]
    pub fn oldest(&self) -> Option<SimTime> {
        self.by_time.first_key_value().map(|((failed, _), _)| *failed)
    }

    /// Takes the pod that waits longest.
    pub fn take_oldest(&mut self) -> Option<QueuedPod> {
        let ((_, pod), kind) = self.by_time.pop_first()?;
        self.forget(&kind, pod)
    }

    /// Drops the pod if it is here.
    pub fn remove(&mut self, pod: PodId) {
        let found = self.by_time.iter().find(|((_, other), _)| *other == pod).map(|(key, _)| *key);
        if let Some(kind) = found.and_then(|key| self.by_time.remove(&key)) {
            self.forget(&kind, pod);
        }
    }

    fn forget(&mut self, kind: &Kind, pod: PodId) -> Option<QueuedPod> {
        let pods = self.kinds.get_mut(kind)?;
        let queued = pods.remove(&pod);
        if pods.is_empty() {
            self.kinds.remove(kind);
        }
        queued
    }
}
