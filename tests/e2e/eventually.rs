//! Waiting for a level, never for an edge: ask again until it holds, with a bound that says what was waited for.

use anyhow::{Result, bail};
use std::future::Future;
use std::time::Duration;

/// Asks every 100 ms until `ask` gives something; fails after `seconds` with the last answer.
pub(crate) async fn eventually<T, F, Asked>(what: &str, seconds: u64, mut ask: F) -> Result<T>
where
    F: FnMut() -> Asked,
    Asked: Future<Output = Result<Option<T>>>,
{
    let mut last = String::from("not yet");
    for _ in 0..seconds * 10 {
        match ask().await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => "not yet".clone_into(&mut last),
            Err(error) => last = format!("{error:#}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("{what} did not hold within {seconds} s: {last}")
}
