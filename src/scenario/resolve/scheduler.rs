//! The scheduler's configuration, checked as kube-scheduler checks it when it starts.
//!
//! Source of the checks: kube-scheduler 1.31 to 1.36, `ValidateKubeSchedulerConfiguration` and the validation of each plugin's
//! arguments.

use super::Resolver;
use crate::kernel::SimDuration;
use crate::scenario::diagnostic::did_you_mean;
use crate::scenario::manifest;
use crate::scenario::plan::{FitArgs, SchedulerPlan, ScoringStrategy, SpreadDefaults};
use crate::scenario::spec::{
    BalancedArgsSpec, DefaultingTypeSpec, FitArgsSpec, InterPodAffinityArgsSpec, PluginConfigSpec, ResourceSpec,
    SchedulerSpec, ScoringStrategySpec, ShapePointSpec, SpreadArgsSpec, StrategyTypeSpec,
};
use std::collections::BTreeSet;

const AT: &str = "/scheduler";
const CODE: &str = "scenario::scheduler";
/// Resources that Kubernetes itself defines; extended ones have a slash in their names.
const NATIVE: [&str; 4] = ["cpu", "memory", "ephemeral-storage", "pods"];

/// Resolves the configuration; after an error the defaults stand in: AKS's where the cluster has node pools, Kubernetes' own elsewhere.
pub fn resolve(resolver: &mut Resolver<'_>, spec: Option<&SchedulerSpec>, on_aks: bool) -> SchedulerPlan {
    let spread_defaults = if on_aks { SpreadDefaults::Aks } else { SpreadDefaults::System };
    let mut plan = SchedulerPlan { spread_defaults, ..SchedulerPlan::default() };
    let Some(spec) = spec else { return plan };
    let percentage = spec.percentage_of_nodes_to_score.unwrap_or(0);
    let at = format!("{AT}/percentageOfNodesToScore");
    plan.percentage_of_nodes_to_score = in_range(resolver, &at, percentage, 0, 100).unwrap_or(0);
    backoff(resolver, spec, &mut plan);
    let mut seen = BTreeSet::new();
    for (index, config) in spec.plugin_config.iter().flatten().enumerate() {
        let at = format!("{AT}/pluginConfig/{index}");
        if !seen.insert(config.name()) {
            let found = format!("a second configuration of {}", config.name());
            resolver.error(&format!("{at}/name"), "scenario::duplicate", found, "write all arguments in one place");
        }
        plugin(resolver, config, &format!("{at}/args"), &mut plan);
    }
    plan
}

/// Checks weights of resources as kube-scheduler does: from 1 to 100.
///
/// # Errors
/// The path of the first weight that is refused, from the arguments of NodeResourcesFit on.
pub fn check_weights(resources: &[(Box<str>, i64)]) -> Result<Vec<(Box<str>, u64)>, String> {
    let check = |(index, (name, weight)): (usize, &(Box<str>, i64))| {
        let checked = allowed_weight(*weight).ok_or_else(|| format!("scoringStrategy.resources[{index}].weight"))?;
        Ok((name.clone(), checked))
    };
    resources.iter().enumerate().map(check).collect()
}

fn allowed_weight(weight: i64) -> Option<u64> {
    u64::try_from(weight).ok().filter(|weight| (1..=100).contains(weight))
}

fn backoff(resolver: &mut Resolver<'_>, spec: &SchedulerSpec, plan: &mut SchedulerPlan) {
    let mut seconds = |written: Option<i64>, key: &str, default: SimDuration| {
        let read = written.map(|value| in_range(resolver, &format!("{AT}/{key}"), value, 1, u32::MAX));
        read.flatten().map_or(default, |seconds| SimDuration::from_secs(u64::from(seconds)))
    };
    plan.initial_backoff = seconds(spec.pod_initial_backoff_seconds, "podInitialBackoffSeconds", plan.initial_backoff);
    plan.max_backoff = seconds(spec.pod_max_backoff_seconds, "podMaxBackoffSeconds", plan.max_backoff);
    if plan.max_backoff < plan.initial_backoff {
        let written =
            if spec.pod_max_backoff_seconds.is_some() { "podMaxBackoffSeconds" } else { "podInitialBackoffSeconds" };
        let found = format!("backoff begins at {} and ends at {}", plan.initial_backoff, plan.max_backoff);
        let remedy = "write a podMaxBackoffSeconds of at least podInitialBackoffSeconds";
        resolver.error(&format!("{AT}/{written}"), CODE, found, remedy);
    }
}

