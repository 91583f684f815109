//! What a rule really opened in the window of its replay: from the tickets, newest pages first.

use super::{Line, Request, Site};
use crate::domain::rule::Rule;
use crate::domain::ticket::{Ticket, TicketKey, TicketScope};
use crate::store::records::TicketFilter;
use crate::store::{Reader, StoreError};
use crate::texts::Texts;
use pantau_shared::timestamp::Timestamp;

/// Tickets of one page.
const TICKETS_PAGE: usize = 1_000;
/// Pages that are looked through.
const PAGES_MAX: usize = 50;

/// What the rule opened in the window about the subjects that are asked for.
pub(super) fn load(reader: &Reader, site: &Site<'_>, request: &Request, texts: Texts) -> Result<Vec<Line>, StoreError> {
    let filter = TicketFilter { class: Some(request.rule.class()), ..TicketFilter::default() };
    let (mut lines, mut before) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let page = reader.tickets(&filter, before, TICKETS_PAGE)?;
        before = page.last().map(|ticket| ticket.number);
        let older = page.last().is_none_or(|ticket| ticket.recorded_at < request.window.from);
        let of_it = page.iter().filter(|ticket| is_asked(site, request, ticket));
        lines.extend(of_it.map(|ticket| real(site, ticket, texts)));
        if older || page.len() < TICKETS_PAGE {
            break;
        }
    }
    lines.sort_by(|a: &Line, b| (a.opened_ms, &a.key).cmp(&(b.opened_ms, &b.key)));
    Ok(lines)
}

fn is_asked(site: &Site<'_>, request: &Request, ticket: &Ticket) -> bool {
    let TicketKey { scope, class } = &ticket.key;
    let host = match scope {
        TicketScope::Host(id, _) => Some(id),
        TicketScope::Service(_)
        | TicketScope::Check(_)
        | TicketScope::Backup(_)
        | TicketScope::Alert(_)
        | TicketScope::Site
        | TicketScope::Rule(_) => None,
    };
    let of_service = |id| {
        ticket.affected_services.contains(id)
            || host.is_some_and(|host| site.catalogue.service(id).is_some_and(|s| s.hosts.contains(host)))
    };
    ticket.reporter.is_none()
        && request.window.contains(ticket.recorded_at)
        && Rule::of(scope, *class, ticket.impact) == Some(request.rule)
        && request.host.as_ref().is_none_or(|asked| host == Some(asked))
        && request.service.as_ref().is_none_or(of_service)
}

fn real(site: &Site<'_>, ticket: &Ticket, texts: Texts) -> Line {
    Line {
        number: Some(ticket.number.to_string()),
        about: site.about(&ticket.key.scope),
        key: ticket.key.to_string(),
        symptom: texts.phrase(&ticket.symptom),
        onset_ms: ticket.onset_at.as_ms(),
        opened_ms: ticket.recorded_at.as_ms(),
        restored_ms: ticket.restored_at.map(Timestamp::as_ms),
        recurrences: ticket.recurrences,
        priority: ticket.priority.number(),
        folded: false,
    }
}
