//! The engine's model without store and clock: a timeline goes in, ledger and tickets come out.
//!
//! A timeline has one line per vantage: `host: .` good, `x` failed, `~` slow, `?` the probe's own fault, `_` nothing
//! came; one sign per ten seconds. Tickets are judged after every sign.

use super::load::{self, StoredAnswers};
use super::model::{Model, Plan, PlannedChange};
use super::service_model::policy_of;
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::Catalogue;
use crate::domain::interval::Interval;
use crate::domain::state::{CheckResult, Quorum, State, StateInterval, Timeline, Vantage, VantageTrack};
use crate::domain::ticket::open::{Report, open};
use crate::domain::ticket::{Ticket, TicketNumber, TicketState};
use crate::store::StoreError;
use crate::store::records::{Fact, FactBody, HostRecord, LedgerEdit, ProbeFact};
use pantau_shared::backup::{BackupArtefact, BackupObservation, BackupStatus};
use pantau_shared::ids::{CheckId, HostId};
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use pantau_shared::timestamp::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

pub(super) const START: i64 = 1_780_000_000;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(START + seconds)
}

pub(super) fn catalogue(hosts: &[&str]) -> Catalogue {
    catalogue_with(hosts, "")
}

/// The same with more at its end.
pub(super) fn catalogue_with(hosts: &[&str], more: &str) -> Catalogue {
    let list: Vec<String> = hosts.iter().map(|h| format!("\"{h}\"")).collect();
    let text = format!(
        r#"
[pemantauan]
periode_sampel = "10s"
host_senyap_setelah = "60s"
[tickets]
resolve_after_seconds = 30
reopen_window_seconds = 120
[[layanan]]
id = "simpeg"
nama = "SIMPEG"
deskripsi = "d"
penyedia = "p"
cara_akses = "a"
kontak_bantuan = "k"
waktu_bantuan = "w"
kelompok = "publik"
klasifikasi = "kritis"
rpo = "1h"
[[layanan.pemeriksaan]]
id = "web"
jenis = "tcp"
alamat = "x"
port = 80
dari = [{list}]
selang = "10s"
[[layanan.cadangan]]
id = "dump"
host = "a"
pola = "/b/*"
selang = "10s"
{more}"#,
        list = list.join(", ")
    );
    crate::config::catalogue::parse("test", &text, 1, &bangka_2025()).expect("valid")
}

fn model(hosts: &[&str]) -> Model {
    Model::new(Arc::new(catalogue(hosts)), Arc::new(bangka_2025()), at(0), at(0))
}

pub(super) fn host(name: &str) -> HostId {
    HostId::parse(name).expect("valid")
}

pub(super) fn record(name: &str, seen: Timestamp) -> HostRecord {
    HostRecord {
        id: host(name),
        public_key: vec![],
        machine_id_hash: String::new(),
        joined_at: at(0),
        revoked_at: None,
        last_seen_at: Some(seen),
        boot_id: None,
        started: None,
        observations_accepted: 0,
        observations_lost: 0,
    }
}

pub(super) fn probe(name: &str, when: Timestamp, verdict: ProbeVerdict) -> Fact {
    let mut outcome = ProbeOutcome { check: "web".into(), reason: "refused".into(), ..ProbeOutcome::default() };
    outcome.set_verdict(verdict);
    Fact { id: 0, host: host(name), at: when, received_at: when, body: FactBody::Probe(outcome) }
}

pub(super) fn verdict(sign: char) -> Option<ProbeVerdict> {
    match sign {
        '.' => Some(ProbeVerdict::Ok),
        'x' => Some(ProbeVerdict::Failed),
        '~' => Some(ProbeVerdict::Degraded),
        '?' => Some(ProbeVerdict::ProbeError),
        _ => None,
    }
}

/// Commits a plan to the model as the task does; what happened to tickets, in words.
pub(super) fn commit(model: &mut Model, plan: Plan, now: Timestamp, log: &mut Vec<String>) {
    for change in plan.changes {
        let (word, ticket): (&str, Ticket) = match change {
            PlannedChange::Open(condition, related) => {
                let next = model.tickets.keys().map(|n| n.number).max().unwrap_or(0) + 1;
                let number = TicketNumber { year: 2026, number: next };
                let report = Report { reporter: None, condition: &condition, related };
                let (mut ticket, _) = open(&report, number, &model.catalogue, &model.profile, now);
                ticket.reported_at = plan.detected.get(&ticket.key).copied().unwrap_or(now);
                ("opened", ticket)
            }
            PlannedChange::Change { ticket, event, .. } => (event.unwrap_or("silent"), *ticket),
            PlannedChange::Release(ticket) => ("released", *ticket),
        };
        let began = ticket.restored_at.unwrap_or(ticket.onset_at).as_secs() - START;
        let (n, priority) = (ticket.number.number, ticket.priority.number());
        log.push(format!("{}s {word} {n} {} P{priority} from {began}s", now.as_secs() - START, ticket.key));
        model.committed(ticket);
    }
    model.committed_held(plan.admitted.held, now);
}

