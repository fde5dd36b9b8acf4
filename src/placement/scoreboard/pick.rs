//! The best of the first so many feasible nodes in a column of scores, with ties told apart by a draw.
//!
//! Scores stand in one array by position, so that a processor compares eight or sixteen at a time.

/// The score of a node that is not feasible.
pub(super) const INFEASIBLE: i16 = -1;

/// Scores looked at together.
const CHUNK: usize = 64;

/// The best so far.
struct Best {
    score: i16,
    ties: usize,
    found: usize,
    examined: usize,
}

/// Goes round the column from `start` until more than `wanted` feasible nodes were met, the last of which does not count. Gives the
/// position of one of those with the best score, which `draw` picks out of their number, and how many nodes were gone past.
pub(super) fn best(
    column: &[i16],
    start: usize,
    wanted: usize,
    draw: impl FnOnce(usize) -> usize,
) -> (Option<usize>, usize) {
    let (before, behind) = column.split_at(start);
    let mut best = Best { score: INFEASIBLE, ties: 0, found: 0, examined: 0 };
    for part in [behind, before] {
        if !look(part, wanted, &mut best) {
            break;
        }
    }
    if best.found == 0 {
        return (None, best.examined);
    }
    let chosen = if best.ties > 1 { draw(best.ties) } else { 0 };
    let position = match nth(behind, best.examined, best.score, chosen) {
        Ok(index) => start + index,
        Err(passed) => {
            let left = best.examined.saturating_sub(behind.len());
            nth(before, left, best.score, chosen - passed).expect("a score that was seen is there")
        }
    };
    (Some(position), best.examined)
}

/// Looks at one part of the column; false when enough was found.
fn look(part: &[i16], wanted: usize, best: &mut Best) -> bool {
    for chunk in part.chunks(CHUNK) {
        let feasible = count(chunk, |score| score >= 0);
        if best.found + feasible > wanted {
            let whole = chunk.iter().scan(best.found, |found, score| {
                let met = *found + usize::from(*score >= 0);
                (met <= wanted).then(|| *found = met)
            });
            take(&chunk[..whole.count()], best);
            return false;
        }
        take(chunk, best);
    }
    true
}

fn take(chunk: &[i16], best: &mut Best) {
    best.examined += chunk.len();
    best.found += count(chunk, |score| score >= 0);
    let highest = chunk.iter().copied().fold(INFEASIBLE, i16::max);
    if highest > best.score {
        (best.score, best.ties) = (highest, 0);
    }
    if highest == best.score && highest >= 0 {
        best.ties += count(chunk, |score| score == highest);
    }
}

/// The index of the score's occurrence number `number` among the first `limit`, or how many there are.
fn nth(part: &[i16], limit: usize, wanted: i16, number: usize) -> Result<usize, usize> {
    let part = &part[..limit.min(part.len())];
    let mut passed = 0;
    for (chunk, scores) in part.chunks(CHUNK).enumerate() {
        let here = count(scores, |score| score == wanted);
        if passed + here > number {
            let mut places = scores.iter().enumerate().filter(|(_, score)| **score == wanted);
            let place = places.nth(number - passed).expect("the chunk has that many");
            return Ok(chunk * CHUNK + place.0);
        }
        passed += here;
    }
    Err(passed)
}

/// Counted in 16 bits, as wide as the scores, which lets the compiler compare many at once. A chunk is far shorter than 2^16.
fn count(chunk: &[i16], is: impl Fn(i16) -> bool) -> usize {
    usize::from(chunk.iter().map(|score| u16::from(is(*score))).sum::<u16>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same, one by one.
    fn plainly(column: &[i16], start: usize, wanted: usize, number: usize) -> (Option<usize>, usize) {
        let (mut feasible, mut examined) = (Vec::new(), 0);
        for i in 0..column.len() {
            let position = (start + i) % column.len();
            if column[position] >= 0 {
                if feasible.len() == wanted {
                    break;
                }
                feasible.push(position);
            }
            examined += 1;
        }
        let best = feasible.iter().map(|position| column[*position]).max();
        let tied: Vec<usize> = feasible.into_iter().filter(|position| Some(column[*position]) == best).collect();
        ((!tied.is_empty()).then(|| tied[number % tied.len()]), examined)
    }

    proptest! {
        #[test]
        fn the_fast_way_finds_what_the_plain_way_finds(
            column in prop::collection::vec(-1i16..4, 1..400),
            start in 0usize..400,
            wanted in 1usize..300,
            number in 0usize..100,
        ) {
            let start = start % column.len();
            let found = best(&column, start, wanted, |ties| number % ties);
            prop_assert_eq!(found, plainly(&column, start, wanted, number));
        }
    }
}
