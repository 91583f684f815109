//! `POST /api/v1/alertmanager`: Alertmanager's webhook, version 4. Its retries are its delivery: 2xx only after the commit,
//! 503 and 429 where it is to come again, 4xx where coming again is of no use.
//!
//! Needs a token of scope `alert` (may do this and nothing else) or `write`. Alerts that this collector itself pushed to an
//! Alertmanager are left out: they would open tickets about tickets.

use super::{ApiState, access, failure};
use crate::domain::alert::mapping::map;
use crate::domain::alert::{Alert, Notification};
use crate::domain::catalogue::Catalogue;
use crate::domain::ticket::TicketClass;
use crate::engine::CommandError;
use crate::http_error::HttpError;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use pantau_shared::limits::cut_text;
use pantau_shared::timestamp::Timestamp;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Largest body, in bytes; `max_alerts` of the sender's webhook keeps below it.
pub(super) const BYTES_MAX: usize = 1024 * 1024;
/// The most alerts of one message.
const ALERTS_MAX: usize = 1_000;
/// Labels of an alert that are looked at.
const LABELS_MAX: usize = 64;
/// Longest text that is kept of an alert, in characters.
const KEPT_MAX: usize = 200;
/// The alert that this collector pushes; see `receivers/alertmanager.rs`.
const OWN_ALERT: &str = "PantauGangguan";

type Labels = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    version: String,
    group_key: String,
    #[serde(default)]
    truncated_alerts: u32,
    status: Status,
    #[serde(default)]
    group_labels: Labels,
    #[serde(default)]
    common_labels: Labels,
    alerts: Vec<WebhookAlert>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Firing,
    Resolved,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WebhookAlert {
    status: Status,
    labels: Labels,
    #[serde(default)]
    annotations: Labels,
    starts_at: String,
    ends_at: Option<String>,
    fingerprint: String,
}

fn kept(text: &str) -> String {
    cut_text(text).chars().take(KEPT_MAX).collect()
}

impl WebhookAlert {
    fn is_own(&self) -> bool {
        self.labels.get("alertname").is_some_and(|name| name == OWN_ALERT) && self.labels.contains_key("kunci")
    }

    fn alert(
        &self,
        catalogue: &Catalogue,
        received_at: Timestamp,
    ) -> Result<(String, Alert, Option<TicketClass>), String> {
        let instant =
            |text: &str| Timestamp::parse_rfc3339(text).map_err(|_| format!("`{}` is no instant", kept(text)));
        let ends_at = match (self.status, self.ends_at.as_deref()) {
            (Status::Firing, _) => None,
            (Status::Resolved, Some(text)) => Some(instant(text)?),
            (Status::Resolved, None) => Some(received_at),
        };
        if self.fingerprint.is_empty() || self.fingerprint.len() > 64 || self.labels.len() > LABELS_MAX {
            return Err(format!("an alert has a fingerprint of 1 to 64 characters and at most {LABELS_MAX} labels"));
        }
        let mapped = map(catalogue, &self.labels);
        let label = |name: &str| self.labels.get(name).map_or_else(String::new, |text| kept(text));
        let said = ["summary", "description", "message"].into_iter().find_map(|name| self.annotations.get(name));
        let alert = Alert {
            starts_at: instant(&self.starts_at)?,
            ends_at,
            name: label("alertname"),
            summary: said.map_or_else(String::new, |text| kept(text)),
            instance: label("instance"),
            services: mapped.services,
            host: mapped.host,
            impact: mapped.impact,
        };
        Ok((self.fingerprint.clone(), alert, mapped.class))
    }
}

