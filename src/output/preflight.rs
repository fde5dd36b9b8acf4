//! The preflight of scenarios: a table, JSON, CSV.

use super::table::STYLE;
use crate::preflight::{PointsRow, Row, Verdict};
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;
use std::io::{self, Write};

/// Width of the table where no terminal sets one.
const WIDTH: u16 = 132;

/// Labels of points that a cell names; of more it tells the number.
const NAMED_POINTS: usize = 2;

/// What the checks say of one scenario.
#[derive(Clone, Debug, Serialize)]
pub struct Preflight {
    /// The scenario's name.
    pub scenario: String,
    /// Its points: variants times sweep points.
    pub points: usize,
    /// The rows.
    pub checks: Vec<PointsRow>,
}

impl Preflight {
    /// How many rows have this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|row| row.row.verdict == verdict).count()
    }
}

/// Columns of the CSV.
const COLUMNS: [&str; 8] = ["scenario", "check", "subject", "verdict", "reason", "remedy", "points", "labels"];

/// The table and the count of each verdict. With `fitted` as wide as the terminal. Rows below `least` are only counted.
#[must_use]
pub fn render(preflight: &Preflight, least: Verdict, fitted: bool) -> String {
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !fitted {
        table.set_width(WIDTH);
    }
    let many = preflight.points > 1;
    let points = many.then_some("points");
    table.set_header(["verdict", "check", "subject", "reason, and → remedy"].into_iter().chain(points));
    let shown = preflight.checks.iter().filter(|row| row.row.verdict >= least);
    let mut rows = 0;
    for PointsRow { row, points } in shown {
        let Row { check, subject, verdict, reason, remedy } = row;
        let told = if remedy.is_empty() { reason.clone() } else { format!("{reason}\n→ {remedy}") };
        let cells = [verdict.name().to_owned(), (*check).to_owned(), subject.clone(), told];
        table.add_row(cells.into_iter().chain(many.then(|| holds_for(points, preflight.points))));
        rows += 1;
    }
    let [fail, risk, pass] = [Verdict::Fail, Verdict::Risk, Verdict::Pass].map(|verdict| preflight.count(verdict));
    let sum = format!("{fail} FAIL, {risk} RISK, {pass} PASS\n");
    if rows == 0 { sum } else { format!("{}\n{sum}", table.trim_fmt()) }
}

/// `all`, the points by name, or how many of how many.
fn holds_for(points: &[String], all: usize) -> String {
    match points.len() {
        several if several == all => "all".to_owned(),
        ..=NAMED_POINTS => points.join("; "),
        several => format!("{several} of {all}"),
    }
}

/// Writes an array with an object for each scenario.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_json(preflights: &[Preflight], out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, preflights)?;
    writeln!(out)
}

/// Writes one row for each check of each scenario; `labels` are those of the points that it holds for.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_csv(preflights: &[Preflight], out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for preflight in preflights {
        for PointsRow { row, points } in &preflight.checks {
            let Row { check, subject, verdict, reason, remedy } = row;
            let (count, labels) = (points.len().to_string(), points.join("; "));
            csv.write_record([&preflight.scenario, *check, subject, verdict.name(), reason, remedy, &count, &labels])?;
        }
    }
    csv.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_the_points_that_it_holds_for() {
        let labels = |count: usize| (0..count).map(|index| format!("v{index}")).collect::<Vec<_>>();
        for (points, all, expected) in [(4, 4, "all"), (1, 4, "v0"), (2, 4, "v0; v1"), (3, 4, "3 of 4")] {
            assert_eq!(holds_for(&labels(points), all), expected);
        }
    }
}
