//! One agent of the fleet: its key, its stream, its place in the trace; makes the batches a real one would send.
//!
//! The first batch of a stream holds the start message, as every agent's; each later one the samples of its steps and, for the
//! checks assigned to the host, the outcome of an asking whenever its interval has passed. Outcomes are made up: check number
//! *c* fails for two minutes of every hour, at another minute for each. Does not know how a batch travels.

use crate::trace::Trace;
use anyhow::{Context, Result, anyhow, ensure};
use pantau_shared::assignment::Assignment;
use pantau_shared::envelope::{Acknowledgement, AgentStarted, Batch, Observation, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::probe::{ProbeOutcome, ProbePhase, ProbeVerdict};
use pantau_shared::wire;
use pantau_shared::wire::session::{AgentSession, Sealed};
use ring::signature::{Ed25519KeyPair, KeyPair};

/// Every check fails this long, in ms…
const OUTAGE_MS: i64 = 120_000;
/// …once in this long.
const OUTAGE_EVERY_MS: i64 = 3_600_000;

/// How a batch is made attributable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A signed batch opens a session, the next ones carry its code: what agents do.
    Session,
    /// Each batch is signed with the host's key.
    Signature,
}

/// When the samples of a batch were taken, by which rule their time is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Live: with its monotonic age.
    ByAge,
    /// From before a restart, so the age is not known: by the wall clock alone, exact to the millisecond.
    ByWallClock,
}

/// Which steps of the trace a batch holds.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// First step.
    pub first: usize,
    /// How many.
    pub steps: usize,
    /// Wall time of step 0 of this host, Unix ms.
    pub start_ms: i64,
    /// Between two steps, in ms.
    pub interval_ms: i64,
}

impl Span {
    /// Wall time of a step.
    fn at_ms(&self, step: usize) -> i64 {
        self.start_ms + self.interval_ms * i64::try_from(step).unwrap_or(i64::MAX)
    }
}

/// An agent.
#[derive(Debug)]
pub struct Agent {
    /// Its name.
    pub host: HostId,
    number: usize,
    key: Ed25519KeyPair,
    /// When batches go in sessions.
    session: Option<AgentSession>,
    stream: [u8; 16],
    next_seq: u64,
    assignment: Assignment,
}

