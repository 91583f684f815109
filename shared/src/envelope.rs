//! The posted unit and its reply.
//!
//! ```text
//! SignedBatch { protocol, host, body, signature | session, mac }      body = encoded Batch, signed as it stands
//!   Batch { boot id, stream, sent_at, assignment revision, session offer?, observations... }
//!     Observation { seq, wall time, monotonic age?, one of: sample, probe, backup, gap, started }
//! Acknowledgement { acknowledged_seq, received_at, assignment?, session grant? }
//! ```
//!
//! An observation is known for ever by (host, stream, seq). The stream is the random name that a spool got when its
//! files were made; seq counts from 1 in it without holes. What the spool had to drop is replaced by a gap
//! record, so the collector sees the loss. The collector acknowledges after its commit; the agent forgets after
//! the acknowledgement; a batch that comes twice changes nothing the second time.

use crate::assignment::Assignment;
use crate::backup::BackupObservation;
use crate::probe::ProbeOutcome;
use crate::sample::Sample;
use serde::Serialize;

/// What travels: a batch under the host's key, or under a session that a batch under that key opened. Can pass a proxy
/// or a broker unchanged.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SignedBatch {
    /// [`crate::PROTOCOL_VERSION`] of the sender.
    #[prost(uint32, tag = "1")]
    pub protocol: u32,
    /// The sender's [`crate::ids::HostId`] as text.
    #[prost(string, tag = "2")]
    pub host: String,
    /// An encoded [`Batch`].
    #[prost(bytes = "vec", tag = "3")]
    pub body: Vec<u8>,
    /// Ed25519 over [`crate::wire::signing_input`]; empty in a session.
    #[prost(bytes = "vec", tag = "4")]
    pub signature: Vec<u8>,
    /// The session's name, 16 bytes; empty when signed.
    #[prost(bytes = "vec", tag = "5")]
    pub session: Vec<u8>,
    /// HMAC-SHA256 over the same input under the session's key; empty when signed.
    #[prost(bytes = "vec", tag = "6")]
    pub mac: Vec<u8>,
}

/// Observations of one host, in the order of their sequence.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct Batch {
    /// The kernel's boot id at sending; with the machine id it tells a cloned machine.
    #[prost(string, tag = "1")]
    pub boot_id: String,
    /// The spool's random name, 16 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub stream: Vec<u8>,
    /// The agent's wall clock at sending, Unix ms.
    #[prost(int64, tag = "3")]
    pub sent_at_ms: i64,
    /// The assignment the agent works by; 0 is none.
    #[prost(uint64, tag = "4")]
    pub assignment_revision: u64,
    /// Observations, rising in `seq`; at most [`crate::limits::BATCH_OBSERVATIONS_MAX`]. May be empty: a heartbeat.
    #[prost(message, repeated, tag = "5")]
    pub observations: Vec<Observation>,
    /// The agent would like a session: its ephemeral X25519 key, 32 bytes. Looked at in signed batches only.
    #[prost(bytes = "vec", tag = "6")]
    pub session_offer: Vec<u8>,
}

/// One timestamped fact.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct Observation {
    /// Counts from 1 in its stream.
    #[prost(uint64, tag = "1")]
    pub seq: u64,
    /// The agent's wall clock at observing, Unix ms.
    #[prost(int64, tag = "2")]
    pub at_ms: i64,
    /// Age at sending by the monotonic clock, in ms; missing when the host was restarted in between.
    #[prost(uint64, optional, tag = "3")]
    pub age_ms: Option<u64>,
    /// The fact.
    #[prost(oneof = "ObservationBody", tags = "10, 11, 12, 13, 14")]
    pub body: Option<ObservationBody>,
}

/// The kinds of fact. A kind that a collector does not know arrives as `None`: acknowledged, counted, left out.
#[derive(Clone, PartialEq, prost::Oneof, Serialize)]
pub enum ObservationBody {
    /// A set of kernel readings.
    #[prost(message, tag = "10")]
    Sample(Box<Sample>),
    /// A check was asked.
    #[prost(message, tag = "11")]
    Probe(ProbeOutcome),
    /// A backup set was looked at.
    #[prost(message, tag = "12")]
    Backup(BackupObservation),
    /// Observations were lost before they could be sent.
    #[prost(message, tag = "13")]
    Gap(Gap),
    /// The agent started.
    #[prost(message, tag = "14")]
    Started(AgentStarted),
}

/// Observations that the spool dropped or found destroyed.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct Gap {
    /// First lost sequence number.
    #[prost(uint64, tag = "1")]
    pub from_seq: u64,
    /// Last lost sequence number.
    #[prost(uint64, tag = "2")]
    pub to_seq: u64,
    /// Why, in English: `spool full`, `spool too old`, `record damaged`.
    #[prost(string, tag = "3")]
    pub reason: String,
    /// Wall time of the oldest lost observation, Unix ms, where known.
    #[prost(int64, optional, tag = "4")]
    pub from_at_ms: Option<i64>,
    /// Wall time of the newest lost observation, Unix ms, where known.
    #[prost(int64, optional, tag = "5")]
    pub to_at_ms: Option<i64>,
}

/// The agent started: what it is and where it runs.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct AgentStarted {
    /// The agent's version.
    #[prost(string, tag = "1")]
    pub agent_version: String,
    /// The host's name as the kernel has it.
    #[prost(string, tag = "2")]
    pub hostname: String,
    /// The operating system's pretty name.
    #[prost(string, tag = "3")]
    pub os: String,
    /// The kernel's release.
    #[prost(string, tag = "4")]
    pub kernel: String,
    /// `/etc/machine-id`, hashed by the agent so that the raw id never leaves the host.
    #[prost(string, tag = "5")]
    pub machine_id_hash: String,
    /// Logical processors.
    #[prost(uint32, tag = "6")]
    pub cpus: u32,
    /// The processor architecture.
    #[prost(string, tag = "7")]
    pub architecture: String,
}

/// The reply to a batch, sent after the commit.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct Acknowledgement {
    /// Everything of this stream up to and including this sequence number is durable at the collector.
    #[prost(uint64, tag = "1")]
    pub acknowledged_seq: u64,
    /// The collector's clock at receipt, Unix ms.
    #[prost(int64, tag = "2")]
    pub received_at_ms: i64,
    /// The assignment now in force, when the agent's revision is another.
    #[prost(message, optional, tag = "3")]
    pub assignment: Option<Assignment>,
    /// The session that the batch's offer opened.
    #[prost(message, optional, tag = "4")]
    pub session: Option<SessionGrant>,
}

/// The collector's half of a session; see [`crate::wire::session`].
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize)]
pub struct SessionGrant {
    /// The session's name, 16 random bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
    /// The collector's ephemeral X25519 key, 32 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub public_key: Vec<u8>,
    /// How long the collector will know it, in seconds.
    #[prost(uint32, tag = "3")]
    pub lifetime_s: u32,
}
