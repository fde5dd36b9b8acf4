//! What the scheduler makes of a pod in the world as it is: the first filter that rejects each node, or the node's score by plugin.

use super::log::stamp;
use super::pods::full_name;
use crate::cluster::{NodeId, NodeInfo, PodId, World};
use crate::placement::filter::Filters;
use crate::placement::score::PluginScores;
use crate::placement::{Cycle, PodView, Rejection, Rules, reference, score};
use comfy_table::{CellAlignment, Table, TableStyle};

/// The decision on the pod as a text. `others` pods of its workload are in the same position.
///
/// A pod that has a node is looked at as if it were not there.
pub(super) fn explain(world: &World, pod: PodId, others: usize) -> String {
    let nodes = nodes_without(world, pod);
    let nodes: Vec<&NodeInfo> = nodes.iter().collect();
    let state = &world.pods[pod];
    let pinned = state.pinned.map(|node| &*world.nodes[node].info.name);
    let cycle = Cycle {
        pod: PodView { pinned, claims: world.claims(pod), ..PodView::of(world.template(pod)) },
        nodes: &nodes,
        templates: &world.plan.workloads,
        profile: &world.plan.cluster.scheduler,
        rules: Rules::of(world.version),
    };
    let mut text = headline(world, pod, others);
    if state.is_pending() {
        text.push_str(&pending_line(world, pod, &cycle));
    }
    text.push_str(&tables(&cycle, state.node.map(|node| &*world.nodes[node].info.name)));
    text
}

/// Every registered node, as it would be without the pod.
fn nodes_without(world: &World, pod: PodId) -> Vec<NodeInfo> {
    let state = &world.pods[pod];
    let without = |node: NodeId| {
        let mut info = world.nodes[node].info.clone();
        if world.nodes[node].pods.contains(&pod) {
            info.remove(state.workload, world.template(pod), state.times.deleted.is_some());
            info.unmount(&state.claims);
        }
        info
    };
    world.registered_nodes().map(without).collect()
}

/// Which pod, when, and what has become of it.
fn headline(world: &World, pod: PodId, others: usize) -> String {
    let state = &world.pods[pod];
    let times = &state.times;
    let mut text = format!("pod {}", full_name(world, pod));
    if others > 0 {
        text.push_str(&format!(" and {others} more of {}", world.workload_plan(state.workload).key()));
    }
    text.push_str(&format!(" at {}: ", stamp(world.clock)));
    match (state.node, times.scheduled) {
        (Some(node), Some(bound)) => {
            text.push_str(&format!("bound to {} at {}", world.nodes[node].info.name, stamp(bound)));
        }
        _ => text.push_str(&format!("pending since {}", stamp(times.created))),
    }
    if let Some(ended) = times.ended {
        text.push_str(&format!(", ended at {}", stamp(ended)));
    } else if let Some(deleted) = times.deleted {
        text.push_str(&format!(", terminating since {}", stamp(deleted)));
    }
    text.push('\n');
    if state.node.is_some() {
        text.push_str("The nodes as they are now, as if the pod were not there:\n");
    }
    text
}

/// kubectl's sentence for the moment, or that it is the scheduler's turn.
fn pending_line(world: &World, pod: PodId, cycle: &Cycle<'_>) -> String {
    if cycle.template().gated {
        return "It has scheduling gates, so the scheduler does not try it.\n".to_owned();
    }
    if let Err(why) = reference::decide(cycle, 0, &[]).outcome {
        return format!("{}\n", why.message);
    }
    match &world.pods[pod].unschedulable {
        Some(message) => format!("It would fit now. When the scheduler last tried it: {message}\n"),
        None => "It would fit, and the scheduler has not tried it yet.\n".to_owned(),
    }
}

/// Feasible nodes with their scores, best first, then the others with their reasons. `host` is the node that the pod has.
fn tables(cycle: &Cycle<'_>, host: Option<&str>) -> String {
    let filters = Filters::prepare(cycle);
    let (mut feasible, mut rejected) = (Vec::new(), Vec::new());
    for node in cycle.nodes.iter().copied() {
        let verdict = match &filters {
            Ok(filters) => filters.filter(node),
            Err(rejection) => Err(rejection.clone()),
        };
        match verdict {
            Ok(()) => feasible.push(node),
            Err(rejection) => rejected.push((node, rejection)),
        }
    }
    let label = |node: &NodeInfo| match host {
        Some(host) if *host == *node.name => format!("{host} (its node)"),
        _ => node.name.to_string(),
    };
    let mut text = String::new();
    if !feasible.is_empty() {
        text.push_str(&format!("\n{}\n", scores(cycle, &feasible, &label).trim_fmt()));
        text.push_str(
            "Scores are weighted. Every feasible node is scored here; in a cluster of more than 100 nodes the scheduler stops looking \
             before.\n",
        );
    }
    if !rejected.is_empty() {
        text.push_str(&format!("\n{}\n", reasons(&rejected, &label).trim_fmt()));
    }
    if cycle.nodes.is_empty() {
        text.push_str("There is no node.\n");
    }
    text
}

