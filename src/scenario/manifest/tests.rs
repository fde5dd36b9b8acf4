//! Manifests and behaviour together, from text to plan.

use super::*;
use crate::scenario::plan::{DemandShape, JobPlan};
use crate::scenario::{Severity, SourceFile};
use crate::units::MilliCpu;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads manifests, with the `behaviour` list that a scenario would have.
fn read(text: &str, behaviour: &str) -> (Vec<WorkloadPlan>, Vec<BudgetPlan>, Problems) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("shop.yaml"), text).expect("the manifests are written");
    let scenario = format!(
        "apiVersion: aksim/v1
name: shop
duration: 1d
cluster: {{name: c, location: eastus, kubernetesVersion: '1.34', agentPoolProfiles: []}}
workloads:
  manifests: [shop.yaml]
  behaviour: {behaviour}
"
    );
    let file = Arc::new(SourceFile { path: "scenario.yaml".to_owned(), text: scenario });
    let scenario = Document::parse_all(&file).expect("the test's YAML is well-formed").remove(0);
    let spec: ScenarioSpec = deserr::deserialize::<_, _, crate::scenario::spec::Faults>(scenario.value.clone())
        .expect("the test's scenario is well-formed");
    let context = ManifestContext {
        version: KubernetesVersion::minor(34),
        start: Some("2026-03-02T00:00:00[UTC]".parse().expect("a moment")),
        duration: SimDuration::from_hours(24),
        model: Some(NetworkModel::AzureOverlay),
        startup: Dist::lognormal(5.0, 20.0),
    };
    let mut problems = Problems::default();
    let mut files = Files::beside(&folder.path().join("scenario.yaml"));
    let (workloads, budgets) = load(&scenario, &spec, &context, &mut files, &mut problems);
    (workloads, budgets, problems)
}

fn lines(problems: &Problems, severity: Severity) -> Vec<String> {
    problems.iter().filter(|problem| problem.severity == severity).map(ToString::to_string).collect()
}

const SHOP: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: 'web:1'}, {name: log, image: 'log:1'}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: load}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: load, image: 'log:1'}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
";

#[test]
fn behaviour_reaches_its_workload_and_sizes_reach_every_user_of_the_image() {
    let (workloads, budgets, problems) = read(
        SHOP,
        "
    - target: {kind: Deployment, name: web}
      demand: {shape: constant, cpu: 700m}
      image: {'log:1': 30Mi}
    - target: {kind: Job, name: load}
      runTime: 5s",
    );
    assert_eq!(lines(&problems, Severity::Error), Vec::<String>::new());
    let own: Vec<&WorkloadPlan> = workloads.iter().filter(|workload| !workload.system).collect();
    assert_eq!(own.iter().map(|one| one.key()).collect::<Vec<_>>(), ["Deployment/default/web", "Job/default/load"]);
    let demand = own[0].behaviour.demand.as_ref().unwrap();
    assert!(matches!(demand.shape, DemandShape::Constant(cpu) if cpu == MilliCpu::from_millis(700)));
    let sizes = |index: usize| own[index].template.images.iter().map(|image| image.size).collect::<Vec<_>>();
    assert_eq!(sizes(0), [ASSUMED_IMAGE_SIZE, Bytes::from_mib(30)]);
    assert_eq!(sizes(1), [Bytes::from_mib(30)]);
    assert!(matches!(own[1].controller, Controller::Job(JobPlan { completions: 1, parallelism: 1 })));
    assert_eq!(own[1].behaviour.run_time, Some(Dist::Constant(5.0)));
    assert!(budgets.iter().any(|budget| budget.selector.matches(&own[0].template.labels)));
}

#[test]
fn what_is_assumed_or_without_effect_is_noted_once() {
    let (_, _, problems) = read(SHOP, "[]");
    assert_eq!(
        lines(&problems, Severity::Note),
        [
            "Service ×1: not simulated [manifest::not_simulated]",
            "no CPU demand given, so none is simulated: Deployment/default/web, Job/default/load [manifest::demand]",
            "assumed image size 100Mi (compressed): log:1, web:1 [manifest::image_size]",
            "assumed run time 1m: Job/default/load [manifest::run_time]",
        ]
    );
}

