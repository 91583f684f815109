//! Delivery: every receiver with what waits for it, a test button for each, and the messages that need a person.
//!
//! Also what the last comparison with help desks found. A test leaves at once, past the outbox. A message that its receiver refused for good is sent again or let go by a
//! person, whose name stays with it.

use super::WebState;
use super::markup::{Badge, Tone};
use super::page::{Page, Section};
use super::ticket::ActionNotice;
use super::visit::{Failure, Known, Visit, read};
use crate::auth;
use crate::engine::deliver::Sent;
use crate::outputs::receivers::reconcile::{self, Comparison, Difference, Disagreement};
use crate::snapshot::TargetQueue;
use crate::store::notices::NoticeRow;
use crate::store::records::{MessageAction, OutboxRow};
use crate::store::{StoreError, Writer};
use crate::texts::Texts;
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// Messages that are shown at once; the rest follows when these are settled.
const REFUSED_MAX: usize = 100;

/// How a receiver stands, as the store tells it.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    pub(super) name: String,
    /// Its table's name; `None` for one that is no longer configured.
    pub(super) kind: Option<&'static str>,
    pub(super) queue: TargetQueue,
    pub(super) taken_at: Option<Timestamp>,
    pub(super) error: Option<String>,
}

/// A receiver in the list.
#[derive(Debug)]
struct ReceiverRow {
    name: String,
    kind: String,
    badge: Badge,
    waiting: String,
    detail: String,
    last: String,
    error: String,
    configured: bool,
}

/// A message that needs a look.
#[derive(Debug)]
struct RefusedRow {
    /// Where it is settled.
    action: String,
    /// What it is about: a ticket or a backup set.
    href: String,
    about: String,
    attempts: String,
    receiver: String,
    event: String,
    at: String,
    reason: String,
}

#[derive(Debug, Template)]
#[template(path = "delivery.html")]
struct DeliveryPage {
    page: Page,
    receivers: Vec<ReceiverRow>,
    refused: Vec<RefusedRow>,
    compared: Compared,
    notice: Option<ActionNotice>,
}

/// A ticket that stands otherwise at a help desk.
#[derive(Debug)]
struct DifferenceRow {
    ticket: String,
    receiver: String,
    reference: String,
    url: Option<String>,
    badge: Badge,
}

/// The last comparison, for people.
#[derive(Debug)]
struct Compared {
    /// When, and how many tickets were looked at.
    summary: String,
    rows: Vec<DifferenceRow>,
    /// Receiver and reason.
    failures: Vec<(String, String)>,
}

impl Compared {
    fn new(texts: Texts, comparison: &Comparison) -> Self {
        let count = comparison.compared.to_string();
        let summary = comparison.at.map_or_else(
            || texts.get("delivery-compare-never"),
            |at| texts.text("delivery-compare-at", &[("time", &texts.instant(at)), ("count", &count)]),
        );
        let row = |difference: &Difference| DifferenceRow {
            ticket: difference.ticket.to_string(),
            receiver: difference.target.clone(),
            reference: difference.reference.clone(),
            url: difference.url.clone(),
            badge: Badge::new(
                Tone::Warn,
                texts.get(match difference.what {
                    Disagreement::OpenThere => "delivery-compare-open-there",
                    Disagreement::OpenHere => "delivery-compare-open-here",
                    Disagreement::GoneThere => "delivery-compare-gone-there",
                }),
            ),
        };
        let rows = comparison.differences.iter().map(row).collect();
        Self { summary, rows, failures: comparison.failures.clone() }
    }
}

/// The page as HTML.
pub(super) fn render(
    page: Page,
    standings: &[Standing],
    (refused, notices): (&[OutboxRow], &[NoticeRow]),
    comparison: &Comparison,
    notice: Option<ActionNotice>,
) -> Result<String, askama::Error> {
    let (texts, now) = (page.texts, page.now);
    let receivers = standings.iter().map(|standing| receiver(texts, standing, now)).collect();
    let of_tickets = refused.iter().map(|row| refused_row(texts, row));
    let refused = of_tickets.chain(notices.iter().map(|row| refused_notice(texts, row))).collect();
    let compared = Compared::new(texts, comparison);
    DeliveryPage { page, receivers, refused, compared, notice }.render()
}

