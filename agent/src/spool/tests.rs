//! What a spool does, one thing at a time, and a museum of corruptions; random lives are in [`model`].

use super::*;

mod model;

const STREAM: [u8; 16] = [9; 16];
const ROOMY: Limits = Limits { bytes_max: 1 << 30, age_max_ms: u64::MAX };

fn open(directory: &Path, limits: Limits) -> Spool {
    Spool::open(directory, limits, "boot-a", STREAM).expect("opens")
}

impl Spool {
    /// Appends where nothing older lies elsewhere.
    fn append(&mut self, at: Moment, body: ObservationBody) -> Result<u64, SpoolError> {
        self.append_giving(at, body, &mut || false)
    }
}

fn moment(ms: u64) -> Moment {
    Moment { wall: Timestamp::from_ms(1_000_000 + ms as i64), boot_ms: ms }
}

/// A fact that can be recognized: its text holds the number, padded to `size`.
fn body(number: u64, size: usize) -> ObservationBody {
    let reason = format!("{number}:{}", "x".repeat(size));
    ObservationBody::Gap(Gap { from_seq: u64::MAX, reason, ..Gap::default() })
}

fn sync(spool: &mut Spool) {
    if let Some(job) = spool.begin_sync() {
        let done = job.run();
        spool.finish_sync(done);
    }
}

/// `seq=number` for facts, `[from-to]` for gaps.
fn render(stored: &[Stored]) -> String {
    let one = |stored: &Stored| match &stored.body {
        ObservationBody::Gap(gap) if gap.from_seq == u64::MAX => {
            format!("{}={}", stored.seq, gap.reason.split(':').next().expect("number"))
        }
        ObservationBody::Gap(gap) => {
            assert_eq!(gap.to_seq, stored.seq);
            format!("[{}-{} {}]", gap.from_seq, gap.to_seq, gap.reason)
        }
        other => panic!("unexpected {other:?}"),
    };
    stored.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn all(spool: &mut Spool) -> String {
    sync(spool);
    render(&spool.peek(10_000, 1 << 30))
}

fn filled(directory: &Path, count: u64) -> Spool {
    let mut spool = open(directory, ROOMY);
    for number in 1..=count {
        assert_eq!(spool.append(moment(number), body(number, 10)).expect("appends"), number);
    }
    sync(&mut spool);
    spool
}

fn segment_path(directory: &Path) -> PathBuf {
    let mut paths: Vec<_> = fs::read_dir(directory).expect("lists").map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "segment"));
    paths.first().expect("a segment").clone()
}

#[test]
fn gives_in_order_and_forgets_what_is_acknowledged() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut spool = filled(directory.path(), 5);
    assert_eq!(render(&spool.peek(3, 1 << 20)), "1=1 2=2 3=3");
    assert_eq!(render(&spool.peek(9, 1)), "1=1");
    spool.ack(2);
    assert_eq!(all(&mut spool), "3=3 4=4 5=5");
    spool.ack(99);
    assert_eq!(all(&mut spool), "");
    assert_eq!(spool.stats().records, 0);
    drop(spool);
    let mut spool = open(directory.path(), ROOMY);
    assert_eq!(spool.append(moment(6), body(6, 1)).expect("appends"), 6);
    assert_eq!(all(&mut spool), "6=6");
    assert_eq!(spool.stream(), STREAM);
}

#[test]
fn nothing_is_given_before_it_is_on_stable_storage() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut spool = open(directory.path(), ROOMY);
    spool.append(moment(1), body(1, 1)).expect("appends");
    assert_eq!(render(&spool.peek(10, 1 << 20)), "");
    let job = spool.begin_sync().expect("something to sync");
    spool.append(moment(2), body(2, 1)).expect("appends");
    let done = job.run();
    spool.finish_sync(done);
    assert_eq!(render(&spool.peek(10, 1 << 20)), "1=1");
    spool.ack(2);
    assert_eq!(all(&mut spool), "2=2");
}

#[test]
fn age_is_known_only_within_the_same_boot() {
    let directory = tempfile::tempdir().expect("temporary directory");
    drop(filled(directory.path(), 1));
    let mut spool = open(directory.path(), ROOMY);
    assert_eq!(spool.peek(1, 1 << 20)[0].boot_ms, Some(1));
    drop(spool);
    let mut spool = Spool::open(directory.path(), ROOMY, "boot-b", STREAM).expect("opens");
    assert_eq!(spool.peek(1, 1 << 20)[0].boot_ms, None);
}

