//! Whole random months against a painter: arrays with one entry per second, filled by the words of the rules.
//!
//! Shares the table of zones (which local date and reading an instant has) and nothing else: no interval algebra, no
//! sweep, a verdict and a budget of its own. Slow on purpose and simple enough to be read in one go. A failure prints
//! its seed: `PANTAU_SEED=<seed> PANTAU_ROUNDS=1`; the long run is `PANTAU_ROUNDS=10000`.

use super::*;
use crate::domain::availability::rules::AgreedTerms;
use crate::domain::calendar::{CalendarOverride, Hours, PeriodKind};
use chrono::{Datelike, Days, NaiveDate, Offset, TimeZone, Timelike};
use chrono_tz::Tz;

/// Random months of an ordinary run.
const ROUNDS: u64 = 300;
/// Painted beyond both ends of the period.
const MARGIN_S: i64 = 3 * 86_400;

/// Random numbers that depend on the seed alone (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// `0..below`.
    fn below(&mut self, below: i64) -> i64 {
        (self.roll() % below.max(1).unsigned_abs()).cast_signed()
    }

    fn chance(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as i64)).expect("an index")]
    }
}

/// Painted where only components are in maintenance.
const COMPONENTS: u8 = 2;

/// A month with everything that may happen in it.
struct Month {
    zone: Tz,
    period: Interval,
    as_of: Option<Timestamp>,
    rules: Rules,
    /// Of all terms.
    policy: Policy,
    changes: Vec<(Timestamp, State)>,
    /// First painted second, and how many.
    start: i64,
    length: usize,
}

fn any_hours(dice: &mut Dice) -> Hours {
    if dice.chance(25) {
        return Hours::Always;
    }
    let mut weekly = WeeklyHours::default();
    for day in [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun] {
        let mut minutes: Vec<i64> = (0..dice.below(4) * 2).map(|_| dice.below(289) * 5).collect();
        minutes.sort_unstable();
        minutes.dedup();
        let reading =
            |minute: i64| MinuteOfDay::parse(&format!("{:02}:{:02}", minute / 60, minute % 60)).expect("valid");
        let open = minutes.chunks_exact(2).map(|pair| (reading(pair[0]), reading(pair[1]))).collect();
        weekly.set(day, open).expect("valid");
    }
    Hours::Weekly(weekly)
}

fn any_calendar(dice: &mut Dice, zone: Tz, first: NaiveDate) -> Calendar {
    let mut calendar = Calendar { hours: any_hours(dice), ..Calendar::always(zone) };
    calendar.holidays_open = dice.chance(20);
    for _ in 0..dice.below(4) {
        calendar.holidays.insert(first + Days::new(dice.below(31).unsigned_abs()));
    }
    for _ in 0..dice.below(3) {
        let from = first + Days::new(dice.below(31).unsigned_abs());
        let last = from + Days::new(dice.below(12).unsigned_abs());
        calendar.overrides.push(CalendarOverride { first: from, last, hours: any_hours(dice) });
    }
    calendar
}

fn any_policy(dice: &mut Dice) -> Policy {
    use MaintenancePolicy::{CountAsDown, CountAsUp, Exclude};
    Policy {
        maintenance: dice.pick(&[Exclude, Exclude, Exclude, CountAsUp, CountAsDown]),
        min_notice_s: dice.pick(&[0, 3_600, 86_400]),
        excluded_cap_s: dice.chance(40).then(|| dice.below(40_000).unsigned_abs()),
        degraded: dice.pick(&[DegradedPolicy::Up, DegradedPolicy::Up, DegradedPolicy::Down]),
        min_coverage_ppm: dice.pick(&[0, 900_000, 990_000, 1_000_000]),
    }
}

impl Month {
    fn roll(seed: u64) -> Self {
        let dice = &mut Dice(seed);
        let zone = dice.pick(&[
            Tz::Asia__Jakarta,
            Tz::Asia__Makassar,
            Tz::Asia__Jayapura,
            Tz::Europe__Berlin,
            Tz::America__Santiago,
            Tz::Australia__Lord_Howe,
        ]);
        let year = i32::try_from(2024 + dice.below(4)).expect("fits");
        let month = u32::try_from(1 + dice.below(12)).expect("fits");
        let first = NaiveDate::from_ymd_opt(year, month, 1).expect("a month");
        let period = Period::containing(PeriodKind::Month, first).interval(zone);
        let start = period.from.as_secs() - MARGIN_S;
        let length = usize::try_from(period.to.as_secs() + MARGIN_S - start).expect("fits");
        let at = |second: i64| Timestamp::from_secs(start + second);
        let last = length as i64 - 1;
        let mut month = Self {
            zone,
            period,
            as_of: dice.chance(30).then(|| at(dice.below(last))),
            rules: Rules {
                effective: Interval::ALL,
                terms: Vec::new(),
                maintenance: Vec::new(),
                component_maintenance: None,
                corrections: Vec::new(),
            },
            policy: any_policy(dice),
            changes: Vec::new(),
            start,
            length,
        };
        month.fill(dice, first, last);
        month
    }

