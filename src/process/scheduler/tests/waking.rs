//! Which changes have a waiting pod tried again.

use super::*;
use crate::scenario::plan::{LabelSelector, Operator, PodAffinity, PodAffinityTerm, Requirement};

/// The label `app` with this value.
fn labelled(app: &str, template: PodTemplate) -> PodTemplate {
    PodTemplate { labels: [("app".to_owned(), app.to_owned())].into(), ..template }
}

/// Pods with this value of the label `app` on the same host.
fn on_the_host_of(app: &str) -> PodAffinityTerm {
    let values = vec![app.into()];
    let requirement = Requirement { key: "app".into(), operator: Operator::In, values };
    PodAffinityTerm {
        topology_key: "kubernetes.io/hostname".into(),
        selector: Some(LabelSelector { requirements: vec![requirement] }),
        namespaces: None,
    }
}

/// Adds a Ready node that has a host name.
fn add_host(bench: &mut Bench) -> NodeId {
    let node = bench.add_node(2000, NodePhase::Ready);
    let name = bench.world.nodes[node].info.name.to_string();
    bench.world.nodes[node].info.labels = Arc::new([("kubernetes.io/hostname".to_owned(), name)].into());
    node
}

fn tries(bench: &Bench, pod: PodId) -> usize {
    bench.facts.iter().filter(|fact| **fact == Fact::PodUnschedulable(pod)).count()
}

#[test]
fn a_pod_that_wants_company_is_woken_when_that_is_bound() {
    for minor in [31, 32, 34] {
        let affinity = PodAffinity { required: vec![on_the_host_of("db")], ..PodAffinity::default() };
        let web = labelled("web", PodTemplate { pod_affinity: affinity, ..pod(100) });
        let mut bench = Bench::new(minor, vec![web, labelled("db", pod(100)), labelled("other", pod(100))]);
        add_host(&mut bench);
        let web = bench.create_pod(0, None);
        bench.run_until(20);
        bench.create_pod(2, None);
        bench.run_until(40);
        assert_eq!(tries(&bench, web), 1, "1.{minor}: somebody else's binding is none of its business");
        bench.create_pod(1, None);
        bench.run_until(41);
        assert!(bench.node_of(web).is_some(), "1.{minor}");
    }
}

#[test]
fn a_pod_kept_away_by_anti_affinity_is_woken_when_the_pod_it_avoids_is_gone() {
    let affinity = PodAffinity { required_anti: vec![on_the_host_of("db")], ..PodAffinity::default() };
    let web = labelled("web", PodTemplate { pod_affinity: affinity, ..pod(100) });
    let mut bench = Bench::new(34, vec![web, labelled("db", pod(100)), labelled("other", pod(100))]);
    add_host(&mut bench);
    let (db, other) = (bench.create_pod(1, None), bench.create_pod(2, None));
    bench.run_until(10);
    let web = bench.create_pod(0, None);
    bench.run_until(20);
    bench.end_pod(other);
    bench.run_until(30);
    assert_eq!(tries(&bench, web), 1);
    bench.end_pod(db);
    bench.run_until(31);
    assert!(bench.node_of(web).is_some());
}

#[test]
fn the_pod_that_another_avoids_is_not_woken_by_a_queueing_hint_and_waits_for_the_flush() {
    for (minor, waits) in [(31, false), (34, true)] {
        let affinity = PodAffinity { required_anti: vec![on_the_host_of("web")], ..PodAffinity::default() };
        let db = labelled("db", PodTemplate { pod_affinity: affinity, ..pod(100) });
        let mut bench = Bench::new(minor, vec![labelled("web", pod(100)), db]);
        add_host(&mut bench);
        let db = bench.create_pod(1, None);
        bench.run_until(10);
        let web = bench.create_pod(0, None);
        bench.run_until(20);
        bench.end_pod(db);
        bench.run_until(60);
        assert_eq!(bench.node_of(web).is_none(), waits, "1.{minor}");
        bench.run_until(400);
        assert!(bench.node_of(web).is_some(), "1.{minor}");
    }
}

#[test]
fn with_hints_an_uncordoned_node_wakes_only_those_whom_the_cordon_kept_away() {
    for (minor, woken) in [(31, 2), (34, 1)] {
        let mut bench = Bench::new(minor, vec![pod(1500)]);
        let full = bench.add_node(2000, NodePhase::Ready);
        let first = bench.create_pod(0, None);
        bench.run_until(10);
        assert_eq!(bench.node_of(first), Some(full));
        let pending = bench.create_pod(0, None);
        bench.run_until(20);
        // The node that comes is cordoned and uncordoned between two attempts: its cordon rejected nobody.
        let node = bench.add_node(2000, NodePhase::Ready);
        bench.tell(|scheduler, world, ctx| scheduler.on_node_uncordoned(world, node, ctx));
        bench.run_until(30);
        assert_eq!(tries(&bench, pending) + usize::from(bench.node_of(pending).is_some()), woken, "1.{minor}");
    }
}

#[test]
fn a_pod_larger_than_the_node_is_not_woken_by_it() {
    let mut bench = Bench::new(34, vec![pod(3000)]);
    bench.add_node(1000, NodePhase::Ready);
    let pending = bench.create_pod(0, None);
    bench.run_until(10);
    let node = bench.add_node(2000, BOOTING);
    bench.make_ready(node);
    bench.run_until(60);
    assert_eq!(tries(&bench, pending), 1);
}

#[test]
fn a_gated_pod_is_never_tried_and_says_why() {
    let mut bench = Bench::new(34, vec![PodTemplate { gated: true, ..pod(100) }]);
    bench.add_node(2000, NodePhase::Ready);
    let gated = bench.create_pod(0, None);
    bench.run_until(3600);
    assert!(bench.world.pods[gated].is_pending());
    assert_eq!(bench.world.pods[gated].unschedulable.as_deref(), Some(GATED));
    assert_eq!(bench.handled, 0);
}
