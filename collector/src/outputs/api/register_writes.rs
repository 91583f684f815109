//! Writes to the registers. Who may write proposes, cancels and ends; only a responsible person approves or rejects. The
//! rules decide the rest.

use super::idempotency::Answer;
use super::maintenance::number;
use super::ticket_writes::unprocessable;
use super::write::Write;
use super::{ApiState, access, corrections, failure, maintenance, no_such};
use crate::correction_preview::Effect;
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::register::Claim;
use crate::domain::register::correction::{CorrectionAction, CorrectionProposal};
use crate::domain::register::maintenance::{MaintenanceAction, MaintenanceProposal};
use crate::domain::register::recurrence::Recurrence;
use crate::engine::RegisterChange;
use crate::http_error::HttpError;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::NaiveDate;
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use serde::Deserialize;

/// Maintenance that is planned. Instants are RFC 3339 with offset.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MaintenanceBody {
    title: String,
    reason: String,
    #[serde(default)]
    evidence: String,
    #[serde(default)]
    services: Vec<String>,
    #[serde(default)]
    hosts: Vec<String>,
    from: String,
    to: String,
    /// As [`Recurrence::code`]; once when not given.
    repeat: Option<String>,
    /// For `weekly`.
    weekdays: Option<Vec<String>>,
    until: Option<String>,
}

/// What is done with maintenance.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum MaintenanceActionBody {
    Announce { at: String, channel: String },
    Approve {},
    Cancel { reason: String },
    CancelWindow { begins: String },
    EndEarly {},
    Reject { reason: String },
}

/// What is said of the past: `state` with `from` and `to`, or `withdraws`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CorrectionBody {
    service: String,
    state: Option<String>,
    from: Option<String>,
    to: Option<String>,
    withdraws: Option<u32>,
    reason: String,
    #[serde(default)]
    evidence: String,
}

/// What is done with a correction.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum CorrectionActionBody {
    Approve {},
    Reject { reason: String },
}

fn at(field: &str, text: &str) -> Result<Timestamp, HttpError> {
    let wrong = |_| unprocessable("bad_instant", format!("`{field}` is not RFC 3339 with offset"));
    Timestamp::parse_rfc3339(text).map_err(wrong)
}

fn service(text: &str) -> Result<ServiceId, HttpError> {
    let wrong = |error| unprocessable("unknown_scope", format!("a service is no identifier: {error}"));
    ServiceId::parse(text).map_err(wrong)
}

impl MaintenanceBody {
    fn proposal(self) -> Result<MaintenanceProposal, HttpError> {
        let wrong = |error| unprocessable("unknown_scope", format!("a host is no identifier: {error}"));
        let days = self.weekdays.map(|days| format!("weekly:{}", days.join("+")));
        let recurrence = match (self.repeat.as_deref(), days) {
            (None | Some("once"), None) => Some(Recurrence::Once),
            (Some("weekly"), Some(days)) => Recurrence::parse(&days),
            (Some("weekly"), None) | (None, Some(_)) => None,
            (Some(code), None) => Recurrence::parse(code),
            (Some(_), Some(_)) => None,
        };
        let known = "`repeat` is one of once, weekly (with `weekdays`: mon to sun), monthly_day, monthly_weekday, \
                     monthly_last_weekday";
        let until = self.until.map(|text| text.parse::<NaiveDate>()).transpose();
        Ok(MaintenanceProposal {
            services: self.services.iter().map(|text| service(text)).collect::<Result<_, _>>()?,
            hosts: self.hosts.iter().map(|text| HostId::parse(text).map_err(wrong)).collect::<Result<_, _>>()?,
            title: self.title,
            reason: self.reason,
            evidence: self.evidence,
            planned: Interval::new(at("from", &self.from)?, at("to", &self.to)?),
            recurrence: recurrence.ok_or_else(|| unprocessable("bad_recurrence", known.to_owned()))?,
            until: until.map_err(|_| unprocessable("bad_date", "`until` is not YYYY-MM-DD".to_owned()))?,
        })
    }
}

impl MaintenanceActionBody {
    fn action(self) -> Result<MaintenanceAction, HttpError> {
        Ok(match self {
            Self::Announce { at: told, channel } => MaintenanceAction::Announce { at: at("at", &told)?, channel },
            Self::Approve {} => MaintenanceAction::Approve,
            Self::Cancel { reason } => MaintenanceAction::Cancel { reason },
            Self::CancelWindow { begins } => MaintenanceAction::CancelWindow { begins: at("begins", &begins)? },
            Self::EndEarly {} => MaintenanceAction::EndEarly,
            Self::Reject { reason } => MaintenanceAction::Reject { reason },
        })
    }
}

