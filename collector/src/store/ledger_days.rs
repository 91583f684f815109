//! Roll-ups of the ledger: the spans of its closed days, packed per service and month.
//!
//! They only ever save work; the ledger stays the truth, and what is missing here is counted from it. So nothing here
//! may be wrong, and everything may be absent:
//!
//! ```text
//! claim   a row without days, valid up to the end of the last closed day       one request of the writer
//! count   the days from the ledger, in a view begun after the claim            no writer, any length of time
//! save    the days into the row, if the claim is still the same                one request of the writer
//! ```
//!
//! - **An edit of the ledger** shortens `valid_until_ms` of the rows it touches to the first instant at which the
//!   ledger differs, in the same transaction: of rows that hold days, and of rows still being counted. So an edit
//!   between view and save costs the days it touches, never the truth. An edit that only makes the newest row longer
//!   touches no closed day.
//! - **The rules** the days were counted by are part of the row as `revision`; days of another revision are not used,
//!   and written over when the days are counted again.
//! - **A crash** leaves a claim without days: nothing.
//! - **Damage** shows in the body's checksum; such a row counts as absent.
//!
//! One row per service and month, since a year of a thousand services is 12,000 rows then instead of 365,000. Knows
//! months by number only: neither zone nor rules.

mod body;

use super::columns::{column, instant};
use super::{Reader, StoreError, Writer, failed};
use crate::domain::availability::Span;
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use chrono::Datelike;
use pantau_shared::timestamp::Timestamp;
use rusqlite::{Params, Row};
use std::sync::atomic::{AtomicI64, Ordering};

pub use body::{DAYS_MAX, KeptDays};

/// No zone is further from UTC.
const ZONE_SECONDS_MAX: i64 = 27 * 3600;

/// Numbers of claims. One process owns a store, so none is used twice while its days are being counted.
static CLAIMS: AtomicI64 = AtomicI64::new(1);

/// The asked services' rows, by place in the list; `json_each` is the outer loop.
pub(super) const DAYS_OF: &str = "
    SELECT asked.key, days.month, days.valid_until_ms, days.revision, days.body, asked.value
        FROM json_each(?1) AS asked CROSS JOIN ledger_days AS days
        ON days.service = asked.value AND days.month BETWEEN ?2 AND ?3 WHERE days.body IS NOT NULL";

/// Rows are sorted by service, then by month, so this finds the touched ones without a scan.
pub(super) const SHORTEN: &str = "
    UPDATE ledger_days SET valid_until_ms = ?2 WHERE service = ?1 AND month >= ?3 AND valid_until_ms > ?2";

/// A month of a service whose days are to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthClaim {
    /// Whose.
    pub service: ServiceId,
    /// Which: year * 12 + month in the year from 0.
    pub month: i64,
    /// The end of the last day that will be counted; it has passed.
    pub valid_until: Timestamp,
}

/// The days counted for a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedMonth {
    /// Whose.
    pub service: ServiceId,
    /// Which, as claimed.
    pub month: i64,
    /// The rules by which they were counted.
    pub revision: i64,
    /// From the first of the month on; 1 to [`DAYS_MAX`].
    pub days: Vec<Span>,
}

/// What is kept of a month.
#[derive(Debug, Clone, Copy)]
pub struct KeptMonth<'a> {
    /// Which.
    pub month: i64,
    /// Days that end later do not count.
    pub valid_until: Timestamp,
    /// The rules by which they were counted.
    pub revision: i64,
    /// The days; `None`: damaged.
    pub days: Option<KeptDays<'a>>,
}

