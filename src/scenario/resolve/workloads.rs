//! Workloads: the manifests that the scenario names or holds, read together.

use super::Resolver;
use crate::scenario::document::Document;
use crate::scenario::files::Files;
use crate::scenario::spec::{DemandSpec, ScenarioSpec};
use serde_json::Value;

/// All documents of all manifests, in the scenario's order.
pub fn documents(resolver: &mut Resolver<'_>, spec: &ScenarioSpec, files: &mut Files) -> Vec<Document> {
    let manifests = spec.workloads.as_ref().and_then(|workloads| workloads.manifests.as_ref());
    let mut documents = Vec::new();
    for (index, manifest) in manifests.into_iter().flatten().enumerate() {
        let pointer = format!("/workloads/manifests/{index}");
        match manifest {
            Value::String(name) => match files.read(name) {
                Ok(file) => match Document::parse_all(&file) {
                    Ok(parsed) => documents.extend(parsed),
                    Err(problem) => resolver.problems.push(*problem),
                },
                Err(error) => {
                    let remedy = "write the path of a YAML file, relative to the scenario";
                    resolver.error(&pointer, "scenario::manifest", format!("cannot read {name}: {error}"), remedy);
                }
            },
            Value::Object(_) => documents.extend(resolver.document.part(&pointer)),
            other => {
                let remedy = "write the path of a YAML file, or an object with apiVersion and kind";
                resolver.error(&pointer, "scenario::manifest", format!("found {other}"), remedy);
            }
        }
    }
    documents
}

/// Reads every trace that a demand names, so that it counts in the scenario's hash. What is wrong with it is said where it is used.
pub fn read_traces(spec: &ScenarioSpec, files: &mut Files) {
    let behaviours = spec.workloads.iter().flat_map(|workloads| workloads.behaviour.iter().flatten());
    for behaviour in behaviours {
        if let Some(DemandSpec::Trace { file, .. }) = &behaviour.demand {
            let _ = files.read(file);
        }
    }
}
