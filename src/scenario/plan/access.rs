//! Who may ask for what: principals with their Azure roles and role bindings, and how the cluster knows them.

use super::ClusterPlan;
use super::required_action::{KubernetesRequest, RequiredAction};
use crate::catalog::{AzureRole, ClusterRole, action};

/// Stands for the subscription in messages: a scenario has none.
const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

/// How the cluster knows who asks, and who there is. By default local accounts and nobody but the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessPlan {
    /// How the Kubernetes API knows who calls it.
    pub authentication: Authentication,
    /// True while the local administrator's kubeconfig can be got (`disableLocalAccounts` is false).
    pub local_accounts: bool,
    /// Who may ask besides the owner, sorted by name.
    pub principals: Vec<PrincipalPlan>,
}

impl Default for AccessPlan {
    fn default() -> Self {
        Self { authentication: Authentication::LocalAccounts, local_accounts: true, principals: Vec::new() }
    }
}

/// How the Kubernetes API knows who calls it.
/// Source: azure-aks-docs, concepts-identity.md, 2026-04-18.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// By the certificate in the kubeconfig. A user's kubeconfig is the administrator's.
    LocalAccounts,
    /// By Microsoft Entra ID. Kubernetes' role bindings decide.
    Entra {
        /// Azure's role assignments decide as well: what either of the two allows is allowed.
        azure_rbac: bool,
    },
}

/// Somebody who asks for operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalPlan {
    /// The name, as operations and messages give it.
    pub name: String,
    /// Roles assigned at the scope of the cluster.
    pub roles: Vec<&'static AzureRole>,
    /// Role bindings inside the cluster.
    pub bindings: Vec<BindingPlan>,
}

/// A RoleBinding or, without namespace, a ClusterRoleBinding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingPlan {
    /// What it grants.
    pub role: &'static ClusterRole,
    /// Where; `None` for the whole cluster.
    pub namespace: Option<String>,
}

/// Why somebody may not do something: the first thing that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// No role allows the action of Azure Resource Manager.
    Azure {
        /// The action.
        action: &'static str,
        /// The pool that it is asked of, an index into [`ClusterPlan::pools`]; `None` for the cluster.
        pool: Option<usize>,
    },
    /// Only the local administrator's kubeconfig may be got, and local accounts are disabled.
    LocalAccountsDisabled,
    /// The Kubernetes API refuses the request.
    Kubernetes {
        /// The request.
        request: KubernetesRequest,
        /// True where Azure's role assignments were asked as well.
        azure_rbac: bool,
    },
}

impl AccessPlan {
    /// Whether the principal may do all that is needed.
    ///
    /// The way into the Kubernetes API is a kubeconfig. The administrator's is above role bindings and role assignments; a
    /// user's is the administrator's without Entra, and empty but for a login with it. Source: azure-aks-docs,
    /// control-kubeconfig-access.md, 2023-03-28, and local-accounts.md, 2023-04-20. Not modelled: `az aks command invoke`.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub fn check(&self, principal: &PrincipalPlan, needed: &[RequiredAction]) -> Result<(), Denial> {
        needed.iter().try_for_each(|needed| match needed {
            RequiredAction::Azure { action, pool } => match AzureRole::first_missing(&principal.roles, &[action]) {
                None => Ok(()),
                Some(_) => Err(Denial::Azure { action, pool: *pool }),
            },
            RequiredAction::Kubernetes(request) => self.check_kubernetes(principal, request),
        })
    }

    fn check_kubernetes(&self, principal: &PrincipalPlan, request: &KubernetesRequest) -> Result<(), Denial> {
        let is_administrator = principal.may(action::LIST_ADMIN_CREDENTIAL);
        if is_administrator && self.local_accounts {
            return Ok(());
        }
        if !principal.may(action::LIST_USER_CREDENTIAL) {
            return Err(if is_administrator {
                Denial::LocalAccountsDisabled
            } else {
                Denial::Azure { action: action::LIST_USER_CREDENTIAL, pool: None }
            });
        }
        match self.authentication {
            Authentication::LocalAccounts => Ok(()),
            Authentication::Entra { azure_rbac } => {
                let data_action = request.data_action();
                let is_bound = principal.bindings.iter().any(|binding| binding.allows(request));
                let is_assigned = azure_rbac && principal.roles.iter().any(|role| role.allows_data(&data_action));
                if is_bound || is_assigned {
                    Ok(())
                } else {
                    Err(Denial::Kubernetes { request: request.clone(), azure_rbac })
                }
            }
        }
    }
}

impl PrincipalPlan {
    fn may(&self, action: &str) -> bool {
        self.roles.iter().any(|role| role.allows(action))
    }
}

impl BindingPlan {
    /// A RoleBinding grants what its role allows in its namespace, and nothing at the cluster's scope.
    fn allows(&self, request: &KubernetesRequest) -> bool {
        let reaches = self.namespace.is_none() || self.namespace == request.namespace;
        reaches && self.role.allows(request.verb, request.group, request.resource)
    }
}

