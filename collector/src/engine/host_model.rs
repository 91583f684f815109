//! One host in memory: its newest sample, its thresholds, and since when it is heard.
//!
//! A sample is fed without making text: parts (`/var`, `eth0`) are kept once per host, the sample itself is shared with
//! whoever committed it.

use super::checkpoint::slice_of;
use super::forecast_model::Outlooks;
use crate::clock_board::ClockSeen;
use crate::domain::catalogue::{Catalogue, Threshold, ThresholdMetric};
use crate::domain::failed_units::{FailedUnits, FailedUnitsPolicy};
use crate::domain::own_clock::OwnClock;
use crate::domain::rate;
use crate::domain::reboot::Boots;
use crate::domain::threshold::{GAP_PERIODS, ThresholdTrack, ThresholdView};
use crate::snapshot::HostRates;
use crate::store::records::{HostHeard, HostRecord};
use pantau_shared::envelope::AgentStarted;
use pantau_shared::ids::HostId;
use pantau_shared::sample::{Interface, Sample};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

/// The most readings of one host that are judged; more file systems and interfaces than that are left out.
const TRACKS_MAX: usize = 256;

/// One reading that has a threshold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Track {
    pub(crate) metric: ThresholdMetric,
    /// `/var`, `eth0`; empty for the host.
    pub(crate) part: Arc<str>,
    /// The one that holds for it.
    pub(crate) threshold: Threshold,
    pub(crate) track: ThresholdTrack,
}

/// The newest sample.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Newest {
    pub(crate) at: Timestamp,
    /// Its number among the facts.
    pub(crate) fact: i64,
    pub(crate) sample: Arc<Sample>,
}

/// One host in memory.
#[derive(Debug, Clone)]
pub(crate) struct HostModel {
    pub(crate) record: HostRecord,
    /// Its slice of the checkpoint.
    pub(crate) slice: u32,
    pub(crate) started: Option<Arc<AgentStarted>>,
    pub(crate) newest: Option<Newest>,
    pub(crate) rates: HostRates,
    /// By metric, then part.
    pub(crate) tracks: Vec<Track>,
    /// Its newest starts.
    pub(crate) boots: Boots,
    /// A start that is to be noted in tickets.
    pub(crate) booted: Option<Timestamp>,
    /// Its clock, where it is off or was.
    pub(crate) clock: Option<ClockSeen>,
    /// What its own timekeeping says.
    pub(crate) own_clock: OwnClock,
    /// Its failed units.
    pub(crate) units: FailedUnits,
    /// When its file systems will be full.
    pub(crate) outlooks: Outlooks,
    /// Since when it is heard without a silence.
    pub(crate) heard_since: Timestamp,
    /// Keys of this host that a ticket holds, or that are held back.
    pub(crate) held: u32,
    /// Whether its own silence is told: a ticket is open and not Pulih, or it is folded into the rule's.
    pub(crate) silence_ticket: bool,
}

/// So long without a sample is a gap.
pub(crate) fn gap_ms(catalogue: &Catalogue) -> i64 {
    i64::from(catalogue.sample_period_ms) * GAP_PERIODS
}

impl HostModel {
    /// As it is in the store.
    pub(crate) fn new(mut record: HostRecord) -> Self {
        let heard_since = record.last_seen_at.unwrap_or(record.joined_at);
        Self {
            slice: slice_of(&record.id),
            started: record.started.take().map(Arc::new),
            record,
            newest: None,
            rates: HostRates::default(),
            tracks: Vec::new(),
            boots: Boots::default(),
            booted: None,
            clock: None,
            own_clock: OwnClock::default(),
            units: FailedUnits::default(),
            outlooks: Outlooks::default(),
            heard_since,
            held: 0,
            silence_ticket: false,
        }
    }

    /// When it was last heard; joining counts.
    pub(crate) fn last_seen(&self) -> Timestamp {
        self.record.last_seen_at.unwrap_or(self.record.joined_at)
    }

    /// Takes its record as it is now.
    pub(crate) fn refresh(&mut self, mut record: HostRecord, silent_after_s: u32) {
        let before = self.last_seen();
        let started = record.started.take();
        if self.started.as_deref() != started.as_ref() {
            self.started = started.map(Arc::new);
        }
        self.record = record;
        self.noted(before, silent_after_s);
    }

