//! All faults of one TOML file at once: where, which key, what was given, what would be right.
//!
//! [`Diagnostics`] collects; [`TableReader`] hands out values of one table and notes which keys were asked for, so that
//! [`TableReader::finish`] can name the keys that nobody knows. At most [`DIAGNOSTICS_MAX`] faults are kept; how many
//! more there were is counted.

mod places;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use toml::de::{DeTable, DeValue};

pub use places::Item;

/// The most faults kept of one file.
pub const DIAGNOSTICS_MAX: usize = 100;
/// The most bytes of a configuration file.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Name of the file.
    pub file: String,
    /// Counts from 1.
    pub line: usize,
    /// Counts from 1, in characters.
    pub column: usize,
    /// Full key, such as `layanan[2].nama`; empty for a fault of syntax.
    pub key: String,
    /// The value as written, cut; `None` where there is none.
    pub given: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub remedy: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        match (&self.given, self.key.is_empty()) {
            (Some(given), false) => write!(f, "{} = {given}: ", self.key)?,
            (None, false) => write!(f, "{}: ", self.key)?,
            (Some(_) | None, true) => {}
        }
        write!(f, "{}; {}", self.problem, self.remedy)
    }
}

/// The faults of one file, in order of line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FileFaults {
    /// At most [`DIAGNOSTICS_MAX`].
    pub faults: Vec<Diagnostic>,
    /// How many more there were.
    pub left_out: usize,
}

impl fmt::Display for FileFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let end = if index + 1 == self.faults.len() && self.left_out == 0 { "" } else { "\n" };
            write!(f, "{fault}{end}")?;
        }
        if self.left_out > 0 {
            write!(f, "and {} more", self.left_out)?;
        }
        Ok(())
    }
}

/// Collects the faults of one file.
#[derive(Debug)]
pub struct Diagnostics<'t> {
    file: String,
    text: &'t str,
    found: Vec<Diagnostic>,
    left_out: usize,
}

impl<'t> Diagnostics<'t> {
    /// For `text` of the file named `file`.
    pub fn new(file: &str, text: &'t str) -> Self {
        Self { file: file.to_owned(), text, found: Vec::new(), left_out: 0 }
    }

    /// Parses the text; faults of syntax are collected, and what could be read is returned.
    pub fn parse(&mut self) -> Option<(DeTable<'t>, Range<usize>)> {
        if self.text.len() > FILE_BYTES_MAX {
            self.add(0..0, "", false, "file is too large", &format!("keep it below {FILE_BYTES_MAX} bytes"));
            return None;
        }
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let message = error.message().replace('\n', ", ");
            self.add(error.span().unwrap_or(0..0), "", false, &message, "see https://toml.io for the syntax");
        }
        let span = table.span();
        Some((table.into_inner(), span))
    }

    /// Notes a fault at `span`; the text there is shown as the given value when `with_value`.
    pub fn add(&mut self, span: Range<usize>, key: &str, with_value: bool, problem: &str, remedy: &str) {
        if self.found.len() == DIAGNOSTICS_MAX {
            self.left_out += 1;
            return;
        }
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let given = with_value.then(|| self.text.get(span.clone()).unwrap_or_default());
        self.found.push(Diagnostic {
            file: self.file.clone(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            key: key.to_owned(),
            given: given.map(|text| {
                let first = text.lines().next().unwrap_or_default();
                let cut: String = first.chars().take(80).collect();
                if cut.len() < text.len() { format!("{cut}…") } else { cut }
            }),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        });
    }

    /// Whether nothing was wrong so far.
    pub fn is_clean(&self) -> bool {
        self.found.is_empty()
    }

    /// The faults, or `value` when there are none.
    ///
    /// # Errors
    /// [`FileFaults`] with everything that was noted.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, FileFaults> {
        if self.found.is_empty()
            && let Some(value) = value
        {
            return Ok(value);
        }
        self.found.sort_by_key(|fault| (fault.line, fault.column));
        Err(FileFaults { faults: self.found, left_out: self.left_out })
    }
}

