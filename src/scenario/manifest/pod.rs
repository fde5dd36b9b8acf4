//! A pod template as the simulator needs it.

use super::fault::{Faults, join};
use super::neighbours::Neighbours;
use super::owner::{Keeper, Owner};
use super::pod_affinity::{TermContext, pod_affinity};
use super::priority::{PriorityClasses, preemption_policy};
use super::{requests, selector, topology_spread};
use crate::catalog::KubernetesVersion;
use crate::kernel::SimDuration;
use crate::scenario::plan::{HostPort, Image, PodAffinity, PodTemplate, ReadinessProbe};
use crate::units::Bytes;
use k8s_openapi::api::core::v1::{Container, PodSpec, Probe};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `terminationGracePeriodSeconds` where a pod names none (Kubernetes API reference, PodSpec).
const DEFAULT_GRACE: SimDuration = SimDuration::from_secs(30);
/// `periodSeconds` where a probe names none (Kubernetes API reference, Probe).
const DEFAULT_PERIOD: SimDuration = SimDuration::from_secs(10);
/// What the conversion of a pod template depends on besides the template.
#[derive(Clone, Copy, Debug)]
pub(super) struct PodContext<'a> {
    /// Priority classes of the manifests and of every cluster.
    pub classes: &'a PriorityClasses,
    /// Version of the API server, which decides what a pod may say.
    pub version: KubernetesVersion,
    /// The compressed size of an image of which nothing is known.
    pub image_size: Bytes,
    /// Namespaces and Services.
    pub neighbours: &'a Neighbours,
}

impl PodContext<'_> {
    /// True when the cluster knows resources of the pod as a whole (`PodLevelResources`, on from Kubernetes 1.34).
    fn pod_level_resources(self) -> bool {
        self.version >= KubernetesVersion::minor(34)
    }

    /// True when the cluster knows `matchLabelKeys` of pod affinity (`MatchLabelKeysInPodAffinity`, on from Kubernetes 1.31).
    fn affinity_label_keys(self) -> bool {
        self.version >= KubernetesVersion::minor(31)
    }
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
    owner: &Owner,
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
    // The simulator needs no more of a pod than its scheduler, which looks at neither.
    if owner.keeper != Keeper::ApiServer {
        check_containers(spec, at, faults);
        check_restart_policy(spec, owner.keeper, at, faults);
    }

    let labels = labels(metadata, owner);
    let host_network = spec.host_network.unwrap_or(false);
    let tolerations = spec.tolerations.as_deref().unwrap_or_default();
    let mut tolerations = selector::tolerations(tolerations, &join(at, "tolerations"), faults);
    if owner.keeper == Keeper::DaemonSet {
        tolerations.extend(selector::daemon_set_tolerations(host_network));
    }
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let (required_affinity, preferred_affinity) = affinity.map_or_else(Default::default, |affinity| {
        selector::node_affinity(affinity, &format!("{at}/affinity/nodeAffinity"), faults)
    });
    let spread = spec.topology_spread_constraints.as_deref().unwrap_or_default();
    let needs = requests::needs(spec, context.pod_level_resources(), at, faults);
    let (priority, never_preempts) = priority(spec, owner.keeper, context, at, faults);
    let template = PodTemplate {
        namespace: owner.namespace.as_str().into(),
        node_name: spec.node_name.as_deref().map(Into::into),
        requests: needs.requests,
        nonzero_cpu: needs.nonzero_cpu,
        nonzero_memory: needs.nonzero_memory,
        cpu_limit: needs.cpu_limit,
        node_selector: spec.node_selector.clone().unwrap_or_default(),
        required_affinity,
        preferred_affinity,
        pod_affinity: between_pods(spec, owner, &labels, context, at, faults),
        topology_spread: topology_spread::constraints(spread, &labels, &join(at, "topologySpreadConstraints"), faults),
        default_spread: context.neighbours.default_spread(&owner.namespace, &labels, owner.selector.as_ref()),
        labels,
        tolerations,
        host_ports: host_ports(spec, host_network, at, faults),
        host_network,
        priority,
        never_preempts,
        gated: spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty()),
        claims: Vec::new(),
        grace: grace(spec, at, faults),
        images: images(spec, context.image_size),
        container_images: container_images(spec),
        readiness: readiness(spec, at, faults),
        local_storage: local_storage(spec),
        safe_to_evict: safe_to_evict(metadata),
    };
    Some(Converted { template, not_simulated: not_simulated(metadata, spec, context) })
}

