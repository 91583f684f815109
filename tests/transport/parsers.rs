//! Every parser of outside input that can be reached from here, fed with broken copies of whole inputs: what comes out may
//! be an error, never a crash, and never takes long.
//!
//! Whole inputs lie in `tests/corpus/NAME/` or are the shipped files; an input that once broke something is put there and
//! stays. A run takes [`BRIEF`] for each parser, or `PANTAU_FUZZ_SECONDS`; the seed is printed, and `PANTAU_FUZZ_SEED` sets
//! it. Binary forms are made here: they would be stale as files.

use anyhow::{Context, Result, ensure};
use chrono_tz::Asia::Jakarta;
use pantau_agent::backups::zone::Zone;
use pantau_agent::backups::{borg, pgbackrest, restic, wal, zfs};
use pantau_agent::config::Config;
use pantau_collector::config::{catalogue, profile, settings};
use pantau_collector::domain::rpo::schedule::Schedule;
use pantau_shared::envelope::{Batch, Gap, Observation, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::join::JoinToken;
use pantau_shared::timestamp::Timestamp;
use pantau_shared::wire::{self, reply};
use prost::Message;
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::path::Path;
use std::time::{Duration, Instant};

/// Time for each parser where nothing else is said.
const BRIEF: Duration = Duration::from_millis(400);

/// A single input that takes longer is a finding.
const SLOW: Duration = Duration::from_secs(2);

/// Largest input that is made.
const INPUT_BYTES_MAX: usize = 64 * 1024;

/// Pieces that parsers care about.
const PIECES: [&[u8]; 20] = [
    b"\0",
    b"\xff",
    b"\"",
    b"'",
    b"\\",
    b"\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b"=",
    b"-1",
    b"0",
    b"9999999999999999999",
    b"1e999",
    b"null",
    b"@",
    b"T24:61:61Z",
    b"\xf0\x9f\x98\x80",
    b"[[[[[[[[[[[[[[[[",
];

/// Makes broken copies; the same seed makes the same.
pub(super) struct Mutator(u64);

impl Mutator {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn draw(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(below.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// A whole input with one to eight wounds.
    pub(super) fn wound(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = corpus[self.draw(corpus.len())].clone();
        for _ in 0..=self.draw(8) {
            let at = self.draw(input.len() + 1);
            match self.draw(6) {
                0 if !input.is_empty() => {
                    let at = at.min(input.len() - 1);
                    input[at] ^= 1 << self.draw(8);
                }
                1 => input.truncate(at),
                2 => drop(input.drain(at..(at + self.draw(20)).min(input.len()))),
                3 => drop(input.splice(at..at, PIECES[self.draw(PIECES.len())].iter().copied())),
                4 => {
                    let other = &corpus[self.draw(corpus.len())];
                    let from = self.draw(other.len() + 1);
                    drop(input.splice(at.., other[from..].iter().copied()));
                }
                _ => {
                    let part = input[at..(at + self.draw(64)).min(input.len())].to_vec();
                    drop(input.splice(at..at, part));
                }
            }
        }
        input.truncate(INPUT_BYTES_MAX);
        input
    }
}

fn corpus(name: &str) -> Result<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let entries = std::fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<_> = entries.collect::<Result<_, _>>()?;
    paths.sort();
    ensure!(!paths.is_empty(), "{} holds inputs", folder.display());
    paths.iter().map(|path| Ok(std::fs::read(path)?)).collect()
}

fn shipped(name: &str) -> Result<Vec<Vec<u8>>> {
    Ok(vec![std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(name))?])
}

pub(super) fn seed() -> Result<u64> {
    match std::env::var("PANTAU_FUZZ_SEED") {
        Ok(text) => Ok(text.parse::<u64>().context("PANTAU_FUZZ_SEED")?.max(1)),
        // Another one in each process, without a clock.
        Err(_) => Ok(u64::from(std::process::id()) << 20 | 1),
    }
}

/// Feeds `parse` for its time; it tells whether it accepted the input.
#[expect(clippy::disallowed_methods, reason = "how long a parser takes is what is asked")]
fn feed(name: &str, corpus: &[Vec<u8>], parse: impl Fn(&[u8]) -> bool) -> Result<()> {
    let time = match std::env::var("PANTAU_FUZZ_SECONDS") {
        Ok(text) => Duration::from_secs(text.parse().context("PANTAU_FUZZ_SECONDS")?),
        Err(_) => BRIEF,
    };
    for whole in corpus {
        ensure!(parse(whole), "{name}: a whole input is refused: {}", String::from_utf8_lossy(whole));
    }
    let seed = seed()?;
    let (mut mutator, began) = (Mutator::new(seed), Instant::now());
    let (mut tried, mut accepted, mut slowest) = (0_u64, 0_u64, Duration::ZERO);
    while began.elapsed() < time {
        let input = mutator.wound(corpus);
        let start = Instant::now();
        let parsed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parse(&input)));
        slowest = slowest.max(start.elapsed());
        let shown = String::from_utf8_lossy(&input);
        accepted += u64::from(parsed.map_err(|_| anyhow::anyhow!("{name}, seed {seed}: crashed by {shown:?}"))?);
        ensure!(start.elapsed() < SLOW, "{name}, seed {seed}: {:?} for {shown:?}", start.elapsed());
        tried += 1;
    }
    ensure!(tried > 0, "{name}: no input was tried");
    eprintln!("{name:<12} seed {seed}: {tried} inputs, {accepted} accepted, slowest {} µs", slowest.as_micros());
    Ok(())
}

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[1; 32]).expect("32 bytes")
}

