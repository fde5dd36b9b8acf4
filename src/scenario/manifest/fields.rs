//! Which fields a Kubernetes type has at a place, for "did you mean".
//!
//! k8s-openapi's types tell serde the names of their fields when they are deserialised. This walks such a type along the
//! path of a misspelt key with a deserialiser that has no data, and keeps the names it is told at the end.

use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

/// The names of the fields of the structure at `path` below `T`; `None` where there is no structure.
pub(super) fn fields_at<T: DeserializeOwned>(path: &[String]) -> Option<&'static [&'static str]> {
    let mut found = None;
    // The walk always ends in an error: there is no value to return.
    let walker = Walker { path, found: &mut found };
    let _ended: Result<T, _> = erased_serde::deserialize(&mut <dyn erased_serde::Deserializer<'_>>::erase(walker));
    found
}

/// A deserialiser that follows one path and has nothing else.
struct Walker<'a> {
    path: &'a [String],
    found: &'a mut Option<&'static [&'static str]>,
}

/// The single entry of every map and sequence on the way.
struct Step<'a> {
    key: &'a str,
    walker: Option<Walker<'a>>,
}

impl<'a> Walker<'a> {
    fn step(self) -> Option<Step<'a>> {
        let (key, path) = self.path.split_first()?;
        Some(Step { key, walker: Some(Walker { path, found: self.found }) })
    }
}

fn end() -> Error {
    Error::custom("the end of the walk")
}

impl<'de> Deserializer<'de> for Walker<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(end())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(self.step().ok_or_else(end)?)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(self.step().ok_or_else(end)?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.path.is_empty() {
            *self.found = Some(fields);
        }
        visitor.visit_map(self.step().ok_or_else(end)?)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Step<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let key: StrDeserializer<'_, Error> = self.key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.walker.take().ok_or_else(end)?)
    }
}

impl<'de> SeqAccess<'de> for Step<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        seed.deserialize(self.walker.take().ok_or_else(end)?).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::Deployment;

    fn check(path: &str, expected: Option<&str>) {
        let path: Vec<String> = path.split('/').filter(|key| !key.is_empty()).map(str::to_owned).collect();
        let fields = fields_at::<Deployment>(&path);
        match expected {
            Some(field) => assert!(fields.is_some_and(|fields| fields.contains(&field)), "{path:?}: {fields:?}"),
            None => assert!(fields.is_none(), "{path:?}: {fields:?}"),
        }
    }

    #[test]
    fn a_type_tells_its_fields_at_any_depth() {
        check("", Some("metadata"));
        check("spec", Some("replicas"));
        check("spec/template/spec/containers/3", Some("livenessProbe"));
        check("spec/template/spec/containers/0/resources", Some("requests"));
        check("spec/strategy/rollingUpdate", Some("maxSurge"));
        check("spec/template/metadata/labels", None);
        check("spec/replicas", None);
        check("spec/no/such/place", None);
    }
}