impl CorrectionBody {
    fn proposal(self) -> Result<CorrectionProposal, HttpError> {
        let claim = match (self.withdraws, self.state, self.from, self.to) {
            (Some(number), None, None, None) => Claim::Withdraw(number),
            (None, Some(state), Some(from), Some(to)) => {
                let interval = Interval::new(at("from", &from)?, at("to", &to)?);
                Claim::parse(&state, interval).ok_or_else(|| {
                    let known = "`state` is none of up, degraded, down, unknown, excluded";
                    unprocessable("unknown_code", known.to_owned())
                })?
            }
            (Some(_) | None, _, _, _) => {
                let wanted = "give `state`, `from` and `to`, or `withdraws` alone";
                return Err(unprocessable("bad_claim", wanted.to_owned()));
            }
        };
        Ok(CorrectionProposal { service: service(&self.service)?, claim, reason: self.reason, evidence: self.evidence })
    }
}

/// Carries out a change and tells the record as it is then.
async fn change(state: &ApiState, change: RegisterChange, actor: String, status: StatusCode) -> Answer {
    let (engine, now) = (&state.app.engine, state.app.clock.now());
    let of_maintenance = match change {
        RegisterChange::ProposeMaintenance(_) | RegisterChange::Maintenance { .. } => true,
        RegisterChange::ProposeCorrection(_) | RegisterChange::Correction { .. } => false,
    };
    let number = engine.change_register(change, actor).await.map_err(|error| failure::of_command(&error))?;
    let snapshot = engine.snapshot();
    let gone = || no_such("record");
    let body = if of_maintenance {
        let plan = snapshot.register.plan(number).ok_or_else(gone)?;
        serde_json::to_value(maintenance::body(&snapshot, plan, now, true))
    } else {
        let entry = snapshot.register.correction(number).ok_or_else(gone)?;
        serde_json::to_value(corrections::body(snapshot.profile.time_zone, entry, &Effect::kept(entry)))
    };
    body.map(|body| (status, body)).map_err(|error| HttpError::internal(&error))
}

pub(super) async fn propose_maintenance(write: Write) -> Result<Response, HttpError> {
    let proposed = RegisterChange::ProposeMaintenance(write.parsed::<MaintenanceBody>()?.proposal()?);
    let (site, actor) = (write.state.clone(), write.actor());
    let work = async move { change(&site, proposed, actor, StatusCode::CREATED).await };
    write.once(work).await
}

pub(super) async fn act_on_maintenance(Path(asked): Path<String>, write: Write) -> Result<Response, HttpError> {
    let number = number(&asked).ok_or_else(|| no_such("maintenance"))?;
    let action = write.parsed::<MaintenanceActionBody>()?.action()?;
    if matches!(action, MaintenanceAction::Approve | MaintenanceAction::Reject { .. }) {
        access::approves(&write.caller)?;
    }
    let (site, actor) = (write.state.clone(), write.actor());
    let acted = RegisterChange::Maintenance { number, action };
    let work = async move { change(&site, acted, actor, StatusCode::OK).await };
    write.once(work).await
}

pub(super) async fn propose_correction(write: Write) -> Result<Response, HttpError> {
    let proposed = RegisterChange::ProposeCorrection(write.parsed::<CorrectionBody>()?.proposal()?);
    let (site, actor) = (write.state.clone(), write.actor());
    let work = async move { change(&site, proposed, actor, StatusCode::CREATED).await };
    write.once(work).await
}

pub(super) async fn act_on_correction(Path(asked): Path<String>, write: Write) -> Result<Response, HttpError> {
    let number = number(&asked).ok_or_else(|| no_such("correction"))?;
    let action = match write.parsed::<CorrectionActionBody>()? {
        CorrectionActionBody::Approve {} => CorrectionAction::Approve,
        CorrectionActionBody::Reject { reason } => CorrectionAction::Reject { reason },
    };
    access::approves(&write.caller)?;
    let (site, actor) = (write.state.clone(), write.actor());
    let acted = RegisterChange::Correction { number, action };
    let work = async move { change(&site, acted, actor, StatusCode::OK).await };
    write.once(work).await
}
