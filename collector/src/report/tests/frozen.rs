//! June 2026 of a constructed site: frozen, proved, forged, corrected, frozen again.

use crate::domain::calendar::period::Period;
use crate::domain::catalogue::ServiceId;
use crate::domain::state::State;
use crate::outputs::web::tests::site::snapshot;
use crate::report::form::{self, Detail, render_text};
use crate::report::freeze::{FreezeError, freeze, key_in_force, summary};
use crate::report::seal::{self, SealError, SealedReport};
use crate::report::verify::{self, Refusal, check_file};
use crate::report::{document, html, recount, write_csv, write_sheet};
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::store::records::{Decision, LedgerEdit, LedgerRow};
use crate::texts::{Language, Texts};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

/// 1 June 2026 00.00 WIB.
const JUNE: i64 = 1_780_246_800;
const MONTH_S: i64 = 30 * 86_400;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(JUNE + seconds)
}

pub(super) struct Site {
    pub(super) store: Store,
    pub(super) snapshot: Arc<Snapshot>,
    _folder: tempfile::TempDir,
}

impl Site {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let store = Store::open(&folder.path().join("pantau.db"), at(0)).expect("opens");
        let site = Self { store, snapshot: Arc::new(snapshot()), _folder: folder };
        // Two outages, one of them from May; twelve hours nobody looked.
        site.ledger(&[
            (-7_200, 1_800, State::Down),
            (1_800, 500_000, State::Up),
            (500_000, 503_600, State::Down),
            (503_600, 600_000, State::Up),
            (600_000, 603_000, State::Degraded),
            (603_000, 900_000, State::Up),
            (943_200, MONTH_S + 86_400, State::Up),
        ])
        .await;
        site
    }

    async fn ledger(&self, rows: &[(i64, i64, State)]) {
        let row = |(from, to, state): &(i64, i64, State)| LedgerRow {
            from: at(*from),
            to: at(*to),
            state: *state,
            reason: None,
        };
        let service = ServiceId::parse("simpeg").expect("valid");
        let edit =
            LedgerEdit { service, replace_from: at(rows[0].0), rows: rows.iter().map(row).collect(), parts: None };
        let decision = Decision { ledger: vec![edit], evaluated_at: at(0), ..Decision::default() };
        self.store.write(move |writer| writer.commit_decision(&decision)).await.expect("commits");
    }

    async fn freeze(&self, reason: &str, now: i64) -> Result<SealedReport, FreezeError> {
        let approval = ("Kepala Bidang TIK".to_owned(), reason.to_owned());
        freeze(&self.store, self.snapshot.clone(), june(), approval, at(now)).await
    }
}

pub(super) fn june() -> Period {
    Period::parse("2026-06").expect("a month")
}

/// After the 72 hours.
const SETTLED: i64 = MONTH_S + 72 * 3_600;

fn text(sealed: &SealedReport) -> String {
    serde_json::to_string_pretty(sealed).expect("writes")
}

fn simpeg(sealed: &mut SealedReport) -> &mut document::ServiceReport {
    sealed.report.services.iter_mut().find(|service| service.id == "simpeg").expect("is there")
}

/// As a forger does who has a key of his own.
fn resealed(sealed: SealedReport) -> SealedReport {
    seal::seal(sealed.report, &seal::new_key().expect("random")).expect("seals")
}

#[tokio::test]
async fn a_frozen_month_is_proved_by_its_file_alone() {
    let site = Site::new().await;
    let sealed = site.freeze("", SETTLED).await.expect("freezes");
    let key = seal::parse_public_key(&sealed.seal.public_key).expect("a key");
    let proved = check_file(&text(&sealed), Some(&key)).expect("holds");
    assert_eq!(proved.report, sealed.report);
    let kept = site.store.read(|r| r.frozen_body("2026-06", None)).expect("reads").expect("is there");
    assert_eq!(check_file(&kept, Some(&key)).expect("what is kept holds too"), proved);
    // The members of every object the other way round: the same report.
    let value: serde_json::Value = serde_json::from_str(&kept).expect("JSON");
    check_file(&reversed(&value), Some(&key)).expect("order says nothing");
    let figures = &proved.report.services.iter().find(|s| s.id == "simpeg").expect("is there").figures;
    assert_eq!((figures.down_s, figures.unknown_s, figures.degraded_s, figures.outages), (5_400, 43_200, 3_000, 2));
    assert_eq!(figures.up_s, MONTH_S.unsigned_abs() - 5_400 - 43_200);
}