#[test]
fn a_behaviour_entry_without_its_workload_is_an_error() {
    let behaviour = "[{target: {kind: Deployment, name: wep}}, {target: {kind: Deployment, name: web}, runTime: 5s}]";
    let (_, _, problems) = read(SHOP, behaviour);
    let errors = lines(&problems, Severity::Error);
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("did you mean Deployment/default/web?"), "{errors:?}");
    assert!(errors[1].contains("found a run time for a Deployment"), "{errors:?}");
}

#[test]
fn errors_name_file_line_field_and_remedy() {
    let text = SHOP.replace("replicas: 3", "replica: 3").replace("minAvailable: 2", "minAvailable: most");
    let (_, _, problems) = read(&text, "[]");
    let errors = lines(&problems, Severity::Error);
    let (replica, budget) = (
        "shop.yaml:6:3 spec.replica: found unknown field \"replica\", did you mean replicas?",
        "shop.yaml:30:22 spec.minAvailable: found \"most\", write a number of pods of at least 0, or a share such as 50%",
    );
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains(replica) && errors[1].contains(budget), "{errors:?}");
}

#[test]
fn what_aks_installs_is_not_taken_from_a_dump_of_the_cluster() {
    let text = SHOP.replace(
        "metadata: {name: web}\nspec:\n  replicas",
        "metadata: {name: coredns, namespace: kube-system}\nspec:\n  replicas",
    );
    let (workloads, _, problems) = read(&text, "[]");
    assert_eq!(workloads.iter().filter(|workload| workload.name == "coredns" && workload.system).count(), 1);
    assert_eq!(workloads.iter().filter(|workload| workload.name == "coredns").count(), 1);
    let notes = lines(&problems, Severity::Note);
    assert!(notes.iter().any(|note| note.starts_with("Deployment ×1: installed by AKS")), "{notes:?}");
}

#[test]
fn the_shop_of_the_scenarios_requests_what_its_comment_says() {
    let (workloads, budgets, problems) = read(include_str!("../../../scenarios/manifests/store.yaml"), "[]");
    assert_eq!(lines(&problems, Severity::Error), Vec::<String>::new());
    let pods = |workload: &WorkloadPlan| match workload.controller {
        Controller::Deployment { replicas, .. } | Controller::StatefulSet { replicas, .. } => u64::from(replicas),
        ref other => panic!("{other:?} in the shop"),
    };
    let own = || workloads.iter().filter(|workload| !workload.system);
    let cpu: u64 = own().map(|workload| pods(workload) * workload.template.requests.cpu.millis()).sum();
    let memory: u64 = own().map(|workload| pods(workload) * workload.template.requests.memory.get()).sum();
    assert_eq!((cpu, memory >> 20), (5_450, 3_544));
    assert_eq!(budgets.iter().filter(|budget| budget.namespace == "default").count(), 5);
}

/// Microsoft's demo application, which is not part of this repository. Set `AKSIM_REAL` to a directory with its manifests.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test may be told where its data lies")]
fn the_real_demo_store_is_read_without_an_error() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real");
    let directory = std::env::var("AKSIM_REAL").map_or(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(directory.join("aks-store-all-in-one.yaml")) else {
        eprintln!("skipped: no manifests in {}", directory.display());
        return;
    };
    let (workloads, _, problems) = read(&text, "[]");
    assert_eq!(lines(&problems, Severity::Error), Vec::<String>::new());
    let count = |kind| workloads.iter().filter(|one| !one.system && one.controller.kind() == kind).count();
    assert_eq!((count("StatefulSet"), count("Deployment")), (2, 7));
    let order = workloads.iter().find(|workload| workload.name == "order-service").expect("the store takes orders");
    assert_eq!(order.template.requests.cpu, MilliCpu::from_millis(1));
    assert_eq!(order.template.cpu_limit, Some(MilliCpu::from_millis(100)));
    assert_eq!(order.template.images.len(), 2);
    assert!(lines(&problems, Severity::Note).iter().any(|note| note.starts_with("Service ×7")), "{problems:?}");
    let quickstart =
        std::fs::read_to_string(directory.join("aks-store-quickstart.yaml")).expect("the quickstart is there too");
    let (_, _, problems) = read(&quickstart, "[]");
    assert_eq!(lines(&problems, Severity::Error), Vec::<String>::new());
}
