//! Upgrades that AKS asks for by itself, and maintenance windows.

use super::super::*;
use super::operations::{assert_succeeded, at, hours, run, shop};
use crate::cluster::testing::budget;
use crate::cluster::{OperationId, OperationState};
use crate::kernel::{Id, Streams};
use crate::preflight::Course;
use crate::scenario::plan::{
    AvailableVersion, BudgetRule, IntOrPercent, NodeOsChannel, OperationKind, OperationPlan, Plan, UpgradeChannel,
    Window,
};

/// A window from one hour to another.
fn window(opens: u64, closes: u64) -> Window {
    Window { opens: hours(opens), closes: hours(closes) }
}

/// A cluster of the channel `rapid` with `nodes` application nodes, to which 1.35 comes in the third hour, and these windows.
fn rapid(nodes: u32, windows: Option<Vec<Window>>) -> Plan {
    let mut plan = shop(Vec::new());
    plan.duration = SimDuration::from_hours(14 * 24);
    plan.cluster.pools[0].count = nodes;
    let available = |minor, from| AvailableVersion { version: crate::cluster::testing::version(minor), from };
    plan.maintenance.channel = UpgradeChannel::Rapid;
    plan.maintenance.available = vec![available(34, SimTime::ZERO), available(35, hours(3))];
    plan.maintenance.auto_upgrade = windows;
    plan
}

/// With application nodes that take seven minutes each.
fn slowly(mut plan: Plan) -> Plan {
    plan.cluster.pools[0].upgrade.soak = SimDuration::from_mins(5);
    plan
}

/// What AKS asked for by itself: when in hours, of how many pools, and whether it ended well.
fn asked_by_aks(world: &World) -> Vec<(u64, usize, bool)> {
    let own = world.operations.iter().map(|(_, operation)| operation).filter(|own| own.auto_upgrade.is_some());
    own.map(|own| {
        let OperationKind::Upgrade { pools, .. } = &own.request.kind else {
            panic!("{:?} is no upgrade", own.request);
        };
        let hour = own.asked.expect("AKS asks at once").micros() / 3_600_000_000;
        (hour, pools.len(), own.state == OperationState::Succeeded)
    })
    .collect()
}

#[test]
fn an_auto_upgrade_waits_for_its_window() {
    let simulation = run(rapid(2, Some(vec![window(1, 2), window(8, 12), window(20, 24)])), 30);
    let world = simulation.world();
    assert_eq!(asked_by_aks(world), [(8, 2, true)], "1.35 is not there in the first window, and here before the third");
    assert!(world.live_nodes.iter().all(|node| world.nodes[*node].version == crate::cluster::testing::version(35)));
}

#[test]
fn without_a_schedule_an_auto_upgrade_comes_within_the_day() {
    let simulation = run(rapid(2, None), 40);
    let asked = asked_by_aks(simulation.world());
    assert!(matches!(asked[..], [(3..27, 2, true)]), "{asked:?}");
}

#[test]
fn a_pool_that_was_not_begun_when_the_window_closed_waits_for_the_next_one_and_work_under_way_goes_on() {
    let simulation = run(slowly(rapid(12, Some(vec![window(4, 5), window(28, 32)]))), 40);
    let world = simulation.world();
    assert_eq!(asked_by_aks(world), [(4, 2, false), (28, 1, true)]);
    let first = world.operations.iter().next().map(|(_, operation)| operation).unwrap();
    assert!(
        matches!(&first.state, OperationState::Canceled(why) if why.message.contains("system waits")),
        "{:?}",
        first.state
    );
    assert!(first.ended > Some(hours(5)), "the pool that had begun was upgraded to its end");
    assert!(first.nodes_left.is_some_and(|left| (2..13).contains(&left)), "{:?}", first.nodes_left);
    assert!(world.live_nodes.iter().all(|node| world.nodes[*node].version == crate::cluster::testing::version(35)));
}

#[test]
fn an_aborted_auto_upgrade_is_finished_in_the_next_window() {
    let mut plan = slowly(rapid(12, Some(vec![window(4, 8), window(28, 32)])));
    plan.operations = vec![at(5, OperationKind::Abort { pool: None })];
    let simulation = run(plan, 40);
    let world = simulation.world();
    assert_eq!(asked_by_aks(world), [(4, 2, false), (28, 2, true)]);
    assert!(world.live_nodes.iter().all(|node| world.nodes[*node].version == crate::cluster::testing::version(35)));
}

