//! Whole replications, one thread: one seed of a scenario from its plan to its result, in events per second.
//!
//! Work: every event of the scenario's whole duration, warm-up included, with observation, without detail rows, charts or files.

use aksim::{scenario, simulation};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::path::Path;

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

criterion_group!(benches, replicate);
criterion_main!(benches);
