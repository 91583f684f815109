//! The tail of facts: whatever memory answers, the tables answer the same.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

const HOSTS: [&str; 3] = ["db-01", "mail-01", "web-01"];
const FACTS_MAX: usize = 12;

/// One request, or one doing of a reader.
#[derive(Debug, Clone)]
enum Step {
    /// A batch of `count` observations that begins at `seq` of its host's stream.
    Accept { host: usize, seq: u64, count: u64 },
    /// The same, in a request that fails afterwards.
    Fail { host: usize, seq: u64, count: u64 },
    /// The same, and then the database gives up the transaction.
    Break { host: usize, seq: u64, count: u64 },
    /// The engine has read up to this share of all facts, in hundredths.
    Decide { hundredths: i64 },
    /// What changed of hosts is taken.
    TakeHeard,
    /// The program is started anew.
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let batch = || (0..HOSTS.len(), 1u64..30, 0u64..6);
    prop_oneof![
        6 => batch().prop_map(|(host, seq, count)| Step::Accept { host, seq, count }),
        2 => batch().prop_map(|(host, seq, count)| Step::Fail { host, seq, count }),
        1 => batch().prop_map(|(host, seq, count)| Step::Break { host, seq, count }),
        2 => (0i64..=100).prop_map(|hundredths| Step::Decide { hundredths }),
        2 => Just(Step::TakeHeard),
        1 => Just(Step::Reopen),
    ]
}

fn sent(index: usize, seq: u64, count: u64) -> ReceivedBatch {
    let body = |seq: u64| match seq % 5 {
        0 => Some(ObservationBody::Sample(Box::new(Sample { failed_sources: vec!["x".into()], ..Sample::default() }))),
        1 => Some(probe("c")),
        2 => Some(ObservationBody::Gap(Gap { from_seq: seq - 1, to_seq: seq, ..Gap::default() })),
        3 => Some(ObservationBody::Started(AgentStarted { hostname: seq.to_string(), ..AgentStarted::default() })),
        _ => None,
    };
    batch(&host(HOSTS[index]), 1, (seq..seq + count).map(|seq| (seq, seq as i64, body(seq))).collect())
}

/// Memory and tables give the same facts behind every cursor, and memory reaches as far back as it must.
fn check(fixture: &Fixture) -> Result<(), TestCaseError> {
    let all = fixture.read(|r| r.facts_after(FactCursor(0), usize::MAX)).facts;
    let figures = fixture.store.tail();
    prop_assert!(figures.facts <= FACTS_MAX, "{figures:?}");
    let cursors = all.iter().map(|fact| fact.id).chain([0, i64::MAX - 1]);
    for (place, cursor) in cursors.map(FactCursor).enumerate() {
        for limit in [0, 1, 3, usize::MAX] {
            let table = fixture.read(|r| r.facts_after(cursor, limit));
            let memory = fixture.store.facts_in_memory(cursor, limit);
            if place < all.len() {
                prop_assert_eq!(memory.is_some(), all.len() - place - 1 <= figures.facts, "behind {:?}", cursor);
            }
            for answer in memory.into_iter().chain(fixture.store.facts_after(cursor, limit)) {
                prop_assert_eq!(&answer.facts, &table.facts);
                prop_assert_eq!((answer.cursor, answer.more), (table.cursor, table.more));
            }
        }
    }
    Ok(())
}

/// What was taken is what the store holds of these hosts; `known` follows.
fn take_heard(fixture: &Fixture, known: &mut [Option<HostRecord>]) -> Result<(), TestCaseError> {
    let heard = fixture.store.take_heard();
    for (name, known) in HOSTS.iter().zip(known) {
        let record = fixture.read(|r| r.host(&host(name)));
        if heard.anew.contains(&host(name)) {
            known.clone_from(&record);
        }
        if let (Some(heard), Some(known)) = (heard.hosts.get(&host(name)), known.as_mut()) {
            known.last_seen_at = Some(heard.last_seen_at);
            known.boot_id = Some(heard.boot_id.clone());
            (known.observations_accepted, known.observations_lost) = (heard.accepted, heard.lost);
            known.started = heard.started.clone().map(|(_, started)| started).or(known.started.take());
        }
        prop_assert_eq!(&*known, &record);
    }
    Ok(())
}

type Waiting = Pin<Box<dyn Future<Output = Result<(), StoreError>>>>;

