//! Addresses in use, subnet by subnet: the peak and the refusals of the measured time, and every change where rows are kept.

use super::result::AddressRow;
use super::window::Window;
use crate::cluster::{NodeId, SubnetId, World};
use crate::kernel::{Id, SimTime};

/// The ledger of all subnets.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    window: Window,
    subnets: Vec<SubnetUse>,
    rows: Option<Vec<AddressRow>>,
}

/// What is known of one subnet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SubnetUse {
    /// Addresses in use.
    used: u32,
    /// Requests refused since time zero.
    refused: u32,
    /// Most addresses in use at once in the measured time.
    pub peak: u32,
    /// Requests refused in the measured time.
    pub exhaustions: u32,
}

impl Addresses {
    /// Begins with what is in use in the world; with `detail` every change becomes a row.
    pub fn new(world: &World, window: Window, detail: bool) -> Self {
        let known = world.subnets.iter().map(|(_, subnet)| SubnetUse {
            used: subnet.used(),
            refused: subnet.exhaustions,
            peak: subnet.used(),
            exhaustions: 0,
        });
        Self { window, subnets: known.collect(), rows: detail.then(Vec::new) }
    }

    /// The node took addresses of the subnet, gave them back, or was refused them.
    pub fn on_changed(&mut self, world: &World, subnet: SubnetId, node: NodeId) {
        let now = &world.subnets[subnet];
        let known = &mut self.subnets[subnet.index()];
        let change = i64::from(now.used()) - i64::from(known.used);
        let refusals = now.exhaustions - known.refused;
        known.used = now.used();
        known.refused = now.exhaustions;
        if world.clock < self.window.from {
            known.peak = now.used();
        } else {
            known.peak = known.peak.max(now.used());
            known.exhaustions += refusals;
        }
        if let Some(rows) = &mut self.rows {
            rows.push(row(world, world.clock, subnet, node, change));
        }
    }

    /// What is known of a subnet.
    pub fn of(&self, subnet: SubnetId) -> SubnetUse {
        self.subnets[subnet.index()]
    }

    /// Hands over the changes, in the order of time; none where rows are not kept.
    pub fn take_rows(&mut self) -> Vec<AddressRow> {
        self.rows.take().unwrap_or_default()
    }
}

fn row(world: &World, now: SimTime, subnet: SubnetId, node: NodeId, change: i64) -> AddressRow {
    let state = &world.subnets[subnet];
    AddressRow {
        subnet: world.plan.cluster.subnets[subnet.index()].name.clone(),
        time_s: now.as_secs_f64(),
        used: state.used(),
        usable: state.usable(),
        node: world.nodes[node].info.name.to_string(),
        change,
    }
}
