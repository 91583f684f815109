//! `/proc/uptime`: time since boot in milliseconds.

use super::source::SourceError;

/// Parses the file's text.
pub(crate) fn parse_uptime(text: &str) -> Result<u64, SourceError> {
    let malformed = || SourceError::malformed(text);
    let word = text.split_ascii_whitespace().next().ok_or_else(malformed)?;
    let (seconds, part) = word.split_once('.').filter(|(_, part)| part.len() == 2).ok_or_else(malformed)?;
    let seconds: u64 = seconds.parse().map_err(|_| malformed())?;
    let centi: u64 = part.parse().map_err(|_| malformed())?;
    Ok(seconds.saturating_mul(1000).saturating_add(centi * 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_milliseconds() {
        assert_eq!(parse_uptime("7081.35 13500.10\n").expect("parses"), 7_081_350);
        for text in ["", "12", "a.00", "1.x0", "1.000"] {
            assert!(parse_uptime(text).is_err(), "{text}");
        }
    }
}
