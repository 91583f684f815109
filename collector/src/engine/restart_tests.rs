//! An engine that is killed or stopped at any moment and started again knows what one knows that never stopped; also in
//! the middle of a storm, and also without its checkpoint.

use super::checkpoint::SLICES;
use super::{Engine, EngineOptions, EngineTask};
use crate::clock::Clock;
use crate::config::profile::bangka_2025;
use crate::domain::phrase::Phrase;
use crate::domain::route::Routing;
use crate::self_stats::SelfStats;
use crate::store::Store;
use crate::store::records::{CheckpointSlice, Decision, FactCursor, HostKey, JoinTokenRecord, ReceivedBatch};
use pantau_shared::envelope::{Observation, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use pantau_shared::sample::{CpuTimes, Filesystem, Interface, Sample, Timekeeping, Units};
use pantau_shared::timestamp::Timestamp;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::sync::Arc;

const START: i64 = 1_780_000_000;
const CATALOGUE: &str = r#"
[tickets]
resolve_after_seconds = 20
[[ambang]]
metrik = "storage"
alarm_persen = 90
pulih_persen = 85
selama = "30s"
[[ambang]]
metrik = "cpu"
alarm_persen = 90
pulih_persen = 80
selama = "20s"
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
[[layanan.pemeriksaan]]
id = "web"
jenis = "tcp"
alamat = "x"
port = 80
dari = ["h0", "h1"]
selang = "10s"
"#;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(START + seconds)
}

struct Site {
    store: Store,
    clock: Clock,
    hosts: Vec<HostId>,
    catalogue: &'static str,
    seq: u64,
    task: Option<EngineTask>,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn new(hosts: usize) -> Self {
        Self::of(hosts, CATALOGUE).await
    }

    async fn of(hosts: usize, catalogue: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("pantau.db"), at(0)).expect("opens");
        let hosts: Vec<HostId> = (0..hosts).map(|n| HostId::parse(&format!("h{n}")).expect("valid")).collect();
        for (number, host) in (0_u8..).zip(hosts.clone()) {
            let (token, key) = ([number; 32], HostKey { public_key: vec![number; 32], machine_id_hash: "m".into() });
            let (created_at, expires_at) = (at(0), at(100));
            let record = JoinTokenRecord { secret_hash: token, host, replace: false, created_at, expires_at };
            let joined = store.write(move |w| {
                w.create_join_token(&record)?;
                w.redeem_join_token(&token, &key, at(0))
            });
            joined.await.expect("commits").expect("joins");
        }
        let mut site =
            Self { store, clock: Clock::manual(at(0)), hosts, catalogue, seq: 0, task: None, _folder: folder };
        site.start();
        site
    }

    fn start(&mut self) {
        self.task = None;
        let options = EngineOptions {
            store: self.store.clone(),
            clock: self.clock.clone(),
            profile: Arc::new(bangka_2025()),
            catalogue: Arc::new(
                crate::config::catalogue::parse("k", self.catalogue, 1, &bangka_2025()).expect("valid"),
            ),
            catalogue_applied_at: at(0),
            routing: Routing::to_all(&["meja"]),
            render: Arc::new(|phrase: &Phrase| phrase.id.clone()),
            stats: Arc::new(SelfStats::default()),
            demo: false,
        };
        self.task = Some(Engine::start(options).expect("starts").1);
    }

    async fn send(&mut self, host: usize, bodies: Vec<ObservationBody>) {
        let now = self.clock.now();
        self.send_seen(host, bodies.into_iter().map(|body| (now, body)).collect()).await;
    }

    /// Sends now what was seen at these times.
    async fn send_seen(&mut self, host: usize, seen: Vec<(Timestamp, ObservationBody)>) {
        let now = self.clock.now();
        let mut observations = Vec::new();
        for (at, body) in seen {
            self.seq += 1;
            observations.push((at, Observation { seq: self.seq, at_ms: at.as_ms(), age_ms: None, body: Some(body) }));
        }
        let (host, boot_id) = (self.hosts[host].clone(), "b".to_owned());
        let batch = ReceivedBatch { host, stream: vec![7; 16], boot_id, received_at: now, observations };
        self.store.write(move |w| w.accept_batch(batch)).await.expect("accepted");
    }

    async fn evaluate(&mut self) {
        self.task.as_mut().expect("started").evaluate().await.expect("evaluates");
    }

    /// What the engine knows.
    fn known(&self) -> String {
        let model = &self.task.as_ref().expect("started").model;
        let mut out = format!("{:?}\n", model.cursor);
        for host in model.hosts.iter() {
            let newest = host.newest.as_ref().map(|n| (n.at, n.sample.as_ref()));
            let wellbeing = (&host.units, &host.own_clock, &host.outlooks);
            let line = (&host.record, host.heard_since, newest, &host.rates, &host.tracks, host.held, wellbeing);
            writeln!(out, "{line:?}").expect("writes");
        }
        let waits: std::collections::BTreeMap<_, _> = model.groups.waits().collect();
        writeln!(out, "{waits:?}").expect("writes");
        for service in &model.services {
            writeln!(out, "{:?}", service.ledger).expect("writes");
        }
        for ticket in model.tickets.values() {
            writeln!(out, "{ticket:?}").expect("writes");
        }
        out
    }

    fn told(&self) -> Vec<String> {
        let rows = self.store.read(|r| r.outbox(None, 1000)).expect("reads");
        let told = |row: crate::store::records::OutboxRow| format!("{} {}", row.message.ticket, row.message.event);
        rows.into_iter().rev().map(told).collect()
    }
}

