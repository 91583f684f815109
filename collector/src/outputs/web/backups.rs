//! Backups against their RPO: per service how old the newest usable data are, when that becomes too old, and how far it is
//! proved that they can be restored.

use super::exposure_chart::Strip;
use super::markup::{Badge, Tone};
use super::page::{Page, backup_badge};
use crate::backup_period::Watched;
use crate::domain::catalogue::Service;
use crate::domain::profile::Operator;
use crate::domain::rpo::heartbeat::AlarmKind;
use crate::domain::rpo::proof::Proof;
use crate::snapshot::{BackupState, BackupView, Snapshot, Suspicion};
use crate::texts::Texts;
use askama::Template;
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;

/// A backup set in a list.
#[derive(Debug)]
pub(crate) struct BackupRow {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) service: String,
    pub(crate) badge: Badge,
    /// What else is to be known of it: proof, doubts, its job.
    pub(crate) marks: Vec<Badge>,
    pub(crate) tone: Tone,
    /// Exposure now: the age of the newest usable data.
    pub(crate) age: String,
    pub(crate) rpo: String,
    /// Exposure as a share of the RPO, in thousandths, at most 1000.
    pub(crate) permille: Option<u32>,
    pub(crate) data_time: String,
    pub(crate) estimated: bool,
    pub(crate) newest: String,
    /// When the RPO is at risk, or was from.
    pub(crate) risk: String,
    /// When the RPO breaks, or broke.
    pub(crate) breaks: String,
    pub(crate) looked: String,
    pub(crate) error: String,
}

/// A service with its sets; the worst of the required ones is its own state.
#[derive(Debug)]
struct ServiceBackups {
    name: String,
    href: String,
    badge: Option<Badge>,
    /// Which set is the worst.
    worst: String,
    findings: Vec<String>,
    sets: Vec<(BackupRow, Option<Strip>)>,
}

#[derive(Debug, Template)]
#[template(path = "backups.html")]
struct BackupsPage {
    page: Page,
    services: Vec<ServiceBackups>,
}

/// What is known of each set over the days of a strip.
pub(crate) type Strips = BTreeMap<BackupSetId, Watched>;

/// The page as HTML.
pub(crate) fn render(page: Page, snapshot: &Snapshot, strips: &Strips) -> Result<String, askama::Error> {
    let mut services: Vec<(u8, ServiceBackups)> = Vec::new();
    for service in &snapshot.catalogue.services {
        let findings: Vec<String> = findings(page.texts, snapshot, service);
        if service.backups.is_empty() && findings.is_empty() {
            continue;
        }
        services.push(service_backups(&page, snapshot, service, findings, strips));
    }
    services.sort_by_key(|(urgency, _)| *urgency);
    BackupsPage { page, services: services.into_iter().map(|(_, service)| service).collect() }.render()
}

/// What a kritis service lacks to be judged at all: RPO, RTO, recovery plan.
pub(crate) fn findings(texts: Texts, snapshot: &Snapshot, service: &Service) -> Vec<String> {
    let of = snapshot.catalogue.findings.iter().filter(|finding| finding.service.as_ref() == Some(&service.id));
    let continuity = of.filter(|finding| finding.phrase.id.starts_with("finding-critical-"));
    continuity.map(|finding| texts.phrase(&finding.phrase)).collect()
}

