//! Failures that users of AKS reported, with their numbers.

use aksim::cluster::{Event, Fact, Observer, OperationState, PodAddress, Refusal, World};
use aksim::kernel::{EventKey, SimTime};

use aksim::scenario::load;
use aksim::simulation::Simulation;
use std::path::Path;
use std::sync::Arc;

struct Nobody;

impl Observer for Nobody {
    fn after_event(&mut self, _: EventKey, _: Event, _: &[Fact], _: &World) {}
}

/// The end of the first seed of a variant of a scenario.
fn end_of(name: &str, variant: &str) -> Simulation {
    run(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.yaml")), variant)
}

fn run(file: &Path, variant: &str) -> Simulation {
    let loaded = load(file, &[]).unwrap_or_else(|problems| panic!("{problems:?}"));
    let point = loaded.study.points.iter().find(|point| point.variant == variant).expect("the variant exists");
    let mut simulation = Simulation::new(&Arc::clone(&point.plan), 1);
    simulation.run_through(SimTime::after_start(point.plan.duration), &mut Nobody);
    simulation
}

/// Why the last operation was refused or failed.
fn refusal(simulation: &Simulation) -> &Refusal {
    let (_, operation) = simulation.world().operations.iter().next_back().expect("something was asked");
    match &operation.state {
        OperationState::Refused(why) | OperationState::Failed(why) => why,
        state => panic!("{state:?}"),
    }
}

/// Azure/AKS issue 1795, 2020-08-13.
#[test]
fn pre_allocated_ips_276_exceed_251() {
    let simulation = end_of("subnet-exhaustion-on-upgrade", "as-reported");
    let why = refusal(&simulation);
    assert_eq!(why.code, "InsufficientSubnetSize");
    let expected = "Pre-allocated IPs 276 exceeds IPs available 251 in Subnet Cidr 10.142.26.0/24";
    assert!(why.message.starts_with(expected), "{}", why.message);
}

#[test]
fn the_documented_count_leaves_out_the_nodes_own_address() {
    let simulation = end_of("subnet-exhaustion-on-upgrade", "one-short");
    let why = refusal(&simulation);
    assert_eq!(why.code, "SubnetIsFull");
    assert!(why.message.ends_with("61 wanted, 60 of 251 free"), "{}", why.message);
}

/// Azure/AKS issue 4035, 2023-12-14: of a /24 of pod addresses 198 are of use.
#[test]
fn a_slash_24_of_pod_addresses_serves_198_pods() {
    let simulation = end_of("pod-subnet-batches", "batches");
    let world = simulation.world();
    let of = |state: PodAddress| {
        let shop = |pod: &&aksim::cluster::Pod| world.workload_plan(pod.workload).name == "shop";
        let pods = world.pods.iter().map(|(_, pod)| pod).filter(shop);
        pods.filter(|pod| pod.is_active() && pod.address == state).count()
    };
    assert_eq!((of(PodAddress::Held), of(PodAddress::Waiting)), (198, 10));
    let pods = world.plan.cluster.subnets.iter().position(|subnet| subnet.name == "pods").expect("the subnet is there");
    let (_, subnet) = world.subnets.iter().nth(pods).expect("the subnet is there");
    assert_eq!((subnet.used(), subnet.usable()), (240, 251));
}

/// A cluster with the overlay in a scenario of its own.
fn overlay(pod_cidr: &str, pools: &str, operation: &str) -> Simulation {
    let text = format!(
        "apiVersion: aksim/v1\nname: overlay\nstart: 2026-03-02T00:00:00Z\nduration: 4h\ncluster:\n  name: overlay\n  location: eastus\n  \
         kubernetesVersion: \"1.34\"\n  networkProfile: {{podCidr: {pod_cidr}}}\n  vnet: {{subnets: [{{name: nodes, addressPrefix: \
         10.224.0.0/16}}]}}\n  agentPoolProfiles:\n    - {{name: system, mode: System, vmSize: Standard_D4s_v5, count: 1}}\n{pools}\
         operations:\n  - {operation}\n"
    );
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("overlay.yaml");
    std::fs::write(&file, text).expect("a temporary file can be written");
    run(&file, "base")
}

/// Azure/AKS-Construction issue 701, 2024-06-11: five /24s of a /22.
#[test]
fn pre_allocated_ips_1280_exceed_1024() {
    let pools = "    - {name: apps, vmSize: Standard_D4s_v5, enableAutoScaling: true, minCount: 1, maxCount: 2}\n";
    let simulation = overlay("10.240.100.0/22", pools, "{at: 1h, create: {}}");
    let why = refusal(&simulation);
    assert_eq!(why.code, "InsufficientSubnetSize");
    let expected = "Pre-allocated IPs 1280 exceeds IPs available 1024 in Subnet Cidr 10.240.100.0/22, Subnet Name \
                    networkProfile.podCIDR";
    assert!(why.message.starts_with(expected), "{}", why.message);
}

/// Azure/AKS issue 4467, 2024-08-08: with a /17 for pods no maxCount may be raised beyond 128 nodes in theory, however few there are.
#[test]
fn the_theoretical_maximum_blocks_the_autoscaler() {
    let pools = "    - {name: apps, vmSize: Standard_D4s_v5, enableAutoScaling: true, minCount: 1, maxCount: 3, \
                 upgradeSettings: {maxSurge: 1}}\n";
    let raised = |most: u32| {
        let operation =
            format!("{{at: 1h, updatePool: {{pool: apps, minCount: 1, maxCount: {most}, enableAutoScaling: true}}}}");
        overlay("192.168.128.0/17", pools, &operation)
    };
    // One system node and its surge node, the pool and its surge node: 2 + 125 + 1 = 128.
    let (_, operation) =
        raised(125).world().operations.iter().next_back().map(|(id, row)| (id, row.state.clone())).expect("asked");
    assert_eq!(operation, OperationState::Succeeded);
    let simulation = raised(126);
    let why = refusal(&simulation);
    assert_eq!(why.code, "InsufficientSubnetSize");
    assert!(why.message.starts_with("Pre-allocated IPs 33024 exceeds IPs available 32768"), "{}", why.message);
    assert_eq!(simulation.world().live_nodes.len(), 2, "there are two nodes");
}
