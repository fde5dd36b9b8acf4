//! What a deployment consists of in Azure at a moment, by resource group, and what each part costs a month.
//!
//! An AKS cluster fills two groups: the customer's, with the managed cluster, and the node resource group, which AKS makes, fills
//! and deletes. Source: azure-aks-docs, faq.yml, 2023-11-06; delete-cluster.md, 2024-04-16. Not modelled: add-ons and their
//! identities, what a customer has besides the cluster.

mod compute;
mod name;
mod network;
mod outbound;
mod storage;
#[cfg(test)]
mod tests;

use crate::catalog::{Inflight, ScalingSize};
use crate::cluster::{PowerState, ProvisioningState, World};
use crate::kernel::SimTime;
use crate::scenario::plan::{ClusterPlan, OwnVnet};
use crate::units::{Usd, UsdPerHour};

/// Everything that a cluster consists of in Azure.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The moment.
    pub at: SimTime,
    /// The customer's group, the node resource group, and that of the customer's network when it is a third one; none when the cluster
    /// has no VM of Azure's.
    pub groups: Vec<ResourceGroup>,
    /// What the rows do not say, in sentences.
    pub notes: Vec<String>,
}

impl Inventory {
    /// What all resources with a known price cost a month of 730 h, exactly.
    #[must_use]
    pub fn total(&self) -> Usd {
        self.groups.iter().map(ResourceGroup::subtotal).sum()
    }

    /// How many resources have no known price.
    #[must_use]
    pub fn unpriced(&self) -> usize {
        self.groups.iter().map(ResourceGroup::unpriced).sum()
    }
}

/// A resource group with what the cluster has in it.
#[derive(Clone, Debug)]
pub struct ResourceGroup {
    /// Its name.
    pub name: String,
    /// Whose it is and what for.
    pub purpose: &'static str,
    /// The resources, parts behind the whole.
    pub resources: Vec<Resource>,
}

impl ResourceGroup {
    /// What its resources with a known price cost a month of 730 h, exactly.
    #[must_use]
    pub fn subtotal(&self) -> Usd {
        self.resources.iter().filter_map(Resource::monthly).sum()
    }

    /// How many of its resources have no known price.
    #[must_use]
    pub fn unpriced(&self) -> usize {
        self.resources.iter().filter(|resource| resource.price.is_none()).count()
    }
}

/// A resource of Azure's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Azure's resource type, such as `Microsoft.Compute/virtualMachineScaleSets`.
    pub kind: &'static str,
    /// Its name, in the form in which Azure makes it.
    pub name: String,
    /// The resource that it is a part of: the scale set of an instance, the network of a subnet. Empty for one that is whole.
    pub part_of: String,
    /// Size, count, prefix, zone, state.
    pub details: String,
    /// Its price at this moment, discounts applied, zero when it is free; `None` when none is known.
    pub price: Option<UsdPerHour>,
    /// What to know of it.
    pub note: String,
}

impl Resource {
    /// One that is free of charge, whole, and has no note.
    fn free(kind: &'static str, name: impl Into<String>, details: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            part_of: String::new(),
            details: details.into(),
            price: Some(UsdPerHour::ZERO),
            note: String::new(),
        }
    }

    /// The same at this price.
    fn priced(self, price: Option<UsdPerHour>) -> Self {
        Self { price, ..self }
    }

    /// The same as a part of another resource.
    fn part_of(self, whole: &str) -> Self {
        Self { part_of: whole.to_owned(), ..self }
    }

    /// The same with something to know.
    fn noted(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// What it costs a month of 730 h, exactly; `None` when no price is known.
    #[must_use]
    pub fn monthly(&self) -> Option<Usd> {
        self.price.map(UsdPerHour::monthly)
    }
}

/// What the cluster consists of at this moment.
#[must_use]
pub fn inventory(world: &World) -> Inventory {
    let cluster = &world.plan.cluster;
    let mut notes = Vec::new();
    let mut groups = Vec::new();
    if world.power == PowerState::Absent {
        notes.push("The cluster is not created yet: there is nothing of it in Azure.".to_owned());
    } else if cluster.pools.iter().any(|pool| !pool.is_brought()) {
        groups = resource_groups(world, &mut notes);
        notes.push(control_plane(cluster));
        notes.push(limits(cluster));
    }
    if !cluster.brought.is_empty() {
        let only = if groups.is_empty() { ", and there is nothing else: no resource group is filled" } else { "" };
        let count = cluster.brought.len();
        notes.push(format!(
            "Nodes that the scenario brings along ({count}) are no resources of Azure's and cost nothing{only}."
        ));
    }
    Inventory { at: world.clock, groups, notes }
}

