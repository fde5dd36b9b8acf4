//! Broken scenario files: each gives its message, exits with 2 and writes nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let entries = fs::read_dir(folder).expect("the folder of broken scenarios can be read");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "yaml"));
    files.sort();
    files
}

#[test]
fn every_broken_scenario_says_where_what_and_what_to_write() {
    let files = files();
    assert!(files.len() >= 20, "only {} broken scenarios", files.len());
    let mut said = String::new();
    for file in files {
        let name = format!("tests/broken/{}", file.file_name().expect("a file has a name").to_string_lossy());
        let out = tempfile::tempdir().expect("a temporary folder can be made");
        let results = out.path().join("results");
        let run = Command::new(env!("CARGO_BIN_EXE_aksim"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["run", &name, "--quiet", "--out"])
            .arg(&results)
            .output()
            .expect("aksim can be started");
        assert_eq!(run.status.code(), Some(2), "{name}: {}", String::from_utf8_lossy(&run.stderr));
        assert!(run.stdout.is_empty() && !results.exists(), "{name} wrote something");
        let message = String::from_utf8_lossy(&run.stderr);
        assert!(!message.trim().is_empty(), "{name} says nothing");
        said.push_str(&format!("# {name}\n{message}\n"));
    }
    insta::assert_snapshot!(said);
}
