//! A record of a problem: what is known of it, its log, and the form that carries it on. What is legal the rules decide.

use super::WebState;
use super::actions::admit;
use super::maintenance::{Line, TrailRow, trail};
use super::markup::Badge;
use super::page::{Page, Section};
use super::pages::DoneQuery;
use super::reviews::{service_name, state_badge};
use super::ticket::ActionNotice;
use super::tickets::Choice;
use super::visit::{Failure, Known, Visit, read};
use crate::domain::catalogue::ServiceId;
use crate::domain::problem::{OWNER_MAX, Problem, ProblemEdit, ProblemRefusal, ProblemState, TEXT_MAX};
use crate::domain::register::Signature;
use crate::domain::ticket::TicketNumber;
use crate::review::problems::{self, NewProblem, ProblemError};
use crate::snapshot::Snapshot;
use crate::store::audit::AuditRecord;
use crate::texts::Texts;
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

/// Entries of the log that are shown.
const TRAIL_MAX: usize = 200;

/// What the button beside a recurrence sends.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(super) struct OpenForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    cause: String,
    /// Numbers of tickets, parted by spaces.
    #[serde(default)]
    tickets: String,
}

/// What the form of a record holds.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(super) struct EditForm {
    #[serde(default)]
    csrf: String,
    /// The version that was on the page.
    #[serde(default)]
    version: u32,
    #[serde(default)]
    state: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    due: String,
    #[serde(default)]
    verification: String,
}

impl EditForm {
    /// `None` where a part cannot be read.
    fn edit(self) -> Option<ProblemEdit> {
        let due = if self.due.is_empty() { None } else { Some(self.due.parse().ok()?) };
        let state = ProblemState::parse(&self.state)?;
        Some(ProblemEdit { state, action: self.action, owner: self.owner, due, verification: self.verification })
    }
}

#[derive(Debug, Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    page: Page,
    number: u32,
    version: u32,
    badge: Badge,
    service: String,
    cause: String,
    lines: Vec<Line>,
    evidence: Vec<String>,
    trail: Vec<TrailRow>,
    notice: Option<ActionNotice>,
    /// The form, for who may act while the record is open.
    form: Option<Fields>,
    text_max: usize,
    owner_max: usize,
}

/// What stands in the form.
#[derive(Debug)]
struct Fields {
    states: Vec<Choice>,
    action: String,
    owner: String,
    due: String,
    verification: String,
}

/// A refusal in words.
pub(super) fn refusal_text(texts: Texts, refusal: &ProblemRefusal) -> String {
    let number = match refusal {
        ProblemRefusal::AlreadyOpen(number) => number.to_string(),
        ProblemRefusal::BadText { field } => texts.get(&format!("problem-{field}")),
        ProblemRefusal::NoEvidence
        | ProblemRefusal::NoSuchProblem
        | ProblemRefusal::Outdated
        | ProblemRefusal::IllegalStep { .. } => String::new(),
    };
    let id = format!("refused-problem-{}", refusal.code().replace('_', "-"));
    texts.text(&id, &[("what", &number)])
}

/// The record as HTML. `typed` is what a refused form held.
pub(super) fn render(
    page: Page,
    site: &Snapshot,
    problem: &Problem,
    records: &[AuditRecord],
    notice: Option<ActionNotice>,
    typed: Option<EditForm>,
) -> Result<String, askama::Error> {
    let texts = page.texts;
    let fields = || fields(texts, problem, typed);
    ProblemPage {
        number: problem.number,
        version: problem.version,
        badge: state_badge(texts, problem, page.now),
        service: service_name(site, problem),
        cause: problem.cause.clone(),
        lines: lines(texts, problem),
        evidence: problem.evidence.iter().map(ToString::to_string).collect(),
        trail: trail(texts, records),
        notice,
        form: (page.may_act() && problem.state.is_open()).then(fields),
        text_max: TEXT_MAX,
        owner_max: OWNER_MAX,
        page,
    }
    .render()
}

fn lines(texts: Texts, problem: &Problem) -> Vec<Line> {
    let signed = |sign: &Signature| format!("{} · {}", sign.by, texts.instant(sign.at));
    let all = [
        ("review-cause", problem.cause.clone()),
        ("problem-action", problem.action.clone()),
        ("problem-owner", problem.owner.clone()),
        ("problem-due", problem.due.map(|date| texts.date(date)).unwrap_or_default()),
        ("problem-verification", problem.verification.clone()),
        ("problem-opened", signed(&problem.opened)),
        ("problem-changed", if problem.version > 1 { signed(&problem.changed) } else { String::new() }),
    ];
    let told = all.into_iter().filter(|(_, value)| !value.is_empty());
    told.map(|(id, value)| Line { label: texts.get(id), value }).collect()
}

