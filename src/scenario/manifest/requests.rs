//! What a pod asks of a node: requests as kube-scheduler counts them, and limits.
//!
//! The rules are kube-scheduler's pod request computation and the API server's defaulting (sources of Kubernetes 1.31 to
//! 1.36): init containers run one after the other before the containers, sidecars beside both, and a limit stands in for a
//! missing request.

use super::fault::{Faults, join};
use crate::scenario::quantity;
use crate::units::{Bytes, MilliCpu, Resources};
use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use std::collections::BTreeMap;

/// kube-scheduler's CPU request for scoring where a container names none (`DefaultMilliCPURequest`).
pub const DEFAULT_CPU: MilliCpu = MilliCpu::from_millis(100);
/// kube-scheduler's memory request for scoring where a container names none (`DefaultMemoryRequest`).
pub const DEFAULT_MEMORY: Bytes = Bytes::from_mib(200);

/// What a pod asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needs {
    /// The request that filters count, `pods` being 1.
    pub requests: Resources,
    /// CPU request with a default where none is given, for scoring.
    pub nonzero_cpu: MilliCpu,
    /// Memory request with a default where none is given, for scoring.
    pub nonzero_memory: Bytes,
    /// Sum of the CPU limits of containers and sidecars; `None` when any has none and the pod has none either.
    pub cpu_limit: Option<MilliCpu>,
}

/// Adds up the containers of a pod. `pod_level` says whether the cluster knows resources of the pod as a whole (Kubernetes
/// 1.34 and later); `at` is the JSON pointer of the pod spec.
pub(super) fn needs(spec: &PodSpec, pod_level: bool, at: &str, faults: &mut Faults) -> Needs {
    let init = containers(spec.init_containers.as_deref().unwrap_or_default(), &join(at, "initContainers"), faults);
    let main = containers(&spec.containers, &join(at, "containers"), faults);
    let overhead = amounts(spec.overhead.as_ref(), &join(at, "overhead"), faults);
    let whole = spec.resources.as_ref().map(|resources| listed(resources, &join(at, "resources"), faults));
    let whole = whole.filter(|_| pod_level);

    let mut requests = combined(&main, &init, |container| &container.requests);
    let mut nonzero = combined(&main, &init, |container| &container.nonzero);
    if let Some(whole) = &whole {
        replace(&mut requests, &mut nonzero, whole, main.iter().chain(&init));
    }
    requests.add(&vector(&overhead));
    nonzero.add(&vector(&overhead));
    requests.pods = 1;

    let beside = main.iter().chain(init.iter().filter(|container| container.sidecar));
    let summed = beside.map(|container| container.cpu_limit).sum::<Option<MilliCpu>>();
    let of_pod = whole.and_then(|whole| whole.limits.cpu);
    let cpu_limit = [summed, of_pod].into_iter().flatten().min();
    Needs { requests, nonzero_cpu: nonzero.cpu, nonzero_memory: nonzero.memory, cpu_limit }
}

/// One container's resources.
struct ContainerNeeds {
    /// Names and amounts as written, limits standing in for missing requests.
    named: Amounts,
    requests: Resources,
    nonzero: Resources,
    cpu_limit: Option<MilliCpu>,
    sidecar: bool,
}

/// Amounts that were written, which is not the same as amounts that are not zero.
#[derive(Clone, Debug, Default)]
struct Amounts {
    cpu: Option<MilliCpu>,
    memory: Option<Bytes>,
    ephemeral: Option<Bytes>,
    extended: BTreeMap<Box<str>, u64>,
}

/// `requests` and `limits` of a container or pod.
struct Listed {
    requests: Amounts,
    limits: Amounts,
}

fn containers(containers: &[Container], at: &str, faults: &mut Faults) -> Vec<ContainerNeeds> {
    let each = containers.iter().enumerate();
    each.map(|(index, container)| container_needs(container, &format!("{at}/{index}"), faults)).collect()
}

