//! Small scenarios that are written, checked and simulated.

use aksim::cluster::{Event, Fact, Observer, OperationId, OperationState, PoolId, World};
use aksim::kernel::{EventKey, Id, SimDuration, SimTime};
use aksim::scenario::plan::Plan;
use aksim::scenario::{Loaded, Problems, Severity, load};
use aksim::simulation::Simulation;
use std::sync::Arc;

/// A scenario in parts. Pools, operations and manifests are written in YAML's flow style, without the braces.
#[derive(Clone)]
pub struct Scenario {
    /// Name of the cluster.
    pub name: String,
    pub location: String,
    pub start: String,
    pub duration: String,
    pub version: String,
    /// Further lines of the cluster, such as `sku: {tier: Free}`.
    pub cluster: Vec<String>,
    pub pools: Vec<String>,
    pub operations: Vec<String>,
    pub manifests: Vec<String>,
    /// Further sections.
    pub sections: String,
}

/// A system pool of one node that has nothing to do with the question.
pub const SYSTEM: &str = "name: system, mode: System, vmSize: Standard_D4s_v5, count: 1";

impl Scenario {
    /// A cluster of version 1.34 in July 2026, without AKS's own workloads.
    pub fn new(pools: &[&str]) -> Self {
        Self {
            name: "example".to_owned(),
            location: "eastus".to_owned(),
            start: "2026-07-01T00:00:00Z".to_owned(),
            duration: "30d".to_owned(),
            version: "1.34".to_owned(),
            cluster: vec!["sku: {tier: Standard}".to_owned(), "systemWorkloads: false".to_owned()],
            pools: pools.iter().map(|pool| (*pool).to_owned()).collect(),
            operations: Vec::new(),
            manifests: Vec::new(),
            sections: String::new(),
        }
    }

    /// One system node and a pool `apps` with these settings.
    pub fn apps(settings: &str) -> Self {
        Self::new(&[SYSTEM, &format!("name: apps, vmSize: Standard_D4s_v5, {settings}")])
    }

    pub fn version(mut self, version: &str) -> Self {
        self.version = version.to_owned();
        self
    }

    pub fn start(mut self, start: &str) -> Self {
        self.start = start.to_owned();
        self
    }

    pub fn lasting(mut self, duration: &str) -> Self {
        self.duration = duration.to_owned();
        self
    }

    pub fn cluster(mut self, line: &str) -> Self {
        let key = |line: &str| line.split(':').next().unwrap_or("").to_owned();
        self.cluster.retain(|other| key(other) != key(line));
        self.cluster.push(line.to_owned());
        self
    }

    /// A subnet with these many addresses to hand out, at most.
    pub fn subnet(self, prefix: &str) -> Self {
        self.cluster(&format!("vnet: {{subnets: [{{name: nodes, addressPrefix: {prefix}}}]}}"))
    }

    pub fn operation(mut self, operation: &str) -> Self {
        self.operations.push(operation.to_owned());
        self
    }

    pub fn manifest(mut self, manifest: &str) -> Self {
        self.manifests.push(manifest.to_owned());
        self
    }

    /// A Deployment with so many pods that request this.
    pub fn deployment(self, name: &str, replicas: u32, requests: &str) -> Self {
        self.manifest(&format!(
            "apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}}}, spec: {{replicas: {replicas}, selector: \
             {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: \
             [{{name: main, image: main, resources: {{requests: {{{requests}}}}}}}]}}}}}}"
        ))
    }

    fn text(&self) -> String {
        let list = |key: &str, items: &[String]| match items {
            [] => String::new(),
            items => format!("{key}:\n{}", items.iter().map(|item| format!("    - {{{item}}}\n")).collect::<String>()),
        };
        let cluster: String = self.cluster.iter().map(|line| format!("  {line}\n")).collect();
        let workloads = match list("  manifests", &self.manifests) {
            empty if empty.is_empty() => empty,
            manifests => format!("workloads:\n{manifests}"),
        };
        format!(
            "apiVersion: aksim/v1\nname: example\nstart: {}\nduration: {}\ncluster:\n  name: {}\n  location: {}\n  \
             kubernetesVersion: \"{}\"\n{cluster}{}{workloads}{}{}",
            self.start,
            self.duration,
            self.name,
            self.location,
            self.version,
            list("  agentPoolProfiles", &self.pools),
            list("operations", &self.operations),
            self.sections,
        )
    }

