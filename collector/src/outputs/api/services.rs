//! `/services`, `/services/{id}`, `/services/{id}/availability`.

use super::ApiState;
use super::access::Caller;
use super::query::{Parameters, bad};
use super::store_read::read;
use super::view::{CountsView, FiguresView, local_time, maybe_time, no_such};
use crate::domain::availability::Availability;
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::domain::catalogue::{Service, ServiceId};
use crate::domain::profile::{Operator, TimeTarget};
use crate::http_error::HttpError;
use crate::service_period;
use crate::snapshot::{CheckView, ServiceView, Snapshot};
use crate::texts::{Language, Texts};
use axum::Json;
use axum::extract::{Path, State};
use chrono_tz::Tz;
use http::Uri;
use serde::Serialize;
use std::sync::Arc;

/// The catalogue's eleven fields, what is agreed, and how it stands.
#[derive(Debug, Serialize)]
pub(super) struct ServiceJson {
    id: String,
    nama: String,
    deskripsi: String,
    penyedia: String,
    administrator_layanan: Vec<String>,
    administrator_infrastruktur: Vec<String>,
    cara_akses: String,
    target_ketersediaan: Option<AvailabilityTargetJson>,
    kontak_bantuan: String,
    waktu_bantuan: String,
    target_pelayanan: Option<TimeTargetJson>,
    jam_layanan: String,
    kelompok: &'static str,
    klasifikasi: &'static str,
    rpo_seconds: Option<u32>,
    rto_seconds: Option<u32>,
    drp: Option<String>,
    host: Vec<String>,
    state: &'static str,
    since: Option<String>,
    reason: Option<String>,
    effective_from: Option<String>,
    month: FiguresView,
    checks: Vec<CheckJson>,
}

#[derive(Debug, Serialize)]
struct AvailabilityTargetJson {
    ppm: u32,
    operator: &'static str,
    period: &'static str,
}

#[derive(Debug, Serialize)]
struct TimeTargetJson {
    seconds: u32,
    operator: &'static str,
}

impl From<TimeTarget> for TimeTargetJson {
    fn from(target: TimeTarget) -> Self {
        let operator = match target.operator {
            Operator::Below => "<",
            Operator::AtMost => "<=",
        };
        Self { seconds: target.seconds, operator }
    }
}

/// A check's newest answer from one vantage.
#[derive(Debug, Serialize)]
struct CheckJson {
    id: String,
    host: String,
    at: Option<String>,
    verdict: Option<&'static str>,
    reason: Option<String>,
    duration_us: Option<u64>,
    http_status: Option<u32>,
}

fn check(view: &CheckView, zone: Tz) -> CheckJson {
    let outcome = view.outcome.as_ref();
    CheckJson {
        id: view.id.to_string(),
        host: view.host.to_string(),
        at: maybe_time(zone, view.at),
        verdict: outcome.map(|outcome| outcome.verdict().name()),
        reason: outcome.map(|outcome| outcome.reason.clone()).filter(|reason| !reason.is_empty()),
        duration_us: outcome.map(|outcome| outcome.duration_us),
        http_status: outcome.and_then(|outcome| outcome.http_status),
    }
}

fn service_json(service: &Service, view: &ServiceView, snapshot: &Snapshot) -> ServiceJson {
    let zone = snapshot.profile.time_zone;
    let texts = Texts::new(Language::Id, zone);
    ServiceJson {
        id: service.id.to_string(),
        nama: service.name.clone(),
        deskripsi: service.description.clone(),
        penyedia: service.provider.clone(),
        administrator_layanan: service.service_administrators.clone(),
        administrator_infrastruktur: service.infrastructure_administrators.clone(),
        cara_akses: service.access.clone(),
        target_ketersediaan: service.target.map(|target| AvailabilityTargetJson {
            ppm: target.ppm,
            operator: ">=",
            period: "month",
        }),
        kontak_bantuan: service.support_contact.clone(),
        waktu_bantuan: service.support_hours.clone(),
        target_pelayanan: snapshot.profile.resolution_target(service.group, service.class).map(Into::into),
        jam_layanan: service.service_hours.clone(),
        kelompok: service.group.code(),
        klasifikasi: service.class.code(),
        rpo_seconds: service.rpo_seconds,
        rto_seconds: service.rto_seconds,
        drp: service.recovery_plan.clone(),
        host: service.hosts.iter().map(ToString::to_string).collect(),
        state: view.state.name(),
        since: maybe_time(zone, view.since),
        reason: view.reason.as_ref().map(|reason| texts.phrase(reason)),
        effective_from: maybe_time(zone, view.effective_from),
        month: (&view.month).into(),
        checks: view.checks.iter().map(|view| check(view, zone)).collect(),
    }
}

