//! One Kubernetes object from a parsed document into its k8s-openapi type, as strictly as `kubectl --validate=strict`.

use super::fault::{Faults, join};
use super::fields::fields_at;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

/// Reads the object. Wrong types and unknown fields are faults, all of them; `None` when a type is wrong.
///
/// What the API server writes and a user merely pastes (`status`, `managedFields`) is not looked at.
pub(super) fn read<T: DeserializeOwned>(object: &Value, faults: &mut Faults) -> Option<T> {
    let mut object = without_read_only(object);
    let before = faults.0.len();
    loop {
        let mut unknown = Vec::new();
        let mut track = serde_path_to_error::Track::new();
        let tracked = serde_path_to_error::Deserializer::new(&object, &mut track);
        let mut note = |path: serde_ignored::Path<'_>| unknown.push(keys(&path));
        let strict = serde_ignored::Deserializer::new(tracked, &mut note);
        // Erased, so that the code of every Kubernetes type is compiled once and not for each layer of deserialisers.
        match erased_serde::deserialize::<T>(&mut <dyn erased_serde::Deserializer<'_>>::erase(strict)) {
            Ok(typed) => {
                let types_are_right = faults.0.len() == before;
                for path in unknown {
                    unknown_field::<T>(&path, faults);
                }
                return types_are_right.then_some(typed);
            }
            // Serde stops at the first wrong value. Without that value it goes on to the next.
            Err(error) => {
                let pointer = pointer_of(&track.path());
                wrong_type(&pointer, &error.to_string(), faults);
                if !remove(&mut object, &pointer) {
                    return None;
                }
            }
        }
    }
}

fn without_read_only(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("status");
        if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove("managedFields");
        }
    }
    object
}

/// Takes the value at a pointer out of its mapping; false when it is an element of a list, whose neighbours would move.
fn remove(object: &mut Value, pointer: &str) -> bool {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return false };
    let key = key.replace("~1", "/").replace("~0", "~");
    let parent = object.pointer_mut(parent).and_then(Value::as_object_mut);
    parent.is_some_and(|parent| parent.shift_remove(&key).is_some())
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => join(&pointer, key),
        Segment::Unknown => pointer,
    })
}

fn keys(path: &serde_ignored::Path<'_>) -> Vec<String> {
    use serde_ignored::Path;
    match path {
        Path::Root => Vec::new(),
        Path::Seq { parent, index } => [keys(parent), vec![index.to_string()]].concat(),
        Path::Map { parent, key } => [keys(parent), vec![key.clone()]].concat(),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => keys(parent),
    }
}

fn unknown_field<T: DeserializeOwned>(path: &[String], faults: &mut Faults) {
    let (name, parent) = path.split_last().expect("an unknown field has a name");
    let fields = fields_at::<T>(parent).unwrap_or_default();
    let pointer = path.iter().fold(String::new(), |pointer, key| join(&pointer, key));
    let known = fields.iter().copied();
    faults.unknown(
        pointer,
        "manifest::unknown_field",
        ("unknown field", name),
        known,
        &format!("one of {}", fields.join(", ")),
    );
}

fn wrong_type(pointer: &str, message: &str, faults: &mut Faults) {
    let (found, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let found = found.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ");
    let write = match expected {
        "i32" | "i64" => "an integer".to_owned(),
        "a string" if !found.starts_with("sequence") && !found.starts_with("map") => {
            "a string: put it in quotes".to_owned()
        }
        "a string" | "a boolean" | "a sequence" | "a map" => expected.to_owned(),
        "IntOrString" => "an integer or a string such as 33%".to_owned(),
        "Quantity" => "a quantity such as 250m or 512Mi".to_owned(),
        "" => "what the Kubernetes API reference says".to_owned(),
        kind => format!("a mapping with the fields of {kind}"),
    };
    faults.push(pointer, "manifest::type", found, write);
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::Deployment;
    use k8s_openapi::api::core::v1::Service;
    use serde_json::json;

    fn faults_of<T: DeserializeOwned>(object: &Value) -> Vec<String> {
        let mut faults = Faults::default();
        let _object: Option<T> = read(object, &mut faults);
        faults.0.iter().map(|f| format!("{}: found {}, {} [{}]", f.pointer, f.found, f.remedy, f.code)).collect()
    }

    #[test]
    fn every_wrong_type_and_unknown_field_of_an_object_is_reported_at_once() {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"v": 1}},
            "spec": {"replicas": "three", "replica": 3, "template": {"spec": {"containers": [{"nmae": "web"}]}}},
        });
        assert_eq!(
            faults_of::<Deployment>(&object),
            [
                "/metadata/labels/v: found integer `1`, write a string: put it in quotes [manifest::type]",
                "/spec/replicas: found string \"three\", write an integer [manifest::type]",
                "/spec/replica: found unknown field \"replica\", did you mean replicas? [manifest::unknown_field]",
                "/spec/template/spec/containers/0/nmae: found unknown field \"nmae\", did you mean name? \
                 [manifest::unknown_field]",
            ]
        );
    }

    #[test]
    fn what_the_api_server_added_to_a_pasted_object_is_ignored() {
        let object = json!({
            "apiVersion": "v1", "kind": "Service", "status": {"loadBalancer": {}, "strange": 1},
            "metadata": {"name": "web", "uid": "0-1", "resourceVersion": "7", "generation": 2, "managedFields": [{"x": 1}],
                "creationTimestamp": "2026-01-02T03:04:05Z"},
            "spec": {"ports": [{"port": 80, "targetPort": "http"}], "clusterIP": "10.0.0.7"},
        });
        assert_eq!(faults_of::<Service>(&object), Vec::<String>::new());
    }

    #[test]
    fn a_malformed_service_is_a_fault() {
        let object = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": 80}});
        assert_eq!(
            faults_of::<Service>(&object),
            ["/spec/ports: found integer `80`, write a sequence [manifest::type]"]
        );
    }
}
