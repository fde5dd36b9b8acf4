//! A pod template as the simulator needs it.

use super::fault::{Faults, join};
use super::requests;
use super::selector;
use crate::kernel::SimDuration;
use crate::scenario::plan::{HostPort, Image, PodAffinity, PodTemplate, ReadinessProbe};
use crate::units::Bytes;
use k8s_openapi::api::core::v1::{Container, PodSpec, Probe};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

/// `terminationGracePeriodSeconds` where a pod names none (Kubernetes API reference, PodSpec).
const DEFAULT_GRACE: SimDuration = SimDuration::from_secs(30);
/// `periodSeconds` where a probe names none (Kubernetes API reference, Probe).
const DEFAULT_PERIOD: SimDuration = SimDuration::from_secs(10);
/// The priority classes that every cluster has (Kubernetes documentation, "Guaranteed Scheduling For Critical Add-On Pods").
const SYSTEM_CLASSES: [(&str, i32); 2] =
    [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

/// The priorities that classes stand for.
#[derive(Clone, Debug)]
pub(super) struct PriorityClasses {
    by_name: BTreeMap<String, i32>,
    default: i32,
}

impl Default for PriorityClasses {
    fn default() -> Self {
        Self { by_name: SYSTEM_CLASSES.map(|(name, value)| (name.to_owned(), value)).into(), default: 0 }
    }
}

impl PriorityClasses {
    /// Adds a class; with `global_default` it is that of pods which name none.
    pub fn add(&mut self, name: &str, value: i32, global_default: bool) {
        self.by_name.insert(name.to_owned(), value);
        if global_default {
            self.default = value;
        }
    }

    /// The priority of a pod with this class name.
    fn priority(&self, class: Option<&str>, at: &str, faults: &mut Faults) -> i32 {
        let Some(class) = class.filter(|class| !class.is_empty()) else { return self.default };
        self.by_name.get(class).copied().unwrap_or_else(|| {
            let names = self.by_name.keys().map(String::as_str);
            let otherwise = "a PriorityClass that the manifests define";
            let pointer = join(at, "priorityClassName");
            faults.unknown(pointer, "manifest::priority_class", ("unknown class", class), names, otherwise);
            self.default
        })
    }
}

/// What the conversion of a pod template depends on besides the template.
#[derive(Clone, Copy, Debug)]
pub(super) struct PodContext<'a> {
    /// Priority classes of the manifests and of every cluster.
    pub classes: &'a PriorityClasses,
    /// True when the cluster knows resources of the pod as a whole (Kubernetes 1.34 and later).
    pub pod_level_resources: bool,
    /// The compressed size of an image of which nothing is known.
    pub image_size: Bytes,
}

/// Who creates the pods, as far as it decides what a template may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A controller that keeps pods running.
    Service,
    /// As `Service`, with the DaemonSet's automatic tolerations.
    DaemonSet,
    /// A Job: pods run to completion.
    Job,
    /// Nobody.
    Nobody,
}

/// A pod template with what it asks for that is not simulated.
#[derive(Clone, Debug)]
pub(super) struct Converted {
    /// The template.
    pub template: PodTemplate,
    /// Fields in use that have no effect yet.
    pub not_simulated: Vec<&'static str>,
}

/// Converts a pod template. `at` is the JSON pointer of the object that has `metadata` and `spec`.
pub(super) fn convert(
    metadata: Option<&ObjectMeta>,
    spec: Option<&PodSpec>,
    owner: Owner,
    context: PodContext<'_>,
    at: &str,
    faults: &mut Faults,
) -> Option<Converted> {
    let Some(spec) = spec else {
        faults.push(join(at, "spec"), "manifest::required", "nothing", "the spec of the pods");
        return None;
    };
    let empty = ObjectMeta::default();
    let metadata = metadata.unwrap_or(&empty);
    let at = &join(at, "spec");
    check_containers(spec, at, faults);
    check_restart_policy(spec, owner, at, faults);

    let host_network = spec.host_network.unwrap_or(false);
    let tolerations = spec.tolerations.as_deref().unwrap_or_default();
    let mut tolerations = selector::tolerations(tolerations, &join(at, "tolerations"), faults);
    if owner == Owner::DaemonSet {
        tolerations.extend(selector::daemon_set_tolerations(host_network));
    }
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let (required_affinity, preferred_affinity) = affinity.map_or_else(Default::default, |affinity| {
        selector::node_affinity(affinity, &format!("{at}/affinity/nodeAffinity"), faults)
    });
    let needs = requests::needs(spec, context.pod_level_resources, at, faults);
    let template = PodTemplate {
        node_name: spec.node_name.as_deref().map(Into::into),
        namespace: Box::default(),
        pod_affinity: PodAffinity::default(),
        topology_spread: Vec::new(),
        default_spread: None,
        never_preempts: false,
        gated: false,
        claims: Vec::new(),
        container_images: Vec::new(),
        labels: metadata.labels.clone().unwrap_or_default(),
        requests: needs.requests,
        nonzero_cpu: needs.nonzero_cpu,
        nonzero_memory: needs.nonzero_memory,
        cpu_limit: needs.cpu_limit,
        node_selector: spec.node_selector.clone().unwrap_or_default(),
        required_affinity,
        preferred_affinity,
        tolerations,
        host_ports: host_ports(spec, host_network, at, faults),
        host_network,
        priority: context.classes.priority(spec.priority_class_name.as_deref(), at, faults),
        grace: grace(spec, at, faults),
        images: images(spec, context.image_size),
        readiness: readiness(spec, at, faults),
        local_storage: local_storage(spec),
        safe_to_evict: safe_to_evict(metadata),
    };
    Some(Converted { template, not_simulated: not_simulated(metadata, spec, context) })
}

