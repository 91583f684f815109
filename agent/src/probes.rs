//! Asks a service once and says what was seen. Whether that is an outage, the collector judges.
//!
//! One row of [`ask`] for each kind of check. An answer is `ok`, `degraded`, `failed` or `probe_error`; the last one
//! means that the asking itself could not be made (bad assignment, no socket), which says nothing about the service.

mod connect;
mod conversation;
mod dns;
mod exec;
mod http;
mod icmp;
mod imap;
mod mqtt;
mod mysql;
mod ntp;
mod pattern;
mod postgres;
mod process;
mod program;
mod redis;
mod resolver;
mod site;
mod smtp;
mod ssh;
mod tcp;
mod tls;
mod unit;

pub use site::ProbeSite;

use crate::clock::Clock;
use crate::tls::Shown;
use pantau_shared::assignment::{CheckKind, CheckSpec};
use pantau_shared::limits::{PROBE_VALUES_MAX, cut_text};
use pantau_shared::probe::{ProbeOutcome, ProbePhase, ProbeValue, ProbeVerdict};
use std::time::Duration;

/// Longest bound on one asking that an assignment may give, in milliseconds.
const TIMEOUT_MAX_MS: u32 = 300_000;

/// Why an asking gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trouble {
    /// The service did not answer as it should; the phase is where progress stands.
    Failed(String),
    /// The probe could not be made.
    Probe(String),
    /// The check cannot be asked as it is assigned, now or ever.
    Refused(String),
}

/// What stays on this host: figures for `/metrics` that the collector has no use for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Detail {
    /// The kind's word; empty for one that is not known.
    pub(crate) kind: &'static str,
    /// Whether the check stands in this host's own file.
    pub(crate) local: bool,
    /// Whether the first address asked is of version 6.
    pub(crate) is_v6: Option<bool>,
    /// The cipher suite agreed on.
    pub(crate) tls_cipher: Option<&'static str>,
    /// The chain shown.
    pub(crate) certificates: Vec<pantau_shared::probe::CertificateSeen>,
    /// Whether the answer came under TLS.
    pub(crate) is_http_tls: Option<bool>,
    /// HTTP version times ten.
    pub(crate) http_version: Option<u32>,
    /// `content-length` as told.
    pub(crate) content_length: Option<u64>,
    /// Whether a pattern was what failed.
    pub(crate) failed_by_pattern: bool,
    /// Records in the answer, authority and additional sections.
    pub(crate) dns_records: Option<[u32; 3]>,
    /// Round-trip time of the first echo, in microseconds.
    pub(crate) echo_us: Option<u64>,
    /// Hop limit of the last echo reply, where the socket tells it.
    pub(crate) hop_limit: Option<u8>,
}

/// How far an asking came. Filled while it goes on, so that it is known when time runs out.
#[derive(Debug, Default)]
struct Progress {
    phase: Option<ProbePhase>,
    resolve_us: Option<u64>,
    connect_us: Option<u64>,
    tls_us: Option<u64>,
    first_byte_us: Option<u64>,
    transfer_us: Option<u64>,
    http_status: Option<u16>,
    body_bytes: Option<u64>,
    shown: Option<Shown>,
    tls_version: Option<u32>,
    redirects: u32,
    exit_code: Option<u32>,
    answer: String,
    values: Vec<ProbeValue>,
    detail: Detail,
}

/// One asking under way.
struct Asking<'a> {
    spec: &'a CheckSpec,
    clock: &'a Clock,
    site: &'a ProbeSite,
    /// Whether the check stands in this host's own file.
    local: bool,
    progress: Progress,
}

