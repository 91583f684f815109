//! The machine alone, and a store whose file may not grow.

use super::*;
use crate::store::records::{SessionRecord, UserRecord};
use crate::store::{Writer, failed};
use proptest::prelude::*;

fn at(s: i64) -> Timestamp {
    Timestamp::from_secs(1_790_000_000 + s)
}

fn disk(free_bytes: u64) -> Option<Disk> {
    Some(Disk { free_bytes, size_bytes: 10_000 })
}

fn closed(cause: ReadOnlyCause, since: i64) -> Option<SpaceChange> {
    Some(SpaceChange::Closed(ReadOnly { cause, since: at(since) }))
}

impl Writer {
    /// Lets the file grow by so many pages and no more: a small disk.
    pub(crate) fn grow_at_most(&mut self, pages: u32) -> Result<(), StoreError> {
        let connection = &self.reader.connection;
        let now: u32 =
            connection.query_row("PRAGMA page_count", (), |row| row.get(0)).map_err(failed("count the pages"))?;
        let sql = format!("PRAGMA max_page_count = {}", now + pages);
        connection.execute_batch(&sql).map_err(failed("limit the file"))
    }
}

#[test]
fn below_the_reserve_facts_are_refused_until_there_is_more_than_the_reserve() {
    let mut state = State { reserve_bytes: 800, ..State::default() };
    assert_eq!(state.measured(disk(800), at(0)), None);
    assert_eq!(state.measured(disk(799), at(1)), closed(ReadOnlyCause::LowSpace, 1));
    assert_eq!(state.measured(disk(10), at(2)), None, "told once");
    assert!(!state.probe_due(at(2)));
    state.measured(disk(899), at(3));
    assert!(!state.probe_due(at(3)), "an eighth above the reserve, else it would open and close");
    state.measured(disk(900), at(4));
    assert!(state.probe_due(at(4)));
    assert_eq!(state.probed(true, at(4)), Some(SpaceChange::Opened { since: at(1) }));
    assert_eq!(state.read_only, None);
}

#[test]
fn a_failed_write_is_probed_ever_more_rarely_and_counts_from_the_first_trouble() {
    let mut state = State { reserve_bytes: 800, ..State::default() };
    state.measured(disk(10), at(0));
    assert_eq!(state.failed(at(5)), closed(ReadOnlyCause::WriteFailed, 0));
    let mut now = 5;
    let mut waits = Vec::new();
    for _ in 0..8 {
        let begun = now;
        while !state.probe_due(at(now)) {
            now += 1;
        }
        waits.push(now - begun);
        assert_eq!(state.probed(false, at(now)), None);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    now += 60;
    assert_eq!(state.probed(true, at(now)), closed(ReadOnlyCause::LowSpace, 0), "decisions may use what is left");
    state.measured(disk(5_000), at(now));
    assert_eq!(state.probed(true, at(now)), Some(SpaceChange::Opened { since: at(0) }));
    // Full again at once: the waits go on where they were.
    state.failed(at(now + 1));
    assert!(!state.probe_due(at(now + 50)) && state.probe_due(at(now + 61)));
    // After a calm they begin anew.
    state.probed(true, at(now + 61));
    state.failed(at(now + 61 + CALM_S));
    assert!(state.probe_due(at(now + 62 + CALM_S)));
}

#[derive(Debug, Clone)]
enum Event {
    Failed,
    Measured(Option<u64>),
    Probed(bool),
}

proptest! {
    /// Whatever happens: it opens only after a successful probe with room, never forgets the beginning, and a probe is
    /// always due within the longest wait.
    #[test]
    fn it_opens_only_by_a_probe(events in prop::collection::vec(prop_oneof![
        Just(Event::Failed),
        prop::option::of(0_u64..2_000).prop_map(Event::Measured),
        any::<bool>().prop_map(Event::Probed),
    ], 0..60)) {
        let mut state = State { reserve_bytes: 800, ..State::default() };
        for (now, event) in (0..).zip(events) {
            let before = state.read_only;
            let change = match event {
                Event::Failed => state.failed(at(now)),
                Event::Measured(free) => state.measured(free.and_then(disk), at(now)),
                Event::Probed(written) => state.probed(written, at(now)),
            };
            let after = state.read_only;
            prop_assert_eq!(change.is_some(), before != after);
            if before.is_some() && after.is_none() {
                prop_assert!(matches!(event, Event::Probed(true)) && state.roomy());
            }
            if let (Some(before), Some(after)) = (before, after) {
                prop_assert_eq!(before.since, after.since);
            }
            if matches!(after, Some(ReadOnly { cause: ReadOnlyCause::WriteFailed, .. })) {
                prop_assert!(state.probe_due(at(now + PROBE_WAIT_MAX_S)));
            }
        }
    }
}

fn open() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(&folder.path().join("pantau.db"), at(0)).expect("opens");
    (folder, store)
}

