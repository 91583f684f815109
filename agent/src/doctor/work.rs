//! What this host was asked to do: whether it can send echoes, whether any check cannot be asked as it is (secret,
//! plug-in, permission), whether the tools of its backup sets are there. What a service answers is no matter of health here.

use super::Finding;
use crate::backups::find_tool;
use crate::clock::Clock;
use crate::config::Config;
use crate::probes;
use pantau_shared::assignment::{Assignment, BackupSource, CheckKind, CheckSpec};
use pantau_shared::probe::ProbeVerdict;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;
use tokio::task::JoinSet;

/// Bound on a tool telling its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait for a check here, in milliseconds: only its own trouble is looked for.
const CHECK_TIMEOUT_MS: u32 = 10_000;

pub(super) async fn look(config: &Config, assignment: &Assignment, clock: &Clock) -> Vec<Finding> {
    let checks = config.probes.merge(&assignment.checks);
    let pings = checks.values().any(|(check, _)| matches!(check.kind, Some(CheckKind::Icmp(_))));
    let mut findings = vec![echoes(probes::may_ping(), pings)];
    findings.extend(ask_all(config, checks, clock).await);
    findings.extend(tools(config, assignment).await);
    findings
}

fn echoes(may: bool, wanted: bool) -> Finding {
    let told = "this user may not send ICMP echoes";
    let mend =
        "write `net.ipv4.ping_group_range = 0 2147483647` to /etc/sysctl.d/60-ping.conf and run `sysctl --system`";
    match (may, wanted) {
        (true, _) => Finding::good("icmp", "echoes can be sent"),
        (false, true) => Finding::bad("icmp", format!("{told}, and a check wants to"), mend),
        (false, false) => Finding::missing("icmp", format!("{told}; no check wants to"), mend),
    }
}

/// Asks every check once, all at the same time, and keeps those whose asking itself failed.
async fn ask_all(config: &Config, checks: BTreeMap<String, (CheckSpec, bool)>, clock: &Clock) -> Vec<Finding> {
    if checks.is_empty() {
        return Vec::new();
    }
    let count = checks.len();
    let site = Arc::new(config.probes.site.clone());
    let mut asking = JoinSet::new();
    for (mut check, local) in checks.into_values() {
        let (site, clock) = (Arc::clone(&site), clock.clone());
        check.timeout_ms = check.timeout_ms.min(CHECK_TIMEOUT_MS);
        asking.spawn(async move { probes::probe(&check, &site, &clock, false, local).await.outcome });
    }
    let mut troubles: Vec<(String, String)> = Vec::new();
    while let Some(asked) = asking.join_next().await {
        if let Ok(outcome) = asked
            && outcome.verdict() == ProbeVerdict::ProbeError
        {
            troubles.push((outcome.check, outcome.reason));
        }
    }
    troubles.sort();
    if troubles.is_empty() {
        return vec![Finding::good("checks", format!("{count} can be asked"))];
    }
    let finding = |(check, reason): (String, String)| {
        let mend =
            "the reason names the setting, file or permission; what the collector assigns is mended in its catalogue";
        Finding::bad("checks", format!("{check} cannot be asked: {reason}"), mend)
    };
    troubles.into_iter().map(finding).collect()
}

/// The program that a set needs, and how it tells its version.
fn tool_of(source: &BackupSource) -> Option<(&'static str, &'static str)> {
    match source {
        BackupSource::Restic(_) => Some(("restic", "version")),
        BackupSource::Borg(_) => Some(("borg", "--version")),
        BackupSource::PgBackRest(_) => Some(("pgbackrest", "version")),
        BackupSource::Wal(_) => Some(("psql", "--version")),
        BackupSource::Zfs(_) => Some(("zfs", "version")),
        BackupSource::Files(_) | BackupSource::Runs(_) => None,
    }
}

async fn tools(config: &Config, assignment: &Assignment) -> Vec<Finding> {
    let mut needed: BTreeMap<&str, (&str, Vec<&str>)> = BTreeMap::new();
    for set in &assignment.backups {
        if let Some((program, argument)) = set.source.as_ref().and_then(tool_of) {
            needed.entry(program).or_insert((argument, Vec::new())).1.push(&set.id);
        }
    }
    let mut findings = Vec::new();
    for (program, (argument, sets)) in needed {
        findings.push(tool(config.backup_tools, program, argument, &sets.join(", ")).await);
    }
    findings
}

async fn tool(allowed: bool, program: &'static str, argument: &str, sets: &str) -> Finding {
    if !allowed {
        let told = format!("{program} may not be started on this host, but {sets} needs it");
        return Finding::bad("backups", told, "set backups.tools = true, or take the set off this host");
    }
    let Some(path) = find_tool(program) else {
        let told = format!("{program} is not installed, but {sets} needs it");
        return Finding::bad("backups", told, format!("install the package that brings {program}"));
    };
    let child = Command::new(&path)
        .arg(argument)
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let told = match child {
        Ok(child) => match tokio::time::timeout(VERSION_TIMEOUT, child.wait_with_output()).await {
            Ok(Ok(output)) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
            Ok(_) | Err(_) => String::new(),
        },
        Err(_) => String::new(),
    };
    match told.lines().next().filter(|line| !line.is_empty()) {
        Some(version) => Finding::good("backups", format!("{version} (for {sets})")),
        None => Finding::bad(
            "backups",
            format!("{} tells no version, but {sets} needs it", path.display()),
            format!("run `{} {argument}` as this user and see why", path.display()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::doctor::Level;
    use pantau_shared::assignment::{BackupRestic, BackupWatch, TcpCheck};

    fn config() -> Config {
        Config::load(None).expect("defaults")
    }

    #[tokio::test]
    async fn only_the_asking_s_own_trouble_is_told() {
        let spec = |id: &str, kind| CheckSpec {
            id: id.into(),
            interval_ms: 1000,
            timeout_ms: 500,
            kind,
            ..CheckSpec::default()
        };
        let down = TcpCheck { host: "127.0.0.1".into(), port: 1, ..TcpCheck::default() };
        let assignment = Assignment {
            checks: vec![spec("down", Some(CheckKind::Tcp(down))), spec("odd", None)],
            ..Assignment::default()
        };
        let findings = ask_all(&config(), config().probes.merge(&assignment.checks), &Clock::system()).await;
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].level == Level::Bad && findings[0].told.starts_with("odd cannot be asked: "));
    }

    #[tokio::test]
    async fn a_tool_is_told_by_its_version_or_what_keeps_it() {
        assert!(tool(false, "restic", "version", "db").await.told.contains("may not be started"));
        assert!(tool(true, "no-such-tool", "version", "db").await.told.contains("not installed"));
        assert_eq!(tool(true, "bash", "--version", "db").await.level, Level::Good);
        assert_eq!(tool(true, "false", "--version", "db, web").await.level, Level::Bad);
        let restic = BackupSource::Restic(BackupRestic::default());
        let set = BackupWatch { id: "db".into(), source: Some(restic), ..BackupWatch::default() };
        let assignment = Assignment { backups: vec![set.clone(), set], ..Assignment::default() };
        let findings = tools(&Config { backup_tools: false, ..config() }, &assignment).await;
        assert!(findings.len() == 1 && findings[0].told.contains("db, db"), "{findings:?}");
    }

    #[test]
    fn echoes_matter_when_a_check_sends_them() {
        assert_eq!(echoes(true, true).level, Level::Good);
        assert_eq!((echoes(false, true).level, echoes(false, false).level), (Level::Bad, Level::Missing));
    }
}