pub(super) fn ledger_text(ledger: &Timeline, until: i64) -> String {
    let mut out = String::new();
    for s in ledger.segments(Interval::new(at(0), at(until))) {
        let (from, to) = (s.interval.from.as_secs() - START, s.interval.to.as_secs() - START);
        write!(out, "{} {from}-{to} ", s.state.name()).expect("writes");
    }
    out.trim_end().to_owned()
}

#[track_caller]
fn check(timeline: &str, ledger: &str, tickets: &[&str]) {
    let rows: Vec<(&str, Vec<char>)> = timeline
        .split_whitespace()
        .map(|row| row.split_once(':').expect("host: signs"))
        .map(|(name, signs)| (name, signs.chars().collect()))
        .collect();
    let names: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
    let mut model = model(&names);
    let mut log = Vec::new();
    let length = rows.iter().map(|(_, signs)| signs.len()).max().unwrap_or(0);
    for index in 0..length {
        let now = at(i64::try_from(index).expect("small") * 10);
        for (name, signs) in &rows {
            if let Some(verdict) = signs.get(index).and_then(|s| verdict(*s)) {
                model.apply(&probe(name, now, verdict));
            }
        }
        let plan = model.decide(now);
        commit(&mut model, plan, now, &mut log);
        assert_eq!(model.decide(now), Plan::default(), "a second evaluation changes nothing");
    }
    log.retain(|line| !line.contains("backup:"));
    assert_eq!(ledger_text(&model.services[0].ledger, i64::try_from(length).expect("small") * 10), ledger);
    assert_eq!(log, tickets, "{timeline}");
}

#[test]
fn ledger_and_tickets_of_one_vantage() {
    check("a:......", "up 0-60", &[]);
    check("a:..x...", "up 0-60", &[]);
    check(
        "a:..xxx......",
        "up 0-20 down 20-50 up 50-110",
        &["30s opened 1 service:simpeg|akses P1 from 20s", "80s restored 1 service:simpeg|akses P1 from 50s"],
    );
    // The service falls silent: unknown after 25 s, and the ticket stays as it is.
    check(
        "a:..xxx____________",
        "up 0-20 down 20-65 unknown 65-170",
        &["30s opened 1 service:simpeg|akses P1 from 20s"],
    );
    // Slow answers: Minor after two periods; then down: the same ticket becomes Mayor.
    check(
        "a:.~~~~xx.",
        "up 0-10 degraded 10-50 down 50-70 up 70-80",
        &["30s opened 1 service:simpeg|akses P3 from 10s", "60s updated 1 service:simpeg|akses P1 from 10s"],
    );
}

#[test]
fn what_comes_and_goes_is_told_once_and_needs_a_long_good_time() {
    let turns = "xx....".repeat(4);
    check(
        &format!("a:{turns}{}", ".".repeat(180)),
        "down 0-20 up 20-60 down 60-80 up 80-120 down 120-140 up 140-180 down 180-200 up 200-2040",
        &[
            "10s opened 1 service:simpeg|akses P1 from 0s",
            "50s restored 1 service:simpeg|akses P1 from 20s",
            "70s recurred 1 service:simpeg|akses P1 from 0s",
            "110s restored 1 service:simpeg|akses P1 from 80s",
            "130s flapping 1 service:simpeg|akses P1 from 0s",
            "190s silent 1 service:simpeg|akses P1 from 0s",
            // Tabel 14: nobody answered within a quarter of an hour.
            "910s escalated 1 service:simpeg|akses P1 from 0s",
            "2000s restored 1 service:simpeg|akses P1 from 200s",
        ],
    );
}

#[test]
fn levels_are_reached_by_time_alone_and_each_once() {
    let mut model = model(&["a"]);
    let mut log = Vec::new();
    for minute in 0..60 * 30 {
        let now = at(minute * 60);
        for tenth in 0..6 {
            model.apply(&probe("a", now.plus_secs(tenth * 10), ProbeVerdict::Failed));
        }
        let now = now.plus_secs(59);
        // Opened, escalated, …: one thing at a time.
        for _ in 0..3 {
            let plan = model.decide(now);
            commit(&mut model, plan, now, &mut log);
        }
    }
    log.retain(|line| !line.contains("backup:"));
    assert_eq!(
        log,
        [
            "59s opened 1 service:simpeg|akses P1 from 0s",
            "959s escalated 1 service:simpeg|akses P1 from 0s",
            // 24 h from the report on.
            "86459s escalated 1 service:simpeg|akses P1 from 0s",
        ]
    );
    let ticket = model.tickets.values().find(|t| t.key.to_string() == "service:simpeg|akses").expect("is open");
    assert_eq!((ticket.state, ticket.life.escalation_level), (TicketState::Dieskalasi, 3));
}

