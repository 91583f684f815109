//! Forms that act on tickets. Each carries the session's token; a viewer may not act; what is legal the engine decides,
//! and its refusal is shown in words on the ticket's own page.

use super::WebState;
use super::maintenance_form::local_instant;
use super::page::Section;
use super::pages::ticket_page;
use super::ticket::{self, ActionNotice, NewTicketForm};
use super::visit::{Failure, Known};
use crate::auth;
use crate::domain::catalogue::ServiceId;
use crate::domain::profile::{Impact, Priority, Profile};
use crate::domain::ticket::{Regrouping, TicketAction, TicketNumber};
use crate::engine::{CommandError, ManualTicket, ReportDetails};
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono_tz::Tz;
use http::StatusCode;

/// What an action's form holds; which parts count depends on the action.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ActionForm {
    csrf: String,
    action: String,
    text: String,
    /// Local wall time of a `datetime-local` input.
    at: String,
    category: String,
    method: String,
    /// 1 to 6.
    priority: String,
    false_alarm: String,
    /// The number of another ticket.
    into: String,
    /// The keys of parts.
    parts: Vec<String>,
    /// Two tickets are merged only when the reader ticked that they are one disturbance.
    sure: String,
}

impl ActionForm {
    /// From the pairs of a form; unknown ones are ignored.
    fn read(pairs: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "csrf" => form.csrf = value,
                "action" => form.action = value,
                "text" => form.text = value,
                "at" => form.at = value,
                "category" => form.category = value,
                "method" => form.method = value,
                "priority" => form.priority = value,
                "false_alarm" => form.false_alarm = value,
                "into" => form.into = value,
                "part" => form.parts.push(value),
                "sure" => form.sure = value,
                _ => {}
            }
        }
        form
    }

    /// What is to be regrouped, if that is what the form is for; without its confirmation nothing is.
    fn regrouping(&self) -> Option<Regrouping> {
        match self.action.as_str() {
            "merge" if self.sure == "true" => {
                Some(Regrouping::Merge { into: TicketNumber::parse(self.into.trim())?, reason: self.text.clone() })
            }
            "split" => Some(Regrouping::Split { parts: self.parts.clone(), reason: self.text.clone() }),
            _ => None,
        }
    }

    /// The action meant; `None` when it is not one or lacks a part. Texts are checked by the engine.
    fn parse(self, zone: Tz) -> Option<TicketAction> {
        Some(match self.action.as_str() {
            "acknowledge" => TicketAction::Acknowledge,
            "comment" => TicketAction::Comment(self.text),
            "estimate" => TicketAction::Estimate(local_instant(&self.at, zone)?),
            "escalate" => TicketAction::Escalate(self.text),
            "cause" => {
                let category = Some(self.category).filter(|category| !category.is_empty());
                TicketAction::Cause { text: self.text, category }
            }
            "confirm" => TicketAction::Confirm { method: self.method },
            "close" => TicketAction::Close,
            "priority" => {
                let priority = self.priority.parse().ok().and_then(Priority::new)?;
                TicketAction::Prioritise { priority, reason: self.text }
            }
            "cancel" => TicketAction::Cancel { reason: self.text, false_alarm: self.false_alarm == "true" },
            _ => return None,
        })
    }
}

/// Whether the reader may act with this form; 403 otherwise.
pub(super) fn admit(known: &Known, csrf: &str) -> Result<(), Failure> {
    if known.reader.role.may_act() && auth::same_secret(csrf, &known.reader.csrf) {
        Ok(())
    } else {
        Err(known.visit.refuse(StatusCode::FORBIDDEN))
    }
}

