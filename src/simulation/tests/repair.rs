//! What a failed cluster or pool takes until it is repaired, and what repairs it.

use super::super::*;
use super::operations::{at, hours, ready, run, serving, shop, upgrade};
use crate::cluster::testing::{budget, version};
use crate::cluster::{OperationId, OperationState, ProvisioningState};
use crate::kernel::Id;
use crate::scenario::plan::{
    AllocationCode, BudgetRule, FaultKind, FaultPlan, IntOrPercent, OperationKind, PoolChange, SettingsChange,
    UpgradeChange,
};

/// For an hour no VM of the pool `apps` is to be had.
fn no_capacity(from: u64) -> FaultPlan {
    FaultPlan {
        name: "0".into(),
        at: hours(from),
        until: Some(hours(from + 1)),
        rate: None,
        kind: FaultKind::AllocationFailure {
            pool: Some(0),
            zone: None,
            vm_size: None,
            code: Some(AllocationCode::AllocationFailed),
            probability: 1.0,
        },
    }
}

fn refusal_of(world: &World, index: usize) -> Option<&str> {
    match &world.operations[OperationId::from_index(index)].state {
        OperationState::Refused(why) => {
            assert_eq!(why.code, "OperationNotAllowed");
            Some(&why.message)
        }
        _ => None,
    }
}

#[test]
fn a_failed_cluster_is_neither_scaled_nor_upgraded_until_the_same_upgrade_repairs_it() {
    let upgrade = |minor, pools: &[usize], force, whole_cluster| OperationKind::Upgrade {
        version: Some(version(minor)),
        pools: pools.to_vec(),
        force,
        whole_cluster,
    };
    let scale = |pool, count| OperationKind::Scale { pool, count };
    let mut plan = shop(vec![
        at(1, upgrade(35, &[0, 1], false, true)),
        at(3, scale(0, 4)),
        at(3, scale(1, 2)),
        at(3, upgrade(36, &[0, 1], false, true)),
        at(3, upgrade(35, &[1], false, false)),
        at(4, upgrade(35, &[0, 1], true, true)),
        at(8, scale(0, 4)),
    ]);
    // The Deployment's budget never lets go of more than it has: the drain times out.
    plan.budgets = vec![budget(BudgetRule::MinAvailable(IntOrPercent::Int(10)))];
    let simulation = run(plan, 9);
    let world = simulation.world();
    assert!(matches!(world.operations[OperationId::from_index(0)].state, OperationState::Failed(_)));
    let refused = |index| refusal_of(world, index).is_some_and(|why| why.contains("in a failed state"));
    assert!((1..=4).all(refused), "{:?}", world.operations.iter().map(|(_, row)| &row.state).collect::<Vec<_>>());
    assert_eq!(world.operations[OperationId::from_index(5)].state, OperationState::Succeeded);
    assert_eq!(world.operations[OperationId::from_index(6)].state, OperationState::Succeeded);
    assert_eq!((world.state, ready(world, 0), ready(world, 1)), (ProvisioningState::Succeeded, 4, 1));
}

#[test]
fn a_pool_that_could_not_grow_is_upgraded_when_a_scale_has_repaired_it() {
    let scale = |count| OperationKind::Scale { pool: 0, count };
    let mut plan = shop(vec![
        at(1, upgrade(35, &[])),
        at(2, scale(4)),
        at(3, upgrade(35, &[0])),
        at(4, scale(4)),
        at(5, upgrade(35, &[0])),
    ]);
    plan.faults = vec![no_capacity(2)];
    let simulation = run(plan, 7);
    let world = simulation.world();
    let state = |index| &world.operations[OperationId::from_index(index)].state;
    assert!(matches!(state(1), OperationState::Failed(_)));
    assert!(refusal_of(world, 2).is_some_and(|why| why.contains("by an upgrade to its version 1.34 again")));
    assert_eq!([state(3), state(4)], [&OperationState::Succeeded, &OperationState::Succeeded]);
    assert_eq!(ready(world, 0), 4);
}

#[test]
fn what_an_upgrade_broke_only_the_upgrade_repairs() {
    let upgrade = |version, pools: &[usize], force| OperationKind::Upgrade {
        version,
        pools: pools.to_vec(),
        force,
        whole_cluster: false,
    };
    let drain = UpgradeChange { drain_timeout: Some(SimDuration::from_mins(5)), ..UpgradeChange::default() };
    let change = SettingsChange { upgrade: drain, ..SettingsChange::default() };
    let update = OperationKind::UpdatePool { pool: 0, change: PoolChange::Settings(change) };
    let scale = || OperationKind::Scale { pool: 0, count: 4 };
    // With the control plane, of the pool alone, or of its image: the cluster itself is sound.
    for version in [Some(version(35)), None] {
        let mut plan = shop(vec![
            at(1, upgrade(version, &[0], false)),
            at(3, update.clone()),
            at(4, scale()),
            at(4, OperationKind::Scale { pool: 1, count: 2 }),
            at(5, upgrade(version, &[0], true)),
            at(8, scale()),
        ]);
        plan.budgets = vec![budget(BudgetRule::MinAvailable(IntOrPercent::Int(10)))];
        let simulation = run(plan, 10);
        let world = simulation.world();
        let state = |index| &world.operations[OperationId::from_index(index)].state;
        assert!(matches!(state(0), OperationState::Failed(_)), "{:?}", state(0));
        assert!(refusal_of(world, 2).is_some_and(|why| why.contains("in a failed state")), "{:?}", state(2));
        for index in [1, 3, 4, 5] {
            assert_eq!(state(index), &OperationState::Succeeded, "{index} of {version:?}");
        }
        assert_eq!((world.state, ready(world, 0)), (ProvisioningState::Succeeded, 4));
    }
}

#[test]
fn the_repair_of_a_cluster_that_was_not_created_whole_brings_its_nodes() {
    let mut plan = shop(vec![
        at(1, OperationKind::CreateCluster),
        at(3, OperationKind::Scale { pool: 1, count: 2 }),
        at(
            4,
            OperationKind::Upgrade { version: Some(version(34)), pools: vec![0, 1], force: false, whole_cluster: true },
        ),
    ]);
    plan.faults = vec![no_capacity(1)];
    let simulation = run(plan, 6);
    let world = simulation.world();
    let state = |index| &world.operations[OperationId::from_index(index)].state;
    assert!(matches!(state(0), OperationState::Failed(_)));
    assert!(refusal_of(world, 1).is_some());
    assert_eq!((state(2), world.state), (&OperationState::Succeeded, ProvisioningState::Succeeded));
    assert_eq!((ready(world, 0), ready(world, 1), serving(world)), (2, 1, 11));
}
