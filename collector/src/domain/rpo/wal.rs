//! Logs that carry on a backup: PostgreSQL's WAL, MariaDB's binlogs. They restore nothing alone.
//!
//! ```text
//! base ──► piece ──► piece ──► piece        usable while the base and every piece up to it are
//! base ─────────► archive                   usable while the base is: the archiver leaves nothing out
//! ```
//!
//! - A set of logs is judged together with its base set: it restores to the newest piece that a usable base reaches, or to
//!   the base itself.
//! - The base must be a usable backup by its own set's terms (proved, where those ask for it), and the piece that follows
//!   it must be there: the one after a piece that is not younger than the base, or one that had begun by then.
//! - Pieces whose names count (`000000010000000A000000FF`, `mysql-bin.000123`) follow each other without a hole. Other
//!   names tell no order; such pieces are taken in order of time, and a missing one can't be seen.
//! - An archiver hands on segment after segment. An old archiving time on an idle server is not staleness: where nothing
//!   waits to be archived, everything is. A failing one leaves what it archived.
//!
//! Knows one base set per set of logs; bases that are logs themselves are refused in the catalogue.

use super::{Backup, Policy, newest_usable, usable_times};
use crate::domain::interval::{Interval, IntervalSet};
use pantau_shared::backup::BackupStatus;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// A piece of a log, or what is archived of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// As freshness sees it.
    pub backup: Backup,
    /// Its name; several generations of one name are one piece.
    pub name: String,
    /// When it had begun, if that is told.
    pub started_at: Option<Timestamp>,
}

/// A base backup and when it can be restored from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    /// The moment to which it restores alone.
    pub data_time: Timestamp,
    /// When.
    pub usable: Interval,
}

/// What a set of logs restores to with its base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tied {
    /// As freshness sees it.
    pub backup: Backup,
    /// Its place among the logs; none for a base alone.
    pub log: Option<usize>,
}

/// The bases among backups that are held to `policy`.
pub fn bases(backups: &[Backup], policy: &Policy) -> Vec<Base> {
    let usable = backups.iter().zip(usable_times(backups, policy)).filter(|(_, times)| !times.is_empty());
    usable.map(|(backup, usable)| Base { data_time: backup.data_time, usable }).collect()
}

/// What can be restored from `logs`, which are held to `policy`, with `bases`.
pub fn tied(logs: &[Log], policy: &Policy, bases: &[Base]) -> Vec<Tied> {
    let alone: Vec<Backup> = logs.iter().map(|log| log.backup.clone()).collect();
    let usable = usable_times(&alone, policy);
    let any_base: IntervalSet = bases.iter().map(|base| base.usable).collect();
    let mut times: Vec<IntervalSet> = vec![IntervalSet::empty(); logs.len()];
    for (place, _) in logs.iter().enumerate().filter(|(_, log)| log.backup.gapless) {
        if let (Some(slot), Some(own)) = (times.get_mut(place), usable.get(place)) {
            *slot = any_base.clip(*own);
        }
    }
    let pieces = pieces(logs, &usable);
    for base in bases {
        walk(&pieces, base, &usable, &mut times);
    }
    let of_log = logs.iter().zip(&times).enumerate().flat_map(|(place, (log, times))| {
        times.iter().map(move |time| Tied { backup: during(&log.backup, *time), log: Some(place) })
    });
    let of_base = bases.iter().map(|base| {
        let whole = Backup::complete(base.data_time, base.usable.from);
        Tied { backup: during(&whole, base.usable), log: None }
    });
    of_log.chain(of_base).collect()
}

/// `backup`, usable in `time` alone.
fn during(backup: &Backup, time: Interval) -> Backup {
    Backup {
        end: time.from,
        deleted_at: (time.to < Interval::ALL.to).then_some(time.to),
        // Whoever asked for a verification has it by then.
        verified_at: Some(backup.verified_at.unwrap_or(time.from).min(time.from)),
        references: Vec::new(),
        ..backup.clone()
    }
}

/// One name with all that it held.
struct Piece<'a> {
    name: &'a str,
    number: Option<Number<'a>>,
    data_time: Timestamp,
    started_at: Option<Timestamp>,
    usable: IntervalSet,
    logs: Vec<usize>,
}

