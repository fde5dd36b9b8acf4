//! The document before it is decoded: names as `az` writes them, values that are set from elsewhere.

use super::diagnostic::{Problem, Problems, did_you_mean};
use super::document::{Document, Span, escape, path_of};
use serde_json::{Map, Value};

/// Keys that Azure fills in and nobody sets.
const READ_ONLY: &[&str] = &[
    "aiToolchainOperatorProfile",
    "azurePortalFqdn",
    "currentKubernetesVersion",
    "currentOrchestratorVersion",
    "eTag",
    "etag",
    "fqdn",
    "id",
    "kind",
    "maxAgentPools",
    "nodeImageVersion",
    "powerState",
    "privateFqdn",
    "provisioningState",
    "resourceUid",
    "status",
    "systemData",
    "tags",
    "type",
    "typePropertiesType",
];

/// Keys of a cluster and its pools that exist in Azure and are not simulated yet.
const NOT_SIMULATED: &[&str] = &[
    "aadProfile",
    "addonProfiles",
    "apiServerAccessProfile",
    "artifactStreamingProfile",
    "autoUpgradeProfile",
    "azureMonitorProfile",
    "bootstrapProfile",
    "capacityReservationGroupId",
    "creationData",
    "disableLocalAccounts",
    "diskEncryptionSetId",
    "dnsPrefix",
    "enableEncryptionAtHost",
    "enableFIPS",
    "enableNodePublicIP",
    "enableRBAC",
    "enableUltraSSD",
    "extendedLocation",
    "fqdnSubdomain",
    "gatewayProfile",
    "gpuInstanceProfile",
    "gpuProfile",
    "hostGroupID",
    "hostedSystemProfile",
    "httpProxyConfig",
    "identity",
    "identityProfile",
    "ingressProfile",
    "kubeletConfig",
    "kubeletDiskType",
    "linuxOSConfig",
    "linuxProfile",
    "localDNSProfile",
    "messageOfTheDay",
    "metricsProfile",
    "nodeProvisioningProfile",
    "nodePublicIPPrefixID",
    "nodeResourceGroupProfile",
    "oidcIssuerProfile",
    "podCidrs",
    "podIdentityProfile",
    "podIPAllocationMode",
    "podSubnetID",
    "privateLinkResources",
    "proximityPlacementGroupID",
    "publicNetworkAccess",
    "scaleDownMode",
    "scaleSetEvictionPolicy",
    "schedulerProfile",
    "securityProfile",
    "serviceCidrs",
    "serviceMeshProfile",
    "servicePrincipalProfile",
    "spotMaxPrice",
    "storageProfile",
    "supportPlan",
    "undrainableNodeBehavior",
    "upgradeStrategy",
    "virtualMachineNodesStatus",
    "virtualMachinesProfile",
    "windowsProfile",
    "workloadAutoScalerProfile",
    "workloadRuntime",
    "advancedNetworking",
    "ipFamilies",
    "loadBalancerSku",
    "natGatewayProfile",
    "networkDataplane",
    "networkMode",
    "networkPolicy",
    "staticEgressGatewayProfile",
    "allocatedOutboundPorts",
    "backendPoolType",
    "effectiveOutboundIPs",
    "enableMultipleStandardLoadBalancers",
    "idleTimeoutInMinutes",
    "outboundIPPrefixes",
    "outboundIPs",
    "countIPv6",
];

/// Keys with one meaning on the cluster and another, or none, on a pool.
const NOT_SIMULATED_ON_CLUSTER: &[&str] = &["upgradeSettings"];
const NOT_SIMULATED_ON_POOL: &[&str] = &["networkProfile"];

