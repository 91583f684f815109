//! PostgreSQL's WAL archiver: `pg_stat_archiver` through `psql`, a role of `pg_monitor` is enough.
//!
//! An old archiving time on an idle server is not staleness: the position of the log is compared with the end of the last
//! archived segment. What is archived up to is one artefact, whose data time is the archiving of the last segment, or the
//! look itself where nothing has been written since. It restores nothing without a base backup; that is the collector's
//! to judge.

use super::tool::{Asking, Tools, check_argument};
use super::{Found, SourceError};
use pantau_shared::assignment::BackupWal;
use pantau_shared::backup::{BackupArtefact, BackupStatus, DataTimeBasis, WalArchive};
use pantau_shared::limits::cut_text;
use serde::Deserialize;

const PROGRAM: &str = "psql";

/// One row, as JSON, in milliseconds since 1970, bytes and seconds.
const QUERY: &str = "select row_to_json(a) from (select \
    (extract(epoch from last_archived_time) * 1000)::bigint as archived_ms, last_archived_wal as archived, \
    (extract(epoch from last_failed_time) * 1000)::bigint as failed_ms, last_failed_wal as failed, \
    failed_count as failures, (extract(epoch from now()) * 1000)::bigint as now_ms, \
    (case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end)::text as position, \
    current_setting('archive_mode') as mode, pg_size_bytes(current_setting('wal_segment_size')) as segment_bytes, \
    (select setting::bigint from pg_settings where name = 'archive_timeout') as timeout_seconds \
    from pg_stat_archiver) a";

#[derive(Deserialize)]
struct Row {
    archived_ms: Option<i64>,
    archived: Option<String>,
    failed_ms: Option<i64>,
    failed: Option<String>,
    failures: u64,
    now_ms: i64,
    position: Option<String>,
    mode: String,
    segment_bytes: u64,
    timeout_seconds: u64,
}

/// Parses the answer to the agent's query; gives the archive and the server's time of answering, Unix ms.
///
/// # Errors
/// What is not that.
pub fn parse_stat_archiver(json: &[u8]) -> Result<(WalArchive, i64), serde_json::Error> {
    let row: Row = serde_json::from_slice(json)?;
    let archived = row.archived.unwrap_or_default();
    let beyond = segment_end(&archived, row.segment_bytes)
        .zip(row.position.as_deref().and_then(parse_lsn))
        .map(|(end, position)| position.saturating_sub(end));
    let failing = row.failed_ms.is_some_and(|failed| row.archived_ms.is_none_or(|archived| failed > archived));
    let chain_ok = matches!(row.mode.as_str(), "on" | "always") && !failing;
    // The server switches segments by itself after `archive_timeout`, unless all that was written is its own housekeeping.
    let switch_ms = i64::try_from(row.timeout_seconds.saturating_mul(2000)).unwrap_or(i64::MAX);
    let idle = chain_ok
        && row.timeout_seconds > 0
        && beyond.is_some_and(|bytes| bytes < row.segment_bytes)
        && row.archived_ms.is_some_and(|archived| row.now_ms.saturating_sub(archived) > switch_ms);
    let archive = WalArchive {
        last_archived_at_ms: row.archived_ms,
        last_archived: cut_text(&archived),
        last_failed_at_ms: row.failed_ms,
        last_failed: cut_text(&row.failed.unwrap_or_default()),
        failures: row.failures,
        unarchived_bytes: beyond,
        unarchived_changes: beyond.map(|bytes| bytes > 0 && !idle),
        chain_ok,
        archive_timeout_seconds: row.timeout_seconds,
    };
    Ok((archive, row.now_ms))
}

/// Where a segment ends in the log, by its name: 8 hex digits each of timeline, file and segment. Other names that are
/// archived, such as `00000002.history`, tell no position.
fn segment_end(name: &str, segment_bytes: u64) -> Option<u64> {
    let digits = name.get(..24).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let high = u64::from_str_radix(&digits[8..16], 16).ok()?;
    let low = u64::from_str_radix(&digits[16..24], 16).ok()?;
    high.checked_shl(32)?.checked_add(low.checked_add(1)?.checked_mul(segment_bytes)?)
}

/// A position such as `16/B374D848`.
fn parse_lsn(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let (high, low) = (u32::from_str_radix(high, 16).ok()?, u32::from_str_radix(low, 16).ok()?);
    Some(u64::from(high) << 32 | u64::from(low))
}

/// What is archived as an artefact; none before the first segment.
fn artefact(archive: &WalArchive, now_ms: i64) -> Option<BackupArtefact> {
    let archived_ms = archive.last_archived_at_ms?;
    let data_ms = if archive.unarchived_changes == Some(false) { now_ms.max(archived_ms) } else { archived_ms };
    let reason = if archive.chain_ok {
        String::new()
    } else {
        format!("archiving is off or fails: {} failures, last {}", archive.failures, archive.last_failed)
    };
    Some(BackupArtefact {
        name: archive.last_archived.clone(),
        ended_at_ms: Some(archived_ms),
        data_time_ms: Some(data_ms),
        basis: DataTimeBasis::Start as i32,
        // What was archived before archiving failed is still there.
        status: BackupStatus::Ok as i32,
        kind: "wal".to_owned(),
        reason: cut_text(&reason),
        ..BackupArtefact::default()
    })
}

