//! A review from the store: loads the tickets of the period and of the window before it, judges them by the rules of
//! [`crate::domain::ticket::review`], lays out.

use super::document::*;
use crate::domain::calendar::period::Period;
use crate::domain::calendar::zone::local_date;
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::problem::Problem;
use crate::domain::profile::Profile;
use crate::domain::ticket::clock::EndBasis;
use crate::domain::ticket::form_order::FormTimes;
use crate::domain::ticket::noise::{Noise, noisiest};
use crate::domain::ticket::review::{self, RecurrencePolicy};
use crate::domain::ticket::{Ticket, TicketNumber};
use crate::store::{Reader, StoreError};
use pantau_shared::timestamp::Timestamp;

/// Tickets of a review that are read, the window before the period included.
pub const TICKETS_MAX: usize = 20_000;
/// Records of problems that are read, newest first.
pub const PROBLEMS_MAX: usize = 2_000;
/// Tickets in each of the lists of what wants a look.
const LISTED_MAX: usize = 100;

/// Of what a review is made.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The regulation in force.
    pub profile: &'a Profile,
    /// For the names of services.
    pub catalogue: &'a Catalogue,
    /// Which period.
    pub period: Period,
    /// What is known now is counted.
    pub now: Timestamp,
}

impl Site<'_> {
    fn name(&self, id: &ServiceId) -> String {
        self.catalogue.service(id).map_or_else(|| id.to_string(), |service| service.name.clone())
    }

    fn listed(&self, ticket: &Ticket) -> ListedTicket {
        ListedTicket {
            number: ticket.number.to_string(),
            state: ticket.state.code().to_owned(),
            services: ticket.affected_services.iter().map(|id| self.name(id)).collect(),
            recorded_at: ticket.recorded_at.as_secs(),
        }
    }
}

/// The review of the site's period, as far as it has passed.
///
/// # Errors
/// What the store says.
pub fn load(reader: &Reader, site: &Site<'_>) -> Result<Review, StoreError> {
    let policy = RecurrencePolicy::default();
    let window = site.period.interval(site.profile.time_zone);
    let before = window.from.plus_secs(-i64::from(policy.window_days) * 86_400);
    let tickets = reader.tickets_recorded(Interval::new(before, window.to), TICKETS_MAX)?;
    let problems = reader.problems(PROBLEMS_MAX)?;
    Ok(evaluate(site, &tickets, &problems))
}

/// The same of tickets and records that are at hand, `tickets` oldest first.
pub fn evaluate(site: &Site<'_>, tickets: &[Ticket], problems: &[Problem]) -> Review {
    let policy = RecurrencePolicy::default();
    let zone = site.profile.time_zone;
    let window = site.period.interval(zone);
    let of_period: Vec<&Ticket> = tickets.iter().filter(|ticket| window.contains(ticket.recorded_at)).collect();
    let figures = review::figures(of_period.iter().copied(), window, site.now);
    let restored = review::resolution_by(of_period.iter().copied(), EndBasis::Restored, site.now);
    let list = |wanted: &dyn Fn(&Ticket) -> bool| -> Vec<ListedTicket> {
        of_period.iter().filter(|t| wanted(t)).take(LISTED_MAX).map(|t| site.listed(t)).collect()
    };
    Review {
        format: FORMAT.to_owned(),
        legal_basis: site.profile.legal_basis.clone(),
        profile: site.profile.version.clone(),
        period: site.period.to_string(),
        from: window.from.as_secs(),
        to: window.to.as_secs(),
        zone: zone.name().to_owned(),
        made_at: site.now.as_secs(),
        window_days: policy.window_days,
        count_min: u32::try_from(policy.count_min).unwrap_or(u32::MAX),
        truncated: tickets.len() >= TICKETS_MAX,
        recurring: recurring(site, tickets, problems, window),
        rules: noisiest(of_period.iter().copied()).iter().map(rule).collect(),
        unconfirmed: list(&|t| {
            !t.false_alarm && t.restored_at.is_some() && t.confirmed_at.is_none() && t.state.is_open()
        }),
        lapsed: list(&|t| !t.false_alarm && t.has_lapsed()),
        reopened: list(&|t| !t.false_alarm && t.recurrences > 0),
        without_target: list(&|t| !t.false_alarm && t.resolution_target.is_none()),
        false_alarms: list(&|t| t.false_alarm),
        order_faults: of_period.iter().filter_map(|ticket| order_faults(ticket)).take(LISTED_MAX).collect(),
        problems: problems.iter().rev().filter_map(|problem| followed(site, problem, &of_period, window)).collect(),
        figures: Figures::new(figures, restored),
    }
}

