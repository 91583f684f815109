//! File systems that fill up, as conditions of the class `kapasitas`: under the key of the storage threshold, so that the
//! warning ahead and the alarm of the same file system are one ticket.
//!
//! The outlook is computed from stored roll-ups, host after host, each about once an hour, and kept in the checkpoint. A
//! start without it looks first at the hosts of which a ticket is open, at most [`REBUILT_MAX`]: until its outlook is known
//! again a ticket is unseen, which changes nothing.

use super::host_model::HostModel;
use super::model::Model;
use super::task::EngineTask;
use crate::domain::catalogue::ThresholdMetric;
use crate::domain::forecast::{ForecastPolicy, HISTORY_S, HourUsed, Outlook};
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::rule::Rule;
use crate::domain::rule::tuning::Subject;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::stage::ARGUMENT;
use crate::domain::ticket::{TicketClass, TicketKey, TicketScope, TicketState};
use crate::series::{Group, Instance, PAIR_MS_MAX, SeriesKey};
use crate::store::{Point, Reader, Resolution, StoreError};
use pantau_shared::ids::HostId;
use pantau_shared::sample::{Filesystem, Sample};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// From one look ahead at a host to the next, in seconds.
const AGAIN_S: i64 = 3_600;
/// An outlook older than this tells nothing any more, in seconds.
const FRESH_S: i64 = 6 * 3_600;
/// File systems of a host that are looked ahead at.
const FILESYSTEMS_MAX: usize = 32;
/// Hosts that are passed by in search of one that is due, in one round.
const SEARCH_MAX: usize = 256;
/// Hosts that a start looks ahead at before it judges.
const REBUILT_MAX: usize = 64;
/// The stage of a file system that was warned of and is now above its threshold.
const STAGE_ABOVE: u8 = 4;
/// The symptom of a warning ahead.
const SYMPTOM: [&str; 2] = ["symptom-storage-fills", "symptom-inodes-fill"];

/// The outlook of one file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OutlookOf {
    pub(super) part: String,
    pub(super) inodes: bool,
    pub(super) outlook: Outlook,
    /// Since when it is good without a break.
    pub(super) good_since: Option<Timestamp>,
}

/// The outlooks of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outlooks {
    at: Option<Timestamp>,
    list: Vec<OutlookOf>,
}

impl Outlooks {
    /// As they were kept: when they were found, and what.
    pub(super) fn from_parts(at: Timestamp, list: Vec<OutlookOf>) -> Self {
        Self { at: Some(at), list: list.into_iter().take(FILESYSTEMS_MAX * 2).collect() }
    }

    /// When they were found, and what; for a checkpoint.
    pub(super) fn parts(&self) -> Option<(Timestamp, &[OutlookOf])> {
        self.at.map(|at| (at, self.list.as_slice()))
    }

    /// By mount point, when a file system will be full, where that is near enough to be told.
    pub(super) fn full(&self, now: Timestamp) -> Vec<(String, Timestamp)> {
        let bytes = self.list.iter().filter(|of| !of.inodes && self.of(&of.part, false, now).is_some());
        let full = bytes.filter_map(|of| match of.outlook {
            Outlook::Between { full_at } | Outlook::Warns { full_at, .. } => Some((of.part.clone(), full_at)),
            Outlook::Good | Outlook::Unknown => None,
        });
        full.collect()
    }

    /// Whether any file system fills up soon.
    pub(super) fn warn(&self) -> bool {
        self.list.iter().any(|of| matches!(of.outlook, Outlook::Warns { .. }))
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.at.is_none_or(|at| !(0..AGAIN_S * 1000).contains(&now.ms_since(at)))
    }

    /// When a file system that is good again has been so for `resolve` seconds.
    pub(super) fn next_look(&self, resolve: i64, now: Timestamp) -> Option<Timestamp> {
        let good = self.list.iter().filter_map(|of| of.good_since).map(|since| since.plus_secs(resolve));
        good.filter(|at| *at > now).min()
    }

    fn of(&self, part: &str, inodes: bool, now: Timestamp) -> Option<&OutlookOf> {
        let fresh = self.at.is_some_and(|at| now.ms_since(at) <= FRESH_S * 1000);
        self.list.iter().find(|of| of.part == part && of.inodes == inodes).filter(|_| fresh)
    }

    /// Takes what was found at `now`; since when something is good is kept.
    fn take(&mut self, found: Vec<(String, bool, Outlook)>, now: Timestamp) {
        let before = std::mem::take(&mut self.list);
        self.list = found
            .into_iter()
            .map(|(part, inodes, outlook)| {
                let known = before.iter().find(|of| of.part == part && of.inodes == inodes);
                let good_since = match outlook {
                    Outlook::Good => Some(known.and_then(|of| of.good_since).unwrap_or(now)),
                    Outlook::Between { .. } => known.and_then(|of| of.good_since),
                    Outlook::Unknown | Outlook::Warns { .. } => None,
                };
                OutlookOf { part, inodes, outlook, good_since }
            })
            .collect();
        self.at = Some(now);
    }
}

