//! The office's agents: each queues what it sees, sends what is queued, and forgets what was acknowledged.

use super::script::{Draw, START_S, Script};
use anyhow::{Result, anyhow};
use pantau_shared::envelope::{Batch, Observation, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::limits::BATCH_OBSERVATIONS_MAX;
use pantau_shared::timestamp::Timestamp;
use pantau_shared::wire;
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::collections::VecDeque;

/// Acknowledged ones that an agent may have to send again after a kill: its cursor is synced once in a while.
const UNSYNCED_MAX: usize = 30;
/// Sealed batches that something between may bring once more.
const COPIES_MAX: usize = 6;

/// The key of a host, the same in every life of the collector.
pub(super) fn key_of(place: usize) -> Result<Ed25519KeyPair> {
    let seed = [u8::try_from(place)? + 7; 32];
    Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| anyhow!("no key of the seed"))
}

/// The public half.
pub(super) fn public_key_of(place: usize) -> Result<Vec<u8>> {
    Ok(key_of(place)?.public_key().as_ref().to_vec())
}

#[derive(Debug)]
struct Queued {
    seq: u64,
    at: Timestamp,
    body: ObservationBody,
}

pub(super) struct Agent {
    pub(super) host: HostId,
    key: Ed25519KeyPair,
    place: usize,
    next_seq: u64,
    queue: VecDeque<Queued>,
    /// Acknowledged, but perhaps not yet forgotten on disk.
    unsynced: VecDeque<Queued>,
    /// Copies of what was sent, somewhere on the way.
    pub(super) copies: VecDeque<Vec<u8>>,
    /// How far its wall clock is off, in milliseconds.
    pub(super) clock_off_ms: i64,
    /// Until when it reaches nobody, in seconds of the script.
    pub(super) cut_until: i64,
}

impl Agent {
    pub(super) fn new(place: usize, host: &str) -> Result<Self> {
        Ok(Self {
            host: HostId::parse(host)?,
            key: key_of(place)?,
            place,
            next_seq: 1,
            queue: VecDeque::new(),
            unsynced: VecDeque::new(),
            copies: VecDeque::new(),
            clock_off_ms: 0,
            cut_until: 0,
        })
    }

    /// Asks its checks and queues the answers.
    pub(super) fn observe(&mut self, script: &Script, second: i64) {
        let at = Timestamp::from_secs(START_S + second);
        for outcome in script.answers(self.host.as_str(), second) {
            self.queue.push_back(Queued { seq: self.next_seq, at, body: ObservationBody::Probe(outcome) });
            self.next_seq += 1;
        }
    }

    pub(super) fn has_news(&self) -> bool {
        !self.queue.is_empty()
    }

    /// The next batch, sealed at `now`; nothing leaves the queue.
    pub(super) fn batch(&mut self, now: Timestamp) -> Vec<u8> {
        let observations = self.queue.iter().take(BATCH_OBSERVATIONS_MAX).map(|queued| Observation {
            seq: queued.seq,
            at_ms: queued.at.as_ms() + self.clock_off_ms,
            age_ms: Some(now.ms_since(queued.at).unsigned_abs()),
            body: Some(queued.body.clone()),
        });
        let batch = Batch {
            boot_id: "nyala-1".to_owned(),
            stream: vec![u8::try_from(self.place).unwrap_or(0) + 1; 16],
            sent_at_ms: now.as_ms() + self.clock_off_ms,
            assignment_revision: 0,
            observations: observations.collect(),
            session_offer: Vec::new(),
        };
        let sealed = wire::seal(&batch, &self.host, &self.key);
        self.copies.push_back(sealed.clone());
        if self.copies.len() > COPIES_MAX {
            self.copies.pop_front();
        }
        sealed
    }

    /// The collector has everything up to `seq`.
    pub(super) fn acknowledged(&mut self, seq: u64) {
        while let Some(queued) = self.queue.pop_front_if(|queued| queued.seq <= seq) {
            self.unsynced.push_back(queued);
            if self.unsynced.len() > UNSYNCED_MAX {
                self.unsynced.pop_front();
            }
        }
    }

    /// `kill -9`: it sends again what it had heard to be acknowledged but not noted.
    pub(super) fn is_killed(&mut self, draw: &mut Draw) {
        let again = draw.below(i64::try_from(self.unsynced.len()).unwrap_or(0) + 1);
        for _ in 0..again {
            if let Some(queued) = self.unsynced.pop_back() {
                self.queue.push_front(queued);
            }
        }
        self.unsynced.clear();
    }
}
