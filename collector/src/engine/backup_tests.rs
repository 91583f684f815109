//! Backup sets in the engine's model: what looks teach, which alarms late knowledge explains, when a source is lost.

use super::model::{Model, PlannedChange};
use super::tests::{at, catalogue, host, record};
use crate::config::profile::bangka_2025;
use crate::domain::ticket::open::{Report, open};
use crate::domain::ticket::{ActivityText, TicketClass, TicketNumber};
use crate::snapshot::Suspicion;
use crate::store::records::{Fact, FactBody};
use pantau_shared::backup::{
    BackupArtefact, BackupObservation, BackupRun, BackupStatus, BackupVerification, DataTimeBasis,
};
use std::sync::Arc;

/// A site whose service has an RPO of an hour and one set, looked at by host `a` every ten seconds.
fn model() -> Model {
    let mut model = Model::new(Arc::new(catalogue(&["a"])), Arc::new(bangka_2025()), at(0), at(0));
    model.refresh_hosts(vec![record("a", at(0))]);
    model
}

/// A look that saw backups of these data times, each a minute long; `error` is a failed one.
fn look(id: i64, when: i64, data: &[i64], error: &str) -> Fact {
    let artefact = |data: &i64| {
        let mut artefact = BackupArtefact {
            name: format!("dump-{data}"),
            started_at_ms: Some(at(*data).as_ms()),
            data_time_ms: Some(at(*data).as_ms()),
            ended_at_ms: Some(at(data + 60).as_ms()),
            size_bytes: Some(1000),
            ..BackupArtefact::default()
        };
        artefact.set_basis(DataTimeBasis::Start);
        artefact.set_status(BackupStatus::Ok);
        artefact
    };
    let artefacts: Vec<_> = data.iter().map(artefact).collect();
    let artefacts_total = artefacts.len() as u64;
    let seen = BackupObservation {
        set: "dump".into(),
        artefacts,
        error: error.into(),
        artefacts_total,
        ..BackupObservation::default()
    };
    Fact { id, host: host("a"), at: at(when), received_at: at(when), body: FactBody::Backup(seen) }
}

/// Decides and commits to the model; what happened to tickets of backups: event, key, message.
fn step(model: &mut Model, now: i64) -> Vec<(String, String, String)> {
    let mut said = Vec::new();
    let plan = model.decide(at(now));
    for change in plan.changes {
        let (catalogue, profile) = (Arc::clone(&model.catalogue), Arc::clone(&model.profile));
        match change {
            PlannedChange::Open(condition, related) => {
                let number = TicketNumber { year: 2026, number: u32::try_from(model.tickets.len()).expect("few") + 1 };
                let report = Report { reporter: None, condition: &condition, related };
                let (ticket, _) = open(&report, number, &catalogue, &profile, at(now));
                said.push(("opened".to_owned(), ticket.key.to_string(), condition.symptom.id.clone()));
                model.committed(ticket);
            }
            PlannedChange::Change { ticket, activity, event } => {
                let text = match &activity.text {
                    ActivityText::Phrase(phrase) => phrase.id.clone(),
                    ActivityText::Written(text) => text.clone(),
                };
                said.push((event.unwrap_or("silent").to_owned(), ticket.key.to_string(), text));
                model.committed(*ticket);
            }
            PlannedChange::Release(ticket) => model.committed(*ticket),
        }
    }
    // Nobody answers here: the levels of Tabel 14 have tests of their own.
    said.retain(|(event, key, _)| key.starts_with("backup:") && event != "escalated");
    said
}

fn said(event: &str, key: &str, text: &str) -> (String, String, String) {
    (event.to_owned(), key.to_owned(), text.to_owned())
}

