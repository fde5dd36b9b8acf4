//! Holds the layering of ARCHITECTURE.md: a room uses only rooms above it, and processes never import one another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms in layers, upper ones first. A room may use every room of a strictly higher layer, and its own modules.
const LAYERS: &[&[&str]] = &[
    &["units", "kernel"],
    &["catalog"],
    &["scenario"],
    &["cluster"],
    &["placement"],
    &["process"],
    &["preflight"],
    &["observe"],
    &["simulation"],
    &["experiment"],
    &["output"],
    &["cli"],
];

/// The one circle that is meant: quantities over time need spans, and the kernel needs nothing of the rest.
const ALLOWED_SIDEWAYS: &[(&str, &str)] = &[("units", "kernel")];

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

fn rust_files(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("the source folder can be read") {
        let path = entry.expect("a folder entry can be read").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
}

/// Every `crate::room…` that a line mentions outside comments, with the next path segment.
fn mentions(line: &str) -> Vec<(String, Option<String>)> {
    let code = line.split("//").next().unwrap_or("");
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let room = name(rest);
        let below = rest[room.len()..].strip_prefix("::").map(name).filter(|segment| !segment.is_empty());
        found.push((room, below));
    }
    found
}

#[test]
fn rooms_use_only_rooms_above_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut broken = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &files {
        let relative = file.strip_prefix(&src).expect("files lie below src");
        let mut segments = relative.iter().map(|part| part.to_string_lossy().into_owned());
        let room = segments.next().unwrap_or_default();
        let process = segments.next().map(|part| part.trim_end_matches(".rs").to_owned());
        let Some(own) = layer(&room) else {
            continue; // main.rs and lib.rs tie the rooms together.
        };
        *seen.entry(LAYERS[own][0]).or_default() += 1;
        let text = fs::read_to_string(file).expect("a source file can be read");
        for (number, line) in text.lines().enumerate() {
            for (other, below) in mentions(line) {
                let at = format!("{}:{}", relative.display(), number + 1);
                let sideways = ALLOWED_SIDEWAYS.contains(&(room.as_str(), other.as_str()));
                match layer(&other) {
                    Some(theirs) if theirs > own || (theirs == own && other != room && !sideways) => {
                        broken.push(format!("{at}: {room} uses {other}, which lies below it"));
                    }
                    Some(_) if room == "process" && other == "process" && below != process => {
                        broken.push(format!("{at}: process {process:?} imports process {below:?}"));
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_eq!(
        seen.len(),
        LAYERS.len(),
        "a layer has no files: the test looks in the wrong place, or a room was renamed: {seen:?}"
    );
}
