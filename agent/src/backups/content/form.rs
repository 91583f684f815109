//! What a file's beginning and end tell of it: which kind of dump it is, when it was begun, whether it is whole. Pure:
//! bytes go in piece by piece, whatever they were compressed with.
//!
//! | kind | known by | whole when |
//! |---|---|---|
//! | PostgreSQL dump | `-- PostgreSQL database dump`, `… cluster dump` | `… dump complete` stands at the end |
//! | MySQL, MariaDB dump | `-- MySQL dump`, `-- MariaDB dump` | `-- Dump completed` stands at the end |
//! | PostgreSQL custom dump | `PGDMP` | cannot be told from its ends |
//! | tar | `ustar` at 257 | two blocks of zeros end it |
//! | anything | a trailer is asked for | the trailer stands at the end |

use chrono::{NaiveDate, NaiveDateTime};

/// How much of the beginning is kept, in bytes: behind banner and comments of a dump's head.
pub(crate) const HEAD_BYTES: usize = 4096;

/// How much of the end is kept, in bytes.
pub(crate) const TAIL_BYTES: usize = 4096;

/// When a dump says it was begun: by the clock of the machine that wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderTime {
    /// The time as written.
    pub local: NaiveDateTime,
    /// Whether it says that it is UTC; else the zone is not told.
    pub utc: bool,
}

/// Beginning, end and length of a content.
#[derive(Debug, Default)]
pub struct Form {
    head: Vec<u8>,
    tail: Vec<u8>,
    len: u64,
}

impl Form {
    /// Of a content whose ends were read apart.
    pub fn of_ends(head: Vec<u8>, tail: Vec<u8>, len: u64) -> Self {
        Self { head, tail, len }
    }

    /// Takes what comes next.
    pub(crate) fn push(&mut self, more: &[u8]) {
        self.len += more.len() as u64;
        let wanted = HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&more[..more.len().min(wanted)]);
        if more.len() >= TAIL_BYTES {
            self.tail.clear();
            self.tail.extend_from_slice(&more[more.len() - TAIL_BYTES..]);
        } else {
            self.tail.extend_from_slice(more);
            let over = self.tail.len().saturating_sub(TAIL_BYTES);
            self.tail.drain(..over);
        }
    }

    /// What the ends tell is missing; none when nothing is. `trailer` must stand at the end when it is not empty.
    pub fn missing(&self, trailer: &str) -> Option<String> {
        let tail = String::from_utf8_lossy(&self.tail);
        if !trailer.is_empty() {
            return (!tail.contains(trailer)).then(|| format!("`{trailer}` does not stand at its end"));
        }
        let head = String::from_utf8_lossy(&self.head);
        let says = |text: &str| head.contains(text);
        let wanted = if says("-- PostgreSQL database cluster dump") {
            "-- PostgreSQL database cluster dump complete"
        } else if says("-- PostgreSQL database dump") {
            "-- PostgreSQL database dump complete"
        } else if says("-- MySQL dump") || says("-- MariaDB dump") {
            "-- Dump completed"
        } else if self.head.get(257..262) == Some(b"ustar") {
            let zeros = self.tail.len() >= 1024 && self.tail[self.tail.len() - 1024..].iter().all(|b| *b == 0);
            return (!zeros || !self.len.is_multiple_of(512)).then(|| "the end of the archive is missing".to_owned());
        } else {
            return None;
        };
        (!tail.contains(wanted)).then(|| format!("`{wanted}` does not stand at its end"))
    }

    /// When it says it was begun.
    pub fn header_time(&self) -> Option<HeaderTime> {
        if self.head.starts_with(b"PGDMP") {
            return custom_dump_time(&self.head);
        }
        let head = String::from_utf8_lossy(&self.head);
        let (_, started) = head.split_once("\n-- Started on ")?;
        let line = started.lines().next()?;
        let local = NaiveDateTime::parse_from_str(line.get(..19)?, "%Y-%m-%d %H:%M:%S").ok()?;
        Some(HeaderTime { local, utc: matches!(line[19..].trim(), "UTC" | "GMT") })
    }
}

