//! This host's clock beside the collector's, by the `Date` of the collector's answer (RFC 9110, 6.6.1). Pure.
//!
//! The date is of a whole second, cut, and the answer took a while: what is told is the least by which the two differ.
//! Which of them is wrong is not known here; the collector's own host has its own operator.

use super::Finding;
use chrono::DateTime;
use pantau_shared::timestamp::Timestamp;

/// A difference up to this is taken for ordinary drift, as the collector takes it.
const DRIFT_MAX_MS: i64 = 5_000;

/// Beyond this the collector warns of the host, and times of certificates are judged wrongly.
const WRONG_MS: i64 = 60_000;

/// Compares the answer's date with this host's clock before the question and after the answer; `None` when the answer
/// bears no date.
pub(super) fn compare(date: Option<&str>, asked: Timestamp, answered: Timestamp) -> Option<Finding> {
    let date = DateTime::parse_from_rfc2822(date?).ok()?.timestamp_millis();
    let (least, most) = (asked.as_ms() - date - 1_000, answered.as_ms() - date);
    let (off_ms, word) = match (least > 0, most < 0) {
        (true, _) => (least, "ahead of"),
        (_, true) => (-most, "behind"),
        (false, false) => return Some(Finding::good("clocks", "this host's clock and the collector's agree")),
    };
    let told = format!("this host's clock is {} {word} the collector's", render(off_ms));
    let mend = "see which is wrong (`timedatectl` or `chronyc tracking` on both), and let chrony, systemd-timesyncd or \
                ntpd keep that one; `chronyc makestep` mends it at once. Ages by the monotonic clock keep what waits in \
                the spool right until the next boot";
    Some(if off_ms <= DRIFT_MAX_MS {
        Finding::good("clocks", told)
    } else if off_ms <= WRONG_MS {
        Finding::missing("clocks", told, mend)
    } else {
        Finding::bad("clocks", told, mend)
    })
}

fn render(ms: i64) -> String {
    let s = ms / 1000;
    match s {
        0 => format!("{ms} ms"),
        1..120 => format!("{s} s"),
        120..7_200 => format!("{} min {} s", s / 60, s % 60),
        _ => format!("{} h {} min", s / 3_600, s / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    /// 2026-06-01 00:00:00 UTC as the answer, this host's clock so many ms later.
    fn off_by(ms: i64) -> Finding {
        let at = Timestamp::from_ms(1_780_272_000_000 + ms);
        compare(Some("Mon, 01 Jun 2026 00:00:00 GMT"), at, at.plus_ms(20)).expect("a date")
    }

    #[test]
    fn clocks_that_differ_are_told_by_how_much_and_which_way() {
        for (ms, level, words) in [
            (0, Level::Good, "agree"),
            (999, Level::Good, "agree"),
            (-15, Level::Good, "agree"),
            (1_400, Level::Good, "400 ms ahead of"),
            (31_500, Level::Missing, "30 s ahead of"),
            (-31_000, Level::Missing, "30 s behind"),
            (3_900_000, Level::Bad, "64 min 59 s ahead of"),
            (-90_000_000, Level::Bad, "24 h 59 min behind"),
        ] {
            let found = off_by(ms);
            assert!(found.level == level && found.told.contains(words), "{ms}: {found:?}");
            assert_eq!(found.mend.is_some(), level != Level::Good);
        }
    }

    #[test]
    fn an_answer_without_a_date_tells_nothing() {
        let at = Timestamp::from_ms(0);
        assert_eq!((compare(None, at, at), compare(Some("gestern"), at, at)), (None, None));
    }
}
