//! The scheduler at work in a small world: who is bound where and when, and which events it takes.

mod preemption;
mod waking;

use super::*;
use crate::catalog::{AutoscalerProfile, KubernetesVersion, Region, Setup, Tier, Timings};
use crate::cluster::{
    BootStage, Node, NodeChange, NodeInfo, NodePhase, NodeTimes, PodPhase, PoolId, STAGES, WorkloadId,
};
use crate::kernel::{Dist, FutureEvents, Id};
use crate::scenario::plan::{
    Behaviour, ClusterCharges, ClusterPlan, Controller, NetworkModel, NetworkPlan, OutboundPlan, Plan, PodTemplate,
    WorkloadPlan,
};
use crate::units::{Bytes, MilliCpu, Resources};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A world with a scheduler. It hears only of what a test tells it.
struct Bench {
    world: World,
    events: FutureEvents<Event>,
    facts: Vec<Fact>,
    scheduler: Scheduler,
    /// The scheduler's own events that were handled.
    handled: usize,
}

impl Bench {
    /// A world of Kubernetes 1.`minor` with one bare-pod workload for each template, and no nodes.
    fn new(minor: u32, templates: Vec<PodTemplate>) -> Self {
        Self::of(plan(minor, templates))
    }

    /// The world of the plan without nodes.
    fn of(plan: Plan) -> Self {
        let world = World::new(Arc::new(plan), 1);
        let scheduler = Scheduler::new(&world);
        Self { world, events: FutureEvents::default(), facts: Vec::new(), scheduler, handled: 0 }
    }

    /// Adds a registered node with so many millicores and 8 GiB.
    fn add_node(&mut self, millis: u64, phase: NodePhase) -> NodeId {
        let number = self.world.nodes.len();
        let node = self.world.nodes.push(node(number, millis, phase));
        self.world.live_nodes.push(node);
        self.world.node_changes.push(NodeChange::Node(node));
        node
    }

    fn tell(&mut self, handler: impl FnOnce(&mut Scheduler, &mut World, &mut Ctx<'_>)) {
        let ctx = &mut Ctx::new(self.world.clock, &mut self.events, &mut self.facts);
        handler(&mut self.scheduler, &mut self.world, ctx);
    }

    fn create_pod(&mut self, workload: usize, pinned: Option<NodeId>) -> PodId {
        let ctx = &mut Ctx::new(self.world.clock, &mut self.events, &mut self.facts);
        self.world.create_pod(WorkloadId::from_index(workload), 0, pinned, ctx)
    }

    fn end_pod(&mut self, pod: PodId) {
        let ctx = &mut Ctx::new(self.world.clock, &mut self.events, &mut self.facts);
        self.world.end_pod(pod, PodPhase::Gone, ctx);
        self.tell(|scheduler, world, ctx| scheduler.on_pod_gone(world, pod, ctx));
    }

    fn make_ready(&mut self, node: NodeId) {
        self.world.set_phase(node, NodePhase::Ready);
        self.tell(|scheduler, world, ctx| scheduler.on_node_ready(world, node, ctx));
    }

    /// Lets the scheduler work until this many seconds after the start.
    fn run_until(&mut self, secs: u64) {
        let end = SimTime::after_start(SimDuration::from_secs(secs));
        while let Some((key, event)) = self.events.pop_before(end) {
            self.world.clock = key.at;
            self.handled += usize::from(matches!(event, Event::SchedulingCycle | Event::FlushQueue));
            self.tell(|scheduler, world, ctx| match event {
                Event::PodCreated(pod) => scheduler.on_pod_created(world, pod, ctx),
                Event::PodBound(pod) => scheduler.on_pod_bound(world, pod, ctx),
                Event::SchedulingCycle => scheduler.on_cycle(world, ctx),
                Event::FlushQueue => scheduler.on_flush(world, ctx),
                _ => {}
            });
        }
        self.world.clock = end;
    }

    fn node_of(&self, pod: PodId) -> Option<NodeId> {
        self.world.pods[pod].node
    }

    fn scheduled(&self, pod: PodId) -> SimTime {
        self.world.pods[pod].times.scheduled.expect("the pod was scheduled")
    }
}

fn plan(minor: u32, templates: Vec<PodTemplate>) -> Plan {
    let version = KubernetesVersion::minor(minor);
    let prefix = "10.0.0.0/16".parse().unwrap();
    let workload = |(index, template): (usize, PodTemplate)| WorkloadPlan {
        namespace: "default".into(),
        name: format!("pod{index}"),
        // Of the controllers one that gives every pod another name.
        controller: Controller::ReplicaSet { replicas: 0 },
        template,
        behaviour: Behaviour { demand: None, startup: Dist::Constant(0.0), run_time: None, outbound: Vec::new() },
        system: false,
    };
    Plan {
        start: jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC),
        duration: SimDuration::from_hours(24),
        warmup: SimDuration::ZERO,
        cluster: ClusterPlan {
            resource_group: "group".into(),
            name: "test".into(),
            node_resource_group: "MC_group_test_eastus".into(),
            location: Region::EastUs,
            tier: Tier::Standard,
            scaling: None,
            long_term_support: false,
            version,
            network: NetworkPlan {
                model: NetworkModel::Kubenet,
                pod_cidr: Some(prefix),
                routes_per_table: 400,
                size_check: crate::scenario::plan::SubnetSizeCheck::default(),
                private_cluster: false,
                service_cidr: prefix,
                dns_service_ip: prefix.addr(),
                outbound: OutboundPlan::load_balancer(1),
                own_vnet: None,
            },
            subnets: Vec::new(),
            pools: Vec::new(),
            brought: Vec::new(),
            system_workloads: false,
            scale_in: crate::scenario::plan::ScaleInPolicy::default(),
            conflicts: crate::scenario::plan::Conflicts::default(),
            autoscaler: AutoscalerProfile::default(),
            scheduler: crate::scenario::plan::SchedulerPlan::default(),
            charges: ClusterCharges::default(),
        },
        workloads: templates.into_iter().enumerate().map(workload).collect(),
        budgets: Vec::new(),
        claims: Vec::new(),
        services: Vec::new(),
        api_usage: Vec::new(),
        operations: Vec::new(),
        quota: crate::scenario::plan::QuotaPlan::default(),
        faults: Vec::new(),
        maintenance: crate::scenario::plan::MaintenancePlan::default(),
        access: crate::scenario::plan::AccessPlan::default(),
        timings: Timings {
            pod_schedule: Dist::Constant(0.05),
            scheduling_cycle: Dist::Constant(0.01),
            ..Timings::defaults(Setup::of(version))
        },
    }
}

