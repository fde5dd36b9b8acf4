//! Whether the control plane accepts an operation at all, where no other check is about the refusal.

use super::course::RefusedFor;
use super::{Check, Course, Finding, Subject};

/// The check.
pub const CHECK: Check = Check { name: "admission", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    course
        .steps
        .iter()
        .filter_map(|step| {
            let subject = Subject::of(step);
            match &step.refused {
                None => Some(subject.pass("nothing stands against the request")),
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
