//! Comparing: which tickets are over here and open at a help desk, or the reverse. Nightly, and when a person asks.
//!
//! Changes nothing, there or here: it names what a person should look at. GLPI and Zammad can be asked; the other kinds
//! cannot.

use super::Receivers;
use crate::app::App;
use crate::domain::calendar::zone;
use crate::domain::ticket::{TicketNumber, TicketState};
use crate::engine::deliver::Sent;
use crate::shutdown::stopped;
use crate::store::StoreError;
use crate::store::records::LinkedTicket;
use pantau_shared::timestamp::Timestamp;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Tickets of one receiver that are compared, newest first.
const LINKS_MAX: usize = 500;
/// Minute of the local day at which it runs by itself.
const NIGHTLY_MINUTE: u16 = 2 * 60;
/// How often the clock is looked at for that.
const LOOK: Duration = Duration::from_secs(30);

/// How a ticket stands at a help desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    /// Somebody still has to do something.
    Open,
    /// Solved or closed.
    Over,
    /// It is not there any more.
    Gone,
}

/// What does not agree about one ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disagreement {
    /// Over here, open there.
    OpenThere,
    /// Open here, over there.
    OpenHere,
    /// Not there any more.
    GoneThere,
}

/// One ticket that does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Ours.
    pub ticket: TicketNumber,
    /// The receiver.
    pub target: String,
    /// Theirs, for people.
    pub reference: String,
    /// Where it is seen there.
    pub url: Option<String>,
    /// What.
    pub what: Disagreement,
}

/// The last comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// When it ended; `None` before the first.
    pub at: Option<Timestamp>,
    /// Tickets looked at.
    pub compared: usize,
    /// What does not agree.
    pub differences: Vec<Difference>,
    /// Receivers that could not be asked, with the reason.
    pub failures: Vec<(String, String)>,
}

/// Where the last comparison is kept; a restart forgets it.
#[derive(Debug, Default)]
pub struct LastComparison(Mutex<Comparison>);

impl LastComparison {
    /// The last one.
    pub fn get(&self) -> Comparison {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, comparison: Comparison) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = comparison;
    }
}

/// Between restoration and closing either side may be ahead of the other: only a ticket that is gone is named then.
fn judge(here: TicketState, there: There) -> Option<Disagreement> {
    let over_here = match here {
        TicketState::Pulih | TicketState::SelesaiTerkonfirmasi => {
            return (there == There::Gone).then_some(Disagreement::GoneThere);
        }
        TicketState::Baru | TicketState::Ditanggapi | TicketState::Ditangani | TicketState::Dieskalasi => false,
        TicketState::Ditutup | TicketState::Dibatalkan => true,
    };
    match (over_here, there) {
        (true, There::Open) => Some(Disagreement::OpenThere),
        (false, There::Over) => Some(Disagreement::OpenHere),
        (false, There::Gone) => Some(Disagreement::GoneThere),
        (true, There::Over | There::Gone) | (false, There::Open) => None,
    }
}

/// Compares every linked ticket for which nothing waits in the outbox, and keeps the result.
///
/// # Errors
/// The store's.
pub async fn compare(app: &App) -> Result<(), StoreError> {
    let mut comparison = Comparison::default();
    for name in app.receivers.comparable() {
        let (store, target) = (app.store.clone(), name.clone());
        let read = move || store.read(|reader| reader.linked_tickets(&target, LINKS_MAX));
        let links = tokio::task::spawn_blocking(read).await.unwrap_or(Err(StoreError::Closed))?;
        for link in links {
            match app.receivers.look(&name, &link).await {
                Ok(there) => {
                    comparison.compared += 1;
                    comparison.differences.extend(difference(&name, link, there));
                }
                Err(reason) => {
                    // One that does not answer is not asked for every ticket.
                    comparison.failures.push((name.clone(), reason));
                    break;
                }
            }
        }
    }
    comparison.at = Some(app.clock.now());
    app.receivers.comparison.set(comparison);
    Ok(())
}

fn difference(target: &str, link: LinkedTicket, there: There) -> Option<Difference> {
    let what = judge(link.state, there)?;
    let at = link.external.at;
    Some(Difference {
        ticket: link.external.ticket,
        target: target.to_owned(),
        reference: at.reference,
        url: at.url,
        what,
    })
}

impl Receivers {
    /// Receivers that can be asked how a ticket stands.
    fn comparable(&self) -> Vec<String> {
        let asked = |(_, kind): &&(String, &'static str)| matches!(*kind, "glpi" | "zammad");
        self.kinds.iter().filter(asked).map(|(name, _)| name.clone()).collect()
    }

    async fn look(&self, name: &str, link: &LinkedTicket) -> Result<There, String> {
        let outlet = self.outlets.iter().find(|(known, _)| known == name).map(|(_, outlet)| outlet);
        let there = match outlet {
            Some(super::Outlet::Glpi(to)) => to.look(&link.external.at.reference).await,
            Some(super::Outlet::Zammad(to)) => to.look(&link.external.at.reference).await,
            Some(_) | None => return Err("cannot be asked".to_owned()),
        };
        there.map_err(|sent| match sent {
            Sent::RetryLater { reason, .. } | Sent::Rejected(reason) => reason,
            Sent::Delivered(_) => "gave no state".to_owned(),
        })
    }
}

/// Compares once a night until `stop`.
pub(crate) async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let time_zone = app.profile.time_zone;
    let mut last = zone::local_date(time_zone, app.clock.now());
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stopped(&mut stop) => return,
        }
        let now = app.clock.now();
        let date = zone::local_date(time_zone, now);
        if date != last && zone::minute_of_day(time_zone, now) >= NIGHTLY_MINUTE {
            last = date;
            if let Err(error) = compare(&app).await {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot compare tickets with help desks");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_person_should_look_at_is_named() {
        use TicketState::*;
        for (here, there, expected) in [
            (Baru, There::Open, None),
            (Ditangani, There::Over, Some(Disagreement::OpenHere)),
            (Dieskalasi, There::Gone, Some(Disagreement::GoneThere)),
            (Pulih, There::Open, None),
            (Pulih, There::Over, None),
            (Ditutup, There::Open, Some(Disagreement::OpenThere)),
            (Dibatalkan, There::Over, None),
            (SelesaiTerkonfirmasi, There::Open, None),
        ] {
            assert_eq!(judge(here, there), expected, "{here:?} {there:?}");
        }
    }
}