fn receiver(texts: Texts, standing: &Standing, now: Timestamp) -> ReceiverRow {
    let queue = &standing.queue;
    let oldest = queue.oldest_at.map(|at| texts.text("delivery-oldest", &[("span", &texts.between(at, now))]));
    let tried =
        (queue.attempts > 0).then(|| texts.text("delivery-attempts", &[("count", &queue.attempts.to_string())]));
    ReceiverRow {
        name: standing.name.clone(),
        kind: texts.get(&format!("delivery-kind-{}", standing.kind.unwrap_or("gone"))),
        badge: badge(texts, standing),
        waiting: texts.number(queue.pending),
        detail: [oldest, tried].into_iter().flatten().collect::<Vec<_>>().join(" · "),
        last: standing.taken_at.map_or_else(|| texts.get("delivery-never"), |at| texts.instant(at)),
        error: standing.error.clone().unwrap_or_default(),
        configured: standing.kind.is_some(),
    }
}

fn badge(texts: Texts, standing: &Standing) -> Badge {
    let queue = &standing.queue;
    let (tone, id) = match (standing.kind, queue) {
        (None, _) => (Tone::Warn, "delivery-state-gone"),
        (Some(_), queue) if queue.rejected > 0 => (Tone::Bad, "delivery-state-refused"),
        (Some(_), queue) if queue.pending > 0 && queue.attempts > 0 => (Tone::Warn, "delivery-state-trying"),
        (Some(_), queue) if queue.pending > 0 => (Tone::Info, "delivery-state-waiting"),
        (Some(_), _) if standing.taken_at.is_none() => (Tone::Neutral, "delivery-state-idle"),
        (Some(_), _) => (Tone::Good, "delivery-state-good"),
    };
    Badge::new(tone, texts.get(id))
}

fn refused_row(texts: Texts, row: &OutboxRow) -> RefusedRow {
    let id = format!("delivery-event-short-{}", row.message.event);
    let event = texts.get(&id);
    RefusedRow {
        action: format!("/delivery/messages/{}", row.id),
        href: format!("/tickets/{}", row.message.ticket),
        about: row.message.ticket.to_string(),
        attempts: tried(texts, row.attempts),
        receiver: row.message.target.clone(),
        event: if event == id { row.message.event.clone() } else { event },
        at: texts.instant(row.created_at),
        reason: row.last_error.clone().unwrap_or_default(),
    }
}

fn tried(texts: Texts, attempts: u32) -> String {
    texts.text("delivery-attempts", &[("count", &attempts.to_string())])
}

/// A message about a backup set at risk.
fn refused_notice(texts: Texts, row: &NoticeRow) -> RefusedRow {
    RefusedRow {
        action: format!("/delivery/notices/{}", row.id),
        href: format!("/backups/{}", row.set),
        about: row.set.to_string(),
        attempts: tried(texts, row.attempts),
        receiver: row.target.clone(),
        event: texts.get(&format!("delivery-notice-{}", row.event.replace('_', "-"))),
        at: texts.instant(row.created_at),
        reason: row.last_error.clone().unwrap_or_default(),
    }
}

/// What became of the reader's action.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct DoneQuery {
    done: Option<String>,
}

/// A form with nothing but the token and, for a message, what to do.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct DeliveryForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    action: String,
}

pub(super) async fn show(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Query(query): Query<DoneQuery>,
) -> Result<Response, Failure> {
    let notice = |id: &str, refused| Some(ActionNotice { refused, text: visit.texts.get(id) });
    let notice = match query.done.as_deref() {
        Some("retry") => notice("delivery-done-retry", false),
        Some("skip") => notice("delivery-done-skip", false),
        Some("compare") => notice("delivery-done-compare", false),
        Some("late") => notice("delivery-done-late", true),
        Some(_) | None => None,
    };
    page(&visit, &state, notice).await
}

async fn page(visit: &Visit, state: &WebState, notice: Option<ActionNotice>) -> Result<Response, Failure> {
    let (store, kinds) = (state.app.store.clone(), state.app.receivers.kinds().to_vec());
    let (standings, refused) = read(visit, move || {
        store.read(|reader| {
            let mut view = reader.outbox_view()?.targets;
            let mut standings = Vec::new();
            let configured = kinds.into_iter().map(|(name, kind)| (name, Some(kind)));
            for (name, kind) in configured {
                standings.push(standing(reader, &mut view, name, kind)?);
            }
            for name in view.keys().cloned().collect::<Vec<_>>() {
                standings.push(standing(reader, &mut view, name, None)?);
            }
            Ok((standings, (reader.outbox_refused(REFUSED_MAX)?, reader.notices_refused(REFUSED_MAX)?)))
        })
    })
    .await?;
    let page = visit.page(Section::Tickets, visit.texts.get("delivery-title"));
    visit.html(render(page, &standings, (&refused.0, &refused.1), &state.app.receivers.comparison.get(), notice))
}

