//! From a scenario file to a plan: `Spec` is what is written, `Plan` is what it means.

mod azure_keys;
mod decode;
mod diagnostic;
mod document;
mod files;
mod load;
pub mod manifest;
mod normalise;
pub mod plan;
mod quantity;
mod reference;
mod replace;
mod resolve;
mod schema;
pub mod spec;
mod starter;
mod table;

#[cfg(test)]
mod tests;

pub use diagnostic::{Problem, Problems, Severity, did_you_mean};
pub use document::{Document, SourceFile, Span, escape, path_of};
pub use load::{Loaded, load};
pub use reference::reference;
pub use resolve::check_weights;
pub use schema::schema;
pub use starter::starter;