#[test]
fn recurrence_is_the_same_ticket_and_later_another_one() {
    check(
        "a:xx.....xx.",
        "down 0-20 up 20-70 down 70-90 up 90-100",
        &[
            "10s opened 1 service:simpeg|akses P1 from 0s",
            "50s restored 1 service:simpeg|akses P1 from 20s",
            "80s recurred 1 service:simpeg|akses P1 from 0s",
        ],
    );
    check(
        "a:xx.............xx",
        "down 0-20 up 20-150 down 150-170",
        &[
            "10s opened 1 service:simpeg|akses P1 from 0s",
            "50s restored 1 service:simpeg|akses P1 from 20s",
            "160s released 1 service:simpeg|akses P1 from 20s",
            // Number 2 is the backup set that nobody looked at.
            "160s opened 3 service:simpeg|akses P1 from 150s",
        ],
    );
}

#[test]
fn one_failing_vantage_of_three_is_no_outage() {
    check("a:xxxxxx b:...... c:......", "degraded 0-60", &["20s opened 1 service:simpeg|akses P3 from 0s"]);
    check("a:xxx b:xxx c:...", "down 0-30", &["10s opened 1 service:simpeg|akses P1 from 0s"]);
}

#[test]
fn a_silent_host_opens_and_being_heard_restores() {
    let mut model = model(&["a"]);
    let mut log = Vec::new();
    for (now, seen) in [(0, 0), (50, 0), (60, 0), (90, 0), (100, 95), (124, 120), (125, 125)] {
        model.refresh_hosts(vec![record("a", at(seen))]);
        let plan = model.decide(at(now));
        commit(&mut model, plan, at(now), &mut log);
    }
    assert_eq!(
        log,
        [
            "60s opened 1 host:a|kehilangan_pemantauan P6 from 0s",
            "125s restored 1 host:a|kehilangan_pemantauan P6 from 95s",
        ]
    );
}

#[test]
fn a_backup_set_is_judged_by_its_rpo_and_by_never_being_seen() {
    let look = |when: i64, data: Option<i64>| {
        let artefact = |data: i64| {
            let ms = Some(at(data).as_ms());
            let mut artefact =
                BackupArtefact { name: "d".into(), data_time_ms: ms, ended_at_ms: ms, ..BackupArtefact::default() };
            artefact.set_status(BackupStatus::Ok);
            artefact
        };
        let artefacts = data.map(artefact).into_iter().collect();
        let body = BackupObservation { set: "dump".into(), artefacts, ..BackupObservation::default() };
        Fact { id: 0, host: host("a"), at: at(when), received_at: at(when), body: FactBody::Backup(body) }
    };
    let mut model = model(&["a"]);
    let mut log = Vec::new();
    for (now, seen) in [
        (129, None),
        (130, None),
        (140, Some(100)),
        (200, None),
        (3699, Some(100)),
        (3700, None),
        (3800, Some(3750)),
        (3801, None),
    ] {
        if let Some(data) = seen {
            model.apply(&look(now, Some(data)));
        }
        let plan = model.decide(at(now));
        commit(&mut model, plan, at(now), &mut log);
    }
    assert_eq!(
        log,
        [
            "130s opened 1 backup:dump|cadangan P3 from 130s",
            "140s restored 1 backup:dump|cadangan P3 from 130s",
            "3700s released 1 backup:dump|cadangan P3 from 130s",
            "3700s opened 2 backup:dump|cadangan P3 from 3700s",
            "3800s restored 2 backup:dump|cadangan P3 from 3750s",
        ]
    );
}

/// Stored answers, in memory.
#[derive(Default)]
pub(super) struct Answers(BTreeMap<(HostId, String), BTreeMap<Timestamp, ProbeFact>>);

impl Answers {
    /// Keeps an answer; false: there is one of that instant, and the first counts.
    pub(super) fn keep(&mut self, fact: &Fact) -> bool {
        let FactBody::Probe(outcome) = &fact.body else { return false };
        let kept =
            ProbeFact { host: fact.host.clone(), at: fact.at, received_at: fact.received_at, outcome: outcome.clone() };
        let list = self.0.entry((fact.host.clone(), outcome.check.clone())).or_default();
        let new = !list.contains_key(&fact.at);
        if new {
            list.insert(fact.at, kept);
        }
        new
    }

    fn of(&self, check: &CheckId, host: &HostId) -> &BTreeMap<Timestamp, ProbeFact> {
        static NONE: BTreeMap<Timestamp, ProbeFact> = BTreeMap::new();
        self.0.get(&(host.clone(), check.to_string())).unwrap_or(&NONE)
    }
}

