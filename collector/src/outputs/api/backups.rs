//! Backup sets against their recovery point objective: now, in detail, and what is entered about them.

use super::parameters::Parameters;
use super::ticket_writes::unprocessable;
use super::view::{List, instant};
use super::write::Write;
use super::{ApiState, access, failure, no_such, read};
use crate::domain::catalogue::{BackupSet, Service};
use crate::domain::rpo::proof::{Verification, VerificationMethod};
use crate::domain::rpo::record::BackupRecord;
use crate::engine::NewVerification;
use crate::http_error::HttpError;
use crate::snapshot::{BackupView, Snapshot};
use crate::store::heartbeats::Signal;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use chrono_tz::Tz;
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Records, signals and entries of one answer, the newest.
const ROWS_MAX: usize = 200;

/// How the job of a set stands.
#[derive(Debug, Serialize)]
struct JobBody {
    running_since: Option<String>,
    succeeded_at: Option<String>,
    /// `gagal`, `tidak_mulai`, `terlalu_lama`, `terlalu_singkat`.
    alarm: Option<&'static str>,
    alarm_since: Option<String>,
    next_slot: Option<String>,
}

/// A backup set now.
#[derive(Debug, Serialize)]
pub(super) struct BackupBody {
    id: String,
    service: String,
    state: &'static str,
    /// The base set of a set of logs, and whether a base is usable now; `null` for a set that restores by itself.
    base: Option<String>,
    base_usable: Option<bool>,
    data_time: Option<String>,
    /// Whether the data time is only an estimate.
    estimated: bool,
    age_s: Option<i64>,
    rpo_s: Option<u32>,
    operator: &'static str,
    required: bool,
    at_risk_at: Option<String>,
    breach_at: Option<String>,
    newest: Option<String>,
    newest_bytes: Option<u64>,
    looked_at: Option<String>,
    error: Option<String>,
    /// "Belum terkonfirmasi" since then: the exposure grows from what is known.
    unconfirmed_since: Option<String>,
    /// `diklaim`, `terlihat`, `terpulihkan`.
    proof: Option<&'static str>,
    /// `mengecil`, `terlalu_cepat`.
    suspicions: Vec<&'static str>,
    /// The exposure that its schedule leads to, when that cannot hold the RPO.
    impossible_exposure_s: Option<u64>,
    verified_at: Option<String>,
    /// The recovery point that was verified last.
    verified_data_time: Option<String>,
    verification_due: Option<String>,
    drill_valid_until: Option<String>,
    /// The reading "per posisi kemarin"; `null` where it is not switched on (G28).
    posisi_kemarin: Option<bool>,
    job: Option<JobBody>,
}

fn body(zone: Tz, view: &BackupView, now: Timestamp) -> BackupBody {
    let told = |at: Option<Timestamp>| at.map(|at| instant(zone, at));
    BackupBody {
        id: view.id.to_string(),
        service: view.service.to_string(),
        state: view.state.code(),
        base: view.base.as_ref().map(|(base, _)| base.to_string()),
        base_usable: view.base.as_ref().map(|(_, usable)| *usable),
        data_time: told(view.data_time),
        estimated: view.estimated,
        age_s: view.data_time.map(|at| now.ms_since(at).div_euclid(1000)),
        rpo_s: view.rpo_seconds,
        operator: view.operator.symbol(),
        required: view.required,
        at_risk_at: told(view.at_risk_at),
        breach_at: told(view.breach_at),
        newest: view.newest.as_ref().map(|(name, _)| name.clone()),
        newest_bytes: view.newest.as_ref().and_then(|(_, bytes)| *bytes),
        looked_at: told(view.looked_at),
        error: view.error.clone(),
        unconfirmed_since: told(view.unconfirmed_since),
        proof: view.proof.map(crate::domain::rpo::proof::Proof::code),
        suspicions: view.suspicions.iter().map(|suspicion| suspicion.code()).collect(),
        impossible_exposure_s: view.impossible_s,
        verified_at: told(view.verified.map(|(at, _)| at)),
        verified_data_time: told(view.verified.and_then(|(_, data)| data)),
        verification_due: told(view.verification_due),
        drill_valid_until: view.drill_until.map(|date| date.to_string()),
        posisi_kemarin: view.yesterday,
        job: view.job.as_ref().map(|job| JobBody {
            running_since: told(job.running_since),
            succeeded_at: told(job.succeeded.map(|run| run.end)),
            alarm: job.alarm.map(|(_, kind)| kind.code()),
            alarm_since: told(job.alarm.map(|(since, _)| since)),
            next_slot: told(job.next_slot),
        }),
    }
}

/// A set of a path with its service and view.
pub(super) fn found<'a>(
    snapshot: &'a Snapshot,
    id: &str,
) -> Result<(&'a Service, &'a BackupSet, &'a BackupView), HttpError> {
    let pair = BackupSetId::parse(id).ok().and_then(|id| snapshot.catalogue.backup_set(&id));
    let view = snapshot.backups.iter().find(|view| view.id.as_str() == id);
    let ((service, set), view) = pair.zip(view).ok_or_else(|| no_such("backup set"))?;
    Ok((service, set, view))
}

pub(super) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<List<BackupBody>>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let zone = snapshot.profile.time_zone;
    Ok(Json(List { items: snapshot.backups.iter().map(|view| body(zone, view, now)).collect() }))
}

/// A backup as far as it is known.
#[derive(Debug, Serialize)]
struct RecordBody {
    artefact: String,
    generation: u32,
    started_at: Option<String>,
    ended_at: Option<String>,
    data_time: Option<String>,
    data_time_basis: String,
    status: String,
    size_bytes: Option<u64>,
    location: String,
    claimed: bool,
    first_seen_at: String,
    deleted_at: Option<String>,
    verified_at: Option<String>,
}

