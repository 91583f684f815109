//! How many bytes a site takes on disk: hosts × series × period × keep, and what stays for ever.
//!
//! ```text
//! raw samples     hosts · series · (day / period) · days kept         · RAW
//! five minutes    hosts · series · 288            · days kept         · FIVE_MINUTE
//! one hour        hosts · series · 24             · days kept         · ONE_HOUR
//! waiting         hosts · series · (day / period) · WAITING_HOURS/24  · FRAME
//! probe answers   answers a day                   · days kept (raw)   · ANSWER
//! for ever        (services · SERVICE_DAY + looks a day that see something new · LOOK) · days
//! once            FIXED
//! ```
//!
//! Every figure is an upper estimate by the constants below, each with where it was measured; a tenth is added for pages
//! that are not full. With a cap the raw samples go early: the estimate says to how many days. Knows no disk and no
//! file; does not know which host has which series.

use super::catalogue::{BackupSet, Catalogue};
use pantau_shared::ids::HostId;
use std::collections::BTreeSet;

/// Bytes of one raw sample in a closed chunk, in thousandths: 0.508 of the recorded trace (`chunk_cost`), and the row's own.
pub const RAW_MILLIBYTES: u64 = 540;
/// Bytes of one five-minute point of a series (lowest, highest, sum and count together, with a share of the computed series),
/// in thousandths: 54.6 KB a day and host of the trace (`chunk_cost`).
pub const FIVE_MINUTE_MILLIBYTES: u64 = 2_400;
/// The same of one hour: 68.6 KB a month and host of the trace (`chunk_cost`).
pub const ONE_HOUR_MILLIBYTES: u64 = 1_200;
/// Bytes of one sample in a frame that waits for its chunk, in thousandths: a frame of 82 samples takes about 620 bytes
/// (`ingest_cost`).
pub const FRAME_MILLIBYTES: u64 = 7_600;
/// Frames wait until their hour has ended, its chunk is made and their pages are given back.
pub const WAITING_HOURS: u64 = 3;
/// Bytes of one probe answer with its index (test `the_constants_are_what_the_store_takes`).
pub const ANSWER_BYTES: u64 = 120;
/// Bytes of one look at a backup set of fourteen artefacts with its index (the same test).
pub const LOOK_BYTES: u64 = 1_000;
/// Looks at a set and day that see something new, at most: an hourly backup that comes, and one that goes by rotation. A
/// look that sees the same again is not kept.
pub const CHANGES_PER_DAY: u64 = 48;
/// An allowance for a service and day: twenty rows of the ledger, and a ticket with its log and messages every tenth day.
pub const SERVICE_DAY_BYTES: u64 = 3_500;
/// The log beside the file, the catalogue's revisions, people, and the empty tables.
pub const FIXED_BYTES: u64 = 40 << 20;
/// Kernel readings of one host: the recorded trace.
pub const SERIES_PER_HOST: u32 = 82;
/// What stays for ever is counted for so many days when a steady state is asked for.
pub const LONG_DAYS: u32 = 1_826;

const DAY_MS: u64 = 86_400_000;

/// What a site produces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Hosts with an agent.
    pub hosts: u32,
    /// Kernel readings of one host.
    pub series: u32,
    /// From one sample to the next, in milliseconds; 0 counts as 1.
    pub period_ms: u32,
    /// Services in the catalogue.
    pub services: u32,
    /// Probe answers of all hosts in a day.
    pub answers_per_day: u64,
    /// Looks at backup sets in a day that see something new.
    pub looks_per_day: u64,
}

impl Load {
    /// What a catalogue asks for, with at least `enrolled` hosts (it may name more, and need not name all).
    pub fn of(catalogue: &Catalogue, enrolled: usize, series: u32) -> Self {
        let services = &catalogue.services;
        let checks = || services.iter().flat_map(|service| &service.checks);
        let looks = || services.iter().flat_map(|service| &service.backups).filter_map(BackupSet::look);
        let named: BTreeSet<&HostId> = services
            .iter()
            .flat_map(|service| &service.hosts)
            .chain(checks().flat_map(|check| &check.vantages))
            .chain(looks().map(|look| &look.host))
            .collect();
        let per_day = |interval_ms: u32| DAY_MS / u64::from(interval_ms.max(1));
        let whole = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            hosts: whole(named.len().max(enrolled)),
            series,
            period_ms: catalogue.sample_period_ms,
            services: whole(services.len()),
            answers_per_day: checks().map(|check| per_day(check.interval_ms) * check.vantages.len() as u64).sum(),
            looks_per_day: looks().map(|look| per_day(look.interval_ms).min(CHANGES_PER_DAY)).sum(),
        }
    }
}

