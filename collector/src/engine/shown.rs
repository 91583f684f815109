//! Announce: the read model from the engine's model. What did not change is shared with the snapshot before; a tick at
//! which nothing happened costs a few pointers, whatever the size of the site.
//!
//! - A part is made anew when its subject was touched or came due, or when facts came that pages show.
//! - A service's figures count time, so they also grow old: after [`FIGURES_AGE_MS`] they are counted again, at most a
//!   share of the services at one announcement, round and round. Each view carries the instant of its figures.
//! - Past days are counted once and kept.

use super::backup_model::BackupModel;
use super::deadlines::Subject;
use super::host_model::HostModel;
use super::model::Model;
use super::service_model::ServiceModel;
use crate::domain::availability::{self, Figures, Rules};
use crate::domain::burn::{self, Budget};
use crate::domain::calendar::{Period, PeriodKind, zone};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::phrase::Phrase;
use crate::domain::rpo::drill::valid_until;
use crate::domain::rpo::is_of_yesterday;
use crate::domain::state::{State, Timeline};
use crate::domain::ticket::Ticket;
use crate::rulebook::Rulebook;
use crate::service_period;
use crate::snapshot::{
    BackupView, CheckView, DayView, HostView, HostWellbeing, MaintenanceView, OutboxView, ServiceView, Snapshot,
    VantageView,
};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

const DAYS: u32 = 90;
/// Figures older than this are counted again, in milliseconds.
const FIGURES_AGE_MS: i64 = 10_000;
/// At one announcement one in so many services is counted again because of its age.
const FIGURES_SHARE: usize = 8;

/// What outputs saw last, and what of it is to be made anew.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    services: Arc<Vec<Arc<ServiceView>>>,
    hosts: Arc<Vec<Arc<HostView>>>,
    backups: Arc<Vec<Arc<BackupView>>>,
    tickets: Option<Arc<Vec<Arc<Ticket>>>>,
    stale_services: BTreeSet<usize>,
    stale_hosts: BTreeSet<usize>,
    stale_backups: BTreeSet<usize>,
    /// Places of the hosts that are shown, in their order; none when a host joined or left.
    order: Option<Vec<usize>>,
    /// Per place, where it is shown.
    ranks: Vec<Option<usize>>,
    vantages: Option<Arc<Vec<VantageView>>>,
    /// The service whose age is asked next.
    oldest: usize,
}

impl Shown {
    /// A subject was judged: what is shown of it is stale.
    pub(crate) fn subject(&mut self, subject: Subject) {
        match subject {
            Subject::Service(place) => drop(self.stale_services.insert(place)),
            Subject::Host(place) => drop(self.stale_hosts.insert(place)),
            Subject::Backup(place) => drop(self.stale_backups.insert(place)),
            Subject::Storm | Subject::Alert(_) | Subject::Rule(_) | Subject::Ticket(_) => {}
        }
    }

    /// A host was heard.
    pub(crate) fn host(&mut self, place: usize) {
        self.stale_hosts.insert(place);
    }

    /// A witness answered.
    pub(crate) fn vantages_changed(&mut self) {
        self.vantages = None;
    }

    /// A host joined, left or came back.
    pub(crate) fn hosts_changed(&mut self) {
        self.order = None;
    }

    /// The rules changed: the figures of all `services` are counted again.
    pub(crate) fn figures_changed(&mut self, services: usize) {
        self.stale_services.extend(0..services);
    }

    /// A ticket was opened, changed or left.
    pub(crate) fn tickets_changed(&mut self) {
        self.tickets = None;
    }
}

