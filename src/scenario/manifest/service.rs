//! Services of type `LoadBalancer`: rules of Azure's load balancer, and the address to come in by.
//!
//! Sources: azure-aks-docs, internal-lb.md, 2026-07-31 (internal load balancers, their subnet and address);
//! configure-load-balancer-standard.md, 2024-01-23 (annotations).

use super::fault::Faults;
use super::object;
use crate::scenario::did_you_mean;
use crate::scenario::plan::{FrontEnd, ServicePlan, SubnetPlan};
use k8s_openapi::api::core::v1::Service;
use serde_json::Value;
use std::net::Ipv4Addr;

/// The annotation that asks for an internal load balancer.
const INTERNAL: &str = "service.beta.kubernetes.io/azure-load-balancer-internal";
/// The one that says which subnet its address comes from.
const SUBNET: &str = "service.beta.kubernetes.io/azure-load-balancer-internal-subnet";
/// The one that says which address.
const ADDRESS: &str = "service.beta.kubernetes.io/azure-load-balancer-ipv4";
/// The one that says which public address, by its name.
const PUBLIC_ADDRESS: &str = "service.beta.kubernetes.io/azure-pip-name";

/// Where Services get internal addresses.
#[derive(Clone, Copy, Debug)]
pub struct ServiceSubnets<'a> {
    /// All subnets.
    pub all: &'a [SubnetPlan],
    /// Index of the nodes' subnet, for Services that name none; `None` without Azure's nodes.
    pub of_nodes: Option<usize>,
    /// Indices of the subnets that are there for pods.
    pub of_pods: &'a [usize],
}

/// The Service, when Azure makes rules and an address for it; checked in any case.
pub(super) fn read(
    value: &Value,
    (namespace, name): (&str, &str),
    subnets: ServiceSubnets<'_>,
    faults: &mut Faults,
) -> Option<ServicePlan> {
    let service: Service = object::read(value, faults)?;
    let spec = service.spec.as_ref()?;
    // One with a class of its own is left to whoever implements the class.
    if spec.type_.as_deref() != Some("LoadBalancer") || spec.load_balancer_class.is_some() {
        return None;
    }
    let annotations = service.metadata.annotations.unwrap_or_default();
    let annotation = |key: &str| annotations.get(key).filter(|value| !value.is_empty()).cloned();
    let address = annotation(ADDRESS).or_else(|| spec.load_balancer_ip.clone().filter(|address| !address.is_empty()));
    let front_end = if annotation(INTERNAL).is_some_and(|value| value == "true") {
        let subnet = match annotation(SUBNET) {
            None => subnets.of_nodes?,
            Some(wanted) => subnet_named(&wanted, subnets, faults)?,
        };
        check_address(address.as_deref(), &subnets.all[subnet], faults);
        FrontEnd::Internal { subnet, address }
    } else {
        FrontEnd::Public { address: address.or_else(|| annotation(PUBLIC_ADDRESS)) }
    };
    let ports = spec.ports.as_ref().map_or(0, Vec::len);
    if ports == 0 {
        faults.push("/spec/ports", "manifest::required", "nothing", "at least one port, such as {port: 80}");
    }
    let ports = u32::try_from(ports).expect("a manifest has fewer ports than that");
    Some(ServicePlan { namespace: namespace.to_owned(), name: name.to_owned(), ports, front_end })
}

fn subnet_named(wanted: &str, subnets: ServiceSubnets<'_>, faults: &mut Faults) -> Option<usize> {
    let usable = || subnets.all.iter().enumerate().filter(|(index, _)| !subnets.of_pods.contains(index));
    let found = usable().find(|(_, subnet)| subnet.name == wanted).map(|(index, _)| index);
    // Without a cluster that could be read, no subnet is known.
    if found.is_none() && !subnets.all.is_empty() {
        let names = || usable().map(|(_, subnet)| subnet.name.as_str());
        let write = did_you_mean(wanted, names())
            .map_or_else(|| format!("one of the subnets {}", names().collect::<Vec<_>>().join(", ")), str::to_owned);
        let pointer = format!("/metadata/annotations/{}", SUBNET.replace('/', "~1"));
        faults.push(pointer, "manifest::subnet", format!("no subnet {wanted} that is not for pods only"), write);
    }
    found
}

fn check_address(address: Option<&str>, subnet: &SubnetPlan, faults: &mut Faults) {
    let Some(address) = address else { return };
    let lies_in = |address: Ipv4Addr| subnet.prefix.contains(&address);
    if !address.parse().is_ok_and(lies_in) {
        let found = format!("{address}, which is no address of subnet {} {}", subnet.name, subnet.prefix);
        faults.push("/spec/loadBalancerIP", "manifest::address", found, "an address of the subnet, or none");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn subnets() -> Vec<SubnetPlan> {
        let subnet = |name: &str, prefix: &str| SubnetPlan { name: name.to_owned(), prefix: prefix.parse().unwrap() };
        vec![subnet("balancers", "10.1.0.0/28"), subnet("nodes", "10.0.0.0/24")]
    }

    fn read_service(annotations: Value, spec: Value) -> (Option<FrontEnd>, Vec<String>) {
        let service = json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "web", "annotations": annotations}, "spec": spec});
        let mut faults = Faults::default();
        let subnets = subnets();
        let subnets = ServiceSubnets { all: &subnets, of_nodes: Some(1), of_pods: &[] };
        let service = read(&service, ("default", "web"), subnets, &mut faults);
        (service.map(|service| service.front_end), faults.0.into_iter().map(|fault| fault.found).collect())
    }

    fn spec() -> Value {
        json!({"type": "LoadBalancer", "ports": [{"port": 80}]})
    }

    #[test]
    fn only_a_load_balancer_without_a_class_of_its_own_is_azures() {
        let public = FrontEnd::Public { address: None };
        assert_eq!(read_service(json!({}), spec()), (Some(public), vec![]));
        assert_eq!(read_service(json!({}), json!({"ports": [{"port": 80}]})).0, None);
        let of_a_class = json!({"type": "LoadBalancer", "loadBalancerClass": "own", "ports": [{"port": 80}]});
        assert_eq!(read_service(json!({}), of_a_class), (None, vec![]));
    }

    #[test]
    fn an_internal_one_has_an_address_of_the_nodes_subnet_or_of_another() {
        let internal = |subnet| Some(FrontEnd::Internal { subnet, address: None });
        assert_eq!(read_service(json!({INTERNAL: "true"}), spec()).0, internal(1));
        assert_eq!(read_service(json!({INTERNAL: "true", SUBNET: "balancers"}), spec()).0, internal(0));
        let (none, faults) = read_service(json!({INTERNAL: "true", SUBNET: "balancer"}), spec());
        assert_eq!((none, faults), (None, vec!["no subnet balancer that is not for pods only".to_owned()]));
        let (_, faults) = read_service(json!({INTERNAL: "true", ADDRESS: "10.9.0.1"}), spec());
        assert_eq!(faults, ["10.9.0.1, which is no address of subnet nodes 10.0.0.0/24"]);
    }
}
