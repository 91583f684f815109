//! Runs under the agent's wrapper `backup-run` as signals: what a job tells over its heartbeat and what the wrapper saw of it
//! are judged alike. A run that verified made no backup and is left out.

use super::heartbeat::{Ping, Signal};
use pantau_shared::backup::{BackupRun, BackupStatus};
use pantau_shared::timestamp::Timestamp;

/// Start and end of each run, by time. A partial backup is one that ended: whether it counts is the set's policy.
pub fn pings_of(runs: &[BackupRun]) -> Vec<Ping> {
    let mut pings: Vec<Ping> = runs.iter().filter(|run| !run.verifies).flat_map(signals).collect();
    pings.sort_by_key(|ping| ping.at);
    pings
}

fn signals(run: &BackupRun) -> impl Iterator<Item = Ping> {
    let ping = |ms: i64, signal| Ping { at: Timestamp::from_ms(ms), signal, run: Some(run.id.clone()) };
    let how = match run.status() {
        BackupStatus::Ok | BackupStatus::Partial => Some(Signal::Success),
        BackupStatus::Failed => Some(Signal::Fail),
        BackupStatus::Running | BackupStatus::Unspecified => None,
    };
    // A wrapper that died tells of no end; its command did not end well, and not before it began.
    let end = how.map(|how| ping(run.ended_at_ms.unwrap_or(run.started_at_ms), how));
    [Some(ping(run.started_at_ms, Signal::Start)), end].into_iter().flatten()
}

/// Adds what is new of `more` to `pings` and keeps the newest `limit`, by time; whether anything was new.
pub fn merge(pings: &mut Vec<Ping>, more: Vec<Ping>, limit: usize) -> bool {
    let before = pings.last().map(|ping| ping.at);
    let count = pings.len();
    for ping in more {
        if !pings.contains(&ping) {
            pings.push(ping);
        }
    }
    let grew = pings.len() > count;
    pings.sort_by_key(|ping| ping.at);
    pings.drain(..pings.len().saturating_sub(limit));
    // At the bound an old one that comes again and goes again is nothing new.
    grew && (count < limit || pings.last().map(|ping| ping.at) != before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str, start: i64, end: Option<i64>, status: BackupStatus) -> BackupRun {
        BackupRun {
            id: id.into(),
            started_at_ms: start,
            ended_at_ms: end,
            status: status as i32,
            ..BackupRun::default()
        }
    }

    #[test]
    fn a_run_is_its_start_and_how_it_ended() {
        let runs = [
            run("b", 50, Some(60), BackupStatus::Failed),
            run("a", 10, Some(20), BackupStatus::Partial),
            run("c", 70, None, BackupStatus::Running),
            run("d", 80, None, BackupStatus::Failed),
            BackupRun { verifies: true, ..run("v", 5, Some(6), BackupStatus::Ok) },
        ];
        let told: Vec<_> = pings_of(&runs).into_iter().map(|p| (p.at.as_ms(), p.signal, p.run)).collect();
        let of = |at, signal, id: &str| (at, signal, Some(id.to_owned()));
        let expected = [
            of(10, Signal::Start, "a"),
            of(20, Signal::Success, "a"),
            of(50, Signal::Start, "b"),
            of(60, Signal::Fail, "b"),
            of(70, Signal::Start, "c"),
            of(80, Signal::Start, "d"),
            of(80, Signal::Fail, "d"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_told_again_is_not_new_also_at_the_bound() {
        let runs = [run("a", 10, Some(20), BackupStatus::Ok), run("b", 30, Some(40), BackupStatus::Ok)];
        let mut pings = Vec::new();
        assert!(merge(&mut pings, pings_of(&runs), 3));
        assert_eq!((pings.len(), pings[0].at.as_ms()), (3, 20));
        assert!(!merge(&mut pings, pings_of(&runs), 3));
        assert!(merge(&mut pings, pings_of(&[run("c", 50, None, BackupStatus::Running)]), 3));
    }
}
