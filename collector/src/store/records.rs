//! What goes into and comes out of the store: plain values with domain types in them, no rows.

use super::alerts::AlertEdit;
use super::audit::AuditEntry;
use super::backup_records::BackupEdit;
use super::elsewhere::ElsewhereEdit;
use super::notices::NoticeEdit;
use crate::domain::catalogue::ServiceId;
use crate::domain::phrase::Phrase;
use crate::domain::register::CorrectionEntry;
use crate::domain::register::excuse::PartStretch;
use crate::domain::rule::admission::HeldBack;
use crate::domain::state::State;
use crate::domain::ticket::evidence::Evidence;
use crate::domain::ticket::{Activity, Ticket, TicketClass, TicketNumber, TicketState};
use pantau_shared::backup::BackupObservation;
use pantau_shared::envelope::{AgentStarted, Gap, Observation};
use pantau_shared::ids::HostId;
use pantau_shared::probe::ProbeOutcome;
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An enrolled host.
#[derive(Debug, Clone, PartialEq)]
pub struct HostRecord {
    /// Its identifier.
    pub id: HostId,
    /// Raw Ed25519 public key, 32 bytes.
    pub public_key: Vec<u8>,
    /// Hash of the machine id it joined with.
    pub machine_id_hash: String,
    /// When it joined.
    pub joined_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// Receipt of the newest authenticated batch.
    pub last_seen_at: Option<Timestamp>,
    /// Boot id of that batch.
    pub boot_id: Option<String>,
    /// Newest start message.
    pub started: Option<AgentStarted>,
    /// Observations stored in all.
    pub observations_accepted: u64,
    /// Observations its agent lost, by its gap records.
    pub observations_lost: u64,
}

/// The key a host joins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey {
    /// Raw Ed25519 public key, 32 bytes.
    pub public_key: Vec<u8>,
    /// Hash of its machine id.
    pub machine_id_hash: String,
}

/// A join token as kept: never its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinTokenRecord {
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// For which host.
    pub host: HostId,
    /// Whether it may give an enrolled host a new key.
    pub replace: bool,
    /// Made at.
    pub created_at: Timestamp,
    /// Worthless from.
    pub expires_at: Timestamp,
}

/// Why a join token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinRefusal {
    /// No such token.
    #[error("join token is not known here")]
    Unknown,
    /// Used before.
    #[error("join token was used before; make a new one with `pantau-collector host join-token`")]
    Used,
    /// Too old.
    #[error("join token has expired; make a new one with `pantau-collector host join-token`")]
    Expired,
    /// The host has a key already.
    #[error("host is enrolled already; make a token with `--replace` to give it a new key")]
    Enrolled,
}

/// A verified batch with corrected times.
#[derive(Debug, Clone)]
pub struct ReceivedBatch {
    /// From whom.
    pub host: HostId,
    /// The spool's name, 16 bytes.
    pub stream: Vec<u8>,
    /// Boot id at sending.
    pub boot_id: String,
    /// The collector's clock at receipt.
    pub received_at: Timestamp,
    /// Each observation with its time by the collector's clock (rules A.2, clocks and late data).
    pub observations: Vec<(Timestamp, Observation)>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedBatch {
    /// Everything of the stream up to this is durable after the commit.
    pub acknowledged_seq: u64,
    /// Newly stored.
    pub stored: usize,
    /// Seen before and dropped.
    pub duplicates: usize,
    /// Of a kind this program does not know.
    pub unknown_kinds: usize,
}

/// How far the engine has read the facts: the number of the last fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FactCursor(pub i64);

/// Facts in the order of their commit.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Facts, rising in `id`.
    pub facts: Vec<Arc<Fact>>,
    /// Cursor after the last of them.
    pub cursor: FactCursor,
    /// Whether more may follow.
    pub more: bool,
}

/// One stored observation.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Its number.
    pub id: i64,
    /// Who observed.
    pub host: HostId,
    /// When, by the collector's clock.
    pub at: Timestamp,
    /// When it was received.
    pub received_at: Timestamp,
    /// What.
    pub body: FactBody,
}

/// What changed of hosts since it was last taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    /// Hosts whose batches were committed.
    pub hosts: BTreeMap<HostId, HostHeard>,
    /// Hosts that joined, got a new key or were revoked: to be read anew from the store, before `hosts` is applied.
    pub anew: BTreeSet<HostId>,
}

