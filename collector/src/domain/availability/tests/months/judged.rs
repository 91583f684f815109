//! The painted month, judged second by second, and compared field by field.

use super::*;

/// What the painter found.
#[derive(Debug, Default)]
struct Judged {
    counts: Counts,
    plain: Counts,
    /// Per place of terms: counted seconds, and down ones.
    by_terms: Vec<(u64, u64)>,
    outages: Vec<Outage>,
}

impl Month {
    fn is_down(&self, painted: u8) -> bool {
        painted == code(State::Down)
            || (painted == code(State::Degraded) && self.policy.degraded == DegradedPolicy::Down)
    }

    fn count(&self, counts: &mut Counts, painted: u8, seconds: u64) {
        counts.degraded_s += if painted == code(State::Degraded) { seconds } else { 0 };
        if painted == EXCLUDED {
            counts.excluded_s += seconds;
        } else if painted == code(State::Unknown) {
            counts.unknown_s += seconds;
        } else if self.is_down(painted) {
            counts.down_s += seconds;
        } else {
            counts.up_s += seconds;
        }
    }

    /// The seconds of maintenance beyond the cap.
    fn paint_beyond(&self, open: &[u8], maintenance: &[u8], said: &[u8]) -> Vec<u8> {
        let mut beyond = vec![0; self.length];
        let (Some(cap), MaintenancePolicy::Exclude) = (self.policy.excluded_cap_s, self.policy.maintenance) else {
            return beyond;
        };
        let in_force = self.paint_one(self.rules.effective);
        let (mut month, mut used) = (0, 0);
        for seconds in self.seconds(&[open, maintenance, said, &in_force]) {
            let at = seconds.start;
            if at % 60 == 0 {
                let utc = Timestamp::from_secs(self.start + at as i64).to_utc().naive_utc();
                let now = self.zone.from_utc_datetime(&utc).month();
                if now != month {
                    (month, used) = (now, 0);
                }
            }
            if maintenance[at] == 0 || open[at] == 0 || said[at] != 0 || in_force[at] == 0 {
                continue;
            }
            for place in seconds {
                if used < cap {
                    used += 1;
                } else {
                    beyond[place] = 1;
                }
            }
        }
        beyond
    }

    /// Of the planned maintenance that which excuses: windows whole, that of components only where the service is down.
    fn excused(&self, planned: Vec<u8>, states: &[u8]) -> Vec<u8> {
        let excuses = |(planned, state): (u8, &u8)| match planned {
            COMPONENTS => u8::from(*state == code(State::Down)),
            planned => planned,
        };
        planned.into_iter().zip(states).map(excuses).collect()
    }

    fn judge(&self) -> Judged {
        let (open, states, maintenance) = (self.paint_open(), self.paint_states(), self.paint_maintenance());
        let (said, said_states) = self.paint_corrections();
        let beyond = self.paint_beyond(&open, &maintenance, &said);
        let maintenance = self.excused(maintenance, &states);
        let policy = self.policy.maintenance;
        let until = self.as_of.unwrap_or(Interval::ALL.to).min(self.period.to);
        let window = self.paint_one(Interval::new(self.period.from, until).intersection(self.rules.effective));
        let mut judged = Judged { by_terms: vec![(0, 0); self.rules.terms.len()], ..Judged::default() };
        let mut run: Option<(usize, u64)> = None;
        for seconds in self.seconds(&[&open, &states, &maintenance, &said, &said_states, &beyond, &window]) {
            let (at, length) = (seconds.start, seconds.len() as u64);
            let by_policy = match policy {
                _ if maintenance[at] == 0 => states[at],
                MaintenancePolicy::Exclude if beyond[at] == 1 => code(State::Down),
                MaintenancePolicy::Exclude => EXCLUDED,
                MaintenancePolicy::CountAsUp => code(State::Up),
                MaintenancePolicy::CountAsDown => code(State::Down),
            };
            let class = if said[at] == 0 { by_policy } else { said[at] };
            let mut counted_down = 0;
            if window[at] == 1 && open[at] > 0 {
                self.count(&mut judged.counts, class, length);
                self.count(&mut judged.plain, if said[at] == 0 { states[at] } else { said[at] }, length);
                counted_down = if self.is_down(class) { length } else { 0 };
                let of_terms = &mut judged.by_terms[usize::from(open[at]) - 1];
                of_terms.0 += if class == EXCLUDED { 0 } else { length };
                of_terms.1 += counted_down;
            }
            let forced = maintenance[at] == 1 && (beyond[at] == 1 || policy == MaintenancePolicy::CountAsDown);
            let running = match said_states[at] {
                0 => forced || self.is_down(states[at]),
                said => self.is_down(said),
            };
            if running {
                run.get_or_insert((at, 0)).1 += counted_down;
            } else if let Some((from, counted)) = run.take() {
                judged.outages.extend(self.outage(from, Some(at), counted));
            }
        }
        judged.outages.extend(run.and_then(|(from, counted)| self.outage(from, None, counted)));
        judged
    }

    fn outage(&self, from: usize, to: Option<usize>, counted_s: u64) -> Option<Outage> {
        let at = |place: usize| Timestamp::from_secs(self.start + place as i64);
        let known = |to: &Timestamp| self.as_of.is_none_or(|as_of| *to <= as_of);
        let from = at(from);
        let started_in_period = from >= self.period.from;
        (counted_s > 0).then(|| Outage { from, to: to.map(at).filter(known), counted_s, started_in_period })
    }

