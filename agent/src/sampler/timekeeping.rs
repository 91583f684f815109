//! `adjtimex` asked without changing anything: whether the kernel's clock is kept in step, and how far it may be off.
//! Does not know who steers it, nor what the collector thinks of this host's clock.
//!
//! `rtime-clock` holds the one system call: `rustix` and `nix` have no safe way to make it, and none of this code may be
//! unsafe.

use pantau_shared::sample::Timekeeping;
use rtime_clock::adjtime::{Timex, adjtimex};
use std::io;

/// `TIME_ERROR`: the state of a clock that nobody keeps in step.
const TIME_ERROR: i32 = 5;

/// `STA_NANO`: the offset is in nanoseconds.
const STA_NANO: i32 = 0x2000;

/// Fractions of a part per million in which the kernel keeps frequencies.
const PPM_FRACTION: f64 = 1_000_000.0 * 65_536.0;

/// All of what the kernel tells, in its own units but for the offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KernelClock {
    /// Whether the state is not `TIME_ERROR`.
    pub(crate) synchronized: bool,
    pub(crate) offset_ns: i64,
    /// Parts per million, times 2^16.
    pub(crate) frequency: i64,
    pub(crate) error_max_us: i64,
    pub(crate) error_estimated_us: i64,
    pub(crate) status: i32,
    pub(crate) loop_constant: i64,
    pub(crate) tick_us: i64,
    pub(crate) tai_seconds: i32,
}

/// Asks the kernel. Needs no privilege, but a sandbox that forbids every call about clocks forbids this one too.
pub(crate) fn read_clock() -> io::Result<KernelClock> {
    let mut timex = Timex::new();
    let state = adjtimex(&mut timex)?;
    let told = timex.0;
    let nanos = if told.status & STA_NANO == 0 { 1000 } else { 1 };
    // Narrower on machines of 32 bits.
    #[allow(clippy::useless_conversion, reason = "the kernel's long has 32 or 64 bits")]
    Ok(KernelClock {
        synchronized: state != TIME_ERROR,
        offset_ns: i64::from(told.offset).saturating_mul(nanos),
        frequency: told.freq.into(),
        error_max_us: told.maxerror.into(),
        error_estimated_us: told.esterror.into(),
        status: told.status,
        loop_constant: told.constant.into(),
        tick_us: told.tick.into(),
        tai_seconds: told.tai,
    })
}

impl KernelClock {
    /// What travels.
    pub(crate) fn reading(&self) -> Timekeeping {
        Timekeeping {
            synchronized: Some(self.synchronized),
            offset_us: Some(self.offset_ns.unsigned_abs() / 1000),
            error_max_us: u64::try_from(self.error_max_us).ok(),
        }
    }

    /// How much faster than its hardware the clock is made to run: 1 is not at all.
    pub(crate) fn frequency_ratio(&self) -> f64 {
        1.0 + self.frequency as f64 / PPM_FRACTION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_answers_and_nothing_is_changed() {
        let (first, second) = (read_clock().expect("reads"), read_clock().expect("reads"));
        assert_eq!((first.status, first.tick_us), (second.status, second.tick_us));
        assert!(first.tick_us > 0 && first.error_max_us >= 0);
        assert!((first.frequency_ratio() - 1.0).abs() < 0.001);
    }

    #[test]
    fn an_offset_travels_as_a_distance() {
        let clock = KernelClock {
            synchronized: false,
            offset_ns: -2_500_999,
            frequency: 0,
            error_max_us: 16_000_000,
            error_estimated_us: 0,
            status: 0,
            loop_constant: 0,
            tick_us: 10_000,
            tai_seconds: 0,
        };
        let expected = Timekeeping { synchronized: Some(false), offset_us: Some(2500), error_max_us: Some(16_000_000) };
        assert_eq!(clock.reading(), expected);
    }
}
