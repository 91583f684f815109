//! Frozen reports stay as they are; keys are replaced without losing what proves older reports.

use super::*;
use reports::{FrozenReport, ReportKey};

fn frozen(revision: u32) -> FrozenReport {
    FrozenReport {
        period: "2026-06".into(),
        revision,
        frozen_at: at(9),
        approver: "Kepala Bidang".into(),
        reason: "koreksi".into(),
        sha256: format!("{revision:02}"),
        key_id: "k".into(),
    }
}

#[test]
fn revisions_follow_each_other_and_nothing_changes_them() {
    let fixture = Fixture::new();
    for revision in [1, 2] {
        fixture.write(move |w| w.save_frozen_report(&frozen(revision), &format!("body {revision}"))).expect("keeps");
    }
    for wrong in [0, 1, 2, 4] {
        let refused = fixture.write(move |w| w.save_frozen_report(&frozen(wrong), "x"));
        assert!(matches!(refused, Err(StoreError::Refused { .. })), "{wrong}: {refused:?}");
    }
    for sql in ["UPDATE frozen_report SET body = 'x'", "DELETE FROM frozen_report WHERE revision = 1"] {
        fixture.write(move |w| w.execute("spoil", sql, ())).expect_err(sql);
    }
    let fixture = fixture.reopen();
    assert_eq!(fixture.read(|r| r.frozen_body("2026-06", None)).as_deref(), Some("body 2"));
    assert_eq!(fixture.read(|r| r.frozen_body("2026-06", Some(1))).as_deref(), Some("body 1"));
    assert_eq!(fixture.read(|r| r.frozen_body("2026-07", None)), None);
    assert_eq!(fixture.read(|r| r.frozen_revisions("2026-06")), [frozen(2), frozen(1)]);
}

#[test]
fn one_key_signs_and_retired_ones_stay_known() {
    let fixture = Fixture::new();
    let key = |name: &str, made: i64| ReportKey {
        key_id: name.into(),
        public_key: [7; 32],
        secret: Some(vec![1]),
        made_at: at(made),
        retired_at: None,
    };
    let (first, other, next) = (key("a", 1), key("b", 2), key("c", 3));
    let kept = fixture.write(move |w| w.report_key_or(first, false)).expect("keeps");
    assert_eq!(fixture.write(move |w| w.report_key_or(other, false)).expect("reads"), kept, "the first one stays");
    fixture.write(move |w| w.report_key_or(next, true)).expect("replaces");
    let keys = fixture.read(|r| r.report_keys());
    let told: Vec<_> = keys.iter().map(|k| (k.key_id.as_str(), k.secret.is_some(), k.retired_at)).collect();
    assert_eq!(told, [("c", true, None), ("a", false, Some(at(3)))]);
}

#[test]
fn the_newest_note_counts_and_long_ones_are_refused() {
    let fixture = Fixture::new();
    for (second, text) in [(1, "lama"), (5, "baru"), (3, "antara")] {
        fixture
            .write(move |w| w.save_report_note("2026-06", &service("simpeg"), ("Sari", text), at(second)))
            .expect("saves");
    }
    let notes = fixture.read(|r| r.report_notes("2026-06"));
    assert_eq!(notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>(), ["baru"]);
    let long = "x".repeat(reports::NOTE_BYTES_MAX + 1);
    fixture.write(move |w| w.save_report_note("2026-06", &service("a"), ("S", &long), at(1))).expect_err("too long");
}
