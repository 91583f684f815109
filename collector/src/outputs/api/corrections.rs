//! Corrections on record: the list by pages, newest first, and one with its figures before and after: those of its approval,
//! or, while it waits, those that an approval would lead to now.

use super::maintenance::{DecidedBody, PAGE_MAX, decided, number};
use super::parameters::Parameters;
use super::view::{Page, instant};
use super::{ApiState, access, no_such, read};
use crate::correction_preview::Effect;
use crate::domain::availability::Counts;
use crate::domain::catalogue::ServiceId;
use crate::domain::register::correction::MonthChange;
use crate::domain::register::{Claim, CorrectionEntry, CorrectionStatus, RpoFigures};
use crate::domain::state::State as ServiceState;
use crate::domain::ticket::Actor;
use crate::http_error::HttpError;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;
use std::sync::Arc;

/// Late records of one answer.
const HELD_MAX: usize = 200;

#[derive(Debug, Serialize)]
struct CountsBody {
    availability_ppm: Option<u32>,
    up_seconds: u64,
    degraded_seconds: u64,
    down_seconds: u64,
    unknown_seconds: u64,
    excluded_seconds: u64,
}

#[derive(Debug, Serialize)]
struct MonthBody {
    month: String,
    before: CountsBody,
    after: CountsBody,
}

/// A record.
#[derive(Debug, Serialize)]
pub(super) struct CorrectionBody {
    number: u32,
    state: &'static str,
    service: String,
    /// What is said of the interval: a state, `excluded`; `withdraw` for a record that takes another one back.
    claim: &'static str,
    from: Option<String>,
    to: Option<String>,
    withdraws: Option<u32>,
    /// What the ledger says, where late answers differ from it.
    observed: Option<&'static str>,
    reason: String,
    evidence: String,
    /// `null` is the monitoring system.
    proposed_by: Option<String>,
    proposed_at: String,
    decided: Option<DecidedBody>,
    /// Which approval it was: of two that overlap the higher one holds.
    approval: Option<u64>,
    withdrawn_by: Option<u32>,
    figures: Vec<MonthBody>,
    /// Late records of a backup set; `null` for any other correction.
    backups: Option<BackupsBody>,
}

/// Late records of a backup set.
#[derive(Debug, Serialize)]
struct BackupsBody {
    set: String,
    records: Vec<HeldBody>,
    figures: Vec<RpoMonthBody>,
}

#[derive(Debug, Serialize)]
struct HeldBody {
    artefact: String,
    generation: u32,
    /// Up to then it counts as it was known before.
    held_until: String,
    /// `null` when it was not known.
    data_time_before: Option<String>,
    ended_at_before: Option<String>,
    known_before: bool,
}

#[derive(Debug, Serialize)]
struct RpoMonthBody {
    month: String,
    before: Option<RpoBody>,
    after: Option<RpoBody>,
}

#[derive(Debug, Serialize)]
struct RpoBody {
    counted_s: u64,
    breach_s: u64,
    no_backup_s: u64,
    breach_count: u64,
    peak_exposure_s: Option<u64>,
    compliance_ppm: Option<u32>,
    rpo_held: bool,
}

fn rpo(figures: &RpoFigures) -> RpoBody {
    RpoBody {
        counted_s: figures.counted_s,
        breach_s: figures.breach_s,
        no_backup_s: figures.no_backup_s,
        breach_count: figures.breaches,
        peak_exposure_s: figures.peak_exposure_s,
        compliance_ppm: figures.compliance_ppm,
        rpo_held: figures.holds(),
    }
}

