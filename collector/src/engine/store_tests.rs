//! The engine over a real store, with a clock that is driven by hand: restart, commands, outbox.

use super::deliver::{Deliverer, Sender, Sent};
use super::{CommandError, Engine, EngineOptions, EngineTask};
use crate::clock::Clock;
use crate::config::profile::bangka_2025;
use crate::domain::catalogue::ServiceId;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::route::Routing;
use crate::domain::state::State;
use crate::domain::ticket::{Regrouping, TicketAction, TicketState};
use crate::self_stats::SelfStats;
use crate::store::Store;
use crate::store::records::{DueMessage, HostKey, JoinTokenRecord, ReceivedBatch};
use pantau_shared::envelope::{Observation, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use pantau_shared::timestamp::Timestamp;
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, watch};

mod causes;
mod components;
mod elsewhere;
mod full_disk;
mod held_back;
mod registers;

const START: i64 = 1_780_000_000;
const CATALOGUE: &str = r#"
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
[[layanan.pemeriksaan]]
id = "web"
jenis = "tcp"
alamat = "x"
port = 80
dari = ["a"]
selang = "10s"
"#;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(START + seconds)
}

struct Site {
    catalogue: &'static str,
    store: Store,
    clock: Clock,
    seq: u64,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        Self::of(CATALOGUE).await
    }

    async fn of(catalogue: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("pantau.db"), at(0)).expect("opens");
        let (token, key) = ([1; 32], HostKey { public_key: vec![2; 32], machine_id_hash: "m".into() });
        let record = JoinTokenRecord {
            secret_hash: token,
            host: HostId::parse("a").expect("valid"),
            replace: false,
            created_at: at(0),
            expires_at: at(100),
        };
        let joined = store
            .write(move |w| {
                w.create_join_token(&record)?;
                w.redeem_join_token(&token, &key, at(0))
            })
            .await;
        joined.expect("commits").expect("joins");
        Self { catalogue, store, clock: Clock::manual(at(0)), seq: 0, _folder: folder }
    }

    fn engine(&self) -> (Engine, EngineTask) {
        Engine::start(self.options()).expect("starts")
    }

    fn options(&self) -> EngineOptions {
        EngineOptions {
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
        }
    }

    /// The clock goes to `seconds`; the host's answer of that moment is stored.
    async fn answer(&mut self, seconds: i64, verdict: ProbeVerdict) {
        self.clock.advance_ms(at(seconds).ms_since(self.clock.now()));
        self.late_answer(seconds, verdict).await;
    }

    /// The same of another check.
    async fn answer_to(&mut self, check: &str, seconds: i64, verdict: ProbeVerdict) {
        self.clock.advance_ms(at(seconds).ms_since(self.clock.now()));
        self.late_answer_to(check, seconds, verdict).await;
    }

    /// The host's answer of that moment is stored now.
    async fn late_answer(&mut self, seconds: i64, verdict: ProbeVerdict) {
        self.late_answer_to("web", seconds, verdict).await;
    }

    /// The same of another check.
    async fn late_answer_to(&mut self, check: &str, seconds: i64, verdict: ProbeVerdict) {
        self.seq += 1;
        let mut outcome = ProbeOutcome { check: check.into(), ..ProbeOutcome::default() };
        outcome.set_verdict(verdict);
        let body = Some(ObservationBody::Probe(outcome));
        let observation = Observation { seq: self.seq, at_ms: at(seconds).as_ms(), age_ms: None, body };
        let batch = ReceivedBatch {
            host: HostId::parse("a").expect("valid"),
            stream: vec![7; 16],
            boot_id: "b".into(),
            received_at: self.clock.now(),
            observations: vec![(at(seconds), observation)],
        };
        self.store.write(move |w| w.accept_batch(batch)).await.expect("accepted");
    }

    fn events(&self) -> Vec<(String, u32)> {
        let rows = self.store.read(|r| r.outbox(None, 100)).expect("reads");
        let mut events: Vec<_> = rows.into_iter().map(|r| (r.id, r.message.event, r.message.version)).collect();
        events.sort();
        events.into_iter().map(|(_, event, version)| (event, version)).collect()
    }
}

