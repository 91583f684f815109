//! Group commit: neighbours stand, answers come after the commit, views are consistent, the queue is bounded.

use super::*;
use std::sync::mpsc::sync_channel;

/// Holds the writer in a request until the returned sender speaks, so that what follows lands in one group.
pub(super) fn hold(
    store: &Store,
) -> (std::sync::mpsc::SyncSender<()>, Pin<Box<impl Future<Output = Result<(), StoreError>> + use<>>>) {
    let (go, wait) = sync_channel::<()>(1);
    let (begun, has_begun) = sync_channel::<()>(1);
    let store = store.clone();
    let mut holding = Box::pin(async move {
        let held = store.write(move |_| {
            begun.send(()).expect("the test waits");
            wait.recv().expect("the test speaks");
            Ok(())
        });
        held.await
    });
    assert!(start(&mut holding));
    has_begun.recv().expect("the writer is in it");
    (go, holding)
}

#[test]
fn a_request_that_fails_or_panics_is_rolled_back_alone() {
    let fixture = Fixture::new();
    let web = fixture.enrol("web-01");
    let (go, holding) = hold(&fixture.store);
    let save = |name: &'static str, value: &'static str| fixture.store.write(move |w| w.save_setting(name, value));
    let (mut first, mut last) = (Box::pin(save("a", "1")), Box::pin(save("c", "3")));
    let mut failing = Box::pin(fixture.store.write(|w| {
        w.save_setting("b", "2")?;
        w.save_setting("a", "spoilt")?;
        Err::<(), _>(StoreError::Refused { what: "it" })
    }));
    let sent = batch(&web, 1, vec![(1, 5, Some(probe("c")))]);
    let mut panicking = Box::pin(fixture.store.write(move |w| {
        w.accept_batch(sent)?;
        w.save_setting("b", "2")?;
        assert_ne!(w.reader().setting("b")?, Some("2".into()), "on purpose");
        Ok(())
    }));
    let again = batch(&web, 1, vec![(1, 5, Some(probe("c")))]);
    let mut accepting = Box::pin(fixture.store.write(move |w| w.accept_batch(again)));
    let queued =
        [start(&mut first), start(&mut failing), start(&mut panicking), start(&mut accepting), start(&mut last)];
    assert_eq!(queued, [true; 5]);
    go.send(()).expect("the writer waits");
    wait(holding).expect("committed");
    wait(first).expect("committed");
    assert!(matches!(wait(failing), Err(StoreError::Refused { what: "it" })));
    assert!(matches!(wait(panicking), Err(StoreError::Database { operation: "run a request", .. })));
    assert_eq!(wait(accepting).expect("committed").stored, 1, "the check's number of the panicking one is forgotten");
    wait(last).expect("committed");
    let fixture = fixture.reopen();
    let settings = fixture.read(|r| Ok((r.setting("a")?, r.setting("b")?, r.setting("c")?)));
    assert_eq!(settings, (Some("1".into()), None, Some("3".into())));
    let check = CheckId::parse("c").expect("valid");
    assert_eq!(fixture.read(|r| r.probes(&check, at(0), at(9), 9)).len(), 1);
}

#[test]
fn a_refused_batch_costs_only_itself_and_a_fault_amid_a_batch_the_group() {
    let fixture = Fixture::new();
    let web = fixture.enrol("web-01");
    let fault = "CREATE TRIGGER fault BEFORE INSERT ON probe WHEN NEW.at_ms = (1780000000 + 66) * 1000
                 BEGIN SELECT RAISE(ABORT, 'on purpose'); END";
    fixture.write(move |w| w.execute("set a trap", fault, ())).expect("writes");
    let send = |seq: u64, second| {
        let observations = vec![(seq, 5, Some(probe("c"))), (seq + 1, second, Some(probe("c")))];
        Box::pin(fixture.store.accept(batch(&web, 1, observations)))
    };
    let (go, holding) = hold(&fixture.store);
    let mut stranger = Box::pin(fixture.store.accept(batch(&host("stranger"), 1, vec![(1, 5, Some(probe("c")))])));
    let mut good = send(1, 5);
    assert!(start(&mut stranger) && start(&mut good));
    go.send(()).expect("the writer waits");
    wait(holding).expect("committed");
    assert!(matches!(wait(stranger), Err(StoreError::Refused { .. })));
    assert_eq!(wait(good).expect("committed").stored, 2);
    let (go, holding) = hold(&fixture.store);
    let (mut good, mut faulty) = (send(3, 5), send(5, 66));
    assert!(start(&mut good) && start(&mut faulty));
    go.send(()).expect("the writer waits");
    wait(holding).expect("committed");
    assert!(wait(good).is_err() && wait(faulty).is_err());
    assert_eq!(wait(send(3, 5)).expect("sent again").stored, 2, "nothing was remembered of the failed group");
    assert_eq!(fixture.read(|r| r.facts_after(FactCursor(0), 99)).facts.len(), 4);
}

#[test]
fn a_view_is_one_moment_and_never_sees_what_is_not_committed() {
    let fixture = Fixture::new();
    fixture.write(|w| w.save_setting("a", "1")).expect("writes");
    let store = fixture.store.clone();
    fixture.read(|r| {
        assert_eq!(r.setting("a")?, Some("1".into()));
        wait(store.write(|w| w.save_setting("a", "2"))).expect("a reader does not hold the writer");
        assert_eq!(r.setting("a")?, Some("1".into()), "still the same view");
        Ok(())
    });
    let (go, holding) = hold(&fixture.store);
    let mut saving = Box::pin(fixture.store.write(|w| {
        w.save_setting("a", "3")?;
        w.reader().setting("a")
    }));
    assert!(start(&mut saving));
    assert_eq!(fixture.read(|r| r.setting("a")), Some("2".into()));
    go.send(()).expect("the writer waits");
    wait(holding).expect("committed");
    assert_eq!(wait(saving).expect("committed"), Some("3".into()), "the writer sees its own");
}

#[test]
fn a_reader_cannot_write_and_a_panic_gives_its_connection_back() {
    let fixture = Fixture::new();
    let refused = fixture.store.read(|r| r.execute_batch("DELETE FROM setting", "delete"));
    assert!(matches!(refused, Err(StoreError::Database { .. })));
    for _ in 0..READERS + 1 {
        let store = fixture.store.clone();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            store.read::<()>(|r| {
                r.setting("a")?;
                panic!("on purpose")
            })
        }));
        assert!(panicked.is_err());
    }
    assert_eq!(fixture.read(|r| r.setting("a")), None);
}

#[test]
fn the_queue_is_bounded_and_a_caller_that_leaves_takes_nothing_back() {
    let fixture = Fixture::new();
    let (go, holding) = hold(&fixture.store);
    let mut waiting: Vec<_> = (0..writer::QUEUE_MAX + 1)
        .map(|n| Box::pin(fixture.store.write(move |w| w.save_setting(&n.to_string(), "x"))))
        .collect();
    assert!(waiting.iter_mut().all(start));
    assert_eq!(fixture.store.queued(), writer::QUEUE_MAX, "the last one waits for room");
    let (first, last) = (waiting.remove(0), waiting.pop().expect("there"));
    drop(first);
    go.send(()).expect("the writer waits");
    wait(holding).expect("committed");
    wait(last).expect("committed");
    for future in waiting {
        wait(future).expect("committed");
    }
    assert_eq!(fixture.read(|r| r.setting("0")), Some("x".into()));
}
