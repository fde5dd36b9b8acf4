//! kube-scheduler's configuration as it is written, in the words of `KubeSchedulerConfiguration`.

use super::Faults;
use super::decode::describe;
use deserr::{DeserializeError, Deserr, ErrorKind, IntoValue, Map, Value, ValuePointerRef};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// The scheduler's configuration with its only profile, in the words of `KubeSchedulerConfiguration`
/// (`kubescheduler.config.k8s.io/v1`). AKS takes it as a SchedulerConfiguration: "configurable scheduler profiles", in preview.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct SchedulerSpec {
    /// How many percent of the nodes are looked at once enough fit; 0, the default, for kube-scheduler's own formula.
    #[deserr(default)]
    #[schemars(range(min = 0, max = 100))]
    pub percentage_of_nodes_to_score: Option<i64>,
    /// Wait before the second attempt at a pod, 1 by default; it doubles with every attempt.
    #[deserr(default)]
    #[schemars(range(min = 1))]
    pub pod_initial_backoff_seconds: Option<i64>,
    /// Longest wait between attempts, 10 by default.
    #[deserr(default)]
    #[schemars(range(min = 1))]
    pub pod_max_backoff_seconds: Option<i64>,
    /// Arguments of plugins.
    #[deserr(default)]
    pub plugin_config: Option<Vec<PluginConfigSpec>>,
}

/// The arguments of one plugin.
#[derive(Debug, JsonSchema)]
#[schemars(tag = "name", deny_unknown_fields)]
pub enum PluginConfigSpec {
    /// Which nodes have room, and whether full or empty ones are better.
    NodeResourcesFit {
        /// Its arguments.
        args: Option<FitArgsSpec>,
    },
    /// Nodes on which CPU and memory are used alike are better.
    NodeResourcesBalancedAllocation {
        /// Its arguments.
        args: Option<BalancedArgsSpec>,
    },
    /// Nodes by their labels.
    NodeAffinity {
        /// Its arguments.
        args: Option<NodeAffinityArgsSpec>,
    },
    /// Nodes by the pods beside.
    InterPodAffinity {
        /// Its arguments.
        args: Option<InterPodAffinityArgsSpec>,
    },
    /// Pods spread over hosts and zones.
    PodTopologySpread {
        /// Its arguments.
        args: Option<SpreadArgsSpec>,
    },
}

impl PluginConfigSpec {
    /// The plugin's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NodeResourcesFit { .. } => "NodeResourcesFit",
            Self::NodeResourcesBalancedAllocation { .. } => "NodeResourcesBalancedAllocation",
            Self::NodeAffinity { .. } => "NodeAffinity",
            Self::InterPodAffinity { .. } => "InterPodAffinity",
            Self::PodTopologySpread { .. } => "PodTopologySpread",
        }
    }
}

/// The plugins that take arguments here.
#[derive(Clone, Copy, Deserr)]
#[deserr(error = Faults)]
enum Plugin {
    NodeResourcesFit,
    NodeResourcesBalancedAllocation,
    NodeAffinity,
    InterPodAffinity,
    PodTopologySpread,
}

impl Deserr<Faults> for PluginConfigSpec {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef<'_>) -> Result<Self, Faults> {
        const KEYS: &[&str] = &["name", "args"];
        let mut map = match value {
            Value::Map(map) => map,
            other => return Err(Faults::kind(location, &other, "a mapping with name and args")),
        };
        let (name, args) = (map.remove("name"), map.remove("args"));
        let mut faults = Faults::default();
        for (key, _) in map.into_iter() {
            faults = add(faults, ErrorKind::UnknownKey::<V> { key: &key, accepted: KEYS }, location);
        }
        let Some(name) = name else {
            return Err(add(faults, ErrorKind::MissingField::<V> { field: KEYS[0] }, location));
        };
        let read = Plugin::deserialize_from_value(name.into_value(), location.push_key(KEYS[0]));
        let read = read.and_then(|plugin| Self::with_args(plugin, args, location.push_key(KEYS[1])));
        match read {
            Ok(config) if faults.0.is_empty() => Ok(config),
            Ok(_) => Err(faults),
            Err(mut more) => {
                faults.0.append(&mut more.0);
                Err(faults)
            }
        }
    }
}

impl PluginConfigSpec {
    fn with_args<V: IntoValue>(plugin: Plugin, args: Option<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        Ok(match plugin {
            Plugin::NodeResourcesFit => Self::NodeResourcesFit { args: read(args, at)? },
            Plugin::NodeResourcesBalancedAllocation => Self::NodeResourcesBalancedAllocation { args: read(args, at)? },
            Plugin::NodeAffinity => Self::NodeAffinity { args: read(args, at)? },
            Plugin::InterPodAffinity => Self::InterPodAffinity { args: read(args, at)? },
            Plugin::PodTopologySpread => Self::PodTopologySpread { args: read(args, at)? },
        })
    }
}

fn read<T: Deserr<Faults>, V: IntoValue>(args: Option<V>, at: ValuePointerRef<'_>) -> Result<Option<T>, Faults> {
    args.map(|args| T::deserialize_from_value(args.into_value(), at)).transpose()
}

fn add<V: IntoValue>(faults: Faults, kind: ErrorKind<'_, V>, location: ValuePointerRef<'_>) -> Faults {
    match Faults::error(Some(faults), kind, location) {
        ControlFlow::Continue(faults) | ControlFlow::Break(faults) => faults,
    }
}

