//! The ledger of services: disjoint intervals with a state; what none covers is unknown.
//!
//! It is written by edits that replace the tail from an instant on, so that late answers simply re-evaluate it. An edit
//! that would leave overlapping or empty rows is refused before anything changes. An edit mostly says again what was
//! there and makes the newest row longer; only from where the states differ are the days counted before invalid
//! ([`super::ledger_days`]).

use super::columns::{instant, instant_if, parse_phrase, parsed, render_phrase};
use super::ledger_days::{place, render_ids};
use super::records::{LedgerEdit, LedgerRow};
use super::{Reader, StoreError, Writer};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::state::{State, StateInterval, Timeline};
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

/// Rows are disjoint, so the only row that begins before `from` and may reach into it is the last one before it.
pub(super) const LEDGER: &str = "
    SELECT from_ms, to_ms, state, reason FROM ledger WHERE service = ?1
        AND from_ms >= ifnull((SELECT max(from_ms) FROM ledger WHERE service = ?1 AND from_ms <= ?2), ?2)
        AND from_ms < ?3 AND to_ms > ?2 ORDER BY from_ms";

const LEDGER_BEFORE: &str = "
    SELECT from_ms, to_ms, state, reason FROM ledger WHERE service = ?1 AND from_ms <= ?2
        ORDER BY from_ms DESC LIMIT 1";

const LEDGER_NEXT: &str = "
    SELECT from_ms, to_ms, state, reason FROM ledger WHERE service = ?1 AND from_ms > ?2 ORDER BY from_ms LIMIT 1";

/// The same for a list of services, without reasons, by place in the list: `json_each` is the outer loop, and a
/// service's rows come in the order of the key.
pub(super) const STATES_OF: &str = "
    SELECT asked.key, ledger.from_ms, ledger.to_ms, ledger.state
        FROM json_each(?1) AS asked CROSS JOIN ledger ON ledger.service = asked.value
        AND ledger.from_ms >= ifnull((SELECT max(l.from_ms) FROM ledger AS l
            WHERE l.service = asked.value AND l.from_ms <= ?2), ?2)
        AND ledger.from_ms < ?3 AND ledger.to_ms > ?2";

pub(super) const BEGINS_OF: &str = "
    SELECT asked.key, (SELECT from_ms FROM ledger WHERE service = asked.value ORDER BY from_ms LIMIT 1)
        FROM json_each(?1) AS asked";

fn states_of(row: &Row<'_>, first: usize) -> Result<StateInterval, StoreError> {
    let interval = Interval::new(instant(row, first)?, instant(row, first + 1)?);
    Ok(StateInterval { interval, state: parsed(row, first + 2, "state", State::parse)? })
}

fn ledger_row_of(row: &Row<'_>) -> Result<LedgerRow, StoreError> {
    let reason: Option<String> = super::columns::column(row, 3)?;
    Ok(LedgerRow {
        from: instant(row, 0)?,
        to: instant(row, 1)?,
        state: parsed(row, 2, "state", State::parse)?,
        reason: reason.as_deref().map(parse_phrase).transpose()?,
    })
}

impl Reader {
    /// Rows that overlap `[from, to)`, by time, not clipped; what no row covers is unknown.
    ///
    /// # Errors
    /// The database's.
    pub fn ledger(&self, service: &ServiceId, from: Timestamp, to: Timestamp) -> Result<Vec<LedgerRow>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        self.rows("read a ledger", LEDGER, (service.as_str(), from.as_ms(), to.as_ms()), ledger_row_of)
    }

    /// The row that began last at or before `at` (it may have ended before), and the first one after `at`.
    ///
    /// # Errors
    /// The database's.
    pub fn ledger_around(
        &self,
        service: &ServiceId,
        at: Timestamp,
    ) -> Result<(Option<LedgerRow>, Option<LedgerRow>), StoreError> {
        let params = (service.as_str(), at.as_ms());
        let before = self.row("read a ledger", LEDGER_BEFORE, params, ledger_row_of)?;
        Ok((before, self.row("read a ledger", LEDGER_NEXT, params, ledger_row_of)?))
    }

    /// What the ledgers of `services` say in `[from, to)`, in the order of the list; stretches at the rims are not cut.
    ///
    /// # Errors
    /// The database's.
    pub fn ledger_states(
        &self,
        services: &[&ServiceId],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Timeline>, StoreError> {
        let mut timelines = vec![Timeline::unknown(); services.len()];
        if from < to {
            let params = (render_ids(services)?, from.as_ms(), to.as_ms());
            self.visit("read ledgers", STATES_OF, params, |row| {
                let damaged = StoreError::Damaged { what: "list" };
                timelines.get_mut(place(row)?).ok_or(damaged)?.append(states_of(row, 1)?);
                Ok(())
            })?;
        }
        Ok(timelines)
    }

    /// Start of the first row of each of `services`, in the order of the list.
    ///
    /// # Errors
    /// The database's.
    pub fn ledgers_begin(&self, services: &[&ServiceId]) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let mut begins = vec![None; services.len()];
        self.visit("read the begins of ledgers", BEGINS_OF, [render_ids(services)?], |row| {
            let damaged = StoreError::Damaged { what: "list" };
            *begins.get_mut(place(row)?).ok_or(damaged)? = instant_if(row, 1)?;
            Ok(())
        })?;
        Ok(begins)
    }

    /// Start of the first row of a service.
    ///
    /// # Errors
    /// The database's.
    pub fn ledger_begins(&self, service: &ServiceId) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT from_ms FROM ledger WHERE service = ?1 ORDER BY from_ms LIMIT 1";
        self.row("read a ledger's begin", sql, [service.as_str()], |row| instant(row, 0))
    }
}