fn record_body(zone: Tz, record: &BackupRecord) -> RecordBody {
    let told = |at: Option<Timestamp>| at.map(|at| instant(zone, at));
    RecordBody {
        artefact: record.artefact.clone(),
        generation: record.generation,
        started_at: told(record.started_at),
        ended_at: told(record.ended_at),
        data_time: told(record.data_time),
        data_time_basis: format!("{:?}", record.basis).to_lowercase(),
        status: format!("{:?}", record.status).to_lowercase(),
        size_bytes: record.size_bytes,
        location: record.location.clone(),
        claimed: record.claimed,
        first_seen_at: instant(zone, record.first_seen_at),
        deleted_at: told(record.deleted_at),
        verified_at: told(record.verified_at),
    }
}

#[derive(Debug, Serialize)]
struct VerificationBody {
    artefact: String,
    data_time: Option<String>,
    at: String,
    method: &'static str,
    passed: bool,
    note: String,
    actor: String,
    recorded_at: String,
}

fn verification_body(zone: Tz, entry: &Verification) -> VerificationBody {
    VerificationBody {
        artefact: entry.artefact.clone(),
        data_time: entry.data_time.map(|at| instant(zone, at)),
        at: instant(zone, entry.at),
        method: entry.method.code(),
        passed: entry.passed,
        note: entry.note.clone(),
        actor: entry.actor.clone(),
        recorded_at: instant(zone, entry.recorded_at),
    }
}

#[derive(Debug, Serialize)]
struct SignalBody {
    at: String,
    kind: &'static str,
    rid: Option<String>,
    exit_code: Option<u8>,
    /// The first bytes of what was sent, as text.
    body: String,
}

fn signal_body(zone: Tz, signal: &Signal) -> SignalBody {
    SignalBody {
        at: instant(zone, signal.at),
        kind: signal.kind.code(),
        rid: signal.run.clone(),
        exit_code: signal.exit_code,
        body: String::from_utf8_lossy(&signal.body).into_owned(),
    }
}

#[derive(Debug, Serialize)]
pub(super) struct OneBody {
    #[serde(flatten)]
    set: BackupBody,
    /// The newest, newest first.
    records: Vec<RecordBody>,
    verifications: Vec<VerificationBody>,
    signals: Vec<SignalBody>,
    /// Path of its heartbeat, for who may write; `null` without one.
    heartbeat: Option<String>,
}

pub(super) async fn one(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<OneBody>, HttpError> {
    let caller = access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let (_, _, view) = found(&snapshot, &id)?;
    let (zone, set) = (snapshot.profile.time_zone, view.id.clone());
    let (records, verifications, signals, heartbeat) = read(&state.app, move |reader| {
        let mut records = reader.newest_backup_records(&set)?;
        records.truncate(ROWS_MAX);
        let entries = (reader.verifications(&set, ROWS_MAX)?, reader.signals(&set, ROWS_MAX)?);
        Ok((records, entries.0, entries.1, reader.heartbeat(&set)?))
    })
    .await?;
    Ok(Json(OneBody {
        set: body(zone, view, now),
        records: records.iter().map(|record| record_body(zone, record)).collect(),
        verifications: verifications.iter().map(|entry| verification_body(zone, entry)).collect(),
        signals: signals.iter().map(|signal| signal_body(zone, signal)).collect(),
        heartbeat: heartbeat.filter(|_| caller.may_write()).map(|heartbeat| format!("/ping/{}", heartbeat.key)),
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VerifyBody {
    artefact: Option<String>,
    /// RFC 3339 with offset; now when not given.
    at: Option<String>,
    method: String,
    passed: bool,
    #[serde(default)]
    note: String,
}

/// An instant of a body.
pub(super) fn read_instant(name: &str, text: &str) -> Result<Timestamp, HttpError> {
    let parsed = Timestamp::parse_rfc3339(text);
    parsed.map_err(|_| unprocessable("bad_instant", format!("`{name}` is not RFC 3339 with offset")))
}

pub(super) async fn verify(Path(id): Path<String>, write: Write) -> Result<Response, HttpError> {
    let given = write.parsed::<VerifyBody>()?;
    let method = VerificationMethod::parse(&given.method).ok_or_else(|| {
        let known = VerificationMethod::ALL.map(VerificationMethod::code).join(", ");
        unprocessable("unknown_code", format!("`method` is none of {known}"))
    })?;
    let at = given.at.as_deref().map(|at| read_instant("at", at)).transpose()?;
    let set = BackupSetId::parse(&id).map_err(|_| no_such("backup set"))?;
    let entry = NewVerification { set, artefact: given.artefact, at, method, passed: given.passed, note: given.note };
    let (engine, actor) = (write.state.app.engine.clone(), write.actor());
    let work = async move {
        engine.verify_backup(entry, actor).await.map_err(|error| failure::of_command(&error))?;
        Ok((StatusCode::CREATED, json!({ "entered": true })))
    };
    write.once(work).await
}

/// Gives the heartbeat of a set an address; an earlier one is void.
pub(super) async fn new_key(Path(id): Path<String>, write: Write) -> Result<Response, HttpError> {
    let set = BackupSetId::parse(&id).map_err(|_| no_such("backup set"))?;
    let key = crate::auth::random_token(16).map_err(|error| HttpError::internal(&error))?;
    let (engine, actor) = (write.state.app.engine.clone(), write.actor());
    let work = async move {
        let address = json!({ "heartbeat": format!("/ping/{key}") });
        engine.save_heartbeat_key(set, key, actor).await.map_err(|error| failure::of_command(&error))?;
        Ok((StatusCode::CREATED, address))
    };
    write.once(work).await
}
