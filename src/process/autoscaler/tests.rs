//! The loop in a small world whose scale set, scheduler and drains are played by the test.

use super::*;
use crate::catalog::{DISK_DRIVER, KubernetesVersion};
use crate::cluster::testing::{self, create_node};
use crate::cluster::{NodeFailure, PodPhase, WorkloadId};
use crate::kernel::{Dist, FutureEvents, Id};
use crate::placement::spread;
use crate::scenario::plan::{
    AutoscalingRange, BudgetPlan, BudgetRule, ClaimKind, ClaimPlan, ClaimRef, IntOrPercent, LabelSelector, Operator,
    Plan, PodAffinityTerm, PoolPlan, Requirement, TopologySpreadConstraint, Volume, WorkloadPlan,
};
use crate::units::{Bytes, MilliCpu};
use std::sync::Arc;

const APPS: usize = 0;

/// The world, the loop, and what the test lets happen.
struct Rig {
    world: World,
    events: FutureEvents<Event>,
    autoscaler: Autoscaler,
    log: Vec<(SimTime, Fact)>,
    scans: u32,
    /// How long an instance boots; `None` when it fails.
    boot: Option<SimDuration>,
    /// Whether pods leave a node that is drained.
    pods_leave: bool,
    /// Wakes the loop all the time, as if it scanned at every instant of its grid.
    eager: bool,
}

impl Rig {
    /// A cluster of one autoscaled pool of D2s with so many nodes, Ready, and the given workloads without pods.
    fn new(nodes: u32, min: u32, max: u32, workloads: Vec<WorkloadPlan>) -> Self {
        Self::of(plan(nodes, min, max, workloads), 1)
    }

    fn of(plan: Plan, seed: u64) -> Self {
        let nodes = plan.cluster.pools[APPS].count;
        let world = World::new(Arc::new(plan), seed);
        let autoscaler = Autoscaler::new(&world);
        let mut rig = Self {
            world,
            events: FutureEvents::default(),
            autoscaler,
            log: Vec::new(),
            scans: 0,
            boot: Some(SimDuration::from_mins(2)),
            pods_leave: true,
            eager: false,
        };
        for _ in 0..nodes {
            let node = rig.add_node(SimTime::ZERO);
            rig.world.set_phase(node, NodePhase::Ready);
        }
        rig.change(|_, _| {});
        rig
    }

    fn add_node(&mut self, now: SimTime) -> NodeId {
        let pool = PoolId::from_index(APPS);
        let node = create_node(&mut self.world, pool, false);
        self.world.nodes[node].times.requested = now;
        node
    }