impl Agent {
    /// Agent number `number`, its key from the number and the run: another run has other keys and streams. Its batches are
    /// made attributable by `proof`.
    ///
    /// # Errors
    /// When no key can be made of it.
    pub fn new(number: usize, run: u64, proof: Proof) -> Result<Self> {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
        seed[8..16].copy_from_slice(&run.to_be_bytes());
        let key = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| anyhow!("no key of the seed"))?;
        let mut stream = [0; 16];
        stream.copy_from_slice(&seed[..16]);
        let host = host_name(number)?;
        let session = match proof {
            Proof::Session => Some(AgentSession::new(host.clone())),
            Proof::Signature => None,
        };
        Ok(Self { host, number, key, session, stream, next_seq: 1, assignment: Assignment::default() })
    }

    /// Its raw public key.
    pub fn public_key(&self) -> &[u8] {
        self.key.public_key().as_ref()
    }

    /// What it joins with and tells at its start.
    pub fn machine_id_hash(&self) -> String {
        format!("{:064x}", self.number)
    }

    /// Takes the acknowledgement of a batch that went in a session or was signed: all that was sent is durable, or the run has
    /// failed.
    ///
    /// # Errors
    /// When something of this agent is not acknowledged.
    pub fn acknowledged(&mut self, acknowledgement: Acknowledgement, in_session: bool, now_ms: i64) -> Result<()> {
        let (told, sent) = (acknowledgement.acknowledged_seq, self.next_seq - 1);
        ensure!(told == sent, "{} sent up to {sent}, acknowledged is {told}", self.host);
        if let Some(session) = &mut self.session {
            session.acknowledged(in_session, acknowledgement.session.as_ref(), count_up(now_ms));
        }
        if let Some(assignment) = acknowledgement.assignment {
            self.assignment = assignment;
        }
        Ok(())
    }

    /// The start message, which every stream begins with.
    pub fn started(&mut self, now_ms: i64) -> Batch {
        let started = AgentStarted {
            agent_version: env!("CARGO_PKG_VERSION").into(),
            hostname: self.host.to_string(),
            os: "Debian GNU/Linux 12".into(),
            kernel: "6.1.0".into(),
            machine_id_hash: self.machine_id_hash(),
            cpus: 2,
            architecture: "x86_64".into(),
        };
        let observation = self.observe(now_ms, Some(0), ObservationBody::Started(started));
        self.batch(now_ms, vec![observation])
    }

    /// A batch that says only that the agent lives.
    pub fn heartbeat(&self, now_ms: i64) -> Batch {
        self.batch(now_ms, Vec::new())
    }

    /// The batch of some steps, sent at `now_ms`.
    pub fn play(&mut self, trace: &Trace, span: Span, now_ms: i64, told: Told) -> Batch {
        let mut observations = Vec::with_capacity(span.steps);
        for step in span.first..span.first + span.steps {
            let at_ms = span.at_ms(step);
            let age = match told {
                Told::ByAge => Some(u64::try_from(now_ms - at_ms).unwrap_or(0)),
                Told::ByWallClock => None,
            };
            let sample = trace.sample(Trace::position(self.number, step));
            observations.push(self.observe(at_ms, age, ObservationBody::Sample(Box::new(sample))));
            for outcome in self.asked(at_ms, span.interval_ms) {
                observations.push(self.observe(at_ms, age, ObservationBody::Probe(outcome)));
            }
        }
        self.batch(now_ms, observations)
    }

    /// Seals a batch for sending.
    pub fn seal(&mut self, batch: &Batch) -> Sealed {
        match &mut self.session {
            None => Sealed { bytes: wire::seal(batch, &self.host, &self.key), in_session: false },
            Some(session) => session.seal(batch.clone(), &self.key, count_up(batch.sent_at_ms)),
        }
    }

    /// The collector does not know the session any more, as after a restart: the next batch is signed.
    pub fn session_refused(&mut self, now_ms: i64) {
        if let Some(session) = &mut self.session {
            session.refused(count_up(now_ms));
        }
    }

    fn batch(&self, now_ms: i64, observations: Vec<Observation>) -> Batch {
        Batch {
            boot_id: format!("{:08x}-0000-4000-8000-000000000000", self.number),
            stream: self.stream.to_vec(),
            sent_at_ms: now_ms,
            assignment_revision: self.assignment.revision,
            // Its sealing offers a session where one is wanted.
            session_offer: Vec::new(),
            observations,
        }
    }

    fn observe(&mut self, at_ms: i64, age_ms: Option<u64>, body: ObservationBody) -> Observation {
        let seq = self.next_seq;
        self.next_seq += 1;
        Observation { seq, at_ms, age_ms, body: Some(body) }
    }

    /// Outcomes of the checks whose turn came within the interval that ends at `at_ms`.
    fn asked(&self, at_ms: i64, interval_ms: i64) -> Vec<ProbeOutcome> {
        let due = self.assignment.checks.iter().filter(|check| {
            let every = i64::from(check.interval_ms).max(1);
            at_ms.div_euclid(every) != (at_ms - interval_ms).div_euclid(every)
        });
        due.map(|check| outcome(&check.id, at_ms)).collect()
    }
}

/// Wall time as a session counts it.
fn count_up(now_ms: i64) -> u64 {
    u64::try_from(now_ms).unwrap_or(0)
}

/// The name of host number `number`.
fn host_name(number: usize) -> Result<HostId> {
    HostId::parse(&format!("fleet-{number:05}")).context("a name of the fleet")
}

