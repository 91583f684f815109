//! What a report says of that by which it judged: agreements, the target's own period, the budget, corrections.

use super::frozen::{Site, at, june};
use crate::domain::availability::Counts;
use crate::domain::calendar::period::PeriodKind;
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::register::correction::MonthChange;
use crate::domain::register::maintenance::Decided;
use crate::domain::register::{Claim, CorrectionEntry, CorrectionStatus, Register, Signature};
use crate::domain::state::State;
use crate::domain::ticket::Actor;
use crate::report::document::{Document, ServiceReport};
use crate::report::form::{self, Detail, render_text};
use crate::report::freeze::summary;
use crate::report::{recount, seal, verify};
use crate::rulebook::{Agreed, Rulebook};
use crate::snapshot::Snapshot;
use crate::texts::{Language, Texts};
use std::sync::Arc;

const DAY: i64 = 86_400;

fn simpeg() -> ServiceId {
    ServiceId::parse("simpeg").expect("valid")
}

fn made(site: &Site, snapshot: &Snapshot, now: i64) -> (Document, ServiceReport) {
    let read = site.store.read(|reader| summary(reader, snapshot, june(), Some("simpeg"), at(now)));
    let document = read.expect("reads");
    recount::check(&document).expect("follows from its intervals");
    let service = document.services.iter().find(|service| service.id == "simpeg").expect("there").clone();
    (document, service)
}

fn text(document: &Document) -> String {
    let texts = Texts::new(Language::Id, chrono_tz::Asia::Jakarta);
    render_text(&form::render(texts, document, None, Detail::Service("simpeg")))
}

#[tokio::test]
async fn a_target_that_changed_is_a_sentence_with_its_date_and_both_values() {
    let site = Site::new().await;
    let mut snapshot = (*site.snapshot).clone();
    let (document, service) = made(&site, &snapshot, 31 * DAY);
    assert_eq!(service.agreements.len(), 1);
    assert!(!text(&document).contains("Putusan memakai ketentuan"), "nothing changed");
    let seed = snapshot.rulebook.of(&simpeg()).expect("known").agreed[0].clone();
    let later = Agreed { valid_from: at(11 * DAY), catalogue_revision: 9, target_ppm: Some(995_000), ..seed };
    let book = (*snapshot.rulebook).clone();
    snapshot.rulebook = Arc::new(Rulebook::agreed_also(book, &simpeg(), later));
    let told = text(&made(&site, &snapshot, 31 * DAY).0);
    assert!(told.contains("Mulai 12 Jun 2026") && told.contains("dari 99,9 % menjadi 99,5 %"), "{told}");
    assert!(told.contains("Putusan memakai ketentuan yang berlaku pada akhir periode"), "{told}");
}

#[tokio::test]
async fn a_target_of_a_year_is_judged_over_the_year_to_date_beside_the_month() {
    let site = Site::new().await;
    let mut snapshot = (*site.snapshot).clone();
    assert_eq!(made(&site, &snapshot, 31 * DAY).1.target_period, None, "a target of a month is the month's");
    let mut catalogue = (*snapshot.catalogue).clone();
    let place = catalogue.services.iter().position(|service| service.id == simpeg()).expect("there");
    catalogue.services[place].agreement.target_period = PeriodKind::Year;
    snapshot.catalogue = Arc::new(catalogue);
    // Asked in August, June's report counts to the end of June.
    let (document, service) = made(&site, &snapshot, 70 * DAY);
    let year = service.target_period.expect("judged over its year");
    assert_eq!((year.period.as_str(), year.to), ("2026", at(30 * DAY).as_secs()));
    assert_eq!(year.down_s, service.figures.down_s + 7_200, "with what fell in May");
    assert!(text(&document).contains("yang mengikat adalah putusan menurut periode target"));
}

#[tokio::test]
async fn a_running_month_says_when_it_breaks_and_one_that_is_over_does_not() {
    let site = Site::new().await;
    let (document, service) = made(&site, &site.snapshot, 500_000 + 3_600);
    let budget = service.budget.expect("it runs");
    assert!(budget.whole_s > service.figures.budget_s.expect("a target"), "of the whole month, not of what has passed");
    assert!(["breaks", "broken"].contains(&budget.forecast.as_str()), "{budget:?}");
    assert!(text(&document).contains("Anggaran seluruh periode"));
    assert_eq!(made(&site, &site.snapshot, 31 * DAY).1.budget, None);
}

#[tokio::test]
async fn a_correction_is_printed_whole_and_sealed_with_the_report() {
    let site = Site::new().await;
    let sign = |by: &str, day: i64| Signature { by: by.into(), at: at(day * DAY) };
    let entry = CorrectionEntry {
        number: 7,
        service: simpeg(),
        claim: Claim::State(Interval::new(at(500_000), at(503_600)), State::Up),
        observed: None,
        reason: "Salah ukur".into(),
        evidence: "ND-12/2026".into(),
        proposed_by: Actor::Person("rina".into()),
        proposed_at: at(8 * DAY),
        status: CorrectionStatus::Approved,
        decided: Some(Decided { sign: sign("budi", 9), reason: String::new() }),
        approval: Some(1),
        withdrawn_by: None,
        figures: vec![MonthChange {
            month: june().first_date(),
            before: Counts { up_s: 900, down_s: 100, ..Counts::ZERO },
            after: Counts { up_s: 1_000, ..Counts::ZERO },
        }],
        backups: None,
    };
    let kept = entry.clone();
    site.store.write(move |writer| writer.save_register(&[], &[kept], &[])).await.expect("saves");
    let mut snapshot = (*site.snapshot).clone();
    let register = Register::new(Vec::new(), vec![entry]);
    snapshot.rulebook = Arc::new(snapshot.rulebook.with_register(&register, &snapshot.catalogue, &|_| &[]));
    let (document, service) = made(&site, &snapshot, 31 * DAY);
    let record = service.corrections[0].record.clone().expect("on record");
    assert_eq!((record.number, record.decided_by.as_deref()), (7, Some("budi")));
    let told = text(&document);
    for words in ["Salah ukur", "ND-12/2026", "rina", "budi", "90,00 % menjadi 100,00 %", "100 menjadi 0 detik"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let sealed = seal::seal(document, &seal::new_key().expect("random")).expect("sealed");
    let forged = serde_json::to_string(&sealed).expect("writes");
    assert!(verify::check_file(&forged, None).is_ok());
    assert!(verify::check_file(&forged.replace("ND-12/2026", "ND-13/2026"), None).is_err(), "evidence is sealed");
}
