//! A job that tells of itself, now: what it did, whether something is wrong with it, and when that is next to be asked.
//!
//! Judges the newest signals only ([`PINGS_MAX`], [`SLOTS_MAX`]): what was wrong before them is in the log of tickets.
//! Something is wrong until a run ends well. Does not know who sent the signals.

use super::heartbeat::{AlarmKind, Ping, Run, Signal, Tolerances, evaluate};
use super::schedule::Schedule;
use chrono_tz::Tz;
use pantau_shared::backup::BackupStatus;
use pantau_shared::timestamp::Timestamp;

/// Signals that are looked at.
pub const PINGS_MAX: usize = 256;
/// Slots that are looked at.
const SLOTS_MAX: usize = 64;

/// What a job is held to.
#[derive(Debug, Clone, PartialEq)]
pub struct JobPlan {
    /// When it is to run; none: only what it says of itself counts.
    pub schedule: Option<Schedule>,
    /// Its four numbers.
    pub tolerances: Tolerances,
    /// The zone of cron lines that name none.
    pub zone: Tz,
    /// Since when it is watched: nothing was expected before.
    pub since: Timestamp,
}

/// A job now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobState {
    /// Since when it is running.
    pub running_since: Option<Timestamp>,
    /// Its newest run that ended well.
    pub succeeded: Option<Run>,
    /// What is wrong, and since when.
    pub alarm: Option<(Timestamp, AlarmKind)>,
    /// When it is to start next.
    pub next_slot: Option<Timestamp>,
    /// When passing of time alone may change this.
    pub next_look: Option<Timestamp>,
}

/// Judges the signals, in order of time, at `now`; the runs that ended, and how it stands.
pub fn judge(plan: &JobPlan, pings: &[Ping], now: Timestamp) -> (Vec<Run>, JobState) {
    let pings = pings.get(pings.len().saturating_sub(PINGS_MAX)..).unwrap_or_default();
    // Of what came before the signals that are held, nothing can be said.
    let from = match pings.first() {
        Some(first) if pings.len() == PINGS_MAX => plan.since.max(first.at),
        Some(_) | None => plan.since,
    };
    let begun = |ping: &&Ping| ping.signal == Signal::Start;
    let last_run = pings.iter().rev().find(begun).or(pings.last()).map(|ping| ping.at);
    let slots_to = |to| {
        let schedule = plan.schedule.as_ref();
        schedule.map_or_else(Vec::new, |schedule| schedule.slots(plan.zone, from, to, last_run, SLOTS_MAX))
    };
    let slots = slots_to(now.plus_ms(1));
    let judged = evaluate(&plan.tolerances, &slots, pings, now);
    let succeeded = judged.runs.iter().rev().find(|run| run.status == BackupStatus::Ok).copied();
    let good_since = |at: Timestamp| succeeded.is_some_and(|run| run.end >= at);
    let alarm = judged.alarms.iter().rev().find(|(at, _)| !good_since(*at)).copied();
    // The alarm that began all that is still wrong.
    let first = judged.alarms.iter().find(|(at, _)| !good_since(*at)).copied();
    let running_since = pings.iter().rev().find(begun).filter(|start| {
        !pings.iter().any(|ping| ping.signal != Signal::Start && ping.run == start.run && ping.at >= start.at)
    });
    let next_slot = plan.schedule.as_ref().and_then(|schedule| match schedule {
        Schedule::Cron { .. } => schedule.next_after(now, plan.zone),
        Schedule::Every(seconds) => {
            Some(last_run.unwrap_or(plan.since).max(plan.since).plus_secs((*seconds).into())).filter(|at| *at > now)
        }
    });
    let grace = i64::from(plan.tolerances.start_grace_s);
    let late_starts = slots.iter().chain(&next_slot).map(|slot| slot.plus_secs(grace));
    let late_end = running_since.map(|start| start.at.plus_secs(plan.tolerances.runtime_s_max.into()));
    let state = JobState {
        running_since: running_since.map(|start| start.at),
        succeeded,
        alarm: first.zip(alarm).map(|((since, _), (_, kind))| (since, kind)),
        next_slot,
        next_look: late_starts.chain(late_end).filter(|at| *at > now).min(),
    };
    (judged.runs, state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::Jakarta;

    const S: fn(i64) -> Timestamp = Timestamp::from_secs;
    /// Midnight in Jakarta.
    const DAY: i64 = 1_780_246_800;

    fn plan(schedule: Schedule) -> JobPlan {
        let tolerances = Tolerances {
            early_s: 300,
            start_grace_s: 600,
            runtime_s_max: 3600,
            runtime_s_min: Some(60),
            known_duration_s: None,
        };
        JobPlan { schedule: Some(schedule), tolerances, zone: Jakarta, since: S(DAY) }
    }

    fn ping(at: i64, signal: Signal) -> Ping {
        Ping { at: S(DAY + at), signal, run: None }
    }

    /// Alarm kind and since when, and when to look next; in seconds of the day.
    fn check(schedule: Schedule, pings: &[Ping], now: i64, alarm: Option<(i64, AlarmKind)>, look: i64) {
        let (_, state) = judge(&plan(schedule), pings, S(DAY + now));
        assert_eq!(state.alarm, alarm.map(|(at, kind)| (S(DAY + at), kind)), "at {now}");
        assert_eq!(state.next_look, Some(S(DAY + look)), "at {now}");
    }

    #[test]
    fn a_nightly_job_is_missed_and_is_well_again_after_a_good_run() {
        const HOUR: i64 = 3600;
        let nightly = || Schedule::cron("0 1 * * *", None).expect("valid");
        check(nightly(), &[], HOUR + 599, None, HOUR + 600);
        check(nightly(), &[], HOUR + 600, Some((HOUR + 600, AlarmKind::NotStarted)), 25 * HOUR + 600);
        let late = [ping(2 * HOUR, Signal::Start)];
        check(nightly(), &late, 2 * HOUR, Some((HOUR + 600, AlarmKind::NotStarted)), 3 * HOUR);
        let failed = [late[0].clone(), ping(2 * HOUR + 100, Signal::Fail)];
        check(nightly(), &failed, 3 * HOUR, Some((HOUR + 600, AlarmKind::Failed)), 25 * HOUR + 600);
        let good = [late[0].clone(), ping(2 * HOUR + 100, Signal::Success)];
        check(nightly(), &good, 3 * HOUR, None, 25 * HOUR + 600);
        let early = [ping(HOUR - 200, Signal::Start), ping(HOUR, Signal::Success)];
        check(nightly(), &early, 2 * HOUR, None, 25 * HOUR + 600);
    }

    #[test]
    fn runs_that_are_too_long_or_too_short_are_told() {
        let every = || Schedule::Every(7200);
        let started = [ping(0, Signal::Start)];
        check(every(), &started, 3599, None, 3600);
        check(every(), &started, 3600, Some((3600, AlarmKind::TooLong)), 7800);
        let short = [ping(0, Signal::Start), ping(10, Signal::Success)];
        check(every(), &short, 100, Some((10, AlarmKind::TooShort)), 7800);
    }

    #[test]
    fn a_period_counts_from_the_last_run_and_from_the_begin_of_watching() {
        let every = || Schedule::Every(3600);
        check(every(), &[], 4199, None, 4200);
        let (_, state) = judge(&plan(every()), &[], S(DAY + 4200));
        assert_eq!((state.alarm, state.next_look), (Some((S(DAY + 4200), AlarmKind::NotStarted)), None));
    }
}
