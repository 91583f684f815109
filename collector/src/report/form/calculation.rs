//! The appendix of a service: every interval with what it counts as, and the figures as sums and quotients, so that a
//! reader gets the same with a pocket calculator.

use super::{Section, Table, at, percent, target};
use crate::domain::calendar::zone::local_date;
use crate::report::document::{ServiceReport, TileRow};
use crate::texts::Texts;

/// Sums of more addends are left to the table's columns.
const ADDENDS_MAX: usize = 40;

pub(super) fn section(texts: Texts, service: &ServiceReport) -> Section {
    let columns = [
        ("form-begin", false),
        ("form-end", false),
        ("form-observed", false),
        ("form-counts-as", false),
        ("form-why", false),
        ("form-outage", true),
        ("form-seconds", true),
    ];
    let mut table = Table::new(texts, &columns, "form-no-tiles");
    table.rows = service.tiles.iter().map(|tile| cells(texts, tile)).collect();
    Section {
        title: texts.text("form-calculation", &[("service", &service.name)]),
        tables: vec![table],
        lines: sums(texts, service),
        ..Section::default()
    }
}

fn class(texts: Texts, code: &str) -> String {
    match code {
        "excluded" | "outside" => texts.get(&format!("class-{code}")),
        state => texts.get(&format!("state-{state}")),
    }
}

fn cells(texts: Texts, tile: &TileRow) -> Vec<String> {
    let instant = |seconds: i64| {
        format!("{} {}", texts.date(local_date(texts.zone(), at(seconds))), texts.clock_seconds(at(seconds)))
    };
    vec![
        instant(tile.from),
        instant(tile.to),
        texts.get(&format!("state-{}", tile.observed)),
        class(texts, &tile.counts_as),
        texts.get(&format!("reason-{}", tile.reason.replace('_', "-"))),
        tile.outage.map(|number| number.to_string()).unwrap_or_default(),
        texts.number(tile.seconds),
    ]
}

/// `U`, `D`, `K`, `E` as sums of the intervals, then the quotients.
fn sums(texts: Texts, service: &ServiceReport) -> Vec<String> {
    let figures = &service.figures;
    let degraded_down = |tile: &TileRow| {
        let terms = tile.terms.and_then(|place| service.terms.get(usize::try_from(place).ok()?));
        terms.is_some_and(|terms| terms.policy.degraded == "down")
    };
    let is_up = |tile: &&TileRow| tile.counts_as == "up" || (tile.counts_as == "degraded" && !degraded_down(tile));
    let is_down = |tile: &&TileRow| tile.counts_as == "down" || (tile.counts_as == "degraded" && degraded_down(tile));
    let is = |code: &'static str| move |tile: &&TileRow| tile.counts_as == code;
    let number = |seconds: u64| texts.number(seconds);
    let (up, down, unknown) = (figures.up_s, figures.down_s, figures.unknown_s);
    let mut lines = vec![
        sum(texts, "U", "figure-up", service.tiles.iter().filter(is_up), up),
        sum(texts, "D", "figure-down", service.tiles.iter().filter(is_down), down),
        sum(texts, "K", "figure-unknown", service.tiles.iter().filter(is("unknown")), unknown),
        sum(texts, "E", "figure-excluded", service.tiles.iter().filter(is("excluded")), figures.excluded_s),
    ];
    let known = up + down;
    let counted = known + unknown;
    let quotient = |name: &str, part: String, whole: String, ppm: Option<u32>| {
        format!("{name} = {part} ÷ {whole} = {}", percent(texts, ppm))
    };
    let bracket = |a: u64, b: u64| format!("({} + {})", number(a), number(b));
    lines.push(quotient("A = U ÷ (U + D)", number(up), bracket(up, down), figures.availability_ppm));
    lines.push(quotient("Amin = U ÷ (U + D + K)", number(up), number(counted), figures.availability_min_ppm));
    lines.push(quotient(
        "Amax = (U + K) ÷ (U + D + K)",
        bracket(up, unknown),
        number(counted),
        figures.availability_max_ppm,
    ));
    lines.push(quotient(&texts.get("form-coverage-formula"), number(known), number(counted), figures.coverage_ppm));
    if let (Some(allowed), Some(left), [only]) = (figures.budget_s, figures.budget_left_s, service.terms.as_slice()) {
        let share = target(texts, only.target_ppm.map(|ppm| 1_000_000_u32.saturating_sub(ppm)));
        let args = [
            ("share", share),
            ("counted", number(counted)),
            ("allowed", number(allowed.unsigned_abs())),
            ("down", number(down)),
            ("left", format!("{}{}", if left < 0 { "−" } else { "" }, number(left.unsigned_abs()))),
        ];
        let borrowed: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
        lines.push(texts.text("form-budget-formula", &borrowed));
    }
    lines.push(texts.get("form-floor-note"));
    lines
}

fn sum<'a>(texts: Texts, letter: &str, id: &str, tiles: impl Iterator<Item = &'a TileRow>, total: u64) -> String {
    let addends: Vec<String> = tiles.map(|tile| texts.number(tile.seconds)).collect();
    let name = texts.get(id);
    let total = texts.number(total);
    match addends.len() {
        0 | 1 => format!("{letter} ({name}) = {total}"),
        2..=ADDENDS_MAX => format!("{letter} ({name}) = {} = {total}", addends.join(" + ")),
        many => {
            let words = texts.text("form-sum-of", &[("count", &many.to_string())]);
            format!("{letter} ({name}) = {words} = {total}")
        }
    }
}
