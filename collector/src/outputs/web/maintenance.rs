//! Pemeliharaan: the list of what is ahead, runs, and is over; and one record with its windows, log and actions. Which
//! actions are offered is a convenience; what is legal the engine decides.

use super::markup::{Badge, Icon, Tone};
use super::page::{Page, Section};
use super::ticket::ActionNotice;
use super::tickets::Choice;
use crate::domain::availability::{MaintenanceStatus, MaintenanceWindow};
use crate::domain::interval::Interval;
use crate::domain::register::MaintenancePlan;
use crate::domain::register::maintenance::MaintenanceAction;
use crate::domain::register::notice::Notice;
use crate::domain::register::recurrence::{Recurrence, WEEK};
use crate::snapshot::Snapshot;
use crate::store::audit::AuditRecord;
use crate::texts::Texts;
use askama::Template;
use pantau_shared::timestamp::Timestamp;

/// Records of the past that are listed.
const PAST_MAX: usize = 50;
/// Windows of one record that are listed.
const WINDOWS_MAX: usize = 60;

/// A record in a list.
#[derive(Debug)]
pub(crate) struct PlanRow {
    href: String,
    title: String,
    scope: String,
    when: String,
    repeats: String,
    badge: Badge,
    notice: Badge,
}

#[derive(Debug, Template)]
#[template(path = "maintenance_list.html")]
struct ListPage {
    page: Page,
    running: Vec<PlanRow>,
    ahead: Vec<PlanRow>,
    past: Vec<PlanRow>,
}

/// A window of a record.
#[derive(Debug)]
pub(crate) struct WindowRow {
    pub(crate) when: String,
    pub(crate) length: String,
    pub(crate) badge: Badge,
    pub(crate) notice: Badge,
    /// Its begin, where it may be cancelled alone.
    pub(crate) cancel: Option<String>,
}

/// A line of a record.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) label: String,
    pub(crate) value: String,
}

/// An entry of the trail.
#[derive(Debug)]
pub(crate) struct TrailRow {
    pub(crate) text: String,
    pub(crate) who: String,
    pub(crate) at: String,
    pub(crate) system: bool,
}

#[derive(Debug, Template)]
#[template(path = "maintenance.html")]
struct PlanPage {
    page: Page,
    number: u32,
    badge: Badge,
    scope: String,
    warning: Option<String>,
    lines: Vec<Line>,
    windows: Vec<WindowRow>,
    more_windows: bool,
    trail: Vec<TrailRow>,
    offered: Offered,
    notice: Option<ActionNotice>,
    now_input: String,
}

/// Which actions are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offered {
    pub(crate) announce: bool,
    pub(crate) approve: bool,
    /// It waits for a second person, who this reader is not.
    pub(crate) needs_second: bool,
    pub(crate) reject: bool,
    pub(crate) cancel: bool,
    pub(crate) end_early: bool,
}

impl Offered {
    /// To the reader of `page`, at its moment.
    fn new(page: &Page, snapshot: &Snapshot, plan: &MaintenancePlan) -> Self {
        let zone = snapshot.profile.time_zone;
        let leads = |action: &MaintenanceAction| action.leads_to(plan.state).is_some();
        let ahead = plan.occurrences(zone).last().is_some_and(|last| page.now < last.from);
        let proposed = plan.state == MaintenanceStatus::Proposed;
        let own = page.reader.as_ref().is_some_and(|reader| reader.name == plan.proposed.by);
        let second = page.may_approve() && !(own && snapshot.catalogue.two_persons);
        let (told, cancel) = (
            MaintenanceAction::Announce { at: page.now, channel: String::new() },
            MaintenanceAction::Cancel { reason: String::new() },
        );
        let running = plan.running(zone, page.now).is_some();
        Self {
            announce: page.may_act() && leads(&told) && plan.announced.is_none() && ahead,
            approve: proposed && second && page.now < plan.planned.from,
            needs_second: proposed && !second,
            reject: proposed && page.may_approve(),
            cancel: page.may_act() && leads(&cancel) && (ahead || proposed),
            end_early: page.may_act() && leads(&MaintenanceAction::EndEarly) && running,
        }
    }

