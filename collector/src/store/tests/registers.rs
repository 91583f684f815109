//! Registers and the audit trail: what was kept is read back; an entry that was edited is named.

use super::*;
use crate::domain::availability::{Counts, MaintenanceStatus};
use crate::domain::interval::Interval;
use crate::domain::register::correction::MonthChange;
use crate::domain::register::maintenance::{Announcement, Decided, Exception, MaintenancePlan, Signature};
use crate::domain::register::recurrence::{Recurrence, Weekdays};
use crate::domain::register::{Claim, CorrectionEntry, CorrectionStatus, LateBackups, Register, RpoFigures, RpoMonth};
use crate::domain::rpo::late::HeldRecord;
use crate::domain::rpo::record::BackupRecord;
use audit::AuditEntry;
use pantau_shared::backup::{BackupStatus, DataTimeBasis};
use pantau_shared::ids::BackupSetId;

fn sign(by: &str, seconds: i64) -> Signature {
    Signature { by: by.into(), at: at(seconds) }
}

/// One with everything that a record can have.
pub(super) fn plan() -> MaintenancePlan {
    let decided = |by, seconds| Some(Decided { sign: sign(by, seconds), reason: "karena".into() });
    MaintenancePlan {
        number: 1,
        services: vec![service("a-second"), service("simpeg")],
        hosts: vec![host("web-01")],
        title: "Tambalan".into(),
        reason: "Keamanan".into(),
        evidence: "ND-7".into(),
        planned: Interval::new(at(90_000), at(97_200)),
        recurrence: Recurrence::Weekly(Weekdays::parse("tue+fri").expect("days")),
        until: chrono::NaiveDate::from_ymd_opt(2026, 7, 1),
        state: MaintenanceStatus::Cancelled,
        proposed: sign("rina", 1),
        decided: decided("budi", 3),
        announced: Some(Announcement { at: at(2), channel: "Surat".into(), sign: sign("rina", 3) }),
        cancelled: decided("rina", 100_000),
        exceptions: [
            (at(90_000), Exception::EndedEarly(sign("rina", 95_000))),
            (at(176_400), Exception::Cancelled(sign("budi", 99_000))),
        ]
        .into(),
    }
}

/// A person's, the system's, a withdrawal, and late records of a backup set: one that was not known, one that was otherwise.
pub(super) fn corrections() -> [CorrectionEntry; 4] {
    let counts = |up_s| Counts { up_s, degraded_s: 1, down_s: 2, unknown_s: 3, excluded_s: 4 };
    let month = chrono::NaiveDate::from_ymd_opt(2026, 5, 1).expect("a date");
    let first = CorrectionEntry {
        number: 1,
        service: service("simpeg"),
        claim: Claim::State(Interval::new(at(0), at(60)), State::Up),
        observed: None,
        reason: "Salah ukur".into(),
        evidence: "Log".into(),
        proposed_by: Actor::Person("rina".into()),
        proposed_at: at(100),
        status: CorrectionStatus::Withdrawn,
        decided: Some(Decided { sign: sign("budi", 101), reason: String::new() }),
        approval: Some(1),
        withdrawn_by: Some(3),
        figures: vec![MonthChange { month, before: counts(5), after: counts(9) }],
        backups: None,
    };
    let late = CorrectionEntry {
        number: 2,
        claim: Claim::Exclude(Interval::new(at(60), at(70))),
        observed: Some(State::Unknown),
        proposed_by: Actor::System,
        status: CorrectionStatus::Proposed,
        decided: None,
        approval: None,
        withdrawn_by: None,
        figures: Vec::new(),
        ..first.clone()
    };
    let withdrawal = CorrectionEntry { number: 3, claim: Claim::Withdraw(1), approval: Some(2), ..late.clone() };
    let figures = RpoFigures {
        counted_s: 900,
        breach_s: 90,
        no_backup_s: 9,
        breaches: 2,
        peak_exposure_s: Some(99),
        compliance_ppm: Some(900_000),
    };
    let held = |artefact: &str, before| HeldRecord { artefact: artefact.into(), generation: 1, before, until: at(500) };
    let before = BackupRecord { deleted_at: Some(at(400)), references: vec!["dump-1".into()], ..known("dump-2") };
    let backups = CorrectionEntry {
        number: 4,
        claim: Claim::Backups(Interval::new(at(100), at(500))),
        observed: None,
        backups: Some(LateBackups {
            set: BackupSetId::parse("db").expect("valid"),
            held: vec![held("dump-1", None), held("dump-2", Some(before))],
            figures: vec![RpoMonth { month, before: None, after: Some(figures) }],
        }),
        ..late.clone()
    };
    [first, late, withdrawal, backups]
}

