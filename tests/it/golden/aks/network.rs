//! Address arithmetic, as far as the catalogue has it.

use super::Answer;
use super::lab::{SYSTEM, Scenario, largest, smallest};
use aksim::catalog::{limits, pod_subnet};
use aksim::kernel::SimTime;
use aksim::preflight;
use aksim::scenario::plan::IntOrPercent;
use ipnet::Ipv4Net;
use serde_json::{Value, json};

pub fn topic(name: &str) -> Option<super::Topic> {
    Some(match name {
        "subnet-sizing-flat-cni" => subnet_sizing,
        "subnet-capacity-flat-cni" => flat_capacity,
        "kubenet-capacity" => kubenet_capacity,
        "reserved-cidr" => reserved_cidr,
        "service-cidr" => service_cidr,
        "pod-cidr-allocation" => pod_cidr_allocation,
        "overlay-pod-cidr" => overlay_pod_cidr,
        "pod-subnet-static-block" => static_blocks,
        "insufficient-subnet-size" => insufficient_subnet,
        _ => return None,
    })
}

fn short(value: &Value) -> u32 {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).expect("a number")
}

fn subnet_sizing(input: &Value) -> Answer {
    let nodes = short(&input["nodes"]) + short(&input["plannedExtraNodes"]);
    let addresses = limits::node_subnet_addresses(nodes, short(&input["maxSurge"]), short(&input["maxPods"]));
    Answer::Is(json!({
        "ipAddresses": addresses,
        "subnetPrefixAtLeast": format!("/{}", limits::smallest_prefix(addresses)),
    }))
}

/// Whether the pod CIDR of an overlay may become another.
fn overlay_pod_cidr(input: &Value) -> Answer {
    let text = |key: &str| input[key].as_str().expect("a range");
    let (from, to) = (text("from"), text("to"));
    let with = |cidr: &str| Scenario::apps("count: 2").cluster(&format!("networkProfile: {{podCidr: {cidr}}}"));
    let change = |from: &str, to: &str| {
        let run = with(from).lasting("3h").operation(&format!("at: 1h, updateNetwork: {{podCidr: {to}}}")).run();
        let range = run.world().pod_range.as_ref().expect("an overlay has a pod CIDR").cidr.to_string();
        run.errors().is_empty() && range == to
    };
    assert!(!change(to, from), "a range never shrinks");
    Answer::Is(json!({"allowed": change(from, to)}))
}

/// Addresses of a subnet of this prefix.
fn usable(input: &Value) -> u32 {
    let prefix = input["nodeSubnetPrefix"].as_str().expect("a prefix");
    limits::usable_addresses(format!("10.0.0.0{prefix}").parse::<Ipv4Net>().expect("a range"))
}

fn flat_capacity(input: &Value) -> Answer {
    let pods = short(&input["maxPods"]);
    let nodes = usable(input) / limits::node_subnet_addresses(1, 0, pods);
    Answer::Is(json!({"nodes": nodes, "pods": nodes * pods}))
}

fn kubenet_capacity(input: &Value) -> Answer {
    if !input["routesPerRouteTable"].is_null() {
        return Answer::Is(json!({"maxNodes": limits::KUBENET_ROUTES}));
    }
    let (all, pods) = (usable(input), short(&input["maxPods"]));
    if input["nodeSubnetPrefix"] == "/27" {
        // From the surge that Microsoft recommends for production to one surge node and one to scale out with.
        let with_surge = |nodes: u64| {
            let nodes = u32::try_from(nodes).expect("a number of nodes");
            nodes + IntOrPercent::Percent(33).of_rounded_up(nodes) <= all
        };
        let least = u32::try_from(largest(1, 100, with_surge).unwrap_or(0)).expect("a number of nodes");
        let range = [least, all - 2];
        return Answer::Is(json!({"nodesRange": range, "podsRange": range.map(|nodes| nodes * pods)}));
    }
    Answer::Is(json!({"nodes": all, "pods": all * pods}))
}

/// Two nodes more, asked for or as the surge of an upgrade: the fewest free addresses with which the preflight does not foretell
/// InsufficientSubnetSize.
fn addresses_asked(plugin: &str, pods: u32, operation: &str) -> u64 {
    let refused = |free: u64| {
        let usable = u64::from(limits::usable_addresses("10.224.0.0/22".parse().expect("a range")));
        // The system node and two nodes of the pool are there; other pools fill the subnet but for the addresses that are left.
        let rest = usable - 31 - 2 * (1 + u64::from(pods)) - free;
        let nodes = (rest - 11) / 240;
        let settings = format!("count: 2, maxPods: {pods}, upgradeSettings: {{maxSurge: 2}}");
        let mut scenario = Scenario::apps(&settings)
            .cluster(&format!("networkProfile: {{networkPlugin: {plugin}}}"))
            .subnet("10.224.0.0/22")
            .operation(&format!("at: 1h, {operation}"));
        for (name, count, addresses) in [("full", nodes, 240), ("rest", 1, rest - 240 * nodes)] {
            let pool = format!("name: {name}, vmSize: Standard_D4s_v5, count: {count}, maxPods: {}", addresses - 1);
            scenario.pools.push(pool);
        }
        let said = |row: &preflight::Row| row.check == "subnet-space" && row.reason.contains("InsufficientSubnetSize");
        preflight::check(&scenario.plan()).iter().any(said)
    };
    smallest(0, 300, |free| !refused(free))
}

