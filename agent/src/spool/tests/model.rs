//! Random lives of a spool against a queue in memory, and a disk that is full.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
enum Action {
    Append { size: usize },
    Sync,
    Peek { count: usize, bytes: usize },
    Ack { back: u64 },
    Reopen,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (0usize..1500).prop_map(|size| Action::Append { size }),
        3 => Just(Action::Sync),
        4 => (1usize..20, 1usize..9000).prop_map(|(count, bytes)| Action::Peek { count, bytes }),
        3 => (0u64..6).prop_map(|back| Action::Ack { back }),
        1 => Just(Action::Reopen),
    ]
}

/// What a spool should do, without files.
#[derive(Debug, Default)]
struct Model {
    next: u64,
    durable: u64,
    acked: u64,
    peeked: u64,
    appended: BTreeMap<u64, u64>,
}

impl Model {
    /// Everything given lies in order, tiles the numbers behind the acknowledged one, and is what was appended.
    fn check(&mut self, stored: &[Stored], capped: bool) {
        let mut expected = self.acked + 1;
        for stored in stored {
            let ObservationBody::Gap(gap) = &stored.body else { panic!("unexpected {stored:?}") };
            if gap.from_seq == u64::MAX {
                assert_eq!(stored.seq, expected);
                let number = gap.reason.split(':').next().expect("number");
                assert_eq!(number, self.appended[&stored.seq].to_string());
                assert_eq!(stored.boot_ms, Some(stored.seq));
            } else {
                assert!(capped, "a gap without a cap: {gap:?}");
                assert_eq!((gap.from_seq, gap.to_seq), (expected, stored.seq));
            }
            expected = stored.seq + 1;
        }
        self.peeked = expected - 1;
        assert!(self.peeked <= self.durable);
    }
}

fn run(actions: &[Action], limits: Limits, capped: bool) {
    // In memory where there is such a place: what a disk costs is not asked here.
    let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("temporary directory");
    let mut spool = open(directory.path(), limits);
    let mut model = Model { next: 1, ..Model::default() };
    for action in actions {
        match action {
            Action::Append { size } => {
                let number = model.next * 7;
                let seq = spool.append(moment(model.next), body(number, *size)).expect("appends");
                assert_eq!(seq, model.next);
                model.appended.insert(seq, number);
                model.next += 1;
            }
            Action::Sync => {
                sync(&mut spool);
                model.durable = model.next - 1;
            }
            Action::Peek { count, bytes } => {
                let stored = spool.peek(*count, *bytes);
                assert!(stored.len() <= *count);
                if !capped {
                    let waiting = model.durable - model.acked;
                    assert_eq!(stored.is_empty(), waiting == 0);
                }
                model.check(&stored, capped);
            }
            Action::Ack { back } => {
                let seq = model.peeked.saturating_sub(*back);
                spool.ack(seq);
                model.acked = model.acked.max(seq);
            }
            Action::Reopen => {
                drop(spool);
                spool = open(directory.path(), limits);
                model.durable = model.next - 1;
            }
        }
        assert!(spool.stats().bytes <= limits.bytes_max);
        assert_eq!(spool.stats().records, model.next - 1 - model.acked);
    }
    sync(&mut spool);
    model.durable = model.next - 1;
    let rest = spool.peek(usize::MAX, usize::MAX / 4);
    model.check(&rest, capped);
    // After a drop of everything the hole shows with the next record; otherwise nothing is missing at the end.
    assert!(rest.is_empty() || model.peeked == model.next - 1);
}

/// Random lives against the model, and how many actions they had.
fn run_many(limits: Limits, capped: bool) {
    let counted = std::cell::Cell::new(0);
    let config = ProptestConfig { cases: 220, failure_persistence: None, ..ProptestConfig::default() };
    let ran =
        proptest::test_runner::TestRunner::new(config).run(&proptest::collection::vec(action(), 1..600), |actions| {
            counted.set(counted.get() + actions.len());
            run(&actions, limits, capped);
            Ok(())
        });
    if let Err(error) = ran {
        panic!("{error}");
    }
    println!("{} random actions", counted.get());
    assert!(counted.get() > 50_000);
}

#[test]
fn behaves_like_the_model() {
    run_many(ROOMY, false);
}

#[test]
fn behaves_like_the_model_under_a_cap() {
    run_many(Limits { bytes_max: 24 * 1024, age_max_ms: u64::MAX }, true);
}

/// A file system of a quarter of a megabyte, where this user may make one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    #[expect(clippy::disallowed_methods, reason = "mounting memory ends at once, or not at all")]
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut command = std::process::Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(directory.path());
        let mounted = command.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("skipped: no small file system can be mounted here (only root may)");
        }
        mounted.then(|| Self(directory))
    }
}

impl Drop for SmallDisk {
    #[expect(clippy::disallowed_methods, reason = "as mounting")]
    fn drop(&mut self) {
        let unmounted = std::process::Command::new("umount").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "{} stays mounted", self.0.path().display());
    }
}

#[test]
fn a_full_disk_costs_the_oldest_and_every_number_is_accounted_for() {
    let Some(disk) = SmallDisk::mount() else { return };
    let limits = Limits { bytes_max: 1 << 20, age_max_ms: u64::MAX };
    let mut spool = open(&disk.0.path().join("spool"), limits);
    let mut model = Model { next: 1, ..Model::default() };
    // Somebody else fills the disk half-way, and makes room again later.
    for number in 1..=1_500 {
        if number == 500 {
            fs::write(disk.0.path().join("other"), vec![1; 100 * 1024]).unwrap_or_default();
        }
        if number == 1_000 {
            fs::remove_file(disk.0.path().join("other")).expect("is there");
        }
        let appended = spool.append(moment(number), body(number, 1_000));
        if let Ok(seq) = appended {
            assert_eq!(seq, number);
            model.appended.insert(seq, number);
        }
        model.next += 1;
    }
    sync(&mut spool);
    model.durable = model.next - 1;
    let stored = spool.peek(usize::MAX, usize::MAX / 4);
    model.check(&stored, true);
    assert_eq!(model.peeked, 1_500);
    let ObservationBody::Gap(gap) = &stored[0].body else { panic!("a gap first") };
    assert_eq!(gap.from_seq, 1);
    assert!(gap.reason.contains("disk") || gap.reason.contains("space"), "{}", gap.reason);
    drop(stored);
    drop(spool);
}