/// How long things are kept, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Samples and probe answers as they came.
    pub raw_days: u32,
    /// Five-minute points.
    pub five_minute_days: u32,
    /// One-hour points.
    pub one_hour_days: u32,
    /// Most bytes of the store.
    pub bytes_max: Option<u64>,
}

impl Default for Keep {
    /// 35 days, 13 months, 5 years, no cap.
    fn default() -> Self {
        Self { raw_days: 35, five_minute_days: 396, one_hour_days: 1_826, bytes_max: None }
    }
}

/// What takes room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Raw samples in chunks.
    Raw,
    /// Five-minute points.
    FiveMinutes,
    /// One-hour points.
    OneHour,
    /// Frames that wait for their chunk.
    Waiting,
    /// Probe answers.
    Answers,
    /// Ledger, tickets, backup looks: for ever.
    Forever,
    /// Taken by an empty store.
    Fixed,
}

impl Kind {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 7] =
        [Self::Raw, Self::FiveMinutes, Self::OneHour, Self::Waiting, Self::Answers, Self::Forever, Self::Fixed];

    /// The code in the API and of the message.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::FiveMinutes => "five_minutes",
            Self::OneHour => "one_hour",
            Self::Waiting => "waiting",
            Self::Answers => "answers",
            Self::Forever => "forever",
            Self::Fixed => "fixed",
        }
    }
}

/// Bytes per kind after some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// After how many days of this load.
    pub days: u32,
    /// In the order of [`Kind::ALL`].
    pub bytes: [u64; 7],
}

impl Estimate {
    /// Bytes of one kind.
    pub fn of(&self, kind: Kind) -> u64 {
        Kind::ALL.into_iter().zip(self.bytes).find(|(each, _)| *each == kind).map_or(0, |(_, bytes)| bytes)
    }

    /// All together.
    pub fn total(&self) -> u64 {
        self.bytes.into_iter().fold(0, u64::saturating_add)
    }
}

/// What a site takes after `days`, before any cap.
pub fn estimate(load: &Load, keep: &Keep, days: u32) -> Estimate {
    let series = u128::from(load.hosts) * u128::from(load.series);
    let per_day = series * u128::from(DAY_MS) / u128::from(load.period_ms.max(1));
    let kept = |days_max: u32| u128::from(days.min(days_max));
    let forever = u128::from(load.services) * u128::from(SERVICE_DAY_BYTES)
        + u128::from(load.looks_per_day) * u128::from(LOOK_BYTES);
    let millibytes = |kind: Kind| match kind {
        Kind::Raw => per_day * kept(keep.raw_days) * u128::from(RAW_MILLIBYTES),
        Kind::FiveMinutes => series * 288 * kept(keep.five_minute_days) * u128::from(FIVE_MINUTE_MILLIBYTES),
        Kind::OneHour => series * 24 * kept(keep.one_hour_days) * u128::from(ONE_HOUR_MILLIBYTES),
        Kind::Waiting => per_day * u128::from(WAITING_HOURS) / 24 * kept(1) * u128::from(FRAME_MILLIBYTES),
        Kind::Answers => u128::from(load.answers_per_day) * kept(keep.raw_days) * u128::from(ANSWER_BYTES) * 1000,
        Kind::Forever => forever * u128::from(days) * 1000,
        Kind::Fixed => 0,
    };
    // A tenth for pages that are not full.
    let bytes = |kind| u64::try_from(millibytes(kind) * 11 / 10_000).unwrap_or(u64::MAX);
    let fixed = |kind| if kind == Kind::Fixed { FIXED_BYTES } else { bytes(kind) };
    Estimate { days, bytes: Kind::ALL.map(fixed) }
}

/// The first day on which more than `room_bytes` are taken; `None` when it fits for [`LONG_DAYS`]. A cap at or below the
/// room always fits: raw samples go early instead.
pub fn full_after_days(load: &Load, keep: &Keep, room_bytes: u64) -> Option<u32> {
    if keep.bytes_max.is_some_and(|max| max <= room_bytes) || taken(load, keep, LONG_DAYS) <= room_bytes {
        return None;
    }
    // What is taken never falls with the days.
    let (mut fits, mut full) = (0, LONG_DAYS);
    while full - fits > 1 {
        let middle = fits + (full - fits) / 2;
        if taken(load, keep, middle) > room_bytes { full = middle } else { fits = middle }
    }
    Some(full)
}

/// How many days of raw samples the cap leaves in the end; `None` when it cuts nothing. 0 when what is kept for ever
/// fills it alone.
pub fn raw_days_under_cap(load: &Load, keep: &Keep) -> Option<u32> {
    let max = keep.bytes_max?;
    if taken(load, keep, LONG_DAYS) <= max {
        return None;
    }
    let (mut fits, mut over) = (0, keep.raw_days);
    while over - fits > 1 {
        let middle = fits + (over - fits) / 2;
        let shorter = Keep { raw_days: middle, ..*keep };
        if taken(load, &shorter, LONG_DAYS) > max { over = middle } else { fits = middle }
    }
    Some(fits)
}

