//! What was compared and what agreed, counted by kind of case and by plugin.

use aksim::placement::{filter, score};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};

/// How many comparisons, and how many of them agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub compared: usize,
    pub agree: usize,
}

impl Count {
    fn add(&mut self, agrees: bool) {
        self.compared += 1;
        self.agree += usize::from(agrees);
    }
}

/// The outcome of all comparisons.
#[derive(Debug, Default)]
pub struct Agreement {
    /// Cases transcribed from Kubernetes' own tests, by kind.
    pub kinds: BTreeMap<String, Count>,
    /// Answers of a real scheduler by what was compared: `cases`, `verdicts`, `sentences`, `choices`, `totals`.
    pub answers: BTreeMap<&'static str, Count>,
    /// Nodes that a real scheduler rejected, by the plugin that did.
    pub rejections: BTreeMap<String, Count>,
    /// Scores of a real scheduler, by plugin.
    pub scores: BTreeMap<String, Count>,
    /// Feasible nodes for which a real scheduler skipped the plugin, by plugin.
    pub skips: BTreeMap<String, Count>,
    /// Cases of kinds that are not the scheduler's.
    pub elsewhere: BTreeMap<String, usize>,
    /// What differs, a line each.
    pub failures: Vec<String>,
}

impl Agreement {
    /// Counts a case of a kind.
    pub fn case(&mut self, kind: &str, case: &str, outcome: Result<(), String>) {
        self.kinds.entry(kind.to_owned()).or_default().add(outcome.is_ok());
        if let Err(difference) = outcome {
            self.failures.push(format!("{case}: {difference}"));
        }
    }

    /// Counts a whole case of a real scheduler's answers.
    pub fn answered_case(&mut self, agrees: bool) {
        self.answers.entry("cases").or_default().add(agrees);
    }

    /// Counts a comparison with a real scheduler's answer; false when it differs.
    pub fn answer<T: PartialEq + Debug>(&mut self, what: &'static str, at: &str, found: &T, expected: &T) -> bool {
        let agrees = found == expected;
        self.answers.entry(what).or_default().add(agrees);
        if !agrees {
            self.failures.push(format!("{at}: {what}: found {found:?}, expected {expected:?}"));
        }
        agrees
    }

    /// Counts the rejection of a node by the plugin that the answer names.
    pub fn rejection(&mut self, plugin: &str, agrees: bool) {
        self.rejections.entry(plugin.to_owned()).or_default().add(agrees);
    }

    /// Counts a weighted score, or that the plugin was skipped and gives none.
    pub fn score(&mut self, plugin: &str, at: &str, found: Option<i64>, expected: Option<i64>) {
        let counts = if expected.is_some() { &mut self.scores } else { &mut self.skips };
        counts.entry(plugin.to_owned()).or_default().add(found == expected);
        if found != expected {
            self.failures.push(format!("{at}: {plugin}: found {found:?}, expected {expected:?}"));
        }
    }

    /// The tables of the document `docs/conformance.md`, in Markdown.
    pub fn tables(&self) -> String {
        let mut text = String::new();
        if !self.kinds.is_empty() {
            text.push_str("| kind of case | cases | agree |\n|---|---:|---:|\n");
            for (kind, count) in &self.kinds {
                writeln!(text, "| {kind} | {} | {} |", count.compared, count.agree).expect("a string takes all");
            }
        }
        if !self.answers.is_empty() {
            text.push_str("\n| answers of kube-scheduler 1.34.1 | compared | agree |\n|---|---:|---:|\n");
            for (what, text_of) in [
                ("cases", "cases, in all that follows"),
                ("verdicts", "verdicts on a node: code, plugin and reasons"),
                ("sentences", "FitError sentences"),
                ("totals", "total scores of a node"),
                ("choices", "nodes with the best total"),
            ] {
                let count = self.answers.get(what).copied().unwrap_or_default();
                writeln!(text, "| {text_of} | {} | {} |", count.compared, count.agree).expect("a string takes all");
            }
            text.push_str("\n| plugin | rejections | agree | scores | agree | skipped | agree |\n|---|---:|---:|---:|---:|---:|---:|\n");
            for plugin in plugins() {
                let cells = |counts: &BTreeMap<String, Count>| {
                    let count = counts.get(plugin);
                    count.map_or_else(|| "– | –".to_owned(), |count| format!("{} | {}", count.compared, count.agree))
                };
                let (rejections, scores, skips) = (cells(&self.rejections), cells(&self.scores), cells(&self.skips));
                writeln!(text, "| {plugin} | {rejections} | {scores} | {skips} |").expect("a string takes all");
            }
        }
        text
    }
}

/// The names of the plugins: filters in their order, then those that only score.
pub fn plugins() -> Vec<&'static str> {
    let names = filter::PLUGINS.iter().map(|plugin| plugin.name).chain(score::PLUGINS.iter().map(|plugin| plugin.name));
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}
