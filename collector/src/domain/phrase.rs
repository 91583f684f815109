//! A sentence that is not yet in a language: the identifier of a message and its arguments.
//!
//! Decisions say what they have to say in phrases; the rim renders them in Bahasa Indonesia or English. So a ticket
//! that was opened by the engine reads well in both, for ever.

/// A message identifier (as in `config/locales/*/*.ftl`) with named arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phrase {
    /// Message identifier, such as `symptom-service-down`.
    pub id: String,
    /// Arguments by name, in the order given. Numbers are already formatted or plain integers; instants are RFC 3339
    /// and are laid out in the reader's zone when rendered (names that end in `_at`).
    pub args: Vec<(String, String)>,
}

impl Phrase {
    /// A phrase without arguments.
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), args: Vec::new() }
    }

    /// The same phrase with one more argument.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.args.push((name.to_owned(), value.to_string()));
        self
    }
}
