//! Vocabulary and wire format that agent and collector both speak.
//!
//! A thing lives here only when **both** programs call it: identifiers, instants, what an agent can
//! observe (samples, probe outcomes, backups), the assignment it gets, and the signed batch that carries
//! all of it. Knows nothing of targets, calendars, tickets or availability (the agent observes, the
//! collector judges), opens no file, no socket, and reads no clock.
//!
//! | module | holds |
//! |---|---|
//! | [`ids`] | parsed identifiers with limits |
//! | [`timestamp`] | the UTC instant in milliseconds |
//! | [`sample`] | raw kernel readings, counters as counters, every field optional |
//! | [`probe`] | the outcome of asking a service once |
//! | [`backup`] | what was seen of a backup set |
//! | [`assignment`] | what the collector asks an agent to watch |
//! | [`envelope`] | batch, observation, acknowledgement |
//! | [`wire`] | sealing and opening a batch and its answer: encoding, signature or session, caps |
//! | [`topics`] | where batches and answers pass a broker |
//! | [`join`] | the single-use join token and the messages of joining |
//! | [`limits`] | every bound both sides rely on |
//!
//! Rule for change: fields may be added as optional; a meaning never changes; a tag is never used again.

pub mod assignment;
pub mod backup;
pub mod envelope;
pub mod ids;
pub mod join;
pub mod limits;
pub mod probe;
pub mod sample;
pub mod timestamp;
pub mod topics;
pub mod wire;

/// Version of the batch protocol. A collector refuses a higher one by name instead of guessing at it.
pub const PROTOCOL_VERSION: u32 = 1;
