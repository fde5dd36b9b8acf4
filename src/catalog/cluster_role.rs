//! Kubernetes' user-facing ClusterRoles with their rules.
//!
//! Source: kubernetes/kubernetes, plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata/cluster-roles.yaml at 025f283 (`admin`
//! gathers `edit`, and `edit` gathers `view`). The API group `extensions`, which no supported version serves, is left out. Not here:
//! Roles and ClusterRoles of one's own.

/// One rule: every verb on every resource of the API group.
#[derive(Debug, PartialEq, Eq)]
struct PolicyRule {
    /// The API group, empty for the core group; `*` for all.
    group: &'static str,
    /// Resources and subresources such as `pods/eviction`; `*` for all.
    resources: &'static [&'static str],
    /// Verbs such as `get`; `*` for all.
    verbs: &'static [&'static str],
}

impl PolicyRule {
    fn allows(&self, verb: &str, group: &str, resource: &str) -> bool {
        let has = |list: &[&str], word: &str| list.iter().any(|listed| *listed == "*" || *listed == word);
        has(&[self.group], group) && has(self.resources, resource) && has(self.verbs, verb)
    }
}

/// A ClusterRole that people are bound to.
#[derive(Debug, PartialEq, Eq)]
pub struct ClusterRole {
    /// Its name.
    pub name: &'static str,
    /// Its rules, those that it gathers from lesser roles among them.
    rules: &'static [&'static [PolicyRule]],
}

impl ClusterRole {
    /// All roles, lesser ones first.
    pub const ALL: &'static [Self] = &[
        Self { name: "view", rules: &[VIEW] },
        Self { name: "edit", rules: &[VIEW, EDIT] },
        Self { name: "admin", rules: &[VIEW, EDIT, ADMIN] },
        Self { name: "cluster-admin", rules: &[&[PolicyRule { group: "*", resources: &["*"], verbs: &["*"] }]] },
    ];

    /// The role of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|role| role.name == name)
    }

    /// True when the role allows the verb on the resource, or subresource, of the API group.
    #[must_use]
    pub fn allows(&self, verb: &str, group: &str, resource: &str) -> bool {
        self.rules.iter().copied().flatten().any(|rule| rule.allows(verb, group, resource))
    }
}

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];
const ALL_VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// What `system:aggregate-to-view` has.
const VIEW: &[PolicyRule] = &[
    PolicyRule {
        group: "",
        resources: &[
            "bindings",
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "namespaces",
            "namespaces/status",
            "persistentvolumeclaims",
            "persistentvolumeclaims/status",
            "pods",
            "pods/log",
            "pods/status",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "replicationcontrollers/status",
            "resourcequotas",
            "resourcequotas/status",
            "serviceaccounts",
            "services",
            "services/status",
        ],
        verbs: READ,
    },
    PolicyRule { group: "discovery.k8s.io", resources: &["endpointslices"], verbs: READ },
    PolicyRule {
        group: "apps",
        resources: &[
            "controllerrevisions",
            "daemonsets",
            "daemonsets/status",
            "deployments",
            "deployments/scale",
            "deployments/status",
            "replicasets",
            "replicasets/scale",
            "replicasets/status",
            "statefulsets",
            "statefulsets/scale",
            "statefulsets/status",
        ],
        verbs: READ,
    },
    PolicyRule {
        group: "autoscaling",
        resources: &["horizontalpodautoscalers", "horizontalpodautoscalers/status"],
        verbs: READ,
    },
    PolicyRule { group: "batch", resources: &["cronjobs", "cronjobs/status", "jobs", "jobs/status"], verbs: READ },
    PolicyRule { group: "policy", resources: &["poddisruptionbudgets", "poddisruptionbudgets/status"], verbs: READ },
    PolicyRule {
        group: "networking.k8s.io",
        resources: &["ingresses", "ingresses/status", "networkpolicies"],
        verbs: READ,
    },
];

/// What `system:aggregate-to-edit` has.
const EDIT: &[PolicyRule] = &[
    PolicyRule {
        group: "",
        resources: &["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"],
        verbs: READ,
    },
    PolicyRule { group: "", resources: &["serviceaccounts"], verbs: &["impersonate"] },
    PolicyRule {
        group: "",
        resources: &[
            "configmaps",
            "events",
            "persistentvolumeclaims",
            "pods",
            "pods/attach",
            "pods/exec",
            "pods/portforward",
            "pods/proxy",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "secrets",
            "serviceaccounts",
            "services",
            "services/proxy",
        ],
        verbs: WRITE,
    },
    PolicyRule { group: "", resources: &["pods/eviction", "serviceaccounts/token"], verbs: &["create"] },
    PolicyRule {
        group: "apps",
        resources: &[
            "daemonsets",
            "deployments",
            "deployments/rollback",
            "deployments/scale",
            "replicasets",
            "replicasets/scale",
            "statefulsets",
            "statefulsets/scale",
        ],
        verbs: WRITE,
    },
    PolicyRule { group: "autoscaling", resources: &["horizontalpodautoscalers"], verbs: WRITE },
    PolicyRule { group: "batch", resources: &["cronjobs", "jobs"], verbs: WRITE },
    PolicyRule { group: "policy", resources: &["poddisruptionbudgets"], verbs: WRITE },
    PolicyRule { group: "networking.k8s.io", resources: &["ingresses", "networkpolicies"], verbs: WRITE },
    PolicyRule { group: "coordination.k8s.io", resources: &["leases"], verbs: ALL_VERBS },
];

/// What `system:aggregate-to-admin` has.
const ADMIN: &[PolicyRule] = &[
    PolicyRule { group: "authorization.k8s.io", resources: &["localsubjectaccessreviews"], verbs: &["create"] },
    PolicyRule { group: "rbac.authorization.k8s.io", resources: &["rolebindings", "roles"], verbs: ALL_VERBS },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_what_the_lesser_ones_have_and_more() {
        // Verb, group, resource, and the least role that allows it.
        for (verb, group, resource, least) in [
            ("list", "", "pods", "view"),
            ("get", "policy", "poddisruptionbudgets", "view"),
            ("get", "", "secrets", "edit"),
            ("create", "", "pods/eviction", "edit"),
            ("patch", "apps", "deployments/scale", "edit"),
            ("update", "policy", "poddisruptionbudgets", "edit"),
            ("create", "rbac.authorization.k8s.io", "rolebindings", "admin"),
            ("get", "", "nodes", "cluster-admin"),
            ("patch", "", "nodes", "cluster-admin"),
            ("delete", "", "namespaces", "cluster-admin"),
            ("update", "", "resourcequotas", "cluster-admin"),
        ] {
            let from = ClusterRole::ALL.iter().position(|role| role.name == least).expect("a role");
            for (index, role) in ClusterRole::ALL.iter().enumerate() {
                assert_eq!(role.allows(verb, group, resource), index >= from, "{}: {verb} {resource}", role.name);
            }
        }
        assert!(ClusterRole::find("Edit").is_none(), "names of Kubernetes are case-sensitive");
    }
}
