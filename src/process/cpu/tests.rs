use super::*;
use crate::catalog::Catalog;
use crate::cluster::PodPhase;
use crate::cluster::testing::{Bench, deployment, plan, pool};
use crate::kernel::{Id, SimDuration, Streams};
use crate::scenario::plan::{Behaviour, Demand, DemandShape, WorkloadPlan};

#[test]
fn even_shares_add_up_to_the_whole() {
    let whole = MilliCpu::from_millis(1001);
    let shares: Vec<u64> = (0..3).map(|index| even_share(whole, 3, index).millis()).collect();
    assert_eq!(shares, [334, 334, 333]);
}

#[test]
fn a_node_that_gives_half_gives_every_pod_half() {
    let milli = MilliCpu::from_millis;
    assert_eq!(share_of(milli(300), milli(500), milli(1000)), milli(150));
    assert_eq!(share_of(milli(300), milli(1000), milli(1000)), milli(300));
}

fn demanding(name: &str, scope: DemandScope, limit: Option<u64>) -> WorkloadPlan {
    let mut workload = deployment(name, 0);
    let shape = DemandShape::Constant(MilliCpu::ZERO);
    let demand = Demand { shape, noise: 0.0, interval: SimDuration::from_mins(5), scope };
    workload.behaviour = Behaviour { demand: Some(demand), ..workload.behaviour };
    workload.template.cpu_limit = limit.map(MilliCpu::from_millis);
    workload
}

/// The sharing from nothing: what every node is asked for, and the cluster's demand and what is served of it, given what nodes give.
fn plainly(world: &World) -> (Vec<MilliCpu>, MilliCpu, MilliCpu) {
    let mut asked = vec![MilliCpu::ZERO; world.nodes.ids().count()];
    let mut claims = Vec::new();
    let mut total = MilliCpu::ZERO;
    for (workload, state) in world.workloads.iter() {
        let serving: Vec<PodId> = state.pods.iter().copied().filter(|pod| world.pods[*pod].is_serving()).collect();
        let per_pod = scope(world, workload) == DemandScope::Pod;
        let parts = if per_pod { 1 } else { serving.len() };
        total +=
            if per_pod { MilliCpu::from_millis(state.demand.millis() * serving.len() as u64) } else { state.demand };
        for (index, pod) in serving.iter().enumerate() {
            let share = even_share(state.demand, parts, if per_pod { 0 } else { index });
            let wanted = world.template(*pod).cpu_limit.map_or(share, |limit| share.min(limit));
            let node = world.pods[*pod].node.unwrap();
            asked[node.index()] += wanted;
            claims.push((node, wanted));
        }
    }
    let serve =
        |(node, wanted): &(NodeId, MilliCpu)| share_of(*wanted, world.nodes[*node].cpu_used, asked[node.index()]);
    let served = claims.iter().map(serve).fold(MilliCpu::ZERO, |sum, served| sum + served);
    (asked, total, served)
}

/// Pods come, end and terminate, demand moves and banks run dry: sharing what changed comes to what sharing all would.
#[test]
fn a_settlement_of_what_changed_is_a_settlement_of_everything() {
    let mut burstable = pool("burst", 3);
    burstable.scale_set.as_mut().unwrap().vm = Catalog::get().vm_size("Standard_B2ms").unwrap();
    let mut plan = plan(vec![burstable, pool("apps", 3)]);
    plan.workloads =
        vec![demanding("shared", DemandScope::Workload, Some(900)), demanding("own", DemandScope::Pod, None)];
    let mut bench = Bench::new(plan);
    for node in bench.world.live_nodes[..3].iter().copied() {
        bench.world.nodes[node].credits = Some(crate::cluster::Credits::at_first_start(2, 36, SimTime::ZERO));
    }
    let mut stream = Streams::new(1).stream("test", "cpu");
    let mut below = |bound: usize| usize::try_from(stream.below(bound as u64)).unwrap();
    let mut pods: Vec<PodId> = Vec::new();
    let mut throttled = 0;
    for minute in 0..2000 {
        for _ in 0..below(3) {
            match below(4) {
                0 | 1 if pods.len() < 15 => {
                    let node = bench.world.live_nodes[below(6)];
                    let pod = bench.ready_pod(below(2), node);
                    bench.act(|world, ctx| world.serving_changed(pod, ctx));
                    pods.push(pod);
                }
                2 if !pods.is_empty() => {
                    let pod = pods.swap_remove(below(pods.len()));
                    let at_once = below(2) == 0;
                    bench.act(|world, ctx| {
                        if at_once { world.end_pod(pod, PodPhase::Gone, ctx) } else { world.delete_pod(pod, ctx) }
                    });
                }
                _ => {
                    let workload = WorkloadId::from_index(below(2));
                    let level = [12000, 400][workload.index()];
                    bench.world.workloads[workload].demand = MilliCpu::from_millis(below(level) as u64);
                    bench.act(|world, ctx| world.cpu_changed(CpuChange::Demand(workload), ctx));
                }
            }
        }
        bench.run(SimDuration::from_mins(minute), |world, event, ctx| match event {
            Event::SettleCpu => on_settle(world, ctx),
            Event::CreditsTurn(node, turn) => on_credits_turn(world, node, turn, ctx),
            Event::PodDeleted(pod) => ctx.after(SimDuration::from_secs(90), Event::PodGone(pod)),
            Event::PodGone(pod) => world.end_pod(pod, PodPhase::Gone, ctx),
            _ => {}
        });
        let world = &bench.world;
        let (asked, wanted, served) = plainly(world);
        let nodes: Vec<MilliCpu> = world.nodes.iter().map(|(_, node)| node.cpu_wanted).collect();
        assert_eq!((nodes, world.cpu.wanted, world.cpu.served), (asked, wanted, served), "minute {minute}");
        throttled += world
            .nodes
            .iter()
            .filter(|(_, node)| node.credits.as_ref().is_some_and(|bank| bank.is_throttled()))
            .count();
    }
    assert!(throttled > 100, "the test should see empty banks: {throttled}");
}
