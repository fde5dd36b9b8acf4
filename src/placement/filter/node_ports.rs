//! NodePorts: a host port can be had once per address of a node.

use super::{Filter, Plugin, PreFilter, Scope};
use crate::cluster::NodeInfo;
use crate::placement::{ClusterEvent, Code, Cycle, Reason, Rejection};
use crate::scenario::plan::HostPort;

/// The plugin's name.
pub const NAME: &str = "NodePorts";

/// The plugin.
pub const PLUGIN: Plugin = Plugin { name: NAME, pre_filter, scope: Scope::Pods, hint };

/// The address that stands for every address of the node.
const ANY_ADDRESS: &str = "0.0.0.0";

struct NodePorts<'a>(&'a [HostPort]);

fn pre_filter<'a>(cycle: &Cycle<'a>) -> PreFilter<'a> {
    match &cycle.template().host_ports[..] {
        [] => PreFilter::Skip,
        wanted => PreFilter::Each(Box::new(NodePorts(wanted))),
    }
}

/// A node has come, or a pod is gone that held a port the pod wants.
fn hint(cycle: &Cycle<'_>, event: &ClusterEvent<'_>) -> bool {
    let closely = cycle.rules.queueing_hints;
    match event {
        ClusterEvent::NodeAdded(_) => true,
        ClusterEvent::NodeUncordoned(_) => !closely,
        ClusterEvent::PodEnded(ended) => !closely || conflict(&cycle.template().host_ports, &ended.host_ports),
        ClusterEvent::NodeDeleted(_) | ClusterEvent::PodBound(_) => false,
    }
}

impl<'a> Filter<'a> for NodePorts<'a> {
    fn filter<'n>(&'n self, node: &'n NodeInfo) -> Result<(), Rejection<'n>> {
        if !conflict(self.0, &node.host_ports) {
            return Ok(());
        }
        Err(Rejection { plugin: NAME, code: Code::Unschedulable, reasons: vec![Reason::HostPorts] })
    }
}

/// True when a port of `wanted` cannot be had beside those of `used`.
#[must_use]
pub fn conflict(wanted: &[HostPort], used: &[HostPort]) -> bool {
    wanted.iter().any(|port| used.iter().any(|other| clash(port, other)))
}

fn clash(a: &HostPort, b: &HostPort) -> bool {
    a.port == b.port
        && a.protocol == b.protocol
        && (a.ip == b.ip || [&a.ip, &b.ip].iter().any(|ip| ***ip == *ANY_ADDRESS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(ip: &str, protocol: &str, port: u16) -> HostPort {
        HostPort { ip: ip.into(), protocol: protocol.into(), port }
    }

    #[test]
    fn the_same_port_clashes_unless_protocol_or_address_differ() {
        for (a, b, clashes) in [
            (port("0.0.0.0", "TCP", 80), port("0.0.0.0", "TCP", 80), true),
            (port("0.0.0.0", "TCP", 80), port("127.0.0.1", "TCP", 80), true),
            (port("127.0.0.1", "TCP", 80), port("0.0.0.0", "TCP", 80), true),
            (port("127.0.0.1", "TCP", 80), port("127.0.0.2", "TCP", 80), false),
            (port("0.0.0.0", "TCP", 80), port("0.0.0.0", "UDP", 80), false),
            (port("0.0.0.0", "TCP", 80), port("0.0.0.0", "TCP", 81), false),
        ] {
            assert_eq!(conflict(std::slice::from_ref(&a), std::slice::from_ref(&b)), clashes, "{a:?} {b:?}");
        }
    }
}
