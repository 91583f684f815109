//! Merging and splitting by the forms of a ticket's page, and another priority.

use super::*;
use crate::domain::catalogue::ServiceId;
use crate::domain::ticket::TicketNumber;

async fn open(site: &Site, service: &str) -> TicketNumber {
    let service = ServiceId::parse(service).expect("valid");
    let ticket = ManualTicket { service, ..manual() };
    site.app.engine.open_ticket(ticket, "rina".into()).await.expect("opens").number
}

fn location(answer: &Response<Body>) -> &str {
    answer.headers()[header::LOCATION].to_str().expect("text")
}

#[tokio::test]
async fn tickets_are_merged_and_several_parts_split_off_at_once() {
    let site = site().await;
    let (cookie, token) = site.login("operator").await;
    let root = open(&site, "simpeg").await;
    for service in ["adminduk", "esakip"] {
        let path = format!("/tickets/{}/actions", open(&site, service).await);
        let form = format!("csrf={token}&action=merge&into={root}&text=satu+sakelar");
        let unsure = site.post(&path, &cookie, &form).await;
        assert_eq!(unsure.status(), StatusCode::UNPROCESSABLE_ENTITY, "only who is sure merges");
        let merged = site.post(&path, &cookie, &format!("{form}&sure=true")).await;
        assert_eq!(location(&merged), format!("/tickets/{root}?done=1"), "where it goes on");
    }
    let page = text(site.get(&format!("/tickets/{root}"), &cookie).await).await;
    for part in ["service:adminduk|akses", "service:esakip|akses"] {
        assert!(page.contains(&format!("type=\"checkbox\" name=\"part\" value=\"{part}\"")), "{part}: {page}");
    }
    let path = format!("/tickets/{root}/actions");
    let none = site.post(&path, &cookie, &format!("csrf={token}&action=split&text=lain")).await;
    assert_eq!(none.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(none).await.contains("role=\"alert\""), "it says that parts must be chosen");
    let both = "part=service%3Aadminduk%7Cakses&part=service%3Aesakip%7Cakses";
    let split = site.post(&path, &cookie, &format!("csrf={token}&action=split&text=lain&{both}")).await;
    let new = TicketNumber { year: root.year, number: 4 };
    assert_eq!(location(&split), format!("/tickets/{new}?done=1"), "what left is shown");
    // The store has it when the answer is there; the snapshot a moment later.
    let open = site.app.store.read(|reader| reader.open_tickets()).expect("reads");
    let members: Vec<_> = open.iter().map(|ticket| (ticket.number, ticket.members.len())).collect();
    assert_eq!(members, [(root, 0), (new, 1)]);
}

#[tokio::test]
async fn a_priority_is_changed_on_the_page_by_those_who_may_act() {
    let site = site().await;
    let number = open(&site, "esakip").await;
    let path = format!("/tickets/{number}/actions");
    let (viewer, viewer_token) = site.login("viewer").await;
    let form = |token: &str, priority: &str| format!("csrf={token}&action=priority&priority={priority}&text=rapat");
    let refused = site.post(&path, &viewer, &form(&viewer_token, "1")).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let page = text(site.get(&format!("/tickets/{number}"), &viewer).await).await;
    assert!(!page.contains("name=\"priority\""), "a viewer is offered nothing");
    let (cookie, token) = site.login("operator").await;
    let page = text(site.get(&format!("/tickets/{number}"), &cookie).await).await;
    assert!(page.contains("<select name=\"priority\""), "{page}");
    for bad in ["0", "x", ""] {
        let refused = site.post(&path, &cookie, &form(&token, bad)).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    assert_eq!(site.post(&path, &cookie, &form(&token, "1")).await.status(), StatusCode::SEE_OTHER);
    let ticket = site.app.store.read(|reader| reader.ticket(number)).expect("reads").expect("there");
    assert_eq!(ticket.priority.number(), 1);
    let page = text(site.get(&format!("/tickets/{number}"), &cookie).await).await;
    assert!(page.contains("menjadi P1: rapat"), "it is in the log: {page}");
}
