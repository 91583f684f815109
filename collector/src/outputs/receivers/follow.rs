//! Following: what others change in the tickets that we made at a help desk. Every few minutes, or when it calls.
//!
//! ```text
//! sleep `poll`, or woken by POST /api/v1/helpdesk/NAME ──► newest changes there, by its own clock ──► those not yet
//! looked at, the oldest first ──► each whole ──► the engine tells theirs from ours ──► log of our ticket
//! ```
//!
//! Changes nothing there. What was looked at is known by the help desk's own moment of change, never by our clock, and is
//! remembered only in memory: after a start the newest are looked at again, and what is known already is told no second time. A look
//! that fails is repeated whole; it has no retry of its own beside the next look.

use super::{Outlet, Receivers};
use crate::app::App;
use crate::config::receivers::{Receiver, ReceiverKind};
use crate::domain::ticket::TicketNumber;
use crate::domain::ticket::elsewhere::{Ours, Stage, Standing};
use crate::engine::deliver::Sent;
use crate::engine::{CommandError, HeardElsewhere, SeenElsewhere};
use crate::shutdown::stopped;
use crate::store::records::LastTold;
use crate::store::{Reader, StoreError};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// What the title of every ticket of ours begins with, behind a bracket.
pub(super) const TITLE_PREFIX: &str = "SPBE-GGN-";
/// Newest changes that one look asks for.
pub(super) const CHANGED_MAX: usize = 100;
/// Tickets that one look reads whole; the rest at the next.
const WHOLE_MAX: usize = 25;
/// Tickets of a receiver that are followed, newest first.
const FOLLOWED_MAX: usize = 1_000;
/// So long after its end here a ticket is followed, in seconds.
const ENDED_S: i64 = 14 * 86_400;
/// A help desk that calls often is asked once in this time.
const WOKEN: Duration = Duration::from_secs(5);
/// One look takes at most so long.
const LOOK_MAX: Duration = Duration::from_secs(120);

/// Messages that set the state there, and that set the urgency.
const STATE_EVENTS: [&str; 5] = ["opened", "restored", "recurred", "closed", "cancelled"];
const PRIORITY_EVENTS: [&str; 3] = ["opened", "updated", "priority"];

/// A change, by what the ticket is called there and when it was made there.
type Changed = (String, Timestamp);

/// What was looked at, and which tickets are ours.
#[derive(Debug)]
pub(super) struct Since {
    /// Changes that were dealt with.
    done: BTreeSet<Changed>,
    /// Tickets by what they are called there.
    pub(super) wanted: BTreeSet<String>,
}

/// What a look found.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Tickets that are to be read whole: reference and last change, oldest first.
    pub(super) due: Vec<Changed>,
    /// Those that were.
    pub(super) changes: Vec<Change>,
    /// More wait for the next look.
    more: bool,
    /// What is dealt with once these are noted: never more than a search shows.
    done: BTreeSet<Changed>,
}

/// A ticket that changed there.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) reference: String,
    pub(super) standing: Standing,
}

impl Since {
    /// Sorts what a search showed: ours, not yet looked at, oldest first, as many as are read at once.
    pub(super) fn answer(&self, rows: impl Iterator<Item = Changed>) -> Answer {
        let ours = rows.filter(|(reference, _)| self.wanted.contains(reference));
        let (done, mut due): (Vec<Changed>, Vec<Changed>) = ours.partition(|row| self.done.contains(row));
        let mut done = BTreeSet::from_iter(done);
        due.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        let more = due.len() > WHOLE_MAX;
        due.truncate(WHOLE_MAX);
        done.extend(due.iter().cloned());
        Answer { due, changes: Vec::new(), more, done }
    }
}

/// Why a look failed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// Not a help desk of the configuration that can be asked.
    #[error("receiver `{0}` cannot be asked")]
    NoDesk(String),
    /// It did not answer.
    #[error("the help desk did not answer: {0}")]
    Desk(String),
    /// The store failed.
    #[error("what is followed cannot be read")]
    Store(#[source] StoreError),
    /// The engine refused.
    #[error("what a help desk told cannot be noted")]
    Engine(#[source] CommandError),
}

/// How far one help desk was followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    done: BTreeSet<Changed>,
    /// Whether the next look is due at once.
    pub more: bool,
}

/// Signals by which help desks that call wake their look.
#[derive(Debug, Default)]
pub(super) struct Wakes(BTreeMap<String, Arc<Notify>>);