fn asking(source: &BackupWal) -> Result<Asking, SourceError> {
    check_argument("host", &source.host)?;
    let database = if source.database.is_empty() { "postgres" } else { &source.database };
    check_argument("database", database)?;
    if database.contains(['=', ':']) {
        // psql would take it for a whole connection string.
        return Err(SourceError::Argument { what: "database", value: cut_text(database) });
    }
    let port = if source.port == 0 { 5432 } else { source.port };
    let mut arguments: Vec<String> = ["-X", "-A", "-t", "-q", "-w"].map(str::to_owned).into();
    arguments.extend([format!("--host={}", source.host), format!("--port={port}"), format!("--dbname={database}")]);
    if !source.user.is_empty() {
        check_argument("user", &source.user)?;
        arguments.push(format!("--username={}", source.user));
    }
    arguments.extend(["-v".into(), "ON_ERROR_STOP=1".into(), "-c".into(), QUERY.into()]);
    let mut environment = vec![("PGCONNECT_TIMEOUT".to_owned(), "10".to_owned())];
    if !source.password_file.is_empty() {
        check_argument("password_file", &source.password_file)?;
        environment.push(("PGPASSFILE".to_owned(), source.password_file.clone()));
    }
    Ok(Asking { program: PROGRAM, arguments, environment })
}

/// Asks the server now.
pub(crate) async fn read_wal(source: &BackupWal, tools: &Tools) -> Result<Found, SourceError> {
    let answer = tools.ask(asking(source)?).await?;
    if answer.code != Some(0) {
        let code = answer.code.map_or_else(|| "by a signal".to_owned(), |code| format!("(exit code {code})"));
        return Err(SourceError::Failed { program: PROGRAM, said: format!("failed {code}: {}", answer.complaint) });
    }
    let wrong = |source| SourceError::Answer { program: PROGRAM, source };
    let (archive, now_ms) = parse_stat_archiver(&answer.output).map_err(wrong)?;
    let found = Found::of(artefact(&archive, now_ms).into_iter().collect());
    let port = if source.port == 0 { 5432 } else { source.port };
    Ok(Found { location: cut_text(&format!("{}:{port}", source.host)), wal: Some(archive), ..found })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(archived: &str, position: &str, timeout: u64, age_ms: i64, failed_ms: &str) -> WalArchive {
        let json = format!(
            r#"{{"archived_ms":1000000,"archived":"{archived}","failed_ms":{failed_ms},"failed":null,"failures":0,
            "now_ms":{},"position":"{position}","mode":"on","segment_bytes":16777216,"timeout_seconds":{timeout}}}"#,
            1_000_000 + age_ms
        );
        parse_stat_archiver(json.as_bytes()).expect("parses").0
    }

    #[test]
    fn an_idle_server_has_nothing_unarchived() {
        // Right after a switch the position is the end of the archived segment.
        let idle = look("000000010000000000000001", "0/2000000", 0, 86_400_000, "null");
        assert_eq!((idle.unarchived_bytes, idle.unarchived_changes, idle.chain_ok), (Some(0), Some(false), true));
        assert_eq!(artefact(&idle, 9_000_000).and_then(|a| a.data_time_ms), Some(9_000_000));
        let busy = look("000000010000000A000000FF", "B/28", 0, 1000, "null");
        assert_eq!((busy.unarchived_bytes, busy.unarchived_changes), (Some(40), Some(true)));
        assert_eq!(artefact(&busy, 9_000_000).and_then(|a| a.data_time_ms), Some(1_000_000));
    }

    #[test]
    fn with_a_timeout_housekeeping_alone_is_no_change() {
        let within = look("000000010000000000000001", "0/2000100", 300, 500_000, "null");
        assert_eq!(within.unarchived_changes, Some(true));
        let beyond = look("000000010000000000000001", "0/2000100", 300, 600_001, "null");
        assert_eq!(beyond.unarchived_changes, Some(false));
        let failing = look("000000010000000000000001", "0/2000100", 300, 600_001, "1000001");
        assert_eq!((failing.unarchived_changes, failing.chain_ok), (Some(true), false));
        let behind = look("000000010000000000000001", "0/4000100", 300, 600_001, "null");
        assert_eq!(behind.unarchived_changes, Some(true), "whole segments wait");
    }

    #[test]
    fn names_that_are_no_segments_tell_no_position() {
        assert_eq!(look("00000002.history", "0/2000100", 0, 1, "null").unarchived_changes, None);
        assert_eq!(segment_end("000000010000000000000001.00000028.backup", 16), Some(32));
        assert_eq!(parse_lsn("x/1").or(parse_lsn("1")), None);
        assert!(parse_stat_archiver(b"").is_err());
    }
}
