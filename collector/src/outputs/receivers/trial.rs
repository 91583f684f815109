//! A message to try a receiver with: a ticket that says it is none, opened and ended in one, sent past the outbox.

use crate::config::profile::bangka_2025;
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::ticket::condition::Condition;
use crate::domain::ticket::open::{self, Report};
use crate::domain::ticket::{TicketClass, TicketKey, TicketNumber, TicketScope};
use crate::engine::message;
use crate::store::records::{DueMessage, OutboxMessage, OutboxRow};
use crate::texts::{Language, Texts};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

/// The event's code.
pub(super) const EVENT: &str = "test";
/// What a receiver that threads messages finds as its first: nothing.
const NO_THREAD: &str = "uji";

/// The message; each moment's is another version, so that none passes for one that was sent before.
pub(super) fn message(target: &str, catalogue: &Catalogue, now: Timestamp) -> DueMessage {
    let profile = bangka_2025();
    let texts = Texts::new(Language::Id, profile.time_zone);
    let condition = Condition {
        // Tickets count from 1: this number is never a real one.
        key: TicketKey { scope: TicketScope::Site, class: TicketClass::Access },
        impact: Impact::Minor,
        onset_at: now,
        symptom: Phrase::new("symptom-reported").with("text", texts.get("delivery-test-symptom")),
        category: "pemantauan".to_owned(),
        components: vec!["pantau".to_owned()],
        affected: ServiceId::parse("uji-pengiriman").into_iter().collect(),
        flapping_since: None,
    };
    let year = crate::domain::calendar::zone::local_year(profile.time_zone, now);
    let number = TicketNumber { year, number: 0 };
    let report = Report { reporter: None, condition: &condition, related: None };
    let (mut ticket, _) = open::open(&report, number, catalogue, &profile, now);
    ticket.version = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
    let payload =
        message::payload(&ticket, EVENT, &profile, &(Arc::new(move |phrase: &Phrase| texts.phrase(phrase)) as _), None);
    let message = OutboxMessage {
        ticket: number,
        target: target.to_owned(),
        version: ticket.version,
        event: EVENT.to_owned(),
        payload,
        not_before: None,
    };
    let row = OutboxRow {
        id: 0,
        message,
        created_at: now,
        attempts: 0,
        next_attempt_at: now,
        state: "pending".to_owned(),
        last_error: None,
        checked_by: None,
    };
    DueMessage { row, reference: Some(NO_THREAD.to_owned()) }
}
