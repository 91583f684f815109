//! Alertmanager's v2 API: an alert per ticket, sent again while the disturbance lasts, ended with `endsAt`.
//!
//! Alertmanager knows an alert by its labels and forgets it at `endsAt`: every alert says [`LASTS_S`] ahead, [`run`]
//! sends those of open tickets again every [`AGAIN`], and a collector that is gone ends its alerts by silence. So no
//! label may change in a ticket's life: priority and symptom are annotations.

use super::http::ask;
use super::told::{Told, Turn};
use crate::app::App;
use crate::config::receivers::AlertmanagerSettings;
use crate::domain::ticket::{Ticket, TicketState};
use crate::engine::deliver::Sent;
use crate::shutdown::stopped;
use crate::store::StoreError;
use crate::store::records::DueMessage;
use crate::texts::{Language, Texts};
use pantau_shared::timestamp::Timestamp;
use reqwest::Client;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::watch;

/// How far ahead an alert says that it lasts, in seconds: three times [`AGAIN`] and a half.
const LASTS_S: i64 = 210;
/// From one round of open alerts to the next.
const AGAIN: Duration = Duration::from_secs(60);
/// Alerts of one round.
const ROUND_MAX: usize = 1_000;

/// An Alertmanager.
#[derive(Debug, Clone)]
pub(super) struct Alertmanager {
    url: String,
    client: Client,
}

impl Alertmanager {
    pub(super) fn new(settings: &AlertmanagerSettings, client: Client) -> Self {
        Self { url: settings.url.trim_end_matches('/').to_owned(), client }
    }

    pub(super) async fn send(&self, due: &DueMessage, now: Timestamp) -> Sent {
        let told = match Told::read(due) {
            Ok(told) => told,
            Err(sent) => return sent,
        };
        let ends = match told.turn() {
            Turn::News | Turn::Recurred => now.plus_secs(LASTS_S),
            Turn::Restored | Turn::Confirmed | Turn::Ended => told.restored().unwrap_or(now).min(now),
        };
        let summary = [told.nomor.as_str(), &told.kelas, &told.kunci_dedup];
        let alert = alert(summary, told.prioritas, &told.gejala, told.onset().unwrap_or(now), ends);
        self.post(&[alert]).await.map_or_else(|sent| sent, |()| Sent::Delivered(None))
    }

    async fn post(&self, alerts: &[Value]) -> Result<(), Sent> {
        ask(self.client.post(format!("{}/api/v2/alerts", self.url)).json(alerts)).await.map(drop)
    }
}

fn alert([number, class, key]: [&str; 3], priority: u8, symptom: &str, starts: Timestamp, ends: Timestamp) -> Value {
    json!({
        "labels": { "alertname": "PantauGangguan", "tiket": number, "kelas": class, "kunci": key },
        "annotations": { "summary": symptom, "prioritas": format!("P{priority}") },
        "startsAt": starts.to_utc().to_rfc3339(),
        // An end before the begin is refused.
        "endsAt": ends.max(starts).to_utc().to_rfc3339(),
    })
}

/// Sends the alerts of open tickets again until `stop`.
pub(super) async fn run(app: App, name: String, target: Alertmanager, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = stopped(&mut stop) => return,
        }
        match open_alerts(&app, &name).await {
            Ok(alerts) if alerts.is_empty() => {}
            Ok(alerts) => {
                if let Err(sent) = target.post(&alerts).await {
                    tracing::warn!(receiver = name, ?sent, "open alerts were not taken; they are sent again");
                }
            }
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "cannot read who was told"),
        }
    }
}

/// Alerts of the tickets that `name` was told of and that are not restored.
async fn open_alerts(app: &App, name: &str) -> Result<Vec<Value>, StoreError> {
    let (snapshot, store, name) = (app.engine.snapshot(), app.store.clone(), name.to_owned());
    let (now, texts) = (app.clock.now(), Texts::new(Language::Id, app.profile.time_zone));
    let read = tokio::task::spawn_blocking(move || {
        store.read(|reader| {
            let mut alerts = Vec::new();
            let lasting = snapshot.tickets.iter().filter(|ticket| ticket.state != TicketState::Pulih);
            for ticket in lasting.take(ROUND_MAX) {
                if reader.outbox_told(ticket.number)?.contains(&name) {
                    alerts.push(of_ticket(ticket, texts, now));
                }
            }
            Ok(alerts)
        })
    });
    read.await.unwrap_or(Err(StoreError::Closed))
}

fn of_ticket(ticket: &Ticket, texts: Texts, now: Timestamp) -> Value {
    let (number, key) = (ticket.number.to_string(), ticket.key.to_string());
    let summary = [number.as_str(), ticket.key.class.code(), &key];
    let symptom = texts.phrase(&ticket.symptom);
    alert(summary, ticket.priority.number(), &symptom, ticket.onset_at, now.plus_secs(LASTS_S))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_keeps_its_labels_and_never_ends_before_it_begins() {
        let at = Timestamp::from_secs;
        let text = |priority, ends| alert(["N-1", "akses", "service:a|akses"], priority, "x", at(100), at(ends));
        assert_eq!(text(1, 400)["labels"], text(4, 90)["labels"]);
        assert_eq!(text(1, 90)["endsAt"], text(1, 90)["startsAt"]);
    }
}
