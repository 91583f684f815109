//! Observations: kept once, in order, found by every road.

use super::*;

fn all_kinds() -> Vec<(u64, i64, Option<ObservationBody>)> {
    let gap = Gap { from_seq: 2, to_seq: 4, reason: "spool full".into(), ..Gap::default() };
    let started = AgentStarted { hostname: "web".into(), ..AgentStarted::default() };
    vec![
        (1, 10, Some(ObservationBody::Started(started))),
        (5, 20, Some(ObservationBody::Gap(gap))),
        (6, 30, Some(ObservationBody::Sample(Box::default()))),
        (7, 40, Some(probe("simpeg-http"))),
        (8, 50, Some(ObservationBody::Backup(BackupObservation { set: "simpeg-db".into(), ..Default::default() }))),
        (9, 60, None),
        (10, 70, Some(probe("Not An Id"))),
    ]
}

fn kind(fact: &Fact) -> &'static str {
    match fact.body {
        FactBody::Sample(_) => "sample",
        FactBody::Probe(_) => "probe",
        FactBody::Backup(_) => "backup",
        FactBody::Gap(_) => "gap",
        FactBody::Started(_) => "started",
    }
}

#[test]
fn every_kind_is_kept_once_and_read_behind_one_cursor_after_reopening() {
    let fixture = Fixture::new();
    let web = fixture.enrol("web-01");
    let accepted = fixture.accept(batch(&web, 1, all_kinds()));
    assert_eq!(accepted, AcceptedBatch { acknowledged_seq: 10, stored: 5, duplicates: 0, unknown_kinds: 2 });
    let fixture = fixture.reopen();
    let again = fixture.accept(batch(&web, 1, all_kinds()));
    assert_eq!(again, AcceptedBatch { acknowledged_seq: 10, stored: 0, duplicates: 7, unknown_kinds: 0 });
    let first = fixture.read(|r| r.facts_after(FactCursor(0), 3));
    assert_eq!(first.facts.iter().map(|f| kind(f)).collect::<Vec<_>>(), ["started", "gap", "sample"]);
    assert!(first.more);
    let rest = fixture.read(|r| r.facts_after(first.cursor, 2));
    assert_eq!(rest.facts.iter().map(|f| (kind(f), f.at)).collect::<Vec<_>>(), [("probe", at(40)), ("backup", at(50))]);
    assert!(!rest.more);
    let end = fixture.read(|r| r.facts_after(rest.cursor, 2));
    assert!(end.facts.is_empty() && end.cursor == rest.cursor);
    let record = fixture.read(|r| r.host(&web)).expect("known");
    assert_eq!((record.observations_accepted, record.observations_lost), (5, 3));
    assert_eq!(record.started.map(|s| s.hostname), Some("web".into()));
    assert_eq!(record.last_seen_at, Some(at(71)));
}

#[test]
fn numbers_rise_over_kinds_and_over_a_restart_even_when_all_facts_were_pruned() {
    let fixture = Fixture::new();
    let web = fixture.enrol("web-01");
    fixture.accept(batch(&web, 1, vec![(1, 1, Some(probe("c")))]));
    let cursor = fixture.read(|r| r.facts_after(FactCursor(0), 9)).cursor;
    let seen = Decision { cursor, evaluated_at: at(3), ..Decision::default() };
    fixture.write(move |w| w.commit_decision(&seen)).expect("commits");
    fixture.write(|w| w.prune(&retention::keep_from(at(1000)))).expect("prunes");
    assert_eq!(fixture.read(|r| r.facts_after(FactCursor(0), 9)).facts.len(), 0);
    let fixture = fixture.reopen();
    fixture.accept(batch(&web, 1, vec![(2, 2, Some(probe("c")))]));
    assert_eq!(fixture.read(|r| r.facts_after(r.cursor()?, 9)).facts.len(), 1);
}

#[test]
fn streams_and_hosts_do_not_hide_each_others_observations() {
    let fixture = Fixture::new();
    let (web, db) = (fixture.enrol("web-01"), fixture.enrol("db-01"));
    for (id, stream) in [(&web, 1), (&web, 2), (&db, 1)] {
        let accepted = fixture.accept(batch(id, stream, vec![(1, 5, Some(probe("c")))]));
        assert_eq!(accepted.stored, 1, "{id} {stream}");
    }
    let check = CheckId::parse("c").expect("valid");
    let found = fixture.read(|r| r.probes(&check, at(5), at(6), 10));
    assert_eq!(found.iter().map(|f| f.host.as_str()).collect::<Vec<_>>(), ["db-01", "web-01", "web-01"]);
}

