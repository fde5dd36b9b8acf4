//! What there is to say about a scenario: errors, warnings and notes, each with its place, its remedy and a stable code.

use super::document::{Document, SourceFile, Span};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use std::fmt;
use std::sync::Arc;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The scenario cannot be run.
    Error,
    /// The scenario runs, and its author should know.
    Warning,
    /// Something written has no effect.
    Note,
}

impl Severity {
    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing to say about a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How much it matters.
    pub severity: Severity,
    /// A stable name such as `scenario::max_surge`.
    pub code: &'static str,
    /// The field, such as `cluster.agentPoolProfiles[0].vmSize`; empty for the file as a whole.
    pub path: String,
    /// What was found, a lower-case fragment.
    pub found: String,
    /// What to write instead; empty when there is nothing to do.
    pub remedy: String,
    file: Option<Arc<SourceFile>>,
    span: Span,
}

impl Problem {
    /// An error. Where it is, [`Problem::at`] adds.
    #[must_use]
    pub fn error(code: &'static str, path: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, path, found.into(), remedy.into())
    }

    /// A warning.
    #[must_use]
    pub fn warning(code: &'static str, path: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, path, found.into(), remedy.into())
    }

    /// A note.
    #[must_use]
    pub fn note(code: &'static str, path: &str, found: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, path, found.into(), String::new())
    }

    fn new(severity: Severity, code: &'static str, path: &str, found: String, remedy: String) -> Self {
        Self { severity, code, path: path.to_owned(), found, remedy, file: None, span: Span::default() }
    }

    /// Puts the problem at its place.
    #[must_use]
    pub fn at(mut self, file: &Arc<SourceFile>, span: Span) -> Self {
        self.file = Some(Arc::clone(file));
        self.span = span;
        self
    }

    /// Puts the problem at the value at a JSON pointer of a document.
    #[must_use]
    pub fn at_value(self, document: &Document, pointer: &str) -> Self {
        self.at(document.origin(pointer), document.span(pointer))
    }

    /// Puts the problem at the key of the value at a JSON pointer of a document.
    #[must_use]
    pub fn at_key(self, document: &Document, pointer: &str) -> Self {
        self.at(document.origin(pointer), document.key_span(pointer))
    }

    /// The line for people, and with `snippet` the part of the file that it is about.
    #[must_use]
    pub fn render(&self, snippet: bool) -> String {
        let line = format!("{}: {self}", self.severity.name());
        if !snippet || self.file.is_none() || self.span.line == 0 {
            return line;
        }
        let mut picture = String::new();
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_links(false);
        match handler.render_report(&mut picture, &Picture(self)) {
            Ok(()) => {
                // The message stands in the first line already; what follows it is the picture.
                let snippet = picture.lines().skip_while(|line| !line.contains('╭')).collect::<Vec<_>>().join("\n");
                format!("{line}\n{snippet}")
            }
            Err(_) => line,
        }
    }

    fn order(&self) -> (&str, usize, usize, Severity) {
        (self.file.as_ref().map_or("", |file| &file.path), self.span.line, self.span.column, self.severity)
    }
}

impl fmt::Display for Problem {
    /// `scenarios/surge.yaml:13:17 agentPoolProfiles[0].upgradeSettings.maxSurge: found "lots", write 3 or 33% [scenario::max_surge]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}:", file.path)?;
            if self.span.line > 0 {
                write!(f, "{}:{}", self.span.line, self.span.column)?;
            }
            f.write_str(" ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.found)?;
        if !self.remedy.is_empty() {
            write!(f, ", {}", self.remedy)?;
        }
        write!(f, " [{}]", self.code)
    }
}

/// A problem as miette draws it: only its place.
#[derive(Debug)]
struct Picture<'a>(&'a Problem);

impl fmt::Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.found)
    }
}

impl std::error::Error for Picture<'_> {}

impl Diagnostic for Picture<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.file.as_ref().map(|file| &file.text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.0.span;
        let label = if self.0.remedy.is_empty() { "here" } else { &self.0.remedy };
        Some(Box::new(std::iter::once(LabeledSpan::new(Some(label.to_owned()), span.start, span.len.max(1)))))
    }
}

/// Everything there is to say about a scenario.
#[derive(Clone, Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one, unless the same was said already.
    pub fn push(&mut self, problem: Problem) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    /// Adds all of another collection.
    pub fn append(&mut self, other: Self) {
        for problem in other.0 {
            self.push(problem);
        }
    }

    /// Takes back what was said since there were `mark` problems, where `is_doubtful` holds.
    pub fn take_back(&mut self, mark: usize, is_doubtful: impl Fn(&Problem) -> bool) {
        let mut index = 0;
        self.0.retain(|problem| {
            index += 1;
            index <= mark || !is_doubtful(problem)
        });
    }

    /// True when the scenario cannot be run.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// In the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        let mut sorted: Vec<&Problem> = self.0.iter().collect();
        sorted.sort_by(|a, b| a.order().cmp(&b.order()));
        sorted.into_iter()
    }

    /// The number of problems of any severity.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What to write instead of an unknown word: the known word most like it, or one of all.
#[must_use]
pub fn suggestion(found: &str, known: &[&str]) -> String {
    match did_you_mean(found, known.iter().copied()) {
        Some(known) => format!("did you mean {known}?"),
        None => format!("write one of {}", known.join(", ")),
    }
}

/// The known word most like `found`, when one is like it at all.
#[must_use]
pub fn did_you_mean<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let similarity = |word: &str| strsim::normalized_damerau_levenshtein(&word.to_lowercase(), &found.to_lowercase());
    let best = known.into_iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
    (similarity(best) >= 0.5).then_some(best)
}