    /// Notes that it was heard at `at`; an older instant than the last says nothing.
    pub(crate) fn heard(&mut self, at: Timestamp, silent_after_s: u32) {
        let before = self.last_seen();
        if self.record.last_seen_at.is_none_or(|last| at > last) {
            self.record.last_seen_at = Some(at);
        }
        self.noted(before, silent_after_s);
    }

    /// Takes the news of it; the same news twice does no harm.
    pub(crate) fn take_news(&mut self, news: HostHeard, silent_after_s: u32) {
        if let Some((_, started)) = news.started {
            self.started = Some(Arc::new(started));
        }
        self.record.boot_id = Some(news.boot_id);
        self.record.observations_accepted = news.accepted;
        self.record.observations_lost = news.lost;
        self.heard(news.last_seen_at, silent_after_s);
    }

    fn noted(&mut self, before: Timestamp, silent_after_s: u32) {
        if self.last_seen().ms_since(before) >= i64::from(silent_after_s) * 1000 {
            self.heard_since = self.last_seen();
        }
    }

    /// Takes a sample; an older one than the newest is history and judged nowhere. Whether a judgement may follow.
    pub(crate) fn feed(&mut self, catalogue: &Catalogue, at: Timestamp, fact: i64, sample: &Arc<Sample>) -> bool {
        if self.newest.as_ref().is_some_and(|newest| at <= newest.at) {
            return false;
        }
        let gap = gap_ms(catalogue);
        let newest = Newest { at, fact, sample: Arc::clone(sample) };
        let before = self.newest.replace(newest);
        let uptime = |sample: &Sample| sample.kernel.as_ref().and_then(|kernel| kernel.uptime_ms);
        let booted = self.boots.feed(before.as_ref().and_then(|b| uptime(&b.sample)), uptime(sample), at);
        self.booted = booted.or(self.booted);
        let before = before.filter(|before| at.ms_since(before.at) <= gap);
        let before = before.as_ref().map(|b| (at.ms_since(b.at), b.sample.as_ref()));
        let before = before.filter(|(ms, b)| !rate::rebooted(b, sample, *ms));
        let (tracks, id) = (&mut self.tracks, &self.record.id);
        let (mut rates, mut turned) = (Summary::default(), false);
        read(before, sample, |metric, part, permille| {
            rates.take(metric, part, permille);
            if let Some(track) = track_of(tracks, metric, part, || catalogue.threshold_of(id, metric, part)) {
                turned |= track.track.feed(&track.threshold, gap, at, permille);
            }
        });
        let storage = rates.storage.map(|(part, permille)| (named(&self.rates, part), permille));
        self.rates = HostRates {
            cpu_permille: rates.cpu,
            memory_permille: rates.memory,
            storage_permille: storage,
            network_bytes_per_second: before.and_then(|(ms, b)| rate::network_bytes_per_second(b, sample, ms)),
        };
        turned |= self.feed_wellbeing(catalogue, gap, at, sample);
        turned || booted.is_some() || self.held > 0 || self.in_alarm(gap, at)
    }

    /// What a sample says of units and clock.
    fn feed_wellbeing(&mut self, catalogue: &Catalogue, gap: i64, at: Timestamp, sample: &Sample) -> bool {
        let told = sample.timekeeping.as_ref();
        let clock = told.is_some_and(|told| self.own_clock.feed(catalogue.own_clocks, gap, at, told));
        let of = (catalogue, catalogue.failed_units, &self.record.id);
        clock | feed_units(&mut self.units, of, gap, at, sample)
    }

    /// Whether a reading is above its threshold for too long.
    pub(crate) fn in_alarm(&self, gap_ms: i64, now: Timestamp) -> bool {
        self.tracks.iter().any(|t| matches!(t.track.view(gap_ms, now), ThresholdView::Alarm(_)))
    }
}

/// Feeds the units that a sample tells of and that count for the host; one that tells of none says nothing. Whether a
/// judgement may follow.
pub(crate) fn feed_units(
    units: &mut FailedUnits,
    (catalogue, policy, id): (&Catalogue, FailedUnitsPolicy, &HostId),
    gap_ms: i64,
    at: Timestamp,
    sample: &Sample,
) -> bool {
    let Some(failed) = sample.units.as_ref().and_then(|units| units.failed) else { return false };
    let names = sample.failed_units.iter().map(String::as_str);
    let unnamed = usize::try_from(failed).unwrap_or(usize::MAX) > sample.failed_units.len();
    let counting = names.filter(|name| !catalogue.tuning.ignores_unit(catalogue, id, name));
    units.feed(policy, gap_ms, at, counting, unnamed)
}