#[test]
fn an_unknown_or_revoked_host_is_refused_and_nothing_is_kept() {
    let fixture = Fixture::new();
    let web = fixture.enrol("web-01");
    let from = web.clone();
    assert!(fixture.write(move |w| w.revoke_host(&from, at(5))).expect("revokes"));
    for id in [web, host("stranger")] {
        let sent = batch(&id, 1, vec![(1, 5, Some(probe("c")))]);
        let refused = fixture.write(move |w| w.accept_batch(sent)).expect_err("refused");
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
    }
    assert!(fixture.read(|r| r.facts_after(FactCursor(0), 9)).facts.is_empty());
}

#[test]
fn answers_and_samples_are_found_by_time() {
    let fixture = Fixture::new();
    let web = fixture.enrol("web-01");
    let sample = || Some(ObservationBody::Sample(Box::<Sample>::default()));
    let observations = vec![
        (1, 30, Some(probe("c"))),
        (2, 10, Some(probe("c"))),
        (3, 20, Some(probe("c"))),
        (4, 20, Some(probe("other"))),
        (5, 10, sample()),
        (6, 20, sample()),
    ];
    fixture.accept(batch(&web, 1, observations));
    let check = CheckId::parse("c").expect("valid");
    let times = |facts: Vec<ProbeFact>| facts.iter().map(|f| f.at.ms_since(at(0)) / 1000).collect::<Vec<_>>();
    assert_eq!(times(fixture.read(|r| r.probes(&check, at(10), at(30), 9))), [10, 20]);
    assert_eq!(times(fixture.read(|r| r.probes(&check, at(0), at(99), 2))), [10, 20]);
    assert_eq!(times(fixture.read(|r| r.probes_before(&check, &web, at(20), 9))), [20, 10]);
    assert_eq!(times(fixture.read(|r| r.probes_before(&check, &web, at(99), 1))), [30]);
    let samples = |found: Vec<(Timestamp, Sample)>| found.iter().map(|s| s.0).collect::<Vec<_>>();
    assert_eq!(samples(fixture.read(|r| r.samples(&web, at(10), at(20), 9))), [at(10)]);
    assert_eq!(samples(fixture.read(|r| r.newest_samples(&web, 9))), [at(20), at(10)]);
}

#[test]
fn backups_are_found_newest_first() {
    let fixture = Fixture::new();
    let web = fixture.enrol("web-01");
    let seen = |total| {
        let observation = BackupObservation { set: "s".into(), artefacts_total: total, ..Default::default() };
        Some(ObservationBody::Backup(observation))
    };
    fixture.accept(batch(&web, 1, vec![(1, 10, seen(1)), (2, 30, seen(3)), (3, 20, seen(2))]));
    let set = BackupSetId::parse("s").expect("valid");
    let found = fixture.read(|r| r.backup_observations(&set, 2));
    assert_eq!(found.iter().map(|f| f.observation.artefacts_total).collect::<Vec<_>>(), [3, 2]);
}

#[test]
fn streams_of_a_host_are_bounded_and_the_longest_unused_goes() {
    let fixture = Fixture::new();
    let web = fixture.enrol("web-01");
    let name = |n: i64| n.to_be_bytes().repeat(2);
    for n in 0..=accept::STREAMS_MAX {
        let mut sent = batch(&web, 1, vec![(1, n, Some(probe("c")))]);
        sent.stream = name(n);
        fixture.accept(sent);
    }
    let counted = fixture.read(|r| {
        r.row("count", "SELECT count(*), min(used_ms) FROM stream", (), |row| {
            Ok((columns::column::<i64>(row, 0)?, columns::instant(row, 1)?))
        })
    });
    assert_eq!(counted, Some((accept::STREAMS_MAX, at(2))));
    let record = fixture.read(|r| r.host(&web)).expect("known");
    assert_eq!(record.observations_accepted, accept::STREAMS_MAX as u64 + 1, "what a stream counted outlives it");
}

#[test]
fn a_host_is_seen_by_any_stream_and_its_totals_stand_after_reopening() {
    let fixture = Fixture::new();
    let web = fixture.enrol("web-01");
    fixture.accept(batch(&web, 1, vec![(1, 50, Some(probe("c")))]));
    fixture.accept(batch(&web, 2, vec![(1, 20, Some(probe("c")))]));
    let mut booted = batch(&web, 2, vec![]);
    booted.boot_id = "another".into();
    fixture.accept(booted);
    let look = |fixture: &Fixture| {
        let record = fixture.read(|r| r.host(&web)).expect("known");
        (record.last_seen_at, record.boot_id, record.observations_accepted)
    };
    let seen = (Some(at(51)), Some("another".into()), 2);
    assert_eq!(look(&fixture), seen);
    let fixture = fixture.reopen();
    assert_eq!(look(&fixture), seen);
    fixture.accept(batch(&web, 1, vec![(2, 60, Some(probe("c")))]));
    let heard = fixture.store.take_heard().hosts.remove(&web).expect("heard");
    assert_eq!((heard.last_seen_at, heard.accepted), (at(61), 3));
}
