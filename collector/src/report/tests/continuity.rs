//! What a report says of continuity: late records of backups, RPO and RTO that changed, the verdict that the summary counts.

use super::frozen::{Site, at, june};
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::register::late_backups::LateBackupProposal;
use crate::domain::register::{CorrectionEntry, CorrectionStatus, LateBackups, Register};
use crate::domain::rpo::late::HeldRecord;
use crate::domain::rpo::record::{BackupRecord, LookState};
use crate::report::document::{Document, ServiceReport, Summary};
use crate::report::form::{self, Detail, render_text};
use crate::report::freeze::provisional;
use crate::report::recount;
use crate::rulebook::{History, Rulebook};
use crate::snapshot::Snapshot;
use crate::store::backup_records::{BackupEdit, KeptLook};
use crate::store::records::Decision;
use crate::texts::{Language, Texts};
use pantau_shared::backup::{BackupStatus, DataTimeBasis};
use pantau_shared::ids::BackupSetId;
use std::sync::Arc;

const DAY: i64 = 86_400;
const NOW: i64 = 40 * DAY;

fn set() -> BackupSetId {
    BackupSetId::parse("simpeg-db").expect("valid")
}

fn dump(day: i64) -> BackupRecord {
    let (begun, ended) = (at(day * DAY), at(day * DAY + 600));
    BackupRecord {
        artefact: format!("dump-{day}"),
        generation: 0,
        started_at: Some(begun),
        ended_at: Some(ended),
        data_time: Some(begun),
        basis: DataTimeBasis::Start,
        status: BackupStatus::Ok,
        size_bytes: Some(9),
        location: "db-01".into(),
        claimed: false,
        first_seen_at: ended,
        last_seen_at: ended,
        deleted_at: None,
        verified_at: None,
        references: Vec::new(),
        gapless: false,
    }
}

/// Dumps of every day but the 11th, 12th and 13th; that of the 12th is told late.
async fn site_with_dumps() -> Site {
    let site = Site::new().await;
    let records = (0..30).filter(|day| ![10, 11, 12].contains(day)).chain([11]).map(dump).collect();
    let look = LookState { begins_at: Some(at(0)), looked_at: Some(at(NOW)), ..LookState::default() };
    let edit = BackupEdit {
        set: set(),
        records,
        look: Some(KeptLook { state: look, ..KeptLook::default() }),
        needless: Vec::new(),
        verifications: Vec::new(),
    };
    let decision = Decision { backups: vec![edit], evaluated_at: at(NOW), ..Decision::default() };
    site.store.write(move |writer| writer.commit_decision(&decision)).await.expect("commits");
    site
}

/// The late dump as a correction of the system.
fn late(status: CorrectionStatus) -> CorrectionEntry {
    let held = HeldRecord { artefact: "dump-11".into(), generation: 0, before: None, until: at(30 * DAY) };
    let late = LateBackups { set: set(), held: vec![held], figures: Vec::new() };
    let service = ServiceId::parse("simpeg").expect("valid");
    let interval = Interval::new(at(11 * DAY + 600), at(13 * DAY + 600));
    let proposal = LateBackupProposal { service, interval, late, replaces: Vec::new() };
    let approval = (status == CorrectionStatus::Approved).then_some(1);
    CorrectionEntry { status, approval, ..proposal.entry(5, at(NOW)) }
}

async fn with_register(site: &Site, entry: CorrectionEntry) -> Snapshot {
    let kept = entry.clone();
    site.store.write(move |writer| writer.save_register(&[], &[kept], &[])).await.expect("saves");
    let register = Register::new(Vec::new(), vec![entry]);
    let mut snapshot = (*site.snapshot).clone();
    snapshot.rulebook = Arc::new(snapshot.rulebook.with_register(&register, &snapshot.catalogue, &|_| &[]));
    snapshot.register = Arc::new(register);
    snapshot
}

fn made(site: &Site, snapshot: &Snapshot) -> (Document, ServiceReport) {
    let document = site.store.read(|reader| provisional(reader, snapshot, june(), at(NOW))).expect("reads");
    recount::check(&document).expect("follows from its intervals");
    let service = document.services.iter().find(|service| service.id == "simpeg").expect("there").clone();
    (document, service)
}

fn text(document: &Document) -> String {
    let texts = Texts::new(Language::Id, chrono_tz::Asia::Jakarta);
    render_text(&form::render(texts, document, None, Detail::Service("simpeg")))
}

