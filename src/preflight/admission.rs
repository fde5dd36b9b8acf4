//! Whether the control plane accepts an operation at all, where no other check is about the refusal.

use super::course::{RefusedFor, Step};
use super::{Check, Course, Finding, Subject};
use crate::cluster::PoolHistory;
use crate::scenario::plan::OperationKind;

/// The check.
pub const CHECK: Check = Check { name: "admission", run };

/// True for a roll-back of a pool whose last upgrade was a blue-green one.
fn is_blue_green_rollback(step: &Step<'_>) -> bool {
    let OperationKind::Rollback { pool } = step.kind else {
        return false;
    };
    step.before.pools[pool].history == PoolHistory::Replaced
}

fn run(course: &Course<'_>) -> Vec<Finding> {
    course
        .steps
        .iter()
        .filter_map(|step| {
            let subject = Subject::of(step);
            match &step.refused {
                None => Some(subject.pass("nothing stands against the request")),
                // The course takes the upgrade for ended.
                Some((RefusedFor::Request, refusal)) if is_blue_green_rollback(step) => {
                    let reason = format!("refused once the final soak is over: {}: {}", refusal.code, refusal.message);
                    Some(subject.risk(reason, "ask within finalSoakDurationInMinutes after the last batch is drained"))
                }
                Some((RefusedFor::Request, refusal)) => {
                    let remedy = "change the operation, or what comes before it";
                    Some(subject.fail(format!("refused: {}: {}", refusal.code, refusal.message), remedy))
                }
                Some((RefusedFor::Access, refusal)) => {
                    let remedy = "let somebody else ask, or assign the role that the message names";
                    Some(subject.fail(format!("refused: {}: {}", refusal.code, refusal.message), remedy))
                }
                Some(_) => None,
            }
        })
        .collect()
}
