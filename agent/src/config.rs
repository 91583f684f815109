//! The configuration file: read whole, checked whole, every problem told at once with its place and its remedy.
//!
//! `raw` knows which settings exist, what they mean and what they are by default; the reference file is made from it.
//! `resolve` turns them into values that cannot be wrong. A missing file is the defaults, unless it was named.

mod raw;
mod resolve;

pub use raw::render_reference;
pub use resolve::Config;

use crate::local_checks;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where the file is looked for when none is named.
pub const DEFAULT_PATH: &str = "/etc/pantau/agent.toml";

/// Largest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// One thing that is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The setting, such as `spool.max_bytes`; empty for text that is not TOML.
    pub key: String,
    /// What stands there.
    pub given: String,
    /// What would be right, as a sentence without its full stop.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            return f.write_str(&self.remedy);
        }
        write!(f, "{}: given `{}`: {}", self.key, self.given, self.remedy)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read configuration {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of this host's own checks cannot be used.
    #[error("{}: {reason}", path.display())]
    Checks {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file has problems; all of them.
    #[error("{}", render_problems(path, problems))]
    Invalid {
        /// Which.
        path: PathBuf,
        /// What is wrong, in the order of the file.
        problems: Vec<Problem>,
    },
}

fn render_problems(path: &Path, problems: &[Problem]) -> String {
    let line = |p: &Problem| format!("{}:{}:{}: {p}", path.display(), p.line, p.column);
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl Config {
    /// Reads `named`, or the default file if it is there, or takes the defaults.
    ///
    /// # Errors
    /// A file that cannot be read, a named file that is missing, or all problems of its content.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let path = named.unwrap_or(Path::new(DEFAULT_PATH));
        let mut text = String::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
        match read {
            Ok(_) => {}
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ConfigError::Read { path: path.to_owned(), source }),
        }
        let parsed = Self::parse(&text);
        let mut config = parsed.map_err(|problems| ConfigError::Invalid { path: path.to_owned(), problems })?;
        if let Some(path) = &config.checks_file {
            let checks = local_checks::load(path);
            config.probes.checks = checks.map_err(|reason| ConfigError::Checks { path: path.clone(), reason })?;
        }
        Ok(config)
    }

    /// Parses the text of a configuration file.
    ///
    /// # Errors
    /// All problems, in the order of the file.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let (raw, mut problems) = raw::parse_raw(text);
        let resolved = resolve::resolve(&raw, &mut problems);
        problems.sort_by_key(|problem| (problem.line, problem.column));
        if problems.is_empty() { Ok(resolved) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests;
