use super::*;
use crate::cluster::testing::{Bench, deployment, plan, pool};
use crate::cluster::{Event, PodId, PodPhase};
use crate::kernel::{Id, SimDuration, Streams};
use crate::scenario::plan::{OutboundFlow, OutboundPlan, OutboundType, Plan, WorkloadPlan};

fn opening(name: &str, flows: &[(&str, u64, u64)]) -> WorkloadPlan {
    let mut workload = deployment(name, 0);
    let flow = |(destination, per_second, seconds): &(&str, u64, u64)| OutboundFlow {
        destination: (*destination).into(),
        micros_per_second: per_second * 1_000_000,
        duration: SimDuration::from_secs(*seconds),
        closed: true,
    };
    workload.behaviour.outbound = flows.iter().map(flow).collect();
    workload
}

/// Three nodes, and two workloads that share one of three destinations.
fn shop(outbound: OutboundPlan) -> Plan {
    let mut plan = plan(vec![pool("apps", 3)]);
    plan.cluster.network.outbound = outbound;
    plan.workloads = vec![opening("web", &[("api", 20, 10), ("db", 1, 300)]), opening("job", &[("api", 100, 2)])];
    plan
}

fn settle(bench: &mut Bench) {
    let now = bench.world.clock.since(crate::kernel::SimTime::ZERO);
    bench.run(now + SimDuration::from_micros(1), |world, event, ctx| {
        if event == Event::SettleOutbound {
            on_settle(world, ctx);
        }
    });
}

/// What all serving pods come to, from nothing.
fn plainly(world: &World) -> (u64, u64, u64) {
    let ports = world.plan.cluster.network.outbound.ports(world.backends);
    let all: Vec<Vec<Traffic>> = world.live_nodes.iter().map(|node| world.traffic_of(*node)).collect();
    let rate = all.iter().flatten().map(|one| one.rate).sum();
    let uses: Vec<PortUse> = match ports {
        Ports::PerNode(ports) => all.iter().map(|traffic| port_use(traffic, ports)).collect(),
        Ports::Shared(ports) => {
            let longest = all.iter().map(Vec::len).max().unwrap_or(0);
            let sum = |index: usize| {
                let here = all.iter().filter_map(|traffic| traffic.get(index));
                here.fold(Traffic::default(), |sum, one| Traffic {
                    rate: sum.rate + one.rate,
                    load: sum.load + one.load,
                })
            };
            vec![port_use(&(0..longest).map(sum).collect::<Vec<_>>(), ports)]
        }
        Ports::Unknown | Ports::Blocked => Vec::new(),
    };
    let busiest = uses.iter().map(|one| one.busy).max().unwrap_or(0);
    (rate, uses.iter().map(|one| one.failing).sum(), busiest)
}

fn found(world: &World) -> (u64, u64, u64) {
    let busiest = world.outbound.busy.last_key_value().map_or(0, |(busy, _)| *busy);
    (world.outbound.rate, world.outbound.failing, busiest)
}

/// Pods come and go, nodes too: counting what changed comes to what counting all would.
#[test]
fn what_changed_comes_to_what_everything_comes_to() {
    let nat = OutboundPlan { kind: OutboundType::ManagedNatGateway, ..OutboundPlan::load_balancer(1) };
    for outbound in [OutboundPlan::load_balancer(1), nat] {
        let mut bench = Bench::new(shop(outbound));
        let mut stream = Streams::new(1).stream("test", "outbound");
        let mut below = |bound: usize| usize::try_from(stream.below(bound as u64)).unwrap();
        let mut pods: Vec<PodId> = Vec::new();
        let mut failing = 0;
        for _ in 0..500 {
            if below(2) == 0 && pods.len() < 40 {
                let node = bench.world.live_nodes[below(3)];
                let pod = bench.ready_pod(below(2), node);
                bench.act(|world, ctx| world.serving_changed(pod, ctx));
                pods.push(pod);
            } else if !pods.is_empty() {
                let pod = pods.swap_remove(below(pods.len()));
                bench.act(|world, ctx| world.end_pod(pod, PodPhase::Gone, ctx));
            }
            // So many others that the ports of a node change now and then.
            let others = u32::try_from(below(3)).unwrap() * 60;
            bench.world.backends = 3 + others;
            bench.act(|world, ctx| world.outbound_changed(NodeId::from_index(0), ctx));
            settle(&mut bench);
            assert_eq!(found(&bench.world), plainly(&bench.world));
            failing += u64::from(bench.world.outbound.failing > 0);
        }
        assert!(failing > 50, "{:?}: {failing}", outbound.kind);
    }
}

fn with_pods(outbound: OutboundPlan, count: usize) -> Bench {
    let mut bench = Bench::new(shop(outbound));
    bench.world.backends = 3;
    for _ in 0..count {
        let node = bench.world.live_nodes[0];
        let pod = bench.ready_pod(0, node);
        bench.act(|world, ctx| world.serving_changed(pod, ctx));
    }
    settle(&mut bench);
    bench
}

#[test]
fn each_destination_has_all_ports_of_the_node_to_itself() {
    // Three pods hold 600 connections to one destination and 900 to the other, of 1024 ports: both fit.
    let bench = with_pods(OutboundPlan::load_balancer(1), 3);
    assert_eq!(bench.world.outbound.rate, 63_000_000);
    let (_, failing, busy) = found(&bench.world);
    assert!(failing < 1000 && busy.abs_diff(900_000_000) < 1_000_000, "{failing} {busy}");
}

#[test]
fn a_cluster_that_outgrows_a_row_of_the_table_cuts_connections() {
    let mut bench = with_pods(OutboundPlan::load_balancer(1), 3);
    bench.world.backends = 50;
    bench.act(|world, ctx| world.backends_changed(true, ctx));
    settle(&mut bench);
    assert_eq!(bench.world.outbound.ports, Ports::PerNode(512));
    let cut = bench.world.outbound.cut;
    // 600 - 512 and 900 - 512, less the few that had failed before.
    assert!(cut.abs_diff(476_000_000) < 1_000_000, "{cut}");
    assert!(bench.world.outbound.failing > 4_000_000, "most of what is more than 512 now fails");
}

#[test]
fn nothing_gets_out_where_it_is_blocked() {
    let block = OutboundPlan { kind: OutboundType::Block, ..OutboundPlan::load_balancer(0) };
    let bench = with_pods(block, 1);
    assert_eq!((bench.world.outbound.rate, bench.world.outbound.failing), (21_000_000, 21_000_000));
    let own = OutboundPlan { kind: OutboundType::UserDefinedRouting, ..block };
    assert_eq!(with_pods(own, 1).world.outbound.failing, 0);
}
