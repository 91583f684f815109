//! Zammad through its REST API: one ticket of Zammad per ticket of ours, told of everything, closed with it.
//!
//! Zammad has no idempotency key either; see [`super::glpi`] for what follows from that. Its search may lag some seconds
//! behind a create: a double that slips in so is closed at the next event.
//!
//! ```text
//! GET  /api/v1/tickets/search?query=…            title begins with the tag
//! POST /api/v1/tickets                           title, group, customer, priority, article
//! GET  /api/v1/ticket_articles/by_ticket/:id
//! POST /api/v1/ticket_articles                   ticket_id, subject, body, type note
//! PUT  /api/v1/tickets/:id                       state open, closed; priority
//! ```

mod heard;

use super::ReceiverError;
use super::http::ask;
use super::reconcile::There;
use super::secret;
use super::told::{Told, Turn};
use crate::config::receivers::ZammadSettings;
use crate::engine::deliver::Sent;
use crate::store::records::{DueMessage, ExternalReference};
use reqwest::{Client, Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

/// A Zammad.
pub(super) struct Zammad {
    url: String,
    token: String,
    group: String,
    customer: String,
    client: Client,
}

/// A ticket there: its id, for calls, and its number, for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Theirs {
    id: u64,
    #[serde(default)]
    number: String,
    #[serde(default)]
    title: String,
    /// By name, since lists are asked for expanded; a create answers by number only.
    #[serde(default)]
    state: String,
}

impl Zammad {
    pub(super) fn new(settings: &ZammadSettings, client: Client) -> Result<Self, ReceiverError> {
        let token = secret::read(&settings.token_file, 1)?;
        let url = settings.url.trim_end_matches('/').to_owned();
        Ok(Self { url, token, group: settings.group.clone(), customer: settings.customer.clone(), client })
    }

    pub(super) async fn send(&self, due: &DueMessage) -> Sent {
        self.deliver(due).await.map_or_else(|sent| sent, |at| Sent::Delivered(Some(at)))
    }

    /// How a ticket stands there, by its number.
    pub(super) async fn look(&self, number: &str) -> Result<There, Sent> {
        let found = self.search(&format!("number:{number}")).await?;
        Ok(match found.iter().find(|ticket| ticket.number == number).map(|ticket| ticket.state.as_str()) {
            None => There::Gone,
            Some("closed" | "merged") => There::Over,
            Some(_) => There::Open,
        })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}/api/v1/{path}", self.url));
        request.header("authorization", format!("Token token={}", self.token))
    }

    async fn deliver(&self, due: &DueMessage) -> Result<ExternalReference, Sent> {
        let told = Told::read(due)?;
        let mut found = self.find(&told).await?;
        if found.is_empty()
            && let Some(known) = due.reference.as_deref()
        {
            // Somebody changed the title, or the search lags: by the number that we keep.
            let numbered = self.search(&format!("number:{known}")).await?;
            found.extend(numbered.into_iter().filter(|ticket| ticket.number == known));
        }
        let created = found.is_empty();
        if created {
            found.push(self.create(&told).await?);
            found.extend(self.find(&told).await?);
        }
        found.sort();
        found.dedup_by_key(|ticket| ticket.id);
        let [first, doubles @ ..] = found.as_slice() else { return Err(Sent::later("Zammad gave no ticket")) };
        for double in doubles {
            self.close_double(&told, double, first).await?;
        }
        if !created || told.event != "opened" {
            self.tell(&told, first).await?;
        }
        let url = Some(format!("{}/#ticket/zoom/{}", self.url, first.id));
        Ok(ExternalReference { reference: first.number.clone(), url })
    }

    async fn find(&self, told: &Told) -> Result<Vec<Theirs>, Sent> {
        let found = self.search(&format!("\"{}\"", told.nomor)).await?;
        Ok(found.into_iter().filter(|ticket| ticket.title.starts_with(&told.tag())).collect())
    }

    async fn search(&self, query: &str) -> Result<Vec<Theirs>, Sent> {
        let encoded: String = query
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect();
        // `expand` gives a plain list.
        let path = format!("tickets/search?query={encoded}&limit=20&expand=true");
        ask(self.request(Method::GET, &path)).await?.json()
    }

    async fn create(&self, told: &Told) -> Result<Theirs, Sent> {
        let body = json!({
            "title": told.title(), "group": self.group, "customer": self.customer,
            "priority": priority(told.prioritas),
            "article": { "subject": told.title(), "body": told.html(), "content_type": "text/html", "type": "note",
                         "internal": false },
        });
        ask(self.request(Method::POST, "tickets").json(&body)).await?.json()
    }

    async fn tell(&self, told: &Told, ticket: &Theirs) -> Result<(), Sent> {
        self.add(told, ticket.id).await?;
        if told.sets_priority() {
            self.change(ticket.id, &json!({ "priority": priority(told.prioritas) })).await?;
        }
        match told.turn() {
            Turn::News | Turn::Confirmed => Ok(()),
            Turn::Recurred => self.change(ticket.id, &json!({ "state": "open" })).await,
            Turn::Restored | Turn::Ended => self.change(ticket.id, &json!({ "state": "closed" })).await,
        }
    }

    /// Adds an article unless it is there.
    async fn add(&self, told: &Told, id: u64) -> Result<(), Sent> {
        let articles: Value =
            ask(self.request(Method::GET, &format!("ticket_articles/by_ticket/{id}"))).await?.json()?;
        if articles.to_string().contains(&told.marker()) {
            return Ok(());
        }
        let body = json!({
            "ticket_id": id, "subject": told.headline(), "body": told.html(), "content_type": "text/html",
            "type": "note", "internal": false,
        });
        ask(self.request(Method::POST, "ticket_articles").json(&body)).await.map(drop)
    }

    async fn change(&self, id: u64, body: &Value) -> Result<(), Sent> {
        ask(self.request(Method::PUT, &format!("tickets/{id}")).json(body)).await.map(drop)
    }

    async fn close_double(&self, told: &Told, double: &Theirs, of: &Theirs) -> Result<(), Sent> {
        // Its title loses the tag, so that it is never found again.
        let words = super::told::texts().text("delivery-double", &[("reference", &of.number)]);
        self.change(double.id, &json!({ "state": "closed", "title": format!("{words} {}", told.nomor) })).await
    }
}

/// Zammad's own three.
pub(super) fn priority(priority: u8) -> &'static str {
    match priority {
        1 | 2 => "3 high",
        3 | 4 => "2 normal",
        _ => "1 low",
    }
}
