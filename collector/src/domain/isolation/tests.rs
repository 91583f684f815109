//! Witnesses as lines of signs, one each five seconds: `o` success, `f` failure, `e` the probe's own fault, `.` not asked.

use super::*;
use pantau_shared::assignment::kinds::{DnsCheck, ExecCheck, UnitCheck};
use pantau_shared::assignment::{HttpCheck, TcpCheck};

const POLICY: CheckPolicy = CheckPolicy { stale_after_ms: 25_000, confirm_failures: 2 };

fn s(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn track(signs: &str) -> WitnessTrack {
    let mut track = WitnessTrack::new(POLICY);
    for (place, sign) in signs.chars().enumerate() {
        let outcome = match sign {
            'o' => CheckOutcome::Ok,
            'f' => CheckOutcome::Failed,
            'e' => CheckOutcome::ProbeError,
            _ => continue,
        };
        let at = s(5 * i64::try_from(place).expect("short"));
        track.feed(CheckResult { at, outcome }).expect("in order");
    }
    track
}

#[track_caller]
fn check(witnesses: &[&str], expected: &[(i64, i64)]) {
    let tracks: Vec<WitnessTrack> = witnesses.iter().map(|signs| track(signs)).collect();
    let told: Vec<(i64, i64)> = isolated(&tracks).iter().map(|i| (i.from.as_ms(), i.to.as_ms())).collect();
    let expected: Vec<(i64, i64)> = expected.iter().map(|(from, to)| (from * 1000 + 1, to * 1000)).collect();
    assert_eq!(told, expected, "{witnesses:?}");
}

#[test]
fn from_after_the_last_success_of_any_to_the_first_one_that_follows() {
    check(&["o....fffffffo", "..o....ffffff..o"], &[(10, 60)]);
    check(&["ooooo", "ooooo"], &[]);
    // One failure is not confirmed.
    check(&["oofo", "oofo"], &[]);
    // One witness alone.
    check(&["offo"], &[(0, 15)]);
    check(&[], &[]);
}

#[test]
fn one_that_answers_or_does_not_testify_excuses_nothing() {
    check(&["offffffo", "oooooooo"], &[]);
    check(&["offffffo", "oeeeeeeo"], &[]);
    check(&["offffffo", ""], &[]);
    // The first was out of order for long; the second one's failure is what isolates.
    check(&["offfffffffffffff", "oooooooooofffo"], &[(45, 65)]);
    // They fail one after the other, never at once.
    check(&["offo.....", "....offo."], &[]);
}

#[test]
fn it_goes_on_until_the_newest_answer_no_longer_holds() {
    check(&["off"], &[(0, 35)]);
    check(&["offfff", "off.f."], &[(0, 45)]);
    // The probe's own fault between failures does not end it.
    check(&["offeff"], &[(0, 50)]);
    // Silence does, and over a silence nothing reaches back: the first failure begins it.
    let told = isolated(&[track("o............ff")]);
    assert_eq!(told.as_slice(), [Interval::new(s(65), s(95))]);
}

#[test]
fn an_asking_that_overlaps_is_a_fault_of_the_probe() {
    let isolated: IntervalSet = [Interval::new(s(10), s(60))].into_iter().collect();
    let seen = |asked_ms, at, outcome| apply(&isolated, asked_ms, CheckResult { at: s(at), outcome }).outcome;
    let (failed, fault) = (CheckOutcome::Failed, CheckOutcome::ProbeError);
    for (asked_ms, at, expected) in
        [(0, 9, failed), (0, 10, fault), (5_000, 12, fault), (0, 59, fault), (0, 60, failed), (5_000, 64, fault)]
    {
        assert_eq!(seen(asked_ms, at, failed), expected, "{asked_ms} {at}");
    }
    assert_eq!(seen(5_000, 66, failed), failed);
    assert_eq!(seen(0, 30, CheckOutcome::Ok), CheckOutcome::Ok, "what answers is there");
    assert_eq!(seen(0, 30, CheckOutcome::Degraded), CheckOutcome::Degraded);
}

#[test]
fn what_differs_first_is_found() {
    let set = |list: &[(i64, i64)]| -> IntervalSet { list.iter().map(|(a, b)| Interval::new(s(*a), s(*b))).collect() };
    assert_eq!(differ_from(&set(&[(1, 5)]), &set(&[(1, 5)])), None);
    assert_eq!(differ_from(&set(&[(1, 5)]), &set(&[(1, 7)])), Some(s(5)));
    assert_eq!(differ_from(&set(&[(1, 5), (8, 9)]), &set(&[(0, 5)])), Some(s(0)));
}

#[test]
fn an_older_answer_is_refused() {
    let mut track = track("oo");
    let result = CheckResult { at: s(5), outcome: CheckOutcome::Failed };
    assert!(track.feed(result).is_err(), "also one of the newest instant");
}

#[test]
fn what_stays_on_the_host_needs_no_network() {
    let http = |url: &str| CheckKind::Http(HttpCheck { url: url.into(), ..HttpCheck::default() });
    let tcp = |host: &str| CheckKind::Tcp(TcpCheck { host: host.into(), ..TcpCheck::default() });
    let dns = |server: &str| CheckKind::Dns(DnsCheck { server: server.into(), ..DnsCheck::default() });
    for kind in [http("https://simpeg.go.id/x"), http("http://u@10.0.0.1:80"), tcp("db"), dns("10.0.0.2:53")] {
        assert!(needs_network(&kind), "{kind:?}");
    }
    let local = [
        http("http://localhost:8080/"),
        http("http://[::1]:80/"),
        tcp("127.0.0.53"),
        dns("127.0.0.1:53"),
        tcp("/run/x.sock"),
        CheckKind::Unit(UnitCheck::default()),
        CheckKind::Exec(ExecCheck::default()),
    ];
    for kind in local {
        assert!(!needs_network(&kind), "{kind:?}");
    }
}
