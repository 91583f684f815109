//! A replay for a page or a request of the API: few at a time, within a bound of time, on a thread of its own, ended when
//! whoever asked is gone. Never on the engine's thread.

use super::{Replay, Request, Site, load};
use crate::app::App;
use crate::clock::Stopwatch;
use crate::snapshot::Snapshot;
use crate::store::StoreError;
use crate::texts::Texts;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;

/// Replays that pages and API make at the same time; further ones are refused.
static PLACES: Semaphore = Semaphore::const_new(2);
/// After so long a page's or request's replay ends with the subject it is at, in microseconds.
const PATIENCE_US: u64 = 10_000_000;

/// Raised when whoever asked is gone.
#[derive(Debug, Default)]
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A replay for a page or a request, on a thread of its own: ends early when it takes long (then it says how far it came)
/// or when whoever asked is gone. `None`: others are running.
///
/// # Errors
/// What the store says.
pub(crate) async fn ask(
    app: &App,
    snapshot: Arc<Snapshot>,
    request: Request,
    texts: Texts,
) -> Result<Option<Replay>, StoreError> {
    let Ok(_place) = PLACES.try_acquire() else { return Ok(None) };
    let gone = Gone::default();
    let (flag, store, since) = (Arc::clone(&gone.0), app.store.clone(), Stopwatch::start());
    let stop = move |between: bool| {
        let patience = if between { PATIENCE_US } else { PATIENCE_US * 2 };
        flag.load(Ordering::Relaxed) || since.elapsed_us() > patience
    };
    let work = move || {
        store.read(|reader| {
            let site = Site::load(reader, &snapshot.catalogue, &snapshot.profile, &snapshot.rulebook)?;
            load(reader, &site, &request, (0, texts), &stop)
        })
    };
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Closed)).map(Some)
}
