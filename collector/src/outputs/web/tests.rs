//! Pages from a constructed site: golden text in both languages, and the rules every page keeps.

mod own;
mod registers;
mod requests;
mod reviews;
mod rules;
pub(crate) mod site;
mod unasked;

use super::page::{Page, ReadOnlyNotice, Reader, Section, Theme};
use super::{
    alone, assets, backup_set, backups, delivery, host, hosts, overview, report, service, system, ticket, tickets,
};
use crate::auth::Role;
use crate::domain::calendar::period::Period;
use crate::domain::phrase::Phrase;
use crate::domain::state::State;
use crate::domain::ticket::{Activity, ActivityText, Actor, Ticket};
use crate::snapshot::Snapshot;
use crate::store::records::LedgerRow;
use crate::texts::{Language, Texts};
use pantau_shared::ids::BackupSetId;
use site::{NOW, snapshot};
use std::path::Path;

pub(crate) fn page(language: Language, section: Section, title: &str, path: &str) -> Page {
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
        read_only: None,
        open_tickets: site.tickets.len(),
        backups_at_risk: 2,
        proposed: (0, 0),
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

type Rendered = (&'static str, Result<String, askama::Error>);

/// Every page of the constructed site: name and HTML.
fn pages(language: Language) -> Vec<(&'static str, String)> {
    let mut all = lists(language);
    all.extend(details(language));
    all.extend(empty_pages(language));
    all.extend(alone_pages(language));
    all.extend(registers::pages(language));
    all.extend(rules::pages(language));
    all.extend(reviews::pages(language));
    all.into_iter().map(|(name, html)| (name, html.expect("renders"))).collect()
}

fn november() -> Period {
    Period::parse("2026-11").expect("valid")
}

fn all_tickets(site: &Snapshot) -> Vec<Ticket> {
    site.tickets.iter().map(|ticket| (**ticket).clone()).collect()
}

fn lists(language: Language) -> Vec<Rendered> {
    let site = snapshot();
    let query = tickets::TicketQuery::default();
    let frame = |section, title, path| page(language, section, title, path);
    let figures: Vec<_> =
        site.catalogue.services.iter().zip(site.services.iter()).map(|(s, view)| (s, view.month)).collect();
    let report_frame = frame(Section::Reports, "report-title", "/reports/availability");
    let tickets_frame = frame(Section::Tickets, "tickets-title", "/tickets");
    vec![
        ("overview", overview::render(frame(Section::Overview, "overview-title", "/"), &site)),
        ("hosts", hosts::render(frame(Section::Hosts, "hosts-title", "/hosts"), &site)),
        ("tickets", tickets::render(tickets_frame, &site, &query, &all_tickets(&site))),
        ("backups", backups::render(frame(Section::Backups, "backups-title", "/backups"), &site, &own::strips(&site))),
        ("report", report::render(report_frame, &site, november(), &figures, &Default::default())),
        ("delivery", own::delivery_page(page(language, Section::Tickets, "delivery-title", "/delivery"))),
        ("system", system_page(language, own::system(&site))),
        ("system-read-only", system_page(language, own::full_system(&site))),
    ]
}

fn system_page(language: Language, own: crate::system::System) -> Result<String, askama::Error> {
    let mut frame = page(language, Section::System, "system-title", "/system");
    frame.reader = frame.reader.map(|reader| Reader { role: Role::Admin, ..reader });
    frame.read_only = ReadOnlyNotice::of(own.space);
    system::render(frame, &own, &system::NeedQuery::default())
}

fn details(language: Language) -> Vec<Rendered> {
    let site = snapshot();
    let all = all_tickets(&site);
    let named = |section, path, title: &str| {
        let mut frame = page(language, section, "overview-title", path);
        frame.title = title.to_owned();
        frame
    };
    let first = november().interval(chrono_tz::Asia::Jakarta).from;
    let subject = &site.catalogue.services[3];
    let availability =
        crate::service_period::evaluate(&site.rulebook, &subject.id, november(), Some(first), &rows(first), NOW);
    let data = service::ServiceData {
        service: subject,
        view: &site.services[3],
        period: november(),
        availability: &availability,
        tickets: &all[1..2],
    };
    let set_pages = |id: &str, stored: backup_set::Stored, refused| {
        let (service, set) = site.catalogue.backup_set(&BackupSetId::parse(id).expect("valid")).expect("there");
        let mut set = set.clone();
        if refused {
            set.source = crate::domain::catalogue::SetSource::Heartbeat;
        }
        let view = site.backups.iter().find(|view| view.id == set.id).expect("there");
        let watched = own::watched(service, &set);
        let origin = "https://pantau.bangka.go.id".to_owned();
        let period = november();
        let data = backup_set::SetData { service, set: &set, view, period, watched: &watched, stored: &stored, origin };
        let frame = named(Section::Backups, "/backups/set", &set.name);
        let text = Texts::new(language, chrono_tz::Asia::Jakarta).text("entry-missing", &[("field", "confirmed_at")]);
        backup_set::render(frame, &site, &data, refused.then_some(text), !refused)
    };
    let db = &site.hosts[1];
    let figures = [Some((120, 238, 640)), Some((512, 518, 530)), None];
    let ticket_page = |number: usize, notice| {
        let frame = named(Section::Tickets, "/tickets/x", &all[number].number.to_string());
        ticket::render(frame, &site, &all[number], &activities(), ticket::Around::default(), notice)
    };
    let text = Texts::new(language, chrono_tz::Asia::Jakarta).get("refused-cause");
    let refused = Some(ticket::ActionNotice { refused: true, text });
    let new_frame = page(language, Section::Tickets, "ticket-new-title", "/tickets/new");
    let host_frame = named(Section::Hosts, "/hosts/db-01", &db.name);
    vec![
        ("service", service::render(named(Section::Overview, "/services/simpeg", &subject.name), &site, &data)),
        ("host", host::render(host_frame, &site, db, host::Range::Hour, &figures)),
        ("backup-set", set_pages("simpeg-db", own::stored(), false)),
        ("backup-set-new", set_pages("esakip-db", backup_set::Stored::default(), true)),
        ("ticket", ticket_page(0, None)),
        ("ticket-refused", ticket_page(2, refused)),
        ("ticket-new", ticket::render_new(new_frame, &site, ticket::NewTicketForm::default(), None)),
    ]
}

fn empty_pages(language: Language) -> Vec<Rendered> {
    let mut site = snapshot();
    site.catalogue = std::sync::Arc::new(crate::domain::catalogue::Catalogue::empty());
    (site.services, site.hosts, site.tickets, site.backups) = Default::default();
    let query = tickets::TicketQuery::default();
    let frame = |section, title, path| page(language, section, title, path);
    let report_frame = frame(Section::Reports, "report-title", "/reports/availability");
    vec![
        ("overview-empty", overview::render(frame(Section::Overview, "overview-title", "/"), &site)),
        ("hosts-empty", hosts::render(frame(Section::Hosts, "hosts-title", "/hosts"), &site)),
        ("tickets-empty", tickets::render(frame(Section::Tickets, "tickets-title", "/tickets"), &site, &query, &[])),
        (
            "backups-empty",
            backups::render(frame(Section::Backups, "backups-title", "/backups"), &site, &own::strips(&site)),
        ),
        ("delivery-empty", {
            delivery::render(
                frame(Section::Tickets, "delivery-title", "/delivery"),
                &[],
                (&[], &[]),
                &Default::default(),
                None,
            )
        }),
        ("report-empty", report::render(report_frame, &site, november(), &[], &Default::default())),
    ]
}

fn alone_pages(language: Language) -> Vec<Rendered> {
    let nobody = || {
        let mut frame = page(language, Section::None, "login-title", "/login");
        frame.reader = None;
        frame
    };
    let texts = Texts::new(language, chrono_tz::Asia::Jakarta);
    let wait = texts.text("login-wait", &[("span", &texts.duration(840))]);
    vec![
        ("login", alone::render_login(nobody(), "t".into(), "/".into(), "rina".into(), Some(wait))),
        ("not-found", alone::render_error(nobody(), http::StatusCode::NOT_FOUND)),
    ]
}

/// Writes the pages with their files into a folder; to look at them: `PANTAU_PAGES_DIR=… cargo test -p pantau-collector written_pages`.
#[test]
fn written_pages() {
    let scratch = tempfile::tempdir().expect("folder");
    let asked = std::env::var_os("PANTAU_PAGES_DIR");
    let folder = asked.as_deref().map_or(scratch.path(), Path::new);
    let assets_folder = folder.join("assets");
    std::fs::create_dir_all(&assets_folder).expect("folder");
    for (name, body) in assets::all() {
        std::fs::write(assets_folder.join(name), body).expect("writes");
    }
    for language in [Language::Id, Language::En] {
        for (name, html) in pages(language) {
            std::fs::write(folder.join(format!("{name}-{}.html", language.code())), html).expect("writes");
        }
    }
    let written = std::fs::read_dir(folder).expect("reads").count();
    assert!(written > 2 * pages(Language::Id).len(), "each page in both languages, and the files");
}

/// The golden text of a page: what a reader sees, without the sprite and the addresses of files.
pub(crate) fn golden(html: &str) -> String {
    let (before, rest) = html.split_once("<svg class=\"sprite\"").expect("has a sprite");
    let (_, after) = rest.split_once("</svg>\n<").expect("ends");
    let head: Vec<&str> = before.lines().filter(|line| !line.contains("/assets/")).collect();
    // Ninety cells a bar would drown the page: those that say something else than a full good day stay.
    let good = |cell: &&str| !cell.contains("100,00 %") && !cell.contains("100.00 %");
    let mut cells = after.split("<g class=\"day\"");
    let mut kept = cells.next().unwrap_or_default().to_owned();
    for cell in cells {
        if good(&cell) || cell.contains("</svg>") {
            kept.push_str("\n<g class=\"day\"");
            kept.push_str(cell);
        }
    }
    format!("{}\n<{kept}", head.join("\n"))
}

#[test]
fn pages_read_as_agreed() {
    for language in [Language::Id, Language::En] {
        for (name, html) in pages(language) {
            let wanted = [
                "overview",
                "ticket",
                "backups",
                "backup-set",
                "report",
                "system",
                "system-read-only",
                "login",
                "delivery",
            ]
            .into_iter()
            .chain(registers::GOLDEN)
            .chain(reviews::GOLDEN)
            .chain(rules::GOLDEN)
            .collect::<Vec<_>>();
            if wanted.contains(&name) {
                insta::assert_snapshot!(format!("{name}-{}", language.code()), golden(&html));
            }
        }
    }
}

/// What would need an inline script or style, or another machine.
#[test]
fn pages_hold_nothing_inline_and_refer_to_no_other_machine() {
    for language in [Language::Id, Language::En] {
        for (name, html) in pages(language) {
            for tag in html.split('<').skip(1) {
                let tag = tag.split('>').next().unwrap_or_default();
                assert!(!tag.contains(" style="), "{name}: inline style: <{tag}>");
                assert!(!tag.starts_with("style"), "{name}: style element");
                assert!(
                    !tag.starts_with("script") || tag.contains(" src=\"/assets/"),
                    "{name}: inline script: <{tag}>"
                );
                let handler = tag
                    .split_whitespace()
                    .skip(1)
                    .find(|attribute| attribute.starts_with("on") && attribute.contains('='));
                assert_eq!(handler, None, "{name}: handler in <{tag}>");
                for attribute in ["src=\"", "href=\"", "action=\""] {
                    for (_, value) in tag.match_indices(attribute).map(|(at, found)| (at, &tag[at + found.len()..])) {
                        let value = value.split('"').next().unwrap_or_default();
                        let local = (value.starts_with('/') && !value.starts_with("//")) || value.starts_with('#');
                        assert!(local, "{name}: refers elsewhere: <{tag}>");
                    }
                }
            }
        }
    }
}

#[test]
fn every_changing_form_carries_a_token_and_files_exist() {
    for (name, html) in pages(Language::Id) {
        for form in html.split("<form ").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            if form.contains("method=\"post\"") {
                assert!(form.contains("name=\"csrf\" value=\"t"), "{name}: a form without token: {form}");
            }
        }
        for (_, rest) in html.match_indices("\"/assets/").map(|(at, found)| (at, &html[at + found.len()..])) {
            let file = rest.split('"').next().unwrap_or_default();
            assert!(assets::all().any(|(hashed, _)| hashed == file), "{name}: /assets/{file} does not exist");
        }
    }
}

#[test]
fn what_people_write_is_shown_as_text() {
    let (_, html) = pages(Language::Id).into_iter().find(|(name, _)| *name == "ticket").expect("is there");
    assert!(html.contains("Disk tujuan &#60;penuh&#62; &#38; &#34;macet&#34;"), "not escaped");
    assert!(!html.contains("<penuh>"));
}

#[test]
fn a_viewer_is_offered_no_action() {
    let site = snapshot();
    let ticket = &site.tickets[0];
    let mut frame = page(Language::Id, Section::Tickets, "tickets-title", "/tickets/x");
    frame.reader = Some(Reader { name: "bupati".into(), role: Role::Viewer, csrf: "token".into() });
    let html = ticket::render(frame, &site, ticket, &[], ticket::Around::default(), None).expect("renders");
    assert!(!html.contains("/actions"), "a viewer sees an action");
}

#[test]
fn actions_are_offered_only_where_the_state_allows_them() {
    use crate::domain::ticket::TicketState as S;
    let answered = snapshot().tickets.iter().find(|t| t.first_response_at.is_some()).expect("an answered one").clone();
    let unanswered = Ticket { first_response_at: None, state: S::Dieskalasi, ..(*answered).clone() };
    assert!(ticket::Offered::new(&unanswered, true).acknowledge, "it climbed by itself");
    for state in S::ALL {
        let ticket = Ticket { state, ..(*answered).clone() };
        let offered = ticket::Offered::new(&ticket, true);
        assert_eq!(offered.acknowledge, state == S::Baru, "{state:?}");
        assert_eq!(offered.confirm, state == S::Pulih, "{state:?}");
        assert_eq!(offered.close, state == S::SelesaiTerkonfirmasi, "{state:?}");
        assert_eq!(offered.cancel, state.is_open(), "{state:?}");
        let none = ticket::Offered::new(&ticket, false);
        assert!(!none.comment && !none.cancel && !none.close && !none.acknowledge);
    }
}

#[test]
fn a_clock_is_judged_by_its_own_operator() {
    use super::page::due_view;
    use crate::domain::profile::{Operator, TimeTarget};
    let texts = Texts::new(Language::Id, chrono_tz::Asia::Jakarta);
    let at = |operator, seconds| {
        due_view(texts, Some(TimeTarget { seconds: 900, operator }), NOW, Some(NOW.plus_secs(seconds)), NOW).late
    };
    assert!(!at(Operator::Below, 899) && at(Operator::Below, 900), "`kurang dari` is late at its bound");
    assert!(!at(Operator::AtMost, 900) && at(Operator::AtMost, 901), "`maksimal` is late after its bound");
}
