//! Whole simulations of upgrades: the documented trace pod by pod, and what holds for any pool, settings and budgets.

use super::super::Simulation;
use crate::cluster::testing::{budget, deployment, operations, plan, pool, version};
use crate::cluster::{Event, Fact, NodeId, Observer, OperationId, OperationState, PoolId, World};
use crate::kernel::{EventKey, Id, SimDuration, SimTime, Stream, Streams};
use crate::scenario::plan::{
    BlueGreenSettings, BudgetRule, IntOrPercent, OperationKind, OperationPlan, Plan, PoolMode, PoolPlan,
    UndrainableNodes, UpgradeStrategy,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Remembers every fact with its time, and where each workload's pods were bound, by the numbers of the instances.
#[derive(Default)]
struct Log {
    facts: Vec<(SimTime, Fact)>,
    places: BTreeMap<String, Vec<u32>>,
}

impl Observer for Log {
    fn after_event(&mut self, key: EventKey, _: Event, facts: &[Fact], world: &World) {
        for fact in facts {
            if let Fact::PodScheduled(pod) = fact {
                let node = world.pods[*pod].node.expect("a scheduled pod has a node");
                let name = world.workload_plan(world.pods[*pod].workload).name.clone();
                self.places.entry(name).or_default().push(world.nodes[node].instance);
            }
            self.facts.push((key.at, *fact));
        }
    }
}

impl Log {
    fn count(&self, wanted: impl Fn(&Fact) -> bool) -> usize {
        self.facts.iter().filter(|(_, fact)| wanted(fact)).count()
    }
}

fn simulate(plan: Plan, seed: u64) -> (Simulation, Log) {
    let mut simulation = Simulation::new(&Arc::new(plan), seed);
    let mut log = Log::default();
    simulation.run(&mut log);
    (simulation, log)
}

fn upgrade_at(hours: u64, force: bool) -> OperationPlan {
    let kind = OperationKind::Upgrade { version: Some(version(35)), pools: vec![0], force, whole_cluster: false };
    OperationPlan { at: SimTime::after_start(SimDuration::from_hours(hours)), kind, asked_by: None, condition: None }
}

/// upgrade-conceptual.md, 2026-07-08: nodes N1 with the pods A and B, N2 with C and D, one surge node S. Nodes go in the order
/// N1, N2, S. The page's moves are A to S and B to N2; then B and C to N1 and D to S; in the end A to N1 and D to N2.
///
/// Which of the nodes that are open a pod goes to is the scheduler's choice, and the page says nothing of how it comes to its own;
/// its last list even has B on N2, where none of its moves leads. What the page determines, and what is checked: while a node is
/// drained, its pods go to one of the two others that are in service; nobody else moves; and in the end there are four
/// pods on N1 and N2, which took S along for a time.
#[test]
fn the_documented_upgrade_of_two_nodes_moves_the_pods_of_one_node_at_a_time() {
    for seed in 1..=20 {
        let mut plan = plan(vec![PoolPlan { mode: PoolMode::System, ..pool("apps", 2) }]);
        plan.workloads = ["a", "b", "c", "d"].map(|name| deployment(name, 1)).into();
        plan.operations = vec![upgrade_at(1, false)];
        plan.cluster.system_workloads = false;
        let (simulation, log) = simulate(plan, seed);
        let (n1, n2, s) = (0, 1, 2);
        let drained = log.facts.iter().filter_map(|(_, fact)| match fact {
            Fact::NodeDrained(node, true) => Some(simulation.world.nodes[*node].instance),
            _ => None,
        });
        assert_eq!(drained.collect::<Vec<_>>(), [n1, n2, s], "seed {seed}");
        let mut on_surge = 0;
        for (name, places) in &log.places {
            // Where the pod would be if nothing but the documented order decided: follow it from drain to drain.
            let mut at = 0;
            for node in [n1, n2, s] {
                if places[at] == node {
                    at += 1;
                    assert_ne!(places.get(at), None, "seed {seed}: {name} does not leave {node}: {places:?}");
                    assert_ne!(places[at], node, "seed {seed}: {name} comes back to a node being drained: {places:?}");
                }
            }
            assert_eq!(at + 1, places.len(), "seed {seed}: {name} moves without need: {places:?}");
            assert!([n1, n2].contains(&places[at]), "seed {seed}: {name} ends on {places:?}");
            assert!((2..=4).contains(&places.len()), "seed {seed}: {name} moves {places:?}");
            on_surge += usize::from(places.contains(&s));
        }
        assert_eq!(log.places.len(), 4);
        assert!(on_surge > 0, "seed {seed}: the surge node takes pods");
        let twice = log.places.values().filter(|places| places.len() > 2).count();
        assert!(twice > 0, "seed {seed}: some pod moves twice: {:?}", log.places);
    }
}

/// One of a few.
fn one_of<T: Copy>(draws: &mut Stream, choices: &[T]) -> T {
    choices[draws.below(choices.len() as u64) as usize]
}

/// A plan with a random pool, workloads, budgets and settings, and an upgrade of the pool after two hours.
fn random_plan(draws: &mut Stream) -> Plan {
    let count = 1 + draws.below(6) as u32;
    let mut apps = pool("apps", count);
    let settings = &mut apps.upgrade;
    settings.max_surge = one_of(
        draws,
        &[
            IntOrPercent::Int(0),
            IntOrPercent::Int(1),
            IntOrPercent::Int(2),
            IntOrPercent::Percent(33),
            IntOrPercent::Percent(100),
        ],
    );
    settings.max_unavailable = IntOrPercent::Int(1 + draws.below(2) as u32);
    settings.drain_timeout = SimDuration::from_mins(5);
    settings.soak = SimDuration::from_mins(one_of(draws, &[0, 3]));
    settings.undrainable =
        one_of(draws, &[UndrainableNodes::Uncordon, UndrainableNodes::Replace, UndrainableNodes::Cordon]);
    settings.max_blocked = one_of(draws, &[None, Some(IntOrPercent::Int(2)), Some(IntOrPercent::Percent(100))]);
    if draws.chance(0.3) {
        settings.strategy = UpgradeStrategy::BlueGreen(BlueGreenSettings {
            drain_batch: one_of(draws, &[IntOrPercent::Int(1), IntOrPercent::Percent(50)]),
            drain_timeout: SimDuration::from_mins(5),
            batch_soak: SimDuration::from_mins(2),
            final_soak: SimDuration::from_mins(10),
        });
    }
    apps.spot = settings.strategy == UpgradeStrategy::Rolling && draws.chance(0.1);
    let mut plan = plan(vec![apps, PoolPlan { mode: PoolMode::System, ..pool("system", 1) }]);
    plan.cluster.subnets[0].prefix = one_of(draws, &["10.224.0.0/24", "10.224.0.0/28"]).parse().expect("a prefix");
    plan.workloads = vec![deployment("web", 1 + draws.below(8) as u32), deployment("worker", draws.below(5) as u32)];
    let rule = one_of(
        draws,
        &[
            BudgetRule::MaxUnavailable(IntOrPercent::Int(1)),
            BudgetRule::MaxUnavailable(IntOrPercent::Percent(25)),
            BudgetRule::MinAvailable(IntOrPercent::Int(1)),
            BudgetRule::MinAvailable(IntOrPercent::Percent(100)),
            BudgetRule::MinAvailable(IntOrPercent::Int(7)),
            BudgetRule::MaxUnavailable(IntOrPercent::Int(0)),
        ],
    );
    if draws.chance(0.9) {
        plan.budgets = vec![budget(rule)];
    }
    // The control plane's upgrade comes first, on its own, since a cluster with a spot pool must do so.
    plan.operations = operations(vec![OperationKind::Upgrade {
        version: Some(version(35)),
        pools: vec![],
        force: false,
        whole_cluster: false,
    }]);
    plan.operations.push(upgrade_at(2, draws.chance(0.3)));
    plan.cluster.system_workloads = false;
    plan
}

/// What holds for any upgrade, whatever became of it.
#[test]
fn any_upgrade_ends_upgrades_each_node_once_and_violates_no_budget_unless_forced() {
    let mut refused = 0;
    let mut outcomes: BTreeMap<&str, u32> = BTreeMap::new();
    for case in 0..400u64 {
        let draws = &mut Streams::new(7).stream("case", &case.to_string());
        let plan = random_plan(draws);
        let OperationKind::Upgrade { force, .. } = plan.operations[1].kind else { panic!("an upgrade") };
        let settings = plan.cluster.pools[0].upgrade;
        let count = plan.cluster.pools[0].count;
        let (simulation, log) = simulate(plan, case);
        let world = simulation.world();
        let operation = &world.operations[OperationId::from_index(1)];
        let context = format!("case {case}: {settings:?}, force {force}, {count} nodes: {:?}", operation.state);

        let mut reimaged: BTreeMap<NodeId, u32> = BTreeMap::new();
        for (_, fact) in &log.facts {
            if let Fact::NodeReimaged(node) = fact {
                *reimaged.entry(*node).or_default() += 1;
            }
        }
        assert!(reimaged.values().all(|times| *times == 1), "{context}: {reimaged:?}");
        let violated = log.count(|fact| matches!(fact, Fact::BudgetViolated(..)));
        let may_violate = force || settings.undrainable == UndrainableNodes::Replace;
        assert!(may_violate || violated == 0, "{context}: {violated} budgets violated");
        assert_eq!(world.pods.iter().filter(|(_, pod)| pod.node.is_none() && pod.is_pending()).count(), 0, "{context}");

        let members: Vec<NodeId> = world.members(PoolId::from_index(0)).collect();
        let left_behind = members.iter().filter(|node| world.nodes[**node].is_quarantined()).count();
        let surge = members.iter().filter(|node| world.nodes[**node].surge).count();
        let pool = &world.pools[PoolId::from_index(0)];
        let upgraded = |node: &NodeId| world.nodes[*node].version == version(35);
        let kind = match &operation.state {
            OperationState::Succeeded => {
                assert_eq!((members.len(), surge, left_behind), (count as usize, 0, 0), "{context}");
                assert!(members.iter().all(upgraded), "{context}");
                assert!(members.iter().all(|node| !world.nodes[*node].info.unschedulable), "{context}");
                "succeeded"
            }
            OperationState::Failed(why) | OperationState::Canceled(why) => {
                assert!(why.code == "UpgradeFailed" || why.code == "SubnetIsFull", "{context}");
                let blue_green = settings.strategy != UpgradeStrategy::Rolling;
                // Green nodes stay beside blue ones when a drain times out; otherwise only surge nodes that could not be drained do.
                assert!(surge == pool.surge as usize, "{context}");
                if !blue_green && why.code == "UpgradeFailed" {
                    assert_eq!(members.len() - surge, pool.target as usize, "{context}");
                    assert!(pool.target as usize <= count as usize + left_behind, "{context}");
                }
                if matches!(operation.state, OperationState::Canceled(_)) { "canceled" } else { "failed" }
            }
            OperationState::Refused(_) => {
                refused += 1;
                assert_eq!((members.len(), pool.version), (count as usize, version(34)), "{context}");
                assert!(!members.iter().any(upgraded), "{context}");
                assert_eq!(
                    log.count(|fact| matches!(fact, Fact::NodeCordoned(_) | Fact::PodEvicted(_))),
                    0,
                    "{context}"
                );
                "refused"
            }
            other => panic!("{context}: {other:?} after a day"),
        };
        *outcomes.entry(kind).or_default() += 1;
        let bound = SimDuration::from_hours(4);
        let asked = operation.asked.expect("it was asked for");
        assert!(operation.ended.is_some_and(|ended| ended.since(asked) <= bound), "{context}");
    }
    assert!(refused > 0 && outcomes.len() == 4, "{outcomes:?}");
}