    /// A span that ends before the last painted second: what reaches there reaches for ever.
    fn span(&self, dice: &mut Dice, last: i64, most: i64) -> Interval {
        let from = dice.below(last - 2);
        let to = (from + 1 + dice.below(most)).min(last - 1);
        Interval::new(Timestamp::from_secs(self.start + from), Timestamp::from_secs(self.start + to))
    }

    fn fill(&mut self, dice: &mut Dice, first: NaiveDate, last: i64) {
        let at = |second: i64| Timestamp::from_secs(self.start + second);
        let mut from = if dice.chance(80) { Interval::ALL.from } else { at(dice.below(last)) };
        for _ in 0..=dice.below(3) {
            let target_ppm = dice.pick(&[None, Some(990_000), Some(995_000), Some(999_000), Some(999_900)]);
            let calendar = any_calendar(dice, self.zone, first);
            self.rules.terms.push(AgreedTerms { valid_from: from, calendar, target_ppm, policy: self.policy });
            from = from.max(at(0)).plus_secs(1 + dice.below(last));
        }
        if dice.chance(20) {
            self.rules.effective.from = at(dice.below(last));
        }
        if dice.chance(10) {
            self.rules.effective.to = at(dice.below(last));
        }
        let most = dice.pick(&[600, 20_000, 400_000]);
        let mut second = dice.below(3 * 86_400);
        while second < last && self.changes.len() < 2_000 {
            let state = dice.pick(&[State::Up, State::Up, State::Down, State::Degraded, State::Unknown]);
            self.changes.push((at(second), state));
            second += 1 + dice.below(most);
        }
        for _ in 0..dice.below(5) {
            let window = self.any_window(dice, last);
            self.rules.maintenance.push(window);
        }
        if dice.chance(25) {
            let spans: Vec<Interval> = (0..dice.below(4)).map(|_| self.span(dice, last, 30_000)).collect();
            self.rules.component_maintenance = Some(spans.into_iter().collect());
        }
        let mut seqs: Vec<u64> = (1..=dice.below(6).unsigned_abs()).collect();
        if dice.chance(50) {
            seqs.reverse();
        }
        for seq in seqs {
            let interval = self.span(dice, last, 100_000);
            let effect = match dice.below(6) {
                0 => CorrectionEffect::Exclude(interval),
                1 => CorrectionEffect::Withdraw { seq: dice.below(seq.cast_signed()).unsigned_abs() },
                _ => CorrectionEffect::SetState(interval, dice.pick(&State::ALL)),
            };
            self.rules.corrections.push(Correction { seq, effect, approved: dice.chance(80) });
        }
    }

    fn any_window(&self, dice: &mut Dice, last: i64) -> MaintenanceWindow {
        use MaintenanceStatus::{Approved, Cancelled, Proposed, Rejected};
        let interval = self.span(dice, last, 60_000);
        let before = |dice: &mut Dice, most: i64| interval.from.plus_secs(most / 10 - dice.below(most));
        MaintenanceWindow {
            interval,
            status: dice.pick(&[Approved, Approved, Approved, Approved, Cancelled, Proposed, Rejected]),
            announced_at: dice.chance(90).then(|| before(dice, 300_000)),
            approved_at: dice.chance(60).then(|| before(dice, 100_000)),
            ended_early_at: dice.chance(20).then(|| interval.from.plus_secs(dice.below(70_000))),
        }
    }

    /// Places of the painted seconds in an interval.
    fn places(&self, interval: Interval) -> std::ops::Range<usize> {
        let place = |at: Timestamp| {
            let secs = at.as_ms().div_euclid(1000).saturating_sub(self.start);
            usize::try_from(secs.max(0)).unwrap_or(usize::MAX).min(self.length)
        };
        place(interval.from)..place(interval.to).max(place(interval.from))
    }

