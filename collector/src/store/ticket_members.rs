//! Members of tickets: the disturbances that belong to one beside its own. They are read with their ticket and replaced
//! with it.

use super::columns::{ms, parse_texts, render_texts};
use super::tickets::{key_of, operator_code, parse_operator};
use super::{StoreError, Writer, limit_of};
use crate::domain::catalogue::ServiceId;
use crate::domain::profile::{Impact, Priority, TimeTarget};
use crate::domain::ticket::group::Member;
use crate::domain::ticket::{Ticket, TicketKey};
use pantau_shared::timestamp::Timestamp;
use rusqlite::named_params;
use serde::Deserialize;

/// A ticket's members as one JSON list, in order.
pub(super) const SELECT: &str = "(SELECT json_group_array(json_object('key', key, 'services', services,
    'impact', impact, 'priority', priority, 'onset', onset_ms, 'detected', detected_ms, 'restored', restored_ms,
    'seconds', resolution_seconds, 'operator', resolution_operator) ORDER BY position)
    FROM ticket_member WHERE ticket = ticket.number)";

#[derive(Deserialize)]
struct MemberColumn {
    key: String,
    services: String,
    impact: String,
    priority: u8,
    onset: i64,
    detected: i64,
    restored: Option<i64>,
    seconds: Option<u32>,
    operator: Option<String>,
}

impl MemberColumn {
    fn member(self) -> Result<Member, StoreError> {
        let damaged = || StoreError::Damaged { what: "ticket member" };
        let services = parse_texts(&self.services)?;
        let services: Result<Vec<ServiceId>, _> = services.iter().map(|id| ServiceId::parse(id)).collect();
        let resolution_target = match (self.seconds, self.operator) {
            (Some(seconds), Some(code)) => {
                Some(TimeTarget { seconds, operator: parse_operator(&code).ok_or_else(damaged)? })
            }
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(damaged()),
        };
        Ok(Member {
            key: TicketKey::parse(&self.key).ok_or_else(damaged)?,
            services: services.map_err(|_| damaged())?,
            impact: Impact::ALL.into_iter().find(|impact| impact.code() == self.impact).ok_or_else(damaged)?,
            priority: Priority::new(self.priority).ok_or_else(damaged)?,
            onset_at: Timestamp::from_ms(self.onset),
            detected_at: Timestamp::from_ms(self.detected),
            restored_at: self.restored.map(Timestamp::from_ms),
            resolution_target,
        })
    }
}

/// Reads what [`SELECT`] gives.
pub(super) fn parse(text: &str) -> Result<Vec<Member>, StoreError> {
    let columns: Vec<MemberColumn> =
        serde_json::from_str(text).map_err(|_| StoreError::Damaged { what: "ticket members" })?;
    columns.into_iter().map(MemberColumn::member).collect()
}

impl Writer {
    /// Puts the members of `ticket` in the place of those before.
    pub(super) fn save_members(&mut self, ticket: &Ticket) -> Result<(), StoreError> {
        let operation = "save a ticket's members";
        let number = key_of(ticket.number);
        self.execute(operation, "DELETE FROM ticket_member WHERE ticket = ?1", [number])?;
        let sql = "INSERT INTO ticket_member (ticket, position, key, open_key, services, impact, priority, onset_ms,
                   detected_ms, restored_ms, resolution_seconds, resolution_operator)
                   VALUES (:ticket, :position, :key, :open_key, :services, :impact, :priority, :onset_ms, :detected_ms,
                   :restored_ms, :resolution_seconds, :resolution_operator)";
        for (position, member) in ticket.members.iter().enumerate() {
            let services: Vec<String> = member.services.iter().map(ToString::to_string).collect();
            let params = named_params! {
                ":ticket": number, ":position": limit_of(position), ":key": member.key.to_string(),
                ":open_key": ticket.holds_key.then(|| member.key.to_string()), ":services": render_texts(&services)?,
                ":impact": member.impact.code(), ":priority": member.priority.number(),
                ":onset_ms": member.onset_at.as_ms(), ":detected_ms": member.detected_at.as_ms(),
                ":restored_ms": ms(member.restored_at),
                ":resolution_seconds": member.resolution_target.map(|target| target.seconds),
                ":resolution_operator": member.resolution_target.map(|target| operator_code(target.operator)),
            };
            self.execute(operation, sql, params)?;
        }
        Ok(())
    }
}
