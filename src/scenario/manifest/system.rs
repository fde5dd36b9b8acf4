//! AKS's own workloads in `kube-system`, from the catalogue, so that a system pool is not empty.

use super::neighbours::{Neighbours, equality};
use super::{owner, pod};
use crate::catalog::{Catalog, Plugins, SystemController, SystemWorkload};
use crate::kernel::{Dist, SimDuration};
use crate::scenario::plan::{
    Behaviour, BudgetPlan, BudgetRule, Controller, Demand, DemandScope, DemandShape, Image, IntOrPercent,
    LabelSelector, MODE_LABEL, NetworkModel, NodeSelectorTerm, Operator, PodTemplate, ReplicaLadder, Requirement,
    Toleration, WorkloadPlan,
};
use crate::units::{Bytes, MilliCpu, Resources};

const NAMESPACE: &str = "kube-system";
/// The label that tells one system workload's pods from another's.
const LABEL: &str = "k8s-app";
/// AKS's label on spot nodes. Source: azure-aks-docs, spot-node-pool.md, 2025-04-06.
const SPOT_LABEL: &str = "kubernetes.azure.com/scalesetpriority";

/// The workloads that AKS installs with this network model, and their disruption budgets.
pub(super) fn workloads(
    network: NetworkModel,
    startup: &Dist,
    neighbours: &Neighbours,
) -> (Vec<WorkloadPlan>, Vec<BudgetPlan>) {
    let installed = |workload: &&SystemWorkload| match workload.plugins {
        Plugins::All => true,
        Plugins::Overlay => matches!(network, NetworkModel::AzureOverlay | NetworkModel::AzurePodSubnet),
    };
    let all = Catalog::get().system_workloads().iter().filter(installed);
    let budgets = all.clone().filter(|workload| workload.has_budget).map(budget).collect();
    (all.map(|workload| plan(workload, startup, neighbours)).collect(), budgets)
}

fn plan(workload: &SystemWorkload, startup: &Dist, neighbours: &Neighbours) -> WorkloadPlan {
    let controller = match workload.controller {
        SystemController::DaemonSet => Controller::DaemonSet,
        SystemController::Deployment { replicas, ladder } => Controller::Deployment {
            replicas,
            ladder: ladder.then(|| ReplicaLadder {
                cores: SystemWorkload::CORES_LADDER.to_vec(),
                nodes: SystemWorkload::NODES_LADDER.to_vec(),
            }),
        },
    };
    WorkloadPlan {
        namespace: NAMESPACE.to_owned(),
        name: workload.name.clone(),
        controller,
        template: template(workload, neighbours),
        behaviour: Behaviour {
            demand: Some(idle(workload.cpu_used)),
            startup: startup.clone(),
            run_time: None,
            outbound: Vec::new(),
        },
        system: true,
    }
}

/// What each pod uses all the time.
fn idle(cpu: MilliCpu) -> Demand {
    Demand {
        shape: DemandShape::Constant(cpu),
        scope: DemandScope::Pod,
        noise: 0.0,
        interval: SimDuration::from_mins(5),
    }
}

/// DaemonSets run on every node, from images that the node image carries. Deployments prefer system
/// pools, may run on those reserved for them, and stay off spot nodes.
fn template(workload: &SystemWorkload, neighbours: &Neighbours) -> PodTemplate {
    let daemon = workload.controller == SystemController::DaemonSet;
    let given = |amount: u64, default: u64| if amount == 0 { default } else { amount };
    let toleration =
        |key: Option<&str>| Toleration { key: key.map(Into::into), value: None, effect: None, lasts: None };
    let prefers_system = (100, term(MODE_LABEL, Operator::In, "system"));
    let image = format!("mcr.microsoft.com/oss/{}", workload.name);
    let (hash, selector) = identity(workload);
    let labels = [(LABEL.to_owned(), workload.name.clone()), hash].into();
    PodTemplate {
        namespace: NAMESPACE.into(),
        default_spread: neighbours.default_spread(NAMESPACE, &labels, selector.as_ref()),
        labels,
        requests: Resources {
            cpu: workload.cpu_request,
            memory: workload.memory_request,
            pods: 1,
            ..Resources::default()
        },
        nonzero_cpu: MilliCpu::from_millis(given(workload.cpu_request.millis(), super::requests::DEFAULT_CPU.millis())),
        nonzero_memory: Bytes::new(given(workload.memory_request.get(), super::requests::DEFAULT_MEMORY.get())),
        cpu_limit: workload.cpu_limit,
        required_affinity: (!daemon).then(|| vec![term(SPOT_LABEL, Operator::NotIn, "spot")]),
        preferred_affinity: if daemon { Vec::new() } else { vec![prefers_system] },
        tolerations: vec![toleration((!daemon).then_some("CriticalAddonsOnly"))],
        host_network: workload.host_network,
        priority: workload.priority(),
        grace: SimDuration::from_secs(30),
        container_images: vec![pod::with_tag(&image)],
        images: vec![Image { name: image.into(), size: workload.image, on_node_image: daemon }],
        ..PodTemplate::default()
    }
}

