//! Writes: a ticket that a person reports, and what people do to tickets. The rules decide; a refusal is told as one.

use super::idempotency::Answer;
use super::tickets::body;
use super::view::ticket_number;
use super::write::Write;
use super::{failure, no_such};
use crate::domain::catalogue::ServiceId;
use crate::domain::profile::{Impact, Priority};
use crate::domain::ticket::{Regrouping, Ticket, TicketAction};
use crate::engine::{CommandError, ManualTicket, ReportDetails};
use crate::http_error::HttpError;
use crate::texts::{Language, Texts};
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use serde::Deserialize;

/// A ticket that a person reports.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenBody {
    pelapor: String,
    metode_pelaporan: String,
    gejala: String,
    dampak: String,
    layanan: String,
    kategori: String,
    /// How the reporter is reached.
    #[serde(default)]
    kontak: String,
    #[serde(default)]
    uraian_dampak: String,
    /// RFC 3339 with offset, as the next.
    mulai_gangguan: Option<String>,
    dilaporkan_pada: Option<String>,
}

/// What a person does to a ticket.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum ActionBody {
    // Braces, so that unknown fields are refused here too.
    Acknowledge {},
    Comment {
        text: String,
    },
    /// RFC 3339 with offset.
    Estimate {
        at: String,
    },
    Escalate {
        text: String,
    },
    Cause {
        text: String,
        category: Option<String>,
    },
    Confirm {
        method: String,
    },
    Close {},
    Cancel {
        text: String,
        #[serde(default)]
        false_alarm: bool,
    },
    /// 1 to 6.
    Priority {
        priority: u8,
        text: String,
    },
    /// Another ticket's number.
    Merge {
        into: String,
        text: String,
    },
    /// Services that joined, or keys of parts.
    Split {
        services: Vec<String>,
        text: String,
    },
}

/// What an action's body asks.
enum Asked {
    Act(TicketAction),
    Regroup(Regrouping),
}

pub(super) fn unprocessable(code: &'static str, message: String) -> HttpError {
    HttpError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
}

impl ActionBody {
    fn asked(self) -> Result<Asked, HttpError> {
        Ok(Asked::Act(match self {
            Self::Merge { into, text } => {
                let into = ticket_number(&into)
                    .ok_or_else(|| unprocessable("unknown_ticket", "`into` is no ticket number".to_owned()))?;
                return Ok(Asked::Regroup(Regrouping::Merge { into, reason: text }));
            }
            Self::Split { services, text } => {
                return Ok(Asked::Regroup(Regrouping::Split { parts: services, reason: text }));
            }
            Self::Acknowledge {} => TicketAction::Acknowledge,
            Self::Comment { text } => TicketAction::Comment(text),
            Self::Estimate { at } => {
                let parsed = Timestamp::parse_rfc3339(&at);
                TicketAction::Estimate(
                    parsed.map_err(|_| unprocessable("bad_instant", "`at` is not RFC 3339 with offset".to_owned()))?,
                )
            }
            Self::Escalate { text } => TicketAction::Escalate(text),
            Self::Cause { text, category } => TicketAction::Cause { text, category },
            Self::Confirm { method } => TicketAction::Confirm { method },
            Self::Close {} => TicketAction::Close,
            Self::Priority { priority, text } => {
                let priority = Priority::new(priority)
                    .ok_or_else(|| unprocessable("unknown_code", "`priority` is none of 1 to 6".to_owned()))?;
                TicketAction::Prioritise { priority, reason: text }
            }
            Self::Cancel { text, false_alarm } => TicketAction::Cancel { reason: text, false_alarm },
        }))
    }
}

/// An instant that may be told.
fn told_at(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, HttpError> {
    let parsed = text.map(Timestamp::parse_rfc3339).transpose();
    parsed.map_err(|_| unprocessable("bad_instant", format!("`{field}` is not RFC 3339 with offset")))
}

impl OpenBody {
    fn ticket(self) -> Result<ManualTicket, HttpError> {
        let impact = Impact::ALL.into_iter().find(|impact| impact.code() == self.dampak);
        let impact =
            impact.ok_or_else(|| unprocessable("unknown_code", "`dampak` is none of mayor, minor".to_owned()))?;
        let service = ServiceId::parse(&self.layanan)
            .map_err(|error| unprocessable("unknown_service", format!("`layanan` is no identifier: {error}")))?;
        for (field, text) in [("pelapor", &self.pelapor), ("gejala", &self.gejala)] {
            if text.trim().is_empty() {
                return Err(unprocessable("bad_text", format!("`{field}` must say something")));
            }
        }
        Ok(ManualTicket {
            reporter: self.pelapor.trim().to_owned(),
            reporting_method: self.metode_pelaporan,
            symptom: self.gejala.trim().to_owned(),
            impact,
            service,
            category: self.kategori,
            details: ReportDetails {
                contact: self.kontak.trim().to_owned(),
                impact_text: self.uraian_dampak.trim().to_owned(),
                onset_at: told_at("mulai_gangguan", self.mulai_gangguan.as_deref())?,
                reported_at: told_at("dilaporkan_pada", self.dilaporkan_pada.as_deref())?,
            },
        })
    }
}

fn answer(zone: Tz, status: StatusCode, result: Result<Ticket, CommandError>) -> Answer {
    let ticket = result.map_err(|error| failure::of_command(&error))?;
    let body = serde_json::to_value(body(Texts::new(Language::Id, zone), &ticket, None));
    Ok((status, body.map_err(|error| HttpError::internal(&error))?))
}

pub(super) async fn open(write: Write) -> Result<Response, HttpError> {
    let ticket = write.parsed::<OpenBody>()?.ticket()?;
    let (engine, zone, actor) = (write.state.app.engine.clone(), write.state.app.profile.time_zone, write.actor());
    let work = async move {
        let opened = engine.open_ticket(ticket, actor).await;
        // Noted in the ticket that is open already, otherwise.
        let new = opened.as_ref().is_ok_and(|ticket| ticket.version == 1);
        answer(zone, if new { StatusCode::CREATED } else { StatusCode::OK }, opened)
    };
    write.once(work).await
}

pub(super) async fn act(Path(number): Path<String>, write: Write) -> Result<Response, HttpError> {
    let number = ticket_number(&number).ok_or_else(|| no_such("ticket"))?;
    let action = write.parsed::<ActionBody>()?.asked()?;
    let (engine, zone, actor) = (write.state.app.engine.clone(), write.state.app.profile.time_zone, write.actor());
    let work = async move {
        let done = match action {
            Asked::Act(action) => engine.act_on_ticket(number, action, actor).await,
            Asked::Regroup(regrouping) => engine.regroup_ticket(number, regrouping, actor).await,
        };
        answer(zone, StatusCode::OK, done)
    };
    write.once(work).await
}
