//! The binpacking estimator: how many new nodes of one pool the pending pods need.
//!
//! Source: cluster-autoscaler 1.31-1.37, `estimator/binpacking_estimator.go`. Not modelled: its time limits.

use super::fitting::Fitting;
use super::template;
use crate::cluster::{NodeInfo, WorkloadId};
use crate::placement::spread::HOSTNAME;
use crate::placement::{PodView, filter::pod_topology_spread};
use std::borrow::Cow;

/// The minor version from which on a pod that is spread over hosts and refused by the newest node may go to any other one.
const SPREAD_TRIES_OTHERS_SINCE: u32 = 33;

/// Pods that are all alike: those of one controller.
#[derive(Clone, Copy, Debug)]
pub(super) struct PodGroup<'a> {
    /// Their controller.
    pub(super) workload: WorkloadId,
    /// What they look like.
    pub(super) pod: PodView<'a>,
    /// How many there are.
    pub(super) count: u32,
}

/// What the estimator found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Estimate {
    /// Nodes that received a pod: new ones, and by the rule for pods spread over hosts existing ones too, as upstream counts.
    pub(super) nodes: u32,
    /// Pods placed, by group in the order given.
    pub(super) placed: Vec<u32>,
}

/// What the estimate is about.
#[derive(Clone, Copy)]
pub(super) struct Estimator<'a> {
    /// The scheduler.
    pub(super) fitting: &'a Fitting<'a>,
    /// The nodes that there are or will be.
    pub(super) existing: &'a [&'a NodeInfo],
    /// What a new node looks like.
    pub(super) template: &'a NodeInfo,
    /// Most new nodes.
    pub(super) limit: u32,
    /// Minor version of the cluster.
    pub(super) minor: u32,
}

impl<'a> Estimator<'a> {
    /// True when one new node would take a pod of the group.
    pub(super) fn would_help(&self, group: &PodGroup<'_>) -> bool {
        let node = self.new_node(0);
        let nodes: Vec<&NodeInfo> = self.existing.iter().copied().chain([&node]).collect();
        self.fitting.filters(group.pod, &nodes).is_some_and(|filters| filters.filter(&node).is_ok())
    }

    /// Packs the groups on new nodes, at most the limit of them. The groups that ask for most go first; ties keep their order
    /// (upstream's is random).
    pub(super) fn estimate(&self, groups: &[PodGroup<'_>]) -> Estimate {
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_by(|a, b| self.score(groups[*b].pod).total_cmp(&self.score(groups[*a].pod)));
        let existing = self.existing.iter().map(|node| PackedNode { info: Cow::Borrowed(*node), used: false });
        let mut packing = Packing { of: self, nodes: existing.collect(), next: 0 };
        let mut placed = vec![0; groups.len()];
        for group in order {
            placed[group] = packing.pack(&groups[group]);
        }
        let used = packing.nodes.iter().filter(|node| node.used).count();
        Estimate { nodes: u32::try_from(used).expect("the limit is 32-bit"), placed }
    }

    /// The share of the node that the pod asks for, CPU and memory added.
    fn score(&self, pod: PodView<'_>) -> f64 {
        let share = |request: u64, of: u64| if of == 0 { 0.0 } else { request as f64 / of as f64 };
        let (requests, node) = (&pod.template.requests, &self.template.allocatable);
        share(requests.cpu.millis(), node.cpu.millis()) + share(requests.memory.get(), node.memory.get())
    }

    fn new_node(&self, number: usize) -> NodeInfo {
        template::named(self.template, &format!("{}-{number}", self.template.name))
    }
}

struct Packing<'a> {
    of: &'a Estimator<'a>,
    /// The existing nodes, and behind them the new ones.
    nodes: Vec<PackedNode<'a>>,
    /// Where the search begins among the new nodes: behind the one that took the last pod.
    next: usize,
}

struct PackedNode<'a> {
    info: Cow<'a, NodeInfo>,
    used: bool,
}

/// How the newest node took a pod.
enum Newest {
    Took,
    /// It is spread over hosts, and that is what the node refused it for.
    TooSkewed,
    Refused,
}

