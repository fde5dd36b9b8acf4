//! Which kinds of object there are and what the simulator makes of each.

use super::fault::Faults;
use super::object;
use super::workload::{IntoWorkload, Workload, WorkloadContext};
use k8s_openapi::Resource;
use k8s_openapi::api::{apps, autoscaling, batch, core, networking, policy, rbac, scheduling, storage};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What an object of a kind is for.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// Runs pods.
    Workload(fn(&Value, WorkloadContext<'_>, &mut Faults) -> Option<Workload>),
    /// A pod disruption budget.
    Budget,
    /// A priority class.
    PriorityClass,
    /// A namespace: checked; its labels can be selected.
    Namespace(fn(&Value, &mut Faults)),
    /// A Service: the pods it selects are spread by default; one of type `LoadBalancer` has rules and an address.
    Service,
    /// A storage class.
    StorageClass,
    /// A persistent volume.
    Volume,
    /// A claim for a persistent volume.
    Claim,
    /// Checked; the simulator has no use for it.
    NotSimulated(fn(&Value, &mut Faults)),
    /// Checked; a later version will use it.
    NotYet(fn(&Value, &mut Faults)),
}

struct Kind {
    name: &'static str,
    api_version: &'static str,
    meaning: Meaning,
}

/// The kinds with a type of their own. Where a kind has two versions, the one to write comes first.
const KINDS: &[Kind] = &[
    workload::<apps::v1::Deployment>(),
    workload::<apps::v1::StatefulSet>(),
    workload::<apps::v1::DaemonSet>(),
    workload::<apps::v1::ReplicaSet>(),
    workload::<batch::v1::Job>(),
    workload::<batch::v1::CronJob>(),
    workload::<core::v1::Pod>(),
    kind::<policy::v1::PodDisruptionBudget>(Meaning::Budget),
    kind::<scheduling::v1::PriorityClass>(Meaning::PriorityClass),
    kind::<core::v1::Namespace>(Meaning::Namespace(check::<core::v1::Namespace>)),
    kind::<core::v1::Service>(Meaning::Service),
    kind::<storage::v1::StorageClass>(Meaning::StorageClass),
    kind::<core::v1::PersistentVolume>(Meaning::Volume),
    kind::<core::v1::PersistentVolumeClaim>(Meaning::Claim),
    not_simulated::<core::v1::Endpoints>(),
    not_simulated::<core::v1::ConfigMap>(),
    not_simulated::<core::v1::Secret>(),
    not_simulated::<core::v1::ServiceAccount>(),
    not_simulated::<core::v1::Event>(),
    not_simulated::<core::v1::Node>(),
    not_simulated::<core::v1::PodTemplate>(),
    not_simulated::<apps::v1::ControllerRevision>(),
    not_simulated::<networking::v1::Ingress>(),
    not_simulated::<networking::v1::IngressClass>(),
    not_simulated::<networking::v1::NetworkPolicy>(),
    not_simulated::<rbac::v1::Role>(),
    not_simulated::<rbac::v1::RoleBinding>(),
    not_simulated::<rbac::v1::ClusterRole>(),
    not_simulated::<rbac::v1::ClusterRoleBinding>(),
    not_yet::<autoscaling::v2::HorizontalPodAutoscaler>(),
    not_yet::<autoscaling::v1::HorizontalPodAutoscaler>(),
    not_yet::<core::v1::LimitRange>(),
    not_yet::<core::v1::ResourceQuota>(),
    not_yet::<core::v1::ReplicationController>(),
];

const fn kind<K: Resource>(meaning: Meaning) -> Kind {
    Kind { name: K::KIND, api_version: K::API_VERSION, meaning }
}

const fn workload<K: Resource + DeserializeOwned + IntoWorkload>() -> Kind {
    kind::<K>(Meaning::Workload(read_workload::<K>))
}

const fn not_simulated<K: Resource + DeserializeOwned>() -> Kind {
    kind::<K>(Meaning::NotSimulated(check::<K>))
}

const fn not_yet<K: Resource + DeserializeOwned>() -> Kind {
    kind::<K>(Meaning::NotYet(check::<K>))
}

fn read_workload<K: DeserializeOwned + IntoWorkload>(
    value: &Value,
    context: WorkloadContext<'_>,
    faults: &mut Faults,
) -> Option<Workload> {
    object::read::<K>(value, faults)?.workload(context, faults)
}

fn check<K: DeserializeOwned>(value: &Value, faults: &mut Faults) {
    let _checked: Option<K> = object::read(value, faults);
}

/// What to make of an object of this kind and version; `None` after a fault.
///
/// A kind of an API group that Kubernetes does not define (a custom resource) is accepted and not simulated.
pub(super) fn meaning(kind: &str, api_version: &str, faults: &mut Faults) -> Option<Meaning> {
    let versions = || KINDS.iter().filter(|known| known.name == kind);
    if let Some(known) = versions().find(|known| known.api_version == api_version) {
        return Some(known.meaning);
    }
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    if let Some(known) = versions().next()
        && (!group.contains('.') || group.ends_with(".k8s.io"))
    {
        let found = format!("{kind} in \"{api_version}\"");
        faults.push("/apiVersion", "manifest::api_version", found, known.api_version);
        return None;
    }
    if group.contains('.') {
        return Some(Meaning::NotSimulated(|_, _| ()));
    }
    // Only Kubernetes itself has groups without a dot: the kind or the group is misspelt.
    let otherwise = "a kind of the Kubernetes API, or the API group of the custom resource";
    let known = KINDS.iter().map(|known| known.name);
    faults.unknown("/kind", "manifest::kind", ("unknown kind", kind), known, otherwise);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, api_version: &str, expected: Result<&str, &str>) {
        let mut faults = Faults::default();
        let found = match meaning(kind, api_version, &mut faults) {
            Some(Meaning::Workload(_)) => Ok("workload"),
            Some(Meaning::NotSimulated(_)) => Ok("not simulated"),
            Some(Meaning::NotYet(_)) => Ok("not yet"),
            Some(_) => Ok("other"),
            None => Err(faults.0[0].remedy.as_str()),
        };
        assert_eq!(found, expected, "{kind} {api_version}");
    }

    #[test]
    fn kinds_are_told_apart_by_group_and_version() {
        check("Deployment", "apps/v1", Ok("workload"));
        check("Deployment", "v1", Err("write apps/v1"));
        check("Deployment", "extensions/v1beta1", Err("write apps/v1"));
        check("Ingress", "networking.k8s.io/v1beta1", Err("write networking.k8s.io/v1"));
        check("CronJob", "batch/v1beta1", Err("write batch/v1"));
        check("HorizontalPodAutoscaler", "autoscaling/v1", Ok("not yet"));
        check("HorizontalPodAutoscaler", "autoscaling/v2beta2", Err("write autoscaling/v2"));
        check("Service", "v1", Ok("other"));
        check("Service", "serving.knative.dev/v1", Ok("not simulated"));
        check("ServiceMonitor", "monitoring.coreos.com/v1", Ok("not simulated"));
        check("CustomResourceDefinition", "apiextensions.k8s.io/v1", Ok("not simulated"));
        check("Deploymnet", "apps/v1", Err("did you mean Deployment?"));
        check("Deployment", "app/v1", Err("write apps/v1"));
    }
}
