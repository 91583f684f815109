//! Forms that all answers share: instants, pages.

use crate::domain::ticket::TicketNumber;
use chrono::SecondsFormat;
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;

/// RFC 3339 with the zone's offset; milliseconds only where there are any.
pub(super) fn instant(zone: Tz, at: Timestamp) -> String {
    let form = if at.as_ms().rem_euclid(1000) == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
    at.to_utc().with_timezone(&zone).to_rfc3339_opts(form, false)
}

/// A whole list.
#[derive(Debug, Serialize)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
}

/// A page of a list; `next_cursor` goes into `cursor` for the next one, `null` on the last.
#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// From one more item than the page holds: the one that is too many says that more follow.
    pub(super) fn new(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(cursor);
        Self { items, next_cursor }
    }
}

/// A ticket's number in a path or cursor.
pub(super) fn ticket_number(text: &str) -> Option<TicketNumber> {
    TicketNumber::parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_carry_the_offset_of_the_office() {
        let at = Timestamp::parse_rfc3339("2026-06-01T00:00:00Z").expect("valid");
        assert_eq!(instant(chrono_tz::Asia::Jakarta, at), "2026-06-01T07:00:00+07:00");
        assert_eq!(instant(chrono_tz::Asia::Jakarta, at.plus_ms(5)), "2026-06-01T07:00:00.005+07:00");
    }

    #[test]
    fn a_page_tells_whether_more_follow() {
        let page = Page::new(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!((page.items, page.next_cursor), (vec![1, 2], Some("2".into())));
        let last = Page::new(vec![1, 2], 2, ToString::to_string);
        assert_eq!((last.items, last.next_cursor), (vec![1, 2], None));
    }
}
