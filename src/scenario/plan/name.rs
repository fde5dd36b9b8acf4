//! The random parts of names that controllers and Azure make up, here hashes of what they name: the same in every run.

use super::ClusterPlan;
use crate::kernel::stable_hash;

impl ClusterPlan {
    /// The eight digits in the names of what AKS makes for the cluster.
    ///
    /// On clusters of today each scale set has digits of its own, and the network's resources share others (observed, not
    /// documented); here all have the same.
    #[must_use]
    pub fn digits(&self) -> String {
        let hash = stable_hash(format!("{}/{}", self.resource_group, self.name).as_bytes());
        format!("{:08}", hash % 100_000_000)
    }

    /// The scale set of a pool, `aks-<pool>-<8 digits>-vmss`, with which the names of its nodes begin.
    /// Source: azure-aks-docs, resize-node-pool.md, 2025-08-28.
    #[must_use]
    pub fn scale_set_name(&self, pool: &str) -> String {
        format!("aks-{pool}-{}-vmss", self.digits())
    }
}

/// `kind/namespace/name`: tells a workload from every other.
#[must_use]
pub fn workload_key(kind: &str, namespace: &str, name: &str) -> String {
    format!("{kind}/{namespace}/{name}")
}

/// The `pod-template-hash` of a Deployment, which also names its ReplicaSet; the same for the revisions of other controllers.
#[must_use]
pub fn template_hash(workload_key: &str) -> String {
    generated_suffix(workload_key, 9)
}

/// Letters and digits of Kubernetes' alphabet for generated names, which has no vowels and no look-alikes.
#[must_use]
pub fn generated_suffix(identity: &str, length: usize) -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut hash = stable_hash(identity.as_bytes());
    let mut suffix = String::with_capacity(length);
    for _ in 0..length {
        suffix.push(char::from(ALPHABET[(hash % 27) as usize]));
        hash /= 27;
    }
    suffix
}
