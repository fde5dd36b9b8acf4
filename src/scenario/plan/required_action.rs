//! What an operation needs: actions of Azure Resource Manager, requests to the Kubernetes API.

use super::OperationKind;
use crate::catalog::{KubernetesVersion, action};

/// One thing that whoever asks for an operation must be allowed to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequiredAction {
    /// An action of Azure Resource Manager.
    Azure {
        /// The action, one of [`crate::catalog::action`].
        action: &'static str,
        /// The pool that it is asked of, an index into [`super::ClusterPlan::pools`]; `None` for the cluster.
        pool: Option<usize>,
    },
    /// A request to the Kubernetes API, and with it a kubeconfig.
    Kubernetes(KubernetesRequest),
}

/// What kube-apiserver authorizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesRequest {
    /// `get`, `patch` and the like.
    pub verb: &'static str,
    /// The API group, empty for the core group.
    pub group: &'static str,
    /// The resource, or with a slash a subresource such as `pods/eviction`.
    pub resource: &'static str,
    /// The object, where there is one.
    pub name: Option<String>,
    /// The namespace; `None` for the cluster's scope, which for a resource of namespaces means all of them.
    pub namespace: Option<String>,
}

impl RequiredAction {
    /// What `kubectl cordon` and `kubectl uncordon` of a node, or of any, need: they read the node, and patch it.
    /// Source: kubernetes/kubernetes, staging/src/k8s.io/kubectl/pkg/drain/cordon.go.
    #[must_use]
    pub fn cordon(node: Option<&str>) -> Vec<Self> {
        ["get", "patch"].map(|verb| Self::kubernetes(verb, "", "nodes", node)).into()
    }

    /// What `kubectl drain` of a node needs: it cordons it, lists its pods, looks at their DaemonSets and evicts them.
    /// Source: kubernetes/kubernetes, staging/src/k8s.io/kubectl/pkg/drain. The last two are asked of all namespaces here, and
    /// not of those of the pods: every role that may cordon has both everywhere.
    #[must_use]
    pub fn drain(node: Option<&str>) -> Vec<Self> {
        let mut needed = Self::cordon(node);
        needed.extend([
            Self::kubernetes("list", "", "pods", None),
            Self::kubernetes("get", "apps", "daemonsets", None),
            Self::kubernetes("create", "", "pods/eviction", None),
        ]);
        needed
    }

    fn kubernetes(verb: &'static str, group: &'static str, resource: &'static str, name: Option<&str>) -> Self {
        let name = name.map(str::to_owned);
        Self::Kubernetes(KubernetesRequest { verb, group, resource, name, namespace: None })
    }
}

/// What an operation needs, in the order in which it is asked for. `control_plane` is the version of the control plane then.
///
/// Sources: azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29 (settings of a pool are `agentPools/write`),
/// entra-id-control-plane-authentication.md, 2026-04-19 (changes of the cluster are `managedClusters/write`). That scaling a pool
/// and upgrading it are such changes follows from the API, where they are a PUT of the pool, and an upgrade of the cluster one of
/// the cluster; a PUT is a `write` (azure-docs, role-definitions.md, 2022-08-19). The `read` before it is left out: every
/// role that writes reads.
#[must_use]
pub fn required_actions(kind: &OperationKind, control_plane: KubernetesVersion) -> Vec<RequiredAction> {
    let of_pool = |action, pool: usize| RequiredAction::Azure { action, pool: Some(pool) };
    let of_cluster = |action| RequiredAction::Azure { action, pool: None };
    match kind {
        OperationKind::CreateCluster | OperationKind::UpdateNetwork(_) => vec![of_cluster(action::CLUSTER_WRITE)],
        OperationKind::Read(_) => vec![of_cluster(action::CLUSTER_READ)],
        OperationKind::StopCluster => vec![of_cluster(action::CLUSTER_STOP)],
        OperationKind::StartCluster => vec![of_cluster(action::CLUSTER_START)],
        OperationKind::Scale { pool, .. }
        | OperationKind::AddPool { pool, .. }
        | OperationKind::UpdatePool { pool, .. }
        | OperationKind::StopPool { pool }
        | OperationKind::StartPool { pool }
        | OperationKind::Rollback { pool } => vec![of_pool(action::POOL_WRITE, *pool)],
        OperationKind::DeletePool { pool } => vec![of_pool(action::POOL_DELETE, *pool)],
        OperationKind::Abort { pool: Some(pool) } => vec![of_pool(action::POOL_ABORT, *pool)],
        OperationKind::Abort { pool: None } => vec![of_cluster(action::CLUSTER_ABORT)],
        OperationKind::Migrate { from, to, .. } => {
            let mut needed = vec![of_pool(action::POOL_WRITE, *to), of_pool(action::POOL_WRITE, *from)];
            needed.extend(RequiredAction::drain(None));
            needed.push(of_pool(action::POOL_DELETE, *from));
            needed
        }
        OperationKind::Upgrade { version: Some(version), pools, .. }
            if *version > control_plane || pools.is_empty() =>
        {
            vec![of_cluster(action::CLUSTER_WRITE)]
        }
        OperationKind::Upgrade { version: Some(_), pools, .. } => {
            pools.iter().map(|pool| of_pool(action::POOL_WRITE, *pool)).collect()
        }
        OperationKind::Upgrade { version: None, pools, .. } => {
            pools.iter().map(|pool| of_pool(action::POOL_UPGRADE_NODE_IMAGE, *pool)).collect()
        }
    }
}

