//! The moment whose data a file holds, from what can be known of the file. Pure.
//!
//! Best first (rules C.2): the start that the wrapper saw, the time in the name, a header inside, the birth of the file
//! where it was born here, the modification less the known duration, the modification alone: that is the end of writing,
//! and flagged as an estimate. A time without a zone is of the assigned zone, and not used where none is assigned: the
//! agent does not know what its writer meant.

use super::zone::Zone;
use chrono::{NaiveDate, TimeZone};
use glob::Pattern;
use pantau_shared::backup::DataTimeBasis;
use regex_lite::Regex;

/// A birth so much before the modification, in milliseconds, is that of a file that is written again and again.
const BIRTH_BEFORE_MAX_MS: i64 = 24 * 3_600_000;

/// What is known of a file's time, in Unix ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clues {
    /// Start of the run that wrote it.
    pub run_start_ms: Option<i64>,
    /// The time in its name.
    pub named_ms: Option<i64>,
    /// The time in its header.
    pub header_ms: Option<i64>,
    /// Its birth, where it was born here.
    pub birth_ms: Option<i64>,
    /// How long writing takes.
    pub duration_ms: Option<i64>,
    /// Its last modification.
    pub modified_ms: i64,
}

impl Clues {
    /// The best that is known, and what it rests on. What lies after the modification cannot be the start of writing,
    /// except in a name, where a clock that differs would then be hidden from the collector.
    pub fn data_time(&self) -> (i64, DataTimeBasis) {
        let before = |time: Option<i64>| time.filter(|time| *time <= self.modified_ms);
        let birth = before(self.birth_ms).filter(|birth| self.modified_ms - birth <= BIRTH_BEFORE_MAX_MS);
        let less = self.duration_ms.filter(|ms| *ms > 0).map(|ms| self.modified_ms.saturating_sub(ms));
        let known = [
            (before(self.run_start_ms), DataTimeBasis::Start),
            (self.named_ms, DataTimeBasis::FileName),
            (before(self.header_ms), DataTimeBasis::Header),
            (birth, DataTimeBasis::Birth),
            (less, DataTimeBasis::ModifiedLessDuration),
        ];
        let best = known.into_iter().find_map(|(time, basis)| Some((time?, basis)));
        best.unwrap_or((self.modified_ms, DataTimeBasis::Modified))
    }
}

/// How the time is found in a name.
#[derive(Debug, Clone)]
pub enum NameTime {
    /// The usual forms, see [`parse_stamp`].
    Usual(Option<Zone>),
    /// The groups `y mo d h mi s` of an expression, read in a zone.
    Groups(Box<Regex>, Zone),
}

impl NameTime {
    /// Looks in `name`, a file name or a path.
    pub fn find(&self, name: &str) -> Option<i64> {
        let (regex, zone) = match self {
            Self::Usual(zone) => return parse_stamp(name.rsplit('/').next().unwrap_or(name), zone.as_ref()),
            Self::Groups(regex, zone) => (regex, zone),
        };
        let found = regex.captures(name)?;
        let part = |group: &str| found.name(group).and_then(|part| part.as_str().parse::<u32>().ok());
        let date = NaiveDate::from_ymd_opt(i32::try_from(part("y")?).ok()?, part("mo")?, part("d")?)?;
        // A date alone is no moment: the day has 24 hours.
        let local = date.and_hms_opt(part("h")?, part("mi").unwrap_or(0), part("s").unwrap_or(0))?;
        zone.instant(local)
    }
}

/// The parts of a time that a pattern may hold, with the group and the glob of each.
const PARTS: [(char, &str, usize); 6] =
    [('Y', "y", 4), ('m', "mo", 2), ('d', "d", 2), ('H', "h", 2), ('M', "mi", 2), ('S', "s", 2)];

