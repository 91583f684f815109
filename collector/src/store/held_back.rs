//! What got no ticket of its own, since when rules are let begin, and what rules opened.
//!
//! Of what ended the newest [`ENDED_MAX`] are kept; what goes on is bounded by the readings, services and sets there are.
//! Figures of a rule are counted from its tickets: nothing is counted twice.

use super::columns::{column, instant, instant_if, ms, parse_phrase, parsed, render_phrase};
use super::tickets::key_of;
use super::{Reader, StoreError, Writer, limit_of};
use crate::domain::profile::Impact;
use crate::domain::rule::Rule;
use crate::domain::rule::admission::{HeldBack, HeldCause};
use crate::domain::ticket::{TicketClass, TicketKey, TicketNumber, TicketScope, TicketState};
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;
use std::collections::BTreeMap;

/// Rows that ended and are kept.
const ENDED_MAX: i64 = 20_000;
/// Tickets that are looked through for the figures of rules.
const TICKETS_MAX: i64 = 100_000;

const COLUMNS: &str = "SELECT key, noted_ms, rule, cause, onset_ms, ended_ms, occurrences, symptom FROM held_back";

/// A ticket's scope, class and impact, from which its rule follows, and when it was recorded.
pub type Opened = (TicketScope, TicketClass, Impact, Timestamp);

/// A ticket as the figures of rules need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTicket {
    /// What it is about.
    pub scope: TicketScope,
    /// Its class.
    pub class: TicketClass,
    /// Its impact now.
    pub impact: Impact,
    /// Whether a person did anything about it.
    pub acted: bool,
    /// Whether a person called it a false alarm.
    pub false_alarm: bool,
}

fn held_of(row: &Row<'_>) -> Result<HeldBack, StoreError> {
    Ok(HeldBack {
        key: parsed(row, 0, "ticket key", TicketKey::parse)?,
        noted_at: instant(row, 1)?,
        rule: parsed(row, 2, "rule", Rule::parse)?,
        cause: parsed(row, 3, "cause", HeldCause::parse)?,
        onset_at: instant(row, 4)?,
        ended_at: instant_if(row, 5)?,
        occurrences: column(row, 6)?,
        symptom: parse_phrase(&column::<String>(row, 7)?)?,
    })
}

fn impact_of(row: &Row<'_>, place: usize) -> Result<Impact, StoreError> {
    parsed(row, place, "impact", |code| Impact::ALL.into_iter().find(|impact| impact.code() == code))
}

/// Numbers of tickets recorded at or after an instant are not below this: they begin with their year.
fn first_number(from: Timestamp) -> i64 {
    // A day less, for zones.
    let days = from.as_secs().div_euclid(86_400).saturating_sub(1);
    let year = u16::try_from(1970 + days.div_euclid(366)).unwrap_or(0);
    key_of(TicketNumber { year, number: 0 })
}

impl Reader {
    /// What goes on, and what ended at or after `from`.
    ///
    /// # Errors
    /// The database's.
    pub fn held_back_lately(&self, from: Timestamp) -> Result<Vec<HeldBack>, StoreError> {
        let sql = format!("{COLUMNS} WHERE ended_ms IS NULL OR ended_ms >= ?1 ORDER BY noted_ms");
        self.rows("read what is held back", &sql, [from.as_ms()], held_of)
    }

    /// What of a rule was held back from `from` on, newest first, at most `limit`.
    ///
    /// # Errors
    /// The database's.
    pub fn held_back_of(&self, rule: Rule, from: Timestamp, limit: usize) -> Result<Vec<HeldBack>, StoreError> {
        let sql = format!("{COLUMNS} WHERE rule = ?1 AND noted_ms >= ?2 ORDER BY noted_ms DESC, key LIMIT ?3");
        self.rows("read what is held back", &sql, (rule.code(), from.as_ms(), limit_of(limit)), held_of)
    }

    /// How many were held back from `from` on, by rule and cause.
    ///
    /// # Errors
    /// The database's.
    pub fn held_back_counts(&self, from: Timestamp) -> Result<BTreeMap<(Rule, HeldCause), u32>, StoreError> {
        let sql = "SELECT rule, cause, count(*) FROM held_back WHERE noted_ms >= ?1 GROUP BY rule, cause";
        let rows = self.rows("count what is held back", sql, [from.as_ms()], |row| {
            let place = (parsed(row, 0, "rule", Rule::parse)?, parsed(row, 1, "cause", HeldCause::parse)?);
            Ok((place, column(row, 2)?))
        });
        Ok(rows?.into_iter().collect())
    }