    /// For each second the place of its terms plus one where it is open, else 0. Readings are looked up once a minute:
    /// offsets and hours change at whole minutes only.
    fn paint_open(&self) -> Vec<u8> {
        let mut open = vec![0; self.length];
        for (place, terms) in self.rules.terms.iter().enumerate() {
            let next = self.rules.terms.get(place + 1).map_or(Interval::ALL.to, |next| next.valid_from);
            let valid = self.places(Interval::new(terms.valid_from, next));
            for minute in valid.start / 60..valid.end.div_ceil(60) {
                let utc = Timestamp::from_secs(self.start + minute as i64 * 60).to_utc().naive_utc();
                let offset = self.zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
                if reads_open(&terms.calendar, utc + chrono::Duration::seconds(offset.into())) {
                    let seconds = valid.start.max(minute * 60)..valid.end.min(minute * 60 + 60);
                    open[seconds].fill(place as u8 + 1);
                }
            }
        }
        open
    }

    fn paint_states(&self) -> Vec<u8> {
        let mut states = vec![code(State::Unknown); self.length];
        for (from, state) in &self.changes {
            states[self.places(Interval::new(*from, Interval::ALL.to))].fill(code(*state));
        }
        states
    }

    fn paint_one(&self, interval: Interval) -> Vec<u8> {
        let mut painted = vec![0; self.length];
        painted[self.places(interval)].fill(1);
        painted
    }

    fn paint_maintenance(&self) -> Vec<u8> {
        let mut painted = vec![0; self.length];
        let notice_ms = self.policy.min_notice_s.cast_signed() * 1000;
        for window in &self.rules.maintenance {
            let in_time = window.announced_at.is_some_and(|at| at.as_ms() + notice_ms <= window.interval.from.as_ms());
            let approved_before = window.approved_at.is_none_or(|at| at <= window.interval.from);
            if window.status != MaintenanceStatus::Approved || !in_time || !approved_before {
                continue;
            }
            let end = window.ended_early_at.unwrap_or(window.interval.to).min(window.interval.to);
            painted[self.places(Interval::new(window.interval.from, end))].fill(1);
        }
        for interval in self.rules.component_maintenance.iter().flatten() {
            for second in &mut painted[self.places(*interval)] {
                *second = (*second).max(COMPONENTS * u8::from(*second == 0));
            }
        }
        painted
    }

    /// Whether a correction applies: approved, and no later one that applies withdraws it.
    fn applies(&self, correction: &Correction) -> bool {
        let withdraws = |later: &&Correction| {
            later.seq > correction.seq && later.effect == CorrectionEffect::Withdraw { seq: correction.seq }
        };
        correction.approved && !self.rules.corrections.iter().filter(withdraws).any(|later| self.applies(later))
    }

    /// What corrections say of each second, with exclusions and without; 0 is nothing.
    fn paint_corrections(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut all, mut states) = (vec![0; self.length], vec![0; self.length]);
        let mut applying: Vec<&Correction> = self.rules.corrections.iter().filter(|c| self.applies(c)).collect();
        applying.sort_by_key(|correction| correction.seq);
        for correction in applying {
            match correction.effect {
                CorrectionEffect::Exclude(interval) => all[self.places(interval)].fill(EXCLUDED),
                CorrectionEffect::SetState(interval, state) => {
                    all[self.places(interval)].fill(code(state));
                    states[self.places(interval)].fill(code(state));
                }
                CorrectionEffect::Withdraw { .. } => {}
            }
        }
        (all, states)
    }

    /// The painted seconds in order, one by one, or sixty together where no layer tells them apart.
    fn seconds(&self, layers: &[&[u8]]) -> Vec<std::ops::Range<usize>> {
        let mut out = Vec::new();
        for from in (0..self.length).step_by(60) {
            let to = (from + 60).min(self.length);
            if layers.iter().all(|layer| layer[from..to - 1] == layer[from + 1..to]) {
                out.push(from..to);
            } else {
                out.extend((from..to).map(|place| place..place + 1));
            }
        }
        out
    }
}

/// States as painted: 1 to 4. 0 is nothing.
fn code(state: State) -> u8 {
    match state {
        State::Up => 1,
        State::Degraded => 2,
        State::Down => 3,
        State::Unknown => 4,
    }
}

const EXCLUDED: u8 = 5;

/// Whether the wall clock's reading lies in the open hours of its date.
fn reads_open(calendar: &Calendar, local: chrono::NaiveDateTime) -> bool {
    if calendar.hours == Hours::Always {
        return true;
    }
    let date = local.date();
    if calendar.holidays.contains(&date) && !calendar.holidays_open {
        return false;
    }
    let mut hours = &calendar.hours;
    for overriding in &calendar.overrides {
        if overriding.first <= date && date <= overriding.last {
            hours = &overriding.hours;
        }
    }
    let now = i64::from(local.time().num_seconds_from_midnight()) * 1000;
    match hours {
        Hours::Always => true,
        Hours::Weekly(weekly) => {
            weekly.on(date.weekday()).iter().any(|(opens, closes)| opens.as_ms() <= now && now < closes.as_ms())
        }
    }
}

mod judged;
