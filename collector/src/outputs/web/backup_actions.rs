//! Handlers of the backup pages: the list, one set, and the forms by which people enter what only they know.

use super::actions::admit;
use super::backup_set::{self, SetData, Stored};
use super::backups::{self, Strips};
use super::exposure_chart::DAYS;
use super::maintenance_form::local_instant;
use super::page::Section;
use super::visit::{Failure, Known, Visit, read};
use super::{WebState, month};
use crate::backup_period;
use crate::domain::calendar::zone;
use crate::domain::interval::Interval;
use crate::domain::rpo::proof::{EntryRefusal, RecoveryEntry, STEPS, VerificationMethod};
use crate::engine::{CommandError, NewVerification};
use crate::store::{Reader, StoreError};
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode, header};
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// Rows of each list on a set's page.
const ROWS_MAX: usize = 60;

/// Which month, and whether an entry has just been saved.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct SetQuery {
    period: Option<String>,
    done: Option<String>,
}

pub(super) async fn list(Known { visit, .. }: Known, State(state): State<WebState>) -> Result<Response, Failure> {
    let (store, site, now, zone) = (state.app.store.clone(), visit.snapshot.clone(), visit.now, visit.texts.zone());
    let strips: Strips = read(&visit, move || {
        let from = zone::last_days(zone, now, DAYS).first().map_or(now, |(_, day)| day.from);
        let sets =
            site.catalogue.services.iter().flat_map(|service| service.backups.iter().map(move |set| (service, set)));
        store.read(|reader| {
            let load = |(service, set): (&crate::domain::catalogue::Service, &crate::domain::catalogue::BackupSet)| {
                let window = Interval::new(from, now);
                backup_period::load(reader, &site.rulebook, (&service.id, &set.id), window, now)
            };
            sets.map(|pair| Ok((pair.1.id.clone(), load(pair)?))).collect()
        })
    })
    .await?;
    let page = visit.page(Section::Backups, visit.texts.get("backups-title"));
    visit.html(backups::render(page, &visit.snapshot, &strips))
}

pub(super) async fn one(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path(id): Path<String>,
    Query(query): Query<SetQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    set_page(&visit, &state, &id, &query, &headers, None).await
}

fn stored(
    reader: &Reader,
    set: &BackupSetId,
    service: &crate::domain::catalogue::ServiceId,
) -> Result<Stored, StoreError> {
    let mut records = reader.newest_backup_records(set)?;
    records.truncate(ROWS_MAX);
    Ok(Stored {
        records,
        verifications: reader.verifications(set, ROWS_MAX)?,
        recoveries: reader.recoveries(service, ROWS_MAX)?,
        signals: reader.signals(set, ROWS_MAX / 3)?,
        key: reader.heartbeat(set)?.map(|heartbeat| heartbeat.key),
    })
}

async fn set_page(
    visit: &Visit,
    state: &WebState,
    id: &str,
    query: &SetQuery,
    headers: &HeaderMap,
    refused: Option<String>,
) -> Result<Response, Failure> {
    let snapshot = visit.snapshot.clone();
    let missing = || visit.refuse(StatusCode::NOT_FOUND);
    let set_id = BackupSetId::parse(id).map_err(|_| missing())?;
    let (service, set) = snapshot.catalogue.backup_set(&set_id).ok_or_else(missing)?;
    let view = snapshot.backups.iter().find(|view| view.id == set_id).ok_or_else(missing)?;
    let period = month::asked(query.period.as_deref(), &snapshot, visit.now);
    let (store, now, interval) = (state.app.store.clone(), visit.now, period.interval(visit.texts.zone()));
    let (of, which, rulebook) = (service.id.clone(), set.id.clone(), std::sync::Arc::clone(&snapshot.rulebook));
    let (watched, stored) = read(visit, move || {
        store.read(|reader| {
            let watched = backup_period::load(reader, &rulebook, (&of, &which), interval, now)?;
            Ok((watched, stored(reader, &which, &of)?))
        })
    })
    .await?;
    let page = visit.page(Section::Backups, set.name.clone());
    let origin = origin(headers, state.app.tls);
    let data = SetData { service, set, view, period, watched: &watched, stored: &stored, origin };
    visit.html(backup_set::render(page, &snapshot, &data, refused, query.done.is_some()))
}