/// Whether a ticket was opened by a warning ahead: its symptom has a stage.
fn is_ahead(symptom: &Phrase) -> bool {
    symptom.args.iter().any(|(name, _)| name == ARGUMENT)
}

impl Model {
    /// The views of a host's thresholds with its outlooks: a file system is good when it is neither above its threshold
    /// nor fills up soon.
    pub(super) fn with_outlooks(&self, host: &HostModel, mut views: Vec<View>, now: Timestamp) -> Vec<View> {
        for view in &mut views {
            let TicketScope::Host(_, place) = &view.key().scope else { continue };
            let Some(part) = place.strip_prefix("storage:").map(str::to_owned) else { continue };
            *view =
                self.ahead(host, &part, false, std::mem::replace(view, View::Unseen { key: view.key().clone() }), now);
        }
        let inodes: Vec<&OutlookOf> = host.outlooks.list.iter().filter(|of| of.inodes).collect();
        for of in inodes {
            let scope = TicketScope::Host(host.record.id.clone(), format!("inodes:{}", of.part));
            let key = TicketKey { scope, class: TicketClass::Capacity };
            let quiet = of.good_since.map(|since| View::Clear { key: key.clone(), since });
            views.push(self.ahead(host, &of.part, true, quiet.unwrap_or(View::Unseen { key }), now));
        }
        views
    }

    /// What is seen of a file system whose threshold says `view`.
    fn ahead(&self, host: &HostModel, part: &str, inodes: bool, view: View, now: Timestamp) -> View {
        let key = view.key().clone();
        let ticket = self.holder(&key).filter(|ticket| ticket.state != TicketState::Pulih);
        let outlook = host.outlooks.of(part, inodes, now).map(|of| (of.outlook, of.good_since));
        match (view, outlook) {
            // The same disturbance as the warning that came before it.
            (View::Holds(condition), _) => {
                let Some(ticket) = ticket.filter(|ticket| is_ahead(&ticket.symptom)) else {
                    return View::Holds(condition);
                };
                let onset_at = ticket.life.episode_at.min(condition.onset_at);
                let symptom = condition.symptom.with(ARGUMENT, STAGE_ABOVE);
                View::Holds(Condition { onset_at, symptom, ..condition })
            }
            (View::Clear { .. } | View::Unseen { .. }, Some((Outlook::Warns { full_at, per_day, stage }, _))) => {
                let onset_at = ticket.map_or(now, |ticket| ticket.life.episode_at);
                View::Holds(self.fills(host, key, (part, inodes), (full_at, per_day, stage), onset_at))
            }
            (View::Clear { since, .. }, Some((Outlook::Good, good_since))) => {
                View::Clear { key, since: since.max(good_since.unwrap_or(since)) }
            }
            (View::Clear { since, .. }, Some((Outlook::Between { .. } | Outlook::Unknown, _)) | None) => {
                let waits = ticket.is_some_and(|ticket| is_ahead(&ticket.symptom));
                if waits { View::Unseen { key } } else { View::Clear { key, since } }
            }
            (View::Unseen { .. }, _) => View::Unseen { key },
        }
    }

    fn fills(
        &self,
        host: &HostModel,
        key: TicketKey,
        (part, inodes): (&str, bool),
        (full_at, per_day, stage): (Timestamp, u64, u8),
        onset_at: Timestamp,
    ) -> Condition {
        let [storage, inodes_id] = SYMPTOM;
        let place = format!("{}:{part}", if inodes { "inodes" } else { ThresholdMetric::Storage.code() });
        let grows = if inodes { per_day.to_string() } else { (per_day / (1024 * 1024)).to_string() };
        Condition {
            key,
            impact: Impact::Minor,
            onset_at,
            symptom: Phrase::new(if inodes { inodes_id } else { storage })
                .with("host", self.host_name(&host.record.id))
                .with("part", part)
                .with("full_at", full_at.floor_second())
                .with("grows", grows)
                .with("since_at", onset_at)
                .with(ARGUMENT, stage),
            category: "kapasitas".to_owned(),
            components: vec![host.record.id.to_string(), place],
            affected: self.services_on(host),
            flapping_since: None,
        }
    }
}

