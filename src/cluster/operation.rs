//! An operation asked of AKS: accepted or refused, in progress, ended.

use super::{Ctx, Event, Fact, NodeFailure, OperationId, PoolId, World};
use crate::kernel::{Id, SimTime};
use crate::scenario::plan::{AutoUpgrade, OperationKind, OperationPlan, SubnetPlan};

/// Why AKS refuses an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Azure's error code.
    pub code: &'static str,
    /// The message.
    pub message: String,
}

impl Refusal {
    /// True when only another operation that is in progress stands in the way.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.code == "OperationNotAllowed" && self.message.contains(") is in progress")
    }

    /// What an aborted operation ends with. The code is not documented.
    #[must_use]
    pub fn aborted() -> Self {
        Self { code: "Canceled", message: "the operation was aborted; what it had done stays done".to_owned() }
    }
}

/// Where an operation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationState {
    /// Its time has not come.
    Planned,
    /// Accepted and in progress.
    Running,
    /// Refused: nothing was changed.
    Refused(Refusal),
    /// Ended well.
    Succeeded,
    /// Ended with an error; what it had done stays done.
    Failed(Refusal),
    /// Aborted, or pre-empted by another operation; what it had done stays done.
    Canceled(Refusal),
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What is asked, by whom, and when that was foreseen.
    pub request: OperationPlan,
    /// Its name, which its random streams have too: its number among the plan's operations, or for one of AKS's own `auto/` and the
    /// number of those before it.
    pub name: String,
    /// The channel on whose behalf AKS asks by itself; `None` for what somebody else asks.
    pub auto_upgrade: Option<AutoUpgrade>,
    /// Where it is.
    pub state: OperationState,
    /// When it was asked for.
    pub asked: Option<SimTime>,
    /// When it ended.
    pub ended: Option<SimTime>,
    /// When the maintenance window closes that an upgrade was asked in, unless it is one of AKS's own that was refused.
    pub window_closes: Option<SimTime>,
    /// Nodes that it had still to upgrade at that moment.
    pub nodes_left: Option<usize>,
}

impl Operation {
    /// An operation whose time has not come.
    #[must_use]
    pub const fn new(request: OperationPlan, name: String, auto_upgrade: Option<AutoUpgrade>) -> Self {
        let state = OperationState::Planned;
        Self { request, name, auto_upgrade, state, asked: None, ended: None, window_closes: None, nodes_left: None }
    }

    /// Who asks: AKS itself, or the name of a principal; empty for the owner.
    #[must_use]
    pub fn asker<'a>(&self, world: &'a World) -> &'a str {
        match self.auto_upgrade {
            Some(_) => "aks",
            None => self.request.asker(&world.plan.access).map_or("", |asker| asker.name.as_str()),
        }
    }

    /// True for an upgrade of AKS's own when its window has closed: it begins with no other pool, and finishes the one in progress with
    /// all of its nodes.
    ///
    /// Source: azure-aks-docs, planned-maintenance.md, 2025-12-19: work under way goes on. That a pool is such work is an assumption.
    #[must_use]
    pub fn is_out_of_time(&self, now: SimTime) -> bool {
        self.auto_upgrade.is_some() && self.window_closes.is_some_and(|closes| closes <= now)
    }

    /// True when it ended well before its window closed, or ended well and had no window.
    #[must_use]
    pub fn fitted(&self) -> bool {
        let in_time = |ended| self.window_closes.is_none_or(|closes| ended <= closes);
        self.state == OperationState::Succeeded && self.ended.is_some_and(in_time)
    }
}

