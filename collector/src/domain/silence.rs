//! A host that is no longer heard. Nobody who was not listening may call a host silent: time counts from the later of
//! its last batch and the start of listening.

use pantau_shared::timestamp::Timestamp;

/// From when a host that is not heard again counts as silent.
pub fn silent_at(last_seen: Timestamp, listening_since: Timestamp, silent_after_s: u32) -> Timestamp {
    last_seen.max(listening_since).plus_secs(i64::from(silent_after_s))
}

/// Whether a host counts as silent at `now`.
pub fn is_silent(last_seen: Timestamp, listening_since: Timestamp, silent_after_s: u32, now: Timestamp) -> bool {
    now >= silent_at(last_seen, listening_since, silent_after_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_from_the_later_of_hearing_and_listening() {
        let s = Timestamp::from_secs;
        for (seen, listening, now, expected) in
            [(0, 0, 89, false), (0, 0, 90, true), (0, 50, 90, false), (0, 50, 140, true), (100, 50, 140, false)]
        {
            assert_eq!(is_silent(s(seen), s(listening), 90, s(now)), expected, "{seen} {listening} {now}");
        }
    }
}
