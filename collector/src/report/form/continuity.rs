//! Continuity in words: RPO and RTO that changed in the period, late records of backups, corrections that wait.

use super::{Section, Table, at, percent};
use crate::report::document::{ContinuityChangeRow, PendingRow, RpoMonthRow, RpoRow, ServiceReport};
use crate::texts::Texts;

/// One sentence per change: from when, by which revision, from what to what.
pub(super) fn changes(texts: Texts, service: &ServiceReport) -> Vec<String> {
    let sentence = |row: &ContinuityChangeRow| {
        let set = row.set.as_ref().map(|id| {
            let named = service.recovery.iter().find(|row| row.set == *id);
            named.map_or_else(|| id.clone(), |row| row.name.clone())
        });
        let told = |bound: Option<u64>, operator: &str| match bound {
            Some(bound) => format!("{operator} {}", texts.duration(bound)),
            None => texts.get("rpo-unset"),
        };
        let args = [
            ("time", texts.instant(at(row.at))),
            ("revision", row.catalogue_revision.to_string()),
            ("set", set.unwrap_or_default()),
            ("before", told(row.before_s, &row.before_operator)),
            ("after", told(row.after_s, &row.after_operator)),
        ];
        let borrowed: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
        texts.text(&format!("form-continuity-{}", row.what), &borrowed)
    };
    service.continuity_changes.iter().map(sentence).collect()
}

/// A month of a set before and after, in one sentence.
pub(super) fn rpo_month(texts: Texts, row: &RpoMonthRow) -> String {
    let side = |figures: &Option<RpoRow>| match figures {
        None => texts.get("late-unwatched"),
        Some(figures) => {
            let verdict = if figures.breach_s == 0 { "late-verdict-kept" } else { "late-verdict-broken" };
            let peak = figures.peak_exposure_s.map_or_else(|| "–".to_owned(), |peak| texts.duration(peak));
            let args = [
                ("verdict", texts.get(verdict)),
                ("breach", texts.number(figures.breach_s)),
                ("counted", texts.number(figures.counted_s)),
                ("peak", peak),
            ];
            let borrowed: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
            texts.text("form-rpo-side", &borrowed)
        }
    };
    let args = [("month", row.month.clone()), ("before", side(&row.before)), ("after", side(&row.after))];
    let borrowed: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
    texts.text("form-rpo-month", &borrowed)
}

/// Corrections that nobody has decided; none when nothing waits.
pub(super) fn pending(texts: Texts, service: &ServiceReport) -> Option<Section> {
    if service.pending_corrections.is_empty() {
        return None;
    }
    let columns = [
        ("form-number", true),
        ("form-begin", false),
        ("form-end", false),
        ("form-effect", false),
        ("register-proposed", false),
        ("form-if-approved", false),
    ];
    let mut table = Table::new(texts, &columns, "form-none");
    table.rows = service.pending_corrections.iter().map(|row| pending_row(texts, row)).collect();
    let count = service.pending_corrections.len();
    let title = texts.text("form-pending", &[("count", &count.to_string())]);
    Some(Section { title, tables: vec![table], lines: vec![texts.get("form-pending-note")], ..Section::default() })
}

fn pending_row(texts: Texts, row: &PendingRow) -> Vec<String> {
    let time = |seconds: Option<i64>| seconds.map_or_else(|| "–".to_owned(), |seconds| texts.instant(at(seconds)));
    let by = row.proposed_by.clone().unwrap_or_else(|| texts.get("actor-system"));
    vec![
        row.number.to_string(),
        time(row.from),
        time(row.to),
        claim(texts, row),
        format!("{by} · {}", texts.instant(at(row.proposed_at))),
        effect(texts, row),
    ]
}

/// What a proposal says.
pub(crate) fn claim(texts: Texts, row: &PendingRow) -> String {
    match (row.claim.as_str(), &row.set) {
        ("backups", Some(set)) => texts.text("claim-backups", &[("set", set)]),
        ("withdraw", _) => texts.get("form-withdrawal"),
        ("excluded", _) => texts.get("claim-excluded"),
        (state, _) => texts.get(&format!("state-{state}")),
    }
}

/// What an approval would make of the period.
pub(crate) fn effect(texts: Texts, row: &PendingRow) -> String {
    if let Some(rpo) = &row.rpo {
        return rpo_month(texts, rpo);
    }
    let Some(seconds) = &row.seconds else { return "–".to_owned() };
    let (before, after) = (&seconds.before, &seconds.after);
    let args = [
        ("before", percent(texts, before.availability_ppm)),
        ("after", percent(texts, after.availability_ppm)),
        ("down_before", texts.number(before.down_s)),
        ("down_after", texts.number(after.down_s)),
    ];
    let borrowed: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
    texts.text("form-pending-effect", &borrowed)
}
