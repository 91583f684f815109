//! What of the hosts cannot be rebuilt cheaply, kept beside the cursor: threshold tracks, rates, the number of the newest
//! sample, since when a host is heard, and how it is ([`super::checkpoint_wellbeing`]).
//!
//! ```text
//! SLICES slices by a hash of the host's identifier; one of them, with every change since it was written last, goes with
//! a decision each second: a round takes half a minute, whatever the number of hosts, and nothing is written of hosts that
//! sent nothing. Slice n is true up to its own cursor.
//! start    slices → hosts; then the samples after the oldest slice's cursor, as they were fed the first time
//! ```
//!
//! Format, version 1: protobuf [`SavedSlice`]. Another version, or one that cannot be read, is left aside: its hosts
//! start from their stored samples, slower and no worse. Services and backup sets are not here: they are replayed from
//! their answers and looks. Knows no rule.

use super::checkpoint_waits;
use super::checkpoint_wellbeing::SavedWellbeing;
use super::host_model::{HostModel, Newest, Track};
use super::load::FACTS_PAGE;
use super::model::Model;
use crate::domain::catalogue::{Catalogue, ThresholdMetric};
use crate::domain::reboot::Boots;
use crate::domain::threshold::ThresholdTrack;
use crate::snapshot::HostRates;
use crate::store::records::{CheckpointSlice, Fact, FactBody, FactCursor};
use crate::store::{Reader, StoreError};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use prost::Message;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Into so many slices the hosts are divided.
pub(crate) const SLICES: u32 = 32;
/// The format that is written and read.
pub(super) const VERSION: u32 = 1;

#[derive(Clone, PartialEq, Message)]
struct SavedSlice {
    #[prost(message, repeated, tag = "1")]
    hosts: Vec<SavedHost>,
}

#[derive(Clone, PartialEq, Message)]
struct SavedHost {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(int64, optional, tag = "2")]
    last_seen_ms: Option<i64>,
    #[prost(int64, tag = "3")]
    heard_since_ms: i64,
    #[prost(int64, optional, tag = "4")]
    newest_at_ms: Option<i64>,
    #[prost(int64, tag = "5")]
    newest_fact: i64,
    #[prost(uint32, optional, tag = "6")]
    cpu: Option<u32>,
    #[prost(uint32, optional, tag = "7")]
    memory: Option<u32>,
    #[prost(string, optional, tag = "8")]
    storage_part: Option<String>,
    #[prost(uint32, tag = "9")]
    storage: u32,
    #[prost(uint64, optional, tag = "10")]
    received: Option<u64>,
    #[prost(uint64, tag = "11")]
    sent: u64,
    #[prost(message, repeated, tag = "12")]
    tracks: Vec<SavedTrack>,
    #[prost(int64, repeated, tag = "13")]
    boots_ms: Vec<i64>,
    #[prost(message, optional, tag = "14")]
    wellbeing: Option<SavedWellbeing>,
}

#[derive(Clone, PartialEq, Message)]
struct SavedTrack {
    /// Place in [`ThresholdMetric::ALL`].
    #[prost(uint32, tag = "1")]
    metric: u32,
    #[prost(string, tag = "2")]
    part: String,
    #[prost(int64, optional, tag = "3")]
    last_ms: Option<i64>,
    #[prost(uint32, tag = "4")]
    permille: u32,
    #[prost(int64, optional, tag = "5")]
    high_since_ms: Option<i64>,
    #[prost(bool, tag = "6")]
    alarm: bool,
    #[prost(int64, optional, tag = "7")]
    quiet_since_ms: Option<i64>,
}

/// The slice of a host: FNV-1a of its identifier, the same in every run.
pub(crate) fn slice_of(host: &HostId) -> u32 {
    let hash =
        host.as_str().bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % SLICES
}

/// Slice number `slice` as the model stands at its cursor.
pub(crate) fn save(model: &Model, slice: u32) -> CheckpointSlice {
    let hosts = model.hosts.of_slice(slice).iter().map(|place| saved_host(&model.hosts[*place])).collect();
    CheckpointSlice { slice, cursor: model.cursor, version: VERSION, body: SavedSlice { hosts }.encode_to_vec() }
}

fn saved_host(host: &HostModel) -> SavedHost {
    let rates = &host.rates;
    SavedHost {
        id: host.record.id.to_string(),
        last_seen_ms: host.record.last_seen_at.map(Timestamp::as_ms),
        heard_since_ms: host.heard_since.as_ms(),
        newest_at_ms: host.newest.as_ref().map(|newest| newest.at.as_ms()),
        newest_fact: host.newest.as_ref().map_or(0, |newest| newest.fact),
        cpu: rates.cpu_permille,
        memory: rates.memory_permille,
        storage_part: rates.storage_permille.as_ref().map(|(part, _)| part.to_string()),
        storage: rates.storage_permille.as_ref().map_or(0, |(_, permille)| *permille),
        received: rates.network_bytes_per_second.map(|(received, _)| received),
        sent: rates.network_bytes_per_second.map_or(0, |(_, sent)| sent),
        tracks: host.tracks.iter().map(saved_track).collect(),
        boots_ms: host.boots.list().iter().map(|at| at.as_ms()).collect(),
        wellbeing: Some(SavedWellbeing::of(host)),
    }
}

