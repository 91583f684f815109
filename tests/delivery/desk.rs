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
}

#[derive(Debug)]
struct Inside {
    tickets: Vec<Theirs>,
    faults: Faults,
    away: bool,
    /// Requests that met nobody.
    refused: u32,
}

/// A help desk; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Desk(Arc<Mutex<Inside>>);

impl Desk {
    /// Empty, with a bad day to come.
    pub(crate) fn new(faults: Faults) -> Self {
        Self(Arc::new(Mutex::new(Inside { tickets: Vec::new(), faults, away: false, refused: 0 })))
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
        let entries = vec![content.to_owned()];
        inside.tickets.push(Theirs { id, title: title.to_owned(), state: state.to_owned(), entries });
        id
    }

    /// Changes a ticket; whether it is there.
    pub(crate) fn change(&self, id: u64, change: impl FnOnce(&mut Theirs)) -> bool {
        match self.inside().tickets.iter_mut().find(|ticket| ticket.id == id) {
            Some(ticket) => {
                change(ticket);
                true
            }
            None => false,
        }
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
