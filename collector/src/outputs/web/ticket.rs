//! A ticket: the Formulir Penanganan Aduan with its fifteen fields as the regulation numbers them, its clocks, its log,
//! and the actions that its state allows. Which actions are offered is a convenience; what is legal the engine decides.

use super::elsewhere::{self, ElsewhereRow};
use super::evidence::EvidenceCard;
use super::example_clock;
use super::markup::Badge;
use super::page::{DueView, Page, resolution_due, response_due, ticket_state_badge};
use super::ticket_parts::{self, PartRow};
use super::tickets::{Choice, about, priority_label};
use crate::domain::catalogue::ServiceGroup;
use crate::domain::profile::{Impact, Profile};
use crate::domain::ticket::elsewhere::Known;
use crate::domain::ticket::evidence::Evidence;
use crate::domain::ticket::form_order::FormTimes;
use crate::domain::ticket::{Activity, ActivityText, Actor, Ticket, TicketRefusal, TicketScope, TicketState};
use crate::snapshot::Snapshot;
use crate::store::records::ExternalTicket;
use crate::texts::Texts;
use askama::Template;

/// Ways in which a reporter is heard and told (fields 3 and 13; G37): those of the profile but the monitoring system,
/// which is no person's choice.
pub(crate) fn methods(profile: &Profile) -> impl Iterator<Item = &str> {
    profile.reporting_methods.iter().map(String::as_str).filter(|code| *code != SYSTEM_METHOD)
}

/// The reporting method of a ticket that opened by itself.
const SYSTEM_METHOD: &str = "sistem_pemantauan";

/// A field of the form.
#[derive(Debug)]
pub(crate) struct FormField {
    pub(crate) number: u8,
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) badge: Option<Badge>,
}

/// An entry of the log.
#[derive(Debug)]
pub(crate) struct LogRow {
    pub(crate) at: String,
    pub(crate) who: String,
    pub(crate) system: bool,
    pub(crate) text: String,
}

/// A clock of the ticket.
#[derive(Debug)]
pub(crate) struct ClockRow {
    pub(crate) label: String,
    pub(crate) target: String,
    pub(crate) due: DueView,
}

/// Which actions the state allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offered {
    pub(crate) acknowledge: bool,
    pub(crate) comment: bool,
    pub(crate) estimate: bool,
    pub(crate) escalate: bool,
    pub(crate) cause: bool,
    pub(crate) confirm: bool,
    pub(crate) close: bool,
    pub(crate) cancel: bool,
    pub(crate) prioritise: bool,
}

impl Offered {
    /// The actions that a ticket takes now; none for someone who may not act.
    pub(crate) fn new(ticket: &Ticket, may_act: bool) -> Self {
        let state = ticket.state;
        // It may have climbed by itself before anybody answered.
        let unanswered = state == TicketState::Dieskalasi && ticket.first_response_at.is_none();
        let working = matches!(
            state,
            TicketState::Baru | TicketState::Ditanggapi | TicketState::Ditangani | TicketState::Dieskalasi
        );
        let over = matches!(state, TicketState::Ditutup | TicketState::Dibatalkan);
        Self {
            acknowledge: may_act && (state == TicketState::Baru || unanswered),
            comment: may_act && !over,
            estimate: may_act && working,
            escalate: may_act && working && state != TicketState::Dieskalasi,
            cause: may_act && !over,
            confirm: may_act && state == TicketState::Pulih,
            close: may_act && state == TicketState::SelesaiTerkonfirmasi,
            cancel: may_act && state.is_open(),
            prioritise: may_act && working,
        }
    }

    fn any(self) -> bool {
        self.comment || self.close || self.cancel
    }
}

/// What was said of the last action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActionNotice {
    pub(crate) refused: bool,
    pub(crate) text: String,
}

#[derive(Debug, Template)]
#[template(path = "ticket.html")]
struct TicketPage {
    page: Page,
    number: String,
    about: String,
    about_href: String,
    symptom: String,
    priority: u8,
    priority_label: String,
    badge: Badge,
    fields: Vec<FormField>,
    clocks: Vec<ClockRow>,
    times: Vec<(String, String)>,
    related: Option<String>,
    log: Vec<LogRow>,
    evidence: EvidenceCard,
    links: Vec<ElsewhereRow>,
    /// What people at help desks said of its end.
    offers: Vec<String>,
    /// Other priorities that it may be given.
    priorities: Vec<Choice>,
    parts: Vec<PartRow>,
    merge_into: Vec<Choice>,
    offered: Offered,
    actions: bool,
    methods: Vec<Choice>,
    categories: Vec<Choice>,
    notice: Option<ActionNotice>,
    /// Rules of the order of the form's times that it breaks, in words.
    order_faults: Vec<String>,
    estimate_default: String,
}

