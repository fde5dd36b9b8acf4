//! Pods that come and go at the moments of a CSV file.

use super::Resolver;
use super::columns::{self, Amounts, Column, Finder, NamedAmounts, Written};
use super::shape::ShapeNames;
use crate::kernel::{Dist, SimDuration, SimTime};
use crate::scenario::files::Files;
use crate::scenario::manifest::{DEFAULT_CPU, DEFAULT_MEMORY};
use crate::scenario::plan::{Behaviour, Controller, PodTemplate, TracePod, WorkloadPlan};
use crate::scenario::spec::{PodColumnsSpec, ScenarioSpec};
use crate::scenario::table::{CellFaults, Row, Table, moment};
use crate::units::{Bytes, MilliCpu, Resources};
use indexmap::IndexMap;
use std::collections::BTreeMap;

const AT: &str = "/workloads/trace";
const MOMENT: &str = "a number of seconds from the start, 90s, or 2026-03-02T00:00:00Z";

/// What a trace is replayed in.
pub struct Replay<'a> {
    /// Wall-clock moment of virtual time zero.
    pub start: &'a jiff::Zoned,
    /// Virtual time simulated.
    pub duration: SimDuration,
    /// Time from container start until the application is up.
    pub startup: &'a Dist,
}

/// What pods are alike in: they share a template, and with it what the scheduler finds out about it.
#[derive(PartialEq, Eq, Hash)]
struct Shape {
    namespace: String,
    requests: Resources,
    nonzero_cpu: MilliCpu,
    nonzero_memory: Bytes,
    priority: i32,
    node_selector: BTreeMap<String, String>,
}

/// Reads the trace, if there is one: a workload for each shape of pods.
pub fn resolve(
    resolver: &mut Resolver<'_>,
    spec: &ScenarioSpec,
    files: &mut Files,
    replay: &Replay<'_>,
) -> Vec<WorkloadPlan> {
    let Some(written) = spec.workloads.as_ref().and_then(|workloads| workloads.trace.as_ref()) else {
        return Vec::new();
    };
    let mut faults = CellFaults::default();
    let Some(table) = columns::table(resolver, files, &written.file, AT, &mut faults) else {
        return Vec::new();
    };
    let default = PodColumnsSpec::default();
    let named = written.columns.as_ref().unwrap_or(&default);
    let mut finder = Finder::new(resolver, &table, &written.file, AT);
    let columns = PodColumns::find(&mut finder, named);
    let complete = finder.is_complete();
    let shapes = columns.filter(|_| complete).map(|columns| columns.read(&table, replay, &mut faults));
    let sound = faults.is_empty();
    faults.tell(&table.file, resolver.problems);
    let Some(Shapes { pods, late, early }) = shapes.filter(|_| sound) else {
        return Vec::new();
    };
    let file = format!("{AT}/file");
    let rows = table.rows().len();
    if late > 0 {
        let found = format!("{late} of {rows} pods come after the end of the scenario, {}", replay.duration);
        resolver.warn(&file, "trace::late", found, "they are left out; write a longer duration");
    }
    if early > 0 {
        let found = format!("{early} of {rows} pods are deleted before the start of the scenario");
        resolver.warn(&file, "trace::early", found, "they are left out; write an earlier start");
    }
    workloads(pods, replay.startup)
}

/// The pods by shape, and how many rows lie outside the time simulated.
#[derive(Default)]
struct Shapes {
    pods: IndexMap<Shape, Vec<TracePod>>,
    late: usize,
    early: usize,
}

/// The columns of a trace.
struct PodColumns {
    name: Column,
    namespace: Option<Column>,
    amounts: Amounts,
    created: Column,
    deleted: Option<Column>,
    priority: Option<Column>,
    node_selector: Vec<(Box<str>, Column)>,
}

impl PodColumns {
    fn find(finder: &mut Finder<'_, '_>, named: &PodColumnsSpec) -> Option<Self> {
        let name = finder.required("name", named.name.as_ref());
        let namespace = finder.optional("namespace", named.namespace.as_ref());
        let amounts = NamedAmounts {
            cpu: named.cpu.as_ref(),
            memory: named.memory.as_ref(),
            ephemeral: named.ephemeral_storage.as_ref(),
            extended: named.extended.as_ref(),
        };
        let amounts = Amounts::find(finder, &amounts);
        let created = finder.required("created", named.created.as_ref());
        let deleted = finder.optional("deleted", named.deleted.as_ref());
        for (key, column) in [("created", created.as_ref()), ("deleted", deleted.as_ref())] {
            let is_unit = |unit: &str| SimDuration::parse(&format!("1{unit}")).is_ok();
            finder.check_unit(key, column, "ms, s, m, h or d", is_unit);
        }
        let priority = finder.optional("priority", named.priority.as_ref());
        let node_selector = finder.entries("nodeSelector", named.node_selector.as_ref());
        Some(Self { name: name?, namespace, amounts: amounts?, created: created?, deleted, priority, node_selector })
    }

