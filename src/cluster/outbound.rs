//! Connections that pods open to the internet, the ports that there are for them, and Services' ways in.

use super::{Ctx, Event, NodeId, World};
use crate::scenario::plan::{OutboundPlan, Plan, Ports, WorkloadPlan};
use std::collections::{BTreeMap, BTreeSet};

/// Connections to one destination. Numbers are in millionths of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// New ones a second.
    pub rate: u64,
    /// How many would hold a port at once if there were a port for each: the offered load, in erlangs.
    pub load: u128,
}

/// What a node, or all nodes that share ports, come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortUse {
    /// New connections that find no port, a second, in millionths.
    pub failing: u64,
    /// Ports in use for the destination with most of them, in millionths.
    pub busy: u64,
}

/// All connections to the internet.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// What a pod of each workload adds, by destination; in the plan's order.
    of_workload: Vec<Vec<(usize, Traffic)>>,
    /// The ports that there are now.
    pub ports: Ports,
    /// Connections of every node that has some, by destination.
    pub nodes: BTreeMap<NodeId, Vec<Traffic>>,
    /// What each node comes to; of shared ports there is nothing here.
    pub uses: BTreeMap<NodeId, PortUse>,
    /// How many nodes have so many ports in use.
    pub busy: BTreeMap<u64, u32>,
    /// New connections a second, in millionths.
    pub rate: u64,
    /// Those that fail, a second, in millionths.
    pub failing: u64,
    /// Connections that were cut because their node lost ports, since time zero, in millionths.
    pub cut: u64,
    /// Nodes whose connections are to be counted anew.
    touched: BTreeSet<NodeId>,
    /// True when that is due.
    due: bool,
}

/// A Service's address inside the network.
#[derive(Clone, Debug)]
pub struct InternalFrontEnd {
    /// Index of the subnet.
    pub subnet: usize,
    /// `namespace/name` of the Services behind it.
    pub services: String,
    /// The address, by its number in the subnet; `None` while there is none.
    pub address: Option<u32>,
    /// How often it was asked for.
    pub tries: u32,
}

impl Outbound {
    /// Nothing is open yet.
    pub(super) fn new(plan: &Plan) -> Self {
        let mut destinations: Vec<&str> = Vec::new();
        for flow in plan.workloads.iter().flat_map(|workload| &workload.behaviour.outbound) {
            if !destinations.contains(&&*flow.destination) {
                destinations.push(&flow.destination);
            }
        }
        let outbound = &plan.cluster.network.outbound;
        let of_workload = plan.workloads.iter().map(|workload| of_pod(workload, outbound, &destinations)).collect();
        Self {
            of_workload,
            ports: outbound.ports(0),
            nodes: BTreeMap::new(),
            uses: BTreeMap::new(),
            busy: BTreeMap::new(),
            rate: 0,
            failing: 0,
            cut: 0,
            touched: BTreeSet::new(),
            due: false,
        }
    }

    /// True when some workload opens connections.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.of_workload.iter().any(|flows| !flows.is_empty())
    }

    /// Hands over the nodes whose connections are to be counted anew.
    pub fn take_touched(&mut self) -> BTreeSet<NodeId> {
        self.due = false;
        std::mem::take(&mut self.touched)
    }
}

/// What a pod of the workload adds.
fn of_pod(workload: &WorkloadPlan, outbound: &OutboundPlan, destinations: &[&str]) -> Vec<(usize, Traffic)> {
    let flows = workload.behaviour.outbound.iter().map(|flow| {
        let index = destinations.iter().position(|name| **name == *flow.destination);
        let load = u128::from(flow.micros_per_second) * u128::from(outbound.held(flow).micros()) / 1_000_000;
        (index.expect("every destination is listed"), Traffic { rate: flow.micros_per_second, load })
    });
    flows.collect()
}

impl World {
    /// Has the connections of the node counted anew at the end of this instant, if pods open any.
    pub fn outbound_changed(&mut self, node: NodeId, ctx: &mut Ctx<'_>) {
        if self.outbound.is_used() {
            self.outbound.touched.insert(node);
            self.settle_outbound(ctx);
        }
    }

    /// The node joined the nodes that ports are for, or left them.
    pub fn backends_changed(&mut self, joined: bool, ctx: &mut Ctx<'_>) {
        self.backends = if joined { self.backends + 1 } else { self.backends - 1 };
        if self.outbound.is_used() {
            self.settle_outbound(ctx);
        }
    }

    /// What the serving pods of the node open, by destination; nothing when its VM is down.
    #[must_use]
    pub fn traffic_of(&self, node: NodeId) -> Vec<Traffic> {
        let mut sums: Vec<Traffic> = Vec::new();
        if self.is_down(node) {
            return sums;
        }
        let serving = self.nodes[node].pods.iter().map(|pod| &self.pods[*pod]).filter(|pod| pod.is_serving());
        for pod in serving {
            for (destination, traffic) in &self.outbound.of_workload[self.workloads[pod.workload].plan] {
                if sums.len() <= *destination {
                    sums.resize(destination + 1, Traffic::default());
                }
                sums[*destination].rate += traffic.rate;
                sums[*destination].load += traffic.load;
            }
        }
        sums
    }

    fn settle_outbound(&mut self, ctx: &mut Ctx<'_>) {
        if !std::mem::replace(&mut self.outbound.due, true) {
            ctx.soon(Event::SettleOutbound);
        }
    }
}
