//! The router over a real store and engine: access, shapes, refusals, writes that are sent twice.

use super::router;
use crate::auth::{self, token_hash};
use crate::outputs::web::tests::requests::{Site, site};
use crate::store::records::ApiTokenRecord;
use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

const READ: &str = "token-that-reads";
const WRITE: &str = "token-that-writes";

struct Api {
    site: Site,
    router: Router,
}

async fn api() -> Api {
    let site = site().await;
    let now = site.app.clock.now();
    for (token, scope) in [(READ, "read"), (WRITE, "write")] {
        let record = ApiTokenRecord {
            token_hash: token_hash(token),
            name: format!("uji-{scope}"),
            scope: scope.into(),
            created_at: now,
            revoked_at: None,
        };
        site.app.store.write(move |writer| writer.save_api_token(&record)).await.expect("saves");
    }
    Api { router: router(site.app.clone()), site }
}

impl Api {
    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let answer = self.router.clone().oneshot(request).await.expect("answers");
        let status = answer.status();
        let bytes = answer.into_body().collect().await.expect("reads").to_bytes();
        (status, serde_json::from_slice(&bytes).expect("JSON"))
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {READ}"));
        self.send(request.body(Body::empty()).expect("valid")).await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> (StatusCode, Value) {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_string())).expect("valid")).await
    }

    async fn write(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.post(path, &[("authorization", &format!("Bearer {WRITE}"))], body).await
    }

    /// Cookie and form token of a person's session.
    async fn session(&self, name: &str) -> (String, String) {
        let user = self.site.app.store.read(|reader| reader.user(name)).expect("reads").expect("exists");
        let session = auth::begin_session(&user, self.site.app.clock.now()).expect("random");
        let record = session.record.clone();
        self.site.app.store.write(move |writer| writer.save_session(&record)).await.expect("saves");
        (format!("pantau_session={}", session.token), session.record.csrf)
    }
}

fn code(answer: &(StatusCode, Value)) -> (u16, &str) {
    (answer.0.as_u16(), answer.1["error"]["code"].as_str().unwrap_or_default())
}

fn report() -> Value {
    json!({ "pelapor": "Bagian Umum", "metode_pelaporan": "telepon", "kategori": "aplikasi", "gejala": "Lambat",
        "dampak": "minor", "layanan": "simpeg" })
}

#[tokio::test]
async fn nobody_reads_without_a_session_or_a_token() {
    let api = api().await;
    let (cookie, _) = api.session("viewer").await;
    for path in ["/services", "/services/simpeg", "/hosts", "/tickets", "/backups", "/outbox"] {
        let path = format!("/api/v1{path}");
        let bare = api.send(Request::get(&path).body(Body::empty()).expect("valid")).await;
        assert_eq!(code(&bare), (401, "unauthenticated"), "{path}");
        let wrong = Request::get(&path).header("authorization", "Bearer x").header("cookie", &cookie);
        assert_eq!(code(&api.send(wrong.body(Body::empty()).expect("valid")).await), (401, "unauthenticated"));
        let person = Request::get(&path).header("cookie", &cookie).body(Body::empty()).expect("valid");
        assert_eq!(api.send(person).await.0, StatusCode::OK, "{path}");
        assert_eq!(api.get(&path).await.0, StatusCode::OK, "{path}");
        assert_eq!(code(&api.get(&format!("{path}?warna=biru")).await), (400, "unknown_parameter"), "{path}");
    }
}

#[tokio::test]
async fn a_service_carries_the_fields_of_the_catalogue_and_its_state() {
    let api = api().await;
    let (_, service) = api.get("/api/v1/services/simpeg").await;
    for field in [
        "id",
        "nama",
        "deskripsi",
        "penyedia",
        "administrator_layanan",
        "administrator_infrastruktur",
        "cara_akses",
        "target_ketersediaan",
        "kontak_bantuan",
        "waktu_bantuan",
        "target_pelayanan",
        "jam_layanan",
        "state",
        "since",
        "reason",
        "month",
    ] {
        assert!(service.get(field).is_some(), "{field} in {service:#}");
    }
    assert_eq!(service["state"], "unknown", "nobody has watched yet");
    assert_eq!(service["target_pelayanan"], json!({ "seconds": 43_200, "operator": "<" }));
    assert_eq!(service["month"]["availability_ppm"], Value::Null);
    assert_eq!(service["month"]["verdict"], "tanpa_waktu_layanan");
    let (_, all) = api.get("/api/v1/services").await;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(5));
}

