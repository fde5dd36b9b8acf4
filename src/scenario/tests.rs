//! Whole scenarios: from a file to a study, and what is said about it.

mod access;
mod maintenance;

use super::plan::{
    BlueGreenSettings, IntOrPercent, NetworkModel, OperationKind, OutboundPlan, OutboundType, OwnVnet, PoolMode,
    UndrainableNodes, UpgradeStrategy,
};
use super::{Loaded, Problems, load, starter};
use crate::catalog::KubernetesVersion;
use crate::kernel::{SimDuration, SimTime};
use std::path::Path;

const HEAD: &str = "apiVersion: aksim/v1\nname: test\nduration: 2d\n";
const CLUSTER: &str = "cluster:
  name: c
  location: eastus
  kubernetesVersion: \"1.34\"
  agentPoolProfiles:
    - {name: system, mode: System, vmSize: Standard_D4s_v5, count: 2}
    - {name: apps, mode: User, vmSize: Standard_D4s_v5, count: 2}
";

fn read_with(text: &str, sets: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("s.yaml");
    std::fs::write(&file, text).expect("a temporary file can be written");
    let sets: Vec<(String, String)> =
        sets.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    load(&file, &sets)
}

fn read(text: &str) -> Loaded {
    read_with(text, &[]).unwrap_or_else(|problems| panic!("{}", lines(&problems).join("\n")))
}

/// The lines without the temporary folder.
fn lines(problems: &Problems) -> Vec<String> {
    problems
        .iter()
        .map(|problem| problem.to_string())
        .map(|line| line.split("/s.yaml:").last().unwrap_or("").to_owned())
        .collect()
}

fn errors(text: &str, sets: &[(&str, &str)]) -> Vec<String> {
    lines(&read_with(text, sets).expect_err("the scenario is broken"))
}

#[test]
fn the_starter_loads_and_there_is_nothing_to_say_about_it() {
    let loaded = read(&starter("my-cluster"));
    assert_eq!(lines(&loaded.warnings), Vec::<String>::new());
    assert_eq!(loaded.study.name, "my-cluster");
    assert_eq!(loaded.study.points.len(), 2);
}

#[test]
fn a_setting_of_the_autoscaler_that_has_no_effect_yet_is_noted() {
    let profile = "  autoScalerProfile: {balance-similar-node-groups: true, scale-down-unneeded-time: 5m}\n";
    assert_eq!(
        lines(&read(&format!("{HEAD}{CLUSTER}{profile}")).warnings),
        [
            "11:23 cluster.autoScalerProfile.balance-similar-node-groups: accepted, not simulated yet [scenario::not_simulated]"
        ]
    );
}

#[test]
fn a_value_from_the_command_line_that_a_variant_sets_anew_is_warned_of() {
    let path = "cluster.agentPoolProfiles[apps].count";
    let text = format!("{HEAD}{CLUSTER}variants:\n  - {{name: a}}\n  - {{name: b, set: {{\"{path}\": 3}}}}\n");
    let said = |path| lines(&read_with(&text, &[(path, "4")]).expect("it can be run").warnings);
    assert!(
        said(path).iter().any(|line| line.contains("has no effect where variant b sets it anew")),
        "{:?}",
        said(path)
    );
    assert!(!said("cluster.agentPoolProfiles[system].count").iter().any(|line| line.contains("no effect")));
}