#[test]
fn a_record_that_comes_late_closes_the_breach_and_explains_the_alarm() {
    let mut model = model();
    model.apply(&look(1, 10, &[-100], ""));
    assert_eq!(step(&mut model, 10), []);
    assert_eq!(step(&mut model, 3500), [said("opened", "backup:dump|cadangan", "symptom-backup-overdue")]);
    // The host was away; the backup had been made in time all the same.
    model.apply(&look(2, 3600, &[-100, 3000], ""));
    assert_eq!(step(&mut model, 3700), [said("restored", "backup:dump|cadangan", "activity-backup-explained")]);
    let ticket = model.tickets.values().find(|t| t.key.class == TicketClass::Backup).expect("waits for a person");
    assert_eq!(ticket.restored_at, Some(ticket.onset_at), "there was no breach");
}

#[test]
fn an_ordinary_restoration_explains_nothing() {
    let mut model = model();
    model.apply(&look(1, 10, &[-100], ""));
    step(&mut model, 3500);
    model.apply(&look(2, 3700, &[-100, 3600], ""));
    assert_eq!(step(&mut model, 3800), [said("restored", "backup:dump|cadangan", "activity-restored")]);
}

#[test]
fn a_source_that_nobody_reaches_for_a_day_is_a_disturbance_of_its_own() {
    let mut model = model();
    model.apply(&look(1, 10, &[-100], ""));
    step(&mut model, 10);
    for id in 2..20 {
        model.apply(&look(id, 10 * id, &[], "permission denied"));
    }
    step(&mut model, 3600);
    let (_, backup) = &model.backups[0];
    assert_eq!(backup.unconfirmed_since(at(3600)), Some(at(10)), "since the last good look");
    assert_eq!(step(&mut model, 86_409), []);
    let lost = "backup:dump|kehilangan_pemantauan";
    assert_eq!(step(&mut model, 86_410), [said("opened", lost, "symptom-backup-unconfirmed")]);
    model.apply(&look(30, 86_500, &[86_400], ""));
    let restored = step(&mut model, 86_600);
    assert!(restored.contains(&said("restored", lost, "activity-restored")), "{restored:?}");
}

#[test]
fn looks_that_saw_the_same_again_need_not_be_kept() {
    let mut model = model();
    for id in 1..=5 {
        model.apply(&look(id, 10 * id, &[0], ""));
    }
    let edit = model.decide(at(60)).backups.pop().expect("learnt");
    assert_eq!(edit.needless, [2, 3, 4], "the first changed something, the last is the newest");
    assert_eq!((edit.records.len(), edit.look.map(|look| (look.fact, look.kept))), (1, Some((Some(5), false))));
    // A second delivery of the newest changes nothing at all.
    model.apply(&look(5, 50, &[0], ""));
    assert_eq!(model.decide(at(61)).backups, []);
}

#[test]
fn an_hour_of_rpo_with_longer_runs_is_told_by_what_was_observed() {
    let mut model = model();
    let (_, backup) = &mut model.backups[0];
    backup.set.schedule = Some(crate::domain::rpo::schedule::Schedule::Every(3590));
    model.apply(&look(1, 100, &[0], ""));
    let (_, backup) = &model.backups[0];
    assert_eq!(backup.impossible_s(), Some(3650));
}

/// A look with one dump that was modified at `ended`, and with these runs of the wrapper: id, start, end, whether it was good.
fn look_with_runs(id: i64, when: i64, ended: i64, runs: &[(&str, i64, i64, bool)]) -> Fact {
    let mut fact = look(id, when, &[ended - 60], "");
    let FactBody::Backup(seen) = &mut fact.body else { unreachable!("a look") };
    for artefact in &mut seen.artefacts {
        (artefact.started_at_ms, artefact.data_time_ms) = (None, artefact.ended_at_ms);
        artefact.set_basis(DataTimeBasis::Modified);
    }
    let run = |(id, start, end, good): &(&str, i64, i64, bool)| {
        let mut run = BackupRun {
            id: (*id).into(),
            started_at_ms: at(*start).as_ms(),
            ended_at_ms: Some(at(*end).as_ms()),
            ..BackupRun::default()
        };
        run.set_status(if *good { BackupStatus::Ok } else { BackupStatus::Failed });
        run
    };
    seen.runs = runs.iter().map(run).collect();
    fact
}