#[test]
fn a_second_process_is_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let _first = open(directory.path(), ROOMY);
    let second = Spool::open(directory.path(), ROOMY, "boot-a", STREAM);
    assert!(matches!(second, Err(SpoolError::InUse { .. })));
}

#[test]
fn byte_cap_drops_the_oldest_and_leaves_a_gap_that_survives_reopening() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let limits = Limits { bytes_max: 64 * 1024, age_max_ms: u64::MAX };
    let mut spool = open(directory.path(), limits);
    for number in 1..=200 {
        spool.append(moment(number), body(number, 1000)).expect("appends");
        assert!(spool.stats().bytes <= limits.bytes_max);
    }
    sync(&mut spool);
    let first = spool.peek(1, 1 << 20).remove(0);
    let ObservationBody::Gap(gap) = &first.body else { panic!("a gap first") };
    assert_eq!((gap.from_seq, gap.reason.as_str()), (1, "spool full"));
    assert_eq!(gap.from_at_ms, Some(moment(1).wall.as_ms()));
    assert_eq!(gap.to_at_ms, Some(moment(gap.to_seq).wall.as_ms()));
    assert_eq!(spool.stats().dropped, gap.to_seq);
    drop(spool);
    let mut spool = open(directory.path(), limits);
    assert_eq!(spool.peek(1, 1 << 20), vec![first.clone()]);
    spool.ack(first.seq);
    assert_eq!(spool.peek(1, 1 << 20)[0].seq, first.seq + 1);
}

#[test]
fn age_cap_drops_by_the_clock_that_does_not_jump() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut spool = open(directory.path(), Limits { bytes_max: 1 << 20, age_max_ms: 16_000 });
    for number in 1..=20 {
        spool.append(moment(number * 1000), body(number, 1)).expect("appends");
    }
    let jumped = Moment { wall: Timestamp::from_ms(i64::MAX), boot_ms: 20_000 };
    spool.tend(jumped);
    assert!(all(&mut spool).starts_with("[1-2 spool too old] 3=3"), "{}", all(&mut spool));
    spool.tend(moment(100_000));
    assert_eq!(all(&mut spool), "");
    spool.append(moment(100_000), body(21, 1)).expect("appends");
    assert_eq!(all(&mut spool), "[1-20 spool too old] 21=21");
}

#[test]
fn an_oversize_observation_is_refused_and_becomes_a_gap() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut spool = filled(directory.path(), 1);
    let refused = spool.append(moment(2), body(2, BODY_BYTES_MAX));
    assert!(matches!(refused, Err(SpoolError::TooLarge { .. })));
    spool.append(moment(3), body(3, 1)).expect("appends");
    assert_eq!(all(&mut spool), "1=1 [2-2 spool could not be written] 3=3");
    assert_eq!(spool.stats().append_failures, 1);
}

#[test]
fn a_directory_that_cannot_be_written_costs_an_error_and_a_gap() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut spool = filled(directory.path(), 1);
    spool.seal();
    let elsewhere = std::mem::replace(&mut spool.directory, directory.path().join("gone"));
    assert!(matches!(spool.append(moment(2), body(2, 1)), Err(SpoolError::CreateSegment { .. })));
    spool.directory = elsewhere;
    assert_eq!(spool.append(moment(3), body(3, 1)).expect("appends"), 3);
    assert_eq!(all(&mut spool), "1=1 [2-2 record damaged] 3=3");
}

#[test]
fn a_refused_observation_is_read_as_a_gap() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut spool = filled(directory.path(), 3);
    spool.peek(1, 1 << 20);
    spool.ack(1);
    spool.reject(2, moment(2).wall);
    drop(spool);
    let mut spool = open(directory.path(), ROOMY);
    assert_eq!(all(&mut spool), "[2-2 refused by the collector] 3=3");
    spool.ack(2);
    assert_eq!(all(&mut spool), "3=3");
    spool.ack(3);
    spool.append(moment(4), body(4, 1)).expect("appends");
    assert_eq!(all(&mut spool), "4=4");
}

