//! A store with rows in every table, and everything its readers tell of it as text.

use super::*;
use crate::domain::alert::{Alert, AlertGroup};
use crate::domain::catalogue::ThresholdMetric;
use crate::domain::interval::Interval;
use crate::domain::register::excuse::PartStretch;
use crate::domain::rpo::proof::{RecoveryEntry, Verification, VerificationMethod};
use crate::domain::rpo::record::History;
use crate::domain::rule::Rule;
use crate::domain::rule::admission::{HeldBack, HeldCause};
use crate::domain::ticket::elsewhere::{Deed, Known, Stage};
use crate::domain::ticket::evidence::{AnswerSeen, Evidence, ReadingSeen};
use crate::store::alerts::AlertEdit;
use crate::store::backup_records::{BackupEdit, KeptLook};
use crate::store::elsewhere::ElsewhereEdit;
use crate::store::heartbeats::{Heartbeat, Signal, SignalKind};
use crate::store::notices::NoticeEdit;
use pantau_shared::backup::BackupArtefact;

/// Puts rows into every table; `rounds` batches of each host.
pub(super) fn fill(fixture: &Fixture, rounds: i64) {
    for id in ["web-01", "db-01"] {
        let web = fixture.enrol(id);
        for round in 0..rounds {
            fixture.accept(batch(&web, 1, observations(round)));
        }
    }
    fixture.write(|w| w.revoke_host(&host("db-01"), at(500))).expect("revokes");
    judge(fixture);
    backups(fixture);
    columns(fixture);
    people(fixture);
    registers(fixture);
    reports(fixture);
    problem(fixture);
}

/// What is made of facts: chunks and roll-ups (one hour's as if its day were not packed yet), the engine's checkpoint,
/// counted days. None of it changes what is told.
fn columns(fixture: &Fixture) {
    let far = at(40 * 3_600);
    wait(fixture.store.close_with(far, samples::IMPATIENT, 99)).expect("closes");
    let counted = |valid_until| ledger_days::MonthClaim { service: service("simpeg"), month: 24_317, valid_until };
    fixture
        .write(move |w| {
            let piece = "INSERT INTO rollup_hour (key, body)
                         SELECT (((key >> 24) * 24 + 1) << 24) | (key & 16777215), body FROM rollup_day LIMIT 1";
            w.execute("fill", piece, ())?;
            let slice = CheckpointSlice { slice: 0, cursor: FactCursor(1), version: 1, body: vec![1, 2, 3] };
            w.save_slice(&slice)?;
            let claim = w.claim_ledger_days(&[counted(at(9))])?;
            let days = vec![crate::domain::availability::Span::NOTHING];
            let month = ledger_days::CountedMonth { service: service("simpeg"), month: 24_317, revision: 1, days };
            w.save_ledger_days(claim, &[month])
        })
        .expect("writes");
}

fn observations(round: i64) -> Vec<(u64, i64, Option<ObservationBody>)> {
    let first = round.unsigned_abs() * 5 + 1;
    let reason = format!("jawaban {round} {}", "x".repeat(120));
    let outcome = ProbeOutcome { check: "simpeg-http".into(), verdict: 1, reason, ..ProbeOutcome::default() };
    let observed = BackupObservation { set: "simpeg-db".into(), ..BackupObservation::default() };
    let started = AgentStarted { hostname: "web".into(), ..AgentStarted::default() };
    let gap = Gap { from_seq: first, to_seq: first, reason: "spool full".into(), ..Gap::default() };
    let bodies = [
        ObservationBody::Started(started),
        ObservationBody::Gap(gap),
        ObservationBody::Sample(Box::default()),
        ObservationBody::Probe(outcome),
        ObservationBody::Backup(observed),
    ];
    (first..).zip(bodies).map(|(seq, body)| (seq, seq as i64, Some(body))).collect()
}

/// A full disk of a new host, which is only watched.
fn held_back() -> HeldBack {
    let scope = TicketScope::Host(host("web-01"), "storage:/var".into());
    HeldBack {
        key: TicketKey { scope, class: TicketClass::Capacity },
        rule: Rule::Threshold(ThresholdMetric::Storage),
        cause: HeldCause::Observed,
        onset_at: at(3),
        noted_at: at(4),
        ended_at: None,
        occurrences: 1,
        symptom: Phrase::new("symptom-threshold-storage").with("part", "/var"),
    }
}

