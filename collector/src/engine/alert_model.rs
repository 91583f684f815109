//! Groups of alerts of another program, as conditions: one ticket per group.

use super::CommandError;
use super::deadlines::Subject;
use super::model::Model;
use super::task::EngineTask;
use crate::domain::alert::{AlertGroup, GROUPS_MAX, Notification};
use crate::domain::phrase::Phrase;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::{TicketClass, TicketKey, TicketScope};
use crate::store::alerts::AlertEdit;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// Alerts named in a symptom.
const EXAMPLES_MAX: usize = 3;
/// Components listed.
const COMPONENTS_MAX: usize = 20;

/// All groups that are known; a place is used again only after its group was forgotten.
#[derive(Debug, Clone, Default)]
pub(crate) struct AlertModel {
    groups: Vec<Option<AlertGroup>>,
    places: HashMap<String, usize>,
    /// Places of groups that are not yet saved as they are.
    unsaved: BTreeSet<usize>,
    /// Digests of groups that were forgotten and are still in the store.
    forgotten: BTreeSet<String>,
}

impl AlertModel {
    /// Takes groups as they are in the store.
    pub(crate) fn load(&mut self, groups: Vec<AlertGroup>) {
        for group in groups {
            self.places.insert(group.digest.clone(), self.groups.len());
            self.groups.push(Some(group));
        }
    }

    /// Where the group with this digest is.
    pub(crate) fn place(&self, digest: &str) -> Option<usize> {
        self.places.get(digest).copied()
    }

    fn get(&self, place: usize) -> Option<&AlertGroup> {
        self.groups.get(place)?.as_ref()
    }

    /// The places of all groups.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Subject> {
        self.places.values().copied().map(Subject::Alert)
    }

    /// What is to be saved; it counts as saved then.
    pub(crate) fn take_edits(&mut self) -> Vec<AlertEdit> {
        let saved = std::mem::take(&mut self.unsaved);
        let saved = saved.into_iter().filter_map(|place| self.groups.get(place)?.clone());
        let mut edits: Vec<AlertEdit> = saved.map(|group| AlertEdit::Save(Box::new(group))).collect();
        edits.extend(std::mem::take(&mut self.forgotten).into_iter().map(AlertEdit::Forget));
        edits
    }

    /// A free place for a new group; none where all are taken by groups that `may_go` does not let go.
    fn room(&mut self, may_go: impl Fn(&AlertGroup) -> bool) -> Option<usize> {
        if self.places.len() < GROUPS_MAX {
            return Some(self.groups.len());
        }
        let place = self.groups.iter().position(|group| group.as_ref().is_some_and(&may_go))?;
        let gone = self.groups.get_mut(place)?.take()?;
        self.places.remove(&gone.digest);
        self.unsaved.remove(&place);
        self.forgotten.insert(gone.digest);
        Some(place)
    }

    fn put(&mut self, place: usize, group: AlertGroup) {
        self.places.insert(group.digest.clone(), place);
        self.forgotten.remove(&group.digest);
        self.unsaved.insert(place);
        match self.groups.get_mut(place) {
            Some(slot) => *slot = Some(group),
            None => self.groups.push(Some(group)),
        }
    }
}

impl Model {
    fn alert_key(group: &AlertGroup) -> TicketKey {
        TicketKey { scope: TicketScope::Alert(group.digest.clone()), class: group.class }
    }

    /// Takes a message about a group of alerts; false where there is no room for another group.
    pub(super) fn take_alerts(&mut self, notification: &Notification) -> bool {
        let now = notification.received_at;
        let (place, mut group) = match self.alerts.place(&notification.digest) {
            Some(place) => match self.alerts.get(place) {
                Some(group) => (place, group.clone()),
                None => return false,
            },
            None => {
                let holders: BTreeSet<String> = self.tickets.values().map(|ticket| ticket.key.to_string()).collect();
                let may_go =
                    |group: &AlertGroup| group.is_past(now) && !holders.contains(&Self::alert_key(group).to_string());
                let Some(place) = self.alerts.room(may_go) else { return false };
                (place, AlertGroup::new(notification))
            }
        };
        if group.take(notification) {
            self.alerts.put(place, group);
            self.touch(Subject::Alert(place));
        }
        true
    }

    /// What is seen of the group at a place.
    pub(super) fn alert_view(&self, place: usize) -> Option<View> {
        let group = self.alerts.get(place)?;
        let key = Self::alert_key(group);
        if !group.fires() {
            return group.good_since.map(|since| View::Clear { key, since });
        }
        let names: BTreeSet<&str> = group.firing().map(|alert| alert.name.as_str()).collect();
        let summary = group.firing().map(|alert| alert.summary.as_str()).find(|summary| !summary.is_empty());
        let mut components: BTreeSet<String> = BTreeSet::new();
        for alert in group.firing() {
            let host = alert.host.as_ref().map(ToString::to_string);
            components.extend(host.or_else(|| Some(alert.instance.clone()).filter(|text| !text.is_empty())));
        }
        let category = if group.class == TicketClass::Security { "keamanan_informasi" } else { "aplikasi" };
        Some(View::Holds(Condition {
            key,
            impact: group.impact(),
            onset_at: group.onset_at(),
            symptom: Phrase::new("symptom-alert")
                .with("group", &group.title)
                .with("count", group.firing_count())
                .with("names", names.into_iter().take(EXAMPLES_MAX).collect::<Vec<_>>().join(", "))
                .with("summary", summary.unwrap_or("–"))
                .with("since_at", group.onset_at()),
            category: category.to_owned(),
            components: components.into_iter().take(COMPONENTS_MAX).collect(),
            affected: group.services().into_iter().collect(),
            flapping_since: None,
        }))
    }

    /// When a group that is good has been so for long enough.
    pub(super) fn next_alert_look(&self, place: usize) -> Option<Timestamp> {
        let since = self.alerts.get(place)?.good_since?;
        Some(since.plus_secs(i64::from(self.catalogue.tickets.resolve_after_seconds)))
    }
}

impl EngineTask {
    /// Takes a message about alerts; what it led to is committed when this returns. Else the sender sends it again.
    pub(super) async fn alerts(&mut self, mut notification: Notification) -> Result<(), CommandError> {
        if self.stale {
            self.rebuild().await.map_err(CommandError::Store)?;
        }
        notification.received_at = self.clock.now();
        if !self.model.take_alerts(&notification) {
            return Err(CommandError::TooManyAlerts);
        }
        self.activate(true).await.map_err(CommandError::Store)?;
        if self.model.alerts.unsaved.is_empty() { Ok(()) } else { Err(CommandError::NotNow) }
    }
}
