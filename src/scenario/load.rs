//! From a path to a study: read, set, decode, resolve every variant at every sweep point.

use super::diagnostic::{Problem, Problems, did_you_mean};
use super::document::{Document, Span, escape, path_of};
use super::files::Files;
use super::plan::{Expectation, Point, SeedRange, Study};
use super::resolve;
use super::spec::{Faults, ScenarioSpec};
use super::tree;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Replications when the scenario does not say.
const DEFAULT_SEEDS: u64 = 30;

/// A scenario that can be run, and what there is to say about it all the same.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What to run.
    pub study: Study,
    /// Warnings and notes.
    pub warnings: Problems,
}

/// Reads a scenario; `-` is standard input. `sets` are values set from the command line, path and YAML text.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn load(path: &Path, sets: &[(String, String)]) -> Result<Loaded, Problems> {
    let mut files = Files::beside(path);
    let mut problems = Problems::default();
    match study(path, sets, &mut files, &mut problems) {
        Some(study) if !problems.has_errors() => Ok(Loaded { study, warnings: problems }),
        _ => Err(problems),
    }
}

fn study(path: &Path, sets: &[(String, String)], files: &mut Files, problems: &mut Problems) -> Option<Study> {
    let mut base = read(path, files, problems)?;
    for (path, text) in sets {
        set_from_command_line(&mut base, path, text, problems);
    }
    tree::normalise(&mut base, problems);
    let spec = decode(&base, problems)?;
    let expect = expectations(&base, &spec, problems);
    let variants = variants(&base, &spec, problems);
    let baseline = baseline(&base, &spec, &variants, problems);
    let sweep = sweep_points(&base, &spec, problems);
    let mut points = Vec::new();
    for variant in &variants {
        for at in &sweep {
            let sets = variant.sets.iter().chain(at);
            let plan = point(&base, sets, files, problems);
            let sweep = at.iter().map(|set| (set.path.clone(), shown(&set.value))).collect();
            points.extend(plan.map(|plan| Point { variant: variant.name.clone(), sweep, plan: Arc::new(plan) }));
        }
    }
    let complete = points.len() == variants.len() * sweep.len();
    let seeds = spec.seeds.map_or(SeedRange { first: 1, count: DEFAULT_SEEDS }, |seeds| SeedRange {
        first: seeds.first,
        count: seeds.count,
    });
    complete.then(|| Study {
        name: spec.name,
        description: spec.description.unwrap_or_default(),
        hash: files.hash(sets),
        seeds,
        points,
        baseline,
        expect,
    })
}

/// Reads the one document of the file.
fn read(path: &Path, files: &mut Files, problems: &mut Problems) -> Option<Document> {
    let file = match files.read_scenario(path) {
        Ok(file) => file,
        Err(error) => {
            let found = format!("cannot read {}: {error}", path.display());
            problems.push(Problem::error("scenario::file", "", found, "give the path of a scenario file"));
            return None;
        }
    };
    let mut documents = match Document::parse_all(&file) {
        Ok(documents) => documents,
        Err(problem) => {
            problems.push(*problem);
            return None;
        }
    };
    if documents.len() != 1 {
        let found = format!("found {} documents", documents.len());
        let remedy = "write one scenario a file; manifests are named under workloads.manifests";
        problems.push(Problem::error("scenario::documents", "", found, remedy).at(&file, Span::default()));
        return None;
    }
    Some(documents.remove(0))
}

fn set_from_command_line(base: &mut Document, path: &str, text: &str, problems: &mut Problems) {
    let file = Arc::new(super::SourceFile { path: format!("--set {path}"), text: text.to_owned() });
    let value = match Document::parse_all(&file) {
        Ok(documents) => documents.into_iter().next().map_or(Value::Null, |document| document.value),
        Err(problem) => {
            problems.push(*problem);
            return;
        }
    };
    if let Err((found, remedy)) = tree::set(base, path, value, None) {
        problems.push(Problem::error("scenario::set", path, found, remedy).at(&file, Span::default()));
    }
}

/// Decodes a document; every fault of form becomes an error at its place.
fn decode(document: &Document, problems: &mut Problems) -> Option<ScenarioSpec> {
    let decoded: Result<ScenarioSpec, Faults> = deserr::deserialize(document.value.clone());
    match decoded {
        Ok(spec) => Some(spec),
        Err(faults) => {
            for fault in faults.0 {
                let span = if fault.on_key { document.key_span(&fault.pointer) } else { document.span(&fault.pointer) };
                let problem = Problem::error(fault.code, &path_of(&fault.pointer), fault.found, fault.remedy);
                problems.push(problem.at(&document.file, span));
            }
            None
        }
    }
}

