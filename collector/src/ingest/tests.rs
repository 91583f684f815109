//! Ingest over a socket, with a real store: what is answered, what is counted, what is kept.

use super::*;
use crate::server::{Listen, Server};
use crate::store::records::{FactCursor, JoinTokenRecord};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pantau_shared::envelope::{AgentStarted, Observation, SignedBatch};
use pantau_shared::join::JoinToken;
use pantau_shared::probe::ProbeOutcome;
use pantau_shared::wire::session::AgentSession;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use tokio::sync::watch;

mod full;

struct Site {
    _folder: TempDir,
    store: Store,
    clock: Clock,
    stats: Arc<SelfStats>,
    nudges: Arc<AtomicUsize>,
    catalogue: watch::Sender<Arc<Catalogue>>,
    address: SocketAddr,
    client: reqwest::Client,
    _end: watch::Sender<bool>,
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_780_000_000_000 + ms)
}

fn host(id: &str) -> HostId {
    HostId::parse(id).expect("valid")
}

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("32 bytes")
}

fn token(seed: u8) -> JoinToken {
    JoinToken { secret: [seed; 32], pin: None }
}

impl Site {
    fn start() -> Self {
        // The second test of this process finds it installed.
        drop(rustls::crypto::ring::default_provider().install_default());
        let folder = TempDir::new().expect("folder");
        let store = Store::open(&folder.path().join("pantau.db"), at(0)).expect("opens");
        let (clock, stats, nudges) = (Clock::manual(at(0)), Arc::new(SelfStats::default()), Arc::default());
        let (catalogue, current) = watch::channel(Arc::new(Catalogue::empty()));
        let nudged: Arc<AtomicUsize> = Arc::clone(&nudges);
        let ingest = Ingest::new(IngestOptions {
            store: store.clone(),
            clock: clock.clone(),
            stats: stats.clone(),
            reply_key: ReplyKey::generate().expect("random"),
            catalogue: Box::new(move || current.borrow().clone()),
            nudge: Box::new(move || {
                nudged.fetch_add(1, Ordering::SeqCst);
            }),
        });
        let server = Server::bind(&[Listen::Plain("127.0.0.1:0".parse().expect("address"))]).expect("binds");
        let address = server.addresses()[0];
        let (end, shutdown) = watch::channel(false);
        tokio::spawn(server.run(front::Front::new(ingest.clone(), ingest.router()), stats.clone(), shutdown));
        let client = reqwest::Client::builder().no_proxy().build().expect("client");
        Self { _folder: folder, store, clock, stats, nudges, catalogue, address, client, _end: end }
    }

    async fn post(&self, path: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let request = self.client.post(format!("http://{}{path}", self.address)).body(body);
        let mut answer = request.send().await.expect("answers");
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.expect("whole") {
            bytes.extend_from_slice(&chunk);
        }
        (answer.status().as_u16(), bytes)
    }

    /// Posts what must be refused: status and code, and a text for people.
    async fn refused(&self, path: &str, body: Vec<u8>) -> (u16, String) {
        let (status, bytes) = self.post(path, body).await;
        let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert!(answer["error"]["message"].as_str().is_some_and(|text| text.len() > 10), "{answer}");
        (status, answer["error"]["code"].as_str().expect("code").to_owned())
    }

    async fn acknowledged(&self, body: Vec<u8>) -> Acknowledgement {
        let (status, bytes) = self.post("/api/v1/ingest", body).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        Acknowledgement::decode(bytes.as_slice()).expect("acknowledgement")
    }

    async fn make_token(&self, seed: u8, id: &str, replace: bool) {
        let record = JoinTokenRecord {
            secret_hash: token(seed).secret_hash(),
            host: host(id),
            replace,
            created_at: at(0),
            expires_at: at(60_000),
        };
        self.store.write(move |w| w.create_join_token(&record)).await.expect("keeps");
    }

    async fn enrol(&self, id: &str, seed: u8) {
        self.make_token(seed, id, false).await;
        let (status, _) = self.post("/api/v1/join", join_request(seed, seed)).await;
        assert_eq!(status, 200);
    }

    fn stored(&self) -> Vec<Arc<crate::store::records::Fact>> {
        self.store.read(|r| r.facts_after(FactCursor(0), 100)).expect("reads").facts
    }
}

