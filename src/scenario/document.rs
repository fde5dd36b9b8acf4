//! A YAML document with the place of every value in its file.

use super::diagnostic::Problem;
use saphyr::{LoadableYamlNode, MarkedYamlOwned, ScalarOwned, YamlDataOwned};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file as it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path as the user wrote it; `<stdin>` for standard input.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A place in a file: bytes for slicing, line and column (from 1) for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Bytes.
    pub len: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Where a value and its key stand.
#[derive(Clone, Debug)]
struct Place {
    key: Span,
    value: Span,
    /// The file, where it is not the document's: a value may be set on the command line.
    origin: Option<Arc<SourceFile>>,
}

/// One YAML document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The document as JSON, which is what everything below works on.
    pub value: Value,
    places: BTreeMap<String, Place>,
}

impl Document {
    /// Reads all documents of a file; empty ones are left out.
    ///
    /// # Errors
    /// The first syntax error, with its place: what follows it cannot be trusted.
    pub fn parse_all(file: &Arc<SourceFile>) -> Result<Vec<Self>, Box<Problem>> {
        let lines = Lines::of(&file.text);
        let nodes = MarkedYamlOwned::load_from_str(&file.text).map_err(|error| {
            let marker = error.marker();
            let span = lines.point(marker.line(), marker.col());
            let repeated = error.info().starts_with("duplicated key");
            let remedy =
                if repeated { "write every key of a mapping once" } else { "check indentation, quotes and colons" };
            Box::new(Problem::error("yaml::syntax", "", format!("not YAML: {}", error.info()), remedy).at(file, span))
        })?;
        let mut documents = Vec::new();
        for node in nodes {
            let mut reader = Reader { file, lines: &lines, places: BTreeMap::new() };
            let value = reader.convert(&node, String::new(), None)?;
            if !value.is_null() {
                documents.push(Self { file: Arc::clone(file), value, places: reader.places });
            }
        }
        Ok(documents)
    }

    /// Where the value at this JSON pointer stands, or its nearest ancestor that stands in the file.
    #[must_use]
    pub fn span(&self, pointer: &str) -> Span {
        self.place(pointer).map_or_else(Span::default, |place| place.value)
    }

    /// The file that the value at this JSON pointer comes from.
    #[must_use]
    pub fn origin(&self, pointer: &str) -> &Arc<SourceFile> {
        self.place(pointer).and_then(|place| place.origin.as_ref()).unwrap_or(&self.file)
    }

    /// Where the key of the value at this JSON pointer stands.
    #[must_use]
    pub fn key_span(&self, pointer: &str) -> Span {
        self.place(pointer).map_or_else(Span::default, |place| place.key)
    }

    /// A part of the document as a document of its own.
    #[must_use]
    pub fn part(&self, pointer: &str) -> Option<Self> {
        let value = self.value.pointer(pointer)?.clone();
        let below = self.places.range(pointer.to_owned()..).take_while(|(key, _)| key.starts_with(pointer));
        let places = below.map(|(key, place)| (key[pointer.len()..].to_owned(), place.clone())).collect();
        Some(Self { file: Arc::clone(&self.file), value, places })
    }

    /// Takes everything at and below `pointer` to stand at `span` of `origin`: a value that was set from elsewhere.
    pub fn relocate(&mut self, pointer: &str, origin: &Arc<SourceFile>, span: Span) {
        let below = format!("{pointer}/");
        self.places.retain(|key, _| !key.starts_with(&below));
        self.places.insert(pointer.to_owned(), Place { key: span, value: span, origin: Some(Arc::clone(origin)) });
    }

    /// Gives a key of the mapping at `parent` another name; its place stays.
    pub fn rename(&mut self, parent: &str, old: &str, new: &str) {
        let Some(map) = self.value.pointer_mut(parent).and_then(Value::as_object_mut) else {
            return;
        };
        if let Some(value) = map.shift_remove(old) {
            map.insert(new.to_owned(), value);
            let (from, to) = (format!("{parent}/{}", escape(old)), format!("{parent}/{}", escape(new)));
            let is_below = |pointer: &str| pointer == from || pointer.starts_with(&format!("{from}/"));
            let moved: Vec<_> = self.places.keys().filter(|pointer| is_below(pointer)).cloned().collect();
            for pointer in moved {
                if let Some(place) = self.places.remove(&pointer) {
                    self.places.insert(format!("{to}{}", &pointer[from.len()..]), place);
                }
            }
        }
    }

    /// Takes a key out of the mapping at `parent`.
    pub fn remove(&mut self, parent: &str, key: &str) -> Option<Value> {
        self.value.pointer_mut(parent)?.as_object_mut()?.shift_remove(key)
    }

    fn place(&self, pointer: &str) -> Option<&Place> {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.places.get(pointer) {
                return Some(place);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }
}

/// Turns the parser's nodes into JSON and notes where they stand.
struct Reader<'a> {
    file: &'a Arc<SourceFile>,
    lines: &'a Lines<'a>,
    places: BTreeMap<String, Place>,
}

