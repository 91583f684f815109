//! What a person reports: whose report it is, and when it began and was reported (G07).
//!
//! mulai gangguan ≤ dilaporkan ≤ dicatat. A report by letter or telephone is often recorded later than it was made; the
//! clocks start at the report.

use super::TicketRefusal;
use pantau_shared::timestamp::Timestamp;

/// A report older than this is refused, in seconds: it is more likely a slip of the pen.
const AGE_MAX_S: i64 = 90 * 86_400;
/// Longest contact, in characters.
pub const CONTACT_MAX: usize = 200;

/// Onset and report of what is recorded at `now`; what is not told is the later of the two.
///
/// # Errors
/// [`TicketRefusal::BadTimes`] where they are out of order, in the future or too long ago.
pub fn times(
    onset_at: Option<Timestamp>,
    reported_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), TicketRefusal> {
    let reported = reported_at.unwrap_or(now);
    let onset = onset_at.unwrap_or(reported);
    let oldest = now.plus_secs(-AGE_MAX_S);
    if onset > reported || reported > now || onset < oldest {
        return Err(TicketRefusal::BadTimes);
    }
    Ok((onset, reported))
}

/// Field 2: the name, and how the reporter is reached.
///
/// # Errors
/// [`TicketRefusal::BadText`] for a contact that is too long.
pub fn identity(name: &str, contact: &str) -> Result<String, TicketRefusal> {
    let (name, contact) = (name.trim(), contact.trim());
    if contact.chars().count() > CONTACT_MAX {
        return Err(TicketRefusal::BadText { field: "contact", max: CONTACT_MAX });
    }
    Ok(if contact.is_empty() { name.to_owned() } else { format!("{name} ({contact})") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_lies_between_the_onset_and_now() {
        let s = |days: i64| Timestamp::from_secs(days * 86_400);
        let now = s(100);
        assert_eq!(times(None, None, now), Ok((now, now)));
        assert_eq!(times(None, Some(s(98)), now), Ok((s(98), s(98))));
        assert_eq!(times(Some(s(97)), Some(s(98)), now), Ok((s(97), s(98))));
        assert_eq!(times(Some(s(99)), None, now), Ok((s(99), now)));
        for (onset, reported) in [(Some(99), Some(98)), (None, Some(101)), (Some(101), None), (Some(9), None)] {
            assert_eq!(times(onset.map(s), reported.map(s), now), Err(TicketRefusal::BadTimes));
        }
        assert_eq!(identity(" Rina ", " 0812 "), Ok("Rina (0812)".into()));
        assert_eq!(identity("Rina", ""), Ok("Rina".into()));
        assert!(identity("Rina", &"x".repeat(CONTACT_MAX + 1)).is_err());
    }
}
