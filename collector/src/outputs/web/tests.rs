//! Pages from a constructed site: golden text in both languages, and the rules every page keeps.

mod site;

use super::page::{Page, Reader, Section, Theme};
use super::{alone, assets, backups, host, hosts, month, overview, report, service, ticket, tickets};
use crate::auth::Role;
use crate::domain::calendar::period::Period;
use crate::domain::phrase::Phrase;
use crate::domain::state::State;
use crate::domain::ticket::{Activity, ActivityText, Actor};
use crate::store::records::LedgerRow;
use crate::texts::{Language, Texts};
use site::{NOW, snapshot};
use std::path::Path;

fn page(language: Language, section: Section, title: &str, path: &str) -> Page {
    let texts = Texts::new(language, chrono_tz::Asia::Jakarta);
    let site = snapshot();
    Page {
        texts,
        theme: Theme::Auto,
        reader: Some(Reader { name: "rina.sari".into(), role: Role::Operator, csrf: "token".into() }),
        section,
        title: texts.get(title),
        path: path.into(),
        now: NOW,
        demo: true,
        open_tickets: site.tickets.len(),
        backups_at_risk: 2,
    }
}

fn activities() -> Vec<Activity> {
    let entry = |seconds: i64, actor, kind: &str, text| Activity {
        at: NOW.plus_secs(-seconds),
        actor,
        kind: kind.into(),
        text,
    };
    let rina = || Actor::Person("Rina Sari".into());
    vec![
        entry(7_200, Actor::System, "opened", ActivityText::Phrase(Phrase::new("activity-opened"))),
        entry(6_500, rina(), "acknowledged", ActivityText::Written(String::new())),
        entry(
            6_100,
            rina(),
            "comment",
            ActivityText::Written("Disk tujuan <penuh> & \"macet\"; sedang dibersihkan.".into()),
        ),
    ]
}

/// A month with one outage of an hour and a blind half day.
fn rows(from: pantau_shared::timestamp::Timestamp) -> Vec<LedgerRow> {
    let row = |a: i64, b: i64, state| LedgerRow { from: from.plus_secs(a), to: from.plus_secs(b), state, reason: None };
    vec![
        row(0, 300_000, State::Up),
        row(300_000, 303_600, State::Down),
        row(303_600, 900_000, State::Up),
        row(943_200, 3_000_000, State::Up),
    ]
}

/// Every page of the constructed site: name and HTML.
fn pages(language: Language) -> Vec<(&'static str, String)> {
    let site = snapshot();
    let all: Vec<_> = site.tickets.iter().map(|ticket| (**ticket).clone()).collect();
    let query = tickets::TicketQuery::default();
    let period = Period::parse("2026-11").expect("valid");
    let first = period.interval(chrono_tz::Asia::Jakarta).from;
    let subject = &site.catalogue.services[3];
    let availability = month::evaluate(&site, subject, period, Some(first), &rows(first), NOW);
    let data = service::ServiceData {
        service: subject,
        view: &site.services[3],
        period,
        availability: &availability,
        tickets: &all[1..2],
    };
    let figures: Vec<_> = site.catalogue.services.iter().zip(&site.services).map(|(s, view)| (s, view.month)).collect();
    let db = &site.hosts[1];
    let samples = [(NOW, (*db.sample.as_ref().expect("has one").1).clone())];
    let page = |section, title, path: &str| page(language, section, title, path);
    let ticket_page = |number: usize, notice| {
        let mut frame = page(Section::Tickets, "tickets-title", "/tickets/x");
        frame.title = all[number].number.to_string();
        ticket::render(frame, &site, &all[number], &activities(), notice).expect("renders")
    };
    let refused = ticket::ActionNotice {
        refused: true,
        text: Texts::new(language, chrono_tz::Asia::Jakarta).get("refused-cause"),
    };
    let mut host_frame = page(Section::Hosts, "hosts-title", "/hosts/db-01");
    host_frame.title = db.name.clone();
    let mut service_frame = page(Section::Overview, "overview-title", "/services/simpeg");
    service_frame.title = subject.name.clone();
    let nobody = || {
        let mut page = page(Section::None, "login-title", "/login");
        page.reader = None;
        page
    };
    let wait = Texts::new(language, chrono_tz::Asia::Jakarta).text("login-wait", &[("span", "14 menit")]);
    let mut empty = snapshot();
    empty.catalogue = std::sync::Arc::new(crate::domain::catalogue::Catalogue {
        services: Vec::new(),
        findings: Vec::new(),
        ..(*empty.catalogue).clone()
    });
    (empty.services, empty.hosts, empty.tickets, empty.backups) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    [
        ("overview", overview::render(page(Section::Overview, "overview-title", "/"), &site)),
        ("overview-empty", overview::render(page(Section::Overview, "overview-title", "/"), &empty)),
        ("service", service::render(service_frame, &site, &data)),
        ("hosts", hosts::render(page(Section::Hosts, "hosts-title", "/hosts"), &site)),
        ("hosts-empty", hosts::render(page(Section::Hosts, "hosts-title", "/hosts"), &empty)),
        ("host", host::render(host_frame, &site, db, host::Range::Hour, &samples)),
        ("tickets", tickets::render(page(Section::Tickets, "tickets-title", "/tickets"), &site, &query, &all)),
        ("tickets-empty", tickets::render(page(Section::Tickets, "tickets-title", "/tickets"), &empty, &query, &[])),
        ("ticket", Ok(ticket_page(0, None))),
        ("ticket-refused", Ok(ticket_page(2, Some(refused)))),
        (
            "ticket-new",
            ticket::render_new(
                page(Section::Tickets, "ticket-new-title", "/tickets/new"),
                &site,
                ticket::NewTicketForm::default(),
                None,
            ),
        ),
        ("backups", backups::render(page(Section::Backups, "backups-title", "/backups"), &site)),
        ("backups-empty", backups::render(page(Section::Backups, "backups-title", "/backups"), &empty)),
        (
            "report",
            report::render(page(Section::Reports, "report-title", "/reports/availability"), &site, period, &figures),
        ),
        ("login", alone::render_login(nobody(), "t".into(), "/".into(), "rina".into(), Some(wait))),
        ("not-found", alone::render_error(nobody(), http::StatusCode::NOT_FOUND)),
    ]
    .into_iter()
    .map(|(name, html)| (name, html.expect("renders")))
    .collect()
}

/// Writes the pages into a folder to be looked at: `PANTAU_PAGES_DIR=… cargo test -p pantau-collector written_pages`.
#[test]
fn written_pages() {
    let Ok(folder) = std::env::var("PANTAU_PAGES_DIR") else { return };
    let assets_folder = Path::new(&folder).join("assets");
    std::fs::create_dir_all(&assets_folder).expect("folder");
    for (name, body) in assets::all() {
        std::fs::write(assets_folder.join(name), body).expect("writes");
    }
    for language in [Language::Id, Language::En] {
        for (name, html) in pages(language) {
            std::fs::write(Path::new(&folder).join(format!("{name}-{}.html", language.code())), html).expect("writes");
        }
    }
}
