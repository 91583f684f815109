//! What is kept of closed days, and for how long: that it is used at all, and what makes it invalid.

use super::*;
use crate::domain::availability::Span;
use crate::store::StoreError;
use crate::store::ledger_days::{CountedMonth, MonthClaim, usable_days};

const DAY_MS: i64 = 86_400_000;

/// Up for 100 days from 20 April 2026 on, with an outage over the midnight into 1 May.
fn site() -> Site {
    let midnight = 11 * DAY_MS;
    let ledger = vec![
        (0, midnight - 60_000, State::Up),
        (midnight - 60_000, midnight + 120_500, State::Down),
        (midnight + 120_500, 100 * DAY_MS + 1, State::Up),
    ];
    let world = World {
        ledger,
        terms: vec![(-400 * DAY_MS, None, Some(999_000))],
        holidays: Vec::new(),
        overriding: None,
        windows: Vec::new(),
        corrections: Vec::new(),
        policy: Policy::default(),
        effective_after_s: None,
    };
    Site::new(PLACES[0].0, PLACES[0].1, vec![world])
}

impl Site {
    fn year(&self, now: Timestamp) -> AvailabilitySums {
        let period = Period::containing_instant(PeriodKind::Year, self.zone, self.start).interval(self.zone);
        let rules_of = |service: &ServiceId, begins| self.rules(place_of(&self.ids, service), begins);
        let load = |reader: &Reader| sums::load(reader, self.zone, &[&self.ids[0]], &rules_of, period, now);
        self.store.read(load).expect("reads").remove(0)
    }

    /// (month, valid days) of what is kept.
    fn kept(&self) -> Vec<(i64, usize)> {
        let months = months::months(self.zone, self.interval(0, DAYS * DAY_MS));
        let mut kept = Vec::new();
        let visit = |_: usize, month: crate::store::ledger_days::KeptMonth<'_>| {
            let laid_out = months.iter().find(|m| m.number == month.month).expect("a month of the site");
            let held = month.days.expect("sound").held();
            kept.push((month.month - months[0].number, usable_days(&laid_out.days, held, month.valid_until)));
        };
        self.store.read(|reader| reader.ledger_days(&[&self.ids[0]], 0, i64::MAX, visit)).expect("reads");
        kept
    }

    /// Another program's hand in the file, behind the store's back.
    fn tamper(self, sql: &str) -> Self {
        let Self { folder, store, zone, start, ids, worlds } = self;
        drop(store);
        crate::store::tests::tamper(&folder.path().join("pantau.db"), sql);
        let store = open(&folder);
        Self { folder, store, zone, start, ids, worlds }
    }
}

#[test]
fn closed_days_come_from_what_is_kept_and_the_open_day_from_the_ledger() {
    let site = site();
    let now = site.at(99 * DAY_MS + 3_600_000);
    let raw = site.year(now);
    assert_eq!((raw.figures.counts.down_s, raw.figures.outages, raw.figures.longest_outage_s), (180, 1, 180));
    assert_eq!(site.fill(now), Filled { missing: 4, kept: 4, damaged: 0 });
    assert_eq!(site.kept(), [(0, 30), (1, 31), (2, 30), (3, 27)]);
    assert_eq!(site.fill(now), Filled { missing: 0, kept: 0, damaged: 0 }, "nothing is counted twice");
    assert_eq!(site.year(now), raw);
    // The rows of closed days are not read any more, but for the first, from which the service is in force.
    let gone = site.tamper("UPDATE ledger SET state = 'down' WHERE state = 'up'");
    let without = gone.year(now);
    assert_eq!(without.figures.counts.down_s, 180 + 3_600, "only today is counted");
    assert_eq!(without.figures.outages, 2, "one in May, one from midnight on");
}

#[test]
fn an_edit_makes_invalid_what_it_touches_and_no_day_before() {
    let now = site().at(99 * DAY_MS);
    let mut site = site();
    site.fill(now);
    // Told again and made longer: nothing differs in a closed day.
    site = site.take(&Step::Lengthen(0, 5_000), now);
    assert_eq!(site.kept(), [(0, 30), (1, 31), (2, 30), (3, 27)]);
    // From noon of 15 June on: June keeps 14 days, July none, April and May all.
    let from = (42 + 14) * DAY_MS + DAY_MS / 2;
    site = site.take(&Step::Edit(0, vec![(0, DAY_MS, State::Down)], from), now);
    assert_eq!(site.kept(), [(0, 30), (1, 31), (2, 14), (3, 0)]);
    site.check(period_of(&site, &(4, 0, (0, 0), 0)), now).expect("equal");
    assert_eq!(site.fill(now), Filled { missing: 2, kept: 2, damaged: 0 });
    assert_eq!(site.kept(), [(0, 30), (1, 31), (2, 30), (3, 27)]);
    site.check(period_of(&site, &(4, 0, (0, 0), 0)), now).expect("equal");
}

#[test]
fn days_of_other_rules_are_not_used_and_written_over() {
    let mut site = site();
    let now = site.at(99 * DAY_MS);
    site.fill(now);
    let before = site.year(now);
    // A correction in May: only May is counted anew.
    let may = 20 * DAY_MS;
    site = site.take(&Step::Correct(0, (may, may + 3_600_000, Some(State::Down))), now);
    assert_eq!(site.year(now).figures.counts.down_s, before.figures.counts.down_s + 3_600);
    assert_eq!(site.fill(now), Filled { missing: 1, kept: 1, damaged: 0 });
    assert_eq!(site.year(now).figures.outages, before.figures.outages + 1);
    // Withdrawn: the days of the old rules are gone, and are counted again.
    site.worlds[0].corrections.clear();
    assert_eq!(site.year(now), before);
    assert_eq!(site.fill(now), Filled { missing: 1, kept: 1, damaged: 0 });
}

