//! Connections to the internet as they are written to connections as they are simulated.

use super::fault::{Faults, join};
use crate::kernel::SimDuration;
use crate::scenario::plan::OutboundFlow;
use crate::scenario::spec::OutboundFlowSpec;

/// The destination of connections of which the scenario does not say where they go.
const ANYWHERE: &str = "internet";
/// New connections of a pod a second: more than a node has ports for all its addresses.
const MOST_PER_SECOND: f64 = 1e6;
/// The longest that one is in use: far beyond every timeout on its way.
const LONGEST: SimDuration = SimDuration::from_hours(24);

/// Converts the connections of a workload's pods; `at` is their JSON pointer in the scenario.
pub(super) fn convert(flows: &[OutboundFlowSpec], at: &str, faults: &mut Faults) -> Vec<OutboundFlow> {
    let mut converted: Vec<OutboundFlow> = Vec::new();
    for (index, flow) in flows.iter().enumerate() {
        let at = join(at, &index.to_string());
        let rate = flow.connections_per_second;
        if !(0.0..=MOST_PER_SECOND).contains(&rate) {
            let at = join(&at, "connectionsPerSecond");
            faults.push(at, "scenario::outbound", rate.to_string(), "a number from 0 to 1000000, such as 2.5");
            continue;
        }
        if flow.duration.0.is_zero() || flow.duration.0 > LONGEST {
            let expected = "a duration above 0 and up to a day, such as 200ms";
            faults.push(join(&at, "duration"), "scenario::outbound", flow.duration.0.to_string(), expected);
            continue;
        }
        converted.push(OutboundFlow {
            destination: flow.destination.as_deref().unwrap_or(ANYWHERE).into(),
            micros_per_second: (rate * 1e6).round_ties_even() as u64,
            duration: flow.duration.0,
            closed: flow.closed.unwrap_or(true),
        });
    }
    converted
}
