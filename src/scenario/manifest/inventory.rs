//! All objects of all documents: lists unpacked, identities checked, each kind put where it belongs.

use super::budget::{self, Budget};
use super::claims::Storage;
use super::fault::{Fault, Faults};
use super::kind::{self, Meaning};
use super::neighbours::Neighbours;
use super::object;
use super::pod::PodContext;
use super::priority::{Class, PriorityClasses, preemption_policy};
use super::service::{self, ServiceSubnets};
use super::workload::{Workload, WorkloadContext};
use crate::catalog::KubernetesVersion;
use crate::kernel::SimDuration;
use crate::scenario::plan::ServicePlan;
use crate::units::Bytes;
use jiff::Timestamp;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What the reading of manifests depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'a> {
    /// The moment of virtual time zero.
    pub start: Timestamp,
    /// Virtual time simulated.
    pub duration: SimDuration,
    /// Version of the API server.
    pub version: KubernetesVersion,
    /// The compressed size of an image of which nothing is known.
    pub image_size: Bytes,
    /// True when the cluster spans several availability zones.
    pub multi_zone: bool,
    /// Where Services get internal addresses.
    pub subnets: ServiceSubnets<'a>,
}

/// A fault with the index of its document; its pointer starts at the document's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    /// Index of the document.
    pub document: usize,
    /// The fault.
    pub fault: Fault,
}

/// Everything found in the documents.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    /// Workloads by (namespace, name), in the documents' order.
    pub workloads: Vec<(String, String, Workload)>,
    /// Budgets by (namespace, name), in the documents' order.
    pub budgets: Vec<(String, String, Budget)>,
    /// Namespaces and Services.
    pub neighbours: Neighbours,
    /// Services of type `LoadBalancer`.
    pub services: Vec<ServicePlan>,
    /// Claims for persistent volumes.
    pub storage: Storage,
    /// What is wrong.
    pub faults: Vec<Located>,
    /// How many objects of each kind have no effect, and why.
    pub without_effect: BTreeMap<(String, &'static str), usize>,
}

/// One object with its identity.
struct Object<'a> {
    document: usize,
    pointer: String,
    value: &'a Value,
    kind: &'a str,
    namespace: String,
    name: String,
    meaning: Meaning,
}

/// Reads every document.
pub(super) fn read<'a>(documents: impl IntoIterator<Item = &'a Value>, around: Surroundings<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let mut objects = Vec::new();
    for (index, document) in documents.into_iter().enumerate() {
        unpack(index, String::new(), document, &mut objects, &mut inventory.faults);
    }
    refuse_duplicates(&objects, &mut inventory.faults);
    let classes = priority_classes(&objects, &mut inventory.faults);
    let neighbours = neighbours(&objects);
    inventory.storage = storage(&objects, around.multi_zone, &mut inventory.faults);
    let pods = PodContext {
        classes: &classes,
        version: around.version,
        image_size: around.image_size,
        neighbours: &neighbours,
    };
    let context = WorkloadContext { pods, start: around.start, duration: around.duration };
    for object in &objects {
        inventory.add(object, context, around.subnets);
    }
    inventory.neighbours = neighbours;
    inventory.find_claims();
    inventory
}

