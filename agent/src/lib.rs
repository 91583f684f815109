//! x
pub mod clock;
mod schedule;
mod sampler;
mod spool;
