//! Services: the list, one, its figures over a period, its ledger.

use super::budget::BudgetBody;
use super::parameters::{Parameters, bad_parameter};
use super::view::{List, instant};
use super::{ApiState, access, no_such, part_ledger, read};
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::domain::catalogue::{Catalogue, Component, Service, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Profile;
use crate::domain::state::State as ServiceState;
use crate::http_error::HttpError;
use crate::service_period::{self, FigureList};
use crate::snapshot::{ServiceView, Snapshot};
use crate::store::records::LedgerRow;
use crate::texts::{Language, Texts};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;
use std::sync::Arc;

/// Longest stretch of a ledger in one answer: a leap year.
const LEDGER_SECONDS_MAX: i64 = 366 * 86_400;

/// Most intervals in one answer; `truncated_at` says where to go on.
const INTERVALS_MAX: usize = 5000;

#[derive(Debug, Serialize)]
struct CheckView {
    id: String,
    host: String,
    at: Option<String>,
    /// `ok`, `degraded`, `failed`, `probe_error`; `null` before the first answer.
    verdict: Option<&'static str>,
    duration_us: Option<u64>,
}

/// The eleven fields of the catalogue (2.1.1.2), by their product names, and what decides on targets.
#[derive(Debug, Serialize)]
struct CatalogueFields {
    nama: String,
    deskripsi: String,
    penyedia: String,
    administrator_layanan: Vec<String>,
    administrator_infrastruktur: Vec<String>,
    cara_akses: String,
    /// ppm of a calendar month; `null`: not set (G22).
    target_ketersediaan_ppm: Option<u32>,
    kontak_bantuan: String,
    waktu_bantuan: String,
    /// Seconds by Tabel 2; `null`: not set (G02).
    target_pelayanan_s: Option<u32>,
    jam_layanan: String,
    /// `keluarkan`, `hitung_tersedia`, `hitung_terhenti` (G26).
    pemeliharaan: &'static str,
    /// Components: identifier, name, checks, own target in ppm (G57).
    komponen: Vec<ComponentView>,
    /// Services and components that it needs; never hides its state.
    bergantung_pada: Vec<String>,
    kelompok: &'static str,
    klasifikasi: &'static str,
    rpo_s: Option<u32>,
    rto_s: Option<u32>,
    drp: Option<String>,
    host: Vec<String>,
    /// What the regulation wants and its entry lacks, such as `critical-without-rpo`.
    temuan: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ComponentView {
    id: String,
    nama: String,
    pemeriksaan: Vec<String>,
    target_ketersediaan_ppm: Option<u32>,
}

impl ComponentView {
    fn new(service: &Service, component: &Component) -> Self {
        let checks = component.checks.iter().filter_map(|place| service.checks.get(*place));
        Self {
            id: component.id.to_string(),
            nama: component.name.clone(),
            pemeriksaan: checks.map(|check| check.id.to_string()).collect(),
            target_ketersediaan_ppm: component.target.map(|target| target.ppm),
        }
    }
}

impl CatalogueFields {
    fn new(service: &Service, catalogue: &Catalogue, profile: &Profile) -> Self {
        let lacking = catalogue.findings.iter().filter(|finding| finding.service.as_ref() == Some(&service.id));
        Self {
            nama: service.name.clone(),
            deskripsi: service.description.clone(),
            penyedia: service.provider.clone(),
            administrator_layanan: service.service_administrators.clone(),
            administrator_infrastruktur: service.infrastructure_administrators.clone(),
            cara_akses: service.access.clone(),
            target_ketersediaan_ppm: service.target.map(|target| target.ppm),
            kontak_bantuan: service.support_contact.clone(),
            waktu_bantuan: service.support_hours.clone(),
            target_pelayanan_s: profile.resolution_target(service.group, service.class).map(|target| target.seconds),
            jam_layanan: service.service_hours.clone(),
            pemeliharaan: service.agreement.policy.maintenance.code(),
            komponen: service.composition.components.iter().map(|part| ComponentView::new(service, part)).collect(),
            bergantung_pada: service.composition.depends_on.iter().map(|needed| needed.id().to_string()).collect(),
            kelompok: service.group.code(),
            klasifikasi: service.class.code(),
            rpo_s: service.rpo_seconds,
            rto_s: service.rto_seconds,
            drp: service.recovery_plan.clone(),
            host: service.hosts.iter().map(ToString::to_string).collect(),
            temuan: lacking.map(|finding| finding.phrase.id.trim_start_matches("finding-").to_owned()).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ServiceBody {
    id: String,
    #[serde(flatten)]
    katalog: CatalogueFields,
    state: &'static str,
    since: Option<String>,
    /// Why, in Bahasa Indonesia.
    reason: Option<String>,
    effective_from: Option<String>,
    month: FigureList,
    /// `null` without a target.
    budget: Option<BudgetBody>,
    checks: Vec<CheckView>,
}

fn body(snapshot: &Snapshot, service: &Service, view: &ServiceView) -> ServiceBody {
    let profile = &*snapshot.profile;
    let zone = profile.time_zone;
    let check = |check: &crate::snapshot::CheckView| CheckView {
        id: check.id.to_string(),
        host: check.host.to_string(),
        at: check.at.map(|at| instant(zone, at)),
        verdict: check.outcome.as_ref().map(|outcome| outcome.verdict().name()),
        duration_us: check.outcome.as_ref().map(|outcome| outcome.duration_us),
    };
    ServiceBody {
        id: view.id.to_string(),
        katalog: CatalogueFields::new(service, &snapshot.catalogue, profile),
        state: view.state.name(),
        since: view.since.map(|at| instant(zone, at)),
        reason: view.reason.as_ref().map(|reason| Texts::new(Language::Id, zone).phrase(reason)),
        effective_from: view.effective_from.map(|at| instant(zone, at)),
        month: FigureList(view.month),
        budget: view.budget.as_ref().map(|budget| BudgetBody::new(zone, budget)),
        checks: view.checks.iter().map(check).collect(),
    }
}

/// The service of a path.
pub(super) fn found<'a>(snapshot: &'a Snapshot, id: &str) -> Result<(&'a Service, &'a ServiceView), HttpError> {
    let service = ServiceId::parse(id).ok().and_then(|id| snapshot.catalogue.service(&id));
    let view = snapshot.services.iter().find(|view| view.id.as_str() == id);
    service.zip(view.map(AsRef::as_ref)).ok_or_else(|| no_such("service"))
}

pub(super) async fn list(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<List<ServiceBody>>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let snapshot = state.app.engine.snapshot();
    let each =
        |view: &Arc<ServiceView>| snapshot.catalogue.service(&view.id).map(|service| body(&snapshot, service, view));
    Ok(Json(List { items: snapshot.services.iter().filter_map(each).collect() }))
}

pub(super) async fn one(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<ServiceBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    Parameters::read(&uri, &[])?;
    let snapshot = state.app.engine.snapshot();
    let (service, view) = found(&snapshot, &id)?;
    Ok(Json(body(&snapshot, service, view)))
}

#[derive(Debug, Serialize)]
pub(super) struct AvailabilityBody {
    service: String,
    period: String,
    from: String,
    to: String,
    as_of: String,
    catalogue_revision: u32,
    profile: String,
    #[serde(flatten)]
    figures: FigureList,
    /// Of the month that runs; `null` for any other period and without a target.
    budget: Option<BudgetBody>,
}

pub(super) async fn availability(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<AvailabilityBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["period"])?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let zone = snapshot.profile.time_zone;
    let (service, view) = found(&snapshot, &id)?;
    let service = service.id.clone();
    let month = Period::containing_instant(PeriodKind::Month, zone, now);
    let period = match parameters.text("period") {
        None => month,
        Some(text) => Period::parse(text).map_err(|error| bad_parameter("period", &format!("bad: {error}")))?,
    };
    let rulebook = Arc::clone(&snapshot.rulebook);
    let judged = read(&state.app, move |reader| service_period::load(reader, &rulebook, &service, period, now)).await?;
    let window = period.interval(zone);
    let budget = view.budget.as_ref().filter(|_| period == month);
    Ok(Json(AvailabilityBody {
        service: id,
        period: period.to_string(),
        from: instant(zone, window.from),
        to: instant(zone, window.to),
        as_of: instant(zone, now),
        catalogue_revision: snapshot.catalogue.revision,
        profile: snapshot.profile.version.clone(),
        figures: FigureList(judged.figures),
        budget: budget.map(|budget| BudgetBody::new(zone, budget)),
    }))
}

#[derive(Debug, Serialize)]
struct IntervalView {
    from: String,
    to: String,
    state: &'static str,
    /// Why, in Bahasa Indonesia.
    reason: Option<String>,
}

/// The intervals tile `[from, to)`; `truncated_at` is `null` when they all fit.
#[derive(Debug, Serialize)]
pub(super) struct LedgerBody {
    service: String,
    from: String,
    to: String,
    intervals: Vec<IntervalView>,
    truncated_at: Option<String>,
}

/// One piece of a window with what holds in it.
#[derive(Debug, PartialEq, Eq)]
struct Piece<'a> {
    from: Timestamp,
    to: Timestamp,
    state: ServiceState,
    reason: Option<&'a Phrase>,
}

/// Rows clipped to the window, with *unknown* where there is none: pieces that tile `[from, to)`. Neighbours of one
/// state are one piece with the first one's reason.
fn tile(rows: &[LedgerRow], from: Timestamp, to: Timestamp) -> Vec<Piece<'_>> {
    let gap = |from, to| Piece { from, to, state: ServiceState::Unknown, reason: None };
    let mut at = from;
    let mut parts = Vec::with_capacity(rows.len() * 2 + 1);
    for row in rows {
        let (begin, end) = (row.from.max(at), row.to.min(to));
        if begin < end {
            parts.push(gap(at, begin));
            parts.push(Piece { from: begin, to: end, state: row.state, reason: row.reason.as_ref() });
            at = end;
        }
    }
    parts.push(gap(at, to));
    let mut pieces: Vec<Piece<'_>> = Vec::with_capacity(parts.len());
    for part in parts.into_iter().filter(|part| part.from < part.to) {
        match pieces.last_mut() {
            Some(last) if last.state == part.state => last.to = part.to,
            _ => pieces.push(part),
        }
    }
    pieces
}

pub(super) async fn ledger(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<LedgerBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    let parameters = Parameters::read(&uri, &["from", "to", "component", "check", "vantage"])?;
    let (snapshot, now) = (state.app.engine.snapshot(), state.app.clock.now());
    let zone = snapshot.profile.time_zone;
    let service = found(&snapshot, &id)?.0.clone();
    let part = part_ledger::asked(&parameters, &service)?;
    let seconds_max = if part.is_some() { part_ledger::SECONDS_MAX } else { LEDGER_SECONDS_MAX };
    let (from, to) = parameters.window(now, 86_400, seconds_max)?;
    // After now nothing is known, not even that it is unknown.
    let to = to.min(now).max(from);
    if let Some(part) = &part {
        part_ledger::bounded(&service, part, from, to)?;
    }
    let rows = read(&state.app, move |reader| match &part {
        None => reader.ledger(&service.id, from, to),
        Some(part) => part_ledger::rows(reader, &service, part, Interval::new(from, to)),
    });
    let rows = rows.await?;
    let texts = Texts::new(Language::Id, zone);
    let mut pieces = tile(&rows, from, to);
    let truncated_at = pieces.get(INTERVALS_MAX).map(|piece| instant(zone, piece.from));
    pieces.truncate(INTERVALS_MAX);
    let intervals = pieces.iter().map(|piece| IntervalView {
        from: instant(zone, piece.from),
        to: instant(zone, piece.to),
        state: piece.state.name(),
        reason: piece.reason.map(|reason| texts.phrase(reason)),
    });
    Ok(Json(LedgerBody {
        service: id,
        from: instant(zone, from),
        to: instant(zone, to),
        intervals: intervals.collect(),
        truncated_at,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pieces_tile_the_window_whatever_the_rows_cover() {
        let at = Timestamp::from_secs;
        let row = |from, to, state| LedgerRow { from: at(from), to: at(to), state, reason: None };
        let rows = [row(0, 10, ServiceState::Up), row(20, 30, ServiceState::Down), row(30, 90, ServiceState::Up)];
        let pieces = tile(&rows, at(5), at(50));
        let seen: Vec<_> = pieces.iter().map(|p| (p.from.as_secs(), p.to.as_secs(), p.state.name())).collect();
        let expected = [(5, 10, "up"), (10, 20, "unknown"), (20, 30, "down"), (30, 50, "up")];
        assert_eq!(seen, expected);
        assert_eq!(tile(&[], at(5), at(50)).len(), 1);
        assert!(tile(&rows, at(5), at(5)).is_empty());
    }

    proptest! {
        #[test]
        fn every_second_is_told_once_and_neighbours_differ(
            lengths in prop::collection::vec((0_i64..5, 1_i64..5, 0_usize..4), 0..12),
            from in 0_i64..40,
            length in 1_i64..60,
        ) {
            let at = Timestamp::from_secs;
            let (mut end, mut rows) = (0, Vec::new());
            for (gap, length, state) in lengths {
                let (from, to) = (at(end + gap), at(end + gap + length));
                rows.push(LedgerRow { from, to, state: ServiceState::ALL[state], reason: None });
                end += gap + length;
            }
            let pieces = tile(&rows, at(from), at(from + length));
            prop_assert_eq!((pieces[0].from, pieces[pieces.len() - 1].to), (at(from), at(from + length)));
            for pair in pieces.windows(2) {
                prop_assert!(pair[0].to == pair[1].from && pair[0].state != pair[1].state);
            }
            for second in (from..from + length).map(at) {
                let row = rows.iter().find(|row| row.from <= second && second < row.to);
                let told = pieces.iter().find(|piece| piece.from <= second && second < piece.to);
                prop_assert_eq!(told.map(|piece| piece.state), Some(row.map_or(ServiceState::Unknown, |row| row.state)));
            }
        }
    }
}