impl Asking<'_> {
    /// Enters a phase; gives when, for [`Asking::lap`].
    fn enter(&mut self, phase: ProbePhase) -> u64 {
        self.progress.phase = Some(phase);
        self.clock.boot_us()
    }

    /// Adds the time since `from_us` to a phase's duration: redirects add up.
    fn lap(&mut self, duration: impl Fn(&mut Progress) -> &mut Option<u64>, from_us: u64) {
        let now_us = self.clock.boot_us();
        let duration_us = duration(&mut self.progress);
        *duration_us = Some(duration_us.unwrap_or(0) + now_us.saturating_sub(from_us));
    }

    /// Notes a figure; those beyond the bound and those that are no number are left out.
    fn note(&mut self, name: &str, value: f64, unit: &str) {
        if self.progress.values.len() < PROBE_VALUES_MAX && value.is_finite() {
            self.progress.values.push(ProbeValue { name: cut_text(name), value, unit: unit.to_owned() });
        }
    }

    /// The bound on this asking.
    fn bound(&self) -> Duration {
        Duration::from_millis(u64::from(self.spec.timeout_ms))
    }

    /// A check that cannot be asked as it stands.
    fn refuse(&self, what: &str) -> Trouble {
        Trouble::Refused(format!("assignment: {what}"))
    }
}

/// The judgement on one asking.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Judgement {
    verdict: ProbeVerdict,
    /// Where it failed or what degraded it.
    phase: ProbePhase,
    reason: String,
}

impl Judgement {
    fn ok() -> Self {
        Self { verdict: ProbeVerdict::Ok, phase: ProbePhase::Unspecified, reason: String::new() }
    }

    fn failed(phase: ProbePhase, reason: String) -> Self {
        Self { verdict: ProbeVerdict::Failed, phase, reason }
    }

    fn degraded(phase: ProbePhase, reason: String) -> Self {
        Self { verdict: ProbeVerdict::Degraded, phase, reason }
    }

    fn probe_error(reason: String) -> Self {
        Self { verdict: ProbeVerdict::ProbeError, phase: ProbePhase::Unspecified, reason }
    }
}

/// An outcome, and what stays here.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) outcome: ProbeOutcome,
    pub(crate) detail: Detail,
}

/// Asks once, within the check's bound. `local` checks stand in this host's own file.
pub(crate) async fn probe(spec: &CheckSpec, site: &ProbeSite, clock: &Clock, repeated: bool, local: bool) -> Answered {
    let started_us = clock.boot_us();
    let mut asking = Asking { spec, clock, site, local, progress: Progress::default() };
    let asked = match refuse(spec) {
        Some(reason) => Ok(Err(Trouble::Refused(reason))),
        None => tokio::time::timeout(asking.bound(), ask(&mut asking)).await,
    };
    let progress = asking.progress;
    let phase = progress.phase.unwrap_or(ProbePhase::Unspecified);
    let refused = matches!(asked, Ok(Err(Trouble::Refused(_))));
    let judgement = match asked {
        Ok(Ok(judgement)) => judgement,
        Ok(Err(Trouble::Failed(reason))) => Judgement::failed(phase, reason),
        Ok(Err(Trouble::Probe(reason) | Trouble::Refused(reason))) => Judgement::probe_error(reason),
        Err(_) => out_of_time(spec, phase),
    };
    let duration_us = clock.boot_us().saturating_sub(started_us);
    let expires_at = progress.shown.as_ref().and_then(Shown::earliest_expiry);
    let judgement = expiry_is_degraded(judgement, spec.certificate_warning_seconds, expires_at, clock.now().as_secs());
    let judgement = slow_is_degraded(judgement, spec.degraded_after_ms, duration_us);
    let outcome = ProbeOutcome { refused, repeated, duration_us, ..render_outcome(spec, &progress, judgement) };
    let certificates = progress.shown.as_ref().map(Shown::certificates).unwrap_or_default();
    let kind = spec.kind.as_ref().map_or("", CheckKind::name);
    Answered { outcome, detail: Detail { kind, local, certificates, ..progress.detail } }
}

/// Time ran out. A look at this very host that does not end is the probe's trouble; a plug-in stands for what it asks.
fn out_of_time(spec: &CheckSpec, phase: ProbePhase) -> Judgement {
    let reason = format!("no answer within {} ms", spec.timeout_ms);
    match &spec.kind {
        Some(CheckKind::Unit(_) | CheckKind::Process(_)) => Judgement::probe_error(reason),
        Some(_) | None => Judgement::failed(phase, reason),
    }
}

