//! GLPI's `apirest.php`, as far as a connector needs it (API documentation of GLPI 10).

use crate::desk::Desk;
use crate::faults::under;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post, put};
use serde_json::{Value, json};
use std::collections::HashMap;

pub(crate) const USER_TOKEN: &str = "token-pengguna";
const SESSION: &str = "sesi-1";

pub(crate) fn router(desk: Desk) -> Router {
    Router::new()
        .route("/apirest.php/initSession", get(open))
        .route("/apirest.php/killSession", get(close))
        .route("/apirest.php/search/Ticket", get(search))
        .route("/apirest.php/Ticket", post(create))
        .route("/apirest.php/Ticket/{id}", put(change).get(one))
        .route("/apirest.php/Ticket/{id}/{kind}", get(entries).post(add))
        .with_state(desk)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn denied() -> (StatusCode, String) {
    (StatusCode::UNAUTHORIZED, json!(["ERROR_SESSION_TOKEN_INVALID", ""]).to_string())
}

fn input(bytes: &Bytes) -> Value {
    serde_json::from_slice::<Value>(bytes).map(|body| body["input"].clone()).unwrap_or_default()
}

async fn open(State(desk): State<Desk>, headers: HeaderMap) -> Response<Body> {
    let known = header(&headers, "authorization") == format!("user_token {USER_TOKEN}");
    let answer = move || {
        if known { (StatusCode::OK, json!({ "session_token": SESSION }).to_string()) } else { denied() }
    };
    under(desk.fault(), answer).await
}

async fn close() -> &'static str {
    "true"
}

async fn search(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response<Body> {
    let known = header(&headers, "session-token") == SESSION;
    let fault = desk.fault();
    let answer = move || {
        let asked = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        if !known {
            return denied();
        }
        assert_eq!((asked("criteria[0][field]"), asked("criteria[0][searchtype]")), ("1", "contains"));
        let found = desk.search(asked("criteria[0][value]"));
        let rows: Vec<Value> = found.iter().map(|ticket| json!({ "1": ticket.title, "2": ticket.id })).collect();
        // Without a hit there is no `data`.
        let body = if rows.is_empty() {
            json!({ "totalcount": 0, "count": 0 })
        } else {
            json!({ "totalcount": rows.len(), "count": rows.len(), "data": rows })
        };
        (StatusCode::OK, body.to_string())
    };
    under(fault, answer).await
}

async fn create(State(desk): State<Desk>, headers: HeaderMap, bytes: Bytes) -> Response<Body> {
    let known = header(&headers, "session-token") == SESSION;
    let fault = desk.fault();
    let answer = move || {
        let input = input(&bytes);
        let (Some(name), Some(content), true) = (input["name"].as_str(), input["content"].as_str(), known) else {
            return denied();
        };
        let id = desk.create(name, "1", content);
        (StatusCode::CREATED, json!({ "id": id, "message": "" }).to_string())
    };
    under(fault, answer).await
}

async fn change(State(desk): State<Desk>, Path(id): Path<u64>, bytes: Bytes) -> Response<Body> {
    let fault = desk.fault();
    let answer = move || {
        let input = input(&bytes);
        let there = desk.change(id, |ticket| {
            if let Some(status) = input["status"].as_u64() {
                ticket.state = status.to_string();
            }
            if let Some(name) = input["name"].as_str() {
                name.clone_into(&mut ticket.title);
            }
        });
        if there {
            (StatusCode::OK, json!([{ id.to_string(): true, "message": "" }]).to_string())
        } else {
            (StatusCode::NOT_FOUND, json!(["ERROR_ITEM_NOT_FOUND", ""]).to_string())
        }
    };
    under(fault, answer).await
}

async fn one(State(desk): State<Desk>, Path(id): Path<u64>) -> Response<Body> {
    let fault = desk.fault();
    let answer = move || match desk.tickets().into_iter().find(|ticket| ticket.id == id) {
        Some(ticket) => {
            let status = ticket.state.parse::<u64>().unwrap_or_default();
            (StatusCode::OK, json!({ "id": id, "name": ticket.title, "status": status, "is_deleted": 0 }).to_string())
        }
        None => (StatusCode::NOT_FOUND, json!(["ERROR_ITEM_NOT_FOUND", ""]).to_string()),
    };
    under(fault, answer).await
}

async fn entries(State(desk): State<Desk>, Path((id, _)): Path<(u64, String)>) -> Response<Body> {
    let fault = desk.fault();
    let answer = move || {
        let found = desk.tickets().into_iter().find(|ticket| ticket.id == id);
        let rows: Vec<Value> = found
            .map(|ticket| ticket.entries.iter().map(|entry| json!({ "items_id": id, "content": entry })).collect())
            .unwrap_or_default();
        (StatusCode::OK, json!(rows).to_string())
    };
    under(fault, answer).await
}

async fn add(State(desk): State<Desk>, Path((id, kind)): Path<(u64, String)>, bytes: Bytes) -> Response<Body> {
    let fault = desk.fault();
    let answer = move || {
        let input = input(&bytes);
        desk.change(id, |ticket| {
            ticket.entries.push(input["content"].as_str().unwrap_or_default().to_owned());
            if kind == "ITILSolution" {
                "5".clone_into(&mut ticket.state);
            }
        });
        (StatusCode::CREATED, json!({ "id": 1, "message": "" }).to_string())
    };
    under(fault, answer).await
}
