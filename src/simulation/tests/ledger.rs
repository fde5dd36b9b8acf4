//! Every address has one holder, is free, or belongs to Azure.

use super::operations::random_day;
use crate::catalog::{limits, pod_subnet};
use crate::cluster::{
    AddressHolder, Event, Fact, NodeAddresses, NodeId, NodePhase, Observer, PodAddress, PodRange, Subnet, SubnetId,
    SubnetUse, World,
};
use crate::kernel::{EventKey, Id, SimDuration, SimTime, Stream, Streams};
use crate::scenario::plan::{
    FrontEnd, NetworkChange, NetworkModel, OperationKind, OperationPlan, OutboundFlow, Plan, PodIpAllocation,
    PodSubnet, PoolMode, ServicePlan, SubnetPlan, SubnetSizeCheck,
};
use crate::simulation::Simulation;
use ipnet::Ipv4Net;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What holds after every event that changes anything about addresses.
pub fn check(world: &World) {
    let mut held: BTreeMap<(SubnetId, bool, NodeId), Vec<u32>> = BTreeMap::new();
    let mut front_ends = BTreeMap::new();
    for (id, subnet) in world.subnets.iter() {
        let mut last = 0;
        for (address, holder) in subnet.held() {
            assert!(subnet.prefix.contains(&address), "{address} is one of {}", subnet.prefix);
            assert!(u32::from(address) > last, "{address} is held once");
            last = address.into();
            match holder {
                AddressHolder::Node(node) => held.entry((id, false, node)).or_default().push(last),
                AddressHolder::Pods(node) => held.entry((id, true, node)).or_default().push(last),
                AddressHolder::FrontEnd(index) => assert_eq!(front_ends.insert(index, (id, last)), None),
                AddressHolder::PrivateEndpoint => {}
            }
        }
        check_sum(world, subnet);
    }
    let known = world.front_ends.iter().enumerate().filter_map(|(index, front_end)| {
        Some((index as u32, (SubnetId::from_index(front_end.subnet), front_end.address?)))
    });
    assert_eq!(front_ends, known.collect());
    let backends = world.nodes.iter().filter(|(_, node)| node.addresses.own.is_some()).count();
    assert_eq!(backends, world.backends as usize, "every node with an address has ports");
    let mut blocks: BTreeMap<NodeId, Vec<Ipv4Net>> = BTreeMap::new();
    for range in world.pod_range.iter().chain(&world.left_range) {
        range.held().for_each(|(block, node)| blocks.entry(node).or_default().push(block));
        assert_eq!(range.held().count() as u32, range.used());
        assert!(range.used() <= range.room());
    }
    // Instances that failed a moment ago are not on the list of the live any more, and still have addresses.
    for (id, node) in world.nodes.iter().filter(|(_, node)| node.addresses.own.is_some()) {
        let NodeAddresses { own, pods, block, assigned, waiting, .. } = &node.addresses;
        let name = &node.info.name;
        assert!(node.phase != NodePhase::Deleted, "{name} is gone and holds addresses");
        let subnet = world.subnet_of(node.pool).expect("a scale set has a subnet");
        assert_eq!(held.remove(&(subnet, false, id)).unwrap_or_default(), own.iter().copied().collect::<Vec<_>>());
        let of_pods = world.pod_subnet_of(node.pool).unwrap_or(subnet);
        let mut mine: Vec<u32> = pods.iter().map(|slot| slot * unit(&world.subnets[of_pods])).collect();
        mine.sort_unstable();
        assert_eq!(held.remove(&(of_pods, true, id)).unwrap_or_default(), mine, "{name}");
        let block: Vec<Ipv4Net> = block.iter().map(|block| PodRange::block(*block)).collect();
        assert_eq!(blocks.remove(&id).unwrap_or_default(), block, "{name}");
        let users = node.pods.iter().filter(|pod| world.pods[**pod].address == PodAddress::Held).count();
        assert!(users <= *assigned as usize && *assigned as usize <= pods.len(), "{name}: {users} of {assigned}");
        assert!(waiting.iter().all(|pod| world.pods[*pod].address == PodAddress::Waiting), "{name}");
    }
    assert!(held.is_empty() && blocks.is_empty(), "addresses are lost: {held:?} {blocks:?}");
}

