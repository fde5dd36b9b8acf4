//! Results as files and text: CSV, charts, a terminal table, an HTML report and `run.json`, one format a file, all from the same
//! [`ExperimentResult`].

pub mod chart;
pub mod csv;
pub mod headline;
pub mod number;

mod file;
#[cfg(test)]
mod sample;

use std::path::{Path, PathBuf};

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
}

impl OutputError {
    fn write(dir: &Path, name: &str, source: std::io::Error) -> Self {
        Self::Write { path: dir.join(name), source }
    }

    fn drawing(error: impl std::fmt::Display) -> Self {
        Self::Draw(error.to_string())
    }
}
