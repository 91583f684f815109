//! The only reader of the clock, and a clock that tests drive by hand.
//!
//! Two readings: the wall clock, which people and the collector speak of and which may jump, and the time since boot
//! (`CLOCK_BOOTTIME`), which never jumps and goes on while the machine sleeps. Ages, periods and durations come from
//! the second one only.

use pantau_shared::timestamp::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
use tokio::sync::watch;

/// Both readings of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// The wall clock.
    pub wall: Timestamp,
    /// Milliseconds since boot.
    pub boot_ms: u64,
}

/// A handle on the clock; cheap to clone.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    Kernel,
    Manual(watch::Sender<Moment>),
}

/// Drives the clock that [`Clock::manual`] made.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Moment>);

impl ManualClock {
    /// Lets `ms` pass on both readings and wakes whoever slept until then.
    pub fn advance(&self, ms: u64) {
        self.0.send_modify(|moment| {
            moment.boot_ms += ms;
            moment.wall = moment.wall.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX));
        });
    }

    /// Steps the wall clock alone, as an administrator or NTP would.
    pub fn step_wall(&self, ms: i64) {
        self.0.send_modify(|moment| moment.wall = moment.wall.plus_ms(ms));
    }
}

impl Clock {
    /// The kernel's clock.
    pub fn system() -> Self {
        Self(Source::Kernel)
    }

    /// A clock that stands still until its [`ManualClock`] moves it. Begins at `wall`, one second after boot.
    pub fn manual(wall: Timestamp) -> (Self, ManualClock) {
        let sender = watch::Sender::new(Moment { wall, boot_ms: 1000 });
        (Self(Source::Manual(sender.clone())), ManualClock(sender))
    }

    /// Both readings.
    pub fn moment(&self) -> Moment {
        match &self.0 {
            Source::Kernel => {
                let wall = clock_gettime(ClockId::Realtime);
                let ms = wall.tv_sec.saturating_mul(1000).saturating_add(wall.tv_nsec / 1_000_000);
                Moment { wall: Timestamp::from_ms(ms), boot_ms: boot_us() / 1000 }
            }
            Source::Manual(sender) => *sender.borrow(),
        }
    }

    /// The wall clock.
    pub fn now(&self) -> Timestamp {
        self.moment().wall
    }

    /// Milliseconds since boot.
    pub fn boot_ms(&self) -> u64 {
        self.boot_us() / 1000
    }

    /// Microseconds since boot, for durations.
    pub fn boot_us(&self) -> u64 {
        match &self.0 {
            Source::Kernel => boot_us(),
            Source::Manual(sender) => sender.borrow().boot_ms * 1000,
        }
    }

    /// Waits until the time since boot has reached `boot_ms`.
    pub async fn sleep_until(&self, boot_ms: u64) {
        match &self.0 {
            Source::Kernel => {
                let now_us = self.boot_us();
                let wait_us = boot_ms.saturating_mul(1000).saturating_sub(now_us);
                tokio::time::sleep(Duration::from_micros(wait_us)).await;
            }
            Source::Manual(sender) => {
                let mut moments = sender.subscribe();
                // The sender lives in `self`, so waiting cannot fail for its absence.
                if moments.wait_for(|moment| moment.boot_ms >= boot_ms).await.is_err() {
                    tracing::debug!("manual clock is gone");
                }
            }
        }
    }
}

fn boot_us() -> u64 {
    let boot = clock_gettime(ClockId::Boottime);
    let us = boot.tv_sec.saturating_mul(1_000_000).saturating_add(boot.tv_nsec / 1000);
    u64::try_from(us).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn manual_clock_wakes_sleepers_when_moved() {
        let (clock, hand) = Clock::manual(Timestamp::from_secs(100));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(6000).await;
                clock.moment()
            }
        });
        hand.advance(2000);
        hand.step_wall(-50_000);
        hand.advance(3000);
        let moment = sleeper.await.expect("ran");
        assert_eq!(moment, Moment { wall: Timestamp::from_secs(55), boot_ms: 6000 });
    }

    #[test]
    fn kernel_clock_moves_forward() {
        let clock = Clock::system();
        let first = clock.boot_us();
        assert!(clock.boot_us() >= first && first > 0);
        assert!(clock.now() > Timestamp::from_secs(1_700_000_000));
    }
}
