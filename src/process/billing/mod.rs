//! What the cluster costs: every meter that runs, for how long, at which price.
//!
//! A VM and its OS disk are billed from the moment the VM is allocated until it has ended, per second at the hourly price; of a
//! deallocated VM only the disk is. The load balancer or the NAT gateway and public addresses are billed while the cluster exists, the control plane's
//! tier while it runs (for a stopped cluster an assumption). Sums are exact integers: a bill is
//! rounded only when it is shown. Not modelled: data processed by the load balancer or the NAT gateway, disk transactions, data transfer.

use crate::cluster::{Node, PoolId, PowerState, World};
use crate::kernel::{Id, SimDuration, SimTime};
use crate::units::{Usd, UsdPerHour};

/// What is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meter {
    /// Virtual machines of a pool.
    Vm,
    /// Managed OS disks of a pool's nodes; free of charge where the disk is ephemeral.
    OsDisk,
    /// Pricing tier of the control plane.
    Tier,
    /// Standard load balancer.
    LoadBalancer,
    /// NAT gateway of AKS.
    NatGateway,
    /// Public IP addresses: outbound, and of Services.
    PublicIp,
}

impl Meter {
    /// The meter as `cost.csv` names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vm => "vm",
            Self::OsDisk => "os_disk",
            Self::Tier => "tier",
            Self::LoadBalancer => "load_balancer",
            Self::NatGateway => "nat_gateway",
            Self::PublicIp => "public_ip",
        }
    }
}

/// One meter of one pool, or of the cluster, over a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The pool; `None` for what the cluster has once.
    pub pool: Option<PoolId>,
    /// What is billed.
    pub meter: Meter,
    /// Time billed, of all instances together.
    pub metered: SimDuration,
    /// Price of one instance.
    pub price: UsdPerHour,
}

impl Charge {
    /// What it comes to, exactly.
    #[must_use]
    pub fn amount(&self) -> Usd {
        self.price.over(self.metered)
    }
}

/// The bill for the time from `from` to `to`: two meters for each pool in the plan's order, nodes that
/// were brought along left out, then the cluster's: tier, load balancer or NAT gateway, addresses.
#[must_use]
pub fn charges(world: &World, from: SimTime, to: SimTime) -> Vec<Charge> {
    let metered = metered_by_pool(world, from, to);
    let scale_sets = world.pools.ids().zip(metered).filter_map(|(pool, metered)| {
        let scale_set = world.pool_plan(pool).scale_set.as_ref()?;
        let disks = (Meter::OsDisk, metered.existing, scale_set.os_disk_price);
        Some((pool, [(Meter::Vm, metered.allocated, scale_set.vm_price), disks]))
    });
    let pools = scale_sets.flat_map(|(pool, meters)| {
        meters.map(|(meter, metered, price)| Charge { pool: Some(pool), meter, metered, price })
    });
    let cluster = &world.plan.cluster.charges;
    let nat = (Meter::NatGateway, cluster.nat_gateway);
    let once = [
        Some((Meter::Tier, cluster.tier)),
        Some((Meter::LoadBalancer, cluster.load_balancers())),
        Some(nat).filter(|(_, price)| *price > UsdPerHour::ZERO),
        Some((Meter::PublicIp, cluster.public_ips)),
    ];
    let existing = to.saturating_since(from.max(world.created));
    let off = world.off.within(from, to);
    let once = once.into_iter().flatten().map(|(meter, price)| {
        let off = if meter == Meter::Tier { off } else { SimDuration::ZERO };
        Charge { pool: None, meter, metered: existing.saturating_sub(off), price }
    });
    pools.chain(once).collect()
}

