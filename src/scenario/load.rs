//! From a path to a study: read, set, decode, resolve every variant at every sweep point.

use super::decode::decode;
use super::diagnostic::{Problem, Problems, suggestion};
use super::document::{Document, SourceFile, Span, escape, path_of};
use super::files::Files;
use super::normalise::normalise;
use super::plan::{Expectation, Plan, Point, SeedRange, Study};
use super::replace;
use super::resolve;
use super::spec::ScenarioSpec;
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
    normalise(&mut base, problems);
    let decoded = decode(&base, problems)?;
    let mark = problems.len();
    warn_of_overruled(sets, &decoded.spec, problems);
    let study = resolve_all(&base, &decoded.spec, files, problems);
    problems.take_back(mark, |problem| decoded.doubts(problem));
    study.map(|study| Study { hash: files.hash(sets), ..study })
}

/// Resolves every variant at every sweep point. The hash is not known before all files are read.
fn resolve_all(base: &Document, spec: &ScenarioSpec, files: &mut Files, problems: &mut Problems) -> Option<Study> {
    let expect = expectations(base, spec, problems);
    let variants = variants(base, spec, problems);
    let baseline = baseline(base, spec, &variants, problems);
    let sweep = sweep_points(base, spec, problems);
    let mut points = Vec::new();
    for variant in &variants {
        for at in &sweep {
            let sets = variant.sets.iter().chain(at);
            let plan = point(base, sets, files, problems);
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
        name: spec.name.clone(),
        description: spec.description.clone().unwrap_or_default(),
        hash: String::new(),
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
    let file = Arc::new(SourceFile { path: format!("--set {path}"), text: text.to_owned() });
    let value = match Document::parse_all(&file) {
        Ok(documents) => documents.into_iter().next().map_or(Value::Null, |document| document.value),
        Err(problem) => {
            problems.push(*problem);
            return;
        }
    };
    if let Err((found, remedy)) = replace::set(base, path, value, &file, Span::default()) {
        problems.push(Problem::error("scenario::set", "", found, remedy).at(&file, Span::default()));
    }
}

/// A value from the command line that a variant or the sweep sets anew has no effect there.
fn warn_of_overruled(sets: &[(String, String)], spec: &ScenarioSpec, problems: &mut Problems) {
    for (path, text) in sets {
        let mut who: Vec<String> = Vec::new();
        for variant in spec.variants.iter().flatten() {
            if variant.set.iter().flatten().any(|(other, _)| other == path) {
                who.push(format!("variant {}", variant.name));
            }
        }
        if spec.sweep.as_ref().is_some_and(|sweep| sweep.contains_key(path)) {
            who.push("the sweep".to_owned());
        }
        if !who.is_empty() {
            let file = Arc::new(SourceFile { path: format!("--set {path}"), text: text.clone() });
            let found = format!("has no effect where {} sets it anew", who.join(" or "));
            let remedy = "change it there: --set 'variants[NAME].set' or --set sweep take whole mappings";
            problems.push(Problem::warning("scenario::set", "", found, remedy).at(&file, Span::default()));
        }
    }
}

/// Resolves the base with some values replaced.
fn point<'a>(
    base: &Document,
    sets: impl Iterator<Item = &'a Replacement>,
    files: &mut Files,
    problems: &mut Problems,
) -> Option<Plan> {
    let mut document = base.clone();
    let mut complete = true;
    for set in sets {
        let (origin, span) = (base.origin(&set.pointer), base.span(&set.pointer));
        if let Err((found, remedy)) = replace::set(&mut document, &set.path, set.value.clone(), origin, span) {
            let problem = Problem::error("scenario::set", &path_of(&set.pointer), found, remedy);
            problems.push(problem.at_key(base, &set.pointer));
            complete = false;
        }
    }
    if !complete {
        return None;
    }
    normalise(&mut document, problems);
    let decoded = decode(&document, problems)?;
    let mark = problems.len();
    let plan = resolve::plan(&document, &decoded.spec, files, problems);
    problems.take_back(mark, |problem| decoded.doubts(problem));
    plan
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
        return vec![Variant { name: crate::scenario::plan::BASE.to_owned(), sets: Vec::new() }];
    };
    let mut names = BTreeSet::new();
    let mut variants = Vec::new();
    for (index, variant) in written.iter().enumerate() {
        let pointer = format!("/variants/{index}");
        if !names.insert(&variant.name) {
            let name = format!("{pointer}/name");
            let found = format!("a second variant {}", variant.name);
            let problem = Problem::error("scenario::duplicate", &path_of(&name), found, "give it another name");
            problems.push(problem.at_value(base, &name));
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
                let found = format!("no variant {}", compare.baseline);
                let remedy = suggestion(&compare.baseline, &names);
                let problem = Problem::error("scenario::baseline", "compare.baseline", found, remedy);
                problems.push(problem.at_value(base, "/compare/baseline"));
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
            problems.push(problem.at_value(base, &pointer));
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
                problems.push(problem.at_value(base, &pointer));
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
