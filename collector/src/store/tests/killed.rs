//! A real `kill -9` in the middle of accepting, closing, packing, judging, deleting and shrinking, again and again on
//! one store: what was acknowledged is there, once, for as long as it was to be kept; what was under way is there as a
//! whole or not at all; roll-ups are what computing them from every sample would give.
//!
//! `PANTAU_SEED` chooses what is sent and when is killed (as far as a machine's own pace allows), `PANTAU_ROUNDS` how
//! often.

use super::samples::{HOSTS, IMPATIENT, PAIR, busy, moment, points_of, rate};
use super::*;
use crate::series::{Derive, SeriesKey};
use crate::store::samples::{hour_begins, month_begins};
use child::{answered_at, edit_begins, received_at, row_of, samples_of};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

mod child;

const FOLDER: &str = "PANTAU_TEST_KILLED_FOLDER";
const FROM: &str = "PANTAU_TEST_KILLED_FROM";
const NAME: &str = "store::tests::killed::a_kill_in_the_middle_of_anything_loses_nothing_and_doubles_nothing";

/// Kills when nobody asks for more.
const ROUNDS: u64 = 27;

/// In the middle of what is killed, in turn; `start` is before anything was said.
const TARGETS: [&str; 9] = ["accept", "close", "size", "frames", "ages", "pack", "shrink", "judge", "start"];

/// Lines of a life: a child that has not come to what it is killed in by then never does.
const LINES_MAX: usize = 20_000;

/// What the children have said, and what was found to be there after a kill.
#[derive(Debug, Default)]
struct Told {
    /// Batches acknowledged, by host.
    acked: [u64; 3],
    /// Edits acknowledged.
    edits: u64,
    /// How far the engine has read.
    cursor: i64,
    /// Up to where something may have been deleted: hour, receipt in ms, day, month.
    leave: [i64; 4],
    under_way: BTreeSet<String>,
    /// Batches and edits that were there once.
    seen: [u64; 3],
    seen_edits: u64,
}

impl Told {
    fn hear(&mut self, line: &str) {
        let Some(said) = line.strip_prefix("said ") else { return };
        let mut words = said.split(' ');
        let word = words.next().unwrap_or_default();
        let numbers = |words: std::str::Split<'_, char>| -> Vec<i64> {
            words.map(|word| word.parse().expect("a number")).collect()
        };
        match word {
            "begin" => drop(self.under_way.insert(words.collect())),
            "done" => drop(self.under_way.remove(&words.collect::<String>())),
            "ack" => {
                let numbers = numbers(words);
                self.acked[numbers[0] as usize] = numbers[1].cast_unsigned() + 1;
            }
            "judged" => {
                let numbers = numbers(words);
                (self.edits, self.cursor) = (numbers[0].cast_unsigned() + 1, numbers[1]);
            }
            "leave" => {
                for (mine, said) in self.leave.iter_mut().zip(numbers(words)) {
                    *mine = said.max(*mine);
                }
            }
            _ => {}
        }
    }
}

/// A store under way, with what it must hold.
struct Trial {
    seed: u64,
    state: u64,
    path: PathBuf,
    told: Told,
}

impl Trial {
    /// One life: killed soon after `target` has begun.
    fn live(&mut self, life: u64, target: &str) {
        let Told { acked: [one, two, three], edits, .. } = self.told;
        self.told.under_way.clear();
        let mut child = Command::new(std::env::current_exe().expect("known"))
            .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
            .env(FOLDER, self.path.parent().expect("a folder"))
            .env(FROM, format!("{} {life} {one} {two} {three} {edits}", self.seed))
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
        let (begins, mut left) = (format!("said begin {target}"), 1 + restoring::draw(&mut self.state) % 3);
        let mut pause = (restoring::draw(&mut self.state) % 1_000) << (restoring::draw(&mut self.state) % 4);
        match target {
            "start" => (pause, left) = (pause * 5, 0),
            // Once a day only.
            "pack" => left = 1,
            _ => {}
        }
        for _ in 0..LINES_MAX {
            let Some(line) = (left > 0).then(|| lines.next()).flatten() else { break };
            self.told.hear(&line);
            left -= u64::from(line == begins);
        }
        std::thread::sleep(Duration::from_micros(pause));
        child.kill().expect("SIGKILL");
        let status = child.wait().expect("reaped");
        lines.for_each(|line| self.told.hear(&line));
        assert_eq!((status.signal(), left), (Some(9), 0), "the child ended by itself, or never came to {target}");
    }

    /// Opens, and compares everything.
    fn check(&mut self) {
        let store = Store::open(&self.path, at(0)).expect("opens after a kill");
        self.check_kept(&store);
        self.find_batches(&store);
        self.check_facts(&store);
        self.check_ledger(&store);
        for index in 0..HOSTS.len() {
            self.check_host(&store, index);
        }
        assert_eq!(store.damage(), None);
        drop(store);
        assert_eq!(integrity::check_store(&self.path, integrity::Depth::Full, &mut |_| true).expect("checks"), []);
    }

