//! From a document to a spec, and past what is wrong in its form: whoever wrote a scenario hears of everything at once.

use super::diagnostic::{Problem, Problems};
use super::document::{Document, path_of};
use super::spec::{Fault, Faults, MISSING, ScenarioSpec, UNKNOWN_KEY};
use serde_json::{Value, json};

/// How often a value is mended before giving up: each time may uncover a key that is missing now.
const ROUNDS: usize = 3;

/// A spec, and what must not be believed of it.
pub struct Decoded {
    /// What was read.
    pub spec: ScenarioSpec,
    /// Mappings, as paths, in which a value was at fault and left out: what is said of the others there may be a consequence.
    doubtful: Vec<String>,
}

impl Decoded {
    /// True when the problem may only be a consequence of a fault of form.
    pub fn doubts(&self, problem: &Problem) -> bool {
        self.doubtful.iter().any(|path| parent(&problem.path) == path)
    }
}

/// Decodes a document; every fault of form becomes an error at its place. With faults, the spec is one without them, good enough
/// to find out what else is wrong; `None` when there is none.
pub fn decode(document: &Document, problems: &mut Problems) -> Option<Decoded> {
    let mut value = document.value.clone();
    let mut doubtful = Vec::new();
    for round in 0..=ROUNDS {
        let faults = match deserr::deserialize::<ScenarioSpec, _, Faults>(value.clone()) {
            Ok(spec) => return Some(Decoded { spec, doubtful }),
            Err(Faults(faults)) => faults,
        };
        if round == 0 {
            report(document, &faults, problems);
        }
        for fault in &faults {
            let understood = fault.code == UNKNOWN_KEY && intended_pointer(fault).is_some();
            if !understood && !parent(&path_of(&fault.pointer)).is_empty() {
                doubtful.push(parent(&path_of(&fault.pointer)).to_owned());
            }
            mend(&mut value, fault)?;
        }
    }
    None
}

fn report(document: &Document, faults: &[Fault], problems: &mut Problems) {
    let intended = |missing: &Fault| {
        let unknown = faults.iter().filter(|fault| fault.code == UNKNOWN_KEY);
        unknown.filter_map(intended_pointer).any(|pointer| pointer == missing.pointer)
    };
    for fault in faults.iter().filter(|fault| fault.code != MISSING || !intended(fault)) {
        let problem = Problem::error(fault.code, &path_of(&fault.pointer), fault.found.clone(), fault.remedy.clone());
        let on_key = fault.on_key && fault.code != MISSING;
        problems.push(if on_key {
            problem.at_key(document, &fault.pointer)
        } else {
            problem.at_value(document, &fault.pointer)
        });
    }
}

/// The pointer that an unknown key would have under the name that was probably meant.
fn intended_pointer(fault: &Fault) -> Option<String> {
    let known = fault.remedy.strip_prefix("did you mean ")?.strip_suffix('?')?;
    Some(format!("{}/{known}", parent_pointer(&fault.pointer)))
}

/// What stands in for a required value that is missing or at fault, such that nothing else is blamed for it.
fn stand_in(pointer: &str) -> Option<Value> {
    let general = pointer.split('/').map(|token| if token.parse::<usize>().is_ok() { "*" } else { token });
    Some(match general.collect::<Vec<_>>().join("/").as_str() {
        "/apiVersion" => json!("aksim/v1"),
        "/name" => json!("scenario"),
        "/duration" => json!("365d"),
        "/cluster/name" => json!("cluster"),
        "/cluster/location" => json!("eastus"),
        "/cluster/kubernetesVersion" => json!("1.34"),
        "/cluster/sku/tier" => json!("Standard"),
        "/cluster/agentPoolProfiles/*/vmSize" => json!("Standard_D4s_v5"),
        "/cluster/nodes/file" => json!(""),
        "/operations/*/at" => json!("0s"),
        "/principals/*/name" => json!("principal"),
        "/principals/*/bindings/*/clusterRole" => json!("view"),
        _ => return None,
    })
}

