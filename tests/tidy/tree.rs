//! The files of the repository and what a rule says about them.

use std::fs;
use std::path::{Path, PathBuf};

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Path from the root.
    pub(crate) file: String,
    /// Line, counted from 1; 0 for the whole file.
    pub(crate) line: usize,
    /// What is wrong and what would be right.
    pub(crate) text: String,
}

impl Finding {
    pub(crate) fn new(file: &str, line: usize, text: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, text: text.into() }
    }
}

/// Prints findings as `file:line: text`; how many.
pub(crate) fn report(rule: &str, findings: &[Finding]) -> usize {
    for finding in findings {
        eprintln!("{}:{}: {} [{rule}]", finding.file, finding.line, finding.text);
    }
    findings.len()
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A text file with its path from the root.
pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All files below `folder` (from the root) whose name ends in `ending`, sorted; empty when there is no such folder.
pub(crate) fn texts(folder: &str, ending: &str) -> Vec<Text> {
    let root = root();
    let mut paths = Vec::new();
    walk(&root.join(folder), &mut paths);
    paths.sort();
    let named = paths.into_iter().filter(|path| path.to_string_lossy().ends_with(ending));
    named
        .filter_map(|path| {
            let text = fs::read_to_string(&path).ok()?;
            let path = path.strip_prefix(&root).ok()?.to_string_lossy().into_owned();
            Some(Text { path, text })
        })
        .collect()
}

/// The Rust sources of the four packages.
pub(crate) fn sources() -> Vec<Text> {
    ["agent", "collector", "shared", "tests"].into_iter().flat_map(|package| texts(package, ".rs")).collect()
}

fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let skipped = ["target", "node_modules"].iter().any(|name| path.ends_with(name));
        if path.is_dir() && !skipped {
            walk(&path, into);
        } else if path.is_file() {
            into.push(path);
        }
    }
}

/// Lines with their numbers.
pub(crate) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// The part of a source above its first inline test module.
pub(crate) fn production(text: &str) -> &str {
    text.split("\n#[cfg(test)]").next().unwrap_or(text)
}

/// Whether a source holds only tests.
pub(crate) fn is_test_source(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}
