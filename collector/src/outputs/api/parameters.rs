//! Query parameters: each handler names those it knows; any other is refused, so that a misspelt filter never looks like
//! an unfiltered answer.

use crate::http_error::HttpError;
use axum::http::{StatusCode, Uri};
use pantau_shared::timestamp::Timestamp;
use serde_json::json;

/// Parameters a request may carry; more are refused before they are looked at.
const PARAMETERS_MAX: usize = 16;

/// The parameters of one request, each known and at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query of `uri`.
    ///
    /// # Errors
    /// 400: a parameter that is not in `known`, is given twice, or cannot be decoded.
    pub(super) fn read(uri: &Uri, known: &[&str]) -> Result<Self, HttpError> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        let pairs = pairs.map_err(|_| bad("the query cannot be decoded".to_owned()))?.0;
        if pairs.len() > PARAMETERS_MAX {
            return Err(bad(format!("more than {PARAMETERS_MAX} parameters")));
        }
        for (index, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let name: String = name.chars().take(64).collect();
                let message = if known.is_empty() {
                    format!("parameter `{name}` is not known; there are none here")
                } else {
                    format!("parameter `{name}` is not known; known: {}", known.join(", "))
                };
                return Err(HttpError::new(StatusCode::BAD_REQUEST, "unknown_parameter", message)
                    .with_detail(json!({ "parameter": name, "known": known })));
            }
            if pairs.iter().take(index).any(|(earlier, _)| earlier == name) {
                return Err(bad_parameter(name, "given twice"));
            }
        }
        Ok(Self(pairs))
    }

    /// A parameter's text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that must be read by `parse`; `expected` says what would be right.
    ///
    /// # Errors
    /// 400 when it cannot be read.
    pub(super) fn parsed<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, HttpError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| bad_parameter(name, &format!("not {expected}")))
    }

    /// An instant: RFC 3339 with offset, or Unix seconds.
    ///
    /// # Errors
    /// 400 when it is neither.
    pub(super) fn instant(&self, name: &str) -> Result<Option<Timestamp>, HttpError> {
        self.parsed(name, "RFC 3339 with offset (`+` written `%2B`) or Unix seconds", |text| {
            let seconds = text.parse::<i64>().ok().filter(|s| (0..=SECONDS_MAX).contains(s)).map(Timestamp::from_secs);
            seconds.or_else(|| Timestamp::parse_rfc3339(text).ok())
        })
    }

    /// `from` and `to`; without them the `default_s` seconds up to `now`.
    ///
    /// # Errors
    /// 400 when `from` is not before `to`, or they are more than `max_s` seconds apart.
    pub(super) fn window(
        &self,
        now: Timestamp,
        default_s: i64,
        max_s: i64,
    ) -> Result<(Timestamp, Timestamp), HttpError> {
        let to = self.instant("to")?.unwrap_or(now);
        let from = self.instant("from")?.unwrap_or_else(|| to.plus_secs(-default_s));
        if from >= to {
            return Err(bad_parameter("from", "not before `to`"));
        }
        if to.ms_since(from) > max_s.saturating_mul(1000) {
            return Err(bad_parameter("from", &format!("more than {max_s} s before `to`")));
        }
        Ok((from, to))
    }

    /// Size of a page: 1 to `max`, 50 when not given.
    ///
    /// # Errors
    /// 400 outside its bounds.
    pub(super) fn limit(&self, max: usize) -> Result<usize, HttpError> {
        let parse = |text: &str| text.parse::<usize>().ok().filter(|limit| (1..=max).contains(limit));
        Ok(self.parsed("limit", &format!("1 to {max}"), parse)?.unwrap_or(50.min(max)))
    }
}

/// End of the year 9999.
const SECONDS_MAX: i64 = 253_402_300_799;

fn bad(message: String) -> HttpError {
    HttpError::new(StatusCode::BAD_REQUEST, "bad_query", message)
}

/// 400 for a known parameter with a bad value.
pub(super) fn bad_parameter(name: &str, problem: &str) -> HttpError {
    HttpError::new(StatusCode::BAD_REQUEST, "bad_parameter", format!("parameter `{name}` is {problem}"))
        .with_detail(json!({ "parameter": name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Parameters, HttpError> {
        let uri: Uri = format!("/x{query}").parse().expect("a path");
        Parameters::read(&uri, &["from", "to", "limit"])
    }

    #[test]
    fn unknown_and_repeated_parameters_are_refused() {
        assert_eq!(read("?fron=1").expect_err("unknown").code(), "unknown_parameter");
        assert_eq!(read("?from=1&from=2").expect_err("twice").code(), "bad_parameter");
        assert_eq!(read("").expect("none").text("from"), None);
        let many = (0..=PARAMETERS_MAX).map(|_| "from=1").collect::<Vec<_>>().join("&");
        assert_eq!(read(&format!("?{many}")).expect_err("many").code(), "bad_query");
    }

    #[test]
    fn windows_are_bounded_and_in_order() {
        let now = Timestamp::from_secs(1_000_000);
        let window = |query: &str| read(query).and_then(|p| p.window(now, 3600, 7200)).map_err(|e| e.code());
        assert_eq!(window(""), Ok((now.plus_secs(-3600), now)));
        assert_eq!(window("?from=1970-01-12T20:00:00%2B07:00"), Ok((Timestamp::from_secs(997_200), now)));
        for bad in ["?from=1000000", "?from=2000000", "?from=1", "?from=x", "?to=-5", "?to=99999999999999999999"] {
            assert_eq!(window(bad), Err("bad_parameter"), "{bad}");
        }
    }

    #[test]
    fn pages_have_bounds() {
        let limit = |query: &str| read(query).and_then(|p| p.limit(200)).map_err(|e| e.code());
        assert_eq!(limit(""), Ok(50));
        assert_eq!(limit("?limit=200"), Ok(200));
        for bad in ["?limit=0", "?limit=201", "?limit=-1", "?limit="] {
            assert_eq!(limit(bad), Err("bad_parameter"), "{bad}");
        }
    }
}
