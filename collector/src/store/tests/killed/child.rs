//! The one who is killed: accepts batches and keeps house side by side, for ever, and tells what was acknowledged.
//!
//! What a batch and a ledger's edit hold follows from their number, so that a line with a number tells it all.

use super::super::samples::{HOSTS, IMPATIENT, PAIR, moment, sample_of};
use super::super::*;
use crate::store::columns::column;
use crate::store::samples::{Key, day_of, hour_near, month_of};
use futures_util::future::{join, try_join_all};
use std::cell::Cell;

/// Where the first batch of a host begins, in hours; four days later a month can go.
const FIRST_HOUR: i64 = 70;

/// Samples of a batch that are not late, in an hour.
const SAMPLES: i64 = 20;

/// Late ones are at most so much older than their batch.
const LATE_HOURS_MAX: u64 = 3;

/// Only chunks so long ago are deleted for their size: nothing late comes for them any more.
const SETTLED_HOURS: i64 = 10;

/// Chunks in a bite of pruning.
const BITE: usize = 32;

/// What the child does beside accepting, one of them at a time.
const WORKS: [&str; 9] = ["accept", "close", "usual", "pack", "judge", "frames", "ages", "size", "shrink"];

/// What a batch's samples are: time, sequence, value.
pub(super) fn samples_of(seed: u64, index: usize, number: u64) -> Vec<(Timestamp, u64, u32)> {
    let mut state = seed ^ ((index as u64 + 1) << 48) ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut draw = |below: u64| (restoring::draw(&mut state) % below).cast_signed();
    let hour = FIRST_HOUR + number.cast_signed();
    let mut seconds: Vec<i64> = (0..SAMPLES).map(|slot| hour * 3_600 + slot * 180 + draw(180)).collect();
    if draw(3) == 0 {
        seconds.extend((0..4).map(|_| (hour - 1 - draw(LATE_HOURS_MAX)) * 3_600 + draw(3_600)));
    }
    (number * 100 + 1..).zip(seconds).map(|(seq, at)| (moment(at), seq, draw(1_000_000) as u32)).collect()
}

/// When the answer of a batch was given.
pub(super) fn answered_at(number: u64) -> Timestamp {
    moment((FIRST_HOUR + number.cast_signed()) * 3_600 + 7)
}

/// When a batch is received: at the end of its hour.
pub(super) fn received_at(number: u64) -> Timestamp {
    moment((FIRST_HOUR + number.cast_signed() + 1) * 3_600)
}

fn batch_of(seed: u64, index: usize, number: u64) -> ReceivedBatch {
    let observed = |seq, body| Observation { seq, at_ms: 0, age_ms: None, body: Some(body) };
    let mut observations: Vec<_> = samples_of(seed, index, number)
        .into_iter()
        .map(|(at, seq, value)| (at, observed(seq, ObservationBody::Sample(Box::new(sample_of(value))))))
        .collect();
    observations.push((answered_at(number), observed(number * 100 + 99, probe("c"))));
    let received_at = received_at(number);
    ReceivedBatch { host: host(HOSTS[index]), stream: vec![1; 16], boot_id: "boot".into(), received_at, observations }
}

/// Where the rows of an edit begin: in the row of the edit before, which it cuts.
pub(super) fn edit_begins(number: u64) -> Timestamp {
    moment(number.cast_signed() * 600 - 100)
}

/// The row an edit brings.
pub(super) fn row_of(number: u64) -> LedgerRow {
    let to = edit_begins(number + 1).plus_secs(100);
    LedgerRow { from: edit_begins(number), to, state: State::ALL[(number % 4) as usize], reason: None }
}

/// Tells whoever kills; the line is out when this returns.
fn say(words: &str) {
    println!("said {words}");
}

struct Child {
    store: Store,
    seed: u64,
    state: u64,
    /// Batches of each host that were acknowledged.
    next: [u64; 3],
    /// Edits that were acknowledged.
    edits: Cell<u64>,
}

/// Lives until killed. `from`: seed, number of this life, acknowledged batches of each host, acknowledged edits.
pub(super) fn live(folder: &Path, from: &str) -> ! {
    let numbers: Vec<u64> = from.split(' ').map(|word| word.parse().expect("a number")).collect();
    let [seed, life, one, two, three, edits] = numbers[..] else { panic!("{from}") };
    // The harness has begun a line of its own.
    println!();
    let store = Store::open(&folder.join("pantau.db"), at(0)).expect("opens");
    say("open");
    let mut child = Child { store, seed, state: seed ^ life, next: [one, two, three], edits: Cell::new(edits) };
    loop {
        child.step();
    }
}

impl Child {
    fn draw(&mut self, below: u64) -> u64 {
        restoring::draw(&mut self.state) % below
    }

