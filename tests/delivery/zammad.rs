//! Zammad's REST API, as far as a connector needs it (docs.zammad.org, tickets and articles).

use crate::desk::{Desk, Theirs, US};
use crate::faults::under;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post, put};
use serde_json::{Value, json};
use std::collections::HashMap;

pub(crate) const TOKEN: &str = "token-zammad";

pub(crate) fn router(desk: Desk) -> Router {
    Router::new()
        .route("/api/v1/users/me", get(me))
        .route("/api/v1/tickets/search", get(search))
        .route("/api/v1/tickets", post(create))
        .route("/api/v1/tickets/{id}", put(change))
        .route("/api/v1/ticket_articles", post(add))
        .route("/api/v1/ticket_articles/by_ticket/{id}", get(articles))
        .with_state(desk)
}

/// Number and id are two things there.
fn number(id: u64) -> String {
    format!("67{id:03}")
}

fn shown(ticket: &Theirs) -> Value {
    json!({
        "id": ticket.id, "number": number(ticket.id), "title": ticket.title, "state": ticket.state,
        "priority": ticket.priority, "owner": ticket.assignee.as_deref().unwrap_or("-"),
        "updated_at": written(ticket.changed), "updated_by": ticket.updater, "updated_by_id": id_of(&ticket.updater),
    })
}

/// The number of a user.
fn id_of(name: &str) -> u64 {
    if name == US { 3 } else { 4 + name.len() as u64 }
}

/// As Zammad writes instants.
fn written(at: i64) -> String {
    chrono::DateTime::from_timestamp(at, 0).unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

async fn me(State(desk): State<Desk>) -> Response<Body> {
    let answer = || (StatusCode::OK, json!({ "id": id_of(US), "login": US }).to_string());
    under(desk.fault(), answer).await
}

fn parsed(bytes: &Bytes) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}

async fn search(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response<Body> {
    let known = headers.get("authorization").is_some_and(|value| value == format!("Token token={TOKEN}").as_str());
    let fault = desk.fault();
    let answer = move || {
        if !known {
            return (StatusCode::UNAUTHORIZED, json!({ "error": "Not authorized" }).to_string());
        }
        let asked = query.get("query").map(String::as_str).unwrap_or_default();
        let found: Vec<Value> = match asked.strip_prefix("number:") {
            Some(wanted) => desk.tickets().iter().filter(|ticket| number(ticket.id) == wanted).map(shown).collect(),
            None if query.get("sort_by").is_some_and(|by| by == "updated_at") => {
                let ours = desk.newest_changed().into_iter().filter(|one| one.title.contains(asked.trim_matches('"')));
                ours.map(|ticket| shown(&ticket)).collect()
            }
            None => desk.search(asked.trim_matches('"')).iter().map(shown).collect(),
        };
        (StatusCode::OK, json!(found).to_string())
    };
    under(fault, answer).await
}

async fn create(State(desk): State<Desk>, bytes: Bytes) -> Response<Body> {
    let fault = desk.fault();
    let answer = move || {
        let body = parsed(&bytes);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (Some(title), Some(article)) = (text(&body["title"]), text(&body["article"]["body"])) else {
            return (StatusCode::UNPROCESSABLE_ENTITY, json!({ "error": "missing" }).to_string());
        };
        let id = desk.create(&title, "new", &article);
        desk.change(id, |ticket| ticket.priority = body["priority"].as_str().unwrap_or_default().to_owned());
        let made = desk.tickets().into_iter().find(|ticket| ticket.id == id);
        (StatusCode::CREATED, made.map(|ticket| shown(&ticket).to_string()).unwrap_or_default())
    };
    under(fault, answer).await
}

async fn change(State(desk): State<Desk>, Path(id): Path<u64>, bytes: Bytes) -> Response<Body> {
    let fault = desk.fault();
    let answer = move || {
        let body = parsed(&bytes);
        let there = desk.change(id, |ticket| {
            let fields =
                [("state", &mut ticket.state), ("title", &mut ticket.title), ("priority", &mut ticket.priority)];
            for (key, into) in fields {
                if let Some(value) = body[key].as_str() {
                    value.clone_into(into);
                }
            }
        });
        (if there { StatusCode::OK } else { StatusCode::NOT_FOUND }, json!({}).to_string())
    };
    under(fault, answer).await
}

async fn articles(State(desk): State<Desk>, Path(id): Path<u64>) -> Response<Body> {
    let fault = desk.fault();
    let answer = move || {
        let found = desk.tickets().into_iter().find(|ticket| ticket.id == id);
        let row = |(entry, (_, by, at)): (&String, &(String, String, i64))| {
            json!({ "ticket_id": id, "body": entry, "created_by": by, "created_by_id": id_of(by),
                    "created_at": written(*at), "internal": false })
        };
        let rows: Vec<Value> =
            found.map(|ticket| ticket.entries.iter().zip(&ticket.signed).map(row).collect()).unwrap_or_default();
        (StatusCode::OK, json!(rows).to_string())
    };
    under(fault, answer).await
}

async fn add(State(desk): State<Desk>, bytes: Bytes) -> Response<Body> {
    let fault = desk.fault();
    let answer = move || {
        let body = parsed(&bytes);
        let id = body["ticket_id"].as_u64().unwrap_or_default();
        desk.act(id, US, |ticket, at| ticket.enter("note", US, body["body"].as_str().unwrap_or_default(), at));
        (StatusCode::CREATED, json!({ "id": 1 }).to_string())
    };
    under(fault, answer).await
}
