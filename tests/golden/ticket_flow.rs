//! Runner of kind `tickets`: a sequence of confirmed events, played by the engine's own model in rehearsal.

use crate::case::{Case, GoldenFile, Instant, Span};
use anyhow::{Context, bail};
use pantau_collector::config::{catalogue, profile::bangka_2025};
use pantau_collector::domain::availability::MaintenanceStatus;
use pantau_collector::domain::catalogue::{Catalogue, ServiceId};
use pantau_collector::domain::phrase::Phrase;
use pantau_collector::domain::profile::{Impact, Profile};
use pantau_collector::domain::register::maintenance::Decided;
use pantau_collector::domain::register::recurrence::Recurrence;
use pantau_collector::domain::register::{MaintenancePlan, Signature};
use pantau_collector::domain::state::State;
use pantau_collector::domain::ticket::condition::Condition;
use pantau_collector::domain::ticket::flap::FlapPolicy;
use pantau_collector::domain::ticket::{Ticket, TicketAction, TicketClass, TicketKey, TicketScope};
use pantau_collector::engine::rehearsal::Rehearsal;
use pantau_shared::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    config: Map<String, Value>,
    events: Vec<Event>,
    dependencies: BTreeMap<String, Vec<String>>,
    services: BTreeMap<String, Vec<String>>,
    maintenance: Vec<Span>,
    end: Instant,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    t: Instant,
    key: String,
    state: String,
}

/// `svc-a|akses`; without a class it is access.
fn parsed(key: &str) -> anyhow::Result<TicketKey> {
    let (name, class) = key.split_once('|').unwrap_or((key, "akses"));
    let class = TicketClass::parse(class).with_context(|| format!("class of `{key}`"))?;
    Ok(TicketKey { scope: TicketScope::Service(ServiceId::parse(name)?), class })
}

/// A catalogue with every service that the case names.
fn office(given: &Given) -> anyhow::Result<Catalogue> {
    let keys = given.events.iter().map(|event| event.key.split('|').next().unwrap_or_default());
    let needed = given.dependencies.iter().flat_map(|(name, needs)| std::iter::once(name).chain(needs));
    let named = needed.chain(given.services.keys()).map(String::as_str);
    let names: BTreeSet<&str> = keys.chain(named).collect();
    let service = |name: &&str| {
        let needs = given.dependencies.get(*name).into_iter().flatten();
        let needs: Vec<String> = needs.map(|needed| format!("{needed:?}")).collect();
        format!(
            "[[layanan]]\nid = \"{name}\"\nnama = \"{name}\"\ndeskripsi = \"d\"\npenyedia = \"p\"\ncara_akses = \"a\"\n\
             kontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\nklasifikasi = \"kritis\"\n\
             bergantung_pada = [{}]\n[[layanan.pemeriksaan]]\nid = \"{name}-tcp\"\njenis = \"tcp\"\nalamat = \"x\"\n\
             port = 1\ndari = [\"h\"]\n",
            needs.join(", ")
        )
    };
    let text: String = names.iter().map(service).collect();
    Ok(catalogue::parse("kasus", &text, 1, &bangka_2025())?)
}

/// The file's defaults with the case's over them, as the settings that they are.
fn configure(catalogue: &mut Catalogue, file: &GoldenFile, given: &Given) -> anyhow::Result<()> {
    let mut settings = file.defaults.clone();
    for (name, value) in &given.config {
        if !settings.contains_key(name) {
            bail!("setting `{name}` is not known");
        }
        settings.insert(name.clone(), value.clone());
    }
    let number = |name: &str| -> anyhow::Result<u32> {
        let value = settings.get(name).and_then(Value::as_u64).with_context(|| format!("setting `{name}`"))?;
        Ok(u32::try_from(value)?)
    };
    if number("maintenance_grace_s")? != 300 {
        bail!("the grace after maintenance is 300 s and no setting");
    }
    let tickets = &mut catalogue.tickets;
    tickets.resolve_after_seconds = number("resolve_after_s")?;
    tickets.reopen_window_seconds = number("reopen_window_s")?;
    tickets.group_wait_seconds = number("group_wait_s")?;
    tickets.flap = FlapPolicy {
        count: number("flap_count")?,
        window_seconds: number("flap_window_s")?,
        stable_seconds: number("stable_for_s")?,
    };
    Ok(())
}

