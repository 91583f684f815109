//! osTicket: its API can create a ticket and nothing else. Later events are not told; at the end a person is asked to
//! close the ticket there, by a message that needs a look.
//!
//! It cannot be searched either. So a create whose fate is not known (no answer, 5xx) is never repeated by itself: a
//! person looks whether it is there. What never arrived is tried again.

use super::ReceiverError;
use super::http::call;
use super::secret;
use super::told::{Told, Turn};
use crate::config::receivers::OsticketSettings;
use crate::engine::deliver::Sent;
use crate::store::records::{DueMessage, ExternalReference};
use reqwest::Client;
use serde_json::json;

/// An osTicket.
pub(super) struct Osticket {
    url: String,
    key: String,
    email: String,
    client: Client,
}

impl Osticket {
    pub(super) fn new(settings: &OsticketSettings, client: Client) -> Result<Self, ReceiverError> {
        let key = secret::read(&settings.key_file, 1)?;
        Ok(Self { url: settings.url.trim_end_matches('/').to_owned(), key, email: settings.email.clone(), client })
    }

    pub(super) async fn send(&self, due: &DueMessage) -> Sent {
        let told = match Told::read(due) {
            Ok(told) => told,
            Err(sent) => return sent,
        };
        if told.event == super::trial::EVENT {
            return self.create(&told).await;
        }
        match (&due.reference, told.turn()) {
            (Some(number), Turn::Ended) => {
                Sent::Rejected(super::told::texts().text("delivery-osticket-close", &[("reference", number)]))
            }
            // Only the opening creates: whether an opening of unknown fate is there, a person finds out.
            (None, Turn::News) if told.event == "opened" => self.create(&told).await,
            (_, Turn::News | Turn::Restored | Turn::Recurred | Turn::Confirmed | Turn::Ended) => Sent::Delivered(None),
        }
    }

    async fn create(&self, told: &Told) -> Sent {
        let body = json!({
            "source": "API", "alert": true, "autorespond": false, "name": "Pantau", "email": self.email,
            "subject": told.title(), "message": format!("data:text/html,{}", told.html()),
        });
        let request = self.client.post(format!("{}/api/tickets.json", self.url)).header("x-api-key", &self.key);
        let unsure = |words: String| {
            Sent::Rejected(
                super::told::texts().text("delivery-osticket-unsure", &[("number", &told.nomor), ("words", &words)]),
            )
        };
        match call(request.json(&body)).await {
            Ok(reply) if reply.status == 201 => {
                let number = reply.text().trim().trim_matches('"').to_owned();
                Sent::Delivered(Some(ExternalReference { reference: number, url: Some(format!("{}/scp/", self.url)) }))
            }
            Ok(reply) if reply.status >= 500 => unsure(reply.words()),
            Ok(reply) => reply.refused(),
            Err(failed) if failed.never_sent => Sent::later(failed.reason),
            Err(failed) => unsure(failed.reason),
        }
    }
}