fn sidecars(spec: &PodSpec) -> impl Iterator<Item = (usize, &Container)> {
    let init = spec.init_containers.iter().flatten().enumerate();
    init.filter(|(_, container)| container.restart_policy.as_deref() == Some("Always"))
}

/// Containers that run as long as the pod, each with its JSON pointer: sidecars and regular ones.
fn running<'a>(spec: &'a PodSpec, at: &'a str) -> impl Iterator<Item = (String, &'a Container)> {
    let sidecars = sidecars(spec).map(move |(index, one)| (format!("{at}/initContainers/{index}"), one));
    let main = spec.containers.iter().enumerate();
    sidecars.chain(main.map(move |(index, one)| (format!("{at}/containers/{index}"), one)))
}

fn check_containers(spec: &PodSpec, at: &str, faults: &mut Faults) {
    if spec.containers.is_empty() {
        faults.push(join(at, "containers"), "manifest::required", "no container", "at least one container");
    }
    let init =
        spec.init_containers.iter().flatten().enumerate().map(|(i, one)| (format!("{at}/initContainers/{i}"), one));
    let main = spec.containers.iter().enumerate().map(|(i, one)| (format!("{at}/containers/{i}"), one));
    for (at, container) in init.chain(main) {
        if container.name.is_empty() {
            faults.push(join(&at, "name"), "manifest::required", "nothing", "the name of the container");
        }
        if container.image.as_deref().unwrap_or_default().is_empty() {
            faults.push(join(&at, "image"), "manifest::required", "nothing", "the image of the container");
        }
    }
}

fn check_restart_policy(spec: &PodSpec, owner: Owner, at: &str, faults: &mut Faults) {
    let policy = spec.restart_policy.as_deref().unwrap_or("Always");
    let allowed: &[&str] = match owner {
        Owner::Service | Owner::DaemonSet => &["Always"],
        Owner::Job => &["OnFailure", "Never"],
        Owner::Nobody => &["Always", "OnFailure", "Never"],
    };
    if !allowed.contains(&policy) {
        let found = spec.restart_policy.as_ref().map_or("nothing, which is Always".to_owned(), |p| format!("\"{p}\""));
        faults.push(join(at, "restartPolicy"), "manifest::value", found, allowed.join(" or "));
    }
}

fn host_ports(spec: &PodSpec, host_network: bool, at: &str, faults: &mut Faults) -> Vec<HostPort> {
    let mut ports = Vec::new();
    for (at, container) in running(spec, at) {
        for (index, port) in container.ports.iter().flatten().enumerate() {
            // On the node's network the API server sets the host port to the container's.
            let number = port.host_port.or(host_network.then_some(port.container_port)).unwrap_or(0);
            let number = u16::try_from(number).unwrap_or_else(|_| {
                let pointer = format!("{at}/ports/{index}/hostPort");
                faults.push(pointer, "manifest::range", number.to_string(), "a port from 1 to 65535");
                0
            });
            if number > 0 {
                ports.push(HostPort {
                    ip: port.host_ip.as_deref().filter(|ip| !ip.is_empty()).unwrap_or("0.0.0.0").into(),
                    protocol: port.protocol.as_deref().unwrap_or("TCP").into(),
                    port: number,
                });
            }
        }
    }
    ports
}

fn grace(spec: &PodSpec, at: &str, faults: &mut Faults) -> SimDuration {
    seconds(spec.termination_grace_period_seconds, DEFAULT_GRACE, &join(at, "terminationGracePeriodSeconds"), faults)
}