/// A pattern with `%Y %m %d %H %M %S` as a glob and, if it tells at least the day and the hour, the expression that reads
/// the time from a path. `%%` is a per cent sign. `None` for another letter behind the sign.
pub fn parse_pattern(pattern: &str) -> Option<(String, Option<String>)> {
    let (mut glob, mut regex) = (String::new(), String::from("^"));
    let mut told = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '%' => match rest.next()? {
                '%' => {
                    glob.push('%');
                    regex.push('%');
                }
                letter => {
                    let (_, group, digits) = PARTS.into_iter().find(|(part, ..)| *part == letter)?;
                    glob.push_str(&"[0-9]".repeat(digits));
                    if told.contains(&group) {
                        regex.push_str(&format!(r"\d{{{digits}}}"));
                    } else {
                        regex.push_str(&format!(r"(?P<{group}>\d{{{digits}}})"));
                        told.push(group);
                    }
                }
            },
            '*' => {
                let deep = rest.peek() == Some(&'*');
                glob.push('*');
                regex.push_str(if deep { ".*" } else { "[^/]*" });
            }
            // A path that is found has one.
            '/' if glob.ends_with('/') => {}
            '?' => {
                glob.push('?');
                regex.push_str("[^/]");
            }
            '[' => {
                let class: String = rest.by_ref().take_while(|c| *c != ']').collect();
                glob.push_str(&format!("[{class}]"));
                let class = class.strip_prefix('!').map_or(class.clone(), |class| format!("^{class}"));
                regex.push_str(&format!("[{}]", class.replace('\\', r"\\")));
            }
            c => {
                glob.push(c);
                regex.push_str(&regex_lite::escape(c.encode_utf8(&mut [0; 4])));
            }
        }
    }
    regex.push('$');
    let complete = ["y", "mo", "d", "h"].iter().all(|group| told.contains(group));
    Pattern::new(&glob).is_ok().then_some((glob, complete.then_some(regex)))
}

/// Finds a date and time in a file name: `20260601T013000Z`, `2026-06-01_01-30+0700`, and, where a zone is known, without
/// one: `20260601-0130`, `202606010130`. Gives Unix ms of the first one.
pub fn parse_stamp(name: &str, zone: Option<&Zone>) -> Option<i64> {
    let bytes = name.as_bytes();
    (0..bytes.len())
        .filter(|&at| bytes[at].is_ascii_digit() && (at == 0 || !bytes[at - 1].is_ascii_digit()))
        .find_map(|at| parse_stamp_at(&bytes[at..], zone))
}

fn parse_stamp_at(bytes: &[u8], known: Option<&Zone>) -> Option<i64> {
    let mut text = Text(bytes);
    let year = text.number(4)?;
    text.skip(b"-_");
    let month = text.number(2)?;
    text.skip(b"-_");
    let day = text.number(2)?;
    if !text.skip(b"T_-") && !text.is_run_of(&[4, 6]) {
        return None;
    }
    let hour = text.number(2)?;
    text.skip(b":-_.");
    let minute = text.number(2)?;
    let seconds = Text(text.0);
    text.skip(b":_.");
    let second = match text.number(2) {
        Some(second) => second,
        None => {
            // `-` before seconds would hide the sign of an offset; only behind dashes in the time it separates.
            text = seconds;
            let mut dashed = Text(text.0);
            match (dashed.skip(b"-"), dashed.number(2), dashed.zone()) {
                (true, Some(second), zone) if zone.is_some() || (known.is_some() && !dashed.is_run_of(&[2])) => {
                    text.skip(b"-");
                    text.number(2)?;
                    second
                }
                _ => 0,
            }
        }
    };
    let local = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?.and_hms_opt(hour, minute, second)?;
    match text.zone() {
        Some(zone) => Some(zone.from_local_datetime(&local).single()?.timestamp_millis()),
        // More digits would be a number that only looks like a time.
        None if text.0.first().is_some_and(u8::is_ascii_digit) => None,
        None => known?.instant(local),
    }
}