fn service_backups(
    page: &Page,
    snapshot: &Snapshot,
    service: &Service,
    findings: Vec<String>,
    strips: &Strips,
) -> (u8, ServiceBackups) {
    let texts = page.texts;
    let mut views: Vec<&BackupView> =
        snapshot.backups.iter().map(AsRef::as_ref).filter(|view| view.service == service.id).collect();
    views.sort_by_key(|view| (urgency(view.state), view.data_time));
    let worst = views.iter().find(|view| view.required);
    let rows = views.iter().map(|view| {
        let row = row(texts, snapshot, view, page.now);
        let watched = strips.get(&view.id).filter(|_| view.is_backup);
        let strip = watched.map(|watched| Strip::new(texts, &row.name, watched, page.now));
        (row, strip)
    });
    let urgency = worst.map_or(9, |view| urgency(view.state)).min(if findings.is_empty() { 9 } else { 3 });
    let name = |view: &&BackupView| set_name(snapshot, view);
    let backups = ServiceBackups {
        name: service.name.clone(),
        href: format!("/services/{}", service.id),
        badge: worst.map(|view| backup_badge(texts, view.state)),
        worst: worst.map_or_else(String::new, |view| texts.text("backup-worst", &[("set", &name(view))])),
        sets: rows.collect(),
        findings,
    };
    (urgency, backups)
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

/// A set's name for people.
pub(crate) fn set_name(snapshot: &Snapshot, view: &BackupView) -> String {
    let set = snapshot.catalogue.backup_set(&view.id);
    set.map_or_else(|| view.id.to_string(), |(_, set)| set.name.clone())
}

/// The bound in words, with its operator.
pub(crate) fn rpo_text(texts: Texts, backup: &BackupView) -> String {
    let Some(rpo) = backup.rpo_seconds.filter(|rpo| *rpo > 0) else {
        return texts.get(if backup.is_backup { "backup-rpo-none" } else { "backup-no-backup" });
    };
    let id = match backup.operator {
        Operator::Below => "backup-rpo",
        Operator::AtMost => "backup-rpo-at-most",
    };
    texts.text(id, &[("span", &texts.duration(rpo.into()))])
}

/// A backup set as a row of any list.
pub(crate) fn row(texts: Texts, snapshot: &Snapshot, backup: &BackupView, now: Timestamp) -> BackupRow {
    let service = snapshot.catalogue.service(&backup.service);
    let badge = backup_badge(texts, backup.state);
    let age_s = backup.data_time.map(|time| now.ms_since(time).max(0) / 1000);
    let rpo = backup.rpo_seconds.map(i64::from).filter(|rpo| *rpo > 0);
    let moment = |at: Option<Timestamp>, passed: &str, ahead: &str| {
        at.map_or_else(
            || "–".to_owned(),
            |at| texts.text(if at <= now { passed } else { ahead }, &[("time", &texts.instant(at))]),
        )
    };
    BackupRow {
        name: set_name(snapshot, backup),
        href: format!("/backups/{}", backup.id),
        service: service.map_or_else(|| backup.service.to_string(), |service| service.name.clone()),
        tone: badge.tone,
        badge,
        marks: marks(texts, backup),
        age: match (backup.data_time, backup.is_backup) {
            (Some(time), _) => texts.text("backup-age", &[("span", &texts.between(time, now))]),
            (None, true) => texts.get("backup-none"),
            (None, false) => texts.get("backup-job"),
        },
        rpo: rpo_text(texts, backup),
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
        risk: moment(backup.at_risk_at, "backup-risked", "backup-risks"),
        breaks: moment(backup.breach_at, "backup-broke", "backup-breaks"),
        looked: backup.looked_at.map_or_else(
            || texts.get("backup-not-looked"),
            |at| texts.text("backup-looked", &[("span", &texts.between(at, now))]),
        ),
        error: backup.error.clone().unwrap_or_default(),
    }
}

/// What else is to be known of a set.
pub(crate) fn marks(texts: Texts, backup: &BackupView) -> Vec<Badge> {
    let proof = backup.proof.map(|proof| match proof {
        Proof::Claimed => Badge::new(Tone::Warn, texts.get("proof-claimed")),
        Proof::Seen => Badge::new(Tone::Info, texts.get("proof-seen")),
        Proof::Restored => Badge::new(Tone::Good, texts.get("proof-restored")),
    });
    let unconfirmed = backup.unconfirmed_since.map(|since| {
        Badge::new(Tone::Unknown, texts.text("backup-unconfirmed", &[("time", &texts.instant_short(since))]))
    });
    let alarm =
        backup.job.as_ref().and_then(|job| job.alarm).map(|(_, kind)| Badge::new(Tone::Bad, alarm_text(texts, kind)));
    let doubts = backup.suspicions.iter().map(|suspicion| match suspicion {
        Suspicion::Refuted => Badge::new(Tone::Bad, texts.get("suspicion-refuted")),
        Suspicion::Shrunk => Badge::new(Tone::Warn, texts.get("suspicion-shrunk")),
        Suspicion::ShortRun => Badge::new(Tone::Warn, texts.get("suspicion-short-run")),
    });
    let impossible = backup
        .impossible_s
        .map(|worst| Badge::new(Tone::Bad, texts.text("backup-impossible", &[("span", &texts.duration(worst))])));
    let yesterday = backup.yesterday.map(|met| match met {
        true => Badge::new(Tone::Good, texts.get("yesterday-met")),
        false => Badge::new(Tone::Warn, texts.get("yesterday-not-met")),
    });
    proof.into_iter().chain(unconfirmed).chain(alarm).chain(doubts).chain(impossible).chain(yesterday).collect()
}

/// What is wrong with a job, in words.
pub(crate) fn alarm_text(texts: Texts, kind: AlarmKind) -> String {
    texts.get(match kind {
        AlarmKind::Failed => "job-failed",
        AlarmKind::NotStarted => "job-not-started",
        AlarmKind::TooLong => "job-too-long",
        AlarmKind::TooShort => "job-too-short",
    })
}
