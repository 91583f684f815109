//! A recorded server: one row a moment, one column a series; played for many hosts by starting each at another row.
//!
//! ```text
//! ts,cpu_user_seconds_total,…,uptime        first line: names; `ts` in Unix ms comes first and is not a series
//! 1795489484796,46.27,…,610.67              then one row a moment; at most three decimals
//! ```
//!
//! A row counts as one interval, whatever its `ts` says. Values are kept as whole thousandths, so that "46.27" is
//! exact in both worlds: milliseconds for a sample, 46.27 for a peer. Position `p` of a trace of `n` rows is row `p mod n`
//! after `p div n` laps; a counter gains on each lap what it gained over the trace and one step more, so it never falls.
//! Does not know who plays it, nor where to.

mod columns;
mod synthetic;

pub use columns::{Kind, Place};
use pantau_shared::sample::Sample;
use std::path::{Path, PathBuf};

/// Largest trace file read, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Rows between the starts of two hosts.
pub const HOST_ROWS: usize = 7;

/// Why a trace cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be read.
    #[error("cannot read trace {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than [`FILE_BYTES_MAX`].
    #[error("trace {} is larger than {FILE_BYTES_MAX} bytes", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// The first line is not `ts` and names.
    #[error("trace does not begin with a line `ts,NAME,…`")]
    NoHeader,
    /// Columns without a place in a sample.
    #[error("trace has columns with no place in a sample: {}; leave them out with --ignore-unknown", names.join(", "))]
    UnknownColumns {
        /// All of them.
        names: Vec<String>,
    },
    /// A name that stands twice.
    #[error("trace has column `{name}` twice")]
    TwiceNamed {
        /// Which.
        name: String,
    },
    /// A row that has not one value for each name.
    #[error("line {line} of the trace has {found} values, expected {expected}")]
    Ragged {
        /// Counted from 1.
        line: usize,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A value that is no number from 0 up with at most three decimals.
    #[error("line {line} of the trace: `{name}` is `{text}`, expected a number from 0 with at most three decimals")]
    BadValue {
        /// Counted from 1.
        line: usize,
        /// Column.
        name: String,
        /// As it stands.
        text: String,
    },
    /// Fewer than two rows.
    #[error("trace has {rows} rows, at least 2 are needed to know how counters rise")]
    TooShort {
        /// How many there are.
        rows: usize,
    },
}

/// What to do with a column that has no place in a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Leave it out.
    Ignore,
    /// Refuse the trace and name it.
    Refuse,
}

/// A trace in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    places: Vec<Place>,
    /// Thousandths, row by row.
    rows: Vec<Vec<i64>>,
    /// What each column gains on a lap, in thousandths; 0 for gauges.
    gains: Vec<i64>,
}

impl Trace {
    /// Reads a trace from a file.
    ///
    /// # Errors
    /// See [`TraceError`].
    pub fn read(path: &Path, unknown: Unknown) -> Result<Self, TraceError> {
        let failed = |source| TraceError::Read { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
            return Err(TraceError::TooLarge { path: path.to_owned() });
        }
        Self::parse(&std::fs::read_to_string(path).map_err(failed)?, unknown)
    }

    /// A made-up server of 82 series and as many rows as asked for (at least 2); the same every time.
    pub fn synthetic(rows: usize) -> Self {
        let (names, rows) = synthetic::rows(rows.max(2));
        let places = names.iter().filter_map(|name| Place::of(name)).collect();
        Self::of(places, rows)
    }

    /// Parses the text of a trace.
    ///
    /// # Errors
    /// See [`TraceError`].
    pub fn parse(text: &str, unknown: Unknown) -> Result<Self, TraceError> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (_, header) = lines.next().ok_or(TraceError::NoHeader)?;
        let names: Vec<&str> = header.split(',').map(str::trim).collect();
        if names.first() != Some(&"ts") || names.len() < 2 {
            return Err(TraceError::NoHeader);
        }
        let placed = placed(&names, unknown)?;
        let mut rows = Vec::new();
        for (index, line) in lines {
            rows.push(parse_row(index + 1, line, &names, &placed)?);
        }
        if rows.len() < 2 {
            return Err(TraceError::TooShort { rows: rows.len() });
        }
        Ok(Self::of(placed.into_iter().map(|(_, place)| place).collect(), rows))
    }

    fn of(places: Vec<Place>, rows: Vec<Vec<i64>>) -> Self {
        let (first, second, last) = (&rows[0], &rows[1], &rows[rows.len() - 1]);
        let gain = |(column, place): (usize, &Place)| match place.kind() {
            Kind::Counter => (last[column] - first[column]).max(0) + (second[column] - first[column]).max(0),
            Kind::Gauge => 0,
        };
        let gains = places.iter().enumerate().map(gain).collect();
        Self { places, rows, gains }
    }

    /// The series, in the order of the trace.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Series in one row.
    pub fn series(&self) -> usize {
        self.places.len()
    }

    /// Where host number `host` stands at step number `step`.
    pub fn position(host: usize, step: usize) -> usize {
        host * HOST_ROWS + step
    }

    /// Value of a column at a position, in thousandths.
    ///
    /// # Panics
    /// When there is no such column.
    pub fn value(&self, column: usize, position: usize) -> i64 {
        let laps = i64::try_from(position / self.rows.len()).unwrap_or(i64::MAX);
        let base = self.rows[position % self.rows.len()][column];
        base.saturating_add(self.gains[column].saturating_mul(laps))
    }

    /// The row at a position as an agent would have read it.
    pub fn sample(&self, position: usize) -> Sample {
        let mut sample = Sample::default();
        for (column, place) in self.places.iter().enumerate() {
            place.put(&mut sample, u64::try_from(self.value(column, position)).unwrap_or(0));
        }
        sample
    }
}

/// Which columns are played, with their index in the line.
fn placed(names: &[&str], unknown: Unknown) -> Result<Vec<(usize, Place)>, TraceError> {
    let (mut placed, mut strangers) = (Vec::<(usize, Place)>::new(), Vec::new());
    for (index, name) in names.iter().enumerate().skip(1) {
        if names[..index].contains(name) {
            return Err(TraceError::TwiceNamed { name: (*name).to_owned() });
        }
        match Place::of(name) {
            Some(place) => placed.push((index, place)),
            None => strangers.push((*name).to_owned()),
        }
    }
    if unknown == Unknown::Refuse && !strangers.is_empty() {
        return Err(TraceError::UnknownColumns { names: strangers });
    }
    Ok(placed)
}

fn parse_row(line: usize, text: &str, names: &[&str], placed: &[(usize, Place)]) -> Result<Vec<i64>, TraceError> {
    let words: Vec<&str> = text.split(',').map(str::trim).collect();
    if words.len() != names.len() {
        return Err(TraceError::Ragged { line, found: words.len(), expected: names.len() });
    }
    let value = |(index, place): &(usize, Place)| {
        let text = words[*index];
        let bad = || TraceError::BadValue { line, name: place.name().to_owned(), text: text.to_owned() };
        parse_thousandths(text).ok_or_else(bad)
    };
    placed.iter().map(value).collect()
}

/// A decimal number from 0 up as whole thousandths; `None` when it is none or has further decimals that are not 0.
fn parse_thousandths(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let decimals = decimals.trim_end_matches('0');
    if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > 3 {
        return None;
    }
    let decimals: i64 = format!("{decimals:0<3}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(decimals)
}

#[cfg(test)]
mod tests;
