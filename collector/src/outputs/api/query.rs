//! Query parameters: each is known, given once, and well-formed, or the request is refused by name.

use crate::http_error::HttpError;
use axum::extract::Query;
use http::{StatusCode, Uri};
use pantau_shared::timestamp::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The parameters of one request.
#[derive(Debug)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads the query; only `known` parameters may be there.
    ///
    /// # Errors
    /// 400 `unknown_parameter`, `repeated_parameter`, `bad_query`.
    pub(super) fn read(uri: &Uri, known: &[&str]) -> Result<Self, HttpError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| {
            HttpError::new(StatusCode::BAD_REQUEST, "bad_query", "the query is not of the form a=b&c=d")
        })?;
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            if !known.contains(&name.as_str()) {
                let message = format!("there is no parameter `{name}` here");
                return Err(HttpError::new(StatusCode::BAD_REQUEST, "unknown_parameter", message)
                    .with_detail(json!({ "parameter": name, "known": known })));
            }
            if parameters.contains_key(&name) {
                let message = format!("the parameter `{name}` is given more than once");
                return Err(HttpError::new(StatusCode::BAD_REQUEST, "repeated_parameter", message)
                    .with_detail(json!({ "parameter": name })));
            }
            parameters.insert(name, value);
        }
        Ok(Self(parameters))
    }

    /// A parameter as text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, HttpError> {
        self.text(name).ok_or_else(|| {
            let message = format!("the parameter `{name}` is required");
            HttpError::new(StatusCode::BAD_REQUEST, "missing_parameter", message)
                .with_detail(json!({ "parameter": name }))
        })
    }

    /// A whole number within bounds.
    pub(super) fn number(&self, name: &str, bounds: RangeInclusive<i64>) -> Result<Option<i64>, HttpError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse::<i64>().ok().filter(|number| bounds.contains(number));
        let wanted = || format!("a whole number from {} to {}", bounds.start(), bounds.end());
        number.map(Some).ok_or_else(|| bad(name, &wanted()))
    }

    /// An instant that must be there: RFC 3339 with an offset, or Unix seconds.
    pub(super) fn instant(&self, name: &str) -> Result<Timestamp, HttpError> {
        let text = self.required(name)?;
        parse_instant(text).ok_or_else(|| bad(name, "an instant: RFC 3339 with an offset, or Unix seconds"))
    }
}

/// 400: the parameter is there but says nothing we understand.
pub(super) fn bad(name: &str, wanted: &str) -> HttpError {
    HttpError::new(StatusCode::BAD_REQUEST, "bad_parameter", format!("the parameter `{name}` must be {wanted}"))
        .with_detail(json!({ "parameter": name }))
}

/// Reads an instant. In a query a bare `+` stands for a blank: an offset that was not escaped is understood.
fn parse_instant(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(Timestamp::from_secs(seconds));
    }
    Timestamp::parse_rfc3339(&text.replace(' ', "+")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Parameters, HttpError> {
        Parameters::read(&format!("/x?{query}").parse().expect("valid"), &["from", "limit"])
    }

    #[test]
    fn parameters_are_known_single_and_well_formed() {
        assert_eq!(read("form=1").expect_err("unknown").code(), "unknown_parameter");
        assert_eq!(read("from=1&from=2").expect_err("twice").code(), "repeated_parameter");
        let limit = |text: &str| read(&format!("limit={text}")).expect("known").number("limit", 1..=200);
        assert_eq!(limit("200"), Ok(Some(200)));
        for bad in ["0", "201", "x", "", "99999999999999999999"] {
            assert_eq!(limit(bad).expect_err("out of bounds").code(), "bad_parameter", "{bad}");
        }
        assert_eq!(read("").expect("empty").instant("from").expect_err("missing").code(), "missing_parameter");
    }

    #[test]
    fn instants_in_all_their_forms() {
        let expected = Timestamp::from_secs(1_795_503_900);
        for text in ["1795503900", "2026-11-24T14:05:00%2B07:00", "2026-11-24T14:05:00+07:00", "2026-11-24T07:05:00Z"] {
            assert_eq!(read(&format!("from={text}")).expect("known").instant("from"), Ok(expected), "{text}");
        }
    }
}
