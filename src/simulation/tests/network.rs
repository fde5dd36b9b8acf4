//! Changes of the cluster's network: a larger pod CIDR, and Azure CNI Overlay instead of another model.

use super::ledger;
use super::operations::{assert_succeeded, at, hours, ready, run, shop};
use crate::cluster::testing::budget;
use crate::cluster::{OperationState, PoolHistory, World};
use crate::kernel::{Id, SimDuration};
use crate::scenario::plan::{
    BudgetRule, IntOrPercent, NetworkChange, NetworkModel, OperationKind, OperationPlan, Plan, PodIpAllocation,
    PodSubnet,
};
use ipnet::Ipv4Net;

fn range(text: &str) -> Ipv4Net {
    text.parse().expect("a range")
}

fn overlay(cidr: &str) -> OperationKind {
    OperationKind::UpdateNetwork(NetworkChange::Overlay(range(cidr)))
}

fn larger(cidr: &str) -> OperationKind {
    OperationKind::UpdateNetwork(NetworkChange::PodCidr(range(cidr)))
}

/// Two nodes and one system node, under this model, asked for these operations an hour apart.
fn with(model: NetworkModel, cidr: Option<&str>, kinds: Vec<OperationKind>) -> Plan {
    let mut plan = shop((1..).zip(kinds).map(|(hour, kind)| at(hour, kind)).collect());
    plan.cluster.network.model = model;
    plan.cluster.network.pod_cidr = cidr.map(range);
    plan
}

/// The message with which the last operation was refused.
fn refusal(plan: Plan) -> (&'static str, String) {
    let until = plan.operations.len() as u64 + 1;
    let simulation = run(plan, until);
    let last = simulation.world().operations.iter().last().map(|(_, operation)| operation.state.clone());
    let Some(OperationState::Refused(why)) = last else {
        panic!("{last:?} is no refusal");
    };
    (why.code, why.message)
}

/// Every node is Ready under the overlay, reimaged since the change, and holds a block of the range and its own address.
fn assert_overlay(world: &World, cidr: &str) {
    assert_succeeded(world);
    ledger::check(world);
    assert_eq!((world.network, ready(world, 0), ready(world, 1)), (NetworkModel::AzureOverlay, 2, 1));
    let pods = world.pod_range.as_ref().expect("an overlay has a pod CIDR");
    assert_eq!((pods.cidr, pods.routes, pods.used()), (range(cidr), None, 3));
    assert!(world.left_range.is_none(), "nobody holds a block of the old range");
    assert_eq!(world.subnets.iter().map(|(_, subnet)| subnet.used()).sum::<u32>(), 3, "one address a node");
    let reimaged = |node| world.nodes[node].times.reimaged.is_some_and(|moment| moment > hours(1));
    assert!(world.live_nodes.iter().all(|node| reimaged(*node)), "no node is left as it was");
}

#[test]
fn kubenet_becomes_an_overlay_with_its_range_or_another() {
    for cidr in ["10.244.0.0/16", "10.240.0.0/12", "10.100.0.0/20"] {
        let simulation = run(with(NetworkModel::Kubenet, Some("10.244.0.0/16"), vec![overlay(cidr)]), 4);
        assert_overlay(simulation.world(), cidr);
    }
}

#[test]
fn the_addresses_that_node_subnet_preallocates_come_back() {
    let plan = with(NetworkModel::AzureNodeSubnet, None, vec![overlay("10.244.0.0/16")]);
    let mut plan = plan;
    plan.cluster.pools.iter_mut().for_each(|pool| pool.max_pods = 30);
    let before = run(plan.clone(), 1);
    assert_eq!(before.world().subnets.iter().next().expect("a subnet").1.used(), 3 * 31);
    assert_overlay(run(plan, 4).world(), "10.244.0.0/16");
}

#[test]
fn all_pools_are_reimaged_at_the_same_time() {
    let mut plan = with(NetworkModel::Kubenet, Some("10.244.0.0/16"), vec![overlay("10.244.0.0/16")]);
    plan.cluster.pools[0].count = 6;
    let simulation = run(plan, 4);
    let world = simulation.world();
    let reimaged = |pool: usize| {
        let nodes =
            world.live_nodes.iter().map(|node| &world.nodes[*node]).filter(move |node| node.pool.index() == pool);
        nodes.filter_map(|node| node.times.reimaged)
    };
    // The one node of the system pool does not wait for the six of the other.
    assert_eq!(reimaged(0).count(), 6);
    assert!(
        reimaged(1).max() < reimaged(0).max()
            && reimaged(0).min() < reimaged(1).max().map(|moment| moment + SimDuration::from_mins(10))
    );
}

#[test]
fn a_change_of_the_network_is_no_upgrade_that_could_be_taken_back() {
    let plan = with(NetworkModel::Kubenet, Some("10.244.0.0/16"), vec![overlay("10.244.0.0/16")]);
    let simulation = run(plan, 4);
    assert_overlay(simulation.world(), "10.244.0.0/16");
    assert!(simulation.world().pools.iter().all(|(_, pool)| pool.history == PoolHistory::New));
}

