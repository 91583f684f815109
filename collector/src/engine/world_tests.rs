//! Random worlds: hosts come and go, checks fail, disks fill, backups grow old, people close tickets, answers come late.
//! The engine that looks at what was touched or is due decides the same, step by step, as one that looks at everything.

use super::model::{Model, Plan};
use super::shown;
use super::tests::{Answers, at, catalogue_with, commit, host, probe, record, replay_late, verdict};
use crate::config::profile::bangka_2025;
use crate::domain::availability::MaintenanceStatus;
use crate::domain::catalogue::{AvailabilityTarget, ServiceId};
use crate::domain::interval::Interval;
use crate::domain::register::maintenance::Decided;
use crate::domain::register::recurrence::Recurrence;
use crate::domain::register::{MaintenancePlan, Register, Signature};
use crate::domain::ticket::{TicketAction, transition};
use crate::explain::scene::{self, Moment};
use crate::snapshot::{OutboxView, Snapshot};
use crate::store::records::{Fact, FactBody, HostHeard};
use pantau_shared::backup::{BackupArtefact, BackupObservation, BackupStatus};
use pantau_shared::sample::{Filesystem, Sample};
use pantau_shared::timestamp::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const HOSTS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// Approved maintenance of the service and of three hosts.
pub(super) fn plan(number: u32, from: i64, to: i64) -> MaintenancePlan {
    let sign = Signature { by: "budi".into(), at: at(0) };
    MaintenancePlan {
        number,
        services: vec![ServiceId::parse("simpeg").expect("valid")],
        hosts: ["a", "d", "e"].map(host).to_vec(),
        title: "t".into(),
        reason: "r".into(),
        evidence: String::new(),
        planned: Interval::new(at(from), at(to)),
        recurrence: Recurrence::Once,
        until: None,
        state: MaintenanceStatus::Approved,
        proposed: sign.clone(),
        decided: Some(Decided { sign, reason: String::new() }),
        announced: None,
        cancelled: None,
        exceptions: BTreeMap::new(),
    }
}

/// Two engines that get the same, and what the world knows.
struct World {
    touched: Model,
    full: Model,
    answers: Answers,
    away: [bool; 8],
    /// Everyone is away, whatever `away` says.
    cut_off: bool,
    revoked: [bool; 8],
    seen: [Timestamp; 8],
    log: (Vec<String>, Vec<String>),
}

impl World {
    fn new() -> Self {
        let witness = "[[saksi]]\nid = \"gw\"\njenis = \"icmp\"\nalamat = \"10.0.0.1\"\ndari = [\"a\", \"b\"]\n";
        let mut catalogue = catalogue_with(&["a", "b", "c"], witness);
        catalogue.services[0].target = Some(AvailabilityTarget { ppm: 999_000 });
        catalogue.thresholds.iter_mut().for_each(|t| t.hold_seconds = 20);
        let model = || Model::new(Arc::new(catalogue.clone()), Arc::new(bangka_2025()), at(0), at(0));
        let mut world = Self {
            touched: model(),
            full: model(),
            answers: Answers::default(),
            away: [false; 8],
            cut_off: false,
            revoked: [false; 8],
            seen: [at(0); 8],
            log: (Vec::new(), Vec::new()),
        };
        (0..HOSTS.len()).for_each(|place| world.refresh(place));
        let plans = || vec![plan(1, 300, 700), plan(2, 1000, 1100)];
        world.both(|model| model.take_register(Register::new(plans(), Vec::new())));
        world
    }

    fn both(&mut self, mut act: impl FnMut(&mut Model)) {
        act(&mut self.touched);
        act(&mut self.full);
    }

    fn refresh(&mut self, place: usize) {
        let mut record = record(HOSTS[place], self.seen[place]);
        record.revoked_at = self.revoked[place].then(|| at(0));
        self.both(|model| model.refresh_hosts(vec![record.clone()]));
    }

    /// Everyone who is there is heard, with a disk that is `used` full.
    fn round(&mut self, used: u64, now: Timestamp) {
        for (place, name) in HOSTS.into_iter().enumerate() {
            if self.away[place] || self.cut_off || self.revoked[place] {
                continue;
            }
            self.seen[place] = now;
            let news = HostHeard { last_seen_at: now, ..HostHeard::default() };
            let disk = Filesystem {
                mount_point: "/".into(),
                size_bytes: Some(1000),
                free_bytes: Some(1000 - used),
                ..Filesystem::default()
            };
            let sample = Sample { filesystems: vec![disk], ..Sample::default() };
            let body = FactBody::Sample(Arc::new(sample));
            let fact = Fact { id: 1, host: host(name), at: now, received_at: now, body };
            self.both(|model| {
                model.take_news(BTreeMap::from([(host(name), news.clone())]));
                model.apply(&fact);
            });
        }
    }

    fn answer(&mut self, place: usize, when: Timestamp, now: Timestamp, sign: char) {
        self.take(&probe(HOSTS[place % 3], when, verdict(sign).expect("a sign")), now);
    }

    /// A witness answers to one of the two vantages that ask it.
    fn testify(&mut self, place: usize, when: Timestamp, now: Timestamp, sign: char) {
        let mut fact = probe(HOSTS[place % 2], when, verdict(sign).expect("a sign"));
        if let FactBody::Probe(outcome) = &mut fact.body {
            outcome.check = "gw".into();
        }
        self.take(&fact, now);
    }