#[test]
fn what_agents_send() -> Result<()> {
    let host = HostId::parse("web-01")?;
    let gap = || Some(ObservationBody::Gap(Gap { reason: "spool full".into(), ..Gap::default() }));
    let observations = (1..=20).map(|seq| Observation { seq, at_ms: 5, age_ms: Some(1), body: gap() }).collect();
    let batch = Batch { stream: vec![7; 16], boot_id: "b".into(), observations, ..Batch::default() };
    let sealed = wire::seal(&batch, &host, &key());
    feed("envelope", &[sealed], |bytes| wire::parse_signed(bytes).is_ok())?;
    // Behind the signature: whoever has a key may still send anything.
    feed("batch", &[batch.encode_to_vec()], |bytes| {
        let signature = key().sign(&wire::signing_input(1, "web-01", bytes)).as_ref().to_vec();
        let signed = pantau_shared::envelope::SignedBatch {
            protocol: 1,
            host: "web-01".into(),
            body: bytes.to_vec(),
            signature,
            ..Default::default()
        };
        wire::open(&host, &signed, key().public_key().as_ref()).is_ok()
    })?;
    let public: [u8; 32] = key().public_key().as_ref().try_into()?;
    let request = reply::request_digest(b"batch");
    let answer = reply::seal_reply(&host, b"batch", 200, vec![8, 20], &key());
    feed("reply", &[answer], |bytes| reply::open_reply(bytes, &host, &request, &public).is_ok())?;
    feed("token", &corpus("token")?, |bytes| JoinToken::parse(&text(bytes)).is_ok())
}

#[test]
fn what_people_write() -> Result<()> {
    feed("agent", &shipped("agent.reference.toml")?, |bytes| Config::parse(&text(bytes)).is_ok())?;
    feed("collector", &shipped("collector.reference.toml")?, |bytes| {
        settings::parse("c.toml", &text(bytes), |_| Ok(b"0123456789abcdef".to_vec())).is_ok()
    })?;
    let site = profile::bangka_2025();
    feed("catalogue", &shipped("catalogue.example.toml")?, |bytes| {
        catalogue::parse("c.toml", &text(bytes), 1, &site).is_ok()
    })?;
    feed("profile", &shipped("profiles/bangka-2025.toml")?, |bytes| profile::parse("p.toml", &text(bytes)).is_ok())?;
    let at = Timestamp::from_ms(1_780_000_000_000);
    feed("cron", &corpus("cron")?, |bytes| {
        // What is accepted must also be answered: a plan for the 30th of February has no next time, not an endless search.
        let next = Schedule::cron(&text(bytes), None).map(|schedule| schedule.next_after(at, Jakarta));
        assert!(!next.as_ref().is_ok_and(|next| next.is_some_and(|next| next <= at)), "the next time is past");
        next.is_ok()
    })
}

#[test]
fn what_backup_tools_print() -> Result<()> {
    feed("restic", &corpus("restic")?, |bytes| restic::parse_restic_snapshots(bytes).is_ok())?;
    let jakarta = Zone::read("Asia/Jakarta").context("tzdata")?;
    feed("borg", &corpus("borg")?, |bytes| borg::parse_borg_list(bytes, &jakarta).is_ok())?;
    feed("pgbackrest", &corpus("pgbackrest")?, |bytes| {
        pgbackrest::parse_pgbackrest_info(bytes).is_ok_and(|stanzas| {
            stanzas.iter().all(|stanza| stanza.artefacts(true).len() == stanza.artefacts(false).len())
        })
    })?;
    feed("zfs", &corpus("zfs")?, |bytes| zfs::parse_zfs_list(&text(bytes)).is_ok())?;
    feed("wal", &corpus("wal")?, |bytes| wal::parse_stat_archiver(bytes).is_ok())
}
