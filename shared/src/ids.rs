//! Identifiers that people write in files and see in labels: parsed once, valid for ever after.
//!
//! An identifier is 1 to [`ID_BYTES_MAX`] bytes of `a-z`, `0-9`, `-`, `_` and `.`, and begins with a letter or a
//! digit. It is compared as it is: there is no case folding and no trimming.

use crate::limits::ID_BYTES_MAX;
use std::fmt;
use std::str::FromStr;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing was given.
    #[error("identifier is empty")]
    Empty,
    /// Longer than [`ID_BYTES_MAX`].
    #[error("identifier `{0}` is longer than {ID_BYTES_MAX} bytes")]
    TooLong(String),
    /// Holds a character outside `a-z 0-9 - _ .`, or begins with one of `- _ .`.
    #[error("identifier `{0}` may hold only a-z, 0-9, '-', '_', '.', and begins with a letter or digit")]
    BadCharacter(String),
}

fn check(text: &str) -> Result<(), IdError> {
    let Some(first) = text.bytes().next() else {
        return Err(IdError::Empty);
    };
    if text.len() > ID_BYTES_MAX {
        return Err(IdError::TooLong(crate::limits::cut_text(text)));
    }
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    if !text.bytes().all(inner) || matches!(first, b'-' | b'_' | b'.') {
        return Err(IdError::BadCharacter(text.to_owned()));
    }
    Ok(())
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses `text`.
            ///
            /// # Errors
            /// See [`IdError`].
            pub fn parse(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(text.to_owned()))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

id_type!(
    /// A machine that runs an agent.
    HostId
);
id_type!(
    /// A configured question about a service or component, asked by one or more hosts.
    CheckId
);
id_type!(
    /// A set of data that is backed up together and restored together.
    BackupSetId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_people_write() {
        for text in ["a", "web-01", "9lives", "srv.bangka.go.id", "db_1"] {
            assert_eq!(HostId::parse(text).map(|id| id.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        assert_eq!(CheckId::parse(""), Err(IdError::Empty));
        let long = "x".repeat(ID_BYTES_MAX + 1);
        assert_eq!(CheckId::parse(&long), Err(IdError::TooLong(long)));
        for text in ["Web", "-a", "a b", "a/b", "é", "a\n", "..", "a\"b"] {
            assert_eq!(CheckId::parse(text), Err(IdError::BadCharacter(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn serde_goes_through_the_parser() {
        let bad: Result<HostId, _> = serde_json::from_str("\"A\"");
        assert!(bad.is_err());
        let good: HostId = serde_json::from_str("\"a\"").expect("valid");
        assert_eq!(serde_json::to_string(&good).expect("prints"), "\"a\"");
    }
}
