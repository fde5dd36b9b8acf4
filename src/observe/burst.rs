//! The credit banks of burstable nodes over the measured time.

use super::integral::Integral;
use super::window::Window;
use crate::cluster::{Node, World};
use crate::kernel::SimTime;

/// The lowest bank and the time spent without credits. Both change only where CPU is shared anew: a bank moves in a straight
/// line between two settlements, so its lowest point lies at one of them.
#[derive(Clone, Debug)]
pub(super) struct Burst {
    window: Window,
    lowest: f64,
    throttled: Integral,
}

/// The mean bank of the ready burstable nodes at this moment in percent of what a bank can hold; not a number without such a node.
pub(super) fn mean_percent(world: &World) -> f64 {
    let (mut sum, mut count) = (0.0, 0u32);
    for node in ready_nodes(world) {
        if let Some(credits) = &node.credits {
            sum += credits.at(world.clock).percent();
            count += 1;
        }
    }
    sum / f64::from(count)
}

impl Burst {
    /// Nothing seen yet.
    pub const fn new(window: Window) -> Self {
        Self { window, lowest: f64::NAN, throttled: Integral::new(window.from) }
    }

    /// CPU was shared anew.
    pub fn on_settled(&mut self, world: &World) {
        let mut throttled = 0;
        for credits in ready_nodes(world).filter_map(|node| node.credits.as_ref()) {
            throttled += u64::from(credits.is_throttled());
            if world.clock >= self.window.from {
                // `min` passes over the first value's NaN.
                self.lowest = self.lowest.min(credits.at(world.clock).percent());
            }
        }
        self.throttled.set(world.clock, throttled);
    }

    /// The lowest bank of any ready node, in percent; not a number when there was none.
    pub const fn lowest_percent(&self) -> f64 {
        self.lowest
    }

    /// Hours that nodes wanted more than their baseline without a credit left, of all nodes together.
    pub fn throttled_hours(&self, end: SimTime) -> f64 {
        self.throttled.hours_until(end)
    }
}

fn ready_nodes(world: &World) -> impl Iterator<Item = &Node> {
    world.live_nodes.iter().map(|node| &world.nodes[*node]).filter(|node| node.is_ready())
}
