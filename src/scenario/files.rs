//! Files that a scenario names, read once, and the hash over all of them.

use super::document::SourceFile;
use indexmap::IndexMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// Every file of a scenario, in the order in which it was first read.
#[derive(Debug)]
pub struct Files {
    base: PathBuf,
    read: IndexMap<PathBuf, Arc<SourceFile>>,
}

impl Files {
    /// Files relative to the folder of the scenario.
    #[must_use]
    pub fn beside(scenario: &Path) -> Self {
        Self { base: scenario.parent().unwrap_or(Path::new("")).to_owned(), read: IndexMap::new() }
    }

    /// Reads the scenario itself; `-` is standard input.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn read_scenario(&mut self, path: &Path) -> io::Result<Arc<SourceFile>> {
        if path == Path::new("-") {
            let text = io::read_to_string(io::stdin())?;
            let file = Arc::new(SourceFile { path: "<stdin>".to_owned(), text });
            self.read.insert(path.to_owned(), Arc::clone(&file));
            return Ok(file);
        }
        self.read_at(path.to_owned())
    }

    /// The folder of the scenario.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.base
    }

    /// Reads a file that the scenario names.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn read(&mut self, name: &str) -> io::Result<Arc<SourceFile>> {
        self.read_at(self.base.join(name))
    }

    fn read_at(&mut self, path: PathBuf) -> io::Result<Arc<SourceFile>> {
        if let Some(file) = self.read.get(&path) {
            return Ok(Arc::clone(file));
        }
        let text = std::fs::read_to_string(&path)?;
        let file = Arc::new(SourceFile { path: path.display().to_string(), text });
        self.read.insert(path, Arc::clone(&file));
        Ok(file)
    }

    /// The hash of the texts of all files read and of what was set on the command line: names and places do not matter.
    #[must_use]
    pub fn hash(&self, sets: &[(String, String)]) -> String {
        let mut hasher = Xxh3::new();
        let mut update = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        for file in self.read.values() {
            update(&file.text);
        }
        for (path, value) in sets {
            update(path);
            update(value);
        }
        format!("{:032x}", hasher.digest128())
    }
}