fn standing(
    reader: &crate::store::Reader,
    queues: &mut BTreeMap<String, TargetQueue>,
    name: String,
    kind: Option<&'static str>,
) -> Result<Standing, StoreError> {
    let (taken_at, error) = reader.outbox_last_words(&name)?;
    let queue = queues.remove(&name).unwrap_or_default();
    Ok(Standing { name, kind, queue, taken_at, error })
}

/// Whether the reader may act with this form; 403 otherwise.
fn admit(known: &Known, form: &DeliveryForm) -> Result<(), Failure> {
    let may = known.reader.role.may_act() && auth::same_secret(&form.csrf, &known.reader.csrf);
    if may { Ok(()) } else { Err(known.visit.refuse(StatusCode::FORBIDDEN)) }
}

pub(super) async fn test(
    known: Known,
    State(state): State<WebState>,
    Path(name): Path<String>,
    Form(form): Form<DeliveryForm>,
) -> Result<Response, Failure> {
    admit(&known, &form)?;
    let mut visit = known.visit;
    let sent = state.app.receivers.try_out(&name, visit.now).await;
    let sent = sent.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    tracing::info!(receiver = name, by = known.reader.name, ?sent, "test message");
    let (refused, text) = match sent {
        Sent::Delivered(_) => (false, visit.texts.text("delivery-test-taken", &[("receiver", &name)])),
        Sent::RetryLater { reason, .. } | Sent::Rejected(reason) => {
            (true, visit.texts.text("delivery-test-failed", &[("receiver", &name), ("reason", &reason)]))
        }
    };
    // Links of the page lead to an address that can be opened again.
    visit.path = "/delivery".to_owned();
    page(&visit, &state, Some(ActionNotice { refused, text })).await
}

pub(super) async fn compare(
    known: Known,
    State(state): State<WebState>,
    Form(form): Form<DeliveryForm>,
) -> Result<Response, Failure> {
    admit(&known, &form)?;
    reconcile::compare(&state.app).await.map_err(|error| known.visit.failed(&error))?;
    Ok(Redirect::to("/delivery?done=compare").into_response())
}

pub(super) async fn settle(
    known: Known,
    State(state): State<WebState>,
    Path(id): Path<i64>,
    Form(form): Form<DeliveryForm>,
) -> Result<Response, Failure> {
    settle_by_hand(known, state, form, move |writer, action, name, now| writer.settle_by_hand(id, action, name, now))
        .await
}

/// The same for a message about a backup set.
pub(super) async fn settle_notice(
    known: Known,
    State(state): State<WebState>,
    Path(id): Path<i64>,
    Form(form): Form<DeliveryForm>,
) -> Result<Response, Failure> {
    settle_by_hand(known, state, form, move |writer, action, name, now| writer.settle_notice(id, action, name, now))
        .await
}

async fn settle_by_hand(
    known: Known,
    state: WebState,
    form: DeliveryForm,
    save: impl FnOnce(&mut Writer, MessageAction, &str, Timestamp) -> Result<(), StoreError> + Send + 'static,
) -> Result<Response, Failure> {
    admit(&known, &form)?;
    let action = match form.action.as_str() {
        "retry" => MessageAction::Retry,
        "skip" => MessageAction::Skip,
        _ => return Err(known.visit.refuse(StatusCode::UNPROCESSABLE_ENTITY)),
    };
    let (name, now) = (known.reader.name.clone(), known.visit.now);
    let settled = state.app.store.write(move |writer| save(writer, action, &name, now)).await;
    let done = match (settled, action) {
        (Ok(()), MessageAction::Retry) => "retry",
        (Ok(()), MessageAction::Skip) => "skip",
        (Err(StoreError::Refused { .. }), _) => "late",
        (Err(error), _) => return Err(known.visit.failed(&error)),
    };
    state.app.engine.outbox_signal().notify_one();
    Ok(Redirect::to(&format!("/delivery?done={done}")).into_response())
}