impl StoredAnswers for Answers {
    fn newest_before(
        &self,
        check: &CheckId,
        host: &HostId,
        at: Timestamp,
        limit: usize,
    ) -> Result<Vec<ProbeFact>, StoreError> {
        Ok(self.of(check, host).range(..=at).rev().take(limit).map(|(_, p)| p.clone()).collect())
    }

    fn between(
        &self,
        check: &CheckId,
        host: &HostId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<ProbeFact>, StoreError> {
        let window = if from < to { from..to } else { to..to };
        Ok(self.of(check, host).range(window).take(limit).map(|(_, p)| p.clone()).collect())
    }
}

/// Replays what is late at once.
pub(super) fn replay_late(answers: &Answers, model: &mut Model, now: Timestamp) {
    let places = std::mem::take(&mut model.isolation.late);
    if !places.is_empty() {
        let mut isolation = model.isolation.clone();
        places.iter().for_each(|place| isolation.reload(answers, *place, now).expect("reads"));
        model.take_isolation(isolation, &places);
    }
    let mut late = model.take_late(now, 0, usize::MAX);
    for late in &mut late {
        late.from = load::replay(answers, &mut late.service, Some(late.at), now).expect("reads");
    }
    model.put_back(late, now);
}

/// The ledger by definition: every vantage from all its answers, then the quorum.
fn by_definition(model: &Model, answers: &Answers) -> Timeline {
    let service = &model.services[0];
    let policy = policy_of(&service.service.checks[0]);
    let mut horizon = at(0);
    let timelines: Vec<Timeline> = service
        .vantages
        .iter()
        .map(|v| {
            let mine = answers.of(&service.service.checks[v.check].id, &v.host).values();
            let results: Vec<CheckResult> =
                mine.map(|p| CheckResult { at: p.at, outcome: p.outcome.verdict().into() }).collect();
            let Some(last) = results.last() else { return Timeline::unknown() };
            let until = last.at.plus_ms(i64::try_from(policy.stale_after_ms).expect("small"));
            horizon = horizon.max(until);
            Timeline::from_intervals(VantageTrack::evaluate(policy, &results, until).expect("in order"))
        })
        .collect();
    let views: Vec<Vantage<'_>> = timelines.iter().map(|timeline| Vantage { timeline, decisive: false }).collect();
    Timeline::from_intervals(Quorum::for_vantages(views.len()).merge(&views, Interval::new(at(-10_000), horizon)))
}

/// The stored rows after the edits, as the store applies them.
fn apply_edit(rows: &mut Vec<StateInterval>, edit: &LedgerEdit) {
    rows.retain(|r| r.interval.from < edit.replace_from);
    if let Some(last) = rows.last_mut() {
        last.interval.to = last.interval.to.min(edit.replace_from);
    }
    rows.extend(edit.rows.iter().map(|r| StateInterval { interval: Interval::new(r.from, r.to), state: r.state }));
}

proptest! {
    /// Late, duplicated and shuffled answers, evaluated at every step, give the ledger that all answers give at once,
    /// in memory and in the rows that were committed. A failure prints its seed.
    #[test]
    fn the_incremental_ledger_is_the_full_one(
        signs in prop::collection::vec((0_usize..3, 0_i64..90, prop::sample::select(vec!['.', '.', 'x', 'x', '~', '?'])), 1..80),
        delays in prop::collection::vec(0_usize..8, 80),
    ) {
        let mut model = model(&["a", "b", "c"]);
        let mut arrivals: Vec<(usize, Fact)> = signs.iter().zip(&delays).enumerate().map(|(index, ((vantage, step, sign), delay))| {
            let when = at(i64::try_from(index).expect("small") * 4 + step / 30);
            (index + delay, probe(["a", "b", "c"][*vantage], when, verdict(*sign).expect("a sign")))
        }).collect();
        arrivals.sort_by_key(|(arrival, _)| *arrival);
        let (mut answers, mut rows) = (Answers::default(), Vec::new());
        for (_, fact) in arrivals {
            if !answers.keep(&fact) {
                continue;
            }
            model.apply(&fact);
            replay_late(&answers, &mut model, fact.at.plus_secs(1));
            for edit in model.decide(fact.at.plus_secs(1)).ledger {
                for row in &edit.rows {
                    prop_assert!(row.from < row.to && row.from >= edit.replace_from && row.state != State::Unknown);
                }
                apply_edit(&mut rows, &edit);
            }
        }
        let expected = by_definition(&model, &answers);
        prop_assert_eq!(&model.services[0].ledger, &expected);
        prop_assert_eq!(&Timeline::from_intervals(rows), &expected);
    }
}