/// A whole number between bounds, or an error.
fn in_range(resolver: &mut Resolver<'_>, at: &str, value: i64, low: u32, high: u32) -> Option<u32> {
    let read = u32::try_from(value).ok().filter(|value| (low..=high).contains(value));
    if read.is_none() {
        let upper = if high == u32::MAX { String::new() } else { format!(" and at most {high}") };
        resolver.error(at, CODE, format!("found {value}"), format!("write a whole number of at least {low}{upper}"));
    }
    read
}

fn plugin(resolver: &mut Resolver<'_>, config: &PluginConfigSpec, at: &str, plan: &mut SchedulerPlan) {
    match config {
        PluginConfigSpec::NodeResourcesFit { args: Some(args) } => plan.fit = fit(resolver, args, at),
        PluginConfigSpec::NodeResourcesBalancedAllocation { args: Some(args) } => balanced(resolver, args, at, plan),
        PluginConfigSpec::NodeAffinity { args: Some(args) } => {
            if let Some(added) = &args.added_affinity {
                let at = format!("{at}/addedAffinity");
                plan.added_affinity = manifest::added_affinity(added, &at, resolver.document, resolver.problems);
            }
        }
        PluginConfigSpec::InterPodAffinity { args: Some(args) } => inter_pod_affinity(resolver, args, at, plan),
        PluginConfigSpec::PodTopologySpread { args: Some(args) } => {
            plan.spread_defaults = spread_defaults(resolver, args, at);
        }
        _ => {} // Without arguments the defaults stay.
    }
}

fn fit(resolver: &mut Resolver<'_>, args: &FitArgsSpec, at: &str) -> FitArgs {
    let mut fit = FitArgs::default();
    let names = |list: &Option<Vec<String>>| list.iter().flatten().map(|name| name.as_str().into()).collect();
    fit.ignored_resources = names(&args.ignored_resources);
    fit.ignored_resource_groups = names(&args.ignored_resource_groups);
    for (index, group) in fit.ignored_resource_groups.iter().enumerate().filter(|(_, group)| group.contains('/')) {
        let pointer = format!("{at}/ignoredResourceGroups/{index}");
        resolver.error(
            &pointer,
            CODE,
            format!("found \"{group}\""),
            "write the part before the slash, such as example.com",
        );
    }
    if let Some(written) = &args.scoring_strategy {
        let at = format!("{at}/scoringStrategy");
        fit.strategy = strategy(resolver, written, &at);
        let resources = written.resources.as_deref().unwrap_or_default();
        if !resources.is_empty() {
            fit.resources = weighted(resolver, resources, &format!("{at}/resources"));
        }
    }
    fit
}

fn strategy(resolver: &mut Resolver<'_>, written: &ScoringStrategySpec, at: &str) -> ScoringStrategy {
    let at_ratio = format!("{at}/requestedToCapacityRatio");
    let ratio = written.requested_to_capacity_ratio.as_ref();
    let points = ratio.map(|ratio| shape(resolver, &ratio.shape, &format!("{at_ratio}/shape")));
    match (written.strategy, points) {
        (StrategyTypeSpec::RequestedToCapacityRatio, Some(points)) => ScoringStrategy::RequestedToCapacityRatio(points),
        (StrategyTypeSpec::RequestedToCapacityRatio, None) => {
            let remedy = "add requestedToCapacityRatio with its shape";
            resolver.error(&format!("{at}/type"), CODE, "RequestedToCapacityRatio has no curve", remedy);
            ScoringStrategy::RequestedToCapacityRatio(Vec::new())
        }
        (other, points) => {
            if points.is_some() {
                resolver.warn(
                    &at_ratio,
                    CODE,
                    format!("{other:?} uses no curve"),
                    "write type: RequestedToCapacityRatio",
                );
            }
            match other {
                StrategyTypeSpec::MostAllocated => ScoringStrategy::MostAllocated,
                _ => ScoringStrategy::LeastAllocated,
            }
        }
    }
}

