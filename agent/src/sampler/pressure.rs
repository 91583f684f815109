//! `/proc/pressure/{cpu,memory,io}`: how long tasks have waited since boot, in microseconds. Knows no averages: the kernel's
//! own are over windows that nobody chose here.
//!
//! ```text
//! some avg10=0.00 avg60=0.12 avg300=0.05 total=10012640
//! full avg10=0.00 avg60=0.00 avg300=0.00 total=0          not for cpu before Linux 5.13
//! ```

use super::source::SourceError;

/// Totals of one resource, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stalled {
    /// At least one task waited.
    pub(crate) some_us: Option<u64>,
    /// All of them did.
    pub(crate) full_us: Option<u64>,
}

/// Parses the text of one of the three files. A line of another name is passed over.
pub(crate) fn parse_pressure(text: &str) -> Result<Stalled, SourceError> {
    let mut stalled = Stalled::default();
    for line in text.lines() {
        let field = match line.split_once(' ').map(|(name, _)| name) {
            Some("some") => &mut stalled.some_us,
            Some("full") => &mut stalled.full_us,
            _ => continue,
        };
        let total = line.split_ascii_whitespace().find_map(|word| word.strip_prefix("total="));
        *field = Some(total.and_then(|total| total.parse().ok()).ok_or_else(|| SourceError::malformed(line))?);
    }
    if stalled.some_us.is_none() {
        return Err(SourceError::malformed("no some line"));
    }
    Ok(stalled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_totals_and_no_averages() {
        let text =
            "some avg10=1.00 avg60=0.12 avg300=0.05 total=10012640\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n";
        let stalled = parse_pressure(text).expect("parses");
        assert_eq!(stalled, Stalled { some_us: Some(10_012_640), full_us: Some(7) });
    }

    #[test]
    fn an_old_kernel_has_no_full_line_for_cpu() {
        let stalled = parse_pressure("some avg10=0.00 total=5\n").expect("parses");
        assert_eq!(stalled, Stalled { some_us: Some(5), full_us: None });
    }

    #[test]
    fn garbage_is_an_error() {
        for text in ["", "full total=1\n", "some total=x\n", "some avg10=0.00\n", "some total=18446744073709551616\n"] {
            assert!(parse_pressure(text).is_err(), "{text}");
        }
    }
}
