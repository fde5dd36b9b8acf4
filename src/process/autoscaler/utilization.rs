//! How much of a node is asked for: what decides whether it may be unneeded.
//!
//! Source: cluster-autoscaler 1.31-1.37, `simulator/utilization/info.go`. Not modelled: mirror pods (the simulator has none),
//! and terminating pods that outlive their grace period (none does).

use crate::cluster::NodeInfo;
use crate::units::Resources;

/// The extended resource of a GPU.
const GPU: &str = "nvidia.com/gpu";

/// The label of a GPU node. Source: cluster-autoscaler's Azure provider, `azure_cloud_provider.go`.
const GPU_LABEL: &str = "kubernetes.azure.com/accelerator";

/// The share of the node that its pods request: the larger of CPU and memory, or that of the GPUs on a GPU node.
///
/// `left_out` are the requests of DaemonSet pods that the profile leaves out, of the sum and of the node; zero otherwise.
/// `None` when the node has nothing to give. The floats are upstream's; both operands are integers, so every machine agrees.
pub(super) fn utilization(node: &NodeInfo, left_out: &Resources) -> Option<f64> {
    let gpus = |resources: &Resources| resources.extended.get(GPU).copied().unwrap_or(0);
    if gpus(&node.allocatable) > 0 {
        return share(gpus(&node.requested), gpus(&node.allocatable), 0);
    }
    if node.labels.contains_key(GPU_LABEL) {
        return Some(0.0); // The device plugin has not reported the GPU yet.
    }
    let cpu = share(node.requested.cpu.millis(), node.allocatable.cpu.millis(), left_out.cpu.millis())?;
    let memory = share(node.requested.memory.get(), node.allocatable.memory.get(), left_out.memory.get())?;
    Some(cpu.max(memory))
}

fn share(requested: u64, allocatable: u64, left_out: u64) -> Option<f64> {
    let of = allocatable.saturating_sub(left_out);
    (of > 0).then(|| requested.saturating_sub(left_out) as f64 / of as f64)
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;
    use crate::units::{Bytes, MilliCpu};

    fn resources(amounts: &serde_json::Value) -> Resources {
        let amount = |name: &str| amounts[name].as_u64().unwrap_or(0);
        let mut resources = Resources {
            cpu: MilliCpu::from_millis(amount("cpu")),
            memory: Bytes::new(amount("memory")),
            ..Resources::default()
        };
        if amounts[GPU].is_u64() {
            resources.extended.insert(GPU.into(), amount(GPU));
        }
        resources
    }

    #[test]
    fn upstream_cases_of_utilisation_hold() {
        for case in golden::cases("ca_utilization") {
            let (node, options) = (&case.input["node"], &case.input["options"]);
            let mut info = golden::node("node", resources(&node["allocatable"]));
            if node["gpu_label"] == true {
                info.labels = std::sync::Arc::new([(GPU_LABEL.to_owned(), "nvidia".to_owned())].into());
            }
            let mut left_out = Resources::default();
            for pod in case.input["pods"].as_array().unwrap() {
                let requests = resources(&pod["requests"]);
                // Upstream lets an annotation make a pod of any controller count as a DaemonSet's.
                let is_daemon = pod["daemonset"] == true || pod["annotations"].is_object();
                if is_daemon && options["skip_daemonset_pods"] == true {
                    left_out.add(&requests);
                }
                info.requested.add(&requests);
            }
            let expected = case.expect["utilization"].as_f64().unwrap();
            let found = utilization(&info, &left_out).unwrap();
            assert!((found - expected).abs() <= 1e-9, "{}: {found} instead of {expected}", case.id);
        }
    }

    #[test]
    fn a_node_without_allocatable_has_no_utilisation() {
        assert_eq!(utilization(&golden::node("node", Resources::default()), &Resources::default()), None);
    }
}
