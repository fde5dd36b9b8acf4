//! The inventory of small worlds.

use super::*;
use crate::catalog::{DISK_DRIVER, FILE_DRIVER, OsDisk, OsDiskKind, ScalingSize, Tier};
use crate::cluster::testing::{self, Bench, create_node, deployment, pool};
use crate::cluster::{AddressHolder, NodeId, NodePhase, PodPhase, PoolId, SubnetId};
use crate::kernel::Id;
use crate::process::billing;
use crate::scenario::plan::{
    BroughtNode, ClaimKind, ClaimPlan, ClaimRef, ClusterCharges, NetworkModel, OutboundPlan, OutboundType, Plan, Volume,
};
use crate::units::Bytes;
use std::sync::Arc;

fn dollars(dollars: f64) -> UsdPerHour {
    UsdPerHour::from_dollars(dollars).unwrap()
}

/// Two pools of two and one nodes on priced VMs with managed disks, the Standard tier, a load balancer with two addresses.
fn plan() -> Plan {
    let priced = |name: &str, count| {
        let mut pool = pool(name, count);
        let scale_set = pool.scale_set.as_mut().unwrap();
        (scale_set.vm_price, scale_set.os_disk_price) = (dollars(0.192), dollars(0.027));
        pool
    };
    let mut plan = testing::plan(vec![priced("apps", 2), priced("system", 1)]);
    plan.cluster.charges = ClusterCharges {
        tier: dollars(0.1),
        load_balancer: dollars(0.025),
        public_ips: dollars(0.01),
        ..ClusterCharges::default()
    };
    plan.cluster.network.outbound = OutboundPlan::load_balancer(2);
    plan
}

fn inventory_of(plan: Plan) -> Inventory {
    inventory(&Bench::new(plan).world)
}

/// The resources of a type with the group that they stand in.
fn all<'a>(inventory: &'a Inventory, kind: &str) -> Vec<(&'a str, &'a Resource)> {
    let rows = inventory.groups.iter().flat_map(|group| group.resources.iter().map(|row| (group.name.as_str(), row)));
    rows.filter(|(_, row)| row.kind.ends_with(kind)).collect()
}

fn names<'a>(inventory: &'a Inventory, kind: &str) -> Vec<&'a str> {
    all(inventory, kind).into_iter().map(|(_, row)| row.name.as_str()).collect()
}

#[test]
fn each_pool_is_a_scale_set_with_its_instances_and_their_disks() {
    let inventory = inventory_of(plan());
    let sets = names(&inventory, "virtualMachineScaleSets");
    assert_eq!(sets.len(), 2);
    assert!(sets[0].starts_with("aks-apps-") && sets[0].ends_with("-vmss"), "{sets:?}");
    let parts = all(&inventory, "virtualMachineScaleSets/virtualMachines");
    assert_eq!(parts.iter().map(|(_, row)| row.part_of == sets[0]).collect::<Vec<_>>(), [true, true, false]);
    assert!(parts.iter().all(|(group, row)| *group == "MC_group_test_eastus" && row.price == Some(dollars(0.192))));
    let disks = all(&inventory, "Compute/disks");
    assert_eq!(disks.len(), 3);
    assert_eq!(disks[0].1.details, "OS disk, 128 GiB, P10");
    assert_eq!(disks[0].1.price, Some(dollars(0.027)));
}

#[test]
fn ephemeral_disks_are_no_resources_and_cost_nothing() {
    let mut plan = plan();
    let scale_set = plan.cluster.pools[0].scale_set.as_mut().unwrap();
    scale_set.os_disk = OsDisk { kind: OsDiskKind::Ephemeral, size: Bytes::from_gib(300) };
    scale_set.os_disk_price = UsdPerHour::ZERO;
    let inventory = inventory_of(plan);
    assert_eq!(names(&inventory, "Compute/disks").len(), 1, "that of the other pool");
    let note = &all(&inventory, "virtualMachineScaleSets")[0].1.note;
    assert!(note.contains("ephemeral OS disks of 300 GiB"), "{note}");
}