#[tokio::test]
async fn an_outage_over_a_restart_is_one_ticket_with_exact_times() {
    let mut site = Site::new().await;
    let (_, mut task) = site.engine();
    for (seconds, verdict) in [(10, ProbeVerdict::Ok), (20, ProbeVerdict::Failed)] {
        site.answer(seconds, verdict).await;
        task.evaluate().await.expect("evaluates");
    }
    drop(task); // as killed: nothing is said at the end
    let (engine, mut task) = site.engine();
    site.answer(30, ProbeVerdict::Failed).await;
    task.evaluate().await.expect("evaluates");
    task.evaluate().await.expect("evaluates");
    assert_eq!(site.events(), [("opened".to_owned(), 1)]);
    let snapshot = engine.snapshot();
    assert_eq!((snapshot.services[0].state, snapshot.services[0].since), (State::Down, Some(at(20))));
    assert_eq!(snapshot.tickets[0].onset_at, at(20));
    assert_eq!(snapshot.tickets[0].priority.number(), 1);
    let (engine, mut task) = site.engine();
    for seconds in [40, 50, 60] {
        site.answer(seconds, ProbeVerdict::Ok).await;
        task.evaluate().await.expect("evaluates");
    }
    assert_eq!(site.events(), [("opened".to_owned(), 1), ("restored".to_owned(), 2)]);
    let snapshot = engine.snapshot();
    assert_eq!((snapshot.tickets[0].state, snapshot.tickets[0].restored_at), (TicketState::Pulih, Some(at(40))));
    let counts = snapshot.services[0].month.counts;
    assert_eq!((counts.up_s, counts.down_s, counts.unknown_s), (30, 20, 0));
    let rows =
        site.store.read(|r| r.ledger(&ServiceId::parse("simpeg").expect("valid"), at(0), at(200))).expect("reads");
    let rows: Vec<_> = rows.iter().map(|r| (r.from, r.to, r.state)).collect();
    assert_eq!(rows, [(at(10), at(20), State::Up), (at(20), at(40), State::Down), (at(40), at(85), State::Up)]);
}

#[tokio::test]
async fn a_failure_that_was_stored_but_not_yet_judged_counts_once_after_a_restart() {
    let mut site = Site::new().await;
    let (_, mut task) = site.engine();
    site.answer(10, ProbeVerdict::Ok).await;
    task.evaluate().await.expect("evaluates");
    site.answer(20, ProbeVerdict::Failed).await;
    let (engine, mut task) = site.engine();
    task.evaluate().await.expect("evaluates");
    assert!(site.events().is_empty(), "{:?}", site.events());
    assert_eq!(engine.snapshot().services[0].state, State::Up);
}

#[tokio::test]
async fn people_confirm_and_close_and_nothing_else_does() {
    let mut site = Site::new().await;
    let (engine, mut task) = site.engine();
    for (seconds, verdict) in [
        (10, ProbeVerdict::Failed),
        (20, ProbeVerdict::Failed),
        (30, ProbeVerdict::Ok),
        (40, ProbeVerdict::Ok),
        (50, ProbeVerdict::Ok),
    ] {
        site.answer(seconds, verdict).await;
        task.evaluate().await.expect("evaluates");
    }
    let number = engine.snapshot().tickets[0].number;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(task.run(stopped));
    let act = |action| engine.act_on_ticket(number, action, "Sari".into());
    assert!(matches!(act(TicketAction::Close).await, Err(CommandError::Refused(_))));
    act(TicketAction::Cause { text: "listrik padam".into(), category: Some("listrik".into()) }).await.expect("cause");
    act(TicketAction::Confirm { method: "telepon".into() }).await.expect("confirms");
    let closed = act(TicketAction::Close).await.expect("closes");
    assert_eq!(
        (closed.state, closed.first_response_at, closed.closed_at),
        (TicketState::Ditutup, Some(at(50)), Some(at(50)))
    );
    let manual = super::ManualTicket {
        reporter: "Budi".into(),
        reporting_method: "surat".into(),
        symptom: "lambat".into(),
        impact: Impact::Minor,
        service: ServiceId::parse("simpeg").expect("valid"),
        category: "aplikasi".into(),
        details: super::ReportDetails::default(),
    };
    let opened = engine.open_ticket(manual.clone(), "Sari".into()).await.expect("opens");
    assert_eq!((opened.number.number, opened.priority.number()), (2, 3));
    let again = engine.open_ticket(manual, "Sari".into()).await.expect("is noted");
    assert_eq!((again.number, again.version, again.life.occurrences), (opened.number, 2, 2));
    stop.send(true).expect("runs");
    running.await.expect("ends");
    assert!(matches!(engine.act_on_ticket(number, TicketAction::Close, "S".into()).await, Err(CommandError::Stopped)));
    let events: Vec<String> = site.events().into_iter().map(|(event, _)| event).collect();
    assert_eq!(events, ["opened", "restored", "confirmed", "closed", "opened"]);
}

