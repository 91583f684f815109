//! The only reader of clocks in the benches: the wall clock that stamps observations, and a stopwatch.

use std::time::{Duration, Instant};

/// Now, in Unix ms.
#[expect(clippy::disallowed_methods, reason = "the one place of the benches that reads the wall clock")]
pub fn wall_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// Measures how long something took.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "the one place of the benches that reads the monotonic clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
