//! `aksim schema`: the JSON Schema of the scenario file.

use anyhow::Result;
use std::process::ExitCode;

/// Prints the schema.
pub fn run() -> Result<ExitCode> {
    println!("{}", serde_json::to_string_pretty(&crate::scenario::schema())?);
    Ok(ExitCode::SUCCESS)
}
