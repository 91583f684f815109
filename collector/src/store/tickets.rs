//! Tickets, the services they affect, and their append-only log.
//!
//! `open_key` is set for as long as a ticket holds its key and is unique: the database itself refuses a second holder. A ticket is replaced only by a higher version of itself. Numbers are given out once, for ever.

use super::columns::{column, instant, instant_if, ms, parse_phrase, parse_texts, parsed, render_phrase, render_texts};
use super::records::TicketFilter;
use super::{Reader, StoreError, Writer, limit_of, ticket_members};
use crate::domain::catalogue::ServiceId;
use crate::domain::profile::{Impact, Operator, Priority, TimeTarget};
use crate::domain::ticket::{
    Activity, ActivityText, Actor, Ticket, TicketClass, TicketKey, TicketLife, TicketNumber, TicketScope, TicketState,
};
use rusqlite::types::Value;
use rusqlite::{Row, named_params};

/// Everything of a ticket; the filter or order follows.
pub(super) fn columns() -> String {
    format!("{COLUMNS}, reminded_ms, {} FROM ticket", ticket_members::SELECT)
}

const COLUMNS: &str = "SELECT number, version, scope, class, state, state_before_restored, onset_ms,
    reported_ms, recorded_ms, first_response_ms, estimated_ms, restored_ms, confirmed_ms, confirmed_by, closed_ms,
    reporter, reporting_method, category, symptom, impact, impact_text, priority, cause, components, handlers,
    confirmation_method, response_seconds, response_operator, resolution_seconds, resolution_operator, sla_version,
    recurrences, false_alarm, open_key IS NOT NULL, escalation_level, estimate_missed_ms, recovery_prompted_ms,
    flapping_since_ms, occurrences, episode_ms, related,
    (SELECT json_group_array(service ORDER BY position) FROM ticket_service WHERE ticket = ticket.number)";

/// By the index on the state, so that the few open tickets are read and not the whole history.
pub(super) fn open_condition() -> String {
    let open = TicketState::ALL.into_iter().filter(|state| state.is_open());
    let codes: Vec<String> = open.map(|state| format!("'{}'", state.code())).collect();
    format!("WHERE state IN ({}) ORDER BY number", codes.join(", "))
}

const SAVE: &str =
    "INSERT INTO ticket (number, version, scope, class, open_key, state, state_before_restored, onset_ms,
    reported_ms, recorded_ms, first_response_ms, estimated_ms, restored_ms, confirmed_ms, confirmed_by, closed_ms,
    reporter, reporting_method, category, symptom, impact, impact_text, priority, cause, components, handlers,
    confirmation_method, response_seconds, response_operator, resolution_seconds, resolution_operator, sla_version,
    recurrences, false_alarm, escalation_level, estimate_missed_ms, recovery_prompted_ms, flapping_since_ms,
    occurrences, episode_ms, related, reminded_ms)
    VALUES (:number, :version, :scope, :class, :open_key, :state, :state_before_restored, :onset_ms, :reported_ms,
    :recorded_ms, :first_response_ms, :estimated_ms, :restored_ms, :confirmed_ms, :confirmed_by, :closed_ms, :reporter,
    :reporting_method, :category, :symptom, :impact, :impact_text, :priority, :cause, :components, :handlers,
    :confirmation_method, :response_seconds, :response_operator, :resolution_seconds, :resolution_operator,
    :sla_version, :recurrences, :false_alarm, :escalation_level, :estimate_missed_ms, :recovery_prompted_ms,
    :flapping_since_ms, :occurrences, :episode_ms, :related, :reminded_ms)
    ON CONFLICT (number) DO UPDATE SET version = excluded.version, scope = excluded.scope, class = excluded.class,
    open_key = excluded.open_key, state = excluded.state, state_before_restored = excluded.state_before_restored,
    onset_ms = excluded.onset_ms, reported_ms = excluded.reported_ms, recorded_ms = excluded.recorded_ms,
    first_response_ms = excluded.first_response_ms, estimated_ms = excluded.estimated_ms,
    restored_ms = excluded.restored_ms, confirmed_ms = excluded.confirmed_ms, confirmed_by = excluded.confirmed_by,
    closed_ms = excluded.closed_ms, reporter = excluded.reporter, reporting_method = excluded.reporting_method,
    category = excluded.category, symptom = excluded.symptom, impact = excluded.impact,
    impact_text = excluded.impact_text, priority = excluded.priority, cause = excluded.cause,
    components = excluded.components, handlers = excluded.handlers,
    confirmation_method = excluded.confirmation_method, response_seconds = excluded.response_seconds,
    response_operator = excluded.response_operator, resolution_seconds = excluded.resolution_seconds,
    resolution_operator = excluded.resolution_operator, sla_version = excluded.sla_version,
    recurrences = excluded.recurrences, false_alarm = excluded.false_alarm,
    escalation_level = excluded.escalation_level, estimate_missed_ms = excluded.estimate_missed_ms,
    recovery_prompted_ms = excluded.recovery_prompted_ms, flapping_since_ms = excluded.flapping_since_ms,
    occurrences = excluded.occurrences, episode_ms = excluded.episode_ms, related = excluded.related,
    reminded_ms = excluded.reminded_ms
    WHERE excluded.version > ticket.version";

