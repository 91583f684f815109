//! Scenarios of freshness; the golden cases say more.

mod twin;

use super::exposure::{over, retroactive};
use super::heartbeat::{AlarmKind, Ping, Signal, Tolerances, evaluate};
use super::plausibility::{is_suspicious, median};
use super::*;
use proptest::prelude::*;

const fn s(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn policy(rpo: u32, operator: Operator) -> Policy {
    Policy { rpo_seconds: Some(rpo), operator, ..Policy::default() }
}

#[test]
fn the_bound_is_strict_or_not_and_warns_at_four_fifths() {
    for (age, below, at_most) in [
        (0, BackupState::Segar, BackupState::Segar),
        (79, BackupState::Segar, BackupState::Segar),
        (80, BackupState::Peringatan, BackupState::Peringatan),
        (99, BackupState::Peringatan, BackupState::Peringatan),
        (100, BackupState::Langgar, BackupState::Peringatan),
        (101, BackupState::Langgar, BackupState::Langgar),
    ] {
        assert_eq!(policy(100, Operator::Below).state(Some(s(0)), s(age)), below, "{age}");
        assert_eq!(policy(100, Operator::AtMost).state(Some(s(0)), s(age)), at_most, "{age}");
    }
    let unset = Policy { required: true, ..Policy::default() };
    assert_eq!(unset.state(None, s(0)), BackupState::TanpaCadangan);
    assert_eq!(unset.state(Some(s(0)), s(0)), BackupState::BelumDitetapkan);
    assert_eq!(Policy::default().state(Some(s(0)), s(0)), BackupState::Informasi);
}

#[test]
fn only_whole_backups_of_the_past_are_usable() {
    let good = Backup { size_bytes: Some(10), ..Backup::complete(s(1000), s(1100)) };
    let at_least = Policy { size_bytes_min: 10, ..Policy::default() };
    for (name, backup, at, usable) in [
        ("good", good.clone(), 1100, true),
        ("not ended", good.clone(), 1099, false),
        ("failed", Backup { status: BackupStatus::Failed, ..good.clone() }, 1100, false),
        ("partial", Backup { status: BackupStatus::Partial, ..good.clone() }, 1100, false),
        ("empty", Backup { size_bytes: Some(0), ..good.clone() }, 1100, false),
        ("small", Backup { size_bytes: Some(9), ..good.clone() }, 1100, false),
        ("from the future", Backup { data_time: s(1401), ..good.clone() }, 2000, false),
        ("deleted", Backup { deleted_at: Some(s(1200)), ..good.clone() }, 1200, false),
        ("not yet deleted", Backup { deleted_at: Some(s(1200)), ..good.clone() }, 1199, true),
        ("builds upon nothing", Backup { references: vec![7], ..good.clone() }, 1100, false),
        ("builds upon itself", Backup { references: vec![0], ..good.clone() }, 1100, false),
    ] {
        assert_eq!(newest_usable(&[backup], &at_least, s(at)).is_some(), usable, "{name}");
    }
    let older = Backup { data_time: s(500), end: s(1200), ..good.clone() };
    assert_eq!(newest_usable(&[good.clone(), older], &at_least, s(1300)), Some(&good));
}

#[test]
fn an_increment_is_as_good_as_all_it_builds_upon() {
    let full = Backup { deleted_at: Some(s(500)), ..Backup::complete(s(0), s(10)) };
    let first = Backup { references: vec![0], ..Backup::complete(s(100), s(110)) };
    let second = Backup { references: vec![1], ..Backup::complete(s(200), s(210)) };
    let chain = [full, first, second];
    let data = |at| newest_usable(&chain, &Policy::default(), s(at)).map(|b| b.data_time);
    assert_eq!([data(300), data(499), data(500)], [Some(s(200)), Some(s(200)), None]);
}

#[test]
fn a_verification_counts_from_its_moment() {
    let verified = Backup { verified_at: Some(s(50)), ..Backup::complete(s(0), s(10)) };
    let strict = Policy { verified_only: true, ..Policy::default() };
    let usable = |at| newest_usable(std::slice::from_ref(&verified), &strict, s(at)).is_some();
    assert_eq!([usable(49), usable(50)], [false, true]);
}

#[test]
fn a_late_record_explains_the_alarm_and_does_not_take_it_back() {
    let known = [Backup::complete(s(0), s(10))];
    let told = retroactive(
        &known,
        Backup::complete(s(80), s(120)),
        &policy(100, Operator::Below),
        Interval::new(s(50), s(200)),
    );
    assert_eq!((told.before.breach_s, told.after.breach_s), (100, 20 + 20));
    assert_eq!(told.explained, [Interval::new(s(100), s(200))]);
}

fn tolerances() -> Tolerances {
    Tolerances { early_s: 5, start_grace_s: 10, runtime_s_max: 60, runtime_s_min: None, known_duration_s: None }
}

/// `start@100:r1 success@140:r1` against slots, judged at `now`: alarms as `kind@second`.
#[track_caller]
fn check(tolerances: &Tolerances, slots: &[i64], signals: &str, now: i64, expected: &str) {
    let ping = |word: &str| {
        let (signal, rest) = word.split_once('@').expect("signal@second");
        let (at, run) = rest.split_once(':').map_or((rest, None), |(at, run)| (at, Some(run.to_owned())));
        let signal = match signal {
            "start" => Signal::Start,
            "success" => Signal::Success,
            _ => Signal::Fail,
        };
        Ping { at: s(at.parse().expect("second")), signal, run }
    };
    let pings: Vec<Ping> = signals.split_whitespace().map(ping).collect();
    let slots: Vec<Timestamp> = slots.iter().map(|at| s(*at)).collect();
    let alarms = evaluate(tolerances, &slots, &pings, s(now)).alarms;
    let alarms: Vec<String> = alarms.iter().map(|(at, kind)| format!("{}@{}", kind.code(), at.as_secs())).collect();
    assert_eq!(alarms.join(" "), expected, "{signals}");
}

#[test]
fn lateness_and_length_are_two_things() {
    let t = tolerances();
    check(&t, &[100], "", 109, "");
    check(&t, &[100], "", 110, "tidak_mulai@110");
    check(&t, &[100], "start@95", 110, "");
    check(&t, &[100], "start@94 success@99", 110, "tidak_mulai@110");
    check(&t, &[100], "start@115 success@120", 130, "tidak_mulai@110");
    check(&t, &[100], "start@100", 160, "terlalu_lama@160");
    check(&t, &[100], "start@100 success@200", 300, "terlalu_lama@160");
    check(&t, &[100], "success@150", 200, "");
    check(&t, &[100], "fail@105", 106, "gagal@105");
    check(&t, &[100, 200], "start@100:a start@200:b success@130:a success@240:b", 300, "");
    check(&t, &[100], "start@100:a success@130:b", 170, "terlalu_lama@160");
    let brisk = Tolerances { runtime_s_min: Some(5), ..t };
    check(&brisk, &[100], "start@100 success@101", 110, "terlalu_singkat@101");
    assert_eq!(AlarmKind::TooShort.code(), "terlalu_singkat");
}

#[test]
fn the_median_is_of_the_newest_seven() {
    assert_eq!(median(&[900, 1, 2, 3, 4, 5, 6, 7]), Some(4));
    assert_eq!((median(&[]), median(&[3, 9])), (None, Some(3)));
    assert!(!is_suspicious(&[], 0, 500_000));
}

proptest! {
    /// The walk over stretches against a look at every second.
    #[test]
    fn period_figures_equal_second_by_second_painting(
        backups in prop::collection::vec((0_i64..300, 0_i64..60, 0_u8..4, prop::option::of(0_i64..400)), 0..8),
        rpo in 1_u32..150, at_most: bool, from in 0_i64..200, length in 1_i64..200,
    ) {
        let backups: Vec<Backup> = backups.iter().enumerate().map(|(place, (data, took, kind, deleted))| Backup {
            status: if *kind == 0 { BackupStatus::Failed } else { BackupStatus::Ok },
            deleted_at: deleted.map(s),
            references: if *kind == 1 && place > 0 { vec![place - 1] } else { Vec::new() },
            ..Backup::complete(s(*data), s(data + took))
        }).collect();
        let policy = policy(rpo, if at_most { Operator::AtMost } else { Operator::Below });
        let (mut breach, mut without, mut runs, mut peak, mut before) = (0, 0, 0, None, false);
        for second in from..from + length {
            let data = newest_usable(&backups, &policy, s(second)).map(|b| b.data_time);
            let state = policy.state(data, s(second));
            let broken = matches!(state, BackupState::Langgar | BackupState::TanpaCadangan);
            breach += u64::from(broken);
            without += u64::from(data.is_none());
            runs += usize::from(broken && !before);
            before = broken;
            peak = peak.max(data.map(|data| exposure_s(data, s(second + 1))));
        }
        let figures = over(&backups, &policy, Interval::new(s(from), s(from + length)));
        prop_assert_eq!((figures.breach_s, figures.no_backup_s, figures.breaches.len(), figures.peak_exposure_s), (breach, without, runs, peak));
    }
}