#[test]
fn the_total_is_the_sum_of_the_rows_and_what_the_bill_says() {
    let mut bench = Bench::new(plan());
    // One machine is still being made, one is on its way out: the first is not billed yet, the second still is.
    create_node(&mut bench.world, PoolId::from_index(0), true);
    let leaving = bench.world.live_nodes[0];
    bench.world.set_phase(leaving, NodePhase::Deleting);
    let inventory = inventory(&bench.world);
    let rows = inventory.groups.iter().flat_map(|group| &group.resources);
    assert_eq!(inventory.total(), rows.filter_map(Resource::monthly).sum());
    assert_eq!(inventory.total(), inventory.groups.iter().map(ResourceGroup::subtotal).sum());
    assert_eq!(inventory.total(), billing::rate(&bench.world).monthly());
    assert_eq!(inventory.unpriced(), 0);
    let instances = all(&inventory, "virtualMachines");
    let states: Vec<&str> = instances.iter().map(|(_, row)| row.details.as_str()).collect();
    let ready = "VM running, node Ready, 10.224.0.4";
    assert_eq!(states, ["VM deleting, 10.224.0.4", ready, "VM creating, surge node", ready]);
    assert_eq!(instances[2].1.price, Some(UsdPerHour::ZERO));
    assert_eq!(names(&inventory, "Compute/disks").len(), 3, "a machine that is not there has no disk");
}

#[test]
fn only_kubenet_has_a_route_table_and_only_the_node_subnet_holds_addresses_for_pods() {
    for (model, route_table, pods) in [
        (NetworkModel::Kubenet, true, 0),
        (NetworkModel::AzureOverlay, false, 0),
        (NetworkModel::AzureNodeSubnet, false, 30),
    ] {
        let mut plan = plan();
        plan.cluster.network.model = model;
        let mut world = Bench::new(plan).world;
        let node = NodeId::from_index(0);
        for _ in 0..3 {
            world.pod_range.as_mut().map(|range| range.take(SimTime::ZERO, node));
        }
        let subnet = &mut world.subnets[SubnetId::from_index(0)];
        subnet.take(SimTime::ZERO, 1, AddressHolder::Node(node)).unwrap();
        subnet.take(SimTime::ZERO, pods, AddressHolder::Pods(node)).unwrap();
        let inventory = inventory(&world);
        let tables = all(&inventory, "routeTables");
        assert_eq!(!tables.is_empty(), route_table, "{model:?}");
        assert!(tables.iter().all(|(_, row)| row.details == "3 routes of at most 400, one a node"), "{tables:?}");
        let subnet = &all(&inventory, "subnets")[0].1.details;
        let expected = match pods {
            0 => "10.224.0.0/24, 1 of 251 addresses in use, pools apps, system",
            _ => "10.224.0.0/24, 31 of 251 addresses in use (1 for nodes, 30 for pods), pools apps, system",
        };
        assert_eq!(subnet, expected, "{model:?}");
        let security = names(&inventory, "networkSecurityGroups");
        assert!(security[0].starts_with("aks-agentpool-") && security[0].ends_with("-nsg"), "{security:?}");
    }
}

#[test]
fn the_network_stands_where_it_was_made() {
    let own = |resource_group: Option<&str>, name: Option<&str>| OwnVnet {
        resource_group: resource_group.map(str::to_owned),
        name: name.map(str::to_owned),
        address_space: vec!["10.224.0.0/16".parse().unwrap()],
    };
    for (vnet, group, name, groups) in [
        (None, "MC_group_test_eastus", "aks-vnet-", 2),
        (Some(own(None, None)), "group", "(no name given)", 2),
        (Some(own(Some("GROUP"), Some("hub"))), "group", "hub", 2),
        (Some(own(Some("net"), Some("hub"))), "net", "hub", 3),
    ] {
        let mut plan = plan();
        plan.cluster.network.own_vnet = vnet;
        let inventory = inventory_of(plan);
        assert_eq!(inventory.groups.len(), groups);
        let (found, row) = all(&inventory, "virtualNetworks")[0];
        assert_eq!((found, row.name.starts_with(name)), (group, true), "{row:?}");
        assert_eq!(all(&inventory, "subnets")[0].0, group);
    }
}