    pub fn load(&self) -> Result<Loaded, Problems> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("example.yaml");
        std::fs::write(&file, self.text()).expect("a temporary file can be written");
        load(&file, &[])
    }

    pub fn plan(&self) -> Arc<Plan> {
        match self.load() {
            Ok(loaded) => Arc::clone(&loaded.study.points[0].plan),
            Err(problems) => panic!("{}\n{}", self.text(), said(&problems).join("\n")),
        }
    }

    /// True when a warning or an error of this code is said.
    pub fn warns(&self, code: &str) -> bool {
        self.says(code, Severity::Warning)
    }

    /// True when something of this code is said, a note included.
    pub fn notes(&self, code: &str) -> bool {
        self.says(code, Severity::Note)
    }

    fn says(&self, code: &str, least: Severity) -> bool {
        let problems = match self.load() {
            Ok(loaded) => loaded.warnings,
            Err(problems) => problems,
        };
        problems.iter().any(|problem| problem.code == code && problem.severity <= least)
    }

    /// True unless an error of this code is said; another error is a mistake of the example's.
    pub fn takes(&self, code: &str) -> bool {
        let Err(problems) = self.load() else {
            return true;
        };
        let mut errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        assert!(errors.all(|problem| problem.code == code), "{}\n{}", self.text(), said(&problems).join("\n"));
        false
    }

    /// The whole run under seed 1.
    pub fn run(&self) -> Run {
        let duration = self.plan().duration;
        self.run_until(SimTime::after_start(duration), 1)
    }

    /// The run through this moment.
    pub fn run_until(&self, last: SimTime, seed: u64) -> Run {
        let mut simulation = Simulation::new(&self.plan(), seed);
        let mut log = Log::default();
        simulation.run_through(last, &mut log);
        Run { simulation, facts: log.facts }
    }

    /// What becomes of the last operation when it is asked: `Err` with code and message of its refusal.
    pub fn answer(&self) -> Result<(), (String, String)> {
        let plan = self.plan();
        let last = plan.operations.last().expect("something is asked").at;
        let run = self.run_until(last, 1);
        match run.operations().pop() {
            Some(OperationState::Refused(refusal)) => Err((refusal.code.to_owned(), refusal.message)),
            Some(OperationState::Planned) | None => panic!("nothing was asked"),
            Some(_) => Ok(()),
        }
    }
}

fn said(problems: &Problems) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// A simulation with all of its facts.
pub struct Run {
    simulation: Simulation,
    pub facts: Vec<(SimTime, Fact)>,
}

impl Run {
    pub fn world(&self) -> &World {
        self.simulation.world()
    }

    /// The states of all operations in their order.
    pub fn operations(&self) -> Vec<OperationState> {
        self.world().operations.iter().map(|(_, operation)| operation.state.clone()).collect()
    }

    /// Code and message of everything that was refused or failed, in the operations' order.
    pub fn errors(&self) -> Vec<(&'static str, String)> {
        let error = |state| match state {
            OperationState::Refused(refusal) | OperationState::Failed(refusal) | OperationState::Canceled(refusal) => {
                Some((refusal.code, refusal.message))
            }
            _ => None,
        };
        self.operations().into_iter().filter_map(error).collect()
    }

    /// The state of an operation.
    pub fn operation(&self, index: usize) -> &OperationState {
        &self.world().operations[OperationId::from_index(index)].state
    }

    /// The pool of this name.
    pub fn pool(&self, name: &str) -> PoolId {
        let index = self.world().plan.cluster.pools.iter().position(|pool| pool.name == name);
        PoolId::from_index(index.expect("the pool is there"))
    }

    /// Instances of the pool that were asked for after its first `count`.
    pub fn added(&self, pool: &str, count: u32) -> usize {
        let pool = self.pool(pool);
        self.world().nodes.iter().filter(|(_, node)| node.pool == pool && node.instance >= count).count()
    }

    /// The same, of which only those that became Ready.
    pub fn added_ready(&self, pool: &str, count: u32) -> usize {
        let pool = self.pool(pool);
        let nodes = self.world().nodes.iter();
        nodes.filter(|(_, node)| node.pool == pool && node.instance >= count && node.times.ready.is_some()).count()
    }
}

/// Remembers every fact.
#[derive(Default)]
struct Log {
    facts: Vec<(SimTime, Fact)>,
}

impl Observer for Log {
    fn after_event(&mut self, key: EventKey, _: Event, facts: &[Fact], _: &World) {
        self.facts.extend(facts.iter().map(|fact| (key.at, *fact)));
    }
}

/// A moment after the start.
pub fn minutes(minutes: u64) -> SimTime {
    SimTime::after_start(SimDuration::from_mins(minutes))
}

/// The largest number from `least` to `most` for which `holds`, which holds up to some number only.
pub fn largest(least: u64, most: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (least, most);
    if !holds(low) {
        return None;
    }
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if holds(middle) { low = middle } else { high = middle - 1 }
    }
    Some(low)
}

/// The smallest number from `least` to `most` for which `holds`, which holds from some number on.
pub fn smallest(least: u64, most: u64, holds: impl Fn(u64) -> bool) -> u64 {
    largest(least, most, |number| !holds(number)).map_or(least, |last| last + 1)
}