fn judge(fixture: &Fixture) {
    let row = |from, to, state| LedgerRow { from: at(from), to: at(to), state, reason: Some(Phrase::new("why")) };
    let rows = vec![row(0, 10, State::Up), row(10, 30, State::Down), row(35, 40, State::Degraded)];
    let states = vec![(CheckId::parse("simpeg-web").expect("valid"), State::Down)];
    let stretch = PartStretch { interval: Interval::new(at(10), at(30)), states };
    let parts = Some(PartsEdit { replace_from: at(0), rows: vec![stretch] });
    let edit = LedgerEdit { service: service("simpeg"), replace_from: at(0), rows, parts };
    let message = OutboxMessage {
        ticket: TicketNumber { year: 2026, number: 1 },
        target: "meja-bantuan".into(),
        version: 1,
        event: "opened".into(),
        payload: "{}".into(),
        not_before: None,
    };
    let text = ActivityText::Written("cek \"disk\"".into());
    let written = Activity { at: at(5), actor: Actor::Person("Sari".into()), kind: "comment".into(), text };
    let members = vec![judged::member("kasda", None)];
    let opened = TicketChange {
        ticket: Ticket { members, ..ticket(1, "simpeg") },
        activities: vec![written],
        messages: vec![message],
    };
    let decided =
        Decision { ledger: vec![edit], cursor: FactCursor(3), held: vec![held_back()], ..decision(vec![opened]) };
    fixture
        .write(move |w| {
            w.next_ticket_number(2026)?;
            w.commit_decision(&decided)?;
            w.commit_decision(&causes())?;
            // Not told below: stores of earlier schemas have none.
            let at_theirs = ExternalReference { reference: "4711".into(), url: None };
            let ticket = tickets::key_of(TicketNumber { year: 2026, number: 1 });
            w.save_external(ticket, "meja-bantuan", &at_theirs, at(7))?;
            w.save_elsewhere(&standing())
        })
        .expect("commits");
}

/// How ticket 1 stands at a help desk.
pub(super) fn standing() -> ElsewhereEdit {
    let deed = |by: &str, second| Some(Deed { by: Some(by.to_owned()), at: at(second) });
    ElsewhereEdit {
        ticket: TicketNumber { year: 2026, number: 1 },
        target: "meja-bantuan".into(),
        known: Known {
            stage: Stage::Pending,
            assignee: Some("Rina".into()),
            priority: Some("3".into()),
            changed: deed("Rina", 8),
            entry: deed("Budi", 9),
            solved: None,
            asked_at: at(10),
        },
    }
}

/// What ticket 1 was opened on, and a group of alerts. Not told below: stores of earlier schemas have neither.
pub(super) fn causes() -> Decision {
    let answer = AnswerSeen {
        at: at(9),
        check: "HTTP".into(),
        host: "web-01".into(),
        verdict: "failed".into(),
        phase: "connect".into(),
        reason: "ditolak".into(),
        duration_ms: 12,
    };
    let reading =
        ReadingSeen { metric: "storage".into(), part: "/var".into(), limit_permille: 900, points: vec![(at(1), 910)] };
    let evidence = Evidence {
        answers: vec![answer.clone()],
        last_good: Some(answer),
        readings: vec![reading],
        booted: vec![("web-01".into(), at(2))],
        catalogue: Some((3, at(4))),
    };
    let alert = Alert {
        starts_at: at(5),
        ends_at: None,
        name: "DiskFull".into(),
        summary: "penuh".into(),
        instance: "web-01:9100".into(),
        services: [service("simpeg")].into(),
        host: Some(host("web-01")),
        impact: Impact::Mayor,
    };
    let group = AlertGroup {
        digest: "0123456789abcdef".into(),
        title: "alertname=DiskFull".into(),
        class: TicketClass::Security,
        alerts: [("f".to_owned(), alert)].into(),
        hidden: 2,
        good_since: None,
        heard_at: at(6),
    };
    let number = TicketNumber { year: 2026, number: 1 };
    Decision {
        cursor: FactCursor(3),
        evidence: vec![(number, evidence)],
        alerts: vec![AlertEdit::Save(Box::new(group))],
        ..decision(Vec::new())
    }
}

#[test]
fn what_a_ticket_was_opened_on_and_groups_of_alerts_come_back_as_they_were() {
    let fixture = Fixture::new();
    fill(&fixture, 1);
    let told = causes();
    let number = TicketNumber { year: 2026, number: 1 };
    assert_eq!(fixture.read(|r| r.evidence(number)), Some(told.evidence[0].1.clone()));
    assert_eq!(fixture.read(|r| r.evidence(TicketNumber { year: 2026, number: 9 })), None);
    let groups = fixture.read(|r| r.alert_groups());
    assert_eq!(told.alerts, [AlertEdit::Save(Box::new(groups[0].clone()))]);
    let forget = Decision { alerts: vec![AlertEdit::Forget(groups[0].digest.clone())], ..causes() };
    fixture.write(move |w| w.commit_decision(&forget)).expect("commits");
    assert_eq!(fixture.read(|r| r.alert_groups()), []);
}

