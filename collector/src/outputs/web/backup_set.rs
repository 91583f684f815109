//! A backup set: exposure over time, its figures of a month, its records, its heartbeat with examples to copy, and what people
//! enter of it: verifications, restore drills, recoveries.

use super::backups::{self, BackupRow};
use super::exposure_chart::ExposureChart;
use super::markup::{Badge, Tone};
use super::page::Page;
use crate::backup_period::{Change, Watched};
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::{BackupSet, Service};
use crate::domain::interval::Interval;
use crate::domain::rpo::Policy;
use crate::domain::rpo::proof::{RecoveryEntry, STEPS, Verification, VerificationMethod};
use crate::domain::rpo::record::BackupRecord;
use crate::snapshot::{BackupView, Snapshot};
use crate::store::heartbeats::Signal;
use crate::texts::Texts;
use askama::Template;
use pantau_shared::backup::{BackupStatus, DataTimeBasis};
use pantau_shared::timestamp::Timestamp;

/// What the page is made of besides the snapshot.
#[derive(Debug)]
pub(crate) struct SetData<'a> {
    pub(crate) service: &'a Service,
    pub(crate) set: &'a BackupSet,
    pub(crate) view: &'a BackupView,
    pub(crate) period: Period,
    pub(crate) watched: &'a Watched,
    pub(crate) stored: &'a Stored,
    /// Where jobs reach the collector, such as `https://pantau.bangka.go.id`.
    pub(crate) origin: String,
}

/// What the store tells of the set, the newest of each.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) records: Vec<BackupRecord>,
    pub(crate) verifications: Vec<Verification>,
    pub(crate) recoveries: Vec<RecoveryEntry>,
    pub(crate) signals: Vec<Signal>,
    pub(crate) key: Option<String>,
}

#[derive(Debug)]
struct RecordRow {
    name: String,
    data_time: String,
    basis: String,
    ended: String,
    took: String,
    size: String,
    badge: Badge,
    note: String,
}

#[derive(Debug)]
struct EntryRow {
    title: String,
    badge: Badge,
    detail: String,
    note: String,
    who: String,
}

