//! Runner of kind `outbox`: the real connector against a help desk's double that answers, or gives up answering after it
//! has created the ticket. A delivery that is repeated is what a kill between sending and recording leads to.

use crate::case::{Case, GoldenFile};
use anyhow::{Context, bail, ensure};
use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use pantau_collector::config::receivers::{Receiver, ReceiverKind, ZammadSettings};
use pantau_collector::domain::ticket::TicketNumber;
use pantau_collector::engine::deliver::{Sender, Sent};
use pantau_collector::outputs::receivers::Receivers;
use pantau_collector::store::records::{DueMessage, OutboxMessage, OutboxRow};
use pantau_shared::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

const TARGET: &str = "meja";

/// As the engine writes it.
const OPENING: &str = r#"{
    "event": "opened", "version": 1, "correlation_id": "SPBE-GGN-2026-0001", "nomor": "SPBE-GGN-2026-0001", "versi": 1,
    "kunci_dedup": "service:x|akses", "kelas": "akses", "dicatat_pada": "2026-06-10T10:00:00+07:00",
    "dilaporkan_pada": "2026-06-10T10:00:00+07:00", "pelapor": "Sistem", "metode_pelaporan": "sistem_pemantauan",
    "kategori": "aplikasi", "gejala": "tidak dapat diakses", "dampak": "mayor", "uraian_dampak": null, "prioritas": 1,
    "penyebab": null, "status": "baru", "komponen": [], "layanan_terdampak": ["x"], "gangguan_tercakup": [],
    "penanggung": [], "metode_konfirmasi": null, "dikonfirmasi_pada": null, "dikonfirmasi_oleh": null,
    "ditutup_pada": null, "mulai_gangguan": "2026-06-10T10:00:00+07:00", "respons_pertama_pada": null,
    "estimasi_selesai": null, "pulih_pada": null, "target_tanggap_s": 900, "batas_tanggap_pada": null,
    "target_penyelesaian_s": null, "batas_penyelesaian_pada": null, "sla_versi": "1", "alarm_palsu": false,
    "kambuh": 0, "kejadian": 1, "tingkat_eskalasi": 1, "bergejolak_sejak": null, "kaji_drp_pada": null,
    "tiket_terkait": []
}"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    remote: String,
    lookup_before_retry: bool,
    deliveries: u32,
}

/// Titles of its tickets, and whether the next creation goes unanswered.
#[derive(Default)]
struct Desk {
    titles: Vec<String>,
    loses_answer: bool,
}

type Shared = Arc<Mutex<Desk>>;

fn shown((place, title): (usize, &String)) -> Value {
    json!({ "id": place + 1, "number": format!("67{place:03}"), "title": title, "state": "new" })
}

async fn search(State(desk): State<Shared>) -> Json<Value> {
    let desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
    Json(desk.titles.iter().enumerate().map(shown).collect())
}

async fn create(State(desk): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
    desk.titles.push(body["title"].as_str().unwrap_or_default().to_owned());
    if std::mem::take(&mut desk.loses_answer) {
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    let made = desk.titles.iter().enumerate().next_back().map(shown);
    (StatusCode::CREATED, Json(made.unwrap_or_default())).into_response()
}

async fn accept() -> Json<Value> {
    Json(json!({ "id": 1 }))
}

async fn none() -> Json<Value> {
    Json(json!([]))
}

/// The opening of a ticket, as the outbox has it.
fn opening(attempts: u32, reference: Option<String>) -> DueMessage {
    let ticket = TicketNumber { year: 2026, number: 1 };
    let message = OutboxMessage {
        ticket,
        target: TARGET.into(),
        version: 1,
        event: "opened".into(),
        payload: OPENING.into(),
        not_before: None,
    };
    let start = Timestamp::from_secs(1_781_000_000);
    DueMessage {
        row: OutboxRow {
            id: 1,
            message,
            created_at: start,
            attempts,
            next_attempt_at: start,
            state: "pending".into(),
            last_error: None,
            checked_by: None,
        },
        reference,
    }
}

async fn deliver(given: &Given) -> anyhow::Result<Value> {
    let loses_answer = match given.remote.as_str() {
        "ok" => false,
        "timeout_after_create" => true,
        other => bail!("remote `{other}` is not known"),
    };
    ensure!(given.lookup_before_retry, "the connector always looks up before a retry");
    let desk = Shared::new(Mutex::new(Desk { loses_answer, ..Desk::default() }));
    let router = Router::new()
        .route("/api/v1/tickets/search", get(search))
        .route("/api/v1/tickets", post(create))
        .route("/api/v1/tickets/{id}", get(accept).put(accept))
        .route("/api/v1/ticket_articles", post(accept))
        .route("/api/v1/ticket_articles/by_ticket/{id}", get(none))
        .with_state(Arc::clone(&desk));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let folder = tempfile::tempdir()?;
    let token_file = folder.path().join("rahasia");
    std::fs::write(&token_file, "token")?;
    let kind = ReceiverKind::Zammad(ZammadSettings {
        url,
        token_file,
        group: "Users".into(),
        poll_s: 0,
        customer: "pantau@bangka.go.id".into(),
    });
    let receivers = Arc::new(Receivers::new(&[Receiver { name: TARGET.into(), kind }])?);
    let mut reference = None;
    for attempt in 0..given.deliveries {
        let due = opening(attempt, reference.clone());
        match receivers.send(&due, due.row.created_at).await {
            Sent::Delivered(at_theirs) => reference = at_theirs.map(|r| r.reference).or(reference),
            Sent::RetryLater { .. } => {}
            Sent::Rejected(reason) => bail!("refused: {reason}"),
        }
    }
    serving.abort();
    let desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(json!({ "remote_tickets": desk.titles.len(), "linked": reference.is_some() }))
}

/// So many deliveries of one opening.
pub(crate) fn outbox(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: Given = case.given()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("a runtime")?.block_on(deliver(&given))
}
