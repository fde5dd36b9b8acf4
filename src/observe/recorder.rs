//! The observer of a run: takes in every event and gives the result at the end.

use super::activity::Activities;
use super::addresses::Addresses;
use super::behind_nat::BehindNat;
use super::burst::Burst;
use super::counters::Counters;
use super::detail::Reasons;
use super::faults::FaultCounts;
use super::fingerprint::Fingerprint;
use super::outbound::OutboundUse;
use super::quota::QuotaPeak;
use super::requested::RequestedCpu;
use super::result::RunResult;
use super::series::Sampler;
use super::window::Window;
use super::{detail, metrics, waits};
use crate::cluster::{CpuLedger, Event, Fact, Observer, PodId, World};
use crate::kernel::{EventKey, SimDuration};

/// Watches one replication.
#[derive(Clone, Debug)]
pub struct Recorder {
    seed: u64,
    pub(super) window: Window,
    pub(super) events: u64,
    fingerprint: Fingerprint,
    pub(super) counters: Counters,
    pub(super) faults: FaultCounts,
    pub(super) quota: QuotaPeak,
    /// The CPU accounts as they were before the first event of the measured time.
    pub(super) cpu_before: CpuLedger,
    /// Credit banks; `None` where no pool is burstable.
    pub(super) burst: Option<Burst>,
    pub(super) requested: RequestedCpu,
    pub(super) addresses: Addresses,
    pub(super) outbound: OutboundUse,
    pub(super) behind_nat: BehindNat,
    pub(super) activities: Activities,
    samples: Sampler,
    /// Reasons that pods and nodes do not keep; `None` where rows are not kept.
    pub(super) reasons: Option<Reasons>,
}

impl Recorder {
    /// A recorder for a run that starts with this world. With `detail` the result carries the rows of the detail files.
    #[must_use]
    pub fn new(world: &World, seed: u64, detail: bool) -> Self {
        let window = Window::measured(&world.plan);
        Self {
            seed,
            window,
            events: 0,
            fingerprint: Fingerprint::default(),
            counters: Counters::default(),
            faults: FaultCounts::default(),
            quota: QuotaPeak::new(window),
            cpu_before: world.cpu,
            burst: world.plan.has_burstable_pool().then(|| Burst::new(window)),
            requested: RequestedCpu::new(world, window),
            addresses: Addresses::new(world, window, detail),
            outbound: OutboundUse::new(window),
            behind_nat: BehindNat::new(window),
            activities: Activities::new(world, window, detail),
            samples: Sampler::new(&world.plan),
            reasons: detail.then(Reasons::default),
        }
    }

    /// The result of the run that ended with this world: the clock is at the horizon and the accounts are settled up to it.
    ///
    /// # Panics
    /// When the clock is not at the horizon.
    #[must_use]
    pub fn finish(mut self, world: &World) -> RunResult {
        assert_eq!(world.clock, self.window.to, "a run is recorded up to its horizon");
        if let Some(burst) = &mut self.burst {
            burst.on_settled(world);
        }
        self.activities.finish(world);
        self.outbound.finish();
        let stages = |boot: &[SimDuration]| boot.iter().map(|stage| stage.as_secs_f64()).collect();
        let pending_seconds = waits::pending_seconds(world, self.window);
        RunResult {
            seed: self.seed,
            events: self.events,
            fingerprint: self.fingerprint.digest(),
            metrics: metrics::metrics(&self, &pending_seconds, world),
            pending_seconds,
            boots: waits::booted_nodes(world).map(|(node, _)| stages(&node.boot)).collect(),
            operation_errors: detail::operation_errors(world, self.window),
            detail: detail::rows(&mut self, world),
            series: self.samples.into_series(),
        }
    }

    fn on_fact(&mut self, fact: Fact, world: &World) {
        if self.window.contains(world.clock) {
            self.counters.count(fact);
            self.faults.count(fact, world);
        }
        if let Some(reasons) = &mut self.reasons {
            reasons.note(fact, world);
        }
        self.activities.on_fact(fact, world);
        match fact {
            Fact::AddressesChanged(subnet, node) => {
                self.addresses.on_changed(world, subnet, &world.nodes[node].info.name);
                self.outbound.on_nodes_changed(world);
            }
            Fact::FrontEndChanged(subnet, index) => {
                self.addresses.on_changed(world, subnet, &world.front_ends[index as usize].services);
            }
            Fact::OutboundChanged => self.outbound.on_changed(world),
            Fact::PodScheduled(pod) => {
                self.on_pods_changed(pod, world);
                self.behind_nat.on_bound(world, pod);
            }
            Fact::PodEnded(pod) => {
                self.on_pods_changed(pod, world);
                self.behind_nat.on_ended(world, pod);
            }
            _ => {}
        }
    }

    fn on_pods_changed(&mut self, pod: PodId, world: &World) {
        if let Some(node) = world.pods[pod].node {
            self.requested.on_pods_changed(world, node);
        }
    }
}

impl Observer for Recorder {
    fn after_event(&mut self, key: EventKey, event: Event, facts: &[Fact], world: &World) {
        self.events += 1;
        self.fingerprint.add(key, event);
        if key.at < self.window.from {
            self.cpu_before = world.cpu;
        }
        self.quota.on_facts(facts, world);
        for fact in facts {
            self.on_fact(*fact, world);
        }
        self.activities.on_event(event, world);
        match event {
            Event::Sample => self.samples.take(world),
            Event::SettleCpu => {
                if let Some(burst) = &mut self.burst {
                    burst.on_settled(world);
                }
            }
            _ => {}
        }
    }
}
