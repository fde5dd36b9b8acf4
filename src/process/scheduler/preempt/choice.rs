//! Which node loses pods when several could.

use super::dry_run::Candidate;
use crate::kernel::SimTime;
use std::cmp::Reverse;

/// The candidate whose victims weigh least; of equals the first.
///
/// Fewest violated budgets; then the least important of the most important victims; then the lowest sum of priorities; then
/// the fewest victims; then the latest start of those victims of the highest priority that started earliest.
#[must_use]
pub fn choose(candidates: Vec<Candidate>) -> Option<Candidate> {
    candidates.into_iter().min_by_key(weight)
}

fn weight(candidate: &Candidate) -> (usize, i32, i64, usize, Reverse<SimTime>) {
    let victims = &candidate.victims;
    let highest = victims.iter().map(|victim| victim.priority).max().unwrap_or(i32::MIN);
    // Shifted, so that a victim of negative priority weighs something too.
    let sum = victims.iter().map(|victim| i64::from(victim.priority) + (1 << 31)).sum();
    let of_highest = victims.iter().filter(|victim| victim.priority == highest);
    let earliest = of_highest.map(|victim| victim.started).min().unwrap_or(SimTime::ZERO);
    (candidate.violations, highest, sum, victims.len(), Reverse(earliest))
}
