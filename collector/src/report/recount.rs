//! Counting a report again from its own tiles, and finding where two judgements of a service differ.
//!
//! Pure: needs neither the store nor a key. What it proves is that every figure follows from the intervals beside it by
//! the rules of this program; that the intervals are the ledger's is proved by comparing with it.

use super::document::{
    Change, CountsRow, Document, FORMAT, FigureRow, RecoveryRow, ServiceReport, Summary, TermsRow, TileRow,
};
use crate::domain::availability::rules::COUNTING;
use crate::domain::availability::tiles::{self, Recount, Tile, TileClass, TileReason, TileTerms};
use crate::domain::interval::Interval;
use crate::domain::state::State;
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// The first thing in a report that does not follow from the rest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecountError {
    /// Another format.
    #[error("the format is `{0}`; this program reads `{FORMAT}`")]
    Format(String),
    /// Counted in another way.
    #[error("it was counted by rules {0}; this program counts by rules {COUNTING}")]
    Counting(u32),
    /// A figure that the tiles do not give.
    #[error("service `{service}`: {field} is {told}, but its intervals give {counted}")]
    Figure {
        /// Which service.
        service: String,
        /// Which field.
        field: String,
        /// As the report says.
        told: String,
        /// As counted again.
        counted: String,
    },
    /// Tiles that are none.
    #[error("service `{service}`: {fault}")]
    Tiles {
        /// Which service.
        service: String,
        /// What is wrong.
        fault: String,
    },
    /// The summary is not that of the services.
    #[error("the summary does not follow from the services")]
    Summary,
}

/// Counts every service again.
///
/// # Errors
/// The first difference.
pub fn check(report: &Document) -> Result<(), RecountError> {
    if report.format != FORMAT {
        return Err(RecountError::Format(report.format.clone()));
    }
    if report.head.rules.counting != u32::from(COUNTING) {
        return Err(RecountError::Counting(report.head.rules.counting));
    }
    report.services.iter().try_for_each(check_service)?;
    let again = if report.summary.by_target_period { Summary::of } else { Summary::of_period };
    if again(&report.services) == report.summary { Ok(()) } else { Err(RecountError::Summary) }
}

fn check_service(service: &ServiceReport) -> Result<(), RecountError> {
    let counted = recounted(service)?;
    let told = fields(service);
    let again = ServiceReport {
        figures: FigureRow::new(&counted.figures),
        without_maintenance: CountsRow::new(&counted.without_maintenance),
        outages: service.outages.clone(),
        ..service.clone()
    };
    for ((field, told), (_, counted)) in told.iter().zip(fields(&again)) {
        if *told != counted {
            let service = service.id.clone();
            return Err(RecountError::Figure { service, field: field.clone(), told: told.clone(), counted });
        }
    }
    let outages: Vec<u64> = service.outages.iter().map(|outage| outage.counted_s).collect();
    if outages != counted.outages {
        let (told, counted) = (format!("{outages:?}"), format!("{:?}", counted.outages));
        return Err(RecountError::Figure {
            service: service.id.clone(),
            field: "outages[].counted_s".into(),
            told,
            counted,
        });
    }
    Ok(())
}

fn recounted(service: &ServiceReport) -> Result<Recount, RecountError> {
    let fault = |fault: String| RecountError::Tiles { service: service.id.clone(), fault };
    let window = Interval::new(Timestamp::from_secs(service.counted_from), Timestamp::from_secs(service.counted_to));
    let tiles: Option<Vec<Tile>> = service.tiles.iter().map(tile).collect();
    let tiles = tiles.ok_or_else(|| fault("an interval has an unknown code or a wrong number of seconds".into()))?;
    let terms: Option<Vec<TileTerms>> = service.terms.iter().map(terms_of).collect();
    let terms = terms.ok_or_else(|| fault("a policy has an unknown code".into()))?;
    tiles::check(&tiles, window, &terms).map_err(|error| fault(error.to_string()))?;
    Ok(tiles::recount(&tiles, window, &terms))
}

fn terms_of(row: &TermsRow) -> Option<TileTerms> {
    let valid_from = row.valid_from.map_or(Interval::ALL.from, Timestamp::from_secs);
    Some(TileTerms { valid_from, target_ppm: row.target_ppm, policy: row.policy.policy()? })
}

