//! What a scenario means: resolved against the catalogue and fully checked. The simulation reads nothing else.
//!
//! A [`Plan`] is one variant at one sweep point; a [`Study`] is all of them with the seeds to run.

use crate::catalog::{AutoscalerProfile, KubernetesVersion, OsDisk, Region, Tier, Timings, VmSize};
use crate::kernel::{Dist, SimDuration, SimTime};
use crate::units::{Bytes, MilliCpu, Resources, UsdPerHour};
use ipnet::Ipv4Net;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A whole scenario file, resolved: every variant at every sweep point, the seeds, the comparison and the objectives.
#[derive(Clone, Debug)]
pub struct Study {
    /// `name:`.
    pub name: String,
    /// `description:`, or empty.
    pub description: String,
    /// Hash of the file and of every file it names, in hexadecimal: one of the four things a result depends on.
    pub hash: String,
    /// The seeds of the replications.
    pub seeds: SeedRange,
    /// Variants times sweep points, in the file's order: for each variant, each sweep point.
    pub points: Vec<Point>,
    /// The variant the others are compared with, if there is more than one.
    pub baseline: Option<String>,
    /// Objectives of `expect:`.
    pub expect: Vec<Expectation>,
}

/// Which seeds to run: `first`, `first + 1`, … `count` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedRange {
    /// The first seed.
    pub first: u64,
    /// The number of replications, at least 1.
    pub count: u64,
}

/// One variant at one sweep point.
#[derive(Clone, Debug)]
pub struct Point {
    /// Name of the variant; `base` when the file names none.
    pub variant: String,
    /// Each swept path with the value it has here, in the file's order; empty without a sweep.
    pub sweep: Vec<(String, String)>,
    /// What to simulate.
    pub plan: Arc<Plan>,
}

impl Point {
    /// The variant and the sweep values in one line, such as `B-series, maxCount=5`.
    #[must_use]
    pub fn label(&self) -> String {
        let mut label = self.variant.clone();
        for (path, value) in &self.sweep {
            let key = path.rsplit('.').next().unwrap_or(path);
            label.push_str(&format!(", {key}={value}"));
        }
        label
    }
}

/// One objective: a statistic over the seeds of a metric, compared with a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The line as written.
    pub text: String,
    /// Metric name, as in `runs.csv`.
    pub metric: String,
    /// How the two sides are compared.
    pub comparison: Comparison,
    /// The right-hand side.
    pub limit: f64,
}

/// The comparison operator of an [`Expectation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `==`
    Equal,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
}

/// Everything one replication needs besides its seed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The wall-clock moment of virtual time zero, in the scenario's time zone.
    pub start: jiff::Zoned,
    /// Virtual time simulated, warm-up included.
    pub duration: SimDuration,
    /// Virtual time at the beginning that statistics leave out.
    pub warmup: SimDuration,
    /// The cluster.
    pub cluster: ClusterPlan,
    /// Controllers and bare pods, AKS's own among them, sorted by (namespace, kind, name).
    pub workloads: Vec<WorkloadPlan>,
    /// Pod disruption budgets, sorted by (namespace, name).
    pub budgets: Vec<BudgetPlan>,
    /// Operations, sorted by time, ties in the file's order.
    pub operations: Vec<OperationPlan>,
    /// Durations of every stage of node and pod life.
    pub timings: Timings,
}

/// The cluster as `az aks show` describes it.
#[derive(Clone, Debug)]
pub struct ClusterPlan {
    /// The customer's resource group.
    pub resource_group: String,
    /// Cluster name.
    pub name: String,
    /// The node resource group, `MC_<rg>_<cluster>_<region>` unless given.
    pub node_resource_group: String,
    /// Region.
    pub location: Region,
    /// Pricing tier of the control plane.
    pub tier: Tier,
    /// Version of the control plane at the start.
    pub version: KubernetesVersion,
    /// How pods and nodes get their addresses.
    pub network: NetworkPlan,
    /// Subnets of the VNet, sorted by name.
    pub subnets: Vec<SubnetPlan>,
    /// Node pools, sorted by name.
    pub pools: Vec<PoolPlan>,
    /// The cluster autoscaler's profile.
    pub autoscaler: AutoscalerProfile,
    /// Prices of what the cluster has once.
    pub charges: ClusterCharges,
}

