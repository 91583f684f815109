//! A month over the router: who may freeze it, what is refused, what its page and files say afterwards.

use super::*;
use crate::domain::catalogue::ServiceId;
use crate::domain::state::State;
use crate::store::records::{Decision, LedgerEdit, LedgerRow};

/// October 2026 has ended more than 72 hours before the site's moment.
async fn watched_since_october(site: &Site) {
    let row = |from: i64, to: i64, state| LedgerRow {
        from: NOW.plus_secs(-from),
        to: NOW.plus_secs(-to),
        state,
        reason: None,
    };
    let day = 86_400;
    let rows = vec![
        row(50 * day, 40 * day, State::Up),
        row(40 * day, 40 * day - 7_200, State::Down),
        row(40 * day - 7_200, 0, State::Up),
    ];
    let service = ServiceId::parse("simpeg").expect("valid");
    let edit = LedgerEdit { service, replace_from: rows[0].from, rows, parts: None };
    let decision = Decision { ledger: vec![edit], evaluated_at: NOW, ..Decision::default() };
    site.app.store.write(move |writer| writer.commit_decision(&decision)).await.expect("commits");
}

#[tokio::test]
async fn a_month_is_frozen_by_who_may_and_never_by_accident() {
    let site = site().await;
    watched_since_october(&site).await;
    let (viewer, viewer_token) = site.login("viewer").await;
    let (operator, operator_token) = site.login("operator").await;
    let (admin, token) = site.login("admin").await;
    let page = text(site.get("/reports/2026-10", &admin).await).await;
    assert!(page.contains("SEMENTARA") && page.contains("/reports/2026-10/freeze"), "{page}");
    assert!(!text(site.get("/reports/2026-10", &operator).await).await.contains("/reports/2026-10/freeze"));
    for (who, token) in [(&viewer, &viewer_token), (&operator, &operator_token), (&admin, &"x".to_owned())] {
        let answer = site.post("/reports/2026-10/freeze", who, &format!("csrf={token}&confirm=yes")).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    }
    let unticked = site.post("/reports/2026-10/freeze", &admin, &format!("csrf={token}")).await;
    assert_eq!(unticked.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let early = site.post("/reports/2026-11/freeze", &admin, &format!("csrf={token}&confirm=yes")).await;
    assert_eq!(early.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let frozen = site.post("/reports/2026-10/freeze", &admin, &format!("csrf={token}&confirm=yes")).await;
    assert_eq!(frozen.status(), StatusCode::SEE_OTHER, "{}", text(frozen).await);
    let page = text(site.get("/reports/2026-10?service=simpeg", &viewer).await).await;
    assert!(page.contains("FINAL") && page.contains("= 7.200"), "{page}");
    assert!(!page.contains("memberi angka lain"), "the ledger gives the same");
    let again = site.post("/reports/2026-10/freeze", &admin, &format!("csrf={token}&confirm=yes&reason=x")).await;
    assert_eq!(again.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(site.get("/reports", &viewer).await).await.contains("Final, revisi 1"));
}

#[tokio::test]
async fn files_of_a_month_are_what_is_frozen_and_notes_are_printed() {
    let site = site().await;
    watched_since_october(&site).await;
    let (admin, token) = site.login("admin").await;
    let form = format!("csrf={token}&service=simpeg&text=Ganti+disk+%3Cbaru%3E");
    let saved = site.post("/reports/2026-10/notes", &admin, &form).await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
    let page = text(site.get("/reports/2026-10?service=simpeg", &admin).await).await;
    assert!(page.contains("Ganti disk &#60;baru&#62;"), "{page}");
    site.post("/reports/2026-10/freeze", &admin, &format!("csrf={token}&confirm=yes")).await;
    let json = site.get("/reports/2026-10/pantau-2026-10.json", &admin).await;
    let proved = crate::report::verify::check_file(&text(json).await, None).expect("holds");
    assert_eq!(proved.report.head.approval.map(|approval| approval.by), Some("admin".into()));
    let csv = text(site.get("/reports/2026-10/pantau-2026-10.csv", &admin).await).await;
    assert!(csv.lines().any(|line| line.starts_with("2026-10,simpeg,")), "{csv}");
    let sheet = site.get("/reports/2026-10/pantau-2026-10.xlsx", &admin).await;
    assert_eq!(sheet.status(), StatusCode::OK);
    for nothing in ["/reports/2026-10/passwd", "/reports/2026-13", "/reports/2027-01", "/reports/2026-10?revision=9"] {
        assert_eq!(site.get(nothing, &admin).await.status(), StatusCode::NOT_FOUND, "{nothing}");
    }
}

#[tokio::test]
async fn drafts_of_the_figures_are_marked_and_never_signed() {
    let site = site().await;
    watched_since_october(&site).await;
    let (admin, token) = site.login("admin").await;
    site.post("/reports/2026-10/freeze", &admin, &format!("csrf={token}&confirm=yes")).await;
    let page = text(site.get("/reports/availability?period=2026-10", &admin).await).await;
    assert!(page.contains("/reports/availability/pantau-2026-10-sementara.json"), "{page}");
    let json = text(site.get("/reports/availability/pantau-2026-10-sementara.json", &admin).await).await;
    let refused = crate::report::verify::check_file(&json, None).expect_err("is no report that counts");
    assert!(matches!(refused, crate::report::verify::Refusal::Provisional), "{refused}");
    let html = text(site.get("/reports/availability/pantau-2026-10-sementara.html", &admin).await).await;
    assert!(html.contains("SEMENTARA · draf, tidak ditandatangani"), "{html}");
    let csv = text(site.get("/reports/availability/pantau-2026-10-sementara.csv", &admin).await).await;
    assert!(csv.lines().any(|line| line.starts_with("2026-10,simpeg,")), "{csv}");
    for nothing in ["pantau-2026-10-sementara.exe", "pantau-2026-10.json", "pantau-2027-10-sementara.json"] {
        let answer = site.get(&format!("/reports/availability/{nothing}"), &admin).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{nothing}");
    }
}
