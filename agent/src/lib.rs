//! x
pub mod clock;
mod schedule;
mod spool;