/// The score of each node by plugin, with its weight, and the total; plugins that have nothing to say have a dash.
fn scores<'a>(cycle: &Cycle<'a>, nodes: &[&'a NodeInfo], label: &impl Fn(&NodeInfo) -> String) -> Table {
    let (plugins, totals) = (score::score_by_plugin(cycle, nodes), score::score(cycle, nodes));
    let mut table =
        table(bottom_aligned(["NODE", "TOTAL"].map(str::to_owned).into_iter().chain(plugins.iter().map(heading))));
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(totals[*index]));
    for index in order {
        let each = plugins.iter().map(|plugin| {
            plugin.scores.get(index).map_or_else(|| "–".to_owned(), |score| (plugin.weight * score).to_string())
        });
        table.add_row([label(nodes[index]), totals[index].to_string()].into_iter().chain(each));
    }
    for column in 1..plugins.len() + 2 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The plugin's name, a word a line, and its weight.
fn heading(plugin: &PluginScores) -> String {
    let mut text = String::new();
    for letter in plugin.plugin.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('\n');
        }
        text.push(letter);
    }
    format!("{text}\n×{}", plugin.weight)
}

/// Headings of several lines, filled up with empty lines above to as many as the longest has.
fn bottom_aligned(headings: impl Iterator<Item = String>) -> Vec<String> {
    let headings: Vec<String> = headings.collect();
    let lines = |heading: &String| heading.lines().count();
    let most = headings.iter().map(lines).max().unwrap_or(0);
    headings.iter().map(|heading| "\n".repeat(most - lines(heading)) + heading).collect()
}

fn reasons(rejected: &[(&NodeInfo, Rejection<'_>)], label: &impl Fn(&NodeInfo) -> String) -> Table {
    let mut table = table(["NODE", "REJECTED BY", "REASON"].map(str::to_owned));
    for (node, rejection) in rejected {
        let reasons: Vec<String> = rejection.reasons.iter().map(ToString::to_string).collect();
        table.add_row([label(node), rejection.plugin.to_owned(), reasons.join(", ")]);
    }
    table
}

fn table(header: impl IntoIterator<Item = String>) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_header(header);
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::WorkloadId;
    use crate::cluster::testing::{self, Bench};
    use crate::kernel::Id;
    use crate::scenario::plan::{Plan, Taint, TaintEffect};
    use crate::units::MilliCpu;

    /// Two nodes for applications and a tainted one; an application whose pods request so much.
    fn plan(cpu: u64) -> Plan {
        let taint = Taint { key: "CriticalAddonsOnly".into(), value: "true".into(), effect: TaintEffect::NoSchedule };
        let mut system = testing::pool("system", 1);
        system.taints.push(taint);
        let mut plan = testing::plan(vec![testing::pool("apps", 2), system]);
        let mut web = testing::deployment("web", 2);
        web.template.requests.cpu = MilliCpu::from_millis(cpu);
        web.template.nonzero_cpu = MilliCpu::from_millis(cpu);
        plan.workloads.push(web);
        plan
    }

    fn pending(bench: &mut Bench) -> PodId {
        bench.act(|world, ctx| world.create_pod(WorkloadId::from_index(0), 0, None, ctx))
    }

    #[test]
    fn a_pending_pod_gets_kubectls_sentence_and_the_first_filter_of_each_node() {
        let mut bench = Bench::new(plan(1900));
        let first = bench.world.registered_nodes().next().expect("there are nodes");
        bench.ready_pod(0, first);
        bench.act(|world, ctx| world.set_cordoned(world.live_nodes[1], true, ctx));
        let pod = pending(&mut bench);
        insta::assert_snapshot!(explain(&bench.world, pod, 1), @r"
        pod default/web-bdxmrgkq7-ndw5k and 1 more of Deployment/default/web at 0d 00:00:00.000: pending since 0d 00:00:00.000
        0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {CriticalAddonsOnly: true}, 1 node(s) were unschedulable.

         NODE                            REJECTED BY        REASON
         aks-apps-00000000-vmss000000    NodeResourcesFit   Insufficient cpu
         aks-apps-00000000-vmss000001    NodeUnschedulable  node(s) were unschedulable
         aks-system-00000000-vmss000000  TaintToleration    node(s) had untolerated taint {CriticalAddonsOnly: true}
        ");
    }

    #[test]
    fn a_bound_pod_is_looked_at_as_if_it_were_not_there() {
        let mut bench = Bench::new(plan(1000));
        let nodes: Vec<NodeId> = bench.world.registered_nodes().collect();
        let pod = bench.ready_pod(0, nodes[1]);
        insta::assert_snapshot!(explain(&bench.world, pod, 0), @r"
        pod default/web-bdxmrgkq7-9l5xb at 0d 00:00:00.000: bound to aks-apps-00000000-vmss000001 at 0d 00:00:00.000
        The nodes as they are now, as if the pod were not there:

                                                                                                                    Node
                                                                                    Node       Pod     Inter   Resources
                                                              Taint      Node  Resources  Topology       Pod    Balanced     Image
                                                         Toleration  Affinity        Fit    Spread  Affinity  Allocation  Locality
         NODE                                     TOTAL          ×3        ×2         ×1        ×2        ×2          ×1        ×1
         aks-apps-00000000-vmss000000               446         300         –         72         –         –          74         0
         aks-apps-00000000-vmss000001 (its node)    446         300         –         72         –         –          74         0
        Scores are weighted. Every feasible node is scored here; in a cluster of more than 100 nodes the scheduler stops looking before.

         NODE                            REJECTED BY      REASON
         aks-system-00000000-vmss000000  TaintToleration  node(s) had untolerated taint {CriticalAddonsOnly: true}
        ");
    }
}
