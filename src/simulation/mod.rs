//! One replication: builds a world from a plan, dispatches events in their order, and gives the result.
//!
//! `Simulation::handle` is the one place that says which processes hear of which event, and in which order.

use crate::cluster::{Ctx, Event, Fact, Observer, World};
use crate::kernel::{FutureEvents, SimDuration, SimTime};
use crate::observe::{Recorder, RunResult, sample_interval};
use crate::process::autoscaler::Autoscaler;
use crate::process::control_plane::ControlPlane;
use crate::process::drain::Drains;
use crate::process::faults::Faults;
use crate::process::maintenance::Maintenance;
use crate::process::scheduler::Scheduler;
use crate::process::upgrade::Upgrades;
use crate::process::workload::{Controllers, DemandCurves};
use crate::process::{cpu, network, node, outbound};
use crate::scenario::plan::Plan;
use std::sync::Arc;

/// Simulates `plan` once under `seed`. With `detail` the result carries the rows of the detail files.
///
/// The result depends on nothing else: not on the time, the machine, or the thread that runs it.
#[must_use]
pub fn replicate(plan: &Arc<Plan>, seed: u64, detail: bool) -> RunResult {
    let mut simulation = Simulation::new(plan, seed);
    let mut recorder = Recorder::new(&simulation.world, seed, detail);
    simulation.run(&mut recorder);
    recorder.finish(&simulation.world)
}

/// A replication in progress: the world, what will happen in it, and the processes that make it happen.
#[derive(Debug)]
pub struct Simulation {
    world: World,
    events: FutureEvents<Event>,
    facts: Vec<Fact>,
    kubelet: node::Kubelet,
    controllers: Controllers,
    demand: DemandCurves,
    scheduler: Scheduler,
    autoscaler: Autoscaler,
    drains: Drains,
    upgrades: Upgrades,
    control_plane: ControlPlane,
    faults: Faults,
    maintenance: Maintenance,
}

impl Simulation {
    /// A world at time zero with its first events.
    #[must_use]
    pub fn new(plan: &Arc<Plan>, seed: u64) -> Self {
        let world = World::new(Arc::clone(plan), seed);
        let mut simulation = Self {
            events: FutureEvents::default(),
            facts: Vec::new(),
            kubelet: node::Kubelet::default(),
            controllers: Controllers::default(),
            demand: DemandCurves::new(&world),
            scheduler: Scheduler::new(&world),
            autoscaler: Autoscaler::new(&world),
            drains: Drains,
            upgrades: Upgrades::default(),
            control_plane: ControlPlane::default(),
            faults: Faults::default(),
            maintenance: Maintenance::new(&world),
            world,
        };
        simulation.start();
        simulation
    }

    /// What exists when the scenario starts, and what its plan foresees.
    fn start(&mut self) {
        let Self { world, events, facts, .. } = self;
        let ctx = &mut Ctx::new(SimTime::ZERO, events, facts);
        for pool in world.pools.ids() {
            node::create_existing(world, pool, ctx);
        }
        node::create_brought(world, ctx);
        network::on_start(world, ctx);
        self.controllers.on_start(world, ctx);
        self.controllers.on_cluster_resized(world, ctx);
        self.demand.on_start(world, ctx);
        for operation in world.operations.ids() {
            ctx.at(world.operations[operation].request.at, Event::AskOperation(operation));
        }
        self.faults.on_start(world, ctx);
        self.maintenance.on_start(world, ctx);
        self.autoscaler.wake(world, ctx);
        ctx.soon(Event::Sample);
    }

    /// Handles every event before the horizon in the order of their keys, then settles the accounts at the horizon.
    pub fn run(&mut self, observer: &mut dyn Observer) {
        let end = SimTime::after_start(self.world.plan.duration);
        self.run_before(end, observer);
        self.world.clock = end;
        cpu::close(&mut self.world, end);
    }

    /// Handles every event up to and at the moment `last`, as far as it lies before the horizon, and leaves the accounts open.
    pub fn run_through(&mut self, last: SimTime, observer: &mut dyn Observer) {
        let horizon = SimTime::after_start(self.world.plan.duration);
        self.run_before(horizon.min(last + SimDuration::from_micros(1)), observer);
        self.world.clock = horizon.min(last);
    }

