//! Kubernetes manifests to the workloads and budgets of a plan.
//!
//! Manifests are read with the types of the Kubernetes API and checked as the API server checks them. What they do not say
//! (demand, image sizes, start-up and run times) comes from the scenario's `behaviour`, and AKS's own workloads from the
//! catalogue.

mod behaviour;
mod budget;
mod claims;
mod cron;
mod demand;
mod fault;
mod fields;
mod inventory;
mod kind;
mod label_keys;
mod neighbours;
mod object;
mod outbound;
mod owner;
mod plain;
mod pod;
mod pod_affinity;
mod priority;
mod requests;
mod scheduler_args;
mod selector;
mod service;
mod system;
mod topology_spread;
mod workload;

#[cfg(test)]
mod tests;

pub use plain::pod_template;
pub use scheduler_args::{added_affinity, default_constraints};
pub use service::ServiceSubnets;

use super::plan::{Behaviour, BudgetPlan, ClaimPlan, Controller, NetworkModel, ServicePlan, WorkloadPlan};
use super::spec::BehaviourSpec;
use super::{Document, Problem, Problems, path_of};
use crate::catalog::KubernetesVersion;
use crate::kernel::{Dist, SimDuration};
use crate::units::Bytes;
use behaviour::ImageSizes;
use fault::{Fault, Faults};
use inventory::{Inventory, Surroundings};
pub use requests::{DEFAULT_CPU, DEFAULT_MEMORY};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Compressed size of an image of which the scenario says nothing. An assumption: no published typical size was found; 100 MiB
/// is that of an application with its language runtime on a slim base.
pub const ASSUMED_IMAGE_SIZE: Bytes = Bytes::from_mib(100);
/// Run time of a Job's pod of which the scenario says nothing. An assumption.
pub const ASSUMED_RUN_TIME: SimDuration = SimDuration::from_secs(60);

/// What the reading of manifests depends on besides the manifests.
#[derive(Clone, Copy, Debug)]
pub struct ManifestContext<'a> {
    /// The scenario, for the places of behaviour entries.
    pub scenario: &'a Document,
    /// JSON pointer of the behaviour entries in the scenario, `/workloads/behaviour`.
    pub behaviour_at: &'a str,
    /// The directory that trace files are relative to: the scenario's.
    pub directory: &'a Path,
    /// Wall-clock moment of virtual time zero, for schedules and traces.
    pub start: &'a jiff::Zoned,
    /// Virtual time simulated, for schedules.
    pub duration: SimDuration,
    /// Version of the control plane, which decides what a pod may say.
    pub version: KubernetesVersion,
    /// The network model, which decides what AKS installs.
    pub network: NetworkModel,
    /// Where Services get internal addresses.
    pub subnets: ServiceSubnets<'a>,
    /// False when AKS installs nothing.
    pub system_workloads: bool,
    /// True when the cluster spans several availability zones, which decides about its disks.
    pub multi_zone: bool,
    /// Time from container start until the application is up, unless a behaviour entry says otherwise.
    pub startup: &'a Dist,
}

/// What the manifests say.
#[derive(Debug)]
pub struct Loaded {
    /// Controllers and bare pods, sorted by (namespace, kind, name).
    pub workloads: Vec<WorkloadPlan>,
    /// Budgets, sorted by (namespace, name).
    pub budgets: Vec<BudgetPlan>,
    /// Claims for persistent volumes, in the documents' order.
    pub claims: Vec<Arc<ClaimPlan>>,
    /// Services of type `LoadBalancer`, sorted by (namespace, name).
    pub services: Vec<ServicePlan>,
}

/// Reads the manifests, puts behaviour onto the workloads and adds AKS's own. Sorted by (namespace, kind, name).
///
/// Everything that is wrong, assumed or without effect goes to `problems`; with errors among them the result is incomplete.
pub fn load(
    documents: &[Document],
    behaviours: &[BehaviourSpec],
    context: &ManifestContext<'_>,
    problems: &mut Problems,
) -> Loaded {
    let start = context.start.timestamp();
    let around = Surroundings {
        start,
        duration: context.duration,
        version: context.version,
        image_size: ASSUMED_IMAGE_SIZE,
        multi_zone: context.multi_zone,
        subnets: context.subnets,
    };
    let mut inventory = inventory::read(documents.iter().map(|document| &document.value), around);
    for located in &inventory.faults {
        problems.push(problem(&located.fault, &documents[located.document]));
    }
    let (mut workloads, mut budgets) = match context.system_workloads {
        true => system::workloads(context.network, context.startup, &inventory.neighbours),
        false => (Vec::new(), Vec::new()),
    };
    leave_to_aks(&mut inventory, &workloads, &budgets);
    note_without_effect(&inventory, problems);
    let claims = inventory.storage.claims.into_iter().map(Arc::new).collect();
    let mut services = inventory.services;
    services.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    budgets.extend(inventory.budgets.into_iter().filter_map(|(namespace, name, budget)| {
        budget.selector.map(|selector| BudgetPlan { namespace, name, selector, rule: budget.rule })
    }));
    workloads.extend(inventory.workloads.into_iter().map(|(namespace, name, workload)| WorkloadPlan {
        namespace,
        name,
        controller: workload.controller,
        template: workload.pods.template,
        behaviour: Behaviour { demand: None, startup: context.startup.clone(), run_time: None, outbound: Vec::new() },
        system: false,
    }));
    workloads.sort_by(|a, b| order(a).cmp(&order(b)));
    budgets.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));

    let mut faults = Faults::default();
    let sizes =
        behaviour::apply(behaviours, &mut workloads, context.directory, start, context.behaviour_at, &mut faults);
    sizes.apply(&mut workloads);
    for fault in &faults.0 {
        problems.push(problem(fault, context.scenario));
    }
    assume(&mut workloads, &sizes, problems);
    Loaded { workloads, budgets, claims, services }
}