/// Used, free and reserved addresses are all that there are.
fn check_sum(world: &World, subnet: &Subnet) {
    let held = subnet.nodes + subnet.pods + subnet.others;
    let mut now = subnet.clone();
    let free = now.free(world.clock);
    let size = 1u32 << (32 - subnet.prefix.prefix_len());
    let reserved = match subnet.purpose {
        SubnetUse::Nodes | SubnetUse::PodBatches => limits::RESERVED_ADDRESSES,
        SubnetUse::PodBlocks => 2 * pod_subnet::BLOCK, // The blocks that Azure's five lie in.
    };
    assert_eq!(held + now.cooling() + free + reserved, size, "{}", subnet.prefix);
    assert_eq!(subnet.held().count() as u32 * unit(subnet), held);
}

/// Addresses of a slot of the subnet.
fn unit(subnet: &Subnet) -> u32 {
    if subnet.purpose == SubnetUse::PodBlocks { pod_subnet::BLOCK } else { 1 }
}

/// Looks at the ledger after every event that may have changed it.
#[derive(Default)]
struct Auditor {
    refused: usize,
    waited: usize,
}

impl Observer for Auditor {
    fn after_event(&mut self, _: EventKey, event: Event, facts: &[Fact], world: &World) {
        let pods = matches!(
            event,
            Event::PodAddressReleased(_) | Event::PodAddressesArrived(_) | Event::PodAddressesWanted(_)
        );
        if pods || facts.iter().any(|fact| matches!(fact, Fact::AddressesChanged(..) | Fact::FrontEndChanged(..))) {
            check(world);
        }
        self.waited += facts.iter().filter(|fact| matches!(fact, Fact::PodWaitsForAddress(_))).count();
        self.refused += facts.iter().filter(|fact| matches!(fact, Fact::NodeFailed(..))).count();
    }
}

