//! Runners of what follows from a ticket's times: escalation, the order of the form, the example SLA, who ends a clock,
//! what counts as an answer, and the figures of the periodic review.

use crate::calendars;
use crate::case::{Case, GoldenFile, Instant, Span};
use anyhow::{Context, bail};
use chrono::NaiveDate;
use pantau_collector::config::profile::bangka_2025;
use pantau_collector::domain::catalogue::{Catalogue, ServiceClass, ServiceGroup};
use pantau_collector::domain::phrase::Phrase;
use pantau_collector::domain::profile::{Impact, Operator, Priority, Profile, TimeTarget};
use pantau_collector::domain::ticket::clock::{ClockVerdict, EndBasis};
use pantau_collector::domain::ticket::condition::Condition;
use pantau_collector::domain::ticket::escalation::{EscalationPolicy, EscalationReason};
use pantau_collector::domain::ticket::example_sla::{
    BeforeOpening, Counting, DayBound, Reading, Urgency, response_due_at,
};
use pantau_collector::domain::ticket::form_order::FormTimes;
use pantau_collector::domain::ticket::open::{Report, open};
use pantau_collector::domain::ticket::review::{self, Occurrence, RecurrencePolicy};
use pantau_collector::domain::ticket::transition::act;
use pantau_collector::domain::ticket::{Ticket, TicketAction, TicketKey, TicketNumber};
use pantau_shared::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

fn group(name: &str) -> anyhow::Result<ServiceGroup> {
    match name {
        "publik" => Ok(ServiceGroup::Publik),
        "administrasi" => Ok(ServiceGroup::AdministrasiPemerintahan),
        other => bail!("group `{other}` is not known"),
    }
}

fn class(name: &str) -> anyhow::Result<ServiceClass> {
    ServiceClass::parse(name).with_context(|| format!("class `{name}` is not known"))
}

