//! Uses of deprecated APIs: which, until when, and when they are gone.

use super::Resolver;
use crate::catalog::api_removal;
use crate::kernel::SimTime;
use crate::scenario::plan::ApiUsage;
use crate::scenario::spec::ScenarioSpec;

const DEFAULT_VERB: &str = "update";

/// Resolves `workloads.apiUsage`.
pub(super) fn resolve(resolver: &mut Resolver<'_>, spec: &ScenarioSpec) -> Vec<ApiUsage> {
    let written = spec.workloads.as_ref().and_then(|workloads| workloads.api_usage.as_ref());
    let mut usages = Vec::new();
    for (index, usage) in written.into_iter().flatten().enumerate() {
        let pointer = format!("/workloads/apiUsage/{index}");
        let known = api_removal::removed_in(&usage.api_version);
        let removed_in = usage.removed_in.map(|version| version.0).or(known);
        if removed_in.is_none() {
            let names: Vec<&str> = api_removal::known().collect();
            let found = format!("it is not known when {} is gone", usage.api_version);
            let at = format!("{pointer}/apiVersion");
            match crate::scenario::did_you_mean(&usage.api_version, names.iter().copied()) {
                Some(meant) => {
                    resolver.error(
                        &at,
                        "scenario::api_usage",
                        found,
                        format!("did you mean {meant}? Or add removedIn"),
                    );
                }
                None => resolver.error(&at, "scenario::api_usage", found, "add removedIn: \"1.35\""),
            }
        }
        let choices = api_removal::VERBS.map(|verb| (verb, verb));
        let verb = usage.verb.as_deref().unwrap_or(DEFAULT_VERB);
        let verb = resolver.choice(&format!("{pointer}/verb"), "scenario::api_usage", verb, &choices);
        let from = usage.from.map_or(SimTime::ZERO, |from| SimTime::after_start(from.0));
        let until = usage.until.map_or(SimTime::after_start(spec.duration.0), |until| SimTime::after_start(until.0));
        if until <= from {
            let remedy = "write a later moment than from";
            resolver.error(&format!("{pointer}/until"), "scenario::api_usage", "found no time at all", remedy);
        }
        if let (Some(removed_in), Some(verb)) = (removed_in, verb) {
            usages.push(ApiUsage { api: usage.api_version.clone(), verb, removed_in, from, until });
        }
    }
    usages
}
