//! Expanders: which of the pools that would help is asked to grow.
//!
//! Source: cluster-autoscaler 1.31-1.37, `expander/`. Not modelled: `priority` (it reads a config map that a scenario does
//! not carry) and `price` (the Azure provider has no pricing model).

use crate::catalog::Expander;
use crate::cluster::PoolId;
use crate::kernel::Stream;
use crate::units::{Bytes, MilliCpu};

/// A way to help: so many nodes of a pool for so many pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExpansionOption {
    /// The pool.
    pub(super) pool: PoolId,
    /// Nodes the estimator wants.
    pub(super) nodes: u32,
    /// Pods it placed on them.
    pub(super) pods: u32,
    /// CPU these pods request.
    pub(super) cpu: MilliCpu,
    /// Memory these pods request.
    pub(super) memory: Bytes,
    /// CPU capacity (not allocatable) of one node.
    pub(super) node_cpu: MilliCpu,
    /// Memory capacity (not allocatable) of one node.
    pub(super) node_memory: Bytes,
}

/// The option that the expander picks; a draw decides among equals. `None` without options.
pub(super) fn pick(expander: Expander, options: Vec<ExpansionOption>, stream: &mut Stream) -> Option<ExpansionOption> {
    let mut kept = keep(expander, options);
    match kept.len() {
        0 => None,
        1 => kept.pop(),
        // The bound is the number of pools, so the index fits.
        several => Some(kept.swap_remove(stream.below(several as u64) as usize)),
    }
}

/// The options that the expander finds equally good, in their order.
fn keep(expander: Expander, options: Vec<ExpansionOption>) -> Vec<ExpansionOption> {
    match expander {
        Expander::Random => options,
        Expander::MostPods => {
            let most = options.iter().map(|option| option.pods).max();
            options.into_iter().filter(|option| Some(option.pods) == most).collect()
        }
        Expander::LeastWaste => {
            let least = options.iter().map(wasted).fold(f64::INFINITY, f64::min);
            options.into_iter().filter(|option| wasted(option) == least).collect()
        }
    }
}

/// The shares of CPU and memory that stay unused, added. DaemonSets are not counted, and capacity is, as upstream has it.
fn wasted(option: &ExpansionOption) -> f64 {
    let waste = |capacity: u64, requested: u64| {
        let total = capacity as f64 * f64::from(option.nodes);
        (total - requested as f64) / total
    };
    waste(option.node_cpu.millis(), option.cpu.millis()) + waste(option.node_memory.get(), option.memory.get())
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;
    use crate::kernel::{Id, Streams};

    fn option(pool: usize, nodes: u32, pods: u32) -> ExpansionOption {
        ExpansionOption {
            pool: PoolId::from_index(pool),
            nodes,
            pods,
            cpu: MilliCpu::from_cores(pods),
            memory: Bytes::from_gib(u64::from(pods)),
            node_cpu: MilliCpu::from_cores(8),
            node_memory: Bytes::from_gib(32),
        }
    }

    #[test]
    fn upstream_cases_of_least_waste_hold() {
        for case in golden::cases("ca_expander_least_waste") {
            let given = case.input["options"].as_array().unwrap();
            let number = |value: &serde_json::Value| value.as_u64().unwrap();
            let options = given.iter().enumerate().map(|(index, given)| {
                let pods = given["pods"].as_array().unwrap();
                ExpansionOption {
                    cpu: pods.iter().map(|pod| MilliCpu::from_millis(number(&pod["cpu"]))).sum(),
                    memory: pods.iter().map(|pod| Bytes::new(number(&pod["memory"]))).sum(),
                    node_cpu: MilliCpu::from_millis(number(&given["capacity"]["cpu"])),
                    node_memory: Bytes::new(number(&given["capacity"]["memory"])),
                    nodes: u32::try_from(number(&given["node_count"])).unwrap(),
                    ..option(index, 0, 0)
                }
            });
            let kept = keep(Expander::LeastWaste, options.collect());
            let kept: Vec<_> = kept.iter().map(|option| given[option.pool.index()]["id"].clone()).collect();
            assert_eq!(serde_json::Value::from(kept), case.expect["best"], "{}", case.id);
        }
    }

    #[test]
    fn most_pods_keeps_every_option_with_the_most_pods() {
        let kept = keep(Expander::MostPods, vec![option(0, 1, 3), option(1, 2, 5), option(2, 9, 5)]);
        assert_eq!(kept, [option(1, 2, 5), option(2, 9, 5)]);
    }

    #[test]
    fn random_picks_every_option_about_equally_often() {
        let mut stream = Streams::new(1).stream("test", "expander");
        let mut picked = [0; 3];
        for _ in 0..3000 {
            let options = vec![option(0, 1, 1), option(1, 1, 1), option(2, 1, 1)];
            picked[pick(Expander::Random, options, &mut stream).unwrap().pool.index()] += 1;
        }
        assert!(picked.iter().all(|count| (900..1100).contains(count)), "{picked:?}");
        assert_eq!(pick(Expander::Random, Vec::new(), &mut stream), None);
    }
}
