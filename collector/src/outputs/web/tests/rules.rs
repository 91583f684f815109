//! The pages of rules: a site with an exception, a rule that is off, hosts that are watched, and a replay.

use super::{Rendered, page, site};
use crate::domain::catalogue::ThresholdMetric;
use crate::domain::phrase::Phrase;
use crate::domain::rule::Rule;
use crate::domain::rule::admission::{HeldBack, HeldCause};
use crate::domain::rule::tuning::{RuleSetting, Selector, Target, ThresholdTuning};
use crate::domain::ticket::{TicketClass, TicketKey, TicketScope};
use crate::outputs::web::page::{Reader, Section};
use crate::outputs::web::rule::{self, RuleData};
use crate::outputs::web::rules;
use crate::replay::{Line, Replay, ValuePair};
use crate::rule_list::RuleStanding;
use crate::snapshot::Snapshot;
use crate::texts::Language;
use pantau_shared::ids::HostId;
use site::NOW;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Pages with golden text.
pub(super) const GOLDEN: [&str; 2] = ["rules", "rule"];
const STORAGE: Rule = Rule::Threshold(ThresholdMetric::Storage);

fn tuned() -> Snapshot {
    let mut site = site::snapshot();
    let host = Selector { target: Target::Host(HostId::parse("db-01").expect("valid")), part: Some("/arsip".into()) };
    let catalogue = Arc::make_mut(&mut site.catalogue);
    catalogue.tuning.thresholds.push(ThresholdTuning {
        metric: ThresholdMetric::Storage,
        selector: host,
        alarm_permille: Some(985),
        clear_permille: None,
        hold_seconds: Some(3_600),
    });
    catalogue.tuning.settings.push(RuleSetting {
        ignored_units: Vec::new(),
        rule: Rule::Threshold(ThresholdMetric::Bandwidth),
        selector: Selector::everything(),
        enabled: Some(false),
        reason: Some("kecepatan <tautan> tidak terbaca".into()),
        observe_seconds: None,
        budget_per_hour: None,
    });
    site
}

fn standings(site: &Snapshot) -> Vec<RuleStanding> {
    let of = |rule: Rule| RuleStanding {
        rule,
        values: rule.values(&site.catalogue, None, ""),
        observe_seconds: if rule.is_observed() { 86_400 } else { 0 },
        budget_per_hour: site.catalogue.tuning.budget_per_hour(rule),
        off: (rule == Rule::Threshold(ThresholdMetric::Bandwidth)).then(|| "kecepatan <tautan> tidak terbaca".into()),
        exceptions: usize::from(rule == STORAGE),
        tickets: if rule == STORAGE { 7 } else { 0 },
        acted: if rule == STORAGE { 3 } else { 0 },
        false_alarms: u32::from(rule == STORAGE),
        observed: u32::from(rule == STORAGE),
        folded: if rule == Rule::AgentSilent { 240 } else { 0 },
        watched: if rule == STORAGE { (2, Some(NOW.plus_secs(9_000))) } else { (0, None) },
    };
    Rule::ALL.into_iter().map(of).collect()
}

fn line(number: Option<&str>, folded: bool) -> Line {
    Line {
        number: number.map(str::to_owned),
        key: "host:db-01:storage:/var|kapasitas".into(),
        about: "db-01 · storage:/var".into(),
        symptom: "Penyimpanan /var pada host db-01 di atas ambang.".into(),
        onset_ms: NOW.plus_secs(-90_000).as_ms(),
        opened_ms: NOW.plus_secs(-89_000).as_ms(),
        restored_ms: (!folded).then(|| NOW.plus_secs(-80_000).as_ms()),
        recurrences: 0,
        priority: 4,
        folded,
    }
}

fn replay() -> Replay {
    Replay {
        rule: "storage".into(),
        from_ms: NOW.plus_secs(-30 * 86_400).as_ms(),
        to_ms: NOW.as_ms(),
        values: vec![ValuePair { name: "alarm_persen".into(), in_force: 900, tried: Some(800) }],
        subjects: 3,
        done: 3,
        would_open: vec![line(None, false), line(None, true)],
        opened: vec![line(Some("SPBE-GGN-2026-0007"), false)],
        alarm_s: 19_000,
        budget_per_hour: Some(1),
        notes: BTreeSet::from(["replay-note-means".to_owned()]),
    }
}

/// The list, one rule with a replay, and one without anything.
pub(super) fn pages(language: Language) -> Vec<Rendered> {
    let site = tuned();
    let all = standings(&site);
    let frame = |path: &str| {
        let mut frame = page(language, Section::Tickets, "rules-title", path);
        frame.reader = frame.reader.map(|reader| Reader { role: crate::auth::Role::Admin, ..reader });
        frame
    };
    let held = HeldBack {
        key: TicketKey {
            scope: TicketScope::Host(HostId::parse("app-01").expect("valid"), "storage:/".into()),
            class: TicketClass::Capacity,
        },
        rule: STORAGE,
        cause: HeldCause::Observed,
        onset_at: NOW.plus_secs(-5_000),
        noted_at: NOW.plus_secs(-4_400),
        ended_at: None,
        occurrences: 1,
        symptom: Phrase::new("symptom-threshold-storage")
            .with("host", "app-01")
            .with("part", "/")
            .with("percent", 93)
            .with("since_at", NOW.plus_secs(-5_000)),
    };
    let (found, asked) = (replay(), BTreeMap::from([("alarm_persen".to_owned(), "80".to_owned())]));
    let nothing = BTreeMap::new();
    let one = RuleData {
        standing: &all[STORAGE.place()],
        held: &[held],
        asked: &asked,
        replay: Some(&found),
        refused: None,
        begun: false,
    };
    let bare = RuleData {
        standing: &all[Rule::Budget.place()],
        held: &[],
        asked: &nothing,
        replay: None,
        refused: None,
        begun: false,
    };
    vec![
        ("rules", rules::render(frame("/rules"), &all)),
        ("rule", rule::render(frame("/rules/storage"), &site, &one)),
        ("rule-bare", rule::render(frame("/rules/anggaran"), &site, &bare)),
    ]
}
