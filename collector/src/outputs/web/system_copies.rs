//! The card of the system page about the collector's own copies and the state of its file. Does not know how copies are
//! made.

use super::markup::{Badge, Tone};
use crate::own_backup::view::{Integrity, OwnBackupView};
use crate::texts::Texts;
use pantau_shared::timestamp::Timestamp;

/// Findings that are shown; the command `verify` tells all.
const FINDINGS_SHOWN: usize = 3;

/// What the card shows.
#[derive(Debug)]
pub(super) struct Copies {
    /// How it stands, in a word.
    pub(super) badge: Badge,
    /// What to do where no copy is known at all.
    pub(super) none: Option<String>,
    /// Names and values.
    pub(super) facts: Vec<(String, String)>,
}

/// The card as of `now`.
pub(super) fn card(texts: Texts, own: &OwnBackupView, now: Timestamp) -> Copies {
    let mut facts = Vec::new();
    let mut fact = |id: &str, value: String| facts.push((texts.get(id), value));
    if let Some(at) = own.last_success_at {
        let (instant, span) = (texts.instant(at), texts.between(at, now));
        let value = texts.text("system-copies-newest-value", &[("at", &instant), ("span", &span)]);
        fact("system-copies-newest", value);
    }
    if !own.copies.is_empty() {
        let bytes = own.copies.iter().map(|copy| copy.bytes).sum();
        let (count, size) = (texts.number(own.copies.len() as u64), texts.bytes(bytes));
        fact("system-copies-kept", texts.text("system-copies-kept-value", &[("count", &count), ("size", &size)]));
    }
    if own.enabled {
        fact("system-copies-folder", own.folder.display().to_string());
        fact("system-copies-next", own.next_at.map_or_else(|| texts.get("none"), |at| texts.instant(at)));
    } else {
        fact("system-copies-next", texts.get("system-copies-off"));
    }
    if let Some(failure) = &own.last_error {
        let value = format!("{}: {}", texts.instant(failure.at), failure.reason);
        fact("system-copies-failed", value);
    }
    fact("system-integrity", integrity(texts, &own.integrity));
    let unknown = own.copies.is_empty() && own.last_success_at.is_none();
    let remedy = if own.enabled { "system-copies-text" } else { "system-copies-text-off" };
    Copies { badge: badge(texts, own, now), none: unknown.then(|| texts.get(remedy)), facts }
}

fn badge(texts: Texts, own: &OwnBackupView, now: Timestamp) -> Badge {
    let (tone, id) = if matches!(own.integrity, Integrity::Damaged { .. }) {
        (Tone::Bad, "system-copies-damaged")
    } else if own.last_error.is_some() {
        (Tone::Bad, "system-copies-failing")
    } else if own.last_success_at.is_none() {
        (Tone::Unknown, "system-copies-never")
    } else if own.is_overdue(now) {
        (Tone::Warn, "system-copies-late")
    } else {
        (Tone::Good, "system-copies-good")
    };
    Badge::new(tone, texts.get(id))
}

fn integrity(texts: Texts, integrity: &Integrity) -> String {
    match integrity {
        Integrity::NotDue => texts.get("system-integrity-not-due"),
        Integrity::Checking { done, total } => {
            let percent = done.saturating_mul(100).checked_div(*total).unwrap_or(0).min(100).to_string();
            texts.text("system-integrity-checking", &[("percent", &percent)])
        }
        Integrity::Whole { at } => texts.text("system-integrity-whole", &[("at", &texts.instant(*at))]),
        Integrity::Damaged { findings } => {
            let shown: Vec<&str> = findings.iter().take(FINDINGS_SHOWN).map(String::as_str).collect();
            texts.text("system-integrity-damaged", &[("findings", &shown.join("; "))])
        }
        Integrity::Unknown { reason } => texts.text("system-integrity-unknown", &[("reason", reason)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own_backup::view::{CopyFailure, CopyView};
    use crate::texts::Language;
    use std::path::PathBuf;

    #[test]
    fn the_worst_is_what_the_badge_tells() {
        let texts = Texts::new(Language::En, chrono_tz::Asia::Jakarta);
        let now = Timestamp::from_secs(1_795_000_000);
        let copy = CopyView { path: PathBuf::from("/c/1.db"), made_at: now.plus_secs(-60), bytes: 5 << 20 };
        let good = OwnBackupView {
            enabled: true,
            folder: PathBuf::from("/c"),
            last_success_at: Some(now.plus_secs(-60)),
            copies: vec![copy],
            ..OwnBackupView::default()
        };
        let told = |own: &OwnBackupView| {
            let card = card(texts, own, now);
            (card.badge.to_string(), card.none, format!("{:?}", card.facts))
        };
        assert!(told(&good).0.contains("Recent"), "{:?}", told(&good));
        let off = told(&OwnBackupView::default()).1.expect("says what to do");
        assert!(off.contains("switched off"), "{off}");
        let soon = told(&OwnBackupView { enabled: true, ..OwnBackupView::default() }).1.expect("says what to do");
        assert!(soon.contains("by itself"), "{soon}");
        let old = OwnBackupView { next_at: Some(now.plus_secs(-3_601)), ..good.clone() };
        assert!(told(&old).0.contains("Old"), "{:?}", told(&old));
        let failure = CopyFailure { at: now, reason: "no room in `/c`".into() };
        let failing = OwnBackupView { last_error: Some(failure), ..good.clone() };
        assert!(told(&failing).0.contains("Failing") && told(&failing).2.contains("no room"));
        let integrity = Integrity::Damaged { findings: vec!["page 7: table `probe`".into()] };
        let damaged = OwnBackupView { integrity, ..failing };
        assert!(told(&damaged).0.contains("Damaged") && told(&damaged).2.contains("page 7"));
    }
}
