//! The API over a real store and engine: access, refusals, writes that are sent twice.

use super::router;
use crate::app::App;
use crate::auth::token_hash;
use crate::clock::Clock;
use crate::config::profile::bangka_2025;
use crate::engine::{Engine, EngineOptions};
use crate::outputs::web::tests::site::{NOW, snapshot};
use crate::store::Store;
use crate::store::records::{ApiTokenRecord, SessionRecord};
use crate::texts::{Language, Texts};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt;

mod alerts;
mod ledger;
mod registers;
mod regrouping;
mod reviews;
mod rules;

/// A running collector with a reading and a writing program, and an operator who is logged in.
struct Site {
    router: Router,
    _folder: tempfile::TempDir,
    _stop: watch::Sender<bool>,
}

const READER: &[(&str, &str)] = &[("authorization", "Bearer reading")];
const WRITER: &[(&str, &str)] = &[("authorization", "Bearer writing")];

async fn site() -> Site {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(&folder.path().join("pantau.db"), NOW).expect("opens");
    for (token, scope) in [("reading", "read"), ("writing", "write"), ("alerting", "alert"), ("revoked", "write")] {
        let record = ApiTokenRecord {
            token_hash: token_hash(token),
            name: format!("program-{token}"),
            scope: scope.into(),
            created_at: NOW,
            revoked_at: (token == "revoked").then_some(NOW),
        };
        store.write(move |writer| writer.save_api_token(&record)).await.expect("saves");
    }
    for (name, role, cookie) in [("rina", "operator", "cookie"), ("budi", "admin", "boss"), ("ana", "admin", "chief")] {
        let (name, role) = (name.to_owned(), role.to_owned());
        let user = crate::store::records::UserRecord {
            name: name.clone(),
            password_hash: String::new(),
            role: role.clone(),
            disabled_at: None,
        };
        let (token_hash, csrf, expires_at) = (token_hash(cookie), "form".to_owned(), NOW.plus_secs(60));
        let session = SessionRecord { token_hash, user: name, role, csrf, expires_at };
        let save = store.write(move |writer| {
            writer.save_user(&user)?;
            writer.save_session(&session)
        });
        save.await.expect("saves");
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
    let router = router(app.clone()).merge(crate::outputs::metrics::router(app));
    Site { router, _folder: folder, _stop: stop }
}

impl Site {
    async fn ask(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router.clone().oneshot(request).await.expect("answers");
        let status = response.status();
        let bytes = response.into_body().collect().await.expect("reads").to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, Value) {
        let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
        self.ask(request.body(Body::empty()).expect("valid")).await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> (StatusCode, Value) {
        let request = headers.iter().fold(Request::post(path), |request, (name, value)| request.header(*name, *value));
        self.ask(request.body(Body::from(body.to_string())).expect("valid")).await
    }
}

fn report(symptom: &str) -> Value {
    json!({ "pelapor": "Bagian Umum", "metode_pelaporan": "telepon", "gejala": symptom, "dampak": "mayor",
            "layanan": "simpeg", "kategori": bangka_2025().categories[0] })
}

#[tokio::test]
async fn nobody_reads_without_access_and_readers_do_not_write() {
    let site = site().await;
    for path in ["/api/v1/services", "/api/v1/tickets", "/api/v1/hosts", "/api/v1/outbox", "/metrics"] {
        for headers in [&[][..], &[("authorization", "Bearer revoked")], &[("authorization", "Bearer x")]] {
            let (status, body) = site.get(path, headers).await;
            assert_eq!((status, &body["error"]["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")));
        }
        assert_eq!(site.get(path, READER).await.0, StatusCode::OK, "{path}");
    }
    let (status, body) = site.post("/api/v1/tickets", READER, &report("Mati")).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::FORBIDDEN, &json!("read_only")));
}