/// What is wrong with an assigned check; `None` when it can be asked.
fn refuse(spec: &CheckSpec) -> Option<String> {
    if spec.timeout_ms == 0 || spec.timeout_ms > TIMEOUT_MAX_MS {
        return Some(format!("assignment: timeout of {} ms is not 1 to {TIMEOUT_MAX_MS}", spec.timeout_ms));
    }
    if spec.interval_ms < 1000 {
        return Some(format!("assignment: interval of {} ms is below 1000", spec.interval_ms));
    }
    None
}

async fn ask(asking: &mut Asking<'_>) -> Result<Judgement, Trouble> {
    let spec = asking.spec;
    match &spec.kind {
        Some(CheckKind::Http(check)) => http::ask(asking, check).await,
        Some(CheckKind::Tcp(check)) => tcp::ask(asking, check).await,
        Some(CheckKind::Tls(check)) => tls::ask(asking, check).await,
        Some(CheckKind::Icmp(check)) => icmp::ask(asking, check).await,
        Some(CheckKind::Dns(check)) => dns::ask(asking, check).await,
        Some(CheckKind::Smtp(check)) => smtp::ask(asking, check).await,
        Some(CheckKind::Imap(check)) => imap::ask(asking, check).await,
        Some(CheckKind::Ssh(check)) => ssh::ask(asking, check).await,
        Some(CheckKind::Postgres(check)) => postgres::ask(asking, check).await,
        Some(CheckKind::Mysql(check)) => mysql::ask(asking, check).await,
        Some(CheckKind::Redis(check)) => redis::ask(asking, check).await,
        Some(CheckKind::Mqtt(check)) => mqtt::ask(asking, check).await,
        Some(CheckKind::Ntp(check)) => ntp::ask(asking, check).await,
        Some(CheckKind::Unit(check)) => unit::ask(asking, check).await,
        Some(CheckKind::Process(check)) => process::ask(asking, check).await,
        Some(CheckKind::Exec(check)) => exec::ask(asking, check).await,
        None => Err(asking.refuse("kind of check is not known to this agent")),
    }
}

/// A certificate that is about to expire turns ok into degraded, whatever was asked under it.
fn expiry_is_degraded(judgement: Judgement, warning_seconds: u32, expires_at: Option<i64>, now: i64) -> Judgement {
    let left = expires_at.map(|expires_at| expires_at.saturating_sub(now));
    let soon = left.filter(|left| warning_seconds > 0 && *left < i64::from(warning_seconds));
    match (judgement.verdict, soon) {
        (ProbeVerdict::Ok, Some(left)) if left <= 0 => {
            Judgement::degraded(ProbePhase::Tls, "certificate has expired".to_owned())
        }
        (ProbeVerdict::Ok, Some(left)) => {
            Judgement::degraded(ProbePhase::Tls, format!("certificate expires in {left} s"))
        }
        (
            ProbeVerdict::Ok
            | ProbeVerdict::Degraded
            | ProbeVerdict::Failed
            | ProbeVerdict::ProbeError
            | ProbeVerdict::Unspecified,
            _,
        ) => judgement,
    }
}

/// Slowness is the least of troubles: it only turns ok into degraded.
fn slow_is_degraded(judgement: Judgement, degraded_after_ms: u32, duration_us: u64) -> Judgement {
    let slow = degraded_after_ms > 0 && duration_us > u64::from(degraded_after_ms) * 1000;
    match judgement.verdict {
        ProbeVerdict::Ok if slow => {
            let reason = format!("answered after {} ms, later than {degraded_after_ms} ms", duration_us / 1000);
            Judgement::degraded(ProbePhase::Content, reason)
        }
        ProbeVerdict::Ok
        | ProbeVerdict::Degraded
        | ProbeVerdict::Failed
        | ProbeVerdict::ProbeError
        | ProbeVerdict::Unspecified => judgement,
    }
}