    /// Whether any is.
    pub(crate) const fn any(self) -> bool {
        self.announce || self.approve || self.needs_second || self.reject || self.cancel || self.end_early
    }
}

/// A record's state.
pub(crate) fn status_badge(texts: Texts, status: MaintenanceStatus) -> Badge {
    let (tone, icon) = match status {
        MaintenanceStatus::Approved => (Tone::Good, "check"),
        MaintenanceStatus::Cancelled => (Tone::Neutral, "cancel"),
        MaintenanceStatus::Proposed => (Tone::Warn, "clock"),
        MaintenanceStatus::Rejected => (Tone::Bad, "cross"),
    };
    Badge { tone, icon: Icon(icon), label: texts.get(&format!("maintenance-state-{}", status.code())) }
}

/// How an announcement stands.
pub(crate) fn notice_badge(texts: Texts, notice: Notice) -> Badge {
    let span = |seconds: u64| texts.duration(seconds);
    match notice {
        Notice::Missed => Badge::new(Tone::Warn, texts.get("notice-missed")),
        Notice::Open { by } => Badge::new(Tone::Info, texts.text("notice-open", &[("time", &texts.instant_short(by))])),
        Notice::Short { ahead_s } => Badge::new(Tone::Warn, texts.text("notice-short", &[("span", &span(ahead_s))])),
        Notice::Told { ahead_s } => Badge::new(Tone::Good, texts.text("notice-told", &[("span", &span(ahead_s))])),
    }
}

/// What it concerns, by the names that people know.
pub(crate) fn scope(snapshot: &Snapshot, plan: &MaintenancePlan) -> String {
    let services = plan.services.iter().map(|id| snapshot.catalogue.scope_name(id));
    let hosts = plan.hosts.iter().map(|id| {
        let host = snapshot.hosts.iter().find(|host| host.id == *id);
        host.map_or_else(|| id.to_string(), |host| host.name.clone())
    });
    services.chain(hosts).collect::<Vec<_>>().join(", ")
}

/// From when to when.
pub(crate) fn span(texts: Texts, interval: Interval) -> String {
    texts.text("register-span", &[("from", &texts.instant(interval.from)), ("to", &texts.instant(interval.to))])
}

/// How it repeats, in words; empty for once.
pub(crate) fn repeats(texts: Texts, plan: &MaintenancePlan) -> String {
    let days = match plan.recurrence {
        Recurrence::Once => return String::new(),
        Recurrence::Weekly(days) => {
            let names = WEEK.iter().filter(|(day, _)| days.contains(*day));
            names.map(|(_, code)| texts.get(&format!("weekday-{code}"))).collect::<Vec<_>>().join(", ")
        }
        Recurrence::MonthlyDay | Recurrence::MonthlyWeekday | Recurrence::MonthlyLastWeekday => String::new(),
    };
    let until = plan.until.map(|date| texts.date(date)).unwrap_or_default();
    let id = format!("repeats-{}", plan.recurrence.code().replace('_', "-"));
    texts.text(&id, &[("days", &days), ("until", &until)])
}

/// The window that matters now: the one that runs, else the next, else the last.
fn nearest(plan: &MaintenancePlan, snapshot: &Snapshot, now: Timestamp) -> Interval {
    let windows = plan.occurrences(snapshot.profile.time_zone);
    let coming = windows.iter().find(|window| now < window.to).copied();
    coming.or(windows.last().copied()).unwrap_or(plan.planned)
}

