//! Pages work under the strict content policy and without a network.

use crate::tree::{Finding, Text, numbered, texts};

/// Templates hold no inline script, style or handler, and ask nothing outside; nor do style sheets and own scripts.
pub(crate) fn strict_and_local() -> Vec<Finding> {
    let mut files = texts("collector/templates", ".html");
    let assets = [".css", ".js"].into_iter().flat_map(|ending| texts("collector/assets", ending));
    files.extend(assets.filter(|file| !file.path.contains("/vendor/")));
    files.iter().flat_map(loose_lines).collect()
}

fn loose_lines(file: &Text) -> Vec<Finding> {
    let html = file.path.ends_with(".html");
    let mut findings = Vec::new();
    for (number, line) in numbered(&file.text) {
        let lower = line.to_lowercase();
        let mut found = |text: &str| findings.push(Finding::new(&file.path, number, text));
        if html && lower.contains("<script") && !lower.contains("src=") {
            found("no inline script: put it into collector/assets");
        }
        if html && (lower.contains(" style=") || lower.contains("<style")) {
            found("no inline style: put it into the style sheet");
        }
        if html
            && [" onclick=", " onload=", " onchange=", " onsubmit=", " onerror="].iter().any(|on| lower.contains(on))
        {
            found("no inline handler: bind it in a script file");
        }
        let outside =
            ["src=\"http", "href=\"http", "url(http", "@import", "src=\"//"].iter().any(|at| lower.contains(at));
        if outside {
            found("no outside request: the office has no internet");
        }
    }
    findings
}

#[test]
fn the_rule_can_fail() {
    let file = |path: &str, text: &str| Text { path: path.into(), text: text.into() };
    let bad = "<script>x</script>\n<p style=\"a\">\n<a onclick=\"x\">\n<img src=\"https://x\">\n<script src=\"/a.js\"></script>";
    assert_eq!(loose_lines(&file("collector/templates/a.html", bad)).len(), 4);
    assert_eq!(loose_lines(&file("collector/assets/a.css", "@import url(x);")).len(), 1);
}
