//! The example SLA document (Tabel 12 and 13), for services that have adopted it (G15): when an answer and a solution
//! are due. Both tables say "maksimal": the bound itself is in time (G06).
//!
//! ```text
//! reported in working hours              3 hours, of working time (or clock time, G61)
//! outside, before a working day opens    the end of that day (or of the next one, G19)
//! outside, otherwise                     the end (or the beginning) of the next working day
//! urgency 1 with assistance on site      2 × 24 hours (G17), only where a person marked the ticket so
//! ```
//!
//! A day's break lies inside its working hours. Which services have adopted it says the catalogue ([`Adoption`]); the
//! solution of Tabel 13 needs an urgency of Tabel 11, which follows from no priority (G14) and is judged nowhere yet.

use super::Ticket;
use crate::domain::calendar::{AddOpenError, CLOSED_DAYS_MAX, Calendar, zone};
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::profile::{Operator, TimeTarget};
use chrono::NaiveDate;
use pantau_shared::timestamp::Timestamp;

const RESPONSE_S: u64 = 3 * 3600;
const ON_SITE_S: i64 = 48 * 3600;
/// Days that are looked ahead for one that opens.
const CLOSED_DAYS: usize = CLOSED_DAYS_MAX.cast_unsigned() as usize;

/// Tingkat urgensi of Tabel 11; not a priority of Tabel 3 (G14). Urgency 3 is only ever set by a person (G56).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// 1, tinggi.
    High,
    /// 2, sedang.
    Medium,
    /// 3, rendah.
    Low,
}

impl Urgency {
    /// 1 to 3.
    pub const fn new(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::High),
            2 => Some(Self::Medium),
            3 => Some(Self::Low),
            _ => None,
        }
    }

    /// Waktu penyelesaian (Tabel 13), from the report on, around the clock (G20).
    pub const fn resolution_target(self) -> TimeTarget {
        let hours = match self {
            Self::High => 48,
            Self::Medium => 72,
            Self::Low => 120,
        };
        TimeTarget { seconds: hours * 3600, operator: Operator::AtMost }
    }
}

/// How three hours are counted (G61).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Counting {
    /// Working time.
    #[default]
    WorkingTime,
    /// Clock time.
    ClockTime,
}

/// Which day a report before opening belongs to (G19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BeforeOpening {
    /// That day: the stricter reading.
    #[default]
    SameDay,
    /// The next working day.
    NextDay,
}

/// Which moment of the working day is meant (G19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DayBound {
    /// The end of its working hours.
    #[default]
    Closing,
    /// Their beginning.
    Opening,
}

/// How Tabel 12 is read where it leaves room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// See [`Counting`].
    pub counting: Counting,
    /// See [`BeforeOpening`].
    pub before_opening: BeforeOpening,
    /// See [`DayBound`].
    pub bound: DayBound,
}

/// Which services have adopted the document, and how they read it (G15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// The services; never empty.
    pub services: Vec<ServiceId>,
    /// The calendar of working hours, by its name in the catalogue.
    pub calendar: String,
    /// Where Tabel 12 leaves room.
    pub reading: Reading,
}

impl Adoption {
    /// How long an answer to a ticket may take (`<=`), where one of its services has adopted the document. Assistance on
    /// site is marked by a person and nowhere yet (G17), and without it every urgency has the same bound.
    pub fn response_target(&self, catalogue: &Catalogue, ticket: &Ticket) -> Option<TimeTarget> {
        let own = ticket.key.scope.service().into_iter();
        let mut suffering = ticket.affected_services.iter().chain(own);
        suffering.find(|service| self.services.contains(service))?;
        let calendar = &catalogue.calendar(&self.calendar)?.calendar;
        let due = response_due_at(ticket.reported_at, Urgency::Medium, false, calendar, self.reading).ok()?;
        let seconds = u32::try_from(due.ms_since(ticket.reported_at).div_euclid(1000)).ok()?;
        Some(TimeTarget { seconds, operator: Operator::AtMost })
    }
}

/// Until when an answer is in time (`<=`).
///
/// # Errors
/// A calendar without open time.
pub fn response_due_at(
    reported: Timestamp,
    urgency: Urgency,
    assisted_on_site: bool,
    calendar: &Calendar,
    reading: Reading,
) -> Result<Timestamp, AddOpenError> {
    if assisted_on_site && urgency == Urgency::High {
        return Ok(reported.plus_secs(ON_SITE_S));
    }
    let date = zone::local_date(calendar.zone, reported);
    match working_hours(calendar, date) {
        Some(hours) if hours.contains(reported) => match reading.counting {
            Counting::WorkingTime => calendar.add_open(reported, RESPONSE_S),
            Counting::ClockTime => Ok(reported.plus_secs(RESPONSE_S.cast_signed())),
        },
        Some(hours) if reported < hours.from && reading.before_opening == BeforeOpening::SameDay => {
            Ok(bound_of(hours, reading.bound))
        }
        Some(_) | None => {
            let mut later = date.iter_days().skip(1).take(CLOSED_DAYS);
            let next = later.find_map(|date| working_hours(calendar, date));
            next.map(|hours| bound_of(hours, reading.bound)).ok_or(AddOpenError::NoOpenTime { from: reported })
        }
    }
}

const fn bound_of(hours: Interval, bound: DayBound) -> Timestamp {
    match bound {
        DayBound::Closing => hours.to,
        DayBound::Opening => hours.from,
    }
}

/// From the first opening to the last closing of a local date; none on a day that stays closed.
fn working_hours(calendar: &Calendar, date: NaiveDate) -> Option<Interval> {
    let open = calendar.open_in(zone::day(calendar.zone, date));
    let (first, last) = (open.iter().next()?, open.iter().last()?);
    Some(Interval::new(first.from, last.to))
}
