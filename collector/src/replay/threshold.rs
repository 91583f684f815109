//! A threshold over the stored readings of one host: each sample is read as the engine reads it and fed to the same track.
//!
//! ```text
//! samples gone  ─► 5-minute means of the series, as if each were a reading
//! samples there ─► hour by hour; an hour whose highest 5-minute value stays below the alarm cannot begin one: nothing of
//!                  it is decoded unless something is under way
//! ```
//!
//! The highest value of a roll-up is exact, so leaving hours out changes nothing.

use super::{Found, Request, Site};
use crate::domain::catalogue::{Catalogue, Threshold, ThresholdMetric};
use crate::domain::rule::rehearsal::Rehearsal;
use crate::domain::rule::{services_of, tuning};
use crate::domain::threshold::{GAP_PERIODS, ThresholdTrack, ThresholdView};
use crate::engine::host_model::{gap_ms, read};
use crate::engine::maintenance_model::Maintained;
use crate::engine::threshold_view::Reading;
use crate::series::{Derive, Group, SeriesKey};
use crate::store::{Reader, Resolution, StoreError};
use pantau_shared::ids::HostId;
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

const HOUR_MS: i64 = 3_600_000;
const STEP_MS: i64 = 300_000;
/// Samples of an hour at one a second, and those before it that the first pair needs.
const HOUR_FRAMES: usize = 12_000;
/// Most parts of one host, as the engine's.
const PARTS_MAX: usize = 256;

/// By hour: the last 5 minutes in which there is a value, and the highest value in thousandths.
type Peaks = BTreeMap<i64, (Timestamp, u32)>;

/// One part's track with what it would have opened.
struct Tracked<'a> {
    threshold: Threshold,
    track: ThresholdTrack,
    rehearsal: Rehearsal<'a>,
    alarm_since: Option<Timestamp>,
    alarm_ms: i64,
}

/// The host under replay.
struct Host<'a> {
    catalogue: &'a Catalogue,
    site: &'a Site<'a>,
    request: &'a Request,
    id: &'a HostId,
    name: String,
    metric: ThresholdMetric,
    maintained: &'a Maintained,
    parts: BTreeMap<String, Tracked<'a>>,
    newest: Option<Timestamp>,
}

/// Judges one host; `None` when `stop` said so in the middle.
pub(super) fn of_host(
    reader: &Reader,
    site: &Site<'_>,
    request: &Request,
    (id, metric): (&HostId, ThresholdMetric),
    stop: &dyn Fn(bool) -> bool,
) -> Result<Option<Found>, StoreError> {
    let mut host = Host {
        catalogue: site.catalogue,
        site,
        request,
        id,
        name: site.host_name(id),
        metric,
        maintained: site.windows.of_host(id),
        parts: BTreeMap::new(),
        newest: None,
    };
    let mut found = Found::default();
    let raw_from = reader.whole_from()?.raw.max(request.window.from);
    if raw_from > request.window.from {
        let kept = host.feed_means(reader, raw_from)?;
        found.notes.insert(if kept { "replay-note-means" } else { "replay-note-no-roll-ups" });
    }
    let peaks = host.peaks(reader, raw_from)?;
    let mut before: Option<(Timestamp, Sample)> = None;
    let mut begin = raw_from;
    while begin < request.window.to {
        if stop(false) {
            return Ok(None);
        }
        let hour = begin.as_ms().div_euclid(HOUR_MS);
        let end = Timestamp::from_ms((hour + 1) * HOUR_MS).min(request.window.to);
        match peaks.as_ref().and_then(|peaks| peaks.get(&hour)) {
            Some((last, peak)) if *peak < host.lowest_alarm() && !host.is_under_way() => {
                host.skip(*last);
                before = None;
            }
            Some(_) | None => host.feed_hour(reader, (begin, end), &mut before)?,
        }
        begin = end;
    }
    for (_, part) in host.parts {
        let open = part.alarm_since.map_or(0, |since| request.window.to.ms_since(since));
        found.alarm_s += u64::try_from((part.alarm_ms + open).div_euclid(1000)).unwrap_or(0);
        found.tickets.extend(part.rehearsal.finish());
    }
    Ok(Some(found))
}