fn taken(load: &Load, keep: &Keep, days: u32) -> u64 {
    estimate(load, keep, days).total()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEEP: Keep = Keep { raw_days: 35, five_minute_days: 396, one_hour_days: 1_826, bytes_max: None };

    #[test]
    fn the_defaults_are_the_designs() {
        assert_eq!(Keep::default(), KEEP);
    }

    #[test]
    fn a_catalogue_asks_for_what_it_names() {
        let catalogue = crate::outputs::web::tests::site::catalogue();
        let few = Load::of(&catalogue, 0, 82);
        assert_eq!(few.services as usize, catalogue.services.len());
        assert!(few.hosts > 0 && few.answers_per_day > 0, "{few:?}");
        assert_eq!(Load::of(&catalogue, 500, 82).hosts, 500);
        let nothing = Load::of(&Catalogue::empty(), 0, 82);
        assert_eq!((nothing.hosts, nothing.answers_per_day, nothing.looks_per_day), (0, 0, 0));
    }

    fn load(hosts: u32) -> Load {
        let answers_per_day = u64::from(hosts) * 2_880;
        Load { hosts, series: 82, period_ms: 10_000, services: hosts / 2, answers_per_day, looks_per_day: 24 }
    }

    fn table(load: &Load, keep: &Keep) -> String {
        let mut text = String::new();
        for kind in Kind::ALL {
            let columns = [1, 30, 365, LONG_DAYS].map(|days| estimate(load, keep, days).of(kind) >> 10);
            text += &format!("{:<12} {columns:?}\n", kind.code());
        }
        text
    }

    #[test]
    fn two_hundred_hosts_in_kibibytes() {
        let expected = "\
raw          [82194, 2465842, 2876816, 2876816]
five_minutes [12177, 365310, 4444605, 4822092]
one_hour     [507, 15221, 185191, 926466]
waiting      [144601, 144601, 144601, 144601]
answers      [74250, 2227500, 2598750, 2598750]
forever      [401, 12052, 146641, 733609]
fixed        [40960, 40960, 40960, 40960]
";
        assert_eq!(table(&load(200), &KEEP), expected);
    }

    #[test]
    fn an_empty_site_takes_what_an_empty_store_takes() {
        let nothing = Load { hosts: 0, services: 0, answers_per_day: 0, looks_per_day: 0, ..load(0) };
        assert_eq!(estimate(&nothing, &KEEP, 365).total(), FIXED_BYTES);
        assert_eq!(full_after_days(&nothing, &KEEP, FIXED_BYTES), None);
        assert_eq!(full_after_days(&nothing, &KEEP, 0), Some(1));
    }

    proptest! {
        /// It grows with every day, host and day kept, never overflows; the day on which it is full is the first.
        #[test]
        fn more_is_never_less(hosts in 0_u32..=u32::MAX, days in 0_u32..2_000, period_ms in 0_u32..100_000, room in any::<u64>()) {
            let less = Load { hosts: hosts / 2, period_ms, ..load(1) };
            let more = Load { hosts, ..less };
            prop_assert!(taken(&less, &KEEP, days) <= taken(&more, &KEEP, days));
            prop_assert!(taken(&more, &KEEP, days) <= taken(&more, &KEEP, days + 1));
            if let Some(full) = full_after_days(&more, &KEEP, room) {
                prop_assert!(taken(&more, &KEEP, full) > room && (full == 1 || taken(&more, &KEEP, full - 1) <= room));
            } else {
                prop_assert!(taken(&more, &KEEP, LONG_DAYS) <= room);
            }
        }

        /// A cap within the room always fits, and the raw days it leaves are the most that do.
        #[test]
        fn a_cap_shortens_the_raw_days(hosts in 1_u32..10_000, cap in 0_u64..1 << 42) {
            let keep = Keep { bytes_max: Some(cap), ..KEEP };
            let load = load(hosts);
            prop_assert_eq!(full_after_days(&load, &keep, cap), None);
            match raw_days_under_cap(&load, &keep) {
                None => prop_assert!(taken(&load, &keep, LONG_DAYS) <= cap),
                Some(days) => {
                    prop_assert!(days < KEEP.raw_days);
                    let at = |raw_days| taken(&load, &Keep { raw_days, ..keep }, LONG_DAYS);
                    prop_assert!(at(days + 1) > cap && (days == 0 || at(days) <= cap));
                }
            }
        }
    }
}
