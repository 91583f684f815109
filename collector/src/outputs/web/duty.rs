//! Officers: who is asked now for which services at each level of Tabel 14, and everybody with duty and absence.

use super::WebState;
use super::page::{Page, Section};
use super::visit::{Failure, Known};
use crate::domain::calendar::zone;
use crate::domain::catalogue::Service;
use crate::domain::duty::{Because, Officer, Reached};
use crate::domain::profile::Profile;
use crate::snapshot::Snapshot;
use crate::texts::Texts;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use std::collections::BTreeSet;

/// Services named in a row before the rest is counted.
const SERVICES_NAMED: usize = 6;

/// Somebody at a level: name, and why.
type Person = (String, String);

/// A level of Tabel 14 for some services.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LevelCell {
    title: String,
    people: Vec<Person>,
    /// What is said when the level itself has nobody.
    note: String,
}

/// Services for which the same people are asked.
#[derive(Debug)]
struct NowRow {
    services: Vec<String>,
    levels: Vec<LevelCell>,
}

/// A receiver and whether it is configured.
#[derive(Debug)]
struct ReceiverName {
    name: String,
    known: bool,
}

#[derive(Debug)]
struct OfficerRow {
    name: String,
    id: String,
    roles: Vec<String>,
    cares_for: String,
    duty: String,
    receivers: Vec<ReceiverName>,
    quiet: String,
    absences: Vec<Person>,
}

#[derive(Debug, Template)]
#[template(path = "duty.html")]
struct DutyPage {
    page: Page,
    now: Vec<NowRow>,
    officers: Vec<OfficerRow>,
    findings: Vec<String>,
}

pub(super) async fn show(Known { visit, .. }: Known, State(state): State<WebState>) -> Result<Response, Failure> {
    let page = visit.page(Section::Tickets, visit.texts.get("duty-title"));
    let receivers: BTreeSet<&str> = state.app.receivers.kinds().iter().map(|(name, _)| name.as_str()).collect();
    visit.html(render(page, &visit.snapshot, &state.app.profile, &receivers))
}

/// The page as HTML; `receivers` are those that are configured.
pub(crate) fn render(
    page: Page,
    snapshot: &Snapshot,
    profile: &Profile,
    receivers: &BTreeSet<&str>,
) -> Result<String, askama::Error> {
    let catalogue = &snapshot.catalogue;
    let mut now: Vec<(Vec<LevelCell>, Vec<String>)> = Vec::new();
    for service in &catalogue.services {
        let levels = levels(&page, snapshot, profile, service);
        match now.iter_mut().find(|(known, _)| *known == levels) {
            Some((_, names)) => names.push(service.name.clone()),
            None => now.push((levels, vec![service.name.clone()])),
        }
    }
    let all = now.len() == 1;
    let row = |(levels, names): (Vec<LevelCell>, Vec<String>)| {
        let services = if all { vec![page.tr("duty-everyone")] } else { shortened(names) };
        NowRow { services, levels }
    };
    let now = now.into_iter().map(row).collect();
    let officers = catalogue.roster.officers.iter();
    let officers = officers.map(|officer| officer_row(&page, snapshot, profile, receivers, officer)).collect();
    let findings = catalogue.findings.iter().filter(|finding| finding.phrase.id == "finding-nobody-at-first-level");
    let findings = findings.map(|finding| page.texts.phrase(&finding.phrase)).collect();
    DutyPage { now, officers, findings, page }.render()
}

fn shortened(mut names: Vec<String>) -> Vec<String> {
    let more = names.len().saturating_sub(SERVICES_NAMED);
    names.truncate(SERVICES_NAMED);
    if more > 0 {
        names.push(format!("+{more}"));
    }
    names
}

fn levels(page: &Page, snapshot: &Snapshot, profile: &Profile, service: &Service) -> Vec<LevelCell> {
    let texts = page.texts;
    let roster = &snapshot.catalogue.roster;
    let cell = |(level, title): (u8, &String)| {
        let asked = roster.of_level(level, &profile.escalation_roles, &[service], profile.time_zone, page.now);
        let (people, note) = match asked {
            Some((asked, people)) if asked == level => (people, String::new()),
            Some((asked, _)) => (Vec::new(), texts.text("duty-nobody", &[("level", &asked.to_string())])),
            None => (Vec::new(), texts.get("duty-nobody-at-all")),
        };
        let people = people.iter().map(|reached| person(texts, reached)).collect();
        LevelCell { title: title.clone(), people, note }
    };
    (1_u8..).zip(&profile.escalation).map(cell).collect()
}

fn person(texts: Texts, reached: &Reached<'_>) -> Person {
    let because = match &reached.because {
        Because::OnDuty if reached.officer.duty.is_none() => String::new(),
        Because::OnDuty => texts.get("duty-on-duty"),
        Because::NobodyOnDuty => texts.get("duty-off-duty"),
        Because::StandsInFor(name) => texts.text("duty-stands-in", &[("name", name)]),
    };
    (reached.officer.name.clone(), because)
}

fn officer_row(
    page: &Page,
    snapshot: &Snapshot,
    profile: &Profile,
    receivers: &BTreeSet<&str>,
    officer: &Officer,
) -> OfficerRow {
    let texts = page.texts;
    let role_name = |code: &String| {
        profile.roles.iter().find(|(known, _)| known == code).map_or_else(|| code.clone(), |(_, name)| name.clone())
    };
    let service_name = |id| snapshot.catalogue.service(id).map(|service| service.name.clone());
    let own: Vec<String> =
        officer.providers.iter().cloned().chain(officer.services.iter().filter_map(service_name)).collect();
    let today = zone::local_date(profile.time_zone, page.now);
    let absences = officer.absences.iter().filter(|absence| absence.last >= today).map(|absence| {
        let (first, last) = (texts.date(absence.first), texts.date(absence.last));
        let days = texts.text("duty-absence", &[("first", &first), ("last", &last)]);
        let name = absence.substitute.as_deref().and_then(|id| snapshot.catalogue.roster.officer(id));
        let stands_in = name.map_or_else(
            || texts.get("duty-no-substitute"),
            |officer| texts.text("duty-substitute", &[("name", &officer.name)]),
        );
        (days, stands_in)
    });
    OfficerRow {
        name: officer.name.clone(),
        id: officer.id.clone(),
        roles: officer.roles.iter().map(role_name).collect(),
        cares_for: if own.is_empty() { texts.get("duty-everyone") } else { own.join(", ") },
        duty: officer.duty_name.clone().unwrap_or_else(|| texts.get("duty-always")),
        receivers: officer
            .receivers
            .iter()
            .map(|name| ReceiverName { known: receivers.contains(name.as_str()), name: name.clone() })
            .collect(),
        quiet: officer
            .quiet
            .map(|hours| texts.text("duty-quiet", &[("hours", &hours.to_string())]))
            .unwrap_or_default(),
        absences: absences.collect(),
    }
}
