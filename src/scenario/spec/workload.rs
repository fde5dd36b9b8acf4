//! What runs on the cluster, as it is written.

use super::{ClockTime, Cpu, DistSpec, Duration, Entries, Faults, Size, TraceSpec, Version};
use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// What runs on the cluster.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkloadsSpec {
    /// Kubernetes manifests: paths of YAML files, relative to the scenario, or objects written here.
    #[deserr(default)]
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    pub manifests: Option<Vec<serde_json::Value>>,
    /// What the manifests do not say: demand, image sizes, start-up and run times.
    #[deserr(default)]
    pub behaviour: Option<Vec<BehaviourSpec>>,
    /// Deprecated APIs that something uses, for which AKS stops upgrades.
    #[deserr(default)]
    pub api_usage: Option<Vec<ApiUsageSpec>>,
    /// Pods that come and go at the moments of a CSV file.
    #[deserr(default)]
    pub trace: Option<TraceSpec>,
}

/// What a manifest does not say about one workload.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct BehaviourSpec {
    /// The workload.
    pub target: TargetSpec,
    /// CPU that it wants over time.
    #[deserr(default)]
    pub demand: Option<DemandSpec>,
    /// Compressed size of its images: one for all, or by image name.
    #[deserr(default)]
    pub image: Option<ImageSpec>,
    /// Time from the start of its containers until the application would answer a probe.
    #[deserr(default)]
    pub startup: Option<DistSpec>,
    /// Run time of each pod of a Job or CronJob.
    #[deserr(default)]
    pub run_time: Option<DistSpec>,
    /// Connections that each of its pods opens to the internet, one entry for each destination.
    #[deserr(default)]
    pub outbound: Option<Vec<OutboundFlowSpec>>,
}

/// A deprecated API that something uses.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiUsageSpec {
    /// Group and version, such as flowcontrol.apiserver.k8s.io/v1beta3.
    pub api_version: String,
    /// What is done with it, such as `update`, which is the default; get, list and watch stop no upgrade.
    #[deserr(default)]
    pub verb: Option<String>,
    /// The version in which it is gone, in quotes; known for Kubernetes' own.
    #[deserr(default)]
    pub removed_in: Option<Version>,
    /// From when on it is used; from the start unless given.
    #[deserr(default)]
    pub from: Option<Duration>,
    /// Until when; to the end unless given.
    #[deserr(default)]
    pub until: Option<Duration>,
}

/// Connections that a pod opens to one destination.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutboundFlowSpec {
    /// Where to, such as api.example.com:443; `internet` unless given. Connections to one destination need a source port each, those to
    /// different ones share them.
    #[deserr(default)]
    pub destination: Option<String>,
    /// New connections of each pod a second, while it is ready.
    pub connections_per_second: f64,
    /// How long one is in use.
    pub duration: Duration,
    /// True when the application closes it then; false when it forgets it, and the idle timeout ends it. True unless given.
    #[deserr(default)]
    pub closed: Option<bool>,
}

/// A workload by kind and name.
#[derive(Clone, Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetSpec {
    /// Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob or Pod.
    pub kind: String,
    /// Object name.
    pub name: String,
    /// Namespace, `default` unless given.
    #[deserr(default)]
    pub namespace: Option<String>,
}

/// Whose demand a curve is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase)]
#[schemars(rename_all = "camelCase")]
pub enum ScopeSpec {
    /// The whole workload's, shared by its ready pods.
    Workload,
    /// Each pod's own.
    Pod,
}

