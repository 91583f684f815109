//! How the checks of a service stood while it was down: the facts by which maintenance of a component excuses.
//!
//! Written with the edit of the ledger that they belong to, and in the same way: from an instant on anew, and only what
//! differs. Only services with components have any.

use super::columns::{instant, parsed};
use super::records::PartsEdit;
use super::{Reader, StoreError, Writer};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::register::excuse::PartStretch;
use crate::domain::state::State;
use pantau_shared::ids::CheckId;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;

/// Stretches are disjoint, so the only one that begins before `from` and may reach into it is the last one before it.
const PARTS: &str = "
    SELECT from_ms, to_ms, states FROM ledger_part WHERE service = ?1
        AND from_ms >= ifnull((SELECT max(from_ms) FROM ledger_part WHERE service = ?1 AND from_ms <= ?2), ?2)
        AND from_ms < ?3 AND to_ms > ?2 ORDER BY from_ms";

fn stretch_of(row: &Row<'_>) -> Result<PartStretch, StoreError> {
    let interval = Interval::new(instant(row, 0)?, instant(row, 1)?);
    Ok(PartStretch { interval, states: parsed(row, 2, "states of checks", parse_states)? })
}

fn parse_states(text: &str) -> Option<Vec<(CheckId, State)>> {
    let named: Vec<(String, String)> = serde_json::from_str(text).ok()?;
    named.into_iter().map(|(check, state)| Some((CheckId::parse(&check).ok()?, State::parse(&state)?))).collect()
}

fn render_states(states: &[(CheckId, State)]) -> Result<String, StoreError> {
    let named: Vec<(&str, &str)> = states.iter().map(|(check, state)| (check.as_str(), state.name())).collect();
    serde_json::to_string(&named).map_err(|_| StoreError::Damaged { what: "states of checks" })
}

impl Reader {
    /// How the checks of `service` stood while it was down within `[from, to)`, by time, not clipped.
    ///
    /// # Errors
    /// The database's.
    pub fn ledger_parts(
        &self,
        service: &ServiceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<PartStretch>, StoreError> {
        self.rows("read parts of a ledger", PARTS, (service.as_str(), from.as_ms(), to.as_ms()), stretch_of)
    }
}

impl Writer {
    /// Carries out one edit; writes only what differs from what is there.
    pub(super) fn edit_ledger_parts(&mut self, service: &ServiceId, edit: &PartsEdit) -> Result<(), StoreError> {
        check(edit)?;
        let (operation, from) = ("edit parts of a ledger", edit.replace_from);
        let params = (service.as_str(), from.as_ms(), Interval::ALL.to.as_ms());
        let before = self.reader.rows(operation, PARTS, params, stretch_of)?;
        let (spanning, before) = before.split_at(before.partition_point(|kept| kept.interval.from < from));
        let save = "INSERT INTO ledger_part (service, from_ms, to_ms, states) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (service, from_ms) DO UPDATE SET to_ms = excluded.to_ms, states = excluded.states";
        let gone = "DELETE FROM ledger_part WHERE service = ?1 AND from_ms = ?2";
        if let Some(kept) = spanning.first() {
            let cut = "UPDATE ledger_part SET to_ms = ?3 WHERE service = ?1 AND from_ms = ?2";
            self.execute(operation, cut, (service.as_str(), kept.interval.from.as_ms(), from.as_ms()))?;
        }
        let is_in = |list: &[PartStretch], begin| {
            list.binary_search_by_key(&begin, |stretch: &PartStretch| stretch.interval.from).is_ok()
        };
        for kept in before.iter().filter(|kept| !is_in(&edit.rows, kept.interval.from)) {
            self.execute(operation, gone, (service.as_str(), kept.interval.from.as_ms()))?;
        }
        for stretch in edit.rows.iter().filter(|stretch| !before.contains(stretch)) {
            let (from, to) = (stretch.interval.from.as_ms(), stretch.interval.to.as_ms());
            self.execute(operation, save, (service.as_str(), from, to, render_states(&stretch.states)?))?;
        }
        Ok(())
    }
}

fn check(edit: &PartsEdit) -> Result<(), StoreError> {
    let mut end = edit.replace_from;
    for PartStretch { interval, .. } in &edit.rows {
        if interval.from < end || interval.is_empty() {
            let what = "an edit of a ledger's parts that are not sorted, disjoint and in its range";
            return Err(StoreError::Refused { what });
        }
        end = interval.to;
    }
    Ok(())
}
