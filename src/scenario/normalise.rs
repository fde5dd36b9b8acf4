//! The document before it is decoded: nulls dropped, names of the cluster's keys in the one casing that the types have.

use super::azure_keys::{NOT_SIMULATED, NOT_SIMULATED_ON_CLUSTER, NOT_SIMULATED_ON_POOL, READ_ONLY};
use super::diagnostic::{Problem, Problems};
use super::document::{Document, escape, path_of};
use super::schema::known_keys;
use serde_json::Value;

/// Mappings of the cluster whose keys `az` writes in its own casing. `*` stands for every element.
const SECTIONS: &[&str] = &[
    CLUSTER,
    "/cluster/aadProfile",
    "/cluster/sku",
    "/cluster/networkProfile",
    "/cluster/networkProfile/loadBalancerProfile",
    "/cluster/networkProfile/loadBalancerProfile/managedOutboundIPs",
    "/cluster/vnet",
    "/cluster/autoUpgradeProfile",
    "/cluster/maintenanceConfigurations",
    "/cluster/maintenanceConfigurations/aksManagedAutoUpgradeSchedule",
    "/cluster/maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule",
    "/cluster/maintenanceConfigurations/default",
    "/cluster/autoScalerProfile",
    POOLS,
    "/cluster/agentPoolProfiles/*/upgradeSettings",
];
const CLUSTER: &str = "/cluster";
const POOLS: &str = "/cluster/agentPoolProfiles/*";
const CONFIGURATIONS: &str = "/cluster/maintenanceConfigurations/";

/// What `az` prints of a maintenance configuration to say which one it is.
const NAMES_OF_A_CONFIGURATION: &[&str] = &["name", "resourceGroup"];

/// Parts where null has a meaning of its own: Kubernetes objects, and values that replace others.
const KEEPS_NULLS: &[&str] = &["/workloads/manifests", "/variants", "/sweep"];

/// Drops nulls, gives keys of the cluster the one casing that the types have, and takes out what is not simulated, with a note
/// for each.
pub fn normalise(document: &mut Document, problems: &mut Problems) {
    strip_nulls(&mut document.value, "");
    for section in SECTIONS {
        for pointer in expand(document, section) {
            normalise_section(document, &pointer, section, problems);
        }
    }
}

fn strip_nulls(value: &mut Value, pointer: &str) {
    if KEEPS_NULLS.contains(&pointer) {
        return;
    }
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.iter_mut().for_each(|(key, value)| strip_nulls(value, &format!("{pointer}/{key}")));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strip_nulls(item, "")),
        _ => {}
    }
}

/// The pointers that a section stands for.
fn expand(document: &Document, section: &str) -> Vec<String> {
    let Some((list, rest)) = section.split_once("/*") else {
        return vec![section.to_owned()];
    };
    let length = document.value.pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
    (0..length).map(|index| format!("{list}/{index}{rest}")).collect()
}

fn normalise_section(document: &mut Document, pointer: &str, section: &str, problems: &mut Problems) {
    let Some(map) = document.value.pointer(pointer).and_then(Value::as_object) else {
        return;
    };
    let keys: Vec<String> = map.keys().cloned().collect();
    let known = known_keys(pointer);
    let own: &[&str] = match section {
        CLUSTER => NOT_SIMULATED_ON_CLUSTER,
        POOLS => NOT_SIMULATED_ON_POOL,
        _ => &[],
    };
    for key in keys {
        let same = |name: &str| plain(name) == plain(&key);
        if let Some(name) = known.iter().find(|name| same(name)) {
            if **name != key {
                document.rename(pointer, &key, name);
            }
            continue;
        }
        let names_it = section.starts_with(CONFIGURATIONS) && NAMES_OF_A_CONFIGURATION.iter().any(|name| same(name));
        let why = if names_it || READ_ONLY.iter().any(|name| same(name)) {
            "read-only, ignored"
        } else if NOT_SIMULATED.iter().chain(own).any(|name| same(name)) {
            "accepted, not simulated yet"
        } else {
            continue; // The decoder says that it is unknown.
        };
        let place = format!("{pointer}/{}", escape(&key));
        problems.push(Problem::note("scenario::not_simulated", &path_of(&place), why).at_key(document, &place));
        document.remove(pointer, &key);
    }
}

/// A key without what the casings differ in.
pub fn plain(key: &str) -> String {
    key.chars().filter(|c| *c != '-' && *c != '_').flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::document::SourceFile;
    use std::sync::Arc;

    fn document(text: &str) -> Document {
        let file = Arc::new(SourceFile { path: "test.yaml".into(), text: text.into() });
        Document::parse_all(&file).unwrap().remove(0)
    }

    #[test]
    fn both_casings_of_az_are_read_and_the_rest_is_noted() {
        let mut document = document(
            "cluster:\n  agentPoolProfiles:\n    - {name: a, osDiskSizeGb: 60, vnetSubnetId: null, powerState: {code: Running}}\n  autoScalerProfile: {scanInterval: 20s}\n",
        );
        let mut problems = Problems::default();
        normalise(&mut document, &mut problems);
        let pool = &document.value["cluster"]["agentPoolProfiles"][0];
        assert_eq!(pool["osDiskSizeGB"], 60);
        assert!(pool.get("vnetSubnetID").is_none() && pool.get("powerState").is_none());
        assert_eq!(document.value["cluster"]["autoScalerProfile"]["scan-interval"], "20s");
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let note =
            "test.yaml:3:55 cluster.agentPoolProfiles[0].powerState: read-only, ignored [scenario::not_simulated]";
        assert_eq!(lines, [note]);
        assert_eq!(document.span("/cluster/agentPoolProfiles/0/osDiskSizeGB").line, 3);
    }

    #[test]
    fn nulls_of_kubernetes_objects_and_of_replacements_stay() {
        let mut document = document(
            "start: null\nworkloads: {manifests: [{spec: {emptyDir: null}}]}\nvariants: [{name: a, set: {warmup: null}}]\n",
        );
        normalise(&mut document, &mut Problems::default());
        assert!(document.value.get("start").is_none());
        assert!(document.value.pointer("/workloads/manifests/0/spec/emptyDir").is_some_and(Value::is_null));
        assert!(document.value.pointer("/variants/0/set/warmup").is_some_and(Value::is_null));
    }
}
