//! Observations as they came: kept once, numbered in the order of commit, read behind one cursor.
//!
//! Which of a batch are new was decided before (`accept`), and times were corrected. What a fact means is not known
//! here.

use super::columns::{column, instant, message, parsed};
use super::records::{BackupFact, Fact, FactBody, FactCursor, Facts, ProbeFact};
use super::samples::Framed;
use super::{Reader, StoreError, Writer, limit_of};
use pantau_shared::envelope::ObservationBody;
use pantau_shared::ids::{BackupSetId, CheckId, HostId};
use pantau_shared::timestamp::Timestamp;
use prost::Message;
use rusqlite::Row;
use std::sync::Arc;

pub(super) const FACTS_AFTER: &str = "
    SELECT id, (SELECT host.id FROM host WHERE num = host) AS host, at_ms, received_ms, kind, body FROM (
        SELECT id, host, at_ms, received_ms, 'sample' AS kind, body FROM frame WHERE id > ?1
        UNION ALL SELECT id, host, at_ms, received_ms, 'probe', body FROM probe WHERE id > ?1
        UNION ALL SELECT id, host, at_ms, received_ms, 'backup', body FROM backup WHERE id > ?1
        UNION ALL SELECT id, host, at_ms, received_ms, kind, body FROM agent_event WHERE id > ?1
        ORDER BY id LIMIT ?2)";

pub(super) const PROBES: &str = "
    SELECT host.id, probe.at_ms, probe.received_ms, probe.body FROM check_name
    CROSS JOIN check_vantage ON check_vantage.check_num = check_name.num
    CROSS JOIN probe ON probe.check_num = check_name.num AND probe.host = check_vantage.host
        AND probe.at_ms >= ?2 AND probe.at_ms < ?3
    CROSS JOIN host ON host.num = probe.host
    WHERE check_name.id = ?1 ORDER BY probe.at_ms, host.id, probe.id LIMIT ?4";

pub(super) const PROBES_BEFORE: &str = "
    SELECT ?2, at_ms, received_ms, body FROM probe
    WHERE check_num = (SELECT num FROM check_name WHERE id = ?1) AND host = (SELECT num FROM host WHERE id = ?2)
        AND at_ms <= ?3 ORDER BY at_ms DESC, id DESC LIMIT ?4";

pub(super) const PROBES_OF: &str = "
    SELECT ?2, at_ms, received_ms, body FROM probe
    WHERE check_num = (SELECT num FROM check_name WHERE id = ?1) AND host = (SELECT num FROM host WHERE id = ?2)
        AND at_ms >= ?3 AND at_ms < ?4 ORDER BY at_ms, id LIMIT ?5";

pub(super) const BACKUPS: &str = "
    SELECT (SELECT host.id FROM host WHERE num = host), at_ms, body, id FROM backup
    WHERE backup_set = ?1 ORDER BY at_ms DESC, id DESC LIMIT ?2";

/// Whose an observation is, and its two times.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) host: &'a HostId,
    pub(super) at: Timestamp,
    pub(super) received_at: Timestamp,
}

fn host_id(row: &Row<'_>, index: usize) -> Result<HostId, StoreError> {
    parsed(row, index, "host", |text| HostId::parse(text).ok())
}

fn fact_of(row: &Row<'_>) -> Result<Fact, StoreError> {
    let body = match column::<String>(row, 4)?.as_str() {
        "sample" => FactBody::Sample(Arc::new(message(row, 5, "sample")?)),
        "probe" => FactBody::Probe(message(row, 5, "probe answer")?),
        "backup" => FactBody::Backup(message(row, 5, "backup observation")?),
        "gap" => FactBody::Gap(message(row, 5, "gap")?),
        "started" => FactBody::Started(message(row, 5, "start message")?),
        _ => return Err(StoreError::Damaged { what: "fact" }),
    };
    let (at, received_at) = (instant(row, 2)?, instant(row, 3)?);
    Ok(Fact { id: column(row, 0)?, host: host_id(row, 1)?, at, received_at, body })
}