    /// Nothing was deleted that was to be kept.
    fn check_kept(&self, store: &Store) {
        let kept = store.read(Reader::kept_from).expect("reads");
        let [hour, _, day, month] = self.told.leave;
        assert!(kept.hour <= hour && kept.day <= day && kept.month <= month, "{kept:?}, {:?}", self.told);
    }

    /// Which batches are there, by their answers: those go from the front, and only when they are old.
    fn find_batches(&mut self, store: &Store) {
        let check = CheckId::parse("c").expect("valid");
        let found = store.read(|r| r.probes(&check, moment(-9_999_999), far(), usize::MAX)).expect("reads");
        for (index, id) in HOSTS.iter().enumerate() {
            let times: Vec<_> = found.iter().filter(|fact| fact.host.as_str() == *id).map(|fact| fact.at).collect();
            let acked = self.told.acked[index];
            let there = acked + u64::from(times.last() == Some(&answered_at(acked)));
            let first = there.saturating_sub(times.len() as u64);
            assert_eq!(times, (first..there).map(answered_at).collect::<Vec<_>>(), "{id}: answers, once");
            assert!(first == 0 || received_at(first - 1).as_ms() < self.told.leave[1], "{id}: answers before {first}");
            assert!(there >= self.told.seen[index], "{id}: was there after an earlier kill");
            self.told.seen[index] = there;
        }
    }

    /// Facts are numbered without holes, those that nobody has judged are all there, and each was counted once.
    fn check_facts(&self, store: &Store) {
        let mut all = 0;
        for (index, there) in self.told.seen.iter().enumerate() {
            let stored: usize = (0..*there).map(|number| samples_of(self.seed, index, number).len() + 1).sum();
            let record = store.read(|r| r.host(&host(HOSTS[index]))).expect("reads").expect("known");
            assert_eq!(record.observations_accepted, stored as u64, "{}", HOSTS[index]);
            all += stored as i64;
        }
        let cursor = store.read(Reader::cursor).expect("reads");
        assert!(cursor.0 >= self.told.cursor, "{cursor:?} of {:?}", self.told);
        let facts = store.read(|r| r.facts_after(cursor, usize::MAX)).expect("reads").facts;
        assert!(facts.iter().map(|fact| fact.id).eq(cursor.0 + 1..=all), "after {cursor:?} up to {all}");
    }

    fn check_ledger(&mut self, store: &Store) {
        let rows = store.read(|r| r.ledger(&service("simpeg"), moment(-9_999_999), far())).expect("reads");
        let edits = rows.len() as u64;
        let mut expected: Vec<_> =
            (0..edits).map(|edit| LedgerRow { to: edit_begins(edit + 1), ..row_of(edit) }).collect();
        if let Some(last) = expected.last_mut() {
            *last = row_of(edits - 1);
        }
        assert_eq!(rows, expected);
        let acked = self.told.edits;
        assert!((acked.max(self.told.seen_edits)..=acked + 1).contains(&edits), "{edits} edits of {acked}");
        self.told.seen_edits = edits;
    }

    /// Samples from where they are whole, once, in order; of what is half deleted, nothing that was never sent.
    fn check_host(&self, store: &Store, index: usize) {
        let host = host(HOSTS[index]);
        let mut sent: Vec<_> =
            (0..self.told.seen[index]).flat_map(|number| samples_of(self.seed, index, number)).collect();
        sent.sort_by_key(|(at, seq, _)| (*at, *seq));
        let sent: Vec<_> = sent.into_iter().map(|(at, _, value)| (at, value)).collect();
        let whole = store.read(Reader::kept_from).expect("reads");
        let from = hour_begins(whole.hour);
        let found = store.read(|r| r.samples(&host, moment(-9_999_999), far(), usize::MAX)).expect("reads");
        let found: Vec<_> = found
            .into_iter()
            .map(|(at, sample)| (at, sample.load.and_then(|load| load.one_centi).expect("a value")))
            .collect();
        let (leaving, kept) = found.split_at(found.partition_point(|(at, _)| *at < from));
        assert_eq!(kept, &sent[sent.partition_point(|(at, _)| *at < from)..], "{host}");
        let mut of_sent = sent.iter();
        assert!(leaving.iter().all(|sample| of_sent.any(|sent| sent == sample)), "{host}: what is leaving");
        let newest = store.read(|r| r.newest_samples(&host, 3)).expect("reads");
        assert!(newest.iter().map(|(at, _)| at).eq(sent.iter().rev().take(3).map(|(at, _)| at)), "{host}: the newest");
        let spans = [from, hour_begins(whole.day * 24), month_begins(whole.month)];
        check_series(store, &host, &sent, spans);
    }