impl Webhook {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let webhook: Self = serde_json::from_slice(bytes).map_err(|error| format!("not such a message: {error}"))?;
        if webhook.version != "4" {
            return Err(format!("version `{}` of the webhook is not known; 4 is", kept(&webhook.version)));
        }
        if webhook.alerts.len() > ALERTS_MAX {
            return Err(format!("more than {ALERTS_MAX} alerts; set `max_alerts` of the webhook"));
        }
        Ok(webhook)
    }

    /// The message as the rules take it; `None`: there is nothing of others in it.
    fn notification(&self, catalogue: &Catalogue, received_at: Timestamp) -> Result<Option<Notification>, String> {
        let (mut alerts, mut class) = (Vec::new(), None);
        for alert in self.alerts.iter().filter(|alert| !alert.is_own()) {
            let (fingerprint, alert, of_alert) = alert.alert(catalogue, received_at)?;
            alerts.push((fingerprint, alert));
            class = class.or(of_alert);
        }
        if alerts.is_empty() {
            return Ok(None);
        }
        let labels = if self.group_labels.is_empty() { &self.common_labels } else { &self.group_labels };
        let named = labels.iter().take(6).map(|(name, value)| format!("{name}={value}"));
        let digest: String = hex::encode(digest(&SHA256, self.group_key.as_bytes())).chars().take(16).collect();
        Ok(Some(Notification {
            digest,
            title: kept(&named.collect::<Vec<_>>().join(", ")),
            class: class.unwrap_or(TicketClass::Function),
            resolved: self.status == Status::Resolved,
            alerts,
            truncated: self.truncated_alerts,
            received_at,
        }))
    }
}

fn malformed(state: &ApiState, status: StatusCode, message: String) -> HttpError {
    state.app.stats.alerts_malformed.increment();
    HttpError::new(status, "bad_alerts", message)
}

pub(super) async fn take(
    State(state): State<ApiState>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, HttpError> {
    access::alerts(&state.app, &headers)?;
    let bytes = bytes.map_err(|error| malformed(&state, error.status(), error.body_text()))?;
    let (catalogue, now) = (state.app.engine.snapshot().catalogue.clone(), state.app.clock.now());
    let notification = Webhook::read(&bytes).and_then(|webhook| webhook.notification(&catalogue, now));
    let notification = notification.map_err(|message| malformed(&state, StatusCode::BAD_REQUEST, message))?;
    let Some(notification) = notification else {
        return Ok(Json(json!({ "taken": 0 })));
    };
    let count = notification.alerts.len();
    match state.app.engine.take_alerts(notification).await {
        Ok(()) => {
            state.app.stats.alerts_taken.add(u64::try_from(count).unwrap_or(u64::MAX));
            Ok(Json(json!({ "taken": count })))
        }
        Err(error) => {
            state.app.stats.alerts_refused.increment();
            Err(match error {
                CommandError::Store(_) => {
                    let message = "the collector cannot keep this now".to_owned();
                    HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "not_now", message).retry_after(10)
                }
                other => failure::of_command(&other),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(version: &str, alertname: &str) -> String {
        json!({
            "version": version, "groupKey": "{}:{alertname=\"DiskFull\"}", "truncatedAlerts": 2, "status": "firing",
            "receiver": "pantau", "groupLabels": {"alertname": alertname}, "commonLabels": {}, "commonAnnotations": {},
            "externalURL": "http://am", "alerts": [{
                "status": "firing", "labels": {"alertname": alertname, "instance": "db-01:9100", "kunci": "x"},
                "annotations": {"summary": "Disk is full"}, "startsAt": "2026-11-24T01:02:03.456789Z",
                "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://p", "fingerprint": "abcd",
            }],
        })
        .to_string()
    }

    #[test]
    fn a_message_is_read_and_ones_own_alerts_are_left_out() {
        let read = |text: &str| {
            let webhook = Webhook::read(text.as_bytes())?;
            webhook.notification(&Catalogue::empty(), Timestamp::from_secs(0))
        };
        let notification = read(&body("4", "DiskFull")).expect("reads").expect("something");
        assert_eq!((notification.digest.len(), notification.truncated, notification.resolved), (16, 2, false));
        assert_eq!(notification.title, "alertname=DiskFull");
        let (fingerprint, alert) = &notification.alerts[0];
        assert_eq!((fingerprint.as_str(), alert.summary.as_str(), alert.ends_at), ("abcd", "Disk is full", None));
        assert_eq!(read(&body("4", OWN_ALERT)), Ok(None));
        assert!(read(&body("5", "DiskFull")).expect_err("refused").contains("version"));
        assert!(read("{}").is_err());
    }
}
