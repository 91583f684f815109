//! `POST /api/v1/join`: a token, once, binds a key to a host.
//!
//! Guessing 32 random bytes is hopeless; the limit on tries per address only keeps a stray loop from filling the log.

use super::Ingest;
use crate::http_error::HttpError;
use crate::store::records::{HostKey, JoinRefusal};
use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pantau_shared::join::{JoinReply, JoinRequest, JoinToken};
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};

const BODY_BYTES_MAX: usize = 16 * 1024;
/// Tries of one address within [`WINDOW_S`].
const TRIES_MAX: u32 = 30;
const WINDOW_S: i64 = 60;
/// Addresses remembered; when full, all are forgotten and begin anew.
const ADDRESSES_MAX: usize = 4_096;
const TEXT_BYTES_MAX: usize = 256;

/// Tries per address.
#[derive(Debug, Default)]
pub(super) struct Limiter(Mutex<HashMap<IpAddr, (Timestamp, u32)>>);

impl Limiter {
    /// Counts a try; whether it is still allowed.
    fn allow(&self, address: IpAddr, now: Timestamp) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ADDRESSES_MAX && !known.contains_key(&address) {
            known.clear();
        }
        let (since, tries) = known.entry(address).or_insert((now, 0));
        if now >= since.plus_secs(WINDOW_S) {
            (*since, *tries) = (now, 0);
        }
        *tries = tries.saturating_add(1);
        *tries <= TRIES_MAX
    }
}

pub(super) async fn join(
    State(ingest): State<Ingest>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Json<JoinReply>, HttpError> {
    let now = ingest.app.clock.now();
    if !ingest.limiter.allow(from.ip(), now) {
        let message = "too many tries from this address; wait a minute";
        return Err(HttpError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", message).retry_after(60));
    }
    let body = to_bytes(request.into_body(), BODY_BYTES_MAX).await;
    let body = body.map_err(|_| bad("the request is too large"))?;
    let (token, key) = parse(&body)?;
    let hash = token.secret_hash();
    let joined = ingest.app.store.write(move |writer| writer.redeem_join_token(&hash, &key, now)).await;
    match joined.map_err(|error| HttpError::internal(&error))? {
        Ok(host) => {
            tracing::info!(host = %host, from = %from.ip(), "host joined");
            ingest.app.engine.nudge();
            Ok(Json(JoinReply { host: host.to_string() }))
        }
        Err(refusal) => Err(refused(refusal)),
    }
}

fn parse(body: &Bytes) -> Result<(JoinToken, HostKey), HttpError> {
    let request: JoinRequest = serde_json::from_slice(body).map_err(|error| bad(&error.to_string()))?;
    let token = JoinToken::parse(&request.token).map_err(|error| bad(&error.to_string()))?;
    let public_key = URL_SAFE_NO_PAD.decode(&request.public_key).ok().filter(|key| key.len() == 32);
    let public_key = public_key.ok_or_else(|| bad("`public_key` is not a raw Ed25519 key in base64url"))?;
    if request.machine_id_hash.len() > TEXT_BYTES_MAX || request.hostname.len() > TEXT_BYTES_MAX {
        return Err(bad("`machine_id_hash` or `hostname` is too long"));
    }
    Ok((token, HostKey { public_key, machine_id_hash: request.machine_id_hash }))
}

fn bad(message: &str) -> HttpError {
    HttpError::new(StatusCode::BAD_REQUEST, "bad_request", message)
}

fn refused(refusal: JoinRefusal) -> HttpError {
    let (status, code) = match refusal {
        JoinRefusal::Enrolled => (StatusCode::CONFLICT, "host_enrolled"),
        JoinRefusal::Expired => (StatusCode::UNAUTHORIZED, "token_expired"),
        JoinRefusal::Unknown => (StatusCode::UNAUTHORIZED, "token_unknown"),
        JoinRefusal::Used => (StatusCode::UNAUTHORIZED, "token_used"),
    };
    HttpError::new(status, code, refusal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_counted_per_address_and_window() {
        let limiter = Limiter::default();
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let now = Timestamp::from_secs(1_000);
        for _ in 0..TRIES_MAX {
            assert!(limiter.allow(a, now));
        }
        assert!(!limiter.allow(a, now));
        assert!(limiter.allow(b, now));
        assert!(limiter.allow(a, now.plus_secs(WINDOW_S)));
    }
}