/// One table of the file, being read.
#[derive(Debug)]
pub struct TableReader<'a> {
    path: String,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    asked: RefCell<BTreeSet<&'static str>>,
}

/// A text value with its place, for faults that are found later (cross-references).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Range<usize>,
    /// Its full key.
    pub key: String,
}

impl<'a> TableReader<'a> {
    /// The whole file.
    pub fn root(table: &'a DeTable<'a>, span: Range<usize>) -> Self {
        Self { path: String::new(), table, span, asked: RefCell::default() }
    }

    /// Where the table stands.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The full name of `key`; of the table itself when that is empty.
    pub fn key(&self, key: &str) -> String {
        if key.is_empty() {
            return self.path.clone();
        }
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn find(&self, key: &'static str) -> Option<(&'a DeValue<'a>, Range<usize>)> {
        self.asked.borrow_mut().insert(key);
        self.table.iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| (v.get_ref(), v.span()))
    }

    /// Whether the key is there.
    pub fn has(&self, key: &'static str) -> bool {
        self.find(key).is_some()
    }

    /// Notes that a key that must be there is not.
    pub fn missing(&self, d: &mut Diagnostics<'_>, key: &str, remedy: &str) {
        let span = self.span.start..self.span.start;
        d.add(span, &self.key(key), false, "is missing", remedy);
    }

    /// Reads a text of 1 to `max` characters; `None` when it is absent or faulty.
    pub fn text(&self, d: &mut Diagnostics<'_>, key: &'static str, max: usize) -> Option<Placed<String>> {
        let (value, span) = self.find(key)?;
        placed_text(d, value, span, &self.key(key), max)
    }

    /// Like [`Self::text`]; its absence is a fault.
    pub fn required_text(&self, d: &mut Diagnostics<'_>, key: &'static str, max: usize) -> Option<Placed<String>> {
        if !self.has(key) {
            self.missing(d, key, "give a text");
        }
        self.text(d, key, max)
    }

    /// Reads a list of texts; empty when absent.
    pub fn texts(&self, d: &mut Diagnostics<'_>, key: &'static str, max: usize) -> Vec<Placed<String>> {
        let Some((value, span)) = self.find(key) else { return Vec::new() };
        let DeValue::Array(items) = value else {
            d.add(span, &self.key(key), true, "is not a list", "give a list of texts, such as [\"a\", \"b\"]");
            return Vec::new();
        };
        let read = |(i, item): (usize, &'a toml::Spanned<DeValue<'a>>)| {
            placed_text(d, item.get_ref(), item.span(), &format!("{}[{i}]", self.key(key)), max)
        };
        items.iter().enumerate().filter_map(read).collect()
    }

    /// Reads a whole number in `range`.
    pub fn integer(
        &self,
        d: &mut Diagnostics<'_>,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Option<Placed<u64>> {
        let (value, span) = self.find(key)?;
        let read = match value {
            DeValue::Integer(number) => u64::from_str_radix(&number.as_str().replace('_', ""), number.radix())
                .ok()
                .filter(|n| range.contains(n)),
            _ => None,
        };
        if read.is_none() {
            let remedy = format!("give a whole number from {} to {}", range.start(), range.end());
            d.add(span.clone(), &self.key(key), true, "is out of range or no whole number", &remedy);
        }
        read.map(|value| Placed { value, span, key: self.key(key) })
    }

    /// Reads `true` or `false`.
    pub fn boolean(&self, d: &mut Diagnostics<'_>, key: &'static str) -> Option<bool> {
        let (value, span) = self.find(key)?;
        if let DeValue::Boolean(read) = value {
            return Some(*read);
        }
        d.add(span, &self.key(key), true, "is no truth value", "give true or false, without quotes");
        None
    }