/// What the cluster costs an hour at this moment.
#[must_use]
pub fn rate(world: &World) -> UsdPerHour {
    let cluster = &world.plan.cluster.charges;
    let tier = if world.off.is_open() { UsdPerHour::default() } else { cluster.tier };
    let once = if world.power == PowerState::Absent {
        [UsdPerHour::default(); 4]
    } else {
        [tier, cluster.load_balancers(), cluster.nat_gateway, cluster.public_ips]
    };
    let nodes = world.live_nodes.iter().map(|node| &world.nodes[*node]).filter(|node| node.exists());
    let prices = nodes.flat_map(|node| {
        let scale_set = world.pool_plan(node.pool).scale_set.as_ref();
        let vm = scale_set.filter(|_| node.is_billed()).map(|scale_set| scale_set.vm_price);
        vm.into_iter().chain(scale_set.map(|scale_set| scale_set.os_disk_price))
    });
    UsdPerHour::from_micros(once.into_iter().chain(prices).map(UsdPerHour::micros).sum())
}

/// How long the node's VM was billed between `from` and `to`; one that is still there is billed to the end.
#[must_use]
pub fn billed_time(node: &Node, from: SimTime, to: SimTime) -> SimDuration {
    existing_time(node, from, to)
        .saturating_sub(node.times.deallocated.within(from, node.times.deleted.unwrap_or(to).min(to)))
}

/// How long the node's VM existed between `from` and `to`, deallocated or not.
fn existing_time(node: &Node, from: SimTime, to: SimTime) -> SimDuration {
    let Some(allocated) = node.times.allocated else {
        return SimDuration::ZERO;
    };
    let end = node.times.deleted.unwrap_or(to).min(to);
    end.saturating_since(allocated.max(from))
}

/// Time of all nodes of a pool together.
#[derive(Clone, Copy, Debug, Default)]
struct Metered {
    /// With their VM allocated.
    allocated: SimDuration,
    /// With their VM existing.
    existing: SimDuration,
}

