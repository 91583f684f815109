//! Golden cases: inputs and exact expected figures in JSON, run against the pure rules.
//!
//! ```text
//! cargo test -p pantau-tests --test golden -- --nocapture          # the cases of this repository
//! cargo test -p pantau-tests --test golden -- A13 A24              # some of them
//! PANTAU_GOLDEN_DIR=/some/folder cargo test -p pantau-tests --test golden -- --nocapture
//! ```
//!
//! Prints `ok A01 title` or `FAILED A01 key: expected …, got …` per case, the kinds without a runner, then
//! `N passed, N failed, N skipped`. Fails when a case fails, when a file can not be read, or when no case ran at all.
//!
//! Every key in a case's `expect` is compared, every key in `expect_all` too, where a result may have no further key
//! that is not 0. Numbers exactly, instants as instants. A key in `given` or `policy` that a runner does not know fails
//! the case: a rule that is silently ignored proves nothing.
//!
//! Another kind of case is one function and one line in [`RUNNERS`].
#![expect(clippy::print_stdout, reason = "the lines are this program's result")]

mod availability;
mod backup_tools;
mod backups;
mod calendars;
mod case;
mod compare;
mod delivery;
mod ticket_flow;
mod ticket_life;
mod tickets;
mod working_time;

use case::{Case, GoldenFile};
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Computes what a case's `expect` is compared with, or says why the case can not be run.
type Runner = fn(&GoldenFile, &Case) -> anyhow::Result<Value>;

/// Every kind of case that is run, by engine and kind.
const RUNNERS: &[(&str, &str, Runner)] = &[
    ("availability", "burn", availability::burn),
    ("availability", "checks", availability::checks),
    ("availability", "clock", availability::clock),
    ("availability", "composite", availability::composite),
    ("availability", "late", availability::late),
    ("availability", "timeline", availability::timeline),
    ("backups", "drill", backups::drill),
    ("backups", "drill_validity", backups::drill_validity),
    ("backups", "heartbeat", backups::heartbeat),
    ("backups", "lint", backups::lint),
    ("backups", "parse", backup_tools::parse),
    ("backups", "period", backups::period),
    ("backups", "posisi_kemarin", backups::posisi_kemarin),
    ("backups", "retroactive", backups::retroactive),
    ("backups", "service", backups::service),
    ("backups", "state", backups::state),
    ("backups", "suspicious", backups::suspicious),
    ("backups", "wal", backups::wal),
    ("tickets", "auto_ticket_end", ticket_life::auto_ticket_end),
    ("tickets", "escalation", ticket_life::escalation),
    ("tickets", "first_response", ticket_life::first_response),
    ("tickets", "form_order", ticket_life::form_order),
    ("tickets", "metrics", ticket_life::metrics),
    ("tickets", "outbox", delivery::outbox),
    ("tickets", "priority_change", tickets::priority_change),
    ("tickets", "priority_matrix", tickets::priority_matrix),
    ("tickets", "recurring", ticket_life::recurring),
    ("tickets", "resolution_targets", tickets::resolution_targets),
    ("tickets", "response_targets", tickets::response_targets),
    ("tickets", "sla", tickets::sla),
    ("tickets", "tabel12", ticket_life::tabel12),
    ("tickets", "tickets", ticket_flow::tickets),
    ("tickets", "work_add", working_time::add),
    ("tickets", "work_between", working_time::between),
];

#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
    /// Kind → cases, of kinds without a runner.
    skipped: BTreeMap<String, u32>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|a| a == "--list") {
        // What a test runner that starts each test by itself asks first.
        if !arguments.iter().any(|a| a == "--ignored") {
            println!("golden: test");
        }
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|a| !a.starts_with('-') && !"golden".contains(a)).collect();
    let folder = golden_folder();
    let tally = run_folder(&folder, &filters);
    for (kind, cases) in &tally.skipped {
        println!("skipped kind {kind}: no runner, {cases} cases");
    }
    let skipped: u32 = tally.skipped.values().sum();
    println!("{} passed, {} failed, {skipped} skipped", tally.passed, tally.failed);
    let nothing_ran = tally.passed + tally.failed == 0 && filters.is_empty();
    if nothing_ran {
        println!("no case ran: nothing in {} has a runner", folder.display());
    }
    if tally.failed > 0 || nothing_ran { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The folder asked for, else this repository's. A relative path is meant from where the command was given, which is
/// the workspace and not this package, where cargo starts its tests.
fn golden_folder() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(asked) = std::env::var_os("PANTAU_GOLDEN_DIR").map(PathBuf::from) else { return package.join("golden") };
    let from_workspace = package.parent().unwrap_or(package).join(&asked);
    if asked.is_relative() && from_workspace.is_dir() { from_workspace } else { asked }
}

fn run_folder(folder: &Path, filters: &[&str]) -> Tally {
    let mut tally = Tally::default();
    let mut paths: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(Result::ok).map(|entry| entry.path()).collect(),
        Err(error) => {
            println!("FAILED {}: {error}", folder.display());
            tally.failed += 1;
            return tally;
        }
    };
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort();
    for path in paths {
        match GoldenFile::read(&path) {
            Ok(file) => run_file(&file, filters, &mut tally),
            Err(error) => {
                println!("FAILED {}: {error:#}", path.display());
                tally.failed += 1;
            }
        }
    }
    tally
}

fn run_file(file: &GoldenFile, filters: &[&str], tally: &mut Tally) {
    for case in &file.cases {
        if !filters.is_empty() && !filters.contains(&case.id.as_str()) {
            continue;
        }
        let runner = RUNNERS.iter().find(|(engine, kind, _)| *engine == file.engine && *kind == case.kind);
        let Some((_, _, runner)) = runner else {
            *tally.skipped.entry(format!("{}/{}", file.engine, case.kind)).or_default() += 1;
            continue;
        };
        let differences = run_case(*runner, file, case);
        if differences.is_empty() {
            tally.passed += 1;
            println!("ok {} {}", case.id, case.title);
        } else {
            tally.failed += 1;
            println!("FAILED {} {}", case.id, differences.join("; "));
        }
    }
}

/// Runs one case; returns what differs.
fn run_case(runner: Runner, file: &GoldenFile, case: &Case) -> Vec<String> {
    let got = match catch_unwind(AssertUnwindSafe(|| runner(file, case))) {
        Ok(Ok(got)) => got,
        Ok(Err(error)) => return vec![format!("could not be run: {error:#}")],
        Err(_) => return vec!["could not be run: panicked".to_owned()],
    };
    let mut differences = compare::given_keys(&case.expect, &got);
    if let Some(all) = &case.expect_all {
        for difference in compare::all_keys(all, &got) {
            if !differences.contains(&difference) {
                differences.push(difference);
            }
        }
    }
    differences
}