/// The number as one integer that sorts by age.
pub(super) fn key_of(number: TicketNumber) -> i64 {
    i64::from(number.year) << 32 | i64::from(number.number)
}

pub(super) fn number_of(key: i64) -> Result<TicketNumber, StoreError> {
    let damaged = StoreError::Damaged { what: "ticket number" };
    match (u16::try_from(key >> 32), u32::try_from(key & 0xFFFF_FFFF)) {
        (Ok(year), Ok(number)) => Ok(TicketNumber { year, number }),
        _ => Err(damaged),
    }
}

pub(super) fn operator_code(operator: Operator) -> &'static str {
    match operator {
        Operator::Below => "below",
        Operator::AtMost => "at_most",
    }
}

pub(super) fn parse_operator(code: &str) -> Option<Operator> {
    [Operator::Below, Operator::AtMost].into_iter().find(|operator| operator_code(*operator) == code)
}

fn target_of(row: &Row<'_>, index: usize) -> Result<Option<TimeTarget>, StoreError> {
    let Some(seconds) = column::<Option<u32>>(row, index)? else {
        return Ok(None);
    };
    let operator = parsed(row, index + 1, "operator", parse_operator)?;
    Ok(Some(TimeTarget { seconds, operator }))
}

fn life_of(row: &Row<'_>) -> Result<TicketLife, StoreError> {
    let related: Option<i64> = column(row, 40)?;
    Ok(TicketLife {
        escalation_level: column(row, 34)?,
        estimate_missed_at: instant_if(row, 35)?,
        recovery_prompted_at: instant_if(row, 36)?,
        flapping_since: instant_if(row, 37)?,
        occurrences: column(row, 38)?,
        // Tickets of before this was noted began once.
        episode_at: instant_if(row, 39)?.map_or_else(|| instant(row, 6), Ok)?,
        related: related.map(number_of).transpose()?,
        reminded_at: instant_if(row, 42)?,
    })
}

pub(super) fn ticket_of(row: &Row<'_>) -> Result<Ticket, StoreError> {
    let state_before: Option<String> = column(row, 5)?;
    let before = |code: String| TicketState::parse(&code).ok_or(StoreError::Damaged { what: "ticket state" });
    let services = parse_texts(&column::<String>(row, 41)?)?;
    let service = |text: &String| ServiceId::parse(text).map_err(|_| StoreError::Damaged { what: "service" });
    Ok(Ticket {
        number: number_of(column(row, 0)?)?,
        version: column(row, 1)?,
        key: TicketKey {
            scope: parsed(row, 2, "ticket scope", TicketScope::parse)?,
            class: parsed(row, 3, "ticket class", TicketClass::parse)?,
        },
        state: parsed(row, 4, "ticket state", TicketState::parse)?,
        state_before_restored: state_before.map(before).transpose()?,
        onset_at: instant(row, 6)?,
        reported_at: instant(row, 7)?,
        recorded_at: instant(row, 8)?,
        first_response_at: instant_if(row, 9)?,
        estimated_at: instant_if(row, 10)?,
        restored_at: instant_if(row, 11)?,
        confirmed_at: instant_if(row, 12)?,
        confirmed_by: column(row, 13)?,
        closed_at: instant_if(row, 14)?,
        reporter: column(row, 15)?,
        reporting_method: column(row, 16)?,
        category: column(row, 17)?,
        symptom: parse_phrase(&column::<String>(row, 18)?)?,
        impact: parsed(row, 19, "impact", |code| Impact::ALL.into_iter().find(|impact| impact.code() == code))?,
        impact_text: column(row, 20)?,
        priority: Priority::new(column(row, 21)?).ok_or(StoreError::Damaged { what: "priority" })?,
        cause: column(row, 22)?,
        components: parse_texts(&column::<String>(row, 23)?)?,
        handlers: parse_texts(&column::<String>(row, 24)?)?,
        confirmation_method: column(row, 25)?,
        response_target: target_of(row, 26)?,
        resolution_target: target_of(row, 28)?,
        sla_version: column(row, 30)?,
        recurrences: column(row, 31)?,
        life: life_of(row)?,
        false_alarm: column(row, 32)?,
        holds_key: column(row, 33)?,
        members: ticket_members::parse(&column::<String>(row, 43)?)?,
        affected_services: services.iter().map(service).collect::<Result<_, _>>()?,
    })
}