impl Packing<'_> {
    /// Places pods of the group until one fits nowhere; returns how many were placed. First every new node is tried, then
    /// only the newest, and a further one is added when it is full.
    fn pack(&mut self, group: &PodGroup<'_>) -> u32 {
        let mut placed = 0;
        while placed < group.count && self.place_on_new(group) {
            placed += 1;
        }
        while placed < group.count && self.place_on_newest(group) {
            placed += 1;
        }
        placed
    }

    fn new_nodes(&self) -> usize {
        self.nodes.len() - self.of.existing.len()
    }

    fn place_on_new(&mut self, group: &PodGroup<'_>) -> bool {
        let (first, count) = (self.of.existing.len(), self.new_nodes());
        let places = (0..count).map(|step| first + (self.next + step) % count);
        let found = self.first_fit(group, places);
        if let Some(index) = found {
            self.next = (index - first + 1) % count;
        }
        self.put(group, found)
    }

    fn place_on_newest(&mut self, group: &PodGroup<'_>) -> bool {
        if self.new_nodes() > 0 {
            let newest = self.nodes.len() - 1;
            match self.try_newest(group) {
                Newest::Took => return self.put(group, Some(newest)),
                Newest::TooSkewed => {
                    let other = self.first_fit(group, 0..newest);
                    if self.put(group, other) {
                        return true;
                    }
                }
                Newest::Refused => {}
            }
            if !self.nodes[newest].used {
                return false; // Another empty node would not help either.
            }
        }
        if self.new_nodes() >= self.of.limit as usize {
            return false;
        }
        let node = self.of.new_node(self.new_nodes());
        self.nodes.push(PackedNode { info: Cow::Owned(node), used: false });
        let newest = self.nodes.len() - 1;
        let found = self.first_fit(group, newest..=newest);
        self.put(group, found)
    }

    fn try_newest(&self, group: &PodGroup<'_>) -> Newest {
        let infos = self.infos(group);
        let newest = self.nodes.last().expect("asked for when there is a new node");
        let Some(filters) = self.of.fitting.filters(group.pod, &infos) else { return Newest::Refused };
        let over_hosts = || group.pod.template.topology_spread.iter().any(|one| *one.topology_key == *HOSTNAME);
        match filters.filter(&newest.info) {
            Ok(()) => Newest::Took,
            Err(rejection)
                if rejection.plugin == pod_topology_spread::NAME
                    && self.of.minor >= SPREAD_TRIES_OTHERS_SINCE
                    && over_hosts() =>
            {
                Newest::TooSkewed
            }
            Err(_) => Newest::Refused,
        }
    }

    fn first_fit(&self, group: &PodGroup<'_>, mut places: impl Iterator<Item = usize>) -> Option<usize> {
        let infos = self.infos(group);
        let filters = self.of.fitting.filters(group.pod, &infos)?;
        places.find(|index| filters.filter(&self.nodes[*index].info).is_ok())
    }

    /// The nodes that the group's pods look at besides the one in question.
    fn infos(&self, group: &PodGroup<'_>) -> Vec<&NodeInfo> {
        match self.of.fitting.looks_around(group.pod) {
            true => self.nodes.iter().map(|node| &*node.info).collect(),
            false => Vec::new(),
        }
    }

    /// Puts a pod of the group where a place was found; returns whether one was.
    fn put(&mut self, group: &PodGroup<'_>, found: Option<usize>) -> bool {
        if let Some(index) = found {
            let node = &mut self.nodes[index];
            let info = node.info.to_mut();
            info.add(group.workload, group.pod.template);
            info.mount(group.pod.claims.ids);
            node.used = true;
        }
        found.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;
    use crate::catalog::KubernetesVersion;
    use crate::cluster::testing;
    use crate::kernel::Id;
    use crate::placement::Rules;
    use crate::scenario::plan::{
        HostPort, LabelSelector, Operator, PodTemplate, Requirement, SchedulerPlan, TopologySpreadConstraint,
        WorkloadPlan,
    };
    use crate::units::{Bytes, MilliCpu, Resources};
    use serde_json::Value;

    fn resources(cpu: u64, memory: u64, pods: u32) -> Resources {
        Resources { cpu: MilliCpu::from_millis(cpu), memory: Bytes::new(memory), pods, ..Resources::default() }
    }

    fn pod(cpu: u64, memory: u64) -> PodTemplate {
        PodTemplate { requests: resources(cpu, memory, 1), ..PodTemplate::default() }
    }

    /// What Kubernetes 1.34 would estimate for so many pods of each template.
    fn estimate_for(
        existing: &[NodeInfo],
        template: &NodeInfo,
        pods: impl IntoIterator<Item = (PodTemplate, u32)>,
        limit: u32,
    ) -> Estimate {
        let (templates, counts): (Vec<PodTemplate>, Vec<u32>) = pods.into_iter().unzip();
        let workload = |template| WorkloadPlan { template, ..testing::deployment("any", 1) };
        let workloads: Vec<WorkloadPlan> = templates.into_iter().map(workload).collect();
        let profile = SchedulerPlan::default();
        let fitting = Fitting::new(&workloads, &profile, Rules::of(KubernetesVersion::minor(34)));
        let existing: Vec<&NodeInfo> = existing.iter().collect();
        let estimator = Estimator { fitting: &fitting, existing: &existing, template, limit, minor: 34 };
        let groups: Vec<_> = workloads
            .iter()
            .zip(counts)
            .enumerate()
            .map(|(index, (workload, count))| PodGroup {
                workload: WorkloadId::from_index(index),
                pod: PodView::of(&workload.template),
                count,
            })
            .collect();
        estimator.estimate(&groups)
    }

    fn number(value: &Value) -> u64 {
        value.as_u64().unwrap()
    }

    fn node_of_case(name: &str, node: &Value) -> NodeInfo {
        let pods = u32::try_from(number(&node["pods"])).unwrap();
        let mut info = golden::node(name, resources(number(&node["cpu"]), number(&node["memory"]), pods));
        let labels = [(HOSTNAME, name), ("topology.kubernetes.io/zone", node["zone"].as_str().unwrap())];
        info.labels = std::sync::Arc::new(labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        info
    }

    fn pod_of_case(group: &Value) -> PodTemplate {
        // Upstream's pods are labelled app=estimatee, and its constraints select them.
        let mut template = pod(number(&group["cpu"]), number(&group["memory"]));
        template.labels.insert("app".to_owned(), "estimatee".to_owned());
        template.host_ports.extend(group["host_port"].as_u64().map(|port| HostPort {
            ip: "0.0.0.0".into(),
            protocol: "TCP".into(),
            port: u16::try_from(port).unwrap(),
        }));
        let one = |value: &Value| u32::try_from(number(value)).unwrap();
        template.topology_spread.extend(group.get("spread").map(|spread| TopologySpreadConstraint {
            max_skew: one(&spread["max_skew"]),
            topology_key: spread["topology_key"].as_str().unwrap().into(),
            hard: true,
            selector: Some(LabelSelector {
                requirements: vec![Requirement {
                    key: "app".into(),
                    operator: Operator::In,
                    values: vec!["estimatee".into()],
                }],
            }),
            min_domains: one(&spread["min_domains"]),
            honors_affinity: true,
            honors_taints: false,
        }));
        template
    }

    #[test]
    fn upstream_cases_of_binpacking_hold() {
        for case in golden::cases("ca_binpacking_estimate") {
            let template = node_of_case("template", &case.input["template"]);
            let others = case.input["other_nodes"].as_array().unwrap();
            let others: Vec<_> = others.iter().map(|node| node_of_case(node["name"].as_str().unwrap(), node)).collect();
            let groups = case.input["groups"].as_array().unwrap();
            let pods = groups.iter().map(|group| (pod_of_case(group), u32::try_from(number(&group["count"])).unwrap()));
            // Upstream writes "no limit" as 0.
            let limit = match number(&case.input["max_nodes"]) {
                0 => u32::MAX,
                limit => u32::try_from(limit).unwrap(),
            };
            let found = estimate_for(&others, &template, pods, limit);
            assert_eq!(u64::from(found.nodes), number(&case.expect["node_count"]), "{}", case.id);
            assert_eq!(u64::from(found.placed.iter().sum::<u32>()), number(&case.expect["pod_count"]), "{}", case.id);
            if let Some(only) = case.expect["only_group"].as_u64() {
                let others = found.placed.iter().enumerate().filter(|(index, _)| *index as u64 != only);
                assert!(others.into_iter().all(|(_, placed)| *placed == 0), "{}: {found:?}", case.id);
            }
        }
    }

    #[test]
    fn a_pod_larger_than_the_node_wants_no_node_and_does_not_hold_up_smaller_ones() {
        let node = golden::node("template", resources(1000, 1 << 30, 10));
        let found = estimate_for(&[], &node, [(pod(2000, 0), 3), (pod(400, 0), 3)], 10);
        assert_eq!(found, Estimate { nodes: 2, placed: vec![0, 3] });
    }

    #[test]
    fn later_groups_fill_the_gaps_that_earlier_ones_left() {
        let node = golden::node("template", resources(1000, 1 << 30, 10));
        let found = estimate_for(&[], &node, [(pod(300, 0), 4), (pod(700, 0), 4)], 10);
        assert_eq!(found, Estimate { nodes: 4, placed: vec![4, 4] });
    }
}
