//! One Kubernetes object from a parsed document into its k8s-openapi type, as strictly as `kubectl --validate=strict`.
//!
//! k8s-openapi's types tell a deserialiser the names of their fields, and that is where unknown ones are found. One
//! deserialiser of our own does what serde_ignored, serde_path_to_error and a second walk for "did you mean" would do
//! together: stacked upon one another over some hundred types, those took minutes to compile.

use super::fault::{Faults, join};
use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde_json::Value;

/// Reads the object. Wrong types and unknown fields are faults, all of them; `None` when a type is wrong.
///
/// What the API server writes and a user merely pastes (`status`, `managedFields`) is not looked at.
pub(super) fn read<T: DeserializeOwned>(object: &Value, faults: &mut Faults) -> Option<T> {
    let mut object = without_read_only(object);
    let before = faults.0.len();
    loop {
        let mut log = Log::default();
        let result = T::deserialize(Place { value: &object, pointer: String::new(), log: &mut log });
        match result {
            Ok(typed) => {
                let types_are_right = faults.0.len() == before;
                log.unknown.iter().for_each(|unknown| unknown_field(unknown, faults));
                return types_are_right.then_some(typed);
            }
            // The types stop at the first wrong value. Without that value they go on to the next.
            Err(error) => {
                let pointer = log.wrong.unwrap_or_default();
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

/// A key that its structure does not have.
struct UnknownField {
    pointer: String,
    name: String,
    known: &'static [&'static str],
}

fn unknown_field(unknown: &UnknownField, faults: &mut Faults) {
    let UnknownField { pointer, name, known } = unknown;
    let otherwise = format!("one of {}", known.join(", "));
    let known = known.iter().copied();
    faults.unknown(pointer, "manifest::unknown_field", ("unknown field", name), known, &otherwise);
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

/// What was noticed on the way through an object.
#[derive(Default)]
struct Log {
    unknown: Vec<UnknownField>,
    /// The innermost place of the error, if there was one.
    wrong: Option<String>,
}

/// A value with its place: the deserialiser.
struct Place<'a> {
    value: &'a Value,
    pointer: String,
    log: &'a mut Log,
}

impl Place<'_> {
    /// The result, its place kept when it is an error.
    fn placed<T>(log: &mut Log, pointer: String, result: Result<T, Error>) -> Result<T, Error> {
        if result.is_err() {
            log.wrong.get_or_insert(pointer);
        }
        result
    }

    fn refuse<'de, V: Visitor<'de>>(self, visitor: &V) -> Error {
        self.log.wrong.get_or_insert(self.pointer);
        Error::invalid_type(unexpected(self.value), visitor)
    }
}

fn unexpected(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(flag) => Unexpected::Bool(*flag),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Unexpected::Unsigned(number),
            (None, Some(number)) => Unexpected::Signed(number),
            (None, None) => Unexpected::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}

impl<'de> Deserializer<'de> for Place<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Array(_) => self.deserialize_seq(visitor),
            Value::Object(_) => self.deserialize_map(visitor),
            _ => self.deserialize_i64(visitor),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let result = match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_str(text),
            Value::Array(_) | Value::Object(_) => return Err(self.refuse(&visitor)),
        };
        Self::placed(self.log, self.pointer, result)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::String(text) => {
                let result = visitor.visit_str(text);
                Self::placed(self.log, self.pointer, result)
            }
            _ => Err(self.refuse(&visitor)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Bool(flag) => visitor.visit_bool(*flag),
            _ => Err(self.refuse(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Array(items) = self.value else { return Err(self.refuse(&visitor)) };
        visitor.visit_seq(Items { items, next: 0, pointer: self.pointer, log: self.log })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Object(fields) = self.value else { return Err(self.refuse(&visitor)) };
        let mut entries = Entries { entries: fields.iter(), value: None, pointer: self.pointer, log: self.log };
        let result = visitor.visit_map(&mut entries);
        // A structure may refuse itself for a field that it lacks: then the place is its own.
        Self::placed(entries.log, entries.pointer, result)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let names = self.value.as_object().into_iter().flat_map(|fields| fields.keys());
        let unknown = names.filter(|name| !known.contains(&name.as_str()));
        let unknown =
            unknown.map(|name| UnknownField { pointer: join(&self.pointer, name), name: name.clone(), known });
        self.log.unknown.extend(unknown);
        self.deserialize_map(visitor)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier
    }
}

/// The elements of a list.
struct Items<'a> {
    items: &'a [Value],
    next: usize,
    pointer: String,
    log: &'a mut Log,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(value) = self.items.get(self.next) else { return Ok(None) };
        let pointer = format!("{}/{}", self.pointer, self.next);
        self.next += 1;
        seed.deserialize(Place { value, pointer, log: self.log }).map(Some)
    }
}

/// The entries of a mapping.
struct Entries<'a> {
    entries: serde_json::map::Iter<'a>,
    value: Option<(&'a str, &'a Value)>,
    pointer: String,
    log: &'a mut Log,
}

impl<'de> MapAccess<'de> for &mut Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some((key, value));
        let key: StrDeserializer<'_, Error> = key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (key, value) = self.value.take().expect("a value is asked for after its key");
        seed.deserialize(Place { value, pointer: join(&self.pointer, key), log: self.log })
    }
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
