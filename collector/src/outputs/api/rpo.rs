//! RPO over a period, of a set and of a service; restore drills and recoveries of a service.

use super::backups::{found, read_instant};
use super::parameters::{Parameters, bad_parameter};
use super::view::{List, instant};
use super::write::Write;
use super::{ApiState, access, failure, no_such, read};
use crate::backup_period::{self, Change, Figures};
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::domain::catalogue::{Service, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::rpo::exposure::Stretch;
use crate::domain::rpo::exposure_s;
use crate::domain::rpo::proof::{RecoveryEntry, STEPS};
use crate::http_error::HttpError;
use crate::snapshot::Snapshot;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use chrono_tz::Tz;
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// Longest stretch of time in one answer, in seconds: two leap years.
const SECONDS_MAX: i64 = 2 * 366 * 86_400;
/// Breaches of one answer; their number is told in full.
const BREACHES_MAX: usize = 1000;
/// Points of one exposure line.
const POINTS_MAX: usize = 2000;
/// Drills and recoveries of one answer, the newest.
const ENTRIES_MAX: usize = 200;

#[derive(Debug, Serialize)]
struct BreachBody {
    from: String,
    to: String,
    seconds: u64,
}

#[derive(Debug, Serialize)]
struct ChangeBody {
    at: String,
    set: String,
    rpo_s_before: Option<u32>,
    rpo_s: Option<u32>,
    operator_before: &'static str,
    operator: &'static str,
}

#[derive(Debug, Serialize)]
struct DaysBody {
    met: usize,
    days: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct RpoBody {
    period: Option<String>,
    from: String,
    to: String,
    /// What was counted: from the first look or signal on, up to now.
    counted_from: String,
    counted_to: String,
    provisional: bool,
    breach_s: Option<u64>,
    no_backup_s: Option<u64>,
    breach_count: Option<usize>,
    breaches: Vec<BreachBody>,
    peak_exposure_s: Option<u64>,
    compliance_ppm: Option<u32>,
    /// When what was asked changed in the period: each instant is judged by what was in force then.
    changes: Vec<ChangeBody>,
    /// Of a set, where the reading is switched on (G28): local days at whose end it was met, of those that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    posisi_kemarin: Option<DaysBody>,
    /// Unix seconds and exposure in seconds (`null` without a usable backup), of a set only.
    #[serde(skip_serializing_if = "Option::is_none")]
    exposure: Option<Vec<(i64, Option<u64>)>>,
}

fn body(zone: Tz, period: Option<Period>, interval: Interval, told: &Figures) -> RpoBody {
    let figures = told.figures.as_ref();
    let breaches = figures.map(|figures| figures.breaches.as_slice()).unwrap_or_default();
    let breach = |breach: &Interval| BreachBody {
        from: instant(zone, breach.from),
        to: instant(zone, breach.to),
        seconds: breach.length_s(),
    };
    RpoBody {
        period: period.map(|period| period.to_string()),
        from: instant(zone, interval.from),
        to: instant(zone, interval.to),
        counted_from: instant(zone, told.window.from),
        counted_to: instant(zone, told.window.to),
        provisional: told.provisional,
        breach_s: figures.map(|figures| figures.breach_s),
        no_backup_s: figures.map(|figures| figures.no_backup_s),
        breach_count: figures.map(|figures| figures.breaches.len()),
        breaches: breaches.iter().take(BREACHES_MAX).map(breach).collect(),
        peak_exposure_s: figures.and_then(|figures| figures.peak_exposure_s),
        compliance_ppm: figures.and_then(|figures| figures.compliance_ppm),
        changes: told.changes.iter().map(|(set, change)| change_body(zone, set, change)).collect(),
        posisi_kemarin: None,
        exposure: None,
    }
}

fn change_body(zone: Tz, set: &BackupSetId, change: &Change) -> ChangeBody {
    ChangeBody {
        at: instant(zone, change.at),
        set: set.to_string(),
        rpo_s_before: change.before.rpo_seconds,
        rpo_s: change.after.rpo_seconds,
        operator_before: change.before.operator.symbol(),
        operator: change.after.operator.symbol(),
    }
}

/// Begin and end of each stretch: the saw that the exposure is. Where that is too much, the highest point of several
/// stretches stands for them, so that no peak is lost.
pub(crate) fn points(stretches: &[Stretch]) -> Vec<(i64, Option<u64>)> {
    let at = |stretch: &Stretch, at: Timestamp| (at.as_secs(), stretch.data_time.map(|data| exposure_s(data, at)));
    if stretches.len() * 2 <= POINTS_MAX {
        return stretches.iter().flat_map(|s| [at(s, s.interval.from), at(s, s.interval.to)]).collect();
    }
    let highest = |several: &[Stretch]| {
        let ends = several.iter().map(|s| at(s, s.interval.to));
        // Without a usable backup is worst of all.
        ends.max_by_key(|(_, exposure)| exposure.map_or(u64::MAX, |seconds| seconds))
    };
    stretches.chunks(stretches.len().div_ceil(POINTS_MAX)).filter_map(highest).collect()
}

/// `period`, or `from` and `to`; the current month without.
fn window(parameters: &Parameters, zone: Tz, now: Timestamp) -> Result<(Option<Period>, Interval), HttpError> {
    if parameters.text("from").is_some() || parameters.text("to").is_some() {
        if parameters.text("period").is_some() {
            return Err(bad_parameter("period", "given together with `from` or `to`"));
        }
        let (from, to) = parameters.window(now, 30 * 86_400, SECONDS_MAX)?;
        return Ok((None, Interval::new(from.floor_second(), to.floor_second())));
    }
    let period = match parameters.text("period") {
        None => Period::containing_instant(PeriodKind::Month, zone, now),
        Some(text) => Period::parse(text).map_err(|error| bad_parameter("period", &format!("bad: {error}")))?,
    };
    Ok((Some(period), period.interval(zone)))
}

pub(super) async fn of_set(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<RpoBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["period", "from", "to"])?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let zone = snapshot.profile.time_zone;
    found(&snapshot, &id)?;
    let (period, interval) = window(&parameters, zone, now)?;
    let site = snapshot.clone();
    let told = read(&state.app, move |reader| {
        let services = &site.catalogue.services;
        let of = services.iter().find_map(|service| {
            let set = service.backups.iter().find(|set| set.id.as_str() == id);
            set.map(|set| (&service.id, &set.id))
        });
        of.map(|of| backup_period::of_set(reader, &site.rulebook, of, interval, now)).transpose()
    });
    let (figures, watched) = told.await?.ok_or_else(|| no_such("backup set"))?;
    let body = body(zone, period, interval, &figures);
    let yesterday = snapshot.catalogue.backups.yesterday_reading.then(|| {
        let days = watched.yesterday(zone, interval);
        DaysBody { met: days.iter().filter(|(_, met)| *met).count(), days: days.len() }
    });
    Ok(Json(RpoBody { exposure: Some(points(&watched.stretches())), posisi_kemarin: yesterday, ..body }))
}

fn service_of<'a>(snapshot: &'a Snapshot, id: &str) -> Result<&'a Service, HttpError> {
    let service = ServiceId::parse(id).ok().and_then(|id| snapshot.catalogue.service(&id));
    service.ok_or_else(|| no_such("service"))
}