/// The label that the controller adds, and whose pods are counted when a Deployment's are spread by default.
fn identity(workload: &SystemWorkload) -> ((String, String), Option<LabelSelector>) {
    let owned = |(key, value): (&str, String)| (key.to_owned(), value);
    if workload.controller == SystemController::DaemonSet {
        return (owned(owner::daemon_set_hash(NAMESPACE, &workload.name)), None);
    }
    let (label, hash) = owner::deployment_hash(NAMESPACE, &workload.name);
    let requirements = vec![equality(LABEL, &workload.name), hash];
    (owned(label), Some(LabelSelector { requirements }))
}

fn term(key: &str, operator: Operator, value: &str) -> NodeSelectorTerm {
    NodeSelectorTerm { expressions: vec![requirement(key, operator, value)], fields: Vec::new() }
}

fn requirement(key: &str, operator: Operator, value: &str) -> Requirement {
    Requirement { key: key.into(), operator, values: vec![value.into()] }
}

/// AKS keeps one pod of each available. Source: azure-aks-docs, resize-node-pool.md, 2025-08-28.
fn budget(workload: &SystemWorkload) -> BudgetPlan {
    BudgetPlan {
        namespace: NAMESPACE.to_owned(),
        name: workload.name.clone(),
        selector: LabelSelector { requirements: vec![requirement(LABEL, Operator::In, &workload.name)] },
        rule: BudgetRule::MinAvailable(IntOrPercent::Int(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlay_brings_its_own_agent_and_the_other_models_do_not() {
        let names = |network| {
            let (workloads, _) = workloads(network, &Dist::Constant(1.0), &Neighbours::default());
            workloads.into_iter().map(|workload| workload.name).collect::<Vec<_>>()
        };
        assert!(names(NetworkModel::AzureOverlay).contains(&"azure-cns".to_owned()));
        assert!(names(NetworkModel::AzurePodSubnet).contains(&"azure-cns".to_owned()));
        assert!(!names(NetworkModel::Kubenet).contains(&"azure-cns".to_owned()));
        assert!(!names(NetworkModel::AzureNodeSubnet).contains(&"azure-cns".to_owned()));
        assert!(names(NetworkModel::Kubenet).contains(&"kube-proxy".to_owned()));
    }

    #[test]
    fn coredns_follows_the_cluster_and_keeps_one_pod() {
        let (workloads, budgets) = workloads(NetworkModel::AzureOverlay, &Dist::Constant(1.0), &Neighbours::default());
        let coredns = workloads.iter().find(|workload| workload.name == "coredns").unwrap();
        let Controller::Deployment { ladder: Some(ladder), .. } = &coredns.controller else {
            panic!("coredns has no ladder")
        };
        assert_eq!([ladder.replicas(3, 12), ladder.replicas(8, 32), ladder.replicas(40, 600)], [2, 3, 5]);
        let covering: Vec<_> = budgets.iter().filter(|one| one.selector.matches(&coredns.template.labels)).collect();
        assert_eq!(covering.len(), 1);
        assert_eq!(covering[0].rule, BudgetRule::MinAvailable(IntOrPercent::Int(1)));
        let spread = coredns.template.default_spread.as_ref().expect("a Deployment's pods are spread by default");
        assert!(spread.requirements.len() == 2 && spread.matches(&coredns.template.labels));
    }
}
