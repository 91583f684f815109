//! Failed units and the hosts' own timekeeping over the stored samples of one host: each sample is fed to the same track as
//! the engine feeds, and what is seen becomes the same condition.
//!
//! ```text
//! samples gone  ─► not judged: roll-ups keep how many units failed and no names, and of a clock its mean
//! samples there ─► hour by hour; an hour in which no unit failed, or the clock was in step and near, is not decoded
//!                  unless something is under way
//! ```
//!
//! The skew at receipt is not kept and cannot be judged again.

use super::{Found, Request, Site};
use crate::domain::catalogue::Catalogue;
use crate::domain::failed_units::{FailedUnits, FailedUnitsPolicy, UnitsView};
use crate::domain::own_clock::{OwnClock, OwnClockPolicy, OwnClockView};
use crate::domain::rule::rehearsal::Rehearsal;
use crate::domain::rule::services_of;
use crate::domain::ticket::condition::View;
use crate::engine::host_model::{feed_units, gap_ms};
use crate::engine::wellbeing_view::Wellbeing;
use crate::series::{Group, Instance, SeriesKey};
use crate::store::{Point, Reader, Resolution, StoreError};
use pantau_shared::ids::HostId;
use pantau_shared::sample::{Sample, Timekeeping, Units};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

const HOUR_MS: i64 = 3_600_000;
/// Samples of an hour at one a second.
const HOUR_FRAMES: usize = 12_000;

/// What of a host is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Its own timekeeping.
    Clock,
    /// Its units.
    Units,
}

struct Tracked {
    part: Part,
    units: FailedUnits,
    clock: OwnClock,
    units_policy: FailedUnitsPolicy,
    clock_policy: OwnClockPolicy,
}

/// By hour: the last 5 minutes in which there is a value; none where something was not well.
type QuietHours = BTreeMap<i64, Option<Timestamp>>;

/// Judges one host; `None` when `stop` said so in the middle.
pub(super) fn of_host(
    reader: &Reader,
    site: &Site<'_>,
    request: &Request,
    (id, part): (&HostId, Part),
    stop: &dyn Fn(bool) -> bool,
) -> Result<Option<Found>, StoreError> {
    let mut found = Found::default();
    let raw_from = reader.whole_from()?.raw.max(request.window.from);
    if raw_from > request.window.from {
        found.notes.insert("replay-note-samples-gone");
    }
    if part == Part::Clock {
        found.notes.insert("replay-note-own-clock");
    }
    let mut tracked = Tracked::new(part, site.catalogue, request);
    let mut seen = Seen { site, id, rehearsal: Rehearsal::new(site.catalogue, site.profile), alarm: None, alarm_ms: 0 };
    let quiet = tracked.quiet_hours(reader, id, (raw_from, request.window.to), site.catalogue)?;
    let mut begin = raw_from;
    while begin < request.window.to {
        if stop(false) {
            return Ok(None);
        }
        let hour = begin.as_ms().div_euclid(HOUR_MS);
        let end = Timestamp::from_ms((hour + 1) * HOUR_MS).min(request.window.to);
        match quiet.get(&hour) {
            Some(Some(last)) if !tracked.is_under_way() && !seen.rehearsal.is_open() => {
                tracked.feed(site.catalogue, id, *last, &well());
            }
            Some(_) => {
                for (at, sample) in reader.samples(id, begin, end, HOUR_FRAMES)? {
                    tracked.feed(site.catalogue, id, at, &sample);
                    seen.look(&tracked, at);
                }
            }
            // Nothing of it was told.
            None => {}
        }
        begin = end;
    }
    let open = seen.alarm.map_or(0, |since| request.window.to.ms_since(since));
    found.alarm_s = u64::try_from((seen.alarm_ms + open).div_euclid(1000)).unwrap_or(0);
    found.tickets = seen.rehearsal.finish();
    Ok(Some(found))
}

/// A sample in which nothing is wrong.
fn well() -> Sample {
    let in_step = Timekeeping { synchronized: Some(true), offset_us: Some(0), error_max_us: None };
    Sample { units: Some(Units { failed: Some(0) }), timekeeping: Some(in_step), ..Sample::default() }
}