#[test]
fn only_possible_changes_count_for_the_network_in_the_end() {
    let last = |model, cidr: Option<&str>, kinds| {
        let (cidr, model) = with(model, cidr, kinds).last_network();
        (cidr.map(|cidr| cidr.to_string()), model)
    };
    let (overlay_model, kubenet) = (NetworkModel::AzureOverlay, NetworkModel::Kubenet);
    for (model, kinds, expected) in [
        (overlay_model, vec![larger("10.244.0.0/16")], ("10.244.0.0/16", overlay_model)),
        (overlay_model, vec![larger("10.250.0.0/16")], ("10.244.0.0/20", overlay_model)),
        (overlay_model, vec![overlay("10.250.0.0/16")], ("10.244.0.0/20", overlay_model)),
        (kubenet, vec![larger("10.244.0.0/16")], ("10.244.0.0/20", kubenet)),
        (kubenet, vec![overlay("10.250.0.0/16"), larger("10.248.0.0/13")], ("10.248.0.0/13", overlay_model)),
    ] {
        let found = last(model, Some("10.244.0.0/20"), kinds.clone());
        assert_eq!((found.0.as_deref(), found.1), (Some(expected.0), expected.1), "{kinds:?}");
    }
}

#[test]
fn nodes_that_cannot_be_drained_keep_their_network_and_the_same_change_goes_on_with_them() {
    let change = || overlay("10.100.0.0/20");
    let mut plan = with(NetworkModel::Kubenet, Some("10.244.0.0/16"), vec![change()]);
    // More pods have to be there than there are, so that none may go.
    plan.budgets = vec![budget(BudgetRule::MinAvailable(IntOrPercent::Int(20)))];
    plan.operations.push(at(4, overlay("10.200.0.0/16")));
    plan.operations.push(at(5, change()));
    plan.operations.push(at(6, larger("10.0.0.0/8")));
    let failed = run(plan, 8);
    let world = failed.world();
    let states: Vec<&OperationState> = world.operations.iter().map(|(_, operation)| &operation.state).collect();
    assert!(matches!(states[0], OperationState::Failed(_)), "{states:?}");
    assert!(matches!(states[1], OperationState::Refused(_)), "another range than before: {states:?}");
    assert!(matches!(states[2], OperationState::Failed(_)), "accepted, and held again: {states:?}");
    let contains_the_former = |why: &str| why.contains("former pod CIDR");
    assert!(matches!(states[3], OperationState::Refused(why) if contains_the_former(&why.message)), "{states:?}");
    ledger::check(world);
    assert!(world.live_nodes.iter().any(|node| world.has_former_network(*node)));
    assert!(world.left_range.as_ref().is_some_and(|left| left.used() > 0), "they hold blocks of the old range");
}

#[test]
fn an_overlay_grows_and_lets_in_what_it_had_no_room_for() {
    let scale = || OperationKind::Scale { pool: 0, count: 4 };
    let of_four = |kinds| with(NetworkModel::AzureOverlay, Some("10.244.0.0/22"), kinds);
    assert_eq!(refusal(of_four(vec![scale()])).0, "InsufficientSubnetSize");
    let simulation = run(of_four(vec![larger("10.244.0.0/20"), scale()]), 4);
    let world = simulation.world();
    assert_succeeded(world);
    ledger::check(world);
    assert_eq!((ready(world, 0), world.pod_range.as_ref().map(|range| range.room())), (4, Some(16)));
    assert!(world.nodes.iter().all(|(_, node)| node.times.reimaged.is_none()), "no node is disturbed");
}

#[test]
fn what_the_network_cannot_become_is_refused() {
    let overlay_of = |kinds| with(NetworkModel::AzureOverlay, Some("10.244.0.0/18"), kinds);
    let words = "can only be changed to a larger range that contains it";
    for cidr in ["10.244.0.0/20", "10.244.0.0/18", "10.100.0.0/16"] {
        let (code, message) = refusal(overlay_of(vec![larger(cidr)]));
        assert!(code == "InvalidParameter" && message.contains(words), "{message}");
    }
    assert!(refusal(overlay_of(vec![overlay("10.244.0.0/18")])).1.contains("already"));
    let kubenet = |kind| with(NetworkModel::Kubenet, Some("10.244.0.0/16"), vec![kind]);
    assert!(refusal(kubenet(larger("10.240.0.0/12"))).1.contains("kubenet cannot be changed"));
    assert!(refusal(kubenet(overlay("10.244.0.0/20"))).1.contains("a part of the present"));
    assert_eq!(refusal(kubenet(overlay("10.100.0.0/23"))).0, "InsufficientSubnetSize");
    let mut of_pods = with(NetworkModel::AzurePodSubnet, None, vec![overlay("10.244.0.0/16")]);
    for pool in &mut of_pods.cluster.pools {
        let pods = PodSubnet { subnet: 0, allocation: PodIpAllocation::DynamicIndividual };
        pool.scale_set.as_mut().expect("VMs").pod_subnet = Some(pods);
    }
    assert!(refusal(of_pods).1.contains("whose pods have a subnet"));
}

#[test]
fn a_change_of_the_network_holds_the_whole_cluster_and_cannot_be_aborted() {
    let mut plan = with(NetworkModel::Kubenet, Some("10.244.0.0/16"), vec![overlay("10.244.0.0/16")]);
    let minutes = |minutes| hours(1) + SimDuration::from_mins(minutes);
    for (minute, kind) in [(8, OperationKind::Scale { pool: 0, count: 4 }), (9, OperationKind::Abort { pool: None })] {
        plan.operations.push(OperationPlan { at: minutes(minute), kind, asked_by: None, condition: None });
    }
    let simulation = run(plan, 4);
    let states: Vec<OperationState> =
        simulation.world().operations.iter().map(|(_, operation)| operation.state.clone()).collect();
    assert_eq!(states[0], OperationState::Succeeded);
    assert!(states[1..].iter().all(|state| matches!(state, OperationState::Refused(_))), "{states:?}");
}
