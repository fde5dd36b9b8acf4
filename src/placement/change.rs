//! Changes of the cluster that may let a pod run which was rejected before.

use crate::cluster::NodeInfo;
use crate::scenario::plan::PodTemplate;

/// A change of the cluster, as the plugins hear of it. Labels and requests of pods and nodes never change here.
#[derive(Clone, Copy, Debug)]
pub enum ClusterEvent<'a> {
    /// The node came: it has become Ready.
    NodeAdded(&'a NodeInfo),
    /// The node was uncordoned.
    NodeUncordoned(&'a NodeInfo),
    /// The node is leaving the API.
    NodeDeleted(&'a NodeInfo),
    /// A pod of this template was bound to a node.
    PodBound(&'a PodTemplate),
    /// A pod of this template that was bound to a node has ended.
    PodEnded(&'a PodTemplate),
}

impl<'a> ClusterEvent<'a> {
    /// The node that takes pods now, when it is about one.
    #[must_use]
    pub const fn new_node(&self) -> Option<&'a NodeInfo> {
        match self {
            Self::NodeAdded(node) | Self::NodeUncordoned(node) => Some(node),
            Self::NodeDeleted(_) | Self::PodBound(_) | Self::PodEnded(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ClusterEvent::{NodeAdded, NodeDeleted, NodeUncordoned, PodBound, PodEnded};
    use super::*;
    use crate::catalog::KubernetesVersion;
    use crate::placement::filter::{
        inter_pod_affinity, may_help, node_affinity, node_name, node_ports, node_resources_fit, node_unschedulable,
        pod_topology_spread, taint_toleration,
    };
    use crate::placement::{Cycle, PodView, Rules};
    use crate::scenario::plan::{
        HostPort, LabelSelector, Operator, Requirement, SchedulerPlan, Taint, TaintEffect, TopologySpreadConstraint,
    };
    use crate::units::{MilliCpu, Resources};
    use std::collections::BTreeMap;

    /// Whether the change has a pod tried again that the plugin rejected: under 1.31, and with queueing hints.
    fn wakes(pod: &PodTemplate, plugin: &'static str, event: ClusterEvent<'_>) -> [bool; 2] {
        [31, 34].map(|minor| {
            let cycle = Cycle {
                pod: PodView::of(pod),
                nodes: &[],
                templates: &Vec::<PodTemplate>::new(),
                profile: &SchedulerPlan::default(),
                rules: Rules::of(KubernetesVersion::minor(minor)),
            };
            may_help(&cycle, &[plugin].into(), &event)
        })
    }

    /// A node of this many millicores, in a zone or in none.
    fn node(millis: u64, zone: Option<&str>) -> NodeInfo {
        let labels: BTreeMap<String, String> =
            zone.map(|zone| ("zone".to_owned(), zone.to_owned())).into_iter().collect();
        let room = Resources { cpu: MilliCpu::from_millis(millis), pods: 110, ..Resources::default() };
        NodeInfo::new("node", labels, Vec::new(), room)
    }

    fn app(name: &str) -> PodTemplate {
        PodTemplate { labels: [("app".to_owned(), name.to_owned())].into(), ..PodTemplate::default() }
    }

    const NEVER: [bool; 2] = [false; 2];
    const ALWAYS: [bool; 2] = [true; 2];
    /// Before hints every such change woke the pod; with them this one does not.
    const BEFORE: [bool; 2] = [true, false];
    const WITH_HINTS: [bool; 2] = [false, true];

    #[test]
    fn a_pod_end_frees_resources_always_and_ports_if_it_held_those_wanted() {
        let port = |port| PodTemplate {
            host_ports: vec![HostPort { ip: "0.0.0.0".into(), protocol: "TCP".into(), port }],
            ..PodTemplate::default()
        };
        for (plugin, ended, expected) in [
            (node_resources_fit::NAME, port(81), ALWAYS),
            (node_ports::NAME, port(80), ALWAYS),
            (node_ports::NAME, port(81), BEFORE),
            (taint_toleration::NAME, port(80), NEVER),
            (node_affinity::NAME, port(80), NEVER),
            (node_name::NAME, port(80), NEVER),
            (node_unschedulable::NAME, port(80), NEVER),
        ] {
            assert_eq!(wakes(&port(80), plugin, PodEnded(&ended)), expected, "{plugin}");
            assert_eq!(wakes(&port(80), plugin, PodBound(&ended)), NEVER, "{plugin}");
        }
    }

    #[test]
    fn a_node_helps_when_it_is_large_enough_tolerated_and_admitted() {
        let requests = Resources { cpu: MilliCpu::from_millis(1500), pods: 1, ..Resources::default() };
        let pod = PodTemplate { requests, node_selector: [("zone".to_owned(), "1".to_owned())].into(), ..app("web") };
        let (small, large) = (node(1000, Some("2")), node(2000, Some("1")));
        let mut tainted = node(2000, Some("1"));
        tainted.taints = vec![Taint { key: "gpu".into(), value: "".into(), effect: TaintEffect::NoSchedule }];
        for (plugin, event, expected) in [
            (node_resources_fit::NAME, NodeAdded(&large), ALWAYS),
            (node_resources_fit::NAME, NodeAdded(&small), BEFORE),
            (node_resources_fit::NAME, NodeUncordoned(&large), BEFORE),
            (node_affinity::NAME, NodeAdded(&large), ALWAYS),
            (node_affinity::NAME, NodeAdded(&small), BEFORE),
            (taint_toleration::NAME, NodeAdded(&large), ALWAYS),
            (taint_toleration::NAME, NodeAdded(&tainted), BEFORE),
            (node_unschedulable::NAME, NodeUncordoned(&large), ALWAYS),
            (node_resources_fit::NAME, NodeDeleted(&large), NEVER),
        ] {
            assert_eq!(wakes(&pod, plugin, event), expected, "{plugin} {event:?}");
        }
    }

    #[test]
    fn topology_spread_looks_at_pods_that_count_and_nodes_with_its_label() {
        let requirement = Requirement { key: "app".into(), operator: Operator::In, values: vec!["web".into()] };
        let constraint = TopologySpreadConstraint {
            max_skew: 1,
            topology_key: "zone".into(),
            hard: true,
            selector: Some(LabelSelector { requirements: vec![requirement] }),
            min_domains: 1,
            honors_affinity: true,
            honors_taints: false,
        };
        let pod = PodTemplate { topology_spread: vec![constraint], ..app("web") };
        let elsewhere = PodTemplate { namespace: "elsewhere".into(), ..app("web") };
        let (zonal, zoneless) = (node(1000, Some("1")), node(1000, None));
        let (web, db) = (app("web"), app("db"));
        for (event, expected) in [
            (PodBound(&web), ALWAYS),
            (PodBound(&db), BEFORE),
            (PodBound(&elsewhere), NEVER),
            (PodEnded(&web), ALWAYS),
            (PodEnded(&db), BEFORE),
            (NodeAdded(&zonal), ALWAYS),
            (NodeAdded(&zoneless), BEFORE),
            (NodeDeleted(&zonal), WITH_HINTS),
            (NodeDeleted(&zoneless), NEVER),
        ] {
            assert_eq!(wakes(&pod, pod_topology_spread::NAME, event), expected, "{event:?}");
        }
    }

    #[test]
    fn without_terms_of_its_own_inter_pod_affinity_is_woken_only_where_there_are_no_hints() {
        let (web, zonal) = (app("web"), node(1000, Some("1")));
        for (event, expected) in [(PodEnded(&web), BEFORE), (PodBound(&web), NEVER), (NodeAdded(&zonal), BEFORE)] {
            assert_eq!(wakes(&app("db"), inter_pod_affinity::NAME, event), expected, "{event:?}");
        }
    }

    #[test]
    fn a_pod_that_no_plugin_rejected_is_woken_by_anything() {
        let web = app("web");
        let cycle = Cycle {
            pod: PodView::of(&web),
            nodes: &[],
            templates: &Vec::<PodTemplate>::new(),
            profile: &SchedulerPlan::default(),
            rules: Rules::default(),
        };
        assert!(may_help(&cycle, &[].into(), &PodBound(&app("db"))));
    }
}
