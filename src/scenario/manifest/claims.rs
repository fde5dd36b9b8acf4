//! Persistent volumes: storage classes, claims wherever they are written, and the volumes that are bound to them by hand.
//!
//! Not modelled: claims that name no volume and match one that waits for any; data sources, reclaim policies, resizing.

use super::fault::{Faults, join};
use super::object;
use super::selector;
use crate::catalog::{BLOB_DRIVER, Catalog, DISK_DRIVER, FILE_DRIVER, ZONE_LABELS};
use crate::scenario::plan::{ClaimKind, ClaimPlan, ClaimRef, NodeSelectorTerm, Operator, Requirement, Volume};
use crate::scenario::quantity;
use crate::units::Bytes;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::Value;
use std::collections::BTreeMap;

/// The annotation of the class of claims that name none.
const IS_DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
/// The provisioner of volumes that somebody makes by hand.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";
/// How the types of disks that are replicated over zones end. Source: azuredisk-csi-driver, docs/driver-parameters.
const ZONE_REDUNDANT: &str = "_ZRS";
/// How the types of disks that are not replicated over zones end.
const LOCALLY_REDUNDANT: &str = "_LRS";
/// What the drivers make volumes of when a class names nothing. Source: azuredisk-csi-driver, azurefile-csi-driver and
/// blob-csi-driver, docs/driver-parameters.
const DEFAULT_SKUS: [(&str, &str); 3] =
    [(DISK_DRIVER, "StandardSSD_LRS"), (FILE_DRIVER, "Standard_LRS"), (BLOB_DRIVER, "Standard_LRS")];

/// What the manifests say of persistent volumes.
#[derive(Debug, Default)]
pub(super) struct Storage {
    classes: BTreeMap<String, Class>,
    default_class: Option<String>,
    volumes: Vec<WrittenVolume>,
    /// The claims and templates of claims found so far.
    pub claims: Vec<ClaimPlan>,
}

/// How a storage class provides volumes.
#[derive(Clone, Debug, Default)]
struct Class {
    driver: Option<Box<str>>,
    sku: Option<Box<str>>,
    waits_for_consumer: bool,
    zonal: bool,
    allowed: Vec<NodeSelectorTerm>,
}

/// A PersistentVolume.
#[derive(Debug)]
struct WrittenVolume {
    name: String,
    /// Namespace and name of the claim that it is kept for.
    claim: Option<(String, String)>,
    driver: Option<Box<str>>,
    volume: Volume,
}

impl Storage {
    /// The classes that AKS installs. The disks of a cluster that spans zones are replicated over them.
    pub fn of_cluster(multi_zone: bool) -> Self {
        let mut storage = Self::default();
        for built_in in Catalog::get().storage_classes() {
            let is_disk = built_in.driver == DISK_DRIVER;
            let replicated = is_disk && multi_zone;
            let sku = &built_in.sku;
            let class = Class {
                driver: Some(built_in.driver.as_str().into()),
                sku: Some(if replicated { sku.replace(LOCALLY_REDUNDANT, ZONE_REDUNDANT) } else { sku.clone() }.into()),
                waits_for_consumer: built_in.waits_for_consumer,
                zonal: is_disk && !multi_zone,
                allowed: Vec::new(),
            };
            storage.classes.insert(built_in.name.clone(), class);
            if built_in.is_default {
                storage.default_class = Some(built_in.name.clone());
            }
        }
        storage
    }

    /// Takes in a StorageClass, which may replace one of AKS's.
    pub fn add_class(&mut self, name: &str, value: &Value, faults: &mut Faults) {
        let Some(written) = object::read::<StorageClass>(value, faults) else { return };
        let mode = written.volume_binding_mode.as_deref().unwrap_or("Immediate");
        let modes = [("Immediate", false), ("WaitForFirstConsumer", true)];
        let driver = driver(&written.provisioner);
        let topologies = written.allowed_topologies.iter().flatten();
        let sku = sku(&written, driver.as_deref());
        let class = Class {
            waits_for_consumer: selector::one_of(mode, &modes, "/volumeBindingMode", faults).unwrap_or_default(),
            zonal: driver.as_deref() == Some(DISK_DRIVER)
                && !sku.as_deref().is_some_and(|sku| sku.ends_with(ZONE_REDUNDANT)),
            driver,
            sku,
            allowed: topologies.map(allowed_topology).collect(),
        };
        if written.metadata.annotations.iter().flatten().any(|(key, value)| key == IS_DEFAULT && value == "true") {
            self.default_class = Some(name.to_owned());
        }
        self.classes.insert(name.to_owned(), class);
    }

