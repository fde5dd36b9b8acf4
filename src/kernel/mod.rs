//! The simulation kernel: clock, future event list, typed tables, random streams and distributions.
//!
//! It knows nothing of clusters. Everything here is deterministic: integer time, a total order of events, and one random
//! stream per (seed, purpose, entity name).

mod dist;
mod erlang;
mod events;
mod normal;
mod stream;
mod table;
mod time;

pub use dist::{Dist, DistError};
pub use erlang::blocked_share;
pub use events::{EventKey, FutureEvents};
pub use normal::{correlated, normal_cdf, normal_quantile};
pub use stream::{Stream, Streams, stable_hash};
pub use table::{Id, Table};
pub use time::{ParseDurationError, SimDuration, SimTime};

pub(crate) use table::define_id;
