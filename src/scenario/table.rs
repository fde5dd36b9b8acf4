//! CSV files with a heading: cells by row and column, and problems with their place in the file.

use super::diagnostic::{Problem, Problems};
use super::document::{SourceFile, Span};
use crate::kernel::SimDuration;
use csv::StringRecord;
use jiff::Timestamp;
use std::sync::Arc;

/// So many problems of one file are told one by one, the others counted: a wrong column is wrong in every row.
const MOST_PROBLEMS: usize = 20;

/// A CSV file that was read as a whole.
#[derive(Debug)]
pub struct Table {
    /// The file.
    pub file: Arc<SourceFile>,
    headings: Vec<String>,
    rows: Vec<StringRecord>,
}

/// A row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    table: &'a Table,
    record: &'a StringRecord,
}

/// What is wrong with the cells of a table.
#[derive(Debug, Default)]
pub struct CellFaults {
    told: Vec<Problem>,
    others: usize,
}

impl Table {
    /// Reads the file; rows of another length than the heading are faults and left out.
    #[must_use]
    pub fn read(file: &Arc<SourceFile>, faults: &mut CellFaults) -> Self {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file.text.as_bytes());
        let headings = reader.headers().map(|record| record.iter().map(|cell| cell.trim().to_owned()).collect());
        let mut table = Self { file: Arc::clone(file), headings: headings.unwrap_or_default(), rows: Vec::new() };
        // The text is UTF-8 and any number of cells is taken, so that reading it cannot fail.
        let records: Vec<StringRecord> = reader.records().filter_map(Result::ok).collect();
        for record in records {
            if record.len() == table.headings.len() {
                table.rows.push(record);
            } else {
                let row = Row { table: &table, record: &record };
                let found = format!("found {} cells", record.len());
                let remedy = format!("write {}, as in the heading", table.headings.len());
                faults.push(row.problem_of(0, "", "table::cells", found, remedy));
            }
        }
        table
    }

    /// The index of the column with this heading.
    #[must_use]
    pub fn column(&self, heading: &str) -> Option<usize> {
        self.headings.iter().position(|known| known == heading)
    }

    /// The headings.
    #[must_use]
    pub fn headings(&self) -> Vec<&str> {
        self.headings.iter().map(String::as_str).collect()
    }

    /// The rows, in the order of the file.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.rows.iter().map(|record| Row { table: self, record })
    }
}

impl<'a> Row<'a> {
    /// The text of a cell without the spaces around it.
    #[must_use]
    pub fn cell(&self, column: usize) -> &'a str {
        self.record[column].trim()
    }

    /// The line of the row, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.start().1
    }

    /// The first byte of the row, and its line. The reader gives the end of the line before where that is `\r\n` or empty.
    fn start(&self) -> (usize, usize) {
        let (byte, line) = self.record.position().map_or((0, 0), |place| (place.byte(), place.line()));
        let number = |number: u64| usize::try_from(number).expect("a file in memory has places that fit");
        let text = &self.table.file.text[number(byte)..];
        let skipped = &text[..text.len() - text.trim_start_matches(['\r', '\n']).len()];
        (number(byte) + skipped.len(), number(line) + skipped.matches('\n').count())
    }

    /// A problem of the cell in this column.
    #[must_use]
    pub fn problem(
        &self,
        column: usize,
        code: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        self.problem_of(column, &self.table.headings[column], code, found, remedy)
    }

    fn problem_of(
        &self,
        column: usize,
        heading: &str,
        code: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        Problem::error(code, heading, found, remedy).at(&self.table.file, self.span(column))
    }

    /// Where the cell stands; the row as a whole where quotes hide that.
    fn span(&self, column: usize) -> Span {
        let (start, number) = self.start();
        let text = &self.table.file.text;
        let line = text[start..].lines().next().unwrap_or_default();
        let whole = Span { start, len: line.len(), line: number, column: 1 };
        match self.record.range(column).filter(|_| !line.contains('"')) {
            // The record holds the cells without the commas between them.
            Some(range) if start + range.end + column <= text.len() => {
                let before = range.start + column;
                Span {
                    start: start + before,
                    len: range.len(),
                    column: 1 + line.get(..before).map_or(0, |cells| cells.chars().count()),
                    ..whole
                }
            }
            _ => whole,
        }
    }
}

impl CellFaults {
    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        if self.told.len() < MOST_PROBLEMS {
            self.told.push(problem);
        } else {
            self.others += 1;
        }
    }

    /// True when nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Tells them, and how many more there are in the file.
    pub fn tell(self, file: &Arc<SourceFile>, problems: &mut Problems) {
        self.told.into_iter().for_each(|problem| problems.push(problem));
        if self.others > 0 {
            let found = format!("{} more problems like these", self.others);
            problems.push(Problem::error("table::more", "", found, "").at(file, Span::default()));
        }
    }
}

/// Microseconds from the start, negative before it: a number of seconds, a duration such as `90s`, or a moment such as
/// `2026-03-02T00:00:00Z`.
#[must_use]
pub fn moment(text: &str, start: Timestamp) -> Option<i64> {
    if let Ok(span) = SimDuration::parse(text) {
        return i64::try_from(span.micros()).ok();
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return at.as_microsecond().checked_sub(start.as_microsecond());
    }
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..1e12).contains(seconds))?;
    i64::try_from(SimDuration::from_secs_f64(seconds).micros()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> (Table, CellFaults) {
        let mut faults = CellFaults::default();
        let file = Arc::new(SourceFile { path: "t.csv".into(), text: text.into() });
        (Table::read(&file, &mut faults), faults)
    }

    fn place(text: &str, row: usize, heading: &str) -> String {
        let (table, _) = table(text);
        let column = table.column(heading).unwrap();
        let row = table.rows().nth(row).unwrap();
        row.problem(column, "c", format!("found \"{}\"", row.cell(column)), "write more").to_string()
    }

    #[test]
    fn a_cell_has_its_line_and_column() {
        let text = "name,cpu\na,1\nlöß,lots\n";
        assert_eq!(place(text, 0, "name"), "t.csv:2:1 name: found \"a\", write more [c]");
        assert_eq!(place(text, 1, "cpu"), "t.csv:3:5 cpu: found \"lots\", write more [c]");
        assert_eq!(place("name, cpu\r\na, 1\r\nb, 2\r\n", 1, "cpu"), "t.csv:3:3 cpu: found \"2\", write more [c]");
        assert_eq!(place("name,cpu\n\"a,b\",1\n", 0, "cpu"), "t.csv:2:1 cpu: found \"1\", write more [c]");
    }

    #[test]
    fn rows_of_another_length_are_left_out_and_many_problems_are_counted() {
        let (read, faults) = table(&format!("name,cpu\na,1\n{}", "b\n".repeat(25)));
        assert_eq!(read.rows().len(), 1);
        let mut problems = Problems::default();
        faults.tell(&read.file, &mut problems);
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 21);
        assert_eq!(lines[0], "t.csv: 5 more problems like these [table::more]");
        assert_eq!(lines[1], "t.csv:3:1 found 1 cells, write 2, as in the heading [table::cells]");
    }

    #[test]
    fn moments_are_seconds_durations_or_times_of_the_calendar() {
        let start: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        for (text, seconds) in [
            ("90", Some(90)),
            ("1.5", Some(1)),
            ("2m", Some(120)),
            ("2026-03-01T23:59:00Z", Some(-60)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(moment(text, start).map(|micros| micros / 1_000_000), seconds, "{text}");
        }
    }
}
