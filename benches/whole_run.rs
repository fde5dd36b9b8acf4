//! Whole replications, one thread: one seed of a scenario from its plan to its result, in events per second.
//!
//! Work: every event of the scenario's whole duration, warm-up included, with observation, without detail rows, charts or files.
//!
//! `largest` is the largest cluster that AKS allows, 5,000 nodes, with 200,000 pods of fifty Deployments beside AKS's own, for twelve
//! hours: every pod is created at the start, is scheduled, pulls its image and becomes ready. Where the operating system tells it, the
//! benchmark prints the most memory that the process has had resident after one replication.

use aksim::{scenario, simulation};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::{fs, io};

fn largest(criterion: &mut Criterion) {
    let path = write_largest().expect("cargo gives benchmarks a directory to write to");
    let loaded = scenario::load(&path, &[]).expect("the largest cluster is valid");
    let plan = &loaded.study.points[0].plan;
    let events = simulation::replicate(plan, 1, false).events;
    if let Some(peak) = peak_memory() {
        println!("replicate/largest: {events} events, {peak} resident at most");
    }
    let mut group = criterion.benchmark_group("replicate");
    group.sample_size(10).throughput(Throughput::Elements(events));
    group.bench_function("largest", |bencher| bencher.iter(|| simulation::replicate(black_box(plan), 1, false)));
    group.finish();
}

/// Writes the scenario of the largest cluster and its manifests, and returns its path.
fn write_largest() -> io::Result<PathBuf> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut manifests = String::new();
    for app in 0..50 {
        let (cpu, memory) = (20 + 3 * (app % 25), 64 + 16 * (app % 7));
        write!(
            manifests,
            "---\n{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: app-{app}}}, spec: {{replicas: 4000, \
             selector: {{matchLabels: {{app: app-{app}}}}}, template: {{metadata: {{labels: {{app: app-{app}}}}}, \
             spec: {{containers: [{{name: main, image: example.com/app-{app}, \
             resources: {{requests: {{cpu: {cpu}m, memory: {memory}Mi}}}}}}]}}}}}}}}\n"
        )
        .expect("a string takes any text");
    }
    fs::write(directory.join("largest-apps.yaml"), manifests)?;
    let path = directory.join("largest.yaml");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/largest.yaml"), &path)?;
    Ok(path)
}

/// The most memory that this process has had resident, with its unit, on Linux.
fn peak_memory() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(format!("{} MiB", kibibytes / 1024))
}

fn replicate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replicate");
    for name in ["quickstart", "store-b-vs-d", "upgrade-surge"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.yaml"));
        let loaded = scenario::load(&path, &[]).expect("the published scenarios are valid");
        let plan = &loaded.study.points[0].plan;
        group.throughput(Throughput::Elements(simulation::replicate(plan, 1, false).events));
        group.bench_function(name, |bencher| bencher.iter(|| simulation::replicate(black_box(plan), 1, false)));
    }
    group.finish();
}

criterion_group!(benches, largest, replicate);
criterion_main!(benches);