/// The made-up answer to a check at a time.
fn outcome(check: &str, at_ms: i64) -> ProbeOutcome {
    let turn = check.bytes().fold(0_i64, |sum, byte| (sum * 31 + i64::from(byte)) % OUTAGE_EVERY_MS);
    if (at_ms + turn).rem_euclid(OUTAGE_EVERY_MS) < OUTAGE_MS {
        return ProbeOutcome {
            check: check.to_owned(),
            verdict: ProbeVerdict::Failed as i32,
            phase: ProbePhase::Connect as i32,
            reason: "connection refused".into(),
            duration_us: 900,
            ..ProbeOutcome::default()
        };
    }
    let moved = u64::try_from(at_ms.rem_euclid(7_919)).unwrap_or(0);
    ProbeOutcome {
        check: check.to_owned(),
        verdict: ProbeVerdict::Ok as i32,
        duration_us: 18_000 + moved,
        resolve_us: Some(300),
        connect_us: Some(900),
        tls_us: Some(6_000),
        first_byte_us: Some(9_000 + moved),
        transfer_us: Some(700),
        http_status: Some(200),
        body_bytes: Some(14_321),
        ..ProbeOutcome::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::assignment::CheckSpec;

    const SPAN: Span = Span { first: 3, steps: 2, start_ms: 1_780_000_000_000, interval_ms: 10_000 };

    fn agent() -> Agent {
        Agent::new(4, 1, Proof::Signature).expect("an agent")
    }

    #[test]
    fn a_batch_opens_under_the_agents_key_and_counts_on() {
        let (mut agent, trace) = (agent(), Trace::synthetic(60));
        let started = agent.started(SPAN.start_ms);
        assert_eq!(started.observations[0].seq, 1);
        let batch = agent.play(&trace, SPAN, SPAN.start_ms + 50_000, Told::ByAge);
        let sealed = agent.seal(&batch);
        let (host, signed) = wire::parse_signed(&sealed.bytes).expect("parses");
        let opened = wire::open(&host, &signed, agent.public_key()).expect("verifies");
        assert_eq!(host, agent.host);
        let seen: Vec<_> = opened.observations.iter().map(|o| (o.seq, o.at_ms - SPAN.start_ms, o.age_ms)).collect();
        assert_eq!(seen, [(2, 30_000, Some(20_000)), (3, 40_000, Some(10_000))]);
        let reply = |seq| Acknowledgement { acknowledged_seq: seq, ..Acknowledgement::default() };
        assert!(agent.acknowledged(reply(3), false, 0).is_ok());
        assert!(agent.acknowledged(reply(2), false, 0).is_err(), "part of what was sent is not durable");
        let Some(ObservationBody::Sample(sample)) = &opened.observations[0].body else { panic!("a sample") };
        assert_eq!(**sample, trace.sample(4 * crate::trace::HOST_ROWS + 3));
    }

    #[test]
    fn a_granted_session_carries_the_next_batch_until_it_is_refused() {
        let mut agent = Agent::new(4, 1, Proof::Session).expect("an agent");
        let started = agent.started(SPAN.start_ms);
        let sealed = agent.seal(&started);
        assert!(!sealed.in_session);
        let (host, signed) = wire::parse_signed(&sealed.bytes).expect("parses");
        let offer = wire::open(&host, &signed, agent.public_key()).expect("verifies").session_offer;
        let random = ring::rand::SystemRandom::new();
        let (grant, _) = wire::session::grant(&offer, &host, &random).expect("granted");
        let reply = Acknowledgement { acknowledged_seq: 1, session: Some(grant), ..Acknowledgement::default() };
        agent.acknowledged(reply, false, SPAN.start_ms).expect("whole");
        let heartbeat = agent.heartbeat(SPAN.start_ms);
        assert!(agent.seal(&heartbeat).in_session);
        agent.session_refused(SPAN.start_ms);
        assert!(!agent.seal(&heartbeat).in_session);
    }

    #[test]
    fn assigned_checks_are_answered_at_their_interval_and_fail_at_times() {
        let (mut agent, trace) = (agent(), Trace::synthetic(60));
        let check = CheckSpec { id: "svc-0-web".into(), interval_ms: 30_000, ..CheckSpec::default() };
        let assignment = Assignment { revision: 7, checks: vec![check], ..Assignment::default() };
        let reply = Acknowledgement { assignment: Some(assignment), ..Acknowledgement::default() };
        agent.acknowledged(reply, false, 0).expect("nothing was sent yet");
        let batch = agent.play(&trace, Span { first: 0, steps: 720, ..SPAN }, SPAN.start_ms, Told::ByWallClock);
        assert_eq!(batch.assignment_revision, 7);
        assert!(batch.observations.iter().all(|observation| observation.age_ms.is_none()));
        let verdicts: Vec<i32> = batch
            .observations
            .iter()
            .filter_map(|observation| match &observation.body {
                Some(ObservationBody::Probe(outcome)) => Some(outcome.verdict),
                _ => None,
            })
            .collect();
        assert_eq!(verdicts.len(), 240, "two hours, every 30 s");
        let failed = verdicts.iter().filter(|verdict| **verdict == ProbeVerdict::Failed as i32).count();
        assert_eq!(failed, 8, "two minutes of each hour");
    }
}
