//! Taking a batch: what is new of it is stored, its stream moves on, its host is heard.
//!
//! An observation is known by (host, stream, seq). A stream's sequence rises, so one number per stream tells what is
//! here: at or below `acked_seq` is a duplicate. A hole is accepted; the agent itself tells of what it lost by a gap.
//!
//! A batch of one observation is two statements: the fact at the end of its table, and its stream's row, which holds
//! the sequence, the time and the counts. What the writer knows of its senders stays in memory ([`Senders`]) and is
//! forgotten whenever something is rolled back. A host's own row changes when it boots, starts, or a stream of it is
//! forgotten; its totals are added up on reading (`hosts`).
//!
//! Refusals come before the first change, so that nothing has to be rolled back for them. Does not know what an
//! observation means.

use super::columns::column;
use super::facts::Origin;
use super::records::{AcceptedBatch, HostHeard, ReceivedBatch};
use super::{StoreError, Writer};
use pantau_shared::envelope::{AgentStarted, Gap, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;

/// Streams remembered per host; a spool makes two in its life. Beyond it the one unused for longest is forgotten.
pub(super) const STREAMS_MAX: i64 = 256;

/// Streams of a host that the writer keeps in memory.
const STREAMS_KEPT: usize = 4;

/// What the writer knows of the hosts that send, by host.
pub(super) type Senders = HashMap<HostId, Sender>;

/// An enrolled host as its rows have it.
#[derive(Debug)]
pub(super) struct Sender {
    num: i64,
    boot_id: Option<String>,
    last_seen_ms: i64,
    accepted: i64,
    lost: i64,
    streams: Vec<Stream>,
}

/// A row of `stream`.
#[derive(Debug)]
struct Stream {
    name: Vec<u8>,
    acked_seq: u64,
    used_ms: i64,
    accepted: i64,
    lost: i64,
}

/// What a batch brought.
#[derive(Debug, Default)]
struct Brought {
    stored: usize,
    duplicates: usize,
    unknown_kinds: usize,
    lost: u64,
    started: Option<(Timestamp, AgentStarted)>,
}

impl Writer {
    /// Stores what is new of a verified batch and moves the stream's acknowledged sequence.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a host that is not enrolled or is revoked, before anything is changed; the
    /// database's.
    pub fn accept_batch(&mut self, batch: ReceivedBatch) -> Result<AcceptedBatch, StoreError> {
        let ReceivedBatch { host, stream: name, boot_id, received_at, observations } = batch;
        let mut sender = self.take_sender(&host)?;
        let (mut stream, is_new) = self.take_stream(&mut sender, name)?;
        let mut brought = Brought::default();
        for (at, observation) in observations {
            if observation.seq <= stream.acked_seq {
                brought.duplicates += 1;
                continue;
            }
            stream.acked_seq = observation.seq;
            match &observation.body {
                Some(ObservationBody::Gap(gap)) => brought.lost = brought.lost.saturating_add(lost_by(gap)),
                Some(ObservationBody::Started(message)) => brought.started = Some((at, message.clone())),
                _ => {}
            }
            if self.save_fact(sender.num, Origin { host: &host, at, received_at }, observation.body)? {
                brought.stored += 1;
            } else {
                brought.unknown_kinds += 1;
            }
        }
        let (stored, lost) = (super::limit_of(brought.stored), i64::try_from(brought.lost).unwrap_or(0));
        (stream.accepted, stream.lost) = (stream.accepted + stored, stream.lost + lost);
        (sender.accepted, sender.lost) = (sender.accepted + stored, sender.lost + lost);
        stream.used_ms = stream.used_ms.max(received_at.as_ms());
        sender.last_seen_ms = sender.last_seen_ms.max(received_at.as_ms());
        self.save_stream(sender.num, &stream, is_new)?;
        if sender.boot_id.as_ref() != Some(&boot_id) {
            let sql = "UPDATE host SET boot_id = ?2 WHERE num = ?1";
            self.execute("save a host's boot id", sql, (sender.num, &boot_id))?;
            sender.boot_id = Some(boot_id.clone());
        }
        let accepted = AcceptedBatch {
            acknowledged_seq: stream.acked_seq,
            stored: brought.stored,
            duplicates: brought.duplicates,
            unknown_kinds: brought.unknown_kinds,
        };
        let heard = HostHeard {
            last_seen_at: Timestamp::from_ms(sender.last_seen_ms),
            boot_id,
            accepted: sender.accepted.unsigned_abs(),
            lost: sender.lost.unsigned_abs(),
            started: brought.started,
        };
        self.pending.heard(host.clone(), heard);
        sender.keep(stream);
        self.senders.insert(host, sender);
        Ok(accepted)
    }

    /// The host, taken out of memory: what fails from here on leaves nothing wrong behind.
    fn take_sender(&mut self, host: &HostId) -> Result<Sender, StoreError> {
        if let Some(sender) = self.senders.remove(host) {
            return Ok(sender);
        }
        let sql = "SELECT num, boot_id, ifnull(last_seen_ms, 0), accepted, lost FROM host
                   WHERE id = ?1 AND revoked_ms IS NULL";
        let found = self.reader.row("read a host", sql, [host.as_str()], |row| {
            Ok(Sender {
                num: column(row, 0)?,
                boot_id: column(row, 1)?,
                last_seen_ms: column(row, 2)?,
                accepted: column(row, 3)?,
                lost: column(row, 4)?,
                streams: Vec::new(),
            })
        })?;
        let refusal = StoreError::Refused { what: "a batch of a host that is not enrolled or is revoked" };
        let mut sender = found.ok_or(refusal)?;
        let sql = "SELECT name, acked_seq, used_ms, accepted, lost FROM stream WHERE host = ?1 ORDER BY used_ms";
        for stream in self.reader.rows("read the streams of a host", sql, [sender.num], stream_of)? {
            sender.last_seen_ms = sender.last_seen_ms.max(stream.used_ms);
            (sender.accepted, sender.lost) = (sender.accepted + stream.accepted, sender.lost + stream.lost);
            sender.keep(stream);
        }
        Ok(sender)
    }

    /// The stream of that name, taken out of memory, and whether it is new.
    fn take_stream(&self, sender: &mut Sender, name: Vec<u8>) -> Result<(Stream, bool), StoreError> {
        if let Some(place) = sender.streams.iter().position(|stream| stream.name == name) {
            return Ok((sender.streams.remove(place), false));
        }
        let sql = "SELECT name, acked_seq, used_ms, accepted, lost FROM stream WHERE host = ?1 AND name = ?2";
        let found = self.reader.row("read a stream", sql, (sender.num, &name), stream_of)?;
        let is_new = found.is_none();
        Ok((found.unwrap_or(Stream { name, acked_seq: 0, used_ms: 0, accepted: 0, lost: 0 }), is_new))
    }

    fn save_stream(&self, host: i64, stream: &Stream, is_new: bool) -> Result<(), StoreError> {
        let Stream { name, acked_seq, used_ms, accepted, lost } = stream;
        let params = (host, name, acked_seq.cast_signed(), used_ms, accepted, lost);
        if !is_new {
            let sql = "UPDATE stream SET acked_seq = ?3, used_ms = ?4, accepted = ?5, lost = ?6
                       WHERE host = ?1 AND name = ?2";
            if self.execute("move a stream", sql, params)? > 0 {
                return Ok(());
            }
            // It was forgotten meanwhile: clocks can go back.
        }
        let sql = "INSERT INTO stream (host, name, acked_seq, used_ms, accepted, lost) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.execute("save a stream", sql, params)?;
        self.forget_streams(host, name)
    }

    /// Forgets streams beyond [`STREAMS_MAX`], never `newest`; what they counted stays with the host.
    fn forget_streams(&self, host: i64, newest: &[u8]) -> Result<(), StoreError> {
        let sql = "SELECT name, acked_seq, used_ms, accepted, lost FROM stream WHERE host = ?1 AND name <> ?2
                   ORDER BY used_ms DESC LIMIT -1 OFFSET ?3";
        let operation = "forget a stream";
        for stream in self.reader.rows(operation, sql, (host, newest, STREAMS_MAX - 1), stream_of)? {
            self.execute(
                operation,
                "UPDATE host SET accepted = accepted + ?2, lost = lost + ?3,
                 last_seen_ms = max(ifnull(last_seen_ms, ?4), ?4) WHERE num = ?1",
                (host, stream.accepted, stream.lost, stream.used_ms),
            )?;
            self.execute(operation, "DELETE FROM stream WHERE host = ?1 AND name = ?2", (host, &stream.name))?;
        }
        Ok(())
    }
}

impl Sender {
    /// Keeps the stream used last at the end, and few of them.
    fn keep(&mut self, stream: Stream) {
        if self.streams.len() >= STREAMS_KEPT {
            self.streams.remove(0);
        }
        self.streams.push(stream);
    }
}

fn stream_of(row: &rusqlite::Row<'_>) -> Result<Stream, StoreError> {
    Ok(Stream {
        name: column(row, 0)?,
        acked_seq: column::<i64>(row, 1)?.cast_unsigned(),
        used_ms: column(row, 2)?,
        accepted: column(row, 3)?,
        lost: column(row, 4)?,
    })
}

/// How many observations a gap record tells of.
fn lost_by(gap: &Gap) -> u64 {
    gap.to_seq.checked_sub(gap.from_seq).map_or(0, |count| count.saturating_add(1))
}
