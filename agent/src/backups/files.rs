//! Files that match a pattern, each of them one artefact.
//!
//! The data time is the time in the file's name when the name says itself in which zone it is (`…Z`, `…+0700`); else the
//! file's modification time, which is the end of writing and so an estimate. A bare local time in a name is not used
//! here: the agent does not know the zone its writer meant.

use super::Found;
use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone};
use glob::{MatchOptions, glob_with};
use pantau_shared::assignment::BackupFiles;
use pantau_shared::backup::{BackupArtefact, BackupStatus, DataTimeBasis};
use pantau_shared::limits::cut_text;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Most matching entries looked at; a pattern that matches more is told as an error instead of judged by a part.
const ENTRIES_MAX: u64 = 20_000;

/// Why files cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    /// The pattern is not absolute.
    #[error("assignment: pattern `{pattern}` does not begin with /")]
    Relative { pattern: String },
    /// The pattern is no pattern.
    #[error("assignment: pattern `{pattern}` cannot be used")]
    Pattern { pattern: String, source: glob::PatternError },
    /// A directory cannot be listed.
    #[error("cannot list {path}")]
    List { path: String, source: std::io::Error },
    /// More than the bound.
    #[error("more than {ENTRIES_MAX} files match `{pattern}`")]
    TooMany { pattern: String },
}

/// Looks at the files now. `now_ms` tells what is still being written.
pub(crate) fn read_files(source: &BackupFiles, now_ms: i64) -> Result<Found, FilesError> {
    let pattern = &source.pattern;
    if !pattern.starts_with('/') {
        return Err(FilesError::Relative { pattern: cut_text(pattern) });
    }
    let options =
        MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    let paths = glob_with(pattern, options)
        .map_err(|error| FilesError::Pattern { pattern: cut_text(pattern), source: error })?;
    let mut found = Found::default();
    let mut entries = 0;
    for path in paths {
        entries += 1;
        if entries > ENTRIES_MAX {
            return Err(FilesError::TooMany { pattern: cut_text(pattern) });
        }
        let path = path.map_err(|error| {
            let path = error.path().display().to_string();
            FilesError::List { path, source: error.into() }
        })?;
        // A file may be rotated away between listing and looking.
        let Ok(metadata) = path.metadata() else {
            continue;
        };
        if metadata.is_file() {
            found.total += 1;
            found.artefacts.push(artefact(&path, &metadata, source.settle_seconds, now_ms));
        }
    }
    Ok(found)
}

fn artefact(path: &Path, metadata: &Metadata, settle_seconds: u32, now_ms: i64) -> BackupArtefact {
    let modified_ms = metadata.mtime().saturating_mul(1000).saturating_add(metadata.mtime_nsec() / 1_000_000);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let named_ms = parse_stamp(name);
    let settling = now_ms.saturating_sub(modified_ms) < i64::from(settle_seconds) * 1000;
    let status = if settling { BackupStatus::Running } else { BackupStatus::Ok };
    let basis = if named_ms.is_some() { DataTimeBasis::FileName } else { DataTimeBasis::Modified };
    BackupArtefact {
        name: cut_text(&path.display().to_string()),
        started_at_ms: None,
        ended_at_ms: (!settling).then_some(modified_ms),
        data_time_ms: Some(named_ms.unwrap_or(modified_ms)),
        basis: basis as i32,
        status: status as i32,
        size_bytes: Some(metadata.len()),
        ..BackupArtefact::default()
    }
}

/// Finds a date and time with an explicit zone in a file name: `20260601T013000Z`, `2026-06-01_01-30+0700`, …
/// Gives Unix ms of the first one.
pub(crate) fn parse_stamp(name: &str) -> Option<i64> {
    let bytes = name.as_bytes();
    (0..bytes.len())
        .filter(|&at| bytes[at].is_ascii_digit() && (at == 0 || !bytes[at - 1].is_ascii_digit()))
        .find_map(|at| parse_stamp_at(&bytes[at..]))
}

