//! The agent against a small collector that verifies signatures, acknowledges, refuses, loses replies, dies and comes
//! back: every observation arrives, under one number each, and the numbers are whole.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use pantau_agent::clock::Clock;
use pantau_agent::{Identity, RunError, Settings, SpoolError, join, run};
use pantau_shared::assignment::{Assignment, CheckKind, CheckSpec, TcpCheck};
use pantau_shared::envelope::{Acknowledgement, Observation, ObservationBody};
use pantau_shared::join::{COLLECTOR_KEY_PATH, JoinReply, JoinRequest, JoinToken};
use pantau_shared::wire;
use pantau_shared::wire::session::{self, SessionKey};
use prost::Message;
use ring::rand::SystemRandom;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the collector double has durably, and how it misbehaves.
#[derive(Default)]
struct Store {
    key: Vec<u8>,
    /// By (stream, number): the observation, its age taken away, which changes from sending to sending.
    seen: BTreeMap<(Vec<u8>, u64), Observation>,
    repeats: u64,
    batches: u64,
    /// Commits, then loses the reply to every third batch.
    loses_replies: bool,
    /// Answers with this status to batches with observations.
    refuses: Option<(StatusCode, usize)>,
    /// Refuses no longer once an empty batch has come.
    forgives: bool,
    assignment: Option<Assignment>,
    revisions: Vec<u64>,
    bad: u64,
    /// Sessions it knows; it forgets them when it is asked to.
    sessions: BTreeMap<Vec<u8>, SessionKey>,
    /// Is of a time before sessions.
    is_old: bool,
    in_session: u64,
    session_unknown: u64,
}

type Shared = Arc<Mutex<Store>>;

struct Double {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Double {
    async fn start(store: &Shared, address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("binds");
        let address = listener.local_addr().expect("address");
        let store = Arc::clone(store);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("accepts");
                let store = Arc::clone(&store);
                connections.spawn(async move {
                    let service = service_fn(|request| answer(Arc::clone(&store), request));
                    // A lost reply ends the connection with an error: wanted.
                    let served =
                        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    drop(served.await);
                });
            }
        });
        Self { address, task }
    }

    /// Dies with all its connections.
    async fn kill(self) -> SocketAddr {
        self.task.abort();
        drop(self.task.await);
        self.address
    }
}

async fn answer(store: Shared, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
    let mut store = store.lock().expect("store");
    match path.as_str() {
        "/api/v1/join" => {
            let request: JoinRequest = serde_json::from_slice(&body).expect("join request");
            JoinToken::parse(&request.token).expect("token");
            store.key = URL_SAFE_NO_PAD.decode(request.public_key).expect("key");
            let reply = serde_json::to_vec(&JoinReply { host: "web-01".into() }).expect("JSON");
            Ok(Response::new(Full::new(reply.into())))
        }
        // A collector of before there was one.
        COLLECTOR_KEY_PATH => Ok(status(StatusCode::NOT_FOUND)),
        _ => ingest(&mut store, &body),
    }
}

