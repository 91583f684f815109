//! GLPI through `apirest.php` (GLPI 9.5 to 10): one ticket of GLPI per ticket of ours, told of everything, ended with it.
//!
//! GLPI has no idempotency key, so nothing is created before it was looked for: the ticket by the tag at the begin of
//! its title, each follow-up and solution by its marker. After a create the search is repeated: a create that was taken
//! after its caller had given up shows then, or at the next event, and every ticket but the oldest is closed as a double.
//!
//! ```text
//! GET  initSession                          Authorization: user_token …, App-Token
//! GET  search/Ticket?criteria…              title contains the tag
//! POST Ticket                               name, content, urgency 1..5, type 1 (incident)
//! GET  Ticket/:id/ITILFollowup, ITILSolution
//! POST Ticket/:id/ITILFollowup, ITILSolution
//! PUT  Ticket/:id {status}                  2 in progress, 5 solved, 6 closed; {urgency}
//! GET  killSession
//! ```

mod heard;

use super::ReceiverError;
use super::http::{ask, call};
use super::reconcile::There;
use super::secret;
use super::told::{Told, Turn};
use crate::config::receivers::GlpiSettings;
use crate::engine::deliver::Sent;
use crate::store::records::{DueMessage, ExternalReference};
use reqwest::{Client, Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

const IN_PROGRESS: u8 = 2;
const CLOSED: u8 = 6;
/// Most doubles that are looked at.
const FOUND_MAX: usize = 20;

/// A GLPI.
pub(super) struct Glpi {
    url: String,
    app_token: Option<String>,
    user_token: String,
    client: Client,
}

#[derive(Deserialize)]
struct Opened {
    session_token: String,
}

#[derive(Deserialize)]
struct Created {
    id: u64,
}

/// Rows of a search are keyed by the numbers of the fields that were asked for.
#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    data: Vec<Value>,
}

impl Glpi {
    pub(super) fn new(settings: &GlpiSettings, client: Client) -> Result<Self, ReceiverError> {
        let app_token = settings.app_token_file.as_ref().map(|file| secret::read(file, 1)).transpose()?;
        let user_token = secret::read(&settings.user_token_file, 1)?;
        Ok(Self { url: settings.url.trim_end_matches('/').to_owned(), app_token, user_token, client })
    }

    pub(super) async fn send(&self, due: &DueMessage) -> Sent {
        self.deliver(due).await.map_or_else(|sent| sent, |at| Sent::Delivered(Some(at)))
    }

    async fn deliver(&self, due: &DueMessage) -> Result<ExternalReference, Sent> {
        let told = Told::read(due)?;
        let opening = self.request(Method::GET, "initSession", None);
        let opening = opening.header("authorization", format!("user_token {}", self.user_token));
        let session = ask(opening).await?.json::<Opened>()?.session_token;
        let id = self.bring_up_to_date(&session, &told, due.reference.as_deref()).await;
        // A session that stays open ends by itself.
        drop(ask(self.request(Method::GET, "killSession", Some(&session))).await);
        let id = id?;
        let page = self.url.trim_end_matches("/apirest.php").to_owned();
        Ok(ExternalReference { reference: id.to_string(), url: Some(format!("{page}/front/ticket.form.php?id={id}")) })
    }

    /// How a ticket stands there.
    pub(super) async fn look(&self, id: &str) -> Result<There, Sent> {
        let opening = self.request(Method::GET, "initSession", None);
        let opening = opening.header("authorization", format!("user_token {}", self.user_token));
        let session = ask(opening).await?.json::<Opened>()?.session_token;
        let path = format!("Ticket/{}", encoded(id));
        let reply = call(self.request(Method::GET, &path, Some(&session))).await;
        drop(ask(self.request(Method::GET, "killSession", Some(&session))).await);
        let reply = reply.map_err(|failed| Sent::later(failed.reason))?;
        if reply.status == 404 {
            return Ok(There::Gone);
        }
        if !(200..300).contains(&reply.status) {
            return Err(reply.refused());
        }
        let found: Value = reply.json()?;
        // A deleted ticket lies in the bin and still answers.
        let deleted = found["is_deleted"].as_u64() == Some(1);
        match found["status"].as_u64() {
            _ if deleted => Ok(There::Gone),
            Some(5 | 6) => Ok(There::Over),
            Some(_) => Ok(There::Open),
            None => Err(Sent::later("GLPI gave no status")),
        }
    }

    fn request(&self, method: Method, path: &str, session: Option<&str>) -> RequestBuilder {
        let mut request = self.client.request(method, format!("{}/{path}", self.url));
        if let Some(token) = &self.app_token {
            request = request.header("app-token", token);
        }
        match session {
            Some(session) => request.header("session-token", session),
            None => request,
        }
    }

