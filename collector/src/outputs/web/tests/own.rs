//! The collector of the constructed site: its disk, its growth, what it will need.

use super::site::NOW;
use crate::backup_period::Watched;
use crate::domain::catalogue::{BackupSet, Service, ServiceClass, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::rpo::Backup;
use crate::domain::rpo::proof::{RecoveryEntry, Verification, VerificationMethod};
use crate::domain::rpo::record::BackupRecord;
use crate::domain::sizing::Load;
use crate::outputs::web::backup_set::Stored;
use crate::own_backup::view::{CopyView, Integrity, OwnBackupView};
use crate::rulebook::backup_terms::SetTerms;
use crate::snapshot::Snapshot;
use crate::store::heartbeats::{Signal, SignalKind};
use crate::store::{Disk, Growth, ReadOnly, ReadOnlyCause, SampleFigures, SpaceView, StoreSize};
use crate::system::System;
use pantau_shared::backup::{BackupStatus, DataTimeBasis};
use pantau_shared::ids::BackupSetId;

/// The collector of the site: a year old, with room for a while.
pub(crate) fn system(site: &Snapshot) -> System {
    let hour = NOW.as_ms().div_euclid(3_600_000);
    let points: Vec<String> =
        (0..192).map(|n| format!("{}:{}", hour - 192 + n, (400_u64 << 20) + ((n as u64 * 7) << 17))).collect();
    System {
        now: NOW,
        space: SpaceView {
            disk: Some(Disk { free_bytes: 61 << 30, size_bytes: 252 << 30 }),
            reserve_bytes: 256 << 20,
            size: Some(StoreSize { file_bytes: 600 << 20, free_bytes: 24 << 20, log_bytes: 4 << 20 }),
            ..SpaceView::default()
        },
        growth: Growth::parse(&points.join(" ")),
        queued: 2,
        writer: (41_000, 98_400, 41_000 * 1_900),
        file: "/var/lib/pantau-collector/pantau.db".into(),
        started_at: NOW.plus_secs(-86_400 * 12 - 4_000),
        load: Load::of(&site.catalogue, site.hosts.len(), 82),
        samples: SampleFigures {
            frames_waiting: 4_711,
            oldest_hour_ended_at: Some(NOW.plus_secs(-421)),
            ..SampleFigures::default()
        },
        own: copies(),
    }
}

fn copies() -> OwnBackupView {
    let copy = |days: i64| {
        let made_at = NOW.plus_secs(-86_400 * days - 7_200);
        CopyView { path: format!("/mnt/cadangan/pantau/{days}.db").into(), made_at, bytes: 590 << 20 }
    };
    OwnBackupView {
        enabled: true,
        folder: "/mnt/cadangan/pantau".into(),
        last_success_at: Some(NOW.plus_secs(-7_200)),
        next_at: Some(NOW.plus_secs(79_200)),
        copies: vec![copy(0), copy(1)],
        integrity: Integrity::Whole { at: NOW.plus_secs(-86_400 * 12) },
        ..OwnBackupView::default()
    }
}

/// The same with a disk that is full for an hour.
pub(crate) fn full_system(site: &Snapshot) -> System {
    let mut own = system(site);
    let since = NOW.plus_secs(-3_600);
    own.space.read_only = Some(ReadOnly { cause: ReadOnlyCause::LowSpace, since });
    own.space.disk = Some(Disk { free_bytes: 180 << 20, size_bytes: 252 << 30 });
    own.space.refused = 1_234;
    own
}

/// What is known of the sets of the site over the last days: a nightly backup, of one set none for a while.
pub(crate) fn strips(site: &Snapshot) -> crate::outputs::web::backups::Strips {
    let pairs =
        site.catalogue.services.iter().flat_map(|service| service.backups.iter().map(move |set| (service, set)));
    pairs.map(|(service, set)| (set.id.clone(), watched(service, set))).collect()
}

/// The same of one set.
pub(crate) fn watched(service: &Service, set: &BackupSet) -> Watched {
    let window = Interval::new(NOW.plus_secs(-20 * 86_400), NOW);
    let lost = set.id.as_str() == "simpeg-db";
    let nights = (0..21).filter(|night| !lost || !(5..8).contains(night));
    let nightly = nights.map(|night| {
        let begun = NOW.plus_secs(-night * 86_400 - 26 * 3600);
        Backup::complete(begun, begun.plus_secs(1800))
    });
    let policy = set.policy(service.rpo_seconds, service.class == ServiceClass::Kritis);
    let terms = vec![(Interval::ALL, SetTerms { policy, required: set.required, base: None })];
    Watched::new(window, terms, &nightly.collect::<Vec<_>>())
}

/// A drill with five of the seven steps of Tabel 9.
fn recovery() -> RecoveryEntry {
    let ago = |seconds: i64| NOW.plus_secs(-seconds);
    RecoveryEntry {
        id: 1,
        service: ServiceId::parse("simpeg").expect("valid"),
        drill: true,
        scenario: "Server basis data rusak total".into(),
        disaster_at: ago(20_000),
        decided_at: Some(ago(19_000)),
        started_at: Some(ago(18_000)),
        up_at: Some(ago(9_000)),
        confirmed_at: Some(ago(8_000)),
        recovered_data_time: Some(ago(60_000)),
        succeeded: true,
        steps: [
            Some(ago(19_500)),
            Some(ago(19_400)),
            Some(ago(19_300)),
            Some(ago(19_000)),
            Some(ago(8_000)),
            None,
            None,
        ],
        note: "Dokumen DRP perlu diperbarui.".into(),
        rto_seconds: Some(43_200),
        rpo_seconds: Some(86_400),
        actor: "rina.sari".into(),
        recorded_at: ago(7_000),
    }
}

/// What the store tells of the set `simpeg-db`.
pub(crate) fn stored() -> Stored {
    let record = |name: &str, night: i64, status, deleted: bool| BackupRecord {
        artefact: format!("/backup/simpeg-{name}.sql.gz"),
        generation: 0,
        started_at: Some(NOW.plus_secs(-night * 86_400)),
        ended_at: Some(NOW.plus_secs(1800 - night * 86_400)),
        data_time: Some(NOW.plus_secs(-night * 86_400)),
        basis: DataTimeBasis::Start,
        status,
        size_bytes: Some(3 << 30),
        location: "db-01".into(),
        claimed: false,
        first_seen_at: NOW.plus_secs(1900 - night * 86_400),
        last_seen_at: NOW,
        deleted_at: deleted.then_some(NOW),
        verified_at: (night == 2).then(|| NOW.plus_secs(-86_400)),
        references: Vec::new(),
        gapless: false,
    };
    let verification = Verification {
        set: BackupSetId::parse("simpeg-db").expect("valid"),
        artefact: "/backup/simpeg-b.sql.gz".into(),
        generation: 0,
        data_time: Some(NOW.plus_secs(-2 * 86_400)),
        at: NOW.plus_secs(-86_400),
        method: VerificationMethod::TrialRead,
        passed: true,
        note: "10 tabel dibaca <ulang>".into(),
        actor: "rina.sari".into(),
        recorded_at: NOW.plus_secs(-86_000),
    };
    let ago = |seconds: i64| NOW.plus_secs(-seconds);
    let body = b"pg_dump: 12 tabel".to_vec();
    let signal = Signal { at: ago(93_000), kind: SignalKind::Fail, run: Some("r1".into()), exit_code: Some(3), body };
    Stored {
        records: vec![
            record("a", 1, BackupStatus::Partial, false),
            record("b", 2, BackupStatus::Ok, false),
            record("c", 9, BackupStatus::Ok, true),
        ],
        verifications: vec![verification],
        recoveries: vec![recovery()],
        signals: vec![signal],
        key: Some("6f1d0c".into()),
    }
}

/// Receivers in every state, and a message that needs a look.
pub(super) fn delivery_page(frame: super::super::page::Page) -> Result<String, askama::Error> {
    use super::super::delivery::{Standing, render};
    use crate::domain::ticket::TicketNumber;
    use crate::outputs::receivers::reconcile::{Comparison, Difference, Disagreement};
    use crate::snapshot::TargetQueue;
    use crate::store::records::{OutboxMessage, OutboxRow};
    let queue = |pending, attempts, rejected| TargetQueue {
        pending,
        oldest_at: (pending > 0).then(|| NOW.plus_secs(-5_400)),
        attempts,
        rejected,
    };
    let standing = |name: &str, kind, queue, taken: Option<i64>, error: Option<&str>| Standing {
        name: name.into(),
        kind,
        queue,
        taken_at: taken.map(|seconds| NOW.plus_secs(-seconds)),
        error: error.map(str::to_owned),
    };
    let standings = [
        standing("glpi", Some("glpi"), queue(7, 12, 0), Some(90_000), Some("HTTP 503 <sedang dirawat>")),
        standing("osticket", Some("osticket"), queue(0, 0, 1), Some(7_200), Some("osTicket tidak dapat ditutup")),
        standing("piket", Some("email"), queue(0, 0, 0), Some(600), None),
        standing("broker", Some("mqtt"), queue(0, 0, 0), None, None),
        standing("lama", None, queue(2, 0, 0), Some(900_000), None),
    ];
    let message = OutboxMessage {
        ticket: TicketNumber { year: 2026, number: 7 },
        target: "osticket".into(),
        version: 6,
        event: "closed".into(),
        payload: "{}".into(),
        not_before: None,
    };
    let row = OutboxRow {
        id: 41,
        message,
        created_at: NOW.plus_secs(-3_000),
        attempts: 1,
        next_attempt_at: NOW,
        state: "rejected".into(),
        last_error: Some("osTicket tidak dapat ditutup".into()),
        checked_by: None,
    };
    let comparison = Comparison {
        at: Some(NOW.plus_secs(-43_000)),
        compared: 31,
        differences: vec![Difference {
            ticket: TicketNumber { year: 2026, number: 5 },
            target: "glpi".into(),
            reference: "4711".into(),
            url: None,
            what: Disagreement::OpenThere,
        }],
        failures: vec![("zammad".into(), "HTTP 503".into())],
    };
    let notice = crate::store::notices::NoticeRow {
        id: 3,
        set: BackupSetId::parse("simpeg-db").expect("valid"),
        event: "at_risk".into(),
        target: "telegram-piket".into(),
        created_at: NOW.plus_secs(-600),
        attempts: 2,
        last_error: Some("400 Bad Request: chat not found".into()),
    };
    render(frame, &standings, (&[row], &[notice]), &comparison, None)
}
