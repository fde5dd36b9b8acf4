//! `aksim init`: a commented starter scenario.

use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `init` takes.
#[derive(Debug, clap::Args)]
pub struct InitArguments {
    /// Name of the scenario; the file is NAME.yaml.
    name: String,
    /// Print it instead of writing a file.
    #[arg(long)]
    stdout: bool,
}

/// Writes the starter, unless the file exists.
pub fn run(arguments: &InitArguments) -> Result<ExitCode> {
    let name = arguments.name.trim_end_matches(".yaml");
    let text = crate::scenario::starter(name);
    if arguments.stdout {
        print!("{text}");
        return Ok(ExitCode::SUCCESS);
    }
    let path = PathBuf::from(format!("{name}.yaml"));
    let file = std::fs::File::options().write(true).create_new(true).open(&path);
    match file {
        Ok(mut file) => file.write_all(text.as_bytes()).with_context(|| format!("writing {}", path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!("{} exists already; choose another name, or remove it first", path.display())
        }
        Err(error) => return Err(error).with_context(|| format!("creating {}", path.display())),
    }
    eprintln!("wrote {0}; next: aksim check {0} && aksim run {0}", path.display());
    Ok(ExitCode::SUCCESS)
}
