//! A pod as the API server gives it out, converted by the same code as the templates of manifests.

use super::fault::Faults;
use super::neighbours::{Neighbours, equality, strings};
use super::owner::{Keeper, Owner};
use super::pod::{self, PodContext};
use super::priority::PriorityClasses;
use super::{ASSUMED_IMAGE_SIZE, label_keys, object, selector};
use crate::catalog::KubernetesVersion;
use crate::scenario::plan::{LabelSelector, PodTemplate};
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

/// Converts a plain Pod object. `services` may select it, and one of `controllers` (ReplicaSets, StatefulSets and
/// ReplicationControllers) own it: both matter for default topology spread. Known namespaces are those of these objects.
///
/// What the API server has filled in is believed: `spec.priority`, and labels that a controller adds.
///
/// # Errors
/// Everything that is wrong with the pod, one line each.
pub fn pod_template(
    pod: &Value,
    services: &[Value],
    controllers: &[Value],
    version: KubernetesVersion,
) -> Result<PodTemplate, Vec<String>> {
    let mut neighbours = Neighbours::default();
    for object in services.iter().chain(controllers).chain([pod]) {
        neighbours.add_namespace(namespace(object), None);
    }
    for service in services {
        neighbours.add_service(namespace(service), service);
    }
    let classes = PriorityClasses::default();
    let context = PodContext { classes: &classes, version, image_size: ASSUMED_IMAGE_SIZE, neighbours: &neighbours };
    let mut faults = Faults::default();
    let selector = owner_selector(pod, controllers, &mut faults);
    let converted = object::read::<Pod>(pod, &mut faults).and_then(|pod| {
        let owner = Owner { selector, ..Owner::plain(&pod.metadata, Keeper::ApiServer) };
        pod::convert(Some(&pod.metadata), pod.spec.as_ref(), &owner, context, "", &mut faults)
    });
    // A pod is there whatever its label keys say, and kube-scheduler asks for their values besides the selector.
    faults.0.retain(|fault| fault.code != label_keys::CODE);
    match converted {
        Some(converted) if faults.0.is_empty() => Ok(converted.template),
        _ => Err(faults.0.iter().map(|f| format!("{}: found {}, {}", f.pointer, f.found, f.remedy)).collect()),
    }
}

fn namespace(object: &Value) -> &str {
    object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or("default")
}

/// The selector of the controller that owns the pod, where it is one that kube-scheduler asks.
fn owner_selector(pod: &Value, controllers: &[Value], faults: &mut Faults) -> Option<LabelSelector> {
    let references = pod.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let reference = references.into_iter().flatten().find(|one| one["controller"] == Value::Bool(true))?;
    let name = reference["name"].as_str()?;
    let kind = reference["kind"].as_str()?;
    let controller = controllers.iter().find(|one| {
        let same_kind = one["kind"].as_str().unwrap_or("ReplicaSet") == kind;
        same_kind && one["metadata"]["name"] == *name && namespace(one) == namespace(pod)
    })?;
    match kind {
        "ReplicaSet" | "StatefulSet" => {
            let written = object::read(&controller["spec"]["selector"], faults)?;
            Some(selector::label_selector(&written, "/spec/selector", faults))
        }
        "ReplicationController" => {
            let labels = strings(controller, "/spec/selector");
            let requirements = labels.iter().map(|(key, value)| equality(key, value)).collect();
            Some(LabelSelector { requirements })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(owner: &str) -> Value {
        json!({"metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web", "pod-template-hash": "x"},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": owner, "name": "web", "uid": "1", "controller": true}]},
            "spec": {"priority": 7, "priorityClassName": "unknown-here", "restartPolicy": "Never",
                "schedulingGates": [{"name": "wait"}], "containers": [{"name": "a", "image": "repo:5000/web"}]}})
    }

    fn controller(kind: &str) -> Value {
        json!({"kind": kind, "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {"matchLabels": {"pod-template-hash": "x"}}}})
    }

    fn spread(pod: &Value, services: &[Value], controllers: &[Value]) -> String {
        let template = pod_template(pod, services, controllers, KubernetesVersion::minor(34)).unwrap();
        let requirements = template.default_spread.into_iter().flat_map(|selector| selector.requirements);
        requirements.map(|one| format!("{}={}", one.key, one.values[0])).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn what_the_api_server_filled_in_is_believed() {
        let template = pod_template(&pod("ReplicaSet"), &[], &[], KubernetesVersion::minor(34)).unwrap();
        assert_eq!((template.priority, template.gated, &*template.namespace), (7, true, "shop"));
        assert_eq!(*template.container_images, ["repo:5000/web:latest".into()]);
    }

    #[test]
    fn services_and_the_owner_make_the_default_spread() {
        let service = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"app": "web"}}});
        let elsewhere = json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}}});
        let services = [service, elsewhere];
        let owners = [controller("ReplicaSet"), controller("StatefulSet"), controller("Job")];
        assert_eq!(spread(&pod("ReplicaSet"), &services, &owners), "app=web,pod-template-hash=x");
        assert_eq!(spread(&pod("StatefulSet"), &[], &owners), "pod-template-hash=x");
        assert_eq!(spread(&pod("Job"), &services, &owners), "app=web");
        assert_eq!(spread(&pod("ReplicaSet"), &[], &[]), "");
        let old = json!({"kind": "ReplicationController", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {"app": "web"}}});
        assert_eq!(spread(&pod("ReplicationController"), &[], &[old]), "app=web");
    }

    #[test]
    fn label_keys_count_beside_a_selector_that_speaks_of_them() {
        let mut written = pod("Job");
        written["spec"]["topologySpreadConstraints"] = json!([{"maxSkew": 1, "topologyKey": "zone",
            "whenUnsatisfiable": "DoNotSchedule", "matchLabelKeys": ["app"],
            "labelSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}]);
        let template = pod_template(&written, &[], &[], KubernetesVersion::minor(34)).unwrap();
        let selector = template.topology_spread[0].selector.as_ref().unwrap();
        assert_eq!(selector.requirements.len(), 2, "{selector:?}");
    }

    #[test]
    fn everything_wrong_is_said() {
        let mut wrong = pod("Job");
        wrong["spec"]["tolerations"] = json!([{"operator": "Exist"}]);
        wrong["spec"]["extra"] = json!(1);
        let errors = pod_template(&wrong, &[], &[], KubernetesVersion::minor(34)).unwrap_err();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[1].starts_with("/spec/tolerations/0/operator: found unknown word"), "{errors:?}");
    }
}
