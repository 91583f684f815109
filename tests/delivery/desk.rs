//! What every help desk double keeps: tickets with their titles, states and entries.

use crate::faults::{Fault, Faults};
use axum::Router;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A ticket of the help desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Theirs {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) state: String,
    pub(crate) entries: Vec<String>,
    /// Kind, author and moment of each entry.
    pub(crate) signed: Vec<(String, String, i64)>,
    pub(crate) assignee: Option<String>,
    pub(crate) priority: String,
    /// Who changed it last, and when.
    pub(crate) updater: String,
    pub(crate) changed: i64,
}

impl Theirs {
    /// A new entry of a kind.
    pub(crate) fn enter(&mut self, kind: &str, by: &str, text: &str, at: i64) {
        self.entries.push(text.to_owned());
        self.signed.push((kind.to_owned(), by.to_owned(), at));
    }
}

/// The name by which the desk knows us.
pub(crate) const US: &str = "pantau";
/// The first second of a desk's clock: 24 Nov 2026 14.05 WIB.
pub(crate) const EPOCH: i64 = 1_795_503_900;

#[derive(Debug)]
struct Inside {
    tickets: Vec<Theirs>,
    faults: Faults,
    away: bool,
    /// Requests that met nobody.
    refused: u32,
    /// Its clock: a second for every change.
    moment: i64,
}

/// A help desk; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Desk(Arc<Mutex<Inside>>);

impl Desk {
    /// Empty, with a bad day to come.
    pub(crate) fn new(faults: Faults) -> Self {
        Self(Arc::new(Mutex::new(Inside { tickets: Vec::new(), faults, away: false, refused: 0, moment: EPOCH })))
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens to the next request.
    pub(crate) fn fault(&self) -> Fault {
        let mut inside = self.inside();
        if inside.away {
            inside.refused += 1;
            return Fault::Unavailable;
        }
        inside.faults.next()
    }

    /// It answers nobody, or again.
    pub(crate) fn goes_away(&self, away: bool) {
        self.inside().away = away;
    }

    pub(crate) fn is_away(&self) -> bool {
        self.inside().away
    }

    /// Requests that met nobody.
    pub(crate) fn refused(&self) -> u32 {
        self.inside().refused
    }

    /// What goes wrong from now on.
    pub(crate) fn has_a_bad_day(&self, faults: Faults) {
        self.inside().faults = faults;
    }

    /// Everything there is.
    pub(crate) fn tickets(&self) -> Vec<Theirs> {
        self.inside().tickets.clone()
    }

    /// A new ticket; its id.
    pub(crate) fn create(&self, title: &str, state: &str, content: &str) -> u64 {
        let mut inside = self.inside();
        let id = inside.tickets.len() as u64 + 101;
        inside.moment += 1;
        let at = inside.moment;
        inside.tickets.push(Theirs {
            id,
            title: title.to_owned(),
            state: state.to_owned(),
            entries: vec![content.to_owned()],
            signed: vec![("content".to_owned(), US.to_owned(), at)],
            assignee: None,
            priority: "3".to_owned(),
            updater: US.to_owned(),
            changed: at,
        });
        id
    }

    /// Changes a ticket through the API; whether it is there.
    pub(crate) fn change(&self, id: u64, change: impl FnOnce(&mut Theirs)) -> bool {
        self.act(id, US, |ticket, _| change(ticket))
    }

    /// Somebody does something to a ticket at a moment of the desk's clock; whether it is there.
    pub(crate) fn act(&self, id: u64, by: &str, change: impl FnOnce(&mut Theirs, i64)) -> bool {
        let mut inside = self.inside();
        inside.moment += 1;
        let at = inside.moment;
        match inside.tickets.iter_mut().find(|ticket| ticket.id == id) {
            Some(ticket) => {
                change(ticket, at);
                by.clone_into(&mut ticket.updater);
                ticket.changed = at;
                true
            }
            None => false,
        }
    }

    /// Tickets by their last change, newest first.
    pub(crate) fn newest_changed(&self) -> Vec<Theirs> {
        let mut tickets = self.tickets();
        tickets.sort_by_key(|ticket| std::cmp::Reverse(ticket.changed));
        tickets
    }

    /// Takes a ticket away, as a person there may.
    pub(crate) fn remove(&self, id: u64) {
        self.inside().tickets.retain(|ticket| ticket.id != id);
    }

    /// Tickets whose title holds `text`.
    pub(crate) fn search(&self, text: &str) -> Vec<Theirs> {
        self.inside().tickets.iter().filter(|ticket| ticket.title.contains(text)).cloned().collect()
    }
}

/// Serves a double on loopback; its address.
pub(crate) async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        axum::serve(listener, app).await.ok();
    });
    format!("http://{address}")
}
