//! Nodes that the scenario brings along: a CSV file with what each can give to pods.

use super::Resolver;
use super::columns::{self, Amounts, Column, Finder, NamedAmounts};
use super::shape::ShapeNames;
use crate::catalog::KubernetesVersion;
use crate::kernel::SimDuration;
use crate::scenario::files::Files;
use crate::scenario::plan::{BroughtNode, IntOrPercent, PoolMode, PoolPlan, UpgradeSettings};
use crate::scenario::quantity;
use crate::scenario::spec::{NodeColumnsSpec, ScenarioSpec};
use crate::scenario::table::{CellFaults, Row, Table};
use crate::units::Resources;
use indexmap::IndexMap;
use std::collections::BTreeMap;

const AT: &str = "/cluster/nodes";

/// Most pods of a node of which the list does not say it: the kubelet's own default.
const DEFAULT_PODS: u32 = 110;

/// Labels that the kubelet puts on every node, unless the list says otherwise.
const KUBELET_LABELS: [(&str, &str); 2] = [("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")];

/// What nodes are alike in.
type Shape = (Resources, BTreeMap<String, String>);

/// Reads the list of nodes, if there is one, and adds a pool to `pools` for each shape. The nodes are given in the file's order;
/// `None` after an error.
pub fn resolve(
    resolver: &mut Resolver<'_>,
    spec: &ScenarioSpec,
    files: &mut Files,
    version: KubernetesVersion,
    pools: &mut Vec<PoolPlan>,
) -> Option<Vec<BroughtNode>> {
    let Some(written) = &spec.cluster.nodes else {
        return Some(Vec::new());
    };
    let mut faults = CellFaults::default();
    let table = columns::table(resolver, files, &written.file, AT, &mut faults)?;
    let default = NodeColumnsSpec::default();
    let named = written.columns.as_ref().unwrap_or(&default);
    let mut finder = Finder::new(resolver, &table, &written.file, AT);
    let columns = NodeColumns::find(&mut finder, named);
    let complete = finder.is_complete();
    let nodes = columns.filter(|_| complete).map(|columns| columns.read(&table, &mut faults));
    if nodes.as_ref().is_some_and(Vec::is_empty) && faults.is_empty() {
        resolver.error(&format!("{AT}/file"), "table::rows", format!("{} has no rows", written.file), "add a node");
    }
    let sound = faults.is_empty();
    faults.tell(&table.file, resolver.problems);
    Some(grouped(nodes.filter(|_| sound)?, version, pools))
}

/// The columns of a list of nodes.
struct NodeColumns {
    name: Column,
    amounts: Amounts,
    pods: Option<Column>,
    labels: Vec<(Box<str>, Column)>,
}

impl NodeColumns {
    fn find(finder: &mut Finder<'_, '_>, named: &NodeColumnsSpec) -> Option<Self> {
        let name = finder.required("name", named.name.as_ref());
        let amounts = NamedAmounts {
            cpu: named.cpu.as_ref(),
            memory: named.memory.as_ref(),
            ephemeral: named.ephemeral_storage.as_ref(),
            extended: named.extended.as_ref(),
        };
        let amounts = Amounts::find(finder, &amounts);
        let pods = finder.optional("pods", named.pods.as_ref());
        let labels = finder.entries("labels", named.labels.as_ref());
        Some(Self { name: name?, amounts: amounts?, pods, labels })
    }

    /// Every node's name and shape.
    fn read(&self, table: &Table, faults: &mut CellFaults) -> Vec<(String, Shape)> {
        let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
        let mut nodes = Vec::new();
        for row in table.rows() {
            let name = self.name.text(row);
            if name.is_empty() {
                self.name.fault(row, "found no name".to_owned(), "write a name".to_owned(), faults);
            } else if let Some(line) = lines.insert(name, row.line()) {
                let found = format!("a second node {name}, the first in line {line}");
                self.name.fault(row, found, "give it another name".to_owned(), faults);
            }
            nodes.push((name.to_owned(), self.shape(row, faults)));
        }
        nodes
    }

    fn shape(&self, row: Row<'_>, faults: &mut CellFaults) -> Shape {
        let (mut amounts, _) = self.amounts.read(row, faults);
        let whole = |text: &str| quantity::count(text).and_then(|count| u32::try_from(count).ok());
        let pods = self.pods.as_ref().and_then(|column| column.read(row, "a whole number of pods", faults, whole));
        amounts.pods = pods.unwrap_or(DEFAULT_PODS);
        let given = self.labels.iter().map(|(key, column)| (&**key, column.text(row)));
        let labels = KUBELET_LABELS.into_iter().chain(given.filter(|(_, value)| !value.is_empty()));
        (amounts, labels.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }
}

/// Nodes alike make a pool, in the order in which they first appear.
fn grouped(nodes: Vec<(String, Shape)>, version: KubernetesVersion, pools: &mut Vec<PoolPlan>) -> Vec<BroughtNode> {
    let first = pools.len();
    let mut shapes: IndexMap<Shape, u32> = IndexMap::new();
    let mut brought = Vec::with_capacity(nodes.len());
    for (name, shape) in nodes {
        let entry = shapes.entry(shape);
        brought.push(BroughtNode { name, pool: first + entry.index() });
        *entry.or_default() += 1;
    }
    let mut names = ShapeNames::default();
    for ((allocatable, labels), count) in shapes {
        let own = labels.iter().filter(|(key, _)| !KUBELET_LABELS.iter().any(|(known, _)| known == key));
        let name = names.give(&allocatable, own.map(|(_, value)| value.as_str()));
        pools.push(pool(name, allocatable, labels, count, version));
    }
    brought
}

/// Nothing is ever upgraded here, so the settings for it are none.
fn pool(
    name: String,
    allocatable: Resources,
    labels: BTreeMap<String, String>,
    count: u32,
    version: KubernetesVersion,
) -> PoolPlan {
    let upgrade = UpgradeSettings {
        max_surge: IntOrPercent::Int(0),
        max_unavailable: IntOrPercent::Int(0),
        drain_timeout: SimDuration::ZERO,
        ..UpgradeSettings::default()
    };
    PoolPlan {
        name,
        mode: PoolMode::User,
        scale_set: None,
        count,
        from_start: true,
        scale_down_mode: crate::scenario::plan::ScaleDownMode::Delete,
        autoscaling: None,
        max_pods: allocatable.pods,
        labels,
        taints: Vec::new(),
        zones: Vec::new(),
        spot: false,
        eviction: crate::catalog::SpotEvictionPolicy::default(),
        version,
        upgrade,
        allocatable,
    }
}