/// Takes a fault out of the value; `None` when that cannot be done without inventing something.
fn mend(value: &mut Value, fault: &Fault) -> Option<()> {
    let (parent, key) = (parent_pointer(&fault.pointer), fault.pointer.rsplit('/').next()?);
    let key = key.replace("~1", "/").replace("~0", "~");
    if fault.code == MISSING {
        let map = value.pointer_mut(parent)?.as_object_mut()?;
        if !map.contains_key(&key) {
            map.insert(key, stand_in(&fault.pointer)?);
        }
        return Some(());
    }
    match value.pointer_mut(parent)? {
        Value::Object(map) => {
            let removed = map.shift_remove(&key)?;
            let intended = if fault.code == UNKNOWN_KEY { intended_pointer(fault) } else { None };
            match intended.as_deref().and_then(|pointer| pointer.rsplit('/').next()) {
                // A misspelt key means what it was probably meant to be.
                Some(known) => _ = map.entry(known).or_insert(removed),
                None => map.extend(stand_in(&fault.pointer).map(|stand_in| (key, stand_in))),
            }
        }
        // An element is not taken out: the others would have other indexes than in the file.
        _ => {
            *value.pointer_mut(parent_pointer(parent))?.as_object_mut()?.get_mut(parent.rsplit('/').next()?)? =
                json!([])
        }
    }
    Some(())
}

fn parent_pointer(pointer: &str) -> &str {
    &pointer[..pointer.rfind('/').unwrap_or(0)]
}

/// The path of the mapping or list that a path leads into.
fn parent(path: &str) -> &str {
    &path[..path.rfind(['.', '[']).unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::document::SourceFile;
    use std::sync::Arc;

    fn check(text: &str) -> (Option<Decoded>, Vec<String>) {
        let file = Arc::new(SourceFile { path: "s.yaml".into(), text: text.into() });
        let document = Document::parse_all(&file).unwrap().remove(0);
        let mut problems = Problems::default();
        let decoded = decode(&document, &mut problems);
        (decoded, problems.iter().map(ToString::to_string).collect())
    }

    const REST: &str = "cluster: {name: c, location: eastus, kubernetesVersion: '1.34', agentPoolProfiles: []}\n";

    #[test]
    fn a_misspelt_key_is_read_as_what_was_meant_and_not_missed() {
        let (decoded, lines) = check(&format!("apiVersion: aksim/v1\nname: n\ndurations: 2d\nwarmup: 1h\n{REST}"));
        assert_eq!(
            lines,
            ["s.yaml:3:1 durations: unknown key durations, did you mean duration? [scenario::unknown_key]"]
        );
        assert_eq!(decoded.unwrap().spec.duration.0, crate::kernel::SimDuration::from_hours(48));
    }

    #[test]
    fn the_words_of_other_tools_are_told_what_they_are_called_here() {
        let pool = |keys: &str| {
            let cluster = REST.replace("[]", &format!("[{{name: a, {keys}}}]"));
            check(&format!("apiVersion: aksim/v1\nname: n\nduration: 2d\n{cluster}")).1.join("; ")
        };
        let said = pool("nodeCount: 3, node-vm-size: Standard_D4s_v5, zones: ['1'], taints: []");
        for meant in ["count", "vmSize", "availabilityZones", "nodeTaints"] {
            assert!(said.contains(&format!("did you mean {meant}?")), "{said}");
        }
    }

    #[test]
    fn required_values_get_a_stand_in_and_their_neighbours_are_doubtful() {
        let (decoded, lines) =
            check("name: n\nduration: -1\ncluster: {name: 3, agentPoolProfiles: [{name: a, count: x}]}\n");
        assert_eq!(lines.len(), 7, "{lines:#?}");
        let decoded = decoded.unwrap();
        let at = |path: &str| Problem::error("c", path, "", "");
        assert!(decoded.doubts(&at("cluster.agentPoolProfiles[0].minCount")) && decoded.doubts(&at("cluster.vnet")));
        assert!(!decoded.doubts(&at("warmup")) && !decoded.doubts(&at("cluster.agentPoolProfiles[1].vmSize")));
    }

    #[test]
    fn without_a_cluster_there_is_nothing_more_to_say() {
        let (decoded, lines) = check("apiVersion: aksim/v1\nname: n\nduration: 1d\n");
        assert!(decoded.is_none());
        assert_eq!(lines, ["s.yaml:1:1 cluster: is missing, add cluster [scenario::missing]"]);
    }
}