#[test]
fn the_way_out_decides_about_load_balancer_addresses_and_gateway() {
    for (outbound, balancers, addresses, gateways, route_tables) in [
        (OutboundType::LoadBalancer, 1, 2, 0, 1),
        (OutboundType::ManagedNatGateway, 0, 2, 1, 1),
        (OutboundType::UserAssignedNatGateway, 0, 0, 0, 1),
        (OutboundType::UserDefinedRouting, 0, 0, 0, 0),
        (OutboundType::None, 0, 0, 0, 1),
    ] {
        let mut plan = plan();
        plan.cluster.network.model = NetworkModel::Kubenet;
        plan.cluster.network.outbound.kind = outbound;
        let inventory = inventory_of(plan);
        let counts = ["loadBalancers", "publicIPAddresses", "natGateways", "routeTables"];
        let counts = counts.map(|kind| names(&inventory, kind).len());
        assert_eq!(counts, [balancers, addresses, gateways, route_tables], "{outbound:?}");
    }
    let inventory = inventory_of(plan());
    let addresses = all(&inventory, "publicIPAddresses");
    assert!(addresses.iter().all(|(_, row)| row.price == Some(dollars(0.005))), "{addresses:?}");
    assert_ne!(addresses[0].1.name, addresses[1].1.name);
}

#[test]
fn the_control_plane_is_billed_by_its_tier_only() {
    let standard = inventory_of(plan());
    let (group, row) = all(&standard, "managedClusters")[0];
    assert_eq!((group, row.name.as_str(), row.price), ("group", "test", Some(dollars(0.1))));
    assert!(
        standard.notes[0].contains("billed only by its tier (Standard, with an SLA: the row of test)"),
        "{:?}",
        standard.notes
    );
    let mut plan = plan();
    plan.cluster.tier = Tier::Free;
    plan.cluster.charges.tier = UsdPerHour::ZERO;
    let free = inventory_of(plan);
    assert!(free.notes[0].contains("costs nothing in the Free tier, which has no SLA"), "{:?}", free.notes);
    assert_eq!(free.total() + dollars(0.1).monthly(), standard.total());
    assert_eq!(names(&free, "userAssignedIdentities"), ["test-agentpool"]);
}

#[test]
fn the_limits_of_the_control_plane_follow_tier_and_size() {
    let note = |tier, scaling| {
        let mut plan = plan();
        (plan.cluster.tier, plan.cluster.scaling) = (tier, scaling);
        inventory_of(plan).notes.swap_remove(1)
    };
    for (tier, scaling, words) in [
        (Tier::Free, None, ["up to 1000 nodes", "100 requests that read and 50 that change"]),
        (Tier::Standard, None, ["up to 5000 nodes", "400 requests that read and 200 that change"]),
        (
            Tier::Premium,
            Some(ScalingSize::H4),
            ["up to 5000 nodes", "in size H4 its API server executes 3500 requests"],
        ),
    ] {
        let note = note(tier, scaling);
        assert!(words.iter().all(|part| note.contains(part)), "{note}");
    }
}

