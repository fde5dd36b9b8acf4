//! Access: how the cluster knows who asks, principals with their roles, and operations that will be refused.

use super::Resolver;
use crate::catalog::{AzureRole, ClusterRole, KubernetesVersion};
use crate::scenario::plan::{AccessPlan, Authentication, BindingPlan, OperationKind, PrincipalPlan, required_actions};
use crate::scenario::spec::{BindingSpec, ClusterSpec, PrincipalSpec, ScenarioSpec};
use std::collections::BTreeSet;

/// Who may ask, and of whom not everything was understood.
pub(super) struct Access {
    /// What the simulation needs.
    pub plan: AccessPlan,
    /// Names of principals about whom nothing is foretold, since a role or binding of theirs is an error.
    doubtful: BTreeSet<String>,
}

/// Resolves the cluster's settings and all principals, sorted by name.
pub(super) fn resolve(resolver: &mut Resolver<'_>, spec: &ScenarioSpec) -> Access {
    let authentication = authentication(resolver, &spec.cluster);
    let local_accounts = !spec.cluster.disable_local_accounts.unwrap_or(false);
    let mut principals: Vec<PrincipalPlan> = Vec::new();
    let mut doubtful = BTreeSet::new();
    for (index, written) in spec.principals.iter().flatten().enumerate() {
        let pointer = format!("/principals/{index}");
        if principals.iter().any(|principal| principal.name == written.name) {
            let found = format!("a second principal {}", written.name);
            resolver.error(&format!("{pointer}/name"), "scenario::duplicate", found, "give it another name");
            doubtful.insert(written.name.clone());
            continue;
        }
        let roles = roles(resolver, &pointer, written, authentication);
        let bindings = bindings(resolver, &pointer, written, authentication);
        if roles.is_none() || bindings.is_none() {
            doubtful.insert(written.name.clone());
        }
        let (roles, bindings) = (roles.unwrap_or_default(), bindings.unwrap_or_default());
        principals.push(PrincipalPlan { name: written.name.clone(), roles, bindings });
    }
    principals.sort_by(|a, b| a.name.cmp(&b.name));
    Access { plan: AccessPlan { authentication, local_accounts, principals }, doubtful }
}

/// Sources: API specification of 2025-05-01 (`disableLocalAccounts` only with Entra); azure-aks-docs, manage-azure-rbac.md,
/// 2023-03-02 (Azure RBAC only with managed Entra) and enable-authentication-microsoft-entra-id.md, 2025-10-07 (Entra only with
/// Kubernetes RBAC). Without Entra, what `enableRBAC` says changes nothing here: every kubeconfig is the administrator's.
fn authentication(resolver: &mut Resolver<'_>, cluster: &ClusterSpec) -> Authentication {
    let profile = cluster.aad_profile.as_ref();
    let managed = profile.is_some_and(|profile| profile.managed == Some(true));
    let azure_rbac = profile.is_some_and(|profile| profile.enable_azure_rbac == Some(true));
    if azure_rbac && !managed {
        let found = "found true without Microsoft Entra authentication";
        resolver.error(
            "/cluster/aadProfile/enableAzureRBAC",
            "scenario::access",
            found,
            "write managed: true beside it",
        );
    }
    if cluster.disable_local_accounts == Some(true) && !managed {
        let found = "found true without Microsoft Entra authentication: nobody could log in";
        let remedy = "write false, or add aadProfile: {managed: true}";
        resolver.error("/cluster/disableLocalAccounts", "scenario::access", found, remedy);
    }
    if cluster.enable_rbac == Some(false) && managed {
        let found = "found false with Microsoft Entra authentication, which needs Kubernetes RBAC";
        resolver.error("/cluster/enableRBAC", "scenario::access", found, "write true");
    }
    if managed { Authentication::Entra { azure_rbac } } else { Authentication::LocalAccounts }
}

fn roles(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    written: &PrincipalSpec,
    authentication: Authentication,
) -> Option<Vec<&'static AzureRole>> {
    let mut roles = Vec::new();
    let mut complete = true;
    for (index, name) in written.roles.iter().flatten().enumerate() {
        let pointer = format!("{pointer}/roles/{index}");
        let Some(role) = AzureRole::find(name) else {
            let known: Vec<&str> = AzureRole::ALL.iter().map(|role| role.name).collect();
            resolver.unknown(&pointer, "scenario::unknown_role", format!("no role {name}"), name, &known);
            complete = false;
            continue;
        };
        if !role.data_actions.is_empty() && authentication != (Authentication::Entra { azure_rbac: true }) {
            let found = format!("{} allows nothing inside the cluster, where Azure RBAC is off", role.name);
            let remedy = "add aadProfile: {managed: true, enableAzureRBAC: true} to the cluster";
            resolver.warn(&pointer, "scenario::role_without_effect", found, remedy);
        }
        roles.push(role);
    }
    complete.then_some(roles)
}

fn bindings(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    written: &PrincipalSpec,
    authentication: Authentication,
) -> Option<Vec<BindingPlan>> {
    let written = written.bindings.as_deref().unwrap_or_default();
    if !written.is_empty() && authentication == Authentication::LocalAccounts {
        let found = "have no effect: without Microsoft Entra authentication every kubeconfig is the administrator's";
        let remedy = "add aadProfile: {managed: true} to the cluster";
        resolver.warn(&format!("{pointer}/bindings"), "scenario::role_without_effect", found, remedy);
    }
    let mut bindings = Vec::new();
    for (index, BindingSpec { cluster_role, namespace }) in written.iter().enumerate() {
        match ClusterRole::find(cluster_role) {
            Some(role) => bindings.push(BindingPlan { role, namespace: namespace.clone() }),
            None => {
                let known: Vec<&str> = ClusterRole::ALL.iter().map(|role| role.name).collect();
                let pointer = format!("{pointer}/bindings/{index}/clusterRole");
                let found = format!("no ClusterRole {cluster_role}");
                resolver.unknown(&pointer, "scenario::unknown_role", found, cluster_role, &known);
            }
        }
    }
    (bindings.len() == written.len()).then_some(bindings)
}

impl Access {
    /// The index of the principal of this name.
    ///
    /// # Errors
    /// `Err(())` when there is none, and the scenario's author has been told.
    pub(super) fn asker(&self, resolver: &mut Resolver<'_>, pointer: &str, name: &str) -> Result<usize, ()> {
        let principals = &self.plan.principals;
        let found = principals.iter().position(|principal| principal.name == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = principals.iter().map(|principal| principal.name.as_str()).collect();
            let what = format!("no principal {name}");
            if known.is_empty() {
                let remedy = format!("add principals: [{{name: {name}, roles: [Contributor]}}]");
                resolver.error(pointer, "scenario::unknown_principal", what, remedy);
            } else {
                resolver.unknown(pointer, "scenario::unknown_principal", what, name, &known);
            }
        })
    }

    /// Warns when the operation will be refused for want of permission: roles do not change during a run.
    pub(super) fn foretell(
        &self,
        resolver: &mut Resolver<'_>,
        pointer: &str,
        asker: usize,
        kind: &OperationKind,
        control_plane: KubernetesVersion,
    ) {
        let principal = &self.plan.principals[asker];
        if self.doubtful.contains(&principal.name) {
            return;
        }
        if let Err(denial) = self.plan.check(principal, &required_actions(kind, control_plane)) {
            let found = format!("{} will be refused: {} is missing", principal.name, denial.missing());
            resolver.warn(pointer, "scenario::refused", found, denial.remedy());
        }
    }
}