impl Denial {
    /// The code of the refusal: Azure's, or the reason of the Kubernetes API.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Azure { .. } => "AuthorizationFailed",
            Self::LocalAccountsDisabled => "BadRequest",
            Self::Kubernetes { .. } => "Forbidden",
        }
    }

    /// What is missing, in a few words.
    #[must_use]
    pub fn missing(&self) -> String {
        match self {
            Self::Azure { action, .. } => (*action).to_owned(),
            Self::LocalAccountsDisabled => {
                format!("{}, and local accounts are disabled", action::LIST_USER_CREDENTIAL)
            }
            Self::Kubernetes { request, azure_rbac: false } => request.phrase(),
            Self::Kubernetes { request, azure_rbac: true } => request.data_action(),
        }
    }

    /// The least that would help with what is missing.
    #[must_use]
    pub fn remedy(&self) -> String {
        let role = |allows: &dyn Fn(&AzureRole) -> bool| {
            let least = AzureRole::ALL.iter().find(|role| allows(role));
            format!("give the role {}", least.expect("Owner and RBAC Cluster Admin have every action").name)
        };
        match self {
            Self::Azure { action, .. } => role(&|role| role.allows(action)),
            Self::LocalAccountsDisabled => role(&|role| role.allows(action::LIST_USER_CREDENTIAL)),
            Self::Kubernetes { request, azure_rbac: true } => role(&|role| role.allows_data(&request.data_action())),
            Self::Kubernetes { request, azure_rbac: false } => {
                let allows = |role: &&ClusterRole| role.allows(request.verb, request.group, request.resource);
                let least = ClusterRole::ALL.iter().find(allows).expect("cluster-admin allows everything");
                format!("bind the ClusterRole {}", least.name)
            }
        }
    }

    /// The message, in the general form of Azure Resource Manager (without the object id, which a scenario's principal does not
    /// have), of `az aks get-credentials`, or of the Kubernetes API.
    ///
    /// Sources: azure-aks-docs, local-accounts.md, 2023-04-20; the API server's `Forbidden` status; the sentence that the webhook
    /// of Azure RBAC adds to it, from its source code (kubeguard/guard, authz/providers/azure/rbac).
    #[must_use]
    pub fn message(&self, principal: &str, cluster: &ClusterPlan) -> String {
        match self {
            Self::Azure { action, pool } => {
                let scope = scope(cluster, *pool);
                format!(
                    "The client '{principal}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid."
                )
            }
            Self::LocalAccountsDisabled => {
                "Getting static credential isn't allowed because this cluster is set to disable local accounts."
                    .to_owned()
            }
            Self::Kubernetes { request, azure_rbac } => {
                let what = match &request.name {
                    Some(name) => format!("{} \"{name}\"", request.qualified_resource()),
                    None => request.qualified_resource(),
                };
                let why = if *azure_rbac {
                    ": User does not have access to the resource in Azure. Update role assignment to allow access."
                } else {
                    ""
                };
                format!("{what} is forbidden: User \"{principal}\" cannot {}{why}", request.phrase())
            }
        }
    }
}

