//! What the model sees of every ticket key: the bridge from states, readings and looks to conditions.

use super::backup_model::BackupModel;
use super::host_model::{HostModel, gap_ms};
use super::model::Model;
use super::service_model::ServiceModel;
use crate::domain::catalogue::{ServiceId, ThresholdMetric};
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::silence;
use crate::domain::state::State;
use crate::domain::threshold::ThresholdView;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::{TicketClass, TicketKey, TicketScope};
use crate::snapshot::BackupState;
use pantau_shared::timestamp::Timestamp;

/// A set that was never looked at gets its interval and so many milliseconds before that counts as no backup.
const FIRST_LOOK_GRACE_MS: i64 = 120_000;

impl Model {
    /// The view of every key at `now`, in a fixed order.
    pub(crate) fn views(&self, now: Timestamp) -> Vec<View> {
        let mut out: Vec<View> = self.services.iter().map(|s| service_view(s, now)).collect();
        for host in self.hosts.values() {
            out.push(self.silence_view(host, now));
            out.extend(self.threshold_views(host, now));
        }
        out.extend(self.backups.iter().map(|(service, backup)| self.backup_view(service, backup, now)));
        out
    }

    fn services_on(&self, host: &HostModel) -> Vec<ServiceId> {
        self.catalogue.services_on(&host.record.id).map(|s| s.id.clone()).collect()
    }

    /// Whether the host is silent at `now`.
    pub(crate) fn is_silent(&self, host: &HostModel, now: Timestamp) -> bool {
        let after = self.catalogue.host_silent_after_seconds;
        host.record.revoked_at.is_none() && silence::is_silent(host.last_seen(), self.listening_since, after, now)
    }

    fn silence_view(&self, host: &HostModel, now: Timestamp) -> View {
        let key = TicketKey {
            scope: TicketScope::Host(host.record.id.clone(), String::new()),
            class: TicketClass::MonitoringLost,
        };
        if host.record.revoked_at.is_some() {
            return View::Unseen { key };
        }
        if !self.is_silent(host, now) {
            let heard = host.last_seen() >= self.listening_since;
            let since = host.heard_since;
            return if heard { View::Clear { key, since } } else { View::Unseen { key } };
        }
        View::Holds(Condition {
            key,
            impact: Impact::Minor,
            onset_at: host.last_seen(),
            symptom: Phrase::new("symptom-host-silent")
                .with("host", self.host_name(&host.record.id))
                .with("since_at", host.last_seen()),
            category: "pemantauan".to_owned(),
            components: vec![host.record.id.to_string()],
            affected: self.services_on(host),
        })
    }

    fn threshold_views(&self, host: &HostModel, now: Timestamp) -> Vec<View> {
        let gap = gap_ms(&self.catalogue);
        let mut out = Vec::new();
        for ((metric, part), track) in &host.tracks {
            let place = if part.is_empty() { metric.code().to_owned() } else { format!("{}:{part}", metric.code()) };
            let (class, category) = match metric {
                ThresholdMetric::Storage => (TicketClass::Capacity, "kapasitas"),
                ThresholdMetric::Bandwidth => (TicketClass::Performance, "jaringan"),
                ThresholdMetric::Cpu | ThresholdMetric::Memory => (TicketClass::Performance, "sistem_operasi"),
            };
            let key = TicketKey { scope: TicketScope::Host(host.record.id.clone(), place.clone()), class };
            out.push(match track.view(gap, now) {
                ThresholdView::Unseen => View::Unseen { key },
                ThresholdView::Quiet(since) => View::Clear { key, since },
                ThresholdView::Alarm(since) => View::Holds(Condition {
                    key,
                    impact: Impact::Minor,
                    onset_at: since,
                    symptom: Phrase::new(&format!("symptom-threshold-{}", metric.code()))
                        .with("host", self.host_name(&host.record.id))
                        .with("part", part)
                        .with("percent", track.newest().unwrap_or(0) / 10)
                        .with("since_at", since),
                    category: category.to_owned(),
                    components: vec![host.record.id.to_string(), place],
                    affected: self.services_on(host),
                }),
            });
        }
        out
    }