/// Where the reader reached us: jobs reach us there too, most often.
fn origin(headers: &HeaderMap, tls: bool) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
    let host = host.filter(plain).unwrap_or("localhost");
    format!("{}://{host}", if tls { "https" } else { "http" })
}

/// The fields of a form; which count depends on the form.
pub(super) type Fields = BTreeMap<String, String>;

/// The answer to an entry: the page again, which says what became of it.
async fn answer(
    known: &Known,
    state: &WebState,
    id: &str,
    headers: &HeaderMap,
    result: Result<(), CommandError>,
) -> Result<Response, Failure> {
    let visit = &known.visit;
    match result {
        Ok(()) => Ok(Redirect::to(&format!("/backups/{id}?done=1")).into_response()),
        Err(CommandError::EntryRefused(refusal)) => {
            let text = refusal_text(visit, refusal);
            set_page(visit, state, id, &SetQuery::default(), headers, Some(text)).await
        }
        Err(error) => Err(visit.command_failed(&error)),
    }
}

fn refusal_text(visit: &Visit, refusal: EntryRefusal) -> String {
    let (id, field) = match refusal {
        EntryRefusal::OutOfOrder(field) => ("entry-out-of-order", field),
        EntryRefusal::Future(field) => ("entry-future", field),
        EntryRefusal::BadText(field) => ("entry-bad-text", field),
        EntryRefusal::Missing(field) => ("entry-missing", field),
        EntryRefusal::NoSuchBackup => ("entry-no-such-backup", ""),
    };
    visit.texts.text(id, &[("field", field)])
}

fn checked(known: &Known, id: &str, fields: &Fields) -> Result<BackupSetId, Failure> {
    admit(known, fields.get("csrf").map(String::as_str).unwrap_or_default())?;
    BackupSetId::parse(id).map_err(|_| known.visit.refuse(StatusCode::NOT_FOUND))
}

pub(super) async fn new_key(
    known: Known,
    State(state): State<WebState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Failure> {
    let set = checked(&known, &id, &fields)?;
    let key = crate::auth::random_token(16).map_err(|error| known.visit.failed(&error))?;
    let result = state.app.engine.save_heartbeat_key(set, key, known.reader.name.clone()).await;
    answer(&known, &state, &id, &headers, result).await
}

pub(super) async fn verify(
    known: Known,
    State(state): State<WebState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Failure> {
    let set = checked(&known, &id, &fields)?;
    let method = fields.get("method").and_then(|code| VerificationMethod::parse(code));
    let method = method.ok_or_else(|| known.visit.refuse(StatusCode::BAD_REQUEST))?;
    let passed = fields.get("passed").is_some_and(|passed| passed == "true");
    let note = fields.get("note").cloned().unwrap_or_default();
    let entry = NewVerification { set, artefact: None, at: None, method, passed, note };
    let result = state.app.engine.verify_backup(entry, known.reader.name.clone()).await;
    answer(&known, &state, &id, &headers, result).await
}

pub(super) async fn recover(
    known: Known,
    State(state): State<WebState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Failure> {
    let set = checked(&known, &id, &fields)?;
    let snapshot = known.visit.snapshot.clone();
    let found = snapshot.catalogue.backup_set(&set).map(|(service, _)| service.id.clone());
    let service = found.ok_or_else(|| known.visit.refuse(StatusCode::NOT_FOUND))?;
    let zone = known.visit.texts.zone();
    let text = |name: &str| fields.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let at = |name: &str| fields.get(name).and_then(|text| local_instant(text, zone));
    let result = match at("disaster_at") {
        None => Err(CommandError::EntryRefused(EntryRefusal::Missing("disaster_at"))),
        Some(disaster_at) => {
            let entry = RecoveryEntry {
                id: 0,
                service,
                drill: text("kind") != "real",
                scenario: text("scenario"),
                disaster_at,
                decided_at: at("decided_at"),
                started_at: at("started_at"),
                up_at: at("up_at"),
                confirmed_at: at("confirmed_at"),
                recovered_data_time: at("recovered_data_time"),
                succeeded: text("succeeded") == "true",
                steps: STEPS.map(at),
                note: text("note"),
                rto_seconds: None,
                rpo_seconds: None,
                actor: known.reader.name.clone(),
                recorded_at: Timestamp::default(),
            };
            state.app.engine.enter_recovery(entry).await
        }
    };
    answer(&known, &state, &id, &headers, result).await
}
