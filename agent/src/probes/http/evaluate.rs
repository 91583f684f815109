//! What an HTTP answer must be: pure, from a check and an answer to a judgement.

use super::super::Judgement;
use super::super::pattern::{Pattern, parse_pattern};
use http::HeaderMap;
use pantau_shared::assignment::HttpCheck;
use pantau_shared::probe::ProbePhase;
use serde_json::Value;

/// What came back at the end of the redirects.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// The parts of a check that can be written wrongly.
#[derive(Debug)]
pub(super) struct Expectations {
    present: Option<Pattern>,
    absent: Option<Pattern>,
    headers: Vec<(String, Option<Pattern>)>,
    json: Vec<(String, Option<Value>)>,
}

impl Expectations {
    /// Parses them; the error says what is wrong.
    pub(super) fn parse(check: &HttpCheck) -> Result<Self, String> {
        let header = |expected: &pantau_shared::assignment::kinds::HeaderExpectation| {
            Ok::<_, String>((expected.name.clone(), parse_pattern(&expected.pattern)?))
        };
        let value = |expected: &pantau_shared::assignment::kinds::JsonExpectation| {
            let value = match expected.equals.as_str() {
                "" => None,
                text => Some(serde_json::from_str(text).map_err(|_| format!("`{text}` is not JSON"))?),
            };
            Ok::<_, String>((expected.pointer.clone(), value))
        };
        Ok(Self {
            present: parse_pattern(&check.body_pattern)?,
            absent: parse_pattern(&check.body_pattern_absent)?,
            headers: check.answer_headers.iter().map(header).collect::<Result<_, _>>()?,
            json: check.json.iter().map(value).collect::<Result<_, _>>()?,
        })
    }
}

/// Judges an answer: status, headers, text, patterns, JSON, in this order; and whether a pattern was what failed.
pub(super) fn evaluate(check: &HttpCheck, expected: &Expectations, answer: &Answer) -> (Judgement, bool) {
    let failed = |reason: String| Judgement::failed(ProbePhase::Content, reason);
    let status = u32::from(answer.status);
    let accepted = match check.accept_status.as_slice() {
        [] => (200..300).contains(&status),
        wanted => wanted.iter().any(|&wanted| wanted == status || wanted == status / 100),
    };
    if !accepted {
        return (failed(format!("answered with status {status}")), false);
    }
    if let Some(reason) = expected.headers.iter().find_map(|header| miss_header(header, &answer.headers)) {
        return (failed(reason), true);
    }
    let wanted = check.body_contains.as_bytes();
    if !wanted.is_empty() && !answer.body.windows(wanted.len()).any(|window| window == wanted) {
        return (failed(format!("answer does not contain `{}`", check.body_contains)), false);
    }
    let body = String::from_utf8_lossy(&answer.body);
    if expected.present.as_ref().is_some_and(|pattern| !pattern.is_match(&body)) {
        return (failed(format!("answer does not match `{}`", check.body_pattern)), true);
    }
    if expected.absent.as_ref().is_some_and(|pattern| pattern.is_match(&body)) {
        return (failed(format!("answer matches `{}`, which it must not", check.body_pattern_absent)), true);
    }
    (miss_json(&expected.json, &answer.body).map_or_else(Judgement::ok, failed), false)
}

fn miss_header((name, pattern): &(String, Option<Pattern>), headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(name.as_str()).iter().filter_map(|value| value.to_str().ok()).peekable();
    if values.peek().is_none() {
        return Some(format!("answer has no header `{name}`"));
    }
    let pattern = pattern.as_ref()?;
    (!values.any(|value| pattern.is_match(value)))
        .then(|| format!("header `{name}` does not match `{}`", pattern.as_str()))
}

fn miss_json(expected: &[(String, Option<Value>)], body: &[u8]) -> Option<String> {
    if expected.is_empty() {
        return None;
    }
    let Ok(document) = serde_json::from_slice::<Value>(body) else {
        return Some("answer is not JSON".to_owned());
    };
    expected.iter().find_map(|(pointer, wanted)| match (document.pointer(pointer), wanted) {
        (None | Some(Value::Null), _) => Some(format!("answer has nothing at `{pointer}`")),
        (Some(_), None) => None,
        (Some(found), Some(wanted)) if found == wanted => None,
        (Some(found), Some(wanted)) => {
            let found: String = found.to_string().chars().take(100).collect();
            Some(format!("`{pointer}` is {found}, not {wanted}"))
        }
    })
}
