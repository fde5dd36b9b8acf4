//! What one replication gives: scalar metrics, a sampled time series, and row-by-row detail where it was asked for.

use serde::Serialize;

/// The result of one replication.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// The seed.
    pub seed: u64,
    /// Events handled.
    pub events: u64,
    /// Hash over every event's key and content.
    pub fingerprint: u64,
    /// Scalar metrics: the same names in the same order for every seed of a plan; not a number where what is measured did not happen.
    /// See `docs/metrics.md`.
    pub metrics: Vec<(String, f64)>,
    /// Columns sampled at regular intervals over the whole duration, warm-up included.
    pub series: Series,
    /// Seconds from creation to binding of every application pod created after the warm-up (AKS's own left out); a pod never bound
    /// counts with the time it had waited at the end.
    pub pending_seconds: Vec<f64>,
    /// Seconds of each boot stage, in the order of [`crate::cluster::STAGES`], of every node that became Ready after time zero.
    pub boots: Vec<Vec<f64>>,
    /// Why operations failed or were refused, each reason once.
    pub operation_errors: Vec<OperationError>,
    /// Rows of the detail files; only for the seeds whose detail is kept.
    pub detail: Option<Detail>,
}

impl RunResult {
    /// The value of a metric; `None` when the plan has no such metric.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|(metric, _)| metric == name).map(|(_, value)| *value)
    }
}

/// Operations of the measured time that failed, or were refused, for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationError {
    /// What was asked, such as `scale system to 3`.
    pub operation: String,
    /// `Failed` or `Refused`.
    pub outcome: &'static str,
    /// Azure's error code; `Forbidden` where the Kubernetes API refused.
    pub code: &'static str,
    /// The message of the first.
    pub message: String,
}

impl OperationError {
    /// True of the same operation with the same code; messages may tell of other nodes and numbers.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.operation, self.outcome, self.code) == (&other.operation, other.outcome, other.code)
    }
}

/// A table of samples: one time column, and named columns of the same length.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Hours since the start of the scenario.
    pub hours: Vec<f64>,
    /// Column name (as in `timeseries.csv`) and its values.
    pub columns: Vec<(String, Vec<f64>)>,
}

impl Series {
    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|(column, _)| column == name).map(|(_, values)| values.as_slice())
    }
}

/// Rows of the detail files of one replication.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// Rows of `nodes.csv`.
    pub nodes: Vec<NodeRow>,
    /// Rows of `pods.csv`.
    pub pods: Vec<PodRow>,
    /// Rows of `ip_usage.csv`.
    pub addresses: Vec<AddressRow>,
    /// Rows of `node_activity.csv`.
    pub activities: Vec<ActivityRow>,
    /// Rows of `operations.csv`.
    pub operations: Vec<OperationRow>,
    /// Rows of `cost.csv`.
    pub costs: Vec<CostRow>,
}

/// One node. Durations are in seconds, moments in seconds since the start; empty where it did not happen.
#[derive(Clone, Debug, Serialize)]
pub struct NodeRow {
    /// Node name.
    pub node: String,
    /// Pool name.
    pub pool: String,
    /// VM size; empty for a node that the scenario brings along.
    pub vm_size: String,
    /// Availability zone.
    pub zone: Option<u8>,
    /// True for a surge node.
    pub surge: bool,
    /// Kubernetes version at the end.
    pub version: String,
    /// Asked of the scale set.
    pub requested_s: f64,
    /// Boot stage durations; zero for a node that existed at the start, and for stages that it did not live to end.
    pub request_accepted_s: f64,
    /// VM allocated and provisioned.
    pub vm_provisioned_s: f64,
    /// Operating system up.
    pub os_booted_s: f64,
    /// Custom script extension done.
    pub bootstrapped_s: f64,
    /// Container runtime up.
    pub runtime_started_s: f64,
    /// Kubelet up.
    pub kubelet_started_s: f64,
    /// Node object registered.
    pub registered_s: f64,
    /// CNI and DaemonSets ready.
    pub network_ready_s: f64,
    /// Start-up taints gone.
    pub untainted_s: f64,
    /// Became Ready.
    pub ready_s: Option<f64>,
    /// Ended.
    pub removed_s: Option<f64>,
    /// Why it ended: `scale-down` (the autoscaler), `surge` (a surge node after the upgrade), `operation`, or the code of a failure
    /// such as `SubnetIsFull`. Empty while it lives.
    pub reason: String,
}

