//! Connections to the internet and the source ports that they need.
//!
//! A connection holds a port of its node, or of all nodes together behind a NAT gateway, as long as it is in use and for a while after.
//! Only connections to the same destination need different ports, so that each destination is a loss system of its own: so many ports,
//! arrivals at random, and whoever finds no port fails. What share fails in the steady state says Erlang's formula; between two changes
//! of pods, nodes or ports the steady state is assumed, since connections live for seconds or minutes and pods for hours. Nobody tries
//! again. Where nodes lose ports, connections that hold more than are left are cut. Sources: see [`crate::catalog::outbound`].

use crate::cluster::{Ctx, Fact, NodeId, Outbound, PortUse, Traffic, World};
use crate::kernel::blocked_share;
use crate::scenario::plan::Ports;

const MICROS: f64 = 1e6;

/// Counts anew what pods open and what of it fails.
pub fn on_settle(world: &mut World, ctx: &mut Ctx<'_>) {
    let known = standing(&world.outbound);
    let mut touched = world.outbound.take_touched();
    for node in &touched {
        let traffic = world.traffic_of(*node);
        set_traffic(&mut world.outbound, *node, traffic);
    }
    let ports = world.plan.cluster.network.outbound.ports(world.backends);
    let before = std::mem::replace(&mut world.outbound.ports, ports);
    if before != ports {
        if let (Ports::PerNode(before), Ports::PerNode(left)) = (before, ports) {
            cut(&mut world.outbound, before, left);
        }
        touched = world.outbound.nodes.keys().chain(world.outbound.uses.keys()).copied().collect();
    }
    match ports {
        Ports::PerNode(ports) => {
            for node in touched {
                let traffic = world.outbound.nodes.get(&node);
                let found = traffic.map_or_else(PortUse::default, |traffic| port_use(traffic, ports));
                set_use(&mut world.outbound, node, found);
            }
        }
        Ports::Shared(ports) => {
            let shared = port_use(&all_traffic(&world.outbound), ports);
            world.outbound.failing = shared.failing;
            world.outbound.busy = [(shared.busy, 1)].into();
        }
        Ports::Unknown => {}
        Ports::Blocked => world.outbound.failing = world.outbound.rate,
    }
    if standing(&world.outbound) != known {
        ctx.observe(Fact::OutboundChanged);
    }
}

/// What an observer sees of it.
fn standing(outbound: &Outbound) -> (Ports, u64, u64, u64, Option<u64>) {
    let busiest = outbound.busy.last_key_value().map(|(busy, _)| *busy);
    (outbound.ports, outbound.rate, outbound.failing, outbound.cut, busiest)
}

/// What of the connections fails, with so many ports.
fn port_use(traffic: &[Traffic], ports: u32) -> PortUse {
    let mut found = PortUse::default();
    for Traffic { rate, load } in traffic {
        let blocked = blocked_share(ports, *load as f64 / MICROS);
        found.failing += (*rate as f64 * blocked).round_ties_even() as u64;
        found.busy = found.busy.max((*load as f64 * (1.0 - blocked)).round_ties_even() as u64);
    }
    found
}

/// Connections of all nodes, by destination.
fn all_traffic(outbound: &Outbound) -> Vec<Traffic> {
    let mut sums: Vec<Traffic> = Vec::new();
    for traffic in outbound.nodes.values() {
        sums.resize(sums.len().max(traffic.len()), Traffic::default());
        for (sum, one) in sums.iter_mut().zip(traffic) {
            sum.rate += one.rate;
            sum.load += one.load;
        }
    }
    sums
}

fn set_traffic(outbound: &mut Outbound, node: NodeId, traffic: Vec<Traffic>) {
    let rate = |traffic: &[Traffic]| traffic.iter().map(|one| one.rate).sum::<u64>();
    outbound.rate += rate(&traffic);
    let before = if traffic.is_empty() { outbound.nodes.remove(&node) } else { outbound.nodes.insert(node, traffic) };
    outbound.rate -= before.map_or(0, |before| rate(&before));
}

fn set_use(outbound: &mut Outbound, node: NodeId, found: PortUse) {
    let nothing = found == PortUse::default();
    let before = if nothing { outbound.uses.remove(&node) } else { outbound.uses.insert(node, found) };
    outbound.failing += found.failing;
    if !nothing {
        *outbound.busy.entry(found.busy).or_insert(0) += 1;
    }
    if let Some(before) = before {
        outbound.failing -= before.failing;
        let nodes = outbound.busy.get_mut(&before.busy).expect("a node with as many ports in use was counted");
        *nodes -= 1;
        if *nodes == 0 {
            outbound.busy.remove(&before.busy);
        }
    }
}

/// Every node has fewer ports than before: it loses the connections that there is no port left for.
fn cut(outbound: &mut Outbound, before: u32, left: u32) {
    let kept = u64::from(left) * 1_000_000;
    let excess = |one: &Traffic| {
        let blocked = blocked_share(before, one.load as f64 / MICROS);
        ((one.load as f64 * (1.0 - blocked)).round_ties_even() as u64).saturating_sub(kept)
    };
    outbound.cut += outbound.nodes.values().flatten().map(excess).sum::<u64>();
}

#[cfg(test)]
mod tests;
