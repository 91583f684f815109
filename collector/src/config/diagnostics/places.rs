//! Dates, and lists whose items are texts or tables.

use super::{Diagnostics, Placed, TableReader, placed_text};
use chrono::{Datelike, NaiveDate};
use std::cell::RefCell;
use std::ops::Range;
use toml::de::DeValue;

/// The years in which dates may lie.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

/// An item of a list.
#[derive(Debug)]
pub enum Item<'a> {
    /// A table in braces.
    Table(TableReader<'a>),
    /// A text.
    Text(Placed<String>),
}

impl<'a> TableReader<'a> {
    /// Reads a date, with or without quotes.
    pub fn date(&self, d: &mut Diagnostics<'_>, key: &'static str) -> Option<Placed<NaiveDate>> {
        let (value, span) = self.find(key)?;
        placed_date(d, value, span, &self.key(key))
    }

    /// Reads a list of at most `max` dates; empty when absent.
    pub fn dates(&self, d: &mut Diagnostics<'_>, key: &'static str, max: usize) -> Vec<Placed<NaiveDate>> {
        let Some((value, span)) = self.find(key) else { return Vec::new() };
        let DeValue::Array(items) = value else {
            d.add(span, &self.key(key), true, "is not a list", "give a list of dates, such as [\"2026-08-17\"]");
            return Vec::new();
        };
        if items.len() > max {
            d.add(span, &self.key(key), false, "is too long", &format!("give at most {max} dates"));
        }
        let read = |(i, item): (usize, &toml::Spanned<DeValue<'_>>)| {
            placed_date(d, item.get_ref(), item.span(), &format!("{}[{i}]", self.key(key)))
        };
        items.iter().take(max).enumerate().filter_map(read).collect()
    }

    /// Reads a list of at most `max` texts and tables; `None` when absent or no list.
    pub fn items(&self, d: &mut Diagnostics<'_>, key: &'static str, max: usize) -> Option<Vec<Item<'a>>> {
        let (value, span) = self.find(key)?;
        let DeValue::Array(items) = value else {
            d.add(span, &self.key(key), true, "is not a list", "give a list of names, such as [\"a\", \"b\"]");
            return None;
        };
        if items.len() > max {
            d.add(span, &self.key(key), false, "is too long", &format!("give at most {max} items"));
        }
        let mut out = Vec::new();
        for (index, item) in items.iter().take(max).enumerate() {
            let path = format!("{}[{index}]", self.key(key));
            match item.get_ref() {
                DeValue::Table(table) => {
                    out.push(Item::Table(TableReader { path, table, span: item.span(), asked: RefCell::default() }));
                }
                other => out.extend(placed_text(d, other, item.span(), &path, 100).map(Item::Text)),
            }
        }
        Some(out)
    }
}

fn placed_date(
    d: &mut Diagnostics<'_>,
    value: &DeValue<'_>,
    span: Range<usize>,
    key: &str,
) -> Option<Placed<NaiveDate>> {
    let text = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        _ => String::new(),
    };
    let read = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().filter(|date| date.to_string() == text);
    let read = read.filter(|date| YEARS.contains(&date.year()));
    if read.is_none() {
        d.add(span.clone(), key, true, "is no date", "give YYYY-MM-DD between 2000 and 2100, such as \"2026-08-17\"");
    }
    read.map(|value| Placed { value, span, key: key.to_owned() })
}
