//! The most vCPUs that counted for a quota at the same time.

use super::window::Window;
use crate::cluster::{Fact, QuotaUse, World};

/// The peak of each quota's use in the measured time.
#[derive(Clone, Debug)]
pub(super) struct QuotaPeak {
    window: Window,
    present: QuotaUse,
    peak: QuotaUse,
}

impl QuotaPeak {
    /// Nothing in use yet.
    pub fn new(window: Window) -> Self {
        Self { window, present: QuotaUse::default(), peak: QuotaUse::default() }
    }

    /// What an event did: counted anew when VMs were asked for or ended.
    pub fn on_facts(&mut self, facts: &[Fact], world: &World) {
        let changes = |fact: &Fact| {
            matches!(fact, Fact::NodeRequested(_) | Fact::NodeFailed(..) | Fact::NodeDeleted(_) | Fact::SpotEvicted(_))
        };
        if facts.iter().any(changes) {
            if world.clock >= self.window.from {
                self.raise(); // What was in use until now may have been the most.
            }
            self.present = world.quota_use();
            if world.clock >= self.window.from {
                self.raise();
            }
        }
    }

    /// The peak, given that the run is over.
    pub fn finish(mut self) -> QuotaUse {
        self.raise();
        self.peak
    }

    fn raise(&mut self) {
        self.peak.regional = self.peak.regional.max(self.present.regional);
        self.peak.spot = self.peak.spot.max(self.present.spot);
        for (family, vcpus) in &self.present.families {
            let peak = self.peak.families.entry(family).or_insert(0);
            *peak = (*peak).max(*vcpus);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{Bench, create_node, plan, pool};
    use crate::cluster::{NodeId, PoolId};
    use crate::kernel::{Id, SimDuration, SimTime};

    #[test]
    fn the_peak_is_that_of_the_measured_time() {
        let hour = |hours| SimTime::after_start(SimDuration::from_hours(hours));
        let mut bench = Bench::new(plan(vec![pool("apps", 3)]));
        let mut peak = QuotaPeak::new(Window { from: hour(2), to: hour(24) });
        let node = NodeId::from_index(0);
        let mut look = |bench: &Bench| peak.on_facts(&[Fact::NodeRequested(node)], &bench.world);
        look(&bench);
        let extra = create_node(&mut bench.world, PoolId::from_index(0), true);
        look(&bench); // Eight vCPUs, but in the warm-up.
        bench.world.nodes[extra].times.deleted = Some(hour(1));
        look(&bench);
        bench.world.clock = hour(3);
        bench.world.nodes[node].times.deleted = Some(hour(3));
        look(&bench);
        assert_eq!(peak.finish().regional, 6);
    }
}