#[test]
fn a_target_is_judged_by_without_counting_again() {
    let mut site = site();
    let now = site.at(99 * DAY_MS);
    site.fill(now);
    site.worlds[0].terms[0].2 = Some(999_999);
    assert_eq!(site.fill(now).missing, 0);
    assert_eq!(site.year(now).figures.target_ppm, Some(999_999));
}

#[test]
fn damaged_days_are_counted_again() {
    let now = site().at(99 * DAY_MS);
    let mut site = site();
    let raw = site.year(now);
    site.fill(now);
    site = site.tamper("UPDATE ledger_days SET body = zeroblob(length(body)) WHERE month % 2 = 0");
    assert_eq!(site.year(now), raw);
    assert_eq!(site.fill(now), Filled { missing: 2, kept: 2, damaged: 2 });
    // Days in the place of other days do not fit either.
    site = site.tamper("UPDATE ledger_days SET body = (SELECT body FROM ledger_days ORDER BY month LIMIT 1)");
    assert_eq!(site.year(now), raw);
    assert_eq!(site.fill(now).missing, 3);
}

/// Claims, as a filler does, and gives what it would save.
fn claimed(site: &Site, month: &months::Month) -> (i64, CountedMonth) {
    let service = site.ids[0].clone();
    let valid_until = month.interval().to;
    let claims = vec![MonthClaim { service: service.clone(), month: month.number, valid_until }];
    let claim = block_on(site.store.write(move |writer| writer.claim_ledger_days(&claims))).expect("claims");
    let ledger = site.store.read(|reader| reader.ledger_states(&[&service], month.interval().from, valid_until));
    let states = ledger.expect("reads")[0].floored();
    let rules = site.rules(0, Some(site.start));
    let terms = rules.terms();
    let days = month.days.iter().map(|day| Span::evaluate(&rules.input(&terms, *day, None, &states))).collect();
    (claim, CountedMonth { service, month: month.number, revision: 7, days })
}

fn save(site: &Site, claim: i64, counted: CountedMonth) -> Result<usize, StoreError> {
    block_on(site.store.write(move |writer| writer.save_ledger_days(claim, &[counted])))
}

#[test]
fn an_edit_between_counting_and_saving_costs_the_days_it_touches() {
    let site = site();
    let now = site.at(99 * DAY_MS);
    let months = months::months(site.zone, site.interval(0, DAYS * DAY_MS));
    let (claim, counted) = claimed(&site, &months[1]);
    assert_eq!(site.kept(), [], "claimed days are not there");
    let site = site.take(&Step::Edit(0, vec![(0, DAY_MS, State::Down)], 20 * DAY_MS), now);
    assert_eq!(save(&site, claim, counted).expect("saves"), 1);
    assert_eq!(site.kept(), [(1, 9)], "1 to 9 May");
}

#[test]
fn of_two_who_count_the_same_month_only_the_later_claim_saves() {
    let site = site();
    let months = months::months(site.zone, site.interval(0, DAYS * DAY_MS));
    let (first, counted) = claimed(&site, &months[1]);
    let (second, _) = claimed(&site, &months[1]);
    assert_eq!(save(&site, first, counted.clone()).expect("runs"), 0);
    assert_eq!(site.kept(), []);
    assert_eq!(save(&site, second, counted.clone()).expect("runs"), 1);
    assert_eq!(save(&site, second, counted).expect("runs"), 0, "saved once");
}

#[test]
fn a_claim_that_nobody_saved_is_nothing_and_counted_later() {
    let site = site();
    let now = site.at(99 * DAY_MS);
    let raw = site.year(now);
    let months = months::months(site.zone, site.interval(0, DAYS * DAY_MS));
    claimed(&site, &months[2]);
    let site = site.take(&Step::Restart, now);
    assert_eq!(site.year(now), raw);
    assert_eq!(site.fill(now), Filled { missing: 4, kept: 4, damaged: 0 });
    let refused = CountedMonth { service: site.ids[0].clone(), month: 5, revision: 0, days: Vec::new() };
    assert!(matches!(save(&site, 1, refused), Err(StoreError::Refused { .. })));
}

#[test]
fn a_running_outage_has_no_end() {
    let site = site();
    let at = site.at(11 * DAY_MS + 30_000);
    let rows: Vec<LedgerRow> = site.edit(0, 0).rows;
    let period = Period::containing_instant(PeriodKind::Month, site.zone, at);
    let example = include_str!("../../../../config/catalogue.example.toml");
    let catalogue =
        crate::config::catalogue::parse("x", example, 1, &crate::config::profile::bangka_2025()).expect("a catalogue");
    let (rulebook, service) = (Rulebook::of_catalogue(site.zone, &catalogue), &catalogue.services[0].id);
    let judged = |now| evaluate(&rulebook, service, period, Some(site.start), &rows, now).outages;
    let running = judged(at);
    assert_eq!((running.len(), running[0].to, running[0].counted_s), (1, None, 30));
    assert_eq!(judged(at.plus_secs(3600))[0].to, Some(site.at(11 * DAY_MS + 120_000)));
}