#[test]
fn a_run_of_the_wrapper_is_the_data_time_of_its_file_and_its_failure_an_alarm() {
    let mut model = model();
    model.apply(&look_with_runs(1, 700, 600, &[("a", 100, 605, true)]));
    assert_eq!(step(&mut model, 700), []);
    assert_eq!(model.backups[0].1.usable(at(700)).map(|b| b.data_time), Some(at(100)));
    let runs = [("a", 100, 605, true), ("b", 800, 900, false)];
    model.apply(&look_with_runs(2, 910, 600, &runs));
    assert_eq!(step(&mut model, 910), [said("opened", "backup:dump|cadangan", "symptom-job-failed")]);
    let runs = [("b", 800, 900, false), ("c", 950, 1000, true)];
    model.apply(&look_with_runs(3, 1010, 1000, &runs));
    assert_eq!(step(&mut model, 1400), [said("restored", "backup:dump|cadangan", "activity-restored")]);
    let runs = [("c", 950, 1000, true), ("d", 1500, 1600, false)];
    model.apply(&look_with_runs(4, 1610, 1000, &runs));
    // Long after the restoration: another ticket.
    assert_eq!(step(&mut model, 1610), [said("opened", "backup:dump|cadangan", "symptom-job-failed")]);
    // Somebody made it by hand.
    model.apply(&look_with_runs(5, 1710, 1700, &runs));
    assert_eq!(step(&mut model, 2100), [said("restored", "backup:dump|cadangan", "activity-restored")]);
}

#[test]
fn what_agents_tell_of_verifications_is_entered_once_and_a_failure_is_a_doubt() {
    let mut model = model();
    let with_verdict = |id, when, verdict: (i64, bool)| {
        let mut fact = look(id, when, &[0], "");
        let FactBody::Backup(seen) = &mut fact.body else { unreachable!("a look") };
        let (means, detail) = ("restic".to_owned(), if verdict.1 { String::new() } else { "broken pack".to_owned() });
        seen.verifications.push(BackupVerification {
            at_ms: at(verdict.0).as_ms(),
            ok: verdict.1,
            artefact: String::new(),
            means,
            detail,
        });
        fact
    };
    model.apply(&with_verdict(1, 100, (90, true)));
    model.apply(&with_verdict(2, 110, (90, true)));
    let edit = model.decide(at(110)).backups.pop().expect("learnt");
    let told: Vec<_> = edit.verifications.iter().map(|v| (v.artefact.as_str(), v.passed, v.actor.as_str())).collect();
    assert_eq!(told, [("dump-0", true, "agen/a")]);
    assert_eq!(model.backups[0].1.verified_point(), Some((at(90), Some(at(0)))));
    assert_eq!(model.backups[0].1.suspicions(at(110)), []);
    model.apply(&with_verdict(3, 210, (200, false)));
    assert_eq!(model.backups[0].1.suspicions(at(210)), [Suspicion::Refuted]);
    assert_eq!(model.decide(at(210)).backups.pop().expect("learnt").verifications[0].note, "restic: broken pack");
}

/// Event and message of every notice that is decided at an instant.
fn notices(model: &mut Model, now: i64) -> Vec<(&'static str, String)> {
    let told = model.decide(at(now)).notices.into_iter().filter_map(|notice| notice.told);
    told.map(|(event, condition)| (event, condition.symptom.id)).collect()
}

#[test]
fn a_set_at_risk_is_told_once_and_its_end_unless_a_ticket_takes_over() {
    let mut model = model();
    model.apply(&look(1, 10, &[0], ""));
    assert_eq!(notices(&mut model, 2879), []);
    assert_eq!(notices(&mut model, 2880), [("at_risk", "symptom-backup-at-risk".to_owned())]);
    model.touch_everything();
    assert_eq!(notices(&mut model, 3000), []);
    model.apply(&look(2, 3100, &[0, 3000], ""));
    assert_eq!(notices(&mut model, 3100), [("risk_over", "symptom-backup-risk-over".to_owned())]);
    // Another episode, which breaks the RPO: the ticket speaks from there on.
    assert_eq!(notices(&mut model, 5880), [("at_risk", "symptom-backup-at-risk".to_owned())]);
    let plan = model.decide(at(6600));
    assert_eq!(plan.notices.iter().map(|n| (n.open, n.told.is_some())).collect::<Vec<_>>(), [(false, false)]);
}