    /// Reads a duration in milliseconds, within `range` (milliseconds too).
    pub fn duration_ms(
        &self,
        d: &mut Diagnostics<'_>,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Option<Placed<u64>> {
        let (value, span) = self.find(key)?;
        let read = match value {
            DeValue::String(text) => humantime::parse_duration(text).ok(),
            _ => None,
        };
        let read = read.and_then(|d| u64::try_from(d.as_millis()).ok());
        let shown = |ms: u64| humantime::format_duration(std::time::Duration::from_millis(ms)).to_string();
        let remedy = format!("give \"{}\" to \"{}\"", shown(*range.start()), shown(*range.end()));
        match read {
            None => {
                let remedy = format!("{remedy}, with a unit: \"30s\", \"5m\", \"24h\"");
                d.add(span, &self.key(key), true, "is no duration", &remedy);
                None
            }
            Some(ms) if !range.contains(&ms) => {
                d.add(span, &self.key(key), true, "is out of range", &remedy);
                None
            }
            Some(value) => Some(Placed { value, span, key: self.key(key) }),
        }
    }

    /// Reads a size in bytes, within `range`.
    pub fn bytes(&self, d: &mut Diagnostics<'_>, key: &'static str, range: RangeInclusive<u64>) -> Option<Placed<u64>> {
        let (value, span) = self.find(key)?;
        let read = match value {
            DeValue::String(text) => parse_bytes(text),
            _ => None,
        };
        if read.is_none_or(|bytes| !range.contains(&bytes)) {
            let problem = if read.is_none() { "is no size" } else { "is out of range" };
            let remedy = format!("give {} to {} bytes with a unit: \"256MiB\", \"2GiB\"", range.start(), range.end());
            d.add(span, &self.key(key), true, problem, &remedy);
            return None;
        }
        read.map(|value| Placed { value, span, key: self.key(key) })
    }

    /// Reads a percentage with at most four decimals as parts per million, within `0..=1_000_000`.
    pub fn percent_ppm(&self, d: &mut Diagnostics<'_>, key: &'static str) -> Option<u32> {
        let (value, span) = self.find(key)?;
        let text = match value {
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
            _ => None,
        };
        let read = text.as_deref().and_then(parse_percent_ppm);
        if read.is_none() {
            d.add(
                span,
                &self.key(key),
                true,
                "is no percentage",
                "give 0 to 100 with at most four decimals, such as 99.9",
            );
        }
        read
    }

    /// Reads one of the given codes.
    pub fn choice<T>(
        &self,
        d: &mut Diagnostics<'_>,
        key: &'static str,
        codes: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let (value, span) = self.find(key)?;
        let read = match value {
            DeValue::String(text) => parse(text),
            _ => None,
        };
        if read.is_none() {
            let list: Vec<String> = codes.iter().map(|code| format!("\"{code}\"")).collect();
            d.add(span, &self.key(key), true, "is not known", &format!("give one of {}", list.join(", ")));
        }
        read
    }

    /// The table at `key`; `None` when absent or faulty.
    pub fn table(&self, d: &mut Diagnostics<'_>, key: &'static str) -> Option<TableReader<'a>> {
        let (value, span) = self.find(key)?;
        if let DeValue::Table(table) = value {
            return Some(TableReader { path: self.key(key), table, span, asked: RefCell::default() });
        }
        d.add(span, &self.key(key), true, "is no table", &format!("write it as [{}]", self.key(key)));
        None
    }

    /// The tables of a list of tables (`[[key]]`); empty when absent.
    pub fn tables(&self, d: &mut Diagnostics<'_>, key: &'static str) -> Vec<TableReader<'a>> {
        let Some((value, span)) = self.find(key) else { return Vec::new() };
        let remedy = format!("write each as [[{}]]", self.key(key));
        let DeValue::Array(items) = value else {
            d.add(span, &self.key(key), false, "is no list of tables", &remedy);
            return Vec::new();
        };
        let mut out = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{}]", self.key(key), index + 1);
            match item.get_ref() {
                DeValue::Table(table) => {
                    out.push(TableReader { path, table, span: item.span(), asked: RefCell::default() });
                }
                _ => d.add(item.span(), &path, true, "is no table", &remedy),
            }
        }
        out
    }

    /// Names every key that was not asked for.
    pub fn finish(&self, d: &mut Diagnostics<'_>) {
        let asked = self.asked.borrow();
        for (key, _) in self.table {
            if !asked.contains(key.get_ref().as_ref()) {
                let known: Vec<&str> = asked.iter().copied().collect();
                let remedy = format!("known here: {}", known.join(", "));
                d.add(key.span(), &self.key(key.get_ref()), false, "is not a known key", &remedy);
            }
        }
    }
}

