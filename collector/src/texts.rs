//! Everything a person reads, in both languages, from the message files in `config/locales` (Fluent).
//!
//! The files are compiled in: one binary, nothing to lose. Both languages hold the same messages (a test). A message
//! that is missing shows its identifier and is logged: a page with one odd word is better than no page.
//! Layout of instants, durations, shares and sizes is in [`mod@format`]. Does not know who reads.

mod format;

use crate::domain::phrase::Phrase;
use chrono_tz::Tz;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use pantau_shared::timestamp::Timestamp;
use std::sync::LazyLock;

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

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "id" => Some(Self::Id),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Id => Self::En,
            Self::En => Self::Id,
        }
    }
}

macro_rules! messages {
    ($language:literal) => {
        [
            include_str!(concat!("../../config/locales/", $language, "/auth.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/backups.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/causes.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/checks.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/delivery.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/duty.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/explain.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/helpdesk.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/isolation.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/grouping.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/late.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/registers.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/report.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/review.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/rules.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/states.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/system.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/tickets.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/tuning.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/web.ftl")),
            include_str!(concat!("../../config/locales/", $language, "/wellbeing.ftl")),
        ]
    };
}

const INDONESIAN: [&str; 21] = messages!("id");
const ENGLISH: [&str; 21] = messages!("en");

type Bundle = FluentBundle<FluentResource>;

static INDONESIAN_BUNDLE: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::Id, &INDONESIAN));
static ENGLISH_BUNDLE: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::En, &ENGLISH));

/// A file with a damaged message keeps its sound ones (a test refuses damaged files and repeated messages).
fn bundle(language: Language, files: &[&str]) -> Bundle {
    // A code of two letters always parses; the root locale stands in.
    let locale: unic_langid::LanguageIdentifier = language.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    bundle.set_use_isolating(false);
    for file in files {
        let resource = match FluentResource::try_new((*file).to_owned()) {
            Ok(resource) => resource,
            Err((resource, errors)) => {
                tracing::error!(count = errors.len(), "message file has damaged messages");
                resource
            }
        };
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(count = errors.len(), "message files repeat messages");
        }
    }
    bundle
}

/// The texts for one reader: a language and the zone in which instants are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Texts {
    language: Language,
    zone: Tz,
}

impl Texts {
    /// Texts in `language` with local times of `zone`.
    pub fn new(language: Language, zone: Tz) -> Self {
        Self { language, zone }
    }

    /// The language.
    pub fn language(self) -> Language {
        self.language
    }

    /// The zone of local times.
    pub fn zone(self) -> Tz {
        self.zone
    }

    /// The message without arguments.
    pub fn get(self, id: &str) -> String {
        self.text(id, &[])
    }

    /// The message with arguments. An argument that is a whole number also chooses plural forms.
    pub fn text(self, id: &str, args: &[(&str, &str)]) -> String {
        let bundle = match self.language {
            Language::Id => &*INDONESIAN_BUNDLE,
            Language::En => &*ENGLISH_BUNDLE,
        };
        let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
            tracing::debug!(id, language = self.language.code(), "message is missing");
            return id.to_owned();
        };
        let mut fluent = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            fluent.set(*name, argument(value));
        }
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&fluent), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::debug!(id, ?errors, "message lacks an argument");
        }
        text
    }

    /// A count in words: `{ $count }` of the message.
    pub fn count(self, id: &str, count: usize) -> String {
        self.text(id, &[("count", &count.to_string())])
    }

    /// A sentence of the rules. Arguments whose names end in `_at` are instants, in `_s` durations in seconds, and `phase` is
    /// where a probe stood: all are laid out for the reader.
    pub fn phrase(self, phrase: &Phrase) -> String {
        let args: Vec<(&str, String)> = phrase
            .args
            .iter()
            .map(|(name, value)| {
                let instant = name.ends_with("_at").then(|| Timestamp::parse_rfc3339(value).ok()).flatten();
                let duration = name.ends_with("_s").then(|| value.parse().ok()).flatten();
                let phase = (name == "phase" && !value.is_empty()).then(|| self.phase(value));
                let laid_out = instant.map(|at| self.instant(at)).or(duration.map(|seconds| self.duration(seconds)));
                let laid_out = laid_out.or(phase);
                (name.as_str(), laid_out.unwrap_or_else(|| value.clone()))
            })
            .collect();
        let borrowed: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.text(&phrase.id, &borrowed)
    }
}

impl Texts {
    /// Where a probe stood, by its code; the code itself where it has no name.
    fn phase(self, code: &str) -> String {
        let id = format!("phase-{}", code.replace('_', "-"));
        let name = self.get(&id);
        if name == id { code.to_owned() } else { name }
    }
}

/// A number only where printing it gives the same text back: identifiers such as `007` stay text.
fn argument(value: &str) -> FluentValue<'_> {
    match value.parse::<i64>() {
        Ok(number) if number.to_string() == value => FluentValue::from(number),
        _ => FluentValue::from(value),
    }
}

#[cfg(test)]
mod tests;