fn activity_of(row: &Row<'_>) -> Result<Activity, StoreError> {
    let text = match (column::<Option<String>>(row, 3)?, column::<Option<String>>(row, 4)?) {
        (Some(phrase), None) => ActivityText::Phrase(parse_phrase(&phrase)?),
        (None, Some(written)) => ActivityText::Written(written),
        (None, None) | (Some(_), Some(_)) => return Err(StoreError::Damaged { what: "activity" }),
    };
    let actor = column::<Option<String>>(row, 1)?.map_or(Actor::System, Actor::Person);
    Ok(Activity { at: instant(row, 0)?, actor, kind: column(row, 2)?, text })
}

/// The query of a filter and its values.
pub(super) fn filtered(filter: &TicketFilter, before: Option<TicketNumber>, limit: usize) -> (String, Vec<Value>) {
    let mut conditions = vec!["number < ?".to_owned()];
    let mut values = vec![Value::Integer(before.map_or(i64::MAX, key_of))];
    if !filter.states.is_empty() {
        let marks = vec!["?"; filter.states.len()].join(", ");
        conditions.push(format!("state IN ({marks})"));
        values.extend(filter.states.iter().map(|state| Value::Text(state.code().to_owned())));
    }
    if let Some(priority) = filter.priority {
        conditions.push("priority = ?".to_owned());
        values.push(Value::Integer(i64::from(priority)));
    }
    if let Some(class) = filter.class {
        conditions.push("class = ?".to_owned());
        values.push(Value::Text(class.code().to_owned()));
    }
    if let Some(service) = &filter.service {
        conditions.push("number IN (SELECT ticket FROM ticket_service WHERE service = ?)".to_owned());
        values.push(Value::Text(service.as_str().to_owned()));
    }
    values.push(Value::Integer(limit_of(limit)));
    (format!("{} WHERE {} ORDER BY number DESC LIMIT ?", columns(), conditions.join(" AND ")), values)
}

impl Reader {
    /// One ticket.
    ///
    /// # Errors
    /// The database's.
    pub fn ticket(&self, number: TicketNumber) -> Result<Option<Ticket>, StoreError> {
        self.row("read a ticket", &format!("{} WHERE number = ?1", columns()), [key_of(number)], ticket_of)
    }

    /// Every ticket that counts as open, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn open_tickets(&self) -> Result<Vec<Ticket>, StoreError> {
        self.rows("read the open tickets", &format!("{} {}", columns(), open_condition()), (), ticket_of)
    }

    /// Newest first; `before` pages.
    ///
    /// # Errors
    /// The database's.
    pub fn tickets(
        &self,
        filter: &TicketFilter,
        before: Option<TicketNumber>,
        limit: usize,
    ) -> Result<Vec<Ticket>, StoreError> {
        let (sql, values) = filtered(filter, before, limit);
        self.rows("read tickets", &sql, rusqlite::params_from_iter(values), ticket_of)
    }

    /// A ticket's log, in the order in which it was written.
    ///
    /// # Errors
    /// The database's.
    pub fn activities(&self, number: TicketNumber) -> Result<Vec<Activity>, StoreError> {
        let sql = "SELECT at_ms, actor, kind, phrase, written FROM activity WHERE ticket = ?1 ORDER BY id";
        self.rows("read a ticket's log", sql, [key_of(number)], activity_of)
    }
}

