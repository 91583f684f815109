//! Restore drills and real recoveries: time and data lost against RTO and RPO; both strictly below (engines C.2).

use chrono::{Days, NaiveDate};
use pantau_shared::timestamp::Timestamp;

/// One drill or recovery, as far as its figures go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// When the disaster struck, or was declared for the drill.
    pub disaster_at: Timestamp,
    /// When the service was confirmed up again.
    pub restored_at: Timestamp,
    /// The moment of the data that came back.
    pub recovered_data_time: Timestamp,
}

/// What it came to. A verdict is none where no bound is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Achieved {
    /// Time to restore, in whole seconds.
    pub rta_s: u64,
    /// Age of the data lost, in whole seconds.
    pub rpa_s: u64,
    /// Whether the RTO was kept.
    pub rto_met: Option<bool>,
    /// Whether the RPO was kept.
    pub rpo_met: Option<bool>,
}

impl Recovery {
    /// Its figures against the bounds in force.
    pub fn evaluate(&self, rto_seconds: Option<u32>, rpo_seconds: Option<u32>) -> Achieved {
        let since = |at: Timestamp, from: Timestamp| u64::try_from(at.ms_since(from) / 1000).unwrap_or(0);
        let rta_s = since(self.restored_at, self.disaster_at);
        let rpa_s = since(self.disaster_at, self.recovered_data_time);
        Achieved {
            rta_s,
            rpa_s,
            rto_met: rto_seconds.map(|bound| rta_s < u64::from(bound)),
            rpo_met: rpo_seconds.map(|bound| rpa_s < u64::from(bound)),
        }
    }
}

/// The last local date on which a drill of `date` counts.
pub fn valid_until(date: NaiveDate, valid_days: u32) -> NaiveDate {
    date.checked_add_days(Days::new(valid_days.into())).unwrap_or(NaiveDate::MAX)
}