/// A row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
struct StoredRow {
    stretch: StateInterval,
    reason: Option<String>,
}

impl StoredRow {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { stretch: states_of(row, 0)?, reason: super::columns::column(row, 3)? })
    }

    fn render(row: &LedgerRow) -> Result<Self, StoreError> {
        let stretch = StateInterval { interval: Interval::new(row.from, row.to), state: row.state };
        Ok(Self { stretch, reason: row.reason.as_ref().map(render_phrase).transpose()? })
    }

    const fn begin(&self) -> Timestamp {
        self.stretch.interval.from
    }
}

impl Writer {
    /// Carries out one edit; writes only what differs from what is there.
    pub(super) fn edit_ledger(&mut self, edit: &LedgerEdit) -> Result<(), StoreError> {
        check(edit)?;
        let operation = "edit a ledger";
        let (service, from) = (edit.service.as_str(), edit.replace_from);
        let params = (service, from.as_ms(), Interval::ALL.to.as_ms());
        let before = self.reader.rows(operation, LEDGER, params, StoredRow::read)?;
        let after = edit.rows.iter().map(StoredRow::render).collect::<Result<Vec<_>, _>>()?;
        if let Some(differs_from) = first_difference(from, &before, &after) {
            self.shorten_ledger_days(&edit.service, differs_from)?;
        }
        let (spanning, before) = before.split_at(before.partition_point(|row| row.begin() < from));
        if let Some(row) = spanning.first() {
            let cut = "UPDATE ledger SET to_ms = ?3 WHERE service = ?1 AND from_ms = ?2";
            self.execute(operation, cut, (service, row.begin().as_ms(), from.as_ms()))?;
        }
        let same = before.iter().zip(&after).take_while(|(old, new)| old == new).count();
        let (mut old, mut new) = (before.iter().skip(same).peekable(), after.iter().skip(same).peekable());
        if let (Some(gone), Some(row)) = (old.peek(), new.peek())
            && gone.begin() == row.begin()
        {
            let change = "UPDATE ledger SET to_ms = ?3, state = ?4, reason = ?5 WHERE service = ?1 AND from_ms = ?2";
            self.save_row(change, service, row)?;
            old.next();
            new.next();
        }
        if let Some(row) = old.peek() {
            let delete = "DELETE FROM ledger WHERE service = ?1 AND from_ms >= ?2";
            self.execute(operation, delete, (service, row.begin().as_ms()))?;
        }
        let insert = "INSERT INTO ledger (service, from_ms, to_ms, state, reason) VALUES (?1, ?2, ?3, ?4, ?5)";
        new.try_for_each(|row| self.save_row(insert, service, row))
    }

    fn save_row(&self, sql: &str, service: &str, row: &StoredRow) -> Result<(), StoreError> {
        let StateInterval { interval, state } = row.stretch;
        let params = (service, interval.from.as_ms(), interval.to.as_ms(), state.name(), row.reason.as_deref());
        self.execute("edit a ledger", sql, params).map(drop)
    }
}

/// The first instant from `from` on at which the state differs; `None`: it never does.
fn first_difference(from: Timestamp, before: &[StoredRow], after: &[StoredRow]) -> Option<Timestamp> {
    let reach = Interval::new(from, Interval::ALL.to);
    let told = |rows: &[StoredRow]| {
        let cut = |row: &StoredRow| StateInterval {
            interval: row.stretch.interval.intersection(reach),
            state: row.stretch.state,
        };
        Timeline::from_intervals(rows.iter().map(cut))
    };
    let (before, after) = (told(before), told(after));
    let (mut old, mut new) = (before.changes().iter(), after.changes().iter());
    loop {
        match (old.next(), new.next()) {
            (None, None) => return None,
            (old, new) if old == new => {}
            (old, new) => return old.into_iter().chain(new).map(|(at, _)| *at).min(),
        }
    }
}

fn check(edit: &LedgerEdit) -> Result<(), StoreError> {
    let mut end = edit.replace_from;
    for row in &edit.rows {
        if row.from < end || row.to <= row.from {
            return Err(StoreError::Refused {
                what: "a ledger edit whose rows are not sorted, disjoint and in its range",
            });
        }
        end = row.to;
    }
    Ok(())
}
