//! Controllers and bare pods: from their Kubernetes types to what the simulation runs.

use super::cron::Schedule;
use super::fault::{Faults, join};
use super::owner::{Keeper, Owner};
use super::pod::{self, Converted, PodContext};
use super::selector;
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::plan::{self, Controller, JobPlan};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// What the conversion of a workload depends on besides its manifest.
#[derive(Clone, Copy, Debug)]
pub(super) struct WorkloadContext<'a> {
    /// What its pods depend on.
    pub pods: PodContext<'a>,
    /// The moment of virtual time zero, for schedules.
    pub start: Timestamp,
    /// Virtual time simulated, for schedules.
    pub duration: SimDuration,
}

/// A controller with its pods.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    /// The controller.
    pub controller: Controller,
    /// Its pods.
    pub pods: Converted,
}

/// A kind that runs pods.
pub(super) trait IntoWorkload {
    /// Converts the object; `None` after a fault that leaves nothing to simulate.
    fn workload(&self, context: WorkloadContext<'_>, faults: &mut Faults) -> Option<Workload>;
}

impl IntoWorkload for Deployment {
    fn workload(&self, context: WorkloadContext<'_>, faults: &mut Faults) -> Option<Workload> {
        let spec = &self.spec;
        let selector = check_selector(&spec.selector, &spec.template, faults);
        let owner = Owner::deployment(&self.metadata, selector);
        let mut pods = service_pods(&spec.template, &owner, context, faults)?;
        note(&mut pods, "minReadySeconds", spec.min_ready_seconds.is_some_and(|seconds| seconds > 0));
        note(&mut pods, "paused", spec.paused == Some(true));
        Some(Workload {
            controller: Controller::Deployment { replicas: replicas(spec.replicas, faults), ladder: None },
            pods,
        })
    }
}

impl IntoWorkload for ReplicaSet {
    fn workload(&self, context: WorkloadContext<'_>, faults: &mut Faults) -> Option<Workload> {
        let spec = &self.spec;
        let template = spec.template.clone().unwrap_or_default();
        let selector = check_selector(&spec.selector, &template, faults);
        let owner = Owner::replica_set(&self.metadata, selector);
        let mut pods = service_pods(&template, &owner, context, faults)?;
        note(&mut pods, "minReadySeconds", spec.min_ready_seconds.is_some_and(|seconds| seconds > 0));
        Some(Workload { controller: Controller::ReplicaSet { replicas: replicas(spec.replicas, faults) }, pods })
    }
}

impl IntoWorkload for StatefulSet {
    fn workload(&self, context: WorkloadContext<'_>, faults: &mut Faults) -> Option<Workload> {
        let spec = &self.spec;
        let selector = check_selector(&spec.selector, &spec.template, faults);
        let policy = spec.pod_management_policy.as_deref().unwrap_or("OrderedReady");
        let policies = [("OrderedReady", false), ("Parallel", true)];
        let parallel = selector::one_of(policy, &policies, "/spec/podManagementPolicy", faults);
        let owner = Owner::stateful_set(&self.metadata, selector);
        let mut pods = service_pods(&spec.template, &owner, context, faults)?;
        note(&mut pods, "minReadySeconds", spec.min_ready_seconds.is_some_and(|seconds| seconds > 0));
        note(&mut pods, "ordinals", spec.ordinals.is_some());
        let controller = Controller::StatefulSet { replicas: replicas(spec.replicas, faults), parallel: parallel? };
        Some(Workload { controller, pods })
    }
}

impl IntoWorkload for DaemonSet {
    fn workload(&self, context: WorkloadContext<'_>, faults: &mut Faults) -> Option<Workload> {
        let spec = &self.spec;
        check_selector(&spec.selector, &spec.template, faults);
        let pods = service_pods(&spec.template, &Owner::daemon_set(&self.metadata), context, faults)?;
        Some(Workload { controller: Controller::DaemonSet, pods })
    }
}

impl IntoWorkload for Pod {
    fn workload(&self, context: WorkloadContext<'_>, faults: &mut Faults) -> Option<Workload> {
        let owner = Owner::plain(&self.metadata, Keeper::Nobody);
        let pods = pod::convert(Some(&self.metadata), self.spec.as_ref(), &owner, context.pods, "", faults)?;
        Some(Workload { controller: Controller::Pod, pods })
    }
}

impl IntoWorkload for Job {
    fn workload(&self, context: WorkloadContext<'_>, faults: &mut Faults) -> Option<Workload> {
        let Some(spec) = &self.spec else { return without_spec(faults) };
        let (job, pods) = job(spec, "/spec", &Owner::plain(&self.metadata, Keeper::Job), context, faults)?;
        Some(Workload { controller: Controller::Job(job), pods })
    }
}

impl IntoWorkload for CronJob {
    fn workload(&self, context: WorkloadContext<'_>, faults: &mut Faults) -> Option<Workload> {
        let spec = &self.spec;
        let fires = fires(self, context, faults);
        let Some(template) = &spec.job_template.spec else {
            faults.push("/spec/jobTemplate/spec", "manifest::required", "nothing", "the spec of the jobs");
            return None;
        };
        let owner = Owner::plain(&self.metadata, Keeper::Job);
        let (job, mut pods) = job(template, "/spec/jobTemplate/spec", &owner, context, faults)?;
        let policy = spec.concurrency_policy.as_deref().unwrap_or("Allow");
        let policies = [("Allow", false), ("Forbid", true), ("Replace", true)];
        let limited = selector::one_of(policy, &policies, "/spec/concurrencyPolicy", faults);
        note(&mut pods, "concurrencyPolicy", limited == Some(true));
        Some(Workload { controller: Controller::CronJob { fires: fires?, job }, pods })
    }
}

fn fires(cron_job: &CronJob, context: WorkloadContext<'_>, faults: &mut Faults) -> Option<Vec<SimTime>> {
    let spec = &cron_job.spec;
    match Schedule::parse(&spec.schedule, spec.time_zone.as_deref()) {
        Ok(_) if spec.suspend == Some(true) => Some(Vec::new()),
        Ok(schedule) => Some(schedule.fires(context.start, context.duration)),
        Err(reason) => {
            let zone = spec.time_zone.as_ref().map_or(String::new(), |zone| format!(" in time zone \"{zone}\""));
            let found = format!("\"{}\"{zone} ({reason})", spec.schedule);
            faults.push(
                "/spec/schedule",
                "manifest::schedule",
                found,
                "five cron fields such as \"*/15 8-18 * * 1-5\"",
            );
            None
        }
    }
}

fn without_spec(faults: &mut Faults) -> Option<Workload> {
    faults.push("/spec", "manifest::required", "nothing", "the spec of the object");
    None
}

fn service_pods(
    template: &PodTemplateSpec,
    owner: &Owner,
    context: WorkloadContext<'_>,
    faults: &mut Faults,
) -> Option<Converted> {
    pod::convert(template.metadata.as_ref(), template.spec.as_ref(), owner, context.pods, "/spec/template", faults)
}

fn note(pods: &mut Converted, field: &'static str, used: bool) {
    if used {
        pods.not_simulated.push(field);
    }
}

fn replicas(replicas: Option<i32>, faults: &mut Faults) -> u32 {
    at_least_zero(replicas, "/spec/replicas", faults).unwrap_or(1)
}

/// A count that may be missing but not negative.
fn at_least_zero(count: Option<i32>, at: &str, faults: &mut Faults) -> Option<u32> {
    let count = count?;
    let read = u32::try_from(count).ok();
    if read.is_none() {
        faults.push(at, "manifest::range", count.to_string(), "a whole number of at least 0");
    }
    read
}

/// A controller's selector. The API server refuses one that is empty or does not match its own template.
fn check_selector(written: &LabelSelector, template: &PodTemplateSpec, faults: &mut Faults) -> plan::LabelSelector {
    let at = "/spec/selector";
    let before = faults.0.len();
    let selector = selector::label_selector(written, at, faults);
    if faults.0.len() > before {
        return selector;
    }
    if selector.requirements.is_empty() {
        faults.push(at, "manifest::selector", "no selector", "matchLabels with the labels of the template");
    }
    let labels = template.metadata.clone().unwrap_or_default().labels.unwrap_or_default();
    let unmet = selector.requirements.iter().find(|one| !one.matches(labels.get(&*one.key).map(String::as_str)));
    if let Some(unmet) = unmet {
        let value = labels.get(&*unmet.key).map_or("no such label".to_owned(), |value| format!("\"{value}\""));
        let found = format!("a selector on \"{}\" that the template's labels do not match ({value})", unmet.key);
        let pointer = match written.match_labels.as_ref().is_some_and(|labels| labels.contains_key(&*unmet.key)) {
            true => join("/spec/selector/matchLabels", &unmet.key),
            false => at.to_owned(),
        };
        faults.push(pointer, "manifest::selector", found, "the same labels in selector and template");
    }
    selector
}

/// A Job's counts and pods. Without `completions` each of its parallel pods must end once.
fn job(
    spec: &JobSpec,
    at: &str,
    owner: &Owner,
    context: WorkloadContext<'_>,
    faults: &mut Faults,
) -> Option<(JobPlan, Converted)> {
    let parallelism = at_least_zero(spec.parallelism, &join(at, "parallelism"), faults).unwrap_or(1);
    let completions = at_least_zero(spec.completions, &join(at, "completions"), faults).unwrap_or(parallelism);
    let template = &spec.template;
    let at_template = join(at, "template");
    let mut pods =
        pod::convert(template.metadata.as_ref(), template.spec.as_ref(), owner, context.pods, &at_template, faults)?;
    note(&mut pods, "activeDeadlineSeconds", spec.active_deadline_seconds.is_some());
    // A suspended job, and one that may run no pod at a time, has nothing to complete here: nothing resumes it.
    let idle = spec.suspend == Some(true) || parallelism == 0;
    let plan = match idle {
        true => JobPlan { completions: 0, parallelism: 0 },
        false => JobPlan { completions, parallelism: parallelism.min(completions) },
    };
    Some((plan, pods))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::KubernetesVersion;
    use crate::scenario::manifest::neighbours::Neighbours;
    use crate::scenario::manifest::object;
    use crate::scenario::manifest::priority::PriorityClasses;
    use crate::units::Bytes;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    fn read<K: IntoWorkload + DeserializeOwned>(spec: Value) -> (Option<Controller>, Vec<String>) {
        let pods = PodContext {
            classes: &PriorityClasses::default(),
            version: KubernetesVersion::minor(34),
            image_size: Bytes::from_mib(100),
            neighbours: &Neighbours::default(),
        };
        let start = "2026-03-02T00:00:00Z".parse().unwrap();
        let mut faults = Faults::default();
        let kind: K = object::read(&json!({"metadata": {"name": "web"}, "spec": spec}), &mut faults).unwrap();
        let context = WorkloadContext { pods, start, duration: SimDuration::from_hours(24) };
        let workload = kind.workload(context, &mut faults);
        let texts = faults.0.iter().map(|f| format!("{}: {} [{}]", f.pointer, f.found, f.code)).collect();
        (workload.map(|workload| workload.controller), texts)
    }

    fn template(restart: &str) -> Value {
        json!({"metadata": {"labels": {"app": "web"}},
            "spec": {"restartPolicy": restart, "containers": [{"name": "web", "image": "web"}]}})
    }

    fn service(extra: Value) -> Value {
        let mut spec = json!({"selector": {"matchLabels": {"app": "web"}}, "template": template("Always")});
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        spec
    }

    #[test]
    fn controllers_keep_their_counts_and_defaults() {
        let (controller, faults) = read::<Deployment>(service(json!({})));
        assert!(matches!(controller, Some(Controller::Deployment { replicas: 1, ladder: None })), "{faults:?}");
        let (controller, _) = read::<Deployment>(service(json!({"replicas": 0})));
        assert!(matches!(controller, Some(Controller::Deployment { replicas: 0, .. })));
        let (controller, _) = read::<StatefulSet>(service(
            json!({"serviceName": "web", "replicas": 3, "podManagementPolicy": "Parallel"}),
        ));
        assert!(matches!(controller, Some(Controller::StatefulSet { replicas: 3, parallel: true })));
        let (controller, _) = read::<ReplicaSet>(service(json!({"replicas": 2})));
        assert!(matches!(controller, Some(Controller::ReplicaSet { replicas: 2 })));
    }

    #[test]
    fn jobs_run_as_many_pods_as_they_must_complete() {
        for (extra, expected) in [
            (json!({}), (1, 1)),
            (json!({"completions": 5, "parallelism": 2}), (5, 2)),
            (json!({"completions": 2, "parallelism": 5}), (2, 2)),
            (json!({"parallelism": 3}), (3, 3)),
            (json!({"completions": 5, "suspend": true}), (0, 0)),
            (json!({"completions": 5, "parallelism": 0}), (0, 0)),
        ] {
            let mut spec = json!({"template": template("Never")});
            spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            let (controller, faults) = read::<Job>(spec);
            let Some(Controller::Job(job)) = controller else { panic!("{extra}: {faults:?}") };
            assert_eq!((job.completions, job.parallelism), expected, "{extra}");
        }
    }

    #[test]
    fn a_cron_job_fires_on_schedule_unless_suspended() {
        let spec = |extra: Value| {
            let mut spec =
                json!({"schedule": "0 */8 * * *", "jobTemplate": {"spec": {"template": template("OnFailure")}}});
            spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            spec
        };
        let count = |extra: Value| match read::<CronJob>(spec(extra)) {
            (Some(Controller::CronJob { fires, .. }), _) => fires.len(),
            (other, faults) => panic!("{other:?} {faults:?}"),
        };
        assert_eq!(count(json!({})), 3);
        assert_eq!(count(json!({"suspend": true})), 0);
        let (_, faults) = read::<CronJob>(spec(json!({"schedule": "every day"})));
        assert_eq!(faults, ["/spec/schedule: \"every day\" (2 fields) [manifest::schedule]"]);
    }

    #[test]
    fn a_selector_must_match_the_template() {
        let (_, faults) = read::<Deployment>(service(json!({"selector": {"matchLabels": {"app": "wbe"}}})));
        let found = "a selector on \"app\" that the template's labels do not match (\"web\")";
        assert_eq!(faults, [format!("/spec/selector/matchLabels/app: {found} [manifest::selector]")]);
        let (_, faults) = read::<DaemonSet>(service(json!({"selector": {}})));
        assert_eq!(faults, ["/spec/selector: no selector [manifest::selector]"]);
    }

    #[test]
    fn negative_counts_are_faults() {
        let (_, faults) = read::<Deployment>(service(json!({"replicas": -1})));
        assert_eq!(faults, ["/spec/replicas: -1 [manifest::range]"]);
    }
}