fn insufficient_subnet(input: &Value) -> Answer {
    let plugin = input["networkPlugin"].as_str().expect("a plugin");
    let upgrade = "upgrade: {kubernetesVersion: \"1.35\", pools: [apps]}";
    let holds = |pods: u32| {
        ["scale: {pool: apps, count: 4}", upgrade]
            .iter()
            .all(|operation| addresses_asked(plugin, pods, operation) == 2 * u64::from(pods))
    };
    Answer::Is(json!({"neededIps": if holds(30) && holds(50) { "newOrBufferNodes*maxPods" } else { "?" }}))
}

/// The blocks that the nodes of a new kubenet cluster hold.
fn pod_cidr_allocation(input: &Value) -> Answer {
    let range = input["podCidr"].as_str().expect("a range");
    // The system pool has one node.
    let apps = format!("count: {}", short(&input["nodes"]) - 1);
    let scenario =
        Scenario::apps(&apps).cluster(&format!("networkProfile: {{networkPlugin: kubenet, podCidr: {range}}}"));
    let run = scenario.run_until(SimTime::ZERO, 1);
    let blocks = run.world().pod_range.as_ref().expect("kubenet has a pod range").held();
    Answer::Is(json!({"nodeCidrs": blocks.map(|(block, _)| block.to_string()).collect::<Vec<_>>()}))
}

/// Blocks of a node, and the settings that a scenario may have with them.
fn static_blocks(input: &Value) -> Answer {
    if let Some(pods) = input["maxPods"].as_u64() {
        let pods = u32::try_from(pods).expect("a number of pods");
        let blocks = pod_subnet::blocks(pods);
        let usable = pod_subnet::block_pods(blocks);
        return Answer::Is(json!({"blocks": blocks, "ipsForPods": usable, "wastedIps": usable - pods}));
    }
    let takes = |prefix: u64| {
        let pods = "podSubnetID: pods, podIPAllocationMode: StaticBlock";
        let nodes = "{name: nodes, addressPrefix: 192.168.0.0/24}";
        Scenario::new(&[&format!("{SYSTEM}, {pods}")])
            .cluster("networkProfile: {networkPlugin: azure}")
            .cluster(&format!("vnet: {{subnets: [{nodes}, {{name: pods, addressPrefix: 64.0.0.0/{prefix}}}]}}"))
            .takes("scenario::pod_subnet")
    };
    let no_waste = |blocks: u32| {
        let ideal = 16 * blocks - 1;
        pod_subnet::blocks(ideal) == blocks && pod_subnet::blocks(ideal + 1) == blocks + 1
    };
    Answer::Is(json!({
        "blockAddresses": pod_subnet::BLOCK,
        "reservedPerNode": pod_subnet::BLOCK - pod_subnet::block_pods(1),
        "maxPodSubnet": format!("/{}", smallest(8, 24, takes)),
        "idealMaxPods": if (1..=15).all(no_waste) { "16*N-1" } else { "?" },
    }))
}

fn reserved_cidr(input: &Value) -> Answer {
    let Some(range) = input["podCidr"].as_str() else {
        return Answer::Is(json!({"reserved": limits::FORBIDDEN_RANGES}));
    };
    let scenario = Scenario::apps("count: 1").cluster(&format!("networkProfile: {{podCidr: {range}}}"));
    let wanted: Ipv4Net = range.parse().expect("a range");
    let touches = |other: &&&str| {
        let other: Ipv4Net = other.parse().expect("a range");
        wanted.contains(&other) || other.contains(&wanted)
    };
    Answer::Is(json!({
        "accepted": scenario.takes("scenario::forbidden_range"),
        "overlaps": limits::FORBIDDEN_RANGES.iter().filter(touches).collect::<Vec<_>>(),
    }))
}

fn service_cidr(_: &Value) -> Answer {
    let network = Scenario::apps("count: 1").plan().cluster.network.clone();
    let takes = |prefix: u64| {
        let range = format!("64.0.0.0/{prefix}");
        let profile = format!("networkProfile: {{serviceCidr: {range}, dnsServiceIP: 64.0.0.10}}");
        Scenario::apps("count: 1").cluster(&profile).takes("scenario::service_cidr")
    };
    Answer::Is(json!({
        "serviceCidr": network.service_cidr.to_string(),
        "dnsServiceIP": network.dns_service_ip.to_string(),
        "podCidr": network.pod_cidr.map(|range| range.to_string()),
        "mustBeSmallerThan": format!("/{}", smallest(8, 24, takes) - 1),
    }))
}
