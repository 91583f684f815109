//! The text that tells one disk, interface, core or file system of a host from another.
//!
//! Parts are joined by `|`; in them `\ | # { }` are preceded by `\`. The second and later items of the same name in
//! one sample (a file system mounted over itself) end with `#2`, `#3`, …: each text is written in one way only.
//! Does not know what the parts mean.

use std::fmt;
use std::sync::Arc;

/// Why a text names no instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "instance is not written as `part|part` with `\\` before special characters, and `#2` for the second of a name"
)]
pub struct InstanceError;

/// An instance, as its text. Empty for what a host has once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instance(Arc<str>);

const fn is_special(c: char) -> bool {
    matches!(c, '\\' | '|' | '#' | '{' | '}')
}

impl Instance {
    /// Of these parts, the `nth` of that name in its sample, counted from 0.
    pub fn new(parts: &[&str], nth: u32) -> Self {
        let mut text = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                text.push('|');
            }
            for c in part.chars() {
                if is_special(c) {
                    text.push('\\');
                }
                text.push(c);
            }
        }
        if nth > 0 {
            text.push('#');
            text.push_str(&nth.saturating_add(1).to_string());
        }
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses a text of `count` parts.
    ///
    /// # Errors
    /// [`InstanceError`] when it is not the one way to write an instance of so many parts.
    pub fn parse(text: &str, count: usize) -> Result<Self, InstanceError> {
        let instance = Self(text.into());
        let (parts, nth) = instance.split(count).ok_or(InstanceError)?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let fits = parts.len() == count && (count > 0 || nth == 0) && Self::new(&parts, nth) == instance;
        if fits { Ok(instance) } else { Err(InstanceError) }
    }

    /// Its parts, `count` of them (see [`super::Group::parts`]), and how many of that name are before it in its
    /// sample.
    pub(crate) fn split(&self, count: usize) -> Option<(Vec<String>, u32)> {
        if self.0.is_empty() && count == 0 {
            return Some((Vec::new(), 0));
        }
        let mut parts = vec![String::new()];
        let mut chars = self.0.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => parts.last_mut()?.push(chars.next()?),
                '|' => parts.push(String::new()),
                '#' => {
                    let nth: u32 = chars.as_str().parse().ok()?;
                    return Some((parts, nth.checked_sub(1)?));
                }
                other => parts.last_mut()?.push(other),
            }
        }
        Some((parts, 0))
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