/// A ticket that the monitoring opened at `reported`.
fn opened_at(reported: Timestamp, profile: &Profile) -> Ticket {
    let condition = Condition {
        key: TicketKey::parse("service:x|akses").expect("a valid key"),
        impact: Impact::Mayor,
        onset_at: reported,
        symptom: Phrase::new("symptom-service-down"),
        category: "aplikasi".to_owned(),
        components: Vec::new(),
        affected: Vec::new(),
        flapping_since: None,
    };
    let number = TicketNumber { year: 2026, number: 1 };
    open(
        &Report { reporter: None, condition: &condition, related: None },
        number,
        &Catalogue::empty(),
        profile,
        reported,
    )
    .0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EscalationGiven {
    reported_at: Instant,
    dampak: String,
    kelompok: String,
    klasifikasi: String,
    first_response_at: Option<Instant>,
    restored_at: Option<Instant>,
    confirmed_at: Option<Instant>,
    as_of: Instant,
}

/// The levels reached, with their moments and reasons.
pub(crate) fn escalation(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: EscalationGiven = case.given()?;
    let profile = bangka_2025();
    let impact = Impact::ALL.into_iter().find(|i| i.code() == given.dampak).context("dampak")?;
    let (group, class) = (group(&given.kelompok)?, class(&given.klasifikasi)?);
    let ticket = Ticket {
        response_target: profile.response_target(profile.priority(impact, group, class)),
        resolution_target: profile.resolution_target(group, class),
        first_response_at: given.first_response_at.map(|at| at.0),
        restored_at: given.restored_at.map(|at| at.0),
        confirmed_at: given.confirmed_at.map(|at| at.0),
        ..opened_at(given.reported_at.0, &profile)
    };
    let reached = ticket.escalations(EscalationPolicy::default(), given.as_of.0);
    let shown = reached.into_iter().map(|e| json!([e.level, e.at.to_string(), reason(e.reason)]));
    Ok(shown.collect())
}

fn reason(reason: EscalationReason) -> String {
    match reason {
        EscalationReason::Opened => "dibuka".to_owned(),
        EscalationReason::ResponsePassed => "target waktu tanggap terlewati".to_owned(),
        EscalationReason::ResolutionShare(percent) => format!("{percent} % target penyelesaian"),
        EscalationReason::ResolutionPassed => "target penyelesaian terlewati".to_owned(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormGiven {
    mulai_gangguan: Instant,
    pencatatan: Instant,
    respons_pertama: Option<Instant>,
    pulih: Option<Instant>,
    konfirmasi: Option<Instant>,
    penutupan: Option<Instant>,
}

/// Which orders are broken.
pub(crate) fn form_order(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: FormGiven = case.given()?;
    let at = |at: Option<Instant>| at.map(|at| at.0);
    let times = FormTimes {
        onset_at: given.mulai_gangguan.0,
        recorded_at: given.pencatatan.0,
        first_response_at: at(given.respons_pertama),
        restored_at: at(given.pulih),
        confirmed_at: at(given.konfirmasi),
        closed_at: at(given.penutupan),
    };
    Ok(times.faults().into_iter().map(|fault| json!(fault.code())).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleGiven {
    reported_at: Instant,
    urgensi: u8,
    pendampingan_lokasi: bool,
    config: ReadingGiven,
    calendar: String,
    holidays: Vec<NaiveDate>,
    response_at: Option<Instant>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ReadingGiven {
    hitung: Option<String>,
    sebelum_buka: Option<String>,
    batas: Option<String>,
}

impl ReadingGiven {
    fn reading(&self) -> anyhow::Result<Reading> {
        Ok(Reading {
            counting: match self.hitung.as_deref() {
                None | Some("jam_kerja") => Counting::WorkingTime,
                Some("jam_dinding") => Counting::ClockTime,
                Some(other) => bail!("hitung `{other}` is not known"),
            },
            before_opening: match self.sebelum_buka.as_deref() {
                None | Some("hari_ini") => BeforeOpening::SameDay,
                Some("hari_kerja_berikutnya" | "besok") => BeforeOpening::NextDay,
                Some(other) => bail!("sebelum_buka `{other}` is not known"),
            },
            bound: match self.batas.as_deref() {
                None | Some("akhir_jam_kerja") => DayBound::Closing,
                Some("awal_jam_kerja") => DayBound::Opening,
                Some(other) => bail!("batas `{other}` is not known"),
            },
        })
    }
}

/// Tabel 12.
pub(crate) fn tabel12(file: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: ExampleGiven = case.given()?;
    let calendar = calendars::resolve(&file.calendars, Some(&given.calendar), None, &[], &given.holidays, false)?;
    let urgency = Urgency::new(given.urgensi).context("urgensi")?;
    let reading = given.config.reading()?;
    let due = response_due_at(given.reported_at.0, urgency, given.pendampingan_lokasi, &calendar, reading)?;
    let operator = match urgency.resolution_target().operator {
        Operator::Below => "<",
        Operator::AtMost => "<=",
    };
    let met = given.response_at.map(|at| at.0 <= due);
    Ok(json!({ "due_at": due.to_string(), "operator": operator, "met": met }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndGiven {
    reported_at: Instant,
    restored_at: Instant,
    confirmed_at: Instant,
    target_s: u32,
}

/// Both ends of the resolution clock.
pub(crate) fn auto_ticket_end(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: EndGiven = case.given()?;
    let ticket = Ticket {
        restored_at: Some(given.restored_at.0),
        confirmed_at: Some(given.confirmed_at.0),
        resolution_target: Some(TimeTarget { seconds: given.target_s, operator: Operator::Below }),
        ..opened_at(given.reported_at.0, &bangka_2025())
    };
    let now = given.confirmed_at.0;
    let of = |basis: EndBasis| {
        let met = ticket.resolution_verdict_by(basis, now) == ClockVerdict::Met;
        (basis.code().to_owned(), json!({ "elapsed_s": ticket.resolution_elapsed_s(basis, now), "met": met }))
    };
    Ok(Value::Object(EndBasis::ALL.map(of).into_iter().collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResponseGiven {
    reported_at: Instant,
    activities: Vec<ActivityGiven>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActivityGiven {
    t: Instant,
    actor: String,
}

/// The first answer: entries of the system pass a ticket by, a person's go through its table.
pub(crate) fn first_response(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: ResponseGiven = case.given()?;
    let profile = bangka_2025();
    let mut ticket = opened_at(given.reported_at.0, &profile);
    for activity in given.activities.iter().filter(|activity| activity.actor != "sistem") {
        let comment = TicketAction::Comment("dicek".to_owned());
        ticket = act(&ticket, &comment, &activity.actor, activity.t.0, &profile)?.0;
    }
    let answered = ticket.first_response_at;
    Ok(json!({
        "first_response_at": answered.map(|at| at.to_string()),
        "elapsed_s": answered.map(|at| at.ms_since(ticket.reported_at).div_euclid(1000)),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewGiven {
    period: Span,
    tickets: Vec<ReviewTicket>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewTicket {
    mulai_gangguan: Instant,
    pencatatan: Instant,
    respons_pertama: Option<Instant>,
    pulih: Option<Instant>,
    konfirmasi: Option<Instant>,
    prioritas: u8,
    kelompok: String,
    klasifikasi: String,
    #[serde(default)]
    alarm_palsu: bool,
}

/// Figures of a period.
pub(crate) fn metrics(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: ReviewGiven = case.given()?;
    let profile = bangka_2025();
    let ticket = |t: &ReviewTicket| -> anyhow::Result<Ticket> {
        let priority = Priority::new(t.prioritas).context("prioritas")?;
        Ok(Ticket {
            onset_at: t.mulai_gangguan.0,
            first_response_at: t.respons_pertama.map(|at| at.0),
            restored_at: t.pulih.map(|at| at.0),
            confirmed_at: t.konfirmasi.map(|at| at.0),
            priority,
            response_target: profile.response_target(priority),
            resolution_target: profile.resolution_target(group(&t.kelompok)?, class(&t.klasifikasi)?),
            false_alarm: t.alarm_palsu,
            ..opened_at(t.pencatatan.0, &profile)
        })
    };
    let tickets = given.tickets.iter().map(ticket).collect::<anyhow::Result<Vec<_>>>()?;
    let period = given.period.interval();
    let figures = review::figures(&tickets, period, period.to);
    Ok(json!({
        "counted": figures.counted,
        "false_alarms": figures.false_alarms,
        "mtta_s": figures.acknowledge.seconds(),
        "mttr_s": figures.restore.seconds(),
        "mttc_s": figures.confirm.seconds(),
        "mtbf_s": figures.mtbf_s,
        "response_met": figures.response.met,
        "response_total": figures.response.total,
        "resolution_met": figures.resolution.met,
        "resolution_total": figures.resolution.total,
        "resolution_no_target": figures.resolution.without_target,
        "resolution_met_ppm": figures.resolution.met_ppm(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecurringGiven {
    window_days: u32,
    min_count: usize,
    tickets: Vec<OccurrenceGiven>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OccurrenceGiven {
    layanan: String,
    penyebab: String,
    pencatatan: Instant,
    #[serde(default)]
    alarm_palsu: bool,
}

/// What recurs.
pub(crate) fn recurring(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: RecurringGiven = case.given()?;
    let real = given.tickets.into_iter().filter(|ticket| !ticket.alarm_palsu);
    let occurrences = real.map(|t| Occurrence { service: t.layanan, cause: t.penyebab, recorded_at: t.pencatatan.0 });
    let policy = RecurrencePolicy { window_days: given.window_days, count_min: given.min_count };
    let found = review::recurring(occurrences.collect(), policy);
    Ok(found.into_iter().map(|r| json!([r.service, r.cause, r.count])).collect())
}
