//! From what is written to what it means: everything looked up, defaulted, checked. All problems are found, not only the first.

mod access;
mod api_usage;
mod cluster;
mod columns;
mod expectation;
mod fault;
mod gateway;
mod maintenance;
mod network;
mod network_change;
mod nodes;
mod operation;
mod outbound;
mod pod_subnet;
mod pool;
mod preflight;
mod price;
mod quota;
mod scheduler;
mod shape;
mod trace;
mod upgrade;
mod workloads;

pub use expectation::parse as parse_expectation;
pub use scheduler::check_weights;

use super::diagnostic::{Problem, Problems, suggestion};
use super::document::{Document, path_of};
use super::files::Files;
use super::manifest::{self, Loaded, ManifestContext, ServiceSubnets};
use super::plan::{ClusterPlan, NetworkModel, Plan};
use super::spec::ScenarioSpec;
use crate::catalog::{KubernetesVersion, OsImage, Setup, Timings};
use crate::kernel::SimDuration;
use jiff::Zoned;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The default start: a Monday at midnight UTC.
const DEFAULT_START: &str = "2026-03-02T00:00:00Z";

/// What resolving works with: where values stand, and where problems go.
pub(super) struct Resolver<'a> {
    pub document: &'a Document,
    pub problems: &'a mut Problems,
}

impl Resolver<'_> {
    /// An error of the value at `pointer`.
    pub fn error(&mut self, pointer: &str, code: &'static str, found: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::error(code, &path_of(pointer), found, remedy).at_value(self.document, pointer));
    }

    /// A warning about the value at `pointer`.
    pub fn warn(&mut self, pointer: &str, code: &'static str, found: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::warning(code, &path_of(pointer), found, remedy).at_value(self.document, pointer));
    }

    /// A note on the value at `pointer`.
    pub fn note(&mut self, pointer: &str, code: &'static str, found: impl Into<String>) {
        self.problems.push(Problem::note(code, &path_of(pointer), found).at_value(self.document, pointer));
    }

    /// A word that names nothing is an error with the known word most like it, or all of them.
    pub fn unknown(&mut self, pointer: &str, code: &'static str, found: String, word: &str, known: &[&str]) {
        self.error(pointer, code, found, suggestion(word, known));
    }

    /// A note that the setting at `pointer` has no effect yet.
    pub fn not_simulated(&mut self, pointer: &str) {
        let note = Problem::note("scenario::not_simulated", &path_of(pointer), "accepted, not simulated yet");
        self.problems.push(note.at_key(self.document, pointer));
    }

    /// `text` parsed; a failure is an error of the value at `pointer` whose message says what to write.
    pub fn parse<T>(&mut self, pointer: &str, code: &'static str, text: &str) -> Option<T>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.error(pointer, code, error.to_string(), "");
                None
            }
        }
    }

    /// One of a few words, upper and lower case not distinguished.
    pub fn choice<T: Copy>(
        &mut self,
        pointer: &str,
        code: &'static str,
        text: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let found = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.error(pointer, code, format!("found \"{text}\""), format!("write {}", words.join(" or ")));
        }
        found.map(|(_, value)| *value)
    }
}

/// Resolves one point of a study.
pub fn plan(document: &Document, spec: &ScenarioSpec, files: &mut Files, problems: &mut Problems) -> Option<Plan> {
    let mut resolver = Resolver { document, problems };
    if spec.api_version != "aksim/v1" {
        resolver.error(
            "/apiVersion",
            "scenario::api_version",
            format!("found \"{}\"", spec.api_version),
            "write aksim/v1",
        );
    }
    let start = start(&mut resolver, spec);
    let (duration, warmup) = durations(&mut resolver, spec);
    let cluster = cluster::resolve(&mut resolver, spec, files);
    let access = access::resolve(&mut resolver, spec);
    let maintenance = maintenance::resolve(&mut resolver, spec, &start, duration);
    let operations = operation::resolve(&mut resolver, spec, &access, &start);
    let quota = quota::resolve(&mut resolver, spec);
    let api_usage = api_usage::resolve(&mut resolver, spec);
    let faults = fault::resolve(&mut resolver, spec);
    price::check(&mut resolver, spec);
    let version = spec.cluster.kubernetes_version.0;
    let scaling = cluster.as_ref().and_then(|cluster| cluster.scaling);
    let timings = timings(&mut resolver, spec, Setup { version, image: os_image(spec, version), scaling });
    let documents = workloads::documents(&mut resolver, spec, files);
    workloads::read_traces(spec, files);
    let replay = trace::Replay { start: &start, duration, startup: &timings.app_startup };
    let traced = trace::resolve(&mut resolver, spec, files, &replay);
    // Without a cluster the manifests are checked all the same; the model only decides what AKS adds to them.
    let network = cluster.as_ref().map_or(NetworkModel::AzureOverlay, |cluster| cluster.network.model);
    let of_pods = cluster
        .as_ref()
        .map(|cluster| (0..cluster.subnets.len()).filter(|subnet| cluster.pod_allocation(*subnet).is_some()).collect());
    let of_pods: Vec<usize> = of_pods.unwrap_or_default();
    let context = ManifestContext {
        scenario: document,
        behaviour_at: "/workloads/behaviour",
        directory: files.directory(),
        start: &start,
        duration,
        version,
        network,
        subnets: service_subnets(cluster.as_ref(), &of_pods),
        system_workloads: cluster::has_system_workloads(&spec.cluster),
        multi_zone: cluster.as_ref().is_some_and(spans_zones),
        startup: &timings.app_startup,
    };
    let behaviours = spec.workloads.as_ref().and_then(|workloads| workloads.behaviour.as_deref()).unwrap_or_default();
    let Loaded { mut workloads, budgets, mut claims, services } =
        manifest::load(&documents, behaviours, &context, problems);
    workloads.extend(traced);
    workloads.sort_by(|a, b| manifest::order(a).cmp(&manifest::order(b)));
    let mut cluster = cluster?;
    price::add_ways(spec, &mut cluster, &services);
    for claim in claims.iter_mut().filter_map(Arc::get_mut) {
        claim.price = price::volume(spec, claim, cluster.location);
    }
    let mut resolver = Resolver { document, problems };
    network_change::check(&mut resolver, spec, &cluster);
    preflight::check(&mut resolver, &cluster, &workloads);
    quota::check(&mut resolver, &cluster, &quota);
    Some(Plan {
        start,
        duration,
        warmup,
        cluster,
        workloads,
        budgets,
        claims,
        services,
        api_usage,
        operations,
        maintenance,
        access: access.plan,
        quota,
        faults,
        timings,
    })
}

