//! An explanation as JSON: the answer of the API and of `explain --format json`. Times are RFC 3339 with the offset of
//! the profile's zone, durations milliseconds or seconds as their names say, codes are those of the rules.

use super::scene::{AnswerLine, CheckAccount, IsolationAccount, Scene, VantageAccount};
use super::{Explanation, InstantAccount, PeriodAccount, words};
use crate::domain::availability::InstantCount;
use crate::domain::interval::Interval;
use crate::domain::ticket::Ticket;
use crate::service_period::FigureList;
use crate::texts::Texts;
use chrono::SecondsFormat;
use pantau_shared::probe::ProbeOutcome;
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;

/// The document.
#[derive(Debug, Serialize)]
#[serde(tag = "explains", rename_all = "snake_case")]
pub enum ExplanationBody {
    /// Why a state at an instant.
    Instant(Box<InstantBody>),
    /// Why the figures of a period.
    Period(Box<PeriodBody>),
}

/// See [`InstantAccount`].
#[derive(Debug, Serialize)]
pub struct InstantBody {
    service: String,
    name: String,
    at: String,
    as_of: String,
    state: &'static str,
    from: Option<String>,
    /// `null` while it goes on.
    to: Option<String>,
    reason: Option<String>,
    counted: CountedBody,
    scenes: Vec<SceneBody>,
    answers_gone: bool,
    tickets: Vec<TicketBody>,
}

#[derive(Debug, Serialize)]
struct CountedBody {
    counted_as: &'static str,
    in_force: bool,
    in_service_time: bool,
    service_hours: String,
    target_ppm: Option<u32>,
    correction: Option<u64>,
    maintenance: Vec<WindowBody>,
    component_maintenance: bool,
}

#[derive(Debug, Serialize)]
struct WindowBody {
    from: String,
    to: String,
    counts: bool,
}

#[derive(Debug, Serialize)]
struct SceneBody {
    moment: &'static str,
    at: String,
    state: &'static str,
    provisional: bool,
    checks: Vec<CheckBody>,
}

#[derive(Debug, Serialize)]
struct CheckBody {
    check: String,
    name: String,
    state: &'static str,
    rule: &'static str,
    up: usize,
    degraded: usize,
    down: usize,
    unknown: usize,
    min_valid: usize,
    confirm_failures: u32,
    stale_after_ms: u64,
    vantages: Vec<VantageBody>,
}

#[derive(Debug, Serialize)]
struct VantageBody {
    host: String,
    state: &'static str,
    provisional: bool,
    decisive: bool,
    begin_seen: bool,
    silent_since: Option<String>,
    isolated: Option<IsolationBody>,
    answers: Vec<AnswerBody>,
}

/// The vantage was cut off: all its witnesses failed.
#[derive(Debug, Serialize)]
struct IsolationBody {
    from: String,
    to: String,
    witnesses: Vec<WitnessBody>,
}

#[derive(Debug, Serialize)]
struct WitnessBody {
    check: String,
    name: String,
    answers: Vec<TestimonyBody>,
}

#[derive(Debug, Serialize)]
struct TestimonyBody {
    at: String,
    verdict: &'static str,
    reason: String,
}

#[derive(Debug, Serialize)]
struct AnswerBody {
    at: String,
    received_at: String,
    verdict: &'static str,
    phase: &'static str,
    reason: String,
    duration_us: u64,
    resolve_us: Option<u64>,
    connect_us: Option<u64>,
    tls_us: Option<u64>,
    first_byte_us: Option<u64>,
    transfer_us: Option<u64>,
    http_status: Option<u32>,
    repeated: bool,
    late: bool,
    role: &'static str,
    held_until: String,
    silence_follows: bool,
    holds: bool,
    blinded: bool,
}

#[derive(Debug, Serialize)]
struct TicketBody {
    number: String,
    class: &'static str,
    state: &'static str,
    priority: u8,
    onset_at: String,
    restored_at: Option<String>,
    cause: Option<String>,
    path: String,
}