/// A look of the first days that came weeks after its month was final.
fn late(id: i64, when: i64, received: i64, data: &[i64]) -> Fact {
    Fact { received_at: at(received), ..look(id, when, data, "") }
}

const DAY: i64 = 86_400;

#[test]
fn a_record_that_comes_for_a_final_month_is_proposed_and_held() {
    let mut model = model();
    model.apply(&look(1, 10, &[-100], ""));
    assert_eq!(model.decide(at(10)).late_backups, []);
    // The month of the first days is final by then; nobody had seen the second backup.
    model.apply(&late(2, 5000, 60 * DAY, &[-100, 3000]));
    let plan = model.decide(at(60 * DAY));
    let [proposal] = plan.late_backups.as_slice() else { panic!("one proposal: {:?}", plan.late_backups) };
    let held: Vec<_> = proposal.late.held.iter().map(|held| (held.artefact.as_str(), held.before.is_none())).collect();
    assert_eq!(held, [("dump-3000", true)]);
    assert_eq!(proposal.interval.from, at(3060), "from its own end on");
    let (entries, audit) =
        super::registers::late_records(&model.register, (&plan.late, &plan.late_backups), at(60 * DAY));
    assert_eq!((entries.len(), audit.len(), audit[0].action), (1, 1, "correction.propose"));
    model.note_proposed(entries);
    let set = pantau_shared::ids::BackupSetId::parse("dump").expect("valid");
    assert_eq!(model.rulebook.held_back(&set).len(), 1);
    // The same again proposes nothing; what is seen of the present is never held.
    model.apply(&late(3, 5010, 60 * DAY + 5, &[-100, 3000]));
    model.apply(&look(4, 60 * DAY + 10, &[-100, 3000, 60 * DAY - 600], ""));
    assert_eq!(model.decide(at(60 * DAY + 10)).late_backups, []);
}

#[test]
fn a_set_that_nobody_watched_in_a_final_month_stays_unwatched_there() {
    let mut model = model();
    model.apply(&late(1, 10, 60 * DAY, &[-100]));
    assert_eq!(model.decide(at(60 * DAY)).late_backups, []);
    let begins = model.backups[0].1.history().look().begins_at.expect("looked at");
    let settled = crate::domain::register::finality::final_until(model.profile.time_zone, at(60 * DAY));
    assert_eq!(begins, settled);
}

#[test]
fn logs_are_judged_with_their_base_and_follow_what_becomes_of_it() {
    let mut catalogue = catalogue(&["a"]);
    let base = catalogue.services[0].backups[0].clone();
    let id = pantau_shared::ids::BackupSetId::parse("log").expect("valid");
    let log = crate::domain::catalogue::BackupSet { id, base: Some(base.id.clone()), ..base };
    catalogue.services[0].backups.push(log);
    let mut model = Model::new(Arc::new(catalogue), Arc::new(bangka_2025()), at(0), at(0));
    model.refresh_hosts(vec![record("a", at(0))]);
    let of_logs = |mut fact: Fact| {
        let FactBody::Backup(seen) = &mut fact.body else { unreachable!("a look") };
        seen.set = "log".into();
        fact
    };
    let newest = |model: &Model, now| model.backups[1].1.usable(at(now)).map(|backup| backup.data_time);
    model.apply(&of_logs(look(1, 400, &[0, 200], "")));
    model.decide(at(400));
    assert_eq!(newest(&model, 400), None, "segments alone restore nothing");
    model.apply(&look(2, 410, &[100], ""));
    model.decide(at(410));
    assert_eq!(newest(&model, 410), Some(at(200)), "the piece after the base");
    // The base goes: so does what its logs are worth.
    model.apply(&look(3, 500, &[], ""));
    model.decide(at(500));
    assert_eq!(newest(&model, 501), None);
}
