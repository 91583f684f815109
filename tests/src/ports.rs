//! Ports for programs that are told where to listen.
//!
//! Between the look and the program's own start anybody may take the port. So they lie below those that the kernel gives
//! to connections (from 32768 on), and each process begins at a place of its own: only one that looks at the same moment
//! at the same place could be in the way.

use anyhow::{Result, bail};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// The first.
const FIRST: u32 = 20_000;
/// How many there are.
const COUNT: u32 = 12_000;
/// From the first port of one process to that of the next one started.
const STRIDE: u32 = 61;

/// How many this process has looked at.
static LOOKED_AT: AtomicU32 = AtomicU32::new(0);

/// A port on loopback that nobody uses at this moment, and that this process is not given again.
///
/// # Errors
/// All are in use.
pub fn free_port() -> Result<u16> {
    let begin = std::process::id().wrapping_mul(STRIDE);
    for _ in 0..COUNT {
        let place = begin.wrapping_add(LOOKED_AT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + place)?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port from {FIRST} on is free")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_given_twice_nor_while_it_is_used() {
        let ports: Vec<u16> = (0..200).map(|_| free_port().expect("free")).collect();
        let mut apart = ports.clone();
        apart.sort_unstable();
        apart.dedup();
        assert_eq!(apart.len(), ports.len());
        let next = u32::from(free_port().expect("free")) - FIRST;
        let used = u16::try_from(FIRST + (next + 1) % COUNT).expect("a port");
        let held = TcpListener::bind(("127.0.0.1", used));
        assert_ne!(free_port().expect("free"), used);
        drop(held);
    }
}