fn plan(number: u32, span: Span, catalogue: &Catalogue) -> MaintenancePlan {
    let sign = Signature { by: "budi".into(), at: span.interval().from.plus_secs(-7 * 86_400) };
    MaintenancePlan {
        number,
        services: catalogue.services.iter().map(|service| service.id.clone()).collect(),
        hosts: Vec::new(),
        title: "t".into(),
        reason: "r".into(),
        evidence: String::new(),
        planned: span.interval(),
        recurrence: Recurrence::Once,
        until: None,
        state: MaintenanceStatus::Approved,
        proposed: sign.clone(),
        decided: Some(Decided { sign, reason: String::new() }),
        announced: None,
        cancelled: None,
        exceptions: BTreeMap::new(),
    }
}

/// What something outside tells: the same condition once more, or one that no ledger knows.
fn told(key: TicketKey, at: Timestamp) -> Condition {
    Condition {
        affected: key.scope.service().cloned().into_iter().collect(),
        key,
        impact: Impact::Mayor,
        onset_at: at,
        symptom: Phrase::new("symptom-service-down"),
        category: "aplikasi".into(),
        components: Vec::new(),
        flapping_since: None,
    }
}

fn happen(play: &mut Rehearsal, event: &Event) -> anyhow::Result<()> {
    let (key, at) = (parsed(&event.key)?, event.t.0);
    let state = match event.state.as_str() {
        "down" => State::Down,
        "degraded" => State::Degraded,
        "up" => State::Up,
        "unknown" => State::Unknown,
        other => {
            let action = match other {
                "human_response" => TicketAction::Acknowledge,
                "human_confirm" | "confirm" => TicketAction::Confirm { method: "telepon".into() },
                _ => bail!("event `{other}` is not known"),
            };
            play.advance(at)?;
            let held = play.tickets().filter(|ticket| ticket.holds_key && ticket.keys().any(|held| *held == key));
            let number = held.last().map(|ticket| ticket.number).context("no open ticket to act on")?;
            return Ok(play.act(number, &action, "Sari", at)?);
        }
    };
    if key.class == TicketClass::Access {
        let id = key.scope.service().context("a service")?.clone();
        if play.state(&id, state, at)? || state != State::Down {
            return Ok(());
        }
    } else if state != State::Down {
        bail!("only access has a ledger here: `{}` cannot recover", event.key);
    }
    Ok(play.signal(told(key, at), at)?)
}

fn shown(ticket: &Ticket, all: &[&Ticket], given: &Given) -> Value {
    let time = |at: Timestamp| at.to_string();
    let key = given.events.iter().map(|event| &event.key).chain(given.services.keys());
    let key = key.into_iter().find(|key| parsed(key).is_ok_and(|parsed| parsed == ticket.key));
    let names = ticket.affected_services.iter().flat_map(|id| given.services.get(id.as_str()).into_iter().flatten());
    let related = ticket.life.related.and_then(|number| all.iter().position(|other| other.number == number));
    json!({
        "key": key,
        "opened_at": time(ticket.recorded_at),
        "reported_at": time(ticket.reported_at),
        "onset_at": time(ticket.onset_at),
        "status": ticket.state.code(),
        "occurrences": ticket.life.occurrences,
        "reopened": ticket.recurrences,
        "restored_at": ticket.restored_at.map(time),
        "flapping_since": ticket.life.flapping_since.map(time),
        "related_to": related,
        "affected": names.collect::<Vec<_>>(),
        "impact": ticket.impact.code(),
    })
}

/// Events in order of time, timers up to the end.
pub(crate) fn tickets(file: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: Given = case.given()?;
    let mut catalogue = office(&given)?;
    configure(&mut catalogue, file, &given)?;
    let first = given.events.iter().map(|event| event.t.0).chain([given.end.0]).min().unwrap_or(given.end.0);
    // Climbing (Tabel 14) has cases of its own; these say nothing of who is to answer by when.
    let profile = Profile { response_targets: Vec::new(), ..bangka_2025() };
    let mut play = Rehearsal::new(catalogue.clone(), profile, first.plus_secs(-3600));
    let plans = (1..).zip(&given.maintenance).map(|(number, span)| plan(number, *span, &catalogue));
    play.maintain(plans.collect());
    for event in &given.events {
        happen(&mut play, event)?;
    }
    play.advance(given.end.0)?;
    let all: Vec<&Ticket> = play.tickets().collect();
    Ok(all.iter().map(|ticket| shown(ticket, &all, &given)).collect())
}