/// What a host's batches changed of its record: the values as they are now, so that taking one twice does no harm.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HostHeard {
    /// Receipt of the newest authenticated batch.
    pub last_seen_at: Timestamp,
    /// Boot id of the last committed batch.
    pub boot_id: String,
    /// Observations stored in all.
    pub accepted: u64,
    /// Observations its agent lost in all, by its gap records.
    pub lost: u64,
    /// The newest start message and its time, when one came.
    pub started: Option<(Timestamp, AgentStarted)>,
}

impl HostHeard {
    /// Takes what came later.
    pub(super) fn merge(&mut self, later: Self) {
        let earlier = std::mem::replace(self, later);
        if self.started.as_ref().map(|(at, _)| *at) < earlier.started.as_ref().map(|(at, _)| *at) {
            self.started = earlier.started;
        }
    }
}

/// The kinds of stored observation.
#[derive(Debug, Clone, PartialEq)]
pub enum FactBody {
    /// Kernel readings.
    Sample(Arc<Sample>),
    /// A check was asked.
    Probe(ProbeOutcome),
    /// A backup set was looked at.
    Backup(BackupObservation),
    /// The agent lost observations.
    Gap(Gap),
    /// The agent started.
    Started(AgentStarted),
}

/// A probe's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeFact {
    /// Who asked.
    pub host: HostId,
    /// When, by the collector's clock.
    pub at: Timestamp,
    /// When it arrived here.
    pub received_at: Timestamp,
    /// What came back.
    pub outcome: ProbeOutcome,
}

/// One look at a backup set.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupFact {
    /// Its number among the facts.
    pub id: i64,
    /// Who looked.
    pub host: HostId,
    /// When, by the collector's clock.
    pub at: Timestamp,
    /// What was there.
    pub observation: BackupObservation,
}

/// One interval of a service's ledger, `[from, to)`. The last row's `to` may lie ahead of now: that is how long its
/// newest answer holds. What no row covers is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Begin.
    pub from: Timestamp,
    /// End, exclusive.
    pub to: Timestamp,
    /// State in it.
    pub state: State,
    /// Why.
    pub reason: Option<Phrase>,
}

/// Replaces a service's ledger from an instant on: rows beginning there or later go, a row that spans it is cut, the
/// given rows come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEdit {
    /// Whose.
    pub service: ServiceId,
    /// From when.
    pub replace_from: Timestamp,
    /// What stands there now; sorted, disjoint, none before `replace_from`.
    pub rows: Vec<LedgerRow>,
    /// How its checks stood where it is down; `None`: the same as before, or nobody asks.
    pub parts: Option<PartsEdit>,
}

/// Replaces what is kept of a service's checks while it was down, in the way of [`LedgerEdit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartsEdit {
    /// From when.
    pub replace_from: Timestamp,
    /// What stands there now; sorted, disjoint, none before `replace_from`.
    pub rows: Vec<PartStretch>,
}

/// A ticket as it is after a decision, with what was added to its log and what is to be told to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketChange {
    /// The whole ticket; a new number inserts, a known one updates. Inserting a key that is open fails the commit.
    pub ticket: Ticket,
    /// New entries of its log.
    pub activities: Vec<Activity>,
    /// Messages that leave; committed with the change.
    pub messages: Vec<OutboxMessage>,
}

/// A message for the outbox; unique by (ticket, target, version).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// About which ticket.
    pub ticket: TicketNumber,
    /// The receiver's name in the configuration.
    pub target: String,
    /// The ticket's version that it tells of; order is kept per ticket and target.
    pub version: u32,
    /// `opened`, `updated`, `restored`, `recurred`, `confirmed`, `closed`, `cancelled`.
    pub event: String,
    /// JSON payload as it will be sent.
    pub payload: String,
    /// Not to leave before this (quiet hours).
    pub not_before: Option<Timestamp>,
}