/// The rest of a name.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    /// Takes exactly `digits` digits.
    fn number(&mut self, digits: usize) -> Option<u32> {
        let (head, rest) = self.0.split_at_checked(digits)?;
        if !head.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        Some(head.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
    }

    /// Whether exactly so many digits stand here.
    fn is_run_of(&self, lengths: &[usize]) -> bool {
        lengths.contains(&self.0.iter().take_while(|b| b.is_ascii_digit()).count())
    }

    /// Takes one byte out of `any`, if it stands there.
    fn skip(&mut self, any: &[u8]) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if any.contains(first) => {
                self.0 = rest;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Takes `Z` or an offset from UTC.
    fn zone(&mut self) -> Option<chrono::FixedOffset> {
        if self.skip(b"Zz") {
            return chrono::FixedOffset::east_opt(0);
        }
        let sign = if self.skip(b"+") { 1 } else { self.skip(b"-").then_some(-1)? };
        let hours = self.number(2)?;
        self.skip(b":");
        let minutes = self.number(2)?;
        chrono::FixedOffset::east_opt(sign * i32::try_from(hours * 3600 + minutes * 60).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::timestamp::Timestamp;

    fn shown(ms: Option<i64>) -> Option<String> {
        ms.map(|ms| Timestamp::from_ms(ms).to_string())
    }

    #[test]
    fn without_a_zone_only_a_time_that_tells_its_own_is_taken() {
        let cases = [
            ("simpeg-20260601T013000Z.sql.gz", Some("2026-06-01T01:30:00Z")),
            ("simpeg_2026-06-01_08-30-15+0700.sql", Some("2026-06-01T01:30:15Z")),
            ("db-2026-06-01T08:30:00+07:00.dump", Some("2026-06-01T01:30:00Z")),
            ("db-202606010130Z.dump", Some("2026-06-01T01:30:00Z")),
            ("db-20260601-0130-0330.dump", Some("2026-06-01T05:00:00Z")),
            ("db-20260601T0130Z.dump", Some("2026-06-01T01:30:00Z")),
            ("v12-20260601_013000z", Some("2026-06-01T01:30:00Z")),
            ("db-20260601.sql", None),
            ("db-20260601-013000.sql", None),
            ("db-20261301T013000Z", None),
            ("db-20260601T253000Z", None),
            ("20260601T013000+2500", None),
            ("", None),
            ("é2026", None),
        ];
        for (name, expected) in cases {
            assert_eq!(shown(parse_stamp(name, None)).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn with_a_zone_a_bare_time_is_of_it() {
        let cases = [
            ("simpeg-20260610-0100.sql.gz", Some("2026-06-09T18:00:00Z")),
            ("simpeg_2026-06-10_01-00-15.sql", Some("2026-06-09T18:00:15Z")),
            ("simpeg-20260610010000.sql", Some("2026-06-09T18:00:00Z")),
            ("simpeg-202606100100.sql", Some("2026-06-09T18:00:00Z")),
            ("simpeg-20260610T010000Z.sql", Some("2026-06-10T01:00:00Z")),
            ("simpeg-20260610.sql", None),
            ("simpeg-2026061001000012.sql", None),
        ];
        let jakarta = Zone::read("Asia/Jakarta").expect("tzdata is installed");
        for (name, expected) in cases {
            assert_eq!(shown(parse_stamp(name, Some(&jakarta))).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_pattern_tells_where_the_time_stands() {
        let (glob, regex) = parse_pattern("/b/%Y/si[!x]peg-*-%Y%m%d-%H%M.sql.gz").expect("a pattern");
        let digits = "[0-9]".repeat(4);
        assert_eq!(glob, format!("/b/{digits}/si[!x]peg-*-{digits}{0}{0}-{0}{0}.sql.gz", "[0-9][0-9]"));
        let jakarta = Zone::read("Asia/Jakarta").expect("tzdata is installed");
        let time = NameTime::Groups(Box::new(Regex::new(&regex.expect("a time")).expect("valid")), jakarta);
        let found = time.find("/b/2026/simpeg-a-20260610-0100.sql.gz");
        assert_eq!(shown(found).as_deref(), Some("2026-06-09T18:00:00Z"));
        assert_eq!(time.find("/b/2026/simpeg-a-20260610-0100.sql"), None);
        assert_eq!(parse_pattern("/b/%Y%m%d.gz").expect("a pattern").1, None, "a day is no moment");
        assert_eq!(parse_pattern("/b//100%%.gz").expect("a pattern").0, "/b/100%.gz");
        assert_eq!(parse_pattern("/b/%q.gz"), None);
    }

    #[test]
    fn the_best_clue_wins_and_the_modification_alone_is_an_estimate() {
        let all = Clues {
            run_start_ms: Some(1),
            named_ms: Some(2),
            header_ms: Some(3),
            birth_ms: Some(4),
            duration_ms: Some(5),
            modified_ms: 100,
        };
        let mut clues = all;
        assert_eq!(clues.data_time(), (1, DataTimeBasis::Start));
        clues.run_start_ms = Some(101);
        assert_eq!(clues.data_time(), (2, DataTimeBasis::FileName));
        clues.named_ms = None;
        assert_eq!(clues.data_time(), (3, DataTimeBasis::Header));
        clues.header_ms = Some(101);
        assert_eq!(clues.data_time(), (4, DataTimeBasis::Birth));
        clues.birth_ms = Some(101);
        assert_eq!(clues.data_time(), (95, DataTimeBasis::ModifiedLessDuration));
        clues.duration_ms = Some(0);
        assert_eq!(clues.data_time(), (100, DataTimeBasis::Modified));
        let rewritten = Clues { birth_ms: Some(0), modified_ms: BIRTH_BEFORE_MAX_MS + 1, ..Clues::default() };
        assert_eq!(rewritten.data_time().1, DataTimeBasis::Modified);
    }
}
