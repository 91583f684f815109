//! Zammad's REST API, as far as a connector needs it (docs.zammad.org, tickets and articles).

use crate::desk::{Desk, Theirs};
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
    json!({ "id": ticket.id, "number": number(ticket.id), "title": ticket.title, "state": ticket.state })
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
            for (key, into) in [("state", &mut ticket.state), ("title", &mut ticket.title)] {
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
        let rows: Vec<Value> = found
            .map(|ticket| ticket.entries.iter().map(|entry| json!({ "ticket_id": id, "body": entry })).collect())
            .unwrap_or_default();
        (StatusCode::OK, json!(rows).to_string())
    };
    under(fault, answer).await
}

async fn add(State(desk): State<Desk>, bytes: Bytes) -> Response<Body> {
    let fault = desk.fault();
    let answer = move || {
        let body = parsed(&bytes);
        let id = body["ticket_id"].as_u64().unwrap_or_default();
        desk.change(id, |ticket| ticket.entries.push(body["body"].as_str().unwrap_or_default().to_owned()));
        (StatusCode::CREATED, json!({ "id": 1 }).to_string())
    };
    under(fault, answer).await
}