pub(super) async fn of_service(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<RpoBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["period", "from", "to"])?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let zone = snapshot.profile.time_zone;
    let service = service_of(&snapshot, &id)?.id.clone();
    let (period, interval) = window(&parameters, zone, now)?;
    let rulebook = std::sync::Arc::clone(&snapshot.rulebook);
    let load = move |reader: &_| backup_period::of_service(reader, &rulebook, &service, interval, now);
    let told = read(&state.app, load).await?;
    Ok(Json(body(zone, period, interval, &told)))
}

/// A drill or a recovery; RTA and RPA strictly below their bounds (G29).
#[derive(Debug, Serialize)]
struct RecoveryBody {
    id: i64,
    kind: &'static str,
    scenario: String,
    disaster_at: String,
    decided_at: Option<String>,
    started_at: Option<String>,
    up_at: Option<String>,
    confirmed_at: Option<String>,
    recovered_data_time: Option<String>,
    succeeded: bool,
    /// The seven steps of Tabel 9.
    steps: BTreeMap<&'static str, Option<String>>,
    note: String,
    rto_s: Option<u32>,
    rpo_s: Option<u32>,
    rta_s: Option<u64>,
    rpa_s: Option<u64>,
    rto_met: Option<bool>,
    rpo_met: Option<bool>,
    actor: String,
    recorded_at: String,
}

