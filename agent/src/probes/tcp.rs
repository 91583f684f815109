//! A TCP connection that must be accepted.

use super::connect::connect;
use super::{Judgement, Progress, Trouble};
use crate::clock::Clock;
use pantau_shared::assignment::{CheckSpec, TcpCheck};
use std::time::Duration;

/// Connects and hangs up.
pub(super) async fn ask(
    spec: &CheckSpec,
    check: &TcpCheck,
    clock: &Clock,
    progress: &mut Progress,
) -> Result<Judgement, Trouble> {
    let port = u16::try_from(check.port).ok().filter(|&port| port > 0);
    let port = port.ok_or_else(|| Trouble::Probe(format!("assignment: {} is not a port", check.port)))?;
    if check.host.is_empty() {
        return Err(Trouble::Probe("assignment: no host to connect to".to_owned()));
    }
    let bound = Duration::from_millis(u64::from(spec.timeout_ms));
    connect(&check.host, port, bound, clock, progress).await?;
    Ok(Judgement::ok())
}

#[cfg(test)]
mod tests {
    use super::super::probe;
    use super::*;
    use pantau_shared::assignment::CheckKind;
    use pantau_shared::probe::{ProbeOutcome, ProbePhase, ProbeVerdict};
    use tokio::net::TcpListener;

    async fn outcome(host: &str, port: u32) -> ProbeOutcome {
        let kind = Some(CheckKind::Tcp(TcpCheck { host: host.into(), port, ..TcpCheck::default() }));
        let spec = CheckSpec { id: "db".into(), interval_ms: 5000, timeout_ms: 2000, kind, ..CheckSpec::default() };
        probe(&spec, &Clock::system(), false).await
    }

    #[tokio::test]
    async fn accepted_is_ok_and_refused_is_failed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = u32::from(listener.local_addr().expect("address").port());
        let ok = outcome("127.0.0.1", port).await;
        assert_eq!((ok.verdict(), ok.reason.as_str()), (ProbeVerdict::Ok, ""));
        assert!(ok.connect_us.is_some() && ok.tls_us.is_none());
        drop(listener);
        let refused = outcome("127.0.0.1", port).await;
        assert_eq!((refused.verdict(), refused.phase()), (ProbeVerdict::Failed, ProbePhase::Connect));
        assert!(refused.reason.contains("refused"), "{}", refused.reason);
    }

    #[tokio::test]
    async fn bad_assignments_and_bad_names() {
        assert_eq!(outcome("127.0.0.1", 0).await.verdict(), ProbeVerdict::ProbeError);
        assert_eq!(outcome("127.0.0.1", 70_000).await.verdict(), ProbeVerdict::ProbeError);
        assert_eq!(outcome("", 80).await.verdict(), ProbeVerdict::ProbeError);
        let unknown = outcome("no such host.invalid", 80).await;
        assert_eq!((unknown.verdict(), unknown.phase()), (ProbeVerdict::Failed, ProbePhase::Resolve));
    }
}