#[tokio::test]
async fn a_session_writes_only_with_its_form_token() {
    let site = site().await;
    let cookie = ("cookie", "pantau_session=cookie");
    assert_eq!(site.get("/api/v1/services", &[cookie]).await.0, StatusCode::OK);
    for headers in [&[cookie][..], &[cookie, ("x-csrf-token", "forn")]] {
        let (status, body) = site.post("/api/v1/tickets", headers, &report("Mati")).await;
        assert_eq!((status, &body["error"]["code"]), (StatusCode::FORBIDDEN, &json!("csrf")));
    }
    let (status, _) = site.post("/api/v1/tickets", &[cookie, ("x-csrf-token", "form")], &report("Mati")).await;
    assert_eq!(status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_not_known_is_refused_in_one_shape() {
    let site = site().await;
    for (path, status, code) in [
        ("/api/v1/services?stat=up", 400, "unknown_parameter"),
        ("/api/v1/services/none", 404, "not_found"),
        ("/api/v1/services/simpeg/availability?period=june", 400, "bad_parameter"),
        ("/api/v1/services/simpeg/ledger?from=5&to=5", 400, "bad_parameter"),
        ("/api/v1/services/none/explain", 404, "not_found"),
        ("/api/v1/services/simpeg/explain?at=june", 400, "bad_parameter"),
        ("/api/v1/services/simpeg/explain?at=5&period=2026", 400, "bad_parameter"),
        ("/api/v1/hosts/none/series?metric=cpu", 404, "not_found"),
        ("/api/v1/tickets?priority=7", 400, "bad_parameter"),
        ("/api/v1/tickets?state=offen", 400, "bad_parameter"),
        ("/api/v1/tickets?limit=1000000", 400, "bad_parameter"),
        ("/api/v1/tickets/SPBE-GGN-2026-9999", 404, "not_found"),
        ("/api/v1/nothing/here", 404, "not_found"),
    ] {
        let (got, body) = site.get(path, READER).await;
        assert_eq!((got.as_u16(), body["error"]["code"].as_str()), (status, Some(code)), "{path}: {body}");
        assert!(body["error"]["message"].is_string() && body["error"].get("detail").is_some(), "{body}");
    }
    let (got, body) = site.post("/api/v1/backups", WRITER, &json!({})).await;
    assert_eq!((got, &body["error"]["code"]), (StatusCode::METHOD_NOT_ALLOWED, &json!("method_not_allowed")));
}

#[tokio::test]
async fn services_answer_with_figures_and_a_ledger_that_tiles() {
    let site = site().await;
    let (_, list) = site.get("/api/v1/services", READER).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(snapshot().catalogue.services.len()));
    let (_, one) = site.get("/api/v1/services/simpeg", READER).await;
    assert_eq!((&one["state"], &one["month"]["availability_ppm"]), (&json!("unknown"), &Value::Null));
    let (_, figures) = site.get("/api/v1/services/simpeg/availability?period=2026-11", READER).await;
    assert_eq!(figures["from"], "2026-11-01T00:00:00+07:00");
    assert_eq!(figures["verdict"], "tanpa_waktu_layanan");
    let (_, why) = site.get("/api/v1/services/simpeg/explain?period=2026-11", READER).await;
    assert_eq!((&why["explains"], &why["figures"]["verdict"]), (&json!("period"), &figures["verdict"]));
    let (_, why) = site.get("/api/v1/services/simpeg/explain", READER).await;
    assert_eq!(
        (&why["explains"], &why["state"], &why["counted"]["in_force"]),
        (&json!("instant"), &json!("unknown"), &json!(false))
    );
    let (_, ledger) = site.get("/api/v1/services/simpeg/ledger", READER).await;
    let intervals = ledger["intervals"].as_array().expect("a list");
    assert_eq!(intervals.len(), 1);
    assert_eq!((&intervals[0]["from"], &intervals[0]["to"]), (&ledger["from"], &ledger["to"]));
    assert_eq!(intervals[0]["state"], "unknown");
}

#[tokio::test]
async fn a_ticket_lives_through_the_api_and_a_key_acts_once() {
    let site = site().await;
    let keyed = [WRITER[0], ("idempotency-key", "a1")];
    let (status, first) = site.post("/api/v1/tickets", &keyed, &report("Mati")).await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    assert_eq!((&first["pelapor"], &first["status"]), (&json!("Bagian Umum"), &json!("baru")));
    assert_eq!(site.post("/api/v1/tickets", &keyed, &report("Mati")).await, (StatusCode::CREATED, first.clone()));
    let (status, body) = site.post("/api/v1/tickets", &keyed, &report("Lain")).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::CONFLICT, &json!("idempotency_key_reused")));
    let (status, body) = site.post("/api/v1/tickets", WRITER, &report("Mati")).await;
    // A second report of the same disturbance is noted in its ticket.
    assert_eq!((status, &body["nomor"], &body["kejadian"]), (StatusCode::OK, &first["nomor"], &json!(2)));

    let path = format!("/api/v1/tickets/{}", first["nomor"].as_str().expect("text"));
    let actions = format!("{path}/actions");
    let (status, acted) = site.post(&actions, WRITER, &json!({ "action": "acknowledge" })).await;
    assert_eq!((status, &acted["status"]), (StatusCode::OK, &json!("ditanggapi")));
    for (body, status, code) in [
        (json!({ "action": "close" }), 409, "illegal_transition"),
        (json!({ "action": "comment", "text": "" }), 422, "bad_text"),
        (json!({ "action": "estimate", "at": "besok" }), 422, "bad_instant"),
        (json!({ "action": "delete" }), 400, "bad_body"),
        (json!({ "action": "close", "cause": "x" }), 400, "bad_body"),
        (json!({ "action": "comment", "text": "x", "txt": "y" }), 400, "bad_body"),
        (json!({ "action": "comment", "text": "x".repeat(70_000) }), 413, "body_too_large"),
    ] {
        let (got, answer) = site.post(&actions, WRITER, &body).await;
        assert_eq!((got.as_u16(), answer["error"]["code"].as_str()), (status, Some(code)), "{answer}");
    }
    let (_, one) = site.get(&path, READER).await;
    let log = one["aktivitas"].as_array().expect("a log");
    assert!(log.iter().any(|entry| entry["oleh"] == "program-writing" && entry["jenis"] == "acknowledged"), "{one}");
    let (_, list) = site.get("/api/v1/tickets?state=open&limit=1", READER).await;
    assert_eq!((&list["items"][0]["nomor"], &list["next_cursor"]), (&first["nomor"], &Value::Null));
    let (_, none) = site.get("/api/v1/tickets?state=ditutup", READER).await;
    assert_eq!(none["items"], json!([]));
}