fn shows(ticket: &Ticket, service: &str, cause: &str) -> bool {
    let affected = ticket.affected_services.iter().any(|id| id.as_str() == service);
    affected && !ticket.false_alarm && ticket.cause.as_deref() == Some(cause)
}

fn recurring(site: &Site<'_>, tickets: &[Ticket], problems: &[Problem], window: Interval) -> Vec<RecurringRow> {
    let found = review::recurring_in(review::occurrences(tickets), window, RecurrencePolicy::default());
    let row = |recurring: review::Recurring| {
        let of_both = |ticket: &&Ticket| shows(ticket, &recurring.service, &recurring.cause);
        let record = |problem: &&Problem| {
            problem.state.is_open() && problem.service.as_str() == recurring.service && problem.cause == recurring.cause
        };
        let service = ServiceId::parse(&recurring.service).ok();
        RecurringRow {
            service_name: service.map_or_else(|| recurring.service.clone(), |id| site.name(&id)),
            count: u32::try_from(recurring.count).unwrap_or(u32::MAX),
            tickets: tickets.iter().filter(of_both).map(|ticket| ticket.number.to_string()).collect(),
            problem: problems.iter().find(record).map(|problem| problem.number),
            service: recurring.service,
            cause: recurring.cause,
        }
    };
    let mut rows: Vec<RecurringRow> = found.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows
}

fn rule(noise: &Noise) -> RuleRow {
    RuleRow {
        rule: noise.rule.code().to_owned(),
        tickets: noise.tickets,
        acted: noise.acted,
        acted_ppm: noise.acted_ppm(),
        false_alarms: noise.false_alarms,
        recurrences: noise.recurrences,
    }
}

fn order_faults(ticket: &Ticket) -> Option<OrderRow> {
    let faults: Vec<String> = FormTimes::from(ticket).faults().iter().map(|fault| fault.code().to_owned()).collect();
    (!faults.is_empty()).then(|| OrderRow { ticket: ticket.number.to_string(), faults })
}

/// A record as it stands, where it is of this review: open, or changed within the period; never one of later.
fn followed(site: &Site<'_>, problem: &Problem, of_period: &[&Ticket], window: Interval) -> Option<ProblemRow> {
    let is_known = problem.opened.at < window.to;
    let is_asked = problem.state.is_open() || window.from <= problem.changed.at;
    if !is_known || !is_asked {
        return None;
    }
    let again = of_period.iter().filter(|ticket| shows(ticket, problem.service.as_str(), &problem.cause)).count();
    Some(ProblemRow {
        number: problem.number,
        service: problem.service.to_string(),
        service_name: site.name(&problem.service),
        cause: problem.cause.clone(),
        evidence: problem.evidence.iter().map(TicketNumber::to_string).collect(),
        action: problem.action.clone(),
        owner: problem.owner.clone(),
        due: problem.due.map(|date| date.to_string()),
        state: problem.state.code().to_owned(),
        verification: problem.verification.clone(),
        overdue: problem.is_overdue(local_date(site.profile.time_zone, site.now)),
        carried: problem.opened.at < window.from,
        tickets_in_period: u32::try_from(again).unwrap_or(u32::MAX),
        opened_at: problem.opened.at.as_secs(),
        opened_by: problem.opened.by.clone(),
        changed_at: problem.changed.at.as_secs(),
        changed_by: problem.changed.by.clone(),
    })
}
