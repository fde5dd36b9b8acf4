//! Results as files and text: CSV, charts, a terminal table, an HTML report and `run.json`, one format a file, all from the same
//! [`ExperimentResult`].

pub mod blockers;
pub mod chart;
pub mod csv;
pub mod headline;
pub mod inventory;
pub mod ip;
pub mod number;
pub mod operation_errors;
pub mod preflight;
pub mod report;
pub mod run_json;
pub mod table;

mod file;
mod merit;
#[cfg(test)]
mod sample;

use crate::experiment::ExperimentResult;
use chart::Charts;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is known of a run besides its result.
#[derive(Clone, Debug)]
pub struct RunInfo {
    /// The command that repeats it; without what changes nothing, such as the number of threads.
    pub command: String,
    /// Threads used.
    pub threads: usize,
    /// Wall time of the simulation.
    pub elapsed: Duration,
}

/// The forms of what `aksim run` and `aksim check` print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum TableFormat {
    /// For people.
    #[default]
    Table,
    /// JSON: the rows of `summary.csv`, or of the checks.
    Json,
    /// CSV: `summary.csv`, or the rows of the checks.
    Csv,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The directory.
    pub dir: PathBuf,
    /// The files, relative to the directory, in the order in which they are worth reading.
    pub files: Vec<PathBuf>,
    /// The charts, and those that had no data, with the reason.
    pub charts: Charts,
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, dir) = (self.files.len(), self.dir.display());
        write!(f, "{count} files in {dir}: open {}", self.dir.join("report.html").display())?;
        for chart in &self.charts.left_out {
            write!(f, "\nno chart {}: {}", chart.name, chart.reason)?;
        }
        Ok(())
    }
}

/// The summary in the format asked for. A table is styled and fitted when standard output is a terminal.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn render(result: &ExperimentResult, format: TableFormat) -> Result<String, OutputError> {
    let mut bytes = Vec::new();
    let written = match format {
        TableFormat::Table => return Ok(table::render(result, table::Look::of_stdout())),
        TableFormat::Json => table::write_json(result, &mut bytes),
        TableFormat::Csv => csv::write_summary(result, &mut bytes),
    };
    written.map_err(|error| OutputError::write(Path::new("-"), "", error))?;
    Ok(String::from_utf8(bytes).expect("JSON and CSV of strings are UTF-8"))
}

/// Writes everything that a run writes into `dir`, which is made if need be. Every file is written to a temporary file first.
///
/// # Errors
/// When a directory or file cannot be written, or a chart cannot be drawn; files written before stay.
pub fn write_all(result: &ExperimentResult, dir: &Path, info: &RunInfo) -> Result<Manifest, OutputError> {
    let chart_dir = dir.join("charts");
    file::make_dir(&chart_dir)?;
    let tables = csv::write_all(result, dir)?;
    let charts = chart::draw_all(result, &chart_dir)?;
    report::write(result, dir, info, &charts)?;
    run_json::write(result, dir, info)?;
    let drawn =
        charts.files.iter().flat_map(|chart| ["svg", "png"].map(|kind| format!("charts/{}.{kind}", chart.name)));
    let tables = tables.into_iter().map(str::to_owned);
    let names = ["report.html".to_owned()].into_iter().chain(tables).chain(drawn).chain(["run.json".to_owned()]);
    Ok(Manifest { dir: dir.to_owned(), files: names.map(PathBuf::from).collect(), charts })
}

/// Why results could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// A file or directory could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A chart could not be drawn.
    #[error("cannot draw a chart: {0}")]
    Draw(String),
    /// The report could not be filled in.
    #[error("cannot fill in the report")]
    Report(#[from] askama::Error),
}

impl OutputError {
    fn write(dir: &Path, name: &str, source: std::io::Error) -> Self {
        Self::Write { path: dir.join(name), source }
    }

    fn drawing(error: impl std::fmt::Display) -> Self {
        Self::Draw(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn info() -> RunInfo {
        let command = "aksim run scenarios/store-b-vs-d.yaml --seeds 3".to_owned();
        RunInfo { command, threads: 2, elapsed: Duration::from_secs(9) }
    }

    /// Every file below a directory with its content.
    fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files.append(&mut contents(&path));
            } else {
                files.insert(path.strip_prefix(dir).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
        files
    }

    #[test]
    fn a_run_writes_what_its_manifest_says_and_the_same_bytes_every_time() {
        let result = sample::two_variants(3);
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let manifest = write_all(&result, first.path(), &info()).unwrap();
        write_all(&result, second.path(), &info()).unwrap();
        let files = contents(first.path());
        assert_eq!(files, contents(second.path()));
        assert_eq!(manifest.files.len(), files.len());
        assert!(manifest.files.iter().all(|file| first.path().join(file).is_file()), "{:?}", manifest.files);
    }

    #[test]
    fn run_json_differs_in_its_timing_only() {
        let result = sample::two_variants(3);
        let read = |info: &RunInfo| {
            let dir = tempfile::tempdir().unwrap();
            run_json::write(&result, dir.path(), info).unwrap();
            let text = std::fs::read(dir.path().join("run.json")).unwrap();
            serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&text).unwrap()
        };
        let mut one = read(&info());
        let mut other = read(&RunInfo { threads: 1, elapsed: Duration::from_secs(17), ..info() });
        assert_eq!(one["events"], 6 * 120_000 + 12);
        assert_eq!(one["points"][1]["first_fingerprints"].as_array().unwrap().len(), 3);
        assert_ne!(one.remove("timing"), other.remove("timing"));
        assert_eq!(one, other);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_an_error_that_names_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = write_all(&sample::two_variants(1), &file.path().join("below"), &info()).unwrap_err();
        assert!(error.to_string().contains("below"), "{error}");
    }
}
