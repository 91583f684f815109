//! Who may use whom.

use crate::tree::{Finding, Text, is_test_source, numbered, production, sources, texts};

const FORBIDDEN_IN_DOMAIN: [&str; 16] = [
    "tokio",
    "axum",
    "rusqlite",
    "reqwest",
    "tracing",
    "serde",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "crate::store",
    "crate::engine",
    "crate::outputs",
    "crate::config",
    "crate::ingest",
    "crate::clock",
];

/// Files under `domain/` name nothing of the outside world.
pub(crate) fn domain_is_pure() -> Vec<Finding> {
    let mut files = texts("collector/src/domain", ".rs");
    files.extend(texts("collector/src", "domain.rs"));
    files.iter().filter(|file| !is_test_source(&file.path)).flat_map(impure_lines).collect()
}

fn impure_lines(file: &Text) -> Vec<Finding> {
    let code = numbered(production(&file.text)).filter(|(_, line)| !line.trim_start().starts_with("//"));
    let named = |line: &str, name: &str| {
        let path = format!("{name}::");
        line.contains(&path) || line.contains(&format!("use {name};")) || line.contains(&format!("use {name} "))
    };
    code.filter_map(|(number, line)| {
        let name = FORBIDDEN_IN_DOMAIN.into_iter().find(|name| named(line, name))?;
        Some(Finding::new(&file.path, number, format!("domain must not use `{name}`: pass the facts in")))
    })
    .collect()
}

/// No SQL and no connection outside `store/`.
pub(crate) fn sql_stays_in_the_store() -> Vec<Finding> {
    let outside =
        texts("collector/src", ".rs").into_iter().filter(|file| !file.path.starts_with("collector/src/store"));
    outside.flat_map(|file| sql_lines(&file)).collect()
}

fn sql_lines(file: &Text) -> Vec<Finding> {
    let found = numbered(&file.text).filter(|(_, line)| line.contains("rusqlite"));
    found
        .map(|(number, _)| Finding::new(&file.path, number, "SQL and connections live below collector/src/store"))
        .collect()
}

/// `NNN_name.sql`, counted from 001 without a gap.
pub(crate) fn migrations_have_no_gap() -> Vec<Finding> {
    let names: Vec<String> = texts("collector/src/store/schema", ".sql").into_iter().map(|file| file.path).collect();
    misnumbered(&names)
}

fn misnumbered(paths: &[String]) -> Vec<Finding> {
    let wrong = paths.iter().enumerate().filter(|(index, path)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        !name.starts_with(&format!("{:03}_", index + 1))
    });
    wrong.map(|(index, path)| Finding::new(path, 0, format!("should be number {:03}", index + 1))).collect()
}

/// Every shared limit is applied or tested somewhere outside its own file.
pub(crate) fn limits_are_used() -> Vec<Finding> {
    let limits = texts("shared/src", "limits.rs");
    let others: Vec<Text> = sources().into_iter().filter(|file| file.path != "shared/src/limits.rs").collect();
    limits.iter().flat_map(|file| unused_limits(file, &others)).collect()
}

fn unused_limits(limits: &Text, others: &[Text]) -> Vec<Finding> {
    let declared = numbered(&limits.text).filter_map(|(number, line)| {
        let name = line.strip_prefix("pub const ")?.split(':').next()?;
        Some((number, name))
    });
    let uses = |line: &str, name: &str| !line.trim_start().starts_with("//") && line.contains(name);
    let applied = |text: &str, name: &str| text.lines().any(|line| uses(line, name));
    // A bound may also be applied by a function beside it.
    let beside = |name: &str| production(&limits.text).lines().filter(|line| uses(line, name)).count() > 1;
    declared
        .filter(|(_, name)| !beside(name) && !others.iter().any(|file| applied(&file.text, name)))
        .map(|(number, name)| Finding::new(&limits.path, number, format!("`{name}` is a bound that nobody applies")))
        .collect()
}

#[test]
fn the_rules_can_fail() {
    let text = |path: &str, text: &str| Text { path: path.into(), text: text.into() };
    let bad = text("collector/src/domain/x.rs", "//! X\nuse tokio::time;\n// std::fs is fine in a comment\n");
    assert_eq!(impure_lines(&bad).len(), 1);
    let tested = text("collector/src/domain/x.rs", "//! X\n#[cfg(test)]\nmod tests { use std::fs::read; }\n");
    assert_eq!(impure_lines(&tested), []);
    assert_eq!(sql_lines(&text("collector/src/engine.rs", "//! X\nuse rusqlite::Connection;")).len(), 1);
    assert_eq!(misnumbered(&["a/001_x.sql".into(), "a/003_y.sql".into()]).len(), 1);
    let limits = text("shared/src/limits.rs", "pub const A_MAX: usize = 1;\npub const B_MAX: usize = 1;\n");
    let user = text("agent/src/x.rs", "//! uses B_MAX? no\nlet x = A_MAX;");
    assert_eq!(unused_limits(&limits, &[user]).len(), 1);
    assert!(is_test_source("agent/tests/cli.rs") && !is_test_source("agent/src/lib.rs"));
}
