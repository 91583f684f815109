//! The pure rules. Facts and a given `now` go in, judgements come out.
//!
//! Nothing here reads a clock, a file, a socket, the environment or the store, and nothing here logs: a decision
//! carries its reasons as data. `tests/tidy` fails on an import that would change this.

pub mod availability;
pub mod catalogue;
pub mod phrase;
pub mod profile;
pub mod state;
pub mod ticket;
