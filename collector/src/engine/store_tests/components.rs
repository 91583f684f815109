//! Maintenance of a component: what is down by it alone is excused, live, late, after a restart, and in every figure.

use super::*;
use crate::domain::availability::Counts;
use crate::domain::calendar::{Period, PeriodKind};
use crate::domain::interval::Interval;
use crate::domain::register::RegisterRefusal;
use crate::domain::register::excuse::PartStretch;
use crate::domain::register::maintenance::{MaintenanceAction, MaintenanceProposal};
use crate::domain::register::recurrence::Recurrence;
use crate::engine::RegisterChange;
use crate::service_period;
use ProbeVerdict::{Failed, Ok as Good};

const DAY: i64 = 86_400;
const PARTS: &str = r#"
[tickets]
resolve_after_seconds = 20
[[layanan]]
id = "simpeg"
nama = "SIMPEG"
deskripsi = "d"
penyedia = "p"
cara_akses = "a"
target_ketersediaan = 99
kontak_bantuan = "k"
waktu_bantuan = "w"
kelompok = "publik"
klasifikasi = "kritis"
susunan = { semua = ["web", "basis-data"] }
[[layanan.pemeriksaan]]
id = "web"
jenis = "tcp"
alamat = "x"
port = 80
dari = ["a"]
selang = "10s"
[[layanan.pemeriksaan]]
id = "sql"
jenis = "tcp"
alamat = "x"
port = 5432
dari = ["a"]
selang = "10s"
[[layanan.komponen]]
id = "basis-data"
nama = "Basis data"
pemeriksaan = ["sql"]
"#;

fn id(text: &str) -> ServiceId {
    ServiceId::parse(text).expect("valid")
}

fn plan(scope: &str, from: i64, to: i64) -> RegisterChange {
    RegisterChange::ProposeMaintenance(MaintenanceProposal {
        services: vec![id(scope)],
        hosts: Vec::new(),
        title: "Naik versi".into(),
        reason: "Keamanan".into(),
        evidence: String::new(),
        planned: Interval::new(at(from), at(to)),
        recurrence: Recurrence::Once,
        until: None,
    })
}

/// Proposed by rina, announced, approved by budi, all now.
async fn maintain(site: &Site, task: &mut EngineTask, from: i64, to: i64) {
    let number = task.change_register(plan("basis-data", from, to), "rina".into()).await.expect("proposes");
    let told = MaintenanceAction::Announce { at: site.clock.now(), channel: "Surat".into() };
    for (action, who) in [(told, "rina"), (MaintenanceAction::Approve, "budi")] {
        task.change_register(RegisterChange::Maintenance { number, action }, who.into()).await.expect("acts");
    }
}

/// Both checks answer every ten seconds.
async fn answers(site: &mut Site, task: &mut EngineTask, (from, to): (i64, i64), web: ProbeVerdict, sql: ProbeVerdict) {
    for seconds in (from..to).step_by(10) {
        site.answer(seconds, web).await;
        site.late_answer_to("sql", seconds, sql).await;
        task.evaluate().await.expect("evaluates");
    }
}

/// The month's counts in memory, and from the store by the rules that a command would load.
fn counts(site: &Site, engine: &Engine) -> Counts {
    let snapshot = engine.snapshot();
    let shown = snapshot.services[0].month.counts;
    let now = site.clock.now();
    let stored = site.store.read(|reader| {
        let book = crate::rulebook::load_whole(reader, &snapshot.profile, &snapshot.catalogue, at(0))?;
        let period = Period::containing_instant(PeriodKind::Month, book.zone(), now);
        service_period::load(reader, &book, &id("simpeg"), period, now)
    });
    assert_eq!(stored.expect("reads").figures.counts, shown, "page and command agree");
    shown
}