impl EngineTask {
    /// Looks ahead for the next host that is due, if one is; at most one each time.
    pub(super) async fn look_ahead(&mut self) {
        let now = self.clock.now();
        let count = self.model.hosts.len();
        let due = |place: &usize| {
            let host = &self.model.hosts[*place];
            host.record.revoked_at.is_none() && host.outlooks.is_due(now)
        };
        let round = (1..=count.min(SEARCH_MAX)).map(|step| (self.looked_ahead + step) % count);
        let Some(place) = round.into_iter().find(due) else {
            self.looked_ahead = (self.looked_ahead + SEARCH_MAX) % count.max(1);
            return;
        };
        self.looked_ahead = place;
        let host = &self.model.hosts[place];
        let (id, newest) = (host.record.id.clone(), host.newest.as_ref().map(|newest| newest.sample.clone()));
        let catalogue = &self.model.catalogue;
        let off = catalogue.tuning.turned_off(catalogue, Rule::Forecast, Subject::Host(&id, ""));
        let policy = ForecastPolicy { enabled: off.is_none(), ..catalogue.forecast };
        let found = match newest {
            Some(sample) => self.read(move |reader| outlooks(reader, &id, &sample, policy, now)).await,
            None => Ok(Vec::new()),
        };
        match found {
            Ok(found) => self.model.take_outlooks(place, found, now),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot look ahead; the next round tries again"
                );
                self.model.take_outlooks(place, Vec::new(), now);
            }
        }
    }
}

impl Model {
    /// Takes what the look ahead at the host at `place` found.
    pub(super) fn take_outlooks(&mut self, place: usize, found: Vec<(String, bool, Outlook)>, now: Timestamp) {
        let host = &mut self.hosts[place];
        let before = host.outlooks.warn();
        host.outlooks.take(found, now);
        self.hosts.sent(place);
        let host = &self.hosts[place];
        if before || host.outlooks.warn() || host.held > 0 {
            self.touch(super::deadlines::Subject::Host(place));
        }
    }
}

/// Looks ahead at the hosts of which a capacity ticket is open and no outlook was kept: what was good an hour ago and is
/// so now was good since then, so that a start begins no wait anew.
pub(super) fn rebuild(reader: &Reader, model: &mut Model, now: Timestamp) -> Result<(), StoreError> {
    let of_ticket = model.tickets.values().filter_map(|ticket| match &ticket.key.scope {
        TicketScope::Host(id, _) if is_ahead(&ticket.symptom) => model.hosts.place(id),
        TicketScope::Host(..)
        | TicketScope::Service(_)
        | TicketScope::Backup(_)
        | TicketScope::Check(_)
        | TicketScope::Alert(_)
        | TicketScope::Site
        | TicketScope::Rule(_) => None,
    });
    let unknown: BTreeSet<usize> = of_ticket.filter(|place| model.hosts[*place].outlooks.is_due(now)).collect();
    let policy = model.catalogue.forecast;
    for place in unknown.into_iter().take(REBUILT_MAX) {
        let host = &model.hosts[place];
        let Some(newest) = host.newest.as_ref().map(|newest| Arc::clone(&newest.sample)) else { continue };
        let id = host.record.id.clone();
        let off = model.catalogue.tuning.turned_off(&model.catalogue, Rule::Forecast, Subject::Host(&id, ""));
        let policy = ForecastPolicy { enabled: off.is_none(), ..policy };
        for at in [now.plus_secs(-AGAIN_S), now] {
            let found = outlooks(reader, &id, &newest, policy, at)?;
            model.take_outlooks(place, found, at);
        }
    }
    Ok(())
}

/// The outlooks of a host's file systems, by its newest sample and its roll-ups.
fn outlooks(
    reader: &Reader,
    host: &HostId,
    newest: &Sample,
    policy: ForecastPolicy,
    now: Timestamp,
) -> Result<Vec<(String, bool, Outlook)>, StoreError> {
    let mut found = Vec::new();
    let writable = newest.filesystems.iter().filter(|f| f.read_only != Some(true)).take(FILESYSTEMS_MAX);
    for filesystem in writable {
        for (inodes, size, tag) in [(false, size_of(filesystem), 6), (true, filesystem.inodes, 8)] {
            let Some(size) = size.filter(|size| *size > 0) else { continue };
            let parts = [filesystem.mount_point.as_str(), &filesystem.device, &filesystem.kind];
            let Some(key) = SeriesKey::new(Group::Filesystem, Instance::new(&parts, 0), tag) else { continue };
            let span = (now.plus_secs(-HISTORY_S), now);
            let points = reader.series_points(host, &key, span, Resolution::OneHour, PAIR_MS_MAX)?;
            let hours: Vec<HourUsed> = points.iter().map(|point| hour_used(point, size)).collect();
            found.push((filesystem.mount_point.clone(), inodes, policy.outlook(&hours, size)));
        }
    }
    Ok(found)
}