#[derive(Debug, Template)]
#[template(path = "backup_set.html")]
struct SetPage {
    page: Page,
    id: String,
    row: BackupRow,
    service: String,
    service_href: String,
    month: String,
    previous: String,
    next: Option<String>,
    chart: Option<ExposureChart>,
    chart_top: String,
    chart_from: String,
    chart_to: String,
    facts: Vec<(String, String)>,
    figures: Vec<(String, String)>,
    period: String,
    /// When what it is held to changed in the month.
    changes: Vec<String>,
    records: Vec<RecordRow>,
    needs_heartbeat: bool,
    address: Option<String>,
    signals: Vec<(String, String, String)>,
    verifications: Vec<EntryRow>,
    recoveries: Vec<EntryRow>,
    methods: Vec<(&'static str, String)>,
    steps: Vec<(&'static str, String)>,
    may_act: bool,
    refused: Option<String>,
    done: bool,
}

/// The page as HTML; `refused` says why an entry was not taken, `done` that one was.
pub(crate) fn render(
    page: Page,
    snapshot: &Snapshot,
    data: &SetData<'_>,
    refused: Option<String>,
    done: bool,
) -> Result<String, askama::Error> {
    let (texts, now) = (page.texts, page.now);
    let window = data.period.interval(texts.zone());
    let window = Interval::new(window.from, window.to.min(now.floor_second()));
    let chart = ExposureChart::new(texts, data.watched, window);
    SetPage {
        id: data.set.id.to_string(),
        row: backups::row(texts, snapshot, data.view, now),
        service: data.service.name.clone(),
        service_href: format!("/services/{}", data.service.id),
        month: texts.month(data.period.first_date()),
        previous: data.period.previous().to_string(),
        next: (data.period.interval(texts.zone()).to <= now).then(|| data.period.next().to_string()),
        chart_top: chart.as_ref().map(|chart| texts.duration(chart.top_s)).unwrap_or_default(),
        chart_from: texts.instant_short(window.from),
        chart_to: texts.instant_short(window.to),
        chart,
        facts: facts(texts, data),
        figures: figures(texts, data, window),
        period: data.period.to_string(),
        changes: data.watched.changes().iter().map(|change| change_text(texts, change)).collect(),
        records: data.stored.records.iter().map(|record| record_row(texts, record)).collect(),
        needs_heartbeat: data.set.needs_heartbeat(),
        address: data.stored.key.as_ref().map(|key| format!("{}/ping/{key}", data.origin)),
        signals: data.stored.signals.iter().map(|signal| signal_row(texts, signal)).collect(),
        verifications: data.stored.verifications.iter().map(|entry| verification_row(texts, entry)).collect(),
        recoveries: data.stored.recoveries.iter().map(|entry| recovery_row(texts, entry)).collect(),
        methods: VerificationMethod::ALL.map(|method| (method.code(), method_text(texts, method))).into(),
        steps: STEPS.map(|step| (step, step_text(texts, step))).into(),
        may_act: page.reader.as_ref().is_some_and(|reader| reader.role.may_act()),
        refused,
        done,
        page,
    }
    .render()
}

fn method_text(texts: Texts, method: VerificationMethod) -> String {
    texts.get(&format!("verification-{}", method.code().replace('_', "-")))
}

fn step_text(texts: Texts, step: &str) -> String {
    texts.get(&format!("step-{}", step.replace('_', "-")))
}

fn dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

/// What the set is held to and how it stands.
fn facts(texts: Texts, data: &SetData<'_>) -> Vec<(String, String)> {
    let (view, set) = (data.view, data.set);
    let instant = |at: Option<Timestamp>| dash(at.map(|at| texts.instant(at)));
    let mut facts = vec![
        (texts.get("set-data-time"), instant(view.data_time)),
        (texts.get("set-at-risk"), instant(view.at_risk_at)),
        (texts.get("set-breach"), instant(view.breach_at)),
        (texts.get("set-rpo"), backups::rpo_text(texts, view)),
        (texts.get("set-schedule"), dash(set.schedule.as_ref().map(|schedule| schedule.text()))),
        (texts.get("set-verified"), instant(view.verified.map(|(at, _)| at))),
        (texts.get("set-verified-point"), instant(view.verified.and_then(|(_, data)| data))),
        (texts.get("set-verification-due"), instant(view.verification_due)),
        (texts.get("set-drill-until"), dash(view.drill_until.map(|date| texts.date(date)))),
    ];
    if let Some((base, usable)) = &view.base {
        let named = data.service.backups.iter().find(|set| set.id == *base).map_or(base.as_str(), |set| &set.name);
        let id = if *usable { "set-base-usable" } else { "set-base-missing" };
        facts.insert(0, (texts.get("set-base"), texts.text(id, &[("set", named)])));
    }
    if let Some(job) = &view.job {
        facts.push((texts.get("set-job-running"), instant(job.running_since)));
        facts.push((texts.get("set-job-succeeded"), instant(job.succeeded.map(|run| run.end))));
        facts.push((texts.get("set-job-next"), instant(job.next_slot)));
        facts.push((texts.get("set-job-alarm"), dash(job.alarm.map(|(_, kind)| backups::alarm_text(texts, kind)))));
    }
    facts
}

/// The note of engines A.2: it changed, and each instant is judged by what was in force then.
fn change_text(texts: Texts, change: &Change) -> String {
    let told = |policy: &Policy| match policy.rpo_seconds {
        Some(rpo) => format!("{} {}", policy.operator.symbol(), texts.duration(rpo.into())),
        None => texts.get("rpo-unset"),
    };
    let (before, after) = (told(&change.before), told(&change.after));
    let at = texts.instant(change.at);
    // The bound may stay while what counts as a backup changes.
    let id = if before == after { "rpo-policy-changed" } else { "rpo-changed" };
    texts.text(id, &[("time", &at), ("before", &before), ("after", &after)])
}

fn figures(texts: Texts, data: &SetData<'_>, window: Interval) -> Vec<(String, String)> {
    let watched = data.watched;
    let Some(figures) = watched.over(window) else { return Vec::new() };
    let days = data.view.yesterday.map(|_| watched.yesterday(texts.zone(), window));
    let yesterday = days.map(|days| {
        let met = texts.number(days.iter().filter(|(_, met)| *met).count() as u64);
        let of = texts.number(days.len() as u64);
        (texts.get("yesterday-days"), texts.text("yesterday-met-days", &[("met", &met), ("days", &of)]))
    });
    let mut rows = vec![
        (texts.get("rpo-compliance"), dash(figures.compliance_ppm.map(|ppm| texts.percent(ppm)))),
        (texts.get("rpo-breach-time"), texts.duration(figures.breach_s)),
        (texts.get("rpo-breaches"), texts.number(figures.breaches.len() as u64)),
        (texts.get("rpo-no-backup-time"), texts.duration(figures.no_backup_s)),
        (texts.get("rpo-peak"), dash(figures.peak_exposure_s.map(|peak| texts.duration(peak)))),
    ];
    rows.extend(yesterday);
    rows
}

fn record_row(texts: Texts, record: &BackupRecord) -> RecordRow {
    let (tone, id) = match record.status {
        BackupStatus::Ok => (Tone::Good, "record-ok"),
        BackupStatus::Partial => (Tone::Warn, "record-partial"),
        BackupStatus::Failed => (Tone::Bad, "record-failed"),
        BackupStatus::Running => (Tone::Info, "record-running"),
        BackupStatus::Unspecified => (Tone::Unknown, "record-unknown"),
    };
    let basis = match record.basis {
        DataTimeBasis::Start => "basis-start",
        DataTimeBasis::FileName => "basis-file-name",
        DataTimeBasis::Header => "basis-header",
        DataTimeBasis::Birth => "basis-birth",
        DataTimeBasis::ModifiedLessDuration => "basis-duration",
        DataTimeBasis::Modified | DataTimeBasis::Unspecified => "basis-estimate",
    };
    let deleted = record.deleted_at.map(|at| texts.text("record-deleted", &[("time", &texts.instant_short(at))]));
    let verified = record.verified_at.map(|at| texts.text("record-verified", &[("time", &texts.instant_short(at))]));
    let claimed = record.claimed.then(|| texts.get("proof-claimed"));
    RecordRow {
        name: record.artefact.clone(),
        data_time: dash(record.data_time.map(|at| texts.instant(at))),
        basis: texts.get(basis),
        ended: dash(record.ended_at.map(|at| texts.instant(at))),
        took: dash(record.duration_s().map(|seconds| texts.duration(seconds))),
        size: dash(record.size_bytes.map(|bytes| texts.bytes(bytes))),
        badge: Badge::new(tone, texts.get(id)),
        note: [claimed, verified, deleted].into_iter().flatten().collect::<Vec<_>>().join(" · "),
    }
}

/// When, what, and the begin of what was sent with it.
fn signal_row(texts: Texts, signal: &Signal) -> (String, String, String) {
    let code = signal.exit_code.map(|code| format!(" {code}")).unwrap_or_default();
    let run = signal.run.as_ref().map(|run| format!(" · {run}")).unwrap_or_default();
    let body: String = String::from_utf8_lossy(&signal.body).chars().take(500).collect();
    (texts.instant(signal.at), format!("{}{code}{run}", texts.get(&format!("signal-{}", signal.kind.code()))), body)
}

fn verdict(texts: Texts, good: bool, yes: &str, no: &str) -> Badge {
    if good { Badge::new(Tone::Good, texts.get(yes)) } else { Badge::new(Tone::Bad, texts.get(no)) }
}

fn who(texts: Texts, actor: &str, at: Timestamp) -> String {
    format!("{actor} · {}", texts.instant(at))
}

fn verification_row(texts: Texts, entry: &Verification) -> EntryRow {
    EntryRow {
        title: format!("{} · {}", texts.instant(entry.at), method_text(texts, entry.method)),
        badge: verdict(texts, entry.passed, "verification-passed", "verification-not-passed"),
        detail: entry.artefact.clone(),
        note: entry.note.clone(),
        who: who(texts, &entry.actor, entry.recorded_at),
    }
}

fn recovery_row(texts: Texts, entry: &RecoveryEntry) -> EntryRow {
    let kind = texts.get(if entry.drill { "recovery-drill" } else { "recovery-real" });
    let judged = |met: Option<bool>| match met {
        Some(true) => texts.get("bound-kept"),
        Some(false) => texts.get("bound-broken"),
        None => texts.get("bound-none"),
    };
    let achieved = entry.achieved().map(|achieved| {
        let (rta, rpa) = (texts.duration(achieved.rta_s), texts.duration(achieved.rpa_s));
        let (rto, rpo) = (judged(achieved.rto_met), judged(achieved.rpo_met));
        texts.text("recovery-achieved", &[("rta", &rta), ("rto", &rto), ("rpa", &rpa), ("rpo", &rpo)])
    });
    let done = entry.steps.iter().flatten().count().to_string();
    let steps = texts.text("recovery-steps", &[("count", &done)]);
    EntryRow {
        title: format!("{} · {kind} · {}", texts.instant(entry.disaster_at), entry.scenario),
        badge: verdict(texts, entry.succeeded, "recovery-succeeded", "recovery-failed"),
        detail: [achieved, Some(steps)].into_iter().flatten().collect::<Vec<_>>().join(" · "),
        note: entry.note.clone(),
        who: who(texts, &entry.actor, entry.recorded_at),
    }
}
