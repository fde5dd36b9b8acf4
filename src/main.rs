//! The aksim binary.
fn main() {}