fn container_needs(container: &Container, at: &str, faults: &mut Faults) -> ContainerNeeds {
    let resources = container.resources.clone().unwrap_or_default();
    let Listed { requests, limits } = listed(&resources, &join(at, "resources"), faults);
    let named = defaulted(requests, &limits);
    let requests = vector(&named);
    let nonzero = Resources {
        cpu: named.cpu.unwrap_or(DEFAULT_CPU),
        memory: named.memory.unwrap_or(DEFAULT_MEMORY),
        ..Resources::default()
    };
    // The kubelet sets no quota for a limit of 0: it is no limit.
    let cpu_limit = limits.cpu.filter(|limit| !limit.is_zero());
    let sidecar = container.restart_policy.as_deref() == Some("Always");
    ContainerNeeds { named, requests, nonzero, cpu_limit, sidecar }
}

fn listed(resources: &ResourceRequirements, at: &str, faults: &mut Faults) -> Listed {
    let requests = amounts(resources.requests.as_ref(), &join(at, "requests"), faults);
    let limits = amounts(resources.limits.as_ref(), &join(at, "limits"), faults);
    let mut above = |name: &str, request: Option<u64>, limit: Option<u64>| {
        if let (Some(request), Some(limit)) = (request, limit)
            && request > limit
        {
            let pointer = join(&join(at, "requests"), name);
            faults.push(pointer, "manifest::request", "a request above the limit", format!("at most the {name} limit"));
        }
    };
    above("cpu", requests.cpu.map(MilliCpu::millis), limits.cpu.map(MilliCpu::millis));
    above("memory", requests.memory.map(Bytes::get), limits.memory.map(Bytes::get));
    above("ephemeral-storage", requests.ephemeral.map(Bytes::get), limits.ephemeral.map(Bytes::get));
    Listed { requests, limits }
}

/// The API server copies a limit into a request that is not given.
fn defaulted(requests: Amounts, limits: &Amounts) -> Amounts {
    let mut extended = limits.extended.clone();
    extended.extend(requests.extended);
    Amounts {
        cpu: requests.cpu.or(limits.cpu),
        memory: requests.memory.or(limits.memory),
        ephemeral: requests.ephemeral.or(limits.ephemeral),
        extended,
    }
}

fn amounts(list: Option<&BTreeMap<String, Quantity>>, at: &str, faults: &mut Faults) -> Amounts {
    let mut amounts = Amounts::default();
    for (name, Quantity(text)) in list.into_iter().flatten() {
        let at = join(at, name);
        let read = match name.as_str() {
            "cpu" => quantity::cpu(text).map(|cpu| amounts.cpu = Some(cpu)),
            "memory" => quantity::bytes(text).map(|memory| amounts.memory = Some(memory)),
            "ephemeral-storage" => quantity::bytes(text).map(|storage| amounts.ephemeral = Some(storage)),
            _ if name.contains('/') || name.starts_with("hugepages-") => quantity::count(text).map(|count| {
                amounts.extended.insert(name.as_str().into(), count);
            }),
            _ => {
                let known = ["cpu", "memory", "ephemeral-storage"];
                let otherwise = "cpu, memory, ephemeral-storage or a name with a domain";
                faults.unknown(at, "manifest::resource", ("unknown resource", name), known, otherwise);
                continue;
            }
        };
        if read.is_none() {
            faults.push(at, "manifest::quantity", format!("\"{text}\""), quantity_example(name));
        }
    }
    amounts
}

fn quantity_example(resource: &str) -> &'static str {
    match resource {
        "cpu" => "a quantity of cores of at least 0, such as 250m or 2",
        "memory" | "ephemeral-storage" => "a quantity of bytes of at least 0, such as 512Mi or 2Gi",
        _ => "a whole number of at least 0",
    }
}

fn vector(amounts: &Amounts) -> Resources {
    Resources {
        cpu: amounts.cpu.unwrap_or_default(),
        memory: amounts.memory.unwrap_or_default(),
        ephemeral: amounts.ephemeral.unwrap_or_default(),
        pods: 0,
        extended: amounts.extended.clone(),
    }
}

