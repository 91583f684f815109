//! Tickets: the list by pages, and one with its log. The 15 fields of the form stand under their product names.

use super::parameters::Parameters;
use super::view::{Page, instant, ticket_number};
use super::{ApiState, access, no_such, read};
use crate::domain::phrase::Phrase;
use crate::domain::ticket::elsewhere::{Deed, Known};
use crate::domain::ticket::{Activity, ActivityText, Actor, Ticket, TicketState};
use crate::http_error::HttpError;
use crate::store::records::{ExternalTicket, TicketFilter};
use crate::texts::{Language, Texts};
use crate::ticket_evidence::EvidenceBody;
use crate::ticket_form::TicketForm;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;

/// Largest page.
const PAGE_MAX: usize = 200;

/// A ticket: its form, and its log where one ticket is asked for.
#[derive(Debug, Serialize)]
pub(super) struct TicketBody {
    #[serde(flatten)]
    form: TicketForm,
    /// Field 11.
    #[serde(skip_serializing_if = "Option::is_none")]
    aktivitas: Option<Vec<ActivityBody>>,
    /// What other help desks call it, where one ticket is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    di_luar: Option<Vec<ExternalBody>>,
    /// What it was opened on, where one ticket is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceBody>,
}

/// The ticket at a receiver that numbers tickets itself.
#[derive(Debug, Serialize)]
struct ExternalBody {
    penerima: String,
    nomor: String,
    alamat: Option<String>,
    /// How it stands there, once that was heard.
    keadaan: Option<StandingBody>,
}

/// How a ticket stands at a help desk. Of entries only author and moment are known here.
#[derive(Debug, Serialize)]
struct StandingBody {
    /// `baru`, `ditangani`, `tertunda`, `selesai`, `ditutup`.
    status: &'static str,
    petugas: Option<String>,
    /// In the help desk's own words.
    prioritas: Option<String>,
    terakhir_diubah: Option<DeedBody>,
    entri_terakhir: Option<DeedBody>,
    /// A person there said that it is solved, and nobody took that back.
    dinyatakan_selesai: Option<DeedBody>,
    ditanya_pada: String,
}

/// Who did something there, and when.
#[derive(Debug, Serialize)]
struct DeedBody {
    oleh: Option<String>,
    pada: String,
}

impl StandingBody {
    fn new(known: &Known, zone: Tz) -> Self {
        let deed = |deed: &Option<Deed>| {
            deed.as_ref().map(|deed| DeedBody { oleh: deed.by.clone(), pada: instant(zone, deed.at) })
        };
        Self {
            status: known.stage.code(),
            petugas: known.assignee.clone(),
            prioritas: known.priority.clone(),
            terakhir_diubah: deed(&known.changed),
            entri_terakhir: deed(&known.entry),
            dinyatakan_selesai: deed(&known.solved),
            ditanya_pada: instant(zone, known.asked_at),
        }
    }
}

impl TicketBody {
    fn with_links(self, links: Vec<ExternalTicket>, known: &[(String, Known)], zone: Tz) -> Self {
        let standing = |target: &str| {
            let known = known.iter().find(|(desk, _)| desk == target);
            known.map(|(_, known)| StandingBody::new(known, zone))
        };
        let link = |link: ExternalTicket| ExternalBody {
            keadaan: standing(&link.target),
            penerima: link.target,
            nomor: link.at.reference,
            alamat: link.at.url,
        };
        Self { di_luar: Some(links.into_iter().map(link).collect()), ..self }
    }
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
        form: TicketForm::new(ticket, texts.zone(), &|phrase| texts.phrase(phrase)),
        aktivitas: activities.map(|all| all.iter().map(activity).collect()),
        di_luar: None,
        evidence: None,
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
    Ok(Json(Page::new(items, limit, |ticket: &TicketBody| ticket.form.nomor.clone())))
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
        let links = (reader.external_tickets(number)?, reader.elsewhere(number)?);
        Ok(Some((ticket, reader.activities(number)?, links, reader.evidence(number)?)))
    });
    let (ticket, activities, (links, known), evidence) = found.await?.ok_or_else(|| no_such("ticket"))?;
    let texts = Texts::new(Language::Id, state.app.profile.time_zone);
    let (zone, catalogue) = (texts.zone(), state.app.engine.snapshot().catalogue.clone());
    let evidence =
        EvidenceBody::whole(evidence.as_ref(), &ticket, &catalogue, zone, &|phrase: &Phrase| texts.phrase(phrase));
    let body = body(texts, &ticket, Some(&activities)).with_links(links, &known, zone);
    Ok(Json(TicketBody { evidence: Some(evidence), ..body }))
}
