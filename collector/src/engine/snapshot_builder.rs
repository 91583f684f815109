//! Announce: the read model from the engine's model. Past days are counted once and kept; today, the month and the
//! states are counted each time.

use super::model::Model;
use super::service_model::ServiceModel;
use crate::domain::availability::Figures;
use crate::domain::calendar::{Period, PeriodKind, zone};
use crate::domain::interval::Interval;
use crate::domain::profile::Profile;
use crate::domain::state::{State, Timeline};
use crate::service_period;
use crate::snapshot::{BackupView, CheckView, DayView, HostView, OutboxView, ServiceView, Snapshot};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

const DAYS: u32 = 90;

/// Makes the snapshot of `now`.
pub(crate) fn build(model: &mut Model, outbox: OutboxView, demo: bool, now: Timestamp) -> Snapshot {
    let profile = Arc::clone(&model.profile);
    let services = model.services.iter_mut().map(|s| Arc::new(service(s, &profile, now))).collect();
    let mut tickets: Vec<_> = model.tickets.values().cloned().map(Arc::new).collect();
    tickets.sort_by_key(|t| (t.priority, t.reported_at, t.number));
    Snapshot {
        at: now,
        catalogue: Arc::clone(&model.catalogue),
        profile,
        services,
        hosts: hosts(model, now),
        tickets,
        backups: backups(model, now),
        outbox,
        demo,
    }
}

/// The ledger changed from `from` on: the cells of that day and later are counted again.
pub(crate) fn forget_days(service: &mut ServiceModel, zone: Tz, from: Timestamp) {
    let date = zone::local_date(zone, from);
    service.days.retain(|day| day.date < date);
}

fn service(service: &mut ServiceModel, profile: &Profile, now: Timestamp) -> ServiceView {
    let stretch = service.ledger.stretch_at(now);
    let known = stretch.interval.from > Interval::ALL.from;
    let checks = service.vantages.iter().filter_map(|v| {
        let check = service.service.checks.get(v.check)?;
        let (at, outcome) = v.newest.clone().unzip();
        Some(CheckView { id: check.id.clone(), host: v.host.clone(), at, outcome })
    });
    let checks = checks.collect();
    ServiceView {
        id: service.service.id.clone(),
        state: stretch.state,
        since: known.then_some(stretch.interval.from),
        reason: service.reason_at(now),
        month: month(service, profile, now),
        days: days(service, profile.time_zone, now),
        effective_from: service.begins,
        checks,
    }
}

fn month(service: &ServiceModel, profile: &Profile, now: Timestamp) -> Figures {
    let zone = profile.time_zone;
    let period = Period::containing_instant(PeriodKind::Month, zone, now);
    service_period::judge(zone, &service.service, period, service.begins, &service.ledger, now).figures
}

fn days(service: &mut ServiceModel, tz: Tz, now: Timestamp) -> Vec<DayView> {
    let Some(begins) = service.begins else { return Vec::new() };
    let mut out = Vec::new();
    let ledger = service.ledger.floored();
    let today = zone::local_date(tz, now);
    for (date, day) in zone::last_days(tz, now, DAYS) {
        let cached = service.days.binary_search_by_key(&date, |d| d.date).ok();
        if let Some(cell) = cached.and_then(|i| service.days.get(i)).filter(|_| date < today) {
            out.push(*cell);
            continue;
        }
        let window = Interval::new(day.from.max(begins.floor_second()), day.to.min(now.floor_second()));
        if window.from < window.to {
            out.push(day_view(&ledger, date, window));
        }
    }
    service.days = out.iter().copied().filter(|d| d.date < today).collect();
    out
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

fn hosts(model: &Model, now: Timestamp) -> Vec<Arc<HostView>> {
    let view = |host: &super::host_model::HostModel| HostView {
        id: host.record.id.clone(),
        name: model.host_name(&host.record.id),
        joined_at: host.record.joined_at,
        last_seen_at: host.record.last_seen_at,
        silent: model.is_silent(host, now),
        started: host.record.started.clone(),
        sample: host.newest.clone(),
        rates: host.rates.clone(),
        lost_observations: host.record.observations_lost,
        observations_accepted: host.record.observations_accepted,
    };
    model.hosts.values().filter(|h| h.record.revoked_at.is_none()).map(|h| Arc::new(view(h))).collect()
}

fn backups(model: &Model, now: Timestamp) -> Vec<Arc<BackupView>> {
    let view = |(service, backup): &(crate::domain::catalogue::ServiceId, super::backup_model::BackupModel)| {
        let usable = backup.usable(now);
        Arc::new(BackupView {
            id: backup.set.id.clone(),
            service: service.clone(),
            state: backup.state(now),
            data_time: usable.map(|b| b.data_time),
            estimated: usable.is_some_and(|b| b.estimated),
            newest: backup.newest.clone(),
            rpo_seconds: backup.rpo_seconds,
            looked_at: backup.looked_at,
            error: backup.error.clone(),
        })
    };
    model.backups.iter().map(view).collect()
}