impl Reader<'_> {
    fn convert(&mut self, node: &MarkedYamlOwned, pointer: String, key: Option<Span>) -> Result<Value, Box<Problem>> {
        let (start, end) = (node.span.start, node.span.end);
        let mut span = self.lines.point(start.line(), start.col());
        let end = self.lines.point(end.line(), end.col());
        // A block ends where the next token begins; for a label the first line of it is enough.
        let text = &self.file.text[span.start..end.start.max(span.start)];
        span.len = text.lines().next().map_or(0, |line| line.trim_end().len());
        self.places.insert(pointer.clone(), Place { key: key.unwrap_or(span), value: span, origin: None });
        match &node.data {
            YamlDataOwned::Value(scalar) => self.scalar(scalar, &pointer, span),
            YamlDataOwned::Sequence(items) => {
                let items = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.convert(item, format!("{pointer}/{index}"), None));
                items.collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            YamlDataOwned::Mapping(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let place = self.lines.point(key.span.start.line(), key.span.start.col());
                    let name = self.key_name(key, &pointer, place)?;
                    let place = Span { len: name.len(), ..place };
                    let value = self.convert(value, format!("{pointer}/{}", escape(&name)), Some(place))?;
                    map.insert(name, value);
                }
                Ok(Value::Object(map))
            }
            YamlDataOwned::Tagged(_, inner) => self.convert(inner, pointer, key),
            YamlDataOwned::Representation(..) | YamlDataOwned::Alias(_) | YamlDataOwned::BadValue => {
                let found = "found a value that its tag does not allow";
                let problem = Problem::error("yaml::value", &path_of(&pointer), found, "remove the tag");
                Err(Box::new(problem.at(self.file, span)))
            }
        }
    }

    fn scalar(&self, scalar: &ScalarOwned, pointer: &str, span: Span) -> Result<Value, Box<Problem>> {
        Ok(match scalar {
            ScalarOwned::Null => Value::Null,
            ScalarOwned::Boolean(flag) => Value::Bool(*flag),
            ScalarOwned::Integer(number) => Value::Number((*number).into()),
            ScalarOwned::FloatingPoint(number) => match Number::from_f64(number.into_inner()) {
                Some(number) => Value::Number(number),
                None => {
                    let problem = Problem::error(
                        "yaml::number",
                        &path_of(pointer),
                        format!("found {number}"),
                        "write a finite number",
                    );
                    return Err(Box::new(problem.at(self.file, span)));
                }
            },
            ScalarOwned::String(text) => Value::String(text.clone()),
        })
    }

    fn key_name(&self, key: &MarkedYamlOwned, pointer: &str, span: Span) -> Result<String, Box<Problem>> {
        match &key.data {
            YamlDataOwned::Value(ScalarOwned::String(name)) => Ok(name.clone()),
            YamlDataOwned::Value(ScalarOwned::Integer(number)) => Ok(number.to_string()),
            YamlDataOwned::Value(ScalarOwned::Boolean(flag)) => Ok(flag.to_string()),
            YamlDataOwned::Value(ScalarOwned::FloatingPoint(number)) => Ok(number.to_string()),
            _ => {
                let problem = Problem::error(
                    "yaml::key",
                    &path_of(pointer),
                    "found a key that is not a word",
                    "write the key as plain text",
                );
                Err(Box::new(problem.at(self.file, span)))
            }
        }
    }
}

/// A reference token of a JSON pointer (RFC 6901).
#[must_use]
pub fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// A JSON pointer as people write paths: `/a/0/b` becomes `a[0].b`.
#[must_use]
pub fn path_of(pointer: &str) -> String {
    let mut path = String::new();
    for token in pointer.split('/').skip(1) {
        if token.bytes().all(|b| b.is_ascii_digit()) && !token.is_empty() {
            path.push_str(&format!("[{token}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&token.replace("~1", "/").replace("~0", "~"));
        }
    }
    path
}

/// A text with the byte at which each of its lines begins.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The place of a line (from 1) and a column (from 0, in characters), as the parser counts them.
    fn point(&self, line: usize, column: usize) -> Span {
        let line_start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let rest = &self.text[line_start..];
        let start = line_start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
        Span { start, len: 0, line: line.max(1), column: column + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        let file = Arc::new(SourceFile { path: "test.yaml".into(), text: text.into() });
        Document::parse_all(&file).unwrap().remove(0)
    }

    #[test]
    fn every_value_knows_its_line_and_column() {
        let document = document("a: 1\nlist:\n  - {name: x, size: 33%}\n");
        let span = document.span("/list/0/size");
        assert_eq!((span.line, span.column), (3, 21));
        assert_eq!(&document.file.text[span.start..span.start + span.len], "33%");
        assert_eq!(document.key_span("/list/0/size").column, 15);
        assert_eq!(document.span("/list/0/missing").line, 3, "the nearest ancestor");
    }

    #[test]
    fn several_documents_and_empty_ones() {
        let file = Arc::new(SourceFile { path: "t".into(), text: "---\na: 1\n---\n---\nb: 2\n".into() });
        let documents = Document::parse_all(&file).unwrap();
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[1].span("/b").line, 5);
    }

    #[test]
    fn a_syntax_error_and_a_repeated_key_are_refused_with_their_place() {
        for text in ["a: [1\nb: 2\n", "a: 1\na: 2\n"] {
            let file = Arc::new(SourceFile { path: "t.yaml".into(), text: text.into() });
            let problem = Document::parse_all(&file).unwrap_err();
            assert!(problem.to_string().starts_with("t.yaml:"), "{problem}");
        }
    }

    #[test]
    fn pointers_become_paths() {
        assert_eq!(path_of("/cluster/agentPoolProfiles/0/vmSize"), "cluster.agentPoolProfiles[0].vmSize");
        assert_eq!(path_of("/metadata/labels/a~1b"), "metadata.labels.a/b");
    }
}
