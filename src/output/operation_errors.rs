//! Which operations failed or were refused, in how many runs, and why: what an operator asks next.

use crate::experiment::{ExperimentResult, PointResult};
use crate::observe::OperationError;

/// Reasons told.
const MOST: usize = 5;

/// An operation that failed or was refused, at the point where that happened in most runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorLine {
    /// What was asked, such as `scale system to 3`.
    pub operation: String,
    /// What happened in how many runs, such as `refused in all 60 runs`.
    pub outcome: String,
    /// Azure's error code.
    pub code: &'static str,
    /// The message in the first of these runs.
    pub message: String,
    /// Variant and sweep values.
    pub point: String,
}

/// An error, and how many runs of a point met it.
#[derive(Clone, Copy)]
struct Count<'a> {
    error: &'a OperationError,
    runs: usize,
    point: &'a PointResult,
}

/// The reasons for which operations failed or were refused, the most frequent first; none when all went well.
#[must_use]
pub fn operation_errors(result: &ExperimentResult) -> Vec<ErrorLine> {
    let mut worst: Vec<Count<'_>> = Vec::new();
    for count in result.points.iter().flat_map(counts) {
        match worst.iter_mut().find(|other| other.error.is_like(count.error)) {
            Some(other) if other.runs < count.runs => *other = count,
            Some(_) => {}
            None => worst.push(count),
        }
    }
    worst.sort_by_key(|count| std::cmp::Reverse(count.runs));
    worst.into_iter().take(MOST).map(|count| line(result, count)).collect()
}

fn counts(point: &PointResult) -> Vec<Count<'_>> {
    let mut counts: Vec<Count<'_>> = Vec::new();
    for error in point.runs.iter().flat_map(|run| &run.operation_errors) {
        match counts.iter_mut().find(|count| count.error.is_like(error)) {
            Some(count) => count.runs += 1,
            None => counts.push(Count { error, runs: 1, point }),
        }
    }
    counts
}

fn line(result: &ExperimentResult, count: Count<'_>) -> ErrorLine {
    let OperationError { operation, outcome, code, message } = count.error;
    let outcome = outcome.to_lowercase();
    let outcome = match (count.runs, count.point.runs.len()) {
        (_, 1) => outcome,
        (runs, all) if runs == all => format!("{outcome} in all {all} runs"),
        (runs, all) => format!("{outcome} in {runs} of {all} runs"),
    };
    let point = result.study.points[count.point.point].label();
    ErrorLine { operation: operation.clone(), outcome, code, message: message.clone(), point }
}

/// The list as lines of text.
#[must_use]
pub fn lines(errors: &[ErrorLine]) -> String {
    let line = |ErrorLine { operation, outcome, code, message, point }: &ErrorLine| {
        format!("  {operation}: {outcome}  ({point})\n    {code}: {message}\n")
    };
    errors.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn errors_are_told_once_where_most_runs_meet_them() {
        let mut result = sample::two_variants(2);
        assert_eq!(operation_errors(&result), []);
        let error = |operation: &str, outcome, node: &str| OperationError {
            operation: operation.to_owned(),
            outcome,
            code: "OperationNotAllowed",
            message: format!("not on {node}"),
        };
        let scale = |node: &str| error("scale apps to 3", "Failed", node);
        result.points[0].runs[0].operation_errors = vec![scale("a"), error("stop the cluster", "Refused", "b")];
        result.points[1].runs[0].operation_errors = vec![scale("c")];
        result.points[1].runs[1].operation_errors = vec![scale("d")];
        let [first, second] =
            [&result.study.points[0], &result.study.points[1]].map(crate::scenario::plan::Point::label);
        assert_eq!(
            lines(&operation_errors(&result)),
            format!(
                "  scale apps to 3: failed in all 2 runs  ({second})\n    OperationNotAllowed: not on c\n  \
                 stop the cluster: refused in 1 of 2 runs  ({first})\n    OperationNotAllowed: not on b\n"
            )
        );
    }
}
