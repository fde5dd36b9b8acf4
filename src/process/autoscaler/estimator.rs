//! The binpacking estimator: how many new nodes of one pool the pending pods need.
//!
//! Source: cluster-autoscaler 1.31-1.37, `estimator/binpacking_estimator.go`. Not modelled: its time limits, and the
//! counting of existing nodes under host-name topology spread.

use super::snapshot::fits;
use crate::cluster::{NodeInfo, WorkloadId};
use crate::scenario::plan::PodTemplate;

/// Pods that are all alike: those of one controller.
#[derive(Clone, Copy, Debug)]
pub(super) struct PodGroup<'a> {
    /// Their controller.
    pub(super) workload: WorkloadId,
    /// What they look like.
    pub(super) template: &'a PodTemplate,
    /// How many there are.
    pub(super) count: u32,
}

/// What the estimator found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Estimate {
    /// New nodes that received a pod.
    pub(super) nodes: u32,
    /// Pods placed, by group in the order given.
    pub(super) placed: Vec<u32>,
}

/// Packs the groups on copies of `node`, at most `limit` of them. The groups that ask for most go first; ties keep their order
/// (upstream's is random).
pub(super) fn estimate(node: &NodeInfo, groups: &[PodGroup<'_>], limit: u32) -> Estimate {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|a, b| score(groups[*b].template, node).total_cmp(&score(groups[*a].template, node)));
    let mut packing = Packing { node, limit, nodes: Vec::new(), next: 0 };
    let mut placed = vec![0; groups.len()];
    for group in order {
        placed[group] = packing.pack(&groups[group]);
    }
    let used = packing.nodes.iter().filter(|node| node.used).count();
    Estimate { nodes: u32::try_from(used).expect("the limit is 32-bit"), placed }
}

/// The share of the node that the pod asks for, CPU and memory added.
fn score(pod: &PodTemplate, node: &NodeInfo) -> f64 {
    let share = |request: u64, of: u64| if of == 0 { 0.0 } else { request as f64 / of as f64 };
    share(pod.requests.cpu.millis(), node.allocatable.cpu.millis())
        + share(pod.requests.memory.get(), node.allocatable.memory.get())
}

struct Packing<'a> {
    node: &'a NodeInfo,
    limit: u32,
    nodes: Vec<NewNode>,
    /// Where the search begins: behind the node that took the last pod.
    next: usize,
}

struct NewNode {
    info: NodeInfo,
    used: bool,
}

impl Packing<'_> {
    /// Places pods of the group until one fits nowhere; returns how many were placed. First every new node is tried, then
    /// only the newest, and a further one is added when it is full.
    fn pack(&mut self, group: &PodGroup<'_>) -> u32 {
        let mut placed = 0;
        while placed < group.count && self.place_anywhere(group) {
            placed += 1;
        }
        while placed < group.count && self.place_on_newest(group) {
            placed += 1;
        }
        placed
    }

    fn place_anywhere(&mut self, group: &PodGroup<'_>) -> bool {
        let count = self.nodes.len();
        let found = (0..count)
            .map(|step| (self.next + step) % count)
            .find(|index| fits(group.template, &self.nodes[*index].info));
        found.is_some_and(|index| {
            self.next = (index + 1) % count;
            self.put(group, index);
            true
        })
    }

    fn place_on_newest(&mut self, group: &PodGroup<'_>) -> bool {
        if let Some(newest) = self.nodes.last() {
            if fits(group.template, &newest.info) {
                self.put(group, self.nodes.len() - 1);
                return true;
            }
            if !newest.used {
                return false; // Another empty node would not help either.
            }
        }
        if self.nodes.len() >= self.limit as usize {
            return false;
        }
        self.nodes.push(NewNode { info: self.node.clone(), used: false });
        let fits = fits(group.template, self.node);
        if fits {
            self.put(group, self.nodes.len() - 1);
        }
        fits
    }

    fn put(&mut self, group: &PodGroup<'_>, index: usize) {
        self.nodes[index].info.add(group.workload, group.template);
        self.nodes[index].used = true;
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;
    use crate::kernel::Id;
    use crate::scenario::plan::HostPort;
    use crate::units::{Bytes, MilliCpu, Resources};

    fn resources(cpu: u64, memory: u64, pods: u32) -> Resources {
        Resources { cpu: MilliCpu::from_millis(cpu), memory: Bytes::new(memory), pods, ..Resources::default() }
    }

    fn pod(cpu: u64, memory: u64) -> PodTemplate {
        PodTemplate { requests: resources(cpu, memory, 1), ..PodTemplate::default() }
    }

    fn group(index: usize, template: &PodTemplate, count: u32) -> PodGroup<'_> {
        PodGroup { workload: WorkloadId::from_index(index), template, count }
    }

    #[test]
    fn upstream_cases_of_binpacking_hold() {
        for case in golden::cases("ca_binpacking_estimate") {
            let number = |value: &serde_json::Value| value.as_u64().unwrap();
            let node = &case.input["template"];
            let pods = u32::try_from(number(&node["pods"])).unwrap();
            let node = golden::node("template", resources(number(&node["cpu"]), number(&node["memory"]), pods));
            let given = case.input["groups"].as_array().unwrap();
            let templates: Vec<_> = given
                .iter()
                .map(|group| {
                    let mut template = pod(number(&group["cpu"]), number(&group["memory"]));
                    template.host_ports.extend(group["host_port"].as_u64().map(|port| HostPort {
                        ip: "0.0.0.0".into(),
                        protocol: "TCP".into(),
                        port: u16::try_from(port).unwrap(),
                    }));
                    template
                })
                .collect();
            let groups: Vec<_> = templates
                .iter()
                .zip(given)
                .enumerate()
                .map(|(index, (template, group))| PodGroup {
                    workload: WorkloadId::from_index(index),
                    template,
                    count: u32::try_from(number(&group["count"])).unwrap(),
                })
                .collect();
            // Upstream writes "no limit" as 0.
            let limit = match number(&case.input["max_nodes"]) {
                0 => u32::MAX,
                limit => u32::try_from(limit).unwrap(),
            };
            let found = estimate(&node, &groups, limit);
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
        let (large, small) = (pod(2000, 0), pod(400, 0));
        let groups = [group(0, &large, 3), group(1, &small, 3)];
        assert_eq!(estimate(&node, &groups, 10), Estimate { nodes: 2, placed: vec![0, 3] });
    }

    #[test]
    fn later_groups_fill_the_gaps_that_earlier_ones_left() {
        let node = golden::node("template", resources(1000, 1 << 30, 10));
        let (large, small) = (pod(700, 0), pod(300, 0));
        let groups = [group(0, &small, 4), group(1, &large, 4)];
        assert_eq!(estimate(&node, &groups, 10), Estimate { nodes: 4, placed: vec![4, 4] });
    }
}
