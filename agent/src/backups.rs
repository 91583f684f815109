//! Looks at a backup set and says what is there. Whether that is fresh enough, the collector judges.

pub(crate) mod files;

use crate::clock::Clock;
use pantau_shared::assignment::{BackupSource, BackupWatch};
use pantau_shared::backup::{BackupArtefact, BackupObservation};
use pantau_shared::limits::{ARTEFACTS_MAX, cut_text};
use std::time::Duration;

/// Bound on one look: a directory on a dead disk must not hold a set for ever.
const LOOK_TIMEOUT: Duration = Duration::from_secs(30);

/// What a source holds: its newest artefacts in any order, and how many there are.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) artefacts: Vec<BackupArtefact>,
    pub(crate) total: u64,
}

/// Looks once, within its bound, on a thread of its own.
pub(crate) async fn inspect(set: &BackupWatch, clock: &Clock) -> BackupObservation {
    let found = match &set.source {
        Some(BackupSource::Files(source)) => {
            let (source, now_ms) = (source.clone(), clock.now().as_ms());
            let looking = tokio::task::spawn_blocking(move || files::read_files(&source, now_ms));
            match tokio::time::timeout(LOOK_TIMEOUT, looking).await {
                Ok(Ok(found)) => found.map_err(|error| render_chain(&error)),
                Ok(Err(error)) => Err(format!("look broke off: {error}")),
                Err(_) => Err(format!("no answer within {} s", LOOK_TIMEOUT.as_secs())),
            }
        }
        Some(_) | None => Err("assignment: kind of backup source is not known to this agent".to_owned()),
    };
    render_observation(&set.id, found)
}

fn render_chain(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// The newest artefacts first, within the bound. Pure.
fn render_observation(set: &str, found: Result<Found, String>) -> BackupObservation {
    let (mut found, error) = match found {
        Ok(found) => (found, String::new()),
        Err(error) => (Found::default(), error),
    };
    found.artefacts.sort_by(|a, b| (b.data_time_ms, &b.name).cmp(&(a.data_time_ms, &a.name)));
    found.artefacts.truncate(ARTEFACTS_MAX);
    BackupObservation {
        set: cut_text(set),
        artefacts: found.artefacts,
        error: cut_text(&error),
        artefacts_total: found.total,
        ..BackupObservation::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_source_is_told() {
        let set = BackupWatch { id: "db".into(), interval_ms: 1000, source: None };
        let seen = inspect(&set, &Clock::system()).await;
        assert_eq!((seen.set.as_str(), seen.artefacts.len()), ("db", 0));
        assert!(seen.error.contains("not known"), "{}", seen.error);
    }

    #[test]
    fn newest_first_within_the_bound() {
        let artefact =
            |n: i64| BackupArtefact { name: n.to_string(), data_time_ms: Some(n), ..BackupArtefact::default() };
        let found = Found { artefacts: (0..100).map(artefact).collect(), total: 100 };
        let seen = render_observation("db", Ok(found));
        assert_eq!((seen.artefacts.len(), seen.artefacts_total), (ARTEFACTS_MAX, 100));
        assert_eq!(seen.artefacts[0].data_time_ms, Some(99));
    }
}
