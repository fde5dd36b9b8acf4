//! What can be foretold of a plan without simulating it: will AKS refuse an operation, will a budget hold it, is there room for it?
//!
//! [`check`] asks every check of [`CHECKS`] about the plan's [`Course`]: the state before and after each operation, provided that all
//! that are accepted succeed. A check touches its own file and the list. Pods are taken to run wherever they may run, and to be spread
//! evenly; what becomes of them in time only a simulation tells.

pub mod address_plan;
pub mod course;
pub mod estimate;
pub mod peak;
pub mod reach;

pub mod admission;
pub mod disruption_budgets;
pub mod drain_timeout;
pub mod load_balancer_rules;
pub mod outbound_ports;
pub mod pod_cidr;
pub mod single_replica;
pub mod subnet_space;
pub mod surge_quota;
pub mod system_pool;
pub mod version_path;
pub mod version_skew;
pub mod window_length;

#[cfg(test)]
mod tests;

pub use course::Course;

use crate::scenario::plan::{Plan, Point};
use serde::Serialize;
use std::sync::Arc;

/// What a check comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Nothing stands against it.
    Pass,
    /// It depends on what a simulation or the real cluster will show, or it costs availability.
    Risk,
    /// It is refused, does not get what it needs, or does not end well.
    Fail,
}

impl Verdict {
    /// The word in tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Risk => "RISK",
            Self::Fail => "FAIL",
        }
    }
}

/// What one check says of one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Name of the check.
    pub check: &'static str,
    /// What it is about: an operation with its time, a pool, a subnet, a budget.
    pub subject: String,
    /// What it comes to.
    pub verdict: Verdict,
    /// Why, with the numbers.
    pub reason: String,
    /// What to do; empty for [`Verdict::Pass`].
    pub remedy: String,
}

/// A finding of a check, before it is put in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The operation that it is about, by its place in the course; `None` for the deployment as such.
    pub step: Option<usize>,
    /// As in [`Row`].
    pub subject: String,
    /// As in [`Row`].
    pub verdict: Verdict,
    /// As in [`Row`].
    pub reason: String,
    /// As in [`Row`].
    pub remedy: String,
}

/// Who or what a finding is about.
#[derive(Clone, Debug)]
pub struct Subject {
    step: Option<usize>,
    name: String,
}

impl Subject {
    /// A part of the deployment.
    #[must_use]
    pub fn part(name: impl Into<String>) -> Self {
        Self { step: None, name: name.into() }
    }

    /// An operation.
    #[must_use]
    pub fn of(step: &course::Step<'_>) -> Self {
        Self { step: Some(step.number), name: step.subject.clone() }
    }

    /// Nothing stands against it, and why.
    #[must_use]
    pub fn pass(&self, reason: impl Into<String>) -> Finding {
        self.finding(Verdict::Pass, reason.into(), String::new())
    }

    /// It may go wrong, and what helps.
    #[must_use]
    pub fn risk(&self, reason: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.finding(Verdict::Risk, reason.into(), remedy.into())
    }

    /// It goes wrong, and what helps.
    #[must_use]
    pub fn fail(&self, reason: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.finding(Verdict::Fail, reason.into(), remedy.into())
    }

    fn finding(&self, verdict: Verdict, reason: String, remedy: String) -> Finding {
        Finding { step: self.step, subject: self.name.clone(), verdict, reason, remedy }
    }
}

/// A check: its name in the table, and the question it asks.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What it finds.
    pub run: fn(&Course<'_>) -> Vec<Finding>,
}

/// All checks in the order in which an operation meets them: the request, its versions, its room, its drains, its time.
pub const CHECKS: [Check; 13] = [
    admission::CHECK,
    version_path::CHECK,
    version_skew::CHECK,
    system_pool::CHECK,
    surge_quota::CHECK,
    subnet_space::CHECK,
    pod_cidr::CHECK,
    outbound_ports::CHECK,
    load_balancer_rules::CHECK,
    disruption_budgets::CHECK,
    single_replica::CHECK,
    drain_timeout::CHECK,
    window_length::CHECK,
];

/// What all checks say of the plan: first of the deployment as such, then of each operation in the order of time.
#[must_use]
pub fn check(plan: &Arc<Plan>) -> Vec<Row> {
    let course = Course::of(plan);
    let mut rows: Vec<(Option<usize>, Row)> = Vec::new();
    for check in CHECKS {
        for Finding { step, subject, verdict, reason, remedy } in (check.run)(&course) {
            rows.push((step, Row { check: check.name, subject, verdict, reason, remedy }));
        }
    }
    rows.sort_by_key(|(step, _)| *step);
    doubt_what_follows_a_failure(&course, &mut rows);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What is said of an operation after one that is accepted and fails rests on a success that does not come: it may fail, no more is
/// known. A refused one changes nothing.
fn doubt_what_follows_a_failure(course: &Course<'_>, rows: &mut [(Option<usize>, Row)]) {
    let is_accepted = |index| course.steps.iter().any(|step| step.number == index && step.refused.is_none());
    let failing = rows.iter().filter(|(_, row)| row.verdict == Verdict::Fail);
    let failing =
        failing.filter_map(|(step, row)| Some((step.filter(|step| is_accepted(*step))?, row.subject.clone())));
    let Some((first, subject)) = failing.min_by_key(|(step, _)| *step) else {
        return;
    };
    for (step, row) in rows.iter_mut().filter(|(_, row)| row.verdict == Verdict::Fail) {
        if step.is_some_and(|step| step > first) {
            row.verdict = Verdict::Risk;
            row.reason = format!("if “{subject}” succeeds, which is not foreseen: {}", row.reason);
        }
    }
}

/// A row and the points of the study that it holds for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PointsRow {
    /// The row.
    #[serde(flatten)]
    pub row: Row,
    /// Labels of the points, in the study's order; without the variant where there is only one.
    pub points: Vec<String>,
}

/// The rows of every point, those that are the same told once.
///
/// Rows of one check and subject stand together, at the place of the first of them.
#[must_use]
pub fn check_points(points: &[Point]) -> Vec<PointsRow> {
    let mut rows: Vec<PointsRow> = Vec::new();
    let one_variant = points.windows(2).all(|pair| pair[0].variant == pair[1].variant);
    for point in points {
        let label = point.label();
        let sweep = label.strip_prefix(&format!("{}, ", point.variant)).filter(|_| one_variant);
        let label = sweep.unwrap_or(&label);
        for row in check(&point.plan) {
            let alike = |other: &PointsRow| (other.row.check, &other.row.subject) == (row.check, &row.subject);
            match rows.iter().position(|other| other.row == row) {
                Some(known) => rows[known].points.push(label.to_owned()),
                None => {
                    let place = rows.iter().rposition(alike).map_or(rows.len(), |last| last + 1);
                    rows.insert(place, PointsRow { row, points: vec![label.to_owned()] });
                }
            }
        }
    }
    rows
}

/// `1 node`, `2 nodes`.
fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `a, b, c and 2 more`.
fn listed(names: &[String]) -> String {
    const MOST: usize = 3;
    match names.len() {
        0..=MOST => names.join(", "),
        all => format!("{} and {} more", names[..MOST].join(", "), all - MOST),
    }
}