fn fields(texts: Texts, problem: &Problem, typed: Option<EditForm>) -> Fields {
    let kept = EditForm {
        csrf: String::new(),
        version: problem.version,
        state: problem.state.code().to_owned(),
        action: problem.action.clone(),
        owner: problem.owner.clone(),
        due: problem.due.map(|date| date.to_string()).unwrap_or_default(),
        verification: problem.verification.clone(),
    };
    let shown = typed.unwrap_or(kept);
    let choice = |state: ProblemState| Choice {
        value: state.code().to_owned(),
        label: texts.get(&format!("problem-state-{}", state.code())),
        selected: state.code() == shown.state,
    };
    let states = std::iter::once(problem.state).chain(problem.state.next().iter().copied()).map(choice).collect();
    Fields { states, action: shown.action, owner: shown.owner, due: shown.due, verification: shown.verification }
}

async fn problem_page(
    visit: &Visit,
    state: &WebState,
    number: u32,
    notice: Option<ActionNotice>,
    typed: Option<EditForm>,
) -> Result<Response, Failure> {
    let store = state.app.store.clone();
    let load = move || {
        store.read(|reader| {
            let records = reader.audit_of(&format!("problem/{number}"), TRAIL_MAX)?;
            Ok(reader.problem(number)?.map(|problem| (problem, records)))
        })
    };
    let (problem, records) = read(visit, load).await?.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    let title = visit.texts.text("problem-number", &[("number", &number.to_string())]);
    let mut page = visit.page(Section::Reports, title);
    page.path = format!("/problems/{number}");
    visit.html(render(page, &visit.snapshot, &problem, &records, notice, typed))
}

pub(super) async fn one(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path(number): Path<u32>,
    Query(query): Query<DoneQuery>,
) -> Result<Response, Failure> {
    let notice = query.done().then(|| ActionNotice { refused: false, text: visit.texts.get("action-done") });
    problem_page(&visit, &state, number, notice, None).await
}

fn sign(known: &Known) -> Signature {
    Signature { by: known.reader.name.clone(), at: known.visit.now.floor_second() }
}

/// Records a problem that a review proposes.
pub(super) async fn open(
    known: Known,
    State(state): State<WebState>,
    Form(form): Form<OpenForm>,
) -> Result<Response, Failure> {
    admit(&known, &form.csrf)?;
    let visit = &known.visit;
    let service = ServiceId::parse(&form.service).map_err(|_| visit.refuse(StatusCode::NOT_FOUND))?;
    let evidence = form.tickets.split_whitespace().filter_map(TicketNumber::parse).collect();
    let new = NewProblem { service, cause: form.cause, evidence };
    match problems::open(&state.app.store, new, sign(&known)).await {
        Ok(problem) => Ok(Redirect::to(&format!("/problems/{}?done=1", problem.number)).into_response()),
        // Somebody was faster: theirs is shown.
        Err(ProblemError::Refused(ProblemRefusal::AlreadyOpen(number))) => {
            Ok(Redirect::to(&format!("/problems/{number}")).into_response())
        }
        Err(ProblemError::Refused(_)) => Err(visit.refuse(StatusCode::UNPROCESSABLE_ENTITY)),
        Err(ProblemError::Store(error)) => Err(visit.failed(&error)),
    }
}

pub(super) async fn edit(
    known: Known,
    State(state): State<WebState>,
    Path(number): Path<u32>,
    Form(form): Form<EditForm>,
) -> Result<Response, Failure> {
    admit(&known, &form.csrf)?;
    let visit = &known.visit;
    let (version, typed) = (Some(form.version), form.clone());
    let text = match form.edit() {
        None => visit.texts.get("refused-form"),
        Some(edit) => match problems::edit(&state.app.store, number, version, edit, sign(&known)).await {
            Ok(_) => return Ok(Redirect::to(&format!("/problems/{number}?done=1")).into_response()),
            Err(ProblemError::Refused(ProblemRefusal::NoSuchProblem)) => {
                return Err(visit.refuse(StatusCode::NOT_FOUND));
            }
            Err(ProblemError::Refused(refusal)) => refusal_text(visit.texts, &refusal),
            Err(ProblemError::Store(error)) => return Err(visit.failed(&error)),
        },
    };
    let notice = Some(ActionNotice { refused: true, text });
    let page = problem_page(visit, &state, number, notice, Some(typed)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}