fn probe_of(row: &Row<'_>) -> Result<ProbeFact, StoreError> {
    let (at, received_at) = (instant(row, 1)?, instant(row, 2)?);
    Ok(ProbeFact { host: host_id(row, 0)?, at, received_at, outcome: message(row, 3, "probe answer")? })
}

fn backup_of(row: &Row<'_>) -> Result<BackupFact, StoreError> {
    let observation = message(row, 2, "backup observation")?;
    Ok(BackupFact { id: column(row, 3)?, host: host_id(row, 0)?, at: instant(row, 1)?, observation })
}

impl Reader {
    /// At most `limit` facts after `cursor`, in the order of their commit.
    ///
    /// # Errors
    /// The database's.
    pub fn facts_after(&self, cursor: FactCursor, limit: usize) -> Result<Facts, StoreError> {
        let limit = limit_of(limit);
        let facts = self.rows("read facts", FACTS_AFTER, (cursor.0, limit.saturating_add(1)), fact_of)?;
        let more = limit_of(facts.len()) > limit;
        let facts: Vec<_> =
            facts.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).map(Arc::new).collect();
        let cursor = facts.last().map_or(cursor, |fact| FactCursor(fact.id));
        Ok(Facts { facts, cursor, more })
    }

    /// How far the engine has read.
    ///
    /// # Errors
    /// The database's.
    pub fn cursor(&self) -> Result<FactCursor, StoreError> {
        let found = self.row("read the cursor", "SELECT cursor FROM evaluation", (), |row| column(row, 0))?;
        found.map(FactCursor).ok_or(StoreError::Damaged { what: "cursor" })
    }

    /// When the engine last committed a decision: its last durable heartbeat.
    ///
    /// # Errors
    /// The database's.
    pub fn evaluated_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let found = self.row("read the last evaluation", "SELECT evaluated_ms FROM evaluation", (), |row| {
            column::<Option<i64>>(row, 0)
        })?;
        Ok(found.flatten().map(Timestamp::from_ms))
    }

    /// Answers of one check in `[from, to)`, by time, then host.
    ///
    /// # Errors
    /// The database's.
    pub fn probes(
        &self,
        check: &CheckId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<ProbeFact>, StoreError> {
        let params = (check.as_str(), from.as_ms(), to.as_ms(), limit_of(limit));
        self.rows("read probe answers", PROBES, params, probe_of)
    }

    /// Answers of one check by one host in `[from, to)`, by time.
    ///
    /// # Errors
    /// The database's.
    pub fn probes_of(
        &self,
        check: &CheckId,
        host: &HostId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<ProbeFact>, StoreError> {
        let params = (check.as_str(), host.as_str(), from.as_ms(), to.as_ms(), limit_of(limit));
        self.rows("read probe answers", PROBES_OF, params, probe_of)
    }

    /// The newest answer of one check by one host at or before `at`, and what lies before it: newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn probes_before(
        &self,
        check: &CheckId,
        host: &HostId,
        at: Timestamp,
        limit: usize,
    ) -> Result<Vec<ProbeFact>, StoreError> {
        let params = (check.as_str(), host.as_str(), at.as_ms(), limit_of(limit));
        self.rows("read probe answers", PROBES_BEFORE, params, probe_of)
    }

    /// Newest observations of a backup set, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn backup_observations(&self, set: &BackupSetId, limit: usize) -> Result<Vec<BackupFact>, StoreError> {
        self.rows("read backup observations", BACKUPS, (set.as_str(), limit_of(limit)), backup_of)
    }
}

