//! The shape of files: their beginning, their length, their names.

use crate::tree::{Finding, Text, is_test_source, numbered, production, root, sources, texts};
use std::fs;

/// Production lines a file may have.
const PRODUCTION_LINES_MAX: usize = 700;

const EMPTY_NAMES: [&str; 8] = ["util", "utils", "common", "helper", "helpers", "misc", "manager", "mod"];

const ROOT: [&str; 12] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "rust-toolchain.toml",
    "agent",
    "collector",
    "shared",
    "config",
    "systemd",
    "tests",
];

/// What a build or a first start leaves in a checkout; git ignores it.
const LEFT_BEHIND: [&str; 4] = ["target", "pantau-data", "pantau-data-demo", "node_modules"];

/// Each source begins with `//!`.
pub(crate) fn begin_with_module_docs() -> Vec<Finding> {
    sources().iter().filter_map(undocumented).collect()
}

fn undocumented(file: &Text) -> Option<Finding> {
    let begins = file.text.starts_with("//!");
    (!begins).then(|| Finding::new(&file.path, 1, "begin with `//!`: what lives here, and what it does not know"))
}

/// No production part above the bound.
pub(crate) fn production_part_is_bounded() -> Vec<Finding> {
    sources().iter().filter(|file| !is_test_source(&file.path)).filter_map(too_long).collect()
}

fn too_long(file: &Text) -> Option<Finding> {
    let lines = production(&file.text).lines().count();
    (lines > PRODUCTION_LINES_MAX)
        .then(|| Finding::new(&file.path, lines, format!("{lines} production lines, at most {PRODUCTION_LINES_MAX}")))
}

/// No `util`, no `mod.rs`.
pub(crate) fn names_say_what_lives_there() -> Vec<Finding> {
    sources().iter().filter_map(|file| empty_name(&file.path)).collect()
}

fn empty_name(path: &str) -> Option<Finding> {
    let mut parts = path.split('/').map(|part| part.trim_end_matches(".rs"));
    let name = parts.find(|part| EMPTY_NAMES.contains(part))?;
    Some(Finding::new(path, 0, format!("`{name}` says nothing: name the file for what lives there")))
}

/// Nothing ignored, nothing left to do.
pub(crate) fn nothing_unfinished() -> Vec<Finding> {
    let others = sources().into_iter().filter(|file| !file.path.starts_with("tests/tidy/"));
    others.flat_map(|file| unfinished_lines(&file)).collect()
}

fn unfinished_lines(file: &Text) -> Vec<Finding> {
    const MARKS: [&str; 5] = ["#[ignore", "todo!(", "unimplemented!(", "TODO", "FIXME"];
    let marked = numbered(&file.text).filter_map(|(number, line)| {
        let mark = MARKS.into_iter().find(|mark| line.contains(mark))?;
        Some(Finding::new(&file.path, number, format!("`{mark}`: finish it or delete it")))
    });
    marked.collect()
}

/// The visible root holds the plan's entries only.
pub(crate) fn visible_root() -> Vec<Finding> {
    let Ok(entries) = fs::read_dir(root()) else { return vec![Finding::new(".", 0, "root cannot be read")] };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut strangers: Vec<String> = names.filter(|name| is_stranger(name)).collect();
    strangers.sort();
    strangers.iter().map(|name| Finding::new(name, 0, "not in the plan of the root")).collect()
}

fn is_stranger(name: &str) -> bool {
    !name.starts_with('.') && !ROOT.contains(&name) && !LEFT_BEHIND.contains(&name)
}

/// Each package takes the workspace's lints.
pub(crate) fn manifests_inherit_lints() -> Vec<Finding> {
    let packages = ["agent", "collector", "shared", "tests"];
    let manifests = packages.into_iter().flat_map(|package| texts(package, "Cargo.toml"));
    manifests.filter_map(|file| without_lints(&file)).collect()
}

fn without_lints(file: &Text) -> Option<Finding> {
    let inherits = file.text.contains("[lints]\nworkspace = true");
    (!inherits).then(|| Finding::new(&file.path, 0, "add `[lints]` with `workspace = true`"))
}

#[test]
fn the_rules_can_fail() {
    let text = |path: &str, text: &str| Text { path: path.into(), text: text.into() };
    assert!(undocumented(&text("a.rs", "use x;")).is_some());
    assert!(undocumented(&text("a.rs", "//! A.")).is_none());
    let long = "x\n".repeat(PRODUCTION_LINES_MAX + 1);
    assert!(too_long(&text("a.rs", &long)).is_some());
    assert!(too_long(&text("a.rs", &format!("x\n#[cfg(test)]\n{long}"))).is_none());
    assert!(empty_name("agent/src/util.rs").is_some() && empty_name("agent/src/spool/mod.rs").is_some());
    assert!(empty_name("agent/src/spool.rs").is_none());
    assert_eq!(unfinished_lines(&text("a.rs", "fn f() { todo!() }\n// FIXME\n")).len(), 2);
    assert!(is_stranger("notes.txt") && !is_stranger(".git") && !is_stranger("agent"));
    assert!(without_lints(&text("Cargo.toml", "[package]")).is_some());
}
