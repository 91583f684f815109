//! Random histories of backups against a naive twin that looks at every second of them: sizes, kinds, deletion,
//! verification, what increments build upon, records that are told late, an archive of a log, and terms that change.
//!
//! The twin shares no line with the rules: it reads what was drawn, not backups or records. A failure names its seed:
//! `PANTAU_SEED=<seed> PANTAU_ROUNDS=1`; the long run is `PANTAU_ROUNDS=10000`.

use super::*;
use crate::domain::interval::Interval;
use crate::domain::rpo::exposure::{Held, PeriodFigures, over_held};
use crate::domain::rpo::record::{BackupRecord, backups_of};
use pantau_shared::backup::DataTimeBasis;

/// Histories of an ordinary run.
const ROUNDS: u64 = 10_000;
/// Nothing is drawn beyond it, in seconds.
const END: i64 = 120;

/// Random numbers that depend on the seed alone (splitmix64).
struct Dice(u64);

impl Dice {
    /// A number below `below`.
    fn roll(&mut self, below: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        i64::try_from((z ^ (z >> 31)) % below.unsigned_abs()).expect("small")
    }

    /// Once in `of`.
    fn once_in(&mut self, of: i64) -> bool {
        self.roll(of) == 0
    }
}

/// One backup as it was drawn; instants in seconds.
#[derive(Debug, Clone)]
struct Drawn {
    data: i64,
    end: i64,
    partial: bool,
    failed: bool,
    size: i64,
    deleted: Option<i64>,
    verified: Option<i64>,
    /// Places of what it builds upon; one beyond the list does not exist.
    builds_on: Vec<usize>,
    /// The archive of a log.
    log: bool,
    /// Not known at first.
    late: bool,
}

/// What is asked from an instant on.
#[derive(Debug, Clone, Copy)]
struct Asked {
    from: i64,
    rpo: Option<i64>,
    strict: bool,
    partial_counts: bool,
    verified_only: bool,
    size_min: i64,
    required: bool,
}

#[derive(Debug, Clone)]
struct Set {
    backups: Vec<Drawn>,
    asked: Vec<Asked>,
    watched_from: i64,
}

fn draw_backup(dice: &mut Dice, place: usize) -> Drawn {
    let data = dice.roll(100);
    let end = data + dice.roll(12);
    let log = dice.once_in(8);
    let builds = if place > 0 && !log { dice.roll(3) } else { 0 };
    let lost = dice.once_in(12);
    let older = i64::try_from(place).expect("few");
    Drawn {
        // What is archived of a log may reach beyond the archiving of its last segment.
        data: if log { end + dice.roll(9) - 4 } else { data },
        end,
        partial: dice.once_in(6),
        failed: dice.once_in(8),
        size: dice.roll(5),
        deleted: dice.once_in(3).then(|| end + 1 + dice.roll(40)),
        verified: dice.once_in(2).then(|| end + dice.roll(15)),
        builds_on: (0..builds)
            .map(|_| usize::try_from(if lost { 99 } else { dice.roll(older) }).expect("few"))
            .collect(),
        log,
        late: dice.once_in(5),
    }
}

fn draw_set(dice: &mut Dice) -> Set {
    let count = usize::try_from(dice.roll(8)).expect("few");
    let mut backups: Vec<Drawn> = Vec::new();
    for place in 0..count {
        let mut drawn = draw_backup(dice, place);
        // What a tool builds upon is older.
        drawn.builds_on.retain(|upon| backups.get(*upon).is_none_or(|older| older.data <= drawn.data));
        backups.push(drawn);
    }
    let changes = dice.roll(3);
    let mut froms: Vec<i64> = (0..changes).map(|_| dice.roll(END)).collect();
    froms.sort_unstable();
    froms.dedup();
    let asked = [-1000].into_iter().chain(froms).map(|from| Asked {
        from,
        rpo: (!dice.once_in(6)).then(|| 1 + dice.roll(40)),
        strict: dice.once_in(2),
        partial_counts: dice.once_in(2),
        verified_only: dice.once_in(3),
        size_min: 1 + dice.roll(2),
        required: !dice.once_in(5),
    });
    Set { asked: asked.collect(), watched_from: dice.roll(30), backups }
}

/// Whether the backup at `place` can be restored from at `second`, read off the rules one by one.
fn usable(set: &Set, asked: &Asked, place: usize, second: i64, late_too: bool) -> bool {
    let Some(backup) = set.backups.get(place) else { return false };
    let known = late_too || !backup.late;
    let complete = !backup.failed && (!backup.partial || asked.partial_counts);
    let there = backup.end <= second && backup.deleted.is_none_or(|gone| second < gone);
    let checked = !asked.verified_only || backup.verified.is_some_and(|at| at <= second);
    let large = backup.size > 0 && backup.size >= asked.size_min;
    let whole = backup.builds_on.iter().all(|upon| usable(set, asked, *upon, second, late_too));
    known && complete && there && checked && large && whole
}