fn shape(resolver: &mut Resolver<'_>, points: &[ShapePointSpec], at: &str) -> Vec<(i64, i64)> {
    if points.is_empty() {
        resolver.error(at, CODE, "found no point", "write at least one {utilization, score}");
    }
    for (index, point) in points.iter().enumerate() {
        let rises = index == 0 || points[index - 1].utilization < point.utilization;
        let at_utilization = format!("{at}/{index}/utilization");
        if in_range(resolver, &at_utilization, point.utilization, 0, 100).is_some() && !rises {
            let found = format!("found {} after {}", point.utilization, points[index - 1].utilization);
            resolver.error(&at_utilization, CODE, found, "write the points by rising utilization");
        }
        in_range(resolver, &format!("{at}/{index}/score"), point.score, 0, 10);
    }
    points.iter().map(|point| (point.utilization, point.score)).collect()
}

/// Resources with their weights; kube-scheduler takes a weight of 0 for none given, which is 1.
fn weighted(resolver: &mut Resolver<'_>, resources: &[ResourceSpec], at: &str) -> Vec<(Box<str>, u64)> {
    let mut read = Vec::new();
    for (index, resource) in resources.iter().enumerate() {
        check_name(resolver, &resource.name, &format!("{at}/{index}/name"));
        let weight = resource.weight.filter(|weight| *weight != 0).unwrap_or(1);
        match allowed_weight(weight) {
            Some(weight) => read.push((resource.name.as_str().into(), weight)),
            None => {
                let at = format!("{at}/{index}/weight");
                resolver.error(&at, CODE, format!("found {weight}"), "write a weight from 1 to 100");
            }
        }
    }
    read
}

/// kube-scheduler takes any name; one that no node can have is a mistake all the same.
fn check_name(resolver: &mut Resolver<'_>, name: &str, at: &str) {
    if NATIVE.contains(&name) || name.contains('/') || name.starts_with("hugepages-") {
        return;
    }
    let meant = did_you_mean(name, NATIVE).map(|meant| format!("did you mean {meant}?"));
    let remedy =
        meant.unwrap_or_else(|| format!("write {}, or the full name of an extended resource", NATIVE.join(", ")));
    resolver.warn(at, CODE, format!("no node has a resource \"{name}\""), remedy);
}

fn balanced(resolver: &mut Resolver<'_>, args: &BalancedArgsSpec, at: &str, plan: &mut SchedulerPlan) {
    let written = args.resources.as_deref().unwrap_or_default();
    let mut seen = BTreeSet::new();
    for (index, resource) in written.iter().enumerate() {
        let at = format!("{at}/resources/{index}");
        check_name(resolver, &resource.name, &format!("{at}/name"));
        if !seen.insert(&resource.name) {
            resolver.error(
                &format!("{at}/name"),
                CODE,
                format!("a second {}", resource.name),
                "write each resource once",
            );
        }
        if let Some(weight) = resource.weight.filter(|weight| !matches!(weight, 0 | 1)) {
            let remedy = "write 1: all resources count alike here";
            resolver.error(&format!("{at}/weight"), CODE, format!("found {weight}"), remedy);
        }
    }
    if !written.is_empty() {
        plan.balanced_resources = written.iter().map(|resource| resource.name.as_str().into()).collect();
    }
}

fn inter_pod_affinity(
    resolver: &mut Resolver<'_>,
    args: &InterPodAffinityArgsSpec,
    at: &str,
    plan: &mut SchedulerPlan,
) {
    if let Some(weight) = args.hard_pod_affinity_weight {
        let weight = in_range(resolver, &format!("{at}/hardPodAffinityWeight"), weight, 0, 100);
        plan.hard_pod_affinity_weight = weight.map_or(plan.hard_pod_affinity_weight, i64::from);
    }
    if args.ignore_preferred_terms_of_existing_pods == Some(true) {
        resolver.not_simulated(&format!("{at}/ignorePreferredTermsOfExistingPods"));
    }
}