impl Reader {
    /// Visits what is kept of `services` for the months `first` to `last`, both included: the place of the service in
    /// the list, and the month. In order of the list, then of time.
    ///
    /// # Errors
    /// The database's.
    pub fn ledger_days(
        &self,
        services: &[&ServiceId],
        first: i64,
        last: i64,
        mut visit: impl FnMut(usize, KeptMonth<'_>),
    ) -> Result<(), StoreError> {
        self.visit("read a ledger's days", DAYS_OF, (render_ids(services)?, first, last), |row| {
            let what = StoreError::Damaged { what: "ledger's days" };
            let (month, revision) = (column(row, 1)?, column(row, 3)?);
            let body = row.get_ref(4).ok().and_then(|value| value.as_blob().ok()).ok_or(what)?;
            let service = row.get_ref(5).ok().and_then(|value| value.as_str().ok()).unwrap_or_default();
            let days = KeptDays::parse(body, body::checksum_seed(service, month, revision));
            visit(place(row)?, KeptMonth { month, valid_until: instant(row, 2)?, revision, days });
            Ok(())
        })
    }

    /// Steps through the rows of a query without keeping them.
    pub(super) fn visit(
        &self,
        operation: &'static str,
        sql: &str,
        params: impl Params,
        mut visit: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed(operation))?;
        let mut rows = statement.query(params).map_err(failed(operation))?;
        while let Some(row) = rows.next().map_err(failed(operation))? {
            visit(row)?;
        }
        Ok(())
    }
}

impl Writer {
    /// Makes rows without days for months that are to be counted, in the place of what was kept of them; the number
    /// with which to [`Writer::save_ledger_days`]. The view in which they are counted has to begin after the commit.
    ///
    /// # Errors
    /// The database's.
    pub fn claim_ledger_days(&mut self, months: &[MonthClaim]) -> Result<i64, StoreError> {
        let claim = CLAIMS.fetch_add(1, Ordering::Relaxed);
        let sql = "INSERT INTO ledger_days (service, month, valid_until_ms, claim) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO UPDATE SET valid_until_ms = ?3, claim = ?4, revision = NULL, body = NULL";
        for month in months {
            let params = (month.service.as_str(), month.month, month.valid_until.as_ms(), claim);
            self.execute("claim a ledger's days", sql, params)?;
        }
        Ok(claim)
    }

    /// Keeps what was counted under `claim`; how many months. A month that another has claimed since is left alone, and
    /// days that an edit has touched since stay invalid.
    ///
    /// # Errors
    /// The database's; no day, or more than a month has.
    pub fn save_ledger_days(&mut self, claim: i64, months: &[CountedMonth]) -> Result<usize, StoreError> {
        let sql = "UPDATE ledger_days SET claim = NULL, revision = ?4, body = ?5
                   WHERE service = ?1 AND month = ?2 AND claim = ?3";
        let mut saved = 0;
        for month in months {
            let service = month.service.as_str();
            let body = body::render(&month.days, body::checksum_seed(service, month.month, month.revision))
                .ok_or(StoreError::Refused { what: "a month without days, or with more than it can have" })?;
            saved += self.execute("keep a ledger's days", sql, (service, month.month, claim, month.revision, body))?;
        }
        Ok(saved)
    }

    /// The ledger of a service differs from `from` on: no day that ends later is valid any more.
    pub(super) fn shorten_ledger_days(&mut self, service: &ServiceId, from: Timestamp) -> Result<(), StoreError> {
        let first = month_number(from.plus_secs(-ZONE_SECONDS_MAX).to_utc().date_naive());
        self.execute("shorten a ledger's days", SHORTEN, (service.as_str(), from.as_ms(), first)).map(drop)
    }
}

/// The number of the month that holds `date`.
pub fn month_number(date: chrono::NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

/// Service ids as the list that `json_each` takes.
pub(super) fn render_ids(services: &[&ServiceId]) -> Result<String, StoreError> {
    let ids: Vec<&str> = services.iter().map(|id| id.as_str()).collect();
    serde_json::to_string(&ids).map_err(|_| StoreError::Damaged { what: "list" })
}

/// The place in the asked list, in the first column.
pub(super) fn place(row: &Row<'_>) -> Result<usize, StoreError> {
    usize::try_from(column::<i64>(row, 0)?).map_err(|_| StoreError::Damaged { what: "list" })
}

/// The days of `days` that end by `valid_until`, at most `held`: so many from the first on may be used.
pub fn usable_days(days: &[Interval], held: usize, valid_until: Timestamp) -> usize {
    days.iter().take(held).take_while(|day| day.to <= valid_until).count()
}