#[test]
fn variants_times_sweep_points_in_the_order_of_the_file() {
    let text = format!(
        "{HEAD}seeds: {{first: 7, count: 3}}\n{CLUSTER}variants:
  - {{name: D}}
  - {{name: B, set: {{\"cluster.agentPoolProfiles[apps].vmSize\": Standard_B4ms}}}}
sweep:
  cluster.agentPoolProfiles[apps].upgradeSettings.maxSurge: [\"1\", 33%]
  cluster.agentPoolProfiles[apps].count: [2, 4]
"
    );
    let study = read(&text).study;
    let labels: Vec<String> = study.points.iter().map(super::plan::Point::label).collect();
    assert_eq!(labels[..3], ["D, maxSurge=1, count=2", "D, maxSurge=1, count=4", "D, maxSurge=33%, count=2"]);
    assert_eq!(labels.len(), 8);
    assert_eq!((study.seeds.first, study.seeds.count, study.baseline.as_deref()), (7, 3, Some("D")));
    let last = &study.points[7].plan.cluster.pools[0];
    assert_eq!(
        (last.name.as_str(), last.scale_set.as_ref().unwrap().vm.name.as_str(), last.count),
        ("apps", "Standard_B4ms", 4)
    );
    assert_eq!(last.upgrade.max_surge, IntOrPercent::Percent(33));
}

#[test]
fn the_order_of_sections_decides_nothing() {
    let (head, cluster) = (HEAD.to_owned(), CLUSTER.to_owned());
    let turned = CLUSTER.replace("    - {name: system, mode: System, vmSize: Standard_D4s_v5, count: 2}\n", "")
        + "    - {name: system, mode: System, vmSize: Standard_D4s_v5, count: 2}\n";
    let one = read(&(head.clone() + &cluster)).study;
    let other = read(&(turned + &head)).study;
    assert_eq!(format!("{:?}", one.points), format!("{:?}", other.points));
}

#[test]
fn values_set_on_the_command_line_are_named_as_such() {
    let text = format!("{HEAD}{CLUSTER}");
    let study = read_with(&text, &[("seeds", "5"), ("cluster.agentPoolProfiles[apps].count", "7")]).unwrap().study;
    assert_eq!((study.seeds.count, study.points[0].plan.cluster.pools[0].count), (5, 7));
    assert_ne!(study.hash, read(&text).study.hash);
    assert_eq!(
        study.hash,
        read_with(&text, &[("seeds", "5"), ("cluster.agentPoolProfiles[apps].count", "7")]).unwrap().study.hash
    );
    assert_eq!(
        errors(&text, &[("cluster.agentPoolProfiles[apps].vmSize", "Standard_D4s_v55"), ("clustre.name", "x")]),
        [
            "--set cluster.agentPoolProfiles[apps].vmSize: cluster.agentPoolProfiles[1].vmSize: unknown VM size Standard_D4s_v55, \
             did you mean Standard_D4s_v5? [scenario::vm_size]",
            "--set clustre.name: no clustre in the scenario, did you mean cluster? [scenario::set]",
        ]
    );
}

#[test]
fn faults_of_form_and_of_meaning_are_found_together() {
    let text = format!(
        "{HEAD}warmup: soon\noperations: [{{at: 1d, scale: {{pool: app, count: 3}}}}]\nexpect: [cheap]\n{CLUSTER}"
    )
    .replace("vmSize: Standard_D4s_v5, count: 2}\n    -", "vmSize: Standard_D4_v55, count: 2}\n    -");
    assert_eq!(
        errors(&text, &[]),
        [
            "4:9 warmup: found \"soon\", write a duration such as 90s, 10m, 2h or 7d [scenario::duration]",
            "5:37 operations[0].scale.pool: no pool app, did you mean apps? [scenario::unknown_pool]",
            "6:10 expect[0]: found \"cheap\", write metric <= number, such as pod_pending_seconds.p95 <= 180 [scenario::expect]",
            "12:44 cluster.agentPoolProfiles[0].vmSize: unknown VM size Standard_D4_v55, \
             did you mean Standard_D4_v2? [scenario::vm_size]",
        ]
    );
}

#[test]
fn operations_are_sorted_by_time() {
    let text = format!(
        "{HEAD}operations:\n  - {{at: 1d, upgrade: {{kubernetesVersion: \"1.35\"}}}}\n  - {{at: 2h, scale: {{pool: apps, count: 3}}}}\n{CLUSTER}"
    );
    let operations = read(&text).study.points[0].plan.operations.clone();
    assert_eq!(operations[0].at, SimTime::from_micros(7_200_000_000));
    assert_eq!(operations[0].kind, OperationKind::Scale { pool: 0, count: 3 });
    assert!(matches!(&operations[1].kind, OperationKind::Upgrade { pools, .. } if *pools == [0, 1]));
}

#[test]
fn an_upgrade_of_the_control_plane_only_names_no_pool() {
    let kind = |upgrade: &str| {
        let text =
            format!("{HEAD}operations: [{{at: 1d, upgrade: {{kubernetesVersion: \"1.35\", {upgrade}}}}}]\n{CLUSTER}");
        read(&text).study.points[0].plan.operations[0].kind.clone()
    };
    let expected = OperationKind::Upgrade {
        version: Some(KubernetesVersion::minor(35)),
        pools: vec![],
        force: false,
        whole_cluster: false,
    };
    assert_eq!(kind("controlPlaneOnly: true"), expected);
    assert_eq!(kind("pools: []"), expected);
    assert!(matches!(kind("force: true"), OperationKind::Upgrade { force: true, pools, .. } if pools.len() == 2));
}

#[test]
fn an_upgrade_that_comes_before_its_version_is_warned_of() {
    let text = format!(
        "{HEAD}start: 2026-01-31T12:00:00Z\noperations: [{{at: 11h, upgrade: {{kubernetesVersion: \"1.35\"}}}}]\n{CLUSTER}"
    );
    let warnings = lines(&read(&text).warnings);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("AKS does not offer 1.35 in 2026-01"), "{warnings:?}");
    assert_eq!(lines(&read(&text.replace("at: 11h", "at: 12h")).warnings), Vec::<String>::new());
}

#[test]
fn settings_of_upgrades_reach_the_plan() {
    let settings = |written: &str| {
        let cluster = CLUSTER.replace("count: 2}\n", &format!("count: 2, {written}}}\n"));
        read(&format!("{HEAD}{cluster}")).study.points[0].plan.cluster.pools[0].upgrade
    };
    let rolling = settings(
        "upgradeSettings: {maxSurge: 2, undrainableNodeBehavior: Cordon, maxBlockedNodes: 50%, nodeSoakDurationInMinutes: 3}",
    );
    assert_eq!((rolling.undrainable, rolling.max_blocked), (UndrainableNodes::Cordon, Some(IntOrPercent::Percent(50))));
    assert_eq!((rolling.soak, rolling.strategy), (SimDuration::from_mins(3), UpgradeStrategy::Rolling));
    assert_eq!(settings("upgradeSettings: {scheduleOutcome: Replace}").undrainable, UndrainableNodes::Replace);
    assert_eq!(
        settings("upgradeStrategy: bluegreen").strategy,
        UpgradeStrategy::BlueGreen(BlueGreenSettings::default())
    );
    let blue_green = settings(
        "upgradeStrategy: BlueGreen, upgradeSettingsBlueGreen: {drainBatchSize: 2, finalSoakDurationInMinutes: 0}",
    );
    let expected = BlueGreenSettings {
        drain_batch: IntOrPercent::Int(2),
        final_soak: SimDuration::ZERO,
        ..BlueGreenSettings::default()
    };
    assert_eq!(blue_green.strategy, UpgradeStrategy::BlueGreen(expected));
}

/// What `az aks show -o json` prints of a small cluster, names and ids shortened.
#[test]
fn the_output_of_az_aks_show_can_be_pasted_in() {
    let text = format!("{HEAD}cluster:\n{}", include_str!("testdata/az-aks-show.json"));
    let loaded = read(&text);
    let cluster = &loaded.study.points[0].plan.cluster;
    assert_eq!(cluster.node_resource_group, "MC_shop_store_westeurope");
    assert_eq!(cluster.network.model, NetworkModel::AzureOverlay);
    assert_eq!(cluster.autoscaler.scan_interval, crate::kernel::SimDuration::from_secs(20));
    let pool = &cluster.pools[0];
    assert_eq!((pool.mode, pool.autoscaling.map(|range| range.max)), (PoolMode::System, Some(5)));
    assert_eq!(cluster.pools[0].zones, [1, 2, 3]);
    let said = lines(&loaded.warnings);
    assert!(
        said.iter().any(|line| line.ends_with("cluster.fqdn: read-only, ignored [scenario::not_simulated]")),
        "{said:#?}"
    );
    assert!(
        said.iter()
            .any(|line| line.ends_with("cluster.addonProfiles: accepted, not simulated yet [scenario::not_simulated]"))
    );
}

#[test]
fn the_way_out_is_one_of_azures_and_decides_what_is_charged() {
    let balancer = OutboundPlan::load_balancer;
    let nat =
        OutboundPlan { kind: OutboundType::ManagedNatGateway, idle_timeout: SimDuration::from_mins(4), ..balancer(1) };
    let own = OutboundPlan { kind: OutboundType::UserDefinedRouting, ..balancer(0) };
    let fixed = OutboundPlan { allocated_ports: 4000, idle_timeout: SimDuration::from_mins(5), ..balancer(2) };
    for (written, outbound, [balanced, routed]) in [
        ("{}", balancer(1), [true, false]),
        (
            "{outboundType: loadbalancer, loadBalancerProfile: {managedOutboundIPs: {count: 3}}}",
            balancer(3),
            [true, false],
        ),
        (
            "{loadBalancerProfile: {outboundIPs: {publicIPs: [{id: a}, {id: b}]}, allocatedOutboundPorts: 4000, idleTimeoutInMinutes: 5}}",
            fixed,
            [true, false],
        ),
        ("{outboundType: managedNATGateway}", nat, [false, true]),
        (
            "{outboundType: managedNATGateway, natGatewayProfile: {managedOutboundIPProfile: {count: 16}}}",
            OutboundPlan { addresses: 16, ..nat },
            [false, true],
        ),
        ("{outboundType: userDefinedRouting}", own, [false, false]),
    ] {
        let loaded = read(&format!("{HEAD}{CLUSTER}  networkProfile: {written}\n"));
        let cluster = &loaded.study.points[0].plan.cluster;
        assert_eq!(cluster.network.outbound, outbound);
        assert_eq!(cluster.network.own_vnet, None, "none is written");
        assert_eq!(cluster.charges.load_balancer.micros() > 0, balanced, "{written}");
        assert_eq!(cluster.charges.nat_gateway.micros() > 0, routed, "{written}");
    }
    for (written, found) in [
        ("{loadBalancerProfile: {allocatedOutboundPorts: 1001}}", "allocatedOutboundPorts: found 1001"),
        ("{loadBalancerProfile: {allocatedOutboundPorts: 64008}}", "allocatedOutboundPorts: found 64008"),
        ("{loadBalancerProfile: {managedOutboundIPs: {count: 101}}}", "managedOutboundIPs.count: found 101"),
        ("{loadBalancerProfile: {idleTimeoutInMinutes: 3}}", "idleTimeoutInMinutes: found 3"),
        (
            "{outboundType: managedNATGateway, natGatewayProfile: {managedOutboundIPProfile: {count: 17}}}",
            "managedOutboundIPProfile.count: found 17",
        ),
    ] {
        let wrong = errors(&format!("{HEAD}{CLUSTER}  networkProfile: {written}\n"), &[]);
        assert!(wrong[0].contains(found), "{wrong:?}");
    }
    let wrong = errors(&format!("{HEAD}{CLUSTER}  networkProfile: {{outboundType: natGateway}}\n"), &[]);
    assert!(wrong[0].contains("cluster.networkProfile.outboundType: found \"natGateway\""), "{wrong:?}");
}

#[test]
fn a_resource_id_says_where_the_own_network_is() {
    let vnet = "  vnet: {addressSpace: [10.1.0.0/16], subnets: [{name: nodes, addressPrefix: 10.1.0.0/24}]}\n";
    let id = "/subscriptions/0/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/hub/subnets/nodes";
    let own = |sets: &[(&str, &str)]| {
        let loaded = read_with(&format!("{HEAD}{CLUSTER}{vnet}"), sets).expect("a sound scenario");
        loaded.study.points[0].plan.cluster.network.own_vnet.clone().expect("an own network")
    };
    let unnamed = OwnVnet { resource_group: None, name: None, address_space: vec!["10.1.0.0/16".parse().unwrap()] };
    assert_eq!(own(&[("cluster.agentPoolProfiles[apps].vnetSubnetID", "nodes")]), unnamed);
    let named = OwnVnet { resource_group: Some("net".into()), name: Some("hub".into()), ..unnamed };
    assert_eq!(own(&[("cluster.agentPoolProfiles[apps].vnetSubnetID", id)]), named);
}

#[test]
fn claims_are_priced_by_the_tier_that_their_disk_is_billed_as() {
    for (class, month) in [("managed-csi", Some(9.6)), ("managed-csi-premium", Some(19.71)), ("azurefile-csi", None)] {
        let claim = format!(
            "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: data}}, spec: {{storageClassName: {class}, \
             accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 100Gi}}}}}}}}"
        );
        let loaded = read(&format!("{HEAD}{CLUSTER}workloads: {{manifests: [{claim}]}}\n"));
        let price = loaded.study.points[0].plan.claims[0].price.map(|price| price.per_month());
        match (price, month) {
            (Some(price), Some(month)) => assert!((price - month).abs() < 1e-3, "{class}: {price}"),
            other => assert_eq!(other, (None, None), "{class}"),
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_said_to_be_so() {
    let problems = load(Path::new("nowhere/at-all.yaml"), &[]).expect_err("there is no such file");
    assert!(lines(&problems)[0].starts_with("cannot read nowhere/at-all.yaml"), "{problems:?}");
}

const LAB: &str = "cluster: {name: c, location: eastus, kubernetesVersion: \"1.34\", nodes: {file: n.csv, columns: \
                   {extended: {nvidia.com/gpu: gpus}, labels: {model: model}}}}\n";
const NODES: &str = "name,cpu,memory,gpus,model\nb,32,256Gi,,\na,8,64Gi,2,T4\nc,32000m,256Gi,0,\n";

/// A scenario with a list of nodes and a trace.
fn read_lab(pods: &str, columns: &str) -> Result<Loaded, Problems> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file can be written");
    write("n.csv", NODES);
    write("p.csv", pods);
    write("s.yaml", &format!("{HEAD}{LAB}workloads: {{trace: {{file: p.csv, columns: {{{columns}}}}}}}\n"));
    load(&folder.path().join("s.yaml"), &[])
}

#[test]
fn brought_along_nodes_keep_their_order_and_make_a_pool_for_each_shape() {
    let loaded = read_lab("name,cpu,memory,created\n", "").expect("a sound scenario");
    let cluster = &loaded.study.points[0].plan.cluster;
    let nodes: Vec<(&str, usize)> = cluster.brought.iter().map(|node| (node.name.as_str(), node.pool)).collect();
    assert_eq!(nodes, [("b", 0), ("a", 1), ("c", 0)]);
    let pools: Vec<(&str, u32)> = cluster.pools.iter().map(|pool| (pool.name.as_str(), pool.count)).collect();
    assert_eq!(pools, [("32cpu-256Gi", 2), ("8cpu-64Gi-2gpu-t4", 1)]);
    assert_eq!((cluster.pools[1].allocatable.pods, cluster.pools[1].labels["model"].as_str()), (110, "T4"));
    assert!(cluster.pools.iter().all(super::plan::PoolPlan::is_brought));
    assert_eq!(cluster.charges.load_balancer, crate::units::UsdPerHour::ZERO);
    assert!(loaded.study.points[0].plan.workloads.is_empty(), "AKS installs nothing there");
}

#[test]
fn pods_of_a_trace_are_grouped_by_shape_and_sorted_by_their_creation() {
    let pods = "name,cpu,memory,created,deleted,priority\nx,2000,1Gi,90,2,\ny,2000,1Gi,60,,0\nz,2000,1Gi,60,,7\n\
                late,1,1Gi,172800,,\ngone,1,1Gi,0,0,\n";
    let columns = "cpu: {column: cpu, unit: m}, deleted: {column: deleted, unit: h}";
    let loaded = read_lab(pods, columns).expect("a sound scenario");
    let workloads = &loaded.study.points[0].plan.workloads;
    let named: Vec<(String, i32)> = workloads.iter().map(|w| (w.key(), w.template.priority)).collect();
    assert_eq!(named, [("Trace/default/2cpu-1Gi".to_owned(), 0), ("Trace/default/2cpu-1Gi-2".to_owned(), 7)]);
    let super::plan::Controller::Trace { pods } = &workloads[0].controller else { panic!("{workloads:?}") };
    let seconds = |at: SimTime| at.micros() / 1_000_000;
    let lives: Vec<(&str, u64, Option<u64>)> =
        pods.iter().map(|pod| (&*pod.name, seconds(pod.created), pod.deleted.map(seconds))).collect();
    assert_eq!(lives, [("y", 60, None), ("x", 90, Some(7200))]);
    let said = loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(said.contains("1 of 5 pods come after the end of the scenario"), "{said}");
    assert!(said.contains("1 of 5 pods are deleted before the start"), "{said}");
}

#[test]
fn a_pool_is_updated_by_one_kind_of_change_at_a_time() {
    use super::plan::{IntOrPercent, OperationKind, PoolChange, PoolMode, UpgradeChange};
    let update =
        |words: &str| format!("{HEAD}{CLUSTER}operations:\n  - {{at: 1h, updatePool: {{pool: system, {words}}}}}\n");
    let words = "mode: User, scaleDownMode: Delete, upgradeSettings: {maxSurge: 33%, drainTimeoutInMinutes: 5}";
    let study = read(&update(words)).study;
    let OperationKind::UpdatePool { change: PoolChange::Settings(change), .. } =
        &study.points[0].plan.operations[0].kind
    else {
        panic!("it changes settings");
    };
    assert_eq!((change.mode, change.names().len()), (Some(PoolMode::User), 3));
    let upgrade = UpgradeChange {
        max_surge: Some(IntOrPercent::Percent(33)),
        drain_timeout: Some(SimDuration::from_mins(5)),
        ..UpgradeChange::default()
    };
    assert_eq!(change.upgrade, upgrade);
    let said = |words: &str| errors(&update(words), &[]).join("; ");
    assert!(said("mode: User, enableAutoScaling: false").contains("write two operations"));
    assert!(said("mode: Gateway").contains("write System or User"), "{}", said("mode: Gateway"));
    assert!(said("upgradeSettings: {drainTimeoutInMinutes: 0}").contains("write 1 to 1440"));
    assert!(
        read(&update("osDiskSizeGB: 64")).warnings.iter().any(|warning| warning.to_string().contains("osDiskSizeGB"))
    );
}

#[test]
fn a_scenario_says_which_document_is_followed_where_two_disagree() {
    let with = |conflicts: &str| {
        format!("{HEAD}{}", CLUSTER.replacen("cluster:\n", &format!("cluster:\n  conflicts: {{{conflicts}}}\n"), 1))
    };
    let memory = |text: &str| read(text).study.points[0].plan.cluster.pools[0].allocatable.memory;
    // A MB is smaller than a Mi, and so less is reserved.
    assert!(memory(&with("memoryReservation: MB")) > memory(&with("")));
    let burstable =
        with("burstableSystemPools: Refuse").replace("Standard_D4s_v5, count: 2", "Standard_B4ms, count: 2");
    let said: Vec<String> = read(&burstable).warnings.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|line| line.contains("Standard_B4ms is burstable")), "{said:?}");
    let wrong = errors(&with("versionSkew: 4, rollback: Maybe"), &[]).join("; ");
    assert!(wrong.contains("write 3 or 2") && wrong.contains("write Refuse or Allow"), "{wrong}");
}

#[test]
fn what_can_be_asked_again_is_repeated_to_the_end_or_as_often_as_written() {
    let text = format!(
        "{HEAD}{CLUSTER}operations:\n  - {{at: 1h, every: 8h, stop: {{}}}}\n  - {{at: 2h, every: 8h, times: 2, start: {{}}}}\n"
    );
    let study = read(&text.replace("duration: 2d", "duration: 1d")).study;
    let hours = |operation: &super::plan::OperationPlan| operation.at.as_secs_f64() / 3600.0;
    let asked: Vec<f64> = study.points[0].plan.operations.iter().map(hours).collect();
    assert_eq!(asked, [1.0, 2.0, 9.0, 10.0, 17.0]);
}

#[test]
fn faults_and_quota_are_resolved_with_their_defaults() {
    use super::plan::{FaultKind, FaultRate, QuotaPlan};
    let text = format!(
        "{HEAD}{CLUSTER}quota: {{regionalVCPUs: 100, families: {{standarddsv5family: 40}}}}
faults:
  - {{at: 1h, for: 30m, slowRegistry: {{perSecond: 50Mi}}}}
  - {{slowBoot: {{probability: 10%, delay: 40m}}}}
  - {{nodeFailure: {{mtbf: 730d}}}}
  - {{at: 2h, nodeFailure: {{nodes: 1, pool: apps}}}}
"
    );
    let study = read(&text).study;
    let plan = &study.points[0].plan;
    let families = [("standardDSv5Family", 40)].into();
    assert_eq!(plan.quota, QuotaPlan { regional: Some(100), families, ..QuotaPlan::default() });
    let names: Vec<&str> = plan.faults.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(names, ["slowRegistry", "slowBoot", "nodeFailure", "nodeFailure-2"]);
    let hours =
        |at: &super::plan::FaultPlan| (at.at.as_secs_f64() / 3600.0, at.until.map(|at| at.as_secs_f64() / 3600.0));
    assert_eq!(
        plan.faults.iter().map(hours).collect::<Vec<_>>(),
        [(1.0, Some(1.5)), (0.0, None), (0.0, None), (2.0, None)]
    );
    assert!(matches!(plan.faults[0].kind, FaultKind::SlowRegistry { rate: 52_428_800 }));
    assert!(matches!(plan.faults[3].kind, FaultKind::NodeFailure { pool: Some(0), .. }));
    let rates = text
        .replace("at: 1h, for: 30m", "meanTimeBetween: 2d, for: 30m")
        .replace("mtbf: 730d}", "mtbf: 730d}, meanTimeBetween: 1d");
    assert!(errors(&rates, &[]).iter().any(|error| error.contains("has a rate of its own")), "{rates}");
    let rates = rates.replace(", meanTimeBetween: 1d", "");
    let fault = &read(&rates).study.points[0].plan.faults[0];
    let (mean, lasts) = (SimDuration::from_hours(48), SimDuration::from_mins(30));
    assert_eq!((fault.rate, fault.until), (Some(FaultRate { mean, lasts }), None));
    let endless = rates.replace(", for: 30m", "");
    assert!(errors(&endless, &[]).iter().any(|error| error.contains("found no for")), "{endless}");
    let spot = text.replace("faults:", "faults:\n  - {spotEviction: {perHour: 5%}}");
    assert!(errors(&spot, &[]).iter().any(|error| error.contains("no spot pool")), "{spot}");
}

/// What is said of a scenario with these pools and operations, with the codes only.
fn codes(pools: &[&str], operations: &[&str], sets: &[(&str, &str)]) -> Vec<String> {
    let pools: String = pools.iter().map(|pool| format!("    - {{{pool}}}\n")).collect();
    let mut operations: String = operations.iter().map(|operation| format!("  - {{{operation}}}\n")).collect();
    if !operations.is_empty() {
        operations.insert_str(0, "operations:\n");
    }
    let text = format!(
        "apiVersion: aksim/v1\nname: test\nduration: 500d\ncluster:\n  name: c\n  location: eastus\n  sku: {{tier: Standard}}\n  \
         kubernetesVersion: \"1.34\"\n  networkProfile: {{podCidr: 64.0.0.0/10}}\n  agentPoolProfiles:\n{pools}{operations}"
    );
    let problems = read_with(&text, sets).map_or_else(|problems| problems, |loaded| loaded.warnings);
    problems.iter().map(|problem| problem.code.to_owned()).collect()
}

const SYSTEM: &str = "name: system, mode: System, vmSize: Standard_D4s_v5, count: 2";

/// use-system-pools.md, 2026-04-30; quotas-skus-regions.md, 2026-08-03.
#[test]
fn a_system_pool_has_a_node_and_room_for_thirty_pods_and_a_size_that_aks_takes() {
    let system = |settings: &str| codes(&[&format!("name: system, mode: System, {settings}")], &[], &[]);
    assert_eq!(system("vmSize: Standard_D4s_v5, count: 0"), ["scenario::pool_nodes"]);
    assert_eq!(system("vmSize: Standard_D4s_v5, count: 2, maxPods: 29"), ["scenario::max_pods"]);
    assert_eq!(system("vmSize: Standard_D4s_v5, count: 2, maxPods: 30"), [] as [&str; 0]);
    assert_eq!(system("vmSize: Standard_B1ms, count: 2"), ["scenario::vm_too_small"]);
    assert_eq!(
        codes(&[SYSTEM, "name: apps, vmSize: Standard_D4s_v5, count: 0, maxPods: 10"], &[], &[]),
        [] as [&str; 0]
    );
}

/// spot-node-pool.md, 2025-04-06.
#[test]
fn a_spot_price_is_checked_and_minus_one_is_none() {
    let spot = |price: &str| {
        let pool = format!("name: apps, vmSize: Standard_D4s_v5, scaleSetPriority: Spot, spotMaxPrice: {price}");
        codes(&[SYSTEM, &pool], &[], &[]).contains(&"scenario::spot_max_price".to_owned())
    };
    assert!(!spot("-1") && !spot("-1.0") && !spot("0.98765"));
    assert!(spot("0") && spot("-0.5") && spot("0.987654") && spot("cheap"));
}

/// start-stop-cluster.md, 2026-07-21.
#[test]
fn a_start_too_soon_or_too_late_after_the_stop_is_said() {
    let start = |at: &str| codes(&[SYSTEM], &["at: 1h, stop: {}", &format!("at: {at}, start: {{}}")], &[]);
    assert_eq!(start("74m"), ["scenario::start_wait"]);
    assert_eq!(start("89m"), ["scenario::start_wait"]);
    assert_eq!(start("90m"), [] as [&str; 0]);
    assert_eq!(start("364d"), [] as [&str; 0]);
    assert_eq!(start("366d"), ["scenario::stopped_state"]);
}

/// best-practices-performance-scale-large.md, 2026-06-05; free-standard-pricing-tiers.md, 2026-07-06.
#[test]
fn large_steps_and_large_clusters_of_the_free_tier_are_said() {
    let big =
        [SYSTEM, "name: apps, vmSize: Standard_D4s_v5, count: 250", "name: big, vmSize: Standard_D4s_v5, count: 600"];
    let scale = |count: u32| codes(&big, &[&format!("at: 1h, scale: {{pool: apps, count: {count}}}")], &[]);
    assert_eq!(scale(951), ["scenario::scale_step"]);
    assert_eq!(scale(950), [] as [&str; 0]);
    let free = |count: &str| {
        let sets = [("cluster.sku.tier", "Free"), ("cluster.agentPoolProfiles[system].count", count)];
        codes(&[SYSTEM], &[], &sets)
    };
    assert_eq!(free("10"), ["scenario::tier_recommended"]);
    assert_eq!(free("9"), [] as [&str; 0]);
}

/// cluster-autoscaler.md, 2026-07-30: what is written goes before the sample.
#[test]
fn a_preset_of_the_autoscaler_gives_what_is_not_written() {
    let profile = "  autoScalerProfile: {preset: bursty, scan-interval: 12s}\n  scaleInPolicy: OldestVM\n";
    let loaded = read(&format!("{HEAD}{CLUSTER}{profile}"));
    let cluster = &loaded.study.points[0].plan.cluster;
    assert_eq!(cluster.autoscaler.scan_interval, SimDuration::from_secs(12));
    assert_eq!(cluster.autoscaler.scale_down_unneeded_time, SimDuration::from_mins(5));
    assert_eq!(cluster.scale_in, crate::scenario::plan::ScaleInPolicy::OldestVm);
    assert!(errors(&format!("{HEAD}{CLUSTER}  scaleInPolicy: Random\n"), &[])[0].contains("scenario::scale_in_policy"));
}
