//! A time zone by its IANA name, from this host's own zone files. Of every zone there is, built in, a table of two
//! megabytes would lie in the memory of each agent, most of it never looked at; the host has the same files, and newer.
//!
//! Bounds: a name of [`NAME_BYTES_MAX`] that leads nowhere else, a file of [`FILE_BYTES_MAX`]. Knows nothing of the
//! host's own zone: whose time a file bears is said by its assignment.

use chrono::{NaiveDateTime, TimeDelta};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use tz::TimeZone;

/// Where the zones are, by package `tzdata` or its like.
const FOLDER: &str = "/usr/share/zoneinfo";

/// Longest name; the longest there is has 32.
const NAME_BYTES_MAX: usize = 64;

/// Largest file of a zone; the largest there is has 4 KB.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Rules by which local times become instants; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(Arc<TimeZone>);

impl Zone {
    /// Coordinated universal time, for which no file is needed.
    pub fn utc() -> Self {
        Self(Arc::new(TimeZone::utc()))
    }

    /// The zone with that IANA name; `None` where this host has none of the name, or a file that is no zone.
    pub fn read(name: &str) -> Option<Self> {
        Self::read_below(Path::new(FOLDER), name)
    }

    fn read_below(folder: &Path, name: &str) -> Option<Self> {
        if matches!(name, "UTC" | "Etc/UTC") {
            return Some(Self::utc());
        }
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
        };
        if name.len() > NAME_BYTES_MAX || !name.split('/').all(plain) {
            return None;
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(folder.join(name)).ok()?;
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        TimeZone::from_tz_data(&bytes).ok().map(|zone| Self(Arc::new(zone)))
    }

    /// The instant of a local time, in Unix ms: of two that a clock change makes, the first; none in the hour that it
    /// leaves out.
    pub fn instant(&self, local: NaiveDateTime) -> Option<i64> {
        // No zone is further than a day from UTC, and none changes twice within two days.
        let offsets = [-1, 1].map(|days| self.offset_s(local.checked_add_signed(TimeDelta::days(days))?));
        let seconds = local.and_utc().timestamp();
        let fitting = offsets.into_iter().flatten().map(|offset| (seconds - offset, offset));
        let earliest = fitting.filter(|(at, offset)| self.offset_at(*at) == Some(*offset)).map(|(at, _)| at).min();
        Some(earliest? * 1000 + i64::from(local.and_utc().timestamp_subsec_millis()))
    }

    fn offset_s(&self, near: NaiveDateTime) -> Option<i64> {
        self.offset_at(near.and_utc().timestamp())
    }

    /// Seconds east of UTC at an instant.
    fn offset_at(&self, unix_s: i64) -> Option<i64> {
        Some(i64::from(self.0.find_local_time_type(unix_s).ok()?.ut_offset()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{NaiveDate, TimeZone as _};

    fn local(month: u32, day: u32, hour: u32, minute: u32) -> NaiveDateTime {
        let date = NaiveDate::from_ymd_opt(2026, month, day).expect("a date");
        date.and_hms_milli_opt(hour, minute, 30, 250).expect("a time")
    }

    #[test]
    fn local_times_are_those_of_the_zone_tables_through_every_quarter_of_a_year() {
        let zones = [
            chrono_tz::Asia::Jakarta,
            chrono_tz::Asia::Jayapura,
            chrono_tz::Europe::Berlin,
            chrono_tz::America::New_York,
            chrono_tz::Australia::Lord_Howe,
            chrono_tz::Pacific::Kiritimati,
        ];
        for table in zones {
            let zone = Zone::read(table.name()).expect("tzdata is installed");
            for quarter in 0..365 * 96 {
                let time = local(1, 1, 0, 0) + TimeDelta::minutes(15 * quarter);
                let expected = table.from_local_datetime(&time).earliest().map(|time| time.timestamp_millis());
                assert_eq!(zone.instant(time), expected, "{table} {time}");
            }
        }
    }

    #[test]
    fn the_first_of_two_and_none_of_an_hour_left_out() {
        let berlin = Zone::read("Europe/Berlin").expect("tzdata is installed");
        let (first, utc) = (berlin.instant(local(10, 25, 2, 30)), Zone::utc());
        assert_eq!(first, utc.instant(local(10, 25, 0, 30)));
        assert_eq!(berlin.instant(local(3, 29, 2, 30)), None);
    }

    #[test]
    fn names_lead_to_zones_only() {
        let folder = tempfile::tempdir().expect("temporary directory");
        std::fs::write(folder.path().join("Broken"), b"TZif2 and nothing").expect("writes");
        std::fs::write(folder.path().join("outside"), b"").expect("writes");
        let read = |name: &str| Zone::read_below(&folder.path().join("zones"), name);
        for name in ["", "/etc/passwd", "../outside", "Asia/../../outside", "Asia//Jakarta", "Asia/Jakarta\0", "Broken"]
        {
            assert_eq!(read(name), None, "{name}");
        }
        assert_eq!(Zone::read_below(folder.path(), "Broken"), None);
        assert_eq!(read("UTC"), Some(Zone::utc()), "known without a file");
    }
}
