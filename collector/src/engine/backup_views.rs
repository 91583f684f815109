//! What the model sees of the ticket keys of a backup set: no usable backup or a broken RPO, a job that went wrong, a
//! source that nobody sees any more.

use super::backup_model::BackupModel;
use super::model::Model;
use crate::domain::catalogue::{ServiceId, SetSource};
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::rpo::heartbeat::AlarmKind;
use crate::domain::rpo::job::JobState;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::{TicketClass, TicketKey, TicketScope};
use crate::snapshot::BackupState;
use pantau_shared::timestamp::Timestamp;

/// A set that was never looked at gets its interval and so many milliseconds before that counts as no backup.
const FIRST_LOOK_GRACE_MS: i64 = 120_000;

/// A bad condition: its message, since when, and what more is to be said.
type Trouble = (&'static str, Timestamp);

impl Model {
    /// A set of which nothing is known by then has no backup: its first look is overdue, or its job had one RPO's time (a
    /// day where there is none) to claim a run. None while its heartbeat has no address yet.
    pub(super) fn first_look(&self, backup: &BackupModel) -> Option<Timestamp> {
        let watched_from = self.applied_at.max(self.listening_since);
        match &backup.set.source {
            SetSource::Looked(look) => {
                let grace = i64::from(look.interval_ms).saturating_add(FIRST_LOOK_GRACE_MS);
                Some(watched_from.plus_ms(grace))
            }
            SetSource::Heartbeat => {
                let grace = backup.policy.rpo_seconds.unwrap_or(86_400);
                Some(backup.heartbeat_since?.plus_secs(grace.into()))
            }
            SetSource::Job => None,
        }
    }

    /// The views of a set's keys: its backups (or its job, for one that is no backup), and contact with its source.
    pub(super) fn backup_views(&self, service: &ServiceId, backup: &BackupModel, now: Timestamp) -> Vec<View> {
        let main = if backup.set.is_backup() {
            self.freshness_view(service, backup, now)
        } else {
            self.job_view(service, backup, now)
        };
        let contact = backup.set.look().map(|_| self.contact_view(service, backup, now));
        [Some(main), contact].into_iter().flatten().collect()
    }

    fn freshness_view(&self, service: &ServiceId, backup: &BackupModel, now: Timestamp) -> View {
        let key = self.key(backup, TicketClass::Backup);
        let newest = backup.usable(now);
        let (job, state) = (backup.job(now), backup.state(now));
        let trouble: Option<Trouble> = match state {
            BackupState::Langgar => {
                let breach = newest.as_ref().and_then(|b| backup.policy.breach_at(b.data_time));
                breach.map(|at| ("symptom-backup-overdue", at))
            }
            BackupState::TanpaCadangan => match (backup.without_since(now), self.first_look(backup)) {
                (Some(since), _) => Some(("symptom-backup-missing", since)),
                (None, Some(first)) if now >= first => Some(("symptom-backup-never-seen", first)),
                (None, _) => job.as_ref().and_then(job_trouble),
            },
            BackupState::Segar | BackupState::Peringatan | BackupState::BelumDitetapkan | BackupState::Informasi => {
                job.as_ref().and_then(job_trouble)
            }
        };
        if let Some((id, onset)) = trouble {
            let mut symptom = self.symptom(id, service, backup, onset);
            if let Some(b) = &newest {
                symptom = symptom.with("data_at", b.data_time);
            }
            return View::Holds(condition(key, service, backup, symptom, onset.min(now)));
        }
        let run_end = job.and_then(|job| job.succeeded).map(|run| run.end);
        match (state, newest) {
            (BackupState::Segar | BackupState::Peringatan, Some(b)) => {
                View::Clear { key, since: run_end.map_or(b.end, |end| end.max(b.end)) }
            }
            (
                BackupState::Segar
                | BackupState::Peringatan
                | BackupState::Langgar
                | BackupState::TanpaCadangan
                | BackupState::BelumDitetapkan
                | BackupState::Informasi,
                _,
            ) => match run_end {
                // Without an RPO only its job can be well or not.
                Some(since) if state != BackupState::TanpaCadangan => View::Clear { key, since },
                Some(_) | None => View::Unseen { key },
            },
        }
    }

    fn job_view(&self, service: &ServiceId, backup: &BackupModel, now: Timestamp) -> View {
        let key = self.key(backup, TicketClass::Function);
        let Some(job) = backup.job(now) else { return View::Unseen { key } };
        if let Some((id, onset)) = job_trouble(&job) {
            let symptom = self.symptom(id, service, backup, onset);
            return View::Holds(condition(key, service, backup, symptom, onset.min(now)));
        }
        job.succeeded
            .map_or_else(|| View::Unseen { key: key.clone() }, |run| View::Clear { key: key.clone(), since: run.end })
    }

    fn contact_view(&self, service: &ServiceId, backup: &BackupModel, now: Timestamp) -> View {
        let key = self.key(backup, TicketClass::MonitoringLost);
        if let Some(onset) = backup.lost_since(now) {
            let symptom = self.symptom("symptom-backup-unconfirmed", service, backup, onset);
            return View::Holds(condition(key, service, backup, symptom, onset));
        }
        match (backup.unconfirmed_since(now), backup.contact_since()) {
            (None, Some(since)) => View::Clear { key, since },
            (Some(_), _) | (None, None) => View::Unseen { key },
        }
    }

    fn key(&self, backup: &BackupModel, class: TicketClass) -> TicketKey {
        TicketKey { scope: TicketScope::Backup(backup.set.id.clone()), class }
    }

    fn symptom(&self, id: &str, service: &ServiceId, backup: &BackupModel, since: Timestamp) -> Phrase {
        Phrase::new(id)
            .with("set", &backup.set.name)
            .with("service", self.service_name(service))
            .with("since_at", since)
    }
}

fn job_trouble(job: &JobState) -> Option<Trouble> {
    let (since, kind) = job.alarm?;
    let id = match kind {
        AlarmKind::Failed => "symptom-job-failed",
        AlarmKind::NotStarted => "symptom-job-not-started",
        AlarmKind::TooLong => "symptom-job-too-long",
        AlarmKind::TooShort => "symptom-job-too-short",
    };
    Some((id, since))
}

fn condition(
    key: TicketKey,
    service: &ServiceId,
    backup: &BackupModel,
    symptom: Phrase,
    onset_at: Timestamp,
) -> Condition {
    let host = backup.set.look().map(|look| look.host.to_string());
    Condition {
        key,
        impact: Impact::Minor,
        onset_at,
        symptom,
        category: "cadangan_data".to_owned(),
        components: host.into_iter().chain([backup.set.id.to_string()]).collect(),
        affected: vec![service.clone()],
        flapping_since: None,
    }
}