#[test]
fn an_auto_upgrade_that_failed_is_tried_again_and_so_are_the_nodes_that_it_left_behind() {
    let mut plan = rapid(3, Some(vec![window(4, 8), window(28, 32), window(52, 56)]));
    plan.cluster.pools[0].upgrade.drain_timeout = SimDuration::from_mins(5);
    plan.budgets = vec![budget(BudgetRule::MinAvailable(IntOrPercent::Percent(100)))];
    let simulation = run(plan, 60);
    let asked = asked_by_aks(simulation.world());
    assert_eq!(asked, [(4, 2, false), (28, 2, false), (52, 2, false)]);
}

#[test]
fn without_a_schedule_of_its_own_an_auto_upgrade_is_not_cut_off_by_another_one() {
    let mut plan = slowly(rapid(12, None));
    plan.maintenance.default = Some((0..40).map(|hour| window(hour, hour + 1)).collect());
    let simulation = run(plan, 40);
    let world = simulation.world();
    assert!(matches!(asked_by_aks(world)[..], [(3..27, 2, true)]), "{:?}", asked_by_aks(world));
    assert!(world.operations.iter().all(|(_, operation)| operation.window_closes.is_none()));
}

#[test]
fn a_second_step_follows_in_the_same_window() {
    let mut plan = rapid(1, Some(vec![window(4, 16)]));
    let available = AvailableVersion { version: crate::cluster::testing::version(36), from: hours(3) };
    plan.maintenance.available.push(available);
    let simulation = run(plan, 30);
    assert_eq!(simulation.world().version, available.version);
    assert!(matches!(asked_by_aks(simulation.world())[..], [(4, 2, true), (4.., 2, true)]));
}

#[test]
fn a_manual_upgrade_ignores_windows_and_is_measured_against_them() {
    let upgrade = |version| OperationKind::Upgrade { version, pools: vec![0], force: false, whole_cluster: false };
    let next = crate::cluster::testing::version(35);
    let asked = vec![
        at(2, OperationKind::Upgrade { version: Some(next), pools: vec![0, 1], force: false, whole_cluster: false }),
        at(6, upgrade(None)),
    ];
    let mut plan = shop(asked);
    plan.cluster.pools[0].count = 12;
    plan.maintenance.auto_upgrade = Some(vec![window(1, 3)]);
    let simulation = run(slowly(plan), 12);
    let world = simulation.world();
    assert_succeeded(world);
    let (first, second) = (OperationId::from_index(0), OperationId::from_index(1));
    assert_eq!(world.operations[first].window_closes, Some(hours(3)));
    assert!(!world.operations[first].fitted() && world.operations[first].nodes_left.is_some_and(|left| left > 0));
    assert_eq!(world.operations[second].window_closes, None, "it was asked for outside of windows");
}

#[test]
fn node_images_are_renewed_every_week_in_the_windows_for_them() {
    let mut plan = shop(Vec::new());
    plan.duration = SimDuration::from_hours(21 * 24);
    plan.maintenance.node_os_channel = NodeOsChannel::NodeImage;
    plan.maintenance.node_os = Some((0..3).map(|week| window(week * 168 + 100, week * 168 + 104)).collect());
    let simulation = run(plan, 20 * 24);
    let asked = asked_by_aks(simulation.world());
    assert!(
        asked.len() >= 2 && asked.iter().all(|(hour, pools, well)| hour % 168 >= 100 && *pools == 2 && *well),
        "{asked:?}"
    );
}

#[test]
fn with_a_channel_the_control_plane_is_not_upgraded_alone() {
    let next = crate::cluster::testing::version(35);
    let alone = |pools| OperationKind::Upgrade { version: Some(next), pools, force: false, whole_cluster: false };
    let mut plan = rapid(1, Some(Vec::new()));
    plan.operations = vec![at(1, alone(Vec::new())), at(2, alone(vec![0])), at(3, alone(vec![0, 1]))];
    let simulation = run(plan, 6);
    let states: Vec<&OperationState> = simulation.world().operations.iter().map(|(_, row)| &row.state).collect();
    let refused = |state: &OperationState| matches!(state, OperationState::Refused(why) if why.code == "NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged");
    assert!(refused(states[0]) && refused(states[1]) && *states[2] == OperationState::Succeeded, "{states:?}");
}

#[test]
fn without_a_schedule_an_operation_that_ends_brings_no_auto_upgrade_but_one_that_was_in_its_way_does() {
    let scale = |hour, count| at(hour, OperationKind::Scale { pool: 0, count });
    let asked = |plan| asked_by_aks(run(plan, 40).world());
    let expected = asked(rapid(2, None));
    let mut plan = rapid(2, None);
    plan.operations = vec![scale(3, 3)];
    assert_eq!(asked(plan), expected);
    let hour = expected[0].0;
    let mut plan = slowly(rapid(30, None));
    let image = OperationKind::Upgrade { version: None, pools: vec![0], force: false, whole_cluster: false };
    plan.operations = vec![at(hour - 1, image)];
    assert!(matches!(asked(plan)[..], [(_, 2, false), (later, 2, true)] if later < hour + 6));
}