/// A day of any operations in a network of any kind, with few addresses; in the end every pool is to go.
pub(super) fn random_network(draws: &mut Stream) -> Plan {
    let mut plan = random_day(draws);
    let cluster = &mut plan.cluster;
    let subnet =
        |name: &str, range: String| SubnetPlan { name: name.to_owned(), prefix: range.parse().expect("a range") };
    let pod_cidr = |draws: &mut Stream| format!("10.244.0.0/{}", 20 + draws.below(3)).parse().expect("a range");
    let (of_nodes, of_pods) = (25 + draws.below(4), 23 + draws.below(5));
    cluster.subnets = vec![subnet("nodes", format!("10.224.0.0/{of_nodes}"))];
    let max_pods = 10 + draws.below(30) as u32;
    let mut pod_subnet = None;
    (cluster.network.model, cluster.network.pod_cidr) = match draws.below(5) {
        0 => (NetworkModel::Kubenet, Some(pod_cidr(draws))),
        1 => (NetworkModel::AzureOverlay, Some(pod_cidr(draws))),
        2 => (NetworkModel::AzureNodeSubnet, None),
        mode => {
            cluster.subnets.push(subnet("pods", format!("10.225.0.0/{of_pods}")));
            let allocation = [PodIpAllocation::DynamicIndividual, PodIpAllocation::StaticBlock][mode as usize - 3];
            pod_subnet = Some(PodSubnet { subnet: 1, allocation });
            (NetworkModel::AzurePodSubnet, None)
        }
    };
    cluster.network.size_check = [SubnetSizeCheck::Operation, SubnetSizeCheck::AllPools][draws.below(2) as usize];
    cluster.network.private_cluster = draws.below(2) == 0;
    for pool in &mut cluster.pools {
        pool.mode = PoolMode::User; // So that all of them can go.
        pool.max_pods = max_pods;
        pool.allocatable.pods = max_pods;
        pool.scale_set.as_mut().expect("VMs").pod_subnet = pod_subnet;
    }
    plan.services = (0..draws.below(3))
        .map(|index| ServicePlan {
            namespace: "default".into(),
            name: format!("web-{index}"),
            ports: 1,
            front_end: FrontEnd::Internal { subnet: 0, address: None },
        })
        .collect();
    let (destination, duration) = ("api".into(), SimDuration::from_secs(60));
    let closed = OutboundFlow { destination, micros_per_second: 5_000_000, duration, closed: true };
    plan.workloads[0].behaviour.outbound = vec![closed];
    // As in a day, but faster, and then a quiet end.
    plan.duration = SimDuration::from_hours(12);
    plan.operations.retain(|_| draws.below(2) == 0);
    for operation in &mut plan.operations {
        operation.at = SimTime::after_start(SimDuration::from_micros(operation.at.since(SimTime::ZERO).micros() / 5));
    }
    // Changes of the network that some models allow, before the end.
    for _ in 0..draws.below(3) {
        let range =
            ["10.244.0.0/16", "10.244.0.0/19", "10.100.0.0/20"][draws.below(3) as usize].parse().expect("a range");
        let change = [NetworkChange::PodCidr(range), NetworkChange::Overlay(range)][draws.below(2) as usize];
        let at = SimTime::after_start(SimDuration::from_mins(draws.below(7 * 60)));
        plan.operations.push(OperationPlan {
            at,
            kind: OperationKind::UpdateNetwork(change),
            asked_by: None,
            condition: None,
        });
    }
    plan.operations.sort_by_key(|operation| operation.at);
    let late = |minutes| SimTime::after_start(SimDuration::from_hours(8) + SimDuration::from_mins(minutes));
    let last = [OperationKind::StartCluster].into_iter().chain((0..3).map(|pool| OperationKind::DeletePool { pool }));
    plan.operations.extend((0..).zip(last).map(|(index, kind)| OperationPlan {
        at: late(60 * index),
        kind,
        asked_by: None,
        condition: None,
    }));
    plan
}

#[test]
fn whatever_is_asked_every_address_has_one_holder_and_none_is_lost() {
    let mut draws = Streams::new(7).stream("test", "addresses");
    let (mut refused, mut waited, mut emptied, mut changed) = (0, 0, 0, 0);
    for sequence in 0..CASES {
        let plan = random_network(&mut draws);
        let endpoint = u32::from(plan.cluster.network.private_cluster);
        let mut simulation = Simulation::new(&Arc::new(plan), sequence);
        let mut auditor = Auditor::default();
        simulation.run(&mut auditor);
        (refused, waited) = (refused + auditor.refused, waited + auditor.waited);
        let world = simulation.world();
        changed += usize::from(world.network != world.plan.cluster.network.model);
        let with_address = world.front_ends.iter().filter(|front_end| front_end.address.is_some()).count() as u32;
        let others = endpoint + with_address;
        let open: u64 = world.live_nodes.iter().flat_map(|node| world.traffic_of(*node)).map(|one| one.rate).sum();
        assert_eq!(world.outbound.rate, open, "sequence {sequence}");
        if world.live_nodes.is_empty() {
            emptied += 1;
            let subnets = world.subnets.iter().map(|(_, subnet)| subnet.clone());
            assert_eq!(
                subnets
                    .map(|mut subnet| {
                        let _ = subnet.free(world.clock);
                        subnet.used()
                    })
                    .sum::<u32>(),
                others
            );
            assert!(world.pod_range.as_ref().is_none_or(|range| range.used() == 0));
        }
    }
    assert!(refused > 100 && waited > 100 && emptied > 100, "{refused} refused, {waited} waited, {emptied} emptied");
    assert!(changed > 10, "{changed} changed");
}

/// Sequences of operations that are tried.
const CASES: u64 = 150;
