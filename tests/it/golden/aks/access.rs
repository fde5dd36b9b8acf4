//! Azure's roles and permissions.

use super::Answer;
use aksim::catalog::{AzureRole, KubernetesVersion, action};
use aksim::scenario::plan::{OperationKind, PoolChange, RequiredAction, required_actions};
use serde_json::{Value, json};

const CLUSTERS: &str = "Microsoft.ContainerService/managedClusters/";

pub fn topic(name: &str) -> Option<super::Topic> {
    Some(match name {
        "azure-role" => role,
        "azure-permission" => permission,
        _ => return None,
    })
}

fn role(input: &Value) -> Answer {
    let name = input["role"].as_str().expect("a role");
    let Some(role) = AzureRole::ALL.iter().find(|role| role.name == name) else {
        return Answer::NotModelled("a role that has no part in operations");
    };
    let short = |actions: &[&str]| -> Vec<String> {
        actions.iter().map(|action| action.trim_start_matches("Microsoft.ContainerService/").to_owned()).collect()
    };
    // Whatever there is below the cluster, known to us or not.
    let everything = ["read", "write", "delete", "agentPools/write", "anything/at/all/action"];
    Answer::Is(json!({
        "actions": short(role.actions),
        "dataActions": short(role.data_actions),
        "managedClustersAll": everything.iter().all(|path| role.allows(&format!("{CLUSTERS}{path}"))),
        "readSecrets": role.allows_data(&format!("{CLUSTERS}secrets/read")),
        "writeManagedClusters": role.allows(action::CLUSTER_WRITE),
    }))
}

fn permission(input: &Value) -> Answer {
    let kind = match input["operation"].as_str().expect("an operation") {
        "configure rolling upgrade settings of a pool" => {
            OperationKind::UpdatePool { pool: 0, change: PoolChange::Immutable("upgradeSettings") }
        }
        _ => return Answer::NotModelled("an operation that the simulator does not have"),
    };
    let needed = required_actions(&kind, KubernetesVersion::minor(34));
    let [RequiredAction::Azure { action, .. }] = needed[..] else {
        panic!("{needed:?}");
    };
    Answer::Is(json!({"permission": action}))
}
