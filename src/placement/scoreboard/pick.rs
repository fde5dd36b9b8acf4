//! The best of the first so many feasible nodes in a column of ranks, with ties told apart by a draw.
//!
//! Ranks stand in one array by position, as narrow as they can be, so that a processor compares eight or sixteen at a time.

/// The rank of a node: one more than its score, and 0 when it is not feasible.
pub(super) trait Rank: Copy + Ord + Default {}

impl Rank for u8 {}
impl Rank for u16 {}

/// Ranks counted together: few enough for their number to fit 16 bits.
const CHUNK: usize = 128;

/// Ranks counted together where one of them is looked for.
const FINE: usize = 32;

/// Goes round the column from `start` until more than `wanted` feasible nodes were met, the last of which does not count. Gives the
/// position of one of those with the best rank, which `draw` picks out of their number, and how many nodes were gone past.
pub(super) fn best<R: Rank>(
    column: &[R],
    start: usize,
    wanted: usize,
    draw: impl FnOnce(usize) -> usize,
) -> (Option<usize>, usize) {
    let (before, behind) = column.split_at(start);
    let (found, in_first) = go_past(behind, wanted);
    let in_second = if in_first < behind.len() { 0 } else { go_past(before, wanted - found).1 };
    let window = [&behind[..in_first], &before[..in_second]];
    let highest = window.map(highest);
    let rank = highest[0].max(highest[1]);
    let examined = in_first + in_second;
    if rank == R::default() {
        return (None, examined);
    }
    let ties = window.map(|part| part.chunks(CHUNK).map(|chunk| count(chunk, |other| other == rank)).sum::<usize>());
    let chosen = if ties[0] + ties[1] > 1 { draw(ties[0] + ties[1]) } else { 0 };
    let position = match chosen.checked_sub(ties[0]) {
        None => start + nth(window[0], rank, chosen),
        Some(number) => nth(window[1], rank, number),
    };
    (Some(position), examined)
}

/// How many feasible nodes there are, up to `wanted`, and how many nodes one goes past until one more is met.
fn go_past<R: Rank>(part: &[R], wanted: usize) -> (usize, usize) {
    let mut found = 0;
    for (chunk, scores) in part.chunks(CHUNK).enumerate() {
        let feasible = count(scores, |rank| rank > R::default());
        if found + feasible > wanted && feasible == scores.len() {
            return (wanted, chunk * CHUNK + wanted - found);
        }
        if found + feasible > wanted {
            let mut feasible = scores.iter().enumerate().filter(|(_, rank)| **rank > R::default());
            let one_more = feasible.nth(wanted - found).expect("the chunk has one more").0;
            return (wanted, chunk * CHUNK + one_more);
        }
        found += feasible;
    }
    (found, part.len())
}

fn highest<R: Rank>(part: &[R]) -> R {
    part.iter().copied().fold(R::default(), R::max)
}

/// The index of the occurrence number `number` of the rank.
fn nth<R: Rank>(part: &[R], wanted: R, number: usize) -> usize {
    let mut passed = 0;
    for (chunk, scores) in part.chunks(FINE).enumerate() {
        let here = count(scores, |score| score == wanted);
        if passed + here > number {
            let mut places = scores.iter().enumerate().filter(|(_, score)| **score == wanted);
            return chunk * FINE + places.nth(number - passed).expect("the chunk has that many").0;
        }
        passed += here;
    }
    panic!("the best rank occurs {passed} times, and number {number} was drawn")
}

/// Counted in 16 bits, nearly as narrow as the ranks, which lets the compiler compare many at once.
fn count<R: Rank>(chunk: &[R], is: impl Fn(R) -> bool) -> usize {
    usize::from(chunk.iter().map(|score| u16::from(is(*score))).sum::<u16>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same, one by one.
    fn plainly(column: &[u8], start: usize, wanted: usize, number: usize) -> (Option<usize>, usize) {
        let (mut feasible, mut examined) = (Vec::new(), 0);
        for i in 0..column.len() {
            let position = (start + i) % column.len();
            if column[position] > 0 {
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
            column in prop::collection::vec(0u8..5, 1..400),
            start in 0usize..400,
            wanted in 1usize..300,
            number in 0usize..100,
        ) {
            let start = start % column.len();
            let found = best(&column, start, wanted, |ties| number % ties);
            prop_assert_eq!(found, plainly(&column, start, wanted, number));
            let wide: Vec<u16> = column.iter().copied().map(u16::from).collect();
            prop_assert_eq!(found, best(&wide, start, wanted, |ties| number % ties));
        }
    }
}