fn parse_stamp_at(bytes: &[u8]) -> Option<i64> {
    let mut text = Text(bytes);
    let year = text.number(4)?;
    text.skip(b"-_");
    let month = text.number(2)?;
    text.skip(b"-_");
    let day = text.number(2)?;
    if !text.skip(b"T_-") {
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
                (true, Some(second), Some(_)) => {
                    text.skip(b"-");
                    text.number(2)?;
                    second
                }
                _ => 0,
            }
        }
    };
    let zone = text.zone()?;
    let local = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?.and_hms_opt(hour, minute, second)?;
    let instant: DateTime<FixedOffset> = zone.from_local_datetime(&local).single()?;
    Some(instant.timestamp_millis())
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
    fn zone(&mut self) -> Option<FixedOffset> {
        if self.skip(b"Zz") {
            return FixedOffset::east_opt(0);
        }
        let sign = if self.skip(b"+") { 1 } else { self.skip(b"-").then_some(-1)? };
        let hours = self.number(2)?;
        self.skip(b":");
        let minutes = self.number(2)?;
        FixedOffset::east_opt(sign * i32::try_from(hours * 3600 + minutes * 60).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::timestamp::Timestamp;
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    #[test]
    fn only_a_time_with_its_zone_is_taken_from_a_name() {
        let cases = [
            ("simpeg-20260601T013000Z.sql.gz", Some("2026-06-01T01:30:00Z")),
            ("simpeg_2026-06-01_08-30-15+0700.sql", Some("2026-06-01T01:30:15Z")),
            ("db-2026-06-01T08:30:00+07:00.dump", Some("2026-06-01T01:30:00Z")),
            ("db-202606010130Z.dump", None),
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
            let found = parse_stamp(name).map(|ms| Timestamp::from_ms(ms).to_string());
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }

    fn write(path: &Path, bytes: usize, modified_s: u64) {
        std::fs::write(path, vec![b'x'; bytes]).expect("writes");
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(modified_s);
        File::options().write(true).open(path).expect("opens").set_modified(modified).expect("sets");
    }

    #[test]
    fn looks_at_matching_files_only() {
        let dir = tempfile::tempdir().expect("temporary directory");
        write(&dir.path().join("db-1.gz"), 5, 1000);
        write(&dir.path().join("db-2.gz"), 7, 1990);
        write(&dir.path().join("db-20260601T013000Z.gz"), 1, 1500);
        write(&dir.path().join("other.gz"), 1, 1500);
        std::fs::create_dir(dir.path().join("db-dir.gz")).expect("creates");
        let pattern = format!("{}/db-*.gz", dir.path().display());
        let mut found = read_files(&BackupFiles { pattern, settle_seconds: 60, ..BackupFiles::default() }, 2_000_000)
            .expect("looks");
        found.artefacts.sort_by_key(|artefact| artefact.size_bytes);
        assert_eq!(found.total, 3);
        let [named, old, young] = found.artefacts.as_slice() else { panic!("three artefacts") };
        assert_eq!((named.basis(), named.ended_at_ms), (DataTimeBasis::FileName, Some(1_500_000)));
        assert_eq!(
            (old.status(), old.basis(), old.data_time_ms),
            (BackupStatus::Ok, DataTimeBasis::Modified, Some(1_000_000))
        );
        assert_eq!((young.status(), young.ended_at_ms, young.size_bytes), (BackupStatus::Running, None, Some(7)));
    }

    #[test]
    fn nothing_found_is_not_an_error_and_bad_patterns_are() {
        let look = |pattern: &str| read_files(&BackupFiles { pattern: pattern.into(), ..BackupFiles::default() }, 0);
        assert_eq!(look("/no/such/place/*.gz").expect("nothing"), Found::default());
        assert!(matches!(look("relative/*.gz"), Err(FilesError::Relative { .. })));
        assert!(matches!(look("/backup/***"), Err(FilesError::Pattern { .. })));
    }
}
