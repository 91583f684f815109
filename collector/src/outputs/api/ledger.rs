//! `/services/{id}/ledger?from=&to=`: what the service was, without holes.
//!
//! `[from, to)` is clipped at now and tiled: what no row covers is `unknown`, neighbours of one state are one interval
//! with the first one's reason.

use super::ApiState;
use super::access::Caller;
use super::query::{Parameters, bad};
use super::services::find;
use super::store_read::read;
use super::view::local_time;
use crate::domain::phrase::Phrase;
use crate::domain::state::State as ServiceState;
use crate::http_error::HttpError;
use crate::store::records::LedgerRow;
use crate::texts::{Language, Texts};
use axum::Json;
use axum::extract::{Path, State};
use http::Uri;
use pantau_shared::timestamp::Timestamp;
use serde::Serialize;

/// Longest range, in milliseconds: a leap year.
const RANGE_MAX_MS: i64 = 366 * 86_400_000;

/// One interval of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tile {
    from: Timestamp,
    to: Timestamp,
    state: ServiceState,
    reason: Option<Phrase>,
}

/// Tiles `[from, to)` with `rows`, which are sorted and disjoint.
fn tile(rows: &[LedgerRow], from: Timestamp, to: Timestamp) -> Vec<Tile> {
    let mut tiles: Vec<Tile> = Vec::new();
    let mut push = |tile: Tile| match tiles.last_mut() {
        _ if tile.from >= tile.to => {}
        Some(last) if last.state == tile.state => last.to = tile.to,
        _ => tiles.push(tile),
    };
    let mut at = from;
    for row in rows {
        let (begin, end) = (row.from.max(at), row.to.min(to));
        if begin >= end {
            continue;
        }
        push(Tile { from: at, to: begin, state: ServiceState::Unknown, reason: None });
        push(Tile { from: begin, to: end, state: row.state, reason: row.reason.clone() });
        at = end;
    }
    push(Tile { from: at, to, state: ServiceState::Unknown, reason: None });
    tiles
}

#[derive(Debug, Serialize)]
pub(super) struct LedgerJson {
    service: String,
    from: String,
    to: String,
    intervals: Vec<IntervalJson>,
}

#[derive(Debug, Serialize)]
struct IntervalJson {
    from: String,
    to: String,
    state: &'static str,
    reason: Option<String>,
}

pub(super) async fn ledger(
    _: Caller,
    State(state): State<ApiState>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<LedgerJson>, HttpError> {
    let parameters = Parameters::read(&uri, &["from", "to"])?;
    let (from, to) = (parameters.instant("from")?, parameters.instant("to")?);
    if from >= to || to.ms_since(from) > RANGE_MAX_MS {
        return Err(bad("to", "after `from`, by at most 366 days"));
    }
    let snapshot = state.app.engine.snapshot();
    let service = find(&snapshot, &id)?.0.id.clone();
    let to = to.min(state.app.clock.now()).max(from);
    let asked = service.clone();
    let rows = read(&state.app, move |reader| reader.ledger(&asked, from, to)).await?;
    let zone = snapshot.profile.time_zone;
    let texts = Texts::new(Language::Id, zone);
    let interval = |tile: Tile| IntervalJson {
        from: local_time(zone, tile.from),
        to: local_time(zone, tile.to),
        state: tile.state.name(),
        reason: tile.reason.map(|reason| texts.phrase(&reason)),
    };
    Ok(Json(LedgerJson {
        service: service.to_string(),
        from: local_time(zone, from),
        to: local_time(zone, to),
        intervals: tile(&rows, from, to).into_iter().map(interval).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn row(from: i64, to: i64, state: ServiceState) -> LedgerRow {
        LedgerRow { from: at(from), to: at(to), state, reason: Some(Phrase::new(&format!("r{from}"))) }
    }

    fn said(tiles: &[Tile]) -> Vec<(i64, i64, &'static str)> {
        tiles.iter().map(|tile| (tile.from.as_secs(), tile.to.as_secs(), tile.state.name())).collect()
    }

    #[test]
    fn holes_are_unknown_and_neighbours_are_one() {
        use ServiceState::{Down, Unknown, Up};
        let rows = [row(0, 20, Up), row(20, 30, Up), row(40, 50, Unknown), row(50, 90, Down)];
        let tiles = tile(&rows, at(10), at(60));
        assert_eq!(said(&tiles), [(10, 30, "up"), (30, 50, "unknown"), (50, 60, "down")]);
        assert_eq!(tiles[0].reason, Some(Phrase::new("r0")));
        assert_eq!(said(&tile(&[], at(0), at(5))), [(0, 5, "unknown")]);
        assert_eq!(said(&tile(&rows, at(5), at(5))), []);
    }

    proptest! {
        #[test]
        fn every_second_is_told_once(lengths in prop::collection::vec((0_i64..5, 1_i64..5, 0_usize..4), 0..12),
            from in 0_i64..40, length in 1_i64..60)
        {
            let mut end = 0;
            let mut rows = Vec::new();
            for (gap, length, state) in lengths {
                rows.push(row(end + gap, end + gap + length, ServiceState::ALL[state]));
                end += gap + length;
            }
            let tiles = tile(&rows, at(from), at(from + length));
            prop_assert_eq!(tiles[0].from, at(from));
            prop_assert_eq!(tiles[tiles.len() - 1].to, at(from + length));
            for pair in tiles.windows(2) {
                prop_assert!(pair[0].to == pair[1].from && pair[0].state != pair[1].state);
            }
            for second in from..from + length {
                let covering = rows.iter().find(|row| row.from <= at(second) && at(second) < row.to);
                let expected = covering.map_or(ServiceState::Unknown, |row| row.state);
                let told = tiles.iter().find(|tile| tile.from <= at(second) && at(second) < tile.to);
                prop_assert_eq!(told.map(|tile| tile.state), Some(expected));
            }
        }
    }
}