#[tokio::test]
async fn what_is_down_only_by_a_maintained_component_is_excused_and_opens_nothing() {
    let mut site = Site::of(PARTS).await;
    let (engine, mut task) = site.engine();
    let begin = 2 * DAY;
    maintain(&site, &mut task, begin, begin + 600).await;
    answers(&mut site, &mut task, (begin - 50, begin + 100), Good, Good).await;
    let shown = engine.snapshot().services[0].maintenance.now.clone().expect("a window runs");
    assert_eq!((&*shown.title, shown.counted, shown.of_parts), ("Naik versi (Basis data)", true, true));
    assert_eq!(counts(&site, &engine).excluded_s, 0, "what works counts");

    answers(&mut site, &mut task, (begin + 100, begin + 400), Good, Failed).await;
    assert_eq!(engine.snapshot().services[0].state, State::Down, "the ledger says what was seen");
    let excused = counts(&site, &engine);
    assert_eq!((excused.excluded_s, excused.down_s, engine.snapshot().tickets.len()), (290, 0, 0));

    // Now the application fails too: nobody planned that.
    answers(&mut site, &mut task, (begin + 400, begin + 500), Failed, Failed).await;
    let both = counts(&site, &engine);
    assert_eq!((both.excluded_s, both.down_s), (300, 90));
    let ticket = engine.snapshot().tickets.first().cloned().expect("nothing is waited for");
    assert_eq!(ticket.onset_at, at(begin + 400), "from where the plan explains it no more");
    let told = |name: &str| ticket.symptom.args.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    assert_eq!(told("check").as_deref(), Some("web"), "what failed beside the plan, not what is maintained");
    assert_eq!(told("since_at"), Some(at(begin + 400).to_string()));
    answers(&mut site, &mut task, (begin + 500, begin + 800), Failed, Good).await;
    assert_eq!(engine.snapshot().tickets.len(), 1);
    assert_eq!(counts(&site, &engine).excluded_s, 300);

    drop((engine, task));
    let (engine, mut task) = site.engine();
    task.evaluate().await.expect("evaluates");
    assert_eq!(counts(&site, &engine).excluded_s, 300, "a restart excuses the same");
    assert_eq!(engine.snapshot().tickets.len(), 1);
}

#[tokio::test]
async fn late_answers_change_what_is_excused() {
    let mut site = Site::of(PARTS).await;
    let (engine, mut task) = site.engine();
    let begin = 2 * DAY;
    maintain(&site, &mut task, begin, begin + 600).await;
    answers(&mut site, &mut task, (begin - 50, begin), Good, Good).await;
    for seconds in (begin..begin + 300).step_by(10) {
        site.answer_to("sql", seconds, Failed).await;
        task.evaluate().await.expect("evaluates");
    }
    // Nobody asks the web check any more: unknown is not down, so the plan explains all of it.
    let before = counts(&site, &engine);
    assert_eq!((before.excluded_s, before.down_s), (290, 0));
    for seconds in (begin + 100..begin + 200).step_by(10) {
        site.late_answer(seconds, Failed).await;
    }
    site.clock.advance_ms(11_000);
    task.evaluate().await.expect("evaluates");
    let after = counts(&site, &engine);
    // Ten failures in a row, the newest holds until it is stale; eleven seconds more went by.
    assert_eq!((after.excluded_s, after.down_s), (before.excluded_s + 11 - 115, 115));
    let parts = site.store.read(|r| r.ledger_parts(&id("simpeg"), at(begin), at(begin + 600))).expect("reads");
    let both = |part: &&PartStretch| part.states.iter().filter(|(_, state)| *state == State::Down).count() == 2;
    let told: Vec<_> = parts.iter().filter(both).map(|part| part.interval).collect();
    assert_eq!(told, [Interval::new(at(begin + 100), at(begin + 215))]);
}

#[tokio::test]
async fn a_plan_names_a_service_or_a_component_that_exists() {
    let site = Site::of(PARTS).await;
    let (engine, mut task) = site.engine();
    let unknown = task.change_register(plan("sql", DAY, DAY + 60), "rina".into()).await;
    let Err(CommandError::NotRecorded(refusal)) = unknown else { panic!("a check is no component: {unknown:?}") };
    assert_eq!(refusal, RegisterRefusal::UnknownScope("sql".into()));
    task.change_register(plan("basis-data", DAY, DAY + 60), "rina".into()).await.expect("proposes");
    let known = engine.snapshot().register.plan(1).map(|plan| plan.services.clone());
    assert_eq!(known, Some(vec![id("basis-data")]));
    assert_eq!(engine.snapshot().catalogue.scope_name(&id("basis-data")), "SIMPEG › Basis data");
}