fn ingest(store: &mut Store, body: &[u8]) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (host, signed) = wire::parse_signed(body).expect("a batch");
    let opened = match store.sessions.get(&signed.session) {
        Some(key) => session::open_in_session(&host, &signed, key),
        None if !signed.session.is_empty() => {
            store.session_unknown += 1;
            return Ok(status(StatusCode::UNAUTHORIZED));
        }
        None => wire::open(&host, &signed, &store.key),
    };
    let Ok(batch) = opened else {
        store.bad += 1;
        return Ok(status(StatusCode::UNAUTHORIZED));
    };
    store.in_session += u64::from(!signed.session.is_empty());
    store.revisions.push(batch.assignment_revision);
    if let Some((refusal, least)) = store.refuses
        && batch.observations.len() >= least
    {
        return Ok(status(refusal));
    }
    store.batches += 1;
    if store.forgives && batch.observations.is_empty() {
        store.refuses = None;
    }
    let mut last = 0;
    for mut observation in batch.observations {
        last = observation.seq;
        observation.age_ms = None;
        let before = store.seen.insert((batch.stream.clone(), observation.seq), observation.clone());
        if let Some(before) = before {
            store.repeats += 1;
            assert_eq!(before, observation, "a number came back with another content");
        }
    }
    if store.loses_replies && store.batches.is_multiple_of(3) {
        return Err(std::io::Error::other("reply lost"));
    }
    let assignment = store.assignment.clone().filter(|assignment| assignment.revision != batch.assignment_revision);
    let opens = !store.is_old && signed.session.is_empty();
    let granted = opens.then(|| session::grant(&batch.session_offer, &host, &SystemRandom::new())).flatten();
    let session = granted.map(|(grant, key)| {
        store.sessions.insert(grant.id.clone(), key);
        grant
    });
    let reply = Acknowledgement { acknowledged_seq: last, received_at_ms: 1, assignment, session };
    Ok(Response::new(Full::new(reply.encode_to_vec().into())))
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// A running agent.
struct Agent {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Agent {
    fn start(directory: &Path) -> Self {
        let identity = Identity::load(directory).expect("identity").expect("joined");
        let settings = Settings { sample_period: Duration::from_secs(1), ..Settings::new(directory, identity) };
        let (stop, shutdown) = watch::channel(false);
        let task = tokio::spawn(async move {
            loop {
                match run(settings.clone(), Clock::system(), shutdown.clone()).await {
                    Ok(()) => return,
                    // The last tasks of an agent stopped without mercy may still hold the spool for a moment.
                    Err(RunError::Spool(SpoolError::InUse { .. })) => {
                        tokio::time::sleep(Duration::from_millis(5)).await
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        });
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.send(true).expect("agent listens");
        self.task.await.expect("ends");
    }
}

async fn joined(store: &Shared) -> (tempfile::TempDir, Double) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let double = Double::start(store, "127.0.0.1:0".parse().expect("address")).await;
    let token = JoinToken { secret: [1; 32], pin: None }.render();
    let url = format!("http://{}", double.address);
    let identity = join(directory.path(), &url, &token).await.expect("joins");
    assert_eq!(identity.host.as_str(), "web-01");
    (directory, double)
}

/// Waits until the store is as it should be; fails loudly after a time that only a broken agent needs.
async fn until(store: &Shared, what: &str, is: impl Fn(&Store) -> bool) {
    for _ in 0..6000 {
        if is(&store.lock().expect("store")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came: {what}");
}

fn check_whole(store: &Store) {
    let numbers: Vec<u64> = store.seen.keys().map(|(_, seq)| *seq).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let streams: std::collections::BTreeSet<_> = store.seen.keys().map(|(stream, _)| stream).collect();
    assert_eq!((streams.len(), store.bad), (1, 0));
    let gaps = store.seen.values().filter(|seen| matches!(seen.body, Some(ObservationBody::Gap(_)))).count();
    assert_eq!(gaps, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_arrives_once_through_deaths_of_both_and_lost_replies() {
    let store = Shared::default();
    store.lock().expect("store").loses_replies = true;
    let (directory, double) = joined(&store).await;
    let agent = Agent::start(directory.path());
    until(&store, "first observations", |store| store.seen.len() >= 3).await;
    let address = double.kill().await;
    // An agent stopped without mercy, while its collector is away.
    agent.task.abort();
    drop(agent.task.await);
    let agent = Agent::start(directory.path());
    tokio::time::sleep(Duration::from_millis(1500)).await;
    agent.stop().await;
    let before = store.lock().expect("store").seen.len();
    let double = Double::start(&store, address).await;
    let agent = Agent::start(directory.path());
    until(&store, "the backlog", |store| store.seen.len() >= before + 5 && store.repeats > 0).await;
    agent.stop().await;
    double.kill().await;
    let store = store.lock().expect("store");
    check_whole(&store);
    let starts = store.seen.values().filter(|seen| matches!(seen.body, Some(ObservationBody::Started(_)))).count();
    assert_eq!(starts, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assignment_is_applied_at_once_and_kept_for_a_start_without_collector() {
    let store = Shared::default();
    let (directory, double) = joined(&store).await;
    let kind = Some(CheckKind::Tcp(TcpCheck { host: "127.0.0.1".into(), ..TcpCheck::default() }));
    let check = CheckSpec { id: "web".into(), interval_ms: 1000, timeout_ms: 500, kind, ..CheckSpec::default() };
    store.lock().expect("store").assignment =
        Some(Assignment { revision: 7, sample_period_ms: 1000, checks: vec![check], backups: vec![] });
    let probes = |store: &Store| {
        store
            .seen
            .values()
            .filter(|seen| matches!(&seen.body, Some(ObservationBody::Probe(p)) if p.check == "web"))
            .count()
    };
    let agent = Agent::start(directory.path());
    until(&store, "a probe", |store| probes(store) > 0 && store.revisions.contains(&7)).await;
    agent.stop().await;
    let address = double.kill().await;
    let before = probes(&store.lock().expect("store"));
    store.lock().expect("store").assignment = None;
    let agent = Agent::start(directory.path());
    tokio::time::sleep(Duration::from_millis(2500)).await;
    agent.stop().await;
    let double = Double::start(&store, address).await;
    let agent = Agent::start(directory.path());
    until(&store, "probes made without collector", |store| probes(store) >= before + 2).await;
    agent.stop().await;
    double.kill().await;
    check_whole(&store.lock().expect("store"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_takes_only_small_batches_gets_small_ones() {
    let store = Shared::default();
    let (directory, double) = joined(&store).await;
    store.lock().expect("store").refuses = Some((StatusCode::PAYLOAD_TOO_LARGE, 2));
    let agent = Agent::start(directory.path());
    until(&store, "single observations", |store| store.seen.len() >= 3).await;
    agent.stop().await;
    double.kill().await;
    check_whole(&store.lock().expect("store"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_observation_that_is_never_taken_is_given_up_as_a_gap() {
    let store = Shared::default();
    let (directory, double) = joined(&store).await;
    {
        // Only an empty batch is taken at first: it proves that the observation itself is refused.
        let mut store = store.lock().expect("store");
        (store.refuses, store.forgives) = (Some((StatusCode::BAD_REQUEST, 1)), true);
    }
    let agent = Agent::start(directory.path());
    until(&store, "what follows", |store| store.seen.len() >= 2).await;
    agent.stop().await;
    double.kill().await;
    let store = store.lock().expect("store");
    let gap = store.seen.values().find_map(|seen| match &seen.body {
        Some(ObservationBody::Gap(gap)) => Some(gap.clone()),
        _ => None,
    });
    let gap = gap.expect("a gap");
    assert_eq!((gap.from_seq, gap.reason.as_str()), (1, "refused by the collector"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_refused_loses_nothing_and_gives_up_nothing() {
    let store = Shared::default();
    let (directory, double) = joined(&store).await;
    store.lock().expect("store").refuses = Some((StatusCode::FORBIDDEN, 0));
    let agent = Agent::start(directory.path());
    until(&store, "an attempt", |store| !store.revisions.is_empty()).await;
    agent.stop().await;
    assert!(store.lock().expect("store").seen.is_empty());
    store.lock().expect("store").refuses = None;
    let agent = Agent::start(directory.path());
    until(&store, "everything", |store| store.seen.len() >= 3).await;
    agent.stop().await;
    double.kill().await;
    check_whole(&store.lock().expect("store"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_forgets_its_sessions_gets_the_same_batch_signed_at_once() {
    let store = Shared::default();
    let (directory, double) = joined(&store).await;
    let agent = Agent::start(directory.path());
    for round in 1..=2 {
        until(&store, "batches in a session", |store| store.in_session >= round * 2).await;
        store.lock().expect("store").sessions.clear();
        until(&store, "a session that is not known", |store| store.session_unknown >= round).await;
    }
    until(&store, "another session", |store| store.in_session >= 6).await;
    agent.stop().await;
    double.kill().await;
    let store = store.lock().expect("store");
    check_whole(&store);
    assert_eq!((store.session_unknown, store.repeats), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_of_a_time_before_sessions_is_served_signed() {
    let store = Shared::default();
    let (directory, double) = joined(&store).await;
    store.lock().expect("store").is_old = true;
    let agent = Agent::start(directory.path());
    until(&store, "observations", |store| store.batches >= 3).await;
    agent.stop().await;
    double.kill().await;
    let store = store.lock().expect("store");
    check_whole(&store);
    assert_eq!((store.in_session, store.session_unknown), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_whose_disk_is_full_is_asked_again_and_nothing_is_lost() {
    let store = Shared::default();
    let (directory, double) = joined(&store).await;
    store.lock().expect("store").refuses = Some((StatusCode::SERVICE_UNAVAILABLE, 0));
    let agent = Agent::start(directory.path());
    until(&store, "several attempts", |store| store.revisions.len() >= 3).await;
    assert!(store.lock().expect("store").seen.is_empty());
    // The same agent goes on by itself, with batches as large as before.
    store.lock().expect("store").refuses = None;
    until(&store, "everything", |store| store.seen.len() >= 4).await;
    agent.stop().await;
    double.kill().await;
    let store = store.lock().expect("store");
    check_whole(&store);
    assert_eq!(store.repeats, 0, "what was refused was not kept in part");
}
