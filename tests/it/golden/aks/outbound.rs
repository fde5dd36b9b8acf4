//! Ways out of a cluster and in: source ports, NAT gateways, rules of load balancers, static egress gateways.

use super::Answer;
use super::lab::{Run, SYSTEM, Scenario, largest, smallest};
use aksim::kernel::SimTime;
use aksim::preflight::{self, Verdict};
use aksim::scenario::plan::{OutboundPlan, PoolMode, Ports};
use serde_json::{Value, json};

const FEW_PORTS: &str = "InvalidLoadBalancerProfileAllocatedOutboundPorts";

pub fn topic(name: &str) -> Option<super::Topic> {
    Some(match name {
        "snat-automatic" => automatic_ports,
        "snat-fixed" => fixed_ports,
        "nat-gateway" => nat_gateway,
        "load-balancer-rules" => rules,
        "load-balancer-profile" => profile,
        "static-egress-gateway" => gateway_pool,
        _ => return None,
    })
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

/// A cluster of so many nodes, one of which is the system pool's.
fn cluster(nodes: u64) -> Scenario {
    let count = format!("count: {}", nodes.saturating_sub(1));
    network(if nodes == 1 { Scenario::new(&[SYSTEM]) } else { Scenario::apps(&count) }, "")
}

/// A range for the pods of thousands of nodes, and these settings.
fn network(scenario: Scenario, settings: &str) -> Scenario {
    scenario.cluster(&format!("networkProfile: {{podCidr: 10.240.0.0/12{settings}}}"))
}

fn balancer(scenario: Scenario, addresses: u64, ports: u64) -> Scenario {
    let profile = format!("managedOutboundIPs: {{count: {addresses}}}, allocatedOutboundPorts: {ports}");
    network(scenario, &format!(", loadBalancerProfile: {{{profile}}}"))
}

/// The ports of each node of the cluster as it is.
fn ports_now(run: &Run) -> u32 {
    let world = run.world();
    match world.plan.cluster.network.outbound.ports(world.backends) {
        Ports::PerNode(ports) => ports,
        other => panic!("a load balancer gives every node ports, not {other:?}"),
    }
}

fn ports_of(nodes: u64) -> u32 {
    ports_now(&cluster(nodes).run_until(SimTime::ZERO, 1))
}

fn automatic_ports(input: &Value) -> Answer {
    if let Some(nodes) = input["nodes"].as_u64() {
        return Answer::Is(json!({"portsPerNode": ports_of(nodes)}));
    }
    if let Some(from) = input["fromNodes"].as_u64() {
        let to = number(&input["toNodes"]);
        let scale = format!("at: 1h, scale: {{pool: apps, count: {}}}", to - 1);
        let scenario = cluster(from).lasting("3h").operation(&scale);
        let (before, after) = (ports_now(&scenario.run_until(SimTime::ZERO, 1)), ports_now(&scenario.run()));
        return Answer::Is(json!({
            "portsPerNodeBefore": before,
            "portsPerNodeAfter": after,
            "existingNodesShrunk": after < before,
        }));
    }
    let (from, to) = (number(&input["poolSizeFrom"]), number(&input["poolSizeTo"]));
    let (first, last) = (ports_of(from), ports_of(to));
    let is_row = first == last && (from == 1 || ports_of(from - 1) > first) && (to == 1000 || ports_of(to + 1) < last);
    Answer::Is(json!({"portsPerNodePerIp": if is_row { json!(first) } else { json!("?") }}))
}

fn fixed_ports(input: &Value) -> Answer {
    let (ports, addresses) = (number(&input["portsPerNode"]), number(&input["outboundIps"]));
    let asked = |scenario: Scenario, operation: &str| {
        let scenario = balancer(scenario, addresses, ports).operation(&format!("at: 1h, {operation}"));
        (scenario.plan().cluster.network.outbound, scenario.answer())
    };
    let scaled_to = |nodes: u64| asked(cluster(2), &format!("scale: {{pool: apps, count: {}}}", nodes - 1));
    if let Some(surge) = input["maxSurge"].as_u64() {
        let nodes = number(&input["nodes"]);
        let pool = format!("count: {}, upgradeSettings: {{maxSurge: {surge}}}", nodes - 1);
        let (outbound, answer) = asked(Scenario::apps(&pool), "upgrade: {kubernetesVersion: \"1.35\"}");
        let (for_nodes, for_surge) = (nodes * ports, surge * ports);
        let all = u64::from(outbound.all_ports());
        return Answer::Is(json!({
            "portsForNodes": for_nodes,
            "portsForSurge": for_surge,
            "portsAvailable": all,
            "excessAfterNodes": all - for_nodes,
            "fits": answer.is_ok(),
        }));
    }
    let Some(nodes) = input["nodes"].as_u64() else {
        let is_enough = |nodes: u64| match scaled_to(nodes).1 {
            Ok(()) => true,
            Err((code, message)) => {
                assert_eq!(code, FEW_PORTS, "{message}");
                false
            }
        };
        return Answer::Is(json!({"maxNodes": largest(3, 1000, is_enough)}));
    };
    match scaled_to(nodes) {
        (_, Ok(())) => Answer::Is(json!({"accepted": true})),
        (_, Err((code, message))) => {
            let said = |before: &str| {
                let (_, rest) = message.split_once(before).expect("the message has the number");
                rest.split(' ').next().and_then(|word| word.parse::<u64>().ok())
            };
            Answer::Is(json!({
                "portsNeeded": said("requires "),
                "portsAvailable": said("but only "),
                "accepted": false,
                "errorCode": code,
            }))
        }
    }
}

fn nat(count: u64) -> Scenario {
    cluster(2).cluster(&format!(
        "networkProfile: {{outboundType: managedNATGateway, natGatewayProfile: {{managedOutboundIPProfile: {{count: {count}}}}}}}"
    ))
}

fn nat_gateway(_: &Value) -> Answer {
    let Ports::Shared(flows) = nat(1).plan().cluster.network.outbound.ports(2) else {
        panic!("all nodes share the flows of a NAT gateway");
    };
    Answer::Is(json!({
        "flowsPerIp": flows,
        "maxIps": largest(1, 100, |count| nat(count).takes("scenario::outbound")),
    }))
}

fn rules(input: &Value) -> Answer {
    let (services, ports) = (number(&input["services"]), number(&input["portsPerService"]));
    assert_eq!(services, 1, "a front end of one Service");
    let nodes = number(&input["nodes"]);
    let pool = |name: &str, count: u64| format!("name: {name}, vmSize: Standard_D4s_v5, count: {count}");
    let with = |ports: u64| {
        let list: Vec<String> = (1..=ports).map(|port| format!("{{name: p{port}, port: {port}}}")).collect();
        network(Scenario::new(&[SYSTEM, &pool("one", 1000), &pool("two", nodes - 1001)]), "").manifest(&format!(
            "apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{type: LoadBalancer, ports: [{}]}}",
            list.join(", ")
        ))
    };
    let verdict = |ports: u64| {
        let rows = preflight::check(&with(ports).plan());
        rows.iter().find(|row| row.check == "load-balancer-rules").expect("the check says something").verdict
    };
    let world_has = with(ports).run_until(SimTime::ZERO, 1).world().backends;
    let most = largest(1, 20, |ports| verdict(ports) != Verdict::Fail).expect("one port is few");
    let backends = ports * u64::from(world_has);
    Answer::Is(json!({
        "backendIpConfigurations": backends,
        "limitPerFrontendIp": most * nodes,
        "atLimit": most == ports,
    }))
}

fn profile(_: &Value) -> Answer {
    let with = |profile: String| cluster(2).cluster(&format!("networkProfile: {{loadBalancerProfile: {{{profile}}}}}"));
    // From below what is allowed to something inside, and from there to beyond.
    let range = |key: &str, inside: u64, beyond: u64, step: u64, default: u64| {
        let nested = key == "managedOutboundIPs";
        let takes = |value: u64| {
            let value = value * step;
            let value = if nested { format!("{{count: {value}}}") } else { value.to_string() };
            with(format!("{key}: {value}")).takes("scenario::outbound")
        };
        let first = smallest(0, inside, takes);
        json!({"min": first * step, "max": largest(inside, beyond, takes).map(|last| last * step), "default": default})
    };
    let OutboundPlan { addresses, allocated_ports, idle_timeout, .. } = cluster(2).plan().cluster.network.outbound;
    Answer::Is(json!({
        "allocatedOutboundPorts": range("allocatedOutboundPorts", 1000, 20_000, 8, allocated_ports.into()),
        "managedOutboundIPs": range("managedOutboundIPs", 50, 500, 1, addresses.into()),
        "idleTimeoutInMinutes": range("idleTimeoutInMinutes", 30, 500, 1, idle_timeout.micros() / 60_000_000),
    }))
}

fn gateway_pool(input: &Value) -> Answer {
    let prefix = input["publicIpPrefix"].as_str().and_then(|text| text.strip_prefix('/')).expect("a prefix");
    let with = |settings: &str| {
        let profile = format!("gatewayProfile: {{publicIPPrefixSize: {prefix}}}");
        Scenario::new(&[SYSTEM, &format!("name: out, mode: Gateway, vmSize: Standard_D4s_v5, {settings}, {profile}")])
            .cluster("networkProfile: {staticEgressGatewayProfile: {enabled: true}}")
    };
    let plan = with("count: 2").plan();
    let PoolMode::Gateway { addresses } = plan.cluster.pools[0].mode else {
        panic!("the pool is a gateway");
    };
    let takes = |count: u64| with(&format!("count: {count}")).takes("scenario::gateway");
    Answer::Is(json!({
        "publicIps": addresses,
        "maxGatewayNodes": largest(1, 100, takes),
        "clusterAutoscaler": with("enableAutoScaling: true, minCount: 1, maxCount: 2").takes("scenario::gateway"),
    }))
}