/// Mappings of the cluster whose keys `az` writes in its own casing, with the name of their type. `*` stands for every element.
const SECTIONS: &[(&str, &str)] = &[
    ("/cluster", "ClusterSpec"),
    ("/cluster/sku", "SkuSpec"),
    ("/cluster/networkProfile", "NetworkProfileSpec"),
    ("/cluster/networkProfile/loadBalancerProfile", "LoadBalancerProfileSpec"),
    ("/cluster/networkProfile/loadBalancerProfile/managedOutboundIPs", "ManagedOutboundIpsSpec"),
    ("/cluster/vnet", "VnetSpec"),
    ("/cluster/autoScalerProfile", "AutoScalerProfileSpec"),
    ("/cluster/agentPoolProfiles/*", "AgentPoolSpec"),
    ("/cluster/agentPoolProfiles/*/upgradeSettings", "UpgradeSettingsSpec"),
];

/// Drops nulls, gives keys of the cluster the one casing that the types have, and takes out what is not simulated, with a note
/// for each.
pub fn normalise(document: &mut Document, problems: &mut Problems) {
    strip_nulls(&mut document.value);
    let schema = super::schema();
    for (section, type_name) in SECTIONS {
        let known: Vec<String> = schema["$defs"][type_name]["properties"]
            .as_object()
            .map(|properties| properties.keys().cloned().collect())
            .unwrap_or_default();
        for pointer in expand(document, section) {
            normalise_section(document, &pointer, type_name, &known, problems);
        }
    }
}

fn strip_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(strip_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_nulls),
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

fn normalise_section(
    document: &mut Document,
    pointer: &str,
    type_name: &str,
    known: &[String],
    problems: &mut Problems,
) {
    let Some(map) = document.value.pointer(pointer).and_then(Value::as_object) else {
        return;
    };
    let keys: Vec<String> = map.keys().cloned().collect();
    let own: &[&str] = match type_name {
        "ClusterSpec" => NOT_SIMULATED_ON_CLUSTER,
        "AgentPoolSpec" => NOT_SIMULATED_ON_POOL,
        _ => &[],
    };
    for key in keys {
        let same = |name: &str| plain(name) == plain(&key);
        if let Some(name) = known.iter().find(|name| same(name)) {
            if *name != key {
                document.rename(pointer, &key, name);
            }
            continue;
        }
        let why = if READ_ONLY.iter().any(|name| same(name)) {
            "read-only, ignored"
        } else if NOT_SIMULATED.iter().chain(own).any(|name| same(name)) {
            "accepted, not simulated yet"
        } else {
            continue; // The decoder says that it is unknown.
        };
        let place = format!("{pointer}/{}", escape(&key));
        let span = document.key_span(&place);
        problems.push(Problem::note("scenario::not_simulated", &path_of(&place), why).at(&document.file, span));
        document.remove(pointer, &key);
    }
}

/// A key without what the casings differ in.
fn plain(key: &str) -> String {
    key.chars().filter(|c| *c != '-' && *c != '_').flat_map(char::to_lowercase).collect()
}

/// A value that could not be set: what was found, and what to write.
pub type SetError = (String, String);

/// Sets the value at a path such as `cluster.agentPoolProfiles[apps].vmSize`. What stands there from now on has its place at `span`.
///
/// # Errors
/// The path names nothing.
pub fn set(document: &mut Document, path: &str, value: Value, span: Option<Span>) -> Result<(), SetError> {
    let steps = parse(path)?;
    let Some((last, steps)) = steps.split_last() else {
        return Err((
            "found an empty path".to_owned(),
            "write a path such as cluster.agentPoolProfiles[apps].count".to_owned(),
        ));
    };
    let mut pointer = String::new();
    let mut here = &mut document.value;
    for step in steps {
        here = descend(here, step, &mut pointer)?;
    }
    match last {
        Step::Key(key) => {
            let map = here.as_object_mut().ok_or_else(|| not_a_mapping(&pointer))?;
            let key = existing_key(map, key).unwrap_or_else(|| key.clone());
            pointer.push_str(&format!("/{}", escape(&key)));
            map.insert(key, value);
        }
        Step::Element(_) => *descend(here, last, &mut pointer)? = value,
    }
    if let Some(span) = span {
        document.relocate(&pointer, span);
    }
    Ok(())
}

