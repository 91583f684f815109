//! Freezing a month: the document is made once more, sealed and kept for ever.
//!
//! A month is *sementara* until [`SETTLING_S`] after its end, so that late data may still arrive (engines A.2). Then a
//! person who may takes responsibility for revision 1. What changes later (a correction, late data that was accepted)
//! makes revision n+1: with a reason, the hash of the revision before it, and every figure that changed.

use super::build::{self, Site};
use super::document::{Approval, Document, Previous};
use super::recount;
use super::seal::{self, SealError, SealedReport};
use crate::domain::calendar::period::{Period, PeriodKind};
use crate::domain::catalogue::Service;
use crate::snapshot::Snapshot;
use crate::store::reports::{FrozenReport, ReportKey};
use crate::store::{Reader, Store, StoreError};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

/// So long after its end a month stays provisional, in seconds.
pub const SETTLING_S: i64 = 72 * 3_600;

/// Longest reason, in characters.
pub const REASON_MAX: usize = 1_000;

/// Why a month is not frozen.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
    /// Only calendar months are frozen (G45).
    #[error("only calendar months are frozen")]
    NoMonth,
    /// Not yet.
    #[error("the month is provisional until {0}")]
    TooEarly(Timestamp),
    /// A later revision says why.
    #[error("a revision after the first needs a reason")]
    ReasonMissing,
    /// Longer than [`REASON_MAX`].
    #[error("the reason is too long")]
    ReasonTooLong,
    /// The ledger still gives what is frozen.
    #[error("nothing has changed since the last revision")]
    Unchanged,
    /// Nothing to sign with.
    #[error("cannot seal the report")]
    Seal(#[from] SealError),
    /// The store failed.
    #[error("cannot keep the report")]
    Store(#[from] StoreError),
    /// What is kept cannot be read.
    #[error("the revision before cannot be read")]
    Damaged(#[source] serde_json::Error),
    /// The work was cut off.
    #[error("the making of the report was interrupted")]
    Interrupted,
}

/// From when on a period may be frozen.
pub fn settles_at(period: Period, zone: chrono_tz::Tz) -> Timestamp {
    period.interval(zone).to.plus_secs(SETTLING_S)
}

/// Freezes `period` on the responsibility of `approver`.
///
/// # Errors
/// [`FreezeError`].
pub async fn freeze(
    store: &Store,
    snapshot: Arc<Snapshot>,
    period: Period,
    approval: (String, String),
    now: Timestamp,
) -> Result<SealedReport, FreezeError> {
    let now = now.floor_second();
    let (approver, reason) = (approval.0, approval.1.trim().to_owned());
    if period.kind() != PeriodKind::Month {
        return Err(FreezeError::NoMonth);
    }
    let settled = settles_at(period, snapshot.rulebook.zone());
    if now < settled {
        return Err(FreezeError::TooEarly(settled));
    }
    if reason.chars().count() > REASON_MAX {
        return Err(FreezeError::ReasonTooLong);
    }
    let reading = store.clone();
    let made = tokio::task::spawn_blocking(move || {
        reading.read(|reader| Ok((provisional(reader, &snapshot, period, now)?, newest(reader, period)?)))
    });
    let (mut document, newest) = made.await.map_err(|_| FreezeError::Interrupted)??;
    if let Some(body) = newest {
        let before: SealedReport = serde_json::from_str(&body).map_err(FreezeError::Damaged)?;
        follow(&mut document, &before, &reason)?;
    }
    document.head.status = "final".to_owned();
    document.head.revision += 1;
    document.head.approval = Some(Approval { by: approver, at: now.as_secs(), reason });
    let key = key_in_force(store, false, now).await?;
    let sealed = seal::seal(document, key.secret.as_deref().unwrap_or_default())?;
    save(store, &sealed, now).await?;
    Ok(sealed)
}

/// What a report of `period` is made of, as the site stands.
pub fn site(snapshot: &Snapshot, period: Period, now: Timestamp) -> Site<'_> {
    let (profile, catalogue, rulebook) = (&*snapshot.profile, &*snapshot.catalogue, &*snapshot.rulebook);
    Site { profile, catalogue, rulebook, period, now, judgement_only: false }
}

/// The judgement alone of all services, with every detail of `detailed`.
///
/// # Errors
/// The store's.
pub fn summary(
    reader: &Reader,
    snapshot: &Snapshot,
    period: Period,
    detailed: Option<&str>,
    now: Timestamp,
) -> Result<Document, StoreError> {
    let site = site(snapshot, period, now);
    let services: Vec<&Service> = snapshot.catalogue.services.iter().collect();
    let mut document = build::load(reader, &Site { judgement_only: true, ..site }, &services)?;
    let chosen: Vec<&Service> = services.into_iter().filter(|service| detailed == Some(service.id.as_str())).collect();
    for whole in build::load(reader, &site, &chosen)?.services {
        document.services.iter_mut().filter(|service| service.id == whole.id).for_each(|place| *place = whole.clone());
    }
    Ok(document)
}

/// The document as it would be frozen now.
///
/// # Errors
/// The store's.
pub fn provisional(
    reader: &Reader,
    snapshot: &Snapshot,
    period: Period,
    now: Timestamp,
) -> Result<Document, StoreError> {
    let services: Vec<&Service> = snapshot.catalogue.services.iter().collect();
    build::load(reader, &site(snapshot, period, now), &services)
}

fn newest(reader: &Reader, period: Period) -> Result<Option<String>, StoreError> {
    reader.frozen_body(&period.to_string(), None)
}

/// Makes `document` the revision after `before`.
fn follow(document: &mut Document, before: &SealedReport, reason: &str) -> Result<(), FreezeError> {
    let changes = recount::all_differences(&before.report, document);
    if changes.is_empty() {
        return Err(FreezeError::Unchanged);
    }
    if reason.is_empty() {
        return Err(FreezeError::ReasonMissing);
    }
    document.head.revision = before.report.head.revision;
    document.head.previous =
        Some(Previous { revision: before.report.head.revision, sha256: before.seal.sha256.clone() });
    document.head.changes = changes;
    Ok(())
}

/// The key that signs; made when there is none, or anew with `replace`.
///
/// # Errors
/// [`SealError::Random`], the store's.
pub async fn key_in_force(store: &Store, replace: bool, now: Timestamp) -> Result<ReportKey, FreezeError> {
    let secret = seal::new_key()?;
    let public_key = seal::public_key(&secret)?;
    let new = ReportKey {
        key_id: seal::key_id(&public_key),
        public_key,
        secret: Some(secret),
        made_at: now,
        retired_at: None,
    };
    Ok(store.write(move |writer| writer.report_key_or(new, replace)).await?)
}

async fn save(store: &Store, sealed: &SealedReport, now: Timestamp) -> Result<(), FreezeError> {
    let value = serde_json::to_value(sealed).map_err(|error| SealError::Canonical(error.into()))?;
    let bytes = super::canonical::render(&value).map_err(SealError::Canonical)?;
    let body = String::from_utf8(bytes).map_err(|_| FreezeError::Interrupted)?;
    let head = &sealed.report.head;
    let frozen = FrozenReport {
        period: head.period.clone(),
        revision: head.revision,
        frozen_at: now,
        approver: head.approval.as_ref().map(|approval| approval.by.clone()).unwrap_or_default(),
        reason: head.approval.as_ref().map(|approval| approval.reason.clone()).unwrap_or_default(),
        sha256: sealed.seal.sha256.clone(),
        key_id: sealed.seal.key_id.clone(),
    };
    Ok(store.write(move |writer| writer.save_frozen_report(&frozen, &body)).await?)
}