/// Makes the snapshot of `now`.
pub(crate) fn build(model: &mut Model, outbox: OutboxView, demo: bool, now: Timestamp) -> Snapshot {
    show_services(model, now);
    show_hosts(model, now);
    show_backups(model, now);
    let tickets = model.shown.tickets.take().unwrap_or_else(|| {
        let mut tickets: Vec<Arc<Ticket>> = model.tickets.values().map(Arc::clone).collect();
        tickets.sort_by_key(|t| (t.priority, t.reported_at, t.number));
        Arc::new(tickets)
    });
    model.shown.tickets = Some(Arc::clone(&tickets));
    let vantages = model.shown.vantages.take().unwrap_or_else(|| Arc::new(model.isolation.views()));
    model.shown.vantages = Some(Arc::clone(&vantages));
    Snapshot {
        at: now,
        catalogue: Arc::clone(&model.catalogue),
        profile: Arc::clone(&model.profile),
        rulebook: Arc::clone(&model.rulebook),
        register: Arc::clone(&model.register),
        services: Arc::clone(&model.shown.services),
        hosts: Arc::clone(&model.shown.hosts),
        tickets,
        vantages,
        backups: Arc::clone(&model.shown.backups),
        outbox,
        demo,
    }
}

fn show_services(model: &mut Model, now: Timestamp) {
    let places = if model.isolation.is_any(now) { 0..model.services.len() } else { 0..0 };
    let blind: Vec<Option<Phrase>> = places.map(|place| model.blindness(place, now)).collect();
    let blind = |place: usize| blind.get(place).cloned().flatten();
    let (shown, rulebook, count) = (&mut model.shown, &*model.rulebook, model.services.len());
    let windows = &model.windows;
    if shown.services.len() != count {
        let views = model.services.iter_mut().enumerate();
        let views = views.map(|(place, s)| Arc::new(service(s, rulebook, windows.view(place, now), blind(place), now)));
        shown.services = Arc::new(views.collect());
        shown.stale_services.clear();
        return;
    }
    for _ in 0..count.div_ceil(FIGURES_SHARE) {
        shown.oldest = (shown.oldest + 1) % count.max(1);
        let age = shown.services.get(shown.oldest).map_or(0, |view| now.ms_since(view.at));
        // Also one of the future: the clock was set back.
        if !(0..FIGURES_AGE_MS).contains(&age) {
            shown.stale_services.insert(shown.oldest);
        }
    }
    let stale = std::mem::take(&mut shown.stale_services);
    if stale.is_empty() {
        return;
    }
    let views = Arc::make_mut(&mut shown.services);
    for place in stale {
        if let (Some(view), Some(model)) = (views.get_mut(place), model.services.get_mut(place)) {
            *view = Arc::new(service(model, rulebook, windows.view(place, now), blind(place), now));
        }
    }
}

fn show_hosts(model: &mut Model, now: Timestamp) {
    let stale = std::mem::take(&mut model.shown.stale_hosts);
    let Some(order) = &model.shown.order else {
        let order = model.hosts.shown();
        let mut ranks = vec![None; model.hosts.len()];
        for (rank, place) in order.iter().enumerate() {
            if let Some(slot) = ranks.get_mut(*place) {
                *slot = Some(rank);
            }
        }
        model.shown.hosts = Arc::new(order.iter().map(|p| Arc::new(host_view(model, &model.hosts[*p], now))).collect());
        (model.shown.order, model.shown.ranks) = (Some(order), ranks);
        return;
    };
    debug_assert_eq!(order.len(), model.shown.hosts.len(), "every host that is shown has a view");
    if stale.is_empty() {
        return;
    }
    let mut views = std::mem::take(&mut model.shown.hosts);
    let list = Arc::make_mut(&mut views);
    for place in stale {
        let rank = model.shown.ranks.get(place).copied().flatten();
        if let Some(view) = rank.and_then(|rank| list.get_mut(rank)) {
            *view = Arc::new(host_view(model, &model.hosts[place], now));
        }
    }
    model.shown.hosts = views;
}

