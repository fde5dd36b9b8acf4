//! Azure's built-in roles that matter for a cluster, with the actions that each of them allows.
//!
//! Source of the AKS roles: azure-docs, built-in-roles/containers.md, 2025-06-30; of Owner and Contributor:
//! built-in-roles/privileged.md, 2026-07-01; of Reader: built-in-roles/general.md, 2026-02-23. How patterns and exceptions are read:
//! azure-docs, role-definitions.md, 2022-08-19. Not here: custom roles, deny assignments, conditions.

/// Actions of the resource provider that operations ask for.
/// Source: azure-docs, resource provider operations of Microsoft.ContainerService, 2023-09-13.
pub mod action {
    /// Change the cluster: upgrade it, change its settings.
    pub const CLUSTER_WRITE: &str = "Microsoft.ContainerService/managedClusters/write";
    /// Look at the cluster, or list clusters.
    pub const CLUSTER_READ: &str = "Microsoft.ContainerService/managedClusters/read";
    /// Delete the cluster.
    pub const CLUSTER_DELETE: &str = "Microsoft.ContainerService/managedClusters/delete";
    /// Start the cluster.
    pub const CLUSTER_START: &str = "Microsoft.ContainerService/managedClusters/start/action";
    /// Stop the cluster.
    pub const CLUSTER_STOP: &str = "Microsoft.ContainerService/managedClusters/stop/action";
    /// Abort the cluster's latest operation.
    pub const CLUSTER_ABORT: &str = "Microsoft.ContainerService/managedClusters/abort/action";
    /// Create a node pool or change it: its count, its version, its bounds, its upgrade settings.
    pub const POOL_WRITE: &str = "Microsoft.ContainerService/managedClusters/agentPools/write";
    /// Delete a node pool.
    pub const POOL_DELETE: &str = "Microsoft.ContainerService/managedClusters/agentPools/delete";
    /// Abort a node pool's latest operation.
    pub const POOL_ABORT: &str = "Microsoft.ContainerService/managedClusters/agentPools/abort/action";
    /// Upgrade the node image of a node pool.
    pub const POOL_UPGRADE_NODE_IMAGE: &str =
        "Microsoft.ContainerService/managedClusters/agentPools/upgradeNodeImageVersion/action";
    /// Get the kubeconfig of a user.
    pub const LIST_USER_CREDENTIAL: &str =
        "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action";
    /// Get the kubeconfig of the local administrator.
    pub const LIST_ADMIN_CREDENTIAL: &str =
        "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action";
}

/// An action below `Microsoft.ContainerService/managedClusters/`.
macro_rules! cluster {
    ($($rest:literal),* $(,)?) => { &[$(concat!("Microsoft.ContainerService/managedClusters/", $rest)),*] };
}

/// What the roles named "RBAC" may do outside the cluster, besides getting credentials.
macro_rules! rbac_actions {
    ($($more:literal),*) => {
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/subscriptions/operationresults/read",
            "Microsoft.Resources/subscriptions/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            $($more),*
        ]
    };
}

/// A built-in role of Azure: patterns of what it allows, and exceptions from them.
#[derive(Debug, PartialEq, Eq)]
pub struct AzureRole {
    /// Its display name.
    pub name: &'static str,
    /// What it allows on Azure's resources.
    pub actions: &'static [&'static str],
    /// Exceptions from `actions`.
    pub not_actions: &'static [&'static str],
    /// What it allows inside the cluster, where Azure decides about that.
    pub data_actions: &'static [&'static str],
    /// Exceptions from `data_actions`.
    pub not_data_actions: &'static [&'static str],
}

