//! One spelling of a JSON value, and a reader that takes no ambiguous one.
//!
//! Canonical form: RFC 8785 (JCS) as far as this format needs it. Members in order of their names' UTF-16 code units, no
//! white space, strings with the shortest escapes, integers in decimal; numbers that are no integers of 64 bits are
//! refused, so no rule for floating point is needed. What a signature covers is these bytes: the same report written
//! with other white space or another order of members is the same report.
//!
//! The reader refuses a name that stands twice in one object: two programs could read two different reports out of it.

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Why a text is no report's JSON.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// Not JSON, cut short, or a name twice.
    #[error("not whole JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A number that is no integer of 64 bits.
    #[error("{0} is no whole number of 64 bits; a report holds no other")]
    Number(Number),
}

/// Reads JSON; every name at most once in its object.
///
/// # Errors
/// [`CanonicalError::Json`].
pub fn parse(text: &str) -> Result<Value, CanonicalError> {
    Ok(serde_json::from_str::<Strict>(text)?.0)
}

/// The canonical bytes of a value.
///
/// # Errors
/// [`CanonicalError::Number`].
pub fn render(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => serde_json::to_writer(out, value)?,
        Value::Number(number) if number.is_i64() || number.is_u64() => serde_json::to_writer(out, number)?,
        Value::Number(number) => return Err(CanonicalError::Number(number.clone())),
        Value::Array(items) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (place, (name, member)) in sorted.into_iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, name)?;
                out.push(b':');
                write(member, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// A value whose objects have no name twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without a name twice in one object")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let Strict(member) = map.next_value()?;
            if members.contains_key(&name) {
                return Err(de::Error::custom(format_args!("the name `{name}` stands twice in one object")));
            }
            members.insert(name, member);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_spelling() {
        let spelt =
            |text: &str| String::from_utf8(render(&parse(text).expect("JSON")).expect("integers")).expect("text");
        assert_eq!(
            spelt("{ \"b\" : [1, -2 ,null], \"a\":{\"é\":\"\\u0041\\n\",\"z\":true} }"),
            "{\"a\":{\"z\":true,\"é\":\"A\\n\"},\"b\":[1,-2,null]}"
        );
        assert_eq!(spelt("{\"a\":1,\"b\":2}"), spelt("{\"b\":2,\n\"a\":1}"));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        assert!(parse("{\"a\":1,\"a\":2}").is_err());
        assert!(parse("[{\"x\":{\"a\":1,\"a\":1}}]").is_err());
        assert!(parse("{\"a\":1").is_err(), "cut short");
        for number in ["1.0", "1e3", "18446744073709551616", "-0.5"] {
            assert!(parse(number).and_then(|value| render(&value)).is_err(), "{number}");
        }
    }
}
