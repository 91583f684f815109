//! Both ends of a session against each other, and against what goes wrong between them.

use super::*;
use crate::wire::{open, parse_signed};
use proptest::prelude::*;
use ring::signature::KeyPair;

const LIFETIME_MS: u64 = SESSION_LIFETIME_S as u64 * 1000;

fn host(id: &str) -> HostId {
    HostId::parse(id).expect("valid")
}

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[1; 32]).expect("32 bytes")
}

fn batch() -> Batch {
    Batch { stream: vec![7; 16], sent_at_ms: 5, ..Batch::default() }
}

/// What a collector makes of a signed batch with an offer.
fn granted(sealed: &Sealed) -> (SessionGrant, SessionKey) {
    assert!(!sealed.in_session);
    let (host, signed) = parse_signed(&sealed.bytes).expect("a batch");
    let batch = open(&host, &signed, key().public_key().as_ref()).expect("signed");
    grant(&batch.session_offer, &host, &SystemRandom::new()).expect("granted")
}

/// An agent with a session, and the collector's end of it.
fn opened() -> (AgentSession, SessionGrant, SessionKey) {
    let mut agent = AgentSession::new(host("web-01"));
    let (grant, session) = granted(&agent.seal(batch(), &key(), 0));
    agent.acknowledged(false, Some(&grant), 0);
    (agent, grant, session)
}

fn reopen(bytes: &[u8], session: &SessionKey) -> Result<Batch, WireError> {
    let (host, signed) = parse_signed(bytes)?;
    open_in_session(&host, &signed, session)
}

#[test]
fn both_ends_have_one_key_and_the_batch_arrives_whole() {
    let (mut agent, grant, session) = opened();
    let sealed = agent.seal(batch(), &key(), 1);
    assert!(sealed.in_session);
    let (_, signed) = parse_signed(&sealed.bytes).expect("a batch");
    assert_eq!((signed.session, signed.signature), (grant.id, Vec::new()));
    assert_eq!(reopen(&sealed.bytes, &session), Ok(batch()));
}

#[test]
fn a_code_fits_no_other_host_and_no_other_session() {
    let (mut agent, _, session) = opened();
    let sealed = agent.seal(batch(), &key(), 1);
    let mut moved = SignedBatch::decode(sealed.bytes.as_slice()).expect("own bytes");
    moved.host = "web-02".into();
    assert!(matches!(reopen(&moved.encode_to_vec(), &session), Err(WireError::BadMac { .. })));
    let (_, _, other) = opened();
    assert!(matches!(reopen(&sealed.bytes, &other), Err(WireError::BadMac { .. })));
    let mut cut = SignedBatch::decode(sealed.bytes.as_slice()).expect("own bytes");
    cut.mac.truncate(16);
    assert!(matches!(reopen(&cut.encode_to_vec(), &session), Err(WireError::BadMac { .. })));
}

#[test]
fn an_offer_opens_different_keys_for_different_hosts() {
    let mut agent = AgentSession::new(host("web-01"));
    let sealed = agent.seal(batch(), &key(), 0);
    let (web, signed) = parse_signed(&sealed.bytes).expect("a batch");
    let offer = open(&web, &signed, key().public_key().as_ref()).expect("signed").session_offer;
    let (grant, other) = grant(&offer, &host("web-02"), &SystemRandom::new()).expect("granted");
    agent.acknowledged(false, Some(&grant), 0);
    let sealed = agent.seal(batch(), &key(), 1);
    assert!(matches!(reopen(&sealed.bytes, &other), Err(WireError::BadMac { .. })));
}

#[test]
fn a_changed_grant_makes_ends_that_disagree() {
    let mut agent = AgentSession::new(host("web-01"));
    let (mut grant, session) = granted(&agent.seal(batch(), &key(), 0));
    grant.id[0] ^= 1;
    agent.acknowledged(false, Some(&grant), 0);
    let sealed = agent.seal(batch(), &key(), 1);
    assert!(matches!(reopen(&sealed.bytes, &session), Err(WireError::BadMac { .. })));
}