/// Hourly prices of the cluster's own meters, discounts applied where Azure's discounts apply.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClusterCharges {
    /// Control plane tier.
    pub tier: UsdPerHour,
    /// The standard load balancer with up to five rules; zero without one.
    pub load_balancer: UsdPerHour,
    /// All outbound public IP addresses together.
    pub public_ips: UsdPerHour,
}

/// Which of Azure's network models the cluster uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkModel {
    /// Nodes take subnet addresses, pods a /24 of the pod CIDR behind NAT, one route per node.
    Kubenet,
    /// Azure CNI node subnet: every node preallocates `maxPods` subnet addresses besides its own.
    AzureNodeSubnet,
    /// Azure CNI Overlay: nodes take subnet addresses, pods a /24 of the overlay pod CIDR.
    AzureOverlay,
}

/// Address ranges of the cluster.
#[derive(Clone, Debug)]
pub struct NetworkPlan {
    /// Network model.
    pub model: NetworkModel,
    /// Range of pod addresses; `None` for the node-subnet model.
    pub pod_cidr: Option<Ipv4Net>,
    /// Range of Service addresses.
    pub service_cidr: Ipv4Net,
    /// Address of the DNS Service.
    pub dns_service_ip: Ipv4Addr,
}

/// A subnet of the VNet.
#[derive(Clone, Debug)]
pub struct SubnetPlan {
    /// Subnet name.
    pub name: String,
    /// Its address prefix.
    pub prefix: Ipv4Net,
}

/// Whether a pool hosts AKS's own pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// Holds CoreDNS, metrics-server and the like; at least one such pool must exist.
    System,
    /// Holds applications.
    User,
}

/// A node pool: one virtual machine scale set, every instance configured alike.
#[derive(Clone, Debug)]
pub struct PoolPlan {
    /// Pool name.
    pub name: String,
    /// System or User.
    pub mode: PoolMode,
    /// The catalogue's entry for the VM size; immutable for the life of the pool.
    pub vm: &'static VmSize,
    /// Nodes at the start.
    pub count: u32,
    /// The autoscaler's bounds when it manages this pool.
    pub autoscaling: Option<AutoscalingRange>,
    /// Most pods a node of this pool may run.
    pub max_pods: u32,
    /// OS disk of every node.
    pub os_disk: OsDisk,
    /// Index into [`ClusterPlan::subnets`].
    pub subnet: usize,
    /// Labels that AKS and the scenario put on every node (host name and zone come on top).
    pub labels: BTreeMap<String, String>,
    /// Permanent taints of every node.
    pub taints: Vec<Taint>,
    /// Availability zones, numbered as in Azure; empty for a regional pool.
    pub zones: Vec<u8>,
    /// Spot instances instead of regular ones.
    pub spot: bool,
    /// Version of the pool's nodes at the start.
    pub version: KubernetesVersion,
    /// How the pool is upgraded.
    pub upgrade: UpgradeSettings,
    /// What a node can give to pods.
    pub allocatable: Resources,
    /// Price of one instance.
    pub vm_price: UsdPerHour,
    /// Price of one instance's OS disk; zero for an ephemeral one.
    pub os_disk_price: UsdPerHour,
}

/// Bounds of an autoscaled pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoscalingRange {
    /// `minCount`
    pub min: u32,
    /// `maxCount`
    pub max: u32,
}

/// A count or a percentage of a count, as in `maxSurge: 33%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOrPercent {
    /// A number of things.
    Int(u32),
    /// A percentage of a number of things.
    Percent(u32),
}

impl IntOrPercent {
    /// The number meant for `total`, a percentage rounded up.
    #[must_use]
    pub fn of_rounded_up(self, total: u32) -> u32 {
        match self {
            Self::Int(count) => count,
            Self::Percent(percent) => {
                let exact = u64::from(percent) * u64::from(total);
                u32::try_from(exact.div_ceil(100)).expect("a share of a 32-bit count fits 32 bits")
            }
        }
    }
}

/// `upgradeSettings` of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpgradeSettings {
    /// Extra nodes during an upgrade.
    pub max_surge: IntOrPercent,
    /// Nodes taken out of service at once when there is no surge.
    pub max_unavailable: IntOrPercent,
    /// How long one node's drain may take.
    pub drain_timeout: SimDuration,
    /// Wait after a drain, before the reimage.
    pub soak: SimDuration,
}

