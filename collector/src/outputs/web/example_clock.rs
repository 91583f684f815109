//! The response clock of the example SLA, beside those of the regulation, where a service of the ticket has adopted it
//! (G15: both verdicts are shown).

use super::page::due_view;
use super::ticket::ClockRow;
use crate::domain::ticket::Ticket;
use crate::snapshot::Snapshot;
use crate::texts::Texts;
use pantau_shared::timestamp::Timestamp;

/// The row; none where nobody has adopted it.
pub(super) fn row(texts: Texts, snapshot: &Snapshot, ticket: &Ticket, now: Timestamp) -> Option<ClockRow> {
    let adoption = snapshot.catalogue.example_sla.as_ref()?;
    let target = adoption.response_target(&snapshot.catalogue, ticket)?;
    Some(ClockRow {
        label: texts.get("clock-example-response"),
        target: texts.text("clock-at-most", &[("span", &texts.duration(target.seconds.into()))]),
        due: due_view(texts, Some(target), ticket.reported_at, ticket.first_response_at, now),
    })
}
