//! A store with rows in every table, and everything its readers tell of it as text.

use super::*;

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
    columns(fixture);
    people(fixture);
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

fn judge(fixture: &Fixture) {
    let row = |from, to, state| LedgerRow { from: at(from), to: at(to), state, reason: Some(Phrase::new("why")) };
    let rows = vec![row(0, 10, State::Up), row(10, 30, State::Down), row(35, 40, State::Degraded)];
    let edit = LedgerEdit { service: service("simpeg"), replace_from: at(0), rows };
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
    let opened = TicketChange { ticket: ticket(1, "simpeg"), activities: vec![written], messages: vec![message] };
    let decided = Decision { ledger: vec![edit], cursor: FactCursor(3), ..decision(vec![opened]) };
    fixture
        .write(move |w| {
            w.next_ticket_number(2026)?;
            w.commit_decision(&decided)?;
            // Not told below: stores of earlier schemas have none.
            let at_theirs = ExternalReference { reference: "4711".into(), url: None };
            let ticket = tickets::key_of(TicketNumber { year: 2026, number: 1 });
            w.save_external(ticket, "meja-bantuan", &at_theirs, at(7))
        })
        .expect("commits");
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
            w.save_catalogue("# katalog", at(2)).map(drop)
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
        say(&r.tickets(&TicketFilter::default(), None, 99)?);
        say(&r.activities(TicketNumber { year: 2026, number: 1 })?);
        say(&r.outbox(None, 99)?);
        say(&(r.user("sari")?, r.session(&[5; 32], at(3))?, r.api_token(&[6; 32])?, r.setting("a")?));
        Ok(())
    })?;
    Ok(text)
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