#[tokio::test]
async fn the_collector_itself_is_for_programs_and_administrators() {
    let site = site().await;
    let (status, body) = site.get("/api/v1/system", &[("cookie", "pantau_session=cookie")]).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::FORBIDDEN, &json!("administrators_only")));
    let (status, body) = site.get("/api/v1/system", READER).await;
    assert_eq!((status, &body["read_only"], &body["disk_free_bytes"]), (StatusCode::OK, &Value::Null, &Value::Null));
    assert!(body["commits"].as_u64().is_some_and(|commits| commits > 0), "{body}");
    let estimates = body["need"]["estimates"].as_array().expect("a list");
    assert_eq!(estimates.iter().map(|estimate| &estimate["days"]).collect::<Vec<_>>(), [1, 30, 365, 1826]);
    for estimate in estimates {
        let kinds = estimate["bytes"].as_object().expect("by kind");
        assert_eq!(estimate["total_bytes"].as_u64(), kinds.values().map(Value::as_u64).sum());
    }
    assert_eq!(site.get("/api/v1/system?x=1", READER).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn backups_are_told_and_entered_over_the_api() {
    let site = site().await;
    let (status, list) = site.get("/api/v1/backups", READER).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(list["items"][0]["state"], "tanpa_cadangan");
    let (status, one) = site.get("/api/v1/backups/simpeg-db", READER).await;
    assert_eq!((status, &one["heartbeat"], &one["records"]), (StatusCode::OK, &Value::Null, &json!([])));
    for path in ["/api/v1/backups/simpeg-db/rpo?period=2026-11", "/api/v1/services/simpeg/rpo?from=1795000000"] {
        let (status, rpo) = site.get(path, READER).await;
        assert_eq!((status, &rpo["breach_s"]), (StatusCode::OK, &Value::Null), "nobody has looked yet: {rpo}");
    }
    for (path, code) in [
        ("/api/v1/backups/none", 404),
        ("/api/v1/backups/none/rpo", 404),
        ("/api/v1/backups/simpeg-db/rpo?period=june", 400),
        ("/api/v1/backups/simpeg-db/rpo?period=2026-06&from=5", 400),
    ] {
        assert_eq!(site.get(path, READER).await.0.as_u16(), code, "{path}");
    }
    let verification = json!({ "method": "uji_baca", "passed": true });
    let path = "/api/v1/backups/simpeg-db/verifications";
    assert_eq!(site.post(path, READER, &verification).await.0, StatusCode::FORBIDDEN);
    let (status, refused) = site.post(path, WRITER, &verification).await;
    assert_eq!((status.as_u16(), &refused["error"]["code"]), (422, &json!("entry_refused")), "there is no backup yet");
    let (status, made) = site.post("/api/v1/backups/simpeg-db/heartbeat", WRITER, &json!({})).await;
    assert_eq!(status, StatusCode::CREATED, "its job may tell when it began: {made}");
    let (status, refused) = site.post("/api/v1/backups/lain/heartbeat", WRITER, &json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{refused}");
}

#[tokio::test]
async fn a_drill_is_entered_once_and_judged_by_the_bounds_of_then() {
    let site = site().await;
    let path = "/api/v1/services/simpeg/recoveries";
    let drill = json!({
        "drill": true, "scenario": "Server basis data rusak", "disaster_at": "2026-11-20T08:00:00+07:00",
        "confirmed_at": "2026-11-20T20:00:00+07:00", "recovered_data_time": "2026-11-19T08:00:01+07:00",
        "succeeded": true, "steps": { "aktivasi_drp": "2026-11-20T09:00:00+07:00" },
    });
    let bad = json!({ "drill": true, "scenario": "x", "disaster_at": "2026-11-20T08:00:00+07:00", "succeeded": true });
    assert_eq!(site.post(path, WRITER, &bad).await.0.as_u16(), 422);
    let key = &[WRITER[0], ("idempotency-key", "drill-1")];
    for _ in 0..2 {
        assert_eq!(site.post(path, key, &drill).await.0, StatusCode::CREATED);
    }
    let (_, list) = site.get(path, READER).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "sent twice, entered once: {list}");
    let entry = &list["items"][0];
    // Twelve hours against an RTO of twelve hours: strictly below is asked for (G29).
    assert_eq!((&entry["rta_s"], &entry["rto_met"]), (&json!(43_200), &json!(false)));
    assert_eq!((&entry["rpa_s"], &entry["rpo_met"]), (&json!(86_399), &json!(true)));
    assert_eq!(entry["steps"]["aktivasi_drp"], "2026-11-20T09:00:00+07:00");
}
