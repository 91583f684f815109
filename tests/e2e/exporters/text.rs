//! Prometheus's text format, as much of it as exporters write.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;

/// Label names and values.
pub(super) type Labels = BTreeMap<String, String>;

/// One family: its type and series.
#[derive(Debug, Default)]
pub(super) struct Family {
    pub(super) kind: String,
    pub(super) series: BTreeMap<Labels, f64>,
}

/// What one exporter shows at one moment.
#[derive(Debug, Default)]
pub(super) struct Scrape {
    pub(super) families: BTreeMap<String, Family>,
}

impl Scrape {
    /// The value of a family without labels, or of its first series.
    pub(super) fn value(&self, family: &str) -> Option<f64> {
        self.families.get(family)?.series.values().next().copied()
    }
}

/// Parses a scrape.
pub(super) fn parse(text: &str) -> Result<Scrape> {
    let mut scrape = Scrape::default();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').context("a type")?;
            scrape.families.entry(name.to_owned()).or_default().kind = kind.to_owned();
        } else if !line.starts_with('#') {
            let (name, labels, value) = parse_series(line).with_context(|| format!("understand `{line}`"))?;
            let family = scrape.families.entry(name).or_default();
            if family.series.insert(labels, value).is_some() {
                bail!("`{line}` is shown twice");
            }
        }
    }
    Ok(scrape)
}

fn parse_series(line: &str) -> Option<(String, Labels, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = parse_value(after)?;
            labels.insert(label.trim_start_matches(',').to_owned(), value);
            rest = after;
        }
        rest = rest.strip_prefix('}')?;
    }
    Some((name.to_owned(), labels, rest.split_ascii_whitespace().next()?.parse().ok()?))
}

/// Up to the closing quote, unescaped; and what follows.
fn parse_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[test]
fn escapes_and_several_labels_are_read() {
    let scrape =
        parse("# TYPE a gauge\na{x=\"1,\\\"}\",y=\"\"} 2.5\na{x=\"é\"} NaN\nb 7 1700000000000\n").expect("parses");
    let a = &scrape.families["a"];
    assert_eq!((a.kind.as_str(), a.series.len(), scrape.value("b")), ("gauge", 2, Some(7.0)));
    let first = a.series.keys().find(|labels| labels.len() == 2).expect("two labels");
    assert_eq!((first["x"].as_str(), first["y"].as_str()), ("1,\"}", ""));
    assert!(parse("a 1\na 2\n").is_err() && parse("a{x=\"1} 2\n").is_err());
}
