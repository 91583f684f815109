//! The repository's own rules: what lints cannot say, said as tests with file and line.
//!
//! Each rule is a pure function from text to findings, and has a test of its own on a bad snippet, so that it is known
//! to be able to fail. A rule over a folder that is not there finds nothing.

mod architecture;
mod files;
mod locales;
mod pages;
mod tree;

use tree::{Finding, report};

/// A rule over the whole repository.
type Rule = fn() -> Vec<Finding>;

const RULES: [(&str, Rule); 12] = [
    ("architecture: domain is pure", architecture::domain_is_pure),
    ("architecture: SQL stays in the store", architecture::sql_stays_in_the_store),
    ("architecture: migrations have no gap", architecture::migrations_have_no_gap),
    ("architecture: limits are used", architecture::limits_are_used),
    ("files: begin with what they are for", files::begin_with_module_docs),
    ("files: stay readable", files::production_part_is_bounded),
    ("files: names say what lives there", files::names_say_what_lives_there),
    ("files: nothing unfinished", files::nothing_unfinished),
    ("files: the visible root is the plan's", files::visible_root),
    ("files: manifests inherit the lints", files::manifests_inherit_lints),
    ("locales: both languages say the same", locales::same_messages),
    ("pages: strict policy, no outside request", pages::strict_and_local),
];

#[test]
fn the_house_is_tidy() {
    let mut failed = 0;
    for (name, rule) in RULES {
        failed += report(name, &rule());
    }
    assert_eq!(failed, 0, "findings above");
}