    fn take(&mut self, fact: &Fact, now: Timestamp) {
        if !self.answers.keep(&Fact { received_at: now, ..fact.clone() }) {
            return;
        }
        self.both(|model| model.apply(fact));
        replay_late(&self.answers, &mut self.touched, now);
        replay_late(&self.answers, &mut self.full, now);
    }

    fn look(&mut self, data: Timestamp, now: Timestamp) {
        let ms = Some(data.as_ms());
        let mut artefact =
            BackupArtefact { name: "d".into(), data_time_ms: ms, ended_at_ms: ms, ..BackupArtefact::default() };
        artefact.set_status(BackupStatus::Ok);
        let body = BackupObservation { set: "dump".into(), artefacts: vec![artefact], ..BackupObservation::default() };
        let fact = Fact { id: 0, host: host("a"), at: now, received_at: now, body: FactBody::Backup(body) };
        self.both(|model| model.apply(&fact));
    }

    /// A person cancels one of the open tickets.
    fn cancel(&mut self, choice: usize, now: Timestamp) {
        let open: Vec<_> = self.touched.tickets.values().cloned().collect();
        let Some(ticket) = open.get(choice % open.len().max(1)) else { return };
        let action = TicketAction::Cancel { reason: "uji".into(), false_alarm: false };
        if let Ok((after, _)) = transition::act(ticket, &action, "Sari", now, &bangka_2025()) {
            self.both(|model| model.committed(after.clone()));
        }
    }

    fn happen(&mut self, kind: u8, place: usize, value: i64, now: Timestamp) {
        match kind {
            0..=3 => self.round(if value > 60 { 950 } else { 100 }, now),
            4 => self.answer(place, now, now, if value > 50 { 'x' } else { '.' }),
            5 => self.answer(place, now, now, if value > 50 { '~' } else { '?' }),
            6 => self.answer(place, now.plus_secs(-value), now, if value % 2 == 0 { 'x' } else { '.' }),
            7 => self.look(now.plus_secs(-value * 40), now),
            8 => self.away[place] = !self.away[place],
            9 => self.cut_off = !self.cut_off,
            10 => self.cancel(place, now),
            11 | 12 => self.testify(place, now, now, if value > 30 { 'x' } else { '.' }),
            13 => self.testify(place, now.plus_secs(-value), now, if value % 3 == 0 { '.' } else { 'x' }),
            _ => {
                self.revoked[place] = !self.revoked[place];
                self.refresh(place);
            }
        }
    }

    /// Both decide and commit; what each found.
    fn step(&mut self, now: Timestamp) -> (Plan, Plan) {
        self.full.touch_everything();
        let plans = (self.touched.decide(now), self.full.decide(now));
        commit(&mut self.touched, plans.0.clone(), now, &mut self.log.0);
        commit(&mut self.full, plans.1.clone(), now, &mut self.log.1);
        plans
    }

    fn seen_by_outputs(&mut self, now: Timestamp) -> (String, String) {
        let one = |model: &mut Model| text(&shown::build(model, OutboxView::default(), false, now));
        (one(&mut self.touched), one(&mut self.full))
    }
}

/// What pages see that passing of time alone may change, figures aside.
fn text(site: &Snapshot) -> String {
    let services: Vec<_> = site.services.iter().map(|s| (s.state, s.since, &s.checks)).collect();
    let hosts: Vec<_> = site.hosts.iter().map(|h| (&h.id, h.silent, h.last_seen_at, &h.rates)).collect();
    let backups: Vec<_> = site.backups.iter().map(|b| (b.state, b.data_time)).collect();
    let tickets: Vec<_> = site.tickets.iter().map(|t| (t.number, t.version)).collect();
    format!("{services:?}\n{hosts:?}\n{backups:?}\n{tickets:?}")
}

proptest! {
    /// A failure prints its seed.
    #[test]
    fn what_is_touched_or_due_decides_as_everything_does(
        steps in prop::collection::vec((0_i64..45, 0_u8..15, 0_usize..8, 0_i64..100), 1..90),
        asked in prop::collection::vec(0_i64..1000, 12),
    ) {
        let (mut world, mut now) = (World::new(), at(0));
        for (index, (seconds, kind, place, value)) in steps.into_iter().enumerate() {
            now = now.plus_ms(seconds * 1000 + value);
            world.happen(kind, place, value, now);
            // Twice: a commit touches what it changed.
            for look in 0..2 {
                let (touched, full) = world.step(now);
                prop_assert_eq!(&touched, &full, "step {} look {} at {}\n{:#?}", index, look, now, world.log.1);
            }
            for (one, other) in world.touched.services.iter().zip(&world.full.services) {
                prop_assert_eq!(&one.ledger, &other.ledger, "step {} at {}", index, now);
            }
            let (touched, full) = world.seen_by_outputs(now);
            prop_assert_eq!(touched, full, "step {} at {}", index, now);
        }
        // What an explanation finds in the stored answers is what the ledger says, at any instant.
        let (service, lived_ms) = (&world.touched.services[0], now.ms_since(at(0)));
        let rims = service.ledger.changes().iter().flat_map(|(rim, _)| [rim.plus_ms(-1), *rim]).filter(|rim| *rim <= now);
        let drawn = asked.into_iter().map(|share| at(0).plus_ms(lived_ms * share / 1000));
        for asked in drawn.chain(rims.collect::<Vec<_>>()) {
            let scene = scene::load(&world.answers, &service.service, Moment::Asked, asked).expect("reads");
            prop_assert_eq!(scene.state, service.ledger.state_at(asked), "at {}: {:#?}", asked, scene);
        }
    }
}
