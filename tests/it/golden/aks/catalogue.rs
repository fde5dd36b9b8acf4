//! What a node has and reserves, its disk, its runtime, AKS's own settings.

use super::Answer;
use super::lab::{Scenario, largest};
use aksim::catalog::{
    AutoscalerProfile, Catalog, ContainerRuntime, KubernetesVersion, OsDisk, OsDiskKind, ProfilePreset,
    SystemController, SystemWorkload, VmSize, premium_performance, reservations,
};
use aksim::kernel::SimDuration;
use aksim::scenario::plan::Controller;
use aksim::units::{Bytes, MilliCpu, Resources};
use serde_json::{Value, json};

pub fn topic(name: &str) -> Option<super::Topic> {
    Some(match name {
        "reserved-cpu" => reserved_cpu,
        "reserved-memory" => reserved_memory,
        "allocatable" => allocatable,
        "os-disk" => os_disk,
        "os-disk-managed-default" => managed_default,
        "max-pods" => max_pods,
        "autoscaler-profile" => autoscaler_profile,
        "coredns-autoscale" => coredns,
        "container-runtime" => container_runtime,
        "image-pull" => image_pull,
        "node-resource-group" => node_resource_group,
        _ => return None,
    })
}

/// `1.29`, `1.29 or newer`, `1.28 or older`, `below 1.31`.
fn minor(text: &Value) -> KubernetesVersion {
    let text = text.as_str().expect("a version is a text");
    let version: KubernetesVersion =
        text.split(' ').find_map(|word| word.parse().ok()).unwrap_or_else(|| panic!("no version in {text}"));
    if text.starts_with("below") { KubernetesVersion::minor(version.minor - 1) } else { version }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64()
}

fn short(value: &Value) -> Option<u32> {
    number(value).and_then(|number| u32::try_from(number).ok())
}