/// What stands around a ticket.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Around<'a> {
    /// How receivers call it.
    pub(crate) links: &'a [ExternalTicket],
    /// How it stands there.
    pub(crate) elsewhere: &'a [(String, Known)],
    /// What it was opened on.
    pub(crate) evidence: Option<&'a Evidence>,
}

/// What is wrong with the order of its times (regulation 3.5).
fn order_faults(texts: Texts, ticket: &Ticket) -> Vec<String> {
    let faults = FormTimes::from(ticket).faults();
    faults.iter().map(|fault| crate::review::form::order_fault(texts, fault.code())).collect()
}

/// The page as HTML. `notice` says what became of the reader's action.
pub(crate) fn render(
    page: Page,
    snapshot: &Snapshot,
    ticket: &Ticket,
    activities: &[Activity],
    around: Around<'_>,
    notice: Option<ActionNotice>,
) -> Result<String, askama::Error> {
    let texts = page.texts;
    let now = page.now;
    let offered = Offered::new(ticket, page.may_act());
    let priority = ticket.priority.number();
    TicketPage {
        number: ticket.number.to_string(),
        order_faults: order_faults(texts, ticket),
        about: about(texts, snapshot, &ticket.key.scope),
        about_href: about_href(snapshot, &ticket.key.scope),
        symptom: texts.phrase(&ticket.symptom),
        priority,
        priority_label: priority_label(texts, priority),
        badge: ticket_state_badge(texts, ticket.state),
        fields: fields(texts, snapshot, ticket, activities.len()),
        clocks: [
            Some(ClockRow {
                label: texts.get("clock-response"),
                target: target(texts, ticket.response_target.map(|target| target.seconds)),
                due: response_due(texts, ticket, now),
            }),
            example_clock::row(texts, snapshot, ticket, now),
            Some(ClockRow {
                label: texts.get("clock-resolution"),
                target: target(texts, ticket.resolution_target.map(|target| target.seconds)),
                due: resolution_due(texts, ticket, now),
            }),
        ]
        .into_iter()
        .flatten()
        .collect(),
        times: times(texts, snapshot, ticket),
        related: ticket.life.related.map(|number| number.to_string()),
        log: activities.iter().rev().map(|activity| log_row(texts, activity)).collect(),
        evidence: EvidenceCard::new(texts, snapshot, ticket, around.evidence),
        links: elsewhere::rows(texts, around.links, around.elsewhere),
        offers: elsewhere::offers(texts, ticket, around.elsewhere),
        priorities: priority_choices(texts, ticket),
        parts: ticket_parts::parts(texts, snapshot, ticket, now),
        merge_into: if offered.cancel { ticket_parts::merge_choices(texts, snapshot, ticket) } else { Vec::new() },
        offered,
        actions: offered.any(),
        methods: method_choices(texts, &snapshot.profile, ticket.confirmation_method.as_deref().unwrap_or("telepon")),
        categories: category_choices(texts, &snapshot.profile.categories, &ticket.category),
        notice,
        estimate_default: local_input(texts, ticket.estimated_at.unwrap_or(now.plus_secs(2 * 3600))),
        page,
    }
    .render()
}

/// The priorities that a ticket does not have.
fn priority_choices(texts: Texts, ticket: &Ticket) -> Vec<Choice> {
    let others = (1..=6_u8).filter(|number| *number != ticket.priority.number());
    others
        .map(|number| Choice { value: number.to_string(), label: priority_label(texts, number), selected: false })
        .collect()
}

fn target(texts: Texts, seconds: Option<u32>) -> String {
    seconds.map_or_else(
        || texts.get("not-set"),
        |seconds| texts.text("less-than", &[("span", &texts.duration(seconds.into()))]),
    )
}

/// The value of a `datetime-local` input: local wall time.
pub(super) fn local_input(texts: Texts, at: pantau_shared::timestamp::Timestamp) -> String {
    at.to_utc().with_timezone(&texts.zone()).format("%Y-%m-%dT%H:%M").to_string()
}

/// Where more is said of what a ticket is about; the list where it is no longer in the catalogue or enrolled.
fn about_href(snapshot: &Snapshot, scope: &TicketScope) -> String {
    match scope {
        TicketScope::Service(id) if snapshot.catalogue.service(id).is_some() => format!("/services/{id}"),
        TicketScope::Service(_) => "/".to_owned(),
        TicketScope::Host(id, _) if snapshot.hosts.iter().any(|host| host.id == *id) => format!("/hosts/{id}"),
        TicketScope::Host(..) | TicketScope::Site => "/hosts".to_owned(),
        TicketScope::Check(id) => match snapshot.catalogue.check(id) {
            Some((service, _)) => format!("/services/{}", service.id),
            None => "/".to_owned(),
        },
        TicketScope::Alert(_) => "/tickets".to_owned(),
        TicketScope::Rule(rule) => format!("/rules/{}", rule.code()),
        TicketScope::Backup(id) if snapshot.catalogue.backup_set(id).is_some() => format!("/backups/{id}"),
        TicketScope::Backup(_) => "/backups".to_owned(),
    }
}

