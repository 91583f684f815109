//! A new ticket: by the monitoring from a condition, or by a person. Targets are copied at opening.
//!
//! Priority is Tabel 3 for the most urgent of the affected services; where none is known (a host without services),
//! the row *administrasi pemerintahan / normal* stands in. Automatic impact: a service that is down is Mayor;
//! everything else is Minor, also a silent host: what is lost is the watching, the service may well be running.

use super::condition::Condition;
use super::transition::Step;
use super::{Activity, ActivityText, Actor, Ticket, TicketLife, TicketNumber, TicketRefusal, TicketState};
use crate::domain::catalogue::{Catalogue, Service, ServiceClass, ServiceGroup, ServiceId};
use crate::domain::phrase::Phrase;
use crate::domain::profile::{Impact, Priority, Profile, TimeTarget};
use pantau_shared::timestamp::Timestamp;

/// Tabel 3 for the most urgent of `affected`.
pub fn priority_of(catalogue: &Catalogue, profile: &Profile, affected: &[ServiceId], impact: Impact) -> Priority {
    let services = affected.iter().filter_map(|id| catalogue.service(id));
    services
        .map(|s| profile.priority(impact, s.group, s.class))
        .min()
        .unwrap_or_else(|| profile.priority(impact, ServiceGroup::AdministrasiPemerintahan, ServiceClass::Normal))
}

/// Tabel 2, the shortest of the affected services that have one.
pub fn resolution_target(catalogue: &Catalogue, profile: &Profile, affected: &[ServiceId]) -> Option<TimeTarget> {
    let services: Vec<&Service> = affected.iter().filter_map(|id| catalogue.service(id)).collect();
    if services.is_empty() {
        return profile.resolution_target(ServiceGroup::AdministrasiPemerintahan, ServiceClass::Normal);
    }
    services.iter().filter_map(|s| profile.resolution_target(s.group, s.class)).min_by_key(|t| t.seconds)
}

/// Who answers for `affected` (field 12), each once.
pub fn handlers_of(catalogue: &Catalogue, affected: &[ServiceId]) -> Vec<String> {
    let mut handlers: Vec<String> = Vec::new();
    for service in affected.iter().filter_map(|id| catalogue.service(id)) {
        for name in service.service_administrators.iter().chain(&service.infrastructure_administrators) {
            if !handlers.contains(name) {
                handlers.push(name.clone());
            }
        }
    }
    handlers
}

/// What is reported, and by whom. Codes and texts are checked by the caller.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// Fields 2 and 3: name and method; `None` is the monitoring.
    pub reporter: Option<(&'a str, &'a str)>,
    /// Everything else.
    pub condition: &'a Condition,
    /// An earlier ticket of the same key.
    pub related: Option<TicketNumber>,
}

/// Opens a ticket; the number is that of the local year of `now`.
pub fn open(
    report: &Report<'_>,
    number: TicketNumber,
    catalogue: &Catalogue,
    profile: &Profile,
    now: Timestamp,
) -> (Ticket, Activity) {
    let condition = report.condition;
    let priority = priority_of(catalogue, profile, &condition.affected, condition.impact);
    let handlers = handlers_of(catalogue, &condition.affected);
    let ticket = Ticket {
        number,
        key: condition.key.clone(),
        state: TicketState::Baru,
        state_before_restored: None,
        onset_at: condition.onset_at.min(now),
        reported_at: now,
        recorded_at: now,
        first_response_at: None,
        estimated_at: None,
        restored_at: None,
        confirmed_at: None,
        confirmed_by: None,
        closed_at: None,
        reporter: report.reporter.map(|(name, _)| name.to_owned()),
        reporting_method: report.reporter.map_or("sistem_pemantauan", |(_, method)| method).to_owned(),
        category: condition.category.clone(),
        symptom: condition.symptom.clone(),
        impact: condition.impact,
        impact_text: None,
        priority,
        cause: None,
        components: condition.components.clone(),
        affected_services: condition.affected.clone(),
        members: Vec::new(),
        handlers,
        confirmation_method: None,
        response_target: profile.response_target(priority),
        resolution_target: resolution_target(catalogue, profile, &condition.affected),
        sla_version: profile.version.clone(),
        recurrences: 0,
        life: TicketLife { related: report.related, ..TicketLife::new(condition.onset_at.min(now)) },
        false_alarm: false,
        version: 1,
        holds_key: true,
    };
    let actor = report.reporter.map_or(Actor::System, |(name, _)| Actor::Person(name.to_owned()));
    let text = ActivityText::Phrase(Phrase::new("activity-opened"));
    (ticket, Activity { at: now, actor, kind: "opened".to_owned(), text })
}

/// The same disturbance is reported by one more person: an occurrence of the ticket that is open, not another ticket.
///
/// # Errors
/// [`TicketRefusal`] in a state that takes nothing any more.
pub fn report_again(
    ticket: &Ticket,
    (reporter, method): (&str, &str),
    symptom: &str,
    actor: &str,
    now: Timestamp,
) -> Result<(Ticket, Activity), TicketRefusal> {
    let mut after = ticket.clone();
    after.step(Step::Note)?;
    after.life.occurrences = after.life.occurrences.saturating_add(1);
    let text = Phrase::new("activity-reported-again")
        .with("reporter", reporter)
        .with("method", method)
        .with("text", symptom.trim());
    let activity = Activity {
        at: now.max(ticket.recorded_at),
        actor: Actor::Person(actor.to_owned()),
        kind: "reported_again".to_owned(),
        text: ActivityText::Phrase(text),
    };
    Ok((after, activity))
}
