//! Peluang peningkatan (regulation 3.6, field 6): what the facts of a period suggest. A person decides and writes the
//! rest.
//!
//! Each suggestion rests on one figure that stands in the same report. Bounds are product defaults (G46), the recurrence
//! of three is G42's. Knows neither hosts' samples nor tickets, only what was counted of them.

use crate::domain::availability::{Figures, Verdict};
use crate::domain::phrase::Phrase;
use std::collections::BTreeMap;

/// So many tickets of one category in a period are a recurring problem (G42).
const RECURRING: usize = 3;

/// How much of a component was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Which host.
    pub host: String,
    /// Message that names what was measured.
    pub metric: String,
    /// 95 of 100 means are at most so many thousandths.
    pub p95_permille: u64,
    /// From here on it is close to its threshold.
    pub close_permille: u64,
}

/// What is known of a service in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImprovementFacts<'a> {
    /// Its figures.
    pub figures: &'a Figures,
    /// Coverage asked for, in ppm.
    pub min_coverage_ppm: u32,
    /// Its components.
    pub usage: &'a [Usage],
    /// Categories of the period's tickets.
    pub categories: &'a [String],
    /// Outages for which nobody wrote a cause.
    pub outages_without_cause: usize,
}

/// Suggestions, weightiest first.
pub fn suggest(facts: &ImprovementFacts<'_>) -> Vec<Phrase> {
    let mut found = Vec::new();
    let figures = facts.figures;
    if figures.verdict == Verdict::NotMet {
        let phrase = Phrase::new("opportunity-target-missed");
        found.push(phrase.with("outages", figures.outages).with("longest", figures.longest_outage_s));
    }
    if figures.target_ppm.is_none() {
        found.push(Phrase::new("opportunity-no-target"));
    }
    let mut categories: BTreeMap<&str, usize> = BTreeMap::new();
    facts.categories.iter().for_each(|category| *categories.entry(category).or_default() += 1);
    for (category, count) in categories.into_iter().filter(|(_, count)| *count >= RECURRING) {
        found.push(Phrase::new("opportunity-recurring").with("category", category).with("count", count));
    }
    if facts.outages_without_cause > 0 {
        found.push(Phrase::new("opportunity-causes-missing").with("count", facts.outages_without_cause));
    }
    for usage in facts.usage.iter().filter(|usage| usage.p95_permille >= usage.close_permille) {
        let phrase = Phrase::new("opportunity-capacity").with("host", &usage.host).with("metric", &usage.metric);
        found.push(phrase.with("percent", usage.p95_permille / 10));
    }
    if figures.coverage_ppm.is_some_and(|coverage| coverage < facts.min_coverage_ppm) {
        found.push(Phrase::new("opportunity-coverage").with("unknown", figures.counts.unknown_s));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::availability::{Input, Policy, Terms, evaluate};
    use crate::domain::calendar::{Calendar, DEFAULT_ZONE};
    use crate::domain::interval::Interval;
    use crate::domain::state::{State, Timeline};
    use pantau_shared::timestamp::Timestamp;

    fn judged(down_s: i64, target_ppm: Option<u32>) -> Figures {
        let at = Timestamp::from_secs;
        let calendar = Calendar::always(DEFAULT_ZONE);
        let states =
            Timeline::from_changes([(at(0), State::Down), (at(down_s), State::Up), (at(9_000), State::Unknown)]);
        evaluate(&Input {
            period: Interval::new(at(0), at(10_000)),
            as_of: None,
            effective: Interval::ALL,
            terms: &[Terms {
                valid_from: Interval::ALL.from,
                calendar: &calendar,
                target_ppm,
                policy: &Policy::default(),
            }],
            states: &states,
            maintenance: &[],
            component_maintenance: None,
            corrections: &[],
        })
        .figures
    }

    #[test]
    fn each_suggestion_rests_on_a_fact() {
        let told = |figures: &Figures, categories: &[String], p95_permille, outages_without_cause| -> Vec<String> {
            let usage =
                [Usage { host: "db".into(), metric: "metric-storage".into(), p95_permille, close_permille: 870 }];
            let min_coverage_ppm = 990_000;
            let facts =
                ImprovementFacts { figures, min_coverage_ppm, usage: &usage, categories, outages_without_cause };
            suggest(&facts).into_iter().map(|phrase| phrase.id).collect()
        };
        let twice = vec!["jaringan".to_owned(); 2];
        let thrice = vec!["jaringan".to_owned(); 3];
        let missed = judged(5_000, Some(999_000));
        assert_eq!(
            told(&missed, &thrice, 870, 1),
            [
                "opportunity-target-missed",
                "opportunity-recurring",
                "opportunity-causes-missing",
                "opportunity-capacity",
                "opportunity-coverage"
            ]
        );
        assert_eq!(told(&judged(0, None), &twice, 869, 0), ["opportunity-no-target", "opportunity-coverage"]);
    }
}