/// A controller with its pod template, or a bare pod.
#[derive(Clone, Debug)]
pub struct WorkloadPlan {
    /// Namespace.
    pub namespace: String,
    /// Object name.
    pub name: String,
    /// What kind of controller it is.
    pub controller: Controller,
    /// What every one of its pods looks like.
    pub template: PodTemplate,
    /// What a manifest cannot say.
    pub behaviour: Behaviour,
    /// True for what AKS itself installs.
    pub system: bool,
}

impl WorkloadPlan {
    /// `namespace/name`, unique per kind; the name of the workload's random streams together with the kind.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.controller.kind(), self.namespace, self.name)
    }
}

/// The kind of a workload with what its controller needs to know.
#[derive(Clone, Debug)]
pub enum Controller {
    /// Any number of interchangeable pods.
    Deployment {
        /// Pods wanted.
        replicas: u32,
        /// Replicas that follow the size of the cluster instead, as CoreDNS does.
        ladder: Option<ReplicaLadder>,
    },
    /// As a Deployment, without rollouts.
    ReplicaSet {
        /// Pods wanted.
        replicas: u32,
    },
    /// Numbered pods with stable names.
    StatefulSet {
        /// Pods wanted.
        replicas: u32,
        /// True for `podManagementPolicy: Parallel`.
        parallel: bool,
    },
    /// One pod on every node it tolerates and selects.
    DaemonSet,
    /// Pods that run to completion.
    Job(JobPlan),
    /// Jobs on a schedule.
    CronJob {
        /// Moments at which a Job is created, in virtual time, rising, all before the horizon.
        fires: Vec<SimTime>,
        /// The Job created each time.
        job: JobPlan,
    },
    /// One pod that nothing recreates.
    Pod,
}

impl Controller {
    /// The Kubernetes kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Deployment { .. } => "Deployment",
            Self::ReplicaSet { .. } => "ReplicaSet",
            Self::StatefulSet { .. } => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job(_) => "Job",
            Self::CronJob { .. } => "CronJob",
            Self::Pod => "Pod",
        }
    }
}

/// How many pods a Job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobPlan {
    /// Pods that must succeed.
    pub completions: u32,
    /// Pods at a time.
    pub parallelism: u32,
}

/// Replicas by cluster size: the larger of two steps, as cluster-proportional-autoscaler's ladder mode counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaLadder {
    /// (cores from, replicas), rising.
    pub cores: Vec<(u32, u32)>,
    /// (nodes from, replicas), rising.
    pub nodes: Vec<(u32, u32)>,
}

impl ReplicaLadder {
    /// The replicas for a cluster of this size; at least 1.
    #[must_use]
    pub fn replicas(&self, nodes: u32, cores: u32) -> u32 {
        let step = |ladder: &[(u32, u32)], size: u32| {
            ladder.iter().take_while(|(from, _)| *from <= size).last().map_or(1, |(_, replicas)| *replicas)
        };
        step(&self.cores, cores).max(step(&self.nodes, nodes))
    }
}

/// What the simulator needs of a pod template.
#[derive(Clone, Debug, Default)]
pub struct PodTemplate {
    /// Labels of the pods.
    pub labels: BTreeMap<String, String>,
    /// What the scheduler counts: kube-scheduler's pod request, overhead included, `pods` being 1.
    pub requests: Resources,
    /// CPU request with kube-scheduler's default (100m per container) where none is given, for scoring only.
    pub nonzero_cpu: MilliCpu,
    /// Memory request with kube-scheduler's default (200 MiB per container) where none is given, for scoring only.
    pub nonzero_memory: Bytes,
    /// Sum of the containers' CPU limits; `None` when any container has none.
    pub cpu_limit: Option<MilliCpu>,
    /// Labels a node must carry.
    pub node_selector: BTreeMap<String, String>,
    /// `requiredDuringSchedulingIgnoredDuringExecution` terms, of which one must match; `None` when absent.
    pub required_affinity: Option<Vec<NodeSelectorTerm>>,
    /// Preferred terms with their weights.
    pub preferred_affinity: Vec<(i64, NodeSelectorTerm)>,
    /// Tolerations.
    pub tolerations: Vec<Toleration>,
    /// Ports of the node that the pod takes.
    pub host_ports: Vec<HostPort>,
    /// True for `hostNetwork`: the pod uses the node's own address.
    pub host_network: bool,
    /// Priority, 0 unless a priority class says otherwise.
    pub priority: i32,
    /// `terminationGracePeriodSeconds`.
    pub grace: SimDuration,
    /// Images in the order in which the kubelet pulls them, init containers first.
    pub images: Vec<Image>,
    /// When the readiness probe looks; `None` without one (ready as soon as started).
    pub readiness: Option<ReadinessProbe>,
    /// True when an emptyDir (not in memory) or hostPath volume is mounted: the autoscaler may be told to keep the node.
    pub local_storage: bool,
    /// Annotation `cluster-autoscaler.kubernetes.io/safe-to-evict`.
    pub safe_to_evict: Option<bool>,
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

/// What a manifest does not say about a workload.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// CPU its pods want; `None` for none.
    pub demand: Option<Demand>,
    /// Time from container start until the application would answer a probe.
    pub startup: Dist,
    /// Run time of a Job's pod; `None` for pods that run until they are deleted.
    pub run_time: Option<Dist>,
}

