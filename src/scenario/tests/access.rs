//! Access in scenarios: what is read, what is refused, what is foretold, and the words of refusals.

use super::{CLUSTER, HEAD, errors, lines, read};
use crate::catalog::action;
use crate::scenario::plan::{Authentication, Denial, KubernetesRequest};

const ENTRA: &str = "  aadProfile: {managed: true, enableAzureRBAC: false}\n";
const PRINCIPALS: &str = "principals:
  - {name: bob, roles: [Azure Kubernetes Service Cluster User Role], bindings: [{clusterRole: edit, namespace: shop}]}
  - {name: alice, roles: [azure kubernetes service contributor role]}
";

fn operations(lines: &[&str]) -> String {
    lines.iter().fold("operations:\n".to_owned(), |text, line| format!("{text}  - {{at: 1d, {line}}}\n"))
}

#[test]
fn without_a_word_about_access_everybody_is_the_owner() {
    let text = format!("{HEAD}{CLUSTER}{}", operations(&["scale: {pool: apps, count: 3}"]));
    let loaded = read(&text);
    assert_eq!(lines(&loaded.warnings), [] as [&str; 0]);
    let plan = &loaded.study.points[0].plan;
    assert_eq!(plan.access, crate::scenario::plan::AccessPlan::default());
    assert!(plan.operations[0].asker(&plan.access).is_none());
}

#[test]
fn an_operation_that_will_be_refused_is_foretold_with_what_is_missing_and_what_helps() {
    let asked = operations(&[
        "as: alice, scale: {pool: apps, count: 3}",
        "as: bob, scale: {pool: apps, count: 4}",
        "as: bob, upgrade: {kubernetesVersion: \"1.35\"}",
        "upgrade: {nodeImageOnly: true}",
    ]);
    let loaded = read(&format!("{HEAD}{CLUSTER}{ENTRA}{PRINCIPALS}{asked}"));
    let give = "give the role Azure Kubernetes Service Contributor Role [scenario::refused]";
    assert_eq!(
        lines(&loaded.warnings),
        [
            format!("17:18 operations[1].as: bob will be refused: {} is missing, {give}", action::POOL_WRITE),
            format!("18:18 operations[2].as: bob will be refused: {} is missing, {give}", action::CLUSTER_WRITE),
        ]
    );
    let plan = &loaded.study.points[0].plan;
    let askers = plan.operations.iter().map(|asked| asked.asker(&plan.access).map_or("owner", |by| by.name.as_str()));
    assert_eq!(askers.collect::<Vec<_>>(), ["alice", "bob", "bob", "owner"]);
}

#[test]
fn az_prints_the_settings_in_its_own_casing_and_with_more_beside_them() {
    let settings = "  disableLocalAccounts: true\n  enableRbac: true\n  aadProfile: {managed: true, enableAzureRbac: true, \
                    tenantId: x, adminGroupObjectIDs: [y], clientAppId: null}\n";
    let loaded = read(&format!("{HEAD}{CLUSTER}{settings}"));
    let access = &loaded.study.points[0].plan.access;
    assert_eq!(access.authentication, Authentication::Entra { azure_rbac: true });
    assert!(!access.local_accounts);
    let said = lines(&loaded.warnings);
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(
        said.iter().all(|line| line.ends_with("accepted, not simulated yet [scenario::not_simulated]")),
        "{said:#?}"
    );
}

#[test]
fn settings_that_contradict_each_other_are_errors() {
    let check = |settings: &str, expected: &[&str]| {
        assert_eq!(errors(&format!("{HEAD}{CLUSTER}{settings}"), &[]), expected, "{settings}");
    };
    check(
        "  aadProfile: {enableAzureRBAC: true}\n",
        &[
            "11:33 cluster.aadProfile.enableAzureRBAC: found true without Microsoft Entra authentication, write managed: true beside it \
           [scenario::access]",
        ],
    );
    check(
        "  disableLocalAccounts: true\n",
        &[
            "11:25 cluster.disableLocalAccounts: found true without Microsoft Entra authentication: nobody could log in, \
           write false, or add aadProfile: {managed: true} [scenario::access]",
        ],
    );
    check(
        "  enableRBAC: false\n  aadProfile: {managed: true}\n",
        &["11:15 cluster.enableRBAC: found false with Microsoft Entra authentication, which needs Kubernetes RBAC, \
           write true [scenario::access]"],
    );
}

