//! Maintenance on record: the list by pages, newest first, and one with its windows.

use super::parameters::Parameters;
use super::view::{Page, instant};
use super::{ApiState, access, no_such};
use crate::domain::availability::MaintenanceStatus;
use crate::domain::catalogue::ServiceId;
use crate::domain::register::maintenance::{Announcement, Decided};
use crate::domain::register::notice::Notice;
use crate::domain::register::recurrence::Recurrence;
use crate::domain::register::{MaintenancePlan, Signature};
use crate::http_error::HttpError;
use crate::snapshot::Snapshot;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;

/// Largest page.
pub(super) const PAGE_MAX: usize = 200;

/// Who and when.
#[derive(Debug, Serialize)]
pub(super) struct SignBody {
    by: String,
    at: String,
}

/// The same with a reason.
#[derive(Debug, Serialize)]
pub(super) struct DecidedBody {
    by: String,
    at: String,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct AnnouncedBody {
    at: String,
    channel: String,
    recorded: SignBody,
}

#[derive(Debug, Serialize)]
struct WindowBody {
    from: String,
    to: String,
    state: &'static str,
    ended_early_at: Option<String>,
    /// `told`, `short`, `open` or `missed`: how its announcement stands against the notice that is asked for.
    notice: &'static str,
    /// Whether it is counted as maintenance as things stand.
    counted: bool,
}

/// A record.
#[derive(Debug, Serialize)]
pub(super) struct MaintenanceBody {
    pub(super) number: u32,
    state: &'static str,
    title: String,
    reason: String,
    evidence: String,
    services: Vec<String>,
    hosts: Vec<String>,
    from: String,
    to: String,
    repeat: &'static str,
    weekdays: Vec<&'static str>,
    until: Option<String>,
    running: bool,
    min_notice_seconds: u64,
    proposed: SignBody,
    decided: Option<DecidedBody>,
    announced: Option<AnnouncedBody>,
    cancelled: Option<DecidedBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    windows: Option<Vec<WindowBody>>,
}

fn sign(zone: Tz, sign: &Signature) -> SignBody {
    SignBody { by: sign.by.clone(), at: instant(zone, sign.at) }
}

/// A decision as it is told.
pub(super) fn decided(zone: Tz, decided: &Decided) -> DecidedBody {
    let reason = Some(decided.reason.clone()).filter(|reason| !reason.is_empty());
    DecidedBody { by: decided.sign.by.clone(), at: instant(zone, decided.sign.at), reason }
}

const fn notice_code(notice: Notice) -> &'static str {
    match notice {
        Notice::Missed => "missed",
        Notice::Open { .. } => "open",
        Notice::Short { .. } => "short",
        Notice::Told { .. } => "told",
    }
}

/// The record as it is told.
pub(super) fn body(snapshot: &Snapshot, plan: &MaintenancePlan, now: Timestamp, windows: bool) -> MaintenanceBody {
    let zone = snapshot.profile.time_zone;
    let notice_s = snapshot.rulebook.min_notice_of(&plan.services, &plan.hosts, &snapshot.catalogue);
    let time = |at: Timestamp| instant(zone, at);
    let window = |planned| {
        let window = plan.window(planned);
        WindowBody {
            from: time(planned.from),
            to: time(planned.to),
            state: window.status.code(),
            ended_early_at: window.ended_early_at.map(time),
            notice: notice_code(Notice::of(plan, planned, notice_s, now)),
            counted: window.counted(notice_s).is_some(),
        }
    };
    let announced = |told: &Announcement| AnnouncedBody {
        at: time(told.at),
        channel: told.channel.clone(),
        recorded: sign(zone, &told.sign),
    };
    MaintenanceBody {
        number: plan.number,
        state: plan.state.code(),
        title: plan.title.clone(),
        reason: plan.reason.clone(),
        evidence: plan.evidence.clone(),
        services: plan.services.iter().map(ToString::to_string).collect(),
        hosts: plan.hosts.iter().map(ToString::to_string).collect(),
        from: time(plan.planned.from),
        to: time(plan.planned.to),
        repeat: plan.recurrence.code(),
        weekdays: match plan.recurrence {
            Recurrence::Weekly(days) => days.codes(),
            Recurrence::Once | Recurrence::MonthlyDay | Recurrence::MonthlyWeekday | Recurrence::MonthlyLastWeekday => {
                Vec::new()
            }
        },
        until: plan.until.map(|date| date.to_string()),
        running: plan.running(zone, now).is_some(),
        min_notice_seconds: notice_s,
        proposed: sign(zone, &plan.proposed),
        decided: plan.decided.as_ref().map(|d| decided(zone, d)),
        announced: plan.announced.as_ref().map(announced),
        cancelled: plan.cancelled.as_ref().map(|d| decided(zone, d)),
        windows: windows.then(|| plan.occurrences(zone).into_iter().map(window).collect()),
    }
}

/// A number in a path or cursor.
pub(super) fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| *number > 0 && number.to_string() == text)
}

pub(super) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Page<MaintenanceBody>>, HttpError> {
    access::caller(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["state", "service", "limit", "cursor"])?;
    let known = MaintenanceStatus::ALL.map(MaintenanceStatus::code).join(", ");
    let status = parameters.parsed("state", &format!("one of {known}"), MaintenanceStatus::parse)?;
    let service = parameters.parsed("service", "an identifier", |text| ServiceId::parse(text).ok())?;
    let limit = parameters.limit(PAGE_MAX)?;
    let before = parameters.parsed("cursor", "a `next_cursor` of an earlier page", number)?.unwrap_or(u32::MAX);
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let asked = snapshot.register.plans().iter().rev().filter(|plan| {
        let of = |named: &ServiceId| snapshot.catalogue.named(named).map(|service| &service.id);
        let named = service
            .as_ref()
            .is_none_or(|asked| plan.services.iter().any(|named| named == asked || of(named) == Some(asked)));
        plan.number < before && named && status.is_none_or(|status| plan.state == status)
    });
    let items = asked.take(limit + 1).map(|plan| body(&snapshot, plan, now, false)).collect();
    Ok(Json(Page::new(items, limit, |plan: &MaintenanceBody| plan.number.to_string())))
}

pub(super) async fn one(
    State(state): State<ApiState>,
    Path(asked): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<MaintenanceBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let snapshot = state.app.engine.snapshot();
    let plan =
        number(&asked).and_then(|number| snapshot.register.plan(number)).ok_or_else(|| no_such("maintenance"))?;
    Ok(Json(body(&snapshot, plan, state.app.clock.now(), true)))
}
