//! How instants, durations, shares and sizes are laid out for a reader. Shares are floored, never rounded up: 99.8999 %
//! is not shown as 99.90 %.

use super::{Language, Texts};
use chrono::{DateTime, Datelike, NaiveDate};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Texts {
    fn local(self, at: Timestamp) -> DateTime<Tz> {
        at.to_utc().with_timezone(&self.zone())
    }

    /// `24 Nov 2026 14.05 WIB`, `24 Nov 2026, 14:05 WIB`.
    pub fn instant(self, at: Timestamp) -> String {
        let local = self.local(at);
        let separator = match self.language() {
            Language::Id => " ",
            Language::En => ", ",
        };
        format!("{}{separator}{} {}", self.date(local.date_naive()), self.clock(at), local.format("%Z"))
    }

    /// `24 Nov 2026 14.05.09 WIB`: where seconds decide.
    pub fn instant_seconds(self, at: Timestamp) -> String {
        let separator = match self.language() {
            Language::Id => " ",
            Language::En => ", ",
        };
        format!("{}{separator}{}", self.date(self.local(at).date_naive()), self.clock_seconds(at))
    }

    /// `24 Nov 14.05`: for narrow places in which the year is clear.
    pub fn instant_short(self, at: Timestamp) -> String {
        let local = self.local(at);
        let separator = match self.language() {
            Language::Id => " ",
            Language::En => ", ",
        };
        format!("{} {}{separator}{}", local.day(), self.month_short(local.month()), self.clock(at))
    }

    /// `14.05` or `14:05`.
    pub fn clock(self, at: Timestamp) -> String {
        let form = match self.language() {
            Language::Id => "%H.%M",
            Language::En => "%H:%M",
        };
        self.local(at).format(form).to_string()
    }

    /// `14.05.09 WIB` or `14:05:09 WIB`.
    pub fn clock_seconds(self, at: Timestamp) -> String {
        let form = match self.language() {
            Language::Id => "%H.%M.%S %Z",
            Language::En => "%H:%M:%S %Z",
        };
        self.local(at).format(form).to_string()
    }

    /// `24 Nov 2026`.
    pub fn date(self, date: NaiveDate) -> String {
        format!("{} {} {}", date.day(), self.month_short(date.month()), date.year())
    }

    /// `24 Nov`.
    pub fn date_short(self, date: NaiveDate) -> String {
        format!("{} {}", date.day(), self.month_short(date.month()))
    }

    /// `November 2026`.
    pub fn month(self, date: NaiveDate) -> String {
        format!("{} {}", word(&self.get("months-long"), date.month()), date.year())
    }

    fn month_short(self, month: u32) -> String {
        word(&self.get("months-short"), month)
    }

    /// The two largest units: `2 jam 5 menit`, `3 hari`, `40 detik`. Floored to the smaller of them.
    pub fn duration(self, seconds: u64) -> String {
        let pair = |large: (&str, u64), small: (&str, u64)| {
            let first = self.text(large.0, &[("count", &large.1.to_string())]);
            if small.1 == 0 {
                first
            } else {
                format!("{first} {}", self.text(small.0, &[("count", &small.1.to_string())]))
            }
        };
        match seconds {
            0..MINUTE => self.text("unit-seconds", &[("count", &seconds.to_string())]),
            MINUTE..HOUR => pair(("unit-minutes", seconds / MINUTE), ("unit-seconds", seconds % MINUTE)),
            HOUR..DAY => pair(("unit-hours", seconds / HOUR), ("unit-minutes", seconds % HOUR / MINUTE)),
            _ => pair(("unit-days", seconds / DAY), ("unit-hours", seconds % DAY / HOUR)),
        }
    }

    /// A duration between two instants; 0 when `to` is earlier.
    pub fn between(self, from: Timestamp, to: Timestamp) -> String {
        self.duration(u64::try_from(to.ms_since(from) / 1000).unwrap_or(0))
    }

    /// Parts per million as percent with two places, floored: `99,62 %`, `99.62 %`. What is below all is never 100.
    pub fn percent(self, ppm: u32) -> String {
        let hundredths = ppm / 100;
        format!("{}{}{:02} %", hundredths / 100, self.decimal_mark(), hundredths % 100)
    }

    /// Parts per million as percent with all four places: `99,9776 %`. For a calculation that is shown whole.
    pub fn percent_whole(self, ppm: u32) -> String {
        format!("{}{}{:04} %", ppm / 10_000, self.decimal_mark(), ppm % 10_000)
    }

    /// As [`Self::percent`] without trailing zeros and with up to four places: for targets (`99,9 %`).
    pub fn percent_exact(self, ppm: u32) -> String {
        let places = format!("{:04}", ppm % 10_000);
        let places = places.trim_end_matches('0');
        if places.is_empty() {
            format!("{} %", ppm / 10_000)
        } else {
            format!("{}{}{places} %", ppm / 10_000, self.decimal_mark())
        }
    }

    /// Thousandths as percent with one place: `42,5 %`.
    pub fn permille(self, permille: u32) -> String {
        format!("{}{}{} %", permille / 10, self.decimal_mark(), permille % 10)
    }

    /// Thousandths as a factor with one place, floored: `14,4×`.
    pub fn times(self, milli: u64) -> String {
        format!("{}{}{}×", self.number(milli / 1000), self.decimal_mark(), milli % 1000 / 100)
    }

    /// Bytes with binary units and one place, floored: `1,5 GiB`.
    pub fn bytes(self, bytes: u64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let mut unit = 0;
        let mut tenths = u128::from(bytes) * 10;
        while tenths >= 10_240 && unit + 1 < units.len() {
            tenths /= 1024;
            unit += 1;
        }
        if unit == 0 {
            return format!("{bytes} B");
        }
        format!("{}{}{} {}", tenths / 10, self.decimal_mark(), tenths % 10, units[unit])
    }

    /// Bits per second with decimal units and one place, from bytes per second: `12,4 Mbit/s`.
    pub fn bit_rate(self, bytes_per_second: u64) -> String {
        let units = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"];
        let mut unit = 0;
        let mut tenths = u128::from(bytes_per_second) * 80;
        while tenths >= 10_000 && unit + 1 < units.len() {
            tenths /= 1000;
            unit += 1;
        }
        format!("{}{}{} {}", tenths / 10, self.decimal_mark(), tenths % 10, units[unit])
    }

    /// A whole number with its thousands apart: `12.345`, `12,345`.
    pub fn number(self, number: u64) -> String {
        let mark = match self.language() {
            Language::Id => '.',
            Language::En => ',',
        };
        let digits = number.to_string();
        let mut out = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                out.push(mark);
            }
            out.push(digit);
        }
        out
    }

    /// Microseconds as milliseconds with one place: `12,4 ms`.
    pub fn milliseconds(self, microseconds: u64) -> String {
        let tenths = microseconds / 100;
        format!("{}{}{} ms", self.number(tenths / 10), self.decimal_mark(), tenths % 10)
    }

    fn decimal_mark(self) -> char {
        match self.language() {
            Language::Id => ',',
            Language::En => '.',
        }
    }
}

/// The `number`-th word of a list, counted from 1.
fn word(list: &str, number: u32) -> String {
    let index = usize::try_from(number).unwrap_or(1).saturating_sub(1);
    list.split_whitespace().nth(index).unwrap_or_default().to_owned()
}
