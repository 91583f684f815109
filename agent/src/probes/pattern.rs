//! Regular expressions of an assignment: compiled with a bound, matched in time linear in the text.

use regex_lite::RegexBuilder;

pub(super) use regex_lite::Regex as Pattern;

/// Largest compiled pattern, in bytes: a pattern like `(a{1000}){1000}` must not eat the host's memory.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// Compiles a pattern; an empty one is none.
pub(super) fn parse_pattern(text: &str) -> Result<Option<Pattern>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let compiled = RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build();
    compiled.map(Some).map_err(|error| format!("`{text}` is not a pattern: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_and_greedy_patterns_are_refused() {
        assert!(parse_pattern("").expect("none").is_none());
        assert!(parse_pattern("^a+$").expect("good").expect("some").is_match("aaa"));
        assert!(parse_pattern("(").is_err());
        assert!(parse_pattern("((a{100}){100}){100}").is_err());
    }
}