/// Defines a word that can only be written in one way, which Kubernetes' own files have and nobody needs.
macro_rules! constant {
    ($(#[$doc:meta])* $name:ident, $word:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name;

        impl Deserr<Faults> for $name {
            fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef<'_>) -> Result<Self, Faults> {
                match &value {
                    Value::String(text) if text == $word => Ok(Self),
                    _ => {
                        let found = format!("found {}", describe(&value));
                        Err(Faults::one(location, "scenario::value", found, concat!("write ", $word).to_owned()))
                    }
                }
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"const": $word})
            }
        }
    };
}

constant!(
    /// The version of the arguments.
    ArgsVersion, "kubescheduler.config.k8s.io/v1"
);
constant!(
    /// The kind of [`FitArgsSpec`].
    FitArgsKind, "NodeResourcesFitArgs"
);
constant!(
    /// The kind of [`BalancedArgsSpec`].
    BalancedArgsKind, "NodeResourcesBalancedAllocationArgs"
);
constant!(
    /// The kind of [`NodeAffinityArgsSpec`].
    NodeAffinityArgsKind, "NodeAffinityArgs"
);
constant!(
    /// The kind of [`InterPodAffinityArgsSpec`].
    InterPodAffinityArgsKind, "InterPodAffinityArgs"
);
constant!(
    /// The kind of [`SpreadArgsSpec`].
    SpreadArgsKind, "PodTopologySpreadArgs"
);

/// Arguments of NodeResourcesFit.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct FitArgsSpec {
    /// Not needed.
    #[deserr(default)]
    pub api_version: Option<ArgsVersion>,
    /// Not needed.
    #[deserr(default)]
    pub kind: Option<FitArgsKind>,
    /// Extended resources that a node need not have left.
    #[deserr(default)]
    pub ignored_resources: Option<Vec<String>>,
    /// Groups of such resources, as `example.com`.
    #[deserr(default)]
    pub ignored_resource_groups: Option<Vec<String>>,
    /// Which nodes are better; LeastAllocated over cpu and memory by default.
    #[deserr(default)]
    pub scoring_strategy: Option<ScoringStrategySpec>,
}

/// Which nodes are better.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScoringStrategySpec {
    /// The strategy.
    #[deserr(rename = "type")]
    #[schemars(rename = "type")]
    pub strategy: StrategyTypeSpec,
    /// Resources looked at; cpu and memory by default.
    #[deserr(default)]
    pub resources: Option<Vec<ResourceSpec>>,
    /// The curve of RequestedToCapacityRatio.
    #[deserr(default)]
    pub requested_to_capacity_ratio: Option<RatioSpec>,
}

/// A scoring strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserr, JsonSchema)]
#[deserr(error = Faults)]
pub enum StrategyTypeSpec {
    /// The emptier the better.
    LeastAllocated,
    /// The fuller the better.
    MostAllocated,
    /// By a curve of the utilization.
    RequestedToCapacityRatio,
}

/// A resource with its weight.
#[derive(Clone, Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceSpec {
    /// Its name, such as `cpu` or `nvidia.com/gpu`.
    pub name: String,
    /// Its weight from 1 to 100; 1 by default.
    #[deserr(default)]
    pub weight: Option<i64>,
}

/// A curve of the score.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct RatioSpec {
    /// Points by rising utilization, with straight lines between them.
    pub shape: Vec<ShapePointSpec>,
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShapePointSpec {
    /// Utilization in percent.
    pub utilization: i64,
    /// Score from 0 to 10.
    pub score: i64,
}

/// Arguments of NodeResourcesBalancedAllocation.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct BalancedArgsSpec {
    /// Not needed.
    #[deserr(default)]
    pub api_version: Option<ArgsVersion>,
    /// Not needed.
    #[deserr(default)]
    pub kind: Option<BalancedArgsKind>,
    /// Resources that shall be used alike, of weight 1; cpu and memory by default.
    #[deserr(default)]
    pub resources: Option<Vec<ResourceSpec>>,
}

/// Arguments of NodeAffinity.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeAffinityArgsSpec {
    /// Not needed.
    #[deserr(default)]
    pub api_version: Option<ArgsVersion>,
    /// Not needed.
    #[deserr(default)]
    pub kind: Option<NodeAffinityArgsKind>,
    /// A node affinity that every pod has on top of its own, as in a pod's `affinity.nodeAffinity`.
    #[deserr(default)]
    pub added_affinity: Option<serde_json::Value>,
}

/// Arguments of InterPodAffinity.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct InterPodAffinityArgsSpec {
    /// Not needed.
    #[deserr(default)]
    pub api_version: Option<ArgsVersion>,
    /// Not needed.
    #[deserr(default)]
    pub kind: Option<InterPodAffinityArgsKind>,
    /// What a required term of a running pod is worth to a pod that it matches, 0 to 100; 1 by default.
    #[deserr(default)]
    #[schemars(range(min = 0, max = 100))]
    pub hard_pod_affinity_weight: Option<i64>,
    /// Not simulated.
    #[deserr(default)]
    pub ignore_preferred_terms_of_existing_pods: Option<bool>,
}

/// Arguments of PodTopologySpread.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct SpreadArgsSpec {
    /// Not needed.
    #[deserr(default)]
    pub api_version: Option<ArgsVersion>,
    /// Not needed.
    #[deserr(default)]
    pub kind: Option<SpreadArgsKind>,
    /// Constraints of pods without their own, as in a pod's `topologySpreadConstraints`, without selectors. Goes with
    /// `defaultingType: List`.
    #[deserr(default)]
    pub default_constraints: Option<Vec<serde_json::Value>>,
    /// System, the default, or List.
    #[deserr(default)]
    pub defaulting_type: Option<DefaultingTypeSpec>,
}

/// Where default constraints come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserr, JsonSchema)]
#[deserr(error = Faults)]
pub enum DefaultingTypeSpec {
    /// Kubernetes' own.
    System,
    /// Those of `defaultConstraints`.
    List,
}
