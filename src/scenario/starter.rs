//! The commented scenario that `aksim init` writes.

/// A scenario that runs as it is, with a comment on every key.
#[must_use]
pub fn starter(name: &str) -> String {
    include_str!("starter.yaml").replace("NAME", name)
}