    /// Accepts the next batch of some hosts and does one work, side by side.
    fn step(&mut self) {
        let lowest = self.next.iter().copied().min().unwrap_or(0);
        let chosen: Vec<usize> =
            (0..HOSTS.len()).filter(|index| self.draw(2) == 0 && self.next[*index] <= lowest + 1).collect();
        let newest = self.next.iter().copied().max().unwrap_or(0);
        let now = received_at(newest).plus_secs(-3_600 + self.draw(2_400).cast_signed());
        let work = WORKS[self.draw(WORKS.len() as u64) as usize];
        let (accepted, done) = wait(join(self.accept(&chosen), self.keep_house(work, now)));
        accepted.expect("accepts");
        done.expect("keeps house");
        for index in chosen {
            self.next[index] += 1;
        }
    }

    async fn accept(&self, chosen: &[usize]) -> Result<(), StoreError> {
        if chosen.is_empty() {
            return Ok(());
        }
        say("begin accept");
        try_join_all(chosen.iter().map(|index| self.accept_one(*index))).await?;
        say("done accept");
        Ok(())
    }

    /// A batch that was under way at the last kill is sent again: it was there as a whole, or not at all.
    async fn accept_one(&self, index: usize) -> Result<(), StoreError> {
        let number = self.next[index];
        let batch = batch_of(self.seed, index, number);
        let all = batch.observations.len();
        let accepted = self.store.accept(batch).await?;
        let whole = [(all, 0), (0, all)].contains(&(accepted.stored, accepted.duplicates));
        assert!(whole, "a part of batch {number} was there: {accepted:?}");
        say(&format!("ack {index} {number}"));
        Ok(())
    }

    async fn keep_house(&self, work: &str, now: Timestamp) -> Result<(), StoreError> {
        match work {
            "close" => drop(self.close(now, 4).await?),
            "usual" => drop(self.store.close_due(now, PAIR, 9).await?),
            "pack" => drop(self.close(now, 0).await?),
            "judge" => self.judge().await?,
            "frames" => {
                while self.close(now, 50).await? != Closed::default() {}
                self.judge().await?;
                say("begin frames");
                while self.store.prune_frames(now).await? {}
                say("done frames");
            }
            "ages" => self.prune_ages(now).await?,
            "size" => self.prune_size(now).await?,
            "shrink" if self.store.read(Reader::pages)?.free > 0 => {
                say("begin shrink");
                self.store.write(|writer| writer.shrink(8)).await?;
                say("done shrink");
            }
            _ => {}
        }
        Ok(())
    }

    /// Packs, or when there is nothing to pack, closes at most `max` hours.
    async fn close(&self, now: Timestamp, max: usize) -> Result<Closed, StoreError> {
        let packs = !self.store.build_packings(now)?.is_empty();
        let (work, max) = if packs { ("pack", 0) } else { ("close", max) };
        say(&format!("begin {work}"));
        let closed = self.store.close_with(now, IMPATIENT, max).await?;
        say(&format!("done {work}"));
        Ok(closed)
    }

    /// The engine has read everything, and tells one ledger more.
    async fn judge(&self) -> Result<(), StoreError> {
        let number = self.edits.get();
        let cursor = self.store.facts_after(self.store.read(Reader::cursor)?, usize::MAX)?.cursor;
        let edit = LedgerEdit {
            service: service("simpeg"),
            replace_from: edit_begins(number),
            rows: vec![row_of(number)],
            parts: None,
        };
        let decision = Decision { cursor, ledger: vec![edit], evaluated_at: at(3), ..Decision::default() };
        say("begin judge");
        self.store.write(move |writer| writer.commit_decision(&decision)).await?;
        say(&format!("judged {number} {}", cursor.0));
        say("done judge");
        self.edits.set(number + 1);
        Ok(())
    }

    async fn prune_ages(&self, now: Timestamp) -> Result<(), StoreError> {
        // As a collector does: roll-ups first.
        while self.close(now, 50).await? != Closed::default() {}
        let ago = |hours: i64| now.plus_secs(-hours * 3_600);
        let keep = Keep { raw_from: ago(20), five_minutes_from: ago(48), one_hour_from: ago(72), size_max: None };
        let [hour, five, one] = [keep.raw_from, keep.five_minutes_from, keep.one_hour_from].map(hour_near);
        say(&format!("leave {hour} {} {} {}", keep.raw_from.as_ms(), day_of(five), month_of(one)));
        say("begin ages");
        while self.store.write(move |writer| writer.prune(&keep)).await? {}
        say("done ages");
        Ok(())
    }

    /// One bite of the oldest chunks, when they are old enough.
    async fn prune_size(&self, now: Timestamp) -> Result<(), StoreError> {
        while self.close(now, 50).await? != Closed::default() {}
        let sql = "SELECT key FROM chunk ORDER BY key LIMIT ?1";
        let oldest =
            self.store.read(|r| r.rows("look", sql, [limit_of(BITE)], |row| Ok(Key::of(column(row, 0)?).unit)))?;
        let Some(hour) = oldest.get(BITE - 1).filter(|hour| **hour < hour_near(now) - SETTLED_HOURS) else {
            return Ok(());
        };
        let keep = Keep { size_max: Some(1), ..retention::keep_from(moment(-999_999)) };
        say(&format!("leave {} 0 0 0", hour + 1));
        say("begin size");
        self.store.write(move |writer| writer.prune(&keep)).await?;
        say("done size");
        Ok(())
    }
}
