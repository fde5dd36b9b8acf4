//! A distribution as it is written: a duration, or a mapping with the distribution's name.

use super::Faults;
use super::decode::describe;
use crate::kernel::{Dist, SimDuration};
use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value as Json;
use std::borrow::Cow;

const WRITE: &str = "30s, {uniform: [5s, 20s]}, {triangular: [1s, 2s, 9s]}, {lognormal: {median: 6s, p95: 15s}}, \
    {normal: {mean: 10s, sd: 2s}}, {exponential: {mean: 60s}}, {weibull: {shape: 1.5, scale: 60s}}, \
    {gamma: {shape: 2, scale: 30s}}, {empirical: [[0, 1s], [0.5, 4s], [1, 20s]]} or {mixture: [{weight: 0.9, of: 5s}, …]}";

/// A distribution of a duration (or of the plain number that the stage is about).
#[derive(Clone, Debug, PartialEq)]
pub struct DistSpec(pub Dist);

impl Deserr<Faults> for DistSpec {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let found = describe(&value);
        let json: Json = Json::deserialize_from_value(value, location)?;
        let checked = read(&json).and_then(|dist| dist.validate().map(|()| dist).map_err(|error| error.to_string()));
        checked.map(Self).map_err(|why| {
            let found = if why.is_empty() { format!("found {found}") } else { why };
            Faults::one(location, "scenario::distribution", found, format!("write {WRITE}"))
        })
    }
}

impl JsonSchema for DistSpec {
    fn schema_name() -> Cow<'static, str> {
        "Distribution".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names =
            ["uniform", "triangular", "lognormal", "normal", "exponential", "weibull", "gamma", "empirical", "mixture"];
        let properties: serde_json::Map<String, Json> =
            names.iter().map(|name| ((*name).to_owned(), json_schema!({"type": ["object", "array"]}).into())).collect();
        json_schema!({
            "description": format!("A distribution: {WRITE}."),
            "anyOf": [
                {"type": ["string", "number"]},
                {"type": "object", "properties": properties, "minProperties": 1, "maxProperties": 1, "additionalProperties": false}
            ]
        })
    }
}

/// Reads a distribution; the error says what is wrong, or is empty when nothing better can be said than what was found.
fn read(json: &Json) -> Result<Dist, String> {
    if let Some(value) = number(json) {
        return Ok(Dist::Constant(value));
    }
    let Some((name, body)) = json.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next()) else {
        return Err(String::new());
    };
    let list = |length: usize| {
        let values: Option<Vec<f64>> = body.as_array().map(|items| items.iter().filter_map(number).collect());
        values.filter(|values| values.len() == length).ok_or_else(|| format!("{name} needs a list of {length} values"))
    };
    let field = |key: &str| body.get(key).and_then(number).ok_or_else(|| format!("{name} needs {key}"));
    match name.as_str() {
        "constant" => number(body).map(Dist::Constant).ok_or_else(|| "constant needs a value".to_owned()),
        "uniform" => list(2).map(|v| Dist::Uniform { low: v[0], high: v[1] }),
        "triangular" => list(3).map(|v| Dist::Triangular { low: v[0], mode: v[1], high: v[2] }),
        "normal" => Ok(Dist::Normal { mean: field("mean")?, sd: field("sd")? }),
        "lognormal" => {
            let shift =
                body.get("shift").map_or(Some(0.0), number).ok_or_else(|| "shift is not a duration".to_owned())?;
            Ok(Dist::Lognormal { median: field("median")?, p95: field("p95")?, shift })
        }
        "exponential" => Ok(Dist::Exponential { mean: field("mean")? }),
        "weibull" => Ok(Dist::Weibull { shape: field("shape")?, scale: field("scale")? }),
        "gamma" => Ok(Dist::Gamma { shape: field("shape")?, scale: field("scale")? }),
        "empirical" => empirical(body),
        "mixture" => mixture(body),
        _ => Err(format!("unknown distribution {name}")),
    }
}

fn empirical(body: &Json) -> Result<Dist, String> {
    let point = |item: &Json| {
        let pair = item.as_array().filter(|pair| pair.len() == 2)?;
        Some((pair[0].as_f64()?, number(&pair[1])?))
    };
    let points: Option<Vec<(f64, f64)>> = body.as_array().and_then(|items| items.iter().map(point).collect());
    points.map(Dist::Empirical).ok_or_else(|| "empirical needs a list of [probability, value] pairs".to_owned())
}

fn mixture(body: &Json) -> Result<Dist, String> {
    let form = || "mixture needs a list of {weight: …, of: …}".to_owned();
    let part = |item: &Json| {
        let weight = item.get("weight").and_then(Json::as_f64).ok_or_else(form)?;
        Ok((weight, read(item.get("of").ok_or_else(form)?)?))
    };
    body.as_array().ok_or_else(form)?.iter().map(part).collect::<Result<_, String>>().map(Dist::Mixture)
}

/// Seconds of a duration, or a plain number.
fn number(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => SimDuration::parse(text).ok().map(SimDuration::as_secs_f64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_is_read() {
        for (written, dist) in [
            (json!("30s"), Dist::Constant(30.0)),
            (json!({"uniform": ["5s", "20s"]}), Dist::Uniform { low: 5.0, high: 20.0 }),
            (json!({"lognormal": {"median": "6s", "p95": "15s"}}), Dist::lognormal(6.0, 15.0)),
            (json!({"mixture": [{"weight": 1, "of": "1m"}]}), Dist::Mixture(vec![(1.0, Dist::Constant(60.0))])),
            (json!({"empirical": [[0, 1], [1, "2s"]]}), Dist::Empirical(vec![(0.0, 1.0), (1.0, 2.0)])),
        ] {
            assert_eq!(read(&written), Ok(dist), "{written}");
        }
    }

    #[test]
    fn a_wrong_form_says_what_it_needs() {
        for (written, why) in [
            (json!({"uniform": ["5s"]}), "uniform needs a list of 2 values"),
            (json!({"lognormal": {"median": "6s"}}), "lognormal needs p95"),
            (json!({"poisson": {"mean": 1}}), "unknown distribution poisson"),
            (json!("soon"), ""),
        ] {
            assert_eq!(read(&written), Err(why.to_owned()), "{written}");
        }
    }
}