enum Step {
    Key(String),
    Element(String),
}

fn parse(path: &str) -> Result<Vec<Step>, SetError> {
    let bad = || {
        (format!("found the path \"{path}\""), "write a path such as cluster.agentPoolProfiles[apps].count".to_owned())
    };
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let end = inside.find(']').ok_or_else(bad)?;
            steps.push(Step::Element(inside[..end].to_owned()));
            rest = &inside[end + 1..];
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err(bad());
            }
            steps.push(Step::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    Ok(steps)
}

fn descend<'a>(here: &'a mut Value, step: &Step, pointer: &mut String) -> Result<&'a mut Value, SetError> {
    match step {
        Step::Key(key) => {
            let map = here.as_object_mut().ok_or_else(|| not_a_mapping(pointer))?;
            let Some(known) = existing_key(map, key) else {
                let remedy = match did_you_mean(key, map.keys().map(String::as_str)) {
                    Some(known) => format!("did you mean {known}?"),
                    None => format!("write one of {}", map.keys().cloned().collect::<Vec<_>>().join(", ")),
                };
                return Err((format!("no {key} in {}", shown(pointer)), remedy));
            };
            pointer.push_str(&format!("/{}", escape(&known)));
            Ok(&mut map[&known])
        }
        Step::Element(name) => {
            let items = here
                .as_array_mut()
                .ok_or_else(|| (format!("{} is not a list", shown(pointer)), "leave out the brackets".to_owned()))?;
            let is_named = |item: &Value| item.get("name").and_then(Value::as_str) == Some(name);
            let index =
                items.iter().position(is_named).or_else(|| name.parse().ok().filter(|index| *index < items.len()));
            let Some(index) = index else {
                let names: Vec<&str> = items.iter().filter_map(|item| item.get("name")?.as_str()).collect();
                let remedy = if names.is_empty() {
                    format!("write an index below {}", items.len())
                } else {
                    format!("write one of {}", names.join(", "))
                };
                return Err((format!("no {name} in {}", shown(pointer)), remedy));
            };
            pointer.push_str(&format!("/{index}"));
            Ok(&mut items[index])
        }
    }
}

/// The key as the mapping has it, if it has it in any casing.
fn existing_key(map: &Map<String, Value>, key: &str) -> Option<String> {
    if map.contains_key(key) {
        return Some(key.to_owned());
    }
    map.keys().find(|known| plain(known) == plain(key)).cloned()
}

fn not_a_mapping(pointer: &str) -> SetError {
    (format!("{} is not a mapping", shown(pointer)), "end the path there".to_owned())
}

fn shown(pointer: &str) -> String {
    if pointer.is_empty() { "the scenario".to_owned() } else { path_of(pointer) }
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
        assert_eq!(problems.len(), 1);
        assert_eq!(document.span("/cluster/agentPoolProfiles/0/osDiskSizeGB").line, 3);
    }

    #[test]
    fn values_are_set_by_name_and_by_index() {
        let mut document = document("pools:\n  - {name: apps, count: 1}\n  - {name: batch, count: 1}\n");
        set(&mut document, "pools[batch].count", 5.into(), None).unwrap();
        set(&mut document, "pools[0].size", "D".into(), None).unwrap();
        assert_eq!(document.value["pools"][1]["count"], 5);
        assert_eq!(document.value["pools"][0]["size"], "D");
    }

    #[test]
    fn a_path_that_names_nothing_says_what_there_is() {
        let mut document = document("pools:\n  - {name: apps, count: 1}\n");
        let mut error = |path: &str| set(&mut document, path, 1.into(), None).unwrap_err();
        assert_eq!(error("pool[apps].count").1, "did you mean pools?");
        assert_eq!(error("pools[web].count").1, "write one of apps");
        assert!(error("pools[apps").0.contains("pools[apps"));
    }
}
