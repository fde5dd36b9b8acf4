//! Erlang's loss formula.

/// The share of arrivals that find all `servers` taken, when `load` of them would be taken on average if there were always one free, and
/// whoever finds none goes away.
///
/// It holds for arrivals at random and any distribution of the time for which a server is taken, in the steady state.
/// Source: A. K. Erlang, 1917; the sum is `1/B = 1 + c/a + c(c-1)/a² + …`. Only basic arithmetic is used, so that every machine comes to
/// the same result.
#[must_use]
pub fn blocked_share(servers: u32, load: f64) -> f64 {
    /// Beyond this sum the share is below anything that is ever counted.
    const NEGLIGIBLE: f64 = 1e15;
    if load <= 0.0 {
        return 0.0;
    }
    let (mut term, mut sum) = (1.0, 1.0);
    for free in (1..=servers).rev() {
        term *= f64::from(free) / load;
        sum += term;
        if sum > NEGLIGIBLE {
            return 0.0;
        }
        if term < sum * f64::EPSILON {
            break;
        }
    }
    1.0 / sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Dist, SimTime, Streams};
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    #[test]
    fn it_agrees_with_the_tables() {
        // Published tables of the formula: 10 servers lose 1 % of 4.461 erlangs, 100 servers 1 % of 84.06, and 5 servers 28.5 % of 5.
        for (servers, load, share) in [(10, 4.461, 0.01), (100, 84.06, 0.01), (5, 5.0, 0.2849)] {
            assert!((blocked_share(servers, load) - share).abs() < 1e-4, "{servers} {load}");
        }
    }

    #[test]
    fn it_agrees_with_the_recurrence() {
        for (servers, load) in [(1, 0.5), (1024, 900.0), (1024, 1024.0), (1024, 3000.0), (64_000, 64_100.0)] {
            let recurrence = (1..=servers).fold(1.0, |share, free| load * share / (f64::from(free) + load * share));
            let share = blocked_share(servers, load);
            assert!((share - recurrence).abs() < 1e-9 * recurrence.max(1e-3), "{servers} {load}: {share} {recurrence}");
        }
    }

    /// Arrivals at random at servers that are taken for such a time: the share that finds none free, event by event.
    fn simulated(servers: usize, load: f64, taken: &Dist) -> f64 {
        let streams = Streams::new(1);
        let (gaps, times) = (&mut streams.stream("test", "gaps"), &mut streams.stream("test", "times"));
        let gap = Dist::Exponential { mean: 1.0 / load };
        let mut ends: BinaryHeap<Reverse<SimTime>> = BinaryHeap::new();
        let (mut now, mut lost, arrivals) = (SimTime::ZERO, 0, 400_000);
        for _ in 0..arrivals {
            now = now + gap.draw(gaps);
            while ends.peek().is_some_and(|end| end.0 <= now) {
                ends.pop();
            }
            let time = taken.draw(times);
            if ends.len() < servers { ends.push(Reverse(now + time)) } else { lost += 1 }
        }
        f64::from(lost) / f64::from(arrivals)
    }

    #[test]
    fn it_agrees_with_a_simulation_whatever_the_distribution_of_the_time() {
        for (servers, load) in [(20, 15.0), (20, 20.0), (50, 70.0)] {
            for taken in [Dist::Constant(1.0), Dist::Exponential { mean: 1.0 }] {
                let (found, formula) = (simulated(servers, load, &taken), blocked_share(servers as u32, load));
                assert!((found - formula).abs() < 0.005, "{servers} {load} {taken:?}: {found} and {formula}");
            }
        }
    }

    #[test]
    fn without_servers_everything_is_lost_and_without_load_nothing() {
        assert_eq!((blocked_share(0, 2.0), blocked_share(0, 0.0), blocked_share(9, 0.0)), (1.0, 0.0, 0.0));
        assert_eq!(blocked_share(64_000, 10.0), 0.0);
    }
}
