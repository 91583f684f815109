//! Koreksi: the list, the form, and one record with its figures before and after. What is legal the engine decides.

use super::late_backups::{self, LateRow};
use super::maintenance::{Line, TrailRow, span, trail};
use super::maintenance_form::local_instant;
use super::markup::{Badge, Icon, Tone};
use super::page::Page;
use super::ticket::ActionNotice;
use super::tickets::Choice;
use crate::correction_preview::{Effect, late_of};
use crate::domain::availability::Counts;
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::register::correction::{CorrectionProposal, MonthChange};
use crate::domain::register::{Claim, CorrectionEntry, CorrectionStatus};
use crate::domain::rpo::record::BackupRecord;
use crate::domain::state::State;
use crate::domain::ticket::Actor;
use crate::snapshot::Snapshot;
use crate::store::audit::AuditRecord;
use crate::texts::Texts;
use askama::Template;
use chrono_tz::Tz;
use pantau_shared::ids::BackupSetId;

/// Decided records that are listed.
const DECIDED_MAX: usize = 100;
/// What an interval may be said to have been.
const CLAIMS: [&str; 5] = ["up", "degraded", "down", "unknown", "excluded"];

/// A record in a list.
#[derive(Debug)]
pub(crate) struct CorrectionRow {
    href: String,
    number: u32,
    service: String,
    claim: String,
    when: String,
    by: String,
    badge: Badge,
}

#[derive(Debug, Template)]
#[template(path = "corrections.html")]
struct ListPage {
    page: Page,
    waiting: Vec<CorrectionRow>,
    decided: Vec<CorrectionRow>,
}

/// A month before and after.
#[derive(Debug)]
pub(crate) struct MonthRow {
    pub(crate) month: String,
    pub(crate) before: String,
    pub(crate) after: String,
    /// What changes, second by second.
    pub(crate) changes: Vec<(String, String, String)>,
}

/// What is shown of a record besides the register.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// Before and after.
    pub(crate) effect: Effect,
    /// The newest records of the backup set that it is about.
    pub(crate) known: Vec<BackupRecord>,
}

#[derive(Debug, Template)]
#[template(path = "correction.html")]
struct CorrectionPage {
    page: Page,
    number: u32,
    badge: Badge,
    service: String,
    service_id: ServiceId,
    service_href: String,
    claim: String,
    lines: Vec<Line>,
    months: Vec<MonthRow>,
    /// Of late records of backups: the set's page, and the records.
    set_href: Option<String>,
    late: Vec<LateRow>,
    proposed: bool,
    may_decide: bool,
    may_approve: bool,
    may_withdraw: bool,
    trail: Vec<TrailRow>,
    notice: Option<ActionNotice>,
}

impl CorrectionPage {
    /// The form that takes this record back.
    fn withdraw_href(&self) -> String {
        format!("/corrections/new?service={}&withdraws={}", self.service_id, self.number)
    }
}

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct CorrectionForm {
    #[serde(default)]
    pub(crate) csrf: String,
    /// `propose`, or a preview.
    #[serde(default)]
    pub(crate) step: String,
    #[serde(default)]
    pub(crate) service: String,
    #[serde(default)]
    pub(crate) state: String,
    /// Local wall time.
    #[serde(default)]
    pub(crate) from: String,
    #[serde(default)]
    pub(crate) to: String,
    /// The number of a record that is to be taken back.
    #[serde(default)]
    pub(crate) withdraws: String,
    #[serde(default)]
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) evidence: String,
}

impl CorrectionForm {
    /// What it proposes; `None` when a part cannot be read.
    pub(crate) fn proposal(&self, zone: Tz) -> Option<CorrectionProposal> {
        let claim = match self.withdraws.as_str() {
            "" => {
                let interval = Interval::new(local_instant(&self.from, zone)?, local_instant(&self.to, zone)?);
                Claim::parse(&self.state, interval)?
            }
            number => Claim::Withdraw(number.parse().ok()?),
        };
        Some(CorrectionProposal {
            service: ServiceId::parse(&self.service).ok()?,
            claim,
            reason: self.reason.clone(),
            evidence: self.evidence.clone(),
        })
    }
}

#[derive(Debug, Template)]
#[template(path = "correction_new.html")]
struct FormPage {
    page: Page,
    form: CorrectionForm,
    services: Vec<Choice>,
    states: Vec<Choice>,
    error: Option<String>,
    previewed: bool,
    months: Vec<MonthRow>,
}

