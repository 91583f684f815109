//! What leaves the collector: pages, API, metrics, messages. Reads the snapshot and named history queries; changes
//! nothing except through the engine's commands.

pub(crate) mod api;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod ping;
pub mod receivers;
pub mod web;