/// A sample at second `second`: processors and interface count on, the disk is `used` thousandths full.
fn sample(second: i64, used: u64, busy: bool) -> ObservationBody {
    let ms = u64::try_from(second).expect("small") * 1000;
    let (user, idle) = if busy { (ms * 10, ms / 10) } else { (ms / 10, ms) };
    ObservationBody::Sample(Box::new(Sample {
        cpu_total: Some(CpuTimes { user_ms: Some(user), idle_ms: Some(idle), ..CpuTimes::default() }),
        filesystems: vec![Filesystem {
            mount_point: "/var".into(),
            size_bytes: Some(1000),
            free_bytes: Some(1000 - used),
            available_bytes: Some(1000 - used),
            ..Filesystem::default()
        }],
        interfaces: vec![Interface {
            device: "eth0".into(),
            receive_bytes: Some(ms * 100),
            transmit_bytes: Some(ms * 7),
            speed_bits: Some(1_000_000),
            ..Interface::default()
        }],
        units: Some(Units { failed: Some(u64::from(busy)) }),
        failed_units: if busy { vec!["a.service".into()] } else { vec![] },
        timekeeping: Some(Timekeeping { synchronized: Some(!busy), ..Timekeeping::default() }),
        ..Sample::default()
    }))
}

fn answer(good: bool) -> ObservationBody {
    let mut outcome = ProbeOutcome { check: "web".into(), ..ProbeOutcome::default() };
    outcome.set_verdict(if good { ProbeVerdict::Ok } else { ProbeVerdict::Failed });
    ObservationBody::Probe(outcome)
}

