//! Ringkasan: how everything stands now, on one page. What needs a person comes first.

use super::backups::{self, BackupRow};
use super::day_bar::{self, DayBar};
use super::markup::{Badge, Tone};
use super::page::{Page, backup_at_risk, next_due, state_badge, verdict_badge};
use super::{hosts, tickets, vantages};
use crate::domain::availability::{Figures, Verdict};
use crate::domain::catalogue::{Service, ServiceGroup};
use crate::domain::state::State;
use crate::snapshot::{ServiceView, Snapshot};
use crate::texts::Texts;
use askama::Template;

/// Most tickets listed here; the rest is one click away.
const TICKETS_MAX: usize = 8;

/// A figure with what it means.
#[derive(Debug)]
pub(crate) struct Tile {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) note: String,
    pub(crate) tone: Tone,
    pub(crate) href: &'static str,
}

/// A service in the list.
#[derive(Debug)]
pub(crate) struct ServiceRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) badge: Badge,
    pub(crate) since: String,
    pub(crate) reason: String,
    pub(crate) bar: DayBar,
    pub(crate) first_day: String,
    pub(crate) month: MonthSummary,
}

/// A month's figures in a few words.
#[derive(Debug)]
pub(crate) struct MonthSummary {
    pub(crate) availability: String,
    pub(crate) target: String,
    pub(crate) verdict: Badge,
    pub(crate) coverage: String,
    pub(crate) budget: String,
    pub(crate) budget_tone: Tone,
}

/// The services of one group.
#[derive(Debug)]
pub(crate) struct GroupView {
    pub(crate) label: String,
    pub(crate) services: Vec<ServiceRow>,
}

/// Something to mend in the catalogue.
#[derive(Debug)]
pub(crate) struct FindingRow {
    pub(crate) href: String,
    pub(crate) service: String,
    pub(crate) text: String,
}

#[derive(Debug, Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    page: Page,
    headline: String,
    headline_tone: Tone,
    month: String,
    tiles: Vec<Tile>,
    groups: Vec<GroupView>,
    tickets: Vec<tickets::TicketRow>,
    more_tickets: usize,
    hosts: Vec<hosts::HostRow>,
    backups: Vec<BackupRow>,
    findings: Vec<FindingRow>,
    isolated: Vec<vantages::IsolatedRow>,
}

/// The page as HTML.
pub(crate) fn render(page: Page, snapshot: &Snapshot) -> Result<String, askama::Error> {
    let texts = page.texts;
    let now = page.now;
    let (headline, headline_tone) = headline(texts, snapshot);
    let findings = snapshot.catalogue.findings.iter().map(|finding| FindingRow {
        href: finding.service.as_ref().map_or_else(|| "/system".to_owned(), |id| format!("/services/{id}")),
        service: finding.service.as_ref().map_or_else(
            || texts.get("finding-of-catalogue"),
            |id| snapshot.catalogue.service(id).map_or_else(|| id.to_string(), |service| service.name.clone()),
        ),
        text: texts.phrase(&finding.phrase),
    });
    OverviewPage {
        headline,
        headline_tone,
        month: texts.month(now.to_utc().with_timezone(&texts.zone()).date_naive()),
        tiles: tiles(&page, snapshot),
        groups: groups(texts, snapshot),
        tickets: snapshot.tickets.iter().take(TICKETS_MAX).map(|t| tickets::row(texts, snapshot, t, now)).collect(),
        more_tickets: snapshot.tickets.len().saturating_sub(TICKETS_MAX),
        hosts: snapshot.hosts.iter().map(|host| hosts::row(texts, snapshot, host, now)).collect(),
        backups: snapshot
            .backups
            .iter()
            .filter(|backup| backup_at_risk(backup.state))
            .map(|backup| backups::row(texts, snapshot, backup, now))
            .collect(),
        findings: findings.collect(),
        isolated: vantages::isolated(texts, snapshot, now),
        page,
    }
    .render()
}

fn count_state(snapshot: &Snapshot, state: State) -> usize {
    snapshot.services.iter().filter(|service| service.state == state).count()
}

/// "3 dari 5 layanan beroperasi normal; 1 terhenti".
fn headline(texts: Texts, snapshot: &Snapshot) -> (String, Tone) {
    let total = snapshot.services.len();
    let [up, degraded, down, unknown] = State::ALL.map(|state| count_state(snapshot, state));
    if total == 0 {
        return (texts.get("headline-empty"), Tone::Neutral);
    }
    if up == total {
        return (texts.count("headline-all-up", total), Tone::Good);
    }
    let mut parts = vec![texts.text("headline-some-up", &[("up", &up.to_string()), ("count", &total.to_string())])];
    for (id, count) in [("headline-down", down), ("headline-degraded", degraded), ("headline-unknown", unknown)] {
        if count > 0 {
            parts.push(texts.count(id, count));
        }
    }
    let tone = match (down, degraded) {
        (0, 0) => Tone::Unknown,
        (0, _) => Tone::Warn,
        _ => Tone::Bad,
    };
    (parts.join("; "), tone)
}

