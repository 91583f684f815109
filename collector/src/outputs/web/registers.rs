//! Handlers of the registers' pages and forms. Each form carries the session's token; what is legal the engine decides, and
//! its refusal is shown in words beside what was typed.

use super::WebState;
use super::actions::admit;
use super::corrections::{self, CorrectionForm};
use super::maintenance;
use super::maintenance_form::{self, MaintenanceForm, local_instant};
use super::page::Section;
use super::pages::DoneQuery;
use super::ticket::ActionNotice;
use super::visit::{Failure, Known, Visit, read};
use crate::correction_preview::{self, Effect};
use crate::domain::register::RegisterRefusal;
use crate::domain::register::correction::CorrectionAction;
use crate::domain::register::maintenance::{MaintenanceAction, Signature};
use crate::engine::{CommandError, RegisterChange};
use crate::texts::Texts;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono_tz::Tz;
use http::StatusCode;
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

/// Entries of the trail that a page shows.
const TRAIL_MAX: usize = 100;

/// What an action's form holds; which parts count depends on the action.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(super) struct ActionForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    text: String,
    /// Local wall time, or for a window RFC 3339.
    #[serde(default)]
    at: String,
}

impl ActionForm {
    fn maintenance(self, zone: Tz) -> Option<MaintenanceAction> {
        Some(match self.action.as_str() {
            "announce" => MaintenanceAction::Announce { at: local_instant(&self.at, zone)?, channel: self.text },
            "approve" => MaintenanceAction::Approve,
            "cancel" => MaintenanceAction::Cancel { reason: self.text },
            "cancel_window" => MaintenanceAction::CancelWindow { begins: Timestamp::parse_rfc3339(&self.at).ok()? },
            "end_early" => MaintenanceAction::EndEarly,
            "reject" => MaintenanceAction::Reject { reason: self.text },
            _ => return None,
        })
    }

    fn correction(self) -> Option<CorrectionAction> {
        match self.action.as_str() {
            "approve" => Some(CorrectionAction::Approve),
            "reject" => Some(CorrectionAction::Reject { reason: self.text }),
            _ => None,
        }
    }
}

/// A refusal in words.
fn refusal_text(texts: Texts, refusal: &RegisterRefusal) -> String {
    let max = match refusal {
        RegisterRefusal::BadText { max, .. } => max.to_string(),
        RegisterRefusal::TooLong { max_days } => max_days.to_string(),
        _ => String::new(),
    };
    texts.text(&format!("refused-register-{}", refusal.code().replace('_', "-")), &[("max", &max)])
}

/// Carries out a change; `Err` is a refusal in words.
async fn change(known: &Known, state: &WebState, change: RegisterChange) -> Result<Result<u32, String>, Failure> {
    match state.app.engine.change_register(change, known.reader.name.clone()).await {
        Ok(number) => Ok(Ok(number)),
        Err(CommandError::NotRecorded(refusal)) => Ok(Err(refusal_text(known.visit.texts, &refusal))),
        Err(error) => Err(known.visit.command_failed(&error)),
    }
}

fn done(visit: &Visit, query: DoneQuery) -> Option<ActionNotice> {
    query.done().then(|| ActionNotice { refused: false, text: visit.texts.get("action-done") })
}

fn sign(known: &Known) -> Signature {
    Signature { by: known.reader.name.clone(), at: known.visit.now }
}

pub(super) async fn maintenance_list(Known { visit, .. }: Known) -> Result<Response, Failure> {
    let page = visit.page(maintenance::SECTION, visit.texts.get("maintenance-title"));
    visit.html(maintenance::render_list(page, &visit.snapshot))
}

pub(super) async fn maintenance_one(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path(number): Path<u32>,
    Query(query): Query<DoneQuery>,
) -> Result<Response, Failure> {
    let notice = done(&visit, query);
    maintenance_page(&visit, &state, number, notice).await
}

async fn maintenance_page(
    visit: &Visit,
    state: &WebState,
    number: u32,
    notice: Option<ActionNotice>,
) -> Result<Response, Failure> {
    let found = visit.snapshot.register.plan(number);
    let plan = Arc::clone(found.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?);
    let (store, subject) = (state.app.store.clone(), format!("maintenance/{number}"));
    let records = read(visit, move || store.read(|reader| reader.audit_of(&subject, TRAIL_MAX))).await?;
    let page = visit.page(maintenance::SECTION, plan.title.clone());
    visit.html(maintenance::render(page, &visit.snapshot, &plan, &records, notice))
}