impl AzureRole {
    /// All roles, lesser ones first.
    pub const ALL: &'static [Self] = &[
        Self {
            name: "Azure Kubernetes Service Cluster Monitoring User",
            actions: cluster!["listClusterMonitoringUserCredential/action", "read"],
            ..NOTHING
        },
        Self {
            name: "Azure Kubernetes Service Cluster User Role",
            actions: cluster!["listClusterUserCredential/action", "read"],
            ..NOTHING
        },
        Self {
            name: "Azure Kubernetes Service Cluster Admin Role",
            actions: cluster![
                "listClusterAdminCredential/action",
                "accessProfiles/listCredential/action",
                "read",
                "runcommand/action",
            ],
            ..NOTHING
        },
        Self {
            name: "Azure Kubernetes Service RBAC Reader",
            actions: rbac_actions!(),
            data_actions: RBAC_READER,
            ..NOTHING
        },
        Self {
            name: "Azure Kubernetes Service RBAC Writer",
            actions: rbac_actions!(),
            data_actions: RBAC_WRITER,
            ..NOTHING
        },
        Self {
            name: "Azure Kubernetes Service RBAC Admin",
            actions: rbac_actions!("Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"),
            data_actions: cluster!["*"],
            not_data_actions: cluster![
                "resourcequotas/write",
                "resourcequotas/delete",
                "namespaces/write",
                "namespaces/delete",
            ],
            ..NOTHING
        },
        Self {
            name: "Azure Kubernetes Service RBAC Cluster Admin",
            actions: rbac_actions!("Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"),
            data_actions: cluster!["*"],
            ..NOTHING
        },
        Self {
            name: "Azure Kubernetes Service Contributor Role",
            actions: &[
                "Microsoft.Authorization/*/read",
                "Microsoft.ContainerService/locations/*",
                "Microsoft.ContainerService/managedClusters/*",
                "Microsoft.ContainerService/managedclustersnapshots/*",
                "Microsoft.ContainerService/snapshots/*",
                "Microsoft.Insights/alertRules/*",
                "Microsoft.Resources/deployments/*",
                "Microsoft.Resources/subscriptions/resourceGroups/read",
            ],
            ..NOTHING
        },
        Self { name: "Reader", actions: &["*/read"], ..NOTHING },
        Self {
            name: "Contributor",
            actions: &["*"],
            not_actions: &[
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
                "Microsoft.Blueprint/blueprintAssignments/write",
                "Microsoft.Blueprint/blueprintAssignments/delete",
                "Microsoft.Compute/galleries/share/action",
                "Microsoft.Purview/consents/write",
                "Microsoft.Purview/consents/delete",
                "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
                "Microsoft.Subscription/cancel/action",
                "Microsoft.Subscription/enable/action",
            ],
            ..NOTHING
        },
        Self { name: "Owner", actions: &["*"], ..NOTHING },
    ];

    /// The role of this name, upper and lower case not distinguished.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|role| role.name.eq_ignore_ascii_case(name))
    }

    /// True when the role allows the action on Azure's resources.
    #[must_use]
    pub fn allows(&self, action: &str) -> bool {
        any_matches(self.actions, action) && !any_matches(self.not_actions, action)
    }

    /// True when the role allows the action inside the cluster.
    #[must_use]
    pub fn allows_data(&self, action: &str) -> bool {
        any_matches(self.data_actions, action) && !any_matches(self.not_data_actions, action)
    }

    /// The first of the actions that none of the roles allows. An exception of one role takes nothing from another.
    #[must_use]
    pub fn first_missing<'a>(roles: &[&Self], needed: &[&'a str]) -> Option<&'a str> {
        needed.iter().copied().find(|action| !roles.iter().any(|role| role.allows(action)))
    }
}

/// A role that allows nothing.
const NOTHING: AzureRole =
    AzureRole { name: "", actions: &[], not_actions: &[], data_actions: &[], not_data_actions: &[] };