/// What is known of the set `simpeg-db`, and what people entered of it.
fn backups(fixture: &Fixture) {
    let set = BackupSetId::parse("simpeg-db").expect("valid");
    let seen = BackupArtefact {
        name: "a.sql".into(),
        data_time_ms: Some(7),
        references: vec!["\"awal\".sql".into()],
        kind: "wal".into(),
        ..BackupArtefact::default()
    };
    let look = BackupObservation { artefacts: vec![seen], ..BackupObservation::default() };
    let mut history = History::default();
    let records = history.take_look(at(9), &look, "db-01");
    let kept = KeptLook { state: history.look().clone(), fact: None, kept: true };
    let edit =
        BackupEdit { set: set.clone(), records, look: Some(kept), needless: Vec::new(), verifications: Vec::new() };
    let key = "k".to_owned();
    let heartbeat = Heartbeat { set: set.clone(), key, begins_at: at(1), made_at: at(2), made_by: "sari".into() };
    let (run, body) = (Some("r".into()), vec![7]);
    let signal = Signal { at: at(3), kind: SignalKind::Fail, run, exit_code: Some(3), body };
    let verification = Verification {
        set: set.clone(),
        artefact: "a.sql".into(),
        generation: 0,
        data_time: Some(at(1)),
        at: at(4),
        method: VerificationMethod::Checksum,
        passed: true,
        note: "cocok".into(),
        actor: "sari".into(),
        recorded_at: at(5),
    };
    let told = OutboxMessage {
        ticket: TicketNumber { year: 2026, number: 0 },
        target: "piket".into(),
        version: 7,
        event: "at_risk".into(),
        payload: "{}".into(),
        not_before: None,
    };
    let notice = NoticeEdit { set: set.clone(), episode: at(6), open: true, messages: vec![told] };
    fixture
        .write(move |w| {
            w.save_notices(&notice, at(8))?;
            w.save_notice_result(1, &DeliveryResult::Delivered { reference: None }, at(9))?;
            w.edit_backups(&edit)?;
            w.save_heartbeat(&heartbeat)?;
            w.save_signal(&set, &signal)?;
            w.append_verification(&verification)?;
            w.append_recovery(&recovery()).map(drop)
        })
        .expect("writes");
}

fn reports(fixture: &Fixture) {
    let key = reports::ReportKey {
        key_id: "k1".into(),
        public_key: [9; 32],
        secret: Some(vec![1, 2]),
        made_at: at(1),
        retired_at: None,
    };
    let frozen = reports::FrozenReport {
        period: "2026-05".into(),
        revision: 1,
        frozen_at: at(7),
        approver: "Sari".into(),
        reason: String::new(),
        sha256: "ab".into(),
        key_id: "k1".into(),
    };
    fixture
        .write(move |w| {
            w.report_key_or(key.clone(), false)?;
            w.report_key_or(reports::ReportKey { key_id: "k2".into(), ..key }, true)?;
            w.save_report_note("2026-05", &service("simpeg"), ("Sari", "ganti disk"), at(6))?;
            w.save_frozen_report(&frozen, "{}")
        })
        .expect("writes");
}

/// Not told: stores of earlier schemas have none.
fn problem(fixture: &Fixture) {
    let sign = crate::domain::register::Signature { by: "sari".into(), at: at(8) };
    let evidence = vec![TicketNumber { year: 2026, number: 1 }];
    let problem = crate::domain::problem::Problem::propose(1, service("simpeg"), "disk penuh", evidence, sign);
    let problem = problem.expect("sound");
    let kept = problem.clone();
    fixture.write(move |w| w.save_problem(&kept, &registers::audit("problem.open", "problem/1"))).expect("writes");
    assert_eq!(fixture.read(|r| r.problems(9)), [problem]);
}

fn recovery() -> RecoveryEntry {
    RecoveryEntry {
        id: 0,
        service: service("simpeg"),
        drill: true,
        scenario: "server mati".into(),
        disaster_at: at(1),
        decided_at: None,
        started_at: Some(at(2)),
        up_at: None,
        confirmed_at: Some(at(3)),
        recovered_data_time: Some(at(0)),
        succeeded: true,
        steps: [Some(at(1)), None, None, None, None, None, Some(at(3))],
        note: String::new(),
        rto_seconds: Some(9),
        rpo_seconds: None,
        actor: "sari".into(),
        recorded_at: at(4),
    }
}