    /// Takes in a PersistentVolume.
    pub fn add_volume(&mut self, name: &str, value: &Value, faults: &mut Faults) {
        let Some(spec) = object::read::<core::PersistentVolume>(value, faults).and_then(|written| written.spec) else {
            return;
        };
        let claim = spec.claim_ref.as_ref().and_then(|of| Some((of.namespace.clone()?, of.name.clone()?)));
        let affinity = spec.node_affinity.as_ref().and_then(|affinity| affinity.required.clone());
        let affinity = core::NodeAffinity {
            required_during_scheduling_ignored_during_execution: affinity,
            ..core::NodeAffinity::default()
        };
        let (affinity, _) = selector::node_affinity(&affinity, "/spec/nodeAffinity/required", faults);
        let zones = zone_labels(value);
        self.volumes.push(WrittenVolume {
            name: name.to_owned(),
            claim,
            driver: volume_driver(&spec),
            volume: Volume { affinity, zones },
        });
    }

    /// Takes in a PersistentVolumeClaim.
    pub fn add_claim(&mut self, namespace: &str, name: &str, value: &Value, faults: &mut Faults) {
        let claim = object::read::<core::PersistentVolumeClaim>(value, faults);
        if let Some(spec) = claim.and_then(|claim| claim.spec) {
            self.add((namespace, name), ClaimKind::Claim, &spec, "/spec", faults);
        }
    }

    /// The claims of a workload's pods in the order of their volumes; those of its own are taken in. The names of others are looked
    /// up once all are known, by [`Self::find`].
    pub fn of_workload(&mut self, namespace: &str, kind: &str, value: &Value, faults: &mut Faults) -> Vec<ClaimRef> {
        let mut claims = Vec::new();
        for (at, template) in list::<core::PersistentVolumeClaim>(value, "/spec/volumeClaimTemplates") {
            if let (Some(name), Some(spec)) = (&template.metadata.name, &template.spec) {
                let claim = self.add((namespace, name), ClaimKind::Template, spec, &format!("{at}/spec"), faults);
                claims.push(ClaimRef { claim: Some(claim), name: name.as_str().into() });
            }
        }
        let pods = match kind {
            "Pod" => "/spec",
            "CronJob" => "/spec/jobTemplate/spec/template/spec",
            _ => "/spec/template/spec",
        };
        for (at, volume) in list::<core::Volume>(value, &format!("{pods}/volumes")) {
            if let Some(claim) = &volume.persistent_volume_claim {
                claims.push(ClaimRef { claim: None, name: claim.claim_name.as_str().into() });
            } else if let Some(template) = volume.ephemeral.and_then(|ephemeral| ephemeral.volume_claim_template) {
                let at = format!("{at}/ephemeral/volumeClaimTemplate/spec");
                let claim = self.add((namespace, &volume.name), ClaimKind::Ephemeral, &template.spec, &at, faults);
                claims.push(ClaimRef { claim: Some(claim), name: volume.name.as_str().into() });
            }
        }
        claims
    }

    /// The place of the claim of this name.
    pub fn find(&self, namespace: &str, name: &str) -> Option<usize> {
        let is_it = |claim: &ClaimPlan| {
            claim.kind == ClaimKind::Claim && *claim.namespace == *namespace && *claim.name == *name
        };
        self.claims.iter().position(is_it)
    }

    fn add(
        &mut self,
        (namespace, name): (&str, &str),
        kind: ClaimKind,
        spec: &core::PersistentVolumeClaimSpec,
        at: &str,
        faults: &mut Faults,
    ) -> usize {
        let is_kept = |volume: &&WrittenVolume| {
            spec.volume_name.as_deref() == Some(&volume.name)
                || volume.claim.as_ref().is_some_and(|(space, claim)| space == namespace && claim == name)
        };
        let volume = self.volumes.iter().find(is_kept).filter(|_| kind == ClaimKind::Claim);
        let class = match volume {
            Some(volume) => Class { driver: volume.driver.clone(), ..Class::default() },
            None => self.class(spec.storage_class_name.as_deref(), &join(at, "storageClassName"), faults),
        };
        let storage = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref()?.get("storage"));
        let one_pod = spec.access_modes.iter().flatten().any(|mode| mode == "ReadWriteOncePod");
        self.claims.push(ClaimPlan {
            namespace: namespace.into(),
            name: name.into(),
            kind,
            driver: class.driver,
            sku: class.sku,
            size: storage.and_then(|size| quantity::bytes(&size.0)).unwrap_or(Bytes::ZERO),
            price: None,
            waits_for_consumer: class.waits_for_consumer,
            zonal: class.zonal,
            allowed: class.allowed,
            one_pod,
            volume: volume.map(|volume| volume.volume.clone()),
        });
        self.claims.len() - 1
    }

    /// The class of a claim. One without a name, which is not the same as none named, gets volumes by hand only.
    ///
    /// The API server accepts the name of a class that does not exist; the claim would then stay pending for ever.
    fn class(&self, name: Option<&str>, at: &str, faults: &mut Faults) -> Class {
        let Some(name) = name.or(self.default_class.as_deref()).filter(|name| !name.is_empty()) else {
            return Class::default();
        };
        self.classes.get(name).cloned().unwrap_or_else(|| {
            let names = self.classes.keys().map(String::as_str);
            let otherwise = "a StorageClass that the manifests define or AKS installs, such as managed-csi";
            faults.unknown(at, "manifest::storage_class", ("unknown class", name), names, otherwise);
            Class::default()
        })
    }
}