/// Data actions of Azure Kubernetes Service RBAC Reader.
const RBAC_READER: &[&str] = cluster![
    "apps/controllerrevisions/read",
    "apps/daemonsets/read",
    "apps/deployments/read",
    "apps/replicasets/read",
    "apps/statefulsets/read",
    "autoscaling/horizontalpodautoscalers/read",
    "batch/cronjobs/read",
    "batch/jobs/read",
    "configmaps/read",
    "discovery.k8s.io/endpointslices/read",
    "endpoints/read",
    "events.k8s.io/events/read",
    "events/read",
    "extensions/daemonsets/read",
    "extensions/deployments/read",
    "extensions/ingresses/read",
    "extensions/networkpolicies/read",
    "extensions/replicasets/read",
    "limitranges/read",
    "metrics.k8s.io/pods/read",
    "metrics.k8s.io/nodes/read",
    "namespaces/read",
    "networking.k8s.io/ingresses/read",
    "networking.k8s.io/networkpolicies/read",
    "persistentvolumeclaims/read",
    "pods/read",
    "policy/poddisruptionbudgets/read",
    "replicationcontrollers/read",
    "resourcequotas/read",
    "serviceaccounts/read",
    "services/read",
];

/// Data actions of Azure Kubernetes Service RBAC Writer.
const RBAC_WRITER: &[&str] = cluster![
    "apps/controllerrevisions/read",
    "apps/daemonsets/*",
    "apps/deployments/*",
    "apps/replicasets/*",
    "apps/statefulsets/*",
    "autoscaling/horizontalpodautoscalers/*",
    "batch/cronjobs/*",
    "batch/jobs/*",
    "configmaps/*",
    "coordination.k8s.io/leases/read",
    "coordination.k8s.io/leases/write",
    "coordination.k8s.io/leases/delete",
    "discovery.k8s.io/endpointslices/read",
    "endpoints/*",
    "events.k8s.io/events/read",
    "events/*",
    "extensions/daemonsets/*",
    "extensions/deployments/*",
    "extensions/ingresses/*",
    "extensions/networkpolicies/*",
    "extensions/replicasets/*",
    "limitranges/read",
    "metrics.k8s.io/pods/read",
    "metrics.k8s.io/nodes/read",
    "namespaces/read",
    "networking.k8s.io/ingresses/*",
    "networking.k8s.io/networkpolicies/*",
    "persistentvolumeclaims/*",
    "pods/*",
    "policy/poddisruptionbudgets/*",
    "replicationcontrollers/*",
    "resourcequotas/read",
    "secrets/*",
    "serviceaccounts/*",
    "services/*",
];

fn any_matches(patterns: &[&str], action: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern.as_bytes(), action.as_bytes()))
}

