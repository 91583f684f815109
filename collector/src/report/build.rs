//! A report's document from the store and the rules in force: loads, judges by the one set of rules, lays out.
//!
//! Reads history only, so the same period made again from the same `now` is the same document. Utilisation, tickets and
//! trend are as they are known when it is made; what [`super::recount`] compares is the judgement alone.

use super::document::*;
use super::{basis, continuity, utilisation};
use crate::backup_period;
use crate::domain::availability::rules::COUNTING;
use crate::domain::availability::{
    Correction, CorrectionEffect, MaintenanceStatus, MaintenanceWindow, Outage, Policy, Tile, policy_at,
};
use crate::domain::calendar::period::Period;
use crate::domain::catalogue::{BackupSet, Catalogue, Service, ServiceId};
use crate::domain::improvement::{ImprovementFacts, suggest};
use crate::domain::interval::Interval;
use crate::domain::profile::Profile;
use crate::domain::register::{MaintenancePlan, Register};
use crate::domain::ticket::{Ticket, TicketClass, TicketKey, TicketScope};
use crate::rulebook::Rulebook;
use crate::service_period::{self, Worked};
use crate::store::records::TicketFilter;
use crate::store::reports::ReportNote;
use crate::store::{Reader, StoreError};
use pantau_shared::timestamp::Timestamp;
use ring::digest::{SHA256, digest};

/// Periods of the trend.
const TREND_PERIODS: usize = 12;

/// Tickets of a service that are looked through for causes, newest first.
const TICKETS_MAX: usize = 500;

/// By what and of what a report is made.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The regulation in force.
    pub profile: &'a Profile,
    /// The catalogue in force.
    pub catalogue: &'a Catalogue,
    /// By which rules services are judged.
    pub rulebook: &'a Rulebook,
    /// Which period.
    pub period: Period,
    /// What is known now is counted.
    pub now: Timestamp,
    /// Leaves out trend, utilisation and tickets: for comparing, and for lists of many services.
    pub judgement_only: bool,
}

/// The document over `services`, provisional.
///
/// # Errors
/// What the store says.
pub fn load(reader: &Reader, site: &Site<'_>, services: &[&Service]) -> Result<Document, StoreError> {
    let trends = if site.judgement_only { vec![Vec::new(); services.len()] } else { trends(reader, site, services)? };
    let records = Records { notes: reader.report_notes(&site.period.to_string())?, register: reader.register()? };
    let mut reports = Vec::with_capacity(services.len());
    for (service, trend) in services.iter().zip(trends) {
        reports.push(service_report(reader, site, service, trend, &records)?);
    }
    Ok(Document { format: FORMAT.to_owned(), head: head(site), summary: Summary::of(&reports), services: reports })
}

fn head(site: &Site<'_>) -> Head {
    let window = site.period.interval(site.rulebook.zone());
    let mut providers: Vec<String> = site.catalogue.services.iter().map(|service| service.provider.clone()).collect();
    providers.sort_unstable();
    providers.dedup();
    let assumption = |(number, note): &(String, String)| Assumption { number: number.clone(), note: note.clone() };
    Head {
        legal_basis: site.profile.legal_basis.clone(),
        providers,
        period: site.period.to_string(),
        from: window.from.as_secs(),
        to: window.to.as_secs(),
        zone: site.rulebook.zone().name().to_owned(),
        status: "provisional".to_owned(),
        made_at: site.now.as_secs(),
        revision: 0,
        rules: RulesVersion {
            counting: u32::from(COUNTING),
            profile: site.profile.version.clone(),
            catalogue_revision: site.catalogue.revision,
        },
        assumptions: site.profile.assumptions.iter().map(assumption).collect(),
        approval: None,
        previous: None,
        changes: Vec::new(),
    }
}

/// The periods before, oldest first, for each service.
fn trends(reader: &Reader, site: &Site<'_>, services: &[&Service]) -> Result<Vec<Vec<TrendRow>>, StoreError> {
    let ids: Vec<&ServiceId> = services.iter().map(|service| &service.id).collect();
    let mut periods: Vec<Period> =
        std::iter::successors(Some(site.period.previous()), |period| Some(period.previous()))
            .take(TREND_PERIODS)
            .collect();
    periods.reverse();
    let mut trends = vec![Vec::with_capacity(TREND_PERIODS); services.len()];
    for period in periods {
        let judged = service_period::load_many(reader, site.rulebook, &ids, period, site.now)?;
        for (trend, judged) in trends.iter_mut().zip(judged) {
            let figures = judged.figures;
            trend.push(TrendRow {
                period: period.to_string(),
                target_ppm: figures.target_ppm,
                availability_ppm: figures.availability_ppm,
                coverage_ppm: figures.coverage_ppm,
                down_s: figures.counts.down_s,
                outages: figures.outages,
                verdict: figures.verdict.code().to_owned(),
            });
        }
    }
    Ok(trends)
}

/// What people entered, read once for all services.
struct Records {
    notes: Vec<ReportNote>,
    register: Register,
}