fn join_request(token_seed: u8, key_seed: u8) -> Vec<u8> {
    let request = json!({
        "token": token(token_seed).render(),
        "public_key": URL_SAFE_NO_PAD.encode(key(key_seed).public_key().as_ref()),
        "machine_id_hash": "m1",
        "hostname": "web",
    });
    request.to_string().into_bytes()
}

fn observation(seq: u64) -> Observation {
    let outcome = ProbeOutcome { check: "c".into(), verdict: 1, ..ProbeOutcome::default() };
    Observation { seq, at_ms: at(0).as_ms(), age_ms: Some(0), body: Some(ObservationBody::Probe(outcome)) }
}

fn batch(observations: Vec<Observation>) -> Batch {
    let sent_at_ms = at(0).as_ms();
    Batch { boot_id: "boot".into(), stream: vec![1; 16], sent_at_ms, observations, ..Batch::default() }
}

fn sealed(id: &str, seed: u8, seqs: &[u64]) -> Vec<u8> {
    wire::seal(&batch(seqs.iter().map(|seq| observation(*seq)).collect()), &host(id), &key(seed))
}

#[tokio::test]
async fn a_batch_is_committed_then_acknowledged_and_a_second_delivery_changes_nothing() {
    let site = Site::start();
    site.enrol("web", 1).await;
    for (nudges, duplicates) in [(1, 0), (1, 3)] {
        let acknowledgement = site.acknowledged(sealed("web", 1, &[1, 2, 5])).await;
        assert_eq!((acknowledgement.acknowledged_seq, acknowledgement.received_at_ms), (5, at(0).as_ms()));
        assert_eq!(site.stored().len(), 3);
        assert_eq!(site.nudges.load(Ordering::SeqCst), nudges);
        assert_eq!(site.stats.observations_duplicate.get(), duplicates);
    }
    let heartbeat = site.acknowledged(sealed("web", 1, &[])).await;
    assert_eq!(heartbeat.acknowledged_seq, 5);
    assert_eq!((site.stats.batches_accepted.get(), site.stats.observations_stored.get()), (3, 3));
}

#[tokio::test]
async fn every_refusal_has_its_status_code_and_counter_and_keeps_nothing() {
    let site = Site::start();
    site.enrol("web", 1).await;
    site.enrol("gone", 2).await;
    site.store.write(|w| w.revoke_host(&host("gone"), at(1))).await.expect("revokes");
    let mut newer = SignedBatch::decode(sealed("web", 1, &[1]).as_slice()).expect("own bytes");
    newer.protocol += 1;
    let mut tampered = SignedBatch::decode(sealed("web", 1, &[1]).as_slice()).expect("own bytes");
    tampered.body[3] ^= 1;
    let mut unsigned = SignedBatch::decode(sealed("web", 1, &[1]).as_slice()).expect("own bytes");
    unsigned.signature.clear();
    let s = &site.stats;
    let cases = [
        (vec![0; BATCH_BYTES_MAX + 1], 413, "batch_too_large", &s.batches_too_large),
        (b"not protobuf".to_vec(), 400, "malformed", &s.batches_malformed),
        (newer.encode_to_vec(), 426, "newer_protocol", &s.batches_newer_protocol),
        (tampered.encode_to_vec(), 401, "bad_signature", &s.batches_unauthenticated),
        (unsigned.encode_to_vec(), 401, "bad_signature", &s.batches_unauthenticated),
        (sealed("stranger", 1, &[1]), 401, "unknown_host", &s.batches_unauthenticated),
        (sealed("web", 2, &[1]), 401, "bad_signature", &s.batches_unauthenticated),
        (sealed("gone", 2, &[1]), 403, "host_revoked", &s.batches_unauthenticated),
        (sealed("web", 1, &[2, 2]), 400, "out_of_order", &s.batches_malformed),
    ];
    for (body, status, code, counter) in cases {
        let before = counter.get();
        assert_eq!(site.refused("/api/v1/ingest", body).await, (status, code.to_owned()));
        assert_eq!(counter.get(), before + 1, "{code}");
    }
    assert!(site.stored().is_empty());
    assert_eq!(site.acknowledged(sealed("web", 1, &[1])).await.acknowledged_seq, 1, "the neighbour is well");
}