/// Pieces in order of time.
fn pieces<'a>(logs: &'a [Log], usable: &[Interval]) -> Vec<Piece<'a>> {
    let mut named: BTreeMap<&str, Piece<'a>> = BTreeMap::new();
    for (place, (log, usable)) in logs.iter().zip(usable).enumerate().filter(|(_, (log, _))| !log.backup.gapless) {
        let times: IntervalSet = [*usable].into_iter().filter(|times| !times.is_empty()).collect();
        let piece = named.entry(&log.name).or_insert_with(|| Piece {
            name: &log.name,
            number: Number::of(&log.name),
            data_time: log.backup.data_time,
            started_at: log.started_at,
            usable: IntervalSet::empty(),
            logs: Vec::new(),
        });
        piece.data_time = piece.data_time.max(log.backup.data_time);
        piece.started_at = piece.started_at.into_iter().chain(log.started_at).min();
        piece.usable = piece.usable.union(&times);
        piece.logs.push(place);
    }
    let mut pieces: Vec<Piece<'a>> = named.into_values().collect();
    pieces.sort_by(|a, b| (a.data_time, a.name).cmp(&(b.data_time, b.name)));
    pieces
}

/// Adds to `times` when each piece can be restored on top of `base`.
fn walk(pieces: &[Piece<'_>], base: &Base, usable: &[Interval], times: &mut [IntervalSet]) {
    let first = pieces.partition_point(|piece| piece.data_time <= base.data_time);
    let before = first.checked_sub(1).and_then(|place| pieces.get(place));
    let Some(next) = pieces.get(first) else { return };
    let begun = next.started_at.is_some_and(|started| started <= base.data_time);
    if !begun && before.is_none_or(|before| !follows(before, next)) {
        return;
    }
    let mut running: IntervalSet = std::iter::once(base.usable).collect();
    let mut last = next;
    for piece in pieces.iter().skip(first) {
        running = running.intersection(&piece.usable);
        if running.is_empty() || !(std::ptr::eq(last, piece) || follows(last, piece)) {
            return;
        }
        for place in &piece.logs {
            if let (Some(slot), Some(own)) = (times.get_mut(*place), usable.get(*place)) {
                *slot = slot.union(&running.clip(*own));
            }
        }
        last = piece;
    }
}

/// What a name counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number<'a> {
    /// PostgreSQL's segment: timeline, file, segment.
    Segment(u32, u32, u32),
    /// `NAME.000123` of MariaDB and MySQL.
    Binlog(&'a str, u32),
}

impl<'a> Number<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let file = name.rsplit('/').next().unwrap_or(name);
        let digits = file.get(..24).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let part = |from: usize| u32::from_str_radix(digits?.get(from..from + 8)?, 16).ok();
        let ends = file.get(24..).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']));
        if let (true, Some(timeline), Some(high), Some(low)) = (ends, part(0), part(8), part(16)) {
            return Some(Self::Segment(timeline, high, low));
        }
        let numbered = |part: &&str| part.len() == 6 && part.bytes().all(|byte| byte.is_ascii_digit());
        let (place, text) = file.match_indices('.').find_map(|(dot, _)| {
            let rest = file.get(dot + 1..)?;
            let text = rest.split('.').next().filter(numbered)?;
            Some((dot, text))
        })?;
        Some(Self::Binlog(file.get(..place)?, text.parse().ok()?))
    }
}

/// Whether nothing lies between two pieces, as far as their names tell.
fn follows(before: &Piece<'_>, after: &Piece<'_>) -> bool {
    match (before.number, after.number) {
        (Some(Number::Segment(old, file, segment)), Some(Number::Segment(new, next_file, next_segment))) => {
            let within = next_file == file && next_segment == segment.saturating_add(1);
            // How many segments a file has depends on their size, a power of two.
            let last = segment >= 3 && segment.saturating_add(1).is_power_of_two();
            let next = next_segment == 0 && last && next_file == file.saturating_add(1);
            // A promotion writes the segment it interrupted again on a new timeline.
            let switched = new > old && (next_file, next_segment) == (file, segment);
            new >= old && (within || next || switched)
        }
        (Some(Number::Binlog(old, number)), Some(Number::Binlog(new, next))) => {
            old == new && next == number.saturating_add(1)
        }
        (Some(Number::Segment(..)), Some(Number::Binlog(..)))
        | (Some(Number::Binlog(..)), Some(Number::Segment(..))) => false,
        (None, _) | (_, None) => true,
    }
}

/// What an archiver says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archive {
    /// When the last segment was archived.
    pub last_archived_at: Option<Timestamp>,
    /// Whether the server has written anything since.
    pub unarchived_changes: bool,
    /// Whether every segment from the base backup on is there.
    pub chain_ok: bool,
}

