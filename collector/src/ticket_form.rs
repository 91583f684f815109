//! The form of a disturbance (Formulir Penanganan Aduan, 15 fields) as it leaves: API and webhooks write it alike.
//!
//! Names are the product's for the fields of the regulation; codes stay codes, the symptom is a sentence in Bahasa
//! Indonesia; times are RFC 3339 in the office's zone.

use crate::domain::phrase::Phrase;
use crate::domain::ticket::Ticket;
use crate::domain::ticket::group::Member;
use chrono::SecondsFormat;
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;

/// The fields, and what the product adds to them; the log (field 11) is apart.
#[derive(Debug, Serialize)]
pub(crate) struct TicketForm {
    pub(crate) nomor: String,
    versi: u32,
    kunci_dedup: String,
    kelas: &'static str,
    /// Field 1.
    dicatat_pada: String,
    dilaporkan_pada: String,
    /// Field 2.
    pelapor: String,
    /// Field 3.
    metode_pelaporan: String,
    /// Field 4.
    kategori: String,
    /// Field 5.
    gejala: String,
    /// Field 6.
    dampak: &'static str,
    uraian_dampak: Option<String>,
    /// Field 7.
    prioritas: u8,
    /// Field 8.
    penyebab: Option<String>,
    /// Field 9.
    status: &'static str,
    /// Field 10.
    komponen: Vec<String>,
    layanan_terdampak: Vec<String>,
    /// Further disturbances in it, each with its own clock.
    gangguan_tercakup: Vec<PartForm>,
    /// Field 12.
    penanggung: Vec<String>,
    /// Field 13.
    metode_konfirmasi: Option<String>,
    /// Field 14.
    dikonfirmasi_pada: Option<String>,
    dikonfirmasi_oleh: Option<String>,
    /// Field 15.
    ditutup_pada: Option<String>,
    mulai_gangguan: String,
    respons_pertama_pada: Option<String>,
    estimasi_selesai: Option<String>,
    pulih_pada: Option<String>,
    target_tanggap_s: Option<u32>,
    batas_tanggap_pada: Option<String>,
    target_penyelesaian_s: Option<u32>,
    batas_penyelesaian_pada: Option<String>,
    sla_versi: String,
    alarm_palsu: bool,
    kambuh: u32,
    kejadian: u32,
    tingkat_eskalasi: u8,
    bergejolak_sejak: Option<String>,
    kaji_drp_pada: Option<String>,
    tiket_terkait: Vec<String>,
}

/// A disturbance that belongs to a ticket beside its own.
#[derive(Debug, Serialize)]
struct PartForm {
    kunci_dedup: String,
    layanan: Vec<String>,
    dampak: &'static str,
    prioritas: u8,
    mulai_gangguan: String,
    terdeteksi_pada: String,
    pulih_pada: Option<String>,
    target_penyelesaian_s: Option<u32>,
}

impl PartForm {
    fn new(member: &Member, zone: Tz) -> Self {
        Self {
            kunci_dedup: member.key.to_string(),
            layanan: member.services.iter().map(ToString::to_string).collect(),
            dampak: member.impact.code(),
            prioritas: member.priority.number(),
            mulai_gangguan: local_time(zone, member.onset_at),
            terdeteksi_pada: local_time(zone, member.detected_at),
            pulih_pada: member.restored_at.map(|at| local_time(zone, at)),
            target_penyelesaian_s: member.resolution_target.map(|target| target.seconds),
        }
    }
}

impl TicketForm {
    /// The form of `ticket`; `render` gives sentences in Bahasa Indonesia.
    pub(crate) fn new(ticket: &Ticket, zone: Tz, render: &dyn Fn(&Phrase) -> String) -> Self {
        let time = |at| local_time(zone, at);
        let maybe = |at: Option<Timestamp>| at.map(time);
        Self {
            nomor: ticket.number.to_string(),
            versi: ticket.version,
            kunci_dedup: ticket.key.to_string(),
            kelas: ticket.key.class.code(),
            dicatat_pada: time(ticket.recorded_at),
            dilaporkan_pada: time(ticket.reported_at),
            pelapor: ticket.reporter.clone().unwrap_or_else(|| render(&Phrase::new("reporter-system"))),
            metode_pelaporan: ticket.reporting_method.clone(),
            kategori: ticket.category.clone(),
            gejala: render(&ticket.symptom),
            dampak: ticket.impact.code(),
            uraian_dampak: ticket.impact_text.clone(),
            prioritas: ticket.priority.number(),
            penyebab: ticket.cause.clone(),
            status: ticket.state.code(),
            komponen: ticket.components.clone(),
            layanan_terdampak: ticket.affected_services.iter().map(ToString::to_string).collect(),
            gangguan_tercakup: ticket.members.iter().map(|member| PartForm::new(member, zone)).collect(),
            penanggung: ticket.handlers.clone(),
            metode_konfirmasi: ticket.confirmation_method.clone(),
            dikonfirmasi_pada: maybe(ticket.confirmed_at),
            dikonfirmasi_oleh: ticket.confirmed_by.clone(),
            ditutup_pada: maybe(ticket.closed_at),
            mulai_gangguan: time(ticket.onset_at),
            respons_pertama_pada: maybe(ticket.first_response_at),
            estimasi_selesai: maybe(ticket.estimated_at),
            pulih_pada: maybe(ticket.restored_at),
            target_tanggap_s: ticket.response_target.map(|target| target.seconds),
            batas_tanggap_pada: maybe(ticket.response_due_at()),
            target_penyelesaian_s: ticket.resolution_target.map(|target| target.seconds),
            batas_penyelesaian_pada: maybe(ticket.resolution_due_at()),
            sla_versi: ticket.sla_version.clone(),
            alarm_palsu: ticket.false_alarm,
            kambuh: ticket.recurrences,
            kejadian: ticket.life.occurrences,
            tingkat_eskalasi: ticket.life.escalation_level,
            bergejolak_sejak: maybe(ticket.life.flapping_since),
            kaji_drp_pada: maybe(ticket.life.recovery_prompted_at),
            tiket_terkait: ticket.life.related.iter().map(ToString::to_string).collect(),
        }
    }
}

/// RFC 3339 with the zone's offset; milliseconds only where there are any.
pub(crate) fn local_time(zone: Tz, at: Timestamp) -> String {
    let form = if at.as_ms().rem_euclid(1000) == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
    at.to_utc().with_timezone(&zone).to_rfc3339_opts(form, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_the_offset_and_milliseconds_only_where_there_are_any() {
        let zone = chrono_tz::Asia::Jakarta;
        assert_eq!(local_time(zone, Timestamp::from_secs(0)), "1970-01-01T07:00:00+07:00");
        assert_eq!(local_time(zone, Timestamp::from_ms(5)), "1970-01-01T07:00:00.005+07:00");
    }
}