#[tokio::test]
async fn two_tickets_become_one_and_two_again_and_receivers_hear_of_both() {
    let mut site = Site::new().await;
    let (engine, mut task) = site.engine();
    for seconds in [10, 20] {
        site.answer(seconds, ProbeVerdict::Failed).await;
        task.evaluate().await.expect("evaluates");
    }
    site.clock.advance_ms(300_000);
    task.evaluate().await.expect("evaluates");
    let mut numbers: Vec<_> = engine.snapshot().tickets.iter().map(|ticket| ticket.number).collect();
    numbers.sort_unstable();
    let [access, silence] = numbers[..] else { panic!("the service's and the host's: {numbers:?}") };
    let merge = Regrouping::Merge { into: access, reason: "sakelar mati".into() };
    let into = task.regroup(silence, merge, "Sari").await.expect("merges");
    assert_eq!(site.store.read(|r| r.ticket(access)).expect("reads"), Some(into.clone()));
    let gone = site.store.read(|r| r.ticket(silence)).expect("reads").expect("is kept");
    assert_eq!((gone.state, gone.life.related), (TicketState::Dibatalkan, Some(access)));
    // The host is silent still, and its key is the other ticket's.
    task.evaluate().await.expect("evaluates");
    assert_eq!(engine.snapshot().tickets.len(), 1);
    let parts = vec![into.members[0].key.to_string()];
    let unknown = Regrouping::Split { parts: vec!["lain".into()], reason: "x".into() };
    assert!(matches!(task.regroup(access, unknown, "Sari").await, Err(CommandError::Refused(_))));
    let split = Regrouping::Split { parts, reason: "ternyata bukan".into() };
    let new = task.regroup(access, split, "Sari").await.expect("splits");
    assert_eq!((new.number.number, new.key.to_string().as_str()), (3, "host:a|kehilangan_pemantauan"));
    task.evaluate().await.expect("evaluates");
    assert_eq!(engine.snapshot().tickets.len(), 2);
    let events: Vec<String> = site.events().into_iter().map(|(event, _)| event).collect();
    assert_eq!(events, ["opened", "opened", "cancelled", "updated", "updated", "opened"]);
}

/// A receiver that answers from a list, then takes everything.
struct Receiver {
    answers: Mutex<Vec<Sent>>,
    taken: Mutex<Vec<String>>,
}

impl Sender for &Receiver {
    fn targets(&self) -> Vec<String> {
        vec!["meja".into()]
    }

    async fn send(&self, due: &DueMessage, _: Timestamp) -> Sent {
        let answer = self.answers.lock().expect("whole").pop().unwrap_or(Sent::Delivered(None));
        if answer == Sent::Delivered(None) {
            self.taken.lock().expect("whole").push(due.row.message.event.clone());
        }
        answer
    }
}

#[tokio::test]
async fn a_receiver_that_was_away_gets_everything_once_in_order() {
    let mut site = Site::new().await;
    let (_, mut task) = site.engine();
    for (seconds, verdict) in [
        (10, ProbeVerdict::Failed),
        (20, ProbeVerdict::Failed),
        (30, ProbeVerdict::Ok),
        (40, ProbeVerdict::Ok),
        (50, ProbeVerdict::Ok),
    ] {
        site.answer(seconds, verdict).await;
        task.evaluate().await.expect("evaluates");
    }
    let receiver = Receiver { answers: Mutex::new(vec![Sent::later("away"); 6]), taken: Mutex::default() };
    let deliverer = Deliverer {
        store: site.store.clone(),
        clock: site.clock.clone(),
        stats: Arc::new(SelfStats::default()),
        signal: Arc::new(Notify::new()),
        sender: &receiver,
    };
    for _ in 0..12 {
        deliverer.deliver_to("meja").await.expect("works");
        site.clock.advance_ms(400_000);
    }
    assert_eq!(*receiver.taken.lock().expect("whole"), ["opened", "restored"]);
    assert_eq!(site.store.read(|r| r.outbox_view()).expect("reads").pending, 0);
    assert_eq!(deliverer.stats.delivery_failures.get(), 6);
}

/// One receiver hangs until it is told otherwise, the other takes everything.
struct Hanging {
    taken: Mutex<Vec<String>>,
    enough: Notify,
}

impl Sender for &Hanging {
    fn targets(&self) -> Vec<String> {
        vec!["mati".into(), "meja".into()]
    }

    async fn send(&self, due: &DueMessage, _: Timestamp) -> Sent {
        if due.row.message.target == "mati" {
            self.enough.notified().await;
            return Sent::later("no answer");
        }
        self.taken.lock().expect("whole").push(due.row.message.event.clone());
        Sent::Delivered(None)
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_does_not_delay_another() {
    let mut site = Site::new().await;
    let mut options = site.options();
    options.routing = Routing::to_all(&["mati", "meja"]);
    let (_, mut task) = Engine::start(options).expect("starts");
    for (seconds, verdict) in [
        (10, ProbeVerdict::Failed),
        (20, ProbeVerdict::Failed),
        (30, ProbeVerdict::Ok),
        (40, ProbeVerdict::Ok),
        (50, ProbeVerdict::Ok),
    ] {
        site.answer(seconds, verdict).await;
        task.evaluate().await.expect("evaluates");
    }
    let receiver = Hanging { taken: Mutex::default(), enough: Notify::new() };
    let deliverer = Deliverer {
        store: site.store.clone(),
        clock: site.clock.clone(),
        stats: Arc::new(SelfStats::default()),
        signal: Arc::new(Notify::new()),
        sender: &receiver,
    };
    let (stop, stopped) = watch::channel(false);
    let enough = async {
        while receiver.taken.lock().expect("whole").len() < 2 {
            tokio::task::yield_now().await;
        }
        // The other one still hangs.
        receiver.enough.notify_one();
        stop.send_replace(true);
    };
    tokio::join!(deliverer.run(stopped), enough);
    assert_eq!(*receiver.taken.lock().expect("whole"), ["opened", "restored"]);
}