impl KubernetesRequest {
    /// The action that Azure RBAC knows the request by: verbs are gathered into read, write and delete, and a subresource counts
    /// as its resource. Source: kubeguard/guard, authz/providers/azure/rbac. Its exceptions, `pods/exec` and the verbs on roles
    /// and identities, are nothing that an operation asks for.
    #[must_use]
    pub fn data_action(&self) -> String {
        let group = if self.group.is_empty() { String::new() } else { format!("{}/", self.group) };
        let resource = self.resource.split('/').next().unwrap_or(self.resource);
        let action = match self.verb {
            "get" | "list" | "watch" => "read",
            "delete" | "deletecollection" => "delete",
            _ => "write",
        };
        format!("Microsoft.ContainerService/managedClusters/{group}{resource}/{action}")
    }

    /// The resource with its group, as messages begin: `nodes`, `deployments.apps`.
    pub(super) fn qualified_resource(&self) -> String {
        let resource = self.resource.split('/').next().unwrap_or(self.resource);
        if self.group.is_empty() { resource.to_owned() } else { format!("{resource}.{}", self.group) }
    }

    /// The request in the API server's words: `patch resource "nodes" in API group "" at the cluster scope`.
    pub(super) fn phrase(&self) -> String {
        let place = match &self.namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".to_owned(),
        };
        format!("{} resource \"{}\" in API group \"{}\" {place}", self.verb, self.resource, self.group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The actions without their common beginning, each with its pool.
    fn check(kind: &OperationKind, expected: &[(&str, Option<usize>)]) {
        let found = required_actions(kind, KubernetesVersion::minor(34));
        let found: Vec<(&str, Option<usize>)> = found
            .iter()
            .map(|needed| match needed {
                RequiredAction::Azure { action, pool } => {
                    (action.strip_prefix("Microsoft.ContainerService/managedClusters/").expect("of a cluster"), *pool)
                }
                RequiredAction::Kubernetes(request) => panic!("{request:?}"),
            })
            .collect();
        assert_eq!(found, expected, "{kind:?}");
    }

    #[test]
    fn operations_need_the_write_of_what_they_change() {
        check(&OperationKind::Scale { pool: 1, count: 3 }, &[("agentPools/write", Some(1))]);
        let upgrade = |minor, pools: &[usize]| OperationKind::Upgrade {
            version: Some(KubernetesVersion::minor(minor)),
            pools: pools.to_vec(),
            force: false,
            whole_cluster: false,
        };
        check(&upgrade(35, &[0, 1]), &[("write", None)]);
        check(&upgrade(35, &[]), &[("write", None)]);
        check(&upgrade(34, &[1]), &[("agentPools/write", Some(1))]);
        let image = OperationKind::Upgrade { version: None, pools: vec![0, 1], force: false, whole_cluster: false };
        let action = "agentPools/upgradeNodeImageVersion/action";
        check(&image, &[(action, Some(0)), (action, Some(1))]);
    }

    #[test]
    fn azure_knows_requests_by_resource_and_kind_of_verb() {
        for (verb, group, resource, expected) in [
            ("list", "", "pods", "pods/read"),
            ("create", "", "pods/eviction", "pods/write"),
            ("patch", "", "nodes", "nodes/write"),
            ("get", "apps", "daemonsets", "apps/daemonsets/read"),
            ("deletecollection", "policy", "poddisruptionbudgets", "policy/poddisruptionbudgets/delete"),
        ] {
            let request = KubernetesRequest { verb, group, resource, name: None, namespace: None };
            let expected = format!("Microsoft.ContainerService/managedClusters/{expected}");
            assert_eq!(request.data_action(), expected);
        }
    }
}