fn status_badge(texts: Texts, status: CorrectionStatus) -> Badge {
    let (tone, icon) = match status {
        CorrectionStatus::Approved => (Tone::Good, "check"),
        CorrectionStatus::Proposed => (Tone::Warn, "clock"),
        CorrectionStatus::Rejected => (Tone::Bad, "cross"),
        CorrectionStatus::Withdrawn => (Tone::Neutral, "cancel"),
    };
    Badge { tone, icon: Icon(icon), label: texts.get(&format!("correction-state-{}", status.code())) }
}

/// A state, or that the time is left out, in words.
fn claimed(texts: Texts, code: &str) -> String {
    match code {
        "excluded" => texts.get("claim-excluded"),
        state => texts.get(&format!("state-{state}")),
    }
}

pub(crate) fn claim(texts: Texts, snapshot: &Snapshot, entry: &CorrectionEntry) -> String {
    match entry.claim {
        Claim::Backups(_) => {
            let set = entry.backups.as_ref().map(|late| set_name(snapshot, &late.set)).unwrap_or_default();
            texts.text("claim-backups", &[("set", &set)])
        }
        Claim::Withdraw(number) => texts.text("claim-withdraw", &[("number", &number.to_string())]),
        Claim::Exclude(_) | Claim::State(..) => match entry.observed {
            Some(state) => format!("{} → {}", claimed(texts, state.name()), claimed(texts, entry.claim.code())),
            None => claimed(texts, entry.claim.code()),
        },
    }
}

fn set_name(snapshot: &Snapshot, id: &BackupSetId) -> String {
    snapshot.catalogue.backup_set(id).map_or_else(|| id.to_string(), |(_, set)| set.name.clone())
}

fn service_name(snapshot: &Snapshot, id: &ServiceId) -> String {
    snapshot.catalogue.service(id).map_or_else(|| id.to_string(), |service| service.name.clone())
}

fn actor(texts: Texts, actor: &Actor) -> String {
    match actor {
        Actor::System => texts.get("actor-system"),
        Actor::Person(name) => name.clone(),
    }
}

fn row(texts: Texts, snapshot: &Snapshot, entry: &CorrectionEntry) -> CorrectionRow {
    CorrectionRow {
        href: format!("/corrections/{}", entry.number),
        number: entry.number,
        service: service_name(snapshot, &entry.service),
        claim: claim(texts, snapshot, entry),
        when: entry.about(&snapshot.register).map(|interval| span(texts, interval)).unwrap_or_default(),
        by: format!("{} · {}", actor(texts, &entry.proposed_by), texts.instant_short(entry.proposed_at)),
        badge: status_badge(texts, entry.status),
    }
}

/// The list as HTML.
pub(crate) fn render_list(page: Page, snapshot: &Snapshot) -> Result<String, askama::Error> {
    let texts = page.texts;
    let newest = || snapshot.register.corrections().iter().rev();
    let waits = |entry: &&std::sync::Arc<CorrectionEntry>| entry.status == CorrectionStatus::Proposed;
    let waiting = newest().filter(waits).map(|entry| row(texts, snapshot, entry)).collect();
    let decided = newest().filter(|entry| !waits(entry)).take(DECIDED_MAX);
    let decided = decided.map(|entry| row(texts, snapshot, entry)).collect();
    ListPage { page, waiting, decided }.render()
}

/// The months that a correction touches.
fn month_rows(texts: Texts, months: &[MonthChange]) -> Vec<MonthRow> {
    let share = |counts: &Counts| counts.availability_ppm().map_or_else(|| "–".to_owned(), |ppm| texts.percent(ppm));
    let row = |change: &MonthChange| {
        let (before, after) = (&change.before, &change.after);
        let all = [
            ("seconds-up", before.up_s, after.up_s),
            ("seconds-degraded", before.degraded_s, after.degraded_s),
            ("seconds-down", before.down_s, after.down_s),
            ("seconds-unknown", before.unknown_s, after.unknown_s),
            ("seconds-excluded", before.excluded_s, after.excluded_s),
        ];
        let differing = all.into_iter().filter(|(_, before, after)| before != after);
        MonthRow {
            month: texts.month(change.month),
            before: share(before),
            after: share(after),
            changes: differing.map(|(id, b, a)| (texts.get(id), texts.duration(b), texts.duration(a))).collect(),
        }
    };
    months.iter().map(row).collect()
}

