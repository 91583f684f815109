//! Layout of values, completeness of the message files.

use super::*;
use std::collections::BTreeSet;

fn texts(language: Language) -> Texts {
    Texts::new(language, chrono_tz::Asia::Jakarta)
}

fn message_ids(files: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for file in files {
        for line in file.lines() {
            let head = line.split('=').next().unwrap_or_default().trim_end();
            let first = line.chars().next();
            if line.contains('=') && first.is_some_and(|c| c.is_ascii_alphabetic()) {
                ids.push(head.to_owned());
            }
        }
    }
    ids
}

#[test]
fn both_languages_hold_the_same_messages_once_and_sound() {
    let (id, en) = (message_ids(&INDONESIAN), message_ids(&ENGLISH));
    let (id_set, en_set): (BTreeSet<_>, BTreeSet<_>) = (id.iter().collect(), en.iter().collect());
    assert_eq!(id_set.symmetric_difference(&en_set).collect::<Vec<_>>(), Vec::<&&String>::new());
    assert_eq!((id.len(), en.len()), (id_set.len(), en_set.len()), "a message is repeated");
    for file in INDONESIAN.iter().chain(&ENGLISH) {
        assert!(FluentResource::try_new((*file).to_owned()).is_ok(), "damaged: {}", &file[..file.len().min(60)]);
    }
}

/// Identifiers given as literals to `tr`, `get`, `text`, `count`, `label` in code and templates.
fn used_ids(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for call in ["tr(\"", "get(\"", "text(\"", "count(\""] {
        for (at, _) in text.match_indices(call) {
            // `.get("x")` of a map is no text: only of texts or a page.
            let rest = &text[at + call.len()..];
            let id = rest.split('"').next().unwrap_or_default();
            let before = &text[..at];
            let ours = before.ends_with("texts.") || before.ends_with("page.") || before.ends_with("self.");
            if ours && !id.is_empty() && !id.contains([' ', '/']) {
                ids.push(id.to_owned());
            }
        }
    }
    ids
}

fn read_all(folder: &std::path::Path, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            read_all(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "html") && !path.ends_with("texts/tests.rs") {
            out.push((path.display().to_string(), std::fs::read_to_string(&path).expect("text")));
        }
    }
}

#[test]
fn every_message_that_code_and_templates_name_exists_in_both_languages() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    read_all(&root.join("src"), &mut files);
    read_all(&root.join("templates"), &mut files);
    let (id, en) = (message_ids(&INDONESIAN), message_ids(&ENGLISH));
    let mut seen = 0;
    for (path, text) in &files {
        for used in used_ids(text) {
            seen += 1;
            assert!(id.contains(&used), "{path}: `{used}` is missing in Indonesian");
            assert!(en.contains(&used), "{path}: `{used}` is missing in English");
        }
    }
    assert!(seen > 150, "the search found only {seen} uses");
}

#[test]
fn instants_are_laid_out_for_the_reader() {
    let at = Timestamp::parse_rfc3339("2026-11-24T07:05:09Z").expect("valid");
    assert_eq!(texts(Language::Id).instant(at), "24 Nov 2026 14.05 WIB");
    assert_eq!(texts(Language::En).instant(at), "24 Nov 2026, 14:05 WIB");
    assert_eq!(texts(Language::Id).instant_short(at), "24 Nov 14.05");
    assert_eq!(texts(Language::Id).clock_seconds(at), "14.05.09 WIB");
    assert_eq!(texts(Language::Id).month(at.to_utc().date_naive()), "November 2026");
}

#[test]
fn shares_are_floored_and_never_rounded_up_to_all() {
    let (id, en) = (texts(Language::Id), texts(Language::En));
    for (ppm, expected) in [(996_299, "99,62 %"), (999_999, "99,99 %"), (1_000_000, "100,00 %"), (0, "0,00 %")] {
        assert_eq!(id.percent(ppm), expected);
    }
    assert_eq!(en.percent(996_299), "99.62 %");
    for (ppm, expected) in [(999_000, "99,9 %"), (995_000, "99,5 %"), (990_000, "99 %"), (999_950, "99,995 %")] {
        assert_eq!(id.percent_exact(ppm), expected);
    }
    assert_eq!(id.permille(425), "42,5 %");
}

