//! Both languages have the same files and the same messages.

use crate::tree::{Finding, Text, numbered, texts};
use std::collections::BTreeMap;

/// Compares `config/locales/id` with `config/locales/en`.
pub(crate) fn same_messages() -> Vec<Finding> {
    let (id, en) = (texts("config/locales/id", ".ftl"), texts("config/locales/en", ".ftl"));
    let mut findings = missing(&id, &en, "en");
    findings.extend(missing(&en, &id, "id"));
    findings
}

/// Message identifiers of all files with file name and line.
fn messages(files: &[Text]) -> BTreeMap<(String, String), (String, usize)> {
    let mut found = BTreeMap::new();
    for file in files {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path).to_owned();
        for (number, line) in numbered(&file.text) {
            let begins = line.starts_with(|c: char| c.is_ascii_alphabetic());
            if let Some((id, _)) = line.split_once('=').filter(|_| begins) {
                found.insert((name.clone(), id.trim().to_owned()), (file.path.clone(), number));
            }
        }
    }
    found
}

fn missing(here: &[Text], there: &[Text], language: &str) -> Vec<Finding> {
    let there = messages(there);
    let here = messages(here).into_iter().filter(|(key, _)| !there.contains_key(key));
    here.map(|((_, id), (path, line))| Finding::new(&path, line, format!("`{id}` is missing in `{language}`")))
        .collect()
}

#[test]
fn the_rule_can_fail() {
    let file = |path: &str, text: &str| Text { path: path.into(), text: text.into() };
    let id = [file("config/locales/id/web.ftl", "a = A\n    lanjut = x\nb =\n    B\n")];
    let en = [file("config/locales/en/web.ftl", "a = A\n# b = C\n")];
    assert_eq!(missing(&id, &en, "en").len(), 1);
    assert_eq!(missing(&en, &id, "id"), []);
}