#[test]
fn nodes_that_are_brought_along_are_no_resources() {
    let mut brought = pool("brought", 0);
    brought.scale_set = None;
    let mut mixed = plan();
    mixed.cluster.pools.push(brought.clone());
    let node = |pool| BroughtNode { name: "b".to_owned(), pool };
    mixed.cluster.brought = vec![node(2)];
    let inventory = inventory_of(mixed);
    assert_eq!(names(&inventory, "virtualMachineScaleSets").len(), 2);
    assert!(inventory.notes.iter().any(|note| note.contains("brings along (1)")), "{:?}", inventory.notes);
    let mut alone = testing::plan(vec![brought]);
    alone.cluster.brought = vec![node(0)];
    let inventory = inventory_of(alone);
    assert!(inventory.groups.is_empty() && inventory.total().is_zero());
    assert!(inventory.notes[0].contains("no resource group is filled"), "{:?}", inventory.notes);
}

/// A claim of 8 GiB on what the driver makes of `sku`, which waits for its first pod.
fn claim(name: &str, kind: ClaimKind, driver: &str, sku: &str, price: Option<f64>) -> ClaimPlan {
    ClaimPlan {
        namespace: "default".into(),
        name: name.into(),
        kind,
        driver: Some(driver.into()),
        sku: Some(sku.into()),
        size: Bytes::from_gib(8),
        price: price.map(dollars),
        waits_for_consumer: true,
        zonal: driver == DISK_DRIVER,
        allowed: Vec::new(),
        one_pod: false,
        volume: None,
    }
}

#[test]
fn claims_that_were_provided_are_disks_and_storage_accounts() {
    let claims = [
        claim("data", ClaimKind::Template, DISK_DRIVER, "StandardSSD_LRS", Some(0.001)),
        claim("wide", ClaimKind::Claim, DISK_DRIVER, "Premium_ZRS", None),
        claim("scratch", ClaimKind::Ephemeral, DISK_DRIVER, "Premium_LRS", Some(0.002)),
        claim("share", ClaimKind::Claim, FILE_DRIVER, "Standard_LRS", None),
        ClaimPlan {
            volume: Some(Volume::default()),
            ..claim("old", ClaimKind::Claim, DISK_DRIVER, "Premium_LRS", None)
        },
    ];
    let mut plan = plan();
    plan.cluster.pools[0].zones = vec![1];
    let mut web = deployment("web", 1);
    let refer = |(index, claim): (usize, &ClaimPlan)| ClaimRef { claim: Some(index), name: claim.name.clone() };
    web.template.claims = claims.iter().enumerate().map(refer).collect();
    plan.workloads = vec![web];
    plan.claims = claims.into_iter().map(Arc::new).collect();
    let mut bench = Bench::new(plan);
    let volumes = |bench: &Bench| {
        let inventory = inventory(&bench.world);
        let rows = all(&inventory, "disks").into_iter().chain(all(&inventory, "storageAccounts"));
        let rows = rows.filter(|(_, row)| row.part_of.is_empty());
        rows.map(|(_, row)| (row.details.clone(), row.monthly().map(|month| month.as_f64()))).collect::<Vec<_>>()
    };
    assert_eq!(volumes(&bench), [], "the claims wait for a pod");
    let node = bench.world.live_nodes[0];
    let pod = bench.ready_pod(0, node);
    let name = bench.world.pods[pod].name.clone();
    let wide = ("claim default/wide, 8 GiB, Premium_ZRS, zone eastus-1".to_owned(), None);
    let share = ("Standard_LRS, 1 file share, 8 GiB asked for".to_owned(), None);
    let data = ("claim default/data-web-0, 8 GiB, StandardSSD_LRS, E2, zone eastus-1".to_owned(), Some(0.73));
    let scratch = (format!("claim default/{name}-scratch, 8 GiB, Premium_LRS, P2, zone eastus-1"), Some(1.46));
    assert_eq!(volumes(&bench), [wide.clone(), data.clone(), scratch, share.clone()]);
    bench.act(|world, ctx| world.end_pod(pod, PodPhase::Gone, ctx));
    assert_eq!(volumes(&bench), [wide, data, share], "an ephemeral volume goes with its pod");
}