fn lines(texts: Texts, snapshot: &Snapshot, entry: &CorrectionEntry) -> Vec<Line> {
    let reason = match entry.proposed_by {
        Actor::System if entry.backups.is_some() => texts.get("late-reason"),
        Actor::System => texts.get("correction-late-reason"),
        Actor::Person(_) => entry.reason.clone(),
    };
    let mut all = vec![
        ("correction-interval", entry.about(&snapshot.register).map(|i| span(texts, i)).unwrap_or_default()),
        ("correction-claim", claim(texts, snapshot, entry)),
        ("register-reason", reason),
        ("register-evidence", entry.evidence.clone()),
        ("register-proposed", format!("{} · {}", actor(texts, &entry.proposed_by), texts.instant(entry.proposed_at))),
    ];
    if let Some(decided) = &entry.decided {
        let sign = format!("{} · {}", decided.sign.by, texts.instant(decided.sign.at));
        let told = if decided.reason.is_empty() { sign } else { format!("{sign} · {}", decided.reason) };
        all.push(("register-decided", told));
    }
    if let Some(by) = entry.withdrawn_by {
        all.push(("correction-withdrawn-by", texts.text("correction-number", &[("number", &by.to_string())])));
    }
    let told = all.into_iter().filter(|(_, value)| !value.is_empty());
    told.map(|(id, value)| Line { label: texts.get(id), value }).collect()
}

/// One record as HTML, with the months it touches.
pub(crate) fn render(
    page: Page,
    snapshot: &Snapshot,
    entry: &CorrectionEntry,
    shown: &Shown,
    records: &[AuditRecord],
    notice: Option<ActionNotice>,
) -> Result<String, askama::Error> {
    let texts = page.texts;
    let proposed = entry.status == CorrectionStatus::Proposed;
    let own = page.reader.as_ref().is_some_and(|reader| entry.proposed_by == Actor::Person(reader.name.clone()));
    let may_decide = proposed && page.may_approve();
    let known = snapshot.catalogue.service(&entry.service).is_some();
    let plain = entry.claim.interval().is_some();
    let late = late_of(&snapshot.register, entry).map(|(_, late)| late);
    let months = match late {
        Some(_) => late_backups::month_rows(texts, &shown.effect.backups),
        None => month_rows(texts, &shown.effect.seconds),
    };
    let set = late.and_then(|late| snapshot.catalogue.backup_set(&late.set));
    CorrectionPage {
        number: entry.number,
        badge: status_badge(texts, entry.status),
        service: service_name(snapshot, &entry.service),
        service_id: entry.service.clone(),
        service_href: if known { format!("/services/{}", entry.service) } else { "/".to_owned() },
        claim: claim(texts, snapshot, entry),
        lines: lines(texts, snapshot, entry),
        months,
        set_href: set.map(|(_, set)| format!("/backups/{}", set.id)),
        late: late.map(|late| late_backups::rows(texts, late, &shown.known)).unwrap_or_default(),
        proposed,
        may_decide,
        may_approve: may_decide && !(own && snapshot.catalogue.two_persons),
        may_withdraw: page.may_act() && entry.status == CorrectionStatus::Approved && plain,
        trail: trail(texts, records),
        notice,
        page,
    }
    .render()
}

/// The form with what was typed, what was wrong with it, and what it would change.
pub(crate) fn render_new(
    page: Page,
    snapshot: &Snapshot,
    form: CorrectionForm,
    error: Option<String>,
    months: Option<&[MonthChange]>,
) -> Result<String, askama::Error> {
    let texts = page.texts;
    let services = snapshot.catalogue.services.iter().map(|service| Choice {
        value: service.id.to_string(),
        label: service.name.clone(),
        selected: service.id.as_str() == form.service,
    });
    debug_assert!(State::ALL.iter().all(|state| CLAIMS.contains(&state.name())), "every state can be said");
    let states = CLAIMS.into_iter().map(|code| Choice {
        value: code.to_owned(),
        label: claimed(texts, code),
        selected: code == form.state,
    });
    FormPage {
        services: services.collect(),
        states: states.collect(),
        previewed: months.is_some(),
        months: month_rows(texts, months.unwrap_or_default()),
        page,
        form,
        error,
    }
    .render()
}
