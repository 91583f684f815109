//! Tickets: the list by pages, and one with its log. The 15 fields of the form stand under their product names.

use super::parameters::Parameters;
use super::view::{Page, instant, ticket_number};
use super::{ApiState, access, no_such, read};
use crate::domain::ticket::{Activity, ActivityText, Actor, Ticket, TicketState};
use crate::http_error::HttpError;
use crate::store::records::TicketFilter;
use crate::texts::{Language, Texts};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;

/// Largest page.
const PAGE_MAX: usize = 200;

/// A ticket; numbers in the comments are those of the form's fields.
#[derive(Debug, Serialize)]
pub(super) struct TicketBody {
    nomor: String,
    versi: u32,
    kunci_dedup: String,
    kelas: &'static str,
    /// 1
    dicatat_pada: String,
    /// 2
    pelapor: String,
    /// 3
    metode_pelaporan: String,
    /// 4
    kategori: String,
    /// 5
    gejala: String,
    /// 6
    dampak: &'static str,
    /// 6
    uraian_dampak: Option<String>,
    /// 7
    prioritas: u8,
    /// 8
    penyebab: Option<String>,
    /// 9
    status: &'static str,
    /// 10
    komponen: Vec<String>,
    /// 11; only where one ticket is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    aktivitas: Option<Vec<ActivityBody>>,
    /// 12
    penanggung: Vec<String>,
    /// 13
    metode_konfirmasi: Option<String>,
    /// 14
    dikonfirmasi_pada: Option<String>,
    /// 14
    dikonfirmasi_oleh: Option<String>,
    /// 15
    ditutup_pada: Option<String>,
    mulai_gangguan: String,
    dilaporkan_pada: String,
    respons_pertama_pada: Option<String>,
    estimasi_selesai: Option<String>,
    pulih_pada: Option<String>,
    layanan_terdampak: Vec<String>,
    target_tanggap_s: Option<u32>,
    batas_tanggap_pada: Option<String>,
    target_penyelesaian_s: Option<u32>,
    batas_penyelesaian_pada: Option<String>,
    kambuh: u32,
    alarm_palsu: bool,
    sla_versi: String,
}

/// One entry of the log.
#[derive(Debug, Serialize)]
struct ActivityBody {
    pada: String,
    /// `null` is the monitoring system.
    oleh: Option<String>,
    jenis: String,
    isi: String,
}

/// The ticket as it is told, in Bahasa Indonesia.
pub(super) fn body(texts: Texts, ticket: &Ticket, activities: Option<&[Activity]>) -> TicketBody {
    let time = |at: Timestamp| instant(texts.zone(), at);
    let activity = |activity: &Activity| ActivityBody {
        pada: time(activity.at),
        oleh: match &activity.actor {
            Actor::System => None,
            Actor::Person(name) => Some(name.clone()),
        },
        jenis: activity.kind.clone(),
        isi: match &activity.text {
            ActivityText::Phrase(phrase) => texts.phrase(phrase),
            ActivityText::Written(written) => written.clone(),
        },
    };
    TicketBody {
        nomor: ticket.number.to_string(),
        versi: ticket.version,
        kunci_dedup: ticket.key.to_string(),
        kelas: ticket.key.class.code(),
        dicatat_pada: time(ticket.recorded_at),
        pelapor: ticket.reporter.clone().unwrap_or_else(|| texts.get("reporter-system")),
        metode_pelaporan: ticket.reporting_method.clone(),
        kategori: ticket.category.clone(),
        gejala: texts.phrase(&ticket.symptom),
        dampak: ticket.impact.code(),
        uraian_dampak: ticket.impact_text.clone(),
        prioritas: ticket.priority.number(),
        penyebab: ticket.cause.clone(),
        status: ticket.state.code(),
        komponen: ticket.components.clone(),
        aktivitas: activities.map(|all| all.iter().map(activity).collect()),
        penanggung: ticket.handlers.clone(),
        metode_konfirmasi: ticket.confirmation_method.clone(),
        dikonfirmasi_pada: ticket.confirmed_at.map(time),
        dikonfirmasi_oleh: ticket.confirmed_by.clone(),
        ditutup_pada: ticket.closed_at.map(time),
        mulai_gangguan: time(ticket.onset_at),
        dilaporkan_pada: time(ticket.reported_at),
        respons_pertama_pada: ticket.first_response_at.map(time),
        estimasi_selesai: ticket.estimated_at.map(time),
        pulih_pada: ticket.restored_at.map(time),
        layanan_terdampak: ticket.affected_services.iter().map(ToString::to_string).collect(),
        target_tanggap_s: ticket.response_target.map(|target| target.seconds),
        batas_tanggap_pada: ticket.response_due_at().map(time),
        target_penyelesaian_s: ticket.resolution_target.map(|target| target.seconds),
        batas_penyelesaian_pada: ticket.resolution_due_at().map(time),
        kambuh: ticket.recurrences,
        alarm_palsu: ticket.false_alarm,
        sla_versi: ticket.sla_version.clone(),
    }
}

/// `open`, or codes of states apart by commas.
fn states(text: &str) -> Option<Vec<TicketState>> {
    if text == "open" {
        return Some(TicketState::ALL.into_iter().filter(|state| state.is_open()).collect());
    }
    text.split(',').take(TicketState::ALL.len() + 1).map(TicketState::parse).collect()
}

pub(super) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Page<TicketBody>>, HttpError> {
    access::caller(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["state", "priority", "limit", "cursor"])?;
    let known = format!("`open` or codes apart by commas: {}", TicketState::ALL.map(TicketState::code).join(", "));
    let priority = |text: &str| text.parse::<u8>().ok().filter(|priority| (1..=6).contains(priority));
    let filter = TicketFilter {
        states: parameters.parsed("state", &known, states)?.unwrap_or_default(),
        priority: parameters.parsed("priority", "1 to 6", priority)?,
        ..TicketFilter::default()
    };
    let limit = parameters.limit(PAGE_MAX)?;
    let before = parameters.parsed("cursor", "a `next_cursor` of an earlier page", ticket_number)?;
    let tickets = read(&state.app, move |reader| reader.tickets(&filter, before, limit + 1)).await?;
    let texts = Texts::new(Language::Id, state.app.profile.time_zone);
    let items = tickets.iter().map(|ticket| body(texts, ticket, None)).collect();
    Ok(Json(Page::new(items, limit, |ticket: &TicketBody| ticket.nomor.clone())))
}

pub(super) async fn one(
    State(state): State<ApiState>,
    Path(number): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<TicketBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let number = ticket_number(&number).ok_or_else(|| no_such("ticket"))?;
    let found = read(&state.app, move |reader| {
        let Some(ticket) = reader.ticket(number)? else { return Ok(None) };
        Ok(Some((ticket, reader.activities(number)?)))
    });
    let (ticket, activities) = found.await?.ok_or_else(|| no_such("ticket"))?;
    let texts = Texts::new(Language::Id, state.app.profile.time_zone);
    Ok(Json(body(texts, &ticket, Some(&activities))))
}