/// Writes objects with their names in falling order.
fn reversed(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|a, b| b.0.cmp(a.0));
            let member = |(name, member): (&String, &serde_json::Value)| {
                format!("{} : {}", serde_json::Value::from(name.as_str()), reversed(member))
            };
            format!("{{ {} }}", sorted.into_iter().map(member).collect::<Vec<_>>().join(",\n"))
        }
        serde_json::Value::Array(items) => format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn what_was_changed_is_refused_and_named() {
    let site = Site::new().await;
    let sealed = site.freeze("", SETTLED).await.expect("freezes");
    let key = seal::parse_public_key(&sealed.seal.public_key).expect("a key");
    let refused = |text: &str| check_file(text, Some(&key)).expect_err("must not hold").to_string();
    // One digit.
    let digit = text(&sealed).replacen("\"down_s\": 5400", "\"down_s\": 5401", 1);
    assert_ne!(digit, text(&sealed));
    assert!(refused(&digit).contains("hash"), "{}", refused(&digit));
    // One digit, signed anew: by the wrong key, and the figure does not follow.
    let mut forged = sealed.clone();
    simpeg(&mut forged).figures.down_s = 5_401;
    let forged = text(&resealed(forged));
    assert!(refused(&forged).contains("signed by the key"), "{}", refused(&forged));
    let found = check_file(&forged, None).expect_err("must not hold").to_string();
    assert!(found.contains("`simpeg`") && found.contains("down_s is 5401") && found.contains("give 5400"), "{found}");
    // One interval removed, with the figures made to fit.
    let mut forged = sealed.clone();
    let service = simpeg(&mut forged);
    let place = service.tiles.iter().position(|tile| tile.outage == Some(2)).expect("an outage");
    service.tiles.remove(place);
    service.figures.down_s -= 3_600;
    let found = check_file(&text(&resealed(forged)), None).expect_err("must not hold").to_string();
    assert!(found.contains("`simpeg`") && found.contains("missing"), "{found}");
    // An interval recoloured.
    let mut forged = sealed.clone();
    simpeg(&mut forged).tiles[0].counts_as = "up".into();
    let found = check_file(&text(&resealed(forged)), None).expect_err("must not hold").to_string();
    assert!(found.contains("does not count as its reason says"), "{found}");
    // The key's halves exchanged, the signature cut, the file cut, a member more.
    let mut other = sealed.clone();
    other.seal.public_key = "00".repeat(32);
    assert!(matches!(check_file(&text(&other), None), Err(Refusal::Seal(SealError::KeyId))));
    let mut other = sealed.clone();
    other.seal.signature.truncate(20);
    assert!(matches!(check_file(&text(&other), None), Err(Refusal::Seal(SealError::Signature(_)))));
    let whole = text(&sealed);
    for cut in [0, 1, whole.len() / 2, whole.len() - 2] {
        assert!(matches!(check_file(&whole[..cut], None), Err(Refusal::File(_))), "cut at {cut}");
    }
    assert!(check_file(&whole.replacen("\"report\"", "\"more\": 1, \"report\"", 1), None).is_err());
    let provisional = serde_json::to_string(&sealed.report).expect("writes");
    assert!(matches!(check_file(&provisional, None), Err(Refusal::Provisional)));
}

