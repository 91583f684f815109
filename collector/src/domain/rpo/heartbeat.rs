//! Jobs that tell of themselves: from signals and planned slots to runs and alarms (engines C.2, heartbeats).
//!
//! ```text
//!            slot − early      slot      slot + start grace
//! start must ──[────────────────┼────────────────]── lie here, else `tidak_mulai` at the end of it
//! end   must come by start + max runtime, else `terlalu_lama` then; not before start + min runtime: `terlalu_singkat`
//! fail  is `gagal` at once
//! ```
//!
//! Four separate numbers, because lateness of a start and length of a run are two things. An end finds its start by the
//! run id; without one, the newest start that has none either. An end without a start began its known duration earlier; where
//! that is not known its data are of its end, which is too young: flagged, and the slot is kept by an end in time.
//! Times are the receiver's clock less the sender's monotonic age; turning cron into slots is not done here.

use pantau_shared::backup::BackupStatus;
use pantau_shared::timestamp::Timestamp;

/// What a job says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// It failed; a non-zero exit code is this too.
    Fail,
    /// It began.
    Start,
    /// It ended well.
    Success,
}

/// One signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// When.
    pub at: Timestamp,
    /// What.
    pub signal: Signal,
    /// Which run, where the job tells.
    pub run: Option<String>,
}

/// What a job is held to, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerances {
    /// It may start so much before its slot.
    pub early_s: u32,
    /// It must have started so long after its slot.
    pub start_grace_s: u32,
    /// It must have ended so long after its start.
    pub runtime_s_max: u32,
    /// A shorter run did nothing.
    pub runtime_s_min: Option<u32>,
    /// How long a run takes, for jobs that tell only of their end.
    pub known_duration_s: Option<u32>,
}

/// Where a run's data time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunBasis {
    /// Its end, for want of better: too young by the length of the run.
    End,
    /// Its end less the known duration.
    KnownDuration,
    /// Its start.
    Start,
}

impl RunBasis {
    /// The code in the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::End => "akhir",
            Self::KnownDuration => "perkiraan_durasi",
            Self::Start => "mulai",
        }
    }
}

/// A run that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The moment of its data.
    pub data_time: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// How long it took, where its start was told.
    pub duration_s: Option<u64>,
    /// Ok or failed.
    pub status: BackupStatus,
    /// What the data time rests on.
    pub basis: RunBasis,
}

/// What is wrong with a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlarmKind {
    /// It said so.
    Failed,
    /// Nothing began in time for a slot.
    NotStarted,
    /// It is still running.
    TooLong,
    /// It ended well sooner than it can.
    TooShort,
}

impl AlarmKind {
    /// The code in the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Failed => "gagal",
            Self::NotStarted => "tidak_mulai",
            Self::TooLong => "terlalu_lama",
            Self::TooShort => "terlalu_singkat",
        }
    }
}

/// Runs by their end, alarms by their instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// What ended.
    pub runs: Vec<Run>,
    /// What was or is wrong.
    pub alarms: Vec<(Timestamp, AlarmKind)>,
}

/// A run's begin and end as far as slots and run times are concerned.
struct Activity<'a> {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    run: Option<&'a str>,
}

/// Judges the signals up to `now` against the slots.
pub fn evaluate(tolerances: &Tolerances, slots: &[Timestamp], pings: &[Ping], now: Timestamp) -> Judged {
    let mut pings: Vec<&Ping> = pings.iter().filter(|ping| ping.at <= now).collect();
    pings.sort_by_key(|ping| ping.at);
    let (mut judged, mut activities) = (Judged::default(), Vec::<Activity<'_>>::new());
    for ping in pings {
        let run = ping.run.as_deref();
        if ping.signal == Signal::Start {
            activities.push(Activity { start: Some(ping.at), end: None, run });
            continue;
        }
        let open = activities.iter_mut().rev().find(|a| a.start.is_some() && a.end.is_none() && a.run == run);
        let start = open.and_then(|activity| {
            activity.end = Some(ping.at);
            activity.start
        });
        if start.is_none() {
            let known = tolerances.known_duration_s.map(|s| ping.at.plus_secs(-i64::from(s)));
            activities.push(Activity { start: known, end: Some(ping.at), run });
        }
        close(&mut judged, tolerances, start, ping);
    }
    let late = |activity: &Activity<'_>| {
        let due = activity.start?.plus_secs(tolerances.runtime_s_max.into());
        (now >= due && activity.end.is_none_or(|end| end > due)).then_some((due, AlarmKind::TooLong))
    };
    judged.alarms.extend(activities.iter().filter_map(late));
    judged.alarms.extend(slots.iter().filter_map(|slot| missed(tolerances, *slot, &activities, now)));
    judged.alarms.sort_unstable();
    judged
}

/// A run has ended.
fn close(judged: &mut Judged, tolerances: &Tolerances, start: Option<Timestamp>, ping: &Ping) {
    let duration_s = start.map(|start| u64::try_from(ping.at.ms_since(start) / 1000).unwrap_or(0));
    let short = tolerances.runtime_s_min.zip(duration_s).is_some_and(|(least, took)| took < u64::from(least));
    let alarm = match ping.signal {
        Signal::Fail => Some(AlarmKind::Failed),
        Signal::Start | Signal::Success => short.then_some(AlarmKind::TooShort),
    };
    judged.alarms.extend(alarm.map(|kind| (ping.at, kind)));
    let known = tolerances.known_duration_s.map(|s| ping.at.plus_secs(-i64::from(s)));
    let (data_time, basis) = match (start, known) {
        (Some(start), _) => (start, RunBasis::Start),
        (None, Some(known)) => (known, RunBasis::KnownDuration),
        (None, None) => (ping.at, RunBasis::End),
    };
    let status = if alarm.is_none() { BackupStatus::Ok } else { BackupStatus::Failed };
    judged.runs.push(Run { data_time, end: ping.at, duration_s, status, basis });
}

/// The alarm of a slot that nothing began in time for.
fn missed(
    tolerances: &Tolerances,
    slot: Timestamp,
    activities: &[Activity<'_>],
    now: Timestamp,
) -> Option<(Timestamp, AlarmKind)> {
    let earliest = slot.plus_secs(-i64::from(tolerances.early_s));
    let due = slot.plus_secs(tolerances.start_grace_s.into());
    let end_due = due.plus_secs(tolerances.runtime_s_max.into());
    let kept = activities.iter().any(|activity| match (activity.start, activity.end) {
        (Some(start), _) => earliest <= start && start <= due,
        (None, end) => end.is_some_and(|end| earliest <= end && end <= end_due),
    });
    (now >= due && !kept).then_some((due, AlarmKind::NotStarted))
}