    /// Their ticket, made when there is none, with this event in it; its id.
    async fn bring_up_to_date(&self, session: &str, told: &Told, known: Option<&str>) -> Result<u64, Sent> {
        let mut found = self.find(session, told).await?;
        // Somebody may have changed the title.
        found.extend(known.and_then(|known| known.parse::<u64>().ok()));
        found.sort_unstable();
        found.dedup();
        let created = found.is_empty();
        if created {
            found.push(self.create(session, told).await?);
            found.extend(self.find(session, told).await?);
            found.sort_unstable();
            found.dedup();
        }
        let [first, doubles @ ..] = found.as_slice() else { return Err(Sent::later("GLPI gave no ticket")) };
        for double in doubles {
            self.close_double(session, told, *double, *first).await?;
        }
        if !created || told.event != "opened" {
            self.tell(session, told, *first).await?;
        }
        Ok(*first)
    }

    /// Ids of tickets whose title begins with our tag.
    async fn find(&self, session: &str, told: &Told) -> Result<Vec<u64>, Sent> {
        // Field 1 is the title, 2 the id. A `contains` in the title leaves out deleted tickets.
        let query = [
            ("criteria[0][field]", "1"),
            ("criteria[0][searchtype]", "contains"),
            ("criteria[0][value]", told.nomor.as_str()),
            ("forcedisplay[0]", "1"),
            ("forcedisplay[1]", "2"),
            ("sort", "2"),
            ("order", "ASC"),
            ("range", "0-19"),
        ];
        let pairs = query.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let path = format!("search/Ticket?{}", pairs.join("&"));
        let found: Found = ask(self.request(Method::GET, &path, Some(session))).await?.json()?;
        let ours = found.data.iter().filter(|row| row["1"].as_str().is_some_and(|name| name.starts_with(&told.tag())));
        let id = |row: &Value| row["2"].as_u64().or_else(|| row["2"].as_str()?.parse().ok());
        Ok(ours.filter_map(id).take(FOUND_MAX).collect())
    }

    async fn create(&self, session: &str, told: &Told) -> Result<u64, Sent> {
        let input = json!({ "input": {
            "name": told.title(), "content": told.html(), "urgency": urgency(told.prioritas), "type": 1,
        }});
        let made: Created = ask(self.request(Method::POST, "Ticket", Some(session)).json(&input)).await?.json()?;
        Ok(made.id)
    }

    async fn tell(&self, session: &str, told: &Told, id: u64) -> Result<(), Sent> {
        if told.sets_priority() {
            let input = json!({ "input": { "id": id, "urgency": urgency(told.prioritas) } });
            ask(self.request(Method::PUT, &format!("Ticket/{id}"), Some(session)).json(&input)).await?;
        }
        match told.turn() {
            Turn::News | Turn::Confirmed => self.add(session, told, id, "ITILFollowup").await,
            Turn::Restored => self.add(session, told, id, "ITILSolution").await,
            Turn::Recurred => {
                self.add(session, told, id, "ITILFollowup").await?;
                self.set_status(session, id, IN_PROGRESS).await
            }
            Turn::Ended => {
                self.add(session, told, id, "ITILFollowup").await?;
                self.set_status(session, id, CLOSED).await
            }
        }
    }

    /// Adds an entry unless it is there.
    async fn add(&self, session: &str, told: &Told, id: u64, kind: &str) -> Result<(), Sent> {
        let path = format!("Ticket/{id}/{kind}");
        let range = format!("{path}?range=0-999");
        let entries: Value = ask(self.request(Method::GET, &range, Some(session))).await?.json()?;
        if entries.to_string().contains(&told.marker()) {
            return Ok(());
        }
        let input = json!({ "input": { "itemtype": "Ticket", "items_id": id, "content": told.html() } });
        ask(self.request(Method::POST, &path, Some(session)).json(&input)).await.map(drop)
    }

    async fn set_status(&self, session: &str, id: u64, status: u8) -> Result<(), Sent> {
        let input = json!({ "input": { "id": id, "status": status } });
        ask(self.request(Method::PUT, &format!("Ticket/{id}"), Some(session)).json(&input)).await.map(drop)
    }

    async fn close_double(&self, session: &str, told: &Told, id: u64, of: u64) -> Result<(), Sent> {
        // Its title loses the tag, so that it is never found again.
        let words = super::told::texts().text("delivery-double", &[("reference", &of.to_string())]);
        let input = json!({ "input": { "id": id, "status": CLOSED, "name": format!("{words} {}", told.nomor) } });
        ask(self.request(Method::PUT, &format!("Ticket/{id}"), Some(session)).json(&input)).await.map(drop)
    }
}

/// GLPI's urgency, 5 very high to 1 very low.
fn urgency(priority: u8) -> u8 {
    match priority {
        1 => 5,
        2 => 4,
        3 => 3,
        4 | 5 => 2,
        _ => 1,
    }
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