fn node(number: usize, millis: u64, phase: NodePhase) -> Node {
    let allocatable =
        Resources { cpu: MilliCpu::from_millis(millis), memory: Bytes::from_gib(8), pods: 110, ..Resources::default() };
    let mut info = NodeInfo::new(&format!("node{number}"), BTreeMap::new(), Vec::new(), allocatable);
    info.set_ready(phase == NodePhase::Ready);
    Node {
        info,
        pool: PoolId::from_index(0),
        instance: 0,
        zone: None,
        phase,
        surge: false,
        version: KubernetesVersion::minor(34),
        pods: Vec::new(),
        pinned: Vec::new(),
        reimage_due: false,
        replaced: false,
        stage_ends: SimTime::ZERO,
        boot: [SimDuration::ZERO; STAGES.len()],
        reimage_delay: SimDuration::ZERO,
        delete_delay: SimDuration::ZERO,
        addresses: crate::cluster::NodeAddresses::default(),
        cpu_used: MilliCpu::ZERO,
        cpu_wanted: MilliCpu::ZERO,
        credits: None,
        times: NodeTimes { registered: Some(SimTime::ZERO), ..NodeTimes::default() },
    }
}

/// A pod with this CPU and 128 MiB.
fn pod(millis: u64) -> PodTemplate {
    let (cpu, memory) = (MilliCpu::from_millis(millis), Bytes::from_mib(128));
    PodTemplate {
        requests: Resources { cpu, memory, pods: 1, ..Resources::default() },
        nonzero_cpu: cpu,
        nonzero_memory: memory,
        ..PodTemplate::default()
    }
}

const BOOTING: NodePhase = NodePhase::Booting(BootStage::NetworkReady);

#[test]
fn a_burst_is_bound_one_pod_a_cycle_and_spread_over_the_nodes() {
    let mut bench = Bench::new(34, vec![pod(100)]);
    let nodes = [0; 2].map(|_| bench.add_node(2000, NodePhase::Ready));
    let pods: Vec<PodId> = (0..10).map(|_| bench.create_pod(0, None)).collect();
    bench.run_until(60);
    let mut times: Vec<u64> = pods.iter().map(|pod| bench.scheduled(*pod).micros() / 1000).collect();
    times.sort_unstable();
    assert_eq!(times, [50, 60, 70, 80, 90, 100, 110, 120, 130, 140]);
    assert_eq!(nodes.map(|node| bench.world.nodes[node].pods.len()), [5, 5]);
    assert_eq!(bench.handled, 10);
}

#[test]
fn the_more_important_pod_goes_first() {
    let mut bench = Bench::new(34, vec![pod(1500), PodTemplate { priority: 1000, ..pod(1500) }]);
    bench.add_node(2000, NodePhase::Ready);
    let (low, high) = (bench.create_pod(0, None), bench.create_pod(1, None));
    bench.run_until(1);
    assert!(bench.node_of(high).is_some());
    assert_eq!(bench.node_of(low), None);
    let reason = bench.world.pods[low].unschedulable.as_deref();
    assert_eq!(reason, Some("0/1 nodes are available: 1 Insufficient cpu."));
    assert!(bench.facts.contains(&Fact::PodUnschedulable(low)));
}