impl Inventory {
    fn add(&mut self, object: &Object<'_>, context: WorkloadContext<'_>, subnets: ServiceSubnets<'_>) {
        let mut faults = Faults::default();
        let identity = (object.namespace.clone(), object.name.clone());
        match object.meaning {
            Meaning::Workload(_) if controlled(object.value) => self.count(object, "left to its controller"),
            Meaning::Workload(read) => {
                let workload = read(object.value, context, &mut faults);
                self.workloads.extend(workload.map(|mut workload| {
                    let (value, kind) = (object.value, object.kind);
                    let claims = self.storage.of_workload(&identity.0, kind, value, &mut faults);
                    workload.pods.template.claims = claims;
                    (identity.0, identity.1, workload)
                }));
            }
            Meaning::Budget => {
                let budget = object::read::<PodDisruptionBudget>(object.value, &mut faults);
                let budget = budget.and_then(|budget| budget::convert(&budget, &mut faults));
                self.budgets.extend(budget.map(|budget| (identity.0, identity.1, budget)));
            }
            Meaning::Namespace(check) => check(object.value, &mut faults),
            Meaning::Service => {
                let service = service::read(object.value, (&identity.0, &identity.1), subnets, &mut faults);
                match service {
                    Some(service) => self.services.push(service),
                    None => self.count(object, "used for default topology spread only"),
                }
            }
            Meaning::Claim => self.storage.add_claim(&identity.0, &identity.1, object.value, &mut faults),
            Meaning::PriorityClass | Meaning::StorageClass | Meaning::Volume => {}
            Meaning::NotSimulated(check) => {
                check(object.value, &mut faults);
                self.count(object, "not simulated");
            }
            Meaning::NotYet(check) => {
                check(object.value, &mut faults);
                self.count(object, "accepted, not simulated yet");
            }
        }
        locate(faults, object.document, &object.pointer, &mut self.faults);
    }

    /// Looks up the claims that pods name, which may stand behind them.
    fn find_claims(&mut self) {
        for (namespace, _, workload) in &mut self.workloads {
            for claim in workload.pods.template.claims.iter_mut().filter(|claim| claim.claim.is_none()) {
                claim.claim = self.storage.find(namespace, &claim.name);
            }
        }
    }

    fn count(&mut self, object: &Object<'_>, why: &'static str) {
        *self.without_effect.entry((object.kind.to_owned(), why)).or_default() += 1;
    }
}

fn locate(faults: Faults, document: usize, pointer: &str, located: &mut Vec<Located>) {
    let moved = |fault: Fault| Fault { pointer: format!("{pointer}{}", fault.pointer), ..fault };
    located.extend(faults.0.into_iter().map(|fault| Located { document, fault: moved(fault) }));
}

/// Adds the object, or the objects of a list, that stand at `pointer`. An empty document has none.
fn unpack<'a>(
    document: usize,
    pointer: String,
    value: &'a Value,
    objects: &mut Vec<Object<'a>>,
    located: &mut Vec<Located>,
) {
    if value.is_null() {
        return;
    }
    let mut faults = Faults::default();
    let list = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List")).then(|| value.get("items")).flatten();
    if let Some(items) = list.and_then(Value::as_array) {
        for (index, item) in items.iter().enumerate() {
            unpack(document, format!("{pointer}/items/{index}"), item, objects, located);
        }
    } else if let Some((kind, namespace, name, meaning)) = identify(value, &mut faults) {
        objects.push(Object { document, pointer: pointer.clone(), value, kind, namespace, name, meaning });
    }
    locate(faults, document, &pointer, located);
}

/// Kind, namespace, name and meaning of an object; `None` after a fault that leaves the rest unread.
fn identify<'a>(value: &'a Value, faults: &mut Faults) -> Option<(&'a str, String, String, Meaning)> {
    if !value.is_object() {
        let found = if value.is_array() { "a list" } else { "a bare value" };
        faults.push("", "manifest::object", found, "a Kubernetes object with apiVersion, kind and metadata");
        return None;
    }
    let api_version = text(value, "/apiVersion", "a version such as apps/v1", faults);
    let kind = text(value, "/kind", "a kind such as Deployment", faults);
    let name = text(value, "/metadata/name", "the name of the object", faults);
    let (api_version, kind, name) = (api_version?, kind?, name?);
    let meaning = kind::meaning(kind, api_version, faults)?;
    // Roles and their bindings may be named as paths are, with colons.
    if !api_version.starts_with("rbac.") && !is_subdomain(name) {
        let write = "lower-case letters, digits, - and ., beginning and ending with a letter or digit";
        faults.push("/metadata/name", "manifest::name", format!("\"{name}\""), write);
    }
    let namespace = value.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or("default");
    if !is_label(namespace) {
        let write = "lower-case letters, digits and -, beginning and ending with a letter or digit";
        faults.push("/metadata/namespace", "manifest::name", format!("\"{namespace}\""), write);
    }
    Some((kind, namespace.to_owned(), name.to_owned(), meaning))
}