fn show_backups(model: &mut Model, now: Timestamp) {
    let zone = model.profile.time_zone;
    if model.shown.backups.len() != model.backups.len() {
        let views = model.backups.iter().map(|(service, backup)| Arc::new(backup_view(service, backup, zone, now)));
        model.shown.backups = Arc::new(views.collect());
        model.shown.stale_backups.clear();
    }
    let stale = std::mem::take(&mut model.shown.stale_backups);
    if stale.is_empty() {
        return;
    }
    let views = Arc::make_mut(&mut model.shown.backups);
    for place in stale {
        if let (Some(view), Some((service, backup))) = (views.get_mut(place), model.backups.get(place)) {
            *view = Arc::new(backup_view(service, backup, zone, now));
        }
    }
}

/// The ledger changed from `from` on: the cells of that day and later are counted again.
pub(crate) fn forget_days(service: &mut ServiceModel, zone: Tz, from: Timestamp) {
    let date = zone::local_date(zone, from);
    service.days.retain(|day| day.date < date);
}

fn service(
    service: &mut ServiceModel,
    rulebook: &Rulebook,
    maintenance: MaintenanceView,
    blindness: Option<Phrase>,
    now: Timestamp,
) -> ServiceView {
    let stretch = service.ledger.stretch_at(now);
    let known = stretch.interval.from > Interval::ALL.from;
    let checks = service.vantages.iter().filter_map(|v| {
        let check = service.service.checks.get(v.check)?;
        let (at, outcome) = v.newest.clone().unzip();
        Some(CheckView { id: check.id.clone(), host: v.host.clone(), at, outcome })
    });
    let checks = checks.collect();
    let month = month(service, rulebook, now);
    ServiceView {
        id: service.service.id.clone(),
        at: now,
        state: stretch.state,
        since: known.then_some(stretch.interval.from),
        reason: service.reason_at(now).or(blindness.filter(|_| stretch.state == State::Unknown)),
        budget: budget(service, rulebook, &month, now),
        month,
        days: days(service, rulebook, now),
        effective_from: service.begins,
        checks,
        maintenance,
    }
}

fn month(service: &ServiceModel, rulebook: &Rulebook, now: Timestamp) -> Figures {
    let period = Period::containing_instant(PeriodKind::Month, rulebook.zone(), now);
    service_period::judge(rulebook, &service.service.id, period, service.begins, &service.ledger, now).figures
}

fn budget(service: &ServiceModel, rulebook: &Rulebook, month: &Figures, now: Timestamp) -> Option<Budget> {
    let period = Period::containing_instant(PeriodKind::Month, rulebook.zone(), now).interval(rulebook.zone());
    let rules = rulebook.rules(&service.service.id, service.begins, now);
    burn::budget::now(&rules, &service.ledger.floored(), month, period, now.floor_second())
}

fn days(service: &mut ServiceModel, rulebook: &Rulebook, now: Timestamp) -> Vec<DayView> {
    let Some(begins) = service.begins else { return Vec::new() };
    let tz = rulebook.zone();
    let id = &service.service.id;
    let rules = rulebook.is_overlaid(id).then(|| rulebook.rules(id, Some(begins), now));
    let mut out = Vec::new();
    let mut floored: Option<Timeline> = None;
    let today = zone::local_date(tz, now);
    for (date, day) in zone::last_days(tz, now, DAYS) {
        let cached = service.days.binary_search_by_key(&date, |d| d.date).ok();
        if let Some(cell) = cached.and_then(|i| service.days.get(i)).filter(|_| date < today) {
            out.push(*cell);
            continue;
        }
        let window = Interval::new(day.from.max(begins.floor_second()), day.to.min(now.floor_second()));
        if window.from < window.to {
            let ledger = floored.get_or_insert_with(|| service.ledger.floored());
            out.push(match &rules {
                Some(rules) => ruled_day(rules, ledger, date, window),
                None => day_view(ledger, date, window),
            });
        }
    }
    service.days = out.iter().copied().filter(|d| d.date < today).collect();
    out
}