/// Resolves the base with some values replaced.
fn point<'a>(
    base: &Document,
    sets: impl Iterator<Item = &'a Replacement>,
    files: &mut Files,
    problems: &mut Problems,
) -> Option<super::plan::Plan> {
    let mut document = base.clone();
    let mut complete = true;
    for set in sets {
        if let Err((found, remedy)) =
            tree::set(&mut document, &set.path, set.value.clone(), Some(base.span(&set.pointer)))
        {
            let span = base.key_span(&set.pointer);
            problems.push(Problem::error("scenario::set", &path_of(&set.pointer), found, remedy).at(&base.file, span));
            complete = false;
        }
    }
    if !complete {
        return None;
    }
    tree::normalise(&mut document, problems);
    let spec = decode(&document, problems)?;
    resolve::plan(&document, &spec, files, problems)
}

/// A value that replaces another.
#[derive(Clone, Debug)]
struct Replacement {
    path: String,
    value: Value,
    /// Where it is written.
    pointer: String,
}

#[derive(Debug)]
struct Variant {
    name: String,
    sets: Vec<Replacement>,
}

fn variants(base: &Document, spec: &ScenarioSpec, problems: &mut Problems) -> Vec<Variant> {
    let Some(written) = spec.variants.as_ref().filter(|variants| !variants.is_empty()) else {
        return vec![Variant { name: "base".to_owned(), sets: Vec::new() }];
    };
    let mut names = BTreeSet::new();
    let mut variants = Vec::new();
    for (index, variant) in written.iter().enumerate() {
        let pointer = format!("/variants/{index}");
        if !names.insert(&variant.name) {
            let span = base.span(&format!("{pointer}/name"));
            let found = format!("a second variant {}", variant.name);
            problems.push(
                Problem::error("scenario::duplicate", &path_of(&pointer), found, "give it another name")
                    .at(&base.file, span),
            );
        }
        let replacement = |(path, value): (&String, &Value)| Replacement {
            path: path.clone(),
            value: value.clone(),
            pointer: format!("{pointer}/set/{}", escape(path)),
        };
        let sets = variant.set.iter().flatten().map(replacement).collect();
        variants.push(Variant { name: variant.name.clone(), sets });
    }
    variants
}

fn baseline(base: &Document, spec: &ScenarioSpec, variants: &[Variant], problems: &mut Problems) -> Option<String> {
    match &spec.compare {
        None => (variants.len() > 1).then(|| variants[0].name.clone()),
        Some(compare) => {
            let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
            if !names.contains(&compare.baseline.as_str()) {
                let remedy = match did_you_mean(&compare.baseline, names.iter().copied()) {
                    Some(known) => format!("did you mean {known}?"),
                    None => format!("write one of {}", names.join(", ")),
                };
                let span = base.span("/compare/baseline");
                let found = format!("no variant {}", compare.baseline);
                problems
                    .push(Problem::error("scenario::baseline", "compare.baseline", found, remedy).at(&base.file, span));
            }
            (variants.len() > 1).then(|| compare.baseline.clone())
        }
    }
}

/// Every combination of the swept values, the last path varying fastest; one empty combination without a sweep.
fn sweep_points(base: &Document, spec: &ScenarioSpec, problems: &mut Problems) -> Vec<Vec<Replacement>> {
    let mut points = vec![Vec::new()];
    // The file's order, which the decoded map has lost.
    let order = base.value.get("sweep").and_then(Value::as_object).into_iter().flat_map(|map| map.keys());
    for path in order {
        let pointer = format!("/sweep/{}", escape(path));
        let values = spec.sweep.as_ref().and_then(|sweep| sweep.get(path)).map_or(&[][..], Vec::as_slice);
        if values.is_empty() {
            let problem =
                Problem::error("scenario::sweep", &path_of(&pointer), "found no value", "write a list of values");
            problems.push(problem.at(&base.file, base.span(&pointer)));
        }
        let with = |point: &Vec<Replacement>| {
            values
                .iter()
                .enumerate()
                .map(|(index, value)| {
                    let replacement =
                        Replacement { path: path.clone(), value: value.clone(), pointer: format!("{pointer}/{index}") };
                    point.iter().cloned().chain([replacement]).collect()
                })
                .collect::<Vec<Vec<Replacement>>>()
        };
        points = points.iter().flat_map(with).collect();
    }
    points
}

fn expectations(base: &Document, spec: &ScenarioSpec, problems: &mut Problems) -> Vec<Expectation> {
    let mut expectations = Vec::new();
    for (index, text) in spec.expect.iter().flatten().enumerate() {
        match resolve::parse_expectation(text) {
            Some(expectation) => expectations.push(expectation),
            None => {
                let pointer = format!("/expect/{index}");
                let remedy = "write metric <= number, such as pod_pending_seconds.p95 <= 180";
                let problem =
                    Problem::error("scenario::expect", &path_of(&pointer), format!("found \"{text}\""), remedy);
                problems.push(problem.at(&base.file, base.span(&pointer)));
            }
        }
    }
    expectations
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