/// The time in the header of a custom or tar dump of `pg_dump`: version, size of integers, then second, minute, hour, day,
/// month from 0, year from 1900 of the writer's local clock, each a sign byte and a little-endian number.
fn custom_dump_time(head: &[u8]) -> Option<HeaderTime> {
    let version = (*head.get(5)?, *head.get(6)?);
    let int_bytes = usize::from(*head.get(8)?);
    if !(1..=8).contains(&int_bytes) {
        return None;
    }
    let integer = |at: usize| {
        let bytes = head.get(at + 1..at + 1 + int_bytes)?;
        let value = bytes.iter().rev().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
        (head.get(at) == Some(&0)).then_some(value).and_then(|value| u32::try_from(value).ok())
    };
    // Compression is one byte since archive version 1.15, an integer before.
    let from = if version >= (1, 15) { 12 } else { 11 + 1 + int_bytes };
    let field = |n: usize| integer(from + n * (1 + int_bytes));
    let year = i32::try_from(field(5)?).ok()?.checked_add(1900)?;
    let date = NaiveDate::from_ymd_opt(year, field(4)? + 1, field(3)?)?;
    Some(HeaderTime { local: date.and_hms_opt(field(2)?, field(1)?, field(0)?)?, utc: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        let mut form = Form::default();
        text.as_bytes().chunks(7).for_each(|piece| form.push(piece));
        form
    }

    #[test]
    fn a_dump_is_whole_when_its_last_words_stand_there() {
        let head = "--\n-- PostgreSQL database dump\n--\n\n-- Started on 2026-06-10 01:00:00 WIB\n";
        let body = "x".repeat(10_000);
        let whole = form(&format!("{head}{body}\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict x\n"));
        assert_eq!(whole.missing(""), None);
        let started = whole.header_time().expect("a time");
        assert_eq!((started.local.to_string().as_str(), started.utc), ("2026-06-10 01:00:00", false));
        assert!(form(&format!("{head}{body}")).missing("").is_some_and(|said| said.contains("dump complete")));
        let mariadb = "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n";
        assert!(form(mariadb).missing("").is_some());
        assert_eq!(form(&format!("{mariadb}{body}-- Dump completed on 2026-06-10  2:30:00\n")).missing(""), None);
        assert_eq!(form("anything at all").missing(""), None);
        assert!(form("anything at all").missing("SELESAI").is_some());
        assert_eq!(form("all SELESAI\n").missing("SELESAI"), None);
    }

    #[test]
    fn a_tar_ends_in_zeros() {
        let mut archive = vec![b'a'; 512];
        archive[257..262].copy_from_slice(b"ustar");
        let mut whole = archive.clone();
        whole.extend([0; 1024]);
        let of = |bytes: &[u8]| {
            let mut form = Form::default();
            form.push(bytes);
            form.missing("")
        };
        assert_eq!(of(&whole), None);
        assert!(of(&archive).is_some());
        assert!(of(&whole[..whole.len() - 1]).is_some());
    }

    #[test]
    fn the_header_of_a_custom_dump_tells_its_start() {
        // As pg_dump 15.18 wrote it on 2026-11-24 17:13:28.
        let bytes = hex::decode(
            "5047444d50010e00040801010100000000\
             1c000000000d00000000110000000018000000000a000000007e0000000000000000",
        )
        .expect("hex");
        let mut form = Form::default();
        form.push(&bytes);
        assert_eq!(form.header_time().map(|time| time.local.to_string()).as_deref(), Some("2026-11-24 17:13:28"));
        for cut in 0..bytes.len() - 10 {
            let mut form = Form::default();
            form.push(&bytes[..cut]);
            assert_eq!(form.header_time(), None, "{cut}");
        }
    }
}