pub(super) async fn maintenance_new(known: Known) -> Result<Response, Failure> {
    if !known.reader.role.may_act() {
        return Err(known.visit.refuse(StatusCode::FORBIDDEN));
    }
    let texts = known.visit.texts;
    let begins = known.visit.now.plus_secs(2 * 86_400);
    let form = MaintenanceForm {
        from: super::ticket::local_input(texts, begins),
        to: super::ticket::local_input(texts, begins.plus_secs(2 * 3600)),
        ..MaintenanceForm::default()
    };
    maintenance_form_page(&known, form, None, false)
}

fn maintenance_form_page(
    known: &Known,
    form: MaintenanceForm,
    error: Option<String>,
    preview: bool,
) -> Result<Response, Failure> {
    let visit = &known.visit;
    let page = visit.page(maintenance::SECTION, visit.texts.get("maintenance-new-title"));
    let zone = visit.texts.zone();
    let (error, preview) = if preview {
        match form.proposal(zone).map(|proposal| proposal.propose(0, sign(known), zone)) {
            None => (Some(visit.texts.get("refused-form")), None),
            Some(Err(refusal)) => (Some(refusal_text(visit.texts, &refusal)), None),
            Some(Ok(plan)) => (error, Some(maintenance_form::preview(&page, &visit.snapshot, &plan))),
        }
    } else {
        (error, None)
    };
    visit.html(maintenance_form::render(page, &visit.snapshot, form, error, preview))
}

