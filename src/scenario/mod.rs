//! From a scenario file to a plan: `Spec` is what is written, `Plan` is what it means.

mod diagnostic;
mod document;
pub mod manifest;
pub mod plan;
pub mod spec;

pub use diagnostic::{Problem, Problems, Severity, did_you_mean};
pub use document::{Document, SourceFile, Span, escape, path_of};
