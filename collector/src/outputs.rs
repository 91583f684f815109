//! What leaves the collector: web pages, API, metrics, messages. Each reads the snapshot; none changes state but by
//! commands of the engine.

pub mod web;
pub mod webhook;
