//! What leaves about a ticket: its form, with the event and what a receiver orders by.

use super::Render;
use crate::domain::profile::Profile;
use crate::domain::ticket::Ticket;
use crate::ticket_evidence::EvidenceBody;
use crate::ticket_form::TicketForm;
use serde::Serialize;

#[derive(Serialize)]
struct Message<'a> {
    event: &'a str,
    version: u32,
    correlation_id: String,
    #[serde(flatten)]
    ticket: TicketForm,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<&'a EvidenceBody>,
}

/// The payload of one event of a ticket; `evidence` is what it was opened on, in short.
pub(crate) fn payload(
    ticket: &Ticket,
    event: &str,
    profile: &Profile,
    render: &Render,
    evidence: Option<&EvidenceBody>,
) -> String {
    let form = TicketForm::new(ticket, profile.time_zone, render.as_ref());
    let correlation_id = ticket.number.to_string();
    let message = Message { event, version: ticket.version, correlation_id, ticket: form, evidence };
    serde_json::to_string(&message).expect("strings and numbers under text keys always encode")
}

/// Every message that the engine writes; both languages hold each (a test).
pub const MESSAGE_IDS: [&str; 35] = [
    "symptom-service-down",
    "symptom-service-degraded",
    "symptom-host-silent",
    "symptom-hosts-silent",
    "symptom-threshold-cpu",
    "symptom-threshold-ram",
    "symptom-threshold-storage",
    "symptom-threshold-bandwidth",
    "symptom-backup-overdue",
    "symptom-backup-missing",
    "symptom-backup-never-seen",
    "symptom-budget-burning",
    "symptom-reported",
    "activity-opened",
    "activity-acknowledged",
    "activity-estimate",
    "activity-confirmed",
    "activity-closed",
    "activity-updated",
    "activity-restored",
    "activity-recurred",
    "activity-escalated-response",
    "activity-escalated-share",
    "activity-escalated-resolution",
    "activity-estimate-missed",
    "activity-recovery-prompt",
    "activity-reported-again",
    "reason-check-failed",
    "reason-check-degraded",
    "finding-critical-without-rpo",
    "finding-critical-without-rto",
    "finding-critical-without-recovery-plan",
    "finding-no-resolution-target",
    "finding-no-availability-target",
    "finding-target-too-low-for-burn",
];

#[cfg(test)]
mod tests {
    use super::MESSAGE_IDS;

    #[test]
    fn both_languages_hold_every_message_and_no_other() {
        let id = include_str!("../../../config/locales/id/tickets.ftl");
        let en = include_str!("../../../config/locales/en/tickets.ftl");
        for text in [id, en] {
            let lines = text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
            let ids: Vec<&str> = lines.map(|l| l.split(" = ").next().unwrap_or_default()).collect();
            assert_eq!(ids, MESSAGE_IDS);
        }
    }
}