#[test]
fn unknown_names_are_errors_with_the_one_probably_meant_and_nothing_is_foretold_of_them() {
    let principals =
        "principals:\n  - {name: bob, roles: [Contributer], bindings: [{clusterRole: edti}]}\n  - {name: bob}\n";
    let asked = operations(&["as: bob, scale: {pool: apps, count: 3}", "as: bop, scale: {pool: system, count: 3}"]);
    assert_eq!(
        errors(&format!("{HEAD}{CLUSTER}{ENTRA}{principals}{asked}"), &[]),
        [
            "13:25 principals[0].roles[0]: no role Contributer, did you mean Contributor? [scenario::unknown_role]",
            "13:64 principals[0].bindings[0].clusterRole: no ClusterRole edti, did you mean edit? [scenario::unknown_role]",
            "14:12 principals[1].name: a second principal bob, give it another name [scenario::duplicate]",
            "17:18 operations[1].as: no principal bop, did you mean bob? [scenario::unknown_principal]",
        ]
    );
    let nobody = format!("{HEAD}{CLUSTER}{}", operations(&["as: bob, scale: {pool: apps, count: 3}"]));
    assert_eq!(
        errors(&nobody, &[]),
        ["12:18 operations[0].as: no principal bob, add principals: [{name: bob, roles: [Contributor]}] \
          [scenario::unknown_principal]"]
    );
}

#[test]
fn roles_that_can_have_no_effect_are_warned_of() {
    let principals =
        "principals:\n  - {name: bob, roles: [Azure Kubernetes Service RBAC Admin], bindings: [{clusterRole: view}]}\n";
    assert_eq!(
        lines(&read(&format!("{HEAD}{CLUSTER}{principals}")).warnings),
        [
            "12:25 principals[0].roles[0]: Azure Kubernetes Service RBAC Admin allows nothing inside the cluster, where Azure RBAC is \
             off, add aadProfile: {managed: true, enableAzureRBAC: true} to the cluster [scenario::role_without_effect]",
            "12:73 principals[0].bindings: have no effect: without Microsoft Entra authentication every kubeconfig is the \
             administrator's, add aadProfile: {managed: true} to the cluster [scenario::role_without_effect]",
        ]
    );
}

#[test]
fn the_order_of_principals_decides_nothing() {
    let asked = operations(&["as: bob, scale: {pool: apps, count: 3}"]);
    let (first, second) = ("  - {name: a}\n", "  - {name: bob, roles: [Owner]}\n");
    let plan = |principals: &str| {
        let loaded = read(&format!("{HEAD}{CLUSTER}principals:\n{principals}{asked}"));
        format!("{:?}", loaded.study.points[0].plan)
    };
    assert_eq!(plan(&format!("{first}{second}")), plan(&format!("{second}{first}")));
}

#[test]
fn messages_have_the_form_of_azure_and_of_kubernetes() {
    let loaded = read(&format!("{HEAD}{CLUSTER}"));
    let cluster = &loaded.study.points[0].plan.cluster;
    let of_cluster = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/\
                      Microsoft.ContainerService/managedClusters/c";
    for (pool, scope) in [(None, of_cluster.to_owned()), (Some(0), format!("{of_cluster}/agentPools/apps"))] {
        let denial = Denial::Azure { action: action::POOL_WRITE, pool };
        assert_eq!(
            denial.message("bob", cluster),
            format!(
                "The client 'bob' does not have authorization to perform action \
                 'Microsoft.ContainerService/managedClusters/agentPools/write' over scope '{scope}' or the scope is invalid."
            )
        );
    }
    let request = |group, resource, name: Option<&str>, namespace: Option<&str>| KubernetesRequest {
        verb: "patch",
        group,
        resource,
        name: name.map(str::to_owned),
        namespace: namespace.map(str::to_owned),
    };
    let node = request("", "nodes", Some("x"), None);
    let scale = request("apps", "deployments/scale", None, Some("shop"));
    let on_node =
        "nodes \"x\" is forbidden: User \"bob\" cannot patch resource \"nodes\" in API group \"\" at the cluster scope";
    for (request, azure_rbac, message, remedy) in [
        (&node, false, on_node.to_owned(), "bind the ClusterRole cluster-admin"),
        (
            &node,
            true,
            format!("{on_node}: User does not have access to the resource in Azure. Update role assignment to allow access."),
            "give the role Azure Kubernetes Service RBAC Admin",
        ),
        (
            &scale,
            false,
            "deployments.apps is forbidden: User \"bob\" cannot patch resource \"deployments/scale\" in API group \"apps\" in \
             the namespace \"shop\""
                .to_owned(),
            "bind the ClusterRole edit",
        ),
    ] {
        let denial = Denial::Kubernetes { request: request.clone(), azure_rbac };
        assert_eq!((denial.message("bob", cluster), denial.remedy().as_str()), (message, remedy));
    }
    let user = "give the role Azure Kubernetes Service Cluster User Role";
    assert_eq!(Denial::LocalAccountsDisabled.remedy(), user);
    assert_eq!(Denial::Azure { action: action::LIST_USER_CREDENTIAL, pool: None }.remedy(), user);
}