    fn read(&self, table: &Table, replay: &Replay<'_>, faults: &mut CellFaults) -> Shapes {
        let mut shapes = Shapes::default();
        let mut lines: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for row in table.rows() {
            let (namespace, name) = (self.namespace(row), self.name.text(row));
            if name.is_empty() {
                self.name.fault(row, "found no name".to_owned(), "write a name".to_owned(), faults);
            } else if let Some(line) = lines.insert((namespace, name), row.line()) {
                let found = format!("a second pod {namespace}/{name}, the first in line {line}");
                self.name.fault(row, found, "give it another name".to_owned(), faults);
            }
            let shape = self.shape(namespace, row, faults);
            match self.life(row, replay, faults) {
                None => {}
                Some((created, _)) if created >= SimTime::after_start(replay.duration) => shapes.late += 1,
                Some((_, Some(SimTime::ZERO))) => shapes.early += 1,
                Some((created, deleted)) => {
                    shapes.pods.entry(shape).or_default().push(TracePod { name: name.into(), created, deleted });
                }
            }
        }
        shapes
    }

    fn namespace<'a>(&self, row: Row<'a>) -> &'a str {
        let written = self.namespace.as_ref().map_or("", |column| column.text(row));
        if written.is_empty() { "default" } else { written }
    }

    fn shape(&self, namespace: &str, row: Row<'_>, faults: &mut CellFaults) -> Shape {
        let (mut requests, Written { cpu, memory }) = self.amounts.read(row, faults);
        requests.pods = 1;
        let whole = |text: &str| text.parse().ok();
        let priority = self.priority.as_ref().and_then(|column| column.read(row, "a whole number", faults, whole));
        let selectors = self.node_selector.iter().map(|(key, column)| (key.to_string(), column.text(row).to_owned()));
        Shape {
            namespace: namespace.to_owned(),
            requests,
            nonzero_cpu: cpu.unwrap_or(DEFAULT_CPU),
            nonzero_memory: memory.unwrap_or(DEFAULT_MEMORY),
            priority: priority.unwrap_or(0),
            node_selector: selectors.filter(|(_, value)| !value.is_empty()).collect(),
        }
    }

    /// Creation and deletion; a moment before the start counts as the start. `None` after a fault.
    fn life(&self, row: Row<'_>, replay: &Replay<'_>, faults: &mut CellFaults) -> Option<(SimTime, Option<SimTime>)> {
        let start = replay.start.timestamp();
        let parse = |text: &str| moment(text, start);
        let created = self.created.demand(row, MOMENT, faults, parse);
        let Some((column, deleted)) =
            self.deleted.as_ref().and_then(|column| Some((column, column.read(row, MOMENT, faults, parse)?)))
        else {
            return Some((since_start(created?), None));
        };
        let created = created?;
        if deleted < created {
            let remedy = "write a moment that is not before the pod's creation".to_owned();
            column.fault(row, "found a deletion before the creation".to_owned(), remedy, faults);
            return None;
        }
        Some((since_start(created), Some(since_start(deleted))))
    }
}

fn since_start(micros: i64) -> SimTime {
    SimTime::from_micros(micros.max(0).cast_unsigned())
}

/// A workload for each shape, named by it.
fn workloads(shapes: IndexMap<Shape, Vec<TracePod>>, startup: &Dist) -> Vec<WorkloadPlan> {
    let mut names: BTreeMap<String, ShapeNames> = BTreeMap::new();
    let workload = |(shape, mut pods): (Shape, Vec<TracePod>)| {
        let names = names.entry(shape.namespace.clone()).or_default();
        pods.sort_by_key(|pod| pod.created);
        WorkloadPlan {
            name: names.give(&shape.requests, shape.node_selector.values().map(String::as_str)),
            namespace: shape.namespace.clone(),
            controller: Controller::Trace { pods: pods.into() },
            template: template(shape),
            behaviour: Behaviour { demand: None, startup: startup.clone(), run_time: None, outbound: Vec::new() },
            system: false,
        }
    };
    shapes.into_iter().map(workload).collect()
}

/// A trace's deletion is the end of the pod: the application gets no grace on top of it.
fn template(shape: Shape) -> PodTemplate {
    PodTemplate {
        namespace: shape.namespace.into(),
        requests: shape.requests,
        nonzero_cpu: shape.nonzero_cpu,
        nonzero_memory: shape.nonzero_memory,
        node_selector: shape.node_selector,
        priority: shape.priority,
        grace: SimDuration::ZERO,
        ..PodTemplate::default()
    }
}
