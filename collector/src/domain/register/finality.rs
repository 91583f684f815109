//! When a period's figures stand: 72 h after its end (engines A.2). What comes later is proposed, never applied by itself.

use crate::domain::calendar::{Period, PeriodKind, zone};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;

/// So long after its end a period is *sementara*, in seconds.
pub const FINAL_AFTER_S: i64 = 72 * 3600;

/// Whether the figures of `period` are final at `now`.
pub fn is_final(period: Period, zone: Tz, now: Timestamp) -> bool {
    period.interval(zone).to.plus_secs(FINAL_AFTER_S) <= now
}

/// The end of the newest month that is final at `now`: nothing before it changes by itself.
pub fn final_until(zone: Tz, now: Timestamp) -> Timestamp {
    let open = zone::local_date(zone, now.plus_secs(-FINAL_AFTER_S));
    Period::containing(PeriodKind::Month, open).interval(zone).from
}
