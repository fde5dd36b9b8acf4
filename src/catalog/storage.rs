//! The storage classes that AKS installs, and the driver whose volumes are disks of a VM.
//!
//! The page names the classes and their storage (azure-aks-docs, concepts-storage.md, 2024-05-02); that those of disks wait for the
//! first consumer and those of shares do not is what `kubectl get storageclass` shows on a cluster.

use serde::Deserialize;

const DATA: &str = include_str!("data/storage-classes.csv");

/// The CSI driver of Azure disks: each volume takes one of the VM's data disks.
pub const DISK_DRIVER: &str = "disk.csi.azure.com";

/// The CSI driver of Azure file shares, which are reached over the network.
pub const FILE_DRIVER: &str = "file.csi.azure.com";

/// The CSI driver of Azure blob containers, which are reached over the network.
pub const BLOB_DRIVER: &str = "blob.csi.azure.com";

/// The label of nodes by which Azure disks find their zone; empty on a node outside of zones.
/// Source: azuredisk-csi-driver, deploy/example/topology.
pub const DISK_ZONE: &str = "topology.disk.csi.azure.com/zone";

/// The labels of zone and region, each as it is today and as it was. Source: Kubernetes documentation, "Well-Known Labels", 1.34.
pub const ZONE_LABELS: [(&str, &str); 2] = [
    ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"),
];

/// A storage class of every AKS cluster.
///
/// Disks of these classes are replicated over zones in a cluster that spans several of them (from Kubernetes 1.29 on, so always
/// here), and local to a zone otherwise. Source: azure-aks-docs, concepts-storage.md, 2024-05-02.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BuiltInClass {
    /// Object name.
    pub name: String,
    /// The CSI driver that provides volumes.
    pub driver: String,
    /// What its volumes are made of, in Azure's words, such as `StandardSSD_LRS`, in a cluster that does not span zones.
    pub sku: String,
    /// True for `volumeBindingMode: WaitForFirstConsumer`.
    pub waits_for_consumer: bool,
    /// True for the class of claims that name none.
    pub is_default: bool,
    /// Where this comes from: repository@commit:path, or an assumption.
    pub source: String,
}

/// Reads the embedded file.
pub(super) fn load() -> Vec<BuiltInClass> {
    let mut reader = csv::Reader::from_reader(DATA.as_bytes());
    reader.deserialize().map(|row| row.unwrap_or_else(|error| panic!("storage-classes.csv: {error}"))).collect()
}
