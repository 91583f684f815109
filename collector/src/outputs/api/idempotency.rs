//! `Idempotency-Key`: a write that is sent again under its key gets the first answer and does nothing twice.
//!
//! A key belongs to one caller. The same key with another path or body is a mistake of the caller: 409. Answers of the
//! collector's own failures (5xx) are not kept, so that such a write can be tried again. At most [`ANSWERS_MAX`] answers
//! are kept, the oldest go first; a restart forgets them all, and then the rules of tickets stand alone against doubles.
//!
//! Writes go one after the other: they do so in the engine anyway, and so a key that is in flight is never carried out
//! a second time beside itself. A write is carried out to its end even when the caller hangs up.

use super::access::Caller;
use crate::http_error::HttpError;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Answers that are kept.
const ANSWERS_MAX: usize = 1000;

/// Longest key taken, in bytes.
const KEY_BYTES_MAX: usize = 128;

const KEY_HEADER: &str = "idempotency-key";

/// The answer of a write: its status and body, or its refusal.
pub(super) type Answer = Result<(StatusCode, Value), HttpError>;

/// The answers of late; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    by_key: HashMap<Key, ([u8; 32], Answer)>,
    order: VecDeque<Key>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    caller: String,
    key: String,
}

impl Answers {
    /// Carries out `write`, or gives the answer that the same request got before.
    ///
    /// # Errors
    /// What `write` says; 400 for a bad key, 409 for a key that was used for another request.
    pub(super) async fn once(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
        path: &str,
        body: &[u8],
        write: impl Future<Output = Answer> + Send + 'static,
    ) -> Result<Response, HttpError> {
        let key = key_of(caller, headers)?;
        let request = digest(path, body);
        let kept = Arc::clone(&self.0);
        let work = tokio::spawn(async move {
            let mut kept = kept.lock_owned().await;
            let Some(key) = key else { return write.await };
            match kept.by_key.get(&key) {
                Some((same, answer)) if *same == request => answer.clone(),
                Some(_) => Err(HttpError::new(
                    StatusCode::CONFLICT,
                    "idempotency_key_reused",
                    "this Idempotency-Key was used for another request",
                )),
                None => {
                    let answer = write.await;
                    kept.keep(key, request, &answer);
                    answer
                }
            }
        });
        let (status, body) = work.await.map_err(|error| HttpError::internal(&error))??;
        Ok((status, axum::Json(body)).into_response())
    }
}

impl Kept {
    fn keep(&mut self, key: Key, request: [u8; 32], answer: &Answer) {
        if answer.as_ref().is_err_and(|error| error.status().is_server_error()) {
            return;
        }
        if self.order.len() >= ANSWERS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.by_key.insert(key, (request, answer.clone()));
    }
}

fn key_of(caller: &Caller, headers: &HeaderMap) -> Result<Option<Key>, HttpError> {
    let Some(value) = headers.get(KEY_HEADER) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()));
    let key = key.ok_or_else(|| {
        let message = format!("Idempotency-Key must be 1 to {KEY_BYTES_MAX} printable ASCII characters");
        HttpError::new(StatusCode::BAD_REQUEST, "bad_idempotency_key", message)
    })?;
    Ok(Some(Key { caller: caller.name.clone(), key: key.to_owned() }))
}

fn digest(path: &str, body: &[u8]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    context.update(path.as_bytes());
    context.update(&[0]);
    context.update(body);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        Key { caller: "x".into(), key: number.to_string() }
    }

    #[test]
    fn the_oldest_answers_are_forgotten_first() {
        let mut kept = Kept::default();
        for number in 0..=ANSWERS_MAX {
            kept.keep(key(number), [0; 32], &Ok((StatusCode::OK, Value::Null)));
        }
        assert_eq!((kept.by_key.len(), kept.order.len()), (ANSWERS_MAX, ANSWERS_MAX));
        assert!(!kept.by_key.contains_key(&key(0)));
        assert!(kept.by_key.contains_key(&key(1)) && kept.by_key.contains_key(&key(ANSWERS_MAX)));
    }

    #[test]
    fn our_own_failures_may_be_tried_again() {
        let mut kept = Kept::default();
        kept.keep(key(1), [0; 32], &Err(HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "x")));
        assert!(kept.by_key.is_empty() && kept.order.is_empty());
        kept.keep(key(1), [0; 32], &Err(HttpError::new(StatusCode::CONFLICT, "illegal_transition", "x")));
        assert_eq!(kept.by_key.len(), 1);
    }

    #[test]
    fn path_and_body_do_not_run_into_each_other() {
        assert_ne!(digest("/a", b"b"), digest("/ab", b""));
    }
}
