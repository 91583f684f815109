//! What tickets were opened on: one bounded excerpt per ticket, as JSON, written once.

use super::columns::column;
use super::tickets::key_of;
use super::{Reader, StoreError, Writer};
use crate::domain::ticket::TicketNumber;
use crate::domain::ticket::evidence::{AnswerSeen, Evidence, ReadingSeen};
use pantau_shared::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct EvidenceColumn {
    answers: Vec<AnswerColumn>,
    last_good: Option<AnswerColumn>,
    readings: Vec<ReadingColumn>,
    booted: Vec<(String, i64)>,
    catalogue: Option<(u32, i64)>,
}

#[derive(Serialize, Deserialize)]
struct AnswerColumn {
    at_ms: i64,
    check: String,
    host: String,
    verdict: String,
    phase: String,
    reason: String,
    duration_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct ReadingColumn {
    metric: String,
    part: String,
    limit: u32,
    points: Vec<(i64, u32)>,
}

impl From<&AnswerSeen> for AnswerColumn {
    fn from(answer: &AnswerSeen) -> Self {
        Self {
            at_ms: answer.at.as_ms(),
            check: answer.check.clone(),
            host: answer.host.clone(),
            verdict: answer.verdict.clone(),
            phase: answer.phase.clone(),
            reason: answer.reason.clone(),
            duration_ms: answer.duration_ms,
        }
    }
}

impl From<AnswerColumn> for AnswerSeen {
    fn from(column: AnswerColumn) -> Self {
        Self {
            at: Timestamp::from_ms(column.at_ms),
            check: column.check,
            host: column.host,
            verdict: column.verdict,
            phase: column.phase,
            reason: column.reason,
            duration_ms: column.duration_ms,
        }
    }
}

impl From<&Evidence> for EvidenceColumn {
    fn from(evidence: &Evidence) -> Self {
        let reading = |reading: &ReadingSeen| ReadingColumn {
            metric: reading.metric.clone(),
            part: reading.part.clone(),
            limit: reading.limit_permille,
            points: reading.points.iter().map(|(at, value)| (at.as_ms(), *value)).collect(),
        };
        Self {
            answers: evidence.answers.iter().map(AnswerColumn::from).collect(),
            last_good: evidence.last_good.as_ref().map(AnswerColumn::from),
            readings: evidence.readings.iter().map(reading).collect(),
            booted: evidence.booted.iter().map(|(host, at)| (host.clone(), at.as_ms())).collect(),
            catalogue: evidence.catalogue.map(|(revision, at)| (revision, at.as_ms())),
        }
    }
}

impl From<EvidenceColumn> for Evidence {
    fn from(column: EvidenceColumn) -> Self {
        let ms = Timestamp::from_ms;
        let reading = |reading: ReadingColumn| ReadingSeen {
            metric: reading.metric,
            part: reading.part,
            limit_permille: reading.limit,
            points: reading.points.into_iter().map(|(at, value)| (ms(at), value)).collect(),
        };
        Self {
            answers: column.answers.into_iter().map(AnswerSeen::from).collect(),
            last_good: column.last_good.map(AnswerSeen::from),
            readings: column.readings.into_iter().map(reading).collect(),
            booted: column.booted.into_iter().map(|(host, at)| (host, ms(at))).collect(),
            catalogue: column.catalogue.map(|(revision, at)| (revision, ms(at))),
        }
    }
}

impl Reader {
    /// What a ticket was opened on; `None` where nothing was found or nobody looked.
    ///
    /// # Errors
    /// The database's.
    pub fn evidence(&self, ticket: TicketNumber) -> Result<Option<Evidence>, StoreError> {
        let sql = "SELECT body FROM ticket_evidence WHERE ticket = ?1";
        self.row("read a ticket's evidence", sql, [key_of(ticket)], |row| {
            let body: EvidenceColumn = serde_json::from_str(&column::<String>(row, 0)?)
                .map_err(|_| StoreError::Damaged { what: "evidence" })?;
            Ok(body.into())
        })
    }
}

impl Writer {
    /// Keeps what a ticket was opened on.
    pub(super) fn save_evidence(&mut self, ticket: TicketNumber, evidence: &Evidence) -> Result<(), StoreError> {
        let body = serde_json::to_string(&EvidenceColumn::from(evidence))
            .map_err(|_| StoreError::Damaged { what: "evidence" })?;
        let sql = "INSERT INTO ticket_evidence (ticket, body) VALUES (?1, ?2) ON CONFLICT (ticket) DO NOTHING";
        self.execute("save a ticket's evidence", sql, (key_of(ticket), body)).map(drop)
    }
}