/// Where Services get internal addresses: unless they say so, in the subnet of the first pool.
fn service_subnets<'a>(cluster: Option<&'a ClusterPlan>, of_pods: &'a [usize]) -> ServiceSubnets<'a> {
    let Some(cluster) = cluster else {
        return ServiceSubnets { all: &[], of_nodes: None, of_pods };
    };
    let of_nodes = cluster.pools.iter().find_map(|pool| pool.scale_set.as_ref()).map(|scale_set| scale_set.subnet);
    ServiceSubnets { all: &cluster.subnets, of_nodes, of_pods }
}

/// True for a cluster over several availability zones.
fn spans_zones(cluster: &ClusterPlan) -> bool {
    cluster.pools.iter().flat_map(|pool| &pool.zones).collect::<BTreeSet<_>>().len() > 1
}

/// The start of the scenario; the default, and an error, when what is written is no moment.
fn start(resolver: &mut Resolver<'_>, spec: &ScenarioSpec) -> Zoned {
    let text = spec.start.as_deref().unwrap_or(DEFAULT_START);
    parse_start(text).unwrap_or_else(|| {
        resolver.error(
            "/start",
            "scenario::start",
            format!("found \"{text}\""),
            "write a moment such as 2026-03-02T00:00:00Z",
        );
        parse_start(DEFAULT_START).expect("the default start is a moment")
    })
}

/// `2026-03-02T00:00:00Z`, `2026-03-02T00:00:00+01:00` or `2026-03-02T00:00:00[Europe/Warsaw]`.
fn parse_start(text: &str) -> Option<Zoned> {
    text.parse::<Zoned>().ok().or_else(|| {
        // A timestamp with an offset, or Z: that offset is the scenario's time zone.
        let offset = jiff::fmt::temporal::DateTimeParser::new().parse_timestamp(text).ok()?;
        let pieces = jiff::fmt::temporal::Pieces::parse(text).ok()?;
        let zone = pieces.to_numeric_offset().map_or(jiff::tz::TimeZone::UTC, jiff::tz::TimeZone::fixed);
        Some(offset.to_zoned(zone))
    })
}

/// Ten years: further than AKS's calendar, prices and anybody's plans reach.
const LONGEST: SimDuration = SimDuration::from_hours(3653 * 24);

fn durations(resolver: &mut Resolver<'_>, spec: &ScenarioSpec) -> (SimDuration, SimDuration) {
    let duration = spec.duration.0;
    if duration.is_zero() {
        resolver.error("/duration", "scenario::duration", "found no time at all", "write a duration such as 7d");
    }
    if duration > LONGEST {
        let found = format!("found {duration}");
        resolver.error("/duration", "scenario::duration", found, format!("write {LONGEST} at most"));
    }
    let warmup = spec.warmup.map_or(SimDuration::ZERO, |warmup| warmup.0);
    if warmup >= duration && !duration.is_zero() {
        resolver.error(
            "/warmup",
            "scenario::warmup",
            format!("found {warmup}"),
            format!("write less than the duration, {duration}"),
        );
    }
    (duration, warmup)
}

fn timings(resolver: &mut Resolver<'_>, spec: &ScenarioSpec, setup: Setup) -> Timings {
    let mut timings = Timings::defaults(setup);
    for (name, dist) in spec.timing.iter().flatten() {
        if !timings.set(name, dist.0.clone()) {
            let pointer = format!("/timing/{name}");
            if Timings::NAMES.contains(&name.as_str()) {
                let remedy = "write a single value; a probability or correlation is at most 1";
                resolver.error(&pointer, "scenario::timing", format!("{name} cannot be that distribution"), remedy);
            } else {
                resolver.unknown(&pointer, "scenario::timing", format!("no stage {name}"), name, Timings::NAMES);
            }
        }
    }
    timings
}

/// The node image: of the first pool that names one, since all pools share the stage timings.
fn os_image(spec: &ScenarioSpec, version: KubernetesVersion) -> OsImage {
    let named = spec.cluster.pools().iter().find_map(|pool| pool.os_sku.as_deref());
    match named.map(str::to_ascii_lowercase).as_deref() {
        Some("azurelinux" | "azurelinux3") => OsImage::AzureLinux3,
        Some("ubuntu2204") => OsImage::Ubuntu2204,
        Some("ubuntu2404") => OsImage::Ubuntu2404,
        _ => version.ubuntu_image(),
    }
}
