//! A review over the router: what it proposes is recorded once, carried on by who may, and found in the next review.

use super::*;
use crate::domain::catalogue::ServiceId;
use crate::domain::ticket::{Ticket, TicketNumber};
use crate::store::records::{Decision, TicketChange};

/// Three tickets of simpeg in November with the same cause.
async fn recurring(site: &Site) {
    let seed = (*snapshot().tickets[0]).clone();
    let change = |number: u32| {
        let recorded_at = NOW.plus_secs(-i64::from(number) * 86_400);
        let ticket = Ticket {
            number: TicketNumber { year: 2026, number: 500 + number },
            state: TicketState::Ditutup,
            holds_key: false,
            affected_services: vec![ServiceId::parse("simpeg").expect("valid")],
            cause: Some("Disk penuh <log>".into()),
            onset_at: recorded_at,
            recorded_at,
            ..seed.clone()
        };
        TicketChange { ticket, activities: Vec::new(), messages: Vec::new() }
    };
    let decision =
        Decision { tickets: vec![change(3), change(2), change(1)], evaluated_at: NOW, ..Decision::default() };
    site.app.store.write(move |writer| writer.commit_decision(&decision)).await.expect("commits");
}

#[tokio::test]
async fn a_review_without_tickets_says_so_and_odd_addresses_are_none() {
    let site = site().await;
    let (viewer, _) = site.login("viewer").await;
    let list = text(site.get("/reviews", &viewer).await).await;
    assert!(list.contains("Belum ada gangguan yang tercatat") && list.contains("Tidak ada masalah yang terbuka"));
    let page = text(site.get("/reviews/2026-Q4", &viewer).await).await;
    assert!(page.contains("Tidak ada tiket dalam periode ini"), "{page}");
    for nothing in ["/reviews/2026-W40", "/reviews/2027-Q1", "/reviews/x", "/reviews/2026-Q4/passwd", "/problems/1"] {
        assert_eq!(site.get(nothing, &viewer).await.status(), StatusCode::NOT_FOUND, "{nothing}");
    }
}

#[tokio::test]
async fn a_recurrence_becomes_a_problem_once_and_is_followed_up() {
    let site = site().await;
    recurring(&site).await;
    let (operator, token) = site.login("operator").await;
    let page = text(site.get("/reviews/2026-Q4", &operator).await).await;
    assert!(page.contains("Disk penuh &#60;log&#62;") && page.contains("Catat sebagai masalah"), "{page}");
    let tickets = "SPBE-GGN-2026-0501+SPBE-GGN-2026-0502+SPBE-GGN-2026-0503";
    let open = format!("service=simpeg&cause=Disk+penuh+%3Clog%3E&tickets={tickets}");
    let (viewer, viewer_token) = site.login("viewer").await;
    let refused = site.post("/problems", &viewer, &format!("csrf={viewer_token}&{open}")).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(!text(site.get("/reviews/2026-Q4", &viewer).await).await.contains("action=\"/problems\""));
    let opened = site.post("/problems", &operator, &format!("csrf={token}&{open}")).await;
    assert_eq!(opened.headers()[header::LOCATION], "/problems/1?done=1");
    let again = site.post("/problems", &operator, &format!("csrf={token}&{open}")).await;
    assert_eq!(again.headers()[header::LOCATION], "/problems/1", "one record, however often the button is pressed");

    let accept = format!("csrf={token}&version=1&state=diterima&owner=Budi");
    let refused = site.post("/problems/1", &operator, &accept).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(refused).await;
    assert!(page.contains("Tenggat") && page.contains("value=\"Budi\""), "what was typed is kept: {page}");
    let accepted = site.post("/problems/1", &operator, &format!("{accept}&due=2026-11-20")).await;
    assert_eq!(accepted.status(), StatusCode::SEE_OTHER);
    let outdated = site.post("/problems/1", &operator, &format!("{accept}&due=2026-12-20")).await;
    assert!(text(outdated).await.contains("Orang lain mengubahnya"), "two people at once");
    let page = text(site.get("/problems/1", &viewer).await).await;
    assert!(page.contains("lewat tenggat") && page.contains("Masalah dicatat") && page.contains("Masalah diubah"));
    assert!(!page.contains("name=\"version\""), "a viewer is offered no form");
    let review = text(site.get("/reviews/2026-Q4", &operator).await).await;
    assert!(review.contains("href=\"/problems/1\"") && !review.contains("Catat sebagai masalah"), "{review}");
    assert!(text(site.get("/reviews", &operator).await).await.contains("Triwulan IV 2026"));
    for ending in ["html", "json", "csv", "xlsx"] {
        let file = site.get(&format!("/reviews/2026-Q4/reviu-2026-Q4.{ending}"), &operator).await;
        assert_eq!(file.status(), StatusCode::OK, "{ending}");
    }
}

#[tokio::test]
async fn calendars_are_shown_with_their_hours_and_who_uses_them() {
    let site = site().await;
    let (viewer, _) = site.login("viewer").await;
    let page = text(site.get("/calendars", &viewer).await).await;
    for service in &site.app.engine.snapshot().catalogue.services {
        assert!(page.contains(&format!("/services/{}", service.id)), "{} uses some calendar: {page}", service.id);
    }
    for calendar in &site.app.engine.snapshot().catalogue.calendars {
        assert!(page.contains(calendar.id.as_str()), "{}", calendar.id);
    }
    assert!(!page.contains("calendars-"), "no message is missing: {page}");
    assert_eq!(site.get("/calendars", "").await.status(), StatusCode::SEE_OTHER, "only for people who are known");
}
