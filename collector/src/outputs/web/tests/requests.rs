//! The router over a real store and engine: login, lock-out, form tokens, roles, headers.

use super::super::router;
use crate::app::App;
use crate::auth::{lockout, password};
use crate::clock::Clock;
use crate::config::profile::bangka_2025;
use crate::domain::profile::Impact;
use crate::domain::ticket::TicketState;
use crate::engine::{Engine, EngineOptions, ManualTicket};
use crate::outputs::web::tests::site::{NOW, snapshot};
use crate::store::Store;
use crate::store::records::UserRecord;
use crate::texts::{Language, Texts};
use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt;

/// A running site with one person of each role; all have the password `sungailiat`.
mod full_disk;
mod registers;
mod regrouping;
mod reports;
mod reviews;
mod rules;

struct Site {
    app: App,
    router: Router,
    _folder: tempfile::TempDir,
    _stop: watch::Sender<bool>,
}

async fn site() -> Site {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(&folder.path().join("pantau.db"), NOW).expect("opens");
    let hash = password::hash("sungailiat").expect("hashes");
    for role in ["admin", "operator", "viewer"] {
        let user = UserRecord { name: role.into(), password_hash: hash.clone(), role: role.into(), disabled_at: None };
        store.write(move |writer| writer.save_user(&user)).await.expect("saves");
    }
    let (clock, profile) = (Clock::manual(NOW), Arc::new(bangka_2025()));
    let texts = Texts::new(Language::Id, profile.time_zone);
    let (engine, task) = Engine::start(EngineOptions {
        store: store.clone(),
        clock: clock.clone(),
        profile: profile.clone(),
        catalogue: snapshot().catalogue,
        catalogue_applied_at: NOW,
        routing: crate::domain::route::Routing::default(),
        render: Arc::new(move |phrase| texts.phrase(phrase)),
        stats: Arc::default(),
        demo: false,
    })
    .expect("starts");
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(task.run(stopped));
    let app = App {
        clock,
        store,
        engine,
        profile,
        stats: Arc::default(),
        own_backup: Default::default(),
        receivers: Default::default(),
        tls: false,
    };
    Site { router: router(app.clone()), app, _folder: folder, _stop: stop }
}

impl Site {
    async fn get(&self, path: &str, cookies: &str) -> Response<Body> {
        let request = Request::get(path).header(header::COOKIE, cookies).body(Body::empty()).expect("valid");
        self.router.clone().oneshot(request).await.expect("answers")
    }

    async fn post(&self, path: &str, cookies: &str, form: &str) -> Response<Body> {
        let request = Request::post(path)
            .header(header::COOKIE, cookies)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .expect("valid");
        self.router.clone().oneshot(request).await.expect("answers")
    }

    async fn try_login(&self, name: &str, password: &str) -> Response<Body> {
        let form = self.get("/login", "").await;
        let cookie = cookie_of(&form, "pantau_login");
        let token = cookie.split('=').nth(1).expect("has a value").to_owned();
        self.post("/login", &cookie, &format!("csrf={token}&name={name}&password={password}&back=/tickets")).await
    }

    /// Cookies and form token of someone logged in.
    async fn login(&self, name: &str) -> (String, String) {
        let answer = self.try_login(name, "sungailiat").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers()[header::LOCATION], "/tickets");
        let cookie = cookie_of(&answer, "pantau_session");
        let page = text(self.get("/", &cookie).await).await;
        let token = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        (cookie, token.expect("the page has a form").to_owned())
    }
}

fn cookie_of(answer: &Response<Body>, name: &str) -> String {
    let values = answer.headers().get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let found = values.filter_map(|value| value.split(';').next()).find(|pair| pair.starts_with(&format!("{name}=")));
    found.unwrap_or_else(|| panic!("no cookie {name}: {:?}", answer.headers())).to_owned()
}