fn row(texts: Texts, snapshot: &Snapshot, plan: &MaintenancePlan, now: Timestamp) -> PlanRow {
    let window = nearest(plan, snapshot, now);
    let notice_s = snapshot.rulebook.min_notice_of(&plan.services, &plan.hosts, &snapshot.catalogue);
    PlanRow {
        href: format!("/maintenance/{}", plan.number),
        title: plan.title.clone(),
        scope: scope(snapshot, plan),
        when: span(texts, window),
        repeats: repeats(texts, plan),
        badge: status_badge(texts, plan.state),
        notice: notice_badge(texts, Notice::of(plan, window, notice_s, now)),
    }
}

/// The list as HTML.
pub(crate) fn render_list(page: Page, snapshot: &Snapshot) -> Result<String, askama::Error> {
    let (texts, now, zone) = (page.texts, page.now, snapshot.profile.time_zone);
    let (mut running, mut ahead, mut past) = (Vec::new(), Vec::new(), Vec::new());
    let mut plans: Vec<&MaintenancePlan> = snapshot.register.plans().iter().map(|plan| &**plan).collect();
    plans.sort_by_key(|plan| (nearest(plan, snapshot, now), plan.number));
    for plan in plans {
        let open = matches!(plan.state, MaintenanceStatus::Approved | MaintenanceStatus::Proposed);
        let shown = row(texts, snapshot, plan, now);
        if plan.running(zone, now).is_some() {
            running.push(shown);
        } else if open && now < nearest(plan, snapshot, now).from {
            ahead.push(shown);
        } else {
            past.push(shown);
        }
    }
    past.reverse();
    past.truncate(PAST_MAX);
    ListPage { page, running, ahead, past }.render()
}

fn window_row(
    texts: Texts,
    plan: &MaintenancePlan,
    window: &MaintenanceWindow,
    notice_s: u64,
    (now, may_cancel): (Timestamp, bool),
) -> WindowRow {
    let end = window.ended_early_at.unwrap_or(window.interval.to).min(window.interval.to);
    let shown = Interval::new(window.interval.from, end);
    let mut badge = status_badge(texts, window.status);
    if window.status == MaintenanceStatus::Approved && shown.contains(now) {
        badge = Badge { tone: Tone::Info, icon: Icon("wrench"), label: texts.get("maintenance-running") };
    } else if window.ended_early_at.is_some() {
        badge.label = texts.get("maintenance-ended-early");
    }
    let alone = plan.recurrence != Recurrence::Once && window.status == MaintenanceStatus::Approved;
    WindowRow {
        when: span(texts, shown),
        length: texts.duration(shown.length_s()),
        badge,
        notice: notice_badge(texts, Notice::of(plan, window.interval, notice_s, now)),
        cancel: (may_cancel && alone && now < window.interval.from).then(|| window.interval.from.to_string()),
    }
}

/// What was done to a record, in the order of time.
pub(crate) fn trail(texts: Texts, records: &[AuditRecord]) -> Vec<TrailRow> {
    use crate::domain::ticket::Actor;
    let row = |record: &AuditRecord| {
        let action = texts.get(&format!("audit-{}", record.action.replace(['.', '_'], "-")));
        let detail: serde_json::Value = serde_json::from_str(&record.detail).unwrap_or_default();
        let said = ["channel", "reason"].iter().find_map(|name| detail[*name].as_str()).filter(|text| !text.is_empty());
        let (who, system) = match &record.actor {
            Actor::System => (texts.get("actor-system"), true),
            Actor::Person(name) => (name.clone(), false),
        };
        TrailRow {
            text: said.map_or_else(|| action.clone(), |said| format!("{action}: {said}")),
            who,
            at: texts.instant(record.at),
            system,
        }
    };
    records.iter().rev().map(row).collect()
}