#[tokio::test]
async fn a_body_without_a_declared_length_is_capped_too() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let site = Site::start();
    let mut stream = tokio::net::TcpStream::connect(site.address).await.expect("connects");
    let head = b"POST /api/v1/ingest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head).await.expect("sends");
    let chunk = [format!("{BATCH_BYTES_MAX:x}\r\n").into_bytes(), vec![0; BATCH_BYTES_MAX], b"\r\n1\r\n0\r\n".to_vec()];
    stream.write_all(&chunk.concat()).await.expect("sends");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("answers");
    assert_eq!(&answer, b"HTTP/1.1 413");
    assert_eq!(site.stats.batches_too_large.get(), 1);
}

#[tokio::test]
async fn revoking_and_joining_again_take_effect() {
    let site = Site::start();
    site.enrol("web", 1).await;
    site.acknowledged(sealed("web", 1, &[1])).await;
    site.store.write(|w| w.revoke_host(&host("web"), at(1))).await.expect("revokes");
    assert_eq!(site.refused("/api/v1/ingest", sealed("web", 1, &[2])).await, (403, "host_revoked".into()));
    site.make_token(3, "web", false).await;
    assert_eq!(site.refused("/api/v1/join", join_request(3, 3)).await, (409, "host_enrolled".into()));
    site.make_token(4, "web", true).await;
    assert_eq!(site.post("/api/v1/join", join_request(4, 4)).await.0, 200);
    assert_eq!(site.refused("/api/v1/ingest", sealed("web", 1, &[2])).await, (401, "bad_signature".into()));
    assert_eq!(site.acknowledged(sealed("web", 4, &[2])).await.acknowledged_seq, 2);
}

#[tokio::test]
async fn a_host_that_joined_again_elsewhere_is_known_by_its_new_key_at_once() {
    let site = Site::start();
    site.enrol("web", 1).await;
    site.acknowledged(sealed("web", 1, &[1])).await;
    site.make_token(4, "web", true).await;
    // Past the route: as another process would do.
    let key = crate::store::records::HostKey {
        public_key: key(4).public_key().as_ref().to_vec(),
        machine_id_hash: "m2".into(),
    };
    let redeemed = site.store.write(move |w| w.redeem_join_token(&token(4).secret_hash(), &key, at(5))).await;
    assert!(redeemed.expect("writes").is_ok());
    assert_eq!(site.acknowledged(sealed("web", 4, &[2])).await.acknowledged_seq, 2);
}

