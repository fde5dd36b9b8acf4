//! Node pools: names, counts, sizes, spot instances, zones, and which instances come and go first.

use super::Answer;
use super::lab::{SYSTEM, Scenario, largest, minutes, smallest};
use aksim::catalog::{Catalog, SpotEvictionPolicy, SpotMaxPrice, limits};
use aksim::cluster::Fact;
use aksim::preflight::{self, Verdict};
use aksim::process::control_plane::pick_scale_in;
use aksim::scenario::plan::{Conflicts, ScaleInPolicy};
use aksim::units::{Bytes, UsdPerHour};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub fn topic(name: &str) -> Option<super::Topic> {
    Some(match name {
        "node-pool-name" => pool_name,
        "node-pool-count" => count,
        "vm-size-restrictions" => vm_sizes,
        "spot" => spot,
        "availability-zones" => zones,
        "node-naming" => naming,
        "vmss-scale-in" => scale_in,
        "scale-down-mode" => scale_down_mode,
        "portal-presets" => |_| Answer::NotModelled("presets of the portal"),
        _ => return None,
    })
}

/// Letters that a position of a name may have, as ranges.
fn class(valid: impl Fn(char) -> bool) -> String {
    let letters: Vec<char> = (0..=127u8).map(char::from).filter(|letter| valid(*letter)).collect();
    let mut ranges: Vec<(char, char)> = Vec::new();
    for letter in letters {
        match ranges.last_mut() {
            Some((_, last)) if u32::from(*last) + 1 == u32::from(letter) => *last = letter,
            _ => ranges.push((letter, letter)),
        }
    }
    // Digits come last in the page's expression.
    ranges.sort_by_key(|(first, _)| first.is_ascii_digit());
    ranges.iter().map(|(first, last)| format!("{first}-{last}")).collect()
}

/// The expression is put together from what is taken.
fn pool_name(input: &Value) -> Answer {
    if input["osType"] != "Linux" {
        return Answer::NotModelled("Windows");
    }
    let takes = |name: &str| limits::is_pool_name(name);
    let named = |name: &str| {
        Scenario::new(&[SYSTEM, &format!("name: \"{name}\", vmSize: Standard_D4s_v5")]).takes("scenario::pool_name")
    };
    for name in ["apps", "a", "nodepool1234", "Apps", "1apps", "my-pool", "toolongname12"] {
        assert_eq!(takes(name), named(name), "{name}");
    }
    let first = class(|letter| takes(&letter.to_string()));
    let rest = class(|letter| takes(&format!("a{letter}")));
    let longest = largest(1, 100, |length| takes(&"a".repeat(usize::try_from(length).expect("a length")))).unwrap_or(0);
    Answer::Is(json!({"regex": format!("^[{first}][{rest}]{{0,{}}}$", longest - 1)}))
}

fn count(_: &Value) -> Answer {
    let written = |pool: &str, count: u64| {
        let pools = match pool {
            "system" => vec![format!("name: system, mode: System, vmSize: Standard_D4s_v5, count: {count}")],
            _ => vec![SYSTEM.to_owned(), format!("name: apps, vmSize: Standard_D4s_v5, count: {count}")],
        };
        let pools: Vec<&str> = pools.iter().map(String::as_str).collect();
        Scenario::new(&pools).takes("scenario::pool_nodes")
    };
    // What may be written may also be asked for, and nothing else.
    let scaled = |pool: &str, count: u64| {
        let scenario = Scenario::new(&[
            "name: system, mode: System, vmSize: Standard_D4s_v5, count: 2",
            "name: apps, vmSize: Standard_D4s_v5, count: 2",
        ])
        .cluster("networkProfile: {podCidr: 64.0.0.0/10}");
        scenario.operation(&format!("at: 1h, scale: {{pool: {pool}, count: {count}}}")).answer().is_ok()
    };
    let least = |pool: &str| {
        let least = smallest(0, 10, |count| written(pool, count));
        assert!(scaled(pool, least) && (least == 0 || !scaled(pool, least - 1)));
        least
    };
    let most = largest(1, 5000, |count| written("apps", count)).expect("a pool may have a node");
    assert!(scaled("apps", most) && !scaled("apps", most + 1));
    let default = Scenario::new(&[SYSTEM, "name: apps, vmSize: Standard_D4s_v5"]).plan();
    let apps = default.cluster.pools.iter().find(|pool| pool.name == "apps").expect("the pool is there");
    Answer::Is(json!({"userMin": least("apps"), "systemMin": least("system"), "max": most, "default": apps.count}))
}

/// The least vCPUs and GiB with which a VM is taken.
fn minimum(takes: impl Fn(u32, Bytes) -> bool) -> (u64, u64) {
    let large = Bytes::from_gib(1000);
    let vcpus = smallest(1, 100, |vcpus| takes(u32::try_from(vcpus).expect("a number"), large));
    let mebibytes = smallest(1, 100_000, |mebibytes| takes(1000, Bytes::from_mib(mebibytes)));
    (vcpus, mebibytes >> 10)
}

