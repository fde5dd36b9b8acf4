//! What it would take to make the pod fit on a node: which of the less important pods there would have to go.

use crate::cluster::{NodeInfo, PodId, Templates, WorkloadId};
use crate::kernel::SimTime;
use crate::placement::filter::Filters;
use crate::placement::{Code, Cycle};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A pod that runs on a node and is less important than the one that wants a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningPod {
    /// The pod.
    pub pod: PodId,
    /// Whose it is.
    pub workload: WorkloadId,
    /// Its priority.
    pub priority: i32,
    /// When it started.
    pub started: SimTime,
    /// True when it is terminating.
    pub terminating: bool,
}

impl RunningPod {
    /// Orders pods by importance: the higher priority first, then the longer run. Equals go by birth.
    fn rank(&self) -> (Reverse<i32>, SimTime, PodId) {
        (Reverse(self.priority), self.started, self.pod)
    }
}

/// A node that could be made to fit.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its position among the nodes of the cycle.
    pub position: usize,
    /// The less important pods on it.
    pub pods: Vec<RunningPod>,
    /// Workloads of the pods that were promised the node and are at least as important.
    pub promised: Vec<WorkloadId>,
}

/// A node that would fit without some pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its position among the nodes of the cycle.
    pub position: usize,
    /// The pods that would have to go, the most important first; at least one.
    pub victims: Vec<RunningPod>,
    /// How many of them a disruption budget would keep.
    pub violations: usize,
}

/// How many disruptions the budgets still allow.
#[derive(Clone, Debug, Default)]
pub struct Allowance {
    left: BTreeMap<usize, i64>,
    covering: BTreeMap<WorkloadId, Vec<usize>>,
}

impl Allowance {
    /// Adds a budget, known by a number, that allows so many disruptions among the pods of the workloads.
    pub fn add(&mut self, budget: usize, disruptions: u32, workloads: &[WorkloadId]) {
        self.left.insert(budget, i64::from(disruptions));
        for workload in workloads {
            self.covering.entry(*workload).or_default().push(budget);
        }
    }

    /// Takes a pod away; true when a budget forbids that.
    fn disrupt(&mut self, workload: WorkloadId) -> bool {
        let mut violated = false;
        for budget in self.covering.get(&workload).into_iter().flatten() {
            let left = self.left.get_mut(budget).expect("a budget that covers pods was added");
            *left -= 1;
            violated |= *left < 0;
        }
        violated
    }
}

/// Tries out nodes, one after the other, without changing anything.
pub struct DryRun<'c, 'a> {
    /// The cycle of the pod that wants a place.
    pub cycle: &'c Cycle<'a>,
    /// Its filters.
    pub filters: Filters<'a>,
    /// What the budgets allow.
    pub allowance: Allowance,
}

impl DryRun<'_, '_> {
    /// What it would take on this node; `None` when the pod would not even fit without all of the less important pods.
    ///
    /// All of them are taken off, then put back one by one, the most important first, those that a budget keeps before the
    /// others: whoever does not fit back in is a victim.
    pub fn on(&mut self, place: &Place) -> Option<Candidate> {
        let original = self.cycle.nodes[place.position];
        let mut node = original.clone();
        for pod in &place.pods {
            node.remove(pod.workload, self.cycle.templates.template(pod.workload), pod.terminating);
        }
        self.filters.replace(original, &node);
        let mut candidate = Candidate { position: place.position, victims: Vec::new(), violations: 0 };
        if self.fits(&node, place) {
            let (violating, others) = self.split_by_budgets(&place.pods);
            candidate.violations = self.reprieve(&mut node, place, &violating, &mut candidate.victims);
            self.reprieve(&mut node, place, &others, &mut candidate.victims);
        }
        self.filters.replace(&node, original);
        candidate.victims.sort_by_key(RunningPod::rank);
        (!candidate.victims.is_empty()).then_some(candidate)
    }

    /// Puts back those pods with which the pod still fits. Returns how many do not go back, and adds them to the victims.
    fn reprieve(
        &mut self,
        node: &mut NodeInfo,
        place: &Place,
        pods: &[RunningPod],
        victims: &mut Vec<RunningPod>,
    ) -> usize {
        let before = victims.len();
        for pod in pods {
            let mut with_pod = node.clone();
            with_pod.add(pod.workload, self.cycle.templates.template(pod.workload));
            if pod.terminating {
                with_pod.terminate(pod.workload);
            }
            self.filters.replace(node, &with_pod);
            if self.fits(&with_pod, place) {
                *node = with_pod;
            } else {
                self.filters.replace(&with_pod, node);
                victims.push(*pod);
            }
        }
        victims.len() - before
    }

    /// The pods that budgets keep, and the others, each the most important first.
    fn split_by_budgets(&self, pods: &[RunningPod]) -> (Vec<RunningPod>, Vec<RunningPod>) {
        let mut sorted = pods.to_vec();
        sorted.sort_by_key(RunningPod::rank);
        let mut allowance = self.allowance.clone();
        sorted.into_iter().partition(|pod| allowance.disrupt(pod.workload))
    }

    fn fits(&mut self, node: &NodeInfo, place: &Place) -> bool {
        verdict(&mut self.filters, self.cycle.templates, node, &place.promised).is_ok()
    }
}

/// Whether the pod may run on the node, both with and without the pods that were promised it.
///
/// # Errors
/// Whether taking pods away could help.
pub fn verdict(
    filters: &mut Filters<'_>,
    templates: &dyn Templates,
    node: &NodeInfo,
    promised: &[WorkloadId],
) -> Result<(), Code> {
    if !promised.is_empty() {
        let mut crowded = node.clone();
        promised.iter().for_each(|workload| crowded.add(*workload, templates.template(*workload)));
        filters.replace(node, &crowded);
        let verdict = filters.filter(&crowded).map_err(|rejection| rejection.code);
        filters.replace(&crowded, node);
        verdict?;
    }
    filters.filter(node).map_err(|rejection| rejection.code)
}