#[tokio::test]
async fn periods_and_ranges_are_read_or_refused() {
    let api = api().await;
    let (status, judged) = api.get("/api/v1/services/simpeg/availability?period=2026-Q3").await;
    assert_eq!((status, &judged["period"], &judged["outages"]), (StatusCode::OK, &json!("2026-Q3"), &json!([])));
    let (_, ledger) =
        api.get("/api/v1/services/simpeg/ledger?from=2026-11-24T13:00:00%2B07:00&to=2026-11-25T00:00:00Z").await;
    let whole = json!([{ "from": "2026-11-24T13:00:00+07:00", "to": "2026-11-24T14:05:00+07:00", "state": "unknown",
        "reason": null }]);
    assert_eq!(ledger["intervals"], whole, "clipped at now");
    for (path, expected) in [
        ("services/simpeg/availability?period=kemarin", (400, "bad_parameter")),
        ("services/simpeg/ledger?from=5", (400, "missing_parameter")),
        ("services/simpeg/ledger?from=5&to=4", (400, "bad_parameter")),
        ("services/tidak-ada", (404, "not_found")),
        ("services/TIDAK%20ADA/ledger?from=1&to=2", (404, "not_found")),
        ("hosts/tidak-ada/series?metric=cpu&from=1&to=2", (404, "not_found")),
        ("hosts/x/series?metric=suhu&from=1&to=2", (400, "bad_parameter")),
        ("hosts/x/series?metric=cpu&from=1&to=9999999&step=1", (400, "bad_parameter")),
        ("tickets?limit=201", (400, "bad_parameter")),
        ("tickets?state=baru,hilang", (400, "bad_parameter")),
        ("tickets/SPBE-GGN-2026-0009", (404, "not_found")),
        ("nothing", (404, "not_found")),
    ] {
        assert_eq!(code(&api.get(&format!("/api/v1/{path}")).await), expected, "{path}");
    }
    assert_eq!(code(&api.write("/api/v1/backups", &json!({})).await), (405, "method_not_allowed"));
}

#[tokio::test]
async fn tickets_are_opened_listed_by_page_and_acted_on() {
    let api = api().await;
    let (status, opened) = api.write("/api/v1/tickets", &report()).await;
    assert_eq!(status, StatusCode::CREATED, "{opened:#}");
    let number = opened["nomor"].as_str().expect("a number").to_owned();
    assert_eq!(code(&api.write("/api/v1/tickets", &report()).await), (409, "already_open"));
    let mut other = report();
    other["layanan"] = json!("jdih");
    assert_eq!(api.write("/api/v1/tickets", &other).await.0, StatusCode::CREATED);

    let (_, first) = api.get("/api/v1/tickets?state=open&limit=1").await;
    let (_, second) =
        api.get(&format!("/api/v1/tickets?limit=1&cursor={}", first["next"].as_str().expect("more"))).await;
    assert_eq!(
        (&first["items"][0]["layanan_terdampak"][0], &second["items"][0]["nomor"]),
        (&json!("jdih"), &json!(number))
    );

    let actions = format!("/api/v1/tickets/{number}/actions");
    let act = async |body: Value| api.write(&actions, &body).await;
    assert_eq!(act(json!({ "action": "acknowledge" })).await.1["status"], "ditanggapi");
    assert_eq!(code(&act(json!({ "action": "close" })).await), (409, "illegal_transition"));
    assert_eq!(code(&act(json!({ "action": "comment", "text": " " })).await), (422, "bad_text"));
    assert_eq!(code(&act(json!({ "action": "estimate", "at": "besok" })).await), (422, "invalid"));
    for bad in [
        json!({ "action": "hapus" }),
        json!({ "action": "acknowledge", "x": 1 }),
        json!([]),
        json!({ "action": "comment" }),
    ] {
        assert_eq!(code(&act(bad.clone()).await), (400, "malformed"), "{bad}");
    }
    let (_, ticket) = api.get(&format!("/api/v1/tickets/{number}")).await;
    assert_eq!(ticket["aktivitas"][1]["oleh"], "uji-write");
    for field in [
        "dicatat_pada",
        "pelapor",
        "metode_pelaporan",
        "kategori",
        "gejala",
        "dampak",
        "prioritas",
        "penyebab",
        "status",
        "komponen",
        "aktivitas",
        "penanggung",
        "metode_konfirmasi",
        "dikonfirmasi_pada",
        "ditutup_pada",
    ] {
        assert!(ticket.get(field).is_some(), "{field} in {ticket:#}");
    }
    let huge = json!({ "action": "comment", "text": "x".repeat(super::BODY_BYTES_MAX) });
    assert_eq!(code(&act(huge).await), (413, "too_large"));
}

#[tokio::test]
async fn writing_needs_the_right_and_for_a_session_its_form_token() {
    let api = api().await;
    let read = format!("Bearer {READ}");
    assert_eq!(code(&api.post("/api/v1/tickets", &[("authorization", &read)], &report()).await), (403, "forbidden"));
    let (viewer, viewer_csrf) = api.session("viewer").await;
    let (operator, csrf) = api.session("operator").await;
    for (cookie, token, expected) in [
        (&viewer, &viewer_csrf, (403, "forbidden")),
        (&operator, &viewer_csrf, (403, "csrf")),
        (&operator, &String::new(), (403, "csrf")),
        (&operator, &csrf, (201, "")),
    ] {
        let headers = [("cookie", cookie.as_str()), ("x-csrf-token", token.as_str())];
        assert_eq!(code(&api.post("/api/v1/tickets", &headers, &report()).await), expected);
    }
}

#[tokio::test]
async fn a_write_that_is_sent_twice_is_done_once() {
    let api = api().await;
    let write = format!("Bearer {WRITE}");
    let headers = [("authorization", write.as_str()), ("idempotency-key", "k1")];
    let first = api.post("/api/v1/tickets", &headers, &report()).await;
    let second = api.post("/api/v1/tickets", &headers, &report()).await;
    assert_eq!(first.0, StatusCode::CREATED);
    assert_eq!(first, second, "the same answer, not `already_open`");
    let mut other = report();
    other["layanan"] = json!("jdih");
    let third = api.post("/api/v1/tickets", &headers, &other).await;
    assert_eq!(code(&third), (409, "idempotency_key_reused"));
    let (_, tickets) = api.get("/api/v1/tickets").await;
    assert_eq!(tickets["items"].as_array().map(Vec::len), Some(1));
}