/// A backup of which all is known.
fn known(artefact: &str) -> BackupRecord {
    BackupRecord {
        artefact: artefact.into(),
        generation: 1,
        started_at: Some(at(90)),
        ended_at: Some(at(110)),
        data_time: Some(at(90)),
        basis: DataTimeBasis::Start,
        status: BackupStatus::Ok,
        size_bytes: Some(7),
        location: "a".into(),
        claimed: true,
        first_seen_at: at(120),
        last_seen_at: at(130),
        deleted_at: None,
        verified_at: Some(at(125)),
        references: Vec::new(),
        gapless: true,
    }
}

pub(super) fn audit(action: &'static str, subject: &str) -> AuditEntry {
    AuditEntry {
        at: at(5),
        actor: Actor::Person("rina".into()),
        action,
        subject: subject.into(),
        detail: serde_json::json!({ "title": "Tambalan" }),
    }
}

#[test]
fn records_are_read_back_as_they_were_kept() {
    let fixture = Fixture::new();
    let proposed = MaintenancePlan {
        state: MaintenanceStatus::Proposed,
        decided: None,
        announced: None,
        cancelled: None,
        exceptions: Default::default(),
        ..plan()
    };
    fixture
        .write(move |w| {
            w.save_maintenance(&proposed)?;
            // What was proposed stays, whatever a later record says of it.
            w.save_maintenance(&MaintenancePlan { title: "Lain".into(), ..plan() })?;
            w.save_register(&[], &corrections(), &[audit("correction.propose", "correction/1")])
        })
        .expect("writes");
    let fixture = fixture.reopen();
    assert_eq!(fixture.read(|r| Ok(r.audit(None, 9)?.len())), 1);
    assert_eq!(fixture.read(Reader::register), Register::new(vec![plan()], corrections().to_vec()));
}

fn trail(entries: u32) -> Fixture {
    let fixture = Fixture::new();
    for number in 0..entries {
        let seq = fixture.write(move |w| w.append_audit(&audit("test.step", &format!("test/{}", number % 2))));
        assert_eq!(seq.expect("appends"), u64::from(number) + 1);
    }
    fixture
}

#[test]
fn the_audit_trail_is_read_by_pages_and_by_subject() {
    let fixture = trail(5);
    let seqs = |entries: Vec<audit::AuditRecord>| entries.iter().map(|entry| entry.seq).collect::<Vec<_>>();
    assert_eq!(fixture.read(|r| Ok(seqs(r.audit(None, 2)?))), [5, 4]);
    assert_eq!(fixture.read(|r| Ok(seqs(r.audit(Some(4), 9)?))), [3, 2, 1]);
    assert_eq!(fixture.read(|r| Ok(seqs(r.audit_of("test/1", 9)?))), [2, 4]);
    let entries = fixture.read(|r| r.audit(None, 9));
    assert!(entries.windows(2).all(|pair| pair[0].prev_hash == pair[1].hash), "chained");
    let refused = fixture.write(|w| w.execute("tamper", "UPDATE audit SET actor = 'x'", ()));
    assert!(refused.is_err(), "never changed by this program");
    assert!(fixture.write(|w| w.execute("tamper", "DELETE FROM audit WHERE seq = 5", ())).is_err());
}

#[test]
fn a_trail_that_was_edited_is_named_by_the_check() {
    for (tampered, words) in [
        ("UPDATE audit SET actor = 'orang lain' WHERE seq = 3", "entry 3 of"),
        ("UPDATE audit SET actor = NULL WHERE seq = 2", "was changed"),
        ("UPDATE audit SET detail = '{}', at_ms = at_ms + 1 WHERE seq = 1", "entry 1 of"),
        ("DELETE FROM audit WHERE seq = 2", "entry 2 is missing"),
        ("UPDATE audit SET prev_hash = zeroblob(32) WHERE seq = 4", "entry 4 does not follow"),
    ] {
        let Fixture { folder, store } = trail(5);
        drop(store);
        let path = folder.path().join("pantau.db");
        let clean = integrity::check_store(&path, integrity::Depth::Full, &mut |_| true).expect("checks");
        assert_eq!(clean, []);
        tamper(&path, &format!("DROP TRIGGER audit_stays; DROP TRIGGER audit_is_kept; {tampered}"));
        let found = integrity::check_store(&path, integrity::Depth::Full, &mut |_| true).expect("checks");
        assert!(found.iter().any(|f| f.object == "table `audit`" && f.words.contains(words)), "{tampered}: {found:?}");
    }
}
