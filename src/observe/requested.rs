//! The CPU that pods request, pool by pool, over the measured time: what is left of the allocatable CPU is idle.

use super::integral::Integral;
use super::window::Window;
use crate::cluster::{NodeId, PoolId, World};
use crate::kernel::{Id, SimDuration};
use crate::units::MilliCpu;

/// Integrals of the requested CPU. They follow the facts of binding and ending pods, one node at a time.
#[derive(Clone, Debug)]
pub(super) struct RequestedCpu {
    window: Window,
    nodes: Vec<MilliCpu>,
    pools: Vec<(MilliCpu, Integral)>,
}

impl RequestedCpu {
    /// Begins with what the pods of the world request.
    pub fn new(world: &World, window: Window) -> Self {
        let pools = world.pools.ids().map(|_| (MilliCpu::ZERO, Integral::new(window.from))).collect();
        let mut requested = Self { window, nodes: Vec::new(), pools };
        for node in world.nodes.ids() {
            requested.on_pods_changed(world, node);
        }
        requested
    }

    /// A pod was bound to the node or left it.
    pub fn on_pods_changed(&mut self, world: &World, node: NodeId) {
        if self.nodes.len() <= node.index() {
            self.nodes.resize(node.index() + 1, MilliCpu::ZERO);
        }
        let state = &world.nodes[node];
        let before = std::mem::replace(&mut self.nodes[node.index()], state.info.requested.cpu);
        let (sum, integral) = &mut self.pools[state.pool.index()];
        *sum = *sum + state.info.requested.cpu - before;
        integral.set(world.clock, sum.millis());
    }

    /// The share of the pool's allocatable CPU that nobody requested while its nodes were billed for `metered` together; `None`
    /// when none was billed.
    pub fn idle_share(&self, world: &World, pool: PoolId, metered: SimDuration) -> Option<f64> {
        let offered = u128::from(world.pool_plan(pool).allocatable.cpu.millis()) * u128::from(metered.micros());
        let requested = self.pools[pool.index()].1.until(self.window.to);
        (offered > 0).then(|| 1.0 - requested as f64 / offered as f64)
    }
}