/// The figures, second by second.
fn painted(sets: &[Set], from: i64, to: i64, late_too: bool) -> Option<PeriodFigures> {
    let (mut counted, mut breach, mut bare_s, mut peak) = (0_u64, 0_u64, 0_u64, None);
    let mut breaches: Vec<Interval> = Vec::new();
    for second in from..to {
        let (mut any, mut broken, mut bare) = (false, false, false);
        for set in sets.iter().filter(|set| set.watched_from <= second) {
            let asked = set.asked.iter().rev().find(|asked| asked.from <= second).expect("from the first on");
            if !asked.required {
                continue;
            }
            any = true;
            let places = 0..set.backups.len();
            let newest = places.filter(|place| usable(set, asked, *place, second, late_too));
            let newest = newest.map(|place| set.backups[place].data).max();
            let exposed = newest.map(|data| (second - data).max(0));
            let over = |exposed: i64| asked.rpo.is_some_and(|rpo| exposed > rpo || (asked.strict && exposed == rpo));
            broken |= exposed.is_none_or(over);
            bare |= newest.is_none();
            let reached = newest.map(|data| u64::try_from((second + 1 - data).max(0)).expect("not below"));
            peak = peak.max(reached);
        }
        counted += u64::from(any);
        breach += u64::from(broken);
        bare_s += u64::from(bare);
        match breaches.last_mut().filter(|last| broken && last.to == s(second)) {
            Some(last) => last.to = s(second + 1),
            None if broken => breaches.push(Interval::new(s(second), s(second + 1))),
            None => {}
        }
    }
    (counted > 0).then(|| PeriodFigures {
        breach_s: breach,
        no_backup_s: bare_s,
        breaches,
        peak_exposure_s: peak,
        compliance_ppm: u32::try_from((counted - breach) * 1_000_000 / counted).ok(),
    })
}

fn record(place: usize, drawn: &Drawn) -> BackupRecord {
    let name = |place: usize| format!("b{place}");
    let status = match (drawn.failed, drawn.partial) {
        (true, _) => BackupStatus::Failed,
        (false, true) => BackupStatus::Partial,
        (false, false) => BackupStatus::Ok,
    };
    BackupRecord {
        artefact: name(place),
        generation: 0,
        started_at: None,
        ended_at: Some(s(drawn.end)),
        data_time: Some(s(drawn.data)),
        basis: DataTimeBasis::Start,
        status,
        size_bytes: Some(drawn.size.unsigned_abs()),
        location: "a".into(),
        claimed: false,
        first_seen_at: s(drawn.end),
        last_seen_at: s(drawn.end),
        deleted_at: drawn.deleted.map(s),
        verified_at: drawn.verified.map(s),
        references: drawn.builds_on.iter().copied().map(name).collect(),
        gapless: drawn.log,
    }
}

/// The figures by the rules.
fn judged(sets: &[Set], from: i64, to: i64, late_too: bool) -> Option<PeriodFigures> {
    let known: Vec<Vec<Backup>> = sets
        .iter()
        .map(|set| {
            let told = set.backups.iter().enumerate().filter(|(_, drawn)| late_too || !drawn.late);
            let mut records: Vec<BackupRecord> = told.map(|(place, drawn)| record(place, drawn)).collect();
            records.sort_by_key(BackupRecord::time);
            backups_of(&records, true)
        })
        .collect();
    let mut held = Vec::new();
    for (set, backups) in sets.iter().zip(&known) {
        let ends = set.asked.iter().skip(1).map(|next| next.from).chain([1000]);
        for (asked, end) in set.asked.iter().zip(ends).filter(|(asked, _)| asked.required) {
            let policy = Policy {
                rpo_seconds: asked.rpo.map(|rpo| u32::try_from(rpo).expect("small")),
                operator: if asked.strict { Operator::Below } else { Operator::AtMost },
                partial_counts: asked.partial_counts,
                verified_only: asked.verified_only,
                size_bytes_min: asked.size_min.unsigned_abs(),
                ..Policy::default()
            };
            let during = Interval::new(s(asked.from.max(set.watched_from)), s(end.max(set.watched_from)));
            held.push(Held { backups, policy, during });
        }
    }
    over_held(&held, Interval::new(s(from), s(to)))
}

fn compare(seed: u64) {
    let dice = &mut Dice(seed);
    let sets: Vec<Set> = (0..=dice.roll(3)).map(|_| draw_set(dice)).collect();
    let from = dice.roll(40);
    let to = from + 1 + dice.roll(END - 40);
    for late_too in [false, true] {
        let (told, twin) = (judged(&sets, from, to, late_too), painted(&sets, from, to, late_too));
        assert_eq!(told, twin, "late records known: {late_too}, {from}..{to}: {sets:#?}");
    }
    // Late knowledge of backups that nothing deletes can only shorten what was in breach.
    let (before, after) = (judged(&sets, from, to, false), judged(&sets, from, to, true));
    let breach = |figures: Option<PeriodFigures>| figures.map_or(0, |figures| figures.breach_s);
    assert!(breach(after) <= breach(before), "late records made it worse: {sets:#?}");
    // Sums are additive: a period is its two parts.
    let middle = from + (to - from) / 2;
    let parts = breach(judged(&sets, from, middle, true)) + breach(judged(&sets, middle, to, true));
    assert_eq!(breach(judged(&sets, from, to, true)), parts);
}

#[test]
fn random_histories_are_judged_as_their_naive_twin_does() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (seed, rounds): (u64, u64) = (number("PANTAU_SEED", 20_260_601), number("PANTAU_ROUNDS", ROUNDS));
    println!("PANTAU_SEED={seed} PANTAU_ROUNDS={rounds}");
    for seed in seed..seed + rounds {
        let compared = std::panic::catch_unwind(|| compare(seed));
        assert!(compared.is_ok(), "the history of PANTAU_SEED={seed} differs");
    }
}
