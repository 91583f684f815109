//! How a window repeats: by local dates, at the same reading of the wall clock, whatever the clocks do.
//!
//! The first window says the time of day, and, for monthly repetition, which day: the 15th, the second Tuesday, the last
//! Friday. A month without that day has no window (as in RFC 5545). A reading that a change of the clocks skips is the
//! first instant after it; of one that comes twice the earlier counts.

use crate::domain::calendar::zone;
use crate::domain::interval::Interval;
use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, Weekday};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;

/// Windows of one record; three years of every day are fewer.
pub const OCCURRENCES_MAX: usize = 1_200;

/// On which local dates it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recurrence {
    /// Once.
    Once,
    /// On these days of the week.
    Weekly(Weekdays),
    /// On the first window's day of the month.
    MonthlyDay,
    /// On the first window's weekday, counted from the begin of the month: the second Tuesday.
    MonthlyWeekday,
    /// On the last such weekday of the month.
    MonthlyLastWeekday,
}

/// Days of the week, Monday the lowest bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weekdays(u8);

/// The days with their codes, Monday first.
pub const WEEK: [(Weekday, &str); 7] = [
    (Weekday::Mon, "mon"),
    (Weekday::Tue, "tue"),
    (Weekday::Wed, "wed"),
    (Weekday::Thu, "thu"),
    (Weekday::Fri, "fri"),
    (Weekday::Sat, "sat"),
    (Weekday::Sun, "sun"),
];

impl Weekdays {
    /// With one day more.
    #[must_use]
    pub const fn with(self, day: Weekday) -> Self {
        Self(self.0 | 1 << day.num_days_from_monday())
    }

    /// Whether `day` is one of them.
    pub const fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.num_days_from_monday()) != 0
    }

    /// Reads codes apart by `+`.
    pub fn parse(text: &str) -> Option<Self> {
        let day = |code: &str| WEEK.iter().find(|(_, known)| *known == code).map(|(day, _)| *day);
        text.split('+').try_fold(Self::default(), |days, code| Some(days.with(day(code)?)))
    }

    /// Their codes, Monday first.
    pub fn codes(self) -> Vec<&'static str> {
        WEEK.iter().filter(|(day, _)| self.contains(*day)).map(|(_, code)| *code).collect()
    }
}

impl Recurrence {
    /// As it is kept: `weekly:tue+thu`.
    pub fn render(self) -> String {
        match self {
            Self::Weekly(days) => format!("weekly:{}", days.codes().join("+")),
            Self::Once | Self::MonthlyDay | Self::MonthlyWeekday | Self::MonthlyLastWeekday => self.code().to_owned(),
        }
    }

    /// Reads what [`Recurrence::render`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("weekly", days)) => Weekdays::parse(days).map(Self::Weekly),
            Some(_) => None,
            None => [Self::Once, Self::MonthlyDay, Self::MonthlyWeekday, Self::MonthlyLastWeekday]
                .into_iter()
                .find(|known| known.code() == text),
        }
    }

    /// The kind in API and forms.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Weekly(_) => "weekly",
            Self::MonthlyDay => "monthly_day",
            Self::MonthlyWeekday => "monthly_weekday",
            Self::MonthlyLastWeekday => "monthly_last_weekday",
        }
    }

    /// The windows of `first` and its repetitions up to the local date `until`, in order of time; a window that the clocks
    /// leave nothing of is not there.
    pub fn occurrences(self, first: Interval, until: Option<NaiveDate>, zone: Tz) -> Vec<Interval> {
        if self == Self::Once {
            return vec![first];
        }
        let (begin, end) = (zone::local_time(zone, first.from), zone::local_time(zone, first.to));
        let length = end.signed_duration_since(begin);
        let last = until.unwrap_or(begin.date());
        let dates = self.dates(begin.date()).take_while(|date| *date <= last).take(OCCURRENCES_MAX);
        let at = |date: NaiveDate| {
            let from = date.and_time(begin.time());
            let to = from.checked_add_signed(length).unwrap_or(NaiveDateTime::MAX);
            Interval::new(zone::instant_of(zone, from), zone::instant_of(zone, to))
        };
        dates.map(at).filter(|window| !window.is_empty()).collect()
    }

    /// The dates from `first` on.
    fn dates(self, first: NaiveDate) -> Box<dyn Iterator<Item = NaiveDate>> {
        let months = (0..).map_while(move |months| first.with_day(1)?.checked_add_months(Months::new(months)));
        match self {
            Self::Once => Box::new(std::iter::once(first)),
            Self::Weekly(days) => {
                let all = (0..).map_while(move |days| first.checked_add_days(Days::new(days)));
                Box::new(all.filter(move |date| days.contains(date.weekday())))
            }
            Self::MonthlyDay => Box::new(months.filter_map(move |month| month.with_day(first.day()))),
            Self::MonthlyWeekday => {
                let nth = u8::try_from((first.day() - 1) / 7 + 1).unwrap_or(1);
                let on = move |month: NaiveDate| {
                    NaiveDate::from_weekday_of_month_opt(month.year(), month.month(), first.weekday(), nth)
                };
                Box::new(months.filter_map(on))
            }
            Self::MonthlyLastWeekday => Box::new(months.filter_map(move |month| last_of(month, first.weekday()))),
        }
    }

    /// Whether the first window's date is one of its own dates.
    pub fn holds_first(self, first: Timestamp, zone: Tz) -> bool {
        let date = zone::local_date(zone, first);
        match self {
            Self::Once | Self::MonthlyDay | Self::MonthlyWeekday => true,
            Self::Weekly(days) => days.contains(date.weekday()),
            Self::MonthlyLastWeekday => last_of(date, date.weekday()) == Some(date),
        }
    }
}

/// The last `day` of the month that holds `date`.
fn last_of(date: NaiveDate, day: Weekday) -> Option<NaiveDate> {
    let last = date.with_day(1)?.checked_add_months(Months::new(1))?.pred_opt()?;
    let back = (7 + last.weekday().num_days_from_monday() - day.num_days_from_monday()) % 7;
    last.checked_sub_days(Days::new(back.into()))
}