/// Writes ever smaller texts until the file may not grow any more; how many large ones were taken.
pub(crate) async fn fill(store: &Store) -> usize {
    let mut taken = Vec::new();
    for size in [100_000, 3_000, 100] {
        let mut n = 0;
        loop {
            let saved = store.write(move |w| w.save_setting(&format!("filler-{size}-{n}"), &"x".repeat(size))).await;
            match saved {
                Ok(()) => n += 1,
                Err(StoreError::ReadOnly { source }) => {
                    assert!(source.is_some(), "the database's own words are kept");
                    break;
                }
                Err(error) => panic!("another error: {error:?}"),
            }
            assert!(n < 1_000, "never full");
        }
        taken.push(n);
    }
    taken[0]
}

#[tokio::test]
async fn a_full_store_reads_on_refuses_facts_and_resumes_alone() {
    let (_folder, store) = open();
    store.write(|w| w.grow_at_most(200)).await.expect("limited");
    let kept = fill(&store).await;
    assert!(kept > 0);
    for _ in 0..3 {
        assert!(matches!(store.admit_facts(), Err(StoreError::ReadOnly { source: None })), "at once, before any look");
    }
    assert_eq!(store.space().refused, 3);
    assert_eq!(store.look_at_space(disk(9_000), at(10)), closed(ReadOnlyCause::WriteFailed, 10));
    assert_eq!(store.blind_since(), Some(at(10)));
    for n in 0..kept {
        let found = store.read(|r| r.setting(&format!("filler-100000-{n}"))).expect("reads");
        assert_eq!(found.map(|text| text.len()), Some(100_000), "what was acknowledged is there");
    }
    assert_eq!(store.probe_space(at(10)).await, None, "not yet");
    assert_eq!(store.probe_space(at(11)).await, None, "still full");
    assert!(store.admit_facts().is_err());
    store.write(|w| w.grow_at_most(1_000)).await.expect("more room");
    assert_eq!(store.probe_space(at(12)).await, None, "backs off");
    assert_eq!(store.probe_space(at(13)).await, Some(SpaceChange::Opened { since: at(10) }));
    assert!(store.admit_facts().is_ok());
    assert_eq!(store.read(|r| r.setting(PROBE_SETTING)).expect("reads"), None, "the probe left nothing");
}

#[tokio::test]
async fn only_a_disk_that_takes_no_more_closes_the_store() {
    let (_folder, store) = open();
    let refused = store.write(|_| Err::<(), _>(StoreError::Refused { what: "it" })).await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })));
    let broken = store.write(|w| w.execute("try nonsense", "INSERT INTO nowhere VALUES (1)", ())).await;
    assert!(matches!(broken, Err(StoreError::Database { .. })));
    assert!(store.admit_facts().is_ok());
    assert_eq!(store.look_at_space(None, at(0)), None);
}

#[tokio::test]
async fn whoever_has_to_make_room_can_log_in() {
    let (_folder, store) = open();
    let user = |password_hash: &str| UserRecord {
        name: "rina".into(),
        password_hash: password_hash.into(),
        role: "admin".into(),
        disabled_at: None,
    };
    let first = user("first");
    store.write(move |w| w.save_user(&first)).await.expect("saved");
    let session = |n: u8| SessionRecord {
        token_hash: [n; 32],
        user: "rina".into(),
        role: "admin".into(),
        csrf: "form".into(),
        expires_at: at(600),
    };
    store.save_session(session(1)).await.expect("on disk");
    store.write(|w| w.grow_at_most(60)).await.expect("limited");
    fill(&store).await;
    // The last free bytes of pages go to the sessions themselves, then to memory.
    for n in 2..=200 {
        store.save_session(session(n)).await.expect("on disk or in memory");
        assert_eq!(store.session(&[n; 32], at(1)).expect("reads").map(|s| s.csrf), Some("form".into()));
    }
    let in_memory = store.read(|r| Ok(r.session(&[200; 32], at(1))?.is_none())).expect("reads");
    assert!(in_memory, "the disk takes nothing any more");
    assert_eq!(store.session(&[200; 32], at(600)).expect("reads"), None, "it ends");
    store.write(|w| w.grow_at_most(1_000)).await.expect("more room");
    let second = user("second");
    store.write(move |w| w.save_user(&second)).await.expect("saved");
    assert_eq!(store.session(&[200; 32], at(1)).expect("reads"), None, "a new password ends it");
}
