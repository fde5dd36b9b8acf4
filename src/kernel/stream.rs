//! Random streams: one ChaCha8 generator per (run seed, purpose, entity name).
//!
//! The name, never a table index, makes the stream: two policies under one seed meet the same pods and nodes, so that a
//! difference between them is the policy's and not luck's (common random numbers).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Open01};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

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
        let mut key = [0u8; 32];
        for (lane, chunk) in key.chunks_exact_mut(16).enumerate() {
            let mut hasher = Xxh3::with_seed(lane as u64);
            hasher.update(&self.seed.to_le_bytes());
            // Lengths keep ("ab", "c") apart from ("a", "bc").
            hasher.update(&(purpose.len() as u64).to_le_bytes());
            hasher.update(purpose.as_bytes());
            hasher.update(name.as_bytes());
            chunk.copy_from_slice(&hasher.digest128().to_le_bytes());
        }
        Stream(ChaCha8Rng::from_seed(key))
    }
}

/// One random stream.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
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