fn service_report(
    reader: &Reader,
    site: &Site<'_>,
    service: &Service,
    trend: Vec<TrendRow>,
    records: &Records,
) -> Result<ServiceReport, StoreError> {
    let worked = service_period::load_worked(reader, site.rulebook, &service.id, site.period, site.now)?;
    let filter = TicketFilter { service: Some(service.id.clone()), ..TicketFilter::default() };
    let limit = if site.judgement_only { 0 } else { TICKETS_MAX };
    let tickets = reader.tickets(&filter, None, limit)?;
    let window = site.period.interval(site.rulebook.zone());
    let known = Interval::new(window.from, window.to.min(site.now));
    let (utilisation, usage) = match site.judgement_only {
        true => Default::default(),
        false => utilisation::load(reader, site, service, known)?,
    };
    let judged = &worked.judged;
    let outages: Vec<OutageRow> = judged
        .outages
        .iter()
        .zip(1..)
        .map(|(outage, number)| outage_row(outage, number, &service.id, &tickets))
        .collect();
    let begun = |ticket: &&Ticket| window.contains(ticket.onset_at);
    let categories: Vec<String> = tickets.iter().filter(begun).map(|ticket| ticket.category.clone()).collect();
    let unexplained = outages.iter().filter(|outage| outage.tickets.iter().all(|ticket| ticket.cause.is_none()));
    let newest = worked.rules.terms.last().map_or_else(Policy::default, |terms| terms.policy);
    let opportunities = suggest(&ImprovementFacts {
        figures: &judged.figures,
        min_coverage_ppm: newest.min_coverage_ppm,
        usage: &usage,
        categories: &categories,
        outages_without_cause: unexplained.count(),
    });
    let findings = site.catalogue.findings.iter().filter(|finding| finding.service.as_ref() == Some(&service.id));
    let note = records.notes.iter().find(|note| note.service == service.id.as_str());
    Ok(ServiceReport {
        id: service.id.to_string(),
        name: service.name.clone(),
        provider: service.provider.clone(),
        group: service.group.code().to_owned(),
        class: service.class.code().to_owned(),
        service_hours: service.service_hours.clone(),
        counted_from: judged.window.from.as_secs(),
        counted_to: judged.window.to.max(judged.window.from).as_secs(),
        rules_sha256: hex::encode(digest(&SHA256, &worked.rules.describe(window))),
        terms: worked.rules.terms.iter().map(terms_row).collect(),
        figures: FigureRow::new(&judged.figures),
        without_maintenance: CountsRow::new(&judged.without_maintenance),
        without_corrections: worked.without_corrections.as_ref().map(|plain| CountsRow::new(&plain.figures.counts)),
        utilisation,
        trend,
        outages,
        maintenance: maintenance(site, &records.register, service, &worked, window),
        corrections: corrections(&records.register, service, &worked, window),
        recovery: recovery(reader, site, service)?,
        findings: findings.map(|finding| PhraseRow::from(&finding.phrase)).collect(),
        opportunities: opportunities.iter().map(PhraseRow::from).collect(),
        note: note.map(|note| NoteRow {
            text: note.text.clone(),
            author: note.author.clone(),
            at: note.written_at.as_secs(),
        }),
        tiles: worked.tiles.iter().map(tile_row).collect(),
        agreements: basis::agreements(site, &service.id, window),
        target_period: basis::target_period(reader, site, service)?,
        target_parts: basis::target_parts(reader, site, service)?,
        budget: worked.budget.as_ref().map(basis::budget),
        continuity_changes: continuity::changes(site, service, known),
        pending_corrections: continuity::pending(reader, site, &records.register, service)?,
    })
}

fn terms_row(terms: &crate::domain::availability::rules::AgreedTerms) -> TermsRow {
    let since_ever = terms.valid_from == Interval::ALL.from;
    TermsRow {
        valid_from: (!since_ever).then(|| terms.valid_from.as_secs()),
        target_ppm: terms.target_ppm,
        policy: PolicyRow::new(&terms.policy),
    }
}

fn tile_row(tile: &Tile) -> TileRow {
    let place = |place: usize| u32::try_from(place).ok();
    TileRow {
        from: tile.interval.from.as_secs(),
        to: tile.interval.to.as_secs(),
        seconds: tile.interval.length_s(),
        observed: tile.observed.name().to_owned(),
        counts_as: tile.class.code().to_owned(),
        without_maintenance: tile.plain.code().to_owned(),
        reason: tile.reason.code().to_owned(),
        terms: tile.terms.and_then(place),
        outage: tile.outage.and_then(place),
    }
}

