//! Map of the crate: what the benches and proofs share. Knows nothing of how a figure should come out.
//!
//! | module | holds |
//! |---|---|
//! | [`trace`] | a recorded or made-up server as rows of series, and their place in a sample |
//! | [`roads`] | one host's road to a collector: HTTP or a broker, with deaths and counts at both ends |
//! | [`certificates`] | an own authority, and good and bad certificates below it |
//! | [`free_port()`] | ports for programs that are told where to listen |
//! | [`fleet`] | many agents that play a trace to a collector, and what that cost it |

pub mod certificates;
pub mod fleet;
mod ports;
pub mod roads;
pub mod trace;

pub use ports::free_port;
