//! What leaves about a ticket: its form, with the event and what a receiver orders by.

use super::Render;
use crate::domain::profile::Profile;
use crate::domain::ticket::Ticket;
use crate::ticket_form::TicketForm;
use serde::Serialize;

#[derive(Serialize)]
struct Message<'a> {
    event: &'a str,
    version: u32,
    correlation_id: String,
    #[serde(flatten)]
    ticket: TicketForm,
}

/// The payload of one event of a ticket.
pub(crate) fn payload(ticket: &Ticket, event: &str, profile: &Profile, render: &Render) -> String {
    let form = TicketForm::new(ticket, profile.time_zone, render.as_ref());
    let correlation_id = ticket.number.to_string();
    let message = Message { event, version: ticket.version, correlation_id, ticket: form };
    serde_json::to_string(&message).expect("strings and numbers under text keys always encode")
}
