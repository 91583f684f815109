//! The engine while its store is read-only: nobody is called silent for what was refused, nothing looks up, and what the
//! agents kept is judged afterwards as if it had come in time.

use super::*;
use crate::store::{Disk, fill};

fn disk(free_bytes: u64) -> Option<Disk> {
    Some(Disk { free_bytes, size_bytes: 1 << 40 })
}

#[tokio::test]
async fn nobody_is_silent_for_what_was_refused() {
    let mut site = Site::new().await;
    site.store.keep_free(1_000);
    let (engine, mut task) = site.engine();
    site.answer(10, ProbeVerdict::Ok).await;
    task.evaluate().await.expect("evaluates");
    assert!(site.store.look_at_space(disk(999), at(11)).is_some());
    for seconds in [60, 200, 4_000] {
        site.clock.advance_ms(at(seconds).ms_since(site.clock.now()));
        task.evaluate().await.expect("decisions use the reserve");
        assert!(engine.snapshot().tickets.is_empty(), "at {seconds}");
        let state = engine.snapshot().services[0].state;
        assert!(seconds < 100 || state == State::Unknown, "no facts, no state: {state:?} at {seconds}");
    }
    site.store.look_at_space(disk(5_000), at(4_001));
    assert!(site.store.probe_space(at(4_001)).await.is_some());
    site.clock.advance_ms(80_000);
    task.evaluate().await.expect("evaluates");
    assert!(engine.snapshot().tickets.is_empty(), "it is given its time to come back");
    site.clock.advance_ms(60_000);
    task.evaluate().await.expect("evaluates");
    assert_eq!(engine.snapshot().tickets.len(), 1, "now it is silent");
}

#[tokio::test]
async fn what_the_agents_kept_is_judged_afterwards() {
    let mut site = Site::new().await;
    let (engine, mut task) = site.engine();
    for seconds in [10, 20, 30] {
        site.answer(seconds, ProbeVerdict::Ok).await;
        task.evaluate().await.expect("evaluates");
    }
    assert_eq!(engine.snapshot().services[0].state, State::Up);
    site.store.write(|writer| writer.grow_at_most(40)).await.expect("limited");
    fill(&site.store).await;
    site.store.look_at_space(disk(0), at(31));
    site.clock.advance_ms(at(300).ms_since(site.clock.now()));
    task.evaluate().await.expect("waits");
    let blind = engine.snapshot();
    assert_eq!((blind.services[0].state, blind.services[0].since, blind.at), (State::Unknown, Some(at(31)), at(300)));
    site.store.write(|writer| writer.grow_at_most(2_000)).await.expect("more room");
    assert!(site.store.probe_space(at(300)).await.is_some());
    // The agent delivers what it kept: an outage from 100 to 200.
    for seconds in (40..=300).step_by(10) {
        let verdict = if (100..200).contains(&seconds) { ProbeVerdict::Failed } else { ProbeVerdict::Ok };
        site.answer(seconds, verdict).await;
    }
    site.clock.advance_ms(at(301).ms_since(site.clock.now()));
    task.evaluate().await.expect("evaluates");
    let service = ServiceId::parse("simpeg").expect("valid");
    let rows = site.store.read(|reader| reader.ledger(&service, at(0), at(301))).expect("reads");
    let down: Vec<_> = rows.iter().filter(|row| row.state == State::Down).map(|row| (row.from, row.to)).collect();
    assert_eq!(down, [(at(100), at(200))]);
    assert_eq!(engine.snapshot().services[0].state, State::Up);
}
