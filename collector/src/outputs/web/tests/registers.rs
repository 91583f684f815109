//! Pages of the registers from a constructed site.

use super::super::{corrections, maintenance, maintenance_form};
use super::*;
use crate::correction_preview::Effect;
use crate::domain::availability::{Counts, MaintenanceStatus};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::register::correction::{LateProposal, MonthChange};
use crate::domain::register::maintenance::{Announcement, Decided, MaintenancePlan, Signature};
use crate::domain::register::recurrence::{Recurrence, Weekdays};
use crate::domain::register::{CorrectionStatus, Register};
use crate::store::audit::AuditRecord;
use pantau_shared::timestamp::Timestamp;

/// Pages whose text is agreed.
pub(super) const GOLDEN: [&str; 4] = ["maintenance", "maintenance-one", "corrections", "correction"];

const HOUR: i64 = 3600;

fn sign(by: &str, at: Timestamp) -> Signature {
    Signature { by: by.into(), at }
}

fn simpeg() -> ServiceId {
    ServiceId::parse("simpeg").expect("valid")
}

/// An approved window of two hours that begins `begins` seconds from now and was announced `ahead` seconds before.
fn plan(number: u32, title: &str, begins: i64, ahead: i64) -> MaintenancePlan {
    let from = NOW.plus_secs(begins);
    let told = from.plus_secs(-ahead);
    MaintenancePlan {
        number,
        services: vec![simpeg()],
        hosts: vec![pantau_shared::ids::HostId::parse("db-01").expect("valid")],
        title: title.into(),
        reason: "Tambalan <keamanan>".into(),
        evidence: "ND-7/2026".into(),
        planned: Interval::new(from, from.plus_secs(2 * HOUR)),
        recurrence: Recurrence::Once,
        until: None,
        state: MaintenanceStatus::Approved,
        proposed: sign("rina.sari", told.plus_secs(-HOUR)),
        decided: Some(Decided { sign: sign("budi", told), reason: String::new() }),
        announced: Some(Announcement { at: told, channel: "Surat edaran".into(), sign: sign("rina.sari", told) }),
        cancelled: None,
        exceptions: Default::default(),
    }
}

fn register() -> Register {
    let mut series = plan(4, "Pemeriksaan mingguan", 4 * 24 * HOUR, 96 * HOUR);
    series.recurrence = Recurrence::Weekly(Weekdays::parse("sat").expect("a day"));
    series.until = chrono::NaiveDate::from_ymd_opt(2027, 1, 31);
    let mut proposed = plan(5, "Ganti sakelar", 20 * HOUR, 0);
    (proposed.state, proposed.decided, proposed.announced) = (MaintenanceStatus::Proposed, None, None);
    proposed.proposed = sign("rina.sari", NOW.plus_secs(-7200));
    let plans = vec![
        plan(1, "Pindah ruang server", -30 * 24 * HOUR, 48 * HOUR),
        plan(2, "Pembaruan basis data", -HOUR, 26 * HOUR),
        plan(3, "Tambalan mendadak", 6 * HOUR, 6 * HOUR),
        series,
        proposed,
    ];
    let late = |from: i64, to: i64, state| LateProposal {
        service: simpeg(),
        interval: Interval::new(NOW.plus_secs(from), NOW.plus_secs(to)),
        state,
        observed: Some(State::Unknown),
        replaces: Vec::new(),
    };
    let waiting = late(-40 * 24 * HOUR, -40 * 24 * HOUR + 5400, State::Up).entry(1, NOW.plus_secs(-7200));
    let mut agreed = late(-24 * HOUR, -23 * HOUR, State::Up).entry(2, NOW.plus_secs(-5 * HOUR));
    agreed.proposed_by = Actor::Person("rina.sari".into());
    (agreed.observed, agreed.status, agreed.approval) = (None, CorrectionStatus::Approved, Some(1));
    (agreed.reason, agreed.evidence) = ("Salah ukur di sisi pemantau".into(), "Log sakelar 23 November".into());
    agreed.decided = Some(Decided { sign: sign("budi", NOW.plus_secs(-HOUR)), reason: String::new() });
    agreed.figures = months();
    Register::new(plans, vec![waiting, agreed])
}

fn months() -> Vec<MonthChange> {
    let counts = |up_s, down_s| Counts { up_s, degraded_s: 0, down_s, unknown_s: 600, excluded_s: 0 };
    let month = chrono::NaiveDate::from_ymd_opt(2026, 11, 1).expect("a date");
    vec![MonthChange { month, before: counts(2_000_000, 7_200), after: counts(2_003_600, 3_600) }]
}

fn shown() -> corrections::Shown {
    let effect = Effect { seconds: months(), ..Effect::default() };
    corrections::Shown { effect, ..corrections::Shown::default() }
}

fn records(subject: &str, actions: &[(&str, &str, Actor)]) -> Vec<AuditRecord> {
    let record = |(seq, (action, detail, actor)): (u64, &(&str, &str, Actor))| AuditRecord {
        seq,
        at: NOW.plus_secs(-7200 + 60 * i64::try_from(seq).expect("small")),
        actor: actor.clone(),
        action: (*action).into(),
        subject: subject.into(),
        detail: (*detail).into(),
        prev_hash: [0; 32],
        hash: [0; 32],
    };
    (1..).zip(actions).map(record).collect()
}

