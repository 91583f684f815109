//! Writes that may be sent twice: the same `Idempotency-Key` with the same request gets the same answer, with another
//! request 409.
//!
//! In memory: [`ANSWERS_MAX`] answers, each for [`LIFE_MS`]; the oldest go first and are counted. A key holds for one
//! caller. Failures of ours are not remembered: the caller may try again. A write runs to its end even when its caller
//! has gone away, so that its answer is there for the next try.

use crate::http_error::HttpError;
use crate::self_stats::SelfStats;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use pantau_shared::timestamp::Timestamp;
use ring::digest::{SHA256, digest};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most answers remembered.
const ANSWERS_MAX: usize = 1_000;
/// How long one is remembered: a day.
const LIFE_MS: i64 = 86_400_000;
/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 255;

const KEY_HEADER: &str = "idempotency-key";

/// What a write came to.
pub(super) type Answer = Result<(StatusCode, Value), HttpError>;

type Name = (String, String);

#[derive(Debug, Clone)]
struct Entry {
    request: [u8; 32],
    begun_at: Timestamp,
    /// None while the write runs.
    answer: Option<Answer>,
}

#[derive(Debug, Default)]
struct Entries {
    by_name: BTreeMap<Name, Entry>,
    /// Oldest first; holds every name once.
    order: VecDeque<Name>,
}

/// Remembered answers.
#[derive(Debug)]
pub(super) struct Answers {
    entries: Mutex<Entries>,
    stats: Arc<SelfStats>,
}

/// One request to write.
#[derive(Debug)]
pub(super) struct WriteRequest<'a> {
    pub(super) caller: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) path: &'a str,
    pub(super) body: &'a [u8],
    pub(super) now: Timestamp,
}

/// What to do with a request.
#[derive(Debug)]
enum Step {
    Do,
    Repeat(Answer),
}

impl Answers {
    pub(super) fn new(stats: Arc<SelfStats>) -> Self {
        Self { entries: Mutex::default(), stats }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Every change is whole before the lock is given back.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out `work`, once per key.
    pub(super) async fn once(
        self: &Arc<Self>,
        request: WriteRequest<'_>,
        work: impl Future<Output = Answer> + Send + 'static,
    ) -> Result<Response, HttpError> {
        let Some(name) = name_of(&request)? else { return respond(run(work).await) };
        match self.begin(&name, fingerprint(&request), request.now)? {
            Step::Repeat(answer) => respond(answer),
            Step::Do => {
                let answers = Arc::clone(self);
                let write = async move {
                    let running = Running { answers: &answers, name: &name };
                    let answer = work.await;
                    running.end(&answer);
                    answer
                };
                respond(run(write).await)
            }
        }
    }

    fn begin(&self, name: &Name, request: [u8; 32], now: Timestamp) -> Result<Step, HttpError> {
        let mut entries = self.entries();
        if let Some(entry) = entries.by_name.get(name).filter(|entry| now.ms_since(entry.begun_at) < LIFE_MS) {
            if entry.request != request {
                let message = "this Idempotency-Key was used for another request";
                return Err(HttpError::new(StatusCode::CONFLICT, "idempotency_key_reused", message));
            }
            let running = || {
                let message = "the first request with this Idempotency-Key is still running";
                HttpError::new(StatusCode::CONFLICT, "in_progress", message).retry_after(1)
            };
            return entry.answer.clone().map(Step::Repeat).ok_or_else(running);
        }
        entries.forget(name);
        while entries.order.len() >= ANSWERS_MAX {
            let Some(oldest) = entries.order.pop_front() else { break };
            if entries.by_name.remove(&oldest).is_some_and(|entry| now.ms_since(entry.begun_at) < LIFE_MS) {
                self.stats.api_answers_dropped.increment();
            }
        }
        entries.by_name.insert(name.clone(), Entry { request, begun_at: now, answer: None });
        entries.order.push_back(name.clone());
        Ok(Step::Do)
    }
}

impl Entries {
    fn forget(&mut self, name: &Name) {
        if self.by_name.remove(name).is_some() {
            self.order.retain(|kept| kept != name);
        }
    }
}

/// A write that has begun; one that does not end leaves nothing behind.
struct Running<'a> {
    answers: &'a Answers,
    name: &'a Name,
}