/// What services may fill: used and available, without what is kept for the superuser.
fn size_of(filesystem: &Filesystem) -> Option<u64> {
    let size = filesystem.size_bytes?;
    let free = filesystem.free_bytes.or(filesystem.available_bytes)?;
    Some(size.checked_sub(free)?.saturating_add(filesystem.available_bytes.or(filesystem.free_bytes)?))
}

/// Of what was free in an hour.
fn hour_used(free: &Point, size: u64) -> HourUsed {
    HourUsed { at: free.begins_at, low: size.saturating_sub(free.max), high: size.saturating_sub(free.min) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::profile::bangka_2025;
    use crate::engine::tests::{at, catalogue, commit, host, record};
    use crate::store::records::{Fact, FactBody};

    #[test]
    fn a_warning_rises_by_stages_and_is_good_again_only_beyond_the_second_limit() {
        let mut catalogue = catalogue(&["a"]);
        catalogue.services.iter_mut().for_each(|service| service.backups.clear());
        catalogue.host_silent_after_seconds = 100_000_000;
        catalogue.tuning.observe_seconds = 0;
        let mut model = Model::new(Arc::new(catalogue), Arc::new(bangka_2025()), at(0), at(0));
        model.refresh_hosts(vec![record("a", at(0))]);
        let place = model.hosts.place(&host("a")).expect("known");
        let warns = |stage| Outlook::Warns { full_at: at(9_999_999), per_day: 3_000_000, stage };
        let mut log = Vec::new();
        let outlooks = [
            Outlook::Good,
            Outlook::Between { full_at: at(99_999_999) },
            warns(1),
            warns(1),
            warns(2),
            Outlook::Unknown,
            Outlook::Between { full_at: at(99_999_999) },
            warns(1),
            Outlook::Good,
        ];
        for (hour, outlook) in (0..).zip(outlooks) {
            model.take_outlooks(place, vec![("/srv".into(), true, outlook)], at(hour * 3600));
            for second in [1, 40] {
                let now = at(hour * 3600 + second);
                let plan = model.decide(now);
                commit(&mut model, plan, now, &mut log);
            }
        }
        log.retain(|line| !line.contains("escalated"));
        assert_eq!(
            log,
            [
                "7201s opened 1 host:a:inodes:/srv|kapasitas P6 from 7201s",
                "14401s updated 1 host:a:inodes:/srv|kapasitas P6 from 7201s",
                "28840s restored 1 host:a:inodes:/srv|kapasitas P6 from 28800s",
            ]
        );
    }

    #[test]
    fn the_alarm_after_the_warning_is_the_same_ticket() {
        let mut catalogue = catalogue(&["a"]);
        catalogue.services.iter_mut().for_each(|service| service.backups.clear());
        catalogue.host_silent_after_seconds = 100_000_000;
        catalogue.tuning.observe_seconds = 0;
        catalogue.thresholds.iter_mut().for_each(|threshold| threshold.hold_seconds = 10);
        let mut model = Model::new(Arc::new(catalogue), Arc::new(bangka_2025()), at(0), at(0));
        model.refresh_hosts(vec![record("a", at(0))]);
        let place = model.hosts.place(&host("a")).expect("known");
        let mut log = Vec::new();
        let mut feed = |model: &mut Model, second: i64, used: u64| {
            let filesystem = Filesystem {
                mount_point: "/var".into(),
                size_bytes: Some(1000),
                free_bytes: Some(1000 - used),
                ..Filesystem::default()
            };
            let sample = Sample { filesystems: vec![filesystem], ..Sample::default() };
            let body = FactBody::Sample(Arc::new(sample));
            model.apply(&Fact { id: 0, host: host("a"), at: at(second), received_at: at(second), body });
            let plan = model.decide(at(second));
            commit(model, plan, at(second), &mut log);
        };
        feed(&mut model, 10, 800);
        let warns = Outlook::Warns { full_at: at(500_000), per_day: 9, stage: 1 };
        model.take_outlooks(place, vec![("/var".into(), false, warns)], at(15));
        for second in (20..100).step_by(10) {
            feed(&mut model, second, if second < 50 { 850 } else { 950 });
        }
        // Below the threshold again, and with room for long: good.
        model.take_outlooks(place, vec![("/var".into(), false, Outlook::Good)], at(105));
        for second in (110..180).step_by(10) {
            feed(&mut model, second, 400);
        }
        let key = "host:a:storage:/var|kapasitas";
        let expected = [
            format!("20s opened 1 {key} P6 from 20s"),
            format!("60s updated 1 {key} P6 from 20s"),
            format!("140s restored 1 {key} P6 from 110s"),
        ];
        assert_eq!(log, expected);
    }
}
