//! A host's units, clocks and outlooks in the checkpoint: without them a start would begin every wait anew.

use super::forecast_model::{OutlookOf, Outlooks};
use super::host_model::HostModel;
use crate::clock_board::ClockSeen;
use crate::domain::catalogue::Catalogue;
use crate::domain::failed_units::{FailedUnits, NAMES_MAX};
use crate::domain::forecast::Outlook;
use crate::domain::own_clock::OwnClock;
use pantau_shared::timestamp::Timestamp;
use prost::Message;

/// See the top of the file.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SavedWellbeing {
    #[prost(message, optional, tag = "1")]
    units: Option<SavedUnits>,
    #[prost(message, optional, tag = "2")]
    own_clock: Option<SavedOwnClock>,
    #[prost(message, optional, tag = "3")]
    clock: Option<SavedClock>,
    #[prost(message, optional, tag = "4")]
    outlooks: Option<SavedOutlooks>,
}

#[derive(Clone, PartialEq, Message)]
struct SavedUnits {
    #[prost(int64, tag = "1")]
    last_ms: i64,
    #[prost(message, repeated, tag = "2")]
    failed: Vec<SavedUnit>,
    #[prost(int64, optional, tag = "3")]
    good_since_ms: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct SavedUnit {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int64, tag = "2")]
    since_ms: i64,
}

#[derive(Clone, PartialEq, Message)]
struct SavedOwnClock {
    #[prost(int64, tag = "1")]
    last_ms: i64,
    #[prost(uint64, tag = "2")]
    offset_ms: u64,
    #[prost(int64, optional, tag = "3")]
    off_since_ms: Option<i64>,
    #[prost(int64, optional, tag = "4")]
    free_since_ms: Option<i64>,
    #[prost(int64, optional, tag = "5")]
    good_since_ms: Option<i64>,
}

/// The skew at receipt.
#[derive(Clone, PartialEq, Message)]
struct SavedClock {
    #[prost(int64, tag = "1")]
    skew_ms: i64,
    #[prost(int64, tag = "2")]
    since_ms: i64,
    #[prost(int64, tag = "3")]
    last_ms: i64,
}

#[derive(Clone, PartialEq, Message)]
struct SavedOutlooks {
    #[prost(int64, tag = "1")]
    at_ms: i64,
    #[prost(message, repeated, tag = "2")]
    list: Vec<SavedOutlook>,
}

#[derive(Clone, PartialEq, Message)]
struct SavedOutlook {
    #[prost(string, tag = "1")]
    part: String,
    #[prost(bool, tag = "2")]
    inodes: bool,
    /// [`UNKNOWN`], [`GOOD`], [`BETWEEN`], [`WARNS`].
    #[prost(uint32, tag = "3")]
    outlook: u32,
    #[prost(int64, tag = "4")]
    full_at_ms: i64,
    #[prost(uint64, tag = "5")]
    per_day: u64,
    #[prost(uint32, tag = "6")]
    stage: u32,
    #[prost(int64, optional, tag = "7")]
    good_since_ms: Option<i64>,
}

const UNKNOWN: u32 = 0;
const GOOD: u32 = 1;
const BETWEEN: u32 = 2;
const WARNS: u32 = 3;

impl SavedOutlook {
    fn of(of: &OutlookOf) -> Self {
        let (outlook, full_at, per_day, stage) = match of.outlook {
            Outlook::Unknown => (UNKNOWN, None, 0, 0),
            Outlook::Good => (GOOD, None, 0, 0),
            Outlook::Between { full_at } => (BETWEEN, Some(full_at), 0, 0),
            Outlook::Warns { full_at, per_day, stage } => (WARNS, Some(full_at), per_day, stage),
        };
        Self {
            part: of.part.clone(),
            inodes: of.inodes,
            outlook,
            full_at_ms: ms(full_at).unwrap_or(0),
            per_day,
            stage: stage.into(),
            good_since_ms: ms(of.good_since),
        }
    }

    fn restored(self) -> OutlookOf {
        let full_at = Timestamp::from_ms(self.full_at_ms);
        let outlook = match self.outlook {
            GOOD => Outlook::Good,
            BETWEEN => Outlook::Between { full_at },
            WARNS => {
                Outlook::Warns { full_at, per_day: self.per_day, stage: u8::try_from(self.stage).unwrap_or(u8::MAX) }
            }
            _ => Outlook::Unknown,
        };
        OutlookOf { part: self.part, inodes: self.inodes, outlook, good_since: at(self.good_since_ms) }
    }
}

fn ms(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_ms)
}

fn at(ms: Option<i64>) -> Option<Timestamp> {
    ms.map(Timestamp::from_ms)
}

impl SavedWellbeing {
    /// As the host stands.
    pub(super) fn of(host: &HostModel) -> Self {
        let (last, failed, good_since) = host.units.parts();
        let units = last.map(|last| SavedUnits {
            last_ms: last.as_ms(),
            failed: failed.into_iter().map(|(name, since)| SavedUnit { name, since_ms: since.as_ms() }).collect(),
            good_since_ms: ms(good_since),
        });
        let (last, offset_ms, [off, free, good]) = host.own_clock.parts();
        let own_clock = last.map(|last| SavedOwnClock {
            last_ms: last.as_ms(),
            offset_ms,
            off_since_ms: ms(off),
            free_since_ms: ms(free),
            good_since_ms: ms(good),
        });
        let clock = host.clock.map(|seen| SavedClock {
            skew_ms: seen.skew_ms,
            since_ms: seen.since.as_ms(),
            last_ms: seen.last.as_ms(),
        });
        let outlooks = host
            .outlooks
            .parts()
            .map(|(at, list)| SavedOutlooks { at_ms: at.as_ms(), list: list.iter().map(SavedOutlook::of).collect() });
        Self { units, own_clock, clock, outlooks }
    }

    /// Puts the host back; units that are ignored by now are left out.
    pub(super) fn restore(self, catalogue: &Catalogue, host: &mut HostModel) {
        if let Some(units) = self.units {
            let id = &host.record.id;
            let counting =
                units.failed.into_iter().filter(|unit| !catalogue.tuning.ignores_unit(catalogue, id, &unit.name));
            let failed = counting.take(NAMES_MAX).map(|unit| (unit.name, Timestamp::from_ms(unit.since_ms))).collect();
            host.units = FailedUnits::from_parts((at(Some(units.last_ms)), failed, at(units.good_since_ms)));
        }
        if let Some(own) = self.own_clock {
            let since = [at(own.off_since_ms), at(own.free_since_ms), at(own.good_since_ms)];
            host.own_clock = OwnClock::from_parts((at(Some(own.last_ms)), own.offset_ms, since));
        }
        if let Some(saved) = self.outlooks {
            let list = saved.list.into_iter().map(SavedOutlook::restored).collect();
            host.outlooks = Outlooks::from_parts(Timestamp::from_ms(saved.at_ms), list);
        }
        host.clock = self.clock.map(|seen| ClockSeen {
            skew_ms: seen.skew_ms,
            since: Timestamp::from_ms(seen.since_ms),
            last: Timestamp::from_ms(seen.last_ms),
        });
    }
}