fn reserved_cpu(input: &Value) -> Answer {
    let cores = short(&input["cores"]).expect("cores are given");
    Answer::Is(json!({"kubeReservedMillicores": reservations::kube_reserved_cpu(cores).millis()}))
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The page computes in decimal units; nodes compute with the same numbers in Mi and Gi.
fn reserved_memory(input: &Value) -> Answer {
    if input["osType"] == "Windows" {
        return Answer::NotModelled("Windows");
    }
    let version = minor(&input["kubernetesMinor"]);
    let megabytes = |gigabytes, pods| reservations::kube_reserved_megabytes(version, gigabytes, pods);
    let eviction = reservations::eviction_threshold(version).get() >> 20;
    match (number(&input["memoryGB"]), short(&input["maxPods"])) {
        (Some(memory), Some(pods)) => Answer::Is(json!({
            "kubeReservedMB": megabytes(memory, pods),
            // A very large node shows the formula that a small one caps, and a node with very many pods the cap.
            "perPodFormulaMB": megabytes(1_000_000, pods),
            "quarterOfMemoryMB": megabytes(memory, 1_000_000),
        })),
        (Some(memory), None) => {
            let all = megabytes(memory, 0) as f64 / 1000.0;
            let first = megabytes(memory.min(4), 0) as f64 / 1000.0;
            let eviction = eviction as f64 / 1000.0;
            Answer::Is(json!({
                "evictionGBAsUsedInExample": eviction,
                "first4GBReservedGB": first,
                "next3GBReservedGB": rounded(all - first),
                "notAllocatableGB": rounded(all + eviction),
                "notAllocatablePercent": rounded((all + eviction) / memory as f64 * 100.0),
            }))
        }
        _ => {
            let large = 1_000_000;
            let per_pod = megabytes(large, 11) - megabytes(large, 10);
            let cap = megabytes(8, 1_000_000);
            let both = [1, 8, 64].into_iter().flat_map(|gigabytes| [1, 110, 250].map(|pods| (gigabytes, pods)));
            let is_least = both.clone().all(|(gigabytes, pods)| {
                megabytes(gigabytes, pods) == megabytes(large, pods).min(megabytes(gigabytes, 1_000_000))
            });
            Answer::Is(json!({
                "perPodMB": per_pod,
                "constantMB": megabytes(large, 0),
                "capPercentOfMemory": cap * 100 / 8000,
                "combine": if is_least { "min" } else { "?" },
                "evictionThresholdMi": eviction,
            }))
        }
    }
}

/// The sample names no version, so both rules of the memory reservation are tried.
fn allocatable(input: &Value) -> Answer {
    let capacity = &input["capacity"];
    let kibibytes = |key: &str| Bytes::new(number(&capacity[key]).expect("a capacity") * 1024);
    let resources = Resources {
        cpu: MilliCpu::from_millis(number(&capacity["cpu"]).expect("a capacity") * 1000),
        memory: kibibytes("memoryKi"),
        ephemeral: kibibytes("ephemeralStorageKi"),
        pods: short(&capacity["pods"]).expect("a capacity"),
        ..Resources::default()
    };
    // Of the nominal memory the kernel keeps a little.
    let nominal = Bytes::from_gib(resources.memory.get().div_ceil(1 << 30));
    let of = |minor| {
        let left = reservations::allocatable_of(KubernetesVersion::minor(minor), nominal, &resources);
        json!({"allocatable": {
            "cpuMillicores": left.cpu.millis(),
            "ephemeralStorageBytes": left.ephemeral.get(),
            "memoryKi": left.memory.get() / 1024,
            "pods": left.pods,
        }})
    };
    Answer::OneOf(vec![(of(29), ""), (of(28), "with a Kubernetes version before 1.29; the page names none")])
}

/// A size of the catalogue, or one made up with the given disk and with the vCPUs that its name says.
fn vm(input: &Value) -> VmSize {
    let name = input["vmSize"].as_str().expect("a VM size");
    let digits: String = name
        .trim_start_matches("Standard_")
        .chars()
        .skip_while(char::is_ascii_alphabetic)
        .take_while(char::is_ascii_digit)
        .collect();
    let model = Catalog::get().vm_size("Standard_D2s_v5").expect("a size of the catalogue");
    let unknown = || VmSize { name: name.to_owned(), vcpus: digits.parse().expect("vCPUs"), ..model.clone() };
    let mut size = Catalog::get().vm_size(name).cloned().unwrap_or_else(unknown);
    if let Some(gib) = number(&input["tempDiskGiB"]) {
        size.temp_disk = Bytes::from_gib(gib);
    }
    if let Some(gib) = number(&input["cacheGB"]) {
        size.cache_disk = Some(Bytes::from_gib(gib));
    }
    size
}

fn os_disk(input: &Value) -> Answer {
    let (size, gib) = (vm(input), number(&input["osDiskSizeGB"]));
    let disk = OsDisk::choose(&size, None, gib).expect("AKS chooses some disk");
    Answer::Is(json!({
        "osDiskType": if disk.kind == OsDiskKind::Ephemeral { "Ephemeral" } else { "Managed" },
        "osDiskSizeGB": disk.size.get() >> 30,
        "ephemeralFits": OsDisk::choose(&size, Some(true), gib).is_ok(),
    }))
}

fn managed_default(input: &Value) -> Answer {
    let bound = |key: &str| short(&input[key]).expect("a bound");
    let model = Catalog::get().vm_size("Standard_D2s_v5").expect("a size of the catalogue");
    let disk = |vcpus| {
        let size = VmSize { vcpus, temp_disk: Bytes::ZERO, cache_disk: None, ..model.clone() };
        OsDisk::choose(&size, Some(false), None).expect("a managed disk always fits")
    };
    let disks: Vec<OsDisk> = (bound("vCPUFrom")..=bound("vCPUTo")).map(disk).collect();
    let OsDiskKind::Managed(tier) = disks[0].kind else {
        panic!("a managed disk is managed");
    };
    let alike = disks.iter().all(|disk| *disk == disks[0]);
    let (iops, throughput) = premium_performance(tier).expect("a premium tier");
    Answer::Is(json!({
        "tier": if alike { tier } else { "differs" },
        "sizeGB": disks[0].size.get() >> 30,
        "iops": iops,
        "throughputMbpsAsLabelled": throughput,
    }))
}

fn max_pods(input: &Value) -> Answer {
    if input["podSubnet"] == true {
        return Answer::Is(json!({"defaultMaxPods": aksim::catalog::limits::DEFAULT_MAX_PODS_POD_SUBNET}));
    }
    let plugin = input["networkPlugin"].as_str().unwrap_or("azure");
    let mode = input["networkPluginMode"].as_str().map_or(String::new(), |mode| format!(", networkPluginMode: {mode}"));
    let scenario = Scenario::apps("count: 1").cluster(&format!("networkProfile: {{networkPlugin: {plugin}{mode}}}"));
    let takes = |pods: u64| Scenario::apps(&format!("count: 1, maxPods: {pods}")).takes("scenario::max_pods");
    Answer::Is(json!({
        "defaultMaxPods": scenario.plan().cluster.pools[0].max_pods,
        "min": super::lab::smallest(0, 100, takes),
        "max": largest(100, 1000, takes),
    }))
}

/// `10m`, or seconds where it is not whole minutes.
fn span(duration: SimDuration) -> String {
    let seconds = duration.micros() / 1_000_000;
    if seconds >= 60 && seconds.is_multiple_of(60) { format!("{}m", seconds / 60) } else { format!("{seconds}s") }
}

/// The page writes this setting in minutes even where it is zero.
fn whole_minutes(duration: SimDuration) -> String {
    format!("{}m", duration.micros() / 60_000_000)
}

fn autoscaler_profile(input: &Value) -> Answer {
    let name = input["profile"].as_str().expect("a profile");
    let (word, preset) = ProfilePreset::ALL
        .into_iter()
        .find(|(word, _)| name.starts_with(word))
        .unwrap_or_else(|| panic!("no profile {name}"));
    let plan = Scenario::apps("count: 1").cluster(&format!("autoScalerProfile: {{preset: {word}}}")).plan();
    let found = &plan.cluster.autoscaler;
    assert_eq!(*found, AutoscalerProfile { scale_down_delay_after_delete: found.scan_interval, ..preset.profile() });
    // The delay after a deletion follows the scan interval when that is the only thing that is written.
    let slower = Scenario::apps("count: 1").cluster("autoScalerProfile: {scan-interval: 17s}").plan();
    let follows = slower.cluster.autoscaler.scale_down_delay_after_delete == SimDuration::from_secs(17);
    let profile = json!({
        "scan-interval": span(found.scan_interval),
        "scale-down-delay-after-add": whole_minutes(found.scale_down_delay_after_add),
        "scale-down-delay-after-delete": if follows { "scan-interval".to_owned() } else { span(found.scale_down_delay_after_delete) },
        "scale-down-delay-after-failure": span(found.scale_down_delay_after_failure),
        "scale-down-unneeded-time": span(found.scale_down_unneeded_time),
        "scale-down-unready-time": span(found.scale_down_unready_time),
        "ignore-daemonsets-utilization": found.ignore_daemonsets_utilization,
        "daemonset-eviction-for-empty-nodes": found.daemonset_eviction_for_empty_nodes,
        "daemonset-eviction-for-occupied-nodes": found.daemonset_eviction_for_occupied_nodes,
        "scale-down-utilization-threshold": found.scale_down_utilization_threshold,
        "max-graceful-termination-sec": found.max_graceful_termination.micros() / 1_000_000,
        "balance-similar-node-groups": found.balance_similar_node_groups,
        "expander": found.expander.name(),
        "skip-nodes-with-local-storage": found.skip_nodes_with_local_storage,
        "skip-nodes-with-system-pods": found.skip_nodes_with_system_pods,
        "max-empty-bulk-delete": found.max_empty_bulk_delete,
        "new-pod-scale-up-delay": span(found.new_pod_scale_up_delay),
        "max-total-unready-percentage": found.max_total_unready_percentage,
        "max-node-provision-time": span(found.max_node_provision_time),
        "ok-total-unready-count": found.ok_total_unready_count,
    });
    Answer::Is(profile)
}

/// The ladder is read off the replicas that CoreDNS has at every size.
fn coredns(_: &Value) -> Answer {
    let plan = Scenario::apps("count: 1").cluster("systemWorkloads: true").plan();
    let coredns = plan.workloads.iter().find(|workload| workload.name == "coredns").expect("CoreDNS is installed");
    let Controller::Deployment { ladder: Some(ladder), .. } = &coredns.controller else {
        panic!("CoreDNS has no ladder");
    };
    let installed =
        Catalog::get().system_workloads().iter().find(|workload: &&SystemWorkload| workload.name == "coredns");
    assert!(matches!(
        installed.map(|coredns| coredns.controller),
        Some(SystemController::Deployment { ladder: true, .. })
    ));
    let steps = |most: u32, replicas: &dyn Fn(u32) -> u32| {
        let mut steps: Vec<(u32, u32)> = Vec::new();
        for size in 1..=most {
            if steps.last().is_none_or(|(_, last)| *last != replicas(size)) {
                steps.push((size, replicas(size)));
            }
        }
        steps
    };
    Answer::Is(json!({
        "coresToReplicas": steps(10_000, &|cores| ladder.replicas(1, cores)),
        "nodesToReplicas": steps(5000, &|nodes| ladder.replicas(nodes, 1)),
    }))
}

fn container_runtime(input: &Value) -> Answer {
    if input["osType"] == "Windows" {
        return Answer::NotModelled("Windows");
    }
    let runtime = match minor(&input["kubernetesMinor"]).container_runtime() {
        ContainerRuntime::Containerd => "containerd",
        ContainerRuntime::Docker => "docker",
    };
    Answer::Is(json!({"runtime": runtime}))
}

fn image_pull(input: &Value) -> Answer {
    let parallel = minor(&input["kubernetesMinor"]).parallel_image_pulls();
    Answer::Is(json!({"mode": if parallel { "parallel" } else { "serial" }}))
}

fn node_resource_group(input: &Value) -> Answer {
    let text = |key: &str| input[key].as_str().expect("a name").to_owned();
    let mut scenario = Scenario::apps("count: 1").cluster(&format!("resourceGroup: {}", text("resourceGroup")));
    scenario.name = text("cluster");
    scenario.location = text("location");
    Answer::Is(json!({"nodeResourceGroup": scenario.plan().cluster.node_resource_group}))
}
