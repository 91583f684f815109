//! Joining: a single-use token binds a host's key.
//!
//! Guessing a secret of 32 random bytes is hopeless; the limit keeps a stranger from keeping the store busy. Each
//! address has [`BURST`] requests, one more every [`REFILL_MS`]; addresses are IPv4 addresses or IPv6 networks of 64
//! bits. At most [`ADDRESSES_MAX`] are remembered; beyond it all full ones are forgotten, and when none is full, all
//! addresses not remembered share one allowance.

use super::refusal::Refusal;
use super::{Ingest, JOIN_BYTES_MAX, read_body};
use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pantau_shared::ids::HostId;
use pantau_shared::join::{JoinReply, JoinRequest, JoinToken};
use pantau_shared::limits::cut_text;
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

/// Requests at once from one address: a rack behind one router that joins together.
pub const BURST: i64 = 30;

/// One more request per so many milliseconds.
pub const REFILL_MS: i64 = 2_000;

/// Addresses remembered.
pub const ADDRESSES_MAX: usize = 4_096;

/// How much each address has left, as the instant at which it would be full again.
#[derive(Debug, Default)]
pub(super) struct JoinLimit {
    full_at: Mutex<HashMap<IpAddr, Timestamp>>,
}

impl JoinLimit {
    /// Whether a request from `peer` is within its allowance; takes one.
    fn take(&self, peer: IpAddr, now: Timestamp) -> bool {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = network_of(peer);
        if full_at.len() >= ADDRESSES_MAX && !full_at.contains_key(&key) {
            full_at.retain(|_, full| *full > now);
            if full_at.len() >= ADDRESSES_MAX {
                key = Ipv6Addr::UNSPECIFIED.into();
            }
        }
        let full = full_at.entry(key).or_insert(now);
        let next = (*full).max(now).plus_ms(REFILL_MS);
        if next.ms_since(now) > BURST * REFILL_MS {
            return false;
        }
        *full = next;
        true
    }
}

/// A household or a host of IPv6 has a network of 64 bits to itself.
fn network_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

pub(super) async fn receive(
    State(ingest): State<Arc<Ingest>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    body: Body,
) -> Response {
    match ingest.join(peer.ip(), body).await {
        Ok(host) => {
            ingest.stats.hosts_joined.increment();
            tracing::info!(%host, %peer, "a host joined");
            Json(JoinReply { host: host.to_string() }).into_response()
        }
        Err(refusal) => {
            ingest.stats.joins_refused.increment();
            refusal.into_response()
        }
    }
}

impl Ingest {
    async fn join(&self, peer: IpAddr, body: Body) -> Result<HostId, Refusal> {
        let now = self.clock.now();
        if !self.joins.take(peer, now) {
            return Err(Refusal::too_many_joins());
        }
        let bytes = read_body(body, JOIN_BYTES_MAX).await?;
        let request: JoinRequest = serde_json::from_slice(&bytes)
            .map_err(|_| Refusal::bad_join("expected JSON with token, public_key, machine_id_hash and hostname"))?;
        let token = JoinToken::parse(&request.token).map_err(|error| Refusal::bad_join(&error.to_string()))?;
        let public_key = URL_SAFE_NO_PAD
            .decode(&request.public_key)
            .ok()
            .filter(|key| key.len() == 32)
            .ok_or_else(|| Refusal::bad_join("public_key must be 32 bytes in base64url without padding"))?;
        let key = crate::store::records::HostKey { public_key, machine_id_hash: cut_text(&request.machine_id_hash) };
        let secret_hash = token.secret_hash();
        let redeemed = self.store.write(move |writer| writer.redeem_join_token(&secret_hash, &key, now)).await;
        redeemed.map_err(Refusal::of_store)?.map_err(Refusal::of_join)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(1_780_000_000_000 + ms)
    }

    #[test]
    fn an_address_has_a_burst_and_then_one_per_refill() {
        let limit = JoinLimit::default();
        let [here, there] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse::<IpAddr>().expect("address"));
        let taken = (0..BURST + 5).filter(|_| limit.take(here, at(0))).count();
        assert_eq!(taken as i64, BURST);
        assert!(limit.take(there, at(0)), "another address is not held back");
        assert!(!limit.take(here, at(REFILL_MS - 1)));
        assert!(limit.take(here, at(REFILL_MS)));
        assert!(!limit.take(here, at(REFILL_MS)));
    }

    #[test]
    fn a_network_of_ipv6_and_a_mapped_address_count_once() {
        let parse = |text: &str| network_of(text.parse().expect("address"));
        assert_eq!(parse("2001:db8::1"), parse("2001:db8::ffff:2"));
        assert_ne!(parse("2001:db8::1"), parse("2001:db8:0:1::1"));
        assert_eq!(parse("::ffff:10.0.0.1"), parse("10.0.0.1"));
    }

    #[test]
    fn memory_is_bounded_and_strangers_share_what_is_left() {
        let limit = JoinLimit::default();
        let address = |n: usize| IpAddr::from(Ipv6Addr::from_bits((n as u128 + 1) << 64));
        for n in 0..ADDRESSES_MAX {
            assert!(limit.take(address(n), at(0)));
        }
        let taken = (0..100).filter(|n| limit.take(address(ADDRESSES_MAX + n), at(0))).count();
        assert_eq!(taken as i64, BURST);
        assert!(limit.full_at.lock().expect("not poisoned").len() <= ADDRESSES_MAX + 1);
        assert!(limit.take(address(ADDRESSES_MAX + 7), at(REFILL_MS)), "the full ones were forgotten");
        assert!(limit.full_at.lock().expect("not poisoned").len() <= 2);
    }
}
