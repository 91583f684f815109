//! Backups against their RPO: how old the newest usable data are, and when that becomes too old.

use super::markup::{Badge, Tone};
use super::page::{Page, backup_badge};
use crate::snapshot::{BackupState, BackupView, Snapshot};
use crate::texts::Texts;
use askama::Template;
use pantau_shared::timestamp::Timestamp;

/// A backup set in a list.
#[derive(Debug)]
pub(crate) struct BackupRow {
    pub(crate) name: String,
    pub(crate) service: String,
    pub(crate) service_href: String,
    pub(crate) badge: Badge,
    pub(crate) tone: Tone,
    /// Exposure now: the age of the newest usable data.
    pub(crate) age: String,
    pub(crate) rpo: String,
    /// Exposure as a share of the RPO, in thousandths, at most 1000.
    pub(crate) permille: Option<u32>,
    pub(crate) data_time: String,
    pub(crate) estimated: bool,
    pub(crate) newest: String,
    /// When the RPO breaks, or broke.
    pub(crate) breaks: String,
    pub(crate) looked: String,
    pub(crate) error: String,
}

#[derive(Debug, Template)]
#[template(path = "backups.html")]
struct BackupsPage {
    page: Page,
    backups: Vec<BackupRow>,
}

/// The page as HTML.
pub(crate) fn render(page: Page, snapshot: &Snapshot) -> Result<String, askama::Error> {
    let mut sets: Vec<&BackupView> = snapshot.backups.iter().map(AsRef::as_ref).collect();
    sets.sort_by_key(|backup| urgency(backup.state));
    let backups = sets.into_iter().map(|backup| row(page.texts, snapshot, backup, page.now)).collect();
    BackupsPage { page, backups }.render()
}

fn urgency(state: BackupState) -> u8 {
    match state {
        BackupState::TanpaCadangan => 0,
        BackupState::Langgar => 1,
        BackupState::Peringatan => 2,
        BackupState::BelumDitetapkan => 3,
        BackupState::Segar => 4,
        BackupState::Informasi => 5,
    }
}

/// A backup set as a row of any list.
pub(crate) fn row(texts: Texts, snapshot: &Snapshot, backup: &BackupView, now: Timestamp) -> BackupRow {
    let service = snapshot.catalogue.service(&backup.service);
    let set = service.and_then(|service| service.backups.iter().find(|set| set.id == backup.id));
    let badge = backup_badge(texts, backup.state);
    let age_s = backup.data_time.map(|time| now.ms_since(time).max(0) / 1000);
    let rpo = backup.rpo_seconds.map(i64::from).filter(|rpo| *rpo > 0);
    BackupRow {
        name: set.map_or_else(|| backup.id.to_string(), |set| set.name.clone()),
        service: service.map_or_else(|| backup.service.to_string(), |service| service.name.clone()),
        service_href: format!("/services/{}", backup.service),
        tone: badge.tone,
        badge,
        age: backup.data_time.map_or_else(
            || texts.get("backup-none"),
            |time| texts.text("backup-age", &[("span", &texts.between(time, now))]),
        ),
        rpo: rpo.map_or_else(
            || texts.get("backup-rpo-none"),
            |rpo| {
                let span = texts.duration(u64::try_from(rpo).unwrap_or(0));
                texts.text("backup-rpo", &[("span", &span)])
            },
        ),
        permille: age_s.zip(rpo).map(|(age, rpo)| {
            let share = age.saturating_mul(1000) / rpo;
            u32::try_from(share.min(1000)).unwrap_or(1000)
        }),
        data_time: backup.data_time.map_or_else(|| "–".to_owned(), |time| texts.instant(time)),
        estimated: backup.estimated,
        newest: backup.newest.as_ref().map_or_else(
            || "–".to_owned(),
            |(name, size)| match size {
                Some(size) => format!("{name} · {}", texts.bytes(*size)),
                None => name.clone(),
            },
        ),
        breaks: backup.data_time.zip(rpo).map_or_else(
            || "–".to_owned(),
            |(time, rpo)| {
                let at = time.plus_secs(rpo);
                let id = if at <= now { "backup-broke" } else { "backup-breaks" };
                texts.text(id, &[("time", &texts.instant(at))])
            },
        ),
        looked: backup.looked_at.map_or_else(
            || texts.get("backup-not-looked"),
            |at| texts.text("backup-looked", &[("span", &texts.between(at, now))]),
        ),
        error: backup.error.clone().unwrap_or_default(),
    }
}