/// The cell of a day over which something on record lies.
fn ruled_day(rules: &Rules, ledger: &Timeline, date: chrono::NaiveDate, window: Interval) -> DayView {
    let counts = availability::evaluate(&rules.input(&rules.terms(), window, None, ledger)).figures.counts;
    let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
    DayView {
        date,
        up_s: seconds(counts.up_s),
        degraded_s: seconds(counts.degraded_s),
        down_s: seconds(counts.down_s),
        unknown_s: seconds(counts.unknown_s),
        excluded_s: seconds(counts.excluded_s),
    }
}

fn day_view(ledger: &Timeline, date: chrono::NaiveDate, window: Interval) -> DayView {
    let seconds = |state| i64::try_from(ledger.seconds_in(state, window)).unwrap_or(i64::MAX);
    let degraded = seconds(State::Degraded);
    DayView {
        date,
        up_s: seconds(State::Up) + degraded,
        degraded_s: degraded,
        down_s: seconds(State::Down),
        unknown_s: seconds(State::Unknown),
        excluded_s: 0,
    }
}

fn host_view(model: &Model, host: &HostModel, now: Timestamp) -> HostView {
    HostView {
        id: host.record.id.clone(),
        name: model.host_name(&host.record.id),
        joined_at: host.record.joined_at,
        last_seen_at: host.record.last_seen_at,
        silent: model.is_silent(host, now),
        started: host.started.clone(),
        sample: host.newest.as_ref().map(|newest| (newest.at, Arc::clone(&newest.sample))),
        rates: host.rates.clone(),
        wellbeing: HostWellbeing {
            failed_units: host.units.list(),
            clock: host.clock,
            full_at: host.outlooks.full(now),
        },
        lost_observations: host.record.observations_lost,
        observations_accepted: host.record.observations_accepted,
    }
}

fn backup_view(service: &ServiceId, backup: &BackupModel, zone: Tz, now: Timestamp) -> BackupView {
    let usable = backup.usable(now);
    let data_time = usable.as_ref().map(|b| b.data_time);
    let (policy, look) = (&backup.policy, backup.history().look());
    let newest = backup.history().records().iter().rev().find(|record| record.deleted_at.is_none());
    let verified = backup.verified_point();
    let verified_from = verified.map(|(at, _)| at).or(look.begins_at);
    let due = |every: u32| verified_from.map(|at| at.plus_secs(every.into()));
    let drilled = backup.recovery.as_ref().and_then(|entry| entry.confirmed_at);
    BackupView {
        id: backup.set.id.clone(),
        service: service.clone(),
        state: backup.state(now),
        base: backup.set.base.clone().map(|base| (base, backup.bases.iter().any(|b| b.usable.contains(now)))),
        data_time,
        estimated: usable.is_some_and(|b| b.estimated),
        newest: newest.map(|record| (record.artefact.clone(), record.size_bytes)),
        rpo_seconds: policy.rpo_seconds.filter(|_| backup.set.is_backup()),
        operator: policy.operator,
        at_risk_at: data_time.and_then(|time| policy.at_risk_at(time)),
        breach_at: data_time.and_then(|time| policy.breach_at(time)),
        required: backup.set.required,
        looked_at: look.looked_at,
        error: look.error.as_ref().map(|(text, _)| text.clone()),
        unconfirmed_since: backup.unconfirmed_since(now),
        proof: backup.proof(now),
        suspicions: backup.suspicions(now),
        impossible_s: backup.impossible_s(),
        job: backup.job(now),
        verified,
        verification_due: backup.verify_every_s().and_then(due),
        drill_until: drilled.map(|at| valid_until(zone::local_date(zone, at), backup.rules.drill_valid_days)),
        yesterday: backup.rules.yesterday_reading.then(|| is_of_yesterday(zone, data_time, now)),
        is_backup: backup.set.is_backup(),
    }
}
