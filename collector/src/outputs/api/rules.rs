//! The rules that open tickets: how they stand, what they hold back, and a replay of one over the past.

use super::parameters::{Parameters, bad_parameter};
use super::view::instant;
use super::write::Write;
use super::{ApiState, access, failure, no_such, read};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::rule::admission::HeldBack;
use crate::domain::rule::tuning::{Origin, Selector, Target};
use crate::domain::rule::{Rule, Unit};
use crate::http_error::HttpError;
use crate::replay::body::ReplayBody;
use crate::replay::{self, DAYS, Request, Tried};
use crate::rule_list::{self, RuleStanding};
use crate::snapshot::Snapshot;
use crate::texts::{Language, Texts};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use pantau_shared::ids::HostId;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Held back conditions of a rule's answer, newest first.
const HELD_MAX: usize = 500;
/// Longest window of a replay that a request may ask for, in days; the command line may ask for more.
const DAYS_MAX: u32 = 92;

/// Figures are of the last 30 days.
#[derive(Debug, Serialize)]
pub(super) struct RuleBody {
    rule: &'static str,
    name: String,
    class: &'static str,
    enabled: bool,
    off_reason: Option<String>,
    values: Vec<ValueBody>,
    observe_seconds: u32,
    budget_per_hour: Option<u32>,
    exceptions: usize,
    tickets: u32,
    acted: u32,
    false_alarms: u32,
    would_have_opened: u32,
    folded: u32,
    watched_hosts: usize,
    watched_until: Option<String>,
    replayable: bool,
}

#[derive(Debug, Serialize)]
struct ValueBody {
    name: &'static str,
    value: u32,
    unit: &'static str,
    default: u32,
    origin: &'static str,
}

#[derive(Debug, Serialize)]
struct ExceptionBody {
    target: &'static str,
    id: Option<String>,
    part: Option<String>,
    alarm_permille: Option<u32>,
    clear_permille: Option<u32>,
    hold_seconds: Option<u32>,
    enabled: Option<bool>,
    reason: Option<String>,
    observe_seconds: Option<u32>,
    /// Units that do not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored_units: Vec<String>,
}

#[derive(Debug, Serialize)]
struct HeldBody {
    key: String,
    cause: &'static str,
    symptom: String,
    onset_at: String,
    noted_at: String,
    ended_at: Option<String>,
    occurrences: u32,
}

/// One rule with its exceptions and what it holds back.
#[derive(Debug, Serialize)]
pub(super) struct OneBody {
    #[serde(flatten)]
    rule: RuleBody,
    exceptions_list: Vec<ExceptionBody>,
    held_back: Vec<HeldBody>,
}

/// All of them.
#[derive(Debug, Serialize)]
pub(super) struct ListBody {
    rules: Vec<RuleBody>,
}

fn rule_body(texts: Texts, standing: &RuleStanding) -> RuleBody {
    let values = standing.values.iter().map(|value| ValueBody {
        name: value.parameter.name,
        value: value.value,
        unit: match value.parameter.unit {
            Unit::Count => "count",
            Unit::Percent => "percent",
            Unit::Permille => "permille",
            Unit::Seconds => "seconds",
        },
        default: value.parameter.default,
        origin: match value.origin {
            Origin::Default => "default",
            Origin::Catalogue => "catalogue",
            Origin::Service(_) => "service",
            Origin::Host(_) => "host",
        },
    });
    RuleBody {
        rule: standing.rule.code(),
        name: replay::text::name(texts, standing.rule),
        class: standing.rule.class().code(),
        enabled: standing.off.is_none(),
        off_reason: standing.off.clone(),
        values: values.collect(),
        observe_seconds: standing.observe_seconds,
        budget_per_hour: standing.budget_per_hour,
        exceptions: standing.exceptions,
        tickets: standing.tickets,
        acted: standing.acted,
        false_alarms: standing.false_alarms,
        would_have_opened: standing.observed,
        folded: standing.folded,
        watched_hosts: standing.watched.0,
        watched_until: standing.watched.1.map(|at| instant(texts.zone(), at)),
        replayable: replay::is_replayed(standing.rule),
    }
}

fn exceptions(snapshot: &Snapshot, rule: Rule) -> Vec<ExceptionBody> {
    let (thresholds, settings) = snapshot.catalogue.tuning.exceptions(rule);
    let bare = |selector: &Selector| {
        let (target, id) = match &selector.target {
            Target::Everything => ("everything", None),
            Target::Service(id) => ("service", Some(id.to_string())),
            Target::Host(id) => ("host", Some(id.to_string())),
        };
        ExceptionBody {
            target,
            id,
            part: selector.part.clone(),
            alarm_permille: None,
            clear_permille: None,
            hold_seconds: None,
            enabled: None,
            reason: None,
            observe_seconds: None,
            ignored_units: Vec::new(),
        }
    };
    let of_values = thresholds.into_iter().map(|tuning| ExceptionBody {
        alarm_permille: tuning.alarm_permille,
        clear_permille: tuning.clear_permille,
        hold_seconds: tuning.hold_seconds,
        ..bare(&tuning.selector)
    });
    let of_settings = settings.into_iter().map(|setting| ExceptionBody {
        enabled: setting.enabled,
        reason: setting.reason.clone(),
        observe_seconds: setting.observe_seconds,
        ignored_units: setting.ignored_units.iter().map(|pattern| pattern.as_str().to_owned()).collect(),
        ..bare(&setting.selector)
    });
    of_values.chain(of_settings).collect()
}