#[tokio::test]
async fn a_month_is_frozen_after_its_time_and_again_only_for_a_reason() {
    let site = Site::new().await;
    assert!(matches!(site.freeze("", SETTLED - 1).await, Err(FreezeError::TooEarly(_))));
    let first = site.freeze("", SETTLED).await.expect("freezes");
    assert_eq!((first.report.head.revision, first.report.head.status.as_str()), (1, "final"));
    assert!(matches!(site.freeze("x", SETTLED + 9).await, Err(FreezeError::Unchanged)));
    // Late data: the outage was longer.
    site.ledger(&[(500_000, 504_000, State::Down), (504_000, MONTH_S + 86_400, State::Up)]).await;
    let today = site.store.read(|r| summary(r, &site.snapshot, june(), None, at(SETTLED))).expect("reads");
    let difference = verify::first_difference(&first.report, &today).expect("differs");
    assert!(difference.contains("`simpeg`"), "{difference}");
    let fields: Vec<String> =
        recount::all_differences(&first.report, &today).into_iter().map(|change| change.field).collect();
    assert!(fields.contains(&"down_s".to_owned()), "{fields:?}");
    assert_eq!(fields.last().map(String::as_str), Some("the interval from 2026-06-06T11:53:20Z"), "{fields:?}");
    assert!(matches!(site.freeze(" ", SETTLED + 99).await, Err(FreezeError::ReasonMissing)));
    let second = site.freeze("data terlambat diterima", SETTLED + 99).await.expect("freezes");
    let head = &second.report.head;
    assert_eq!(head.revision, 2);
    assert_eq!(head.previous.as_ref().map(|before| before.sha256.as_str()), Some(first.seal.sha256.as_str()));
    assert!(head.changes.iter().any(|change| (change.before.as_str(), change.after.as_str()) == ("5400", "5800")));
    check_file(&text(&second), None).expect("holds");
}

#[tokio::test]
async fn a_new_key_leaves_older_reports_provable() {
    let site = Site::new().await;
    let sealed = site.freeze("", SETTLED).await.expect("freezes");
    let new = key_in_force(&site.store, true, at(SETTLED + 1)).await.expect("replaces");
    assert_ne!(new.key_id, sealed.seal.key_id);
    let keys = site.store.read(|r| r.report_keys()).expect("reads");
    let old = keys.iter().find(|key| key.key_id == sealed.seal.key_id).expect("stays known");
    check_file(&text(&sealed), Some(&old.public_key)).expect("holds");
    assert!(matches!(
        check_file(&text(&sealed), Some(&new.public_key)),
        Err(Refusal::Seal(SealError::OtherKey { .. }))
    ));
}

/// A worked month: every figure stands as a sum or quotient of numbers that stand above it.
#[tokio::test]
async fn the_form_can_be_counted_with_a_pocket_calculator() {
    let site = Site::new().await;
    let sealed = site.freeze("", SETTLED).await.expect("freezes");
    let mut report = sealed.report.clone();
    report.services.retain(|service| service.id == "simpeg");
    report.summary = document::Summary::of(&report.services);
    let texts = Texts::new(Language::Id, chrono_tz::Asia::Jakarta);
    let form = form::render(texts, &report, None, Detail::All);
    let told = render_text(&form);
    insta::assert_snapshot!("worked-month", told);
    for line in [
        "D (Waktu henti) = 1.800 + 3.600 = 5.400",
        "K (Tidak diketahui) = 43.200",
        "A = U ÷ (U + D) = 2.543.400 ÷ (2.543.400 + 5.400) = 99,78 %",
        "Amin = U ÷ (U + D + K) = 2.543.400 ÷ 2.592.000 = 98,12 %",
    ] {
        assert!(told.contains(line), "{line} is missing:\n{told}");
    }
    let page = html::render_part(&form).expect("renders");
    assert!(page.contains("1.800 + 3.600 = 5.400") && !page.contains("style="));
    let csv = write_csv(&report);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].split(',').count(), lines[1].split(',').count());
    assert!(lines[1].starts_with("2026-06,simpeg,\"SIMPEG\","), "{}", lines[1]);
    let workbook = write_sheet(&report, &form).expect("writes");
    assert!(workbook.starts_with(b"PK"), "a workbook is a zip");
}