/// The elements of a list with their pointers. What cannot be read was said when the object was.
fn list<T: serde::de::DeserializeOwned>(value: &Value, at: &str) -> Vec<(String, T)> {
    let items = value.pointer(at).and_then(Value::as_array).into_iter().flatten().enumerate();
    items.filter_map(|(index, item)| Some((format!("{at}/{index}"), T::deserialize(item).ok()?))).collect()
}

/// The CSI driver behind a provisioner, which may still be called as before there was one; `None` when nobody provides volumes.
fn driver(provisioner: &str) -> Option<Box<str>> {
    match provisioner {
        NO_PROVISIONER => None,
        "kubernetes.io/azure-disk" => Some(DISK_DRIVER.into()),
        "kubernetes.io/azure-file" => Some(FILE_DRIVER.into()),
        driver => Some(driver.into()),
    }
}

fn volume_driver(spec: &core::PersistentVolumeSpec) -> Option<Box<str>> {
    let csi = spec.csi.as_ref().map(|csi| csi.driver.as_str());
    let disk = spec.azure_disk.as_ref().map(|_| DISK_DRIVER);
    let file = spec.azure_file.as_ref().map(|_| FILE_DRIVER);
    csi.or(disk).or(file).map(Into::into)
}

/// What the class's volumes are made of. The driver reads the names of parameters in any case.
fn sku(class: &StorageClass, driver: Option<&str>) -> Option<Box<str>> {
    let is_type = |key: &str| ["skuname", "storageaccounttype"].contains(&key.to_ascii_lowercase().as_str());
    let written = class.parameters.iter().flatten().find(|(key, _)| is_type(key)).map(|(_, value)| value.as_str());
    let default = || DEFAULT_SKUS.into_iter().find(|(of, _)| driver == Some(*of)).map(|(_, sku)| sku);
    written.or_else(default).map(Into::into)
}

fn allowed_topology(term: &core::TopologySelectorTerm) -> NodeSelectorTerm {
    let expressions = term.match_label_expressions.iter().flatten().map(|one| Requirement {
        key: one.key.as_str().into(),
        operator: Operator::In,
        values: one.values.iter().map(|value| value.as_str().into()).collect(),
    });
    NodeSelectorTerm { expressions: expressions.collect(), fields: Vec::new() }
}