#[test]
fn what_is_no_key_is_no_offer_and_no_grant() {
    let random = SystemRandom::new();
    for offer in [&[][..], &[9; 31], &[9; 33], &[0; 32]] {
        assert!(grant(offer, &host("web-01"), &random).is_none(), "{offer:?}");
    }
    for public_key in [vec![], vec![9; 31], vec![0; 32]] {
        let mut agent = AgentSession::new(host("web-01"));
        let (grant, _) = granted(&agent.seal(batch(), &key(), 0));
        agent.acknowledged(false, Some(&SessionGrant { public_key, ..grant }), 0);
        assert!(!agent.seal(batch(), &key(), 1).in_session);
    }
}

#[test]
fn an_agent_leaves_a_session_before_its_end_and_opens_the_next() {
    let (mut agent, _, _) = opened();
    assert!(agent.seal(batch(), &key(), LIFETIME_MS * 9 / 10 - 1).in_session);
    let renewing = agent.seal(batch(), &key(), LIFETIME_MS * 9 / 10);
    let (grant, session) = granted(&renewing);
    agent.acknowledged(false, Some(&grant), LIFETIME_MS);
    assert_eq!(reopen(&agent.seal(batch(), &key(), LIFETIME_MS).bytes, &session), Ok(batch()));
}

#[test]
fn an_old_collector_takes_the_same_offer_for_ever_and_an_unasked_grant_is_nothing() {
    let mut agent = AgentSession::new(host("web-01"));
    let first = agent.seal(batch(), &key(), 0);
    agent.acknowledged(false, None, 0);
    assert_eq!(agent.seal(batch(), &key(), 9), first);
    let (_, grant, _) = opened();
    let mut silent = AgentSession::new(host("web-01"));
    silent.acknowledged(false, Some(&grant), 0);
    assert!(!silent.seal(batch(), &key(), 1).in_session);
}

#[test]
fn a_lost_reply_is_no_harm() {
    let mut agent = AgentSession::new(host("web-01"));
    let (_lost, _) = granted(&agent.seal(batch(), &key(), 0));
    let (grant, session) = granted(&agent.seal(batch(), &key(), 1));
    agent.acknowledged(false, Some(&grant), 2);
    assert_eq!(reopen(&agent.seal(batch(), &key(), 3).bytes, &session), Ok(batch()));
}

#[test]
fn sessions_that_are_always_refused_are_given_up_for_a_while() {
    let mut agent = AgentSession::new(host("web-01"));
    for _ in 0..WASTED_MAX {
        let (grant, _) = granted(&agent.seal(batch(), &key(), 0));
        agent.acknowledged(false, Some(&grant), 0);
        assert!(agent.seal(batch(), &key(), 0).in_session);
        agent.refused(0);
    }
    let offer_of = |sealed: Sealed| {
        let (host, signed) = parse_signed(&sealed.bytes).expect("a batch");
        open(&host, &signed, key().public_key().as_ref()).expect("signed").session_offer.len()
    };
    assert_eq!(offer_of(agent.seal(batch(), &key(), QUIET_MS - 1)), 0);
    assert_eq!(offer_of(agent.seal(batch(), &key(), QUIET_MS)), 32);
}

#[test]
fn a_session_that_carried_something_is_not_wasted() {
    let mut agent = AgentSession::new(host("web-01"));
    for _ in 0..WASTED_MAX * 2 {
        let (grant, _) = granted(&agent.seal(batch(), &key(), 0));
        agent.acknowledged(false, Some(&grant), 0);
        let sealed = agent.seal(batch(), &key(), 0);
        agent.acknowledged(sealed.in_session, None, 0);
        agent.refused(0);
    }
}

proptest! {
    #[test]
    fn any_flipped_bit_is_refused(position in 0usize..4096, bit in 0u8..8) {
        let (mut agent, grant, session) = opened();
        let mut bytes = agent.seal(batch(), &key(), 1).bytes;
        let position = position % bytes.len();
        bytes[position] ^= 1 << bit;
        let taken = parse_signed(&bytes).and_then(|(host, signed)| {
            // As a collector finds the key: by host and session.
            let known = host.as_str() == "web-01" && signed.session == grant.id;
            if known { open_in_session(&host, &signed, &session) } else { Err(WireError::SessionUnknown { host }) }
        });
        prop_assert!(taken.is_err());
    }
}