fn held_body(texts: Texts, held: &HeldBack) -> HeldBody {
    let zone = texts.zone();
    HeldBody {
        key: held.key.to_string(),
        cause: held.cause.code(),
        symptom: texts.phrase(&held.symptom),
        onset_at: instant(zone, held.onset_at),
        noted_at: instant(zone, held.noted_at),
        ended_at: held.ended_at.map(|at| instant(zone, at)),
        occurrences: held.occurrences,
    }
}

fn known(code: &str) -> Result<Rule, HttpError> {
    Rule::parse(code).ok_or_else(|| no_such("rule"))
}

pub(super) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<ListBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let texts = Texts::new(Language::Id, snapshot.profile.time_zone);
    let rules = read(&state.app, move |reader| rule_list::load(reader, &snapshot, now)).await?;
    Ok(Json(ListBody { rules: rules.iter().map(|standing| rule_body(texts, standing)).collect() }))
}

pub(super) async fn one(
    State(state): State<ApiState>,
    Path(code): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<OneBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let rule = known(&code)?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let (texts, site) = (Texts::new(Language::Id, snapshot.profile.time_zone), snapshot.clone());
    let (standing, held) = read(&state.app, move |reader| {
        let standing = rule_list::load(reader, &site, now)?.into_iter().find(|standing| standing.rule == rule);
        Ok((standing, reader.held_back_of(rule, now.plus_secs(-86_400 * rule_list::DAYS), HELD_MAX)?))
    })
    .await?;
    let standing = standing.ok_or_else(|| no_such("rule"))?;
    Ok(Json(OneBody {
        rule: rule_body(texts, &standing),
        exceptions_list: exceptions(&snapshot, rule),
        held_back: held.iter().map(|held| held_body(texts, held)).collect(),
    }))
}

pub(super) async fn replay(
    State(state): State<ApiState>,
    Path(code): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<ReplayBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    let rule = known(&code)?;
    let names = Tried::names(rule);
    let parameters = Parameters::read(&uri, &[&["days", "host", "service"], names.as_slice()].concat())?;
    let days = parameters.parsed("days", &format!("1 to {DAYS_MAX}"), |text| {
        text.parse::<u32>().ok().filter(|days| (1..=DAYS_MAX).contains(days))
    })?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let service = parameters.parsed("service", "a service", |text| {
        ServiceId::parse(text).ok().filter(|id| snapshot.catalogue.service(id).is_some())
    })?;
    let pairs = names.iter().filter_map(|name| Some((*name, parameters.text(name)?)));
    let tried = Tried::parse(rule, pairs).map_err(|error| bad_parameter("values", &error.to_string()))?;
    let request = Request {
        rule,
        window: Interval::new(now.plus_secs(-86_400 * i64::from(days.unwrap_or(DAYS))), now),
        host: parameters.parsed("host", "a host", |text| HostId::parse(text).ok())?,
        service,
        tried,
    };
    let texts = Texts::new(Language::Id, snapshot.profile.time_zone);
    let replay = replay::ask(&state.app, snapshot, request, texts).await;
    let replay = replay.map_err(|error| HttpError::internal(&error))?.ok_or_else(|| {
        let message = "other replays are running; ask again in a moment";
        HttpError::new(StatusCode::TOO_MANY_REQUESTS, "busy", message)
    })?;
    Ok(Json(ReplayBody::new(texts, &replay)))
}

/// What is done with a rule.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum RuleActionBody {
    /// It opens tickets from now on for all hosts there are.
    Begin {},
}

pub(super) async fn act(Path(code): Path<String>, write: Write) -> Result<Response, HttpError> {
    let rule = known(&code)?;
    let RuleActionBody::Begin {} = write.parsed::<RuleActionBody>()?;
    access::approves(&write.caller)?;
    if !rule.is_observed() {
        let message = "this rule never only watches: there is nothing to begin";
        return Err(HttpError::new(StatusCode::CONFLICT, "not_observed", message));
    }
    let (engine, actor) = (write.state.app.engine.clone(), write.actor());
    let work = async move {
        engine.begin_rule(rule, actor).await.map_err(|error| failure::of_command(&error))?;
        Ok((StatusCode::OK, json!({ "rule": rule.code(), "begun": true })))
    };
    write.once(work).await
}
