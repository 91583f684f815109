//! Everything a person reads, in both languages, from the message files in `config/locales` (Fluent).
//!
//! The files are compiled in: one binary, nothing to lose. Both languages hold the same messages (a tidy test).

/// A language of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Bahasa Indonesia, the product's first language.
    Id,
    /// English.
    En,
}

impl Language {
    /// The code in `lang` attributes, cookies and folders.
    pub fn code(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }
}