impl Writer {
    /// The next free number of a local year. It is used up when the request is committed.
    ///
    /// # Errors
    /// The database's.
    pub fn next_ticket_number(&mut self, year: u16) -> Result<TicketNumber, StoreError> {
        let first = key_of(TicketNumber { year, number: 0 });
        let sql = "SELECT max(ifnull((SELECT last FROM ticket_number WHERE year = ?1), 0),
                   ifnull((SELECT max(number) - ?2 FROM ticket WHERE number BETWEEN ?2 AND ?2 + 4294967295), 0))";
        let last = self.reader.row("read the last ticket number", sql, (year, first), |row| column::<u32>(row, 0))?;
        let number =
            last.unwrap_or(0).checked_add(1).ok_or(StoreError::Refused { what: "more tickets in this year" })?;
        let save = "INSERT INTO ticket_number (year, last) VALUES (?1, ?2)
                    ON CONFLICT (year) DO UPDATE SET last = excluded.last";
        self.execute("save the last ticket number", save, (year, number))?;
        Ok(TicketNumber { year, number })
    }

    /// Inserts a new number, or replaces a ticket by a higher version of itself.
    pub(super) fn save_ticket(&mut self, ticket: &Ticket) -> Result<(), StoreError> {
        let operation = "save a ticket";
        let target = |target: Option<TimeTarget>| target.map(|target| target.seconds);
        let operator = |target: Option<TimeTarget>| target.map(|target| operator_code(target.operator));
        let params = named_params! {
            ":number": key_of(ticket.number), ":version": ticket.version, ":scope": ticket.key.scope.to_string(),
            ":class": ticket.key.class.code(), ":state": ticket.state.code(),
            ":open_key": ticket.holds_key.then(|| ticket.key.to_string()),
            ":state_before_restored": ticket.state_before_restored.map(TicketState::code),
            ":onset_ms": ticket.onset_at.as_ms(), ":reported_ms": ticket.reported_at.as_ms(),
            ":recorded_ms": ticket.recorded_at.as_ms(), ":first_response_ms": ms(ticket.first_response_at),
            ":estimated_ms": ms(ticket.estimated_at), ":restored_ms": ms(ticket.restored_at),
            ":confirmed_ms": ms(ticket.confirmed_at), ":confirmed_by": ticket.confirmed_by,
            ":closed_ms": ms(ticket.closed_at), ":reporter": ticket.reporter,
            ":reporting_method": ticket.reporting_method, ":category": ticket.category,
            ":symptom": render_phrase(&ticket.symptom)?, ":impact": ticket.impact.code(),
            ":impact_text": ticket.impact_text, ":priority": ticket.priority.number(), ":cause": ticket.cause,
            ":components": render_texts(&ticket.components)?, ":handlers": render_texts(&ticket.handlers)?,
            ":confirmation_method": ticket.confirmation_method,
            ":response_seconds": target(ticket.response_target), ":response_operator": operator(ticket.response_target),
            ":resolution_seconds": target(ticket.resolution_target),
            ":resolution_operator": operator(ticket.resolution_target), ":sla_version": ticket.sla_version,
            ":recurrences": ticket.recurrences, ":false_alarm": ticket.false_alarm,
            ":escalation_level": ticket.life.escalation_level, ":estimate_missed_ms": ms(ticket.life.estimate_missed_at),
            ":recovery_prompted_ms": ms(ticket.life.recovery_prompted_at),
            ":flapping_since_ms": ms(ticket.life.flapping_since), ":occurrences": ticket.life.occurrences,
            ":episode_ms": ticket.life.episode_at.as_ms(), ":related": ticket.life.related.map(key_of),
            ":reminded_ms": ms(ticket.life.reminded_at),
        };
        if self.execute(operation, SAVE, params)? == 0 {
            return Err(StoreError::Refused { what: "a ticket that is not newer than the one it replaces" });
        }
        let number = key_of(ticket.number);
        self.execute(operation, "DELETE FROM ticket_service WHERE ticket = ?1", [number])?;
        for (position, service) in ticket.affected_services.iter().enumerate() {
            let sql = "INSERT INTO ticket_service (ticket, position, service) VALUES (?1, ?2, ?3)";
            self.execute(operation, sql, (number, limit_of(position), service.as_str()))?;
        }
        self.save_members(ticket)
    }

    /// Appends to a ticket's log.
    pub(super) fn append_activity(&mut self, number: TicketNumber, activity: &Activity) -> Result<(), StoreError> {
        let actor = match &activity.actor {
            Actor::System => None,
            Actor::Person(name) => Some(name),
        };
        let (phrase, written) = match &activity.text {
            ActivityText::Phrase(phrase) => (Some(render_phrase(phrase)?), None),
            ActivityText::Written(text) => (None, Some(text)),
        };
        let sql = "INSERT INTO activity (ticket, at_ms, actor, kind, phrase, written) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let params = (key_of(number), activity.at.as_ms(), actor, &activity.kind, phrase, written);
        self.execute("append to a ticket's log", sql, params).map(drop)
    }
}