fn tiles(page: &Page, snapshot: &Snapshot) -> Vec<Tile> {
    let texts = page.texts;
    let pick = |bad: bool, tone| if bad { tone } else { Tone::Good };
    let met = snapshot.services.iter().filter(|s| s.month.verdict == Verdict::Met).count();
    let judged = snapshot.services.iter().filter(|s| s.month.target_ppm.is_some()).count();
    let missed = snapshot.services.iter().any(|s| s.month.verdict == Verdict::NotMet);
    let late = snapshot.tickets.iter().filter(|ticket| next_due(texts, ticket, page.now).late).count();
    let silent = snapshot.hosts.iter().filter(|host| host.silent).count();
    let hosts = snapshot.hosts.len();
    let at_risk = snapshot.backups.iter().filter(|backup| backup_at_risk(backup.state)).count();
    vec![
        Tile {
            label: texts.get("tile-targets"),
            value: texts.text("tile-of", &[("part", &met.to_string()), ("whole", &judged.to_string())]),
            note: texts.get(if judged == 0 { "tile-targets-none" } else { "tile-targets-note" }),
            tone: match (judged, missed) {
                (0, _) => Tone::Neutral,
                (_, true) => Tone::Bad,
                (judged, false) => pick(met < judged, Tone::Unknown),
            },
            href: "/reports/availability",
        },
        Tile {
            label: texts.get("tile-tickets"),
            value: snapshot.tickets.len().to_string(),
            note: if late > 0 { texts.count("tile-tickets-late", late) } else { texts.get("tile-tickets-in-time") },
            tone: if late > 0 { Tone::Bad } else { pick(!snapshot.tickets.is_empty(), Tone::Warn) },
            href: "/tickets",
        },
        Tile {
            label: texts.get("tile-hosts"),
            value: texts.text("tile-of", &[("part", &(hosts - silent).to_string()), ("whole", &hosts.to_string())]),
            note: match (hosts, silent) {
                (0, _) => texts.get("tile-hosts-none"),
                (_, 0) => texts.get("tile-hosts-note"),
                (_, silent) => texts.count("tile-hosts-silent", silent),
            },
            tone: if hosts == 0 { Tone::Neutral } else { pick(silent > 0, Tone::Unknown) },
            href: "/hosts",
        },
        Tile {
            label: texts.get("tile-backups"),
            value: at_risk.to_string(),
            note: texts.count("tile-backups-note", snapshot.backups.len()),
            tone: if snapshot.backups.is_empty() { Tone::Neutral } else { pick(at_risk > 0, Tone::Warn) },
            href: "/backups",
        },
    ]
}

fn groups(texts: Texts, snapshot: &Snapshot) -> Vec<GroupView> {
    ServiceGroup::ALL
        .into_iter()
        .map(|group| GroupView {
            label: texts.get(&format!("group-{}", group.code().replace('_', "-"))),
            services: snapshot
                .services
                .iter()
                .filter_map(|view| snapshot.catalogue.service(&view.id).map(|service| (service, view)))
                .filter(|(service, _)| service.group == group)
                .map(|(service, view)| service_row(texts, service, view))
                .collect(),
        })
        .filter(|group| !group.services.is_empty())
        .collect()
}

fn service_row(texts: Texts, service: &Service, view: &ServiceView) -> ServiceRow {
    ServiceRow {
        href: format!("/services/{}", service.id),
        name: service.name.clone(),
        class: texts.get(&format!("class-{}", service.class.code())),
        badge: state_badge(texts, view.state),
        since: view.since.map_or_else(
            || texts.get("never-seen"),
            |since| texts.text("since", &[("time", &texts.instant_short(since))]),
        ),
        reason: view.reason.as_ref().map(|reason| texts.phrase(reason)).unwrap_or_default(),
        bar: DayBar::new(texts, &service.name, &view.days),
        first_day: day_bar::begins(&view.days).map(|date| texts.date_short(date)).unwrap_or_default(),
        month: month_summary(texts, &view.month),
    }
}

/// A month's figures in a few words; a dash where there is no value.
pub(crate) fn month_summary(texts: Texts, figures: &Figures) -> MonthSummary {
    let left = figures.budget_left_s.filter(|_| figures.agreed_s > 0);
    let (budget, budget_tone) = match left {
        None => (texts.get("budget-none"), Tone::Neutral),
        Some(seconds) => {
            let span = texts.duration(seconds.unsigned_abs());
            let tone = match figures.budget_s {
                _ if seconds < 0 => Tone::Bad,
                Some(whole) if seconds.saturating_mul(4) < whole => Tone::Warn,
                _ => Tone::Good,
            };
            (texts.text(if seconds < 0 { "budget-over" } else { "budget-left" }, &[("span", &span)]), tone)
        }
    };
    MonthSummary {
        availability: percent_or_dash(texts, figures.availability_ppm),
        target: figures.target_ppm.map_or_else(
            || texts.get("target-none"),
            |ppm| texts.text("target-value", &[("value", &texts.percent_exact(ppm))]),
        ),
        verdict: verdict_badge(texts, figures.verdict),
        coverage: texts.text("coverage-value", &[("value", &percent_or_dash(texts, figures.coverage_ppm))]),
        budget,
        budget_tone,
    }
}

/// A share, or a dash where there is no value.
pub(crate) fn percent_or_dash(texts: Texts, ppm: Option<u32>) -> String {
    ppm.map_or_else(|| "–".to_owned(), |ppm| texts.percent(ppm))
}