/// True when `aksim check` says of every size of the catalogue what the rule says, in a pool of this mode.
fn is_said(mode: &str, code: &str, takes: impl Fn(u32, Bytes) -> bool) -> bool {
    let pairs: BTreeMap<(u32, Bytes), &str> =
        Catalog::get().vm_sizes().iter().map(|size| ((size.vcpus, size.memory), size.name.as_str())).collect();
    pairs.iter().filter(|((vcpus, _), _)| *vcpus <= 8).all(|((vcpus, memory), size)| {
        let pool = format!("name: pool, mode: {mode}, vmSize: {size}, count: 3");
        let scenario = Scenario::new(&[SYSTEM, &pool]);
        scenario.warns(code) != takes(*vcpus, *memory)
    })
}

/// What the preflight has to say against a system pool of three nodes of this size.
fn advice(size: &str) -> Option<String> {
    let plan = Scenario::new(&[&format!("name: system, mode: System, vmSize: {size}, count: 3")]).plan();
    let rows = preflight::check(&plan);
    rows.into_iter().find(|row| row.check == "system-pool" && row.verdict == Verdict::Risk).map(|row| row.reason)
}

/// Two pages: AKS's quotas say what is refused (a warning), the page on system pools asks for more (a risk of the preflight).
fn vm_sizes(input: &Value) -> Answer {
    const REFUSED: &str = "scenario::vm_too_small";
    let user = |vcpus, memory| Conflicts::default().takes(false, vcpus, memory);
    let system = |vcpus, memory| Conflicts::default().takes(true, vcpus, memory);
    let larger = |vcpus, memory| Conflicts { system_pool_vcpus: 4, ..Conflicts::default() }.takes(true, vcpus, memory);
    assert!(is_said("User", REFUSED, user) && is_said("System", REFUSED, system));
    let b_series = advice("Standard_B4ms").is_none_or(|reason| !reason.contains("burstable"));
    if input["mode"] != "System" {
        let pair = |(vcpus, memory): (u64, u64)| json!({"vCPU": vcpus, "memoryGB": memory});
        let (user, system) = (pair(minimum(user)), pair(minimum(system)));
        return Answer::Is(json!({"user": user, "system": system, "bSeriesInSystemPool": b_series}));
    }
    for (size, advised) in [("Standard_D2s_v5", false), ("Standard_D4s_v5", true)] {
        assert_eq!(advice(size).is_none(), advised, "{size}");
    }
    let takes = |pods: u64| {
        let pool = format!("name: system, mode: System, vmSize: Standard_D4s_v5, count: 3, maxPods: {pods}");
        Scenario::new(&[&pool]).takes("scenario::max_pods")
    };
    let pods = smallest(0, 100, takes);
    let answer = |(vcpus, memory): (u64, u64)| json!({"vCPU": vcpus, "memoryGB": memory, "minimumPodsSupported": pods, "bSeries": b_series});
    let chosen = "with `conflicts: {systemPoolVCPUs: 4}`; by default fewer than 4 vCPUs are a risk of the preflight, and fewer than 2 are \
                  refused (quotas-skus-regions.md, the later page)";
    Answer::OneOf(vec![(answer(minimum(system)), ""), (answer(minimum(larger)), chosen)])
}

fn spot(input: &Value) -> Answer {
    let with = |settings: &str| Scenario::apps(&format!("count: 2, scaleSetPriority: Spot{settings}"));
    if let Some(price) = input["spotMaxPrice"].as_f64() {
        let valid = with(&format!(", spotMaxPrice: {price}")).takes("scenario::spot_max_price");
        let meant = SpotMaxPrice::of(price);
        let high = UsdPerHour::from_dollars(1000.0).expect("a price");
        return Answer::Is(json!({
            "valid": valid,
            "usdPerHour": match meant {
                Ok(SpotMaxPrice::AtMost(price)) => Some(price.as_f64()),
                _ => None,
            },
            "evictedOnPrice": meant.is_ok_and(|price| price.evicts_at(high)),
        }));
    }
    if input["hasSpotPool"] == true {
        let upgrade = with("").operation("at: 1h, upgrade: {kubernetesVersion: \"1.35\"}").answer();
        let apart =
            with("").operation("at: 1h, upgrade: {kubernetesVersion: \"1.35\", controlPlaneOnly: true}").answer();
        assert!(apart.is_ok(), "the control plane alone is upgraded");
        return Answer::Is(json!({"allowed": upgrade.is_ok()}));
    }
    let run = with("").run_until(minutes(1), 1);
    let pool = run.pool("apps");
    let (_, node) = run.world().nodes.iter().find(|(_, node)| node.pool == pool).expect("the pool has nodes");
    let taint =
        node.info.taints.iter().find(|taint| taint.key.contains("scalesetpriority")).expect("the node is tainted");
    let label =
        node.info.labels.iter().find(|(key, _)| key.contains("scalesetpriority")).expect("the node is labelled");
    let policy = SpotEvictionPolicy::ALL.into_iter().find(|(_, policy)| *policy == SpotEvictionPolicy::default());
    Answer::Is(json!({
        "label": format!("{}:{}", label.0, label.1),
        "taint": format!("{}={}:{:?}", taint.key, taint.value, taint.effect),
        "defaultEvictionPolicy": policy.map(|(name, _)| name),
    }))
}