/// The service of that name, in catalogue and snapshot.
pub(super) fn find<'a>(snapshot: &'a Snapshot, id: &str) -> Result<(&'a Service, &'a Arc<ServiceView>), HttpError> {
    let parsed = ServiceId::parse(id).map_err(|_| no_such("service", id))?;
    let view = snapshot.services.iter().find(|view| view.id == parsed);
    snapshot.catalogue.service(&parsed).zip(view).ok_or_else(|| no_such("service", id))
}

/// A list that is whole.
#[derive(Debug, Serialize)]
pub(super) struct Items<T> {
    pub(super) items: Vec<T>,
}

pub(super) async fn list(
    _: Caller,
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<Items<ServiceJson>>, HttpError> {
    Parameters::read(&uri, &[])?;
    let snapshot = state.app.engine.snapshot();
    let found = snapshot.services.iter().filter_map(|view| Some((snapshot.catalogue.service(&view.id)?, view)));
    let items = found.map(|(service, view)| service_json(service, view, &snapshot)).collect();
    Ok(Json(Items { items }))
}

pub(super) async fn one(
    _: Caller,
    State(state): State<ApiState>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<ServiceJson>, HttpError> {
    Parameters::read(&uri, &[])?;
    let snapshot = state.app.engine.snapshot();
    let (service, view) = find(&snapshot, &id)?;
    Ok(Json(service_json(service, view, &snapshot)))
}

/// The judgement of one service over one period.
#[derive(Debug, Serialize)]
pub(super) struct AvailabilityJson {
    service: String,
    period: String,
    /// What was judged: the period as far as it is known and the service was in force; may be empty.
    from: String,
    to: String,
    #[serde(flatten)]
    figures: FiguresView,
    without_maintenance: CountsView,
    outages: Vec<OutageJson>,
}

#[derive(Debug, Serialize)]
struct OutageJson {
    from: String,
    to: Option<String>,
    counted_seconds: u64,
    started_in_period: bool,
}

fn availability_json(service: &ServiceId, period: Period, judged: &Availability, zone: Tz) -> AvailabilityJson {
    let outage = |outage: &crate::domain::availability::Outage| OutageJson {
        from: local_time(zone, outage.from),
        to: maybe_time(zone, outage.to),
        counted_seconds: outage.counted_s,
        started_in_period: outage.started_in_period,
    };
    AvailabilityJson {
        service: service.to_string(),
        period: period.to_string(),
        from: local_time(zone, judged.window.from),
        to: local_time(zone, judged.window.to),
        figures: (&judged.figures).into(),
        without_maintenance: (&judged.without_maintenance).into(),
        outages: judged.outages.iter().map(outage).collect(),
    }
}

/// `?period=`: a day, week, month, quarter or year; this month without it.
pub(super) async fn availability(
    _: Caller,
    State(state): State<ApiState>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<AvailabilityJson>, HttpError> {
    let parameters = Parameters::read(&uri, &["period"])?;
    let snapshot = state.app.engine.snapshot();
    let (zone, now) = (snapshot.profile.time_zone, state.app.clock.now());
    let service = find(&snapshot, &id)?.0.clone();
    let period = match parameters.text("period") {
        None => Period::containing_instant(PeriodKind::Month, zone, now),
        Some(text) => Period::parse(text)
            .map_err(|_| bad("period", "one of 2026, 2026-Q2, 2026-06, 2026-W24, 2026-06-14 (years 1970 to 2999)"))?,
    };
    let id = service.id.clone();
    let judged = read(&state.app, move |reader| service_period::load(reader, zone, &service, period, now)).await?;
    Ok(Json(availability_json(&id, period, &judged, zone)))
}