/// One pod. Moments are in seconds since the start; empty where it did not happen.
#[derive(Clone, Debug, Serialize)]
pub struct PodRow {
    /// Namespace.
    pub namespace: String,
    /// Pod name.
    pub pod: String,
    /// `kind/name` of its controller.
    pub workload: String,
    /// Node name.
    pub node: String,
    /// Created.
    pub created_s: f64,
    /// Bound.
    pub scheduled_s: Option<f64>,
    /// Images on the node.
    pub pulled_s: Option<f64>,
    /// Containers started.
    pub started_s: Option<f64>,
    /// Ready.
    pub ready_s: Option<f64>,
    /// Ended.
    pub ended_s: Option<f64>,
    /// The scheduler's last sentence about why it was pending, in kubectl's words.
    pub pending_reason: String,
}

/// One change of the addresses in use in a subnet.
#[derive(Clone, Debug, Serialize)]
pub struct AddressRow {
    /// Subnet name.
    pub subnet: String,
    /// Seconds since the start.
    pub time_s: f64,
    /// Addresses in use after the change.
    pub used: u32,
    /// Addresses the subnet can hand out.
    pub usable: u32,
    /// The node, or the Services, on whose behalf.
    pub node: String,
    /// Change, negative for a release, zero for a refused request.
    pub change: i64,
}

/// A span of time in which something was done to a node, or kept from being done.
#[derive(Clone, Debug, Serialize)]
pub struct ActivityRow {
    /// Node name, or `control plane`.
    pub node: String,
    /// Pool name.
    pub pool: String,
    /// `control_plane` (it is being upgraded), `boot` (a node that an operation adds for good), `surge_boot` and `surge` (a surge or green node
    /// boots, is in service), `cordon`, `drain`, `held` (a budget refuses evictions during a drain), `soak` (drained, waits), `reimage`,
    /// `deallocate`, `delete`.
    pub activity: String,
    /// Begin, in seconds since the start.
    pub from_s: f64,
    /// End, in seconds since the start; the horizon where it goes on.
    pub to_s: f64,
    /// `namespace/name` of the first budget that refused, for `held`.
    pub held_by: String,
}

/// One operation.
#[derive(Clone, Debug, Serialize)]
pub struct OperationRow {
    /// What was asked, such as `scale system to 3`.
    pub operation: String,
    /// Seconds since the start.
    pub asked_s: f64,
    /// Name of the principal who asked; empty for the owner, `aks` for an auto-upgrade.
    pub asked_by: String,
    /// `Accepted` or `Refused`; `Planned` when its time did not come.
    pub answer: String,
    /// Azure's error code of a refusal or failure; `Forbidden` where the Kubernetes API refused.
    pub code: String,
    /// Its message.
    pub message: String,
    /// Ended, in seconds since the start.
    pub ended_s: Option<f64>,
    /// `Succeeded`, `Failed`, `Canceled`, `Refused`, `Running` or `Planned`.
    pub outcome: String,
    /// When the maintenance window closes that an accepted upgrade was asked in, in seconds since the start.
    pub window_closes_s: Option<f64>,
}

/// One meter of one pool (or of the cluster) over the measured time, without the warm-up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostRow {
    /// Pool name; empty for what the cluster has once.
    pub pool: String,
    /// `vm`, `os_disk`, `tier`, `load_balancer`, `nat_gateway` or `public_ip`.
    pub meter: String,
    /// Hours metered.
    pub hours: f64,
    /// USD per hour.
    pub usd_per_hour: f64,
    /// USD.
    pub usd: f64,
    /// Share of the allocatable CPU that pods did not request, 0 to 1, averaged over the metered time; empty but for `vm`.
    pub idle_share: Option<f64>,
}