fn people(fixture: &Fixture) {
    let user = UserRecord {
        name: "sari".into(),
        password_hash: "$argon2id$1".into(),
        role: "admin".into(),
        disabled_at: None,
    };
    let session = SessionRecord {
        token_hash: [5; 32],
        user: "sari".into(),
        role: "admin".into(),
        csrf: "c".into(),
        expires_at: at(900),
    };
    let token = ApiTokenRecord {
        token_hash: [6; 32],
        name: "grafana".into(),
        scope: "read".into(),
        created_at: at(1),
        revoked_at: None,
    };
    fixture
        .write(move |w| {
            w.save_user(&user)?;
            w.save_session(&session)?;
            w.save_api_token(&token)?;
            w.save_setting("a", "1")?;
            w.save_rule_begun(Rule::Threshold(ThresholdMetric::Storage), at(2))?;
            w.save_catalogue("# katalog", at(2)).map(drop)
        })
        .expect("writes");
}

/// A maintenance that ended early and a correction of each kind; what is told of them is their own test's.
fn registers(fixture: &Fixture) {
    let plan = registers::plan();
    let entries = registers::corrections();
    fixture
        .write(move |w| {
            w.save_maintenance(&plan)?;
            entries.iter().try_for_each(|entry| w.save_correction(entry))?;
            w.append_audit(&registers::audit("maintenance.propose", "maintenance/1")).map(drop)
        })
        .expect("writes");
}

/// Everything the readers tell. Reads every table; fails where a row cannot be read.
pub(super) fn told(store: &Store) -> Result<String, StoreError> {
    let mut text = String::new();
    store.read(|r| {
        let mut say = |what: &dyn std::fmt::Debug| text += &format!("{what:?}\n");
        for host in r.hosts()? {
            say(&host);
            say(&r.samples(&host.id, at(-9), at(99_999), 9_999)?);
        }
        let facts = r.facts_after(FactCursor(0), usize::MAX)?;
        for fact in &facts.facts {
            say(&(&fact.host, fact.at, fact.received_at, &fact.body));
        }
        let check = CheckId::parse("simpeg-http").expect("valid");
        say(&r.probes(&check, at(-9), at(99_999), 9_999)?);
        say(&r.backup_observations(&BackupSetId::parse("simpeg-db").expect("valid"), 9_999)?);
        say(&(r.cursor()?, r.evaluated_at()?, r.outbox_view()?, r.catalogue()?));
        say(&r.ledger(&service("simpeg"), at(-9), at(999))?);
        // Members are not told: stores of earlier schemas have none.
        let alone = |ticket: Ticket| Ticket { members: Vec::new(), ..ticket };
        say(&r.tickets(&TicketFilter::default(), None, 99)?.into_iter().map(alone).collect::<Vec<_>>());
        say(&r.activities(TicketNumber { year: 2026, number: 1 })?);
        say(&r.outbox(None, 99)?);
        say(&(r.user("sari")?, r.session(&[5; 32], at(3))?, r.api_token(&[6; 32])?, r.setting("a")?));
        Ok(())
    })?;
    Ok(text)
}

/// What is told of backups: not part of [`told`], because stores of older schemas have none of it.
fn told_of_backups(store: &Store) -> Result<String, StoreError> {
    let set = BackupSetId::parse("simpeg-db").expect("valid");
    store.read(|r| {
        let seen = (r.newest_backup_records(&set)?, r.backup_look(&set)?, r.heartbeat(&set)?, r.heartbeat_by_key("k")?);
        let entered = (r.signals(&set, 9)?, r.verifications(&set, 9)?, r.recoveries(&service("simpeg"), 9)?);
        Ok(format!("{seen:?}\n{entered:?}"))
    })
}

#[test]
fn what_is_known_of_backups_comes_back_as_it_was() {
    let fixture = Fixture::new();
    fill(&fixture, 1);
    let told = told_of_backups(&fixture.store).expect("reads");
    for part in
        ["a.sql", "location: \"db-01\"", "made_by: \"sari\"", "exit_code: Some(3)", "body: [7]", "cocok", "server mati"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let expected = RecoveryEntry { id: 1, ..recovery() };
    assert_eq!(fixture.read(|r| r.recoveries(&service("simpeg"), 9)), [expected]);
}

#[test]
fn every_table_has_rows_and_says_what_it_means() {
    let fixture = Fixture::new();
    fill(&fixture, 2);
    let path = fixture.folder.path().join("pantau.db");
    let connection = Connection::open(&path).expect("opens");
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").expect("asks");
    let names = statement.query_map((), |row| row.get::<_, String>(0)).expect("asks");
    for name in names.map(|name| name.expect("a name")).filter(|name| !name.starts_with("sqlite_")) {
        let rows: i64 =
            connection.query_row(&format!("SELECT count(*) FROM {name}"), (), |row| row.get(0)).expect("counts");
        assert!(rows > 0, "`{name}` is empty: fill it here, so that copies and climbs are tested with it");
        let known = integrity::MEANINGS.iter().any(|(table, _, _)| *table == name);
        assert!(known, "`{name}` is not in store/integrity.rs: say there what its rows mean to the office");
    }
    assert!(told(&fixture.store).expect("reads").contains("grafana"));
}
