//! Random streams: one ChaCha8 generator per (run seed, purpose, entity name).
//!
//! The name, never a table index, makes the stream: two policies under one seed meet the same pods and nodes, so that a
//! difference between them is the policy's and not luck's (common random numbers).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Open01};
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_128_with_seed};

/// A hash of `bytes` that is the same on every machine and in every version (XXH3, seed 0).
#[must_use]
pub fn stable_hash(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

/// Where the streams of one replication come from.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of the replication with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The stream for `purpose` of the entity called `name`, from its beginning.
    #[must_use]
    pub fn stream(&self, purpose: &str, name: &str) -> Stream {
        let mut identity = [0u8; 240];
        let mut length = 0;
        // Lengths keep ("ab", "c") apart from ("a", "bc").
        let seed_and_length = [self.seed.to_le_bytes(), (purpose.len() as u64).to_le_bytes()];
        for part in [seed_and_length.as_flattened(), purpose.as_bytes(), name.as_bytes()] {
            match identity.get_mut(length..length + part.len()) {
                Some(place) => place.copy_from_slice(part),
                None => return self.stream_of_long_name(purpose, name),
            }
            length += part.len();
        }
        Stream::from_key([0, 1].map(|lane| xxh3_128_with_seed(&identity[..length], lane)))
    }

    /// The same for identities that do not fit on the stack: a hash of the parts one by one is that of the whole.
    fn stream_of_long_name(&self, purpose: &str, name: &str) -> Stream {
        Stream::from_key([0, 1].map(|lane| {
            let mut hasher = Xxh3::with_seed(lane);
            hasher.update(&self.seed.to_le_bytes());
            hasher.update(&(purpose.len() as u64).to_le_bytes());
            hasher.update(purpose.as_bytes());
            hasher.update(name.as_bytes());
            hasher.digest128()
        }))
    }
}

/// One random stream.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    fn from_key(lanes: [u128; 2]) -> Self {
        let mut key = [0u8; 32];
        for (chunk, lane) in key.chunks_exact_mut(16).zip(lanes) {
            chunk.copy_from_slice(&lane.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A uniform draw in the open interval (0, 1): never 0 and never 1, so that every quantile is finite.
    pub fn uniform(&mut self) -> f64 {
        Open01.sample(&mut self.0)
    }

    /// A uniform integer in `0..bound`.
    ///
    /// # Panics
    /// When `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.random_range(0..bound)
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// A standard normal draw.
    pub fn normal(&mut self) -> f64 {
        super::normal_quantile(self.uniform())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_draws(seed: u64, purpose: &str, name: &str) -> Vec<u64> {
        let mut stream = Streams::new(seed).stream(purpose, name);
        (0..3).map(|_| stream.below(1_000_000)).collect()
    }

    /// Golden values: a change here changes every published result.
    #[test]
    fn the_first_draws_of_a_stream_never_change() {
        assert_eq!(first_draws(1, "node", "aks-apps-12345678-vmss000000"), GOLDEN_NODE);
        assert_eq!(first_draws(2, "pod", "web/7"), GOLDEN_POD);
    }
    const GOLDEN_NODE: [u64; 3] = [329_812, 966_128, 772_325];
    const GOLDEN_POD: [u64; 3] = [226_813, 632_923, 807_469];

    #[test]
    fn long_names_make_streams_in_the_same_way() {
        let streams = Streams::new(7);
        for length in [1, 100, 215, 219] {
            let name = "n".repeat(length);
            let draws = [streams.stream("node", &name), streams.stream_of_long_name("node", &name)];
            let [short, long] = draws.map(|mut stream| stream.below(1 << 60));
            assert_eq!(short, long, "a name of {length}");
        }
        assert_ne!(first_draws(1, "pod", &"n".repeat(300)), first_draws(1, "pod", &"n".repeat(301)));
    }

    #[test]
    fn seed_purpose_and_name_each_make_another_stream() {
        let base = first_draws(1, "pod", "web/7");
        assert_ne!(base, first_draws(2, "pod", "web/7"));
        assert_ne!(base, first_draws(1, "node", "web/7"));
        assert_ne!(base, first_draws(1, "pod", "web/8"));
        assert_ne!(first_draws(1, "ab", "c"), first_draws(1, "a", "bc"));
    }

    #[test]
    fn uniform_draws_stay_inside_the_open_interval() {
        let mut stream = Streams::new(3).stream("test", "uniform");
        let draws: Vec<f64> = (0..10_000).map(|_| stream.uniform()).collect();
        assert!(draws.iter().all(|u| *u > 0.0 && *u < 1.0));
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        assert!((mean - 0.5).abs() < 0.01, "mean {mean}");
    }
}