/// The resource id of the cluster or of one of its pools.
fn scope(cluster: &ClusterPlan, pool: Option<usize>) -> String {
    let ClusterPlan { resource_group, name, .. } = cluster;
    let cluster_id = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{resource_group}/providers/Microsoft.ContainerService/managedClusters/{name}"
    );
    match pool {
        None => cluster_id,
        Some(pool) => format!("{cluster_id}/agentPools/{}", cluster.pools[pool].name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(roles: &[&str], bindings: &[(&str, Option<&str>)]) -> PrincipalPlan {
        let role = |name: &&str| AzureRole::find(&format!("Azure Kubernetes Service {name}")).expect("a role");
        let binding = |(role, namespace): &(&str, Option<&str>)| BindingPlan {
            role: ClusterRole::find(role).expect("a role"),
            namespace: namespace.map(str::to_owned),
        };
        PrincipalPlan {
            name: "bob".into(),
            roles: roles.iter().map(role).collect(),
            bindings: bindings.iter().map(binding).collect(),
        }
    }

    fn evict(namespace: &str) -> Vec<RequiredAction> {
        vec![RequiredAction::Kubernetes(KubernetesRequest {
            verb: "create",
            group: "",
            resource: "pods/eviction",
            name: Some("web-1".into()),
            namespace: Some(namespace.into()),
        })]
    }

    const LOCAL: Authentication = Authentication::LocalAccounts;
    const ENTRA: Authentication = Authentication::Entra { azure_rbac: false };
    const AZURE_RBAC: Authentication = Authentication::Entra { azure_rbac: true };

    /// Checks the code of the refusal and what is missing; an empty code where everything is there.
    fn check(
        (authentication, local_accounts): (Authentication, bool),
        who: &PrincipalPlan,
        needed: &[RequiredAction],
        expected: (&str, &str),
    ) {
        let access = AccessPlan { authentication, local_accounts, principals: Vec::new() };
        let denial = access.check(who, needed).err();
        let found = denial.as_ref().map(|denial| (denial.code(), denial.missing())).unwrap_or_default();
        assert_eq!((found.0, found.1.as_str()), expected, "{who:?}");
    }

    const ALLOWED: (&str, &str) = ("", "");
    const NO_CREDENTIAL: (&str, &str) = ("AuthorizationFailed", action::LIST_USER_CREDENTIAL);

    #[test]
    fn an_action_on_the_cluster_needs_a_role_whatever_the_authentication() {
        let scale = [RequiredAction::Azure { action: action::POOL_WRITE, pool: Some(0) }];
        for mode in [(LOCAL, true), (ENTRA, false), (AZURE_RBAC, true)] {
            check(mode, &principal(&["Contributor Role"], &[]), &scale, ALLOWED);
            let user = principal(&["Cluster User Role", "RBAC Cluster Admin"], &[("cluster-admin", None)]);
            check(mode, &user, &scale, ("AuthorizationFailed", action::POOL_WRITE));
        }
    }

    #[test]
    fn without_entra_every_kubeconfig_is_the_administrators() {
        let mode = (LOCAL, true);
        check(mode, &principal(&["Cluster User Role"], &[]), &RequiredAction::drain(Some("n")), ALLOWED);
        check(mode, &principal(&["Cluster Admin Role"], &[]), &RequiredAction::drain(Some("n")), ALLOWED);
        check(mode, &principal(&[], &[("cluster-admin", None)]), &RequiredAction::drain(Some("n")), NO_CREDENTIAL);
        check(mode, &principal(&["Cluster Monitoring User"], &[]), &RequiredAction::drain(Some("n")), NO_CREDENTIAL);
    }

    #[test]
    fn with_entra_role_bindings_decide_in_their_namespace() {
        let mode = (ENTRA, true);
        let cordon = RequiredAction::cordon(Some("n"));
        let read_node = ("Forbidden", "get resource \"nodes\" in API group \"\" at the cluster scope");
        check(mode, &principal(&["Cluster User Role"], &[]), &cordon, read_node);
        check(mode, &principal(&["Cluster User Role"], &[("admin", None)]), &cordon, read_node);
        check(mode, &principal(&["Cluster User Role"], &[("cluster-admin", Some("shop"))]), &cordon, read_node);
        check(mode, &principal(&["Cluster User Role"], &[("cluster-admin", None)]), &cordon, ALLOWED);
        let editor = principal(&["Cluster User Role"], &[("edit", Some("shop"))]);
        check(mode, &editor, &evict("shop"), ALLOWED);
        let elsewhere =
            ("Forbidden", "create resource \"pods/eviction\" in API group \"\" in the namespace \"default\"");
        check(mode, &editor, &evict("default"), elsewhere);
        // Without a kubeconfig a binding is of no use.
        check(mode, &principal(&[], &[("edit", None)]), &evict("shop"), NO_CREDENTIAL);
        // Azure's roles for the inside of a cluster count only where Azure decides.
        let assigned = principal(&["Cluster User Role", "RBAC Cluster Admin"], &[]);
        check(
            mode,
            &assigned,
            &evict("shop"),
            ("Forbidden", "create resource \"pods/eviction\" in API group \"\" in the namespace \"shop\""),
        );
    }

    #[test]
    fn with_azure_rbac_either_an_assignment_or_a_binding_is_enough() {
        let mode = (AZURE_RBAC, false);
        let drain = RequiredAction::drain(Some("n"));
        check(mode, &principal(&["RBAC Cluster Admin"], &[]), &drain, ALLOWED);
        check(mode, &principal(&["RBAC Admin"], &[]), &drain, ALLOWED);
        check(mode, &principal(&["RBAC Writer"], &[]), &drain, NO_CREDENTIAL);
        let writer = principal(&["Cluster User Role", "RBAC Writer"], &[]);
        check(mode, &writer, &evict("shop"), ALLOWED);
        check(mode, &writer, &drain, ("Forbidden", "Microsoft.ContainerService/managedClusters/nodes/read"));
        check(mode, &principal(&["Cluster User Role"], &[("cluster-admin", None)]), &drain, ALLOWED);
    }

    #[test]
    fn the_local_administrator_is_above_all_unless_local_accounts_are_disabled() {
        let drain = RequiredAction::drain(Some("n"));
        for mode in [ENTRA, AZURE_RBAC] {
            let administrator = principal(&["Cluster Admin Role"], &[]);
            check((mode, true), &administrator, &drain, ALLOWED);
            let disabled = format!("{}, and local accounts are disabled", action::LIST_USER_CREDENTIAL);
            check((mode, false), &administrator, &drain, ("BadRequest", &disabled));
            check((mode, true), &principal(&["Contributor Role"], &[]), &drain, ALLOWED);
        }
        let read_node = ("Forbidden", "get resource \"nodes\" in API group \"\" at the cluster scope");
        check((ENTRA, false), &principal(&["Contributor Role"], &[]), &drain, read_node);
    }
}
