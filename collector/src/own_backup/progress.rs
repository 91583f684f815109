//! A bar on a person's terminal; silent elsewhere.

use crate::store::backup::{Phase, Progress};
use indicatif::{ProgressBar, ProgressStyle};

/// Shows how far a copy or a check is.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    words: [&'static str; 3],
}

impl Bar {
    /// With the words for copying, checking and hashing.
    pub(crate) fn new(words: [&'static str; 3]) -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("  {msg} [{bar:30}] {percent}% {elapsed}") {
            bar.set_style(style);
        }
        Self { bar, words }
    }

    /// Hears of the progress; never stops it.
    pub(crate) fn tell(&self, progress: Progress) -> bool {
        let [copy, check, hash] = self.words;
        self.bar.set_message(match progress.phase {
            Phase::Copy => copy,
            Phase::Check => check,
            Phase::Hash => hash,
        });
        self.bar.set_length(progress.total.max(1));
        self.bar.set_position(progress.done);
        true
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