fn saved_track(track: &Track) -> SavedTrack {
    let (last, high_since, alarm, quiet_since) = track.track.parts();
    let metric = ThresholdMetric::ALL.iter().position(|metric| *metric == track.metric).unwrap_or(0);
    SavedTrack {
        metric: u32::try_from(metric).unwrap_or(0),
        part: track.part.to_string(),
        last_ms: last.map(|(at, _)| at.as_ms()),
        permille: last.map_or(0, |(_, permille)| permille),
        high_since_ms: high_since.map(Timestamp::as_ms),
        alarm,
        quiet_since_ms: quiet_since.map(Timestamp::as_ms),
    }
}

/// Brings the hosts of the checkpoint to where they stood at the model's cursor; the places of those that were in it.
pub(crate) fn load(reader: &Reader, model: &mut Model) -> Result<BTreeSet<usize>, StoreError> {
    let (mut restored, mut oldest) = (BTreeSet::new(), model.cursor);
    let catalogue = Arc::clone(&model.catalogue);
    for slice in reader.checkpoint()? {
        if slice.slice == checkpoint_waits::WAITS {
            checkpoint_waits::restore(model, &slice);
            continue;
        }
        let saved = (slice.version == VERSION).then(|| SavedSlice::decode(slice.body.as_slice()).ok()).flatten();
        let Some(saved) = saved else {
            let (slice, version) = (slice.slice, slice.version);
            tracing::warn!(slice, version, "a slice of the checkpoint cannot be read; its hosts start slower");
            continue;
        };
        for saved in saved.hosts {
            let Some(place) = HostId::parse(&saved.id).ok().and_then(|id| model.hosts.place(&id)) else { continue };
            restore(reader, &catalogue, &mut model.hosts[place], saved)?;
            restored.insert(place);
            oldest = oldest.min(slice.cursor);
        }
    }
    replay(reader, model, oldest, &restored)?;
    Ok(restored)
}

fn restore(reader: &Reader, catalogue: &Catalogue, host: &mut HostModel, saved: SavedHost) -> Result<(), StoreError> {
    let ms = Timestamp::from_ms;
    host.record.last_seen_at = saved.last_seen_ms.map(ms);
    host.heard_since = ms(saved.heard_since_ms);
    host.rates = HostRates {
        cpu_permille: saved.cpu,
        memory_permille: saved.memory,
        storage_permille: saved.storage_part.map(|part| (part.into(), saved.storage)),
        network_bytes_per_second: saved.received.map(|received| (received, saved.sent)),
    };
    host.boots = Boots::of(saved.boots_ms.into_iter().map(ms).collect());
    if let Some(wellbeing) = saved.wellbeing {
        wellbeing.restore(catalogue, host);
    }
    let id = &host.record.id;
    host.tracks = saved.tracks.into_iter().filter_map(|saved| restored_track(catalogue, id, saved)).collect();
    // By its number first: a frame that is still there. Else the newest that history holds.
    let before = FactCursor(saved.newest_fact.saturating_sub(1));
    let numbered = reader.facts_after(before, 1)?.facts.into_iter().next().filter(|f| f.id == saved.newest_fact);
    host.newest = match (numbered.as_deref(), saved.newest_at_ms) {
        (_, None) => None,
        (Some(Fact { id, at, body: FactBody::Sample(sample), .. }), Some(_)) => {
            Some(Newest { at: *at, fact: *id, sample: Arc::clone(sample) })
        }
        (Some(_) | None, Some(_)) => {
            let stored = reader.newest_samples(&host.record.id, 1)?.pop();
            stored.map(|(at, sample)| Newest { at, fact: saved.newest_fact, sample: Arc::new(sample) })
        }
    };
    Ok(())
}

fn restored_track(catalogue: &Catalogue, host: &HostId, saved: SavedTrack) -> Option<Track> {
    let metric = ThresholdMetric::ALL.get(usize::try_from(saved.metric).ok()?).copied()?;
    let ms = |at: Option<i64>| at.map(Timestamp::from_ms);
    let last = ms(saved.last_ms).map(|at| (at, saved.permille));
    let track = ThresholdTrack::from_parts((last, ms(saved.high_since_ms), saved.alarm, ms(saved.quiet_since_ms)));
    let threshold = catalogue.threshold_of(host, metric, &saved.part)?;
    Some(Track { metric, part: saved.part.into(), threshold, track })
}

/// Feeds the samples after `from` up to the model's cursor once more to the hosts that were restored.
fn replay(reader: &Reader, model: &mut Model, from: FactCursor, restored: &BTreeSet<usize>) -> Result<(), StoreError> {
    let (silent_after, mut cursor, end) = (model.catalogue.host_silent_after_seconds, from, model.cursor);
    while cursor < end {
        let page = reader.facts_after(cursor, FACTS_PAGE)?;
        for fact in page.facts.iter().filter(|fact| fact.id <= end.0) {
            let place = model.hosts.place(&fact.host).filter(|place| restored.contains(place));
            let (Some(place), FactBody::Sample(_)) = (place, &fact.body) else { continue };
            model.hosts[place].heard(fact.received_at, silent_after);
            model.apply(fact);
        }
        cursor = page.cursor;
        if !page.more {
            break;
        }
    }
    Ok(())
}
