//! What a service was judged by, laid out for the document: agreements, records behind maintenance and corrections, the
//! target's own period, the running budget.

use super::build::Site;
use super::document::*;
use crate::domain::availability::{Correction, MaintenanceWindow};
use crate::domain::burn::{Budget, Forecast};
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::domain::calendar::{Calendar, Hours, WeeklyHours, zone};
use crate::domain::catalogue::{Service, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::register::{CorrectionEntry, MaintenancePlan, Register};
use crate::domain::ticket::Actor;
use crate::rulebook::Agreed;
use crate::service_period;
use crate::store::{Reader, StoreError};
use chrono::Weekday;
use pantau_shared::timestamp::Timestamp;

const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// The code of a target's period in the catalogue and the document.
pub(super) fn period_code(kind: PeriodKind) -> &'static str {
    match kind {
        PeriodKind::Quarter => "triwulan",
        PeriodKind::Year => "tahun",
        PeriodKind::Day | PeriodKind::Week | PeriodKind::Month => "bulan",
    }
}

/// The agreements that held at some moment of `window`.
pub(super) fn agreements(site: &Site<'_>, service: &ServiceId, window: Interval) -> Vec<AgreementRow> {
    let all = site.rulebook.of(service).map(|rules| rules.agreed.as_slice()).unwrap_or_default();
    let ends = all.iter().skip(1).map(|next| next.valid_from).chain([Interval::ALL.to]);
    let held = all.iter().zip(ends).filter(|(agreed, end)| Interval::new(agreed.valid_from, *end).overlaps(window));
    held.map(|(agreed, _)| agreement(agreed, window)).collect()
}

fn agreement(agreed: &Agreed, window: Interval) -> AgreementRow {
    AgreementRow {
        valid_from: (agreed.valid_from != Interval::ALL.from).then(|| agreed.valid_from.as_secs()),
        catalogue_revision: agreed.catalogue_revision,
        target_ppm: agreed.target_ppm,
        target_period: period_code(agreed.target_period).to_owned(),
        class: agreed.class.code().to_owned(),
        service_hours: agreed.service_hours.clone(),
        calendar: calendar(&agreed.calendar, window),
    }
}

fn calendar(calendar: &Calendar, window: Interval) -> CalendarRow {
    let first = zone::local_date(calendar.zone, window.from);
    let last = zone::local_date(calendar.zone, window.to.plus_secs(-1));
    let overrides = calendar.overrides.iter().filter(|other| other.first <= last && first <= other.last);
    let other = |other: &crate::domain::calendar::CalendarOverride| {
        let mut lines = vec![format!("{}/{}", other.first, other.last)];
        lines.extend(hours(&other.hours));
        lines
    };
    let closed = calendar.hours != Hours::Always && !calendar.holidays_open;
    let holidays = calendar.holidays.range(first..=last).filter(|_| closed);
    CalendarRow {
        zone: calendar.zone.name().to_owned(),
        week: hours(&calendar.hours),
        other_hours: overrides.map(other).collect(),
        holidays: holidays.map(ToString::to_string).collect(),
    }
}

fn hours(hours: &Hours) -> Vec<String> {
    let day = |weekly: &WeeklyHours, day: Weekday| {
        let open: Vec<String> = weekly.on(day).iter().map(|(from, to)| format!("{from}-{to}")).collect();
        (!open.is_empty()).then(|| format!("{day} {}", open.join(" ")))
    };
    match hours {
        Hours::Always => Vec::new(),
        Hours::Weekly(weekly) => WEEK.into_iter().filter_map(|weekday| day(weekly, weekday)).collect(),
    }
}

/// How long a kind of period is, by order.
fn rank(kind: PeriodKind) -> u8 {
    match kind {
        PeriodKind::Day | PeriodKind::Week => 0,
        PeriodKind::Month => 1,
        PeriodKind::Quarter => 2,
        PeriodKind::Year => 3,
    }
}

/// Where the target is meant for a longer period than the report's: that period up to the end of the report's.
pub(crate) fn target_period(
    reader: &Reader,
    site: &Site<'_>,
    service: &Service,
) -> Result<Option<TargetPeriodRow>, StoreError> {
    let kind = service.agreement.target_period;
    if service.target.is_none() || rank(kind) <= rank(site.period.kind()) {
        return Ok(None);
    }
    let period = Period::containing(kind, site.period.first_date());
    let until = site.now.min(site.period.interval(site.rulebook.zone()).to);
    over(reader, site, service, period, until).map(Some)
}

