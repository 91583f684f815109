//! GLPI's `apirest.php`, as far as a connector needs it (API documentation of GLPI 10).

use crate::desk::{Desk, Theirs, US};
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
        .route("/apirest.php/getFullSession", get(me))
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

async fn me(State(desk): State<Desk>) -> Response<Body> {
    let answer = || (StatusCode::OK, json!({ "session": { "glpiID": number(US), "glpiname": US } }).to_string());
    under(desk.fault(), answer).await
}

/// The number of a user.
fn number(name: &str) -> u64 {
    if name == US { 7 } else { 8 + name.len() as u64 }
}

/// As GLPI writes instants: local, without saying so.
fn written(at: i64) -> String {
    let at = chrono::DateTime::from_timestamp(at, 0).unwrap_or_default();
    at.with_timezone(&chrono_tz::Asia::Jakarta).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Users by name where that was asked for.
fn user(name: &str, expanded: bool) -> Value {
    if expanded { json!(name) } else { json!(number(name)) }
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
        let mut found = desk.search(asked("criteria[0][value]"));
        if asked("sort") == "19" {
            found = desk.newest_changed();
        }
        let row = |ticket: &Theirs| json!({ "1": ticket.title, "2": ticket.id, "19": written(ticket.changed) });
        let rows: Vec<Value> = found.iter().map(row).collect();
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
            if let Some(urgency) = input["urgency"].as_u64() {
                ticket.priority = urgency.to_string();
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

async fn one(
    State(desk): State<Desk>,
    Path(id): Path<u64>,
    Query(query): Query<HashMap<String, String>>,
) -> Response<Body> {
    let expanded = query.contains_key("expand_dropdowns");
    let fault = desk.fault();
    let answer = move || match desk.tickets().into_iter().find(|ticket| ticket.id == id) {
        Some(ticket) => {
            let status = ticket.state.parse::<u64>().unwrap_or_default();
            let body = json!({
                "id": id, "name": ticket.title, "status": status, "is_deleted": 0, "date_mod": written(ticket.changed),
                "priority": ticket.priority.parse::<u64>().unwrap_or_default(),
                "users_id_lastupdater": user(&ticket.updater, expanded),
            });
            (StatusCode::OK, body.to_string())
        }
        None => (StatusCode::NOT_FOUND, json!(["ERROR_ITEM_NOT_FOUND", ""]).to_string()),
    };
    under(fault, answer).await
}

async fn entries(State(desk): State<Desk>, Path((id, kind)): Path<(u64, String)>) -> Response<Body> {
    let fault = desk.fault();
    let answer = move || {
        let found = desk.tickets().into_iter().find(|ticket| ticket.id == id);
        let Some(ticket) = found else { return (StatusCode::OK, "[]".to_owned()) };
        if kind == "Ticket_User" {
            let requester = json!({ "users_id": US, "type": 1 });
            let assigned = ticket.assignee.iter().map(|name| json!({ "users_id": name, "type": 2 }));
            let rows: Vec<Value> = std::iter::once(requester).chain(assigned).collect();
            return (StatusCode::OK, json!(rows).to_string());
        }
        let row = |(entry, (_, by, at)): (&String, &(String, String, i64))| {
            json!({ "items_id": id, "content": entry, "users_id": by, "date": written(*at),
                    "date_creation": written(*at), "is_private": 0, "status": 2 })
        };
        let all = ticket.entries.iter().zip(&ticket.signed);
        let rows: Vec<Value> = all.filter(|(_, (of, _, _))| *of == kind).map(row).collect();
        (StatusCode::OK, json!(rows).to_string())
    };
    under(fault, answer).await
}

async fn add(State(desk): State<Desk>, Path((id, kind)): Path<(u64, String)>, bytes: Bytes) -> Response<Body> {
    let fault = desk.fault();
    let answer = move || {
        let input = input(&bytes);
        desk.act(id, US, |ticket, at| {
            ticket.enter(&kind, US, input["content"].as_str().unwrap_or_default(), at);
            if kind == "ITILSolution" {
                "5".clone_into(&mut ticket.state);
            }
        });
        (StatusCode::CREATED, json!({ "id": 1, "message": "" }).to_string())
    };
    under(fault, answer).await
}