pub(super) async fn maintenance_propose(
    known: Known,
    State(state): State<WebState>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let form = MaintenanceForm::read(pairs);
    admit(&known, &form.csrf)?;
    if !form.submit {
        return maintenance_form_page(&known, form, None, true);
    }
    let error = match form.proposal(known.visit.texts.zone()) {
        None => known.visit.texts.get("refused-form"),
        Some(proposal) => match change(&known, &state, RegisterChange::ProposeMaintenance(proposal)).await? {
            Ok(number) => return Ok(Redirect::to(&format!("/maintenance/{number}?done=1")).into_response()),
            Err(refused) => refused,
        },
    };
    let page = maintenance_form_page(&known, form, Some(error), false)?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

pub(super) async fn maintenance_act(
    known: Known,
    State(state): State<WebState>,
    Path(number): Path<u32>,
    Form(form): Form<ActionForm>,
) -> Result<Response, Failure> {
    admit(&known, &form.csrf)?;
    let refused = match form.maintenance(known.visit.texts.zone()) {
        None => known.visit.texts.get("refused-form"),
        Some(action) => {
            let decides = matches!(action, MaintenanceAction::Approve | MaintenanceAction::Reject { .. });
            if decides && !known.reader.role.may_approve() {
                return Err(known.visit.refuse(StatusCode::FORBIDDEN));
            }
            match change(&known, &state, RegisterChange::Maintenance { number, action }).await? {
                Ok(_) => return Ok(Redirect::to(&format!("/maintenance/{number}?done=1")).into_response()),
                Err(refused) => refused,
            }
        }
    };
    let mut shown = known.visit.clone();
    shown.path = format!("/maintenance/{number}");
    let notice = Some(ActionNotice { refused: true, text: refused });
    let page = maintenance_page(&shown, &state, number, notice).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

pub(super) async fn correction_list(Known { visit, .. }: Known) -> Result<Response, Failure> {
    let page = visit.page(Section::Corrections, visit.texts.get("corrections-title"));
    visit.html(corrections::render_list(page, &visit.snapshot))
}

pub(super) async fn correction_one(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path(number): Path<u32>,
    Query(query): Query<DoneQuery>,
) -> Result<Response, Failure> {
    let notice = done(&visit, query);
    correction_page(&visit, &state, number, notice).await
}

async fn correction_page(
    visit: &Visit,
    state: &WebState,
    number: u32,
    notice: Option<ActionNotice>,
) -> Result<Response, Failure> {
    let found = visit.snapshot.register.correction(number);
    let entry = Arc::clone(found.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?);
    let (store, site, asked, now) =
        (state.app.store.clone(), Arc::clone(&visit.snapshot), Arc::clone(&entry), visit.now);
    let (shown, records) = read(visit, move || {
        store.read(|reader| {
            let effect = Effect::load(reader, &site.rulebook, &site.register, &asked, now)?;
            let late = correction_preview::late_of(&site.register, &asked);
            let known = late.map(|(_, late)| reader.newest_backup_records(&late.set)).transpose()?;
            let shown = corrections::Shown { effect, known: known.unwrap_or_default() };
            Ok((shown, reader.audit_of(&format!("correction/{number}"), TRAIL_MAX)?))
        })
    })
    .await?;
    let title = visit.texts.text("correction-number", &[("number", &number.to_string())]);
    let page = visit.page(Section::Corrections, title);
    visit.html(corrections::render(page, &visit.snapshot, &entry, &shown, &records, notice))
}

pub(super) async fn correction_new(known: Known, Query(mut form): Query<CorrectionForm>) -> Result<Response, Failure> {
    if !known.reader.role.may_act() {
        return Err(known.visit.refuse(StatusCode::FORBIDDEN));
    }
    let texts = known.visit.texts;
    if form.from.is_empty() {
        form.from = super::ticket::local_input(texts, known.visit.now.plus_secs(-3600));
        form.to = super::ticket::local_input(texts, known.visit.now);
    }
    correction_form_page(&known, form, None, None)
}

fn correction_form_page(
    known: &Known,
    form: CorrectionForm,
    error: Option<String>,
    months: Option<&[crate::domain::register::correction::MonthChange]>,
) -> Result<Response, Failure> {
    let visit = &known.visit;
    let page = visit.page(Section::Corrections, visit.texts.get("correction-new-title"));
    visit.html(corrections::render_new(page, &visit.snapshot, form, error, months))
}

pub(super) async fn correction_propose(
    known: Known,
    State(state): State<WebState>,
    Form(form): Form<CorrectionForm>,
) -> Result<Response, Failure> {
    admit(&known, &form.csrf)?;
    let visit = &known.visit;
    let Some(proposal) = form.proposal(visit.texts.zone()) else {
        let page = correction_form_page(&known, form, Some(visit.texts.get("refused-form")), None)?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let error = if form.step == "propose" {
        match change(&known, &state, RegisterChange::ProposeCorrection(proposal)).await? {
            Ok(number) => return Ok(Redirect::to(&format!("/corrections/{number}?done=1")).into_response()),
            Err(refused) => refused,
        }
    } else {
        match proposal.propose(0, sign(&known), &visit.snapshot.register) {
            Err(refusal) => refusal_text(visit.texts, &refusal),
            Ok(entry) => {
                let (store, site, now) = (state.app.store.clone(), Arc::clone(&visit.snapshot), visit.now);
                let load = move || {
                    store.read(|reader| correction_preview::load(reader, &site.rulebook, &site.register, &entry, now))
                };
                let months = read(visit, load).await?;
                return correction_form_page(&known, form, None, Some(&months));
            }
        }
    };
    let page = correction_form_page(&known, form, Some(error), None)?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

pub(super) async fn correction_act(
    known: Known,
    State(state): State<WebState>,
    Path(number): Path<u32>,
    Form(form): Form<ActionForm>,
) -> Result<Response, Failure> {
    admit(&known, &form.csrf)?;
    if !known.reader.role.may_approve() {
        return Err(known.visit.refuse(StatusCode::FORBIDDEN));
    }
    let refused = match form.correction() {
        None => known.visit.texts.get("refused-form"),
        Some(action) => match change(&known, &state, RegisterChange::Correction { number, action }).await? {
            Ok(_) => return Ok(Redirect::to(&format!("/corrections/{number}?done=1")).into_response()),
            Err(refused) => refused,
        },
    };
    let mut shown = known.visit.clone();
    shown.path = format!("/corrections/{number}");
    let notice = Some(ActionNotice { refused: true, text: refused });
    let page = correction_page(&shown, &state, number, notice).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}
