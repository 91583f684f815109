//! What the simulated office tells of its backups beyond looks: a nightly job with a heartbeat, and a restore drill with the
//! seven steps of Tabel 9. Knows no store and no clock.

use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::rpo::proof::RecoveryEntry;
use crate::store::heartbeats::{Signal, SignalKind};
use pantau_shared::ids::{BackupSetId, IdError};
use pantau_shared::timestamp::Timestamp;

/// The set whose job tells of itself.
const JOB: &str = "website-unggahan";
const DAY_S: i64 = 86_400;
/// 02:00 WIB in seconds of the UTC day.
const NIGHT_S: i64 = 19 * 3600;
/// How long its runs take: so long, and up to ten minutes more.
const RUN_S: i64 = 14 * 60;
/// The drill was so many days before the end of the past.
const DRILL_DAYS: i64 = 20;

/// The set whose job tells of itself.
pub(super) fn job() -> Result<BackupSetId, IdError> {
    BackupSetId::parse(JOB)
}

/// What the job tells in `(from, to]`, in order: that it begins at two at night, and that it ended well.
pub(super) fn signals(window: Interval) -> Vec<Signal> {
    let first = window.from.as_secs().div_euclid(DAY_S) - 1;
    let last = window.to.as_secs().div_euclid(DAY_S);
    let night = |day: i64| {
        let begun = Timestamp::from_secs(day * DAY_S + NIGHT_S);
        let ended = begun.plus_secs(RUN_S + day * 97 % 600);
        let of = |at, kind, exit_code| Signal {
            at,
            kind,
            run: Some(format!("malam-{day}")),
            exit_code,
            body: if exit_code.is_some() { b"rsync: 1.284 berkas, 3,1 GB".to_vec() } else { Vec::new() },
        };
        [of(begun, SignalKind::Start, None), of(ended, SignalKind::Success, Some(0))]
    };
    let within = |signal: &Signal| window.from < signal.at && signal.at <= window.to;
    (first..=last).flat_map(night).filter(within).collect()
}

/// The restore drill of the personnel system, within its RTO of twelve hours and its RPO.
pub(super) fn drill(end: Timestamp) -> Result<RecoveryEntry, IdError> {
    let morning = end.as_secs().div_euclid(DAY_S) - DRILL_DAYS;
    // Half past eight, WIB.
    let begun = Timestamp::from_secs(morning * DAY_S + 5_400);
    let after = |minutes: i64| Some(begun.plus_secs(minutes * 60));
    Ok(RecoveryEntry {
        id: 0,
        service: ServiceId::parse("simpeg")?,
        drill: true,
        scenario: "Server basis data dianggap rusak; dump terakhir dipulihkan ke mesin cadangan".into(),
        disaster_at: begun,
        decided_at: after(25),
        started_at: after(40),
        up_at: after(150),
        confirmed_at: after(185),
        recovered_data_time: Some(begun.plus_secs(-7 * 3600)),
        succeeded: true,
        steps: [after(10), after(20), after(25), after(30), after(185), after(240), after(300)],
        note: "Kata sandi akun replikasi tidak ada di DRP; sudah ditambahkan".into(),
        rto_seconds: None,
        rpo_seconds: None,
        actor: "dian".into(),
        recorded_at: end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_night_is_told_once_whatever_the_steps() {
        let start = Timestamp::from_secs(1_790_000_000);
        let whole = signals(Interval::new(start, start.plus_secs(5 * DAY_S)));
        assert_eq!(whole.len(), 10);
        let hours =
            (0..5 * 24).map(|hour| Interval::new(start.plus_secs(hour * 3600), start.plus_secs((hour + 1) * 3600)));
        assert_eq!(hours.flat_map(signals).collect::<Vec<_>>(), whole);
    }

    #[test]
    fn the_drill_is_whole_and_kept_its_bounds() {
        let end = Timestamp::from_secs(1_790_000_000);
        let entry =
            RecoveryEntry { rto_seconds: Some(43_200), rpo_seconds: Some(93_600), ..drill(end).expect("valid") };
        assert_eq!(entry.check(end), Ok(()));
        assert!(entry.steps.iter().all(Option::is_some));
        let achieved = entry.achieved().expect("both ends");
        assert_eq!((achieved.rto_met, achieved.rpo_met), (Some(true), Some(true)));
    }
}
