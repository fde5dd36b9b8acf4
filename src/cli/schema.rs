//! `aksim schema`: what a scenario file may say.

use crate::scenario;
use anyhow::Result;
use std::io::{self, Write};
use std::process::ExitCode;

/// What `schema` takes.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct SchemaArguments {
    /// Markdown to read, with a table for each mapping, instead of JSON Schema.
    #[arg(long)]
    markdown: bool,
}

/// Prints the schema.
pub fn run(arguments: SchemaArguments) -> Result<ExitCode> {
    let text = if arguments.markdown {
        scenario::reference()
    } else {
        serde_json::to_string_pretty(scenario::schema())? + "\n"
    };
    match io::stdout().write_all(text.as_bytes()) {
        // A reader that closed its end (`| head`) has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