fn lines(texts: Texts, snapshot: &Snapshot, plan: &MaintenancePlan) -> Vec<Line> {
    let signed = |by: &str, at: Timestamp| format!("{by} · {}", texts.instant(at));
    let mut all = vec![
        ("maintenance-scope", scope(snapshot, plan)),
        ("maintenance-window", span(texts, plan.planned)),
        ("maintenance-repeats", repeats(texts, plan)),
        ("register-reason", plan.reason.clone()),
        ("register-evidence", plan.evidence.clone()),
        ("register-proposed", signed(&plan.proposed.by, plan.proposed.at)),
    ];
    if let Some(told) = &plan.announced {
        all.push(("maintenance-announced", format!("{} · {}", texts.instant(told.at), told.channel)));
    }
    for (id, decided) in [("register-decided", &plan.decided), ("maintenance-cancelled", &plan.cancelled)] {
        if let Some(decided) = decided {
            let sign = signed(&decided.sign.by, decided.sign.at);
            let reason = if decided.reason.is_empty() { sign } else { format!("{sign} · {}", decided.reason) };
            all.push((id, reason));
        }
    }
    let told = all.into_iter().filter(|(_, value)| !value.is_empty());
    told.map(|(id, value)| Line { label: texts.get(id), value }).collect()
}

/// What is to be known before and after the approval: that it will not, or does not, count.
fn warning(texts: Texts, snapshot: &Snapshot, plan: &MaintenancePlan, now: Timestamp) -> Option<String> {
    let open = matches!(plan.state, MaintenanceStatus::Approved | MaintenanceStatus::Proposed);
    let notice_s = snapshot.rulebook.min_notice_of(&plan.services, &plan.hosts, &snapshot.catalogue);
    let needed = texts.duration(notice_s);
    match Notice::of(plan, nearest(plan, snapshot, now), notice_s, now) {
        Notice::Missed | Notice::Short { .. } if open => {
            Some(texts.text("maintenance-not-counted", &[("needed", &needed)]))
        }
        Notice::Missed | Notice::Short { .. } | Notice::Open { .. } | Notice::Told { .. } => None,
    }
}

/// One record as HTML. `notice` says what became of the reader's action.
pub(crate) fn render(
    page: Page,
    snapshot: &Snapshot,
    plan: &MaintenancePlan,
    records: &[AuditRecord],
    notice: Option<ActionNotice>,
) -> Result<String, askama::Error> {
    let (texts, now) = (page.texts, page.now);
    let notice_s = snapshot.rulebook.min_notice_of(&plan.services, &plan.hosts, &snapshot.catalogue);
    let windows = plan.windows(snapshot.profile.time_zone);
    // What is over long since gives way to what is ahead.
    let over = windows.partition_point(|window| window.interval.to <= now);
    let first = over.saturating_sub(WINDOWS_MAX / 4);
    let shown = windows.iter().skip(first).take(WINDOWS_MAX);
    let may_cancel = page.may_act();
    PlanPage {
        number: plan.number,
        badge: status_badge(texts, plan.state),
        scope: scope(snapshot, plan),
        warning: warning(texts, snapshot, plan, now),
        lines: lines(texts, snapshot, plan),
        windows: shown.map(|window| window_row(texts, plan, window, notice_s, (now, may_cancel))).collect(),
        more_windows: windows.len() > first + WINDOWS_MAX || first > 0,
        trail: trail(texts, records),
        offered: Offered::new(&page, snapshot, plan),
        notice,
        now_input: super::ticket::local_input(texts, now),
        page,
    }
    .render()
}

/// The kinds of repetition as choices.
pub(crate) fn repeat_choices(texts: Texts, selected: &str) -> Vec<Choice> {
    ["once", "weekly", "monthly_day", "monthly_weekday", "monthly_last_weekday"]
        .into_iter()
        .map(|code| Choice {
            value: code.to_owned(),
            label: texts.get(&format!("repeat-{}", code.replace('_', "-"))),
            selected: code == selected,
        })
        .collect()
}

/// The section of these pages.
pub(crate) const SECTION: Section = Section::Maintenance;
