//! `/proc/loadavg`: load averages in hundredths, and how many threads there are.

use super::source::SourceError;
use pantau_shared::sample::Load;

/// Parses the file's text: `0.05 0.10 0.20 2/345 6789`. Threads are the number behind the slash.
pub(crate) fn parse_loadavg(text: &str) -> Result<(Load, Option<u64>), SourceError> {
    let mut words = text.split_ascii_whitespace();
    let mut next = || words.next().and_then(parse_centi).ok_or_else(|| SourceError::malformed(text));
    let load = Load { one_centi: Some(next()?), five_centi: Some(next()?), fifteen_centi: Some(next()?) };
    Ok((load, words.next().and_then(|word| word.split_once('/')?.1.parse().ok())))
}

/// `1.25` → 125, without a float in between.
fn parse_centi(word: &str) -> Option<u32> {
    let (whole, part) = word.split_once('.')?;
    if part.len() != 2 {
        return None;
    }
    whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(part.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hundredths() {
        let (load, threads) = parse_loadavg("0.05 12.30 100.00 1/123 4567\n").expect("parses");
        assert_eq!(threads, Some(123));
        assert_eq!((load.one_centi, load.five_centi, load.fifteen_centi), (Some(5), Some(1230), Some(10_000)));
    }

    #[test]
    fn garbage_is_an_error() {
        for text in ["", "1.0 1.00 1.00", "1.00 1.00", "a.bc 1.00 1.00", "99999999.00 1.00 1.00"] {
            assert!(parse_loadavg(text).is_err(), "{text}");
        }
    }
}
