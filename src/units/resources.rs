//! The resource vector that Kubernetes schedules by: CPU, memory, ephemeral storage, pods and extended resources.

use super::{Bytes, MilliCpu};
use std::collections::BTreeMap;

/// Amounts of every resource. As a node's allocatable `pods` is the pod limit; as a pod's request it is 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resources {
    /// CPU.
    pub cpu: MilliCpu,
    /// Memory.
    pub memory: Bytes,
    /// Ephemeral storage.
    pub ephemeral: Bytes,
    /// Pods.
    pub pods: u32,
    /// Extended (scalar) resources by name, such as `nvidia.com/gpu`, in their own unit.
    pub extended: BTreeMap<Box<str>, u64>,
}

impl Resources {
    /// Adds `other`, resource by resource.
    pub fn add(&mut self, other: &Self) {
        self.cpu += other.cpu;
        self.memory += other.memory;
        self.ephemeral += other.ephemeral;
        self.pods += other.pods;
        if other.extended.is_empty() {
            return; // As nearly always, and this is a hot path.
        }
        for (name, amount) in &other.extended {
            *self.extended.entry(name.clone()).or_default() += amount;
        }
    }

    /// Takes `other` off, resource by resource.
    ///
    /// # Panics
    /// When any amount would fall below zero: something was released twice.
    pub fn sub(&mut self, other: &Self) {
        self.cpu -= other.cpu;
        self.memory -= other.memory;
        self.ephemeral -= other.ephemeral;
        self.pods = self.pods.checked_sub(other.pods).expect("no more pods are released than were counted");
        for (name, amount) in &other.extended {
            let held = self.extended.get_mut(name).expect("an extended resource is released where it was counted");
            *held = held.checked_sub(*amount).expect("no more of a resource is released than was counted");
        }
    }

    /// True when every amount of `self` is at most that of `limit`.
    #[must_use]
    pub fn fits_in(&self, limit: &Self) -> bool {
        self.cpu <= limit.cpu
            && self.memory <= limit.memory
            && self.ephemeral <= limit.ephemeral
            && self.pods <= limit.pods
            && self.extended.iter().all(|(name, amount)| *amount <= limit.extended.get(name).copied().unwrap_or(0))
    }
}