/// A span given in whole seconds, or its default.
fn seconds(value: Option<i64>, default: SimDuration, at: &str, faults: &mut Faults) -> SimDuration {
    let Some(value) = value else { return default };
    match u32::try_from(value) {
        Ok(value) => SimDuration::from_secs(u64::from(value)),
        Err(_) => {
            faults.push(at, "manifest::range", value.to_string(), "a number of seconds of at least 0");
            default
        }
    }
}

/// Every image once, in the order of the first pull.
fn images(spec: &PodSpec, size: Bytes) -> Vec<Image> {
    let mut images: Vec<Image> = Vec::new();
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    for name in containers.filter_map(|container| container.image.as_deref()) {
        if images.iter().all(|image| *image.name != *name) {
            images.push(Image { name: name.into(), size, on_node_image: false });
        }
    }
    images
}

/// When the pod's readiness is first looked at: every container must be ready, so the latest first look counts.
///
/// A container with a startup probe is not ready before that probe has succeeded, whether or not it has a readiness probe.
fn readiness(spec: &PodSpec, at: &str, faults: &mut Faults) -> Option<ReadinessProbe> {
    let mut pod: Option<ReadinessProbe> = None;
    for (at, container) in running(spec, at) {
        let probes = [("readinessProbe", &container.readiness_probe), ("startupProbe", &container.startup_probe)];
        for (name, probe) in probes {
            if let Some(probe) = probe.as_ref().map(|probe| timing(probe, &join(&at, name), faults)) {
                let late = pod.get_or_insert(probe);
                late.initial_delay = late.initial_delay.max(probe.initial_delay);
                if name == "readinessProbe" || container.readiness_probe.is_none() {
                    late.period = late.period.max(probe.period);
                }
            }
        }
    }
    pod
}

fn timing(probe: &Probe, at: &str, faults: &mut Faults) -> ReadinessProbe {
    let delay = probe.initial_delay_seconds.map(i64::from);
    // The API server takes a period of 0 for none given.
    let period = probe.period_seconds.filter(|period| *period != 0).map(i64::from);
    ReadinessProbe {
        initial_delay: seconds(delay, SimDuration::ZERO, &join(at, "initialDelaySeconds"), faults),
        period: seconds(period, DEFAULT_PERIOD, &join(at, "periodSeconds"), faults),
    }
}

/// True for volumes that keep the autoscaler from removing a node (cluster-autoscaler FAQ: an emptyDir that is not in
/// memory, or a hostPath).
fn local_storage(spec: &PodSpec) -> bool {
    spec.volumes.iter().flatten().any(|volume| {
        let on_disk = volume.empty_dir.as_ref().is_some_and(|dir| dir.medium.as_deref() != Some("Memory"));
        on_disk || volume.host_path.is_some()
    })
}

fn safe_to_evict(metadata: &ObjectMeta) -> Option<bool> {
    let value = metadata.annotations.as_ref()?.get("cluster-autoscaler.kubernetes.io/safe-to-evict")?;
    value.parse().ok()
}