/// See [`PeriodAccount`].
#[derive(Debug, Serialize)]
pub struct PeriodBody {
    service: String,
    name: String,
    period: String,
    from: String,
    to: String,
    as_of: String,
    figures: FigureList,
    formulas: Vec<FormulaBody>,
    outages: Vec<OutageBody>,
    outages_more: usize,
}

#[derive(Debug, Serialize)]
struct FormulaBody {
    label: String,
    letters: &'static str,
    numbers: String,
    result: String,
}

#[derive(Debug, Serialize)]
struct OutageBody {
    from: String,
    /// `null` while it goes on.
    to: Option<String>,
    counted_s: u64,
    started_in_period: bool,
    reason: Option<String>,
    tickets: Vec<TicketBody>,
    /// Address of the account of its first instant.
    path: String,
}

/// RFC 3339 with the reader's offset; milliseconds only where there are any.
fn instant(texts: Texts, at: Timestamp) -> String {
    let form = if at.as_ms().rem_euclid(1000) == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
    at.to_utc().with_timezone(&texts.zone()).to_rfc3339_opts(form, false)
}

/// Nothing for the rims of time.
fn known(texts: Texts, at: Timestamp) -> Option<String> {
    (Interval::ALL.from < at && at < Interval::ALL.to).then(|| instant(texts, at))
}

impl ExplanationBody {
    /// From the accounts.
    pub fn new(texts: Texts, explanation: &Explanation) -> Self {
        match explanation {
            Explanation::Instant(account) => Self::Instant(Box::new(instant_body(texts, account))),
            Explanation::Period(account) => Self::Period(Box::new(period_body(texts, account))),
        }
    }
}

fn instant_body(texts: Texts, account: &InstantAccount) -> InstantBody {
    let interval = account.stretch.interval;
    InstantBody {
        service: account.service.to_string(),
        name: account.name.clone(),
        at: instant(texts, account.at),
        as_of: instant(texts, account.now),
        state: account.stretch.state.name(),
        from: known(texts, interval.from),
        to: known(texts, interval.to).filter(|_| account.ended),
        reason: account.reason.as_ref().map(|reason| texts.phrase(reason)),
        counted: counted_body(texts, &account.service_hours, &account.count),
        scenes: account.scenes.iter().map(|scene| scene_body(texts, scene)).collect(),
        answers_gone: account.answers_gone,
        tickets: account.tickets.iter().map(|ticket| ticket_body(texts, ticket)).collect(),
    }
}

fn counted_body(texts: Texts, hours: &str, count: &InstantCount) -> CountedBody {
    let windows = count.windows.iter().map(|(window, counts)| WindowBody {
        from: instant(texts, window.interval.from),
        to: instant(texts, window.interval.to),
        counts: *counts,
    });
    CountedBody {
        counted_as: count.counted_as.code(),
        in_force: count.in_force,
        in_service_time: count.in_service_time,
        service_hours: hours.to_owned(),
        target_ppm: count.target_ppm,
        correction: count.correction.map(|correction| correction.seq),
        maintenance: windows.collect(),
        component_maintenance: count.component_maintenance,
    }
}

fn scene_body(texts: Texts, scene: &Scene) -> SceneBody {
    SceneBody {
        moment: scene.moment.code(),
        at: instant(texts, scene.at),
        state: scene.state.name(),
        provisional: scene.provisional,
        checks: scene.checks.iter().map(|check| check_body(texts, check)).collect(),
    }
}

fn check_body(texts: Texts, check: &CheckAccount) -> CheckBody {
    let decision = &check.decision;
    CheckBody {
        check: check.id.to_string(),
        name: check.name.clone(),
        state: decision.state.name(),
        rule: decision.rule.code(),
        up: decision.up,
        degraded: decision.degraded,
        down: decision.down,
        unknown: decision.unknown,
        min_valid: decision.min_valid,
        confirm_failures: check.confirm_failures,
        stale_after_ms: check.stale_after_ms,
        vantages: check.vantages.iter().map(|vantage| vantage_body(texts, vantage)).collect(),
    }
}

