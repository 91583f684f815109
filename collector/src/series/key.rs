//! What one series is called: `memory.available_bytes`, `disk.reads{sda}`, `filesystem.free_bytes{/|/dev/vda1|ext4}`.
//!
//! A key's text is written in one way only. A [`Selector`] is what a person asks for: there an instance may be its
//! first part alone (`filesystem.free_bytes{/}`), whatever device is mounted there, or left out for all.
//! Does not know which series a host has.

use super::{Field, Group, Instance};
use std::fmt;
use std::str::FromStr;

/// Why a text names no series.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeriesNameError {
    /// Not `group.field` or `group.field{instance}`.
    #[error("series is not written as `group.field` or `group.field{{instance}}`")]
    Form,
    /// No such group.
    #[error("series has no group `{0}`")]
    Group(String),
    /// No such field there.
    #[error("series group `{group}` has no field `{field}`")]
    Field {
        /// The group.
        group: &'static str,
        /// What was asked.
        field: String,
    },
    /// An instance where there is none, or none where one is needed, or a badly written one.
    #[error("series group `{group}` is not followed by such an instance")]
    Instance {
        /// The group.
        group: &'static str,
    },
}

/// One series of a host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    group: Group,
    instance: Instance,
    tag: u8,
}

impl SeriesKey {
    /// The field with `tag` of an instance; `None` when the group has no such field.
    pub fn new(group: Group, instance: Instance, tag: u8) -> Option<Self> {
        group.field(tag)?;
        Some(Self { group, instance, tag })
    }

    /// What it measures.
    pub const fn group(&self) -> Group {
        self.group
    }

    /// Of which.
    pub const fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The field's tag.
    pub const fn tag(&self) -> u8 {
        self.tag
    }

    /// Its line in the table.
    pub fn field(&self) -> &'static Field {
        // `new` admits tags of the table only.
        self.group.field(self.tag).unwrap_or(const { &Field::UNKNOWN })
    }
}

impl fmt::Display for SeriesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.group.name(), self.field().name)?;
        if self.group.parts() > 0 { write!(f, "{{{}}}", self.instance) } else { Ok(()) }
    }
}

/// Group, field and what is in braces.
fn split(text: &str) -> Result<(Group, &'static Field, Option<&str>), SeriesNameError> {
    let (name, instance) = match text.split_once('{') {
        None => (text, None),
        Some((name, rest)) => (name, Some(rest.strip_suffix('}').ok_or(SeriesNameError::Form)?)),
    };
    let (group, field) = name.split_once('.').ok_or(SeriesNameError::Form)?;
    let group = Group::ALL
        .into_iter()
        .find(|known| known.name() == group)
        .ok_or_else(|| SeriesNameError::Group(group.to_owned()))?;
    let found = group.fields().iter().find(|known| known.name == field);
    let field = found.ok_or_else(|| SeriesNameError::Field { group: group.name(), field: field.to_owned() })?;
    Ok((group, field, instance))
}

impl FromStr for SeriesKey {
    type Err = SeriesNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (group, field, instance) = split(text)?;
        let wrong = SeriesNameError::Instance { group: group.name() };
        if instance.is_some() != (group.parts() > 0) {
            return Err(wrong);
        }
        let instance = Instance::parse(instance.unwrap_or_default(), group.parts()).map_err(|_| wrong)?;
        Ok(Self { group, instance, tag: field.tag })
    }
}

/// One or more series of a host, as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    group: Group,
    tag: u8,
    instance: Asked,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    All,
    First(String),
    Whole(Instance),
}

impl Selector {
    /// Just this one.
    pub fn of(key: &SeriesKey) -> Self {
        Self { group: key.group, tag: key.tag, instance: Asked::Whole(key.instance.clone()) }
    }

    /// Whether that series was asked for.
    pub fn matches(&self, key: &SeriesKey) -> bool {
        self.group == key.group && self.tag == key.tag && self.matches_instance(&key.instance)
    }

    fn matches_instance(&self, instance: &Instance) -> bool {
        match &self.instance {
            Asked::All => true,
            Asked::Whole(asked) => asked == instance,
            Asked::First(asked) => {
                instance.split(self.group.parts()).is_some_and(|(parts, nth)| nth == 0 && parts.first() == Some(asked))
            }
        }
    }

    /// The line in the table of what was asked for.
    pub fn field(&self) -> &'static Field {
        self.group.field(self.tag).unwrap_or(const { &Field::UNKNOWN })
    }
}

impl FromStr for Selector {
    type Err = SeriesNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (group, field, instance) = split(text)?;
        let wrong = SeriesNameError::Instance { group: group.name() };
        let asked = match instance {
            None => Asked::All,
            Some(_) if group.parts() == 0 => return Err(wrong),
            Some(text) => match Instance::parse(text, group.parts()) {
                Ok(whole) => Asked::Whole(whole),
                Err(_) => {
                    let first = Instance::parse(text, 1).map_err(|_| wrong.clone())?;
                    Asked::First(first.split(1).and_then(|(parts, _)| parts.into_iter().next()).ok_or(wrong)?)
                }
            },
        };
        Ok(Self { group, tag: field.tag, instance: asked })
    }
}