impl Host<'_> {
    fn in_force(&self, part: &str) -> Threshold {
        let in_force = self.catalogue.threshold_of(self.id, self.metric, part);
        self.request.tried.over(in_force.unwrap_or_else(|| tuning::default_threshold(self.metric)))
    }

    /// The lowest alarm of any part.
    fn lowest_alarm(&self) -> u32 {
        let tuned = self.catalogue.tuning.thresholds.iter().filter(|tuning| tuning.metric == self.metric);
        let tuned = tuned.filter_map(|tuning| tuning.alarm_permille).min();
        let base = self.in_force("").alarm_permille;
        if self.request.tried.alarm_permille.is_some() { base } else { tuned.map_or(base, |tuned| tuned.min(base)) }
    }

    /// Whether any reading is high, in alarm, or has a ticket that is not restored yet.
    fn is_under_way(&self) -> bool {
        self.parts.values().any(|part| {
            let (_, high_since, alarm, _) = part.track.parts();
            alarm || high_since.is_some() || part.rehearsal.is_open()
        })
    }

    fn feed(&mut self, part: &str, at: Timestamp, permille: u32, gap: i64) {
        if !self.parts.contains_key(part) {
            if self.parts.len() >= PARTS_MAX {
                return;
            }
            let tracked = Tracked {
                threshold: self.in_force(part),
                track: ThresholdTrack::default(),
                rehearsal: Rehearsal::new(self.catalogue, self.site.profile),
                alarm_since: None,
                alarm_ms: 0,
            };
            self.parts.insert(part.to_owned(), tracked);
        }
        let Some(tracked) = self.parts.get_mut(part) else { return };
        let turned = tracked.track.feed(&tracked.threshold, gap, at, permille);
        let seen = tracked.track.view(gap, at);
        let look = match seen {
            ThresholdView::Alarm(since) => {
                tracked.alarm_since.get_or_insert(since);
                turned || !tracked.rehearsal.is_open()
            }
            ThresholdView::Quiet(since) => {
                if let Some(from) = tracked.alarm_since.take() {
                    tracked.alarm_ms += since.ms_since(from);
                }
                turned || tracked.rehearsal.is_open()
            }
            ThresholdView::Unseen => false,
        };
        if look {
            let reading = Reading { host: self.id, name: &self.name, metric: self.metric, part };
            let services = || services_of(self.catalogue, self.id).cloned().collect();
            let view = reading.view(seen, tracked.track.newest(), services);
            tracked.rehearsal.see(&self.maintained.seen(view, at), at);
        }
    }

    /// An hour in which nothing can begin: all parts were low up to `last`.
    fn skip(&mut self, last: Timestamp) {
        let parts: Vec<String> = self.parts.keys().cloned().collect();
        let gap = gap_ms(self.catalogue);
        for part in parts {
            self.feed(&part, last, 0, gap);
        }
        self.newest = Some(last);
    }

    /// Samples in `[begin, end)`; `before` is the sample before them, when it is known.
    fn feed_hour(
        &mut self,
        reader: &Reader,
        (begin, end): (Timestamp, Timestamp),
        before: &mut Option<(Timestamp, Sample)>,
    ) -> Result<(), StoreError> {
        let gap = gap_ms(self.catalogue);
        let from = if before.is_some() { begin } else { begin.plus_ms(-gap) };
        for (at, sample) in reader.samples(self.id, from, end, HOUR_FRAMES)? {
            let near = before.as_ref().filter(|(earlier, _)| (1..=gap).contains(&at.ms_since(*earlier)));
            if at >= begin && self.newest.is_none_or(|newest| at > newest) {
                let mut readings: Vec<(String, u32)> = Vec::new();
                read(
                    near.map(|(earlier, sample)| (at.ms_since(*earlier), sample)),
                    &sample,
                    |metric, part, permille| {
                        if metric == self.metric {
                            readings.push((part.to_owned(), permille));
                        }
                    },
                );
                for (part, permille) in readings {
                    self.feed(&part, at, permille, gap);
                }
                self.newest = Some(at);
            }
            *before = Some((at, sample));
        }
        Ok(())
    }

    /// The series that holds the highest reading of all parts; none for bandwidth, whose readings are not kept.
    fn peak_series(&self) -> Option<SeriesKey> {
        match self.metric {
            ThresholdMetric::Cpu => Derive::CpuBusy.key(),
            ThresholdMetric::Memory => Derive::MemoryUsed.key(),
            ThresholdMetric::Storage => Derive::StorageUsed.key(),
            ThresholdMetric::Bandwidth => None,
        }
    }

    /// By hour: the last 5 minutes in which there is a value, and the highest value.
    fn peaks(&self, reader: &Reader, from: Timestamp) -> Result<Option<Peaks>, StoreError> {
        let Some(key) = self.peak_series() else { return Ok(None) };
        let mut peaks = Peaks::new();
        let window = (from, self.request.window.to);
        let points = reader.series_points(self.id, &key, window, Resolution::FiveMinutes, gap_ms(self.catalogue))?;
        for point in points {
            let hour = point.begins_at.as_ms().div_euclid(HOUR_MS);
            let peak = u32::try_from(point.max).unwrap_or(u32::MAX);
            let place = peaks.entry(hour).or_insert((point.begins_at, 0));
            *place = (point.begins_at, place.1.max(peak));
        }
        Ok(Some(peaks))
    }

    /// Feeds 5-minute means up to `to`; false where none are kept of this metric.
    fn feed_means(&mut self, reader: &Reader, to: Timestamp) -> Result<bool, StoreError> {
        let series: Vec<(String, SeriesKey)> = match self.metric {
            ThresholdMetric::Cpu | ThresholdMetric::Memory => {
                self.peak_series().into_iter().map(|key| (String::new(), key)).collect()
            }
            ThresholdMetric::Storage => {
                let keys = reader.series_keys(self.id)?.into_iter().filter(|key| key.group() == Group::Storage);
                keys.filter_map(|key| {
                    let (parts, _) = key.instance().split(Group::Storage.parts())?;
                    Some((parts.into_iter().next()?, key))
                })
                .collect()
            }
            ThresholdMetric::Bandwidth => return Ok(false),
        };
        let gap = gap_ms(self.catalogue).max(STEP_MS * GAP_PERIODS);
        for (part, key) in series {
            let window = (self.request.window.from, to);
            let pairs = gap_ms(self.catalogue);
            for point in reader.series_points(self.id, &key, window, Resolution::FiveMinutes, pairs)? {
                let mean = u32::try_from(point.sum / point.weight.max(1)).unwrap_or(u32::MAX);
                self.feed(&part, point.begins_at, mean, gap);
            }
        }
        Ok(true)
    }
}
