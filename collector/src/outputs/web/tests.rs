//! Pages from a constructed site: golden text in both languages, and the rules every page keeps.

mod site;

use super::page::{Page, Reader, Section, Theme};
use super::{assets, hosts, overview, tickets};
use crate::auth::Role;
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

/// Every page of the constructed site: name and HTML.
fn pages(language: Language) -> Vec<(&'static str, String)> {
    let site = snapshot();
    let all: Vec<_> = site.tickets.iter().map(|ticket| (**ticket).clone()).collect();
    let query = tickets::TicketQuery::default();
    vec![
        ("overview", overview::render(page(language, Section::Overview, "overview-title", "/"), &site).expect("renders")),
        ("hosts", hosts::render(page(language, Section::Hosts, "hosts-title", "/hosts"), &site).expect("renders")),
        (
            "tickets",
            tickets::render(page(language, Section::Tickets, "tickets-title", "/tickets"), &site, &query, &all)
                .expect("renders"),
        ),
    ]
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