fn tile(row: &TileRow) -> Option<Tile> {
    let interval = Interval::new(Timestamp::from_secs(row.from), Timestamp::from_secs(row.to));
    let place = |number: u32| usize::try_from(number).ok();
    (interval.length_s() == row.seconds).then_some(())?;
    Some(Tile {
        interval,
        observed: State::parse(&row.observed)?,
        class: TileClass::parse(&row.counts_as)?,
        plain: TileClass::parse(&row.without_maintenance)?,
        reason: TileReason::parse(&row.reason)?,
        terms: row.terms.and_then(place),
        outage: row.outage.and_then(place),
    })
}

/// Every figure of a service by its name, in the order of the report.
fn fields(service: &ServiceReport) -> Vec<(String, String)> {
    let mut all = members("", &service.figures);
    all.extend(members("without_maintenance.", &service.without_maintenance));
    all
}

fn members(lead: &str, row: &impl Serialize) -> Vec<(String, String)> {
    match serde_json::to_value(row) {
        Ok(Value::Object(members)) => {
            members.into_iter().map(|(name, value)| (format!("{lead}{name}"), value.to_string())).collect()
        }
        Ok(_) | Err(_) => Vec::new(),
    }
}

/// Where two judgements of one service differ: figures first, then the first interval that is another.
pub fn differences(before: &ServiceReport, after: &ServiceReport) -> Vec<Change> {
    let service = after.id.clone();
    let change = |field, before, after| Change { service: service.clone(), field, before, after };
    let mut found: Vec<Change> = fields(before)
        .into_iter()
        .zip(fields(after))
        .filter(|((_, old), (_, new))| old != new)
        .map(|((field, old), (_, new))| change(field, old, new))
        .collect();
    found.extend(recovery_differences(before, after));
    let (mut old, mut new) = (before.tiles.iter(), after.tiles.iter());
    loop {
        let (old, new) = (old.next(), new.next());
        match old.or(new) {
            None => break,
            Some(_) if old == new => {}
            Some(either) => {
                let told = |row: Option<&TileRow>| {
                    row.map_or_else(|| "null".into(), |row| format!("{} ({})", row.counts_as, row.reason))
                };
                let from = old.into_iter().chain(new).map(|row| row.from).min().unwrap_or(either.from);
                let at = Timestamp::from_secs(from);
                found.push(change(format!("the interval from {at}"), told(old), told(new)));
                break;
            }
        }
    }
    found
}

/// The same of backup sets that both name: late records that people agreed to change them. A set that only one of them names
/// came or went with the catalogue.
fn recovery_differences(before: &ServiceReport, after: &ServiceReport) -> Vec<Change> {
    let number = |value: Option<u64>| value.map_or_else(|| "null".to_owned(), |value| value.to_string());
    let pairs = before.recovery.iter().filter_map(|old| {
        let new = after.recovery.iter().find(|new| new.set == old.set)?;
        Some((old, new))
    });
    let both = |(old, new): (&RecoveryRow, &RecoveryRow)| {
        let figures = [
            ("worst_exposure_s", old.worst_exposure_s, new.worst_exposure_s),
            ("compliant_ppm", old.compliant_ppm.map(u64::from), new.compliant_ppm.map(u64::from)),
        ];
        let differing = figures.into_iter().filter(|(_, before, after)| before != after);
        let set = old.set.clone();
        let change = move |(name, before, after): (&str, Option<u64>, Option<u64>)| Change {
            service: String::new(),
            field: format!("recovery[{set}].{name}"),
            before: number(before),
            after: number(after),
        };
        differing.map(change).collect::<Vec<_>>()
    };
    let found = pairs.flat_map(both);
    found.map(|change| Change { service: after.id.clone(), ..change }).collect()
}

/// The same over all services of two reports; a service that only one of them has is a difference.
pub fn all_differences(before: &Document, after: &Document) -> Vec<Change> {
    let mut found = Vec::new();
    let (here, missing) = ("there".to_owned(), "missing".to_owned());
    for old in &before.services {
        match after.services.iter().find(|new| new.id == old.id) {
            Some(new) => found.extend(differences(old, new)),
            None => found.push(Change {
                service: old.id.clone(),
                field: "service".into(),
                before: here.clone(),
                after: missing.clone(),
            }),
        }
    }
    let added = after.services.iter().filter(|new| before.services.iter().all(|old| old.id != new.id));
    found.extend(added.map(|new| Change {
        service: new.id.clone(),
        field: "service".into(),
        before: missing.clone(),
        after: here.clone(),
    }));
    found
}