#[test]
fn durations_take_their_two_largest_units() {
    let (id, en) = (texts(Language::Id), texts(Language::En));
    for (seconds, indonesian, english) in [
        (0, "0 detik", "0 seconds"),
        (61, "1 menit 1 detik", "1 minute 1 second"),
        (7_500, "2 jam 5 menit", "2 hours 5 minutes"),
        (86_400, "1 hari", "1 day"),
        (2 * 86_400 + 3_599, "2 hari", "2 days"),
    ] {
        assert_eq!(id.duration(seconds), indonesian);
        assert_eq!(en.duration(seconds), english);
    }
}

#[test]
fn sizes_rates_and_numbers() {
    let id = texts(Language::Id);
    assert_eq!(id.bytes(1023), "1023 B");
    assert_eq!(id.bytes(1_610_612_736), "1,5 GiB");
    assert_eq!(id.bytes(u64::MAX), "15,9 EiB");
    assert_eq!(id.bit_rate(1_560_000), "12,4 Mbit/s");
    assert_eq!(id.number(2_140_332), "2.140.332");
    assert_eq!(texts(Language::En).number(999), "999");
    assert_eq!(id.milliseconds(184_300), "184,3 ms");
}

#[test]
fn phrases_lay_out_their_instants_and_missing_messages_show_their_name() {
    let phrase = Phrase::new("updated").with("time", "x");
    assert_eq!(texts(Language::Id).phrase(&phrase), "Diperbarui x");
    assert_eq!(texts(Language::Id).phrase(&Phrase::new("no-such-message")), "no-such-message");
    let dated = Phrase::new("updated").with("time_at", "2026-11-24T07:05:00Z");
    assert_eq!(texts(Language::En).phrase(&dated), "Updated {$time}", "an argument that is not given stays visible");
}

#[test]
fn only_canonical_numbers_choose_plurals() {
    assert!(matches!(argument("12"), FluentValue::Number(_)));
    for text in ["007", "+1", "1.5", "x", ""] {
        assert!(matches!(argument(text), FluentValue::String(_)), "{text}");
    }
}

#[test]
fn every_code_has_its_word() {
    use crate::domain::availability::Verdict;
    use crate::domain::catalogue::{ServiceClass, ServiceGroup};
    use crate::domain::profile::Impact;
    use crate::domain::state::State;
    use crate::domain::ticket::TicketState;
    use pantau_shared::probe::ProbeVerdict;
    let verdicts =
        [Verdict::InsufficientData, Verdict::Met, Verdict::NoServiceTime, Verdict::NoTarget, Verdict::NotMet];
    let probes = [
        ProbeVerdict::Unspecified,
        ProbeVerdict::Ok,
        ProbeVerdict::Degraded,
        ProbeVerdict::Failed,
        ProbeVerdict::ProbeError,
    ];
    let profile = crate::config::profile::bangka_2025();
    let kinds = [
        "opened",
        "acknowledged",
        "comment",
        "estimate",
        "escalated",
        "cause",
        "restored",
        "recurred",
        "confirmed",
        "closed",
        "cancelled",
        "updated",
    ];
    let mut ids: Vec<String> = (1..=15).map(|number| format!("form-field-{number}")).collect();
    let mut add = |list: &str, code: &str| ids.push(format!("{list}-{}", code.replace('_', "-")));
    State::ALL.iter().for_each(|state| add("state", state.name()));
    verdicts.iter().for_each(|verdict| add("verdict", verdict.code()));
    probes.iter().for_each(|verdict| add("probe", verdict.name()));
    TicketState::ALL.iter().for_each(|state| add("ticket-state", state.code()));
    ServiceClass::ALL.iter().for_each(|class| add("class", class.code()));
    ServiceGroup::ALL.iter().for_each(|group| add("group", group.code()));
    Impact::ALL.iter().for_each(|impact| add("impact", impact.code()));
    profile.categories.iter().for_each(|code| add("category", code));
    profile.reporting_methods.iter().for_each(|code| add("method", code));
    kinds.iter().for_each(|kind| add("log-kind", kind));
    ["1h", "6h", "24h", "7d"].iter().for_each(|range| add("range", range));
    let known = message_ids(&INDONESIAN);
    let missing: Vec<_> = ids.iter().filter(|id| !known.contains(id)).collect();
    assert_eq!(missing, Vec::<&String>::new());
}
