//! Addresses in use, subnet by subnet, and blocks of the pod CIDR: peak, use over time and refusals in the measured time, and every change
//! where rows are kept.

use super::result::AddressRow;
use super::window::Window;
use crate::cluster::{SubnetId, World};
use crate::kernel::{Id, SimTime};
use std::collections::BTreeMap;

/// The ledger of all subnets and of the pod CIDR.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    window: Window,
    subnets: Vec<RangeUse>,
    pod_range: Option<RangeUse>,
    rows: Option<Vec<AddressRow>>,
}

/// What is known of one range.
#[derive(Clone, Debug, Default)]
pub(super) struct RangeUse {
    /// In use now.
    used: u32,
    /// Since when.
    since: SimTime,
    /// Requests refused since time zero.
    refused: u32,
    /// Microseconds of the measured time for which so many were in use.
    levels: BTreeMap<u32, u64>,
    /// Most in use at once in the measured time.
    pub peak: u32,
    /// Requests refused in the measured time.
    pub exhaustions: u32,
    /// When the first of them was.
    pub first_exhaustion: Option<SimTime>,
}

impl RangeUse {
    fn new(used: u32) -> Self {
        Self { used, peak: used, ..Self::default() }
    }

    /// So many are in use now, and so many requests were refused since time zero. Returns the change.
    fn change(&mut self, window: Window, now: SimTime, used: u32, refused: u32) -> i64 {
        self.pass(window, now);
        let change = i64::from(used) - i64::from(self.used);
        let refusals = refused - self.refused;
        (self.used, self.refused) = (used, refused);
        if now < window.from {
            self.peak = used;
        } else {
            self.peak = self.peak.max(used);
            self.exhaustions += refusals;
            if refusals > 0 {
                self.first_exhaustion.get_or_insert(now);
            }
        }
        change
    }

    /// Accounts for the time since the last change.
    fn pass(&mut self, window: Window, now: SimTime) {
        let from = self.since.max(window.from);
        if now > from {
            *self.levels.entry(self.used).or_insert(0) += now.since(from).micros();
        }
        self.since = now;
    }

    /// What is not exceeded for this share of the measured time, which ends now.
    pub fn quantile(&self, window: Window, share: f64) -> u32 {
        let mut known = self.clone();
        known.pass(window, window.to);
        let all: u64 = known.levels.values().sum();
        let wanted = (share * all as f64).ceil() as u64;
        let mut passed = 0;
        let level = known.levels.iter().find(|(_, micros)| {
            passed += **micros;
            passed >= wanted
        });
        level.map_or(self.used, |(level, _)| *level)
    }
}

impl Addresses {
    /// Begins with what is in use in the world; with `detail` every change becomes a row.
    pub fn new(world: &World, window: Window, detail: bool) -> Self {
        Self {
            window,
            subnets: world.subnets.iter().map(|(_, subnet)| RangeUse::new(subnet.used())).collect(),
            pod_range: world.pod_range.as_ref().map(|range| RangeUse::new(range.used())),
            rows: detail.then(Vec::new),
        }
    }

    /// A node, or the front end of Services, took addresses of the subnet, gave them back, or was refused them.
    pub fn on_changed(&mut self, world: &World, subnet: SubnetId, holder: &str) {
        let now = &world.subnets[subnet];
        let known = &mut self.subnets[subnet.index()];
        let change = known.change(self.window, world.clock, now.used(), now.exhaustions);
        if let Some(rows) = &mut self.rows {
            rows.push(row(world, world.clock, subnet, holder, change));
        }
        if let Some(range) = &world.pod_range {
            let known = self.pod_range.get_or_insert_default();
            known.change(self.window, world.clock, range.used(), range.exhaustions);
        }
    }

    /// What is known of a subnet.
    pub fn of(&self, subnet: SubnetId) -> &RangeUse {
        &self.subnets[subnet.index()]
    }

    /// What is known of the blocks of the pod CIDR, if there is one.
    pub fn of_pod_range(&self) -> Option<&RangeUse> {
        self.pod_range.as_ref()
    }

    /// Hands over the changes, in the order of time; none where rows are not kept.
    pub fn take_rows(&mut self) -> Vec<AddressRow> {
        self.rows.take().unwrap_or_default()
    }
}

fn row(world: &World, now: SimTime, subnet: SubnetId, holder: &str, change: i64) -> AddressRow {
    let state = &world.subnets[subnet];
    AddressRow {
        subnet: world.plan.cluster.subnets[subnet.index()].name.clone(),
        time_s: now.as_secs_f64(),
        used: state.used(),
        usable: state.usable(),
        node: holder.to_owned(),
        change,
    }
}
