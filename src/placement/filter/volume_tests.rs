//! The four plugins about volumes, on the claims of a small world.

use crate::catalog::{DISK_DRIVER, DISK_ZONE, FILE_DRIVER};
use crate::cluster::testing::{self, Bench, create_node};
use crate::cluster::{NodeInfo, NodePhase, PodId, PodPhase, WorkloadId};
use crate::kernel::Id;
use crate::placement::{Cycle, PodView, Rules, reference};
use crate::scenario::plan::{
    ClaimKind, ClaimPlan, ClaimRef, Controller, NodeSelectorTerm, Operator, PoolPlan, Requirement, Volume,
};
use crate::units::Bytes;
use std::sync::Arc;

/// A claim on a disk of one zone that waits for its first pod.
fn disk(name: &str, kind: ClaimKind) -> ClaimPlan {
    ClaimPlan {
        namespace: "default".into(),
        name: name.into(),
        kind,
        driver: Some(DISK_DRIVER.into()),
        sku: Some("StandardSSD_LRS".into()),
        size: Bytes::from_gib(8),
        price: None,
        waits_for_consumer: true,
        zonal: true,
        allowed: Vec::new(),
        one_pod: false,
        volume: None,
    }
}

fn claim(name: &str) -> ClaimPlan {
    disk(name, ClaimKind::Claim)
}

fn in_zone(key: &str, zone: &str) -> NodeSelectorTerm {
    let requirement = Requirement { key: key.into(), operator: Operator::In, values: vec![zone.into()] };
    NodeSelectorTerm { expressions: vec![requirement], fields: Vec::new() }
}

/// So many Ready nodes in zones 1 and 2 by turns, and a StatefulSet `db` whose pods have all of these claims.
fn world(nodes: u32, claims: Vec<ClaimPlan>) -> Bench {
    world_in(vec![1, 2], nodes, claims)
}

fn world_in(zones: Vec<u8>, nodes: u32, claims: Vec<ClaimPlan>) -> Bench {
    let pool = PoolPlan { zones, ..testing::pool("apps", nodes) };
    let mut plan = testing::plan(vec![pool]);
    let mut db = testing::workload("db", Controller::StatefulSet { replicas: 0, parallel: true });
    let refer = |(index, claim): (usize, &ClaimPlan)| ClaimRef { claim: Some(index), name: claim.name.clone() };
    db.template.claims = claims.iter().enumerate().map(refer).collect();
    plan.workloads = vec![db];
    plan.claims = claims.into_iter().map(Arc::new).collect();
    Bench::new(plan)
}

fn create(bench: &mut Bench, ordinal: u32) -> PodId {
    bench.act(|world, ctx| world.create_pod(WorkloadId::from_index(0), ordinal, None, ctx))
}

/// The numbers of the nodes that are best for the pod, or kubectl's sentence.
fn decide(bench: &Bench, pod: PodId) -> Result<Vec<usize>, String> {
    let world = &bench.world;
    let infos: Vec<&NodeInfo> = world.live_nodes.iter().map(|node| &world.nodes[*node].info).collect();
    let cycle = Cycle {
        pod: PodView { claims: world.claims(pod), ..PodView::of(world.template(pod)) },
        nodes: &infos,
        templates: &world.plan.workloads,
        profile: &world.plan.cluster.scheduler,
        rules: Rules::of(world.version),
    };
    let outcome = reference::decide(&cycle, 0, &[]).outcome;
    outcome.map(|tied| tied.iter().map(|at| world.live_nodes[*at].index()).collect()).map_err(|why| why.message)
}

/// Binds the pod to the first of the best nodes.
fn schedule(bench: &mut Bench, pod: PodId) -> Result<usize, String> {
    let at = decide(bench, pod)?[0];
    let node = bench.world.nodes.ids().nth(at).expect("a node that was decided on exists");
    bench.act(|world, ctx| world.bind(pod, node, ctx));
    Ok(at)
}

#[test]
fn a_stateful_pod_comes_back_to_the_zone_of_its_disk_after_its_node_is_gone() {
    let mut bench = world(3, vec![disk("data", ClaimKind::Template)]);
    let (first, second) = (create(&mut bench, 0), create(&mut bench, 1));
    let node = bench.world.live_nodes[1];
    bench.act(|world, ctx| world.bind(first, node, ctx));
    schedule(&mut bench, second).expect("its own disk is not made yet");
    bench.act(|world, ctx| {
        world.end_pod(first, PodPhase::Gone, ctx);
        world.set_phase(node, NodePhase::Deleted);
        world.live_nodes.retain(|other| *other != node);
    });
    let again = create(&mut bench, 0);
    let message = "0/2 nodes are available: 2 node(s) had volume node affinity conflict.";
    assert_eq!(decide(&bench, again), Err(message.to_owned()));
    // Instance 3 is in zone 2 again.
    let pool = bench.world.nodes[node].pool;
    let node = create_node(&mut bench.world, pool, false);
    bench.world.set_phase(node, NodePhase::Ready);
    assert_eq!(decide(&bench, again), Ok(vec![3]));
}

#[test]
fn a_node_takes_as_many_disks_as_its_size_allows() {
    // Standard_D2s_v5 takes four data disks.
    let mut bench = world(2, vec![disk("data", ClaimKind::Template), disk("log", ClaimKind::Template)]);
    let placed: Vec<_> = (0..5)
        .map(|ordinal| {
            let pod = create(&mut bench, ordinal);
            schedule(&mut bench, pod).map_err(|message| message.contains("2 node(s) exceed max volume count"))
        })
        .collect();
    assert!(placed[..4].iter().all(Result::is_ok) && placed[4] == Err(true), "{placed:?}");
}

