//! What an operator asks of AKS, and when.

use super::{AccessPlan, AutoscalingRange, NetworkModel, Plan, PrincipalPlan, SettingsChange};
use crate::catalog::KubernetesVersion;
use crate::kernel::{SimDuration, SimTime};
use ipnet::Ipv4Net;

/// Something an operator asks of AKS at a moment of virtual time.
#[derive(Clone, Debug)]
pub struct OperationPlan {
    /// When it is asked.
    pub at: SimTime,
    /// What is asked.
    pub kind: OperationKind,
    /// Who asks, an index into [`AccessPlan::principals`]; `None` for the owner, who may do everything.
    pub asked_by: Option<usize>,
    /// On which state of the resource it is carried out; on any without one.
    pub condition: Option<EtagCondition>,
}

/// A condition on the eTag of the resource that an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EtagCondition {
    /// It exists (`If-Match: *`).
    Exists,
    /// It does not exist (`If-None-Match: *`).
    IsMissing,
    /// It was not changed since its eTag was read then (`If-Match` with that eTag).
    UnchangedSince(SimTime),
}

impl OperationPlan {
    /// Whoever asks; `None` for the owner.
    #[must_use]
    pub fn asker<'a>(&self, access: &'a AccessPlan) -> Option<&'a PrincipalPlan> {
        self.asked_by.map(|principal| &access.principals[principal])
    }
}

/// What can be asked of AKS. Pools are indexes into [`ClusterPlan::pools`](super::ClusterPlan::pools).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Create the cluster, which does not exist before (`az aks create`).
    CreateCluster,
    /// Stop the cluster (`az aks stop`): nodes are drained, VMs and control plane deallocated.
    StopCluster,
    /// Start it again (`az aks start`).
    StartCluster,
    /// Set the node count of a pool (`az aks nodepool scale`).
    Scale {
        /// The pool.
        pool: usize,
        /// Nodes wanted.
        count: u32,
    },
    /// Upgrade the control plane (unless it has the version already) and then the pools, one after the other (`az aks upgrade`).
    Upgrade {
        /// Version asked for; `None` for a node-image upgrade, which touches only pools.
        version: Option<KubernetesVersion>,
        /// Pools to upgrade; none upgrades the control plane only.
        pools: Vec<usize>,
        /// Evict pods whatever their budgets say.
        force: bool,
        /// True for an upgrade of the whole cluster: of `pools`, which are all that ever exist, those that exist then.
        whole_cluster: bool,
    },
    /// Take the nodes of a pool back to the version and image before its last upgrade (`az aks nodepool rollback`).
    Rollback {
        /// The pool.
        pool: usize,
    },
    /// Create a pool (`az aks nodepool add`).
    AddPool {
        /// The pool.
        pool: usize,
        /// Its version; the control plane's at that moment unless given.
        version: Option<KubernetesVersion>,
    },
    /// Delete a pool with its nodes, without a drain (`az aks nodepool delete`).
    DeletePool {
        /// The pool.
        pool: usize,
    },
    /// Change a setting of a pool (`az aks nodepool update`).
    UpdatePool {
        /// The pool.
        pool: usize,
        /// The change.
        change: PoolChange,
    },
    /// Change the network of the cluster (`az aks update`).
    UpdateNetwork(NetworkChange),
    /// Deallocate all VMs of a pool (`az aks nodepool stop`).
    StopPool {
        /// The pool.
        pool: usize,
    },
    /// Start them again (`az aks nodepool start`).
    StartPool {
        /// The pool.
        pool: usize,
    },
    /// Look and change nothing.
    Read(ReadCall),
    /// Give up the operation in progress on a pool, or on the cluster (`az aks nodepool operation-abort`, `az aks operation-abort`).
    Abort {
        /// The pool; `None` for the cluster.
        pool: Option<usize>,
    },
    /// Move a pool's workload to another VM size in the documented way: add a pool, cordon and drain the old one's nodes, delete it.
    Migrate {
        /// The old pool.
        from: usize,
        /// The new pool.
        to: usize,
        /// How long the drain of one node may take; `kubectl drain` waits for ever unless told otherwise.
        drain_timeout: Option<SimDuration>,
    },
}

/// A call that only reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadCall {
    /// The cluster (`az aks show`).
    Show,
    /// All clusters of the subscription (`az aks list`).
    ListSubscription,
    /// All clusters of the resource group (`az aks list --resource-group`).
    ListResourceGroup,
}

impl ReadCall {
    /// What `list` may be asked of.
    pub const SCOPES: [(&str, Self); 2] =
        [("Subscription", Self::ListSubscription), ("ResourceGroup", Self::ListResourceGroup)];
}