    fn backup_view(&self, service: &ServiceId, backup: &BackupModel, now: Timestamp) -> View {
        let key = TicketKey { scope: TicketScope::Backup(backup.set.id.clone()), class: TicketClass::Backup };
        let first_look = self
            .applied_at
            .max(self.listening_since)
            .plus_ms(i64::from(backup.set.interval_ms).saturating_add(FIRST_LOOK_GRACE_MS));
        let newest = backup.usable(now);
        let (id, onset_at) = match (backup.state(now), newest) {
            (BackupState::Langgar, Some(b)) => {
                let rpo = i64::from(backup.rpo_seconds.unwrap_or(0));
                ("symptom-backup-overdue", b.data_time.plus_secs(rpo))
            }
            (BackupState::TanpaCadangan, _) => match backup.without_since {
                Some(since) => ("symptom-backup-missing", since),
                None if now >= first_look => ("symptom-backup-never-seen", first_look),
                None => return View::Unseen { key },
            },
            (BackupState::Segar | BackupState::Peringatan, Some(b)) => return View::Clear { key, since: b.end },
            (
                BackupState::Segar
                | BackupState::Peringatan
                | BackupState::Langgar
                | BackupState::BelumDitetapkan
                | BackupState::Informasi,
                _,
            ) => return View::Unseen { key },
        };
        let mut symptom = Phrase::new(id)
            .with("set", &backup.set.name)
            .with("service", self.service_name(service))
            .with("since_at", onset_at);
        if let Some(b) = newest {
            symptom = symptom.with("data_at", b.data_time);
        }
        View::Holds(Condition {
            key,
            impact: Impact::Minor,
            onset_at: onset_at.min(now),
            symptom,
            category: "cadangan_data".to_owned(),
            components: vec![backup.set.host.to_string(), backup.set.id.to_string()],
            affected: vec![service.clone()],
        })
    }
}

fn service_view(model: &ServiceModel, now: Timestamp) -> View {
    let key = TicketKey { scope: TicketScope::Service(model.service.id.clone()), class: TicketClass::Access };
    let stretch = model.ledger.stretch_at(now);
    let since = stretch.interval.from;
    let (impact, id) = match stretch.state {
        State::Up if model.is_pending() => return View::Unseen { key },
        State::Up => return View::Clear { key, since },
        State::Unknown => return View::Unseen { key },
        State::Down => (Impact::Mayor, "symptom-service-down"),
        State::Degraded => (Impact::Minor, "symptom-service-degraded"),
    };
    // One slow answer is no disturbance: degraded is confirmed by lasting as long as the failures that confirm down.
    let patience = |c: &crate::domain::catalogue::Check| i64::from(c.interval_ms) * i64::from(c.confirm_failures);
    let confirm_ms = model.service.checks.iter().map(patience).max().unwrap_or(0);
    if stretch.state == State::Degraded && now.ms_since(since) < confirm_ms {
        return View::Unseen { key };
    }
    let reason = model.reason_at(now);
    let of = |name: &str| {
        let args = reason.as_ref().map(|r| r.args.as_slice()).unwrap_or_default();
        args.iter().find(|(n, _)| n == name).map_or_else(String::new, |(_, value)| value.clone())
    };
    let symptom = Phrase::new(id)
        .with("service", &model.service.name)
        .with("check", of("check"))
        .with("reason", of("reason"))
        .with("phase", of("phase"))
        .with("since_at", since);
    View::Holds(Condition {
        key,
        impact,
        onset_at: since,
        symptom,
        category: "aplikasi".to_owned(),
        components: model.service.hosts.iter().map(ToString::to_string).collect(),
        affected: vec![model.service.id.clone()],
    })
}
