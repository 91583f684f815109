//! Placeholder until the rules of availability land.

/// Figures of a period.
#[derive(Debug, Clone)]
pub struct Figures {}
