//! The files that people write: read with every fault named at once, then handed on as domain values.
//!
//! A file goes through the syntax, then through [`diagnostics`] readers that know what each key may hold. Nothing is
//! used of a file with a fault in it. Unknown keys are faults: a misspelt one would otherwise be silently ignored.

pub mod broker;
mod calendar;
pub mod catalogue;
pub mod diagnostics;
pub mod profile;
mod receiver_options;
pub mod receivers;
pub mod settings;

pub(crate) use calendar::WEEKDAYS;