#[test]
fn a_cluster_that_is_started_in_an_open_window_is_upgraded_in_it() {
    let mut plan = rapid(2, Some(vec![window(4, 12)]));
    plan.operations = vec![at(1, OperationKind::StopCluster), at(7, OperationKind::StartCluster)];
    assert_eq!(asked_by_aks(run(plan, 20).world()), [(7, 2, true)]);
}

/// supported-kubernetes-versions.md, 2026-08-05: in March 2026 the oldest supported version is 1.32.
#[test]
fn a_channel_takes_a_cluster_that_fell_out_of_support_to_the_oldest_supported_version_first() {
    let old = crate::cluster::testing::version(29);
    let mut plan = rapid(1, Some(vec![window(4, 16)]));
    plan.start = "2026-03-07T00:00:00[UTC]".parse().unwrap();
    plan.cluster.version = old;
    plan.cluster.pools.iter_mut().for_each(|pool| pool.version = old);
    plan.maintenance.available = (29..=33)
        .map(|minor| AvailableVersion { version: crate::cluster::testing::version(minor), from: SimTime::ZERO })
        .collect();
    let simulation = run(plan, 30);
    assert!(matches!(asked_by_aks(simulation.world())[..], [(4, 2, true), (4.., 2, true)]));
    assert_eq!(simulation.world().version, crate::cluster::testing::version(33));
}

#[test]
fn a_version_that_the_scenario_says_is_available_is_offered_whatever_the_calendar_says() {
    let mut plan = rapid(1, Some(vec![window(4, 16)]));
    plan.start = "2025-12-01T00:00:00[UTC]".parse().unwrap();
    assert_eq!(asked_by_aks(run(plan.clone(), 20).world()), [], "1.35 comes as a preview in February");
    plan.maintenance.available_is_written = true;
    assert_eq!(asked_by_aks(run(plan, 20).world()), [(4, 2, true)]);
}

#[test]
fn a_channel_upgrades_a_cluster_with_a_spot_pool() {
    let mut plan = rapid(1, Some(vec![window(4, 16)]));
    plan.cluster.pools[0].spot = true;
    assert_eq!(asked_by_aks(run(plan, 20).world()), [(4, 2, true)]);
}

/// roll-back-node-pool-version.md, 2026-08-05.
#[test]
fn with_a_channel_no_pool_is_rolled_back() {
    let mut plan = rapid(1, Some(vec![window(4, 8)]));
    plan.operations = vec![at(10, OperationKind::Rollback { pool: 0 })];
    let simulation = run(plan, 12);
    let state = &simulation.world().operations[OperationId::from_index(0)].state;
    assert!(matches!(state, OperationState::Refused(why) if why.message.contains("auto-upgrade channel")), "{state:?}");
}

#[test]
fn of_an_upgrade_that_is_resumed_only_the_nodes_that_the_first_one_left_are_still_to_upgrade() {
    let version = Some(crate::cluster::testing::version(35));
    let upgrade = || OperationKind::Upgrade { version, pools: vec![0, 1], force: false, whole_cluster: false };
    let mut plan = slowly(shop(vec![at(1, upgrade()), at(2, OperationKind::Abort { pool: None }), at(5, upgrade())]));
    plan.cluster.pools[0].count = 12;
    let minutes = |minutes| SimTime::after_start(SimDuration::from_mins(minutes));
    plan.maintenance.auto_upgrade = Some(vec![Window { opens: hours(5), closes: minutes(5 * 60 + 1) }]);
    let simulation = run(plan, 8);
    let resumed = &simulation.world().operations[OperationId::from_index(2)];
    assert_eq!(resumed.state, OperationState::Succeeded);
    assert!(resumed.nodes_left.is_some_and(|left| (2..12).contains(&left)), "{:?}", resumed.nodes_left);
}

#[test]
fn a_refused_upgrade_does_not_fit_the_window_that_it_was_asked_in() {
    let upgrade = OperationKind::Upgrade {
        version: Some(crate::cluster::testing::version(36)),
        pools: vec![0, 1],
        force: false,
        whole_cluster: false,
    };
    let mut plan = shop(vec![at(5, upgrade)]);
    plan.maintenance.auto_upgrade = Some(vec![window(4, 8)]);
    let simulation = run(plan, 9);
    let refused = &simulation.world().operations[OperationId::from_index(0)];
    assert!(matches!(refused.state, OperationState::Refused(_)));
    assert_eq!((refused.window_closes, refused.nodes_left), (Some(hours(8)), None));
    assert!(!refused.fitted());
}

