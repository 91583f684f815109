//! What a host's units, clock and starts look like to a ticket key: the same for what is judged now and for a rehearsal of
//! the past.

use crate::domain::catalogue::ServiceId;
use crate::domain::failed_units::{UnitsView, render_names};
use crate::domain::own_clock::{ClockFault, OwnClockView};
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::stage::ARGUMENT;
use crate::domain::ticket::{TicketClass, TicketKey, TicketScope};
use pantau_shared::ids::HostId;

/// Parts of a host's keys.
pub(crate) const REBOOT: &str = "reboot";
pub(crate) const CLOCK: &str = "clock";
pub(crate) const UNITS: &str = "units";

/// Units that are listed as components.
const COMPONENTS_MAX: usize = 20;

/// Whose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wellbeing<'a> {
    pub(crate) host: &'a HostId,
    /// The host's name for people.
    pub(crate) name: &'a str,
}

impl Wellbeing<'_> {
    /// The key of a part.
    pub(crate) fn key(&self, part: &str) -> TicketKey {
        TicketKey { scope: TicketScope::Host(self.host.clone(), part.to_owned()), class: TicketClass::Function }
    }

    /// A disturbance of the host; `affected` run on it.
    pub(crate) fn condition(
        &self,
        part: &str,
        onset_at: pantau_shared::timestamp::Timestamp,
        symptom: Phrase,
        affected: Vec<ServiceId>,
    ) -> Condition {
        Condition {
            key: self.key(part),
            impact: Impact::Minor,
            onset_at,
            symptom: symptom.with("host", self.name),
            category: "sistem_operasi".to_owned(),
            components: vec![self.host.to_string()],
            affected,
            flapping_since: None,
        }
    }

    /// What is seen of its units: one disturbance for all of them. More of them than were ever told is a further stage.
    pub(crate) fn units(&self, seen: UnitsView<'_>, affected: impl Fn() -> Vec<ServiceId>) -> View {
        let (names, since) = match seen {
            UnitsView::Unseen => return View::Unseen { key: self.key(UNITS) },
            UnitsView::Good(since) => return View::Clear { key: self.key(UNITS), since },
            UnitsView::Failing { names, since } => (names, since),
        };
        let symptom = Phrase::new("symptom-units-failed")
            .with("count", names.len())
            .with("units", render_names(&names))
            .with("since_at", since)
            .with(ARGUMENT, names.len());
        let mut condition = self.condition(UNITS, since, symptom, affected());
        condition.components.extend(names.iter().take(COMPONENTS_MAX).map(|name| (*name).to_owned()));
        View::Holds(condition)
    }

    /// What its own timekeeping says.
    pub(crate) fn own_clock(&self, seen: OwnClockView, affected: impl Fn() -> Vec<ServiceId>) -> View {
        let (fault, since) = match seen {
            OwnClockView::Unseen => return View::Unseen { key: self.key(CLOCK) },
            OwnClockView::Good(since) => return View::Clear { key: self.key(CLOCK), since },
            OwnClockView::Wrong(fault, since) => (fault, since),
        };
        let symptom = match fault {
            ClockFault::Offset(ms) => Phrase::new("symptom-clock-offset").with("offset_ms", ms),
            ClockFault::Unsynchronized => Phrase::new("symptom-clock-free"),
        };
        View::Holds(self.condition(CLOCK, since, symptom.with("since_at", since), affected()))
    }
}
