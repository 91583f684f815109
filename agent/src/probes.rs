//! Asks a service once and says what was seen. Whether that is an outage, the collector judges.
//!
//! One row of [`ask`] for each kind of check. An answer is `ok`, `degraded`, `failed` or `probe_error`; the last one
//! means that the asking itself could not be made (bad assignment, no socket), which says nothing about the service.

mod connect;
mod http;
mod tcp;

use crate::clock::Clock;
use crate::tls::Expiry;
use pantau_shared::assignment::{CheckKind, CheckSpec};
use pantau_shared::limits::cut_text;
use pantau_shared::probe::{ProbeOutcome, ProbePhase, ProbeVerdict};
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
    expiry: Option<Expiry>,
    redirects: u32,
}

impl Progress {
    /// Enters a phase; gives when, for [`Progress::lap`].
    fn enter(&mut self, phase: ProbePhase, clock: &Clock) -> u64 {
        self.phase = Some(phase);
        clock.boot_us()
    }

    /// Adds the time since `from_us` to a phase's duration: redirects add up.
    fn lap(duration_us: &mut Option<u64>, from_us: u64, clock: &Clock) {
        *duration_us = Some(duration_us.unwrap_or(0) + clock.boot_us().saturating_sub(from_us));
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

/// Asks once, within the check's bound.
pub(crate) async fn probe(spec: &CheckSpec, clock: &Clock, repeated: bool) -> ProbeOutcome {
    let started_us = clock.boot_us();
    let mut progress = Progress::default();
    let judgement = match refuse(spec) {
        Some(reason) => Judgement::probe_error(reason),
        None => {
            let bound = Duration::from_millis(u64::from(spec.timeout_ms));
            let asked = tokio::time::timeout(bound, ask(spec, clock, &mut progress)).await;
            match asked {
                Ok(Ok(judgement)) => judgement,
                Ok(Err(Trouble::Failed(reason))) => {
                    Judgement::failed(progress.phase.unwrap_or(ProbePhase::Unspecified), reason)
                }
                Ok(Err(Trouble::Probe(reason))) => Judgement::probe_error(reason),
                Err(_) => {
                    let reason = format!("no answer within {} ms", spec.timeout_ms);
                    Judgement::failed(progress.phase.unwrap_or(ProbePhase::Unspecified), reason)
                }
            }
        }
    };
    let duration_us = clock.boot_us().saturating_sub(started_us);
    let judgement = slow_is_degraded(judgement, spec.degraded_after_ms, duration_us);
    render_outcome(spec, &progress, judgement, duration_us, repeated)
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

async fn ask(spec: &CheckSpec, clock: &Clock, progress: &mut Progress) -> Result<Judgement, Trouble> {
    match &spec.kind {
        Some(CheckKind::Http(check)) => http::ask(spec, check, clock, progress).await,
        Some(CheckKind::Tcp(check)) => tcp::ask(spec, check, clock, progress).await,
        Some(kind) => Err(Trouble::Probe(format!("assignment: this agent cannot ask {}", kind.name()))),
        None => Err(Trouble::Probe("assignment: kind of check is not known to this agent".to_owned())),
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

fn render_outcome(
    spec: &CheckSpec,
    progress: &Progress,
    judgement: Judgement,
    duration_us: u64,
    repeated: bool,
) -> ProbeOutcome {
    ProbeOutcome {
        check: cut_text(&spec.id),
        verdict: judgement.verdict as i32,
        phase: judgement.phase as i32,
        reason: cut_text(&judgement.reason),
        duration_us,
        resolve_us: progress.resolve_us,
        connect_us: progress.connect_us,
        tls_us: progress.tls_us,
        first_byte_us: progress.first_byte_us,
        transfer_us: progress.transfer_us,
        http_status: progress.http_status.map(u32::from),
        body_bytes: progress.body_bytes,
        certificate_expires_at: progress.expiry.as_ref().and_then(Expiry::get),
        repeated,
        redirects: progress.redirects,
        ..ProbeOutcome::default()
    }
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
            let outcome = probe(&spec, &Clock::system(), false).await;
            assert_eq!(outcome.verdict(), ProbeVerdict::ProbeError);
            assert!(outcome.reason.contains(reason), "{}", outcome.reason);
        }
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
