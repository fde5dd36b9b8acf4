//! The aksim binary: calls the command line, prints what went wrong, sets the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    match aksim::cli::run(std::env::args_os()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(aksim::cli::FAILURE)
        }
    }
}