pub(super) async fn act_on_ticket(
    known: Known,
    State(state): State<WebState>,
    Path(number): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let form = ActionForm::read(pairs);
    admit(&known, &form.csrf)?;
    let visit = &known.visit;
    let number = TicketNumber::parse(&number).ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    let (engine, actor) = (&state.app.engine, known.reader.name.clone());
    let done = match (form.regrouping(), form.parse(visit.texts.zone())) {
        (Some(regrouping), _) => Some(engine.regroup_ticket(number, regrouping, actor).await),
        (None, Some(action)) => Some(engine.act_on_ticket(number, action, actor).await),
        (None, None) => None,
    };
    let refused = match done {
        None => visit.texts.get("refused-form"),
        // Where what was done can be seen: of two tickets the one that goes on.
        Some(Ok(shown)) => return Ok(Redirect::to(&format!("/tickets/{}?done=1", shown.number)).into_response()),
        Some(Err(CommandError::Refused(refusal))) => ticket::refusal_text(visit.texts, &refusal),
        Some(Err(error)) => return Err(visit.command_failed(&error)),
    };
    let notice = Some(ActionNotice { refused: true, text: refused });
    let mut shown = known.visit.clone();
    shown.path = format!("/tickets/{number}");
    let page = ticket_page(&shown, &state, number, notice).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

pub(super) async fn new_ticket(known: Known) -> Result<Response, Failure> {
    if !known.reader.role.may_act() {
        return Err(known.visit.refuse(StatusCode::FORBIDDEN));
    }
    new_ticket_page(&known, NewTicketForm::default(), None)
}

fn new_ticket_page(known: &Known, form: NewTicketForm, error: Option<String>) -> Result<Response, Failure> {
    let visit = &known.visit;
    let page = visit.page(Section::Tickets, visit.texts.get("ticket-new-title"));
    visit.html(ticket::render_new(page, &visit.snapshot, form, error))
}

/// The ticket that a form describes; `None` when a choice is not one of those offered or a text is missing.
fn manual_ticket(form: &NewTicketForm, profile: &Profile) -> Option<ManualTicket> {
    // Left empty: not told. Anything else must be a time.
    let time = |text: &str| match text.trim() {
        "" => Some(None),
        text => local_instant(text, profile.time_zone).map(Some),
    };
    let (onset_at, reported_at) = (time(&form.onset)?, time(&form.reported)?);
    let filled = !form.reporter.trim().is_empty() && !form.symptom.trim().is_empty();
    let known_method = ticket::methods(profile).any(|code| code == form.method);
    let impact = Impact::ALL.into_iter().find(|impact| impact.code() == form.impact)?;
    let service = ServiceId::parse(&form.service).ok()?;
    (filled && known_method).then(|| ManualTicket {
        reporter: form.reporter.trim().to_owned(),
        reporting_method: form.method.clone(),
        symptom: form.symptom.trim().to_owned(),
        impact,
        service,
        category: form.category.clone(),
        details: ReportDetails {
            contact: form.contact.trim().to_owned(),
            impact_text: form.impact_text.trim().to_owned(),
            onset_at,
            reported_at,
        },
    })
}

pub(super) async fn open_ticket(
    known: Known,
    State(state): State<WebState>,
    Form(form): Form<NewTicketForm>,
) -> Result<Response, Failure> {
    admit(&known, &form.csrf)?;
    let visit = &known.visit;
    let exists = |ticket: &ManualTicket| visit.snapshot.catalogue.service(&ticket.service).is_some();
    let error = match manual_ticket(&form, &visit.snapshot.profile).filter(exists) {
        None => visit.texts.get("refused-form"),
        Some(ticket) => match state.app.engine.open_ticket(ticket, known.reader.name.clone()).await {
            Ok(ticket) => {
                let done = if ticket.version > 1 { "again" } else { "1" };
                return Ok(Redirect::to(&format!("/tickets/{}?done={done}", ticket.number)).into_response());
            }
            Err(CommandError::Refused(refusal)) => ticket::refusal_text(visit.texts, &refusal),
            Err(error) => return Err(visit.command_failed(&error)),
        },
    };
    let page = new_ticket_page(&known, form, Some(error))?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::timestamp::Timestamp;

    #[test]
    fn forms_become_actions_and_nothing_else_does() {
        let zone = chrono_tz::Asia::Jakarta;
        let form = |action: &str| ActionForm { action: action.into(), text: "x".into(), ..ActionForm::default() };
        assert_eq!(form("comment").parse(zone), Some(TicketAction::Comment("x".into())));
        assert_eq!(form("cause").parse(zone), Some(TicketAction::Cause { text: "x".into(), category: None }));
        assert_eq!(form("estimate").parse(zone), None, "an estimate needs a time");
        assert_eq!(form("delete").parse(zone), None);
        let estimate = ActionForm { at: "2026-11-24T16:00".into(), ..form("estimate") };
        let expected = Timestamp::parse_rfc3339("2026-11-24T16:00:00+07:00").expect("valid");
        assert_eq!(estimate.parse(zone), Some(TicketAction::Estimate(expected)));
    }

    #[test]
    fn tickets_are_merged_only_when_somebody_is_sure() {
        let form = ActionForm {
            action: "merge".into(),
            text: "satu akar".into(),
            into: "SPBE-GGN-2026-0007".into(),
            ..ActionForm::default()
        };
        assert_eq!(form.regrouping(), None);
        let sure = ActionForm { sure: "true".into(), ..form };
        let into = TicketNumber { year: 2026, number: 7 };
        assert_eq!(sure.regrouping(), Some(Regrouping::Merge { into, reason: "satu akar".into() }));
        assert_eq!(ActionForm { into: "7".into(), ..sure }.regrouping(), None);
    }

    #[test]
    fn several_parts_are_split_off_at_once() {
        let pairs = [("action", "split"), ("part", "a|akses"), ("part", "b|akses"), ("text", "lain"), ("x", "y")];
        let form = ActionForm::read(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        let parts = vec!["a|akses".to_owned(), "b|akses".to_owned()];
        assert_eq!(form.regrouping(), Some(Regrouping::Split { parts, reason: "lain".into() }));
    }

    #[test]
    fn a_priority_is_one_of_six() {
        let zone = chrono_tz::Asia::Jakarta;
        let form = |priority: &str| ActionForm {
            action: "priority".into(),
            text: "rapat".into(),
            priority: priority.into(),
            ..ActionForm::default()
        };
        let first = TicketAction::Prioritise { priority: Priority::new(1).expect("valid"), reason: "rapat".into() };
        assert_eq!(form("1").parse(zone), Some(first));
        for bad in ["", "0", "7", "P1"] {
            assert_eq!(form(bad).parse(zone), None, "{bad}");
        }
    }

    #[test]
    fn a_manual_ticket_needs_all_its_parts() {
        let form = NewTicketForm {
            service: "simpeg".into(),
            reporter: " Bagian Umum ".into(),
            method: "telepon".into(),
            category: "aplikasi".into(),
            impact: "minor".into(),
            symptom: "Lambat".into(),
            reported: "2026-11-24T08:00".into(),
            ..NewTicketForm::default()
        };
        let profile = crate::config::profile::bangka_2025();
        let read = |form: NewTicketForm| manual_ticket(&form, &profile);
        assert_eq!(read(form.clone()).map(|ticket| ticket.reporter), Some("Bagian Umum".into()));
        assert_eq!(read(NewTicketForm { method: "sistem_pemantauan".into(), ..form.clone() }), None);
        let reported = read(form.clone()).and_then(|ticket| ticket.details.reported_at);
        assert_eq!(reported, Timestamp::parse_rfc3339("2026-11-24T08:00:00+07:00").ok());
        assert_eq!(read(NewTicketForm { onset: "kemarin".into(), ..form.clone() }), None);
        assert_eq!(read(NewTicketForm { symptom: "  ".into(), ..form.clone() }), None);
        assert_eq!(read(NewTicketForm { impact: "besar".into(), ..form }), None);
    }
}