/// Where the target is meant for a shorter period than the report's: every one that has begun in it.
pub(super) fn target_parts(
    reader: &Reader,
    site: &Site<'_>,
    service: &Service,
) -> Result<Vec<TargetPeriodRow>, StoreError> {
    let kind = service.agreement.target_period;
    let (whole, now) = (site.period.interval(site.rulebook.zone()), site.now);
    if service.target.is_none() || rank(kind) >= rank(site.period.kind()) {
        return Ok(Vec::new());
    }
    let first = Period::containing(kind, site.period.first_date());
    let parts = std::iter::successors(Some(first), |period| Some(period.next()));
    let begun = parts.take_while(|period| {
        let from = period.interval(site.rulebook.zone()).from;
        from < whole.to && from < now
    });
    begun.map(|period| over(reader, site, service, period, now)).collect()
}

/// A service over a period of its target, counted up to `until`.
fn over(
    reader: &Reader,
    site: &Site<'_>,
    service: &Service,
    period: Period,
    until: Timestamp,
) -> Result<TargetPeriodRow, StoreError> {
    let judged = service_period::load(reader, site.rulebook, &service.id, period, until)?;
    let (figures, whole) = (judged.figures, period.interval(site.rulebook.zone()));
    Ok(TargetPeriodRow {
        period: period.to_string(),
        from: whole.from.as_secs(),
        to: until.min(whole.to).as_secs(),
        target_ppm: figures.target_ppm,
        availability_ppm: figures.availability_ppm,
        availability_min_ppm: figures.availability_min_ppm,
        availability_max_ppm: figures.availability_max_ppm,
        coverage_ppm: figures.coverage_ppm,
        down_s: figures.counts.down_s,
        budget_s: figures.budget_s,
        budget_left_s: figures.budget_left_s,
        verdict: figures.verdict.code().to_owned(),
    })
}

/// The budget of a period that still runs.
pub(crate) fn budget(budget: &Budget) -> BudgetRow {
    BudgetRow {
        whole_s: budget.month_s,
        left_s: budget.month_left_s,
        rate_milli: budget.rate_milli,
        forecast: budget.forecast.code().to_owned(),
        breaks_at: match budget.forecast {
            Forecast::BreaksAt(at) => Some(at.as_secs()),
            Forecast::Broken | Forecast::Holds | Forecast::Unknown => None,
        },
    }
}

/// The record of which `planned` is a window.
pub(super) fn maintenance_record(
    plan: &MaintenancePlan,
    site: &Site<'_>,
    service: &ServiceId,
    planned: &MaintenanceWindow,
) -> MaintenanceRecord {
    let told = plan.announced.as_ref();
    let min_notice_s = site.rulebook.of(service).map(|rules| rules.policy_at(planned.interval.from).min_notice_s);
    MaintenanceRecord {
        number: plan.number,
        title: plan.title.clone(),
        reason: plan.reason.clone(),
        min_notice_s: min_notice_s.unwrap_or_default(),
        notice_s: planned.announced_at.map(|at| planned.interval.from.ms_since(at).div_euclid(1000)),
        channel: told.map(|told| told.channel.clone()),
        proposed_by: plan.proposed.by.clone(),
        decided_by: plan.decided.as_ref().map(|decided| decided.sign.by.clone()),
    }
}

/// The record behind an approved correction: each approval has a number of its own.
pub(super) fn correction_record(
    register: &Register,
    service: &ServiceId,
    correction: &Correction,
) -> Option<CorrectionRecord> {
    let of_it =
        |entry: &&std::sync::Arc<CorrectionEntry>| entry.service == *service && entry.approval == Some(correction.seq);
    register.corrections().iter().find(of_it).map(|entry| record_of(entry))
}

/// A record as it is printed.
pub(super) fn record_of(entry: &CorrectionEntry) -> CorrectionRecord {
    let late = entry.backups.as_ref();
    CorrectionRecord {
        number: entry.number,
        status: entry.status.code().to_owned(),
        reason: entry.reason.clone(),
        evidence: entry.evidence.clone(),
        proposed_by: match &entry.proposed_by {
            Actor::System => None,
            Actor::Person(name) => Some(name.clone()),
        },
        proposed_at: entry.proposed_at.as_secs(),
        decided_by: entry.decided.as_ref().map(|decided| decided.sign.by.clone()),
        decided_at: entry.decided.as_ref().map(|decided| Timestamp::as_secs(decided.sign.at)),
        months: entry
            .figures
            .iter()
            .map(|change| CorrectionMonthRow {
                month: change.month.format("%Y-%m").to_string(),
                before: CountsRow::new(&change.before),
                after: CountsRow::new(&change.after),
            })
            .collect(),
        set: late.map(|late| late.set.to_string()),
        rpo_months: late.iter().flat_map(|late| &late.figures).map(RpoMonthRow::from).collect(),
    }
}
