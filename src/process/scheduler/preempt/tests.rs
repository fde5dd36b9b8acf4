//! Table cases: who has to go from a node, and which node is chosen.

use super::choice::choose;
use super::dry_run::{Allowance, Candidate, DryRun, Place, RunningPod};
use super::*;
use crate::catalog::KubernetesVersion;
use crate::cluster::WorkloadId;
use crate::kernel::{SimDuration, SimTime};
use crate::placement::{Cycle, PodView, Rules};
use crate::scenario::plan::{PodTemplate, SchedulerPlan};
use crate::units::{Bytes, MilliCpu, Resources};
use std::collections::BTreeMap;

fn resources(millis: u64) -> Resources {
    Resources { cpu: MilliCpu::from_millis(millis), memory: Bytes::from_gib(1), pods: 1, ..Resources::default() }
}

fn template(millis: u64, priority: i32) -> PodTemplate {
    PodTemplate { requests: resources(millis), priority, ..PodTemplate::default() }
}

/// Pod number `pod`, of workload number `pod`, started at this second.
fn running(pod: usize, priority: i32, started: u64) -> RunningPod {
    RunningPod {
        pod: PodId::from_index(pod),
        workload: WorkloadId::from_index(pod),
        priority,
        started: SimTime::after_start(SimDuration::from_secs(started)),
        terminating: false,
    }
}

/// The numbers of the victims, and the violations, when a pod of `wanted` millicores comes to a node of 4000 full of these pods
/// (millicores, priority, start); `budgets` are numbers of pods with what their budget allows.
fn dry_run(wanted: u64, pods: &[(u64, i32, u64)], budgets: &[(&[usize], u32)]) -> Option<(Vec<usize>, usize)> {
    let templates: Vec<PodTemplate> = pods.iter().map(|(millis, priority, _)| template(*millis, *priority)).collect();
    let room = Resources { memory: Bytes::from_gib(64), pods: 110, ..resources(4000) };
    let mut node = NodeInfo::new("node", BTreeMap::new(), Vec::new(), room);
    for (index, template) in templates.iter().enumerate() {
        node.add(WorkloadId::from_index(index), template);
    }
    let (wanted, profile) = (template(wanted, 1000), SchedulerPlan::default());
    let cycle = Cycle {
        pod: PodView::of(&wanted),
        nodes: &[&node],
        templates: &templates,
        profile: &profile,
        rules: Rules::of(KubernetesVersion::minor(34)),
    };
    let mut allowance = Allowance::default();
    for (number, (pods, allowed)) in budgets.iter().enumerate() {
        let workloads: Vec<WorkloadId> = pods.iter().map(|pod| WorkloadId::from_index(*pod)).collect();
        allowance.add(number, *allowed, &workloads);
    }
    let pods = pods.iter().enumerate().map(|(pod, (_, priority, started))| running(pod, *priority, *started)).collect();
    let filters = Filters::prepare(&cycle).ok()?;
    let candidate =
        DryRun { cycle: &cycle, filters, allowance }.on(&Place { position: 0, pods, promised: Vec::new() })?;
    Some((candidate.victims.iter().map(|victim| victim.pod.index()).collect(), candidate.violations))
}

#[test]
fn the_least_important_pods_go_and_no_more_than_needed() {
    for (wanted, pods, victims) in [
        (1000, vec![(2000, 5, 0), (2000, 1, 0)], vec![1]),
        // Of equals the one that started last.
        (1000, vec![(2000, 0, 20), (2000, 0, 10)], vec![0]),
        // The first that does not fit back in goes, although a smaller one might have done.
        (3000, vec![(1000, 2, 0), (2000, 1, 0), (1000, 0, 0)], vec![1, 2]),
        (3500, vec![(1000, 2, 0), (2000, 1, 0), (500, 0, 0)], vec![0, 1]),
        (4000, vec![(1000, 1, 5), (1000, 1, 1), (1000, 7, 9)], vec![2, 1, 0]),
    ] {
        assert_eq!(dry_run(wanted, &pods, &[]), Some((victims, 0)), "{wanted} {pods:?}");
    }
}

#[test]
fn a_node_that_is_too_small_even_when_empty_is_no_candidate() {
    assert_eq!(dry_run(4001, &[(4000, 0, 0)], &[]), None);
}

#[test]
fn pods_that_a_budget_keeps_are_put_back_before_the_others() {
    let pods = [(2000, 0, 0), (2000, 500, 0)];
    // Without a budget the less important pod goes; with one that allows nothing the more important.
    assert_eq!(dry_run(1000, &pods, &[]), Some((vec![0], 0)));
    assert_eq!(dry_run(1000, &pods, &[(&[0], 0)]), Some((vec![1], 0)));
    assert_eq!(dry_run(1000, &pods, &[(&[0], 1)]), Some((vec![0], 0)));
    assert_eq!(dry_run(3000, &pods, &[(&[0], 0)]), Some((vec![1, 0], 1)));
}

#[test]
fn a_budget_is_used_up_by_the_most_important_pods_first() {
    // It allows one disruption: of its two pods the less important one is the violation, and is put back first.
    let pods = [(2000, 3, 0), (2000, 1, 0)];
    assert_eq!(dry_run(1000, &pods, &[(&[0, 1], 1)]), Some((vec![0], 0)));
    // The pod is in two budgets: one that forbids is enough.
    assert_eq!(dry_run(4000, &pods[..1], &[(&[0], 5), (&[0], 0)]), Some((vec![0], 1)));
}

fn candidate(position: usize, violations: usize, victims: &[(i32, u64)]) -> Candidate {
    let victims = victims.iter().map(|(priority, started)| running(0, *priority, *started)).collect();
    Candidate { position, victims, violations }
}

/// The position of the chosen one among candidates with these violations and victims (priority, start).
fn chosen(candidates: &[(usize, Vec<(i32, u64)>)]) -> usize {
    let list = candidates.iter().enumerate().map(|(at, (violations, victims))| candidate(at, *violations, victims));
    choose(list.collect()).expect("there are candidates").position
}

#[test]
fn the_node_whose_victims_weigh_least_is_chosen() {
    for (rule, worse, better) in [
        ("fewest violations", (1, vec![(0, 0)]), (0, vec![(900, 0), (900, 0)])),
        ("smallest highest priority", (0, vec![(5, 0)]), (0, vec![(4, 0), (4, 0), (4, 0)])),
        ("smallest sum", (0, vec![(5, 0), (4, 0)]), (0, vec![(5, 0), (3, 0)])),
        ("a victim of negative priority weighs too", (0, vec![(5, 0), (-100, 0)]), (0, vec![(5, 0)])),
        ("latest start of the most important", (0, vec![(5, 10), (1, 99)]), (0, vec![(5, 20), (1, 0)])),
        ("earliest of the most important counts", (0, vec![(5, 10), (5, 90)]), (0, vec![(5, 20), (5, 30)])),
    ] {
        assert_eq!(chosen(&[worse.clone(), better.clone()]), 1, "{rule}");
        assert_eq!(chosen(&[better, worse]), 0, "{rule}");
    }
    let same = (0, vec![(1, 1)]);
    assert_eq!(chosen(&[same.clone(), same]), 0, "of equals the first");
}

#[test]
fn a_hundred_candidates_or_a_tenth_are_enough() {
    for (nodes, wanted) in [(0, 0), (1, 1), (99, 99), (100, 100), (500, 100), (2000, 200)] {
        assert_eq!(candidates_to_find(nodes), wanted, "{nodes} nodes");
    }
}