fn labels(metadata: &ObjectMeta, owner: &Owner) -> BTreeMap<String, String> {
    let mut labels = metadata.labels.clone().unwrap_or_default();
    labels.extend(owner.label.clone().map(|(key, value)| (key.to_owned(), value)));
    labels
}

fn between_pods(
    spec: &PodSpec,
    owner: &Owner,
    labels: &BTreeMap<String, String>,
    context: PodContext<'_>,
    at: &str,
    faults: &mut Faults,
) -> PodAffinity {
    let terms = TermContext {
        namespace: &owner.namespace,
        labels,
        neighbours: context.neighbours,
        label_keys: context.affinity_label_keys(),
    };
    let affinity = spec.affinity.as_ref();
    affinity.map(|affinity| pod_affinity(affinity, terms, &join(at, "affinity"), faults)).unwrap_or_default()
}

/// Priority, and whether the pod never preempts. Only the API server may write the priority itself.
fn priority(spec: &PodSpec, keeper: Keeper, context: PodContext<'_>, at: &str, faults: &mut Faults) -> (i32, bool) {
    match spec.priority {
        Some(priority) if keeper == Keeper::ApiServer => {
            let own = preemption_policy(spec.preemption_policy.as_deref(), at, faults);
            (priority, own.unwrap_or(false))
        }
        _ => {
            let class = context.classes.of(spec, at, faults);
            (class.value, class.never_preempts)
        }
    }
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

fn check_restart_policy(spec: &PodSpec, keeper: Keeper, at: &str, faults: &mut Faults) {
    let policy = spec.restart_policy.as_deref().unwrap_or("Always");
    let allowed: &[&str] = match keeper {
        Keeper::Service | Keeper::DaemonSet => &["Always"],
        Keeper::Job => &["OnFailure", "Never"],
        Keeper::Nobody | Keeper::ApiServer => &["Always", "OnFailure", "Never"],
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

/// The image of every container as ImageLocality looks for it on nodes.
fn container_images(spec: &PodSpec) -> Vec<Arc<str>> {
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    containers.map(|container| with_tag(container.image.as_deref().unwrap_or_default())).collect()
}

/// An image's name with the tag `latest` where it has none. Source: kube-scheduler 1.31 to 1.36, `normalizedImageName`, which takes
/// a colon behind the last slash for the beginning of a tag, in a digest too.
pub(super) fn with_tag(image: &str) -> Arc<str> {
    let last_part = image.rsplit('/').next().unwrap_or(image);
    if last_part.contains(':') { image.into() } else { format!("{image}:latest").into() }
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
    let annotated = |name: &str| metadata.annotations.iter().flatten().any(|(key, _)| key == name);
    let in_use = [
        ("resourceClaims", spec.resource_claims.as_ref().is_some_and(|claims| !claims.is_empty())),
        ("schedulerName", spec.scheduler_name.as_deref().is_some_and(|name| name != "default-scheduler")),
        ("runtimeClassName", spec.runtime_class_name.is_some()),
        ("activeDeadlineSeconds", spec.active_deadline_seconds.is_some()),
        ("pod-level resources before Kubernetes 1.34", spec.resources.is_some() && !context.pod_level_resources()),
        ("safe-to-evict-local-volumes", annotated("cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes")),
    ];
    in_use.into_iter().filter(|(_, used)| *used).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::manifest::object;
    use crate::scenario::manifest::priority::Class;
    use serde_json::{Value, json};

    fn read(metadata: Value, spec: Value, keeper: Keeper) -> (Converted, Vec<String>) {
        let mut classes = PriorityClasses::default();
        classes.add("batch-low", Class { value: -10, never_preempts: true }, false);
        let neighbours = Neighbours::default();
        let context = PodContext {
            classes: &classes,
            version: KubernetesVersion::minor(34),
            image_size: Bytes::from_mib(100),
            neighbours: &neighbours,
        };
        let mut faults = Faults::default();
        let (metadata, spec) =
            (object::read(&metadata, &mut faults).unwrap(), object::read(&spec, &mut faults).unwrap());
        let owner = Owner::plain(&metadata, keeper);
        let converted = convert(Some(&metadata), Some(&spec), &owner, context, "", &mut faults).unwrap();
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
                "affinity": {"podAntiAffinity": {}}, "schedulerName": "default-scheduler", "runtimeClassName": "kata",
                "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
                "schedulingGates": [{"name": "wait"}],
            }),
            Keeper::Service,
        );
        assert_eq!(faults, Vec::<String>::new());
        let template = converted.template;
        assert_eq!((template.priority, template.never_preempts, template.gated), (-10, true, true));
        assert_eq!(template.topology_spread.len(), 1);
        assert_eq!(template.grace, SimDuration::from_secs(90));
        assert_eq!(template.images.iter().map(|image| &*image.name).collect::<Vec<_>>(), ["busybox", "log", "web:1"]);
        let of_containers: Vec<&str> = template.container_images.iter().map(|image| &**image).collect();
        assert_eq!(of_containers, ["busybox:latest", "log:latest", "web:1", "busybox:latest"]);
        assert_eq!(template.host_ports, [HostPort { ip: "127.0.0.1".into(), protocol: "TCP".into(), port: 9100 }]);
        let probe = ReadinessProbe { initial_delay: SimDuration::from_secs(20), period: SimDuration::from_secs(5) };
        assert_eq!(template.readiness, Some(probe));
        assert!(template.local_storage);
        assert_eq!(template.safe_to_evict, Some(false));
        assert_eq!(converted.not_simulated, ["runtimeClassName"]);
    }

    #[test]
    fn defaults_are_kubernetes_defaults() {
        let (converted, _) = read(json!({}), json!({"containers": [{"name": "a", "image": "a"}]}), Keeper::Service);
        let template = converted.template;
        assert_eq!((template.priority, template.grace), (0, SimDuration::from_secs(30)));
        assert_eq!(template.readiness, None);
        assert!(template.tolerations.is_empty() && !template.local_storage && template.safe_to_evict.is_none());
    }

    #[test]
    fn an_image_without_a_tag_is_the_latest() {
        for (image, expected) in [
            ("web", "web:latest"),
            ("web:1", "web:1"),
            ("registry:5000/web", "registry:5000/web:latest"),
            ("registry:5000/web:1", "registry:5000/web:1"),
            ("web@sha256:0", "web@sha256:0"),
        ] {
            assert_eq!(&*with_tag(image), expected);
        }
    }

    #[test]
    fn a_memory_volume_is_no_local_storage() {
        let spec = json!({"containers": [{"name": "a", "image": "a"}], "volumes": [{"name": "m", "emptyDir": {"medium": "Memory"}}]});
        assert!(!read(json!({}), spec, Keeper::Service).0.template.local_storage);
    }

    #[test]
    fn a_daemon_set_tolerates_cordoned_nodes_and_on_the_nodes_network_takes_its_ports() {
        let spec = json!({"hostNetwork": true, "containers": [{"name": "a", "image": "a", "ports": [{"containerPort": 9100}]}]});
        let template = read(json!({}), spec, Keeper::DaemonSet).0.template;
        assert_eq!(template.tolerations.len(), 7);
        assert_eq!(template.host_ports[0].port, 9100);
    }

    #[test]
    fn what_the_api_server_refuses_is_refused() {
        let spec = json!({"containers": [{"name": "a"}], "priorityClassName": "batch-lo", "restartPolicy": "Never",
            "terminationGracePeriodSeconds": -1});
        assert_eq!(
            read(json!({}), spec, Keeper::Service).1,
            [
                "/spec/containers/0/image: nothing, write the image of the container",
                "/spec/restartPolicy: \"Never\", write Always",
                "/spec/priorityClassName: unknown class \"batch-lo\", did you mean batch-low?",
                "/spec/terminationGracePeriodSeconds: -1, write a number of seconds of at least 0",
            ]
        );
        let spec = json!({"containers": [{"name": "a", "image": "a"}]});
        assert_eq!(
            read(json!({}), spec, Keeper::Job).1,
            ["/spec/restartPolicy: nothing, which is Always, write OnFailure or Never"]
        );
    }
}