impl Wakes {
    pub(super) fn of(receivers: &[Receiver]) -> Self {
        let followed = receivers.iter().filter(|receiver| poll(&receiver.kind).is_some());
        Self(followed.map(|receiver| (receiver.name.clone(), Arc::default())).collect())
    }
}

/// How often a receiver is asked; none for one that cannot be, or is not to be.
fn poll(kind: &ReceiverKind) -> Option<Duration> {
    let seconds = match kind {
        ReceiverKind::Glpi(settings) => settings.poll_s,
        ReceiverKind::Zammad(settings) => settings.poll_s,
        ReceiverKind::Alertmanager(_)
        | ReceiverKind::Email(_)
        | ReceiverKind::Mqtt(_)
        | ReceiverKind::Osticket(_)
        | ReceiverKind::Telegram(_)
        | ReceiverKind::Webhook(_) => 0,
    };
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

impl Receivers {
    /// A help desk calls: something changed there. Whether it is one that is followed.
    pub fn wake(&self, name: &str) -> bool {
        let wake = self.wakes.0.get(name);
        wake.into_iter().for_each(|wake| wake.notify_one());
        wake.is_some()
    }

    async fn changed(&self, name: &str, since: &Since, zone: Tz) -> Result<Answer, FollowError> {
        let outlet = self.outlets.iter().find(|(known, _)| known == name).map(|(_, outlet)| outlet);
        let asked = async {
            match outlet {
                Some(Outlet::Glpi(to)) => Some(to.changed(since, zone).await),
                Some(Outlet::Zammad(to)) => Some(to.changed(since).await),
                Some(
                    Outlet::Alertmanager(_)
                    | Outlet::Email(_)
                    | Outlet::Mqtt(_)
                    | Outlet::Osticket(_)
                    | Outlet::Telegram(_)
                    | Outlet::Webhook(_),
                )
                | None => None,
            }
        };
        match tokio::time::timeout(LOOK_MAX, asked).await {
            Ok(Some(answer)) => answer.map_err(|sent| FollowError::Desk(sent.reason())),
            Ok(None) => Err(FollowError::NoDesk(name.to_owned())),
            Err(_) => Err(FollowError::Desk(format!("no answer within {} s", LOOK_MAX.as_secs()))),
        }
    }
}

impl Sent {
    /// What a receiver said that took nothing.
    fn reason(self) -> String {
        match self {
            Self::RetryLater { reason, .. } | Self::Rejected(reason) => reason,
            Self::Delivered(_) => "gave no answer".to_owned(),
        }
    }
}

/// One look at a help desk: what others changed there is noted in our tickets.
///
/// # Errors
/// [`FollowError`]; the cursor stands where it stood then.
pub async fn follow(app: &App, name: &str, cursor: &mut Cursor) -> Result<HeardElsewhere, FollowError> {
    // Before anything is asked: what is sent from here on is mixed into what is heard.
    let asked_at = app.clock.now();
    let (target, since) = (name.to_owned(), asked_at.plus_secs(-ENDED_S));
    let followed = read(app, move |reader| reader.followed(&target, since, FOLLOWED_MAX)).await?;
    let numbers: BTreeMap<String, TicketNumber> = followed.into_iter().map(|one| (one.reference, one.ticket)).collect();
    let since = Since { done: cursor.done.clone(), wanted: numbers.keys().cloned().collect() };
    let answer = match since.wanted.is_empty() {
        true => Answer::default(),
        false => app.receivers.changed(name, &since, app.profile.time_zone).await?,
    };
    let (more, done) = (answer.more, answer.done);
    let kind = app.receivers.kinds().iter().find(|(known, _)| known == name).map_or("", |(_, kind)| *kind);
    let target = name.to_owned();
    let seen = read(app, move |reader| {
        let known = answer.changes.into_iter().filter_map(|one| Some((*numbers.get(&one.reference)?, one.standing)));
        let seen =
            known.map(|(ticket, seen)| Ok(SeenElsewhere { ticket, ours: ours(reader, ticket, &target, kind)?, seen }));
        seen.collect::<Result<Vec<_>, StoreError>>()
    });
    let heard = app.engine.hear_elsewhere(name.to_owned(), seen.await?, asked_at).await;
    let heard = heard.map_err(FollowError::Engine)?;
    // What is mixed with what we say is looked at again, when that is through.
    cursor.more = more && heard.busy == 0;
    if heard.busy == 0 {
        cursor.done = done;
    }
    Ok(heard)
}

async fn read<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, FollowError> {
    let store = app.store.clone();
    let read = tokio::task::spawn_blocking(move || store.read(work)).await;
    read.unwrap_or(Err(StoreError::Closed)).map_err(FollowError::Store)
}

#[derive(Deserialize)]
struct ToldPriority {
    prioritas: u8,
}

/// What we set there last, as the messages say that were taken.
fn ours(reader: &Reader, ticket: TicketNumber, target: &str, kind: &str) -> Result<Ours, StoreError> {
    let never = Timestamp::from_ms(0);
    let stage = reader.last_told(ticket, target, &STATE_EVENTS)?;
    let stage = stage.map_or((never, Stage::New), |told| (told.at, set_by(&told.event, kind)));
    let word = |told: &LastTold| {
        let told: ToldPriority = serde_json::from_str(&told.payload).ok()?;
        (kind == "zammad").then(|| super::zammad::priority(told.prioritas).to_owned())
    };
    let priority = reader.last_told(ticket, target, &PRIORITY_EVENTS)?;
    let priority = priority.map_or((never, None), |told| (told.at, word(&told)));
    Ok(Ours { stage, priority })
}

/// The state in which a message of ours leaves their ticket; Zammad has no state between open and closed.
fn set_by(event: &str, kind: &str) -> Stage {
    match event {
        "restored" if kind == "glpi" => Stage::Solved,
        "restored" | "closed" | "cancelled" => Stage::Closed,
        "recurred" => Stage::InProgress,
        _ => Stage::New,
    }
}

/// A look's part that runs beside the outbox.
pub(super) fn watcher(app: &App, receiver: &Receiver, stop: &watch::Receiver<bool>) -> Option<super::Watcher> {
    let (every, wake) = (poll(&receiver.kind)?, app.receivers.wakes.0.get(&receiver.name).cloned()?);
    Some(Box::pin(run(app.clone(), receiver.name.clone(), every, wake, stop.clone())))
}

async fn run(app: App, name: String, every: Duration, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    let mut cursor = Cursor::default();
    loop {
        tokio::select! {
            () = tokio::time::sleep(if cursor.more { WOKEN } else { every }) => {}
            () = async {
                wake.notified().await;
                // What it calls about is often followed by more.
                tokio::time::sleep(WOKEN).await;
            } => {}
            () = stopped(&mut stop) => return,
        }
        match follow(&app, &name, &mut cursor).await {
            Ok(heard) if heard.facts > 0 || heard.confirmed > 0 => {
                let HeardElsewhere { facts, confirmed, .. } = heard;
                tracing::info!(receiver = name, facts, confirmed, "changes at a help desk noted");
            }
            Ok(_) => {}
            Err(error) => {
                app.stats.follow_failures.increment();
                cursor.more = false;
                tracing::warn!(receiver = name, error = &error as &dyn std::error::Error, "cannot follow a help desk");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + seconds)
    }

    #[test]
    fn only_followed_tickets_that_changed_are_read_the_oldest_change_first() {
        let done = BTreeSet::from([("2".to_owned(), s(39)), ("1".to_owned(), s(200))]);
        let since = Since { done, wanted: ["1", "2", "3"].map(str::to_owned).into() };
        let rows = [("9", 500), ("3", 400), ("1", 300), ("2", 39)];
        let answer = since.answer(rows.into_iter().map(|(id, at)| (id.to_owned(), s(at))));
        let due: Vec<&str> = answer.due.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!((due, answer.more), (vec!["1", "3"], false));
        assert_eq!(answer.done.len(), 3, "what a search shows no more is forgotten");
    }

    #[test]
    fn a_flood_is_read_in_parts_and_nothing_is_left_out() {
        let count = WHOLE_MAX * 2 + 1;
        let wanted: BTreeSet<String> = (0..count).map(|id| id.to_string()).collect();
        // All of one second.
        let rows = || (0..count).rev().map(|id| (id.to_string(), s(0)));
        let (mut done, mut read) = (BTreeSet::new(), Vec::new());
        for more in [true, true, false, false] {
            let answer = Since { done, wanted: wanted.clone() }.answer(rows());
            assert_eq!(answer.more, more);
            read.extend(answer.due.iter().map(|(id, _)| id.clone()));
            done = answer.done;
        }
        assert_eq!((read.len(), read.into_iter().collect::<BTreeSet<_>>()), (count, wanted), "each once");
    }
}