/// What workloads are sorted by: namespace, kind, name.
pub fn order(workload: &WorkloadPlan) -> (&str, &str, &str) {
    (&workload.namespace, workload.controller.kind(), &workload.name)
}

fn problem(fault: &Fault, document: &Document) -> Problem {
    // An unknown key is marked itself; anything else by its value, or by what should contain it.
    let on_key = fault.code == "manifest::unknown_field";
    let span = if on_key { document.key_span(&fault.pointer) } else { document.span(&fault.pointer) };
    let found = format!("found {}", fault.found);
    Problem::error(fault.code, &path_of(&fault.pointer), found, fault.remedy.clone()).at(&document.file, span)
}

/// Takes out what AKS itself installs: a dump of a whole cluster contains it, and the catalogue knows it.
fn leave_to_aks(inventory: &mut Inventory, workloads: &[WorkloadPlan], budgets: &[BudgetPlan]) {
    let Inventory { workloads: found, budgets: found_budgets, without_effect, .. } = inventory;
    let mut leave = |kind: &str| {
        *without_effect.entry((kind.to_owned(), "installed by AKS, taken from the catalogue")).or_default() += 1;
    };
    found.retain(|(namespace, name, workload)| {
        let kind = workload.controller.kind();
        let own = workloads.iter().any(|own| order(own) == (namespace.as_str(), kind, name.as_str()));
        own.then(|| leave(kind));
        !own
    });
    found_budgets.retain(|(namespace, _, budget)| {
        // AKS names its budgets otherwise than the catalogue: what counts is whom they cover.
        let covers = |own: &BudgetPlan| {
            let requirements = budget.selector.iter().flat_map(|selector| &selector.requirements);
            let mut values = requirements.flat_map(|one| &one.values);
            own.namespace == *namespace && values.any(|value| **value == *own.name || **value == *"kube-dns")
        };
        let own = budgets.iter().any(covers);
        own.then(|| leave("PodDisruptionBudget"));
        !own
    });
}

/// Notes what was written and has no effect: once for each kind, workload and budget.
fn note_without_effect(inventory: &Inventory, problems: &mut Problems) {
    let mut note = |text: String| problems.push(Problem::note("manifest::not_simulated", "", text));
    for ((kind, why), count) in &inventory.without_effect {
        note(format!("{kind} ×{count}: {why}"));
    }
    let fields = |fields: &[&str]| format!("{} accepted, not simulated yet", fields.join(", "));
    for (namespace, name, workload) in &inventory.workloads {
        let unused = &workload.pods.not_simulated;
        if !unused.is_empty() {
            note(format!("{} {namespace}/{name}: {}", workload.controller.kind(), fields(unused)));
        }
    }
    for (namespace, name, budget) in &inventory.budgets {
        if !budget.not_simulated.is_empty() {
            note(format!("PodDisruptionBudget {namespace}/{name}: {}", fields(&budget.not_simulated)));
        }
        if budget.selector.is_none() {
            note(format!("PodDisruptionBudget {namespace}/{name}: without a selector it covers no pod"));
        }
    }
}

/// Assumes what nobody said, and says so: run times of jobs, sizes of images, no demand.
fn assume(workloads: &mut [WorkloadPlan], sizes: &ImageSizes, problems: &mut Problems) {
    let mut assumed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for workload in workloads.iter_mut().filter(|workload| !workload.system) {
        let jobs = matches!(workload.controller, Controller::Job(_) | Controller::CronJob { .. });
        if jobs && workload.behaviour.run_time.is_none() {
            workload.behaviour.run_time = Some(Dist::Constant(ASSUMED_RUN_TIME.as_secs_f64()));
            assumed.entry("run time").or_default().push(workload.key());
        }
        if workload.behaviour.demand.is_none() {
            assumed.entry("demand").or_default().push(workload.key());
        }
        let images = workload.template.images.iter().filter(|image| !sizes.knows(&image.name));
        assumed.entry("image").or_default().extend(images.map(|image| image.name.to_string()));
    }
    for (what, mut names) in assumed.into_iter().filter(|(_, names)| !names.is_empty()) {
        names.sort();
        names.dedup();
        let (code, text) = match what {
            "run time" => ("manifest::run_time", format!("assumed run time {ASSUMED_RUN_TIME}")),
            "demand" => ("manifest::demand", "no CPU demand given, so none is simulated".to_owned()),
            _ => ("manifest::image_size", format!("assumed image size {ASSUMED_IMAGE_SIZE} (compressed)")),
        };
        problems.push(Problem::note(code, "", format!("{text}: {}", names.join(", "))));
    }
}