/// Everything one evaluation decided.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// Facts read up to here.
    pub cursor: FactCursor,
    /// Ledger edits.
    pub ledger: Vec<LedgerEdit>,
    /// Ticket changes.
    pub tickets: Vec<TicketChange>,
    /// Corrections that were proposed or withdrawn.
    pub corrections: Vec<CorrectionEntry>,
    /// What is put on record of it.
    pub audit: Vec<AuditEntry>,
    /// What was learnt of backups.
    pub backups: Vec<BackupEdit>,
    /// What got no ticket of its own, as it is after it.
    pub held: Vec<HeldBack>,
    /// What is told of sets at risk.
    pub notices: Vec<NoticeEdit>,
    /// When it was made: the last durable heartbeat of the engine.
    pub evaluated_at: Timestamp,
    /// Slices of the engine's checkpoint that were made anew.
    pub checkpoint: Vec<CheckpointSlice>,
    /// What other programs' alerts are known to be.
    pub alerts: Vec<AlertEdit>,
    /// How tickets stand at help desks.
    pub elsewhere: Vec<ElsewhereEdit>,
    /// What new tickets were opened on.
    pub evidence: Vec<(TicketNumber, Evidence)>,
}

/// What the engine knows of some of its hosts and cannot cheaply rebuild; opaque here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointSlice {
    /// Which of the engine's slices.
    pub slice: u32,
    /// Every fact up to this one is in it.
    pub cursor: FactCursor,
    /// Version of its format.
    pub version: u32,
    /// As the engine wrote it.
    pub body: Vec<u8>,
}

/// Which tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Only these states; empty is all.
    pub states: Vec<TicketState>,
    /// Only this priority, 1 to 6.
    pub priority: Option<u8>,
    /// Only this class.
    pub class: Option<TicketClass>,
    /// Only those that affect this service.
    pub service: Option<ServiceId>,
}

/// A message in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its number.
    pub id: i64,
    /// What it says.
    pub message: OutboxMessage,
    /// Made at.
    pub created_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before this.
    pub next_attempt_at: Timestamp,
    /// `pending`, `delivered`, `rejected`.
    pub state: String,
    /// What the receiver said last.
    pub last_error: Option<String>,
    /// Who looked at a rejected one and let it go.
    pub checked_by: Option<String>,
}

/// A message that may leave now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMessage {
    /// The message.
    pub row: OutboxRow,
    /// What the receiver calls the ticket, once it is known.
    pub reference: Option<String>,
}

/// What a receiver calls a ticket of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalReference {
    /// Its number there.
    pub reference: String,
    /// Where a person sees it there.
    pub url: Option<String>,
}

/// A ticket at a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalTicket {
    /// Ours.
    pub ticket: TicketNumber,
    /// The receiver.
    pub target: String,
    /// Theirs.
    pub at: ExternalReference,
    /// Since when it is known.
    pub linked_at: Timestamp,
}

/// A ticket at a receiver, with how it stands here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedTicket {
    /// There.
    pub external: ExternalTicket,
    /// Here.
    pub state: TicketState,
}

/// A ticket that is followed at a help desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Ours.
    pub ticket: TicketNumber,
    /// Theirs, for people.
    pub reference: String,
}

/// A message that a receiver took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastTold {
    /// When it was taken.
    pub at: Timestamp,
    /// Of what it told.
    pub event: String,
    /// As it was sent.
    pub payload: String,
}

/// What a person does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageAction {
    /// Try it now.
    Retry,
    /// Never send it.
    Skip,
}

/// What a receiver answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryResult {
    /// Taken; what the receiver calls the ticket, where it says so.
    Delivered {
        /// Theirs.
        reference: Option<ExternalReference>,
    },
    /// Not now; try again then.
    RetryLater {
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// Never; a person must look.
    Rejected {
        /// Why.
        reason: String,
    },
}

/// A stored catalogue file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueRevision {
    /// Counts from 1.
    pub revision: u32,
    /// Applied at.
    pub applied_at: Timestamp,
    /// The file.
    pub text: String,
}

/// Someone who can log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Login name.
    pub name: String,
    /// Argon2id hash in PHC form.
    pub password_hash: String,
    /// `admin`, `operator`, `viewer`.
    pub role: String,
    /// Disabled from.
    pub disabled_at: Option<Timestamp>,
}

/// A login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// SHA-256 of the cookie's value.
    pub token_hash: [u8; 32],
    /// Whose.
    pub user: String,
    /// Their role.
    pub role: String,
    /// Token that forms must carry.
    pub csrf: String,
    /// Over from.
    pub expires_at: Timestamp,
}

/// A program's access to the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiTokenRecord {
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// Its name.
    pub name: String,
    /// `read` or `write`.
    pub scope: String,
    /// Made at.
    pub created_at: Timestamp,
    /// Worthless from.
    pub revoked_at: Option<Timestamp>,
}