#[tokio::test]
async fn a_late_record_changes_the_figures_only_once_people_agreed_and_a_revision_says_so() {
    let site = site_with_dumps().await;
    let (before, held) = made(&site, &with_register(&site, late(CorrectionStatus::Proposed)).await);
    let [pending] = held.pending_corrections.as_slice() else { panic!("{:?}", held.pending_corrections) };
    let rpo = pending.rpo.as_ref().expect("told for the month");
    let breach = |row: &Option<crate::report::document::RpoRow>| row.as_ref().expect("watched").breach_s;
    assert_eq!(held.recovery[0].breach_s, Some(breach(&rpo.before)), "as if nobody had told");
    assert!(breach(&rpo.after) < breach(&rpo.before), "{rpo:?}");
    let told = text(&before);
    assert!(told.contains("Koreksi belum diputuskan: 1") && told.contains("paparan tertinggi"), "{told}");
    let (_, rejected) = made(&site, &with_register(&site, late(CorrectionStatus::Rejected)).await);
    assert_eq!(rejected.recovery, held.recovery);
    let (after, counted) = made(&site, &with_register(&site, late(CorrectionStatus::Approved)).await);
    assert_eq!(counted.recovery[0].breach_s, Some(breach(&rpo.after)));
    let fields: Vec<String> = recount::all_differences(&before, &after).into_iter().map(|c| c.field).collect();
    let expected = ["recovery[simpeg-db].worst_exposure_s", "recovery[simpeg-db].compliant_ppm"];
    assert_eq!(fields, expected, "what a new revision prints");
    assert!(text(&after).contains("Catatan cadangan terlambat: simpeg-db"));
    // Every printed ratio has its seconds beside it.
    let row = &counted.recovery[0];
    let (counted_s, breach_s) = (row.counted_s.expect("counted"), row.breach_s.expect("counted"));
    assert_eq!(u64::from(row.compliant_ppm.expect("a ratio")), (counted_s - breach_s) * 1_000_000 / counted_s);
}

#[tokio::test]
async fn rpo_and_rto_that_changed_are_sentences_with_date_and_both_values() {
    let site = site_with_dumps().await;
    let revised = |number: u32, hours: u32| -> Catalogue {
        let mut catalogue = (*site.snapshot.catalogue).clone();
        catalogue.revision = number;
        let place = catalogue.services.iter().position(|service| service.id.as_str() == "simpeg").expect("there");
        let service = &mut catalogue.services[place];
        service.rto_seconds = Some(hours * 1800);
        service.backups[0].rpo_seconds = Some(hours * 3600);
        catalogue
    };
    let mut history = History::new(chrono_tz::Asia::Jakarta);
    history.take(&revised(1, 24), at(-DAY));
    history.take(&revised(2, 12), at(10 * DAY));
    let mut snapshot = (*site.snapshot).clone();
    snapshot.rulebook = Arc::new(Rulebook::of_history(history));
    let (document, service) = made(&site, &snapshot);
    let changes: Vec<_> = service
        .continuity_changes
        .iter()
        .map(|row| (row.what.as_str(), row.at, row.catalogue_revision, row.before_s, row.after_s))
        .collect();
    let from = at(10 * DAY).as_secs();
    assert_eq!(changes, [("rto", from, 2, Some(43_200), Some(21_600)), ("rpo", from, 2, Some(86_400), Some(43_200))]);
    let told = text(&document);
    assert!(told.contains("Mulai 11 Jun 2026") && told.contains("RTO layanan dari < 12 jam menjadi < 6 jam"), "{told}");
    assert!(told.contains("RPO Basis data SIMPEG dari < 1 hari menjadi < 12 jam"), "{told}");
}

#[tokio::test]
async fn the_summary_counts_the_verdict_over_the_targets_own_period() {
    let site = Site::new().await;
    let (document, _) = made(&site, &site.snapshot);
    let verdicts = |longer: Option<&str>, parts: &[&str]| {
        let row = |verdict: &str| crate::report::document::TargetPeriodRow {
            period: "2026".into(),
            from: 0,
            to: 1,
            target_ppm: Some(990_000),
            availability_ppm: None,
            availability_min_ppm: None,
            availability_max_ppm: None,
            coverage_ppm: None,
            down_s: 0,
            budget_s: None,
            budget_left_s: None,
            verdict: verdict.into(),
        };
        let mut service = document.services[0].clone();
        service.figures.verdict = "tidak_tercapai".into();
        service.target_period = longer.map(row);
        service.target_parts = parts.iter().map(|verdict| row(verdict)).collect();
        Summary::of(&[service])
    };
    assert_eq!(verdicts(None, &[]).not_met, 1, "the report's period is the target's");
    assert_eq!(verdicts(Some("tercapai"), &[]).met, 1);
    assert_eq!(verdicts(Some("data_tidak_cukup"), &[]).insufficient_data, 1);
    assert_eq!(verdicts(None, &["tercapai", "tercapai"]).met, 1, "each of its months met it");
    assert_eq!(verdicts(None, &["tercapai", "tidak_tercapai"]).not_met, 1);
    // A report of an early version counted its own period, and stays provable.
    let mut early = document.clone();
    early.summary = Summary::of_period(&early.services);
    assert!(!early.summary.by_target_period);
    recount::check(&early).expect("holds");
}
