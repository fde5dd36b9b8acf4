//! Values that are written as text or a number and mean more: durations, quantities, percentages, versions.

use super::Faults;
use super::decode::describe;
use crate::catalog::KubernetesVersion;
use crate::kernel::SimDuration;
use crate::scenario::plan::IntOrPercent;
use crate::scenario::quantity;
use crate::units::{Bytes, MilliCpu};
use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// Defines a scalar: its meaning, how its text is parsed, and what its schema says.
macro_rules! scalar {
    ($(#[$doc:meta])* $name:ident($inner:ty), $code:literal, $write:literal, $pattern:literal, $types:tt, $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name(pub $inner);

        impl Deserr<Faults> for $name {
            fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef<'_>) -> Result<Self, Faults> {
                let parse: fn(&str) -> Option<$inner> = $parse;
                let parsed = text_of(&value).and_then(|text| parse(&text));
                let fault = || Faults::one(location, $code, format!("found {}", describe(&value)), format!("write {}", $write));
                parsed.map(Self).ok_or_else(fault)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": $types, "pattern": $pattern, "description": concat!("Write ", $write, ".")})
            }
        }
    };
}

/// The text of a scalar; `None` for lists, mappings, booleans and nothing.
fn text_of<V: IntoValue>(value: &Value<V>) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Integer(number) => Some(number.to_string()),
        Value::NegativeInteger(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Null | Value::Boolean(_) | Value::Sequence(_) | Value::Map(_) => None,
    }
}

scalar!(
    /// A span of virtual time.
    Duration(SimDuration), "scenario::duration", "a duration such as 90s, 10m, 2h or 7d",
    r"^([0-9.]+(ms|s|m|h|d))+$|^0$", ["string", "integer"], |text| SimDuration::parse(text).ok()
);

scalar!(
    /// An amount of CPU.
    Cpu(MilliCpu), "scenario::cpu", "an amount of CPU such as 250m or 2",
    r"^[0-9.]+m?$", ["string", "number"], quantity::cpu
);

scalar!(
    /// A number of bytes.
    Size(Bytes), "scenario::size", "a size such as 210Mi or 2Gi",
    r"^[0-9.]+([KMGT]i?|k)?$", ["string", "number"], quantity::bytes
);

scalar!(
    /// A percentage from 0 to 100.
    Percent(f64), "scenario::percent", "a percentage from 0% to 100%",
    r"^[0-9.]+%$", "string", |text| {
        let percent = text.strip_suffix('%')?.parse::<f64>().ok()?;
        (0.0..=100.0).contains(&percent).then_some(percent)
    }
);

scalar!(
    /// A count or a percentage of a count.
    IntOrPercentText(IntOrPercent), "scenario::max_surge", "3 or 33%",
    r"^[0-9]+%?$", ["string", "integer"], |text| match text.strip_suffix('%') {
        Some(percent) => percent.parse().ok().map(IntOrPercent::Percent),
        None => text.parse().ok().map(IntOrPercent::Int),
    }
);

scalar!(
    /// A time of day.
    ClockTime(SimDuration), "scenario::clock", "a time of day in quotes, such as \"14:00\"",
    r"^[0-2]?[0-9]:[0-5][0-9]$", "string", |text| {
        let (hours, minutes) = text.split_once(':')?;
        let (hours, minutes) = (hours.parse::<u64>().ok()?, minutes.parse::<u64>().ok()?);
        (hours < 24 && minutes < 60).then(|| SimDuration::from_mins(hours * 60 + minutes))
    }
);

scalar!(
    /// A duration of the autoscaler's profile, where `az` prints bare seconds too.
    ProfileDuration(SimDuration), "scenario::duration", "a duration such as 10s or 10m",
    r"^[0-9.]+(s|m|h)?$", ["string", "integer"],
    |text| SimDuration::parse(text).ok().or_else(|| text.parse().ok().map(SimDuration::from_secs))
);

scalar!(
    /// A number of the autoscaler's profile, which `az` prints as text.
    ProfileNumber(f64), "scenario::number", "a number",
    r"^[0-9.]+$", ["string", "number"], |text| text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
);

/// A switch of the autoscaler's profile, which `az` prints as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileFlag(pub bool);

impl Deserr<Faults> for ProfileFlag {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let flag = match &value {
            Value::Boolean(flag) => Some(*flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        flag.map(Self).ok_or_else(|| Faults::kind(location, &value, "true or false"))
    }
}

impl JsonSchema for ProfileFlag {
    fn schema_name() -> Cow<'static, str> {
        "ProfileFlag".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"enum": [true, false, "true", "false"]})
    }
}

/// A Kubernetes version. Unquoted, YAML would read 1.30 as the number 1.3, so only text is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub KubernetesVersion);

impl Deserr<Faults> for Version {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let version = match &value {
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        version.map(Self).ok_or_else(|| {
            let remedy = "write a version in quotes, such as \"1.34\"".to_owned();
            Faults::one(location, "scenario::version", format!("found {}", describe(&value)), remedy)
        })
    }
}

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^1\.[0-9]+(\.[0-9]+)?$", "description": "A Kubernetes version, in quotes."})
    }
}