impl Running<'_> {
    fn end(self, answer: &Answer) {
        if answer.as_ref().is_err_and(|error| error.status().is_server_error()) {
            return;
        }
        if let Some(entry) = self.answers.entries().by_name.get_mut(self.name) {
            entry.answer = Some(answer.clone());
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut entries = self.answers.entries();
        if entries.by_name.get(self.name).is_some_and(|entry| entry.answer.is_none()) {
            entries.forget(self.name);
        }
    }
}

/// To its end, whether or not the caller waits for it.
async fn run(work: impl Future<Output = Answer> + Send + 'static) -> Answer {
    tokio::spawn(work).await.unwrap_or_else(|error| Err(HttpError::internal(&error)))
}

fn respond(answer: Answer) -> Result<Response, HttpError> {
    answer.map(|(status, body)| (status, Json(body)).into_response())
}

fn name_of(request: &WriteRequest<'_>) -> Result<Option<Name>, HttpError> {
    let Some(value) = request.headers.get(KEY_HEADER) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX);
    let key = key.ok_or_else(|| {
        let message = format!("an Idempotency-Key has 1 to {KEY_BYTES_MAX} visible characters");
        HttpError::new(StatusCode::BAD_REQUEST, "bad_idempotency_key", message)
    })?;
    Ok(Some((request.caller.to_owned(), key.to_owned())))
}

fn fingerprint(request: &WriteRequest<'_>) -> [u8; 32] {
    // A path has no line feed, so the two parts cannot run into each other.
    let whole = [request.path.as_bytes(), b"\n", request.body].concat();
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, &whole).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Answers {
        Answers::new(Arc::default())
    }

    fn name(key: usize) -> Name {
        ("rina".into(), format!("k{key}"))
    }

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    #[test]
    fn the_bound_drops_the_oldest_and_counts_it() {
        let answers = answers();
        for key in 0..=ANSWERS_MAX {
            assert!(matches!(answers.begin(&name(key), [0; 32], NOW), Ok(Step::Do)), "{key}");
        }
        assert_eq!(answers.stats.api_answers_dropped.get(), 1);
        assert_eq!(answers.entries().by_name.len(), ANSWERS_MAX);
        assert_eq!(answers.entries().order.len(), ANSWERS_MAX);
        assert!(matches!(answers.begin(&name(0), [0; 32], NOW), Ok(Step::Do)), "the oldest was forgotten");
        assert_eq!(answers.begin(&name(9), [0; 32], NOW).expect_err("still runs").code(), "in_progress");
    }

    #[test]
    fn answers_are_repeated_for_a_day_and_failures_are_not() {
        let answers = answers();
        let name = name(1);
        let done: Answer = Ok((StatusCode::CREATED, Value::Null));
        assert!(matches!(answers.begin(&name, [1; 32], NOW), Ok(Step::Do)));
        let failed: Answer = Err(HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "x", "x"));
        Running { answers: &answers, name: &name }.end(&failed);
        assert!(matches!(answers.begin(&name, [1; 32], NOW), Ok(Step::Do)), "a failure may be tried again");
        Running { answers: &answers, name: &name }.end(&done);
        assert!(matches!(answers.begin(&name, [1; 32], NOW), Ok(Step::Repeat(answer)) if answer == done));
        let other = answers.begin(&name, [2; 32], NOW.plus_ms(LIFE_MS - 1));
        assert_eq!(other.expect_err("another request").code(), "idempotency_key_reused");
        assert!(matches!(answers.begin(&name, [2; 32], NOW.plus_ms(LIFE_MS)), Ok(Step::Do)));
    }
}