/// Time of every pool's nodes, in the plan's order.
fn metered_by_pool(world: &World, from: SimTime, to: SimTime) -> Vec<Metered> {
    let mut metered = vec![Metered::default(); world.pools.len()];
    for (_, node) in world.nodes.iter() {
        let pool = &mut metered[node.pool.index()];
        pool.allocated += billed_time(node, from, to);
        pool.existing += existing_time(node, from, to);
    }
    metered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{create_node, plan, pool};
    use crate::scenario::plan::ClusterCharges;
    use proptest::prelude::*;
    use std::sync::Arc;

    const HOUR: u64 = 3_600_000_000;

    /// A world with two pools, in which nodes of given pools were billed from one moment to another, or still are.
    fn world(nodes: &[(usize, u64, Option<u64>)]) -> World {
        let dollars = |dollars| UsdPerHour::from_dollars(dollars).unwrap();
        let priced = |name: &str, vm, disk| {
            let mut pool = pool(name, 0);
            let scale_set = pool.scale_set.as_mut().unwrap();
            (scale_set.vm_price, scale_set.os_disk_price) = (dollars(vm), dollars(disk));
            pool
        };
        let mut plan = plan(vec![priced("apps", 0.192, 0.027), priced("system", 0.096, 0.0)]);
        plan.cluster.charges = ClusterCharges {
            tier: dollars(0.1),
            load_balancer: dollars(0.025),
            public_ips: dollars(0.005),
            ..ClusterCharges::default()
        };
        let mut world = World::new(Arc::new(plan), 1);
        for (pool, allocated, deleted) in nodes {
            let node = create_node(&mut world, PoolId::from_index(*pool), false);
            world.nodes[node].times.allocated = Some(SimTime::from_micros(*allocated));
            world.nodes[node].times.deleted = deleted.map(SimTime::from_micros);
            if deleted.is_some() {
                world.live_nodes.retain(|other| *other != node);
            }
        }
        world
    }

    fn bill(world: &World, from: u64, to: u64) -> Vec<(Option<usize>, &'static str, f64)> {
        let charges = charges(world, SimTime::from_micros(from), SimTime::from_micros(to));
        let row = |charge: &Charge| (charge.pool.map(Id::index), charge.meter.name(), charge.amount().as_f64());
        charges.iter().map(row).collect()
    }

    #[test]
    fn half_an_hour_of_a_node_costs_half_its_price() {
        let bill = bill(&world(&[(0, HOUR, Some(HOUR + HOUR / 2))]), 0, 24 * HOUR);
        let expected = [
            (Some(0), "vm", 0.096),
            (Some(0), "os_disk", 0.0135),
            (Some(1), "vm", 0.0),
            (Some(1), "os_disk", 0.0),
            (None, "tier", 2.4),
            (None, "load_balancer", 0.6),
            (None, "public_ip", 0.12),
        ];
        for (row, expected) in bill.iter().zip(&expected) {
            assert_eq!((row.0, row.1), (expected.0, expected.1));
            assert!((row.2 - expected.2).abs() < 1e-9, "{row:?}");
        }
        assert_eq!(bill.len(), expected.len());
    }

    #[test]
    fn a_node_is_billed_only_where_its_life_and_the_window_meet() {
        for (allocated, deleted, hours) in [
            (0, None, 2),      // There all the time.
            (0, Some(5), 0),   // Gone before.
            (11, None, 1),     // Comes inside the window and stays.
            (0, Some(11), 1),  // Goes inside the window.
            (13, None, 0),     // Comes after.
            (10, Some(10), 0), // Failed at once.
        ] {
            let world = world(&[(0, allocated * HOUR, deleted.map(|at| at * HOUR))]);
            let (_, node) = world.nodes.iter().next().unwrap();
            let billed = billed_time(node, SimTime::from_micros(10 * HOUR), SimTime::from_micros(12 * HOUR));
            assert_eq!(billed, SimDuration::from_hours(hours), "{allocated} to {deleted:?}");
        }
    }

    #[test]
    fn nodes_that_were_brought_along_are_not_billed() {
        let mut brought = pool("brought", 1);
        brought.scale_set = None;
        let mut world = World::new(Arc::new(plan(vec![brought])), 1);
        let node = create_node(&mut world, PoolId::from_index(0), false);
        world.nodes[node].times.allocated = Some(SimTime::ZERO);
        assert_eq!(bill(&world, 0, HOUR).iter().map(|row| row.0).collect::<Vec<_>>(), [None, None, None]);
        assert_eq!(rate(&world), UsdPerHour::ZERO);
    }

    #[test]
    fn the_rate_counts_what_is_billed_at_the_moment() {
        let world = world(&[(0, 0, None), (0, 0, Some(HOUR)), (1, 0, None)]);
        assert_eq!(rate(&world), UsdPerHour::from_dollars(0.192 + 0.027 + 0.096 + 0.13).unwrap());
    }

    proptest! {
        /// The whole bill is the sum of its nodes' bills and of any two parts of its time, to the last micro-dollar.
        #[test]
        fn the_bill_is_the_sum_of_its_parts(
            lives in prop::collection::vec((0usize..2, 0u64..48 * HOUR, prop::option::of(0u64..24 * HOUR)), 0..12),
            cut in 0u64..48 * HOUR,
        ) {
            let lives: Vec<_> =
                lives.into_iter().map(|(pool, from, length)| (pool, from, length.map(|length| from + length))).collect();
            let total = |nodes: &[(usize, u64, Option<u64>)], from: u64, to: u64| -> Usd {
                let charges = charges(&world(nodes), SimTime::from_micros(from), SimTime::from_micros(to));
                charges.iter().map(Charge::amount).sum()
            };
            let whole = total(&lives, 0, 48 * HOUR);
            prop_assert_eq!(whole, total(&lives, 0, cut) + total(&lives, cut, 48 * HOUR));
            let empty = total(&[], 0, 48 * HOUR);
            let nodes = lives.iter().map(|life| total(&[*life], 0, 48 * HOUR) - empty);
            prop_assert_eq!(whole, empty + nodes.sum());
        }
    }
}
