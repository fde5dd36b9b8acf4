//! What a pod asks of a node: requests, selectors, affinity, tolerations, ports, images.

use crate::kernel::SimDuration;
use crate::units::{Bytes, MilliCpu, Resources};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the simulator needs of a pod template.
#[derive(Clone, Debug, Default)]
pub struct PodTemplate {
    /// Namespace of the pods.
    pub namespace: Box<str>,
    /// Labels of the pods, those that their controller adds among them.
    pub labels: BTreeMap<String, String>,
    /// What the scheduler counts: kube-scheduler's pod request, overhead included, `pods` being 1.
    pub requests: Resources,
    /// CPU request with kube-scheduler's default (100m per container) where none is given, for scoring only.
    pub nonzero_cpu: MilliCpu,
    /// Memory request with kube-scheduler's default (200 MiB per container) where none is given, for scoring only.
    pub nonzero_memory: Bytes,
    /// Sum of the containers' CPU limits; `None` when any container has none.
    pub cpu_limit: Option<MilliCpu>,
    /// `nodeName`: the name of the only node it may run on.
    pub node_name: Option<Box<str>>,
    /// Labels a node must carry.
    pub node_selector: BTreeMap<String, String>,
    /// `requiredDuringSchedulingIgnoredDuringExecution` terms, of which one must match; `None` when absent.
    pub required_affinity: Option<Vec<NodeSelectorTerm>>,
    /// Preferred terms with their weights.
    pub preferred_affinity: Vec<(i64, NodeSelectorTerm)>,
    /// Which pods it must or would run beside, and which it must or would stay away from.
    pub pod_affinity: PodAffinity,
    /// `topologySpreadConstraints` in the order written.
    pub topology_spread: Vec<TopologySpreadConstraint>,
    /// Whose pods the default spread constraints count: those that the pod's Services and its controller select, all
    /// requirements together. `None` for a pod that neither selects, which is not spread by default.
    pub default_spread: Option<LabelSelector>,
    /// Tolerations.
    pub tolerations: Vec<Toleration>,
    /// Ports of the node that the pod takes.
    pub host_ports: Vec<HostPort>,
    /// True for `hostNetwork`: the pod uses the node's own address.
    pub host_network: bool,
    /// Priority, 0 unless a priority class says otherwise.
    pub priority: i32,
    /// True for `preemptionPolicy: Never`: it takes no other pod's place.
    pub never_preempts: bool,
    /// True with `schedulingGates`: it is not tried. Nothing here removes a gate.
    pub gated: bool,
    /// `persistentVolumeClaim` volumes.
    pub claims: Vec<ClaimRef>,
    /// `terminationGracePeriodSeconds`.
    pub grace: SimDuration,
    /// Images in the order in which the kubelet pulls them, init containers first, each once.
    pub images: Vec<Image>,
    /// The image of each container, init containers first, as ImageLocality names it: with the tag `latest` where none is given.
    pub container_images: Vec<Arc<str>>,
    /// When the readiness probe looks; `None` without one (ready as soon as started).
    pub readiness: Option<ReadinessProbe>,
    /// True when an emptyDir (not in memory) or hostPath volume is mounted: the autoscaler may be told to keep the node.
    pub local_storage: bool,
    /// Annotation `cluster-autoscaler.kubernetes.io/safe-to-evict`.
    pub safe_to_evict: Option<bool>,
}

/// `podAffinity` and `podAntiAffinity`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodAffinity {
    /// Required affinity: a node counts when every term has a matching pod in the node's topology domain.
    pub required: Vec<PodAffinityTerm>,
    /// Required anti-affinity: no term may have one.
    pub required_anti: Vec<PodAffinityTerm>,
    /// Preferred terms with their weights, 1 to 100; those of anti-affinity below zero.
    pub preferred: Vec<(i64, PodAffinityTerm)>,
}

impl PodAffinity {
    /// True when there is neither affinity nor anti-affinity.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.required.is_empty() && self.required_anti.is_empty() && self.preferred.is_empty()
    }
}

/// Pods of some namespaces and labels, and the label of nodes whose values make the topology domains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodAffinityTerm {
    /// `topologyKey`
    pub topology_key: Box<str>,
    /// `labelSelector` with `matchLabelKeys` and `mismatchLabelKeys` worked in; `None` matches no pod.
    pub selector: Option<LabelSelector>,
    /// Namespaces of the pods, `namespaceSelector` worked in; `None` for all.
    pub namespaces: Option<Vec<Box<str>>>,
}

impl PodAffinityTerm {
    /// True when the term is about pods of this template.
    #[must_use]
    pub fn matches(&self, pod: &PodTemplate) -> bool {
        self.namespaces.as_ref().is_none_or(|names| names.contains(&pod.namespace))
            && self.selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
    }
}

