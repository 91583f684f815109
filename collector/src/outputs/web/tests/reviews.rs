//! Pages of reports, reviews and problems from a constructed site.

use super::super::{problems, reports, reviews};
use super::*;
use crate::domain::problem::{Problem, ProblemEdit, ProblemState};
use crate::domain::register::Signature;
use crate::domain::ticket::TicketNumber;
use crate::report::document::Summary;
use crate::review::build::{Site, evaluate};
use crate::review::document::Review;
use crate::store::audit::AuditRecord;
use crate::store::reports::FrozenReport;

/// Pages whose text is agreed.
pub(super) const GOLDEN: [&str; 4] = ["reports", "reviews", "review", "problem"];

const CAUSE: &str = "Disk penuh oleh <log>";

fn quarter() -> Period {
    Period::parse("2026-Q4").expect("a quarter")
}

fn problem() -> Problem {
    let sign = |days: i64| Signature { by: "rina.sari".into(), at: NOW.plus_secs(-days * 86_400) };
    let service = snapshot().catalogue.services[0].id.clone();
    let evidence = [41, 42, 43].map(|number| TicketNumber { year: 2026, number }).to_vec();
    let edit = ProblemEdit {
        state: ProblemState::Accepted,
        action: "Rotasi log & pemantauan ruang disk".into(),
        owner: "Budi Hartono".into(),
        due: chrono::NaiveDate::from_ymd_opt(2026, 11, 20),
        verification: String::new(),
    };
    Problem::propose(2, service, CAUSE, evidence, sign(60)).expect("sound").edited(&edit, sign(30)).expect("legal")
}

fn review(site: &Snapshot) -> Review {
    let seed = all_tickets(site);
    let subject = &site.catalogue.services[0].id;
    let ticket = |(number, days): (u32, i64)| Ticket {
        number: TicketNumber { year: 2026, number },
        cause: Some(CAUSE.into()),
        affected_services: vec![subject.clone()],
        onset_at: NOW.plus_secs(-days * 86_400),
        reported_at: NOW.plus_secs(-days * 86_400 + 60),
        recorded_at: NOW.plus_secs(-days * 86_400 + 60),
        ..seed[0].clone()
    };
    let mut tickets: Vec<Ticket> = [(41, 30), (42, 20), (43, 10)].into_iter().map(ticket).collect();
    tickets.extend(seed.iter().cloned());
    let of = Site { profile: &site.profile, catalogue: &site.catalogue, period: quarter(), now: NOW };
    evaluate(&of, &tickets, &[problem()])
}

fn records() -> Vec<AuditRecord> {
    let entry = |seq, action: &str| AuditRecord {
        seq,
        at: NOW.plus_secs(-86_400),
        actor: Actor::Person("rina.sari".into()),
        action: action.into(),
        subject: "problem/2".into(),
        detail: "{}".into(),
        prev_hash: [0; 32],
        hash: [0; 32],
    };
    vec![entry(1, "problem.open"), entry(2, "problem.edit")]
}

pub(super) fn pages(language: Language) -> Vec<Rendered> {
    let site = snapshot();
    let frame = |title, path| page(language, Section::Reports, title, path);
    let frozen = FrozenReport {
        period: "2026-10".into(),
        revision: 1,
        frozen_at: NOW.plus_secs(-20 * 86_400),
        approver: "Kepala Bidang TIK".into(),
        reason: String::new(),
        sha256: "ab".into(),
        key_id: "k1".into(),
    };
    let summary = Summary { met: 3, judged: 4, not_met: 1, without_target: 1, ..Summary::default() };
    let months = vec![
        (november(), Some(summary), None),
        (november().previous(), Some(summary), Some(frozen)),
        (november().previous().previous(), Some(summary), None),
    ];
    let made = review(&site);
    let quarters = [(quarter(), made.clone())];
    let mut of_problem = frame("overview-title", "/problems/2");
    of_problem.title = of_problem.texts.text("problem-number", &[("number", "2")]);
    vec![
        ("reports", reports::render_list(frame("reports-title", "/reports"), months)),
        ("reports-empty", reports::render_list(frame("reports-title", "/reports"), Vec::new())),
        ("reviews", reviews::render_list(frame("reviews-title", "/reviews"), &site, &quarters, &[problem()])),
        ("reviews-empty", reviews::render_list(frame("reviews-title", "/reviews"), &site, &[], &[])),
        ("review", reviews::render(frame("review-title", "/reviews/2026-Q4"), quarter(), &made)),
        ("problem", problems::render(of_problem, &site, &problem(), &records(), None, None)),
    ]
}