    /// Everything goes on to its end: no frame waits, nothing is packed twice.
    fn settle(&mut self) {
        let store = Store::open(&self.path, at(0)).expect("opens");
        while wait(store.close_with(far(), IMPATIENT, 50)).expect("closes") != Closed::default() {}
        let cursor = store.facts_after(store.read(Reader::cursor).expect("reads"), usize::MAX).expect("reads").cursor;
        let seen = Decision { cursor, evaluated_at: at(3), ..Decision::default() };
        wait(store.write(move |writer| writer.commit_decision(&seen))).expect("commits");
        while wait(store.prune_frames(far())).expect("prunes") {}
        for table in ["frame", "rollup_hour"] {
            let sql = format!("SELECT count(*) FROM {table}");
            let left = store.read(|r| r.row("count", &sql, (), |row| columns::column::<i64>(row, 0))).expect("reads");
            assert_eq!(left, Some(0), "{table}");
        }
        drop(store);
        self.check();
    }
}

/// Long after everything.
fn far() -> Timestamp {
    moment(50_000 * 3_600)
}

/// A gauge, a counter and a derived series, raw and rolled up, each from where it is whole, against everything sent.
fn check_series(store: &Store, host: &HostId, sent: &[(Timestamp, u32)], [raw, five, one]: [Timestamp; 3]) {
    let key = |name: &str| name.parse::<SeriesKey>().expect("a series");
    let (gauge, counter, derived) =
        (key("load.one_centi"), key("cpu.user_ms"), Derive::CpuBusy.key().expect("a series"));
    let times = |by: u64| -> Vec<_> { sent.iter().map(|(at, value)| (*at, u64::from(*value) * by)).collect() };
    let (gauges, counters) = (times(1), times(10));
    let busy: Vec<_> = sent.windows(2).filter_map(|pair| busy(pair[0], pair[1])).collect();
    for (key, mut expected) in [(&gauge, gauges.clone()), (&counter, counters.clone()), (&derived, busy.clone())] {
        // The first pair may begin before what is whole.
        let from = raw.plus_ms(PAIR);
        let read = store.read(|r| r.series_values(host, key, (from, far()), PAIR)).expect("reads");
        expected.retain(|(at, _)| *at >= from);
        assert_eq!(read, expected, "{host} {key}");
    }
    let rates: Vec<_> = counters.windows(2).filter_map(|pair| rate(pair[0], pair[1])).collect();
    let plain = |values: &[(Timestamp, u64)]| -> Vec<_> {
        values.iter().map(|(at, value)| (*at, rollup::Point::of_value(*value))).collect()
    };
    for (resolution, ms, from) in [(Resolution::FiveMinutes, 300_000, five), (Resolution::OneHour, 3_600_000, one)] {
        for (key, mut values) in [(&gauge, plain(&gauges)), (&derived, plain(&busy)), (&counter, rates.clone())] {
            values.retain(|(at, _)| *at >= from);
            let read = store.read(|r| r.series_points(host, key, (from, far()), resolution, PAIR)).expect("reads");
            let expected = points_of(&values, ms);
            // All of them would fill pages.
            let differs = (0..read.len().max(expected.len())).find(|place| read.get(*place) != expected.get(*place));
            let points = differs.map(|place| (place, read.get(place), expected.get(place)));
            assert_eq!(points, None, "{host} {key} {resolution:?}, {} points of {}", read.len(), expected.len());
        }
    }
}

/// A number that whoever runs the test has chosen.
fn chosen(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn a_kill_in_the_middle_of_anything_loses_nothing_and_doubles_nothing() {
    if let (Some(folder), Ok(from)) = (std::env::var_os(FOLDER), std::env::var(FROM)) {
        child::live(Path::new(&folder), &from);
    }
    let seed = chosen("PANTAU_SEED").unwrap_or_else(restoring::seed);
    let fixture = Fixture::new();
    HOSTS.iter().for_each(|id| drop(fixture.enrol(id)));
    let Fixture { folder, store } = fixture;
    drop(store);
    let mut trial = Trial { seed, state: seed, path: folder.path().join("pantau.db"), told: Told::default() };
    let mut killed_in = BTreeMap::<String, u64>::new();
    for (round, target) in (0..chosen("PANTAU_ROUNDS").unwrap_or(ROUNDS)).zip(TARGETS.iter().cycle()) {
        trial.live(round, target);
        eprintln!("seed {seed}, round {round}: {:?}", trial.told);
        trial.check();
        for work in &trial.told.under_way {
            *killed_in.entry(work.clone()).or_default() += 1;
        }
    }
    trial.settle();
    let whole = Store::open(&trial.path, at(0)).and_then(|store| store.read(Reader::kept_from)).expect("reads");
    eprintln!("killed in {killed_in:?}; left of {:?} is what begins at {whole:?}", trial.told.seen);
}