/// Every page: name and HTML.
pub(super) fn pages(language: Language) -> Vec<Rendered> {
    let mut site = snapshot();
    let empty = site.clone();
    site.register = std::sync::Arc::new(register());
    let rina = || Actor::Person("rina.sari".into());
    let frame = |title, path| page(language, Section::Maintenance, title, path);
    let named = |title: &str, path| Page { title: title.into(), ..frame("maintenance-title", path) };
    let admin = |frame: Page| Page {
        reader: Some(Reader { name: "budi".into(), role: Role::Admin, csrf: "token".into() }),
        ..frame
    };
    let one = |number: u32, notice| {
        let plan = site.register.plan(number).expect("there");
        let trail = records(
            &format!("maintenance/{number}"),
            &[("maintenance.propose", "{}", rina()), ("maintenance.announce", r#"{"channel":"Surat edaran"}"#, rina())],
        );
        maintenance::render(admin(named(&plan.title, "/maintenance/x")), &site, plan, &trail, notice)
    };
    let correction = |number: u32| {
        let entry = site.register.correction(number).expect("there");
        let trail = records(&format!("correction/{number}"), &[("correction.propose", "{}", Actor::System)]);
        let frame = admin(Page { section: Section::Corrections, ..named("Koreksi", "/corrections/x") });
        corrections::render(frame, &site, entry, &shown(), &trail, None)
    };
    let form = maintenance_form::MaintenanceForm {
        title: "Ganti sakelar".into(),
        services: vec!["simpeg".into()],
        from: "2026-11-26T22:00".into(),
        to: "2026-11-26T23:00".into(),
        ..Default::default()
    };
    let new_frame = frame("maintenance-new-title", "/maintenance/new");
    let shown = maintenance_form::preview(&new_frame, &site, site.register.plan(4).expect("there"));
    let correction_frame = |title, path| page(language, Section::Corrections, title, path);
    let new_correction = correction_frame("correction-new-title", "/corrections/new");
    let changes = months();
    vec![
        ("maintenance", maintenance::render_list(frame("maintenance-title", "/maintenance"), &site)),
        ("maintenance-empty", maintenance::render_list(frame("maintenance-title", "/maintenance"), &empty)),
        ("maintenance-one", one(5, None)),
        ("maintenance-running", one(2, None)),
        ("maintenance-series", one(4, None)),
        ("maintenance-new", maintenance_form::render(new_frame, &site, form, None, Some(shown))),
        ("corrections", corrections::render_list(correction_frame("corrections-title", "/corrections"), &site)),
        ("corrections-empty", corrections::render_list(correction_frame("corrections-title", "/corrections"), &empty)),
        ("correction", correction(1)),
        ("correction-approved", correction(2)),
        ("correction-new", corrections::render_new(new_correction, &site, Default::default(), None, Some(&changes))),
    ]
}

#[test]
fn a_short_notice_is_warned_of_and_a_viewer_is_offered_nothing() {
    let all = pages(Language::Id);
    let html = |name: &str| {
        let (_, html) = all.iter().find(|(known, _)| *known == name).expect("there");
        html.as_ref().expect("renders").clone()
    };
    assert!(html("maintenance-one").contains("Tidak dihitung sebagai pemeliharaan"), "before it is approved");
    assert!(html("maintenance-running").contains("value=\"end_early\""));
    assert!(html("maintenance-series").contains("value=\"cancel_window\""));
    assert!(html("maintenance-one").contains("Tambalan &#60;keamanan&#62;"), "escaped");
    let site = {
        let mut site = snapshot();
        site.register = std::sync::Arc::new(register());
        site
    };
    for role in [Role::Viewer, Role::Operator] {
        let mut frame = page(Language::Id, Section::Maintenance, "maintenance-title", "/maintenance/x");
        frame.reader = Some(Reader { name: "bupati".into(), role, csrf: "token".into() });
        let html =
            maintenance::render(frame, &site, site.register.plan(5).expect("there"), &[], None).expect("renders");
        assert!(!html.contains("value=\"approve\""), "{role:?} is offered the approval");
        assert_eq!(html.contains("/actions"), role == Role::Operator);
    }
}

#[test]
fn every_refusal_action_and_code_has_its_words() {
    use crate::domain::register::RegisterRefusal;
    for language in [Language::Id, Language::En] {
        let texts = Texts::new(language, chrono_tz::Asia::Jakarta);
        let refusals = RegisterRefusal::CODES.map(|code| format!("refused-register-{}", code.replace('_', "-")));
        let states = MaintenanceStatus::ALL.map(|status| format!("maintenance-state-{}", status.code()));
        let more = CorrectionStatus::ALL.map(|status| format!("correction-state-{}", status.code()));
        for id in refusals.iter().chain(&states).chain(&more) {
            assert_ne!(texts.get(id), *id, "{language:?}");
        }
    }
}