fn text<'a>(value: &'a Value, pointer: &str, what: &str, faults: &mut Faults) -> Option<&'a str> {
    let found = value.pointer(pointer);
    let text = found.and_then(Value::as_str).filter(|text| !text.is_empty());
    if text.is_none() {
        let found = found.map_or("nothing".to_owned(), Value::to_string);
        faults.push(pointer, "manifest::required", found, what);
    }
    text
}

/// A DNS label as RFC 1123 has it: what a namespace may be called.
pub(super) fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 63 && text.starts_with(inner) && text.ends_with(inner) && text.chars().all(|c| inner(c) || c == '-')
}

/// A DNS subdomain as Kubernetes has it: what most objects may be called.
fn is_subdomain(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let part =
        |part: &str| part.starts_with(inner) && part.ends_with(inner) && part.chars().all(|c| inner(c) || c == '-');
    text.len() <= 253 && text.split('.').all(part)
}

/// True when another object creates this one, as in a dump of everything a cluster has.
fn controlled(value: &Value) -> bool {
    let owners = value.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| owner["controller"] == Value::Bool(true))
}

fn refuse_duplicates(objects: &[Object<'_>], located: &mut Vec<Located>) {
    let mut seen = BTreeSet::new();
    for object in objects {
        if !seen.insert((object.kind, &object.namespace, &object.name)) {
            let mut faults = Faults::default();
            let found = format!("a second {} {}/{}", object.kind, object.namespace, object.name);
            faults.push("/metadata/name", "manifest::duplicate", found, "another name, or only one of the two");
            locate(faults, object.document, &object.pointer, located);
        }
    }
}

/// The namespaces of all objects, and AKS's own, with the labels that Namespace objects give them; the Services.
fn neighbours(objects: &[Object<'_>]) -> Neighbours {
    let mut neighbours = Neighbours::default();
    for namespace in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        neighbours.add_namespace(namespace, None);
    }
    for object in objects {
        match object.meaning {
            Meaning::Namespace(_) => neighbours.add_namespace(&object.name, Some(object.value)),
            Meaning::Service => neighbours.add_service(&object.namespace, object.value),
            _ => neighbours.add_namespace(&object.namespace, None),
        }
    }
    neighbours
}

/// Classes and volumes, of which the claims of other objects speak wherever they stand.
fn storage(objects: &[Object<'_>], multi_zone: bool, located: &mut Vec<Located>) -> Storage {
    let mut storage = Storage::of_cluster(multi_zone);
    for object in objects {
        let mut faults = Faults::default();
        match object.meaning {
            Meaning::StorageClass => storage.add_class(&object.name, object.value, &mut faults),
            Meaning::Volume => storage.add_volume(&object.name, object.value, &mut faults),
            _ => {}
        }
        locate(faults, object.document, &object.pointer, located);
    }
    storage
}

fn priority_classes(objects: &[Object<'_>], located: &mut Vec<Located>) -> PriorityClasses {
    let mut classes = PriorityClasses::default();
    let mut defaults = 0;
    for object in objects.iter().filter(|object| matches!(object.meaning, Meaning::PriorityClass)) {
        let mut faults = Faults::default();
        if let Some(class) = object::read::<PriorityClass>(object.value, &mut faults) {
            let global = class.global_default == Some(true);
            defaults += usize::from(global);
            if global && defaults > 1 {
                let write = "globalDefault: true for one PriorityClass only";
                faults.push("/globalDefault", "manifest::priority_class", "a second global default", write);
            }
            let never_preempts = preemption_policy(class.preemption_policy.as_deref(), "", &mut faults);
            let never_preempts = never_preempts.unwrap_or(false);
            match class.value {
                Some(value) => classes.add(&object.name, Class { value, never_preempts }, global),
                None => faults.push("/value", "manifest::required", "nothing", "the priority of the class, an integer"),
            }
        }
        locate(faults, object.document, &object.pointer, located);
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn around() -> Surroundings<'static> {
        Surroundings {
            start: "2026-03-02T00:00:00Z".parse().unwrap(),
            duration: SimDuration::from_hours(24),
            version: KubernetesVersion::minor(34),
            image_size: Bytes::from_mib(100),
            multi_zone: false,
            subnets: ServiceSubnets { all: &[], of_nodes: None, of_pods: &[] },
        }
    }

    fn faults(documents: &[Value]) -> Vec<String> {
        let inventory = read(documents, around());
        let text = |l: &Located| format!("{}{}: {} [{}]", l.document, l.fault.pointer, l.fault.found, l.fault.code);
        inventory.faults.iter().map(text).collect()
    }

    fn pod(name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"containers": [{"name": "a", "image": "a"}]}})
    }

    fn config_map(name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}})
    }

    #[test]
    fn lists_are_unpacked_and_empty_documents_skipped() {
        let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""},
            "items": [pod("a"), {"apiVersion": "v1", "kind": "PodList", "items": [pod("b"), config_map("c")]}]});
        let inventory = read(&[Value::Null, list], around());
        assert_eq!(inventory.faults, []);
        let names: Vec<_> = inventory.workloads.iter().map(|(_, name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn objects_without_effect_are_counted_by_kind() {
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "d"},
            "spec": {"resources": {"requests": {"storage": "1Gi"}}}});
        let mut owned = pod("web-x");
        owned["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1", "controller": true}]);
        let custom =
            json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "d"}, "any": 1});
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
        let documents = [config_map("a"), config_map("b"), claim, owned, custom, namespace];
        let inventory = read(&documents, around());
        assert_eq!(inventory.faults, []);
        let counted: Vec<_> =
            inventory.without_effect.iter().map(|((kind, why), count)| format!("{kind} ×{count}: {why}")).collect();
        assert_eq!(
            counted,
            ["Certificate ×1: not simulated", "ConfigMap ×2: not simulated", "Pod ×1: left to its controller",]
        );
    }

    #[test]
    fn an_object_that_is_wrong_does_not_hide_the_others() {
        let mut misspelt = pod("b");
        misspelt["spec"]["container"] = json!([]);
        let documents = [
            json!([1]),
            json!({"kind": "Pod", "metadata": {}}),
            misspelt,
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": "http"}]}}),
            pod("Upper_Case"),
            json!({"apiVersion": "v1", "kind": "List", "items": [pod("c"), pod("c")]}),
        ];
        assert_eq!(
            faults(&documents),
            [
                "0: a list [manifest::object]",
                "1/apiVersion: nothing [manifest::required]",
                "1/metadata/name: nothing [manifest::required]",
                "4/metadata/name: \"Upper_Case\" [manifest::name]",
                "5/items/1/metadata/name: a second Pod default/c [manifest::duplicate]",
                "2/spec/container: unknown field \"container\" [manifest::unknown_field]",
                "3/spec/ports/0/port: string \"http\" [manifest::type]",
            ]
        );
    }

    #[test]
    fn priority_classes_of_the_manifests_apply_wherever_they_stand() {
        let class = |name: &str, value: i32, global: bool| {
            json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name},
                "value": value, "globalDefault": global})
        };
        let mut named = pod("named");
        named["spec"]["priorityClassName"] = json!("high");
        let mut system = pod("system");
        system["spec"]["priorityClassName"] = json!("system-node-critical");
        let inventory =
            read(&[named, pod("plain"), system, class("high", 1000, false), class("usual", 5, true)], around());
        assert_eq!(inventory.faults, []);
        let priorities: Vec<i32> = inventory.workloads.iter().map(|(_, _, w)| w.pods.template.priority).collect();
        assert_eq!(priorities, [1000, 5, 2_000_001_000]);
        assert_eq!(faults(&[class("a", 1, true), class("b", 2, true)]).len(), 1);
    }
}