/// The label of a code of the profile's list; the code itself where the office added its own.
pub(crate) fn code_label(texts: Texts, list: &str, code: &str) -> String {
    let id = format!("{list}-{}", code.replace('_', "-"));
    let label = texts.get(&id);
    if label == id { code.replace('_', " ") } else { label }
}

/// The choices of fields 3 and 13.
pub(crate) fn method_choices(texts: Texts, profile: &Profile, selected: &str) -> Vec<Choice> {
    methods(profile)
        .map(|code| Choice {
            value: code.to_owned(),
            label: code_label(texts, "method", code),
            selected: code == selected,
        })
        .collect()
}

/// The choices of field 4.
pub(crate) fn category_choices(texts: Texts, codes: &[String], selected: &str) -> Vec<Choice> {
    codes
        .iter()
        .map(|code| Choice {
            value: code.clone(),
            label: code_label(texts, "category", code),
            selected: code == selected,
        })
        .collect()
}

/// The fifteen fields in the order of the form.
fn fields(texts: Texts, snapshot: &Snapshot, ticket: &Ticket, entries: usize) -> Vec<FormField> {
    let dash = || "–".to_owned();
    let list = |items: &[String]| if items.is_empty() { dash() } else { items.join(", ") };
    let impact_label = texts.get(&format!("impact-{}", ticket.impact.code()));
    let impact = match &ticket.impact_text {
        Some(text) => format!("{impact_label}: {text}"),
        None => format!("{impact_label}: {}", texts.get(impact_meaning(ticket.impact))),
    };
    let confirmed = ticket.confirmed_at.map_or_else(dash, |at| {
        let by = ticket.confirmed_by.clone().unwrap_or_default();
        let by = if ticket.has_lapsed() { texts.get("form-confirmed-by-nobody") } else { by };
        if by.is_empty() { texts.instant(at) } else { format!("{} · {by}", texts.instant(at)) }
    });
    let services: Vec<String> = ticket
        .affected_services
        .iter()
        .map(|id| snapshot.catalogue.service(id).map_or_else(|| id.to_string(), |service| service.name.clone()))
        .collect();
    let mut components = ticket.components.clone();
    components.extend(services);
    let log = texts.count("form-log-entries", entries);
    let values = [
        texts.instant(ticket.recorded_at),
        ticket.reporter.clone().unwrap_or_else(|| texts.get("reporter-system")),
        code_label(texts, "method", &ticket.reporting_method),
        code_label(texts, "category", &ticket.category),
        texts.phrase(&ticket.symptom),
        impact,
        priority_label(texts, ticket.priority.number()),
        ticket.cause.clone().unwrap_or_else(|| texts.get("cause-missing")),
        String::new(),
        list(&components),
        log,
        list(&ticket.handlers),
        ticket.confirmation_method.as_deref().map_or_else(dash, |code| code_label(texts, "method", code)),
        confirmed,
        ticket.closed_at.map_or_else(dash, |at| texts.instant(at)),
    ];
    (1..=15_u8)
        .zip(values)
        .map(|(number, value)| FormField {
            number,
            label: texts.get(&format!("form-field-{number}")),
            value,
            badge: (number == 9).then(|| ticket_state_badge(texts, ticket.state)),
        })
        .collect()
}

fn impact_meaning(impact: Impact) -> &'static str {
    match impact {
        Impact::Mayor => "impact-mayor-meaning",
        Impact::Minor => "impact-minor-meaning",
    }
}

/// The moments that are not fields of the form.
fn times(texts: Texts, snapshot: &Snapshot, ticket: &Ticket) -> Vec<(String, String)> {
    let told = [
        ("time-onset", Some(ticket.onset_at)),
        ("time-reported", Some(ticket.reported_at)),
        ("time-response", ticket.first_response_at),
        ("time-estimate", ticket.estimated_at),
        ("time-restored", ticket.restored_at),
        ("time-flapping", ticket.life.flapping_since),
        ("time-recovery-prompt", ticket.life.recovery_prompted_at),
    ];
    let mut times: Vec<(String, String)> =
        told.into_iter().filter_map(|(id, at)| Some((texts.get(id), texts.instant(at?)))).collect();
    if ticket.recurrences > 0 {
        times.push((texts.get("time-recurrences"), texts.number(ticket.recurrences.into())));
    }
    if ticket.life.occurrences > 1 {
        times.push((texts.get("time-occurrences"), texts.number(ticket.life.occurrences.into())));
    }
    times.push((texts.get("time-escalation"), escalation(texts, snapshot, ticket)));
    times.push((texts.get("time-sla"), ticket.sla_version.clone()));
    times
}

