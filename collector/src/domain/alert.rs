//! Alerts of another program (Prometheus' Alertmanager, webhook version 4): a group of alerts is one disturbance.
//!
//! ```text
//! firing, new or begun anew          → fires
//! firing, of an episode that ended   → late: nothing          (an alert that comes back has a later begin)
//! resolved, begun before ours        → late: nothing
//! resolved                           → this alert is good
//! group resolved                     → all that began before the newest end in it are good, also those not listed
//! not listed, nothing comes          → nothing: only an explicit `resolved` restores
//! truncated                          → that many more may fire: the group stays as bad as it said
//! ```
//!
//! Messages come repeatedly, late and from several Alertmanagers of a cluster; each alert is known by its fingerprint and
//! its begin, so that taking a message twice changes nothing.

pub mod mapping;

use crate::domain::catalogue::ServiceId;
use crate::domain::profile::Impact;
use crate::domain::ticket::TicketClass;
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The most alerts that are known of one group; further ones count as hidden.
pub const ALERTS_MAX: usize = 100;
/// The most groups that are known.
pub const GROUPS_MAX: usize = 1_000;
/// A group that is good for so long, and has no ticket, is forgotten; in seconds.
pub const FORGET_S: i64 = 7 * 86_400;

/// One alert as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// When it began.
    pub starts_at: Timestamp,
    /// When it ended; none while it fires.
    pub ends_at: Option<Timestamp>,
    /// `alertname`.
    pub name: String,
    /// Its summary for people, or its description.
    pub summary: String,
    /// Where, as the alert says; may be empty.
    pub instance: String,
    /// Services that it concerns.
    pub services: BTreeSet<ServiceId>,
    /// The host that it concerns.
    pub host: Option<HostId>,
    /// How bad.
    pub impact: Impact,
}

/// One message about a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Digest of the group's key.
    pub digest: String,
    /// The group in words: its labels.
    pub title: String,
    /// The class of its ticket; holds from the first message on.
    pub class: TicketClass,
    /// Whether the whole group is resolved.
    pub resolved: bool,
    /// Alerts by fingerprint.
    pub alerts: Vec<(String, Alert)>,
    /// Alerts of the group that the message left out.
    pub truncated: u32,
    /// When it came.
    pub received_at: Timestamp,
}

/// What is known of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertGroup {
    /// Digest of its key.
    pub digest: String,
    /// In words.
    pub title: String,
    /// Class of its ticket.
    pub class: TicketClass,
    /// By fingerprint; resolved ones stay so that late messages are known as such.
    pub alerts: BTreeMap<String, Alert>,
    /// Alerts that fire and are not listed.
    pub hidden: u32,
    /// Since when nothing fires.
    pub good_since: Option<Timestamp>,
    /// When the newest message came.
    pub heard_at: Timestamp,
}

impl AlertGroup {
    /// A group of which nothing is known yet.
    pub fn new(notification: &Notification) -> Self {
        Self {
            digest: notification.digest.clone(),
            title: notification.title.clone(),
            class: notification.class,
            alerts: BTreeMap::new(),
            hidden: 0,
            good_since: None,
            heard_at: notification.received_at,
        }
    }

    /// Takes a message; whether anything but the time of hearing changed.
    pub fn take(&mut self, notification: &Notification) -> bool {
        let before = (self.alerts.clone(), self.hidden, self.good_since);
        self.heard_at = self.heard_at.max(notification.received_at);
        let mut hidden = notification.truncated;
        for (fingerprint, alert) in &notification.alerts {
            if !self.take_alert(fingerprint, alert) {
                hidden = hidden.saturating_add(1);
            }
        }
        if notification.resolved {
            self.resolve_all(notification);
        } else if notification.alerts.iter().any(|(fingerprint, alert)| self.is_news(fingerprint, alert)) {
            self.hidden = hidden;
        }
        self.settle(notification.received_at);
        before != (self.alerts.clone(), self.hidden, self.good_since)
    }

    /// Whether the message stands where the group does: its alert is the newest known episode.
    fn is_news(&self, fingerprint: &str, alert: &Alert) -> bool {
        self.alerts
            .get(fingerprint)
            .is_none_or(|known| alert.starts_at >= known.starts_at && known.ends_at == alert.ends_at)
    }

    /// Takes one alert; false where there is no room for it.
    fn take_alert(&mut self, fingerprint: &str, alert: &Alert) -> bool {
        if let Some(known) = self.alerts.get_mut(fingerprint) {
            let newer = alert.starts_at > known.starts_at;
            let ends = alert.starts_at == known.starts_at && known.ends_at.is_none() && alert.ends_at.is_some();
            if newer || ends {
                *known = alert.clone();
            }
            return true;
        }
        if alert.ends_at.is_some() {
            return true; // Of something that nobody told us began.
        }
        if self.alerts.len() >= ALERTS_MAX {
            let over = self.alerts.iter().filter(|(_, known)| known.ends_at.is_some());
            let Some(oldest) = over.min_by_key(|(_, known)| known.ends_at).map(|(print, _)| print.clone()) else {
                return false;
            };
            self.alerts.remove(&oldest);
        }
        self.alerts.insert(fingerprint.to_owned(), alert.clone());
        true
    }

    /// The whole group is good: also what the message left out, unless it began after the newest end that it tells.
    fn resolve_all(&mut self, notification: &Notification) {
        let Some(last) = notification.alerts.iter().filter_map(|(_, alert)| alert.ends_at).max() else { return };
        let late = self.alerts.values().any(|alert| alert.ends_at.is_none() && alert.starts_at > last);
        if late {
            return;
        }
        self.hidden = 0;
        for alert in self.alerts.values_mut().filter(|alert| alert.ends_at.is_none()) {
            alert.ends_at = Some(last);
        }
    }

    fn settle(&mut self, received_at: Timestamp) {
        if self.fires() {
            self.good_since = None;
        } else if self.good_since.is_none() {
            let last = self.alerts.values().filter_map(|alert| alert.ends_at).max();
            self.good_since = Some(last.unwrap_or(received_at).min(received_at));
        }
    }

    /// Whether anything of it fires.
    pub fn fires(&self) -> bool {
        self.hidden > 0 || self.firing().next().is_some()
    }

    /// What fires.
    pub fn firing(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values().filter(|alert| alert.ends_at.is_none())
    }

    /// How many fire, hidden ones included.
    pub fn firing_count(&self) -> usize {
        self.firing().count() + usize::try_from(self.hidden).unwrap_or(usize::MAX)
    }

    /// When what fires began.
    pub fn onset_at(&self) -> Timestamp {
        self.firing().map(|alert| alert.starts_at).min().unwrap_or(self.heard_at).min(self.heard_at)
    }

    /// The worst of what fires.
    pub fn impact(&self) -> Impact {
        self.firing().map(|alert| alert.impact).min().unwrap_or(Impact::Minor)
    }

    /// Services that what fires concerns.
    pub fn services(&self) -> BTreeSet<ServiceId> {
        self.firing().flat_map(|alert| alert.services.iter().cloned()).collect()
    }

    /// Whether it may be forgotten at `now`, if it has no ticket.
    pub fn is_past(&self, now: Timestamp) -> bool {
        self.good_since.is_some_and(|since| now >= since.plus_secs(FORGET_S)) && !self.fires()
    }
}

#[cfg(test)]
mod tests;