/// The labels of zone and region by their names of today, with the values that they list.
fn zone_labels(value: &Value) -> Vec<(Box<str>, Vec<Box<str>>)> {
    let label = |key: &str| value.pointer(&join("/metadata/labels", key)).and_then(Value::as_str);
    let values = |text: &str| text.split("__").map(Into::into).collect();
    ZONE_LABELS.iter().filter_map(|(now, once)| Some(((*now).into(), values(label(now).or(label(once))?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn class(name: &str, provisioner: &str, more: Value) -> Value {
        let mut class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
            "provisioner": provisioner});
        class.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        class
    }

    fn claim(spec: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec})
    }

    /// The claim `data` as it is understood, with the faults.
    fn read(storage: &mut Storage, spec: Value) -> (ClaimPlan, Vec<String>) {
        let mut faults = Faults::default();
        storage.add_claim("default", "data", &claim(spec), &mut faults);
        let texts = faults.0.iter().map(|fault| format!("{}: {}, {}", fault.pointer, fault.found, fault.remedy));
        (storage.claims.pop().unwrap(), texts.collect())
    }

    #[test]
    fn a_claim_is_what_its_class_makes_of_it() {
        for (multi_zone, class, driver, sku, waits, zonal) in [
            (false, json!(null), Some(DISK_DRIVER), Some("StandardSSD_LRS"), true, true),
            (false, json!("managed-csi-premium"), Some(DISK_DRIVER), Some("Premium_LRS"), true, true),
            (true, json!("managed-csi"), Some(DISK_DRIVER), Some("StandardSSD_ZRS"), true, false),
            (true, json!("lrs"), Some(DISK_DRIVER), Some("StandardSSD_LRS"), false, true),
            (true, json!("zrs"), Some(DISK_DRIVER), Some("Premium_ZRS"), true, false),
            (true, json!("azurefile-csi"), Some(FILE_DRIVER), Some("Standard_LRS"), false, false),
            (true, json!("local"), None, None, true, false),
            (true, json!(""), None, None, false, false),
        ] {
            let mut storage = Storage::of_cluster(multi_zone);
            let wait = json!({"volumeBindingMode": "WaitForFirstConsumer", "parameters": {"skuName": "Premium_ZRS"}});
            let no_sku = json!({"volumeBindingMode": "WaitForFirstConsumer"});
            let mut faults = Faults::default();
            storage.add_class("lrs", &super::tests::class("lrs", DISK_DRIVER, json!({})), &mut faults);
            storage.add_class(
                "zrs",
                &super::tests::class("zrs", "kubernetes.io/azure-disk", wait.clone()),
                &mut faults,
            );
            storage.add_class("local", &super::tests::class("local", NO_PROVISIONER, no_sku), &mut faults);
            let (found, more) =
                read(&mut storage, json!({"storageClassName": class, "resources": {"requests": {"storage": "10Gi"}}}));
            assert_eq!(found.size, Bytes::from_gib(10));
            assert!(faults.0.is_empty() && more.is_empty(), "{faults:?} {more:?}");
            let seen = (found.driver.as_deref(), found.sku.as_deref(), found.waits_for_consumer, found.zonal);
            assert_eq!(seen, (driver, sku, waits, zonal), "{class} over zones: {multi_zone}");
        }
    }

    #[test]
    fn a_class_that_does_not_exist_is_a_fault() {
        let (_, faults) = read(&mut Storage::of_cluster(false), json!({"storageClassName": "managed-cis"}));
        assert_eq!(faults, ["/spec/storageClassName: unknown class \"managed-cis\", did you mean managed-csi?"]);
    }

    #[test]
    fn a_volume_that_is_kept_for_a_claim_or_named_by_it_decides_where_it_is() {
        let volume = |claim: Value| {
            json!({"apiVersion": "v1", "kind": "PersistentVolume",
                "metadata": {"name": "disk-1", "labels": {"failure-domain.beta.kubernetes.io/zone": "eastus-1__eastus-2"}},
                "spec": {"claimRef": claim, "csi": {"driver": DISK_DRIVER, "volumeHandle": "x"},
                    "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                        {"key": "topology.disk.csi.azure.com/zone", "operator": "In", "values": ["eastus-2"]}]}]}}}})
        };
        let kept = json!({"namespace": "default", "name": "data"});
        for (claim_ref, spec) in
            [(kept, json!({"storageClassName": ""})), (json!(null), json!({"volumeName": "disk-1"}))]
        {
            let (mut storage, mut faults) = (Storage::of_cluster(true), Faults::default());
            storage.add_volume("disk-1", &volume(claim_ref), &mut faults);
            let (claim, more) = read(&mut storage, spec);
            assert!(faults.0.is_empty() && more.is_empty(), "{faults:?} {more:?}");
            assert!(claim.is_disk());
            let zones = vec![("topology.kubernetes.io/zone".into(), vec!["eastus-1".into(), "eastus-2".into()])];
            assert_eq!(claim.volume, Some(Volume { zones, ..Volume::in_zone("eastus-2") }));
        }
    }

    #[test]
    fn pods_claim_by_name_by_template_and_for_themselves() {
        let (mut storage, mut faults) = (Storage::of_cluster(false), Faults::default());
        let set = json!({"spec": {
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOncePod"]}}],
            "template": {"spec": {"volumes": [
                {"name": "tmp", "emptyDir": {}}, {"name": "shared", "persistentVolumeClaim": {"claimName": "share"}},
                {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}]}}}});
        let claims = storage.of_workload("default", "StatefulSet", &set, &mut faults);
        let refer = |claim, name: &str| ClaimRef { claim, name: name.into() };
        assert_eq!(claims, [refer(Some(0), "data"), refer(None, "share"), refer(Some(1), "scratch")]);
        let kinds: Vec<_> = storage.claims.iter().map(|claim| (claim.kind, claim.one_pod)).collect();
        assert_eq!(kinds, [(ClaimKind::Template, true), (ClaimKind::Ephemeral, false)]);
        storage.add_claim("default", "share", &claim(json!({})), &mut faults);
        assert_eq!((storage.find("default", "share"), storage.find("other", "share")), (Some(2), None));
        assert!(faults.0.is_empty(), "{faults:?}");
    }
}
