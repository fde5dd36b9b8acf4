//! Plain Kubernetes objects as the plugins know them, read by the crate's own reader of manifests.

use super::json::{entries, labels, list, text};
use super::objects::taint;
use super::scene::Scene;
use aksim::catalog::KubernetesVersion;
use aksim::cluster::NodeInfo;
use aksim::scenario::manifest::pod_template;
use aksim::scenario::plan::PodTemplate;
use aksim::units::{Bytes, Resources};
use serde_json::{Map, Value, json};

/// The scene of nodes, pods that run, a pod, and the Services and ReplicaSets around it, of Kubernetes 1.`minor`.
///
/// Fails with what the reader has against a pod.
pub fn scene(case: &Value, minor: u32) -> Result<Scene, String> {
    let read = |pod: &Value| {
        pod_template(pod, list(&case["services"]), list(&case["replicaSets"]), KubernetesVersion::minor(minor))
            .map_err(|faults| format!("pod {}: {}", pod["metadata"]["name"], faults.join("; ")))
    };
    let mut scene = Scene::new(read(&case["pod"])?, list(&case["nodes"]).iter().map(node).collect());
    // All nodes are looked at, as the scheduler that answered was told to.
    scene.profile.percentage_of_nodes_to_score = 100;
    for pod in list(&case["pods"]) {
        let terminating = !pod["metadata"]["deletionTimestamp"].is_null();
        scene.run(read(pod)?, text(&pod["spec"]["nodeName"]), terminating);
    }
    Ok(scene)
}

fn node(node: &Value) -> NodeInfo {
    let taints = list(&node["spec"]["taints"]).iter().map(taint).collect();
    let name = text(&node["metadata"]["name"]);
    let allocatable = allocatable(&node["status"]["allocatable"]);
    let mut info = NodeInfo::new(name, labels(&node["metadata"]["labels"]), taints, allocatable);
    info.unschedulable = node["spec"]["unschedulable"].as_bool().unwrap_or(false);
    for image in list(&node["status"]["images"]) {
        let size = Bytes::new(image["sizeBytes"].as_u64().expect("a size"));
        info.images.extend(list(&image["names"]).iter().map(|name| (text(name).into(), size)));
    }
    info
}

/// Allocatable resources; but for the number of pods they are quantities as a container requests them.
fn allocatable(quantities: &Value) -> Resources {
    let requests: Map<String, Value> = entries(quantities)
        .filter(|(name, _)| *name != "pods")
        .map(|(name, amount)| (name.clone(), amount.clone()))
        .collect();
    let resources = json!({"requests": requests});
    let pods = text(&quantities["pods"]).parse().expect("a number of pods");
    Resources { pods, ..of_one_container(json!({"name": "all", "image": "all", "resources": resources})).requests }
}

/// The name of an image as ImageLocality looks for it.
pub fn normalized_image(image: &str) -> String {
    of_one_container(json!({"name": "one", "image": image})).container_images[0].to_string()
}

fn of_one_container(container: Value) -> PodTemplate {
    let pod = json!({"metadata": {"name": "one"}, "spec": {"containers": [container]}});
    pod_template(&pod, &[], &[], KubernetesVersion::minor(34)).unwrap_or_else(|faults| panic!("{}", faults.join("; ")))
}
