//! Groups of alerts by scripts of messages: what fires after each of them, however late or often it comes.

use super::*;

fn alert(starts: i64, ends: Option<i64>) -> Alert {
    Alert {
        starts_at: Timestamp::from_secs(starts),
        ends_at: ends.map(Timestamp::from_secs),
        name: "DiskFull".into(),
        summary: String::new(),
        instance: String::new(),
        services: BTreeSet::new(),
        host: None,
        impact: Impact::Minor,
    }
}

/// Messages as text: `10 F a@5 b@6+2` is received at 10, firing, alert `a` begun at 5, `b` at 6, two more truncated;
/// `a@5-9` ended at 9; `R` is a resolved group. The answer after each message: what fires, `+hidden`, or `good@since`.
#[track_caller]
fn check(script: &[&str], expected: &str) {
    let mut group: Option<AlertGroup> = None;
    let mut told = Vec::new();
    for line in script {
        let mut words = line.split_whitespace();
        let at: i64 = words.next().and_then(|word| word.parse().ok()).expect("a time");
        let resolved = words.next() == Some("R");
        let (mut alerts, mut truncated) = (Vec::new(), 0);
        for word in words {
            if let Some(more) = word.strip_prefix('+') {
                truncated = more.parse().expect("a number");
                continue;
            }
            let (name, span) = word.split_once('@').expect("an alert");
            let (from, to) = span.split_once('-').map_or((span, None), |(from, to)| (from, Some(to)));
            let parse = |text: &str| text.parse().expect("a time");
            alerts.push((name.to_owned(), alert(parse(from), to.map(parse))));
        }
        let notification = Notification {
            digest: "0".repeat(16),
            title: "g".into(),
            class: TicketClass::Function,
            resolved,
            alerts,
            truncated,
            received_at: Timestamp::from_secs(at),
        };
        let known = group.get_or_insert_with(|| AlertGroup::new(&notification));
        known.take(&notification);
        let again = known.clone();
        assert!(!known.take(&notification), "a repetition changes nothing: {line}");
        assert_eq!(*known, again, "{line}");
        let names: Vec<&str> =
            known.alerts.iter().filter(|(_, a)| a.ends_at.is_none()).map(|(name, _)| name.as_str()).collect();
        told.push(match known.good_since {
            Some(since) => format!("good@{}", since.as_secs()),
            None if known.hidden > 0 => format!("{}+{}", names.join(","), known.hidden),
            None => names.join(","),
        });
    }
    assert_eq!(told.join(" "), expected, "{script:?}");
}

#[test]
fn firing_and_resolved_and_back() {
    check(&["10 F a@5", "20 R a@5-15"], "a good@15");
    check(&["10 F a@5", "20 F a@5 b@18", "30 F a@5-25 b@18", "40 R b@18-35"], "a a,b b good@35");
    check(&["10 F a@5", "20 R a@5-15", "30 F a@28"], "a good@15 a");
}

#[test]
fn late_messages_change_nothing() {
    check(&["20 R a@5-15", "21 F a@5"], "good@20 a"); // What nobody told us began cannot be known to be over.
    check(&["10 F a@5", "20 R a@5-15", "21 F a@5"], "a good@15 good@15");
    check(&["10 F a@5", "20 R a@5-15", "30 F a@28", "31 R a@5-15"], "a good@15 a a");
    check(&["10 F a@8", "11 F a@5", "12 R a@5-7"], "a a a");
}

#[test]
fn silence_restores_nothing_and_what_is_not_listed_fires_on() {
    check(&["10 F a@5 b@5", "20 F a@5", "9999 F a@5"], "a,b a,b a,b");
    check(&["10 F a@5 b@5", "20 R a@5-15"], "a,b good@15");
    check(&["10 F a@5", "20 R"], "a a"); // A resolved group without a single end tells nothing.
}

#[test]
fn truncated_alerts_hold_the_group() {
    check(&["10 F a@5 +3", "20 F a@5-15 b@6 +2", "30 R a@5-15 b@6-28 +2"], "a+3 b+2 good@28");
    check(&["10 F a@5 +3", "20 F a@5", "30 R a@5-25"], "a+3 a good@25");
}

#[test]
fn a_group_holds_a_bounded_number_of_alerts_and_still_says_how_many() {
    let many: Vec<(String, Alert)> = (0..ALERTS_MAX + 20).map(|n| (format!("{n:04}"), alert(5, None))).collect();
    let notification = Notification {
        digest: "0".repeat(16),
        title: "g".into(),
        class: TicketClass::Function,
        resolved: false,
        alerts: many,
        truncated: 7,
        received_at: Timestamp::from_secs(9),
    };
    let mut group = AlertGroup::new(&notification);
    assert!(group.take(&notification));
    assert_eq!((group.alerts.len(), group.hidden), (ALERTS_MAX, 27));
    assert_eq!(group.firing_count(), ALERTS_MAX + 27);
    assert!(!group.is_past(Timestamp::from_secs(9_999_999)));
}
