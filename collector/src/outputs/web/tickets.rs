//! The list of tickets: filtered by state and priority, sorted by priority or by what is due first (G04).

use super::markup::Badge;
use super::page::{DueView, Page, next_due, ticket_state_badge};
use crate::domain::ticket::{Ticket, TicketScope, TicketState};
use crate::snapshot::Snapshot;
use crate::texts::Texts;
use askama::Template;
use pantau_shared::timestamp::Timestamp;

/// Most tickets on one page.
pub(crate) const PAGE_MAX: usize = 200;

/// A ticket in a list.
#[derive(Debug)]
pub(crate) struct TicketRow {
    pub(crate) href: String,
    pub(crate) number: String,
    pub(crate) priority: u8,
    pub(crate) priority_label: String,
    pub(crate) symptom: String,
    pub(crate) about: String,
    pub(crate) badge: Badge,
    pub(crate) reported: String,
    pub(crate) due: DueView,
    /// What the shown clock measures: response or solution.
    pub(crate) due_kind: String,
}

/// What the reader asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct TicketQuery {
    /// `open` (default), `all`, or a state's code.
    #[serde(default)]
    pub(crate) state: String,
    /// `1` to `6`, or empty for all.
    #[serde(default)]
    pub(crate) priority: String,
    /// `priority` (default) or `due`.
    #[serde(default)]
    pub(crate) sort: String,
}

impl TicketQuery {
    /// The states asked for; empty is all.
    pub(crate) fn states(&self) -> Vec<TicketState> {
        match self.state.as_str() {
            "all" => Vec::new(),
            code => match TicketState::parse(code) {
                Some(state) => vec![state],
                None => TicketState::ALL.into_iter().filter(|state| state.is_open()).collect(),
            },
        }
    }

    /// The priority asked for.
    pub(crate) fn priority(&self) -> Option<u8> {
        self.priority.parse().ok().filter(|number| (1..=6).contains(number))
    }
}

/// One choice of a list.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) selected: bool,
}

#[derive(Debug, Template)]
#[template(path = "tickets.html")]
struct TicketsPage {
    page: Page,
    rows: Vec<TicketRow>,
    /// Restored ones that only a person can end.
    unconfirmed: Vec<TicketRow>,
    states: Vec<Choice>,
    priorities: Vec<Choice>,
    sorts: Vec<Choice>,
    filtered: bool,
    full: bool,
}

/// The page as HTML.
pub(crate) fn render(
    page: Page,
    snapshot: &Snapshot,
    query: &TicketQuery,
    tickets: &[Ticket],
) -> Result<String, askama::Error> {
    let texts = page.texts;
    let mut sorted: Vec<&Ticket> = tickets.iter().collect();
    if query.sort == "due" {
        sorted.sort_by_key(|ticket| due_key(ticket));
    } else {
        sorted.sort_by_key(|ticket| (!ticket.state.is_open(), ticket.priority, ticket.reported_at));
    }
    let rows = sorted.into_iter().map(|ticket| row(texts, snapshot, ticket, page.now)).collect();
    let choice = |value: &str, label: String, selected| Choice { value: value.to_owned(), label, selected };
    let mut states = vec![
        choice("open", texts.get("filter-open"), !matches!(query.state.as_str(), "all")),
        choice("all", texts.get("filter-all"), query.state == "all"),
    ];
    for state in TicketState::ALL {
        let selected = query.state == state.code();
        if selected {
            states[0].selected = false;
        }
        states.push(choice(state.code(), ticket_state_badge(texts, state).label, selected));
    }
    let mut priorities = vec![choice("", texts.get("filter-all-priorities"), query.priority().is_none())];
    for number in 1..=6_u8 {
        let label = priority_label(texts, number);
        priorities.push(choice(&number.to_string(), label, query.priority() == Some(number)));
    }
    let sorts = vec![
        choice("priority", texts.get("sort-priority"), query.sort != "due"),
        choice("due", texts.get("sort-due"), query.sort == "due"),
    ];
    let waiting = snapshot.tickets.iter().filter(|ticket| ticket.state == TicketState::Pulih);
    let unconfirmed = waiting.take(PAGE_MAX).map(|ticket| row(texts, snapshot, ticket, page.now)).collect();
    let filtered = *query != TicketQuery::default();
    TicketsPage { page, rows, unconfirmed, states, priorities, sorts, filtered, full: tickets.len() >= PAGE_MAX }
        .render()
}

/// Running clocks first, by the instant at which they run out.
fn due_key(ticket: &Ticket) -> (bool, Timestamp) {
    let due = if ticket.first_response_at.is_none() { ticket.response_due_at() } else { ticket.resolution_due_at() };
    (!ticket.state.is_open() || due.is_none(), due.unwrap_or(ticket.reported_at))
}

/// "Prioritas 1".
pub(crate) fn priority_label(texts: Texts, number: u8) -> String {
    texts.text("priority-value", &[("number", &number.to_string())])
}

/// A ticket as a row of any list.
pub(crate) fn row(texts: Texts, snapshot: &Snapshot, ticket: &Ticket, now: Timestamp) -> TicketRow {
    let priority = ticket.priority.number();
    TicketRow {
        href: format!("/tickets/{}", ticket.number),
        number: ticket.number.to_string(),
        priority,
        priority_label: priority_label(texts, priority),
        symptom: texts.phrase(&ticket.symptom),
        about: about(texts, snapshot, &ticket.key.scope),
        badge: ticket_state_badge(texts, ticket.state),
        reported: texts.instant_short(ticket.reported_at),
        due: next_due(texts, ticket, now),
        due_kind: texts.get(if ticket.first_response_at.is_none() { "due-response" } else { "due-resolution" }),
    }
}

/// What a ticket is about, by the name that people know.
pub(crate) fn about(texts: Texts, snapshot: &Snapshot, scope: &TicketScope) -> String {
    match scope {
        TicketScope::Service(id) => {
            snapshot.catalogue.service(id).map_or_else(|| id.to_string(), |service| service.name.clone())
        }
        TicketScope::Host(id, part) => {
            let host = snapshot.hosts.iter().find(|host| host.id == *id);
            let name = host.map_or_else(|| id.to_string(), |host| host.name.clone());
            if part.is_empty() { name } else { format!("{name} · {part}") }
        }
        TicketScope::Backup(id) => {
            let mut sets = snapshot.catalogue.services.iter().flat_map(|service| &service.backups);
            sets.find(|set| set.id == *id).map_or_else(|| id.to_string(), |set| set.name.clone())
        }
        TicketScope::Check(id) => snapshot
            .catalogue
            .check(id)
            .map_or_else(|| id.to_string(), |(service, check)| format!("{} · {}", service.name, check.name)),
        TicketScope::Alert(_) => texts.get("about-alert"),
        TicketScope::Site => texts.get("about-site"),
        TicketScope::Rule(rule) => texts.get(&format!("rule-{}", rule.code().replace('_', "-"))),
    }
}