    /// Changes the world from outside and wakes the loop.
    fn change(&mut self, change: impl FnOnce(&mut World, &mut Ctx<'_>)) {
        let mut facts = Vec::new();
        let ctx = &mut Ctx::new(self.world.clock, &mut self.events, &mut facts);
        change(&mut self.world, ctx);
        self.autoscaler.wake(&self.world, ctx);
    }

    /// So many pods for which the scheduler finds no node.
    fn pending(&mut self, workload: usize, count: u32) {
        self.change(|world, ctx| {
            for ordinal in 0..count {
                let pod = world.create_pod(WorkloadId::from_index(workload), ordinal, None, ctx);
                world.pods[pod].unschedulable = Some("0/1 nodes are available".into());
            }
        });
    }

    /// A pod on the node.
    fn running(&mut self, workload: usize, node: usize) -> PodId {
        let mut created = None;
        self.change(|world, ctx| {
            let pod = world.create_pod(WorkloadId::from_index(workload), 0, None, ctx);
            world.bind(pod, NodeId::from_index(node), ctx);
            world.pods[pod].phase = PodPhase::Ready;
            created = Some(pod);
        });
        created.expect("the change was made")
    }

    fn run_until(&mut self, end: SimTime) {
        while let Some((key, event)) = self.events.pop_before(end) {
            self.world.clock = key.at;
            let mut facts = Vec::new();
            self.handle(event, &mut facts);
            let of_loop = |fact: &Fact| {
                matches!(fact, Fact::ScaledUp(..) | Fact::ScaledDown(_) | Fact::NodeDrained(..) | Fact::NodeDeleted(_))
            };
            self.log.extend(facts.into_iter().filter(of_loop).map(|fact| (key.at, fact)));
        }
        self.world.clock = end;
    }

    fn handle(&mut self, event: Event, facts: &mut Vec<Fact>) {
        let now = self.world.clock;
        if let Event::ReconcilePool(pool) = event {
            self.create_missing(pool, facts);
            return;
        }
        let (world, ctx) = (&mut self.world, &mut Ctx::new(now, &mut self.events, facts));
        match event {
            Event::AutoscalerScan => {
                self.scans += 1;
                self.autoscaler.on_scan(world, ctx);
            }
            Event::AutoscalerScaleUp(pool) => self.autoscaler.on_scale_up(world, pool, ctx),
            Event::NodeFailed(node) => self.autoscaler.on_node_failed(world, node, ctx),
            Event::DrainEnded(node) => self.autoscaler.on_drain_ended(world, node, ctx),
            Event::NodeReady(node) if matches!(world.nodes[node].phase, NodePhase::Booting(_)) => {
                world.set_phase(node, NodePhase::Ready);
                self.autoscaler.wake(world, ctx);
            }
            Event::StartDrain(node) if self.pods_leave => {
                for pod in world.nodes[node].pods.clone() {
                    world.end_pod(pod, PodPhase::Gone, ctx);
                }
                end_drain(world, node, DrainOutcome::Drained, ctx);
            }
            Event::DrainTimeout(node) if world.is_draining(node) => {
                end_drain(world, node, DrainOutcome::TimedOut, ctx);
            }
            Event::DeleteNode(node) => {
                world.set_phase(node, NodePhase::Deleted);
                world.live_nodes.retain(|other| *other != node);
                ctx.observe(Fact::NodeDeleted(node));
                self.autoscaler.wake(world, ctx);
            }
            Event::PodGone(pod) => {
                world.end_pod(pod, PodPhase::Gone, ctx);
                self.autoscaler.wake(world, ctx);
            }
            _ => {}
        }
        if self.eager {
            // The first instant after this one, so that a scan is always planned for the next.
            let next = self.autoscaler.grid.after(ctx.now);
            self.autoscaler.schedule(next, ctx);
        }
    }

    fn create_missing(&mut self, pool: PoolId, facts: &mut Vec<Fact>) {
        let now = self.world.clock;
        let missing = self.world.pools[pool].target - self.world.members(pool).count() as u32;
        for _ in 0..missing {
            let node = self.add_node(now);
            let ctx = &mut Ctx::new(now, &mut self.events, facts);
            match self.boot {
                Some(boot) => ctx.after(boot, Event::NodeReady(node)),
                None => {
                    self.world.set_phase(
                        node,
                        NodePhase::Failed(NodeFailure::SubnetIsFull(crate::cluster::SubnetId::from_index(0))),
                    );
                    self.world.live_nodes.retain(|other| *other != node);
                    self.world.pools[pool].target -= 1;
                    ctx.soon(Event::NodeFailed(node));
                }
            }
        }
    }

    fn target(&self) -> u32 {
        self.world.pools[PoolId::from_index(APPS)].target
    }

    /// The first instant of the grid.
    fn first_scan(&self) -> SimTime {
        self.autoscaler.grid.at_or_after(SimTime::ZERO)
    }

    /// When facts that `wanted` holds for happened, in whole seconds after the first instant of the grid.
    fn times(&self, wanted: fn(&Fact) -> bool) -> Vec<f64> {
        let since = |at: SimTime| at.since(self.first_scan()).as_secs_f64();
        self.log.iter().filter(|(_, fact)| wanted(fact)).map(|(at, _)| since(*at)).collect()
    }

    fn removals(&self) -> Vec<f64> {
        self.times(|fact| matches!(fact, Fact::ScaledDown(_)))
    }

    fn scale_ups(&self) -> Vec<u32> {
        let nodes = |(_, fact): &(SimTime, Fact)| if let Fact::ScaledUp(_, nodes) = fact { Some(*nodes) } else { None };
        self.log.iter().filter_map(nodes).collect()
    }
}

fn end_drain(world: &mut World, node: NodeId, outcome: DrainOutcome, ctx: &mut Ctx<'_>) {
    world.drains.get_mut(&node).expect("the drain has begun").outcome = Some(outcome);
    ctx.observe(Fact::NodeDrained(node, outcome == DrainOutcome::Drained));
    ctx.soon(Event::DrainEnded(node));
}

fn minute(minutes: u64) -> SimTime {
    SimTime::after_start(SimDuration::from_mins(minutes))
}

/// A workload whose pods request so many millicores. A node gives 1900.
fn workload(name: &str, controller: Controller, millis: u64) -> WorkloadPlan {
    let mut plan = testing::workload(name, controller);
    plan.template.requests.cpu = MilliCpu::from_millis(millis);
    plan
}

/// A Deployment whose pods request so many millicores.
fn deployment(name: &str, millis: u64) -> WorkloadPlan {
    workload(name, Controller::Deployment { replicas: 1, ladder: None }, millis)
}

fn plan(nodes: u32, min: u32, max: u32, workloads: Vec<WorkloadPlan>) -> Plan {
    let pool = PoolPlan { autoscaling: Some(AutoscalingRange { min, max }), ..testing::pool("apps", nodes) };
    let mut plan = testing::plan(vec![pool]);
    plan.timings.ca_decision_extra = Dist::Constant(0.0);
    plan.workloads = workloads;
    plan
}

#[test]
fn pending_pods_raise_the_target_within_the_maximum() {
    // Each node holds two of the pods.
    for (pods, max, target) in [(1, 10, 2), (2, 10, 2), (5, 10, 4), (40, 3, 3)] {
        let mut rig = Rig::new(1, 1, max, vec![deployment("web", 900), deployment("full", 1900)]);
        rig.running(1, 0);
        rig.pending(0, pods);
        rig.run_until(minute(1));
        assert_eq!(rig.target(), target, "{pods} pods, at most {max} nodes");
        assert_eq!(rig.scale_ups(), [target - 1]);
    }
}

#[test]
fn booting_nodes_keep_the_same_pods_from_asking_twice() {
    let mut rig = Rig::new(1, 1, 10, vec![deployment("web", 900), deployment("full", 1900)]);
    rig.running(1, 0);
    rig.pending(0, 4);
    rig.run_until(minute(10));
    assert_eq!(rig.scale_ups(), [2]);
    rig.pending(0, 1);
    rig.run_until(minute(11));
    assert_eq!(rig.scale_ups(), [2, 1]);
}

#[test]
fn pods_that_fit_on_no_template_are_left_alone() {
    let mut rig = Rig::new(1, 1, 10, vec![deployment("huge", 5000)]);
    rig.pending(0, 1);
    rig.run_until(minute(60));
    assert_eq!(rig.target(), 1);
    assert!(rig.scans <= 2, "{} scans of a world in which nothing changes", rig.scans);
}

#[test]
fn a_pod_that_is_tried_again_in_vain_does_not_wake_the_loop() {
    let mut rig = Rig::new(1, 1, 10, vec![deployment("huge", 5000)]);
    rig.pending(0, 1);
    rig.run_until(minute(1));
    let planned = |rig: &mut Rig, pod: usize| {
        let mut facts = Vec::new();
        let ctx = &mut Ctx::new(rig.world.clock, &mut rig.events, &mut facts);
        ctx.observe(Fact::PodUnschedulable(PodId::from_index(pod)));
        rig.autoscaler.on_scheduling_cycle(&rig.world, ctx);
        rig.autoscaler.next.is_some()
    };
    assert!(!planned(&mut rig, 0));
    assert!(planned(&mut rig, 1), "another pod is news");
}

#[test]
fn a_burst_younger_than_two_seconds_waits_for_the_next_scan() {
    let mut rig = Rig::new(0, 0, 10, vec![deployment("web", 900)]);
    let scan = rig.first_scan() + SimDuration::from_secs(20);
    rig.run_until(scan.max(SimTime::ZERO));
    rig.world.clock = SimTime::from_micros(scan.micros() - 1_500_000);
    rig.pending(0, 2);
    rig.run_until(minute(2));
    assert_eq!(rig.times(|fact| matches!(fact, Fact::ScaledUp(..))), [30.0]);
}

#[test]
fn pods_below_the_priority_cutoff_and_of_daemon_sets_ask_for_nothing() {
    let mut low = deployment("low", 900);
    low.template.priority = -11;
    let daemons = workload("agent", Controller::DaemonSet, 100);
    let mut rig = Rig::new(0, 0, 10, vec![low, daemons]);
    rig.pending(0, 1);
    rig.pending(1, 1);
    rig.run_until(minute(5));
    assert_eq!(rig.target(), 0);
}

#[test]
fn daemon_sets_take_their_part_of_every_new_node() {
    let daemons = workload("agent", Controller::DaemonSet, 300);
    let mut rig = Rig::new(0, 0, 10, vec![deployment("web", 900), daemons]);
    rig.pending(0, 4);
    rig.run_until(minute(1));
    assert_eq!(rig.target(), 4);
}

#[test]
fn an_idle_node_goes_at_the_first_scan_after_its_unneeded_time() {
    let mut rig = Rig::new(3, 1, 5, Vec::new());
    rig.run_until(minute(60));
    // Ten minutes must be over, not just reached; both go at once since nothing has to move.
    assert_eq!(rig.removals(), [610.0, 610.0]);
    assert_eq!(rig.target(), 1);
    assert!(rig.scans <= 8, "{} scans", rig.scans);
}

#[test]
fn a_node_used_by_more_than_the_threshold_stays() {
    for (millis, removed) in [(760, 1), (761, 0)] {
        let mut plan = plan(2, 1, 5, vec![deployment("web", millis), deployment("other", 1000)]);
        plan.cluster.autoscaler.scale_down_utilization_threshold = 0.4;
        let mut rig = Rig::of(plan, 1);
        rig.running(0, 0);
        rig.running(1, 1);
        rig.run_until(minute(30));
        assert_eq!(rig.removals().len(), removed, "{millis} of 1900 millicores requested");
    }
}

#[test]
fn pods_without_another_place_keep_their_node() {
    let mut rig = Rig::new(2, 0, 5, vec![deployment("web", 900), deployment("other", 1500)]);
    rig.running(0, 0);
    let other = rig.running(1, 1);
    rig.run_until(minute(30));
    assert_eq!(rig.removals(), [0.0; 0]);
    rig.change(|world, ctx| world.end_pod(other, PodPhase::Gone, ctx));
    rig.run_until(minute(60));
    assert_eq!(rig.removals().len(), 1, "the empty node goes, the other has no place for its pod then");
}

/// A selector of the pods of one workload.
fn pods_of(name: &str) -> LabelSelector {
    let requirement = Requirement { key: "app".into(), operator: Operator::In, values: vec![name.into()] };
    LabelSelector { requirements: vec![requirement] }
}

/// A Deployment no two of whose pods may share a domain of this key.
fn solitary(name: &str, millis: u64, topology_key: &str) -> WorkloadPlan {
    let mut plan = deployment(name, millis);
    plan.template.pod_affinity.required_anti =
        vec![PodAffinityTerm { topology_key: topology_key.into(), selector: Some(pods_of(name)), namespaces: None }];
    plan
}

#[test]
fn pods_that_keep_away_from_each_other_get_a_node_each() {
    let mut rig = Rig::new(2, 1, 10, vec![solitary("web", 100, spread::HOSTNAME)]);
    rig.running(0, 0);
    // The empty second node takes one of the four.
    rig.pending(0, 4);
    rig.run_until(minute(10));
    assert_eq!(rig.scale_ups(), [3]);
}

#[test]
fn a_zone_without_room_grows_when_the_spread_is_hard() {
    for (hard, asked) in [(true, &[1][..]), (false, &[])] {
        let mut web = deployment("web", 900);
        web.template.topology_spread.push(TopologySpreadConstraint {
            max_skew: 1,
            topology_key: "topology.kubernetes.io/zone".into(),
            hard,
            selector: Some(pods_of("web")),
            min_domains: 1,
            honors_affinity: true,
            honors_taints: false,
        });
        let mut plan = plan(2, 1, 10, vec![web, deployment("full", 1900)]);
        plan.cluster.pools[APPS].zones = vec![1, 2];
        let mut rig = Rig::of(plan, 1);
        rig.running(1, 0);
        rig.running(0, 1);
        rig.pending(0, 1);
        rig.run_until(minute(10));
        assert_eq!(rig.scale_ups(), asked, "hard: {hard}");
    }
}

#[test]
fn a_node_whose_pod_may_share_no_other_node_stays() {
    let mut rig = Rig::new(2, 0, 5, vec![solitary("web", 100, spread::HOSTNAME)]);
    rig.running(0, 0);
    let other = rig.running(0, 1);
    rig.run_until(minute(30));
    assert_eq!(rig.removals(), [0.0; 0]);
    rig.change(|world, ctx| world.end_pod(other, PodPhase::Gone, ctx));
    rig.run_until(minute(60));
    assert_eq!(rig.removals().len(), 1, "the pod may move to the empty node, or that one goes");
}

#[test]
fn a_pod_whose_disk_is_in_another_zone_than_the_template_asks_for_nothing() {
    for (zone, asked) in [("eastus-1", &[1][..]), ("eastus-2", &[])] {
        let mut plan = plan(2, 1, 10, vec![deployment("db", 900), deployment("full", 1900)]);
        plan.cluster.pools[APPS].zones = vec![1, 2];
        plan.claims.push(Arc::new(ClaimPlan {
            namespace: "default".into(),
            name: "data".into(),
            kind: ClaimKind::Claim,
            driver: Some(DISK_DRIVER.into()),
            sku: Some("StandardSSD_LRS".into()),
            size: Bytes::from_gib(8),
            price: None,
            waits_for_consumer: true,
            zonal: true,
            allowed: Vec::new(),
            one_pod: false,
            volume: Some(Volume::in_zone(zone)),
        }));
        plan.workloads[0].template.claims.push(ClaimRef { claim: Some(0), name: "data".into() });
        let mut rig = Rig::of(plan, 1);
        rig.running(1, 0);
        rig.running(1, 1);
        rig.pending(0, 1);
        rig.run_until(minute(10));
        assert_eq!(rig.scale_ups(), asked, "{zone}");
    }
}

#[test]
fn a_pod_does_not_stand_in_its_own_way_when_it_moves() {
    for minor in [31, 34] {
        let mut plan =
            plan(2, 1, 5, vec![solitary("web", 100, "topology.kubernetes.io/zone"), deployment("anchor", 1000)]);
        plan.cluster.version = KubernetesVersion::minor(minor);
        let mut rig = Rig::of(plan, 1);
        rig.running(0, 0);
        rig.running(1, 1);
        rig.run_until(minute(30));
        assert_eq!(rig.removals().len(), 1, "1.{minor}");
    }
}

#[test]
fn a_scale_up_anywhere_holds_removals_back() {
    let mut rig = Rig::new(2, 1, 5, vec![deployment("web", 1500), deployment("huge", 1900)]);
    rig.running(0, 0);
    // The second node is idle from the first scan on; five minutes later a pod asks for a whole node.
    rig.run_until(minute(5));
    rig.running(0, 1);
    rig.pending(1, 1);
    rig.run_until(minute(9));
    assert_eq!(rig.scale_ups(), [1]);
    rig.run_until(minute(60));
    let scaled_up = rig.times(|fact| matches!(fact, Fact::ScaledUp(..)))[0];
    assert!(rig.removals().iter().all(|removed| *removed >= scaled_up + 600.0), "{:?}", rig.removals());
}

#[test]
fn bare_pods_system_pods_and_budgets_keep_their_node() {
    let bare = workload("bare", Controller::Pod, 100);
    let mut system = deployment("metrics-server", 100);
    system.namespace = "kube-system".to_owned();
    let mut forbidden = deployment("pinned", 100);
    forbidden.template.safe_to_evict = Some(false);
    let mut allowed = workload("allowed", Controller::Pod, 100);
    allowed.template.safe_to_evict = Some(true);
    let budgeted = deployment("budgeted", 100);
    // (workload, minor version, minute by which its node is gone)
    for (workload, minor, gone) in [
        (bare, 34, None),
        (system.clone(), 32, None),
        (system, 34, Some(80)),
        (forbidden, 34, None),
        (budgeted, 34, None),
        (allowed, 34, Some(11)),
        (deployment("web", 100), 34, Some(11)),
    ] {
        let case = format!("{} in 1.{minor}", workload.name);
        let mut plan = plan(2, 0, 5, vec![workload, deployment("anchor", 1000)]);
        plan.cluster.version = KubernetesVersion::minor(minor);
        plan.budgets.push(BudgetPlan {
            namespace: "default".to_owned(),
            name: "budget".to_owned(),
            selector: LabelSelector {
                requirements: vec![Requirement {
                    key: "app".into(),
                    operator: Operator::In,
                    values: vec!["budgeted".into()],
                }],
            },
            rule: BudgetRule::MaxUnavailable(IntOrPercent::Int(0)),
        });
        let mut rig = Rig::of(plan, 1);
        rig.running(0, 0);
        rig.running(1, 1);
        rig.run_until(minute(200));
        match gone {
            None => assert_eq!(rig.removals(), [0.0; 0], "{case}"),
            Some(minutes) => {
                assert_eq!(rig.removals().len(), 1, "{case}");
                assert!(rig.removals()[0] < minutes as f64 * 60.0, "{case}: {:?}", rig.removals());
            }
        }
    }
}

#[test]
fn one_node_is_drained_at_a_time_and_kept_when_its_pods_do_not_leave() {
    let mut rig = Rig::new(3, 0, 5, vec![deployment("web", 100), deployment("anchor", 1000)]);
    rig.running(0, 0);
    rig.running(0, 1);
    rig.running(1, 2);
    rig.pods_leave = false;
    rig.run_until(minute(11));
    assert_eq!(rig.removals().len(), 1);
    rig.run_until(minute(18));
    assert_eq!(rig.log.iter().filter(|(_, fact)| matches!(fact, Fact::NodeDrained(_, false))).count(), 2);
    for node in rig.world.nodes.ids().take(1) {
        let info = &rig.world.nodes[node].info;
        assert!(info.taints.is_empty() && !info.unschedulable, "{info:?}");
    }
    assert_eq!(rig.target(), 3);
}

#[test]
fn a_pool_that_fails_to_grow_is_left_alone_longer_each_time() {
    let mut rig = Rig::new(0, 0, 5, vec![deployment("web", 900)]);
    rig.boot = None;
    rig.pending(0, 1);
    rig.run_until(minute(40));
    let tries = rig.times(|fact| matches!(fact, Fact::ScaledUp(..)));
    let waits: Vec<_> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits, [310.0, 610.0, 1210.0]);
    assert_eq!(rig.target(), 0);
}