/// The level of Tabel 14 with its people.
fn escalation(texts: Texts, snapshot: &Snapshot, ticket: &Ticket) -> String {
    let level = ticket.life.escalation_level;
    let people = usize::from(level).checked_sub(1).and_then(|place| snapshot.profile.escalation.get(place));
    let people = people.map_or("", String::as_str);
    texts.text("time-escalation-level", &[("level", &level.to_string()), ("people", people)])
}

fn log_row(texts: Texts, activity: &Activity) -> LogRow {
    let (who, system) = match &activity.actor {
        Actor::System => (texts.get("actor-system"), true),
        Actor::Person(name) => (name.clone(), false),
    };
    let kind = texts.get(&format!("log-kind-{}", activity.kind));
    let text = match &activity.text {
        ActivityText::Phrase(phrase) => texts.phrase(phrase),
        ActivityText::Written(written) if written.is_empty() => kind,
        ActivityText::Written(written) => format!("{kind}: {written}"),
    };
    LogRow { at: texts.instant(activity.at), who, system, text }
}

/// A refusal in words for the one who acted.
pub(crate) fn refusal_text(texts: Texts, refusal: &TicketRefusal) -> String {
    match refusal {
        TicketRefusal::IllegalTransition { from, .. } => {
            texts.text("refused-transition", &[("state", &ticket_state_badge(texts, *from).label)])
        }
        TicketRefusal::SamePriority => texts.get("refused-priority"),
        TicketRefusal::BadMerge => texts.get("refused-merge"),
        TicketRefusal::BadSplit => texts.get("refused-split"),
        TicketRefusal::CauseMissing => texts.get("refused-cause"),
        TicketRefusal::BadText { max, .. } => texts.text("refused-text", &[("max", &max.to_string())]),
        TicketRefusal::BadTimes => texts.get("refused-times"),
        TicketRefusal::EstimateInPast => texts.get("refused-estimate"),
        TicketRefusal::UnknownCode { value, .. } => texts.text("refused-code", &[("value", value)]),
    }
}

/// What was typed into the form for a new ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct NewTicketForm {
    #[serde(default)]
    pub(crate) csrf: String,
    #[serde(default)]
    pub(crate) service: String,
    #[serde(default)]
    pub(crate) reporter: String,
    #[serde(default)]
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) category: String,
    #[serde(default)]
    pub(crate) impact: String,
    #[serde(default)]
    pub(crate) symptom: String,
    #[serde(default)]
    pub(crate) contact: String,
    #[serde(default)]
    pub(crate) impact_text: String,
    /// Local wall time, or empty.
    #[serde(default)]
    pub(crate) onset: String,
    /// Local wall time, or empty.
    #[serde(default)]
    pub(crate) reported: String,
}

#[derive(Debug, Template)]
#[template(path = "ticket_new.html")]
struct NewTicketPage {
    page: Page,
    form: NewTicketForm,
    services: Vec<Choice>,
    methods: Vec<Choice>,
    categories: Vec<Choice>,
    impacts: Vec<Choice>,
    error: Option<String>,
}

/// The form for a ticket that a person reports, with what was typed and what was wrong with it.
pub(crate) fn render_new(
    page: Page,
    snapshot: &Snapshot,
    form: NewTicketForm,
    error: Option<String>,
) -> Result<String, askama::Error> {
    let texts = page.texts;
    let group = |group: ServiceGroup| texts.get(&format!("group-{}", group.code().replace('_', "-")));
    NewTicketPage {
        services: snapshot
            .catalogue
            .services
            .iter()
            .map(|service| Choice {
                value: service.id.to_string(),
                label: format!("{} · {}", service.name, group(service.group)),
                selected: service.id.as_str() == form.service,
            })
            .collect(),
        methods: method_choices(texts, &snapshot.profile, &form.method),
        categories: category_choices(texts, &snapshot.profile.categories, &form.category),
        impacts: Impact::ALL
            .into_iter()
            .map(|impact| Choice {
                value: impact.code().to_owned(),
                label: format!(
                    "{} – {}",
                    texts.get(&format!("impact-{}", impact.code())),
                    texts.get(impact_meaning(impact))
                ),
                selected: impact.code() == form.impact,
            })
            .collect(),
        form,
        error,
        page,
    }
    .render()
}
