//! Whose pods they are: what their controller adds to its template, and which pods it counts as its own.

use crate::scenario::plan::{LabelSelector, Operator, Requirement, template_hash, workload_key};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

const TEMPLATE_HASH: &str = "pod-template-hash";
const REVISION_HASH: &str = "controller-revision-hash";

/// Who creates the pods, as far as it decides what a template may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// A controller that keeps pods running.
    Service,
    /// As `Service`, with the DaemonSet's automatic tolerations.
    DaemonSet,
    /// A Job: pods run to completion.
    Job,
    /// Nobody.
    Nobody,
    /// The API server gave the object out: it has been checked, and a controller may have made it.
    ApiServer,
}

/// The owner of pods.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    /// Namespace of the pods.
    pub namespace: String,
    /// What the template may say.
    pub keeper: Keeper,
    /// Label that the controller adds to every pod. Those that tell one of its pods from another, as a StatefulSet's
    /// `apps.kubernetes.io/pod-index`, are left out.
    pub label: Option<(&'static str, String)>,
    /// The pods that default spreading counts for the owner; `None` for owners that kube-scheduler does not ask: it knows
    /// ReplicaSets, StatefulSets and ReplicationControllers.
    pub selector: Option<LabelSelector>,
}

impl Owner {
    /// An owner that adds nothing. `metadata` is that of the controller, or of the bare pod.
    pub fn plain(metadata: &ObjectMeta, keeper: Keeper) -> Self {
        let namespace = metadata.namespace.clone().unwrap_or_else(|| "default".to_owned());
        Self { namespace, keeper, label: None, selector: None }
    }

    /// A ReplicaSet that somebody wrote.
    pub fn replica_set(metadata: &ObjectMeta, selector: LabelSelector) -> Self {
        Self { selector: Some(selector), ..Self::plain(metadata, Keeper::Service) }
    }

    /// A Deployment's ReplicaSet, whose selector has the hash of the template on top.
    pub fn deployment(metadata: &ObjectMeta, mut selector: LabelSelector) -> Self {
        let plain = Self::plain(metadata, Keeper::Service);
        let (label, requirement) = deployment_hash(&plain.namespace, name(metadata));
        selector.requirements.push(requirement);
        Self { label: Some(label), selector: Some(selector), ..plain }
    }

    /// A StatefulSet, which names its revision in full.
    pub fn stateful_set(metadata: &ObjectMeta, selector: LabelSelector) -> Self {
        let plain = Self::plain(metadata, Keeper::Service);
        let name = name(metadata);
        let hash = template_hash(&workload_key("StatefulSet", &plain.namespace, name));
        Self { label: Some((REVISION_HASH, format!("{name}-{hash}"))), selector: Some(selector), ..plain }
    }

    /// A DaemonSet.
    pub fn daemon_set(metadata: &ObjectMeta) -> Self {
        let plain = Self::plain(metadata, Keeper::DaemonSet);
        Self { label: Some(daemon_set_hash(&plain.namespace, name(metadata))), ..plain }
    }
}

/// The label that a Deployment's pods get, and what its ReplicaSet requires of them.
pub(super) fn deployment_hash(namespace: &str, name: &str) -> ((&'static str, String), Requirement) {
    let hash = template_hash(&workload_key("Deployment", namespace, name));
    let values = vec![hash.as_str().into()];
    let requirement = Requirement { key: TEMPLATE_HASH.into(), operator: Operator::In, values };
    ((TEMPLATE_HASH, hash), requirement)
}

/// The label that a DaemonSet's pods get.
pub(super) fn daemon_set_hash(namespace: &str, name: &str) -> (&'static str, String) {
    (REVISION_HASH, template_hash(&workload_key("DaemonSet", namespace, name)))
}

fn name(metadata: &ObjectMeta) -> &str {
    metadata.name.as_deref().unwrap_or_default()
}
