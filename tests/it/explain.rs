//! `aksim explain --at`: the scheduler's view of a pod at a moment.

use std::path::Path;
use std::process::{Command, Output};

/// The answer for a pod of the quickstart after an hour.
fn explain(pod: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aksim"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(["explain", "scenarios/quickstart.yaml", "--quiet", "--at", "1h", "--pod", pod])
        .output()
        .expect("aksim can be started")
}

#[test]
fn a_bound_pod_is_told_with_its_node_and_the_score_of_each() {
    let output = explain("cache-0");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{text}");
    assert!(text.starts_with("pod default/cache-0 at 0d 01:00:00.000: bound to aks-"), "{text}");
    for part in ["as if the pod were not there", "(its node)", "TOTAL", "Scores are weighted"] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn a_name_that_no_pod_or_node_has_is_an_error_that_tells_some() {
    let log = |option: &str, name: &str| {
        let arguments = ["explain", "scenarios/quickstart.yaml", "--quiet", "--until", "1h", option, name];
        let output = Command::new(env!("CARGO_BIN_EXE_aksim"))
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
            .args(arguments)
            .output()
            .expect("aksim can be started");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = log("--pod", "nobody");
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.starts_with("error: no pod's name begins with nobody so far; there are, one a workload, default/"),
        "{said}"
    );
    let (code, said) = log("--node", "nowhere");
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.starts_with("error: no node's name begins with nowhere so far; there are, one a pool, aks-"),
        "{said}"
    );
    assert_eq!(log("--pod", "default/cache-0").0, Some(0));
}

#[test]
fn a_name_that_several_pods_begin_with_lists_them() {
    let output = explain("web-");
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("pods are meant by web- at 0d 01:00:00.000:\n  default/web-"), "{text}");
    let nobody = explain("nobody");
    let said = String::from_utf8_lossy(&nobody.stderr);
    assert!(said.starts_with("error: no pod nobody at 0d 01:00:00.000; there are default/"), "{said}");
}