/// The larger of what runs in the end and of what any init container needs while it runs.
fn combined(main: &[ContainerNeeds], init: &[ContainerNeeds], of: fn(&ContainerNeeds) -> &Resources) -> Resources {
    let mut sidecars = Resources::default();
    let mut peak = Resources::default();
    for container in init {
        let mut during = sidecars.clone();
        during.add(of(container));
        if container.sidecar {
            sidecars = during.clone();
        }
        raise(&mut peak, &during);
    }
    let mut running = sidecars;
    main.iter().for_each(|container| running.add(of(container)));
    raise(&mut peak, &running);
    peak
}

/// Raises every amount to that of `other` where the latter is larger.
fn raise(amounts: &mut Resources, other: &Resources) {
    amounts.cpu = amounts.cpu.max(other.cpu);
    amounts.memory = amounts.memory.max(other.memory);
    amounts.ephemeral = amounts.ephemeral.max(other.ephemeral);
    for (name, amount) in &other.extended {
        let held = amounts.extended.entry(name.clone()).or_default();
        *held = (*held).max(*amount);
    }
}

/// Puts the request of the pod as a whole in the place of its containers' sum, also where it is smaller.
///
/// The API server makes a pod-level limit the request where neither the pod nor any container has one. Without a pod-level
/// request the scorer's defaults stay; with any, they stay only for resources that no container requests.
fn replace<'a>(
    requests: &mut Resources,
    nonzero: &mut Resources,
    whole: &Listed,
    containers: impl Iterator<Item = &'a ContainerNeeds> + Clone,
) {
    let cpu_named = containers.clone().any(|container| container.named.cpu.is_some());
    let memory_named = containers.clone().any(|container| container.named.memory.is_some());
    let cpu = whole.requests.cpu.or(whole.limits.cpu.filter(|_| !cpu_named));
    let memory = whole.requests.memory.or(whole.limits.memory.filter(|_| !memory_named));
    requests.cpu = cpu.unwrap_or(requests.cpu);
    requests.memory = memory.unwrap_or(requests.memory);
    for (name, amount) in whole.requests.extended.iter().filter(|(name, _)| name.starts_with("hugepages-")) {
        requests.extended.insert(name.clone(), *amount);
    }
    if cpu.is_some() || memory.is_some() {
        if cpu.is_some() || cpu_named {
            nonzero.cpu = requests.cpu;
        }
        if memory.is_some() || memory_named {
            nonzero.memory = requests.memory;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::manifest::object;
    use serde_json::{Value, json};

    fn read(spec: Value, pod_level: bool) -> (Needs, Vec<String>) {
        let mut faults = Faults::default();
        let spec: PodSpec = object::read(&spec, &mut faults).unwrap();
        let needs = needs(&spec, pod_level, "", &mut faults);
        (needs, faults.0.iter().map(|f| format!("{} {} [{}]", f.pointer, f.found, f.code)).collect())
    }

    /// Checks (CPU, MiB) of the request and of the scorer's request, and the CPU limit.
    fn check(what: &str, spec: Value, request: (u64, u64), nonzero: (u64, u64), limit: Option<u64>) {
        let (needs, faults) = read(spec, true);
        assert_eq!(faults, Vec::<String>::new(), "{what}");
        assert_eq!(needs.requests.cpu, MilliCpu::from_millis(request.0), "{what}: CPU request");
        assert_eq!(needs.requests.memory, Bytes::from_mib(request.1), "{what}: memory request");
        assert_eq!(needs.nonzero_cpu, MilliCpu::from_millis(nonzero.0), "{what}: CPU for scoring");
        assert_eq!(needs.nonzero_memory, Bytes::from_mib(nonzero.1), "{what}: memory for scoring");
        assert_eq!(needs.cpu_limit, limit.map(MilliCpu::from_millis), "{what}: CPU limit");
        assert_eq!(needs.requests.pods, 1, "{what}");
    }

    fn container(cpu: &str, memory: &str) -> Value {
        json!({"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu, "memory": memory}}})
    }

    fn sidecar(cpu: &str, memory: &str) -> Value {
        let mut sidecar = container(cpu, memory);
        sidecar["restartPolicy"] = json!("Always");
        sidecar
    }

    #[test]
    fn requests_follow_the_scheduler_and_the_api_servers_defaults() {
        let bare = json!({"name": "c", "image": "i"});
        let limited = |cpu: &str| json!({"name": "c", "resources": {"limits": {"cpu": cpu, "memory": "64Mi"}}});
        check(
            "containers add up",
            json!({"containers": [container("100m", "64Mi"), container("250m", "1Gi")]}),
            (350, 1088),
            (350, 1088),
            None,
        );
        check("nothing requested scores by default", json!({"containers": [bare, bare]}), (0, 0), (200, 400), None);
        check("an explicit zero stays zero", json!({"containers": [container("0", "0")]}), (0, 0), (0, 0), None);
        check("a limit becomes the request", json!({"containers": [limited("500m")]}), (500, 64), (500, 64), Some(500));
        check(
            "limits add up",
            json!({"containers": [limited("500m"), limited("1")]}),
            (1500, 128),
            (1500, 128),
            Some(1500),
        );
        check(
            "one container without a limit leaves the pod without",
            json!({"containers": [limited("1"), container("1", "1Mi")]}),
            (2000, 65),
            (2000, 65),
            None,
        );
        check(
            "the largest init container counts where it exceeds the containers",
            json!({"containers": [container("100m", "500Mi")],
                "initContainers": [container("1", "10Mi"), container("300m", "20Mi")]}),
            (1000, 500),
            (1000, 500),
            None,
        );
        check(
            "a sidecar runs beside the containers and beside the init containers after it",
            json!({"containers": [container("100m", "100Mi")],
                "initContainers": [container("350m", "0"), sidecar("200m", "50Mi"), container("400m", "0")]}),
            (600, 150),
            (600, 150),
            None,
        );
        check(
            "overhead comes on top",
            json!({"containers": [container("100m", "100Mi")], "overhead": {"cpu": "50m", "memory": "28Mi"}}),
            (150, 128),
            (150, 128),
            None,
        );
        check(
            "a request of the pod replaces the sum, also when smaller",
            json!({"containers": [container("500m", "100Mi"), bare], "resources": {"requests": {"cpu": "200m"}}}),
            (200, 100),
            (200, 100),
            None,
        );
        check(
            "a limit of the pod caps it and is its request where nothing is requested",
            json!({"containers": [bare], "resources": {"limits": {"cpu": "2"}}}),
            (2000, 0),
            (2000, 200),
            Some(2000),
        );
    }

    #[test]
    fn resources_of_the_whole_pod_do_not_count_before_kubernetes_1_34() {
        let spec = json!({"containers": [container("500m", "1Mi")], "resources": {"requests": {"cpu": "200m"}}});
        assert_eq!(read(spec, false).0.requests.cpu, MilliCpu::from_millis(500));
    }

    #[test]
    fn extended_resources_are_counted_by_name() {
        let gpu = json!({"name": "c", "resources": {"limits": {"nvidia.com/gpu": 1}}});
        let (needs, _) = read(json!({"containers": [gpu, gpu]}), true);
        assert_eq!(needs.requests.extended.get("nvidia.com/gpu"), Some(&2));
    }

    #[test]
    fn bad_resources_are_faults_at_their_place() {
        let bad = json!({"containers": [{"name": "c", "resources": {
            "requests": {"cpu": "lots", "memory": "2Gi", "memroy": "1Gi"}, "limits": {"memory": "1Gi"}}}],
            "overhead": {"memory": "1 Gi"}});
        assert_eq!(
            read(bad, true).1,
            [
                "/containers/0/resources/requests/cpu \"lots\" [manifest::quantity]",
                "/containers/0/resources/requests/memroy unknown resource \"memroy\" [manifest::resource]",
                "/containers/0/resources/requests/memory a request above the limit [manifest::request]",
                "/overhead/memory \"1 Gi\" [manifest::quantity]",
            ]
        );
    }
}