#[test]
fn an_upgrade_is_aborted_as_one_of_the_cluster_or_by_the_pool_in_progress() {
    let upgrade = |version| OperationKind::Upgrade { version, pools: vec![0, 1], force: false, whole_cluster: true };
    let next = Some(crate::cluster::testing::version(35));
    for (version, pool) in [(None, None), (None, Some(0)), (next, None), (next, Some(0))] {
        let mut plan = slowly(shop(vec![at(1, upgrade(version)), at(2, OperationKind::Abort { pool })]));
        plan.cluster.pools[0].count = 20;
        let simulation = run(plan, 6);
        let states: Vec<&OperationState> = simulation.world().operations.iter().map(|(_, row)| &row.state).collect();
        assert!(
            matches!(states[..], [OperationState::Canceled(_), OperationState::Succeeded]),
            "{version:?}: {states:?}"
        );
    }
}

/// The windows touch, as those of 24 hours a day do.
#[test]
fn in_a_window_that_stays_open_a_failed_auto_upgrade_is_asked_for_again_a_day_later() {
    let mut plan = slowly(rapid(12, Some(vec![window(4, 100)])));
    plan.operations = vec![at(5, OperationKind::Abort { pool: None })];
    let simulation = run(plan, 40);
    assert_eq!(asked_by_aks(simulation.world()), [(4, 2, false), (28, 2, true)]);
}

#[test]
fn an_auto_upgrade_that_another_operation_was_in_the_way_of_follows_it() {
    let mut plan = rapid(1, Some(vec![window(4, 8), window(28, 32)]));
    plan.operations = vec![OperationPlan {
        at: SimTime::after_start(SimDuration::from_mins(239)),
        kind: OperationKind::Upgrade { version: None, pools: vec![1], force: false, whole_cluster: false },
        asked_by: None,
        condition: None,
    }];
    let simulation = run(plan, 40);
    assert_eq!(asked_by_aks(simulation.world()), [(4, 2, false), (4, 2, true)]);
}

/// What the preflight foretells of a channel with a schedule is what happens, for any windows, versions and operations: when, of which
/// pools, to which version.
#[test]
fn what_the_preflight_foretells_of_a_channel_is_what_happens() {
    let mut draws = Streams::new(5).stream("test", "channels");
    let mut upgrades = 0;
    for seed in 0..60 {
        let mut plan = rapid(1 + draws.below(3) as u32, None);
        plan.maintenance.channel =
            [UpgradeChannel::Patch, UpgradeChannel::Stable, UpgradeChannel::Rapid][draws.below(3) as usize];
        let version = |text: &str| text.parse().expect("a version");
        let mut from =
            [("1.34.1", 0), ("1.34.2", draws.below(200)), ("1.35.0", draws.below(200)), ("1.36.0", draws.below(300))]
                .map(|(text, hour)| AvailableVersion { version: version(text), from: hours(hour) });
        from.sort_by_key(|available| available.from);
        plan.maintenance.available = from.into();
        plan.cluster.version = version("1.34.1");
        plan.cluster.pools.iter_mut().for_each(|pool| pool.version = version("1.34.1"));
        // Long enough for all, so that none is cut short.
        let every = 12 + draws.below(60);
        plan.maintenance.auto_upgrade =
            Some((0..300 / every).map(|day| window(day * every, day * every + 8)).collect());
        let plan = Arc::new(plan);
        let course = Course::of(&plan);
        let foretold: Vec<(SimTime, OperationKind)> =
            course.steps.iter().map(|step| (step.at, step.kind.clone())).collect();
        assert!(course.steps.iter().all(|step| step.refused.is_none()), "seed {seed}");
        let mut simulation = Simulation::new(&plan, seed);
        simulation.run(&mut super::operations::Nobody);
        let asked = simulation
            .world()
            .operations
            .iter()
            .map(|(_, own)| (own.asked.expect("at once"), own.request.kind.clone()));
        let asked: Vec<(SimTime, OperationKind)> = asked.collect();
        let kinds = |steps: &[(SimTime, OperationKind)]| steps.iter().map(|(_, kind)| kind.clone()).collect::<Vec<_>>();
        assert_eq!(kinds(&asked), kinds(&foretold), "seed {seed}");
        // One that follows another in the same window is foretold for its opening.
        let hour = |at: &SimTime| at.micros() / SimDuration::from_hours(1).micros();
        let late: Vec<u64> = asked.iter().zip(&foretold).map(|(own, told)| hour(&own.0) - hour(&told.0)).collect();
        assert!(late.iter().all(|hours| *hours < 8), "seed {seed}: {late:?}");
        assert!(asked.first().map(|own| own.0) == foretold.first().map(|told| told.0), "seed {seed}");
        upgrades += asked.len();
    }
    assert!(upgrades > 60, "{upgrades}");
}