    /// By the words of engines A.2, with fractions kept as fractions.
    fn verdict(&self, counts: &Counts, target_ppm: Option<u32>) -> &'static str {
        let Some(target) = target_ppm else { return "target_belum_ditetapkan" };
        let (up, down, unknown) = (u128::from(counts.up_s), u128::from(counts.down_s), u128::from(counts.unknown_s));
        let (all, known) = (up + down + unknown, up + down);
        let at_least = |part: u128, whole: u128, ppm: u32| part * 1_000_000 >= whole * u128::from(ppm);
        match () {
            () if all == 0 => "tanpa_waktu_layanan",
            () if at_least(up, all, target) => "tercapai",
            () if !at_least(up + unknown, all, target) => "tidak_tercapai",
            () if known == 0 || !at_least(known, all, self.policy.min_coverage_ppm) => "data_tidak_cukup",
            () if at_least(up, known, target) => "tercapai",
            () => "tidak_tercapai",
        }
    }

    /// All figures in words; `None` where there is none.
    fn figures(&self, judged: &Judged, window: Interval) -> Vec<(&'static str, Option<i64>)> {
        let c = &judged.counts;
        let int = |value: u64| i64::try_from(value).expect("fits");
        let ppm = |part: u64, whole: u64| (whole > 0).then(|| int(part * 1_000_000 / whole));
        let counted = c.up_s + c.down_s + c.unknown_s;
        let number = int(judged.outages.len() as u64);
        let (mut allowed, mut spent) = (0_u128, 0_i64);
        for (terms, (all, down)) in self.rules.terms.iter().zip(&judged.by_terms) {
            let Some(target) = terms.target_ppm else { continue };
            allowed += u128::from(1_000_000 - target) * u128::from(*all);
            spent += int(*down);
        }
        let budget = i64::try_from(allowed / 1_000_000).expect("fits");
        let target = self.targets(window).0;
        vec![
            ("up", Some(int(c.up_s))),
            ("degraded", Some(int(c.degraded_s))),
            ("down", Some(int(c.down_s))),
            ("unknown", Some(int(c.unknown_s))),
            ("excluded", Some(int(c.excluded_s))),
            ("agreed", Some(int(counted + c.excluded_s))),
            ("availability", ppm(c.up_s, c.up_s + c.down_s)),
            ("min", ppm(c.up_s, counted)),
            ("max", ppm(c.up_s + c.unknown_s, counted)),
            ("coverage", ppm(c.up_s + c.down_s, counted)),
            ("outages", Some(number)),
            ("longest", Some(judged.outages.iter().map(|o| int(o.counted_s)).max().unwrap_or(0))),
            ("mtrs", (number > 0).then(|| int(c.down_s) / number)),
            ("mtbf", (number > 0).then(|| int(c.up_s) / number)),
            ("budget", target.map(|_| budget)),
            ("left", target.map(|_| budget - spent)),
        ]
    }

    /// The target that judges, and whether another one applied in the window.
    fn targets(&self, window: Interval) -> (Option<u32>, bool) {
        let begun = self.rules.terms.iter().rposition(|terms| terms.valid_from < window.to);
        let target = begun.and_then(|place| self.rules.terms[place].target_ppm);
        let mut changed = false;
        for place in 0..begun.unwrap_or(0) {
            let reaches_in = self.rules.terms[place + 1].valid_from > window.from;
            changed |= reaches_in && self.rules.terms[place].target_ppm != target;
        }
        (target, changed)
    }

    fn compare(&self) {
        let judged = self.judge();
        let terms = self.rules.terms();
        let states = Timeline::from_changes(self.changes.iter().copied());
        let input = self.rules.input(&terms, self.period, self.as_of, &states);
        let (got, tiles) = tiles::work_out(&input);
        let f = &got.figures;
        let int = |value: u64| Some(i64::try_from(value).expect("fits"));
        let ppm = |value: Option<u32>| value.map(i64::from);
        let told = vec![
            ("up", int(f.counts.up_s)),
            ("degraded", int(f.counts.degraded_s)),
            ("down", int(f.counts.down_s)),
            ("unknown", int(f.counts.unknown_s)),
            ("excluded", int(f.counts.excluded_s)),
            ("agreed", int(f.agreed_s)),
            ("availability", ppm(f.availability_ppm)),
            ("min", ppm(f.availability_min_ppm)),
            ("max", ppm(f.availability_max_ppm)),
            ("coverage", ppm(f.coverage_ppm)),
            ("outages", int(f.outages)),
            ("longest", int(f.longest_outage_s)),
            ("mtrs", f.mtrs_s.and_then(int)),
            ("mtbf", f.mtbf_s.and_then(int)),
            ("budget", f.budget_s),
            ("left", f.budget_left_s),
        ];
        assert_eq!(told, self.figures(&judged, got.window));
        assert_eq!(got.without_maintenance, judged.plain);
        assert_eq!(got.outages, judged.outages);
        assert_eq!((f.target_ppm, f.target_changed), self.targets(got.window));
        assert_eq!(f.verdict.code(), self.verdict(&judged.counts, f.target_ppm));
        let counted_by: Vec<tiles::TileTerms> = terms.iter().map(tiles::TileTerms::from).collect();
        assert_eq!(tiles::check(&tiles, got.window, &counted_by), Ok(()));
        assert_eq!(tiles::recount(&tiles, got.window, &counted_by).figures, *f);
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// States, windows of every status, corrections and withdrawals, calendars with several intervals, holidays and
/// overrides, zones that change their clocks, policies, caps, effective ranges, changing terms: every field is the same.
#[test]
fn random_months_equal_the_painter() {
    let (seed, rounds) = (number("PANTAU_SEED", 20_260_600), number("PANTAU_ROUNDS", ROUNDS));
    for seed in seed..seed + rounds {
        let compared = std::panic::catch_unwind(|| Month::roll(seed).compare());
        assert!(compared.is_ok(), "the month of PANTAU_SEED={seed} differs");
    }
}