#[tokio::test]
async fn a_join_token_opens_once_and_says_why_not() {
    let site = Site::start();
    site.make_token(1, "web", false).await;
    site.make_token(2, "db", false).await;
    assert_eq!(site.refused("/api/v1/join", join_request(9, 1)).await, (401, "join_token_unknown".into()));
    let (status, reply) = site.post("/api/v1/join", join_request(1, 1)).await;
    assert_eq!((status, reply.as_slice()), (200, br#"{"host":"web"}"#.as_slice()));
    assert_eq!(site.post("/api/v1/join", join_request(1, 1)).await.0, 200, "the reply may have been lost");
    assert_eq!(site.refused("/api/v1/join", join_request(1, 5)).await, (401, "join_token_used".into()));
    site.clock.advance_ms(60_000);
    assert_eq!(site.refused("/api/v1/join", join_request(2, 2)).await, (401, "join_token_expired".into()));
    assert_eq!(site.refused("/api/v1/join", b"{}".to_vec()).await, (400, "bad_join_request".into()));
    let large = vec![b' '; JOIN_BYTES_MAX + 1];
    assert_eq!(site.refused("/api/v1/join", large).await, (413, "batch_too_large".into()));
    assert_eq!((site.stats.hosts_joined.get(), site.stats.joins_refused.get()), (2, 5));
    for _ in 0..join::BURST {
        site.post("/api/v1/join", b"{}".to_vec()).await;
    }
    assert_eq!(site.refused("/api/v1/join", b"{}".to_vec()).await, (429, "too_many_joins".into()));
}

#[tokio::test]
async fn times_are_told_by_age_else_by_offset_and_never_lie_after_the_receipt() {
    let site = Site::start();
    site.enrol("web", 1).await;
    let seen = |seq, at_ms, age_ms| Observation { at_ms, age_ms, ..observation(seq) };
    // The agent's clock is an hour ahead.
    let ahead = 3_600_000;
    let mut sent = batch(vec![
        seen(1, 0, Some(2_000)),
        seen(2, at(ahead - 7_000).as_ms(), None),
        seen(3, at(ahead + 9_000).as_ms(), None),
    ]);
    sent.sent_at_ms = at(ahead).as_ms();
    site.acknowledged(wire::seal(&sent, &host("web"), &key(1))).await;
    let times: Vec<_> = site.stored().iter().map(|fact| fact.at.ms_since(at(0))).collect();
    assert_eq!(times, [-2_000, -7_000, 0]);
}

#[tokio::test]
async fn the_assignment_travels_when_the_agent_has_another() {
    let site = Site::start();
    site.enrol("web", 1).await;
    let first = site.acknowledged(sealed("web", 1, &[1])).await.assignment.expect("has none yet");
    let mut sent = batch(Vec::new());
    sent.assignment_revision = first.revision;
    let send = |sent: &Batch| wire::seal(sent, &host("web"), &key(1));
    assert_eq!(site.acknowledged(send(&sent)).await.assignment, None);
    let changed = Catalogue { sample_period_ms: 5_000, revision: 1, ..Catalogue::empty() };
    site.catalogue.send(Arc::new(changed)).expect("followed");
    let second = site.acknowledged(send(&sent)).await.assignment.expect("changed");
    assert_eq!(second.sample_period_ms, 5_000);
    assert_ne!(second.revision, first.revision);
}

#[tokio::test]
async fn a_start_on_another_machine_is_counted() {
    let site = Site::start();
    site.enrol("web", 1).await;
    for (seq, machine, expected) in [(1, "m1", 0), (2, "m2", 1)] {
        let started = AgentStarted { machine_id_hash: machine.into(), ..AgentStarted::default() };
        let body = Some(ObservationBody::Started(started));
        let sent = batch(vec![Observation { body, ..observation(seq) }]);
        site.acknowledged(wire::seal(&sent, &host("web"), &key(1))).await;
        assert_eq!(site.stats.hosts_cloned.get(), expected);
    }
}

#[tokio::test]
async fn room_is_given_by_declared_length() {
    let site = Site::start();
    let ingest = Ingest::new(IngestOptions {
        store: site.store.clone(),
        clock: site.clock.clone(),
        stats: site.stats.clone(),
        reply_key: ReplyKey::generate().expect("random"),
        catalogue: Box::new(|| Arc::new(Catalogue::empty())),
        nudge: Box::new(|| {}),
    });
    let declared = |size: usize| declared(&HeaderMap::from_iter([(header::CONTENT_LENGTH, size.into())]));
    let all = ingest.room.available_permits();
    let small = ingest.room_for(declared(600).expect("small")).await.expect("room");
    assert_eq!(all - ingest.room.available_permits(), 1);
    let unknown = ingest.room_for(super::declared(&HeaderMap::new()).expect("largest")).await.expect("room");
    assert_eq!(all - ingest.room.available_permits(), 1 + BATCH_BYTES_MAX / PIECE_BYTES);
    drop((small, unknown));
    assert_eq!(ingest.room.available_permits(), all);
    assert!(declared(BATCH_BYTES_MAX + 1).is_err());
}

/// An agent with an open session, and its next sequence.
async fn agent_in_session(site: &Site, id: &str, seed: u8) -> AgentSession {
    let mut agent = AgentSession::new(host(id));
    let sealed = agent.seal(batch(vec![observation(1)]), &key(seed), 0);
    assert!(!sealed.in_session);
    let acknowledgement = site.acknowledged(sealed.bytes).await;
    agent.acknowledged(false, acknowledgement.session.as_ref(), 0);
    agent
}

fn in_session(agent: &mut AgentSession, seed: u8, seq: u64) -> Vec<u8> {
    let sealed = agent.seal(batch(vec![observation(seq)]), &key(seed), 1);
    assert!(sealed.in_session);
    sealed.bytes
}

#[tokio::test]
async fn a_signed_batch_opens_a_session_and_the_next_ones_need_no_signature() {
    let site = Site::start();
    site.enrol("web", 1).await;
    let mut agent = agent_in_session(&site, "web", 1).await;
    for seq in 2..5 {
        let acknowledgement = site.acknowledged(in_session(&mut agent, 1, seq)).await;
        assert_eq!((acknowledgement.acknowledged_seq, acknowledgement.session), (seq, None));
    }
    assert_eq!((site.stored().len(), site.stats.sessions_opened.get()), (4, 1));
    // An agent that does not offer, as the first ones, gets none.
    assert_eq!(site.acknowledged(sealed("web", 1, &[5])).await.session, None);
}

#[tokio::test]
async fn a_session_is_of_one_host_and_every_changed_byte_is_refused() {
    let site = Site::start();
    site.enrol("web", 1).await;
    site.enrol("db", 2).await;
    let mut agent = agent_in_session(&site, "web", 1).await;
    let good = SignedBatch::decode(in_session(&mut agent, 1, 2).as_slice()).expect("own bytes");
    let changed = |change: &dyn Fn(&mut SignedBatch)| {
        let mut signed = good.clone();
        change(&mut signed);
        signed.encode_to_vec()
    };
    let cases = [
        (changed(&|s| s.host = "db".into()), "session_unknown"),
        (changed(&|s| s.session[3] ^= 1), "session_unknown"),
        (changed(&|s| s.body[3] ^= 1), "bad_mac"),
        (changed(&|s| s.mac[3] ^= 1), "bad_mac"),
        (changed(&|s| s.mac.clear()), "bad_mac"),
        (changed(&|s| s.session.clear()), "bad_signature"),
    ];
    for (body, code) in cases {
        assert_eq!(site.refused("/api/v1/ingest", body).await, (401, code.to_owned()));
    }
    assert_eq!((site.stats.batches_session_unknown.get(), site.stats.batches_unauthenticated.get()), (2, 4));
    // A replay is a duplicate.
    for duplicates in [0, 1] {
        assert_eq!(site.acknowledged(good.encode_to_vec()).await.acknowledged_seq, 2);
        assert_eq!(site.stats.observations_duplicate.get(), duplicates);
    }
}

#[tokio::test]
async fn a_session_ends_with_its_time_with_its_host_and_with_the_host_s_key() {
    let site = Site::start();
    site.enrol("web", 1).await;
    let refused = async |body| site.refused("/api/v1/ingest", body).await;
    let mut late = agent_in_session(&site, "web", 1).await;
    let lifetime_ms = i64::from(session::SESSION_LIFETIME_S) * 1000;
    site.clock.advance_ms(lifetime_ms - 1);
    site.acknowledged(in_session(&mut late, 1, 2)).await;
    site.clock.advance_ms(1);
    assert_eq!(refused(in_session(&mut late, 1, 3)).await, (401, "session_unknown".into()));
    let mut agent = agent_in_session(&site, "web", 1).await;
    site.store.write(|w| w.revoke_host(&host("web"), at(1))).await.expect("revokes");
    assert_eq!(refused(in_session(&mut agent, 1, 3)).await, (403, "host_revoked".into()));
    // The same key again, and the session is over all the same.
    let record = JoinTokenRecord {
        secret_hash: token(4).secret_hash(),
        host: host("web"),
        replace: true,
        created_at: at(0),
        expires_at: at(2 * lifetime_ms),
    };
    site.store.write(move |w| w.create_join_token(&record)).await.expect("keeps");
    assert_eq!(site.post("/api/v1/join", join_request(4, 1)).await.0, 200);
    assert_eq!(refused(in_session(&mut agent, 1, 3)).await, (401, "session_unknown".into()));
}

#[tokio::test]
async fn a_collector_knows_the_newest_sessions_of_a_host_only() {
    let site = Site::start();
    site.enrol("web", 1).await;
    let mut agents = Vec::new();
    for _ in 0..3 {
        agents.push(agent_in_session(&site, "web", 1).await);
    }
    let oldest = in_session(&mut agents[0], 1, 2);
    assert_eq!(site.refused("/api/v1/ingest", oldest).await, (401, "session_unknown".into()));
    for agent in &mut agents[1..] {
        site.acknowledged(in_session(agent, 1, 2)).await;
    }
}

#[tokio::test]
async fn a_batch_by_the_router_is_answered_as_by_the_front() {
    let site = Site::start();
    site.enrol("web", 1).await;
    let answer = site.client.get(format!("http://{}{INGEST_PATH}", site.address)).send().await.expect("answers");
    assert_eq!(answer.status().as_u16(), 405, "another method is the router's");
}