/// The step as a request, where it is one; `facts` are all there were when the group began.
fn request(step: &Step, store: Store, facts: &[Arc<Fact>]) -> Option<Waiting> {
    Some(match *step {
        Step::Accept { host, seq, count } => {
            Box::pin(async move { store.accept(sent(host, seq, count)).await.map(drop) })
        }
        Step::Fail { host, seq, count } => Box::pin(async move {
            let failing = move |w: &mut Writer| {
                w.accept_batch(sent(host, seq, count))?;
                Err(StoreError::Refused { what: "it" })
            };
            store.write(failing).await
        }),
        Step::Break { host, seq, count } => Box::pin(async move {
            let breaking = move |w: &mut Writer| {
                w.accept_batch(sent(host, seq, count))?;
                w.execute("break", "ROLLBACK", ()).map(drop)
            };
            store.write(breaking).await
        }),
        Step::Decide { hundredths } => {
            let read = facts.len() * usize::try_from(hundredths).unwrap_or(0) / 100;
            let cursor = FactCursor(read.checked_sub(1).map_or(0, |last| facts[last].id));
            let seen = Decision { cursor, evaluated_at: at(3), ..Decision::default() };
            Box::pin(async move { store.write(move |w| w.commit_decision(&seen)).await })
        }
        Step::TakeHeard | Step::Reopen => return None,
    })
}

fn run(mut fixture: Fixture, groups: &[Vec<Step>]) -> Result<(), TestCaseError> {
    fixture.store.0.tail.bound(FACTS_MAX, usize::MAX);
    HOSTS.iter().for_each(|name| drop(fixture.enrol(name)));
    let mut known = vec![None; HOSTS.len()];
    for group in groups {
        let facts = fixture.read(|r| r.facts_after(FactCursor(0), usize::MAX)).facts;
        let (go, holding) = group::hold(&fixture.store);
        let mut waiting: Vec<Waiting> =
            group.iter().filter_map(|step| request(step, fixture.store.clone(), &facts)).collect();
        assert!(waiting.iter_mut().all(start), "queued");
        go.send(()).expect("the writer waits");
        // Some are meant to fail, and may take the whole group with them.
        wait(holding).ok();
        waiting.into_iter().for_each(|request| drop(wait(request)));
        check(&fixture)?;
        if group.iter().any(|step| matches!(step, Step::TakeHeard)) {
            take_heard(&fixture, &mut known)?;
        }
        if group.iter().any(|step| matches!(step, Step::Reopen)) {
            fixture = fixture.reopen();
            fixture.store.0.tail.bound(FACTS_MAX, usize::MAX);
            known = HOSTS.iter().map(|name| fixture.read(|r| r.host(&host(name)))).collect();
        }
    }
    take_heard(&fixture, &mut known)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn memory_answers_as_the_tables_do(
        groups in proptest::collection::vec(proptest::collection::vec(step(), 1..6), 1..8)
    ) {
        run(Fixture::new(), &groups)?;
    }
}

#[test]
fn what_was_acknowledged_is_in_memory_and_what_was_read_leaves_it() {
    let fixture = Fixture::new();
    let web = fixture.enrol("web-01");
    fixture.accept(batch(&web, 1, (1..=4).map(|seq| (seq, 5, Some(probe("c")))).collect()));
    let facts = fixture.store.facts_in_memory(FactCursor(0), 9).expect("in memory");
    assert_eq!((facts.facts.len(), facts.more), (4, false));
    let cursor = FactCursor(facts.facts[2].id);
    let seen = Decision { cursor, evaluated_at: at(3), ..Decision::default() };
    fixture.write(move |w| w.commit_decision(&seen)).expect("commits");
    assert!(fixture.store.facts_in_memory(FactCursor(0), 9).is_none());
    assert_eq!(fixture.store.facts_after(FactCursor(0), 9).expect("reads").facts.len(), 4, "from the tables");
    assert_eq!(fixture.store.facts_in_memory(cursor, 9).map(|f| f.facts.len()), Some(1));
    let figures = fixture.store.tail();
    assert_eq!((figures.facts, figures.hits, figures.misses, figures.forgotten), (1, 2, 2, 0));
}

#[test]
fn memory_is_bounded_in_facts_and_in_bytes_and_counts_what_it_forgets() {
    let fixture = Fixture::new();
    let web = fixture.enrol("web-01");
    let send = |seq| fixture.accept(batch(&web, 1, vec![(seq, 5, Some(ObservationBody::Sample(Box::default())))]));
    fixture.store.0.tail.bound(3, usize::MAX);
    (1..=5).map(send).for_each(|accepted| assert_eq!(accepted.stored, 1));
    let figures = fixture.store.tail();
    assert_eq!((figures.facts, figures.forgotten), (3, 2));
    assert!(figures.bytes > 3 * size_of::<Sample>(), "{figures:?}");
    fixture.store.0.tail.bound(usize::MAX, figures.bytes - 1);
    send(6);
    let figures = fixture.store.tail();
    assert_eq!((figures.facts, figures.forgotten), (2, 4));
}