/// The track of a reading; a new one, with the threshold that holds for it, while there is room.
fn track_of<'a>(
    tracks: &'a mut Vec<Track>,
    metric: ThresholdMetric,
    part: &str,
    threshold: impl FnOnce() -> Option<Threshold>,
) -> Option<&'a mut Track> {
    let place = match tracks.binary_search_by(|t| (t.metric, &*t.part).cmp(&(metric, part))) {
        Ok(place) => place,
        Err(_) if tracks.len() >= TRACKS_MAX => return None,
        Err(place) => {
            let (threshold, track) = (threshold()?, ThresholdTrack::default());
            tracks.insert(place, Track { metric, part: part.into(), threshold, track });
            place
        }
    };
    tracks.get_mut(place)
}

/// The mount point as text that is kept: the same as before costs nothing.
fn named(before: &HostRates, part: &str) -> Arc<str> {
    match &before.storage_permille {
        Some((same, _)) if **same == *part => Arc::clone(same),
        Some(_) | None => part.into(),
    }
}

/// What of all readings is shown.
#[derive(Default)]
struct Summary<'a> {
    cpu: Option<u32>,
    memory: Option<u32>,
    storage: Option<(&'a str, u32)>,
}

impl<'a> Summary<'a> {
    fn take(&mut self, metric: ThresholdMetric, part: &'a str, permille: u32) {
        match metric {
            ThresholdMetric::Cpu => self.cpu = Some(permille),
            ThresholdMetric::Memory => self.memory = Some(permille),
            ThresholdMetric::Storage if self.storage.is_none_or(|(_, fullest)| permille >= fullest) => {
                self.storage = Some((part, permille));
            }
            ThresholdMetric::Storage | ThresholdMetric::Bandwidth => {}
        }
    }
}

/// Every reading that has a threshold: metric, part (`/var`, `eth0`; empty for the host), thousandths. `before` is the
/// sample before with the milliseconds between.
pub(crate) fn read<'a>(
    before: Option<(i64, &Sample)>,
    after: &'a Sample,
    mut reading: impl FnMut(ThresholdMetric, &'a str, u32),
) {
    if let Some((elapsed_ms, before)) = before {
        let cpu = before.cpu_total.as_ref().zip(after.cpu_total.as_ref());
        if let Some(busy) = cpu.and_then(|(b, a)| rate::cpu_busy_permille(b, a)) {
            reading(ThresholdMetric::Cpu, "", busy);
        }
        for (place, a) in after.interfaces.iter().enumerate() {
            let b = same_interface(before, a, place);
            if let Some(busy) = b.and_then(|b| rate::bandwidth_permille(b, a, elapsed_ms)) {
                reading(ThresholdMetric::Bandwidth, &a.device, busy);
            }
        }
    }
    if let Some(used) = after.memory.as_ref().and_then(rate::memory_permille) {
        reading(ThresholdMetric::Memory, "", used);
    }
    for filesystem in after.filesystems.iter().filter(|f| f.read_only != Some(true)) {
        if let Some(used) = rate::storage_permille(filesystem) {
            reading(ThresholdMetric::Storage, &filesystem.mount_point, used);
        }
    }
}

/// One reading over samples, in order of time.
pub(crate) fn readings(samples: &[(Timestamp, Sample)], metric: ThresholdMetric, part: &str) -> Vec<(Timestamp, u32)> {
    let mut points = Vec::new();
    let before = std::iter::once(None).chain(samples.iter().map(Some));
    for ((at, sample), before) in samples.iter().zip(before) {
        let before = before.map(|(earlier, sample)| (at.ms_since(*earlier), sample));
        read(before, sample, |of, place, permille| {
            if of == metric && place == part {
                points.push((*at, permille));
            }
        });
    }
    points
}

/// The same interface in the sample before; it is most often at the same place.
fn same_interface<'a>(before: &'a Sample, interface: &Interface, place: usize) -> Option<&'a Interface> {
    let same = |b: &&Interface| b.device == interface.device;
    before.interfaces.get(place).filter(same).or_else(|| before.interfaces.iter().find(same))
}