/// A change of the cluster's network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkChange {
    /// Another pod CIDR of an overlay, which contains the present one.
    PodCidr(Ipv4Net),
    /// Azure CNI Overlay instead of kubenet or of Azure CNI node subnet, with this pod CIDR: every node is reimaged.
    Overlay(Ipv4Net),
}

impl NetworkChange {
    /// The pod CIDR afterwards.
    #[must_use]
    pub const fn pod_cidr(self) -> Ipv4Net {
        match self {
            Self::PodCidr(cidr) | Self::Overlay(cidr) => cidr,
        }
    }

    /// Pod CIDR and network model after it; `None` for a change that a cluster with these cannot have, or has had.
    #[must_use]
    pub fn applied(self, present: Option<Ipv4Net>, model: NetworkModel) -> Option<(Ipv4Net, NetworkModel)> {
        let (cidr, present) = (self.pod_cidr(), present.filter(|present| *present != self.pod_cidr()));
        let is_possible = match (self, model) {
            (Self::PodCidr(_), NetworkModel::AzureOverlay) => present.is_some_and(|present| cidr.contains(&present)),
            (Self::Overlay(_), NetworkModel::Kubenet | NetworkModel::AzureNodeSubnet) => {
                present.is_none_or(|present| !present.contains(&cidr))
            }
            _ => false,
        };
        is_possible.then_some((cidr, NetworkModel::AzureOverlay))
    }
}

/// A change of a pool's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolChange {
    /// The autoscaler manages the pool within these bounds, or no longer.
    Autoscaling(Option<AutoscalingRange>),
    /// Other settings.
    Settings(SettingsChange),
    /// Another value of a setting that can never change, by its name in the API.
    Immutable(&'static str),
}

impl OperationKind {
    /// What is asked, in the words of `az`: `scale system to 3`, `upgrade apps, system to 1.35`.
    #[must_use]
    pub fn describe(&self, plan: &Plan) -> String {
        let name = |pool: &usize| plan.cluster.pools[*pool].name.as_str();
        match self {
            Self::CreateCluster => "create the cluster".to_owned(),
            Self::StopCluster => "stop the cluster".to_owned(),
            Self::StartCluster => "start the cluster".to_owned(),
            Self::Scale { pool, count } => format!("scale {} to {count}", name(pool)),
            Self::Upgrade { version, pools, force, whole_cluster } => {
                let how = if *force { "upgrade by force" } else { "upgrade" };
                let pools = if *whole_cluster && version.is_some() {
                    "the cluster".to_owned()
                } else if pools.is_empty() {
                    "the control plane".to_owned()
                } else {
                    pools.iter().map(name).collect::<Vec<_>>().join(", ")
                };
                match version {
                    Some(version) => format!("{how} {pools} to {version}"),
                    None => format!("{how} the node image of {pools}"),
                }
            }
            Self::Rollback { pool } => format!("roll {} back", name(pool)),
            Self::AddPool { pool, .. } => format!("add pool {}", name(pool)),
            Self::DeletePool { pool } => format!("delete pool {}", name(pool)),
            Self::UpdatePool { pool, change } => match change {
                PoolChange::Autoscaling(Some(range)) => {
                    format!("autoscale {} from {} to {}", name(pool), range.min, range.max)
                }
                PoolChange::Autoscaling(None) => format!("disable the autoscaler of {}", name(pool)),
                PoolChange::Settings(change) => format!("change {} of {}", change.names().join(", "), name(pool)),
                PoolChange::Immutable(setting) => format!("change {setting} of {}", name(pool)),
            },
            Self::UpdateNetwork(NetworkChange::PodCidr(cidr)) => format!("change the pod CIDR to {cidr}"),
            Self::UpdateNetwork(NetworkChange::Overlay(cidr)) => format!("change to Azure CNI Overlay, pods in {cidr}"),
            Self::StopPool { pool } => format!("stop pool {}", name(pool)),
            Self::StartPool { pool } => format!("start pool {}", name(pool)),
            Self::Read(ReadCall::Show) => "show the cluster".to_owned(),
            Self::Read(ReadCall::ListSubscription) => "list the clusters of the subscription".to_owned(),
            Self::Read(ReadCall::ListResourceGroup) => "list the clusters of the resource group".to_owned(),
            Self::Abort { pool: Some(pool) } => format!("abort the operation on {}", name(pool)),
            Self::Abort { pool: None } => "abort the operation on the cluster".to_owned(),
            Self::Migrate { from, to, .. } => format!("migrate {} to {}", name(from), name(to)),
        }
    }
}
