//! Whether the control plane accepts an operation at all, where no other check is about the refusal.

use super::course::RefusedFor;
use super::{Check, Course, Finding, Subject};

/// The check.
pub const CHECK: Check = Check { name: "admission", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    // Who lacks a permission is told where the operation is written.
    let steps = course.steps.iter().filter(|step| !matches!(step.refused, Some((RefusedFor::Access, _))));
    steps
        .filter_map(|step| {
            let subject = Subject::of(step);
            match &step.refused {
                None => Some(subject.pass("nothing stands against the request")),
                Some((RefusedFor::Request, refusal)) => {
                    let remedy = "change the operation, or what comes before it";
                    Some(subject.fail(format!("refused: {}: {}", refusal.code, refusal.message), remedy))
                }
                Some(_) => None,
            }
        })
        .collect()
}
