//! The scheduler at work when important pods find no room.

use super::*;
use crate::scenario::plan::{BudgetPlan, BudgetRule, IntOrPercent, LabelSelector, Operator, Requirement};

const HIGH: i32 = 1000;

fn important(millis: u64) -> PodTemplate {
    PodTemplate { priority: HIGH, ..pod(millis) }
}

fn preempted(bench: &Bench) -> Vec<PodId> {
    let victim = |fact: &Fact| if let Fact::PodPreempted(pod, _) = fact { Some(*pod) } else { None };
    bench.facts.iter().filter_map(victim).collect()
}

#[test]
fn a_more_important_pod_takes_the_place_of_a_lesser_one_and_waits_until_its_grace_is_over() {
    for minor in [31, 34] {
        let mut bench = Bench::new(minor, vec![pod(1500), important(1500)]);
        let node = bench.add_node(2000, NodePhase::Ready);
        let low = bench.create_pod(0, None);
        bench.run_until(10);
        let high = bench.create_pod(1, None);
        bench.run_until(40);
        assert_eq!(preempted(&bench), [low], "1.{minor}");
        assert!(bench.world.pods[low].preempted && bench.world.pods[low].times.deleted.is_some());
        assert_eq!((bench.node_of(high), bench.world.pods[high].nominated), (None, Some(node)));
        bench.end_pod(low);
        bench.run_until(41);
        assert_eq!((bench.node_of(high), bench.world.pods[high].nominated), (Some(node), None));
    }
}

#[test]
fn a_pod_that_awaits_its_victims_takes_no_more_of_them() {
    let mut bench = Bench::new(34, vec![pod(1500), important(1500), pod(100)]);
    for _ in 0..2 {
        bench.add_node(2000, NodePhase::Ready);
    }
    let lesser: Vec<PodId> = (0..2).map(|_| bench.create_pod(0, None)).collect();
    let small = bench.create_pod(2, None);
    bench.run_until(10);
    let high = bench.create_pod(1, None);
    bench.run_until(20);
    assert_eq!(preempted(&bench).len(), 1);
    // Something else ends, and the pod is tried again in vain.
    bench.end_pod(small);
    bench.run_until(30);
    assert_eq!(preempted(&bench).len(), 1, "{lesser:?}");
    assert!(bench.world.pods[high].nominated.is_some());
}

#[test]
fn a_pod_that_never_preempts_waits() {
    let meek = PodTemplate { never_preempts: true, ..important(1500) };
    let mut bench = Bench::new(34, vec![pod(1500), meek]);
    bench.add_node(2000, NodePhase::Ready);
    bench.create_pod(0, None);
    bench.run_until(10);
    let high = bench.create_pod(1, None);
    bench.run_until(600);
    assert_eq!((preempted(&bench), bench.node_of(high)), (Vec::new(), None));
}

#[test]
fn nobody_goes_where_that_would_not_help() {
    let mut bench = Bench::new(34, vec![pod(1500), important(3000)]);
    bench.add_node(2000, NodePhase::Ready);
    bench.create_pod(0, None);
    bench.run_until(10);
    let high = bench.create_pod(1, None);
    bench.run_until(600);
    assert_eq!((preempted(&bench), bench.world.pods[high].nominated), (Vec::new(), None));
}

#[test]
fn equals_do_not_preempt_each_other() {
    let mut bench = Bench::new(34, vec![important(1500)]);
    bench.add_node(2000, NodePhase::Ready);
    bench.create_pod(0, None);
    bench.create_pod(0, None);
    bench.run_until(60);
    assert!(preempted(&bench).is_empty());
}

#[test]
fn a_nominated_pods_place_is_kept_from_lesser_pods() {
    // Until 1.32 a pod in backoff is not taken early, so that the lesser one is tried while the place is free.
    let mut bench = Bench::new(31, vec![pod(1500), important(1500)]);
    bench.add_node(2000, NodePhase::Ready);
    let low = bench.create_pod(0, None);
    bench.run_until(10);
    let high = bench.create_pod(1, None);
    bench.run_until(11);
    bench.end_pod(low);
    let late = bench.create_pod(0, None);
    bench.run_until(12);
    assert_eq!((bench.node_of(high), bench.node_of(late)), (None, None));
    assert!(bench.facts.contains(&Fact::PodUnschedulable(late)));
    bench.run_until(13);
    assert!(bench.node_of(high).is_some());
    assert_eq!(bench.node_of(late), None);
}

#[test]
fn a_nomination_gives_way_to_a_still_more_important_pod() {
    let urgent = PodTemplate { priority: 2 * HIGH, ..pod(1500) };
    let mut bench = Bench::new(34, vec![pod(1500), important(1500), urgent]);
    let node = bench.add_node(2000, NodePhase::Ready);
    let low = bench.create_pod(0, None);
    bench.run_until(10);
    let high = bench.create_pod(1, None);
    bench.run_until(20);
    let urgent = bench.create_pod(2, None);
    bench.run_until(30);
    assert_eq!(preempted(&bench), [low]);
    let nominated = |pod: PodId| bench.world.pods[pod].nominated;
    assert_eq!((nominated(high), nominated(urgent)), (None, Some(node)));
}

#[test]
fn a_budget_is_violated_only_when_nothing_else_helps() {
    for (spare, expected) in [(true, false), (false, true)] {
        let app = |name: &str| PodTemplate { labels: [("app".to_owned(), name.to_owned())].into(), ..pod(1500) };
        let mut plan = plan(34, vec![app("kept"), app("spare"), important(1500)]);
        let requirement = Requirement { key: "app".into(), operator: Operator::In, values: vec!["kept".into()] };
        plan.budgets = vec![BudgetPlan {
            namespace: "default".into(),
            name: "kept".into(),
            selector: LabelSelector { requirements: vec![requirement] },
            rule: BudgetRule::MaxUnavailable(IntOrPercent::Int(0)),
        }];
        let mut bench = Bench::of(plan);
        bench.add_node(2000, NodePhase::Ready);
        let kept = bench.create_pod(0, None);
        if spare {
            bench.add_node(2000, NodePhase::Ready);
            bench.create_pod(1, None);
        }
        bench.run_until(10);
        bench.create_pod(2, None);
        bench.run_until(20);
        assert_eq!(preempted(&bench).len(), 1);
        assert_eq!(preempted(&bench).contains(&kept), expected);
    }
}
