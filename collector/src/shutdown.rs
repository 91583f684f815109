//! Being asked to stop.

use tokio::sync::watch;

/// Waits until a stop is asked for, or nobody is left who could ask.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    stop.wait_for(|stop| *stop).await.ok();
}
