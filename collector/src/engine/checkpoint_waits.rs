//! What waits before it may open a ticket, in a slice of the checkpoint of its own: since when each was detected, so that a
//! start inside a wait does not begin it anew.
//!
//! Written with the decision in which a wait begins or ends, at most [`WAITS_MAX`] of them; what is beyond waits anew.

use super::checkpoint::{SLICES, VERSION};
use super::model::Model;
use crate::domain::ticket::TicketKey;
use crate::store::records::CheckpointSlice;
use pantau_shared::timestamp::Timestamp;
use prost::Message;

/// The slice after those of the hosts.
pub(super) const WAITS: u32 = SLICES;
/// The most waits that are kept.
const WAITS_MAX: usize = 4_096;

#[derive(Clone, PartialEq, Message)]
struct SavedWaits {
    #[prost(message, repeated, tag = "1")]
    waits: Vec<SavedWait>,
}

#[derive(Clone, PartialEq, Message)]
struct SavedWait {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(int64, tag = "2")]
    detected_ms: i64,
}

/// All that waits, as the model stands.
pub(super) fn save(model: &Model) -> CheckpointSlice {
    let waits = model.groups.waits().take(WAITS_MAX);
    let waits = waits.map(|(key, at)| SavedWait { key: key.to_string(), detected_ms: at.as_ms() }).collect();
    let body = SavedWaits { waits }.encode_to_vec();
    CheckpointSlice { slice: WAITS, cursor: model.cursor, version: VERSION, body }
}

/// Takes the slice in; one that cannot be read is left aside, and its waits begin anew.
pub(super) fn restore(model: &mut Model, slice: &CheckpointSlice) {
    let saved = (slice.version == VERSION).then(|| SavedWaits::decode(slice.body.as_slice()).ok()).flatten();
    let waits = saved.map(|saved| saved.waits).unwrap_or_default().into_iter();
    let waits = waits.filter_map(|wait| Some((TicketKey::parse(&wait.key)?, Timestamp::from_ms(wait.detected_ms))));
    model.groups.restore_waits(waits.take(WAITS_MAX));
}