#[test]
fn cut_at_every_byte() {
    let directory = tempfile::tempdir().expect("temporary directory");
    drop(filled(directory.path(), 4));
    let path = segment_path(directory.path());
    let whole = fs::read(&path).expect("reads");
    let cursor = fs::read(directory.path().join("cursor")).expect("reads");
    let record = (whole.len() - HEADER_BYTES as usize) / 4;
    for cut in 0..=whole.len() {
        let directory = tempfile::tempdir().expect("temporary directory");
        fs::write(directory.path().join(path.file_name().expect("name")), &whole[..cut]).expect("writes");
        fs::write(directory.path().join("cursor"), &cursor).expect("writes");
        let mut spool = open(directory.path(), ROOMY);
        let next = spool.append(moment(9), body(99, 1)).expect("appends");
        let kept = cut.saturating_sub(HEADER_BYTES as usize) / record;
        let torn = cut > HEADER_BYTES as usize && !(cut - HEADER_BYTES as usize).is_multiple_of(record);
        let mut expected: Vec<String> = (1..=kept).map(|number| format!("{number}={number}")).collect();
        if torn {
            expected.push(format!("[{0}-{0} record damaged]", kept + 1));
        }
        expected.push(format!("{next}=99"));
        assert_eq!(all(&mut spool), expected.join(" "), "cut at {cut}");
        assert_eq!(next, kept as u64 + 1 + u64::from(torn), "cut at {cut}");
    }
}

#[test]
fn every_flipped_bit_costs_at_most_the_record_it_is_in() {
    let directory = tempfile::tempdir().expect("temporary directory");
    drop(filled(directory.path(), 3));
    let path = segment_path(directory.path());
    let whole = fs::read(&path).expect("reads");
    let cursor = fs::read(directory.path().join("cursor")).expect("reads");
    let record = (whole.len() - HEADER_BYTES as usize) / 3;
    let work = tempfile::tempdir().expect("temporary directory");
    for bit in 0..whole.len() * 8 {
        let inside = work.path().join(bit.to_string());
        fs::create_dir(&inside).expect("creates");
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(inside.join(path.file_name().expect("name")), &bytes).expect("writes");
        fs::write(inside.join("cursor"), &cursor).expect("writes");
        let mut spool = open(&inside, ROOMY);
        assert_eq!(spool.append(moment(9), body(99, 1)).expect("appends"), 4, "bit {bit}");
        let hit = (bit / 8).checked_sub(HEADER_BYTES as usize).map(|at| at / record + 1);
        let one = |number| match hit {
            Some(hit) if hit == number => format!("[{number}-{number} record damaged]"),
            _ => format!("{number}={number}"),
        };
        assert_eq!(all(&mut spool), format!("{} {} {} 4=99", one(1), one(2), one(3)), "bit {bit}");
        fs::remove_dir_all(&inside).expect("removes");
    }
}

#[test]
fn a_destroyed_cursor_sends_again_and_never_counts_backwards() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut spool = filled(directory.path(), 4);
    spool.peek(10, 1 << 20);
    spool.ack(2);
    drop(spool);
    fs::write(directory.path().join("cursor"), [0; 72]).expect("writes");
    let mut spool = Spool::open(directory.path(), ROOMY, "boot-a", [1; 16]).expect("opens");
    assert_eq!(all(&mut spool), "1=1 2=2 3=3 4=4");
    assert_eq!(spool.stream(), STREAM);
    assert_eq!(spool.append(moment(5), body(5, 1)).expect("appends"), 5);
}

#[test]
fn with_cursor_and_segments_gone_a_new_stream_begins() {
    let directory = tempfile::tempdir().expect("temporary directory");
    drop(filled(directory.path(), 2));
    fs::remove_file(segment_path(directory.path())).expect("removes");
    fs::remove_file(directory.path().join("cursor")).expect("removes");
    let spool = Spool::open(directory.path(), ROOMY, "boot-a", [1; 16]).expect("opens");
    assert_eq!(spool.stream(), [1; 16]);
}

#[test]
fn a_lost_segment_is_a_gap() {
    let directory = tempfile::tempdir().expect("temporary directory");
    drop(filled(directory.path(), 2));
    let mut spool = open(directory.path(), ROOMY);
    spool.append(moment(3), body(3, 1)).expect("appends");
    drop(spool);
    let mut spool = open(directory.path(), ROOMY);
    spool.append(moment(4), body(4, 1)).expect("appends");
    drop(spool);
    fs::remove_file(directory.path().join(format!("{:020}.segment", 3))).expect("removes");
    let mut spool = open(directory.path(), ROOMY);
    assert_eq!(all(&mut spool), "1=1 2=2 [3-3 record damaged] 4=4");
}
