//! Manifests and behaviour together, from text to plan.

use super::*;
use crate::scenario::plan::{DemandShape, JobPlan};
use crate::scenario::spec::{Cpu, DemandSpec, DistSpec, Entries, ImageSpec, Size, TargetSpec};
use crate::scenario::{Severity, SourceFile};
use crate::units::MilliCpu;
use std::path::PathBuf;

fn documents(text: &str) -> Vec<Document> {
    let file = Arc::new(SourceFile { path: "shop.yaml".to_owned(), text: text.to_owned() });
    Document::parse_all(&file).expect("the test's YAML is well-formed")
}

fn read(text: &str, behaviours: &[BehaviourSpec]) -> (Vec<WorkloadPlan>, Vec<BudgetPlan>, Problems) {
    let start = "2026-03-02T00:00:00[UTC]".parse().unwrap();
    let scenario = documents("workloads: {behaviour: [{target: {name: x}}, {target: {name: y}}]}").remove(0);
    let context = ManifestContext {
        scenario: &scenario,
        behaviour_at: "/workloads/behaviour",
        directory: Path::new("."),
        start: &start,
        duration: SimDuration::from_hours(24),
        version: KubernetesVersion::minor(34),
        network: NetworkModel::AzureOverlay,
        subnets: ServiceSubnets { all: &[], of_nodes: None, of_pods: &[] },
        system_workloads: true,
        multi_zone: false,
        startup: &Dist::lognormal(5.0, 20.0),
    };
    let mut problems = Problems::default();
    let Loaded { workloads, budgets, .. } = load(&documents(text), behaviours, &context, &mut problems);
    (workloads, budgets, problems)
}

fn lines(problems: &Problems, severity: Severity) -> Vec<String> {
    problems.iter().filter(|problem| problem.severity == severity).map(ToString::to_string).collect()
}

fn behaviour(kind: &str, name: &str) -> BehaviourSpec {
    let target = TargetSpec { kind: kind.to_owned(), name: name.to_owned(), namespace: None };
    BehaviourSpec { target, demand: None, image: None, startup: None, run_time: None, outbound: None }
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
    let mut web = behaviour("Deployment", "web");
    web.demand =
        Some(DemandSpec::Constant { cpu: Cpu(MilliCpu::from_millis(700)), noise: None, interval: None, scope: None });
    web.image = Some(ImageSpec::ByName(Entries([("log:1".to_owned(), Size(Bytes::from_mib(30)))].into())));
    let mut job = behaviour("Job", "load");
    job.run_time = Some(DistSpec(Dist::Constant(5.0)));
    let (workloads, budgets, problems) = read(SHOP, &[web, job]);
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
    let (_, _, problems) = read(SHOP, &[]);
    assert_eq!(
        lines(&problems, Severity::Note),
        [
            "Service ×1: used for default topology spread only [manifest::not_simulated]",
            "no CPU demand given, so none is simulated: Deployment/default/web, Job/default/load [manifest::demand]",
            "assumed image size 100Mi (compressed): log:1, web:1 [manifest::image_size]",
            "assumed run time 1m: Job/default/load [manifest::run_time]",
        ]
    );
}

#[test]
fn a_behaviour_entry_without_its_workload_is_an_error() {
    let mut run_time = behaviour("Deployment", "web");
    run_time.run_time = Some(DistSpec(Dist::Constant(5.0)));
    let (_, _, problems) = read(SHOP, &[behaviour("Deployment", "wep"), run_time]);
    let errors = lines(&problems, Severity::Error);
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("did you mean Deployment/default/web?"), "{errors:?}");
    assert!(errors[1].contains("found a run time for a Deployment"), "{errors:?}");
}

#[test]
fn errors_name_file_line_field_and_remedy() {
    let text = SHOP.replace("replicas: 3", "replica: 3").replace("minAvailable: 2", "minAvailable: most");
    let (_, _, problems) = read(&text, &[]);
    assert_eq!(
        lines(&problems, Severity::Error),
        [
            "shop.yaml:6:3 spec.replica: found unknown field \"replica\", did you mean replicas? [manifest::unknown_field]",
            "shop.yaml:30:22 spec.minAvailable: found \"most\", write a number of pods of at least 0, or a share such as 50% \
             [manifest::budget]",
        ]
    );
}

#[test]
fn what_aks_installs_is_not_taken_from_a_dump_of_the_cluster() {
    let text = SHOP.replace(
        "metadata: {name: web}\nspec:\n  replicas",
        "metadata: {name: coredns, namespace: kube-system}\nspec:\n  replicas",
    );
    let (workloads, _, problems) = read(&text, &[]);
    assert_eq!(workloads.iter().filter(|workload| workload.name == "coredns" && workload.system).count(), 1);
    assert_eq!(workloads.iter().filter(|workload| workload.name == "coredns").count(), 1);
    let notes = lines(&problems, Severity::Note);
    assert!(notes.iter().any(|note| note.starts_with("Deployment ×1: installed by AKS")), "{notes:?}");
}

#[test]
fn the_shop_of_the_scenarios_requests_what_its_comment_says() {
    let (workloads, budgets, problems) = read(include_str!("../../../scenarios/manifests/store.yaml"), &[]);
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
    let (workloads, _, problems) = read(&text, &[]);
    assert_eq!(lines(&problems, Severity::Error), Vec::<String>::new());
    let count = |kind| workloads.iter().filter(|one| !one.system && one.controller.kind() == kind).count();
    assert_eq!((count("StatefulSet"), count("Deployment")), (2, 7));
    let order = workloads.iter().find(|workload| workload.name == "order-service").expect("the store takes orders");
    assert_eq!(order.template.requests.cpu, MilliCpu::from_millis(1));
    assert_eq!(order.template.cpu_limit, Some(MilliCpu::from_millis(100)));
    assert_eq!(order.template.images.len(), 2);
    assert!(lines(&problems, Severity::Note).iter().any(|note| note.starts_with("Service ×5")), "{problems:?}");
    let quickstart =
        std::fs::read_to_string(directory.join("aks-store-quickstart.yaml")).expect("the quickstart is there too");
    let (_, _, problems) = read(&quickstart, &[]);
    assert_eq!(lines(&problems, Severity::Error), Vec::<String>::new());
}
