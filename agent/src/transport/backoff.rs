//! How long to wait after a failed sending. Pure: the number of failures and a random number go in, a delay comes out.

/// First delay after an ordinary failure, in milliseconds.
const FIRST_MS: u64 = 500;

/// Longest delay after an ordinary failure, in milliseconds: an agent is back within this time of its collector.
const ORDINARY_MAX_MS: u64 = 30_000;

/// Delay when the collector does not want this host, in milliseconds: a person has to act first.
const REFUSED_MS: u64 = 60_000;

/// Why sending failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Network, overload, a collector that is starting: it will pass.
    Ordinary,
    /// The collector refuses this host, this program or this key.
    Refused,
}

/// The delay after the `failures`-th failure in a row, in milliseconds: doubling, capped, and spread by `random` over
/// its upper half, so that a fleet does not come back in step.
pub(super) fn delay_ms(failure: Failure, failures: u32, random: u64) -> u64 {
    let ceiling = match failure {
        Failure::Ordinary => FIRST_MS.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(ORDINARY_MAX_MS),
        Failure::Refused => REFUSED_MS,
    };
    ceiling / 2 + random % (ceiling / 2 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn doubles_up_to_the_cap() {
        let most: Vec<u64> = (1..=8).map(|failures| delay_ms(Failure::Ordinary, failures, 0) * 2).collect();
        assert_eq!(most, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    }

    proptest! {
        #[test]
        fn stays_within_its_bounds(failures in 0u32.., random in any::<u64>()) {
            let ordinary = delay_ms(Failure::Ordinary, failures, random);
            prop_assert!((FIRST_MS / 2..=ORDINARY_MAX_MS).contains(&ordinary));
            let refused = delay_ms(Failure::Refused, failures, random);
            prop_assert!((REFUSED_MS / 2..=REFUSED_MS).contains(&refused));
        }
    }
}