    /// The world as it is.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    fn run_before(&mut self, end: SimTime, observer: &mut dyn Observer) {
        while let Some((key, event)) = self.events.pop_before(end) {
            assert!(self.world.clock <= key.at, "the simulation clock would move backwards at {key:?}");
            self.world.clock = key.at;
            self.handle(event);
            observer.after_event(key, event, &self.facts, &self.world);
            self.facts.clear();
        }
    }

    /// Tells every process concerned, in the order given here.
    fn handle(&mut self, event: Event) {
        let Self { world, events, facts, .. } = self;
        let ctx = &mut Ctx::new(world.clock, events, facts);
        match event {
            Event::ReconcilePool(pool) => node::on_reconcile_pool(world, pool, ctx),
            Event::AttachNic(id) => network::on_attach_nic(world, id, ctx),
            Event::StageEnded(id) => node::on_stage_ended(world, id, ctx),
            Event::NodeRegistered(id) => self.controllers.on_node_registered(world, id, ctx),
            Event::NodeReady(id) => {
                self.faults.on_node_ready(world, id, ctx);
                self.controllers.on_cluster_resized(world, ctx);
                self.scheduler.on_node_ready(world, id, ctx);
                self.upgrades.on_node_ready(world, id, ctx);
                self.control_plane.on_node_ready(world, id, ctx);
            }
            Event::NodeFailed(id) => {
                node::on_failed(world, id, ctx);
                network::on_node_deleted(world, id, ctx);
                if world.nodes[id].times.registered.is_some() {
                    self.kubelet.on_node_lost(id, ctx);
                }
                self.upgrades.on_node_failed(world, id, ctx);
                self.control_plane.on_node_failed(world, id, ctx);
                self.autoscaler.on_node_failed(world, id, ctx);
            }
            Event::ReimageNode(id) => {
                node::on_reimage(world, id, ctx);
                network::on_reimage(world, id, ctx);
                self.scheduler.on_node_left(world, id, ctx);
                self.kubelet.on_node_lost(id, ctx);
            }
            Event::DeleteNode(id) => {
                node::on_delete(world, id, ctx);
                self.scheduler.on_node_left(world, id, ctx);
                self.kubelet.on_node_lost(id, ctx);
            }
            Event::NodeDeleted(id) => {
                node::on_deleted(world, id, ctx);
                network::on_node_deleted(world, id, ctx);
                self.controllers.on_cluster_resized(world, ctx);
                self.upgrades.on_node_deleted(world, id, ctx);
                self.control_plane.on_node_left(world, id, ctx);
            }
            Event::DeallocateNode(id) => {
                node::on_deallocate(world, id, ctx);
                self.scheduler.on_node_left(world, id, ctx);
                self.kubelet.on_node_lost(id, ctx);
            }
            Event::NodeDeallocated(id) => {
                node::on_deallocated(world, id, ctx);
                self.controllers.on_cluster_resized(world, ctx);
                self.control_plane.on_node_left(world, id, ctx);
            }
            Event::FaultBegins(id) => {
                self.faults.on_begin(world, id, ctx);
                self.kubelet.on_faults_changed(world, ctx);
            }
            Event::FaultEnds(id) => {
                self.faults.on_end(world, id, ctx);
                self.kubelet.on_faults_changed(world, ctx);
            }
            Event::SpotNotice(id, fault) => self.faults.on_spot_notice(world, id, fault, ctx),
            Event::SpotEvicted(id) => self.faults.on_spot_evicted(world, id, ctx),
            Event::NodeCrashed(id, fault) => self.faults.on_crashed(world, id, fault, ctx),
            Event::NodeDown(id) => self.kubelet.on_node_down(world, id, ctx),
            Event::NodeUnreachable(id) => {
                self.faults.on_unreachable(world, id, ctx);
                self.controllers.on_cluster_resized(world, ctx);
            }
            Event::NodeVanished(id) => self.faults.on_vanished(world, id, ctx),
            Event::RepairStep(id) => self.faults.on_repair_step(world, id, ctx),
            Event::NodeRecovered(id) => {
                if self.faults.on_recovered(world, id, ctx) {
                    self.kubelet.on_node_recovered(world, id, ctx);
                    self.controllers.on_node_registered(world, id, ctx);
                    self.controllers.on_cluster_resized(world, ctx);
                    self.scheduler.on_node_ready(world, id, ctx);
                }
            }
            Event::TolerationEnded(id) => self.faults.on_toleration_ended(world, id, ctx),
            Event::PodAddressesWanted(id) => network::on_wanted(world, id, ctx),
            Event::PodAddressesArrived(id) => network::on_arrived(world, id, ctx),
            Event::PodAddressReleased(id) => network::on_released(world, id, ctx),
            Event::AddressesFreed(subnet, id) => network::on_addresses_freed(world, subnet, id, ctx),
            Event::FrontEndWanted(index) => network::on_front_end_wanted(world, index, ctx),
            Event::NodeUncordoned(id) => self.scheduler.on_node_uncordoned(world, id, ctx),
            Event::ReconcileWorkload(id) => self.controllers.on_reconcile(world, id, ctx),
            Event::CronFires(id) => self.controllers.on_cron_fires(world, id, ctx),
            Event::DemandStep(id) => self.demand.on_step(world, id, ctx),
            Event::TraceStep(id) => self.controllers.on_trace_step(world, id, ctx),
            Event::PodCreated(id) => self.scheduler.on_pod_created(world, id, ctx),
            Event::PodBound(id) => {
                self.kubelet.on_pod_bound(world, id, ctx);
                self.scheduler.on_pod_bound(world, id, ctx);
            }
            Event::PullStep(id) => self.kubelet.on_pull_step(world, id, ctx),
            Event::ContainersStarted(id) => self.kubelet.on_containers_started(world, id, ctx),
            Event::PodReady(id) => {
                self.kubelet.on_pod_ready(world, id, ctx);
                self.controllers.on_pod_ready(world, id, ctx);
            }
            Event::PodFinished(id) => {
                self.kubelet.on_pod_finished(world, id, ctx);
                self.controllers.on_pod_finished(world, id, ctx);
                self.scheduler.on_pod_gone(world, id, ctx);
                self.drains.on_pod_gone(world, id, ctx);
            }
            Event::PodDeleted(id) => self.kubelet.on_pod_deleted(world, id, ctx),
            Event::PodGone(id) if world.is_stranded(id) => {} // The kubelet that would report it is down.
            Event::PodGone(id) => {
                self.kubelet.on_pod_gone(world, id, ctx);
                self.controllers.on_pod_gone(world, id, ctx);
                self.scheduler.on_pod_gone(world, id, ctx);
                self.drains.on_pod_gone(world, id, ctx);
            }
            Event::SchedulingCycle => {
                self.scheduler.on_cycle(world, ctx);
                self.autoscaler.on_scheduling_cycle(world, ctx);
            }
            Event::FlushQueue => self.scheduler.on_flush(world, ctx),
            Event::AutoscalerScan => self.autoscaler.on_scan(world, ctx),
            Event::AutoscalerScaleUp(pool) => self.autoscaler.on_scale_up(world, pool, ctx),
            Event::AutoUpgrade(of) => self.maintenance.on_auto_upgrade(world, of, ctx),
            Event::WindowClosed(id) => self.maintenance.on_window_closed(world, id, ctx),
            Event::AskOperation(id) => self.control_plane.on_ask(world, id, ctx),
            Event::OperationStep(id) => self.control_plane.on_step(world, id, ctx),
            Event::StartDrain(id) => self.drains.on_start(world, id, ctx),
            Event::EvictPod(id) => self.drains.on_evict_pod(world, id, ctx),
            Event::DrainTimeout(id) => self.drains.on_timeout(world, id, ctx),
            Event::DrainEnded(id) => {
                self.upgrades.on_drain_ended(world, id, ctx);
                self.control_plane.on_drain_ended(world, id, ctx);
                self.autoscaler.on_drain_ended(world, id, ctx);
            }
            Event::UpgradeStep(pool) => self.upgrades.on_step(world, pool, ctx),
            Event::SettleCpu => cpu::on_settle(world, ctx),
            Event::SettleOutbound => outbound::on_settle(world, ctx),
            Event::CreditsTurn(id, turn) => cpu::on_credits_turn(world, id, turn, ctx),
            Event::Sample => ctx.after(sample_interval(&world.plan), Event::Sample),
        }
        if changes_what_the_autoscaler_sees(event) {
            self.autoscaler.wake(world, ctx);
        }
    }
}

/// True for events after which a scan of the autoscaler may come to another result: nodes, pods, budgets or pool states changed.
const fn changes_what_the_autoscaler_sees(event: Event) -> bool {
    matches!(
        event,
        Event::NodeReady(_)
            | Event::NodeUncordoned(_)
            | Event::NodeUnreachable(_)
            | Event::NodeRecovered(_)
            | Event::ReimageNode(_)
            | Event::DeleteNode(_)
            | Event::NodeDeleted(_)
            | Event::DeallocateNode(_)
            | Event::NodeDeallocated(_)
            | Event::PodBound(_)
            | Event::PodReady(_)
            | Event::PodFinished(_)
            | Event::PodDeleted(_)
            | Event::PodGone(_)
            | Event::AskOperation(_)
            | Event::OperationStep(_)
            | Event::UpgradeStep(_)
    )
}

#[cfg(test)]
mod tests;