impl Writer {
    /// Stores one observation, and gives it to the tail; whether it was of a known kind.
    pub(super) fn save_fact(
        &mut self,
        host: i64,
        origin: Origin<'_>,
        body: Option<ObservationBody>,
    ) -> Result<bool, StoreError> {
        let Some(body) = body else {
            return Ok(false);
        };
        let (id, at, received) = (self.last_fact_id + 1, origin.at.as_ms(), origin.received_at.as_ms());
        let (body, encoded) = match body {
            ObservationBody::Sample(sample) => {
                let bytes = sample.encode_to_vec();
                let sql = "INSERT INTO frame (id, host, at_ms, received_ms, body) VALUES (?1, ?2, ?3, ?4, ?5)";
                self.execute("save a sample", sql, (id, host, at, received, &bytes))?;
                self.framed.push(Framed { host, at: origin.at, id, received: origin.received_at });
                (FactBody::Sample(Arc::from(sample)), bytes.len())
            }
            ObservationBody::Probe(outcome) => {
                let Some(check) = self.check_number(&outcome.check, host)? else {
                    return Ok(false);
                };
                let bytes = outcome.encode_to_vec();
                let sql =
                    "INSERT INTO probe (id, host, check_num, at_ms, received_ms, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                self.execute("save a probe answer", sql, (id, host, check, at, received, &bytes))?;
                (FactBody::Probe(outcome), bytes.len())
            }
            ObservationBody::Backup(seen) => {
                if BackupSetId::parse(&seen.set).is_err() {
                    return Ok(false);
                }
                let bytes = seen.encode_to_vec();
                let sql = "INSERT INTO backup (id, host, backup_set, at_ms, received_ms, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                self.execute("save a backup observation", sql, (id, host, &seen.set, at, received, &bytes))?;
                (FactBody::Backup(seen), bytes.len())
            }
            ObservationBody::Gap(gap) => {
                let bytes = gap.encode_to_vec();
                self.save_event(id, host, "gap", (at, received), &bytes)?;
                (FactBody::Gap(gap), bytes.len())
            }
            ObservationBody::Started(started) => {
                let bytes = started.encode_to_vec();
                let sql = "UPDATE host SET started = ?2, started_at_ms = ?3
                           WHERE num = ?1 AND ifnull(started_at_ms, ?3) <= ?3";
                self.execute("save a start message", sql, (host, &bytes, at))?;
                self.save_event(id, host, "started", (at, received), &bytes)?;
                (FactBody::Started(started), bytes.len())
            }
        };
        self.last_fact_id = id;
        let Origin { host, at, received_at } = origin;
        self.pending.fact(Fact { id, host: host.clone(), at, received_at, body }, encoded);
        Ok(true)
    }

    fn save_event(
        &self,
        id: i64,
        host: i64,
        kind: &str,
        (at, received): (i64, i64),
        body: &[u8],
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO agent_event (id, host, kind, at_ms, received_ms, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.execute("save an agent's message", sql, (id, host, kind, at, received, body)).map(drop)
    }

    /// The short number of a check that `host` answered; none when the text is no identifier.
    fn check_number(&mut self, check: &str, host: i64) -> Result<Option<i64>, StoreError> {
        let Ok(check) = CheckId::parse(check) else {
            return Ok(None);
        };
        let number = match self.check_numbers.get(&check) {
            Some(number) => *number,
            None => {
                let insert = "INSERT INTO check_name (id) VALUES (?1) ON CONFLICT DO NOTHING";
                self.execute("save a check's name", insert, [check.as_str()])?;
                let select = "SELECT num FROM check_name WHERE id = ?1";
                let found = self.reader.row("read a check's name", select, [check.as_str()], |row| column(row, 0))?;
                let number = found.ok_or(StoreError::Damaged { what: "check name" })?;
                self.check_numbers.insert(check, number);
                number
            }
        };
        if !self.vantages.contains(&(number, host)) {
            let sql = "INSERT INTO check_vantage (check_num, host) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            self.execute("save a vantage", sql, (number, host))?;
            self.vantages.insert((number, host));
        }
        Ok(Some(number))
    }
}