impl World {
    /// Puts the operation into this state, at its end with the time.
    pub fn set_operation(&mut self, operation: OperationId, state: OperationState, ctx: &mut Ctx<'_>) {
        let row = &mut self.operations[operation];
        if !matches!(state, OperationState::Planned | OperationState::Running) {
            row.ended = Some(ctx.now);
            // A channel may want another step after one of its own, or have waited for this one.
            let own = row.auto_upgrade.is_some();
            for of in [AutoUpgrade::Cluster, AutoUpgrade::NodeOs] {
                let in_its_way = || {
                    let state = self.last_auto_upgrade(of).map(|last| &last.state);
                    matches!(state, Some(OperationState::Refused(why)) if why.is_conflict())
                };
                let maintenance = &self.plan.maintenance;
                if maintenance.has_channel(of) && (own || maintenance.windows_of(of).is_some() || in_its_way()) {
                    ctx.soon(Event::AutoUpgrade(of));
                }
            }
        }
        self.operations[operation].state = state;
        ctx.observe(Fact::OperationChanged(operation));
    }

    /// The last operation that AKS asked for on behalf of the channel.
    #[must_use]
    pub fn last_auto_upgrade(&self, of: AutoUpgrade) -> Option<&Operation> {
        let mut own = self.operations.iter().filter(|(_, operation)| operation.auto_upgrade == Some(of));
        own.next_back().map(|(_, operation)| operation)
    }

    /// Has AKS ask for an operation on behalf of a channel.
    pub fn ask_by_itself(&mut self, kind: OperationKind, auto_upgrade: AutoUpgrade, ctx: &mut Ctx<'_>) {
        let before = self.operations.iter().filter(|(_, operation)| operation.auto_upgrade.is_some()).count();
        let request = OperationPlan { at: ctx.now, kind, asked_by: None, condition: None };
        let operation = self.operations.push(Operation::new(request, format!("auto/{before}"), Some(auto_upgrade)));
        ctx.soon(Event::AskOperation(operation));
    }

    /// Measures the operation, which was just accepted, against the maintenance window that is open.
    pub fn join_window(&mut self, operation: OperationId, ctx: &mut Ctx<'_>) {
        let row = &mut self.operations[operation];
        let maintenance = &self.plan.maintenance;
        let window = match row.auto_upgrade {
            // What a schedule does not let begin is no schedule's to end.
            Some(of) => maintenance.open_window(of, ctx.now),
            None => maintenance.window_at(ctx.now, &row.request.kind),
        };
        if let Some(window) = window {
            row.window_closes = Some(window.closes);
            ctx.at(window.closes, Event::WindowClosed(operation));
        }
    }

    /// The error of an operation whose instance could not be created.
    ///
    /// Source of the form for a full subnet: support articles for AKS, subnetisfull-error.md, 2024-10-10.
    #[must_use]
    pub fn provisioning_error(&self, pool: PoolId, failure: NodeFailure) -> Refusal {
        let pool_name = &self.pool_plan(pool).name;
        let message = match failure {
            NodeFailure::SubnetIsFull(subnet) => {
                let SubnetPlan { name, prefix } = &self.plan.cluster.subnets[subnet.index()];
                let numbers = self.subnets[subnet].shortage.map_or_else(String::new, |short| {
                    format!(": {} wanted, {} of {} free", short.wanted, short.free, short.usable)
                });
                format!(
                    "agent pool {pool_name}: subnet {name} with address prefix {prefix} doesn't have enough capacity for IP \
                     addresses{numbers}"
                )
            }
            NodeFailure::QuotaExceeded => {
                // What the scale set was told when it asked.
                return self.quota_refusals.get(&pool).cloned().expect("a request that was refused left its refusal");
            }
            NodeFailure::Allocation(code) => format!("agent pool {pool_name}: {}", code.message()),
            NodeFailure::PodCidrExhausted => {
                let range = self.pod_range.as_ref().expect("only a range is exhausted");
                let (cidr, used, room) = (range.cidr, range.used(), range.room());
                let what = if range.routes == Some(room) { "route" } else { "/24" };
                format!(
                    "agent pool {pool_name}: no {what} of pod CIDR {cidr} is left for another node: {used} of {room} in use"
                )
            }
        };
        Refusal { code: failure.code(), message }
    }
}