#[test]
fn a_pending_pod_is_bound_when_a_node_becomes_ready() {
    for minor in [31, 33, 36] {
        let mut bench = Bench::new(minor, vec![pod(1500)]);
        bench.add_node(1000, NodePhase::Ready);
        let booting = bench.add_node(2000, BOOTING);
        let pending = bench.create_pod(0, None);
        bench.run_until(60);
        let reason = bench.world.pods[pending].unschedulable.as_deref();
        let expected = "0/2 nodes are available: 1 Insufficient cpu, \
                        1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.";
        assert_eq!(reason, Some(expected));
        bench.make_ready(booting);
        bench.run_until(61);
        assert_eq!(bench.node_of(pending), Some(booting));
        assert_eq!(bench.scheduled(pending), SimTime::after_start(SimDuration::from_secs(60)));
    }
}

#[test]
fn a_pending_pod_is_bound_when_another_gives_its_room_back() {
    let mut bench = Bench::new(34, vec![pod(1500)]);
    bench.add_node(2000, NodePhase::Ready);
    let first = bench.create_pod(0, None);
    bench.run_until(10);
    let second = bench.create_pod(0, None);
    bench.run_until(20);
    assert_eq!(bench.node_of(second), None);
    bench.end_pod(first);
    bench.run_until(21);
    assert!(bench.node_of(second).is_some());
}

#[test]
fn without_nodes_a_pod_waits_for_the_first() {
    let mut bench = Bench::new(34, vec![pod(100)]);
    let pending = bench.create_pod(0, None);
    bench.run_until(10);
    assert_eq!(bench.world.pods[pending].unschedulable.as_deref(), Some("no nodes available to schedule pods"));
    let node = bench.add_node(2000, NodePhase::Ready);
    bench.make_ready(node);
    // To kube-scheduler this is an error, and no change brings a pod out of the backoff of an error.
    bench.run_until(20);
    assert_eq!(bench.node_of(pending), Some(node));
}

#[test]
fn a_daemon_sets_pod_goes_to_its_node_even_cordoned_and_not_ready() {
    let mut bench = Bench::new(34, vec![pod(100), pod(5000)]);
    bench.add_node(8000, NodePhase::Ready);
    let own = bench.add_node(2000, BOOTING);
    bench.world.nodes[own].info.unschedulable = true;
    let fits = bench.create_pod(0, Some(own));
    let too_large = bench.create_pod(1, Some(own));
    bench.run_until(1);
    assert_eq!(bench.node_of(fits), Some(own));
    let reason = bench.world.pods[too_large].unschedulable.as_deref();
    let expected = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't satisfy plugin(s) [NodeAffinity].";
    assert_eq!(reason, Some(expected));
}

#[test]
fn a_deleted_pending_pod_causes_no_more_events() {
    let mut bench = Bench::new(34, vec![pod(5000)]);
    bench.add_node(2000, NodePhase::Ready);
    let pending = bench.create_pod(0, None);
    bench.run_until(10);
    bench.end_pod(pending);
    let before = bench.handled;
    bench.run_until(3600);
    assert!(bench.handled - before <= 1, "the flush that was planned already, and nothing after it");
}

#[test]
fn a_pod_that_never_fits_is_tried_every_five_minutes_and_an_idle_scheduler_does_nothing() {
    let mut bench = Bench::new(34, vec![pod(5000), pod(100)]);
    bench.add_node(2000, NodePhase::Ready);
    bench.create_pod(1, None);
    bench.run_until(3600);
    assert_eq!(bench.handled, 1);
    bench.create_pod(0, None);
    bench.run_until(7200);
    let tried = bench.facts.iter().filter(|fact| matches!(fact, Fact::PodUnschedulable(_))).count();
    assert_eq!(tried, 11, "at the start and after 330 s each, on half minutes");
    assert_eq!(bench.handled, 1 + 1 + 2 * 10);
}

#[test]
fn ties_are_broken_by_the_pods_name_alone_and_evenly() {
    let placed = |extra: bool| {
        // A pod without requests changes no score, so that every node is tied for every pod.
        let template =
            PodTemplate { requests: Resources { pods: 1, ..Resources::default() }, ..PodTemplate::default() };
        let mut bench = Bench::new(34, vec![template.clone(), template]);
        for _ in 0..4 {
            let node = bench.add_node(2000, NodePhase::Ready);
            bench.world.nodes[node].info.allocatable.pods = 1000;
        }
        if extra {
            bench.create_pod(1, None);
        }
        let pods: Vec<PodId> = (0..400).map(|_| bench.create_pod(0, None)).collect();
        bench.run_until(60);
        pods.iter().map(|pod| bench.node_of(*pod).expect("bound").index()).collect::<Vec<_>>()
    };
    let alone = placed(false);
    assert_eq!(alone, placed(true));
    let counts = alone.iter().fold(BTreeMap::new(), |mut counts: BTreeMap<usize, usize>, node| {
        *counts.entry(*node).or_default() += 1;
        counts
    });
    assert!(counts.values().all(|count| (70..=130).contains(count)), "{counts:?}");
}
