//! Connections to the internet in the measured time: how many there were, how many failed for want of a port, and how near the ports
//! came to their end.

use super::window::Window;
use crate::cluster::World;
use crate::kernel::SimTime;
use crate::scenario::plan::Ports;

/// Millionths of a connection a second, times microseconds, in one connection.
const ONE: f64 = 1e12;

/// What is known of connections to the internet.
#[derive(Clone, Debug)]
pub(super) struct OutboundUse {
    window: Window,
    since: SimTime,
    rate: u64,
    failing: u64,
    opened: u128,
    failed: u128,
    /// Connections cut before the measured time, and until now, in millionths.
    cut: (u64, u64),
    /// The fewest ports that a node had.
    pub fewest_ports: Option<u32>,
    /// The most nodes that ports, and rules of Services, were for.
    pub most_nodes: u32,
    /// The largest share of the ports that was in use at a node, or at the NAT gateway, in millionths.
    busiest: u64,
    /// When the first connection failed.
    pub first_failure: Option<SimTime>,
}

impl OutboundUse {
    /// Begins with what the world is.
    pub fn new(window: Window) -> Self {
        Self {
            window,
            since: SimTime::ZERO,
            rate: 0,
            failing: 0,
            opened: 0,
            failed: 0,
            cut: (0, 0),
            fewest_ports: None,
            most_nodes: 0,
            busiest: 0,
            first_failure: None,
        }
    }

    /// A node joined or left those that ports are for.
    pub fn on_nodes_changed(&mut self, world: &World) {
        let ports = match world.plan.cluster.network.outbound.ports(world.backends) {
            Ports::PerNode(ports) => Some(ports).filter(|_| world.backends > 0),
            Ports::Shared(_) | Ports::Unknown | Ports::Blocked => None,
        };
        if world.clock < self.window.from {
            (self.fewest_ports, self.most_nodes) = (ports, world.backends);
        } else {
            self.fewest_ports = self.fewest_ports.into_iter().chain(ports).min();
            self.most_nodes = self.most_nodes.max(world.backends);
        }
    }

    /// Connections were counted anew.
    pub fn on_changed(&mut self, world: &World) {
        self.pass(world.clock);
        let outbound = &world.outbound;
        (self.rate, self.failing) = (outbound.rate, outbound.failing);
        self.cut.1 = outbound.cut;
        let busiest = busiest(world);
        if world.clock < self.window.from {
            (self.busiest, self.cut.0) = (busiest, outbound.cut);
        } else {
            self.busiest = self.busiest.max(busiest);
        }
    }

    /// The run ended: accounts for the time since the last change.
    pub fn finish(&mut self) {
        self.pass(self.window.to);
    }

    fn pass(&mut self, now: SimTime) {
        let from = self.since.max(self.window.from);
        if now > from {
            let micros = u128::from(now.since(from).micros());
            self.opened += u128::from(self.rate) * micros;
            self.failed += u128::from(self.failing) * micros;
            if self.failing > 0 {
                self.first_failure.get_or_insert(from);
            }
        }
        self.since = now;
    }

    /// Connections that pods tried to open.
    pub fn opened(&self) -> f64 {
        self.opened as f64 / ONE
    }

    /// Those of them that found no port.
    pub fn failed(&self) -> f64 {
        self.failed as f64 / ONE
    }

    /// Connections that were cut because nodes lost ports.
    pub fn cut(&self) -> f64 {
        (self.cut.1 - self.cut.0) as f64 / 1e6
    }

    /// The largest share of the ports in use, in per cent.
    pub fn busiest_percent(&self) -> f64 {
        self.busiest as f64 / 1e4
    }
}

/// The share of the ports in use at the node with most of them, or at the NAT gateway, for the destination with most of them; in
/// millionths.
pub(super) fn busiest(world: &World) -> u64 {
    let ports = match world.outbound.ports {
        Ports::PerNode(ports) | Ports::Shared(ports) => ports,
        Ports::Unknown | Ports::Blocked => return 0,
    };
    let busy = world.outbound.busy.last_key_value().map_or(0, |(busy, _)| *busy);
    busy / u64::from(ports.max(1))
}
