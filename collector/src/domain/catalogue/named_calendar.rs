//! Calendars by name, as a catalogue or a profile gives them.

use crate::domain::calendar::Calendar;

/// The built-in calendar: every instant, in the profile's zone.
pub const ALWAYS: &str = "24x7";

/// A calendar that services and clocks name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCalendar {
    /// Unique; same alphabet as a host's identifier.
    pub id: String,
    /// For people.
    pub name: String,
    /// Its open time.
    pub calendar: Calendar,
    /// Whether the office has confirmed the hours. What is built on a template is not until somebody says so (G18).
    pub confirmed: bool,
}
