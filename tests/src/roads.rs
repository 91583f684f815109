//! One host's road to a collector, over HTTPS or through a real broker, with everything on loopback: what tests and the
//! bench `backlog` share.
//!
//! The agent runs in this process, the collector in a child of the same executable ([`office::serve_as_child`]), so that
//! it can be killed without mercy. Counts are taken at both ends: what the agent was told is durable, and what the store
//! holds. Knows nothing of what is observed.

pub mod agent;
pub mod broker;
pub mod history;
pub mod jumble;
pub mod office;
