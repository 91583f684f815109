//! Map of the crate.

pub mod domain;