    /// Until when rules were let begin.
    ///
    /// # Errors
    /// The database's.
    pub fn rules_begun(&self) -> Result<BTreeMap<Rule, Timestamp>, StoreError> {
        let rows = self.rows("read the rules that began", "SELECT rule, begun_ms FROM rule_begun", (), |row| {
            Ok((parsed(row, 0, "rule", Rule::parse)?, instant(row, 1)?))
        });
        Ok(rows?.into_iter().collect())
    }

    /// Tickets that the system opened at or after `from`, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn opened_since(&self, from: Timestamp) -> Result<Vec<Opened>, StoreError> {
        let sql = "SELECT scope, class, impact, recorded_ms FROM ticket
                   WHERE number >= ?1 AND recorded_ms >= ?2 AND reporter IS NULL ORDER BY recorded_ms, number";
        self.rows("read what was opened", sql, (first_number(from), from.as_ms()), |row| {
            let scope = parsed(row, 0, "ticket scope", TicketScope::parse)?;
            let class = parsed(row, 1, "ticket class", TicketClass::parse)?;
            Ok((scope, class, impact_of(row, 2)?, instant(row, 3)?))
        })
    }

    /// Tickets that the system opened in `[from, to)`, for the figures of rules; at most a hundred thousand.
    ///
    /// # Errors
    /// The database's.
    pub fn rule_tickets(&self, from: Timestamp, to: Timestamp) -> Result<Vec<RuleTicket>, StoreError> {
        let sql = "SELECT scope, class, impact, first_response_ms IS NOT NULL, false_alarm, state FROM ticket
                   WHERE number >= ?1 AND recorded_ms >= ?2 AND recorded_ms < ?3 AND reporter IS NULL
                   ORDER BY number DESC LIMIT ?4";
        let params = (first_number(from), from.as_ms(), to.as_ms(), TICKETS_MAX);
        self.rows("read the tickets of rules", sql, params, |row| {
            let state = parsed(row, 5, "ticket state", TicketState::parse)?;
            Ok(RuleTicket {
                scope: parsed(row, 0, "ticket scope", TicketScope::parse)?,
                class: parsed(row, 1, "ticket class", TicketClass::parse)?,
                impact: impact_of(row, 2)?,
                // Only a person confirms, closes and cancels.
                acted: column::<bool>(row, 3)? || !state.is_open(),
                false_alarm: column(row, 4)?,
            })
        })
    }
}

impl Writer {
    /// Puts what is held back in the place of itself; makes room among what ended.
    pub(super) fn save_held_back(&mut self, held: &[HeldBack]) -> Result<(), StoreError> {
        if held.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO held_back (key, noted_ms, rule, cause, onset_ms, ended_ms, occurrences, symptom)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                   ON CONFLICT (key, noted_ms) DO UPDATE SET ended_ms = excluded.ended_ms,
                   occurrences = excluded.occurrences, symptom = excluded.symptom";
        for held in held {
            let params = rusqlite::params![
                held.key.to_string(),
                held.noted_at.as_ms(),
                held.rule.code(),
                held.cause.code(),
                held.onset_at.as_ms(),
                ms(held.ended_at),
                held.occurrences,
                render_phrase(&held.symptom)?,
            ];
            self.execute("save what is held back", sql, params)?;
        }
        let trim = "DELETE FROM held_back WHERE ended_ms IS NOT NULL AND noted_ms <
                    (SELECT noted_ms FROM held_back ORDER BY noted_ms DESC LIMIT 1 OFFSET ?1)";
        self.execute("make room among what was held back", trim, [ENDED_MAX]).map(drop)
    }

    /// A rule begins for the hosts there are.
    ///
    /// # Errors
    /// The database's.
    pub fn save_rule_begun(&mut self, rule: Rule, at: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO rule_begun (rule, begun_ms) VALUES (?1, ?2)
                   ON CONFLICT (rule) DO UPDATE SET begun_ms = excluded.begun_ms";
        self.execute("save that a rule began", sql, (rule.code(), at.as_ms())).map(drop)
    }
}