fn vantage_body(texts: Texts, vantage: &VantageAccount) -> VantageBody {
    VantageBody {
        host: vantage.host.to_string(),
        state: vantage.state.name(),
        provisional: vantage.provisional,
        decisive: vantage.decisive,
        begin_seen: vantage.begin_seen,
        silent_since: vantage.silent_since.map(|at| instant(texts, at)),
        isolated: vantage.isolated.as_ref().map(|isolated| isolation_body(texts, isolated)),
        answers: vantage.answers.iter().map(|line| answer_body(texts, line)).collect(),
    }
}

fn isolation_body(texts: Texts, isolated: &IsolationAccount) -> IsolationBody {
    let testimony = |(at, outcome): &(Timestamp, ProbeOutcome)| TestimonyBody {
        at: instant(texts, *at),
        verdict: outcome.verdict().name(),
        reason: outcome.reason.clone(),
    };
    let witnesses = isolated.witnesses.iter().map(|witness| WitnessBody {
        check: witness.id.to_string(),
        name: witness.name.clone(),
        answers: witness.answers.iter().map(testimony).collect(),
    });
    let (from, to) = (instant(texts, isolated.interval.from), instant(texts, isolated.interval.to));
    IsolationBody { from, to, witnesses: witnesses.collect() }
}

fn answer_body(texts: Texts, line: &AnswerLine) -> AnswerBody {
    let outcome = &line.outcome;
    AnswerBody {
        at: instant(texts, line.account.result.at),
        received_at: instant(texts, line.received_at),
        verdict: outcome.verdict().name(),
        phase: outcome.phase().name(),
        reason: outcome.reason.clone(),
        duration_us: outcome.duration_us,
        resolve_us: outcome.resolve_us,
        connect_us: outcome.connect_us,
        tls_us: outcome.tls_us,
        first_byte_us: outcome.first_byte_us,
        transfer_us: outcome.transfer_us,
        http_status: outcome.http_status,
        repeated: outcome.repeated,
        late: line.late,
        role: line.account.role.code(),
        held_until: instant(texts, line.account.held_until),
        silence_follows: line.account.silence_follows,
        holds: line.holds,
        blinded: line.blinded,
    }
}

fn ticket_body(texts: Texts, ticket: &Ticket) -> TicketBody {
    TicketBody {
        number: ticket.number.to_string(),
        class: ticket.key.class.code(),
        state: ticket.state.code(),
        priority: ticket.priority.number(),
        onset_at: instant(texts, ticket.onset_at),
        restored_at: ticket.restored_at.map(|at| instant(texts, at)),
        cause: ticket.cause.clone(),
        path: format!("/api/v1/tickets/{}", ticket.number),
    }
}

fn period_body(texts: Texts, account: &PeriodAccount) -> PeriodBody {
    let formulas = words::formulas(texts, &account.availability.figures).into_iter();
    let outage = |listed: &super::period::OutageAccount| OutageBody {
        from: instant(texts, listed.outage.from),
        to: listed.outage.to.map(|to| instant(texts, to)),
        counted_s: listed.outage.counted_s,
        started_in_period: listed.outage.started_in_period,
        reason: listed.reason.as_ref().map(|reason| texts.phrase(reason)),
        tickets: listed.tickets.iter().map(|ticket| ticket_body(texts, ticket)).collect(),
        path: format!("/api/v1/services/{}/explain?at={}", account.service, listed.outage.from.as_secs()),
    };
    PeriodBody {
        service: account.service.to_string(),
        name: account.name.clone(),
        period: account.period.to_string(),
        from: instant(texts, account.interval.from),
        to: instant(texts, account.interval.to),
        as_of: instant(texts, account.now),
        figures: FigureList(account.availability.figures),
        formulas: formulas
            .map(|words::Formula { label, letters, numbers, result }| FormulaBody { label, letters, numbers, result })
            .collect(),
        outages: account.outages.iter().map(outage).collect(),
        outages_more: account.availability.outages.len().saturating_sub(account.outages.len()),
    }
}