/// The moment to which data can be restored at `at`; none without a usable base backup.
pub fn recovery_point(backups: &[Backup], archive: &Archive, policy: &Policy, at: Timestamp) -> Option<Timestamp> {
    let archived = archive.last_archived_at.filter(|archived| archive.chain_ok && *archived <= at).map(|archived| {
        let data_time = if archive.unarchived_changes { archived } else { at };
        let backup = Backup { status: BackupStatus::Ok, gapless: true, ..Backup::complete(data_time, archived) };
        Log { backup, name: String::new(), started_at: None }
    });
    let logs: Vec<Log> = archived.into_iter().collect();
    let tied = tied(&logs, policy, &bases(backups, policy));
    let backups: Vec<Backup> = tied.into_iter().map(|tied| tied.backup).collect();
    newest_usable(&backups, policy, at).map(|newest| newest.data_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(i64) -> Timestamp = Timestamp::from_secs;

    fn piece(name: &str, data: i64) -> Log {
        Log { backup: Backup::complete(S(data), S(data + 1)), name: name.into(), started_at: None }
    }

    fn base(data: i64, from: i64, to: i64) -> Base {
        Base { data_time: S(data), usable: Interval::new(S(from), S(to)) }
    }

    /// The data time that is reached at each second of `at`; 0 is none.
    #[track_caller]
    fn check(logs: &[Log], bases: &[Base], at: &[i64], expected: &[i64]) {
        let policy = Policy::default();
        let backups: Vec<Backup> = tied(logs, &policy, bases).into_iter().map(|tied| tied.backup).collect();
        let reached = |at: &i64| newest_usable(&backups, &policy, S(*at)).map_or(0, |b| b.data_time.as_secs());
        assert_eq!(at.iter().map(reached).collect::<Vec<_>>(), expected, "{logs:?} {bases:?}");
    }

    #[test]
    fn logs_restore_nothing_without_a_base() {
        let logs = [piece("b.000001", 100), piece("b.000002", 200)];
        check(&logs, &[], &[50, 150, 250], &[0, 0, 0]);
        // From the base's own end on, and only while it is there.
        check(&logs, &[base(110, 120, 300)], &[115, 150, 201, 299, 300], &[0, 110, 200, 200, 0]);
    }

    #[test]
    fn a_base_must_reach_the_earliest_piece() {
        // Nothing tells what was between the base and the first piece.
        check(&[piece("b.000007", 200)], &[base(100, 110, 900)], &[300], &[100]);
        let begun = Log { started_at: Some(S(90)), ..piece("b.000007", 200) };
        check(&[begun], &[base(100, 110, 900)], &[300], &[200]);
        let older = [piece("b.000006", 100), piece("b.000007", 200)];
        check(&older, &[base(100, 110, 900)], &[300], &[200]);
    }

    #[test]
    fn a_hole_ends_the_chain_and_a_later_base_begins_another() {
        let logs = [1, 2, 4, 5].map(|number| piece(&format!("/log/mysql-bin.{number:06}.gz"), number * 100));
        check(&logs, &[base(100, 110, 900)], &[300, 600], &[200, 200]);
        check(&logs, &[base(100, 110, 900), base(420, 430, 900)], &[425, 600], &[200, 500]);
        let mut gone = logs.clone();
        gone[1].backup.deleted_at = Some(S(250));
        check(&gone, &[base(100, 110, 900)], &[249, 250], &[200, 100]);
    }

    #[test]
    fn a_piece_that_grows_is_one_piece() {
        let old = Log {
            backup: Backup { deleted_at: Some(S(160)), ..Backup::complete(S(150), S(151)) },
            ..piece("b.000002", 150)
        };
        let logs = [piece("b.000001", 100), old, piece("b.000002", 160), piece("b.000003", 200)];
        check(&logs, &[base(100, 110, 900)], &[155, 170, 300], &[150, 160, 200]);
    }

    #[test]
    fn segments_are_counted_over_files_and_timelines() {
        let names = ["0000000100000000000000FE", "0000000100000000000000FF", "000000010000000100000000"];
        let follow = |a: &str, b: &str| {
            let logs = [piece(a, 100), piece(b, 200)];
            let pieces = pieces(&logs, &[Interval::ALL, Interval::ALL]);
            follows(&pieces[0], &pieces[1])
        };
        assert!(follow(names[0], names[1]) && follow(names[1], names[2]));
        assert!(!follow(names[0], names[2]));
        assert!(follow("000000010000000100000005", "000000020000000100000005.gz"), "after a promotion");
        assert!(!follow("000000020000000100000005", "000000010000000100000006"), "never back");
        assert!(follow("a.tar", "b.tar"), "names that tell no order");
    }

    #[test]
    fn an_archive_is_whole_and_needs_its_base() {
        let archive = |data: i64, end: i64| Log {
            backup: Backup { gapless: true, ..Backup::complete(S(data), S(end)) },
            name: format!("{data}"),
            started_at: None,
        };
        let logs = [archive(100, 100), archive(200, 200)];
        check(&logs, &[base(50, 60, 150), base(180, 190, 900)], &[120, 160, 195, 200], &[100, 0, 180, 200]);
    }
}
