//! Handlers of the rules' pages: the list, one rule with its replay, and letting a rule begin.

use super::WebState;
use super::actions::admit;
use super::page::Section;
use super::rule::{self, ROWS_MAX, RuleData, refusal};
use super::rules;
use super::visit::{Failure, Known, Visit, read};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::rule::Rule;
use crate::replay::{self, Request, Tried};
use crate::rule_list;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use pantau_shared::ids::HostId;
use std::collections::BTreeMap;

/// Longest window of a page's replay, in days; the command line may ask for more.
const DAYS_MAX: u32 = 92;

type Asked = BTreeMap<String, String>;

pub(super) async fn list(Known { visit, .. }: Known, State(state): State<WebState>) -> Result<Response, Failure> {
    let (store, snapshot, now) = (state.app.store.clone(), visit.snapshot.clone(), visit.now);
    let standings = read(&visit, move || store.read(|reader| rule_list::load(reader, &snapshot, now))).await?;
    let page = visit.page(Section::Tickets, visit.texts.get("rules-title"));
    visit.html(rules::render(page, &standings))
}

pub(super) async fn one(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let rule = Rule::parse(&code).ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    let (store, snapshot, now) = (state.app.store.clone(), visit.snapshot.clone(), visit.now);
    let (standing, held) = read(&visit, move || {
        store.read(|reader| {
            let standing = rule_list::load(reader, &snapshot, now)?.into_iter().find(|standing| standing.rule == rule);
            Ok((standing, reader.held_back_of(rule, now.plus_secs(-86_400 * rule_list::DAYS), ROWS_MAX)?))
        })
    })
    .await?;
    let standing = standing.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    let (replay, refused) = match asked.contains_key("replay").then(|| request(&visit, rule, &asked)) {
        None => (None, None),
        Some(Err(words)) => (None, Some(words)),
        Some(Ok(request)) => {
            let found = replay::ask(&state.app, visit.snapshot.clone(), request, visit.texts).await;
            match found.map_err(|error| visit.failed(&error))? {
                Some(replay) => (Some(replay), None),
                None => (None, Some(visit.texts.get("replay-busy"))),
            }
        }
    };
    let page = visit.page(Section::Tickets, replay::text::name(visit.texts, rule));
    let begun = asked.contains_key("done");
    let data = RuleData { standing: &standing, held: &held, asked: &asked, replay: replay.as_ref(), refused, begun };
    visit.html(rule::render(page, &visit.snapshot, &data))
}

/// What is asked, or in words why not.
fn request(visit: &Visit, rule: Rule, asked: &Asked) -> Result<Request, String> {
    let given = |name: &str| asked.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let bad =
        |name: &str| visit.texts.text("replay-bad-value", &[("name", name), ("value", given(name).unwrap_or(""))]);
    let days = given("days")
        .map_or(Some(replay::DAYS), |text| text.parse::<u32>().ok().filter(|days| (1..=DAYS_MAX).contains(days)));
    let host = given("host").map(|text| {
        let known = visit.snapshot.hosts.iter().find(|host| host.id.as_str() == text || host.name == text);
        known.map(|host| host.id.clone()).or_else(|| HostId::parse(text).ok()).ok_or_else(|| bad("host"))
    });
    let service = given("service").map(|text| {
        let services = &visit.snapshot.catalogue.services;
        let known: Option<ServiceId> =
            services.iter().find(|s| s.id.as_str() == text || s.name == text).map(|s| s.id.clone());
        known.ok_or_else(|| bad("service"))
    });
    let names = Tried::names(rule);
    let pairs = names.iter().filter_map(|name| Some((*name, given(name)?)));
    let tried = Tried::parse(rule, pairs).map_err(|error| refusal(visit.texts, &error))?;
    let from = visit.now.plus_secs(-86_400 * i64::from(days.ok_or_else(|| bad("days"))?));
    let window = Interval::new(from, visit.now);
    Ok(Request { rule, window, host: host.transpose()?, service: service.transpose()?, tried })
}

/// The form's token.
#[derive(Debug, serde::Deserialize)]
pub(super) struct BeginForm {
    #[serde(default)]
    csrf: String,
}

pub(super) async fn begin(
    known: Known,
    State(state): State<WebState>,
    Path(code): Path<String>,
    Form(form): Form<BeginForm>,
) -> Result<Response, Failure> {
    admit(&known, &form.csrf)?;
    let visit = &known.visit;
    let rule = Rule::parse(&code).filter(|rule| rule.is_observed());
    let rule = rule.ok_or_else(|| visit.refuse(StatusCode::NOT_FOUND))?;
    if !known.reader.role.may_approve() {
        return Err(visit.refuse(StatusCode::FORBIDDEN));
    }
    let begun = state.app.engine.begin_rule(rule, known.reader.name.clone()).await;
    begun.map_err(|error| visit.command_failed(&error))?;
    Ok(Redirect::to(&format!("/rules/{}?done=1", rule.code())).into_response())
}
