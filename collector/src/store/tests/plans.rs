//! The questions asked often go through an index: none reads a whole table.

use super::*;
use crate::store::{facts, hosts, ledger, ledger_days, retention, samples};
use rusqlite::types::Value;

fn plan(fixture: &Fixture, sql: &str, values: usize) -> Vec<String> {
    let values = vec![Value::Null; values];
    fixture.read(|r| {
        let params = rusqlite::params_from_iter(values);
        r.rows("explain", &format!("EXPLAIN QUERY PLAN {sql}"), params, |row| columns::column::<String>(row, 3))
    })
}

#[test]
fn hot_questions_scan_nothing_and_sort_only_few() {
    let fixture = Fixture::new();
    let open = format!("{} {}", tickets::columns(), tickets::open_condition());
    let filter = TicketFilter { states: vec![TicketState::Baru], ..TicketFilter::default() };
    let (filtered, _) = tickets::filtered(&filter, None, 10);
    let one_host = format!("{} WHERE id = ?1", hosts::HOSTS);
    let cases = [
        (one_host.as_str(), 1),
        (facts::FACTS_AFTER, 2),
        (facts::PROBES, 4),
        (facts::PROBES_BEFORE, 4),
        (facts::PROBES_OF, 5),
        (facts::BACKUPS, 2),
        (ledger::LEDGER, 3),
        (ledger::STATES_OF, 3),
        (ledger::BEGINS_OF, 1),
        (ledger_days::DAYS_OF, 3),
        (ledger_days::SHORTEN, 3),
        (outbox::DUE, 3),
        (open.as_str(), 0),
        (filtered.as_str(), 3),
    ];
    let kept_apart = samples::QUESTIONS.into_iter().chain(retention::QUESTIONS);
    for (sql, values) in cases.into_iter().chain(kept_apart) {
        for line in plan(&fixture, sql, values) {
            // The rows of a subquery that is bounded itself are no table, nor is a single row, nor a list that was asked for.
            let row = line == "SCAN CONSTANT ROW" || line == "SCAN kept_from";
            let bounded = line.contains("(subquery") || line.starts_with("SCAN asked VIRTUAL TABLE");
            let scan = line.starts_with("SCAN") && !bounded && !row;
            assert!(!scan, "{line}\nin {sql}");
        }
    }
}

#[test]
fn answers_are_read_in_the_order_of_an_index_without_sorting() {
    let fixture = Fixture::new();
    for (sql, values) in [
        (facts::FACTS_AFTER, 2),
        (facts::PROBES_BEFORE, 4),
        (facts::PROBES_OF, 5),
        (facts::BACKUPS, 2),
        (ledger::LEDGER, 3),
        (ledger::STATES_OF, 3),
        (ledger_days::DAYS_OF, 3),
    ]
    .into_iter()
    .chain(samples::QUESTIONS)
    .chain(retention::QUESTIONS)
    {
        let plan = plan(&fixture, sql, values);
        assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{plan:?}\nin {sql}");
    }
}