/// Zones of as many nodes as the example names, in the order of their names.
fn zones(input: &Value) -> Answer {
    let zones: Vec<String> = input["zones"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|zone| format!("\"{}\"", zone.as_str().expect("a zone")))
        .collect();
    let nodes = input["nodes"].as_array().map_or(0, Vec::len);
    let mut scenario = Scenario::apps(&format!("count: {nodes}, availabilityZones: [{}]", zones.join(", ")));
    scenario.location = input["region"].as_str().expect("a region").to_owned();
    let run = scenario.run_until(minutes(1), 1);
    let pool = run.pool("apps");
    let mut labels: Vec<(String, String)> = run
        .world()
        .nodes
        .iter()
        .filter(|(_, node)| node.pool == pool)
        .map(|(_, node)| (node.info.name.to_string(), node.info.labels["topology.kubernetes.io/zone"].clone()))
        .collect();
    labels.sort();
    Answer::Is(json!({"zoneLabels": labels.into_iter().map(|(_, zone)| zone).collect::<Vec<_>>()}))
}

/// The number of a node as its name has it; Kubernetes writes names in small letters, Azure computer names in capitals.
fn naming(input: &Value) -> Answer {
    let instance = input["instanceId"].as_u64().and_then(|number| u32::try_from(number).ok()).expect("a number");
    if instance >= 1000 {
        return Answer::NotModelled("instance numbers above a thousand in an example");
    }
    let run = Scenario::apps(&format!("count: {}", instance + 1)).run_until(minutes(0), 1);
    let pool = run.pool("apps");
    let mut nodes = run.world().nodes.iter().filter(|(_, node)| node.pool == pool && node.instance == instance);
    let (_, node) = nodes.next().expect("the instance is there");
    let (_, digits) = node.info.name.rsplit_once("vmss").expect("a node of a scale set");
    let prefix = input["prefix"].as_str().expect("a prefix");
    Answer::Is(json!({"computerName": format!("{prefix}{}", digits.to_uppercase()), "idDigits": digits.len()}))
}

fn scale_in(input: &Value) -> Answer {
    let policy = input["policy"].as_str().expect("a policy");
    let (_, policy) = ScaleInPolicy::ALL.into_iter().find(|(name, _)| *name == policy).expect("a policy of scale sets");
    let mut zones: BTreeMap<Option<u8>, Vec<u32>> = BTreeMap::new();
    for (zone, instances) in input["zones"].as_object().into_iter().flatten() {
        let numbers = instances.as_array().into_iter().flatten();
        let numbers =
            numbers.map(|number| number.as_u64().and_then(|number| u32::try_from(number).ok()).expect("a number"));
        zones.insert(zone.parse().ok(), numbers.collect());
    }
    let removals = input["removals"].as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number");
    Answer::Is(json!({"order": pick_scale_in(policy, zones, removals)}))
}

/// Four nodes, two of them scaled in and kept: how many of them are started, and how many are new, when the pool is to have so many.
fn scaled_out(mode: &str, count: usize) -> (usize, usize) {
    let run = Scenario::apps(&format!("count: 4, scaleDownMode: {mode}, osDiskType: Managed"))
        .operation("at: 1h, scale: {pool: apps, count: 2}")
        .operation(&format!("at: 3h, scale: {{pool: apps, count: {count}}}"))
        .run_until(minutes(5 * 60), 1);
    let pool = run.pool("apps");
    let nodes = &run.world().nodes;
    let kept = run.facts.iter().filter_map(|(_, fact)| match fact {
        Fact::NodeDeallocated(node) => Some(*node),
        _ => None,
    });
    let ready = nodes.iter().filter(|(_, node)| node.pool == pool && node.is_ready()).count();
    assert_eq!(ready, count, "the pool has its nodes");
    (kept.filter(|node| nodes[*node].is_ready()).count(), run.added("apps", 4))
}

/// While a kept node is left nothing new is made; then it is.
fn scale_down_mode(input: &Value) -> Answer {
    let mode = input["scaleDownMode"].as_str().expect("a mode");
    let order: &[&str] = match [3, 4, 5].map(|count| scaled_out(mode, count)) {
        [(1, 0), (2, 0), (2, 1)] => &["start deallocated nodes", "provision new nodes"],
        [(0, 1), (0, 2), (0, 3)] => &["provision new nodes"],
        _ => &["?"],
    };
    Answer::Is(json!({"order": order}))
}