/// CPU demand over time.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The curve.
    pub shape: DemandShape,
    /// Whose demand the curve is.
    pub scope: DemandScope,
    /// Standard deviation of the relative noise drawn at each step, 0 for none.
    pub noise: f64,
    /// How often the curve is read and the noise drawn anew.
    pub interval: SimDuration,
}

/// Whether a demand curve is shared or everyone's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemandScope {
    /// The whole workload's, shared evenly by its ready pods.
    Workload,
    /// Each ready pod's own.
    Pod,
}

/// A demand curve.
#[derive(Clone, Debug)]
pub enum DemandShape {
    /// Always the same.
    Constant(MilliCpu),
    /// A cosine with a period of a day.
    Daily {
        /// Demand twelve hours from the peak.
        low: MilliCpu,
        /// Demand at the peak.
        high: MilliCpu,
        /// Time of day of the peak, from local midnight.
        peak_at: SimDuration,
        /// Factor on Saturdays and Sundays.
        weekend: f64,
    },
    /// One factor a weekday on top of a daily cosine, Monday first.
    Weekly {
        /// Demand twelve hours from the peak.
        low: MilliCpu,
        /// Demand at the peak.
        high: MilliCpu,
        /// Time of day of the peak, from local midnight.
        peak_at: SimDuration,
        /// Factor of each day, Monday first.
        days: [f64; 7],
    },
    /// Steps or a trace: from each moment on, this much; before the first, none.
    Steps(Vec<(SimTime, MilliCpu)>),
}

/// A pod disruption budget.
#[derive(Clone, Debug)]
pub struct BudgetPlan {
    /// Namespace.
    pub namespace: String,
    /// Object name.
    pub name: String,
    /// Which pods it covers.
    pub selector: LabelSelector,
    /// Its rule.
    pub rule: BudgetRule,
}

/// The rule of a pod disruption budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetRule {
    /// `minAvailable`
    MinAvailable(IntOrPercent),
    /// `maxUnavailable`
    MaxUnavailable(IntOrPercent),
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

/// Something an operator asks of AKS at a moment of virtual time.
#[derive(Clone, Debug)]
pub struct OperationPlan {
    /// When it is asked.
    pub at: SimTime,
    /// What is asked.
    pub kind: OperationKind,
}

/// What can be asked of AKS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Set the node count of a pool (index into [`ClusterPlan::pools`]).
    Scale {
        /// The pool.
        pool: usize,
        /// Nodes wanted.
        count: u32,
    },
    /// Upgrade the control plane (unless it has the version already) and then the pools, one after the other.
    Upgrade {
        /// Version asked for; `None` for a node-image upgrade, which touches only pools.
        version: Option<KubernetesVersion>,
        /// Pools to upgrade, indexes into [`ClusterPlan::pools`].
        pools: Vec<usize>,
    },
}

impl OperationKind {
    /// What is asked, in the words of `az`: `scale system to 3`, `upgrade apps, system to 1.35`.
    #[must_use]
    pub fn describe(&self, plan: &Plan) -> String {
        let name = |pool: &usize| plan.cluster.pools[*pool].name.as_str();
        match self {
            Self::Scale { pool, count } => format!("scale {} to {count}", name(pool)),
            Self::Upgrade { version, pools } => {
                let pools = pools.iter().map(name).collect::<Vec<_>>().join(", ");
                match version {
                    Some(version) => format!("upgrade {pools} to {version}"),
                    None => format!("upgrade the node image of {pools}"),
                }
            }
        }
    }
}
