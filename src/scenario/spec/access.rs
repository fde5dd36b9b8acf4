//! Who may ask for what, as it is written: the cluster's part in the words of `az aks show`, principals in Azure's and Kubernetes'.

use super::Faults;
use deserr::Deserr;
use schemars::JsonSchema;

/// Microsoft Entra authentication.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct AadProfileSpec {
    /// True for Entra authentication managed by AKS; false unless given.
    #[deserr(default)]
    pub managed: Option<bool>,
    /// Lets Azure's role assignments decide what is allowed inside the cluster, besides role bindings; false unless given.
    #[deserr(default, rename = "enableAzureRBAC")]
    #[schemars(rename = "enableAzureRBAC")]
    pub enable_azure_rbac: Option<bool>,
}

/// Somebody who asks for operations.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrincipalSpec {
    /// Name, as operations refer to it.
    pub name: String,
    /// Azure's built-in roles, assigned at the scope of the cluster: Owner, Contributor, Reader, or Azure Kubernetes Service followed by Contributor
    /// Role, Cluster Admin Role, Cluster User Role, Cluster Monitoring User, RBAC Reader, RBAC Writer, RBAC Admin or RBAC Cluster Admin.
    #[deserr(default)]
    pub roles: Option<Vec<String>>,
    /// Kubernetes' role bindings.
    #[deserr(default)]
    pub bindings: Option<Vec<BindingSpec>>,
}

/// A RoleBinding or, without namespace, a ClusterRoleBinding.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindingSpec {
    /// view, edit, admin or cluster-admin.
    pub cluster_role: String,
    /// The namespace in which it is granted; the whole cluster unless given.
    #[deserr(default)]
    pub namespace: Option<String>,
}
