//! Expected against computed JSON.

use pantau_shared::timestamp::Timestamp;
use serde_json::Value;

/// What differs in the keys that `expected` names.
pub(crate) fn given_keys(expected: &Value, got: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    walk("", expected, got, false, &mut differences);
    differences
}

/// The same; a further key of the result may only be 0.
pub(crate) fn all_keys(expected: &Value, got: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    walk("", expected, got, true, &mut differences);
    differences
}

fn walk(key: &str, expected: &Value, got: &Value, all: bool, differences: &mut Vec<String>) {
    let nested = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            for (name, value) in expected {
                match got.get(name) {
                    Some(found) => walk(&nested(name), value, found, all, differences),
                    None => differences.push(format!("{}: expected {value}, got nothing", nested(name))),
                }
            }
            let further = got.iter().filter(|(name, value)| all && !expected.contains_key(*name) && **value != 0);
            differences.extend(further.map(|(name, value)| format!("{}: expected nothing, got {value}", nested(name))));
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                walk(&nested(&index.to_string()), wanted, found, all, differences);
            }
        }
        (Value::String(a), Value::String(b)) if same_instant(a, b) => {}
        _ if expected == got => {}
        _ => {
            differences.push(format!("{}: expected {expected}, got {got}", if key.is_empty() { "result" } else { key }))
        }
    }
}

fn same_instant(a: &str, b: &str) -> bool {
    matches!((Timestamp::parse_rfc3339(a), Timestamp::parse_rfc3339(b)), (Ok(a), Ok(b)) if a == b)
}
