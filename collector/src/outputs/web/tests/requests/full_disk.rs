//! Pages while the disk is full: they say so, people log in, and what cannot be saved is told as that.

use super::*;
use crate::outputs::health;
use crate::store::{Disk, fill};

#[tokio::test]
async fn a_full_disk_is_told_on_every_page_and_whoever_makes_room_can_log_in() {
    let site = site().await;
    let router = site.router.clone().merge(health::router(site.app.clone()));
    let ready = async || {
        let request = Request::get("/readyz").body(Body::empty()).expect("valid");
        let answer = router.clone().oneshot(request).await.expect("answers");
        (answer.status(), text(answer).await)
    };
    assert_eq!(ready().await.0, StatusCode::OK);
    let store = &site.app.store;
    store.write(|writer| writer.grow_at_most(60)).await.expect("limited");
    fill(store).await;
    let disk = Disk { free_bytes: 3 << 20, size_bytes: 1 << 30 };
    assert!(store.look_at_space(Some(disk), NOW).is_some());
    let (status, reason) = ready().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    for expected in ["store_full", "write_failed", "\"disk_free_bytes\":3145728"] {
        assert!(reason.contains(expected), "{expected} in {reason}");
    }
    assert!(health::alive(&site.app).await.is_ok(), "a restart would not help");
    let login = text(site.get("/login", "").await).await;
    assert!(login.contains("role=\"alert\"") && login.contains("3,0 MiB"), "{login}");
    // Sessions first use up the last bytes of pages, then live in memory.
    for _ in 0..60 {
        let (cookie, _) = site.login("admin").await;
        assert_eq!(site.get("/", &cookie).await.status(), StatusCode::OK);
    }
    let (cookie, csrf) = site.login("operator").await;
    for path in ["/", "/hosts", "/tickets", "/backups", "/reports/availability"] {
        let page = text(site.get(path, &cookie).await).await;
        assert!(page.contains("Penyimpanan hanya-baca sejak 24 Nov 2026"), "{path}: {page}");
    }
    let category = bangka_2025().categories[0].clone();
    let form = format!(
        "csrf={csrf}&service=simpeg&reporter=Umum&method=telepon&category={category}&impact=mayor&symptom={}",
        "x".repeat(9_000)
    );
    let answer = site.post("/tickets/new", &cookie, &form).await;
    assert_ne!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_ne!(answer.status(), StatusCode::SEE_OTHER, "it was not saved");
    let left = site.post("/logout", &cookie, &format!("csrf={csrf}")).await;
    assert_eq!(left.status(), StatusCode::SEE_OTHER);
    assert_eq!(site.get("/", &cookie).await.status(), StatusCode::SEE_OTHER, "logged out");
}
