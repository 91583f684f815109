//! The order of the times on the form (regulation 3.5): which of its rules a set of times breaks.
//!
//! mulai gangguan ≤ pencatatan ≤ respons pertama; mulai gangguan ≤ pulih ≤ konfirmasi ≤ penutupan; no closing without
//! a confirmation. Times that are not there yet break nothing.

use super::Ticket;
use pantau_shared::timestamp::Timestamp;

/// The times of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormTimes {
    /// When the disturbance began.
    pub onset_at: Timestamp,
    /// Field 1.
    pub recorded_at: Timestamp,
    /// First entry of a person.
    pub first_response_at: Option<Timestamp>,
    /// First good moment.
    pub restored_at: Option<Timestamp>,
    /// Field 14.
    pub confirmed_at: Option<Timestamp>,
    /// Field 15.
    pub closed_at: Option<Timestamp>,
}

/// A rule of the order that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderFault {
    /// Recorded before it began.
    RecordedBeforeOnset,
    /// Answered before it was recorded.
    ResponseBeforeRecorded,
    /// Restored before it began.
    RestoredBeforeOnset,
    /// Confirmed before it was restored.
    ConfirmedBeforeRestored,
    /// Closed before it was confirmed.
    ClosedBeforeConfirmed,
    /// Closed, never confirmed.
    ClosedUnconfirmed,
}

impl OrderFault {
    /// The two times, that which should be the later one first; or what is missing.
    pub const fn code(self) -> &'static str {
        match self {
            Self::RecordedBeforeOnset => "pencatatan<mulai_gangguan",
            Self::ResponseBeforeRecorded => "respons_pertama<pencatatan",
            Self::RestoredBeforeOnset => "pulih<mulai_gangguan",
            Self::ConfirmedBeforeRestored => "konfirmasi<pulih",
            Self::ClosedBeforeConfirmed => "penutupan<konfirmasi",
            Self::ClosedUnconfirmed => "penutupan tanpa konfirmasi",
        }
    }
}

impl FormTimes {
    /// The rules that are broken, in the order of the form.
    pub fn faults(&self) -> Vec<OrderFault> {
        let before =
            |later: Option<Timestamp>, earlier: Option<Timestamp>| later.zip(earlier).is_some_and(|(l, e)| l < e);
        let (onset, recorded) = (Some(self.onset_at), Some(self.recorded_at));
        let rules = [
            (before(recorded, onset), OrderFault::RecordedBeforeOnset),
            (before(self.first_response_at, recorded), OrderFault::ResponseBeforeRecorded),
            (before(self.restored_at, onset), OrderFault::RestoredBeforeOnset),
            (before(self.confirmed_at, self.restored_at), OrderFault::ConfirmedBeforeRestored),
            (before(self.closed_at, self.confirmed_at), OrderFault::ClosedBeforeConfirmed),
            (self.closed_at.is_some() && self.confirmed_at.is_none(), OrderFault::ClosedUnconfirmed),
        ];
        rules.into_iter().filter_map(|(broken, fault)| broken.then_some(fault)).collect()
    }
}

impl From<&Ticket> for FormTimes {
    fn from(ticket: &Ticket) -> Self {
        Self {
            onset_at: ticket.onset_at,
            recorded_at: ticket.recorded_at,
            first_response_at: ticket.first_response_at,
            restored_at: ticket.restored_at,
            confirmed_at: ticket.confirmed_at,
            closed_at: ticket.closed_at,
        }
    }
}