/// CPU demand over time.
#[derive(Clone, Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, tag = "shape", rename_all = camelCase, deny_unknown_fields)]
#[schemars(tag = "shape", rename_all = "camelCase", deny_unknown_fields)]
pub enum DemandSpec {
    /// Always the same.
    Constant {
        /// The demand.
        cpu: Cpu,
        /// Relative noise, the standard deviation as a share of the demand.
        #[deserr(default)]
        noise: Option<f64>,
        /// How often the noise is drawn; 5m by default.
        #[deserr(default)]
        interval: Option<Duration>,
        /// Whose demand it is; the workload's by default.
        #[deserr(default)]
        scope: Option<ScopeSpec>,
    },
    /// A wave with a period of a day.
    #[deserr(rename_all = camelCase)]
    #[schemars(rename_all = "camelCase")]
    Daily {
        /// Demand twelve hours from the peak.
        low: Cpu,
        /// Demand at the peak.
        high: Cpu,
        /// Time of day of the peak, in the time zone of `start`; 14:00 by default.
        #[deserr(default)]
        peak_at: Option<ClockTime>,
        /// Factor on Saturdays and Sundays, 1 by default.
        #[deserr(default)]
        weekend: Option<f64>,
        /// Relative noise, the standard deviation as a share of the demand.
        #[deserr(default)]
        noise: Option<f64>,
        /// How often the curve is read and the noise drawn; 5m by default.
        #[deserr(default)]
        interval: Option<Duration>,
        /// Whose demand it is; the workload's by default.
        #[deserr(default)]
        scope: Option<ScopeSpec>,
    },
    /// A daily wave with a factor for each day of the week.
    #[deserr(rename_all = camelCase)]
    #[schemars(rename_all = "camelCase")]
    Weekly {
        /// Demand twelve hours from the peak.
        low: Cpu,
        /// Demand at the peak.
        high: Cpu,
        /// Time of day of the peak, in the time zone of `start`; 14:00 by default.
        #[deserr(default)]
        peak_at: Option<ClockTime>,
        /// Seven factors, Monday first.
        days: Vec<f64>,
        /// Relative noise, the standard deviation as a share of the demand.
        #[deserr(default)]
        noise: Option<f64>,
        /// How often the curve is read and the noise drawn; 5m by default.
        #[deserr(default)]
        interval: Option<Duration>,
        /// Whose demand it is; the workload's by default.
        #[deserr(default)]
        scope: Option<ScopeSpec>,
    },
    /// From each moment on, this much.
    Steps {
        /// The steps.
        steps: Vec<StepSpec>,
        /// Relative noise, the standard deviation as a share of the demand.
        #[deserr(default)]
        noise: Option<f64>,
        /// How often the noise is drawn; 5m by default.
        #[deserr(default)]
        interval: Option<Duration>,
        /// Whose demand it is; the workload's by default.
        #[deserr(default)]
        scope: Option<ScopeSpec>,
    },
    /// Read from a CSV file with the columns `time` and `cpu`.
    Trace {
        /// Path of the file, relative to the scenario.
        file: String,
        /// Relative noise, the standard deviation as a share of the demand.
        #[deserr(default)]
        noise: Option<f64>,
        /// How often the noise is drawn; 5m by default.
        #[deserr(default)]
        interval: Option<Duration>,
        /// Whose demand it is; the workload's by default.
        #[deserr(default)]
        scope: Option<ScopeSpec>,
    },
}

/// One step of a demand curve.
#[derive(Clone, Copy, Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct StepSpec {
    /// From this moment on.
    pub at: Duration,
    /// This much.
    pub cpu: Cpu,
}

/// Sizes of images.
#[derive(Clone, Debug, PartialEq)]
pub enum ImageSpec {
    /// Of all images of the workload.
    All(Size),
    /// By image name.
    ByName(Entries<Size>),
}

impl Deserr<Faults> for ImageSpec {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef<'_>) -> Result<Self, Faults> {
        match value {
            Value::Map(_) => Entries::deserialize_from_value(value, location).map(Self::ByName),
            other => Size::deserialize_from_value(other, location).map(Self::All),
        }
    }
}

impl JsonSchema for ImageSpec {
    fn schema_name() -> Cow<'static, str> {
        "Image".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let size = generator.subschema_for::<Size>();
        json_schema!({
            "description": "Compressed size of all images of the workload, or of each by its name.",
            "anyOf": [size, {"type": "object", "additionalProperties": size}]
        })
    }
}