fn render_outcome(spec: &CheckSpec, progress: &Progress, judgement: Judgement) -> ProbeOutcome {
    let shown = progress.shown.as_ref();
    let certificates = if judgement.phase == ProbePhase::Tls {
        shown.map(Shown::certificates).unwrap_or_default()
    } else {
        Vec::new()
    };
    ProbeOutcome {
        check: cut_text(&spec.id),
        verdict: judgement.verdict as i32,
        phase: judgement.phase as i32,
        reason: cut_text(&judgement.reason),
        resolve_us: progress.resolve_us,
        connect_us: progress.connect_us,
        tls_us: progress.tls_us,
        first_byte_us: progress.first_byte_us,
        transfer_us: progress.transfer_us,
        http_status: progress.http_status.map(u32::from),
        body_bytes: progress.body_bytes,
        certificate_expires_at: shown.and_then(Shown::earliest_expiry),
        redirects: progress.redirects,
        tls_version: progress.tls_version,
        certificates,
        exit_code: progress.exit_code,
        answer: cut_text(&progress.answer),
        values: progress.values.clone(),
        ..ProbeOutcome::default()
    }
}

/// Whether this user may send ICMP echoes.
pub(crate) fn may_ping() -> bool {
    icmp::open(std::net::SocketAddr::from(([127, 0, 0, 1], 0))).is_ok()
}

/// The outcome on a host that permits nothing.
#[cfg(test)]
async fn outcome_of(spec: &CheckSpec) -> ProbeOutcome {
    probe(spec, &ProbeSite::default(), &Clock::system(), false, false).await.outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> CheckSpec {
        CheckSpec { id: "web".into(), interval_ms: 5000, timeout_ms: 1000, ..CheckSpec::default() }
    }

    #[tokio::test]
    async fn an_assignment_that_cannot_be_asked_is_a_probe_error_with_the_reason() {
        let cases = [
            (spec(), "kind of check is not known"),
            (CheckSpec { timeout_ms: 0, ..spec() }, "timeout of 0 ms"),
            (CheckSpec { timeout_ms: u32::MAX, ..spec() }, "timeout of 4294967295 ms"),
            (CheckSpec { interval_ms: 10, ..spec() }, "interval of 10 ms"),
        ];
        for (spec, reason) in cases {
            let outcome = outcome_of(&spec).await;
            assert_eq!((outcome.verdict(), outcome.refused), (ProbeVerdict::ProbeError, true));
            assert!(outcome.reason.contains(reason), "{}", outcome.reason);
        }
    }

    #[test]
    fn a_certificate_about_to_expire_turns_only_ok_into_degraded() {
        let judged = |judgement, warning, expires_at| expiry_is_degraded(judgement, warning, expires_at, 1000);
        assert_eq!(judged(Judgement::ok(), 100, Some(1100)), Judgement::ok());
        assert_eq!(judged(Judgement::ok(), 0, Some(0)), Judgement::ok());
        assert_eq!(judged(Judgement::ok(), 100, None), Judgement::ok());
        let soon = judged(Judgement::ok(), 100, Some(1099));
        assert_eq!((soon.verdict, soon.reason.as_str()), (ProbeVerdict::Degraded, "certificate expires in 99 s"));
        assert_eq!(judged(Judgement::ok(), 100, Some(1000)).reason, "certificate has expired");
        let failed = Judgement::failed(ProbePhase::Content, "x".into());
        assert_eq!(judged(failed.clone(), 100, Some(0)), failed);
    }

    #[test]
    fn slowness_turns_only_ok_into_degraded() {
        let slow = |judgement| slow_is_degraded(judgement, 100, 100_001).verdict;
        assert_eq!(slow(Judgement::ok()), ProbeVerdict::Degraded);
        assert_eq!(slow(Judgement::failed(ProbePhase::Tls, String::new())), ProbeVerdict::Failed);
        assert_eq!(slow(Judgement::probe_error(String::new())), ProbeVerdict::ProbeError);
        assert_eq!(slow_is_degraded(Judgement::ok(), 100, 100_000).verdict, ProbeVerdict::Ok);
        assert_eq!(slow_is_degraded(Judgement::ok(), 0, u64::MAX).verdict, ProbeVerdict::Ok);
    }
}
