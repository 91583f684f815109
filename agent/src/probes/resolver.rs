//! Names to addresses for all probes, through the system's own resolver, which may hang for half a minute and cannot be
//! interrupted.
//!
//! A lookup holds one thread of the few that may block, which sampling and the spool need as well. So at most
//! [`LOOKUPS_MAX`] are under way, one for each name however many checks ask for it, and who has stopped waiting leaves
//! none behind that has not begun. An address is no name: it is asked of nobody. Keeps no answers: what a probe is told
//! is what the resolver says now.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tokio::sync::{Semaphore, watch};

/// Most lookups under way: a quarter of the threads that may block.
const LOOKUPS_MAX: usize = 4;

/// What a lookup gave, with port 0; shared by all who asked.
type Answer = Result<Vec<SocketAddr>, Arc<io::Error>>;

/// Lookups under way by name.
#[derive(Debug)]
struct Lookups {
    by_name: Mutex<BTreeMap<String, watch::Sender<Option<Answer>>>>,
    permits: Semaphore,
}

impl Default for Lookups {
    fn default() -> Self {
        Self { by_name: Mutex::default(), permits: Semaphore::new(LOOKUPS_MAX) }
    }
}

/// Takes a name off the list when its lookup has ended, however it ended.
struct Listed {
    lookups: Arc<Lookups>,
    name: String,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.lookups.by_name.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

impl Lookups {
    /// Joins the lookup of `name`, or begins one by `ask`.
    async fn find<F, A>(self: &Arc<Self>, name: &str, ask: F) -> Answer
    where
        F: FnOnce(String) -> A,
        A: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        let mut waiting = {
            let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
            match by_name.get(name) {
                Some(answer) => answer.subscribe(),
                None => {
                    let (answer, waiting) = watch::channel(None);
                    by_name.insert(name.to_owned(), answer.clone());
                    let listed = Listed { lookups: Arc::clone(self), name: name.to_owned() };
                    tokio::spawn(run_lookup(listed, answer, ask(name.to_owned())));
                    waiting
                }
            }
        };
        let answer = waiting.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone());
        answer.unwrap_or_else(|| Err(Arc::new(io::Error::other("the lookup was given up"))))
    }
}

async fn run_lookup(
    listed: Listed,
    answer: watch::Sender<Option<Answer>>,
    asked: impl Future<Output = io::Result<Vec<SocketAddr>>>,
) {
    // The semaphore is never closed; without a permit the lookup would merely not be bounded.
    let _permit = listed.lookups.permits.acquire().await;
    if answer.receiver_count() > 0 {
        let found = asked.await.map_err(Arc::new);
        answer.send_replace(Some(found));
    }
}

/// The addresses of `host`, in the resolver's order.
pub(super) async fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, Arc<io::Error>> {
    static LOOKUPS: LazyLock<Arc<Lookups>> = LazyLock::new(Arc::default);
    if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return Ok(vec![(address, port).into()]);
    }
    let mut found = LOOKUPS.find(host, ask_system).await?;
    // The port alone: the scope of a link-local address stays.
    found.iter_mut().for_each(|address| address.set_port(port));
    Ok(found)
}

async fn ask_system(name: String) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    const ANSWERED: [SocketAddr; 1] = [SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 0)];

    #[tokio::test]
    async fn an_address_is_asked_of_nobody_and_a_name_of_the_system() {
        assert_eq!(look_up("192.0.2.7", 80).await.expect("is one"), ["192.0.2.7:80".parse().expect("address")]);
        assert_eq!(look_up("::1", 53).await.expect("is one"), ["[::1]:53".parse().expect("address")]);
        assert!(!look_up("localhost", 80).await.expect("is known").is_empty());
        assert!(look_up("no-such-host.invalid", 80).await.is_err());
    }

    #[tokio::test]
    async fn checks_of_one_name_share_a_lookup() {
        let (lookups, asked) = (Arc::new(Lookups::default()), Arc::new(AtomicUsize::new(0)));
        let ask = || {
            let asked = Arc::clone(&asked);
            move |_| async move {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(ANSWERED.to_vec())
            }
        };
        let (a, b, c) = tokio::join!(lookups.find("a", ask()), lookups.find("a", ask()), lookups.find("b", ask()));
        assert!([a, b, c].into_iter().all(|answer| answer.expect("answers") == ANSWERED));
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        assert!(lookups.by_name.lock().expect("locks").is_empty());
        lookups.find("a", ask()).await.expect("answers");
        assert_eq!(asked.load(Ordering::Relaxed), 3, "answers are not kept");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stuck_resolver_holds_a_few_threads_and_no_probe_beyond_its_bound() {
        let (lookups, begun) = (Arc::new(Lookups::default()), Arc::new(AtomicUsize::new(0)));
        for number in 0..20 {
            let begun = Arc::clone(&begun);
            let stuck = move |_| async move {
                begun.fetch_add(1, Ordering::Relaxed);
                std::future::pending().await
            };
            let name = format!("name-{number}");
            let waited = tokio::time::timeout(Duration::from_secs(5), lookups.find(&name, stuck)).await;
            assert!(waited.is_err(), "its own bound ends it");
        }
        assert_eq!(begun.load(Ordering::Relaxed), LOOKUPS_MAX);
        assert_eq!(look_up("192.0.2.7", 80).await.expect("needs no lookup").len(), 1);
    }
}