/// A topology spread constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopologySpreadConstraint {
    /// `maxSkew`, at least 1.
    pub max_skew: u32,
    /// `topologyKey`
    pub topology_key: Box<str>,
    /// True for `whenUnsatisfiable: DoNotSchedule`, false for `ScheduleAnyway`.
    pub hard: bool,
    /// `labelSelector` with `matchLabelKeys` worked in; `None` matches no pod.
    pub selector: Option<LabelSelector>,
    /// `minDomains`, 1 where none is given.
    pub min_domains: u32,
    /// `nodeAffinityPolicy: Honor`, the default: nodes that the pod's selector and affinity leave out do not count.
    pub honors_affinity: bool,
    /// `nodeTaintsPolicy: Honor`: nodes with taints that the pod does not tolerate do not count. The default is `Ignore`.
    pub honors_taints: bool,
}

/// A volume of a pod that is a PersistentVolumeClaim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRef {
    /// Index into the plan's claims; `None` when no manifest defines the claim.
    pub claim: Option<usize>,
    /// Name of the claim or of the claim template.
    pub name: Box<str>,
}

/// A container image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Name with tag or digest.
    pub name: Arc<str>,
    /// Compressed size, what the registry sends.
    pub size: Bytes,
    /// True when the AKS node image carries it already.
    pub on_node_image: bool,
}

/// When a readiness probe first looks and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadinessProbe {
    /// `initialDelaySeconds`, of the startup probe too where there is one.
    pub initial_delay: SimDuration,
    /// `periodSeconds`.
    pub period: SimDuration,
}

/// A port of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// Address it binds; `0.0.0.0` by default.
    pub ip: Box<str>,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Box<str>,
    /// Port number.
    pub port: u16,
}

/// A node taint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    /// Key.
    pub key: Box<str>,
    /// Value, empty by default.
    pub value: Box<str>,
    /// What it does to pods that do not tolerate it.
    pub effect: TaintEffect,
}

/// The effect of a taint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaintEffect {
    /// New pods stay away.
    NoSchedule,
    /// New pods prefer other nodes.
    PreferNoSchedule,
    /// New pods stay away, running ones are evicted.
    NoExecute,
}

/// A pod's toleration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toleration {
    /// Key; `None` with `Exists` tolerates every key.
    pub key: Option<Box<str>>,
    /// Value that must be equal; `None` for the operator `Exists`.
    pub value: Option<Box<str>>,
    /// Effect tolerated; `None` for all.
    pub effect: Option<TaintEffect>,
    /// How long a taint that drives running pods away is tolerated; `None` for ever.
    pub lasts: Option<SimDuration>,
}

impl Toleration {
    /// True when the taint is tolerated.
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.effect.is_none_or(|effect| effect == taint.effect)
            && self.key.as_ref().is_none_or(|key| *key == taint.key)
            && self.value.as_ref().is_none_or(|value| *value == taint.value)
    }
}

/// One term of a node affinity: all of its requirements must hold. A term without any matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSelectorTerm {
    /// Requirements on labels.
    pub expressions: Vec<Requirement>,
    /// Requirements on `metadata.name`.
    pub fields: Vec<Requirement>,
}

/// One requirement of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Label or field.
    pub key: Box<str>,
    /// Operator.
    pub operator: Operator,
    /// Operands.
    pub values: Vec<Box<str>>,
}

/// The operator of a [`Requirement`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The value is one of the operands.
    In,
    /// The value is none of the operands, or the label is absent.
    NotIn,
    /// The label is present.
    Exists,
    /// The label is absent.
    DoesNotExist,
    /// The value is an integer greater than the operand.
    Gt,
    /// The value is an integer less than the operand.
    Lt,
}

/// A label selector: every requirement must hold; none at all matches every pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    /// `matchLabels` and `matchExpressions` together.
    pub requirements: Vec<Requirement>,
}

impl Requirement {
    /// True when a set of labels meets the requirement.
    #[must_use]
    pub fn matches(&self, value: Option<&str>) -> bool {
        let integer = |text: &str| text.parse::<i64>().ok();
        let compare =
            |holds: fn(i64, i64) -> bool| match (value.and_then(integer), self.values.first().and_then(|v| integer(v)))
            {
                (Some(value), Some(limit)) => holds(value, limit),
                _ => false,
            };
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.iter().any(|v| **v == *value)),
            Operator::NotIn => value.is_none_or(|value| self.values.iter().all(|v| **v != *value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt => compare(|value, limit| value > limit),
            Operator::Lt => compare(|value, limit| value < limit),
        }
    }
}

impl LabelSelector {
    /// True when the labels meet every requirement.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.iter().all(|r| r.matches(labels.get(&*r.key).map(String::as_str)))
    }
}