fn not_simulated(metadata: &ObjectMeta, spec: &PodSpec, context: PodContext<'_>) -> Vec<&'static str> {
    let affinity = spec.affinity.clone().unwrap_or_default();
    let some = |list: &Option<Vec<_>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let annotated = |name: &str| metadata.annotations.iter().flatten().any(|(key, _)| key == name);
    let in_use = [
        ("podAffinity", affinity.pod_affinity.is_some()),
        ("podAntiAffinity", affinity.pod_anti_affinity.is_some()),
        ("topologySpreadConstraints", some(&spec.topology_spread_constraints)),
        ("schedulingGates", spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty())),
        ("resourceClaims", spec.resource_claims.as_ref().is_some_and(|claims| !claims.is_empty())),
        ("schedulerName", spec.scheduler_name.as_deref().is_some_and(|name| name != "default-scheduler")),
        ("runtimeClassName", spec.runtime_class_name.is_some()),
        ("preemptionPolicy", spec.preemption_policy.as_deref() == Some("Never")),
        ("activeDeadlineSeconds", spec.active_deadline_seconds.is_some()),
        ("pod-level resources before Kubernetes 1.34", spec.resources.is_some() && !context.pod_level_resources),
        ("safe-to-evict-local-volumes", annotated("cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes")),
    ];
    in_use.into_iter().filter(|(_, used)| *used).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::manifest::object;
    use serde_json::{Value, json};

    fn read(metadata: Value, spec: Value, owner: Owner) -> (Converted, Vec<String>) {
        let mut classes = PriorityClasses::default();
        classes.add("batch-low", -10, false);
        let context = PodContext { classes: &classes, pod_level_resources: true, image_size: Bytes::from_mib(100) };
        let mut faults = Faults::default();
        let (metadata, spec) =
            (object::read(&metadata, &mut faults).unwrap(), object::read(&spec, &mut faults).unwrap());
        let converted = convert(Some(&metadata), Some(&spec), owner, context, "", &mut faults).unwrap();
        (converted, faults.0.iter().map(|f| format!("{}: {}, {}", f.pointer, f.found, f.remedy)).collect())
    }

    #[test]
    fn a_whole_template_is_understood() {
        let (converted, faults) = read(
            json!({"labels": {"app": "web"}, "annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}}),
            json!({
                "priorityClassName": "batch-low", "terminationGracePeriodSeconds": 90, "nodeSelector": {"disk": "ssd"},
                "initContainers": [{"name": "wait", "image": "busybox"}, {"name": "log", "image": "log", "restartPolicy": "Always",
                    "ports": [{"containerPort": 1, "hostPort": 9100, "hostIP": "127.0.0.1"}]}],
                "containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": 80}],
                    "startupProbe": {"initialDelaySeconds": 20, "periodSeconds": 60},
                    "readinessProbe": {"initialDelaySeconds": 3, "periodSeconds": 5}}, {"name": "b", "image": "busybox"}],
                "volumes": [{"name": "cache", "emptyDir": {}}],
                "affinity": {"podAntiAffinity": {}}, "schedulerName": "default-scheduler",
            }),
            Owner::Service,
        );
        assert_eq!(faults, Vec::<String>::new());
        let template = converted.template;
        assert_eq!(template.priority, -10);
        assert_eq!(template.grace, SimDuration::from_secs(90));
        assert_eq!(template.images.iter().map(|image| &*image.name).collect::<Vec<_>>(), ["busybox", "log", "web:1"]);
        assert_eq!(template.host_ports, [HostPort { ip: "127.0.0.1".into(), protocol: "TCP".into(), port: 9100 }]);
        let probe = ReadinessProbe { initial_delay: SimDuration::from_secs(20), period: SimDuration::from_secs(5) };
        assert_eq!(template.readiness, Some(probe));
        assert!(template.local_storage);
        assert_eq!(template.safe_to_evict, Some(false));
        assert_eq!(converted.not_simulated, ["podAntiAffinity"]);
    }

    #[test]
    fn defaults_are_kubernetes_defaults() {
        let (converted, _) = read(json!({}), json!({"containers": [{"name": "a", "image": "a"}]}), Owner::Service);
        let template = converted.template;
        assert_eq!((template.priority, template.grace), (0, SimDuration::from_secs(30)));
        assert_eq!(template.readiness, None);
        assert!(template.tolerations.is_empty() && !template.local_storage && template.safe_to_evict.is_none());
    }

    #[test]
    fn a_memory_volume_is_no_local_storage() {
        let spec = json!({"containers": [{"name": "a", "image": "a"}], "volumes": [{"name": "m", "emptyDir": {"medium": "Memory"}}]});
        assert!(!read(json!({}), spec, Owner::Service).0.template.local_storage);
    }

    #[test]
    fn a_daemon_set_tolerates_cordoned_nodes_and_on_the_nodes_network_takes_its_ports() {
        let spec = json!({"hostNetwork": true, "containers": [{"name": "a", "image": "a", "ports": [{"containerPort": 9100}]}]});
        let template = read(json!({}), spec, Owner::DaemonSet).0.template;
        assert_eq!(template.tolerations.len(), 7);
        assert_eq!(template.host_ports[0].port, 9100);
    }

    #[test]
    fn what_the_api_server_refuses_is_refused() {
        let spec = json!({"containers": [{"name": "a"}], "priorityClassName": "batch-lo", "restartPolicy": "Never",
            "terminationGracePeriodSeconds": -1});
        assert_eq!(
            read(json!({}), spec, Owner::Service).1,
            [
                "/spec/containers/0/image: nothing, write the image of the container",
                "/spec/restartPolicy: \"Never\", write Always",
                "/spec/priorityClassName: unknown class \"batch-lo\", did you mean batch-low?",
                "/spec/terminationGracePeriodSeconds: -1, write a number of seconds of at least 0",
            ]
        );
        let spec = json!({"containers": [{"name": "a", "image": "a"}]});
        assert_eq!(
            read(json!({}), spec, Owner::Job).1,
            ["/spec/restartPolicy: nothing, which is Always, write OnFailure or Never"]
        );
    }
}
