//! Replay of a trace: pods are created and their deletion is asked for at the moments of a file.
//!
//! What happens to a pod in between does not matter: one that still waits goes at its moment too, and one that lost its node does
//! not come back. A trace has one event at a time, for its next moment.

use crate::cluster::{Ctx, Event, PodId, WorkloadId, World};
use crate::kernel::SimTime;
use crate::scenario::plan::TracePod;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The traces of the cluster, by workload.
#[derive(Debug, Default)]
pub struct Replays(BTreeMap<WorkloadId, Replay>);

/// How far a trace is.
#[derive(Debug)]
struct Replay {
    pods: Arc<[TracePod]>,
    /// The pods that came, by their index in the trace.
    created: Vec<PodId>,
    /// Indexes of the pods that are deleted some time, in the order of their deletion.
    departures: Vec<u32>,
    /// How many of these have gone.
    departed: usize,
}

impl Replays {
    /// Begins with the trace of a workload.
    pub fn start(&mut self, workload: WorkloadId, pods: &Arc<[TracePod]>, ctx: &mut Ctx<'_>) {
        let replay = Replay::new(Arc::clone(pods));
        if let Some(at) = replay.next() {
            ctx.at(at, Event::TraceStep(workload));
        }
        self.0.insert(workload, replay);
    }

    /// Creates the pods whose moment it is, then deletes those whose end it is, and plans the next step.
    pub fn step(&mut self, world: &mut World, workload: WorkloadId, ctx: &mut Ctx<'_>) {
        let replay = self.0.get_mut(&workload).expect("a trace that steps was started");
        while let Some(ordinal) = replay.arrival(ctx.now) {
            replay.created.push(world.create_pod(workload, ordinal, None, ctx));
        }
        while let Some(pod) = replay.departure(ctx.now) {
            world.delete_pod(pod, ctx);
        }
        if let Some(at) = replay.next() {
            ctx.at(at, Event::TraceStep(workload));
        }
    }
}

impl Replay {
    fn new(pods: Arc<[TracePod]>) -> Self {
        let count = u32::try_from(pods.len()).expect("a trace has fewer than 2^32 pods");
        let mut departures: Vec<u32> = (0..count).filter(|index| pods[*index as usize].deleted.is_some()).collect();
        departures.sort_by_key(|index| pods[*index as usize].deleted);
        Self { pods, created: Vec::new(), departures, departed: 0 }
    }

    /// The index of the next pod, if it has come by now.
    fn arrival(&self, now: SimTime) -> Option<u32> {
        let next = self.created.len();
        let pod = self.pods.get(next).filter(|pod| pod.created <= now);
        pod.map(|_| u32::try_from(next).expect("a trace has fewer than 2^32 pods"))
    }

    /// The next pod to go, if it goes by now. Pods that come at this instant must have come before.
    fn departure(&mut self, now: SimTime) -> Option<PodId> {
        let index = *self.departures.get(self.departed)? as usize;
        self.pods[index].deleted.filter(|deleted| *deleted <= now)?;
        self.departed += 1;
        Some(self.created[index])
    }

    /// The next moment at which a pod comes or goes.
    fn next(&self) -> Option<SimTime> {
        let arrival = self.pods.get(self.created.len()).map(|pod| pod.created);
        let departure = self.departures.get(self.departed).and_then(|index| self.pods[*index as usize].deleted);
        arrival.into_iter().chain(departure).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Fact;
    use crate::cluster::testing::{Bench, plan, pool, workload};
    use crate::kernel::{Id, SimDuration};
    use crate::scenario::plan::Controller;

    fn at(seconds: u64) -> SimTime {
        SimTime::after_start(SimDuration::from_secs(seconds))
    }

    /// Replays pods of (name, created, deleted) and returns what happened, as (second, `+name` or `-name`).
    fn replay(pods: &[(&str, u64, Option<u64>)]) -> Vec<(u64, String)> {
        let pod = |(name, created, deleted): &(&str, u64, Option<u64>)| TracePod {
            name: (*name).into(),
            created: at(*created),
            deleted: deleted.map(at),
        };
        let pods: Arc<[TracePod]> = pods.iter().map(pod).collect();
        let mut plan = plan(vec![pool("apps", 1)]);
        plan.workloads = vec![workload("batch", Controller::Trace { pods: Arc::clone(&pods) })];
        let mut bench = Bench::new(plan);
        let mut replays = Replays::default();
        bench.act(|_, ctx| replays.start(WorkloadId::from_index(0), &pods, ctx));
        bench.run(SimDuration::from_hours(1), |world, event, ctx| match event {
            Event::TraceStep(workload) => replays.step(world, workload, ctx),
            _ => assert!(!matches!(event, Event::PodDeleted(_)), "nothing is bound here"),
        });
        let name = |pod: PodId| &bench.world.pods[pod].name;
        let happened = |(at, fact): &(SimTime, Fact)| match fact {
            Fact::PodCreated(pod) => Some((at.micros() / 1_000_000, format!("+{}", name(*pod)))),
            Fact::PodDeleted(pod) => Some((at.micros() / 1_000_000, format!("-{}", name(*pod)))),
            _ => None,
        };
        bench.facts.iter().filter_map(happened).collect()
    }

    #[test]
    fn pods_come_and_go_at_their_moments_under_their_own_names() {
        let happened = replay(&[("a", 0, Some(300)), ("b", 10, None), ("c", 10, Some(20))]);
        let expected = [(0, "+a"), (10, "+b"), (10, "+c"), (20, "-c"), (300, "-a")];
        assert_eq!(happened, expected.map(|(at, what)| (at, what.to_owned())));
    }

    #[test]
    fn a_pod_may_go_in_the_instant_in_which_it_comes() {
        let happened = replay(&[("a", 5, Some(5)), ("b", 5, None)]);
        assert_eq!(happened, [(5, "+a".to_owned()), (5, "+b".to_owned()), (5, "-a".to_owned())]);
    }
}