fn placed_text(
    d: &mut Diagnostics<'_>,
    value: &DeValue<'_>,
    span: Range<usize>,
    key: &str,
    max: usize,
) -> Option<Placed<String>> {
    let DeValue::String(text) = value else {
        d.add(span, key, true, "is no text", "put it in quotes");
        return None;
    };
    if text.trim().is_empty() || text.chars().count() > max {
        d.add(span, key, true, "is empty or too long", &format!("give 1 to {max} characters"));
        return None;
    }
    Some(Placed { value: text.to_string(), span, key: key.to_owned() })
}

/// `256MiB` as 268,435,456; `2GB` as 2,000,000,000.
fn parse_bytes(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 9] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("B", 1),
    ];
    let (unit, factor) = UNITS.into_iter().find(|(unit, _)| text.ends_with(unit))?;
    let digits = text.strip_suffix(unit)?.trim_end();
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse::<u64>().ok()?.checked_mul(factor) } else { None }
}

/// `99.95` as 999,500.
fn parse_percent_ppm(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 4 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let scaled: u32 = format!("{fraction:0<4}").parse().ok()?;
    let ppm = whole.parse::<u32>().ok()?.checked_mul(10_000)?.checked_add(scaled)?;
    (ppm <= 1_000_000).then_some(ppm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_exact() {
        for (text, expected) in [
            ("99.9", Some(999_000)),
            ("100", Some(1_000_000)),
            ("99.9995", Some(999_995)),
            ("100.1", None),
            ("1.23456", None),
            ("-1", None),
        ] {
            assert_eq!(parse_percent_ppm(text), expected, "{text}");
        }
    }

    #[test]
    fn sizes_have_a_unit() {
        for (text, expected) in [
            ("0B", Some(0)),
            ("256MiB", Some(256 << 20)),
            ("2 GB", Some(2_000_000_000)),
            ("5", None),
            ("MiB", None),
            ("-1MiB", None),
            ("1.5GiB", None),
            ("99999999999TiB", None),
        ] {
            assert_eq!(parse_bytes(text), expected, "{text}");
        }
    }

    #[test]
    fn every_fault_is_named_with_its_place_and_remedy() {
        let text = "a = 5\nb = \"x\"\n[t]\nc = \"nine\"\nd = 3\n";
        let mut d = Diagnostics::new("f.toml", text);
        let (table, span) = d.parse().expect("read");
        let root = TableReader::root(&table, span);
        assert_eq!(root.integer(&mut d, "a", 1..=3), None);
        assert_eq!(root.boolean(&mut d, "b"), None);
        let t = root.table(&mut d, "t").expect("there");
        assert_eq!(t.duration_ms(&mut d, "c", 1..=9000), None);
        t.finish(&mut d);
        root.finish(&mut d);
        let faults = d.finish(Some(())).expect_err("faulty");
        let expected = "f.toml:1:5: a = 5: is out of range or no whole number; give a whole number from 1 to 3\n\
            f.toml:2:5: b = \"x\": is no truth value; give true or false, without quotes\n\
            f.toml:4:5: t.c = \"nine\": is no duration; give \"1ms\" to \"9s\", with a unit: \"30s\", \"5m\", \"24h\"\n\
            f.toml:5:1: t.d: is not a known key; known here: c";
        assert_eq!(faults.to_string(), expected);
    }
}