impl Tracked {
    fn new(part: Part, catalogue: &Catalogue, request: &Request) -> Self {
        let (mut units_policy, mut clock_policy) = (catalogue.failed_units, catalogue.own_clocks);
        let tried = &request.tried;
        units_policy.hold_seconds = tried.units_hold_seconds.unwrap_or(units_policy.hold_seconds);
        clock_policy.offset_ms = tried.clock_offset_seconds.map_or(clock_policy.offset_ms, |s| u64::from(s) * 1000);
        clock_policy.unsynchronized_seconds = tried.clock_free_seconds.unwrap_or(clock_policy.unsynchronized_seconds);
        Self { part, units: FailedUnits::default(), clock: OwnClock::default(), units_policy, clock_policy }
    }

    fn feed(&mut self, catalogue: &Catalogue, id: &HostId, at: Timestamp, sample: &Sample) {
        let gap = gap_ms(catalogue);
        match self.part {
            Part::Units => drop(feed_units(&mut self.units, (catalogue, self.units_policy, id), gap, at, sample)),
            Part::Clock => {
                let told = sample.timekeeping.as_ref();
                told.map(|told| self.clock.feed(self.clock_policy, gap, at, told));
            }
        }
    }

    fn is_under_way(&self) -> bool {
        match self.part {
            Part::Units => self.units.any(),
            Part::Clock => self.clock.is_wrong(),
        }
    }

    /// Which hours need not be decoded. An hour that is not in it told nothing of the part.
    fn quiet_hours(
        &self,
        reader: &Reader,
        id: &HostId,
        window: (Timestamp, Timestamp),
        catalogue: &Catalogue,
    ) -> Result<QuietHours, StoreError> {
        let limit_us = self.clock_policy.offset_ms.saturating_mul(1000);
        let is_well = |tag: u8, point: &Point| match (self.part, tag) {
            (Part::Units, _) => point.max == 0,
            (Part::Clock, 1) => point.min >= 1,
            (Part::Clock, _) => point.max <= limit_us,
        };
        let series: &[(Group, u8)] = match self.part {
            Part::Units => &[(Group::Units, 1)],
            Part::Clock => &[(Group::Timekeeping, 1), (Group::Timekeeping, 2)],
        };
        let mut hours = QuietHours::new();
        for (group, tag) in series {
            let Some(key) = SeriesKey::new(*group, Instance::default(), *tag) else { continue };
            let points = reader.series_points(id, &key, window, Resolution::FiveMinutes, gap_ms(catalogue))?;
            for point in points {
                let hour = point.begins_at.as_ms().div_euclid(HOUR_MS);
                let known = hours.entry(hour).or_insert(Some(point.begins_at));
                let last = known.map(|last| last.max(point.begins_at));
                *known = last.filter(|_| is_well(*tag, &point));
            }
        }
        Ok(hours)
    }
}

/// What was seen, and what it would have opened.
struct Seen<'a> {
    site: &'a Site<'a>,
    id: &'a HostId,
    rehearsal: Rehearsal<'a>,
    alarm: Option<Timestamp>,
    alarm_ms: i64,
}

impl Seen<'_> {
    fn look(&mut self, tracked: &Tracked, at: Timestamp) {
        let (catalogue, name) = (self.site.catalogue, self.site.host_name(self.id));
        let (of, gap) = (Wellbeing { host: self.id, name: &name }, gap_ms(catalogue));
        let services = || services_of(catalogue, self.id).cloned().collect();
        let (view, wrong_since) = match tracked.part {
            Part::Units => {
                let seen = tracked.units.view(tracked.units_policy, gap, at);
                let since = if let UnitsView::Failing { since, .. } = &seen { Some(*since) } else { None };
                (of.units(seen, services), since)
            }
            Part::Clock => {
                let seen = tracked.clock.view(tracked.clock_policy, gap, at);
                let since = if let OwnClockView::Wrong(_, since) = seen { Some(since) } else { None };
                (of.own_clock(seen, services), since)
            }
        };
        match (&view, wrong_since) {
            (View::Holds(_), Some(since)) => drop(self.alarm.get_or_insert(since)),
            (View::Clear { since, .. }, _) => {
                self.alarm_ms += self.alarm.take().map_or(0, |from| since.ms_since(from));
            }
            (View::Holds(_) | View::Unseen { .. }, _) => {}
        }
        self.rehearsal.see(&self.site.windows.of_host(self.id).seen(view, at), at);
    }
}
