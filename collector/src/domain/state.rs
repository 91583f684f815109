//! Placeholder until the rules of state land.

/// State of a service at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Works.
    Up,
    /// Works, but slowly or in part.
    Degraded,
    /// Does not work.
    Down,
    /// Nobody knows.
    Unknown,
}
