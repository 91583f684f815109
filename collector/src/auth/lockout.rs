//! Slows down guessing: five refused logins per name and address in fifteen minutes, then a wait that is told.
//!
//! The map has a bound. When it is full the entry that began first makes room: guessing over many names then costs the
//! guesser's own oldest entries, and nobody is locked out by it.

use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Refused tries that are free.
pub const TRIES_MAX: u32 = 5;
/// Seconds after the first of them at which counting begins anew.
pub const WINDOW_SECONDS: i64 = 15 * 60;
/// Most pairs of name and address remembered.
pub const PAIRS_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Tries {
    first_at: Timestamp,
    count: u32,
}

impl Tries {
    fn over_at(self) -> Timestamp {
        self.first_at.plus_secs(WINDOW_SECONDS)
    }
}

/// Remembers refused logins.
#[derive(Debug, Default)]
pub struct Lockout {
    tries: Mutex<HashMap<(String, IpAddr), Tries>>,
}

impl Lockout {
    /// Takes one try *before* the password is looked at, so that tries made at the same time count too.
    ///
    /// # Errors
    /// The seconds to wait, when there were too many.
    pub fn take_try(&self, name: &str, address: IpAddr, now: Timestamp) -> Result<(), u64> {
        let key = (name.chars().take(64).collect::<String>().to_lowercase(), address);
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if !tries.contains_key(&key) && tries.len() >= PAIRS_MAX {
            make_room(&mut tries, now);
        }
        let entry = tries.entry(key).or_insert(Tries { first_at: now, count: 0 });
        if now >= entry.over_at() {
            *entry = Tries { first_at: now, count: 0 };
        }
        if entry.count >= TRIES_MAX {
            let wait_ms = entry.over_at().ms_since(now);
            return Err(u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000));
        }
        entry.count += 1;
        Ok(())
    }

    /// A login that succeeded clears the count.
    pub fn clear(&self, name: &str, address: IpAddr) {
        let key = (name.chars().take(64).collect::<String>().to_lowercase(), address);
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}

/// Drops what is over; if nothing is, the pair that began first.
fn make_room(tries: &mut HashMap<(String, IpAddr), Tries>, now: Timestamp) {
    tries.retain(|_, entry| now < entry.over_at());
    if tries.len() < PAIRS_MAX {
        return;
    }
    let oldest = tries.iter().min_by(|(a_key, a), (b_key, b)| (a.first_at, a_key).cmp(&(b.first_at, b_key)));
    if let Some(key) = oldest.map(|(key, _)| key.clone()) {
        tries.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(n))
    }

    #[test]
    fn the_sixth_try_waits_and_others_do_not() {
        let lockout = Lockout::default();
        let start = Timestamp::from_secs(0);
        for _ in 0..TRIES_MAX {
            assert_eq!(lockout.take_try("rina", address(1), start), Ok(()));
        }
        assert_eq!(lockout.take_try("RINA", address(1), start.plus_secs(60)), Err(840));
        assert_eq!(lockout.take_try("rina", address(2), start), Ok(()));
        assert_eq!(lockout.take_try("budi", address(1), start), Ok(()));
        assert_eq!(lockout.take_try("rina", address(1), start.plus_secs(WINDOW_SECONDS)), Ok(()));
    }

    #[test]
    fn success_clears() {
        let lockout = Lockout::default();
        let now = Timestamp::from_secs(0);
        for _ in 0..TRIES_MAX {
            lockout.take_try("rina", address(1), now).expect("free");
        }
        lockout.clear("rina", address(1));
        assert_eq!(lockout.take_try("rina", address(1), now), Ok(()));
    }

    #[test]
    fn the_map_is_bounded() {
        let lockout = Lockout::default();
        for n in 0..=u32::try_from(PAIRS_MAX).expect("small") {
            let now = Timestamp::from_ms(i64::from(n));
            lockout.take_try("x", address(n), now).expect("free");
        }
        assert_eq!(lockout.tries.lock().expect("sound").len(), PAIRS_MAX);
    }
}