fn spread_defaults(resolver: &mut Resolver<'_>, args: &SpreadArgsSpec, at: &str) -> SpreadDefaults {
    let at = format!("{at}/defaultConstraints");
    let written = args.default_constraints.as_deref().unwrap_or_default();
    let constraints = manifest::default_constraints(written, &at, resolver.document, resolver.problems);
    if args.defaulting_type == Some(DefaultingTypeSpec::List) {
        return SpreadDefaults::List(constraints);
    }
    if !written.is_empty() {
        let remedy = "write defaultingType: List beside them";
        resolver.error(&at, CODE, "found constraints, and System has its own", remedy);
    }
    SpreadDefaults::System
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::diagnostic::Problems;
    use crate::scenario::document::{Document, SourceFile};
    use crate::scenario::plan::Operator;
    use crate::scenario::spec::Faults;
    use std::sync::Arc;

    fn read(text: &str) -> (SchedulerPlan, Vec<String>) {
        let file = Arc::new(SourceFile { path: "s.yaml".into(), text: format!("scheduler: {text}") });
        let document = Document::parse_all(&file).unwrap().remove(0);
        let spec: SchedulerSpec = deserr::deserialize::<_, _, Faults>(document.value["scheduler"].clone())
            .unwrap_or_else(|f| panic!("{f:?}"));
        let mut problems = Problems::default();
        let plan = resolve(&mut Resolver { document: &document, problems: &mut problems }, Some(&spec), false);
        let line = |line: String| line.split_once(' ').map(|(_, said)| said.replace("scheduler.", "")).unwrap();
        (plan, problems.iter().map(|problem| line(problem.to_string())).collect())
    }

    fn args(plugin: &str, args: &str) -> (SchedulerPlan, Vec<String>) {
        let (plan, said) = read(&format!("{{pluginConfig: [{{name: {plugin}, args: {args}}}]}}"));
        (plan, said.iter().map(|line| line.replace("pluginConfig[0].args.", "")).collect())
    }

    #[test]
    fn nothing_written_is_kubernetes_default() {
        assert_eq!(read("{}"), (SchedulerPlan::default(), Vec::new()));
        let header = "{apiVersion: kubescheduler.config.k8s.io/v1, kind: NodeResourcesFitArgs}";
        assert_eq!(args("NodeResourcesFit", header), (SchedulerPlan::default(), Vec::new()));
    }

    #[test]
    fn every_argument_reaches_the_plan() {
        let (plan, said) = read(
            "{percentageOfNodesToScore: 40, podInitialBackoffSeconds: 2, podMaxBackoffSeconds: 20, pluginConfig: [
            {name: NodeResourcesFit, args: {ignoredResources: [example.com/a], ignoredResourceGroups: [example.org],
              scoringStrategy: {type: RequestedToCapacityRatio, resources: [{name: cpu, weight: 3}, {name: nvidia.com/gpu}],
                requestedToCapacityRatio: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}}}},
            {name: NodeResourcesBalancedAllocation, args: {resources: [{name: memory}, {name: ephemeral-storage, weight: 1}]}},
            {name: NodeAffinity, args: {addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
              {matchExpressions: [{key: agentpool, operator: In, values: [a]}]}]}}}},
            {name: InterPodAffinity, args: {hardPodAffinityWeight: 0}},
            {name: PodTopologySpread, args: {defaultingType: List, defaultConstraints: [
              {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]}}]}",
        );
        assert_eq!(said, Vec::<String>::new());
        assert_eq!(plan.percentage_of_nodes_to_score, 40);
        assert_eq!((plan.initial_backoff, plan.max_backoff), (SimDuration::from_secs(2), SimDuration::from_secs(20)));
        assert_eq!(plan.fit.strategy, ScoringStrategy::RequestedToCapacityRatio(vec![(0, 0), (100, 10)]));
        assert_eq!(plan.fit.resources, [("cpu".into(), 3), ("nvidia.com/gpu".into(), 1)]);
        assert_eq!(plan.fit.ignored_resource_groups, ["example.org".into()]);
        assert_eq!(plan.balanced_resources, ["memory".into(), "ephemeral-storage".into()]);
        let terms = plan.added_affinity.required.unwrap();
        assert_eq!(terms[0].expressions[0].operator, Operator::In);
        assert_eq!(plan.hard_pod_affinity_weight, 0);
        let SpreadDefaults::List(constraints) = plan.spread_defaults else { panic!("System") };
        assert!(constraints.len() == 1 && constraints[0].selector.is_none());
    }

    #[test]
    fn weights_go_from_1_to_100_and_0_is_none_given() {
        let strategy = |weight: &str| {
            format!("{{scoringStrategy: {{type: MostAllocated, resources: [{{name: memory, weight: {weight}}}]}}}}")
        };
        assert_eq!(args("NodeResourcesFit", &strategy("0")).0.fit.resources, [("memory".into(), 1)]);
        for weight in ["-1", "101"] {
            let said = args("NodeResourcesFit", &strategy(weight)).1;
            let line =
                "scoringStrategy.resources[0].weight: found {}, write a weight from 1 to 100 [scenario::scheduler]";
            assert_eq!(said, [line.replace("{}", weight)]);
        }
        let list = |weight| [("cpu".into(), 1), ("memory".into(), weight)];
        assert_eq!(check_weights(&list(100)), Ok(vec![("cpu".into(), 1), ("memory".into(), 100)]));
        for weight in [-1, 0, 101] {
            assert_eq!(check_weights(&list(weight)), Err("scoringStrategy.resources[1].weight".to_owned()));
        }
    }

    #[test]
    fn a_curve_rises_and_stays_within_its_bounds() {
        let curve = |points: &str| {
            let text = format!(
                "{{scoringStrategy: {{type: RequestedToCapacityRatio, requestedToCapacityRatio: {{shape: {points}}}}}}}"
            );
            let said = args("NodeResourcesFit", &text).1;
            said.iter().map(|line| line.replace("scoringStrategy.requestedToCapacityRatio.", "")).collect::<Vec<_>>()
        };
        assert_eq!(
            curve("[]"),
            ["shape: found no point, write at least one {utilization, score} [scenario::scheduler]"]
        );
        assert_eq!(
            curve("[{utilization: 50, score: 11}, {utilization: 50, score: 0}, {utilization: 101, score: 0}]"),
            [
                "shape[0].score: found 11, write a whole number of at least 0 and at most 10 [scenario::scheduler]",
                "shape[1].utilization: found 50 after 50, write the points by rising utilization [scenario::scheduler]",
                "shape[2].utilization: found 101, write a whole number of at least 0 and at most 100 [scenario::scheduler]",
            ]
        );
        let said = args("NodeResourcesFit", "{scoringStrategy: {type: RequestedToCapacityRatio}}").1;
        assert!(said[0].contains("add requestedToCapacityRatio"), "{said:?}");
    }

    #[test]
    fn what_kube_scheduler_refuses_is_refused() {
        let first = |(_, said): (SchedulerPlan, Vec<String>)| said.into_iter().next().unwrap();
        for (said, part) in [
            (read("{percentageOfNodesToScore: 101}"), "percentageOfNodesToScore: found 101"),
            (read("{podInitialBackoffSeconds: 0}"), "podInitialBackoffSeconds: found 0"),
            (read("{podInitialBackoffSeconds: 11}"), "podInitialBackoffSeconds: backoff begins at 11s and ends at 10s"),
            (read("{podMaxBackoffSeconds: 0}"), "podMaxBackoffSeconds: found 0"),
            (
                read("{pluginConfig: [{name: NodeAffinity}, {name: NodeAffinity}]}"),
                "pluginConfig[1].name: a second configuration of NodeAffinity",
            ),
            (args("InterPodAffinity", "{hardPodAffinityWeight: 101}"), "hardPodAffinityWeight: found 101"),
            (args("NodeResourcesBalancedAllocation", "{resources: [{name: cpu, weight: 2}]}"), "resources[0].weight: found 2"),
            (args("NodeResourcesFit", "{ignoredResourceGroups: [a/b]}"), "ignoredResourceGroups[0]: found \"a/b\""),
            (args("NodeAffinity", "{addedAffinity: {required: []}}"), "addedAffinity.required: found unknown field"),
            (
                args("PodTopologySpread", "{defaultConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway}]}"),
                "defaultConstraints: found constraints, and System has its own",
            ),
            (
                args(
                    "PodTopologySpread",
                    "{defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway,
                        labelSelector: {}}]}",
                ),
                "defaultConstraints[0].labelSelector: found a selector, write none",
            ),
        ] {
            let said = first(said);
            assert!(said.starts_with(part), "{said} instead of {part}");
        }
    }

    #[test]
    fn a_misspelt_resource_is_a_warning() {
        let strategy = "{scoringStrategy: {type: LeastAllocated, resources: [{name: memroy}]}}";
        let said = args("NodeResourcesFit", strategy).1;
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("did you mean memory?"), "{said:?}");
    }
}
