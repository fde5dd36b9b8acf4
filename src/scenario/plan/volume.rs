//! Claims for persistent volumes, and what a volume asks of the nodes it can be attached to.

use super::{NodeSelectorTerm, Operator, Requirement};
use crate::catalog::{DISK_DRIVER, DISK_ZONE};
use crate::units::{Bytes, UsdPerHour};

/// A PersistentVolumeClaim, or the template of some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPlan {
    /// Namespace.
    pub namespace: Box<str>,
    /// Name of the claim, or of the template or volume from which claims are named.
    pub name: Box<str>,
    /// How many claims come of it.
    pub kind: ClaimKind,
    /// The CSI driver that provides volumes; `None` when nobody does.
    pub driver: Option<Box<str>>,
    /// What volumes are made of, in Azure's words, such as `StandardSSD_LRS`; `None` when nobody provides them or the driver is none
    /// of Azure's.
    pub sku: Option<Box<str>>,
    /// The storage that is requested; zero when none is, which the API server refuses.
    pub size: Bytes,
    /// Price of one volume, operations left out; `None` when the catalogue has none for it. The cost of a run leaves it out.
    pub price: Option<UsdPerHour>,
    /// True when the volume is provided for the node of the first pod that uses the claim, false for at once.
    pub waits_for_consumer: bool,
    /// True when a volume can be attached in one zone only.
    pub zonal: bool,
    /// `allowedTopologies` of the class: where volumes may be provided, by the labels of nodes. Empty for everywhere.
    pub allowed: Vec<NodeSelectorTerm>,
    /// True with the access mode `ReadWriteOncePod`.
    pub one_pod: bool,
    /// The volume that the manifests bind the claim to.
    pub volume: Option<Volume>,
}

impl ClaimPlan {
    /// True when a volume of the claim takes one of a VM's data disks.
    #[must_use]
    pub fn is_disk(&self) -> bool {
        self.driver.as_deref() == Some(DISK_DRIVER)
    }
}

/// How many claims come of a [`ClaimPlan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimKind {
    /// One, which is there from the start.
    Claim,
    /// One for each ordinal of a StatefulSet, which outlives its pods.
    Template,
    /// One for each pod, gone with it.
    Ephemeral,
}

/// What a PersistentVolume asks of the nodes it can be attached to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Terms of its node affinity, of which one must match; `None` for any node.
    pub affinity: Option<Vec<NodeSelectorTerm>>,
    /// Its labels of zone and region with the values they admit.
    pub zones: Vec<(Box<str>, Vec<Box<str>>)>,
}

impl Volume {
    /// A disk in the zone that nodes are labelled with.
    #[must_use]
    pub fn in_zone(zone: &str) -> Self {
        let requirement = Requirement { key: DISK_ZONE.into(), operator: Operator::In, values: vec![zone.into()] };
        let term = NodeSelectorTerm { expressions: vec![requirement], fields: Vec::new() };
        Self { affinity: Some(vec![term]), zones: Vec::new() }
    }
}
