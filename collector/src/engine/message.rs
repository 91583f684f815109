//! What leaves about a ticket: JSON with the 15 fields of the form under their product names, times RFC 3339 in the
//! office's zone, the symptom in Bahasa Indonesia.

use super::Render;
use crate::domain::profile::Profile;
use crate::domain::ticket::Ticket;
use pantau_shared::timestamp::Timestamp;
use serde_json::{Value, json};

/// The payload of one event of a ticket.
pub(crate) fn payload(ticket: &Ticket, event: &str, profile: &Profile, render: &Render) -> String {
    let time = |at: Timestamp| at.to_utc().with_timezone(&profile.time_zone).to_rfc3339();
    let maybe = |at: Option<Timestamp>| at.map_or(Value::Null, |at| Value::String(time(at)));
    let services: Vec<&str> = ticket.affected_services.iter().map(|s| s.as_str()).collect();
    json!({
        "event": event,
        "version": ticket.version,
        "correlation_id": ticket.number.to_string(),
        "kunci": ticket.key.to_string(),
        "tanggal_jam_pencatatan": time(ticket.recorded_at),
        "pelapor": ticket.reporter,
        "cara_pelaporan": ticket.reporting_method,
        "kategori_gangguan": ticket.category,
        "gejala": render(&ticket.symptom),
        "dampak": ticket.impact.code(),
        "dampak_uraian": ticket.impact_text,
        "prioritas": ticket.priority.number(),
        "penyebab": ticket.cause,
        "status": ticket.state.code(),
        "komponen_konfigurasi": ticket.components,
        "layanan_terdampak": services,
        "petugas": ticket.handlers,
        "cara_konfirmasi": ticket.confirmation_method,
        "mulai_gangguan": time(ticket.onset_at),
        "dilaporkan_pada": time(ticket.reported_at),
        "respons_pertama": maybe(ticket.first_response_at),
        "estimasi_selesai": maybe(ticket.estimated_at),
        "pulih_pada": maybe(ticket.restored_at),
        "dikonfirmasi_pada": maybe(ticket.confirmed_at),
        "dikonfirmasi_oleh": ticket.confirmed_by,
        "ditutup_pada": maybe(ticket.closed_at),
        "batas_tanggap": maybe(ticket.response_due_at()),
        "batas_pelayanan": maybe(ticket.resolution_due_at()),
        "kambuh": ticket.recurrences,
        "alarm_palsu": ticket.false_alarm,
        "sla_versi": ticket.sla_version,
    })
    .to_string()
}

/// Every message that the engine writes; both languages hold each (a test).
pub const MESSAGE_IDS: [&str; 26] = [
    "symptom-service-down",
    "symptom-service-degraded",
    "symptom-host-silent",
    "symptom-threshold-cpu",
    "symptom-threshold-ram",
    "symptom-threshold-storage",
    "symptom-threshold-bandwidth",
    "symptom-backup-overdue",
    "symptom-backup-missing",
    "symptom-backup-never-seen",
    "symptom-reported",
    "activity-opened",
    "activity-acknowledged",
    "activity-estimate",
    "activity-confirmed",
    "activity-closed",
    "activity-updated",
    "activity-restored",
    "activity-recurred",
    "reason-check-failed",
    "reason-check-degraded",
    "finding-critical-without-rpo",
    "finding-critical-without-rto",
    "finding-critical-without-recovery-plan",
    "finding-no-resolution-target",
    "finding-no-availability-target",
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
