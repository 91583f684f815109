//! Records of problems as they are now, and the tickets of a period that reviews are made of. What led to a record stands
//! in the audit trail, which is written in the same transaction.

use super::audit::AuditEntry;
use super::columns::{column, instant, parse_texts, parsed, render_texts};
use super::tickets::{columns, ticket_of};
use super::{Reader, StoreError, Writer, limit_of};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::problem::{Problem, ProblemState};
use crate::domain::register::Signature;
use crate::domain::ticket::{Ticket, TicketNumber};
use rusqlite::Row;

const PROBLEMS: &str = "SELECT number, version, service, cause, evidence, action, owner, due, state, verification,
    opened_by, opened_ms, changed_by, changed_ms FROM problem";

fn problem_of(row: &Row<'_>) -> Result<Problem, StoreError> {
    let damaged = || StoreError::Damaged { what: "problem" };
    let due: Option<String> = column(row, 7)?;
    let evidence = parse_texts(&column::<String>(row, 4)?)?;
    let evidence = evidence.iter().map(|text| TicketNumber::parse(text).ok_or_else(damaged));
    Ok(Problem {
        number: column(row, 0)?,
        version: column(row, 1)?,
        service: parsed(row, 2, "service", |text| ServiceId::parse(text).ok())?,
        cause: column(row, 3)?,
        evidence: evidence.collect::<Result<_, _>>()?,
        action: column(row, 5)?,
        owner: column(row, 6)?,
        due: due.map(|text| text.parse().map_err(|_| damaged())).transpose()?,
        state: parsed(row, 8, "problem", ProblemState::parse)?,
        verification: column(row, 9)?,
        opened: Signature { by: column(row, 10)?, at: instant(row, 11)? },
        changed: Signature { by: column(row, 12)?, at: instant(row, 13)? },
    })
}

impl Reader {
    /// Records of problems, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn problems(&self, limit: usize) -> Result<Vec<Problem>, StoreError> {
        let sql = format!("{PROBLEMS} ORDER BY number DESC LIMIT ?1");
        self.rows("read problems", &sql, [limit_of(limit)], problem_of)
    }

    /// One record.
    ///
    /// # Errors
    /// The database's.
    pub fn problem(&self, number: u32) -> Result<Option<Problem>, StoreError> {
        self.row("read a problem", &format!("{PROBLEMS} WHERE number = ?1"), [number], problem_of)
    }

    /// The open record of a service and cause.
    ///
    /// # Errors
    /// The database's.
    pub fn open_problem_of(&self, service: &ServiceId, cause: &str) -> Result<Option<Problem>, StoreError> {
        let sql = format!("{PROBLEMS} WHERE service = ?1 AND cause = ?2 AND state <> 'ditutup'");
        self.row("read a problem", &sql, (service.as_str(), cause), problem_of)
    }

    /// The next free number of a record.
    ///
    /// # Errors
    /// The database's.
    pub fn next_problem_number(&self) -> Result<u32, StoreError> {
        let sql = "SELECT ifnull(max(number), 0) + 1 FROM problem";
        Ok(self.row("read the last problem", sql, (), |row| column(row, 0))?.unwrap_or(1))
    }

    /// Tickets that were recorded within `span`, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn tickets_recorded(&self, span: Interval, limit: usize) -> Result<Vec<Ticket>, StoreError> {
        let sql =
            format!("{} WHERE recorded_ms >= ?1 AND recorded_ms < ?2 ORDER BY recorded_ms, number LIMIT ?3", columns());
        let params = (span.from.as_ms(), span.to.as_ms(), limit_of(limit));
        self.rows("read the tickets of a period", &sql, params, ticket_of)
    }

    /// When the first ticket was recorded.
    ///
    /// # Errors
    /// The database's.
    pub fn tickets_begin(&self) -> Result<Option<pantau_shared::timestamp::Timestamp>, StoreError> {
        let sql = "SELECT recorded_ms FROM ticket ORDER BY recorded_ms LIMIT 1";
        self.row("read the first ticket", sql, (), |row| instant(row, 0))
    }
}

impl Writer {
    /// Keeps a record as it is now, with what is put on record of it. What was proposed stays as it was.
    ///
    /// # Errors
    /// The database's; a second open record of the same service and cause among them.
    pub fn save_problem(&mut self, problem: &Problem, audit: &AuditEntry) -> Result<(), StoreError> {
        let evidence: Vec<String> = problem.evidence.iter().map(ToString::to_string).collect();
        let sql = "INSERT INTO problem (number, version, service, cause, evidence, action, owner, due, state,
                       verification, opened_by, opened_ms, changed_by, changed_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
                   ON CONFLICT (number) DO UPDATE SET version = excluded.version, action = excluded.action,
                       owner = excluded.owner, due = excluded.due, state = excluded.state,
                       verification = excluded.verification, changed_by = excluded.changed_by,
                       changed_ms = excluded.changed_ms WHERE excluded.version > problem.version";
        let params = (
            problem.number,
            problem.version,
            problem.service.as_str(),
            &problem.cause,
            render_texts(&evidence)?,
            &problem.action,
            &problem.owner,
            problem.due.map(|date| date.to_string()),
            problem.state.code(),
            &problem.verification,
            &problem.opened.by,
            problem.opened.at.as_ms(),
            &problem.changed.by,
            problem.changed.at.as_ms(),
        );
        self.execute("save a problem", sql, params)?;
        self.append_audit(audit).map(drop)
    }
}