fn recovery_body(zone: Tz, entry: &RecoveryEntry) -> RecoveryBody {
    let told = |at: Option<Timestamp>| at.map(|at| instant(zone, at));
    let achieved = entry.achieved();
    RecoveryBody {
        id: entry.id,
        kind: if entry.drill { "uji_pulih" } else { "pemulihan" },
        scenario: entry.scenario.clone(),
        disaster_at: instant(zone, entry.disaster_at),
        decided_at: told(entry.decided_at),
        started_at: told(entry.started_at),
        up_at: told(entry.up_at),
        confirmed_at: told(entry.confirmed_at),
        recovered_data_time: told(entry.recovered_data_time),
        succeeded: entry.succeeded,
        steps: STEPS.into_iter().zip(entry.steps.map(told)).collect(),
        note: entry.note.clone(),
        rto_s: entry.rto_seconds,
        rpo_s: entry.rpo_seconds,
        rta_s: achieved.map(|achieved| achieved.rta_s),
        rpa_s: achieved.map(|achieved| achieved.rpa_s),
        rto_met: achieved.and_then(|achieved| achieved.rto_met),
        rpo_met: achieved.and_then(|achieved| achieved.rpo_met),
        actor: entry.actor.clone(),
        recorded_at: instant(zone, entry.recorded_at),
    }
}

pub(super) async fn recoveries(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<List<serde_json::Value>>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let snapshot = state.app.engine.snapshot();
    let (zone, service) = (snapshot.profile.time_zone, service_of(&snapshot, &id)?.id.clone());
    let entries = read(&state.app, move |reader| reader.recoveries(&service, ENTRIES_MAX)).await?;
    let items = entries.iter().map(|entry| json!(recovery_body(zone, entry)));
    Ok(Json(List { items: items.collect() }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnterBody {
    /// A drill; else the disaster was real.
    drill: bool,
    scenario: String,
    disaster_at: String,
    decided_at: Option<String>,
    started_at: Option<String>,
    up_at: Option<String>,
    confirmed_at: Option<String>,
    recovered_data_time: Option<String>,
    succeeded: bool,
    #[serde(default)]
    steps: BTreeMap<String, String>,
    #[serde(default)]
    note: String,
}

impl EnterBody {
    fn entry(self, service: ServiceId, actor: String) -> Result<RecoveryEntry, HttpError> {
        let at = |name: &str, text: Option<String>| text.map(|text| read_instant(name, &text)).transpose();
        let mut steps = [None; STEPS.len()];
        for (name, text) in self.steps {
            let place = STEPS.iter().position(|step| *step == name).and_then(|place| steps.get_mut(place));
            let message = format!("`steps.{name}` is none of {}", STEPS.join(", "));
            *place.ok_or_else(|| super::ticket_writes::unprocessable("unknown_code", message))? =
                Some(read_instant(&name, &text)?);
        }
        Ok(RecoveryEntry {
            id: 0,
            service,
            drill: self.drill,
            scenario: self.scenario.trim().to_owned(),
            disaster_at: read_instant("disaster_at", &self.disaster_at)?,
            decided_at: at("decided_at", self.decided_at)?,
            started_at: at("started_at", self.started_at)?,
            up_at: at("up_at", self.up_at)?,
            confirmed_at: at("confirmed_at", self.confirmed_at)?,
            recovered_data_time: at("recovered_data_time", self.recovered_data_time)?,
            succeeded: self.succeeded,
            steps,
            note: self.note.trim().to_owned(),
            rto_seconds: None,
            rpo_seconds: None,
            actor,
            recorded_at: Timestamp::default(),
        })
    }
}

pub(super) async fn enter_recovery(Path(id): Path<String>, write: Write) -> Result<Response, HttpError> {
    let service = service_of(&write.state.app.engine.snapshot(), &id)?.id.clone();
    let entry = write.parsed::<EnterBody>()?.entry(service, write.actor())?;
    let engine = write.state.app.engine.clone();
    let work = async move {
        engine.enter_recovery(entry).await.map_err(|error| failure::of_command(&error))?;
        Ok((StatusCode::CREATED, json!({ "entered": true })))
    };
    write.once(work).await
}