fn resource_groups(world: &World, notes: &mut Vec<String>) -> Vec<ResourceGroup> {
    let cluster = &world.plan.cluster;
    let mut groups = vec![
        ResourceGroup {
            name: cluster.resource_group.clone(),
            purpose: "yours",
            resources: vec![managed_cluster(world)],
        },
        ResourceGroup {
            name: cluster.node_resource_group.clone(),
            purpose: "the node resource group, made and deleted by AKS",
            resources: compute::scale_sets(world),
        },
    ];
    let home = network_group(cluster);
    let found = groups.iter().position(|group| group.name.eq_ignore_ascii_case(home));
    let at = found.unwrap_or_else(|| {
        groups.push(ResourceGroup { name: home.to_owned(), purpose: "yours, of the network", resources: Vec::new() });
        groups.len() - 1
    });
    groups[at].resources.extend(network::virtual_network(world));
    let node = &mut groups[1].resources;
    node.extend(network::resources(world, notes));
    node.push(kubelet_identity(cluster));
    node.extend(storage::resources(world, notes));
    groups
}

/// The group in which the virtual network stands: the node resource group for one that AKS makes, otherwise the customer's unless a
/// resource id says another.
fn network_group(cluster: &ClusterPlan) -> &str {
    match &cluster.network.own_vnet {
        None => &cluster.node_resource_group,
        Some(OwnVnet { resource_group, .. }) => resource_group.as_deref().unwrap_or(&cluster.resource_group),
    }
}

/// The control plane's identity is system-assigned and no resource of its own. Source: azure-aks-docs,
/// managed-identity-overview.md, 2026-08-18.
fn managed_cluster(world: &World) -> Resource {
    let cluster = &world.plan.cluster;
    let pools = world.pools.iter().filter(|(id, pool)| pool.exists && !world.pool_plan(*id).is_brought()).count();
    let mut details = format!(
        "Kubernetes {}, {} tier, {}, system-assigned identity",
        world.version,
        cluster.tier.name(),
        count(pools, "node pool")
    );
    if world.state != ProvisioningState::Succeeded {
        details.push_str(&format!(", {}", world.state.name()));
    }
    let resource = Resource::free("Microsoft.ContainerService/managedClusters", &cluster.name, details);
    if world.off.is_open() {
        return resource.priced(Some(UsdPerHour::ZERO)).noted("stopped: the control plane is not billed");
    }
    resource.priced(Some(cluster.charges.tier))
}

/// Source: azure-aks-docs, core-aks-concepts.md, 2026-07-29; free-standard-pricing-tiers.md, 2026-07-06. That a fixed size costs nothing
/// on top is our assumption.
fn control_plane(cluster: &ClusterPlan) -> String {
    let billed = if cluster.charges.tier == UsdPerHour::ZERO {
        format!("costs nothing in the {} tier, which has no SLA", cluster.tier.name())
    } else {
        format!("is billed only by its tier ({}, with an SLA: the row of {})", cluster.tier.name(), cluster.name)
    };
    format!("The control plane itself runs in Microsoft's subscription, in neither group; it {billed}.")
}

/// What the control plane can carry. Requests to the API server are not simulated, so that only the number of nodes is ever met.
fn limits(cluster: &ClusterPlan) -> String {
    let carries = match cluster.scaling {
        None => {
            let Inflight { read_only, mutating } = cluster.tier.inflight();
            format!("its API server executes {read_only} requests that read and {mutating} that change at once")
        }
        Some(size) => {
            let (parts, gib) = ScalingSize::ETCD;
            let requests = size.inflight();
            format!(
                "in size {} its API server executes {requests} requests at once, and etcd has {parts} parts of {gib} GiB",
                size.name()
            )
        }
    };
    format!("It takes up to {} nodes; {carries}.", cluster.tier.max_nodes())
}

/// The identity with which kubelets pull images. Source: azure-aks-docs, managed-identity-overview.md, 2026-08-18.
fn kubelet_identity(cluster: &ClusterPlan) -> Resource {
    let name = format!("{}-agentpool", cluster.name);
    Resource::free("Microsoft.ManagedIdentity/userAssignedIdentities", name, "identity of the kubelets")
}

/// `1 node`, `2 nodes`.
fn count(number: usize, thing: &str) -> String {
    let plural = if thing.ends_with('s') { "es" } else { "s" };
    format!("{number} {thing}{}", if number == 1 { "" } else { plural })
}