/// A `*` stands for any text, slashes included; upper and lower case are not distinguished.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
        Some((letter, rest)) => match text.split_first() {
            Some((found, after)) => found.eq_ignore_ascii_case(letter) && matches(rest, after),
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> &'static AzureRole {
        AzureRole::find(name).unwrap_or_else(|| panic!("no role {name}"))
    }

    fn aks(name: &str) -> &'static AzureRole {
        role(&format!("Azure Kubernetes Service {name}"))
    }

    fn of_cluster(rest: &str) -> String {
        format!("Microsoft.ContainerService/managedClusters/{rest}")
    }

    #[test]
    fn a_star_stands_for_any_text_and_case_does_not_matter() {
        for (pattern, action, expected) in [
            ("*", "a/b/write", true),
            ("*/read", "a/b/read", true),
            ("*/read", "a/b/readAll", false),
            ("A/*/Write", "a/b/c/write", true),
            ("A/*/Write", "a/write", false),
            ("a/*", "a/", true),
            ("a/*", "ab/c", false),
            ("a/b", "a/b/c", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), action.as_bytes()), expected, "{pattern} on {action}");
        }
    }

    /// azure-docs, built-in-roles/containers.md, 2025-06-30.
    #[test]
    fn cluster_admin_gets_credentials_and_runs_commands_and_nothing_else() {
        let expected =
            ["listClusterAdminCredential/action", "accessProfiles/listCredential/action", "read", "runcommand/action"];
        let found = aks("Cluster Admin Role");
        assert_eq!(found.actions, expected.map(of_cluster));
        assert_eq!(found.data_actions, [] as [&str; 0]);
        assert!(!found.allows(action::LIST_USER_CREDENTIAL) && !found.allows(action::POOL_WRITE));
    }

    /// The same page.
    #[test]
    fn contributor_of_the_service_does_everything_to_the_cluster_and_nothing_inside() {
        let found = aks("Contributor Role");
        for action in [
            action::CLUSTER_WRITE,
            action::CLUSTER_DELETE,
            action::CLUSTER_START,
            action::CLUSTER_STOP,
            action::CLUSTER_ABORT,
            action::POOL_WRITE,
            action::POOL_DELETE,
            action::POOL_ABORT,
            action::POOL_UPGRADE_NODE_IMAGE,
            action::LIST_USER_CREDENTIAL,
            action::LIST_ADMIN_CREDENTIAL,
        ] {
            assert!(found.allows(action), "{action}");
        }
        assert_eq!(found.data_actions, [] as [&str; 0]);
        assert!(!found.allows("Microsoft.Authorization/roleAssignments/write"));
    }

    /// The same page.
    #[test]
    fn reader_inside_the_cluster_reads_no_secrets_and_changes_no_cluster() {
        let found = aks("RBAC Reader");
        assert!(found.allows_data(&of_cluster("pods/read")));
        assert!(!found.allows_data(&of_cluster("secrets/read")) && !found.allows_data(&of_cluster("pods/write")));
        assert!(!found.allows_data(&of_cluster("rbac.authorization.k8s.io/roles/read")));
        assert!(!found.allows(action::CLUSTER_WRITE) && !found.allows(action::LIST_USER_CREDENTIAL));
    }

    /// The same page.
    #[test]
    fn writer_and_admins_inside_the_cluster_differ_in_nodes_roles_and_namespaces() {
        for (name, path, expected) in [
            ("RBAC Writer", "secrets/read", true),
            ("RBAC Writer", "pods/exec/action", true),
            ("RBAC Writer", "nodes/write", false),
            ("RBAC Writer", "rbac.authorization.k8s.io/roles/write", false),
            ("RBAC Admin", "rbac.authorization.k8s.io/roles/write", true),
            ("RBAC Admin", "nodes/write", true),
            ("RBAC Admin", "namespaces/read", true),
            ("RBAC Admin", "namespaces/write", false),
            ("RBAC Admin", "resourcequotas/delete", false),
            ("RBAC Cluster Admin", "namespaces/delete", true),
        ] {
            assert_eq!(aks(name).allows_data(&of_cluster(path)), expected, "{name}: {path}");
        }
        assert!(!aks("RBAC Writer").allows(action::LIST_USER_CREDENTIAL));
        assert!(aks("RBAC Admin").allows(action::LIST_USER_CREDENTIAL));
    }

    /// azure-docs, built-in-roles/privileged.md, 2026-07-01.
    #[test]
    fn owner_assigns_roles_contributor_does_not_and_reader_reads() {
        let assign = "Microsoft.Authorization/roleAssignments/write";
        assert!(role("Owner").allows(assign) && !role("contributor").allows(assign));
        assert!(role("Contributor").allows(action::CLUSTER_DELETE));
        let read = "Microsoft.ContainerService/managedClusters/read";
        assert!(role("Reader").allows(read) && !role("Reader").allows(action::LIST_USER_CREDENTIAL));
        assert!(!role("Owner").allows_data(&of_cluster("pods/read")), "data actions are apart");
    }

    /// azure-aks-docs, upgrade-aks-node-pools-rolling.md, 2026-05-29: surge is a setting of the pool.
    #[test]
    fn the_first_action_that_no_role_allows_is_named() {
        let needed = [action::LIST_USER_CREDENTIAL, action::POOL_WRITE, action::CLUSTER_WRITE];
        let user = aks("Cluster User Role");
        assert_eq!(AzureRole::first_missing(&[user], &needed), Some(action::POOL_WRITE));
        assert_eq!(AzureRole::first_missing(&[], &needed), Some(action::LIST_USER_CREDENTIAL));
        assert_eq!(AzureRole::first_missing(&[user, aks("Contributor Role")], &needed), None);
        // What Contributor leaves out, another role may bring.
        let both = [role("Contributor"), role("Owner")];
        assert_eq!(AzureRole::first_missing(&both, &["Microsoft.Authorization/locks/delete"]), None);
    }
}