fn backups(zone: Tz, entry: &CorrectionEntry, effect: &Effect) -> Option<BackupsBody> {
    let late = entry.backups.as_ref()?;
    let held = late.held.iter().map(|held| {
        let told = |at: Option<Timestamp>| at.map(|at| instant(zone, at));
        HeldBody {
            artefact: held.artefact.clone(),
            generation: held.generation,
            held_until: instant(zone, held.until),
            data_time_before: told(held.before.as_ref().and_then(|record| record.data_time)),
            ended_at_before: told(held.before.as_ref().and_then(|record| record.ended_at)),
            known_before: held.before.is_some(),
        }
    });
    let month = |change: &crate::domain::register::RpoMonth| RpoMonthBody {
        month: change.month.format("%Y-%m").to_string(),
        before: change.before.as_ref().map(rpo),
        after: change.after.as_ref().map(rpo),
    };
    Some(BackupsBody {
        set: late.set.to_string(),
        records: held.take(HELD_MAX).collect(),
        figures: effect.backups.iter().map(month).collect(),
    })
}

fn counts(counts: &Counts) -> CountsBody {
    CountsBody {
        availability_ppm: counts.availability_ppm(),
        up_seconds: counts.up_s,
        degraded_seconds: counts.degraded_s,
        down_seconds: counts.down_s,
        unknown_seconds: counts.unknown_s,
        excluded_seconds: counts.excluded_s,
    }
}

/// The record as it is told, with its effect.
pub(super) fn body(zone: Tz, entry: &CorrectionEntry, effect: &Effect) -> CorrectionBody {
    let interval = entry.claim.interval();
    let month = |change: &MonthChange| MonthBody {
        month: change.month.format("%Y-%m").to_string(),
        before: counts(&change.before),
        after: counts(&change.after),
    };
    CorrectionBody {
        number: entry.number,
        state: entry.status.code(),
        service: entry.service.to_string(),
        claim: entry.claim.code(),
        from: interval.map(|interval| instant(zone, interval.from)),
        to: interval.map(|interval| instant(zone, interval.to)),
        withdraws: match entry.claim {
            Claim::Withdraw(number) => Some(number),
            Claim::Backups(_) | Claim::Exclude(_) | Claim::State(..) => None,
        },
        observed: entry.observed.map(ServiceState::name),
        reason: entry.reason.clone(),
        evidence: entry.evidence.clone(),
        proposed_by: match &entry.proposed_by {
            Actor::System => None,
            Actor::Person(name) => Some(name.clone()),
        },
        proposed_at: instant(zone, entry.proposed_at),
        decided: entry.decided.as_ref().map(|d| decided(zone, d)),
        approval: entry.approval,
        withdrawn_by: entry.withdrawn_by,
        figures: effect.seconds.iter().map(month).collect(),
        backups: backups(zone, entry, effect),
    }
}

pub(super) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Page<CorrectionBody>>, HttpError> {
    access::caller(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["state", "service", "limit", "cursor"])?;
    let known = CorrectionStatus::ALL.map(CorrectionStatus::code).join(", ");
    let status = parameters.parsed("state", &format!("one of {known}"), CorrectionStatus::parse)?;
    let service = parameters.parsed("service", "an identifier", |text| ServiceId::parse(text).ok())?;
    let limit = parameters.limit(PAGE_MAX)?;
    let before = parameters.parsed("cursor", "a `next_cursor` of an earlier page", number)?.unwrap_or(u32::MAX);
    let snapshot = state.app.engine.snapshot();
    let asked = snapshot.register.corrections().iter().rev().filter(|entry| {
        let of_service = service.as_ref().is_none_or(|service| entry.service == *service);
        entry.number < before && of_service && status.is_none_or(|status| entry.status == status)
    });
    let zone = snapshot.profile.time_zone;
    let items = asked.take(limit + 1).map(|entry| body(zone, entry, &Effect::kept(entry))).collect();
    Ok(Json(Page::new(items, limit, |entry: &CorrectionBody| entry.number.to_string())))
}

pub(super) async fn one(
    State(state): State<ApiState>,
    Path(asked): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<CorrectionBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let found = number(&asked).and_then(|number| snapshot.register.correction(number));
    let entry = Arc::clone(found.ok_or_else(|| no_such("correction"))?);
    let (site, asked) = (Arc::clone(&snapshot), Arc::clone(&entry));
    let load = move |reader: &_| Effect::load(reader, &site.rulebook, &site.register, &asked, now);
    let effect = read(&state.app, load).await?;
    Ok(Json(body(snapshot.profile.time_zone, &entry, &effect)))
}