#[test]
fn an_instance_that_is_not_ready_in_time_is_given_up() {
    let mut rig = Rig::new(0, 0, 5, vec![deployment("web", 900)]);
    rig.boot = Some(SimDuration::from_hours(5));
    rig.pending(0, 1);
    rig.run_until(minute(19));
    assert_eq!(rig.times(|fact| matches!(fact, Fact::NodeDeleted(_))), [920.0]);
    assert_eq!(rig.target(), 0);
    rig.run_until(minute(25));
    assert_eq!(rig.target(), 1, "after the backoff it tries again");
}

#[test]
fn without_an_autoscaled_pool_nothing_is_ever_scheduled() {
    let mut plan = plan(1, 1, 1, vec![deployment("web", 900)]);
    plan.cluster.pools[APPS].autoscaling = None;
    let mut rig = Rig::of(plan, 1);
    rig.pending(0, 5);
    rig.run_until(minute(60));
    assert_eq!(rig.scans, 0);
}

/// The claim on top of `mod.rs`: leaving out scans changes nothing that can be seen.
#[test]
fn scanning_only_when_something_may_change_gives_what_scanning_all_the_time_gives() {
    let run = |seed: u64, eager: bool| {
        let mut system = deployment("metrics-server", 200);
        system.namespace = "kube-system".to_owned();
        let workloads = vec![deployment("web", 300), deployment("batch", 900), system];
        let plan = plan(6, 1, 12, workloads);
        let mut rig = Rig::of(plan, seed);
        rig.eager = eager;
        let mut stream = rig.world.streams.stream("test", "changes");
        let mut pods = vec![rig.running(2, 5)];
        for _ in 0..60 {
            let later = rig.world.clock + SimDuration::from_millis(1 + stream.below(600_000));
            rig.run_until(later);
            match stream.below(4) {
                0 => rig.pending(stream.below(2) as usize, stream.below(4) as u32),
                1 if !pods.is_empty() => {
                    let pod = pods.swap_remove(stream.below(pods.len() as u64) as usize);
                    rig.change(|world, ctx| {
                        if !world.pods[pod].is_terminal() {
                            world.end_pod(pod, PodPhase::Gone, ctx);
                        }
                    });
                }
                _ => pods.extend(settle(&mut rig)),
            }
        }
        (rig.log, rig.scans)
    };
    for seed in 0..40 {
        let (eager, lazy) = (run(seed, true), run(seed, false));
        assert_eq!(eager.0, lazy.0, "seed {seed}");
        assert!(eager.0.len() > 3, "seed {seed} is too quiet: {:?}", eager.0);
        assert!(lazy.1 * 4 < eager.1, "seed {seed}: {} scans instead of {}", lazy.1, eager.1);
    }
}

/// Plays the scheduler: binds every pending pod that fits somewhere.
fn settle(rig: &mut Rig) -> Vec<PodId> {
    let mut bound = Vec::new();
    rig.change(|world, ctx| {
        let pending: Vec<_> = world.pods.iter().filter(|(_, pod)| pod.is_pending()).map(|(id, _)| id).collect();
        for pod in pending {
            let fits = |node: &NodeId| {
                let view = snapshot::pod_view(world, pod);
                let fitting = fitting::Fitting::of(world);
                snapshot::takes_pods(world, *node) && fitting.fits_alone(view, &world.nodes[*node].info)
            };
            if let Some(node) = world.live_nodes.iter().copied().find(fits) {
                world.bind(pod, node, ctx);
                world.pods[pod].phase = PodPhase::Ready;
                bound.push(pod);
            }
        }
    });
    bound
}