/// What one site does in a step; `restart`: 0 and 1 kill before and after judging, 2 stops in order.
async fn step(site: &mut Site, seconds: i64, value: u8, restart: Option<u8>) {
    site.clock.advance_ms(at(seconds).ms_since(site.clock.now()));
    for host in 0..site.hosts.len() {
        let high = (usize::from(value) >> host) & 1 == 1;
        let mut bodies = vec![sample(seconds, if high { 950 } else { 100 }, value.is_multiple_of(3))];
        if host < 2 {
            bodies.push(answer(!high));
        }
        site.send(host, bodies).await;
        if restart == Some(0) && host == 1 {
            site.start();
        }
    }
    site.evaluate().await;
    match restart {
        Some(1) => site.start(),
        Some(2) => {
            site.task.take().expect("started").leave().await;
            site.start();
        }
        Some(_) | None => {}
    }
    // Both sides as often: a ticket takes one change an activation.
    site.evaluate().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    /// A failure prints its seed.
    #[test]
    fn an_engine_that_was_stopped_knows_what_one_knows_that_never_stopped(
        steps in prop::collection::vec((any::<u8>(), prop::option::weighted(0.3, 0_u8..3)), 5..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (mut steady, mut stopped) = (Site::new(4).await, Site::new(4).await);
            // A host that is not yet in any slice starts from its samples: by then all four are.
            let warm = std::iter::repeat_n((0, None), 6);
            for (second, (value, restart)) in (10_i64..).step_by(10).zip(warm.chain(steps)) {
                step(&mut steady, second, value, None).await;
                step(&mut stopped, second, value, restart).await;
                for (one, other) in stopped.known().lines().zip(steady.known().lines()) {
                    prop_assert_eq!(one, other, "at {} s", second);
                }
            }
            prop_assert_eq!(stopped.told(), steady.told());
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_checkpoint_of_another_version_or_none_is_only_slower() {
    let (mut steady, mut stopped) = (Site::new(4).await, Site::new(4).await);
    for (second, value) in (10_i64..).step_by(10).zip([0_u8, 15, 15, 15, 15, 3, 3, 3, 1]) {
        step(&mut steady, second, value, None).await;
        step(&mut stopped, second, value, None).await;
    }
    let foreign = (0..SLICES).map(|slice| CheckpointSlice { slice, cursor: FactCursor(1), version: 99, body: vec![1] });
    let decision = Decision { checkpoint: foreign.collect(), ..Decision::default() };
    stopped.store.write(move |w| w.commit_decision(&decision)).await.expect("commits");
    stopped.start();
    stopped.evaluate().await;
    let without_hearing = |site: &Site| {
        let model = &site.task.as_ref().expect("started").model;
        let host = |h: &super::host_model::HostModel| format!("{:?} {:?}", h.tracks, h.rates);
        model.hosts.iter().map(host).collect::<Vec<_>>()
    };
    assert_eq!(without_hearing(&stopped), without_hearing(&steady));
}

/// One host is cut off, the other's answer is committed, the collector is killed before it judges it; then both are back.
/// The start reads the committed answer and finds it late when it comes to it; the ledger stays whole all the same.
#[tokio::test]
async fn answers_that_a_start_has_read_do_not_cut_what_it_owes_to_a_host_that_was_cut_off() {
    let mut site = Site::new(2).await;
    for second in (10..=100).step_by(10) {
        site.clock.advance_ms(at(second).ms_since(site.clock.now()));
        site.send(0, vec![answer(true)]).await;
        if second <= 50 {
            site.send(1, vec![answer(true)]).await;
        }
        if second < 100 {
            site.evaluate().await;
        }
    }
    site.start();
    site.clock.advance_ms(5_000);
    site.send_seen(1, (60..=100).step_by(10).map(|second| (at(second), answer(true))).collect()).await;
    site.evaluate().await;
    let service = crate::domain::catalogue::ServiceId::parse("simpeg").expect("valid");
    let rows = site.store.read(|r| r.ledger(&service, at(0), at(200))).expect("reads");
    let rows: Vec<_> = rows.iter().map(|row| (row.from, row.to, row.state.name())).collect();
    assert_eq!(rows, [(at(10), at(125), "up")]);
}

#[tokio::test]
async fn a_storm_over_a_restart_is_one_ticket_and_two_messages() {
    let mut site = Site::new(40).await;
    for host in 0..40 {
        site.send(host, vec![sample(1, 100, false)]).await;
    }
    site.evaluate().await;
    for second in (10..=300).step_by(10) {
        site.clock.advance_ms(at(second).ms_since(site.clock.now()));
        if second == 200 {
            site.start();
        }
        site.evaluate().await;
    }
    assert_eq!(site.told(), ["SPBE-GGN-2026-0001 opened"]);
    for second in (310..=340).step_by(10) {
        site.clock.advance_ms(at(second).ms_since(site.clock.now()));
        for host in 0..40 {
            site.send(host, vec![sample(second, 100, false)]).await;
        }
        site.evaluate().await;
    }
    assert_eq!(site.told(), ["SPBE-GGN-2026-0001 opened", "SPBE-GGN-2026-0001 restored"]);
}

/// A service that needs another: its disturbance waits a minute before it opens a ticket.
const DEPENDENT: &str = r#"
[[layanan]]
id = "db"
nama = "db"
deskripsi = "d"
penyedia = "p"
cara_akses = "a"
kontak_bantuan = "k"
waktu_bantuan = "w"
kelompok = "publik"
klasifikasi = "kritis"
[[layanan.pemeriksaan]]
id = "db-tcp"
jenis = "tcp"
alamat = "x"
port = 80
dari = ["h0"]
selang = "10s"
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
bergantung_pada = ["db"]
[[layanan.pemeriksaan]]
id = "web"
jenis = "tcp"
alamat = "x"
port = 80
dari = ["h0"]
selang = "10s"
"#;

/// Killed in the middle of a wait, twice: the ticket opens when it would have without.
#[tokio::test]
async fn a_kill_within_a_wait_does_not_begin_it_anew() {
    let mut opened = Vec::new();
    for kills in [&[][..], &[50, 80]] {
        let mut site = Site::of(1, DEPENDENT).await;
        for second in (10..=150).step_by(10) {
            site.clock.advance_ms(at(second).ms_since(site.clock.now()));
            let mut db = ProbeOutcome { check: "db-tcp".into(), ..ProbeOutcome::default() };
            db.set_verdict(ProbeVerdict::Ok);
            site.send(0, vec![ObservationBody::Probe(db), answer(second < 30)]).await;
            site.evaluate().await;
            if kills.contains(&second) {
                site.start();
                site.evaluate().await;
            }
        }
        let model = &site.task.as_ref().expect("started").model;
        let tickets: Vec<_> = model.tickets.values().map(|t| (t.onset_at, t.reported_at, t.recorded_at)).collect();
        opened.push((tickets, site.told()));
    }
    assert_eq!(opened[0], opened[1]);
    // Confirmed by the second failure, and a minute later nothing it needs was down.
    assert_eq!(opened[0].0, [(at(30), at(40), at(100))]);
}

/// A file system that fills up over eight days; the forecast's ticket over kills, with the checkpoint and without.
#[tokio::test]
async fn a_forecast_over_a_kill_is_neither_closed_nor_doubled_and_its_wait_goes_on() {
    let mut site = Site::of(1, "[tickets]\nobserve_seconds = 0\nresolve_after_seconds = 60\n").await;
    for hour in 0..192_i64 {
        site.clock.advance_ms(at(hour * 3600).ms_since(site.clock.now()));
        site.send(0, vec![sample(hour * 3600, 500 + u64::try_from(hour * 2).expect("small"), false)]).await;
    }
    site.evaluate().await;
    site.task.as_mut().expect("started").look_ahead().await;
    site.evaluate().await;
    let capacity = |site: &Site| {
        let model = &site.task.as_ref().expect("started").model;
        let of_class = model.tickets.values().filter(|t| t.key.class == crate::domain::ticket::TicketClass::Capacity);
        let tickets: Vec<_> = of_class.map(|t| (t.number, t.state, t.restored_at)).collect();
        (tickets, model.hosts[0].outlooks.clone())
    };
    let before = capacity(&site);
    assert_eq!(before.0.len(), 1, "{before:?}");
    // Killed: from the checkpoint.
    site.clock.advance_ms(10_000);
    site.evaluate().await;
    site.start();
    site.evaluate().await;
    assert_eq!(capacity(&site), before);
    // Without it: from the roll-ups, before anything is judged.
    let foreign = (0..SLICES).map(|slice| CheckpointSlice { slice, cursor: FactCursor(1), version: 99, body: vec![1] });
    let decision = Decision { checkpoint: foreign.collect(), ..Decision::default() };
    site.store.write(move |w| w.commit_decision(&decision)).await.expect("commits");
    site.start();
    let model = &site.task.as_ref().expect("started").model;
    assert!(model.hosts[0].outlooks.warn());
    site.evaluate().await;
    assert_eq!(capacity(&site).0, before.0);
    // Good since here; a kill half-way does not begin the minute anew.
    let good = site.clock.now();
    let model = &mut site.task.as_mut().expect("started").model;
    model.take_outlooks(0, vec![("/var".into(), false, crate::domain::forecast::Outlook::Good)], good);
    for second in (10..=70).step_by(10) {
        site.clock.advance_ms(10_000);
        let seconds = good.plus_secs(second).ms_since(at(0)) / 1000;
        site.send(0, vec![sample(seconds, 100, false)]).await;
        site.evaluate().await;
        if second == 40 {
            site.start();
            site.evaluate().await;
        }
    }
    let after = capacity(&site).0;
    assert_eq!(after.iter().map(|ticket| ticket.1.code()).collect::<Vec<_>>(), ["pulih"], "{after:?}");
    let restored = after[0].2.expect("restored");
    assert!(restored >= good && restored <= good.plus_secs(10), "{restored:?} {good:?}");
}
