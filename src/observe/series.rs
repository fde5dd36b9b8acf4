//! The time series: one row of samples at regular intervals over the whole run, warm-up included.

use super::result::Series;
use super::{burst, outbound};
use crate::cluster::World;
use crate::kernel::SimDuration;
use crate::process::billing;
use crate::scenario::plan::{Plan, Ports};

/// Rows of a series, about: half-hours of a week, enough for a chart as wide as a slide.
const ROWS: u64 = 336;

const MINUTE: SimDuration = SimDuration::from_mins(1);

/// Time between two samples: the duration in about 336 parts, rounded up to whole minutes.
#[must_use]
pub fn sample_interval(plan: &Plan) -> SimDuration {
    let minutes = plan.duration.micros().div_ceil(ROWS * MINUTE.micros());
    SimDuration::from_mins(minutes.max(1))
}

/// Columns that every plan has, in their order.
const COLUMNS: [&str; 7] = [
    "nodes_ready",
    "nodes_total",
    "pods_ready",
    "pods_pending",
    "cpu_demand_cores",
    "cpu_served_cores",
    "usd_per_hour",
];

/// Name of the column of the /24s of the pod CIDR that nodes hold.
pub const POD_CIDR_BLOCKS: &str = "pod_cidr_blocks";

/// Name of the column of the source ports that each node has, or all nodes together behind a NAT gateway; 0 where nobody knows.
const PORTS: &str = "snat_ports";
/// Name of the column of the share of these ports in use, where most of them are.
pub const PORTS_BUSY: &str = "snat_busy_percent";
/// Name of the column of new connections that find no port.
pub const PORTS_FAILING: &str = "snat_failed_per_second";

/// Takes samples.
#[derive(Clone, Debug)]
pub(super) struct Sampler {
    burstable: bool,
    opens_connections: bool,
    series: Series,
}

impl Sampler {
    /// An empty series with the columns of the plan.
    pub fn new(plan: &Plan) -> Self {
        let burstable = plan.has_burstable_pool();
        let credits = burstable.then(|| "credits_percent".to_owned());
        let subnets = plan.cluster.subnets.iter().map(|subnet| format!("ip_used.{}", subnet.name));
        let blocks = plan.last_network().0.map(|_| POD_CIDR_BLOCKS.to_owned());
        let opens_connections = plan.workloads.iter().any(|workload| !workload.behaviour.outbound.is_empty());
        let outbound: &[&str] = if opens_connections { &[PORTS, PORTS_BUSY, PORTS_FAILING] } else { &[] };
        let outbound = outbound.iter().map(|name| (*name).to_owned());
        let names = COLUMNS.map(str::to_owned).into_iter().chain(credits).chain(subnets).chain(blocks).chain(outbound);
        Self {
            burstable,
            opens_connections,
            series: Series { hours: Vec::new(), columns: names.map(|name| (name, Vec::new())).collect() },
        }
    }

    /// Adds one row.
    pub fn take(&mut self, world: &World) {
        self.series.hours.push(world.clock.as_secs_f64() / 3600.0);
        let values = self.row(world);
        assert_eq!(values.len(), self.series.columns.len(), "a sample has a value for every column");
        for ((_, column), value) in self.series.columns.iter_mut().zip(values) {
            column.push(value);
        }
    }

    /// The series.
    pub fn into_series(self) -> Series {
        self.series
    }

    fn row(&self, world: &World) -> Vec<f64> {
        let nodes = || world.live_nodes.iter().map(|node| &world.nodes[*node]);
        let (ready, pending) = count_pods(world);
        let mut row = vec![
            nodes().filter(|node| node.is_ready()).count() as f64,
            nodes().filter(|node| node.is_billed()).count() as f64,
            ready as f64,
            pending as f64,
            world.cpu.wanted.as_cores(),
            world.cpu.served.as_cores(),
            billing::rate(world).as_f64(),
        ];
        if self.burstable {
            row.push(burst::mean_percent(world));
        }
        row.extend(world.subnets.iter().map(|(_, subnet)| f64::from(subnet.used())));
        if world.plan.last_network().0.is_some() {
            row.push(world.pod_range.as_ref().map_or(0.0, |range| f64::from(range.used())));
        }
        if self.opens_connections {
            let ports = match world.outbound.ports {
                Ports::PerNode(ports) | Ports::Shared(ports) => f64::from(ports),
                Ports::Unknown | Ports::Blocked => 0.0,
            };
            row.extend([ports, outbound::busiest(world) as f64 / 1e4, world.outbound.failing as f64 / 1e6]);
        }
        row
    }
}

/// Application pods that serve, and those that wait for a node.
fn count_pods(world: &World) -> (usize, usize) {
    let (mut ready, mut pending) = (0, 0);
    for (id, workload) in world.workloads.iter() {
        if world.workload_plan(id).system {
            continue;
        }
        for pod in &workload.pods {
            ready += usize::from(world.pods[*pod].is_serving());
            pending += usize::from(world.pods[*pod].is_pending());
        }
    }
    (ready, pending)
}