#[test]
fn a_disk_counts_once_and_a_share_does_not_count() {
    let share = ClaimPlan { driver: Some(FILE_DRIVER.into()), zonal: false, ..claim("share") };
    let mut bench = world(1, vec![claim("data"), share]);
    for ordinal in 0..6 {
        let pod = create(&mut bench, ordinal);
        assert_eq!(schedule(&mut bench, pod), Ok(0), "pod {ordinal}");
    }
    let node = bench.world.live_nodes[0];
    assert_eq!(bench.world.nodes[node].info.claims.values().copied().collect::<Vec<_>>(), [6, 6]);
}

#[test]
fn each_pod_has_its_own_ephemeral_volumes() {
    let mut bench = world(1, vec![disk("scratch", ClaimKind::Ephemeral)]);
    let pods: Vec<PodId> = (0..5).map(|_| create(&mut bench, 0)).collect();
    for pod in &pods[..4] {
        schedule(&mut bench, *pod).expect("there is room for four disks");
    }
    assert!(decide(&bench, pods[4]).is_err());
    bench.act(|world, ctx| world.end_pod(pods[0], PodPhase::Gone, ctx));
    assert_eq!(decide(&bench, pods[4]), Ok(vec![0]));
}

#[test]
fn a_claim_for_one_pod_keeps_every_other_pod_away_until_it_is_gone() {
    let mut bench = world(2, vec![ClaimPlan { one_pod: true, zonal: false, ..claim("data") }]);
    let (first, second) = (create(&mut bench, 0), create(&mut bench, 1));
    schedule(&mut bench, first).expect("nobody uses the claim");
    let reason = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
    assert_eq!(decide(&bench, second), Err(format!("0/2 nodes are available: 2 {reason}.")));
    bench.act(|world, ctx| world.end_pod(first, PodPhase::Gone, ctx));
    assert!(decide(&bench, second).is_ok());
}

#[test]
fn what_is_said_of_a_claim_decides_about_nodes() {
    let west = || Volume { affinity: Some(vec![in_zone(DISK_ZONE, "westeurope-1")]), zones: Vec::new() };
    let labelled =
        Volume { affinity: None, zones: vec![("topology.kubernetes.io/zone".into(), vec!["eastus-2".into()])] };
    let elsewhere =
        Volume { zones: vec![("topology.kubernetes.io/zone".into(), vec!["x".into()])], ..labelled.clone() };
    let none = |reason: &str| Err(format!("0/2 nodes are available: {reason}."));
    for (claim, expected) in [
        (claim("free"), Ok(vec![0, 1])),
        (ClaimPlan { volume: Some(Volume::in_zone("eastus-2")), ..claim("bound") }, Ok(vec![1])),
        (ClaimPlan { volume: Some(west()), ..claim("far") }, none("2 node(s) had volume node affinity conflict")),
        (ClaimPlan { volume: Some(labelled), ..claim("labelled") }, Ok(vec![1])),
        (ClaimPlan { volume: Some(elsewhere), ..claim("elsewhere") }, none("2 node(s) had no available volume zone")),
        (
            ClaimPlan { allowed: vec![in_zone("topology.kubernetes.io/zone", "eastus-1")], ..claim("allowed") },
            Ok(vec![0]),
        ),
        (
            ClaimPlan { driver: None, ..claim("by hand") },
            none("2 node(s) didn't find available persistent volumes to bind"),
        ),
        (
            ClaimPlan { driver: None, waits_for_consumer: false, ..claim("unbound") },
            none("pod has unbound immediate PersistentVolumeClaims"),
        ),
        (
            ClaimPlan { driver: Some(FILE_DRIVER.into()), waits_for_consumer: false, zonal: false, ..claim("share") },
            Ok(vec![0, 1]),
        ),
        (
            ClaimPlan { waits_for_consumer: false, allowed: vec![in_zone(DISK_ZONE, "eastus-2")], ..claim("at once") },
            Ok(vec![1]),
        ),
    ] {
        let name = claim.name.clone();
        let mut bench = world(2, vec![claim]);
        let pod = create(&mut bench, 0);
        assert_eq!(decide(&bench, pod), expected, "{name}");
    }
}

#[test]
fn a_claim_that_nobody_defines_keeps_the_pod_pending() {
    let mut plan = testing::plan(vec![testing::pool("apps", 2)]);
    let mut web = testing::deployment("web", 1);
    web.template.claims = vec![ClaimRef { claim: None, name: "lost".into() }];
    plan.workloads = vec![web];
    let mut bench = Bench::new(plan);
    let pod = create(&mut bench, 0);
    let message = "0/2 nodes are available: persistentvolumeclaim \"lost\" not found.";
    assert_eq!(decide(&bench, pod), Err(message.to_owned()));
}

#[test]
fn a_disk_of_a_cluster_without_zones_goes_to_any_of_its_nodes() {
    let mut bench = world_in(Vec::new(), 2, vec![disk("data", ClaimKind::Template)]);
    let pod = create(&mut bench, 0);
    assert_eq!(schedule(&mut bench, pod), Ok(0));
    bench.act(|world, ctx| world.end_pod(pod, PodPhase::Gone, ctx));
    let again = create(&mut bench, 0);
    assert_eq!(decide(&bench, again), Ok(vec![0, 1]));
}