/// An outage with the tickets that were open on the service's access while it lasted.
fn outage_row(outage: &Outage, number: u32, service: &ServiceId, tickets: &[Ticket]) -> OutageRow {
    let key = TicketKey { scope: TicketScope::Service(service.clone()), class: TicketClass::Access };
    let lasted = Interval::new(outage.from, outage.to.unwrap_or(Interval::ALL.to));
    let about = |ticket: &&Ticket| {
        let ended = ticket.restored_at.or(ticket.closed_at).unwrap_or(Interval::ALL.to);
        ticket.key == key && !ticket.false_alarm && Interval::new(ticket.onset_at, ended.plus_ms(1)).overlaps(lasted)
    };
    let row = |ticket: &Ticket| TicketRow {
        number: ticket.number.to_string(),
        state: ticket.state.code().to_owned(),
        category: ticket.category.clone(),
        cause: ticket.cause.clone(),
    };
    OutageRow {
        number,
        from: outage.from.as_secs(),
        to: outage.to.map(Timestamp::as_secs),
        counted_s: outage.counted_s,
        started_in_period: outage.started_in_period,
        tickets: tickets.iter().filter(about).map(row).collect(),
    }
}

fn maintenance(
    site: &Site<'_>,
    register: &Register,
    service: &Service,
    worked: &Worked,
    window: Interval,
) -> Vec<MaintenanceRow> {
    let (terms, zone) = (worked.rules.terms(), site.rulebook.zone());
    let counts = |planned: &MaintenanceWindow| {
        policy_at(&terms, planned.interval.from).and_then(|policy| planned.counted(policy.min_notice_s)).is_some()
    };
    let row = |plan: &MaintenancePlan, planned: &MaintenanceWindow, parts: &[String]| MaintenanceRow {
        from: planned.interval.from.as_secs(),
        to: planned.interval.to.as_secs(),
        status: match planned.status {
            MaintenanceStatus::Approved => "approved",
            MaintenanceStatus::Cancelled => "cancelled",
            MaintenanceStatus::Proposed => "proposed",
            MaintenanceStatus::Rejected => "rejected",
        }
        .to_owned(),
        announced_at: planned.announced_at.map(Timestamp::as_secs),
        approved_at: planned.approved_at.map(Timestamp::as_secs),
        ended_early_at: planned.ended_early_at.map(Timestamp::as_secs),
        counts: counts(planned),
        parts: parts.to_vec(),
        record: Some(basis::maintenance_record(plan, site, &service.id, planned)),
    };
    let mut rows = Vec::new();
    for plan in register.plans() {
        let Some(parts) = plan.parts_of(service) else { continue };
        let windows = plan.windows(zone);
        let within = windows.iter().filter(|planned| planned.interval.overlaps(window));
        rows.extend(within.map(|planned| row(plan, planned, &parts)));
    }
    rows
}

fn corrections(register: &Register, service: &Service, worked: &Worked, window: Interval) -> Vec<CorrectionRow> {
    let all = &worked.rules.corrections;
    let touches = |correction: &Correction| match correction.effect {
        CorrectionEffect::Exclude(interval) | CorrectionEffect::SetState(interval, _) => interval.overlaps(window),
        CorrectionEffect::Withdraw { .. } => true,
    };
    let row = |correction| correction_row(correction, basis::correction_record(register, &service.id, correction));
    let mut rows: Vec<CorrectionRow> = all.iter().filter(|correction| touches(correction)).map(row).collect();
    rows.extend(continuity::late_corrections(register, service, window));
    rows.sort_by_key(|row| row.seq);
    rows
}

fn correction_row(correction: &Correction, record: Option<CorrectionRecord>) -> CorrectionRow {
    let (effect, interval, state, withdraws) = match correction.effect {
        CorrectionEffect::Exclude(interval) => ("exclude", Some(interval), None, None),
        CorrectionEffect::SetState(interval, state) => ("set_state", Some(interval), Some(state), None),
        CorrectionEffect::Withdraw { seq } => ("withdraw", None, None, Some(seq)),
    };
    CorrectionRow {
        seq: correction.seq,
        effect: effect.to_owned(),
        from: interval.map(|interval| interval.from.as_secs()),
        to: interval.map(|interval| interval.to.as_secs()),
        state: state.map(|state| state.name().to_owned()),
        withdraws,
        approved: correction.approved,
        record,
    }
}

/// The service's sets, what is asked of them, and what the period showed.
fn recovery(reader: &Reader, site: &Site<'_>, service: &Service) -> Result<Vec<RecoveryRow>, StoreError> {
    let interval = site.period.interval(site.rulebook.zone());
    let row = |set: &BackupSet| {
        let of = (&service.id, &set.id);
        let (told, watched) = backup_period::of_set(reader, site.rulebook, of, interval, site.now)?;
        let figures = told.figures;
        Ok(RecoveryRow {
            set: set.id.to_string(),
            name: set.name.clone(),
            required: watched.terms.last().map_or(set.required, |(_, terms)| terms.required),
            // As it was in force at the end of the period.
            rpo_s: watched.policy().and_then(|policy| policy.rpo_seconds).map(u64::from),
            worst_exposure_s: figures.as_ref().and_then(|figures| figures.peak_exposure_s),
            counted_s: figures.as_ref().map(|_| watched.counted(interval).length_s()),
            breach_s: figures.as_ref().map(|figures| figures.breach_s),
            compliant_ppm: figures.and_then(|figures| figures.compliance_ppm),
        })
    };
    service.backups.iter().filter(|set| set.is_backup()).map(row).collect()
}