async fn text(answer: Response<Body>) -> String {
    let bytes = answer.into_body().collect().await.expect("reads").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[tokio::test]
async fn without_a_login_every_page_leads_to_the_login_page() {
    let site = site().await;
    for path in
        ["/", "/hosts", "/tickets?state=all", "/tickets/new", "/backups", "/reports/availability", "/services/simpeg"]
    {
        let answer = site.get(path, "pantau_session=0000").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        let to = answer.headers()[header::LOCATION].to_str().expect("text").to_owned();
        assert!(to.starts_with("/login?back="), "{to}");
    }
    assert_eq!(site.get("/nothing", "").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn every_page_answers_with_the_strict_headers() {
    let site = site().await;
    let (cookie, _) = site.login("operator").await;
    for path in [
        "/",
        "/hosts",
        "/tickets",
        "/tickets/new",
        "/backups",
        "/maintenance",
        "/maintenance/new",
        "/corrections",
        "/corrections/new",
        "/reports/availability",
        "/services/simpeg",
        "/services/simpeg?period=2026-10",
        "/services/simpeg/explain",
        "/services/simpeg/explain?at=2026-11-24T10:00:00",
        "/services/simpeg/explain?at=1795503000",
        "/services/simpeg/explain?period=2026-11",
        "/services/simpeg/explain?period=2026-11-24",
    ] {
        let answer = site.get(path, &cookie).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
        assert!(text(answer).await.contains("<html lang=\"id\""), "{path}");
    }
    for path in [
        "/services/none",
        "/hosts/none",
        "/tickets/SPBE-GGN-2026-0099",
        "/tickets/x",
        "/maintenance/9",
        "/corrections/9",
    ] {
        assert_eq!(site.get(path, &cookie).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn wrong_passwords_are_refused_and_then_have_to_wait() {
    let site = site().await;
    for _ in 0..lockout::TRIES_MAX {
        assert_eq!(site.try_login("admin", "wrong").await.status(), StatusCode::UNAUTHORIZED);
    }
    let answer = site.try_login("admin", "sungailiat").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(text(answer).await.contains("15 menit"), "the wait is told");
    site.app.clock.advance_ms(lockout::WINDOW_SECONDS * 1000);
    assert_eq!(site.try_login("admin", "sungailiat").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(site.app.stats.logins_refused.get(), u64::from(lockout::TRIES_MAX) + 1);
}

#[tokio::test]
async fn a_login_form_from_elsewhere_is_refused() {
    let site = site().await;
    let form = "name=admin&password=sungailiat&csrf=";
    assert_eq!(site.post("/login", "", form).await.status(), StatusCode::FORBIDDEN);
    let answer = site.post("/login", "pantau_login=a", "name=admin&password=sungailiat&csrf=b").await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn sessions_end_by_time_and_by_logout() {
    let site = site().await;
    let (cookie, token) = site.login("viewer").await;
    assert_eq!(site.post("/logout", &cookie, "csrf=wrong").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(site.get("/", &cookie).await.status(), StatusCode::OK);
    assert_eq!(site.post("/logout", &cookie, &format!("csrf={token}")).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(site.get("/", &cookie).await.status(), StatusCode::SEE_OTHER);
    let (cookie, _) = site.login("viewer").await;
    site.app.clock.advance_ms(crate::auth::SESSION_SECONDS * 1000);
    assert_eq!(site.get("/", &cookie).await.status(), StatusCode::SEE_OTHER);
}

fn manual() -> ManualTicket {
    let service = crate::domain::catalogue::ServiceId::parse("simpeg").expect("valid");
    ManualTicket {
        reporter: "Bagian Umum".into(),
        reporting_method: "telepon".into(),
        symptom: "Lambat".into(),
        impact: Impact::Minor,
        service,
        category: "aplikasi".into(),
        details: crate::engine::ReportDetails::default(),
    }
}

#[tokio::test]
async fn actions_need_the_token_and_the_right_role() {
    let site = site().await;
    let ticket = site.app.engine.open_ticket(manual(), "rina".into()).await.expect("opens");
    let path = format!("/tickets/{}/actions", ticket.number);
    let (operator, token) = site.login("operator").await;
    let (viewer, viewer_token) = site.login("viewer").await;
    for (cookie, form) in [
        (&operator, "action=acknowledge".to_owned()),
        (&operator, format!("action=acknowledge&csrf={viewer_token}")),
        (&viewer, format!("action=acknowledge&csrf={viewer_token}")),
    ] {
        assert_eq!(site.post(&path, cookie, &form).await.status(), StatusCode::FORBIDDEN, "{form}");
    }
    let state = |site: &Site| site.app.engine.snapshot().tickets[0].state;
    assert_eq!(state(&site), ticket.state, "nothing has happened");
    let note = format!("action=comment&text=Diperiksa&csrf={token}");
    assert_eq!(site.post(&path, &operator, &note).await.status(), StatusCode::SEE_OTHER);
    let page = text(site.get(&format!("/tickets/{}", ticket.number), &operator).await).await;
    assert!(page.contains("Diperiksa"), "the note is in the log");
    let close = site.post(&path, &operator, &format!("action=close&csrf={token}")).await;
    assert_eq!(close.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(close).await.contains("role=\"alert\""), "the refusal is said beside the form");
    assert_ne!(state(&site), TicketState::Ditutup);
}

#[tokio::test]
async fn a_reported_ticket_is_opened_once() {
    let site = site().await;
    let (cookie, token) = site.login("operator").await;
    let form = format!(
        "csrf={token}&service=simpeg&reporter=Bagian+Umum&method=telepon&category=aplikasi&impact=minor&symptom=Lambat"
    );
    let opened = site.post("/tickets/new", &cookie, &form).await;
    assert_eq!(opened.status(), StatusCode::SEE_OTHER);
    let location = opened.headers()[header::LOCATION].to_str().expect("text").to_owned();
    let page = text(site.get(&location, &cookie).await).await;
    assert!(page.contains("Bagian Umum") && page.contains("Telepon"), "{page}");
    let bad = site.post("/tickets/new", &cookie, &form.replace("impact=minor", "impact=x")).await;
    assert_eq!(bad.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(bad).await.contains("value=\"Bagian Umum\""), "what was typed is kept");
}

#[tokio::test]
async fn language_and_theme_are_remembered_and_lead_back_to_this_site() {
    let site = site().await;
    let answer = site.get("/language?to=en&back=%2F%2Fevil.example", "").await;
    assert_eq!(answer.headers()[header::LOCATION], "/");
    assert_eq!(cookie_of(&answer, "pantau_language"), "pantau_language=en");
    let page = text(site.get("/login", "pantau_language=en; pantau_theme=dark").await).await;
    assert!(page.contains("<html lang=\"en\" data-theme=\"dark\">"), "{page}");
    let answer = site.get("/theme?to=light&back=%2Ftickets%3Fstate%3Dall", "").await;
    assert_eq!(answer.headers()[header::LOCATION], "/tickets?state=all");
}

#[tokio::test]
async fn files_are_kept_for_ever_and_forms_are_bounded() {
    let site = site().await;
    let answer = site.get(&super::assets::url("app.css"), "").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(site.get("/assets/app.css", "").await.status(), StatusCode::NOT_FOUND);
    let answer = site.post("/login", "", &format!("name={}", "x".repeat(70_000))).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn only_administrators_see_the_collector_itself() {
    let site = site().await;
    for name in ["operator", "viewer"] {
        let (cookie, _) = site.login(name).await;
        assert_eq!(site.get("/system", &cookie).await.status(), StatusCode::FORBIDDEN, "{name}");
        assert!(!text(site.get("/", &cookie).await).await.contains("href=\"/system\""), "{name}");
    }
    let (cookie, _) = site.login("admin").await;
    assert!(text(site.get("/", &cookie).await).await.contains("href=\"/system\""));
    for query in ["", "?hosts=5000&series=82&period=10&raw=35&five=396&hour=1826", "?hosts=x&raw=&five=-1"] {
        let answer = site.get(&format!("/system{query}"), &cookie).await;
        assert_eq!(answer.status(), StatusCode::OK, "{query}");
    }
    let many = text(site.get("/system?hosts=5000", &cookie).await).await;
    assert!(many.contains("5.000 host ·") && many.contains("Kembali ke angka kantor ini"), "{many}");
}

#[tokio::test]
async fn deliveries_are_shown_to_all_and_acted_on_by_those_who_may() {
    let site = site().await;
    let (viewer, viewer_token) = site.login("viewer").await;
    let page = text(site.get("/delivery", &viewer).await).await;
    assert!(page.contains("Belum ada penerima") && !page.contains("/delivery/compare"), "{page}");
    let (operator, token) = site.login("operator").await;
    let paths = ["/delivery/receivers/meja/test", "/delivery/messages/7", "/delivery/compare"];
    for path in paths {
        let answer = site.post(path, &viewer, &format!("csrf={viewer_token}&action=skip")).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}: a viewer only looks");
        let answer = site.post(path, &operator, "csrf=x&action=skip").await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}: another site's form");
    }
    let post = async |path: &str, action: &str| {
        let answer = site.post(path, &operator, &format!("csrf={token}&action={action}")).await;
        let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
        (answer.status(), to.unwrap_or_default())
    };
    assert_eq!(post(paths[0], "").await.0, StatusCode::NOT_FOUND, "no such receiver");
    assert_eq!(post(paths[1], "x").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(post(paths[1], "skip").await, (StatusCode::SEE_OTHER, "/delivery?done=late".into()), "no such message");
    assert_eq!(post(paths[2], "").await, (StatusCode::SEE_OTHER, "/delivery?done=compare".into()));
}
